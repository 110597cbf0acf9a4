/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * bridge: Ethernets joined into one (IEEE 802.1D without spanning tree).
 *
 * Members are Ethernet interfaces, promiscuous while they are; the bridge
 * interface itself only holds them, counts, and shows all frames to bpf.
 *
 * In:	a frame that a member receives comes to bridge_input().  Its source is
 *	learned.  For a station that is known it goes to that member, for one
 *	that is not to all that discover, for a group to all.  What is for the
 *	machine itself (the address of any member, or a group) goes on into
 *	the stack, on the member whose address it is.
 * Out:	what the stack sends on a member goes the same way, from
 *	bridge_output(): the machine is a station behind that member.
 * Span:	a port that gets a copy of every frame, and gives none.
 * Filter: what crosses from one member to another is asked of the packet filter
 *	on both.  What is for the machine, or is sent by it, is asked by its IP
 *	layers only; of a group's frame, which is for both, the bridge asks.
 *
 * A frame that the bridge itself hands to if_input() or if_enqueue() carries
 * M_PROTO1, which those two hooks take off: it does not come here again.
 * There is no spanning tree: who wires a loop has one.
 * Read on: if_bridge_filter.c, if_bridge_addr.c, if_bridge_ctl.c.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_bridge_priv.h>

static int bridge_create(struct if_clone *ifc, unsigned int unit);
static int bridge_destroy(struct ifnet *ifp);
static struct if_clone bridge_cloner = { .ifc_name = "bridge",
	.ifc_create = bridge_create,
	.ifc_destroy = bridge_destroy };

void
bridge_lost(struct bridge_softc *sc, struct mbuf *m, enum drop_reason why)
{
	sc->sc_if.if_counters.oqdrops++;
	m_drop(m, why);
}

static bool
port_runs(const struct bridge_port *bp)
{
	return ((bp->bp_ifp->if_flags & IFF_UP) != 0 &&
	    bp->bp_ifp->if_link_state != LINK_STATE_DOWN);
}

/* --- frames --- */

/* A tag that travels beside the frame goes into it: not every port keeps it. */
static struct mbuf *
tag_inside(struct mbuf *m)
{
	uint16_t tag = m->m_pkthdr.ether_vtag;
	uint8_t *p;

	if ((m->m_flags & M_VLANTAG) == 0)
		return (m);
	if ((m = m_prepend(m, ETHER_VLAN_LEN)) == NULL ||
	    (m = m_makewritable(m, ETHER_HDR_LEN + ETHER_VLAN_LEN)) == NULL)
		return (NULL);
	p = mtod(m, uint8_t *);
	memmove(p, p + ETHER_VLAN_LEN, 12);
	be16enc(p + 12, ETHERTYPE_VLAN);
	be16enc(p + 14, tag);
	m->m_flags &= (uint16_t)~M_VLANTAG;
	return (m);
}

static void
one_send(struct bridge_port *bp, struct mbuf *m)
{
	struct bridge_softc *sc = bp->bp_sc;

	m_resethdr(m);
	if (ETHER_IS_MULTICAST(mtod(m, struct ether_header *)->ether_dhost))
		m->m_flags |= M_MCAST;
	m->m_flags |= M_PROTO1;
	sc->sc_if.if_counters.opackets++;
	sc->sc_if.if_counters.obytes += m->m_pkthdr.len;
	if_enqueue(bp->bp_ifp, m);
}

void
bridge_frame_send(struct bridge_port *bp, struct mbuf *m)
{
	struct mbuf_list fit = MBUF_LIST_INITIALIZER;

	bridge_fit(bp, m, &fit);
	while ((m = ml_dequeue(&fit)) != NULL)
		one_send(bp, m);
}

/* A frame that came by `from', or that the machine sends by it (ours), goes out
 * by bp. */
static void
cross(struct bridge_port *from, struct bridge_port *bp, struct mbuf *m,
    bool ours)
{
	if ((m = bridge_toobig(from, bp, m, ours)) == NULL)
		return;
	if (ours || (m = bridge_filter_out(from, bp, m)) != NULL)
		bridge_frame_send(bp, m);
}

static struct mbuf *
copy(struct bridge_softc *sc, const struct mbuf *m)
{
	struct mbuf *n = m_copym(m, 0, UINT32_MAX);

	if (n == NULL) {
		sc->sc_if.if_counters.oerrors++;
		drop_count(DROP_NOBUFS);
	}
	return (n);
}

static void
span(struct bridge_softc *sc, const struct mbuf *m)
{
	struct bridge_port *bp;
	struct mbuf *n;

	TAILQ_FOREACH(bp, &sc->sc_spans, bp_entry)
		if (port_runs(bp) && (n = copy(sc, m)) != NULL)
			bridge_frame_send(bp, n);
}

/* May a frame of that type go from one to the other?  0, or why not. */
static enum drop_reason
way_judge(const struct bridge_port *from, const struct bridge_port *to,
    uint16_t type)
{
	bool ip = type == ETHERTYPE_IP || type == ETHERTYPE_IPV6 ||
	    type == ETHERTYPE_ARP;

	if (from == to)
		return (DROP_BRIDGE_SAMEPORT);
	if ((from->bp_protect & to->bp_protect) != 0)
		return (DROP_BRIDGE_PROTECTED);
	if (!ip && ((from->bp_flags | to->bp_flags) & IFBIF_BLOCKNONIP) != 0)
		return (DROP_BRIDGE_NONIP);
	return (port_runs(to) ? DROP_NONE : DROP_IF_NOCARRIER);
}

/* To all others that want it: a group's frame, or one for an unknown station.
 * ours: the machine sends it, by `from'. */
static void
flood(struct bridge_port *from, const struct mbuf *m, uint16_t type, bool ours)
{
	bool group = ETHER_IS_MULTICAST(
	    mtod(m, const struct ether_header *)->ether_dhost);
	struct bridge_port *bp;
	struct mbuf *n;

	TAILQ_FOREACH(bp, &from->bp_sc->sc_ports, bp_entry)
		if ((group || (bp->bp_flags & IFBIF_DISCOVER) != 0) &&
		    way_judge(from, bp, type) == DROP_NONE &&
		    (n = copy(from->bp_sc, m)) != NULL)
			cross(from, bp, n, ours);
}

/* --- in --- */

/* Into the machine's own stack, as if received on ifp.  Takes m. */
static void
deliver(struct ifnet *ifp, struct mbuf *m)
{
	struct mbuf_list one = MBUF_LIST_INITIALIZER;

	m->m_flags |= M_PROTO1;
	ml_enqueue(&one, m);
	if_input(ifp, &one);
}

/* The member whose own address it is; NULL: no member's. */
static struct bridge_port *
port_ofours(struct bridge_softc *sc, const uint8_t lladdr[6])
{
	struct bridge_port *bp;

	TAILQ_FOREACH(bp, &sc->sc_ports, bp_entry)
		if (memcmp(bp->bp_ifp->if_lladdr, lladdr, 6) == 0)
			return (bp);
	return (NULL);
}

/* A group's frame is also for the machine on its other members. */
static void
group_deliver(struct bridge_port *from, const struct mbuf *m)
{
	struct bridge_port *bp;
	struct mbuf *n;

	TAILQ_FOREACH(bp, &from->bp_sc->sc_ports, bp_entry) {
		if (bp == from || TAILQ_EMPTY(&bp->bp_ifp->if_addrs))
			continue;
		if ((n = m_dup_pkt(m, M_HEADROOM)) != NULL)
			deliver(bp->bp_ifp, n);
		else
			drop_count(DROP_NOBUFS);
	}
}

static void
station_send(struct bridge_port *from, struct mbuf *m, uint16_t type)
{
	struct bridge_softc *sc = from->bp_sc;
	struct bridge_port *to;
	enum drop_reason why;

	to = bridge_addr_find(sc, mtod(m, struct ether_header *)->ether_dhost);
	if (to != NULL && (why = way_judge(from, to, type)) != DROP_NONE)
		bridge_lost(sc, m, why);
	else if ((m = bridge_filter_in(from, m)) == NULL)
		return;
	else if (to != NULL)
		cross(from, to, m, false);
	else {
		flood(from, m, type, false);
		m_freem(m);
	}
}

/* Across the bridge, and what is left for the stack on `from'; NULL: nothing. */
static struct mbuf *
group_send(struct bridge_port *from, struct mbuf *m, uint16_t type)
{
	if ((m = bridge_filter_in(from, m)) == NULL)
		return (NULL);
	flood(from, m, type, false);
	bridge_filter_done(m);
	group_deliver(from, m);
	return (m);
}

static void
input_count(struct bridge_softc *sc, const struct mbuf *m)
{
	sc->sc_if.if_counters.ipackets++;
	sc->sc_if.if_counters.ibytes += m->m_pkthdr.len;
	if (sc->sc_if.if_bpf != NULL)
		bpf_mtap(sc->sc_if.if_bpf, m, BPF_DIRECTION_IN);
	span(sc, m);
}

/* Addresses that no bridge passes on (IEEE 802.1D 7.12.6). */
static bool
is_link_local(const uint8_t d[6])
{
	static const uint8_t reserved[5] = { 0x01, 0x80, 0xc2, 0, 0 };

	return (memcmp(d, reserved, sizeof(reserved)) == 0 && d[5] < 0x10);
}

struct mbuf *
bridge_input(struct ifnet *ifp, struct mbuf *m)
{
	struct bridge_port *from = ifp->if_bridge, *own;
	struct bridge_softc *sc = from->bp_sc;
	const struct ether_header *eh;
	uint32_t hdrlen;
	uint16_t type;

	if ((m->m_flags & M_PROTO1) != 0) {
		m->m_flags &= (uint16_t)~M_PROTO1;
		return (m);
	}
	if ((sc->sc_if.if_flags & IFF_UP) == 0 ||
	    (from->bp_flags & IFBIF_SPAN) != 0)
		return (m);
	if ((m = tag_inside(m)) == NULL)
		return (NULL);
	input_count(sc, m);
	eh = mtod(m, struct ether_header *);
	if (is_link_local(eh->ether_dhost))
		return (m);
	own = port_ofours(sc, eh->ether_shost);
	if ((from->bp_flags & IFBIF_LEARNING) != 0 && own == NULL)
		bridge_addr_learn(from, eh->ether_shost);
	type = bridge_frame_type(m, &hdrlen);
	if (ETHER_IS_MULTICAST(eh->ether_dhost))
		return (group_send(from, m, type));
	if ((own = port_ofours(sc, eh->ether_dhost)) == from)
		return (m);
	if (own != NULL)
		deliver(own->bp_ifp, m);
	else
		station_send(from, m, type);
	return (NULL);
}

/* --- out --- */

struct mbuf *
bridge_output(struct ifnet *ifp, struct mbuf *m)
{
	struct bridge_port *us = ifp->if_bridge, *to;
	struct bridge_softc *sc = us->bp_sc;
	const struct ether_header *eh;
	uint32_t hdrlen;
	uint16_t type;

	if ((m->m_flags & M_PROTO1) != 0) {
		m->m_flags &= (uint16_t)~M_PROTO1;
		return (m);
	}
	if ((sc->sc_if.if_flags & IFF_UP) == 0 ||
	    (us->bp_flags & IFBIF_SPAN) != 0)
		return (m);
	if (m->m_len < ETHER_HDR_LEN &&
	    (m = m_pullup(m, ETHER_HDR_LEN)) == NULL)
		return (NULL);
	if (sc->sc_if.if_bpf != NULL)
		bpf_mtap(sc->sc_if.if_bpf, m, BPF_DIRECTION_OUT);
	span(sc, m);
	eh = mtod(m, struct ether_header *);
	to = ETHER_IS_MULTICAST(eh->ether_dhost) ?
	    NULL :
	    bridge_addr_find(sc, eh->ether_dhost);
	if (to == us)
		return (m);
	if (to != NULL) {
		cross(us, to, m, true);
		return (NULL);
	}
	type = bridge_frame_type(m, &hdrlen);
	flood(us, m, type, true);
	return (m);
}

/* Nothing is sent on the bridge itself. */
static void
bridge_start(struct ifnet *ifp)
{
	struct mbuf *m;

	while ((m = ml_dequeue(&ifp->if_snd)) != NULL)
		bridge_lost(ifp->if_softc, m, DROP_BRIDGE_OUTPUT);
}

static int
bridge_ifoutput(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt)
{
	bridge_lost(ifp->if_softc, m, DROP_BRIDGE_OUTPUT);
	return (EAFNOSUPPORT);
}

static void
bridge_ifinput(struct ifnet *ifp, struct mbuf *m)
{
	bridge_lost(ifp->if_softc, m, DROP_BRIDGE_OUTPUT);
}

/* --- life --- */

static void
bridge_event(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	if (ifp->if_bridge == NULL)
		return;
	if (ev == IFE_DEPARTURE)
		bridge_port_remove(ifp->if_bridge);
	else if ((ev == IFE_LINK || ev == IFE_FLAGS) &&
	    !port_runs(ifp->if_bridge)) /* its stations may be elsewhere now */
		bridge_addr_flush(((struct bridge_port *)ifp->if_bridge)->bp_sc,
		    ifp->if_bridge, false);
}
static struct if_observer bridge_observer = { .event = bridge_event };

struct bridge_softc *
bridge_of(struct ifnet *ifp)
{
	return (ifp->if_type == IFT_BRIDGE ? ifp->if_softc : NULL);
}

static int
bridge_create(struct if_clone *ifc, unsigned int unit)
{
	struct bridge_softc *sc;

	if ((sc = if_clone_alloc(ifc, unit, sizeof(*sc), IFT_BRIDGE)) == NULL)
		return (ENOMEM);
	sc->sc_if.if_start = bridge_start;
	sc->sc_if.if_output = bridge_ifoutput;
	sc->sc_if.if_input = bridge_ifinput;
	sc->sc_if.if_ioctl = bridge_ioctl;
	TAILQ_INIT(&sc->sc_ports);
	TAILQ_INIT(&sc->sc_spans);
	bridge_addrinit(sc);
	return (if_clone_finish(&sc->sc_if,
	    bpf_attach(&sc->sc_if, 1 /* DLT_EN10MB */, ETHER_HDR_LEN)));
}

static int
bridge_destroy(struct ifnet *ifp)
{
	struct bridge_softc *sc = ifp->if_softc;
	struct bridge_port *bp;

	while ((bp = TAILQ_FIRST(&sc->sc_ports)) != NULL ||
	    (bp = TAILQ_FIRST(&sc->sc_spans)) != NULL)
		bridge_port_remove(bp);
	timeout_del(&sc->sc_age);
	if_detach(ifp);
	return (0);
}

void
bridgeinit(void)
{
	if_clone_attach(&bridge_cloner);
	if_observe(&bridge_observer);
	bridge_sysctlinit();
}
