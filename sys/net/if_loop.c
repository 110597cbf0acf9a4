/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * lo: what we send to ourselves.
 *
 * A packet sent to lo comes in by lo, after the sender is done with it.  lo0
 * exists from boot on and stays; others are cloned.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <net/if_loop.h>
#include <net/if_var.h>

#define LOMTU     32768
#define BSD_INET  2 /* families as captures write them */
#define BSD_INET6 24

static int lo_create(struct if_clone *ifc, unsigned int unit);
static int lo_destroy(struct ifnet *ifp);

static struct if_clone lo_cloner = { .ifc_name = "lo",
	.ifc_create = lo_create,
	.ifc_destroy = lo_destroy };

/* From if_input(): bpf's copy has a family in front of it, so it is made here. */
static void
lo_input(struct ifnet *ifp, struct mbuf *m)
{
	uint8_t buf;
	const uint8_t *first = m_peek(m, 0, 1, &buf);

	if_input_ip(ifp, m,
	    first != NULL && *first >> 4 == 6 ? AF_INET6 : AF_INET);
}

static int
lo_output(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt)
{
	if ((ifp->if_flags & IFF_UP) == 0) {
		ifp->if_counters.oqdrops++;
		m_drop(m, DROP_IF_DOWN);
		return (ENETDOWN);
	}
	return (if_input_local(ifp, m, AF_UNSPEC));
}

/* Nothing is queued for lo but frames that bpf writes: they come back too. */
static void
lo_start(struct ifnet *ifp)
{
	struct mbuf *m;

	while ((m = ml_dequeue(&ifp->if_snd)) != NULL)
		if_input_local(ifp, m, AF_UNSPEC);
}

static int
lo_create(struct if_clone *ifc, unsigned int unit)
{
	struct ifnet *ifp;

	if ((ifp = if_clone_alloc(ifc, unit, sizeof(*ifp), IFT_LOOP)) == NULL)
		return (ENOMEM);
	ifp->if_mtu = LOMTU;
	ifp->if_hardmtu = 65535;
	ifp->if_flags = IFF_LOOPBACK | IFF_MULTICAST;
	ifp->if_link_state = LINK_STATE_UP;
	ifp->if_caps = IFCAP_CSUM_IPV4 | IFCAP_CSUM_L4 | IFCAP_TSO4 |
	    IFCAP_TSO6 | IFCAP_USO;
	ifp->if_output = lo_output;
	ifp->if_input = lo_input;
	ifp->if_start = lo_start;
	return (if_clone_finish(ifp,
	    bpf_attach(ifp, DLT_LOOP, sizeof(uint32_t))));
}

static int
lo_destroy(struct ifnet *ifp)
{
	if (strcmp(ifp->if_xname, "lo0") == 0)
		return (EPERM);
	if_detach(ifp);
	return (0);
}

uint32_t
loop_bpf_family(const struct mbuf *m)
{
	uint8_t buf;
	const uint8_t *first = m_peek(m, 0, 1, &buf);

	return (
	    htonl(first != NULL && *first >> 4 == 6 ? BSD_INET6 : BSD_INET));
}

int
loopinit(void)
{
	struct ifnet *ifp;
	int error;

	if_clone_attach(&lo_cloner);
	if ((error = if_clone_create("lo0")) != 0)
		return (error);
	ifp = if_unit("lo0");
	return (if_setflags(ifp, ifp->if_flags | IFF_UP));
}
