/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* IPv4 through three hosts: ping, forwarding, errors, path MTU, broadcast. */

#include "lab4.h"

static uint64_t
replies(void)
{
	return (lab_counter("icmp", "echo requests answered"));
}

KTEST(ip4_ping_neighbour_through_router_and_self)
{
	lab4_up();
	KT_EQ(lab_ping(0, A4(10, 0, 1, 2), 64), 0);
	lab_run(100000);
	KT_EQ(replies(), 1);
	KT_EQ(ip_counters[IPS_FORWARD], 0);
	KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 64), 0);
	lab_run(100000);
	KT_EQ(replies(), 2);
	KT_EQ(ip_counters[IPS_FORWARD], 2);
	KT_EQ(lab_ping(0, A4(10, 0, 1, 1), 64), 0);
	KT_EQ(lab_ping(0, A4(127, 0, 0, 1), 64), 0);
	KT_EQ(lab_ping(2, A4(10, 0, 2, 2), 64), 0); /* of another table */
	lab_run(100000);
	KT_EQ(replies(), 5);
	KT_EQ(lab_counter("icmp", "messages received"), 10);
	KT_EQ(drop_counts[DROP_ICMP_BADSUM], 0);
	KT_EQ(drop_counts[DROP_IP_BADSUM], 0);
}

KTEST(ip4_large_ping_is_cut_and_put_together)
{
	lab4_up();
	KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 20000), 0);
	lab_run(100000);
	KT_EQ(replies(), 1);
	KT_EQ(ip_counters[IPS_FRAGMENTED], 2);
	KT_EQ(ip_counters[IPS_REASSEMBLED], 2);
	KT_EQ(ip_frag_held(), 0);
	KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 65507), 0);
	lab_run(100000);
	KT_EQ(replies(), 2);
	KT_EQ(drop_counts[DROP_ICMP_BADSUM], 0);
	/* cut again on the way: the middle link is smaller */
	lab_if("pair2")->if_mtu = lab_if("pair3")->if_mtu = 576;
	KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 5000), 0);
	lab_run(100000);
	KT_EQ(replies(), 3);
}

KTEST(ip4_path_mtu_is_learned_used_and_forgotten)
{
	struct ip_outopts po = { .po_flags = IPOUT_DF };
	struct ip_addr dst = ip_addr_v4(A4(10, 0, 2, 2));
	struct rtentry *rt;

	lab4_up();
	lab_if("pair2")->if_mtu = lab_if("pair3")->if_mtu = 1300;
	KT_EQ(ip_output(pkt_echo(0, dst.v4, 1400), &po), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP_TOOBIG], 1);
	KT_EQ(lab_counter("icmp", "path MTUs learned"), 1);
	KT((rt = rtable_match(0, AF_INET, &dst)) != NULL);
	KT_EQ(rt->rt_mtu, 1300);
	KT_EQ(ip_output(pkt_echo(0, dst.v4, 1400), &po), EMSGSIZE);
	KT_EQ(lab_ping(0, dst.v4, 1400), 0); /* may be cut */
	KT_EQ(ip_output(pkt_echo(0, dst.v4, 1272), &po), 0);
	lab_run(100000);
	KT_EQ(replies(), 2);
	lab_run(601000000);
	KT((rt = rtable_match(0, AF_INET, &dst)) != NULL);
	KT_EQ(rt->rt_mtu, 0);
}

KTEST(ip4_errors_come_back)
{
	struct mbuf *m;

	lab4_up();
	m = pkt_echo(0, A4(10, 0, 2, 2), 64);
	mtod(m, struct ip *)->ip_ttl = 1;
	KT_EQ(ip_output(m, NULL), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP_TTL], 1);
	KT_EQ(lab_counter("icmp", "errors about packets of ours received"), 1);
	KT_EQ(lab_ping(0, A4(10, 9, 9, 9), 64), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_IP_NOROUTE], 1);
	KT_EQ(lab_counter("icmp", "errors about packets of ours received"), 2);
	KT_EQ(lab_ping(0, A4(10, 0, 2, 77), 64), 0);
	lab_run(6000000);
	KT_EQ(lab_counter("icmp", "errors about packets of ours received"), 3);
	KT_EQ(replies(), 0);
}

KTEST(ip4_broadcast_needs_permission_and_reaches_all)
{
	struct ip_outopts po = { .po_flags = IPOUT_BROADCAST };

	lab4_up();
	KT_EQ(lab_ping(0, A4(10, 0, 1, 255), 64), EACCES);
	KT_EQ(ip_output(pkt_echo(0, A4(10, 0, 1, 255), 64), &po), 0);
	lab_run(100000);
	KT_EQ(drop_counts[DROP_ICMP_BCASTECHO], 2); /* peer and ourselves */
	lab_sysctl("net.inet.icmp.bmcastecho", 1);
	KT_EQ(ip_output(pkt_echo(0, A4(10, 0, 1, 255), 64), &po), 0);
	lab_run(100000);
	KT_EQ(replies(), 2);
	KT_EQ(ip_output(pkt_echo(0, A4(10, 0, 1, 255), 2000), &po), EMSGSIZE);
	po.po_ifp = lab_if("pair0");
	KT_EQ(ip_output(pkt_echo(0, 0xffffffff, 64), &po), 0);
	lab_run(100000);
	KT_EQ(replies(), 4);
}

KTEST(ip4_output_errors)
{
	struct ip_outopts po = { .po_flags = IPOUT_DONTROUTE };
	struct ip_addr any = ip_addr_v4(0);

	lab4_up();
	KT_EQ(ip_output(pkt_echo(0, A4(10, 0, 2, 2), 8), &po), ENETUNREACH);
	KT_EQ(ip_output(pkt_echo(0, A4(10, 0, 1, 2), 8), &po), 0);
	KT_EQ(rtrequest_delete(rtable_lookup(0, AF_INET, &any, 0, RTP_ANY)), 0);
	KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 8), ENETUNREACH);
	KT_EQ(if_setflags(lab_if("pair0"),
		  lab_if("pair0")->if_flags & ~(uint32_t)IFF_UP),
	    0);
	KT(lab_ping(0, A4(10, 0, 1, 2), 8) != 0);
	lab_run(100000);
}

KTEST(ip4_loopback_never_leaves)
{
	struct if_addrreq req = { .af = AF_INET };

	lab4_up();
	KT_EQ(lab_ping(0, A4(127, 0, 0, 1), 8), 0);
	lab_run(10000);
	KT_EQ(replies(), 1);
	KT_EQ(in_addr_del(lab_if("lo0"), &req, NULL), 0);
	KT_EQ(lab_ping(0, A4(127, 0, 0, 1), 8), EADDRNOTAVAIL);
	KT_EQ(lab_ping(0, A4(127, 9, 9, 9), 8), EADDRNOTAVAIL);
	KT_EQ(ip_output(pkt_echo(A4(127, 0, 0, 1), A4(10, 0, 1, 2), 8), NULL),
	    EADDRNOTAVAIL);
}

KTEST(ip4_redirect_is_followed_by_hosts_that_are_told_to)
{
	struct ip_addr far = ip_addr_v4(A4(203, 0, 113, 5));
	struct rtentry *rt;

	lab4_up();
	/* left's gateway knows a better one on left's own link */
	KT_EQ(lab_addr("pair0", A4(10, 0, 1, 8), 24), 0);
	lab_route(1, A4(203, 0, 113, 0), 24, A4(10, 0, 1, 66));
	KT_EQ(lab_ping(0, far.v4, 64), 0);
	lab_run(100000);
	KT_EQ(ip_counters[IPS_REDIRECTSENT], 1);
	KT_EQ(drop_counts[DROP_ICMP_REDIRECT],
	    1); /* a router does not listen */
	/* a host that may: the redirect is on its way when it stops routing */
	lab_sysctl("net.inet.icmp.rediraccept", 1);
	KT_EQ(lab_ping(0, far.v4, 64), 0);
	(void)if_flush_all();
	lab_run(10000);
	ip_forwarding = 0;
	lab_run(100000);
	ip_forwarding = 1;
	rt = rtable_match(0, AF_INET, &far);
	KT(rt != NULL);
	KT_EQ(drop_counts[DROP_ICMP_REDIRECT] +
		lab_counter("icmp", "redirects followed"),
	    2);
}

/* --- a link that loses, doubles and turns round --- */

static void (*whole_input)(struct ifnet *, struct mbuf *);
static uint32_t fault_state;
static struct mbuf *held_back;
static unsigned int nlost, ndoubled, nturned;

static uint32_t
fault_next(void)
{
	fault_state = fault_state * 1664525 + 1013904223;
	return (fault_state >> 24);
}

static void
faulty_input(struct ifnet *ifp, struct mbuf *m)
{
	uint32_t what = fault_next();
	struct mbuf *n;

	if (what < 26) { /* 10 % */
		nlost++;
		m_freem(m);
	} else if (what < 52 && (n = m_dup_pkt(m, M_HEADROOM)) != NULL) {
		ndoubled++;
		whole_input(ifp, m);
		whole_input(ifp, n);
	} else if (what < 78 && held_back == NULL) {
		nturned++;
		held_back = m;
	} else {
		whole_input(ifp, m);
		if ((m = held_back) != NULL) {
			held_back = NULL;
			whole_input(ifp, m);
		}
	}
}

KTEST(ip4_pings_through_a_bad_link)
{
	unsigned int i;

	lab4_up();
	fault_state = 1;
	KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 64), 0);
	lab_run(100000);
	whole_input = lab_if("pair3")->if_input;
	lab_if("pair3")->if_input = faulty_input;
	for (i = 0; i < 300; i++) {
		KT_EQ(lab_ping(0, A4(10, 0, 2, 2), i % 2 != 0 ? 64 : 4000), 0);
		lab_run(20000);
	}
	KT(nlost > 30 && ndoubled > 30 && nturned > 30);
	KT(replies() > 200);
	lab_run(61000000);
	m_freem(held_back);
	KT_EQ(ip_frag_held(), 0);
	KT_EQ(drop_counts[DROP_ICMP_BADSUM], 0);
	KT_EQ(drop_counts[DROP_IP_BADSUM], 0);
}

/* Whichever allocation fails: packets may be lost, nothing else is. */
KTEST(ip4_every_allocation_fails_once)
{
	struct if_addrreq req = { .af = AF_INET,
		.plen = 24,
		.addr = ip_addr_v4(A4(10, 0, 1, 99)) };
	struct mbuf *big, *nobody, *self;
	long n, live;

	lab4_up();
	for (n = 0; n < 3; n++) {
		KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 4000), 0);
		lab_run(40000000);
	}
	live = sim_live();
	for (n = 1; n < 400; n++) {
		big = pkt_echo(0, A4(10, 0, 2, 2), 4000);
		nobody = pkt_echo(0, A4(10, 0, 2, 77), 8);
		self = pkt_echo(0, A4(127, 0, 0, 1), 8);
		sim_fail_nth(n);
		if (in_addr_add(lab_if("pair0"), &req, NULL) == 0)
			KT_EQ(in_addr_del(lab_if("pair0"), &req, NULL), 0);
		(void)ip_output(big, NULL);
		(void)ip_output(nobody, NULL);
		(void)ip_output(self, NULL);
		lab_run(6000000);
		if (!sim_failed())
			break;
	}
	sim_fail_nth(0);
	KT(n < 400 && n > 20);
	lab_run(100000000);
	KT_EQ(ip_frag_held(), 0);
	KT_EQ(MAX(sim_live(), live), live);
	n = (long)replies();
	KT_EQ(lab_ping(0, A4(10, 0, 2, 2), 64), 0);
	lab_run(2000000);
	KT_EQ(replies(), n + 1);
}
