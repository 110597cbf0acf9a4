/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Descriptors: the kernel's ends of socket pairs. */

#include <machine/host.h>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

#define BRIEF_MS 20

_Static_assert(sizeof(struct host_iov) == sizeof(struct iovec),
    "host_iov is an iovec");

int
host_sockpair(enum host_socktype type, int fds[2])
{
	int flags = (type == HOST_STREAM ? SOCK_STREAM : SOCK_SEQPACKET) |
	    SOCK_CLOEXEC;

	if (socketpair(AF_UNIX, flags, 0, fds) == -1)
		return (-errno);
	if (type == HOST_STREAM)
		host_urginline(fds[0], 1);
	return (0);
}

int
host_spin(int tries)
{
	static int spins = -1;
	int now = __atomic_load_n(&spins, __ATOMIC_RELAXED);

	if (tries == -1 && now != -1)
		return (now);
	if (tries == -1) /* on one CPU the other side cannot run meanwhile */
		tries = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 200 : 0;
	__atomic_store_n(&spins, tries, __ATOMIC_RELAXED);
	return (tries);
}

union passing {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* The descriptor that came along, all others are closed. */
static int
passed_take(struct msghdr *msg)
{
	int fd = -1, one;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0;
		     CMSG_LEN((i + 1) * sizeof(int)) <= c->cmsg_len; i++) {
			memcpy(&one, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(one));
			if (fd == -1)
				fd = one;
			else
				close(one);
		}
	}
	return (fd);
}

static unsigned int patience_ms = 10000;

void
host_patience(unsigned int ms)
{
	__atomic_store_n(&patience_ms, ms, __ATOMIC_RELAXED);
}

/* Waits for events on fd as flags say.  0, or -errno. */
static int
fd_wait(int fd, short events, int flags)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int limit = -1, n;

	if ((flags & HOST_LIMIT) != 0)
		limit = (int)__atomic_load_n(&patience_ms, __ATOMIC_RELAXED);
	else if ((flags & HOST_BRIEF) != 0)
		limit = BRIEF_MS;

	do
		n = poll(&pfd, 1, limit);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return (-errno);
	return (n == 0 ? -ETIMEDOUT : 0);
}

/* Of a stream, without waiting.  The host closes what comes along. */
static long
bytes_recv(int fd, const struct host_iov *iov, int niov)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)niov };
	ssize_t n;

	do
		n = niov == 1 ?
		    recv(fd, iov->base, iov->len, MSG_DONTWAIT) :
		    recvmsg(fd, &msg, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return (n == -1 ? -errno : n);
}

long
host_recv(int fd, const struct host_iov *iov, int niov, int *passed, int flags)
{
	union passing pass;
	struct msghdr msg;
	int spins = (flags & HOST_SPIN) != 0 ? host_spin(-1) : 0, how, error;
	bool limited = (flags & (HOST_LIMIT | HOST_BRIEF)) != 0;
	ssize_t n;

	if (passed == NULL)
		return (bytes_recv(fd, iov, niov));

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = (struct iovec *)(uintptr_t)iov;
	msg.msg_iovlen = (size_t)niov;
	msg.msg_control = pass.buf;
	*passed = -1;
	do {
		how = MSG_DONTWAIT;
		if ((flags & HOST_WAIT) != 0 && spins-- <= 0) {
			if (limited &&
			    (error = fd_wait(fd, POLLIN, flags)) != 0)
				return (error);
			how = limited ? MSG_DONTWAIT : 0;
		}
		msg.msg_controllen = sizeof(pass.buf);
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | how);
		if (n == -1 && errno == EAGAIN && how == 0 && /* O_NONBLOCK */
		    (error = fd_wait(fd, POLLIN, flags)) != 0)
			return (error);
	} while (n == -1 &&
	    (errno == EINTR || (errno == EAGAIN && (flags & HOST_WAIT) != 0)));
	if (n == -1)
		return (-errno);
	*passed = passed_take(&msg);
	if ((msg.msg_flags & MSG_TRUNC) != 0) {
		if (*passed != -1)
			close(*passed);
		*passed = -1;
		return (-EMSGSIZE);
	}
	return (n);
}

long
host_send(int fd, const struct host_iov *iov, int niov, int pass_fd, int flags)
{
	union passing pass;
	struct msghdr msg;
	int how = MSG_NOSIGNAL | MSG_DONTWAIT |
	    ((flags & HOST_URGENT) != 0 ? MSG_OOB : 0), error;
	ssize_t n;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = (struct iovec *)(uintptr_t)iov;
	msg.msg_iovlen = (size_t)niov;
	if (pass_fd != -1) {
		memset(&pass, 0, sizeof(pass));
		msg.msg_control = pass.buf;
		msg.msg_controllen = sizeof(pass.buf);
		pass.align.cmsg_len = CMSG_LEN(sizeof(int));
		pass.align.cmsg_level = SOL_SOCKET;
		pass.align.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&pass.align), &pass_fd, sizeof(pass_fd));
	}
	do {
		n = niov == 1 && pass_fd == -1 ?
		    send(fd, iov->base, iov->len, how) :
		    sendmsg(fd, &msg, how);
		if (n == -1 && errno == EAGAIN && (flags & HOST_WAIT) != 0 &&
		    (error = fd_wait(fd, POLLOUT, flags)) != 0)
			return (error);
	} while (n == -1 &&
	    (errno == EINTR || (errno == EAGAIN && (flags & HOST_WAIT) != 0)));
	return (n == -1 ? -errno : n);
}

int
host_atmark(int fd)
{
	int at;

	return (ioctl(fd, SIOCATMARK, &at) == 0 && at != 0);
}

void
host_urginline(int fd, int on)
{
	/* a host without urgent bytes in such sockets has none to keep apart */
	(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

int
host_shutdown(int fd, int how)
{
	return (shutdown(fd, how) == -1 ? -errno : 0);
}

void
host_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int
host_gone(int fd)
{
	struct pollfd pfd = { .fd = fd };

	return (poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLHUP) != 0);
}

long
host_outq(int fd)
{
	int n;

	return (ioctl(fd, SIOCOUTQ, &n) == -1 ? -errno : n);
}

int
host_cookie(int fd, unsigned long long *cookie)
{
	uint64_t c;
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &c, &len) == -1)
		return (-errno);
	*cookie = c;
	return (0);
}

int
host_bufsize(int fd, unsigned long bytes)
{
	int n = bytes > 1 << 28 ? 1 << 28 : (int)bytes;

	/* only the sender's buffer counts between sockets of one host */
	return (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)) == -1 ?
		-errno :
		0);
}

/*
 * To the brim, so that poll() finds no room and no write slips in behind.  The
 * host looks for room before each piece, whatever its size: once it takes less
 * than all, it takes nothing more.
 */
static int
fill(int c, const char *zeros, size_t len)
{
	ssize_t n;

	do
		n = send(c, zeros, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == (ssize_t)len);
	return (n == -1 && errno != EAGAIN ? -errno : 0);
}

int
host_fill(int c)
{
	static const char zeros[65536];

	return (fill(c, zeros, sizeof(zeros)));
}

int
host_hold(int c)
{
	static const char zeros[8192];
	int size, least = 0, error;
	socklen_t len = sizeof(size);

	if (getsockopt(c, SOL_SOCKET, SO_SNDBUF, &size, &len) == -1 ||
	    setsockopt(c, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)) == -1)
		return (-errno);
	if ((error = fill(c, zeros, sizeof(zeros))) == 0)
		return (size / 2); /* the host doubles what it is told */
	host_hold_end(c, size / 2);
	return (error);
}

void
host_hold_end(int c, int size)
{
	setsockopt(c, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/*
 * Exactly what is there now is filler: a program that waited for room may
 * write as soon as the first of it is gone, and those bytes are its own.
 */
void
host_drain(int k, int c, int size)
{
	char buf[16384];
	ssize_t n;
	int left;

	if (ioctl(k, FIONREAD, &left) == -1)
		left = 0;
	if (c != -1)
		host_hold_end(c, size);
	for (; left > 0; left -= (int)n) {
		n = recv(k, buf,
		    left < (int)sizeof(buf) ? (size_t)left : sizeof(buf),
		    MSG_DONTWAIT);
		if (n <= 0)
			return;
	}
}
