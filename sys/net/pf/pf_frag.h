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
 * PF_PASS: it is no fragment, shall stay one, or *mp is now the whole packet; v6 packets put
 * together here carry PACKET_TAG_REASS, by which output cuts them as they came.
 * PF_HELD: it waits, or was refused and counted; *mp NULL.  PF_DROP: what pf
 * itself refuses, counted, *mp NULL.
 */
enum pf_verdict pf_frag_input(struct ifnet *ifp, struct mbuf **mp,
    sa_family_t af, enum pf_dir dir);
/* Are fragments put together at all? */
extern bool pf_frag_on;
/* pf was started or stopped, or `set limit frags', `set timeout frag' say
 * something new, or there are other scrub rules. */
void pf_frag_tune(void);

#endif
