/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Divert sockets: packets that pf hands to programs whole.  See divert(4). */

#ifndef _NETINET_DIVERT_H_
#define _NETINET_DIVERT_H_

#include <sys/types.h>
#include <net/packet_filter.h>

struct mbuf;

/*
 * Gives packet m (m_data at its IP header), on its way in by its interface or
 * on its way out, to the divert socket of its family that is bound to port
 * (host order).  Takes m; counts it as lost when there is none.
 */
void divert_packet(struct mbuf *m, sa_family_t af, enum pf_dir dir,
    uint16_t port);
void divert_init(void); /* at boot */

#endif
