/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ICMP (RFC 792, RFC 950, RFC 1122 3.2.2, RFC 1812 4.3).
 *
 * In:	icmp_input() checks length and checksum, lets raw sockets see the
 *	message, and looks for its row: smallest length, largest code, and who
 *	acts.  Questions are answered in the packet they came in.  Errors are
 *	read down to the transport header they quote and handed to the protocol
 *	that sent it, as an errno.
 * Out:	icmp_error() answers a packet that has to die, if it may have an answer
 *	(RFC 1122 3.2.2: none about errors, fragments behind the first,
 *	broadcasts, or to an address that is nobody's) and if the token bucket
 *	of net.inet.icmp.errppslimit holds a token.
 *
 * What a router tells us is believed only about conversations that we have: a
 * path MTU or a redirect that quotes a packet which none of our sockets sent
 * changes nothing (RFC 5927).  Path MTU: icmp_pmtu.c.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/mbuf.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/ip_var.h>

static int icmp_errppslimit = 100, icmp_rediraccept, icmp_bmcastecho;
static int icmp_maskrepl, icmp_tstamprepl = 1;

enum icmp_counter {
	ICPS_IN,
	ICPS_ECHO,
	ICPS_TSTAMP,
	ICPS_MASK,
	ICPS_ERRORS_IN,
	ICPS_NOTOURS,
	ICPS_REDIRECTS,
	ICPS_PMTU,
	ICPS_ERRORS_OUT,
	ICPS_NCOUNTERS
};
static uint64_t icmp_counters[ICPS_NCOUNTERS];
static const char *const icmp_counter_text[ICPS_NCOUNTERS] = {
	[ICPS_IN] = "messages received",
	[ICPS_ECHO] = "echo requests answered",
	[ICPS_TSTAMP] = "timestamp requests answered",
	[ICPS_MASK] = "address mask requests answered",
	[ICPS_ERRORS_IN] = "errors about packets of ours received",
	[ICPS_NOTOURS] = "errors about packets that were not ours",
	[ICPS_REDIRECTS] = "redirects followed",
	[ICPS_PMTU] = "path MTUs learned",
	[ICPS_ERRORS_OUT] = "errors sent",
};
static struct counter_group icmp_counter_group = {
	.cg_proto = "icmp",
	.cg_text = icmp_counter_text,
	.cg_value = icmp_counters,
	.cg_count = ICPS_NCOUNTERS,
};

/* --- the token bucket --- */

bool
icmp_bucket_take(struct icmp_bucket *b, uint64_t now_us, int limit)
{
	uint64_t cap = (uint64_t)limit * 1000000;

	if (limit < 0)
		return (true);
	if (now_us - b->last_us > 1000000 || b->last_us == 0)
		b->level = cap;
	else
		b->level += (now_us - b->last_us) * (uint64_t)limit;
	b->last_us = now_us;
	if (b->level > cap)
		b->level = cap;
	if (b->level < 1000000)
		return (false);
	b->level -= 1000000;
	return (true);
}

static struct icmp_bucket icmp_bucket;

/* --- questions --- */

/* Options that go back with an answer: what routers wrote, nothing that steers. */
static uint32_t
icmp_reply_options(const uint8_t *opt, uint32_t len, uint8_t out[40])
{
	uint32_t i = 0, n = 0, l;

	while (i < len && opt[i] != IPOPT_EOL) {
		l = opt[i] == IPOPT_NOP ? 1 : i + 1 < len ? opt[i + 1] : 0;
		if (l == 0 || l > len - i)
			break;
		if (opt[i] == IPOPT_RR || opt[i] == IPOPT_TS) {
			memcpy(out + n, opt + i, l);
			n += l;
		}
		i += l;
	}
	while (n % 4 != 0)
		out[n++] = IPOPT_EOL;
	return (n);
}

/*
 * Sends the message at ctx->off back to where it came from.  Takes m; type
 * is written and the checksum mended for it.
 */
static void
icmp_reflect(struct mbuf *m, const struct ip_input_ctx *ctx, uint8_t type)
{
	struct icmp *icp = (struct icmp *)(void *)(mtod(m, uint8_t *) +
	    ctx->off);
	struct ip_encap e = { .af = AF_INET,
		.proto = IPPROTO_ICMP,
		.tos = ctx->tos,
		.src = ctx->dst,
		.dst = ctx->src };
	struct ip_outopts po = { .po_rtable = m->m_pkthdr.rtableid };
	uint32_t unfinished = m->m_pkthdr.csum_flags & M_ICMP_CSUM_OUT,
		 hlen = IP_HLEN(mtod(m, struct ip *));
	uint16_t was = *(uint16_t *)(void *)icp;
	uint8_t opts[40];

	icp->icmp_type = type;
	icp->icmp_cksum = in_cksum_fixup(icp->icmp_cksum, was,
	    *(uint16_t *)(void *)icp);
	po.po_optlen = icmp_reply_options(mtod(m, uint8_t *) +
		sizeof(struct ip),
	    hlen - sizeof(struct ip), opts);
	po.po_options = opts;
	if (ifa_ifwithaddr(AF_INET, &ctx->dst, po.po_rtable) == NULL)
		e.src = ip_addr_v4(0); /* it was a broadcast */
	m_adj(m, (int)ctx->off);
	m_resethdr(m);
	m->m_flags &= (uint16_t) ~(M_BCAST | M_MCAST | M_LOOP);
	m->m_pkthdr.csum_flags = unfinished;
	if ((m = ip_encap(m, &e)) != NULL)
		(void)ip_output(m, &po);
}

static bool
icmp_was_group(const struct mbuf *m, const struct ip_input_ctx *ctx)
{
	return ((m->m_flags & (M_BCAST | M_MCAST)) != 0 ||
	    IN_MULTICAST(ntohl(ctx->dst.v4)) || ctx->dst.v4 == 0xffffffffU);
}

static void
icmp_echo(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	if (icmp_was_group(m, ctx) && icmp_bmcastecho == 0) {
		m_drop(m, DROP_ICMP_BCASTECHO);
		return;
	}
	icmp_counters[ICPS_ECHO]++;
	icmp_reflect(m, ctx, ICMP_ECHOREPLY);
}

static void
icmp_tstamp(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	uint32_t now = htonl((uint32_t)(time_wall_us / 1000 % 86400000)),
		 times[2] = { now, now };
	uint8_t *p;
	uint16_t zero = 0, sum;

	if (icmp_tstamprepl == 0 ||
	    (icmp_was_group(m, ctx) && icmp_bmcastecho == 0)) {
		m_drop(m, DROP_ICMP_BCASTECHO);
		return;
	}
	if ((m = m_pullup(m, ctx->off + 20)) == NULL)
		return;
	p = mtod(m, uint8_t *) + ctx->off;
	memcpy(p + 12, times, 8); /* received, sent */
	memcpy(p + 2, &zero, 2);
	sum = in_cksum_fold(
	    in_cksum_add(0, m, ctx->off, m->m_pkthdr.len - ctx->off));
	memcpy(p + 2, &sum, 2);
	icmp_counters[ICPS_TSTAMP]++;
	icmp_reflect(m, ctx, ICMP_TSTAMPREPLY);
}

static void
icmp_mask(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	struct ifaddr *ifa = ifa_ifpforaddr(ctx->ifp, AF_INET, &ctx->src);
	struct ip_addr mask = ip_addr_v4(0xffffffffU);
	uint8_t *p;
	uint16_t zero = 0, sum;

	if (icmp_maskrepl == 0 || ifa == NULL || icmp_was_group(m, ctx)) {
		m_drop(m, DROP_ICMP_BCASTECHO);
		return;
	}
	if ((m = m_pullup(m, ctx->off + 12)) == NULL)
		return;
	ip_addr_mask(&mask, ifa->ifa_plen);
	p = mtod(m, uint8_t *) + ctx->off;
	memcpy(p + 8, &mask.v4, 4);
	memcpy(p + 2, &zero, 2);
	sum = in_cksum_fold(
	    in_cksum_add(0, m, ctx->off, m->m_pkthdr.len - ctx->off));
	memcpy(p + 2, &sum, 2);
	icmp_counters[ICPS_MASK]++;
	icmp_reflect(m, ctx, ICMP_MASKREPLY);
}

/* --- errors about packets of ours --- */

/* The errno that a socket sees; 0: it need not know. */
static int
icmp_errno(uint8_t type, uint8_t code)
{
	static const int unreach[] = {
		[ICMP_UNREACH_NET] = ENETUNREACH,
		[ICMP_UNREACH_HOST] = EHOSTUNREACH,
		[ICMP_UNREACH_PROTOCOL] = ENOPROTOOPT,
		[ICMP_UNREACH_PORT] = ECONNREFUSED,
		[ICMP_UNREACH_NEEDFRAG] = EMSGSIZE,
		[ICMP_UNREACH_SRCFAIL] = EOPNOTSUPP,
		[6] = ENETUNREACH,
		[7] = EHOSTDOWN,
		[ICMP_UNREACH_FILTER_PROHIB] = EHOSTUNREACH,
	};

	if (type == ICMP_TIMXCEED)
		return (EHOSTUNREACH);
	if (type == ICMP_PARAMPROB)
		return (EPROTO);
	if (code < nitems(unreach) && unreach[code] != 0)
		return (unreach[code]);
	return (EHOSTUNREACH);
}

/*
 * Reads the packet that the message at ctx->off quotes: false when it is cut
 * short or makes no sense.
 */
static bool
icmp_quote_read(const struct mbuf *m, const struct ip_input_ctx *ctx,
    struct icmp_quote *q)
{
	uint32_t at = ctx->off + 8, left = m->m_pkthdr.len - at, hlen;
	struct ip ip;

	if (left < sizeof(ip) || m_copydata(m, at, sizeof(ip), &ip) != 0)
		return (false);
	hlen = IP_HLEN(&ip);
	if (IP_VERSION(&ip) != 4 || hlen < sizeof(ip) || left < hlen + 8 ||
	    (ip.ip_off & htons(IP_OFFMASK)) != 0)
		return (false);
	q->len = MIN(left - hlen, sizeof(q->bytes));
	if (m_copydata(m, at + hlen, q->len, q->bytes) != 0)
		return (false);
	q->iplen = ntohs(ip.ip_len);
	q->ctx = (struct ip_input_ctx){
		.ifp = ctx->ifp,
		.af = AF_INET,
		.proto = ip.ip_p,
		.ttl = ip.ip_ttl,
		.tos = ip.ip_tos,
		.src = ip_addr_v4(ip.ip_src),
		.dst = ip_addr_v4(ip.ip_dst),
	};
	return (true);
}

/* Did one of our sockets send it? */
static bool
icmp_quote_ours(const struct icmp_quote *q, uint32_t tableid)
{
	const struct ip_proto *pr = ip_proto_find(AF_INET, q->ctx.proto);

	if (ifa_ifwithaddr(AF_INET, &q->ctx.src, tableid) == NULL)
		return (false);
	return (pr == NULL || pr->sent_by_us == NULL ||
	    pr->sent_by_us(&q->ctx, q->bytes, q->len));
}

static void
icmp_error_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	const struct icmp *icp =
	    (const struct icmp *)(const void *)(mtod(m, uint8_t *) + ctx->off);
	const struct ip_proto *pr;
	struct ip_said said = { ctx->src, icp->icmp_type, icp->icmp_code,
		ctx->ttl };
	struct icmp_quote q;
	uint32_t mtu = 0;
	int err;

	if (!icmp_quote_read(m, ctx, &q)) {
		m_drop(m, DROP_ICMP_BADLEN);
		return;
	}
	if (!icmp_quote_ours(&q, m->m_pkthdr.rtableid)) {
		icmp_counters[ICPS_NOTOURS]++;
		m_freem(m);
		return;
	}
	icmp_counters[ICPS_ERRORS_IN]++;
	err = icmp_errno(icp->icmp_type, icp->icmp_code);
	if (err == EMSGSIZE) {
		mtu = icmp_pmtu_learn(&q, ntohs(icp->icmp_nextmtu),
		    m->m_pkthdr.rtableid);
		icmp_counters[ICPS_PMTU] += mtu != 0;
	}
	pr = ip_proto_find(AF_INET, q.ctx.proto);
	q.ctx.said = &said;
	if (err != EMSGSIZE || mtu != 0) {
		rip_ctlinput(&q.ctx, err, q.bytes, q.len, mtu);
		if (pr != NULL && pr->ctlinput != NULL)
			pr->ctlinput(&q.ctx, err, q.bytes, q.len, mtu);
	}
	m_freem(m);
}

/*
 * A redirect is followed when (RFC 1122 3.2.2.2): we are no router and are
 * told to; it comes from the gateway we use now; the better one is a
 * neighbour on the same link and not we ourselves; and it quotes a packet
 * that a socket of ours sent.
 */
static bool
icmp_redirect_judge(const struct mbuf *m, const struct ip_input_ctx *ctx,
    const struct icmp_quote *q, const struct ip_addr *gw)
{
	uint32_t tableid = m->m_pkthdr.rtableid;
	struct rtentry *rt;

	if (ip_forwarding != 0 || icmp_rediraccept == 0 ||
	    !icmp_quote_ours(q, tableid))
		return (false);
	rt = rtable_match(tableid, AF_INET, &q->ctx.dst);
	if (rt == NULL || (rt->rt_flags & RTF_GATEWAY) == 0 ||
	    rt->rt_ifp != ctx->ifp || !ip_addr_eq(&rt->rt_gateway, &ctx->src))
		return (false);
	return (ifa_ifpforaddr(ctx->ifp, AF_INET, gw) != NULL &&
	    ifa_ifwithaddr(AF_INET, gw, tableid) == NULL);
}

static void
icmp_redirect_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	const struct icmp *icp =
	    (const struct icmp *)(const void *)(mtod(m, uint8_t *) + ctx->off);
	struct ip_addr gw = ip_addr_v4(icp->icmp_gwaddr);
	struct icmp_quote q;

	if (!icmp_quote_read(m, ctx, &q)) {
		m_drop(m, DROP_ICMP_BADLEN);
		return;
	}
	if (!icmp_redirect_judge(m, ctx, &q, &gw) ||
	    rt_redirect(m->m_pkthdr.rtableid, AF_INET, &q.ctx.dst, &gw,
		&ctx->src, ctx->ifp) != 0) {
		m_drop(m, DROP_ICMP_REDIRECT);
		return;
	}
	icmp_counters[ICPS_REDIRECTS]++;
	m_freem(m);
}

/* For raw sockets, which have had their copy. */
static void
icmp_nothing(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	m_freem(m);
}

/* --- input --- */

static const struct icmp_row {
	uint8_t minlen, maxcode;
	void (*act)(struct mbuf *m, const struct ip_input_ctx *ctx);
} icmp_rows[] = {
	/* clang-format off */
	[ICMP_ECHOREPLY]	= {  8, 0,  icmp_nothing },
	[ICMP_UNREACH]		= { 36, 15, icmp_error_input },
	[ICMP_SOURCEQUENCH]	= { 36, 0,  icmp_nothing }, /* RFC 6633: ignored */
	[ICMP_REDIRECT]		= { 36, 3,  icmp_redirect_input },
	[ICMP_ECHO]		= {  8, 0,  icmp_echo },
	[ICMP_ROUTERADVERT]	= {  8, 16, icmp_nothing },
	[ICMP_ROUTERSOLICIT]	= {  8, 0,  icmp_nothing },
	[ICMP_TIMXCEED]		= { 36, 1,  icmp_error_input },
	[ICMP_PARAMPROB]	= { 36, 2,  icmp_error_input },
	[ICMP_TSTAMP]		= { 20, 0,  icmp_tstamp },
	[ICMP_TSTAMPREPLY]	= { 20, 0,  icmp_nothing },
	[ICMP_MASKREQ]		= { 12, 0,  icmp_mask },
	[ICMP_MASKREPLY]	= { 12, 0,  icmp_nothing },
	/* clang-format on */
};

static enum drop_reason
icmp_check(const struct icmp *icp, uint32_t len)
{
	const struct icmp_row *row;

	if (icp->icmp_type >= nitems(icmp_rows))
		return (DROP_ICMP_BADTYPE);
	row = &icmp_rows[icp->icmp_type];
	if (row->act == NULL)
		return (DROP_ICMP_BADTYPE);
	if (icp->icmp_code > row->maxcode)
		return (DROP_ICMP_BADCODE);
	return (len < row->minlen ? DROP_ICMP_BADLEN : DROP_NONE);
}

static void
icmp_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	uint32_t len = m->m_pkthdr.len - ctx->off;
	const struct icmp *icp;
	enum drop_reason why;

	icmp_counters[ICPS_IN]++;
	if (len < sizeof(struct icmp)) {
		m_drop(m, DROP_ICMP_SHORT);
		return;
	}
	if (!in_cksum_verify(m, AF_INET, IPPROTO_ICMP, ctx->off, len)) {
		m_drop(m, DROP_ICMP_BADSUM);
		return;
	}
	(void)rip_deliver(m, ctx);
	if ((m = m_pullup(m, ctx->off + sizeof(struct icmp))) == NULL)
		return;
	icp = (const struct icmp *)(const void *)(mtod(m, uint8_t *) +
	    ctx->off);
	if ((why = icmp_check(icp, len)) != DROP_NONE)
		m_drop(m, why);
	else
		icmp_rows[icp->icmp_type].act(m, ctx);
}

/* An error about an ICMP packet of ours concerns raw sockets alone. */
static const struct ip_proto icmp_proto = {
	.name = "icmp",
	.number = IPPROTO_ICMP,
	.inet = true,
	.raw_after = true,
	.input = icmp_input,
};

/* --- errors to others --- */

/* Is this a message that must not be answered by an error? */
static bool
icmp_is_error(const struct mbuf *m, uint32_t hlen)
{
	uint8_t type;

	if (m_copydata(m, hlen, 1, &type) != 0)
		return (true);
	return (type != ICMP_ECHO && type != ICMP_ECHOREPLY &&
	    type != ICMP_TSTAMP && type != ICMP_TSTAMPREPLY &&
	    type != ICMP_MASKREQ && type != ICMP_MASKREPLY);
}

static bool
icmp_error_may(const struct mbuf *m, const struct ip *ip)
{
	uint32_t src = ntohl(ip->ip_src), dst = ntohl(ip->ip_dst);
	struct ip_addr d = ip_addr_v4(ip->ip_dst);
	struct rtentry *rt;

	if ((m->m_flags & (M_BCAST | M_MCAST)) != 0 ||
	    (ip->ip_off & htons(IP_OFFMASK)) != 0)
		return (false);
	if (src >= 0xe0000000U || src >> 24 == 0 ||
	    (IN_LOOPBACK(src) && (m->m_flags & M_LOOP) == 0))
		return (false);
	if (IN_MULTICAST(dst) || dst == INADDR_BROADCAST_H)
		return (false);
	rt = rtable_match(m->m_pkthdr.rtableid, AF_INET, &d);
	if (rt != NULL && (rt->rt_flags & RTF_BROADCAST) != 0)
		return (false);
	return (ip->ip_p != IPPROTO_ICMP || !icmp_is_error(m, IP_HLEN(ip)));
}

/*
 * The message: header and as much of the packet as fits 576 bytes in all
 * (RFC 1812 4.3.2.3).
 */
#define ICMP_QUOTE_MAX (576 - 20 - 8)
static struct mbuf *
icmp_error_build(const struct mbuf *m, int type, int code, uint32_t word)
{
	uint32_t len = MIN(m->m_pkthdr.len, ICMP_QUOTE_MAX);
	struct icmp *icp;
	struct mbuf *n;

	if ((n = m_getroom(M_HEADROOM, sizeof(*icp) + len)) == NULL)
		return (NULL);
	n->m_len = n->m_pkthdr.len = sizeof(*icp) + len;
	icp = mtod(n, struct icmp *);
	memset(icp, 0, sizeof(*icp));
	icp->icmp_type = (uint8_t)type;
	icp->icmp_code = (uint8_t)code;
	icp->u.word = word;
	if (m_copydata(m, 0, len, icp + 1) != 0) {
		m_freem(n);
		return (NULL);
	}
	icp->icmp_cksum = in_cksum_fold(in_cksum_bytes(0, icp, n->m_len));
	return (n);
}

/* To the packet's sender, from the address it spoke to if that is ours. */
static void
icmp_error_send(const struct mbuf *m, int type, int code, uint32_t word)
{
	const struct ip *ip = mtod(m, const struct ip *);
	struct ip_addr dst = ip_addr_v4(ip->ip_dst);
	struct ip_encap e = { .af = AF_INET,
		.proto = IPPROTO_ICMP,
		.tos = 0xc0 | (ip->ip_tos & 0x1c),
		.dst = ip_addr_v4(ip->ip_src) };
	struct ip_outopts po = { .po_rtable = m->m_pkthdr.rtableid };
	struct mbuf *n;

	if (ifa_ifwithaddr(AF_INET, &dst, po.po_rtable) != NULL)
		e.src = dst;
	if ((n = icmp_error_build(m, type, code, word)) == NULL ||
	    (n = ip_encap(n, &e)) == NULL)
		return;
	n->m_pkthdr.pf.flags |= m->m_pkthdr.pf.flags & PF_TAG_GENERATED;
	icmp_counters[ICPS_ERRORS_OUT]++;
	(void)ip_output(n, &po);
}

/* May it be sent, and is there a token?  Counts when not. */
static bool
icmp_error_allowed(const struct mbuf *m)
{
	if (!icmp_error_may(m, mtod(m, const struct ip *))) {
		drop_count(DROP_ICMP_NOERROR);
		return (false);
	}
	if (!icmp_bucket_take(&icmp_bucket, uptime_us(), icmp_errppslimit)) {
		drop_count(DROP_ICMP_RATELIMIT);
		return (false);
	}
	return (true);
}

static void
icmp_error_word(struct mbuf *m, int type, int code, uint32_t word)
{
	if (m->m_pkthdr.len < sizeof(struct ip)) {
		m_freem(m);
		return;
	}
	if ((m = m_pullup(m, sizeof(struct ip))) == NULL)
		return;
	if (!icmp_error_allowed(m)) {
		m_freem(m);
		return;
	}
	if ((m->m_pkthdr.csum_flags & M_GSO) == 0)
		(void)in_cksum_finish(&m,
		    AF_INET); /* quote what a wire would have shown */
	if (m != NULL)
		icmp_error_send(m, type, code, word);
	m_freem(m);
}

void
icmp_error(struct mbuf *m, int type, int code, uint32_t mtu)
{
	icmp_error_word(m, type, code, htonl(mtu & 0xffff));
}

void
icmp_paramprob(struct mbuf *m, uint8_t place)
{
	icmp_error_word(m, ICMP_PARAMPROB, 0, htonl((uint32_t)place << 24));
}

/* Where the packet was going speaks: who only passes it on may have no address. */
struct mbuf *
icmp_toobig(struct mbuf **mp, uint32_t mtu)
{
	struct mbuf *m = *mp, *n = NULL;
	struct ip_encap e = { .af = AF_INET, .proto = IPPROTO_ICMP };
	struct ip *ip = mtod(m, struct ip *);

	if (ip_fits(m, mtu) || (ip->ip_off & htons(IP_DF)) == 0)
		return (NULL);
	*mp = NULL;
	e.tos = 0xc0 | (ip->ip_tos & 0x1c);
	e.src = ip_addr_v4(ip->ip_dst);
	e.dst = ip_addr_v4(ip->ip_src);
	if (icmp_error_allowed(m) &&
	    ((m->m_pkthdr.csum_flags & M_GSO) != 0 ||
		in_cksum_finish(&m, AF_INET) == 0) &&
	    (n = icmp_error_build(m, ICMP_UNREACH, ICMP_UNREACH_NEEDFRAG,
		 htonl(mtu & 0xffff))) != NULL &&
	    (n = ip_encap(n, &e)) != NULL) {
		ip = mtod(n, struct ip *);
		ip->ip_id = ip_randomid();
		ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, sizeof(*ip)));
		icmp_counters[ICPS_ERRORS_OUT]++;
	}
	m_freem(m);
	return (n);
}

void
icmp_redirect_send(const struct mbuf *m, uint32_t gw)
{
	if (!icmp_error_allowed(m))
		return;
	ipstat_inc(IPS_REDIRECTSENT);
	icmp_error_send(m, ICMP_REDIRECT, ICMP_REDIRECT_HOST, gw);
}

/* --- attachment --- */

/* clang-format off */
#define ICMPCTL(n, v, lo, hi, t) \
	{ .name = "net.inet.icmp." n, .type = CTL_INT, .flags = CTLF_WR, .var = &(v), .min = lo, .max = hi, .text = t }
static const struct sysctl_row icmp_sysctls[] = {
	ICMPCTL("errppslimit", icmp_errppslimit, -1, 1000000, "errors sent per second at most; -1: no limit"),
	ICMPCTL("rediraccept", icmp_rediraccept, 0, 1, "follow redirects (hosts only)"),
	ICMPCTL("bmcastecho", icmp_bmcastecho, 0, 1, "answer broadcast echo and timestamp requests"),
	ICMPCTL("maskrepl", icmp_maskrepl, 0, 1, "answer address mask requests"),
	ICMPCTL("tstamprepl", icmp_tstamprepl, 0, 1, "answer timestamp requests"),
};
/* clang-format on */
static struct sysctl_table icmp_sysctl_table = { .rows = icmp_sysctls,
	.nrows = nitems(icmp_sysctls) };

void
icmp_init(void)
{
	ip_proto_register(&icmp_proto);
	counters_register(&icmp_counter_group);
	sysctl_register(&icmp_sysctl_table);
}
