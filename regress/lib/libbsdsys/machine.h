/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A machine of its own for a test of libbsdsys: a real bsd(8) on a folder
 * under /tmp, with looptest(4) switched on, and the small steps that such
 * tests are made of.  Every wait has a limit: what hangs is a failure.
 */

#ifndef MACHINE_H
#define MACHINE_H

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bsdsys.h"

#include "../../../sys/sys/looptest.h"

#define AF_LOOPTEST 61
#define SOON_MS     5000 /* what is to happen happens within this */
#define QUIET_MS    60   /* what is not to happen has not by then */
#define FULL_MS     800  /* nor this: a sender puts the last little bit into a
			  * window when its override timer ends, RFC 1122
			  * 4.2.3.4, which is its RTO of 200 ms and more */
#define UNUSED      __attribute__((__unused__))

struct machine {
	char root[64];
	char bsd[PATH_MAX];
	pid_t pid;
};
static struct machine mach;

static inline uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

/* bsd stands in the build this test, bench or fuzzer is from. */
static inline void
bsd_path(char *buf)
{
	ssize_t n = readlink("/proc/self/exe", buf, PATH_MAX - 16);
	char *slash;

	assert_true(n > 0);
	buf[n] = '\0';
	if ((slash = strstr(buf, "/unit/")) == NULL)
		slash = strstr(buf, "/bench/");
	if (slash == NULL)
		slash = strstr(buf, "/fuzz/");
	assert_non_null(slash);
	strcpy(slash, "/bin/bsd");
}

/* Runs argv to its end.  Its status, or -1. */
static inline int
run_wait(const char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return (-1);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static inline int
sysctl_set(const char *name, int v)
{
	return (bsd_sysctl(name, NULL, NULL, &v, sizeof(v)));
}

static inline int
sysctl_get(const char *name)
{
	int v = -1;
	size_t len = sizeof(v);

	if (bsd_sysctl(name, &v, &len, NULL, 0) == -1)
		fail_msg("%s: %s", name, strerror(errno));
	return (v);
}

/* Starts bsd as a child that does not outlive us; its words go to a file. */
static inline pid_t
machine_start(void)
{
	pid_t pid = fork();
	char log[96];
	int fd;

	if (pid != 0)
		return (pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(log, sizeof(log), "%s/log", mach.root);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	dup2(fd, 1);
	dup2(fd, 2);
	alarm(0);
	execl(mach.bsd, "bsd", "-dn", "-r", mach.root, (char *)NULL);
	_exit(127);
}

static inline int
machine_up(void **state UNUSED)
{
	uint64_t end = now_ms() + 2 * SOON_MS;

	signal(SIGPIPE, SIG_IGN);
	bsd_path(mach.bsd);
	strcpy(mach.root, "/tmp/fugu-sys.XXXXXX");
	if (mkdtemp(mach.root) == NULL || (mach.pid = machine_start()) == -1)
		return (-1);
	setenv("BSD_ROOT", mach.root, 1);
	while (bsd_reopen() != 0 && now_ms() < end)
		usleep(2000);
	return (sysctl_set("kern.looptest", 1));
}

static inline void
log_show(void)
{
	char line[512];
	FILE *f;

	snprintf(line, sizeof(line), "%s/log", mach.root);
	if ((f = fopen(line, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		print_error("bsd: %s", line);
	fclose(f);
}

/* Ends it; a kernel that does not end well is a failure.  Status of wait(). */
static inline int
machine_end(int sig)
{
	int status = -1, got = 0;

	if (mach.pid <= 0 || kill(mach.pid, sig) == -1)
		return (-1);
	for (uint64_t end = now_ms() + SOON_MS; got == 0 && now_ms() < end;
	     usleep(2000))
		got = waitpid(mach.pid, &status, WNOHANG);
	if (got == 0) {
		kill(mach.pid, SIGKILL);
		waitpid(mach.pid, NULL, 0);
	}
	mach.pid = 0;
	if (status != (sig == SIGKILL ? SIGKILL : 0))
		log_show();
	return (status);
}

static inline int
machine_down(void **state UNUSED)
{
	const char *argv[] = { "/bin/rm", "-rf", mach.root, NULL };
	int status = machine_end(SIGTERM);

	return (run_wait(argv) == 0 && status == 0 ? 0 : -1);
}

/* A test that hangs ends the program; run-tests says so. */
static inline int
limit_set(void **state UNUSED)
{
	alarm(60);
	return (0);
}

/* --- descriptors --- */

/* What poll() says of fd within ms: the events that came, 0 for none. */
static inline int
events_of(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	assert_return_code(poll(&pfd, 1, ms), errno);
	return (pfd.revents);
}

#define assert_comes(fd, ev) \
	assert_int_not_equal(events_of(fd, ev, SOON_MS) & (ev), 0)
#define assert_quiet(fd, ev) assert_int_equal(events_of(fd, ev, QUIET_MS), 0)
#define assert_errno(call, want)               \
	do {                                   \
		errno = 0;                     \
		assert_int_equal(call, -1);    \
		assert_int_equal(errno, want); \
	} while (0)

static inline void
nonblock(int fd)
{
	assert_return_code(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK),
	    errno);
}

static inline int
error_of(int fd)
{
	int error = -1;
	socklen_t len = sizeof(error);

	assert_return_code(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len),
	    errno);
	return (error);
}

static inline int
loop_socket(int flags)
{
	int fd = socket(AF_LOOPTEST, SOCK_STREAM | flags, 0);

	assert_return_code(fd, errno);
	return (fd);
}

static inline struct sockaddr_loop
loop_address(int port, int delay)
{
	return ((struct sockaddr_loop){ .sl_family = AF_LOOPTEST,
	    .sl_port = (uint16_t)port,
	    .sl_delay_ms = (uint32_t)delay });
}

static inline int
loop_connect(int fd, int port, int delay)
{
	struct sockaddr_loop sl = loop_address(port, delay);

	return (connect(fd, (struct sockaddr *)&sl, sizeof(sl)));
}

/* A listener on a port of its own choice, told in *port. */
static inline int
loop_listener(int backlog, int *port)
{
	struct sockaddr_loop sl;
	socklen_t len = sizeof(sl);
	int fd = loop_socket(0);

	assert_return_code(listen(fd, backlog), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&sl, &len),
	    errno);
	*port = sl.sl_port;
	return (fd);
}

/* A connection: a is who connected, b who accepted. */
static inline void
loop_pair(int *a, int *b)
{
	int port, l = loop_listener(1, &port);

	*a = loop_socket(0);
	assert_return_code(loop_connect(*a, port, 0), errno);
	assert_comes(l, POLLIN);
	*b = accept(l, NULL, NULL);
	assert_return_code(*b, errno);
	close(l);
}

static inline int
loop_set(int fd, int opt, int v)
{
	return (setsockopt(fd, SOL_LOOPTEST, opt, &v, sizeof(v)));
}

static inline struct loop_info
loop_info(int fd)
{
	struct loop_info li;
	socklen_t len = sizeof(li);

	assert_return_code(getsockopt(fd, SOL_LOOPTEST, LOOP_INFO, &li, &len),
	    errno);
	assert_int_equal(len, sizeof(li));
	return (li);
}

/* Bytes that tell their place in the stream. */
static inline uint8_t
pattern(uint64_t at)
{
	return ((uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16)));
}

static inline void
pattern_fill(uint8_t *buf, size_t len, uint64_t at)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = pattern(at + i);
}

/* Where buf is not the pattern from at on; len when it is. */
static inline size_t
pattern_check(const uint8_t *buf, size_t len, uint64_t at)
{
	for (size_t i = 0; i < len; i++)
		if (buf[i] != pattern(at + i))
			return (i);
	return (len);
}

/*
 * Does fd take nothing, for as long as that tells anything?  The kernel has
 * answered before and after, so it is not just waiting for its turn to run.
 */
static inline bool
is_full(int fd)
{
	if (events_of(fd, POLLOUT, FULL_MS) != 0)
		return (false);
	(void)sysctl_get("kern.nfiles");
	return (events_of(fd, POLLOUT, QUIET_MS) == 0);
}

/* Writes the pattern until fd takes no more (non-blocking).  How much it took. */
static inline uint64_t
write_full(int fd)
{
	uint8_t buf[8192];
	uint64_t at = 0;
	ssize_t n;

	nonblock(fd);
	for (;;) {
		pattern_fill(buf, sizeof(buf), at);
		n = write(fd, buf, sizeof(buf));
		if (n > 0) {
			at += (uint64_t)n;
			continue;
		}
		assert_int_equal(errno, EAGAIN);
		if (is_full(fd))
			return (at);
	}
}

/* Reads want bytes of the pattern from at on. */
static inline void
read_pattern(int fd, uint64_t want, uint64_t at)
{
	uint8_t buf[16384];
	uint64_t end = at + want;
	ssize_t n;

	while (at < end) {
		assert_comes(fd, POLLIN);
		n = read(fd, buf,
		    end - at < sizeof(buf) ? (size_t)(end - at) : sizeof(buf));
		assert_true(n > 0);
		assert_int_equal(pattern_check(buf, (size_t)n, at), n);
		at += (uint64_t)n;
	}
}

static inline void
expect_text(int fd, const char *text)
{
	char buf[256];
	size_t len = strlen(text), got = 0;
	ssize_t n;

	while (got < len) {
		assert_comes(fd, POLLIN);
		n = read(fd, buf + got, len - got);
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_memory_equal(buf, text, len);
}

static inline void
say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static inline void
expect_eof(int fd)
{
	char c;

	assert_comes(fd, POLLIN);
	assert_int_equal(read(fd, &c, 1), 0);
}

/* The number of descriptors the kernel counts becomes want soon. */
static inline void
expect_files(int want)
{
	for (uint64_t end = now_ms() + SOON_MS; now_ms() < end; usleep(2000))
		if (sysctl_get("kern.nfiles") == want)
			return;
	assert_int_equal(sysctl_get("kern.nfiles"), want);
}

/* The same of connections for control calls. */
static inline void
expect_clients(int want)
{
	for (uint64_t end = now_ms() + SOON_MS; now_ms() < end; usleep(2000))
		if (sysctl_get("kern.nclients") == want)
			return;
	assert_int_equal(sysctl_get("kern.nclients"), want);
}

/*
 * A counter of the kernel, once what earlier tests closed is gone from it: the
 * host collects descriptors that nobody fetched when it likes.  What a test
 * begins with is its own connection and no descriptor.
 */
static inline int
settled(const char *name)
{
	int least = strcmp(name, "kern.nclients") == 0, is = sysctl_get(name);

	for (uint64_t end = now_ms() + SOON_MS; is > least && now_ms() < end;
	     is = sysctl_get(name))
		usleep(2000);
	return (is);
}

/* --- children --- */

/* A child's verdict: 0 is good, else the line that said no. */
#define CHILD_CHECK(e)                                              \
	do {                                                        \
		if (!(e))                                           \
			_exit(__LINE__ & 255 ? __LINE__ & 255 : 1); \
	} while (0)

static inline void
child_good(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline void
child_kill(pid_t pid)
{
	int status;

	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

#endif
