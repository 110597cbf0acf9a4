/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Fingerprints of TCP stacks: pf.os(5) read, and the names in rules looked up.
 *
 *	window:ttl:df:size:options:class:version:subtype:description
 *
 * One reader a field, in the order of the line.  A version `2.4-2.6' stands
 * for each from the first to the last, as an entry of its own.  All that is
 * wrong with the file is said, with its line; then nothing is loaded.
 */

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pf_ctl.h"

#define VERSIONS_MAX 100 /* of one range */

/* The line being read. */
struct reader {
	struct pfconf *pc;
	struct osfps *to;
	struct pf_ioc_osfp fp;
	const char *path;
	int line;
};

__attribute__((format(printf, 2, 3))) static bool
bad(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_verror_at(r->pc->lex, r->path, r->line, fmt, ap);
	va_end(ap);
	return (false);
}

/* --- fields ------------------------------------------------------------ */

/* A decimal number alone, from min to max; -1: none. */
static long
number(const char *s, long min, long max)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*s))
		return (-1);
	errno = 0;
	n = strtol(s, &end, 10);
	return (*end != '\0' || errno != 0 || n < min || n > max ? -1 : n);
}

/*
 * `*', `%N' or `N': the number, and with it the flag for any value or for a
 * multiple.  False: none of them.
 */
static bool
loose(struct reader *r, const char *s, long max, uint16_t any, uint16_t mod,
    long *n)
{
	*n = 0;
	if (strcmp(s, "*") == 0) {
		r->fp.flags |= any;
		return (true);
	}
	if (*s == '%') {
		r->fp.flags |= mod;
		*n = number(s + 1, 1, max);
	} else
		*n = number(s, 0, max);
	return (*n != -1);
}

static bool
f_window(struct reader *r, char *s)
{
	long n;

	if (*s == 'S' || *s == 'T') {
		r->fp.flags |= *s == 'S' ? PF_OSFP_WSIZE_MSS :
					   PF_OSFP_WSIZE_MTU;
		n = number(s + 1, 1, 65535);
	} else if (!loose(r, s, 65535, PF_OSFP_WSIZE_ANY, PF_OSFP_WSIZE_MOD,
		       &n))
		n = -1;
	if (n == -1)
		return (bad(r, "invalid window '%s'", s));
	r->fp.wsize = (uint16_t)n;
	return (true);
}

static bool
f_ttl(struct reader *r, char *s)
{
	long n = number(s, 1, 255);

	if (n == -1)
		return (bad(r, "invalid ttl '%s': 1 - 255", s));
	r->fp.ttl = (uint8_t)n;
	return (true);
}

static bool
f_df(struct reader *r, char *s)
{
	if (strcmp(s, "0") != 0 && strcmp(s, "1") != 0)
		return (bad(r, "invalid df '%s': 0 or 1", s));
	if (*s == '1')
		r->fp.flags |= PF_OSFP_DF;
	return (true);
}

static bool
f_size(struct reader *r, char *s)
{
	long n;

	if (*s == '%' || !loose(r, s, 65535, PF_OSFP_PSIZE_ANY, 0, &n))
		return (bad(r, "invalid size '%s'", s));
	r->fp.psize = (uint16_t)n;
	return (true);
}

static bool
option_value(struct reader *r, const char *o)
{
	long n;

	switch (*o) {
	case 'M':
		if (!loose(r, o + 1, 65535, PF_OSFP_MSS_ANY, PF_OSFP_MSS_MOD,
			&n))
			return (false);
		r->fp.mss = (uint16_t)n;
		return (true);
	case 'W':
		if (!loose(r, o + 1, 255, PF_OSFP_WSCALE_ANY,
			PF_OSFP_WSCALE_MOD, &n))
			return (false);
		r->fp.wscale = (uint8_t)n;
		return (true);
	case 'T':
		if (strcmp(o, "T0") == 0)
			r->fp.flags |= PF_OSFP_TS0;
		return (o[1] == '\0' || strcmp(o, "T0") == 0);
	}
	return (o[1] == '\0');
}

static bool
f_options(struct reader *r, char *s)
{
	static const char letters[] = " NMWST"; /* enum pf_osfp_opt */
	const char *o, *at;
	char *rest = s;

	if (strcmp(s, ".") == 0)
		return (true);
	while ((o = strsep(&rest, ", \t")) != NULL) {
		if (*o == '\0')
			continue;
		if (*o == ' ' || (at = strchr(letters, *o)) == NULL ||
		    !option_value(r, o))
			return (bad(r, "invalid TCP option '%s'", o));
		if (r->fp.nopts == PF_OSFP_OPTS_MAX)
			return (bad(r, "more than %d TCP options",
			    PF_OSFP_OPTS_MAX));
		r->fp.opts |= (uint64_t)(at - letters)
		    << (PF_OSFP_OPT_BITS * r->fp.nopts++);
	}
	return (r->fp.nopts > 0 || bad(r, "no TCP options: write '.'"));
}

static bool
name(struct reader *r, char *to, const char *s, const char *what)
{
	if (strlen(s) >= PF_OSFP_NAMESIZE)
		return (bad(r, "%s '%s' too long, max %d characters", what, s,
		    PF_OSFP_NAMESIZE - 1));
	strcpy(to, s);
	return (true);
}

static bool
f_class(struct reader *r, char *s)
{
	for (; *s == '@' || *s == '*'; s++)
		r->fp.flags |= *s == '@' ? PF_OSFP_GENERIC : PF_OSFP_NODETAIL;
	if (*s == '\0')
		return (bad(r, "a fingerprint needs a class"));
	return (name(r, r->fp.class, s, "class"));
}

static bool
f_version(struct reader *r, char *s)
{
	return (name(r, r->fp.version, s, "version"));
}

static bool
f_subtype(struct reader *r, char *s)
{
	return (name(r, r->fp.subtype, s, "subtype"));
}

/* --- lines ------------------------------------------------------------- */

static void
keep(struct reader *r)
{
	struct osfps *to = r->to;

	if (to->n == PF_OSFP_MAX) {
		if (!to->full)
			bad(r, "more than %d fingerprints", PF_OSFP_MAX);
		to->full = true;
		return;
	}
	if (to->n % 256 == 0) {
		struct pf_ioc_osfp *more = palloc(r->pc,
		    (to->n + 256) * sizeof(*more));

		if (to->n > 0)
			memcpy(more, to->list, to->n * sizeof(*more));
		to->list = more;
	}
	to->list[to->n++] = r->fp;
}

/* `P.a-P.b' or `a-b': where both numbers begin, and the numbers. */
static bool
version_range(const char *v, size_t *prefix, long *a, long *b)
{
	const char *dash = strchr(v, '-'), *p;
	char first[PF_OSFP_NAMESIZE];

	if (dash == NULL || dash == v)
		return (false);
	snprintf(first, sizeof(first), "%.*s", (int)(dash - v), v);
	p = strrchr(first, '.');
	*prefix = p == NULL ? 0 : (size_t)(p - first) + 1;
	if (strncmp(dash + 1, first, *prefix) != 0)
		return (false);
	*a = number(first + *prefix, 0, 9999);
	*b = number(dash + 1 + *prefix, 0, 9999);
	return (*a != -1 && *b > *a && *b - *a < VERSIONS_MAX);
}

static void
keep_versions(struct reader *r)
{
	char prefix[PF_OSFP_NAMESIZE];
	size_t n;
	long a, b;

	if (!version_range(r->fp.version, &n, &a, &b)) {
		keep(r);
		return;
	}
	snprintf(prefix, sizeof(prefix), "%.*s", (int)n, r->fp.version);
	for (; a <= b; a++) {
		snprintf(r->fp.version, sizeof(r->fp.version), "%.26s%ld",
		    prefix, a);
		keep(r);
	}
}

/* s without blanks at its ends. */
static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL; n--)
		s[n - 1] = '\0';
	return (s);
}

static void
read_line(struct reader *r, char *line)
{
	static bool (*const fields[])(struct reader *, char *) = { f_window,
		f_ttl, f_df, f_size, f_options, f_class, f_version, f_subtype };
	char *rest = trim(line), *s;
	bool ok = true;
	size_t i;

	if (*rest == '#' || *rest == '\0')
		return;
	memset(&r->fp, 0, sizeof(r->fp));
	for (i = 0; i < nitems(fields); i++) {
		if ((s = strsep(&rest, ":")) == NULL) {
			bad(r, "only %zu fields of 9", i);
			return;
		}
		ok = fields[i](r, trim(s)) && ok;
	}
	if (rest == NULL)
		bad(r, "only 8 fields of 9");
	else if (ok)
		keep_versions(r);
}

void
osfps_parse(struct pfconf *pc, struct osfps *to, FILE *f)
{
	struct reader r = { .pc = pc, .to = to, .path = to->path };
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) != -1) {
		r.line++;
		read_line(&r, line);
	}
	if (ferror(f))
		bad(&r, "cannot be read to its end");
	free(line);
}

static const char *
default_path(struct pfconf *pc)
{
	const char *root = getenv("BSD_ROOT");

	return (conf_printf(pc->lex, "%s/etc/pf.os", root != NULL ? root : ""));
}

int
osfps_read(struct pfconf *pc, struct osfps *to)
{
	const struct place *at = &pc->set.at[SET_FINGERPRINTS];
	bool given = pc->set.fingerprints != NULL;
	FILE *f;

	memset(to, 0, sizeof(*to));
	to->path = given ? pc->set.fingerprints : default_path(pc);
	if ((f = fopen(to->path, "re")) != NULL) {
		osfps_parse(pc, to, f);
		fclose(f);
	} else if (errno != ENOENT || (given && !(pc->opts & OPT_NOACTION)))
		conf_error_at(pc->lex, given ? at->file : to->path,
		    given ? at->line : 0, "cannot open fingerprints \"%s\": %s",
		    to->path, strerror(errno));
	return (conf_errors(pc->lex));
}

/* --- names in rules ---------------------------------------------------- */

/* What of os follows word and a blank, "" at its end, NULL: another word. */
static const char *
past(const char *os, const char *word)
{
	size_t n = strlen(word);

	if (strncasecmp(os, word, n) != 0)
		return (NULL);
	return (os[n] == ' ' ? os + n + 1 : os[n] == '\0' ? os + n : NULL);
}

static bool
is_named(const struct pf_ioc_osfp *f, const char *os)
{
	const char *const words[] = { f->class, f->version, f->subtype };
	size_t i;

	for (i = 0; i < nitems(words); i++) {
		if (i > 0 && *words[i] == '\0')
			continue;
		if ((os = past(os, words[i])) == NULL || *os == '\0')
			return (os != NULL);
	}
	return (false);
}

bool
osfps_know(const struct osfps *l, const char *os)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (is_named(&l->list[i], os))
			return (true);
	return (false);
}

int
load_osfps(int dev, const struct osfps *l, uint64_t ticket)
{
	struct pf_ioc_osfp io;
	size_t i;

	for (i = 0; i < l->n; i++) {
		io = l->list[i];
		io.ticket = ticket;
		if (pf_call(dev, DIOCOSFPADD, &io) == -1) {
			warn("cannot add fingerprint %s %s %s", io.class,
			    io.version, io.subtype);
			return (-1);
		}
	}
	return (0);
}
