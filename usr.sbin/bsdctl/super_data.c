/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A guest sends and receives.
 *
 * Only of interest on message descriptors, which are numbers of the window; and
 * sendto(2) with an address on a stream, where the pair would refuse what TCP
 * overlooks.  The forms of the call, from read(2) to recvmmsg(2), are first
 * brought to one: pieces of memory, and where the rest of a struct msghdr lies.
 */

#include <sys/socket.h>
#include <sys/syscall.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libbsdsys/bsdsys.h"
#include "super.h"

#define CONTROL_MAX 16384
#define ADDRESS_MAX ((socklen_t)sizeof(struct sockaddr_storage))

struct message {
	uint64_t at; /* the guest's struct msghdr, 0 none */
	struct msghdr guest; /* it, or one put together: its addresses are the guest's */
	uint64_t namelen_at; /* recvfrom(2): where the length lies, 0 */
	struct iovec iov[IOV_MAX];
	size_t room; /* of all pieces */
	int flags;
};
/* One call at a time. */
static struct message message;
static char data[SUPER_DATA_MAX], control[CONTROL_MAX];

bool
super_messages(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ? errno == ENOTSOCK : type != SOCK_STREAM);
}

/* --- the forms of a call; each false with *error --- */

static bool
pieces_count(struct message *m, int *error)
{
	m->room = 0;
	for (size_t i = 0; i < m->guest.msg_iovlen; i++) {
		if (m->iov[i].iov_len > SSIZE_MAX - m->room) {
			*error = EINVAL;
			return (false);
		}
		m->room += m->iov[i].iov_len;
	}
	return (true);
}

static bool
form_buffer(struct message *m, uint64_t at, uint64_t len)
{
	m->guest.msg_iovlen = 1;
	m->iov[0] = (struct iovec){ (void *)(uintptr_t)at, (size_t)len };
	m->room = (size_t)len;
	return (true);
}

static bool
form_pieces(const struct super_asked *a, struct message *m, uint64_t at, uint64_t n, int toomany, int *error)
{
	if (n > IOV_MAX) {
		*error = toomany;
		return (false);
	}
	m->guest.msg_iovlen = n;
	return (guest_read(a, at, m->iov, n * sizeof(m->iov[0]), error) && pieces_count(m, error));
}

static bool
form_header(const struct super_asked *a, struct message *m, uint64_t at, int *error)
{
	m->at = at;
	if (!guest_read(a, at, &m->guest, sizeof(m->guest), error))
		return (false);
	if (m->guest.msg_name == NULL)
		m->guest.msg_namelen = 0;
	if (m->guest.msg_control == NULL)
		m->guest.msg_controllen = 0;
	if ((int)m->guest.msg_namelen < 0) {
		*error = EINVAL;
		return (false);
	}
	return (form_pieces(a, m, (uintptr_t)m->guest.msg_iov, m->guest.msg_iovlen, EMSGSIZE, error));
}

/* The length of an address stands in memory when one is asked for. */
static bool
form_from(const struct super_asked *a, struct message *m, uint64_t name, uint64_t lenp, int *error)
{
	int len = 0;

	if (name == 0)
		return (true);
	if (!guest_read(a, lenp, &len, sizeof(len), error))
		return (false);
	*error = EINVAL;
	m->guest.msg_name = (void *)(uintptr_t)name;
	m->guest.msg_namelen = (socklen_t)len;
	m->namelen_at = lenp;
	return (len >= 0);
}

static bool
form_of(const struct super_asked *a, struct message *m, int *error)
{
	const __u64 *arg = a->n->data.args;

	memset(&m->guest, 0, sizeof(m->guest));
	m->at = m->namelen_at = 0;
	m->flags = 0;
	switch (a->n->data.nr) {
	case SYS_read:
	case SYS_write:
		return (form_buffer(m, arg[1], arg[2]));
	case SYS_readv:
	case SYS_writev:
		return (form_pieces(a, m, arg[1], (unsigned int)arg[2], EINVAL, error));
	case SYS_recvfrom:
		m->flags = (int)arg[3];
		return (form_buffer(m, arg[1], arg[2]) && form_from(a, m, arg[4], arg[5], error));
	case SYS_sendto:
		m->flags = (int)arg[3];
		m->guest.msg_name = (void *)(uintptr_t)arg[4];
		m->guest.msg_namelen = arg[4] != 0 ? (socklen_t)arg[5] : 0;
		return (form_buffer(m, arg[1], arg[2]));
	default: /* recvmsg, sendmsg */
		m->flags = (int)arg[2];
		return (form_header(a, m, arg[1], error));
	}
}

/* --- receiving --- */

/* What came goes to the guest: the data, then what is about them. */
static bool
received_give(const struct super_asked *a, const struct message *m, const struct msghdr *msg, size_t n, int *error)
{
	socklen_t room = m->guest.msg_namelen;
	struct msghdr back = m->guest;

	if (!guest_scatter(a, m->iov, m->guest.msg_iovlen, data, n < m->room ? n : m->room, error))
		return (false);
	if (m->guest.msg_name != NULL && !guest_write(a, (uintptr_t)m->guest.msg_name, msg->msg_name, room < msg->msg_namelen ? room : msg->msg_namelen, error))
		return (false);
	if (m->namelen_at != 0)
		return (guest_write(a, m->namelen_at, &msg->msg_namelen, sizeof(msg->msg_namelen), error));
	if (m->at == 0)
		return (true);
	back.msg_namelen = msg->msg_namelen;
	back.msg_controllen = msg->msg_controllen;
	back.msg_flags = msg->msg_flags;
	return (guest_write(a, (uintptr_t)m->guest.msg_control, control, msg->msg_controllen, error) &&
	    guest_write(a, m->at, &back, sizeof(back), error));
}

/* One datagram.  Its length, or -errno. */
static int64_t
message_recv(const struct super_asked *a, const struct message *m)
{
	char name[ADDRESS_MAX];
	struct iovec iov = { data, m->room < sizeof(data) ? m->room : sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	ssize_t n;
	int error;

	if (m->guest.msg_name != NULL) {
		msg.msg_name = name;
		msg.msg_namelen = m->guest.msg_namelen < ADDRESS_MAX ? m->guest.msg_namelen : ADDRESS_MAX;
	}
	msg.msg_controllen = m->guest.msg_controllen < CONTROL_MAX ? m->guest.msg_controllen : CONTROL_MAX;
	if ((n = recvmsg(a->fd, &msg, m->flags | MSG_DONTWAIT)) == -1)
		return (-errno);
	return (received_give(a, m, &msg, (size_t)n < iov.iov_len ? (size_t)n : iov.iov_len, &error) ? n : -error);
}

/* recvmmsg(2): what is here, up to n; it waits for the first only. */
static int64_t
many_recv(struct super_asked *a, struct message *m)
{
	const __u64 *arg = a->n->data.args;
	unsigned int n = (unsigned int)arg[2] < IOV_MAX ? (unsigned int)arg[2] : IOV_MAX, i, len;
	uint64_t at = arg[1];
	int64_t got = 0;
	int error;

	for (i = 0; i < n; i++, at += sizeof(struct mmsghdr)) {
		memset(&m->guest, 0, sizeof(m->guest));
		m->namelen_at = 0;
		m->flags = (int)arg[3] & ~MSG_WAITFORONE;
		got = form_header(a, m, at, &error) ? message_recv(a, m) : -error;
		if (got < 0)
			break;
		len = (unsigned int)got;
		if (!guest_write(a, at + offsetof(struct mmsghdr, msg_len), &len, sizeof(len), &error))
			return (-error);
	}
	return (i > 0 || got >= 0 ? (int64_t)i : got);
}

enum super_answer
super_recv(struct super_asked *a)
{
	struct message *m = &message;
	int64_t n;
	int error;

	if (!super_messages(a->fd))
		return (SUPER_LET);
	if (a->n->data.nr == SYS_recvmmsg)
		n = many_recv(a, m);
	else
		n = form_of(a, m, &error) ? message_recv(a, m) : -error;
	return (n == -EAGAIN ? super_wait(a, POLLIN, SO_RCVTIMEO, m->flags) : super_say(a, n));
}

/* --- sending --- */

/* One datagram, or bytes of a stream.  How many, or -errno. */
static int64_t
message_send(const struct super_asked *a, const struct message *m, bool stream)
{
	char name[ADDRESS_MAX];
	struct iovec iov = { data, m->room };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	int error;

	if (m->room > sizeof(data)) {
		if (!stream)
			return (-EMSGSIZE);
		iov.iov_len = sizeof(data);
	}
	if (m->guest.msg_namelen > ADDRESS_MAX)
		return (-EINVAL);
	if (m->guest.msg_controllen > CONTROL_MAX)
		return (-ENOBUFS);
	if (!guest_gather(a, m->iov, m->guest.msg_iovlen, data, iov.iov_len, &error) ||
	    !guest_read(a, (uintptr_t)m->guest.msg_name, name, m->guest.msg_namelen, &error) ||
	    !guest_read(a, (uintptr_t)m->guest.msg_control, control, m->guest.msg_controllen, &error))
		return (-error);
	if (a->n->data.nr == SYS_write || a->n->data.nr == SYS_writev) /* a device's may be no sockets */
		return ((n = writev(a->fd, &iov, 1)) == -1 ? -errno : n);
	if (m->guest.msg_name != NULL && !stream) {
		msg.msg_name = name;
		msg.msg_namelen = m->guest.msg_namelen;
	}
	if (m->guest.msg_controllen != 0) {
		msg.msg_control = control;
		msg.msg_controllen = m->guest.msg_controllen;
	}
	n = sendmsg(a->fd, &msg, m->flags | MSG_DONTWAIT);
	return (n == -1 ? -errno : n);
}

static int64_t
many_send(const struct super_asked *a, struct message *m)
{
	const __u64 *arg = a->n->data.args;
	unsigned int n = (unsigned int)arg[2] < IOV_MAX ? (unsigned int)arg[2] : IOV_MAX, i, len;
	uint64_t at = arg[1];
	int64_t sent = 0;
	int error;

	for (i = 0; i < n; i++, at += sizeof(struct mmsghdr)) {
		memset(&m->guest, 0, sizeof(m->guest));
		m->flags = (int)arg[3];
		sent = form_header(a, m, at, &error) ? message_send(a, m, false) : -error;
		if (sent < 0)
			break;
		len = (unsigned int)sent;
		if (!guest_write(a, at + offsetof(struct mmsghdr, msg_len), &len, sizeof(len), &error))
			return (-error);
	}
	return (i > 0 || sent >= 0 ? (int64_t)i : sent);
}

enum super_answer
super_send(struct super_asked *a)
{
	bool stream = !super_messages(a->fd);
	struct message *m = &message;
	int64_t n;
	int error;

	if (stream && (a->n->data.nr != SYS_sendto || a->n->data.args[4] == 0))
		return (SUPER_LET);
	if (a->n->data.nr == SYS_sendmmsg)
		return (super_say(a, many_send(a, m)));
	if (!form_of(a, m, &error))
		return (super_say(a, -error));
	n = message_send(a, m, stream);
	return (n == -EAGAIN && stream ? super_wait(a, POLLOUT, SO_SNDTIMEO, m->flags) : super_say(a, n));
}
