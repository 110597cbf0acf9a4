/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * route: shows and changes the routing tables.
 *
 * A command line becomes one message: words and modifiers fill its fields
 * (route_words.c), the kernel judges the whole.  Its refusal is printed with
 * what it is about.  What the kernel says is printed by route_print.c.
 */

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>
#include <libutil/number.h>
#include <libutil/rtshow.h>

#include "route.h"

#define SO_RTABLE 0x1021 /* Fugu's own, not the C library's */
#define RT_TABLES 256

struct options opt;
static int sock = -1;
static uint32_t seq;

void
usage(void)
{
	fprintf(stderr,
	    "usage: route [-dnqtv] [-T rtable] command [[modifiers] args]\n"
	    "       route add | change | delete | get [-inet | -inet6] [modifiers] destination [gateway [netmask]]\n"
	    "       route flush [-inet | -inet6] [-priority n] [-ifp interface]\n"
	    "       route show [-inet | -inet6] [-gateway address] [-label text] [-priority n] [-ifp interface]\n"
	    "       route monitor [-inet | -inet6 | -iface] [-priority n]\n"
	    "       route -T rtable exec command [args]\n");
	exit(2);
}

void
fail(const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "route: %s: %s\n", what, why);
	exit(1);
}

unsigned long
number(const char *what, const char *text, unsigned long max)
{
	uint64_t v;

	if (!number_read(text, 10, 0, max, &v)) {
		fprintf(stderr, "route: %s: %s is not a number up to %lu\n",
		    what, text, max);
		exit(2);
	}
	return (v);
}

/* --- talking to the kernel --- */

static void
socket_open(void)
{
	if ((sock = socket(PF_ROUTE, SOCK_RAW, 0)) == -1)
		fail("routing socket", strerror(errno));
}

static void
option_set(const char *what, int name, uint32_t v)
{
	if (setsockopt(sock, PF_ROUTE, name, &v, sizeof(v)) == -1)
		fail(what, strerror(errno));
}

static int
message_send(struct rt_msg *m, enum rtm_type type)
{
	m->h.rtm_msglen = sizeof(*m);
	m->h.rtm_hdrlen = sizeof(m->h);
	m->h.rtm_version = RTM_VERSION;
	m->h.rtm_type = (uint8_t)type;
	m->h.rtm_seq = ++seq;
	m->h.rtm_tableid = opt.table;
	if (opt.verbose)
		message_show(m);
	if (opt.dry && type != RTM_GET)
		return (0);
	return (send(sock, m, sizeof(*m), 0) == sizeof(*m) ? 0 : -1);
}

static const char *
error_text(int error)
{
	switch (error) {
	case ESRCH:
		return ("not in table");
	case EBUSY:
		return ("entry in use");
	case ENOBUFS:
		return ("routing table overflow");
	default:
		return (strerror(error));
	}
}

/* --- commands --- */

static int
route_edit(const char *verb, enum rtm_type type, char *argv[])
{
	struct request rq = { .plen = -1 };
	int error = 0;

	words_read(&rq, argv, 3);
	if (rq.nwords == 0)
		usage();
	destination_read(&rq);
	gateway_read(&rq);
	if (rq.nwords < 2 && type == RTM_ADD &&
	    (rq.m.rtm_flags & (RTF_REJECT | RTF_BLACKHOLE)) == 0 &&
	    rq.m.rtm_ifname[0] == '\0' && rq.ifa == NULL)
		usage();
	if (type == RTM_ADD && !rq.nostatic)
		rq.m.rtm_flags |= RTF_STATIC;
	if (type != RTM_ADD && rq.m.rtm_priority == 0)
		rq.m.rtm_priority = RTP_ANY;
	if (type != RTM_CHANGE)
		rq.m.rtm_fmask = 0;
	if (message_send(&rq.m, type) == -1)
		error = errno;
	if (opt.quiet)
		return (error != 0);
	if (error != 0)
		fprintf(stderr, "route: writing to routing socket: %s\n",
		    strerror(error));
	printf("%s %s %s", verb, rq.ishost ? "host" : "net", rq.word[0]);
	if (rq.nwords > 1)
		printf(": gateway %s", rq.word[1]);
	printf("%s%s\n", error != 0 ? ": " : "",
	    error != 0 ? error_text(error) : "");
	return (error != 0);
}

static int
route_get(char *argv[])
{
	struct request rq = { .plen = -1 };
	struct rt_msg m;
	ssize_t n;

	words_read(&rq, argv, 1);
	if (rq.nwords != 1)
		usage();
	/* an address is asked for as a host, however it is written */
	rq.host = strchr(rq.word[0], '/') == NULL && rq.plen == -1 &&
	    rq.mask == NULL && !rq.net && strcmp(rq.word[0], "default") != 0;
	destination_read(&rq);
	if (rq.m.rtm_priority == 0)
		rq.m.rtm_priority = RTP_ANY;
	if (message_send(&rq.m, RTM_GET) == -1)
		fail(rq.word[0], error_text(errno));
	do {
		if ((n = recv(sock, &m, sizeof(m), 0)) == -1)
			fail("routing socket", strerror(errno));
	} while (n < (ssize_t)sizeof(m) || m.h.rtm_type != RTM_GET ||
	    m.h.rtm_seq != seq || m.h.rtm_pid != (uint32_t)getpid());
	if (m.h.rtm_errno != 0)
		fail(rq.word[0], error_text(m.h.rtm_errno));
	get_show(rq.word[0], &m);
	return (0);
}

/* What to show or to flush: no words, only modifiers. */
static void
wanted_read(struct request *rq, char *argv[], struct rt_wanted *w)
{
	words_read(rq, argv, 0);
	*w = (struct rt_wanted){ .af = rq->af,
		.table = opt.table,
		.numeric = opt.numeric,
		.verbose = opt.verbose,
		.gwaf = rq->gatewayaf,
		.gateway = rq->gateway,
		.priority = rq->m.rtm_priority,
		.label = rq->m.rtm_label,
		.ifname = rq->m.rtm_ifname };
}

/* By hand or by a gateway, and the neighbours; not what is the machine's own. */
static bool
is_flushed(const struct rt_msg *m)
{
	if ((m->rtm_flags & (RTF_LOCAL | RTF_BROADCAST)) != 0)
		return (false);
	return ((m->rtm_flags & (RTF_GATEWAY | RTF_STATIC | RTF_LLINFO)) != 0);
}

/* A row of the table as a request to delete just that. */
static int
row_delete(const struct rt_msg *row)
{
	struct rt_msg m = { .rtm_af = row->rtm_af,
		.rtm_plen = row->rtm_plen,
		.rtm_dst = row->rtm_dst,
		.rtm_priority = row->rtm_priority,
		.rtm_gateway = row->rtm_gateway,
		.rtm_gwaf = row->rtm_gwaf };

	if ((row->rtm_flags & RTF_LLINFO) != 0)
		m.rtm_gwaf = AF_LINK;
	return (message_send(&m, RTM_DELETE) == -1 ? errno : 0);
}

static int
family_flush(int af, const struct rt_wanted *w)
{
	char dst[80], gw[256];
	struct rt_msg *m;
	size_t n;
	int bad = 0, error;

	if ((m = rt_read(af, w->table, &n)) == NULL)
		fail("flush",
		    errno == ENOENT ? "no such table" : strerror(errno));
	for (size_t i = 0; i < n; i++) {
		if (!is_flushed(&m[i]) || !rt_is_wanted(w, &m[i]))
			continue;
		rt_prefix_text(&m[i], dst, sizeof(dst));
		rt_gateway_text(&m[i], opt.numeric, gw, sizeof(gw));
		if ((error = row_delete(&m[i])) ==
		    ESRCH) /* it went with another one */
			continue;
		bad |= error != 0;
		if (!opt.quiet)
			printf("%-20s %-20s %s\n", dst, gw,
			    error != 0 ? strerror(error) : "done");
	}
	free(m);
	return (bad);
}

static int
route_flush(char *argv[])
{
	struct request rq = { .plen = -1 };
	struct rt_wanted w;
	int bad = 0;

	wanted_read(&rq, argv, &w);
	if (w.af != AF_INET6)
		bad |= family_flush(AF_INET, &w);
	if (w.af != AF_INET)
		bad |= family_flush(AF_INET6, &w);
	return (bad);
}

static int
route_show(char *argv[])
{
	struct request rq = { .plen = -1 };
	struct rt_wanted w;

	wanted_read(&rq, argv, &w);
	if (rt_show(&w) == -1)
		fail("show",
		    errno == ENOENT ? "no such table" : strerror(errno));
	return (0);
}

static int
route_monitor(char *argv[])
{
	struct request rq = { .plen = -1 };
	union {
		struct rt_msghdr h;
		char bytes[4096];
	} buf;
	char when[32];
	time_t now;
	ssize_t n;

	words_read(&rq, argv, 0);
	if (rq.af != AF_UNSPEC) {
		close(sock);
		if ((sock = socket(PF_ROUTE, SOCK_RAW, rq.af)) == -1)
			fail("routing socket", strerror(errno));
	}
	if (opt.tabled)
		option_set("table", ROUTE_TABLEFILTER, opt.table);
	if (rq.m.rtm_priority != 0)
		option_set("priority", ROUTE_PRIOFILTER, rq.m.rtm_priority);
	if (rq.iface)
		option_set("iface", ROUTE_MSGFILTER,
		    1U << RTM_IFINFO | 1U << RTM_IFANNOUNCE | 1U << RTM_DESYNC);
	while ((n = recv(sock, &buf, sizeof(buf), 0)) > 0) {
		if (n < (ssize_t)sizeof(buf.h))
			continue;
		now = time(NULL);
		strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y",
		    localtime(&now));
		printf("got message of size %zd on %s\n", n, when);
		message_show(&buf);
		fflush(stdout);
	}
	fail("routing socket",
	    n == 0 ? "the kernel has gone" : strerror(errno));
}

/* The sockets of what runs then go by the table: see bsdsys(7). */
static int
route_exec(char *argv[])
{
	char text[16];
	int s;

	if (*argv == NULL)
		usage();
	if (opt.tabled) {
		snprintf(text, sizeof(text), "%u", opt.table);
		if ((s = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
			fail("socket", strerror(errno));
		if (setsockopt(s, SOL_SOCKET, SO_RTABLE, &opt.table,
			sizeof(opt.table)) == -1)
			fail(text,
			    errno == EINVAL ? "no such table" :
					      strerror(errno));
		close(s);
		if (setenv("BSD_RTABLE", text, 1) == -1)
			fail("BSD_RTABLE", strerror(errno));
	}
	execvp(*argv, argv);
	fail(*argv, strerror(errno));
}

static int
command_run(const char *cmd, char *argv[])
{
	if (strcmp(cmd, "exec") == 0)
		return (route_exec(argv));
	if (strcmp(cmd, "nameserver") == 0 || strcmp(cmd, "sourceaddr") == 0)
		fail(cmd, "not supported by this kernel");
	socket_open();
	if (strcmp(cmd, "add") == 0)
		return (route_edit(cmd, RTM_ADD, argv));
	if (strcmp(cmd, "change") == 0)
		return (route_edit(cmd, RTM_CHANGE, argv));
	if (strcmp(cmd, "delete") == 0 || strcmp(cmd, "del") == 0)
		return (route_edit("delete", RTM_DELETE, argv));
	if (strcmp(cmd, "get") == 0)
		return (route_get(argv));
	if (strcmp(cmd, "flush") == 0)
		return (route_flush(argv));
	if (strcmp(cmd, "show") == 0)
		return (route_show(argv));
	if (strcmp(cmd, "monitor") == 0)
		return (route_monitor(argv));
	usage();
}

int
main(int argc, char *argv[])
{
	int ch;

	opt.table = rt_table_inherited();
	while ((ch = getopt(argc, argv, "+dnqtT:v")) != -1) {
		switch (ch) {
		case 'd':
		case 't':
			opt.dry = true;
			break;
		case 'n':
			opt.numeric = true;
			break;
		case 'q':
			opt.quiet = true;
			break;
		case 'T':
			opt.table = (unsigned int)number("table", optarg,
			    RT_TABLES - 1);
			opt.tabled = true;
			break;
		case 'v':
			opt.verbose = true;
			break;
		default:
			usage();
		}
	}
	argv += optind;
	if (*argv == NULL)
		usage();
	bsd_require("route");
	return (command_run(*argv, argv + 1));
}
