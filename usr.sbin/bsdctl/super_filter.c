/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The filter before the supervisor: which system calls are stopped.
 *
 * It sees the arguments, and neither memory nor what a descriptor is.  So what
 * is rare is stopped always; reading and writing, which must cost nothing on
 * files and streams, only for the numbers that message descriptors are given,
 * and for the first three, where servers put a socket; but what is written to
 * standard output and error is never stopped.
 * A row of super_rows[] becomes a block:
 *
 *	number == no?  else go on behind the block
 *	...
 *	return notify | allow | error
 *
 * Another architecture's calls (32 bits) may not make sockets at all.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sockios.h>

#include "libbsdsys/bsdsys.h"
#include "super.h"

#ifdef __x86_64__
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "which architecture is this?"
#endif
#define X32_BIT	       0x40000000U
#define I386_SOCKETCALL 102
#define I386_SOCKET    359
#define SOCKIOC_FIRST  0x8900U

enum { NOTIFY = SECCOMP_RET_USER_NOTIF, ALLOW = SECCOMP_RET_ALLOW, NOSYS = SECCOMP_RET_ERRNO | ENOSYS };

struct block {
	struct sock_filter op[16];
	unsigned int n;
};

static void
op(struct block *b, unsigned int code, unsigned int k, unsigned int jt, unsigned int jf)
{
	b->op[b->n++] = (struct sock_filter){ (unsigned short)code, (unsigned char)jt, (unsigned char)jf, k };
}

static void
load(struct block *b, size_t at)
{
	op(b, BPF_LD | BPF_W | BPF_ABS, (unsigned int)at, 0, 0);
}

/* An argument's lower half, or its upper (little endian). */
static void
load_arg(struct block *b, int arg, bool upper)
{
	load(b, offsetof(struct seccomp_data, args) + (size_t)arg * 8 + (upper ? 4 : 0));
}

static void
give(struct block *b, unsigned int verdict)
{
	op(b, BPF_RET | BPF_K, verdict, 0, 0);
}

/* If what was loaded is v: that verdict. */
static void
give_if(struct block *b, unsigned int v, unsigned int verdict)
{
	op(b, BPF_JMP | BPF_JEQ | BPF_K, v, 0, 1);
	give(b, verdict);
}

static void
give_unless(struct block *b, unsigned int v, unsigned int verdict)
{
	op(b, BPF_JMP | BPF_JEQ | BPF_K, v, 1, 0);
	give(b, verdict);
}

/* Numbers outside of the window are allowed, but the first std. */
static void
window_only(struct block *b, const struct super_window *w, unsigned int std)
{
	load_arg(b, 0, false);
	op(b, BPF_JMP | BPF_JGE | BPF_K, std, 0, 3);
	op(b, BPF_JMP | BPF_JGE | BPF_K, w->low, 0, 1);
	op(b, BPF_JMP | BPF_JGE | BPF_K, w->high, 0, 1);
	give(b, ALLOW);
}

static void
block_ioctl(struct block *b, const struct super_window *w)
{
	load_arg(b, 1, false);
	give_if(b, SIOCOUTQ, NOTIFY);
	op(b, BPF_ALU | BPF_AND | BPF_K, ~0xffU, 0, 0);
	give_if(b, SOCKIOC_FIRST, NOTIFY);
	window_only(b, w, BSD_WINDOW_STD);
	give(b, NOTIFY);
}

static void
block_dup(struct block *b, const struct super_window *w)
{
	window_only(b, w, BSD_WINDOW_STD);
	load_arg(b, 1, false);
	give_if(b, F_DUPFD, NOTIFY);
	give_if(b, F_DUPFD_CLOEXEC, NOTIFY);
	give(b, ALLOW);
}

static void
block_addressed(struct block *b, const struct super_window *w)
{
	load_arg(b, 4, false);
	give_unless(b, 0, NOTIFY);
	load_arg(b, 4, true);
	give_unless(b, 0, NOTIFY);
	window_only(b, w, BSD_WINDOW_STD);
	give(b, NOTIFY);
}

static void
block_of(struct block *b, const struct super_row *row, const struct super_window *w)
{
	b->n = 0;
	if (row->arg != -1 && row->when != WHEN_READING) {
		load_arg(b, row->arg, true);
		give_if(b, BSD_TAG, ALLOW);
	}
	switch (row->when) {
	case WHEN_WINDOW:
		window_only(b, w, BSD_WINDOW_STD);
		break;
	case WHEN_WRITTEN:
		window_only(b, w, 1);
		break;
	case WHEN_WINDOW_DUP:
		block_dup(b, w);
		return;
	case WHEN_INET:
		load_arg(b, 0, false);
		give_if(b, AF_UNIX, ALLOW);
		break;
	case WHEN_ADDRESSED:
		block_addressed(b, w);
		return;
	case WHEN_IOCTL:
		block_ioctl(b, w);
		return;
	case WHEN_READING:
		load_arg(b, row->arg, false);
		op(b, BPF_ALU | BPF_AND | BPF_K, O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH, 0, 0);
		give_unless(b, O_RDONLY, ALLOW);
		break;
	case WHEN_NEVER_MADE:
		give(b, NOSYS);
		return;
	case WHEN_ALWAYS:
		break;
	}
	give(b, NOTIFY);
}

static unsigned short
append(struct sock_filter *prog, unsigned short n, const struct block *b)
{
	for (unsigned int i = 0; i < b->n && n < SUPER_FILTER_MAX; i++)
		prog[n++] = b->op[i];
	return (n);
}

/* Whose calls are these?  Leaves their number loaded. */
static void
block_head(struct block *b)
{
	load(b, offsetof(struct seccomp_data, arch));
	op(b, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 6, 0);
	load(b, offsetof(struct seccomp_data, nr));
	give_if(b, I386_SOCKETCALL, NOSYS);
	give_if(b, I386_SOCKET, NOSYS);
	give(b, ALLOW);
	load(b, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	op(b, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	give(b, NOSYS);
#endif
}

unsigned short
super_filter(struct sock_filter *prog, const struct super_window *w)
{
	struct block b = { .n = 0 }, first;
	unsigned short n;

	block_head(&b);
	n = append(prog, 0, &b);
	for (size_t i = 0; i < super_nrows; i++) {
		block_of(&b, &super_rows[i], w);
		first.n = 0;
		op(&first, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)super_rows[i].no, 0, b.n);
		n = append(prog, append(prog, n, &first), &b);
	}
	b.n = 0;
	give(&b, ALLOW);
	return (append(prog, n, &b));
}
