/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The calls of a bridge, one row each, and what it shows.
 *
 * A request names the bridge and most name a member; both are found and
 * judged before anything changes.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/ethernet.h>
#include <net/if_bridge_priv.h>

/* --- members --- */

/* The member of that name in a list of sc; NULL: none. */
static struct bridge_port *
port_find(const struct bridge_ports *ports, const char *name)
{
	struct bridge_port *bp;

	TAILQ_FOREACH(bp, ports, bp_entry)
		if (strcmp(bp->bp_ifp->if_xname, name) == 0)
			return (bp);
	return (NULL);
}

static int
port_add(struct bridge_softc *sc, const char *name, uint32_t flags)
{
	struct ifnet *ifp = if_unit(name);
	struct bridge_port *bp;
	int error;

	if (ifp == NULL)
		return (ENXIO);
	if (ifp->if_type != IFT_ETHER && ifp->if_type != IFT_VLAN)
		return (EINVAL);
	if (ifp->if_bridge != NULL)
		return (((struct bridge_port *)ifp->if_bridge)->bp_sc == sc ?
			EEXIST :
			EBUSY);
	if ((bp = malloc(sizeof(*bp), M_IFNET, M_ZERO)) == NULL)
		return (ENOMEM);
	if ((flags & IFBIF_SPAN) == 0 && (error = if_promisc(ifp, true)) != 0) {
		free(bp, M_IFNET, sizeof(*bp));
		return (error);
	}
	if_ref(ifp);
	bp->bp_ifp = ifp;
	bp->bp_sc = sc;
	bp->bp_flags = flags;
	TAILQ_INSERT_TAIL((flags & IFBIF_SPAN) != 0 ? &sc->sc_spans :
						      &sc->sc_ports,
	    bp, bp_entry);
	ifp->if_bridge = bp;
	return (0);
}

void
bridge_port_remove(struct bridge_port *bp)
{
	struct bridge_softc *sc = bp->bp_sc;
	bool spans = (bp->bp_flags & IFBIF_SPAN) != 0;

	bridge_addr_flush(sc, bp, true);
	TAILQ_REMOVE(spans ? &sc->sc_spans : &sc->sc_ports, bp, bp_entry);
	bp->bp_ifp->if_bridge = NULL;
	if (!spans)
		if_promisc(bp->bp_ifp, false);
	if_put(bp->bp_ifp);
	free(bp, M_IFNET, sizeof(*bp));
}

/* --- calls: bp is the member named, where the row wants one --- */

static int
ioc_add(struct bridge_softc *sc, struct bridge_port *bp, struct bridge_req *req)
{
	return (port_add(sc, req->member, IFBIF_LEARNING | IFBIF_DISCOVER));
}

static int
ioc_addspan(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	return (port_add(sc, req->member, IFBIF_SPAN));
}

static int
ioc_del(struct bridge_softc *sc, struct bridge_port *bp, struct bridge_req *req)
{
	bridge_port_remove(bp);
	return (0);
}

static int
ioc_getflags(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	req->flags = bp->bp_flags;
	req->protect = bp->bp_protect;
	return (0);
}

static int
ioc_setflags(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	if ((req->flags & ~(uint32_t)IFBIF_CHANGEABLE) != 0 ||
	    req->protect >> BRIDGE_DOMAINS != 0)
		return (EINVAL);
	bp->bp_flags = req->flags;
	bp->bp_protect = req->protect;
	return (0);
}

static int
ioc_static(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	static const uint8_t none[6];

	if (ETHER_IS_MULTICAST(req->lladdr) ||
	    memcmp(req->lladdr, none, 6) == 0)
		return (EINVAL);
	return (bridge_addr_static(bp, req->lladdr));
}

static int
ioc_deladdr(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	return (bridge_addr_delete(sc, req->lladdr));
}

static int
ioc_flush(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	if ((req->flags & ~(uint32_t)IFBAF_STATIC) != 0)
		return (EINVAL);
	bridge_addr_flush(sc, NULL, (req->flags & IFBAF_STATIC) != 0);
	return (0);
}

static int
ioc_getparam(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	req->maxaddr = sc->sc_maxaddr;
	req->timeout = sc->sc_timeout;
	return (0);
}

static int
ioc_setmax(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	if (req->maxaddr < 1 || req->maxaddr > BRIDGE_MAXADDR_MAX)
		return (EINVAL);
	bridge_addr_limit(sc, req->maxaddr);
	return (0);
}

static int
ioc_settimeout(struct bridge_softc *sc, struct bridge_port *bp,
    struct bridge_req *req)
{
	if (req->timeout > BRIDGE_TIMEOUT_MAX)
		return (EINVAL);
	bridge_addr_timeout(sc, req->timeout);
	return (0);
}

enum whom { NOBODY, MEMBER, SPAN };

static const struct bridge_ioc {
	unsigned long cmd;
	enum whom whom; /* the request is about */
	int (*run)(struct bridge_softc *sc, struct bridge_port *bp,
	    struct bridge_req *req);
} iocs[] = {
	/* clang-format off */
	{ SIOCBRDGADD,	   NOBODY,	ioc_add },
	{ SIOCBRDGDEL,	   MEMBER,	ioc_del },
	{ SIOCBRDGADDS,	   NOBODY,	ioc_addspan },
	{ SIOCBRDGDELS,	   SPAN,	ioc_del },
	{ SIOCBRDGGIFFLGS, MEMBER,	ioc_getflags },
	{ SIOCBRDGSIFFLGS, MEMBER,	ioc_setflags },
	{ SIOCBRDGSADDR,   MEMBER,	ioc_static },
	{ SIOCBRDGDADDR,   NOBODY,	ioc_deladdr },
	{ SIOCBRDGFLUSH,   NOBODY,	ioc_flush },
	{ SIOCBRDGGPARAM,  NOBODY,	ioc_getparam },
	{ SIOCBRDGSMAX,	   NOBODY,	ioc_setmax },
	{ SIOCBRDGSTO,	   NOBODY,	ioc_settimeout },
	/* clang-format on */
};

int
bridge_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	struct bridge_softc *sc = ifp->if_softc;
	const struct bridge_ioc *row = iocs;
	struct bridge_port *bp = NULL;
	struct bridge_req *req = data;

	for (; row < iocs + nitems(iocs) && row->cmd != cmd; row++)
		;
	if (row == iocs + nitems(iocs))
		return (ENOTTY);
	if (strnlen(req->member, IFNAMSIZ) == IFNAMSIZ)
		return (EINVAL);
	if (row->whom != NOBODY &&
	    (bp = port_find(row->whom == SPAN ? &sc->sc_spans : &sc->sc_ports,
		 req->member)) == NULL)
		return (ESRCH);
	return (row->run(sc, bp, req));
}

/* --- net.link.bridge.members.NAME, net.link.bridge.addrs.NAME --- */

static int
bridge_named(const struct sysctl_req *req, struct bridge_softc **scp)
{
	struct ifnet *ifp = if_unit(req->rest);

	if (ifp == NULL)
		return (ENXIO);
	return ((*scp = bridge_of(ifp)) == NULL ? EINVAL : 0);
}

static int
ports_out(struct sysctl_req *req, const struct bridge_ports *ports)
{
	const struct bridge_port *bp;
	struct bridge_portrow row;
	int error = 0;

	TAILQ_FOREACH(bp, ports, bp_entry) {
		memset(&row, 0, sizeof(row));
		strlcpy(row.member, bp->bp_ifp->if_xname, sizeof(row.member));
		row.index = bp->bp_ifp->if_index;
		row.flags = bp->bp_flags;
		row.protect = bp->bp_protect;
		row.addrs = bp->bp_addrs;
		if ((error = sysctl_out(req, &row, sizeof(row))) != 0)
			break;
	}
	return (error);
}

static int
members_sysctl(struct sysctl_req *req)
{
	struct bridge_softc *sc;
	int error;

	if ((error = bridge_named(req, &sc)) == 0 &&
	    (error = ports_out(req, &sc->sc_ports)) == 0)
		error = ports_out(req, &sc->sc_spans);
	return (error);
}

static int
addrs_out(struct sysctl_req *req, const struct bridge_addrs *addrs)
{
	const struct bridge_addr *ba;
	struct bridge_addrrow row;
	int error = 0;

	TAILQ_FOREACH(ba, addrs, ba_entry) {
		memset(&row, 0, sizeof(row));
		strlcpy(row.member, ba->ba_port->bp_ifp->if_xname,
		    sizeof(row.member));
		memcpy(row.lladdr, ba->ba_lladdr, 6);
		row.flags = ba->ba_flags;
		row.age = (uint32_t)((uptime_us() - ba->ba_heard_us) / 1000000);
		if ((error = sysctl_out(req, &row, sizeof(row))) != 0)
			break;
	}
	return (error);
}

static int
addrs_sysctl(struct sysctl_req *req)
{
	struct bridge_softc *sc;
	int error;

	if ((error = bridge_named(req, &sc)) == 0 &&
	    (error = addrs_out(req, &sc->sc_static)) == 0)
		error = addrs_out(req, &sc->sc_addrs);
	return (error);
}

static const struct sysctl_row rows[] = {
	{ .name = "net.link.bridge.members",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = members_sysctl,
	    .text = "members of a bridge" },
	{ .name = "net.link.bridge.addrs",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = addrs_sysctl,
	    .text = "stations that a bridge knows" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

void
bridge_sysctlinit(void)
{
	sysctl_register(&table);
}
