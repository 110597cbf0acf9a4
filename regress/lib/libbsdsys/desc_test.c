/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What processes do with descriptors of a machine: inherit, duplicate, pass,
 * close and die with them, chroot(2) and drop their rights, close what they
 * do not know, and outlive the kernel.
 */

#include "machine.h"
#include "raw.h"

#include <sys/stat.h>
#include <sched.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

/* --- fork, dup, exec --- */

/* The connection ends when the last process has closed it, not before. */
static void
test_fork_shares(void **state UNUSED)
{
	int a, b, files = settled("kern.nfiles");
	int pipes[2];
	pid_t pid;

	loop_pair(&a, &b);
	assert_return_code(pipe(pipes), errno);
	if ((pid = fork()) == 0) {
		CHILD_CHECK(write(a, "child", 5) == 5);
		CHILD_CHECK(error_of(a) == 0); /* its own control connection */
		close(a);
		CHILD_CHECK(read(pipes[0], (char[1]){ 0 }, 1) == 1);
		CHILD_CHECK(read(b, (char[4]){ 0 }, 4) == 4);
		_exit(0);
	}
	expect_text(b, "child");
	close(b);
	assert_quiet(a, POLLIN); /* the child has it still */
	say(a, "four");
	say(pipes[1], "now");
	child_good(pid);
	expect_eof(a);
	close(pipes[0]);
	close(pipes[1]);
	close(a);
	expect_files(files);
}

/* Both call at once: no answer goes to the wrong one. */
static void
ports_check(int fd, int port)
{
	struct sockaddr_loop sl;
	socklen_t len;

	for (int i = 0; i < 2000; i++) {
		len = sizeof(sl);
		if (getsockname(fd, (struct sockaddr *)&sl, &len) == -1 ||
		    sl.sl_port != port)
			_exit(1);
	}
}

static void
test_fork_both_call(void **state UNUSED)
{
	int port[2],
	    l[2] = { loop_listener(1, &port[0]), loop_listener(1, &port[1]) };
	pid_t pid[2];

	for (int i = 0; i < 2; i++)
		if ((pid[i] = fork()) == 0) {
			pid_t grandchild = fork();

			ports_check(l[grandchild == 0], port[grandchild == 0]);
			if (grandchild == 0)
				_exit(0);
			child_good(grandchild);
			_exit(0);
		}
	for (int i = 0; i < 2; i++)
		child_good(pid[i]);
	close(l[0]);
	close(l[1]);
}

static void
test_dup(void **state UNUSED)
{
	int a, b, d, e;

	loop_pair(&a, &b);
	assert_return_code(d = dup(a), errno);
	assert_return_code(e = dup2(a, 333), errno);
	close(a);
	assert_quiet(b, POLLIN);
	say(d, "one");
	expect_text(b, "one");
	close(d);
	assert_quiet(b, POLLIN);
	assert_int_equal(error_of(e), 0); /* control calls know it too */
	say(e, "two");
	expect_text(b, "two");
	close(e);
	expect_eof(b);
	close(b);
}

/* What an executed copy of this program does: see main(). */
static int
executed(int fd)
{
	struct sockaddr_loop sl;
	socklen_t len = sizeof(sl);
	char buf[4];

	if (!bsd_isfd(fd) ||
	    getpeername(fd, (struct sockaddr *)&sl, &len) == -1 ||
	    sl.sl_port == 0)
		return (11);
	if (read(fd, buf, 4) != 4 || memcmp(buf, "work", 4) != 0)
		return (12);
	if (write(fd, "done", 4) != 4)
		return (13);
	return (sysctl_get("kern.looptest") == 1 ? 0 : 14);
}

static void
exec_self(int fd)
{
	char num[16];

	snprintf(num, sizeof(num), "%d", fd);
	execl("/proc/self/exe", "desc_test", "executed", num, (char *)NULL);
	_exit(126);
}

static void
test_exec_inherits(void **state UNUSED)
{
	int a, b;
	pid_t pid;

	loop_pair(&a, &b);
	say(b, "work");
	if ((pid = fork()) == 0) {
		close(b);
		exec_self(a);
	}
	close(a);
	expect_text(b, "done");
	child_good(pid);
	expect_eof(b);
	close(b);
}

static void
test_exec_closes_cloexec(void **state UNUSED)
{
	int port, l = loop_listener(1, &port), a, b, status;
	pid_t pid;

	a = loop_socket(SOCK_CLOEXEC);
	assert_return_code(loop_connect(a, port, 0), errno);
	assert_return_code(b = accept4(l, NULL, NULL, SOCK_CLOEXEC), errno);
	if ((pid = fork()) == 0)
		exec_self(a);
	close(a);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 11);
	expect_eof(b);
	close(b);
	close(l);
}

/* Where the folder cannot be reached, a connection may be inherited. */
static void
test_exec_with_a_connection(void **state UNUSED)
{
	int a, b, fd;
	char num[16];
	pid_t pid;

	loop_pair(&a, &b);
	say(b, "work");
	if ((pid = fork()) == 0) {
		CHILD_CHECK((fd = raw_connect(mach.root)) != -1);
		CHILD_CHECK(fcntl(fd, F_SETFD, 0) == 0);
		snprintf(num, sizeof(num), "%d", fd);
		setenv("BSD_CTLFD", num, 1);
		unsetenv("BSD_ROOT");
		exec_self(a);
	}
	expect_text(b, "done");
	child_good(pid);
	close(a);
	close(b);
}

/* The environment is read once: nginx wipes it before its workers run. */
static void
test_environment_wiped(void **state UNUSED)
{
	pid_t pid;

	if ((pid = fork()) == 0) {
		clearenv();
		CHILD_CHECK(close_range(3, ~0U, 0) == 0);
		CHILD_CHECK(sysctl_get("kern.looptest") == 1);
		_exit(0);
	}
	child_good(pid);
}

/* --- passing --- */

static void
fd_pass(int s, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c = { .align = { .cmsg_len = CMSG_LEN(sizeof(int)),
		    .cmsg_level = SOL_SOCKET,
		    .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { (char[1]){ 'x' }, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.buf,
		.msg_controllen = sizeof(c.buf) };

	memcpy(CMSG_DATA(&c.align), &fd, sizeof(fd));
	assert_int_equal(sendmsg(s, &msg, 0), 1);
}

static int
fd_take(int s)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c;
	char x;
	struct iovec iov = { &x, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.buf,
		.msg_controllen = sizeof(c.buf) };
	int fd;

	if (recvmsg(s, &msg, 0) != 1 || CMSG_FIRSTHDR(&msg) == NULL)
		return (-1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return (fd);
}

/* Over a UNIX socket to a process that existed before it did. */
static void
test_passing(void **state UNUSED)
{
	int a, b, pair[2], fd;
	pid_t pid;

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), errno);
	if ((pid = fork()) == 0) {
		close(pair[0]);
		CHILD_CHECK((fd = fd_take(pair[1])) != -1);
		CHILD_CHECK(bsd_isfd(fd));
		CHILD_CHECK(error_of(fd) == 0);
		CHILD_CHECK(write(fd, "passed", 6) == 6);
		_exit(0);
	}
	close(pair[1]);
	loop_pair(&a, &b);
	fd_pass(pair[0], a);
	close(a);
	expect_text(b, "passed");
	expect_eof(b);
	child_good(pid);
	close(pair[0]);
	close(b);
}

/* A descriptor that is under way, its receiver gone: closed by the host. */
static void
test_passed_to_nobody(void **state UNUSED)
{
	int a, b, pair[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), errno);
	loop_pair(&a, &b);
	fd_pass(pair[0], a);
	close(a);
	assert_quiet(b, POLLIN);
	close(pair[1]);
	expect_eof(b);
	close(pair[0]);
	close(b);
}

/* --- many processes at one listener --- */

static void
acceptor(int l)
{
	int fd;

	for (;;) {
		if ((fd = accept(l, NULL, NULL)) == -1)
			_exit(errno == EINVAL ? 0 : 1);
		CHILD_CHECK(dprintf(fd, "%d\n", getpid()) > 0);
		close(fd);
	}
}

static void
test_processes_accept(void **state UNUSED)
{
	int port, l = loop_listener(16, &port), fd;
	char buf[16];
	pid_t pid[4];

	for (int i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0)
			acceptor(l);
	for (int i = 0; i < 100; i++) {
		fd = loop_socket(0);
		assert_return_code(loop_connect(fd, port, 0), errno);
		assert_comes(fd, POLLIN);
		assert_true(read(fd, buf, sizeof(buf)) > 1); /* each has one */
		close(fd);
	}
	assert_return_code(shutdown(l, SHUT_RD), errno);
	for (int i = 0; i < 4; i++)
		child_good(pid[i]);
	close(l);
}

/* --- dying --- */

static void
test_killed_client(void **state UNUSED)
{
	int port, l = loop_listener(4, &port), fd, b,
		  files = settled("kern.nfiles");
	pid_t pid;

	if ((pid = fork()) == 0) {
		fd = loop_socket(0);
		CHILD_CHECK(loop_connect(fd, port, 0) == 0);
		CHILD_CHECK(write(fd, "testament", 9) == 9);
		pause();
	}
	assert_return_code(b = accept(l, NULL, NULL), errno);
	expect_text(b, "testament");
	assert_quiet(b, POLLIN);
	child_kill(pid);
	expect_eof(b);
	close(b);
	expect_files(files);
	close(l);
}

/* With bytes unread, the peer of the dead sees a reset. */
static void
test_killed_reader(void **state UNUSED)
{
	int port, l = loop_listener(4, &port), fd, b;
	pid_t pid;
	char c;

	if ((pid = fork()) == 0) {
		fd = loop_socket(0);
		CHILD_CHECK(loop_connect(fd, port, 0) == 0);
		pause();
	}
	assert_return_code(b = accept(l, NULL, NULL), errno);
	say(b, "unread");
	assert_quiet(b, POLLIN);
	child_kill(pid);
	assert_comes(b, POLLIN);
	assert_errno(read(b, &c, 1), ECONNRESET);
	close(b);
	close(l);
}

static void
test_killed_listener(void **state UNUSED)
{
	int port = 4711, fd, pipes[2];
	struct sockaddr_loop sl = loop_address(port, 0);
	pid_t pid;
	char c;

	assert_return_code(pipe(pipes), errno);
	if ((pid = fork()) == 0) {
		fd = loop_socket(0);
		CHILD_CHECK(bind(fd, (struct sockaddr *)&sl, sizeof(sl)) == 0);
		CHILD_CHECK(listen(fd, 3) == 0);
		CHILD_CHECK(write(pipes[1], "l", 1) == 1);
		pause();
	}
	assert_int_equal(read(pipes[0], &c, 1), 1);
	fd = loop_socket(0);
	assert_return_code(loop_connect(fd, port, 0), errno);
	child_kill(pid);
	assert_comes(fd, POLLIN | POLLHUP);
	close(fd);
	fd = loop_socket(0);
	assert_errno(loop_connect(fd, port, 0), ECONNREFUSED);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

/* --- rights and roots --- */

/* Without the right to chroot(2), within a user namespace of one's own. */
static bool
root_empty(void)
{
	if (geteuid() != 0 && unshare(CLONE_NEWUSER) == -1)
		return (false);
	return (chdir("/proc/self/fdinfo") == 0 && chroot(".") == 0);
}

static void
test_chroot_after_start(void **state UNUSED)
{
	int a, b, fd;
	pid_t pid, kid;

	loop_pair(&a, &b);
	if ((pid = fork()) == 0) {
		if (!root_empty())
			_exit(77);
		CHILD_CHECK(access(mach.root, F_OK) == -1);
		CHILD_CHECK(write(a, "in jail", 7) == 7);
		fd = loop_socket(0);
		CHILD_CHECK(fd != -1);
		/* and so does its child */
		if ((kid = fork()) == 0)
			_exit(error_of(a) == 0 && loop_socket(0) != -1 ? 0 : 1);
		child_good(kid);
		_exit(0);
	}
	close(a);
	expect_text(b, "in jail");
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(b);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void *
jailed_thread(void *arg)
{
	int fd = socket(AF_LOOPTEST, SOCK_STREAM, 0);

	*(bool *)arg = fd != -1 && error_of(fd) == 0;
	close(fd);
	return (NULL);
}

/*
 * A daemon of several threads: executed, it gives up its root and its user
 * before its first control call, then begins threads, then children of theirs.
 */
static int
jailed(void)
{
	bool good[3] = { false, false, false };
	int status, fd;
	pthread_t t;
	pid_t kid;

	if (!root_empty())
		return (77);
	if (setgid(65530) == -1 || setuid(65530) == -1)
		return (21);
	if (access(mach.root, F_OK) != -1 || bsd_machine() == NULL)
		return (22);
	for (int i = 0; i < 3; i++) {
		if (pthread_create(&t, NULL, jailed_thread, &good[i]) != 0)
			return (23);
		pthread_join(t, NULL);
		if (!good[i])
			return (24);
	}
	if ((kid = fork()) == 0) {
		good[0] = false;
		if (pthread_create(&t, NULL, jailed_thread, &good[0]) == 0)
			pthread_join(t, NULL);
		fd = socket(AF_LOOPTEST, SOCK_STREAM, 0);
		_exit(good[0] && fd != -1 ? 0 : 1);
	}
	if (waitpid(kid, &status, 0) != kid || status != 0)
		return (25);
	return (0);
}

static void
test_executed_into_a_jail(void **state UNUSED)
{
	int status, clients = settled("kern.nclients");
	pid_t pid;

	if ((pid = fork()) == 0) {
		execl("/proc/self/exe", "desc_test", "jailed", "-1",
		    (char *)NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	expect_clients(clients); /* and nothing of it is left */
}

/* Others than the kernel's owner keep their uid, and have no rights. */
static void
test_rights_dropped(void **state UNUSED)
{
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_return_code(chmod(mach.root, 0755), errno);
	if ((pid = fork()) == 0) {
		CHILD_CHECK(setgid(65534) == 0 && setuid(65534) == 0);
		/* the connection from before the fork was root's, and still is */
		CHILD_CHECK(sysctl_set("kern.clienttimeout", 10000) == 0);
		CHILD_CHECK(bsd_reopen() == 0);
		CHILD_CHECK(sysctl_get("kern.looptest") == 1);
		CHILD_CHECK(sysctl_set("kern.clienttimeout", 10000) == -1 &&
		    errno == EPERM);
		CHILD_CHECK(socket(AF_INET, SOCK_RAW, 1) == -1 &&
		    (errno == EPERM || errno == EACCES));
		CHILD_CHECK(bsd_halt() == -1 && errno == EPERM);
		_exit(0);
	}
	child_good(pid);
}

/* --- programs that close what they do not know --- */

static void
test_daemon_closes_all(void **state UNUSED)
{
	pid_t pid;
	int fd;

	if ((pid = fork()) == 0) {
		CHILD_CHECK(sysctl_get("kern.looptest") == 1);
		for (int i = 3; i < 2000; i++)
			close(i);
		/* the numbers are others' now: those must stay untouched */
		for (int i = 3; i < 2000; i++)
			CHILD_CHECK(dup2(0, i) == i || errno == EBADF);
		fd = loop_socket(0);
		CHILD_CHECK(fd != -1 && error_of(fd) == 0);
		_exit(0);
	}
	child_good(pid);
}

/* --- threads --- */

static void *
thread_main(void *arg)
{
	int a, b;

	for (int i = 0; i < 50; i++) {
		loop_pair(&a, &b);
		say(a, "thread");
		expect_text(b, "thread");
		close(a);
		close(b);
	}
	*(bool *)arg = true;
	return (NULL);
}

static void
test_threads(void **state UNUSED)
{
	bool good[4] = { false, false, false, false };
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, thread_main,
				     &good[i]),
		    0);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		assert_true(good[i]);
	}
	expect_clients(1); /* each closed its own */
}

/* --- signals --- */

static int handler_fd;
static in_port_t handler_port;
static volatile sig_atomic_t handled, handler_failed;
static atomic_bool handler_stop;

/* POSIX lets signal handlers use sockets, whatever they interrupt. */
static void
on_usr1(int sig UNUSED)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int saved = errno;
	char c = 0;

	if (getsockname(handler_fd, (struct sockaddr *)&sin, &len) != 0 ||
	    sin.sin_port != handler_port ||
	    sendto(handler_fd, "h", 1, 0, (struct sockaddr *)&sin, len) != 1 ||
	    recv(handler_fd, &c, 1, 0) != 1 || c != 'h')
		handler_failed++;
	handled++;
	errno = saved;
}

static void *
disturb(void *arg)
{
	while (!handler_stop) {
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		usleep(50 + (unsigned int)handled % 7 * 30);
	}
	return (NULL);
}

static int
udp_here(in_port_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(sin);

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&sin, len), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&sin, &len),
	    errno);
	*port = sin.sin_port;
	return (fd);
}

static void
test_calls_in_signal_handlers(void **state UNUSED)
{
	struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };
	pthread_t me = pthread_self(), t;
	struct sockaddr_in sin;
	char out[1000], in[1000];
	in_port_t port;
	int fd = udp_here(&port);
	socklen_t len;

	handler_fd = udp_here(&handler_port);
	assert_return_code(sigaction(SIGUSR1, &sa, NULL), errno);
	assert_int_equal(pthread_create(&t, NULL, disturb, &me), 0);
	for (unsigned int i = 0; handled < 1000 && handler_failed == 0; i++) {
		len = sizeof(sin);
		assert_return_code(getsockname(fd, (struct sockaddr *)&sin, &len),
		    errno);
		assert_int_equal(sin.sin_port, port);
		memset(out, 'a' + (int)(i % 26), sizeof(out));
		assert_int_equal(sendto(fd, out, sizeof(out), 0,
				     (struct sockaddr *)&sin, len),
		    sizeof(out));
		assert_int_equal(recv(fd, in, sizeof(in), 0), sizeof(in));
		assert_memory_equal(in, out, sizeof(in));
	}
	handler_stop = true;
	pthread_join(t, NULL);
	signal(SIGUSR1, SIG_DFL);
	assert_int_equal(handler_failed, 0);
	close(fd);
	close(handler_fd);
	expect_clients(1); /* theirs are closed again */
}

/* A handler that leaves by a jump, as old programs end a wait. */
static sigjmp_buf jump;

static void
on_usr2(int sig UNUSED)
{
	siglongjmp(jump, 1);
}

static void *
usr2_later(void *arg)
{
	usleep(QUIET_MS * 1000);
	pthread_kill(*(pthread_t *)arg, SIGUSR2);
	return (NULL);
}

static void
test_handlers_that_jump(void **state UNUSED)
{
	pthread_t me = pthread_self(), t;
	volatile int rounds = 0;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	in_port_t port;
	int fd = udp_here(&port);
	char c = 0;

	signal(SIGUSR2, on_usr2);
	while (rounds < 3) {
		assert_int_equal(pthread_create(&t, NULL, usr2_later, &me), 0);
		if (sigsetjmp(jump, 1) == 0)
			fail_msg("got %zd", recv(fd, &c, 1, 0));
		rounds++;
		pthread_join(t, NULL);
	}
	signal(SIGUSR2, SIG_DFL);
	assert_return_code(getsockname(fd, (struct sockaddr *)&sin, &len),
	    errno);
	assert_int_equal(sendto(fd, "j", 1, 0, (struct sockaddr *)&sin, len), 1);
	assert_int_equal(recv(fd, &c, 1, 0), 1);
	assert_int_equal(c, 'j');
	close(fd);
}

/* --- small stacks --- */

/* A thread whose stack is as small as those of stunnel's clients. */
static void *
small_thread(void *arg)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int a = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(sin);
	char c = 0;

	*(bool *)arg = bind(a, (struct sockaddr *)&sin, len) == 0 &&
	    getsockname(a, (struct sockaddr *)&sin, &len) == 0 &&
	    sendto(a, "s", 1, 0, (struct sockaddr *)&sin, len) == 1 &&
	    recv(a, &c, 1, 0) == 1 && c == 's';
	close(a);
	return (NULL);
}

static void
test_small_stacks(void **state UNUSED)
{
	pthread_attr_t attr;
	bool good = false;
	pthread_t t;

	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 65536), 0);
	for (int i = 0; i < 50; i++, good = false) {
		assert_int_equal(pthread_create(&t, &attr, small_thread, &good),
		    0);
		pthread_join(t, NULL);
		assert_true(good);
	}
	pthread_attr_destroy(&attr);
	expect_clients(1);
}

/* --- what is not the machine's --- */

static void
test_foreign_descriptors(void **state UNUSED)
{
	int pair[2], fd;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), errno);
	assert_false(bsd_isfd(pair[0]));
	assert_false(bsd_isfd(-1));
	assert_false(bsd_isfd(2));
	say(pair[0], "host");
	expect_text(pair[1], "host");
	assert_errno(shutdown(9999, SHUT_WR), EBADF);
	assert_errno(bind(9999, NULL, 0), EBADF);
	fd = loop_socket(0);
	assert_true(bsd_isfd(fd));
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

/* --- the kernel dies: last, since it takes the machine along --- */

static void
test_killed_kernel(void **state UNUSED)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int a, b, l, u, port;
	uint64_t then;
	char c;

	loop_pair(&a, &b);
	l = loop_listener(1, &port);
	assert_return_code(u = socket(AF_INET, SOCK_DGRAM, 0), errno);
	assert_return_code(bind(u, (struct sockaddr *)&sin, sizeof(sin)),
	    errno);
	say(a, "last");
	expect_text(b, "last");
	assert_int_equal(machine_end(SIGKILL), SIGKILL);
	assert_comes(b, POLLIN);
	assert_errno(read(b, &c, 1), ECONNRESET);
	assert_errno(write(a, "x", 1), EPIPE);
	assert_comes(l, POLLIN);
	then = now_ms();
	for (int i = 0; i < 5; i++) /* and a server does not spin */
		assert_errno(accept(l, NULL, NULL), ENETDOWN);
	assert_true(now_ms() - then >= 250);
	assert_comes(u, POLLIN);
	assert_errno(recv(u, &c, 1, 0), ENETDOWN);
	assert_errno(read(u, &c, 1), ENETDOWN);
	then = now_ms();
	for (int i = 0; i < 5; i++)
		assert_errno(sendto(u, "x", 1, 0, (struct sockaddr *)&sin,
				 sizeof(sin)),
		    ENETDOWN);
	for (int i = 0; i < 5; i++)
		assert_errno(recv(u, &c, 1, 0), ENETDOWN);
	assert_true(now_ms() - then >= 450);
	assert_errno(socket(AF_INET, SOCK_STREAM, 0), ENETDOWN);
	assert_errno(connect(u, (struct sockaddr *)&sin, sizeof(sin)),
	    ENETDOWN);
	assert_errno(getsockname(u, (struct sockaddr *)&sin, &len), ENETDOWN);
	close(a);
	close(b);
	close(l);
	close(u);
	assert_true((mach.pid = machine_start()) > 0);
	while (bsd_machine() == NULL && now_ms() < then + 2 * SOON_MS)
		usleep(2000);
	assert_return_code(sysctl_set("kern.looptest", 1), errno);
}

/*
 * A new kernel on the folder is found without a word.  What the old one made
 * is dead and stays it.
 */
static void
test_kernel_comes_back(void **state UNUSED)
{
	uint64_t end = now_ms() + 2 * SOON_MS;
	struct sockaddr_loop sl = loop_address(1, 0);
	int a, b, l, u, port;
	char c;

	l = loop_listener(1, &port);
	assert_return_code(u = socket(AF_INET, SOCK_DGRAM, 0), errno);
	assert_int_equal(machine_end(SIGKILL), SIGKILL);
	assert_true((mach.pid = machine_start()) > 0);
	while (bsd_machine() == NULL && now_ms() < end)
		usleep(2000);
	assert_return_code(sysctl_set("kern.looptest", 1), errno);
	loop_pair(&a, &b);
	say(a, "again");
	expect_text(b, "again");
	close(a);
	close(b);
	assert_errno(accept(l, NULL, NULL), ENETDOWN);
	assert_errno(recv(u, &c, 1, 0), ENETDOWN);
	assert_errno(listen(l, 1), ENETDOWN);
	assert_errno(bind(u, (struct sockaddr *)&sl, sizeof(sl)), ENETDOWN);
	close(l);
	close(u);
}

int
main(int argc, char *argv[])
{
#define T(f) cmocka_unit_test_setup(f, limit_set)
	const struct CMUnitTest tests[] = {
		T(test_fork_shares),
		T(test_fork_both_call),
		T(test_dup),
		T(test_exec_inherits),
		T(test_exec_closes_cloexec),
		T(test_exec_with_a_connection),
		T(test_environment_wiped),
		T(test_passing),
		T(test_passed_to_nobody),
		T(test_processes_accept),
		T(test_killed_client),
		T(test_killed_reader),
		T(test_killed_listener),
		T(test_chroot_after_start),
		T(test_executed_into_a_jail),
		T(test_rights_dropped),
		T(test_daemon_closes_all),
		T(test_threads),
		T(test_small_stacks),
		T(test_calls_in_signal_handlers),
		T(test_handlers_that_jump),
		T(test_foreign_descriptors),
		T(test_killed_kernel),
		T(test_kernel_comes_back),
	};

	if (argc == 3 && strcmp(argv[1], "executed") == 0)
		return (executed(atoi(argv[2])));
	if (argc == 3 && strcmp(argv[1], "jailed") == 0)
		_exit(jailed()); /* a sanitizer finds nothing to read there */
	return (cmocka_run_group_tests(tests, machine_up, machine_down));
}
