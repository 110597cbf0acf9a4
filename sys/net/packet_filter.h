/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The packet filter as the stack sees it: one struct of hooks that pf fills
 * when it attaches.  The stack builds and runs without pf.
 */

#ifndef _NET_PACKET_FILTER_H_
#define _NET_PACKET_FILTER_H_

#include <sys/types.h>
#include <net/ip_addr.h>

struct ifnet;
struct mbuf;
struct mbuf_list;
struct socket;

/*
 * Who asks about a packet that no IP layer holds (a bridge) says so where a
 * segment goes that answers it: m_data at a whole IP header, checksums as the
 * M_*_CSUM_OUT flags say.  Takes m; 0 or ENOBUFS.
 */
struct pf_answer {
	int (*send)(struct pf_answer *pa, struct mbuf *m);
};

enum pf_verdict { PF_DROP, PF_PASS, PF_HELD };
enum pf_dir { PF_IN = 1, PF_OUT = 2 };

/* pkthdr_pf.flags */
#define PF_TAG_GENERATED	 0x01 /* pf made it: let it pass */
#define PF_TAG_TRANSLATE_LOCALHOST 0x02 /* redirected to a loopback address */
#define PF_TAG_DIVERTED		 0x04 /* for this machine, whatever its destination */
#define PF_TAG_REASSEMBLED	 0x08
#define PF_TAG_REFRAGMENTED	 0x10
#define PF_TAG_PROCESSED	 0x20
#define PF_TAG_REINJECTED	 0x40 /* from a divert socket or a bridge: judged already */
#define PF_TAG_TRANSPARENT	 0x80 /* sent by a socket with a foreign address */

/*
 * Payload of PACKET_TAG_DIVERT, which a diverted packet may have: the socket
 * bound to this takes what no connected socket takes.
 */
struct pf_divert {
	struct ip_addr addr;
	uint16_t port; /* host order */
};

struct packet_filter {
	/*
	 * Judges an IP packet (m_data at its header, header contiguous not
	 * guaranteed) entering or leaving by ifp.  PF_PASS: *mp, maybe changed
	 * or replaced, goes on; *af changes with af-to.  PF_DROP, PF_HELD: *mp
	 * is gone (counted, kept, or sent elsewhere) and NULL.  What answers
	 * it goes to answer, or if that is NULL by the routing table.
	 */
	enum pf_verdict (*test)(struct ifnet *ifp, struct mbuf **mp, sa_family_t *af, enum pf_dir dir,
	    struct pf_answer *answer);
	/*
	 * Ethernet frames that are about to come in: what test() will need of
	 * them may be fetched, and noted in m_pkthdr.pf.
	 */
	void (*expect)(struct mbuf_list *frames);
	/*
	 * Where src wrote to, in a conversation with *dst as a socket here
	 * knows it: into *dst and *dport (host order).  False: no such state.
	 */
	bool (*original_dst)(sa_family_t af, uint8_t proto,
	    const struct ip_addr *src, uint16_t sport, struct ip_addr *dst,
	    uint16_t *dport);
};
/* NULL while there is no filter. */
extern const struct packet_filter *packet_filter;

/* answer: of who asks about a packet that no IP layer holds, else NULL. */
static inline enum pf_verdict
pf_judge_for(struct ifnet *ifp, struct mbuf **mp, sa_family_t *af, enum pf_dir dir,
    struct pf_answer *answer)
{
	return (packet_filter == NULL ? PF_PASS : packet_filter->test(ifp, mp, af, dir, answer));
}

static inline enum pf_verdict
pf_judge(struct ifnet *ifp, struct mbuf **mp, sa_family_t *af, enum pf_dir dir)
{
	return (pf_judge_for(ifp, mp, af, dir, NULL));
}

#endif
