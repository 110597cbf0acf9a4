/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * traceroute: the way packets take to a host.
 *
 * Probes go out with a hop limit of 1, 2, 3 ...; the router at which one ends
 * says so.  Probes are sent one after the other, each waits for its answer;
 * what comes late for an earlier one is not counted.  What goes over the wire
 * is in tr_wire.c.
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>
#include <libutil/probe.h>
#include <libutil/tos.h>

#include "tr_wire.h"

#define PACKET_MAX 65535
#define PORT       33434

static struct {
	/* what is asked for */
	const char *target, *source;
	int af, first, last, tos;
	unsigned int queries;
	double wait_s;
	size_t size; /* of a packet, 0: 40 or 60 */
	bool numeric, showttl, verbose, dontfrag, showloss, debug;
	int rtable; /* -1: table of route exec, or 0 */
	int proto; /* -1: UDP */
	/* what is */
	struct tr_way way;
	struct sockaddr_storage to;
	socklen_t tolen;
	int in, out; /* sockets */
	uint16_t nr;
} tr = { .af = AF_UNSPEC,
	.first = 1,
	.last = 64,
	.tos = -1,
	.queries = 3,
	.wait_s = 3,
	.proto = -1,
	.rtable = -1,
	.way = { .port = PORT } };

static void __attribute__((__noreturn__)) usage(void)
{
	fprintf(stderr,
	    "usage: traceroute [-46cDdIlnSv] [-f first_ttl] [-m max_ttl] [-P proto] [-p port]\n"
	    "                  [-q nqueries] [-s sourceaddr] [-t toskeyword] [-V rtable]\n"
	    "                  [-w waittime] host [datalen]\n");
	exit(2);
}

static void __attribute__((__noreturn__)) fail(const char *what)
{
	fprintf(stderr, "traceroute: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- arguments --- */

/* udp, icmp, or a number. */
static int
protocol(const char *text)
{
	if (strcmp(text, "udp") == 0)
		return (IPPROTO_UDP);
	if (strcmp(text, "icmp") == 0 || strcmp(text, "icmp6") == 0)
		return (IPPROTO_ICMP);
	return ((int)probe_number("traceroute", "protocol (udp, icmp or a number)", text, 1, 254));
}

static void __attribute__((__noreturn__)) refuse(int ch)
{
	fprintf(stderr, "traceroute: -%c: %s\n", ch,
	    ch == 'g' ? "source routes are refused everywhere; not supported" :
		ch == 'A' ? "there is no register of AS numbers to ask" :
			    "extensions of ICMP are not shown");
	exit(2);
}

static void
option_take(int ch)
{
	switch (ch) {
	case '4':
		tr.af = AF_INET;
		break;
	case '6':
		tr.af = AF_INET6;
		break;
	case 'A':
	case 'x':
	case 'g':
		refuse(ch);
	case 'c':
		tr.way.sameport = true;
		break;
	case 'd':
		tr.debug = true;
		break;
	case 'V':
		tr.rtable = (int)probe_number("traceroute", "rtable", optarg, 0, 255);
		break;
	case 'D':
		tr.dontfrag = true;
		break;
	case 'f':
		tr.first = (int)probe_number("traceroute", "first ttl", optarg, 1, 255);
		break;
	case 'I':
		tr.proto = IPPROTO_ICMP;
		break;
	case 'l':
		tr.showttl = true;
		break;
	case 'm':
		tr.last = (int)probe_number("traceroute", "max ttl", optarg, 1, 255);
		break;
	case 'n':
		tr.numeric = true;
		break;
	case 'P':
		tr.proto = protocol(optarg);
		break;
	case 'p':
		tr.way.port = (uint16_t)probe_number("traceroute", "port", optarg, 1, 65535);
		break;
	case 'q':
		tr.queries = (unsigned int)probe_number("traceroute", "nqueries", optarg, 1, 255);
		break;
	case 'S':
		tr.showloss = true;
		break;
	case 's':
		tr.source = optarg;
		break;
	case 't':
		tr.tos = tos_read("traceroute", optarg);
		break;
	case 'v':
		tr.verbose = true;
		break;
	case 'w':
		tr.wait_s = probe_number("traceroute", "wait", optarg, 0.01, 86400);
		break;
	default:
		usage();
	}
}

static void
arguments_read(int argc, char *argv[])
{
	int ch;

	tr.af = probe_family(argv[0]);
	while ((ch = getopt(argc, argv, "46AcDdf:g:Ilm:nP:p:q:Ss:t:V:vw:x")) != -1)
		option_take(ch);
	if (argc - optind < 1 || argc - optind > 2)
		usage();
	tr.target = argv[optind];
	if (argc - optind == 2)
		tr.size = (size_t)probe_number("traceroute", "packet size", argv[optind + 1], 1,
		    PACKET_MAX);
	if (tr.first > tr.last) {
		fprintf(stderr,
		    "traceroute: first ttl %d is larger than max ttl %d\n",
		    tr.first, tr.last);
		exit(2);
	}
}

/* --- sockets --- */

static void
option_set(const char *what, int fd, int level, int name, int v)
{
	if (setsockopt(fd, level, name, &v, sizeof(v)) == -1)
		fail(what);
}

/* Only what can be an answer. */
static void
filter6_set(void)
{
	static const int want[] = { 1, 2, 3, 4, 129 };
	uint32_t filter[8];

	memset(filter, 0xff, sizeof(filter));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		filter[want[i] / 32] &= ~(1U << want[i] % 32);
	if (setsockopt(tr.in, IPPROTO_ICMPV6, 1 /* ICMP6_FILTER */, filter,
		sizeof(filter)) == -1)
		fail("icmp6 filter");
}

/* A UDP socket's port is the probes' ident. */
static void
port_learn(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(tr.out, (struct sockaddr *)&ss, &len) == -1)
		fail("getsockname");
	tr.way.ident = ntohs(tr.way.v6 ?
		((struct sockaddr_in6 *)&ss)->sin6_port :
		((struct sockaddr_in *)&ss)->sin_port);
}

static void
source_bind(void)
{
	struct sockaddr_storage ss;
	socklen_t len;

	memset(&ss, 0, sizeof(ss));
	ss.ss_family = tr.to.ss_family;
	len = tr.way.v6 ? sizeof(struct sockaddr_in6) :
			  sizeof(struct sockaddr_in);
	if (tr.source != NULL &&
	    host_resolve("traceroute", tr.source, tr.to.ss_family, &ss, &len) ==
		-1)
		exit(1);
	if ((tr.source != NULL || tr.way.kind == TR_UDP) &&
	    bind(tr.out, (struct sockaddr *)&ss, len) == -1)
		fail(tr.source != NULL ? tr.source : "bind");
}

static void
way_choose(void)
{
	bool v6 = tr.to.ss_family == AF_INET6;
	int icmp = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	tr.way.v6 = v6;
	tr.way.ident = (uint16_t)getpid();
	if (tr.proto == -1 || tr.proto == IPPROTO_UDP)
		tr.way.kind = TR_UDP;
	else if (tr.proto == IPPROTO_ICMP || tr.proto == icmp)
		tr.way.kind = TR_ECHO;
	else
		tr.way.kind = TR_OTHER;
	tr.way.proto = (uint8_t)(tr.way.kind == TR_UDP ? IPPROTO_UDP :
		tr.way.kind == TR_ECHO                 ? icmp :
							 tr.proto);
	if (v6)
		memcpy(tr.way.target,
		    &((struct sockaddr_in6 *)&tr.to)->sin6_addr, 16);
	else
		memcpy(tr.way.target, &((struct sockaddr_in *)&tr.to)->sin_addr,
		    4);
}

static void
size_check(void)
{
	size_t min = (tr.way.v6 ? 40 : 20) + TR_HEAD;

	if (tr.size == 0)
		tr.size = tr.way.v6 ? 60 : 40;
	if (tr.size < min) {
		fprintf(stderr,
		    "traceroute: packet size: %zu is less than %zu\n", tr.size,
		    min);
		exit(2);
	}
}

static void
sockets_open(void)
{
	int level = tr.way.v6 ? IPPROTO_IPV6 : IPPROTO_IP, af = tr.to.ss_family;

	if ((tr.in = socket(af, SOCK_RAW,
		 tr.way.v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) == -1)
		fail("raw socket");
	tr.out = tr.way.kind == TR_UDP ? socket(af, SOCK_DGRAM, 0) :
					 socket(af, SOCK_RAW, tr.way.proto);
	if (tr.out == -1)
		fail("socket");
	if (tr.way.v6)
		filter6_set();
	if (tr.tos != -1)
		option_set("tos", tr.out, level,
		    tr.way.v6 ? IPV6_TCLASS : IP_TOS, tr.tos);
	if (tr.dontfrag)
		option_set("don't fragment", tr.out, level,
		    tr.way.v6 ? IPV6_DONTFRAG : IP_MTU_DISCOVER,
		    tr.way.v6 ? 1 : IP_PMTUDISC_DO);
	if (tr.debug)
		option_set("debug", tr.out, SOL_SOCKET, SO_DEBUG, 1);
	if (tr.rtable != -1) {
		option_set("rtable", tr.in, SOL_SOCKET, SO_RTABLE, tr.rtable);
		option_set("rtable", tr.out, SOL_SOCKET, SO_RTABLE, tr.rtable);
	}
	source_bind();
	if (tr.way.kind == TR_UDP)
		port_learn();
}

/* --- one probe --- */

static int
probe_send(int ttl)
{
	static uint8_t buf[PACKET_MAX];
	size_t len = tr.size - (tr.way.v6 ? 40 : 20);
	struct sockaddr_storage to = tr.to;
	const uint8_t *p = buf;

	option_set("ttl", tr.out, tr.way.v6 ? IPPROTO_IPV6 : IPPROTO_IP,
	    tr.way.v6 ? IPV6_UNICAST_HOPS : IP_TTL, ttl);
	tr_probe_write(&tr.way, ++tr.nr, buf, len);
	if (tr.way.kind == TR_UDP) { /* the kernel writes the head */
		p += TR_HEAD;
		len -= TR_HEAD;
		if (tr.way.v6)
			((struct sockaddr_in6 *)&to)->sin6_port = htons(
			    tr_probe_port(&tr.way, tr.nr));
		else
			((struct sockaddr_in *)&to)->sin_port = htons(
			    tr_probe_port(&tr.way, tr.nr));
	}
	return (
	    sendto(tr.out, p, len, 0, (struct sockaddr *)&to, tr.tolen) == -1 ?
		-1 :
		0);
}

static bool
is_target(const struct sockaddr_storage *from)
{
	if (tr.way.v6)
		return (memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr,
			    tr.way.target, 16) == 0);
	return (memcmp(&((const struct sockaddr_in *)from)->sin_addr,
		    tr.way.target, 4) == 0);
}

static void
other_show(const struct tr_answer *a, const struct sockaddr_storage *from,
    size_t len)
{
	char text[80];

	if (tr.verbose)
		printf("\n%zu bytes from %s: icmp type %d code %d\n", len,
		    host_text((const struct sockaddr *)from, text,
			sizeof(text)),
		    a->type, a->code);
}

/* Waits for the answer to the last probe.  False: none came in time. */
static bool
answer_wait(struct tr_answer *a, struct sockaddr_storage *from)
{
	static uint8_t buf[PACKET_MAX];
	uint64_t then = probe_now_us() + (uint64_t)(tr.wait_s * 1e6), now;
	struct pollfd pfd = { .fd = tr.in, .events = POLLIN };
	struct timespec ts;
	socklen_t fromlen;
	ssize_t n;

	while ((now = probe_now_us()) < then) {
		ts = (struct timespec){ (time_t)((then - now) / 1000000),
			(long)((then - now) % 1000000) * 1000 };
		if (ppoll(&pfd, 1, &ts, NULL) <= 0)
			continue;
		fromlen = sizeof(*from);
		if ((n = recvfrom(tr.in, buf, sizeof(buf), MSG_DONTWAIT,
			 (struct sockaddr *)from, &fromlen)) == -1) {
			if (errno == ENETDOWN)
				fail("receive");
			continue;
		}
		*a = tr_answer_read(&tr.way, buf, (size_t)n, is_target(from));
		if (a->what != TR_NOTOURS && a->nr == tr.nr)
			return (true);
		if (a->what == TR_NOTOURS)
			other_show(a, from, (size_t)n);
	}
	return (false);
}

/* --- one hop --- */

static void
from_show(const struct sockaddr_storage *from)
{
	char text[80], name[256];

	host_text((const struct sockaddr *)from, text, sizeof(text));
	if (tr.numeric)
		printf(" %s", text);
	else
		printf(" %s (%s)",
		    host_name_of((const struct sockaddr *)from, name,
			sizeof(name)),
		    text);
}

struct hop {
	struct sockaddr_storage last; /* who answered last */
	bool any;
	unsigned int lost, refused;
	bool there;
};

static void
probe_show(struct hop *h, const struct tr_answer *a,
    const struct sockaddr_storage *from, double ms)
{
	char mark[16];

	if (!h->any || memcmp(&h->last, from, sizeof(*from)) != 0)
		from_show(from);
	h->any = true;
	h->last = *from;
	printf("  %.3f ms", ms);
	if (tr.showttl && a->ttl != -1)
		printf(" (%d)", a->ttl);
	tr_mark(tr.way.v6, a, mark);
	if (mark[0] != '\0')
		printf(" %s", mark);
	h->there |= a->what == TR_THERE;
	h->refused += a->what == TR_ERROR;
}

static void
hop_probe(struct hop *h, int ttl)
{
	struct sockaddr_storage from;
	struct tr_answer a;
	uint64_t sent = probe_now_us();

	memset(&from, 0, sizeof(from));
	if (probe_send(ttl) == -1) {
		printf("\n");
		fflush(stdout);
		fprintf(stderr, "traceroute: sendto: %s\n", strerror(errno));
		exit(1);
	}
	if (answer_wait(&a, &from))
		probe_show(h, &a, &from, (double)(probe_now_us() - sent) / 1000);
	else {
		printf(" *");
		h->lost++;
	}
	fflush(stdout);
}

/* True: this is the end of the way. */
static bool
hop_run(int ttl)
{
	struct hop h;

	memset(&h, 0, sizeof(h));
	printf("%2d ", ttl);
	for (unsigned int i = 0; i < tr.queries; i++)
		hop_probe(&h, ttl);
	if (tr.showloss)
		printf(" (%u%% loss)", h.lost * 100 / tr.queries);
	printf("\n");
	return (h.there || (h.refused > 0 && h.refused + h.lost == tr.queries));
}

int
main(int argc, char *argv[])
{
	char text[80];

	arguments_read(argc, argv);
	bsd_require("traceroute");
	if (host_resolve("traceroute", tr.target, tr.af, &tr.to, &tr.tolen) ==
	    -1)
		return (1);
	way_choose();
	size_check();
	sockets_open();
	fprintf(stderr,
	    "traceroute to %s (%s), %d hops max, %zu byte packets\n", tr.target,
	    host_text((struct sockaddr *)&tr.to, text, sizeof(text)), tr.last,
	    tr.size);
	for (int ttl = tr.first; ttl <= tr.last; ttl++)
		if (hop_run(ttl))
			break;
	return (0);
}
