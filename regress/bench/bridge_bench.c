/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * UDP in frames of 64 bytes from one member of a bridge to another, and on to
 * the other end of that pair: without pf, and with a state on each member.
 * IPv4 and IPv6; the frames are the same ones again and again.
 */

#include "../sys/net/pf/pfkit.h"

#include "../sys/net/bridgekit.h"

#define BATCH 32

static void
bench_fill(struct mbuf_list *ml, sa_family_t af)
{
	struct pk p = { .af = af, .proto = IPPROTO_UDP, .src = 10, .dst = 20,
		.sport = 4000, .dport = 53, .len = 10 };
	struct mbuf *m;
	uint8_t *eh;

	for (unsigned int i = 0; i < BATCH; i++) {
		m = m_prepend(pk_make(&p, NULL), ETHER_HDR_LEN);
		KT(m != NULL);
		eh = mtod(m, uint8_t *);
		memcpy(eh, station[1], 6);
		memcpy(eh + 6, station[0], 6);
		be16enc(eh + 12,
		    af == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
		ml_enqueue(ml, m);
	}
}

static void
bench_bridge(unsigned long n, sa_family_t af, bool filter)
{
	static const struct pf_ioc_rule pass = { .action = PFA_PASS,
		.keep = PF_KEEPSTATE };
	struct bridge_req req = { .lladdr = { 2, 0, 0, 0, 0, 0x11 } };
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;

	if (if_unit("bridge0") == NULL) {
		bridge_make();
		pk_rule(PF_RS_FILTER, &pass);
		KT_EQ(ask(SIOCBRDGSADDR, "pair11", &req), 0);
		KT(!filter || pf_start() == 0);
	}
	bench_fill(&ml, af);
	keep_frames = true;
	kb_start();
	for (; n > 0; n--) {
		if_input(if_unit("pair10"), &ml);
		(void)if_flush_all();
		KT_EQ(got[1].ml_len, BATCH);
		ml_enlist(&ml, &got[1]);
	}
	kb_stop();
	ml_purge(&ml);
}

KBENCH(bridge_64, BATCH)
{
	bench_bridge(n, AF_INET, false);
}

KBENCH(bridge_64_pf, BATCH)
{
	bench_bridge(n, AF_INET, true);
}

KBENCH(bridge_64_inet6, BATCH)
{
	bench_bridge(n, AF_INET6, false);
}

KBENCH(bridge_64_inet6_pf, BATCH)
{
	bench_bridge(n, AF_INET6, true);
}
