/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms of netstat share.  Functions give the exit status. */

#ifndef NETSTAT_H
#define NETSTAT_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	int af;                     /* AF_UNSPEC: both */
	const char *proto, *ifname; /* NULL: all */
	unsigned int table, wait_s, count;
	int stats; /* how often -s */
	bool all, bytes, drops, errors, human, numeric, seen, listening;
	bool samefamily, verbose, tabled;
	bool groups, interfaces, memory, domains, routes;
};
extern struct options opt;

int sockets_show(void);
int memory_show(void);
int interfaces_show(void);
int interval_show(void);
int groups_show(void);
int tables_show(void);

/* "netstat: what: errno's text"; gives 1. */
int complain(const char *what);
/* "1.5K" with -h, else the number; into buf, which is returned. */
const char *count_text(uint64_t n, char *buf, unsigned long size);

#endif
