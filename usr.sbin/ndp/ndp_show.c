/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What this machine has learned from routers, as tables. */

#include <arpa/inet.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet6/nd6_row.h>

#include <libbsdsys/bsdsys.h>
#include <libutil/duration.h>
#include <libutil/host.h>

#include "ndp.h"

/* All rows of a variable, malloc()ed, and how many; or the message. */
static void *
rows_read(const char *name, size_t size, size_t *n)
{
	void *rows = bsd_sysctl_alloc(name, n);

	if (rows == NULL)
		fprintf(stderr, "ndp: %s: %s\n", name, strerror(errno));
	else
		*n /= size;
	return (rows);
}

static const char *
prefix_text(const struct ip_addr *a, unsigned int plen, char buf[64])
{
	char addr[INET6_ADDRSTRLEN];

	if (plen == 0)
		return ("default");
	inet_ntop(AF_INET6, a->b, addr, sizeof(addr));
	snprintf(buf, 64, "%s/%u", addr, plen);
	return (buf);
}

/* Name servers and domains, if a router told of any. */
static int
resolvers_show(void)
{
	char text[300], addr[INET6_ADDRSTRLEN], left[32];
	struct nd6_dns_row *row;
	size_t n;

	row = rows_read("net.inet6.nd6.resolvers", sizeof(*row), &n);
	if (row == NULL)
		return (1);
	if (n != 0)
		printf("\n%-33s %-31s %14s\n", "Name server or domain",
		    "Told by", "Expire");
	for (size_t i = 0; i < n; i++) {
		inet_ntop(AF_INET6, row[i].server.b, addr, sizeof(addr));
		snprintf(text, sizeof(text), "%.255s", row[i].domain);
		if (text[0] == '\0' && IN6_IS_ADDR_LINKLOCAL(
					   (struct in6_addr *)&row[i].server))
			snprintf(text, sizeof(text), "%s%%%.15s", addr,
			    row[i].ifname);
		else if (text[0] == '\0')
			snprintf(text, sizeof(text), "%s", addr);
		inet_ntop(AF_INET6, row[i].router.b, addr, sizeof(addr));
		printf("%-33s %s%%%-*.15s %14s\n", text, addr,
		    (int)(30 - strlen(addr)), row[i].ifname,
		    duration_text(row[i].expire_s, left));
	}
	free(row);
	return (0);
}

int
routers_show(void)
{
	char addr[INET6_ADDRSTRLEN], name[80], prefix[64], left[32];
	struct nd6_way_row *row;
	size_t n;

	row = rows_read("net.inet6.nd6.routers", sizeof(*row), &n);
	if (row == NULL)
		return (1);
	printf("%-33s %-24s %-6s %14s Flags\n", "Router", "Leads to", "Pref",
	    "Expire");
	for (size_t i = 0; i < n; i++) {
		inet_ntop(AF_INET6, row[i].router.b, addr, sizeof(addr));
		snprintf(name, sizeof(name), "%s%%%.15s", addr, row[i].ifname);
		printf("%-33s %-24s %-6s %14s %s%s\n", name,
		    prefix_text(&row[i].prefix, row[i].plen, prefix),
		    row[i].preference > 0     ? "high" :
			row[i].preference < 0 ? "low" :
						"medium",
		    duration_text(row[i].expire_s, left),
		    row[i].chosen != 0 ? "U" : "", row[i].lost != 0 ? "L" : "");
	}
	free(row);
	return (resolvers_show());
}

int
prefixes_show(void)
{
	char prefix[64], link[32], valid[32], pref[32];
	struct nd6_prefix_row *row;
	size_t n;

	row = rows_read("net.inet6.nd6.prefixes", sizeof(*row), &n);
	if (row == NULL)
		return (1);
	printf("%-33s %6s %14s %14s %14s %5s\n", "Prefix", "Netif", "On link",
	    "Valid", "Preferred", "Addrs");
	for (size_t i = 0; i < n; i++)
		printf("%-33s %6.15s %14s %14s %14s %5u\n",
		    prefix_text(&row[i].prefix, row[i].plen, prefix),
		    row[i].ifname,
		    row[i].onlink_s != 0 ? duration_text(row[i].onlink_s, link) :
					   "-",
		    row[i].autoconf != 0 ? duration_text(row[i].valid_s, valid) :
					   "-",
		    row[i].autoconf != 0 ? duration_text(row[i].preferred_s, pref) :
					   "-",
		    row[i].addresses);
	free(row);
	return (0);
}

static void
link_row_show(const struct nd6_link_row *row)
{
	static const char *const asking[] = { "no link",
		"waits for a link-local address", "asks for routers",
		"a router answered" };

	printf("%.15s: %s", row->ifname,
	    row->asking < 4 ? asking[row->asking] : "?");
	if (row->asked != 0)
		printf(", %u times", row->asked);
	printf("\n\trouters %u, prefixes %u, managed %s, other %s\n",
	    row->routers, row->prefixes, row->managed != 0 ? "yes" : "no",
	    row->other != 0 ? "yes" : "no");
	printf("\treachable %u.%03us, retrans %u.%03us",
	    row->reachable_ms / 1000, row->reachable_ms % 1000,
	    row->retrans_ms / 1000, row->retrans_ms % 1000);
	if (row->hlim != 0)
		printf(", hop limit %u", row->hlim);
	if (row->mtu != 0)
		printf(", linkmtu %u", row->mtu);
	printf("\n");
}

int
link_show(const char *ifname)
{
	struct nd6_link_row *row;
	int found = 0;
	size_t n;

	row = rows_read("net.inet6.nd6.links", sizeof(*row), &n);
	if (row == NULL)
		return (1);
	for (size_t i = 0; i < n; i++)
		if (strncmp(row[i].ifname, ifname, sizeof(row[i].ifname)) ==
		    0) {
			link_row_show(&row[i]);
			found = 1;
		}
	free(row);
	if (!found && host_ifindex(ifname) == 0)
		fprintf(stderr, "ndp: %s: no such interface\n", ifname);
	else if (!found)
		fprintf(stderr,
		    "ndp: %s: does not listen to routers (ifconfig %s inet6 autoconf)\n",
		    ifname, ifname);
	return (!found);
}
