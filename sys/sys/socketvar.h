/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Sockets: what the kernel keeps between a protocol and a descriptor.
 *
 * Data for the program is pushed into its host pair as long as that has
 * room, and waits in so_rcv after that.  Data from the program is pulled
 * when the protocol has room in so_snd (streams) or comes as a system call
 * (datagrams, where the answer matters).
 */

#ifndef _SYS_SOCKETVAR_H_
#define _SYS_SOCKETVAR_H_

#include <sys/types.h>
#include <sys/mbuf.h>
#include <sys/queue.h>

struct file;
struct uidinfo;
struct protosw;
struct proc;
struct sockaddr;
struct soconnect;

struct sockbuf {
	struct mbuf_list sb_q; /* datagrams: packets; streams: chains */
	uint32_t sb_cc; /* bytes */
	uint32_t sb_hiwat; /* and their limit, SB_MAX at most */
};
#define SB_MAX (1U << 30)
/*
 * Room in the host pair of a stream: for the program always, for what comes to
 * it as soon as the pair was full.  The host may grant less.
 */
#define PAIR_BYTES 262144

#define SS_CONNECTED	0x01
#define SS_CONNECTING	0x02
#define SS_DISCONNECTED 0x04
#define SS_CANTRCV	0x08 /* the peer has ended, all was delivered */
#define SS_CANTSEND	0x10
#define SS_LISTEN	0x20
#define SS_READY	0x40 /* may be accepted */
#define SS_SMALL	0x80 /* the program's end has a small buffer, see uipc_connect.c */

/*
 * 176 bytes: 56 of pointers and links, 64 of buffers, 32 that a listener needs
 * for its queue and others for something else, 16 of 32-bit numbers, 8 of
 * smaller ones.
 */
struct socket {
	const struct protosw *so_proto;
	void *so_pcb;
	struct file *so_file; /* NULL: the program is gone, the protocol is not */
	struct sockbuf so_rcv, so_snd;
	uint8_t so_type, so_rtable;
	uint16_t so_protocol;
	uint16_t so_state; /* SS_* */
	int16_t so_error; /* for the next call, then cleared */
	uint32_t so_options; /* 1 << SO_* of the small ones */
	int so_linger_s; /* -1: off */
	gid_t so_gid;
	pid_t so_pid;
	union {
		struct { /* SS_LISTEN: connections that wait to be accepted */
			TAILQ_HEAD(, socket) so_q;
			uint32_t so_qlen, so_qlimit;
			long so_qfull; /* bytes in the pair when it took no more, 0: it does */
		};
		struct { /* so_queue_begin() and so_queue_end() change over */
			TAILQ_ENTRY(socket) so_qentry; /* of so_head, or so_pushes or so_isover */
			uint32_t so_pull; /* streams: bytes asked of the program at once */
			bool so_pushes; /* streams: so_rcv waits for sodue_run() */
			bool so_isover; /* streams: the descriptor is to end */
			bool so_pairgrown; /* its host pair is as large as it gets */
			bool so_urgent; /* streams: so_rcv has an urgent byte */
			union {
				struct soconnect *so_connect; /* SS_CONNECTING */
				uint64_t so_urgat; /* and so many before it */
				uint64_t so_drops; /* datagrams that found no room */
			};
		};
	};
	struct socket *so_head; /* the listener in whose queue it stands */
	TAILQ_ENTRY(socket) so_all;
	struct uidinfo *so_ui; /* whose it is, and its bytes: kern.maxuserbytes */
};
_Static_assert(sizeof(struct socket) <= 176, "an idle connection is small");

TAILQ_HEAD(socket_list, socket);
extern struct socket_list all_sockets; /* netstat walks it */

/* --- for protocols --- */
/*
 * A datagram for the program: from (padded to its length) and control may be
 * NULL.  Takes m in every case; when the receive buffer is full the message
 * is dropped and counted in so_drops.  True if delivered or queued.
 */
bool soreceive_dgram(struct socket *so, struct mbuf *m, const struct sockaddr *from,
    socklen_t fromlen, const void *control, size_t controllen);
/*
 * Bytes of a stream for the program, in order.  Takes m.  They stay in so_rcv
 * until sodue_run(), and sbspace() says what room is left; the rcvd hook is
 * called when more comes up later, not from here.
 */
void soreceive_stream(struct socket *so, struct mbuf *m);
/*
 * At the end of a batch, with the token and outside of protocols: hands over
 * what soreceive_stream() took in, and ends descriptors of connections that are
 * over.  True if there was anything: protocols may have something to send.
 */
bool sodue_run(void);
/*
 * Of the bytes that come next, the one behind off others is urgent (RFC 6093):
 * the program may see it by MSG_OOB, SIOCATMARK, POLLPRI and SIGURG.
 */
void soreceive_urgent(struct socket *so, uint32_t off);
/* Room the program's buffer has left. */
uint64_t sbspace(const struct sockbuf *sb);
/*
 * The same as far as the user's share of memory goes; a socket that holds
 * little always has room, so that all of a user's make progress.
 */
uint64_t sbroom(const struct socket *so, const struct sockbuf *sb);
/* Bytes the program has written: the first len of them leave so_snd. */
void sbdrop(struct socket *so, uint64_t len);
/*
 * Moves up to len bytes from the front of so_snd, as packets, to the list ml:
 * what a protocol sends without keeping it.  Bytes moved (fewer: no memory).
 */
uint64_t sbmove(struct socket *so, struct mbuf_list *ml, uint64_t len);
/* Connection is there. */
void soisconnected(struct socket *so);
/*
 * It is over for both sides, or did not come about (then connect(2) may be
 * tried again).  With so_error set the program sees that error behind the
 * data that came before; without, the end.  The protocol may go on using so:
 * detach follows later, from the loop.
 */
void soisdisconnected(struct socket *so);
/* The peer has ended: the program reads the end behind what came before. */
void socantrcvmore(struct socket *so);
/*
 * An error that the program will see on its next call, e.g. from ICMP.  A
 * datagram socket that waits for data is told at once, in a message.
 */
void soseterror(struct socket *so, int error);
/* A new connection on listener head: a socket with attach() done (for the
 * listener's user), not yet visible to the program, or NULL when the queue is
 * full or memory is short. */
struct socket *sonewconn(struct socket *head);
/* It may be accepted now. */
void sonewconn_ready(struct socket *so);
/* The protocol is done with a socket whose program has gone. */
void sofree(struct socket *so);
/* Buffer sizes wanted by the protocol.  0 or ENOBUFS. */
int soreserve(struct socket *so, uint64_t snd, uint64_t rcv);

void soinit(void); /* at boot */
void looptest_init(void); /* at boot: looptest(4) */
/* What serves the ioctls that no protocol knows: those of interfaces. */
void soioctl_register(int (*fn)(unsigned long cmd, void *data, struct proc *p));
/* so_snd has room again: the program's bytes may come. */
void sosndroom(struct socket *so);
/*
 * Ends the sockets of a protocol on a local port (network order) that their
 * programs have closed, before the host's event says so: a server that begins
 * again must not find its own past.  Has any been ended?
 */
bool soport_sweep(const struct protosw *pr, uint16_t port);
/*
 * connect(2) of a stream.  0, or errno: EINPROGRESS while it is under way; with
 * wait the caller is answered when it is over then, if he can be (CALL_LATER).
 */
int soconnect(struct socket *so, const struct sockaddr *sa, socklen_t len, struct proc *p, bool wait);
/* It is over, as SS_CONNECTED says: the program's end takes bytes again. */
void soconnect_over(struct socket *so);
/* A call about so brought the program's end fd: its buffer, if it is small, ends. */
void soconnect_small(struct socket *so, int fd);
void soconnect_init(void);
/* Gives so a descriptor; *cfd is the program's end.  0 or errno. */
int sofile_attach(struct socket *so, struct proc *p, int *cfd);
/*
 * A stream loses its peer by the protocol's disconnect hook, with all that was
 * on its way, and gets another descriptor; the old one has ended.  0 or errno,
 * and nothing has changed.
 */
int sorenew(struct socket *so, struct proc *p, int *cfd);

/* --- for kernel code that acts as a client (tests, NFS-like users) --- */
/* The queue of a listener for limit connections, empty; and its end: all in it
 * are reset.  SS_LISTEN goes with them. */
void so_queue_begin(struct socket *so, uint32_t limit);
void so_queue_end(struct socket *so);
/* listen(2): connections may come.  Again: only the backlog changes.  0 or errno. */
int solisten(struct socket *so, int backlog);
/*
 * Shuts down one side (how as in shutdown(2)) of a datagram socket, or a
 * listener for good; the program shuts streams at its own end, so nothing is
 * done for them.  0, ENOTCONN, EINVAL.
 */
int soshutdown(struct socket *so, int how);
int socreate(int family, int type, int protocol, struct proc *p, struct socket **sop);
void soclose(struct socket *so);

#endif
