/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Redirects (RFC 4861 8): a router tells a host of a shorter way.
 *
 * A host believes one only from the router that it uses for that very
 * destination, and only when net.inet6.icmp6.rediraccept is set and it is no
 * router itself.  A router sends one when a packet leaves by the interface
 * it came in by, its source is a neighbour, and the next hop can be named by
 * a link-local address (or is the destination itself).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>

struct nd6_rd {
	struct ip_addr target, dst;
	struct nd6_opts o;
};

/* The ladder of RFC 4861 8.1; numbered for icmp6(4) and the test. */
static enum drop_reason
nd6_redirect_judge(const struct ip_input_ctx *ctx, const struct nd6_rd *rd)
{
	const struct rtentry *rt;

	/* 1. a router's link-local address says it */
	if (!in6_islinklocal(&ctx->src))
		return (DROP_ICMP6_BADADDR);
	/* 2. about a unicast destination */
	if (in6_ismulticast(&rd->dst) || ip_addr_iszero(&rd->dst) ||
	    in6_needszone(&rd->dst))
		return (DROP_ICMP6_BADADDR);
	/* 3. the better hop is a router's link-local, or the destination */
	if (!in6_islinklocal(&rd->target) && !ip_addr_eq(&rd->target, &rd->dst))
		return (DROP_ICMP6_BADADDR);
	/* 4. we are a host that listens to redirects */
	if (ip6_forwarding != 0 || icmp6_rediraccept == 0)
		return (DROP_ICMP6_REDIRECT);
	/* 5. its author is our router for that destination now */
	rt = rtable_match(ctx->ifp->if_rtable, AF_INET6, &rd->dst);
	if (rt == NULL || rt->rt_ifp != ctx->ifp || rt->rt_gwaf != AF_INET6 ||
	    !ip_addr_eq(&rt->rt_gateway, &ctx->src))
		return (DROP_ICMP6_REDIRECT);
	return (DROP_NONE);
}

enum drop_reason
nd6_redirect_input(const struct mbuf *m, const struct ip_input_ctx *ctx,
    uint32_t len)
{
	struct nd6_nbr *nn;
	struct nd6_rd rd;
	enum drop_reason why;

	icmp6stat_inc(ICMP6S_REDIRECT_IN);
	if (len < 40 || m_copydata(m, ctx->off + 8, 16, rd.target.b) != 0 ||
	    m_copydata(m, ctx->off + 24, 16, rd.dst.b) != 0)
		return (DROP_ICMP6_BADLEN);
	if (nd6_options(m, ctx->off + 40, MIN(len - 40, 512U), &rd.o) != 0)
		return (DROP_ICMP6_BADOPT);
	if ((why = nd6_redirect_judge(ctx, &rd)) != DROP_NONE)
		return (why);
	if (rd.o.has_tlla && (rd.o.tlla[0] & 1) == 0)
		nd6_hint(ctx->ifp, &rd.target, rd.o.tlla);
	if (!ip_addr_eq(&rd.target, &rd.dst) &&
	    (nn = nd6_lookup(ctx->ifp, &rd.target)) != NULL)
		nd6_router(nn, true);
	if (rt_redirect(ctx->ifp->if_rtable, AF_INET6, &rd.dst, &rd.target,
		&ctx->src, ctx->ifp) != 0)
		return (DROP_ICMP6_REDIRECT);
	return (DROP_ICMP6_DONE);
}

/* The message for m, which is only read; NULL without memory. */
static struct mbuf *
nd6_redirect_build(struct ifnet *ifp, const struct mbuf *m,
    const struct ip_addr *src, const struct ip_addr *nh)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	const struct nd6_nbr *nn = nd6_lookup(ifp, nh);
	bool known = nn != NULL && nn->nn_state != ND6_INCOMPLETE;
	uint32_t optlen = known ? 8 : 0, quote;
	struct ip_addr dst = ip6_src(ip6);
	struct mbuf *n;
	uint8_t *p;

	/* the quoted packet is cut to a multiple of eight within 1280 bytes */
	quote = MIN(m->m_pkthdr.len, IPV6_MMTU - 40 - 40 - 8 - optlen) & ~7U;
	if ((n = icmp6_new(src, &dst, 255, 40 + optlen + 8 + quote)) == NULL)
		return (NULL);
	p = mtod(n, uint8_t *) + sizeof(struct ip6_hdr);
	p[0] = ND_REDIRECT;
	memcpy(p + 8, nh->b, 16);
	memcpy(p + 24, ip6->ip6_dst, 16);
	p += 40;
	if (known) {
		p[0] = ND_OPT_TARGET_LLADDR;
		p[1] = 1;
		memcpy(p + 2, nn->nn_lladdr, 6);
		p += 8;
	}
	p[0] = ND_OPT_REDIRECTED;
	p[1] = (uint8_t)((8 + quote) / 8);
	if (m_copydata(m, 0, quote, p + 8) != 0) {
		m_freem(n);
		return (NULL);
	}
	return (n);
}

void
nd6_redirect_output(struct ifnet *ifp, const struct mbuf *m,
    const struct ip_addr *nh)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	struct ip_addr src = ip6_src(ip6), dst = ip6_dst(ip6);
	const struct ifaddr *ifa = in6_ifa_linklocal(ifp);
	struct mbuf *n;

	if (ip6_sendredirects == 0 || ifa == NULL || in6_needszone(&dst) ||
	    in6_ismulticast(&dst) || !in6_onlink(ifp, &src) ||
	    (m->m_flags & (M_BCAST | M_MCAST)) != 0)
		return;
	/* a router by a global address cannot be named */
	if (!in6_islinklocal(nh) && !ip_addr_eq(nh, &dst))
		return;
	if (!icmp6_ratelimit()) {
		drop_count(DROP_ICMP6_RATELIMIT);
		return;
	}
	if ((n = nd6_redirect_build(ifp, m, &ifa->ifa_addr, nh)) == NULL)
		return;
	ip6stat_inc(IP6S_REDIRECTSENT);
	icmp6stat_inc(ICMP6S_REDIRECT_OUT);
	(void)ip6_send_link(ifp, n);
}
