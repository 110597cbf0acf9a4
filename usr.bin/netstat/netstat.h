/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The parts of netstat among themselves.  Each prints, and gives the exit status. */

#ifndef NETSTAT_H
#define NETSTAT_H

#include <stdbool.h>

struct sockets_wanted {
	int af;            /* AF_UNSPEC: both */
	const char *proto; /* NULL: all */
	bool all;          /* those without a peer too */
	bool verbose;      /* who has them, what they lost */
	bool numeric;
};
int sockets_show(const struct sockets_wanted *w);
/* Routing domains and tables. */
int tables_show(void);
/* Packet memory, and the pools. */
int memory_show(void);
/* A line each wait_s seconds, count of them (0: until ended); only: an interface, NULL: all together. */
int interval_show(const char *only, unsigned int wait_s, unsigned int count,
    bool bytes);

#endif
