/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * traceroute: shows the routers on the way to a host.
 *
 * Datagrams with a growing time to live go to ports where nobody listens;
 * the routers that drop them say so, and so does the host at the end.  An
 * answer belongs to the probe whose destination port it quotes.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

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

static struct {
	const char *target, *source;
	int af, queries, first_ttl, max_ttl, size;
	double wait_s;
	bool numeric;
	uint16_t port;
	struct sockaddr_storage to;
	socklen_t tolen;
	int probe, icmp; /* sockets */
} tr = { .af = AF_UNSPEC, .queries = 3, .first_ttl = 1, .max_ttl = 64, .size = 40, .wait_s = 3, .port = 33434 };

enum answer { A_NONE, A_OTHER, A_HOP, A_HOST, A_UNREACH };

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: traceroute [-46n] [-f first_ttl] [-m max_ttl] [-p port] [-q nqueries] [-s src_addr]\n"
			"                  [-w waittime] host [datalen]\n");
	exit(2);
}

static int
number(const char *what, const char *text, int min, int max)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || v < min || v > max) {
		fprintf(stderr, "traceroute: %s: %s is not between %d and %d\n", what, text, min, max);
		exit(2);
	}
	return ((int)v);
}

static void
arguments_read(int argc, char *argv[])
{
	int ch;

	while ((ch = getopt(argc, argv, "46f:m:np:q:s:w:")) != -1) {
		switch (ch) {
		case '4':
			tr.af = AF_INET;
			break;
		case '6':
			tr.af = AF_INET6;
			break;
		case 'f':
			tr.first_ttl = number("first ttl", optarg, 1, 255);
			break;
		case 'm':
			tr.max_ttl = number("max ttl", optarg, 1, 255);
			break;
		case 'n':
			tr.numeric = true;
			break;
		case 'p':
			tr.port = (uint16_t)number("port", optarg, 1, 65000);
			break;
		case 'q':
			tr.queries = number("queries", optarg, 1, 10);
			break;
		case 's':
			tr.source = optarg;
			break;
		case 'w':
			tr.wait_s = number("wait time", optarg, 1, 60);
			break;
		default:
			usage();
		}
	}
	if (argc - optind < 1 || argc - optind > 2)
		usage();
	tr.target = argv[optind];
	if (argc - optind == 2)
		tr.size = number("data length", argv[optind + 1], 28, 65000);
}

static void __attribute__((__noreturn__))
fail(const char *what)
{
	fprintf(stderr, "traceroute: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
sockets_open(void)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (host_resolve("traceroute", tr.target, tr.af, &tr.to, &tr.tolen) == -1)
		exit(1);
	tr.af = tr.to.ss_family;
	if ((tr.probe = socket(tr.af, SOCK_DGRAM, 0)) == -1 ||
	    (tr.icmp = socket(tr.af, SOCK_RAW, tr.af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)) == -1)
		fail("socket");
	if (tr.source == NULL)
		return;
	if (host_resolve("traceroute", tr.source, tr.af, &ss, &len) == -1)
		exit(1);
	if (bind(tr.probe, (struct sockaddr *)&ss, len) == -1)
		fail(tr.source);
}

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6);
}

static void
probe_send(int ttl, uint16_t port)
{
	static char data[65536];
	int hdr = tr.af == AF_INET ? 28 : 48, len = tr.size > hdr ? tr.size - hdr : 0;

	if (tr.af == AF_INET)
		((struct sockaddr_in *)&tr.to)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)&tr.to)->sin6_port = htons(port);
	if (setsockopt(tr.probe, tr.af == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, tr.af == AF_INET ? IP_TTL : IPV6_UNICAST_HOPS,
		&ttl, sizeof(ttl)) == -1)
		fail("ttl");
	if (sendto(tr.probe, data, (size_t)len, 0, (struct sockaddr *)&tr.to, tr.tolen) != -1)
		return;
	/* an error about the probe before is reported once: try again */
	if (sendto(tr.probe, data, (size_t)len, 0, (struct sockaddr *)&tr.to, tr.tolen) != -1)
		return;
	fflush(stdout);
	fail("sendto");
}

/* What the len bytes at p, an ICMP message, say of the probe to port. */
static enum answer
answer_judge(const uint8_t *p, size_t len, uint16_t port, int *code)
{
	bool v6 = tr.af == AF_INET6;
	size_t inner = 8 + (v6 ? 40 : len > 8 ? (size_t)(p[8] & 0xf) * 4 : 0);

	if (len < inner + 4 || p[8 + (v6 ? 6 : 9)] != IPPROTO_UDP || (p[inner + 2] << 8 | p[inner + 3]) != port)
		return (A_OTHER);
	*code = p[1];
	if (p[0] == (v6 ? 3 : 11))
		return (A_HOP);
	if (p[0] == (v6 ? 1 : 3))
		return (p[1] == (v6 ? 4 : 3) ? A_HOST : A_UNREACH);
	return (A_OTHER);
}

static enum answer
answer_recv(uint16_t port, struct sockaddr_storage *from, int *code)
{
	static uint8_t buf[65536];
	socklen_t fromlen = sizeof(*from);
	size_t hlen = 0;
	ssize_t n;

	if ((n = recvfrom(tr.icmp, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)from, &fromlen)) <= 0)
		return (A_OTHER);
	if (tr.af == AF_INET)
		hlen = (size_t)(buf[0] & 0xf) * 4;
	return ((size_t)n < hlen + 8 ? A_OTHER : answer_judge(buf + hlen, (size_t)n - hlen, port, code));
}

static enum answer
answer_wait(uint16_t port, double sent, struct sockaddr_storage *from, int *code, double *ms)
{
	struct pollfd pfd = { .fd = tr.icmp, .events = POLLIN };
	enum answer a;

	while ((*ms = now_ms() - sent) < tr.wait_s * 1e3) {
		if (poll(&pfd, 1, (int)(tr.wait_s * 1e3 - *ms) + 1) <= 0)
			continue;
		if ((pfd.revents & POLLHUP) != 0) {
			fprintf(stderr, "traceroute: the kernel has gone\n");
			exit(1);
		}
		if ((a = answer_recv(port, from, code)) != A_OTHER) {
			*ms = now_ms() - sent;
			return (a);
		}
	}
	return (A_NONE);
}

static const char *
unreach_text(int code)
{
	static const char *const v4[] = { " !N", " !H", " !P", "", " !F", " !S" };
	static const char *const v6[] = { " !N", " !X", " !S", " !A", "" };

	if (tr.af == AF_INET6)
		return (code < 5 ? v6[code] : " !");
	return (code < 6 ? v4[code] : code == 13 ? " !X" : " !");
}

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	char x[80], y[80];

	return (strcmp(host_text((const struct sockaddr *)a, x, sizeof(x)), host_text((const struct sockaddr *)b, y, sizeof(y))) == 0);
}

static void
hop_name(const struct sockaddr_storage *from)
{
	char addr[80], name[256];

	host_text((const struct sockaddr *)from, addr, sizeof(addr));
	if (tr.numeric)
		printf(" %s", addr);
	else
		printf(" %s (%s)", host_name_of((const struct sockaddr *)from, name, sizeof(name)), addr);
}

/* One line.  True when the way has ended. */
static bool
hop_show(int ttl, uint16_t *port)
{
	struct sockaddr_storage from, last;
	bool end = false;
	int code = 0;
	double ms;

	memset(&last, 0, sizeof(last));
	memset(&from, 0, sizeof(from));
	printf("%2d ", ttl);
	for (int q = 0; q < tr.queries; q++) {
		double sent = now_ms();
		enum answer a;

		probe_send(ttl, ++*port);
		a = answer_wait(*port, sent, &from, &code, &ms);
		if (a == A_NONE) {
			printf(" *");
		} else {
			if (!same_host(&from, &last))
				hop_name(&from);
			last = from;
			printf("  %.3f ms%s", ms, a == A_UNREACH ? unreach_text(code) : "");
			end |= a == A_HOST || a == A_UNREACH;
		}
		fflush(stdout);
	}
	printf("\n");
	return (end);
}

int
main(int argc, char *argv[])
{
	char text[80];
	uint16_t port;

	arguments_read(argc, argv);
	bsd_require("traceroute");
	sockets_open();
	port = tr.port;
	printf("traceroute to %s (%s), %d hops max, %d byte packets\n", tr.target, host_text((struct sockaddr *)&tr.to, text, sizeof(text)),
	    tr.max_ttl, tr.size);
	for (int ttl = tr.first_ttl; ttl <= tr.max_ttl; ttl++)
		if (hop_show(ttl, &port))
			return (0);
	return (1);
}
