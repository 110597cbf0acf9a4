/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Routing tables as text: OpenBSD's columns and letters. */

#include <arpa/inet.h>
#include <netinet/in.h>

#include <libbsdsys/bsdsys.h>
#include <net/rtmsg.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "rtshow.h"

/* clang-format off */
static const struct { unsigned int flag; char letter; } letters[] = {
	{ RTF_UP, 'U' }, { RTF_GATEWAY, 'G' }, { RTF_HOST, 'H' }, { RTF_REJECT, 'R' }, { RTF_DYNAMIC, 'D' },
	{ RTF_MODIFIED, 'M' }, { RTF_CLONING, 'C' }, { RTF_MULTICAST, 'm' }, { RTF_LLINFO, 'L' },
	{ RTF_STATIC, 'S' }, { RTF_BLACKHOLE, 'B' }, { RTF_PROTO3, '3' }, { RTF_PROTO2, '2' },
	{ RTF_PROTO1, '1' }, { RTF_CLONED, 'c' }, { RTF_CACHED, 'h' }, { RTF_MPATH, 'P' },
	{ RTF_LOCAL, 'l' }, { RTF_BFD, 'F' }, { RTF_BROADCAST, 'b' }, { RTF_CONNECTED, 'n' },
};
/* clang-format on */

const char *
rt_flags_text(unsigned int flags, char buf[32])
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if ((flags & letters[i].flag) != 0)
			buf[n++] = letters[i].letter;
	buf[n] = '\0';
	return (buf);
}

const char *
rt_prefix_text(int af, const struct ip_addr *a, unsigned int plen, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN];

	if (plen == 0) {
		snprintf(buf, size, "default");
		return (buf);
	}
	inet_ntop(af, a->b, addr, sizeof(addr));
	if (plen == (af == AF_INET ? 32U : 128U))
		snprintf(buf, size, "%s", addr);
	else
		snprintf(buf, size, "%s/%u", addr, plen);
	return (buf);
}

const char *
rt_gateway_text(const struct rt_msg *m, bool numeric, char *buf, size_t size)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	static const uint8_t none[6];

	if (m->rtm_gwaf == AF_INET) {
		memcpy(&sin.sin_addr, m->rtm_gateway.b, 4);
		if (!numeric)
			return (host_name_of((struct sockaddr *)&sin, buf, size));
		return (inet_ntop(AF_INET, m->rtm_gateway.b, buf, (socklen_t)size));
	}
	if (m->rtm_gwaf == AF_INET6)
		return (inet_ntop(AF_INET6, m->rtm_gateway.b, buf, (socklen_t)size));
	if (memcmp(m->rtm_lladdr, none, 6) != 0)
		snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", m->rtm_lladdr[0], m->rtm_lladdr[1], m->rtm_lladdr[2],
		    m->rtm_lladdr[3], m->rtm_lladdr[4], m->rtm_lladdr[5]);
	else
		snprintf(buf, size, "link#%u", m->rtm_ifindex);
	return (buf);
}

static void
row_show(const struct rt_msg *m, bool numeric)
{
	char dst[64], gw[256], flags[32], mtu[16] = "-";
	int w = m->rtm_af == AF_INET ? 18 : 34;

	if (m->rtm_mtu != 0)
		snprintf(mtu, sizeof(mtu), "%u", m->rtm_mtu);
	printf("%-*s %-*s %-7s %5u %8" PRIu64 " %5s  %4u %s\n", w,
	    rt_prefix_text(m->rtm_af, &m->rtm_dst, m->rtm_plen, dst, sizeof(dst)), w,
	    rt_gateway_text(m, numeric, gw, sizeof(gw)), rt_flags_text(m->rtm_flags, flags), m->rtm_refs, m->rtm_use, mtu,
	    m->rtm_priority, m->rtm_ifname);
}

static int
family_show(int af, unsigned int table, bool numeric)
{
	int w = af == AF_INET ? 18 : 34;
	struct rt_msg *m;
	char name[64];
	size_t len;

	snprintf(name, sizeof(name), "net.route.dump.%s.%u", af == AF_INET ? "inet" : "inet6", table);
	if ((m = bsd_sysctl_alloc(name, &len)) == NULL)
		return (-1);
	if (len > 0) {
		printf("\n%s:\n%-*s %-*s %-7s %5s %8s %5s  %4s %s\n", af == AF_INET ? "Internet" : "Internet6", w, "Destination",
		    w, "Gateway", "Flags", "Refs", "Use", "Mtu", "Prio", "Iface");
		for (size_t i = 0; i < len / sizeof(*m); i++)
			row_show(&m[i], numeric);
	}
	free(m);
	return (0);
}

int
rt_show(int af, unsigned int table, bool numeric)
{
	printf("Routing tables\n");
	if (af != AF_INET6 && family_show(AF_INET, table, numeric) == -1)
		return (-1);
	return (af != AF_INET ? family_show(AF_INET6, table, numeric) : 0);
}
