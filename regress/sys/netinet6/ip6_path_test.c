/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Packets through three hosts: ping, forwarding, errors, path MTU, DAD, NUD. */

#include "lab6.h"

#include <netinet/tcp_var.h>

KTEST(ip6_link_local_comes_with_up_and_is_proved)
{
	struct ifaddr *ifa;

	lab_boot();
	ifa = TAILQ_FIRST(&lab_if("pair0")->if_addrs);
	KT(ifa != NULL && in6_islinklocal(&ifa->ifa_addr));
	KT((ifa->ifa_flags & IFA_TENTATIVE) != 0);
	KT(in6_ifa_linklocal(lab_if("pair0")) == NULL);
	lab_run(2500000);
	KT(in6_ifa_linklocal(lab_if("pair0")) == ifa);
	KT_EQ(ifa->ifa_addr.b[8], lab_if("pair0")->if_lladdr[0] ^ 2);
	KT_EQ(ifa->ifa_addr.b[11], 0xff);
}

KTEST(ip6_ping_neighbour_through_router_and_self)
{
	lab_up();
	KT_EQ(lab_ping(0, a6(1, 2), 64), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 1);
	KT_EQ(ip6_counters[IP6S_FORWARD], 0);
	KT_EQ(lab_ping(0, a6(2, 2), 64), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 2);
	KT_EQ(ip6_counters[IP6S_FORWARD], 2);
	KT_EQ(lab_ping(0, a6(1, 1), 64), 0);
	KT_EQ(lab_ping(0, in6addr_loopback, 64), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 4);
	KT_EQ(icmp6_counters[ICMP6S_IN] - icmp6_counters[ICMP6S_NS_IN] -
		icmp6_counters[ICMP6S_NA_IN],
	    8);
	KT_EQ(drop_counts[DROP_ICMP6_BADSUM], 0);
}

KTEST(ip6_ping_link_local_and_all_nodes)
{
	struct ip_outopts po = { .po_rtable = 0 };
	struct ip_addr peer;

	lab_up();
	peer = in6_ifa_linklocal(lab_if("pair1"))->ifa_addr;
	KT_EQ(lab_ping(0, peer, 64), EHOSTUNREACH); /* which link? */
	po.po_ifp = lab_if("pair0");
	KT_EQ(ip6_output(lab_echo(in6addr_any, peer, 64), &po), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 1);
	/* all nodes: the neighbour, and we too */
	KT_EQ(ip6_output(lab_echo(in6addr_any, in6addr_allnodes, 64), &po), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 3);
}

KTEST(ip6_large_ping_is_cut_and_put_together)
{
	lab_up();
	KT_EQ(lab_ping(0, a6(2, 2), 20000), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 1);
	KT_EQ(ip6_counters[IP6S_FRAGMENTED], 2);
	KT_EQ(ip6_counters[IP6S_REASSEMBLED], 2);
	KT_EQ(ip_frag_held(), 0);
	KT_EQ(drop_counts[DROP_ICMP6_BADSUM], 0);
	KT_EQ(lab_ping(0, a6(2, 2), 65535), 0);
	KT_EQ(lab_ping(0, a6(1, 1), 65535), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 3);
}

KTEST(ip6_hop_limit_route_and_scope_errors)
{
	struct mbuf *m;

	lab_up();
	m = lab_echo(in6addr_any, a6(2, 2), 64);
	mtod(m, struct ip6_hdr *)->ip6_hlim = 1;
	KT_EQ(ip6_output(m, NULL), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP6_HLIM], 1);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_IN], 1);
	KT_EQ(lab_ping(0, a6(9, 9), 64), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP6_NOROUTE], 1);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_IN], 2);
	/* a link-local source does not cross a router */
	m = lab_echo(in6_ifa_linklocal(lab_if("pair0"))->ifa_addr, a6(2, 2),
	    64);
	KT_EQ(ip6_output(m, NULL), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP6_SCOPE], 1);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_IN], 3);
	KT_EQ(icmp6_counters[ICMP6S_ECHO_IN], 0);
}

KTEST(ip6_path_mtu_is_learned_used_and_forgotten)
{
	struct rtentry *rt;
	struct ip_addr dst = a6(2, 2);
	int error;

	lab_up();
	lab_if("pair2")->if_mtu = lab_if("pair3")->if_mtu = 1300;
	KT_EQ(lab_ping(0, dst, 1400), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP6_TOOBIG], 1);
	KT_EQ(icmp6_counters[ICMP6S_PMTU], 1);
	rt = rt_resolve(0, AF_INET6, &dst, NULL, &error);
	KT(rt != NULL);
	KT_EQ(rt->rt_mtu, 1300);
	KT_EQ(icmp6_counters[ICMP6S_ECHO_IN], 0);
	KT_EQ(lab_ping(0, dst, 1400), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 1);
	lab_run(590000000); /* RFC 8201 4: ten minutes */
	KT_EQ(rt_resolve(0, AF_INET6, &dst, NULL, &error)->rt_mtu, 1300);
	lab_run(20000000);
	KT_EQ(rt_resolve(0, AF_INET6, &dst, NULL, &error)->rt_mtu, 0);
	KT_EQ(lab_ping(0, dst, 1400), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP6_TOOBIG], 2);
	KT_EQ(icmp6_counters[ICMP6S_PMTU], 2);
}

/* A link-local peer is its interface's, whatever other link has the prefix, and
 * a link may have an MTU of its own for IPv6. */
KTEST(ip6_mtu_is_of_the_link_that_is_taken)
{
	const struct ip_addr ll = { .b = { 0xfe, 0x80, [15] = 9 } };
	struct ip_addr near = a6(1, 2), far = a6(2, 2), nowhere = a6(9, 9);
	struct ifnet *ifp;
	struct rtentry *rt;
	int error;

	lab_up();
	ifp = lab_if("pair0");
	KT_EQ(ip_linkmtu_to(AF_INET6, 0, &ll, ifp->if_index), 1500);
	KT_EQ(ip_pathmtu_to(AF_INET6, 0, &ll, ifp->if_index), 1500);
	KT_EQ(ip_linkmtu_to(AF_INET6, 0, &ll, 0), 0);
	KT_EQ(tcp_mss_offer(AF_INET6, 0, &ll, ifp->if_index), 1440);
	in6_if(ifp)->i6_mtu = 1400; /* as a router may say */
	KT_EQ(ip_linkmtu_to(AF_INET6, 0, &ll, ifp->if_index), 1400);
	KT_EQ(ip_linkmtu_to(AF_INET6, 0, &near, 0), 1400);
	KT_EQ(tcp_mss_offer(AF_INET6, 0, &near, 0), 1340);
	KT_EQ(ip_pathmtu_to(AF_INET6, 0, &far, 0), 1400);
	KT((rt = rt_resolve(0, AF_INET6, &far, NULL, &error)) != NULL);
	KT_EQ(rt_setpmtu(0, AF_INET6, &far, 1300), 0);
	KT_EQ(ip_pathmtu_to(AF_INET6, 0, &far, 0), 1300);
	KT_EQ(ip_linkmtu_to(AF_INET6, 0, &far, 0), 1400);
	KT_EQ(ip_linkmtu_to(AF_INET6, 2, &nowhere, 0), 1500); /* default route */
	KT_EQ(ip_linkmtu_to(AF_INET6, 7, &nowhere, 0), 0);
}

KTEST(ip6_unresolved_neighbour_is_given_up_with_an_error)
{
	lab_up();
	KT_EQ(lab_ping(0, a6(2, 77), 64), 0);
	lab_run(100000);
	KT(nd6_lookup(lab_if("pair2"),
	       &(struct ip_addr){ .q = { a6(2, 77).q[0], a6(2, 77).q[1] } }) !=
	    NULL);
	lab_run(4000000);
	KT_EQ(drop_counts[DROP_ND6_UNRESOLVED], 1);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_IN], 1);
	KT(nd6_lookup(lab_if("pair2"),
	       &(struct ip_addr){ .q = { a6(2, 77).q[0], a6(2, 77).q[1] } }) ==
	    NULL);
}

KTEST(ip6_duplicate_address_is_found)
{
	struct ip_addr a = a6(1, 66);

	lab_up();
	lab_addr("pair0", a, 64, 0);
	lab_run(2500000);
	KT_EQ(ifa_onif(lab_if("pair0"), AF_INET6, &a)->ifa_flags &
		(IFA_TENTATIVE | IFA_DUPLICATED),
	    0);
	lab_addr("pair1", a, 64, 0); /* another table: another host */
	lab_run(2500000);
	KT((ifa_onif(lab_if("pair1"), AF_INET6, &a)->ifa_flags &
	       IFA_DUPLICATED) != 0);
	KT_EQ(ifa_onif(lab_if("pair0"), AF_INET6, &a)->ifa_flags &
		(IFA_TENTATIVE | IFA_DUPLICATED),
	    0);
}

KTEST(ip6_address_waits_for_carrier)
{
	struct ip_addr a = a6(1, 68);
	struct ifaddr *ifa;

	lab_up();
	KT_EQ(if_setflags(lab_if("pair1"),
		  lab_if("pair1")->if_flags & ~(uint32_t)IFF_UP),
	    0);
	KT_EQ(lab_if("pair0")->if_link_state, LINK_STATE_DOWN);
	lab_addr("pair0", a, 64, 0);
	lab_run(5000000);
	ifa = ifa_onif(lab_if("pair0"), AF_INET6, &a);
	KT((ifa->ifa_flags & IFA_TENTATIVE) != 0);
	KT_EQ(if_setflags(lab_if("pair1"), lab_if("pair1")->if_flags | IFF_UP),
	    0);
	lab_run(2500000);
	KT_EQ(ifa->ifa_flags & IFA_TENTATIVE, 0);
}

KTEST(ip6_route_survives_that_its_neighbour_is_pushed_out)
{
	unsigned int i;

	lab_up();
	ip6_neighborgcthresh = 16;
	for (i = 0; i < 300;
	     i++) /* each makes a redirect, and a new neighbour */
		KT_EQ(lab_ping(0, a6(2, 500 + i), 64), 0);
	lab_run(100000);
	for (i = 0; i < 300; i++)
		KT_EQ(lab_ping(1, a6(1, 500 + i), 64), 0);
	lab_run(5000000);
	KT(in6_if(lab_if("pair2"))->i6_nbrs <= 16);
	KT(drop_counts[DROP_ND6_EVICTED] > 0);
}

KTEST(ip6_both_probe_at_once_nobody_gets_it)
{
	struct ip_addr a = a6(1, 67);

	lab_up();
	lab_addr("pair0", a, 64, 0);
	lab_addr("pair1", a, 64, 0);
	lab_run(2500000);
	KT((ifa_onif(lab_if("pair0"), AF_INET6, &a)->ifa_flags &
	       IFA_DUPLICATED) != 0);
	KT((ifa_onif(lab_if("pair1"), AF_INET6, &a)->ifa_flags &
	       IFA_DUPLICATED) != 0);
}

KTEST(ip6_silent_neighbour_goes_through_delay_and_probe)
{
	struct ip_addr gw = a6(1, 2);
	struct nd6_nbr *nn;

	lab_up();
	KT_EQ(lab_ping(0, gw, 64), 0);
	lab_run(100000);
	KT((nn = nd6_lookup(lab_if("pair0"), &gw)) != NULL);
	KT_EQ(nn->nn_state, ND6_REACHABLE);
	lab_run(50000000);
	KT_EQ(nn->nn_state, ND6_STALE);
	KT_EQ(lab_ping(0, gw, 64), 0);
	KT_EQ(nn->nn_state, ND6_DELAY);
	lab_run(5500000);
	KT_EQ(nn->nn_state, ND6_REACHABLE); /* he answered the probe */
	lab_run(50000000);
	in6_if(lab_if("pair1"))->i6_flags |= I6F_DISABLED; /* deaf */
	KT_EQ(lab_ping(0, gw, 64), 0);
	lab_run(10000000);
	KT(nd6_lookup(lab_if("pair0"), &gw) == NULL);
	KT_EQ(nd6_counters[ND6S_UNREACHABLE], 1);
}

KTEST(ip6_host_does_not_forward)
{
	lab_up();
	ip6_forwarding = 0;
	KT_EQ(lab_ping(0, a6(2, 2), 64), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP6_CANTFORWARD], 1);
	KT_EQ(icmp6_counters[ICMP6S_ECHO_IN], 0);
}

KTEST(ip6_lifetimes_end)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = a6(1, 5),
		.vltime = 20,
		.pltime = 10 };
	struct ifaddr *ifa;

	lab_up();
	KT_EQ(in6_addr_add(lab_if("pair0"), &req, NULL), 0);
	lab_run(5000000);
	KT((ifa = ifa_onif(lab_if("pair0"), AF_INET6, &req.addr)) != NULL);
	KT_EQ(ifa->ifa_flags & IFA_DEPRECATED, 0);
	lab_run(6000000);
	KT((ifa->ifa_flags & IFA_DEPRECATED) != 0);
	lab_run(10000000);
	KT(ifa_onif(lab_if("pair0"), AF_INET6, &req.addr) == NULL);
}

KTEST(ip6_link_local_gateway_carries)
{
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_INET6,
		.plen = 64,
		.dst = a6(3, 0),
		.flags = RTF_STATIC };

	lab_up();
	w.gateway = in6_ifa_linklocal(lab_if("pair1"))->ifa_addr;
	w.ifp = lab_if("pair0");
	KT_EQ(rtrequest_add(&w, NULL), 0);
	KT_EQ(lab_ping(0, a6(3, 3), 64), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP6_NOROUTE], 1); /* it came to the router */
}

KTEST(ip6_redirect_is_sent_where_that_is_allowed)
{
	struct ip_addr far = a6(5, 5);
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_INET6,
		.plen = 64,
		.dst = a6(5, 0),
		.tableid = 1,
		.flags = RTF_STATIC };

	lab_up();
	/* the middle one sends back to the same link, on-link destination */
	w.gwaf = AF_UNSPEC;
	w.ifp = lab_if("pair1");
	w.flags |= RTF_CLONING;
	KT_EQ(rtrequest_add(&w, NULL), 0);
	KT_EQ(lab_ping(0, far, 64), 0);
	lab_run(100000);
	KT_EQ(icmp6_counters[ICMP6S_REDIRECT_OUT], 1);
	KT_EQ(icmp6_counters[ICMP6S_REDIRECT_IN], 1);
	KT_EQ(drop_counts[DROP_ICMP6_REDIRECT], 1); /* routers do not listen */
	ip6_sendredirects = 0;
	KT_EQ(lab_ping(0, far, 64), 0);
	lab_run(2000000);
	KT_EQ(icmp6_counters[ICMP6S_REDIRECT_OUT], 1);
	ip6_sendredirects = 1;
	KT_EQ(lab_ping(0, far, 64), 0);
	lab_run(2000000);
	KT_EQ(icmp6_counters[ICMP6S_REDIRECT_OUT], 2);
}

/* A link that loses what a pattern says. */
static void (*whole_input)(struct ifnet *, struct mbuf *);
static uint32_t loss_bits, loss_left;
static unsigned int nlost;

static void
lossy_input(struct ifnet *ifp, struct mbuf *m)
{
	bool gone = (loss_bits & 1) != 0;

	loss_bits = loss_bits >> 1 | loss_bits << 31;
	if (loss_left == 0 || !gone) {
		whole_input(ifp, m);
		return;
	}
	loss_left--;
	nlost++;
	m_freem(m);
}

static void
lossy(const char *name, uint32_t bits, uint32_t left)
{
	if (whole_input == NULL)
		whole_input = lab_if(name)->if_input;
	lab_if(name)->if_input = lossy_input;
	loss_bits = bits;
	loss_left = left;
	nlost = 0;
}

KTEST(ip6_lost_solicitations_are_repeated)
{
	lab_up();
	lab_run(2500000); /* their groups are told */
	lossy("pair1", ~0U, 2);
	KT_EQ(lab_ping(0, a6(1, 2), 64), 0);
	lab_run(1900000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 0);
	lab_run(500000);
	KT_EQ(nlost, 2);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 1);
	/* three are too many */
	lossy("pair1", ~0U, 3);
	nd6_ifdown(lab_if("pair0"));
	KT_EQ(lab_ping(0, a6(1, 2), 64), 0);
	lab_run(4000000);
	KT_EQ(drop_counts[DROP_ND6_UNRESOLVED], 1);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], 1);
}

KTEST(ip6_large_pings_through_a_link_that_loses)
{
	unsigned int i;

	lab_up();
	KT_EQ(lab_ping(0, a6(2, 2), 64), 0);
	lab_run(100000);
	lossy("pair3", 0x10010040, UINT32_MAX);
	for (i = 0; i < 200; i++) {
		KT_EQ(lab_ping(0, a6(2, 2), 4000), 0);
		lab_run(20000);
	}
	KT(nlost > 20);
	KT(icmp6_counters[ICMP6S_ECHOREPLY_OUT] > 100);
	KT(icmp6_counters[ICMP6S_ECHOREPLY_OUT] < 201);
	KT(ip_frag_held() > 0);
	lab_run(61000000);
	KT_EQ(ip_frag_held(), 0);
	KT(drop_counts[DROP_FRAG_TIMEOUT] > 0);
	KT_EQ(drop_counts[DROP_ICMP6_BADSUM], 0);
}

/* Whichever allocation fails: pings may be lost, nothing else is. */
KTEST(ip6_every_allocation_fails_once)
{
	struct ip_addr extra = a6(1, 300);
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = extra,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };
	struct mbuf *big, *nobody, *self;
	long n, live, tries = 0;

	lab_up();
	for (n = 0; n < 3; n++) { /* all neighbours there will be */
		KT_EQ(lab_ping(0, a6(2, 2), 4000), 0);
		lab_run(100000000);
	}
	live = sim_live();
	for (n = 1; n < 400; n++) {
		big = lab_echo(in6addr_any, a6(2, 2), 4000);
		nobody = lab_echo(in6addr_any, a6(2, 77), 8);
		self = lab_echo(in6addr_any, in6addr_loopback, 8);
		sim_fail_nth(n);
		if (in6_addr_add(lab_if("pair0"), &req, NULL) == 0)
			KT_EQ(in6_addr_del(lab_if("pair0"), &req, NULL), 0);
		(void)ip6_output(big, NULL);
		(void)ip6_output(nobody, NULL); /* nobody is there */
		(void)ip6_output(self, NULL);
		lab_run(5000000);
		tries++;
		if (!sim_failed())
			break;
	}
	sim_fail_nth(0);
	KT(n < 400 && tries > 20);
	lab_run(100000000);
	KT_EQ(ip_frag_held(), 0);
	KT_EQ(MAX(sim_live(), live), live);
	KT_EQ(lab_ping(0, a6(2, 2), 64), 0);
	n = (long)icmp6_counters[ICMP6S_ECHOREPLY_OUT];
	lab_run(2000000);
	KT_EQ(icmp6_counters[ICMP6S_ECHOREPLY_OUT], n + 1);
}
