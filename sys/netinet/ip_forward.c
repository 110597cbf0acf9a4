/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet goes on to the next link (RFC 1812 5.2.1, 5.3.1).
 *
 * The ladder, each rung before anything is written into the packet, so that
 * an error quotes what its sender sent:
 *
 *	1. it came as a link-level broadcast, or its addresses are not for
 *	   forwarding: silently no
 *	2. its time to live ends here: time exceeded
 *	3. it is larger than the next link and may not be cut: need fragment
 *	4. it leaves where it came in and the sender is a neighbour: redirect,
 *	   and forward all the same
 *
 * Then the TTL goes down by one, with the header checksum mended by RFC 1624
 * instead of computed again; pf sees it; it leaves.  Nothing is allocated and
 * no payload touched.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>

/* Rung 1. */
static enum drop_reason
ip_forward_may(const struct mbuf *m, const struct ip *ip)
{
	uint32_t src = ntohl(ip->ip_src);

	if ((m->m_flags & (M_BCAST | M_MCAST)) != 0)
		return (DROP_IP_BCAST);
	if (src >> 24 == 0 || IN_LOOPBACK(src) ||
	    IN_LOOPBACK(ntohl(ip->ip_dst)))
		return (DROP_IP_CANTFORWARD);
	if ((src & 0xffff0000U) == 0xa9fe0000U) /* 169.254/16, RFC 3927 7 */
		return (DROP_IP_CANTFORWARD);
	return (DROP_NONE);
}

static uint32_t
ip_forward_mtu(const struct rtentry *rt)
{
	return (rt->rt_mtu != 0 && rt->rt_mtu < rt->rt_ifp->if_mtu ?
		rt->rt_mtu :
		rt->rt_ifp->if_mtu);
}

/*
 * Rung 4: the sender could have gone to the gateway directly, since it is on
 * the network that both share (RFC 1812 5.2.7.2).
 */
static void
ip_forward_redirect(struct ifnet *ifp, const struct mbuf *m,
    const struct rtentry *rt)
{
	const struct ip *ip = mtod(m, const struct ip *);
	struct ip_addr src = ip_addr_v4(ip->ip_src), gw;

	if (ip_sendredirects == 0 ||
	    (rt->rt_flags & (RTF_DYNAMIC | RTF_MODIFIED)) != 0)
		return;
	gw = (rt->rt_flags & RTF_GATEWAY) != 0 ? rt->rt_gateway :
						 ip_addr_v4(ip->ip_dst);
	if (ifa_ifpforaddr(ifp, AF_INET, &src) == NULL ||
	    ifa_ifpforaddr(ifp, AF_INET, &gw) == NULL)
		return;
	icmp_redirect_send(m, gw.v4);
}

/* One down.  TTL is the high byte of its word: the sum goes up by 0x0100. */
static void
ip_forward_ttl(struct ip *ip)
{
	uint32_t sum = (uint32_t)ip->ip_sum + htons(0x0100);

	ip->ip_ttl--;
	ip->ip_sum = (uint16_t)(sum + (sum >= 0xffff));
}

/* pf may have changed where it goes: find the way again. */
static struct rtentry *
ip_forward_again(const struct mbuf *m)
{
	struct ip_addr dst = ip_addr_v4(mtod(m, const struct ip *)->ip_dst);
	int error;

	return (rt_resolve(m->m_pkthdr.rtableid, AF_INET, &dst,
	    m, &error));
}

static void
ip_forward_other(struct mbuf *m, sa_family_t af)
{
	struct ip_outopts po = { .po_flags = IPOUT_FORWARDING | IPOUT_JUDGED,
		.po_rtable = m->m_pkthdr.rtableid };

	if (ip_family(af) == NULL)
		m_drop(m, DROP_IP_NOPROTO);
	else
		(void)ip_family(af)->output(m, &po);
}

static void
ip_forward_send(struct mbuf *m, struct rtentry *rt)
{
	struct ip_exit ex;
	uint32_t dst = mtod(m, struct ip *)->ip_dst;
	sa_family_t af = AF_INET;

	if (packet_filter != NULL) {
		if (pf_judge(rt->rt_ifp, &m, &af, PF_OUT) != PF_PASS)
			return;
		if (af != AF_INET) {
			ip_forward_other(m, af);
			return;
		}
		if (m->m_len < sizeof(struct ip) &&
		    (m = m_pullup(m, sizeof(struct ip))) == NULL)
			return;
		if (mtod(m, struct ip *)->ip_dst != dst) {
			dst = mtod(m, struct ip *)->ip_dst;
			if ((rt = ip_forward_again(m)) == NULL) {
				m_drop(m, DROP_IP_NOROUTE);
				return;
			}
		}
	}
	ip_exit_of(&ex, rt, dst);
	if ((m->m_pkthdr.csum_flags & M_GSO) != 0)
		ipstat_inc(IPS_FASTFORWARD);
	if (ip_emit(&m, &ex) == EMSGSIZE && m != NULL) {
		drop_count(DROP_IP_TOOBIG);
		icmp_error(m, ICMP_UNREACH, ICMP_UNREACH_NEEDFRAG,
		    ip_forward_mtu(rt));
	}
}

void
ip_forward(struct ifnet *ifp, struct mbuf *m, struct rtentry *rt)
{
	struct ip *ip = mtod(m, struct ip *);
	enum drop_reason why;

	if (__predict_false((why = ip_forward_may(m, ip)) != DROP_NONE)) {
		m_drop(m, why);
		return;
	}
	if (__predict_false(ip->ip_ttl <= 1)) {
		drop_count(DROP_IP_TTL);
		icmp_error(m, ICMP_TIMXCEED, ICMP_TIMXCEED_INTRANS, 0);
		return;
	}
	if (__predict_false((ip->ip_off & htons(IP_DF)) != 0 &&
		!ip_fits(m, ip_forward_mtu(rt)))) {
		drop_count(DROP_IP_TOOBIG);
		icmp_error(m, ICMP_UNREACH, ICMP_UNREACH_NEEDFRAG,
		    ip_forward_mtu(rt));
		return;
	}
	if (__predict_false((rt->rt_ifp->if_flags & IFF_UP) == 0)) {
		drop_count(DROP_IF_DOWN);
		icmp_error(m, ICMP_UNREACH, ICMP_UNREACH_HOST, 0);
		return;
	}
	if (__predict_false(rt->rt_ifp == ifp))
		ip_forward_redirect(ifp, m, rt);
	if (!m_writable(m) &&
	    (m = m_makewritable(m, sizeof(struct ip))) == NULL)
		return;
	ip_forward_ttl(mtod(m, struct ip *));
	if ((rt->rt_flags & RTF_BROADCAST) != 0)
		m->m_flags |= M_BCAST;
	ipstat_inc(IPS_FORWARD);
	ip_forward_send(m, rt);
}
