/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* netstat -R: routing domains, their interfaces and routing tables. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/if_ioctl.h>
#include <net/rtmsg.h>
#include <libbsdsys/bsdsys.h>

#include "netstat.h"

static void
domain_show(uint32_t domain, const struct if_row *ifs, size_t nifs,
    const struct rt_tablerow *tables, size_t ntables)
{
	printf("Rdomain %u\n  Interfaces:", domain);
	for (size_t i = 0; i < nifs; i++)
		if (ifs[i].rdomain == domain)
			printf(" %.15s", ifs[i].name);
	printf("\n  Routing table%s:", ntables > 1 ? "s" : "");
	for (size_t i = 0; i < ntables; i++)
		if (tables[i].domain == domain)
			printf(" %u", tables[i].table);
	printf("\n\n");
}

int
tables_show(void)
{
	struct rt_tablerow *tables;
	struct if_row *ifs;
	size_t tlen, ilen, ntables;

	if ((tables = bsd_sysctl_alloc("net.route.tables", &tlen)) == NULL ||
	    (ifs = bsd_sysctl_alloc("net.link.list", &ilen)) == NULL) {
		fprintf(stderr, "netstat: routing tables: %s\n",
		    strerror(errno));
		return (1);
	}
	ntables = tlen / sizeof(*tables);
	for (size_t i = 0; i < ntables; i++)
		if (tables[i].domain == tables[i].table)
			domain_show(tables[i].domain, ifs, ilen / sizeof(*ifs),
			    tables, ntables);
	free(tables);
	free(ifs);
	return (0);
}
