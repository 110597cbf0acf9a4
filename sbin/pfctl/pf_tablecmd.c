/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * -t TABLE -T COMMAND: one row a command.  Lists go to standard output,
 * what was done to standard error.
 *
 * With -n the kernel is asked what would happen (PFRF_DUMMY), and told
 * nothing; without a kernel only the words are judged.
 */

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pf_ctl.h"

#define ULL(x) ((unsigned long long)(x))

struct tcmd {
	int dev, opts;
	struct pfioc_table io;
	struct pfconf *pc;
	struct pf_table *list; /* addresses given */
	uint32_t age;          /* expire */
	bool hosts_only;       /* test: no networks */
};

/* What was done, and how far: really, as a question, or only judged. */
__attribute__((format(printf, 2, 3))) static void
report(const struct tcmd *c, const char *fmt, ...)
{
	va_list ap;

	if (c->opts & OPT_QUIET)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(!(c->opts & OPT_NOACTION) ? ".\n" :
		c->dev != -1            ? " (dummy).\n" :
					  " (syntax only).\n",
	    stderr);
}

static int
call(struct tcmd *c, unsigned long cmd)
{
	if (c->dev == -1)
		return (0);
	if (c->opts & OPT_NOACTION)
		c->io.flags |= PFRF_DUMMY;
	if (pf_call(c->dev, cmd, &c->io) == 0)
		return (0);
	if (errno == ESRCH)
		warnx("Table does not exist.");
	else
		warn("table %s", c->io.table.name);
	return (-1);
}

/* Another table of the name that a command gave a new one. */
static void
one_hidden(const struct tcmd *c)
{
	struct ask a = { .dev = c->dev, .opts = c->opts, .anchor = "" };
	const struct pf_ioc_table *made = &c->io.table, *t;
	struct pf_ioc_tstats *list;
	uint32_t n, i;

	if (c->opts & OPT_QUIET ||
	    get_tables(&a, PFRF_ALLRSETS, &list, &n) == -1)
		return;
	for (i = 0; i < n; i++) {
		t = &list[i].table;
		if (t->flags & PFRT_ACTIVE && strcmp(t->name, made->name) == 0)
			table_hides(made->name, made->anchor, t->anchor);
	}
	free(list);
}

/*
 * A table that a command needs.  1: it would have been created (-n), so
 * there is nothing more to ask about it.
 */
static int
create(struct tcmd *c)
{
	struct pfioc_table io = c->io;
	struct pf_ioc_table t = c->io.table;

	if (!word_bare(t.name)) {
		warnx("'%s' is no table name that pf.conf could have", t.name);
		return (-1);
	}
	if (c->dev == -1)
		return (0);
	t.flags = PFRT_PERSIST;
	io.flags = c->opts & OPT_NOACTION ? PFRF_DUMMY : 0;
	io.buf_ptr = (uintptr_t)&t;
	io.n = 1;
	if (pf_call(c->dev, DIOCRADDTABLES, &io) == -1) {
		warn("cannot create table %s", t.name);
		return (-1);
	}
	if (io.nadd != 0)
		report(c, "%u table created", io.nadd);
	if (io.nadd != 0 && !(c->opts & OPT_NOACTION))
		one_hidden(c);
	return (io.nadd != 0 && c->opts & OPT_NOACTION);
}

/* --- printing ---------------------------------------------------------- */

static void
print_taddr(const struct tcmd *c, const struct pf_ioc_taddr *a)
{
	putchar(a->neg ? '!' : ' ');
	show_host(stdout, c->opts, a->af, &a->addr);
	if (a->plen < (a->af == AF_INET ? 32 : 128))
		printf("/%u", a->plen);
}

/* -v: a letter for what happened to each address; -vv: also to the rest. */
static void
print_feedback(const struct tcmd *c)
{
	static const char letters[] = { ' ', 'M', 'A', 'D', 'C', 'Z', 'X', ' ',
		'Y', ' ' };
	const struct pf_ioc_taddr *a;
	size_t i;

	for (i = 0; c->opts & OPT_VERBOSE && i < c->list->naddrs; i++) {
		a = &c->list->addrs[i];
		if (a->fback == PFRFB_NONE && !(c->opts & OPT_VERBOSE2))
			continue;
		printf("%c ",
		    a->fback < nitems(letters) ? letters[a->fback] : '?');
		print_taddr(c, a);
		putchar('\n');
	}
}

static void
print_stats(const struct pf_ioc_tastats *s)
{
	static const struct {
		const char *name;
		int way, fate;
	} lines[] = { { "In/Block:", 0, 0 }, { "In/Pass:", 0, 1 },
		{ "Out/Block:", 1, 0 }, { "Out/Pass:", 1, 1 } };
	char buf[26];
	size_t i;

	printf("\tCleared:     %s\n", date_text(s->tzero, buf));
	if (s->addr.fback == PFRFB_NOCOUNT)
		return;
	for (i = 0; i < nitems(lines); i++)
		printf("\t%-12s [ Packets: %-18llu Bytes: %-18llu ]\n",
		    lines[i].name, ULL(s->packets[lines[i].way][lines[i].fate]),
		    ULL(s->bytes[lines[i].way][lines[i].fate]));
}

/* --- commands ---------------------------------------------------------- */

static int
cmd_add(struct tcmd *c)
{
	int rc = create(c);

	if (rc != 0)
		return (rc == 1 ? 0 : -1);
	if (call(c, DIOCRADDADDRS) == -1)
		return (-1);
	report(c, "%u/%zu addresses added", c->io.nadd, c->list->naddrs);
	print_feedback(c);
	return (0);
}

static int
cmd_delete(struct tcmd *c)
{
	if (call(c, DIOCRDELADDRS) == -1)
		return (-1);
	report(c, "%u/%zu addresses deleted", c->io.ndel, c->list->naddrs);
	print_feedback(c);
	return (0);
}

static int
cmd_replace(struct tcmd *c)
{
	int rc = create(c);

	if (rc != 0)
		return (rc == 1 ? 0 : -1);
	if (call(c, DIOCRSETADDRS) == -1)
		return (-1);
	if (c->io.nadd != 0)
		report(c, "%u addresses added", c->io.nadd);
	if (c->io.ndel != 0)
		report(c, "%u addresses deleted", c->io.ndel);
	if (c->io.nchange != 0)
		report(c, "%u addresses changed", c->io.nchange);
	if (c->io.nadd + c->io.ndel + c->io.nchange == 0)
		report(c, "no changes");
	print_feedback(c);
	return (0);
}

static int
cmd_kill(struct tcmd *c)
{
	struct pf_ioc_table t = c->io.table;

	c->io.buf_ptr = (uintptr_t)&t;
	c->io.n = 1;
	if (call(c, DIOCRDELTABLES) == -1)
		return (-1);
	if (c->io.ndel == 0 && c->dev != -1) {
		warnx("Table does not exist.");
		return (-1);
	}
	report(c, "%u table deleted", c->io.ndel);
	return (0);
}

static int
cmd_flush(struct tcmd *c)
{
	if (call(c, DIOCRCLRADDRS) == -1)
		return (-1);
	report(c, "%u addresses deleted", c->io.ndel);
	return (0);
}

/* All entries with their counters; 0 of them without a device. */
static int
entries(struct tcmd *c, struct pf_ioc_tastats **list, uint32_t *n)
{
	*list = NULL;
	*n = 0;
	if (c->dev == -1)
		return (0);
	if (get_table_addrs(c->dev, &c->io, list) == -1) {
		if (errno == ESRCH)
			warnx("Table does not exist.");
		else
			warn("table %s", c->io.table.name);
		return (-1);
	}
	*n = c->io.n;
	return (0);
}

static void
json_entry(struct json *js, const struct pf_ioc_tastats *s)
{
	json_object(js, NULL);
	json_ip(js, "address", s->addr.af, &s->addr.addr);
	json_num(js, "prefix", s->addr.plen);
	json_bool(js, "negated", s->addr.neg != 0);
	json_num(js, "cleared", s->tzero);
	json_num(js, "packets_in_block", s->packets[0][0]);
	json_num(js, "packets_in_pass", s->packets[0][1]);
	json_num(js, "packets_out_block", s->packets[1][0]);
	json_num(js, "packets_out_pass", s->packets[1][1]);
	json_num(js, "bytes_in_block", s->bytes[0][0]);
	json_num(js, "bytes_in_pass", s->bytes[0][1]);
	json_num(js, "bytes_out_block", s->bytes[1][0]);
	json_num(js, "bytes_out_pass", s->bytes[1][1]);
	json_end(js);
}

static void
json_entries(const struct tcmd *c, const struct pf_ioc_tastats *s, uint32_t n)
{
	struct json *js = json_begin(stdout);
	uint32_t i;

	json_object(js, NULL);
	json_str(js, "table", c->io.table.name);
	json_array(js, "addresses");
	for (i = 0; i < n; i++)
		json_entry(js, &s[i]);
	json_finish(js);
}

static int
cmd_show(struct tcmd *c)
{
	struct pf_ioc_tastats *s;
	uint32_t n, i;

	if (entries(c, &s, &n) == -1)
		return (-1);
	if (c->opts & OPT_JSON)
		json_entries(c, s, n);
	for (i = 0; i < n && !(c->opts & OPT_JSON); i++) {
		fputs("  ", stdout);
		print_taddr(c, &s[i].addr);
		putchar('\n');
		if (c->opts & OPT_VERBOSE)
			print_stats(&s[i]);
	}
	free(s);
	return (0);
}

/* -vv: each address asked, and what it met. */
static void
print_tests(const struct tcmd *c, const struct pf_ioc_taddr *asked)
{
	const struct pf_ioc_taddr *met = c->list->addrs;
	size_t i;

	for (i = 0; i < c->list->naddrs; i++) {
		printf("%c ", met[i].fback == PFRFB_MATCH ? 'M' : ' ');
		print_taddr(c, &asked[i]);
		putchar('\t');
		if (met[i].fback == PFRFB_NONE || met[i].plen == 0xff)
			puts("nomatch");
		else {
			print_taddr(c, &met[i]);
			putchar('\n');
		}
	}
}

static int
cmd_test(struct tcmd *c)
{
	size_t size = c->list->naddrs * sizeof(struct pf_ioc_taddr);
	struct pf_ioc_taddr *asked = palloc(c->pc, size + 1);

	if (size != 0)
		memcpy(asked, c->list->addrs, size);
	if (c->opts & OPT_VERBOSE2)
		c->io.flags |= PFRF_REPLACE;
	if (call(c, DIOCRTSTADDRS) == -1)
		return (-1);
	report(c, "%u/%zu addresses match", c->io.nadd, c->list->naddrs);
	if (c->opts & OPT_VERBOSE2 && c->dev != -1)
		print_tests(c, asked);
	else
		print_feedback(c);
	return (c->dev != -1 && c->io.nadd < c->list->naddrs ? 2 : 0);
}

static int
cmd_zero(struct tcmd *c)
{
	struct pf_ioc_table t = c->io.table;

	if (c->list->naddrs == 0) {
		c->io.buf_ptr = (uintptr_t)&t;
		c->io.n = 1;
		c->io.flags |= PFRF_ADDRSTOO;
		if (call(c, DIOCRCLRTSTATS) == -1)
			return (-1);
		report(c, "%u table/stats cleared", c->io.nadd);
		return (0);
	}
	if (call(c, DIOCRCLRASTATS) == -1)
		return (-1);
	report(c, "%u/%zu addresses cleared", c->io.nadd, c->list->naddrs);
	print_feedback(c);
	return (0);
}

/* --- commands on a choice of the entries ------------------------------- */

static bool
too_old(const struct tcmd *c, const struct pf_ioc_tastats *s)
{
	return (s->tzero + c->age <= (uint64_t)time(NULL));
}

static bool
counted(const struct tcmd *c, const struct pf_ioc_tastats *s)
{
	int i;

	(void)c;
	for (i = 0; i < 6; i++)
		if (s->packets[i / 3][i % 3] != 0)
			return (true);
	return (false);
}

/* Does cmd to those entries that choose() picks; how many there were. */
static int
do_chosen(struct tcmd *c, unsigned long cmd, uint32_t *of,
    bool (*choose)(const struct tcmd *c, const struct pf_ioc_tastats *s))
{
	struct pf_ioc_tastats *s;
	struct pf_ioc_taddr *pick;
	uint32_t i, n;
	int rc;

	if (entries(c, &s, of) == -1)
		return (-1);
	pick = c->list->addrs = palloc(c->pc, (*of + 1) * sizeof(*pick));
	for (i = n = 0; i < *of; i++)
		if (choose(c, &s[i]))
			pick[n++] = s[i].addr;
	free(s);
	c->list->naddrs = n;
	c->io.buf_ptr = (uintptr_t)pick;
	c->io.n = n;
	rc = n == 0 ? 0 : call(c, cmd);
	return (rc);
}

static int
cmd_expire(struct tcmd *c)
{
	uint32_t of;

	if (do_chosen(c, DIOCRDELADDRS, &of, too_old) == -1)
		return (-1);
	report(c, "%u/%u addresses expired", c->io.ndel, of);
	print_feedback(c);
	return (0);
}

static int
cmd_reset(struct tcmd *c)
{
	uint32_t of;

	if (do_chosen(c, DIOCRCLRASTATS, &of, counted) == -1)
		return (-1);
	report(c, "%u/%u stats cleared", c->io.nadd, of);
	print_feedback(c);
	return (0);
}

/* In the order in which a prefix finds them; args: takes addresses. */
static const struct {
	const char *name;
	int (*run)(struct tcmd *c);
	bool args;
} commands[] = { { "kill", cmd_kill, false }, { "flush", cmd_flush, false },
	{ "add", cmd_add, true }, { "delete", cmd_delete, true },
	{ "load", NULL, false }, { "replace", cmd_replace, true },
	{ "show", cmd_show, false }, { "test", cmd_test, true },
	{ "zero", cmd_zero, true }, { "expire", cmd_expire, false },
	{ "reset", cmd_reset, false } };

static int
find_command(const char *prefix)
{
	size_t i;

	for (i = 0; i < nitems(commands); i++)
		if (strncmp(commands[i].name, prefix, strlen(prefix)) == 0)
			return ((int)i);
	return (-1);
}

const char *
table_word(const char *prefix)
{
	int i = find_command(prefix);

	return (i == -1 ? NULL : commands[i].name);
}

/* --- addresses of the command line and of -f --------------------------- */

static bool
read_list(struct tcmd *c, char **args, int nargs, const char *file)
{
	int k;

	for (k = 0; k < nargs; k++)
		table_word_add(c->pc, c->list, args[k]);
	if (file != NULL)
		table_read_file(c->pc, c->list, file);
	return (conf_errors(c->pc->lex) == 0);
}

/* `expire' has an age instead of addresses. */
static bool
read_age(struct tcmd *c, char **args, int nargs)
{
	int64_t n;

	if (nargs != 1 || !pf_hexnumber(args[0], &n) || n < 0 ||
	    n > INT32_MAX) {
		warnx("-T expire takes one number of seconds");
		return (false);
	}
	c->age = (uint32_t)n;
	return (true);
}

static bool
read_words(struct tcmd *c, int i, char **args, int nargs, const char *file)
{
	if (commands[i].run == cmd_expire)
		return (read_age(c, args, nargs));
	if (!commands[i].args && (nargs > 0 || file != NULL)) {
		warnx("-T %s takes no addresses", commands[i].name);
		return (false);
	}
	c->list->hosts_only = commands[i].run == cmd_test;
	return (read_list(c, args, nargs, file));
}

int
table_command(int dev, const char *table, const char *anchor, const char *cmd,
    char **args, int nargs, const char *file, int opts)
{
	struct tcmd c = { .dev = dev, .opts = opts };
	int i = find_command(cmd), rc = 1;

	if (strlen(table) >= PF_TABLE_NAMESIZE || *table == '\0') {
		warnx("table name '%s': 1 to %d characters", table,
		    PF_TABLE_NAMESIZE - 1);
		return (1);
	}
	c.pc = pfconf_new(stdout, stderr, opts, pf_ifs_here());
	c.pc->tok.file = "pfctl";
	c.list = palloc(c.pc, sizeof(*c.list));
	c.list->exact = true;
	strcpy(c.io.table.name, table);
	strcpy(c.io.table.anchor, anchor);
	if (read_words(&c, i, args, nargs, file)) {
		c.io.buf_ptr = (uintptr_t)c.list->addrs;
		c.io.n = (uint32_t)c.list->naddrs;
		c.io.flags = opts & OPT_VERBOSE ? PFRF_FEEDBACK : 0;
		rc = commands[i].run(&c);
	}
	pfconf_free(c.pc);
	return (rc);
}
