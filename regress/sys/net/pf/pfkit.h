/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pf on a table: rules put in place as arrays, packets made from rows, each
 * row for IPv4 and for IPv6.  Hosts have numbers: 10.0.0.N and fd00::N, with
 * the subnet as the hundreds (304 is 10.0.3.4 and fd00:0:0:3::4).
 */

#ifndef PFKIT_H
#define PFKIT_H

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/log.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <ktest.h>
#include <machine/kernel.h>

#define PK_BOTH(af)                             \
	for (sa_family_t af = AF_INET; af != 0; \
	     af = af == AF_INET ? AF_INET6 : 0)

static inline struct ip_addr
pk_host(sa_family_t af, unsigned int n)
{
	struct ip_addr a = { .b = { 0 } };

	if (af == AF_INET)
		return (
		    ip_addr_v4(htonl(0x0a000000U | n / 100 << 8 | n % 100)));
	a.b[0] = 0xfd;
	a.b[7] = (uint8_t)(n / 100);
	a.b[15] = (uint8_t)(n % 100);
	return (a);
}

/* The number again; -1 for an address that is none of them. */
static inline int
pk_number(sa_family_t af, const struct ip_addr *a)
{
	int n = af == AF_INET ? a->b[2] * 100 + a->b[3] :
				a->b[7] * 100 + a->b[15];
	struct ip_addr again = pk_host(af, (unsigned int)n);

	return (ip_addr_eq(&again, a) ? n : -1);
}

static inline void
pk_boot(void)
{
	static const struct kernel_params params = { .hostname = "test" };

	KT_EQ(kernel_boot(&params), 0);
}

/* --- rules --- */

static struct pf_ioc_poolent pk_ents[PF_NPOOLS][8];

/* One rule, alone, as ruleset rs of the main anchor. */
static inline void
pk_rule(enum pf_rs rs, const struct pf_ioc_rule *ioc)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { pk_ents[0], pk_ents[1],
		pk_ents[2] };
	struct pf_rules *rules = pf_rules_new();
	struct pf_ioc_rule c = *ioc;
	struct pf_rule *r;

	KT(rules != NULL);
	c.rtable = -1;
	KT_EQ(pf_rule_make(&pf_main, rs, &c, pools, &r), 0);
	KT_EQ(pf_rules_add(rules, r), 0);
	pf_rules_finish(rules, 1);
	pf_rules_free(pf_main.rules[rs]);
	pf_main.rules[rs] = rules;
}

static inline struct pf_ioc_poolent
pk_net(sa_family_t af, unsigned int n, unsigned int plen)
{
	return ((struct pf_ioc_poolent){ .addr = { .type = PF_ADDR_PREFIX,
					     .af = af,
					     .plen = (uint8_t)plen,
					     .addr = pk_host(af, n) } });
}

static inline void
pk_states_end(void)
{
	struct pf_state *st;

	while ((st = pf_state_after(0)) != NULL)
		pf_state_remove(st);
}

/* --- packets --- */

struct pk {
	sa_family_t af;
	uint8_t proto;
	unsigned int src, dst; /* hosts by number */
	uint16_t sport, dport; /* ICMP: type << 8 | code, id */
	uint32_t seq, ack;
	uint16_t win, len; /* len: of payload */
	uint8_t flags;     /* of TCP */
	uint8_t wscale;    /* 1 + shift: with the option */
};

/* The transport's header of p, no checksum, into out: its length. */
static inline uint32_t
pk_transport(const struct pk *p, uint8_t *out)
{
	struct tcphdr th = { .th_sport = htons(p->sport),
		.th_dport = htons(p->dport),
		.th_seq = htonl(p->seq),
		.th_ack = htonl(p->ack),
		.th_off = (uint8_t)(p->wscale != 0 ? 6 << 4 : 5 << 4),
		.th_flags = p->flags,
		.th_win = htons(p->win) };
	const uint8_t opt[4] = { 1, 3, 3, (uint8_t)(p->wscale - 1) };

	memset(out, 0, 24);
	if (p->proto == IPPROTO_TCP) {
		memcpy(out, &th, sizeof(th));
		memcpy(out + 20, opt, p->wscale != 0 ? 4 : 0);
		return (p->wscale != 0 ? 24 : 20);
	}
	be16enc(out, p->sport);
	be16enc(out + (p->proto == IPPROTO_UDP ? 2 : 4), p->dport);
	if (p->proto == IPPROTO_UDP)
		be16enc(out + 4, (uint16_t)(8 + p->len));
	return (8);
}

static inline uint32_t
pk_header(const struct pk *p, uint32_t len, uint8_t *out)
{
	struct ip_addr src = pk_host(p->af, p->src),
		       dst = pk_host(p->af, p->dst);
	uint16_t sum;

	memset(out, 0, 40);
	if (p->af == AF_INET) {
		out[0] = 0x45;
		be16enc(out + 2, (uint16_t)(20 + len));
		out[8] = 64;
		out[9] = p->proto;
		memcpy(out + 12, src.b, 4);
		memcpy(out + 16, dst.b, 4);
		sum = in_cksum_fold(in_cksum_bytes(0, out, 20));
		memcpy(out + 10, &sum, 2);
		return (20);
	}
	out[0] = 0x60;
	be16enc(out + 4, (uint16_t)len);
	out[6] = p->proto;
	out[7] = 64;
	memcpy(out + 8, src.b, 16);
	memcpy(out + 24, dst.b, 16);
	return (40);
}

/* The whole packet, with payload of zeros or data behind the transport. */
static inline struct mbuf *
pk_make(const struct pk *p, const void *data)
{
	struct mbuf *m = m_getroom(M_HEADROOM, 2048);
	uint8_t head[64];
	uint32_t tlen = pk_transport(p, head), hlen;

	KT(m != NULL || sim_failed());
	if (m == NULL)
		return (NULL);
	hlen = pk_header(p, tlen + p->len, mtod(m, uint8_t *));
	memcpy(mtod(m, uint8_t *) + hlen, head, tlen);
	if (data != NULL)
		memcpy(mtod(m, uint8_t *) + hlen + tlen, data, p->len);
	else
		memset(mtod(m, uint8_t *) + hlen + tlen, 0, p->len);
	m->m_len = m->m_pkthdr.len = hlen + tlen + p->len;
	return (m);
}

/* Through pf; the packet, or NULL when it did not pass. */
static inline struct mbuf *
pk_through(struct mbuf *m, sa_family_t af, enum pf_dir dir)
{
	struct ifnet *ifp = if_unit("lo0");

	return (m != NULL && pf_test(ifp, &m, &af, dir, NULL) == PF_PASS ? m : NULL);
}

static inline bool
pk_passes(const struct pk *p, enum pf_dir dir)
{
	struct mbuf *m = pk_through(pk_make(p, NULL), p->af, dir);

	if (m != NULL)
		m_freem(m);
	return (m != NULL);
}

/* Ends of a packet, as it is now: hosts and ports. */
struct pk_ends {
	int src, dst;
	uint16_t sport, dport;
};
static inline struct pk_ends
pk_ends(const struct mbuf *m, sa_family_t af, uint32_t off)
{
	uint8_t h[64] = { 0 };
	struct ip_addr src = { .q = { 0, 0 } }, dst = src;
	uint32_t hlen = af == AF_INET ? 20 : 40, n = af == AF_INET ? 4 : 16;

	KT(m_copydata(m, off, MIN(hlen + 8, m->m_pkthdr.len - off), h) == 0);
	memcpy(src.b, h + hlen - 2 * n, n);
	memcpy(dst.b, h + hlen - n, n);
	return ((struct pk_ends){ pk_number(af, &src), pk_number(af, &dst),
	    be16dec(h + hlen), be16dec(h + hlen + 2) });
}

#endif
