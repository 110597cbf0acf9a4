/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv4 from one Ethernet's input to another's output queue, neighbour known:
 * frames of 64, 512 and 1500 bytes to one destination, and to random ones
 * behind 1000 and 100000 prefixes; large TCP packets whole; checksums.
 */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <ktest.h>
#include <machine/kernel.h>

#define BATCH 32
#define FLOWS 65536

static struct ifnet in_if, out_if;
static struct mbuf_list sent;
static uint32_t flows[FLOWS]; /* destinations, network order */

static void
bench_start(struct ifnet *ifp)
{
	ml_enlist(&sent, &ifp->if_snd);
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
bench_if(struct ifnet *ifp, const char *name, uint32_t addr)
{
	struct if_addrreq req = { .af = AF_INET,
		.plen = 24,
		.addr = ip_addr_v4(htonl(addr)) };

	if_init(ifp, name, IFT_ETHER);
	ifp->if_start = bench_start;
	ifp->if_ioctl = bench_ioctl;
	ifp->if_free = bench_free;
	ifp->if_caps = IFCAP_CSUM_IPV4 | IFCAP_CSUM_L4 | IFCAP_TSO4;
	KT_EQ(ether_ifattach(ifp), 0);
	KT_EQ(if_attach(ifp), 0);
	KT_EQ(if_setflags(ifp, ifp->if_flags | IFF_UP), 0);
	if_link_state_change(ifp, LINK_STATE_UP);
	KT_EQ(in_addr_add(ifp, &req, NULL), 0);
}

static void
bench_route(uint32_t dst, unsigned int plen, sa_family_t gwaf, uint32_t gw)
{
	struct rt_want w = { .af = AF_INET,
		.gwaf = gwaf,
		.plen = (uint8_t)plen,
		.dst = ip_addr_v4(htonl(dst)),
		.gateway = ip_addr_v4(htonl(gw)),
		.flags = RTF_STATIC,
		.ifp = &out_if };
	int error = rtrequest_add(&w, NULL);

	KT(error == 0 || error == EEXIST);
}

static void
bench_world(unsigned int nroutes)
{
	static const struct kernel_params params = { .hostname = "bench" };
	static bool up;
	static unsigned int have;
	uint32_t x;

	if (!up) {
		up = true;
		KT_EQ(kernel_boot(&params), 0);
		ip_forwarding = 1;
		bench_if(&in_if, "bench0", 0x0a000101);
		bench_if(&out_if, "bench1", 0x0a000201);
		bench_route(0x0a000202, 32, AF_LINK, 0x02010203);
		bench_route(0, 0, AF_INET, 0x0a000202);
	}
	/* prefixes of 16 to 24 bits, spread over 20/8 .. 119/8 */
	for (; have < nroutes; have++) {
		x = have * 2654435761U;
		bench_route((20 + (x >> 24) % 100) << 24 | (x & 0xffffff),
		    16 + have % 9, AF_INET, 0x0a000202);
	}
	for (unsigned int i = 0; i < FLOWS; i++) {
		x = (i * 2654435761U) ^ (i << 7);
		flows[i] = htonl((20 + (x >> 24) % 100) << 24 | (x & 0xffffff));
	}
	(void)if_flush_all();
	ml_purge(&sent);
}

/* Headers as a sender makes them; the sum is computed once. */
static void
bench_frame(uint8_t *p, const uint8_t *template, uint32_t dst)
{
	struct ip *ip = (struct ip *)(void *)(p + ETHER_HDR_LEN);

	memcpy(p, template, ETHER_HDR_LEN + 20);
	ip->ip_dst = dst;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 20));
}

static void
bench_forward(unsigned long n, unsigned int nroutes, unsigned int nflows,
    uint32_t len, uint16_t mss)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	uint8_t template[34] = { 0 };
	struct mbuf *m;
	unsigned long i, seq = 0;

	bench_world(nroutes);
	memcpy(template, in_if.if_lladdr, 6);
	template[6] = 2;
	be16enc(template + 12, ETHERTYPE_IP);
	template[14] = 0x45;
	be16enc(template + 16, (uint16_t)len);
	template[22] = 64;
	template[23] = mss != 0 ? IPPROTO_TCP : 253;
	be32enc(template + 26, 0x0a000109);
	for (i = 0; i < BATCH; i++) {
		m = m_getroom(M_HEADROOM, ETHER_HDR_LEN + len);
		KT(m != NULL);
		m->m_len = m->m_pkthdr.len = ETHER_HDR_LEN + len;
		mtod(m, uint8_t *)[ETHER_HDR_LEN + 32] = 5 << 4;
		ml_enqueue(&ml, m);
	}
	kb_start();
	for (; n > 0; n--) {
		for (m = ml.ml_head; m != NULL; m = m->m_nextpkt) {
			bench_frame(mtod(m, uint8_t *), template,
			    flows[seq++ % nflows]);
			m->m_pkthdr.csum_flags = mss != 0 ?
			    M_TCP_TSO | M_TCP_CSUM_OUT :
			    0;
			m->m_pkthdr.ph_mss = mss;
		}
		if_input(&in_if, &ml);
		(void)if_flush_all();
		KT_EQ(sent.ml_len, BATCH);
		ml_enlist(&ml, &sent);
	}
	kb_stop();
	ml_purge(&ml);
}

KBENCH(ip4_forward_64_one_flow, BATCH)
{
	bench_forward(n, 1, 1, 50, 0);
}

KBENCH(ip4_forward_64_random_1k_routes, BATCH)
{
	bench_forward(n, 1000, FLOWS, 50, 0);
}

KBENCH(ip4_forward_64_random_100k_routes, BATCH)
{
	bench_forward(n, 100000, FLOWS, 50, 0);
}

KBENCH(ip4_forward_512_random_100k_routes, BATCH)
{
	bench_forward(n, 100000, FLOWS, 498, 0);
}

KBENCH(ip4_forward_1500_random_100k_routes, BATCH)
{
	bench_forward(n, 100000, FLOWS, 1500, 0);
}

KBENCH(ip4_forward_tso_14600, BATCH)
{
	bench_forward(n, 1000, FLOWS, 14640, 1460);
}

static uint8_t sum_data[65536];

static void
bench_sum(unsigned long n, uint32_t len)
{
	uint64_t sum = 0;

	kb_start();
	for (; n > 0; n--)
		sum = in_cksum_bytes(sum, sum_data, len);
	kb_stop();
	KT(sum != 1);
}

KBENCH(in_cksum_20_bytes, 1)
{
	bench_sum(n, 20);
}

KBENCH(in_cksum_1460_bytes, 1)
{
	bench_sum(n, 1460);
}

KBENCH(in_cksum_65536_bytes, 1)
{
	bench_sum(n, 65536);
}
