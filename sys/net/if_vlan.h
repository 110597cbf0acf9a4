/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* VLANs as Ethernet sees them. */

#ifndef _NET_IF_VLAN_H_
#define _NET_IF_VLAN_H_

#include <sys/types.h>

struct ifnet;
struct mbuf;

/*
 * A tagged frame (in band or M_VLANTAG) that came in by ifp.  Takes m.  NULL:
 * a vlan interface took it, or nobody has the tag and it was dropped.  Else
 * it was a priority tag (VLAN 0) and the frame without it comes back.
 */
struct mbuf *vlan_input(struct ifnet *ifp, struct mbuf *m);
/* ifp goes away: its vlans have no parent any more. */
void vlan_parent_gone(struct ifnet *ifp);
void vlaninit(void);

#endif
