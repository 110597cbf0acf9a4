/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet comes in (RFC 791, RFC 1122 3.2, RFC 1812 5.2).
 *
 *	ip_input()		header sound?  addresses possible?  pf in
 *	ip_input_judged()	options, then: ours, forward, or nobody's
 *	ip_ours()		fragments together, then up (in_proto.c)
 *	ip_forward()		on to the next link (ip_forward.c)
 *
 * The header is read once and stays where the driver put it; one look-up in
 * the routing table says both whether an address is ours (a local route) and
 * where the packet goes otherwise.  Lengths and fragment fields stay in
 * network order in the packet from end to end.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/in_mcast.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>

/* What is wrong with the header; DROP_NONE and the packet is cut to ip_len. */
static enum drop_reason
ip_header_check(struct mbuf *m)
{
	const struct ip *ip = mtod(m, const struct ip *);
	uint32_t hlen = IP_HLEN(ip), len = ntohs(ip->ip_len);

	if ((m->m_pkthdr.csum_flags & (M_IPV4_CSUM_IN_OK | M_IPV4_CSUM_OUT)) ==
		0 &&
	    in_cksum_fold(in_cksum_bytes(0, ip, hlen)) != 0)
		return (DROP_IP_BADSUM);
	if (len < hlen || len > m->m_pkthdr.len)
		return (DROP_IP_BADLEN);
	if (len < m->m_pkthdr.len)
		m_adj(m, (int)len - (int)m->m_pkthdr.len); /* link padding */
	return (DROP_NONE);
}

/* m with its whole header contiguous, or NULL and it was dropped. */
static struct mbuf *
ip_header_pull(struct mbuf *m)
{
	uint32_t hlen;

	if (m->m_pkthdr.len < sizeof(struct ip)) {
		m_drop(m, DROP_IP_SHORT);
		return (NULL);
	}
	if (m->m_len < sizeof(struct ip) &&
	    (m = m_pullup(m, sizeof(struct ip))) == NULL)
		return (NULL);
	if (IP_VERSION(mtod(m, struct ip *)) != 4) {
		m_drop(m, DROP_IP_BADVERS);
		return (NULL);
	}
	hlen = IP_HLEN(mtod(m, struct ip *));
	if (hlen < sizeof(struct ip) || hlen > m->m_pkthdr.len) {
		m_drop(m, DROP_IP_BADHLEN);
		return (NULL);
	}
	return (m->m_len < hlen ? m_pullup(m, hlen) : m);
}

struct mbuf *
ip_sound(struct mbuf *m)
{
	enum drop_reason why;

	if ((m = ip_header_pull(m)) == NULL ||
	    (why = ip_header_check(m)) == DROP_NONE)
		return (m);
	m_drop(m, why);
	return (NULL);
}

void
ip_input(struct ifnet *ifp, struct mbuf *m)
{
	const struct ip_family *fam;
	const struct ip *ip;
	sa_family_t af = AF_INET;

	ipstat_inc(IPS_TOTAL);
	if ((m = ip_sound(m)) == NULL)
		return;
	ip = mtod(m, const struct ip *);
	if (ip_martian(ifp, m, ip->ip_src, ip->ip_dst)) {
		m_drop(m, DROP_IP_MARTIAN);
		return;
	}
	if ((m->m_flags & M_LOOP) == 0)
		m->m_pkthdr.rtableid = (uint16_t)ifp->if_rtable;
	if (pf_judge(ifp, &m, &af, PF_IN) != PF_PASS)
		return;
	if ((fam = ip_family(af)) == NULL)
		m_drop(m, DROP_IP_NOPROTO);
	else
		fam->input_judged(ifp, m);
}

/* --- for this host --- */

static struct mbuf *
ip_ours_reass(struct ifnet *ifp, struct mbuf *m)
{
	const struct ip *ip = mtod(m, const struct ip *);
	uint16_t field = ntohs(ip->ip_off);
	uint32_t hlen = IP_HLEN(ip);
	struct ip_frag f = {
		.af = AF_INET,
		.src = ip_addr_v4(ip->ip_src),
		.dst = ip_addr_v4(ip->ip_dst),
		.id = ip->ip_id,
		.proto = ip->ip_p,
		.off = (field & IP_OFFMASK) * 8U,
		.len = ntohs(ip->ip_len) - hlen,
		.hdrlen = hlen,
		.more = (field & IP_MF) != 0,
		.tos = ip->ip_tos,
		.ifp = ifp,
	};

	ipstat_inc(IPS_FRAGMENTS);
	if ((m = ip_reass(m, &f)) != NULL)
		ipstat_inc(IPS_REASSEMBLED);
	return (m);
}

static void
ip_ours(struct ifnet *ifp, struct mbuf *m)
{
	struct ip_input_ctx ctx;
	const struct ip *ip;

	if ((mtod(m, struct ip *)->ip_off & htons(IP_MF | IP_OFFMASK)) != 0 &&
	    ((m = ip_ours_reass(ifp, m)) == NULL ||
		(m = ip_header_pull(m)) == NULL))
		return;
	ip = mtod(m, const struct ip *);
	ctx = (struct ip_input_ctx){
		.ifp = ifp,
		.af = AF_INET,
		.proto = ip->ip_p,
		.ttl = ip->ip_ttl,
		.tos = ip->ip_tos,
		.off = IP_HLEN(ip),
		.src = ip_addr_v4(ip->ip_src),
		.dst = ip_addr_v4(ip->ip_dst),
	};
	ip_deliver(m, &ctx);
}

/*
 * May an address of ours that stands on another interface be reached by ifp?
 * A router answers on all of its addresses; a host only where they stand
 * (RFC 1122 3.3.4.2, the strong model), unless pf sent the packet there.
 */
static bool
ip_rightif(const struct ifnet *ifp, const struct mbuf *m,
    const struct rtentry *rt)
{
	if (ip_forwarding != 0 || rt->rt_ifa == NULL ||
	    rt->rt_ifa->ifa_ifp == ifp)
		return (true);
	return ((ifp->if_flags & IFF_LOOPBACK) != 0 ||
	    (m->m_flags & M_LOOP) != 0 ||
	    (rt->rt_ifa->ifa_ifp->if_flags & IFF_LOOPBACK) != 0 ||
	    (m->m_pkthdr.pf.flags & PF_TAG_TRANSLATE_LOCALHOST) != 0);
}

static void
ip_noroute(struct mbuf *m, int error)
{
	if (ip_forwarding == 0) {
		m_drop(m, DROP_IP_CANTFORWARD);
		return;
	}
	if (error == 0) {
		m_drop(m, DROP_IP_BLACKHOLE);
		return;
	}
	drop_count(DROP_IP_NOROUTE);
	icmp_error(m, ICMP_UNREACH,
	    error == EHOSTUNREACH ? ICMP_UNREACH_HOST : ICMP_UNREACH_NET, 0);
}

/* To all, even if the frame was to us alone (RFC 1122 3.3.6). */
static void
ip_input_bcast(struct ifnet *ifp, struct mbuf *m)
{
	ipstat_inc(IPS_LOCALBCAST);
	m->m_flags |= M_BCAST;
	ip_ours(ifp, m);
}

/* A broadcast address of one of our networks: received on it, or directed at it. */
static void
ip_input_netbcast(struct ifnet *ifp, struct mbuf *m, struct rtentry *rt)
{
	if (rt->rt_ifp == ifp || (m->m_flags & M_LOOP) != 0) {
		ip_input_bcast(ifp, m);
	} else if (ip_forwarding == 0 || ip_directedbcast == 0)
		m_drop(m, DROP_IP_BCAST);
	else
		ip_forward(ifp, m, rt);
}

/* 224.0.0.0/24 never leaves a link and needs no membership to be heard. */
static void
ip_input_multicast(struct ifnet *ifp, struct mbuf *m)
{
	const struct ip_addr dst = ip_addr_v4(mtod(m, struct ip *)->ip_dst);

	if ((ntohl(dst.v4) & 0xffffff00U) == 0xe0000000U ||
	    in_mcast_joined(ifp, AF_INET, &dst))
		ip_ours(ifp, m);
	else
		m_drop(m, DROP_IP_MCAST);
}

static void
ip_input_forward(struct ifnet *ifp, struct mbuf *m, struct rtentry *rt)
{
	struct rtentry *held;

	if (ip_forwarding == 0) {
		m_drop(m, DROP_IP_CANTFORWARD);
		return;
	}
	held = rt_hold(rt); /* a full ARP table may push its neighbour out */
	ip_forward(ifp, m, rt);
	rt_put(held);
}

/* Where to: one look-up decides. */
static void
ip_input_route(struct ifnet *ifp, struct mbuf *m)
{
	struct ip_addr dst = ip_addr_v4(mtod(m, struct ip *)->ip_dst);
	struct rtentry *rt;
	int error = ENETUNREACH;

	if (ip_forwarding != 0)
		rt = rt_resolve(m->m_pkthdr.rtableid, AF_INET, &dst,
		    m, &error);
	else
		rt = rtable_match(m->m_pkthdr.rtableid, AF_INET, &dst);
	if (rt == NULL)
		ip_noroute(m, error);
	else if ((rt->rt_flags & (RTF_LOCAL | RTF_BROADCAST)) == 0) {
		ip_input_forward(ifp, m, rt);
	} else if ((rt->rt_flags & RTF_BROADCAST) != 0)
		ip_input_netbcast(ifp, m, rt);
	else if (ip_rightif(ifp, m, rt))
		ip_ours(ifp, m);
	else
		m_drop(m, DROP_IP_WRONGIF);
}

void
ip_input_judged(struct ifnet *ifp, struct mbuf *m)
{
	uint32_t dst;

	if (m->m_len < sizeof(struct ip) &&
	    (m = m_pullup(m, sizeof(struct ip))) == NULL)
		return;
	if (mtod(m, struct ip *)->ip_vhl != 0x45 && ip_dooptions(ifp, &m) != 0)
		return;
	dst = ntohl(mtod(m, struct ip *)->ip_dst);
	if (__predict_false(
		(m->m_pkthdr.pf.flags & PF_TAG_DIVERTED) != 0)) {
		ip_ours(ifp, m);
		return;
	}
	if (__predict_false(dst >= 0xe0000000U)) {
		if (dst == INADDR_BROADCAST_H)
			ip_input_bcast(ifp, m);
		else
			ip_input_multicast(ifp, m);
		return;
	}
	ip_input_route(ifp, m);
}
