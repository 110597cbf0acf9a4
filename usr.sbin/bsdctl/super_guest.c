/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The memory and the descriptors of a guest.
 *
 * A call is known by the number of its thread, and numbers come again.  As long
 * as the call waits for its answer the number is the thread's; so whatever was
 * found by a number counts only if the call still waits afterwards, and is
 * written only to one that waits.
 */

#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libbsdsys/bsdsys.h"
#include "super.h"

#define SLOTS	256 /* threads that are remembered */
#define PAGE	4096U
#define IOV_MANY 1024 /* that process_vm_readv(2) takes at once */
#define PIDFD_OF_THREAD O_EXCL /* PIDFD_THREAD, of Linux 6.9 */

void
fd_drop(int fd)
{
	if (fd != -1)
		syscall(SYS_close, fd);
}

bool
guest_waits(const struct super_asked *a)
{
	uint64_t id = a->n->id;

	return (syscall(SYS_ioctl, a->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0);
}

/* --- which process --- */

/* The process of a thread, -1 if there is no such thread. */
static pid_t
pid_of(pid_t tid)
{
	char path[64], line[256];
	pid_t pid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	if ((f = fopen(path, "re")) == NULL)
		return (-1);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Tgid:", 5) == 0)
			pid = (pid_t)strtol(line + 5, NULL, 10);
	fclose(f);
	return (pid);
}

/*
 * The thread itself where that can be had: it may have descriptors of its own,
 * and the first thread of its process may have ended.
 */
static int
pidfd_of(pid_t tid, pid_t pid)
{
	int fd = pidfd_open(tid, PIDFD_OF_THREAD);

	return (fd == -1 && errno == EINVAL ? pidfd_open(pid, 0) : fd);
}

/* Is what stands in the slot still so?  The process lives, the thread is its. */
static bool
slot_holds(const struct super_guest *g, pid_t tid)
{
	return (g->pidfd != -1 && g->tid == tid && pidfd_send_signal(g->pidfd, 0, NULL, 0) == 0 && tgkill(g->pid, tid, 0) == 0);
}

bool
guest_find(struct super_asked *a)
{
	static struct super_guest slots[SLOTS];
	static bool begun;
	pid_t tid = (pid_t)a->n->pid;
	struct super_guest *g = &slots[(unsigned int)tid % SLOTS];

	for (size_t i = 0; i < SLOTS && !begun; i++)
		slots[i].pidfd = -1;
	begun = true;
	a->guest = g;
	if (slot_holds(g, tid))
		return (true);
	fd_drop(g->pidfd);
	g->tid = tid;
	g->pidfd = (g->pid = pid_of(tid)) == -1 ? -1 : pidfd_of(tid, g->pid);
	if (g->pidfd != -1 && guest_waits(a))
		return (true);
	fd_drop(g->pidfd);
	g->pidfd = -1;
	return (false);
}

/* --- memory --- */

static int
memory_error(const struct super_asked *a, ssize_t n)
{
	if (!guest_waits(a))
		return (ESRCH);
	return (n == -1 && errno == EPERM ? EPERM : EFAULT);
}

bool
guest_gather(const struct super_asked *a, const struct iovec *iov, size_t n, void *buf, size_t len, int *error)
{
	struct iovec local = { buf, len };
	ssize_t got = 0;

	if (len > 0)
		got = process_vm_readv(a->guest->tid, &local, 1, iov, n < IOV_MANY ? n : IOV_MANY, 0);
	if (got == (ssize_t)len && guest_waits(a))
		return (true);
	*error = memory_error(a, got);
	return (false);
}

bool
guest_scatter(const struct super_asked *a, const struct iovec *iov, size_t n, const void *buf, size_t len, int *error)
{
	struct iovec local = { (void *)(uintptr_t)buf, len };
	ssize_t put = 0;

	if (guest_waits(a) && len > 0)
		put = process_vm_writev(a->guest->tid, &local, 1, iov, n < IOV_MANY ? n : IOV_MANY, 0);
	if (put == (ssize_t)len)
		return (true);
	*error = memory_error(a, put);
	return (false);
}

bool
guest_read(const struct super_asked *a, uint64_t addr, void *buf, size_t len, int *error)
{
	struct iovec iov = { (void *)(uintptr_t)addr, len };

	return (guest_gather(a, &iov, 1, buf, len, error));
}

bool
guest_write(const struct super_asked *a, uint64_t addr, const void *buf, size_t len, int *error)
{
	struct iovec iov = { (void *)(uintptr_t)addr, len };

	return (guest_scatter(a, &iov, 1, buf, len, error));
}

/* The page behind its last one may not be there. */
bool
guest_string(const struct super_asked *a, uint64_t addr, char *buf, size_t size)
{
	size_t first = PAGE - (size_t)(addr % PAGE);
	struct iovec local = { buf, size }, there[2];
	ssize_t n;

	if (first > size)
		first = size;
	there[0] = (struct iovec){ (void *)(uintptr_t)addr, first };
	there[1] = (struct iovec){ (void *)(uintptr_t)(addr + first), size - first };
	n = process_vm_readv(a->guest->tid, &local, 1, there, size > first ? 2 : 1, 0);
	return (n > 0 && memchr(buf, '\0', (size_t)n) != NULL && guest_waits(a));
}

/* --- descriptors --- */

int
guest_fd(const struct super_asked *a, int number)
{
	int fd = pidfd_getfd(a->guest->pidfd, number, 0);

	if (fd != -1)
		bsd_newfd(fd);
	return (fd);
}

/* Does the guest's descriptor close on exec?  A copy always does. */
static bool
guest_cloexec(const struct super_asked *a, int number)
{
	char path[64], line[128];
	unsigned long flags = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)a->guest->tid, number);
	if ((f = fopen(path, "re")) == NULL)
		return (false);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "flags:", 6) == 0)
			flags = strtoul(line + 6, NULL, 8);
	fclose(f);
	return ((flags & O_CLOEXEC) != 0);
}

int
guest_replace(const struct super_asked *a, int number)
{
	struct seccomp_notif_addfd add = { .id = a->n->id, .flags = SECCOMP_ADDFD_FLAG_SETFD, .srcfd = (uint32_t)a->fd, .newfd = (uint32_t)number };

	add.newfd_flags = guest_cloexec(a, number) ? O_CLOEXEC : 0;
	return (syscall(SYS_ioctl, a->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0 ? 0 : errno);
}

/* A number of the window that nobody has, -1. */
static int
number_find(const struct super_asked *a)
{
	unsigned int number;
	int fd;

	for (number = a->window->high; number-- > a->window->low;) {
		if ((fd = pidfd_getfd(a->guest->pidfd, (int)number, 0)) != -1)
			fd_drop(fd);
		else
			return (errno == EBADF ? (int)number : -1);
	}
	errno = EMFILE;
	return (-1);
}

int
guest_give(const struct super_asked *a, int fd, int number, bool cloexec)
{
	struct seccomp_notif_addfd add = { .id = a->n->id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd };

	if (number == NUMBER_WINDOW && (number = number_find(a)) == -1)
		return (errno);
	if (number != NUMBER_LOWEST) {
		add.flags |= SECCOMP_ADDFD_FLAG_SETFD;
		add.newfd = (uint32_t)number;
	}
	add.newfd_flags = cloexec ? O_CLOEXEC : 0;
	if (syscall(SYS_ioctl, a->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0)
		return (0);
	return (errno == EBADF ? EMFILE : errno); /* a number above its limit */
}
