/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Names of the flags of interfaces, in the order of their bits. */

#include <stdio.h>

#include <net/if_ioctl.h>

#include "ifflags.h"

const char *
if_flags_names(uint32_t flags, char *buf, size_t size)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} names[] = { { IFF_UP, "UP" }, { IFF_BROADCAST, "BROADCAST" },
		{ IFF_DEBUG, "DEBUG" }, { IFF_LOOPBACK, "LOOPBACK" },
		{ IFF_POINTOPOINT, "POINTOPOINT" },
		{ IFF_STATICARP, "STATICARP" }, { IFF_RUNNING, "RUNNING" },
		{ IFF_NOARP, "NOARP" }, { IFF_PROMISC, "PROMISC" },
		{ IFF_ALLMULTI, "ALLMULTI" }, { IFF_OACTIVE, "OACTIVE" },
		{ IFF_SIMPLEX, "SIMPLEX" }, { IFF_LINK0, "LINK0" },
		{ IFF_LINK1, "LINK1" }, { IFF_LINK2, "LINK2" },
		{ IFF_MULTICAST, "MULTICAST" },
		{ IFXF_AUTOCONF6TEMP, "AUTOCONF6TEMP" },
		{ IFXF_AUTOCONF6, "AUTOCONF6" },
		{ IFXF_INET6_NOSOII, "INET6_NOSOII" } };
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((flags & names[i].flag) != 0 && n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%s",
			    n > 0 ? "," : "", names[i].text);
	return (buf);
}
