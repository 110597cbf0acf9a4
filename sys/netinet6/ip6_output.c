/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet of ours goes out.
 *
 *	ip6_output()	complete the header, find the way, ask pf, send
 *	ip6_way_find()	which interface and next hop
 *	ip6_emit()	the last step, for forwarded packets too: fit it to the
 *			MTU and give it to the link
 *
 * Same shape as ip_output.c.  What differs: link-local and multicast
 * destinations mean nothing without an interface, and are not looked up in
 * the routing table but go to the interface that was named.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/in_mcast.h>
#include <netinet/ip.h>
#include <netinet6/ip6_var.h>

/* --- the loopback interface --- */

static uint32_t ip6_lo_index;

static void
ip6_lo_watch(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	if (ifp->if_type != IFT_LOOP)
		return;
	if (ev == IFE_ARRIVAL && ip6_lo_index == 0)
		ip6_lo_index = ifp->if_index;
	else if (ev == IFE_DEPARTURE && ip6_lo_index == ifp->if_index)
		ip6_lo_index = 0;
}

static struct if_observer ip6_lo_observer = { .event = ip6_lo_watch };

struct ifnet *
ip6_loif(void)
{
	return (ip6_lo_index != 0 ? if_get(ip6_lo_index) : NULL);
}

void
ip6_output_init(void)
{
	struct ifnet *ifp;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		ip6_lo_watch(NULL, IFE_ARRIVAL, ifp, NULL, NULL);
	if_observe(&ip6_lo_observer);
}

/* --- the way --- */

struct ip6_way {
	struct ip6_exit ex;
	struct ifnet *local; /* to ourselves: comes back in by this one */
};

void
ip6_exit_of(struct ip6_exit *ex, struct rtentry *rt, const struct ip_addr *dst)
{
	ex->ifp = rt->rt_ifp;
	ex->rt = rt;
	ex->gw = rt->rt_gwaf == AF_INET6 ? rt->rt_gateway : *dst;
	ex->mtu = rt->rt_mtu;
	ex->may_fragment = false;
}

/* The interface that has the packet's source address. */
static struct ifnet *
ip6_ifp_of_source(const struct ip6_hdr *ip6, uint32_t tableid)
{
	struct ip_addr src = ip6_src(ip6);
	struct ifaddr *ifa;

	if (ip_addr_iszero(&src) ||
	    (ifa = ifa_ifwithaddr(AF_INET6, &src, tableid)) == NULL)
		return (NULL);
	return (ifa->ifa_ifp);
}

/* A link-local neighbour that a route of its link says is not to be reached. */
static bool
ip6_way_rejected(const struct ifnet *ifp, const struct ip_addr *dst,
    uint32_t tableid)
{
	const struct rtentry *rt;

	if (!in6_islinklocal(dst))
		return (false);
	rt = rtable_lookup(tableid, AF_INET6, dst, 128, RTP_ANY);
	while (rt != NULL && rt->rt_ifp != ifp)
		rt = rt->rt_next;
	return (
	    rt != NULL && (rt->rt_flags & (RTF_REJECT | RTF_BLACKHOLE)) != 0);
}

/* Groups and link-local neighbours: the interface is named, or follows from
 * the source or, for groups of larger scope, from a route. */
static int
ip6_way_link(const struct ip6_hdr *ip6, const struct ip_outopts *po,
    const struct ip_addr *dst, struct ip6_way *w)
{
	struct ifnet *ifp = po->po_ifp;
	struct rtentry *rt;

	if (ifp == NULL)
		ifp = ip6_ifp_of_source(ip6, po->po_rtable);
	if (ifp == NULL) {
		if (in6_needszone(dst))
			return (EHOSTUNREACH);
		if ((rt = rtable_match(po->po_rtable, AF_INET6, dst)) == NULL ||
		    (rt->rt_flags & (RTF_REJECT | RTF_BLACKHOLE)) != 0)
			return (ENETUNREACH);
		ifp = rt->rt_ifp;
	}
	if (ip6_way_rejected(ifp, dst, po->po_rtable))
		return (EHOSTUNREACH);
	w->ex = (struct ip6_exit){ .ifp = ifp, .gw = *dst };
	if (ifa_onif(ifp, AF_INET6, dst) != NULL)
		w->local = ifp;
	return (0);
}

static int
ip6_way_find(const struct mbuf *m, const struct ip_outopts *po,
    struct ip6_way *w)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	struct ip_addr dst = ip6_dst(ip6);
	struct rtentry *rt;
	int error = 0;

	w->local = NULL;
	if (in6_ismulticast(&dst) || in6_islinklocal(&dst))
		return (ip6_way_link(ip6, po, &dst, w));
	rt = rt_resolve(po->po_rtable, AF_INET6, &dst, m, &error);
	if (rt == NULL) {
		if (po->po_ifp == NULL || (po->po_flags & IPOUT_IFONLY) == 0)
			return (error != 0 ? error : EHOSTUNREACH);
		w->ex = (struct ip6_exit){ .ifp = po->po_ifp, .gw = dst };
		return (0);
	}
	ip6_exit_of(&w->ex, rt, &dst);
	if ((rt->rt_flags & RTF_LOCAL) != 0)
		w->local = ip6_loif() != NULL ? ip6_loif() : rt->rt_ifp;
	else if (po->po_ifp != NULL && (po->po_flags & IPOUT_IFONLY) != 0 &&
	    rt->rt_ifp != po->po_ifp)
		w->ex = (struct ip6_exit){ .ifp = po->po_ifp, .gw = dst };
	if ((po->po_flags & IPOUT_DONTROUTE) != 0 && w->ex.rt != NULL &&
	    (w->ex.rt->rt_flags & RTF_GATEWAY) != 0)
		return (ENETUNREACH);
	return (0);
}

/* --- the last step --- */

uint32_t
ip6_linkmtu(const struct ifnet *ifp)
{
	const struct in6_if *i6 = in6_if(ifp);

	if (i6 != NULL && i6->i6_mtu != 0 && i6->i6_mtu < ifp->if_mtu)
		return (i6->i6_mtu);
	return (ifp->if_mtu);
}

/* The length of each segment a large packet stands for. */
static uint32_t
ip6_segment_len(const struct mbuf *m)
{
	uint32_t off, nxtoff;
	uint8_t proto, words;

	if (ip6_transport(m, &off, &proto, &nxtoff) != 0)
		return (m->m_pkthdr.len);
	if ((m->m_pkthdr.csum_flags & M_UDP_GSO) != 0)
		return (off + sizeof(struct udphdr) + m->m_pkthdr.ph_mss);
	if (m_copydata(m, off + offsetof(struct tcphdr, th_off), 1, &words) !=
	    0)
		return (m->m_pkthdr.len);
	return (off + (words >> 4) * 4U + m->m_pkthdr.ph_mss);
}

uint32_t
ip6_came_in(const struct mbuf *m)
{
	struct m_tag *t;
	uint32_t largest;

	if (__predict_true(SLIST_EMPTY(&m->m_pkthdr.tags)) ||
	    (t = m_tag_find(m, PACKET_TAG_REASS)) == NULL)
		return (0);
	memcpy(&largest, m_tag_data(t), sizeof(largest));
	return (MAX(largest, IPV6_MMTU));
}

bool
ip6_came_in_set(struct mbuf *m, uint32_t largest)
{
	struct m_tag *t = m_tag_find(m, PACKET_TAG_REASS);

	if (t == NULL) {
		t = m_tag_get(PACKET_TAG_REASS, sizeof(largest));
		if (t == NULL)
			return (false);
		m_tag_prepend(m, t);
	}
	memcpy(m_tag_data(t), &largest, sizeof(largest));
	return (true);
}

bool
ip6_fits(const struct mbuf *m, uint32_t mtu)
{
	if (__predict_true(m->m_pkthdr.len <= mtu))
		return (true);
	if (ip6_came_in(m) != 0)
		return (ip6_came_in(m) <= mtu);
	return (
	    (m->m_pkthdr.csum_flags & M_GSO) != 0 && ip6_segment_len(m) <= mtu);
}

static int
ip6_emit_one(struct mbuf *m, const struct ip6_exit *ex)
{
	struct nexthop nh = { .nh_af = AF_INET6, .nh_addr = ex->gw };

	return (ex->ifp->if_output(ex->ifp, m, &nh, ex->rt));
}

/* Sends a list; after a full queue the rest is not worth trying. */
static int
ip6_emit_list(struct mbuf_list *ml, const struct ip6_exit *ex)
{
	struct mbuf *m;
	int error = 0;

	while (error == 0 && (m = ml_dequeue(ml)) != NULL)
		error = ip6_emit_one(m, ex);
	while ((m = ml_dequeue(ml)) != NULL)
		m_drop(m, DROP_IF_QFULL);
	return (error);
}

/* Large packets whose segments do not fit either: cut both ways, into ml. */
static int
ip6_cut(struct mbuf *m, uint32_t mtu, struct mbuf_list *ml)
{
	struct mbuf_list segs = MBUF_LIST_INITIALIZER;
	int error = 0;

	if ((m->m_pkthdr.csum_flags & M_GSO) != 0)
		error = ip_segment(m, AF_INET6, &segs);
	else
		ml_enqueue(&segs, m);
	while (error == 0 && (m = ml_dequeue(&segs)) != NULL)
		error = ip6_fragment(m, ml, mtu);
	while ((m = ml_dequeue(&segs)) != NULL)
		m_drop(m, DROP_IF_QFULL);
	return (error);
}

/* As it is, or in pieces: those it came in, or those that the sender makes. */
static int
ip6_fit_or_cut(struct mbuf **mp, uint32_t mtu, bool may_fragment,
    struct mbuf_list *ml)
{
	struct mbuf *m = *mp;
	uint32_t pieces = ip6_came_in(m);

	if (!ip6_fits(m, mtu) && !may_fragment)
		return (EMSGSIZE);
	*mp = NULL;
	if (pieces != 0 && pieces < m->m_pkthdr.len)
		return (ip6_cut(m, MIN(mtu, pieces), ml));
	if (!ip6_fits(m, mtu))
		return (ip6_cut(m, mtu, ml));
	ml_enqueue(ml, m);
	return (0);
}

int
ip6_fit(struct mbuf **mp, uint32_t mtu, struct mbuf_list *ml)
{
	return (ip6_fit_or_cut(mp, mtu, false, ml));
}

int
ip6_emit(struct mbuf **mp, const struct ip6_exit *ex)
{
	struct mbuf_list cut = MBUF_LIST_INITIALIZER;
	uint32_t mtu = ip6_linkmtu(ex->ifp);
	struct mbuf *m = *mp;
	int error, sent;

	if (ex->mtu != 0 && ex->mtu < mtu)
		mtu = ex->mtu;
	if (__predict_true(SLIST_EMPTY(&m->m_pkthdr.tags) &&
		ip6_fits(m, mtu))) {
		*mp = NULL;
		return (ip6_emit_one(m, ex));
	}
	error = ip6_fit_or_cut(mp, mtu, ex->may_fragment, &cut);
	sent = ip6_emit_list(&cut, ex);
	return (error != 0 ? error : sent);
}

int
ip6_send_link(struct ifnet *ifp, struct mbuf *m)
{
	struct ip6_exit ex = { .ifp = ifp,
		.gw = ip6_dst(mtod(m, const struct ip6_hdr *)) };
	sa_family_t af = AF_INET6;
	int error;

	if ((ifp->if_flags & IFF_UP) == 0) {
		m_drop(m, DROP_IF_DOWN);
		return (ENETDOWN);
	}
	if (in6_ismulticast(&ex.gw))
		m->m_flags |= M_MCAST;
	if (pf_judge(ifp, &m, &af, PF_OUT) != PF_PASS)
		return (EACCES);
	if ((error = ip6_emit(&m, &ex)) != 0 && m != NULL)
		m_drop(m, DROP_IP6_TOOBIG);
	return (error);
}

/* --- packets made here --- */

/* Extension headers of the caller go between header and transport; the
 * caller has chained them (ip6_nxt names the first). */
static struct mbuf *
ip6_insert(struct mbuf *m, const void *ext, uint32_t len)
{
	struct ip6_hdr ip6;

	if (m_copydata(m, 0, sizeof(ip6), &ip6) != 0) {
		m_drop(m, DROP_IP6_OUTPUT);
		return (NULL);
	}
	m_adj(m, sizeof(ip6));
	if ((m = m_prepend(m, sizeof(ip6) + len)) == NULL)
		return (NULL);
	memcpy(mtod(m, uint8_t *), &ip6, sizeof(ip6));
	memcpy(mtod(m, uint8_t *) + sizeof(ip6), ext, len);
	return (m);
}

/* Fills in what IPv6 owes the packet; NULL and *error when it cannot be. */
static struct mbuf *
ip6_output_header(struct mbuf *m, const struct ip_outopts *po, int *error)
{
	struct ip6_hdr *ip6;

	*error = EMSGSIZE;
	if (m->m_pkthdr.len < sizeof(*ip6) || po->po_optlen > 1024 ||
	    m->m_pkthdr.len - sizeof(*ip6) + po->po_optlen > 65535) {
		m_drop(m, DROP_IP6_OUTPUT);
		return (NULL);
	}
	*error = ENOBUFS;
	if (po->po_options != NULL && po->po_optlen != 0 &&
	    (m = ip6_insert(m, po->po_options, po->po_optlen)) == NULL)
		return (NULL);
	if ((m = m_pullup(m, sizeof(*ip6))) == NULL)
		return (NULL);
	ip6 = mtod(m, struct ip6_hdr *);
	ip6->ip6_flow = (ip6->ip6_flow & htonl(0x0fffffffU)) | htonl(6U << 28);
	ip6->ip6_plen = htons((uint16_t)(m->m_pkthdr.len - sizeof(*ip6)));
	m->m_pkthdr.rtableid = (uint16_t)po->po_rtable;
	*error = 0;
	return (m);
}

/* The hop limit of a packet whose sender does not care: routers may have said
 * one (RFC 4861 6.3.2). */
static uint8_t
ip6_output_hlim(const struct ifnet *ifp)
{
	const struct in6_if *i6 = in6_if(ifp);

	return (i6 != NULL && i6->i6_hlim != 0 ? i6->i6_hlim :
						 (uint8_t)ip6_defhlim);
}

static int
ip6_output_source(struct mbuf *m, const struct ip_outopts *po,
    const struct ip6_way *w)
{
	struct ip6_hdr *ip6 = mtod(m, struct ip6_hdr *);
	struct ip_addr src = ip6_src(ip6), dst = ip6_dst(ip6);
	struct ifaddr *ifa;

	if (ip6->ip6_hlim == 0 && (po->po_flags & IPOUT_NOHOPS) == 0)
		ip6->ip6_hlim = ip6_output_hlim(w->ex.ifp);
	if (!ip_addr_iszero(&src)) {
		/* groups do not send; for loopback see ip6_output_send() */
		return (in6_ismulticast(&src) ? EADDRNOTAVAIL : 0);
	}
	if ((ifa = in6_source_select(w->ex.ifp, &dst, w->ex.rt)) == NULL) {
		ip6stat_inc(IP6S_NOSOURCE);
		return (EADDRNOTAVAIL);
	}
	memcpy(ip6->ip6_src, ifa->ifa_addr.b, 16);
	return (0);
}

/* A multicast is also for listeners on this host. */
static void
ip6_output_loopcopy(const struct mbuf *m, struct ifnet *ifp)
{
	struct ip_addr dst = ip6_dst(mtod(m, const struct ip6_hdr *));
	struct mbuf *n;

	if ((!in6_joined(ifp, &dst) && !in_mcast_joined(ifp, AF_INET6, &dst)) ||
	    (n = m_dup_pkt(m, M_HEADROOM)) == NULL)
		return;
	n->m_flags |= M_MCAST;
	(void)if_input_local(ifp, n, AF_INET6);
}

/* pf, with the interface the packet would leave by; the way again if it says so. */
static int
ip6_output_judge(struct mbuf **mp, const struct ip_outopts *po,
    struct ip6_way *w)
{
	struct ip_outopts again = { .po_flags = IPOUT_JUDGED,
		.po_rtable = po->po_rtable };
	struct ip_addr dst = ip6_dst(mtod(*mp, const struct ip6_hdr *)), now;
	sa_family_t af = AF_INET6;
	struct mbuf *m;

	if (pf_judge(w->local != NULL ? w->local : w->ex.ifp, mp, &af,
		PF_OUT) != PF_PASS)
		return (EACCES);
	if (af != AF_INET6) {
		m = *mp;
		*mp = NULL;
		if (ip_family(af) != NULL)
			return (ip_family(af)->output(m, &again));
		m_drop(m, DROP_IP6_OUTPUT);
		return (EAFNOSUPPORT);
	}
	if ((*mp)->m_len < sizeof(struct ip6_hdr) &&
	    (*mp = m_pullup(*mp, sizeof(struct ip6_hdr))) == NULL)
		return (ENOBUFS);
	now = ip6_dst(mtod(*mp, const struct ip6_hdr *));
	return (ip_addr_eq(&now, &dst) ? 0 : ip6_way_find(*mp, po, w));
}

static int
ip6_output_send(struct mbuf **mp, const struct ip_outopts *po,
    struct ip6_way *w)
{
	const struct ip6_hdr *ip6 = mtod(*mp, const struct ip6_hdr *);
	struct ip_addr src = ip6_src(ip6), dst = ip6_dst(ip6);
	struct mbuf *m = *mp;

	if (w->local != NULL) {
		*mp = NULL;
		return (if_input_local(w->local, m, AF_INET6));
	}
	if ((w->ex.ifp->if_flags & IFF_UP) == 0)
		return (ENETDOWN);
	if ((w->ex.ifp->if_flags & IFF_LOOPBACK) == 0 &&
	    (in6_isloopback(&src) || in6_isloopback(&dst)))
		return (EADDRNOTAVAIL); /* RFC 4291 2.5.3: never on a wire */
	if (ip6->ip6_dst[0] == 0xff) {
		m->m_flags |= M_MCAST;
		if ((po->po_flags & (IPOUT_FORWARDING | IPOUT_NOLOOP)) == 0)
			ip6_output_loopcopy(m, w->ex.ifp);
		if ((po->po_flags & IPOUT_STAY) !=
		    0) { /* RFC 3493 5.2: only for this host */
			m_freem(m);
			*mp = NULL;
			return (0);
		}
	}
	w->ex.may_fragment = (po->po_flags &
				 (IPOUT_FORWARDING | IPOUT_DF | IPOUT_NOCUT)) ==
	    0;
	if ((po->po_flags & IPOUT_LINKMTU) != 0)
		w->ex.mtu = 0;
	if ((po->po_flags & IPOUT_MINMTU) != 0)
		w->ex.mtu = IPV6_MMTU;
	else if (po->po_mtu != 0 && (w->ex.mtu == 0 || po->po_mtu < w->ex.mtu))
		w->ex.mtu = po->po_mtu;
	return (ip6_emit(mp, &w->ex));
}

/* From the way on; the route in w is held meanwhile. */
static int
ip6_output_by(struct mbuf *m, const struct ip_outopts *po, struct ip6_way *w)
{
	struct rtentry *held = w->ex.rt;
	int error = 0;

	if (held != NULL)
		rt_ref(held);
	if ((po->po_flags & IPOUT_JUDGED) == 0)
		error = ip6_output_judge(&m, po, w);
	if (error == 0 && m != NULL)
		error = ip6_output_send(&m, po, w);
	if (m != NULL)
		m_drop(m,
		    error == EMSGSIZE ? DROP_IP6_TOOBIG : DROP_IP6_OUTPUT);
	rt_put(held);
	return (error);
}

int
ip6_output(struct mbuf *m, const struct ip_outopts *po)
{
	static const struct ip_outopts none;
	struct ip6_way w;
	int error = 0;

	if (po == NULL)
		po = &none;
	ip6stat_inc(IP6S_LOCALOUT);
	if ((po->po_flags & IPOUT_JUDGED) == 0 &&
	    (m = ip6_output_header(m, po, &error)) == NULL)
		return (error);
	if ((error = ip6_way_find(m, po, &w)) != 0 ||
	    (error = ip6_output_source(m, po, &w)) != 0) {
		m_drop(m,
		    error == ENETUNREACH ? DROP_IP6_NOROUTE : DROP_IP6_OUTPUT);
		return (error);
	}
	return (ip6_output_by(m, po, &w));
}
