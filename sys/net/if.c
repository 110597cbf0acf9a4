/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces: the list, coming and going, and what changes in between.
 *
 * Life:	if_init() by the driver -> if_attach() -> in the list, found by
 *		name and number -> if_detach() -> found no more, addresses,
 *		groups and queue gone -> last if_put() -> if_free().
 * Numbers:	if_index counts up and is not used again, so a number kept in a
 *		packet never means another interface later.
 * Changes:	each is judged first (by us, then by the driver's if_ioctl), then
 *		stored, then told to the observers.
 * Read on:	if_event.c, if_queue.c (packets), if_ethersubr.c, if_link.c.
 */

#include <sys/systm.h>
#include <sys/time.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>

#define IF_HASH   64
#define IF_MTUMIN 68 /* RFC 791, 3.2: every link carries this much */

struct ifnet_list ifnet = TAILQ_HEAD_INITIALIZER(ifnet);
static LIST_HEAD(, ifnet) if_hash[IF_HASH];
static uint32_t if_lastindex;

struct ifnet *
if_unit(const char *name)
{
	struct ifnet *ifp;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		if (strcmp(ifp->if_xname, name) == 0)
			return (ifp);
	return (NULL);
}

struct ifnet *
if_get(uint32_t index)
{
	struct ifnet *ifp;

	LIST_FOREACH(ifp, &if_hash[index % IF_HASH], if_byindex)
		if (ifp->if_index == index)
			return (ifp);
	return (NULL);
}

void
if_ref(struct ifnet *ifp)
{
	refcnt_take(&ifp->if_refs);
}

void
if_put(struct ifnet *ifp)
{
	if (ifp != NULL && refcnt_rele(&ifp->if_refs))
		ifp->if_free(ifp);
}

/* --- life --- */

/* The driver's part of a name: what stands before the number at its end. */
static void
if_drvname_set(struct ifnet *ifp)
{
	size_t len = strlen(ifp->if_xname);

	while (len > 1 && ifp->if_xname[len - 1] >= '0' &&
	    ifp->if_xname[len - 1] <= '9')
		len--;
	memcpy(ifp->if_drvname, ifp->if_xname, len);
	ifp->if_drvname[len] = '\0';
}

void
if_init(struct ifnet *ifp, const char *name, enum if_type type)
{
	memset(ifp, 0, sizeof(*ifp));
	strlcpy(ifp->if_xname, name, sizeof(ifp->if_xname));
	if_drvname_set(ifp);
	ifp->if_type = type;
	ifp->if_link_state = LINK_STATE_UNKNOWN;
	ifp->if_snd_max = 256;
	ifp->if_mtu = ifp->if_hardmtu = ETHERMTU;
	ifp->if_lastchange_us = time_wall_us;
	refcnt_init(&ifp->if_refs);
	TAILQ_INIT(&ifp->if_addrs);
	TAILQ_INIT(&ifp->if_groups);
	ml_init(&ifp->if_snd);
}

int
if_attach(struct ifnet *ifp)
{
	int error;

	ASSERT_TOKEN();
	KASSERT(ifp->if_free != NULL && ifp->if_start != NULL);
	if (if_unit(ifp->if_xname) != NULL)
		return (EEXIST);
	ifp->if_index = ++if_lastindex;
	if ((error = if_addgroup(ifp, ifp->if_drvname)) != 0)
		return (error);
	if (strcmp(ifp->if_drvname, "all") != 0 &&
	    (error = if_addgroup(ifp, "all")) != 0) {
		if_delgroup(ifp, ifp->if_drvname);
		return (error);
	}
	TAILQ_INSERT_TAIL(&ifnet, ifp, if_list);
	LIST_INSERT_HEAD(&if_hash[ifp->if_index % IF_HASH], ifp, if_byindex);
	if_tell(IFE_ARRIVAL, ifp, NULL, NULL);
	return (0);
}

/* The family takes its address back; if it will not, the list lets go of it. */
static void
if_addr_flush(struct ifnet *ifp)
{
	const struct if_family *fam;
	struct if_addrreq req;
	struct ifaddr *ifa;

	while ((ifa = TAILQ_FIRST(&ifp->if_addrs)) != NULL) {
		memset(&req, 0, sizeof(req));
		strlcpy(req.name, ifp->if_xname, sizeof(req.name));
		req.af = ifa->ifa_af;
		req.plen = ifa->ifa_plen;
		req.addr = ifa->ifa_addr;
		req.dst = ifa->ifa_dst;
		ifa_ref(ifa);
		if ((fam = if_family(ifa->ifa_af)) != NULL)
			fam->fam_addr_del(ifp, &req, NULL);
		if (TAILQ_FIRST(&ifp->if_addrs) == ifa)
			ifa_unlink(ifa);
		ifa_put(ifa);
	}
}

void
if_detach(struct ifnet *ifp)
{
	struct ifgroup_member *gm;

	ASSERT_TOKEN();
	KASSERT(!ifp->if_detaching && ifp->if_index != 0);
	ifp->if_detaching = 1;
	if_setflags(ifp, ifp->if_flags & ~(uint32_t)IFF_UP);
	if_addr_flush(ifp);
	rt_if_remove(ifp);
	if_tell(IFE_DEPARTURE, ifp, NULL, NULL);
	KASSERT(ifp->if_defroutes == 0);
	while ((gm = TAILQ_FIRST(&ifp->if_groups)) != NULL)
		if_delgroup(ifp, gm->ifgm_group->ifg_name);
	TAILQ_REMOVE(&ifnet, ifp, if_list);
	LIST_REMOVE(ifp, if_byindex);
	if_queue_forget(ifp);
	bpf_detach(ifp);
	if_put(ifp);
}

/* --- changes --- */

/* Tells the driver; one that has no opinion agrees. */
static int
if_driver(struct ifnet *ifp, unsigned long cmd, void *data)
{
	int error;

	if (ifp->if_ioctl == NULL)
		return (0);
	error = ifp->if_ioctl(ifp, cmd, data, NULL);
	return (error == ENOTTY ? 0 : error);
}

int
if_setflags(struct ifnet *ifp, uint32_t flags)
{
	uint32_t old = ifp->if_flags;
	struct if_req req;
	int error;

	ASSERT_TOKEN();
	if ((flags & IFXF_AUTOCONF6) != 0 && ifp->if_type != IFT_ETHER &&
	    ifp->if_type != IFT_VLAN)
		return (EOPNOTSUPP); /* needs routers, groups, a link address */
	ifp->if_flags = (old & ~(uint32_t)IFF_CHANGEABLE) |
	    (flags & IFF_CHANGEABLE);
	if (ifp->if_flags == old)
		return (0);
	if ((ifp->if_flags & IFF_UP) != 0)
		ifp->if_flags |= IFF_RUNNING;
	else
		ifp->if_flags &= ~(uint32_t)(IFF_RUNNING | IFF_OACTIVE);
	memset(&req, 0, sizeof(req));
	req.value = ifp->if_flags;
	if ((error = if_driver(ifp, SIOCSIFFLAGS, &req)) != 0 &&
	    !ifp->if_detaching) {
		ifp->if_flags = old;
		return (error);
	}
	if ((ifp->if_flags & IFF_UP) == 0)
		if_queue_forget(ifp);
	if_tell(IFE_FLAGS, ifp, NULL, NULL);
	return (0);
}

int
if_setmtu(struct ifnet *ifp, uint64_t mtu)
{
	struct if_req req;
	int error;

	ASSERT_TOKEN();
	if (mtu < IF_MTUMIN || mtu > ifp->if_hardmtu)
		return (EINVAL);
	if (mtu == ifp->if_mtu)
		return (0);
	memset(&req, 0, sizeof(req));
	req.value = mtu;
	if ((error = if_driver(ifp, SIOCSIFMTU, &req)) != 0)
		return (error);
	ifp->if_mtu = (uint32_t)mtu;
	if_tell(IFE_MTU, ifp, NULL, NULL);
	return (0);
}

int
if_setlladdr(struct ifnet *ifp, const uint8_t lladdr[6])
{
	static const uint8_t none[6];
	struct if_req req;
	int error;

	ASSERT_TOKEN();
	if (ETHER_IS_MULTICAST(lladdr) || memcmp(lladdr, none, 6) == 0)
		return (EINVAL);
	if (ifp->if_type != IFT_ETHER && ifp->if_type != IFT_VLAN)
		return (EOPNOTSUPP);
	memset(&req, 0, sizeof(req));
	memcpy(req.lladdr, lladdr, 6);
	if ((error = if_driver(ifp, SIOCSIFLLADDR, &req)) != 0)
		return (error);
	memcpy(ifp->if_lladdr, lladdr, 6);
	if_tell(IFE_LLADDR, ifp, NULL, NULL);
	return (0);
}

void
if_link_state_change(struct ifnet *ifp, enum if_link_state state)
{
	ASSERT_TOKEN();
	if (ifp->if_link_state == state)
		return;
	ifp->if_link_state = state;
	ifp->if_lastchange_us = time_wall_us;
	if (ifp->if_index != 0) /* nobody knows of it before it has arrived */
		if_tell(IFE_LINK, ifp, NULL, NULL);
}

int
if_promisc(struct ifnet *ifp, bool on)
{
	unsigned int old = ifp->if_promisc;
	struct if_req req;
	int error;

	ASSERT_TOKEN();
	KASSERT(on || old > 0);
	ifp->if_promisc = on ? old + 1 : old - 1;
	if ((old == 0) == (ifp->if_promisc == 0))
		return (0);
	ifp->if_flags ^= IFF_PROMISC;
	memset(&req, 0, sizeof(req));
	req.value = ifp->if_flags;
	if ((error = if_driver(ifp, SIOCSIFFLAGS, &req)) != 0 && on) {
		ifp->if_flags ^= IFF_PROMISC;
		ifp->if_promisc = old;
		return (error);
	}
	if (!ifp->if_detaching)
		if_tell(IFE_FLAGS, ifp, NULL, NULL);
	return (0);
}
