/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The packet filter as the stack sees it: one struct of hooks that pf fills
 * when it attaches.  The stack builds and runs without pf.
 */

#ifndef _NET_PACKET_FILTER_H_
#define _NET_PACKET_FILTER_H_

#include <sys/types.h>

struct ifnet;
struct mbuf;
struct socket;

enum pf_verdict { PF_DROP, PF_PASS, PF_HELD };
enum pf_dir { PF_IN = 1, PF_OUT = 2 };

/* pkthdr_pf.flags */
#define PF_TAG_GENERATED	 0x01 /* pf made it: let it pass */
#define PF_TAG_TRANSLATE_LOCALHOST 0x02 /* redirected to a loopback address */
#define PF_TAG_DIVERTED		 0x04
#define PF_TAG_REASSEMBLED	 0x08
#define PF_TAG_REFRAGMENTED	 0x10
#define PF_TAG_PROCESSED	 0x20

struct packet_filter {
	/*
	 * Judges an IP packet (m_data at its header, header contiguous not
	 * guaranteed) entering or leaving by ifp.  PF_PASS: *mp, maybe changed
	 * or replaced, goes on; *af changes with af-to.  PF_DROP, PF_HELD: *mp
	 * is gone (counted, kept, or sent elsewhere) and NULL.
	 */
	enum pf_verdict (*test)(struct ifnet *ifp, struct mbuf **mp, sa_family_t *af, enum pf_dir dir);
	/* The local socket that took the packet: replies find their state. */
	void (*socket_linked)(struct mbuf *m, void *pcb);
	void (*socket_gone)(void *pcb);
};
/* NULL while there is no filter. */
extern const struct packet_filter *packet_filter;

static inline enum pf_verdict
pf_judge(struct ifnet *ifp, struct mbuf **mp, sa_family_t *af, enum pf_dir dir)
{
	return (packet_filter == NULL ? PF_PASS : packet_filter->test(ifp, mp, af, dir));
}

#endif
