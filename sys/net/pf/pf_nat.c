/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Writing into the packet what was decided: addresses, ports, ICMP ids, and
 * what rules set.
 *
 * Checksums are mended, not computed (RFC 1624), so a packet that was damaged
 * before stays visibly damaged.  A transport checksum that is still open
 * (M_*_CSUM_OUT) holds nothing, and is left alone.
 *
 * Read on: pf_nat_icmp.c for what ICMP errors quote, pf_afto.c for packets
 * that change their family.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/pf/pf_nat.h>
#include <net/pf/pf_rule.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>

#define TH_RESERVED 0x0e /* of th_off */

uint16_t
pf_sum_shift(uint16_t sum, const uint8_t *from, const uint8_t *to, uint32_t n)
{
	uint32_t s = (uint16_t)~sum;
	uint16_t a, b;

	for (uint32_t i = 0; i + 1 < n; i += 2) {
		memcpy(&a, from + i, 2);
		memcpy(&b, to + i, 2);
		s += (uint16_t)~a + (uint32_t)b;
	}
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return ((uint16_t)~s);
}

/* The open checksum of the transport: nothing to mend. */
static bool
pf_sum_open(const struct pf_desc *pd)
{
	uint32_t f = pd->m->m_pkthdr.csum_flags;

	switch (pd->proto) {
	case IPPROTO_TCP:
		return ((f & (M_TCP_CSUM_OUT | M_TCP_TSO)) != 0);
	case IPPROTO_UDP:
		return ((f & (M_UDP_CSUM_OUT | M_UDP_GSO)) != 0);
	default:
		return ((f & M_ICMP_CSUM_OUT) != 0);
	}
}

bool
pf_sum_mend(struct pf_desc *pd, uint32_t off, const void *from, const void *to,
    uint32_t n, bool udp)
{
	uint16_t sum;

	if (pf_sum_open(pd))
		return (true);
	if (m_copydata(pd->m, off, sizeof(sum), &sum) != 0)
		return (true); /* cut off in a quoted packet */
	if (udp && sum == 0)
		return (true); /* none was sent */
	sum = pf_sum_shift(sum, from, to, n);
	if (udp && sum == 0)
		sum = 0xffff;
	return (m_copyback(pd->m, off, sizeof(sum), &sum) == 0);
}

bool
pf_patch(struct pf_desc *pd, uint32_t off, const void *to, uint32_t n,
    uint32_t cksum_off, bool udp)
{
	uint8_t old[16];

	if (n > sizeof(old) || m_copydata(pd->m, off, n, old) != 0)
		return (false);
	if (memcmp(old, to, n) == 0)
		return (true);
	if ((pd->m = m_makewritable(pd->m,
		 MIN(pd->m->m_pkthdr.len, MAX(off + n, cksum_off + 2)))) ==
	    NULL)
		return (false);
	if (m_copyback(pd->m, off, n, to) != 0)
		return (false);
	return (cksum_off == 0 || pf_sum_mend(pd, cksum_off, old, to, n, udp));
}

/* --- the same family --- */

uint32_t
pf_sum_place(const struct pf_desc *pd)
{
	if (pd->frag == PF_FRAG_LATER)
		return (0);
	switch (pd->proto) {
	case IPPROTO_TCP:
		return (pd->off + (uint32_t)offsetof(struct tcphdr, th_sum));
	case IPPROTO_UDP:
		return (pd->off + (uint32_t)offsetof(struct udphdr, uh_sum));
	case IPPROTO_ICMPV6:
		return (pd->off + 2);
	}
	return (0);
}

static bool
pf_nat_addr(struct pf_desc *pd, unsigned int end)
{
	const struct ip_addr *from = &pd->was.addr[end],
			     *to = &pd->now.addr[end];
	uint32_t n = pd->af == AF_INET ? 4 : 16, place = pf_sum_place(pd);
	uint32_t off = pd->af == AF_INET ? 12 + 4 * end : 8 + 16 * end;
	struct ip *ip;

	if (ip_addr_eq(from, to))
		return (true);
	if (!pf_patch(pd, off, to->b, n, place, pd->proto == IPPROTO_UDP))
		return (false);
	if (pd->af == AF_INET &&
	    (pd->m->m_pkthdr.csum_flags & M_IPV4_CSUM_OUT) == 0) {
		ip = mtod(pd->m, struct ip *);
		ip->ip_sum = pf_sum_shift(ip->ip_sum, from->b, to->b, 4);
	}
	return (true);
}

bool
pf_nat_addrs(struct pf_desc *pd)
{
	return (pf_nat_addr(pd, PF_SRC) && pf_nat_addr(pd, PF_DST));
}

/* The id of an ICMP query: the port of the side that asks. */
static bool
pf_nat_icmpid(struct pf_desc *pd)
{
	uint16_t id;

	for (unsigned int e = 0; e < 2; e++)
		if (pd->was.port[e] != pd->now.port[e]) {
			id = htons(pd->now.port[e]);
			return (pf_patch(pd, pd->off + 4, &id, 2, pd->off + 2,
			    false));
		}
	return (true);
}

bool
pf_nat_ports(struct pf_desc *pd)
{
	uint32_t place = pf_sum_place(pd);
	uint16_t port;

	if (pd->frag == PF_FRAG_LATER || pd->icmp_error)
		return (true);
	if (pd->proto == IPPROTO_ICMP || pd->proto == IPPROTO_ICMPV6)
		return (pf_nat_icmpid(pd));
	if (pd->proto != IPPROTO_TCP && pd->proto != IPPROTO_UDP)
		return (true);
	for (unsigned int e = 0; e < 2; e++) {
		port = htons(pd->now.port[e]);
		if (pd->was.port[e] != pd->now.port[e] &&
		    !pf_patch(pd, pd->off + 2 * e, &port, 2, place,
			pd->proto == IPPROTO_UDP))
			return (false);
	}
	return (true);
}

/* --- what rules set --- */

static void
pf_acts_tos(struct pf_desc *pd)
{
	struct ip *ip = mtod(pd->m, struct ip *), old;
	struct ip6_hdr *ip6 = mtod(pd->m, struct ip6_hdr *);
	uint32_t tos = pd->acts.set_tos & 0xfcU; /* ECN is the packet's own */

	if (pd->af == AF_INET6) {
		ip6->ip6_flow = (ip6->ip6_flow & htonl(0xf03fffffU)) |
		    htonl(tos << 20);
		return;
	}
	memcpy(&old, ip, sizeof(old));
	ip->ip_tos = (uint8_t)(tos | (ip->ip_tos & 3));
	if ((pd->m->m_pkthdr.csum_flags & M_IPV4_CSUM_OUT) == 0)
		ip->ip_sum = pf_sum_shift(ip->ip_sum, (const uint8_t *)&old,
		    (const uint8_t *)ip, 2);
}

static void
pf_acts_apply(struct pf_desc *pd)
{
	struct pkthdr *ph = &pd->m->m_pkthdr;

	if (pd->acts.tag != 0)
		ph->pf.tag = pd->acts.tag;
	if (pd->acts.rtable >= 0)
		ph->rtableid = (uint16_t)pd->acts.rtable;
	if ((pd->acts.flags & PF_ACT_SETPRIO) != 0)
		ph->pf.prio = pd->acts.set_prio[0];
	if ((pd->acts.flags & PF_ACT_SETTOS) != 0)
		pf_acts_tos(pd);
}

bool
pf_nat_tolocal(const struct pf_desc *pd)
{
	const struct ip_addr *dst = &pd->now.addr[PF_DST];
	bool lo = pd->naf == AF_INET ? IN_LOOPBACK(ntohl(dst->v4)) :
				       in6_isloopback(dst);

	return (lo && pd->dir == PF_IN &&
	    (pd->ifp->if_flags & IFF_LOOPBACK) == 0 &&
	    !ip_addr_eq(dst, &pd->was.addr[PF_DST]));
}

/*
 * What a segment carries without a meaning, which could tell things past the
 * filter: reserved bits (RFC 9293 3.1, but the one that is AE by RFC 9768), and
 * an urgent pointer without URG.
 */
static bool
pf_tcp_clean(struct pf_desc *pd)
{
	struct tcphdr *th = &pd->hdr.tcp;
	uint8_t bits[2] = { th->th_off & (uint8_t)~TH_RESERVED, th->th_flags };

	if ((th->th_off & TH_RESERVED) != 0 &&
	    !pf_patch(pd, pd->off + 12, bits, sizeof(bits), pf_sum_place(pd), false))
		return (false);
	th->th_off = bits[0];
	if (th->th_urp == 0 || (th->th_flags & TH_URG) != 0)
		return (true);
	th->th_urp = 0;
	return (pf_patch(pd, pd->off + (uint32_t)offsetof(struct tcphdr, th_urp), &th->th_urp,
	    sizeof(th->th_urp), pf_sum_place(pd), false));
}

enum pf_verdict
pf_nat_apply(struct pf_desc *pd)
{
	bool same = memcmp(&pd->was, &pd->now, sizeof(pd->was)) == 0;

	pf_acts_apply(pd);
	if (pd->proto == IPPROTO_TCP && pd->frag != PF_FRAG_LATER && !pf_tcp_clean(pd)) {
		pd->reason = PFRES_MEMORY;
		return (PF_DROP);
	}
	if (pd->icmp_error && pd->st != NULL)
		return (pf_nat_error(pd));
	if (pd->af != pd->naf)
		return (pf_afto_apply(pd));
	if (same)
		return (PF_PASS);
	if (!pf_nat_addrs(pd) || !pf_nat_ports(pd)) {
		pd->reason = PFRES_MEMORY;
		return (PF_DROP);
	}
	if (pf_nat_tolocal(pd))
		pd->m->m_pkthdr.pf.flags |= PF_TAG_TRANSLATE_LOCALHOST;
	return (PF_PASS);
}
