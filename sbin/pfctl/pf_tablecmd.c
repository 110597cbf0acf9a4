/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * -t TABLE -T COMMAND: one row a command.  Lists go to standard output,
 * what was done to standard error.
 */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pf_ctl.h"

struct tcmd {
	int dev, opts;
	struct pfioc_table io;
	struct pfconf *pc;
	struct pf_table *list; /* addresses given */
};

static void
say(const struct tcmd *c, const char *what, uint32_t n, uint32_t of)
{
	if (c->opts & OPT_QUIET)
		return;
	if (of != UINT32_MAX)
		fprintf(stderr, "%u/%u addresses %s.\n", n, of, what);
	else
		fprintf(stderr, "%u addresses %s.\n", n, what);
}

static int
call(struct tcmd *c, unsigned long cmd)
{
	if (ioctl(c->dev, cmd, &c->io) == 0)
		return (0);
	if (errno == ESRCH)
		warnx("Table does not exist.");
	else
		warn("table %s", c->io.table.name);
	return (-1);
}

/* Without -n nothing is created unless a command needs it. */
static int
create(struct tcmd *c)
{
	struct pfioc_table io = c->io;
	struct pf_ioc_table t = c->io.table;

	t.flags = PFRT_PERSIST;
	io.buf_ptr = (uintptr_t)&t;
	io.n = 1;
	if (ioctl(c->dev, DIOCRADDTABLES, &io) == -1) {
		warn("cannot create table %s", t.name);
		return (-1);
	}
	if (io.nadd != 0 && !(c->opts & OPT_QUIET))
		fprintf(stderr, "%u table created.\n", io.nadd);
	return (0);
}

static void
print_taddr(const struct pf_ioc_taddr *a, const char *lead)
{
	printf("%s%s", lead, a->neg ? "!" : "");
	print_ip(stdout, a->af, &a->addr);
	if (a->plen != (a->af == AF_INET ? 32 : 128))
		printf("/%u", a->plen);
}

/* -v: a letter for what happened to each address. */
static void
print_feedback(const struct tcmd *c)
{
	static const char letters[] = " MADCZX Y ";
	const struct pf_ioc_taddr *a;
	size_t i;

	if (!(c->opts & OPT_VERBOSE) || c->list->naddrs == 0)
		return;
	for (i = 0; i < c->list->naddrs; i++) {
		a = &c->list->addrs[i];
		if (a->fback == PFRFB_NONE && !(c->opts & OPT_VERBOSE2))
			continue;
		printf("%c  ",
		    a->fback < sizeof(letters) - 1 ? letters[a->fback] : '?');
		print_taddr(a, "");
		putchar('\n');
	}
}

static int
cmd_add(struct tcmd *c)
{
	if (create(c) == -1 || call(c, DIOCRADDADDRS) == -1)
		return (-1);
	say(c, "added", c->io.nadd, (uint32_t)c->list->naddrs);
	print_feedback(c);
	return (0);
}

static int
cmd_delete(struct tcmd *c)
{
	if (call(c, DIOCRDELADDRS) == -1)
		return (-1);
	say(c, "deleted", c->io.ndel, (uint32_t)c->list->naddrs);
	print_feedback(c);
	return (0);
}

static int
cmd_replace(struct tcmd *c)
{
	if (create(c) == -1 || call(c, DIOCRSETADDRS) == -1)
		return (-1);
	if (c->io.nadd != 0)
		say(c, "added", c->io.nadd, UINT32_MAX);
	if (c->io.ndel != 0)
		say(c, "deleted", c->io.ndel, UINT32_MAX);
	if (c->io.nchange != 0)
		say(c, "changed", c->io.nchange, UINT32_MAX);
	if (c->io.nadd + c->io.ndel + c->io.nchange == 0 &&
	    !(c->opts & OPT_QUIET))
		fputs("no changes.\n", stderr);
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
	if (c->io.ndel == 0) {
		warnx("Table does not exist.");
		return (-1);
	}
	if (!(c->opts & OPT_QUIET))
		fprintf(stderr, "%u table deleted.\n", c->io.ndel);
	return (0);
}

static int
cmd_flush(struct tcmd *c)
{
	if (call(c, DIOCRCLRADDRS) == -1)
		return (-1);
	say(c, "deleted", c->io.ndel, UINT32_MAX);
	return (0);
}

static void
print_stats(const struct pf_ioc_tastats *s)
{
	static const char *const names[] = { "In/Pass:", "In/Block:",
		"Out/Pass:", "Out/Block:" };
	static const int dirs[] = { 0, 0, 1, 1 }, ops[] = { 1, 0, 1, 0 };
	time_t zero = (time_t)s->tzero;
	char buf[32];
	size_t i;

	printf("\tCleared:     %s", ctime_r(&zero, buf) != NULL ? buf : "?\n");
	for (i = 0; i < nitems(names); i++)
		printf("\t%-12s [ Packets: %-18llu Bytes: %-18llu ]\n",
		    names[i], (unsigned long long)s->packets[dirs[i]][ops[i]],
		    (unsigned long long)s->bytes[dirs[i]][ops[i]]);
}

static int
cmd_show(struct tcmd *c)
{
	struct pf_ioc_tastats *s = NULL;
	uint32_t room = 0, i;

	do {
		room = room == 0 ? 64 : c->io.n + c->io.n / 8;
		free(s);
		if ((s = calloc(room, sizeof(*s))) == NULL)
			err(1, NULL);
		c->io.buf_ptr = (uintptr_t)s;
		c->io.n = room;
		if (call(c, DIOCRGETASTATS) == -1) {
			free(s);
			return (-1);
		}
	} while (c->io.n > room);
	for (i = 0; i < c->io.n; i++) {
		print_taddr(&s[i].addr, s[i].addr.neg ? "  " : "   ");
		putchar('\n');
		if (c->opts & OPT_VERBOSE)
			print_stats(&s[i]);
	}
	free(s);
	return (0);
}

static int
cmd_test(struct tcmd *c)
{
	if (call(c, DIOCRTSTADDRS) == -1)
		return (-1);
	if (!(c->opts & OPT_QUIET))
		fprintf(stderr, "%u/%zu addresses match.\n", c->io.nadd,
		    c->list->naddrs);
	print_feedback(c);
	return (c->io.nadd < c->list->naddrs ? 2 : 0);
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
		if (!(c->opts & OPT_QUIET))
			fprintf(stderr, "%u table/stats cleared.\n",
			    c->io.nadd);
		return (0);
	}
	if (call(c, DIOCRCLRASTATS) == -1)
		return (-1);
	say(c, "cleared", c->io.nadd, (uint32_t)c->list->naddrs);
	return (0);
}

static const struct {
	const char *name;
	int (*run)(struct tcmd *c);
} commands[] = { { "kill", cmd_kill }, { "flush", cmd_flush },
	{ "add", cmd_add }, { "delete", cmd_delete },
	{ "replace", cmd_replace }, { "show", cmd_show }, { "test", cmd_test },
	{ "zero", cmd_zero } };

/* Addresses of the command line and of -f. */
static int
read_list(struct tcmd *c, char **args, int nargs, const char *file)
{
	const char *slash, *s;
	struct node_host *h, *i;
	int64_t plen;
	int k;

	c->pc->tok.file = "pfctl";
	for (k = 0; k < nargs; k++) {
		s = args[k] + (args[k][0] == '!');
		plen = -1;
		if ((slash = strchr(s, '/')) != NULL &&
		    !pf_hexnumber(slash + 1, &plen))
			errx(1, "invalid network %s", s);
		if (slash != NULL)
			s = conf_printf(c->pc->lex, "%.*s", (int)(slash - s),
			    s);
		h = host_word(c->pc, s,
		    plen > 128 || plen < -1 ? 999 : (int)plen);
		for (i = h; i != NULL; i = i->next)
			i->addr.neg = args[k][0] == '!';
		table_add_host(c->pc, c->list, h);
	}
	if (file != NULL)
		table_read_file(c->pc, c->list, file);
	return (conf_errors(c->pc->lex) != 0 ? -1 : 0);
}

int
table_command(int dev, const char *table, const char *anchor, const char *cmd,
    char **args, int nargs, const char *file, int opts)
{
	struct tcmd c = { .dev = dev, .opts = opts };
	int rc = -1;
	size_t i;

	for (i = 0; i < nitems(commands) &&
	     strncmp(commands[i].name, cmd, strlen(cmd)) != 0;
	     i++)
		continue;
	if (i == nitems(commands))
		errx(1, "unknown table command %s", cmd);
	if (strlen(table) >= PF_TABLE_NAMESIZE)
		errx(1, "table name too long, max %d characters",
		    PF_TABLE_NAMESIZE - 1);
	c.pc = pfconf_new(stdout, stderr, opts, &pf_ifs_host);
	c.list = palloc(c.pc, sizeof(*c.list));
	strcpy(c.io.table.name, table);
	strcpy(c.io.table.anchor, anchor);
	if (read_list(&c, args, nargs, file) == 0) {
		c.io.buf_ptr = (uintptr_t)c.list->addrs;
		c.io.n = (uint32_t)c.list->naddrs;
		c.io.flags = opts & OPT_VERBOSE ? PFRF_FEEDBACK : 0;
		if (opts & OPT_NOACTION)
			rc = 0;
		else
			rc = commands[i].run(&c);
	} else
		rc = 1;
	pfconf_free(c.pc);
	return (rc);
}
