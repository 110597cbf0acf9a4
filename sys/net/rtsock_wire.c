/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Routing messages as bytes: judged on the way in, filled in on the way out.
 *
 * A request passes every check here before the table is touched; what it
 * asks for and is not served is refused, never ignored.
 */

#include <sys/systm.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/rtsock.h>

#define FLAGS_SETTABLE                                                       \
	(RTF_REJECT | RTF_STATIC | RTF_BLACKHOLE | RTF_PROTO1 | RTF_PROTO2 | \
	    RTF_PROTO3 | RTF_MPATH)
/* what makes no sense for a neighbour */
#define FLAGS_NOT_NEIGHBOUR (RTF_REJECT | RTF_BLACKHOLE | RTF_MPATH)
/* said again by programs that send back what they read */
#define FLAGS_IMPLIED (RTF_UP | RTF_GATEWAY | RTF_HOST | RTF_DONE)
#define MTU_MIN4      68   /* RFC 791 3.2 */
#define MTU_MIN6      1280 /* RFC 8200 5 */
#define MTU_MAX       65535

static bool
is_ip(uint16_t af)
{
	return (af == AF_INET || af == AF_INET6);
}

/* An IPv4 address has nothing behind its four bytes. */
static bool
addr_ok(uint16_t af, const struct ip_addr *a)
{
	if (af == AF_INET)
		return (a->l[1] == 0 && a->q[1] == 0);
	return (af == AF_INET6 || ip_addr_iszero(a));
}

static int
head_check(const struct rt_msg *msg, size_t len)
{
	if (len != sizeof(*msg) || msg->h.rtm_msglen != len ||
	    msg->h.rtm_hdrlen != sizeof(msg->h))
		return (EINVAL);
	if (msg->h.rtm_version != RTM_VERSION || msg->h.rtm_pad != 0 ||
	    msg->rtm_fmask_hi != 0)
		return (EINVAL);
	if (msg->h.rtm_type < RTM_ADD || msg->h.rtm_type > RTM_GET)
		return (EOPNOTSUPP);
	if (msg->h.rtm_tableid > RT_TABLEID_MAX)
		return (EINVAL);
	return (0);
}

/*
 * A neighbour by hand: a host, and a link address that one station can have.
 * A GET may echo what a dump said, which has zeros for a neighbour unknown.
 */
static int
neighbour_check(const struct rt_msg *msg)
{
	static const uint8_t none[6];

	if (msg->rtm_plen != (msg->rtm_af == AF_INET ? 32 : 128) ||
	    !addr_ok(msg->rtm_af, &msg->rtm_ifa))
		return (EINVAL);
	if (msg->h.rtm_type != RTM_ADD && msg->h.rtm_type != RTM_CHANGE)
		return (0);
	if ((msg->rtm_lladdr[0] & 1) != 0 ||
	    memcmp(msg->rtm_lladdr, none, sizeof(none)) == 0)
		return (EINVAL);
	if ((msg->rtm_flags & FLAGS_NOT_NEIGHBOUR) != 0 ||
	    (msg->rtm_fmask & FLAGS_NOT_NEIGHBOUR) != 0)
		return (EINVAL);
	return (0);
}

static int
prefix_check(const struct rt_msg *msg)
{
	if (!is_ip(msg->rtm_af))
		return (EAFNOSUPPORT);
	if (msg->rtm_plen > (msg->rtm_af == AF_INET ? 32 : 128) ||
	    !addr_ok(msg->rtm_af, &msg->rtm_dst))
		return (EINVAL);
	if (msg->rtm_gwaf == AF_LINK)
		return (neighbour_check(msg));
	if (msg->rtm_gwaf != AF_UNSPEC && !is_ip(msg->rtm_gwaf))
		return (EAFNOSUPPORT);
	if (!addr_ok(msg->rtm_gwaf, &msg->rtm_gateway) ||
	    !addr_ok(msg->rtm_af, &msg->rtm_ifa))
		return (EINVAL);
	return (0);
}

static int
flags_check(const struct rt_msg *msg)
{
	const uint32_t both = RTF_REJECT | RTF_BLACKHOLE;
	uint32_t said = msg->rtm_flags & ~(uint32_t)FLAGS_IMPLIED;

	/* a GET may echo any flags; they ask for nothing */
	if (msg->h.rtm_type == RTM_GET)
		return (0);
	if (msg->rtm_gwaf == AF_LINK)
		said &= ~(uint32_t)RTF_LLINFO;
	if ((said & ~(uint32_t)FLAGS_SETTABLE) != 0 ||
	    (msg->rtm_fmask & ~(uint32_t)FLAGS_SETTABLE) != 0)
		return (EINVAL);
	return ((msg->rtm_flags & both) == both ? EINVAL : 0);
}

static int
rest_check(const struct rt_msg *msg)
{
	uint32_t min = msg->rtm_af == AF_INET ? MTU_MIN4 : MTU_MIN6;

	if (strnlen(msg->rtm_ifname, sizeof(msg->rtm_ifname)) ==
		sizeof(msg->rtm_ifname) ||
	    strnlen(msg->rtm_label, sizeof(msg->rtm_label)) ==
		sizeof(msg->rtm_label))
		return (EINVAL);
	if (msg->rtm_mtu != 0 && (msg->rtm_mtu < min || msg->rtm_mtu > MTU_MAX))
		return (EINVAL);
	if (msg->rtm_weight > RT_WEIGHT_MAX)
		return (EINVAL);
	if (msg->rtm_priority >
	    (msg->h.rtm_type == RTM_ADD ? RTP_MAX : RTP_ANY))
		return (EINVAL);
	return (0);
}

static int
interface_decode(const struct rt_msg *msg, struct rt_want *w)
{
	w->ifp = NULL;
	if (msg->rtm_ifname[0] != '\0' &&
	    (w->ifp = if_unit(msg->rtm_ifname)) == NULL)
		return (ENXIO);
	if (msg->rtm_ifindex != 0) {
		struct ifnet *ifp = if_get(msg->rtm_ifindex);

		if (ifp == NULL)
			return (ENXIO);
		if (w->ifp != NULL && w->ifp != ifp)
			return (EINVAL);
		w->ifp = ifp;
	}
	w->ifa = NULL;
	if (!ip_addr_iszero(&msg->rtm_ifa) &&
	    (w->ifa = ifa_ifwithaddr(msg->rtm_af, &msg->rtm_ifa,
		 msg->h.rtm_tableid)) == NULL)
		return (EADDRNOTAVAIL);
	return (0);
}

int
rtm_decode(const struct rt_msg *msg, size_t len, struct rt_request *rq)
{
	int error;

	if ((error = head_check(msg, len)) != 0 ||
	    (error = prefix_check(msg)) != 0 ||
	    (error = flags_check(msg)) != 0 || (error = rest_check(msg)) != 0)
		return (error);
	memset(rq, 0, sizeof(*rq));
	rq->type = (enum rtm_type)msg->h.rtm_type;
	rq->priority = msg->rtm_priority != RTP_NONE ? msg->rtm_priority :
						       RTP_ANY;
	rq->fmask = msg->rtm_fmask;
	rq->want.af = msg->rtm_af;
	rq->want.gwaf = msg->rtm_gwaf;
	rq->want.plen = msg->rtm_plen;
	rq->want.priority = msg->h.rtm_type == RTM_ADD ? msg->rtm_priority :
							 RTP_NONE;
	rq->want.flags = msg->rtm_flags & FLAGS_SETTABLE;
	rq->want.tableid = msg->h.rtm_tableid;
	rq->want.mtu = msg->rtm_mtu;
	rq->want.weight = (uint8_t)msg->rtm_weight;
	rq->want.dst = msg->rtm_dst;
	ip_addr_mask(&rq->want.dst, msg->rtm_plen);
	rq->want.gateway = msg->rtm_gateway;
	if (msg->rtm_gwaf == AF_LINK) {
		memset(&rq->want.gateway, 0, sizeof(rq->want.gateway));
		memcpy(rq->want.gateway.b, msg->rtm_lladdr, 6);
	}
	rq->want.label_text = msg->rtm_label;
	if (msg->rtm_expire_us != 0) {
		if (msg->h.rtm_type != RTM_ADD && msg->h.rtm_type != RTM_GET)
			return (EOPNOTSUPP);
		if (msg->h.rtm_type == RTM_ADD &&
		    msg->rtm_expire_us <= time_wall_us)
			return (EINVAL);
		rq->want.expire_us = msg->rtm_expire_us - time_wall_us +
		    uptime_us();
	}
	return (interface_decode(msg, &rq->want));
}

void
rtm_encode(struct rt_msg *msg, enum rtm_type type, const struct rtentry *rt)
{
	memset(msg, 0, sizeof(*msg));
	msg->h.rtm_msglen = sizeof(*msg);
	msg->h.rtm_version = RTM_VERSION;
	msg->h.rtm_type = (uint8_t)type;
	msg->h.rtm_hdrlen = sizeof(msg->h);
	msg->h.rtm_tableid = rt->rt_tableid;
	msg->rtm_flags = rt->rt_flags;
	msg->rtm_af = rt->rt_af;
	msg->rtm_plen = rt->rt_plen;
	msg->rtm_priority = rt->rt_priority;
	msg->rtm_ifindex = (uint16_t)rt->rt_ifp->if_index;
	msg->rtm_gwaf = rt->rt_gwaf;
	msg->rtm_dst = rt->rt_dst;
	msg->rtm_gateway = rt->rt_gateway;
	if (rt->rt_ifa != NULL && rt->rt_ifa->ifa_af == rt->rt_af)
		msg->rtm_ifa = rt->rt_ifa->ifa_addr;
	strlcpy(msg->rtm_ifname, rt->rt_ifp->if_xname, sizeof(msg->rtm_ifname));
	strlcpy(msg->rtm_label, rt_label_text(rt->rt_label),
	    sizeof(msg->rtm_label));
	msg->rtm_mtu = rt->rt_mtu;
	msg->rtm_use = rt->rt_use;
	msg->rtm_refs = rt->rt_refs.r_refs -
	    1; /* the table's own is not counted */
	rt_lladdr(rt, msg->rtm_lladdr);
	msg->rtm_weight = rt->rt_weight;
	if (rt->rt_expire_us != 0)
		msg->rtm_expire_us = rt->rt_expire_us - uptime_us() +
		    time_wall_us;
}
