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
#include <sys/task.h>

struct file;
struct uidinfo;
struct protosw;
struct proc;
struct sockaddr;

struct sockbuf {
	struct mbuf_list sb_q; /* datagrams: packets; streams: chains */
	uint64_t sb_cc; /* bytes */
	uint64_t sb_hiwat, sb_lowat;
	uint64_t sb_drops; /* messages that found no room */
	struct uidinfo *sb_ui; /* whose bytes these are: kern.maxuserbytes */
};

#define SS_CONNECTED	0x01
#define SS_CONNECTING	0x02
#define SS_DISCONNECTED 0x04
#define SS_CANTRCV	0x08 /* the peer has ended, all was delivered */
#define SS_CANTSEND	0x10
#define SS_LISTEN	0x20
#define SS_READY	0x40 /* may be accepted */

struct socket {
	const struct protosw *so_proto;
	void *so_pcb;
	struct file *so_file; /* NULL: the program is gone, the protocol is not */
	int so_type, so_protocol;
	uint32_t so_options; /* 1 << SO_* of the small ones */
	uint32_t so_state; /* SS_* */
	int so_error; /* for the next call, then cleared */
	int so_linger_s; /* -1: off */
	struct sockbuf so_rcv, so_snd;
	uid_t so_uid;
	gid_t so_gid;
	pid_t so_pid;
	uint32_t so_rtable;
	/* listeners: connections that wait to be accepted, and the queue we stand in */
	struct socket *so_head;
	TAILQ_HEAD(, socket) so_q;
	TAILQ_ENTRY(socket) so_qentry;
	unsigned int so_qlen, so_qlimit;
	long so_qfull; /* bytes in the pair when it took no more, 0: it does */
	TAILQ_ENTRY(socket) so_all;
	uint32_t so_pull; /* streams: bytes asked of the program at once */
	bool so_urgent; /* streams: so_rcv has an urgent byte */
	uint64_t so_urgat; /* and so many before it */
	bool so_pairgrown; /* its host pair is as large as it gets */
	struct uidinfo *so_ui;
	struct task so_over; /* ends the descriptor, outside of the protocol */
};

TAILQ_HEAD(socket_list, socket);
extern struct socket_list all_sockets; /* netstat walks it */

/* --- for protocols --- */
/*
 * A datagram for the program: from (padded to its length) and control may be
 * NULL.  Takes m in every case; when the receive buffer is full the message
 * is dropped and counted in so_rcv.sb_drops.  True if delivered or queued.
 */
bool soreceive_dgram(struct socket *so, struct mbuf *m, const struct sockaddr *from,
    socklen_t fromlen, const void *control, size_t controllen);
/*
 * Bytes of a stream for the program, in order.  Takes m.  sbspace() says
 * afterwards what room is left; the rcvd hook is called when more comes up
 * later, not from here.
 */
void soreceive_stream(struct socket *so, struct mbuf *m);
/*
 * Of the bytes that come next, the one behind off others is urgent (RFC 6093):
 * the program may see it by MSG_OOB, SIOCATMARK, POLLPRI and SIGURG.
 */
void soreceive_urgent(struct socket *so, uint32_t off);
/* Room the program's buffer has left. */
uint64_t sbspace(const struct sockbuf *sb);
/* Bytes the program has written: the first len of them leave so_snd. */
void sbdrop(struct sockbuf *sb, uint64_t len);
/*
 * Moves up to len bytes from the front of from, as packets, to the list ml:
 * what a protocol sends without keeping it.  Bytes moved (fewer: no memory).
 */
uint64_t sbmove(struct sockbuf *from, struct mbuf_list *ml, uint64_t len);
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
/* Gives so a descriptor; *cfd is the program's end.  0 or errno. */
int sofile_attach(struct socket *so, struct proc *p, int *cfd);

/* --- for kernel code that acts as a client (tests, NFS-like users) --- */
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
