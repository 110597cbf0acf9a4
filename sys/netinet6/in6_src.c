/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Which address a packet of ours carries (RFC 6724).
 *
 * Candidates are all usable unicast addresses of the routing table's
 * interfaces, but for link-local and loopback ones of another link.  Of each
 * two the ladder in in6_source_compare() keeps one; its rungs have the
 * numbers of RFC 6724 5 (4, home addresses, is not ours).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6_host.h>

/* RFC 6724 2.1: the default policy, longest prefix first. */
/* clang-format off */
static const struct in6_policy {
	uint8_t prefix[16];
	uint8_t plen, label;
} in6_policies[] = {
	{ { [15] = 1 }, 128, 0 },			/* ::1 */
	{ { [10] = 0xff, 0xff }, 96, 4 },		/* ::ffff:0:0 */
	{ { 0 }, 96, 3 },				/* :: */
	{ { 0x20, 0x01, 0, 0 }, 32, 5 },		/* Teredo */
	{ { 0x20, 0x02 }, 16, 2 },			/* 6to4 */
	{ { 0x3f, 0xfe }, 16, 12 },			/* 6bone */
	{ { 0xfe, 0xc0 }, 10, 11 },			/* site-local */
	{ { 0xfc }, 7, 13 },				/* unique local */
};
/* clang-format on */
#define POLICY_LABEL_REST 1

static unsigned int
in6_label(const struct ip_addr *a)
{
	struct ip_addr net;
	unsigned int i;

	for (i = 0; i < nitems(in6_policies); i++) {
		net = ip_addr_v6(in6_policies[i].prefix);
		if (ip_addr_inprefix(a, &net, in6_policies[i].plen))
			return (in6_policies[i].label);
	}
	return (POLICY_LABEL_REST);
}

/* CommonPrefixLen of RFC 6724 2.2: not beyond the source's own prefix. */
static unsigned int
in6_common(const struct ifaddr *ifa, const struct ip_addr *dst)
{
	unsigned int n;

	for (n = 0; n < ifa->ifa_plen; n++)
		if (((ifa->ifa_addr.b[n / 8] ^ dst->b[n / 8]) &
			(0x80 >> n % 8)) != 0)
			break;
	return (n);
}

/* Which of two booleans is better: +1 the first, -1 the second. */
static int
in6_prefer(bool a, bool b)
{
	return ((int)a - (int)b);
}

int
in6_source_compare(const struct ifaddr *a, const struct ifaddr *b,
    const struct ip_addr *dst, const struct ifnet *ifp,
    const struct ip_addr *gw, int *rule)
{
	enum in6_scope sa = in6_scope(&a->ifa_addr),
		       sb = in6_scope(&b->ifa_addr), sd = in6_scope(dst);
	int unused, *r = rule != NULL ? rule : &unused, d;

	/* 1. the destination itself */
	*r = 1;
	if ((d = in6_prefer(ip_addr_eq(&a->ifa_addr, dst),
		 ip_addr_eq(&b->ifa_addr, dst))) != 0)
		return (d);
	/* 2. a scope that reaches there, and no larger one than needed */
	*r = 2;
	if (sa < sb)
		return (sa < sd ? -1 : 1);
	if (sb < sa)
		return (sb < sd ? 1 : -1);
	/* 3. no deprecated ones */
	*r = 3;
	if ((d = in6_prefer((a->ifa_flags & IFA_DEPRECATED) == 0,
		 (b->ifa_flags & IFA_DEPRECATED) == 0)) != 0)
		return (d);
	/* 5. the interface it leaves by */
	*r = 5;
	if ((d = in6_prefer(a->ifa_ifp == ifp, b->ifa_ifp == ifp)) != 0)
		return (d);
	/* 5.5. a prefix of the router that it goes by: others' it may refuse */
	*r = IN6_RULE_5_5;
	if (gw != NULL &&
	    (d = in6_prefer(nd6_prefix_saidby(a, gw),
		 nd6_prefix_saidby(b, gw))) != 0)
		return (d);
	/* 6. the same kind of address */
	*r = 6;
	if ((d = in6_prefer(in6_label(&a->ifa_addr) == in6_label(dst),
		 in6_label(&b->ifa_addr) == in6_label(dst))) != 0)
		return (d);
	/* 7. temporary ones */
	*r = 7;
	if ((d = in6_prefer((a->ifa_flags & IFA_TEMPORARY) != 0,
		 (b->ifa_flags & IFA_TEMPORARY) != 0)) != 0)
		return (d);
	/* 8. more bits in common */
	*r = 8;
	if ((d = (int)in6_common(a, dst) - (int)in6_common(b, dst)) != 0)
		return (d);
	*r = 0;
	return (0);
}

static bool
in6_candidate(const struct ifaddr *ifa, const struct ip_addr *dst,
    const struct ifnet *ifp)
{
	if (ifa->ifa_af != AF_INET6 ||
	    (ifa->ifa_flags &
		(IFA_TENTATIVE | IFA_DUPLICATED | IFA_ANYCAST |
		    IFA_DETACHED)) != 0)
		return (false);
	if ((ifa->ifa_flags & IFA_DEPRECATED) != 0 && ip6_use_deprecated == 0)
		return (false);
	if (in6_isloopback(&ifa->ifa_addr))
		return (in6_isloopback(dst));
	/* zones do not mix, and what stays on a link is sent by the link */
	if (in6_islinklocal(&ifa->ifa_addr) || in6_needszone(dst))
		return (ifa->ifa_ifp == ifp);
	return (true);
}

struct ifaddr *
in6_source_select(struct ifnet *ifp, const struct ip_addr *dst,
    const struct rtentry *rt)
{
	const struct ip_addr *gw = NULL;
	struct ifaddr *ifa, *best = NULL;
	struct ifnet *other;

	if (rt != NULL && rt->rt_gwaf == AF_INET6)
		gw = &rt->rt_gateway;
	if (rt != NULL && (rt->rt_flags & RTF_LOCAL) != 0 &&
	    rt->rt_ifa != NULL &&
	    (rt->rt_ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) == 0)
		return (rt->rt_ifa);
	TAILQ_FOREACH(other, &ifnet, if_list) {
		if (other->if_rtable != ifp->if_rtable ||
		    (other->if_flags & IFF_UP) == 0)
			continue;
		TAILQ_FOREACH(ifa, &other->if_addrs, ifa_entry)
			if (in6_candidate(ifa, dst, ifp) &&
			    (best == NULL ||
				in6_source_compare(ifa, best, dst, ifp, gw,
				    NULL) > 0))
				best = ifa;
	}
	return (best);
}
