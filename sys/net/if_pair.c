/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pair: two Ethernets that are each other's other end, without a host.
 *
 * "ifconfig pair1 patch pair2" joins them.  A frame sent on one comes in by
 * the other after the sender is done (if_input_later()); its checksums were
 * never on a wire, so they may stay open, and large packets stay whole.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_pair.h>
#include <net/if_var.h>

struct pair_softc {
	struct ifnet sc_if;
	struct pair_softc
	    *sc_other; /* NULL: not patched.  The other's points back */
};

static int pair_create(struct if_clone *ifc, unsigned int unit);
static int pair_destroy(struct ifnet *ifp);
static struct if_clone pair_cloner = { .ifc_name = "pair",
	.ifc_create = pair_create,
	.ifc_destroy = pair_destroy };

static void
pair_start(struct ifnet *ifp)
{
	struct pair_softc *sc = ifp->if_softc;
	struct mbuf *m;

	while ((m = ml_dequeue(&ifp->if_snd)) != NULL) {
		if (sc->sc_other != NULL &&
		    (sc->sc_other->sc_if.if_flags & IFF_UP) != 0) {
			if_input_later(&sc->sc_other->sc_if, m);
			continue;
		}
		ifp->if_counters.oerrors++;
		m_drop(m, DROP_PAIR_UNPATCHED);
	}
}

/* A pair has a carrier while both ends are up. */
static void
pair_link_follow(struct pair_softc *sc)
{
	struct pair_softc *other = sc->sc_other;
	bool up = other != NULL &&
	    (sc->sc_if.if_flags & other->sc_if.if_flags & IFF_UP) != 0;

	if_link_state_change(&sc->sc_if, up ? LINK_STATE_UP : LINK_STATE_DOWN);
	if (other != NULL)
		if_link_state_change(&other->sc_if,
		    up ? LINK_STATE_UP : LINK_STATE_DOWN);
}

static void
pair_unpatch(struct pair_softc *sc)
{
	struct pair_softc *other = sc->sc_other;

	if (other == NULL)
		return;
	sc->sc_other = other->sc_other = NULL;
	pair_link_follow(sc);
	pair_link_follow(other);
}

static int
pair_patch(struct pair_softc *sc, const char *name)
{
	struct ifnet *ifp;
	struct pair_softc *other;

	if (strnlen(name, IFNAMSIZ) == IFNAMSIZ)
		return (EINVAL);
	if (name[0] == '\0') {
		pair_unpatch(sc);
		return (0);
	}
	if ((ifp = if_unit(name)) == NULL)
		return (ENXIO);
	if (ifp->if_start != pair_start || ifp == &sc->sc_if)
		return (EINVAL);
	other = ifp->if_softc;
	if (other->sc_other == sc)
		return (0);
	if (other->sc_other != NULL)
		return (EBUSY);
	pair_unpatch(sc);
	sc->sc_other = other;
	other->sc_other = sc;
	pair_link_follow(sc);
	return (0);
}

static int
pair_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	struct pair_softc *sc = ifp->if_softc;
	struct if_req *req = data;

	switch (cmd) {
	case SIOCSPAIR:
		return (pair_patch(sc, req->text));
	case SIOCGPAIR:
		memset(req->text, 0, sizeof(req->text));
		if (sc->sc_other != NULL)
			strlcpy(req->text, sc->sc_other->sc_if.if_xname,
			    sizeof(req->text));
		return (0);
	case SIOCSIFFLAGS:
		pair_link_follow(sc);
		return (0);
	default:
		return (ENOTTY);
	}
}

static int
pair_create(struct if_clone *ifc, unsigned int unit)
{
	struct pair_softc *sc;

	if ((sc = if_clone_alloc(ifc, unit, sizeof(*sc), IFT_ETHER)) == NULL)
		return (ENOMEM);
	sc->sc_if.if_hardmtu = ETHER_MAX_MTU - ETHER_HDR_LEN;
	sc->sc_if.if_link_state = LINK_STATE_DOWN;
	sc->sc_if.if_caps = IFCAP_CSUM_IPV4 | IFCAP_CSUM_L4 | IFCAP_TSO4 |
	    IFCAP_TSO6 | IFCAP_USO | IFCAP_VLAN_MTU;
	sc->sc_if.if_start = pair_start;
	sc->sc_if.if_ioctl = pair_ioctl;
	return (if_clone_finish(&sc->sc_if,
	    ether_ifattach(&sc->sc_if)));
}

static int
pair_destroy(struct ifnet *ifp)
{
	pair_unpatch(ifp->if_softc);
	ether_ifdetach(ifp);
	if_detach(ifp);
	return (0);
}

void
pairinit(void)
{
	if_clone_attach(&pair_cloner);
}
