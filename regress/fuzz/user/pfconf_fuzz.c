/* LINK: sbin/pfctl */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Any bytes as a pf.conf: no crash, no leak; what is read without error is
 * printed, and what was printed is read again and prints the same.  So is what
 * the optimiser makes of it, but its tables come before the rules then.  Host
 * names are not asked for.  Files: what is included is not ours to judge.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sbin/pfctl/pfctl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *null;

/* What text prints, NULL: it has errors. */
static char *
printed(const void *text, size_t size, enum optimize o)
{
	static const char prefix[] = "set require-order no\n";
	char *out = NULL;
	size_t n;
	FILE *f = open_memstream(&out, &n);
	struct pfconf *pc = pfconf_new(f, null,
	    OPT_NOACTION | OPT_VERBOSE | OPT_NODNS, &pf_ifs_host);
	int errors;

	pc->optimize = o;
	pc->optimize_fixed = true;
	conf_push_text(pc->lex, text, size, "fuzz");
	if (o == OPTIMIZE_NONE)
		conf_push_text(pc->lex, prefix, sizeof(prefix) - 1, "prefix");
	pfconf_parse(pc, "");
	errors = pfconf_finish(pc);
	pfconf_free(pc);
	fclose(f);
	if (errors == 0)
		return (out);
	free(out);
	return (NULL);
}

/*
 * Words whose text does not say all of what they do.  A state policy holds for
 * the rules after it, and is printed in front of all of them.
 */
static bool
has_quirk(const char *text)
{
	return (strstr(text, "\\ ") != NULL || strstr(text, "\\\t") != NULL ||
	    strstr(text, "\\\"\n") != NULL ||
	    strstr(text, "set state-policy if-bound") != NULL ||
	    strstr(text, "set state-policy group-bound") != NULL ||
	    strstr(text, "file \"") != NULL);
}

static void
differ(const char *one, const char *two)
{
	fprintf(stderr, "printed:\n%s\nand then:\n%s\n", one,
	    two != NULL ? two : "errors");
	abort();
}

/* What was printed behind the first line, the fuzzer's own, is read again. */
static void
judge_plain(const char *one)
{
	const char *rest = strchr(one, '\n') + 1;
	char *two = printed(rest, strlen(rest), OPTIMIZE_NONE);

	if (!has_quirk(one) && (two == NULL || strcmp(one, two) != 0))
		differ(one, two);
	free(two);
}

static int
line_cmp(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* The lines of text in order, as one text; text is cut up. */
static char *
sorted(char *text)
{
	char *out = NULL, **line = NULL, *one;
	size_t n = 0, size, i;
	FILE *f = open_memstream(&out, &size);

	while ((one = strsep(&text, "\n")) != NULL) {
		line = realloc(line, (n + 1) * sizeof(*line));
		line[n++] = one;
	}
	qsort(line, n, sizeof(*line), line_cmp);
	for (i = 0; i < n; i++)
		fprintf(f, "%s\n", line[i]);
	fclose(f);
	free(line);
	return (out);
}

static void
judge_optimised(char *one)
{
	char *two, *a, *b;

	if (has_quirk(one))
		return;
	if ((two = printed(one, strlen(one), OPTIMIZE_NONE)) == NULL) {
		differ(one, two);
		return;
	}
	a = sorted(one);
	b = sorted(strchr(two, '\n') + 1);
	if (strcmp(a, b) != 0)
		differ(a, b);
	free(a);
	free(b);
	free(two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *basic, *plain = NULL;

	if (null == NULL && (null = fopen("/dev/null", "w")) == NULL)
		return (0);
	basic = printed(data, size, OPTIMIZE_BASIC);
	if (memmem(data, size, "include", 7) == NULL)
		plain = printed(data, size, OPTIMIZE_NONE);
	if (plain != NULL)
		judge_plain(plain);
	/* nothing was optimised: that is judged */
	if (plain != NULL && basic != NULL &&
	    strcmp(strchr(plain, '\n') + 1, basic) != 0)
		judge_optimised(basic);
	free(basic);
	free(plain);
	return (0);
}
