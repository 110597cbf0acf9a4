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

/* --- hosts that were made from a route --- */

/* A request about net.0/plen, or about the host net.9 with plen 32. */
static int
ask(enum rtm_type type, uint8_t net, uint8_t plen, uint32_t mtu,
    uint8_t priority, const char *ifname)
{
	struct rt_msg msg = { .h = { .rtm_msglen = sizeof(msg),
				  .rtm_version = RTM_VERSION,
				  .rtm_type = (uint8_t)type,
				  .rtm_hdrlen = sizeof(msg.h) } },
		      answer;
	struct rt_request rq;
	int error;

	msg.rtm_af = af;
	msg.rtm_plen = plen_of(plen);
	msg.rtm_dst = addr_of(net, plen == 32 ? 9 : 0);
	msg.rtm_mtu = mtu;
	msg.rtm_priority = priority;
	strlcpy(msg.rtm_ifname, ifname, sizeof(msg.rtm_ifname));
	if (type != RTM_GET)
		strlcpy(msg.rtm_label, mtu != 0 ? "narrow" : "", 32);
	error = rtm_decode(&msg, sizeof(msg), &rq);
	return (error != 0 ? error : rtm_commit(&rq, &answer));
}

/* The way to net.9. */
static struct rtentry *
host(uint8_t net)
{
	struct ip_addr dst = addr_of(net, 9);
	struct rtentry *rt;
	int error;

	rt = rt_resolve(0, af, &dst, NULL, &error);
	KT(rt != NULL);
	return (rt);
}

static void
learn(uint8_t net, uint32_t mtu)
{
	struct ip_addr dst = addr_of(net, 9);

	KT_EQ(rt_setpmtu(0, af, &dst, mtu), 0);
}

#define TEN_MINUTES 600000000ULL

KTEST(rt_neighbours_have_mtu_and_label_of_their_route)
{
	struct rtentry *rt;

	boot();
	BOTH(af)
	{
		KT_EQ(ask(RTM_CHANGE, 0, 24, 1400, 0, ""), 0);
		rt = host(0);
		KT_EQ(rt->rt_flags & RTF_CLONED, RTF_CLONED);
		KT_EQ(rt->rt_mtu, 1400);
		KT_STR(rt_label_text(rt->rt_label), "narrow");
		/* what changes reaches the one that is there */
		KT_EQ(ask(RTM_CHANGE, 0, 24, 1300, 0, ""), 0);
		KT(host(0) == rt);
		KT_EQ(rt->rt_mtu, 1300);
		/* a path MTU that was learned stays while it is the smaller */
		learn(0, 1290);
		KT_EQ(ask(RTM_CHANGE, 0, 24, 1450, 0, ""), 0);
		KT_EQ(rt->rt_mtu, 1290);
		KT_EQ(ask(RTM_CHANGE, 0, 24, 1280, 0, ""), 0);
		KT_EQ(rt->rt_mtu, 1280);
		KT_EQ(ask(RTM_CHANGE, 0, 24, 1420, 0, ""), 0);
		run(TEN_MINUTES + 1000000);
		KT_EQ(host(0)->rt_mtu, 1420);
		/* one that a program gave it is its own */
		learn(0, 1290);
		KT_EQ(host(0)->rt_flags & RTF_MODIFIED, RTF_MODIFIED);
		KT_EQ(ask(RTM_CHANGE, 0, 32, 1350, 0, ""), 0);
		KT_EQ(ask(RTM_CHANGE, 0, 24, 1410, 0, ""), 0);
		KT_EQ(host(0)->rt_mtu, 1350);
		KT_EQ(host(0)->rt_flags & RTF_MODIFIED, 0);
	}
}

/* The host route and its neighbour stand in one prefix, whatever their order. */
KTEST(rt_a_host_by_an_interface_is_changed_and_deleted_itself)
{
	static const uint8_t priorities[] = { 2, RTP_CONNECTED, 5, 0 };
	struct ip_addr dst;
	struct rtentry *rt;

	boot();
	BOTH(af)
	for (size_t i = 0; i < nitems(priorities); i++) {
		KT_EQ(ask(RTM_ADD, 60, 32, 1400, priorities[i], "pair0"), 0);
		rt = host(60);
		KT_EQ(rt->rt_flags & RTF_CLONED, RTF_CLONED);
		KT_EQ(rt->rt_mtu, 1400);
		KT(host(60) == rt);
		KT_EQ(ask(RTM_CHANGE, 60, 32, 1300, 0, ""), 0);
		KT(host(60) == rt);
		KT_EQ(rt->rt_mtu, 1300);
		KT_EQ(rt->rt_parent->rt_mtu, 1300);
		KT_EQ(ask(RTM_DELETE, 60, 32, 0, 0, ""), 0);
		dst = addr_of(60, 9);
		KT(rtable_match(0, af, &dst) == NULL);
	}
}

KTEST(rt_learned_hosts_follow_the_route_they_were_reached_by)
{
	struct ip_addr by[2], dst;
	struct rtentry *rt;

	boot();
	BOTH(af)
	{
		by[0] = addr_of(0, 9);
		by[1] = addr_of(0, 8);
		dst = addr_of(50, 9);
		KT_EQ(route(50, 24, 0, 9, 0, RTF_STATIC), 0);
		learn(50, 1300);
		rt = host(50);
		KT_EQ(rt->rt_flags & RTF_DYNAMIC, RTF_DYNAMIC);
		KT_EQ(rt->rt_mtu, 1300);
		KT_EQ(ask(RTM_CHANGE, 50, 24, 1290, 0, ""), 0);
		KT(host(50) == rt);
		KT_EQ(rt->rt_mtu, 1290);
		/* another gateway: another path */
		KT_EQ(rtrequest_change(found(50, 24, RTP_ANY),
			  &(struct rt_want){ .gwaf = af, .gateway = by[1] }, 0),
		    0);
		KT_EQ(host(50)->rt_flags & RTF_HOST, 0);
		KT(ip_addr_eq(&host(50)->rt_gateway, &by[1]));
		/* so is a longer prefix, or none */
		learn(50, 1285);
		KT_EQ(route(50, 28, 1, 9, 0, RTF_STATIC), 0);
		KT_EQ(way(50), 1);
		KT_EQ(host(50)->rt_flags & RTF_HOST, 0);
		learn(50, 1285);
		KT_EQ(rtrequest_delete(found(50, 28, RTP_ANY)), 0);
		KT_EQ(way(50), 0);
		/* a redirect keeps the MTU of the route it goes round */
		KT_EQ(rt_redirect(0, af, &dst, &by[0], &by[1],
			  if_unit("pair0")),
		    0);
		KT(ip_addr_eq(&host(50)->rt_gateway, &by[0]));
		KT_EQ(host(50)->rt_mtu, 1290);
		KT_EQ(rtrequest_delete(found(50, 24, RTP_ANY)), 0);
		KT_EQ(way(50), -ENETUNREACH);
	}
}

KTEST(rt_learned_hosts_have_a_limit)
{
	struct ip_addr dst;
	unsigned int n;
	int error;

	boot();
	BOTH(af)
	{
		KT_EQ(route(0, 0, 0, 9, 0, RTF_STATIC), 0);
		dst = addr_of(70, 0);
		for (n = 0; n <= RT_DYNAMIC_MAX; n++) {
			dst.b[1] = (uint8_t)(100 + (n >> 8));
			dst.b[3] = (uint8_t)n;
			if ((error = rt_setpmtu(0, af, &dst, 1300)) != 0)
				break;
		}
		KT_EQ(n, RT_DYNAMIC_MAX);
		KT_EQ(error, ENOBUFS);
		run(TEN_MINUTES + 1000000);
		KT_EQ(rt_setpmtu(0, af, &dst, 1300), 0);
		KT_EQ(rtrequest_delete(rtable_lookup(0, af,
			  &(struct ip_addr){ .q = { 0, 0 } }, 0, RTP_ANY)),
		    0);
		KT(rtable_match(0, af, &dst) == NULL);
	}
}

/* --- the interface's part of priorities --- */

static int
part(const char *name, uint64_t n)
{
	struct if_req req = { .value = n };

	strlcpy(req.name, name, sizeof(req.name));
	return (if_ioctl_dispatch(SIOCSIFPRIORITY, &req, &owner));
}

KTEST(rt_priority_of_an_interface_moves_its_routes)
{
	boot();
	BOTH(af)
	{
		KT_EQ(route(50, 24, 0, 9, 0, RTF_STATIC), 0);
		KT_EQ(route(50, 24, 1, 9, RTP_STATIC + 1, RTF_STATIC), 0);
		KT_EQ(way(50), 0);
		KT_EQ(part("pair0", 5), 0);
		KT_EQ(way(50), 1);
		KT(found(50, 24, RTP_STATIC + 5) != NULL);
		KT(found(0, 24, RTP_CONNECTED + 5) != NULL);
		KT(found(0, 24, RTP_CONNECTED) == NULL);
		KT_EQ(way(0), 100);
		/* later ones have it too; one that says its own does not */
		KT_EQ(route(51, 24, 0, 9, 0, RTF_STATIC), 0);
		KT(found(51, 24, RTP_STATIC + 5) != NULL);
		KT_EQ(route(52, 24, 0, 9, RTP_BGP, RTF_STATIC), 0);
		KT_EQ(part("pair0", 2), 0);
		KT(found(52, 24, RTP_BGP) != NULL);
		KT_EQ(way(50), 1);
		/* never on another's place */
		KT_EQ(part("pair0", 1), EEXIST);
		KT_EQ(if_unit("pair0")->if_priority, 2);
		KT(found(51, 24, RTP_STATIC + 2) != NULL);
		KT_EQ(part("pair0", 16), EINVAL);
		KT_EQ(part("pair0", 0), 0);
		KT_EQ(way(50), 0);
		KT(found(0, 24, RTP_CONNECTED) != NULL);
		/* the address takes its route with it, wherever that stands */
		KT_EQ(part("pair0", 15), 0);
		KT_EQ(address("pair0", 0, 1, 24, false), 0);
		KT(found(0, 24, RTP_ANY) == NULL);
		KT_EQ(part("pair0", 0), 0);
		KT_EQ(address("pair0", 0, 1, 24, true), 0);
		run(3000000);
		/* equals part, and find each other again */
		KT_EQ(route(53, 24, 0, 9, 0, RTF_STATIC | RTF_MPATH), 0);
		KT_EQ(route(53, 24, 1, 9, 0, RTF_STATIC | RTF_MPATH), 0);
		KT_EQ(part("pair1", 3), 0);
		for (int i = 0; i < 20; i++)
			KT_EQ(way(53), 0);
		KT_EQ(part("pair0", 3), 0);
		KT(rt_mpath_next(found(53, 24, RTP_STATIC + 3)) != NULL);
		KT_EQ(part("pair0", 0), 0);
		KT_EQ(part("pair1", 0), 0);
		KT(rt_mpath_next(found(53, 24, RTP_STATIC)) != NULL);
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

/* fe80::/64 and the same fe80::1 stand in the table once for each link. */
KTEST(rt_link_local_prefixes_are_each_links_own)
{
	struct ip_addr net = { .b = { 0xfe, 0x80 } }, one = net;
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };
	unsigned int links = 0, ones = 0;
	struct rtentry *rt;

	one.b[15] = 1;
	boot();
	req.addr = one;
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(req.name, sizeof(req.name), "pair%u", i);
		KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &req, &owner), 0);
	}
	run(3000000);
	for (rt = rtable_lookup(0, AF_INET6, &net, 64, RTP_ANY); rt != NULL;
	     rt = rt->rt_next)
		links += (rt->rt_flags & RTF_CONNECTED) != 0;
	for (rt = rtable_lookup(0, AF_INET6, &one, 128, RTP_ANY); rt != NULL;
	     rt = rt->rt_next)
		ones += (rt->rt_flags & RTF_LOCAL) != 0;
	KT_EQ(links, 5); /* lo0, both ends of two pairs */
	KT_EQ(ones, 3); /* lo0, and those above */
	if_clone_destroy("pair1");
	for (rt = rtable_lookup(0, AF_INET6, &net, 64, RTP_ANY); rt != NULL;
	     rt = rt->rt_next)
		links--;
	KT_EQ(links, 1);
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
