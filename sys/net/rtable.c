/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The routing table: prefixes, their routes, and the way to an address.
 *
 * A table has a tree of prefixes (lpm.c) for each family.  The value of a
 * prefix is its first route; the others follow by rt_next, sorted by
 * priority.  The route that counts is the first that is up.
 *
 * A route on a link (RTF_CLONING) stands for all its neighbours; the first
 * packet to one makes a host route (RTF_CLONED) that carries the link
 * address.  A route by a gateway keeps a reference to the gateway's host
 * route.  Both are caches: they go when the route they came from goes, or
 * when a longer prefix takes their place.  So do hosts whose path MTU or better
 * gateway was learned: they are children of the route by which they were reached.
 *
 * Adding looks and allocates first, then links; deleting cannot fail.
 * Read on: rt_ifa.c, routes that addresses bring; rt_dynamic.c, routes that
 * others teach us.
 */

#include <sys/malloc.h>
#include <sys/pool.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/lpm.h>
#include <net/rt_priv.h>
#include <net/rtable.h>

#define IFHASH 64
#define NHOOKS 4
#define MPATH_TRIES 8 /* ways of equal routes that are looked at for a packet */

struct rtable {
	struct lpm tree[2]; /* v4, v6 */
	uint32_t domain; /* the table that has addresses and links */
};

#define RT_LARGE 4096 /* prefixes: their nodes and routes fill a second-level cache */

static struct pool rt_pool;
static struct rtable *tables[RT_TABLEID_MAX + 1];
static TAILQ_HEAD(, rtentry) by_if[IFHASH];
static const struct rt_llhooks *llhooks[NHOOKS];
static const struct rtm_hooks *rtm;
unsigned int rt_ndynamic;

/* --- small things --- */

static struct lpm *
tree_get(uint32_t tableid, sa_family_t af)
{
	if (tableid > RT_TABLEID_MAX || tables[tableid] == NULL || (af != AF_INET && af != AF_INET6))
		return (NULL);
	return (&tables[tableid]->tree[af == AF_INET6]);
}

static unsigned int
af_bits(sa_family_t af)
{
	return (af == AF_INET ? 32 : 128);
}

void
rt_ref(struct rtentry *rt)
{
	refcnt_take(&rt->rt_refs);
}

void
rt_put(struct rtentry *rt)
{
	if (rt == NULL || !refcnt_rele(&rt->rt_refs))
		return;
	KASSERT((rt->rt_flags & RTF_UP) == 0 && rt->rt_llinfo == NULL && rt->rt_parent == NULL);
	rt_put(rt->rt_gwroute);
	ifa_put(rt->rt_ifa);
	if_put(rt->rt_ifp);
	pool_put(&rt_pool, rt);
}

void
rt_llhooks_register(const struct rt_llhooks *h)
{
	for (size_t i = 0; i < NHOOKS; i++)
		if (llhooks[i] == NULL) {
			llhooks[i] = h;
			return;
		}
	panic("too many link layer hooks");
}

static const struct rt_llhooks *
llhooks_get(sa_family_t af)
{
	for (size_t i = 0; i < NHOOKS && llhooks[i] != NULL; i++)
		if (llhooks[i]->af == af)
			return (llhooks[i]);
	return (NULL);
}

bool
rt_lladdr(const struct rtentry *rt, uint8_t lladdr[6])
{
	const struct rt_llhooks *h = llhooks_get(rt->rt_af);

	if ((rt->rt_flags & (RTF_LOCAL | RTF_LLINFO)) == (RTF_LOCAL | RTF_LLINFO)) {
		memcpy(lladdr, rt->rt_ifp->if_lladdr, 6);
		return (true);
	}
	return (rt->rt_llinfo != NULL && h != NULL && h->lladdr != NULL && h->lladdr(rt, lladdr));
}

void
rtm_hooks_register(const struct rtm_hooks *h)
{
	rtm = h;
}

void
rtm_route(enum rtm_type type, const struct rtentry *rt, int error, pid_t pid, uint32_t seq)
{
	if (rtm != NULL)
		rtm->route(type, rt, error, pid, seq);
}

void
rtm_miss(enum rtm_type type, sa_family_t af, const struct ip_addr *dst, const struct ip_addr *gw, uint32_t tableid, int error)
{
	if (rtm != NULL)
		rtm->miss(type, af, dst, gw, tableid, error);
}

/* --- look-ups --- */

static struct rtentry *
first_up(struct rtentry *rt)
{
	while (rt != NULL && (rt->rt_flags & RTF_UP) == 0)
		rt = rt->rt_next;
	return (rt);
}

/* The longest match has no route that is up: shorter ones. */
static struct rtentry *
match_shorter(const struct lpm *tree, const struct ip_addr *dst, const struct rtentry *rt)
{
	struct rtentry *up;

	while (rt->rt_plen > 0 && (rt = lpm_match(tree, dst, rt->rt_plen - 1u)) != NULL)
		if ((up = first_up((struct rtentry *)(uintptr_t)rt)) != NULL)
			return (up);
	return (NULL);
}

/* What is ours is so whatever table a packet goes by. */
static struct rtentry *
match_ours(uint32_t domain, sa_family_t af, const struct ip_addr *dst)
{
	struct rtentry *rt = rtable_match(domain, af, dst);

	return (rt != NULL && (rt->rt_flags & (RTF_LOCAL | RTF_BROADCAST)) != 0 ? rt : NULL);
}

struct rtentry *
rtable_match(uint32_t tableid, sa_family_t af, const struct ip_addr *dst)
{
	const struct lpm *tree = tree_get(tableid, af);
	struct rtentry *rt, *up;

	if (tree == NULL)
		return (NULL);
	if (__predict_false(tables[tableid]->domain != tableid) &&
	    (rt = match_ours(tables[tableid]->domain, af, dst)) != NULL)
		return (rt);
	if ((rt = lpm_match(tree, dst, af_bits(af))) == NULL)
		return (NULL);
	if (__predict_true((rt->rt_flags & RTF_UP) != 0))
		return (rt);
	return ((up = first_up(rt)) != NULL ? up : match_shorter(tree, dst, rt));
}

bool
rtable_large(uint32_t tableid, sa_family_t af)
{
	const struct lpm *tree = tree_get(tableid, af);

	return (tree != NULL && tree->prefixes >= RT_LARGE);
}

void
rtable_fetch(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, unsigned int n)
{
	void *rt[RT_FETCH_MAX];

	KASSERT(n <= RT_FETCH_MAX);
	if (n < 2 || !rtable_large(tableid, af))
		return;
	lpm_match_many(tree_get(tableid, af), dst, n, af_bits(af), rt);
	for (unsigned int i = 0; i < n; i++)
		__builtin_prefetch(rt[i], 1);
}

struct rtentry *
rtable_lookup(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, unsigned int plen, uint8_t priority)
{
	const struct lpm *tree = tree_get(tableid, af);
	struct rtentry *rt;

	if (tree == NULL || plen > af_bits(af) || (rt = lpm_find(tree, dst, plen)) == NULL)
		return (NULL);
	if (priority == RTP_ANY)
		return (first_up(rt) != NULL ? first_up(rt) : rt);
	while (rt != NULL && rt->rt_priority != priority)
		rt = rt->rt_next;
	return (rt);
}

/* An IPv6 link-local gateway is its interface's: no table knows it. */
static bool
is_linklocal(uint16_t af, const struct ip_addr *a)
{
	return (af == AF_INET6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

/* The gateway's own host route, looked up anew when it went.  0 or errno. */
static int
gateway_resolve(struct rtentry *rt, const struct mbuf *m)
{
	uint32_t domain = rtable_l2(rt->rt_tableid);
	struct rtentry *gw;
	int error = 0;

	if (__predict_true(rt->rt_gwroute != NULL && (rt->rt_gwroute->rt_flags & RTF_UP) != 0))
		return (0);
	if (is_linklocal(rt->rt_gwaf, &rt->rt_gateway))
		return (0);
	rt_put(rt->rt_gwroute);
	rt->rt_gwroute = NULL;
	gw = rtable_match(domain, rt->rt_gwaf, &rt->rt_gateway);
	/* it may have become reachable only by another gateway, or by us */
	if (gw == NULL || (gw->rt_flags & RTF_GATEWAY) != 0 || gw == rt)
		return (EHOSTUNREACH);
	gw = rt_resolve(domain, rt->rt_gwaf, &rt->rt_gateway, m, &error);
	if (gw == NULL)
		return (error != 0 ? error : EHOSTUNREACH);
	rt_ref(gw);
	rt->rt_gwroute = gw;
	return (0);
}

/* --- cloning --- */

void
rt_child_of(struct rtentry *rt, struct rtentry *parent)
{
	KASSERT(rt->rt_parent == NULL && parent->rt_parent == NULL);
	rt_ref(parent);
	rt->rt_parent = parent;
	LIST_INSERT_HEAD(&parent->rt_children, rt, rt_sibling);
}

/* rt stands for itself from now on. */
static void
child_release(struct rtentry *rt)
{
	struct rtentry *parent = rt->rt_parent;

	if (parent == NULL)
		return;
	LIST_REMOVE(rt, rt_sibling);
	LIST_INIT(&rt->rt_children);
	rt->rt_parent = NULL;
	rt_put(parent);
}

/* Whatever the parent's priority: it may be a host route, and beside it then. */
static struct rtentry *
clone_make(struct rtentry *parent, const struct ip_addr *dst, int *error)
{
	struct rt_want want = { .af = parent->rt_af, .gwaf = AF_UNSPEC, .plen = (uint8_t)af_bits(parent->rt_af),
		.priority = RTP_CONNECTED, .flags = RTF_HOST | RTF_CLONED | RTF_LLINFO, .tableid = parent->rt_tableid,
		.mtu = parent->rt_mtu, .label = parent->rt_label, .dst = *dst, .ifp = parent->rt_ifp, .ifa = parent->rt_ifa };
	const struct rt_llhooks *h = llhooks_get(parent->rt_af);
	struct rtentry *rt;

	if ((parent->rt_flags & RTF_HOST) != 0 && (rt = LIST_FIRST(&parent->rt_children)) != NULL)
		return (rt);

	if ((*error = rtrequest_add(&want, &rt)) != 0) {
		*error = *error == ENOMEM ? ENOBUFS : *error;
		return (NULL);
	}
	rt_child_of(rt, parent);
	if (h != NULL && h->attach(rt) != 0) {
		rtrequest_delete(rt);
		*error = ENOBUFS;
		return (NULL);
	}
	return (rt);
}

/* One of equal routes; those whose gateway cannot be reached are passed over. */
static struct rtentry *
mpath_resolve(struct rtentry *first, const struct mbuf *m)
{
	struct rtentry *rt = first;

	for (int tries = 0; tries < MPATH_TRIES; tries++) {
		rt = rt_mpath_choose(first, m);
		if ((rt->rt_flags & RTF_GATEWAY) == 0 || gateway_resolve(rt, m) != EHOSTUNREACH)
			break;
		rt_neighbour_lost(rt->rt_ifp, &rt->rt_gateway);
	}
	return (rt);
}

struct rtentry *
rt_resolve(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, const struct mbuf *m, int *error)
{
	struct rtentry *rt = rtable_match(tableid, af, dst);

	*error = ENETUNREACH;
	if (rt == NULL)
		return (NULL);
	if (__predict_false((rt->rt_flags & RTF_MPATH) != 0))
		rt = mpath_resolve(rt, m);
	if (__predict_false((rt->rt_flags & (RTF_REJECT | RTF_BLACKHOLE)) != 0)) {
		*error = (rt->rt_flags & RTF_BLACKHOLE) != 0 ? 0 : EHOSTUNREACH;
		return (NULL);
	}
	if ((rt->rt_flags & RTF_CLONING) != 0 && (rt = clone_make(rt, dst, error)) == NULL)
		return (NULL);
	if ((rt->rt_flags & RTF_GATEWAY) != 0 && (*error = gateway_resolve(rt, m)) != 0)
		return (NULL);
	*error = 0;
	rt->rt_use++;
	return (rt);
}

/* --- add --- */

static bool
if_usable(const struct ifnet *ifp)
{
	return ((ifp->if_flags & IFF_UP) != 0 && ifp->if_link_state != LINK_STATE_DOWN);
}

/* Routes to ourselves and those that lead nowhere do not depend on a link. */
static bool
route_usable(uint32_t flags, const struct ifnet *ifp)
{
	if ((flags & (RTF_REJECT | RTF_BLACKHOLE)) != 0)
		return (true);
	if ((flags & RTF_LOCAL) != 0)
		return ((ifp->if_flags & IFF_UP) != 0);
	return (if_usable(ifp));
}

/*
 * The interface whose prefix holds the gateway though it has no link now: the
 * route waits for it, as the prefix's own does.
 */
static struct ifnet *
link_of(const struct rt_want *w)
{
	struct ifnet *ifp;
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		if (ifp->if_rtable == rtable_l2(w->tableid) && (ifa = ifa_ifpforaddr(ifp, w->gwaf, &w->gateway)) != NULL &&
		    !ip_addr_eq(&ifa->ifa_addr, &w->gateway))
			return (ifp);
	return (NULL);
}

/* Interface and source of a route that names only its gateway. */
static int
want_complete(struct rt_want *w)
{
	struct rtentry *gw;

	if (w->gwaf == AF_INET || w->gwaf == AF_INET6) {
		w->flags |= RTF_GATEWAY;
		if (w->ifp == NULL) {
			if (is_linklocal(w->gwaf, &w->gateway))
				return (ENETUNREACH); /* the first link of many is none */
			gw = rtable_match(rtable_l2(w->tableid), w->gwaf, &w->gateway);
			if (gw != NULL && (gw->rt_flags & (RTF_GATEWAY | RTF_REJECT | RTF_BLACKHOLE)) == 0)
				w->ifp = gw->rt_ifp;
			else if ((w->ifp = link_of(w)) == NULL)
				return (ENETUNREACH);
		}
		if (w->ifa == NULL)
			w->ifa = ifa_ifpforaddr(w->ifp, w->gwaf, &w->gateway);
	}
	if (w->ifp == NULL && (w->flags & (RTF_REJECT | RTF_BLACKHOLE)) != 0)
		w->ifp = if_unit("lo0");
	if (w->ifp == NULL)
		return (ENETUNREACH);
	if (w->ifa == NULL)
		w->ifa = ifa_ifpforaddr(w->ifp, w->af, &w->dst);
	if (w->priority == RTP_NONE)
		w->priority = (w->flags & RTF_CONNECTED) != 0 ? RTP_CONNECTED :
		    (uint8_t)MIN(RTP_STATIC + w->ifp->if_priority, RTP_MAX);
	return (0);
}

static int
want_check(struct rt_want *w)
{
	if (tree_get(w->tableid, w->af) == NULL || w->plen > af_bits(w->af) || w->priority > RTP_MAX)
		return (EINVAL);
	if (w->gwaf != AF_UNSPEC && w->gwaf != AF_INET && w->gwaf != AF_INET6 && w->gwaf != AF_LINK)
		return (EINVAL);
	ip_addr_mask(&w->dst, w->plen);
	if (w->plen == af_bits(w->af))
		w->flags |= RTF_HOST;
	return (want_complete(w));
}

/* The interfaces that default routes lead to are group egress. */
static void
egress_follow(const struct rtentry *rt, int delta)
{
	if (rt->rt_plen == 0 && (rt->rt_flags & (RTF_REJECT | RTF_BLACKHOLE)) == 0)
		if_egress_count(rt->rt_ifp, delta);
}

/*
 * May the wanted route be beside rt?  It must ask for that.  A route that is
 * there agrees, unless it is the kernel's own; one that changes does not make
 * others agree anew.
 */
static bool
may_share(const struct rtentry *rt, const struct rt_want *w, bool change)
{
	const uint32_t own = RTF_LOCAL | RTF_BROADCAST | RTF_CONNECTED | RTF_CLONED | RTF_LLINFO | RTF_DYNAMIC;

	if ((w->flags & RTF_MPATH) == 0 || (rt->rt_flags & own) != 0)
		return (false);
	return (!change || (rt->rt_flags & RTF_MPATH) != 0);
}

/* Link-local prefixes and addresses are each link's own. */
static bool
other_link(const struct rtentry *rt, const struct rt_want *w)
{
	return (rt->rt_ifp != w->ifp && is_linklocal(w->af, &w->dst) && w->plen >= 10);
}

/* Is there a route, other than self, that the wanted one would double? */
static bool
route_doubles(const struct rtentry *rt, const struct rtentry *self, const struct rt_want *w)
{
	for (; rt != NULL; rt = rt->rt_next) {
		if (rt == self || rt->rt_priority != w->priority || other_link(rt, w))
			continue;
		if ((rt->rt_flags & RTF_CLONED) != (w->flags & RTF_CLONED))
			continue; /* a neighbour, and the host route it is made from */
		if (!may_share(rt, w, self != NULL))
			return (true);
		if (rt->rt_ifp == w->ifp && rt->rt_gwaf == w->gwaf && ip_addr_eq(&rt->rt_gateway, &w->gateway))
			return (true);
	}
	return (false);
}

static struct rtentry *
route_make(const struct rt_want *w)
{
	struct rtentry *rt;

	if ((rt = pool_get(&rt_pool, PR_ZERO)) == NULL)
		return (NULL);
	refcnt_init(&rt->rt_refs);
	rt->rt_flags = w->flags & ~(uint32_t)(RTF_UP | RTF_DONE);
	rt->rt_af = w->af;
	rt->rt_plen = w->plen;
	rt->rt_priority = w->priority;
	rt->rt_gwaf = (uint8_t)w->gwaf;
	rt->rt_weight = w->weight != 0 ? w->weight : 1;
	rt->rt_tableid = (uint16_t)w->tableid;
	rt->rt_label = w->label;
	rt->rt_mtu = w->mtu;
	rt->rt_dst = w->dst;
	rt->rt_gateway = w->gateway;
	if_ref(w->ifp);
	rt->rt_ifp = w->ifp;
	if (w->ifa != NULL)
		ifa_ref(w->ifa);
	rt->rt_ifa = w->ifa;
	if (route_usable(rt->rt_flags, rt->rt_ifp))
		rt->rt_flags |= RTF_UP;
	return (rt);
}

/* Puts rt into the chain of its prefix; the tree holds the chain's first. */
static int
route_link(struct lpm *tree, struct rtentry *rt)
{
	struct rtentry *head = lpm_find(tree, &rt->rt_dst, rt->rt_plen), **at = &head;

	while (*at != NULL && (*at)->rt_priority <= rt->rt_priority)
		at = &(*at)->rt_next;
	rt->rt_next = *at;
	if (at == &head)
		return (lpm_insert(tree, &rt->rt_dst, rt->rt_plen, rt));
	*at = rt;
	return (0);
}

/* Equal routes, of a priority in a prefix's chain, have the flag when they are several. */
static void
group_mark(struct rtentry *head, uint8_t priority)
{
	struct rtentry *r;
	unsigned int n = 0;
	uint32_t flags = 0;

	for (r = head; r != NULL; r = r->rt_next)
		if (r->rt_priority == priority) {
			flags |= r->rt_flags;
			n++;
		}
	if ((flags & RTF_MPATH) == 0)
		return;
	for (r = head; r != NULL; r = r->rt_next)
		if (r->rt_priority == priority) {
			r->rt_flags &= ~(uint32_t)RTF_MPATH;
			r->rt_flags |= n > 1 ? RTF_MPATH : 0;
		}
}

static void
mpath_mark(struct lpm *tree, const struct rtentry *rt)
{
	if ((rt->rt_flags & RTF_MPATH) != 0)
		group_mark(lpm_find(tree, &rt->rt_dst, rt->rt_plen), rt->rt_priority);
}

/* Hosts learned by the kernel itself go without a word, others are told of. */
static void
child_delete(struct rtentry *rt)
{
	if ((rt->rt_flags & RTF_CLONED) == 0)
		rtm_route(RTM_DELETE, rt, 0, 0, 0);
	rtrequest_delete(rt);
}

static void
children_outdate_of(struct rtentry *parent, const struct rtentry *rt)
{
	struct rtentry *c, *next;

	LIST_FOREACH_SAFE(c, &parent->rt_children, rt_sibling, next)
		if (ip_addr_inprefix(&c->rt_dst, &rt->rt_dst, rt->rt_plen))
			child_delete(c);
}

/* Hosts made from a shorter prefix that lie inside of a new, longer one are stale. */
static void
children_outdate(const struct rtentry *rt)
{
	struct rtentry *over;

	if (rt->rt_plen == 0 || (rt->rt_flags & (RTF_CLONED | RTF_DYNAMIC)) != 0)
		return;
	over = lpm_match(tree_get(rt->rt_tableid, rt->rt_af), &rt->rt_dst, rt->rt_plen - 1u);
	for (; over != NULL; over = over->rt_next)
		if (over->rt_parent == NULL)
			children_outdate_of(over, rt);
}

/* A host route made with a link address: ARP or ND takes it as a neighbour. */
static int
neighbour_attach(struct rtentry *rt)
{
	const struct rt_llhooks *h = llhooks_get(rt->rt_af);

	rt->rt_flags |= RTF_LLINFO;
	if (h == NULL || h->attach(rt) == 0)
		return (0);
	rtrequest_delete(rt);
	return (ENOMEM);
}

int
rtrequest_add(const struct rt_want *want, struct rtentry **rtp)
{
	struct rt_want w = *want;
	struct lpm *tree;
	struct rtentry *rt;
	int error;

	ASSERT_TOKEN();
	if ((error = want_check(&w)) != 0)
		return (error);
	tree = tree_get(w.tableid, w.af);
	if (route_doubles(lpm_find(tree, &w.dst, w.plen), NULL, &w))
		return (EEXIST);
	if (w.label == 0 && w.label_text != NULL && w.label_text[0] != '\0' &&
	    (w.label = rt_label_number(w.label_text)) == 0)
		return (ENOMEM);
	if ((rt = route_make(&w)) == NULL)
		return (ENOMEM);
	if ((error = route_link(tree, rt)) != 0) {
		rt->rt_flags &= ~(uint32_t)RTF_UP;
		rt_put(rt);
		return (error);
	}
	TAILQ_INSERT_TAIL(&by_if[rt->rt_ifp->if_index % IFHASH], rt, rt_iflist);
	rt_expire_set(rt, w.expire_us);
	mpath_mark(tree, rt);
	rt_ndynamic += (rt->rt_flags & RTF_DYNAMIC) != 0;
	children_outdate(rt);
	egress_follow(rt, 1);
	if (rt->rt_gwaf == AF_LINK && (rt->rt_flags & RTF_HOST) != 0 && (error = neighbour_attach(rt)) != 0)
		return (error);
	if (rtp != NULL)
		*rtp = rt;
	return (0);
}

/* --- delete, change --- */

static void
route_unlink(struct lpm *tree, struct rtentry *rt)
{
	struct rtentry *head = lpm_find(tree, &rt->rt_dst, rt->rt_plen), **at = &head;

	while (*at != rt)
		at = &(*at)->rt_next;
	*at = rt->rt_next;
	if (at != &head)
		return;
	if (head != NULL)
		lpm_insert(tree, &rt->rt_dst, rt->rt_plen, head);
	else
		lpm_remove(tree, &rt->rt_dst, rt->rt_plen);
}

static void
children_delete(struct rtentry *rt)
{
	struct rtentry *c;

	while (rt->rt_parent == NULL && (c = LIST_FIRST(&rt->rt_children)) != NULL)
		child_delete(c);
}

/*
 * What hosts have of rt changes with it.  A path MTU that was learned stays if
 * it is the smaller one, and so does what a program gave the host itself.
 */
static void
children_follow(struct rtentry *rt, uint32_t mtu, uint16_t label)
{
	struct rtentry *c;

	if (rt->rt_parent != NULL)
		return;
	LIST_FOREACH(c, &rt->rt_children, rt_sibling) {
		if (c->rt_mtu == rt->rt_mtu)
			c->rt_mtu = mtu;
		else if (mtu != 0 && (c->rt_flags & (RTF_MODIFIED | RTF_DYNAMIC)) != 0)
			c->rt_mtu = MIN(c->rt_mtu, mtu);
		if (c->rt_label == rt->rt_label)
			c->rt_label = label;
	}
}

int
rtrequest_delete(struct rtentry *rt)
{
	const struct rt_llhooks *h = llhooks_get(rt->rt_af);

	ASSERT_TOKEN();
	route_unlink(tree_get(rt->rt_tableid, rt->rt_af), rt);
	mpath_mark(tree_get(rt->rt_tableid, rt->rt_af), rt);
	TAILQ_REMOVE(&by_if[rt->rt_ifp->if_index % IFHASH], rt, rt_iflist);
	rt_expire_set(rt, 0);
	rt_ndynamic -= (rt->rt_flags & RTF_DYNAMIC) != 0;
	rt->rt_flags &= ~(uint32_t)RTF_UP;
	children_delete(rt);
	child_release(rt);
	if (rt->rt_llinfo != NULL && ALWAYS(h != NULL))
		h->detach(rt);
	rt->rt_llinfo = NULL;
	rt_put(rt->rt_gwroute);
	rt->rt_gwroute = NULL;
	egress_follow(rt, -1);
	rt_put(rt);
	return (0);
}

/* Does rt lead where it would lead as wanted? */
static bool
same_way(const struct rtentry *rt, const struct rt_want *w)
{
	const uint32_t kind = RTF_REJECT | RTF_BLACKHOLE | RTF_CLONING;

	return (rt->rt_ifp == w->ifp && rt->rt_ifa == w->ifa && rt->rt_gwaf == w->gwaf &&
	    ip_addr_eq(&rt->rt_gateway, &w->gateway) && ((rt->rt_flags ^ w->flags) & kind) == 0);
}

/* The route moves to another interface's list. */
static void
route_move(struct rtentry *rt, struct ifnet *ifp, struct ifaddr *ifa)
{
	TAILQ_REMOVE(&by_if[rt->rt_ifp->if_index % IFHASH], rt, rt_iflist);
	if_ref(ifp);
	if_put(rt->rt_ifp);
	rt->rt_ifp = ifp;
	TAILQ_INSERT_TAIL(&by_if[ifp->if_index % IFHASH], rt, rt_iflist);
	if (ifa != NULL)
		ifa_ref(ifa);
	ifa_put(rt->rt_ifa);
	rt->rt_ifa = ifa;
}

/* rt as it shall be: what want and its mask say, the rest as it is. */
static struct rt_want
change_want(const struct rtentry *rt, const struct rt_want *want, uint32_t fmask)
{
	struct rt_want w = *want;

	w.af = rt->rt_af;
	w.dst = rt->rt_dst;
	w.plen = rt->rt_plen;
	w.tableid = rt->rt_tableid;
	w.priority = rt->rt_priority;
	w.mtu = want->mtu != 0 ? want->mtu : rt->rt_mtu;
	w.weight = want->weight != 0 ? want->weight : rt->rt_weight;
	w.flags = (rt->rt_flags & ~(fmask | RTF_GATEWAY)) | (want->flags & fmask);
	if (w.gwaf == AF_UNSPEC && w.ifp == NULL) { /* as it was */
		w.gwaf = rt->rt_gwaf;
		w.gateway = rt->rt_gateway;
		w.ifp = rt->rt_ifp;
		w.ifa = want->ifa != NULL ? want->ifa : rt->rt_ifa;
	}
	return (w);
}

/* Nothing fails here. */
static void
change_commit(struct rtentry *rt, const struct rt_want *w)
{
	if (same_way(rt, w))
		children_follow(rt, w->mtu, w->label);
	else
		children_delete(rt);
	egress_follow(rt, -1);
	rt_put(rt->rt_gwroute);
	rt->rt_gwroute = NULL;
	route_move(rt, w->ifp, w->ifa);
	rt->rt_gwaf = (uint8_t)w->gwaf;
	rt->rt_gateway = w->gateway;
	rt->rt_flags = w->flags & ~(uint32_t)(RTF_UP | RTF_DONE);
	if (route_usable(rt->rt_flags, rt->rt_ifp))
		rt->rt_flags |= RTF_UP;
	rt->rt_mtu = w->mtu;
	rt->rt_label = w->label;
	rt->rt_weight = w->weight;
	egress_follow(rt, 1);
}

int
rtrequest_change(struct rtentry *rt, const struct rt_want *want, uint32_t fmask)
{
	const uint32_t nowhere = RTF_REJECT | RTF_BLACKHOLE;
	struct rt_want w = change_want(rt, want, fmask);
	int error;

	if ((w.flags & nowhere) == nowhere)
		return (EINVAL);
	if ((error = want_check(&w)) != 0)
		return (error);
	if (route_doubles(lpm_find(tree_get(w.tableid, w.af), &w.dst, w.plen), rt, &w))
		return (EEXIST);
	w.label = rt->rt_label;
	if (w.label_text != NULL && w.label_text[0] != '\0' && (w.label = rt_label_number(w.label_text)) == 0)
		return (ENOMEM);
	if (want->mtu != 0 && (w.flags & (RTF_DYNAMIC | RTF_MODIFIED)) == RTF_MODIFIED) { /* said, not learned */
		w.flags &= ~(uint32_t)RTF_MODIFIED;
		rt_expire_set(rt, 0);
	}
	change_commit(rt, &w);
	return (0);
}

int
rtrequest_neighbour(struct rtentry *rt, const struct rt_want *w)
{
	const struct rt_llhooks *h = llhooks_get(rt->rt_af);
	uint16_t label = rt->rt_label;
	int error;

	if (rt->rt_ifp != w->ifp || h == NULL)
		return (EEXIST);
	if (w->label_text != NULL && w->label_text[0] != '\0' && (label = rt_label_number(w->label_text)) == 0)
		return (ENOMEM);
	/* without an entry of ARP or ND so far, it may fail: then as it was */
	if (rt->rt_llinfo == NULL && (error = h->attach(rt)) != 0)
		return (error);
	child_release(rt);
	rt->rt_flags = w->flags | RTF_HOST | RTF_LLINFO | (rt->rt_flags & RTF_UP);
	rt->rt_gwaf = AF_LINK;
	rt->rt_gateway = w->gateway;
	rt->rt_label = label;
	rt_expire_set(rt, w->expire_us);
	(void)h->attach(rt);
	return (0);
}

/* Another address of rt's interface that can stand in for the one that left. */
static struct ifaddr *
ifa_instead(const struct rtentry *rt)
{
	if ((rt->rt_flags & RTF_GATEWAY) != 0)
		return (ifa_ifpforaddr(rt->rt_ifp, rt->rt_gwaf, &rt->rt_gateway));
	return (ifa_ifpforaddr(rt->rt_ifp, rt->rt_af, &rt->rt_dst));
}

static void
ifa_purge(const struct ifaddr *ifa, unsigned int bucket)
{
	struct rtentry *rt, *next;
	struct ifaddr *other;
	bool parent;

	for (rt = TAILQ_FIRST(&by_if[bucket]); rt != NULL; rt = next) {
		next = TAILQ_NEXT(rt, rt_iflist);
		if (rt->rt_ifa != ifa)
			continue;
		if ((other = ifa_instead(rt)) != NULL) {
			ifa_put(rt->rt_ifa);
			ifa_ref(other);
			rt->rt_ifa = other;
			rtm_route(RTM_CHANGE, rt, 0, 0, 0);
			continue;
		}
		if ((rt->rt_flags & RTF_CLONED) == 0)
			rtm_route(RTM_DELETE, rt, 0, 0, 0);
		parent = rt->rt_parent == NULL && !LIST_EMPTY(&rt->rt_children);
		rtrequest_delete(rt);
		if (parent) /* it may have taken next with it */
			next = TAILQ_FIRST(&by_if[bucket]);
	}
}

void
rt_ifa_purge(struct ifaddr *ifa)
{
	ifa_purge(ifa, ifa->ifa_ifp->if_index % IFHASH);
	/* routes by other interfaces may have been told to use it, too */
	for (unsigned int i = 0; i < IFHASH && ifa->ifa_refs.r_refs > 1; i++)
		ifa_purge(ifa, i);
}

/* --- interfaces --- */

void
rt_if_track(struct ifnet *ifp)
{
	struct rtentry *rt, *next;
	bool up;

	TAILQ_FOREACH_SAFE(rt, &by_if[ifp->if_index % IFHASH], rt_iflist, next) {
		if (rt->rt_ifp != ifp)
			continue;
		up = route_usable(rt->rt_flags, ifp);
		if (up == ((rt->rt_flags & RTF_UP) != 0))
			continue;
		if (!up && (rt->rt_flags & RTF_CLONED) != 0) {
			rtrequest_delete(rt);
			continue;
		}
		rt->rt_flags ^= RTF_UP;
		rtm_route(RTM_CHANGE, rt, 0, 0, 0);
	}
}

/* --- the interface's part of priorities --- */

/* The priority of rt when that part is as given: another, if rt has the default of its kind. */
static uint8_t
priority_by(const struct rtentry *rt, uint32_t part)
{
	static const uint8_t kinds[] = { RTP_CONNECTED, RTP_STATIC, RTP_DEFAULT };

	if ((rt->rt_flags & (RTF_LOCAL | RTF_BROADCAST | RTF_LLINFO)) != 0)
		return (rt->rt_priority);
	for (size_t i = 0; i < nitems(kinds); i++)
		if (rt->rt_priority == MIN(kinds[i] + rt->rt_ifp->if_priority, RTP_MAX))
			return ((uint8_t)MIN(kinds[i] + part, RTP_MAX));
	return (rt->rt_priority);
}

/* Has another route of the prefix, which does not move too, that priority? */
static bool
priority_taken(const struct rtentry *rt, uint8_t priority)
{
	const struct rtentry *r = lpm_find(tree_get(rt->rt_tableid, rt->rt_af), &rt->rt_dst, rt->rt_plen);

	if (is_linklocal(rt->rt_af, &rt->rt_dst))
		return (false); /* each link's own */
	for (; r != NULL; r = r->rt_next)
		if (r->rt_ifp != rt->rt_ifp && r->rt_priority == priority &&
		    ((rt->rt_flags | r->rt_flags) & RTF_MPATH) == 0) /* nor were they equals before */
			return (true);
	return (false);
}

/* To another place in the chain of its prefix, which the tree has: nothing fails. */
static void
priority_move(struct rtentry *rt, uint8_t priority)
{
	struct lpm *tree = tree_get(rt->rt_tableid, rt->rt_af);
	struct rtentry *head = lpm_find(tree, &rt->rt_dst, rt->rt_plen), **at = &head;
	uint32_t mpath = rt->rt_flags & RTF_MPATH;

	rtm_route(RTM_DELETE, rt, 0, 0, 0);
	while (*at != rt)
		at = &(*at)->rt_next;
	*at = rt->rt_next;
	group_mark(head, rt->rt_priority);
	rt->rt_priority = priority;
	for (at = &head; *at != NULL && (*at)->rt_priority <= priority;)
		at = &(*at)->rt_next;
	rt->rt_next = *at;
	*at = rt;
	group_mark(head, priority);
	rt->rt_flags |= mpath; /* alone for now: it may go back to its equals */
	(void)lpm_insert(tree, &rt->rt_dst, rt->rt_plen, head);
	rtm_route(RTM_ADD, rt, 0, 0, 0);
}

int
rt_if_priority(struct ifnet *ifp, uint32_t part)
{
	struct rtentry *rt;

	TAILQ_FOREACH(rt, &by_if[ifp->if_index % IFHASH], rt_iflist)
		if (rt->rt_ifp == ifp && priority_by(rt, part) != rt->rt_priority && priority_taken(rt, priority_by(rt, part)))
			return (EEXIST);
	TAILQ_FOREACH(rt, &by_if[ifp->if_index % IFHASH], rt_iflist)
		if (rt->rt_ifp == ifp && priority_by(rt, part) != rt->rt_priority)
			priority_move(rt, priority_by(rt, part));
	ifp->if_priority = part;
	return (0);
}

void
rt_if_remove(struct ifnet *ifp)
{
	struct rtentry *rt;
	bool again = true;

	while (again) { /* deleting one may delete others: start over */
		again = false;
		TAILQ_FOREACH(rt, &by_if[ifp->if_index % IFHASH], rt_iflist)
			if (rt->rt_ifp == ifp) {
				if ((rt->rt_flags & RTF_CLONED) == 0)
					rtm_route(RTM_DELETE, rt, 0, 0, 0);
				rtrequest_delete(rt);
				again = true;
				break;
			}
	}
}

/* --- all of them --- */

struct rtentry *
rtable_next(struct rtable_cursor *c)
{
	const struct lpm *tree = tree_get(c->tableid, c->af);
	unsigned int plen = c->plen;
	struct rtentry *rt;

	if (tree == NULL || c->done)
		return (NULL);
	if ((rt = lpm_next(tree, &c->dst, &plen, &c->started)) == NULL)
		c->done = true;
	c->plen = (uint8_t)plen;
	return (rt);
}

int
rtable_walk(uint32_t tableid, sa_family_t af, int (*fn)(struct rtentry *, void *), void *arg)
{
	struct rtable_cursor c = { .tableid = tableid, .af = af };
	struct rtentry *rt, *next;
	int error;

	while ((rt = rtable_next(&c)) != NULL)
		for (; rt != NULL; rt = next) {
			next = rt->rt_next;
			if ((error = fn(rt, arg)) != 0)
				return (error);
		}
	return (0);
}

int
rtable_add(uint32_t tableid)
{
	return (rtable_add_to(tableid, tableid));
}

int
rtable_add_to(uint32_t tableid, uint32_t domain)
{
	if (tableid > RT_TABLEID_MAX || (domain != tableid && rtable_l2(domain) != domain))
		return (EINVAL);
	if (tables[tableid] != NULL)
		return (EEXIST);
	if ((tables[tableid] = malloc(sizeof(struct rtable), M_RTABLE, M_ZERO)) == NULL)
		return (ENOMEM);
	tables[tableid]->domain = domain;
	return (0);
}

void
rtable_drop(uint32_t tableid)
{
	if (tableid == 0 || !rtable_exists(tableid) ||
	    tables[tableid]->tree[0].prefixes + tables[tableid]->tree[1].prefixes > 0)
		return;
	free(tables[tableid], M_RTABLE, sizeof(struct rtable));
	tables[tableid] = NULL;
}

uint32_t
rtable_l2(uint32_t tableid)
{
	return (rtable_exists(tableid) ? tables[tableid]->domain : tableid);
}

bool
rtable_exists(uint32_t tableid)
{
	return (tableid <= RT_TABLEID_MAX && tables[tableid] != NULL);
}

void
rtable_stat(uint32_t tableid, sa_family_t af, uint64_t *prefixes, uint64_t *bytes)
{
	const struct lpm *tree = tree_get(tableid, af);

	*prefixes = tree != NULL ? tree->prefixes : 0;
	*bytes = tree != NULL ? tree->bytes : 0;
}

int
rtableinit(void)
{
	int error;

	pool_init(&rt_pool, sizeof(struct rtentry), 64, "rtentry");
	lpm_sysinit();
	rt_mpath_init();
	for (size_t i = 0; i < IFHASH; i++)
		TAILQ_INIT(&by_if[i]);
	if ((error = rtable_add(0)) == 0)
		rt_ifa_init();
	return (error);
}
