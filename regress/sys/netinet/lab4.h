/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Two benches for IPv4.
 *
 * lab4_up(): three hosts in one kernel, each in a routing table of its own:
 *
 *	left (table 0)        middle (table 1)         right (table 2)
 *	pair0 ------------- pair1         pair2 ------------- pair3
 *	10.0.1.1            10.0.1.2      10.0.2.1            10.0.2.2
 *
 * catch_up(): one router between two links that keep what is sent:
 *
 *	net0 10.0.1.1/24, neighbours .9 and .10 known by hand
 *	net1 10.0.2.1/24, neighbours .9 and .10; default route to 10.0.2.9
 */

#ifndef LAB4_H
#define LAB4_H

#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/drop.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/ip_var.h>
#include "../lab.h"

#define A4(a, b, c, d) htonl((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static inline int
lab_addr(const char *name, uint32_t a, unsigned int plen)
{
	struct if_addrreq req = { .af = AF_INET,
		.plen = (uint16_t)plen,
		.addr = ip_addr_v4(a) };

	return (in_addr_add(lab_if(name), &req, NULL));
}

static inline void
lab_route(uint32_t table, uint32_t dst, unsigned int plen, uint32_t gw)
{
	struct rt_want w = { .af = AF_INET,
		.gwaf = AF_INET,
		.plen = (uint8_t)plen,
		.tableid = table,
		.dst = ip_addr_v4(dst),
		.gateway = ip_addr_v4(gw),
		.flags = RTF_STATIC };

	KT_EQ(rtrequest_add(&w, NULL), 0);
}

/* A neighbour by hand. */
static inline struct rtentry *
lab_neighbour(const char *ifname, uint32_t a, uint8_t last, uint32_t flags)
{
	struct rt_want w = { .af = AF_INET,
		.gwaf = AF_LINK,
		.plen = 32,
		.dst = ip_addr_v4(a),
		.ifp = lab_if(ifname),
		.flags = RTF_HOST | RTF_STATIC | flags };
	struct rtentry *rt = NULL;

	w.tableid = w.ifp->if_rtable;
	w.gateway.b[0] = 2;
	w.gateway.b[5] = last;
	KT_EQ(rtrequest_add(&w, &rt), 0);
	return (rt);
}

/* A variable of sysctl(9) by name. */
static inline void
lab_sysctl(const char *name, int32_t v)
{
	static struct proc owner;
	struct sysctl_req req = { .proc = &owner,
		.new = &v,
		.newlen = sizeof(v) };

	KT_EQ(kern_sysctl(name, &req), 0);
	free(req.old, M_SYSCTL, req.oldcap);
}

/* The counter of netstat -s with this text. */
static inline uint64_t
lab_counter(const char *proto, const char *text)
{
	static struct proc owner;
	struct sysctl_req req = { .proc = &owner };
	const struct stat_row *rows;
	uint64_t v = UINT64_MAX;
	size_t i;

	KT_EQ(kern_sysctl("net.stats", &req), 0);
	rows = req.old;
	for (i = 0; i < req.oldlen / sizeof(*rows); i++)
		if (strcmp(rows[i].proto, proto) == 0 &&
		    strcmp(rows[i].text, text) == 0)
			v = rows[i].value;
	free(req.old, M_SYSCTL, req.oldcap);
	KT(v != UINT64_MAX);
	return (v);
}

/* --- three hosts --- */

static inline void
lab4_up(void)
{
	lab_boot();
	KT_EQ(lab_addr("pair0", A4(10, 0, 1, 1), 24), 0);
	KT_EQ(lab_addr("pair1", A4(10, 0, 1, 2), 24), 0);
	KT_EQ(lab_addr("pair2", A4(10, 0, 2, 1), 24), 0);
	KT_EQ(lab_addr("pair3", A4(10, 0, 2, 2), 24), 0);
	lab_route(0, 0, 0, A4(10, 0, 1, 2));
	lab_route(2, 0, 0, A4(10, 0, 2, 1));
	ip_forwarding = 1;
	lab_run(100000);
}

/* --- packets --- */

struct pkt {
	uint32_t src, dst;
	uint8_t proto, ttl, tos;
	uint16_t off; /* flags and offset as in the header, host order */
	uint16_t id;
	uint32_t len; /* payload: 0, 1, 2 ... */
	const uint8_t *opt;
	uint32_t optlen;
	const void *body; /* instead of the pattern */
};

static inline struct mbuf *
pkt_make(const struct pkt *p)
{
	uint32_t hlen = 20 + p->optlen, i;
	struct mbuf *m = m_getroom(M_HEADROOM, hlen + p->len);
	struct ip *ip;
	uint8_t *b;

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = hlen + p->len;
	ip = mtod(m, struct ip *);
	memset(ip, 0, hlen);
	ip->ip_vhl = (uint8_t)(4 << 4 | hlen >> 2);
	ip->ip_tos = p->tos;
	ip->ip_len = htons(hlen + p->len);
	ip->ip_id = htons(p->id);
	ip->ip_off = htons(p->off);
	ip->ip_ttl = p->ttl != 0 ? p->ttl : 64;
	ip->ip_p = p->proto;
	ip->ip_src = p->src;
	ip->ip_dst = p->dst;
	if (p->optlen != 0)
		memcpy(ip + 1, p->opt, p->optlen);
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, hlen));
	b = mtod(m, uint8_t *) + hlen;
	if (p->body != NULL)
		memcpy(b, p->body, p->len);
	for (i = 0; p->body == NULL && i < p->len; i++)
		b[i] = (uint8_t)i;
	return (m);
}

/* UDP with len bytes of data behind the header, its sum in place. */
static inline struct mbuf *
pkt_udp(uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport,
    uint32_t len)
{
	struct pkt p = { .src = src,
		.dst = dst,
		.proto = IPPROTO_UDP,
		.len = 8 + len };
	struct mbuf *m = pkt_make(&p);
	uint8_t *b = mtod(m, uint8_t *) + 20;

	be16enc(b, sport);
	be16enc(b + 2, dport);
	be16enc(b + 4, (uint16_t)(8 + len));
	be16enc(b + 6, 0);
	m->m_pkthdr.csum_flags = M_UDP_CSUM_OUT;
	KT_EQ(in_cksum_finish(&m, AF_INET), 0);
	return (m);
}

static inline struct mbuf *
pkt_echo(uint32_t src, uint32_t dst, uint32_t len)
{
	struct pkt p = { .src = src,
		.dst = dst,
		.proto = IPPROTO_ICMP,
		.len = 8 + len };
	struct mbuf *m = pkt_make(&p);
	uint8_t *b = mtod(m, uint8_t *) + 20;

	memset(b, 0, 8);
	b[0] = ICMP_ECHO;
	m->m_pkthdr.csum_flags = M_ICMP_CSUM_OUT;
	KT_EQ(in_cksum_finish(&m, AF_INET), 0);
	return (m);
}

static inline int
lab_ping(uint32_t table, uint32_t dst, uint32_t len)
{
	struct ip_outopts po = { .po_rtable = table };

	return (ip_output(pkt_echo(0, dst, len), &po));
}

/* --- links that keep what is sent --- */

static struct ifnet catch_if[2];
static struct mbuf_list caught[2];

static void
catch_start(struct ifnet *ifp)
{
	ml_enlist(&caught[ifp == &catch_if[1]], &ifp->if_snd);
}

static int
catch_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	return (0);
}

static void
catch_free(struct ifnet *ifp)
{
}

static inline void
catch_attach(unsigned int n, const char *name, uint32_t a)
{
	struct ifnet *ifp = &catch_if[n];

	if_init(ifp, name, IFT_ETHER);
	ifp->if_start = catch_start;
	ifp->if_ioctl = catch_ioctl;
	ifp->if_free = catch_free;
	KT_EQ(ether_ifattach(ifp), 0);
	KT_EQ(if_attach(ifp), 0);
	KT_EQ(if_setflags(ifp, ifp->if_flags | IFF_UP), 0);
	if_link_state_change(ifp, LINK_STATE_UP);
	KT_EQ(lab_addr(name, a, 24), 0);
	lab_neighbour(name, a ^ A4(0, 0, 0, 8), 9, 0);
	lab_neighbour(name, a ^ A4(0, 0, 0, 11), 10, 0);
}

static inline void
catch_flush(void)
{
	(void)if_flush_all();
	ml_purge(&caught[0]);
	ml_purge(&caught[1]);
}

static inline void
catch_up(void)
{
	static const struct kernel_params params = { .hostname = "catch" };

	KT_EQ(kernel_boot(&params), 0);
	catch_attach(0, "net0", A4(10, 0, 1, 1));
	catch_attach(1, "net1", A4(10, 0, 2, 1));
	lab_route(0, 0, 0, A4(10, 0, 2, 9));
	ip_forwarding = 1;
	lab_run(20000);
	catch_flush();
}

/* The packet comes in by net n; then what has to be done is done. */
static inline void
catch_in(unsigned int n, struct mbuf *m)
{
	m->m_pkthdr.ifidx = catch_if[n].if_index;
	ip_input(&catch_if[n], m);
	(void)if_flush_all();
}

/* The next frame sent by net n: its IP header, Ethernet cut off.  NULL. */
static inline struct mbuf *
catch_out(unsigned int n)
{
	struct mbuf *m = ml_dequeue(&caught[n]);

	if (m == NULL)
		return (NULL);
	m_adj(m, ETHER_HDR_LEN);
	m = m_pullup(m, m->m_pkthdr.len);
	KT(m != NULL);
	return (m);
}

#endif
