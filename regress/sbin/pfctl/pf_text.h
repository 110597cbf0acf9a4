/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* For pfctl's tests: a pf.conf as text, and what it prints. */

#include <stdlib.h>
#include <string.h>

#include "pfctl.h"

/* What text prints with -o none -nv, errors with it; the caller frees. */
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
