/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the kernel asks of its host.  Shared: the only header that both the
 * kernel and the host code below it include.  C types only.
 *
 * The host code exists twice: sys/arch/user/host for the program bsd (real
 * clock, threads, descriptors) and regress/libsim for tests (virtual clock,
 * seeded chance, wires with faults, one thread).  What the host asks of the
 * kernel is <machine/kernel.h>.
 *
 * Kernel code runs only between host_cpu_enter() and host_cpu_leave(); the
 * right to do so is "the token", one at a time and in the order of asking.
 * Functions marked [n] may be called without it.  Errors are negated errno
 * values of the host's C library, which are the kernel's too.
 */

#ifndef _MACHINE_HOST_H_
#define _MACHINE_HOST_H_

struct host_iov {
	void *base;
	unsigned long len;
};

/* --- memory [n] --- */
/* Memory aligned to align (a power of two), not zeroed; 0 when there is none. */
void *host_alloc(unsigned long size, unsigned long align);
/* Gives it back; size as it was asked for.  p may be 0. */
void host_free(void *p, unsigned long size);
/* Page-aligned zeroed memory that costs nothing until touched; never freed. */
void *host_region(unsigned long size);

/* --- time [n] --- */
/* Nanoseconds since an arbitrary start; never goes back. */
unsigned long long host_clock(void);
/* Nanoseconds since 1970-01-01 UTC. */
unsigned long long host_walltime(void);

/* --- chance, words, the end [n] --- */
void host_random(void *buf, unsigned long len);
/* One line without its newline.  level as in <sys/log.h> (0 worst .. 7 debug). */
void host_log(int level, const char *line, unsigned long len);
/* The kernel found itself broken.  Does not return. */
void host_abort(const char *why) __attribute__((__noreturn__));
/* The kernel was asked to stop: the loop ends after the current step. */
void host_exit(int status);

/* --- threads --- */
/* Starts fn(arg) in a thread without the token.  0 or -errno. [n] */
int host_thread_create(void (*fn)(void *), void *arg, const char *name);
void host_cpu_enter(void); /* [n] take the token, in turn */
void host_cpu_leave(void);
int host_cpu_held(void); /* [n] does this thread have it?  for assertions */
int host_cpu_contended(void); /* is somebody waiting for it? */
/* Names the calling thread, for host_wake(). [n] */
void *host_self(void);
/*
 * Gives the token away, sleeps until host_wake(host_self()) or the deadline
 * (host_clock() time; ~0ULL for none), takes the token again.  0 when woken,
 * -ETIMEDOUT otherwise.  A wake-up that came since the last sleep counts.
 * In the simulator the event loop runs meanwhile, on this stack.
 */
int host_sleep(unsigned long long deadline);
void host_wake(void *self);

/* --- readiness of descriptors: callbacks run in the loop, with the token --- */
#define HOST_IN	 1 /* readable, or the other end has shut down */
#define HOST_PRI 2 /* a byte that is urgent waits among those of a stream */
#define HOST_OUT 4 /* writable */
#define HOST_HUP 16 /* the other end is closed for good; always reported */
struct host_watch;
/* Watches fd for events (level triggered).  *wp is the handle.  0 or -errno. */
int host_watch_add(int fd, unsigned int events,
    void (*fn)(void *arg, unsigned int events), void *arg,
    struct host_watch **wp);
void host_watch_mod(struct host_watch *w, unsigned int events);
/* After this returns fn is not called again.  w may be 0. */
void host_watch_del(struct host_watch *w);
/* Ends the loop's wait at once (used after work was queued by a syscall). */
void host_kick(void);

/* --- descriptors: all of them non-blocking unless said [n] --- */
enum host_socktype { HOST_STREAM, HOST_SEQPACKET };
/* fds[0] is the kernel's end k, fds[1] the program's end c.  0 or -errno. */
int host_sockpair(enum host_socktype type, int fds[2]);
/*
 * Receives into iov.  *passed is a descriptor that came along, or -1; passed
 * may be 0 for a stream without HOST_WAIT: then nothing comes along.
 * flags: HOST_WAIT blocks.  Bytes, 0 at the end, -errno (-EMSGSIZE when a
 * message was longer than iov, which loses it).
 */
#define HOST_WAIT 1
#define HOST_SPIN 2 /* with HOST_WAIT: try host_spin() times first */
#define HOST_URGENT 8 /* sending: the last byte is urgent */
#define HOST_LIMIT 4 /* with HOST_WAIT: no longer than host_patience(), then -ETIMEDOUT */
#define HOST_BRIEF 16 /* with HOST_WAIT: no longer than a moment (20 ms), then -ETIMEDOUT */
long host_recv(int fd, const struct host_iov *iov, int niov, int *passed,
    int flags);
/* Sends iov, with descriptor pass unless it is -1.  Bytes or -errno. */
long host_send(int fd, const struct host_iov *iov, int niov, int pass,
    int flags);
/*
 * How often something is tried before it is waited for: a message of a
 * client, the token, the loop's next event if the last one came as soon as
 * that.  -1 changes nothing.  Returns the number.
 */
int host_spin(int tries);
/* Milliseconds that HOST_LIMIT waits. */
void host_patience(unsigned int ms);
/* Is the next byte to be received the urgent one? */
int host_atmark(int fd);
/* Urgent bytes stay among the others (SO_OOBINLINE).  The kernel's end: always. */
void host_urginline(int fd, int on);
/* how: 0 reading, 1 writing, 2 both. */
int host_shutdown(int fd, int how);
void host_close(int fd);
/* Bytes written to fd that the other end has not read, or -errno. */
long host_outq(int fd);
/* 1 when no copy of the other end is open any more, else 0. */
int host_gone(int fd);
/* The number that names this socket as long as it lives (SO_COOKIE). */
int host_cookie(int fd, unsigned long long *cookie);
/* Sets the buffer of what fd sends to about bytes. */
int host_bufsize(int fd, unsigned long bytes);
/* Makes the program's end c unwritable; host_drain() undoes it.  0 or -errno. */
int host_fill(int c);
/*
 * The same at small cost, by a small buffer.  Its size before, which is to be
 * given back by host_drain() or host_hold_end(); or -errno.
 */
int host_hold(int c);
void host_hold_end(int c, int size);
/* Takes the filler out, seen from k.  c: also gets its size back, -1: it is not here. */
void host_drain(int k, int c, int size);

/* --- links: where frames enter and leave --- */
#define HOSTIF_CSUM   1 /* L4 checksum unfinished: csum_start, csum_offset */
#define HOSTIF_CSUMOK 2 /* L4 checksum was verified below */
#define HOSTIF_VLAN   4 /* vlan_tci was taken out of the frame */

enum hostif_gso { HOSTIF_GSO_NONE, HOSTIF_GSO_TCP4, HOSTIF_GSO_TCP6, HOSTIF_GSO_UDP };

/* One frame, received or to be sent; meanings of virtio-net headers. */
struct hostif_frame {
	struct host_iov *iov; /* rx: one piece */
	int niov;
	unsigned int len; /* sum of iov */
	unsigned short flags; /* HOSTIF_* */
	unsigned short csum_start, csum_offset; /* from start of frame */
	unsigned short gso; /* enum hostif_gso */
	unsigned short gso_size; /* payload bytes of a segment (TCP: mss) */
	unsigned short gso_hdrlen; /* headers in front of the payload */
	unsigned short vlan_tci;
	unsigned int loan; /* rx: what release wants; 0: none */
	unsigned long long stamp_ns; /* rx: wall time, 0 if unknown */
};

enum hostif_event {
	HOSTIF_RX, /* frames wait: call rx */
	HOSTIF_LINK, /* carrier, speed or MTU of the link changed: call info */
	HOSTIF_TXROOM, /* a tx that took less than all may be tried again */
};

#define HOSTIF_CAP_CSUM 1 /* takes HOSTIF_CSUM on tx */
#define HOSTIF_CAP_TSO4 2
#define HOSTIF_CAP_TSO6 4
#define HOSTIF_CAP_USO	8
#define HOSTIF_CAP_PTP	16 /* not Ethernet: bare IP packets (tun) */

struct hostif_info {
	unsigned char lladdr[6]; /* the host's own, or zero: kernel makes one */
	unsigned int mtu; /* payload, without Ethernet header */
	unsigned int caps; /* HOSTIF_CAP_* */
	int up; /* carrier */
	unsigned long long baudrate; /* bit/s, 0 unknown */
};

/*
 * A kind of link.  All functions run in the loop or in a system call, with
 * the token.  spec is what stands behind "kind:" in NAME=kind:spec.
 */
struct hostif_kind {
	const char *kind;
	/*
	 * Opens spec for interface ifname.  event(arg, what) is called in the
	 * loop.  0, or -errno with a sentence for the user in why[whylen].
	 */
	int (*open)(const char *spec, const char *ifname,
	    void (*event)(void *arg, enum hostif_event what), void *arg,
	    void **linkp, char *why, unsigned long whylen);
	void (*close)(void *link);
	void (*info)(void *link, struct hostif_info *info);
	/*
	 * Up to n received frames, 0 when there are none; fewer where they are
	 * large, so that a batch stays in the processor's cache.  They are the
	 * link's memory and valid until the next rx, rx_enable or close; those
	 * with a loan until release, rx_enable or close.  -1: there are some,
	 * but no memory for them before loans are released.
	 */
	int (*rx)(void *link, struct hostif_frame *frames, int n);
	/* The loan of a frame has ended.  NULL: the kind lends nothing. */
	void (*release)(void *link, unsigned int loan);
	/*
	 * Frames since open that were for us, and that the host had no room
	 * for.  NULL: a link of this kind keeps back who sends.
	 */
	unsigned long long (*missed)(void *link);
	/* How many were taken, from the front; their memory is free again. */
	int (*tx)(void *link, const struct hostif_frame *frames, int n);
	/*
	 * Receiving on or off (interface up or down).  Off: HOSTIF_RX stops,
	 * and what arrives meanwhile is never heard.
	 */
	void (*rx_enable)(void *link, int on);
	/*
	 * Reads (val 0 length) or changes a named property: "promisc" "0|1",
	 * "lladdr", "carrier" "0|1" (pull and plug the cable), and for wires
	 * "loss" "dup" "reorder" "corrupt" (percent), "delay" "jitter" (ms),
	 * "bandwidth" (bit/s), "seed".  0 or -errno, -EOPNOTSUPP unknown.
	 */
	int (*ctl)(void *link, const char *name, const char *val, char *out,
	    unsigned long outlen);
};
/* The kind called name (length len), or 0. [n] */
const struct hostif_kind *hostif_lookup(const char *name, unsigned long len);
/* The names of all kinds, for a message to the user. [n] */
const char *hostif_kinds(void);

#endif
