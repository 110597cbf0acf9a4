/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Advertisements made by hand for a host that listens to them: pair0 of
 * lab6.h, with `inet6 autoconf'.  Routers are fe80::n with the link address
 * 2:0:0:0:1:n.
 */

#ifndef LAB_RA_H
#define LAB_RA_H

#include <sys/sysctl.h>
#include <netinet6/nd6_host.h>
#include <netinet6/nd6_row.h>
#include "lab6.h"

struct ra {
	uint8_t b[1400];
	uint32_t len;
};

static inline struct ip_addr
router(unsigned int n)
{
	struct ip_addr a = { .b = { 0xfe, 0x80 } };

	be16enc(a.b + 14, (uint16_t)n);
	return (a);
}

/* Header: a router for lifetime seconds, preference as its two bits. */
static inline struct ra
ra_new(uint16_t lifetime, uint8_t preference)
{
	struct ra r = { .len = 16 };

	r.b[0] = ND_ROUTER_ADVERT;
	r.b[5] = (uint8_t)(preference << 3);
	be16enc(r.b + 6, lifetime);
	return (r);
}

static inline uint8_t *
ra_option(struct ra *r, uint8_t type, uint8_t words)
{
	uint8_t *p = r->b + r->len;

	KT(r->len + words * 8U <= sizeof(r->b));
	memset(p, 0, words * 8U);
	p[0] = type;
	p[1] = words;
	r->len += words * 8U;
	return (p);
}

static inline void
ra_slla(struct ra *r, unsigned int n)
{
	uint8_t *p = ra_option(r, 1, 1);

	p[2] = 2;
	be16enc(p + 6, (uint16_t)(0x100 + n));
}

#define L_FLAG 0x80
#define A_FLAG 0x40
static inline void
ra_prefix(struct ra *r, struct ip_addr prefix, uint8_t plen, uint8_t flags,
    uint32_t vltime, uint32_t pltime)
{
	uint8_t *p = ra_option(r, 3, 4);

	p[2] = plen;
	p[3] = flags;
	be32enc(p + 4, vltime);
	be32enc(p + 8, pltime);
	memcpy(p + 16, prefix.b, 16);
}

static inline void
ra_mtu(struct ra *r, uint32_t mtu)
{
	be32enc(ra_option(r, 5, 1) + 4, mtu);
}

static inline void
ra_route(struct ra *r, struct ip_addr prefix, uint8_t plen, uint8_t preference,
    uint32_t lifetime)
{
	uint8_t words = plen == 0 ? 1 : plen <= 64 ? 2 : 3;
	uint8_t *p = ra_option(r, 24, words);

	p[2] = plen;
	p[3] = (uint8_t)(preference << 3);
	be32enc(p + 4, lifetime);
	memcpy(p + 8, prefix.b, (words - 1) * 8U);
}

/* The message as a packet from src to all nodes. */
static inline struct mbuf *
ra_packet(const struct ra *r, struct ip_addr src)
{
	struct mbuf *m = lab_packet(src, in6addr_allnodes, IPPROTO_ICMPV6,
	    r->len);

	memcpy(mtod(m, uint8_t *) + 40, r->b, r->len);
	mtod(m, struct ip6_hdr *)->ip6_hlim = 255;
	m->m_pkthdr.csum_flags = M_ICMP_CSUM_IN_OK;
	m->m_flags |= M_MCAST;
	m->m_pkthdr.ifidx = lab_if("pair0")->if_index;
	return (m);
}

/* Time at most a second a step, so that timers run about when they should. */
static inline void
ra_wait(uint64_t seconds)
{
	uint64_t done;

	for (done = 0; done < seconds; done++) {
		sim_advance_us(1000000);
		while (kernel_step() == 0)
			;
	}
}

static inline void
ra_settle(void)
{
	while (kernel_step() == 0)
		;
	sim_advance_us(1000);
	while (kernel_step() == 0)
		;
}

/* It comes in from router n, and takes effect. */
static inline void
ra_hear(const struct ra *r, unsigned int n)
{
	ip6_input(lab_if("pair0"), ra_packet(r, router(n)));
	ra_settle();
}

#define AUTOCONF     IFXF_AUTOCONF6
#define AUTOCONFTEMP (IFXF_AUTOCONF6 | IFXF_AUTOCONF6TEMP)
/* A host that listens, and has asked. */
static inline void
ra_boot(uint32_t flags)
{
	lab_boot();
	KT_EQ(if_setflags(lab_if("pair0"), lab_if("pair0")->if_flags | flags),
	    0);
	lab_run(3200000);
	KT(nd6_host(lab_if("pair0")) != NULL);
}

/* The n-th address of pair0 in the prefix's 64 bits, or NULL. */
static inline struct ifaddr *
ra_addr(struct ip_addr prefix, bool temporary, unsigned int n)
{
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &lab_if("pair0")->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    memcmp(ifa->ifa_addr.b, prefix.b, 8) == 0 &&
		    ((ifa->ifa_flags & IFA_TEMPORARY) != 0) == temporary &&
		    n-- == 0)
			return (ifa);
	return (NULL);
}

/* The gateway of the best route to the prefix, or the unspecified address. */
static inline struct ip_addr
ra_gateway(struct ip_addr prefix, uint8_t plen)
{
	struct rtentry *rt = rtable_lookup(0, AF_INET6, &prefix, plen, RTP_ANY);

	return (rt != NULL && rt->rt_gwaf == AF_INET6 ? rt->rt_gateway :
							in6addr_any);
}

static inline bool
ra_default_is(unsigned int n)
{
	struct ip_addr gw = ra_gateway(in6addr_any, 0), want = router(n);

	return (ip_addr_eq(&gw, n == 0 ? &in6addr_any : &want));
}

#endif
