/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pflog interfaces: where logged packets are seen.
 *
 * A pflog carries nothing.  Captures listen to it, pf_log.c shows them what
 * rules log; what is sent there is dropped.  A rule names its pflog by a number
 * below 256, so there are no more of them, and finding one is an array access.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/pf/if_pflog.h>

#define PFLOG_MTU 33136 /* a packet of 32 KB, its headers, and pfloghdr */

static int pflog_create(struct if_clone *ifc, unsigned int unit);
static int pflog_destroy(struct ifnet *ifp);

static struct if_clone pflog_cloner = { .ifc_name = "pflog",
	.ifc_create = pflog_create,
	.ifc_destroy = pflog_destroy };

struct pflog_softc {
	struct ifnet sc_if;
	uint8_t sc_unit;
};
static struct pflog_softc *pflogs[PFLOG_UNITS];

static int
pflog_output(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt)
{
	ifp->if_counters.oerrors++;
	m_drop(m, DROP_PFLOG_OUTPUT);
	return (EOPNOTSUPP);
}

static void
pflog_start(struct ifnet *ifp)
{
	struct mbuf *m;

	while ((m = ml_dequeue(&ifp->if_snd)) != NULL)
		pflog_output(ifp, m, NULL, NULL);
}

static void
pflog_input(struct ifnet *ifp, struct mbuf *m)
{
	m_drop(m, DROP_PFLOG_OUTPUT);
}

static int
pflog_create(struct if_clone *ifc, unsigned int unit)
{
	struct pflog_softc *sc;
	int error;

	if (unit >= PFLOG_UNITS)
		return (EINVAL);
	if ((sc = if_clone_alloc(ifc, unit, sizeof(*sc), IFT_PFLOG)) == NULL)
		return (ENOMEM);
	sc->sc_unit = (uint8_t)unit;
	sc->sc_if.if_mtu = sc->sc_if.if_hardmtu = PFLOG_MTU;
	sc->sc_if.if_link_state = LINK_STATE_UP;
	sc->sc_if.if_output = pflog_output;
	sc->sc_if.if_input = pflog_input;
	sc->sc_if.if_start = pflog_start;
	error = if_clone_finish(&sc->sc_if,
	    bpf_attach(&sc->sc_if, DLT_PFLOG, sizeof(struct pfloghdr)));
	if (error == 0)
		pflogs[unit] = sc;
	return (error);
}

static int
pflog_destroy(struct ifnet *ifp)
{
	struct pflog_softc *sc = ifp->if_softc;

	pflogs[sc->sc_unit] = NULL;
	if_detach(ifp);
	return (0);
}

struct ifnet *
pflog_unit(uint8_t unit)
{
	return (pflogs[unit] == NULL ? NULL : &pflogs[unit]->sc_if);
}

void
pflog_clone_init(void)
{
	if_clone_attach(&pflog_cloner);
}
