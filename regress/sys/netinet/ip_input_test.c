/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv4 in and through, packet by packet: a row is one packet and what must
 * become of it.  Then damage: every byte, every length, every piece.
 */

#include "lab4.h"

#define NET0_HOST A4(10, 0, 1, 9)
#define NET1_HOST A4(10, 0, 2, 9)
#define ME0       A4(10, 0, 1, 1)
#define ME1       A4(10, 0, 2, 1)
#define FAR       A4(192, 0, 2, 7)

enum fate { DROPPED, MINE, OUT0, OUT1 };

static uint64_t
drops_all(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 1; i < NDROPS; i++)
		n += drop_counts[i];
	return (n);
}

/* --- header fields --- */

static const struct bad_row {
	const char *what;
	uint32_t at; /* of the header */
	uint8_t v;
	bool sum; /* mend the checksum afterwards */
	enum drop_reason why;
} bad_rows[] = {
	/* clang-format off */
	{ "version 5",			0,  0x55, true,  DROP_IP_BADVERS },
	{ "version 0",			0,  0x05, true,  DROP_IP_BADVERS },
	{ "header of 16 bytes",		0,  0x44, true,  DROP_IP_BADHLEN },
	{ "header of 0 bytes",		0,  0x40, true,  DROP_IP_BADHLEN },
	{ "header longer than packet",	0,  0x4f, true,  DROP_IP_BADHLEN },
	{ "wrong checksum",		10, 0x12, false, DROP_IP_BADSUM },
	{ "total length below header",	3,  19,   true,  DROP_IP_BADLEN },
	{ "total length 0",		3,  0,    true,  DROP_IP_BADLEN },
	{ "total length too long",	3,  200,  true,  DROP_IP_BADLEN },
	{ "total length 64 k",		2,  0xff, true,  DROP_IP_BADLEN },
	{ "source multicast",		12, 224,  true,  DROP_IP_MARTIAN },
	{ "source class E",		12, 241,  true,  DROP_IP_MARTIAN },
	{ "source 255.x",		12, 255,  true,  DROP_IP_MARTIAN },
	{ "source loopback",		12, 127,  true,  DROP_IP_MARTIAN },
	{ "source 0.x",			12, 0,    true,  DROP_IP_MARTIAN },
	{ "destination loopback",	16, 127,  true,  DROP_IP_MARTIAN },
	{ "destination 0.x",		16, 0,    true,  DROP_IP_MARTIAN },
	{ "destination class E",	16, 240,  true,  DROP_IP_MARTIAN },
	{ "destination 255.x",		16, 255,  true,  DROP_IP_MARTIAN },
	/* clang-format on */
};

KTEST(ip_header_field_by_field)
{
	const struct bad_row *r;
	struct mbuf *m;
	struct ip *ip;
	uint64_t was;
	unsigned int i;

	catch_up();
	for (i = 0; i < nitems(bad_rows); i++) {
		r = &bad_rows[i];
		m = pkt_udp(NET0_HOST, NET1_HOST, 1000, 2000, 12);
		ip = mtod(m, struct ip *);
		*((uint8_t *)ip + r->at) = r->v;
		if (r->sum) {
			ip->ip_sum = 0;
			ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 20));
		}
		was = drop_counts[r->why];
		catch_in(0, m);
		if (drop_counts[r->why] != was + 1)
			KT_STR(r->what, "was dropped for its reason");
		KT(catch_out(1) == NULL);
	}
}

KTEST(ip_source_zero_only_to_limited_broadcast)
{
	uint64_t was;

	catch_up();
	was = drop_counts[DROP_IP_MARTIAN];
	catch_in(0, pkt_udp(0, ME0, 68, 67, 8));
	KT_EQ(drop_counts[DROP_IP_MARTIAN], was + 1);
	catch_in(0, pkt_udp(0, 0xffffffff, 68, 67, 8));
	KT_EQ(drop_counts[DROP_IP_MARTIAN], was + 1);
	KT_EQ(drop_counts[DROP_UDP_NOPORTBCAST], 1);
}

KTEST(ip_link_padding_is_cut)
{
	struct mbuf *m, *pad;

	catch_up();
	m = pkt_udp(NET0_HOST, FAR, 1, 2, 0);
	pad = m_getroom(0, 18);
	pad->m_len = pad->m_pkthdr.len = 18;
	memset(mtod(pad, void *), 0xaa, 18);
	m_cat_pkt(m, pad);
	catch_in(0, m);
	m = catch_out(1);
	KT(m != NULL);
	KT_EQ(m->m_pkthdr.len, 28);
	m_freem(m);
}

/* --- forwarding --- */

static const struct fwd_row {
	const char *what;
	unsigned int in;
	uint32_t src, dst;
	uint8_t ttl;
	uint16_t off, mflags;
	uint32_t len, mtu; /* of net1, 0: 1500 */
	int forwarding, directed;
	enum fate fate;
	enum drop_reason why;
	int type, code; /* of the ICMP that goes back; -1: none */
} fwd_rows[] = {
	/* clang-format off */
	{ "to a neighbour",	0, NET0_HOST, NET1_HOST, 64, 0, 0, 100, 0, 1, 0, OUT1, DROP_NONE, -1, 0 },
	{ "by the gateway",	0, NET0_HOST, FAR,	 64, 0, 0, 100, 0, 1, 0, OUT1, DROP_NONE, -1, 0 },
	{ "ttl 2",		0, NET0_HOST, FAR,	  2, 0, 0, 100, 0, 1, 0, OUT1, DROP_NONE, -1, 0 },
	{ "ttl 1",		0, NET0_HOST, FAR,	  1, 0, 0, 100, 0, 1, 0, DROPPED, DROP_IP_TTL, ICMP_TIMXCEED, 0 },
	{ "ttl 1 to us",	0, NET0_HOST, ME1,	  1, 0, 0, 100, 0, 1, 0, MINE, DROP_NONE, -1, 0 },
	{ "no forwarding",	0, NET0_HOST, FAR,	 64, 0, 0, 100, 0, 0, 0, DROPPED, DROP_IP_CANTFORWARD, -1, 0 },
	{ "host, our other address", 0, NET0_HOST, ME1,	 64, 0, 0, 100, 0, 0, 0, DROPPED, DROP_IP_WRONGIF, -1, 0 },
	{ "router, our other address", 0, NET0_HOST, ME1, 64, 0, 0, 100, 0, 1, 0, MINE, DROP_NONE, -1, 0 },
	{ "exactly the MTU",	0, NET0_HOST, FAR,	 64, IP_DF, 0, 580, 600, 1, 0, OUT1, DROP_NONE, -1, 0 },
	{ "one more, DF",	0, NET0_HOST, FAR,	 64, IP_DF, 0, 581, 600, 1, 0, DROPPED, DROP_IP_TOOBIG, ICMP_UNREACH, 4 },
	{ "one more, cut",	0, NET0_HOST, FAR,	 64, 0, 0, 581, 600, 1, 0, OUT1, DROP_NONE, -1, 0 },
	{ "later fragment, DF",	0, NET0_HOST, FAR,	 64, IP_DF | 64, 0, 581, 600, 1, 0, DROPPED, DROP_ICMP_NOERROR, -1, 0 },
	{ "link broadcast",	0, NET0_HOST, FAR,	 64, 0, M_BCAST, 100, 0, 1, 0, DROPPED, DROP_IP_BCAST, -1, 0 },
	{ "link multicast",	0, NET0_HOST, FAR,	 64, 0, M_MCAST, 100, 0, 1, 0, DROPPED, DROP_IP_BCAST, -1, 0 },
	{ "zeroconf source",	0, A4(169, 254, 1, 1), FAR, 64, 0, 0, 100, 0, 1, 0, DROPPED, DROP_IP_CANTFORWARD, -1, 0 },
	{ "directed broadcast, off", 0, NET0_HOST, A4(10, 0, 2, 255), 64, 0, 0, 100, 0, 1, 0, DROPPED, DROP_IP_BCAST, -1, 0 },
	{ "directed broadcast, on", 0, NET0_HOST, A4(10, 0, 2, 255), 64, 0, 0, 100, 0, 1, 1, OUT1, DROP_NONE, -1, 0 },
	{ "our net's broadcast", 0, NET0_HOST, A4(10, 0, 1, 255), 64, 0, M_BCAST, 100, 0, 1, 0, MINE, DROP_NONE, -1, 0 },
	{ "limited broadcast",	0, NET0_HOST, 0xffffffff, 64, 0, M_BCAST, 100, 0, 1, 0, MINE, DROP_NONE, -1, 0 },
	{ "all hosts",		0, NET0_HOST, A4(224, 0, 0, 1), 1, 0, M_MCAST, 100, 0, 1, 0, MINE, DROP_NONE, -1, 0 },
	{ "a group nobody joined", 0, NET0_HOST, A4(239, 1, 2, 3), 64, 0, M_MCAST, 100, 0, 1, 0, DROPPED, DROP_IP_MCAST, -1, 0 },
	{ "other way round",	1, FAR, NET0_HOST,	 64, 0, 0, 100, 0, 1, 0, OUT0, DROP_NONE, -1, 0 },
	/* clang-format on */
};

/* What goes on: TTL one less, sum right, payload as it was. */
static void
fwd_check(const struct fwd_row *r, struct mbuf *m)
{
	const struct ip *ip = mtod(m, const struct ip *);
	uint32_t at = (ntohs(ip->ip_off) & IP_OFFMASK) * 8U, i;
	const uint8_t *p = mtod(m, const uint8_t *) + 20;

	if (r->off != 0)
		at = 0;
	KT_EQ(ip->ip_ttl, r->ttl - 1);
	KT_EQ(in_cksum_fold(in_cksum_bytes(0, ip, 20)), 0);
	KT_EQ(ip->ip_src, r->src);
	KT_EQ(ip->ip_dst, r->dst);
	for (i = 0; i + 20 < m->m_pkthdr.len; i++)
		KT_EQ(p[i], (uint8_t)(at + i));
}

/* The error, and that it quotes the packet as it was sent. */
static void
error_check(const struct fwd_row *r, struct mbuf *m)
{
	const uint8_t *p = mtod(m, const uint8_t *), *q = p + 28;

	KT_EQ(p[9], IPPROTO_ICMP);
	KT_EQ(p[20], r->type);
	KT_EQ(p[21], r->code);
	KT_EQ(in_cksum_fold(in_cksum_bytes(0, p + 20, m->m_pkthdr.len - 20)),
	    0);
	KT_EQ(memcmp(p + 16, &r->src, 4), 0);
	KT_EQ(be16dec(p + 26), r->code == ICMP_UNREACH_NEEDFRAG ? r->mtu : 0);
	KT_EQ(q[8], r->ttl);
	KT_EQ(memcmp(q + 12, &r->src, 4), 0);
	KT_EQ(memcmp(q + 16, &r->dst, 4), 0);
	KT_EQ(in_cksum_fold(in_cksum_bytes(0, q, 20)), 0);
	KT(m->m_pkthdr.len <= 576);
}

static void
fwd_run(const struct fwd_row *r)
{
	struct pkt p = { .src = r->src,
		.dst = r->dst,
		.proto = 253,
		.ttl = r->ttl,
		.off = r->off,
		.id = 77,
		.len = r->len };
	struct mbuf *m = pkt_make(&p);
	uint64_t mine = ip_counters[IPS_DELIVERED], was = drop_counts[r->why];
	unsigned int in = r->in, out = r->fate == OUT0 ? 0 : 1, bytes = 0;

	ip_forwarding = r->forwarding;
	ip_directedbcast = r->directed;
	catch_if[1].if_mtu = r->mtu != 0 ? r->mtu : 1500;
	m->m_flags |= r->mflags;
	catch_in(in, m);
	KT_EQ(ip_counters[IPS_DELIVERED] - mine, r->fate == MINE);
	KT_EQ(drop_counts[r->why] - was, r->why != DROP_NONE);
	if (r->fate == MINE) { /* protocol 253 has nobody here */
		catch_flush();
		return;
	}
	if (r->type != -1) {
		KT((m = catch_out(in)) != NULL);
		error_check(r, m);
		m_freem(m);
	}
	while ((m = catch_out(out)) != NULL) {
		KT(r->fate != DROPPED);
		KT(m->m_pkthdr.len <= catch_if[1].if_mtu);
		fwd_check(r, m);
		bytes += m->m_pkthdr.len - 20;
		m_freem(m);
	}
	KT_EQ(bytes, r->fate == DROPPED ? 0 : r->len);
	KT(catch_out(!out) == NULL);
}

KTEST(ip_forward_row_by_row)
{
	unsigned int i;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	for (i = 0; i < nitems(fwd_rows); i++)
		fwd_run(&fwd_rows[i]);
}

KTEST(ip_forward_does_not_copy_the_payload)
{
	struct mbuf *m;
	char *data;

	catch_up();
	m = pkt_udp(NET0_HOST, FAR, 1, 2, 1400);
	data = m->m_data;
	catch_in(0, m);
	KT((m = ml_dequeue(&caught[1])) != NULL);
	KT(m->m_data + ETHER_HDR_LEN == data);
	KT(m->m_next == NULL);
	m_freem(m);
}

KTEST(ip_forward_large_packet_whole)
{
	struct pkt p = { .src = NET0_HOST,
		.dst = FAR,
		.proto = IPPROTO_TCP,
		.off = IP_DF,
		.len = 20 + 14600 };
	struct mbuf *m;

	catch_up();
	m = pkt_make(&p);
	mtod(m, uint8_t *)[32] = 5 << 4;
	m->m_pkthdr.csum_flags = M_TCP_TSO | M_TCP_CSUM_OUT;
	m->m_pkthdr.ph_mss = 1460;
	catch_in(0, m);
	KT((m = catch_out(1)) != NULL); /* no need fragment: its segments fit */
	KT_EQ(m->m_pkthdr.len, 14640);
	KT((m->m_pkthdr.csum_flags & M_TCP_TSO) != 0);
	m_freem(m);
	m = pkt_make(&p);
	mtod(m, uint8_t *)[32] = 5 << 4;
	m->m_pkthdr.csum_flags = M_TCP_TSO | M_TCP_CSUM_OUT;
	m->m_pkthdr.ph_mss = 1461;
	catch_in(0, m);
	KT(catch_out(1) == NULL);
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[20], ICMP_UNREACH);
	m_freem(m);
}

/* --- routes that say no --- */

static void
no_route(uint32_t flags, int type, int code, enum drop_reason why)
{
	struct rt_want w = { .af = AF_INET,
		.plen = 24,
		.dst = ip_addr_v4(A4(198, 51, 100, 0)),
		.flags = flags | RTF_STATIC };
	struct rtentry *rt;
	struct mbuf *m;
	uint64_t was = drop_counts[why];

	KT_EQ(rtrequest_add(&w, &rt), 0);
	catch_in(0, pkt_udp(NET0_HOST, A4(198, 51, 100, 3), 1, 2, 0));
	KT_EQ(drop_counts[why], was + 1);
	m = catch_out(0);
	KT_EQ(m != NULL, type != -1);
	if (m != NULL) {
		KT_EQ(mtod(m, uint8_t *)[20], type);
		KT_EQ(mtod(m, uint8_t *)[21], code);
	}
	m_freem(m);
	KT_EQ(rtrequest_delete(rt), 0);
}

KTEST(ip_reject_blackhole_and_no_route)
{
	struct rtentry *rt;
	struct ip_addr any = ip_addr_v4(0);
	struct mbuf *m;

	catch_up();
	no_route(RTF_REJECT, ICMP_UNREACH, ICMP_UNREACH_HOST, DROP_IP_NOROUTE);
	no_route(RTF_BLACKHOLE, -1, 0, DROP_IP_BLACKHOLE);
	rt = rtable_lookup(0, AF_INET, &any, 0, RTP_ANY);
	KT_EQ(rtrequest_delete(rt), 0);
	catch_in(0, pkt_udp(NET0_HOST, FAR, 1, 2, 0));
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[21], ICMP_UNREACH_NET);
	m_freem(m);
}

/* --- redirects --- */

KTEST(ip_redirect_to_neighbours_only)
{
	struct mbuf *m;

	catch_up();
	lab_route(0, A4(203, 0, 113, 0), 24, A4(10, 0, 1, 10));
	catch_in(0, pkt_udp(NET0_HOST, A4(203, 0, 113, 5), 1, 2, 4));
	KT_EQ(ip_counters[IPS_REDIRECTSENT], 1);
	/* first the redirect, then the packet, on the same link */
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[20], ICMP_REDIRECT);
	KT_EQ(mtod(m, uint8_t *)[21], ICMP_REDIRECT_HOST);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 24), 0x0a00010a);
	m_freem(m);
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, struct ip *)->ip_dst, A4(203, 0, 113, 5));
	KT_EQ(mtod(m, struct ip *)->ip_ttl, 63);
	m_freem(m);
	/* the sender is no neighbour: the packet only */
	catch_in(0, pkt_udp(FAR, A4(203, 0, 113, 5), 1, 2, 4));
	KT_EQ(ip_counters[IPS_REDIRECTSENT], 1);
	catch_flush();
	ip_sendredirects = 0;
	catch_in(0, pkt_udp(NET0_HOST, A4(203, 0, 113, 5), 1, 2, 4));
	KT_EQ(ip_counters[IPS_REDIRECTSENT], 1);
	catch_flush();
}

/* --- damage --- */

/* Every byte of a packet through the router turned, at every cut into pieces. */
KTEST(ip_every_byte_damaged)
{
	struct mbuf *m, *n;
	long live;
	uint32_t i, at;
	uint64_t out = 0;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	catch_in(0, pkt_udp(NET0_HOST, FAR, 5, 6, 20));
	lab_run(1000000);
	catch_flush();
	live = sim_live();
	for (i = 0; i < 48; i++) {
		for (at = 0; at < 48; at += 5) {
			m = pkt_udp(NET0_HOST, FAR, 5, 6, 20);
			mtod(m, uint8_t *)[i] ^= 0xff;
			if (at != 0 && (n = m_split(m, at)) != NULL)
				m_cat_pkt(m, n);
			catch_in(0, m);
			out += caught[1].ml_len;
			/* a header is covered by its sum, the rest is not looked at */
			KT_EQ(caught[1].ml_len, i >= 20);
			catch_flush();
		}
	}
	KT_EQ(out, 28 * 10);
	KT_EQ(sim_live(), live);
}

KTEST(ip_every_length_cut)
{
	struct mbuf *m;
	long live;
	uint32_t len;
	uint64_t was;

	catch_up();
	live = sim_live();
	for (len = 0; len < 48; len++) {
		m = pkt_udp(NET0_HOST, FAR, 5, 6, 20);
		m_adj(m, (int)len - 48);
		was = drops_all();
		catch_in(0, m);
		KT_EQ(drops_all(), was + 1);
	}
	KT_EQ(drop_counts[DROP_IP_SHORT], 20);
	KT_EQ(sim_live(), live);
}

/* A packet whose storage is shared is not written into. */
KTEST(ip_forward_leaves_shared_storage_alone)
{
	struct mbuf *m, *copy;

	catch_up();
	m = pkt_udp(NET0_HOST, FAR, 5, 6, 1000);
	copy = m_copym(m, 0, UINT32_MAX);
	KT(copy != NULL);
	catch_in(0, m);
	KT_EQ(mtod(copy, struct ip *)->ip_ttl, 64);
	KT((m = catch_out(1)) != NULL);
	KT_EQ(mtod(m, struct ip *)->ip_ttl, 63);
	m_freem(m);
	m_freem(copy);
}

KTEST_NTH(ip_forward_with_little_memory)
{
	struct mbuf *m[3];
	unsigned int i;
	long live;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	catch_if[1].if_mtu = 600;
	m[0] = pkt_udp(NET0_HOST, FAR, 5, 6, 1400);             /* cut */
	m[1] = pkt_udp(NET0_HOST, A4(10, 0, 2, 77), 5, 6, 100); /* ARP */
	m[2] = pkt_udp(NET0_HOST, ME0, 5, 6, 100); /* port unreachable */
	live = sim_live();
	sim_fail_nth(n);
	for (i = 0; i < 3; i++)
		catch_in(0, m[i]);
	lab_run(60000000);
	catch_flush();
	if (!sim_failed())
		return;
	lab_run(60000000);
	KT(sim_live() < live + 4); /* pools keep a page */
	catch_in(0, pkt_udp(NET0_HOST, FAR, 5, 6, 100));
	KT_EQ(caught[1].ml_len, 1);
	catch_flush();
}
