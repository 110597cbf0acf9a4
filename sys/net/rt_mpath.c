/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Equal routes: one prefix, one priority, several ways (RFC 2991).
 *
 * All packets of a flow go one way.  A flow is what two hosts' transports
 * see: addresses, protocol and, where every packet of it has them, ports;
 * fragments have none, so all of a packet's go together.  The hash has a key
 * of its own, so that routers in a row do not all split alike.
 *
 * Each way draws a number for the flow, and the best wins (RFC 2992 calls it
 * highest random weight): when a way comes or goes, only flows of that way
 * move.  A draw u of 0..1 counts as u^(1/w) for a way of weight w, so that its
 * share of the flows is w of the sum of all weights.
 *
 * A way is not taken while its interface is down, or for a while after its
 * gateway did not answer (ARP and ND say so), as long as there is another.
 */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/rt_priv.h>
#include <net/rtable.h>
#include <crypto/siphash.h>

#define LOST    64
#define LOST_US 20000000 /* a silent gateway is not tried again */

#define PROTO_TCP     6
#define PROTO_UDP     17
#define PROTO_DCCP    33
#define PROTO_SCTP    132
#define PROTO_UDPLITE 136

static struct siphash_key key;

/* Gateways that did not answer; one that meets another's place replaces it. */
static struct lost {
	struct ip_addr addr;
	uint32_t ifindex; /* 0: nobody */
	uint64_t until_us;
} lost[LOST];

void
rt_mpath_init(void)
{
	arc4random_buf(&key, sizeof(key));
}

/* --- flows --- */

static bool
proto_hasports(uint8_t proto)
{
	return (proto == PROTO_TCP || proto == PROTO_UDP ||
	    proto == PROTO_SCTP || proto == PROTO_UDPLITE ||
	    proto == PROTO_DCCP);
}

/* Both addresses of the IP packet at m_data.  False: it has none. */
static bool
flow_addrs(const struct mbuf *m, uint64_t word[4])
{
	uint8_t buf;
	const uint8_t *first = m_peek(m, 0, 1, &buf);

	if (first == NULL)
		return (false);
	if (*first >> 4 == 4)
		return (m_copydata(m, 12, 8, word) == 0);
	return (*first >> 4 == 6 && m_copydata(m, 8, 32, word) == 0);
}

uint32_t
rt_flow(const struct mbuf *m)
{
	uint64_t word[5] = { 0, 0, 0, 0, 0 };
	uint32_t ports = 0;
	struct if_l4 l4;

	if (m->m_pkthdr.flowid != 0)
		return (m->m_pkthdr.flowid);
	if (!flow_addrs(m, word))
		return (0);
	if (if_l4_find(m, 0, &l4) == 0) {
		word[4] = (uint64_t)l4.proto << 32;
		if (proto_hasports(l4.proto) &&
		    m_copydata(m, l4.l4, sizeof(ports), &ports) == 0)
			word[4] |= ports;
	}
	return ((uint32_t)siphash24_words(&key, word, nitems(word)));
}

/* --- gateways that do not answer --- */

static struct lost *
lost_place(uint32_t ifindex, const struct ip_addr *a)
{
	uint64_t word[3] = { a->q[0], a->q[1], ifindex };

	return (&lost[siphash24_words(&key, word, nitems(word)) % LOST]);
}

static bool
lost_is(const struct lost *l, uint32_t ifindex, const struct ip_addr *a)
{
	return (l->ifindex == ifindex && ip_addr_eq(&l->addr, a));
}

void
rt_neighbour_lost(const struct ifnet *ifp, const struct ip_addr *a)
{
	struct lost *l = lost_place(ifp->if_index, a);

	l->addr = *a;
	l->ifindex = ifp->if_index;
	l->until_us = uptime_us() + LOST_US;
}

void
rt_neighbour_found(const struct ifnet *ifp, const struct ip_addr *a)
{
	struct lost *l = lost_place(ifp->if_index, a);

	if (lost_is(l, ifp->if_index, a))
		l->ifindex = 0;
}

static bool
way_lost(const struct rtentry *rt)
{
	const struct lost *l;

	if ((rt->rt_flags & RTF_GATEWAY) == 0)
		return (false);
	l = lost_place(rt->rt_ifp->if_index, &rt->rt_gateway);
	return (lost_is(l, rt->rt_ifp->if_index, &rt->rt_gateway) &&
	    l->until_us > uptime_us());
}

/* --- the choice --- */

struct rtentry *
rt_mpath_next(const struct rtentry *rt)
{
	uint8_t priority = rt->rt_priority;
	struct rtentry *next = rt->rt_next;

	while (next != NULL && next->rt_priority == priority &&
	    (next->rt_flags & RTF_UP) == 0)
		next = next->rt_next;
	return (next != NULL && next->rt_priority == priority ? next : NULL);
}

/* The draw of a way for a flow.  The way is known by where it leads. */
static uint64_t
way_draw(const struct rtentry *rt, uint32_t flow)
{
	uint64_t w = rt->rt_gateway.q[0] ^
	    rt->rt_gateway.q[1] * 0x9e3779b97f4a7c15ULL ^
	    (uint64_t)rt->rt_ifp->if_index << 32 ^ flow;

	w = (w ^ w >> 33) * 0xff51afd7ed558ccdULL;
	w = (w ^ w >> 29) * 0xc4ceb9fe1a85ec53ULL;
	return (w ^ w >> 32);
}

/* log2(1 + i/64), 16 bits behind the point. */
/* clang-format off */
static const uint32_t logs[65] = {
	0, 1466, 2909, 4331, 5732, 7112, 8473, 9814, 11136, 12440,
	13727, 14996, 16248, 17484, 18704, 19909, 21098, 22272, 23433, 24579,
	25711, 26830, 27936, 29029, 30109, 31178, 32234, 33279, 34312, 35334,
	36346, 37346, 38336, 39316, 40286, 41246, 42196, 43137, 44068, 44990,
	45904, 46809, 47705, 48593, 49472, 50344, 51207, 52063, 52911, 53751,
	54584, 55410, 56229, 57040, 57845, 58643, 59434, 60219, 60997, 61769,
	62534, 63294, 64047, 64794, 65536,
};
/* clang-format on */

/* -log2(u / 2^64) with 16 bits behind the point, u not 0; never 0. */
static uint64_t
log_below_one(uint64_t u)
{
	unsigned int zeros = (unsigned int)__builtin_clzll(u);
	uint32_t m = (uint32_t)(u << zeros >> 32) << 1; /* behind the 1 */
	uint32_t i = m >> 26, rest = m << 6 >> 16;
	uint32_t log = logs[i] + ((logs[i + 1] - logs[i]) * rest >> 16);

	return (((uint64_t)(zeros + 1) << 16) - log);
}

/* More is better.  Only weights above 1 need the logarithm. */
static uint64_t
way_score(const struct rtentry *rt, uint32_t flow, bool weighted)
{
	uint64_t u = way_draw(rt, flow);

	if (!weighted)
		return (u);
	return (((uint64_t)rt->rt_weight << 40) / log_below_one(u | 1));
}

static bool
ways_weighted(const struct rtentry *rt)
{
	for (; rt != NULL; rt = rt_mpath_next(rt))
		if (rt->rt_weight != 1)
			return (true);
	return (false);
}

struct rtentry *
rt_mpath_choose(struct rtentry *first, const struct mbuf *m)
{
	struct rtentry *rt, *best = NULL;
	uint32_t flow = m != NULL ? rt_flow(m) : 0;
	bool weighted = ways_weighted(first);
	uint64_t score, most = 0;
	bool alive, best_alive = false;

	for (rt = first; rt != NULL; rt = rt_mpath_next(rt)) {
		alive = !way_lost(rt);
		score = way_score(rt, flow, weighted);
		if (best != NULL &&
		    (alive == best_alive ? score <= most : !alive))
			continue;
		best = rt;
		best_alive = alive;
		most = score;
	}
	return (best);
}
