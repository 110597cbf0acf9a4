/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Descriptors.
 *
 * A descriptor of a program is one end (c) of a host socket pair; the kernel
 * holds the other (k) and a struct file.  There are no descriptor numbers in
 * the kernel: a control call brings c along and the file is found by its
 * socket cookie.  A file lives until every copy of c in every process is
 * closed (HOST_HUP at k) or the kernel ends it.
 *
 * What the kernel has ended is remembered for a while by its cookie, with the
 * error that a program may still ask for (SO_ERROR): k is closed then, so
 * nothing tells when c goes.
 *
 * Stream files: bytes are pumped between k and the protocol.  All others are
 * SOCK_SEQPACKET: one message is one struct file_msg with its tail.
 */

#ifndef _SYS_FILE_H_
#define _SYS_FILE_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <machine/host.h>
#include <sys/file_msg.h>

#define FREAD  1
#define FWRITE 2

enum file_kind { FILE_SOCKET, FILE_DEVICE };
struct file;
struct proc;
struct uidinfo;

struct fileops {
	const char *name;
	/*
	 * data is the kernel's copy of the argument, IOCPARM_LEN(cmd) bytes;
	 * what it holds at the end goes back to the caller if cmd says so.
	 * 0 or errno.
	 */
	int (*ioctl)(struct file *fp, unsigned long cmd, void *data, struct proc *p);
	/* A message or bytes from the program wait at k: file_recv(). */
	void (*readable)(struct file *fp);
	/* k takes data again after file_push() said EAGAIN. */
	void (*writable)(struct file *fp);
	/*
	 * The file ends: nobody has the descriptor any more, or the kernel
	 * took it away.  What the program wrote before may still be read from
	 * f_k.  f_error may be set for who asks later.
	 */
	void (*close)(struct file *fp);
};

/*
 * 104 bytes: 64 of pointers and links, 8 of the cookie, 32 of numbers
 * and flags.
 */
struct file {
	LIST_ENTRY(file) f_hash; /* by cookie */
	uint64_t f_cookie;
	const struct fileops *f_ops;
	void *f_data; /* struct socket, struct bpf_d, ... */
	union {
		struct host_watch *f_watch;
		uint64_t f_when; /* of the ended: uptime in us */
	};
	struct uidinfo *f_ui; /* counts it */
	TAILQ_ENTRY(file) f_entry; /* of the ended ones, or those that f_retries */
	int f_k; /* host descriptor, -1 once closed */
	unsigned int f_unit; /* of a device with numbers: 3 of tun3 */
	uid_t f_uid; /* who opened it */
	gid_t f_gid;
	pid_t f_pid;
	unsigned int f_calls; /* system calls about it that run, or sleep */
	int f_error; /* of an ended file: for SO_ERROR, once */
	uint16_t f_events; /* HOST_* */
	uint8_t f_flags; /* FREAD, FWRITE */
	bool f_device : 1; /* not a socket */
	bool f_ended : 1; /* by the kernel; f_ops and f_data are NULL */
	bool f_dying : 1; /* ends with the last of those calls */
	bool f_keep : 1; /* and is remembered */
	bool f_urgent : 1; /* a byte that waits at k may be urgent */
	bool f_eof : 1; /* the program was told the end of its data */
	bool f_retries : 1; /* file_retry() */
};
_Static_assert(sizeof(struct file) <= 104, "an idle connection is small");

void fileinit(void); /* at boot */
/*
 * A file and its socket pair.  *cfd is the program's end, to be sent to it
 * with the reply and then closed here.  The caller sets f_ops and f_data;
 * events (HOST_*) is what is looked for from the first moment on.
 * 0; ENFILE, EMFILE (limits), ENOMEM, or what the host says.
 */
int file_create(enum file_kind kind, enum host_socktype type, int flags, unsigned int events, struct proc *p, struct file **fpp, int *cfd);
/* Ends it: the program sees the end of the file; ops->close runs. */
void file_revoke(struct file *fp);
/*
 * The same, but calls about it are answered for a while: ENOTCONN, and error
 * once to who asks for SO_ERROR.  A program whose last bytes were not read yet
 * sees ECONNRESET from the host itself.
 */
void file_end(struct file *fp, int error);
/*
 * Ends it if its program has closed it already and the event is only on its
 * way.  Did it?  Then fp is gone.
 */
bool file_sweep(struct file *fp);
/* A system call about fp begins and is over; the file stays in between. */
void file_hold(struct file *fp);
void file_release(struct file *fp);
/* Tells the program that no more data come: it reads the end. */
void file_eof(struct file *fp);
/* Memory is short: ops->readable is called again in a moment, not at once. */
void file_retry(struct file *fp);
struct file *file_find(uint64_t cookie); /* NULL; ended ones too */
struct file *file_offd(int fd); /* of a host descriptor that came along; NULL */
/* Whether ops->readable, ops->writable are wanted. */
void file_want_read(struct file *fp, bool on);
void file_want_write(struct file *fp, bool on);
bool file_waits_write(const struct file *fp); /* is it wanted? */

/*
 * Sends one message (head made from type, addr, control) to the program.
 * 0; EAGAIN when the pair is full (ops->writable follows); EPIPE.
 */
int file_push(struct file *fp, const struct file_msg *head, const void *addr,
    const void *control, const struct host_iov *iov, int niov);

/*
 * A device that open(2) can reach: "pf", "bpf".  open sets fp->f_ops and
 * f_data.  One with units has a number behind its name ("tun3"), without
 * leading zeros; open finds it in fp->f_unit.
 */
struct cdev {
	const char *name; /* below /dev */
	bool units;
	int (*open)(struct file *fp, int flags, struct proc *p);
	TAILQ_ENTRY(cdev) entry;
};
void cdev_register(struct cdev *d);
/* NULL: none of that name.  *unit is its number, 0 without. */
const struct cdev *cdev_find(const char *name, unsigned int *unit);

#endif
