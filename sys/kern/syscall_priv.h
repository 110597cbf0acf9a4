/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the server of control calls and the table of system calls share. */

#ifndef _KERN_SYSCALL_PRIV_H_
#define _KERN_SYSCALL_PRIV_H_

#include <sys/proc.h>
#include <sys/syscall.h>
#include <sys/types.h>

/* One call: what came in, what goes out. */
struct sysframe {
	const uint64_t *arg;
	const uint8_t *in; /* payload, inlen bytes, aligned to 8 */
	uint32_t inlen;
	uint8_t *out; /* malloc(outcap, M_SYSCALL) by the call; freed by the server */
	uint32_t outlen, outcap;
	int64_t value;
	int newfd; /* host descriptor for the program, -1: none; closed by the server */
	struct file *fp; /* of the descriptor that came along, held; or NULL */
};

/* Runs call no for p with the token.  0 or errno. */
int syscall_run(struct proc *p, unsigned int no, struct sysframe *f);
void syscalltableinit(void); /* at boot */
/* Another control connection with the same rights.  0 and *fd, or errno. */
int client_fork(struct proc *p, int *fd);
/* Calls whose name is known: the table, for tests and statistics.  NULL. */
const char *syscall_name(unsigned int no);

#endif
