/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Routes while what they stand on changes, in both families: which of two is
 * used, links and addresses that go, gateways that become reachable another
 * way, neighbours that get another link address, and a walk through a table
 * that changes under it.  What fails leaves everything as it was.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/proc.h>
#include <sys/socket.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <net/rtsock.h>
#include <netinet/in.h>
#include <ktest.h>
#include <machine/kernel.h>

#define OWNER 1000
static struct proc owner = { .p_uid = OWNER };
static const sa_family_t families[] = { AF_INET, AF_INET6 };
static sa_family_t af;
#define BOTH(af)            \
	for (size_t f_ = 0; \
	     f_ < nitems(families) && ((af = families[f_]), true); f_++)

static struct ip_addr
addr_of(uint8_t net, uint8_t host)
{
	struct ip_addr a = { .q = { 0, 0 } };

	if (af == AF_INET)
		return (
		    ip_addr_v4(htonl(0x0a000000U | (uint32_t)net << 8 | host)));
	a.b[0] = 0xfd;
	a.b[7] = net;
	a.b[15] = host;
	return (a);
}

static uint8_t
plen_of(uint8_t v4)
{
	return (af == AF_INET ? v4 : (uint8_t)(v4 == 32 ? 128 : v4 + 40));
}

static int
address(const char *name, uint8_t net, uint8_t host, uint8_t plen, bool add)
{
	struct if_addrreq req = { .af = af,
		.plen = plen_of(plen),
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	strlcpy(req.name, name, sizeof(req.name));
	req.addr = addr_of(net, host);
	return (if_ioctl_dispatch(add ? SIOCAIFADDR_FG : SIOCDIFADDR_FG, &req,
	    &owner));
}

static void
run(uint64_t us)
{
	for (; us > 0; us -= MIN(us, 100000)) {
		sim_advance_us(100000);
		kernel_step();
	}
}

static void
up(const char *name, bool on)
{
	KT_EQ(if_setflags(if_unit(name),
		  on ? if_unit(name)->if_flags | IFF_UP :
		       if_unit(name)->if_flags & ~(uint32_t)IFF_UP),
	    0);
}

/* pair0 and pair1, with .1 of nets 0 and 1; what is made once has been made. */
static void
boot(void)
{
	static const struct kernel_params params = { .hostname = "test",
		.owner_uid = OWNER };
	struct if_req req;

	KT_EQ(kernel_boot(&params), 0);
	for (uint8_t i = 0; i < 2; i++) {
		memset(&req, 0, sizeof(req));
		snprintf(req.name, sizeof(req.name), "pair%u", i);
		snprintf(req.text, sizeof(req.text), "pair%u", i + 100U);
		KT_EQ(if_clone_create(req.text), 0);
		up(req.text, true);
		KT_EQ(if_ioctl_dispatch(SIOCSPAIR, &req, &owner), 0);
		up(req.name, true);
		BOTH(af)
		KT_EQ(address(req.name, i, 1, 24, true), 0);
	}
	run(3000000); /* DAD */
}

static bool
in_egress(const char *name)
{
	const struct ifgroup_member *g;

	TAILQ_FOREACH(g, &if_unit(name)->if_groups, ifgm_entry)
		if (strcmp(g->ifgm_group->ifg_name, "egress") == 0)
			return (true);
	return (false);
}

static int
route(uint8_t net, uint8_t plen, uint8_t gwnet, uint8_t gwhost,
    uint8_t priority, uint32_t flags)
{
	struct rt_want w = { .af = af,
		.plen = plen == 0 ? 0 : plen_of(plen),
		.dst = addr_of(net, 0),
		.priority = priority,
		.flags = flags };

	if (plen == 0)
		w.dst = (struct ip_addr){ .q = { 0, 0 } };
	if (gwhost != 0) {
		w.gwaf = af;
		w.gateway = addr_of(gwnet, gwhost);
	}
	return (rtrequest_add(&w, NULL));
}

/* By which gateway (its net) a host of net is reached: -1 not at all. */
static int
way(uint8_t net)
{
	struct ip_addr dst = addr_of(net, 7);
	struct rtentry *rt;
	int error;

	if ((rt = rt_resolve(0, af, &dst, NULL, &error)) == NULL)
		return (-error);
	if ((rt->rt_flags & RTF_GATEWAY) == 0)
		return (100); /* on a link */
	return (rt->rt_gateway.b[af == AF_INET ? 2 : 7]);
}

static struct rtentry *
found(uint8_t net, uint8_t plen, uint8_t priority)
{
	struct ip_addr dst = addr_of(net, 0);

	return (rtable_lookup(0, af, &dst, plen_of(plen), priority));
}

/* --- two routes of one prefix --- */

KTEST(rt_lowest_priority_wins_and_the_other_takes_over)
{
	boot();
	BOTH(af)
	{
		KT_EQ(route(50, 24, 1, 9, RTP_BGP, 0), 0);
		KT_EQ(way(50), 1);
		KT_EQ(route(50, 24, 0, 9, RTP_STATIC, RTF_STATIC), 0);
		KT_EQ(route(50, 24, 0, 8, RTP_STATIC, RTF_STATIC), EEXIST);
		KT_EQ(way(50), 0); /* 8 before 48 */
		up("pair0", false);
		KT_EQ(way(50), 1);
		up("pair0", true);
		KT_EQ(way(50), 0);
		if_unit("pair0")->if_link_state = LINK_STATE_DOWN;
		rt_if_track(if_unit("pair0")); /* the cable, not the flag */
		KT_EQ(way(50), 1);
		if_unit("pair0")->if_link_state = LINK_STATE_UP;
		rt_if_track(if_unit("pair0"));
		KT_EQ(way(50), 0);
		/* one that leads nowhere is better than another that does not */
		KT_EQ(route(50, 24, 0, 0, RTP_LOCAL + 1, RTF_REJECT), 0);
		KT_EQ(way(50), -EHOSTUNREACH);
		KT_EQ(rtrequest_delete(found(50, 24, RTP_LOCAL + 1)), 0);
		KT_EQ(rtrequest_delete(found(50, 24, RTP_STATIC)), 0);
		KT_EQ(way(50), 1);
		KT_EQ(route(50, 24, 0, 0, RTP_STATIC, RTF_BLACKHOLE), 0);
		KT_EQ(way(50), 0);
		KT(found(50, 24, RTP_BGP) != NULL);
		KT_EQ(rtrequest_delete(found(50, 24, RTP_STATIC)), 0);
		KT_EQ(rtrequest_delete(found(50, 24, RTP_BGP)), 0);
		KT_EQ(way(50), -ENETUNREACH);
	}
}

/* --- gateways --- */

KTEST(rt_gateway_is_looked_up_anew)
{
	struct rtentry *gw;

	boot();
	BOTH(af)
	{
		KT_EQ(route(50, 24, 0, 9, 0, RTF_STATIC), 0);
		KT_EQ(way(50), 0);
		gw = found(50, 24, RTP_ANY)->rt_gwroute;
		KT(gw != NULL && (gw->rt_flags & RTF_CLONED) != 0);
		rt_ref(gw);
		/* the gateway's host route goes: it is made again */
		KT_EQ(rtrequest_delete(gw), 0);
		KT_EQ(way(50), 0);
		KT(found(50, 24, RTP_ANY)->rt_gwroute != gw);
		KT((found(50, 24, RTP_ANY)->rt_gwroute->rt_flags & RTF_UP) !=
		    0);
		rt_put(gw);
		/* a longer prefix takes the gateway to nowhere, and gives it back */
		KT_EQ(route(0, 28, 0, 0, 0, RTF_REJECT), 0);
		KT(way(50) < 0);
		KT_EQ(rtrequest_delete(found(0, 28, RTP_ANY)), 0);
		KT_EQ(way(50), 0);
		/* or behind another gateway, where it is none for us */
		KT_EQ(route(0, 28, 1, 9, 0, 0), 0);
		KT_EQ(way(50), -EHOSTUNREACH);
		KT_EQ(rtrequest_delete(found(0, 28, RTP_ANY)), 0);
		KT_EQ(way(50), 0);
	}
}

/* --- addresses that go --- */

KTEST(rt_goes_with_the_address_that_reached_its_gateway)
{
	struct ip_addr two;

	boot();
	BOTH(af)
	{
		KT_EQ(route(0, 0, 0, 9, 0, RTF_STATIC), 0);
		KT(in_egress("pair0"));
		KT_EQ(address("pair0", 0, 1, 24, false), 0);
		KT_EQ(way(50), -ENETUNREACH);
		KT(!in_egress("pair0"));
		KT_EQ(address("pair0", 0, 1, 24, true), 0);
		run(3000000);
		KT_EQ(way(50), -ENETUNREACH);
		/* with a second address that reaches it, it stays */
		KT_EQ(address("pair0", 0, 2, 24, true), 0);
		run(3000000);
		KT_EQ(route(0, 0, 0, 9, 0, RTF_STATIC), 0);
		KT_EQ(address("pair0", 0, 1, 24, false), 0);
		KT_EQ(way(50), 0);
		two = addr_of(0, 2);
		KT(ip_addr_eq(&rtable_lookup(0, af,
				  &(struct ip_addr){ .q = { 0, 0 } }, 0,
				  RTP_ANY)
				   ->rt_ifa->ifa_addr,
		    &two));
		KT_EQ(address("pair0", 0, 2, 24, false), 0);
		KT_EQ(way(50), -ENETUNREACH);
		KT_EQ(address("pair0", 0, 1, 24, true), 0);
		run(3000000);
	}
}

/* Another address of the prefix has its route when the first changes to one
 * that does not. */
KTEST(rt_prefix_of_an_address_that_changes_is_taken_over)
{
	boot();
	BOTH(af)
	{
		KT_EQ(address("pair0", 0, 2, 24, true), 0);
		run(3000000);
		KT_EQ(way(0), 100);
		KT_EQ(address("pair0", 0, 1, 32, true), 0);
		KT_EQ(way(0), 100);
		KT(found(0, 24, RTP_ANY) != NULL);
		KT_EQ(address("pair0", 0, 1, 16, true), 0);
		KT(found(0, 16, RTP_ANY) != NULL);
		KT_EQ(address("pair0", 0, 1, 24, true), 0);
		KT(found(0, 16, RTP_ANY) == NULL);
		KT_EQ(way(0), 100);
		KT_EQ(address("pair0", 0, 2, 24, false), 0);
		KT_EQ(way(0), 100);
	}
}

KTEST_NTH(rt_address_change_short_of_memory)
{
	struct ip_addr me;
	int error;

	boot();
	BOTH(af)
	{
		me = addr_of(0, 1);
		sim_fail_nth(n);
		error = address("pair0", 0, 1, 16, true);
		KT(error == 0 || (error == ENOMEM && sim_failed()));
		/* all of the one or all of the other */
		KT_EQ(found(0, 16, RTP_ANY) != NULL, error == 0);
		KT_EQ(found(0, 24, RTP_ANY) != NULL, error != 0);
		KT_EQ(ifa_onif(if_unit("pair0"), af, &me)->ifa_plen,
		    plen_of(error == 0 ? 16 : 24));
		if (sim_failed())
			return;
		sim_fail_nth(0);
		KT_EQ(way(0), 100);
	}
}

/* --- neighbours --- */

static int
neighbour(enum rtm_type type, uint8_t last)
{
	struct rt_msg msg = { .h = { .rtm_msglen = sizeof(msg),
				  .rtm_version = RTM_VERSION,
				  .rtm_type = (uint8_t)type,
				  .rtm_hdrlen = sizeof(msg.h) } },
		      answer;
	struct rt_request rq;
	int error;

	msg.rtm_af = af;
	msg.rtm_plen = plen_of(32);
	msg.rtm_dst = addr_of(0, 9);
	msg.rtm_gwaf = AF_LINK;
	msg.rtm_flags = RTF_STATIC | RTF_HOST;
	msg.rtm_lladdr[0] = 2;
	msg.rtm_lladdr[5] = last;
	error = rtm_decode(&msg, sizeof(msg), &rq);
	return (error != 0 ? error : rtm_commit(&rq, &answer));
}

/* The last byte of its link address; 0: not known. */
static uint8_t
neighbour_last(void)
{
	struct ip_addr dst = addr_of(0, 9);
	struct rtentry *rt = rtable_lookup(0, af, &dst, plen_of(32), RTP_ANY);
	uint8_t lladdr[6];

	return (rt != NULL && rt_lladdr(rt, lladdr) ? lladdr[5] : 0);
}

/* Without an allocation, and without a moment in which it is not there. */
KTEST(rt_neighbour_changes_in_place)
{
	struct rtentry *held;
	struct ip_addr dst;

	boot();
	BOTH(af)
	{
		/* a route by it holds the neighbour's own */
		KT_EQ(route(50, 24, 0, 9, 0, RTF_STATIC), 0);
		KT_EQ(way(50), 0);
		dst = addr_of(0, 9);
		held = rtable_lookup(0, af, &dst, plen_of(32), RTP_ANY);
		KT(held != NULL && (held->rt_flags & RTF_CLONED) != 0);
		/* learned: by hand from now on, and still the same route */
		sim_fail_nth(1);
		KT_EQ(neighbour(RTM_ADD, 1), 0);
		KT(rtable_lookup(0, af, &dst, plen_of(32), RTP_ANY) == held);
		KT_EQ(neighbour_last(), 1);
		KT_EQ(held->rt_flags & (RTF_CLONED | RTF_STATIC), RTF_STATIC);
		KT_EQ(neighbour(RTM_ADD, 2), EEXIST);
		KT_EQ(neighbour_last(), 1);
		KT_EQ(neighbour(RTM_CHANGE, 3), 0);
		KT(!sim_failed());
		sim_fail_nth(0);
		KT_EQ(neighbour_last(), 3);
		KT(rtable_lookup(0, af, &dst, plen_of(32), RTP_ANY) == held);
		KT_EQ(way(50), 0);
		/* no clone any more: it outlives the time of learned ones */
		run(1300000000ULL / 1000);
		KT_EQ(neighbour_last(), 3);
		KT_EQ(rtrequest_delete(held), 0);
		KT_EQ(neighbour(RTM_CHANGE, 3), ESRCH);
	}
}

/* --- link-local neighbours --- */

/* Each link has the same prefix; who asks says which one he means. */
KTEST(rt_get_of_a_link_local_address)
{
	struct rt_msg msg = { .h = { .rtm_msglen = sizeof(msg),
				  .rtm_version = RTM_VERSION,
				  .rtm_type = RTM_GET,
				  .rtm_hdrlen = sizeof(msg.h) },
		.rtm_af = AF_INET6,
		.rtm_plen = 128,
		.rtm_dst = { .b = { 0xfe, 0x80, [15] = 9 } } },
		      answer;
	struct rt_request rq;

	boot();
	for (unsigned int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "pair0" : "pair1";
		struct ip_addr own;

		msg.rtm_ifindex = (uint16_t)if_unit(name)->if_index;
		KT_EQ(rtm_decode(&msg, sizeof(msg), &rq), 0);
		KT_EQ(rtm_commit(&rq, &answer), 0);
		KT_STR(answer.rtm_ifname, name);
		KT_EQ(answer.rtm_plen, 64);
		KT_EQ(answer.rtm_refs, 0);
		KT(answer.rtm_ifa.b[0] == 0xfe && answer.rtm_ifa.b[15] != 9);
		own = answer.rtm_ifa; /* ourselves: a route of the table */
		msg.rtm_dst = own;
		KT_EQ(rtm_decode(&msg, sizeof(msg), &rq), 0);
		KT_EQ(rtm_commit(&rq, &answer), 0);
		KT_EQ(answer.rtm_plen, 128);
		KT_EQ(answer.rtm_flags & RTF_LOCAL, RTF_LOCAL);
		msg.rtm_dst = (struct ip_addr){ .b = { 0xfe, 0x80, [15] = 9 } };
	}
}

/* --- a walk while the table changes --- */

KTEST(rt_cursor_survives_changes)
{
	struct rtable_cursor c;
	struct rtentry *rt;
	bool seen[256], there[256];
	unsigned int steps, seed = 1;

	boot();
	BOTH(af)
	for (unsigned int run_ = 0; run_ < 50; run_++) {
		memset(seen, 0, sizeof(seen));
		for (unsigned int i = 10; i < 250; i += 2) {
			KT_EQ(route((uint8_t)i, 24, 0, 0, RTP_STATIC,
				  RTF_REJECT),
			    0);
			there[i] = true; /* all the time, so far */
		}
		c = (struct rtable_cursor){ .af = af };
		for (steps = 0; (rt = rtable_next(&c)) != NULL; steps++) {
			uint8_t net = rt->rt_dst.b[af == AF_INET ? 2 : 7];

			KT(steps < 600);
			if (rt->rt_plen == plen_of(24) && net >= 10 &&
			    net < 250) {
				KT(!seen[net]); /* once */
				seen[net] = true;
			}
			for (int k = 0; k < 3;
			     k++) { /* also what it stands on */
				seed = seed * 1664525 + 1013904223;
				net = (uint8_t)(10 + (seed >> 16) % 240);
				if (found(net, 24, RTP_STATIC) != NULL) {
					there[net] = false;
					KT_EQ(rtrequest_delete(
						  found(net, 24, RTP_STATIC)),
					    0);
				} else
					KT_EQ(route(net, 24, 0, 0, RTP_STATIC,
						  RTF_REJECT),
					    0);
			}
		}
		KT(rtable_next(&c) == NULL); /* the end stays the end */
		for (unsigned int i = 10; i < 250; i += 2)
			KT(seen[i] || !there[i]);
		for (unsigned int i = 10; i < 250; i++)
			if (found((uint8_t)i, 24, RTP_STATIC) != NULL)
				(void)rtrequest_delete(
				    found((uint8_t)i, 24, RTP_STATIC));
	}
}
