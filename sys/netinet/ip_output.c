/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet of ours goes out.
 *
 *	ip_output()	fill in the header, find the way, ask pf, send
 *	ip_way_find()	which interface and next hop, by route or by order
 *	ip_emit()	the last step, for forwarded packets too: fit it to the
 *			MTU and give it to the link
 *
 * pf sees a packet once, whole and with its final interface.  When it
 * changes the destination the way is looked for again, but pf is not asked
 * again.  Identifications come from a keyed permutation of 16 bits: no value
 * comes back before all others were used, and nobody can guess the next
 * (RFC 7739 5.3, RFC 6864).
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

/* --- identifications --- */

static struct {
	uint16_t next;       /* 0: choose new keys */
	uint8_t box[4][256]; /* a random byte function for each round */
} ip_ids;

static uint16_t
ip_id_shuffle(uint16_t v)
{
	uint8_t l = (uint8_t)(v >> 8), r = (uint8_t)v, t;
	unsigned int round;

	for (round = 0; round < 4; round++) {
		t = r;
		r = l ^ ip_ids.box[round][r];
		l = t;
	}
	return ((uint16_t)(l << 8 | r));
}

uint16_t
ip_randomid(void)
{
	uint16_t id;

	do {
		if (ip_ids.next == 0)
			arc4random_buf(ip_ids.box, sizeof(ip_ids.box));
		id = ip_id_shuffle(ip_ids.next++);
	} while (id == 0);
	return (id);
}

/* --- the way --- */

/* The loopback interface that packets to ourselves take. */
static uint32_t ip_lo_index;

static void
ip_lo_watch(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	if (ifp->if_type != IFT_LOOP)
		return;
	if (ev == IFE_ARRIVAL && ip_lo_index == 0)
		ip_lo_index = ifp->if_index;
	else if (ev == IFE_DEPARTURE && ip_lo_index == ifp->if_index)
		ip_lo_index = 0;
}

static struct if_observer ip_lo_observer = { .event = ip_lo_watch };

void
ip_output_init(void)
{
	struct ifnet *ifp;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		ip_lo_watch(NULL, IFE_ARRIVAL, ifp, NULL, NULL);
	if_observe(&ip_lo_observer);
}

struct ip_way {
	struct ip_exit ex;
	bool local; /* to ourselves */
	bool bcast;
};

void
ip_exit_of(struct ip_exit *ex, struct rtentry *rt, uint32_t dst)
{
	ex->ifp = rt->rt_ifp;
	ex->rt = rt;
	if ((rt->rt_flags & RTF_GATEWAY) != 0)
		ex->gw = rt->rt_gateway;
	else
		ex->gw = ip_addr_v4(dst);
	ex->mtu = rt->rt_mtu;
}

/* The interface that has the packet's source address. */
static struct ifnet *
ip_ifp_of_source(const struct ip *ip, uint32_t tableid)
{
	struct ip_addr src = ip_addr_v4(ip->ip_src);
	struct ifaddr *ifa;

	if (ip->ip_src == 0 ||
	    (ifa = ifa_ifwithaddr(AF_INET, &src, tableid)) == NULL)
		return (NULL);
	return (ifa->ifa_ifp);
}

/* Multicast and limited broadcast: no gateway, an interface must be known. */
static int
ip_way_group(const struct ip *ip, const struct ip_outopts *po, struct ip_way *w)
{
	struct ip_addr dst = ip_addr_v4(ip->ip_dst);
	struct ifnet *ifp = po->po_ifp;
	struct rtentry *rt;

	if (ifp == NULL)
		ifp = ip_ifp_of_source(ip, po->po_rtable);
	if (ifp == NULL) {
		if ((rt = rtable_match(po->po_rtable, AF_INET, &dst)) == NULL ||
		    (rt->rt_flags & (RTF_REJECT | RTF_BLACKHOLE)) != 0)
			return (ENETUNREACH);
		ifp = rt->rt_ifp;
	}
	w->ex = (struct ip_exit){ .ifp = ifp, .gw = dst };
	w->bcast = ip->ip_dst == 0xffffffffU;
	return (0);
}

/* Out by the interface that was asked for, to a gateway only if it is there. */
static void
ip_way_by_ifp(struct ip_way *w, struct ifnet *ifp, uint32_t dst)
{
	if (w->local || w->ex.ifp == ifp)
		return;
	w->ex = (struct ip_exit){ .ifp = ifp, .gw = ip_addr_v4(dst) };
}

static int
ip_way_find(const struct mbuf *m, const struct ip_outopts *po, struct ip_way *w)
{
	const struct ip *ip = mtod(m, const struct ip *);
	struct ip_addr dst = ip_addr_v4(ip->ip_dst);
	struct rtentry *rt;
	int error = 0;

	w->local = w->bcast = false;
	if (ntohl(ip->ip_dst) >= 0xe0000000U)
		return (ip_way_group(ip, po, w));
	rt = rt_resolve(po->po_rtable, AF_INET, &dst, m,
	    &error);
	if (rt == NULL) {
		if (po->po_ifp == NULL || (po->po_flags & IPOUT_IFONLY) == 0)
			return (error != 0 ? error : EHOSTUNREACH);
		w->ex = (struct ip_exit){ .ifp = po->po_ifp, .gw = dst };
		return (0);
	}
	ip_exit_of(&w->ex, rt, ip->ip_dst);
	w->local = (rt->rt_flags & RTF_LOCAL) != 0;
	w->bcast = (rt->rt_flags & RTF_BROADCAST) != 0;
	if (po->po_ifp != NULL && (po->po_flags & IPOUT_IFONLY) != 0)
		ip_way_by_ifp(w, po->po_ifp, ip->ip_dst);
	if ((po->po_flags & IPOUT_DONTROUTE) != 0 && w->ex.rt != NULL &&
	    (w->ex.rt->rt_flags & RTF_GATEWAY) != 0)
		return (ENETUNREACH);
	return (0);
}

/* --- the last step --- */

static uint32_t
ip_segment_len(const struct mbuf *m)
{
	uint32_t hlen = IP_HLEN(mtod(m, const struct ip *));
	uint8_t off;

	if ((m->m_pkthdr.csum_flags & M_UDP_GSO) != 0)
		return (hlen + sizeof(struct udphdr) + m->m_pkthdr.ph_mss);
	if (m_copydata(m, hlen + offsetof(struct tcphdr, th_off), 1, &off) != 0)
		return (m->m_pkthdr.len);
	return (hlen + (off >> 4) * 4U + m->m_pkthdr.ph_mss);
}

bool
ip_fits(const struct mbuf *m, uint32_t mtu)
{
	if (m->m_pkthdr.len <= mtu)
		return (true);
	return (
	    (m->m_pkthdr.csum_flags & M_GSO) != 0 && ip_segment_len(m) <= mtu);
}

static int
ip_emit_one(struct mbuf *m, const struct ip_exit *ex)
{
	struct nexthop nh = { .nh_af = AF_INET, .nh_addr = ex->gw };

	return (ex->ifp->if_output(ex->ifp, m, &nh, ex->rt));
}

/* Sends a list; after a full queue the rest is not worth trying. */
static int
ip_emit_list(struct mbuf_list *ml, const struct ip_exit *ex)
{
	struct mbuf *m;
	int error = 0;

	while (error == 0 && (m = ml_dequeue(ml)) != NULL)
		error = ip_emit_one(m, ex);
	while ((m = ml_dequeue(ml)) != NULL)
		m_drop(m, DROP_IF_QFULL);
	return (error);
}

/* Large packets whose segments do not fit either: cut both ways, into ml. */
static int
ip_cut(struct mbuf *m, uint32_t mtu, struct mbuf_list *ml)
{
	struct mbuf_list segs = MBUF_LIST_INITIALIZER,
			 frags = MBUF_LIST_INITIALIZER;
	int error = 0;

	if ((m->m_pkthdr.csum_flags & M_GSO) != 0)
		error = ip_segment(m, AF_INET, &segs);
	else
		ml_enqueue(&segs, m);
	while (error == 0 && (m = ml_dequeue(&segs)) != NULL) {
		if ((error = ip_fragment(m, &frags, mtu)) == 0) {
			ipstat_inc(IPS_FRAGMENTED);
			ml_enlist(ml, &frags);
		}
	}
	ml_purge(&segs);
	return (error);
}

int
ip_fit(struct mbuf **mp, uint32_t mtu, struct mbuf_list *ml)
{
	struct mbuf *m = *mp;

	if (!ip_fits(m, mtu) &&
	    (mtod(m, struct ip *)->ip_off & htons(IP_DF)) != 0)
		return (EMSGSIZE);
	*mp = NULL;
	if (!ip_fits(m, mtu))
		return (ip_cut(m, mtu, ml));
	ml_enqueue(ml, m);
	return (0);
}

int
ip_emit(struct mbuf **mp, const struct ip_exit *ex)
{
	struct mbuf_list cut = MBUF_LIST_INITIALIZER;
	uint32_t mtu = ex->ifp->if_mtu;
	struct mbuf *m = *mp;
	int error, sent;

	if (ex->mtu != 0 && ex->mtu < mtu)
		mtu = ex->mtu;
	if (__predict_true(ip_fits(m, mtu))) {
		*mp = NULL;
		return (ip_emit_one(m, ex));
	}
	error = ip_fit(mp, mtu, &cut);
	sent = ip_emit_list(&cut, ex);
	return (error != 0 ? error : sent);
}

/* --- packets made here --- */

/* Fills in what IP owes the packet; NULL and *error when it cannot be. */
static struct mbuf *
ip_output_header(struct mbuf *m, const struct ip_outopts *po, int *error)
{
	struct ip *ip;

	*error = EMSGSIZE;
	if (m->m_pkthdr.len + po->po_optlen > IP_MAXPACKET ||
	    m->m_pkthdr.len < sizeof(struct ip)) {
		m_drop(m, DROP_IP_OUTPUT);
		return (NULL);
	}
	*error = ENOBUFS;
	if (po->po_options != NULL && po->po_optlen != 0 &&
	    (m = ip_insertoptions(m, po->po_options, po->po_optlen)) == NULL)
		return (NULL);
	if ((m = m_pullup(m, IP_HLEN(mtod(m, struct ip *)))) == NULL)
		return (NULL);
	ip = mtod(m, struct ip *);
	ip->ip_len = htons(m->m_pkthdr.len);
	if ((po->po_flags & IPOUT_RAWHDR) == 0)
		ip->ip_off = htons(
		    (po->po_flags & (IPOUT_DF | IPOUT_DFFITS)) != 0 ? IP_DF : 0);
	if ((po->po_flags & IPOUT_RAWHDR) == 0 || ip->ip_id == 0)
		ip->ip_id = ip_randomid();
	m->m_pkthdr.rtableid = (uint16_t)po->po_rtable;
	*error = 0;
	return (m);
}

static int
ip_output_source(struct mbuf *m, const struct ip_way *w)
{
	struct ip *ip = mtod(m, struct ip *);
	struct ip_addr dst = ip_addr_v4(ip->ip_dst);
	struct ifaddr *ifa;

	if (ip->ip_src != 0)
		return (0);
	if ((ifa = in_source_select(w->ex.ifp, &dst, w->ex.rt)) != NULL)
		ip->ip_src = ifa->ifa_addr.v4;
	else if (ip->ip_dst !=
	    0xffffffffU) /* a host that looks for its address */
		return (EADDRNOTAVAIL);
	return (0);
}

/* A broadcast or multicast is also for listeners on this host. */
static void
ip_output_loopcopy(struct mbuf *m, struct ifnet *ifp)
{
	struct mbuf *n;

	if ((ifp->if_flags & IFF_SIMPLEX) == 0 ||
	    (n = m_dup_pkt(m, M_HEADROOM)) == NULL)
		return;
	n->m_flags |= m->m_flags & (M_BCAST | M_MCAST);
	(void)if_input_local(ifp, n, AF_INET);
}

static int
ip_output_group(struct mbuf *m, const struct ip_outopts *po, struct ip_way *w)
{
	bool mcast = IN_MULTICAST(ntohl(mtod(m, struct ip *)->ip_dst));

	if (!w->bcast && !mcast)
		return (0);
	if (w->bcast &&
	    (po->po_flags & (IPOUT_BROADCAST | IPOUT_FORWARDING)) == 0)
		return (EACCES);
	if (m->m_pkthdr.len > w->ex.ifp->if_mtu && w->bcast)
		return (EMSGSIZE);
	m->m_flags |= w->bcast ? M_BCAST : M_MCAST;
	return (0);
}

static int
ip_output_local(struct mbuf *m, const struct ip_way *w)
{
	struct ifnet *lo = if_get(ip_lo_index);

	if (lo == NULL)
		lo = w->ex.ifp;
	return (if_input_local(lo, m, AF_INET));
}

/* pf, with the interface the packet would leave by; the way again if it says so. */
static int
ip_output_judge(struct mbuf **mp, const struct ip_outopts *po, struct ip_way *w)
{
	struct ip_outopts again = *po;
	struct ifnet *ifp = w->ex.ifp, *lo;
	uint32_t dst = mtod(*mp, struct ip *)->ip_dst;
	sa_family_t af = AF_INET;

	if (w->local && (lo = if_get(ip_lo_index)) != NULL)
		ifp = lo;
	if (pf_judge(ifp, mp, &af, PF_OUT) != PF_PASS)
		return (EACCES);
	again.po_flags |= IPOUT_JUDGED;
	if (af != AF_INET) {
		if (ip_family(af) == NULL)
			return (EAFNOSUPPORT);
		again = (struct ip_outopts){ .po_flags = IPOUT_JUDGED,
			.po_rtable = po->po_rtable };
		(void)ip_family(af)->output(*mp, &again);
		*mp = NULL;
		return (0);
	}
	if ((*mp)->m_len < sizeof(struct ip) &&
	    (*mp = m_pullup(*mp, sizeof(struct ip))) == NULL)
		return (ENOBUFS);
	if (mtod(*mp, struct ip *)->ip_dst != dst)
		return (ip_way_find(*mp, &again, w));
	return (0);
}

/* What the sender wants to be done about packets that are too long. */
static int
ip_output_size(struct mbuf *m, const struct ip_outopts *po, struct ip_exit *ex)
{
	struct ip *ip = mtod(m, struct ip *);

	if ((po->po_flags & IPOUT_LINKMTU) != 0)
		ex->mtu = 0;
	if (ip_fits(m,
		ex->mtu != 0 ? MIN(ex->mtu, ex->ifp->if_mtu) :
			       ex->ifp->if_mtu))
		return (0);
	if ((po->po_flags & IPOUT_NOCUT) != 0)
		return (EMSGSIZE);
	if ((po->po_flags & IPOUT_DFFITS) != 0) {
		ip->ip_off &= ~htons(IP_DF);
		ip->ip_sum = 0;
		ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, IP_HLEN(ip)));
	}
	return (0);
}

static int
ip_output_send(struct mbuf **mp, const struct ip_outopts *po, struct ip_way *w)
{
	struct mbuf *m = *mp;
	int error;

	if (w->local) {
		*mp = NULL;
		return (ip_output_local(m, w));
	}
	if ((w->ex.ifp->if_flags & IFF_UP) == 0)
		return (ENETDOWN);
	if ((w->ex.ifp->if_flags & IFF_LOOPBACK) == 0 &&
	    (IN_LOOPBACK(ntohl(mtod(m, struct ip *)->ip_dst)) ||
		IN_LOOPBACK(ntohl(mtod(m, struct ip *)->ip_src))))
		return (EADDRNOTAVAIL); /* RFC 1122 3.2.1.3: never on a wire */
	if ((m->m_flags & (M_BCAST | M_MCAST)) != 0 &&
	    ((po->po_flags & IPOUT_NOLOOP) == 0 || w->bcast))
		ip_output_loopcopy(m, w->ex.ifp);
	if ((m->m_flags & M_MCAST) != 0 && (po->po_flags & IPOUT_STAY) != 0) {
		m_freem(m); /* RFC 1112 6.1: only for this host */
		*mp = NULL;
		return (0);
	}
	if ((po->po_flags & (IPOUT_LINKMTU | IPOUT_NOCUT | IPOUT_DFFITS)) !=
		0 &&
	    (error = ip_output_size(m, po, &w->ex)) != 0)
		return (error);
	return (ip_emit(mp, &w->ex));
}

/* From the way on; the route in w is held meanwhile. */
static int
ip_output_by(struct mbuf *m, const struct ip_outopts *po, struct ip_way *w)
{
	struct rtentry *held = w->ex.rt;
	int error = 0;

	if (held != NULL)
		rt_ref(held);
	if ((po->po_flags & IPOUT_JUDGED) == 0)
		error = ip_output_judge(&m, po, w);
	if (error == 0 && m != NULL)
		error = ip_output_send(&m, po, w);
	if (m != NULL)
		m_drop(m, error == EMSGSIZE ? DROP_IP_TOOBIG : DROP_IP_OUTPUT);
	rt_put(held);
	return (error);
}

int
ip_output(struct mbuf *m, const struct ip_outopts *po)
{
	static const struct ip_outopts none;
	struct ip_way w;
	struct ip *ip;
	int error;

	if (po == NULL)
		po = &none;
	ipstat_inc(IPS_LOCALOUT);
	if ((po->po_flags & IPOUT_JUDGED) == 0 &&
	    (m = ip_output_header(m, po, &error)) == NULL)
		return (error);
	if ((error = ip_way_find(m, po, &w)) != 0 ||
	    (error = ip_output_source(m, &w)) != 0 ||
	    (error = ip_output_group(m, po, &w)) != 0) {
		m_drop(m,
		    error == ENETUNREACH ? DROP_IP_NOROUTE : DROP_IP_OUTPUT);
		return (error);
	}
	ip = mtod(m, struct ip *);
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, IP_HLEN(ip)));
	return (ip_output_by(m, po, &w));
}
