/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces as pf sees them: names that may or may not exist yet, groups,
 * and the addresses behind `(name)', which follow every change (pf_if.c,
 * pf_dyn.c).
 *
 * A kif is a name: of an interface, of a group, or of something still to
 * come.  It lives while an interface, a group, a rule, a state or a flag needs
 * it.  Packets find theirs by ifp->if_pf.
 */

#ifndef _NET_PF_PF_IF_H_
#define _NET_PF_PF_IF_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>
#include <net/if_var.h>
#include <net/pf/pf_ioctl.h>

struct pf_dyn;

struct pf_kif {
	RB_ENTRY(pf_kif) kif_tree;
	char kif_name[IFNAMSIZ];
	struct ifnet *kif_ifp; /* NULL: no such interface now */
	bool kif_isgroup;      /* a group of that name has members */
	bool kif_skip;         /* it, or one of its groups, has PFI_SKIP */
	uint32_t kif_flags;    /* PFI_SKIP */
	uint32_t kif_rules, kif_states, kif_refs;
	uint64_t kif_packets[2][2][2]; /* [v4 v6][in out][pass block] */
	uint64_t kif_bytes[2][2][2];
	uint64_t kif_tzero; /* wall seconds */
	TAILQ_HEAD(, pf_dyn) kif_dyns;
};

/* What holds a kif. */
enum pf_kif_ref { PF_KIF_RULE, PF_KIF_STATE, PF_KIF_OTHER };

/* At boot: an observer of all interface events; kifs of what is there. */
int pf_if_init(void); /* 0, ENOMEM */

/* The kif of that name with one reference more, made if need be.  NULL: no
 * memory. */
struct pf_kif *pf_kif_get(const char *name, enum pf_kif_ref why);
void pf_kif_ref(struct pf_kif *kif, enum pf_kif_ref why);
void pf_kif_put(struct pf_kif *kif, enum pf_kif_ref why); /* NULL allowed */
/* The kif of an attached interface: never NULL for one that pf saw arrive;
 * NULL when there was no memory then: the caller drops (PFRES_MEMORY). */
static inline struct pf_kif *
pf_kif_of(const struct ifnet *ifp)
{
	return ((struct pf_kif *)ifp->if_pf);
}
/* Is the packet's interface the one (or in the group) that a rule names?
 * rule NULL: any.  packet NULL: none. */
bool pf_kif_match(const struct pf_kif *rule, const struct pf_kif *packet);
/* Is it, or one of its groups, marked `set skip on'?  Cached: cheap. */
static inline bool
pf_kif_skipped(const struct pf_kif *kif)
{
	return (kif->kif_skip);
}
/* Is ifp that interface, or in that group? */
bool pf_kif_has(const struct pf_kif *kif, const struct ifnet *ifp);
/* `set skip': flag PFI_SKIP of that name on or off; empty name: off for all,
 * or on for the group "all".  0, ENOMEM. */
int pf_kif_setflag(const char *name, uint32_t flags, bool on);
/* Zeroes counters of name and its members; empty: all. */
void pf_kif_clear(const char *name);
/* All kifs, in order of name: how many; fills up to n rows of out (may be
 * NULL) whose name, or whose group, is filter (empty: all). */
unsigned int pf_kif_rows(const char *filter, struct pf_ioc_kif *out,
    unsigned int n);

/*
 * The addresses of (name), an interface, a group, or "self" for all of this
 * machine: in order of interfaces and of their configuration, each once,
 * link-local ones of IPv6 left out.  iflags: PF_IF_*; plen: what each is cut to
 * (128, or 32 for v4: not).  af: AF_UNSPEC for both.  NULL: no memory.
 */
struct pf_dyn *pf_dyn_get(const char *name, sa_family_t af, uint8_t plen,
    uint8_t iflags);
void pf_dyn_put(struct pf_dyn *dyn); /* NULL allowed */
bool pf_dyn_match(const struct pf_dyn *dyn, sa_family_t af,
    const struct ip_addr *a);
/* Entry i of family af: false past the end.  plen is 32 or 128 for addresses. */
bool pf_dyn_entry(const struct pf_dyn *dyn, sa_family_t af, unsigned int i,
    struct ip_addr *a, unsigned int *plen);
unsigned int pf_dyn_count(const struct pf_dyn *dyn); /* both families */
/* The addresses behind kif may be others now. */
void pf_dyn_follow(struct pf_kif *kif);

#endif
