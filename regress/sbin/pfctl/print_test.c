/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a line of pf.conf prints, row by row of printed.txt: the line, a tab,
 * what `pfctl -o none -nvf -' prints of it; \n stands for a newline, \\ for a backslash.  What is
 * printed is read again and prints the same.  And -j tells all of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pf_ctl.h"
#include "pf_text.h"

/* A row as text that ends with a newline. */
static char *
unescape(const char *s)
{
	char *to = malloc(strlen(s) + 2), *p = to;

	for (; *s != '\0'; s++)
		if (s[0] == '\\' && s[1] == 'n') {
			*p++ = '\n';
			s++;
		} else if (s[0] == '\\' && s[1] == '\\')
			*p++ = *s++;
		else
			*p++ = *s;
	if (p > to)
		*p++ = '\n';
	*p = '\0';
	return (to);
}

static int
row_fails(char *row)
{
	char *tab = strchr(row, '\t'), *in, *want, *out, *again;
	int bad;

	if (tab == NULL)
		return (1);
	*tab = '\0';
	in = unescape(row);
	want = unescape(tab + 1);
	out = printed(in);
	again = printed(out);
	if ((bad = strcmp(out, want) != 0 || strcmp(again, out) != 0))
		print_error("%s\nprints\n%snot\n%sand again\n%s\n", row, out,
		    want, again);
	free(in);
	free(want);
	free(out);
	free(again);
	return (bad);
}

/* Calls fn for each row; it returns how many things are wrong. */
static void
each_row(int (*fn)(char *row))
{
	const char *top = getenv("TOP");
	char path[1024], *line = NULL;
	size_t size = 0;
	ssize_t n;
	int rows = 0, bad = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/regress/sbin/pfctl/printed.txt",
	    top != NULL ? top : ".");
	if ((f = fopen(path, "re")) == NULL)
		fail_msg("no %s", path);
	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		rows++;
		bad += fn(line);
	}
	free(line);
	fclose(f);
	assert_true(rows > 500);
	assert_int_equal(bad, 0);
}

static void
lines_print_as_in_the_table(void **state)
{
	(void)state;
	each_row(row_fails);
}

/* --- JSON -------------------------------------------------------------- */

/* A rule as text, and all that its JSON says beside that text. */
struct said {
	char *text, *json;
};
static struct said said[4096];
static size_t nsaid;

static void
keep(const struct pf_rule *r)
{
	struct pf_ioc_rule ioc = r->r;
	struct pf_print pp;
	struct json *js;
	struct said *s = &said[nsaid++];
	char *line, *end;
	size_t n;
	FILE *f;

	assert_true(nsaid < nitems(said));
	ioc.nr = 0;
	pp = (struct pf_print){ open_memstream(&s->text, &n), 0 };
	print_rule(&pp, &ioc, r->ents, NULL);
	fclose(pp.f);
	f = open_memstream(&s->json, &n);
	js = json_begin(f);
	json_object(js, NULL);
	json_rule(js, 0, &ioc, r->ents);
	json_finish(js);
	fclose(f);
	assert_non_null(line = strstr(s->json, "\"text\": "));
	assert_non_null(end = strchr(line, '\n'));
	memmove(line, end, strlen(end) + 1);
}

static int
row_says(char *row)
{
	struct pf_ruleset *rs;
	struct pf_rule *r;
	struct pfconf *pc;
	char *in;
	int i;

	*strchr(row, '\t') = '\0';
	in = unescape(row);
	pc = pfconf_new(stderr, stderr, OPT_NODNS, &pf_ifs_host);
	pc->optimize = OPTIMIZE_NONE;
	conf_push_text(pc->lex, in, strlen(in), "t");
	pfconf_parse(pc, "");
	pfconf_finish(pc);
	TAILQ_FOREACH(rs, &pc->rulesets, entry)
		for (i = 0; i < PF_RS_MAX; i++)
			TAILQ_FOREACH(r, &rs->rules[i], entry)
				keep(r);
	pfconf_free(pc);
	free(in);
	return (0);
}

static int
by_json(const void *a, const void *b)
{
	return (strcmp(((const struct said *)a)->json,
	    ((const struct said *)b)->json));
}

/* Rules that differ as text differ in JSON: it leaves nothing out. */
static void
json_says_as_much_as_text(void **state)
{
	size_t i;
	int bad = 0;

	(void)state;
	each_row(row_says);
	qsort(said, nsaid, sizeof(said[0]), by_json);
	for (i = 1; i < nsaid; i++)
		if (strcmp(said[i].json, said[i - 1].json) == 0 &&
		    strcmp(said[i].text, said[i - 1].text) != 0) {
			print_error("the same JSON:\n%s\n%s\n",
			    said[i - 1].text, said[i].text);
			bad++;
		}
	for (i = 0; i < nsaid; i++) {
		free(said[i].text);
		free(said[i].json);
	}
	assert_true(nsaid > 600);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_print_as_in_the_table),
		cmocka_unit_test(json_says_as_much_as_text),
	};

	return (
	    cmocka_run_group_tests_name("pfctl: printing", tests, NULL, NULL));
}
