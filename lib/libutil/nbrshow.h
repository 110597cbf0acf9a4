/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Neighbours as text, for arp and ndp. */

#ifndef LIBUTIL_NBRSHOW_H
#define LIBUTIL_NBRSHOW_H

#include <net/ip_addr.h>

#include <stdbool.h>
#include <stdint.h>

/* A row of net.inet6.nd6.cache: the kernel's struct nd6_row. */
struct nbr_row {
	struct ip_addr addr;
	char ifname[16];
	uint8_t lladdr[6];
	uint8_t state; /* NBR_* */
	uint8_t router, proxy, tries, held, pad;
	uint32_t expire_s; /* 0: never */
};
enum { NBR_INCOMPLETE, NBR_REACHABLE, NBR_STALE, NBR_DELAY, NBR_PROBE, NBR_PERMANENT, NBR_DELETE };
_Static_assert(sizeof(struct nbr_row) == 48, "as in the kernel");

/*
 * Prints the neighbours of family af, or only the one called host (NULL: all).
 * 0; 1 when that one is not there or something failed, after a message as prog.
 */
int nbr_show(const char *prog, int af, const char *host, bool numeric);

#endif
