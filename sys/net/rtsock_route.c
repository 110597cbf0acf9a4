/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Routing requests, decoded already, done to the table.  And the dump of it. */

#include <sys/systm.h>
#include <sys/sysctl.h>
#include <net/if_var.h>
#include <net/rtsock.h>

/* The kernel's own, made and removed with an address. */
#define FLAGS_OWNED (RTF_LOCAL | RTF_BROADCAST | RTF_CONNECTED)
/* Those, and neighbours: what they are is not for programs to say. */
#define FLAGS_FIXED    (FLAGS_OWNED | RTF_CLONED | RTF_LLINFO)
#define LINKLOCAL_PLEN 10 /* fe80::/10, RFC 4291 2.4 */

static bool
is_linklocal(const struct rt_want *w)
{
	return (w->af == AF_INET6 && w->plen >= LINKLOCAL_PLEN && w->dst.b[0] == 0xfe &&
	    (w->dst.b[1] & 0xc0) == 0x80);
}

static struct rtentry *
route_via(const struct rt_want *w, uint8_t priority)
{
	struct rtentry *rt = rtable_lookup(w->tableid, w->af, &w->dst, w->plen,
	    priority);

	for (; rt != NULL && rt->rt_priority == priority; rt = rt->rt_next)
		if (rt->rt_gwaf == w->gwaf &&
		    ip_addr_eq(&rt->rt_gateway, &w->gateway))
			return (rt);
	return (NULL);
}

/*
 * Of the routes of a prefix: the best.  A neighbour beside the host route that
 * it was made from is meant only when it is spoken of as one.  A link-local
 * prefix is that of the link.
 */
static struct rtentry *
route_best(const struct rt_request *rq)
{
	const struct rt_want *w = &rq->want;
	struct rtentry *rt = rtable_lookup(w->tableid, w->af, &w->dst, w->plen,
	    rq->priority);
	struct rtentry *r = rt;

	if (rt == NULL || rq->priority != RTP_ANY || w->gwaf == AF_LINK)
		return (rt);
	if (is_linklocal(w) && w->ifp != NULL) {
		while (r != NULL && r->rt_ifp != w->ifp)
			r = r->rt_next;
		return (r);
	}
	if ((rt->rt_flags & RTF_CLONED) == 0)
		return (rt);
	while (r != NULL &&
	    ((r->rt_flags & RTF_CLONED) != 0 || (r->rt_flags & RTF_UP) == 0))
		r = r->rt_next;
	return (r != NULL ? r : rt);
}

/* The route that a request means: prefix, priority, and gateway if it says one. */
static struct rtentry *
route_meant(const struct rt_request *rq, bool bygateway)
{
	const struct rt_want *w = &rq->want;
	struct rtentry *rt = NULL;

	if (!bygateway || w->gwaf == AF_UNSPEC || w->gwaf == AF_LINK)
		return (route_best(rq));
	if (rq->priority != RTP_ANY)
		return (route_via(w, rq->priority));
	for (uint8_t prio = 1; prio <= RTP_MAX && rt == NULL; prio++)
		rt = route_via(w, prio);
	return (rt);
}

/* --- neighbours by hand --- */

/*
 * What the wanted neighbour needs to be a route: the link that its address is
 * on, and the priority of the routes that ARP and ND make themselves, so that
 * it stands in their place.  0; ENETUNREACH it is on no link of ours; EINVAL it
 * is ourselves, or on another link than the one named.
 */
static int
neighbour_complete(struct rt_want *w)
{
	const struct rtentry *rt = rtable_match(w->tableid, w->af, &w->dst);

	if (rt == NULL)
		return (ENETUNREACH);
	if ((rt->rt_flags & (RTF_LOCAL | RTF_BROADCAST)) != 0)
		return (EINVAL);
	if ((rt->rt_flags & (RTF_CLONING | RTF_LLINFO)) == 0)
		return (ENETUNREACH);
	if (w->ifp != NULL && w->ifp != rt->rt_ifp)
		return (EINVAL);
	w->ifp = rt->rt_ifp;
	if (w->priority == RTP_NONE)
		w->priority = RTP_CONNECTED;
	return (w->priority == RTP_CONNECTED ? 0 : EINVAL);
}

/* A learned entry becomes one by hand; one by hand changes only when asked to. */
static int
neighbour_set(const struct rt_request *rq, bool replace, struct rt_msg *answer)
{
	struct rt_want w = rq->want;
	struct rtentry *rt;
	int error;

	if ((error = neighbour_complete(&w)) != 0)
		return (error);
	rt = rtable_lookup(w.tableid, w.af, &w.dst, w.plen, w.priority);
	if (rt == NULL && replace)
		return (ESRCH);
	if (rt != NULL && (rt->rt_flags & RTF_LLINFO) == 0)
		return (EEXIST);
	if (rt != NULL && (rt->rt_flags & RTF_CLONED) == 0 && !replace)
		return (EEXIST);
	if (replace)
		w.flags = (rt->rt_flags & (RTF_STATIC | RTF_PROTO2) &
			      ~rq->fmask) |
		    (w.flags & (rq->fmask | RTF_STATIC));
	error = rt != NULL ? rtrequest_neighbour(rt, &w) :
			     rtrequest_add(&w, &rt);
	if (error == 0)
		rtm_encode(answer, replace ? RTM_CHANGE : RTM_ADD, rt);
	return (error);
}

/* --- requests --- */

/*
 * A route by an interface and no gateway: on a link with stations, what it
 * leads to are neighbours, each with a link address of its own.
 */
static uint32_t
flags_onlink(const struct rt_want *w)
{
	const uint32_t nolink = IFF_LOOPBACK | IFF_POINTOPOINT | IFF_NOARP;

	if (w->gwaf != AF_UNSPEC || w->ifp == NULL ||
	    (w->flags & (RTF_REJECT | RTF_BLACKHOLE)) != 0 ||
	    (w->ifp->if_flags & nolink) != 0)
		return (0);
	return (RTF_CLONING);
}

static int
add(const struct rt_request *rq, struct rt_msg *answer)
{
	bool made = !rtable_exists(rq->want.tableid);
	struct rt_want w = rq->want;
	struct rtentry *rt;
	int error;

	if (w.gwaf == AF_LINK)
		return (neighbour_set(rq, false, answer));
	/* who is on a link is asked there, not here; nobody may be */
	if (is_linklocal(&w) && w.plen > 64 &&
	    (w.plen < 128 ||
		(w.flags & (RTF_REJECT | RTF_BLACKHOLE)) == 0))
		return (EOPNOTSUPP);
	if (made && (error = rtable_add_to(w.tableid, 0)) != 0)
		return (error);
	w.flags |= flags_onlink(&w);
	if ((error = rtrequest_add(&w, &rt)) == 0)
		rtm_encode(answer, RTM_ADD, rt);
	else if (made)
		rtable_drop(w.tableid);
	return (error);
}

static int delete (const struct rt_request *rq, struct rt_msg *answer)
{
	struct rtentry *rt = route_meant(rq, true);

	if (rt == NULL ||
	    (rq->want.gwaf == AF_LINK && (rt->rt_flags & RTF_LLINFO) == 0))
		return (ESRCH);
	if ((rt->rt_flags & FLAGS_OWNED) != 0)
		return (EINVAL);
	rtm_encode(answer, RTM_DELETE, rt);
	answer->rtm_flags &= ~(uint32_t)RTF_UP;
	return (rtrequest_delete(rt));
}

/* The one by that gateway already, or the best one gets it. */
static int
change(const struct rt_request *rq, struct rt_msg *answer)
{
	struct rtentry *same = route_meant(rq, true);
	struct rtentry *rt = same != NULL ? same : route_meant(rq, false);
	struct rt_want w = rq->want;
	uint32_t fmask = rq->fmask;
	int error;

	if (w.gwaf == AF_LINK)
		return (neighbour_set(rq, true, answer));
	if (rt == NULL)
		return (ESRCH);
	if ((rt->rt_flags & FLAGS_FIXED) != 0 &&
	    (rq->want.gwaf != AF_UNSPEC || rq->want.ifp != NULL ||
		rq->fmask != 0))
		return (EINVAL);
	if (w.gwaf != AF_UNSPEC || w.ifp != NULL) { /* another way */
		w.flags |= flags_onlink(&w);
		fmask |= RTF_CLONING;
	}
	if ((error = rtrequest_change(rt, &w, fmask)) == 0)
		rtm_encode(answer, RTM_CHANGE, rt);
	return (error);
}

/* A link-local address leads to the link that it is asked for on. */
static struct rtentry *
linklocal_match(const struct rt_want *w)
{
	struct rtentry *rt = NULL;

	for (unsigned int plen = w->plen; plen >= LINKLOCAL_PLEN && rt == NULL;
	     plen--) {
		struct ip_addr dst = w->dst;

		ip_addr_mask(&dst, plen);
		rt = rtable_lookup(w->tableid, w->af, &dst, plen, RTP_ANY);
		while (rt != NULL &&
		    (rt->rt_ifp != w->ifp || (rt->rt_flags & RTF_UP) == 0))
			rt = rt->rt_next;
	}
	return (rt);
}

/* A host asks for the way to it, a network for itself. */
static int
get(const struct rt_request *rq, struct rt_msg *answer)
{
	const struct rt_want *w = &rq->want;
	bool host = w->plen == (w->af == AF_INET ? 32 : 128) &&
	    rq->priority == RTP_ANY;
	struct rtentry *rt;

	if (host && w->ifp != NULL && is_linklocal(w))
		rt = linklocal_match(w);
	else if (host)
		rt = rtable_match(w->tableid, w->af, &w->dst);
	else
		rt = route_meant(rq, true);
	if (rt == NULL)
		return (ESRCH);
	rtm_encode(answer, RTM_GET, rt);
	return (0);
}

int
rtm_commit(const struct rt_request *rq, struct rt_msg *answer)
{
	static int (*const act[])(const struct rt_request *,
	    struct rt_msg *) = { [RTM_ADD] = add,
		[RTM_DELETE] = delete,
		[RTM_CHANGE] = change,
		[RTM_GET] = get };

	if (rq->type != RTM_ADD && !rtable_exists(rq->want.tableid))
		return (ESRCH);
	return (act[rq->type](rq, answer));
}

/* --- net.route.dump[.inet|.inet6[.table]] --- */

static int
dump_row(struct rtentry *rt, void *arg)
{
	struct rt_msg msg;

	rtm_encode(&msg, RTM_GET, rt);
	return (sysctl_out(arg, &msg, sizeof(msg)));
}

static int
dump(struct sysctl_req *req)
{
	const char *rest = req->rest;
	sa_family_t af = AF_UNSPEC;
	int64_t table = 0;
	int error = 0;

	if (strncmp(rest, "inet6", 5) == 0 &&
	    (rest[5] == '.' || rest[5] == '\0'))
		af = AF_INET6;
	else if (strncmp(rest, "inet", 4) == 0 &&
	    (rest[4] == '.' || rest[4] == '\0'))
		af = AF_INET;
	else if (*rest != '\0')
		return (ENOENT);
	rest += af == AF_INET6 ? 5 : af == AF_INET ? 4 : 0;
	if (*rest == '.' && strtonum(rest + 1, 0, RT_TABLEID_MAX, &table) != 0)
		return (EINVAL);
	if (!rtable_exists((uint32_t)table))
		return (ENOENT);
	if (af != AF_INET6)
		error = rtable_walk((uint32_t)table, AF_INET, dump_row, req);
	if (error == 0 && af != AF_INET)
		error = rtable_walk((uint32_t)table, AF_INET6, dump_row, req);
	return (error);
}

/* --- net.route.tables --- */

static int
tables_dump(struct sysctl_req *req)
{
	struct rt_tablerow row;
	uint64_t bytes;
	int error = 0;

	for (uint32_t i = 0; i <= RT_TABLEID_MAX && error == 0; i++) {
		if (!rtable_exists(i))
			continue;
		memset(&row, 0, sizeof(row));
		row.table = i;
		row.domain = rtable_l2(i);
		rtable_stat(i, AF_INET, &row.prefixes, &bytes);
		rtable_stat(i, AF_INET6, &row.prefixes6, &bytes);
		error = sysctl_out(req, &row, sizeof(row));
	}
	return (error);
}

static const struct sysctl_row rows[] = {
	{ .name = "net.route.tables",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = tables_dump,
	    .text = "routing tables, as struct rt_tablerow" },
	{ .name = "net.route.dump",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = dump,
	    .text = "all routes, as struct rt_msg" },
};
static struct sysctl_table table_of_rows = { .rows = rows,
	.nrows = nitems(rows) };

void
rtsock_sysctlinit(void)
{
	sysctl_register(&table_of_rows);
}
