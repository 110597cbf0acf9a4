/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Neighbour discovery: every state by every event, messages whole and
 * damaged, limits of the cache, DAD by message, redirects judged.
 */

#include <sys/malloc.h>
#include <sys/sysctl.h>

#include "lab6.h"

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 0xa },
		     mac_b[6] = { 2, 0, 0, 0, 0, 0xb };

/* --- the table, written again by hand from RFC 4861 C --- */

#define I    ND6_INCOMPLETE
#define R    ND6_REACHABLE
#define S    ND6_STALE
#define D    ND6_DELAY
#define P    ND6_PROBE
#define M    ND6_PERMANENT
#define GONE -1

/* clang-format off */
static const int want[ND6_NSTATES][ND6_NEVENTS] = {
	/*	 SEND TIME  H=  H!  S=  SO  SK  U=  UO  UK  CONF */
	[I] = {	 I,   GONE, S,  S,  R,  R,  R,  S,  S,  S,  I },
	[R] = {	 R,   S,    R,  S,  R,  R,  S,  R,  S,  S,  R },
	[S] = {	 D,   GONE, S,  S,  R,  R,  S,  S,  S,  S,  R },
	[D] = {	 D,   P,    D,  S,  R,  R,  D,  D,  S,  D,  R },
	[P] = {	 P,   P,    P,  S,  R,  R,  P,  P,  S,  P,  R },
	[M] = {	 M,   M,    M,  M,  M,  M,  M,  M,  M,  M,  M },
};
/* Does the event bring in another link address? */
static const bool takes[ND6_NSTATES][ND6_NEVENTS] = {
	[I] = {	 0,   0,    1,  1,  1,  1,  1,  1,  1,  1,  0 },
	[R] = {	 0,   0,    0,  1,  0,  1,  0,  0,  1,  0,  0 },
	[S] = {	 0,   0,    0,  1,  0,  1,  0,  0,  1,  0,  0 },
	[D] = {	 0,   0,    0,  1,  0,  1,  0,  0,  1,  0,  0 },
	[P] = {	 0,   0,    0,  1,  0,  1,  0,  0,  1,  0,  0 },
};
/* clang-format on */

/* An entry brought into the state by events alone. */
static struct nd6_nbr *
entry(struct ifnet *ifp, const struct ip_addr *a, enum nd6_state s)
{
	struct nd6_nbr *nn = nd6_get(ifp, a);

	KT(nn != NULL);
	if (s == M)
		KT_EQ(nd6_set(ifp, a, mac_a, false), 0);
	else if (s == R)
		nd6_event(nn, ND6_EV_SOL_OVER, mac_a);
	else if (s != I)
		nd6_event(nn, ND6_EV_HINT_NEW, mac_a);
	if (s == D || s == P)
		nd6_event(nn, ND6_EV_SEND, NULL);
	if (s == P)
		nd6_event(nn, ND6_EV_TIMEOUT, NULL);
	KT_EQ(nn->nn_state, s);
	return (nn);
}

KTEST(nd6_every_state_by_every_event)
{
	struct ip_addr a = a6(1, 99);
	struct nd6_nbr *nn;
	struct ifnet *ifp;
	unsigned int s, e;

	lab_up();
	ifp = lab_if("pair0");
	for (s = 0; s < ND6_NSTATES; s++)
		for (e = 0; e < ND6_NEVENTS; e++) {
			nn = entry(ifp, &a, (enum nd6_state)s);
			nd6_event(nn, (enum nd6_event)e, mac_b);
			nn = nd6_lookup(ifp, &a);
			KT_EQ(nn == NULL ? GONE : (int)nn->nn_state,
			    want[s][e]);
			if (nn == NULL)
				continue;
			if (takes[s][e])
				KT(memcmp(nn->nn_lladdr, mac_b, 6) == 0);
			else if (s != I)
				KT(memcmp(nn->nn_lladdr, mac_a, 6) == 0);
			nd6_remove(nn);
		}
}

KTEST(nd6_questions_are_counted)
{
	struct ip_addr a = a6(1, 98);
	struct nd6_nbr *nn;
	unsigned int k;

	lab_up();
	nn = entry(lab_if("pair0"), &a, P); /* first question asked */
	for (k = 1; k < 3; k++) {
		nd6_event(nn, ND6_EV_TIMEOUT, NULL);
		KT(nd6_lookup(lab_if("pair0"), &a) == nn);
	}
	nd6_event(nn, ND6_EV_TIMEOUT, NULL);
	KT(nd6_lookup(lab_if("pair0"), &a) == NULL);
	KT_EQ(nd6_counters[ND6S_UNREACHABLE], 1);
}

KTEST(nd6_hold_queue_is_bounded_and_keeps_the_newest)
{
	struct nexthop nh = { .nh_af = AF_INET6, .nh_addr = a6(1, 97) };
	struct nd6_nbr *nn;
	uint8_t l[6];
	uint32_t i;

	lab_up();
	for (i = 0; i < 200; i++)
		KT_EQ(nd6_resolve(lab_if("pair0"),
			  lab_packet(a6(1, 1), nh.nh_addr, 253, i), &nh, NULL,
			  l),
		    EAGAIN);
	nn = nd6_lookup(lab_if("pair0"), &nh.nh_addr);
	KT(nn != NULL);
	KT_EQ(nn->nn_held.ml_len, 64);
	KT_EQ(nn->nn_held.ml_head->m_pkthdr.len, 40 + 200 - 64);
	KT_EQ(drop_counts[DROP_ND6_HOLDFULL], 200 - 64);
}

KTEST(nd6_scan_does_not_push_out_who_answered)
{
	struct nexthop nh = { .nh_af = AF_INET6 };
	struct ip_addr friends[16];
	uint8_t l[6];
	uint32_t i;

	lab_up();
	ip6_neighborgcthresh = 64;
	for (i = 0; i < 16; i++) {
		friends[i] = a6(1, 1000 + i);
		(void)entry(lab_if("pair0"), &friends[i], i % 2 ? R : S);
	}
	for (i = 0; i < 2000; i++) {
		nh.nh_addr = a6(1, 3000 + i);
		(void)nd6_resolve(lab_if("pair0"),
		    lab_packet(a6(1, 1), nh.nh_addr, 253, 8), &nh, NULL, l);
		KT(in6_if(lab_if("pair0"))->i6_nbrs <= 64);
	}
	for (i = 0; i < 16; i++)
		KT(nd6_lookup(lab_if("pair0"), &friends[i]) != NULL);
	KT(drop_counts[DROP_ND6_EVICTED] > 1900);
}

/* Who only said that he is there, and is asked now, makes room. */
KTEST(nd6_solicitations_from_nobody_keep_none_out)
{
	struct ip_addr friends[8], a;
	uint32_t i;

	lab_up();
	ip6_neighborgcthresh = 64;
	for (i = 0; i < 8; i++) {
		friends[i] = a6(1, 1000 + i);
		(void)entry(lab_if("pair0"), &friends[i], R);
	}
	for (i = 0; i < 2000; i++) {
		a = a6(1, 3000 + i);
		KT(entry(lab_if("pair0"), &a, i % 2 ? D : P) != NULL);
		KT(in6_if(lab_if("pair0"))->i6_nbrs <= 64);
	}
	for (i = 0; i < 8; i++)
		KT(nd6_lookup(lab_if("pair0"), &friends[i]) != NULL);
}

KTEST(nd6_entries_go_with_their_interface)
{
	struct ip_addr a = a6(1, 96);

	lab_up();
	(void)entry(lab_if("pair0"), &a, M);
	KT_EQ(lab_ping(0, a6(1, 2), 8), 0);
	lab_run(100000);
	KT_EQ(if_clone_destroy("pair0"), 0);
	lab_run(1000000);
	KT(if_unit("pair0") == NULL);
}

KTEST(nd6_host_route_and_neighbour_end_together)
{
	struct ip_addr a = a6(1, 2);
	struct rtentry *rt;
	int error;

	lab_up();
	KT_EQ(lab_ping(0, a, 8), 0);
	lab_run(100000);
	rt = rt_resolve(0, AF_INET6, &a, NULL, &error);
	KT(rt != NULL && rt->rt_llinfo == nd6_lookup(lab_if("pair0"), &a));
	nd6_remove(rt->rt_llinfo);
	KT(rtable_lookup(0, AF_INET6, &a, 128, RTP_ANY) == NULL);
	rt = rt_resolve(0, AF_INET6, &a, NULL, &error);
	KT(rt != NULL && rt->rt_llinfo != NULL);
	KT_EQ(rtrequest_delete(rt), 0);
	KT(nd6_lookup(lab_if("pair0"), &a) == NULL);
}

/* --- messages --- */

/* A message of ND to pair0: body of len bytes behind type and code. */
static struct mbuf *
message(struct ip_addr src, struct ip_addr dst, const uint8_t *body,
    uint32_t len)
{
	struct mbuf *m = lab_packet(src, dst, IPPROTO_ICMPV6, len);
	uint16_t sum;

	memcpy(mtod(m, uint8_t *) + 40, body, len);
	mtod(m, struct ip6_hdr *)->ip6_hlim = 255;
	memset(mtod(m, uint8_t *) + 42, 0, 2);
	sum = in_cksum_fold(
	    in_cksum_add(in_pseudo(AF_INET6, &src, &dst, len, IPPROTO_ICMPV6),
		m, 40, len));
	memcpy(mtod(m, uint8_t *) + 42, &sum, 2);
	return (m);
}

static void
receive(const char *name, struct mbuf *m)
{
	m->m_pkthdr.ifidx = lab_if(name)->if_index;
	m->m_pkthdr.rtableid = (uint16_t)lab_if(name)->if_rtable;
	ip6_input(lab_if(name), m);
}

/* A solicitation (135) or advertisement (136) for target. */
static uint32_t
body_of(uint8_t buf[64], uint8_t type, struct ip_addr target, uint8_t flags,
    uint8_t opt, const uint8_t *mac)
{
	memset(buf, 0, 64);
	buf[0] = type;
	buf[4] = flags;
	memcpy(buf + 8, target.b, 16);
	if (mac == NULL)
		return (24);
	buf[24] = opt;
	buf[25] = 1;
	memcpy(buf + 26, mac, 6);
	return (32);
}

enum { LL = 1, OWN, GROUP, ALL, ANY, OFFLINK, NBR, STRANGE };

static struct ip_addr
addr_of(int which)
{
	struct ip_addr ll = { .b = { 0xfe, 0x80, [15] = 0x77 } },
		       own = a6(1, 1);

	switch (which) {
	case LL:
		return (ll);
	case OWN:
		return (own);
	case GROUP:
		return (in6_solicited(&own));
	case ALL:
		return (in6addr_allnodes);
	case OFFLINK:
		return (a6(8, 8));
	case STRANGE:
		return (a6(1, 51));
	case NBR:
		return (a6(1, 50));
	default:
		return (in6addr_any);
	}
}

/* clang-format off */
static const struct row {
	uint8_t type, flags, opt;
	int src, dst, target;
	bool mac;
	uint8_t hlim;
	enum drop_reason why;
	const char *what;
} rows[] = {
	{ 135, 0,    1, LL,	 GROUP, OWN,   true,  255, DROP_NONE,		"asks" },
	{ 135, 0,    1, NBR,	 OWN,	OWN,   true,  255, DROP_NONE,		"asks by unicast" },
	{ 135, 0,    1, NBR,	 OWN,	OWN,   false, 255, DROP_NONE,		"without an option" },
	{ 135, 0,    1, NBR,	 OWN,	OWN,   true,  254, DROP_ICMP6_HLIM,	"from behind a router" },
	{ 135, 0,    1, OFFLINK, OWN,	OWN,   true,  255, DROP_ND6_NOTLINK,	"from elsewhere" },
	{ 135, 0,    1, ANY,	 OWN,	OWN,   false, 255, DROP_ICMP6_BADADDR,	"probe to an address" },
	{ 135, 0,    1, ANY,	 GROUP, OWN,   true,  255, DROP_ICMP6_BADOPT,	"probe with a link address" },
	{ 135, 0,    1, ANY,	 GROUP, OWN,   false, 255, DROP_NONE,		"probe for ours: defended" },
	{ 135, 0,    1, LL,	 GROUP, ALL,   true,  255, DROP_ICMP6_BADADDR,	"asks for a group" },
	{ 135, 0,    1, LL,	 GROUP, NBR,   true,  255, DROP_ND6_NOTFORUS,	"asks for another" },
	{ 136, 0x60, 2, NBR,	 OWN,	STRANGE, true, 255, DROP_ND6_STRANGER,	"answer nobody asked for" },
	{ 136, 0x60, 2, NBR,	 ALL,	NBR,   true,  255, DROP_ICMP6_BADADDR,	"solicited, to all" },
	{ 136, 0x20, 2, NBR,	 ALL,	OWN,   true,  255, DROP_ND6_DUPLICATE,	"claims our address" },
	{ 136, 0x20, 2, NBR,	 ALL,	ALL,   true,  255, DROP_ICMP6_BADADDR,	"claims a group" },
	{ 134, 0,    1, LL,	 ALL,	OWN,   true,  255, DROP_ICMP6_RA,	"router: ignored, counted" },
	{ 134, 0,    1, NBR,	 ALL,	OWN,   true,  255, DROP_ICMP6_BADADDR,	"router without link-local" },
	{ 137, 0,    2, LL,	 OWN,	OWN,   true,  255, DROP_ICMP6_BADADDR,	"redirect that is too odd" },
};
/* clang-format on */

KTEST(nd6_messages_are_judged)
{
	unsigned int i, k;
	uint8_t buf[64];

	lab_up();
	for (i = 0; i < nitems(rows); i++) {
		const struct row *r = &rows[i];
		uint32_t len = body_of(buf, r->type, addr_of(r->target),
		    r->flags, r->opt, r->mac ? mac_a : NULL);
		uint64_t before[NDROPS], sum = 0;
		struct mbuf *m;

		if (r->type == ND_REDIRECT)
			len = 40;
		if (r->type == ND_ROUTER_ADVERT) {
			memmove(buf + 16, buf + 24, 8);
			len = 24;
		}
		memcpy(before, drop_counts, sizeof(before));
		m = message(addr_of(r->src), addr_of(r->dst), buf, len);
		mtod(m, struct ip6_hdr *)->ip6_hlim = r->hlim;
		receive("pair0", m);
		for (k = 1; k < NDROPS; k++)
			sum += drop_counts[k] - before[k];
		if (sum != (r->why != DROP_NONE) ||
		    (r->why != DROP_NONE &&
			drop_counts[r->why] == before[r->why]))
			KT_STR("not as wanted", r->what);
	}
}

/* No byte of a good message may be wrong without it being noticed, once the
 * sum does not cover for it; and none may do harm even if it does. */
KTEST(nd6_damage_every_byte_and_cut_everywhere)
{
	static const uint8_t types[] = { 133, 134, 135, 136, 137 };
	uint8_t buf[64], bad[64];
	uint32_t len, k, t;
	long live;

	lab_up();
	for (t = 0; t < nitems(types); t++) {
		len = body_of(buf, types[t], a6(1, 1), 0, 1, mac_a);
		if (types[t] == ND_REDIRECT) {
			memcpy(buf + 24, a6(2, 2).b, 16);
			len = 40;
		}
		for (k = 0; k < len; k++) { /* the sum is right again */
			memcpy(bad, buf, sizeof(bad));
			bad[k] = (uint8_t)~bad[k];
			receive("pair0",
			    message(addr_of(LL), addr_of(GROUP), bad, len));
		}
		for (k = 1; k < len; k++)
			receive("pair0",
			    message(addr_of(LL), addr_of(GROUP), buf, k));
		for (k = 0; k < len; k++) { /* the sum is wrong */
			struct mbuf *m = message(addr_of(LL), addr_of(GROUP),
			    buf, len);
			uint64_t before = drop_counts[DROP_ICMP6_BADSUM];

			mtod(m, uint8_t *)[40 + k] ^= 0x10;
			receive("pair0", m);
			KT_EQ(drop_counts[DROP_ICMP6_BADSUM], before + 1);
		}
	}
	lab_run(5000000);
	nd6_ifdown(lab_if("pair0"));
	live = sim_live();
	receive("pair0", message(addr_of(LL), addr_of(GROUP), buf, 4));
	KT_EQ(sim_live(), live);
}

KTEST(nd6_answer_resolves_and_sends_what_waits)
{
	struct nexthop nh = { .nh_af = AF_INET6, .nh_addr = a6(1, 50) };
	uint64_t sent;
	uint8_t l[6], buf[64];
	uint32_t len;

	lab_up();
	KT_EQ(nd6_resolve(lab_if("pair0"),
		  lab_packet(a6(1, 1), nh.nh_addr, 253, 8), &nh, NULL, l),
	    EAGAIN);
	sent = lab_if("pair0")->if_counters.opackets;
	lab_run(10000);
	len = body_of(buf, 136, nh.nh_addr, 0xe0, 2, mac_b);
	receive("pair0", message(nh.nh_addr, a6(1, 1), buf, len));
	lab_run(10000);
	KT(lab_if("pair0")->if_counters.opackets > sent);
	KT_EQ(nd6_resolve(lab_if("pair0"), NULL, &nh, NULL, l), 0);
	KT(memcmp(l, mac_b, 6) == 0);
	KT(nd6_lookup(lab_if("pair0"), &nh.nh_addr)->nn_router);
	/* without Override another address only makes him stale */
	len = body_of(buf, 136, nh.nh_addr, 0x40, 2, mac_a);
	receive("pair0", message(nh.nh_addr, a6(1, 1), buf, len));
	KT_EQ(nd6_lookup(lab_if("pair0"), &nh.nh_addr)->nn_state, ND6_STALE);
	KT(memcmp(nd6_lookup(lab_if("pair0"), &nh.nh_addr)->nn_lladdr, mac_b,
	       6) == 0);
	KT(!nd6_lookup(lab_if("pair0"), &nh.nh_addr)->nn_router);
}

KTEST(nd6_proxy_answers_for_others)
{
	struct ip_addr far = a6(1, 200);

	lab_up();
	KT_EQ(nd6_set(lab_if("pair1"), &far, lab_if("pair1")->if_lladdr, true),
	    0);
	KT_EQ(lab_ping(0, far, 64), 0);
	lab_run(100000);
	KT_EQ(nd6_counters[ND6S_PROXIED], 1);
	KT_EQ(nd6_lookup(lab_if("pair0"), &far)->nn_state, ND6_REACHABLE);
}

KTEST(nd6_own_probe_that_comes_back_is_known)
{
	struct ip_addr a = a6(1, 120), group = in6_solicited(&a);
	uint8_t buf[64];
	uint32_t len;

	lab_up();
	lab_addr("pair0", a, 64, 0);
	lab_run(
	    20000); /* the probe is out; its nonce is secret: another one is a rival */
	len = body_of(buf, 135, a, 0, ND_OPT_NONCE, mac_a);
	receive("pair0", message(in6addr_any, group, buf, len));
	KT((ifa_onif(lab_if("pair0"), AF_INET6, &a)->ifa_flags &
	       IFA_DUPLICATED) != 0);
	KT_EQ(nd6_counters[ND6S_DADDUP], 1);
}

KTEST(nd6_redirect_is_followed_by_a_host_from_its_router_only)
{
	struct ip_addr far = a6(7, 7),
		       gw = { .b = { 0xfe, 0x80, [15] = 0x77 } },
		       better = { .b = { 0xfe, 0x80, [15] = 0x88 } };
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_INET6,
		.plen = 64,
		.dst = a6(7, 0),
		.flags = RTF_STATIC };
	struct rtentry *rt;
	uint8_t buf[64];
	uint32_t len;

	lab_up();
	ip6_forwarding = 0;
	w.gateway = gw;
	w.ifp = lab_if("pair0");
	KT_EQ(rtrequest_add(&w, NULL), 0);
	len = body_of(buf, ND_REDIRECT, better, 0, 0, NULL);
	memcpy(buf + 24, far.b, 16);
	len = 40;
	receive("pair0",
	    message(gw, a6(1, 1), buf, len)); /* rediraccept is 0 */
	KT_EQ(drop_counts[DROP_ICMP6_REDIRECT], 1);
	icmp6_rediraccept = 1;
	receive("pair0",
	    message(better, a6(1, 1), buf, len)); /* not our router */
	KT_EQ(drop_counts[DROP_ICMP6_REDIRECT], 2);
	receive("pair0", message(gw, a6(1, 1), buf, len));
	KT_EQ(drop_counts[DROP_ICMP6_REDIRECT], 2);
	rt = rtable_match(0, AF_INET6, &far);
	KT(rt != NULL && (rt->rt_flags & RTF_DYNAMIC) != 0);
	KT(ip_addr_eq(&rt->rt_gateway, &better));
	/* he says that he is no router any more */
	nd6_hint(lab_if("pair0"), &better, mac_a);
	nd6_router(nd6_lookup(lab_if("pair0"), &better), true);
	len = body_of(buf, 136, better, 0x20, 2, mac_a);
	receive("pair0", message(better, in6addr_allnodes, buf, len));
	rt = rtable_match(0, AF_INET6, &far);
	KT(rt != NULL && (rt->rt_flags & RTF_DYNAMIC) == 0);
}

KTEST(nd6_cache_is_read_and_written_by_sysctl)
{
	struct nd6_row row = { .state = ND6_PERMANENT,
		.addr = a6(1, 44),
		.lladdr = { 2, 1, 1, 1, 1, 1 },
		.ifname = "pair0" };
	struct proc p = { 0 };
	struct sysctl_req req = { .proc = &p,
		.new = &row,
		.newlen = sizeof(row) };

	lab_up();
	KT_EQ(kern_sysctl("net.inet6.nd6.cache", &req), 0);
	KT(req.oldlen >= sizeof(row) && req.oldlen % sizeof(row) == 0);
	free(req.old, M_SYSCTL, req.oldcap);
	KT_EQ(nd6_lookup(lab_if("pair0"), &row.addr)->nn_state, ND6_PERMANENT);
	req = (struct sysctl_req){ .proc = &p,
		.new = &row,
		.newlen = sizeof(row) };
	row.lladdr[0] = 1;
	KT_EQ(kern_sysctl("net.inet6.nd6.cache", &req), EINVAL);
	free(req.old, M_SYSCTL, req.oldcap);
	row.state = ND6_NSTATES;
	req = (struct sysctl_req){ .proc = &p,
		.new = &row,
		.newlen = sizeof(row) };
	KT_EQ(kern_sysctl("net.inet6.nd6.cache", &req), 0);
	free(req.old, M_SYSCTL, req.oldcap);
	KT(nd6_lookup(lab_if("pair0"), &row.addr) == NULL);
}

KTEST(nd6_host_route_with_a_link_address_is_a_neighbour)
{
	struct ip_addr a = a6(1, 45);
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_LINK,
		.plen = 128,
		.dst = a,
		.gateway = { .b = { 2, 9, 9, 9, 9, 9 } },
		.flags = RTF_STATIC | RTF_PROTO2 };
	struct rtentry *rt;
	struct nd6_nbr *nn;

	lab_up();
	w.ifp = lab_if("pair0");
	KT_EQ(rtrequest_add(&w, &rt), 0);
	nn = nd6_lookup(w.ifp, &a);
	KT(nn != NULL && nn->nn_state == ND6_PERMANENT && nn->nn_proxy);
	KT(memcmp(nn->nn_lladdr, w.gateway.b, 6) == 0);
	KT_EQ(rtrequest_delete(rt), 0);
	KT(nd6_lookup(w.ifp, &a) == NULL);
	KT_EQ(in6_if(w.ifp)->i6_proxies, 0);
	/* what is learned shows in the route */
	a = a6(1, 2);
	KT_EQ(lab_ping(0, a, 8), 0);
	lab_run(100000);
	rt = rtable_lookup(0, AF_INET6, &a, 128, RTP_ANY);
	KT(rt != NULL && rt->rt_gwaf == AF_LINK);
	KT(memcmp(rt->rt_gateway.b, lab_if("pair1")->if_lladdr, 6) == 0);
}
