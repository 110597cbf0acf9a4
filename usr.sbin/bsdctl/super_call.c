/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The calls of a guest, one row each: when the filter stops it, and what answers.
 *
 * An answer is made by libbsdsys in this process, on a copy of the guest's
 * descriptor: first the guest's memory is read in full, then the call is made,
 * then its results are written.  What is not about a descriptor of the machine
 * goes on to the host's kernel.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libbsdsys/bsdsys.h"
#include "super.h"

#define ADDRESS_MAX ((socklen_t)sizeof(struct sockaddr_storage))
#define IFREQ_SIZE  40 /* struct ifreq on 64 bits */
#define HELD_MAX    16

enum super_answer
super_say(struct super_asked *a, int64_t value)
{
	a->value = value;
	return (value == -ESRCH && !guest_waits(a) ? SUPER_DONE : SUPER_SAY);
}

enum super_answer
super_outcome(struct super_asked *a, int64_t result)
{
	return (super_say(a, result == -1 ? -errno : result));
}

enum super_answer
super_wait(struct super_asked *a, short events, int timeo, int flags)
{
	if (a->late || (flags & MSG_DONTWAIT) != 0 || (fcntl(a->fd, F_GETFL) & O_NONBLOCK) != 0)
		return (super_say(a, -EAGAIN));
	a->events = events;
	a->timeo = timeo;
	return (SUPER_WAIT);
}

/* A descriptor goes to the guest, whose call then returns, or fails. */
static enum super_answer
give(struct super_asked *a, int fd, int number, bool cloexec)
{
	int error = guest_give(a, fd, number, cloexec);

	fd_drop(fd);
	if (error == 0 || error == ENOENT)
		return (SUPER_DONE);
	return (super_say(a, -error));
}

static enum super_answer
do_socket(struct super_asked *a)
{
	const __u64 *arg = a->n->data.args;
	int fd = socket((int)arg[0], (int)arg[1], (int)arg[2]);

	if (fd == -1)
		return (super_outcome(a, -1));
	if (!bsd_isfd(fd)) { /* the host's: it makes its own */
		fd_drop(fd);
		return (SUPER_LET);
	}
	return (give(a, fd, super_messages(fd) ? NUMBER_WINDOW : NUMBER_LOWEST, ((int)arg[1] & SOCK_CLOEXEC) != 0));
}

/* --- addresses --- */

/* Arguments 1 and 2: an address that the guest gives.  Its length, or -errno. */
static int64_t
address_read(const struct super_asked *a, struct sockaddr_storage *ss)
{
	int len = (int)a->n->data.args[2], error;

	memset(ss, 0, sizeof(*ss));
	if (len < 0 || len > (int)ADDRESS_MAX)
		return (-EINVAL);
	return (guest_read(a, a->n->data.args[1], ss, (size_t)len, &error) ? len : -error);
}

/* ... one that it takes: the room it has. */
static int64_t
room_read(const struct super_asked *a)
{
	int len, error;

	if (!guest_read(a, a->n->data.args[2], &len, sizeof(len), &error))
		return (-error);
	return (len < 0 ? -EINVAL : len);
}

static int
address_write(const struct super_asked *a, const struct sockaddr_storage *ss, socklen_t len, int64_t room)
{
	int error;

	if (guest_write(a, a->n->data.args[1], ss, len < room ? len : (size_t)room, &error) &&
	    guest_write(a, a->n->data.args[2], &len, sizeof(len), &error))
		return (0);
	return (error);
}

static enum super_answer
do_bind(struct super_asked *a)
{
	struct sockaddr_storage ss;
	int64_t len = address_read(a, &ss);

	return (len < 0 ? super_say(a, len) : super_outcome(a, bind(a->fd, (struct sockaddr *)&ss, (socklen_t)len)));
}

/* --- connections on the way --- */

/*
 * Connections that were taken from a listener and did not get to the guest, since
 * a signal ended its call or it had no number left: for its next call.
 */
static struct held {
	uint64_t listener; /* cookie */
	int fd; /* -1: free */
	struct sockaddr_storage ss;
	socklen_t len;
} held[HELD_MAX];
static unsigned int nheld; /* as many have been held, ever */

static uint64_t
cookie_of(int fd)
{
	uint64_t c = 0;
	socklen_t len = sizeof(c);

	return (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &c, &len) == 0 ? c : 0);
}

static void
held_put(const struct super_asked *a, int fd, const struct sockaddr_storage *ss, socklen_t len)
{
	struct held *h = &held[nheld++ % HELD_MAX];

	if (nheld > HELD_MAX)
		fd_drop(h->fd);
	*h = (struct held){ .listener = cookie_of(a->fd), .fd = fd, .ss = *ss, .len = len };
}

static int
held_take(const struct super_asked *a, struct sockaddr_storage *ss, socklen_t *len)
{
	uint64_t listener = nheld == 0 ? 0 : cookie_of(a->fd);
	int fd;

	for (unsigned int i = 0; i < HELD_MAX && i < nheld; i++) {
		if (held[i].fd == -1 || held[i].listener != listener)
			continue;
		*ss = held[i].ss;
		*len = held[i].len;
		fd = held[i].fd;
		held[i].fd = -1;
		return (fd);
	}
	return (-1);
}

/* --- connect --- */

/*
 * No family: the peer goes, or a listener's backlog.  The descriptor may be
 * another one then.
 */
static enum super_answer
disconnect(struct super_asked *a, const struct sockaddr_storage *ss, socklen_t len)
{
	uint64_t was = cookie_of(a->fd);
	struct sockaddr_storage from;
	socklen_t fromlen;
	int fd;

	if (bsd_connect(a->fd, (const struct sockaddr *)ss, len) == -1)
		return (super_outcome(a, -1));
	if (cookie_of(a->fd) != was)
		return (super_say(a, -guest_replace(a, (int)a->n->data.args[0])));
	while ((fd = held_take(a, &from, &fromlen)) != -1)
		fd_drop(fd);
	return (super_say(a, 0));
}

/* The outcome of one that waited. */
static enum super_answer
connect_end(struct super_asked *a)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (a->late)
		return (super_say(a, -EINPROGRESS));
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return (super_outcome(a, -1));
	return (super_say(a, -error));
}

static enum super_answer
do_connect(struct super_asked *a)
{
	struct sockaddr_storage ss;
	int64_t len;

	if (a->again)
		return (connect_end(a));
	if ((len = address_read(a, &ss)) < 0)
		return (super_say(a, len));
	if (ss.ss_family == AF_UNSPEC && len >= (int64_t)sizeof(ss.ss_family))
		return (disconnect(a, &ss, (socklen_t)len));
	if (bsd_connect(a->fd, (struct sockaddr *)&ss, (socklen_t)len) == 0)
		return (super_say(a, 0));
	/* EALREADY: a signal ended the call that began it */
	if ((errno != EINPROGRESS && errno != EALREADY) || (fcntl(a->fd, F_GETFL) & O_NONBLOCK) != 0)
		return (super_outcome(a, -1));
	return (super_wait(a, POLLOUT, SO_SNDTIMEO, 0));
}

static enum super_answer
do_name(struct super_asked *a)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int64_t room = room_read(a);
	int n;

	if (room < 0)
		return (super_say(a, room));
	if (a->n->data.nr == SYS_getsockname)
		n = getsockname(a->fd, (struct sockaddr *)&ss, &len);
	else
		n = getpeername(a->fd, (struct sockaddr *)&ss, &len);
	return (n == -1 ? super_outcome(a, -1) : super_say(a, -address_write(a, &ss, len, room)));
}

static enum super_answer
do_listen(struct super_asked *a)
{
	return (super_outcome(a, listen(a->fd, (int)a->n->data.args[1])));
}

static enum super_answer
do_shutdown(struct super_asked *a)
{
	return (super_outcome(a, shutdown(a->fd, (int)a->n->data.args[1])));
}

/* --- accept --- */

/* The flag of a descriptor that was held is set as this call wants it. */
static int
connection_get(struct super_asked *a, struct sockaddr_storage *ss, socklen_t *len, int flags)
{
	int on = (flags & SOCK_NONBLOCK) != 0, fd;

	if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) == 0 && (fd = held_take(a, ss, len)) != -1) {
		ioctl(fd, FIONBIO, &on);
		return (fd);
	}
	return (bsd_accept(a->fd, (struct sockaddr *)ss, len, flags));
}

static enum super_answer
do_accept(struct super_asked *a)
{
	int flags = a->n->data.nr == SYS_accept4 ? (int)a->n->data.args[3] : 0, fd, error;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int64_t room = 0;

	if (a->n->data.args[1] != 0 && (room = room_read(a)) < 0)
		return (super_say(a, room));
	if (!guest_waits(a))
		return (SUPER_DONE);
	if ((fd = connection_get(a, &ss, &len, flags)) == -1)
		return (errno == EAGAIN ? super_wait(a, POLLIN, SO_RCVTIMEO, 0) : super_outcome(a, -1));
	error = a->n->data.args[1] != 0 ? address_write(a, &ss, len, room) : 0;
	if (error == 0)
		error = guest_give(a, fd, NUMBER_LOWEST, (flags & SOCK_CLOEXEC) != 0);
	if (error == 0 || error == EFAULT)
		fd_drop(fd);
	else
		held_put(a, fd, &ss, len);
	return (error == 0 || error == ENOENT || error == ESRCH ? SUPER_DONE : super_say(a, -error));
}

/* --- options --- */

static enum super_answer
do_setsockopt(struct super_asked *a)
{
	static char value[SUPER_VALUE_MAX];
	const __u64 *arg = a->n->data.args;
	int len = (int)arg[4], error;

	if (len < 0 || len > SUPER_VALUE_MAX)
		return (super_say(a, -EINVAL));
	if (!guest_read(a, arg[3], value, (size_t)len, &error))
		return (super_say(a, -error));
	return (super_outcome(a, setsockopt(a->fd, (int)arg[1], (int)arg[2], value, (socklen_t)len)));
}

static enum super_answer
do_getsockopt(struct super_asked *a)
{
	static char value[SUPER_VALUE_MAX];
	const __u64 *arg = a->n->data.args;
	socklen_t len;
	int room, error;

	if (!guest_read(a, arg[4], &room, sizeof(room), &error))
		return (super_say(a, -error));
	if (room < 0)
		return (super_say(a, -EINVAL));
	len = room < SUPER_VALUE_MAX ? (socklen_t)room : SUPER_VALUE_MAX;
	memset(value, 0, len);
	(void)guest_read(a, arg[3], value, len, &error); /* some options are asked by what stands there */
	if (getsockopt(a->fd, (int)arg[1], (int)arg[2], value, &len) == -1)
		return (super_outcome(a, -1));
	if (!guest_write(a, arg[3], value, len < (socklen_t)room ? len : (socklen_t)room, &error) || !guest_write(a, arg[4], &len, sizeof(len), &error))
		return (super_say(a, -error));
	return (super_say(a, 0));
}

/* --- ioctl --- */

static enum super_answer
ioctl_value(struct super_asked *a, unsigned long cmd)
{
	int value = 0, error;

	if (ioctl(a->fd, cmd, &value) == -1)
		return (super_outcome(a, -1));
	return (super_say(a, guest_write(a, a->n->data.args[2], &value, sizeof(value), &error) ? 0 : -error));
}

/* About an interface: struct ifreq, in and out. */
static enum super_answer
ioctl_interface(struct super_asked *a, unsigned long cmd)
{
	char req[IFREQ_SIZE];
	int error, n;

	if (!guest_read(a, a->n->data.args[2], req, sizeof(req), &error))
		return (super_say(a, -error));
	if ((n = ioctl(a->fd, cmd, req)) == -1)
		return (super_outcome(a, -1));
	return (super_say(a, guest_write(a, a->n->data.args[2], req, sizeof(req), &error) ? n : -error));
}

/* SIOCGIFCONF: a list, whose room and place stand in struct ifconf. */
static enum super_answer
ioctl_interfaces(struct super_asked *a, unsigned long cmd)
{
	static char list[SUPER_VALUE_MAX];
	struct {
		int len;
		uint64_t list;
	} all;
	uint64_t at;
	int error;

	if (!guest_read(a, a->n->data.args[2], &all, sizeof(all), &error))
		return (super_say(a, -error));
	if (all.len < 0)
		return (super_say(a, -EINVAL));
	at = all.list;
	all.list = at != 0 ? (uintptr_t)list : 0;
	if (all.len > SUPER_VALUE_MAX)
		all.len = SUPER_VALUE_MAX;
	if (ioctl(a->fd, cmd, &all) == -1)
		return (super_outcome(a, -1));
	all.list = at;
	if ((at != 0 && !guest_write(a, at, list, (size_t)all.len, &error)) || !guest_write(a, a->n->data.args[2], &all, sizeof(all), &error))
		return (super_say(a, -error));
	return (super_say(a, 0));
}

static enum super_answer
do_ioctl(struct super_asked *a)
{
	unsigned long cmd = (unsigned int)a->n->data.args[1];

	switch (cmd) {
	case FIONBIO:
	case FIOASYNC:
	case FIOCLEX:
	case FIONCLEX:
		return (SUPER_LET);
	case FIONREAD:
	case SIOCOUTQ:
	case SIOCATMARK:
		return (ioctl_value(a, cmd));
	case SIOCGIFCONF:
		return (ioctl_interfaces(a, cmd));
	default:
		/* Others hold addresses of memory, which the kernel would look for in ours. */
		return ((cmd & ~0xffUL) == 0x8900 ? ioctl_interface(a, cmd) : super_say(a, -ENOTTY));
	}
}

/* --- files and numbers --- */

/* The machine's own in place of two of the host's files. */
static enum super_answer
do_open(struct super_asked *a)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };
	bool at = a->n->data.nr == SYS_openat;
	char path[sizeof("/etc/resolv.conf")], own[PATH_MAX];
	int fd, flags = (int)a->n->data.args[at ? 2 : 1];

	if (!guest_string(a, a->n->data.args[at ? 1 : 0], path, sizeof(path)))
		return (SUPER_LET);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(path, files[i]) != 0)
			continue;
		if ((size_t)snprintf(own, sizeof(own), "%s%s", getenv("BSD_ROOT"), path) >= sizeof(own) || (fd = open(own, O_RDONLY | O_CLOEXEC)) == -1)
			break;
		return (give(a, fd, NUMBER_LOWEST, (flags & O_CLOEXEC) != 0));
	}
	return (SUPER_LET);
}

/*
 * Another number for a message descriptor: one that the filter looks at, or the
 * guest would read the heads of its messages.
 */
static enum super_answer
do_dup(struct super_asked *a)
{
	const __u64 *arg = a->n->data.args;
	bool cloexec = false, given = false;
	int to = 0;

	if (!super_messages(a->fd))
		return (SUPER_LET);
	switch (a->n->data.nr) {
	case SYS_fcntl:
		cloexec = (int)arg[1] == F_DUPFD_CLOEXEC;
		break;
	case SYS_dup:
		break;
	default: /* dup2, dup3 */
		given = true;
		to = (int)arg[1];
		cloexec = a->n->data.nr == SYS_dup3 && ((int)arg[2] & O_CLOEXEC) != 0;
		if (to == (int)arg[0])
			return (SUPER_LET);
	}
	if (given && to >= BSD_WINDOW_STD && (to < (int)a->window->low || to >= (int)a->window->high))
		return (super_say(a, -EMFILE));
	return (give(a, syscall(SYS_fcntl, a->fd, F_DUPFD_CLOEXEC, 0), given ? to : NUMBER_WINDOW, cloexec));
}

/* What the host's kernel would send without a head. */
static enum super_answer
do_sendfile(struct super_asked *a)
{
	return (super_messages(a->fd) ? super_say(a, -EINVAL) : SUPER_LET);
}

/* clang-format off */
const struct super_row super_rows[] = {
	{ SYS_read,		WHEN_WINDOW,	-1,	true,	super_recv },
	{ SYS_write,		WHEN_WRITTEN,	-1,	true,	super_send },
	{ SYS_readv,		WHEN_WINDOW,	-1,	true,	super_recv },
	{ SYS_writev,		WHEN_WRITTEN,	-1,	true,	super_send },
	{ SYS_recvfrom,		WHEN_WINDOW,	3,	true,	super_recv },
	{ SYS_recvmsg,		WHEN_WINDOW,	2,	true,	super_recv },
	{ SYS_recvmmsg,		WHEN_WINDOW,	3,	true,	super_recv },
	{ SYS_sendto,		WHEN_ADDRESSED,	3,	true,	super_send },
	{ SYS_sendmsg,		WHEN_WINDOW,	2,	true,	super_send },
	{ SYS_sendmmsg,		WHEN_WINDOW,	3,	true,	super_send },
	{ SYS_sendfile,		WHEN_WINDOW,	-1,	true,	do_sendfile },
	{ SYS_socket,		WHEN_INET,	-1,	false,	do_socket },
	{ SYS_bind,		WHEN_ALWAYS,	-1,	true,	do_bind },
	{ SYS_listen,		WHEN_ALWAYS,	-1,	true,	do_listen },
	{ SYS_accept,		WHEN_ALWAYS,	-1,	true,	do_accept },
	{ SYS_accept4,		WHEN_ALWAYS,	-1,	true,	do_accept },
	{ SYS_connect,		WHEN_ALWAYS,	-1,	true,	do_connect },
	{ SYS_getsockname,	WHEN_ALWAYS,	-1,	true,	do_name },
	{ SYS_getpeername,	WHEN_ALWAYS,	-1,	true,	do_name },
	{ SYS_setsockopt,	WHEN_ALWAYS,	-1,	true,	do_setsockopt },
	{ SYS_getsockopt,	WHEN_ALWAYS,	2,	true,	do_getsockopt },
	{ SYS_shutdown,		WHEN_ALWAYS,	1,	true,	do_shutdown },
	{ SYS_ioctl,		WHEN_IOCTL,	1,	true,	do_ioctl },
	{ SYS_fcntl,		WHEN_WINDOW_DUP, -1,	true,	do_dup },
	{ SYS_dup,		WHEN_WINDOW,	-1,	true,	do_dup },
	{ SYS_dup3,		WHEN_WINDOW,	-1,	true,	do_dup },
#ifdef SYS_dup2
	{ SYS_dup2,		WHEN_WINDOW,	-1,	true,	do_dup },
	{ SYS_open,		WHEN_READING,	1,	false,	do_open },
#endif
	{ SYS_openat,		WHEN_READING,	2,	false,	do_open },
	/* its calls would go past the filter */
	{ SYS_io_uring_setup,	WHEN_NEVER_MADE, -1,	false,	NULL },
};
/* clang-format on */
const size_t super_nrows = sizeof(super_rows) / sizeof(super_rows[0]);
