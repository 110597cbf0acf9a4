/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Martians: packets whose addresses cannot be (RFC 1812 5.3.7, RFC 1122
 * 3.2.1.3, RFC 6890).
 *
 * A source must be the address of one host: not multicast, not broadcast,
 * not of class E, and zero only while a host looks for its address (then the
 * destination is the limited broadcast).  Neither end may be on 127/8 unless
 * the packet never left this host, or pf turned it to a local proxy, which
 * happens after this check.  One ladder, the common packet leaves it with
 * two comparisons.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>

static bool
net_is(uint32_t h, uint32_t first)
{
	return (h >> 24 == first);
}

static bool
martian_src(uint32_t src, uint32_t dst, bool inside)
{
	/* 1. no multicast, no class E, no broadcast */
	if (src >= 0xe0000000U)
		return (true);
	/* 2. "this host" speaks only to the limited broadcast */
	if (net_is(src, 0))
		return (src != 0 || dst != INADDR_BROADCAST_H);
	/* 3. loopback stays inside */
	return (net_is(src, 127) && !inside);
}

static bool
martian_dst(uint32_t dst, bool inside)
{
	/* 4. no class E but the limited broadcast */
	if (IN_EXPERIMENTAL(dst))
		return (dst != INADDR_BROADCAST_H);
	/* 5. nothing is addressed to "this network" */
	if (net_is(dst, 0))
		return (true);
	/* 6. loopback stays inside */
	return (net_is(dst, 127) && !inside);
}

bool
ip_martian(const struct ifnet *ifp, const struct mbuf *m, uint32_t src,
    uint32_t dst)
{
	bool inside = (ifp->if_flags & IFF_LOOPBACK) != 0 ||
	    (m->m_flags & M_LOOP) != 0;

	src = ntohl(src);
	dst = ntohl(dst);
	return (martian_src(src, dst, inside) || martian_dst(dst, inside));
}
