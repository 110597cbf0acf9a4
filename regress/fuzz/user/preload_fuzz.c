/* LINK: lib/libbsdsys */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Socket calls in any order through libbsdsys, to a machine of its own: rows
 * of four bytes, a call, which of eight descriptors, and two for its
 * arguments, on streams, datagrams and raw sockets of both families, beside
 * descriptors of the host.  From some row on it may be a forked child that goes
 * on, and is killed at the end; or several at once, which share the descriptors
 * that there are by then, each with rows of its own, killed one after the
 * other while the rest go on.  Whatever happens, the kernel lives, and what was
 * open there is closed once it is closed here.
 */

#include <sys/ioctl.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "regress/lib/libbsdsys/machine.h"

#define FDS  8
#define ROWS 64
#define KIDS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fds[FDS];
static int files_before; /* that the kernel has with nothing open */
static uint8_t buf[70000];

struct row {
	uint8_t call, fd, a, b;
};

/* --- arguments --- */

/* An address by number: ours, nobody's, of the wrong family, cut short. */
static socklen_t
address(uint8_t which, uint8_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	uint16_t p = port < 8 ? 0 : (uint16_t)(5000 + port % 4);

	memset(ss, 0, sizeof(*ss));
	sin->sin_port = htons(p);
	if ((which & 1) != 0) {
		ss->ss_family = AF_INET6;
		sin6->sin6_addr = (which & 2) != 0 ? in6addr_any :
						     in6addr_loopback;
		if ((which & 12) == 12)
			sin6->sin6_addr.s6_addr[0] = which;
	} else {
		ss->ss_family = AF_INET;
		sin->sin_addr.s_addr = htonl(
		    (which & 2) != 0 ? INADDR_ANY : INADDR_LOOPBACK);
		if ((which & 12) == 12)
			sin->sin_addr.s_addr = which;
	}
	if ((which & 0xf0) == 0xf0)
		ss->ss_family = which;
	return ((which & 0xe0) == 0xe0   ? (socklen_t)(which & 31) :
		ss->ss_family == AF_INET ? sizeof(*sin) :
					   sizeof(*sin6));
}

static void
put(int *slot, int fd)
{
	if (fd == -1)
		return;
	if (*slot != -1)
		close(*slot);
	*slot = fd;
}

/* --- calls --- */

static void
do_socket(int *fd, const struct row *r)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW,
		SOCK_STREAM };
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX,
		AF_LOOPTEST };

	put(fd,
	    socket(families[r->a & 3], types[r->a >> 2 & 3] | SOCK_NONBLOCK,
		(r->a & 0x80) != 0 ? r->b : 0));
}

static void
do_bind(int *fd, const struct row *r)
{
	struct sockaddr_storage ss;
	socklen_t len = address(r->a, r->b, &ss);

	(void)bind(*fd, (struct sockaddr *)&ss, len);
}

static void
do_connect(int *fd, const struct row *r)
{
	struct sockaddr_storage ss;
	socklen_t len = address(r->a, r->b, &ss);

	(void)connect(*fd, (struct sockaddr *)&ss, len);
}

/* What it was connected to, or listened for, is over. */
static void
do_disconnect(int *fd, const struct row *r)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	(void)connect(*fd, &none, sizeof(none));
}

static void
do_listen(int *fd, const struct row *r)
{
	(void)listen(*fd, (int8_t)r->a);
}

static void
do_accept(int *fd, const struct row *r)
{
	struct sockaddr_storage ss;
	socklen_t len = r->b;

	put(&fds[r->a % FDS],
	    accept4(*fd, (r->b & 1) != 0 ? (struct sockaddr *)&ss : NULL, &len,
		SOCK_NONBLOCK));
}

static void
do_send(int *fd, const struct row *r)
{
	struct sockaddr_storage ss;
	struct iovec iov[2] = { { buf, r->a * 16U }, { buf, r->b * 250U } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if ((r->b & 3) == 1) {
		m.msg_name = &ss;
		m.msg_namelen = address(r->a, r->b, &ss);
	}
	switch (r->b & 3) {
	case 0:
		(void)send(*fd, buf, r->a * 250U, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 1:
	case 2:
		(void)sendmsg(*fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	default:
		(void)writev(*fd, iov, 2);
		break;
	}
}

static void
do_receive(int *fd, const struct row *r)
{
	struct sockaddr_storage ss;
	uint8_t control[256];
	struct iovec iov = { buf, r->a * 250U };
	struct msghdr m = { .msg_name = &ss,
		.msg_namelen = r->b,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = r->b };

	if (m.msg_namelen > sizeof(ss))
		m.msg_namelen = sizeof(ss);
	if ((r->b & 1) != 0)
		(void)recvmsg(*fd, &m,
		    MSG_DONTWAIT | ((r->b & 2) != 0 ? MSG_PEEK : 0) |
			((r->b & 4) != 0 ? MSG_TRUNC : 0));
	else
		(void)recv(*fd, buf, r->a * 250U,
		    MSG_DONTWAIT | ((r->b & 2) != 0 ? MSG_OOB : 0));
}

static void
do_option(int *fd, const struct row *r)
{
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6,
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, 255, 0 };
	int level = levels[r->a & 7], name = r->b & 0x7f;
	socklen_t len = (r->a >> 3 & 7) * 4U;

	memset(buf, r->a >> 6, 64);
	if (level == SOL_SOCKET && name == SO_LINGER)
		memset(buf + 4, 0, 4); /* or close would wait */
	if ((r->b & 0x80) != 0)
		(void)getsockopt(*fd, level, name, buf, &len);
	else
		(void)setsockopt(*fd, level, name, buf, len);
}

static void
do_ioctl(int *fd, const struct row *r)
{
	static const unsigned long calls[] = { FIONREAD, FIONBIO, 0x8905,
		0x8912, 0x8913, 0x8915, 0x8921, 0x8927, 0x5411, 0x8910 };
	uint8_t arg[64];

	memset(arg, 0, sizeof(arg));
	memcpy(arg, r->b == 0 ? "lo0" : "no0", 4);
	if (!bsd_isfd(*fd)) /* the host's interfaces are not ours to change */
		return;
	if ((r->a & 0x80) != 0)
		(void)ioctl(*fd, 0x8900UL + r->b, arg);
	else if (calls[r->a % 10] != FIONBIO)
		(void)ioctl(*fd, calls[r->a % 10], arg);
}

static void
do_names(int *fd, const struct row *r)
{
	struct sockaddr_storage ss;
	socklen_t len = r->b;

	if (len > sizeof(ss))
		len = sizeof(ss);
	if ((r->a & 1) != 0)
		(void)getsockname(*fd, (struct sockaddr *)&ss, &len);
	else
		(void)getpeername(*fd, (struct sockaddr *)&ss, &len);
}

static void
do_shutdown(int *fd, const struct row *r)
{
	(void)shutdown(*fd, r->a & 3);
}

static void
do_poll(int *fd, const struct row *r)
{
	struct pollfd p[2] = { { .fd = *fd, .events = r->b },
		{ .fd = fds[r->a % FDS], .events = POLLIN | POLLOUT } };

	(void)poll(p, 2, r->a & 1);
}

static void
do_dup(int *fd, const struct row *r)
{
	int *to = &fds[r->a % FDS];

	if (*fd == -1 || to == fd)
		return;
	if (*to != -1 && (r->b & 1) != 0)
		(void)dup2(*fd, *to);
	else
		put(to,
		    (r->b & 2) != 0 ? dup(*fd) :
				      fcntl(*fd, F_DUPFD_CLOEXEC, 3));
}

/* Across a pair of the host's, as a server hands connections on. */
static void
do_pass(int *fd, const struct row *r)
{
	union {
		struct cmsghdr h;
		uint8_t b[CMSG_SPACE(sizeof(int))];
	} c = { .h = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { buf, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.b,
		.msg_controllen = sizeof(c.b) };
	int pair[2], got;

	if (*fd == -1 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return;
	memcpy(CMSG_DATA(&c.h), fd, sizeof(int));
	if (sendmsg(pair[0], &m, 0) == 1 && recvmsg(pair[1], &m, 0) == 1 &&
	    m.msg_controllen >= CMSG_LEN(sizeof(int))) {
		memcpy(&got, CMSG_DATA(&c.h), sizeof(int));
		put(&fds[r->a % FDS], got);
	}
	close(pair[0]);
	close(pair[1]);
}

static void
do_close(int *fd, const struct row *r)
{
	close(*fd);
	*fd = -1;
}

static void (*const calls[])(int *, const struct row *) = { do_socket,
	do_socket, do_bind, do_connect, do_connect, do_listen, do_accept,
	do_send, do_send, do_receive, do_receive, do_option, do_ioctl, do_names,
	do_shutdown, do_poll, do_dup, do_pass, do_close, do_disconnect };
#define NCALLS (sizeof(calls) / sizeof(calls[0]))

/* --- an input --- */

static void
run(const uint8_t *data, size_t rows)
{
	for (struct row r; rows > 0; rows--, data += sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		calls[r.call % NCALLS](&fds[r.fd % FDS], &r);
	}
}

/* The rest in a child that ends without a word. */
static void
run_killed(const uint8_t *data, size_t rows)
{
	pid_t pid = fork();

	if (pid == 0) {
		run(data, rows);
		raise(SIGKILL);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

/* A child that goes on with its rows round and round until it is killed. */
static pid_t
run_on(const uint8_t *data, size_t rows)
{
	pid_t pid = fork();

	if (pid != 0)
		return (pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int rounds = 0; rounds < 50; rounds++)
		run(data, rows);
	raise(SIGKILL);
	_exit(1);
}

/* Clients at once.  When each is killed is up to the input. */
static void
run_several(const uint8_t *data, size_t rows)
{
	size_t each = rows / KIDS;
	pid_t kids[KIDS];

	for (size_t i = 0; i < KIDS; i++)
		kids[i] = run_on(data + i * each * sizeof(struct row), each);
	for (size_t i = 0; i < KIDS; i++) {
		usleep(data[i] * 8U);
		if (kids[i] <= 0)
			continue;
		kill(kids[i], SIGKILL);
		while (waitpid(kids[i], NULL, 0) == -1 && errno == EINTR)
			;
	}
}

static int
files(void)
{
	size_t len = sizeof(int);
	int v = -1;

	if (bsd_sysctl("kern.nfiles", &v, &len, NULL, 0) == -1) {
		log_show();
		abort();
	}
	return (v);
}

static void
closed_here_closed_there(void)
{
	uint64_t end = now_ms() + SOON_MS;

	while (files() > files_before)
		if (now_ms() > end) {
			fprintf(stderr, "%d files left, %d before\n", files(),
			    files_before);
			abort();
		}
}

static void
begin(void)
{
	if (machine_up(NULL) != 0) {
		log_show();
		abort();
	}
	for (int i = 0; i < FDS; i++)
		fds[i] = -1;
	files_before = files();
}

static void
finish(void)
{
	const char *argv[] = { "/bin/rm", "-rf", mach.root, NULL };

	(void)machine_end(SIGTERM);
	(void)run_wait(argv);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t rows = size / sizeof(struct row), child;

	if (mach.pid == 0) {
		begin();
		atexit(finish);
	}
	if (rows > ROWS)
		rows = ROWS;
	child = rows > 8 && data[0] >= 0xfe ? rows / 2 : rows;
	run(data, child);
	if (child < rows && data[0] == 0xff)
		run_killed(data + child * sizeof(struct row), rows - child);
	else if (child < rows)
		run_several(data + child * sizeof(struct row), rows - child);
	for (int i = 0; i < FDS; i++)
		if (fds[i] != -1) {
			close(fds[i]);
			fds[i] = -1;
		}
	closed_here_closed_there();
	return (0);
}
