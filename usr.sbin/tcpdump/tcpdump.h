/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms of tcpdump share. */

#ifndef TCPDUMP_H
#define TCPDUMP_H

#include <stdbool.h>
#include <stdint.h>

#define SNAPLEN 262144

struct opts {
	const char *ifname, *file, *linktype;
	bool list, linktypes, stamptypes, nopromisc, offline, immediate;
	int dump; /* how often -d: print the filter, not packets */
	uint32_t snaplen, hide, bufsize; /* hide: BPF_DIRECTION_* not shown */
	char **pass;                     /* for the system's tcpdump */
	int npass;
};

/* Reads the options; what is not ours is passed on.  The first word after. */
int options_read(struct opts *o, int argc, char *argv[]);
void pass(struct opts *o, char *arg);

/* "tcpdump: ...", status 1. */
void fail(const char *fmt, ...)
    __attribute__((__noreturn__, __format__(__printf__, 1, 2)));

#endif
