/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet for somebody else goes on (RFC 8200 3, 5; RFC 4007 9).
 *
 * The ladder of reasons not to, then redirect, hop limit, pf out, and the
 * link.  Routers never cut packets: what is too large for the next link goes
 * back as a "packet too big" (RFC 8201).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>

/* 1.-3.: packets that no router touches. */
static enum drop_reason
ip6_forward_may(const struct mbuf *m, const struct ip6_hdr *ip6)
{
	struct ip_addr src = ip6_src(ip6);

	/* 1. we are a host */
	if (ip6_forwarding == 0)
		return (DROP_IP6_CANTFORWARD);
	/* 2. it was meant for a group of stations */
	if ((m->m_flags & (M_BCAST | M_MCAST)) != 0)
		return (DROP_IP6_CANTFORWARD);
	/* 3. nobody sent it, or somebody inside */
	if (ip_addr_iszero(&src) || in6_isloopback(&src))
		return (DROP_IP6_CANTFORWARD);
	return (DROP_NONE);
}

static uint32_t
ip6_forward_mtu(const struct rtentry *rt)
{
	uint32_t mtu = ip6_linkmtu(rt->rt_ifp);

	return (rt->rt_mtu != 0 && rt->rt_mtu < mtu ? rt->rt_mtu : mtu);
}

static void
ip6_forward_toobig(struct mbuf *m, uint32_t mtu)
{
	drop_count(DROP_IP6_TOOBIG);
	icmp6_error(m, ICMP6_PACKET_TOO_BIG, 0, MAX(mtu, IPV6_MMTU));
}

/* pf out; the way again when it has turned the packet elsewhere.  NULL: done. */
static struct mbuf *
ip6_forward_judge(struct mbuf *m, struct rtentry **rtp, struct ip_addr *dst)
{
	struct ip_outopts other = { .po_flags = IPOUT_FORWARDING | IPOUT_JUDGED,
		.po_rtable = m->m_pkthdr.rtableid };
	struct ip_addr now;
	sa_family_t af = AF_INET6;
	int error;

	if (pf_judge((*rtp)->rt_ifp, &m, &af, PF_OUT) != PF_PASS)
		return (NULL);
	if (af != AF_INET6) {
		if (ip_family(af) != NULL)
			(void)ip_family(af)->output(m, &other);
		else
			m_drop(m, DROP_IP6_OUTPUT);
		return (NULL);
	}
	if (m->m_len < sizeof(struct ip6_hdr) &&
	    (m = m_pullup(m, sizeof(struct ip6_hdr))) == NULL)
		return (NULL);
	now = ip6_dst(mtod(m, const struct ip6_hdr *));
	if (ip_addr_eq(&now, dst))
		return (m);
	*dst = now;
	*rtp = rt_resolve(m->m_pkthdr.rtableid, AF_INET6, dst,
	    m, &error);
	if (*rtp != NULL && ((*rtp)->rt_flags & RTF_LOCAL) == 0)
		return (m);
	m_drop(m, DROP_IP6_NOROUTE);
	return (NULL);
}

static void
ip6_forward_send(struct mbuf *m, struct rtentry *rt)
{
	struct ip_addr dst = ip6_dst(mtod(m, const struct ip6_hdr *));
	struct ip6_exit ex;

	if (packet_filter != NULL &&
	    (m = ip6_forward_judge(m, &rt, &dst)) == NULL)
		return;
	ip6_exit_of(&ex, rt, &dst);
	if ((m->m_pkthdr.csum_flags & M_GSO) != 0)
		ip6stat_inc(IP6S_FASTFORWARD);
	if (ip6_emit(&m, &ex) == EMSGSIZE && m != NULL)
		ip6_forward_toobig(m, ip6_forward_mtu(rt));
}

void
ip6_forward(struct ifnet *ifp, struct mbuf *m, struct rtentry *rt)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	struct ip_addr nh;
	enum drop_reason why;

	if (__predict_false((why = ip6_forward_may(m, ip6)) != DROP_NONE)) {
		m_drop(m, why);
		return;
	}
	/* 4. its source means something only on the link it came from */
	if (__predict_false(ip6->ip6_src[0] == 0xfe &&
		(ip6->ip6_src[1] & 0xc0) == 0x80 && rt->rt_ifp != ifp)) {
		drop_count(DROP_IP6_SCOPE);
		icmp6_error(m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_BEYONDSCOPE,
		    0);
		return;
	}
	/* 5. it has travelled long enough */
	if (__predict_false(ip6->ip6_hlim <= 1)) {
		drop_count(DROP_IP6_HLIM);
		icmp6_error(m, ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT,
		    0);
		return;
	}
	/* 6. it does not fit */
	if (__predict_false(!ip6_fits(m, ip6_forward_mtu(rt)))) {
		ip6_forward_toobig(m, ip6_forward_mtu(rt));
		return;
	}
	/* 7. the way is closed */
	if (__predict_false((rt->rt_ifp->if_flags & IFF_UP) == 0)) {
		drop_count(DROP_IF_DOWN);
		icmp6_error(m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, 0);
		return;
	}
	if (__predict_false(rt->rt_ifp == ifp)) {
		nh = rt->rt_gwaf == AF_INET6 ? rt->rt_gateway : ip6_dst(ip6);
		nd6_redirect_output(ifp, m, &nh);
	}
	if (!m_writable(m) &&
	    (m = m_makewritable(m, sizeof(struct ip6_hdr))) == NULL)
		return;
	mtod(m, struct ip6_hdr *)->ip6_hlim--;
	ip6stat_inc(IP6S_FORWARD);
	ip6_forward_send(m, rt);
}
