/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Whose a new socket is.
 *
 * The Internet families are the machine's.  Families that reach the host's
 * network beside them would show a program, or let it change, what is not its
 * machine's; they are refused as by a Linux that was built without them.  What
 * has nothing to do with the network stays the host's.  The three numbers of
 * socket(2) are judged in Linux's order first.
 */

#include <sys/socket.h>
#include <linux/netlink.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>

#include "call.h"

#define FUGU_ROUTE   60 /* the first of the machine's own families */
#define TYPE_MASK    0xf
#define TYPE_MAX     10
#define PROTOCOL_MAX 262

/* The host's network, by another way. */
static const int refused_families[] = { AF_KEY, AF_PACKET, AF_RDS, AF_PPPOX, AF_LLC, AF_TIPC, AF_SMC, AF_XDP };
static const int refused_netlink[] = { NETLINK_ROUTE, NETLINK_FIREWALL, NETLINK_SOCK_DIAG, NETLINK_NFLOG, NETLINK_XFRM,
	NETLINK_FIB_LOOKUP, NETLINK_NETFILTER, NETLINK_IP6_FW, NETLINK_GENERIC };

static bool
listed(const int *list, size_t n, int v)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == v)
			return (true);
	return (false);
}

/* AF_INET and AF_INET6: what no kernel has to be asked. */
static int
inet_judge(int family, int type, int protocol)
{
	if (type > TYPE_MAX)
		return (EINVAL);
	if (type == SOCK_PACKET && family == AF_INET) /* AF_PACKET as it once was */
		return (EAFNOSUPPORT);
	if (protocol < 0 || protocol > PROTOCOL_MAX)
		return (EINVAL);
	if (type == SOCK_RAW && protocol == IPPROTO_IP)
		return (EPROTONOSUPPORT);
	return (FAMILY_MACHINE);
}

int
family_judge(int family, int type, int protocol)
{
	if (family != AF_INET && family != AF_INET6 && family < FUGU_ROUTE) {
		if (listed(refused_families, sizeof(refused_families) / sizeof(int), family))
			return (EAFNOSUPPORT);
		if (family == AF_NETLINK && listed(refused_netlink, sizeof(refused_netlink) / sizeof(int), protocol))
			return (EPROTONOSUPPORT);
		return (FAMILY_HOST);
	}
	if ((type & ~(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0)
		return (EINVAL);
	return (family >= FUGU_ROUTE ? FAMILY_MACHINE : inet_judge(family, type & TYPE_MASK, protocol));
}
