/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Addresses of interfaces: their life, and "is it mine?".
 *
 * An address is made by its family (ifa_create, one reference, the maker's),
 * becomes visible with ifa_link(), which gives that reference to the list,
 * and is gone for look-ups after ifa_unlink().  It holds its interface.
 * All linked ones stand in a hash by family and address, so that each
 * received packet costs one look-up.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/if_var.h>
#include <net/rtable.h>

#define IFA_HASH  512
#define NFAMILIES 4

static LIST_HEAD(, ifaddr) ifa_hash[IFA_HASH];
static const struct if_family *if_families[NFAMILIES];

/* --- families --- */

void
if_family_register(const struct if_family *fam)
{
	for (size_t i = 0; i < NFAMILIES; i++)
		if (if_families[i] == NULL) {
			if_families[i] = fam;
			return;
		}
	panic("if_family_register: more than %d families", NFAMILIES);
}

const struct if_family *
if_family(sa_family_t af)
{
	for (size_t i = 0; i < NFAMILIES && if_families[i] != NULL; i++)
		if (if_families[i]->fam_af == af)
			return (if_families[i]);
	return (NULL);
}

/* --- life --- */

static size_t
ifa_slot(sa_family_t af, const struct ip_addr *a)
{
	uint64_t h = (a->q[0] ^ (a->q[1] * 31) ^ af) * 0x9e3779b97f4a7c15ULL;

	return ((size_t)(h >> 55) % IFA_HASH);
}

struct ifaddr *
ifa_create(struct ifnet *ifp, sa_family_t af, const struct ip_addr *a,
    unsigned int plen)
{
	struct ifaddr *ifa;

	if ((ifa = malloc(sizeof(*ifa), M_IFADDR, M_ZERO)) == NULL)
		return (NULL);
	refcnt_init(&ifa->ifa_refs);
	if_ref(ifp);
	ifa->ifa_ifp = ifp;
	ifa->ifa_af = af;
	ifa->ifa_plen = (uint8_t)plen;
	ifa->ifa_addr = *a;
	return (ifa);
}

void
ifa_ref(struct ifaddr *ifa)
{
	refcnt_take(&ifa->ifa_refs);
}

void
ifa_put(struct ifaddr *ifa)
{
	if (ifa == NULL || !refcnt_rele(&ifa->ifa_refs))
		return;
	if_put(ifa->ifa_ifp);
	free(ifa, M_IFADDR, sizeof(*ifa));
}

void
ifa_link(struct ifaddr *ifa)
{
	ASSERT_TOKEN();
	TAILQ_INSERT_TAIL(&ifa->ifa_ifp->if_addrs, ifa, ifa_entry);
	LIST_INSERT_HEAD(&ifa_hash[ifa_slot(ifa->ifa_af, &ifa->ifa_addr)], ifa,
	    ifa_hash);
	if_tell(IFE_ADDR_ADD, ifa->ifa_ifp, ifa, NULL);
}

void
ifa_unlink(struct ifaddr *ifa)
{
	ASSERT_TOKEN();
	TAILQ_REMOVE(&ifa->ifa_ifp->if_addrs, ifa, ifa_entry);
	LIST_REMOVE(ifa, ifa_hash);
	if_tell(IFE_ADDR_DEL, ifa->ifa_ifp, ifa, NULL);
	ifa_put(ifa);
}

/* --- look-ups --- */

struct ifaddr *
ifa_ifwithaddr(sa_family_t af, const struct ip_addr *a, uint32_t rtable)
{
	struct ifaddr *ifa;

	LIST_FOREACH(ifa, &ifa_hash[ifa_slot(af, a)], ifa_hash)
		if (ip_addr_eq(&ifa->ifa_addr, a) && ifa->ifa_af == af &&
		    ifa->ifa_ifp->if_rtable == rtable_l2(rtable))
			return (ifa);
	return (NULL);
}

struct ifaddr *
ifa_onif(struct ifnet *ifp, sa_family_t af, const struct ip_addr *a)
{
	struct ifaddr *ifa;

	LIST_FOREACH(ifa, &ifa_hash[ifa_slot(af, a)], ifa_hash)
		if (ifa->ifa_ifp == ifp && ip_addr_eq(&ifa->ifa_addr, a) &&
		    ifa->ifa_af == af)
			return (ifa);
	return (NULL);
}

/* How well ifa's link holds a: bits of the prefix, or -1. */
static int
ifa_covers(const struct ifaddr *ifa, const struct if_family *fam,
    const struct ip_addr *a)
{
	if ((ifa->ifa_ifp->if_flags & IFF_POINTOPOINT) != 0 &&
	    ip_addr_eq(&ifa->ifa_dst, a))
		return (fam->fam_maxplen);
	return (ip_addr_inprefix(a, &ifa->ifa_addr, ifa->ifa_plen) ?
		ifa->ifa_plen :
		-1);
}

struct ifaddr *
ifa_ifpforaddr(struct ifnet *ifp, sa_family_t af, const struct ip_addr *a)
{
	const struct if_family *fam = if_family(af);
	struct ifaddr *ifa, *best = NULL;
	int bits, most = -1;

	if (fam == NULL)
		return (NULL);
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry) {
		if (ifa->ifa_af != af ||
		    (bits = ifa_covers(ifa, fam, a)) <= most)
			continue;
		most = bits;
		best = ifa;
	}
	return (best);
}
