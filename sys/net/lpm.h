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

struct lpm {
	void *root; /* a node or a leaf, see lpm.c; NULL: none */
	void *dflt; /* value of the empty prefix */
	struct lpm_dir *dir; /* of a large set; NULL: none */
	uint64_t prefixes, nodes, bytes;
};

void lpm_sysinit(void); /* at boot: the pools */
void lpm_init(struct lpm *t);
/* All prefixes must be gone. */
void lpm_destroy(struct lpm *t);

/* Value of the longest prefix that holds a and is at most maxlen long; NULL. */
void *lpm_match(const struct lpm *t, const struct ip_addr *a, unsigned int maxlen);
/* The same for n addresses at once: value[i] is that of a[i]. */
void lpm_match_many(const struct lpm *t, const struct ip_addr *a, unsigned int n, unsigned int maxlen, void **value);
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
