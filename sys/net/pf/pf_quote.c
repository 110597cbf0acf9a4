/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The packet inside an ICMP error.
 *
 * Routers quote at least the IP header and eight bytes (RFC 792), which is
 * enough for ports and TCP's sequence number.  Nothing in it can be trusted
 * more than the message around it.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/pf/pf_desc.h>
#include <netinet/in.h>

#define QUOTE_EXT_MAX 8

bool
pf_icmp_iserror(sa_family_t af, uint8_t type)
{
	if (af == AF_INET6)
		return (type >= ICMP6_DST_UNREACH && type <= ICMP6_PARAM_PROB);
	return (type == ICMP_UNREACH || type == ICMP_SOURCEQUENCH ||
	    type == ICMP_REDIRECT || type == ICMP_TIMXCEED ||
	    type == ICMP_PARAMPROB);
}

/* --- IP headers --- */

static int
pf_quote_inet(const struct mbuf *m, struct pf_quote *q)
{
	struct ip ip;

	if (m_copydata(m, q->ip_off, sizeof(ip), &ip) != 0 ||
	    IP_HLEN(&ip) < sizeof(ip) || ip.ip_vhl >> 4 != 4 ||
	    (ip.ip_off & htons(IP_OFFMASK)) != 0)
		return (EINVAL);
	q->proto = ip.ip_p;
	q->off = q->ip_off + IP_HLEN(&ip);
	q->ends.addr[PF_SRC] = ip_addr_v4(ip.ip_src);
	q->ends.addr[PF_DST] = ip_addr_v4(ip.ip_dst);
	return (0);
}

static int
pf_quote_inet6(const struct mbuf *m, struct pf_quote *q)
{
	struct ip6_hdr ip6;
	uint8_t h[4];

	if (m_copydata(m, q->ip_off, sizeof(ip6), &ip6) != 0 ||
	    ntohl(ip6.ip6_flow) >> 28 != 6)
		return (EINVAL);
	q->proto = ip6.ip6_nxt;
	q->off = q->ip_off + (uint32_t)sizeof(ip6);
	q->ends.addr[PF_SRC] = ip_addr_v6(ip6.ip6_src);
	q->ends.addr[PF_DST] = ip_addr_v6(ip6.ip6_dst);
	for (int i = 0; i < QUOTE_EXT_MAX; i++) {
		if (q->proto != IPPROTO_HOPOPTS &&
		    q->proto != IPPROTO_ROUTING &&
		    q->proto != IPPROTO_DSTOPTS && q->proto != IPPROTO_FRAGMENT)
			return (0);
		if (m_copydata(m, q->off, sizeof(h), h) != 0)
			return (EINVAL);
		if (q->proto == IPPROTO_FRAGMENT) {
			if ((be16dec(h + 2) & 0xfff8) != 0)
				return (EINVAL);
			q->off += 8;
		} else
			q->off += (h[1] + 1U) * 8;
		q->proto = h[0];
	}
	return (EINVAL);
}

/* --- transports --- */

static int
pf_quote_ports(const struct mbuf *m, struct pf_quote *q)
{
	uint32_t sum = q->off + (q->proto == IPPROTO_TCP ? 16 : 6);
	uint8_t h[8];

	if (m_copydata(m, q->off, sizeof(h), h) != 0)
		return (EINVAL);
	q->ends.port[PF_SRC] = be16dec(h);
	q->ends.port[PF_DST] = be16dec(h + 2);
	q->seq = be32dec(h + 4);
	q->has_cksum = q->proto != IPPROTO_SCTP && m_copydata(m, sum, sizeof(q->cksum), &q->cksum) == 0;
	return (0);
}

static int
pf_quote_icmp(const struct mbuf *m, struct pf_quote *q)
{
	uint8_t h[8];

	if (m_copydata(m, q->off, sizeof(h), h) != 0 ||
	    !pf_query_ports(q->af, h[0], be16dec(h + 4), q->ends.port))
		return (EINVAL);
	memcpy(&q->cksum, h + 2, sizeof(q->cksum));
	q->has_cksum = true;
	return (0);
}

int
pf_quote_read(const struct mbuf *m, sa_family_t af, uint32_t off,
    struct pf_quote *q)
{
	int error;

	memset(q, 0, sizeof(*q));
	q->af = af;
	q->ip_off = off;
	error = af == AF_INET ? pf_quote_inet(m, q) : pf_quote_inet6(m, q);
	if (error != 0)
		return (error);
	switch (q->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return (pf_quote_ports(m, q));
	case IPPROTO_ICMP:
		return (af == AF_INET ? pf_quote_icmp(m, q) : EINVAL);
	case IPPROTO_ICMPV6:
		return (af == AF_INET6 ? pf_quote_icmp(m, q) : EINVAL);
	default:
		return (0);
	}
}
