/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv6 addresses of interfaces.
 *
 * An interface that comes up gets its link-local address, with an identifier
 * of in6_iid.c.  lo0 gets ::1 and fe80::1.  Addresses with other prefixes are
 * set by hand, or made from advertised ones (nd6_host.c).
 *
 *	added --> TENTATIVE --DAD--> usable --pltime--> DEPRECATED --vltime--> gone
 *	             \------> DUPLICATED
 *
 * An address whose interface went down is unproved when it comes up again:
 * others may have taken it meanwhile, so it is tentative once more.
 *
 * Read on: nd6_dad.c; in6_src.c, which address a packet carries; in6_mcast.c,
 * the groups that come with an address.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/log.h>
#include <sys/malloc.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include <netinet6/nd6_host.h>

#define REACHABLE_ms 30000U
#define RETRANS_us   1000000U
#define IID_TRIES    3 /* RFC 7217 6: other ids when the first is taken */

const struct ip_addr in6addr_any;
const struct ip_addr in6addr_loopback = { .b = { [15] = 1 } };
const struct ip_addr in6addr_allnodes = { .b = { 0xff, 0x02, [15] = 1 } };
const struct ip_addr in6addr_allrouters = { .b = { 0xff, 0x02, [15] = 2 } };

static struct timeout in6_lifetimes;

/* --- questions --- */

struct ifaddr *
in6_ifa_usable(struct ifnet *ifp, const struct ip_addr *a)
{
	struct ifaddr *ifa = ifa_onif(ifp, AF_INET6, a);

	if (ifa != NULL &&
	    (ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) == 0)
		return (ifa);
	return (NULL);
}

struct ifaddr *
in6_ifa_linklocal(const struct ifnet *ifp)
{
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    in6_islinklocal(&ifa->ifa_addr) &&
		    (ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) == 0)
			return (ifa);
	return (NULL);
}

bool
in6_onlink(struct ifnet *ifp, const struct ip_addr *a)
{
	const struct ifaddr *ifa;

	if (in6_islinklocal(a) || nd6_prefix_onlink(ifp, a))
		return (true);
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    (ifa->ifa_flags & IFA_NOPREFIX) == 0 &&
		    (ip_addr_inprefix(a, &ifa->ifa_addr, ifa->ifa_plen) ||
			((ifp->if_flags & IFF_POINTOPOINT) != 0 &&
			    ip_addr_eq(a, &ifa->ifa_dst))))
			return (true);
	return (false);
}

/* --- lifetimes --- */

static uint64_t
in6_until(uint32_t seconds)
{
	return (seconds == UINT32_MAX ?
		0 :
		uptime_us() + (uint64_t)seconds * 1000000);
}

static void
in6_addr_remove(struct ifaddr *ifa)
{
	nd6_dad_stop(ifa);
	rt_ifa_del(ifa);
	ifa_unlink(ifa);
}

/* What time has done to one address; when it does more, 0 never.  True: it is gone. */
static bool
in6_addr_age(struct ifaddr *ifa, uint64_t now, uint64_t *next)
{
	*next = 0;
	if (ifa->ifa_expire_us != 0 && ifa->ifa_expire_us <= now) {
		in6_addr_remove(ifa);
		return (true);
	}
	if (ifa->ifa_deprecate_us != 0 && ifa->ifa_deprecate_us <= now) {
		ifa->ifa_deprecate_us = 0;
		ifa->ifa_flags |= IFA_DEPRECATED;
		if_tell(IFE_ADDR_CHANGE, ifa->ifa_ifp, ifa, NULL);
	}
	*next = ifa->ifa_expire_us;
	if (ifa->ifa_deprecate_us != 0 &&
	    (*next == 0 || ifa->ifa_deprecate_us < *next))
		*next = ifa->ifa_deprecate_us;
	return (false);
}

static void
in6_lifetimes_run(void *arg)
{
	struct ifaddr *ifa, *following;
	struct ifnet *ifp;
	uint64_t now = uptime_us(), next, soonest = 0;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		TAILQ_FOREACH_SAFE(ifa, &ifp->if_addrs, ifa_entry, following) {
			if (ifa->ifa_af != AF_INET6 ||
			    in6_addr_age(ifa, now, &next) || next == 0)
				continue;
			if (soonest == 0 || next < soonest)
				soonest = next;
		}
	if (soonest != 0)
		timeout_at_us(&in6_lifetimes, soonest);
}

void
in6_addr_lifetimes(struct ifaddr *ifa, uint64_t expire, uint64_t deprecate)
{
	bool was = (ifa->ifa_flags & IFA_DEPRECATED) != 0;
	bool is = deprecate <= uptime_us();

	ifa->ifa_expire_us = expire == ND6_FOREVER ? 0 : expire;
	ifa->ifa_deprecate_us = is || deprecate == ND6_FOREVER ? 0 : deprecate;
	ifa->ifa_flags &= ~(uint32_t)IFA_DEPRECATED;
	ifa->ifa_flags |= is ? IFA_DEPRECATED : 0;
	if (is != was)
		if_tell(IFE_ADDR_CHANGE, ifa->ifa_ifp, ifa, NULL);
	timeout_add_us(&in6_lifetimes, 0);
}

/* --- adding and deleting --- */

static int
in6_addr_judge(struct ifnet *ifp, const struct if_addrreq *req)
{
	const struct ip_addr *a = &req->addr;
	struct ifaddr *other;

	if (in6_if(ifp) == NULL)
		return (ENOMEM);
	if (req->plen == 0 || req->plen > 128 || ip_addr_iszero(a) ||
	    in6_ismulticast(a) || in6_isv4mapped(a))
		return (EINVAL);
	if (in6_isloopback(a) && (ifp->if_flags & IFF_LOOPBACK) == 0)
		return (EINVAL);
	/* a peer stands alone at the other end */
	if (!ip_addr_iszero(&req->dst) &&
	    (req->plen != 128 || (ifp->if_flags & IFF_POINTOPOINT) == 0))
		return (EINVAL);
	if (req->pltime > req->vltime || req->vltime == 0)
		return (EINVAL);
	if ((req->flags &
		~(uint32_t)(IFA_ANYCAST | IFA_DEPRECATED | IFA_AUTOCONF |
		    IFA_TEMPORARY | IFA_NOPREFIX | IFA_ALIAS)) != 0)
		return (EINVAL);
	if (in6_islinklocal(a))
		return (0);
	other = ifa_ifwithaddr(AF_INET6, a, ifp->if_rtable);
	return (other != NULL && other->ifa_ifp != ifp ? EEXIST : 0);
}

/* Lifetimes and flags as asked. */
static void
in6_addr_dress(struct ifaddr *ifa, const struct if_addrreq *req)
{
	const uint32_t asked = IFA_ANYCAST | IFA_DEPRECATED | IFA_AUTOCONF |
	    IFA_TEMPORARY | IFA_NOPREFIX;

	ifa->ifa_flags = (ifa->ifa_flags & ~asked) | (req->flags & asked);
	ifa->ifa_expire_us = in6_until(req->vltime);
	ifa->ifa_deprecate_us = in6_until(req->pltime);
	if (req->pltime == 0) {
		ifa->ifa_deprecate_us = 0;
		ifa->ifa_flags |= IFA_DEPRECATED;
	}
	if (ifa->ifa_expire_us != 0 || ifa->ifa_deprecate_us != 0)
		timeout_add_us(&in6_lifetimes, 0);
}

/* Is there anybody who could have the address too? */
static bool
in6_needs_dad(const struct ifaddr *ifa)
{
	return (ip6_dad_count > 0 && (ifa->ifa_flags & IFA_ANYCAST) == 0 &&
	    (ifa->ifa_ifp->if_flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) == 0);
}

static int
in6_addr_new(struct ifnet *ifp, const struct if_addrreq *req)
{
	struct ifaddr *ifa;
	int error = 0;

	if ((ifa = ifa_create(ifp, AF_INET6, &req->addr, req->plen)) == NULL)
		return (ENOMEM);
	ifa->ifa_dst = req->dst;
	in6_addr_dress(ifa, req);
	if (in6_needs_dad(ifa) && (error = nd6_dad_start(ifa)) != 0) {
		ifa_put(ifa);
		return (error);
	}
	ifa_link(ifa);
	if ((error = rt_ifa_add(ifa)) == 0)
		return (0);
	nd6_dad_stop(ifa);
	ifa_unlink(ifa);
	return (error);
}

int
in6_addr_add(struct ifnet *ifp, const struct if_addrreq *req, struct proc *p)
{
	struct ifaddr *ifa;
	int error;

	if ((error = in6_addr_judge(ifp, req)) != 0)
		return (error);
	if ((ifa = ifa_onif(ifp, AF_INET6, &req->addr)) == NULL)
		return (in6_addr_new(ifp, req));
	if (ifa->ifa_plen != req->plen &&
	    (error = rt_ifa_change(ifa, req->plen, &ifa->ifa_dst)) != 0)
		return (error);
	/* what was made here is by hand from now on, and brings its prefix */
	if ((ifa->ifa_flags & IFA_NOPREFIX & ~req->flags) != 0) {
		ifa->ifa_flags &= ~(uint32_t)IFA_NOPREFIX;
		if ((error = rt_ifa_add(ifa)) != 0) {
			ifa->ifa_flags |= IFA_NOPREFIX;
			return (error);
		}
	}
	in6_addr_dress(ifa, req);
	if_tell(IFE_ADDR_CHANGE, ifp, ifa, NULL);
	return (0);
}

int
in6_addr_del(struct ifnet *ifp, const struct if_addrreq *req, struct proc *p)
{
	struct ifaddr *ifa;

	if (!ip_addr_iszero(&req->addr))
		ifa = ifa_onif(ifp, AF_INET6, &req->addr);
	else
		TAILQ_FOREACH(ifa, &ifp->if_addrs,
		    ifa_entry) /* no address: the first */
			if (ifa->ifa_af == AF_INET6)
				break;
	if (ifa == NULL)
		return (EADDRNOTAVAIL);
	in6_addr_remove(ifa);
	return (0);
}

/* --- link-local addresses --- */

static void
in6_add_own(struct ifnet *ifp, const struct ip_addr *a, uint16_t plen,
    uint32_t flags)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = plen,
		.flags = flags,
		.addr = *a,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };
	char buf[46];
	int error;

	if (ifa_onif(ifp, AF_INET6, a) != NULL)
		return;
	if ((error = in6_addr_add(ifp, &req, NULL)) != 0)
		log(LOG_WARNING, "%s: cannot have %s: error %d", ifp->if_xname,
		    ip_ntop(AF_INET6, a, buf), error);
}

static void
in6_linklocal_add(struct ifnet *ifp, unsigned int tried)
{
	struct ip_addr a = { .b = { 0xfe, 0x80 } };

	in6_iid_stable(ifp, &a, tried, a.b + 8);
	in6_add_own(ifp, &a, 64, IFA_AUTOCONF);
}

static bool
in6_has_linklocal(const struct ifnet *ifp)
{
	const struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 && in6_islinklocal(&ifa->ifa_addr))
			return (true);
	return (false);
}

/* --- the end of DAD --- */

void
in6_addr_unique(struct ifaddr *ifa)
{
	ifa->ifa_flags &= ~(uint32_t)IFA_TENTATIVE;
	if_tell(IFE_ADDR_CHANGE, ifa->ifa_ifp, ifa, NULL);
}

/*
 * RFC 4862 5.4.5: an id made from a link address that somebody else has means
 * that the link address is there twice; nothing good can come of IPv6 here.
 * One made by RFC 7217 is simply tried again with another counter.
 */
static void
in6_linklocal_lost(struct ifaddr *ifa)
{
	struct in6_if *i6 = in6_if(ifa->ifa_ifp);

	if ((ifa->ifa_flags & IFA_AUTOCONF) == 0)
		return;
	if (in6_soii(ifa->ifa_ifp) && ++i6->i6_iidtries < IID_TRIES) {
		in6_linklocal_add(ifa->ifa_ifp, i6->i6_iidtries);
		return;
	}
	i6->i6_flags |= I6F_DISABLED;
	log(LOG_ERR, "%s: IPv6 is off, its link-local address is in use",
	    ifa->ifa_ifp->if_xname);
}

void
in6_addr_duplicate(struct ifaddr *ifa, const uint8_t *l)
{
	static const uint8_t unknown[6];
	char buf[46];

	if (l == NULL)
		l = unknown;
	ifa->ifa_flags = (ifa->ifa_flags & ~(uint32_t)IFA_TENTATIVE) |
	    IFA_DUPLICATED;
	log(LOG_ERR,
	    "%s: %s is a duplicate, %02x:%02x:%02x:%02x:%02x:%02x has it",
	    ifa->ifa_ifp->if_xname, ip_ntop(AF_INET6, &ifa->ifa_addr, buf),
	    l[0], l[1], l[2], l[3], l[4], l[5]);
	if_tell(IFE_ADDR_CHANGE, ifa->ifa_ifp, ifa, NULL);
	if (in6_islinklocal(&ifa->ifa_addr))
		in6_linklocal_lost(ifa);
	else
		nd6_host_duplicate(ifa);
}

/* --- interfaces come and go --- */

void
in6_if_reachable(struct in6_if *i6, uint32_t base_ms)
{
	i6->i6_reachable_ms = base_ms;
	/* RFC 4861 6.3.2: 0.5 to 1.5 of the base, so that probes do not meet */
	i6->i6_reachable_us = base_ms * 500ULL +
	    arc4random_uniform(base_ms) * 1000ULL;
}

void
in6_if_defaults(struct in6_if *i6)
{
	i6->i6_mtu = 0;
	i6->i6_hlim = 0;
	i6->i6_retrans_us = RETRANS_us;
	in6_if_reachable(i6, REACHABLE_ms);
}

static void
in6_if_attach(struct ifnet *ifp)
{
	struct in6_if *i6;

	if (ifp->if_inet6 != NULL)
		return;
	if ((i6 = malloc(sizeof(*i6), M_IFADDR, M_ZERO)) == NULL) {
		log(LOG_ERR, "%s: no memory, no IPv6", ifp->if_xname);
		return;
	}
	i6->i6_ifp = ifp;
	in6_if_defaults(i6);
	if (nd6_host_attach(i6) != 0) {
		log(LOG_ERR, "%s: no memory, no IPv6", ifp->if_xname);
		free(i6, M_IFADDR, sizeof(*i6));
		return;
	}
	ifp->if_inet6 = i6;
}

static void
in6_if_detach(struct ifnet *ifp)
{
	if (in6_if(ifp) != NULL)
		nd6_host_detach(in6_if(ifp));
	nd6_ifgone(ifp);
	free(ifp->if_inet6, M_IFADDR, sizeof(struct in6_if));
	ifp->if_inet6 = NULL;
}

/* Addresses of an interface that was down have to be proved again. */
static void
in6_if_reprove(struct ifnet *ifp)
{
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 && in6_needs_dad(ifa) &&
		    nd6_dad_start(ifa) == 0)
			if_tell(IFE_ADDR_CHANGE, ifp, ifa, NULL);
}

static void
in6_if_up(struct ifnet *ifp)
{
	static const struct ip_addr lolocal = { .b = { 0xfe, 0x80, [15] = 1 } };
	struct in6_if *i6 = in6_if(ifp);

	i6->i6_isup = true;
	i6->i6_flags &= ~(uint32_t)I6F_DISABLED;
	i6->i6_iidtries = 0;
	in6_if_reprove(ifp);
	if ((ifp->if_flags & IFF_LOOPBACK) != 0) {
		if (strcmp(ifp->if_xname, "lo0") != 0)
			return;
		in6_add_own(ifp, &in6addr_loopback, 128, 0);
		in6_add_own(ifp, &lolocal, 64, 0);
	} else if (ip6_auto_linklocal != 0 &&
	    (ifp->if_type == IFT_ETHER || ifp->if_type == IFT_VLAN) &&
	    !in6_has_linklocal(ifp))
		in6_linklocal_add(ifp, 0);
}

static void
in6_if_flags(struct ifnet *ifp)
{
	struct in6_if *i6 = in6_if(ifp);
	bool up = (ifp->if_flags & IFF_UP) != 0;

	if (i6 == NULL || up == i6->i6_isup || ifp->if_detaching != 0)
		return;
	if (up)
		in6_if_up(ifp);
	else {
		i6->i6_isup = false;
		nd6_ifdown(ifp);
	}
}

/* Our link address has changed: neighbours hear of it (RFC 4861 7.2.6). */
static void
in6_if_lladdr(struct ifnet *ifp)
{
	struct ifaddr *ifa;

	if ((ifp->if_flags & IFF_UP) == 0)
		return;
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    (ifa->ifa_flags &
			(IFA_TENTATIVE | IFA_DUPLICATED | IFA_ANYCAST)) == 0)
			nd6_na_output(ifp, &in6addr_allnodes, &ifa->ifa_addr,
			    ND_NA_OVERRIDE |
				(ip6_forwarding != 0 ? ND_NA_ROUTER : 0));
}

static void
in6_if_event(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	switch (ev) {
	case IFE_ARRIVAL:
		in6_if_attach(ifp);
		in6_if_flags(ifp);
		break;
	case IFE_DEPARTURE:
		in6_if_detach(ifp);
		break;
	case IFE_FLAGS:
		in6_if_flags(ifp);
		break;
	case IFE_LINK:
		nd6_dad_resume(ifp);
		break;
	case IFE_LLADDR:
		if (in6_if(ifp) != NULL)
			in6_if_lladdr(ifp);
		break;
	case IFE_ADDR_DEL:
		if (ifa->ifa_af == AF_INET6)
			nd6_dad_stop(ifa);
		break;
	default:
		break;
	}
}

static struct if_observer in6_observer = { .event = in6_if_event };

void
in6_addr_init(void)
{
	struct ifnet *ifp;

	timeout_set(&in6_lifetimes, in6_lifetimes_run, NULL);
	in6_iid_init();
	TAILQ_FOREACH(ifp, &ifnet, if_list)
		in6_if_event(NULL, IFE_ARRIVAL, ifp, NULL, NULL);
	if_observe(&in6_observer);
	in6_mcast_init();
	nd6_host_init();
}
