/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Answers to get, and the messages that monitor and -v show. */

#include <sys/socket.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <net/if_ioctl.h>
#include <libutil/ifflags.h>
#include <libutil/rtshow.h>

#include "route.h"

static uint64_t
seconds_left(const struct rt_msg *m)
{
	uint64_t now = (uint64_t)time(NULL) * 1000000;

	return (
	    m->rtm_expire_us > now ? (m->rtm_expire_us - now) / 1000000 : 0);
}

void
get_show(const char *asked, const struct rt_msg *m)
{
	char text[256];

	printf("   route to: %s\n", asked);
	if (m->rtm_plen == 0)
		printf("destination: default\n");
	else
		printf("destination: %s\n",
		    rt_addr_text(m->rtm_af, &m->rtm_dst, m->rtm_ifname, text,
			sizeof(text)));
	printf("       mask: %s\n",
	    rt_mask_text(m->rtm_af, m->rtm_plen, text, sizeof(text)));
	if (m->rtm_gwaf == AF_INET || m->rtm_gwaf == AF_INET6)
		printf("    gateway: %s\n",
		    rt_gateway_text(m, opt.numeric, text, sizeof(text)));
	printf("  interface: %s\n", m->rtm_ifname);
	printf(" if address: %s\n",
	    rt_addr_text(m->rtm_af, &m->rtm_ifa, m->rtm_ifname, text,
		sizeof(text)));
	printf("   priority: %u (%s)\n", m->rtm_priority,
	    rt_priority_name(m->rtm_priority));
	printf("      flags: <%s>\n",
	    rt_flags_names(m->rtm_flags, text, sizeof(text)));
	if (m->rtm_label[0] != '\0')
		printf("      label: %s\n", m->rtm_label);
	if (m->rtm_weight > 1)
		printf("     weight: %u\n", m->rtm_weight);
	printf("     use       mtu    expire\n%8" PRIu64 "  %8u  %8" PRIu64
	       "\n",
	    m->rtm_use, m->rtm_mtu, seconds_left(m));
}

/* --- messages --- */

static const struct {
	const char *name, *text;
} types[RTM_NTYPES] = {
	[RTM_ADD] = { "RTM_ADD", "Add Route" },
	[RTM_DELETE] = { "RTM_DELETE", "Delete Route" },
	[RTM_CHANGE] = { "RTM_CHANGE", "Change Metrics, Flags or Gateway" },
	[RTM_GET] = { "RTM_GET", "Report Metrics" },
	[RTM_REDIRECT] = { "RTM_REDIRECT", "Told to use different route" },
	[RTM_MISS] = { "RTM_MISS", "Lookup failed on this address" },
	[RTM_RESOLVE] = { "RTM_RESOLVE", "Route created by cloning" },
	[RTM_LOSING] = { "RTM_LOSING", "Kernel Suspects Partitioning" },
	[RTM_NEWADDR] = { "RTM_NEWADDR", "address being added to iface" },
	[RTM_DELADDR] = { "RTM_DELADDR", "address being removed from iface" },
	[RTM_CHGADDRATTR] = { "RTM_CHGADDRATTR",
	    "address attributes being changed" },
	[RTM_IFINFO] = { "RTM_IFINFO", "iface status change" },
	[RTM_IFANNOUNCE] = { "RTM_IFANNOUNCE", "iface arrival/departure" },
	[RTM_DESYNC] = { "RTM_DESYNC", "route socket overflow" },
	[RTM_PROPOSAL] = { "RTM_PROPOSAL", "config proposal" },
};

static void
route_message_show(const struct rt_msg *m)
{
	char dst[80], mask[80], gw[256], ifa[80], flags[256];
	static const struct ip_addr none;
	bool has_gw = m->rtm_gwaf != AF_UNSPEC || m->rtm_ifname[0] != '\0';

	printf(", priority %u, table %u, if# %u, ", m->rtm_priority,
	    m->h.rtm_tableid, m->rtm_ifindex);
	if (m->rtm_ifname[0] != '\0')
		printf("name %s, ", m->rtm_ifname);
	printf("pid: %u, seq %u, errno %d\nflags:<%s>\n", m->h.rtm_pid,
	    m->h.rtm_seq, m->h.rtm_errno,
	    rt_flags_names(m->rtm_flags, flags, sizeof(flags)));
	printf("use: %8" PRIu64 "   mtu: %8u   expire: %8" PRIu64 "\n",
	    m->rtm_use, m->rtm_mtu, seconds_left(m));
	if (m->rtm_label[0] != '\0')
		printf("label: %s\n", m->rtm_label);
	printf("sockaddrs: <DST%s,NETMASK%s>\n %s", has_gw ? ",GATEWAY" : "",
	    ip_addr_eq(&m->rtm_ifa, &none) ? "" : ",IFA",
	    m->rtm_plen == 0 ? "default" :
			       rt_addr_text(m->rtm_af, &m->rtm_dst,
				   m->rtm_ifname, dst, sizeof(dst)));
	if (has_gw)
		printf(" %s", rt_gateway_text(m, true, gw, sizeof(gw)));
	printf(" %s", rt_mask_text(m->rtm_af, m->rtm_plen, mask, sizeof(mask)));
	if (!ip_addr_eq(&m->rtm_ifa, &none))
		printf(" %s",
		    rt_addr_text(m->rtm_af, &m->rtm_ifa, m->rtm_ifname, ifa,
			sizeof(ifa)));
	printf("\n");
}

static void
address_message_show(const struct rt_addrmsg *m)
{
	char addr[80], mask[80];

	printf(
	    ", if# %u, name %s, flags:%#x\nsockaddrs: <NETMASK,IFA>\n %s %s\n",
	    m->ifam_index, m->ifam_ifname, m->ifam_flags,
	    rt_mask_text(m->ifam_af, m->ifam_plen, mask, sizeof(mask)),
	    rt_addr_text(m->ifam_af, &m->ifam_addr, m->ifam_ifname, addr,
		sizeof(addr)));
}

static void
interface_message_show(const struct rt_ifmsg *m)
{
	static const char *const states[] = { "unknown", "invalid",
		"no carrier", "active" };
	char flags[256];

	printf(", if# %u, name %s, link: %s, mtu: %u, flags:<%s>\n",
	    m->ifm_index, m->ifm_ifname,
	    m->ifm_link_state < 4 ? states[m->ifm_link_state] : "?", m->ifm_mtu,
	    if_flags_names(m->ifm_flags, flags, sizeof(flags)));
}

void
message_show(const void *buf)
{
	const struct rt_msghdr *h = buf;
	const struct rt_ifmsg *im = buf;

	if (h->rtm_type >= RTM_NTYPES || types[h->rtm_type].name == NULL) {
		printf("#%u: unknown type: len %u\n", h->rtm_type,
		    h->rtm_msglen);
		return;
	}
	printf("%s: %s: len %u", types[h->rtm_type].name,
	    types[h->rtm_type].text, h->rtm_msglen);
	if (h->rtm_type <= RTM_LOSING)
		route_message_show(buf);
	else if (h->rtm_type <= RTM_CHGADDRATTR)
		address_message_show(buf);
	else if (h->rtm_type == RTM_IFINFO)
		interface_message_show(buf);
	else if (h->rtm_type == RTM_IFANNOUNCE)
		printf(", if# %u, name %s, what: %s\n", im->ifm_index,
		    im->ifm_ifname,
		    im->ifm_what == IFAN_ARRIVAL ? "arrival" : "departure");
	else
		printf("\n");
}
