/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a descriptor is.
 *
 * Whose it is only the host can tell, and asking costs a system call.  So
 * read() and write() remember one thing: that a number is nothing that has
 * message heads.  A number that becomes such a descriptor passes one of our
 * names on the way (socket(), accept(), open(), dup() and the like, a
 * descriptor that was passed), which forgets what was known.  So closing is
 * free to happen behind our back.  A stream that is not connected is nothing
 * that is remembered: its pair would take bytes, and Linux does not.  Nor is
 * one that is being connected: what is asked about it afterwards gives its
 * pair the buffer that it lacks until then.
 *
 * A word for each number: the lowest bit says "known", the others count how
 * often it was forgotten, so that an answer that is late is not believed.
 *
 * A thread that confines itself (seccomp) may not be able to ask any more:
 * all is looked at before, and no control calls are made from then on.
 */

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

#define NKNOWN 65536

static _Atomic uint32_t known[NKNOWN];
static __thread bool confined;
static __thread bool idle; /* what was asked about last is a stream without a peer */
enum { LISTENS = 1, TCP = 2 };
static _Atomic uint8_t more[NKNOWN]; /* what else is known */

/* Names of accepted connections; memory comes with their use. */
static struct name {
	_Atomic uint32_t of; /* the word in known: 0 there are none */
	uint8_t peerlen, locallen;
	uint64_t peer[FMSG_NAME / 8], local[FMSG_NAME / 8];
} names[NKNOWN];

void
desc_new(int fd)
{
	uint32_t was;

	if (fd < 0 || fd >= NKNOWN)
		return;
	more[fd] = 0;
	was = atomic_load(&known[fd]);
	while (!atomic_compare_exchange_weak(&known[fd], &was, (was | 1) + 1))
		;
}

void
desc_new_stream(int fd)
{
	desc_new(fd);
	desc_connected(fd);
}

void
desc_connected(int fd)
{
	uint32_t was;

	if (fd < 0 || fd >= NKNOWN)
		return;
	was = atomic_load(&known[fd]);
	atomic_compare_exchange_strong(&known[fd], &was, was | 1);
}

void
desc_new_all(void)
{
	for (int fd = 0; fd < NKNOWN; fd++)
		if ((atomic_load_explicit(&known[fd], memory_order_relaxed) &
			1) != 0)
			desc_new(fd);
}

/* A stream of ours: has it a peer, or had one; is it getting one; or neither? */
static enum { CONNECTED, CONNECTING, UNCONNECTED }
stream_state(int fd)
{
	char addr[128];
	struct call c = { .no = SYS_GETPEERNAME, .fd = fd, .out = addr, .outroom = sizeof(addr) };
	int saved = errno;
	bool none = call_do(&c) == -1 && errno == ENOTCONN && !call_hungup(fd);

	errno = saved;
	if (!none)
		return (CONNECTED);
	return (c.arg[5] != 0 ? CONNECTING : UNCONNECTED);
}

bool
desc_dgram(int fd)
{
	uint32_t was = 0;
	int state;

	idle = false;
	if (fd >= 0 && fd < NKNOWN &&
	    ((was = atomic_load(&known[fd])) & 1) != 0)
		return (false);
	if (confined || !call_machine())
		return (false);
	if (call_isours(fd)) {
		if (call_type(fd) == SOCK_SEQPACKET)
			return (true);
		state = stream_state(fd);
		idle = state == UNCONNECTED;
		if (state != CONNECTED)
			return (false);
	}
	if (fd >= 0 && fd < NKNOWN)
		atomic_compare_exchange_strong(&known[fd], &was, was | 1);
	return (false);
}

bool
desc_idle(void)
{
	return (idle);
}

bool
desc_listens(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	if (fd < 0 || fd >= NKNOWN || (more[fd] & LISTENS) != 0)
		return (true);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on == 0)
		return (false);
	if (on != 0)
		more[fd] |= LISTENS;
	return (true);
}

void
desc_set_tcp(int fd)
{
	if (fd >= 0 && fd < NKNOWN)
		more[fd] |= TCP;
}

bool
desc_tcp(int fd)
{
	return (fd >= 0 && fd < NKNOWN && (more[fd] & TCP) != 0);
}

void
desc_set_names(int fd, const struct file_accept *rec)
{
	sa_family_t family;
	struct name *n;

	if (fd < 0 || fd >= NKNOWN)
		return;
	n = &names[fd];
	n->peerlen = (uint8_t)rec->head.addrlen;
	n->locallen = (uint8_t)rec->head.cmsglen;
	memcpy(n->peer, rec->peer, sizeof(n->peer));
	memcpy(n->local, rec->local, sizeof(n->local));
	atomic_store(&n->of, atomic_load(&known[fd]));
	memcpy(&family, rec->local, sizeof(family));
	if (n->locallen > 0 && (family == AF_INET || family == AF_INET6))
		desc_set_tcp(fd);
}

/* A connection that is over has no names any more: the kernel knows. */
bool
desc_name(int fd, bool peer, struct sockaddr *sa, socklen_t *len)
{
	const struct name *n;

	if (fd < 0 || fd >= NKNOWN)
		return (false);
	n = &names[fd];
	if (n->of == 0 || n->of != known[fd] || (peer ? n->peerlen : n->locallen) == 0 || call_hungup(fd))
		return (false);
	sock_address(sa, len, peer ? n->peer : n->local, peer ? n->peerlen : n->locallen);
	return (true);
}

bool
desc_confined(void)
{
	return (confined);
}

/* --- ways to a new number --- */

static int
descriptor(int fd)
{
	desc_new(fd);
	return (fd);
}

int
dup(int fd)
{
	native_init();
	return (descriptor(native.dup(fd)));
}

int
dup2(int fd, int to)
{
	native_init();
	return (descriptor(native.dup2(fd, to)));
}

int
dup3(int fd, int to, int flags)
{
	native_init();
	return (descriptor(native.dup3(fd, to, flags)));
}

int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	native_init();
	ret = native.fcntl(fd, cmd, arg);
	return (
	    cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? descriptor(ret) : ret);
}

int fcntl64(int fd, int cmd, ...) __attribute__((alias("fcntl")));

/* --- confinement --- */

static void
all_look(void)
{
	int saved = errno;

	for (int fd = 0; fd < 1024; fd++)
		if (native.fcntl(fd, F_GETFD) != -1)
			(void)desc_dgram(fd);
	errno = saved;
}

int
prctl(int option, ...)
{
	unsigned long a[4];
	va_list ap;
	int ret;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	native_init();
	if (option != PR_SET_SECCOMP)
		return (native.prctl(option, a[0], a[1], a[2], a[3]));
	all_look();
	confined = true;
	if ((ret = native.prctl(option, a[0], a[1], a[2], a[3])) == -1)
		confined = false;
	return (ret);
}

static long
seccomp_call(unsigned long op, unsigned long flags, unsigned long arg)
{
	long ret;

	all_look();
	confined = op == SECCOMP_SET_MODE_STRICT || op == SECCOMP_SET_MODE_FILTER;
	if ((ret = native.syscall(SYS_seccomp, op, flags, arg)) != 0)
		confined = false;
	return (ret);
}

/*
 * What libraries call by number, since their C library may lack the name.  Six
 * arguments are taken whatever the caller gave, as the C library does.
 */
__attribute__((no_sanitize_address)) long
syscall(long no, ...)
{
	unsigned long a[6];
	va_list ap;

	va_start(ap, no);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	native_init();
	switch (no) {
	case SYS_seccomp:
		return (seccomp_call(a[0], a[1], a[2]));
	case SYS_sendmmsg:
		return (sendmmsg((int)a[0], (struct mmsghdr *)a[1], (unsigned int)a[2], (int)a[3]));
	case SYS_recvmmsg:
		return (recvmmsg((int)a[0], (struct mmsghdr *)a[1], (unsigned int)a[2], (int)a[3], (struct timespec *)a[4]));
	default:
		return (native.syscall(no, a[0], a[1], a[2], a[3], a[4], a[5]));
	}
}
