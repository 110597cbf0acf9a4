/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a client can do to others: nothing.  Clients that stall, die, lie or
 * hold too much, and how the calls of a good client go on meanwhile.
 */

#include "machine.h"
#include "raw.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../../sys/net/bpf.h"

#define PATIENCE_MS 400

static int
patience(void **state)
{
	limit_set(state);
	return (sysctl_set("kern.clienttimeout", PATIENCE_MS));
}

/* With a patience that no test waits for. */
static int
much_patience(void **state)
{
	limit_set(state);
	return (sysctl_set("kern.clienttimeout", 60000));
}

/* Many calls are answered while one client stalls: it is there all the time. */
static void
others_go_on(int clients)
{
	for (int i = 0; i < 200; i++)
		assert_int_equal(sysctl_get("kern.looptest"), 1);
	assert_int_equal(sysctl_get("kern.nclients"), clients);
}

static int
bpf_open(void)
{
	int fd = open("/dev/bpf", O_RDWR | O_CLOEXEC);

	assert_return_code(fd, errno);
	return (fd);
}

/* A call that needs its caller's memory: a filter for bpf.  It is asked for. */
static int
copyin_begin(int bpf)
{
	struct bpf_program prog = { .bf_len = 2,
		.bf_insns = (struct bpf_insn *)0x1000 };
	uint64_t arg[6] = { BIOCSETF & 0xffffffffUL };
	struct sys_rep rep;
	int fd = raw_open(mach.root);

	assert_return_code(fd, errno);
	assert_true(raw_call(fd, SYS_IOCTL, arg, &prog, sizeof(prog), bpf));
	assert_int_equal(native.recv(fd, &rep, sizeof(rep), 0), sizeof(rep));
	assert_int_equal(rep.kind, SYSR_COPYIN);
	assert_int_equal(rep.addr, 0x1000);
	assert_int_equal(rep.len, 2 * sizeof(struct bpf_insn));
	return (fd);
}

/* --- stalling --- */

static void
test_default_patience(void **state UNUSED)
{
	assert_int_equal(sysctl_get("kern.clienttimeout"), 10000);
}

static void
test_stalled_copyin(void **state UNUSED)
{
	int clients = settled("kern.nclients"), bpf = bpf_open(), fd;
	uint64_t start;
	char c;

	start = now_ms();
	fd = copyin_begin(bpf);
	assert_comes(fd, POLLIN | POLLHUP); /* cut off */
	assert_true(native.recv(fd, &c, 1, 0) <= 0);
	assert_in_range(now_ms() - start, PATIENCE_MS, 2 * SOON_MS);
	expect_clients(clients);
	close(fd);
	close(bpf);
}

/* It blocks itself and nobody else. */
static void
test_stalled_alone(void **state UNUSED)
{
	int clients = settled("kern.nclients"), bpf = bpf_open(), fd;

	fd = copyin_begin(bpf);
	others_go_on(clients + 1);
	close(fd);
	expect_clients(clients);
	close(bpf);
}

/* The same by a process that is stopped. */
static void
test_stopped_process(void **state UNUSED)
{
	int clients = settled("kern.nclients"), bpf = bpf_open(), status;
	pid_t pid;

	assert_return_code(sysctl_set("kern.clienttimeout", 2 * PATIENCE_MS),
	    errno);
	if ((pid = fork()) == 0) {
		copyin_begin(bpf);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	for (int i = 0; i < 200; i++)
		assert_int_equal(sysctl_get("kern.looptest"), 1);
	/* its raw connection is gone, the one that fork() made waits for calls */
	expect_clients(clients + 1);
	assert_return_code(kill(pid, SIGCONT), errno);
	child_good(pid);
	expect_clients(clients);
	close(bpf);
}

static void
test_killed_in_copyin(void **state UNUSED)
{
	int clients = settled("kern.nclients"), files = settled("kern.nfiles"),
	    bpf = bpf_open(), status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		copyin_begin(bpf);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	expect_clients(clients); /* at once, not after a minute */
	close(bpf);
	expect_files(files);
}

/* The file that a sleeping call is about goes only when the call does. */
static void
test_closed_in_copyin(void **state UNUSED)
{
	int files = settled("kern.nfiles"), bpf = bpf_open(), fd;

	fd = copyin_begin(bpf);
	close(bpf);
	usleep(QUIET_MS * 1000);
	assert_int_equal(sysctl_get("kern.nfiles"), files + 1);
	close(fd);
	expect_files(files);
}

/* Asks for much and reads nothing of it: cut off when its buffer is full. */
static void
reply_not_read(int no, const uint64_t arg[6], const void *payload, size_t len)
{
	int clients = settled("kern.nclients"), fd = raw_open(mach.root),
	    sent = 0;
	uint64_t start = now_ms();

	assert_return_code(fd, errno);
	while (
	    now_ms() - start < SOON_MS && sysctl_get("kern.nclients") > clients)
		if (raw_call(fd, no, arg, payload, len, -1))
			sent++;
		else
			usleep(1000);
	assert_true(sent > 10);
	assert_int_equal(sysctl_get("kern.nclients"), clients);
	close(fd);
}

/* ... by a worker, which waits for it, and by the network thread, which does not. */
static void
test_reply_not_read(void **state UNUSED)
{
	const char name[] = "kern.looptest";
	uint64_t arg[6] = { sizeof(name), 0, 1, 4 };

	reply_not_read(SYS_SYSCTL, arg, name, sizeof(name));
	reply_not_read(SYS_GETSOCKNAME, NULL, NULL, 0);
}

/* Connects and says nothing: that costs a connection, no more. */
static void
test_silent_client(void **state UNUSED)
{
	int clients = settled("kern.nclients"), fd = raw_open(mach.root);

	usleep(2 * PATIENCE_MS * 1000);
	assert_int_equal(sysctl_get("kern.nclients"), clients + 1);
	assert_true(raw_call(fd, SYS_SOCKET, NULL, NULL, 0,
	    -1)); /* it may call at any time */
	assert_comes(fd, POLLIN);
	close(fd);
	expect_clients(clients);
}

/*
 * Calls without an answer: what is asked for behind them finds them done, and
 * gets the only answers.  Many at once are served as well.
 */
static void
test_silent_calls(void **state UNUSED)
{
	int fd = raw_open(mach.root), so = loop_socket(0), v;
	struct {
		struct sys_rep rep;
		int v;
	} got;

	for (int n = 0; n < 100; n++) {
		struct sys_req req = { .magic = SYS_MAGIC,
			.no = SYS_SETSOCKOPT,
			.flags = SYSF_SILENT,
			.seq = 1,
			.len = sizeof(v),
			.arg = { SOL_SOCKET, SO_KEEPALIVE } };
		uint64_t get[6] = { SOL_SOCKET, SO_KEEPALIVE, sizeof(v) };

		for (int i = n; i >= 0; i--) {
			v = (n + i) & 1; /* the last is n & 1 */
			assert_true(
			    raw_send(fd, &req, sizeof(req), &v, sizeof(v), so));
		}
		assert_true(raw_call(fd, SYS_GETSOCKOPT, get, NULL, 0, so));
		assert_comes(fd, POLLIN);
		assert_int_equal(native.recv(fd, &got, sizeof(got), 0),
		    sizeof(got.rep) + sizeof(v));
		assert_int_equal(got.v, n & 1);
	}
	assert_quiet(fd, POLLIN);
	close(so);
	close(fd);
}

/* --- lying --- */

/* The kernel ends the connection that sends this. */
static void
expect_cut(const void *msg, size_t len)
{
	int fd = raw_open(mach.root);
	char c;

	assert_return_code(fd, errno);
	assert_true(raw_send(fd, msg, len, NULL, 0, -1));
	assert_comes(fd, POLLIN | POLLHUP);
	assert_true(native.recv(fd, &c, 1, 0) <= 0);
	close(fd);
}

static void
test_bad_messages(void **state UNUSED)
{
	int clients = settled("kern.nclients");
	static char big[sizeof(struct sys_req) + SYS_INLINE_MAX + 8];
	struct sys_req req = { .magic = SYS_MAGIC + 1, .no = SYS_SOCKET };

	expect_cut(&req, sizeof(req));
	req.magic = SYS_MAGIC;
	expect_cut(&req, sizeof(req) - 1);
	req.len = 1;
	expect_cut(&req, sizeof(req));
	req.len = UINT32_MAX;
	expect_cut(&req, sizeof(req));
	req.len = sizeof(big) - sizeof(req);
	memcpy(big, &req, sizeof(req));
	expect_cut(big, sizeof(big));
	expect_clients(clients);
}

/* Errors, each with its number; the connection goes on. */
static void
test_bad_calls(void **state UNUSED)
{
	static const struct {
		int no;
		uint64_t arg[3];
		int error;
	} rows[] = {
		{ NSYS, { 0 }, ENOSYS },
		{ 0xffff, { 0 }, ENOSYS },
		{ SYS_NONE, { 0 }, ENOSYS },
		{ SYS_COPYDATA, { 0 }, ENOSYS },
		{ SYS_OPEN, { 0 }, EINVAL },
		{ SYS_SOCKET, { 999 }, EAFNOSUPPORT },
		{ SYS_SOCKET, { 61, 999 }, ESOCKTNOSUPPORT },
		{ SYS_BIND, { 0 }, EBADF },
		{ SYS_LISTEN, { 0 }, EBADF },
		{ SYS_CONNECT, { 0 }, EBADF },
		{ SYS_GETSOCKNAME, { 0 }, EBADF },
		{ SYS_GETPEERNAME, { 0 }, EBADF },
		{ SYS_SETSOCKOPT, { 0 }, EBADF },
		{ SYS_GETSOCKOPT, { 0 }, EBADF },
		{ SYS_SENDMSG, { 0 }, EBADF },
		{ SYS_IOCTL, { 0 }, EBADF },
		{ SYS_SHUTDOWN, { 0 }, EBADF },
		{ SYS_SYSCTL, { 0 }, EINVAL },
		{ SYS_SYSCTL, { 300 }, EINVAL },
	};
	struct sys_rep rep;
	int fd = raw_open(mach.root);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t arg[6] = { rows[i].arg[0], rows[i].arg[1],
			rows[i].arg[2] };

		assert_true(raw_call(fd, rows[i].no, arg, NULL, 0, -1));
		assert_int_equal(native.recv(fd, &rep, sizeof(rep), 0),
		    sizeof(rep));
		assert_int_equal(rep.kind, SYSR_REPLY);
		assert_int_equal(rep.error, rows[i].error);
	}
	close(fd);
}

/* A descriptor that is the caller's own business is none of the kernel's. */
static void
test_foreign_descriptor_sent(void **state UNUSED)
{
	int fd = raw_open(mach.root), pipes[2];
	struct sys_rep rep;

	assert_return_code(pipe(pipes), errno);
	for (int i = 0; i < 100; i++) {
		assert_true(raw_call(fd, SYS_LISTEN, NULL, NULL, 0, pipes[1]));
		assert_int_equal(native.recv(fd, &rep, sizeof(rep), 0),
		    sizeof(rep));
		assert_int_equal(rep.error, EBADF);
	}
	close(pipes[1]);
	assert_comes(pipes[0], POLLHUP); /* the kernel kept no copy */
	close(pipes[0]);
	close(fd);
}

/* The answer to a copyin: too short, of the wrong kind, or an errno. */
static void
test_bad_copydata(void **state UNUSED)
{
	uint64_t efault[6] = { EFAULT };
	int bpf = bpf_open(), fd;
	struct sys_rep rep;
	char c = 0;

	fd = copyin_begin(bpf);
	assert_true(raw_call(fd, SYS_COPYDATA, NULL, &c, 1, -1));
	assert_int_equal(native.recv(fd, &rep, sizeof(rep), 0), sizeof(rep));
	assert_int_equal(rep.error, EFAULT);
	close(fd);
	fd = copyin_begin(bpf);
	assert_true(raw_call(fd, SYS_COPYDATA, efault, NULL, 0, -1));
	assert_int_equal(native.recv(fd, &rep, sizeof(rep), 0), sizeof(rep));
	assert_int_equal(rep.error, EFAULT);
	assert_true(
	    raw_call(fd, SYS_SOCKET, NULL, NULL, 0, -1)); /* honest: goes on */
	assert_int_equal(native.recv(fd, &rep, sizeof(rep), 0), sizeof(rep));
	close(fd);
	fd = copyin_begin(bpf);
	assert_true(raw_call(fd, SYS_HALT, NULL, NULL, 0, -1));
	assert_true(native.recv(fd, &rep, sizeof(rep), 0) <= 0);
	close(fd);
	close(bpf);
}

/* Through the library: a bad pointer is EFAULT, whichever way it goes. */
static void
test_efault(void **state UNUSED)
{
	struct bpf_program prog = { .bf_len = 4 };
	char *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int bpf = bpf_open(), fd = loop_socket(0);
	socklen_t len = 4;

	assert_true(hole != MAP_FAILED);
	assert_return_code(munmap(hole + 4096, 4096), errno);
	prog.bf_insns = (struct bpf_insn *)(void *)(hole + 4096 -
	    8); /* over the edge */
	assert_errno(ioctl(bpf, BIOCSETF, &prog), EFAULT);
	prog.bf_insns = NULL;
	assert_errno(ioctl(bpf, BIOCSETF, &prog), EFAULT);
	assert_errno(ioctl(bpf, BIOCSETF, hole + 4096), EFAULT);
	assert_errno(bind(fd, (struct sockaddr *)(void *)(hole + 4096), 16),
	    EFAULT);
	assert_errno(setsockopt(fd, SOL_SOCKET, SO_DEBUG, hole + 4096, 4),
	    EFAULT);
	assert_return_code(getsockopt(fd, SOL_SOCKET, SO_TYPE, hole, &len),
	    errno);
	assert_int_equal(sysctl_get("kern.looptest"), 1);
	close(fd);
	close(bpf);
	munmap(hole, 4096);
}

/* The longest program arrives to its last instruction, which is judged. */
static void
test_long_copyin(void **state UNUSED)
{
	static struct bpf_insn insns[4096];
	struct bpf_program prog = { .bf_len = 4096, .bf_insns = insns };
	int bpf = bpf_open();

	for (int i = 0; i < 4096; i++)
		insns[i] = (struct bpf_insn){ .code = 0x06, .k = 1 };
	assert_return_code(ioctl(bpf, BIOCSETF, &prog), errno);
	insns[4095].code = 0xffff;
	assert_errno(ioctl(bpf, BIOCSETF, &prog), EINVAL);
	prog.bf_len = 4095;
	insns[4094].code = 0; /* does not end with a return */
	assert_errno(ioctl(bpf, BIOCSETF, &prog), EINVAL);
	close(bpf);
}

/* --- holding too much --- */

static void
test_most_files(void **state UNUSED)
{
	int most = sysctl_get("kern.maxfiles"), have = settled("kern.nfiles"),
	    fds[64], n = 0;

	assert_return_code(sysctl_set("kern.maxfiles", have + 20), errno);
	while (n < 64 && (fds[n] = socket(AF_LOOPTEST, SOCK_STREAM, 0)) != -1)
		n++;
	assert_int_equal(errno, ENFILE);
	assert_int_equal(n, 20);
	close(fds[--n]);
	expect_files(have + 19);
	assert_return_code(fds[n] = socket(AF_LOOPTEST, SOCK_STREAM, 0), errno);
	for (int i = 0; i <= n; i++)
		close(fds[i]);
	expect_files(have);
	assert_return_code(sysctl_set("kern.maxfiles", most), errno);
}

static void
test_most_clients(void **state UNUSED)
{
	int most = sysctl_get("kern.maxclients"),
	    have = settled("kern.nclients"), fds[64], n = 0;

	assert_return_code(sysctl_set("kern.maxclients", have + 10), errno);
	while (n < 64 && (fds[n] = raw_open(mach.root)) != -1)
		n++;
	assert_int_equal(n, 10);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	expect_clients(have);
	assert_return_code(sysctl_set("kern.maxclients", most), errno);
}

/* One user's share is not the owner's, nor all there is. */
static void
test_most_of_a_user(void **state UNUSED)
{
	int files = sysctl_get("kern.maxuserfiles"), n = 0;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_return_code(chmod(mach.root, 0755), errno);
	assert_return_code(sysctl_set("kern.maxuserfiles", 16), errno);
	if ((pid = fork()) == 0) {
		CHILD_CHECK(setgid(65533) == 0 && setuid(65533) == 0 &&
		    bsd_reopen() == 0);
		while (socket(AF_LOOPTEST, SOCK_STREAM, 0) != -1)
			n++;
		CHILD_CHECK(n == 16 && errno == EMFILE);
		_exit(0);
	}
	child_good(pid);
	for (n = 0; n < 20; n++) /* root goes on */
		close(loop_socket(0));
	assert_return_code(sysctl_set("kern.maxuserfiles", files), errno);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, patience)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_default_patience, limit_set),
		T(test_stalled_copyin),
		cmocka_unit_test_setup(test_stalled_alone, much_patience),
		T(test_stopped_process),
		cmocka_unit_test_setup(test_killed_in_copyin, much_patience),
		cmocka_unit_test_setup(test_closed_in_copyin, much_patience),
		T(test_reply_not_read),
		T(test_silent_client),
		T(test_silent_calls),
		T(test_bad_messages),
		T(test_bad_calls),
		T(test_foreign_descriptor_sent),
		T(test_bad_copydata),
		T(test_efault),
		T(test_long_copyin),
		T(test_most_files),
		T(test_most_clients),
		T(test_most_of_a_user),
	};

	return (cmocka_run_group_tests(tests, machine_up, machine_down));
}
