/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * af-to: addresses inside of addresses (RFC 6052), what may be cut (RFC 7915),
 * options that stay behind, every error in both directions, answers, and every
 * allocation failing.
 */

#include "pfkit.h"

#include <sys/errno.h>
#include <netinet6/ip6_var.h>

#define CLIENT 10
#define OURS   201

static const struct ip_addr server4 = { .b = { 192, 0, 2, 33 } };

/* Prefixes and 192.0.2.33 behind them: RFC 6052 2.4. */
static const struct {
	unsigned int plen;
	struct ip_addr net, whole;
} embedded[] = {
	{ 32, { .b = { 0x20, 1, 0xd, 0xb8 } },
	    { .b = { 0x20, 1, 0xd, 0xb8, 192, 0, 2, 33 } } },
	{ 40, { .b = { 0x20, 1, 0xd, 0xb8, 1 } },
	    { .b = { 0x20, 1, 0xd, 0xb8, 1, 192, 0, 2, 0, 33 } } },
	{ 48, { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22 } },
	    { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22, 192, 0, 0, 2, 33 } } },
	{ 56, { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22, 3 } },
	    { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22, 3, 192, 0, 0, 2, 33 } } },
	{ 64, { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22, 3, 0x44 } },
	    { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22, 3, 0x44, 0, 192, 0, 2,
		  33 } } },
	{ 96, { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22, 3, 0x44 } },
	    { .b = { 0x20, 1, 0xd, 0xb8, 1, 0x22, 3, 0x44, 0, 0, 0, 0, 192, 0, 2,
		  33 } } },
};

static sa_family_t
other(sa_family_t af)
{
	return (af == AF_INET ? AF_INET6 : AF_INET);
}

/* pass in af to NET af-to the other family, from host OURS; behind prefix i. */
static void
load(sa_family_t af, unsigned int i)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.dir = PFD_IN, .af = af, .naf = other(af),
		.flags = PFR_AFTO | PFR_ALLOWOPTS };

	c.pool[PF_NATPOOL].nents = 1;
	pk_ents[PF_NATPOOL][0] = pk_net(c.naf, OURS,
	    c.naf == AF_INET ? 32 : 128);
	if (af == AF_INET6) {
		c.dst.addr = (struct pf_ioc_addr){ .type = PF_ADDR_PREFIX,
			.af = AF_INET6, .plen = (uint8_t)embedded[i].plen,
			.addr = embedded[i].net };
	} else {
		c.pool[PF_RDRPOOL].nents = 1;
		pk_ents[PF_RDRPOOL][0].addr = (struct pf_ioc_addr){
			.type = PF_ADDR_PREFIX, .af = AF_INET6,
			.plen = (uint8_t)embedded[i].plen,
			.addr = embedded[i].net };
	}
	pk_states_end();
	pk_rule(PF_RS_FILTER, &c);
}

/* A datagram of the client to the server, as its own family knows it. */
static struct mbuf *
datagram(sa_family_t af, unsigned int i, uint16_t len, uint8_t proto)
{
	struct pk p = { .af = af, .proto = proto, .src = CLIENT, .sport = 4000,
		.dport = 53, .len = len };
	struct mbuf *m;
	struct ip *ip;

	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
		p.sport = (uint16_t)((af == AF_INET ? 8 : 128) << 8);
		p.dport = 77;
	}
	m = pk_make(&p, NULL);
	if (m == NULL)
		return (NULL);
	if (af == AF_INET6) {
		memcpy(mtod(m, uint8_t *) + 24, embedded[i].whole.b, 16);
		return (m);
	}
	ip = mtod(m, struct ip *);
	ip->ip_dst = server4.v4;
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 20));
	return (m);
}

/* In by af; the packet as it goes on, in the other family. */
static struct mbuf *
crosses(struct mbuf *m, sa_family_t af)
{
	sa_family_t is = af;

	if (pf_test(if_unit("lo0"), &m, &is, PF_IN, NULL) != PF_PASS)
		return (NULL);
	KT_EQ(is, other(af));
	return (m);
}

static struct ip_addr
dst_of(const struct mbuf *m, sa_family_t af)
{
	struct ip_addr a = { .q = { 0, 0 } };

	KT_EQ(m_copydata(m, af == AF_INET ? 16 : 24, af == AF_INET ? 4 : 16,
		  a.b), 0);
	return (a);
}

KTEST(pf_afto_addresses_in_addresses)
{
	struct ip_addr a;
	struct mbuf *m;

	pk_boot();
	for (unsigned int i = 0; i < nitems(embedded); i++)
		PK_BOTH(af) {
			load(af, i);
			m = crosses(datagram(af, i, 8, IPPROTO_UDP), af);
			KT(m != NULL);
			a = dst_of(m, other(af));
			KT(ip_addr_eq(&a, af == AF_INET ? &embedded[i].whole :
							  &server4));
			KT_EQ(pk_ends(m, other(af), 0).src, OURS);
			m_freem(m);
		}
}

/* IPv6 has no UDP without a checksum: it gets one; others are mended. */
KTEST(pf_afto_checksums)
{
	struct mbuf *m;
	uint16_t sum;

	pk_boot();
	for (unsigned int i = 0; i < 4; i++) {
		sa_family_t af = i < 2 ? AF_INET : AF_INET6;
		bool with = i % 2 != 0;
		uint32_t hlen = af == AF_INET ? 20 : 40;

		load(af, 5);
		m = datagram(af, 5, 8, IPPROTO_UDP);
		if (with) {
			m->m_pkthdr.csum_flags |= M_UDP_CSUM_OUT;
			KT_EQ(in_cksum_finish(&m, af), 0);
			KT_EQ(m_copydata(m, hlen + 6, 2, &sum), 0);
			KT(sum != 0);
		} else if (af == AF_INET6) {
			m_freem(m); /* such a one is none */
			continue;
		}
		m->m_pkthdr.csum_flags = 0;
		m = crosses(m, af);
		KT(m != NULL);
		KT_EQ((m->m_pkthdr.csum_flags & M_UDP_CSUM_OUT) != 0, !with);
		KT_EQ(in_cksum_finish(&m, other(af)), 0);
		m->m_pkthdr.csum_flags = 0;
		KT(in_cksum_verify(m, other(af), IPPROTO_UDP,
		    other(af) == AF_INET ? 20 : 40, 16));
		KT_EQ(m_copydata(m, (other(af) == AF_INET ? 20 : 40) + 6, 2,
			  &sum), 0);
		KT(sum != 0);
		m_freem(m);
	}
}

/* The answer, which comes in by the other family, is the client's again. */
KTEST(pf_afto_answers)
{
	struct mbuf *m;
	struct pk_ends e;
	uint8_t h[64], t[16];
	uint32_t hlen;

	pk_boot();
	for (int icmp = 0; icmp < 2; icmp++)
		PK_BOTH(af) {
			sa_family_t to = other(af);

			hlen = to == AF_INET ? 20 : 40;
			load(af, 5);
			m = crosses(datagram(af, 5, 8,
					icmp == 0	? IPPROTO_UDP :
					    af == AF_INET ? IPPROTO_ICMP :
							    IPPROTO_ICMPV6),
			    af);
			KT(m != NULL);
			KT_EQ(m_copydata(m, 0, hlen + 16, h), 0);
			/* turned round: addresses, ports, or the type */
			memcpy(t, h + hlen - (to == AF_INET ? 8 : 32),
			    to == AF_INET ? 4 : 16);
			memmove(h + hlen - (to == AF_INET ? 8 : 32),
			    h + hlen - (to == AF_INET ? 4 : 16),
			    to == AF_INET ? 4 : 16);
			memcpy(h + hlen - (to == AF_INET ? 4 : 16), t,
			    to == AF_INET ? 4 : 16);
			if (icmp != 0)
				h[hlen] = to == AF_INET ? 0 : 129;
			else {
				memcpy(t, h + hlen, 2);
				memcpy(h + hlen, h + hlen + 2, 2);
				memcpy(h + hlen + 2, t, 2);
			}
			KT_EQ(m_copyback(m, 0, hlen + 16, h), 0);
			m->m_pkthdr.pf.flags = 0;
			m->m_pkthdr.csum_flags = M_IPV4_CSUM_IN_OK;
			m = crosses(m, to);
			KT(m != NULL);
			e = pk_ends(m, af, 0);
			KT_EQ(e.dst, CLIENT);
			if (icmp == 0) {
				KT_EQ(e.sport, 53);
				KT_EQ(e.dport, 4000);
			} else
				KT_EQ(e.sport >> 8, af == AF_INET ? 0 : 129);
			m_freem(m);
		}
}

/* RFC 7915 4, 5.1: who may cut what came of it. */
KTEST(pf_afto_fragmentation)
{
	static const struct {
		sa_family_t af;
		uint32_t len; /* of the IP packet */
		bool df, pieces; /* IPv4: said so; IPv6: came in fragments */
		bool outdf;
		uint32_t cut; /* IPv6: to pieces of */
	} rows[] = {
		{ AF_INET6, 1280, false, false, false, 0 },
		{ AF_INET6, 1281, false, false, true, 0 },
		{ AF_INET6, 1900, false, true, false, 0 },
		{ AF_INET, 1260, false, false, false, 0 },
		{ AF_INET, 1261, false, false, false, 1280 },
		{ AF_INET, 1900, false, false, false, 1280 },
		{ AF_INET, 1900, true, false, false, 0 },
	};
	struct mbuf *m;
	struct ip *ip;

	pk_boot();
	for (unsigned int i = 0; i < nitems(rows); i++) {
		sa_family_t af = rows[i].af;

		load(af, 5);
		m = datagram(af, 5, (uint16_t)(rows[i].len -
		    (af == AF_INET ? 28 : 48)), IPPROTO_UDP);
		KT_EQ(m->m_pkthdr.len, rows[i].len);
		if (rows[i].df) {
			ip = mtod(m, struct ip *);
			ip->ip_off = htons(IP_DF);
			ip->ip_sum = 0;
			ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 20));
		}
		if (rows[i].pieces)
			KT(ip6_came_in_set(m, 1000));
		m = crosses(m, af);
		KT(m != NULL);
		if (af == AF_INET6)
			KT_EQ((mtod(m, struct ip *)->ip_off & htons(IP_DF)) != 0,
			    rows[i].outdf);
		else
			KT_EQ(ip6_came_in(m), rows[i].cut);
		m_freem(m);
	}
}

/* Options of one family say nothing in the other: they stay behind. */
KTEST(pf_afto_options_stay_behind)
{
	static const uint8_t opt4[8] = { 7, 7, 4, 0, 0, 0, 0, 0 },
			     opt6[8] = { IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0 };
	struct mbuf *m, *n;
	uint32_t hlen;
	struct ip *ip;

	pk_boot();
	PK_BOTH(af) {
		load(af, 5);
		hlen = af == AF_INET ? 20 : 40;
		m = datagram(af, 5, 8, IPPROTO_UDP);
		KT((n = m_getroom(M_HEADROOM, 256)) != NULL);
		n->m_len = n->m_pkthdr.len = m->m_pkthdr.len + 8;
		KT_EQ(m_copydata(m, 0, hlen, mtod(n, uint8_t *)), 0);
		memcpy(mtod(n, uint8_t *) + hlen, af == AF_INET ? opt4 : opt6, 8);
		KT_EQ(m_copydata(m, hlen, 16, mtod(n, uint8_t *) + hlen + 8), 0);
		m_freem(m);
		if (af == AF_INET) {
			ip = mtod(n, struct ip *);
			ip->ip_vhl = 0x47;
			ip->ip_len = htons((uint16_t)n->m_pkthdr.len);
			ip->ip_sum = 0;
			ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 28));
		} else {
			mtod(n, uint8_t *)[6] = 0;
			be16enc(mtod(n, uint8_t *) + 4, 24);
		}
		m = crosses(n, af);
		KT(m != NULL);
		KT_EQ(m->m_pkthdr.len, (af == AF_INET ? 40U : 20U) + 16);
		KT_EQ(pk_ends(m, other(af), 0).dport, 53);
		m_freem(m);
	}
}

/* The server's packet with ext behind the header, of n bytes and kind nxt. */
static struct mbuf *
with_header(sa_family_t af, uint8_t nxt, const uint8_t *ext, uint32_t n)
{
	uint32_t hlen = af == AF_INET ? 20 : 40;
	struct mbuf *m = datagram(af, 5, 8, IPPROTO_UDP), *new;
	struct ip *ip;

	KT((new = m_getroom(M_HEADROOM, 256)) != NULL);
	new->m_len = new->m_pkthdr.len = m->m_pkthdr.len + n;
	KT_EQ(m_copydata(m, 0, hlen, mtod(new, uint8_t *)), 0);
	memcpy(mtod(new, uint8_t *) + hlen, ext, n);
	KT_EQ(m_copydata(m, hlen, 16, mtod(new, uint8_t *) + hlen + n), 0);
	m_freem(m);
	if (af == AF_INET6) {
		mtod(new, uint8_t *)[6] = nxt;
		be16enc(mtod(new, uint8_t *) + 4, (uint16_t)(16 + n));
		return (new);
	}
	ip = mtod(new, struct ip *);
	ip->ip_vhl = (uint8_t)(0x40 | (hlen + n) / 4);
	ip->ip_len = htons((uint16_t)new->m_pkthdr.len);
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, hlen + n));
	return (new);
}

/* A route that the packet has to follow, and a signature, must not be left
 * behind (RFC 7915 4.1, 5.1.1); a route that was followed may be. */
KTEST(pf_afto_what_must_not_stay_behind)
{
	static const struct {
		sa_family_t af;
		uint8_t nxt, n, ext[24];
		bool crosses;
	} rows[] = {
		{ AF_INET, 0, 8, { IPOPT_LSRR, 7, 4, 10, 0, 0, 1, 0 }, false },
		{ AF_INET, 0, 8, { IPOPT_NOP, IPOPT_SSRR, 7, 4, 10, 0, 0, 1 }, false },
		{ AF_INET, 0, 8, { IPOPT_LSRR, 7, 8, 10, 0, 0, 1, 0 }, true },
		{ AF_INET6, IPPROTO_ROUTING, 8, { IPPROTO_UDP, 0, 4, 1 }, false },
		{ AF_INET6, IPPROTO_ROUTING, 8, { IPPROTO_UDP, 0, 4, 0 }, true },
		{ AF_INET6, IPPROTO_DSTOPTS, 16, { IPPROTO_ROUTING, 0, 1, 4, 0, 0, 0, 0,
		    IPPROTO_UDP, 0, 3, 2 }, false },
		{ AF_INET6, IPPROTO_AH, 16, { IPPROTO_UDP, 2 }, false },
	};
	struct mbuf *m;

	pk_boot();
	for (unsigned int i = 0; i < nitems(rows); i++) {
		load(rows[i].af, 5);
		m = with_header(rows[i].af, rows[i].nxt, rows[i].ext, rows[i].n);
		m = crosses(m, rows[i].af);
		KT_EQ(m != NULL, rows[i].crosses);
		m_freem(m);
	}
}

/* Who names an IPv4 address inside of one of IPv6 does not reach this machine's
 * loopback, nor all of a network. */
KTEST(pf_afto_no_ones_address)
{
	static const struct {
		uint8_t four[4];
		bool crosses;
	} rows[] = {
		{ { 127, 0, 0, 1 }, false }, { { 127, 255, 255, 255 }, false },
		{ { 0, 0, 0, 0 }, false }, { { 0, 1, 2, 3 }, false },
		{ { 224, 0, 0, 1 }, false }, { { 240, 0, 0, 1 }, false },
		{ { 255, 255, 255, 255 }, false }, { { 1, 0, 0, 1 }, true },
		{ { 126, 255, 255, 255 }, true }, { { 128, 0, 0, 1 }, true },
		{ { 223, 255, 255, 1 }, true },
	};
	struct mbuf *m;

	pk_boot();
	load(AF_INET6, 5);
	for (unsigned int i = 0; i < nitems(rows); i++) {
		m = datagram(AF_INET6, 5, 8, IPPROTO_UDP);
		memcpy(mtod(m, uint8_t *) + 36, rows[i].four, 4);
		m = crosses(m, AF_INET6);
		KT_EQ(m != NULL, rows[i].crosses);
		m_freem(m);
	}
}

/* The longest IPv6 packet has no place in an IPv4 one. */
KTEST(pf_afto_too_long)
{
	struct mbuf *m;

	pk_boot();
	for (unsigned int too = 0; too < 2; too++) {
		uint16_t len = (uint16_t)(65515 + too); /* behind the header */

		load(AF_INET6, 5);
		m = datagram(AF_INET6, 5, 8, IPPROTO_UDP);
		be16enc(mtod(m, uint8_t *) + 4, len);
		be16enc(mtod(m, uint8_t *) + 44, len);
		for (uint32_t at = 56; at < 40U + len; at += 1000) {
			static const uint8_t zero[1000];
			struct mbuf *more = m_getroom(0, sizeof(zero));

			KT(more != NULL);
			more->m_len = more->m_pkthdr.len = MIN(1000U, 40U + len - at);
			memcpy(mtod(more, uint8_t *), zero, more->m_len);
			m_cat_pkt(m, more);
		}
		KT_EQ(m->m_pkthdr.len, 40U + len);
		m = crosses(m, AF_INET6);
		KT_EQ(m != NULL, too == 0);
		m_freem(m);
	}
}

/* --- errors --- */

struct translated {
	uint8_t type, code;
	uint32_t word; /* behind the checksum */
	uint8_t totype, tocode;
	uint32_t toword;
	bool dropped;
};
static const struct translated from4[] = {
	{ 3, 0, 0, 1, 0, 0, false }, { 3, 1, 0, 1, 0, 0, false },
	{ 3, 2, 0, 4, 1, 6, false }, { 3, 3, 0, 1, 4, 0, false },
	{ 3, 4, 1400, 2, 0, 1420, false }, { 3, 4, 0, 2, 0, 1280, false },
	{ 3, 5, 0, 1, 0, 0, false }, { 3, 9, 0, 1, 1, 0, false },
	{ 3, 10, 0, 1, 1, 0, false }, { 3, 13, 0, 1, 1, 0, false },
	{ 3, 15, 0, 1, 1, 0, false }, { 11, 0, 0, 3, 0, 0, false },
	{ 11, 1, 0, 3, 1, 0, false }, { 12, 0, 8U << 24, 4, 0, 7, false },
	{ 12, 0, 9U << 24, 4, 0, 6, false }, { 12, 0, 16U << 24, 4, 0, 24, false },
	{ 12, 0, 5U << 24, 0, 0, 0, true }, { 12, 1, 0, 0, 0, 0, true },
	{ 4, 0, 0, 0, 0, 0, true }, { 5, 0, 0, 0, 0, 0, true },
};
static const struct translated from6[] = {
	{ 1, 0, 0, 3, 1, 0, false }, { 1, 1, 0, 3, 10, 0, false },
	{ 1, 2, 0, 3, 1, 0, false }, { 1, 3, 0, 3, 1, 0, false },
	{ 1, 4, 0, 3, 3, 0, false }, { 2, 0, 1500, 3, 4, 1480, false },
	{ 2, 0, 100, 3, 4, 1260, false }, { 3, 0, 0, 11, 0, 0, false },
	{ 3, 1, 0, 11, 1, 0, false }, { 4, 0, 7, 12, 0, 8U << 24, false },
	{ 4, 0, 6, 12, 0, 9U << 24, false }, { 4, 0, 24, 12, 0, 16U << 24, false },
	{ 4, 0, 41, 0, 0, 0, true }, { 4, 1, 0, 3, 2, 0, false },
	{ 4, 2, 0, 0, 0, 0, true },
};

/* An error of family to that quotes sent, for OURS. */
static struct mbuf *
error_about(const struct mbuf *sent, sa_family_t to, const struct translated *t)
{
	struct pk p = { .af = to,
		.proto = to == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		.src = 420, .dst = OURS,
		.sport = (uint16_t)(t->type << 8 | t->code) };
	uint32_t n = MIN(sent->m_pkthdr.len, 128U), hlen = to == AF_INET ? 20 :
									  40;
	uint8_t quote[128], word[4];
	struct mbuf *m;

	KT_EQ(m_copydata(sent, 0, n, quote), 0);
	p.len = (uint16_t)n;
	m = pk_make(&p, quote);
	be32enc(word, t->word);
	KT_EQ(m_copyback(m, hlen + 4, 4, word), 0);
	return (m);
}

KTEST(pf_afto_every_error)
{
	const struct translated *t;
	struct mbuf *sent, *m;
	unsigned int n;
	uint8_t h[64], *icmp;
	struct pk_ends e;

	pk_boot();
	PK_BOTH(af) { /* the client's */
		sa_family_t to = other(af);
		uint32_t hlen = af == AF_INET ? 20 : 40;

		t = to == AF_INET ? from4 : from6;
		n = to == AF_INET ? nitems(from4) : nitems(from6);
		load(af, 5);
		sent = crosses(datagram(af, 5, 8, IPPROTO_UDP), af);
		KT(sent != NULL);
		for (; n-- > 0; t++) {
			m = error_about(sent, to, t);
			m = pk_through(m, to, PF_IN);
			if ((m == NULL) != t->dropped)
				kt_equal(t->type << 8 | t->code, -1, __FILE__,
				    __LINE__, "type and code");
			if (m == NULL)
				continue;
			KT_EQ(m_copydata(m, 0, hlen + 8, h), 0);
			icmp = h + hlen;
			KT_EQ(icmp[0], t->totype);
			KT_EQ(icmp[1], t->tocode);
			KT_EQ(be32dec(icmp + 4), t->toword);
			KT_EQ(pk_ends(m, af, 0).dst, CLIENT);
			/* inside: what the client has sent */
			e = pk_ends(m, af, hlen + 8);
			KT_EQ(e.src, CLIENT);
			KT_EQ(e.sport, 4000);
			KT_EQ(e.dport, 53);
			m_freem(m);
		}
		m_freem(sent);
	}
	pk_states_end();
}

/* --- no memory --- */

static void
without_memory(sa_family_t af, long n)
{
	struct mbuf *m;
	long live;

	pk_boot();
	load(af, 5);
	m = datagram(af, 5, 1400, IPPROTO_UDP);
	live = sim_live();
	sim_fail_nth(n);
	m = crosses(m, af);
	KT(m != NULL || sim_failed());
	if (m == NULL)
		KT(pf_status.counters[PFRES_MEMORY] +
			pf_status.counters[PFRES_TRANSLATE] == 1);
	m_freem(m);
	pk_states_end();
	KT(sim_live() <= live + 3);
}

KTEST_NTH(pf_afto_nth4)
{
	without_memory(AF_INET, n);
}

KTEST_NTH(pf_afto_nth6)
{
	without_memory(AF_INET6, n);
}
