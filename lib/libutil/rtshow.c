/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Routing tables as text: OpenBSD's columns, letters and names. */

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <net/rtmsg.h>
#include <libbsdsys/bsdsys.h>

#include "host.h"
#include "rtshow.h"

/* clang-format off */
static const struct { unsigned int flag; char letter; const char *name; } flagnames[] = {
	{ RTF_UP, 'U', "UP" }, { RTF_GATEWAY, 'G', "GATEWAY" }, { RTF_HOST, 'H', "HOST" },
	{ RTF_REJECT, 'R', "REJECT" }, { RTF_DYNAMIC, 'D', "DYNAMIC" },
	{ RTF_MODIFIED, 'M', "MODIFIED" }, { RTF_DONE, '\0', "DONE" },
	{ RTF_CLONING, 'C', "CLONING" }, { RTF_MULTICAST, 'm', "MULTICAST" },
	{ RTF_LLINFO, 'L', "LLINFO" }, { RTF_STATIC, 'S', "STATIC" },
	{ RTF_BLACKHOLE, 'B', "BLACKHOLE" }, { RTF_PROTO3, '3', "PROTO3" },
	{ RTF_PROTO2, '2', "PROTO2" }, { RTF_PROTO1, '1', "PROTO1" },
	{ RTF_CLONED, 'c', "CLONED" }, { RTF_CACHED, 'h', "CACHED" },
	{ RTF_MPATH, 'P', "MPATH" }, { RTF_LOCAL, 'l', "LOCAL" }, { RTF_BFD, 'F', "BFD" },
	{ RTF_BROADCAST, 'b', "BROADCAST" }, { RTF_CONNECTED, 'n', "CONNECTED" },
};
/* clang-format on */
#define NFLAGS (sizeof(flagnames) / sizeof(flagnames[0]))

/* --- parts --- */

const char *
rt_flags_text(unsigned int flags, char buf[32])
{
	size_t n = 0;

	for (size_t i = 0; i < NFLAGS; i++)
		if ((flags & flagnames[i].flag) != 0 &&
		    flagnames[i].letter != '\0')
			buf[n++] = flagnames[i].letter;
	buf[n] = '\0';
	return (buf);
}

const char *
rt_flags_names(unsigned int flags, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NFLAGS; i++)
		if ((flags & flagnames[i].flag) != 0 && n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%s",
			    n > 0 ? "," : "", flagnames[i].name);
	return (buf);
}

const char *
rt_priority_name(unsigned int priority)
{
	static const struct {
		unsigned int number;
		const char *name;
	} names[] = { { RTP_LOCAL, "local" }, { RTP_CONNECTED, "connected" },
		{ RTP_STATIC, "static" }, { RTP_EIGRP, "eigrp" },
		{ RTP_OSPF, "ospf" }, { RTP_RIP, "rip" }, { RTP_BGP, "bgp" },
		{ RTP_DEFAULT, "default" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == priority)
			return (names[i].name);
	return ("");
}

static bool
is_linklocal(int af, const struct ip_addr *a)
{
	return (af == AF_INET6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

const char *
rt_addr_text(int af, const struct ip_addr *a, const char *ifname, char *buf,
    size_t size)
{
	size_t n;

	if (inet_ntop(af, a->b, buf, (socklen_t)size) == NULL)
		buf[0] = '\0';
	n = strlen(buf);
	if (is_linklocal(af, a) && ifname[0] != '\0')
		snprintf(buf + n, size - n, "%%%.15s", ifname);
	return (buf);
}

const char *
rt_mask_text(int af, unsigned int plen, char *buf, size_t size)
{
	struct ip_addr m;

	if (plen == 0) {
		snprintf(buf, size, "default");
		return (buf);
	}
	memset(&m, 0xff, sizeof(m));
	ip_addr_mask(&m, plen);
	return (rt_addr_text(af, &m, "", buf, size));
}

/* An IPv4 network by as many bytes as its prefix touches. */
static void
net4_text(const uint8_t *b, unsigned int plen, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%u", b[0]);

	for (unsigned int i = 1; i < (plen + 7) / 8; i++)
		n += (size_t)snprintf(buf + n, size - n, ".%u", b[i]);
	snprintf(buf + n, size - n, "/%u", plen);
}

const char *
rt_prefix_text(const struct rt_msg *m, char *buf, size_t size)
{
	unsigned int bits = m->rtm_af == AF_INET ? 32 : 128;
	size_t n;

	if (m->rtm_plen == 0)
		snprintf(buf, size, "default");
	else if (m->rtm_af == AF_INET && m->rtm_plen < bits)
		net4_text(m->rtm_dst.b, m->rtm_plen, buf, size);
	else
		rt_addr_text(m->rtm_af, &m->rtm_dst, m->rtm_ifname, buf, size);
	n = strlen(buf);
	if (m->rtm_plen != 0 && m->rtm_af == AF_INET6 && m->rtm_plen < bits)
		snprintf(buf + n, size - n, "/%u", m->rtm_plen);
	return (buf);
}

static const char *
gateway_name(const struct rt_msg *m, const char *text, char *buf, size_t size)
{
	struct sockaddr_storage ss = { .ss_family = m->rtm_gwaf };

	if (m->rtm_gwaf == AF_INET)
		memcpy(&((struct sockaddr_in *)&ss)->sin_addr, m->rtm_gateway.b,
		    4);
	else
		memcpy(&((struct sockaddr_in6 *)&ss)->sin6_addr,
		    m->rtm_gateway.b, 16);
	if (is_linklocal(m->rtm_gwaf, &m->rtm_gateway))
		snprintf(buf, size, "%s", text);
	else
		host_name_of((struct sockaddr *)&ss, buf, size);
	return (buf);
}

const char *
rt_gateway_text(const struct rt_msg *m, bool numeric, char *buf, size_t size)
{
	static const struct ip_addr zero;
	static const uint8_t none[6];
	char text[80];

	if (m->rtm_gwaf == AF_INET || m->rtm_gwaf == AF_INET6) {
		rt_addr_text(m->rtm_gwaf, &m->rtm_gateway, m->rtm_ifname, text,
		    sizeof(text));
		if (!numeric)
			return (gateway_name(m, text, buf, size));
		snprintf(buf, size, "%s", text);
		return (buf);
	}
	if (memcmp(m->rtm_lladdr, none, 6) != 0)
		snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x",
		    m->rtm_lladdr[0], m->rtm_lladdr[1], m->rtm_lladdr[2],
		    m->rtm_lladdr[3], m->rtm_lladdr[4], m->rtm_lladdr[5]);
	else if ((m->rtm_flags & RTF_LLINFO) == 0 &&
	    !ip_addr_eq(&m->rtm_ifa, &zero))
		rt_addr_text(m->rtm_af, &m->rtm_ifa, m->rtm_ifname, buf, size);
	else
		snprintf(buf, size, "link#%u", m->rtm_ifindex);
	return (buf);
}

/* --- tables --- */

unsigned int
rt_table_inherited(void)
{
	const char *text = getenv("BSD_RTABLE");

	return (text != NULL ? (unsigned int)strtoul(text, NULL, 10) : 0);
}

struct rt_msg *
rt_read(int af, unsigned int table, size_t *n)
{
	struct rt_msg *m;
	char name[64];
	size_t len = 0;

	snprintf(name, sizeof(name), "net.route.dump.%s.%u",
	    af == AF_INET ? "inet" : "inet6", table);
	m = bsd_sysctl_alloc(name, &len);
	*n = m != NULL ? len / sizeof(*m) : 0;
	return (m);
}

static bool
text_is(const char *wanted, const char *text)
{
	return (
	    wanted == NULL || wanted[0] == '\0' || strcmp(wanted, text) == 0);
}

bool
rt_is_wanted(const struct rt_wanted *w, const struct rt_msg *m)
{
	if (w->samefamily && m->rtm_gwaf != m->rtm_af)
		return (false);
	if (w->gwaf != AF_UNSPEC &&
	    (m->rtm_gwaf != w->gwaf ||
		!ip_addr_eq(&m->rtm_gateway, &w->gateway)))
		return (false);
	if (w->priority != 0 && m->rtm_priority != w->priority)
		return (false);
	return (text_is(w->label, m->rtm_label) &&
	    text_is(w->ifname, m->rtm_ifname));
}

/* What has no column: only asked for by verbose. */
static void
more_show(const struct rt_msg *m)
{
	uint64_t now = (uint64_t)time(NULL) * 1000000;

	if (m->rtm_label[0] != '\0')
		printf(" label \"%s\"", m->rtm_label);
	if (m->rtm_weight > 1)
		printf(" weight %u", m->rtm_weight);
	if (m->rtm_expire_us > now)
		printf(" expire %" PRIu64, (m->rtm_expire_us - now) / 1000000);
}

static void
row_show(const struct rt_msg *m, const struct rt_wanted *w, int width)
{
	char dst[80], gw[256], flags[32], mtu[16] = "-";

	if (m->rtm_mtu != 0)
		snprintf(mtu, sizeof(mtu), "%u", m->rtm_mtu);
	printf("%-*s %-*s %-6s %5u %8" PRIu64 " %5s  %4u %s", width,
	    rt_prefix_text(m, dst, sizeof(dst)), width,
	    rt_gateway_text(m, w->numeric, gw, sizeof(gw)),
	    rt_flags_text(m->rtm_flags, flags), m->rtm_refs, m->rtm_use, mtu,
	    m->rtm_priority, m->rtm_ifname);
	if (w->verbose)
		more_show(m);
	putchar('\n');
}

static int
family_show(int af, const struct rt_wanted *w, bool first)
{
	int width = af == AF_INET ? 18 : 34;
	struct rt_msg *m;
	size_t n, shown = 0;

	if ((m = rt_read(af, w->table, &n)) == NULL)
		return (-1);
	if (first)
		printf("Routing tables\n");
	for (size_t i = 0; i < n; i++) {
		if (!rt_is_wanted(w, &m[i]))
			continue;
		if (shown++ == 0)
			printf("\n%s:\n%-*s %-*s %-6s %5s %8s %5s  %4s %s\n",
			    af == AF_INET ? "Internet" : "Internet6", width,
			    "Destination", width, "Gateway", "Flags", "Refs",
			    "Use", "Mtu", "Prio", "Iface");
		row_show(&m[i], w, width);
	}
	free(m);
	return (0);
}

int
rt_show(const struct rt_wanted *w)
{
	if (w->af != AF_INET6 && family_show(AF_INET, w, true) == -1)
		return (-1);
	return (
	    w->af != AF_INET ? family_show(AF_INET6, w, w->af == AF_INET6) : 0);
}
