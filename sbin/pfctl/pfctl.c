/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pfctl: the packet filter's control program.  All of it stands in the
 * other rooms, pf_cmd.c first, so that tests can call it.
 */

#include <libbsdsys/bsdsys.h>
#include "pf_ctl.h"

int
main(int argc, char **argv)
{
	bsd_tool("pfctl");
	return (pfctl_main(argc, argv));
}
