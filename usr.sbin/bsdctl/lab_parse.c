/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Reading lab.conf(5).
 *
 * The lexer is libconf's.  A statement is a row of a table: its word, where
 * it may stand, how many words follow, what it does with them.  Reading
 * goes on after an error, so that all of them are reported; then the whole
 * is judged (wires that nobody has, names that are there twice), and only a
 * file without any problem gives a lab.
 */

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libconf/conf.h>

#include "lab.h"

#define WORDS_MAX 64
#define TEXT_MAX  1024
#define FILES_MAX 100 /* included, in all */

enum where { TOP, IN_MACHINE, IN_INTERFACE };

struct parser {
	struct conf *conf;
	struct lab *lab;
	struct lab_machine *machine; /* in whose block we are */
	struct lab_interface *interface;
	enum where where;
	int problems, files;
	/* the statement at hand */
	char *word[WORDS_MAX];
	int n;
	bool opens; /* ends in { */
	bool macro; /* is NAME = VALUE */
	char text[TEXT_MAX * 4];
	size_t used;
	bool glue; /* the next piece goes on with the last word */
};

static void __attribute__((__format__(__printf__, 2, 3)))
problem(struct parser *p, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_error(p->conf, "%s", text);
	p->problems++;
}

bool
lines_add(struct lines *l, const char *text)
{
	char **more;

	if ((more = reallocarray(l->line, l->n + 1, sizeof(*more))) == NULL)
		return (false);
	l->line = more;
	if ((l->line[l->n] = strdup(text)) == NULL)
		return (false);
	l->n++;
	return (true);
}

static void
lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	free(l->line);
}

void
lab_free(struct lab *lab)
{
	if (lab == NULL)
		return;
	for (size_t i = 0; i < lab->nmachines; i++) {
		struct lab_machine *m = &lab->machine[i];

		for (size_t k = 0; k < m->ninterfaces; k++)
			lines_free(&m->interface[k].config);
		free(m->interface);
		lines_free(&m->gateways);
		lines_free(&m->sysctls);
		lines_free(&m->commands);
	}
	free(lab->machine);
	free(lab->wire);
	free(lab);
}

struct lab_wire *
lab_wire_find(struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab->nwires; i++)
		if (strcmp(lab->wire[i].name, name) == 0)
			return (&lab->wire[i]);
	return (NULL);
}

struct lab_machine *
lab_machine_find(struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab->nmachines; i++)
		if (strcmp(lab->machine[i].name, name) == 0)
			return (&lab->machine[i]);
	return (NULL);
}

bool
lab_wire_ports(const struct lab_wire *w)
{
	return (w->netns_ends > 0 && (w->ends != 2 || w->netns_ends == 2 || w->nfaults > 0));
}

/* Room for one more at the end of an array; zeroed.  NULL after a problem. */
static void *
array_grow(struct parser *p, void *arrayp, size_t *n, size_t size)
{
	void **array = arrayp;
	char *more;

	if ((more = reallocarray(*array, *n + 1, size)) == NULL) {
		problem(p, "%s", strerror(ENOMEM));
		return (NULL);
	}
	*array = more;
	memset(more + *n * size, 0, size);
	return (more + (*n)++ * size);
}

/* Names become folders and interfaces: letters, digits, - and _. */
static bool
name_take(struct parser *p, const char *what, const char *name, char *buf, size_t size)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if (!isalnum((unsigned char)name[i]) && (i == 0 || (name[i] != '-' && name[i] != '_')))
			break;
	if (i == 0 || name[i] != '\0' || (strcmp(name, "wires") == 0 && strcmp(what, "machine") == 0)) /* LAB/wires */
		problem(p, "%s: not a name for a %s", name, what);
	else if (i >= size)
		problem(p, "%s: name of a %s is longer than %zu", name, what, size - 1);
	else {
		strcpy(buf, name);
		return (true);
	}
	return (false);
}

/* --- statements --- */

static void
st_lab(struct parser *p)
{
	name_take(p, "lab", p->word[1], p->lab->name, sizeof(p->lab->name));
}

/* Units of a wire's properties, and what they make of a number. */
static const struct unit {
	const char *name;
	double factor;
} percents[] = { { "", 1 }, { "%", 1 }, { NULL, 0 } },
  times[] = { { "", 1 }, { "ms", 1 }, { "us", 1e-3 }, { "s", 1e3 }, { "ns", 1e-6 }, { NULL, 0 } },
  rates[] = { { "", 1 }, { "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 } },
  plain[] = { { "", 1 }, { NULL, 0 } };

/* A percentage, a time, a rate: what wire(4) takes, judged here for file:line. */
static bool
fault_ok(const char *key, const char *value)
{
	static const struct {
		const char *key;
		const struct unit *units;
		double max;
	} kinds[] = {
		{ "loss", percents, 100 },
		{ "dup", percents, 100 },
		{ "reorder", percents, 100 },
		{ "corrupt", percents, 100 },
		{ "delay", times, 60000 },
		{ "jitter", times, 60000 },
		{ "bandwidth", rates, 1e12 },
		{ "seed", plain, 1.8e19 },
	};
	char *end;
	double v = strtod(value, &end);

	for (size_t i = 0; end != value && v >= 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].key, key) != 0)
			continue;
		for (const struct unit *u = kinds[i].units; u->name != NULL; u++)
			if (strcmp(u->name, end) == 0)
				return (v * u->factor <= kinds[i].max);
	}
	return (false);
}

static void
st_wire(struct parser *p)
{
	char name[LAB_NAME_MAX];
	struct lab_wire *w;

	if (!name_take(p, "wire", p->word[1], name, sizeof(name)))
		return;
	if (lab_wire_find(p->lab, name) != NULL) {
		problem(p, "wire %s is there already", name);
		return;
	}
	if ((w = array_grow(p, &p->lab->wire, &p->lab->nwires, sizeof(*w))) == NULL)
		return;
	strcpy(w->name, name);
	w->where = conf_line(p->conf);
	for (int i = 2; i < p->n; i += 2) {
		if (i + 1 == p->n)
			problem(p, "%s has no value", p->word[i]);
		else if (w->nfaults == sizeof(w->fault) / sizeof(w->fault[0]))
			problem(p, "more than %zu properties of a wire", w->nfaults);
		else if (!fault_ok(p->word[i], p->word[i + 1]))
			problem(p, "%s %s: no property of a wire", p->word[i], p->word[i + 1]);
		else {
			snprintf(w->fault[w->nfaults].key, sizeof(w->fault[0].key), "%s", p->word[i]);
			snprintf(w->fault[w->nfaults++].value, sizeof(w->fault[0].value), "%s", p->word[i + 1]);
		}
	}
}

static void
machine_begin(struct parser *p, enum machine_kind kind)
{
	char name[LAB_NAME_MAX] = "";
	struct lab_machine *m;

	if (!p->opens)
		problem(p, "expected { after %s", p->word[1]);
	if (name_take(p, "machine", p->word[1], name, sizeof(name)) && lab_machine_find(p->lab, name) != NULL)
		problem(p, "machine %s is there already", name);
	if ((m = array_grow(p, &p->lab->machine, &p->lab->nmachines, sizeof(*m))) == NULL)
		return;
	strcpy(m->name, name);
	m->kind = kind;
	m->where = conf_line(p->conf);
	p->machine = m;
	if (p->opens)
		p->where = IN_MACHINE;
}

static void
st_machine(struct parser *p)
{
	machine_begin(p, MACHINE_BSD);
}

static void
st_netns(struct parser *p)
{
	machine_begin(p, MACHINE_NETNS);
}

/* interface NAME on WIRE, interface NAME link KIND:SPEC, interface NAME (cloned) */
static void
st_interface(struct parser *p)
{
	struct lab_machine *m = p->machine;
	char name[16] = "";
	struct lab_interface *ifc;

	if (name_take(p, "interface", p->word[1], name, sizeof(name)))
		for (size_t i = 0; i < m->ninterfaces; i++)
			if (strcmp(m->interface[i].name, name) == 0)
				problem(p, "interface %s is there already", name);
	if ((ifc = array_grow(p, &m->interface, &m->ninterfaces, sizeof(*ifc))) == NULL)
		return;
	strcpy(ifc->name, name);
	ifc->where = conf_line(p->conf);
	if (p->n == 3)
		problem(p, "interface: wrong number of words");
	else if (p->n == 2 && (m->kind == MACHINE_NETNS || !p->opens))
		problem(p, "interface %s: expected on WIRE or link KIND:SPEC", name);
	else if (m->kind == MACHINE_NETNS && strcmp(p->word[2], "on") != 0)
		problem(p, "interface %s: a namespace's is on a wire", name);
	else if (p->n == 2)
		; /* ifconfig(8) creates it */
	else if (strcmp(p->word[2], "on") == 0)
		name_take(p, "wire", p->word[3], ifc->wire, sizeof(ifc->wire));
	else if (strcmp(p->word[2], "link") != 0)
		problem(p, "expected on or link, not %s", p->word[2]);
	else if (strchr(p->word[3], ':') == NULL || strlen(p->word[3]) >= sizeof(ifc->spec))
		problem(p, "%s: not KIND:SPEC", p->word[3]);
	else
		strcpy(ifc->spec, p->word[3]);
	if (p->opens) {
		p->interface = ifc;
		p->where = IN_INTERFACE;
	}
}

/* The words behind the first, as they stood. */
static void
rest_add(struct parser *p, struct lines *l, int first)
{
	char text[TEXT_MAX] = "";
	size_t len = 0;

	for (int i = first; i < p->n; i++)
		len += (size_t)snprintf(text + len, len < sizeof(text) ? sizeof(text) - len : 0, "%s%s", i > first ? " " : "", p->word[i]);
	if (len >= sizeof(text))
		problem(p, "line too long");
	else if (!lines_add(l, text))
		problem(p, "%s", strerror(ENOMEM));
}

static void
st_gateway(struct parser *p)
{
	rest_add(p, &p->machine->gateways, 1);
}

static void
st_sysctl(struct parser *p)
{
	char text[TEXT_MAX] = "";

	/* name=value may have been cut at the = */
	for (int i = 1; i < p->n; i++)
		strncat(text, p->word[i], sizeof(text) - strlen(text) - 1);
	if (strchr(text, '=') == NULL || text[0] == '=')
		problem(p, "expected name=value, not %s", text);
	else if (!lines_add(&p->machine->sysctls, text))
		problem(p, "%s", strerror(ENOMEM));
}

static void
st_run(struct parser *p)
{
	if (p->machine->kind != MACHINE_NETNS)
		problem(p, "run is for namespaces; a machine has etc/hostname.if(5)");
	rest_add(p, &p->machine->commands, 1);
}

/* include "FILE": beside lab.conf, if it is no path from the root. */
static void
st_include(struct parser *p)
{
	char path[PATH_MAX];
	const char *name = p->word[1];

	if (snprintf(path, sizeof(path), "%s%s%s", name[0] != '/' ? p->lab->dir : "", name[0] != '/' ? "/" : "", name) >=
	    (int)sizeof(path))
		problem(p, "%s: name too long", name);
	else if (p->files++ >= FILES_MAX)
		problem(p, "%s: more than %d files", name, FILES_MAX);
	else if (conf_push_file(p->conf, path) == -1)
		problem(p, "%s: %s", path, errno == ELOOP ? "included too deep" : strerror(errno));
}

static void
macro_define(struct parser *p)
{
	char text[TEXT_MAX] = "";
	size_t len = 0;

	for (int i = 1; i < p->n; i++)
		len += (size_t)snprintf(text + len, len < sizeof(text) ? sizeof(text) - len : 0, "%s%s", i > 1 ? " " : "", p->word[i]);
	if (p->n < 2 || p->opens)
		problem(p, "macro %s: expected a value", p->word[0]);
	else if (len >= sizeof(text))
		problem(p, "macro %s: value too long", p->word[0]);
	else if (conf_macro_set(p->conf, p->word[0], text, false) == -1)
		problem(p, "%s: not a name for a macro", p->word[0]);
}

static const struct statement {
	const char *word;
	enum where where;
	int min, max; /* words behind it */
	bool block; /* may open one */
	void (*take)(struct parser *p);
} statements[] = {
	{ "lab", TOP, 1, 1, false, st_lab },
	{ "wire", TOP, 1, 33, false, st_wire },
	{ "machine", TOP, 1, 1, true, st_machine },
	{ "netns", TOP, 1, 1, true, st_netns },
	{ "interface", IN_MACHINE, 1, 3, true, st_interface },
	{ "gateway", IN_MACHINE, 1, 1, false, st_gateway },
	{ "sysctl", IN_MACHINE, 1, WORDS_MAX, false, st_sysctl },
	{ "run", IN_MACHINE, 1, WORDS_MAX, false, st_run },
	{ "include", TOP, 1, 1, false, st_include },
	{ "include", IN_MACHINE, 1, 1, false, st_include },
};

/* The line that came last, if it is for a namespace, must be one for ip(8). */
static void
netns_judge(struct parser *p)
{
	const struct lines *l = &p->interface->config;
	char cmd[512];

	if (p->machine->kind == MACHINE_NETNS && l->n > 0 && !netns_line(cmd, sizeof(cmd), "x", l->line[l->n - 1]))
		problem(p, "a namespace has only inet, inet6 and mtu, not: %s", l->line[l->n - 1]);
}

static void
statement_take(struct parser *p)
{
	bool known = false;

	if (p->n == 0)
		return;
	if (p->macro) {
		macro_define(p);
		return;
	}
	if (p->where == IN_INTERFACE) {
		if (p->opens)
			problem(p, "no block in the block of an interface");
		rest_add(p, &p->interface->config, 0);
		netns_judge(p);
		return;
	}
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		const struct statement *st = &statements[i];

		if (strcmp(st->word, p->word[0]) != 0)
			continue;
		known = true;
		if (st->where != p->where)
			continue;
		if (p->n - 1 < st->min || p->n - 1 > st->max)
			problem(p, "%s: wrong number of words", p->word[0]);
		else if (p->opens && !st->block)
			problem(p, "%s opens no block", p->word[0]);
		else
			st->take(p);
		return;
	}
	problem(p, known ? "%s cannot stand here" : "%s: unknown word", p->word[0]);
}

/* --- the file --- */

/* A piece of text: a word of its own, or the rest of the one before. */
static void
word_add(struct parser *p, const char *text)
{
	size_t len = strlen(text) + 1, at = p->used;

	if (p->glue && p->n > 0 && p->n <= WORDS_MAX)
		at--; /* over the NUL */
	if (p->n > WORDS_MAX || (at == p->used && p->n == WORDS_MAX) || at + len > sizeof(p->text)) {
		if (p->n <= WORDS_MAX)
			problem(p, "statement too long");
		p->n = WORDS_MAX + 1;
		return;
	}
	memcpy(p->text + at, text, len);
	if (at == p->used)
		p->word[p->n++] = p->text + at;
	p->used = at + len;
	p->glue = false;
}

/* 10.0.0.1/24, name=value, tap:x,netns=1: the lexer cuts there, we do not. */
static void
punctuation_add(struct parser *p, int ch)
{
	const char text[2] = { (char)ch, '\0' };

	if (strchr("/=,-", ch) == NULL) {
		problem(p, "unexpected %c", ch);
		return;
	}
	p->glue = ch != '-' && !(p->macro && p->n == 1);
	word_add(p, text);
	p->glue = true;
}

static void
statement_end(struct parser *p, bool opens)
{
	p->opens = opens;
	if (p->n <= WORDS_MAX)
		statement_take(p);
	if (opens && p->n == 0)
		problem(p, "{ without a statement before it");
	p->n = 0;
	p->used = 0;
	p->glue = false;
	p->opens = p->macro = false;
}

static void
block_close(struct parser *p)
{
	statement_end(p, false);
	if (p->where == TOP)
		problem(p, "} without {");
	else
		p->where--;
}

static void
wire_count(struct parser *p, const char *path, struct lab_machine *m, struct lab_interface *ifc)
{
	struct lab_wire *w;

	if (ifc->wire[0] == '\0')
		return;
	if ((w = lab_wire_find(p->lab, ifc->wire)) == NULL) {
		fprintf(stderr, "%s:%d: no wire called %s\n", path, ifc->where, ifc->wire);
		p->problems++;
		return;
	}
	w->ends++;
	w->netns_ends += m->kind == MACHINE_NETNS;
}

/* What can only be said of the whole. */
static void
lab_judge(struct parser *p, const char *path)
{
	for (size_t i = 0; i < p->lab->nmachines; i++) {
		struct lab_machine *m = &p->lab->machine[i];

		for (size_t k = 0; k < m->ninterfaces; k++)
			wire_count(p, path, m, &m->interface[k]);
	}
	if (p->lab->nmachines == 0 && p->problems == 0) {
		fprintf(stderr, "%s: no machine\n", path);
		p->problems++;
	}
}

/* Where the file lies, and the lab's name from it. */
static void
lab_place(struct lab *lab, const char *path)
{
	char full[PATH_MAX], *dir;

	if (realpath(path, full) == NULL)
		snprintf(full, sizeof(full), "%s", path);
	dir = dirname(full);
	snprintf(lab->dir, sizeof(lab->dir), "%s", dir);
	snprintf(lab->name, sizeof(lab->name), "%.*s", LAB_NAME_MAX - 1, basename(dir));
}

static void
tokens_read(struct parser *p)
{
	struct conf_token t;

	for (conf_next(p->conf, &t); t.kind != CONF_END; conf_next(p->conf, &t)) {
		if (t.kind == CONF_NEWLINE)
			statement_end(p, false);
		else if (t.kind == CONF_CHAR && t.ch == '{')
			statement_end(p, true);
		else if (t.kind == CONF_CHAR && t.ch == '}')
			block_close(p);
		else if (t.kind == CONF_CHAR && t.ch == '=' && p->n == 1 && !p->macro)
			p->macro = true;
		else if (t.kind == CONF_CHAR)
			punctuation_add(p, t.ch);
		else if (t.kind == CONF_OP)
			problem(p, "unexpected operator");
		else if (t.kind != CONF_BAD)
			word_add(p, t.str);
	}
}

struct lab *
lab_read(const char *path)
{
	struct parser p = { .where = TOP };

	p.conf = conf_new(NULL, 0, stderr);
	if (conf_push_file(p.conf, path) == -1) {
		complain("%s: %s", path, strerror(errno));
		conf_free(p.conf);
		return (NULL);
	}
	if ((p.lab = calloc(1, sizeof(*p.lab))) == NULL) {
		complain("%s", strerror(errno));
		conf_free(p.conf);
		return (NULL);
	}
	lab_place(p.lab, path);
	tokens_read(&p);
	statement_end(&p, false);
	if (p.where != TOP)
		problem(&p, "block is not closed");
	p.problems += conf_errors(p.conf) > p.problems ? conf_errors(p.conf) - p.problems : 0;
	lab_judge(&p, path);
	conf_free(p.conf);
	if (p.problems == 0)
		return (p.lab);
	lab_free(p.lab);
	return (NULL);
}
