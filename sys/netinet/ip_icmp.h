/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms of ICMP share. */

#ifndef _NETINET_IP_ICMP_FUGU_H_
#define _NETINET_IP_ICMP_FUGU_H_

#include <sys/types.h>
#include <netinet/ip_var.h>

/* A token bucket: limit tokens a second, as many at once. */
struct icmp_bucket {
	uint64_t level; /* millionths of a token */
	uint64_t last_us;
};
/* True and one token less; false when it is empty.  limit < 0: always true. */
bool icmp_bucket_take(struct icmp_bucket *b, uint64_t now_us, int limit);

/* The packet that an error quotes. */
struct icmp_quote {
	struct ip_input_ctx ctx; /* its addresses and protocol */
	uint32_t iplen;          /* what its header says */
	uint32_t
	    len; /* bytes of its transport header that we have: 8 or more */
	uint8_t bytes[64];
};

/*
 * A router says that packets to the quoted destination must not be longer
 * than nextmtu bytes (0: a router from before RFC 1191).  The path MTU now in
 * force, or 0 when this was not believed.  (icmp_pmtu.c)
 */
uint32_t icmp_pmtu_learn(const struct icmp_quote *q, uint32_t nextmtu,
    uint32_t tableid);
/* The next smaller size that links have, for a packet of iplen bytes. */
uint32_t icmp_pmtu_plateau(uint32_t iplen);

#endif
