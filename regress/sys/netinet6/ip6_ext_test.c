/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Headers: every way in which one can be wrong, extension headers in every
 * order, options by their action, fragments as packets, damage to every
 * byte; each row names the reason for which the packet has to die.
 */

#include <netinet/ip.h>
#include "lab6.h"

/* A protocol of our own at the end of the chain. */
static unsigned int arrived;
static uint32_t arrived_off;

static void
sink_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	arrived++;
	arrived_off = ctx->off;
	KT(ctx->off <= m->m_pkthdr.len);
	m_freem(m);
}

static const struct ip_proto sink = { .name = "sink",
	.number = 253,
	.inet6 = true,
	.input = sink_input };

static void
setup(void)
{
	lab_up();
	ip_proto_register(&sink);
	icmp6_errppslimit = -1;
}

static void
receive(struct mbuf *m)
{
	m->m_pkthdr.ifidx = lab_if("pair1")->if_index;
	m->m_pkthdr.rtableid = 1;
	ip6_input(lab_if("pair1"), m);
}

/* A packet from the left host to the middle one with these bytes behind the header. */
static struct mbuf *
chain(uint8_t first, const uint8_t *bytes, uint32_t len)
{
	struct mbuf *m = lab_packet(a6(1, 1), a6(1, 2), first, len);

	memcpy(mtod(m, uint8_t *) + 40, bytes, len);
	return (m);
}

/* --- the fixed header --- */

struct fixed {
	uint32_t at; /* byte to change */
	uint8_t to;
	int cut; /* bytes less */
	enum drop_reason why;
	const char *what;
};

/* clang-format off */
static const struct fixed fixed_rows[] = {
	{ 0,  0x60, 0,	DROP_NONE,	  "good" },
	{ 0,  0x40, 0,	DROP_IP6_BADVERS, "version 4" },
	{ 0,  0x70, 0,	DROP_IP6_BADVERS, "version 7" },
	{ 0,  0x60, 9,	DROP_IP6_SHORT,	  "cut inside the header" },
	{ 0,  0x60, 1,	DROP_IP6_BADLEN,  "cut behind it" },
	{ 4,  0xff, 0,	DROP_IP6_BADLEN,  "says it is longer" },
	{ 8,  0xff, 0,	DROP_IP6_MARTIAN, "from a group" },
	{ 24, 0x00, 0,	DROP_IP6_CANTFORWARD, "to a strange address" },
};
/* clang-format on */

static void
expect(struct mbuf *m, enum drop_reason why, const char *what)
{
	uint64_t before = drop_counts[why];
	unsigned int had = arrived;

	receive(m);
	if (why == DROP_NONE ? arrived != had + 1 :
			       drop_counts[why] != before + 1 || arrived != had)
		KT_STR("not as wanted", what);
}

KTEST(ip6_fixed_header_row_by_row)
{
	unsigned int i;

	setup();
	ip6_forwarding = 0;
	for (i = 0; i < nitems(fixed_rows); i++) {
		const struct fixed *r = &fixed_rows[i];
		struct mbuf *m = lab_packet(a6(1, 1), a6(1, 2), 253, 8);

		mtod(m, uint8_t *)[r->at] = r->to;
		if (r->cut == 9)
			m_adj(m, -9);
		else if (r->cut != 0)
			m_adj(m, -r->cut);
		expect(m, r->why, r->what);
	}
}

static const struct {
	struct ip_addr src, dst;
	enum drop_reason why;
	const char *what;
} martians[] = {
	{ { .b = { [15] = 1 } },
	    { .b = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 2 } },
	    DROP_IP6_MARTIAN, "from ::1" },
	{ { .b = { 0x20, 0x01, [15] = 1 } }, { .b = { [15] = 1 } },
	    DROP_IP6_MARTIAN, "to ::1" },
	{ { .b = { 0x20, 0x01, [15] = 1 } }, { .b = { 0 } }, DROP_IP6_MARTIAN,
	    "to nobody" },
	{ { .b = { [10] = 0xff, 0xff, 10, 0, 0, 1 } },
	    { .b = { 0x20, 0x01, [15] = 1 } }, DROP_IP6_MARTIAN, "mapped" },
	{ { .b = { [12] = 10, 0, 0, 1 } }, { .b = { 0x20, 0x01, [15] = 1 } },
	    DROP_IP6_MARTIAN, "compatible" },
	{ { .b = { 0x20, 0x01, [15] = 1 } }, { .b = { 0xff, 0x00, [15] = 1 } },
	    DROP_IP6_MARTIAN, "scope 0" },
	{ { .b = { 0x20, 0x01, [15] = 1 } }, { .b = { 0xff, 0x01, [15] = 1 } },
	    DROP_IP6_MARTIAN, "this node's group" },
	{ { .b = { 0x20, 0x01, [15] = 1 } }, { .b = { 0xff, 0x02, [15] = 99 } },
	    DROP_IP6_NOTJOINED, "not joined" },
	{ { .b = { 0xfe, 0x80, [15] = 1 } }, { .b = { 0xfe, 0x80, [15] = 99 } },
	    DROP_IP6_NOTMINE, "another's link-local" },
};

KTEST(ip6_addresses_that_cannot_be)
{
	unsigned int i;

	setup();
	for (i = 0; i < nitems(martians); i++)
		expect(lab_packet(martians[i].src, martians[i].dst, 253, 8),
		    martians[i].why, martians[i].what);
}

/* --- extension headers --- */

#define HBH         IPPROTO_HOPOPTS
#define RT          IPPROTO_ROUTING
#define FR          IPPROTO_FRAGMENT
#define DST         IPPROTO_DSTOPTS
#define END         253
#define PAD6        1, 4, 0, 0, 0, 0 /* PadN of six bytes */
#define H(nxt, ...) (nxt), 0, __VA_ARGS__

static const struct {
	const char *what;
	enum drop_reason why;
	uint8_t first;
	uint8_t len;
	int error; /* an ICMPv6 error goes back: 1, 0 */
	uint32_t place;
	uint8_t bytes[48];
} ext_rows[] = {
	{ "nothing between", DROP_NONE, END, 8, 0, 0, { 0 } },
	{ "hop-by-hop", DROP_NONE, HBH, 16, 0, 0, { H(END, PAD6) } },
	{ "destination", DROP_NONE, DST, 16, 0, 0, { H(END, PAD6) } },
	{ "hop, dest, routing 4 done, dest", DROP_NONE, HBH, 40, 0, 0,
	    { H(DST, PAD6), H(RT, PAD6), H(DST, 4, 0, 0, 0, 0, 0),
		H(END, PAD6) } },
	{ "hop-by-hop twice", DROP_IP6_EXTORDER, HBH, 24, 1, 40,
	    { H(HBH, PAD6), H(END, PAD6) } },
	{ "hop-by-hop behind dest", DROP_IP6_EXTORDER, DST, 24, 1, 40,
	    { H(HBH, PAD6), H(END, PAD6) } },
	{ "routing type 0", DROP_IP6_RTHDR, RT, 16, 1, 42,
	    { H(END, 0, 0, 0, 0, 0, 0) } },
	{ "routing type 0, one left", DROP_IP6_RTHDR, RT, 16, 1, 42,
	    { H(END, 0, 1, 0, 0, 0, 0) } },
	{ "routing type 2, one left", DROP_IP6_RTHDR, RT, 16, 1, 42,
	    { H(END, 2, 1, 0, 0, 0, 0) } },
	{ "cut in the header", DROP_IP6_EXTSHORT, DST, 1, 0, 0, { END } },
	{ "header longer than the packet", DROP_IP6_EXTSHORT, DST, 16, 0, 0,
	    { END, 2, PAD6 } },
	{ "hop-by-hop longer than the packet", DROP_IP6_EXTSHORT, HBH, 16, 0, 0,
	    { END, 2, PAD6 } },
	{ "no next header", DROP_IP6_NONXT, DST, 8, 0, 0,
	    { H(IPPROTO_NONE, PAD6) } },
	{ "unknown transport", DROP_IP_NOPROTO, DST, 16, 1, 40,
	    { H(199, PAD6) } },
	{ "option 00: skipped", DROP_NONE, DST, 16, 0, 0,
	    { H(END, 0x1e, 4, 0, 0, 0, 0) } },
	{ "option 01: dropped", DROP_IP6_OPTSKIP, DST, 16, 0, 0,
	    { H(END, 0x5e, 4, 0, 0, 0, 0) } },
	{ "option 10: dropped and told", DROP_IP6_OPTSKIP, DST, 16, 1, 42,
	    { H(END, 0x9e, 4, 0, 0, 0, 0) } },
	{ "option 11: told, no multicast", DROP_IP6_OPTSKIP, DST, 16, 1, 42,
	    { H(END, 0xde, 4, 0, 0, 0, 0) } },
	{ "the same hop by hop", DROP_IP6_OPTSKIP, HBH, 16, 1, 42,
	    { H(END, 0x9e, 4, 0, 0, 0, 0) } },
	{ "jumbo", DROP_IP6_JUMBO, HBH, 16, 1, 42,
	    { H(END, 0xc2, 4, 0, 1, 0, 0) } },
	{ "router alert", DROP_NONE, HBH, 16, 0, 0,
	    { H(END, 5, 2, 0, 0, 1, 0) } },
	{ "router alert of wrong length", DROP_IP6_BADOPT, HBH, 16, 0, 0,
	    { H(END, 5, 3, 0, 0, 0, 0) } },
	{ "option longer than its header", DROP_IP6_BADOPT, DST, 16, 0, 0,
	    { H(END, 1, 5, 0, 0, 0, 0) } },
	{ "option without a length", DROP_IP6_BADOPT, DST, 16, 0, 0,
	    { H(END, 1, 3, 0, 0, 0, 1) } },
	{ "pads of one byte", DROP_NONE, DST, 16, 0, 0,
	    { H(END, 0, 0, 0, 0, 0, 0) } },
	{ "too much padding", DROP_IP6_BADOPT, DST, 24, 0, 0,
	    { END, 1, 1, 12 } },
	{ "fragment header cut", DROP_IP6_EXTSHORT, FR, 7, 0, 0, { END } },
	{ "atomic fragment", DROP_NONE, FR, 16, 0, 0,
	    { END, 0, 0, 0, 1, 2, 3, 4 } },
	{ "atomic fragment behind dest", DROP_NONE, DST, 24, 0, 0,
	    { H(FR, PAD6), END, 0, 0, 0, 1, 2, 3, 4 } },
	{ "fragment in a fragment", DROP_IP6_EXTORDER, FR, 24, 0, 0,
	    { FR, 0, 0, 0, 1, 2, 3, 4, END, 0, 0, 0, 1, 2, 3, 5 } },
	{ "fragment not of eights", DROP_FRAG_BADLEN, FR, 17, 1, 4,
	    { END, 0, 0, 1, 1, 2, 3, 4 } },
	{ "fragment beyond 65535", DROP_FRAG_TOOBIG, FR, 24, 1, 42,
	    { END, 0, 0xff, 0xf8, 1, 2, 3, 4 } },
	{ "first fragment without its transport", DROP_IP6_HDRCHAIN, FR, 16, 1,
	    0, { DST, 0, 0, 1, 1, 2, 3, 4, IPPROTO_TCP, 0, PAD6 } },
	{ "first fragment that ends in a header", DROP_IP6_HDRCHAIN, FR, 16, 1,
	    0, { DST, 0, 0, 1, 1, 2, 3, 4, IPPROTO_TCP, 9, PAD6 } },
};

/* The last error that went out: type, code, pointer. */
static struct {
	uint8_t type, code;
	uint32_t param;
} last_error;

static void
error_sink(struct ifnet *ifp, struct mbuf *m)
{
	uint8_t b[8];

	if (m_copydata(m, 14 + 40, 8, b) == 0 && b[0] < 128) {
		last_error.type = b[0];
		last_error.code = b[1];
		last_error.param = be32dec(b + 4);
	}
	m_freem(m);
}

KTEST(ip6_extension_headers_row_by_row)
{
	unsigned int i;

	setup();
	KT_EQ(lab_ping(1, a6(1, 1), 8), 0); /* neighbours know each other */
	lab_run(100000);
	lab_if("pair0")->if_input = error_sink;
	for (i = 0; i < nitems(ext_rows); i++) {
		uint64_t errors = icmp6_counters[ICMP6S_ERROR_OUT];

		memset(&last_error, 0, sizeof(last_error));
		expect(chain(ext_rows[i].first, ext_rows[i].bytes,
			   ext_rows[i].len),
		    ext_rows[i].why, ext_rows[i].what);
		lab_run(10000);
		if (icmp6_counters[ICMP6S_ERROR_OUT] - errors !=
		    (unsigned int)ext_rows[i].error)
			KT_STR("wrong number of errors", ext_rows[i].what);
		if (ext_rows[i].error != 0) {
			KT_EQ(last_error.type, ICMP6_PARAM_PROB);
			KT_EQ(last_error.param, ext_rows[i].place);
		}
	}
}

KTEST(ip6_too_many_headers)
{
	uint8_t bytes[8 * 20] = { 0 };
	unsigned int i;

	setup();
	for (i = 0; i < 20; i++) {
		bytes[i * 8] = i == 18 ? END : DST;
		bytes[i * 8 + 2] = 1;
		bytes[i * 8 + 3] = 4;
	}
	expect(chain(DST, bytes, sizeof(bytes)), DROP_IP6_EXTLIMIT,
	    "nineteen headers");
}

/* Every byte of a rich packet turned over, and the packet cut everywhere:
 * nothing breaks, nothing stays behind. */
KTEST(ip6_damage_every_byte_and_cut_everywhere)
{
	static const uint8_t rich[] = { H(DST, 5, 2, 0, 0, 1, 0), H(RT, PAD6),
		H(FR, 4, 0, 0, 0, 0, 0), END, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4,
		5, 6, 7, 8 };
	struct mbuf *m;
	uint32_t i, bit;
	long live;

	setup();
	expect(chain(HBH, rich, sizeof(rich)), DROP_NONE, "good");
	lab_run(8000000);
	live = sim_live();
	for (i = 0; i < 40 + sizeof(rich); i++)
		for (bit = 0; bit < 8; bit++) {
			m = chain(HBH, rich, sizeof(rich));
			mtod(m, uint8_t *)[i] ^= (uint8_t)(1 << bit);
			receive(m);
		}
	for (i = 1; i < 40 + sizeof(rich); i++) {
		m = chain(HBH, rich, sizeof(rich));
		m_adj(m, -(int)i);
		receive(m);
		m = chain(HBH, rich,
		    sizeof(rich)); /* a length that fits the cut */
		m_adj(m, -(int)i);
		if (m->m_pkthdr.len >= 40)
			be16enc(mtod(m, uint8_t *) + 4,
			    (uint16_t)(m->m_pkthdr.len - 40));
		receive(m);
	}
	lab_run(8000000);
	ip_frag_flush();
	nd6_ifdown(lab_if("pair0"));
	nd6_ifdown(lab_if("pair1"));
	nd6_ifdown(lab_if("pair2"));
	KT(sim_live() <= live);
}

/* The same chains in pieces of mbufs as small as can be. */
KTEST(ip6_headers_spread_over_mbufs)
{
	static const uint8_t rich[] = { H(DST, 5, 2, 0, 0, 1, 0), H(RT, PAD6),
		H(FR, 4, 0, 0, 0, 0, 0), END, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4,
		5, 6, 7, 8 };
	uint32_t step;

	setup();
	for (step = 1; step < 30; step++) {
		struct mbuf *whole = chain(HBH, rich, sizeof(rich)),
			    *rest = whole, *last = whole, *n;

		while (rest->m_pkthdr.len > step) {
			KT((n = m_split(rest, step)) != NULL);
			if (rest != whole) {
				last->m_next = rest;
				while (last->m_next != NULL)
					last = last->m_next;
			}
			rest = n;
		}
		for (n = whole; n->m_next != NULL; n = n->m_next)
			;
		n->m_next = rest;
		whole->m_pkthdr.len = m_length(whole);
		KT_EQ(whole->m_pkthdr.len, 40 + sizeof(rich));
		expect(whole, DROP_NONE, "in pieces");
	}
}

/* --- errors that may not be sent --- */

KTEST(icmp6_never_answers_what_must_not_be_answered)
{
	uint8_t b[48] = { 0 };
	struct mbuf *m;
	uint64_t no;

	setup();
	no = drop_counts[DROP_ICMP6_NOERROR];
	b[0] = ICMP6_TIME_EXCEEDED; /* an error */
	icmp6_error(chain(IPPROTO_ICMPV6, b, 48), ICMP6_DST_UNREACH, 0, 0);
	b[0] = ND_REDIRECT; /* a redirect */
	icmp6_error(chain(IPPROTO_ICMPV6, b, 48), ICMP6_DST_UNREACH, 0, 0);
	b[0] = IPPROTO_ICMPV6; /* a later fragment of what may be an error */
	b[2] = 1;
	icmp6_error(chain(IPPROTO_FRAGMENT, b, 48), ICMP6_DST_UNREACH, 0, 0);
	icmp6_error(lab_packet(in6addr_any, a6(1, 2), 253, 8),
	    ICMP6_DST_UNREACH, 0, 0);
	icmp6_error(lab_packet(in6addr_allnodes, a6(1, 2), 253, 8),
	    ICMP6_DST_UNREACH, 0, 0);
	icmp6_error(lab_packet(a6(1, 1), in6addr_allnodes, 253, 8),
	    ICMP6_DST_UNREACH, 0, 0);
	m = lab_packet(a6(1, 1), a6(1, 2), 253, 8);
	m->m_flags |= M_MCAST;
	icmp6_error(m, ICMP6_DST_UNREACH, 0, 0);
	KT_EQ(drop_counts[DROP_ICMP6_NOERROR], no + 7);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_OUT], 0);
	/* but these may */
	icmp6_error(lab_packet(a6(1, 1), in6addr_allnodes, 253, 8),
	    ICMP6_PACKET_TOO_BIG, 0, 1280);
	icmp6_error(lab_packet(a6(1, 1), in6addr_allnodes, 253, 8),
	    ICMP6_PARAM_PROB, ICMP6_PARAMPROB_OPTION, 40);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_OUT], 2);
}

KTEST(icmp6_errors_are_limited)
{
	unsigned int i;

	setup();
	icmp6_errppslimit = 10;
	lab_run(2000000);
	for (i = 0; i < 100; i++)
		icmp6_error(lab_packet(a6(1, 1), a6(1, 2), 253, 8),
		    ICMP6_DST_UNREACH, 0, 0);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_OUT], 10);
	KT_EQ(drop_counts[DROP_ICMP6_RATELIMIT], 90);
	lab_run(1000000);
	icmp6_error(lab_packet(a6(1, 1), a6(1, 2), 253, 8), ICMP6_DST_UNREACH,
	    0, 0);
	KT_EQ(icmp6_counters[ICMP6S_ERROR_OUT], 11);
}

/* "Packet too big" that must not be believed. */
KTEST(icmp6_path_mtu_is_not_for_everybody)
{
	static const struct {
		uint32_t mtu;
		uint16_t plen;
		uint8_t src; /* host of the quoted packet: 2 is ours */
		enum drop_reason why;
	} rows[] = {
		{ 1279, 1400, 2, DROP_ICMP6_PTB }, /* below the least */
		{ 0, 1400, 2, DROP_ICMP6_PTB },
		{ 1400, 1300, 2, DROP_ICMP6_PTB }, /* larger than the packet */
		{ 9000, 1400, 2, DROP_ICMP6_PTB },
		{ 1300, 1400, 9, DROP_ICMP6_NOTSENT }, /* not our packet */
	};
	uint8_t b[8 + 40 + 8];
	unsigned int i;

	setup();
	for (i = 0; i < nitems(rows); i++) {
		struct ip_addr s = a6(1, 1), d = a6(1, 2),
			       qs = a6(1, rows[i].src), qd = a6(2, 2);
		uint64_t before = drop_counts[rows[i].why];
		struct mbuf *m;

		memset(b, 0, sizeof(b));
		b[0] = ICMP6_PACKET_TOO_BIG;
		be32enc(b + 4, rows[i].mtu);
		b[8] = 0x60;
		be16enc(b + 12, rows[i].plen);
		b[14] = 253;
		memcpy(b + 16, qs.b, 16);
		memcpy(b + 32, qd.b, 16);
		m = lab_packet(s, d, IPPROTO_ICMPV6, sizeof(b));
		memcpy(mtod(m, uint8_t *) + 40, b, sizeof(b));
		m->m_pkthdr.csum_flags = M_ICMP_CSUM_IN_OK;
		receive(m);
		KT_EQ(drop_counts[rows[i].why], before + 1);
	}
	KT_EQ(icmp6_counters[ICMP6S_PMTU], 0);
}
