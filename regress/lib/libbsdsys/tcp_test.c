/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * TCP through descriptors of a real machine: what stream_test.c shows of
 * streams, shown of TCP over lo0 in both families, and the calls that Linux
 * programs make beside read() and write().  And the table of options: each is
 * carried, or refused with the errno that Linux has for it.
 */

#include "machine.h"
#include "inet.h"
#include "../../../sys/netinet/in_pcb_row.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <linux/sockios.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <spawn.h>

extern char **environ;
ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags,
    struct sockaddr *sa, socklen_t *salen);

/* --- bytes, ends, resets --- */

static void
test_back_pressure(void **state UNUSED)
{
	int a, b;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		/* that it stopped, write_full() has seen; a timer of TCP's may
		 * still fit a little more, so it is not asked again */
		uint64_t took = write_full(a);
		assert_in_range(took, 65536, 64 << 20);
		read_pattern(b, took, 0);
		assert_comes(a, POLLOUT);
		assert_quiet(b, POLLIN);
		both_close(a, b);
	}
}

/* Bytes that wait in all sockets. */
static uint64_t
waiting_bytes(void)
{
	struct in_pcb_row *rows;
	uint64_t sum = 0;
	size_t len;

	rows = bsd_sysctl_alloc("net.inet.pcblist", &len);
	assert_non_null(rows);
	for (size_t i = 0; i < len / sizeof(*rows); i++)
		sum += rows[i].rcvq + rows[i].sndq;
	free(rows);
	return (sum);
}

/* As much as fits at once, behind the first took bytes. */
static uint64_t
write_some(int fd, uint64_t took)
{
	uint8_t buf[8192];
	ssize_t n;

	for (;; took += (uint64_t)n) {
		pattern_fill(buf, sizeof(buf), took);
		if ((n = write(fd, buf, sizeof(buf))) <= 0)
			return (took);
	}
}

#define MANY  24
#define LEAST 65536 /* for each socket, whatever its user has */

/*
 * Many connections that nobody reads hold no more than their user's share,
 * and not much beyond; one that is read goes on meanwhile, and in the end all
 * that was written is there.
 */
static void
test_share_of_memory(void **state UNUSED)
{
	int64_t share = 1 << 20, before;
	int a[MANY], b[MANY], x, y;
	uint64_t took[MANY] = { 0 }, at = 0, got = 0;
	size_t len = sizeof(before);

	assert_return_code(bsd_sysctl("kern.maxuserbytes", &before, &len, &share,
			       sizeof(share)),
	    errno);
	for (int i = 0; i < MANY; i++) {
		tcp_pair(families[i % 2], &a[i], &b[i]);
		nonblock(a[i]);
	}
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < MANY; i++)
			took[i] = write_some(a[i], took[i]);
		usleep(QUIET_MS * 1000);
	}
	assert_in_range(waiting_bytes(), (uint64_t)share / 2,
	    (uint64_t)share + MANY * 4 * LEAST); /* 21 MB without it */
	tcp_pair(AF_INET6, &x, &y);
	nonblock(x);
	while (got < 1 << 20) {
		at = write_some(x, at);
		read_pattern(y, at - got, got);
		got = at;
	}
	for (int i = 0; i < MANY; i++)
		read_pattern(b[i], took[i], 0);
	for (int i = 0; i < MANY; i++)
		both_close(a[i], b[i]);
	both_close(x, y);
	assert_return_code(bsd_sysctl("kern.maxuserbytes", NULL, NULL, &before,
			       sizeof(before)),
	    errno);
}

static void
test_half_close(void **state UNUSED)
{
	int a, b;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		say(a, "all I have");
		assert_return_code(shutdown(a, SHUT_WR), errno);
		assert_errno(write(a, "x", 1), EPIPE);
		expect_text(b, "all I have");
		expect_eof(b);
		assert_true((events_of(b, POLLRDHUP, 0) & POLLRDHUP) != 0);
		say(b, "but I have more");
		expect_text(a, "but I have more");
		close(b);
		expect_eof(a);
		close(a);
	}
}

static void
test_resets(void **state UNUSED)
{
	struct linger l = { 1, 0 };
	int a, b;
	char c;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_return_code(setsockopt(a, SOL_SOCKET, SO_LINGER, &l,
				       sizeof(l)),
		    errno);
		close(a);
		assert_comes(b, POLLIN);
		assert_errno(read(b, &c, 1), ECONNRESET);
		assert_int_equal(read(b, &c, 1), 0); /* told once */
		close(b);

		tcp_pair(af, &a, &b);
		say(a, "never read");
		assert_comes(b, POLLIN);
		close(b);
		assert_comes(a, POLLIN);
		assert_errno(read(a, &c, 1), ECONNRESET);
		close(a);
	}
}

/* A linger time: close waits for the peer, but not longer. */
static void
test_linger(void **state UNUSED)
{
	struct linger patient = { 1, 30 }, l = { 1, 1 };
	uint64_t then;
	int a, b, n;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_return_code(setsockopt(a, SOL_SOCKET, SO_LINGER,
				       &patient, sizeof(patient)),
		    errno);
		say(a, "quickly gone");
		then = now_ms();
		close(a);
		assert_in_range(now_ms() - then, 0, 2 * SOON_MS);
		expect_text(b, "quickly gone");
		expect_eof(b);
		close(b);

		tcp_pair(af, &a, &b);
		assert_return_code(setsockopt(a, SOL_SOCKET, SO_LINGER, &l,
				       sizeof(l)),
		    errno);
		uint64_t took = write_full(a);
		assert_return_code(ioctl(a, SIOCOUTQ, &n), errno);
		assert_true(n > 0);
		then = now_ms();
		close(a); /* b does not read */
		assert_in_range(now_ms() - then, 800, 2 * SOON_MS);
		read_pattern(b, took, 0); /* nothing is lost by that */
		expect_eof(b);
		close(b);
	}
}

/* kill -9 of either side is a close: what was written before arrives. */
static void
test_killed(void **state UNUSED)
{
	int a, b, l, port;
	pid_t pid;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		if ((pid = fork()) == 0) {
			a = socket(af, SOCK_STREAM, 0);
			CHILD_CHECK(tcp_connect(a, af, port) == 0);
			CHILD_CHECK(write(a, "last words", 10) == 10);
			pause();
		}
		assert_comes(l, POLLIN);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		expect_text(b, "last words");
		child_kill(pid);
		expect_eof(b);
		both_close(l, b);
	}
}

static void
test_names(void **state UNUSED)
{
	struct sockaddr_storage x, y;
	socklen_t xl, yl;
	int a, b;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		xl = yl = sizeof(x);
		assert_int_equal(getsockname(a, (struct sockaddr *)&x, &xl), 0);
		assert_int_equal(getpeername(b, (struct sockaddr *)&y, &yl), 0);
		assert_int_equal(xl, yl);
		assert_memory_equal(&x, &y, xl);
		xl = 4; /* cut, and told how long it is */
		assert_int_equal(getpeername(a, (struct sockaddr *)&x, &xl), 0);
		assert_int_equal(xl, yl);
		both_close(a, b);
		a = tcp_socket(af, 0);
		assert_errno(getpeername(a, (struct sockaddr *)&x, &xl),
		    ENOTCONN);
		assert_errno(shutdown(a, SHUT_RDWR), ENOTCONN);
		close(a);
	}
}

/* --- connecting and accepting --- */

static void
test_connect_nonblocking(void **state UNUSED)
{
	int a, b, l, port;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		a = tcp_socket(af, SOCK_NONBLOCK);
		if (tcp_connect(a, af, port) == -1)
			assert_int_equal(errno, EINPROGRESS);
		assert_comes(a, POLLOUT);
		assert_int_equal(error_of(a), 0);
		assert_errno(tcp_connect(a, af, port), EISCONN);
		b = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		assert_return_code(b, errno);
		assert_true((fcntl(b, F_GETFL) & O_NONBLOCK) != 0);
		assert_true((fcntl(b, F_GETFD) & FD_CLOEXEC) != 0);
		assert_errno(accept4(l, NULL, NULL, 1), EINVAL);
		both_close(a, b);
		close(l);

		a = tcp_socket(af, SOCK_NONBLOCK); /* nobody listens now */
		if (tcp_connect(a, af, port) == -1 && errno == EINPROGRESS) {
			assert_comes(a, POLLOUT);
			assert_int_equal(error_of(a), ECONNREFUSED);
		} else
			assert_int_equal(errno, ECONNREFUSED);
		close(a);
	}
}

/* A server that ends and begins again finds its port free at once. */
static void
test_port_again(void **state UNUSED)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int l, port, m;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		len = here(af, port, &ss);
		m = tcp_socket(af, 0);
		assert_errno(bind(m, (struct sockaddr *)&ss, len), EADDRINUSE);
		close(m);
		for (int i = 0; i < 50; i++) {
			close(l);
			l = tcp_socket(af, 0);
			assert_return_code(bind(l, (struct sockaddr *)&ss, len),
			    errno);
			assert_return_code(listen(l, 1), errno);
		}
		close(l);
	}
}

/* --- ways to receive and to send --- */

static void
test_receive_flags(void **state UNUSED)
{
	char buf[32];
	int a, b, n;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_errno(recv(b, buf, 4, MSG_DONTWAIT), EAGAIN);
		say(a, "0123456789abcdef");
		assert_comes(b, POLLIN);
		assert_int_equal(recv(b, buf, 4, MSG_PEEK), 4);
		assert_memory_equal(buf, "0123", 4);
		assert_int_equal(ioctl(b, FIONREAD, &n), 0);
		assert_int_equal(n, 16);
		assert_int_equal(recv(b, NULL, 4, MSG_TRUNC), 4); /* away */
		assert_int_equal(__read_chk(b, buf, 2, sizeof(buf)), 2);
		assert_int_equal(__recv_chk(b, buf + 2, 2, sizeof(buf), 0), 2);
		assert_int_equal(__recvfrom_chk(b, buf + 4, 2, sizeof(buf), 0,
				     NULL, NULL),
		    2);
		assert_memory_equal(buf, "456789", 6);
		if (fork() == 0) {
			usleep(50000);
			_exit(write(a, "ghijkl", 6) != 6);
		}
		assert_int_equal(recv(b, buf, 12, MSG_WAITALL), 12);
		assert_memory_equal(buf, "abcdefghijkl", 12);
		wait(&n);
		assert_int_equal(n, 0);
		both_close(a, b);
	}
}

static void
test_time_limits(void **state UNUSED)
{
	static char more[65536];
	struct timeval tv = { 0, 80000 };
	uint64_t then;
	int a, b;
	char c;

	tcp_pair(AF_INET, &a, &b);
	assert_return_code(setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &tv,
			       sizeof(tv)),
	    errno);
	then = now_ms();
	assert_errno(read(b, &c, 1), EAGAIN);
	assert_in_range(now_ms() - then, 60, SOON_MS);
	(void)write_full(a);
	assert_return_code(fcntl(a, F_SETFL, 0), errno);
	assert_return_code(setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &tv,
			       sizeof(tv)),
	    errno);
	do /* some bytes more may fit */
		then = now_ms();
	while (write(a, more, sizeof(more)) > 0);
	assert_int_equal(errno, EAGAIN);
	assert_in_range(now_ms() - then, 60, SOON_MS);
	both_close(a, b);
}

static void
test_several_messages(void **state UNUSED)
{
	char in[4][16], out[3][8] = { "one", "two!", "three" }, xy[] = "xy";
	struct iovec iov[4], many[100];
	struct mmsghdr vec[4];
	struct sockaddr_storage ss;
	socklen_t len;
	int a, b;

	BOTH(af)
	{
		assert_return_code(a = socket(af, SOCK_DGRAM, 0), errno);
		assert_return_code(b = socket(af, SOCK_DGRAM, 0), errno);
		len = here(af, 0, &ss);
		assert_int_equal(bind(b, (struct sockaddr *)&ss, len), 0);
		len = here(af, port_of(b), &ss);
		assert_int_equal(connect(a, (struct sockaddr *)&ss, len), 0);
		memset(vec, 0, sizeof(vec));
		for (int i = 0; i < 3; i++) {
			iov[i] = (struct iovec){ out[i], strlen(out[i]) };
			vec[i].msg_hdr.msg_iov = &iov[i];
			vec[i].msg_hdr.msg_iovlen = 1;
		}
		assert_int_equal(sendmmsg(a, vec, 3, 0), 3);
		assert_int_equal(vec[2].msg_len, 5);
		memset(vec, 0, sizeof(vec));
		for (int i = 0; i < 4; i++) {
			iov[i] = (struct iovec){ in[i], sizeof(in[i]) };
			vec[i].msg_hdr.msg_iov = &iov[i];
			vec[i].msg_hdr.msg_iovlen = 1;
		}
		for (int got = 0; got < 3;) {
			int n = recvmmsg(b, vec + got, (unsigned)(4 - got),
			    MSG_WAITFORONE, NULL);
			assert_true(n > 0);
			got += n;
		}
		for (int i = 0; i < 3; i++) {
			assert_int_equal(vec[i].msg_len, strlen(out[i]));
			assert_memory_equal(in[i], out[i], strlen(out[i]));
		}
		assert_errno((int)syscall(SYS_recvmmsg, b, vec, 4, MSG_DONTWAIT,
				 NULL),
		    EAGAIN);
		for (int i = 0; i < 100; i++) /* more pieces than a call has */
			many[i] = (struct iovec){ xy, 2 };
		assert_int_equal(writev(a, many, 100), 200);
		assert_comes(b, POLLIN);
		assert_int_equal(recv(b, in[0], 16, MSG_TRUNC), 200);
		both_close(a, b);
	}
}

static void
test_sendfile(void **state UNUSED)
{
	enum { LEN = 300000 };
	uint8_t *buf = malloc(LEN);
	int a, b, fd = memfd_create("file", MFD_CLOEXEC);
	off_t at = 0;
	pid_t pid;

	pattern_fill(buf, LEN, 0);
	assert_int_equal(write(fd, buf, LEN), LEN);
	free(buf);
	tcp_pair(AF_INET6, &a, &b);
	if ((pid = fork()) == 0) {
		while (at < LEN)
			CHILD_CHECK(
			    sendfile(a, fd, &at, (size_t)(LEN - at)) > 0);
		_exit(0);
	}
	read_pattern(b, LEN, 0);
	child_good(pid);
	both_close(a, b);
	close(fd);
}

/* --- descriptors --- */

/* A number that was a stream becomes a datagram socket, by every way. */
static void
test_numbers_change(void **state UNUSED)
{
	struct sockaddr_storage ss;
	socklen_t len = here(AF_INET, 0, &ss);
	int a, b, u, v, n;
	char buf[8];

	assert_return_code(u = socket(AF_INET, SOCK_DGRAM, 0), errno);
	assert_int_equal(bind(u, (struct sockaddr *)&ss, len), 0);
	len = here(AF_INET, port_of(u), &ss);
	for (int way = 0; way < 4; way++) {
		tcp_pair(AF_INET, &a, &b);
		say(a, "a stream");
		expect_text(b, "a stream");
		close(a);
		if (way == 0)
			v = dup2(u, b);
		else if (way == 1)
			v = dup3(u, b, O_CLOEXEC);
		else {
			syscall(SYS_close, b); /* behind everybody's back */
			v = way == 2 ? fcntl(u, F_DUPFD, b) : dup(u);
		}
		assert_return_code(v, errno);
		assert_int_equal(sendto(u, "datagram", 8, 0,
				     (struct sockaddr *)&ss, len),
		    8);
		assert_comes(v, POLLIN);
		assert_int_equal(read(v, buf, 8), 8);
		assert_memory_equal(buf, "datagram", 8);
		close(v);
	}
	assert_int_equal(ioctl(u, FIONBIO, &(int){ 1 }), 0);
	assert_errno(read(u, buf, 8), EAGAIN);
	n = open("/dev/null", O_RDWR); /* files stay the host's */
	assert_int_equal(read(n, buf, 8), 0);
	assert_int_equal(write(n, buf, 8), 8);
	both_close(u, n);
}

static void
test_spawned(void **state UNUSED)
{
	const char *argv[] = { "/bin/sh", "-c", "read x; echo got $x", NULL };
	posix_spawn_file_actions_t fa;
	int a, b, status;
	pid_t pid;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		posix_spawn_file_actions_init(&fa);
		posix_spawn_file_actions_adddup2(&fa, b, 0);
		posix_spawn_file_actions_adddup2(&fa, b, 1);
		assert_int_equal(posix_spawn(&pid, argv[0], &fa, NULL,
				     (char *const *)(uintptr_t)argv, environ),
		    0);
		posix_spawn_file_actions_destroy(&fa);
		say(a, "a line\n");
		expect_text(a, "got a line\n");
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
		both_close(a, b);
	}
}

/* All descriptors are closed, the connection to the kernel too: it goes on. */
static void
test_close_range(void **state UNUSED)
{
	int port, status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		CHILD_CHECK(socket(AF_INET, SOCK_STREAM, 0) != -1);
		close_range(3, ~0U, 0);
		int l = tcp_listener(AF_INET, &port);
		int a = socket(AF_INET, SOCK_STREAM, 0);
		CHILD_CHECK(tcp_connect(a, AF_INET, port) == 0);
		CHILD_CHECK(accept(l, NULL, NULL) != -1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* One that is stopped holds what it holds; others go on. */
static void
test_stopped(void **state UNUSED)
{
	int a, b, c, d, status;
	uint64_t took;
	pid_t pid;

	tcp_pair(AF_INET, &a, &b);
	if ((pid = fork()) == 0) {
		close(a);
		for (char x[4096]; read(b, x, sizeof(x)) > 0;)
			;
		_exit(0);
	}
	close(b);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	took = write_full(a);
	assert_in_range(took, 65536, 64 << 20); /* and no more */
	for (int i = 0; i < 20; i++) {
		tcp_pair(AF_INET6, &c, &d);
		say(c, "meanwhile");
		expect_text(d, "meanwhile");
		both_close(c, d);
	}
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_comes(a, POLLOUT);
	close(a);
	child_good(pid);
}

/* --- options --- */

enum { SETS = 1, GETS = 2, BOTH_WAYS = 3 };
static const struct option_row {
	int level, name;
	int value; /* that is set and read again */
	int ways;
	int error; /* of the ways that do not work */
} options[] = {
	/* clang-format off */
	{ SOL_SOCKET, SO_REUSEADDR,	1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_REUSEPORT,	1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_KEEPALIVE,	1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_BROADCAST,	1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_DONTROUTE,	1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_OOBINLINE,	1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_RCVBUF,	-1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_SNDBUF,	-1,	BOTH_WAYS, 0 },
	{ SOL_SOCKET, SO_ERROR,		0,	GETS, ENOPROTOOPT },
	{ SOL_SOCKET, SO_TYPE,		SOCK_STREAM, GETS, ENOPROTOOPT },
	{ SOL_SOCKET, SO_PROTOCOL,	IPPROTO_TCP, GETS, ENOPROTOOPT },
	{ SOL_SOCKET, SO_ACCEPTCONN,	0,	GETS, ENOPROTOOPT },
	{ SOL_SOCKET, SO_ZEROCOPY,	1,	0, ENOPROTOOPT },
	{ SOL_SOCKET, SO_BUSY_POLL,	1,	0, ENOPROTOOPT },
	{ IPPROTO_TCP, TCP_NODELAY,	1,	BOTH_WAYS, 0 },
	{ IPPROTO_TCP, TCP_CORK,	1,	BOTH_WAYS, 0 },
	{ IPPROTO_TCP, TCP_MAXSEG,	-1,	GETS, 0 },
	{ IPPROTO_TCP, TCP_KEEPIDLE,	77,	BOTH_WAYS, 0 },
	{ IPPROTO_TCP, TCP_KEEPINTVL,	7,	BOTH_WAYS, 0 },
	{ IPPROTO_TCP, TCP_KEEPCNT,	7,	BOTH_WAYS, 0 },
	{ IPPROTO_TCP, TCP_SYNCNT,	3,	BOTH_WAYS, 0 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 5000,	BOTH_WAYS, 0 },
	{ IPPROTO_TCP, TCP_REPAIR,	1,	0, ENOPROTOOPT },
	{ IPPROTO_TCP, 9999,		1,	0, ENOPROTOOPT },
	{ IPPROTO_IP, IP_TOS,		16,	BOTH_WAYS, 0 },
	{ IPPROTO_IP, IP_TTL,		7,	BOTH_WAYS, 0 },
	{ IPPROTO_IP, IP_MINTTL,	250,	BOTH_WAYS, 0 },
	{ IPPROTO_IP, IP_TRANSPARENT,	1,	BOTH_WAYS, 0 },
	{ IPPROTO_IP, 9999,		1,	0, ENOPROTOOPT },
	{ IPPROTO_IPV6, IPV6_V6ONLY,	1,	BOTH_WAYS, 0 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9,	BOTH_WAYS, 0 },
	{ IPPROTO_IPV6, IPV6_TCLASS,	32,	BOTH_WAYS, 0 },
	{ IPPROTO_IPV6, 9999,		1,	0, ENOPROTOOPT },
	/* clang-format on */
};

static void
option_walk(int af, const struct option_row *o)
{
	int fd = tcp_socket(af, 0), v = o->value == -1 ? 65536 : o->value, ret;
	socklen_t len = sizeof(v);

	ret = setsockopt(fd, o->level, o->name, &v, sizeof(v));
	if ((o->ways & SETS) != 0 && ret == -1)
		fail_msg("%d/%d: set: %s", o->level, o->name, strerror(errno));
	if ((o->ways & SETS) == 0 && o->error != 0 &&
	    (ret != -1 || errno != o->error))
		fail_msg("%d/%d: set: %d, %s", o->level, o->name, ret,
		    strerror(errno));
	v = -77;
	ret = getsockopt(fd, o->level, o->name, &v, &len);
	if ((o->ways & GETS) == 0) {
		if (ret != -1 || errno != o->error)
			fail_msg("%d/%d: get: %d", o->level, o->name, ret);
	} else if (ret == -1 || len != sizeof(v) ||
	    (o->value != -1 && v != o->value))
		fail_msg("%d/%d: get: %d, value %d", o->level, o->name, ret, v);
	close(fd);
}

static void
test_options(void **state UNUSED)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		BOTH(af)
	if (options[i].level != IPPROTO_IPV6 || af == AF_INET6)
		option_walk(af, &options[i]);
}

static void
test_options_with_structures(void **state UNUSED)
{
	struct linger l = { 1, 5 };
	struct tcp_info ti;
	socklen_t len;
	char name[16];
	int a, b, v;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_int_equal(setsockopt(a, SOL_SOCKET, SO_LINGER, &l,
				     sizeof(l)),
		    0);
		memset(&l, 0, len = sizeof(l));
		assert_int_equal(getsockopt(a, SOL_SOCKET, SO_LINGER, &l, &len),
		    0);
		assert_int_equal(l.l_onoff, 1);
		assert_int_equal(l.l_linger, 5);
		memset(&ti, 0, len = sizeof(ti));
		assert_int_equal(getsockopt(a, IPPROTO_TCP, TCP_INFO, &ti,
				     &len),
		    0);
		assert_int_equal(ti.tcpi_state, TCP_ESTABLISHED);
		assert_true(ti.tcpi_snd_mss >= 536);
		/* lo0 takes so much; less headers, and 12 of timestamps */
		assert_int_equal(ti.tcpi_advmss,
		    ti.tcpi_pmtu - (af == AF_INET ? 40 : 60));
		assert_int_equal(ti.tcpi_snd_mss, ti.tcpi_advmss - 12);
		len = sizeof(name);
		assert_int_equal(getsockopt(a, IPPROTO_TCP, TCP_CONGESTION,
				     name, &len),
		    0);
		assert_string_equal(name, "cubic");
		assert_int_equal(setsockopt(a, IPPROTO_TCP, TCP_CONGESTION,
				     "reno", 4),
		    0);
		assert_errno(setsockopt(a, IPPROTO_TCP, TCP_CONGESTION,
				 "nosuch", 6),
		    ENOENT);
		len = sizeof(v);
		assert_int_equal(getsockopt(a, SOL_SOCKET, SO_DOMAIN, &v, &len),
		    0);
		assert_int_equal(v, af);
		assert_errno(setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &v, 1),
		    EINVAL);
		both_close(a, b);
	}
	a = tcp_socket(AF_INET, 0); /* options of the other family */
	v = 1;
	assert_errno(setsockopt(a, IPPROTO_IPV6, IPV6_V6ONLY, &v, sizeof(v)),
	    ENOPROTOOPT);
	close(a);
}

/* Both names of fd, once each way; false: it has no peer. */
static bool
names_of(int fd, struct sockaddr_storage name[2])
{
	socklen_t len[2] = { sizeof(name[0]), sizeof(name[1]) };

	memset(name, 0, 2 * sizeof(name[0]));
	if (getpeername(fd, (struct sockaddr *)&name[1], &len[1]) == -1) {
		assert_int_equal(errno, ENOTCONN);
		return (false);
	}
	assert_return_code(
	    getsockname(fd, (struct sockaddr *)&name[0], &len[0]), errno);
	return (true);
}

/* Calls that the kernel has served, this one too. */
static uint64_t
calls(void)
{
	uint64_t n = 0;
	size_t len = sizeof(n);

	assert_return_code(bsd_sysctl("kern.syscalls", &n, &len, NULL, 0),
	    errno);
	return (n);
}

/* Those of an accepted connection need no call, as long as they are true. */
static void
test_names_of_accepted(void **state UNUSED)
{
	struct sockaddr_storage a_names[2], b_names[2];
	struct linger l = { 1, 0 };
	uint64_t before;
	int a, b, c, d, e;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_true(names_of(a, a_names));
		before = calls();
		assert_true(names_of(b, b_names));
		assert_int_equal(calls(), before + 1);
		assert_memory_equal(&a_names[0], &b_names[1],
		    sizeof(a_names[0]));
		assert_memory_equal(&a_names[1], &b_names[0],
		    sizeof(a_names[0]));
		/* a copy has them, and the number is another's then */
		assert_return_code(c = dup(b), errno);
		assert_true(names_of(c, a_names));
		assert_memory_equal(a_names, b_names, sizeof(a_names));
		tcp_pair(af, &d, &e);
		assert_int_equal(dup2(d, b), b);
		assert_true(names_of(b, a_names));
		assert_int_not_equal(((struct sockaddr_in *)&a_names[0])->sin_port,
		    ((struct sockaddr_in *)&b_names[0])->sin_port);
		both_close(d, e);
		close(b);
		assert_return_code(
		    setsockopt(a, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), errno);
		close(a); /* a reset */
		assert_comes(c, POLLHUP);
		assert_false(names_of(c, a_names));
		close(c);
		/* and without a copy */
		tcp_pair(af, &a, &b);
		assert_return_code(
		    setsockopt(a, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), errno);
		close(a);
		assert_comes(b, POLLHUP);
		assert_false(names_of(b, b_names));
		close(b);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, limit_set)
	const struct CMUnitTest tests[] = {
		T(test_back_pressure),
		T(test_share_of_memory),
		T(test_half_close),
		T(test_resets),
		T(test_linger),
		T(test_killed),
		T(test_names),
		T(test_names_of_accepted),
		T(test_connect_nonblocking),
		T(test_port_again),
		T(test_receive_flags),
		T(test_time_limits),
		T(test_several_messages),
		T(test_sendfile),
		T(test_numbers_change),
		T(test_spawned),
		T(test_close_range),
		T(test_stopped),
		T(test_options),
		T(test_options_with_structures),
	};

	return (cmocka_run_group_tests(tests, machine_up, machine_down));
}
