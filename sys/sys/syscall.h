/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * System calls as they travel between a program and its kernel.  Shared with
 * libbsdsys; see syscall(9).
 *
 * The connection is SOCK_SEQPACKET.  The kernel says hello; then the program
 * sends one request at a time, and the kernel answers with a reply, before
 * which it may ask for or send pieces of the program's memory:
 *
 *	program				kernel
 *	sys_req + payload [+ fd]  --->
 *				  <---	SYSR_COPYIN addr len
 *	sys_req SYS_COPYDATA + bytes -->
 *				  <---	SYSR_COPYOUT addr + bytes
 *				  <---	SYSR_REPLY error value + payload [+ fd]
 *
 * A connect(2) that waits is answered late, or never if another request comes
 * first: the program was interrupted.
 *
 * Numbers are in host order: both ends are on one machine.
 */

#ifndef _SYS_FUGU_SYSCALL_H_
#define _SYS_FUGU_SYSCALL_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif
#include "file_msg.h"

#define SYS_MAGIC   0x66756775U /* "fugu" */
#define SYS_VERSION 4
#define SYS_INLINE_MAX (128 * 1024) /* payload of a message */

enum sysno {
	SYS_NONE,
	SYS_COPYDATA, /* answer to SYSR_COPYIN: arg[0] is an errno */
	SYS_OPEN, /* payload: path below /dev; arg[0] flags -> fd */
	SYS_SOCKET, /* family, type, protocol -> fd */
	SYS_BIND, /* fd; payload: sockaddr */
	SYS_LISTEN, /* fd; backlog */
	SYS_CONNECT, /* fd; wait: a stream's answer comes when it is connected or not;
		      * payload: sockaddr -> value: 0 a datagram socket, 1 a stream,
		      * above 1 one whose SO_SNDBUF at the program's end is to be that */
	SYS_GETSOCKNAME, /* fd -> payload: sockaddr */
	SYS_GETPEERNAME, /* the same; value with ENOTCONN: 1 it is being connected */
	SYS_SETSOCKOPT, /* fd; level, name; payload: value */
	SYS_GETSOCKOPT, /* fd; level, name, length; payload: what is asked -> payload: value;
			* value: 1 a stream that has its peer */
	SYS_SENDMSG, /* fd; address length, control length, flags; payload: both, each
		      * padded to 8, and the data */
	SYS_IOCTL, /* fd; command; payload: argument -> payload: argument */
	SYS_SYSCTL, /* name length with NUL, is there a new value, &old, old's room;
		     * payload: name, new value -> value: length of old */
	SYS_NEWCTL, /* -> fd: another connection, for a child or a thread */
	SYS_HALT, /* the kernel ends */
	SYS_SHUTDOWN, /* fd; how -> value: 1 a stream, to be shut at the program's end */
	NSYS
};

struct sys_hello {
	uint32_t magic, version;
	uint32_t abi; /* sum over the shared structures' sizes */
	uint32_t max; /* payload that the kernel takes: SYS_INLINE_MAX */
	uint64_t bootid;
	char name[64]; /* of the machine */
};

#define SYSF_SILENT 1 /* no answer is wanted */
struct sys_req {
	uint32_t magic;
	uint16_t no, flags; /* SYSF_* */
	uint32_t seq, len; /* len: payload behind this */
	uint64_t arg[6];
};

enum sysr_kind { SYSR_REPLY = 1, SYSR_COPYIN, SYSR_COPYOUT, SYSR_COPYINSTR };

struct sys_rep {
	uint32_t kind; /* enum sysr_kind */
	int32_t error;
	uint32_t seq, len; /* len: payload behind this, or bytes wanted */
	int64_t value;
	uint64_t addr;
};

/* What both sides must agree on, in a number: sizes, offsets, the last call. */
#define SYS_ABI                                                                                 \
	((uint32_t)(NSYS + 31 * sizeof(struct sys_req) + 37 * sizeof(struct sys_rep) +          \
	    41 * sizeof(struct file_msg) + 43 * __builtin_offsetof(struct sys_req, arg) +       \
	    47 * __builtin_offsetof(struct sys_rep, addr) +                                     \
	    53 * __builtin_offsetof(struct file_msg, cmsglen) + 59 * sizeof(struct sys_hello) + \
	    61 * SYSR_COPYINSTR + 67 * FMSG_ACCEPT + 73 * sizeof(struct file_accept) + 71 * sizeof(long)))

_Static_assert(sizeof(struct sys_hello) == 88, "wire layout");
_Static_assert(sizeof(struct sys_req) == 64, "wire layout");
_Static_assert(sizeof(struct sys_rep) == 32, "wire layout");

#endif
