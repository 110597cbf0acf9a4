/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The supervisor: a machine's sockets for programs that no library reaches.
 *
 *	guest			host's kernel		supervisor
 *	socket(AF_INET) ------>	filter: notify -------> socket() of libbsdsys
 *	  = number <-----------	the descriptor <------- put into the guest
 *	write() --------------> the pair, natively
 *
 * A guest is a process below the filter.  Its call is answered by a function of
 * this program, which has a copy of the guest's descriptor and reads and writes
 * its memory, or is let go on to the host's kernel.  (super.c, the filter
 * super_filter.c, memory and descriptors super_guest.c, the calls super_call.c
 * and super_data.c)
 */

#ifndef SUPER_H
#define SUPER_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUPER_DATA_MAX	(65536 + 1024) /* of a datagram */
#define SUPER_VALUE_MAX 65536 /* of an option, a list of interfaces */

/* --- what the filter stops (super_filter.c) --- */

/* Message descriptors have these numbers in a guest, [low, high), or the first three. */
struct super_window {
	unsigned int low, high;
};
enum super_when {
	WHEN_ALWAYS,
	WHEN_WINDOW, /* a descriptor of the window, or of the first three */
	WHEN_WRITTEN, /* ... but not standard output and error */
	WHEN_WINDOW_DUP, /* fcntl(2): duplicates one */
	WHEN_INET, /* socket(2): not AF_UNIX */
	WHEN_ADDRESSED, /* sendto(2): in the window, or with an address */
	WHEN_IOCTL, /* about sockets, or in the window */
	WHEN_READING, /* open(2): for reading only */
	WHEN_NEVER_MADE /* fails with ENOSYS */
};

/* What becomes of a guest's call. */
enum super_answer {
	SUPER_SAY, /* it returns asked.value */
	SUPER_LET, /* the host's kernel does it */
	SUPER_WAIT, /* for asked.events on asked.fd; then asked again */
	SUPER_DONE /* it has been answered, or nobody waits any more */
};
struct super_asked;
struct super_row {
	int no;
	enum super_when when;
	int arg; /* of an int that may bear the library's mark, or of the flags; -1 */
	bool fd; /* arg 0 is a descriptor, and only the machine's are of interest */
	enum super_answer (*act)(struct super_asked *a);
};
extern const struct super_row super_rows[];
extern const size_t super_nrows;

#define SUPER_FILTER_MAX 1024
/* Writes the filter into prog, room for SUPER_FILTER_MAX.  Its length. */
unsigned short super_filter(struct sock_filter *prog, const struct super_window *w);

/* --- a call of a guest --- */

struct super_guest {
	pid_t tid, pid;
	int pidfd; /* of the thread, or its process; -1: the slot is free */
};
struct super_asked {
	int listener;
	const struct super_window *window;
	const struct seccomp_notif *n;
	struct super_guest *guest;
	int fd; /* the descriptor of arg 0, in this process; -1 none */
	bool again; /* it has waited */
	bool late; /* ... until its time was over */
	int64_t value; /* to say: a number, or -errno */
	short events;
	int timeo; /* SO_RCVTIMEO or SO_SNDTIMEO: what bounds the wait */
};
enum super_answer super_say(struct super_asked *a, int64_t value);
/* The outcome of a function of the C library: -1 is errno. */
enum super_answer super_outcome(struct super_asked *a, int64_t result);
/* Waits, if the call may; else it fails with EAGAIN. */
enum super_answer super_wait(struct super_asked *a, short events, int timeo, int flags);

/* --- a guest's memory and descriptors (super_guest.c) --- */

/* The process of the call's thread, in a->guest.  False: it is gone. */
bool guest_find(struct super_asked *a);
/* Does the thread still wait for this answer? */
bool guest_waits(const struct super_asked *a);
/*
 * Memory of the guest: all of it, or false and *error: EFAULT, ESRCH for a guest
 * that is gone, EPERM for one whose memory is closed to us.
 */
bool guest_read(const struct super_asked *a, uint64_t addr, void *buf, size_t len, int *error);
bool guest_write(const struct super_asked *a, uint64_t addr, const void *buf, size_t len, int *error);
/* The same to and from n pieces, as far as len goes. */
bool guest_gather(const struct super_asked *a, const struct iovec *iov, size_t n, void *buf, size_t len, int *error);
bool guest_scatter(const struct super_asked *a, const struct iovec *iov, size_t n, const void *buf, size_t len, int *error);
/* A string that fits into buf with its end; false for a longer one too. */
bool guest_string(const struct super_asked *a, uint64_t addr, char *buf, size_t size);
/* A copy of its descriptor; -1 with errno. */
int guest_fd(const struct super_asked *a, int number);
/*
 * Puts fd into the guest, where its call returns the number: a given one, the
 * lowest, or a free one of the window, from the top.  0, or an errno.
 */
enum { NUMBER_LOWEST = -1, NUMBER_WINDOW = -2 };
int guest_give(const struct super_asked *a, int fd, int number, bool cloexec);
/* Puts a->fd, which is another now, in the place of the guest's.  0, or an errno. */
int guest_replace(const struct super_asked *a, int number);
/* Closes without waiting for anything, as SO_LINGER would have it. */
void fd_drop(int fd);

/* --- data (super_data.c) --- */
enum super_answer super_recv(struct super_asked *a);
enum super_answer super_send(struct super_asked *a);
/* Of the machine: does it carry messages with heads? */
bool super_messages(int fd);

/* --- starting (super.c) --- */
/*
 * Starts a supervisor for this process, which is about to execute a program on
 * the machine that BSD_ROOT names.  0, or -1 and why not, as the end of a
 * sentence.
 */
int supervise(char *why, size_t size);

#endif
