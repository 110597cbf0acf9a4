/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * connect(2), accept(2) and the names of peers where programs count on what
 * Linux answers: signals, link-local addresses without their link, port 0,
 * addresses without a family, descriptors that have run out, peers that have
 * gone; and datagrams at the edges of what can be sent.
 *
 * The machine has pair0 with a router behind it that never answers:
 *	10.9.9.1/24, fd00::1/64, fe80::1:1; by 10.9.9.2 and fd00::2 to
 *	192.0.2.0/24 and 2001:db8:9::/64
 */

#include "machine.h"
#include "inet.h"

#include <sys/resource.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <linux/errqueue.h>

/* Runs a tool of the build that this test is from; words are up to NULL. */
static void
tool(const char *name, ...)
{
	char path[PATH_MAX];
	const char *argv[10] = { path };
	va_list ap;
	int n = 0;

	snprintf(path, sizeof(path), "%.*s%s",
	    (int)(strlen(mach.bsd) - strlen("bsd")), mach.bsd, name);
	va_start(ap, name);
	do
		argv[++n] = va_arg(ap, const char *);
	while (argv[n] != NULL && n < 9);
	va_end(ap);
	if (run_wait(argv) != 0)
		fail_msg("%s %s %s", name, argv[1], argv[2]);
}

static int
pair_up(void **state)
{
	if (machine_up(state) != 0)
		return (-1);
	if (sysctl_set("net.inet6.ip6.dad_count", 0) != 0)
		return (-1);
	tool("ifconfig", "pair0", "create", NULL);
	tool("ifconfig", "pair1", "create", NULL);
	tool("ifconfig", "pair1", "patch", "pair0", NULL);
	tool("ifconfig", "pair1", "up", NULL);
	tool("ifconfig", "pair0", "inet", "10.9.9.1/24", NULL);
	tool("ifconfig", "pair0", "inet6", "fd00::1/64", NULL);
	tool("ifconfig", "pair0", "inet6", "fe80::1:1/64", NULL);
	tool("arp", "-s", "10.9.9.2", "2:0:0:0:0:2", NULL);
	tool("ndp", "-s", "fd00::2", "2:0:0:0:0:2", NULL);
	tool("route", "-q", "add", "192.0.2.0/24", "10.9.9.2", NULL);
	tool("route", "-q", "add", "-inet6", "2001:db8:9::/64", "fd00::2", NULL);
	tool("route", "-q", "add", "-host", "-mtu", "1300", "192.0.2.13",
	    "10.9.9.2", NULL);
	tool("route", "-q", "add", "-inet6", "-host", "-mtu", "1300",
	    "2001:db8:9::13", "fd00::2", NULL);
	return (0);
}

static socklen_t
address(const char *text, int port, unsigned int scope,
    struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	sin->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
		ss->ss_family = AF_INET;
		return (sizeof(*sin));
	}
	assert_int_equal(inet_pton(AF_INET6, text, &sin6->sin6_addr), 1);
	ss->ss_family = AF_INET6;
	sin6->sin6_scope_id = scope;
	return (sizeof(*sin6));
}

static int
go(int fd, const char *text, int port, unsigned int scope)
{
	struct sockaddr_storage ss;
	socklen_t len = address(text, port, scope, &ss);

	return (connect(fd, (struct sockaddr *)&ss, len));
}

static int
take(int fd, const char *text, int port, unsigned int scope)
{
	struct sockaddr_storage ss;
	socklen_t len = address(text, port, scope, &ss);

	return (bind(fd, (struct sockaddr *)&ss, len));
}

static ssize_t
post(int fd, const void *buf, size_t n, int flags, const char *text, int port,
    unsigned int scope)
{
	struct sockaddr_storage ss;
	socklen_t len = address(text, port, scope, &ss);

	return (sendto(fd, buf, n, flags, (struct sockaddr *)&ss, len));
}

static int
peer(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return (getpeername(fd, (struct sockaddr *)&ss, &len));
}

static int
nobody(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	return (connect(fd, &none, sizeof(none)));
}

static const char *
unanswered(int af)
{
	return (af == AF_INET ? "192.0.2.77" : "2001:db8:9::77");
}

/* The way there takes less than its link. */
static const char *
narrow(int af)
{
	return (af == AF_INET ? "192.0.2.13" : "2001:db8:9::13");
}

/* --- signals --- */

static int heard[2]; /* a byte for each signal whose handler ran */
static volatile sig_atomic_t ended;

static void
on_restart(int sig)
{
	(void)sig;
	(void)!write(heard[1], "r", 1);
}

static void
on_end(int sig)
{
	(void)sig;
	ended = 1;
}

/* Twice: the second call waits for what the first one began. */
static void
child_connects(int af)
{
	struct sigaction restart = { .sa_handler = on_restart,
		.sa_flags = SA_RESTART };
	struct sigaction end = { .sa_handler = on_end };
	int fd = socket(af, SOCK_STREAM, 0);

	sigaction(SIGUSR1, &restart, NULL);
	sigaction(SIGUSR2, &end, NULL);
	(void)!write(heard[1], "b", 1);
	for (int i = 0; i < 2; i++) {
		CHILD_CHECK(go(fd, unanswered(af), 9, 0) == -1 &&
		    errno == EINTR && ended);
		ended = 0;
		(void)!write(heard[1], "e", 1);
	}
	CHILD_CHECK(nobody(fd) == 0 && peer(fd) == -1 && errno == ENOTCONN);
	_exit(0);
}

static char
hear(int ms)
{
	struct pollfd pfd = { heard[0], POLLIN, 0 };
	char c = 0;

	if (poll(&pfd, 1, ms) == 1)
		assert_int_equal(read(heard[0], &c, 1), 1);
	return (c);
}

static void
test_connect_and_signals(void **state UNUSED)
{
	uint64_t end = now_ms() + SOON_MS;
	pid_t pid;
	char c;

	BOTH(af)
	{
		assert_return_code(pipe(heard), errno);
		assert_return_code(pid = fork(), errno);
		if (pid == 0)
			child_connects(af);
		assert_int_equal(hear(SOON_MS), 'b');
		for (int i = 0; i < 2; i++) {
			for (int n = 0; n < 10; n++) {
				kill(pid, SIGUSR1);
				assert_int_equal(hear(SOON_MS), 'r');
			}
			assert_int_equal(hear(QUIET_MS), 0); /* it goes on */
			do /* until it came while the call waits */
				kill(pid, SIGUSR2);
			while ((c = hear(20)) == 0 && now_ms() < end);
			assert_int_equal(c, 'e');
		}
		child_good(pid);
		close(heard[0]);
		close(heard[1]);
	}
}

/* --- addresses --- */

static void
test_link_local_without_link(void **state UNUSED)
{
	unsigned int pair0 = if_nametoindex("pair0");
	unsigned int lo0 = if_nametoindex("lo0");
	int fd;

	assert_true(pair0 != 0 && lo0 != 0);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0);
		assert_errno(go(fd, "fe80::1:2", 9, 0), EINVAL);
		assert_errno(go(fd, "fe80::1:2", 9, 999), ENETUNREACH);
		assert_errno(take(fd, "fe80::1:1", 9000, 0), EINVAL);
		assert_errno(take(fd, "fe80::1:1", 9000, 999), ENODEV);
		assert_return_code(take(fd, "fe80::1:1", 9000, pair0), errno);
		/* which says the link of the peer as well */
		if (go(fd, "fe80::1:2", 9, 0) == -1)
			assert_int_equal(errno, EINPROGRESS);
		close(fd);
		fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0);
		assert_return_code(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
				       "pair0", 5),
		    errno);
		assert_errno(go(fd, "fe80::1:2", 9, lo0), EINVAL);
		if (go(fd, "fe80::1:2", 9, 0) == -1)
			assert_int_equal(errno, EINPROGRESS);
		close(fd);
	}
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	assert_errno(post(fd, "x", 1, 0, "fe80::1:2", 9, 0), EADDRNOTAVAIL);
	assert_errno(post(fd, "x", 1, 0, "ff02::1", 9, 0), EADDRNOTAVAIL);
	assert_errno(go(fd, "ff02::1", 9, 0), EINVAL);
	assert_int_equal(post(fd, "x", 1, 0, "fe80::1:2", 9, pair0), 1);
	assert_int_equal(post(fd, "x", 1, 0, "ff02::1", 9, pair0), 1);
	close(fd);
}

static void
test_port_zero(void **state UNUSED)
{
	int fd;

	BOTH(af)
	{
		const char *lo = af == AF_INET ? "127.0.0.1" : "::1";

		fd = tcp_socket(af, 0);
		assert_errno(go(fd, lo, 0, 0), ECONNREFUSED);
		close(fd);
		fd = socket(af, SOCK_DGRAM, 0);
		assert_return_code(go(fd, lo, 0, 0), errno);
		assert_errno(peer(fd), ENOTCONN);
		assert_int_equal(send(fd, "x", 1, 0), 1);
		assert_errno(post(fd, "x", 1, 0, lo, 0, 0), EINVAL);
		close(fd);
	}
}

/* --- peers that come and go --- */

static void
test_no_family(void **state UNUSED)
{
	int a, b, l, port;

	BOTH(af)
	{
		a = tcp_socket(af, 0);
		assert_return_code(nobody(a), errno);
		close(a);
		/* what is under way is ended, and another peer can be had */
		l = tcp_listener(af, &port);
		a = tcp_socket(af, SOCK_NONBLOCK);
		assert_errno(go(a, unanswered(af), 9, 0), EINPROGRESS);
		assert_errno(go(a, unanswered(af), 9, 0), EALREADY);
		assert_errno(peer(a), ENOTCONN);
		assert_return_code(nobody(a), errno);
		assert_int_equal(port_of(a), 0);
		assert_errno(tcp_connect(a, af, port), EINPROGRESS);
		assert_comes(a, POLLOUT);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		say(b, "who comes");
		expect_text(a, "who comes");
		both_close(a, b);
		close(l);
	}
}

static int
flag_of(int fd, int level, int name)
{
	int v = -1;
	socklen_t len = sizeof(v);

	assert_return_code(getsockopt(fd, level, name, &v, &len), errno);
	return (v);
}

static void
expect_reset(int fd)
{
	char c;

	assert_comes(fd, POLLIN | POLLHUP);
	assert_errno(read(fd, &c, 1), ECONNRESET);
}

/* A stream that has its peer: a reset for it, and the next can come. */
static void
test_no_family_of_a_connection(void **state UNUSED)
{
	enum { PLAIN, UNREAD, WE_SHUT, PEER_SHUT, WAYS };
	struct timeval tv = { 7, 0 };
	int a, b, l, port, on = 1;
	socklen_t len;

	for (int way = 0; way < WAYS; way++)
		BOTH(af)
	{
		l = tcp_listener(af, &port);
		a = tcp_socket(af, SOCK_CLOEXEC);
		assert_return_code(setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on,
				       sizeof(on)),
		    errno);
		assert_return_code(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &tv,
				       sizeof(tv)),
		    errno);
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		if (way == UNREAD) {
			say(b, "not read");
			say(a, "on its way");
			assert_comes(a, POLLIN);
		}
		if (way == WE_SHUT) {
			assert_return_code(shutdown(a, SHUT_WR), errno);
			expect_eof(b);
		}
		if (way == PEER_SHUT) {
			assert_return_code(shutdown(b, SHUT_WR), errno);
			expect_eof(a);
		}
		assert_return_code(nobody(a), errno);
		if (way == UNREAD)
			expect_text(b, "on its way");
		if (way != WE_SHUT)
			expect_reset(b);
		close(b);
		assert_errno(peer(a), ENOTCONN);
		assert_int_equal(port_of(a), 0);
		assert_int_equal(flag_of(a, IPPROTO_TCP, TCP_NODELAY), 1);
		len = sizeof(tv);
		assert_return_code(getsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &tv,
				       &len),
		    errno);
		assert_int_equal(tv.tv_sec, 7);
		assert_int_equal(fcntl(a, F_GETFD), FD_CLOEXEC);
		assert_errno(send(a, "x", 1, MSG_NOSIGNAL), EPIPE);
		assert_return_code(nobody(a), errno); /* nothing to end */
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		say(a, "again");
		expect_text(b, "again");
		say(b, "welcome");
		expect_text(a, "welcome");
		both_close(a, b);
		close(l);
	}
}

/* No room for another pair, here or there: then nothing has changed. */
static void
test_no_family_without_room(void **state UNUSED)
{
	int most = sysctl_get("kern.maxfiles"), fill[64], n = 0, a, b;
	struct rlimit old, few;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_return_code(sysctl_set("kern.maxfiles", 32), errno);
		for (n = 0; n < 64; n++)
			if ((fill[n] = socket(af, SOCK_DGRAM, 0)) == -1)
				break;
		assert_int_equal(errno, ENFILE);
		assert_errno(nobody(a), ENFILE);
		say(a, "still here");
		expect_text(b, "still here");
		assert_return_code(sysctl_set("kern.maxfiles", most), errno);
		assert_return_code(getrlimit(RLIMIT_NOFILE, &old), errno);
		few = (struct rlimit){ (rlim_t)fill[n - 1] + 1, old.rlim_max };
		assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);
		assert_errno(nobody(a), EMFILE);
		assert_return_code(setrlimit(RLIMIT_NOFILE, &old), errno);
		say(b, "so am I");
		expect_text(a, "so am I");
		while (n > 0)
			close(fill[--n]);
		both_close(a, b);
		expect_files(0);
	}
}

/* What bind said stays, and what was open is open again. */
static void
test_no_family_after_bind(void **state UNUSED)
{
	struct sockaddr_storage ss;
	int a, b, l, port, own;
	socklen_t len;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		a = tcp_socket(af, 0);
		len = here(af, 0, &ss);
		assert_return_code(bind(a, (struct sockaddr *)&ss, len), errno);
		own = port_of(a);
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		assert_return_code(nobody(a), errno);
		assert_int_equal(port_of(a), own);
		expect_reset(b);
		close(b);
		assert_return_code(listen(a, 1), errno);
		b = tcp_socket(af, 0);
		assert_return_code(tcp_connect(b, af, own), errno);
		close(l);
		assert_return_code(l = accept(a, NULL, NULL), errno);
		say(l, "turned round");
		expect_text(b, "turned round");
		both_close(a, b);
		close(l);
	}
}

static void
expect_over(int fd)
{
	char c;

	assert_comes(fd, POLLIN | POLLHUP);
	assert_true(read(fd, &c, 1) <= 0);
}

/* A listener: for who waits it is over, who comes is refused, until it listens
 * again. */
static void
test_no_family_of_a_listener(void **state UNUSED)
{
	int a, b, l, port, got;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		a = tcp_socket(af, 0);
		b = tcp_socket(af, 0);
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_return_code(tcp_connect(b, af, port), errno);
		assert_comes(l, POLLIN);
		assert_return_code(nobody(l), errno);
		expect_over(a);
		expect_over(b);
		both_close(a, b);
		assert_int_equal(flag_of(l, SOL_SOCKET, SO_ACCEPTCONN), 0);
		assert_errno(accept(l, NULL, NULL), EINVAL);
		assert_int_equal(port_of(l), port);
		a = tcp_socket(af, 0);
		assert_errno(tcp_connect(a, af, port), ECONNREFUSED);
		assert_return_code(listen(l, 4), errno);
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_return_code(got = accept(l, NULL, NULL), errno);
		say(a, "open again");
		expect_text(got, "open again");
		both_close(a, got);
		close(l);
	}
}

static void
test_name_of_a_peer_that_has_gone(void **state UNUSED)
{
	struct linger hard = { 1, 0 };
	struct sockaddr_storage ss;
	socklen_t len;
	int a, b, l, port;
	uint64_t end;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		shutdown(a, SHUT_WR);
		expect_eof(b);
		assert_return_code(peer(a), errno); /* half closed */
		assert_return_code(peer(b), errno);
		shutdown(b, SHUT_WR);
		expect_eof(a);
		assert_errno(peer(a), ENOTCONN);
		for (end = now_ms() + SOON_MS; /* the last ACK is on its way */
		     peer(b) == 0 && now_ms() < end;)
			usleep(1000);
		assert_errno(peer(b), ENOTCONN);
		both_close(a, b);
		tcp_pair(af, &a, &b);
		setsockopt(b, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(b);
		assert_comes(a, POLLHUP);
		assert_errno(peer(a), ENOTCONN);
		close(a);
		/* who was there tells accept, though he has gone since */
		l = tcp_listener(af, &port);
		a = tcp_socket(af, 0);
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_comes(l, POLLIN);
		setsockopt(a, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(a);
		len = sizeof(ss);
		assert_return_code(b = accept(l, (struct sockaddr *)&ss, &len),
		    errno);
		assert_int_equal(ss.ss_family, af);
		both_close(b, l);
	}
}

/* The connection waits for a number. */
static void
test_accept_without_numbers(void **state UNUSED)
{
	struct rlimit old, few;
	int a, b, l, port;

	assert_return_code(getrlimit(RLIMIT_NOFILE, &old), errno);
	BOTH(af)
	{
		l = tcp_listener(af, &port);
		a = tcp_socket(af, 0);
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_comes(l, POLLIN);
		assert_return_code(b = dup(a), errno); /* the next number */
		close(b);
		few = (struct rlimit){ (rlim_t)b, old.rlim_max };
		assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);
		for (int i = 0; i < 3; i++)
			assert_errno(accept(l, NULL, NULL), EMFILE);
		assert_return_code(setrlimit(RLIMIT_NOFILE, &old), errno);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		say(b, "at last");
		expect_text(a, "at last");
		both_close(a, b);
		close(l);
	}
}

/* --- datagrams --- */

static void
test_largest_datagrams(void **state UNUSED)
{
	static const struct {
		const char *to;
		size_t n;
		int error;
	} rows[] = {
		{ "::1", 65507, 0 },
		{ "::1", 65508, 0 },
		{ "::1", 65527, 0 },
		{ "::1", 65528, EMSGSIZE },
		{ "::ffff:127.0.0.1", 65507, 0 },
		{ "::ffff:127.0.0.1", 65508, EMSGSIZE },
	};
	static char out[65536], in[65536];
	int a = socket(AF_INET6, SOCK_DGRAM, 0);
	int b = socket(AF_INET6, SOCK_DGRAM, 0), room = 1 << 20;

	assert_return_code(setsockopt(b, SOL_SOCKET, SO_RCVBUF, &room,
			       sizeof(room)),
	    errno);
	assert_return_code(take(b, "::", 5601, 0), errno);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ssize_t n = post(a, out, rows[i].n, 0, rows[i].to, 5601, 0);

		if (rows[i].error != 0 ? n != -1 || errno != rows[i].error :
					 n != (ssize_t)rows[i].n)
			fail_msg("row %zu: %zd, %s", i, n, strerror(errno));
		if (rows[i].error != 0)
			continue;
		assert_comes(b, POLLIN);
		assert_int_equal(recv(b, in, sizeof(in), 0), rows[i].n);
		assert_memory_equal(in, out, rows[i].n);
	}
	close(a);
	close(b);
}

/* A hop limit of 0 is sent as one, by the option and for one datagram. */
static void
test_no_hops(void **state UNUSED)
{
	union {
		struct cmsghdr h;
		char b[256];
	} control;
	struct iovec iov = { (char[8]){ 'x' }, 1 };
	struct msghdr m;
	struct sockaddr_storage ss;
	int a, b, v;

	a = socket(AF_INET6, SOCK_DGRAM, 0);
	b = socket(AF_INET6, SOCK_DGRAM, 0);
	assert_return_code(take(b, "::1", 5602, 0), errno);
	v = 1;
	assert_return_code(setsockopt(b, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &v,
			       sizeof(v)),
	    errno);
	for (int i = 0; i < 3; i++) { /* the default, the option, a message */
		memset(&control, 0, sizeof(control));
		m = (struct msghdr){ .msg_name = &ss,
			.msg_namelen = address("::1", 5602, 0, &ss),
			.msg_iov = &iov,
			.msg_iovlen = 1 };
		v = i == 1 ? 0 : -1;
		assert_return_code(setsockopt(a, IPPROTO_IPV6,
				       IPV6_UNICAST_HOPS, &v, sizeof(v)),
		    errno);
		if (i == 2) {
			control.h = (struct cmsghdr){ CMSG_LEN(sizeof(int)),
				IPPROTO_IPV6, IPV6_HOPLIMIT };
			m.msg_control = &control;
			m.msg_controllen = CMSG_SPACE(sizeof(int));
		}
		assert_int_equal(sendmsg(a, &m, 0), 1);
		assert_comes(b, POLLIN);
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		assert_int_equal(recvmsg(b, &m, 0), 1);
		assert_int_equal(control.h.cmsg_type, IPV6_HOPLIMIT);
		memcpy(&v, CMSG_DATA(&control.h), sizeof(v));
		assert_int_equal(v, i == 0 ? 64 : 0);
	}
	close(a);
	close(b);
}

/* MSG_DONTROUTE is SO_DONTROUTE for one datagram: no router on the way. */
static void
test_links_only(void **state UNUSED)
{
	struct mmsghdr many;
	struct iovec iov = { (char[8]){ 'x' }, 1 };
	int fd;

	BOTH(af)
	{
		const char *lo = af == AF_INET ? "127.0.0.1" : "::1";
		const char *link = af == AF_INET ? "10.9.9.77" : "fd00::77";

		fd = socket(af, SOCK_DGRAM, 0);
		assert_int_equal(post(fd, "x", 1, MSG_DONTROUTE, link, 9, 0), 1);
		assert_int_equal(post(fd, "x", 1, MSG_DONTROUTE, lo, 9, 0), 1);
		assert_errno(post(fd, "x", 1, MSG_DONTROUTE, unanswered(af), 9,
				 0),
		    ENETUNREACH);
		assert_int_equal(post(fd, "x", 1, 0, unanswered(af), 9, 0), 1);
		assert_return_code(go(fd, unanswered(af), 9, 0), errno);
		assert_errno(send(fd, "x", 1, MSG_DONTROUTE), ENETUNREACH);
		many = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov,
					     .msg_iovlen = 1 } };
		assert_errno(sendmmsg(fd, &many, 1, MSG_DONTROUTE),
		    ENETUNREACH);
		assert_errno(sendmsg(fd, &many.msg_hdr, MSG_DONTROUTE),
		    ENETUNREACH);
		assert_int_equal(sendmsg(fd, &many.msg_hdr, 0), 1);
		close(fd);
	}
}

/*
 * What is longer than the path takes (1300 bytes, which a route says) or the
 * link (1500): cut, or refused.
 */
static void
test_long_datagrams(void **state UNUSED)
{
	static const struct {
		int how, path, link;
	} rows[] = {
		{ IP_PMTUDISC_DONT, 0, 0 },
		{ IP_PMTUDISC_WANT, 0, 0 },
		{ IP_PMTUDISC_DO, EMSGSIZE, EMSGSIZE },
		{ IP_PMTUDISC_PROBE, 0, EMSGSIZE },
		{ IP_PMTUDISC_INTERFACE, 0, EMSGSIZE },
		{ IP_PMTUDISC_OMIT, 0, 0 },
	};
	static char buf[3000];
	union {
		struct cmsghdr h;
		char b[256];
	} control;
	struct msghdr m = { .msg_control = &control };
	struct sock_extended_err ee;
	int fd, on = 1;

	BOTH(af)
	{
		bool v4 = af == AF_INET;
		int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;

		fd = socket(af, SOCK_DGRAM, 0);
		assert_return_code(go(fd, narrow(af), 9, 0), errno);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			assert_return_code(setsockopt(fd, level,
					       v4 ? IP_MTU_DISCOVER :
						    IPV6_MTU_DISCOVER,
					       &rows[i].how, sizeof(int)),
			    errno);
			for (int n = 1200; n <= 3000; n += n == 1200 ? 200 : 1600) {
				int want = n == 1200 ? 0 :
				    n == 1400	     ? rows[i].path :
						       rows[i].link;
				ssize_t sent = send(fd, buf, (size_t)n, 0);

				if (want == 0 ? sent != n :
						sent != -1 || errno != want)
					fail_msg("%s, %d: %d bytes: %zd, %s",
					    narrow(af), rows[i].how, n, sent,
					    strerror(errno));
			}
		}
		/* who asked for errors is told how long they may be */
		assert_return_code(setsockopt(fd, level,
				       v4 ? IP_RECVERR : IPV6_RECVERR, &on,
				       sizeof(on)),
		    errno);
		assert_return_code(setsockopt(fd, level,
				       v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
				       &rows[2].how, sizeof(int)),
		    errno);
		assert_errno(send(fd, buf, 1400, 0), EMSGSIZE);
		m.msg_controllen = sizeof(control);
		assert_int_equal(recvmsg(fd, &m, MSG_ERRQUEUE), 0);
		memcpy(&ee, CMSG_DATA(&control.h), sizeof(ee));
		assert_int_equal(ee.ee_errno, EMSGSIZE);
		assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_LOCAL);
		assert_int_equal(ee.ee_info, 1300);
		assert_int_equal(send(fd, buf, 1200, 0), 1200);
		close(fd);
	}
}

/* Another link than the route's, for all that goes to hosts. */
static void
test_unicast_interface(void **state UNUSED)
{
	const char *from[2][2] = { { "10.9.9.1", "fd00::1" },
		{ "10.9.8.1", "fd01::1" } };
	struct sockaddr_storage ss, want;
	uint32_t index;
	socklen_t len;
	int fd;

	tool("ifconfig", "pair2", "create", NULL);
	tool("ifconfig", "pair3", "create", NULL);
	tool("ifconfig", "pair3", "patch", "pair2", NULL);
	tool("ifconfig", "pair3", "up", NULL);
	tool("ifconfig", "pair2", "inet", "10.9.8.1/24", NULL);
	tool("ifconfig", "pair2", "inet6", "fd01::1/64", NULL);
	BOTH(af)
	{
		bool v4 = af == AF_INET;

		for (int other = 0; other < 2; other++) {
			fd = socket(af, SOCK_DGRAM, 0);
			index = other ? htonl(if_nametoindex("pair2")) : 0;
			assert_return_code(setsockopt(fd,
					       v4 ? IPPROTO_IP : IPPROTO_IPV6,
					       v4 ? IP_UNICAST_IF :
						    IPV6_UNICAST_IF,
					       &index, sizeof(index)),
			    errno);
			assert_int_equal(flag_of(fd,
					     v4 ? IPPROTO_IP : IPPROTO_IPV6,
					     v4 ? IP_UNICAST_IF :
						  IPV6_UNICAST_IF),
			    (int)index);
			assert_return_code(go(fd, unanswered(af), 9, 0), errno);
			len = sizeof(ss);
			assert_return_code(getsockname(fd,
					       (struct sockaddr *)&ss, &len),
			    errno);
			(void)address(from[other][!v4],
			    ntohs(((struct sockaddr_in *)&ss)->sin_port), 0,
			    &want);
			assert_memory_equal(&ss, &want, len);
			/* whose router is not on that link */
			if (other && v4)
				assert_errno(send(fd, "x", 1, 0), EHOSTUNREACH);
			else
				assert_int_equal(send(fd, "x", 1, 0), 1);
			close(fd);
		}
	}
}

/* An address that is not ours yet may be listened on, but not sent from. */
static void
test_free_bind(void **state UNUSED)
{
	int fd, on = 1;

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++)
		BOTH(af)
	{
		bool v4 = af == AF_INET;

		fd = socket(af, type, 0);
		assert_errno(take(fd, unanswered(af), 5603, 0), EADDRNOTAVAIL);
		assert_return_code(setsockopt(fd,
				       v4 ? IPPROTO_IP : IPPROTO_IPV6,
				       v4 ? IP_FREEBIND : IPV6_FREEBIND, &on,
				       sizeof(on)),
		    errno);
		assert_return_code(take(fd, unanswered(af), 5603, 0), errno);
		assert_errno(go(fd, v4 ? "10.9.9.2" : "fd00::2", 9, 0), EINVAL);
		if (type == SOCK_STREAM)
			assert_return_code(listen(fd, 1), errno);
		else
			assert_errno(post(fd, "x", 1, 0,
					 v4 ? "10.9.9.2" : "fd00::2", 9, 0),
			    EINVAL);
		close(fd);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, limit_set)
	const struct CMUnitTest tests[] = {
		T(test_connect_and_signals),
		T(test_link_local_without_link),
		T(test_port_zero),
		T(test_no_family),
		T(test_no_family_of_a_connection),
		T(test_no_family_without_room),
		T(test_no_family_after_bind),
		T(test_no_family_of_a_listener),
		T(test_name_of_a_peer_that_has_gone),
		T(test_accept_without_numbers),
		T(test_largest_datagrams),
		T(test_no_hops),
		T(test_links_only),
		T(test_long_datagrams),
		T(test_unicast_interface),
		T(test_free_bind),
	};

	return (cmocka_run_group_tests(tests, pair_up, machine_down));
}
