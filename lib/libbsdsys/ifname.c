/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces by name and number, and their addresses: the machine's, in place
 * of the host's.  What is returned is freed by the C library's own
 * if_freenameindex() and freeifaddrs(), so it is laid out as they want it:
 * names by strdup(), the list of addresses in one block.
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>

#include <net/if_ioctl.h>

#include "bsdsys.h"
#include "call.h"
#include "ifname.h"

/* <net/if.h> has a struct ifnet and flags of its own, so its part stands here. */
struct if_nameindex {
	unsigned int if_index;
	char *if_name;
};
unsigned int if_nametoindex(const char *name);
char *if_indextoname(unsigned int index, char name[IFNAMSIZ]);
struct if_nameindex *if_nameindex(void);
void if_freenameindex(struct if_nameindex *list);

static struct if_row *
rows_get(size_t *n)
{
	struct if_row *rows = bsd_sysctl_alloc("net.link.list", n);

	*n = rows != NULL ? *n / sizeof(*rows) : 0;
	return (rows);
}

unsigned int
if_nametoindex(const char *name)
{
	unsigned int index = 0;
	struct if_row *rows;
	size_t n;

	native_init();
	if (!call_machine())
		return (native.if_nametoindex(name));
	if ((rows = rows_get(&n)) == NULL)
		return (0);
	for (size_t i = 0; i < n; i++)
		if (strncmp(rows[i].name, name, sizeof(rows[i].name)) == 0)
			index = rows[i].index;
	free(rows);
	if (index == 0)
		errno = ENODEV;
	return (index);
}

char *
if_indextoname(unsigned int index, char name[IFNAMSIZ])
{
	struct if_row *rows;
	char *found = NULL;
	size_t n;

	native_init();
	if (!call_machine())
		return (native.if_indextoname(index, name));
	if ((rows = rows_get(&n)) == NULL)
		return (NULL);
	for (size_t i = 0; i < n; i++)
		if (rows[i].index == index)
			found = memcpy(name, rows[i].name, IFNAMSIZ);
	free(rows);
	if (found == NULL)
		errno = ENXIO;
	return (found);
}

struct if_nameindex *
if_nameindex(void)
{
	struct if_nameindex *list;
	struct if_row *rows;
	size_t n, i;

	native_init();
	if (!call_machine())
		return (native.if_nameindex());
	if ((rows = rows_get(&n)) == NULL)
		return (NULL);
	list = calloc(n + 1, sizeof(*list));
	for (i = 0; list != NULL && i < n; i++) {
		list[i].if_index = rows[i].index;
		if ((list[i].if_name = strdup(rows[i].name)) == NULL) {
			if_freenameindex(list); /* up to the first without */
			list = NULL;
		}
	}
	free(rows);
	return (list);
}

/* --- addresses --- */

/* One element with all that it points to. */
struct entry {
	struct ifaddrs ifa; /* first: the list is freed as a block */
	char name[IFNAMSIZ];
	struct sockaddr_storage addr, mask, dst;
};

static void
sockaddr_fill(struct sockaddr_storage *ss, int af, const void *addr,
    unsigned int scope)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	ss->ss_family = (sa_family_t)af;
	if (af == AF_INET) {
		memcpy(&sin->sin_addr, addr, 4);
		return;
	}
	memcpy(&sin6->sin6_addr, addr, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
		sin6->sin6_scope_id = scope;
}

static void
entry_addr(struct entry *e, const struct if_addrreq *a,
    const struct if_row *row)
{
	uint8_t mask[16] = { 0 };

	for (unsigned int i = 0; i < a->plen && i < 128; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	sockaddr_fill(&e->addr, a->af, &a->addr, row->index);
	sockaddr_fill(&e->mask, a->af, mask, 0);
	e->ifa.ifa_addr = (struct sockaddr *)&e->addr;
	e->ifa.ifa_netmask = (struct sockaddr *)&e->mask;
	if (ip_addr_iszero(&a->dst))
		return;
	sockaddr_fill(&e->dst, a->af, &a->dst, row->index);
	e->ifa.ifa_dstaddr = (struct sockaddr *)&e->dst;
}

static void
entry_link(struct entry *e, const struct if_row *row)
{
	struct sockaddr_ll *sll = (struct sockaddr_ll *)&e->addr;

	sll->sll_family = AF_PACKET;
	sll->sll_ifindex = (int)row->index;
	sll->sll_halen = 6;
	memcpy(sll->sll_addr, row->lladdr, 6);
	e->ifa.ifa_addr = (struct sockaddr *)&e->addr;
}

/* What has a bit in both worlds, with Linux's. */
unsigned int
ifname_flags(uint32_t ours)
{
	static const uint32_t same = IFF_UP | IFF_BROADCAST | IFF_DEBUG | IFF_LOOPBACK | IFF_POINTOPOINT | IFF_RUNNING |
	    IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI;

	return ((ours & same) | ((ours & IFF_MULTICAST) != 0 ? 0x1000U : 0));
}

static void
entry_begin(struct entry *e, const struct if_row *row, struct entry *before)
{
	memcpy(e->name, row->name, sizeof(e->name));
	e->ifa.ifa_name = e->name;
	e->ifa.ifa_flags = ifname_flags(row->flags);
	if (before != NULL)
		before->ifa.ifa_next = &e->ifa;
}

static struct entry *
entries_make(const struct if_row *rows, size_t nrows,
    const struct if_addrreq *addrs, size_t naddrs)
{
	struct entry *list = calloc(nrows + naddrs + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list != NULL && i < nrows; i++, n++) {
		entry_begin(&list[n], &rows[i], n > 0 ? &list[n - 1] : NULL);
		entry_link(&list[n], &rows[i]);
	}
	for (size_t i = 0; list != NULL && i < naddrs; i++)
		for (size_t k = 0; k < nrows; k++) {
			if (strncmp(addrs[i].name, rows[k].name,
				sizeof(addrs[i].name)) != 0)
				continue;
			entry_begin(&list[n], &rows[k],
			    n > 0 ? &list[n - 1] : NULL);
			entry_addr(&list[n++], &addrs[i], &rows[k]);
			break;
		}
	return (list);
}

int
getifaddrs(struct ifaddrs **ifap)
{
	struct if_addrreq *addrs;
	struct if_row *rows;
	struct entry *list = NULL;
	size_t nrows, len;

	native_init();
	if (!call_machine())
		return (native.getifaddrs(ifap));
	rows = rows_get(&nrows);
	addrs = bsd_sysctl_alloc("net.link.addrs", &len);
	if (rows != NULL && addrs != NULL)
		list = entries_make(rows, nrows, addrs, len / sizeof(*addrs));
	free(rows);
	free(addrs);
	if (list == NULL)
		return (-1);
	*ifap = nrows > 0 || len > 0 ? &list->ifa : NULL;
	if (*ifap == NULL)
		free(list);
	return (0);
}
