/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Routers that advertise themselves, and the ways they offer.
 *
 * A way is one prefix that one router says it carries, for a time and with a
 * preference: ::/0, from the header of its advertisement, or any other, from
 * a route information option (RFC 4191; this is a host of type C).  A router
 * is remembered as long as it offers something.
 *
 * Of all ways to a prefix in a routing table one has the route, and
 * way_better() says which:
 *
 *	1. a router that answers; one that neighbour discovery asked in vain
 *	   is taken only when there is none else
 *	2. the interface with the lower priority number (ifconfig)
 *	3. the router's preference
 *	4. of routers that do not answer, the one that was tried longest ago
 *	5. the one that has the route: without a reason nothing moves
 *	6. the one known longer
 *
 * It is chosen anew whenever one of these may have changed, by
 * nd6_way_choose(), the only one to touch the routes.  They have priority
 * RTP_DEFAULT, so that a route set by hand wins, and the label "slaacd".
 *
 * A router that was lost is asked once a minute whether it is back (RFC 4191
 * 3.5), and when it advertises.
 *
 * Limits: ND6_RTRS_MAX routers and ND6_WAYS_MAX ways of an interface; what
 * comes on top is refused and counted, so that nobody can push out a router
 * that is in use.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include <netinet6/nd6_host.h>
#include <netinet6/nd6_row.h>

#define PROBE_us  60000000ULL /* RFC 4191 3.5 */
#define RETRY_us  1000000ULL  /* a route for which there was no memory */
#define WAY_LABEL "slaacd"

struct nd6_way {
	LIST_ENTRY(nd6_way) nw_entry; /* of its router */
	struct nd6_rtr *nw_rtr;
	struct ip_addr nw_prefix;
	uint64_t nw_expire_us;
	struct rtentry *nw_rt; /* referenced: it has the route; or NULL */
	uint8_t nw_plen;
	int8_t nw_preference;
	bool nw_ends; /* about to be freed: not to be chosen */
};
struct nd6_rtr {
	TAILQ_ENTRY(nd6_rtr) nr_entry; /* all, oldest first */
	LIST_HEAD(, nd6_way) nr_ways;  /* never empty but while it is made */
	struct nd6_host *nr_host;
	struct ip_addr nr_addr;
	uint32_t nr_bit; /* its own among those of the interface */
	uint64_t
	    nr_lost_us; /* when it was last asked in vain; 0: it is there */
	uint64_t nr_probe_us; /* when a lost one is asked next */
};

_Static_assert(ND6_RTRS_MAX <= 32, "nr_bit");

static TAILQ_HEAD(, nd6_rtr) nd6_rtrs = TAILQ_HEAD_INITIALIZER(nd6_rtrs);
static uint64_t nd6_retry_us; /* a route could not be made; 0: all are */

/* --- look-ups --- */

static struct nd6_rtr *
rtr_lookup(const struct ifnet *ifp, const struct ip_addr *a)
{
	struct nd6_rtr *nr;

	TAILQ_FOREACH(nr, &nd6_rtrs, nr_entry)
		if (nr->nr_host->ho_ifp == ifp && ip_addr_eq(&nr->nr_addr, a))
			return (nr);
	return (NULL);
}

static struct nd6_way *
rtr_way(struct nd6_rtr *nr, const struct ip_addr *prefix, unsigned int plen)
{
	struct nd6_way *nw;

	LIST_FOREACH(nw, &nr->nr_ways, nw_entry)
		if (nw->nw_plen == plen && ip_addr_eq(&nw->nw_prefix, prefix))
			return (nw);
	return (NULL);
}

uint32_t
nd6_rtr_bit(const struct nd6_host *ho, const struct ip_addr *router)
{
	const struct nd6_rtr *nr = rtr_lookup(ho->ho_ifp, router);

	return (nr != NULL ? nr->nr_bit : 0);
}

static uint32_t
rtr_table(const struct nd6_rtr *nr)
{
	return (nr->nr_host->ho_ifp->if_rtable);
}

static uint8_t
way_priority(const struct nd6_way *nw)
{
	return (
	    (uint8_t)MIN(RTP_DEFAULT + nw->nw_rtr->nr_host->ho_ifp->if_priority,
		RTP_MAX));
}

/* --- the choice --- */

static bool
way_usable(const struct nd6_way *nw)
{
	const struct ifnet *ifp = nw->nw_rtr->nr_host->ho_ifp;

	return (!nw->nw_ends && nw->nw_rtr->nr_host->ho_running &&
	    ifp->if_detaching == 0);
}

/* Is a better than b, which is older?  The rungs of the chapter head. */
static bool
way_better(const struct nd6_way *a, const struct nd6_way *b)
{
	const struct nd6_rtr *ra = a->nw_rtr, *rb = b->nw_rtr;

	if ((ra->nr_lost_us == 0) != (rb->nr_lost_us == 0))
		return (ra->nr_lost_us == 0);
	if (way_priority(a) != way_priority(b))
		return (way_priority(a) < way_priority(b));
	if (a->nw_preference != b->nw_preference)
		return (a->nw_preference > b->nw_preference);
	if (ra->nr_lost_us != rb->nr_lost_us)
		return (ra->nr_lost_us < rb->nr_lost_us);
	return (a->nw_rt != NULL);
}

/* Of all ways to the prefix of like: the best, and the one with the route. */
static struct nd6_way *
way_best(const struct nd6_way *like, struct nd6_way **holder)
{
	struct nd6_way *nw, *best = NULL;
	struct nd6_rtr *nr;

	*holder = NULL;
	TAILQ_FOREACH(nr, &nd6_rtrs, nr_entry) {
		if (rtr_table(nr) != rtr_table(like->nw_rtr) ||
		    (nw = rtr_way(nr, &like->nw_prefix, like->nw_plen)) == NULL)
			continue;
		if (nw->nw_rt != NULL)
			*holder = nw;
		if (way_usable(nw) && (best == NULL || way_better(nw, best)))
			best = nw;
	}
	return (best);
}

/* --- routes --- */

/* Is the route still in its table?  Programs may delete it. */
static bool
way_hasroute(const struct nd6_way *nw)
{
	const struct rtentry *rt = nw->nw_rt, *r;

	r = rtable_lookup(rt->rt_tableid, AF_INET6, &rt->rt_dst, rt->rt_plen,
	    rt->rt_priority);
	for (; r != NULL && r != rt; r = r->rt_next)
		;
	return (r == rt);
}

static void
way_withdraw(struct nd6_way *nw)
{
	struct rtentry *rt = nw->nw_rt;

	if (way_hasroute(nw)) {
		rtm_route(RTM_DELETE, rt, 0, 0, 0);
		(void)rtrequest_delete(rt);
	}
	nw->nw_rt = NULL;
	rt_put(rt);
}

static struct rt_want
way_want(const struct nd6_way *nw)
{
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_INET6,
		.plen = nw->nw_plen,
		.priority = way_priority(nw),
		.flags = RTF_GATEWAY,
		.tableid = rtr_table(nw->nw_rtr),
		.dst = nw->nw_prefix,
		.gateway = nw->nw_rtr->nr_addr,
		.ifp = nw->nw_rtr->nr_host->ho_ifp,
		.label_text = WAY_LABEL };

	return (w);
}

static int
way_install(struct nd6_way *nw)
{
	struct rt_want w = way_want(nw);
	struct rtentry *rt;
	int error;

	if ((error = rtrequest_add(&w, &rt)) != 0)
		return (error);
	rt_ref(rt);
	nw->nw_rt = rt;
	rtm_route(RTM_ADD, rt, 0, 0, 0);
	return (0);
}

/* The route changes hands: nobody is without it meanwhile. */
static int
way_move(struct nd6_way *from, struct nd6_way *to)
{
	struct rt_want w = way_want(to);
	int error;

	if (from->nw_rt->rt_priority != way_priority(to)) {
		if ((error = way_install(to)) == 0)
			way_withdraw(from);
		return (error);
	}
	if ((error = rtrequest_change(from->nw_rt, &w, 0)) != 0)
		return (error);
	to->nw_rt = from->nw_rt;
	from->nw_rt = NULL;
	rtm_route(RTM_CHANGE, to->nw_rt, 0, 0, 0);
	return (0);
}

static void
nd6_way_choose(const struct nd6_way *like, uint64_t now)
{
	struct nd6_way *best, *had;
	int error = 0;

	best = way_best(like, &had);
	if (had != NULL && !way_hasroute(had)) {
		way_withdraw(had);
		had = NULL;
	}
	if (best == had)
		return;
	if (best == NULL) {
		way_withdraw(had);
		return;
	}
	if (had == NULL)
		error = way_install(best);
	else if ((error = way_move(had, best)) == 0)
		nd6stat_inc(ND6S_RTR_CHANGED);
	if (error == 0)
		return;
	nd6stat_inc(ND6S_NOROUTE);
	nd6_retry_us = now + RETRY_us;
	nd6_host_kick(best->nw_rtr->nr_host);
}

static void
rtr_choose(struct nd6_rtr *nr, uint64_t now)
{
	struct nd6_way *nw;

	LIST_FOREACH(nw, &nr->nr_ways, nw_entry)
		nd6_way_choose(nw, now);
}

/* --- ways come and go --- */

static struct nd6_rtr *
rtr_new(struct nd6_host *ho, const struct ip_addr *a)
{
	struct nd6_rtr *nr;

	if (ho->ho_nrtrs >= ND6_RTRS_MAX) {
		nd6stat_inc(ND6S_RTR_LIMIT);
		return (NULL);
	}
	if ((nr = malloc(sizeof(*nr), M_RTABLE, M_ZERO)) == NULL) {
		nd6stat_inc(ND6S_NOMEM);
		return (NULL);
	}
	LIST_INIT(&nr->nr_ways);
	nr->nr_host = ho;
	nr->nr_addr = *a;
	nr->nr_bit = ~ho->ho_rtrbits & (ho->ho_rtrbits + 1); /* lowest free */
	ho->ho_rtrbits |= nr->nr_bit;
	TAILQ_INSERT_TAIL(&nd6_rtrs, nr, nr_entry);
	ho->ho_nrtrs++;
	nd6stat_inc(ND6S_RTR_NEW);
	return (nr);
}

/* A router that offers nothing is none. */
static void
rtr_settle(struct nd6_rtr *nr)
{
	if (!LIST_EMPTY(&nr->nr_ways))
		return;
	TAILQ_REMOVE(&nd6_rtrs, nr, nr_entry);
	nr->nr_host->ho_nrtrs--;
	nr->nr_host->ho_rtrbits &= ~nr->nr_bit;
	nd6_prefix_unsay(nr->nr_host, nr->nr_bit);
	free(nr, M_RTABLE, sizeof(*nr));
}

static struct nd6_way *
way_new(struct nd6_rtr *nr, const struct nd6_rio *rio)
{
	struct nd6_way *nw;

	if (nr->nr_host->ho_nways >= ND6_WAYS_MAX) {
		nd6stat_inc(ND6S_ROUTE_LIMIT);
		return (NULL);
	}
	if ((nw = malloc(sizeof(*nw), M_RTABLE, M_ZERO)) == NULL) {
		nd6stat_inc(ND6S_NOMEM);
		return (NULL);
	}
	nw->nw_rtr = nr;
	nw->nw_prefix = rio->prefix;
	nw->nw_plen = rio->plen;
	LIST_INSERT_HEAD(&nr->nr_ways, nw, nw_entry);
	nr->nr_host->ho_nways++;
	return (nw);
}

/* The way ends; its router stays, even if it was the last. */
static void
way_end(struct nd6_way *nw, uint64_t now)
{
	nw->nw_ends = true;
	nd6_way_choose(nw, now);
	if (nw->nw_rt != NULL) /* nobody could take it over */
		way_withdraw(nw);
	LIST_REMOVE(nw, nw_entry);
	nw->nw_rtr->nr_host->ho_nways--;
	free(nw, M_RTABLE, sizeof(*nw));
}

/* May a router carry it?  Not what has its place on a link, or nowhere. */
static bool
way_sane(const struct nd6_rio *rio)
{
	static const struct ip_addr group = { .b = { 0xff } };
	static const struct ip_addr local = { .b = { 0xfe, 0x80 } };

	if (rio->plen == 0)
		return (true);
	if (rio->plen >= 8 && ip_addr_inprefix(&rio->prefix, &group, 8))
		return (false);
	if (rio->plen >= 10 && ip_addr_inprefix(&rio->prefix, &local, 10))
		return (false);
	return (rio->plen < 80 ||
	    (!in6_isv4mapped(&rio->prefix) && !in6_isloopback(&rio->prefix) &&
		!ip_addr_iszero(&rio->prefix)));
}

void
nd6_way_set(struct nd6_host *ho, const struct ip_addr *router,
    const struct nd6_rio *rio, uint64_t now)
{
	struct nd6_rtr *nr = rtr_lookup(ho->ho_ifp, router);
	struct nd6_way *nw = NULL;

	if (!way_sane(rio)) {
		nd6stat_inc(ND6S_ROUTE_BAD);
		return;
	}
	if (nr != NULL)
		nw = rtr_way(nr, &rio->prefix, rio->plen);
	if (rio->lifetime == 0) {
		if (nw != NULL) {
			way_end(nw, now);
			rtr_settle(nr);
		}
		return;
	}
	if (nr == NULL && (nr = rtr_new(ho, router)) == NULL)
		return;
	if (nw == NULL && (nw = way_new(nr, rio)) == NULL) {
		rtr_settle(nr);
		return;
	}
	nw->nw_preference = rio->preference;
	nw->nw_expire_us = nd6_until(rio->lifetime, now);
	nd6_way_choose(nw, now);
}

static void
rtr_end(struct nd6_rtr *nr, uint64_t now)
{
	while (!LIST_EMPTY(&nr->nr_ways))
		way_end(LIST_FIRST(&nr->nr_ways), now);
	rtr_settle(nr);
}

/* --- routers come and go --- */

void
nd6_rtr_reach(const struct ifnet *ifp, const struct ip_addr *router,
    bool answers)
{
	struct nd6_rtr *nr = rtr_lookup(ifp, router);
	uint64_t now = uptime_us();

	if (nr == NULL || (answers && nr->nr_lost_us == 0))
		return;
	if (!answers && nr->nr_lost_us == 0)
		nd6stat_inc(ND6S_RTR_LOST);
	nr->nr_lost_us = answers ? 0 : now;
	nr->nr_probe_us = now + PROBE_us;
	rtr_choose(nr, now);
	nd6_host_kick(nr->nr_host);
}

void
nd6_rtr_demote(const struct ifnet *ifp, const struct ip_addr *router)
{
	struct nd6_rtr *nr = rtr_lookup(ifp, router);

	if (nr != NULL)
		rtr_end(nr, uptime_us());
}

void
nd6_rtr_heard(const struct ifnet *ifp, const struct ip_addr *router,
    uint64_t now)
{
	struct nd6_rtr *nr = rtr_lookup(ifp, router);

	if (nr != NULL && nr->nr_lost_us != 0)
		nr->nr_probe_us = now;
}

/* Asks a lost router: the answer comes by nd6_rtr_reach(). */
static void
rtr_probe(struct nd6_rtr *nr, uint64_t now)
{
	struct nd6_nbr *nn = nd6_get(nr->nr_host->ho_ifp, &nr->nr_addr);

	nr->nr_probe_us = now + PROBE_us;
	if (nn == NULL)
		return;
	nd6_router(nn, true);
	nd6_event(nn, ND6_EV_SEND, NULL);
}

/* Ends what has expired of nr, which may be gone then.  When next. */
static uint64_t
rtr_run(struct nd6_rtr *nr, uint64_t now)
{
	struct nd6_way *nw, *following;
	uint64_t next = ND6_FOREVER;

	if (nr->nr_lost_us != 0) {
		if (nr->nr_probe_us <= now)
			rtr_probe(nr, now);
		next = nr->nr_probe_us;
	}
	LIST_FOREACH_SAFE(nw, &nr->nr_ways, nw_entry, following) {
		if (nw->nw_expire_us <= now)
			way_end(nw, now);
		else
			next = MIN(next, nw->nw_expire_us);
	}
	rtr_settle(nr);
	return (next);
}

/* Routes that could not be made are tried again. */
static void
routes_retry(uint64_t now)
{
	struct nd6_rtr *nr;

	if (nd6_retry_us == 0 || nd6_retry_us > now)
		return;
	nd6_retry_us = 0;
	TAILQ_FOREACH(nr, &nd6_rtrs, nr_entry)
		rtr_choose(nr, now);
}

uint64_t
nd6_rtr_run(struct nd6_host *ho, uint64_t now)
{
	uint64_t next = ND6_FOREVER, due;
	struct nd6_rtr *nr, *following;

	routes_retry(now);
	TAILQ_FOREACH_SAFE(nr, &nd6_rtrs, nr_entry, following) {
		if (nr->nr_host != ho)
			continue;
		due = rtr_run(nr, now);
		next = MIN(next, due);
	}
	return (nd6_retry_us != 0 ? MIN(next, nd6_retry_us) : next);
}

void
nd6_rtr_link(struct ifnet *ifp)
{
	uint64_t now = uptime_us();
	struct nd6_rtr *nr;

	TAILQ_FOREACH(nr, &nd6_rtrs, nr_entry)
		if (nr->nr_host->ho_ifp == ifp)
			rtr_choose(nr, now);
}

void
nd6_rtr_flush(struct nd6_host *ho)
{
	struct nd6_rtr *nr, *following;

	TAILQ_FOREACH_SAFE(nr, &nd6_rtrs, nr_entry, following)
		if (nr->nr_host == ho)
			rtr_end(nr, uptime_us());
}

/* --- for ndp(8) --- */

static int
way_show(const struct nd6_way *nw, struct sysctl_req *req)
{
	const struct nd6_rtr *nr = nw->nw_rtr;
	struct nd6_way_row row;

	memset(&row, 0, sizeof(row));
	row.router = nr->nr_addr;
	row.prefix = nw->nw_prefix;
	strlcpy(row.ifname, nr->nr_host->ho_ifp->if_xname, sizeof(row.ifname));
	row.expire_s = nd6_left(nw->nw_expire_us, uptime_us());
	row.plen = nw->nw_plen;
	row.preference = nw->nw_preference;
	row.chosen = nw->nw_rt != NULL;
	row.lost = nr->nr_lost_us != 0;
	return (sysctl_out(req, &row, sizeof(row)));
}

int
nd6_rtr_sysctl(struct sysctl_req *req)
{
	const struct nd6_rtr *nr;
	const struct nd6_way *nw;
	int error = 0;

	TAILQ_FOREACH(nr, &nd6_rtrs, nr_entry)
		LIST_FOREACH(nw, &nr->nr_ways, nw_entry)
			if (error == 0)
				error = way_show(nw, req);
	return (error);
}
