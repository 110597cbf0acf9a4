/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * libbsdsys: a program's way to its machine's kernel.  See bsdsys(7).
 *
 * The library takes the place of the C library's socket calls, of ioctl on
 * the machine's descriptors, and of open for what lies in the machine's /dev.
 * The few calls that have no such name are here.
 */

#ifndef BSDSYS_H
#define BSDSYS_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

/* The machine's name, NULL when BSD_ROOT names none that answers (errno). */
const char *bsd_machine(void);
/* The same, but without a machine says so in one line as prog and exits 1. */
void bsd_require(const char *prog);
/* This program is a tool: a call that gets no answer for some seconds says so, as
 * prog, on stderr, and waits on.  bsd_require() does that too. */
void bsd_tool(const char *prog);
/*
 * Reads and sets a variable of sysctl(9) by name.  *oldlen is the room of old
 * and becomes the length; old may be NULL (how long is it?), so may new.
 * 0, or -1 with errno: ENOMEM old is too short, *oldlen says how long.
 */
int bsd_sysctl(const char *name, void *old, size_t *oldlen, const void *new, size_t newlen);
/* A variable of unknown length: malloc()ed, the caller frees.  NULL and errno. */
void *bsd_sysctl_alloc(const char *name, size_t *len);
/* Forgets the machine and looks at BSD_ROOT again.  0, or -1 with errno. */
int bsd_reopen(void);
/* Asks the kernel to end.  0, or -1 with errno. */
int bsd_halt(void);
/* Is fd a descriptor of the machine? */
bool bsd_isfd(int fd);
/*
 * Forgets what was known of this number: it is another descriptor now, and came
 * by a way that the library does not see, as pidfd_getfd(2).
 */
void bsd_newfd(int fd);
/*
 * accept4(2) and connect(2) for descriptors of the machine, but never waiting,
 * whatever the descriptor's flags say: -1 with EAGAIN, or EINPROGRESS.
 */
int bsd_accept(int fd, struct sockaddr *sa, unsigned int *len, int flags);
int bsd_connect(int fd, const struct sockaddr *sa, unsigned int len);

/*
 * Why a preloaded library does not put the program that execvp(3) would run as
 * name on a machine, as the end of a sentence about it; NULL: nothing is in the
 * way, or there is no such program.
 */
enum bsd_program {
	BSD_PROGRAM_USUAL,
	BSD_PROGRAM_DIRECT, /* calls the host's kernel: a supervisor is needed */
	BSD_PROGRAM_ALIEN, /* another C library: the same, and LD_PRELOAD is in its way */
	BSD_PROGRAM_RIGHTS, /* gets more than its caller's: a supervisor, too */
	BSD_PROGRAM_FOREIGN /* another architecture: nothing reaches it */
};
const char *bsd_program_judge(const char *name, enum bsd_program *kind);
/* Where execvp(3) finds it.  False: nowhere. */
bool bsd_program_path(const char *name, char *buf, size_t size);
/* Is this process below a supervisor of its machine? */
bool bsd_supervised(void);
/* From now on exec(3) runs programs as they are, also those that need a supervisor. */
void bsd_exec_plain(void);

/*
 * A supervisor (bsdctl(8)) that sees a program's system calls lets those of the
 * library pass which have this in the upper half of an argument that is an int:
 * the host's kernel does not look there.  And it looks at calls of read(2) and
 * its like for these numbers only.
 */
#define BSD_TAG		0x46756775UL
#define BSD_TAGGED(n)	((long)(BSD_TAG << 32 | (unsigned int)(n)))
#define BSD_WINDOW_STD	3 /* below: standard input and output, a server's socket */
#define BSD_WINDOW	512
#define BSD_WINDOW_END	700 /* from here on, connections of the library */

#endif
