/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Datagrams between programs and a real machine: messages keep their bounds
 * and senders, errors come with the call or as a record, both families.
 * And kernels of another version, which the library refuses.
 */

#include "machine.h"
#include "raw.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <net/if.h>
#include <netinet/in.h>

union address {
	struct sockaddr sa;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

static socklen_t
loopback(int family, int port, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET) {
		a->sin.sin_family = AF_INET;
		a->sin.sin_port = htons((uint16_t)port);
		a->sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return (sizeof(a->sin));
	}
	a->sin6.sin6_family = AF_INET6;
	a->sin6.sin6_port = htons((uint16_t)port);
	a->sin6.sin6_addr = in6addr_loopback;
	return (sizeof(a->sin6));
}

static int
udp_bound(int family, int port)
{
	union address a;
	socklen_t len = loopback(family, port, &a);
	int fd = socket(family, SOCK_DGRAM, 0);

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, &a.sa, len), errno);
	return (fd);
}

/* Two sockets, each connected to the other. */
static void
udp_pair(int family, int *a, int *b)
{
	union address addr;
	socklen_t len;

	*a = udp_bound(family, 5001);
	*b = udp_bound(family, 5002);
	len = loopback(family, 5002, &addr);
	assert_return_code(connect(*a, &addr.sa, len), errno);
	len = loopback(family, 5001, &addr);
	assert_return_code(connect(*b, &addr.sa, len), errno);
}

static void
both_families(void (*test)(int family))
{
	test(AF_INET);
	test(AF_INET6);
}

static void
bounds(int family)
{
	char buf[64];
	struct iovec iov[2] = { { buf, 3 }, { buf + 32, 32 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int a, b;

	udp_pair(family, &a, &b);
	assert_quiet(b, POLLIN);
	say(a, "one");
	assert_int_equal(send(a, "", 0, 0), 0);
	say(a, "the third");
	say(a, "scattered");
	assert_comes(b, POLLIN);
	assert_int_equal(read(b, buf, sizeof(buf)), 3);
	assert_int_equal(recv(b, buf, sizeof(buf), 0),
	    0); /* empty, not an end */
	assert_int_equal(recv(b, buf, 3, MSG_PEEK), 3);
	assert_int_equal(recv(b, buf, 3, MSG_TRUNC), 9);
	assert_memory_equal(buf, "the", 3);
	assert_int_equal(recvmsg(b, &msg, 0), 9);
	assert_int_equal(msg.msg_flags, 0);
	assert_memory_equal(buf, "sca", 3);
	assert_memory_equal(buf + 32, "ttered", 6);
	say(a, "cut");
	iov[0].iov_len = 1;
	msg.msg_iovlen = 1;
	assert_int_equal(recvmsg(b, &msg, 0), 1);
	assert_int_equal(msg.msg_flags & MSG_TRUNC, MSG_TRUNC);
	assert_errno(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	close(a);
	close(b);
}

static void
test_bounds(void **state UNUSED)
{
	both_families(bounds);
}

static void
senders(int family)
{
	int a = udp_bound(family, 5001), b = udp_bound(family, 5002);
	union address from, to;
	socklen_t len = loopback(family, 5002, &to), fromlen = sizeof(from);
	char buf[8];

	assert_int_equal(sendto(a, "who", 3, 0, &to.sa, len), 3);
	assert_int_equal(recvfrom(b, buf, sizeof(buf), 0, &from.sa, &fromlen),
	    3);
	assert_int_equal(fromlen, len);
	loopback(family, 5001, &to);
	if (family == AF_INET)
		assert_int_equal(from.sin.sin_port, to.sin.sin_port);
	else
		assert_memory_equal(&from.sin6.sin6_addr, &to.sin6.sin6_addr,
		    16);
	fromlen = 2; /* no room for it all: its length is told */
	sendto(b, "x", 1, 0, &from.sa, len);
	assert_int_equal(recvfrom(a, buf, sizeof(buf), 0, &from.sa, &fromlen),
	    1);
	assert_int_equal(fromlen, len);
	close(a);
	close(b);
}

static void
test_senders(void **state UNUSED)
{
	both_families(senders);
}

/* Errors that the kernel knows when it is asked, with the call. */
static void
test_errors_with_the_call(void **state UNUSED)
{
	struct sockaddr_in far = { .sin_family = AF_INET,
		.sin_port = htons(9) };
	static char big[70000];
	union address a;
	socklen_t len = loopback(AF_INET, 5003, &a);
	int fd = udp_bound(AF_INET, 5001),
	    other = socket(AF_INET, SOCK_DGRAM, 0);

	far.sin_addr.s_addr = htonl(0x0a090909);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&far,
			     sizeof(far)),
	    -1);
	assert_true(errno == EHOSTUNREACH || errno == ENETUNREACH);
	assert_errno(sendto(fd, big, sizeof(big), 0, &a.sa, len), EMSGSIZE);
	assert_errno(send(fd, "x", 1, 0), EDESTADDRREQ);
	far.sin_addr.s_addr = htonl(0x01010101);
	assert_errno(bind(other, (struct sockaddr *)&far, sizeof(far)),
	    EADDRNOTAVAIL);
	loopback(AF_INET, 5001, &a);
	assert_errno(bind(other, &a.sa, len), EADDRINUSE);
	close(fd);
	close(other);
}

/* What the network reports later: the program that waits is woken by it. */
static void
port_closed(int family)
{
	union address a;
	socklen_t len = loopback(family, 5999, &a);
	int fd = socket(family, SOCK_DGRAM, 0);
	char c;

	assert_return_code(connect(fd, &a.sa, len), errno);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_comes(fd, POLLIN);
	assert_errno(recv(fd, &c, 1, 0), ECONNREFUSED);
	assert_quiet(fd, POLLIN); /* told once */
	assert_int_equal(error_of(fd), 0);
	close(fd);
}

static void
test_port_closed(void **state UNUSED)
{
	both_families(port_closed);
}

/*
 * A reader that is too slow loses the newest; what was queued is whole and in
 * order.  Some may still be under way when it begins to read, and find room.
 */
static void
test_slow_reader(void **state UNUSED)
{
	char buf[1024];
	int a, b, n = 0, got = 0;
	uint32_t seq, next = 0;

	udp_pair(AF_INET, &a, &b);
	nonblock(b);
	for (n = 0; n < 20000; n++) {
		memcpy(buf, &n, sizeof(n));
		assert_int_equal(send(a, buf, sizeof(buf), 0), sizeof(buf));
	}
	assert_comes(b, POLLIN);
	for (;;) { /* in the first room that there is, the last word is told */
		if (recv(b, buf, sizeof(buf), 0) == 10) {
			assert_memory_equal(buf, "room again", 10);
			break;
		}
		memcpy(&seq, buf, sizeof(seq));
		assert_true(got > 200 ? seq >= next : seq == next);
		next = seq + 1;
		got++;
		if (events_of(b, POLLIN, QUIET_MS) == 0)
			say(a, "room again");
		assert_comes(b, POLLIN);
	}
	assert_in_range(got, 200, n - 1);
	close(a);
	close(b);
}

/* A datagram socket in another process, and the rights that came with it. */
static void
test_raw_socket_keeps_its_rights(void **state UNUSED)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint8_t echo[8] = { 8, 0, 0xf7, 0xff }, buf[128];
	int fd;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), errno);
	assert_return_code(chmod(mach.root, 0755), errno);
	if ((pid = fork()) == 0) {
		CHILD_CHECK(setgid(65532) == 0 && setuid(65532) == 0 &&
		    bsd_reopen() == 0);
		CHILD_CHECK(sendto(fd, echo, 8, 0, (struct sockaddr *)&to,
				sizeof(to)) == 8);
		CHILD_CHECK(events_of(fd, POLLIN, SOON_MS) == POLLIN);
		CHILD_CHECK(recv(fd, buf, sizeof(buf), 0) == 28);
		CHILD_CHECK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) == -1);
		_exit(0);
	}
	child_good(pid);
	close(fd);
}

static void
test_shut_datagrams(void **state UNUSED)
{
	char c;
	int a, b;

	udp_pair(AF_INET, &a, &b);
	assert_return_code(shutdown(a, SHUT_WR), errno);
	assert_errno(send(a, "x", 1, 0), EPIPE);
	assert_return_code(shutdown(b, SHUT_RD), errno);
	assert_comes(b, POLLIN);
	assert_int_equal(recv(b, &c, 1, 0), 0);
	close(a);
	close(b);
}

/* --- kernels that are not ours --- */

/* A child that is a kernel: says this hello to one client on root/dev/kern. */
static pid_t
kernel_fake(const char *root, const struct sys_hello *h)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char dev[96];
	int l, c;
	pid_t pid;

	snprintf(dev, sizeof(dev), "%s/dev", root);
	assert_return_code(mkdir(dev, 0755), errno);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/kern", dev);
	assert_return_code(l = native.socket(AF_UNIX, SOCK_SEQPACKET, 0),
	    errno);
	assert_return_code(native.bind(l, (struct sockaddr *)&sun, sizeof(sun)),
	    errno);
	assert_return_code(native.listen(l, 1), errno);
	if ((pid = fork()) == 0) {
		c = native.accept4(l, NULL, NULL, 0);
		native.send(c, h, sizeof(*h), 0);
		native.recv(c, &c, 1, 0);
		_exit(0);
	}
	close(l);
	return (pid);
}

static void
hello_refused(const struct sys_hello *h, int want, const char *words)
{
	char root[] = "/tmp/fugu-fake.XXXXXX", text[512] = "";
	const char *argv[] = { "/bin/rm", "-rf", root, NULL };
	int pipes[2], status;
	pid_t kernel, pid;

	assert_non_null(mkdtemp(root));
	kernel = kernel_fake(root, h);
	assert_return_code(pipe(pipes), errno);
	if ((pid = fork()) == 0) {
		dup2(pipes[1], 2);
		setenv("BSD_ROOT", root, 1);
		_exit(bsd_reopen() == -1 ? errno : 0);
	}
	close(pipes[1]);
	assert_true(read(pipes[0], text, sizeof(text) - 1) >= 0);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), want);
	child_good(kernel);
	run_wait(argv);
	if (strstr(text, words) == NULL)
		fail_msg("not \"%s\" but \"%s\"", words, text);
}

static void
test_other_kernels(void **state UNUSED)
{
	struct sys_hello h = { .magic = SYS_MAGIC,
		.version = SYS_VERSION,
		.abi = SYS_ABI };
	char words[64];

	hello_refused(&h, 0, "");
	h.version = SYS_VERSION + 7;
	snprintf(words, sizeof(words), "version %d, this program %d\n",
	    SYS_VERSION + 7, SYS_VERSION);
	hello_refused(&h, EPROTO, words);
	h.version = SYS_VERSION;
	h.abi = 0xabcd;
	hello_refused(&h, EPROTO, "layouts 0000abcd, this program");
	h.magic = 1;
	hello_refused(&h, ECONNREFUSED, "");
}

/* --- sources of groups: the C library's four functions (RFC 3678) --- */

static void
test_source_filters(void **state UNUSED)
{
	const struct in_addr lo = { htonl(INADDR_LOOPBACK) },
			     g4 = { htonl(0xef010203U) };
	struct in_addr src4[65], got4[64];
	struct sockaddr_in6 g6 = { .sin6_family = AF_INET6,
		.sin6_addr = { { { 0xff, 0x15, [15] = 9 } } } };
	struct sockaddr_storage src[64], got[64];
	uint32_t mode, n, index = if_nametoindex("lo0");
	int fd4 = udp_bound(AF_INET, 5009), fd6 = udp_bound(AF_INET6, 5009);

	src4[64].s_addr = 1;
	for (uint32_t i = 0; i < 64; i++) {
		src4[i].s_addr = htonl(0x0a000001U + i);
		src[i].ss_family = AF_INET6;
		((struct sockaddr_in6 *)&src[i])->sin6_addr.s6_addr[0] = 0xfd;
		((struct sockaddr_in6 *)&src[i])->sin6_addr.s6_addr[15] =
		    (uint8_t)(i + 1);
	}
	n = 64;
	assert_int_equal(getipv4sourcefilter(fd4, lo, g4, &mode, &n, got4), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_return_code(
	    setipv4sourcefilter(fd4, lo, g4, MCAST_INCLUDE, 64, src4), errno);
	n = 64;
	assert_return_code(getipv4sourcefilter(fd4, lo, g4, &mode, &n, got4),
	    errno);
	assert_true(mode == MCAST_INCLUDE && n == 64);
	assert_memory_equal(got4, src4, sizeof(got4));
	assert_int_equal(setipv4sourcefilter(fd4, lo, g4, MCAST_EXCLUDE, 65,
			     src4),
	    -1);
	assert_int_equal(errno, ENOBUFS);

	assert_return_code(setsourcefilter(fd6, index, (struct sockaddr *)&g6,
			       sizeof(g6), MCAST_EXCLUDE, 64, src),
	    errno);
	n = 2; /* room for two of them */
	assert_return_code(getsourcefilter(fd6, index, (struct sockaddr *)&g6,
			       sizeof(g6), &mode, &n, got),
	    errno);
	assert_true(mode == MCAST_EXCLUDE && n == 64);
	assert_memory_equal(got, src, 2 * sizeof(src[0]));
	g6.sin6_family = AF_UNIX;
	assert_int_equal(getsourcefilter(fd6, index, (struct sockaddr *)&g6,
			     sizeof(g6), &mode, &n, got),
	    -1);
	assert_int_equal(errno, EINVAL);
	close(fd4);
	close(fd6);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, limit_set)
	const struct CMUnitTest tests[] = {
		T(test_bounds),
		T(test_senders),
		T(test_errors_with_the_call),
		T(test_port_closed),
		T(test_slow_reader),
		T(test_raw_socket_keeps_its_rights),
		T(test_shut_datagrams),
		T(test_other_kernels),
		T(test_source_filters),
	};

	return (cmocka_run_group_tests(tests, machine_up, machine_down));
}
