/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Frames that just came, and the routes that they will ask for.
 *
 * With many routes and many flows, neither the place of a prefix in its tree
 * nor its route is in a cache: each packet would wait for both, one after the
 * other.  A batch is looked up at once before it sets out, and its routes are
 * fetched, so that they wait side by side.
 *
 * Only hints: nothing is changed, and a frame that is read wrongly here, or
 * not at all, is slower.
 */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/socket.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>

#define EXPECT_MAX 32 /* frames at a time */

/* Where the destination stands in a frame (RFC 791 3.1, RFC 8200 3). */
#define INET_DST  (ETHER_HDR_LEN + 16)
#define INET6_DST (ETHER_HDR_LEN + 24)

static sa_family_t
frame_dst(const struct mbuf *m, struct ip_addr *dst)
{
	const uint8_t *at = mtod(m, const uint8_t *);
	unsigned int type;

	if (m->m_len < INET_DST + 4)
		return (AF_UNSPEC);
	type = (unsigned int)at[12] << 8 | at[13];
	memset(dst, 0, sizeof(*dst));
	if (type == ETHERTYPE_IP) {
		memcpy(dst->b, at + INET_DST, 4);
		return (AF_INET);
	}
	if (type != ETHERTYPE_IPV6 || m->m_len < INET6_DST + 16)
		return (AF_UNSPEC);
	memcpy(dst->b, at + INET6_DST, 16);
	return (AF_INET6);
}

void
rt_expect(const struct ifnet *ifp, const struct mbuf_list *frames)
{
	struct ip_addr dst[2][EXPECT_MAX], a;
	unsigned int n[2] = { 0, 0 }, seen = 0, six;
	const struct mbuf *m;
	sa_family_t af;

	if (!rtable_large(ifp->if_rtable, AF_INET) && !rtable_large(ifp->if_rtable, AF_INET6))
		return;
	for (m = frames->ml_head; m != NULL && seen++ < EXPECT_MAX; m = m->m_nextpkt) {
		if ((af = frame_dst(m, &a)) == AF_UNSPEC)
			continue;
		six = af == AF_INET6;
		dst[six][n[six]++] = a;
	}
	rtable_fetch(ifp->if_rtable, AF_INET, dst[0], n[0]);
	rtable_fetch(ifp->if_rtable, AF_INET6, dst[1], n[1]);
}
