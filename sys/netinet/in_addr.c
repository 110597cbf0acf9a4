/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv4 addresses of interfaces: judged, added, changed, deleted; and which of
 * them a packet of ours carries.
 *
 * Adding an address that the interface has already changes its prefix length
 * or its broadcast or peer address: the routes of the old form go, those of
 * the new one come; when they cannot, the old ones are put back.
 * The routes that belong to an address (connected, local, broadcast) are the
 * routing table's work: rt_ifa_add() and rt_ifa_del().
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/log.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>

/* Can a host have this address? */
static bool
in_addr_possible(uint32_t h)
{
	return (h >> 24 != 0 && h < 0xe0000000U);
}

static int
in_addr_judge(struct ifnet *ifp, const struct if_addrreq *req)
{
	struct ifaddr *other;
	uint32_t h = ntohl(req->addr.v4), host;

	if (req->plen > 32 || req->plen == 0 || !in_addr_possible(h) ||
	    req->addr.l[1] != 0 || req->addr.q[1] != 0)
		return (EINVAL);
	if (IN_LOOPBACK(h) && (ifp->if_flags & IFF_LOOPBACK) == 0)
		return (EINVAL);
	/* network and broadcast address of a network that has them (RFC 3021) */
	host = req->plen >= 31 ? 1 : h & (0xffffffffU >> req->plen);
	if ((ifp->if_flags & IFF_BROADCAST) != 0 &&
	    (host == 0 || (req->plen < 31 && host == 0xffffffffU >> req->plen)))
		return (EINVAL);
	other = ifa_ifwithaddr(AF_INET, &req->addr, ifp->if_rtable);
	if (other != NULL && other->ifa_ifp != ifp)
		return (EEXIST);
	return (0);
}

/* Broadcast address that goes with the prefix, unless another was asked for. */
static struct ip_addr
in_addr_dst(const struct ifnet *ifp, const struct if_addrreq *req)
{
	uint32_t hostbits = req->plen >= 31 ? 0 : 0xffffffffU >> req->plen;

	if (!ip_addr_iszero(&req->dst) ||
	    (ifp->if_flags & IFF_BROADCAST) == 0 || hostbits == 0)
		return (req->dst);
	return (ip_addr_v4(req->addr.v4 | htonl(hostbits)));
}

static bool
in_addr_first(const struct ifnet *ifp)
{
	const struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET)
			return (false);
	return (true);
}

static void
in_addr_remove(struct ifaddr *ifa)
{
	rt_ifa_del(ifa);
	ifa_unlink(ifa);
}

/* The first of the family that remains is no alias any more. */
static void
in_addr_promote(struct ifnet *ifp)
{
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET)
			break;
	if (ifa == NULL || (ifa->ifa_flags & IFA_ALIAS) == 0)
		return;
	ifa->ifa_flags &= ~(uint32_t)IFA_ALIAS;
	if_tell(IFE_ADDR_CHANGE, ifp, ifa, NULL);
}

/* Makes the address stand with its routes.  0 or errno, nothing left then. */
static int
in_addr_establish(struct ifnet *ifp, const struct if_addrreq *req,
    uint32_t flags)
{
	struct ifaddr *ifa;
	int error;

	if ((ifa = ifa_create(ifp, AF_INET, &req->addr, req->plen)) == NULL)
		return (ENOMEM);
	ifa->ifa_dst = in_addr_dst(ifp, req);
	ifa->ifa_flags = flags;
	ifa_link(ifa);
	if ((error = rt_ifa_add(ifa)) != 0)
		ifa_unlink(ifa);
	return (error);
}

/* The same address with another prefix or peer. */
static int
in_addr_change(struct ifnet *ifp, const struct if_addrreq *req,
    struct ifaddr *old)
{
	struct ip_addr dst = in_addr_dst(ifp, req);
	int error;

	if (old->ifa_plen == req->plen && ip_addr_eq(&old->ifa_dst, &dst))
		return (0);
	if ((error = rt_ifa_change(old, req->plen, &dst)) == 0)
		if_tell(IFE_ADDR_CHANGE, ifp, old, NULL);
	return (error);
}

int
in_addr_add(struct ifnet *ifp, const struct if_addrreq *req, struct proc *p)
{
	struct ifaddr *old;
	int error;

	if ((error = in_addr_judge(ifp, req)) != 0)
		return (error);
	if ((old = ifa_onif(ifp, AF_INET, &req->addr)) != NULL)
		return (in_addr_change(ifp, req, old));
	return (
	    in_addr_establish(ifp, req, in_addr_first(ifp) ? 0 : IFA_ALIAS));
}

int
in_addr_del(struct ifnet *ifp, const struct if_addrreq *req, struct proc *p)
{
	struct ifaddr *ifa;

	if (!ip_addr_iszero(&req->addr))
		ifa = ifa_onif(ifp, AF_INET, &req->addr);
	else
		TAILQ_FOREACH(ifa, &ifp->if_addrs,
		    ifa_entry) /* no address: the first */
			if (ifa->ifa_af == AF_INET)
				break;
	if (ifa == NULL)
		return (EADDRNOTAVAIL);
	in_addr_remove(ifa);
	in_addr_promote(ifp);
	return (0);
}

/* --- loopback --- */

/* lo0 has 127.0.0.1 from the moment it comes up, as every BSD has it. */
static void
in_addr_watch(void *arg, enum if_event ev, struct ifnet *ifp,
    struct ifaddr *ifa, const char *group)
{
	struct if_addrreq req = { .af = AF_INET,
		.plen = 8,
		.addr = ip_addr_v4(htonl(0x7f000001)) };

	if (ev != IFE_FLAGS || (ifp->if_flags & IFF_UP) == 0 ||
	    ifp->if_type != IFT_LOOP || strcmp(ifp->if_xname, "lo0") != 0 ||
	    !in_addr_first(ifp))
		return;
	if (in_addr_add(ifp, &req, NULL) != 0)
		log(LOG_ERR, "%s: no memory for 127.0.0.1", ifp->if_xname);
}

static struct if_observer in_addr_observer = { .event = in_addr_watch };

void
in_addr_init(void)
{
	if_observe(&in_addr_observer);
}

/* --- source address --- */

static struct ifaddr *
in_addr_usable(struct ifnet *ifp)
{
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET &&
		    (ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) == 0)
			return (ifa);
	return (NULL);
}

/*
 *	1. the address whose network holds the next hop
 *	2. the one the route names
 *	3. the first of the interface
 *	4. any, loopback last (an interface without a number of its own)
 */
struct ifaddr *
in_source_select(struct ifnet *ifp, const struct ip_addr *dst,
    const struct rtentry *rt)
{
	const struct ip_addr *hop = dst;
	struct ifaddr *ifa;
	struct ifnet *other;

	if (rt != NULL && (rt->rt_flags & RTF_LOCAL) != 0 && rt->rt_ifa != NULL)
		return (rt->rt_ifa);
	if (rt != NULL && (rt->rt_flags & RTF_GATEWAY) != 0)
		hop = &rt->rt_gateway;
	if ((ifa = ifa_ifpforaddr(ifp, AF_INET, hop)) != NULL)
		return (ifa);
	if (rt != NULL && rt->rt_ifa != NULL && rt->rt_ifa->ifa_af == AF_INET)
		return (rt->rt_ifa);
	if ((ifa = in_addr_usable(ifp)) != NULL)
		return (ifa);
	TAILQ_FOREACH(other, &ifnet, if_list)
		if ((other->if_flags & IFF_LOOPBACK) == 0 &&
		    (ifa = in_addr_usable(other)) != NULL)
			return (ifa);
	return (NULL);
}
