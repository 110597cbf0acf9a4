/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Longest-prefix match: a set of prefixes, each with a value.  See lpm(9).
 *
 * One structure for both families: a prefix is sixteen bytes of which the
 * first plen bits count.  Nothing else is known about addresses here.
 */

#ifndef _NET_LPM_H_
#define _NET_LPM_H_

#include <sys/types.h>
#include <net/ip_addr.h>

/* Or a leaf: see lpm.c. */
struct lpm_node {
	uint64_t set[2]; /* which prefixes of length 1..6 are here */
	uint64_t kids; /* which of the 64 chunks go on */
	struct lpm_block *block; /* kids' nodes, then values; NULL: none */
};

struct lpm {
	struct lpm_node root;
	void *dflt; /* value of the empty prefix */
	uint64_t prefixes, nodes, bytes;
};

void lpm_sysinit(void); /* at boot: the pools */
void lpm_init(struct lpm *t);
/* All prefixes must be gone. */
void lpm_destroy(struct lpm *t);

/* Value of the longest prefix that holds a and is at most maxlen long; NULL. */
void *lpm_match(const struct lpm *t, const struct ip_addr *a, unsigned int maxlen);
/* Value of exactly this prefix; NULL. */
void *lpm_find(const struct lpm *t, const struct ip_addr *a, unsigned int plen);
/*
 * Adds a prefix (bits behind plen are ignored) or replaces its value, which
 * must not be NULL nor an odd address.  0, or ENOMEM and nothing has changed;
 * replacing cannot fail.
 */
int lpm_insert(struct lpm *t, const struct ip_addr *a, unsigned int plen, void *value);
/* Takes a prefix out; its value, NULL if it was not there.  Cannot fail. */
void *lpm_remove(struct lpm *t, const struct ip_addr *a, unsigned int plen);
/*
 * The first prefix behind (a, plen) in order of address, then length; with
 * *started false, the first of all.  Its value, with *a and *plen set; NULL
 * at the end.  Changes between calls are allowed.
 */
void *lpm_next(const struct lpm *t, struct ip_addr *a, unsigned int *plen, bool *started);

#endif
