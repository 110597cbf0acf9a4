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
};

/* Runs call no for p with the token.  0 or errno. */
int syscall_run(struct proc *p, unsigned int no, struct sysframe *f);
/* Another control connection with the same rights.  0 and *fd, or errno. */
int client_fork(struct proc *p, int *fd);
/* Sum over the shared structures: hello carries it. */
uint32_t syscall_abi(void);
uint64_t syscall_bootid(void);


#endif
