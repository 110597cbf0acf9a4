/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * TCP's descriptors as what they are: ordinary ones.  Shared by processes,
 * passed, duplicated, spliced, waited for beside the host's own; listeners that
 * several accept from, and that die with connections in their queue.
 */

#include "machine.h"
#include "inet.h"

static int
tcp_client(int af, int port)
{
	int fd = tcp_socket(af, 0);

	assert_return_code(tcp_connect(fd, af, port), errno);
	return (fd);
}

/* splice(2) both ways: what a pipe holds goes out, and comes into another. */
static void
test_splice(void **state UNUSED)
{
	enum { LEN = 200000 };
	uint64_t done = 0;
	int a, b, out[2], in[2];
	pid_t pid;
	ssize_t n;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_return_code(pipe(out), errno);
		assert_return_code(pipe(in), errno);
		if ((pid = fork()) == 0) {
			uint8_t buf[LEN];

			pattern_fill(buf, LEN, 0);
			for (size_t at = 0; at < LEN; at += (size_t)n)
				CHILD_CHECK((n = write(out[1], buf + at,
						 LEN - at)) > 0);
			_exit(0);
		}
		close(out[1]);
		if (fork() == 0) {
			while ((n = splice(out[0], NULL, a, NULL, 65536, 0)) >
			    0)
				;
			_exit(n == 0 ? 0 : 1);
		}
		for (done = 0; done < LEN; done += (uint64_t)n) {
			assert_comes(b, POLLIN);
			n = splice(b, NULL, in[1], NULL, 16384, 0);
			assert_true(n > 0);
			read_pattern(in[0], (uint64_t)n, done);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_true(wait(NULL) != -1);
		both_close(out[0], in[0]);
		close(in[1]);
		both_close(a, b);
	}
}

/* Who wants to read no more still writes, and its peer notices nothing. */
static void
test_shut_reading(void **state UNUSED)
{
	int a, b;
	char c;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_return_code(shutdown(a, SHUT_RD), errno);
		assert_int_equal(read(a, &c, 1), 0);
		say(b, "to nobody");
		say(a, "still here");
		expect_text(b, "still here");
		assert_return_code(shutdown(a, SHUT_WR), errno);
		expect_eof(b);
		both_close(a, b);
	}
}

/* Accepted in the order of arrival, each with its own peer. */
static void
test_accept_order(void **state UNUSED)
{
	struct sockaddr_storage ss;
	int l, port, c[5], b;
	socklen_t len;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		for (int i = 0; i < 5; i++)
			c[i] = tcp_client(af, port);
		for (int i = 0; i < 5; i++) {
			assert_comes(l, POLLIN);
			len = sizeof(ss);
			b = accept(l, (struct sockaddr *)&ss, &len);
			assert_return_code(b, errno);
			assert_int_equal(
			    ntohs(((struct sockaddr_in *)&ss)->sin_port),
			    port_of(c[i]));
			close(b);
			close(c[i]);
		}
		nonblock(l);
		assert_errno(accept(l, NULL, NULL), EAGAIN);
		close(l);
	}
}

/* Connections that nobody accepted end with their listener. */
static void
test_listener_dies(void **state UNUSED)
{
	int l, port, c[6], files = settled("kern.nfiles");
	ssize_t n;
	char x;

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		for (int i = 0; i < 6; i++)
			c[i] = tcp_client(af, port);
		assert_comes(l, POLLIN);
		close(l);
		for (int i = 0; i < 6; i++) {
			assert_comes(c[i], POLLIN);
			n = read(c[i], &x, 1);
			assert_true(n == 0 || (n == -1 && errno == ECONNRESET));
			close(c[i]);
		}
	}
	expect_files(files);
}

/* Three processes accept from one listener; one is killed, the others go on. */
static void
test_processes_accept(void **state UNUSED)
{
	int l, port, c;
	pid_t kid[3];
	char buf[8];

	BOTH(af)
	{
		l = tcp_listener(af, &port);
		for (int i = 0; i < 3; i++)
			if ((kid[i] = fork()) == 0)
				for (;;) {
					c = accept(l, NULL, NULL);
					CHILD_CHECK(c != -1);
					CHILD_CHECK(write(c, "served", 6) == 6);
					close(c);
				}
		close(l);
		for (int i = 0; i < 12; i++) {
			if (i == 6)
				child_kill(kid[0]);
			c = tcp_client(af, port);
			assert_comes(c, POLLIN);
			/* the one that was killed may just have taken it */
			if (read(c, buf, 6) == 6)
				assert_memory_equal(buf, "served", 6);
			else
				assert_int_equal(i, 6);
			close(c);
		}
		child_kill(kid[1]);
		child_kill(kid[2]);
	}
}

/* A connection goes on in another process, and ends with its last holder. */
static void
test_passing(void **state UNUSED)
{
	union {
		struct cmsghdr h;
		char b[CMSG_SPACE(sizeof(int))];
	} control = { .h = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (char[1]){ 0 }, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	int a, b, dupped, got, pair[2];
	pid_t pid;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair),
		    errno);
		if ((pid = fork()) == 0) {
			both_close(a, b);
			close(pair[0]);
			CHILD_CHECK(recvmsg(pair[1], &m, 0) == 1);
			memcpy(&got, CMSG_DATA(&control.h), sizeof(got));
			CHILD_CHECK(bsd_isfd(got) && error_of(got) == 0);
			CHILD_CHECK(write(got, "passed", 6) == 6);
			CHILD_CHECK(read(pair[1], &got, 1) == 0);
			_exit(0);
		}
		memcpy(CMSG_DATA(&control.h), &a, sizeof(a));
		assert_int_equal(sendmsg(pair[0], &m, 0), 1);
		assert_true((dupped = dup(a)) != -1);
		close(a);
		expect_text(b, "passed");
		say(dupped, "dupped");
		expect_text(b, "dupped");
		close(dupped);
		assert_quiet(b, POLLIN); /* the child has it still */
		both_close(pair[0], pair[1]);
		child_good(pid);
		expect_eof(b);
		close(b);
	}
}

/* The host's and the machine's in one poll(2), select(2), epoll(7). */
static void
test_mixed_waiting(void **state UNUSED)
{
	int a, b, u, l, port, pipes[2], ep, idle[2];
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET }, out[4];
	fd_set set;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		l = tcp_listener(af, &port);
		assert_true((u = socket(af, SOCK_DGRAM, 0)) != -1);
		assert_return_code(pipe(pipes), errno);
		assert_return_code(pipe(idle), errno);
		assert_true((ep = epoll_create1(EPOLL_CLOEXEC)) != -1);
		int fds[5] = { b, pipes[0], l, u, idle[0] };
		for (int i = 0; i < 5; i++) {
			ev.data.fd = fds[i];
			assert_return_code(epoll_ctl(ep, EPOLL_CTL_ADD, fds[i],
					       &ev),
			    errno);
		}
		assert_int_equal(epoll_wait(ep, out, 4, QUIET_MS), 0);
		say(a, "tcp");
		say(pipes[1], "pipe");
		assert_comes(b, POLLIN);
		struct pollfd p[5];
		FD_ZERO(&set);
		for (int i = 0; i < 5; i++) {
			p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
			FD_SET(fds[i], &set);
		}
		assert_int_equal(poll(p, 5, SOON_MS), 2);
		assert_true(p[0].revents == POLLIN && p[1].revents == POLLIN);
		assert_int_equal(select(FD_SETSIZE, &set, NULL, NULL, NULL), 2);
		assert_true(FD_ISSET(b, &set) && FD_ISSET(pipes[0], &set));
		assert_int_equal(epoll_wait(ep, out, 4, SOON_MS), 2);
		assert_int_equal(epoll_wait(ep, out, 4, QUIET_MS), 0);
		int c = tcp_client(af, port);
		assert_int_equal(epoll_wait(ep, out, 4, SOON_MS), 1);
		assert_int_equal(out[0].data.fd, l);
		close(c);
		both_close(ep, u);
		both_close(pipes[0], pipes[1]);
		both_close(idle[0], idle[1]);
		close(l);
		both_close(a, b);
	}
}

/* What came before a reset is read before it, and the end is an error. */
static void
test_reset_behind_data(void **state UNUSED)
{
	struct linger hard = { 1, 0 };
	int a, b;
	char c;

	BOTH(af)
	{
		tcp_pair(af, &a, &b);
		say(a, "before");
		assert_comes(b, POLLIN);
		assert_return_code(setsockopt(a, SOL_SOCKET, SO_LINGER, &hard,
				       sizeof(hard)),
		    errno);
		close(a);
		assert_comes(b, POLLRDHUP);
		expect_text(b, "before");
		assert_errno(recv(b, &c, 1, 0), ECONNRESET);
		assert_errno(send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
		close(b);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, limit_set)
	const struct CMUnitTest tests[] = {
		T(test_splice),
		T(test_shut_reading),
		T(test_accept_order),
		T(test_listener_dies),
		T(test_processes_accept),
		T(test_passing),
		T(test_mixed_waiting),
		T(test_reset_behind_data),
	};

	return (cmocka_run_group_tests(tests, machine_up, machine_down));
}
