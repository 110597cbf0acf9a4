/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pfctl.h"

int
main(int argc, char **argv)
{
	int ch, opts = 0;
	const char *file = NULL;
	bool none = false;
	struct pfconf *pc;
	while ((ch = getopt(argc, argv, "nvf:o:")) != -1)
		switch (ch) {
		case 'n':
			opts |= OPT_NOACTION;
			break;
		case 'v':
			opts |= opts & OPT_VERBOSE ? OPT_VERBOSE2 : OPT_VERBOSE;
			break;
		case 'f':
			file = optarg;
			break;
		case 'o':
			none = strcmp(optarg, "none") == 0;
			break;
		}
	pc = pfconf_new(stdout, stderr, opts, &pf_ifs_host);
	if (none) {
		pc->optimize = OPTIMIZE_NONE;
		pc->optimize_fixed = true;
	}
	pfconf_file(pc, file, "");
	if (pfconf_finish(pc)) {
		fflush(stdout);
		errx(1, "Syntax error in config file: pf rules not loaded");
	}
	pfconf_free(pc);
	return (0);
}
