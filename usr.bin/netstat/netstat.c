/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * netstat: shows what the network is doing.
 *
 *	-r	routing tables		net.route.dump
 *	-i	interfaces		net.link.list
 *	-s	counters and drops	net.stats
 */

#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <libutil/rtshow.h>
#include <net/if_ioctl.h>
#include <sys/counter.h>

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: netstat [-n] -r [-f inet | inet6] [-T rtable]\n       netstat [-b] -i [-I interface]\n"
			"       netstat -s [-s] [-p protocol]\n");
	exit(2);
}

static void __attribute__((__noreturn__))
fail(const char *what)
{
	fprintf(stderr, "netstat: %s: %s\n", what, strerror(errno));
	exit(1);
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
		printf("%-10s %6s %-18s %14s %14s\n", "Name", "Mtu", "Address", "Ibytes", "Obytes");
	else
		printf("%-10s %6s %-18s %10s %6s %6s %10s %6s %6s\n", "Name", "Mtu", "Address", "Ipkts", "Ifail", "Iqdrop", "Opkts",
		    "Ofail", "Oqdrop");
	for (size_t i = 0; i < n; i++) {
		const struct if_row *r = &rows[i];
		const struct if_counters *c = &r->counters;
		char lladdr[20] = "";

		if (only != NULL && strcmp(only, r->name) != 0)
			continue;
		shown++;
		if (r->type == IFT_ETHER || r->type == IFT_VLAN)
			snprintf(lladdr, sizeof(lladdr), "%02x:%02x:%02x:%02x:%02x:%02x", r->lladdr[0], r->lladdr[1], r->lladdr[2],
			    r->lladdr[3], r->lladdr[4], r->lladdr[5]);
		printf("%-10s %6u %-18s ", r->name, r->mtu, lladdr);
		if (bytes)
			printf("%14" PRIu64 " %14" PRIu64 "\n", c->ibytes, c->obytes);
		else
			printf("%10" PRIu64 " %6" PRIu64 " %6" PRIu64 " %10" PRIu64 " %6" PRIu64 " %6" PRIu64 "\n", c->ipackets,
			    c->ierrors, c->iqdrops, c->opackets, c->oerrors, c->oqdrops);
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

int
main(int argc, char *argv[])
{
	bool routes = false, interfaces = false, numeric = false, bytes = false;
	const char *proto = NULL, *only = NULL;
	unsigned int table = 0;
	int ch, statistics = 0, af = AF_UNSPEC;
	char *end;

	while ((ch = getopt(argc, argv, "bf:I:inp:rsT:")) != -1) {
		switch (ch) {
		case 'b':
			bytes = true;
			break;
		case 'f':
			if (strcmp(optarg, "inet") != 0 && strcmp(optarg, "inet6") != 0) {
				fprintf(stderr, "netstat: %s: unknown address family\n", optarg);
				return (2);
			}
			af = strcmp(optarg, "inet") == 0 ? AF_INET : AF_INET6;
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
		case 'r':
			routes = true;
			break;
		case 's':
			statistics++;
			break;
		case 'T':
			table = (unsigned int)strtoul(optarg, &end, 10);
			if (*optarg == '\0' || *end != '\0' || table > 255) {
				fprintf(stderr, "netstat: %s: not a routing table\n", optarg);
				return (2);
			}
			break;
		default:
			usage();
		}
	}
	if (optind != argc || routes + interfaces + (statistics > 0) != 1 || (proto != NULL && statistics == 0))
		usage();
	bsd_require("netstat");
	if (interfaces)
		return (interfaces_show(only, bytes));
	if (statistics > 0)
		return (statistics_show(proto, statistics > 1));
	if (rt_show(af, table, numeric) == -1)
		fail("routing table");
	return (0);
}
