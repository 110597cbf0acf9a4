/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Who is calling: one client thread in one system call. */

#ifndef _SYS_PROC_H_
#define _SYS_PROC_H_

#include <sys/types.h>

struct client; /* kern/syscall_*.c: the control connection */

struct proc {
	uid_t p_uid;
	gid_t p_gid;
	pid_t p_pid;
	struct client *p_client; /* for copyin and copyout */
	int p_fd; /* host descriptor that came with the call, or -1 */
};

void syscallinit(void); /* at boot */
void syscall_setname(const char *name); /* what hello says the machine is called */
/* May it change things?  0 or EPERM: root, or who started the kernel. */
int suser(const struct proc *p);
/* kern.securelevel: 0 at boot, and from then on it only rises. */
#define SECURELEVEL_MAX 3
bool securelevel_above(int n);
void procinit(void); /* at boot */
void proc_setowner(uid_t uid); /* at boot: who started the kernel */
/*
 * Makes p (NULL: nobody) the caller on whose behalf code runs from now on;
 * the one before is returned.  A system call thread does so after it took
 * the token, and again after every sleep.
 */
struct proc *proc_switch(struct proc *p);
/* The caller of the system call this thread is in, NULL elsewhere. */
struct proc *curproc(void);

/*
 * Sleeps until wakeup(ident) or us microseconds (0: no limit) have passed;
 * the token is given away meanwhile, so whatever was looked at before has to
 * be looked at again.  0, or EWOULDBLOCK on time-out.  Only in system calls.
 * The death of the client does not end the sleep: give it a limit.
 */
int tsleep_us(const void *ident, const char *wmesg, uint64_t us);
void wakeup(const void *ident);
/*
 * In the middle of long work of a system call: packets and other calls run
 * first, if they wait.  What was looked at before has to be looked at again.
 * Elsewhere it does nothing.
 */
void preempt(void);
/* Fails loudly when called where sleeping is not allowed. */
void assertwaitok(void);

#endif
