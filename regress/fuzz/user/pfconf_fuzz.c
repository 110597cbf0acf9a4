/* LINK: sbin/pfctl */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Any bytes as a pf.conf: no crash, no leak; what is read without error is
 * printed, and what was printed is read again and prints the same.  Host
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *one, *two;

	if (null == NULL && (null = fopen("/dev/null", "w")) == NULL)
		return (0);
	free(printed(data, size, OPTIMIZE_BASIC));
	if (memmem(data, size, "include", 7) != NULL ||
	    (one = printed(data, size, OPTIMIZE_NONE)) == NULL)
		return (0);
	two = printed(strchr(one, '\n') + 1, strlen(strchr(one, '\n') + 1),
	    OPTIMIZE_NONE);
	if (!has_quirk(one) && (two == NULL || strcmp(one, two) != 0)) {
		fprintf(stderr, "printed:\n%s\nand then:\n%s\n", one,
		    two != NULL ? two : "errors");
		abort();
	}
	free(one);
	free(two);
	return (0);
}
