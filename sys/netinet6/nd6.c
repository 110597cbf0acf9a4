/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The neighbour cache (RFC 4861 7).
 *
 * An entry is what we know of one address on one interface.  Entries stand
 * in a keyed hash of their own, not in the routing table, since a link-local
 * address means something only together with its interface; a neighbour with
 * a host route (cloned from a connected one) and the route know each other,
 * and end together.
 *
 *	                 advertisement, hint          time: 30 s or so
 *	INCOMPLETE ----------------------> REACHABLE ------------------> STALE
 *	   |     \------- hint -----------------^-----------------------^  |
 *	   | 3 questions                        | answer, progress         | used
 *	   v                                    |                          v
 *	 gone <------- 3 questions ----------- PROBE <----- 5 s -------- DELAY
 *	   ^
 *	   +---- STALE for a day, pushed out, interface or route gone
 *
 * The table nd6_steps[] below says the same for each state and event;
 * nd6_event() is the only way to change a state.  nd6_check() asserts:
 * (1) Only INCOMPLETE entries hold packets, and have no link address.
 * (2) INCOMPLETE entries, STALE ones, and those in DELAY or PROBE stand in a
 *     list of their kind, and no others.
 * (3) A PERMANENT entry has no timer.
 *
 * Limits.  neighborgcthresh entries at all; a quarter of them may be
 * INCOMPLETE, so that a scan of a /64 cannot push out neighbours that
 * answered (RFC 6583).  The oldest STALE one makes room; without any, the oldest
 * that is asked whether it is still there, so that a flood of solicitations from
 * nobody does not keep others out.  Held packets: 64
 * each, 1024 together; the oldest goes.
 *
 * Read on: nd6_nbr.c, the messages; nd6_dad.c, duplicate addresses.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include <netinet6/nd6_host.h>

#define ND6_HASHSIZE   1024
#define ND6_HOLD_MAX   64 /* the fragments of a packet of 64 kB fit */
#define ND6_HOLD_TOTAL 1024
#define ND6_FORGET_us  (24ULL * 3600 * 1000000)

LIST_HEAD(nd6_nbrs, nd6_nbr);
TAILQ_HEAD(nd6_list, nd6_nbr);

static struct nd6_nbrs nd6_hash[ND6_HASHSIZE];
static struct nd6_list nd6_incomplete = TAILQ_HEAD_INITIALIZER(nd6_incomplete);
static struct nd6_list nd6_stale = TAILQ_HEAD_INITIALIZER(nd6_stale);
static struct nd6_list nd6_doubted = TAILQ_HEAD_INITIALIZER(nd6_doubted);
static unsigned int nd6_count, nd6_nincomplete, nd6_nheld;
static uint64_t nd6_key[2];
static struct pool nd6_pool;

/* Where entries of a state stand; NULL: nowhere. */
static struct nd6_list *
nd6_list_of(enum nd6_state s)
{
	switch (s) {
	case ND6_INCOMPLETE:
		return (&nd6_incomplete);
	case ND6_STALE:
		return (&nd6_stale);
	case ND6_DELAY:
	case ND6_PROBE:
		return (&nd6_doubted);
	default:
		return (NULL);
	}
}

static void
nd6_check(const struct nd6_nbr *nn)
{
	enum nd6_state s = nn->nn_state;

	KASSERT(ml_empty(&nn->nn_held) || s == ND6_INCOMPLETE); /* (1) */
	KASSERT(nn->nn_listed == (nd6_list_of(s) != NULL)); /* (2) */
	KASSERT(
	    s != ND6_PERMANENT || !timeout_pending(&nn->nn_timer)); /* (3) */
}

static inline struct nd6_nbrs *
nd6_bucket(const struct ifnet *ifp, const struct ip_addr *a)
{
	uint64_t h = (a->q[0] ^ nd6_key[0]) * 0x9e3779b97f4a7c15ULL;

	h = (h ^ (h >> 32) ^ a->q[1] ^ nd6_key[1] ^ ifp->if_index) *
	    0xbf58476d1ce4e5b9ULL;
	return (&nd6_hash[(h >> 40) & (ND6_HASHSIZE - 1)]);
}

struct nd6_nbr *
nd6_lookup(const struct ifnet *ifp, const struct ip_addr *a)
{
	struct nd6_nbr *nn;

	LIST_FOREACH(nn, nd6_bucket(ifp, a), nn_hash)
		if (ip_addr_eq(&nn->nn_addr, a) && nn->nn_ifp == ifp)
			return (nn);
	return (NULL);
}

/* --- held packets --- */

static void
nd6_hold(struct nd6_nbr *nn, struct mbuf *m)
{
	while (nn->nn_held.ml_len >= ND6_HOLD_MAX) {
		m_drop(ml_dequeue(&nn->nn_held), DROP_ND6_HOLDFULL);
		nd6_nheld--;
	}
	if (nd6_nheld >= ND6_HOLD_TOTAL) {
		m_drop(m, DROP_ND6_HOLDFULL);
		return;
	}
	ml_enqueue(&nn->nn_held, m);
	nd6_nheld++;
}

/* The held packets, the caller's now. */
static struct mbuf_list
nd6_unhold(struct nd6_nbr *nn)
{
	struct mbuf_list ml = nn->nn_held;

	nd6_nheld -= ml.ml_len;
	ml_init(&nn->nn_held);
	return (ml);
}

static void
nd6_held_send(struct nd6_nbr *nn)
{
	struct nexthop nh = { .nh_af = AF_INET6, .nh_addr = nn->nn_addr };
	struct ifnet *ifp = nn->nn_ifp;
	struct mbuf_list ml = nd6_unhold(nn);
	struct mbuf *m;

	while ((m = ml_dequeue(&ml)) != NULL)
		(void)ifp->if_output(ifp, m, &nh, NULL);
}

static void
nd6_held_drop(struct nd6_nbr *nn, enum drop_reason why)
{
	struct mbuf_list ml = nd6_unhold(nn);
	struct mbuf *m;

	while ((m = ml_dequeue(&ml)) != NULL)
		m_drop(m, why);
}

/* --- life of an entry --- */

static void
nd6_unlist(struct nd6_nbr *nn)
{
	if (!nn->nn_listed)
		return;
	TAILQ_REMOVE(nd6_list_of(nn->nn_state), nn, nn_list);
	nd6_nincomplete -= nn->nn_state == ND6_INCOMPLETE;
	nn->nn_listed = false;
}

static void
nd6_enlist(struct nd6_nbr *nn)
{
	struct nd6_list *list = nd6_list_of(nn->nn_state);

	if (list == NULL)
		return;
	TAILQ_INSERT_TAIL(list, nn, nn_list);
	nd6_nincomplete += nn->nn_state == ND6_INCOMPLETE;
	nn->nn_listed = true;
}

static void
nd6_free(struct nd6_nbr *nn)
{
	timeout_del(&nn->nn_timer);
	nd6_unlist(nn);
	LIST_REMOVE(nn, nn_hash);
	in6_if(nn->nn_ifp)->i6_nbrs--;
	if (nn->nn_proxy) {
		in6_if(nn->nn_ifp)->i6_proxies--;
		in6_solicited_look(nn->nn_ifp, &nn->nn_addr);
	}
	nd6_count--;
	pool_put(&nd6_pool, nn);
}

/* The entry and its host route go, packets are the caller's business. */
static void
nd6_end(struct nd6_nbr *nn)
{
	struct rtentry *rt = nn->nn_rt;

	nn->nn_rt = NULL;
	nd6_free(nn);
	if (rt == NULL)
		return;
	rt->rt_llinfo = NULL;
	if (rt_isvalid(rt))
		(void)rtrequest_delete(rt);
}

void
nd6_remove(struct nd6_nbr *nn)
{
	nd6_held_drop(nn, DROP_ND6_GONE);
	nd6_end(nn);
}

static void
nd6_evict(struct nd6_nbr *nn)
{
	nd6stat_inc(ND6S_EVICTED);
	nd6_held_drop(nn, DROP_ND6_EVICTED);
	nd6_end(nn);
}

/* Room for one more entry? */
static bool
nd6_make_room(void)
{
	unsigned int max = (unsigned int)ip6_neighborgcthresh;

	if (nd6_nincomplete > max / 4)
		nd6_evict(TAILQ_FIRST(&nd6_incomplete));
	if (nd6_count < max)
		return (true);
	if (!TAILQ_EMPTY(&nd6_stale))
		nd6_evict(TAILQ_FIRST(&nd6_stale));
	else if (!TAILQ_EMPTY(&nd6_doubted))
		nd6_evict(TAILQ_FIRST(&nd6_doubted));
	else if (!TAILQ_EMPTY(&nd6_incomplete))
		nd6_evict(TAILQ_FIRST(&nd6_incomplete));
	return (nd6_count < max);
}

static void
nd6_timer(void *arg)
{
	nd6_event(arg, ND6_EV_TIMEOUT, NULL);
}

struct nd6_nbr *
nd6_get(struct ifnet *ifp, const struct ip_addr *a)
{
	struct nd6_nbr *nn;

	if ((nn = nd6_lookup(ifp, a)) != NULL)
		return (nn);
	if (in6_if(ifp) == NULL || ifp->if_detaching != 0)
		return (NULL);
	if (!nd6_make_room() || (nn = pool_get(&nd6_pool, PR_ZERO)) == NULL) {
		nd6stat_inc(ND6S_REFUSED);
		return (NULL);
	}
	nn->nn_ifp = ifp;
	nn->nn_addr = *a;
	nn->nn_state = ND6_INCOMPLETE;
	nn->nn_since_us = uptime_us();
	ml_init(&nn->nn_held);
	timeout_set(&nn->nn_timer, nd6_timer, nn);
	/* silent ones must not stay for ever */
	timeout_add_us(&nn->nn_timer, in6_if(ifp)->i6_retrans_us);
	LIST_INSERT_HEAD(nd6_bucket(ifp, a), nn, nn_hash);
	nd6_enlist(nn);
	nd6_count++;
	in6_if(ifp)->i6_nbrs++;
	nd6stat_inc(ND6S_NEW);
	return (nn);
}

/* --- the state machine --- */

static uint64_t
nd6_state_time(const struct nd6_nbr *nn)
{
	const struct in6_if *i6 = in6_if(nn->nn_ifp);

	switch (nn->nn_state) {
	case ND6_REACHABLE:
		return (i6->i6_reachable_us);
	case ND6_STALE:
		return (ND6_FORGET_us);
	case ND6_DELAY:
		return ((uint64_t)icmp6_nd6_delay * 1000000);
	default:
		return (i6->i6_retrans_us);
	}
}

static void
nd6_enter(struct nd6_nbr *nn, enum nd6_state next)
{
	nd6_unlist(nn);
	nn->nn_state = next;
	nn->nn_since_us = uptime_us();
	nn->nn_tries = 0;
	nd6_enlist(nn);
	if (next == ND6_REACHABLE && in6_islinklocal(&nn->nn_addr))
		nd6_rtr_reach(nn->nn_ifp, &nn->nn_addr, true);
	if (next == ND6_PERMANENT)
		timeout_del(&nn->nn_timer);
	else
		timeout_add_us(&nn->nn_timer, nd6_state_time(nn));
}

/* --- actions; those that end the entry do it last --- */

static void
nd6_nothing(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr)
{
}

static void
nd6_move(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr)
{
	nd6_enter(nn, next);
}

/* Programs see the link address in the host route. */
static void
nd6_show(struct nd6_nbr *nn)
{
	struct rtentry *rt = nn->nn_rt;

	rt_neighbour_found(nn->nn_ifp, &nn->nn_addr);
	if (rt == NULL)
		return;
	memset(&rt->rt_gateway, 0, sizeof(rt->rt_gateway));
	memcpy(rt->rt_gateway.b, nn->nn_lladdr, sizeof(nn->nn_lladdr));
	rt->rt_gwaf = AF_LINK;
}

/* The link address is this one from now on. */
static void
nd6_take(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr)
{
	nd6stat_inc(
	    nn->nn_state == ND6_INCOMPLETE ? ND6S_RESOLVED : ND6S_LLCHANGE);
	memcpy(nn->nn_lladdr, lladdr, sizeof(nn->nn_lladdr));
	nd6_show(nn);
	nd6_enter(nn, next);
	nd6_held_send(nn);
}

/* The first packet for him: the first question. */
static void
nd6_ask(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr)
{
	if (nn->nn_tries != 0)
		return;
	nn->nn_tries = 1;
	timeout_add_us(&nn->nn_timer, nd6_state_time(nn));
	nd6_ns_output(nn->nn_ifp, NULL, &nn->nn_addr, NULL,
	    nn->nn_held.ml_head);
}

/* No answer after all questions (RFC 4861 7.2.2): those who wait are told. */
static void
nd6_fail(struct nd6_nbr *nn)
{
	struct mbuf_list ml = nd6_unhold(nn);
	struct mbuf *m;

	nd6stat_inc(
	    nn->nn_state == ND6_INCOMPLETE ? ND6S_FAILED : ND6S_UNREACHABLE);
	if (nn->nn_tries > 0)
		rt_neighbour_lost(nn->nn_ifp, &nn->nn_addr);
	if (nn->nn_router)
		nd6_router(nn, false);
	if (in6_islinklocal(&nn->nn_addr))
		nd6_rtr_reach(nn->nn_ifp, &nn->nn_addr, false);
	nd6_end(nn);
	while ((m = ml_dequeue(&ml)) != NULL) {
		drop_count(DROP_ND6_UNRESOLVED);
		icmp6_error(m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, 0);
	}
}

static void
nd6_ask_again(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr)
{
	if (nn->nn_tries == 0 || nn->nn_tries >= icmp6_nd6_mmaxtries) {
		nd6_fail(nn);
		return;
	}
	nn->nn_tries++;
	timeout_add_us(&nn->nn_timer, nd6_state_time(nn));
	nd6_ns_output(nn->nn_ifp, NULL, &nn->nn_addr, NULL,
	    nn->nn_held.ml_head);
}

static void
nd6_probe(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr)
{
	if (nn->nn_state != next)
		nd6_enter(nn, next);
	if (nn->nn_tries >= icmp6_nd6_umaxtries) {
		nd6_fail(nn);
		return;
	}
	nn->nn_tries++;
	timeout_add_us(&nn->nn_timer, nd6_state_time(nn));
	nd6_ns_output(nn->nn_ifp, &nn->nn_addr, &nn->nn_addr, NULL, NULL);
}

static void
nd6_forget(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr)
{
	nd6_remove(nn);
}

/* clang-format off */
static const struct nd6_step {
	void (*act)(struct nd6_nbr *nn, enum nd6_state next, const uint8_t *lladdr);
	enum nd6_state next;
} nd6_steps[ND6_NSTATES][ND6_NEVENTS] = {
	[ND6_INCOMPLETE] = {
		[ND6_EV_SEND]	   = { nd6_ask,	      ND6_INCOMPLETE },
		[ND6_EV_TIMEOUT]   = { nd6_ask_again, ND6_INCOMPLETE },
		[ND6_EV_HINT_SAME] = { nd6_take,      ND6_STALE },
		[ND6_EV_HINT_NEW]  = { nd6_take,      ND6_STALE },
		[ND6_EV_SOL_SAME]  = { nd6_take,      ND6_REACHABLE },
		[ND6_EV_SOL_OVER]  = { nd6_take,      ND6_REACHABLE },
		[ND6_EV_SOL_KEEP]  = { nd6_take,      ND6_REACHABLE },
		[ND6_EV_UNS_SAME]  = { nd6_take,      ND6_STALE },
		[ND6_EV_UNS_OVER]  = { nd6_take,      ND6_STALE },
		[ND6_EV_UNS_KEEP]  = { nd6_take,      ND6_STALE },
		[ND6_EV_CONFIRM]   = { nd6_nothing,   ND6_INCOMPLETE },
	},
	[ND6_REACHABLE] = {
		[ND6_EV_SEND]	   = { nd6_nothing,   ND6_REACHABLE },
		[ND6_EV_TIMEOUT]   = { nd6_move,      ND6_STALE },
		[ND6_EV_HINT_SAME] = { nd6_nothing,   ND6_REACHABLE },
		[ND6_EV_HINT_NEW]  = { nd6_take,      ND6_STALE },
		[ND6_EV_SOL_SAME]  = { nd6_move,      ND6_REACHABLE },
		[ND6_EV_SOL_OVER]  = { nd6_take,      ND6_REACHABLE },
		[ND6_EV_SOL_KEEP]  = { nd6_move,      ND6_STALE },
		[ND6_EV_UNS_SAME]  = { nd6_nothing,   ND6_REACHABLE },
		[ND6_EV_UNS_OVER]  = { nd6_take,      ND6_STALE },
		[ND6_EV_UNS_KEEP]  = { nd6_move,      ND6_STALE },
		[ND6_EV_CONFIRM]   = { nd6_move,      ND6_REACHABLE },
	},
	[ND6_STALE] = {
		[ND6_EV_SEND]	   = { nd6_move,      ND6_DELAY },
		[ND6_EV_TIMEOUT]   = { nd6_forget,    ND6_STALE },
		[ND6_EV_HINT_SAME] = { nd6_nothing,   ND6_STALE },
		[ND6_EV_HINT_NEW]  = { nd6_take,      ND6_STALE },
		[ND6_EV_SOL_SAME]  = { nd6_move,      ND6_REACHABLE },
		[ND6_EV_SOL_OVER]  = { nd6_take,      ND6_REACHABLE },
		[ND6_EV_SOL_KEEP]  = { nd6_nothing,   ND6_STALE },
		[ND6_EV_UNS_SAME]  = { nd6_nothing,   ND6_STALE },
		[ND6_EV_UNS_OVER]  = { nd6_take,      ND6_STALE },
		[ND6_EV_UNS_KEEP]  = { nd6_nothing,   ND6_STALE },
		[ND6_EV_CONFIRM]   = { nd6_move,      ND6_REACHABLE },
	},
	[ND6_DELAY] = {
		[ND6_EV_SEND]	   = { nd6_nothing,   ND6_DELAY },
		[ND6_EV_TIMEOUT]   = { nd6_probe,     ND6_PROBE },
		[ND6_EV_HINT_SAME] = { nd6_nothing,   ND6_DELAY },
		[ND6_EV_HINT_NEW]  = { nd6_take,      ND6_STALE },
		[ND6_EV_SOL_SAME]  = { nd6_move,      ND6_REACHABLE },
		[ND6_EV_SOL_OVER]  = { nd6_take,      ND6_REACHABLE },
		[ND6_EV_SOL_KEEP]  = { nd6_nothing,   ND6_DELAY },
		[ND6_EV_UNS_SAME]  = { nd6_nothing,   ND6_DELAY },
		[ND6_EV_UNS_OVER]  = { nd6_take,      ND6_STALE },
		[ND6_EV_UNS_KEEP]  = { nd6_nothing,   ND6_DELAY },
		[ND6_EV_CONFIRM]   = { nd6_move,      ND6_REACHABLE },
	},
	[ND6_PROBE] = {
		[ND6_EV_SEND]	   = { nd6_nothing,   ND6_PROBE },
		[ND6_EV_TIMEOUT]   = { nd6_probe,     ND6_PROBE },
		[ND6_EV_HINT_SAME] = { nd6_nothing,   ND6_PROBE },
		[ND6_EV_HINT_NEW]  = { nd6_take,      ND6_STALE },
		[ND6_EV_SOL_SAME]  = { nd6_move,      ND6_REACHABLE },
		[ND6_EV_SOL_OVER]  = { nd6_take,      ND6_REACHABLE },
		[ND6_EV_SOL_KEEP]  = { nd6_nothing,   ND6_PROBE },
		[ND6_EV_UNS_SAME]  = { nd6_nothing,   ND6_PROBE },
		[ND6_EV_UNS_OVER]  = { nd6_take,      ND6_STALE },
		[ND6_EV_UNS_KEEP]  = { nd6_nothing,   ND6_PROBE },
		[ND6_EV_CONFIRM]   = { nd6_move,      ND6_REACHABLE },
	},
	/* [ND6_PERMANENT]: whatever happens, what was set by hand stays */
};
/* clang-format on */

void
nd6_event(struct nd6_nbr *nn, enum nd6_event ev, const uint8_t *lladdr)
{
	const struct nd6_step *step = &nd6_steps[nn->nn_state][ev];

	nd6_check(nn);
	if (step->act == NULL)
		return;
	KASSERT(step->act != nd6_take || lladdr != NULL);
	step->act(nn, step->next, lladdr);
}

void
nd6_hint(struct ifnet *ifp, const struct ip_addr *a, const uint8_t lladdr[6])
{
	struct nd6_nbr *nn = nd6_get(ifp, a);
	bool same;

	if (nn == NULL)
		return;
	same = memcmp(nn->nn_lladdr, lladdr, sizeof(nn->nn_lladdr)) == 0;
	nd6_event(nn, same ? ND6_EV_HINT_SAME : ND6_EV_HINT_NEW, lladdr);
}

/* --- routers --- */

struct nd6_dynamic {
	const struct nd6_nbr *nn;
	struct rtentry *rt;
};

static int
nd6_dynamic_match(struct rtentry *rt, void *arg)
{
	struct nd6_dynamic *d = arg;

	if ((rt->rt_flags & RTF_DYNAMIC) == 0 || rt->rt_ifp != d->nn->nn_ifp ||
	    rt->rt_gwaf != AF_INET6 ||
	    !ip_addr_eq(&rt->rt_gateway, &d->nn->nn_addr))
		return (0);
	d->rt = rt;
	return (1);
}

/* A neighbour that is no router any more carries no redirected routes. */
void
nd6_router(struct nd6_nbr *nn, bool isrouter)
{
	struct nd6_dynamic d = { .nn = nn };
	bool was = nn->nn_router;

	nn->nn_router = isrouter;
	if (!was || isrouter)
		return;
	while (rtable_walk(nn->nn_ifp->if_rtable, AF_INET6, nd6_dynamic_match,
		   &d) != 0 &&
	    rtrequest_delete(d.rt) == 0)
		;
}

/* --- from above and below --- */

int
nd6_resolve(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt, uint8_t lladdr[6])
{
	struct nd6_nbr *nn;

	if (in6_ismulticast(&nh->nh_addr)) {
		in6_mcast_lladdr(&nh->nh_addr, lladdr);
		return (0);
	}
	if ((nn = nd6_lookup(ifp, &nh->nh_addr)) == NULL &&
	    (nn = nd6_get(ifp, &nh->nh_addr)) == NULL) {
		m_drop(m, DROP_ND6_CACHEFULL);
		return (ENOBUFS);
	}
	if (nn->nn_state == ND6_INCOMPLETE) {
		nd6_hold(nn, m);
		nd6_event(nn, ND6_EV_SEND, NULL);
		return (EAGAIN);
	}
	if (nn->nn_state == ND6_STALE)
		nd6_event(nn, ND6_EV_SEND, NULL);
	memcpy(lladdr, nn->nn_lladdr, sizeof(nn->nn_lladdr));
	return (0);
}

bool
nd6_proxies_group(const struct ifnet *ifp, const struct ip_addr *group)
{
	const struct nd6_nbr *nn;

	if (in6_if(ifp) == NULL || in6_if(ifp)->i6_proxies == 0)
		return (false);
	for (unsigned int i = 0; i < nitems(nd6_hash); i++)
		LIST_FOREACH(nn, &nd6_hash[i], nn_hash)
			if (nn->nn_proxy && nn->nn_ifp == ifp &&
			    memcmp(nn->nn_addr.b + 13, group->b + 13, 3) == 0)
				return (true);
	return (false);
}

int
nd6_set(struct ifnet *ifp, const struct ip_addr *a, const uint8_t lladdr[6],
    bool proxy)
{
	struct nd6_nbr *nn = nd6_get(ifp, a);

	if (nn == NULL)
		return (ENOMEM);
	memcpy(nn->nn_lladdr, lladdr, sizeof(nn->nn_lladdr));
	in6_if(ifp)->i6_proxies += (unsigned int)proxy - nn->nn_proxy;
	nn->nn_proxy = proxy;
	in6_solicited_look(ifp, a);
	nd6_show(nn);
	nd6_enter(nn, ND6_PERMANENT);
	nd6_held_send(nn);
	return (0);
}

/*
 * A host route is born: it and its neighbour know each other.  One that was
 * made with a link address is a neighbour by hand (RTF_PROTO2: published).
 */
static int
nd6_rt_attach(struct rtentry *rt)
{
	struct nd6_nbr *nn;

	if ((rt->rt_flags & RTF_LOCAL) != 0 ||
	    (rt->rt_ifp->if_flags & IFF_LOOPBACK) != 0)
		return (0);
	if ((nn = nd6_get(rt->rt_ifp, &rt->rt_dst)) == NULL)
		return (ENOMEM);
	if (nn->nn_rt != NULL && nn->nn_rt != rt)
		nn->nn_rt->rt_llinfo = NULL;
	nn->nn_rt = rt;
	rt->rt_llinfo = nn;
	if (rt->rt_gwaf == AF_LINK)
		return (nd6_set(rt->rt_ifp, &rt->rt_dst, rt->rt_gateway.b,
		    (rt->rt_flags & RTF_PROTO2) != 0));
	if (nn->nn_state != ND6_INCOMPLETE)
		nd6_show(nn);
	return (0);
}

static void
nd6_rt_detach(struct rtentry *rt)
{
	struct nd6_nbr *nn = rt->rt_llinfo;

	rt->rt_llinfo = NULL;
	if (nn == NULL)
		return;
	nn->nn_rt = NULL;
	/* one by hand outlives a clone, but not the route that made it */
	if (nn->nn_state != ND6_PERMANENT || (rt->rt_flags & RTF_CLONED) == 0)
		nd6_remove(nn);
}

static void
nd6_flush(struct ifnet *ifp, bool permanent_too)
{
	struct nd6_nbr *nn, *next;
	unsigned int i;

	for (i = 0; i < ND6_HASHSIZE; i++) {
again:
		LIST_FOREACH_SAFE(nn, &nd6_hash[i], nn_hash, next) {
			if (nn->nn_ifp != ifp ||
			    (nn->nn_state == ND6_PERMANENT && !permanent_too))
				continue;
			nd6_remove(nn); /* may take a route and more with it */
			goto again;
		}
	}
}

void
nd6_ifdown(struct ifnet *ifp)
{
	nd6_flush(ifp, false);
}

void
nd6_ifgone(struct ifnet *ifp)
{
	nd6_flush(ifp, true);
}

/* --- for ndp(8) --- */

static void
nd6_row_fill(const struct nd6_nbr *nn, struct nd6_row *row)
{
	memset(row, 0, sizeof(*row));
	row->addr = nn->nn_addr;
	strlcpy(row->ifname, nn->nn_ifp->if_xname, sizeof(row->ifname));
	memcpy(row->lladdr, nn->nn_lladdr, sizeof(row->lladdr));
	row->state = (uint8_t)nn->nn_state;
	row->router = nn->nn_router;
	row->proxy = nn->nn_proxy;
	row->tries = nn->nn_tries;
	row->held = (uint8_t)nn->nn_held.ml_len;
	if (timeout_pending(&nn->nn_timer) &&
	    nn->nn_timer.to_when_us > uptime_us())
		row->expire_s = (uint32_t)((nn->nn_timer.to_when_us -
					       uptime_us() + 999999) /
		    1000000);
}

/* One row written sets an entry by hand, or deletes it (state ND6_NSTATES). */
static int
nd6_row_write(const struct nd6_row *row)
{
	struct nd6_nbr *nn;
	struct ifnet *ifp;

	if (strnlen(row->ifname, sizeof(row->ifname)) == sizeof(row->ifname) ||
	    (ifp = if_unit(row->ifname)) == NULL)
		return (ENXIO);
	if (row->state == ND6_NSTATES) {
		if ((nn = nd6_lookup(ifp, &row->addr)) == NULL)
			return (ESRCH);
		nd6_remove(nn);
		return (0);
	}
	if (row->state != ND6_PERMANENT || (row->lladdr[0] & 1) != 0 ||
	    in6_ismulticast(&row->addr) || ip_addr_iszero(&row->addr) ||
	    row->proxy > 1 || (ifp->if_flags & IFF_LOOPBACK) != 0 ||
	    ifa_onif(ifp, AF_INET6, &row->addr) != NULL)
		return (EINVAL);
	return (nd6_set(ifp, &row->addr, row->lladdr, row->proxy != 0));
}

static int
nd6_sysctl_cache(struct sysctl_req *req)
{
	struct nd6_row row;
	struct nd6_nbr *nn;
	unsigned int i;
	int error = 0;

	if (req->new != NULL) {
		if (req->newlen != sizeof(row))
			return (EINVAL);
		memcpy(&row, req->new, sizeof(row));
		if ((error = nd6_row_write(&row)) != 0)
			return (error);
	}
	for (i = 0; i < ND6_HASHSIZE && error == 0; i++)
		LIST_FOREACH(nn, &nd6_hash[i], nn_hash) {
			nd6_row_fill(nn, &row);
			if ((error = sysctl_out(req, &row, sizeof(row))) != 0)
				break;
		}
	return (error);
}

static const struct sysctl_row nd6_sysctls[] = {
	{ "net.inet6.nd6.cache", CTL_OPAQUE, CTLF_WR | CTLF_HIDDEN, NULL, 0, 0,
	    nd6_sysctl_cache, NULL, "neighbours known" },
};
static struct sysctl_table nd6_sysctl_table = {
	.rows = nd6_sysctls,
	.nrows = nitems(nd6_sysctls),
};

static bool
nd6_rt_lladdr(const struct rtentry *rt, uint8_t lladdr[6])
{
	const struct nd6_nbr *nn = rt->rt_llinfo;

	if (nn->nn_state == ND6_INCOMPLETE)
		return (false);
	memcpy(lladdr, nn->nn_lladdr, 6);
	return (true);
}

static const struct rt_llhooks nd6_llhooks = {
	.af = AF_INET6,
	.attach = nd6_rt_attach,
	.detach = nd6_rt_detach,
	.lladdr = nd6_rt_lladdr,
};

void
nd6_init(void)
{
	arc4random_buf(nd6_key, sizeof(nd6_key));
	pool_init(&nd6_pool, sizeof(struct nd6_nbr), 0, "nd6nbr");
	rt_llhooks_register(&nd6_llhooks);
	sysctl_register(&nd6_sysctl_table);
}
