/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Router solicitations and advertisements (RFC 4861 6).
 *
 * NOT DONE HERE YET: addresses and routes are not taken from advertisements
 * (no SLAAC), and none are sent.  Both messages are checked as the RFC asks,
 * counted, and dropped with a reason that says so.  One thing is used: what
 * a sound message shows of its sender's link address, and that he is (or is
 * not) a router.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>

enum drop_reason
nd6_rs_input(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct nd6_opts o;

	icmp6stat_inc(ICMP6S_RS_IN);
	if (len < 8)
		return (DROP_ICMP6_BADLEN);
	if (nd6_options(m, ctx->off + 8, len - 8, &o) != 0 ||
	    (o.has_slla && ip_addr_iszero(&ctx->src)))
		return (DROP_ICMP6_BADOPT);
	if (ip6_forwarding != 0 && o.has_slla && (o.slla[0] & 1) == 0 &&
	    in6_onlink(ctx->ifp, &ctx->src))
		nd6_hint(ctx->ifp, &ctx->src, o.slla);
	return (DROP_ICMP6_RA);
}

enum drop_reason
nd6_ra_input(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct nd6_opts o;
	struct nd6_nbr *nn;

	icmp6stat_inc(ICMP6S_RA_IN);
	if (len < 16)
		return (DROP_ICMP6_BADLEN);
	if (!in6_islinklocal(&ctx->src))
		return (DROP_ICMP6_BADADDR);
	if (nd6_options(m, ctx->off + 16, len - 16, &o) != 0)
		return (DROP_ICMP6_BADOPT);
	if (o.has_slla && (o.slla[0] & 1) == 0)
		nd6_hint(ctx->ifp, &ctx->src, o.slla);
	if ((nn = nd6_lookup(ctx->ifp, &ctx->src)) != NULL)
		nd6_router(nn, true);
	return (DROP_ICMP6_RA);
}
