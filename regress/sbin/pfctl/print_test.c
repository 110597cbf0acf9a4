/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a line of pf.conf prints, row by row of printed.txt: the line, a tab,
 * what `pfctl -o none -nvf -' prints of it; \n stands for a newline, \\ for a backslash.  What is
 * printed is read again and prints the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pfctl.h"

/* What text prints, errors with it; the caller frees. */
static char *
printed(const char *text)
{
	struct pfconf *pc;
	char *out;
	size_t n;
	FILE *f = open_memstream(&out, &n);

	pc = pfconf_new(f, f, OPT_VERBOSE | OPT_NODNS, &pf_ifs_host);
	pc->optimize = OPTIMIZE_NONE;
	conf_push_text(pc->lex, text, strlen(text), "t");
	pfconf_parse(pc, "");
	pfconf_finish(pc);
	fclose(f);
	pfconf_free(pc);
	return (out);
}

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

static void
lines_print_as_in_the_table(void **state)
{
	const char *top = getenv("TOP");
	char path[1024], *line = NULL;
	size_t size = 0;
	ssize_t n;
	int rows = 0, bad = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/regress/sbin/pfctl/printed.txt",
	    top != NULL ? top : ".");
	if ((f = fopen(path, "re")) == NULL)
		fail_msg("no %s", path);
	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		rows++;
		bad += row_fails(line);
	}
	free(line);
	fclose(f);
	assert_true(rows > 500);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_print_as_in_the_table),
	};

	return (
	    cmocka_run_group_tests_name("pfctl: printing", tests, NULL, NULL));
}
