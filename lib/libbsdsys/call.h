/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Inside libbsdsys: one control call (call.c), and the C library's own names. */

#ifndef CALL_H
#define CALL_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "../../sys/sys/syscall.h"
#include "../../sys/sys/file_msg.h"

struct call {
	int no; /* enum sysno */
	uint64_t arg[6];
	int fd; /* goes along, -1 none */
	const struct iovec *in; /* payload */
	int nin;
	void *out; /* room for the answer's payload */
	size_t outroom, outlen;
	int newfd; /* a descriptor that came, -1 none */
	bool waits; /* a signal may end it: EINTR */
	bool silent; /* it cannot fail: it is not waited for */
	bool inherits; /* a descriptor that comes stays open in exec() */
};

/*
 * Memory of this thread for what comes in: threads may have stacks that have
 * no room for it, and the thread's own variables are taken from the stack.
 * Taken while it is in use, so that a signal handler that calls in the middle
 * of that gets other memory.  NULL: there is none, with errno.  Giving it back
 * keeps errno.
 */
enum call_room {
	ROOM_REPLY,   /* of call_do(), SYS_INLINE_MAX bytes */
	ROOM_MESSAGE, /* a datagram with its head, MSG_ROOM bytes */
	NROOMS
};
#define MSG_ROOM (sizeof(struct file_msg) + 128 + 4096 + 65536 + 1024)
char *call_room_take(enum call_room r);
void call_room_give(enum call_room r, char *p);

/* Does it.  The value, or -1 with errno.  ENXIO: no machine, ENETDOWN: it ended. */
int64_t call_do(struct call *c);
/*
 * The machine is gone: sets ENETDOWN and returns -1, after a short pause, so that
 * a server which accepts, receives or sends again at once does not spin.
 */
int call_gone(void);
/*
 * Makes a connection now, and keeps one for threads to come: the machine's
 * folder may be out of reach soon.  Without a machine nothing.  Keeps errno.
 */
void call_keep(void);
/* Was fd closed at the kernel's end? */
bool call_hungup(int fd);
/* Is there a machine?  Connects if needed. */
bool call_machine(void);
/* Is fd the program's end of one of the machine's pairs?  errno is kept. */
bool call_isours(int fd);
bool call_passive(void); /* another copy of the library does the work */
const char *call_root(void); /* the machine's folder, or "" */
int call_rtable(void); /* BSD_RTABLE: of new sockets, 0 if not set */
int call_type(int fd); /* SOCK_STREAM or SOCK_SEQPACKET of the pair */

/*
 * Whose a socket of these three numbers is, where there is a machine:
 * FAMILY_HOST, FAMILY_MACHINE, or nobody's: the errno of socket(2).
 */
enum { FAMILY_HOST = 0, FAMILY_MACHINE = -1 };
int family_judge(int family, int type, int protocol);

/* Does fd bring datagrams, or is it a device?  Rarely asks; see desc.c. */
bool desc_dgram(int fd);
bool desc_idle(void); /* desc_dgram() said no: is it a stream that has no peer yet? */
bool desc_listens(int fd); /* may be accepted from; asks the kernel once */
void desc_new(int fd); /* fd is something else now */
void desc_new_stream(int fd); /* ... and it is a stream */
void desc_new_all(void);
void desc_connected(int fd); /* what it is, is a stream that has its peer */
void desc_set_tcp(int fd); /* it is a TCP socket */
bool desc_tcp(int fd); /* known to be one */
/*
 * Both names of a connection that was accepted, and one of them again: as long
 * as the number is what it was.  Lengths of 0: there is none.
 */
void desc_set_names(int fd, const struct file_accept *names);
bool desc_name(int fd, bool peer, struct sockaddr *sa, socklen_t *len);
bool desc_confined(void); /* this thread's system calls are filtered */
bool data_isdevice(int fd); /* of ours: is it no socket? */
int data_pending(int fd); /* bytes of the datagram that is next, 0 */
int sock_error(int fd);	  /* SO_ERROR, taken; or why it cannot be */
/* As Linux gives addresses: cut to *len, which is then the whole length. */
void sock_address(struct sockaddr *sa, socklen_t *len, const void *from, size_t fromlen);

struct addrinfo;
struct hostent;
struct if_nameindex;
struct ifaddrs;

/*
 * Waits until fd can be written.  0, or -1: EINTR after a signal whose handler
 * was set without SA_RESTART, or an error of poll(2).  (wait.c)
 */
int wait_writable(int fd);

/* The C library's functions behind ours. */
struct native {
	int (*socket)(int, int, int);
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*listen)(int, int);
	int (*shutdown)(int, int);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*accept4)(int, struct sockaddr *, socklen_t *, int);
	int (*getsockname)(int, struct sockaddr *, socklen_t *);
	int (*getpeername)(int, struct sockaddr *, socklen_t *);
	int (*setsockopt)(int, int, int, const void *, socklen_t);
	int (*getsockopt)(int, int, int, void *, socklen_t *);
	ssize_t (*send)(int, const void *, size_t, int);
	ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*sendmsg)(int, const struct msghdr *, int);
	ssize_t (*recv)(int, void *, size_t, int);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
	ssize_t (*recvmsg)(int, struct msghdr *, int);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*readv)(int, const struct iovec *, int);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*writev)(int, const struct iovec *, int);
	int (*ioctl)(int, unsigned long, ...);
	int (*close)(int);
	int (*dup)(int);
	int (*dup2)(int, int);
	int (*dup3)(int, int, int);
	int (*fcntl)(int, int, ...);
	int (*prctl)(int, ...);
	int (*chroot)(const char *);
	int (*setuid)(uid_t);
	int (*seteuid)(uid_t);
	int (*setreuid)(uid_t, uid_t);
	int (*setresuid)(uid_t, uid_t, uid_t);
	int (*recvmmsg)(int, struct mmsghdr *, unsigned int, int, struct timespec *);
	int (*sendmmsg)(int, struct mmsghdr *, unsigned int, int);
	int (*open)(const char *, int, ...);
	int (*openat)(int, const char *, int, ...);
	FILE *(*fopen)(const char *, const char *);
	int (*getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	int (*getnameinfo)(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t, int);
	int (*gethostbyname2_r)(const char *, int, struct hostent *, char *, size_t, struct hostent **, int *);
	int (*gethostbyaddr_r)(const void *, socklen_t, int, struct hostent *, char *, size_t, struct hostent **, int *);
	long (*syscall)(long, ...);
	int (*execve)(const char *, char *const[], char *const[]);
	int (*execvpe)(const char *, char *const[], char *const[]);
	int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);
	int (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);
	unsigned int (*if_nametoindex)(const char *);
	char *(*if_indextoname)(unsigned int, char *);
	struct if_nameindex *(*if_nameindex)(void);
	int (*getifaddrs)(struct ifaddrs **);
};
extern struct native native;
void native_init(void);

#endif
