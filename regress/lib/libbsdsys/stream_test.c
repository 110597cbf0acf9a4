/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Streams between two programs of a real machine, by looptest(4): bytes,
 * back-pressure, ends, resets and connections, as the programs see them.
 * What processes do with descriptors is in desc_test.c.
 */

#include "call.h"
#include "machine.h"
#include "raw.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

/* --- bytes --- */

static void
test_bytes_both_ways(void **state UNUSED)
{
	int a, b;

	loop_pair(&a, &b);
	assert_quiet(a, POLLIN);
	say(a, "there");
	expect_text(b, "there");
	say(b, "and back");
	expect_text(a, "and back");
	assert_int_equal(send(a, "by send", 7, MSG_NOSIGNAL), 7);
	expect_text(b, "by send");
	close(a);
	close(b);
}

static void
test_back_pressure(void **state UNUSED)
{
	struct loop_info ai, bi;
	uint64_t took;
	int a, b;

	loop_pair(&a, &b);
	took = write_full(a);
	ai = loop_info(a);
	bi = loop_info(b);
	/* the kernel holds what its buffers are for, the hosts' pairs the rest */
	assert_in_range(ai.li_snd, 1, 2 * 212992);
	assert_in_range(bi.li_rcv, 1, 212992);
	assert_in_range(took, ai.li_snd + bi.li_rcv, 4 << 20);
	assert_quiet(a, POLLOUT);
	read_pattern(b, took, 0);
	assert_comes(a, POLLOUT);
	assert_quiet(b, POLLIN);
	assert_int_equal(loop_info(a).li_snd, 0);
	assert_int_equal(loop_info(b).li_rcv, 0);
	close(a);
	close(b);
}

/* A window that closes in the network, not at the reader. */
static void
test_network_holds(void **state UNUSED)
{
	uint64_t took;
	int a, b;

	loop_pair(&a, &b);
	assert_return_code(loop_set(a, LOOP_HOLD, 1), errno);
	took = write_full(a);
	assert_quiet(b, POLLIN);
	assert_in_range(loop_info(a).li_snd, 1, 2 * 212992);
	assert_return_code(loop_set(a, LOOP_HOLD, 0), errno);
	read_pattern(b, took, 0);
	assert_quiet(b, POLLIN);
	close(a);
	close(b);
}

/* Buffers that the program set are the bound. */
static void
test_small_buffers(void **state UNUSED)
{
	int a, b, size = 4096;

	loop_pair(&a, &b);
	assert_return_code(setsockopt(a, SOL_SOCKET, SO_SNDBUF, &size,
			       sizeof(size)),
	    errno);
	assert_return_code(loop_set(a, LOOP_HOLD, 1), errno);
	(void)write_full(a);
	assert_in_range(loop_info(a).li_snd, 1, 4096);
	close(a);
	close(b);
}

/* A file of the pattern.  len bytes. */
static int
pattern_file(size_t len)
{
	uint8_t *buf = malloc(len);
	int fd = memfd_create("pattern", MFD_CLOEXEC);

	assert_non_null(buf);
	pattern_fill(buf, len, 0);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, buf, len), (ssize_t)len);
	free(buf);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return (fd);
}

static void
test_sendfile_and_splice(void **state UNUSED)
{
	enum { LEN = 100000 };
	int a, b, fd = pattern_file(LEN), pipes[2];
	size_t done;
	ssize_t n;

	loop_pair(&a, &b);
	for (done = 0; done < LEN; done += (size_t)n)
		assert_return_code(n = sendfile(a, fd, NULL, LEN - done),
		    errno);
	read_pattern(b, LEN, 0);
	assert_return_code(pipe(pipes), errno);
	lseek(fd, 0, SEEK_SET);
	for (done = 0; done < LEN; done += (size_t)n) {
		assert_return_code(n = splice(fd, NULL, pipes[1], NULL, 32768,
				       0),
		    errno);
		assert_int_equal(splice(pipes[0], NULL, a, NULL, (size_t)n, 0),
		    n);
	}
	read_pattern(b, LEN, 0);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	close(a);
	close(b);
}

/* --- ends --- */

static void
test_half_close(void **state UNUSED)
{
	int a, b;

	loop_pair(&a, &b);
	say(a, "last words");
	assert_return_code(shutdown(a, SHUT_WR), errno);
	expect_text(b, "last words");
	expect_eof(b);
	assert_true((events_of(b, POLLRDHUP, SOON_MS) & POLLRDHUP) != 0);
	assert_quiet(a, POLLIN);
	say(b, "still here"); /* the other direction lives on */
	expect_text(a, "still here");
	assert_errno(write(a, "x", 1), EPIPE);
	assert_return_code(shutdown(b, SHUT_WR), errno);
	expect_eof(a);
	close(a);
	close(b);
}

/* What a program wrote before it closed arrives, however slow the reader. */
static void
test_close_loses_nothing(void **state UNUSED)
{
	int a, b, files = settled("kern.nfiles");
	uint64_t took;

	loop_pair(&a, &b);
	took = write_full(a);
	close(a);
	usleep(QUIET_MS * 1000);
	read_pattern(b, took, 0);
	expect_eof(b);
	assert_int_equal(error_of(b), 0);
	close(b);
	expect_files(files);
}

/* Also when the reader ends first, nothing stays behind in the kernel. */
static void
test_close_of_both_frees(void **state UNUSED)
{
	int a, b, files = settled("kern.nfiles");

	for (int i = 0; i < 20; i++) {
		loop_pair(&a, &b);
		(void)write_full(a);
		close(i % 2 == 0 ? a : b);
		close(i % 2 == 0 ? b : a);
	}
	expect_files(files);
}

static void
test_shut_reading(void **state UNUSED)
{
	uint8_t buf[65536];
	uint64_t sent = 0;
	int a, b;

	loop_pair(&a, &b);
	assert_return_code(shutdown(b, SHUT_RD), errno);
	memset(buf, 1, sizeof(buf));
	while (sent < 8 << 20) { /* it is thrown away: no end of room */
		ssize_t n = write(a, buf, sizeof(buf));

		assert_true(n > 0);
		sent += (uint64_t)n;
	}
	say(b, "deaf, not dumb");
	expect_text(a, "deaf, not dumb");
	close(a);
	close(b);
}

/* --- resets --- */

static void
test_reset_of_an_idle_connection(void **state UNUSED)
{
	char c;
	int a, b;

	loop_pair(&a, &b);
	assert_return_code(loop_set(a, LOOP_RESET, 0), errno);
	assert_comes(b, POLLIN);
	assert_errno(read(b, &c, 1), ECONNRESET);
	assert_int_equal(read(b, &c, 1), 0); /* told once */
	assert_comes(a, POLLIN);
	assert_int_equal(error_of(a), ECONNRESET);
	assert_int_equal(error_of(a), 0);
	assert_errno(write(a, "x", 1), EPIPE);
	close(a);
	close(b);
}

/* Whichever call meets the end is told that it is a reset. */
static void
test_reset_by_all_calls(void **state UNUSED)
{
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int a, b;

	for (int call = 0; call < 5; call++) {
		ssize_t n = 0;

		loop_pair(&a, &b);
		assert_return_code(loop_set(a, LOOP_RESET, 0), errno);
		assert_comes(b, POLLIN);
		errno = 0;
		if (call == 0)
			n = read(b, &c, 1);
		else if (call == 1)
			n = readv(b, &iov, 1);
		else if (call == 2)
			n = recv(b, &c, 1, 0);
		else if (call == 3)
			n = recvfrom(b, &c, 1, 0, NULL, NULL);
		else
			n = recvmsg(b, &msg, 0);
		assert_int_equal(n, -1);
		assert_int_equal(errno, ECONNRESET);
		close(a);
		close(b);
	}
}

/* The program wrote what nobody has fetched: the host itself says it. */
static void
test_reset_with_bytes_under_way(void **state UNUSED)
{
	int a, b;
	char c;

	loop_pair(&a, &b);
	assert_return_code(loop_set(a, LOOP_HOLD, 1), errno);
	(void)write_full(a);
	assert_return_code(loop_set(b, LOOP_RESET, 0), errno);
	assert_comes(a, POLLERR | POLLHUP);
	assert_errno(native.read(a, &c, 1), ECONNRESET);
	close(a);
	close(b);
}

/* What came before the reset is read before it. */
static void
test_reset_behind_data(void **state UNUSED)
{
	uint64_t took, lost;
	int a, b;
	char c;

	loop_pair(&a, &b);
	took = write_full(a);
	lost = loop_info(a).li_snd;
	assert_return_code(loop_set(a, LOOP_RESET, 0), errno);
	/* what neither end's kernel side had fetched is lost as well */
	assert_true(took > lost + 100000);
	read_pattern(b, 100000, 0);
	while (read(b, &c, 1) == 1)
		;
	assert_int_equal(errno, ECONNRESET);
	close(a);
	close(b);
}

/* A close with data unread resets the peer (RFC 2525, 2.17). */
static void
test_close_with_data_unread(void **state UNUSED)
{
	char c;
	int a, b;

	loop_pair(&a, &b);
	say(a, "never read");
	assert_comes(b, POLLIN);
	close(b);
	assert_comes(a, POLLIN);
	assert_errno(read(a, &c, 1), ECONNRESET);
	close(a);
}

static void
test_linger_zero(void **state UNUSED)
{
	struct linger l = { 1, 0 };
	char c;
	int a, b;

	loop_pair(&a, &b);
	assert_return_code(setsockopt(a, SOL_SOCKET, SO_LINGER, &l, sizeof(l)),
	    errno);
	close(a);
	assert_comes(b, POLLIN);
	assert_errno(read(b, &c, 1), ECONNRESET);
	close(b);
}

/* --- connecting --- */

static void
test_connect_refused(void **state UNUSED)
{
	int fd = loop_socket(0), port, l;

	assert_errno(loop_connect(fd, 9, 0), ECONNREFUSED);
	assert_errno(loop_connect(fd, 9, 20),
	    ECONNREFUSED); /* and waited for */
	l = loop_listener(1, &port);
	assert_return_code(loop_connect(fd, port, 20),
	    errno); /* the same socket */
	assert_errno(loop_connect(fd, port, 0), EISCONN);
	close(fd);
	close(l);
}

enum waiter { BY_POLL, BY_SELECT, BY_EPOLL, BY_EPOLLET, WAITERS };

/* Does fd become ready (writable, or else readable) within ms? */
static bool
ready_by(enum waiter how, int ep, int fd, bool writable, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct epoll_event ev;
	fd_set set;

	switch (how) {
	case BY_POLL:
		return ((events_of(fd, writable ? POLLOUT : POLLIN, ms) &
			    (writable ? POLLOUT : POLLIN)) != 0);
	case BY_SELECT:
		FD_ZERO(&set);
		FD_SET(fd, &set);
		return (select(fd + 1, writable ? NULL : &set,
			    writable ? &set : NULL, NULL, &tv) == 1);
	default:
		return (epoll_wait(ep, &ev, 1, ms) == 1 &&
		    (ev.events & (writable ? EPOLLOUT : EPOLLIN)) != 0);
	}
}

static int
epoll_of(enum waiter how, int fd, bool writable)
{
	struct epoll_event ev = { .events = writable ? EPOLLOUT : EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (how == BY_EPOLLET)
		ev.events |= EPOLLET;
	assert_return_code(ep, errno);
	assert_return_code(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), errno);
	return (ep);
}

/* Connected or refused after a while: not writable before, writable then. */
static void
connect_later(enum waiter how, bool refused)
{
	int l, port, ep, a, b;
	char c;

	l = loop_listener(1, &port);
	a = loop_socket(SOCK_NONBLOCK);
	assert_return_code(loop_set(a, LOOP_HOLD, 1), errno);
	assert_errno(loop_connect(a, refused ? 9 : port, 1), EINPROGRESS);
	ep = epoll_of(how, a, true);
	assert_false(ready_by(how, ep, a, true, QUIET_MS));
	assert_errno(loop_connect(a, port, 0), EALREADY);
	assert_errno(write(a, "early", 5), EAGAIN);
	assert_return_code(loop_set(a, LOOP_HOLD, 0), errno);
	assert_true(ready_by(how, ep, a, true, SOON_MS));
	assert_int_equal(error_of(a), refused ? ECONNREFUSED : 0);
	if (!refused) {
		assert_comes(l, POLLIN);
		assert_return_code(b = accept4(l, NULL, NULL, SOCK_NONBLOCK),
		    errno);
		assert_errno(read(b, &c, 1), EAGAIN); /* none of the filler */
		say(a, "now");
		expect_text(b, "now");
		assert_errno(read(b, &c, 1), EAGAIN);
		close(b);
	}
	close(ep);
	close(a);
	close(l);
}

static void
test_connect_nonblocking(void **state UNUSED)
{
	for (int how = BY_POLL; how < WAITERS; how++)
		connect_later(how, false);
}

static void
test_connect_nonblocking_refused(void **state UNUSED)
{
	for (int how = BY_POLL; how < WAITERS; how++)
		connect_later(how, true);
}

/* The host's own buffer of a descriptor. */
static int
pair_size(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	native.getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len);
	return (size);
}

/*
 * Connected at once or after a while, waited for by the call or by the
 * program, who asks for nothing and writes: the pair takes what another takes.
 */
static void
test_connect_leaves_no_small_pair(void **state UNUSED)
{
	static char bytes[65536];
	int l, port, a, b, whole;

	l = loop_listener(1, &port);
	whole = pair_size(l);
	assert_true(whole >= (int)sizeof(bytes));
	for (int how = 0; how < 8; how++) {
		a = loop_socket((how & 1) != 0 ? SOCK_NONBLOCK : 0);
		if (loop_connect(a, port, (how & 2) != 0 ? QUIET_MS : 1) == -1)
			assert_int_equal(errno, EINPROGRESS);
		assert_comes(a, POLLOUT);
		if ((how & 4) != 0)
			assert_int_equal(error_of(a), 0);
		assert_int_equal(write(a, bytes, sizeof(bytes)), sizeof(bytes));
		assert_true(pair_size(a) >= pair_size(l));
		assert_return_code(b = accept(l, NULL, NULL), errno);
		assert_true(pair_size(b) >= whole);
		close(a);
		close(b);
	}
	close(l);
}

/* A program dies in connect(2): as if it had closed. */
static void
test_killed_while_connecting(void **state UNUSED)
{
	int l, port, a, status, files, clients;
	pid_t pid;

	l = loop_listener(1, &port);
	files = settled("kern.nfiles");
	clients = settled("kern.nclients");
	for (int held_ms = 0; held_ms < 40; held_ms += 20) {
		assert_return_code(pid = fork(), errno);
		if (pid == 0) {
			a = loop_socket(0);
			(void)loop_set(a, LOOP_HOLD, 1);
			(void)loop_connect(a, port, 1);
			_exit(1);
		}
		expect_files(files + 1);
		usleep((useconds_t)held_ms * 1000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		expect_files(files);
		expect_clients(clients);
	}
	close(l);
}

/* Two answers on the way, and the second is that of the second request. */
static void
test_answer_that_comes_too_late(void **state UNUSED)
{
	uint64_t wait[6] = { 1 };
	struct sockaddr_loop sl;
	struct sys_rep rep;
	int l, port, a, raw = raw_open(mach.root);

	l = loop_listener(1, &port);
	sl = loop_address(port, 1);
	for (int asks = 0; asks < 2; asks++) {
		a = loop_socket(0);
		assert_return_code(loop_set(a, LOOP_HOLD, 1), errno);
		assert_true(
		    raw_call(raw, SYS_CONNECT, wait, &sl, sizeof(sl), a));
		assert_quiet(raw, POLLIN);
		if (asks)
			assert_true(
			    raw_call(raw, SYS_GETSOCKNAME, NULL, NULL, 0, -1));
		else
			assert_return_code(loop_set(a, LOOP_HOLD, 0), errno);
		assert_comes(raw, POLLIN);
		assert_true(native.recv(raw, &rep, sizeof(rep), 0) ==
		    sizeof(rep));
		assert_int_equal(rep.error, asks ? EBADF : 0);
		if (asks)
			assert_return_code(loop_set(a, LOOP_HOLD, 0), errno);
		assert_comes(a, POLLOUT);
		assert_quiet(raw, POLLIN);
		close(a);
	}
	close(raw);
	close(l);
}

/* Readiness for reading, by each way to wait; an edge comes again. */
static void
test_readable_by_all_ways(void **state UNUSED)
{
	int a, b, ep;

	for (int how = BY_POLL; how < WAITERS; how++) {
		loop_pair(&a, &b);
		ep = epoll_of(how, b, false);
		for (int round = 0; round < 3; round++) {
			assert_false(ready_by(how, ep, b, false, 20));
			say(a, "edge");
			assert_true(ready_by(how, ep, b, false, SOON_MS));
			expect_text(b, "edge");
		}
		close(a);
		assert_true(ready_by(how, ep, b, false, SOON_MS));
		expect_eof(b);
		close(ep);
		close(b);
	}
}

static void
test_close_while_connecting(void **state UNUSED)
{
	int l, port, a, files = settled("kern.nfiles");
	uint64_t start;

	l = loop_listener(1, &port);
	do { /* once more, if the answer may have been faster than we are */
		start = now_ms();
		a = loop_socket(SOCK_NONBLOCK);
		assert_errno(loop_connect(a, port, 4 * QUIET_MS), EINPROGRESS);
		close(a);
		expect_files(files + 1);
	} while (now_ms() - start >= 4 * QUIET_MS);
	assert_int_equal(events_of(l, POLLIN, 5 * QUIET_MS), 0);
	close(l);
}

/* --- listening --- */

static void
test_accept_records(void **state UNUSED)
{
	struct sockaddr_loop sl, own;
	socklen_t len;
	int l, port, a[5], b;

	l = loop_listener(8, &port);
	nonblock(l);
	assert_errno(accept(l, NULL, NULL), EAGAIN);
	for (int i = 0; i < 5; i++) {
		a[i] = loop_socket(0);
		assert_return_code(loop_connect(a[i], port, 0), errno);
	}
	for (int i = 0; i < 5; i++) { /* in order, never two in one */
		assert_comes(l, POLLIN);
		len = sizeof(sl);
		b = accept4(l, (struct sockaddr *)&sl, &len, SOCK_CLOEXEC);
		assert_return_code(b, errno);
		assert_int_equal(len, sizeof(sl));
		assert_true((fcntl(b, F_GETFD) & FD_CLOEXEC) != 0);
		len = sizeof(own);
		assert_return_code(getsockname(a[i], (struct sockaddr *)&own,
				       &len),
		    errno);
		assert_int_equal(sl.sl_port, own.sl_port);
		say(b, "hello");
		expect_text(a[i], "hello");
		close(b);
		close(a[i]);
	}
	assert_errno(accept(l, NULL, NULL), EAGAIN);
	close(l);
}

/* The backlog bounds what waits; room comes back with each accept. */
static void
test_backlog(void **state UNUSED)
{
	int l, port, a[64], n = 0, b, more, taken = 0;

	l = loop_listener(4, &port);
	nonblock(l);
	while (n < 64) {
		a[n] = loop_socket(0);
		if (loop_connect(a[n], port, 0) == -1)
			break;
		n++;
	}
	assert_in_range(n, 4, 4 + 8); /* the host's buffer holds a few more */
	assert_int_equal(errno, ECONNREFUSED);
	close(a[n]);
	assert_int_equal(loop_info(l).li_queue, 4);
	assert_return_code(b = accept(l, NULL, NULL), errno);
	close(b);
	more = loop_socket(0);
	assert_return_code(loop_connect(more, port, 0), errno);
	for (taken = 1; taken < n + 1; taken++) {
		assert_comes(l, POLLIN);
		assert_return_code(b = accept(l, NULL, NULL), errno);
		close(b);
	}
	assert_quiet(l, POLLIN);
	for (int i = 0; i < n; i++)
		close(a[i]);
	close(more);
	close(l);
}

/* Connections that nobody accepted are reset when the listener goes. */
static void
test_listener_dies(void **state UNUSED)
{
	int l, port, a[12], n, files = settled("kern.nfiles");
	char c;

	l = loop_listener(12, &port);
	for (n = 0; n < 12; n++) {
		a[n] = loop_socket(0);
		assert_return_code(loop_connect(a[n], port, 0), errno);
	}
	close(l);
	for (int i = 0; i < n; i++) {
		assert_comes(a[i], POLLIN);
		/* those already on their way to the program see an end */
		ssize_t got = read(a[i], &c, 1);
		assert_true(got == 0 || (got == -1 && errno == ECONNRESET));
		if (i >= 10)
			assert_int_equal(got, -1);
		close(a[i]);
	}
	expect_files(files);
}

static void
test_listener_shut(void **state UNUSED)
{
	int l, port, a;

	l = loop_listener(2, &port);
	assert_return_code(shutdown(l, SHUT_RD), errno);
	assert_comes(l, POLLIN);
	assert_errno(accept(l, NULL, NULL), EINVAL);
	a = loop_socket(0);
	assert_errno(loop_connect(a, port, 0), ECONNREFUSED);
	close(a);
	close(l);
}

/* The accepting end, closed unseen in the listener's pair. */
static void
test_peer_gone_before_accept(void **state UNUSED)
{
	int l, port, a, b;

	l = loop_listener(2, &port);
	a = loop_socket(0);
	assert_return_code(loop_connect(a, port, 0), errno);
	say(a, "short visit");
	close(a);
	usleep(QUIET_MS * 1000);
	assert_return_code(b = accept(l, NULL, NULL), errno);
	expect_text(b, "short visit");
	expect_eof(b);
	close(b);
	close(l);
}

static void
test_wrong_state(void **state UNUSED)
{
	struct sockaddr_loop sl = loop_address(0, 0);
	socklen_t len = sizeof(sl);
	int fd = loop_socket(0), l, port;

	assert_errno(getpeername(fd, (struct sockaddr *)&sl, &len), ENOTCONN);
	assert_errno(shutdown(fd, SHUT_WR), ENOTCONN);
	assert_errno(bind(fd, (struct sockaddr *)&sl, 3), EINVAL);
	l = loop_listener(1, &port);
	assert_errno(loop_connect(l, port, 0), EISCONN);
	sl = loop_address(port, 0);
	assert_errno(bind(fd, (struct sockaddr *)&sl, sizeof(sl)), EADDRINUSE);
	assert_errno(socket(AF_LOOPTEST, SOCK_DGRAM, 0), ESOCKTNOSUPPORT);
	close(fd);
	close(l);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, limit_set)
	const struct CMUnitTest tests[] = {
		T(test_bytes_both_ways),
		T(test_back_pressure),
		T(test_network_holds),
		T(test_small_buffers),
		T(test_sendfile_and_splice),
		T(test_half_close),
		T(test_close_loses_nothing),
		T(test_close_of_both_frees),
		T(test_shut_reading),
		T(test_reset_of_an_idle_connection),
		T(test_reset_by_all_calls),
		T(test_reset_with_bytes_under_way),
		T(test_reset_behind_data),
		T(test_close_with_data_unread),
		T(test_linger_zero),
		T(test_connect_refused),
		T(test_connect_nonblocking),
		T(test_connect_nonblocking_refused),
		T(test_readable_by_all_ways),
		T(test_close_while_connecting),
		T(test_connect_leaves_no_small_pair),
		T(test_killed_while_connecting),
		T(test_answer_that_comes_too_late),
		T(test_accept_records),
		T(test_backlog),
		T(test_listener_dies),
		T(test_listener_shut),
		T(test_peer_gone_before_accept),
		T(test_wrong_state),
	};

	return (cmocka_run_group_tests(tests, machine_up, machine_down));
}
