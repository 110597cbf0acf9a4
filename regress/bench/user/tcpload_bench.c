/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Load for TCP, the same program on Linux's sockets and on a machine's: small
 * requests and responses, short connections, bulk, and connections that do
 * nothing.  For regress/bench/tcp.sh; without arguments it measures nothing.
 *
 *	tcpload_bench serve PORT [CONGESTION]
 *	tcpload_bench rr|crr|bulk|get|idle ADDRESS PORT CONNECTIONS SECONDS
 *	    [CONGESTION]
 *
 * The server answers a byte 'r' with one byte, sends without end to who says
 * 'g', and reads others.  CONGESTION is a name for TCP_CONGESTION.
 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

#define CONNS_MAX 10240
#define BATCH	  64 /* that connect at the same time */

static char buf[262144];
static const char *congestion;

static void
need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "tcpload_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* As many as there may be. */
static void
descriptors(void)
{
	struct rlimit rl;

	need(getrlimit(RLIMIT_NOFILE, &rl) == 0, "RLIMIT_NOFILE");
	rl.rlim_cur = rl.rlim_max;
	need(setrlimit(RLIMIT_NOFILE, &rl) == 0, "RLIMIT_NOFILE");
}

static void
control(int fd)
{
	if (congestion != NULL)
		need(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion,
			 (socklen_t)strlen(congestion)) == 0,
		    congestion);
}

static int
sock(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	need(fd >= 0, "socket");
	control(fd);
	return (fd);
}

static struct sockaddr_in
address(const char *host, const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };

	need(inet_pton(AF_INET, host, &sin.sin_addr) == 1, host);
	return (sin);
}

/* --- the server --- */

/* False: it is over. */
static bool
answer(struct pollfd *p)
{
	ssize_t n = p->events == POLLOUT ?
	    send(p->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL) :
	    recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return (true);
	if (n <= 0)
		return (false);
	if (p->events == POLLOUT)
		return (true);
	if (buf[0] == 'g')
		p->events = POLLOUT;
	return (buf[0] != 'r' || send(p->fd, "a", 1, MSG_NOSIGNAL) == 1);
}

static void
serve(const char *port)
{
	static struct pollfd p[CONNS_MAX];
	struct sockaddr_in sin = address("0.0.0.0", port);
	nfds_t n = 1;
	int one = 1;

	p[0] = (struct pollfd){ sock(), POLLIN, 0 };
	need(setsockopt(p[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ==
		0,
	    "SO_REUSEADDR");
	need(bind(p[0].fd, (struct sockaddr *)&sin, sizeof(sin)) == 0, "bind");
	need(listen(p[0].fd, 128) == 0, "listen");
	descriptors();
	for (;;) {
		need(poll(p, n, -1) > 0, "poll");
		for (nfds_t i = n; i-- > 1;)
			if (p[i].revents != 0 && !answer(&p[i])) {
				close(p[i].fd);
				p[i] = p[--n];
			}
		if (p[0].revents != 0 && n < CONNS_MAX) {
			p[n] = (struct pollfd){ accept(p[0].fd, NULL, NULL),
				POLLIN, 0 };
			if (p[n].fd < 0)
				continue;
			(void)setsockopt(p[n++].fd, IPPROTO_TCP, TCP_NODELAY,
			    &one, sizeof(one));
		}
	}
}

/* --- clients --- */

static int
connected(const struct sockaddr_in *sin)
{
	int fd = sock(), one = 1;

	need(connect(fd, (const struct sockaddr *)sin, sizeof(*sin)) == 0,
	    "connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return (fd);
}

/* Transactions a second over n connections, one under way on each. */
static double
rr(const struct sockaddr_in *sin, unsigned int n, double seconds)
{
	struct pollfd p[CONNS_MAX];
	double from, end;
	uint64_t done = 0;
	char c;

	for (unsigned int i = 0; i < n; i++) {
		p[i] = (struct pollfd){ connected(sin), POLLIN, 0 };
		need(send(p[i].fd, "r", 1, 0) == 1, "send");
	}
	from = now_s();
	for (end = from + seconds; now_s() < end;) {
		need(poll(p, n, 5000) > 0, "poll");
		for (unsigned int i = 0; i < n; i++) {
			if (p[i].revents == 0)
				continue;
			need(recv(p[i].fd, &c, 1, 0) == 1, "recv");
			done++;
			need(send(p[i].fd, "r", 1, 0) == 1, "send");
		}
	}
	return ((double)done / (now_s() - from));
}

/* Connections a second, with a request each. */
static double
crr(const struct sockaddr_in *sin, double seconds)
{
	struct linger l = { 1, 0 }; /* no TIME_WAIT: ports would run out */
	double from = now_s();
	uint64_t done = 0;
	char c;
	int fd;

	while (now_s() < from + seconds) {
		fd = connected(sin);
		need(send(fd, "r", 1, 0) == 1, "send");
		need(recv(fd, &c, 1, 0) == 1, "recv");
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		close(fd);
		done++;
	}
	return ((double)done / (now_s() - from));
}

/* Gbit/s over n connections. */
static double
bulk(const struct sockaddr_in *sin, unsigned int n, double seconds)
{
	struct pollfd p[CONNS_MAX];
	double from = now_s();
	uint64_t bytes = 0;
	ssize_t sent;

	memset(buf, 'b', sizeof(buf));
	for (unsigned int i = 0; i < n; i++)
		p[i] = (struct pollfd){ connected(sin), POLLOUT, 0 };
	while (now_s() < from + seconds) {
		need(poll(p, n, 5000) > 0, "poll");
		for (unsigned int i = 0; i < n; i++) {
			if (p[i].revents == 0)
				continue;
			sent = send(p[i].fd, buf, sizeof(buf), MSG_DONTWAIT);
			need(sent > 0 || errno == EAGAIN, "send");
			bytes += sent > 0 ? (uint64_t)sent : 0;
		}
	}
	return ((double)bytes * 8 / 1e9 / (now_s() - from));
}

/* Holds n connections that have asked once and say nothing more; tells when. */
static void
idle(const struct sockaddr_in *sin, unsigned int n, double seconds)
{
	int fd[BATCH];
	char c;

	for (unsigned int k; n > 0; n -= k) {
		k = n < BATCH ? n : BATCH;
		for (unsigned int i = 0; i < k; i++) {
			fd[i] = connected(sin);
			need(send(fd[i], "r", 1, 0) == 1, "send");
		}
		for (unsigned int i = 0; i < k; i++)
			need(recv(fd[i], &c, 1, 0) == 1, "recv");
	}
	printf("idle\n");
	fflush(stdout);
	usleep((useconds_t)(seconds * 1e6));
}

/* The same the other way: what the server sends. */
static double
get(const struct sockaddr_in *sin, unsigned int n, double seconds)
{
	struct pollfd p[CONNS_MAX];
	double from = now_s();
	uint64_t bytes = 0;
	ssize_t got;

	for (unsigned int i = 0; i < n; i++) {
		p[i] = (struct pollfd){ connected(sin), POLLIN, 0 };
		need(send(p[i].fd, "g", 1, 0) == 1, "send");
	}
	while (now_s() < from + seconds) {
		need(poll(p, n, 5000) > 0, "poll");
		for (unsigned int i = 0; i < n; i++) {
			if (p[i].revents == 0)
				continue;
			got = recv(p[i].fd, buf, sizeof(buf), MSG_DONTWAIT);
			need(got > 0 || errno == EAGAIN, "recv");
			bytes += got > 0 ? (uint64_t)got : 0;
		}
	}
	return ((double)bytes * 8 / 1e9 / (now_s() - from));
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in sin;
	unsigned int n;
	double s;

	if (argc > 2 && strcmp(argv[1], "serve") == 0) {
		congestion = argv[3];
		serve(argv[2]);
	}
	if (argc < 6) {
		printf("# tcpload: regress/bench/tcp.sh runs it\n");
		return (0);
	}
	sin = address(argv[2], argv[3]);
	n = (unsigned int)atoi(argv[4]);
	s = atof(argv[5]);
	congestion = argv[6];
	need(n > 0 && n < CONNS_MAX, "connections");
	descriptors();
	if (strcmp(argv[1], "rr") == 0)
		printf("%.0f\n", rr(&sin, n, s));
	else if (strcmp(argv[1], "idle") == 0)
		idle(&sin, n, s);
	else if (strcmp(argv[1], "crr") == 0)
		printf("%.0f\n", crr(&sin, s));
	else
		printf("%.2f\n",
		    strcmp(argv[1], "get") == 0 ? get(&sin, n, s) :
						  bulk(&sin, n, s));
	return (0);
}
