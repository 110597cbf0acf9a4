/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a program from Linux asks for: which sockets it may have, the options
 * that are carried and what they do, and the errno of those that are not.  The
 * errnos are Linux's, of one that was built without what is missing here.
 */

#include "machine.h"
#include "inet.h"

#include <sys/ioctl.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <linux/errqueue.h>
#include <linux/netlink.h>
#include <linux/sockios.h>

#define DGRAM_PORT 5501

/* --- socket(2) --- */

enum { HOSTS = -1, MACHINES = 0 }; /* else the errno */
static const struct {
	int family, type, protocol, want;
} sockets[] = {
	{ AF_INET, SOCK_STREAM, 0, MACHINES },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP, MACHINES },
	{ AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP, MACHINES },
	{ AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0, MACHINES },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, MACHINES },
	{ AF_INET, SOCK_RAW, 0, EPROTONOSUPPORT },
	{ AF_INET, SOCK_STREAM, IPPROTO_UDP, EPROTONOSUPPORT },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP, EPROTONOSUPPORT },
	{ AF_INET, SOCK_STREAM, 262, EPROTONOSUPPORT }, /* MPTCP */
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE, EPROTONOSUPPORT },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP, EPROTONOSUPPORT },
	{ AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP, ESOCKTNOSUPPORT },
	{ AF_INET6, SOCK_DCCP, 0, ESOCKTNOSUPPORT },
	{ AF_INET, SOCK_PACKET, 0, EAFNOSUPPORT },
	{ AF_INET, SOCK_STREAM, -1, EINVAL },
	{ AF_INET, SOCK_STREAM, 300, EINVAL },
	{ AF_INET, SOCK_STREAM | 0x100, 0, EINVAL },
	{ AF_INET, 11, 0, EINVAL },
	{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, EPROTONOSUPPORT },
	{ AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG, EPROTONOSUPPORT },
	{ AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, EPROTONOSUPPORT },
	{ AF_NETLINK, SOCK_RAW, NETLINK_GENERIC, EPROTONOSUPPORT },
	{ AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK, HOSTS },
	{ AF_PACKET, SOCK_RAW, 0, EAFNOSUPPORT },
	{ AF_PACKET, SOCK_DGRAM, 0, EAFNOSUPPORT },
	{ AF_KEY, SOCK_RAW, 2, EAFNOSUPPORT },
	{ AF_SMC, SOCK_STREAM, 0, EAFNOSUPPORT },
	{ AF_TIPC, SOCK_STREAM, 0, EAFNOSUPPORT },
	{ AF_XDP, SOCK_RAW, 0, EAFNOSUPPORT },
	{ AF_UNIX, SOCK_STREAM, 0, HOSTS },
	{ AF_UNIX, SOCK_SEQPACKET, 0, HOSTS },
};

static void
test_sockets(void **state UNUSED)
{
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		int want = sockets[i].want, fd, error;

		if (want == MACHINES && (sockets[i].type & 0xf) == SOCK_RAW &&
		    geteuid() != 0)
			continue;
		errno = 0;
		fd = socket(sockets[i].family, sockets[i].type,
		    sockets[i].protocol);
		error = errno;
		if (want > 0 ? fd != -1 || error != want :
			       fd == -1 || bsd_isfd(fd) != (want == MACHINES))
			fail_msg("row %zu: %d, %s", i, fd, strerror(error));
		if (fd != -1)
			close(fd);
	}
}

/* --- options that there are not --- */

static const struct {
	int level, name;
	const char *text;
} refused[] = {
	/* clang-format off */
#define R(level, name) { level, name, #name }
	R(SOL_SOCKET, SO_NO_CHECK), R(SOL_SOCKET, SO_ATTACH_FILTER),
	R(SOL_SOCKET, SO_MARK), R(SOL_SOCKET, SO_TIMESTAMPING),
	R(SOL_SOCKET, SO_BUSY_POLL),
	R(SOL_SOCKET, SO_MAX_PACING_RATE), R(SOL_SOCKET, SO_INCOMING_CPU),
	R(SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF), R(SOL_SOCKET, SO_ZEROCOPY),
	R(SOL_SOCKET, SO_TXTIME), R(SOL_SOCKET, SO_LOCK_FILTER),
	R(SOL_SOCKET, SO_SELECT_ERR_QUEUE), R(SOL_SOCKET, SO_INCOMING_NAPI_ID),
	R(SOL_SOCKET, 9999), R(IPPROTO_TCP, TCP_FASTOPEN_KEY),
	R(IPPROTO_IP, IP_ROUTER_ALERT), R(IPPROTO_IP, IP_RECVOPTS),
	R(IPPROTO_IP, IP_RETOPTS),
	R(IPPROTO_IP, IP_CHECKSUM), R(IPPROTO_IP, 9999),
	R(IPPROTO_IPV6, IPV6_ADDRFORM),
	R(IPPROTO_IPV6, IPV6_RECVHOPOPTS), R(IPPROTO_IPV6, IPV6_RECVRTHDR),
	R(IPPROTO_IPV6, IPV6_RECVPATHMTU), R(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL),
	R(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES), R(IPPROTO_IPV6, 9999),
	R(IPPROTO_TCP, TCP_REPAIR),
	R(IPPROTO_TCP, TCP_FASTOPEN), R(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
	R(IPPROTO_TCP, TCP_TIMESTAMP), R(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	R(IPPROTO_TCP, TCP_CC_INFO), R(IPPROTO_TCP, TCP_SAVE_SYN),
	R(IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE),
	R(IPPROTO_TCP, TCP_INQ), R(IPPROTO_TCP, 9999),
	R(IPPROTO_UDP, UDP_CORK), R(IPPROTO_UDP, UDP_ENCAP), R(IPPROTO_SCTP, 1),
#undef R
	/* clang-format on */
};

static void
test_refused_options(void **state UNUSED)
{
	int v[4] = { 1, 0, 0, 0 };

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++)
		BOTH(af)
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		socklen_t len = sizeof(v);
		int fd = socket(af, type, 0);

		assert_true(fd != -1);
		if (setsockopt(fd, refused[i].level, refused[i].name, v,
			sizeof(v)) != -1 ||
		    errno != ENOPROTOOPT)
			fail_msg("%s: set: %s", refused[i].text,
			    strerror(errno));
		if (getsockopt(fd, refused[i].level, refused[i].name, v,
			&len) != -1 ||
		    errno != ENOPROTOOPT)
			fail_msg("%s: get: %s", refused[i].text,
			    strerror(errno));
		close(fd);
	}
}

/* --- numbers: what is taken, and what is read then --- */

enum { STREAM = 1, DGRAM = 2, ANY = 3 };
static const struct {
	int types, level, name, set, get, error;
} numbers[] = {
	/* clang-format off */
	{ ANY, SOL_SOCKET, SO_RCVBUF,	   1,	   2048,    0 },
	{ ANY, SOL_SOCKET, SO_SNDBUF,	   -1,	   4194304, 0 },
	{ ANY, SOL_SOCKET, SO_PRIORITY,	   6,	   6,	    0 },
	{ ANY, SOL_SOCKET, SO_PRIORITY,	   8,	   0,	    EINVAL },
	{ ANY, SOL_SOCKET, SO_SNDLOWAT,	   2,	   1,	    ENOPROTOOPT },
	{ ANY, SOL_SOCKET, SO_RCVLOWAT,	   77,	   77,	    0 },
	{ ANY, SOL_SOCKET, SO_TIMESTAMPNS, 1,	   1,	    0 },
	{ ANY, SOL_SOCKET, SO_TIMESTAMP,   1,	   1,	    0 },
	{ ANY, IPPROTO_IPV6, IPV6_2292HOPLIMIT, 1, 1,	    0 },
	{ ANY, IPPROTO_IPV6, IPV6_2292PKTINFO, 1,  1,	    0 },
	{ ANY, SOL_SOCKET, SO_TYPE,	   1,	   -1,	    ENOPROTOOPT },
	{ ANY, IPPROTO_IP, IP_TOS,	   0x1b8,  0xb8,    0 },
	{ ANY, IPPROTO_IP, IP_TTL,	   0,	   64,	    EINVAL },
	{ ANY, IPPROTO_IP, IP_TTL,	   256,	   64,	    EINVAL },
	{ ANY, IPPROTO_IP, IP_TTL,	   -1,	   64,	    0 },
	{ ANY, IPPROTO_IP, IP_MINTTL,	   255,	   255,	    0 },
	{ ANY, IPPROTO_IP, IP_MINTTL,	   256,	   0,	    EINVAL },
	{ ANY, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, 1,   0 },
	{ ANY, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, 0, 0 },
	{ ANY, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT, 1, 0 },
	{ ANY, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, 2, 0 },
	{ ANY, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, 3, 0 },
	{ ANY, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE, 4, 0 },
	{ ANY, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, 5, 0 },
	{ STREAM, IPPROTO_IP, IP_MTU_DISCOVER, 6, 1, EINVAL },
	{ DGRAM, IPPROTO_IP, IP_MTU_DISCOVER, -1, 0, EINVAL },
	{ ANY, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT, 5, 0 },
	{ ANY, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 6, -1, EINVAL },
	{ DGRAM, IPPROTO_IP, IP_UNICAST_IF, 0,	   0,	    0 },
	{ DGRAM, IPPROTO_IP, IP_UNICAST_IF, 1,	   0,	    EADDRNOTAVAIL },
	{ DGRAM, IPPROTO_IPV6, IPV6_UNICAST_IF, 1, 0,	    EADDRNOTAVAIL },
	{ STREAM, IPPROTO_IP, IP_UNICAST_IF, 0,	   -1,	    ENOPROTOOPT },
	{ ANY, IPPROTO_IP, IP_FREEBIND,	   1,	   1,	    0 },
	{ ANY, IPPROTO_IPV6, IPV6_FREEBIND, 1,	   1,	    0 },
	{ DGRAM, IPPROTO_IP, IP_RECVERR,   1,	   1,	    0 },
	{ DGRAM, IPPROTO_IPV6, IPV6_RECVERR, 1,	   1,	    0 },
	{ STREAM, IPPROTO_IP, IP_RECVERR,  1,	   -1,	    ENOPROTOOPT },
	{ STREAM, IPPROTO_IPV6, IPV6_RECVERR, 1,   -1,	    ENOPROTOOPT },
	{ ANY, SOL_SOCKET, SO_RXQ_OVFL,	   1,	   1,	    0 },
	{ ANY, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 255, 255,    0 },
	{ ANY, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 256, 0,	    EINVAL },
	{ ANY, IPPROTO_IPV6, IPV6_TCLASS,  -1,	   0,	    0 },
	{ ANY, IPPROTO_IPV6, IPV6_TCLASS,  256,	   0,	    EINVAL },
	{ ANY, IPPROTO_IPV6, IPV6_MTU,	   1279,   -1,	    EINVAL },
	{ ANY, IPPROTO_IPV6, IPV6_MTU,	   1280,   -1,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_MAXSEG, 87,	   -1,	    EINVAL },
	{ STREAM, IPPROTO_TCP, TCP_MAXSEG, 0,	   -1,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_KEEPCNT, 128,   -1,	    EINVAL },
	{ STREAM, IPPROTO_TCP, TCP_INFO,   1,	   -1,	    ENOPROTOOPT },
	{ STREAM, IPPROTO_TCP, TCP_LINGER2, 7,	   7,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_LINGER2, 0,	   60,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_LINGER2, -9,	   -1,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_LINGER2, 999,   120,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, 0,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1, 1,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5, 7,	    0 },
	{ STREAM, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30, 31,    0 },
	{ STREAM, IPPROTO_TCP, TCP_WINDOW_CLAMP, 9000, 9000, 0 },
	{ STREAM, IPPROTO_TCP, TCP_WINDOW_CLAMP, 1, 1152,   0 },
	{ DGRAM, IPPROTO_UDP, UDP_SEGMENT, 1200, 1200,	    0 },
	{ DGRAM, IPPROTO_UDP, UDP_SEGMENT, -1,	   0,	    EINVAL },
	{ DGRAM, IPPROTO_UDP, UDP_SEGMENT, 65536,  0,	    EINVAL },
	{ DGRAM, IPPROTO_UDP, UDP_GRO,	   7,	   1,	    0 },
	{ STREAM, IPPROTO_UDP, UDP_SEGMENT, 7,	   -1,	    ENOPROTOOPT },
	{ DGRAM, IPPROTO_TCP, TCP_NODELAY, 1,	   -1,	    ENOPROTOOPT },
	/* clang-format on */
};

static void
number_walk(size_t i, int af, int type)
{
	int fd = socket(af, type, 0), v = numbers[i].set, ret;
	socklen_t len = sizeof(v);

	assert_true(fd != -1);
	ret = setsockopt(fd, numbers[i].level, numbers[i].name, &v, sizeof(v));
	if (numbers[i].error != 0 ? ret != -1 || errno != numbers[i].error :
				    ret == -1)
		fail_msg("row %zu: set: %d, %s", i, ret, strerror(errno));
	if (numbers[i].get != -1) {
		assert_return_code(getsockopt(fd, numbers[i].level,
				       numbers[i].name, &v, &len),
		    errno);
		if (v != numbers[i].get || len != sizeof(v))
			fail_msg("row %zu: %d, %u bytes", i, v, len);
		len = 1; /* cut, as Linux does */
		assert_return_code(getsockopt(fd, numbers[i].level,
				       numbers[i].name, &v, &len),
		    errno);
		assert_int_equal(len, 1);
	}
	/* a byte is enough for level IP, for no other */
	ret = setsockopt(fd, numbers[i].level, numbers[i].name, &v, 1);
	if (numbers[i].level != IPPROTO_IP && (ret != -1 || (errno != EINVAL && errno != ENOPROTOOPT)))
		fail_msg("row %zu: a byte: %d, %s", i, ret, strerror(errno));
	close(fd);
}

static void
test_numbers(void **state UNUSED)
{
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++)
		BOTH(af)
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if ((numbers[i].types & type) != 0 &&
		    (numbers[i].level != IPPROTO_IPV6 || af == AF_INET6))
			number_walk(i, af, type);
}

/* Buffers above the bound are for the machine's owner. */
static void
test_forced_buffers(void **state UNUSED)
{
	static const int names[2][2] = { { SO_RCVBUFFORCE, SO_RCVBUF },
		{ SO_SNDBUFFORCE, SO_SNDBUF } };
	int fd = socket(AF_INET, SOCK_STREAM, 0), v;
	socklen_t len = sizeof(v);
	pid_t pid;

	for (int i = 0; i < 2; i++) {
		v = 64 << 20;
		assert_return_code(setsockopt(fd, SOL_SOCKET, names[i][0], &v,
				       sizeof(v)),
		    errno);
		assert_return_code(getsockopt(fd, SOL_SOCKET, names[i][1], &v,
				       &len),
		    errno);
		assert_int_equal(v, 64 << 20);
	}
	close(fd);
	if (geteuid() != 0)
		return;
	if ((pid = fork()) == 0) {
		const char *argv[] = { "/bin/chmod", "755", mach.root, NULL };

		CHILD_CHECK(run_wait(argv) == 0 && setgid(65531) == 0 &&
		    setuid(65531) == 0 && bsd_reopen() == 0);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		CHILD_CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &v,
				sizeof(v)) == -1 &&
		    errno == EPERM);
		v = 7;
		CHILD_CHECK(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &v,
				sizeof(v)) == -1 &&
		    errno == EPERM);
		_exit(0);
	}
	child_good(pid);
}

/* --- what some of them do --- */

static int
number_set(int fd, int level, int name, int v)
{
	return (setsockopt(fd, level, name, &v, sizeof(v)));
}

/* A datagram socket with its port, and one that is connected to it. */
static void
dgram_pair(int af, int *a, int *b)
{
	struct sockaddr_storage ss;
	socklen_t len = here(af, DGRAM_PORT, &ss);

	assert_true((*a = socket(af, SOCK_DGRAM, 0)) != -1);
	assert_true((*b = socket(af, SOCK_DGRAM, 0)) != -1);
	assert_return_code(bind(*b, (struct sockaddr *)&ss, len), errno);
	assert_return_code(connect(*a, (struct sockaddr *)&ss, len), errno);
}

/* RFC 5082: each family has its own least number of hops. */
static void
test_least_hops(void **state UNUSED)
{
	int a, b;

	BOTH(af)
	{
		bool v4 = af == AF_INET;
		int level = v4 ? IPPROTO_IP : IPPROTO_IPV6,
		    ttl = v4 ? IP_TTL : IPV6_UNICAST_HOPS;

		dgram_pair(af, &a, &b);
		assert_return_code(number_set(b, level,
				       v4 ? IP_MINTTL : IPV6_MINHOPCOUNT, 101),
		    errno);
		assert_return_code(number_set(a, level, ttl, 100), errno);
		say(a, "from far away");
		assert_return_code(number_set(a, level, ttl, 101), errno);
		if (!v4) /* the other family's does not matter */
			assert_return_code(number_set(b, IPPROTO_IP, IP_MINTTL,
					       255),
			    errno);
		say(a, "near");
		expect_text(b, "near");
		assert_quiet(b, POLLIN);
		close(a);
		close(b);
	}
}

/* The address alone is bound; the port comes with the peer. */
static void
test_bind_without_port(void **state UNUSED)
{
	struct sockaddr_storage ss, own;
	socklen_t len, ownlen;
	int fd, l;

	BOTH(af)
	{
		len = here(af, DGRAM_PORT + 1, &ss);
		assert_true((l = socket(af, SOCK_STREAM, 0)) != -1);
		assert_return_code(bind(l, (struct sockaddr *)&ss, len), errno);
		assert_return_code(listen(l, 1), errno);
		assert_true((fd = socket(af, SOCK_STREAM, 0)) != -1);
		assert_return_code(number_set(fd, IPPROTO_IP,
				       IP_BIND_ADDRESS_NO_PORT, 1),
		    errno);
		len = here(af, 0, &own);
		assert_return_code(bind(fd, (struct sockaddr *)&own, len),
		    errno);
		ownlen = sizeof(own);
		assert_return_code(getsockname(fd, (struct sockaddr *)&own,
				       &ownlen),
		    errno);
		assert_int_equal(((struct sockaddr_in *)&own)->sin_port, 0);
		assert_return_code(connect(fd, (struct sockaddr *)&ss, len),
		    errno);
		ownlen = sizeof(own);
		assert_return_code(getsockname(fd, (struct sockaddr *)&own,
				       &ownlen),
		    errno);
		assert_int_not_equal(((struct sockaddr_in *)&own)->sin_port, 0);
		if (af == AF_INET)
			assert_int_equal(
			    ((struct sockaddr_in *)&own)->sin_addr.s_addr,
			    htonl(INADDR_LOOPBACK));
		close(fd);
		close(l);
	}
}

/* A time comes with the datagram, about now: of micro- or nanoseconds. */
static void
test_timestamp(void **state UNUSED)
{
	static const struct {
		int name, type;
	} rows[] = { { SO_TIMESTAMP, SCM_TIMESTAMP },
		{ SO_TIMESTAMPNS, SCM_TIMESTAMPNS } };
	union {
		struct cmsghdr h;
		char b[256];
	} control;
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct timespec ts, now; /* a timeval looks like one */
	int a, b;

	for (int i = 0; i < 2; i++)
		BOTH(af)
	{
		dgram_pair(af, &a, &b);
		assert_return_code(number_set(b, SOL_SOCKET, rows[i].name, 1),
		    errno);
		say(a, "when");
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		assert_int_equal(recvmsg(b, &m, 0), 4);
		assert_true(m.msg_controllen >= CMSG_LEN(sizeof(ts)));
		assert_int_equal(control.h.cmsg_level, SOL_SOCKET);
		assert_int_equal(control.h.cmsg_type, rows[i].type);
		memcpy(&ts, CMSG_DATA(&control.h), sizeof(ts));
		clock_gettime(CLOCK_REALTIME, &now);
		assert_in_range(ts.tv_sec, now.tv_sec - 30, now.tv_sec + 1);
		assert_in_range(ts.tv_nsec, 0, i == 0 ? 999999 : 999999999);
		close(a);
		close(b);
	}
}

/* ICMP_FILTER: the types with a bit are not for this socket. */
static void
test_icmp_filter(void **state UNUSED)
{
	uint8_t echo[8] = { 8, 0, 0xf7, 0xff }, in[128];
	struct sockaddr_storage ss;
	socklen_t len = here(AF_INET, 0, &ss);
	int fd;

	if (geteuid() != 0)
		skip();
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	assert_errno(number_set(fd, IPPROTO_RAW, 1, 1), EOPNOTSUPP);
	close(fd);
	assert_true((fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)) != -1);
	for (int type = 0; type <= 8; type += 8) { /* reply, request */
		assert_return_code(number_set(fd, IPPROTO_RAW, 1,
				       ~(1 << type)),
		    errno);
		assert_int_equal(sendto(fd, echo, sizeof(echo), 0,
				     (struct sockaddr *)&ss, len),
		    sizeof(echo));
		assert_comes(fd, POLLIN);
		assert_int_equal(recv(fd, in, sizeof(in), 0), 28);
		assert_int_equal(in[20], type);
		assert_quiet(fd, POLLIN);
	}
	close(fd);
}

/* --- errors that a socket asked for --- */

struct told {
	ssize_t n;
	struct sockaddr_storage dst, from;
	struct sock_extended_err ee;
	int hops; /* -1: not told */
	char data[64];
};

static struct told
fetch_error(int fd, int af)
{
	struct told t;
	union {
		struct cmsghdr h;
		char b[256];
	} control;
	struct iovec iov = { t.data, sizeof(t.data) };
	struct msghdr m = { .msg_name = &t.dst,
		.msg_namelen = sizeof(t.dst),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *h;

	memset(&t, 0, sizeof(t));
	errno = 0;
	if ((t.n = recvmsg(fd, &m, MSG_ERRQUEUE)) == -1)
		return (t);
	assert_int_equal(m.msg_flags, MSG_ERRQUEUE);
	assert_int_equal(control.h.cmsg_level,
	    af == AF_INET ? IPPROTO_IP : IPPROTO_IPV6);
	assert_int_equal(control.h.cmsg_type,
	    af == AF_INET ? IP_RECVERR : IPV6_RECVERR);
	memcpy(&t.ee, CMSG_DATA(&control.h), sizeof(t.ee));
	memcpy(&t.from, CMSG_DATA(&control.h) + sizeof(t.ee),
	    control.h.cmsg_len - CMSG_LEN(sizeof(t.ee)));
	t.hops = -1;
	if ((h = CMSG_NXTHDR(&m, &control.h)) != NULL) {
		assert_int_equal(h->cmsg_level, control.h.cmsg_level);
		assert_int_equal(h->cmsg_type,
		    af == AF_INET ? IP_TTL : IPV6_HOPLIMIT);
		memcpy(&t.hops, CMSG_DATA(h), sizeof(t.hops));
	}
	return (t);
}

#define NOBODYS_PORT 5999

static void
send_to_nobody(int fd, int af, const char *text)
{
	struct sockaddr_storage ss;
	socklen_t len = here(af, NOBODYS_PORT, &ss);

	assert_int_equal(sendto(fd, text, strlen(text), 0,
			     (struct sockaddr *)&ss, len),
	    strlen(text));
}

static void
test_error_queue(void **state UNUSED)
{
	struct sockaddr_storage ss;
	struct told t;
	char c;
	int fd;

	BOTH(af)
	{
		bool v4 = af == AF_INET;
		int level = v4 ? IPPROTO_IP : IPPROTO_IPV6,
		    name = v4 ? IP_RECVERR : IPV6_RECVERR;

		assert_true((fd = socket(af, SOCK_DGRAM, 0)) != -1);
		send_to_nobody(fd, af, "nobody is told");
		assert_quiet(fd, POLLIN);
		assert_errno(fetch_error(fd, af).n, EAGAIN);
		assert_return_code(number_set(fd, level, name, 1), errno);
		send_to_nobody(fd, af, "what was sent");
		assert_comes(fd, POLLIN);
		t = fetch_error(fd, af);
		assert_int_equal(t.n, 13);
		assert_memory_equal(t.data, "what was sent", 13);
		assert_memory_equal(&t.dst, &ss,
		    here(af, NOBODYS_PORT, &ss));
		assert_memory_equal(&t.from, &ss, here(af, 0, &ss));
		assert_int_equal(t.ee.ee_errno, ECONNREFUSED);
		assert_int_equal(t.ee.ee_origin,
		    v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6);
		assert_int_equal(t.ee.ee_type, v4 ? 3 : 1); /* unreachable */
		assert_int_equal(t.ee.ee_code, v4 ? 3 : 4); /* its port */
		/* that told all of it */
		assert_int_equal(error_of(fd), 0);
		assert_errno(recv(fd, &c, 1, MSG_DONTWAIT), EAGAIN);
		assert_errno(fetch_error(fd, af).n, EAGAIN);
		/* it is the error of the next call as well */
		assert_int_equal(t.hops, -1);
		assert_return_code(number_set(fd, level,
				       v4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT, 1),
		    errno);
		send_to_nobody(fd, af, "x");
		assert_comes(fd, POLLIN);
		assert_errno(recv(fd, &c, 1, MSG_PEEK), ECONNREFUSED);
		assert_errno(recv(fd, &c, 1, MSG_DONTWAIT), EAGAIN);
		t = fetch_error(fd, af);
		assert_int_equal(t.n, 1);
		assert_in_range(t.hops, 64, 255); /* of who said it */
		/* and no more wait than there is room for */
		for (int i = 0; i < 16; i++) {
			send_to_nobody(fd, af, "many");
			for (uint64_t end = now_ms() + SOON_MS;
			     error_of(fd) == 0 && now_ms() < end;)
				usleep(200);
		}
		send_to_nobody(fd, af, "too many");
		usleep(QUIET_MS * 1000);
		for (int i = 0; i < 16; i++)
			assert_int_equal(fetch_error(fd, af).n, 4);
		assert_errno(fetch_error(fd, af).n, EAGAIN);
		close(fd);
	}
}

/* An IPv6 socket with an IPv4 peer: its addresses are mapped. */
static void
test_error_queue_mapped(void **state UNUSED)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		.sin6_port = htons(NOBODYS_PORT) };
	struct told t;
	int fd;

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
	assert_true((fd = socket(AF_INET6, SOCK_DGRAM, 0)) != -1);
	assert_return_code(connect(fd, (struct sockaddr *)&to, sizeof(to)),
	    errno);
	assert_return_code(number_set(fd, IPPROTO_IP, IP_RECVERR, 1), errno);
	say(fd, "mapped");
	assert_comes(fd, POLLIN);
	t = fetch_error(fd, AF_INET6);
	assert_int_equal(t.n, 6);
	assert_memory_equal(&t.dst, &to, sizeof(to));
	to.sin6_port = 0;
	assert_memory_equal(&t.from, &to, sizeof(to));
	assert_int_equal(t.ee.ee_origin, SO_EE_ORIGIN_ICMP);
	close(fd);
}

/* SO_RXQ_OVFL: how many datagrams found no room, with each that did. */
static void
test_drops_told(void **state UNUSED)
{
	static char buf[1000];
	union {
		struct cmsghdr h;
		char b[256];
	} control;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint32_t drops;
	int a, b;

	BOTH(af)
	{
		dgram_pair(af, &a, &b);
		assert_return_code(number_set(b, SOL_SOCKET, SO_RCVBUF, 2048),
		    errno);
		assert_return_code(number_set(b, SOL_SOCKET, SO_RXQ_OVFL, 1),
		    errno);
		for (int i = 0; i < 3000; i++)
			assert_int_equal(send(a, buf, sizeof(buf), 0),
			    sizeof(buf));
		for (int i = 0; i < 2; i++) { /* before any was lost, and after */
			m.msg_control = &control;
			m.msg_controllen = sizeof(control);
			assert_comes(b, POLLIN);
			assert_int_equal(recvmsg(b, &m, 0), sizeof(buf));
			assert_int_equal(control.h.cmsg_level, SOL_SOCKET);
			assert_int_equal(control.h.cmsg_type, SO_RXQ_OVFL);
			memcpy(&drops, CMSG_DATA(&control.h), sizeof(drops));
			if (i == 0)
				assert_int_equal(drops, 0);
			else
				assert_in_range(drops, 1000, 3000);
			if (i != 0)
				break;
			while (events_of(b, POLLIN, QUIET_MS) != 0)
				assert_int_equal(read(b, buf, sizeof(buf)),
				    sizeof(buf));
			assert_int_equal(send(a, buf, sizeof(buf), 0),
			    sizeof(buf));
		}
		close(a);
		close(b);
	}
}

/* --- many datagrams by one call --- */

/* Sends n bytes to where fd is connected, cut at size by control data. */
static ssize_t
send_cut(int fd, const void *buf, size_t n, uint16_t size)
{
	union {
		struct cmsghdr h;
		char b[64];
	} control = { .h = { CMSG_LEN(sizeof(size)), IPPROTO_UDP,
			  UDP_SEGMENT } };
	struct iovec iov = { (void *)(uintptr_t)buf, n };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(size)) };

	memcpy(CMSG_DATA(&control.h), &size, sizeof(size));
	return (sendmsg(fd, &m, 0));
}

/* The next message: its length, and in *size what UDP_GRO says of it, or 0. */
static ssize_t
take_many(int fd, uint8_t *buf, size_t room, int *size)
{
	union {
		struct cmsghdr h;
		char b[256];
	} control;
	struct iovec iov = { buf, room };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	assert_comes(fd, POLLIN);
	n = recvmsg(fd, &m, 0);
	*size = 0;
	if (m.msg_controllen == 0)
		return (n);
	assert_int_equal(control.h.cmsg_level, IPPROTO_UDP);
	assert_int_equal(control.h.cmsg_type, UDP_GRO);
	memcpy(size, CMSG_DATA(&control.h), sizeof(*size));
	return (n);
}

static void
test_segments(void **state UNUSED)
{
	static uint8_t out[60000], in[65536];
	int a, b, size;
	ssize_t n;

	pattern_fill(out, sizeof(out), 0);
	BOTH(af)
	{
		dgram_pair(af, &a, &b);
		assert_return_code(number_set(b, SOL_SOCKET, SO_RCVBUF,
				       1 << 20),
		    errno);
		for (int by = 0; by < 2; by++) { /* the socket, the message */
			assert_return_code(number_set(a, IPPROTO_UDP,
					       UDP_SEGMENT, by == 0 ? 1200 : 0),
			    errno);
			assert_int_equal(by == 0 ?
				send(a, out, sizeof(out), 0) :
				send_cut(a, out, sizeof(out), 1200),
			    sizeof(out));
			for (size_t at = 0; at < sizeof(out); at += (size_t)n) {
				n = take_many(b, in, sizeof(in), &size);
				assert_int_equal(n, 1200);
				assert_int_equal(size, 0);
				assert_memory_equal(in, out + at, n);
			}
		}
		/* the last is what is left; few bytes are one datagram */
		assert_int_equal(send_cut(a, out, 2500, 1000), 2500);
		assert_int_equal(take_many(b, in, sizeof(in), &size), 1000);
		assert_int_equal(take_many(b, in, sizeof(in), &size), 1000);
		assert_int_equal(take_many(b, in, sizeof(in), &size), 500);
		assert_int_equal(send_cut(a, out, 700, 1000), 700);
		assert_int_equal(take_many(b, in, sizeof(in), &size), 700);
		assert_errno(send_cut(a, out, 1290, 10), EINVAL); /* 129 */
		assert_errno(send_cut(a, out, sizeof(out), 40000), EINVAL);
		/* who wants it gets them as they came: as one */
		assert_return_code(number_set(b, IPPROTO_UDP, UDP_GRO, 1),
		    errno);
		assert_int_equal(send_cut(a, out, 2500, 1000), 2500);
		assert_int_equal(take_many(b, in, sizeof(in), &size), 2500);
		assert_int_equal(size, 1000);
		assert_memory_equal(in, out, 2500);
		say(a, "alone");
		assert_int_equal(take_many(b, in, sizeof(in), &size), 5);
		assert_int_equal(size, 0);
		close(a);
		close(b);
	}
}

/* A read that waits for ten bytes gets ten. */
static void
test_low_water(void **state UNUSED)
{
	char buf[32];
	int a, b, l, port;
	pid_t pid;

	l = loop_listener(1, &port);
	a = loop_socket(0);
	assert_return_code(loop_connect(a, port, 0), errno);
	assert_return_code(b = accept(l, NULL, NULL), errno);
	assert_return_code(number_set(b, SOL_SOCKET, SO_RCVLOWAT, 10), errno);
	say(a, "four");
	assert_comes(b, POLLIN);
	if ((pid = fork()) == 0) {
		usleep(QUIET_MS * 1000);
		CHILD_CHECK(write(a, "and six", 6) == 6);
		_exit(0);
	}
	assert_int_equal(read(b, buf, sizeof(buf)), 10);
	assert_memory_equal(buf, "fourand si", 10);
	child_good(pid);
	close(a);
	close(b);
	close(l);
}

/* Ways to send and receive that there are not, and those that look alike. */
static void
test_flags(void **state UNUSED)
{
	struct iovec iov = { (char[8]){ 0 }, 8 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int a, b, l, port, n;
	char c;

	BOTH(af)
	{
		dgram_pair(af, &a, &b);
		assert_errno(send(a, "x", 1, MSG_OOB), EOPNOTSUPP);
		assert_errno(send(a, "x", 1, MSG_MORE), EOPNOTSUPP);
		assert_errno(recv(b, &c, 1, MSG_OOB), EOPNOTSUPP);
		assert_errno(recvmsg(b, &m, MSG_ERRQUEUE), EAGAIN);
		assert_quiet(b, POLLIN);
		assert_return_code(ioctl(b, FIONREAD, &n), errno);
		assert_int_equal(n, 0);
		say(a, "seven b");
		say(a, "another");
		assert_comes(b, POLLIN);
		assert_return_code(ioctl(b, FIONREAD, &n), errno);
		assert_int_equal(n, 7); /* of the first, which stays */
		expect_text(b, "seven b");
		assert_return_code(ioctl(b, SIOCATMARK, &n) == -1 ? 0 : -1, 0);
		close(a);
		close(b);
	}
	l = loop_listener(1, &port);
	a = loop_socket(0);
	assert_return_code(loop_connect(a, port, 0), errno);
	assert_return_code(b = accept(l, NULL, NULL), errno);
	assert_int_equal(send(a, "x", 1, MSG_OOB), 1); /* looptest(4) marks nothing */
	expect_text(b, "x");
	assert_errno(sendto(a, "x", 1, MSG_FASTOPEN, NULL, 0), EOPNOTSUPP);
	assert_errno(recv(b, &c, 1, MSG_OOB), EINVAL);
	assert_errno(recvmsg(b, &m, MSG_ERRQUEUE), EAGAIN);
	assert_return_code(ioctl(b, SIOCATMARK, &n), errno);
	assert_int_equal(n, 0);
	assert_int_equal(send(a, "more", 4, MSG_MORE), 4); /* a hint */
	expect_text(b, "more");
	close(a);
	close(b);
	close(l);
}

/* An upper layer protocol ("tls") that is not there, as on Linux without it. */
static void
test_no_upper_layer(void **state UNUSED)
{
	char name[16] = "";
	socklen_t len = sizeof(name);
	int fd;

	BOTH(af)
	{
		fd = tcp_socket(af, 0);
		assert_errno(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3),
		    ENOENT);
		assert_errno(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "", 0),
		    EINVAL);
		assert_return_code(getsockopt(fd, IPPROTO_TCP, TCP_ULP, name,
				       &len),
		    errno);
		assert_int_equal(len, 0);
		len = sizeof(name);
		close(fd);
	}
}

/* A connection is there for accept(2) when it has brought data. */
static void
test_defer_accept(void **state UNUSED)
{
	int a, b, l, port;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		assert_return_code(number_set(l, IPPROTO_TCP, TCP_DEFER_ACCEPT,
				       30),
		    errno);
		a = tcp_socket(af, 0);
		assert_return_code(tcp_connect(a, af, port), errno);
		assert_quiet(l, POLLIN);
		say(a, "a request");
		assert_comes(l, POLLIN);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		expect_text(b, "a request");
		say(b, "its answer");
		expect_text(a, "its answer");
		both_close(a, b);
		close(l);
	}
}

/* Streams before they have a peer, and what is no listener. */
static void
test_without_peer(void **state UNUSED)
{
	int fd, l, port;
	char c;

	BOTH(af)
	{
		fd = tcp_socket(af, 0);
		assert_errno(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
		assert_errno(write(fd, "x", 1), EPIPE); /* SIGPIPE is ignored */
		assert_errno(read(fd, &c, 1), ENOTCONN);
		assert_errno(recv(fd, &c, 1, MSG_PEEK), ENOTCONN);
		assert_errno(accept(fd, NULL, NULL), EINVAL);
		l = tcp_listener(af, &port);
		assert_errno(read(l, &c, 1), ENOTCONN); /* no record of accept */
		assert_return_code(tcp_connect(fd, af, port), errno);
		assert_errno(recv(fd, &c, 1, MSG_DONTWAIT), EAGAIN);
		assert_errno(tcp_connect(l, af, port), EISCONN);
		both_close(fd, l);
		fd = socket(af, SOCK_DGRAM, 0);
		assert_errno(accept(fd, NULL, NULL), EOPNOTSUPP);
		close(fd);
	}
}

/* The first write after a reset says so, the next that it is over. */
static void
test_write_after_reset(void **state UNUSED)
{
	struct linger hard = { 1, 0 };
	int a, b;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_return_code(setsockopt(b, SOL_SOCKET, SO_LINGER, &hard,
				       sizeof(hard)),
		    errno);
		close(b);
		assert_comes(a, POLLHUP);
		assert_errno(send(a, "x", 1, MSG_NOSIGNAL), ECONNRESET);
		assert_errno(send(a, "x", 1, MSG_NOSIGNAL), EPIPE);
		close(a);
	}
}

/* connect(2) with no family: the datagram socket is as it was before. */
static void
test_disconnect(void **state UNUSED)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage ss, zero;
	socklen_t len;
	int a, b;

	BOTH(af)
	{
		dgram_pair(af, &a, &b);
		assert_return_code(connect(a, &none, sizeof(none)), errno);
		len = sizeof(ss);
		assert_errno(getpeername(a, (struct sockaddr *)&ss, &len),
		    ENOTCONN);
		assert_errno(send(a, "x", 1, 0), EDESTADDRREQ);
		len = sizeof(ss);
		memset(&zero, 0, sizeof(zero));
		assert_return_code(getsockname(a, (struct sockaddr *)&ss, &len),
		    errno);
		/* the address that connect chose is open again */
		if (af == AF_INET)
			assert_int_equal(
			    ((struct sockaddr_in *)&ss)->sin_addr.s_addr, 0);
		else
			assert_memory_equal(
			    &((struct sockaddr_in6 *)&ss)->sin6_addr, &zero,
			    16);
		len = here(af, DGRAM_PORT, &ss);
		assert_return_code(connect(a, (struct sockaddr *)&ss, len),
		    errno);
		say(a, "again");
		expect_text(b, "again");
		/* b chose its address itself */
		assert_return_code(connect(b, &none, sizeof(none)), errno);
		len = sizeof(ss);
		assert_return_code(getsockname(b, (struct sockaddr *)&ss, &len),
		    errno);
		assert_int_equal(ntohs(((struct sockaddr_in *)&ss)->sin_port),
		    DGRAM_PORT);
		close(a);
		close(b);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, limit_set)
	const struct CMUnitTest tests[] = {
		T(test_sockets),
		T(test_refused_options),
		T(test_numbers),
		T(test_forced_buffers),
		T(test_least_hops),
		T(test_bind_without_port),
		T(test_timestamp),
		T(test_icmp_filter),
		T(test_segments),
		T(test_low_water),
		T(test_error_queue),
		T(test_error_queue_mapped),
		T(test_drops_told),
		T(test_flags),
		T(test_no_upper_layer),
		T(test_defer_accept),
		T(test_without_peer),
		T(test_write_after_reset),
		T(test_disconnect),
	};

	return (cmocka_run_group_tests(tests, machine_up, machine_down));
}
