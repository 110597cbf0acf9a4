/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet comes in (RFC 8200).
 *
 *	ip6_input()		header sound?  addresses possible?  pf in
 *	ip6_input_judged()	hop-by-hop options, then: ours, forward, nobody's
 *	ip6_ours()		extension headers and fragments (ip6_ext.c), then up
 *	ip6_forward()		on to the next link (ip6_forward.c)
 *
 * Same shape as ip_input.c: the header stays where the driver put it, and one
 * look-up in the routing table says both whether an address is ours and where
 * the packet goes otherwise.  Link-local addresses are not in that table:
 * they belong to the interface and are looked up there.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/in_mcast.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>

/*
 * Addresses that cannot be, RFC 4291 2.5, RFC 6890, RFC 5095; numbered as in
 * ip6(4).
 */
enum drop_reason
ip6_martian(const struct ifnet *ifp, const struct mbuf *m,
    const struct ip6_hdr *ip6)
{
	struct ip_addr src = ip6_src(ip6), dst = ip6_dst(ip6);
	bool inside = (ifp->if_flags & IFF_LOOPBACK) != 0 ||
	    (m->m_flags & M_LOOP) != 0;

	/* the common packet leaves here: both ends in 2000::/3 */
	if (__predict_true(
		(src.b[0] & 0xe0) == 0x20 && (dst.b[0] & 0xe0) == 0x20))
		return (DROP_NONE);
	/* 1. nobody is a group, nothing is addressed to nobody */
	if (in6_ismulticast(&src) || ip_addr_iszero(&dst))
		return (DROP_IP6_MARTIAN);
	/* 2. loopback stays inside */
	if (!inside && (in6_isloopback(&src) || in6_isloopback(&dst)))
		return (DROP_IP6_MARTIAN);
	/* 3. mapped and compatible IPv4 addresses never are on a wire */
	if (in6_isv4mapped(&src) || in6_isv4mapped(&dst) ||
	    (src.q[0] == 0 && src.l[2] == 0 && ntohl(src.l[3]) > 1) ||
	    (dst.q[0] == 0 && dst.l[2] == 0 && ntohl(dst.l[3]) > 1))
		return (DROP_IP6_MARTIAN);
	/* 4. groups of reserved scope, and of this node from outside */
	if (in6_ismulticast(&dst) &&
	    ((dst.b[1] & 0xf) == 0 ||
		((dst.b[1] & 0xf) == IN6_SCOPE_NODE && !inside)))
		return (DROP_IP6_MARTIAN);
	return (DROP_NONE);
}

struct mbuf *
ip6_sound(struct mbuf *m)
{
	const struct ip6_hdr *ip6;
	enum drop_reason why = DROP_NONE;
	uint32_t len;

	if (m->m_pkthdr.len < sizeof(*ip6)) {
		m_drop(m, DROP_IP6_SHORT);
		return (NULL);
	}
	if (m->m_len < sizeof(*ip6) && (m = m_pullup(m, sizeof(*ip6))) == NULL)
		return (NULL);
	ip6 = mtod(m, const struct ip6_hdr *);
	len = sizeof(*ip6) + ntohs(ip6->ip6_plen);
	if ((*mtod(m, uint8_t *) & IPV6_VERSION_MASK) != 0x60)
		why = DROP_IP6_BADVERS;
	else if (len > m->m_pkthdr.len)
		why = DROP_IP6_BADLEN;
	else if (ip6->ip6_plen == 0 && ip6->ip6_nxt == IPPROTO_HOPOPTS)
		why = DROP_IP6_JUMBO;
	if (why != DROP_NONE) {
		m_drop(m, why);
		return (NULL);
	}
	if (len < m->m_pkthdr.len)
		m_adj(m, (int)len - (int)m->m_pkthdr.len); /* link padding */
	return (m);
}

void
ip6_input(struct ifnet *ifp, struct mbuf *m)
{
	const struct in6_if *i6 = in6_if(ifp);
	const struct ip_family *fam;
	enum drop_reason why;
	sa_family_t af = AF_INET6;

	ip6stat_inc(IP6S_TOTAL);
	if (i6 == NULL || (i6->i6_flags & I6F_DISABLED) != 0) {
		m_drop(m, DROP_IP6_DISABLED);
		return;
	}
	if ((m = ip6_sound(m)) == NULL)
		return;
	why = ip6_martian(ifp, m, mtod(m, const struct ip6_hdr *));
	if (why != DROP_NONE) {
		m_drop(m, why);
		return;
	}
	if ((m->m_flags & M_LOOP) == 0)
		m->m_pkthdr.rtableid = (uint16_t)ifp->if_rtable;
	if (pf_judge(ifp, &m, &af, PF_IN) != PF_PASS)
		return;
	if ((fam = ip_family(af)) == NULL)
		m_drop(m, DROP_IP6_NONXT);
	else
		fam->input_judged(ifp, m);
}

/* --- for this host --- */

static void
ip6_ours(struct ifnet *ifp, struct mbuf *m)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	struct ip_input_ctx ctx = {
		.ifp = ifp,
		.af = AF_INET6,
		.ttl = ip6->ip6_hlim,
		.tos = ip6_class(ip6),
		.src = ip6_src(ip6),
		.dst = ip6_dst(ip6),
	};

	if ((m = ip6_headers(m, &ctx)) == NULL)
		return;
	ip6stat_inc(IP6S_DELIVERED);
	ip_deliver(m, &ctx);
}

/*
 * An address of ours may be used by others when it is known to be unique.
 * Neighbour discovery itself has to hear of the others.
 */
static bool
ip6_ready(const struct ifaddr *ifa)
{
	return (ifa == NULL ||
	    (ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) == 0);
}

static void
ip6_input_linklocal(struct ifnet *ifp, struct mbuf *m,
    const struct ip_addr *dst)
{
	const struct ifaddr *ifa = ifa_onif(ifp, AF_INET6, dst);

	if (ifa == NULL)
		m_drop(m, DROP_IP6_NOTMINE);
	else if (!ip6_ready(ifa))
		m_drop(m, DROP_IP6_TENTATIVE);
	else
		ip6_ours(ifp, m);
}

static void
ip6_input_multicast(struct ifnet *ifp, struct mbuf *m,
    const struct ip_addr *dst)
{
	ip6stat_inc(IP6S_MULTICAST);
	if (in6_joined(ifp, dst) || in_mcast_joined(ifp, AF_INET6, dst))
		ip6_ours(ifp, m);
	else
		m_drop(m, DROP_IP6_NOTJOINED);
}

static void
ip6_noroute(struct mbuf *m, int error)
{
	if (ip6_forwarding == 0) {
		m_drop(m, DROP_IP6_CANTFORWARD);
		return;
	}
	if (error == 0) {
		m_drop(m, DROP_IP6_BLACKHOLE);
		return;
	}
	drop_count(DROP_IP6_NOROUTE);
	icmp6_error(m, ICMP6_DST_UNREACH,
	    error == EHOSTUNREACH ? ICMP6_DST_UNREACH_ADDR :
				    ICMP6_DST_UNREACH_NOROUTE,
	    0);
}

/* Where to: one look-up decides.  A host makes no routes for strangers. */
static void
ip6_input_unicast(struct ifnet *ifp, struct mbuf *m, const struct ip_addr *dst)
{
	uint32_t tableid = m->m_pkthdr.rtableid;
	struct rtentry *rt, *held;
	int error = ENETUNREACH;

	if (ip6_forwarding != 0)
		rt = rt_resolve(tableid, AF_INET6, dst, m,
		    &error);
	else
		rt = rtable_match(tableid, AF_INET6, dst);
	if (rt == NULL)
		ip6_noroute(m, error);
	else if ((rt->rt_flags & RTF_LOCAL) == 0) {
		held = rt_hold(rt); /* a full cache may push its neighbour out */
		ip6_forward(ifp, m, rt);
		rt_put(held);
	} else if (!ip6_ready(rt->rt_ifa))
		m_drop(m, DROP_IP6_TENTATIVE);
	else
		ip6_ours(ifp, m);
}

void
ip6_input_judged(struct ifnet *ifp, struct mbuf *m)
{
	const struct ip6_hdr *ip6;
	struct ip_addr dst;

	if (m->m_len < sizeof(*ip6) && (m = m_pullup(m, sizeof(*ip6))) == NULL)
		return;
	if (__predict_false(
		mtod(m, struct ip6_hdr *)->ip6_nxt == IPPROTO_HOPOPTS) &&
	    ip6_hopopts(ifp, &m) != 0)
		return;
	ip6 = mtod(m, const struct ip6_hdr *);
	dst = ip6_dst(ip6);
	if (__predict_false((m->m_pkthdr.pf.flags & PF_TAG_DIVERTED) != 0))
		ip6_ours(ifp, m);
	else if (in6_ismulticast(&dst))
		ip6_input_multicast(ifp, m, &dst);
	else if (in6_islinklocal(&dst))
		ip6_input_linklocal(ifp, m, &dst);
	else
		ip6_input_unicast(ifp, m, &dst);
}
