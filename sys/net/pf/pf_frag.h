/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Fragments become packets before rules see them (pf_frag.c). */

#ifndef _NET_PF_PF_FRAG_H_
#define _NET_PF_PF_FRAG_H_

#include <sys/types.h>
#include <net/packet_filter.h>

struct ifnet;
struct mbuf;

/*
 * *mp (m_data at its IP header, which is sound) comes in or leaves by ifp.
 * PF_PASS: it is no fragment, or *mp is now the whole packet; v6 packets put
 * together here carry PACKET_TAG_REASS with their largest fragment.
 * PF_HELD: it waits, *mp NULL.  PF_DROP: gone, counted, *mp NULL.
 */
enum pf_verdict pf_frag_input(struct ifnet *ifp, struct mbuf **mp,
    sa_family_t af, enum pf_dir dir);
/* A v6 packet that leaves and came in pieces is cut as it came
 * (draft: to the size of its largest fragment): true, and *mp is gone; false:
 * send it as it is. */
bool pf_refragment(struct ifnet *ifp, struct mbuf **mp);
/* Limit (0: none) and time of `set limit frags', `set timeout frag'. */
void pf_frag_tune(uint32_t limit, uint32_t seconds);

#endif
