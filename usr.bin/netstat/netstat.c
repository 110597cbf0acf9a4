/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * netstat: shows what the network is doing.
 *
 *	-r	routing tables		net.route.dump
 *	-R	domains and tables	net.route.tables, net.link.list
 *	-i	interfaces		net.link.list
 *	-s	counters and drops	net.stats
 *	-m	memory			kern.mbstat, kern.pools
 *	-w	an interface over time	net.link.list
 *	none	sockets			net.inet.pcblist
 */

#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/counter.h>
#include <net/if_ioctl.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/rtshow.h>

#include "netstat.h"

static void __attribute__((__noreturn__)) usage(void)
{
	fprintf(stderr,
	    "usage: netstat [-anv] [-f inet | inet6] [-p protocol]\n       netstat [-n] -r [-f inet | inet6] [-T rtable]\n       netstat -R\n       netstat [-b] -i [-I interface]\n"
	    "       netstat -s [-s] [-p protocol]\n"
	    "       netstat -m\n       netstat [-b] -w wait [-c count] [-I interface]\n");
	exit(2);
}

static void __attribute__((__noreturn__)) fail(const char *what)
{
	fprintf(stderr, "netstat: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A number from 1 to max, or the end with status 2. */
static unsigned int
number(const char *what, const char *text, unsigned int max)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text >= '0' && *text <= '9' && *end == '\0' && v >= 1 && v <= max)
		return ((unsigned int)v);
	fprintf(stderr, "netstat: %s: %s is not a number from 1 to %u\n", what,
	    text, max);
	exit(2);
}

static int
interfaces_show(const char *only, bool bytes)
{
	struct if_row *rows;
	size_t len, n;
	int shown = 0;

	if ((rows = bsd_sysctl_alloc("net.link.list", &len)) == NULL)
		fail("interfaces");
	n = len / sizeof(*rows);
	if (bytes)
		printf("%-10s %6s %-18s %14s %14s\n", "Name", "Mtu", "Address",
		    "Ibytes", "Obytes");
	else
		printf("%-10s %6s %-18s %10s %6s %6s %10s %6s %6s\n", "Name",
		    "Mtu", "Address", "Ipkts", "Ifail", "Iqdrop", "Opkts",
		    "Ofail", "Oqdrop");
	for (size_t i = 0; i < n; i++) {
		const struct if_row *r = &rows[i];
		const struct if_counters *c = &r->counters;
		char lladdr[20] = "";

		if (only != NULL && strcmp(only, r->name) != 0)
			continue;
		shown++;
		if (r->type == IFT_ETHER || r->type == IFT_VLAN)
			snprintf(lladdr, sizeof(lladdr),
			    "%02x:%02x:%02x:%02x:%02x:%02x", r->lladdr[0],
			    r->lladdr[1], r->lladdr[2], r->lladdr[3],
			    r->lladdr[4], r->lladdr[5]);
		printf("%-10s %6u %-18s ", r->name, r->mtu, lladdr);
		if (bytes)
			printf("%14" PRIu64 " %14" PRIu64 "\n", c->ibytes,
			    c->obytes);
		else
			printf("%10" PRIu64 " %6" PRIu64 " %6" PRIu64
			       " %10" PRIu64 " %6" PRIu64 " %6" PRIu64 "\n",
			    c->ipackets, c->ierrors, c->iqdrops, c->opackets,
			    c->oerrors, c->oqdrops);
	}
	free(rows);
	if (only != NULL && shown == 0) {
		fprintf(stderr, "netstat: %s: no such interface\n", only);
		return (1);
	}
	return (0);
}

/* Rows of one protocol stand together; twice -s hides what is zero. */
static int
statistics_show(const char *proto, bool nonzero)
{
	struct stat_row *rows;
	const char *last = "";
	size_t len;
	int shown = 0;

	if ((rows = bsd_sysctl_alloc("net.stats", &len)) == NULL)
		fail("statistics");
	for (size_t i = 0; i < len / sizeof(*rows); i++) {
		if (proto != NULL && strcmp(proto, rows[i].proto) != 0)
			continue;
		shown++;
		if (nonzero && rows[i].value == 0)
			continue;
		if (strcmp(last, rows[i].proto) != 0)
			printf("%s:\n", rows[i].proto);
		last = rows[i].proto;
		printf("\t%" PRIu64 " %s\n", rows[i].value, rows[i].text);
	}
	if (proto != NULL && shown == 0) {
		fprintf(stderr, "netstat: %s: no such protocol\n", proto);
		free(rows);
		return (1);
	}
	free(rows);
	return (0);
}

/* inet or inet6, or the end with status 2. */
static int
family(const char *text)
{
	if (strcmp(text, "inet") == 0)
		return (AF_INET);
	if (strcmp(text, "inet6") == 0)
		return (AF_INET6);
	fprintf(stderr, "netstat: %s: unknown address family\n", text);
	exit(2);
}

/* The number of a routing table, or the end with status 2. */
static unsigned int
rtable(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text >= '0' && *text <= '9' && *end == '\0' && v <= 255)
		return ((unsigned int)v);
	fprintf(stderr, "netstat: %s: not a routing table\n", text);
	exit(2);
}

static int
routes_show(int af, unsigned int table, bool numeric)
{
	if (rt_show(af, table, numeric) == 0)
		return (0);
	if (errno != ENOENT)
		fail("routing table");
	fprintf(stderr, "netstat: no routing table %u\n", table);
	return (1);
}

int
main(int argc, char *argv[])
{
	bool routes = false, interfaces = false, numeric = false, bytes = false,
	     all = false, verbose = false, memory = false, domains = false;
	const char *proto = NULL, *only = NULL;
	unsigned int table = 0, wait_s = 0, count = 0;
	bool tabled = false, sockets;
	int ch, statistics = 0, af = AF_UNSPEC;

	while ((ch = getopt(argc, argv, "abc:f:I:imnp:RrsT:vw:")) != -1) {
		switch (ch) {
		case 'a':
			all = true;
			break;
		case 'c':
			count = number("count", optarg, 1000000);
			break;
		case 'm':
			memory = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'w':
			wait_s = number("wait", optarg, 86400);
			break;
		case 'b':
			bytes = true;
			break;
		case 'f':
			af = family(optarg);
			break;
		case 'I':
			only = optarg;
			interfaces = true;
			break;
		case 'i':
			interfaces = true;
			break;
		case 'n':
			numeric = true;
			break;
		case 'p':
			proto = optarg;
			break;
		case 'R':
			domains = true;
			break;
		case 'r':
			routes = true;
			break;
		case 's':
			statistics++;
			break;
		case 'T':
			tabled = true;
			table = rtable(optarg);
			break;
		default:
			usage();
		}
	}
	sockets = routes + interfaces + (statistics > 0) + memory + domains ==
		0 &&
	    wait_s == 0;
	if (optind != argc ||
	    routes + (interfaces || wait_s != 0) + (statistics > 0) + memory +
		    domains >
		1)
		usage();
	/* what would say nothing there is refused */
	if (((all || verbose) && !sockets) ||
	    (proto != NULL && statistics == 0 && !sockets) ||
	    (tabled && !routes) || (af != AF_UNSPEC && !routes && !sockets) ||
	    (bytes && !interfaces && wait_s == 0) ||
	    (count != 0 && wait_s == 0))
		usage();
	bsd_require("netstat");
	if (sockets)
		return (sockets_show(&(struct sockets_wanted){ af, proto, all,
		    verbose, numeric }));
	if (domains)
		return (tables_show());
	if (memory)
		return (memory_show());
	if (wait_s != 0)
		return (interval_show(only, wait_s, count, bytes));
	if (interfaces)
		return (interfaces_show(only, bytes));
	if (statistics > 0)
		return (statistics_show(proto, statistics > 1));
	return (routes_show(af, table, numeric));
}
