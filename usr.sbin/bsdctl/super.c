/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The supervisor's process: its start, its loop, its end.
 *
 *	bsdctl exec			supervisor
 *	  fork, fork ---------------->	connects to the machine
 *	  ... <----------------------	may we see your memory?  why not
 *	  installs the filter
 *	  its listener -------------->	serves
 *	  execve: the program
 *
 * So the program keeps its number, its parent and its place in the session, and
 * has no child it does not know of.  The supervisor ends with the last process
 * below the filter; when it is killed, calls that the filter stops fail with
 * ENOSYS.
 *
 * It is one thread and waits for nobody: a guest whose call has to wait is a
 * waiter, with the descriptor in the same epoll as the listener.  That its call
 * was ended by a signal, or with the guest, nobody says, so waiters are looked
 * at now and then.
 */

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libbsdsys/bsdsys.h"
#include "super.h"

#define LOOK_MS	   100 /* at waiters */
#define EVENTS	   64
#define WINDOW_ALL 1024 /* descriptors a program should be able to have */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	 SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct seccomp_notif *n;
	const struct super_row *row;
	int fd;
	int64_t until; /* ms, -1: without end */
};

static struct {
	int listener, epoll;
	struct seccomp_notif_sizes sizes;
	struct super_window window;
	TAILQ_HEAD(, waiter) waiters;
	TAILQ_HEAD(, waiter) ended; /* freed when no event can name them */
} super;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* --- answers --- */

static void
answer_send(uint64_t id, int64_t value, bool let)
{
	struct seccomp_notif_resp *resp = calloc(1, super.sizes.seccomp_notif_resp);

	if (resp == NULL)
		return; /* the guest waits, and can be killed */
	resp->id = id;
	resp->flags = let ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	resp->error = !let && value < 0 ? (int)value : 0;
	resp->val = !let && value >= 0 ? value : 0;
	syscall(SYS_ioctl, super.listener, SECCOMP_IOCTL_NOTIF_SEND, resp);
	free(resp);
}

static const struct super_row *
row_of(int no)
{
	for (size_t i = 0; i < super_nrows; i++)
		if (super_rows[i].no == no)
			return (&super_rows[i]);
	return (NULL);
}

/* --- waiters --- */

static int64_t
limit_of(const struct super_asked *a)
{
	struct timeval tv = { 0, 0 };
	socklen_t len = sizeof(tv);

	if (getsockopt(a->fd, SOL_SOCKET, a->timeo, &tv, &len) == -1 || (tv.tv_sec == 0 && tv.tv_usec == 0))
		return (-1);
	return (now_ms() + (int64_t)tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000);
}

/* False: there is no memory, or no room in the epoll. */
static bool
waiter_new(const struct super_asked *a, const struct super_row *row)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct epoll_event ev = { .events = (uint32_t)a->events, .data.ptr = w };

	if (w == NULL || (w->n = malloc(super.sizes.seccomp_notif)) == NULL || epoll_ctl(super.epoll, EPOLL_CTL_ADD, a->fd, &ev) == -1) {
		if (w != NULL)
			free(w->n);
		free(w);
		return (false);
	}
	memcpy(w->n, a->n, super.sizes.seccomp_notif);
	w->row = row;
	w->fd = a->fd;
	w->until = limit_of(a);
	TAILQ_INSERT_TAIL(&super.waiters, w, entry);
	return (true);
}

static void
waiter_end(struct waiter *w)
{
	epoll_ctl(super.epoll, EPOLL_CTL_DEL, w->fd, NULL);
	fd_drop(w->fd);
	w->fd = -1;
	TAILQ_REMOVE(&super.waiters, w, entry);
	TAILQ_INSERT_TAIL(&super.ended, w, entry);
}

static void
ended_free(void)
{
	struct waiter *w;

	while ((w = TAILQ_FIRST(&super.ended)) != NULL) {
		TAILQ_REMOVE(&super.ended, w, entry);
		free(w->n);
		free(w);
	}
}

static void
waiter_run(struct waiter *w, bool late)
{
	struct super_asked a = { .listener = super.listener, .window = &super.window, .n = w->n, .fd = w->fd, .again = true, .late = late };
	enum super_answer answer;

	if (!guest_waits(&a) || !guest_find(&a)) {
		waiter_end(w);
		return;
	}
	if ((answer = w->row->act(&a)) == SUPER_WAIT)
		return; /* somebody else was faster */
	waiter_end(w);
	if (answer != SUPER_DONE)
		answer_send(w->n->id, a.value, answer == SUPER_LET);
}

/* Whose time is over, and whose guest waits no more. */
static void
waiters_look(void)
{
	struct waiter *w, *next;
	int64_t now = now_ms();

	for (w = TAILQ_FIRST(&super.waiters); w != NULL; w = next) {
		struct super_asked a = { .listener = super.listener, .n = w->n };

		next = TAILQ_NEXT(w, entry);
		if (w->until != -1 && w->until <= now)
			waiter_run(w, true);
		else if (!guest_waits(&a))
			waiter_end(w);
	}
}

static int
look_in(void)
{
	struct waiter *w;
	int64_t in = TAILQ_EMPTY(&super.waiters) ? -1 : LOOK_MS, now = now_ms();

	TAILQ_FOREACH(w, &super.waiters, entry)
		if (w->until != -1 && w->until - now < in)
			in = w->until > now ? w->until - now : 0;
	return ((int)in);
}

/* --- the loop --- */

/* One call of a guest. */
static void
call_serve(const struct seccomp_notif *n)
{
	struct super_asked a = { .listener = super.listener, .window = &super.window, .n = n, .fd = -1 };
	const struct super_row *row = row_of(n->data.nr);
	enum super_answer answer = SUPER_LET;

	if (!guest_find(&a))
		return;
	if (row != NULL && row->fd && (a.fd = guest_fd(&a, (int)n->data.args[0])) == -1 && errno != EBADF)
		answer = super_outcome(&a, -1); /* what the descriptor is cannot be known */
	else if (row != NULL && row->act != NULL && (!row->fd || (a.fd != -1 && bsd_isfd(a.fd))))
		answer = row->act(&a);
	if (answer == SUPER_WAIT) {
		if (waiter_new(&a, row))
			return;
		answer = super_say(&a, -ENOBUFS);
	}
	fd_drop(a.fd);
	if (answer != SUPER_DONE)
		answer_send(n->id, a.value, answer == SUPER_LET);
}

static void
listener_read(void)
{
	struct seccomp_notif *n = calloc(1, super.sizes.seccomp_notif);

	if (n != NULL && syscall(SYS_ioctl, super.listener, SECCOMP_IOCTL_NOTIF_RECV, n) == 0)
		call_serve(n);
	free(n);
}

/* Until there is no guest any more. */
static void
serve(void)
{
	struct epoll_event ev[EVENTS], mine = { .events = EPOLLIN, .data.ptr = NULL };
	int64_t looked = now_ms();
	bool hup = false;
	int n;

	if ((super.epoll = epoll_create1(EPOLL_CLOEXEC)) == -1 || epoll_ctl(super.epoll, EPOLL_CTL_ADD, super.listener, &mine) == -1)
		return;
	/* A guest and this process take turns: on one processor, if Linux 6.6 may. */
	syscall(SYS_ioctl, super.listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	while (!hup) {
		n = epoll_wait(super.epoll, ev, EVENTS, look_in());
		for (int i = 0; i < n; i++) {
			struct waiter *w = ev[i].data.ptr;

			if (w == NULL && (ev[i].events & EPOLLIN) != 0)
				listener_read();
			else if (w == NULL)
				hup = true;
			else if (w->fd != -1)
				waiter_run(w, false);
		}
		ended_free();
		if (now_ms() - looked >= LOOK_MS || n == 0) {
			waiters_look();
			looked = now_ms();
		}
	}
}

/* --- the start --- */

struct hello {
	int error; /* 0: go on */
	char what[48];
};

/* Nothing of the caller's is held: its terminal, its descriptors, its folder. */
static int
detach(int sock)
{
	struct rlimit rl;
	int null;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	if ((null = open("/dev/null", O_RDWR)) == -1 || chdir("/") == -1)
		return (-1);
	for (int fd = 0; fd < 3; fd++)
		if (fd != sock && dup2(null, fd) == -1)
			return (-1);
	if (sock != 3 && dup2(sock, 3) == -1)
		return (-1);
	close_range(4, ~0U, 0);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	return (3);
}

/* Can what will be needed be done to the guest?  sock is its number there. */
static void
guest_try(pid_t pid, int sock, struct hello *h)
{
	struct super_window there;
	struct iovec local = { &there, sizeof(there) }, remote = { &super.window, sizeof(there) };
	int pidfd, fd;

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof(there)) {
		h->error = errno;
		strcpy(h->what, "the memory of other processes is closed");
		return;
	}
	if ((pidfd = pidfd_open(pid, 0)) == -1 || (fd = pidfd_getfd(pidfd, sock, 0)) == -1) {
		h->error = errno;
		strcpy(h->what, "descriptors of other processes cannot be had");
		return;
	}
	fd_drop(fd);
	fd_drop(pidfd);
}

static int
listener_recv(int sock)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} pass;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = pass.buf, .msg_controllen = sizeof(pass.buf) };
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&msg) == NULL)
		return (-1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return (fd);
}

/* sock: this end of the pair; its: the number of the other end in pid. */
static void __attribute__((__noreturn__))
supervisor(pid_t pid, int sock, int its)
{
	struct hello h;
	int own = detach(sock);

	memset(&h, 0, sizeof(h));
	if (own == -1 || bsd_reopen() == -1) {
		h.error = errno;
		strcpy(h.what, "its machine does not answer");
	} else {
		guest_try(pid, its, &h);
	}
	(void)send(own == -1 ? sock : own, &h, sizeof(h), MSG_NOSIGNAL);
	if (h.error == 0 && (super.listener = listener_recv(own)) != -1) {
		fd_drop(own);
		serve();
	}
	_exit(0);
}

/* A descriptor of the window has to be one that the program may have. */
static void
window_set(struct super_window *w)
{
	struct rlimit rl;

	*w = (struct super_window){ BSD_WINDOW, BSD_WINDOW_END };
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < WINDOW_ALL)
		*w = (struct super_window){ (unsigned int)rl.rlim_cur / 2, (unsigned int)rl.rlim_cur };
}

/* The filter for this process and all that it executes.  Its listener, or -1. */
static int
filter_install(void)
{
	static struct sock_filter prog[SUPER_FILTER_MAX];
	struct sock_fprog fprog = { super_filter(prog, &super.window), prog };
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &fprog);

	if (fd != -1 || errno != EACCES)
		return ((int)fd);
	/* Without privilege only for those that gain none. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (-1);
	return ((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &fprog));
}

/* By number, with the mark: nobody listens yet. */
static int
listener_send(int sock, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} pass;
	struct iovec iov = { pass.buf, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = pass.buf, .msg_controllen = sizeof(pass.buf) };

	memset(&pass, 0, sizeof(pass));
	pass.align.cmsg_len = CMSG_LEN(sizeof(fd));
	pass.align.cmsg_level = SOL_SOCKET;
	pass.align.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&pass.align), &fd, sizeof(fd));
	return (syscall(SYS_sendmsg, sock, &msg, BSD_TAGGED(MSG_NOSIGNAL)) == 1 ? 0 : -1);
}

/* Two forks, so that it is no child of the program. */
static int
supervisor_start(int sock[2])
{
	pid_t pid = getpid(), first;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) == -1)
		return (-1);
	if ((first = fork()) == -1)
		return (-1);
	if (first == 0) {
		if ((first = fork()) == 0) {
			fd_drop(sock[0]);
			supervisor(pid, sock[1], sock[0]);
		}
		_exit(first == -1);
	}
	fd_drop(sock[1]);
	while (waitpid(first, NULL, 0) == -1 && errno == EINTR)
		; /* without a child, where SIGCHLD is ignored */
	return (0);
}

/* One whose notifications give descriptors and return them in one step. */
static bool
kernel_able(void)
{
	unsigned int major, minor;
	struct utsname u;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &super.sizes) == -1)
		return (false);
	return (uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 && (major > 5 || (major == 5 && minor >= 14)));
}

int
supervise(char *why, size_t size)
{
	int sock[2] = { -1, -1 }, fd = -1;
	struct hello h;

	TAILQ_INIT(&super.waiters);
	TAILQ_INIT(&super.ended);
	window_set(&super.window);
	if (!kernel_able())
		snprintf(why, size, "the kernel of this host is not Linux 5.14 with seccomp");
	else if (supervisor_start(sock) == -1)
		snprintf(why, size, "no supervisor: %s", strerror(errno));
	else if (recv(sock[0], &h, sizeof(h), 0) != sizeof(h))
		snprintf(why, size, "its supervisor ended");
	else if (h.error != 0)
		snprintf(why, size, "%s: %s", h.what, strerror(h.error));
	else if ((fd = filter_install()) == -1)
		snprintf(why, size, "%s", errno == EBUSY ? "it is supervised already" : strerror(errno));
	else if (listener_send(sock[0], fd) == -1)
		snprintf(why, size, "no way to its supervisor: %s", strerror(errno));
	else if (setenv("BSD_SUPERVISED", getenv("BSD_ROOT"), 1) == -1)
		snprintf(why, size, "%s", strerror(errno));
	else
		why = NULL;
	fd_drop(fd);
	fd_drop(sock[0]);
	return (why == NULL ? 0 : -1);
}
