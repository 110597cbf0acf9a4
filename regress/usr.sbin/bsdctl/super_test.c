/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The supervisor's filter, instruction by instruction: which calls are stopped,
 * allowed and refused.  A machine for the few instructions it is made of runs it.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sockios.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libbsdsys/bsdsys.h"
#include "super.h"

enum { NOTIFY = SECCOMP_RET_USER_NOTIF, ALLOW = SECCOMP_RET_ALLOW, NOSYS = SECCOMP_RET_ERRNO | ENOSYS };
#ifdef __x86_64__
#define OWN AUDIT_ARCH_X86_64
#else
#define OWN AUDIT_ARCH_AARCH64
#endif

static struct sock_filter prog[SUPER_FILTER_MAX];
static unsigned short length;

static int
made(void **state)
{
	struct super_window w = { 512, 700 };

	(void)state;
	length = super_filter(prog, &w);
	return (0);
}

static uint32_t
word(const struct seccomp_data *d, uint32_t at)
{
	uint32_t v;

	assert_true(at % 4 == 0 && at + 4 <= sizeof(*d));
	memcpy(&v, (const char *)d + at, sizeof(v));
	return (v);
}

/* The verdict.  It has to end, and inside of the program. */
static uint32_t
run(const struct seccomp_data *d)
{
	uint32_t acc = 0;
	bool is;

	for (unsigned int pc = 0;; pc++) {
		const struct sock_filter *f = &prog[pc];

		assert_true(pc < length);
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			acc = word(d, f->k);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
			is = BPF_OP(f->code) == BPF_JEQ ? acc == f->k : acc >= f->k;
			pc += is ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return (f->k);
		default:
			fail_msg("instruction %u is %#x", pc, f->code);
		}
	}
}

static uint32_t
call(int no, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	struct seccomp_data data = { .nr = no, .arch = OWN, .args = { a, b, c, d, e } };

	return (run(&data));
}

#define UP ((uint64_t)BSD_TAG << 32)

static void
calls_that_are_seen(void **state)
{
	static const int always[] = { SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_connect, SYS_getsockname, SYS_getpeername,
		SYS_setsockopt, SYS_getsockopt, SYS_shutdown };

	(void)state;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		assert_int_equal(call(always[i], 3, 1, 2, 0, 0), NOTIFY);
		assert_int_equal(call(always[i], 699, 1, 2, 0, 0), NOTIFY);
	}
	assert_int_equal(call(SYS_socket, AF_INET, 1, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_socket, AF_NETLINK, 3, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_socket, AF_UNIX, 1, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_io_uring_setup, 8, 0, 0, 0, 0), NOSYS);
	assert_int_equal(call(SYS_close, 600, 0, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_execve, 0, 0, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_socketpair, AF_UNIX, 1, 0, 0, 0), ALLOW);
}

static void
the_window(void **state)
{
	static const int calls[] = { SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_sendto,
		SYS_sendmsg, SYS_sendmmsg, SYS_sendfile, SYS_dup, SYS_dup3 };

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(call(calls[i], 0, 1, 2, 3, 0), NOTIFY);
		assert_int_equal(call(calls[i], 2, 1, 2, 3, 0), calls[i] == SYS_write || calls[i] == SYS_writev ? ALLOW : NOTIFY);
		assert_int_equal(call(calls[i], 3, 1, 2, 3, 0), ALLOW);
		assert_int_equal(call(calls[i], 511, 1, 2, 3, 0), ALLOW);
		assert_int_equal(call(calls[i], 512, 1, 2, 3, 0), NOTIFY);
		assert_int_equal(call(calls[i], 699, 1, 2, 3, 0), NOTIFY);
		assert_int_equal(call(calls[i], 700, 1, 2, 3, 0), ALLOW);
		assert_int_equal(call(calls[i], 0xffffffff, 1, 2, 3, 0), ALLOW);
		assert_int_equal(call(calls[i], 0x100000200, 1, 2, 3, 0), NOTIFY); /* an int: 512 */
	}
	assert_int_equal(call(SYS_fcntl, 600, F_GETFL, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_fcntl, 600, F_DUPFD, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_fcntl, 600, F_DUPFD_CLOEXEC, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_fcntl, 5, F_DUPFD, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_fcntl, 0, F_DUPFD, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_sendto, 5, 1, 2, 0, 0x7f0000001000), NOTIFY); /* an address */
	assert_int_equal(call(SYS_sendto, 5, 1, 2, 0, 0x7f00000000000), NOTIFY);
}

static void
what_the_library_asks(void **state)
{
	(void)state;
	assert_int_equal(call(SYS_getsockopt, 600, 1, UP | 17, 0, 0), ALLOW);
	assert_int_equal(call(SYS_getsockopt, 600, UP | 1, 17, 0, 0), NOTIFY); /* in another argument */
	assert_int_equal(call(SYS_getsockopt, 600, 1, (UP >> 1) | 17, 0, 0), NOTIFY); /* another mark */
	assert_int_equal(call(SYS_shutdown, 600, UP | 2, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_recvfrom, 600, 1, 2, UP, 0), ALLOW);
	assert_int_equal(call(SYS_recvmsg, 600, 1, UP, 0, 0), ALLOW);
	assert_int_equal(call(SYS_sendmsg, 600, 1, UP, 0, 0), ALLOW);
	assert_int_equal(call(SYS_ioctl, 3, UP | SIOCOUTQ, 0, 0, 0), ALLOW);
}

static void
ioctls_and_files(void **state)
{
	(void)state;
	assert_int_equal(call(SYS_ioctl, 3, FIONREAD, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_ioctl, 600, FIONREAD, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_ioctl, 3, SIOCOUTQ, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_ioctl, 3, SIOCGIFCONF, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_ioctl, 3, 0x89ff, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_ioctl, 3, 0x8a00, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_ioctl, 3, 0x5401, 0, 0, 0), ALLOW); /* TCGETS */
	assert_int_equal(call(SYS_openat, 3, 1, O_RDONLY | O_CLOEXEC, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_openat, 3, 1, O_RDWR, 0, 0), ALLOW);
	assert_int_equal(call(SYS_openat, 3, 1, O_WRONLY | O_CREAT, 0600, 0), ALLOW);
	assert_int_equal(call(SYS_openat, 3, 1, O_RDONLY | O_DIRECTORY, 0, 0), ALLOW);
}

static void
other_architectures(void **state)
{
	struct seccomp_data d = { .nr = 102, .arch = AUDIT_ARCH_I386 };

	(void)state;
	assert_int_equal(run(&d), NOSYS); /* socketcall */
	d.nr = 359;
	assert_int_equal(run(&d), NOSYS); /* socket */
	d.nr = 4;
	assert_int_equal(run(&d), ALLOW);
#ifdef __x86_64__
	assert_int_equal(call(0x40000000 | SYS_socket, AF_INET, 1, 0, 0, 0), NOSYS); /* x32 */
#endif
}

/* Each row is in the filter, and has somebody who answers. */
static void
every_row(void **state)
{
	(void)state;
	assert_in_range(length, super_nrows * 2, SUPER_FILTER_MAX - 1);
	for (size_t i = 0; i < super_nrows; i++) {
		const struct super_row *row = &super_rows[i];
		uint32_t verdict = call(row->no, 600, F_DUPFD, 0, 0, 0);

		if (row->when == WHEN_READING)
			verdict = call(row->no, 600, 0, 0, 0, 0);
		assert_int_equal(verdict, row->when == WHEN_NEVER_MADE ? NOSYS : NOTIFY);
		assert_true((row->act == NULL) == (row->when == WHEN_NEVER_MADE));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_that_are_seen),
		cmocka_unit_test(the_window),
		cmocka_unit_test(what_the_library_asks),
		cmocka_unit_test(ioctls_and_files),
		cmocka_unit_test(other_architectures),
		cmocka_unit_test(every_row),
	};

	return (cmocka_run_group_tests(tests, made, NULL));
}
