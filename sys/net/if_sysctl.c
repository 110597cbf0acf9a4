/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces as sysctl shows them: net.link.list, addrs, cloners, groups.
 * Every row is cleared before it is filled, so padding says nothing.
 */

#include <sys/systm.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/bpf_desc.h>
#include <net/if_ioctl.h>
#include <net/if_loop.h>
#include <net/if_bridge.h>
#include <net/if_pair.h>
#include <net/if_tun.h>
#include <net/if_var.h>
#include <net/if_vlan.h>

static void
row_groups(const struct ifnet *ifp, struct if_row *row)
{
	const struct ifgroup_member *gm;

	TAILQ_FOREACH(gm, &ifp->if_groups, ifgm_entry) {
		if (row->ngroups < nitems(row->groups))
			strlcpy(row->groups[row->ngroups],
			    gm->ifgm_group->ifg_name, IFNAMSIZ);
		row->ngroups++;
	}
}

static int
list_row(const struct ifnet *ifp, struct sysctl_req *req)
{
	struct if_row row;

	memset(&row, 0, sizeof(row));
	strlcpy(row.name, ifp->if_xname, sizeof(row.name));
	row.index = ifp->if_index;
	row.type = ifp->if_type;
	row.flags = ifp->if_flags;
	row.mtu = ifp->if_mtu;
	row.link_state = ifp->if_link_state;
	row.priority = ifp->if_priority;
	row.rdomain = ifp->if_rtable;
	row.caps = ifp->if_caps;
	row.baudrate = ifp->if_baudrate;
	memcpy(row.lladdr, ifp->if_lladdr, sizeof(ifp->if_lladdr));
	strlcpy(row.description, ifp->if_description, sizeof(row.description));
	if (ifp->if_linkspec != NULL)
		strlcpy(row.link, ifp->if_linkspec, sizeof(row.link));
	row.lastchange_us = ifp->if_lastchange_us;
	row.counters = ifp->if_counters;
	row_groups(ifp, &row);
	return (sysctl_out(req, &row, sizeof(row)));
}

static uint32_t
seconds_left(uint64_t until_us)
{
	if (until_us == 0)
		return (UINT32_MAX);
	if (until_us <= uptime_us())
		return (0);
	return ((uint32_t)MIN((until_us - uptime_us() + 999999) / 1000000,
	    UINT32_MAX - 1));
}

/* Is there one of ifa's family before it? */
static bool
ifa_isalias(const struct ifaddr *ifa)
{
	const struct ifaddr *other;

	TAILQ_FOREACH(other, &ifa->ifa_ifp->if_addrs, ifa_entry)
		if (other->ifa_af == ifa->ifa_af)
			return (other != ifa);
	return (false);
}

static int
addr_rows(const struct ifnet *ifp, struct sysctl_req *req)
{
	const struct ifaddr *ifa;
	struct if_addrreq row;
	int error = 0;

	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry) {
		memset(&row, 0, sizeof(row));
		strlcpy(row.name, ifp->if_xname, sizeof(row.name));
		row.af = ifa->ifa_af;
		row.plen = ifa->ifa_plen;
		row.flags = ifa->ifa_flags | (ifa_isalias(ifa) ? IFA_ALIAS : 0);
		row.addr = ifa->ifa_addr;
		row.dst = ifa->ifa_dst;
		row.vltime = seconds_left(ifa->ifa_expire_us);
		row.pltime = (ifa->ifa_flags & IFA_DEPRECATED) != 0 ?
		    0 :
		    seconds_left(ifa->ifa_deprecate_us);
		if ((error = sysctl_out(req, &row, sizeof(row))) != 0)
			break;
	}
	return (error);
}

/* One interface by name, or all. */
static int
each_interface(struct sysctl_req *req,
    int (*show)(const struct ifnet *, struct sysctl_req *))
{
	const struct ifnet *ifp;
	int error = 0;

	if (req->rest[0] != '\0') {
		ifp = if_unit(req->rest);
		return (ifp == NULL ? ENXIO : show(ifp, req));
	}
	TAILQ_FOREACH(ifp, &ifnet, if_list)
		if ((error = show(ifp, req)) != 0)
			break;
	return (error);
}

static int
list_sysctl(struct sysctl_req *req)
{
	return (each_interface(req, list_row));
}

static int
addrs_sysctl(struct sysctl_req *req)
{
	return (each_interface(req, addr_rows));
}

static int
cloners_sysctl(struct sysctl_req *req)
{
	const struct if_clone *ifc;
	char name[IFNAMSIZ];
	int error = 0;

	TAILQ_FOREACH(ifc, &if_cloners, ifc_entry) {
		memset(name, 0, sizeof(name));
		strlcpy(name, ifc->ifc_name, sizeof(name));
		if ((error = sysctl_out(req, name, sizeof(name))) != 0)
			break;
	}
	return (error);
}

/* All groups with their members; of one group: net.link.groups.NAME. */
static int
groups_sysctl(struct sysctl_req *req)
{
	const struct ifgroup_member *gm;
	const struct ifnet *ifp;
	struct if_grouprow row;
	int error = 0;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		TAILQ_FOREACH(gm, &ifp->if_groups, ifgm_entry) {
			const char *group = gm->ifgm_group->ifg_name;

			if (error != 0 ||
			    (req->rest[0] != '\0' &&
				strcmp(req->rest, group) != 0))
				continue;
			memset(&row, 0, sizeof(row));
			strlcpy(row.group, group, sizeof(row.group));
			strlcpy(row.member, ifp->if_xname, sizeof(row.member));
			error = sysctl_out(req, &row, sizeof(row));
		}
	return (error);
}

static const struct sysctl_row if_rows[] = {
	{ .name = "net.link.list",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = list_sysctl,
	    .text = "interfaces, their state and counters" },
	{ .name = "net.link.addrs",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = addrs_sysctl,
	    .text = "addresses of interfaces" },
	{ .name = "net.link.cloners",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = cloners_sysctl,
	    .text = "kinds of interfaces that can be created" },
	{ .name = "net.link.groups",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = groups_sysctl,
	    .text = "groups of interfaces and their members" },
};
static struct sysctl_table if_table = { .rows = if_rows,
	.nrows = nitems(if_rows) };

int
ifinit(void)
{
	sysctl_register(&if_table);
	bpfinit();
	vlaninit();
	pairinit();
	tuninit();
	bridgeinit();
	return (loopinit());
}
