/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Groups that this node itself listens to, without a socket (RFC 4291 2.8):
 *
 *	all nodes			always, told to nobody
 *	all routers			while it forwards
 *	solicited-node groups		of each of its addresses, also of those
 *					that it answers for in others' stead
 *
 * Links give us all multicasts, so these are a question of what is taken, and
 * of being told: a switch that listens to MLD gives a host only what it
 * reported, and one that did not report the group of its address cannot be
 * resolved (RFC 4861 7.2.1).  What is to be told is asked anew after each
 * event; in_mcast.c holds what was.
 *
 * Reports sent while the link-local address is being proved come from no
 * address; they are told again when it is usable (RFC 3590 4).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <net/if_var.h>
#include <netinet/in_mcast.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>

static const struct ip_addr in6_allrouters[] = {
	{ .b = { 0xff, 0x02, [15] = 2 } }, { .b = { 0xff, 0x05, [15] = 2 } }
};

struct ip_addr
in6_solicited(const struct ip_addr *a)
{
	struct ip_addr g = { .b = { 0xff, 0x02, [11] = 1, 0xff } };

	memcpy(g.b + 13, a->b + 13, 3);
	return (g);
}

static bool
in6_joined_solicited(const struct ifnet *ifp, const struct ip_addr *group)
{
	const struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    memcmp(ifa->ifa_addr.b + 13, group->b + 13, 3) == 0)
			return (true);
	return (false);
}

bool
in6_joined(const struct ifnet *ifp, const struct ip_addr *group)
{
	static const uint8_t solicited[13] = { 0xff, 0x02, [11] = 1, 0xff };
	enum in6_scope scope = in6_scope(group);

	if (memcmp(group->b, solicited, sizeof(solicited)) == 0)
		return (in6_joined_solicited(ifp, group) ||
		    (in6_if(ifp) != NULL && in6_if(ifp)->i6_proxies != 0));
	/* ff0X::1 and ff0X::2, X up to the link; routers also on the site */
	if (group->b[1] >> 4 != 0 ||
	    memcmp(group->b + 2, in6addr_any.b, 13) != 0)
		return (false);
	if (group->b[15] == 1)
		return (scope <= IN6_SCOPE_LINK);
	return (group->b[15] == 2 && ip6_forwarding != 0 &&
	    (scope <= IN6_SCOPE_LINK || scope == IN6_SCOPE_SITE));
}

/* --- telling --- */

void
in6_solicited_look(const struct ifnet *ifp, const struct ip_addr *a)
{
	struct ip_addr group = in6_solicited(a);

	in_mcast_node(ifp, AF_INET6, &group,
	    in6_joined_solicited(ifp, &group) ||
		nd6_proxies_group(ifp, &group));
}

static bool
in6_has_addr(const struct ifnet *ifp)
{
	const struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6)
			return (true);
	return (false);
}

/* An interface without an address of the family is no router there. */
static void
in6_routers_look(const struct ifnet *ifp)
{
	for (unsigned int i = 0; i < nitems(in6_allrouters); i++)
		in_mcast_node(ifp, AF_INET6, &in6_allrouters[i],
		    ip6_forwarding != 0 && in6_has_addr(ifp));
}

void
in6_forwarding_changed(void)
{
	struct ifnet *ifp;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		in6_routers_look(ifp);
}

static void
in6_mcast_event(void *arg, enum if_event ev, struct ifnet *ifp,
    struct ifaddr *ifa, const char *group)
{
	if (ifa == NULL || ifa->ifa_af != AF_INET6)
		return;
	if (ev == IFE_ADDR_ADD || ev == IFE_ADDR_DEL) {
		in6_solicited_look(ifp, &ifa->ifa_addr);
		in6_routers_look(ifp);
	} else if (ev == IFE_ADDR_CHANGE && in6_islinklocal(&ifa->ifa_addr) &&
	    (ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) == 0)
		in_mcast_again(ifp, AF_INET6);
}

void
in6_mcast_init(void)
{
	static struct if_observer ob = { .event = in6_mcast_event };

	if_observe(&ob);
}
