/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Three hosts in one kernel, each in a routing table of its own:
 *
 *	left (table 0)        middle (table 1)         right (table 2)
 *	pair0 ------------- pair1         pair2 ------------- pair3
 *	2001:db8:1::1    2001:db8:1::2   2001:db8:2::1    2001:db8:2::2
 */

#ifndef LAB6_H
#define LAB6_H

#include <sys/systm.h>
#include <sys/drop.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include "../lab.h"

/* 2001:db8:net::host */
static inline struct ip_addr
a6(unsigned int net, unsigned int host)
{
	struct ip_addr a = { .b = { 0x20, 0x01, 0x0d, 0xb8 } };

	a.b[5] = (uint8_t)net;
	be16enc(a.b + 14, (uint16_t)host);
	return (a);
}

static inline void
lab_addr(const char *name, struct ip_addr a, unsigned int plen, int want)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = (uint16_t)plen,
		.addr = a,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	KT_EQ(in6_addr_add(lab_if(name), &req, NULL), want);
}

static inline void
lab_default(uint32_t table, struct ip_addr gw)
{
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_INET6,
		.tableid = table,
		.gateway = gw,
		.flags = RTF_STATIC };

	KT_EQ(rtrequest_add(&w, NULL), 0);
}

static inline void
lab_up(void)
{
	lab_boot();
	lab_addr("pair0", a6(1, 1), 64, 0);
	lab_addr("pair1", a6(1, 2), 64, 0);
	lab_addr("pair2", a6(2, 1), 64, 0);
	lab_addr("pair3", a6(2, 2), 64, 0);
	lab_default(0, a6(1, 2));
	lab_default(2, a6(2, 1));
	ip6_forwarding = 1;
	in6_forwarding_changed();
	lab_run(2500000); /* addresses are proved */
}

/* A packet of protocol proto with len bytes of payload, 0, 1, 2 ... */
static inline struct mbuf *
lab_packet(struct ip_addr src, struct ip_addr dst, uint8_t proto, uint32_t len)
{
	struct mbuf *m = m_getroom(M_HEADROOM, 40 + len);
	uint8_t *p;
	uint32_t i;

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = 40 + len;
	p = mtod(m, uint8_t *);
	memset(p, 0, 40);
	p[0] = 0x60;
	be16enc(p + 4, (uint16_t)len);
	p[6] = proto;
	p[7] = 64;
	memcpy(p + 8, src.b, 16);
	memcpy(p + 24, dst.b, 16);
	for (i = 0; i < len; i++)
		p[40 + i] = (uint8_t)i;
	return (m);
}

static inline struct mbuf *
lab_echo(struct ip_addr src, struct ip_addr dst, uint32_t len)
{
	struct mbuf *m = lab_packet(src, dst, IPPROTO_ICMPV6, len);
	uint8_t *p = mtod(m, uint8_t *) + 40;

	memset(p, 0, 8);
	p[0] = ICMP6_ECHO_REQUEST;
	m->m_pkthdr.csum_flags = M_ICMP_CSUM_OUT;
	return (m);
}

static inline int
lab_ping(uint32_t table, struct ip_addr dst, uint32_t len)
{
	struct ip_outopts po = { .po_rtable = table };

	return (ip6_output(lab_echo(in6addr_any, dst, len), &po));
}

#endif
