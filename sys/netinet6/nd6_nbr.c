/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Neighbour solicitations and advertisements (RFC 4861 7.1, 7.2).
 *
 * A message is read whole, checked rung by rung, and only then believed.
 * What all messages of neighbour discovery share (hop limit 255, code 0) was
 * checked by icmp6.c before it came here.  Beyond the RFC's rules a source
 * has to be on the link by one of our prefixes: a neighbour may not plant
 * cache entries for addresses that are elsewhere (CVE-2008-2476).
 *
 * Read on: nd6.c, what a message does to the cache; nd6_dad.c.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/mbuf.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include <netinet6/nd6_host.h>

#define ND_MSG_MAX  512 /* an option block longer than this is refused */
#define ND_OPTS_MAX 16

/* --- options --- */

static int
nd6_option_read(struct cursor *c, uint8_t type, struct nd6_opts *o)
{
	switch (type) {
	case ND_OPT_SOURCE_LLADDR:
		o->has_slla = true;
		return (cur_bytes(c, o->slla, sizeof(o->slla)));
	case ND_OPT_TARGET_LLADDR:
		o->has_tlla = true;
		return (cur_bytes(c, o->tlla, sizeof(o->tlla)));
	case ND_OPT_NONCE:
		if (c->left != sizeof(o->nonce)) /* longer: not ours */
			return (0);
		o->has_nonce = true;
		return (cur_bytes(c, o->nonce, sizeof(o->nonce)));
	case ND_OPT_REDIRECTED:
		o->has_redirected = true;
		return (0);
	default:
		return (0);
	}
}

static int
nd6_options_read(struct cursor *c, struct nd6_opts *o)
{
	struct cursor body;
	unsigned int n;
	uint8_t type, words;

	for (n = 0; c->left > 0; n++) {
		if (n == ND_OPTS_MAX || cur_u8(c, &type) == -1 ||
		    cur_u8(c, &words) == -1 || words == 0 ||
		    cur_sub(c, words * 8U - 2, &body) == -1 ||
		    nd6_option_read(&body, type, o) == -1)
			return (EINVAL);
	}
	return (0);
}

int
nd6_options(const struct mbuf *m, uint32_t off, uint32_t len,
    struct nd6_opts *o)
{
	uint8_t buf[ND_MSG_MAX];
	const void *p;
	struct cursor c;

	memset(o, 0, sizeof(*o));
	if (len > sizeof(buf) || (p = m_peek(m, off, len, buf)) == NULL)
		return (len == 0 ? 0 : EINVAL);
	cur_init(&c, p, len);
	return (nd6_options_read(&c, o));
}

bool
nd6_lladdr_sane(const uint8_t a[6])
{
	static const uint8_t none[6];

	return ((a[0] & 1) == 0 && memcmp(a, none, sizeof(none)) != 0);
}

/* --- solicitations come in --- */

struct nd6_ns {
	struct ip_addr target;
	struct nd6_opts o;
	bool probe; /* duplicate address detection: no source */
};

static enum drop_reason
nd6_ns_read(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len,
    struct nd6_ns *ns)
{
	struct ip_addr group;

	if (len < 24 || m_copydata(m, ctx->off + 8, 16, ns->target.b) != 0)
		return (DROP_ICMP6_BADLEN);
	if (nd6_options(m, ctx->off + 24, len - 24, &ns->o) != 0)
		return (DROP_ICMP6_BADOPT);
	if (in6_ismulticast(&ns->target) || ip_addr_iszero(&ns->target))
		return (DROP_ICMP6_BADADDR);
	if (ns->o.has_slla && !nd6_lladdr_sane(ns->o.slla))
		return (DROP_ICMP6_BADOPT);
	ns->probe = ip_addr_iszero(&ctx->src);
	if (!ns->probe)
		return (in6_onlink(ctx->ifp, &ctx->src) ? DROP_NONE :
							  DROP_ND6_NOTLINK);
	group = in6_solicited(&ns->target);
	if (!ip_addr_eq(&ctx->dst, &group))
		return (DROP_ICMP6_BADADDR);
	return (ns->o.has_slla ? DROP_ICMP6_BADOPT : DROP_NONE);
}

/* The answer, RFC 4861 7.2.4. */
static void
nd6_ns_answer(const struct ip_input_ctx *ctx, const struct nd6_ns *ns,
    uint32_t flags)
{
	if (ip6_forwarding != 0)
		flags |= ND_NA_ROUTER;
	if (ns->probe)
		nd6_na_output(ctx->ifp, &in6addr_allnodes, &ns->target, flags);
	else
		nd6_na_output(ctx->ifp, &ctx->src, &ns->target,
		    flags | ND_NA_SOLICITED);
}

static bool
nd6_isproxy(struct ifnet *ifp, const struct ip_addr *target)
{
	struct nd6_nbr *nn = nd6_lookup(ifp, target);

	return (nn != NULL && nn->nn_proxy && nn->nn_state == ND6_PERMANENT);
}

enum drop_reason
nd6_ns_input(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct ifaddr *ifa;
	struct nd6_ns ns;
	enum drop_reason why;
	uint32_t flags = ND_NA_OVERRIDE;

	icmp6stat_inc(ICMP6S_NS_IN);
	if ((why = nd6_ns_read(m, ctx, len, &ns)) != DROP_NONE)
		return (why);
	ifa = ifa_onif(ctx->ifp, AF_INET6, &ns.target);
	if (ifa == NULL) {
		if (!nd6_isproxy(ctx->ifp, &ns.target))
			return (DROP_ND6_NOTFORUS);
		nd6stat_inc(ND6S_PROXIED);
		flags = 0;
	} else if ((ifa->ifa_flags & IFA_TENTATIVE) != 0)
		return (
		    ns.probe ? nd6_dad_probed(ifa, &ns.o) : DROP_IP6_TENTATIVE);
	else if ((ifa->ifa_flags & IFA_DUPLICATED) != 0)
		return (DROP_ND6_DUPLICATE);
	else if ((ifa->ifa_flags & IFA_ANYCAST) != 0)
		flags = 0;
	if (!ns.probe && ns.o.has_slla)
		nd6_hint(ctx->ifp, &ctx->src, ns.o.slla);
	nd6_ns_answer(ctx, &ns, flags);
	return (DROP_ICMP6_DONE);
}

/* --- advertisements come in --- */

struct nd6_na {
	struct ip_addr target;
	struct nd6_opts o;
	uint32_t flags;
};

static enum drop_reason
nd6_na_read(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len,
    struct nd6_na *na)
{
	uint8_t flags[4];

	if (len < 24 || m_copydata(m, ctx->off + 4, 4, flags) != 0 ||
	    m_copydata(m, ctx->off + 8, 16, na->target.b) != 0)
		return (DROP_ICMP6_BADLEN);
	na->flags = be32dec(flags);
	if (nd6_options(m, ctx->off + 24, len - 24, &na->o) != 0)
		return (DROP_ICMP6_BADOPT);
	if (in6_ismulticast(&na->target) || ip_addr_iszero(&na->target))
		return (DROP_ICMP6_BADADDR);
	/* who answers everybody answers nobody's question */
	if (in6_ismulticast(&ctx->dst) && (na->flags & ND_NA_SOLICITED) != 0)
		return (DROP_ICMP6_BADADDR);
	if (na->o.has_tlla && !nd6_lladdr_sane(na->o.tlla))
		return (DROP_ICMP6_BADOPT);
	return (DROP_NONE);
}

/* Rows of the table in RFC 4861 appendix C, by three questions. */
static enum nd6_event
nd6_na_event(const struct nd6_nbr *nn, const struct nd6_na *na)
{
	bool sol = (na->flags & ND_NA_SOLICITED) != 0;

	if (!na->o.has_tlla ||
	    (nn->nn_state != ND6_INCOMPLETE &&
		memcmp(nn->nn_lladdr, na->o.tlla, sizeof(nn->nn_lladdr)) == 0))
		return (sol ? ND6_EV_SOL_SAME : ND6_EV_UNS_SAME);
	if ((na->flags & ND_NA_OVERRIDE) != 0)
		return (sol ? ND6_EV_SOL_OVER : ND6_EV_UNS_OVER);
	return (sol ? ND6_EV_SOL_KEEP : ND6_EV_UNS_KEEP);
}

enum drop_reason
nd6_na_input(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct nd6_na na;
	struct nd6_nbr *nn;
	struct ifaddr *ifa;
	enum drop_reason why;

	icmp6stat_inc(ICMP6S_NA_IN);
	if ((why = nd6_na_read(m, ctx, len, &na)) != DROP_NONE)
		return (why);
	if ((ifa = ifa_onif(ctx->ifp, AF_INET6, &na.target)) != NULL) {
		nd6_dad_claimed(ifa, na.o.has_tlla ? na.o.tlla : NULL);
		return (DROP_ND6_DUPLICATE);
	}
	if ((nn = nd6_lookup(ctx->ifp, &na.target)) == NULL)
		return (DROP_ND6_STRANGER);
	if (nn->nn_state == ND6_INCOMPLETE && !na.o.has_tlla)
		return (DROP_ICMP6_BADOPT);
	if (nn->nn_state != ND6_PERMANENT)
		nd6_router(nn, (na.flags & ND_NA_ROUTER) != 0);
	if ((na.flags & ND_NA_ROUTER) ==
	    0) /* RFC 4861 7.2.5: is none any more */
		nd6_rtr_demote(ctx->ifp, &na.target);
	nd6_event(nn, nd6_na_event(nn, &na), na.o.has_tlla ? na.o.tlla : NULL);
	return (DROP_ICMP6_DONE);
}

/* --- messages go out --- */

/* An option that holds a link address, at p. */
static void
nd6_put_lladdr(uint8_t *p, uint8_t type, const struct ifnet *ifp)
{
	p[0] = type;
	p[1] = 1;
	memcpy(p + 2, ifp->if_lladdr, 6);
}

/*
 * Whose name do we ask in?  The waiting packet's source if it is one of this
 * interface, so that the neighbour learns the right address (RFC 4861
 * 7.2.2); then our link-local; then anything usable here.
 */
static const struct ifaddr *
nd6_asker(struct ifnet *ifp, const struct mbuf *hint)
{
	const struct ip6_hdr *ip6;
	struct ifaddr *ifa;
	uint8_t buf[sizeof(struct ip6_hdr)];
	struct ip_addr src;

	if (hint != NULL &&
	    (ip6 = m_peek(hint, 0, sizeof(*ip6), buf)) != NULL) {
		src = ip6_src(ip6);
		if ((ifa = in6_ifa_usable(ifp, &src)) != NULL)
			return (ifa);
	}
	if ((ifa = in6_ifa_linklocal(ifp)) != NULL)
		return (ifa);
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    (ifa->ifa_flags &
			(IFA_TENTATIVE | IFA_DUPLICATED | IFA_ANYCAST)) == 0)
			return (ifa);
	return (NULL);
}

void
nd6_ns_output(struct ifnet *ifp, const struct ip_addr *dst,
    const struct ip_addr *target, const uint8_t *nonce, const struct mbuf *hint)
{
	struct ip_addr src = in6addr_any, group = in6_solicited(target);
	const struct ifaddr *ifa;
	struct mbuf *m;
	uint8_t *p;

	if (nonce == NULL) {
		if ((ifa = nd6_asker(ifp, hint)) == NULL) {
			drop_count(DROP_ICMP6_NOSOURCE);
			return;
		}
		src = ifa->ifa_addr;
	}
	if ((m = icmp6_new(&src, dst != NULL ? dst : &group, 255, 32)) == NULL)
		return;
	p = mtod(m, uint8_t *) + sizeof(struct ip6_hdr);
	p[0] = ND_NEIGHBOR_SOLICIT;
	memcpy(p + 8, target->b, 16);
	if (nonce == NULL)
		nd6_put_lladdr(p + 24, ND_OPT_SOURCE_LLADDR, ifp);
	else {
		p[24] = ND_OPT_NONCE;
		p[25] = 1;
		memcpy(p + 26, nonce, 6);
	}
	icmp6stat_inc(ICMP6S_NS_OUT);
	(void)ip6_send_link(ifp, m);
}

void
nd6_na_output(struct ifnet *ifp, const struct ip_addr *dst,
    const struct ip_addr *target, uint32_t flags)
{
	const struct ifaddr *ifa = in6_ifa_usable(ifp, target);
	struct mbuf *m;
	uint8_t *p;

	/* a proxy, or an anycast address, speaks in its own name */
	if (ifa == NULL || (ifa->ifa_flags & IFA_ANYCAST) != 0)
		ifa = nd6_asker(ifp, NULL);
	if (ifa == NULL) {
		drop_count(DROP_ICMP6_NOSOURCE);
		return;
	}
	if ((m = icmp6_new(&ifa->ifa_addr, dst, 255, 32)) == NULL)
		return;
	p = mtod(m, uint8_t *) + sizeof(struct ip6_hdr);
	p[0] = ND_NEIGHBOR_ADVERT;
	be32enc(p + 4, flags);
	memcpy(p + 8, target->b, 16);
	nd6_put_lladdr(p + 24, ND_OPT_TARGET_LLADDR, ifp);
	icmp6stat_inc(ICMP6S_NA_OUT);
	(void)ip6_send_link(ifp, m);
}
