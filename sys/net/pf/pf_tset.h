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
	uint64_t hosts[2]; /* in those, as pf_net_hosts() counts */
	TAILQ_ENTRY(pf_tset) grave;
	struct pf_tset *heir; /* of what was counted, once buried; NULL */
};

/* Hosts of a network, as pools tell them apart. */
#define PF_NET_HOSTS_MAX (1U << 24)
static inline uint32_t
pf_net_hosts(sa_family_t af, unsigned int plen)
{
	unsigned int bits = (af == AF_INET ? 32U : 128U) - plen;

	return (bits >= 24 ? PF_NET_HOSTS_MAX : 1U << bits);
}

void pf_tset_init(void);          /* at boot */
struct pf_tset *pf_tset_new(void); /* NULL: no memory */
/* Takes it apart, later.  NULL allowed. */
void pf_tset_bury(struct pf_tset *s);
/* 0, EEXIST (with whichever sign), ENOMEM.  Bits behind plen are 0. */
int pf_tset_add(struct pf_tset *s, sa_family_t af, const struct ip_addr *a,
    unsigned int plen, bool neg);
/* The same for one that comes in the place of old (NULL: of none): with the same
 * sign it is as old as that. */
int pf_tset_add_like(struct pf_tset *s, sa_family_t af,
    const struct ip_addr *a, unsigned int plen, bool neg,
    const struct pf_tentry *old);
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
/* Before from is buried: entries of s that are in both, with the same sign, and
 * were added like those of from, get what was counted while it is taken apart. */
void pf_tset_inherit(struct pf_tset *s, struct pf_tset *from);

#endif
