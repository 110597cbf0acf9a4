/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* A host with an IPv6 link, for fuzzers: pair0, 2001:db8::1/64 and fe80::1. */

#ifndef FUZZ6_H
#define FUZZ6_H

#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include "fuzz.h"

static const struct ip_addr fuzz_addrs[8] = {
	{ .b = { 0 } },
	{ .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } }, /* ours */
	{ .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } }, /* a neighbour */
	{ .b = { 0xfe, 0x80, [15] = 1 } },             /* ours */
	{ .b = { 0xfe, 0x80, [15] = 2 } },             /* the router */
	{ .b = { 0xff, 0x02, [15] = 1 } },
	{ .b = { 0xff, 0x02, [11] = 1, 0xff, [15] = 1 } },
	{ .b = { 0x20, 0x02, [15] = 9 } }, /* behind the router */
};

static inline void
fuzz_addr(struct ip_addr a)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = a,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	KASSERT(in6_addr_add(fuzz_if, &req, NULL) == 0);
}

static inline void
fuzz_boot(void)
{
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_INET6,
		.gateway = fuzz_addrs[4],
		.flags = RTF_STATIC };

	if (fuzz_if != NULL)
		return;
	fuzz_pair();
	ip6_dad_count = 0;
	ip6_forwarding = 1;
	icmp6_rediraccept = 1;
	icmp6_errppslimit = -1;
	fuzz_addr(fuzz_addrs[1]);
	fuzz_addr(fuzz_addrs[3]);
	w.ifp = fuzz_if;
	KASSERT(rtrequest_add(&w, NULL) == 0);
}

/* An IPv6 packet with body; addresses by number, checksum taken as good. */
static inline struct mbuf *
fuzz_ip6(uint8_t proto, unsigned int src, unsigned int dst, uint8_t hlim,
    const uint8_t *body, size_t len, unsigned int first)
{
	uint8_t buf[2048] = { 0x60 };
	struct mbuf *m;

	len = MIN(len, sizeof(buf) - 40);
	be16enc(buf + 4, (uint16_t)len);
	buf[6] = proto;
	buf[7] = hlim;
	memcpy(buf + 8, fuzz_addrs[src % 8].b, 16);
	memcpy(buf + 24, fuzz_addrs[dst % 8].b, 16);
	memcpy(buf + 40, body, len);
	if ((m = fuzz_packet(buf, 40 + len, first)) != NULL)
		m->m_pkthdr.csum_flags = M_ICMP_CSUM_IN_OK;
	return (m);
}

static inline void
fuzz_receive(struct mbuf *m)
{
	if (m != NULL)
		ip6_input(fuzz_if, m);
}

#endif
