/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Prefixes that routers advertise (RFC 4861 6.3.4, RFC 5942).
 *
 * A prefix option says two things that have nothing to do with each other,
 * and each has its own lifetime here:
 *
 *	L	addresses in it are neighbours: while that holds the prefix
 *		has a connected route, whether or not we have an address in it
 *	A	hosts make themselves addresses in it (nd6_slaac.c)
 *
 * An address that was made so brings no connected route (IFA_NOPREFIX): it
 * does not show what is on the link (RFC 5942 4).  One by hand does; when both
 * want the same route, the one by hand has it, and gets it back from here.
 *
 * Refused, each time counted: what cannot be on a link; prefixes shorter than
 * 16 bits, since nobody has such a link, while somebody may well want all our
 * traffic; more than ND6_PREFIXES_MAX.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6_host.h>
#include <netinet6/nd6_row.h>

#define PLEN_MIN  16
#define PLEN_AUTO 64         /* prefix and identifier make 128 bits */
#define RETRY_us  1000000ULL /* a route for which there was no memory */

/* --- judging --- */

/* Can stations on a link have such addresses? */
static bool
prefix_sane(const struct nd6_pio *pio)
{
	const struct ip_addr *a = &pio->prefix;

	if (pio->plen < PLEN_MIN || in6_ismulticast(a) || in6_islinklocal(a))
		return (false);
	/* ::/n holds the unspecified and the loopback address, and IPv4's */
	return (!in6_isv4mapped(a) && !in6_isloopback(a) && !ip_addr_iszero(a));
}

/* RFC 4862 5.5.3 (c), (d): may addresses be made of it? */
static bool
prefix_makes(const struct nd6_pio *pio)
{
	if (!pio->autoconf)
		return (false);
	if (pio->pltime > pio->vltime) {
		nd6stat_inc(ND6S_PREFIX_LIFE);
		return (false);
	}
	if (pio->plen != PLEN_AUTO) {
		nd6stat_inc(ND6S_PREFIX_LEN);
		return (false);
	}
	return (true);
}

/* --- the list --- */

static struct nd6_prefix *
prefix_lookup(struct nd6_host *ho, const struct ip_addr *a, unsigned int plen)
{
	struct nd6_prefix *np;

	TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
		if (np->np_plen == plen && ip_addr_eq(&np->np_prefix, a))
			return (np);
	return (NULL);
}

static struct nd6_prefix *
prefix_new(struct nd6_host *ho, const struct nd6_pio *pio)
{
	struct nd6_prefix *np;

	if (ho->ho_nprefixes >= ND6_PREFIXES_MAX) {
		nd6stat_inc(ND6S_PREFIX_LIMIT);
		return (NULL);
	}
	if ((np = malloc(sizeof(*np), M_IFADDR, M_ZERO)) == NULL) {
		nd6stat_inc(ND6S_NOMEM);
		return (NULL);
	}
	np->np_host = ho;
	np->np_prefix = pio->prefix;
	np->np_plen = pio->plen;
	TAILQ_INSERT_TAIL(&ho->ho_prefixes, np, np_entry);
	ho->ho_nprefixes++;
	return (np);
}

/* One that says nothing any more goes; addresses keep theirs. */
static void
prefix_settle(struct nd6_prefix *np)
{
	unsigned int i;

	if (np->np_onlink_us != 0 || np->np_auto)
		return;
	for (i = 0; i < ND6_ADDRS_MAX; i++)
		if (np->np_made[i].ifa != NULL)
			return;
	KASSERT(np->np_rt == NULL);
	TAILQ_REMOVE(&np->np_host->ho_prefixes, np, np_entry);
	np->np_host->ho_nprefixes--;
	free(np, M_IFADDR, sizeof(*np));
}

/* --- on the link: the connected route --- */

/* Is our route still in its table?  It goes with its interface. */
static bool
prefix_hasroute(const struct nd6_prefix *np)
{
	const struct rtentry *rt = np->np_rt, *r;

	r = rtable_lookup(rt->rt_tableid, AF_INET6, &rt->rt_dst, rt->rt_plen,
	    rt->rt_priority);
	for (; r != NULL && r != rt; r = r->rt_next)
		;
	return (r == rt);
}

/* Addresses by hand in the prefix bring the route again. */
static void
prefix_giveback(const struct nd6_prefix *np)
{
	struct ifnet *ifp = np->np_host->ho_ifp;
	struct ifaddr *ifa;

	if (ifp->if_detaching != 0)
		return;
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 && ifa->ifa_plen == np->np_plen &&
		    (ifa->ifa_flags & IFA_NOPREFIX) == 0 &&
		    ip_addr_inprefix(&ifa->ifa_addr, &np->np_prefix,
			np->np_plen))
			(void)rt_ifa_add(ifa);
}

static void
prefix_offlink(struct nd6_prefix *np)
{
	struct rtentry *rt = np->np_rt;

	np->np_onlink_us = 0;
	if (rt == NULL)
		return;
	if (prefix_hasroute(np)) {
		rtm_route(RTM_DELETE, rt, 0, 0, 0);
		(void)rtrequest_delete(rt);
	}
	np->np_rt = NULL;
	rt_put(rt);
	prefix_giveback(np);
}

/* Sees to it that there is the route.  0, or ENOMEM. */
static int
prefix_route(struct nd6_prefix *np)
{
	struct ifnet *ifp = np->np_host->ho_ifp;
	struct rt_want w = { .af = AF_INET6,
		.plen = np->np_plen,
		.priority = (uint8_t)MIN(RTP_CONNECTED + ifp->if_priority,
		    RTP_MAX),
		.flags = RTF_CONNECTED | RTF_CLONING,
		.tableid = ifp->if_rtable,
		.dst = np->np_prefix,
		.ifp = ifp,
		.ifa = in6_ifa_linklocal(ifp) };
	int error;

	if (np->np_rt != NULL) {
		if (prefix_hasroute(np))
			return (0);
		rt_put(np->np_rt);
		np->np_rt = NULL;
	}
	if ((error = rtrequest_add(&w, &np->np_rt)) != 0) {
		np->np_rt = NULL;
		return (error == EEXIST ? 0 : error); /* an address has it */
	}
	rt_ref(np->np_rt);
	rtm_route(RTM_ADD, np->np_rt, 0, 0, 0);
	return (0);
}

bool
nd6_prefix_onlink(const struct ifnet *ifp, const struct ip_addr *a)
{
	const struct nd6_host *ho = nd6_host(ifp);
	const struct nd6_prefix *np;

	if (ho == NULL)
		return (false);
	TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
		if (np->np_onlink_us != 0 &&
		    ip_addr_inprefix(a, &np->np_prefix, np->np_plen))
			return (true);
	return (false);
}

/* --- an option --- */

/* Its A part: the first one, or one more (RFC 4862 5.5.3 (d), (e)). */
static void
prefix_autoconf(struct nd6_prefix *np, const struct nd6_pio *pio, uint64_t now)
{
	if (np->np_auto) {
		nd6_life_update(&np->np_life, pio->vltime, pio->pltime, now);
		return;
	}
	if (pio->vltime == 0)
		return;
	np->np_auto = true;
	np->np_life.valid_us = nd6_until(pio->vltime, now);
	np->np_life.pref_us = nd6_until(pio->pltime, now);
}

void
nd6_prefix_set(struct nd6_host *ho, const struct ip_addr *router,
    const struct nd6_pio *pio, uint64_t now)
{
	struct nd6_prefix *np;
	bool makes;

	if (!prefix_sane(pio)) {
		nd6stat_inc(ND6S_PREFIX_BAD);
		return;
	}
	makes = prefix_makes(pio);
	if (!makes && !pio->onlink)
		return;
	np = prefix_lookup(ho, &pio->prefix, pio->plen);
	if (np == NULL &&
	    (pio->vltime == 0 || (np = prefix_new(ho, pio)) == NULL))
		return;
	np->np_said |= nd6_rtr_bit(ho, router);
	if (pio->onlink && pio->vltime == 0)
		prefix_offlink(np);
	else if (pio->onlink)
		np->np_onlink_us = nd6_until(pio->vltime, now);
	if (makes)
		prefix_autoconf(np, pio, now);
	/* routes and addresses follow in nd6_prefix_run() */
}

/* --- who advertises it (RFC 6724 rule 5.5) --- */

bool
nd6_prefix_saidby(const struct ifaddr *ifa, const struct ip_addr *router)
{
	const struct nd6_host *ho = nd6_host(ifa->ifa_ifp);
	const struct nd6_prefix *np;
	uint32_t bit;

	if (ho == NULL || (bit = nd6_rtr_bit(ho, router)) == 0)
		return (false);
	TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
		if ((np->np_said & bit) != 0 &&
		    ip_addr_inprefix(&ifa->ifa_addr, &np->np_prefix,
			np->np_plen))
			return (true);
	return (false);
}

void
nd6_prefix_unsay(struct nd6_host *ho, uint32_t bit)
{
	struct nd6_prefix *np;

	TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
		np->np_said &= ~bit;
}

/* --- time --- */

static uint64_t
prefix_run(struct nd6_prefix *np, uint64_t now)
{
	uint64_t next = nd6_slaac_run(np, now);

	if (np->np_onlink_us != 0 && np->np_onlink_us <= now)
		prefix_offlink(np);
	if (np->np_onlink_us == 0)
		return (next);
	if (prefix_route(np) != 0) {
		nd6stat_inc(ND6S_NOROUTE);
		return (MIN(next, now + RETRY_us));
	}
	return (MIN(next, np->np_onlink_us));
}

uint64_t
nd6_prefix_run(struct nd6_host *ho, uint64_t now)
{
	uint64_t next = ND6_FOREVER, due;
	struct nd6_prefix *np, *following;

	TAILQ_FOREACH_SAFE(np, &ho->ho_prefixes, np_entry, following) {
		due = prefix_run(np, now);
		next = MIN(next, due);
		prefix_settle(np);
	}
	return (next);
}

void
nd6_prefix_flush(struct nd6_host *ho)
{
	struct nd6_prefix *np, *following;

	TAILQ_FOREACH_SAFE(np, &ho->ho_prefixes, np_entry, following) {
		np->np_auto = false;
		nd6_slaac_flush(np, false);
		prefix_offlink(np);
		prefix_settle(np);
	}
}

/* --- for ndp(8) --- */

static int
prefix_show(const struct nd6_prefix *np, struct sysctl_req *req)
{
	uint64_t now = uptime_us();
	struct nd6_prefix_row row;
	unsigned int i;

	memset(&row, 0, sizeof(row));
	row.prefix = np->np_prefix;
	strlcpy(row.ifname, np->np_host->ho_ifp->if_xname, sizeof(row.ifname));
	row.onlink_s = nd6_left(np->np_onlink_us, now);
	row.plen = np->np_plen;
	row.autoconf = np->np_auto;
	if (np->np_auto) {
		row.valid_s = nd6_left(np->np_life.valid_us, now);
		row.preferred_s = nd6_left(np->np_life.pref_us, now);
	}
	for (i = 0; i < ND6_ADDRS_MAX; i++)
		row.addresses += np->np_made[i].ifa != NULL;
	return (sysctl_out(req, &row, sizeof(row)));
}

int
nd6_prefix_sysctl(struct sysctl_req *req)
{
	const struct nd6_prefix *np;
	const struct nd6_host *ho;
	const struct ifnet *ifp;
	int error = 0;

	TAILQ_FOREACH(ifp, &ifnet, if_list) {
		if ((ho = nd6_host(ifp)) == NULL)
			continue;
		TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
			if (error == 0)
				error = prefix_show(np, req);
	}
	return (error);
}
