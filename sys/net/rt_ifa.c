/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Routes that addresses bring, and that links take away.
 *
 *	local		the address itself, to us
 *	broadcast	IPv4: the prefix's last address
 *	connected	the prefix, on the link; or the peer of a
 *			point-to-point link
 */

#include <sys/endian.h>
#include <sys/systm.h>
#include <net/if_var.h>
#include <net/rt_priv.h>
#include <net/rtable.h>

enum { R_CONNECTED, R_LOCAL, R_BROADCAST, NROUTES };

static bool
is_peer(const struct ifaddr *ifa)
{
	return ((ifa->ifa_ifp->if_flags & IFF_POINTOPOINT) != 0 && !ip_addr_iszero(&ifa->ifa_dst));
}

/* The route of that kind that ifa brings.  False: none. */
static bool
route_of(const struct ifaddr *ifa, int kind, struct rt_want *w)
{
	struct ifnet *ifp = ifa->ifa_ifp;
	unsigned int bits = ifa->ifa_af == AF_INET ? 32 : 128;

	memset(w, 0, sizeof(*w));
	w->af = ifa->ifa_af;
	w->tableid = ifp->if_rtable;
	w->ifp = ifp;
	w->ifa = (struct ifaddr *)(uintptr_t)ifa;
	w->dst = ifa->ifa_addr;
	w->plen = (uint8_t)bits;
	switch (kind) {
	case R_CONNECTED:
		w->flags = RTF_CONNECTED | RTF_CLONING;
		w->priority = (uint8_t)MIN(RTP_CONNECTED + ifp->if_priority, RTP_MAX);
		w->plen = ifa->ifa_plen;
		if (is_peer(ifa)) {
			w->flags = RTF_CONNECTED | RTF_HOST;
			w->dst = ifa->ifa_dst;
			w->plen = (uint8_t)bits;
			return (true);
		}
		if ((ifp->if_flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) != 0)
			w->flags &= ~(uint32_t)RTF_CLONING;
		return (w->plen < bits && (ifa->ifa_flags & IFA_NOPREFIX) == 0);
	case R_LOCAL:
		w->flags = RTF_LOCAL | RTF_HOST | ((ifp->if_flags & IFF_LOOPBACK) != 0 ? 0 : RTF_LLINFO);
		w->priority = RTP_LOCAL;
		return (true);
	default:
		w->flags = RTF_BROADCAST | RTF_HOST;
		w->priority = RTP_LOCAL;
		w->dst = ifa->ifa_dst;
		return (ifa->ifa_af == AF_INET && (ifp->if_flags & IFF_BROADCAST) != 0 && !ip_addr_iszero(&ifa->ifa_dst) &&
		    ifa->ifa_plen < 31);
	}
}

/* The route of that kind that is in the table and ifa's own.  NULL. */
static struct rtentry *
route_own(const struct ifaddr *ifa, int kind)
{
	struct rt_want w;
	struct rtentry *rt;

	if (!route_of(ifa, kind, &w))
		return (NULL);
	ip_addr_mask(&w.dst, w.plen);
	rt = rtable_lookup(w.tableid, w.af, &w.dst, w.plen, w.priority);
	for (; rt != NULL && rt->rt_ifa != ifa; rt = rt->rt_next)
		;
	return (rt);
}

void
rt_ifa_del(struct ifaddr *ifa)
{
	struct rtentry *rt;

	for (int kind = 0; kind < NROUTES; kind++)
		if ((rt = route_own(ifa, kind)) != NULL) {
			rtm_route(RTM_DELETE, rt, 0, 0, 0);
			rtrequest_delete(rt);
		}
}

/* A prefix that a second address or interface has too keeps its first route. */
int
rt_ifa_add(struct ifaddr *ifa)
{
	struct rt_want w;
	struct rtentry *added[NROUTES];
	int error = 0, n = 0;

	for (int kind = 0; kind < NROUTES && error == 0; kind++) {
		if (!route_of(ifa, kind, &w))
			continue;
		if ((error = rtrequest_add(&w, &added[n])) == 0)
			rtm_route(RTM_ADD, added[n++], 0, 0, 0);
		else if (error == EEXIST)
			error = 0;
	}
	while (error != 0 && n-- > 0) { /* those that were there stay */
		rtm_route(RTM_DELETE, added[n], 0, 0, 0);
		rtrequest_delete(added[n]);
	}
	return (error);
}

/* Another address of ifp, or of any interface, can now have the route. */
static void
prefix_reclaim(struct ifnet *gone, const struct ifaddr *lost)
{
	struct ifnet *ifp;
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
			if (ifa != lost && ifa->ifa_af == lost->ifa_af && ifp->if_rtable == gone->if_rtable &&
			    ip_addr_inprefix(&ifa->ifa_addr, &lost->ifa_addr, MIN(lost->ifa_plen, ifa->ifa_plen)))
				rt_ifa_add(ifa);
}

/* Are the routes of a kind the same before and after a change? */
static bool
route_stays(const struct ifaddr *was, const struct ifaddr *now, int kind)
{
	struct rt_want a, b;

	if (!route_of(was, kind, &a) || !route_of(now, kind, &b))
		return (false);
	ip_addr_mask(&a.dst, a.plen);
	ip_addr_mask(&b.dst, b.plen);
	return (a.plen == b.plen && a.flags == b.flags && a.priority == b.priority && ip_addr_eq(&a.dst, &b.dst));
}

/* New routes come first, so that nothing is lost when there is no memory. */
int
rt_ifa_change(struct ifaddr *ifa, unsigned int plen, const struct ip_addr *dst)
{
	struct ifaddr was = *ifa, now = *ifa;
	struct rtentry *added[NROUTES], *rt;
	struct rt_want w;
	int error = 0, n = 0;

	now.ifa_plen = (uint8_t)plen;
	now.ifa_dst = *dst;
	for (int kind = 0; kind < NROUTES && error == 0; kind++) {
		if (route_stays(&was, &now, kind) || !route_of(&now, kind, &w))
			continue;
		w.ifa = ifa;
		if ((error = rtrequest_add(&w, &added[n])) == 0)
			rtm_route(RTM_ADD, added[n++], 0, 0, 0);
		else if (error == EEXIST)
			error = 0;
	}
	while (error != 0 && n-- > 0) {
		rtm_route(RTM_DELETE, added[n], 0, 0, 0);
		rtrequest_delete(added[n]);
	}
	if (error != 0)
		return (error);
	for (int kind = 0; kind < NROUTES; kind++)
		if (!route_stays(&was, &now, kind) && (rt = route_own(ifa, kind)) != NULL) {
			rtm_route(RTM_DELETE, rt, 0, 0, 0);
			rtrequest_delete(rt);
		}
	ifa->ifa_plen = (uint8_t)plen;
	ifa->ifa_dst = *dst;
	prefix_reclaim(ifa->ifa_ifp, &was);
	return (0);
}

/* --- interfaces --- */

static void
interface_event(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa, const char *group)
{
	(void)arg;
	(void)group;
	switch (ev) {
	case IFE_LINK:
	case IFE_FLAGS:
		rt_if_track(ifp);
		break;
	case IFE_ADDR_DEL:
		if (!ifp->if_detaching)
			prefix_reclaim(ifp, ifa);
		rt_ifa_purge(ifa);
		break;
	default:
		break;
	}
}

static struct if_observer observer = { .event = interface_event };

void
rt_ifa_init(void)
{
	if_observe(&observer);
}
