/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ping: asks a host whether it is there.
 *
 * One program for both families: a family is a row of message types, header
 * and option numbers.  Requests go out by the clock, not by answers; the loop
 * waits for whichever comes first.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
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

#define HDR	  8 /* of an echo message */
#define STAMP	  8 /* send time in front of the data, when it fits */
#define DATA_MAX  65500
#define SEEN_BITS 65536

static const struct family {
	int af, proto;
	uint8_t request, reply;
	int level, ttl, tos, recvttl, loop;
} families[] = {
	{ AF_INET, IPPROTO_ICMP, 8, 0, IPPROTO_IP, IP_TTL, IP_TOS, IP_RECVTTL, IP_MULTICAST_LOOP },
	{ AF_INET6, IPPROTO_ICMPV6, 128, 129, IPPROTO_IPV6, IPV6_UNICAST_HOPS, IPV6_TCLASS, IPV6_RECVHOPLIMIT,
	    IPV6_MULTICAST_LOOP },
};

static struct {
	/* what is asked for */
	const char *target, *source;
	int af, ttl, tos;
	uint64_t count, preload;
	int rtable; /* -1: table of route exec, or 0 */
	double interval_s, wait_s;
	size_t size;
	bool names, quiet, flood, dontfrag, audible, audible_miss;
	bool debug, noloop, record, verbose;
	uint8_t pattern[16];
	size_t patternlen;
	/* what has happened */
	const struct family *fam;
	int sock;
	struct sockaddr_storage to;
	socklen_t tolen;
	uint16_t id;
	uint64_t sent, received, dups, corrupt;
	double min_ms, max_ms, sum_ms, sum2_ms;
	uint8_t seen[SEEN_BITS / 8];
} ping = { .af = AF_UNSPEC, .ttl = -1, .tos = -1, .rtable = -1, .interval_s = 1, .wait_s = 10, .size = 56 };

static volatile sig_atomic_t stop, info;

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: ping [-46DdEefHLnqRv] [-c count] [-I sourceaddr] [-i interval] [-l preload]\n"
			"            [-p pattern] [-s packetsize] [-T toskeyword] [-t ttl] [-V rtable]\n"
			"            [-w maxwait] host\n");
	exit(2);
}

static void
on_signal(int sig)
{
	if (sig == SIGINT)
		stop = 1;
	else
		info = 1;
}

/* --- arguments --- */

static void
pattern_read(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n % 2 != 0 || n > 2 * sizeof(ping.pattern) || strspn(text, "0123456789abcdefABCDEF") != n) {
		fprintf(stderr, "ping: pattern: %s is not up to %zu bytes in hexadecimal\n", text, sizeof(ping.pattern));
		exit(2);
	}
	for (size_t i = 0; i < n; i += 2) {
		const char two[3] = { text[i], text[i + 1], '\0' };

		ping.pattern[ping.patternlen++] = (uint8_t)strtoul(two, NULL, 16);
	}
}

/* Those that are said or not.  False: it is none. */
static bool
flag_take(int ch)
{
	static const struct {
		int ch;
		bool *flag;
	} flags[] = { { 'D', &ping.dontfrag }, { 'd', &ping.debug },
		{ 'E', &ping.audible_miss }, { 'e', &ping.audible },
		{ 'f', &ping.flood }, { 'H', &ping.names },
		{ 'L', &ping.noloop }, { 'q', &ping.quiet },
		{ 'R', &ping.record }, { 'v', &ping.verbose } };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].ch == ch) {
			*flags[i].flag = true;
			return (true);
		}
	return (false);
}

static void
option_take(int ch)
{
	switch (ch) {
	case '4':
		ping.af = AF_INET;
		break;
	case '6':
		ping.af = AF_INET6;
		break;
	case 'c':
		ping.count = (uint64_t)probe_number("ping", "count", optarg, 1, 1e15);
		break;
	case 'I':
	case 'S': /* as other systems call it */
		ping.source = optarg;
		break;
	case 'i':
		ping.interval_s = probe_number("ping", "interval", optarg, 0.001, 86400);
		break;
	case 'l':
		ping.preload = (uint64_t)probe_number("ping", "preload", optarg, 1, 1000);
		break;
	case 'n':
		ping.names = false;
		break;
	case 'p':
		pattern_read(optarg);
		break;
	case 's':
		ping.size = (size_t)probe_number("ping", "packet size", optarg, 0, DATA_MAX);
		break;
	case 'T':
		ping.tos = tos_read("ping", optarg);
		break;
	case 't':
	case 'h': /* of ping6 */
		ping.ttl = (int)probe_number("ping", "ttl", optarg, 1, 255);
		break;
	case 'V':
		ping.rtable = (int)probe_number("ping", "rtable", optarg, 0, 255);
		break;
	case 'w':
		ping.wait_s = probe_number("ping", "maxwait", optarg, 0.001, 86400);
		break;
	default:
		if (!flag_take(ch))
			usage();
	}
}

static void
arguments_read(int argc, char *argv[])
{
	int ch;

	ping.af = probe_family(argv[0]);
	while ((ch = getopt(argc, argv, "46c:DdEefHh:I:i:Ll:np:qRS:s:T:t:V:vw:")) != -1)
		option_take(ch);
	if (argc - optind != 1)
		usage();
	ping.target = argv[optind];
}

/* --- the socket --- */

static void
option_set(const char *what, int level, int name, int v)
{
	if (setsockopt(ping.sock, level, name, &v, sizeof(v)) == -1) {
		fprintf(stderr, "ping: %s %d: %s\n", what, v, strerror(errno));
		exit(1);
	}
}

static void
source_bind(void)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (host_resolve("ping", ping.source, ping.fam->af, &ss, &len) == -1)
		exit(1);
	if (bind(ping.sock, (struct sockaddr *)&ss, len) == -1) {
		fprintf(stderr, "ping: %s: %s\n", ping.source, strerror(errno));
		exit(1);
	}
}

/* Room for nine routers in the header (RFC 791 3.1, record route). */
static void
record_ask(void)
{
	uint8_t option[40] = { 7, 39, 4 };

	if (ping.fam->af == AF_INET6) {
		fprintf(stderr, "ping: -R: IPv6 has no record of the route\n");
		exit(2);
	}
	if (setsockopt(ping.sock, IPPROTO_IP, IP_OPTIONS, option, sizeof(option)) == -1) {
		fprintf(stderr, "ping: record route: %s\n", strerror(errno));
		exit(1);
	}
}

static void
socket_open(void)
{
	if (host_resolve("ping", ping.target, ping.af, &ping.to, &ping.tolen) == -1)
		exit(1);
	ping.fam = &families[ping.to.ss_family == AF_INET6];
	if ((ping.sock = socket(ping.fam->af, SOCK_RAW, ping.fam->proto)) == -1) {
		fprintf(stderr, "ping: raw socket: %s\n", strerror(errno));
		exit(1);
	}
	if (ping.rtable != -1)
		option_set("rtable", SOL_SOCKET, SO_RTABLE, ping.rtable);
	if (ping.debug)
		option_set("debug", SOL_SOCKET, SO_DEBUG, 1);
	option_set("broadcast", SOL_SOCKET, SO_BROADCAST, 1);
	option_set("receive buffer", SOL_SOCKET, SO_RCVBUF, 1 << 20);
	option_set("ttl of answers", ping.fam->level, ping.fam->recvttl, 1);
	if (ping.ttl != -1)
		option_set("ttl", ping.fam->level, ping.fam->ttl, ping.ttl);
	if (ping.tos != -1)
		option_set("tos", ping.fam->level, ping.fam->tos, ping.tos);
	if (ping.dontfrag && ping.fam->af == AF_INET)
		option_set("don't fragment", IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	else if (ping.dontfrag)
		option_set("don't fragment", IPPROTO_IPV6, IPV6_DONTFRAG, 1);
	if (ping.noloop)
		option_set("loop", ping.fam->level, ping.fam->loop, 0);
	if (ping.record)
		record_ask();
	if (ping.source != NULL)
		source_bind();
	ping.id = (uint16_t)getpid();
}

/* --- requests --- */

static uint8_t
data_byte(size_t i)
{
	return (ping.patternlen > 0 ? ping.pattern[i % ping.patternlen] : (uint8_t)i);
}

static void
request_send(void)
{
	static uint8_t msg[HDR + DATA_MAX];
	uint16_t seq = (uint16_t)ping.sent, sum;
	uint64_t stamp = probe_now_us();

	memset(msg, 0, HDR);
	msg[0] = ping.fam->request;
	msg[4] = (uint8_t)(ping.id >> 8);
	msg[5] = (uint8_t)ping.id;
	msg[6] = (uint8_t)(seq >> 8);
	msg[7] = (uint8_t)seq;
	for (size_t i = 0; i < ping.size; i++)
		msg[HDR + i] = data_byte(i);
	if (ping.size >= STAMP)
		memcpy(msg + HDR, &stamp, STAMP);
	if (ping.fam->af == AF_INET) { /* ICMPv6's is the kernel's to make */
		sum = probe_cksum(msg, HDR + ping.size);
		msg[2] = (uint8_t)(sum >> 8);
		msg[3] = (uint8_t)sum;
	}
	ping.seen[seq / 8] &= (uint8_t)~(1 << seq % 8);
	ping.sent++;
	if (sendto(ping.sock, msg, HDR + ping.size, 0, (struct sockaddr *)&ping.to, ping.tolen) == -1)
		fprintf(stderr, "ping: sendmsg: %s\n", strerror(errno));
	else if (ping.flood && !ping.quiet)
		putchar('.');
}

/* --- answers --- */

struct answer {
	const uint8_t *icmp;
	size_t len;
	const uint8_t *opts; /* of the IPv4 header */
	size_t optlen;
	int ttl;
	struct sockaddr_storage from;
};

static int
hoplimit_find(struct msghdr *msg)
{
	int v = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == ping.fam->level && (c->cmsg_type == IPV6_HOPLIMIT || c->cmsg_type == IP_TTL))
			memcpy(&v, CMSG_DATA(c), sizeof(v));
	return (v);
}

/* The next message into buf.  False: none now. */
static bool
answer_recv(struct answer *a, uint8_t *buf, size_t size)
{
	struct iovec iov = { buf, size };
	char control[256];
	struct msghdr msg = { .msg_name = &a->from, .msg_namelen = sizeof(a->from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	size_t hlen = 0;
	ssize_t n;

	if ((n = recvmsg(ping.sock, &msg, MSG_DONTWAIT)) == -1) {
		/* one error at a time: what it is about may be gone */
		if (errno == ENETDOWN) {
			fprintf(stderr, "ping: %s\n", strerror(errno));
			exit(1); /* the machine itself */
		}
		if (errno != EAGAIN && errno != EINTR)
			fprintf(stderr, "ping: %s\n", strerror(errno));
		return (false);
	}
	a->ttl = hoplimit_find(&msg);
	a->optlen = 0;
	if (ping.fam->af == AF_INET && n >= 20) {
		hlen = (size_t)(buf[0] & 0xf) * 4;
		a->ttl = buf[8];
		a->opts = buf + 20;
		a->optlen = hlen > 20 && (size_t)n >= hlen ? hlen - 20 : 0;
	}
	a->icmp = buf + hlen;
	a->len = (size_t)n > hlen ? (size_t)n - hlen : 0;
	return (true);
}

static void
time_count(double ms)
{
	if (ping.received == 0 || ms < ping.min_ms)
		ping.min_ms = ms;
	if (ms > ping.max_ms)
		ping.max_ms = ms;
	ping.sum_ms += ms;
	ping.sum2_ms += ms * ms;
}

/* The first byte of data that is not what was sent, -1 if all are. */
static long
data_wrong(const struct answer *a)
{
	for (size_t i = ping.size >= STAMP ? STAMP : 0; i + HDR < a->len && i < ping.size; i++)
		if (a->icmp[HDR + i] != data_byte(i))
			return ((long)i);
	return (-1);
}

/* The routers that the way there and back went by. */
static void
record_show(const uint8_t *p, size_t len)
{
	char text[INET_ADDRSTRLEN];
	const char *head = "\nRR: ";

	while (len >= 3 && p[0] != 0) {
		size_t n = p[0] == 1 ? 1 : p[1], end;

		if (n == 0 || n > len)
			return;
		end = p[2] > n ? n : p[2] - 1U;
		for (size_t i = 3; p[0] == 7 && i + 4 <= end; i += 4) {
			printf("%s\t%s", head, inet_ntop(AF_INET, p + i, text, sizeof(text)));
			head = "\n";
		}
		p += n;
		len -= n;
	}
}

static void
reply_show(const struct answer *a, uint16_t seq, double ms, bool dup)
{
	char from[256];
	long wrong = data_wrong(a);

	ping.corrupt += wrong != -1;
	if (ping.quiet)
		return;
	if (ping.flood) {
		putchar('\b');
		return;
	}
	if (!ping.names)
		host_text((const struct sockaddr *)&a->from, from, sizeof(from));
	else
		host_name_of((const struct sockaddr *)&a->from, from, sizeof(from));
	printf("%zu bytes from %s: icmp_seq=%u", a->len, from, seq);
	if (a->ttl != -1)
		printf(ping.fam->af == AF_INET ? " ttl=%d" : " hlim=%d", a->ttl);
	if (ping.size >= STAMP)
		printf(" time=%.3f ms", ms);
	if (dup)
		printf(" (DUP!)");
	if (a->len != HDR + ping.size)
		printf(" (%zu bytes of %zu came back)", a->len > HDR ? a->len - HDR : 0, ping.size);
	if (wrong != -1)
		printf("\nwrong data byte #%ld should be 0x%x but was 0x%x", wrong, data_byte((size_t)wrong), a->icmp[HDR + wrong]);
	record_show(a->opts, a->optlen);
	printf("%s\n", ping.audible ? "\a" : "");
}

static const char *
error_text(uint8_t type, uint8_t code)
{
	static const struct {
		int af;
		uint8_t type;
		int code; /* -1: any */
		const char *text;
	} errors[] = {
		{ AF_INET, 3, 0, "Destination Net Unreachable" },
		{ AF_INET, 3, 1, "Destination Host Unreachable" },
		{ AF_INET, 3, 2, "Destination Protocol Unreachable" },
		{ AF_INET, 3, 3, "Destination Port Unreachable" },
		{ AF_INET, 3, 4, "frag needed and DF set" },
		{ AF_INET, 3, 13, "Communication Administratively Prohibited" },
		{ AF_INET, 3, -1, "Destination Unreachable" },
		{ AF_INET, 11, 0, "Time to live exceeded" },
		{ AF_INET, 11, 1, "Frag reassembly time exceeded" },
		{ AF_INET, 12, -1, "Parameter problem" },
		{ AF_INET6, 1, 0, "No Route to Destination" },
		{ AF_INET6, 1, 1, "Destination Administratively Prohibited" },
		{ AF_INET6, 1, 3, "Destination Host Unreachable" },
		{ AF_INET6, 1, 4, "Destination Port Unreachable" },
		{ AF_INET6, 1, -1, "Destination Unreachable" },
		{ AF_INET6, 2, -1, "Packet too big" },
		{ AF_INET6, 3, 0, "Time to live exceeded" },
		{ AF_INET6, 3, 1, "Frag reassembly time exceeded" },
		{ AF_INET6, 4, -1, "Parameter problem" },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].af == ping.fam->af && errors[i].type == type && (errors[i].code == code || errors[i].code == -1))
			return (errors[i].text);
	return (NULL);
}

/* An error about a request of ours: it quotes our id. */
static void
error_show(const struct answer *a)
{
	const char *text = error_text(a->icmp[0], a->icmp[1]);
	size_t inner = ping.fam->af == AF_INET ? HDR + (size_t)(a->len > HDR ? a->icmp[HDR] & 0xf : 0) * 4 : HDR + 40;
	char from[256];

	if (ping.verbose && !ping.quiet && !ping.flood && text == NULL)
		printf("%zu bytes from %s: icmp type %u code %u\n", a->len,
		    host_text((const struct sockaddr *)&a->from, from, sizeof(from)), a->icmp[0], a->icmp[1]);
	if (text == NULL || a->len < inner + HDR || a->icmp[inner] != ping.fam->request ||
	    (a->icmp[inner + 4] << 8 | a->icmp[inner + 5]) != ping.id)
		return;
	if (ping.flood)
		putchar('E');
	else if (!ping.quiet)
		printf("%zu bytes from %s: %s\n", a->len, host_text((const struct sockaddr *)&a->from, from, sizeof(from)), text);
}

static void
answer_take(const struct answer *a)
{
	uint64_t stamp;
	uint16_t seq;
	double ms = 0;
	bool dup;

	if (a->len < HDR)
		return;
	if (a->icmp[0] != ping.fam->reply) {
		error_show(a);
		return;
	}
	if ((a->icmp[4] << 8 | a->icmp[5]) != ping.id)
		return;
	seq = (uint16_t)(a->icmp[6] << 8 | a->icmp[7]);
	if (ping.size >= STAMP && a->len >= HDR + STAMP) {
		memcpy(&stamp, a->icmp + HDR, STAMP);
		ms = (double)(probe_now_us() - stamp) / 1000;
	}
	dup = (ping.seen[seq / 8] >> seq % 8 & 1) != 0;
	ping.seen[seq / 8] |= (uint8_t)(1 << seq % 8);
	if (dup) {
		ping.dups++;
	} else {
		time_count(ms);
		ping.received++;
	}
	reply_show(a, seq, ms, dup);
}

static void
answers_take(void)
{
	static uint8_t buf[HDR + DATA_MAX + 256];
	struct answer a;

	while (answer_recv(&a, buf, sizeof(buf)))
		answer_take(&a);
	fflush(stdout);
}

/* --- the whole --- */

static void
summary(FILE *f)
{
	double avg, var;

	fprintf(f, "\n--- %s ping statistics ---\n%" PRIu64 " packets transmitted, %" PRIu64 " packets received, ", ping.target,
	    ping.sent, ping.received);
	if (ping.dups > 0)
		fprintf(f, "%" PRIu64 " duplicates, ", ping.dups);
	if (ping.corrupt > 0)
		fprintf(f, "%" PRIu64 " corrupted, ", ping.corrupt);
	if (ping.sent > 0)
		fprintf(f, "%.1f%% packet loss", 100.0 * (double)(ping.sent - ping.received) / (double)ping.sent);
	fprintf(f, "\n");
	if (ping.received == 0 || ping.size < STAMP)
		return;
	avg = ping.sum_ms / (double)ping.received;
	var = ping.sum2_ms / (double)ping.received - avg * avg;
	fprintf(f, "round-trip min/avg/max/std-dev = %.3f/%.3f/%.3f/%.3f ms\n", ping.min_ms, avg, ping.max_ms,
	    var > 0 ? sqrt(var) : 0);
}

/* Waits for answers until then, or until all have come. */
static void
wait_until(uint64_t then_us, bool last)
{
	struct pollfd pfd = { .fd = ping.sock, .events = POLLIN };
	uint64_t now;

	while (!stop && (now = probe_now_us()) < then_us) {
		struct timespec ts = { (time_t)((then_us - now) / 1000000), (long)((then_us - now) % 1000000) * 1000 };
		uint64_t had = ping.received;

		if (ppoll(&pfd, 1, &ts, NULL) > 0)
			answers_take();
		if ((pfd.revents & (POLLHUP | POLLERR)) != 0) {
			fprintf(stderr, "ping: the kernel has gone\n");
			stop = 1;
		}
		if (info) {
			info = 0;
			summary(stderr);
		}
		if ((last && ping.received >= ping.sent) || (ping.flood && ping.received > had))
			return;
	}
}

int
main(int argc, char *argv[])
{
	struct sigaction sa = { .sa_handler = on_signal };
	char text[80];
	uint64_t next;

	arguments_read(argc, argv);
	bsd_require("ping");
	socket_open();
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	printf("PING %s (%s): %zu data bytes\n", ping.target, host_text((struct sockaddr *)&ping.to, text, sizeof(text)), ping.size);
	fflush(stdout);
	for (uint64_t i = 0; i < ping.preload && (ping.count == 0 || ping.sent < ping.count); i++)
		request_send();
	next = probe_now_us();
	while (!stop && (ping.count == 0 || ping.sent < ping.count)) {
		request_send();
		next = ping.flood ? probe_now_us() + 10000 : next + (uint64_t)(ping.interval_s * 1e6);
		if (ping.count == 0 || ping.sent < ping.count)
			wait_until(next, false);
		if (ping.audible_miss && ping.received < ping.sent)
			putchar('\a');
	}
	wait_until(probe_now_us() + (uint64_t)(ping.wait_s * 1e6), true);
	summary(stdout);
	return (ping.received == 0);
}
