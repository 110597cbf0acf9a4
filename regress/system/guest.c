/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A program that is linked statically, for programs_static.sh: each word of its
 * command line is a story about sockets, which ends with status 0, or says which
 * line was not true.
 */

#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(x)                                                                              \
	do {                                                                                  \
		if (!(x)) {                                                                   \
			printf("line %d: %s (errno: %s)\n", __LINE__, #x, strerror(errno));   \
			fflush(stdout);                                                       \
			_exit(1);                                                             \
		}                                                                             \
	} while (0)
#define FAILS(x, e) CHECK((x) == -1 && errno == (e))

static int family = AF_INET;

/* A loopback address; port 0: any. */
static socklen_t
loopback(struct sockaddr_storage *ss, int port)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		((struct sockaddr_in6 *)ss)->sin6_addr = in6addr_loopback;
		((struct sockaddr_in6 *)ss)->sin6_port = htons((uint16_t)port);
		return (sizeof(struct sockaddr_in6));
	}
	((struct sockaddr_in *)ss)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	((struct sockaddr_in *)ss)->sin_port = htons((uint16_t)port);
	return (sizeof(struct sockaddr_in));
}

static int
bound(int type, struct sockaddr_storage *ss)
{
	socklen_t len = loopback(ss, 0);
	int fd = socket(family, type, 0);

	CHECK(fd != -1);
	CHECK(bind(fd, (struct sockaddr *)ss, len) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)ss, &len) == 0);
	return (fd);
}

static socklen_t
size_of(const struct sockaddr_storage *ss)
{
	return (ss->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

static void
limit(int fd, int which, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	CHECK(setsockopt(fd, SOL_SOCKET, which, &tv, sizeof(tv)) == 0);
}

/* --- streams --- */

static int
connection(int l, const struct sockaddr_storage *to, int *other)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int c = socket(family, SOCK_STREAM, 0);

	CHECK(c != -1 && connect(c, (const struct sockaddr *)to, size_of(to)) == 0);
	CHECK((*other = accept(l, (struct sockaddr *)&from, &len)) != -1 && len == size_of(to) && from.ss_family == family);
	return (c);
}

static void
stream(void)
{
	struct sockaddr_storage ss, peer;
	socklen_t len = sizeof(peer);
	int l = bound(SOCK_STREAM, &ss), c, s, on = 1, got = 0;
	char buf[100];

	CHECK(l < 64); /* the lowest number */
	FAILS(accept(l, NULL, NULL), EINVAL);
	CHECK(listen(l, 8) == 0);
	c = connection(l, &ss, &s);
	CHECK(getpeername(c, (struct sockaddr *)&peer, &len) == 0 && memcmp(&peer, &ss, len) == 0);
	CHECK(setsockopt(c, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on)) == 0);
	len = sizeof(got);
	CHECK(getsockopt(c, IPPROTO_TCP, 1, &got, &len) == 0 && got != 0 && len == sizeof(got));
	FAILS(setsockopt(c, IPPROTO_TCP, 9999, &on, sizeof(on)), ENOPROTOOPT);
	CHECK(write(c, "hello", 5) == 5 && read(s, buf, sizeof(buf)) == 5 && memcmp(buf, "hello", 5) == 0);
	CHECK(send(s, "back", 4, 0) == 4 && recv(c, buf, sizeof(buf), MSG_PEEK) == 4 && recv(c, buf, sizeof(buf), 0) == 4);
	CHECK(sendto(c, "to", 2, 0, (struct sockaddr *)&ss, len) == 2 && read(s, buf, sizeof(buf)) == 2);
	CHECK(shutdown(c, SHUT_WR) == 0 && read(s, buf, sizeof(buf)) == 0);
	CHECK(write(s, "half", 4) == 4 && read(c, buf, sizeof(buf)) == 4);
	close(c);
	close(s);
	close(l);
	c = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(fcntl(c, F_GETFD) == FD_CLOEXEC && (fcntl(c, F_GETFL) & O_NONBLOCK) != 0);
	FAILS(bind(c, (struct sockaddr *)&ss, 200), EINVAL);
	s = socket(family, SOCK_STREAM, 0);
	CHECK(fcntl(s, F_GETFD) == 0 && (fcntl(s, F_GETFL) & O_NONBLOCK) == 0);
	FAILS(connect(s, (struct sockaddr *)&ss, size_of(&ss)), ECONNREFUSED);
	l = bound(SOCK_STREAM | SOCK_CLOEXEC, &ss);
	CHECK(listen(l, 8) == 0);
	c = connection(l, &ss, &s);
	memset(&peer, 0, sizeof(peer)); /* AF_UNSPEC: it may connect anew, under its number */
	CHECK(connect(c, (struct sockaddr *)&peer, sizeof(peer)) == 0);
	len = sizeof(peer);
	FAILS(getpeername(c, (struct sockaddr *)&peer, &len), ENOTCONN);
	CHECK(connect(c, (struct sockaddr *)&ss, size_of(&ss)) == 0 && fcntl(c, F_GETFD) == 0);
	CHECK((s = accept(l, NULL, NULL)) != -1 && write(c, "anew", 4) == 4 && read(s, buf, sizeof(buf)) == 4);
	FAILS(socket(family, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	FAILS(socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT);
}

/* Without blocking, by epoll, as event loops do. */
static void
events(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct sockaddr_storage ss;
	int l = bound(SOCK_STREAM | SOCK_NONBLOCK, &ss), c = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0), e = epoll_create1(0), s, error = 1;
	socklen_t len = sizeof(error);

	CHECK(listen(l, 8) == 0);
	FAILS(accept4(l, NULL, NULL, SOCK_NONBLOCK), EAGAIN);
	ev.data.fd = l;
	CHECK(epoll_ctl(e, EPOLL_CTL_ADD, l, &ev) == 0);
	ev.data.fd = c;
	CHECK(epoll_ctl(e, EPOLL_CTL_ADD, c, &ev) == 0);
	CHECK(connect(c, (struct sockaddr *)&ss, size_of(&ss)) == 0 || errno == EINPROGRESS);
	for (s = -1; s == -1;) {
		CHECK(epoll_wait(e, &ev, 1, 10000) == 1);
		if (ev.data.fd == l && (ev.events & EPOLLIN) != 0)
			CHECK((s = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1);
	}
	CHECK(fcntl(s, F_GETFD) == FD_CLOEXEC && (fcntl(s, F_GETFL) & O_NONBLOCK) != 0);
	for (ev.events = 0; (ev.events & EPOLLOUT) == 0 && poll(&(struct pollfd){ c, POLLOUT, 0 }, 1, 0) != 1;)
		CHECK(epoll_wait(e, &ev, 1, 10000) == 1);
	CHECK(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
	CHECK(write(c, "x", 1) == 1);
	CHECK(poll(&(struct pollfd){ s, POLLIN, 0 }, 1, 10000) == 1);
}

/* A server that forks for each connection; and then all is gone. */
static void
forks(void)
{
	struct sockaddr_storage ss;
	int l = bound(SOCK_STREAM, &ss), c[20], s, again;
	pid_t pid = fork();
	char b;

	CHECK(listen(l, 32) == 0);
	while (pid == 0) {
		CHECK((s = accept(l, NULL, NULL)) != -1);
		if (fork() == 0) {
			while (read(s, &b, 1) == 1)
				write(s, &b, 1);
			_exit(0);
		}
		close(s);
	}
	for (int i = 0; i < 20; i++) {
		CHECK((c[i] = socket(family, SOCK_STREAM, 0)) != -1);
		CHECK(connect(c[i], (struct sockaddr *)&ss, size_of(&ss)) == 0);
	}
	for (int i = 0; i < 20; i++)
		CHECK(write(c[i], "y", 1) == 1 && read(c[i], &b, 1) == 1 && b == 'y');
	close(l);
	kill(pid, SIGKILL); /* it waits in accept */
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 20; i++)
		close(c[i]);
	for (int tries = 0; tries < 100; tries++) {
		int on = 1;

		again = socket(family, SOCK_STREAM, 0);
		setsockopt(again, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(again, (struct sockaddr *)&ss, size_of(&ss)) == 0 && listen(again, 1) == 0)
			return;
		close(again);
		usleep(50000);
	}
	CHECK(!"the killed listener's port comes free");
}

/* --- datagrams --- */

/* What bsdsys(7) says of ends that the supervisor does not see. */
static void
ends(void)
{
	struct linger hard = { 1, 0 };
	struct sockaddr_storage ss;
	int l = bound(SOCK_STREAM, &ss), c = socket(family, SOCK_STREAM, 0), s;
	char buf[16];

	CHECK(listen(l, 5) == 0);
	CHECK(write(c, "early", 5) == 5); /* goes nowhere */
	CHECK(connect(c, (struct sockaddr *)&ss, size_of(&ss)) == 0 && (s = accept(l, NULL, NULL)) != -1);
	CHECK(write(c, "late", 4) == 4 && read(s, buf, sizeof(buf)) == 4 && memcmp(buf, "late", 4) == 0);
	CHECK(setsockopt(c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0 && close(c) == 0);
	CHECK(read(s, buf, sizeof(buf)) == 0); /* a reset */
	limit(s, SO_SNDTIMEO, 5000);
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(s, "x", 1), EPIPE);
}

static void
control(int a, int b, const struct sockaddr_storage *to)
{
	char buf[10], cmsg[256];
	struct iovec iov[2] = { { buf, 2 }, { buf + 5, 5 } };
	struct sockaddr_storage from;
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = iov, .msg_iovlen = 2, .msg_control = cmsg, .msg_controllen = sizeof(cmsg) };
	int on = 1;

	CHECK(setsockopt(b, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, family == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, &on, sizeof(on)) == 0);
	CHECK(sendto(a, "1234567890", 10, 0, (const struct sockaddr *)to, size_of(to)) == 10);
	memset(buf, '.', sizeof(buf));
	CHECK(recvmsg(b, &msg, 0) == 7 && memcmp(buf, "12...34567", 10) == 0);
	CHECK((msg.msg_flags & MSG_TRUNC) != 0 && msg.msg_namelen == size_of(to));
	CHECK(CMSG_FIRSTHDR(&msg) != NULL && CMSG_FIRSTHDR(&msg)->cmsg_type == (family == AF_INET ? IP_PKTINFO : IPV6_PKTINFO));
}

static void
many(int a, int b)
{
	char in[3][8], out[2][8] = { "one", "twotwo" };
	struct iovec iov[3], oov[2] = { { out[0], 3 }, { out[1], 6 } };
	struct mmsghdr m[3], o[2];

	memset(m, 0, sizeof(m));
	memset(o, 0, sizeof(o));
	for (int i = 0; i < 3; i++) {
		iov[i] = (struct iovec){ in[i], 8 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	for (int i = 0; i < 2; i++) {
		o[i].msg_hdr.msg_iov = &oov[i];
		o[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK(sendmmsg(a, o, 2, 0) == 2 && o[0].msg_len == 3 && o[1].msg_len == 6);
	for (int got = 0, n; got < 2; got += n) /* they may come one after the other */
		CHECK((n = recvmmsg(b, m + got, (unsigned int)(3 - got), MSG_WAITFORONE, NULL)) > 0);
	CHECK(m[0].msg_len == 3 && m[1].msg_len == 6);
	CHECK(memcmp(in[0], "one", 3) == 0 && memcmp(in[1], "twotwo", 6) == 0);
}

static void
datagrams(void)
{
	struct sockaddr_storage sa, sb, from;
	int a = bound(SOCK_DGRAM, &sa), b = bound(SOCK_DGRAM | SOCK_CLOEXEC, &sb), d, n = 0;
	socklen_t len = sizeof(from);
	char buf[32];

	CHECK(fcntl(a, F_GETFD) == 0 && fcntl(b, F_GETFD) == FD_CLOEXEC);
	CHECK(sendto(a, "hello", 5, 0, (struct sockaddr *)&sb, size_of(&sb)) == 5);
	CHECK(poll(&(struct pollfd){ b, POLLIN, 0 }, 1, 10000) == 1);
	CHECK(ioctl(b, FIONREAD, &n) == 0 && n == 5);
	CHECK(recvfrom(b, buf, 3, MSG_PEEK | MSG_TRUNC, NULL, NULL) == 5);
	CHECK(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) == 5 && memcmp(buf, "hello", 5) == 0);
	CHECK(len == size_of(&sa) && memcmp(&from, &sa, len) == 0);
	control(a, b, &sb);
	FAILS(write(a, "x", 1), EDESTADDRREQ);
	CHECK(connect(a, (struct sockaddr *)&sb, size_of(&sb)) == 0 && connect(b, (struct sockaddr *)&sa, size_of(&sa)) == 0);
	CHECK(write(a, "native", 6) == 6 && read(b, buf, sizeof(buf)) == 6 && memcmp(buf, "native", 6) == 0);
	many(a, b);
	FAILS(recv(b, buf, 1, MSG_DONTWAIT), EAGAIN);
	limit(b, SO_RCVTIMEO, 30);
	FAILS(recv(b, buf, 1, 0), EAGAIN);
	CHECK((d = dup(b)) != -1 && d != b);
	CHECK(send(a, "dup", 3, 0) == 3 && read(d, buf, sizeof(buf)) == 3);
	CHECK((n = fcntl(b, F_DUPFD_CLOEXEC, 3)) != -1 && fcntl(n, F_GETFD) == FD_CLOEXEC);
	FAILS(dup2(b, 100), EMFILE);
	CHECK(dup2(b, 0) == 0); /* as a server of datagrams is given its socket */
	CHECK(send(a, "std", 3, 0) == 3 && read(0, buf, sizeof(buf)) == 3 && write(0, "back", 4) == 4);
	CHECK(read(a, buf, sizeof(buf)) == 4 && memcmp(buf, "back", 4) == 0);
	CHECK(dup2(open("/dev/null", O_RDONLY), 0) == 0 && read(0, buf, 1) == 0);
	CHECK(dup2(b, d) == d && dup2(b, b) == b);
	FAILS(send(a, buf, (size_t)1 << 40, 0), EMSGSIZE);
	close(b);
	close(d);
	close(n);
	CHECK(send(a, "x", 1, 0) == 1); /* nobody is there: the next call says so */
	FAILS(recv(a, buf, 1, 0), ECONNREFUSED);
}

/* --- threads, signals --- */

static void *
blocked(void *arg)
{
	int fd = *(int *)arg;
	char b = 0;

	CHECK(recv(fd, &b, 1, 0) == 1);
	return (NULL);
}

static void *
accepting(void *arg)
{
	CHECK(accept(*(int *)arg, NULL, NULL) != -1);
	return (NULL);
}

/* Some wait in the supervisor; others go on. */
static void
threads(void)
{
	struct sockaddr_storage ss[20], sl, sx;
	int fd[20], l = bound(SOCK_STREAM, &sl), x = bound(SOCK_DGRAM, &sx), c;
	pthread_t t[20], ta;

	CHECK(listen(l, 5) == 0);
	CHECK(pthread_create(&ta, NULL, accepting, &l) == 0);
	for (int i = 0; i < 20; i++) {
		fd[i] = bound(SOCK_DGRAM, &ss[i]);
		CHECK(pthread_create(&t[i], NULL, blocked, &fd[i]) == 0);
	}
	for (int i = 19; i >= 0; i--) {
		CHECK(sendto(x, "x", 1, 0, (struct sockaddr *)&ss[i], size_of(&ss[i])) == 1);
		CHECK(pthread_join(t[i], NULL) == 0);
	}
	CHECK((c = socket(family, SOCK_STREAM, 0)) != -1 && connect(c, (struct sockaddr *)&sl, size_of(&sl)) == 0);
	CHECK(pthread_join(ta, NULL) == 0);
}

static void *
alone(void *arg)
{
	usleep(100000); /* the first thread has ended by then */
	if (arg != NULL)
		CHECK(unshare(CLONE_FILES) == 0);
	stream();
	exit(0);
}

/* The first thread ends, another goes on; with descriptors of its own. */
static void
leader(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, alone, NULL) == 0);
	pthread_exit(NULL);
}

static void
unshared(void)
{
	pthread_t t;
	int fds[8];

	CHECK(pthread_create(&t, NULL, alone, fds) == 0);
	usleep(200000);
	for (int i = 0; i < 8; i++)
		fds[i] = open("/dev/null", O_RDONLY); /* the same numbers */
	CHECK(fds[7] != -1);
	pthread_exit(NULL);
}

static struct sockaddr_storage rung;
static int ringer = -1;

static void
ring(int sig)
{
	int saved = errno;

	(void)sig;
	if (ringer != -1)
		sendto(ringer, "r", 1, 0, (struct sockaddr *)&rung, size_of(&rung));
	errno = saved;
}

static void
alarm_in(int ms, int flags)
{
	struct sigaction sa = { .sa_handler = ring, .sa_flags = flags };
	struct itimerval it = { { 0, 0 }, { ms / 1000, ms % 1000 * 1000 } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

static void
signals(void)
{
	struct sockaddr_storage ss, sl;
	int u = bound(SOCK_DGRAM, &ss), l = bound(SOCK_STREAM, &sl), c;
	char b = 0;

	CHECK(listen(l, 5) == 0);
	alarm_in(50, 0);
	FAILS(recv(u, &b, 1, 0), EINTR);
	alarm_in(50, 0);
	FAILS(accept(l, NULL, NULL), EINTR);
	rung = ss;
	ringer = socket(family, SOCK_DGRAM, 0);
	alarm_in(50, SA_RESTART); /* what the handler sends ends it */
	CHECK(recv(u, &b, 1, 0) == 1 && b == 'r');
	ringer = -1;
	c = socket(family, SOCK_STREAM, 0);
	CHECK(connect(c, (struct sockaddr *)&sl, size_of(&sl)) == 0 && accept(l, NULL, NULL) != -1);
}

/* --- what is wrong --- */

static void
wrong(void)
{
	struct sockaddr_storage ss;
	int u = bound(SOCK_DGRAM, &ss), l = bound(SOCK_STREAM, &ss), c = socket(family, SOCK_STREAM, 0), n = -1;
	void *bad = (void *)16, *ro = (void *)(uintptr_t)"constant";
	socklen_t len = sizeof(ss);
	struct msghdr msg = { .msg_iov = bad, .msg_iovlen = 2 };

	CHECK(listen(l, 5) == 0);
	FAILS(bind(u, bad, len), EFAULT);
	FAILS(connect(u, bad, 16), EFAULT);
	FAILS(connect(u, (struct sockaddr *)&ss, (socklen_t)-1), EINVAL);
	FAILS(getsockname(u, (struct sockaddr *)&ss, bad), EFAULT);
	FAILS(getsockname(u, bad, &len), EFAULT);
	FAILS(getsockname(u, (struct sockaddr *)&ss, (socklen_t *)&n), EINVAL);
	FAILS(setsockopt(u, SOL_SOCKET, SO_RCVBUF, bad, 4), EFAULT);
	FAILS(getsockopt(u, SOL_SOCKET, SO_RCVBUF, ro, &len), EFAULT);
	FAILS(getsockopt(u, SOL_SOCKET, SO_RCVBUF, &n, bad), EFAULT);
	FAILS(sendto(u, bad, 10, 0, (struct sockaddr *)&ss, size_of(&ss)), EFAULT);
	FAILS(sendto(u, "x", 1, 0, bad, 16), EFAULT);
	FAILS(syscall(SYS_sendmsg, u, &msg, 0), EFAULT);
	FAILS(syscall(SYS_recvmsg, u, bad, 0), EFAULT);
	msg.msg_iovlen = 5000;
	FAILS(syscall(SYS_sendmsg, u, &msg, 0), EMSGSIZE);
	FAILS(syscall(SYS_readv, u, bad, 5000), EINVAL);
	FAILS(ioctl(u, FIONREAD, bad), EFAULT);
	FAILS(ioctl(u, 0xc0104499, &n), ENOTTY); /* some device's */
	CHECK(connect(c, (struct sockaddr *)&ss, size_of(&ss)) == 0);
	FAILS(accept(l, (struct sockaddr *)&ss, bad), EFAULT);
	CHECK(accept(l, NULL, NULL) != -1); /* it was not lost */
	FAILS(bind(999, (struct sockaddr *)&ss, len), EBADF);
	FAILS(bind(0, (struct sockaddr *)&ss, len), ENOTSOCK);
	FAILS(syscall(SYS_io_uring_setup, 8, bad), ENOSYS);
	FAILS(syscall(SYS_sendfile, u, 0, NULL, 10), EINVAL);
}

/* Numbers run out, and nothing is lost. */
static void
numbers(void)
{
	struct sockaddr_storage ss;
	struct rlimit rl = { 24, 24 };
	int l = bound(SOCK_STREAM, &ss), c[4], n = 0, u = 0, fds[64];

	CHECK(listen(l, 8) == 0);
	while (u != -1 && n < 1000) /* as many datagram sockets as there are numbers for */
		if ((u = socket(family, SOCK_DGRAM, 0)) != -1)
			n++;
	CHECK(u == -1 && errno == EMFILE && n > 100);
	for (int i = 0; i < 4; i++) {
		CHECK((c[i] = socket(family, SOCK_STREAM, 0)) != -1);
		CHECK(connect(c[i], (struct sockaddr *)&ss, size_of(&ss)) == 0);
	}
	setrlimit(RLIMIT_NOFILE, &rl);
	for (n = 0; (fds[n] = open("/dev/null", O_RDONLY)) != -1; n++)
		;
	FAILS(accept(l, NULL, NULL), EMFILE);
	FAILS(accept(l, NULL, NULL), EMFILE);
	FAILS(socket(family, SOCK_STREAM, 0), EMFILE);
	FAILS(socket(family, SOCK_DGRAM, 0), EMFILE);
	while (n > 0)
		close(fds[--n]);
	for (int i = 0; i < 4; i++)
		CHECK(accept(l, NULL, NULL) != -1);
	CHECK(fcntl(l, F_SETFL, O_NONBLOCK) == 0);
	FAILS(accept(l, NULL, NULL), EAGAIN);
}

/* A name at the very end of memory. */
static void
names(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *name;
	int fd;

	CHECK(page != MAP_FAILED && munmap(page + 4096, 4096) == 0);
	name = strcpy(page + 4096 - sizeof("/etc/hosts"), "/etc/hosts");
	CHECK((fd = open(name, O_RDONLY)) != -1 && fcntl(fd, F_GETFD) == 0);
	CHECK((fd = open(name, O_RDONLY | O_CLOEXEC)) != -1 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	FAILS(open(name + 1, O_RDONLY), ENOENT);
	memset(page + 4090, 'x', 6);
	FAILS(open(page + 4090, O_RDONLY), EFAULT);
}

/* The host's descriptors are as they were. */
static void
host(void)
{
	struct sockaddr_un sun = { AF_UNIX, "" };
	socklen_t len = sizeof(sun);
	int p[2], u, type = 0;
	char buf[8];

	names();
	CHECK((u = socket(AF_UNIX, SOCK_DGRAM, 0)) != -1 && bind(u, (struct sockaddr *)&sun, 2) == 0);
	CHECK(getsockname(u, (struct sockaddr *)&sun, &len) == 0 && sun.sun_family == AF_UNIX && len > 2);
	CHECK(sendto(u, "unix", 4, 0, (struct sockaddr *)&sun, len) == 4 && recv(u, buf, sizeof(buf), 0) == 4);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p) == 0);
	CHECK(dup2(p[0], 600) == 600 && dup2(p[1], 601) == 601); /* numbers that are looked at */
	CHECK(write(600, "seq", 3) == 3 && read(601, buf, sizeof(buf)) == 3);
	CHECK(send(601, "two", 3, 0) == 3 && recv(600, buf, sizeof(buf), 0) == 3);
	len = sizeof(type);
	CHECK(getsockopt(600, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET);
	CHECK(shutdown(600, SHUT_WR) == 0 && read(601, buf, sizeof(buf)) == 0);
	CHECK(dup2(600, 0) == 0);
}

static void
interfaces(void)
{
	struct ifreq ifr[8], one;
	struct ifconf ifc = { .ifc_len = sizeof(ifr), .ifc_req = ifr };
	int u = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(ioctl(u, SIOCGIFCONF, &ifc) == 0);
	for (int i = 0; i < ifc.ifc_len / (int)sizeof(ifr[0]); i++)
		printf("%s %s\n", ifr[i].ifr_name, inet_ntoa(((struct sockaddr_in *)&ifr[i].ifr_addr)->sin_addr));
	strcpy(one.ifr_name, "fxp0");
	CHECK(ioctl(u, SIOCGIFMTU, &one) == 0 && one.ifr_mtu == 1500);
	FAILS(ioctl(u, SIOCSIFMTU, &one), EOPNOTSUPP);
}

/* It waits for ever, having said so: somebody kills it, or its supervisor. */
static void
lasting(void)
{
	struct sockaddr_storage ss;
	int l = bound(SOCK_STREAM, &ss), s;
	char b;

	CHECK(listen(l, 5) == 0);
	printf("port %d\n", ntohs(((struct sockaddr_in *)&ss)->sin_port));
	fflush(stdout);
	s = accept(l, NULL, NULL);
	printf("%s\n", s == -1 ? strerror(errno) : "a connection");
	printf("%s\n", socket(AF_INET, SOCK_STREAM, 0) == -1 ? strerror(errno) : "a socket");
	CHECK(read(s, &b, 1) == 1);
}

/* --- calls at random --- */

static uint64_t state;

static uint64_t
chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state);
}

static char memory[65536];

/* A descriptor, a length, an address of memory that is there, or is not. */
static long
argument(void)
{
	switch (chance() % 8) {
	case 0:
		return ((long)(chance() % 12));
	case 1:
		return ((long)(690 + chance() % 12));
	case 2:
		return ((long)(chance() % 80));
	case 3:
		return ((long)chance());
	case 4:
		return ((long)(~0UL << (chance() % 40)));
	default:
		return ((long)(uintptr_t)(memory + chance() % sizeof(memory)));
	}
}

static void
random_fill(void)
{
	struct msghdr *msg = (struct msghdr *)(memory + chance() % 500 * 64);

	for (int i = 0; i < 32; i++)
		memory[chance() % sizeof(memory)] = (char)(chance() % 40);
	msg->msg_name = memory + 8192;
	msg->msg_namelen = (socklen_t)(chance() % 140);
	msg->msg_iov = (struct iovec *)(memory + 4096);
	msg->msg_iovlen = chance() % 4;
	msg->msg_iov[0] = (struct iovec){ (void *)argument(), chance() % 3000 };
	msg->msg_iov[1] = (struct iovec){ memory, chance() % 3000 };
	msg->msg_control = memory + 12288;
	msg->msg_controllen = chance() % 100;
	loopback((struct sockaddr_storage *)(memory + 8192), (int)(5000 + chance() % 4));
}

static void
at_random(unsigned long count)
{
	static const long calls[] = { SYS_socket, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_connect, SYS_getsockname,
		SYS_getpeername, SYS_setsockopt, SYS_getsockopt, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg,
		SYS_recvmmsg, SYS_shutdown, SYS_ioctl, SYS_dup, SYS_dup2, SYS_dup3, SYS_openat, SYS_open, SYS_readv, SYS_writev, SYS_sendfile };
	struct itimerval it = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = { .sa_handler = ring };
	long no, arg[6];

	close(0);
	sigaction(SIGALRM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	setitimer(ITIMER_REAL, &it, NULL); /* none waits for long */
	for (unsigned long i = 0; i < count; i++) {
		random_fill();
		no = calls[chance() % (sizeof(calls) / sizeof(calls[0]))];
		for (int j = 0; j < 6; j++)
			arg[j] = argument();
		if (no == SYS_socket || chance() % 16 == 0) {
			syscall(SYS_socket, chance() % 2 == 0 ? AF_INET : AF_INET6, 1 + chance() % 3, chance() % 3 == 0 ? 17 : 0);
			continue;
		}
		if (no == SYS_dup2 || no == SYS_dup3 || no == SYS_openat || no == SYS_open)
			arg[1] = arg[1] < 3 ? 9 : arg[1]; /* what is written stays */
		if (no == SYS_open)
			arg[1] = O_RDONLY;
		arg[0] = arg[0] == 1 || arg[0] == 2 ? 5 : arg[0];
		syscall(no, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
		if (chance() % 8 == 0)
			close((int)(chance() % 2 == 0 ? 3 + chance() % 10 : 690 + chance() % 10));
	}
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	family = AF_INET;
	stream(); /* the supervisor serves as before */
	datagrams();
}

/* --- what calls cost, for regress/bench/supervise.sh --- */

static struct timespec begun;

static void
cost_begin(void)
{
	clock_gettime(CLOCK_MONOTONIC, &begun);
}

static void
cost_end(const char *what, int n)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	printf("%s %.2f\n", what, ((double)(ts.tv_sec - begun.tv_sec) * 1e6 + (double)(ts.tv_nsec - begun.tv_nsec) / 1e3) / n);
}

static void
costs_of_sockets(int n)
{
	struct sockaddr_storage ss;
	int l = bound(SOCK_STREAM, &ss), u = bound(SOCK_DGRAM, &ss), c, s, v = 0;
	socklen_t len = sizeof(ss);
	char b[100] = "";

	cost_begin();
	for (int i = 0; i < n; i++)
		close(socket(family, SOCK_STREAM, 0));
	cost_end("socket,close", n);
	cost_begin();
	for (int i = 0; i < n; i++, len = sizeof(v))
		getsockopt(l, SOL_SOCKET, SO_RCVBUF, &v, &len);
	cost_end("getsockopt", n);
	cost_begin();
	for (int i = 0; i < n; i++) {
		CHECK(sendto(u, b, sizeof(b), 0, (struct sockaddr *)&ss, size_of(&ss)) == sizeof(b));
		CHECK(recv(u, b, sizeof(b), 0) == sizeof(b));
	}
	cost_end("sendto,recv", n);
	CHECK(listen(l, 50) == 0 && (len = sizeof(ss)) > 0 && getsockname(l, (struct sockaddr *)&ss, &len) == 0);
	cost_begin();
	for (int i = 0; i < n / 10; i++) {
		c = connection(l, &ss, &s);
		close(c);
		close(s);
	}
	cost_end("connect,accept,close", n / 10);
	c = connection(l, &ss, &s);
	cost_begin();
	for (int i = 0; i < n; i++) {
		CHECK(write(c, b, sizeof(b)) == sizeof(b) && read(s, b, sizeof(b)) > 0);
		CHECK(write(s, b, sizeof(b)) == sizeof(b) && read(c, b, sizeof(b)) > 0);
	}
	cost_end("write,read,write,read", n);
}

static void
costs_of_the_host(int n)
{
	int p[2], v = 0;
	socklen_t len = sizeof(v);
	char b[100] = "";

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
	cost_begin();
	for (int i = 0; i < n; i++)
		CHECK(write(p[0], b, sizeof(b)) == sizeof(b) && read(p[1], b, sizeof(b)) > 0);
	cost_end("AF_UNIX_write,read", n);
	cost_begin();
	for (int i = 0; i < n; i++, len = sizeof(v))
		getsockopt(p[0], SOL_SOCKET, SO_RCVBUF, &v, &len);
	cost_end("AF_UNIX_getsockopt", n);
	cost_begin();
	for (int i = 0; i < n; i++)
		close(open("/dev/null", O_RDONLY));
	cost_end("open,close", n);
}

static void
costs(void)
{
	costs_of_sockets(10000);
	costs_of_the_host(10000);
}

static const struct {
	const char *word;
	void (*run)(void);
} stories[] = { { "stream", stream }, { "ends", ends }, { "events", events }, { "forks", forks }, { "datagrams", datagrams }, { "threads", threads },
	{ "leader", leader }, { "unshared", unshared },
	{ "signals", signals }, { "wrong", wrong }, { "numbers", numbers }, { "host", host }, { "interfaces", interfaces }, { "lasting", lasting },
	{ "costs", costs } };

int
main(int argc, char *argv[])
{
	bool told = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "6") == 0)
			family = AF_INET6;
		if (strcmp(argv[i], "random") == 0 && i + 2 < argc) {
			state = strtoul(argv[i + 1], NULL, 10) * 0x9e3779b97f4a7c15ULL + 1;
			at_random(strtoul(argv[i + 2], NULL, 10));
			told = true;
		}
		if (strcmp(argv[i], "exec") == 0 && i + 1 < argc)
			execvp(argv[i + 1], argv + i + 1);
		for (size_t j = 0; j < sizeof(stories) / sizeof(stories[0]); j++)
			if (strcmp(argv[i], stories[j].word) == 0) {
				stories[j].run();
				told = true;
			}
	}
	return (told ? 0 : 2);
}
