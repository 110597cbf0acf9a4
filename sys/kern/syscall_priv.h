/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the server of control calls and the table of system calls share. */

#ifndef _KERN_SYSCALL_PRIV_H_
#define _KERN_SYSCALL_PRIV_H_

#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <machine/kernel.h>

#define MSG_MAX (sizeof(struct sys_req) + SYS_INLINE_MAX)

struct host_watch;
struct uidinfo;

/*
 * A control connection, and how a call reaches its caller's memory: by
 * messages, or directly.
 */
struct client {
	int c_fd; /* -1: the caller is in this process (tests) */
	uint32_t c_seq; /* of the call that runs */
	bool c_dead; /* ends with the call */
	struct host_watch *c_watch; /* NULL: a worker has it */
	struct kernel_cred c_cred;
	struct uidinfo *c_ui; /* counts it */
	struct callwait *c_wait; /* a call that is not answered yet */
	LIST_ENTRY(client) c_all;
};

/*
 * An errno that is none: the answer comes later, without a thread that waits
 * for it.  The client's next request, or its end, is the end of that.
 */
#define CALL_LATER (-1)
struct callwait {
	struct client *cw_client; /* NULL: nobody waits */
	uint32_t cw_seq;
};
/* The caller waits.  False: somebody does already, or he cannot. */
bool callwait_begin(struct callwait *cw, struct proc *p);
/* What he waits for.  If nobody does, nothing happens. */
void callwait_answer(struct callwait *cw, int error, int64_t value);

/* One call: what came in, what goes out. */
struct sysframe {
	const uint64_t *arg;
	const uint8_t *in; /* payload, inlen bytes, aligned to 8 */
	uint32_t inlen;
	uint8_t *out; /* small, or malloc(outcap, M_SYSCALL); freed by the server */
	uint32_t outlen, outcap; /* outcap 0: nothing to be freed */
	uint64_t small[32]; /* most answers are */
	int64_t value;
	int newfd; /* host descriptor for the program, -1: none; closed by the server */
	struct file *fp; /* of the descriptor that came along, held; or NULL */
};

/* Runs call no for p with the token.  0 or errno. */
int syscall_run(struct proc *p, unsigned int no, struct sysframe *f);
/* May call no sleep, or fetch its caller's memory? */
bool syscall_sleeps(unsigned int no);
void syscalltableinit(void); /* at boot */
void clientinit(void); /* at boot */
/* c does not wait any more. */
void callwait_end(struct client *c);
/*
 * The next message of c into buf[len] and *req; *fd is what came along.  Waits
 * as flags (HOST_*) say.  0; EAGAIN: none yet; EPIPE, EINVAL: c is dead.
 */
int request_recv(struct client *c, uint8_t *buf, size_t len, struct sys_req *req, int *fd, int flags);
/*
 * Runs the call that is in buf and answers it.  Takes fd.  By the network
 * thread (loop): with the token and without waiting; by others: without it.
 * 0, or EPIPE: c is to be ended.
 */
int call_serve(struct client *c, uint8_t *buf, const struct sys_req *req, int fd, bool loop);
/* Answers it with an error, without waiting.  0, or EPIPE: c is to be ended. */
int call_refuse(struct client *c, const struct sys_req *req, int error);
/* Another control connection with the same rights.  0 and *fd, or errno. */
int client_fork(struct proc *p, int *fd);
/* Calls whose name is known: the table, for tests and statistics.  NULL. */
const char *syscall_name(unsigned int no);

#endif
