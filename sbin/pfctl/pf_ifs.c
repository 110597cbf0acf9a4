/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces: of the machine's kernel, by its sysctl variables; or, without
 * a machine, as the host has them, under the names a BSD would use: the
 * loopback interface `lo' is lo0 and has ::1, fe80::1 and 127.0.0.1.
 */

#include <net/if_ioctl.h>
#include <netinet/in.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#include <libbsdsys/bsdsys.h>

#include "pfctl.h"

/* The host's values: <net/if.h> would clash with our own interface header. */
#define HOST_IFF_LOOPBACK    0x8
#define HOST_IFF_POINTOPOINT 0x10

static const struct pf_ifaddr lo0[] = {
	{ .ifname = "lo0",
	    .af = AF_INET6,
	    .plen = 128,
	    .loopback = true,
	    .addr.b = { [15] = 1 } },
	{ .ifname = "lo0",
	    .af = AF_INET6,
	    .plen = 64,
	    .loopback = true,
	    .addr.b = { 0xfe, 0x80, [15] = 1 } },
	{ .ifname = "lo0",
	    .af = AF_INET,
	    .plen = 8,
	    .loopback = true,
	    .addr.b = { 127, 0, 0, 1 } },
};

static struct ip_addr
sa_addr(const struct sockaddr *sa)
{
	struct ip_addr a = { .q = { 0, 0 } };

	if (sa->sa_family == AF_INET)
		memcpy(a.b,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
		    4);
	else
		memcpy(a.b,
		    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
		    16);
	return (a);
}

static uint8_t
mask_bits(const struct sockaddr *sa, int af)
{
	struct ip_addr m;
	uint8_t n = 0, full = af == AF_INET ? 32 : 128;

	if (sa == NULL)
		return (full);
	m = sa_addr(sa);
	while (n < full && m.b[n / 8] & 0x80 >> n % 8)
		n++;
	return (n);
}

static bool
wanted(const struct ifaddrs *ifa)
{
	return (ifa->ifa_addr != NULL && strcmp(ifa->ifa_name, "lo") != 0 &&
	    strlen(ifa->ifa_name) < IFNAMSIZ &&
	    (ifa->ifa_addr->sa_family == AF_INET ||
		ifa->ifa_addr->sa_family == AF_INET6));
}

static size_t
host_addrs(struct conf *c, struct pf_ifaddr **list)
{
	struct ifaddrs *ifas = NULL, *ifa;
	struct pf_ifaddr *i;
	size_t n = nitems(lo0);

	if (getifaddrs(&ifas) == -1)
		ifas = NULL;
	for (ifa = ifas; ifa != NULL; ifa = ifa->ifa_next)
		n += wanted(ifa);
	*list = i = conf_alloc(c, n * sizeof(*i));
	memcpy(i, lo0, sizeof(lo0));
	i += nitems(lo0);
	for (ifa = ifas; ifa != NULL; ifa = ifa->ifa_next) {
		if (!wanted(ifa))
			continue;
		strcpy(i->ifname, ifa->ifa_name);
		i->af = (uint8_t)ifa->ifa_addr->sa_family;
		i->addr = sa_addr(ifa->ifa_addr);
		i->plen = mask_bits(ifa->ifa_netmask, i->af);
		i->loopback = (ifa->ifa_flags & HOST_IFF_LOOPBACK) != 0;
		i->pointtopoint = (ifa->ifa_flags & HOST_IFF_POINTOPOINT) != 0;
		if (ifa->ifa_dstaddr != NULL &&
		    ifa->ifa_dstaddr->sa_family == i->af) {
			i->dst = sa_addr(ifa->ifa_dstaddr);
			i->has_dst = true;
		}
		i++;
	}
	if (ifas != NULL)
		freeifaddrs(ifas);
	return (n);
}

static bool
host_exists(const char *name)
{
	struct ifaddrs *ifas, *ifa;
	bool found = strcmp(name, "lo0") == 0;

	if (found || getifaddrs(&ifas) == -1)
		return (found);
	for (ifa = ifas; ifa != NULL && !found; ifa = ifa->ifa_next)
		found = strcmp(ifa->ifa_name, name) == 0;
	freeifaddrs(ifas);
	return (found);
}

static size_t
host_members(const char *name, char (**list)[IFNAMSIZ])
{
	if ((*list = calloc(1, sizeof(**list))) == NULL)
		return (0);
	snprintf((*list)[0], IFNAMSIZ, "%s", name);
	return (1);
}

const struct pf_ifsource pf_ifs_host = { host_addrs, host_exists,
	host_members };

/* --- the machine's kernel ---------------------------------------------- */

static size_t
rows(const char *name, void *list, size_t size)
{
	size_t len = 0;

	*(void **)list = bsd_sysctl_alloc(name, &len);
	return (*(void **)list == NULL ? 0 : len / size);
}

static const struct if_row *
row_of(const struct if_row *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strncmp(list[i].name, name, IFNAMSIZ) == 0)
			return (&list[i]);
	return (NULL);
}

static void
take_addr(struct pf_ifaddr *to, const struct if_addrreq *a,
    const struct if_row *r)
{
	uint32_t flags = r != NULL ? r->flags : 0;

	memcpy(to->ifname, a->name, sizeof(to->ifname) - 1);
	to->af = (uint8_t)a->af;
	to->plen = (uint8_t)a->plen;
	to->addr = a->addr;
	to->dst = a->dst;
	to->loopback = (flags & IFF_LOOPBACK) != 0;
	to->pointtopoint = (flags & IFF_POINTOPOINT) != 0;
	to->has_dst = (a->dst.q[0] | a->dst.q[1]) != 0;
}

/*
 * As the kernel lists them, but of a loopback interface those of IPv6 first,
 * as any BSD has them: what a rule expands to is the same everywhere.
 */
static int
addr_order(const struct pf_ifaddr *a, const struct pf_ifaddr *b)
{
	if (strcmp(a->ifname, b->ifname) == 0 && a->loopback && a->af != b->af)
		return (a->af == AF_INET6 ? -1 : 1);
	return (0);
}

/* Stable, for the few addresses that have to move. */
static void
addrs_sort(struct pf_ifaddr *list, size_t n)
{
	struct pf_ifaddr t;
	size_t i, k;

	for (i = 1; i < n; i++)
		for (k = i; k > 0 && addr_order(&list[k - 1], &list[k]) > 0;
		     k--) {
			t = list[k];
			list[k] = list[k - 1];
			list[k - 1] = t;
		}
}

static size_t
kernel_addrs(struct conf *c, struct pf_ifaddr **list)
{
	struct if_addrreq *addrs;
	struct if_row *ifs;
	size_t n = rows("net.link.addrs", &addrs, sizeof(*addrs)), i, out = 0;
	size_t nifs = rows("net.link.list", &ifs, sizeof(*ifs));

	*list = conf_alloc(c, (n + 1) * sizeof(**list));
	for (i = 0; i < n; i++)
		if (addrs[i].af == AF_INET || addrs[i].af == AF_INET6)
			take_addr(&(*list)[out++], &addrs[i],
			    row_of(ifs, nifs, addrs[i].name));
	addrs_sort(*list, out);
	free(addrs);
	free(ifs);
	return (out);
}

static bool
kernel_exists(const char *name)
{
	struct if_grouprow *groups;
	struct if_row *ifs;
	size_t n = rows("net.link.list", &ifs, sizeof(*ifs)), i;
	bool found = row_of(ifs, n, name) != NULL;

	free(ifs);
	n = rows("net.link.groups", &groups, sizeof(*groups));
	for (i = 0; i < n && !found; i++)
		found = strncmp(groups[i].group, name, IFNAMSIZ) == 0;
	free(groups);
	return (found);
}

const struct pf_ifsource pf_ifs_kernel = { kernel_addrs, kernel_exists,
	pf_ifs_members };

const struct pf_ifsource *
pf_ifs_here(void)
{
	return (bsd_machine() != NULL ? &pf_ifs_kernel : &pf_ifs_host);
}

size_t
pf_ifs_members(const char *name, char (**list)[IFNAMSIZ])
{
	struct if_grouprow *groups = NULL;
	size_t n = 0, i, out = 1;

	if (bsd_machine() != NULL)
		n = rows("net.link.groups", &groups, sizeof(*groups));
	if ((*list = calloc(n + 1, sizeof(**list))) == NULL) {
		free(groups);
		return (0);
	}
	snprintf((*list)[0], IFNAMSIZ, "%s", name);
	for (i = 0; i < n; i++)
		if (strncmp(groups[i].group, name, IFNAMSIZ) == 0)
			memcpy((*list)[out++], groups[i].member, IFNAMSIZ - 1);
	free(groups);
	return (out);
}
