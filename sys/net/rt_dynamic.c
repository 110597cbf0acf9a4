/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Routes that others teach us: redirects, path MTUs; how they and other
 * routes with a time end; labels.
 */

#include <sys/malloc.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/if_var.h>
#include <net/rt_priv.h>
#include <net/rtable.h>

#define DYNAMIC_US (10 * 60 * 1000000ULL) /* RFC 1191 6.3, RFC 8201 4 */
#define LABELS	   1024

static LIST_HEAD(, rtentry) expiring = LIST_HEAD_INITIALIZER(expiring);
static struct timeout expire_timeout;
static char *labels[LABELS];

/* --- time --- */

static void
expire_run(void *arg)
{
	struct rtentry *rt, *next;
	uint64_t soonest = UINT64_MAX;

	LIST_FOREACH_SAFE(rt, &expiring, rt_expiring, next) {
		if (rt->rt_expire_us > uptime_us()) {
			soonest = MIN(soonest, rt->rt_expire_us);
			continue;
		}
		if ((rt->rt_flags & (RTF_DYNAMIC | RTF_MODIFIED)) == RTF_MODIFIED) { /* only its MTU was learned */
			rt->rt_mtu = rt->rt_parent != NULL ? rt->rt_parent->rt_mtu : 0;
			rt->rt_flags &= ~(uint32_t)RTF_MODIFIED;
			rt_expire_set(rt, 0);
			continue;
		}
		rtm_route(RTM_DELETE, rt, 0, 0, 0);
		rtrequest_delete(rt);
	}
	if (soonest != UINT64_MAX)
		timeout_at_us(&expire_timeout, soonest);
}

void
rt_expire_set(struct rtentry *rt, uint64_t when_us)
{
	if (rt->rt_expiring.le_prev != NULL)
		LIST_REMOVE(rt, rt_expiring);
	rt->rt_expiring.le_prev = NULL;
	rt->rt_expire_us = when_us;
	if (when_us == 0)
		return;
	LIST_INSERT_HEAD(&expiring, rt, rt_expiring);
	if (expire_timeout.to_func == NULL)
		timeout_set(&expire_timeout, expire_run, NULL);
	if (!timeout_pending(&expire_timeout) || expire_timeout.to_when_us > when_us)
		timeout_at_us(&expire_timeout, when_us);
}

/* --- redirects --- */

int
rt_redirect(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, const struct ip_addr *gw,
    const struct ip_addr *author, struct ifnet *ifp)
{
	struct rt_want w = { .af = af, .gwaf = af, .plen = af == AF_INET ? 32 : 128, .priority = RTP_DEFAULT,
		.flags = RTF_GATEWAY | RTF_HOST | RTF_DYNAMIC, .tableid = tableid, .dst = *dst, .gateway = *gw, .ifp = ifp,
		.expire_us = uptime_us() + DYNAMIC_US };
	struct rtentry *rt = rtable_match(tableid, af, dst), *new;
	int error;

	/* only who is a gateway of ours for dst may send us elsewhere */
	while (rt != NULL && ((rt->rt_flags & RTF_GATEWAY) == 0 || !ip_addr_eq(&rt->rt_gateway, author) || rt->rt_ifp != ifp))
		rt = rt_mpath_next(rt);
	if (rt == NULL)
		return (EHOSTUNREACH);
	if ((rt->rt_flags & RTF_DYNAMIC) != 0) {
		if ((error = rtrequest_change(rt, &w, 0)) == 0) {
			rt->rt_flags |= RTF_MODIFIED;
			rt_expire_set(rt, w.expire_us);
		}
	} else {
		w.priority = rt->rt_priority;
		w.mtu = rt->rt_mtu;
		if ((error = rt_ndynamic < RT_DYNAMIC_MAX ? rtrequest_add(&w, &new) : ENOBUFS) == 0)
			rt_child_of(new, rt);
	}
	rtm_miss(RTM_REDIRECT, af, dst, gw, tableid, error);
	return (error);
}

/* --- path MTU --- */

int
rt_setpmtu(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, uint32_t mtu)
{
	struct rt_want w = { .af = af, .plen = af == AF_INET ? 32 : 128, .tableid = tableid, .dst = *dst, .mtu = mtu,
		.expire_us = uptime_us() + DYNAMIC_US };
	struct rtentry *rt, *new;
	int error;

	rt = rt_resolve(tableid, af, dst, NULL, &error); /* makes the clone on a link */
	if (rt == NULL)
		return (error);
	if ((rt->rt_flags & RTF_HOST) != 0) {
		rt->rt_mtu = mtu;
		if ((rt->rt_flags & RTF_DYNAMIC) == 0) {
			if (rt->rt_expiring.le_prev != NULL && (rt->rt_flags & RTF_MODIFIED) == 0)
				return (0); /* it ends anyway, when a program said */
			rt->rt_flags |= RTF_MODIFIED;
		}
		rt_expire_set(rt, w.expire_us);
		return (0);
	}
	w.gwaf = rt->rt_gwaf;
	w.gateway = rt->rt_gateway;
	w.priority = rt->rt_priority;
	w.flags = (rt->rt_flags & RTF_GATEWAY) | RTF_HOST | RTF_DYNAMIC;
	w.ifp = rt->rt_ifp;
	w.ifa = rt->rt_ifa;
	w.label = rt->rt_label;
	if (rt_ndynamic >= RT_DYNAMIC_MAX)
		return (ENOBUFS);
	if ((error = rtrequest_add(&w, &new)) != 0)
		return (error);
	rt_child_of(new, rt);
	rtm_route(RTM_ADD, new, 0, 0, 0);
	return (0);
}

/* --- labels --- */

const char *
rt_label_text(uint16_t label)
{
	return (label > 0 && label < LABELS && labels[label] != NULL ? labels[label] : "");
}

/* Numbers stay taken: labels are few, and routes come and go. */
uint16_t
rt_label_number(const char *text)
{
	size_t len = strlen(text) + 1;

	for (uint16_t i = 1; i < LABELS; i++) {
		if (labels[i] != NULL && strcmp(labels[i], text) == 0)
			return (i);
		if (labels[i] != NULL)
			continue;
		if ((labels[i] = malloc(len, M_RTABLE, M_NOWAIT)) == NULL)
			return (0);
		memcpy(labels[i], text, len);
		return (i);
	}
	return (0);
}
