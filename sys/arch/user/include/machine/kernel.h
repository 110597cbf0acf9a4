/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a host asks of the kernel.  Shared: included by the kernel and by
 * the host code below it (bsd, the simulator).  C types only.
 */

#ifndef _MACHINE_KERNEL_H_
#define _MACHINE_KERNEL_H_

struct kernel_params {
	const char *hostname; /* copied */
	unsigned long mbuf_bytes; /* limit for packet memory; 0: 64 MiB */
	unsigned int owner_uid; /* this uid and 0 may change things */
};

/* Brings everything up, in a fixed order.  Once.  With the token.  0 or errno. */
int kernel_boot(const struct kernel_params *params);

/*
 * Does all work that is due now: timeouts, tasks, output queues.  With the
 * token, from the loop, after the callbacks of each wait.  Returns the
 * host_clock() time of the next timeout, ~0ULL when there is none, or 0 when
 * more work is ready at once.
 */
unsigned long long kernel_step(void);

/* Is there work that the loop does not know of, so that it must be kicked? */
int kernel_due(void);

/* Takes interfaces down, says goodbye on the wire.  With the token. */
void kernel_shutdown(void);

/*
 * Attaches a link: ifname=kind:spec.  With the token.  0, or an errno with a
 * sentence in why[whylen].
 */
int kernel_plug(const char *ifname, const char *spec, char *why,
    unsigned long whylen);

struct kernel_cred {
	unsigned int uid, gid;
	int pid;
};

/*
 * A client's control connection begins.  Takes fd, which is watched from now
 * on.  With the token.  0, or an errno: fd is closed.
 */
int kernel_client(int fd, const struct kernel_cred *cred);

/*
 * The same calls without a connection, for tests: copyin and copyout reach
 * the caller's own memory.  no is enum sysno of <sys/syscall.h>, arg[] its
 * arguments (or 0), in[inlen] its payload, aligned to 8; out[*outlen] takes
 * the answer's.  fd is the descriptor that the call is about or -1, *newfd one
 * that it made or -1.  With the token.  Returns the value or -errno.
 */
long kernel_syscall(const struct kernel_cred *cred, int no,
    const unsigned long long arg[6], const void *in, unsigned long inlen,
    void *out, unsigned long *outlen, int fd, int *newfd);

#endif
