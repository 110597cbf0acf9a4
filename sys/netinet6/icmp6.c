/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ICMPv6 (RFC 4443).
 *
 * In:	icmp6_input() checks length and checksum, lets raw sockets see the
 *	message, and looks for its row: smallest length, largest code, whether
 *	it may have crossed a router, and who acts.
 * Out:	icmp6_error() answers a packet that has to die, if it may have an
 *	answer (the ladder of RFC 4443 2.4 (e)) and the token bucket of
 *	net.inet6.icmp6.errppslimit holds a token.
 *
 * A "packet too big" changes the path MTU only when a socket of ours sent
 * what it quotes, or nobody can tell (RFC 8201 4, RFC 5927), and never to
 * less than 1280.  Routes that exist for this are limited by mtudisc_hiwat.
 *
 * Node information (RFC 4620) is not answered: it tells strangers our names.
 *
 * Read on: nd6_nbr.c for neighbour discovery.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/ip_icmp.h>
#include <netinet6/ip6_var.h>
#include <netinet6/mld6.h>
#include <netinet6/nd6.h>

#define ICMP6_NI_QUERY 139
#define ICMP6_NI_REPLY 140

static struct icmp_bucket icmp6_bucket, icmp6_pmtu_bucket;

bool
icmp6_ratelimit(void)
{
	return (
	    icmp_bucket_take(&icmp6_bucket, uptime_us(), icmp6_errppslimit));
}

struct mbuf *
icmp6_new(const struct ip_addr *src, const struct ip_addr *dst, uint8_t hlim,
    uint32_t len)
{
	struct ip6_hdr *ip6;
	struct mbuf *m;

	if ((m = m_getroom(M_HEADROOM, sizeof(*ip6) + len)) == NULL)
		return (NULL);
	m->m_len = m->m_pkthdr.len = (uint32_t)sizeof(*ip6) + len;
	memset(mtod(m, void *), 0, m->m_len);
	ip6 = mtod(m, struct ip6_hdr *);
	ip6->ip6_flow = htonl(6U << 28);
	ip6->ip6_plen = htons((uint16_t)len);
	ip6->ip6_nxt = IPPROTO_ICMPV6;
	ip6->ip6_hlim = hlim;
	memcpy(ip6->ip6_src, src->b, 16);
	memcpy(ip6->ip6_dst, dst->b, 16);
	m->m_pkthdr.csum_flags = M_ICMP_CSUM_OUT;
	return (m);
}

/* --- echo --- */

/* The question turned round: in the packet it came in. */
static void
icmp6_echo(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	struct ip_outopts po = { .po_rtable = m->m_pkthdr.rtableid };
	uint32_t len = m->m_pkthdr.len - ctx->off;
	struct ip_addr src = in6_ismulticast(&ctx->dst) ? in6addr_any :
							  ctx->dst;
	struct ip6_hdr *ip6;
	uint8_t *icmp;

	icmp6stat_inc(ICMP6S_ECHO_IN);
	/* extension headers do not go back */
	m_adj(m, (int)(ctx->off - sizeof(*ip6)));
	if ((m = m_makewritable(m, sizeof(*ip6) + sizeof(struct icmp6_hdr))) ==
	    NULL)
		return;
	m_resethdr(m);
	m->m_flags &= (uint16_t) ~(M_BCAST | M_MCAST | M_LOOP);
	m->m_pkthdr.csum_flags = M_ICMP_CSUM_OUT;
	ip6 = mtod(m, struct ip6_hdr *);
	*ip6 = (struct ip6_hdr){ .ip6_flow = htonl(
				     6U << 28 | (uint32_t)ctx->tos << 20),
		.ip6_plen = htons((uint16_t)len),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = 0 };
	memcpy(ip6->ip6_src, src.b, 16);
	memcpy(ip6->ip6_dst, ctx->src.b, 16);
	icmp = mtod(m, uint8_t *) + sizeof(*ip6);
	icmp[0] = ICMP6_ECHO_REPLY;
	icmp[1] = 0;
	if (in6_needszone(&ctx->src))
		po.po_ifp = ctx->ifp;
	icmp6stat_inc(ICMP6S_ECHOREPLY_OUT);
	(void)ip6_output(m, &po);
}

/* --- errors about packets of ours --- */

/* The packet an error at off quotes: 0, or EINVAL. */
static int
icmp6_quote_read(const struct mbuf *m, uint32_t off, struct ifnet *ifp,
    struct icmp_quote *q)
{
	struct ip6_hdr ip6;
	uint32_t at = off + sizeof(ip6), n;
	uint8_t proto, ext[2];

	if (m_copydata(m, off, sizeof(ip6), &ip6) != 0 ||
	    ntohl(ip6.ip6_flow) >> 28 != 6)
		return (EINVAL);
	proto = ip6.ip6_nxt;
	for (n = 0; proto == IPPROTO_HOPOPTS || proto == IPPROTO_DSTOPTS ||
	     proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT;
	     n++) {
		if (n == 8 || m_copydata(m, at, 2, ext) != 0)
			return (EINVAL);
		at += proto == IPPROTO_FRAGMENT ? 8 : (ext[1] + 1U) * 8;
		proto = ext[0];
	}
	if (at + 8 > m->m_pkthdr.len)
		return (EINVAL);
	q->len = MIN(m->m_pkthdr.len - at, (uint32_t)sizeof(q->bytes));
	q->iplen = sizeof(ip6) + ntohs(ip6.ip6_plen);
	q->ctx = (struct ip_input_ctx){ .ifp = ifp,
		.af = AF_INET6,
		.proto = proto,
		.ttl = ip6.ip6_hlim,
		.tos = ip6_class(&ip6),
		.src = ip6_src(&ip6),
		.dst = ip6_dst(&ip6) };
	return (m_copydata(m, at, q->len, q->bytes));
}

/* RFC 8201 4: smaller than the packet and than what we use, at least 1280. */
static bool
icmp6_pmtu_learn(const struct icmp_quote *q, uint32_t mtu, uint32_t tableid)
{
	struct rtentry *rt;
	uint32_t now;

	if (mtu < IPV6_MMTU || mtu >= q->iplen || in6_needszone(&q->ctx.dst))
		return (false);
	rt = rtable_match(tableid, AF_INET6, &q->ctx.dst);
	if (rt == NULL || (rt->rt_flags & RTF_LOCAL) != 0)
		return (false);
	now = rt->rt_mtu != 0 ? rt->rt_mtu : ip6_linkmtu(rt->rt_ifp);
	if (mtu >= now)
		return (false);
	/* hiwat routes in the ten minutes for which one lives */
	if ((rt->rt_flags & RTF_HOST) == 0 &&
	    !icmp_bucket_take(&icmp6_pmtu_bucket, uptime_us() / 600,
		icmp6_mtudisc_hiwat))
		return (false);
	return (rt_setpmtu(tableid, AF_INET6, &q->ctx.dst, mtu) == 0);
}

static const uint8_t icmp6_unreach_errno[] = { EHOSTUNREACH, EACCES,
	ENETUNREACH, EHOSTUNREACH, ECONNREFUSED };

static int
icmp6_errno(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP6_DST_UNREACH:
		return (code < nitems(icmp6_unreach_errno) ?
			icmp6_unreach_errno[code] :
			EHOSTUNREACH);
	case ICMP6_PACKET_TOO_BIG:
		return (EMSGSIZE);
	case ICMP6_TIME_EXCEEDED:
		return (EHOSTUNREACH);
	default:
		return (code == ICMP6_PARAMPROB_NEXTHEADER ? ECONNREFUSED :
							     ENOPROTOOPT);
	}
}

static enum drop_reason
icmp6_error_input(const struct mbuf *m, const struct ip_input_ctx *ctx,
    uint32_t len)
{
	const struct ip_proto *pr;
	struct ip_said said;
	struct icmp_quote q;
	uint8_t h[8];
	uint32_t mtu = 0, tableid = m->m_pkthdr.rtableid;
	int error;

	icmp6stat_inc(ICMP6S_ERROR_IN);
	if (m_copydata(m, ctx->off, sizeof(h), h) != 0 ||
	    icmp6_quote_read(m, ctx->off + sizeof(h), ctx->ifp, &q) != 0)
		return (DROP_ICMP6_BADLEN);
	if (in6_ismulticast(&ctx->dst) ||
	    (in6_islinklocal(&q.ctx.src) ?
		    ifa_onif(ctx->ifp, AF_INET6, &q.ctx.src) == NULL :
		    ifa_ifwithaddr(AF_INET6, &q.ctx.src, tableid) == NULL))
		return (DROP_ICMP6_NOTSENT);
	pr = ip_proto_find(AF_INET6, q.ctx.proto);
	if (pr != NULL && pr->sent_by_us != NULL &&
	    !pr->sent_by_us(&q.ctx, q.bytes, q.len))
		return (DROP_ICMP6_NOTSENT);
	error = icmp6_errno(h[0], h[1]);
	if (h[0] == ICMP6_PACKET_TOO_BIG) {
		mtu = be32dec(h + 4);
		if (!icmp6_pmtu_learn(&q, mtu, tableid))
			return (DROP_ICMP6_PTB);
		icmp6stat_inc(ICMP6S_PMTU);
	}
	said = (struct ip_said){ ctx->src, h[0], h[1], ctx->ttl };
	q.ctx.said = &said;
	rip_ctlinput(&q.ctx, error, q.bytes, q.len, mtu);
	if (pr != NULL && pr->ctlinput != NULL)
		pr->ctlinput(&q.ctx, error, q.bytes, q.len, mtu);
	return (DROP_ICMP6_DONE);
}

/* --- messages come in --- */

static enum drop_reason
icmp6_replied(const struct mbuf *m, const struct ip_input_ctx *ctx,
    uint32_t len)
{
	return (DROP_ICMP6_DONE); /* raw sockets have seen it */
}

static enum drop_reason
icmp6_nodeinfo(const struct mbuf *m, const struct ip_input_ctx *ctx,
    uint32_t len)
{
	return (DROP_ICMP6_NODEINFO);
}

/* clang-format off */
static const struct icmp6_row {
	uint8_t minlen; /* 0: unknown type */
	uint8_t maxcode;
	bool link; /* must not have crossed a router: hop limit 255 */
	enum drop_reason (*act)(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len);
} icmp6_rows[256] = {
	[ICMP6_DST_UNREACH]	= { 8, 255, false, icmp6_error_input },
	[ICMP6_PACKET_TOO_BIG]	= { 8, 255, false, icmp6_error_input },
	[ICMP6_TIME_EXCEEDED]	= { 8, 255, false, icmp6_error_input },
	[ICMP6_PARAM_PROB]	= { 8, 255, false, icmp6_error_input },
	[ICMP6_ECHO_REQUEST]	= { 8, 255, false, NULL }, /* icmp6_echo() */
	[ICMP6_ECHO_REPLY]	= { 8, 255, false, icmp6_replied },
	[MLD_LISTENER_QUERY]	= { 24, 255, false, mld6_input },
	[MLD_LISTENER_REPORT]	= { 24, 255, false, mld6_input },
	[MLD_LISTENER_DONE]	= { 24, 255, false, mld6_input },
	[MLDV2_LISTENER_REPORT] = { 8, 255, false, mld6_input },
	[ND_ROUTER_SOLICIT]	= { 8,   0, true,  nd6_rs_input },
	[ND_ROUTER_ADVERT]	= { 16,  0, true,  nd6_ra_input },
	[ND_NEIGHBOR_SOLICIT]	= { 24,  0, true,  nd6_ns_input },
	[ND_NEIGHBOR_ADVERT]	= { 24,  0, true,  nd6_na_input },
	[ND_REDIRECT]		= { 40,  0, true,  nd6_redirect_input },
	[ICMP6_NI_QUERY]	= { 8, 255, false, icmp6_nodeinfo },
	[ICMP6_NI_REPLY]	= { 8, 255, false, icmp6_nodeinfo },
};
/* clang-format on */

static enum drop_reason
icmp6_check(const uint8_t *h, const struct ip_input_ctx *ctx, uint32_t len)
{
	const struct icmp6_row *row = &icmp6_rows[h[0]];

	if (row->minlen == 0)
		return (DROP_ICMP6_BADTYPE);
	if (len < row->minlen)
		return (DROP_ICMP6_BADLEN);
	if (h[1] > row->maxcode)
		return (DROP_ICMP6_BADCODE);
	if (row->link && ctx->ttl != 255)
		return (DROP_ICMP6_HLIM);
	if (row->link && ctx->frag)
		return (DROP_ICMP6_FRAG);
	return (DROP_NONE);
}

void
icmp6_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	uint32_t len = m->m_pkthdr.len - ctx->off;
	enum drop_reason why;
	uint8_t h[4];

	icmp6stat_inc(ICMP6S_IN);
	if (m_copydata(m, ctx->off, sizeof(h), h) != 0) {
		m_drop(m, DROP_ICMP6_SHORT);
		return;
	}
	if (!in_cksum_verify(m, AF_INET6, IPPROTO_ICMPV6, ctx->off, len)) {
		m_drop(m, DROP_ICMP6_BADSUM);
		return;
	}
	(void)rip_deliver(m, ctx);
	if ((why = icmp6_check(h, ctx, len)) != DROP_NONE)
		m_drop(m, why);
	else if (h[0] == ICMP6_ECHO_REQUEST)
		icmp6_echo(m, ctx);
	else if ((why = icmp6_rows[h[0]].act(m, ctx, len)) == DROP_ICMP6_DONE)
		m_freem(m);
	else
		m_drop(m, why);
}

static const struct ip_proto icmp6_proto = {
	.name = "icmp6",
	.number = IPPROTO_ICMPV6,
	.inet6 = true,
	.raw_after = true,
	.input = icmp6_input,
};

/* --- errors to others --- */

/* Is the packet itself a message that must not be answered? */
static bool
icmp6_is_error(const struct mbuf *m)
{
	uint32_t off, nxtoff;
	uint8_t proto, type, frag[4];

	if (ip6_transport(m, &off, &proto, &nxtoff) != 0)
		return (false);
	/* behind a fragment header: only the first piece shows its type */
	if (proto == IPPROTO_FRAGMENT) {
		if (m_copydata(m, off, sizeof(frag), frag) != 0)
			return (true);
		if ((be16dec(frag + 2) & 0xfff8) != 0)
			return (frag[0] == IPPROTO_ICMPV6);
		proto = frag[0];
		off += sizeof(struct ip6_frag);
	}
	if (proto != IPPROTO_ICMPV6)
		return (false);
	return (m_copydata(m, off, 1, &type) != 0 ||
	    (type & ICMP6_INFOMSG_MASK) == 0 || type == ND_REDIRECT);
}

/* RFC 4443 2.4 (e), in its order. */
static bool
icmp6_error_may(const struct mbuf *m, int type, int code)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	struct ip_addr src = ip6_src(ip6), dst = ip6_dst(ip6);
	bool group_ok = type == ICMP6_PACKET_TOO_BIG ||
	    (type == ICMP6_PARAM_PROB && code == ICMP6_PARAMPROB_OPTION);

	/* 1., 2. an error, a redirect */
	if (icmp6_is_error(m))
		return (false);
	/* 3.-5. to a group of hosts or stations */
	if (!group_ok &&
	    (in6_ismulticast(&dst) || (m->m_flags & (M_BCAST | M_MCAST)) != 0))
		return (false);
	/* 6. from nobody, or from a group */
	return (!ip_addr_iszero(&src) && !in6_ismulticast(&src));
}

/* To the sender of m, quoting as much as fits 1280 bytes in all. */
static struct mbuf *
icmp6_error_build(const struct mbuf *m, const struct ip_addr *src, int type,
    int code, uint32_t param)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	uint32_t quote = MIN(m->m_pkthdr.len,
	    IPV6_MMTU - sizeof(*ip6) - sizeof(struct icmp6_hdr));
	struct ip_addr dst = ip6_src(ip6);
	struct mbuf *n;
	uint8_t *p;

	if ((n = icmp6_new(src, &dst, 0,
		 (uint32_t)sizeof(struct icmp6_hdr) + quote)) == NULL)
		return (NULL);
	p = mtod(n, uint8_t *) + sizeof(*ip6);
	p[0] = (uint8_t)type;
	p[1] = (uint8_t)code;
	be32enc(p + 4, param);
	if (m_copydata(m, 0, quote, p + 8) != 0) {
		m_freem(n);
		return (NULL);
	}
	icmp6stat_inc(ICMP6S_ERROR_OUT);
	return (n);
}

static void
icmp6_error_send(const struct mbuf *m, int type, int code, uint32_t param)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	struct ip_addr src = ip6_dst(ip6), dst = ip6_src(ip6);
	struct ifnet *ifp = m->m_pkthdr.ifidx != 0 ? if_get(m->m_pkthdr.ifidx) :
						     NULL;
	struct ip_outopts po = { .po_rtable = m->m_pkthdr.rtableid };
	struct mbuf *n;
	bool ours;

	if (in6_islinklocal(&src))
		ours = ifp != NULL && in6_ifa_usable(ifp, &src) != NULL;
	else
		ours = ifa_ifwithaddr(AF_INET6, &src, po.po_rtable) != NULL;
	if ((n = icmp6_error_build(m, ours ? &src : &in6addr_any, type, code,
		 param)) == NULL)
		return;
	if (in6_needszone(&dst))
		po.po_ifp = ifp;
	n->m_pkthdr.pf.flags |= m->m_pkthdr.pf.flags & PF_TAG_GENERATED;
	(void)ip6_output(n, &po);
}

/* May it be sent, and is there a token?  Counts when not. */
static bool
icmp6_error_allowed(const struct mbuf *m, int type, int code)
{
	if (!icmp6_error_may(m, type, code)) {
		drop_count(DROP_ICMP6_NOERROR);
		return (false);
	}
	if (!icmp6_ratelimit()) {
		drop_count(DROP_ICMP6_RATELIMIT);
		return (false);
	}
	return (true);
}

void
icmp6_error(struct mbuf *m, int type, int code, uint32_t param)
{
	if (m->m_len < sizeof(struct ip6_hdr) &&
	    (m = m_pullup(m, sizeof(struct ip6_hdr))) == NULL)
		return;
	if (icmp6_error_allowed(m, type, code) &&
	    ((m->m_pkthdr.csum_flags & M_GSO) != 0 ||
		in_cksum_finish(&m, AF_INET6) == 0))
		icmp6_error_send(m, type, code, param);
	m_freem(m);
}

/* As icmp_toobig(); a group cannot speak. */
struct mbuf *
icmp6_toobig(struct mbuf **mp, uint32_t mtu)
{
	struct mbuf *m = *mp, *n = NULL;
	struct ip_addr dst = ip6_dst(mtod(m, const struct ip6_hdr *));

	if (ip6_fits(m, mtu))
		return (NULL);
	*mp = NULL;
	if (in6_ismulticast(&dst))
		drop_count(DROP_ICMP6_NOERROR);
	else if (icmp6_error_allowed(m, ICMP6_PACKET_TOO_BIG, 0) &&
	    ((m->m_pkthdr.csum_flags & M_GSO) != 0 ||
		in_cksum_finish(&m, AF_INET6) == 0) &&
	    (n = icmp6_error_build(m, &dst, ICMP6_PACKET_TOO_BIG, 0, mtu)) !=
		NULL)
		mtod(n, struct ip6_hdr *)->ip6_hlim = (uint8_t)ip6_defhlim;
	m_freem(m);
	return (n);
}

void
icmp6_error_kind(struct mbuf *m, enum ip_error what, uint32_t mtu)
{
	static const struct {
		uint8_t type, code;
	} row[] = {
		[IPE_NOROUTE] = { ICMP6_DST_UNREACH,
		    ICMP6_DST_UNREACH_NOROUTE },
		[IPE_HOST] = { ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR },
		[IPE_PORT] = { ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT },
		[IPE_PROHIBITED] = { ICMP6_DST_UNREACH,
		    ICMP6_DST_UNREACH_ADMIN },
		[IPE_TTL] = { ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT },
		[IPE_REASS] = { ICMP6_TIME_EXCEEDED,
		    ICMP6_TIME_EXCEED_REASSEMBLY },
		[IPE_TOOBIG] = { ICMP6_PACKET_TOO_BIG, 0 },
		[IPE_PROTOCOL] = { ICMP6_PARAM_PROB,
		    ICMP6_PARAMPROB_NEXTHEADER },
	};

	icmp6_error(m, row[what].type, row[what].code,
	    what == IPE_TOOBIG || what == IPE_PROTOCOL ? mtu : 0);
}

void
icmp6_init(void)
{
	ip_proto_register(&icmp6_proto);
}
