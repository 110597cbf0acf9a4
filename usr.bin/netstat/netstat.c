/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * netstat: shows what the network is doing.
 *
 *	none	sockets			net.inet.pcblist
 *	-g	multicast groups	net.inet.groups
 *	-i	interfaces		net.link.list, net.link.addrs
 *	-m	memory			kern.mbstat, kern.pools
 *	-R	domains and tables	net.route.tables, net.link.list
 *	-r	routing tables		net.route.dump
 *	-s	counters and drops	net.stats
 *	-w	interfaces over time	net.link.list
 *
 * An option that would say nothing with what is shown is refused.
 */

#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/counter.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/number.h>
#include <libutil/rtshow.h>

#include "netstat.h"

struct options opt;

static void __attribute__((__noreturn__)) usage(void)
{
	fprintf(stderr,
	    "usage: netstat [-alnv] [-f inet | inet6] [-p protocol]\n"
	    "       netstat -i | -I interface [-abdehnqv]\n"
	    "       netstat -w wait [-bdeh] [-c count] [-I interface]\n"
	    "       netstat -r [-Fnv] [-f inet | inet6] [-T rtable]\n"
	    "       netstat -s [-s] [-f inet | inet6] [-p protocol]\n"
	    "       netstat -g [-n] [-f inet | inet6] [-I interface]\n"
	    "       netstat -m [-v]\n       netstat -R\n");
	exit(2);
}

int
complain(const char *what)
{
	fprintf(stderr, "netstat: %s: %s\n", what, strerror(errno));
	return (1);
}

/* --- options --- */

static unsigned int
number(const char *what, const char *text, unsigned int min, unsigned int max)
{
	uint64_t v;

	if (number_read(text, 10, min, max, &v))
		return ((unsigned int)v);
	fprintf(stderr, "netstat: %s: %s is not a number from %u to %u\n", what,
	    text, min, max);
	exit(2);
}

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

static void __attribute__((__noreturn__)) refuse(int ch)
{
	static const struct {
		int ch;
		const char *why;
	} reasons[] = {
		{ 'A', "addresses in the kernel are not given away" },
		{ 'B', "windows of TCP are not told" },
		{ 'M', "there are no core files of this kernel" },
		{ 'N', "the kernel itself is asked, not a file" },
		{ 'P', "addresses in the kernel are not given away" },
		{ 'u', "this kernel has no UNIX domain sockets" },
		{ 'W', "there are no wireless interfaces" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].ch == ch) {
			fprintf(stderr, "netstat: -%c: %s\n", ch,
			    reasons[i].why);
			exit(2);
		}
	usage();
}

static void
argument_take(int ch, const char *arg)
{
	switch (ch) {
	case 'c':
		opt.count = number("count", arg, 1, 1000000);
		break;
	case 'f':
		opt.af = family(arg);
		break;
	case 'I':
		opt.ifname = arg;
		break;
	case 'p':
		opt.proto = arg;
		break;
	case 'T':
		opt.table = number("rtable", arg, 0, 255);
		opt.tabled = true;
		break;
	case 'w':
		opt.wait_s = number("wait", arg, 1, 86400);
		break;
	default:
		refuse(ch);
	}
}

static void
option_take(int ch, const char *arg)
{
	static const struct {
		int ch;
		bool *flag;
	} flags[] = { { 'a', &opt.all }, { 'b', &opt.bytes },
		{ 'd', &opt.drops }, { 'e', &opt.errors },
		{ 'F', &opt.samefamily }, { 'g', &opt.groups },
		{ 'h', &opt.human }, { 'i', &opt.interfaces },
		{ 'l', &opt.listening }, { 'm', &opt.memory },
		{ 'n', &opt.numeric }, { 'q', &opt.seen },
		{ 'R', &opt.domains }, { 'r', &opt.routes },
		{ 'v', &opt.verbose } };

	opt.stats += ch == 's';
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].ch == ch) {
			*flags[i].flag = true;
			return;
		}
	if (ch != 's')
		argument_take(ch, arg);
}

/* What is shown, and which options say something about it. */
static char
view_choose(void)
{
	static const struct {
		char view;
		const char *with;
	} views[] = { { 'k', "alnvfp" }, { 'i', "abdehnqvI" },
		{ 'w', "bdehcI" }, { 'r', "FnvfT" }, { 's', "fp" },
		{ 'g', "nfI" }, { 'm', "v" }, { 'R', "" } };
	const struct {
		char ch;
		bool said;
	} said[] = { { 'a', opt.all }, { 'b', opt.bytes }, { 'd', opt.drops },
		{ 'e', opt.errors }, { 'h', opt.human }, { 'n', opt.numeric },
		{ 'q', opt.seen }, { 'l', opt.listening },
		{ 'F', opt.samefamily }, { 'v', opt.verbose },
		{ 'T', opt.tabled }, { 'f', opt.af != AF_UNSPEC },
		{ 'p', opt.proto != NULL }, { 'c', opt.count != 0 },
		{ 'I', opt.ifname != NULL } };
	bool waits = opt.wait_s != 0;
	int n = opt.groups + (opt.stats > 0) + opt.memory + opt.domains +
	    opt.routes + waits;
	char view = opt.groups ? 'g' :
	    opt.stats > 0      ? 's' :
	    opt.memory         ? 'm' :
	    opt.domains        ? 'R' :
	    opt.routes         ? 'r' :
	    waits              ? 'w' :
				 'k';
	size_t v = 0;

	if (n > 1 || (opt.interfaces && n > 0 && !waits))
		usage();
	if (n == 0 && (opt.interfaces || opt.ifname != NULL))
		view = 'i';
	while (views[v].view != view)
		v++;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (said[i].said && strchr(views[v].with, said[i].ch) == NULL)
			usage();
	if (opt.bytes + opt.drops + opt.errors > 1)
		usage();
	return (view);
}

/* --- counters --- */

const char *
count_text(uint64_t n, char *buf, unsigned long size)
{
	static const char units[] = "BKMGTPE";
	double v = (double)n;
	int unit = 0;

	if (!opt.human) {
		snprintf(buf, size, "%" PRIu64, n);
		return (buf);
	}
	for (; v >= 1024 && unit < 6; unit++)
		v /= 1024;
	snprintf(buf, size, unit > 0 && v < 9.95 ? "%.1f%c" : "%.0f%c", v,
	    units[unit]);
	return (buf);
}

/* The protocols that serve one family only. */
static bool
in_family(const char *proto)
{
	static const char *const v4[] = { "ip", "arp", "icmp", "igmp" };
	static const char *const v6[] = { "ip6", "icmp6", "nd6" };
	bool only4 = false, only6 = false;

	for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++)
		only4 |= strcmp(proto, v4[i]) == 0;
	for (size_t i = 0; i < sizeof(v6) / sizeof(v6[0]); i++)
		only6 |= strcmp(proto, v6[i]) == 0;
	return (opt.af == AF_UNSPEC || (opt.af == AF_INET ? !only6 : !only4));
}

/* Rows of one protocol stand together; twice -s hides what is zero. */
static int
statistics_show(void)
{
	struct stat_row *rows;
	const char *last = "";
	size_t len;
	int known = 0;

	if ((rows = bsd_sysctl_alloc("net.stats", &len)) == NULL)
		return (complain("statistics"));
	for (size_t i = 0; i < len / sizeof(*rows); i++) {
		if (opt.proto != NULL && strcmp(opt.proto, rows[i].proto) != 0)
			continue;
		known++;
		if (!in_family(rows[i].proto) ||
		    (opt.stats > 1 && rows[i].value == 0))
			continue;
		if (strcmp(last, rows[i].proto) != 0)
			printf("%s:\n", rows[i].proto);
		last = rows[i].proto;
		printf("\t%" PRIu64 " %s\n", rows[i].value, rows[i].text);
	}
	if (opt.proto != NULL && known == 0)
		fprintf(stderr,
		    "netstat: %s: unknown or uninstrumented protocol\n",
		    opt.proto);
	free(rows);
	return (opt.proto != NULL && known == 0);
}

static int
routes_show(void)
{
	const struct rt_wanted w = { .af = opt.af,
		.table = opt.table,
		.numeric = opt.numeric,
		.verbose = opt.verbose,
		.samefamily = opt.samefamily };

	if (rt_show(&w) == 0)
		return (0);
	if (errno != ENOENT)
		return (complain("routing table"));
	fprintf(stderr, "netstat: no routing table %u\n", opt.table);
	return (1);
}

int
main(int argc, char *argv[])
{
	char view;
	int ch;

	opt.table = rt_table_inherited();
	while ((ch = getopt(argc, argv,
		    "AaBbc:deFf:ghI:ilmM:nN:P:p:qRrsT:uvW:w:")) != -1)
		option_take(ch, optarg);
	view = view_choose();
	if (optind != argc)
		usage();
	bsd_require("netstat");
	switch (view) {
	case 'g':
		return (groups_show());
	case 'i':
		return (interfaces_show());
	case 'm':
		return (memory_show());
	case 'R':
		return (tables_show());
	case 'r':
		return (routes_show());
	case 's':
		return (statistics_show());
	case 'w':
		return (interval_show());
	default:
		return (sockets_show());
	}
}
