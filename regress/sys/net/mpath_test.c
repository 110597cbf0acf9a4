/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Equal routes: flows, how they spread, what moves when a way comes or goes.
 *
 * Four links pair0 .. pair3, each with a gateway .9 on it, and a default
 * route by each, in both families.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <net/ethernet.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <net/rtmsg.h>
#include <ktest.h>
#include <machine/kernel.h>

#define WAYS  4
#define FLOWS 2000

static struct proc owner;

static struct ip_addr
addr_of(sa_family_t af, unsigned int link, uint8_t host)
{
	struct ip_addr a = { .q = { 0, 0 } };

	if (af == AF_INET)
		return (ip_addr_v4(htonl(0x0a010000U | link << 8 | host)));
	a.b[0] = 0xfd;
	a.b[7] = (uint8_t)link;
	a.b[15] = host;
	return (a);
}

static int
way_add(sa_family_t af, unsigned int link, uint32_t flags)
{
	struct rt_want w = { .af = af,
		.gwaf = af,
		.flags = RTF_STATIC | flags,
		.gateway = addr_of(af, link, 9) };

	return (rtrequest_add(&w, NULL));
}

static struct rtentry *
way(sa_family_t af, unsigned int link)
{
	static const struct ip_addr any;
	struct ip_addr gw = addr_of(af, link, 9);
	struct rtentry *rt = rtable_lookup(0, af, &any, 0, RTP_STATIC);

	while (rt != NULL && !ip_addr_eq(&rt->rt_gateway, &gw))
		rt = rt->rt_next;
	return (rt);
}

static void
link_make(unsigned int i)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	struct if_req req = { .name = "" };
	struct if_addrreq addr;

	snprintf(req.name, sizeof(req.name), "pair%u", i);
	snprintf(req.text, sizeof(req.text), "pair%u", i + 100);
	KT_EQ(if_clone_create(req.text), 0);
	KT_EQ(if_setflags(if_unit(req.text), IFF_UP), 0);
	KT_EQ(if_ioctl_dispatch(SIOCSPAIR, &req, &owner), 0);
	KT_EQ(if_setflags(if_unit(req.name), IFF_UP), 0);
	for (size_t f = 0; f < nitems(families); f++) {
		memset(&addr, 0, sizeof(addr));
		strlcpy(addr.name, req.name, sizeof(addr.name));
		addr.af = families[f];
		addr.plen = addr.af == AF_INET ? 24 : 64;
		addr.addr = addr_of(addr.af, i, 1);
		addr.vltime = addr.pltime = UINT32_MAX;
		KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &addr, &owner), 0);
	}
}

static void
boot(unsigned int ways)
{
	static const struct kernel_params params = { .hostname = "test" };

	KT_EQ(kernel_boot(&params), 0);
	for (unsigned int i = 0; i < WAYS; i++)
		link_make(i);
	for (unsigned int i = 0; i < ways; i++) {
		KT_EQ(way_add(AF_INET, i, RTF_MPATH), 0);
		KT_EQ(way_add(AF_INET6, i, RTF_MPATH), 0);
	}
}

/* A UDP packet of flow n to a far host. */
static struct mbuf *
packet(sa_family_t af, unsigned int n)
{
	struct mbuf *m = m_getroom(M_HEADROOM, 64);
	uint8_t *p = mtod(m, uint8_t *);

	m->m_len = m->m_pkthdr.len = af == AF_INET ? 28 : 48;
	memset(p, 0, 64);
	if (af == AF_INET) {
		p[0] = 0x45;
		p[9] = 17;
		be32enc(p + 12, 0xc0000201);
		be32enc(p + 16, 0xc6336401);
		p += 20;
	} else {
		p[0] = 0x60;
		p[6] = 17;
		be32enc(p + 8, 0x20010db8);
		be32enc(p + 24, 0x20010db9);
		p += 40;
	}
	be16enc(p, (uint16_t)(1024 + n));
	be16enc(p + 2, 53);
	return (m);
}

/* The link that flow n takes; -1: none. */
static int
link_of_flow(sa_family_t af, unsigned int n)
{
	struct mbuf *m = packet(af, n);
	struct ip_addr dst = af == AF_INET ? ip_addr_v4(htonl(0xc6336401)) :
					     ip_addr_v6(m->m_data + 24);
	struct rtentry *rt;
	int error;

	rt = rt_resolve(0, af, &dst, m, &error);
	m_freem(m);
	if (rt == NULL)
		return (-1);
	KT((rt->rt_flags & RTF_GATEWAY) != 0);
	return (rt->rt_ifp->if_xname[4] - '0');
}

static void
flows_map(sa_family_t af, int map[FLOWS], unsigned int count[WAYS])
{
	memset(count, 0, WAYS * sizeof(*count));
	for (unsigned int n = 0; n < FLOWS; n++) {
		map[n] = link_of_flow(af, n);
		KT(map[n] >= 0 && map[n] < WAYS);
		count[map[n]]++;
	}
}

KTEST(mpath_flows_spread_and_stay)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	static int map[FLOWS], again[FLOWS];
	unsigned int count[WAYS];

	boot(WAYS);
	for (size_t f = 0; f < nitems(families); f++) {
		flows_map(families[f], map, count);
		for (unsigned int i = 0; i < WAYS; i++)
			KT(count[i] > FLOWS / WAYS * 8 / 10 &&
			    count[i] < FLOWS / WAYS * 12 / 10);
		flows_map(families[f], again, count);
		KT(memcmp(map, again, sizeof(map)) == 0);
	}
}

/* Ways 0 to 3 weigh 1 to 4: so much of the flows each gets. */
KTEST(mpath_weights_share_the_flows)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	static int map[FLOWS], again[FLOWS];
	unsigned int count[WAYS];

	boot(WAYS);
	for (size_t f = 0; f < nitems(families); f++) {
		for (unsigned int i = 0; i < WAYS; i++) {
			struct rt_want w = { .weight = (uint8_t)(i + 1) };

			KT_EQ(rtrequest_change(way(families[f], i), &w, 0), 0);
			KT_EQ(way(families[f], i)->rt_weight, i + 1);
		}
		flows_map(families[f], map, count);
		for (unsigned int i = 0; i < WAYS; i++)
			KT(count[i] > FLOWS / 10 * (i + 1) * 8 / 10 &&
			    count[i] < FLOWS / 10 * (i + 1) * 12 / 10);
		KT_EQ(rtrequest_delete(way(families[f], 3)), 0);
		flows_map(families[f], again, count);
		for (unsigned int n = 0; n < FLOWS; n++)
			KT(map[n] == 3 || again[n] == map[n]);
		for (unsigned int i = 0; i < 3; i++)
			KT(count[i] > FLOWS / 6 * (i + 1) * 8 / 10);
	}
}

/* Flows of the ways that stay do not move, when one goes and when it is back. */
static void
away_and_back(sa_family_t af, void (*away)(sa_family_t),
    void (*back)(sa_family_t))
{
	static int before[FLOWS], now[FLOWS];
	unsigned int count[WAYS];

	flows_map(af, before, count);
	away(af);
	flows_map(af, now, count);
	KT_EQ(count[2], 0);
	for (unsigned int n = 0; n < FLOWS; n++)
		KT(before[n] == 2 || now[n] == before[n]);
	for (unsigned int i = 0; i < WAYS; i++)
		KT(i == 2 || count[i] > FLOWS / 3 * 8 / 10);
	back(af);
	flows_map(af, now, count);
	KT(memcmp(before, now, sizeof(now)) == 0);
}

static void
link_down(sa_family_t af)
{
	if_setflags(if_unit("pair102"), 0); /* carrier goes */
}

static void
link_up(sa_family_t af)
{
	if_setflags(if_unit("pair102"), IFF_UP);
}

static void
route_gone(sa_family_t af)
{
	KT_EQ(rtrequest_delete(way(af, 2)), 0);
}

static void
route_back(sa_family_t af)
{
	KT_EQ(way_add(af, 2, RTF_MPATH), 0);
}

static void
gateway_silent(sa_family_t af)
{
	struct ip_addr gw = addr_of(af, 2, 9);

	rt_neighbour_lost(if_unit("pair2"), &gw);
}

static void
gateway_speaks(sa_family_t af)
{
	struct ip_addr gw = addr_of(af, 2, 9);

	rt_neighbour_found(if_unit("pair2"), &gw);
}

static void
time_passes(sa_family_t af)
{
	sim_advance_us(20000001);
	kernel_step();
}

KTEST(mpath_only_flows_of_a_dead_way_move)
{
	boot(WAYS);
	away_and_back(AF_INET, link_down, link_up);
	away_and_back(AF_INET6, link_down, link_up);
	away_and_back(AF_INET, route_gone, route_back);
	away_and_back(AF_INET6, route_gone, route_back);
	away_and_back(AF_INET, gateway_silent, gateway_speaks);
	away_and_back(AF_INET6, gateway_silent, gateway_speaks);
	away_and_back(AF_INET, gateway_silent, time_passes);
	away_and_back(AF_INET6, gateway_silent, time_passes);
}

KTEST(mpath_a_gateway_that_does_not_answer_is_left)
{
	struct rt_want w = { .af = AF_INET,
		.gwaf = AF_LINK,
		.plen = 32,
		.dst = addr_of(AF_INET, 1, 9),
		.gateway = { .b = { 2, 0, 0, 0, 0, 9 } },
		.flags = RTF_HOST | RTF_STATIC };
	unsigned int on2 = 0, lost = 0;
	int error;

	boot(2);
	w.ifp = if_unit("pair1");
	/* packets of flows by both; on pair0 nobody answers ARP */
	KT_EQ(rtrequest_add(&w, NULL), 0);
	for (unsigned int second = 0; second < 9; second++) {
		for (unsigned int n = 0; n < 50; n++) {
			struct mbuf *m = packet(AF_INET, n);
			struct ip_addr dst = ip_addr_v4(htonl(0xc6336401));
			struct rtentry *rt = rt_resolve(0, AF_INET, &dst, m,
			    &error);
			struct nexthop nh = { .nh_af = AF_INET,
				.nh_addr = rt->rt_gateway };

			if (second >= 7) {
				on2 += rt->rt_ifp == if_unit("pair1");
				lost += rt->rt_ifp == if_unit("pair0");
			}
			rt->rt_ifp->if_output(rt->rt_ifp, m, &nh, rt);
		}
		sim_advance_us(1000000);
		kernel_step();
	}
	KT_EQ(on2, 100);
	KT_EQ(lost, 0);
}

KTEST(mpath_all_dead_is_no_worse_than_one)
{
	boot(2);
	for (unsigned int i = 0; i < 2; i++) {
		struct ip_addr gw = addr_of(AF_INET, i, 9);

		rt_neighbour_lost(if_unit(i == 0 ? "pair0" : "pair1"), &gw);
	}
	KT(link_of_flow(AF_INET, 1) >= 0); /* tried all the same */
	if_setflags(if_unit("pair100"), 0);
	for (unsigned int n = 0; n < 20; n++)
		KT_EQ(link_of_flow(AF_INET, n), 1);
	if_setflags(if_unit("pair101"), 0);
	KT_EQ(link_of_flow(AF_INET, 1), -1);
}

static uint32_t
flow_with(sa_family_t af, uint32_t off, uint8_t v, uint32_t len)
{
	struct mbuf *m = packet(af, 0);
	uint32_t flow;

	if (off < 64)
		m->m_data[off] = (char)v;
	if (len != 0)
		m->m_len = m->m_pkthdr.len = len;
	flow = rt_flow(m);
	m_freem(m);
	return (flow);
}

KTEST(mpath_what_a_flow_is)
{
	uint32_t f4, f6, frag;

	boot(0);
	f4 = flow_with(AF_INET, 64, 0, 0);
	f6 = flow_with(AF_INET6, 64, 0, 0);
	KT(f4 != f6);
	KT(flow_with(AF_INET, 8, 99, 0) == f4); /* TTL */
	KT(flow_with(AF_INET, 5, 99, 0) == f4); /* id */
	KT(flow_with(AF_INET, 15, 99, 0) != f4);
	KT(flow_with(AF_INET, 19, 99, 0) != f4);
	KT(flow_with(AF_INET, 9, 6, 0) != f4);
	KT(flow_with(AF_INET, 21, 99, 0) != f4);
	KT(flow_with(AF_INET, 23, 99, 0) != f4);
	KT(flow_with(AF_INET, 25, 99, 0) == f4); /* UDP length */
	/* fragments go together, the first too, whatever is where ports were */
	frag = flow_with(AF_INET, 6, 0x20, 0);
	KT(frag != f4);
	KT(flow_with(AF_INET, 7, 0x20, 0) == frag);
	/* no ports: another protocol, or cut off */
	KT(flow_with(AF_INET, 9, 1, 0) != flow_with(AF_INET, 9, 47, 0));
	KT(flow_with(AF_INET, 64, 0, 22) == flow_with(AF_INET, 64, 0, 20));
	KT_EQ(flow_with(AF_INET, 64, 0, 19), 0);
	KT_EQ(flow_with(AF_INET, 0, 0x75, 0), 0); /* no IP */

	KT(flow_with(AF_INET6, 7, 99, 0) == f6); /* hop limit */
	KT(flow_with(AF_INET6, 3, 99, 0) == f6); /* label */
	KT(flow_with(AF_INET6, 23, 99, 0) != f6);
	KT(flow_with(AF_INET6, 39, 99, 0) != f6);
	KT(flow_with(AF_INET6, 41, 99, 0) != f6);
	KT(flow_with(AF_INET6, 6, 44, 0) != f6); /* a fragment */
	KT_EQ(flow_with(AF_INET6, 64, 0, 39), 0);
}

KTEST(mpath_is_asked_for_and_shown)
{
	boot(0);
	KT_EQ(way_add(AF_INET, 0, 0), 0);
	KT_EQ(way_add(AF_INET, 1, 0), EEXIST);
	KT((way(AF_INET, 0)->rt_flags & RTF_MPATH) == 0);
	KT_EQ(way_add(AF_INET, 1, RTF_MPATH), 0);
	KT((way(AF_INET, 0)->rt_flags & RTF_MPATH) != 0);
	KT((way(AF_INET, 1)->rt_flags & RTF_MPATH) != 0);
	KT_EQ(way_add(AF_INET, 1, RTF_MPATH), EEXIST);
	KT_EQ(way_add(AF_INET, 2, RTF_MPATH), 0);
	KT_EQ(rtrequest_delete(way(AF_INET, 0)), 0);
	KT((way(AF_INET, 1)->rt_flags & RTF_MPATH) != 0);
	KT_EQ(rtrequest_delete(way(AF_INET, 2)), 0);
	KT((way(AF_INET, 1)->rt_flags & RTF_MPATH) == 0);
	KT_EQ(link_of_flow(AF_INET, 1), 1);
}

KTEST(mpath_better_priorities_come_first)
{
	struct rt_want w = { .af = AF_INET,
		.gwaf = AF_INET,
		.priority = 40,
		.flags = RTF_STATIC | RTF_MPATH,
		.gateway = addr_of(AF_INET, 3, 9) };

	boot(2);
	KT_EQ(rtrequest_add(&w, NULL), 0);
	for (unsigned int n = 0; n < 100; n++)
		KT(link_of_flow(AF_INET, n) < 2);
	if_setflags(if_unit("pair100"), 0);
	if_setflags(if_unit("pair101"), 0);
	KT_EQ(link_of_flow(AF_INET, 1), 3);
}

KTEST(mpath_never_beside_the_kernels_own)
{
	struct rt_want w = { .af = AF_INET,
		.gwaf = AF_INET,
		.plen = 24,
		.priority = RTP_CONNECTED,
		.flags = RTF_STATIC | RTF_MPATH,
		.dst = addr_of(AF_INET, 0, 0),
		.gateway = addr_of(AF_INET, 1, 9) };

	boot(0);
	KT_EQ(rtrequest_add(&w, NULL), EEXIST);
}

KTEST_NTH(mpath_short_of_memory)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	int error;
	long live;

	boot(2);
	for (size_t f = 0; f < nitems(families); f++)
		for (unsigned int i = 0; i < 2; i++)
			KT_EQ(rtrequest_delete(way(families[f], i)), 0);
	kernel_step();
	live = sim_live();
	sim_fail_nth(n);
	for (size_t f = 0; f < nitems(families); f++)
		for (unsigned int i = 0; i < WAYS; i++) {
			error = way_add(families[f], i, RTF_MPATH);
			KT(error == 0 || (error == ENOMEM && sim_failed()));
			KT((error == 0) == (way(families[f], i) != NULL));
		}
	for (size_t f = 0; f < nitems(families); f++)
		for (unsigned int i = 0; i < WAYS; i++)
			if (way(families[f], i) != NULL)
				KT_EQ(rtrequest_delete(way(families[f], i)), 0);
	kernel_step();
	KT_EQ(sim_live(), live);
}
