/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The C library's socket names, with the machine's sockets behind them.
 *
 * A call about one of the machine's descriptors becomes a control call that
 * carries the descriptor; all others go on to the C library.  Data of streams
 * is native.  Datagrams come as messages with a head (struct file_msg) in front
 * of them, which is taken off here.
 */

#include <sys/ioctl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bsdsys.h"
#include "call.h"
#include "ifname.h"
#include "resolve.h"

#define FUGU_SO_RTABLE 0x1021
#define FUGU_SO_SENDQ  0x1030

static atomic_bool lingers; /* somebody asked for a time above zero */

/*
 * The descriptor that came, with the flags of socket(2) and accept4(2).
 * SOCK_CLOEXEC it has already.
 */
static int
fd_finish(int fd, bool stream, int flags)
{
	int on = 1;

	if (stream)
		desc_new_stream(fd);
	else
		desc_new(fd);
	if ((flags & SOCK_NONBLOCK) != 0)
		native.ioctl(fd, FIONBIO, &on);
	return (fd);
}

/* As SO_RTABLE: what route(8) exec asked for. */
static int
rtable_set(int fd, int table)
{
	struct iovec in = { &table, sizeof(table) };
	struct call c = { .no = SYS_SETSOCKOPT, .fd = fd, .in = &in, .nin = 1 };

	c.arg[0] = SOL_SOCKET;
	c.arg[1] = FUGU_SO_RTABLE;
	return (call_do(&c) == -1 ? -1 : 0);
}

int
socket(int family, int type, int protocol)
{
	struct call c = { .no = SYS_SOCKET, .fd = -1, .inherits = (type & SOCK_CLOEXEC) == 0 };
	int whose;

	native_init();
	if (!call_machine() || (whose = family_judge(family, type, protocol)) == FAMILY_HOST)
		return (native.socket(family, type, protocol));
	if (whose > 0) {
		errno = whose;
		return (-1);
	}
	c.arg[0] = (uint64_t)family;
	c.arg[1] = (uint64_t)(type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK));
	c.arg[2] = (uint64_t)protocol;
	if (call_do(&c) == -1)
		return (-1);
	if ((family == AF_INET || family == AF_INET6) && call_rtable() != 0 && rtable_set(c.newfd, call_rtable()) == -1) {
		int error = errno;

		close(c.newfd);
		errno = error;
		return (-1);
	}
	fd_finish(c.newfd, false, type);
	if ((family == AF_INET || family == AF_INET6) && (type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) == SOCK_STREAM)
		desc_set_tcp(c.newfd);
	return (c.newfd);
}

static int
address_call(int no, int fd, const struct sockaddr *sa, socklen_t len)
{
	struct iovec in = { (void *)(uintptr_t)sa, len };
	struct call c = { .no = no, .fd = fd, .in = &in, .nin = 1 };

	return (call_do(&c) == -1 ? -1 : 0);
}

int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	native_init();
	return (call_isours(fd) ? address_call(SYS_BIND, fd, sa, len) : native.bind(fd, sa, len));
}

int
listen(int fd, int backlog)
{
	struct call c = { .no = SYS_LISTEN, .fd = fd };

	native_init();
	if (!call_isours(fd))
		return (native.listen(fd, backlog));
	c.arg[0] = (uint64_t)backlog;
	return (call_do(&c) == -1 ? -1 : 0);
}

/* The kernel judges; a stream is then shut at the program's own end. */
int
shutdown(int fd, int how)
{
	struct call c = { .no = SYS_SHUTDOWN, .fd = fd };
	int64_t stream;

	native_init();
	if (!call_isours(fd))
		return (native.shutdown(fd, how));
	c.arg[0] = (uint64_t)how;
	if ((stream = call_do(&c)) == -1)
		return (-1);
	return (stream != 0 ? native.shutdown(fd, how) : 0);
}

int
sock_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ? errno : error);
}

/* SO_SNDTIMEO bounds connecting too.  Milliseconds, -1 none. */
static int
connect_limit(int fd)
{
	struct timeval tv = { 0, 0 };
	socklen_t len = sizeof(tv);

	if (native.getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len) == -1 || (tv.tv_sec == 0 && tv.tv_usec == 0))
		return (-1);
	return (tv.tv_sec > INT_MAX / 1000 - 1 ? INT_MAX : (int)(tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000));
}

/* With a limit of time, a signal ends the call whatever its handler says. */
static int
connect_wait(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	int limit = connect_limit(fd), n;

	if (limit == -1)
		return (wait_writable(fd));
	if ((n = poll(&pfd, 1, limit)) == 0)
		errno = EINPROGRESS;
	return (n > 0 ? 0 : -1);
}

/*
 * A connection whose descriptor finds no free number when it is received is
 * lost, so a number is tried for before.
 */
static bool
number_free(int fd)
{
	int probe = native.fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (probe == -1)
		return (false);
	native.close(probe);
	return (true);
}

/* What the program set at its own end of the pair, which new takes the place of. */
static int
replace(int fd, int new)
{
	static const int times[] = { SO_RCVTIMEO, SO_SNDTIMEO };
	int cloexec = native.fcntl(fd, F_GETFD) & FD_CLOEXEC, low = 1;
	struct timeval tv;
	socklen_t len;

	for (int i = 0; i < 2; i++) {
		len = sizeof(tv);
		if (native.getsockopt(fd, SOL_SOCKET, times[i], &tv, &len) == 0)
			native.setsockopt(new, SOL_SOCKET, times[i], &tv, len);
	}
	len = sizeof(low);
	if (native.getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, &len) == 0)
		native.setsockopt(new, SOL_SOCKET, SO_RCVLOWAT, &low, len);
	native.fcntl(new, F_SETFL, native.fcntl(fd, F_GETFL));
	if (native.dup3(new, fd, cloexec != 0 ? O_CLOEXEC : 0) == -1) {
		native.close(new);
		return (-1);
	}
	native.close(new);
	desc_new(fd);
	return (0);
}

/* Descriptors of connections that were not accepted: their peers see a reset. */
static void
backlog_drop(int fd)
{
	char rec[256];

	while (native.recv(fd, rec, sizeof(rec), MSG_DONTWAIT) > 0)
		; /* what is not fetched is closed */
	desc_new(fd);
}

/* No family: the peer goes, or a listener's backlog. */
static int
disconnect(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct iovec in = { (void *)(uintptr_t)sa, len };
	struct call c = { .no = SYS_CONNECT, .fd = fd, .in = &in, .nin = 1 };
	bool stream = call_type(fd) == SOCK_STREAM;
	bool listens = stream && desc_listens(fd);

	if (stream && !number_free(fd))
		return (-1);
	if (call_do(&c) == -1)
		return (-1);
	if (listens)
		backlog_drop(fd);
	return (c.newfd != -1 ? replace(fd, c.newfd) : 0);
}

/*
 * One call.  Waits: it is answered when it is over, if nobody else waits for
 * that.  0, or -1 with errno.
 *
 * What is under way without an answer is not a known stream yet: what is asked
 * about it afterwards gives the pair the buffer that it lacks until then.
 */
static int
connect_call(int fd, const struct sockaddr *sa, socklen_t len, bool waits)
{
	struct iovec in = { (void *)(uintptr_t)sa, len };
	struct call c = { .no = SYS_CONNECT, .fd = fd, .in = &in, .nin = 1, .waits = waits };
	int64_t how;
	int size;

	if (sa != NULL && len >= sizeof(sa->sa_family) && sa->sa_family == AF_UNSPEC)
		return (disconnect(fd, sa, len));
	c.arg[0] = waits;
	if ((how = call_do(&c)) == -1) {
		return (-1);
	}
	if (how > 1) {
		size = (int)how;
		native.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	if (how > 0)
		desc_connected(fd);
	return (0);
}

int
bsd_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	native_init();
	return (connect_call(fd, sa, len, false));
}

int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	bool blocks;
	int error;

	native_init();
	if (!call_isours(fd))
		return (native.connect(fd, sa, len));
	blocks = (native.fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
	if (connect_call(fd, sa, len, blocks && connect_limit(fd) == -1) == 0)
		return (0);
	/* there is a limit of time, or another thread waits for the answer */
	if ((errno != EINPROGRESS && errno != EALREADY) || !blocks)
		return (-1);
	if (connect_wait(fd) == -1)
		return (-1);
	if ((error = sock_error(fd)) == 0)
		return (0);
	errno = error;
	return (-1);
}

void
sock_address(struct sockaddr *sa, socklen_t *len, const void *from, size_t fromlen)
{
	if (sa != NULL && len != NULL)
		memcpy(sa, from, fromlen < *len ? fromlen : *len);
	if (len != NULL)
		*len = (socklen_t)fromlen;
}

/* One of the machine's.  how: MSG_DONTWAIT, or 0. */
static int
connection_take(int fd, struct sockaddr *sa, socklen_t *len, int flags, int how)
{
	struct file_accept rec;
	struct iovec iov = { &rec, sizeof(rec) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} pass;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = pass.buf, .msg_controllen = sizeof(pass.buf) };
	ssize_t n;
	int new;

	if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) {
		errno = EINVAL;
		return (-1);
	}
	if (!desc_listens(fd)) {
		errno = call_type(fd) == SOCK_STREAM ? EINVAL : EOPNOTSUPP;
		return (-1);
	}
	if (!number_free(fd))
		return (-1);
	if ((n = native.recvmsg(fd, &msg, ((flags & SOCK_CLOEXEC) != 0 ? MSG_CMSG_CLOEXEC : 0) | how)) == -1)
		return (errno == ECONNRESET && call_hungup(fd) ? call_gone() : -1);
	if ((msg.msg_flags & MSG_CTRUNC) != 0) { /* another thread took it */
		errno = EMFILE;
		return (-1);
	}
	if (n == 0 && call_hungup(fd))
		return (call_gone());
	if (n != sizeof(rec) || CMSG_FIRSTHDR(&msg) == NULL) {
		errno = n == 0 ? EINVAL : ECONNABORTED;
		return (-1);
	}
	memcpy(&new, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(new));
	sock_address(sa, len, rec.peer, rec.head.addrlen);
	fd_finish(new, true, flags);
	desc_set_names(new, &rec);
	return (new);
}

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	native_init();
	return (call_isours(fd) ? connection_take(fd, sa, len, flags, 0) : native.accept4(fd, sa, len, flags));
}

int
bsd_accept(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	native_init();
	return (connection_take(fd, sa, len, flags, MSG_DONTWAIT));
}

int
accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	return (accept4(fd, sa, len, 0));
}

static int
name_call(int no, int fd, struct sockaddr *sa, socklen_t *len)
{
	char addr[128];
	struct call c = { .no = no, .fd = fd, .out = addr, .outroom = sizeof(addr) };

	if (call_do(&c) == -1)
		return (-1);
	sock_address(sa, len, addr, c.outlen);
	return (0);
}

int
getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	native_init();
	if (!call_isours(fd))
		return (native.getsockname(fd, sa, len));
	return (desc_name(fd, false, sa, len) ? 0 : name_call(SYS_GETSOCKNAME, fd, sa, len));
}

int
getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	native_init();
	if (!call_isours(fd))
		return (native.getpeername(fd, sa, len));
	return (desc_name(fd, true, sa, len) ? 0 : name_call(SYS_GETPEERNAME, fd, sa, len));
}

/* Options that only the host's end of the pair can serve. */
static bool
option_native(int level, int name)
{
	return (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO || name == SO_COOKIE || name == SO_PEERCRED ||
		name == SO_RCVLOWAT || name == SO_SNDLOWAT));
}

/*
 * What cannot fail, of a TCP socket, and makes no later call fail, is not
 * waited for.  The kernel serves a thread's calls in their order, and the
 * descriptor goes along, so that a close comes behind it, whoever closes.
 */
static bool
option_sure(int fd, int level, int name, socklen_t len)
{
	if (!desc_tcp(fd) || len < sizeof(int))
		return (false);
	if (level == IPPROTO_TCP)
		return (name == TCP_NODELAY);
	return (level == SOL_SOCKET &&
	    (name == SO_KEEPALIVE || (name == SO_LINGER && len >= sizeof(struct linger))));
}

int
setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	struct iovec in = { (void *)(uintptr_t)val, len };
	struct call c = { .no = SYS_SETSOCKOPT, .fd = fd, .in = &in, .nin = 1, .silent = option_sure(fd, level, name, len) };
	struct linger l;

	native_init();
	if (option_native(level, name) || !call_isours(fd))
		return (native.setsockopt(fd, level, name, val, len));
	c.arg[0] = (uint64_t)level;
	c.arg[1] = (uint64_t)name;
	if (call_do(&c) == -1)
		return (-1);
	if (level == SOL_SOCKET && name == SO_LINGER) {
		memcpy(&l, val, sizeof(l));
		if (l.l_onoff != 0 && l.l_linger > 0)
			lingers = true;
	}
	return (0);
}

/* Options whose value says what is asked for: a group's filter. */
static bool
option_asks(int level, int name)
{
	return ((level == IPPROTO_IP || level == IPPROTO_IPV6) && (name == MCAST_MSFILTER || (level == IPPROTO_IP && name == IP_MSFILTER)));
}

int
getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	struct iovec in = { val, *len };
	struct call c = { .no = SYS_GETSOCKOPT, .fd = fd, .in = &in, .nin = option_asks(level, name) ? 1 : 0, .out = val, .outroom = *len };
	int64_t stream;

	native_init();
	if (option_native(level, name) || !call_isours(fd))
		return (native.getsockopt(fd, level, name, val, len));
	c.arg[0] = (uint64_t)level;
	c.arg[1] = (uint64_t)name;
	c.arg[2] = *len;
	if ((stream = call_do(&c)) == -1)
		return (-1);
	if (stream == 1 && level == SOL_SOCKET && name == SO_ERROR)
		desc_connected(fd); /* nothing else is to be asked */
	if (c.outlen < *len)
		*len = (socklen_t)c.outlen;
	return (0);
}

/* --- close --- */

/*
 * Bytes of a stream that the peer has not acknowledged: in the pair, and in
 * the kernel.  -1: there is no telling.
 */
static int
unsent(int fd)
{
	int pair = 0, kernel = 0;
	socklen_t len = sizeof(kernel);

	if (native.ioctl(fd, (unsigned long)BSD_TAGGED(SIOCOUTQ), &pair) == -1 || getsockopt(fd, SOL_SOCKET, FUGU_SO_SENDQ, &kernel, &len) == -1)
		return (-1);
	return (pair + kernel);
}

/* SO_LINGER above zero: closing waits until all was acknowledged. */
static void
linger(int fd)
{
	struct timespec pause = { 0, 1000000 };
	struct linger l = { 0, 0 };
	socklen_t len = sizeof(l);
	int64_t left;

	if (!call_isours(fd) || call_type(fd) != SOCK_STREAM || getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len) == -1 || l.l_onoff == 0)
		return;
	for (left = (int64_t)l.l_linger * 1000; left > 0 && unsent(fd) > 0; left -= pause.tv_nsec / 1000000) {
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 16000000)
			pause.tv_nsec *= 2;
	}
}

int
close(int fd)
{
	int saved = errno;

	native_init();
	if (lingers && !desc_confined()) {
		linger(fd);
		errno = saved;
	}
	return (native.close(fd));
}

/* --- ioctl and open --- */

/*
 * What is about the descriptor and not about the socket: the host's own.  How
 * much can be read is, too, and whether the urgent byte is next, as long as it is
 * a stream: bytes wait in the pair.
 */
static bool
is_of_descriptor(int fd, unsigned long cmd)
{
	switch (cmd) {
	case FIONBIO:
	case FIOASYNC:
	case FIOCLEX:
	case FIONCLEX:
		return (true);
	case SIOCATMARK:
	case FIONREAD: /* SIOCINQ */
		return (!desc_dgram(fd));
	default:
		return (false);
	}
}

int
ioctl(int fd, unsigned long cmd, ...)
{
	size_t len = cmd >> 16 & 0x3fff;
	struct iovec in;
	struct call c = { .no = SYS_IOCTL, .fd = fd, .in = &in };
	va_list ap;
	void *arg;
	int result;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	native_init();
	if (!call_isours(fd) || is_of_descriptor(fd, cmd))
		return (native.ioctl(fd, cmd, arg));
	if (ifreq_ioctl(cmd, arg, &result))
		return (result);
	if (cmd == FIONREAD && call_type(fd) == SOCK_SEQPACKET && !data_isdevice(fd)) {
		*(int *)arg = data_pending(fd);
		return (0);
	}
	if (cmd == SIOCOUTQ && call_type(fd) == SOCK_STREAM)
		return ((*(int *)arg = unsent(fd)) == -1 ? -1 : 0);
	c.arg[0] = cmd & 0xffffffffUL;
	in = (struct iovec){ arg, len };
	c.nin = (cmd & 0x40000000UL) != 0;
	if ((cmd & 0x80000000UL) != 0) {
		c.out = arg;
		c.outroom = len;
	}
	return ((int)call_do(&c));
}

/* What lies in the machine's /dev: not the host's own devices. */
static const char *
device_name(const char *path)
{
	static const char *const names[] = { "pf", "bpf", "bpf0" };

	if (path == NULL || strncmp(path, "/dev/", 5) != 0)
		return (NULL);
	if ((strncmp(path + 5, "tun", 3) == 0 || strncmp(path + 5, "tap", 3) == 0) && path[8] >= '0' && path[8] <= '9')
		return (path + 5); /* the kernel judges the number */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(path + 5, names[i]) == 0)
			return (strcmp(names[i], "bpf0") == 0 ? "bpf" : names[i]);
	return (NULL);
}

static int
device_open(const char *name, int flags)
{
	struct iovec in = { (void *)(uintptr_t)name, strlen(name) + 1 };
	struct call c = { .no = SYS_OPEN, .fd = -1, .in = &in, .nin = 1, .inherits = (flags & O_CLOEXEC) == 0 };

	c.arg[0] = (flags & O_ACCMODE) == O_RDONLY ? 1 : (flags & O_ACCMODE) == O_WRONLY ? 2 : 3;
	if (call_do(&c) == -1)
		return (-1);
	return (fd_finish(c.newfd, false, (flags & O_NONBLOCK) != 0 ? SOCK_NONBLOCK : 0));
}

int
open(const char *path, int flags, ...)
{
	const char *dev = device_name(path);
	char own[PATH_MAX + 32];
	mode_t mode = 0;
	va_list ap;

	native_init();
	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (dev != NULL && call_machine())
		return (device_open(dev, flags));
	return (native.open(machine_file(path, own, sizeof(own)) ? own : path, flags, mode));
}

int
openat(int dirfd, const char *path, int flags, ...)
{
	const char *dev = device_name(path);
	char own[PATH_MAX + 32];
	mode_t mode = 0;
	va_list ap;

	native_init();
	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (dev != NULL && call_machine())
		return (device_open(dev, flags));
	return (native.openat(dirfd, machine_file(path, own, sizeof(own)) ? own : path, flags, mode));
}

/*
 * The names that the C library's headers may call instead: with 64-bit
 * offsets, which are the only ones here, and with checks at compile time.
 */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int dirfd, const char *path, int flags, ...) __attribute__((alias("openat")));

int __open_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return (open(path, flags));
}

int
__openat_2(int dirfd, const char *path, int flags)
{
	return (openat(dirfd, path, flags));
}

int __open64_2(const char *path, int flags) __attribute__((alias("__open_2")));
int __openat64_2(int dirfd, const char *path, int flags) __attribute__((alias("__openat_2")));
