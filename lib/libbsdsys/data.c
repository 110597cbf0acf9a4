/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Sending and receiving.
 *
 * Data of streams is native; all that is added is the question, at the end of
 * one, whether it was a reset.  Datagrams are sent by a control call and come
 * as messages with a head (struct file_msg) in front of them, which is taken
 * off here.
 */

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsdsys.h"
#include "call.h"

#define DGRAM_MAX (65535 + 1024)
#define FUGU_SO_ERRQUEUE 0x1031

/* --- sending --- */

static size_t
room_of(const struct iovec *iov, size_t n)
{
	size_t room = 0;

	for (size_t i = 0; i < n; i++)
		room += iov[i].iov_len;
	return (room);
}

/* A part of the payload, padded to 8. */
static int
part_add(struct iovec *in, int n, void *p, size_t len)
{
	static char zeros[8];

	if (len == 0)
		return (n);
	in[n++] = (struct iovec){ p, len };
	if ((-len & 7) != 0)
		in[n++] = (struct iovec){ zeros, -len & 7 };
	return (n);
}

/*
 * Ways to send and to receive that the host's pair would take for something
 * else.  Is one of them asked for of the machine's?  errno is Linux's of one
 * without it.
 */
static bool
send_refused(int fd, int flags)
{
	if ((flags & (MSG_OOB | MSG_FASTOPEN | MSG_MORE)) == 0 || !call_isours(fd))
		return (false);
	if ((flags & MSG_FASTOPEN) == 0 && !desc_dgram(fd))
		return (false); /* a stream's pair has urgent bytes; more is a hint */
	errno = EOPNOTSUPP;
	return (true);
}

static bool
recv_refused(int fd, int flags)
{
	if ((flags & (MSG_OOB | MSG_ERRQUEUE)) == 0 || !call_isours(fd) || ((flags & MSG_ERRQUEUE) != 0) == desc_dgram(fd))
		return (false);
	errno = (flags & MSG_ERRQUEUE) != 0 ? EAGAIN : EOPNOTSUPP;
	return (true);
}

/* A stream without a peer takes nothing. */
static ssize_t
send_idle(int flags)
{
	if ((flags & MSG_NOSIGNAL) == 0)
		raise(SIGPIPE);
	errno = EPIPE;
	return (-1);
}

static ssize_t
recv_idle(void)
{
	errno = ENOTCONN;
	return (-1);
}

/* What a stream takes no more may have a reason, which is told once. */
static ssize_t
send_end(int fd, ssize_t n)
{
	int error;

	if (n != -1 || errno != EPIPE)
		return (n);
	error = call_isours(fd) ? sock_error(fd) : 0;
	errno = error != 0 && error != ENETDOWN && error != ENOTCONN ? error : EPIPE;
	return (-1);
}

static ssize_t msg_send(int fd, const struct msghdr *msg, int flags);

/* A datagram of more pieces than a call carries: put together first. */
static ssize_t
many_send(int fd, const struct msghdr *msg, int flags)
{
	struct msghdr flat = *msg;
	struct iovec iov = { NULL, room_of(msg->msg_iov, msg->msg_iovlen) };
	size_t at = 0;
	ssize_t n;

	if (msg->msg_iovlen > IOV_MAX || iov.iov_len > DGRAM_MAX) {
		errno = EMSGSIZE;
		return (-1);
	}
	if ((iov.iov_base = malloc(iov.iov_len + 1)) == NULL)
		return (-1);
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		memcpy((char *)iov.iov_base + at, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
		at += msg->msg_iov[i].iov_len;
	}
	flat.msg_iov = &iov;
	flat.msg_iovlen = 1;
	n = msg_send(fd, &flat, flags);
	free(iov.iov_base);
	return (n);
}

static ssize_t
msg_send(int fd, const struct msghdr *msg, int flags)
{
	struct iovec in[60];
	struct call c = { .no = SYS_SENDMSG, .fd = fd, .in = in };
	int64_t n;

	if (msg->msg_iovlen > 56)
		return (many_send(fd, msg, flags));
	c.arg[0] = msg->msg_name != NULL ? msg->msg_namelen : 0;
	c.arg[1] = msg->msg_control != NULL ? msg->msg_controllen : 0;
	c.arg[2] = (uint64_t)flags & MSG_DONTROUTE; /* of the others, the library's */
	c.nin = part_add(in, c.nin, msg->msg_name, c.arg[0]);
	c.nin = part_add(in, c.nin, msg->msg_control, c.arg[1]);
	memcpy(in + c.nin, msg->msg_iov, msg->msg_iovlen * sizeof(*in));
	c.nin += (int)msg->msg_iovlen;
	n = call_do(&c);
	return (n == -1 ? -1 : (ssize_t)n);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	native_init();
	if (send_refused(fd, flags))
		return (-1);
	if (desc_dgram(fd))
		return (msg_send(fd, msg, flags));
	return (desc_idle() ? send_idle(flags) : send_end(fd, native.sendmsg(fd, msg, flags)));
}

ssize_t
sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *sa, socklen_t salen)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	struct msghdr msg = { .msg_name = (void *)(uintptr_t)sa, .msg_namelen = salen, .msg_iov = &iov, .msg_iovlen = 1 };

	native_init();
	if (send_refused(fd, flags))
		return (-1);
	if (desc_dgram(fd))
		return (msg_send(fd, &msg, flags));
	if (desc_idle())
		return (send_idle(flags));
	if (sa != NULL && call_isours(fd)) { /* of a stream, nobody looks at it */
		sa = NULL;
		salen = 0;
	}
	return (send_end(fd, native.sendto(fd, buf, len, flags, sa, salen)));
}

ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	native_init();
	if (send_refused(fd, flags))
		return (-1);
	if (desc_dgram(fd))
		return (sendto(fd, buf, len, flags, NULL, 0));
	return (desc_idle() ? send_idle(flags) : send_end(fd, native.send(fd, buf, len, flags)));
}

bool
data_isdevice(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 && errno == ENOTSOCK);
}

/* A device takes what is written as one message, from its pair. */
static ssize_t
device_write(int fd, const struct iovec *iov, int n)
{
	struct file_msg head = { .type = FMSG_DATA };
	struct iovec all[1 + 56];
	struct msghdr msg = { .msg_iov = all, .msg_iovlen = (size_t)n + 1 };
	ssize_t sent;

	if (n < 0 || n > 56) {
		errno = EINVAL;
		return (-1);
	}
	all[0] = (struct iovec){ &head, sizeof(head) };
	memcpy(all + 1, iov, (size_t)n * sizeof(*iov));
	if ((sent = native.sendmsg(fd, &msg, MSG_NOSIGNAL)) != -1)
		return (sent - (ssize_t)sizeof(head));
	if (errno == EPIPE || errno == ECONNRESET) /* what was behind it has gone */
		errno = EIO;
	return (-1);
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };

	native_init();
	if (!desc_dgram(fd))
		return (desc_idle() ? send_idle(0) : send_end(fd, native.write(fd, buf, len)));
	return (data_isdevice(fd) ? device_write(fd, &iov, 1) : sendto(fd, buf, len, 0, NULL, 0));
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };

	native_init();
	if (!desc_dgram(fd))
		return (desc_idle() ? send_idle(0) : send_end(fd, native.writev(fd, iov, n)));
	return (data_isdevice(fd) ? device_write(fd, iov, n) : msg_send(fd, &msg, 0));
}

/* --- receiving --- */

static size_t
scatter(const struct msghdr *msg, const char *data, size_t len)
{
	size_t done = 0, n;

	for (size_t i = 0; i < msg->msg_iovlen && done < len; i++, done += n) {
		n = len - done < msg->msg_iov[i].iov_len ? len - done : msg->msg_iov[i].iov_len;
		memcpy(msg->msg_iov[i].iov_base, data + done, n);
	}
	return (done);
}

static void
control_give(struct msghdr *msg, const char *control, size_t len)
{
	size_t room = msg->msg_control != NULL ? msg->msg_controllen : 0;

	if (len > room) {
		msg->msg_flags |= MSG_CTRUNC;
		len = room;
	}
	if (len > 0)
		memcpy(msg->msg_control, control, len);
	msg->msg_controllen = len;
}

/* Nothing more comes: because the program said so, or its kernel is gone. */
static ssize_t
msg_end(int fd)
{
	return (call_hungup(fd) ? call_gone() : 0);
}

/* What the kernel keeps for who asked to be told of errors. */
static ssize_t
error_fetch(int fd, char *buf, size_t room)
{
	socklen_t len = (socklen_t)room;

	if (getsockopt(fd, SOL_SOCKET, FUGU_SO_ERRQUEUE, buf, &len) == 0)
		return ((ssize_t)len);
	if (errno == ENOPROTOOPT)
		errno = EAGAIN;
	return (-1);
}

/*
 * The next message, with its head.  An error is one too, and is told here
 * unless the program has heard of it by another call.
 */
static ssize_t
msg_fetch(int fd, char *buf, size_t room, int flags)
{
	struct file_msg head;
	ssize_t n;
	int error;

	if ((flags & MSG_ERRQUEUE) != 0)
		return (error_fetch(fd, buf, room));
	while ((n = native.recv(fd, buf, room, flags & ~MSG_TRUNC)) > 0) {
		if ((size_t)n < sizeof(head)) {
			errno = EPROTO;
			return (-1);
		}
		memcpy(&head, buf, sizeof(head));
		if (head.type != FMSG_ERROR)
			return (n);
		if ((flags & MSG_PEEK) != 0) /* only looked at: it has to go */
			native.recv(fd, buf, room, MSG_DONTWAIT);
		if ((error = sock_error(fd)) != 0) {
			errno = error;
			return (-1);
		}
	}
	return (n);
}

/* The next one of fd, in buf[MSG_ROOM], as msg and flags want it. */
static ssize_t
msg_recv_into(int fd, char *buf, struct msghdr *msg, int flags)
{
	struct file_msg head;
	size_t at = sizeof(head), done;
	ssize_t n;

	if ((n = msg_fetch(fd, buf, MSG_ROOM, flags)) <= 0)
		return (n == 0 ? msg_end(fd) : n);
	memcpy(&head, buf, sizeof(head));
	msg->msg_flags = flags & MSG_ERRQUEUE;
	if (msg->msg_name != NULL)
		sock_address(msg->msg_name, &msg->msg_namelen, buf + at, head.addrlen);
	else
		msg->msg_namelen = 0;
	at += (head.addrlen + 7) & ~7U;
	control_give(msg, buf + at, head.cmsglen);
	at += (head.cmsglen + 7) & ~7U;
	done = scatter(msg, buf + at, (size_t)n - at);
	if (done == (size_t)n - at)
		return ((ssize_t)done);
	msg->msg_flags |= MSG_TRUNC;
	return ((flags & MSG_TRUNC) != 0 ? n - (ssize_t)at : (ssize_t)done);
}

static ssize_t
msg_recv(int fd, struct msghdr *msg, int flags)
{
	char *buf = call_room_take(ROOM_MESSAGE);
	ssize_t n;

	if (buf == NULL)
		return (-1);
	n = msg_recv_into(fd, buf, msg, flags);
	call_room_give(ROOM_MESSAGE, buf);
	return (n);
}

/* FIONREAD: bytes of the next datagram, 0 if none waits. */
int
data_pending(int fd)
{
	struct file_msg head;
	ssize_t n = native.recv(fd, &head, sizeof(head), MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	size_t before;

	if (n < (ssize_t)sizeof(head) || head.type != FMSG_DATA)
		return (0);
	before = sizeof(head) + ((head.addrlen + 7) & ~7U) + ((head.cmsglen + 7) & ~7U);
	return ((size_t)n > before ? (int)((size_t)n - before) : 0);
}

/*
 * The end of a stream may be a reset: the kernel knows.  It has closed its end
 * of the pair then, and only shut it otherwise, so that it has to be asked
 * about few.  len: room for bytes.
 */
static ssize_t
end_check(int fd, ssize_t n, size_t len)
{
	int error;

	if (n != 0 || len == 0 || !call_isours(fd) || !call_hungup(fd) || (error = sock_error(fd)) == 0)
		return (n);
	errno = error == ENETDOWN ? ECONNRESET : error; /* the machine was the path */
	return (-1);
}

/* Descriptors that were passed to us may be anything. */
static void
passed_look(struct msghdr *msg)
{
	struct cmsghdr *c;
	size_t n;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0))
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			desc_new(fd);
		}
	}
}

/* TCP's MSG_TRUNC: bytes are thrown away unseen; buf may be anything. */
static ssize_t
stream_discard(int fd, size_t len, int flags)
{
	char *buf = call_room_take(ROOM_MESSAGE);
	ssize_t n;

	if (buf == NULL)
		return (-1);
	n = native.recv(fd, buf, len < MSG_ROOM ? len : MSG_ROOM, flags & ~MSG_TRUNC);
	call_room_give(ROOM_MESSAGE, buf);
	return (end_check(fd, n, len));
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n;

	native_init();
	if (recv_refused(fd, flags))
		return (-1);
	if (desc_dgram(fd))
		return (msg_recv(fd, msg, flags));
	if (desc_idle())
		return (recv_idle());
	n = end_check(fd, native.recvmsg(fd, msg, flags), room_of(msg->msg_iov, msg->msg_iovlen));
	if (n >= 0 && msg->msg_controllen > 0)
		passed_look(msg);
	return (n);
}

ssize_t
recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *sa, socklen_t *salen)
{
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_name = sa, .msg_namelen = salen != NULL ? *salen : 0, .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	native_init();
	if (recv_refused(fd, flags))
		return (-1);
	if (!desc_dgram(fd) && desc_idle())
		return (recv_idle());
	if (!desc_dgram(fd) && (flags & MSG_TRUNC) != 0 && call_isours(fd))
		return (stream_discard(fd, len, flags));
	if (!desc_dgram(fd))
		return (end_check(fd, native.recvfrom(fd, buf, len, flags, sa, salen), len));
	n = msg_recv(fd, &msg, flags);
	if (n >= 0 && salen != NULL)
		*salen = msg.msg_namelen;
	return (n);
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	native_init();
	if ((flags & (MSG_TRUNC | MSG_OOB | MSG_ERRQUEUE)) != 0 || desc_dgram(fd))
		return (recvfrom(fd, buf, len, flags, NULL, NULL));
	if (desc_idle())
		return (recv_idle());
	return (end_check(fd, native.recv(fd, buf, len, flags), len));
}

ssize_t
read(int fd, void *buf, size_t len)
{
	native_init();
	if (desc_dgram(fd))
		return (recvfrom(fd, buf, len, 0, NULL, NULL));
	if (desc_idle())
		return (recv_idle());
	return (end_check(fd, native.read(fd, buf, len), len));
}

ssize_t
readv(int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };

	native_init();
	if (desc_dgram(fd))
		return (msg_recv(fd, &msg, 0));
	if (desc_idle())
		return (recv_idle());
	return (end_check(fd, native.readv(fd, iov, n), n > 0 ? room_of(iov, (size_t)n) : 0));
}

/* --- several messages --- */

int
sendmmsg(int fd, struct mmsghdr *vec, unsigned int n, int flags)
{
	unsigned int i;
	ssize_t len;

	native_init();
	if (send_refused(fd, flags))
		return (-1);
	if (!desc_dgram(fd))
		return (native.sendmmsg(fd, vec, n, flags));
	for (i = 0; i < n && i < IOV_MAX; i++) {
		if ((len = msg_send(fd, &vec[i].msg_hdr, flags)) == -1)
			return (i > 0 ? (int)i : -1);
		vec[i].msg_len = (unsigned int)len;
	}
	return ((int)i);
}

/* The time limit is looked at between messages, as Linux does. */
static bool
limit_over(const struct timespec *end)
{
	struct timespec now;

	if (end == NULL)
		return (false);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec));
}

static struct timespec
limit_end(const struct timespec *limit)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += limit->tv_sec;
	end.tv_nsec += limit->tv_nsec;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	return (end);
}

int
recvmmsg(int fd, struct mmsghdr *vec, unsigned int n, int flags, struct timespec *limit)
{
	int how = flags & ~MSG_WAITFORONE;
	struct timespec end;
	unsigned int i = 0;
	ssize_t len;

	native_init();
	if (recv_refused(fd, flags))
		return (-1);
	if (!desc_dgram(fd))
		return (native.recvmmsg(fd, vec, n, flags, limit));
	if (limit != NULL)
		end = limit_end(limit);
	while (i < n && i < IOV_MAX && (len = msg_recv(fd, &vec[i].msg_hdr, how)) != -1) {
		vec[i++].msg_len = (unsigned int)len;
		if ((flags & MSG_WAITFORONE) != 0)
			how |= MSG_DONTWAIT;
		if (limit_over(limit != NULL ? &end : NULL))
			break;
	}
	return (i > 0 || n == 0 ? (int)i : -1);
}

/* --- the names of programs that are compiled with checks --- */

void __chk_fail(void) __attribute__((__noreturn__));
ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags, struct sockaddr *sa, socklen_t *salen);

ssize_t
__read_chk(int fd, void *buf, size_t len, size_t room)
{
	if (len > room)
		__chk_fail();
	return (read(fd, buf, len));
}

ssize_t
__recv_chk(int fd, void *buf, size_t len, size_t room, int flags)
{
	if (len > room)
		__chk_fail();
	return (recv(fd, buf, len, flags));
}

ssize_t
__recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags, struct sockaddr *sa, socklen_t *salen)
{
	if (len > room)
		__chk_fail();
	return (recvfrom(fd, buf, len, flags, sa, salen));
}
