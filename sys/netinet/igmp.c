/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IGMP as a host: versions 1 to 3 (RFC 1112, 2236, 3376), what their messages
 * look like.  When they are sent is in in_mcast_report.c.
 *
 * Messages carry a router alert and a time to live of 1; a query that came
 * from further away, or without an alert unless it is of version 1, which had
 * none, or to one group about another, is refused (RFC 3376 9.1).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/in_mcast.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>

#define IGMP_QUERY     0x11
#define IGMP_REPORT_V1 0x12
#define IGMP_REPORT_V2 0x16
#define IGMP_LEAVE     0x17
#define IGMP_REPORT_V3 0x22

#define TENTH_US 100000U

enum igmp_counter { IGMPS_QUERIES, IGMPS_HEARD, IGMPS_SENT, IGMPS_NCOUNTERS };
static uint64_t igmp_counters[IGMPS_NCOUNTERS];
static const char *const igmp_counter_text[IGMPS_NCOUNTERS] = {
	[IGMPS_QUERIES] = "queries received",
	[IGMPS_HEARD] = "reports of other hosts received",
	[IGMPS_SENT] = "reports sent",
};
static struct counter_group igmp_counter_group = {
	.cg_proto = "igmp",
	.cg_text = igmp_counter_text,
	.cg_value = igmp_counters,
	.cg_count = IGMPS_NCOUNTERS,
};

/* --- in --- */

/* Is there a router alert among the options?  ip_dooptions() has judged them. */
static bool
igmp_alerted(const struct mbuf *m, const struct ip_input_ctx *ctx)
{
	uint8_t opt[40];
	uint32_t len = ctx->off - sizeof(struct ip), i = 0;

	if (ctx->off <= sizeof(struct ip) || len > sizeof(opt) ||
	    m_copydata(m, sizeof(struct ip), len, opt) != 0)
		return (false);
	while (i < len && opt[i] != IPOPT_EOL) {
		if (opt[i] == IPOPT_RA)
			return (true);
		if (opt[i] == IPOPT_NOP)
			i++;
		else if (i + 1 < len && opt[i + 1] >= 2)
			i += opt[i + 1];
		else
			break;
	}
	return (false);
}

static bool
igmp_query(const struct mbuf *m, const struct ip_input_ctx *ctx,
    const uint8_t *h, uint32_t len)
{
	struct ip_addr src[IN_MCAST_SOURCES];
	struct in_query q = { .src = src,
		.max_us = in_query_time(h[1]) * (uint64_t)TENTH_US };
	uint8_t more[4];
	uint32_t a;

	memcpy(&q.group.v4, h + 4, 4);
	if (ip_addr_iszero(&q.group) ? ctx->dst.v4 != htonl(0xe0000001U) :
				       !IN_MULTICAST(ntohl(q.group.v4)))
		return (false);
	if (len == 8) {
		q.old = h[1] == 0 ? 1 : 2;
		q.max_us = (h[1] == 0 ? 100U : h[1]) * (uint64_t)TENTH_US;
	} else if (len < 12 || m_copydata(m, ctx->off + 8, 4, more) != 0 ||
	    (q.n = be16dec(more + 2)) * 4U + 12 > len)
		return (false);
	else {
		q.robust = more[0] & 7;
		q.every_us = in_query_time(more[1]) * 10ULL * TENTH_US;
	}
	if (q.old != 1 && !igmp_alerted(m, ctx))
		return (false);
	if (q.n > IN_MCAST_SOURCES)
		q.n = 0; /* answered for all */
	for (uint32_t i = 0; i < q.n; i++) {
		(void)m_copydata(m, ctx->off + 12 + 4 * i, 4, &a);
		src[i] = ip_addr_v4(a);
	}
	q.max_us = MAX(q.max_us, 1U);
	igmp_counters[IGMPS_QUERIES]++;
	in_report_query(ctx->ifp, AF_INET, &q);
	return (true);
}

static enum drop_reason
igmp_judge(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	uint32_t len = m->m_pkthdr.len - ctx->off;
	struct ip_addr group;
	uint8_t h[8];

	if (len < sizeof(h) || m_copydata(m, ctx->off, sizeof(h), h) != 0)
		return (DROP_IGMP_SHORT);
	if (in_cksum_fold(in_cksum_add(0, m, ctx->off, len)) != 0)
		return (DROP_IGMP_BADSUM);
	if (ctx->ttl != 1)
		return (DROP_IGMP_TTL);
	switch (h[0]) {
	case IGMP_QUERY:
		return (igmp_query(m, ctx, h, len) ? DROP_NONE :
						     DROP_IGMP_BADQUERY);
	case IGMP_REPORT_V1:
	case IGMP_REPORT_V2:
		memset(&group, 0, sizeof(group));
		memcpy(&group.v4, h + 4, 4);
		igmp_counters[IGMPS_HEARD]++;
		in_report_heard(ctx->ifp, AF_INET, &group);
		return (DROP_NONE);
	case IGMP_LEAVE:
	case IGMP_REPORT_V3:
		return (DROP_NONE); /* for routers */
	default:
		return (DROP_IGMP_BADTYPE);
	}
}

static void
igmp_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	enum drop_reason why = igmp_judge(m, ctx);

	if (why != DROP_NONE)
		m_drop(m, why);
	else
		m_freem(m);
}

static const struct ip_proto igmp_proto = {
	.name = "igmp",
	.number = IPPROTO_IGMP,
	.inet = true,
	.input = igmp_input,
};

/* --- out --- */

static void
igmp_output(struct ifnet *ifp, const uint8_t *msg, uint32_t len,
    const struct ip_addr *dst)
{
	static const uint8_t alert[4] = { IPOPT_RA, 4, 0, 0 };
	struct ip_outopts po = { .po_flags = IPOUT_IFONLY | IPOUT_NOLOOP,
		.po_rtable = ifp->if_rtable,
		.po_ifp = ifp,
		.po_options = alert,
		.po_optlen = sizeof(alert) };
	struct ip_encap e = { .af = AF_INET,
		.proto = IPPROTO_IGMP,
		.ttl = 1,
		.tos = 0xc0, /* internetwork control */
		.dst = *dst };
	struct mbuf *m = m_getroom(M_HEADROOM, len);
	uint16_t sum;

	if (m == NULL)
		return;
	m->m_len = m->m_pkthdr.len = len;
	memcpy(mtod(m, void *), msg, len);
	sum = in_cksum_fold(in_cksum_bytes(0, msg, len));
	memcpy(mtod(m, uint8_t *) + 2, &sum, 2);
	if ((m = ip_encap(m, &e)) == NULL)
		return;
	igmp_counters[IGMPS_SENT]++;
	(void)ip_output(m, &po);
}

static void
igmp_send(struct ifnet *ifp, uint8_t v, const struct in_group *ig,
    enum in_record kind, const struct ip_addr *src, uint32_t n)
{
	const struct ip_addr routers = ip_addr_v4(htonl(0xe0000002U)),
			     v3 = ip_addr_v4(htonl(0xe0000016U));
	uint8_t msg[16 + 4 * IN_MCAST_SOURCES] = { IGMP_REPORT_V3 };
	bool leave = kind == IN_TO_IN && n == 0;

	if (v < 3) {
		msg[0] = v == 1 ? IGMP_REPORT_V1 :
		    leave       ? IGMP_LEAVE :
				  IGMP_REPORT_V2;
		memcpy(msg + 4, &ig->ig_addr.v4, 4);
		if (v == 2 || !leave)
			igmp_output(ifp, msg, 8,
			    leave ? &routers : &ig->ig_addr);
		return;
	}
	msg[7] = 1; /* record */
	msg[8] = (uint8_t)kind;
	be16enc(msg + 10, (uint16_t)n);
	memcpy(msg + 12, &ig->ig_addr.v4, 4);
	for (uint32_t i = 0; i < n; i++)
		memcpy(msg + 16 + 4 * i, &src[i].v4, 4);
	igmp_output(ifp, msg, 16 + 4 * n, &v3);
}

/* RFC 3376 6: the group of all systems is never told of. */
static bool
igmp_silent(const struct ip_addr *a)
{
	return (a->v4 == htonl(0xe0000001U));
}

const struct in_report_family igmp_family = {
	.af = AF_INET,
	.newest = 3,
	.send = igmp_send,
	.silent = igmp_silent,
};

void
igmp_init(void)
{
	ip_proto_register(&igmp_proto);
	counters_register(&igmp_counter_group);
}
