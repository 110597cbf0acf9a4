/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * no-route and urpf-failed: is there a way back to a source, and is it the one
 * that the packet came by?  Addresses of a link always have one.
 */

#include <sys/proc.h>
#include <net/if_ioctl.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>

#include "pfkit.h"

static struct proc owner;

/* pair0 with .1 of subnet 0, pair1 of subnet 1; 2 is behind pair1. */
static void
boot(void)
{
	struct if_addrreq a;
	struct if_req req;

	pk_boot();
	for (unsigned int i = 0; i < 2; i++) {
		memset(&req, 0, sizeof(req));
		snprintf(req.name, sizeof(req.name), "pair%u", i);
		snprintf(req.text, sizeof(req.text), "pair%u", i + 100);
		KT_EQ(if_clone_create(req.text), 0);
		KT_EQ(if_setflags(if_unit(req.text), IFF_UP), 0);
		KT_EQ(if_ioctl_dispatch(SIOCSPAIR, &req, &owner), 0);
		KT_EQ(if_setflags(if_unit(req.name), IFF_UP), 0);
		PK_BOTH(af)
		{
			memset(&a, 0, sizeof(a));
			strlcpy(a.name, req.name, sizeof(a.name));
			a.af = af;
			a.plen = af == AF_INET ? 24 : 64;
			a.addr = pk_host(af, 100 * i + 1);
			a.vltime = a.pltime = UINT32_MAX;
			KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &a, &owner),
			    0);
		}
	}
	PK_BOTH(af)
	{
		struct rt_want w = { .af = af,
			.gwaf = af,
			.plen = af == AF_INET ? 24 : 64,
			.dst = pk_host(af, 200),
			.gateway = pk_host(af, 109),
			.flags = RTF_STATIC };

		KT_EQ(rtrequest_add(&w, NULL), 0);
	}
}

/* Does a packet from src, which may be put in by hand, pass in by ifname? */
static bool
passes(sa_family_t af, unsigned int src, const struct ip_addr *byhand,
    const char *ifname)
{
	struct pk p = { .af = af,
		.proto = IPPROTO_UDP,
		.src = src,
		.dst = 1,
		.sport = 9,
		.dport = 9 };
	struct mbuf *m = pk_make(&p, NULL);
	bool passed;

	if (byhand != NULL)
		memcpy(mtod(m, uint8_t *) + 8, byhand->b, 16);
	m->m_pkthdr.ifidx = if_unit(ifname)->if_index;
	passed = pf_test(if_unit(ifname), &m, &af, PF_IN, NULL) == PF_PASS;
	if (passed)
		m_freem(m);
	return (passed);
}

KTEST(pf_way_back_to_a_source)
{
	static const struct ip_addr ll = { .b = { 0xfe, 0x80, [15] = 9 } };
	static const struct {
		unsigned int src;
		const char *ifname;
		bool noroute, urpf; /* blocked by */
	} rows[] = {
		{ 5, "pair0", false, false },
		{ 5, "pair1", false, true },
		{ 105, "pair1", false, false },
		{ 105, "pair0", false, true },
		{ 205, "pair1", false, false }, /* by a gateway there */
		{ 205, "pair0", false, true },
		{ 305, "pair0", true, true },
	};
	struct pf_ioc_rule c = { .action = PFA_BLOCK };

	boot();
	for (unsigned int k = 0; k < 2; k++) {
		c.src.addr.type = k == 0 ? PF_ADDR_NOROUTE : PF_ADDR_URPF;
		pk_rule(PF_RS_FILTER, &c);
		PK_BOTH(af)
		for (size_t i = 0; i < nitems(rows); i++)
			KT_EQ(passes(af, rows[i].src, NULL, rows[i].ifname),
			    k == 0 ? !rows[i].noroute : !rows[i].urpf);
		KT(passes(AF_INET6, 0, &ll, "pair0"));
		KT(passes(AF_INET6, 0, &ll, "pair1"));
	}
}
