/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a protocol gives to sockets (habit 18).  A domain registers a row for
 * each (family, type, protocol) at boot.
 */

#ifndef _SYS_PROTOSW_H_
#define _SYS_PROTOSW_H_

#include <sys/types.h>
#include <sys/queue.h>

struct mbuf;
struct proc;
struct sockaddr;
struct socket;

#define PR_ATOMIC	1 /* messages keep their bounds */
#define PR_ADDR		2 /* each message has an address */
#define PR_CONNREQUIRED 4
#define PR_WANTRCVD	8 /* call rcvd when the program has read */

/*
 * All run with the token; a NULL hook means EOPNOTSUPP.  Errors are errno
 * values.  Addresses come in checked for length against their family only.
 */
struct protosw {
	const char *pr_name;
	sa_family_t pr_family;
	int pr_type; /* SOCK_* */
	int pr_protocol; /* 0: any */
	int pr_flags;
	int (*attach)(struct socket *so, int proto, struct proc *p); /* sets so_pcb */
	void (*detach)(struct socket *so); /* so goes away; may linger without it */
	int (*bind)(struct socket *so, const struct sockaddr *sa, socklen_t len, struct proc *p);
	int (*listen)(struct socket *so);
	/* 0: connected, EINPROGRESS: soisconnected() or an error follows. */
	int (*connect)(struct socket *so, const struct sockaddr *sa, socklen_t len, struct proc *p);
	/* No peer; streams: a reset, or no more listening.  Options stay. */
	int (*disconnect)(struct socket *so);
	int (*shutdown)(struct socket *so); /* no more from the program: FIN */
	/*
	 * Takes the packet or piece m in every case.  sa: destination or NULL.
	 * control: cmsghdrs or NULL.
	 */
	int (*send)(struct socket *so, struct mbuf *m, const struct sockaddr *sa,
	    socklen_t len, const void *control, size_t controllen, struct proc *p);
	void (*urgent)(struct socket *so); /* streams: the last byte of so_snd is urgent; send follows */
	void (*rcvd)(struct socket *so); /* so_rcv has more room */
	/* The peer is to see a reset, now; detach follows. */
	void (*abort)(struct socket *so);
	/* Fill sa[*len]; *len becomes the true length. */
	int (*sockname)(struct socket *so, struct sockaddr *sa, socklen_t *len);
	int (*peername)(struct socket *so, struct sockaddr *sa, socklen_t *len);
	int (*ioctl)(struct socket *so, unsigned long cmd, void *data, struct proc *p);
	int (*setopt)(struct socket *so, int level, int name, const void *val, socklen_t len, struct proc *p);
	int (*getopt)(struct socket *so, int level, int name, void *val, socklen_t *len, struct proc *p);
	TAILQ_ENTRY(protosw) pr_entry;
};

void protosw_register(struct protosw *pr);
/* Best row for the three numbers of socket(2), or NULL with *error set. */
const struct protosw *protosw_find(int family, int type, int protocol, int *error);

#endif
