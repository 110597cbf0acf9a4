/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* arp: shows ARP entries: IPv4 addresses with their link addresses. */

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <libutil/nbrshow.h>

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: arp [-n] -a\n       arp [-n] hostname\n");
	exit(2);
}

int
main(int argc, char *argv[])
{
	bool all = false, numeric = false;
	int ch;

	while ((ch = getopt(argc, argv, "an")) != -1) {
		if (ch == 'a')
			all = true;
		else if (ch == 'n')
			numeric = true;
		else
			usage();
	}
	if (argc - optind != (all ? 0 : 1))
		usage();
	bsd_require("arp");
	return (nbr_show("arp", AF_INET, all ? NULL : argv[optind], numeric));
}
