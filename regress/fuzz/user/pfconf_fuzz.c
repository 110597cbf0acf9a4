/* LINK: sbin/pfctl */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Any bytes as a pf.conf: no crash, no leak, and what loads is printed.
 * Host names are not asked for, files are not included by accident: the
 * fuzzer runs where no name resolves.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sbin/pfctl/pfctl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	struct pfconf *pc;

	if (null == NULL && (null = fopen("/dev/null", "w")) == NULL)
		return (0);
	pc = pfconf_new(null, null, OPT_NOACTION | OPT_VERBOSE | OPT_NODNS,
	    &pf_ifs_host);
	conf_push_text(pc->lex, (const char *)data, size, "fuzz");
	pfconf_parse(pc, "");
	pfconf_finish(pc);
	pfconf_free(pc);
	return (0);
}
