/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * af-to: packets that change their family (RFC 7915).
 *
 * The IP header is replaced as a whole; options and extension headers stay
 * behind.  A packet with one that must not (a route that it has to follow, a
 * signature) is dropped.  The transport's checksum is mended by the difference of the pseudo
 * headers.  Echo requests and replies have the same body in both families;
 * errors are translated by a table, with the packet they quote; all other
 * ICMP messages end here.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/pf/pf_nat.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6_var.h>

/* --- packets --- */

static const struct pf_46 {
	uint8_t v4, v6;
} pf_46_types[] = {
	{ ICMP_ECHO, ICMP6_ECHO_REQUEST },
	{ ICMP_ECHOREPLY, ICMP6_ECHO_REPLY },
};

/* Echo and its reply have the same body in both families. */
static bool
pf_afto_icmp(struct pf_desc *pd)
{
	const struct pf_46 *t;
	uint8_t head[8], type = pd->hdr.icmp.icmp_type;
	uint16_t id = htons(pd->now.port[pd->was.port[PF_SRC] != ICMP_ECHO &&
		    pd->was.port[PF_SRC] != ICMP6_ECHO_REQUEST ?
		PF_SRC :
		PF_DST]);

	for (t = pf_46_types; t < pf_46_types + nitems(pf_46_types); t++)
		if (type == (pd->af == AF_INET ? t->v4 : t->v6)) {
			if (m_copydata(pd->m, pd->off, 8, head) != 0)
				return (false);
			head[0] = pd->af == AF_INET ? t->v6 : t->v4;
			head[2] = head[3] = 0;
			memcpy(head + 4, &id, 2);
			if (m_copyback(pd->m, pd->off, 8, head) != 0)
				return (false);
			pd->m->m_pkthdr.csum_flags |= M_ICMP_CSUM_OUT;
			return (true);
		}
	pd->reason = PFRES_TRANSLATE;
	return (false);
}

/* The checksum with the other pseudo header. */
static bool
pf_afto_sum(struct pf_desc *pd)
{
	uint8_t from[32], to[32];
	uint32_t place = pf_sum_place(pd);

	if (place == 0)
		return (true);
	if (pd->proto == IPPROTO_UDP && pd->naf == AF_INET6 &&
	    pd->hdr.udp.uh_sum == 0) {
		/* IPv6 knows no UDP without a sum (RFC 7915 4.5) */
		pd->m->m_pkthdr.csum_flags |= M_UDP_CSUM_OUT;
		return (true);
	}
	memset(from, 0, sizeof(from));
	memset(to, 0, sizeof(to));
	memcpy(from, pd->was.addr[0].b, 16);
	memcpy(from + 16, pd->was.addr[1].b, 16);
	memcpy(to, pd->now.addr[0].b, 16);
	memcpy(to + 16, pd->now.addr[1].b, 16);
	return (pf_sum_mend(pd, place, from, to, 32, pd->proto == IPPROTO_UDP));
}

static bool
pf_afto_header(struct pf_desc *pd, uint8_t proto)
{
	struct ip_encap e = { .af = pd->naf,
		.proto = proto,
		.ttl = pd->ttl,
		.tos = pd->tos,
		.src = pd->now.addr[PF_SRC],
		.dst = pd->now.addr[PF_DST] };

	m_adj(pd->m, (int)pd->off);
	pd->m = ip_encap(pd->m, &e);
	return (pd->m != NULL);
}

/*
 * What ip_encap() leaves to output(), for input: length, sum, and whether
 * routers may cut.  An IPv6 packet that came whole must not be cut, unless it
 * is so small that nobody would say why (RFC 7915 5.1); one that came in
 * fragments may be (5.1.1).
 */
static void
pf_afto_finish4(struct pf_desc *pd)
{
	struct ip *ip = mtod(pd->m, struct ip *);
	bool cut = pd->tot_len <= IPV6_MMTU || ip6_came_in(pd->m) != 0;

	ip->ip_len = htons((uint16_t)MIN(pd->m->m_pkthdr.len, 65535U));
	ip->ip_id = ip_randomid();
	ip->ip_off = cut ? 0 : htons(IP_DF);
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, sizeof(*ip)));
}

/* An IPv4 packet that may be cut is, to pieces that pass everywhere (RFC 7915
 * 4); df: what it said.  False: no memory. */
static bool
pf_afto_finish6(struct pf_desc *pd, bool df)
{
	struct ip6_hdr *ip6 = mtod(pd->m, struct ip6_hdr *);

	ip6->ip6_plen = htons(
	    (uint16_t)MIN(pd->m->m_pkthdr.len - sizeof(*ip6), 65535U));
	return (df || pd->m->m_pkthdr.len <= IPV6_MMTU ||
	    (pd->m->m_pkthdr.csum_flags & M_GSO) != 0 ||
	    ip6_came_in_set(pd->m, IPV6_MMTU));
}

static bool
pf_afto_finish(struct pf_desc *pd, bool df)
{
	/* one that came in fragments may be too long for an IPv4 packet */
	if (pd->naf == AF_INET && pd->m->m_pkthdr.len > 65535 &&
	    (pd->m->m_pkthdr.csum_flags & M_GSO) == 0)
		return (false);
	pd->m->m_pkthdr.pf.flags |= PF_TAG_PROCESSED;
	if (pd->naf == AF_INET6)
		return (pf_afto_finish6(pd, df));
	pf_afto_finish4(pd);
	return (true);
}

/* Does pd's header, of IPv4, forbid cutting? */
static bool
pf_afto_df(const struct pf_desc *pd)
{
	return (pd->af == AF_INET &&
	    (mtod(pd->m, const struct ip *)->ip_off & htons(IP_DF)) != 0);
}

/* Is there a source route in the IPv4 options that has not been followed? */
static bool
pf_afto_routed4(const struct pf_desc *pd)
{
	uint8_t o[3];

	for (uint32_t at = sizeof(struct ip); at < pd->off; at += o[1]) {
		if (m_copydata(pd->m, at, 1, o) != 0 || o[0] == IPOPT_EOL)
			return (false);
		o[1] = 1;
		if (o[0] == IPOPT_NOP)
			continue;
		if (m_copydata(pd->m, at + 1, 1, o + 1) != 0 || o[1] < 2)
			return (true); /* nobody knows what it is */
		if (o[0] != IPOPT_LSRR && o[0] != IPOPT_SSRR)
			continue;
		if (m_copydata(pd->m, at + 2, 1, o + 2) != 0 || o[2] < o[1])
			return (true);
	}
	return (false);
}

/* A routing header with segments left, or one that vouches for the others. */
static bool
pf_afto_bound6(const struct pf_desc *pd)
{
	uint32_t at = sizeof(struct ip6_hdr);
	uint8_t h[4], nxt = mtod(pd->m, const struct ip6_hdr *)->ip6_nxt;

	for (; at < pd->off; at += nxt == IPPROTO_FRAGMENT ? 8 : (h[1] + 1U) * 8, nxt = h[0])
		if (nxt == IPPROTO_AH || m_copydata(pd->m, at, sizeof(h), h) != 0 ||
		    (nxt == IPPROTO_ROUTING && h[3] != 0))
			return (true);
	return (false);
}

/* What must not stay behind (RFC 7915 4.1, 5.1.1). */
static bool
pf_afto_bound(const struct pf_desc *pd)
{
	return (pd->af == AF_INET ? pf_afto_routed4(pd) : pf_afto_bound6(pd));
}

enum pf_verdict
pf_afto_apply(struct pf_desc *pd)
{
	uint8_t proto = pd->proto;
	bool icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
	bool df = pf_afto_df(pd);

	pd->reason = PFRES_TRANSLATE;
	if (pd->frag != 0 || pd->icmp_error || pf_afto_bound(pd))
		return (PF_DROP);
	if (icmp ? !pf_afto_icmp(pd) : !(pf_afto_sum(pd) && pf_nat_ports(pd)))
		return (PF_DROP);
	if (icmp)
		proto = pd->naf == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	if (!pf_afto_header(pd, proto) || !pf_afto_finish(pd, df))
		return (PF_DROP);
	pd->reason = PFRES_MATCH;
	return (PF_PASS);
}

/* --- ICMP errors (RFC 7915 4.2, 5.2) --- */

#define ANY 255
enum pf_word { W_NONE, W_MTU, W_POINTER, W_NXTHDR };
static const struct pf_error46 {
	uint8_t type, code, totype, tocode;
	enum pf_word word;
} pf_errors4[] = {
	/* clang-format off */
	{ ICMP_UNREACH,    2,	ICMP6_PARAM_PROB,	1,	W_NXTHDR },
	{ ICMP_UNREACH,    3,	ICMP6_DST_UNREACH,	4,	W_NONE },
	{ ICMP_UNREACH,    4,	ICMP6_PACKET_TOO_BIG,	0,	W_MTU },
	{ ICMP_UNREACH,    9,	ICMP6_DST_UNREACH,	1,	W_NONE },
	{ ICMP_UNREACH,   10,	ICMP6_DST_UNREACH,	1,	W_NONE },
	{ ICMP_UNREACH,   13,	ICMP6_DST_UNREACH,	1,	W_NONE },
	{ ICMP_UNREACH,   15,	ICMP6_DST_UNREACH,	1,	W_NONE },
	{ ICMP_UNREACH,  ANY,	ICMP6_DST_UNREACH,	0,	W_NONE },
	{ ICMP_TIMXCEED,   0,	ICMP6_TIME_EXCEEDED,	0,	W_NONE },
	{ ICMP_TIMXCEED,   1,	ICMP6_TIME_EXCEEDED,	1,	W_NONE },
	{ ICMP_PARAMPROB,  0,	ICMP6_PARAM_PROB,	0,	W_POINTER },
	{ ICMP_PARAMPROB,  2,	ICMP6_PARAM_PROB,	0,	W_POINTER },
	/* clang-format on */
}, pf_errors6[] = {
	/* clang-format off */
	{ ICMP6_DST_UNREACH,	1,	ICMP_UNREACH,	10,	W_NONE },
	{ ICMP6_DST_UNREACH,	4,	ICMP_UNREACH,	3,	W_NONE },
	{ ICMP6_DST_UNREACH,  ANY,	ICMP_UNREACH,	1,	W_NONE },
	{ ICMP6_PACKET_TOO_BIG, ANY,	ICMP_UNREACH,	4,	W_MTU },
	{ ICMP6_TIME_EXCEEDED,	0,	ICMP_TIMXCEED,	0,	W_NONE },
	{ ICMP6_TIME_EXCEEDED,	1,	ICMP_TIMXCEED,	1,	W_NONE },
	{ ICMP6_PARAM_PROB,	0,	ICMP_PARAMPROB,	0,	W_POINTER },
	{ ICMP6_PARAM_PROB,	1,	ICMP_UNREACH,	2,	W_NONE },
	/* clang-format on */
};

/* Which field of the one header is which of the other: RFC 7915 figures 3, 6. */
static const struct {
	uint8_t v4, v6;
} pf_pointers4[] = { { 0, 0 }, { 1, 1 }, { 2, 4 }, { 3, 4 }, { 8, 7 }, { 9, 6 },
	{ 12, 8 }, { 13, 8 }, { 14, 8 }, { 15, 8 }, { 16, 24 }, { 17, 24 },
	{ 18, 24 }, { 19, 24 } },
  pf_pointers6[] = { { 0, 0 }, { 1, 1 }, { 2, 4 }, { 2, 5 }, { 9, 6 },
	  { 8, 7 } };

static bool
pf_pointer46(const uint8_t *word, uint8_t *out)
{
	for (unsigned int i = 0; i < nitems(pf_pointers4); i++)
		if (pf_pointers4[i].v4 == word[0]) {
			be32enc(out, pf_pointers4[i].v6);
			return (true);
		}
	return (false);
}

static bool
pf_pointer64(const uint8_t *word, uint8_t *out)
{
	uint32_t at = be32dec(word);
	unsigned int v4 = ANY;

	for (unsigned int i = 0; i < nitems(pf_pointers6); i++)
		if (pf_pointers6[i].v6 == at)
			v4 = pf_pointers6[i].v4;
	if (at >= 8 && at < 40)
		v4 = at < 24 ? 12 : 16; /* the addresses */
	out[0] = (uint8_t)v4;
	return (v4 != ANY);
}

static bool
pf_error_word(enum pf_word w, sa_family_t from, const uint8_t *word,
    uint8_t *out)
{
	uint32_t mtu;

	switch (w) {
	case W_NONE:
		return (true);
	case W_NXTHDR:
		be32enc(out, offsetof(struct ip6_hdr, ip6_nxt));
		return (true);
	case W_POINTER:
		return (from == AF_INET ? pf_pointer46(word, out) :
					  pf_pointer64(word, out));
	case W_MTU: /* headers differ by 20 bytes */
		mtu = from == AF_INET ? be16dec(word + 2) + 20U :
					MAX(be32dec(word), 1280U) - 20;
		be32enc(out,
		    from == AF_INET ? MAX(mtu, 1280U) : MIN(mtu, 65535U));
		return (true);
	}
	return (false);
}

/* The eight bytes of the error in the other family. */
static bool
pf_error_head(sa_family_t from, const uint8_t in[8], uint8_t out[8])
{
	const struct pf_error46 *e = from == AF_INET ? pf_errors4 : pf_errors6;
	unsigned int n = from == AF_INET ? nitems(pf_errors4) :
					   nitems(pf_errors6);

	memset(out, 0, 8);
	for (; n-- > 0; e++)
		if (e->type == in[0] && (e->code == in[1] || e->code == ANY)) {
			out[0] = e->totype;
			out[1] = e->tocode;
			return (pf_error_word(e->word, from, in + 4, out + 4));
		}
	return (false);
}

/* The first bytes of the quoted transport, as its sender wrote them. */
static bool
pf_error_transport(struct pf_desc *pd, const struct pf_quote *q,
    const struct pf_ends *now, uint8_t h[8])
{
	bool icmp = q->proto == IPPROTO_ICMP || q->proto == IPPROTO_ICMPV6;
	unsigned int id;

	if (m_copydata(pd->m, q->off, 8, h) != 0)
		return (false);
	if (!icmp) {
		be16enc(h, now->port[PF_SRC]);
		be16enc(h + 2, now->port[PF_DST]);
		return (q->proto == IPPROTO_TCP || q->proto == IPPROTO_UDP);
	}
	for (unsigned int i = 0; i < nitems(pf_46_types); i++)
		if (h[0] ==
		    (q->af == AF_INET ? pf_46_types[i].v4 :
					pf_46_types[i].v6)) {
			h[0] = q->af == AF_INET ? pf_46_types[i].v6 :
						  pf_46_types[i].v4;
			id = h[0] == ICMP_ECHOREPLY ||
				h[0] == ICMP6_ECHO_REPLY ?
			    PF_DST :
			    PF_SRC;
			be16enc(h + 4, now->port[id]);
			return (true);
		}
	return (false);
}

static uint8_t
pf_proto46(uint8_t proto, sa_family_t to)
{
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return (to == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	return (proto);
}

/* The quoted header's length field is what the quoted packet's would be. */
static uint32_t
pf_quote_len(const struct pf_desc *pd, const struct pf_quote *q)
{
	uint8_t b[2];

	if (m_copydata(pd->m, q->ip_off + (q->af == AF_INET ? 2 : 4), 2, b) !=
	    0)
		return (0);
	if (q->af == AF_INET)
		return (be16dec(b) - MIN(be16dec(b), q->off - q->ip_off));
	return (be16dec(b) - MIN(be16dec(b), q->off - q->ip_off - 40));
}

static void
pf_quote_setlen(struct mbuf *m, sa_family_t af, uint32_t len)
{
	struct ip *ip;

	if (af == AF_INET6) {
		mtod(m, struct ip6_hdr *)->ip6_plen = htons((uint16_t)len);
		return;
	}
	ip = mtod(m, struct ip *);
	ip->ip_len = htons((uint16_t)MIN(len + sizeof(*ip), 65535U));
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, sizeof(*ip)));
}

static struct mbuf *
pf_error_wrap(struct pf_desc *pd, const struct pf_quote *q,
    const struct pf_ends *now, const uint8_t head[8], uint32_t len)
{
	struct ip_encap inner = { .af = pd->naf,
		.proto = pf_proto46(q->proto, pd->naf),
		.ttl = 1,
		.src = now->addr[PF_SRC],
		.dst = now->addr[PF_DST] };
	struct mbuf *m;

	if ((m = ip_encap(pd->m, &inner)) == NULL)
		return (NULL);
	pf_quote_setlen(m, pd->naf, len);
	if ((m = m_prepend(m, 8)) == NULL)
		return (NULL);
	memcpy(mtod(m, void *), head, 8);
	m->m_pkthdr.csum_flags = M_ICMP_CSUM_OUT;
	return (m);
}

enum pf_verdict
pf_afto_error(struct pf_desc *pd, const struct pf_quote *q,
    const struct pf_ends *now)
{
	uint8_t in[8], out[8], transport[8];
	uint32_t len = pf_quote_len(pd, q);

	pd->reason = PFRES_TRANSLATE;
	if (m_copydata(pd->m, pd->off, 8, in) != 0 ||
	    !pf_error_head(pd->af, in, out) ||
	    !pf_error_transport(pd, q, now, transport))
		return (PF_DROP);
	pd->reason = PFRES_MEMORY;
	m_adj(pd->m, (int)q->off);
	if ((pd->m = m_makewritable(pd->m, 8)) == NULL)
		return (PF_DROP);
	memcpy(mtod(pd->m, void *), transport, 8);
	if ((pd->m = pf_error_wrap(pd, q, now, out, len)) == NULL)
		return (PF_DROP);
	pd->off = 0;
	if (!pf_afto_header(pd, pf_proto46(pd->proto, pd->naf)) ||
	    !pf_afto_finish(pd, true))
		return (PF_DROP);
	pd->reason = PFRES_MATCH;
	return (PF_PASS);
}
