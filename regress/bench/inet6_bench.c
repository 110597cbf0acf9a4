/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv6 from one Ethernet's input to another's output queue, with neighbour
 * and route known; with 1 and with 4096 destinations behind the gateway; and
 * reassembly of packets of three and of 45 fragments, both families.
 */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/ip.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include <ktest.h>
#include <machine/kernel.h>

static struct ifnet in_if, out_if;
static struct mbuf_list sent;

static void
bench_start(struct ifnet *ifp)
{
	struct mbuf *m;

	while ((m = ml_dequeue(&ifp->if_snd)) != NULL)
		ml_enqueue(&sent, m);
}

static int
bench_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	return (0);
}

static void
bench_free(struct ifnet *ifp)
{
}

static void
bench_if(struct ifnet *ifp, const char *name)
{
	if_init(ifp, name, IFT_ETHER);
	ifp->if_start = bench_start;
	ifp->if_ioctl = bench_ioctl;
	ifp->if_free = bench_free;
	KT_EQ(ether_ifattach(ifp), 0);
	KT_EQ(if_attach(ifp), 0);
	KT_EQ(if_setflags(ifp, ifp->if_flags | IFF_UP), 0);
	if_link_state_change(ifp, LINK_STATE_UP);
}

static struct ip_addr
a6(unsigned int net, unsigned int host)
{
	struct ip_addr a = { .b = { 0x20, 0x01, 0x0d, 0xb8 } };

	be16enc(a.b + 4, (uint16_t)net);
	be16enc(a.b + 14, (uint16_t)host);
	return (a);
}

static void
bench_world(void)
{
	static const struct kernel_params params = { .hostname = "bench" };
	static const uint8_t mac[6] = { 2, 1, 2, 3, 4, 5 };
	static bool up;
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };
	struct ip_addr gw = a6(2, 2);
	struct rt_want w = { .af = AF_INET6,
		.gwaf = AF_INET6,
		.gateway = gw,
		.flags = RTF_STATIC };
	unsigned int i;

	if (up)
		return;
	up = true;
	KT_EQ(kernel_boot(&params), 0);
	ip6_dad_count = 0;
	ip6_forwarding = 1;
	bench_if(&in_if, "bench0");
	bench_if(&out_if, "bench1");
	req.addr = a6(1, 1);
	KT_EQ(in6_addr_add(&in_if, &req, NULL), 0);
	req.addr = a6(2, 1);
	KT_EQ(in6_addr_add(&out_if, &req, NULL), 0);
	KT_EQ(nd6_set(&out_if, &gw, mac, false), 0);
	KT_EQ(rtrequest_add(&w, NULL), 0);
	for (i = 0; i < 4096; i++) { /* prefixes beside the default route */
		w.dst = a6(0x1000 + i, 0);
		w.plen = 48;
		KT_EQ(rtrequest_add(&w, NULL), 0);
	}
}

/* Frames that stay: sent ones are turned into received ones again. */
#define BATCH 32

static void
bench_forward(unsigned long n, unsigned int ndst, uint32_t len)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	struct ip_addr src = a6(1, 9), dst;
	struct mbuf *m;
	unsigned long i, seq = 0;

	bench_world();
	for (i = 0; i < BATCH; i++) {
		m = m_getroom(M_HEADROOM, 14 + len);
		KT(m != NULL);
		m->m_len = m->m_pkthdr.len = 14 + len;
		ml_enqueue(&ml, m);
	}
	kb_start();
	for (; n > 0; n--) {
		for (m = ml.ml_head; m != NULL; m = m->m_nextpkt) {
			uint8_t *p = mtod(m, uint8_t *);

			dst = a6(0x1000 + (seq++ * 2654435761U >> 4) % ndst, 7);
			memcpy(p, in_if.if_lladdr, 6);
			memcpy(p + 6, "\2\0\0\0\0\1", 6);
			be16enc(p + 12, ETHERTYPE_IPV6);
			be32enc(p + 14, 0x60000000);
			be16enc(p + 18, (uint16_t)(len - 40));
			p[20] = 253;
			p[21] = 64;
			memcpy(p + 22, src.b, 16);
			memcpy(p + 38, dst.b, 16);
		}
		if_input(&in_if, &ml);
		(void)if_flush_all();
		KT_EQ(sent.ml_len, BATCH);
		ml_enlist(&ml, &sent);
	}
	kb_stop();
	ml_purge(&ml);
}

KBENCH(ip6_forward_64_one_destination, BATCH)
{
	bench_forward(n, 1, 64);
}

KBENCH(ip6_forward_64_4096_destinations, BATCH)
{
	bench_forward(n, 4096, 64);
}

KBENCH(ip6_forward_1500_4096_destinations, BATCH)
{
	bench_forward(n, 4096, 1500);
}

static void
bench_reass(unsigned long n, sa_family_t af, unsigned int pieces)
{
	struct ip_frag f = { .af = af, .proto = 253, .len = 1400 };
	struct mbuf *m = NULL;
	unsigned int i;
	uint8_t *p;

	bench_world();
	f.hdrlen = af == AF_INET ? 20 : 48;
	f.src.b[0] = f.dst.b[0] = 1;
	kb_start();
	for (; n > 0; n--) {
		f.id++;
		for (i = 0; i < pieces; i++) {
			m = m_getroom(M_HEADROOM, f.hdrlen + f.len);
			KT(m != NULL);
			m->m_len = m->m_pkthdr.len = f.hdrlen + f.len;
			p = mtod(m, uint8_t *);
			p[0] = af == AF_INET ? 0x45 : 0x60;
			p[6] = IPPROTO_FRAGMENT;
			f.off = i * f.len;
			f.more = i != pieces - 1;
			m = ip_reass(m, &f);
		}
		KT(m != NULL);
		m_freem(m);
	}
	kb_stop();
}

KBENCH(frag_v4_3_pieces, 3)
{
	bench_reass(n, AF_INET, 3);
}

KBENCH(frag_v6_3_pieces, 3)
{
	bench_reass(n, AF_INET6, 3);
}

KBENCH(frag_v6_45_pieces, 45)
{
	bench_reass(n, AF_INET6, 45);
}
