/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What rtable.c, rt_ifa.c and rt_dynamic.c share. */

#ifndef _NET_RT_PRIV_H_
#define _NET_RT_PRIV_H_

#include <sys/types.h>

struct ifaddr;
struct mbuf;
struct rtentry;

extern unsigned int rt_ndynamic; /* routes with RTF_DYNAMIC, of all tables */

/* rt goes at uptime when_us; 0: never. */
void rt_expire_set(struct rtentry *rt, uint64_t when_us);
/* The host route rt was made from parent: it changes and goes with it. */
void rt_child_of(struct rtentry *rt, struct rtentry *parent);
/* Of the up routes of first's prefix and priority the one for m's flow; m NULL:
 * some one. */
struct rtentry *rt_mpath_choose(struct rtentry *first, const struct mbuf *m);
void rt_mpath_init(void);
/* ifa has just left its interface: routes take another address, or go. */
void rt_ifa_purge(struct ifaddr *ifa);
/* Listens to interfaces. */
void rt_ifa_init(void);

#endif
