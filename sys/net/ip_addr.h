/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * One address type for both families (habit 13).  Shared.
 *
 * Sixteen bytes in network order; an IPv4 address stands in the first four
 * and the rest is zero.  So equality is one comparison, a prefix is one
 * function, and a family is a number beside it.  IPv6 link-local addresses
 * carry no scope inside: the interface goes beside them.
 */

#ifndef _NET_IP_ADDR_H_
#define _NET_IP_ADDR_H_

#include <sys/types.h>
#include <sys/socket.h>
#ifndef _KERNEL
#include <stdbool.h>
#include <stdint.h>
#endif

struct ip_addr {
	union {
		uint8_t b[16];
		uint16_t w[8]; /* network order */
		uint32_t l[4];
		uint64_t q[2];
		uint32_t v4; /* network order */
	};
};

static inline bool
ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
	return (a->q[0] == b->q[0] && a->q[1] == b->q[1]);
}

static inline bool
ip_addr_iszero(const struct ip_addr *a)
{
	return ((a->q[0] | a->q[1]) == 0);
}

static inline struct ip_addr
ip_addr_v4(uint32_t net_order)
{
	struct ip_addr a = { .q = { 0, 0 } };

	a.v4 = net_order;
	return (a);
}

static inline struct ip_addr
ip_addr_v6(const void *bytes16)
{
	struct ip_addr a;

	__builtin_memcpy(a.b, bytes16, 16);
	return (a);
}

/* Is a inside net/plen?  plen up to 32 or 128. */
static inline bool
ip_addr_inprefix(const struct ip_addr *a, const struct ip_addr *net, unsigned int plen)
{
	unsigned int full = plen / 8, rest = plen % 8;

	if (__builtin_memcmp(a->b, net->b, full) != 0)
		return (false);
	return (rest == 0 || ((a->b[full] ^ net->b[full]) >> (8 - rest)) == 0);
}

/* Clears all bits behind plen. */
static inline void
ip_addr_mask(struct ip_addr *a, unsigned int plen)
{
	unsigned int i = plen / 8;

	if (i < 16 && plen % 8 != 0) {
		a->b[i] &= (uint8_t)(0xff00 >> (plen % 8));
		i++;
	}
	for (; i < 16; i++)
		a->b[i] = 0;
}

#endif
