/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Socket options of multicast, with Linux's numbers, structures and errors:
 * RFC 1112's and RFC 3493's for a group, RFC 3678's for sources.
 *
 * An option is a row: how its argument looks, and what is done with it.  The
 * argument becomes one struct in_ask, whatever its family and age.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/in_mcast.h>
#include <netinet/in_pcb.h>

struct in_ask {
	sa_family_t af;
	struct ip_addr group, source;
	struct ifnet *ifp;
	bool has_source;
};

/* Arguments as programs give them. */
struct ip_mreqn {
	uint32_t group, address;
	int32_t ifindex;
};
struct ip_mreq_source {
	uint32_t group, address, source;
};
struct ipv6_mreq {
	uint8_t group[16];
	int32_t ifindex;
};
struct group_source_req { /* without source: struct group_req */
	uint32_t ifindex, pad;
	struct sockaddr_storage group, source;
};
struct ip_msfilter {
	uint32_t group, address, mode, n, source[];
};
struct group_filter {
	uint32_t ifindex, pad;
	struct sockaddr_storage group;
	uint32_t mode, n;
	struct sockaddr_storage source[];
};
#define MCAST_EXCLUDE 0
#define MCAST_INCLUDE 1

/* --- reading --- */

/* By index, else by an address of it, else where a packet to the group goes. */
static int
ask_ifp(const struct inpcb *inp, struct in_ask *q, uint32_t index,
    uint32_t address)
{
	const struct ip_addr a = ip_addr_v4(address);
	struct ifaddr *ifa;
	struct rtentry *rt;

	if (!ip_isgroup(q->af, &q->group))
		return (EINVAL);
	if (index != 0)
		q->ifp = if_get(index);
	else if (address != 0) {
		ifa = ifa_ifwithaddr(AF_INET, &a, inp->inp_rtable);
		q->ifp = ifa != NULL ? ifa->ifa_ifp : NULL;
	} else if ((q->af == AF_INET ? inp->inp_rare->mifindex :
				       inp->inp_rare->mifindex6) != 0) {
		q->ifp = if_get(
		    q->af == AF_INET ? inp->inp_rare->mifindex :
				      inp->inp_rare->mifindex6);
	} else {
		rt = rtable_match(inp->inp_rtable, q->af, &q->group);
		q->ifp = rt != NULL ? rt->rt_ifp : NULL;
	}
	return (q->ifp == NULL ? ENODEV : 0);
}

/* struct ip_mreq, ip_mreqn, or ip_mreq_source. */
static int
ask_inet(const struct inpcb *inp, const void *val, socklen_t len, bool source,
    struct in_ask *q)
{
	struct ip_mreq_source ms;
	struct ip_mreqn mr = { .ifindex = 0 };

	q->af = AF_INET;
	if (source) {
		if (len < sizeof(ms))
			return (EINVAL);
		memcpy(&ms, val, sizeof(ms));
		q->source = ip_addr_v4(ms.source);
		q->has_source = true;
		mr.group = ms.group;
		mr.address = ms.address;
	} else if (len < 8)
		return (EINVAL);
	else
		memcpy(&mr, val, MIN(len, sizeof(mr)));
	q->group = ip_addr_v4(mr.group);
	return (ask_ifp(inp, q, (uint32_t)mr.ifindex, mr.address));
}

static int
ask_inet6(const struct inpcb *inp, const void *val, socklen_t len,
    struct in_ask *q)
{
	struct ipv6_mreq mr;

	if (len < sizeof(mr))
		return (EINVAL);
	memcpy(&mr, val, sizeof(mr));
	q->af = AF_INET6;
	q->group = ip_addr_v6(mr.group);
	return (ask_ifp(inp, q, (uint32_t)mr.ifindex, 0));
}

static int
ask_sockaddr(const struct sockaddr_storage *ss, sa_family_t af,
    struct ip_addr *a)
{
	sa_family_t got;
	uint16_t port;
	uint32_t scope;

	if (sockaddr_read((const struct sockaddr *)(const void *)ss,
		sizeof(*ss), &got, a, &port, &scope) != 0 ||
	    got != af)
		return (EADDRNOTAVAIL);
	return (0);
}

static int
ask_any(const struct inpcb *inp, const void *val, socklen_t len, bool source,
    sa_family_t af, struct in_ask *q)
{
	struct group_source_req gr;
	socklen_t want = source ? sizeof(gr) :
				  offsetof(struct group_source_req, source);
	int error;

	if (len < want)
		return (EINVAL);
	memcpy(&gr, val, want);
	q->af = af;
	q->has_source = source;
	if ((error = ask_sockaddr(&gr.group, af, &q->group)) != 0 ||
	    (source && (error = ask_sockaddr(&gr.source, af, &q->source)) != 0))
		return (error);
	return (ask_ifp(inp, q, gr.ifindex, 0));
}

/* --- doing --- */

static int
do_join(struct inpcb *inp, const struct in_ask *q)
{
	return (in_mcast_join(inp, q->ifp, q->af, &q->group,
	    q->has_source ? &q->source : NULL));
}

static int
do_leave(struct inpcb *inp, const struct in_ask *q)
{
	return (in_mcast_leave(inp, q->ifp, q->af, &q->group,
	    q->has_source ? &q->source : NULL));
}

static int
do_block(struct inpcb *inp, const struct in_ask *q)
{
	return (
	    in_mcast_block(inp, q->ifp, q->af, &q->group, &q->source, true));
}

static int
do_unblock(struct inpcb *inp, const struct in_ask *q)
{
	return (
	    in_mcast_block(inp, q->ifp, q->af, &q->group, &q->source, false));
}

enum in_asked { ASK_INET, ASK_INET6, ASK_ANY };
static const struct in_mcast_row {
	int level, name;
	enum in_asked how;
	bool source;
	int (*act)(struct inpcb *inp, const struct in_ask *q);
} in_mcast_rows[] = {
	/* clang-format off */
	{ IPPROTO_IP, IP_ADD_MEMBERSHIP,	ASK_INET, false, do_join },
	{ IPPROTO_IP, IP_DROP_MEMBERSHIP,	ASK_INET, false, do_leave },
	{ IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP,	ASK_INET, true, do_join },
	{ IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, ASK_INET, true, do_leave },
	{ IPPROTO_IP, IP_BLOCK_SOURCE,		ASK_INET, true, do_block },
	{ IPPROTO_IP, IP_UNBLOCK_SOURCE,	ASK_INET, true, do_unblock },
	{ IPPROTO_IPV6, IPV6_JOIN_GROUP,	ASK_INET6, false, do_join },
	{ IPPROTO_IPV6, IPV6_LEAVE_GROUP,	ASK_INET6, false, do_leave },
	{ 0, MCAST_JOIN_GROUP,			ASK_ANY, false, do_join },
	{ 0, MCAST_LEAVE_GROUP,			ASK_ANY, false, do_leave },
	{ 0, MCAST_JOIN_SOURCE_GROUP,		ASK_ANY, true, do_join },
	{ 0, MCAST_LEAVE_SOURCE_GROUP,		ASK_ANY, true, do_leave },
	{ 0, MCAST_BLOCK_SOURCE,		ASK_ANY, true, do_block },
	{ 0, MCAST_UNBLOCK_SOURCE,		ASK_ANY, true, do_unblock },
	/* clang-format on */
};

static const struct in_mcast_row *
in_mcast_row(int level, int name)
{
	const struct in_mcast_row *r;

	if (level != IPPROTO_IP && level != IPPROTO_IPV6)
		return (NULL);
	for (r = in_mcast_rows; r < in_mcast_rows + nitems(in_mcast_rows); r++)
		if (r->name == name && (r->level == level || r->how == ASK_ANY))
			return (r);
	return (NULL);
}

/*
 * The whole filter at once: IP_MSFILTER, MCAST_MSFILTER.  A fixed part, which
 * says whose and how many, then sources of so many bytes each.
 */
struct in_filter_ask {
	struct in_ask q;
	bool old; /* IP_MSFILTER: addresses, not struct sockaddr_storage */
	size_t fixed, each;
	uint32_t mode, n;
};

static int
ask_filter(struct inpcb *inp, int level, int name, const void *val,
    socklen_t len, struct in_filter_ask *fa)
{
	struct group_filter gf = { .ifindex = 0 };
	struct ip_msfilter mf = { .group = 0 };
	int error;

	*fa = (struct in_filter_ask){ .q.af = level == IPPROTO_IP ? AF_INET :
								    AF_INET6,
		.old = level == IPPROTO_IP && name == IP_MSFILTER };
	fa->fixed = fa->old ? sizeof(mf) : sizeof(gf);
	fa->each = fa->old ? sizeof(uint32_t) : sizeof(gf.source[0]);
	if (len < fa->fixed)
		return (EINVAL);
	memcpy(fa->old ? (void *)&mf : (void *)&gf, val, fa->fixed);
	fa->mode = fa->old ? mf.mode : gf.mode;
	fa->n = fa->old ? mf.n : gf.n;
	if (fa->old)
		fa->q.group = ip_addr_v4(mf.group);
	else if ((error = ask_sockaddr(&gf.group, fa->q.af, &fa->q.group)) != 0)
		return (error);
	return (ask_ifp(inp, &fa->q, gf.ifindex, mf.address));
}

static int
in_filter_set(struct inpcb *inp, int level, int name, const uint8_t *val,
    socklen_t len)
{
	struct ip_addr src[IN_MCAST_SOURCES];
	struct sockaddr_storage ss;
	struct in_filter_ask fa;
	uint32_t a;
	int error;

	if ((error = ask_filter(inp, level, name, val, len, &fa)) != 0)
		return (error);
	if (fa.mode > MCAST_INCLUDE || fa.n > (len - fa.fixed) / fa.each)
		return (EINVAL);
	if (fa.n > IN_MCAST_SOURCES)
		return (ENOBUFS);
	val += fa.fixed;
	for (uint32_t i = 0; i < fa.n; i++, val += fa.each) {
		memcpy(fa.old ? (void *)&a : (void *)&ss, val, fa.each);
		if (fa.old)
			src[i] = ip_addr_v4(a);
		else if ((error = ask_sockaddr(&ss, fa.q.af, &src[i])) != 0)
			return (error);
	}
	return (in_mcast_set(inp, fa.q.ifp, fa.q.af, &fa.q.group,
	    fa.mode == MCAST_EXCLUDE, src, fa.n));
}

/* Says how many sources there are, and gives as many as were asked for. */
int
in_mcast_getopt(struct inpcb *inp, int level, int name, uint8_t *val,
    socklen_t *len)
{
	const struct in_member *im;
	struct in_filter_ask fa;
	struct sockaddr_storage ss;
	uint32_t mode, n;
	int error;

	if (in_mcast_row(level, name) != NULL)
		return (ENOPROTOOPT); /* to set only */
	if ((error = ask_filter(inp, level, name, val, *len, &fa)) != 0)
		return (error);
	im = in_mcast_find(inp, fa.q.ifp->if_index, fa.q.af, &fa.q.group);
	if (im == NULL)
		return (EADDRNOTAVAIL);
	n = MIN(MIN(im->im_nsrc, fa.n), (*len - fa.fixed) / fa.each);
	mode = im->im_exclude ? MCAST_EXCLUDE : MCAST_INCLUDE;
	memcpy(val + fa.fixed - 8, &mode, 4); /* the last two of both kinds */
	memcpy(val + fa.fixed - 4, &im->im_nsrc, 4);
	val += fa.fixed;
	for (uint32_t i = 0; i < n; i++, val += fa.each) {
		memset(&ss, 0, sizeof(ss));
		(void)sockaddr_write(&ss, fa.q.af, &im->im_src[i], 0, 0);
		memcpy(val,
		    fa.old ? (const void *)&im->im_src[i] : (const void *)&ss,
		    fa.each);
	}
	*len = (socklen_t)(fa.fixed + n * fa.each);
	return (0);
}

static bool
in_filter_is(int level, int name)
{
	return (name == MCAST_MSFILTER ||
	    (level == IPPROTO_IP && name == IP_MSFILTER));
}

bool
in_mcast_isopt(int level, int name)
{
	return ((level == IPPROTO_IP || level == IPPROTO_IPV6) &&
	    (in_mcast_row(level, name) != NULL || in_filter_is(level, name)));
}

int
in_mcast_setopt(struct inpcb *inp, int level, int name, const void *val,
    socklen_t len)
{
	const struct in_mcast_row *r = in_mcast_row(level, name);
	struct in_ask q = { .has_source = false };
	int error;

	if (r == NULL)
		return (in_filter_set(inp, level, name, val, len));
	switch (r->how) {
	case ASK_INET:
		error = ask_inet(inp, val, len, r->source, &q);
		break;
	case ASK_INET6:
		error = ask_inet6(inp, val, len, &q);
		break;
	default:
		error = ask_any(inp, val, len, r->source,
		    level == IPPROTO_IP ? AF_INET : AF_INET6, &q);
	}
	return (error != 0 ? error : r->act(inp, &q));
}
