/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Reasons for which packets die that no other test names: each by a packet
 * that dies of it, is counted once, and leaves nothing behind.
 */

#include "lab4.h"

#include <sys/endian.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <net/if_bridge.h>
#include <netinet6/ip6.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>

static struct ifnet *const net0 = &catch_if[0], *const net1 = &catch_if[1];
static struct proc owner;

/* fd00:net::host */
static struct ip_addr
a6(uint8_t net, uint8_t host)
{
	return ((struct ip_addr){ .b = { 0xfd, [3] = net, [15] = host } });
}

static void
addr6(struct ifnet *ifp, struct ip_addr a)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = a,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	KT_EQ(in6_addr_add(ifp, &req, NULL), 0);
}

/* An IPv6 packet of len bytes behind the header, the first of them given. */
static struct mbuf *
pkt6(struct ip_addr src, struct ip_addr dst, uint8_t next, const void *body,
    uint32_t n, uint32_t len)
{
	struct mbuf *m = m_getroom(M_HEADROOM, 40 + len);
	uint8_t *p;

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = 40 + len;
	p = mtod(m, uint8_t *);
	memset(p, 0, 40 + len);
	p[0] = 0x60;
	be16enc(p + 4, (uint16_t)len);
	p[6] = next;
	p[7] = 64;
	memcpy(p + 8, src.b, 16);
	memcpy(p + 24, dst.b, 16);
	memcpy(p + 40, body, n);
	return (m);
}

static void
in6(struct mbuf *m)
{
	m->m_pkthdr.ifidx = net0->if_index;
	ip6_input(net0, m);
	(void)if_flush_all();
}

/* An ICMPv6 message with its sum. */
static void
icmp6_in(uint8_t type, uint8_t code, uint32_t len)
{
	const uint8_t h[2] = { type, code };
	struct mbuf *m = pkt6(a6(0, 9), a6(0, 1), IPPROTO_ICMPV6, h,
	    MIN(len, 2), len);

	if (len >= 4) {
		m->m_pkthdr.csum_flags = M_ICMP_CSUM_OUT;
		KT_EQ(in_cksum_finish(&m, AF_INET6), 0);
		m->m_pkthdr.csum_flags = 0;
	}
	in6(m);
}

static void
frame_in(uint16_t type, uint8_t first)
{
	struct mbuf *m = m_getroom(M_HEADROOM, 60);
	struct ether_header *eh;

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = 60;
	memset(mtod(m, void *), 0, 60);
	eh = mtod(m, struct ether_header *);
	memcpy(eh->ether_dhost, net0->if_lladdr, 6);
	eh->ether_shost[0] = first;
	eh->ether_type = htons(type);
	net0->if_input(net0, m);
}

/* --- how each is met --- */

static void
start_nothing(struct ifnet *ifp)
{
}

static void
queue_full(void)
{
	struct nexthop nh = { .nh_af = AF_INET,
		.nh_addr = ip_addr_v4(A4(10, 0, 1, 9)) };
	struct ip_addr dst = nh.nh_addr;
	struct rtentry *rt;
	int error;

	net0->if_start = start_nothing;
	net0->if_snd_max = 3;
	rt = rt_resolve(0, AF_INET, &dst, NULL, &error);
	for (int i = 0; i < 3; i++)
		KT_EQ(net0->if_output(net0,
			  pkt_echo(A4(10, 0, 1, 1), dst.v4, 8), &nh, rt),
		    0);
	KT_EQ(net0->if_output(net0, pkt_echo(A4(10, 0, 1, 1), dst.v4, 8), &nh,
		  rt),
	    ENOBUFS);
	ml_purge(&net0->if_snd);
	net0->if_start = catch_start;
}

/* A sum is missing in a header that is not there. */
static void
offload_nonsense(void)
{
	struct pkt p = { .src = A4(10, 0, 1, 1),
		.dst = A4(10, 0, 1, 9),
		.proto = IPPROTO_TCP,
		.len = 4 };
	struct mbuf *m = pkt_make(&p);

	m->m_pkthdr.csum_flags = M_TCP_CSUM_OUT;
	/* a driver of a link that cannot finish it */
	m = m_prepend(m, ETHER_HDR_LEN);
	KT(m != NULL);
	memset(mtod(m, void *), 0, ETHER_HDR_LEN);
	mtod(m, struct ether_header *)->ether_type = htons(ETHERTYPE_IP);
	if_finish_offload(net0, m, &caught[0]);
}

static void
no_family(void)
{
	if_input_ip(net0, pkt_echo(A4(10, 0, 1, 9), A4(10, 0, 1, 1), 8),
	    AF_UNIX);
}

static void
interface_gone(void)
{
	struct mbuf *m = pkt_echo(A4(10, 9, 0, 1), A4(10, 9, 0, 1), 8);

	KT_EQ(if_clone_create("lo9"), 0);
	KT_EQ(lab_addr("lo9", A4(10, 9, 0, 1), 32), 0);
	KT_EQ(if_setflags(lab_if("lo9"), lab_if("lo9")->if_flags | IFF_UP), 0);
	if_input_later(lab_if("lo9"), m);
	KT_EQ(if_clone_destroy("lo9"), 0);
	(void)if_flush_all();
}

static void
ether_noproto(void)
{
	frame_in(0x88b5, 2);
}

static void
ether_badsrc(void)
{
	frame_in(ETHERTYPE_IP, 1);
}

static void
bridge_itself(void)
{
	struct nexthop nh = { .nh_af = AF_INET };

	KT_EQ(if_clone_create("bridge0"), 0);
	KT_EQ(lab_if("bridge0")->if_output(lab_if("bridge0"),
		  pkt_echo(A4(10, 0, 1, 1), A4(10, 0, 1, 9), 8), &nh, NULL),
	    EAFNOSUPPORT);
}

static void
options_bad(void)
{
	static const uint8_t opt[4] = { 7, 77, 4, 0 }; /* longer than it is */
	struct pkt p = { .src = A4(10, 0, 1, 9),
		.dst = A4(10, 0, 1, 1),
		.proto = IPPROTO_UDP,
		.len = 8,
		.opt = opt,
		.optlen = sizeof(opt) };

	catch_in(0, pkt_make(&p));
}

/* A packet with an MTU that no fragment fits. */
static void
cannot_fragment(void)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;

	KT_EQ(ip_fragment(pkt_echo(A4(10, 0, 1, 1), A4(10, 0, 1, 9), 2000), &ml,
		  24),
	    EMSGSIZE);
}

static void
cannot_fragment6(void)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;

	KT(ip6_fragment(pkt6(a6(0, 1), a6(0, 9), IPPROTO_UDP, "", 0, 2000), &ml,
	       48) != 0);
}

/* Longer than any packet, with the options that were asked for. */
static void
output_impossible(void)
{
	static const uint8_t opt[4] = { 1, 1, 1, 1 };
	struct ip_outopts po = { .po_options = opt, .po_optlen = 4 };

	KT_EQ(ip_output(pkt_echo(0, A4(10, 0, 1, 9), 65535 - 20 - 8), &po),
	    EMSGSIZE);
}

/* To where a route says that nothing goes. */
static void
output_impossible6(void)
{
	struct rt_want w = { .af = AF_INET6,
		.plen = 32,
		.dst = a6(51, 0),
		.flags = RTF_REJECT | RTF_STATIC };
	struct ip_outopts po = { .po_rtable = 0 };

	KT_EQ(rtrequest_add(&w, NULL), 0);
	KT_EQ(ip6_output(pkt6(in6addr_any, a6(51, 1), IPPROTO_UDP, "", 0, 8),
		  &po),
	    EHOSTUNREACH);
}

/* A next hop on an interface that it is not a neighbour of. */
static void
arp_nowhere(void)
{
	struct nexthop nh = { .nh_af = AF_INET,
		.nh_addr = ip_addr_v4(A4(10, 0, 2, 9)) };

	KT(net0->if_output(net0, pkt_echo(A4(10, 0, 1, 1), nh.nh_addr.v4, 8),
	       &nh, NULL) != 0);
}

/* A raw socket that passes no message of ICMPv6. */
static void
raw_filtered(void)
{
	const uint8_t none[32] = { 255, 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	struct socket *so;

	KT_EQ(socreate(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, &owner, &so), 0);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_ICMPV6, 1 /* ICMP6_FILTER */,
		  none, sizeof(none), &owner),
	    0);
	icmp6_in(ICMP6_ECHO_REQUEST, 0, 8);
	soclose(so);
}

static struct ip_frag
frag_of(uint16_t id, uint8_t tos)
{
	return ((struct ip_frag){ .af = AF_INET,
	    .src = ip_addr_v4(A4(10, 0, 1, 9)),
	    .dst = ip_addr_v4(A4(10, 0, 1, 1)),
	    .id = id,
	    .proto = IPPROTO_UDP,
	    .len = 8,
	    .hdrlen = 20,
	    .more = true,
	    .tos = tos,
	    .ifp = net0 });
}

static struct mbuf *
frag_pkt(void)
{
	struct pkt p = { .src = A4(10, 0, 1, 9),
		.dst = A4(10, 0, 1, 1),
		.proto = IPPROTO_UDP,
		.len = 8 };

	return (pkt_make(&p));
}

static void
frag_header(void)
{
	struct ip_frag f = frag_of(1, 0);

	f.len = 100; /* more than there is */
	KT(ip_reass(frag_pkt(), &f) == NULL);
}

static void
frag_pushed_out(void)
{
	struct ip_frag f = frag_of(2, 0);

	KT(ip_reass(frag_pkt(), &f) == NULL);
	ip_frag_flush();
}

/* RFC 3168 5.3: not ECN-capable here, congestion experienced there. */
static void
frag_ecn_mixed(void)
{
	struct ip_frag f = frag_of(3, 0);

	KT(ip_reass(frag_pkt(), &f) == NULL);
	f.tos = 3;
	f.off = 8;
	f.more = false;
	KT(ip_reass(frag_pkt(), &f) == NULL);
}

static void
v6_disabled(void)
{
	in6_if(net0)->i6_flags |= I6F_DISABLED;
	in6(pkt6(a6(0, 9), a6(0, 1), IPPROTO_UDP, "", 0, 8));
	in6_if(net0)->i6_flags &= ~(uint32_t)I6F_DISABLED;
}

static void
v6_tentative(void)
{
	addr6(net0, a6(0, 77));
	in6(pkt6(a6(0, 9), a6(0, 77), IPPROTO_UDP, "", 0, 8));
}

static void
v6_blackhole(void)
{
	struct rt_want w = { .af = AF_INET6,
		.plen = 32,
		.dst = a6(50, 0),
		.flags = RTF_BLACKHOLE | RTF_STATIC };

	KT_EQ(rtrequest_add(&w, NULL), 0);
	ip6_forwarding = 1;
	in6(pkt6(a6(0, 9), a6(50, 1), IPPROTO_UDP, "", 0, 8));
	ip6_forwarding = 0;
}

static void
icmp6_short(void)
{
	icmp6_in(ICMP6_ECHO_REQUEST, 0, 3);
}

static void
icmp6_type(void)
{
	icmp6_in(99, 0, 8);
}

static void
icmp6_nodeinfo_in(void)
{
	icmp6_in(139, 0, 16);
}

/* A neighbour is to be asked for, and nobody is there to ask. */
static void
nd6_no_asker(void)
{
	struct ifaddr *ifa, *next;
	struct nexthop nh = { .nh_af = AF_INET6, .nh_addr = a6(1, 9) };

	TAILQ_FOREACH_SAFE(ifa, &net1->if_addrs, ifa_entry, next) {
		struct if_addrreq req = { .af = AF_INET6,
			.addr = ifa->ifa_addr };

		if (ifa->ifa_af == AF_INET6)
			KT_EQ(in6_addr_del(net1, &req, NULL), 0);
	}
	(void)net1->if_output(net1,
	    pkt6(a6(0, 1), a6(1, 9), IPPROTO_UDP, "", 0, 8), &nh, NULL);
}

/* Packets wait for a neighbour, and their interface goes down. */
static void
nd6_taken_away(void)
{
	struct nexthop nh = { .nh_af = AF_INET6, .nh_addr = a6(0, 33) };

	(void)net0->if_output(net0,
	    pkt6(a6(0, 1), a6(0, 33), IPPROTO_UDP, "", 0, 8), &nh, NULL);
	nd6_remove(nd6_lookup(net0, &nh.nh_addr));
}

/* Everybody in the cache is there to stay. */
static void
nd6_cache_full(void)
{
	static const uint8_t mac[6] = { 2, [5] = 1 };
	struct nexthop nh = { .nh_af = AF_INET6, .nh_addr = a6(0, 200) };
	struct ip_addr a;
	int error = 0;

	lab_sysctl("net.inet6.ip6.neighborgcthresh", 16);
	for (unsigned int i = 0; i < 40 && error == 0; i++) {
		a = a6(0, (uint8_t)(100 + i));
		error = nd6_set(net0, &a, mac, false);
	}
	KT_EQ(error, ENOMEM);
	(void)net0->if_output(net0,
	    pkt6(a6(0, 1), a6(0, 200), IPPROTO_UDP, "", 0, 8), &nh, NULL);
}

static const struct death {
	enum drop_reason why;
	void (*meet)(void);
	unsigned int packets; /* that die of it */
} deaths[] = {
	{ DROP_IF_QFULL, queue_full, 1 },
	{ DROP_IF_OFFLOAD, offload_nonsense, 1 },
	{ DROP_IF_NOFAMILY, no_family, 1 },
	{ DROP_IF_GONE, interface_gone, 1 },
	{ DROP_ETHER_NOPROTO, ether_noproto, 1 },
	{ DROP_ETHER_BADSRC, ether_badsrc, 1 },
	{ DROP_BRIDGE_OUTPUT, bridge_itself, 1 },
	{ DROP_IP_BADOPTS, options_bad, 1 },
	{ DROP_IP_CANTFRAG, cannot_fragment, 1 },
	{ DROP_IP_OUTPUT, output_impossible, 1 },
	{ DROP_ARP_NOENTRY, arp_nowhere, 1 },
	{ DROP_RAW_FILTERED, raw_filtered, 1 },
	{ DROP_FRAG_BADHDR, frag_header, 1 },
	{ DROP_FRAG_EVICTED, frag_pushed_out, 1 },
	{ DROP_FRAG_ECN, frag_ecn_mixed, 2 },
	{ DROP_IP6_DISABLED, v6_disabled, 1 },
	{ DROP_IP6_TENTATIVE, v6_tentative, 1 },
	{ DROP_IP6_BLACKHOLE, v6_blackhole, 1 },
	{ DROP_IP6_CANTFRAG, cannot_fragment6, 1 },
	{ DROP_IP6_OUTPUT, output_impossible6, 1 },
	{ DROP_ICMP6_SHORT, icmp6_short, 1 },
	{ DROP_ICMP6_BADTYPE, icmp6_type, 1 },
	{ DROP_ICMP6_NODEINFO, icmp6_nodeinfo_in, 1 },
	{ DROP_ICMP6_NOSOURCE, nd6_no_asker, 1 },
	{ DROP_ND6_GONE, nd6_taken_away, 1 },
	{ DROP_ND6_CACHEFULL, nd6_cache_full, 1 },
};

KTEST(drops_each_by_a_packet_that_dies_of_it)
{
	static char wrong[2000]; /* those that were not met just once */
	uint64_t before;
	size_t at;

	catch_up();
	addr6(net0, a6(0, 1));
	addr6(net1, a6(1, 1));
	lab_run(3000000);
	catch_flush();
	for (const struct death *d = deaths; d < deaths + nitems(deaths); d++) {
		before = drop_counts[d->why];
		d->meet();
		catch_flush();
		if (drop_counts[d->why] == before + d->packets)
			continue;
		at = strlen(wrong);
		snprintf(wrong + at, sizeof(wrong) - at, "%s: %d. ",
		    drop_rows[d->why].text,
		    (int)(drop_counts[d->why] - before));
	}
	KT_STR(wrong, "");
}
