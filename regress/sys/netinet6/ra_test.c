/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Advertisements as messages: every field wrong once, every option refused
 * for each of its reasons, bounds of what a header may set; and the machine
 * that asks for them.
 */

#include <sys/malloc.h>

#include "lab_ra.h"

/* --- the message --- */

struct bad {
	const char *what;
	enum drop_reason why;
	void (*spoil)(struct ra *r, struct ip6_hdr *ip6);
};

static void
bad_hlim(struct ra *r, struct ip6_hdr *ip6)
{
	ip6->ip6_hlim = 254;
}
static void
bad_code(struct ra *r, struct ip6_hdr *ip6)
{
	r->b[1] = 1;
}
static void
bad_source(struct ra *r, struct ip6_hdr *ip6)
{
	memcpy(ip6->ip6_src, a6(1, 7).b, 16);
}
static void
bad_ours(struct ra *r, struct ip6_hdr *ip6)
{
	memcpy(ip6->ip6_src, in6_ifa_linklocal(lab_if("pair0"))->ifa_addr.b,
	    16);
}
static void
bad_short(struct ra *r, struct ip6_hdr *ip6)
{
	r->len = 15;
}
static void
bad_opt_zero(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 77, 1)[1] = 0;
}
static void
bad_opt_long(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 77, 1)[1] = 2;
}
static void
bad_opt_half(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 77, 1);
	r->len -= 7;
}
static void
bad_slla_group(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 1, 1)[2] = 1;
}
static void
bad_slla_zero(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 1, 1);
}
static void
bad_slla_len(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 1, 2)[2] = 2;
}
static void
bad_mtu_len(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 5, 2);
}
static void
good_unknown(struct ra *r, struct ip6_hdr *ip6)
{
	ra_option(r, 200, 30);
}
static void
good_preference(struct ra *r, struct ip6_hdr *ip6)
{
	r->b[5] = 2 << 3; /* reserved: medium (RFC 4191 2.2) */
}

static const struct bad bads[] = {
	{ "crossed a router", DROP_ICMP6_HLIM, bad_hlim },
	{ "code", DROP_ICMP6_BADCODE, bad_code },
	{ "source is not link-local", DROP_ICMP6_BADADDR, bad_source },
	{ "source is ourselves", DROP_ND6_LOOPED, bad_ours },
	{ "shorter than its header", DROP_ICMP6_BADLEN, bad_short },
	{ "option of length 0", DROP_ICMP6_BADOPT, bad_opt_zero },
	{ "option longer than the message", DROP_ICMP6_BADOPT, bad_opt_long },
	{ "option without its length", DROP_ICMP6_BADOPT, bad_opt_half },
	{ "link address of a group", DROP_ICMP6_BADOPT, bad_slla_group },
	{ "link address of nobody", DROP_ICMP6_BADOPT, bad_slla_zero },
	{ "link address too long", DROP_ICMP6_BADOPT, bad_slla_len },
	{ "MTU option too long", DROP_ICMP6_BADOPT, bad_mtu_len },
	{ "unknown option: skipped", DROP_NONE, good_unknown },
	{ "reserved preference: medium", DROP_NONE, good_preference },
};

/* A sound one with every option, spoilt; then it takes nothing in. */
static void
bad_hear(const struct bad *b)
{
	uint64_t taken = nd6_counters[ND6S_RA_TAKEN];
	uint64_t before = drop_counts[b->why];
	struct ra r = ra_new(1800, 0);
	struct ip6_hdr ip6;
	struct mbuf *m;

	ra_prefix(&r, a6(5, 0), 64, L_FLAG | A_FLAG, 7200, 3600);
	m = ra_packet(&r, router(1));
	ip6 = *mtod(m, struct ip6_hdr *);
	m_freem(m);
	b->spoil(&r, &ip6);
	m = ra_packet(&r, router(1));
	ip6.ip6_plen = mtod(m, struct ip6_hdr *)->ip6_plen;
	*mtod(m, struct ip6_hdr *) = ip6;
	ip6_input(lab_if("pair0"), m);
	ra_settle();
	if ((nd6_counters[ND6S_RA_TAKEN] == taken) != (b->why != DROP_NONE) ||
	    (b->why != DROP_NONE && drop_counts[b->why] != before + 1))
		KT_STR("not as wanted", b->what);
	KT_EQ(ra_default_is(1), b->why == DROP_NONE);
	KT_EQ(ra_addr(a6(5, 0), false, 0) != NULL, b->why == DROP_NONE);
}

KTEST(ra_every_field_wrong_once)
{
	struct ifnet *ifp;
	unsigned int i;

	ra_boot(AUTOCONF);
	ifp = lab_if("pair0");
	for (i = 0; i < nitems(bads); i++) {
		bad_hear(&bads[i]);
		/* forget what a good one brought */
		KT_EQ(if_setflags(ifp, ifp->if_flags & ~(uint32_t)AUTOCONF), 0);
		KT_EQ(if_setflags(ifp, ifp->if_flags | AUTOCONF), 0);
		ra_settle();
	}
}

KTEST(ra_is_not_heard_without_autoconf_nor_by_a_router)
{
	struct ra r = ra_new(1800, 0);
	struct ifnet *ifp;

	lab_boot();
	ifp = lab_if("pair0");
	lab_run(2500000);
	ra_slla(&r, 1);
	ra_hear(&r, 1);
	KT(ra_default_is(0));
	KT_EQ(drop_counts[DROP_ICMP6_RA], 1);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], 0);
	ip6_forwarding = 1;
	nd6_host_forwarding();
	KT_EQ(if_setflags(ifp, ifp->if_flags | AUTOCONF), 0);
	lab_run(3000000);
	ra_hear(&r, 1);
	KT(ra_default_is(0));
	KT_EQ(drop_counts[DROP_ICMP6_RA], 2);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], 0);
	ip6_forwarding = 0; /* a host again: it asks at once (RFC 4861 6.3.7) */
	nd6_host_forwarding();
	lab_run(1100000);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], 1);
	ra_hear(&r, 1);
	KT(ra_default_is(1));
	ip6_forwarding = 1;
	nd6_host_forwarding();
	KT(ra_default_is(0));
	KT(nd6_host(ifp) == NULL);
}

KTEST(ra_in_fragments_is_dropped)
{
	struct ra r = ra_new(1800, 0);
	struct ip_addr src = router(1);
	struct mbuf *m;
	uint16_t sum;
	uint8_t *p;

	ra_boot(AUTOCONF);
	/* even an atomic one (RFC 6980) */
	m = lab_packet(router(1), in6addr_allnodes, IPPROTO_FRAGMENT,
	    8 + r.len);
	p = mtod(m, uint8_t *);
	p[7] = 255;
	memset(p + 40, 0, 8);
	p[40] = IPPROTO_ICMPV6;
	memcpy(p + 48, r.b, r.len);
	sum = in_cksum_fold(
	    in_cksum_add(in_pseudo(AF_INET6, &src, &in6addr_allnodes, r.len,
			     IPPROTO_ICMPV6),
		m, 48, r.len));
	memcpy(p + 50, &sum, 2);
	m->m_pkthdr.ifidx = lab_if("pair0")->if_index;
	ip6_input(lab_if("pair0"), m);
	ra_settle();
	KT_EQ(drop_counts[DROP_ICMP6_FRAG], 1);
	KT(ra_default_is(0));
}

/* --- prefix options --- */

#define FE80                        \
	{                           \
		.b = { 0xfe, 0x80 } \
	}
#define MULTI                       \
	{                           \
		.b = { 0xff, 0x0e } \
	}
#define P5                                            \
	{                                             \
		.b = { 0x20, 0x01, 0x0d, 0xb8, 0, 5 } \
	}
#define LOOP                      \
	{                         \
		.b = { [15] = 1 } \
	}
#define MAPPED                                 \
	{                                      \
		.b = { [10] = 0xff, 0xff, 10 } \
	}
#define ZERO               \
	{                  \
		.b = { 0 } \
	}
#define BITS                                                            \
	{                                                               \
		.b = { 0x20, 0x01, 0x0d, 0xb8, 0, 5, 0, 0, 0xff, 0xff } \
	}
#define NOTHING 0
#define LINK    1
#define ADDRESS 2
#define NONE    ND6S_NCOUNTERS

/* clang-format off */
static const struct pio_row {
	const char *what;
	struct ip_addr prefix;
	uint8_t plen, flags;
	uint32_t vltime, pltime;
	int effect;
	enum nd6_counter counter;
} pio_rows[] = {
	{ "both",			P5,   64, L_FLAG | A_FLAG, 7200, 3600, LINK | ADDRESS, NONE },
	{ "on the link only",		P5,   64, L_FLAG,	   7200, 3600, LINK,	       NONE },
	{ "addresses only",		P5,   64, A_FLAG,	   7200, 3600, ADDRESS,	       NONE },
	{ "neither",			P5,   64, 0,		   7200, 3600, NOTHING,	       NONE },
	{ "for ever",			P5,   64, L_FLAG | A_FLAG, ~0U,	 ~0U,  LINK | ADDRESS, NONE },
	{ "deprecated from the start",	P5,   64, L_FLAG | A_FLAG, 7200, 0,    LINK | ADDRESS, NONE },
	{ "bits behind the prefix",	BITS, 64, L_FLAG | A_FLAG, 7200, 3600, LINK | ADDRESS, NONE },
	{ "not valid",			P5,   64, L_FLAG | A_FLAG, 0,	 0,    NOTHING,	       NONE },
	{ "preferred longer than valid", P5,  64, L_FLAG | A_FLAG, 3600, 7200, LINK,	       ND6S_PREFIX_LIFE },
	{ "63 bits",			P5,   63, L_FLAG | A_FLAG, 7200, 3600, LINK,	       ND6S_PREFIX_LEN },
	{ "65 bits",			P5,   65, L_FLAG | A_FLAG, 7200, 3600, LINK,	       ND6S_PREFIX_LEN },
	{ "128 bits",			P5,  128, L_FLAG,	   7200, 3600, LINK,	       NONE },
	{ "129 bits",			P5,  129, L_FLAG | A_FLAG, 7200, 3600, NOTHING,	       ND6S_PREFIX_BAD },
	{ "16 bits",			P5,   16, L_FLAG,	   7200, 3600, LINK,	       NONE },
	{ "15 bits",			P5,   15, L_FLAG,	   7200, 3600, NOTHING,	       ND6S_PREFIX_BAD },
	{ "no bits: all are neighbours", ZERO, 0, L_FLAG,	   7200, 3600, NOTHING,	       ND6S_PREFIX_BAD },
	{ "the unspecified address",	ZERO, 64, L_FLAG | A_FLAG, 7200, 3600, NOTHING,	       ND6S_PREFIX_BAD },
	{ "the loopback address",	LOOP, 128, L_FLAG,	   7200, 3600, NOTHING,	       ND6S_PREFIX_BAD },
	{ "mapped IPv4",		MAPPED, 104, L_FLAG,	   7200, 3600, NOTHING,	       ND6S_PREFIX_BAD },
	{ "link-local",			FE80, 64, L_FLAG | A_FLAG, 7200, 3600, NOTHING,	       ND6S_PREFIX_BAD },
	{ "a group",			MULTI, 64, L_FLAG | A_FLAG, 7200, 3600, NOTHING,       ND6S_PREFIX_BAD },
};
/* clang-format on */

static void
autoconf_again(uint32_t flags)
{
	struct ifnet *ifp = lab_if("pair0");

	KT_EQ(if_setflags(ifp, ifp->if_flags & ~(uint32_t)AUTOCONFTEMP), 0);
	KT_EQ(if_setflags(ifp, ifp->if_flags | flags), 0);
	ra_settle();
}

KTEST(ra_prefix_options_are_judged)
{
	unsigned int i;

	ra_boot(AUTOCONF);
	for (i = 0; i < nitems(pio_rows); i++) {
		const struct pio_row *t = &pio_rows[i];
		struct ra r = ra_new(0, 0);
		struct ip_addr p = t->prefix;
		uint64_t before[ND6S_NCOUNTERS + 1] = { 0 };
		bool link, addr;

		ip_addr_mask(&p, MIN(t->plen, 128));
		memcpy(before, nd6_counters, sizeof(nd6_counters));
		ra_prefix(&r, t->prefix, t->plen, t->flags, t->vltime,
		    t->pltime);
		ra_hear(&r, 1);
		link = t->plen <= 128 &&
		    nd6_host(lab_if("pair0"))->ho_nprefixes == 1 &&
		    rtable_lookup(0, AF_INET6, &p, t->plen, RTP_CONNECTED) !=
			NULL;
		addr = ra_addr(t->prefix, false, 0) != NULL &&
		    !in6_islinklocal(&t->prefix);
		if (link != ((t->effect & LINK) != 0) ||
		    addr != ((t->effect & ADDRESS) != 0) ||
		    (t->counter != NONE &&
			nd6_counters[t->counter] != before[t->counter] + 1))
			KT_STR("not as wanted", t->what);
		if (link && (t->effect & ADDRESS) != 0)
			KT(in6_onlink(lab_if("pair0"), &t->prefix));
		autoconf_again(AUTOCONF);
	}
	/* an option of the wrong length alone is refused */
	{
		struct ra r = ra_new(0, 0);

		ra_option(&r, 3, 3);
		ra_hear(&r, 1);
		KT_EQ(nd6_host(lab_if("pair0"))->ho_nprefixes, 0);
	}
}

/* --- name servers and search domains --- */

static void
ra_servers(struct ra *r, uint32_t lifetime, const struct ip_addr *a, uint8_t n)
{
	uint8_t *p = ra_option(r, 25, (uint8_t)(1 + 2 * n));

	be32enc(p + 4, lifetime);
	memcpy(p + 8, a, n * 16U);
}

/* wire: names as in a message, len bytes, padded. */
static void
ra_search(struct ra *r, uint32_t lifetime, const char *wire, uint32_t len)
{
	uint8_t *p = ra_option(r, 31, (uint8_t)(1 + (len + 7) / 8));

	be32enc(p + 4, lifetime);
	memcpy(p + 8, wire, len);
}

/* What a program reads: addresses by their last byte, domains, with the
 * seconds that are left. */
static const char *
resolvers(void)
{
	static char out[2000];
	struct sysctl_req req = { 0 };
	struct nd6_dns_row *row;
	size_t at = 0;

	KT_EQ(kern_sysctl("net.inet6.nd6.resolvers", &req), 0);
	row = req.old;
	out[0] = '\0';
	for (size_t i = 0; i < req.oldlen / sizeof(*row); i++) {
		KT_STR(row[i].ifname, "pair0");
		if (row[i].domain[0] != '\0')
			KT(ip_addr_iszero(&row[i].server));
		if (row[i].domain[0] != '\0')
			snprintf(out + at, sizeof(out) - at, "%s/%u ",
			    row[i].domain, row[i].expire_s);
		else
			snprintf(out + at, sizeof(out) - at, "%u/%u ",
			    row[i].server.b[15], row[i].expire_s);
		at = strlen(out);
	}
	free(req.old, M_SYSCTL, req.oldcap);
	return (out);
}

KTEST(ra_name_servers_come_and_go)
{
	struct ip_addr a[12];
	struct ra r;

	for (uint8_t i = 0; i < nitems(a); i++)
		a[i] = (struct ip_addr){ .b = { 0xfd, [15] = i + 1U } };
	ra_boot(AUTOCONF);
	r = ra_new(0, 0); /* no default router, and still of use */
	ra_servers(&r, 600, a, 2);
	ra_search(&r, 1200, "\3lab\7example\0\4home\0\0\0", 21);
	ra_hear(&r, 1);
	KT_STR(resolvers(), "1/600 2/600 lab.example/1200 home/1200 ");
	ra_wait(100);
	KT_STR(resolvers(), "1/500 2/500 lab.example/1100 home/1100 ");
	r = ra_new(0, 0); /* again: the time begins anew; 0: no more */
	ra_servers(&r, 600, a, 1);
	ra_servers(&r, 0, a + 1, 1);
	ra_search(&r, 0, "\4home\0", 6);
	ra_hear(&r, 1);
	KT_STR(resolvers(), "1/600 lab.example/1100 ");
	ra_wait(700);
	KT_STR(resolvers(), "lab.example/400 ");
	/* another router's word does not take it back, for ever is long */
	r = ra_new(0, 0);
	ra_search(&r, 0, "\3lab\7example\0", 13);
	ra_servers(&r, ~0U, a, 1);
	ra_hear(&r, 2);
	KT_STR(resolvers(), "lab.example/400 1/4294967295 ");
	/* eight; what would end first makes room */
	r = ra_new(0, 0);
	for (uint8_t i = 1; i < nitems(a); i++)
		ra_servers(&r, 100U * i, a + i, 1);
	ra_hear(&r, 1);
	KT_STR(resolvers(),
	    "lab.example/400 1/4294967295 6/500 7/600 8/700 9/800 10/900 "
	    "11/1000 12/1100 ");
	autoconf_again(AUTOCONF); /* it stopped listening meanwhile */
	KT_STR(resolvers(), "");
}

KTEST(ra_name_servers_are_judged)
{
	static const struct {
		const char *wire;
		uint32_t len;
		bool good;
	} rows[] = {
		{ "\3lab\0", 5, true },
		{ "\3lab", 4, true }, /* the padding ends it */
		{ "\3lab\4home", 9, true },
		{ "\7example", 8, false }, /* it has no end */
		{ "\11nottoend", 8, false },
		{ "\300\10\0", 3, false }, /* pointers are not for here */
		{ "\3l b\0", 5, false },
		{ "\3l\nb\0", 5, false }, /* would be a line of a file */
		{ "\3l.b\0", 5, false },
		{ "\0\0\0", 3, false }, /* no name at all */
		{ "\3lab\0\2\0\0\0", 8, false },
	};
	static const struct ip_addr bad[] = { { .q = { 0, 0 } },
		{ .b = { 0xff, 2, [15] = 1 } }, { .b = { [15] = 1 } },
		{ .b = { [10] = 0xff, 0xff, 1, 2, 3, 4 } } };
	struct ip_addr a[2] = { { .b = { 0xfd, [15] = 1 } } };
	uint64_t refused = 0;
	struct ra r;

	ra_boot(AUTOCONF);
	for (unsigned int i = 0; i < nitems(rows); i++) {
		r = ra_new(0, 0);
		ra_search(&r, 10, rows[i].wire, rows[i].len);
		ra_hear(&r, 1);
		KT_EQ(resolvers()[0] != '\0', rows[i].good);
		refused += !rows[i].good;
		KT_EQ(nd6_counters[ND6S_DNS_BAD], refused);
		ra_wait(11);
	}
	for (unsigned int i = 0; i < nitems(bad); i++) {
		a[1] = bad[i]; /* one of two: none is taken */
		r = ra_new(0, 0);
		ra_servers(&r, 10, a, 2);
		ra_hear(&r, 1);
		KT_STR(resolvers(), "");
		KT_EQ(nd6_counters[ND6S_DNS_BAD], ++refused);
	}
	for (uint8_t words = 1; words < 5; words += words == 2 ? 2 : 1) {
		r = ra_new(0, 0); /* 1, 2, 4: no whole addresses */
		(void)ra_option(&r, 25, words);
		ra_hear(&r, 1);
		KT_EQ(nd6_counters[ND6S_DNS_BAD], ++refused);
	}
}

/* --- route information options --- */

/* clang-format off */
static const struct rio_row {
	const char *what;
	struct ip_addr prefix;
	uint8_t plen, words, preference;
	uint32_t lifetime;
	bool taken;
} rio_rows[] = {
	{ "a /48",			    P5,	   48, 2, 0, 600, true },
	{ "with high preference",	    P5,	   48, 2, 1, 600, true },
	{ "with low preference",	    P5,	   48, 2, 3, 600, true },
	{ "with the reserved preference",   P5,	   48, 2, 2, 600, false },
	{ "a /48 in three words",	    P5,	   48, 3, 0, 600, true },
	{ "a /48 in one word",		    P5,	   48, 1, 0, 600, false },
	{ "a /65 in two words",		    P5,	   65, 2, 0, 600, false },
	{ "a /128",			    P5,	  128, 3, 0, 600, true },
	{ "a /129",			    P5,	  129, 3, 0, 600, false },
	{ "four words",			    P5,	   48, 4, 0, 600, false },
	{ "a default route",		    ZERO,   0, 1, 0, 600, true },
	{ "for ever",			    P5,	   48, 2, 0, ~0U, true },
	{ "not at all",			    P5,	   48, 2, 0, 0,	  false },
	{ "a group",			    MULTI, 64, 2, 0, 600, false },
	{ "link-local",			    FE80,  64, 2, 0, 600, false },
	{ "the loopback address",	    LOOP, 128, 3, 0, 600, false },
	{ "mapped IPv4",		    MAPPED, 96, 3, 0, 600, false },
};
/* clang-format on */

KTEST(ra_route_options_are_judged)
{
	unsigned int i;

	ra_boot(AUTOCONF);
	for (i = 0; i < nitems(rio_rows); i++) {
		const struct rio_row *t = &rio_rows[i];
		struct ip_addr p = t->prefix, want = router(1), gw;
		struct ra r = ra_new(0, 0);
		uint8_t *o = ra_option(&r, 24, t->words);

		ip_addr_mask(&p, MIN(t->plen, 128));
		o[2] = t->plen;
		o[3] = (uint8_t)(t->preference << 3);
		be32enc(o + 4, t->lifetime);
		memcpy(o + 8, t->prefix.b, MIN(16, t->words * 8U - 8));
		ra_hear(&r, 1);
		gw = t->plen <= 128 ? ra_gateway(p, t->plen) : in6addr_any;
		if (ip_addr_eq(&gw, &want) != t->taken)
			KT_STR("not as wanted", t->what);
		autoconf_again(AUTOCONF);
		KT_EQ(ip_addr_iszero(&gw), !t->taken);
	}
	KT(nd6_counters[ND6S_ROUTE_BAD] >= 9);
}

/* Its option for ::/0 says more than the header (RFC 4191 3.1). */
KTEST(ra_option_for_the_default_route_wins_over_the_header)
{
	struct ra r = ra_new(1800, 1), high = ra_new(1800, 0);

	ra_boot(AUTOCONF);
	ra_route(&r, in6addr_any, 0, 3, 600); /* low after all */
	ra_hear(&r, 1);
	KT(ra_default_is(1));
	ra_hear(&high, 2);
	KT(ra_default_is(2));
	r = ra_new(1800, 1);
	ra_route(&r, in6addr_any, 0, 0, 0);
	ra_hear(&r, 1);
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nways, 1);
}

/* --- what a header sets --- */

enum { HLIM, RETRANS, REACHABLE, MTU };

/* clang-format off */
static const struct link_row {
	int what;
	uint32_t said, is;
} link_rows[] = {
	{ HLIM,	     64,      64 },    { HLIM,	    0,	     64 },
	{ HLIM,	     31,      64 },    { HLIM,	    1,	     64 },
	{ HLIM,	     32,      32 },    { HLIM,	    255,     255 },
	{ RETRANS,   500,     500 },   { RETRANS,   0,	     500 },
	{ RETRANS,   99,      500 },   { RETRANS,   100,     100 },
	{ RETRANS,   10000,   10000 }, { RETRANS,   10001,   10000 },
	{ RETRANS,   ~0U,     10000 },
	{ REACHABLE, 20000,   20000 }, { REACHABLE, 0,	     20000 },
	{ REACHABLE, 1,	      1 },     { REACHABLE, 3600000, 3600000 },
	{ REACHABLE, 3600001, 3600000 }, { REACHABLE, ~0U,   3600000 },
	{ MTU,	     1400,    1400 },  { MTU,	    1279,    1400 },
	{ MTU,	     1280,    1280 },  { MTU,	    1500,    1500 },
	{ MTU,	     1501,    1500 },  { MTU,	    65536,   1500 },
	{ MTU,	     ~0U,     1500 },  { MTU,	    0,	     1500 },
};
/* clang-format on */

static struct ra
link_ra(const struct link_row *t)
{
	struct ra r = ra_new(0, 0);

	if (t->what == HLIM)
		r.b[4] = (uint8_t)t->said;
	else if (t->what == REACHABLE)
		be32enc(r.b + 8, t->said);
	else if (t->what == RETRANS)
		be32enc(r.b + 12, t->said);
	else
		ra_mtu(&r, t->said);
	return (r);
}

static uint32_t
link_is(int what)
{
	const struct in6_if *i6 = in6_if(lab_if("pair0"));

	switch (what) {
	case HLIM:
		return (i6->i6_hlim);
	case RETRANS:
		return ((uint32_t)(i6->i6_retrans_us / 1000));
	case REACHABLE:
		return (i6->i6_reachable_ms);
	default:
		return (ip6_linkmtu(lab_if("pair0")));
	}
}

KTEST(ra_header_sets_the_link_within_bounds)
{
	const struct in6_if *i6;
	unsigned int i;

	ra_boot(AUTOCONF);
	i6 = in6_if(lab_if("pair0"));
	for (i = 0; i < nitems(link_rows); i++) {
		const struct link_row *t = &link_rows[i];
		uint64_t bad = nd6_counters[ND6S_LINK_BAD];
		struct ra r = link_ra(t);

		ra_hear(&r, 1);
		KT_EQ(link_is(t->what), t->is);
		KT_EQ(nd6_counters[ND6S_LINK_BAD] - bad,
		    t->said != 0 && t->said != t->is);
		KT(i6->i6_reachable_us >= i6->i6_reachable_ms * 500ULL);
		KT(i6->i6_reachable_us <= i6->i6_reachable_ms * 1500ULL);
	}
	/* and with autoconf goes what it brought */
	KT_EQ(if_setflags(lab_if("pair0"),
		  lab_if("pair0")->if_flags & ~(uint32_t)AUTOCONF),
	    0);
	KT_EQ(link_is(HLIM), 0);
	KT_EQ(link_is(RETRANS), 1000);
	KT_EQ(link_is(REACHABLE), 30000);
	KT_EQ(link_is(MTU), 1500);
}

/* --- asking --- */

/* clang-format off */
#define O RS_OFF
#define W RS_WAIT
#define A RS_ASK
#define D RS_DONE
static const struct {
	enum nd6_rs_state next[RS_NEVENTS];
	bool sends[RS_NEVENTS];
} rs_want[RS_NSTATES] = {
	/*	  START NOADDR READY STOP TIME ANSWER */
	[O] = { { A,	W,     O,    O,	  O,   O }, { 0, 0, 0, 0, 0, 0 } },
	[W] = { { A,	W,     A,    O,	  W,   W }, { 0, 0, 1, 0, 0, 0 } },
	[A] = { { A,	W,     A,    O,	  A,   D }, { 0, 0, 0, 0, 1, 0 } },
	[D] = { { A,	W,     D,    O,	  D,   D }, { 0, 0, 0, 0, 0, 0 } },
};
#undef O
#undef W
#undef A
#undef D
/* clang-format on */

KTEST(rs_every_state_by_every_event)
{
	unsigned int s, e;

	for (s = 0; s < RS_NSTATES; s++)
		for (e = 0; e < RS_NEVENTS; e++) {
			struct nd6_rs rs = { .state = (enum nd6_rs_state)s,
				.sent = 1,
				.due_us = 5000,
				.interval_us = 4000000 };
			bool sends = nd6_rs_step(&rs, (enum nd6_rs_event)e,
			    5000, 7);

			KT_EQ(sends, rs_want[s].sends[e]);
			KT_EQ(rs.state, rs_want[s].next[e]);
		}
}

KTEST(rs_waits_and_backs_off)
{
	struct nd6_rs rs = { .due_us = ND6_FOREVER };
	uint64_t now = 1000000, last = 0, wait;
	unsigned int i;

	KT(!nd6_rs_step(&rs, RS_EV_START, now, UINT32_MAX));
	KT(rs.due_us >= now && rs.due_us < now + 1000000);
	KT(!nd6_rs_step(&rs, RS_EV_TIMEOUT, rs.due_us - 1, 0)); /* not yet */
	KT(!nd6_rs_step(&rs, RS_EV_ANSWER, now, 0)); /* nobody has asked */
	KT_EQ(rs.state, RS_ASK);
	for (i = 0; i < 40; i++) {
		now = rs.due_us;
		KT(nd6_rs_step(&rs, RS_EV_TIMEOUT, now,
		    i % 2 != 0 ? 0 : UINT32_MAX));
		wait = rs.due_us - now;
		if (i == 0)
			KT(wait >= 3600000 && wait <= 4400000);
		else if (wait < 3240000000ULL)
			KT(wait >= last * 19 / 10 && wait <= last * 21 / 10);
		KT(wait <= 3960000000ULL); /* an hour and a tenth */
		last = wait;
	}
	KT(last >= 3240000000ULL);
	KT(!nd6_rs_step(&rs, RS_EV_ANSWER, now, 0));
	KT_EQ(rs.state, RS_DONE);
	KT_EQ(rs.due_us, ND6_FOREVER);
}

/* On the wire: from the link-local address when DAD is done, until answered. */
KTEST(rs_goes_out_until_a_default_router_answers)
{
	struct ra none = ra_new(0, 0), some = ra_new(1800, 0);
	uint64_t sent;

	lab_boot();
	KT_EQ(if_setflags(lab_if("pair0"),
		  lab_if("pair0")->if_flags | AUTOCONF),
	    0);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], 0); /* tentative yet */
	lab_run(3000000);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], 1);
	ra_hear(&none, 1); /* of no use: it goes on */
	ra_wait(30);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], 4); /* 0, 4, 12, 28 s */
	ra_hear(&some, 1);
	sent = icmp6_counters[ICMP6S_RS_OUT];
	ra_wait(2000);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], sent);
	/* the link went and came: once more */
	if_link_state_change(lab_if("pair0"), LINK_STATE_DOWN);
	ra_settle();
	if_link_state_change(lab_if("pair0"), LINK_STATE_UP);
	ra_wait(2);
	KT_EQ(icmp6_counters[ICMP6S_RS_OUT], sent + 1);
}

/* --- interface identifiers --- */

KTEST(iid_reserved_ones)
{
	static const struct {
		uint8_t id[8];
		bool reserved;
	} rows[] = {
		{ { 0 }, true },
		{ { [7] = 1 }, false },
		{ { 2, 0, 0x5e, 0xff, 0xfe, 0, 0, 0 }, true },
		{ { 2, 0, 0x5e, 0xff, 0xfe, 0xff, 0xff, 0xff }, true },
		{ { 2, 0, 0x5e, 0xff, 0xff, 0, 0, 0 }, false },
		{ { 0xfd, 255, 255, 255, 255, 255, 255, 0x7f }, false },
		{ { 0xfd, 255, 255, 255, 255, 255, 255, 0x80 }, true },
		{ { 0xfd, 255, 255, 255, 255, 255, 255, 255 }, true },
		{ { 0xfe }, false },
	};
	unsigned int i;

	for (i = 0; i < nitems(rows); i++)
		KT_EQ(in6_iid_reserved(rows[i].id), rows[i].reserved);
}

static void
soiikey_set(uint8_t first)
{
	uint8_t key[16] = { first };
	static struct proc owner;
	struct sysctl_req req = { .proc = &owner, .new = key, .newlen = 16 };

	KT_EQ(kern_sysctl("net.inet6.ip6.soiikey", &req), 0);
	free(req.old, M_SYSCTL, req.oldcap);
}

/* RFC 7217 5: the same in the same network, another anywhere else. */
KTEST(iid_stable_ones)
{
	struct ip_addr p5 = a6(5, 0), p6 = a6(6, 0);
	uint8_t id[6][8];
	unsigned int i, k;

	lab_boot();
	in6_iid_stable(lab_if("pair0"), &p5, 0, id[0]);
	KT(id[0][3] == 0xff && id[0][4] == 0xfe); /* EUI-64: no key yet */
	soiikey_set(1);
	in6_iid_stable(lab_if("pair0"), &p5, 0, id[1]);
	in6_iid_stable(lab_if("pair0"), &p6, 0, id[2]);
	in6_iid_stable(lab_if("pair0"), &p5, 1, id[3]);
	in6_iid_stable(lab_if("pair1"), &p5, 0, id[4]);
	soiikey_set(2);
	in6_iid_stable(lab_if("pair0"), &p5, 0, id[5]);
	for (i = 0; i < 6; i++)
		for (k = 0; k < i; k++)
			KT(memcmp(id[i], id[k], 8) != 0);
	soiikey_set(1);
	in6_iid_stable(lab_if("pair0"), &p5, 0, id[5]);
	KT(memcmp(id[5], id[1], 8) == 0);
	lab_if("pair0")->if_flags |= IFXF_INET6_NOSOII;
	in6_iid_stable(lab_if("pair0"), &p5, 0, id[5]);
	KT(memcmp(id[5], id[0], 8) == 0);
}
