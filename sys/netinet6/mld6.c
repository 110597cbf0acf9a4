/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Multicast listener discovery as a host: versions 1 and 2 (RFC 2710, 3810),
 * what their messages look like.  When they are sent is in in_mcast_report.c.
 *
 * Messages are sent from a link-local address, or from none before there is
 * one (RFC 3590), with a hop limit of 1 and a router alert; a query without
 * any of these is refused.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/in_mcast.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6.h>
#include <netinet6/ip6_var.h>
#include <netinet6/mld6.h>

#define MLD_HBH 8 /* hop-by-hop header: router alert, padding */

static const uint8_t mld_alert[4] = { 5, 2, 0, 0 };

/* --- in --- */

/* Is there a hop-by-hop header with the alert for MLD? */
static bool
mld_alerted(const struct mbuf *m)
{
	uint8_t ip6[40], hbh[64];
	uint32_t len;

	if (m_copydata(m, 0, sizeof(ip6), ip6) != 0 || ip6[6] != 0 ||
	    m_copydata(m, sizeof(ip6), MLD_HBH, hbh) != 0)
		return (false);
	len = MIN((hbh[1] + 1U) * 8, sizeof(hbh));
	if (m_copydata(m, sizeof(ip6), len, hbh) != 0)
		return (false);
	for (uint32_t i = 2; i + 4 <= len;) {
		if (memcmp(hbh + i, mld_alert, sizeof(mld_alert)) == 0)
			return (true);
		i += hbh[i] == 0 ? 1U : 2U + hbh[i + 1];
	}
	return (false);
}

/* RFC 3810 5.1.3: milliseconds, large ones as a float. */
static uint64_t
mld_time(uint16_t code)
{
	uint32_t t = code;

	if (code >= 0x8000)
		t = ((code & 0xfffU) | 0x1000U) << ((code >> 12 & 7) + 3);
	return ((uint64_t)t * 1000);
}

static bool
mld_query(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct ip_addr src[IN_MCAST_SOURCES];
	struct in_query q = { .src = src };
	uint8_t h[28];

	if (len < 24 || m_copydata(m, ctx->off, 24, h) != 0)
		return (false);
	memcpy(q.group.b, h + 8, 16);
	if (!ip_addr_iszero(&q.group) && !in6_ismulticast(&q.group))
		return (false);
	q.max_us = mld_time(be16dec(h + 4));
	if (len == 24) {
		q.old = 1;
		q.max_us = be16dec(h + 4) * 1000ULL;
	} else if (len < 28 || m_copydata(m, ctx->off, 28, h) != 0 ||
	    (q.n = be16dec(h + 26)) * 16U + 28 > len)
		return (false);
	else {
		q.robust = h[24] & 7;
		q.every_us = in_query_time(h[25]) * 1000000ULL;
	}
	if (q.n > IN_MCAST_SOURCES)
		q.n = 0; /* answered for all */
	if (q.n != 0)
		(void)m_copydata(m, ctx->off + 28, q.n * 16, src);
	q.max_us = MAX(q.max_us, 1U);
	in_report_query(ctx->ifp, AF_INET6, &q);
	return (true);
}

enum drop_reason
mld6_input(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct ip_addr group;
	uint8_t type;

	if (m_copydata(m, ctx->off, 1, &type) != 0 || ctx->ttl != 1 ||
	    !mld_alerted(m))
		return (DROP_ICMP6_MLD);
	if (type == MLD_LISTENER_QUERY)
		return (in6_islinklocal(&ctx->src) && mld_query(m, ctx, len) ?
			DROP_ICMP6_DONE :
			DROP_ICMP6_MLD);
	if (type == MLD_LISTENER_REPORT) {
		if (m_copydata(m, ctx->off + 8, 16, &group) != 0)
			return (DROP_ICMP6_MLD);
		in_report_heard(ctx->ifp, AF_INET6, &group);
	}
	return (DROP_ICMP6_DONE); /* the others are for routers */
}

/* --- out --- */

static struct ip_addr
mld_source(const struct ifnet *ifp)
{
	const struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    in6_islinklocal(&ifa->ifa_addr) &&
		    (ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) == 0)
			return (ifa->ifa_addr);
	return (in6addr_any);
}

static void
mld_output(struct ifnet *ifp, const uint8_t *msg, uint32_t len,
    const struct ip_addr *dst)
{
	struct ip_addr src = mld_source(ifp);
	struct mbuf *m = icmp6_new(&src, dst, 1, MLD_HBH + len);
	uint8_t *p;

	if (m == NULL)
		return;
	p = mtod(m, uint8_t *);
	p[6] = 0; /* hop-by-hop options */
	p += sizeof(struct ip6_hdr);
	p[0] = IPPROTO_ICMPV6;
	memcpy(p + 2, mld_alert, sizeof(mld_alert));
	p[6] = 1; /* PadN of no bytes */
	memcpy(p + MLD_HBH, msg, len);
	(void)ip6_send_link(ifp, m);
}

static void
mld_send(struct ifnet *ifp, uint8_t v, const struct in_group *ig,
    enum in_record kind, const struct ip_addr *src, uint32_t n)
{
	static const struct ip_addr routers = { .b = { 0xff, 2, [15] = 2 } },
				    v2 = { .b = { 0xff, 2, [15] = 0x16 } };
	uint8_t msg[28 + 16 * IN_MCAST_SOURCES] = { MLDV2_LISTENER_REPORT };
	bool leave = kind == IN_TO_IN && n == 0;

	if (v == 1) {
		msg[0] = leave ? MLD_LISTENER_DONE : MLD_LISTENER_REPORT;
		memcpy(msg + 8, ig->ig_addr.b, 16);
		mld_output(ifp, msg, 24, leave ? &routers : &ig->ig_addr);
		return;
	}
	msg[7] = 1; /* record */
	msg[8] = (uint8_t)kind;
	be16enc(msg + 10, (uint16_t)n);
	memcpy(msg + 12, ig->ig_addr.b, 16);
	memcpy(msg + 28, src, n * 16);
	mld_output(ifp, msg, 28 + 16 * n, &v2);
}

/* RFC 3810 6: all nodes of the link, and what does not leave this one. */
static bool
mld_silent(const struct ip_addr *a)
{
	static const struct ip_addr nodes = { .b = { 0xff, 2, [15] = 1 } };

	return (ip_addr_eq(a, &nodes) || in6_scope(a) < IN6_SCOPE_LINK);
}

const struct in_report_family mld6_family = {
	.af = AF_INET6,
	.newest = 2,
	.send = mld_send,
	.silent = mld_silent,
};
