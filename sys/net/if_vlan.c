/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * vlan: an Ethernet inside another one (IEEE 802.1Q; 802.1ad with qinq).
 *
 * Each vlan has a parent, a tag and a type.  Tagged frames that come in by
 * the parent go on without the tag as if received on the vlan; frames sent
 * on the vlan get the tag and are sent on the parent.  A parent may be a vlan
 * itself.  The vlans of a parent stand in a list at ifp->if_vlans.
 *
 * Following the parent: link state, link address (unless set by hand), the
 * largest MTU, promiscuity (a vlan with an address of its own needs it), and
 * going away, which leaves the vlan without a parent and its link down.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/if_vlan.h>

#define VLAN_STACK 4 /* vlans on vlans */

struct vlan_softc {
	struct ifnet sc_if;
	LIST_ENTRY(vlan_softc) sc_entry; /* of the parent's */
	struct ifnet *sc_parent;         /* referenced; NULL: none */
	uint16_t sc_tag;                 /* host order; 0: none yet */
	uint16_t sc_type;                /* ETHERTYPE_VLAN or QINQ */
	bool sc_own_lladdr, sc_promisc;  /* set by hand; parent told so */
};
LIST_HEAD(vlan_list, vlan_softc);

static int vlan_create(struct if_clone *ifc, unsigned int unit);
static int vlan_destroy(struct ifnet *ifp);
static struct if_clone vlan_cloner = { .ifc_name = "vlan",
	.ifc_create = vlan_create,
	.ifc_destroy = vlan_destroy };

static bool
is_vlan(const struct ifnet *ifp)
{
	return (ifp->if_type == IFT_VLAN);
}

/* --- in --- */

static struct vlan_softc *
vlan_find(const struct ifnet *parent, uint16_t type, uint16_t tag)
{
	struct vlan_list *vlans = parent->if_vlans;
	struct vlan_softc *sc;

	if (vlans == NULL)
		return (NULL);
	LIST_FOREACH(sc, vlans, sc_entry)
		if (sc->sc_tag == tag && sc->sc_type == type)
			return (sc);
	return (NULL);
}

/* Takes the tag out of the frame or from beside it. */
static struct mbuf *
vlan_untag(struct mbuf *m, uint16_t *type, uint16_t *tci)
{
	uint8_t *p;

	if ((m->m_flags & M_VLANTAG) != 0) {
		*type = ETHERTYPE_VLAN;
		*tci = m->m_pkthdr.ether_vtag;
		m->m_flags &= (uint16_t)~M_VLANTAG;
		return (m);
	}
	if (m->m_pkthdr.len < ETHER_HDR_LEN + ETHER_VLAN_LEN) {
		m_drop(m, DROP_ETHER_SHORT);
		return (NULL);
	}
	if ((m = m_makewritable(m, ETHER_HDR_LEN + ETHER_VLAN_LEN)) == NULL)
		return (NULL);
	p = mtod(m, uint8_t *);
	*type = be16dec(p + 12);
	*tci = be16dec(p + 14);
	memmove(p + ETHER_VLAN_LEN, p, 12);
	m_adj(m, ETHER_VLAN_LEN);
	return (m);
}

struct mbuf *
vlan_input(struct ifnet *ifp, struct mbuf *m)
{
	struct mbuf_list one = MBUF_LIST_INITIALIZER;
	struct vlan_softc *sc;
	uint16_t type, tci;

	if ((m = vlan_untag(m, &type, &tci)) == NULL) {
		ifp->if_counters.ierrors++;
		return (NULL);
	}
	if ((tci & EVL_VLID_MASK) == 0)
		return (m);
	sc = vlan_find(ifp, type, tci & EVL_VLID_MASK);
	if (sc == NULL || (sc->sc_if.if_flags & IFF_UP) == 0) {
		ifp->if_counters.noproto++;
		m_drop(m, DROP_ETHER_NOVLAN);
		return (NULL);
	}
	m->m_pkthdr.pf.prio = (uint8_t)(tci >> EVL_PRIO_SHIFT);
	ml_enqueue(&one, m);
	if_input(&sc->sc_if, &one);
	return (NULL);
}

/* --- out --- */

/* The tag goes into the frame: every link can carry that, and captures show it. */
static struct mbuf *
vlan_tag(const struct vlan_softc *sc, struct mbuf *m)
{
	uint8_t prio = m->m_pkthdr.pf.prio & 7;
	uint8_t *p;

	if ((m = m_prepend(m, ETHER_VLAN_LEN)) == NULL ||
	    (m = m_makewritable(m, ETHER_HDR_LEN + ETHER_VLAN_LEN)) == NULL)
		return (NULL);
	p = mtod(m, uint8_t *);
	memmove(p, p + ETHER_VLAN_LEN, 12);
	be16enc(p + 12, sc->sc_type);
	be16enc(p + 14, (uint16_t)(prio << EVL_PRIO_SHIFT | sc->sc_tag));
	return (m);
}

static void
vlan_start(struct ifnet *ifp)
{
	struct vlan_softc *sc = ifp->if_softc;
	struct mbuf *m;

	while ((m = ml_dequeue(&ifp->if_snd)) != NULL) {
		if (sc->sc_parent == NULL) {
			ifp->if_counters.oerrors++;
			m_drop(m, DROP_VLAN_NOPARENT);
		} else if ((m = vlan_tag(sc, m)) == NULL ||
		    if_enqueue(sc->sc_parent, m) != 0) {
			ifp->if_counters.oerrors++;
		}
	}
}

/* --- following the parent --- */

static uint32_t
vlan_maxmtu(const struct ifnet *parent)
{
	return (parent->if_mtu -
	    ((parent->if_caps & IFCAP_VLAN_MTU) != 0 ? 0 : ETHER_VLAN_LEN));
}

static void
vlan_follow(struct vlan_softc *sc)
{
	struct ifnet *ifp = &sc->sc_if, *parent = sc->sc_parent;

	ifp->if_hardmtu = vlan_maxmtu(parent);
	if (ifp->if_mtu > ifp->if_hardmtu) {
		ifp->if_mtu = ifp->if_hardmtu;
		if_tell(IFE_MTU, ifp, NULL, NULL);
	}
	ifp->if_caps = parent->if_caps & ~(uint32_t)IFCAP_VLAN_MTU;
	ifp->if_baudrate = parent->if_baudrate;
	if (!sc->sc_own_lladdr &&
	    memcmp(ifp->if_lladdr, parent->if_lladdr, 6) != 0) {
		memcpy(ifp->if_lladdr, parent->if_lladdr, 6);
		if_tell(IFE_LLADDR, ifp, NULL, NULL);
	}
	if_link_state_change(ifp,
	    (parent->if_flags & IFF_UP) == 0 ? LINK_STATE_DOWN :
					       parent->if_link_state);
}

/* The parent hears all frames while a vlan wants that. */
static int
vlan_promisc(struct vlan_softc *sc)
{
	bool want = sc->sc_parent != NULL &&
	    (sc->sc_if.if_flags & IFF_UP) != 0 &&
	    (sc->sc_own_lladdr || (sc->sc_if.if_flags & IFF_PROMISC) != 0);
	int error;

	if (want == sc->sc_promisc)
		return (0);
	if ((error = if_promisc(sc->sc_parent, want)) == 0)
		sc->sc_promisc = want;
	return (error);
}

static void
vlan_unlink(struct vlan_softc *sc)
{
	struct ifnet *parent = sc->sc_parent;

	if (parent == NULL)
		return;
	if (sc->sc_promisc)
		if_promisc(parent, false);
	sc->sc_promisc = false;
	sc->sc_parent = NULL;
	LIST_REMOVE(sc, sc_entry);
	if (LIST_EMPTY((struct vlan_list *)parent->if_vlans)) {
		free(parent->if_vlans, M_IFNET, sizeof(struct vlan_list));
		parent->if_vlans = NULL;
	}
	if_put(parent);
	if_link_state_change(&sc->sc_if, LINK_STATE_DOWN);
}

void
vlan_parent_gone(struct ifnet *ifp)
{
	while (ifp->if_vlans != NULL)
		vlan_unlink(LIST_FIRST((struct vlan_list *)ifp->if_vlans));
}

static void
vlan_event(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	struct vlan_softc *sc;

	if (ev == IFE_DEPARTURE) {
		vlan_parent_gone(ifp);
		return;
	}
	if (ifp->if_vlans == NULL ||
	    (ev != IFE_LINK && ev != IFE_FLAGS && ev != IFE_MTU &&
		ev != IFE_LLADDR))
		return;
	LIST_FOREACH(sc, (struct vlan_list *)ifp->if_vlans, sc_entry)
		vlan_follow(sc);
}
static struct if_observer vlan_observer = { .event = vlan_event };

/* --- configuration --- */

/* Could sc stand on parent?  Not on itself, by whatever way, nor too high. */
static int
vlan_stack_judge(const struct vlan_softc *sc, const struct ifnet *parent)
{
	const struct ifnet *below = parent;

	for (int depth = 0; below != NULL && is_vlan(below); depth++) {
		if (below == &sc->sc_if || depth == VLAN_STACK)
			return (EINVAL);
		below = ((const struct vlan_softc *)below->if_softc)->sc_parent;
	}
	return (0);
}

static int
vlan_judge(const struct vlan_softc *sc, const struct vlan_req *req,
    struct ifnet **parent)
{
	const struct vlan_softc *other;

	*parent = NULL;
	if (req->tag < 1 || req->tag > 4094 || req->qinq > 1 ||
	    strnlen(req->parent, IFNAMSIZ) == IFNAMSIZ)
		return (EINVAL);
	if (req->parent[0] == '\0')
		return (0);
	if ((*parent = if_unit(req->parent)) == NULL)
		return (ENXIO);
	if ((*parent)->if_type != IFT_ETHER && !is_vlan(*parent))
		return (EPROTONOSUPPORT);
	other = vlan_find(*parent,
	    req->qinq != 0 ? ETHERTYPE_QINQ : ETHERTYPE_VLAN, req->tag);
	if (other != NULL && other != sc)
		return (EEXIST);
	return (vlan_stack_judge(sc, *parent));
}

static int
vlan_set(struct vlan_softc *sc, const struct vlan_req *req)
{
	struct vlan_list *fresh = NULL;
	struct ifnet *parent;
	int error;

	if ((error = vlan_judge(sc, req, &parent)) != 0)
		return (error);
	if (parent != NULL && parent != sc->sc_parent &&
	    parent->if_vlans == NULL) {
		if ((fresh = malloc(sizeof(*fresh), M_IFNET, M_ZERO)) == NULL)
			return (ENOMEM);
		parent->if_vlans = fresh;
	}
	sc->sc_tag = req->tag;
	sc->sc_type = req->qinq != 0 ? ETHERTYPE_QINQ : ETHERTYPE_VLAN;
	if (parent != sc->sc_parent) {
		vlan_unlink(sc);
		sc->sc_parent = parent;
	} else {
		parent = NULL;
	}
	if (parent == NULL)
		return (0);
	if_ref(parent);
	LIST_INSERT_HEAD((struct vlan_list *)parent->if_vlans, sc, sc_entry);
	vlan_follow(sc);
	if ((error = vlan_promisc(sc)) != 0)
		vlan_unlink(sc);
	return (error);
}

static void
vlan_get(const struct vlan_softc *sc, struct vlan_req *req)
{
	memset(req->parent, 0, sizeof(req->parent));
	if (sc->sc_parent != NULL)
		strlcpy(req->parent, sc->sc_parent->if_xname,
		    sizeof(req->parent));
	req->tag = sc->sc_tag;
	req->qinq = sc->sc_type == ETHERTYPE_QINQ;
	req->txprio = 0;
}

static int
vlan_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	struct vlan_softc *sc = ifp->if_softc;

	switch (cmd) {
	case SIOCSVLAN:
		return (vlan_set(sc, data));
	case SIOCGVLAN:
		vlan_get(sc, data);
		return (0);
	case SIOCSIFFLAGS:
		return (vlan_promisc(sc));
	case SIOCSIFLLADDR:
		sc->sc_own_lladdr = true;
		return (vlan_promisc(sc));
	default:
		return (ENOTTY);
	}
}

/* --- life --- */

static int
vlan_create(struct if_clone *ifc, unsigned int unit)
{
	struct vlan_softc *sc;

	if ((sc = if_clone_alloc(ifc, unit, sizeof(*sc), IFT_VLAN)) == NULL)
		return (ENOMEM);
	sc->sc_if.if_link_state = LINK_STATE_DOWN;
	sc->sc_if.if_start = vlan_start;
	sc->sc_if.if_ioctl = vlan_ioctl;
	sc->sc_type = ETHERTYPE_VLAN;
	return (if_clone_finish(&sc->sc_if,
	    ether_ifattach(&sc->sc_if)));
}

static int
vlan_destroy(struct ifnet *ifp)
{
	if_ref(ifp);
	if_detach(ifp);
	vlan_unlink(ifp->if_softc);
	if_put(ifp);
	return (0);
}

void
vlaninit(void)
{
	if_clone_attach(&vlan_cloner);
	if_observe(&vlan_observer);
}
