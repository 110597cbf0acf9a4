/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Packets that pf makes itself (pf_reply.c).  All of them carry
 * PF_TAG_GENERATED, so that pf lets them pass, and never answer an answer. */

#ifndef _NET_PF_PF_REPLY_H_
#define _NET_PF_PF_REPLY_H_

#include <sys/types.h>
#include <net/ip_addr.h>

struct ifnet;
struct pf_answer;
struct pf_desc;
struct pf_rule;

/* A TCP segment without data, numbers in host order. */
struct pf_tcp_reply {
	sa_family_t af;
	struct ip_addr src, dst;
	struct ifnet *ifp; /* where link-local ones are; or NULL */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags, ttl; /* ttl 0: the default */
	uint16_t win, mss;  /* mss 0: no option */
	uint16_t tag;       /* pf tag id */
	uint32_t rtable;
	struct pf_answer *to; /* who takes it; NULL: the routing table */
};
/* Made and sent.  0, ENOBUFS or what output says. */
int pf_reply_tcp(const struct pf_tcp_reply *r);
/* What `block return', return-rst or return-icmp of rule r sends about the
 * packet of pd (still whole, as it came: pd->was).  Nothing is sent to
 * ICMP errors, RSTs, fragments behind the first, broadcasts, bad checksums. */
void pf_reply_block(struct pf_desc *pd, const struct pf_rule *r);
/* RST to the sender of pd's segment, which has the numbers of no one
 * (RFC 9293 3.10.7.1). */
void pf_reply_rst(struct pf_desc *pd, uint8_t ttl);
/* Challenge ACK (RFC 5961 4) to the sender of a SYN in a known connection. */
void pf_reply_challenge(struct pf_desc *pd, uint32_t seq, uint32_t ack,
    uint16_t win);

#endif
