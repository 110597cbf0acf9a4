/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Tables of a configuration: their flags, lists and files.
 *
 * A file holds addresses separated by blanks or line ends; # and ; start a
 * comment; ! negates.  Names and interfaces are looked up at once.
 */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pfctl.h"

void
table_begin(struct pfconf *pc, const char *name)
{
	struct pf_table *t = palloc(pc, sizeof(*t));
	char copy[PF_TABLE_NAMESIZE];

	pc->table = t;
	pc->tinit = NULL;
	pc->tinit_tail = &pc->tinit;
	t->anchor = pc->cur->path;
	t->name = name;
	t->at = here(pc);
	if (!ncopy(pc, copy, sizeof(copy), name, "table name"))
		return;
}

void
table_flag(struct pfconf *pc, uint32_t flag)
{
	pc->table->flags |= flag;
}

static void
echo_part(struct pfconf *pc, const char *s)
{
	*pc->tinit_tail = palloc(pc, sizeof(**pc->tinit_tail));
	(*pc->tinit_tail)->str = s;
	pc->tinit_tail = &(*pc->tinit_tail)->next;
}

void
table_file(struct pfconf *pc, const char *path)
{
	pc->table->list = true;
	echo_part(pc, conf_printf(pc->lex, " file %s", quoted(pc, path)));
	table_read_file(pc, pc->table, path);
}

/* Room for one more; the array doubles at powers of two. */
static struct pf_ioc_taddr *
table_room(struct pfconf *pc, struct pf_table *t)
{
	struct pf_ioc_taddr *more;
	size_t n = t->naddrs;

	if (n == 0 || (n >= 16 && (n & (n - 1)) == 0)) {
		more = palloc(pc, (n == 0 ? 16 : 2 * n) * sizeof(*more));
		if (n > 0)
			memcpy(more, t->addrs, n * sizeof(*more));
		t->addrs = more;
	}
	return (&t->addrs[t->naddrs++]);
}

void
table_add_host(struct pfconf *pc, struct pf_table *t, const struct node_host *h)
{
	struct pf_ioc_taddr *a;

	for (; h != NULL; h = h->next) {
		if (h->addr.type != PF_ADDR_PREFIX) {
			perr(pc, "tables can only hold addresses and networks");
			return;
		}
		a = table_room(pc, t);
		a->addr = h->addr.addr;
		a->af = h->addr.af;
		a->plen = h->addr.plen;
		a->neg = h->addr.neg;
	}
}

/* Does an address have bits behind its prefix?  Names have none. */
static bool
host_bits(const char *word, int plen)
{
	struct ip_addr a = { .q = { 0, 0 } }, m;

	if (inet_pton(AF_INET, word, a.b) != 1 &&
	    inet_pton(AF_INET6, word, a.b) != 1)
		return (false);
	m = a;
	ip_addr_mask(&m, (unsigned int)plen);
	return (!ip_addr_eq(&a, &m));
}

void
table_word_add(struct pfconf *pc, struct pf_table *t, const char *word)
{
	bool neg = *word == '!';
	struct node_host *h, *i;
	const char *slash, *whole = word;
	int64_t plen = -1;

	word += neg;
	if ((slash = strchr(word, '/')) != NULL) {
		if (!pf_hexnumber(slash + 1, &plen) || plen < 0 || plen > 128) {
			perr(pc, "invalid netmask in %s", whole);
			return;
		}
		word = conf_printf(pc->lex, "%.*s", (int)(slash - word), word);
	}
	if (plen != -1 && t->hosts_only) {
		perr(pc, "%s: only single addresses can be tested", whole);
		return;
	}
	if (plen != -1 && t->exact && host_bits(word, (int)plen)) {
		perr(pc, "%s: the address has bits behind its prefix", whole);
		return;
	}
	h = host_word(pc, word, (int)plen);
	for (i = h; i != NULL; i = i->next)
		i->addr.neg = neg;
	table_add_host(pc, t, h);
}

static int
file_get(FILE *f, int *line)
{
	int ch = getc(f);

	if (ch == '#' || ch == ';')
		while ((ch = getc(f)) != EOF && ch != '\n')
			continue;
	*line += ch == '\n';
	return (ch);
}

/*
 * The next word, with its `!' even when blanks stand between; its line.
 * False: the end.
 */
static bool
file_word(FILE *f, char *word, size_t size, size_t *len, int *line, int *at)
{
	size_t n = 0;
	int ch;

	while ((ch = file_get(f, line)) != EOF) {
		if (isspace(ch)) {
			if (n == 0 || (n == 1 && word[0] == '!'))
				continue;
			break;
		}
		if (n == 0)
			*at = *line;
		if (n + 1 < size)
			word[n] = (char)ch;
		n++;
	}
	word[n < size ? n : size - 1] = '\0';
	*len = n;
	return (n > 0);
}

int
table_read_file(struct pfconf *pc, struct pf_table *t, const char *path)
{
	struct conf_token saved = pc->tok;
	bool std = strcmp(path, "-") == 0;
	char word[1088]; /* a host name and a prefix */
	int line = 1, error;
	size_t len;
	FILE *f = std ? stdin : fopen(path, "re");

	if (f == NULL) {
		perr(pc, "cannot open file \"%s\": %s", path, strerror(errno));
		return (-1);
	}
	pc->tok.file = std ? "stdin" : conf_strdup(pc->lex, path);
	while (file_word(f, word, sizeof(word), &len, &line, &pc->tok.line)) {
		if (len >= sizeof(word))
			perr(pc, "a word of %zu characters is no address", len);
		else
			table_word_add(pc, t, word);
	}
	error = ferror(f);
	pc->tok = saved;
	if (!std)
		fclose(f);
	if (error == 0)
		return (0);
	perr(pc, "cannot read file \"%s\"", path);
	return (-1);
}

void
table_hosts(struct pfconf *pc, struct node_host *list)
{
	const struct node_host *h;
	char buf[160];

	pc->table->list = true;
	table_add_host(pc, pc->table, list);
	echo_part(pc, " {");
	for (h = list; h != NULL; h = h->next) {
		struct pf_ioc_addr a = h->addr;

		a.neg = 0;
		addr_text(buf, sizeof(buf), &a);
		if (a.type == PF_ADDR_PREFIX && a.plen == 0)
			snprintf(buf, sizeof(buf),
			    a.af == AF_INET ? "0.0.0.0/0" : "::/0");
		echo_part(pc,
		    conf_printf(pc->lex, h->addr.neg ? " !%s" : " %s", buf));
	}
	echo_part(pc, " }");
}

/* At once, but within an inline anchor with the anchor's rules. */
static void
table_echo(struct pfconf *pc, struct pf_table *t)
{
	const struct node_str *s;
	char *text = NULL;
	size_t size;
	FILE *f;

	if ((f = open_memstream(&text, &size)) == NULL)
		return;
	fprintf(f, "table <%s>%s%s%s", t->name,
	    t->flags & PFRT_CONST ? " const" : "",
	    t->flags & PFRT_PERSIST ? " persist" : "",
	    t->flags & PFRT_COUNTERS ? " counters" : "");
	for (s = pc->tinit; s != NULL; s = s->next)
		fputs(s->str, f);
	fputc('\n', f);
	fclose(f);
	if (pc->cur->parent == NULL)
		fputs(text, pc->out);
	else
		t->text = conf_strdup(pc->lex, text);
	free(text);
}

void
table_done(struct pfconf *pc)
{
	struct pf_table *t = pc->table, *other;

	if (conf_errors(pc->lex) != pc->line_err)
		return;
	if (pf_echoes(pc, LOAD_TABLES))
		table_echo(pc, t);
	TAILQ_FOREACH(other, &pc->tables, entry)
		if (strcmp(other->name, t->name) == 0 &&
		    strcmp(other->anchor, t->anchor) == 0)
			break;
	if (other != NULL)
		TAILQ_REMOVE(&pc->tables, other, entry);
	TAILQ_INSERT_TAIL(&pc->tables, t, entry);
}
