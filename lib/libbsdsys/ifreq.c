/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Linux's ioctls on sockets that ask about an interface by name (netdevice(7)),
 * answered with the machine's.  Those that would change something are refused:
 * a machine's interfaces are changed by ifconfig(8).
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <net/if_ioctl.h>

#include "bsdsys.h"
#include "call.h"
#include "ifname.h"

/* As Linux numbers them; some have namesakes here that are others. */
enum {
	LINUX_ADDRT = 0x890b, /* the first of all */
	LINUX_GIFNAME = 0x8910,
	LINUX_GIFCONF = 0x8912,
	LINUX_GIFFLAGS = 0x8913,
	LINUX_GIFADDR = 0x8915,
	LINUX_GIFDSTADDR = 0x8917,
	LINUX_GIFBRDADDR = 0x8919,
	LINUX_GIFNETMASK = 0x891b,
	LINUX_GIFMETRIC = 0x891d,
	LINUX_GIFMTU = 0x8921,
	LINUX_GIFHWADDR = 0x8927,
	LINUX_GIFINDEX = 0x8933,
	LINUX_DEVPRIVATE = 0x89ff /* the last */
};

/* struct ifreq and struct ifconf as Linux lays them out on 64 bits. */
struct ask {
	char name[IFNAMSIZ];
	union {
		struct sockaddr addr;
		struct sockaddr_in sin;
		int value;
		short flags;
		char room[24];
	};
};
struct ask_all {
	int len;
	struct ask *list;
};
_Static_assert(sizeof(struct ask) == 40 && sizeof(struct ask_all) == 16, "Linux's");

struct world {
	struct if_row *rows;
	struct if_addrreq *addrs;
	size_t nrows, naddrs;
};

static bool
world_get(struct world *w)
{
	w->rows = bsd_sysctl_alloc("net.link.list", &w->nrows);
	w->addrs = bsd_sysctl_alloc("net.link.addrs", &w->naddrs);
	w->nrows = w->rows != NULL ? w->nrows / sizeof(*w->rows) : 0;
	w->naddrs = w->addrs != NULL ? w->naddrs / sizeof(*w->addrs) : 0;
	return (w->rows != NULL && w->addrs != NULL);
}

static void
world_free(struct world *w)
{
	free(w->rows);
	free(w->addrs);
}

static const struct if_row *
row_named(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->nrows; i++)
		if (strncmp(w->rows[i].name, name, IFNAMSIZ) == 0)
			return (&w->rows[i]);
	return (NULL);
}

static const struct if_addrreq *
addr_of(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->naddrs; i++)
		if (w->addrs[i].af == AF_INET && strncmp(w->addrs[i].name, name, IFNAMSIZ) == 0)
			return (&w->addrs[i]);
	return (NULL);
}

static void
inet_set(struct ask *a, const void *addr)
{
	memset(&a->sin, 0, sizeof(a->sin));
	a->sin.sin_family = AF_INET;
	memcpy(&a->sin.sin_addr, addr, 4);
}

/* The first IPv4 address, its mask, or what lies at its other end. */
static int
ask_addr(const struct world *w, const struct if_row *row, struct ask *a, unsigned long cmd)
{
	const struct if_addrreq *ia = addr_of(w, row->name);
	uint32_t mask, to;

	if (ia == NULL)
		return (EADDRNOTAVAIL);
	mask = htonl(ia->plen == 0 ? 0 : 0xffffffffU << (32 - ia->plen));
	memcpy(&to, &ia->addr, 4);
	if (!ip_addr_iszero(&ia->dst))
		memcpy(&to, &ia->dst, 4);
	else if (cmd == LINUX_GIFBRDADDR)
		to |= ~mask;
	if (cmd == LINUX_GIFBRDADDR && (row->flags & IFF_BROADCAST) == 0)
		to = 0;
	inet_set(a, cmd == LINUX_GIFADDR ? (const void *)&ia->addr : cmd == LINUX_GIFNETMASK ? &mask : &to);
	return (0);
}

static void
ask_lladdr(const struct if_row *row, struct ask *a)
{
	memset(&a->addr, 0, sizeof(a->addr));
	a->addr.sa_family = (row->flags & IFF_LOOPBACK) != 0 ? 772 : 1; /* ARPHRD_ */
	memcpy(a->addr.sa_data, row->lladdr, 6);
}

static int
ask_row(const struct world *w, const struct if_row *row, struct ask *a, unsigned long cmd)
{
	switch (cmd) {
	case LINUX_GIFFLAGS:
		a->flags = (short)ifname_flags(row->flags);
		return (0);
	case LINUX_GIFINDEX:
		a->value = (int)row->index;
		return (0);
	case LINUX_GIFMTU:
		a->value = (int)row->mtu;
		return (0);
	case LINUX_GIFMETRIC:
		a->value = 0;
		return (0);
	case LINUX_GIFHWADDR:
		ask_lladdr(row, a);
		return (0);
	default:
		return (ask_addr(w, row, a, cmd));
	}
}

static int
ask_name(const struct world *w, struct ask *a)
{
	for (size_t i = 0; i < w->nrows; i++)
		if ((int)w->rows[i].index == a->value) {
			memcpy(a->name, w->rows[i].name, sizeof(a->name));
			return (0);
		}
	return (ENODEV);
}

/* All IPv4 addresses; without a list, how long it would be. */
static int
ask_list(const struct world *w, struct ask_all *all)
{
	int room = all->list == NULL ? 0 : all->len / (int)sizeof(*all->list), n = 0;

	for (size_t i = 0; i < w->naddrs; i++) {
		if (w->addrs[i].af != AF_INET || (all->list != NULL && n == room))
			continue;
		if (all->list != NULL) {
			memset(&all->list[n], 0, sizeof(all->list[n]));
			memcpy(all->list[n].name, w->addrs[i].name, IFNAMSIZ);
			inet_set(&all->list[n], &w->addrs[i].addr);
		}
		n++;
	}
	all->len = n * (int)sizeof(*all->list);
	return (0);
}

static int
ask_world(const struct world *w, unsigned long cmd, void *arg)
{
	const struct if_row *row;

	if (cmd == LINUX_GIFCONF)
		return (ask_list(w, arg));
	if (cmd == LINUX_GIFNAME)
		return (ask_name(w, arg));
	row = row_named(w, ((struct ask *)arg)->name);
	return (row == NULL ? ENODEV : ask_row(w, row, arg, cmd));
}

bool
ifreq_ioctl(unsigned long cmd, void *arg, int *result)
{
	struct world w;
	int error;

	switch (cmd) {
	case LINUX_GIFNAME:
	case LINUX_GIFCONF:
	case LINUX_GIFFLAGS:
	case LINUX_GIFADDR:
	case LINUX_GIFDSTADDR:
	case LINUX_GIFBRDADDR:
	case LINUX_GIFNETMASK:
	case LINUX_GIFMETRIC:
	case LINUX_GIFMTU:
	case LINUX_GIFHWADDR:
	case LINUX_GIFINDEX:
		break;
	default:
		if (cmd < LINUX_ADDRT || cmd > LINUX_DEVPRIVATE)
			return (false);
		errno = EOPNOTSUPP; /* the others of Linux's */
		*result = -1;
		return (true);
	}
	error = world_get(&w) ? ask_world(&w, cmd, arg) : errno;
	world_free(&w);
	if (error != 0)
		errno = error;
	*result = error != 0 ? -1 : 0;
	return (true);
}
