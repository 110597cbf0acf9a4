/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Interfaces as ifconfig prints them. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libutil/ifflags.h>
#include <libutil/nbrset.h>

#include "ifconfig.h"

static bool
row_ingroup(const struct if_row *row, const char *group)
{
	for (uint32_t i = 0; i < row->ngroups && i < 16; i++)
		if (strcmp(row->groups[i], group) == 0)
			return (true);
	return (false);
}

static void
show_groups(const struct if_row *row)
{
	const char *head = "\tgroups:";

	for (uint32_t i = 0; i < row->ngroups && i < 16; i++) {
		if (strcmp(row->groups[i], "all") == 0)
			continue;
		printf("%s %s", head, row->groups[i]);
		head = "";
	}
	if (*head == '\0')
		putchar('\n');
}

static void
show_row(const struct if_row *row, const struct if_addrreq *addrs,
    size_t naddrs, int af)
{
	char flags[256];
	const uint8_t *l = row->lladdr;
	bool ether = row->type == IFT_ETHER || row->type == IFT_VLAN;

	printf("%s: flags=%x<%s> mtu %u\n", row->name, row->flags,
	    if_flags_names(row->flags, flags, sizeof(flags)), row->mtu);
	if (ether)
		printf("\tlladdr %02x:%02x:%02x:%02x:%02x:%02x\n", l[0], l[1],
		    l[2], l[3], l[4], l[5]);
	if (row->description[0] != '\0')
		printf("\tdescription: %s\n", row->description);
	printf("\tindex %u priority %u\n", row->index, row->priority);
	vlan_show(row);
	show_groups(row);
	bridge_show(row);
	if (row->link[0] != '\0')
		printf("\tmedia: Ethernet %s\n", row->link);
	if (ether)
		printf("\tstatus: %s\n",
		    row->link_state == LINK_STATE_UP ? "active" : "no carrier");
	for (size_t i = 0; i < naddrs; i++)
		if (strcmp(addrs[i].name, row->name) == 0 &&
		    (af == AF_UNSPEC || addrs[i].af == af))
			inet_show(row, &addrs[i]);
}

int
show(const char *name, bool all, int af)
{
	struct if_addrreq *addrs;
	struct if_row *rows;
	size_t rlen, alen;
	bool found = false, exact = false;

	if ((rows = if_read("net.link.list", &rlen)) == NULL)
		fail("list of interfaces: %s", strerror(errno));
	if ((addrs = if_read("net.link.addrs", &alen)) == NULL)
		fail("list of addresses: %s", strerror(errno));
	for (size_t i = 0; name != NULL && i < rlen / sizeof(*rows); i++)
		exact = exact || strcmp(rows[i].name, name) == 0;
	for (size_t i = 0; i < rlen / sizeof(*rows); i++)
		if (name == NULL || strcmp(rows[i].name, name) == 0 ||
		    (!exact && row_ingroup(&rows[i], name))) {
			show_row(&rows[i], addrs, alen / sizeof(*addrs),
			    af);
			found = true;
		}
	free(rows);
	free(addrs);
	if (!found && !(all && name == NULL))
		fail("%s: no such interface", name);
	return (0);
}

int
show_lladdr(const char *text)
{
	uint8_t lladdr[6];
	struct if_row *rows;
	size_t len;
	int found = 0;

	if (nbr_lladdr(text, lladdr) == -1)
		fail("-M: %s is no link address", text);
	if ((rows = if_read("net.link.list", &len)) == NULL)
		fail("list of interfaces: %s", strerror(errno));
	for (size_t i = 0; i < len / sizeof(*rows); i++)
		if (rows[i].type != IFT_LOOP &&
		    memcmp(rows[i].lladdr, lladdr, 6) == 0) {
			printf("%s\n", rows[i].name);
			found++;
		}
	free(rows);
	return (found == 0);
}

int
show_cloners(void)
{
	const char *names;
	size_t len;

	if ((names = if_read("net.link.cloners", &len)) == NULL)
		fail("list of cloners: %s", strerror(errno));
	for (size_t i = 0; i + IFNAMSIZ <= len; i += IFNAMSIZ)
		printf("%s%.15s", i > 0 ? " " : "", names + i);
	putchar('\n');
	return (0);
}
