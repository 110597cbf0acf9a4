/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Which of the routers that advertise has the route: rung by rung, when one
 * stops answering and comes back, across interfaces, beside routes by hand.
 */

#include <sys/systm.h>
#include <sys/proc.h>
#include <net/if_ioctl.h>
#include "lab_ra.h"

#define HIGH   1
#define MEDIUM 0
#define LOW    3

static void
advertise(unsigned int n, uint16_t lifetime, uint8_t preference)
{
	struct ra r = ra_new(lifetime, preference);

	ra_slla(&r, n);
	ra_hear(&r, n);
}

static void
reach(unsigned int n, bool answers)
{
	struct ip_addr a = router(n);

	nd6_rtr_reach(lab_if("pair0"), &a, answers);
	ra_settle();
}

/* An advertisement of neighbour n, answering a question or not. */
static void
answer(unsigned int n, uint8_t flags)
{
	struct ip_addr src = router(n),
		       dst = in6_ifa_linklocal(lab_if("pair0"))->ifa_addr;
	struct mbuf *m = lab_packet(src, dst, IPPROTO_ICMPV6, 32);
	uint8_t *p = mtod(m, uint8_t *) + 40;

	memset(p, 0, 32);
	p[0] = ND_NEIGHBOR_ADVERT;
	p[4] = flags;
	memcpy(p + 8, src.b, 16);
	p[24] = 2;
	p[25] = 1;
	p[26] = 2;
	be16enc(p + 30, (uint16_t)(0x100 + n));
	mtod(m, struct ip6_hdr *)->ip6_hlim = 255;
	m->m_pkthdr.csum_flags = M_ICMP_CSUM_IN_OK;
	m->m_pkthdr.ifidx = lab_if("pair0")->if_index;
	ip6_input(lab_if("pair0"), m);
	ra_settle();
}

/* --- one interface --- */

KTEST(rtr_the_first_stays_while_none_is_better)
{
	ra_boot(AUTOCONF);
	advertise(1, 1800, MEDIUM);
	advertise(2, 1800, MEDIUM);
	KT(ra_default_is(1));
	advertise(1, 1800, LOW);
	KT(ra_default_is(2));
	advertise(1, 1800, MEDIUM);
	KT(ra_default_is(2)); /* without a reason nothing moves */
	advertise(1, 1800, HIGH);
	KT(ra_default_is(1));
	advertise(1, 0, HIGH); /* is no router any more */
	KT(ra_default_is(2));
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nrtrs, 1);
	KT_EQ(nd6_counters[ND6S_RTR_CHANGED], 3);
}

/* The fourth value of a header's preference is medium (RFC 4191 2.2). */
KTEST(rtr_reserved_preference_is_medium)
{
	ra_boot(AUTOCONF);
	advertise(1, 1800, LOW);
	advertise(2, 1800, 2);
	KT(ra_default_is(2));
	advertise(3, 1800, MEDIUM);
	KT(ra_default_is(2));
	advertise(4, 1800, HIGH);
	KT(ra_default_is(4));
	advertise(2, 1800, 2);
	KT(ra_default_is(4));
}

KTEST(rtr_route_is_as_programs_expect)
{
	struct rtentry *rt;

	ra_boot(AUTOCONF);
	advertise(1, 1800, MEDIUM);
	rt = rtable_lookup(0, AF_INET6, &in6addr_any, 0, RTP_ANY);
	KT(rt != NULL);
	KT_EQ(rt->rt_flags, RTF_UP | RTF_GATEWAY);
	KT_EQ(rt->rt_priority, RTP_DEFAULT);
	KT_STR(rt_label_text(rt->rt_label), "slaacd");
	KT(rt->rt_ifp == lab_if("pair0"));
	KT(if_ingroup(lab_if("pair0"), "egress"));
	advertise(1, 0, MEDIUM);
	KT(!if_ingroup(lab_if("pair0"), "egress"));
}

KTEST(rtr_lifetime_ends)
{
	ra_boot(AUTOCONF);
	advertise(1, 100, HIGH);
	advertise(2, 300, LOW);
	ra_wait(98);
	KT(ra_default_is(1));
	ra_wait(3);
	KT(ra_default_is(2));
	advertise(2, 400, LOW); /* renewed */
	ra_wait(390);
	KT(ra_default_is(2));
	ra_wait(11);
	KT(ra_default_is(0));
}

/* One that does not answer is worse than any that does (RFC 4191 3.2). */
KTEST(rtr_lost_and_found)
{
	struct nd6_nbr *nn;
	struct ip_addr one = router(1);
	uint64_t asked;

	ra_boot(AUTOCONF);
	advertise(1, 9000, HIGH);
	advertise(2, 9000, LOW);
	reach(1, false);
	KT(ra_default_is(2));
	advertise(1, 9000, HIGH); /* heard, but does he hear? he is asked */
	KT(ra_default_is(2));
	ra_wait(6);
	nn = nd6_lookup(lab_if("pair0"), &one);
	KT(nn != NULL && nn->nn_state == ND6_PROBE);
	answer(1, 0xc0); /* router, solicited */
	KT(ra_default_is(1));
	/* lost for good: asked once a minute */
	reach(1, false);
	KT(ra_default_is(2));
	nd6_remove(nd6_lookup(lab_if("pair0"), &one));
	asked = icmp6_counters[ICMP6S_NS_OUT];
	ra_wait(59);
	KT_EQ(icmp6_counters[ICMP6S_NS_OUT], asked);
	ra_wait(5);
	KT_EQ(icmp6_counters[ICMP6S_NS_OUT], asked + 3);
	KT(ra_default_is(2));
	ra_wait(60);
	KT(icmp6_counters[ICMP6S_NS_OUT] >= asked + 4);
	answer(1, 0xc0);
	KT(ra_default_is(1));
}

/* When none answers, each has its turn (RFC 4861 6.3.6). */
KTEST(rtr_all_lost)
{
	ra_boot(AUTOCONF);
	advertise(1, 9000, MEDIUM);
	advertise(2, 9000, MEDIUM);
	advertise(3, 9000, MEDIUM);
	reach(1, false);
	KT(ra_default_is(2));
	ra_wait(1);
	reach(2, false);
	KT(ra_default_is(3));
	ra_wait(1);
	reach(3, false);
	KT(ra_default_is(1));
	ra_wait(1);
	reach(1, false);
	KT(ra_default_is(2));
	reach(3, true);
	KT(ra_default_is(3));
}

/* A neighbour that says it is no router is none (RFC 4861 7.2.5). */
KTEST(rtr_demoted)
{
	ra_boot(AUTOCONF);
	advertise(1, 9000, HIGH);
	advertise(2, 9000, LOW);
	answer(1, 0x60); /* solicited, override; no router */
	KT(ra_default_is(2));
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nrtrs, 1);
	advertise(1, 9000, HIGH);
	KT(ra_default_is(1));
}

KTEST(rtr_ways_to_other_prefixes)
{
	struct ra a = ra_new(1800, MEDIUM), b = ra_new(0, MEDIUM);
	struct ip_addr far = a6(9, 0), gw, one = router(1), two = router(2);

	ra_boot(AUTOCONF);
	ra_slla(&a, 1);
	ra_slla(&b, 2);
	ra_route(&a, far, 48, MEDIUM, 600);
	ra_route(&b, far, 48, HIGH, 300);
	ra_hear(&a, 1);
	gw = ra_gateway(far, 48);
	KT(ip_addr_eq(&gw, &one));
	ra_hear(&b, 2); /* no default router, but better for this */
	gw = ra_gateway(far, 48);
	KT(ip_addr_eq(&gw, &two));
	KT(ra_default_is(1));
	ra_wait(301);
	gw = ra_gateway(far, 48);
	KT(ip_addr_eq(&gw, &one));
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nrtrs, 1);
	ra_wait(300);
	gw = ra_gateway(far, 48);
	KT(ip_addr_iszero(&gw));
	KT(ra_default_is(1));
}

/* RFC 6724 rule 5.5: each router gets packets from its own prefix. */
KTEST(rtr_source_is_of_the_router_in_use)
{
	struct ra a = ra_new(1800, HIGH), b = ra_new(1800, MEDIUM);
	struct ip_addr far = a6(7, 9);
	struct ifnet *ifp;
	struct rtentry *rt;

	ra_boot(AUTOCONF);
	ifp = lab_if("pair0");
	/* by rule 8 alone it would always be the address in network 6 */
	ra_prefix(&a, a6(5, 0), 64, L_FLAG | A_FLAG, 7200, 3600);
	ra_prefix(&b, a6(6, 0), 64, L_FLAG | A_FLAG, 7200, 3600);
	ra_hear(&a, 1);
	ra_hear(&b, 2);
	ra_wait(3);
	rt = rtable_match(0, AF_INET6, &far);
	KT(rt != NULL && ra_default_is(1));
	KT(in6_source_select(ifp, &far, rt) == ra_addr(a6(5, 0), false, 0));
	reach(1, false);
	rt = rtable_match(0, AF_INET6, &far);
	KT(rt != NULL && ra_default_is(2));
	KT(in6_source_select(ifp, &far, rt) == ra_addr(a6(6, 0), false, 0));
	/* who knows nothing of routers goes by the other rules */
	KT(in6_source_select(ifp, &far, NULL) == ra_addr(a6(6, 0), false, 0));
	/* a router that goes takes no bit along */
	advertise(2, 0, MEDIUM);
	KT_EQ(nd6_host(ifp)->ho_rtrbits, 1);
	advertise(3, 1800, MEDIUM);
	KT(!nd6_prefix_saidby(ra_addr(a6(6, 0), false, 0),
	    &(struct ip_addr){ .b = { 0xfe, 0x80, [15] = 3 } }));
}

/* --- beside what was set by hand --- */

KTEST(rtr_default_route_by_hand_wins)
{
	struct ip_addr dst = a6(77, 1);
	struct rtentry *rt;

	ra_boot(AUTOCONF);
	lab_addr("pair0", a6(1, 1), 64, 0);
	lab_run(1500000);
	advertise(1, 1800, HIGH);
	KT(ra_default_is(1));
	lab_default(0, a6(1, 2));
	rt = rtable_match(0, AF_INET6, &dst);
	KT(rt != NULL && (rt->rt_flags & RTF_STATIC) != 0);
	rt = rtable_lookup(0, AF_INET6, &in6addr_any, 0, RTP_STATIC);
	KT_EQ(rtrequest_delete(rt), 0);
	KT(ra_default_is(1));
}

KTEST(rtr_route_deleted_by_hand_comes_with_the_next_advertisement)
{
	struct rtentry *rt;

	ra_boot(AUTOCONF);
	advertise(1, 1800, MEDIUM);
	rt = rtable_lookup(0, AF_INET6, &in6addr_any, 0, RTP_ANY);
	KT_EQ(rtrequest_delete(rt), 0);
	KT(ra_default_is(0));
	advertise(1, 1800, MEDIUM);
	KT(ra_default_is(1));
	/* and gone when the router goes, with nothing in the table */
	rt = rtable_lookup(0, AF_INET6, &in6addr_any, 0, RTP_ANY);
	KT_EQ(rtrequest_delete(rt), 0);
	advertise(1, 0, MEDIUM);
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nrtrs, 0);
}

/* --- two interfaces --- */

static void
advertise_on(const char *name, unsigned int n, uint8_t preference)
{
	struct ra r = ra_new(1800, preference);
	struct mbuf *m;

	ra_slla(&r, n);
	m = ra_packet(&r, router(n));
	m->m_pkthdr.ifidx = lab_if(name)->if_index;
	ip6_input(lab_if(name), m);
	ra_settle();
}

static const char *
default_by(void)
{
	struct rtentry *rt = rtable_lookup(0, AF_INET6, &in6addr_any, 0,
	    RTP_ANY);

	return (rt != NULL ? rt->rt_ifp->if_xname : "none");
}

/* ifconfig NAME priority n */
static void
part(const char *name, uint64_t n)
{
	static struct proc root;
	struct if_req req = { .value = n };

	strlcpy(req.name, name, sizeof(req.name));
	KT_EQ(if_ioctl_dispatch(SIOCSIFPRIORITY, &req, &root), 0);
	ra_settle();
}

KTEST(rtr_of_two_interfaces_one_has_the_route)
{
	struct ifnet *second;

	ra_boot(AUTOCONF);
	lab_pair("pair4", "pair5", 0, 1);
	second = lab_if("pair4");
	KT_EQ(if_setflags(second, second->if_flags | AUTOCONF), 0);
	lab_run(3000000);
	advertise_on("pair0", 1, MEDIUM);
	advertise_on("pair4", 2, MEDIUM);
	KT_STR(default_by(), "pair0");
	/* the link goes, and comes: the other has it, and keeps it */
	if_link_state_change(lab_if("pair0"), LINK_STATE_DOWN);
	ra_settle();
	KT_STR(default_by(), "pair4");
	if_link_state_change(lab_if("pair0"), LINK_STATE_UP);
	ra_settle();
	KT_STR(default_by(), "pair4");
	advertise_on("pair0", 1, HIGH);
	KT_STR(default_by(), "pair0");
	/* the administrator's word comes before the router's */
	part("pair0", 3);
	KT_STR(default_by(), "pair4");
	part("pair0", 0);
	KT_STR(default_by(), "pair0");
	part("pair0", 3);
	KT_STR(default_by(), "pair4");
	advertise_on("pair0", 1, HIGH);
	KT_STR(default_by(), "pair4");
	KT_EQ(if_clone_destroy("pair4"), 0);
	KT_STR(default_by(), "pair0");
	KT_EQ(rtable_lookup(0, AF_INET6, &in6addr_any, 0, RTP_ANY)->rt_priority,
	    RTP_DEFAULT + 3);
	KT_EQ(if_setflags(lab_if("pair0"), 0), 0);
	KT_STR(default_by(), "none");
}
