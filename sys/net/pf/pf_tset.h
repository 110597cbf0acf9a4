/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* A set of networks of both families (pf_tset.c). */

#ifndef _NET_PF_PF_TSET_H_
#define _NET_PF_PF_TSET_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <net/ip_addr.h>
#include <net/lpm.h>

struct pf_tcount { /* [in out][block pass xpass] */
	uint64_t packets[2][3], bytes[2][3];
};
struct pf_tentry {
	struct pf_tcount *count; /* NULL: nothing counted yet */
	uint64_t tzero;          /* since when, wall seconds */
	bool neg;
};
struct pf_tset {
	struct lpm lpm[2]; /* v4, v6 */
	uint32_t n;        /* entries */
	uint32_t plain[2]; /* of these: not negated */
	SLIST_ENTRY(pf_tset) grave;
};

void pf_tset_init(void);          /* at boot */
struct pf_tset *pf_tset_new(void); /* NULL: no memory */
/* Takes it apart, later.  NULL allowed. */
void pf_tset_bury(struct pf_tset *s);
/* 0, EEXIST (with whichever sign), ENOMEM.  Bits behind plen are 0. */
int pf_tset_add(struct pf_tset *s, sa_family_t af, const struct ip_addr *a,
    unsigned int plen, bool neg);
bool pf_tset_remove(struct pf_tset *s, sa_family_t af, const struct ip_addr *a,
    unsigned int plen);
/* Exactly this network; NULL. */
struct pf_tentry *pf_tset_find(const struct pf_tset *s, sa_family_t af,
    const struct ip_addr *a, unsigned int plen);
/* The longest that holds a; NULL. */
struct pf_tentry *pf_tset_match(const struct pf_tset *s, sa_family_t af,
    const struct ip_addr *a);

/* All entries, v4 first, in order of address: begin with zeros.  The set may
 * change between calls.  NULL at the end. */
struct pf_tcursor {
	sa_family_t af;
	struct ip_addr addr;
	unsigned int plen;
	bool started;
};
struct pf_tentry *pf_tset_next(const struct pf_tset *s, struct pf_tcursor *c);

/* --- entries --- */
struct pf_tcount *pf_tentry_counters(struct pf_tentry *e); /* NULL: no memory */
void pf_tentry_clear(struct pf_tentry *e);
/* Entries that are in both, with the same sign, take over what was counted. */
void pf_tset_inherit(struct pf_tset *s, const struct pf_tset *from);

#endif
