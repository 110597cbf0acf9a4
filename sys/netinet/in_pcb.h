/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Protocol control blocks: the Internet end of a socket, of both families.
 * See in_pcb(9).
 *
 * Life: in_pcb_alloc() in attach, in_pcb_free() in detach.  A pcb is in its
 * table's list always, in the port hash while it has a local port, and in
 * the connection hash while it has a peer as well.
 */

#ifndef _NETINET_IN_PCB_H_
#define _NETINET_IN_PCB_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <net/ip_addr.h>
#include <netinet/in_mcast.h>
#include <netinet/ip_var.h>

struct in_pcb_key;
struct inpcb;
struct proc;
struct socket;
LIST_HEAD(in_pcb_list, inpcb);

struct in_pcb_table {
	const char *name; /* "udp": for net.inet.pcblist */
	TAILQ_HEAD(, inpcb) all;
	struct in_pcb_list *by_port,
	    *by_conn; /* size heads each, NULL before the first */
	uint32_t size, count, seed;
	TAILQ_ENTRY(in_pcb_table) entry;
	/* for net.inet.pcblist; NULL: always 0 */
	uint32_t (*state)(const struct inpcb *inp);
};

#define INP_IPV4 1
#define INP_IPV6 2

/* inp_flags */
#define INP_HDRINCL      0x0001
#define INP_RECVPKTINFO  0x0002 /* IP_PKTINFO, IPV6_RECVPKTINFO */
#define INP_RECVTTL      0x0004
#define INP_RECVTOS      0x0008
#define INP_DONTFRAG     0x0010 /* IPV6_DONTFRAG */
#define INP_V6ONLY       0x0020
#define INP_BINDANY      0x0040
#define INP_TIMESTAMP    0x0080
#define INP_RECVPKTINFO4 0x0100 /* on an IPv6 socket, for mapped ones */
#define INP_RECVORIGDST	 0x0400 /* destination and port, as sent */
#define INP_NOMLOOP4	 0x1000 /* own multicasts do not come back */
#define INP_NOMLOOP6	 0x2000
#define INP_NOMCASTALL	 0x0800 /* only groups it joined itself */
#define INP_BINDNOPORT	 0x4000 /* connect chooses the port, bind does not */
#define INP_TIMESTAMPNS	 0x8000
#define INP_BOUNDADDR	 0x10000 /* the program chose the local address */
#define INP_BOUNDPORT	 0x20000 /* it has its port by bind */
#define INP_FREEBIND	 0x40000 /* bind takes addresses that are not ours (yet) */
#define INP_RECVERR4	 0x80000 /* in_errq.c */
#define INP_RECVERR6	 0x100000
#define INP_RXQOVFL	 0x200000 /* SO_RXQ_OVFL */
#define INP_MTUDISC4	 22 /* shift of IP_MTU_DISCOVER, three bits */
#define INP_MTUDISC6	 25
#define INP_OLDHOPS	 0x20000000 /* IPV6_2292HOPLIMIT, IPV6_2292PKTINFO: as */
#define INP_OLDPKTINFO	 0x40000000 /* programs from before RFC 3542 want it */
#define INP_UDPGRO	 0x10000000 /* datagrams that came as one stay one */
#define INP_HIDDEN	 0x0200 /* bound, but no packet is for it (yet) */

/* MTU_DISCOVER: sent with DF, and cut here or not at all */
enum in_mtudisc {
	IN_PMTU_DONT,	   /* no, routers may cut */
	IN_PMTU_WANT,	   /* what fits the path; the rest is cut, by routers too */
	IN_PMTU_DO,	   /* always; what does not fit is refused */
	IN_PMTU_PROBE,	   /* the same, by the link's MTU */
	IN_PMTU_INTERFACE, /* no, but what does not fit the link is refused */
	IN_PMTU_OMIT,	   /* no, and what ICMP says of the path is not believed */
	IN_PMTU_MAX
};

/* What few sockets say: a pcb has the usual values until one is set. */
struct in_pcb_rare {
	uint8_t mttl, mhops; /* of packets to groups; 0: stay here */
	uint32_t mifindex, mifindex6; /* groups leave by it, 0: by route */
	struct ip_addr maddr; /* v4 source of packets to groups, or zero */
	int cksumoff; /* raw v6: place of the checksum, -1 none */
	uint32_t icmp6filter[8]; /* bit set: type is blocked */
	uint32_t icmpfilter; /* the same of ICMP's, up to 31 */
	uint8_t options[40]; /* v4, inp_optlen bytes */
	uint32_t uifindex, uifindex6; /* all else leaves by it, 0: by route */
	struct mbuf_list errors; /* in_errq.c */
	uint32_t win_clamp;	 /* tcp: the largest window, 0: any */
	int16_t linger2_s;	 /* tcp: FIN_WAIT_2 without a program, -1: not at all */
	uint16_t segment;	 /* udp: UDP_SEGMENT, 0: none */
	uint8_t defer;		 /* tcp: TCP_DEFER_ACCEPT, tcp_defer_s() */
};

/*
 * 160 bytes: 48 of links, 40 of pointers, 32 of addresses, 20 of 32-bit
 * numbers, 8 of 16-bit ones, 12 of families, ports and bytes.
 */
struct inpcb {
	TAILQ_ENTRY(inpcb) inp_all;
	LIST_ENTRY(inpcb) inp_byport, inp_byconn;
	struct in_pcb_table *inp_table;
	struct socket *inp_socket;
	sa_family_t inp_af; /* of the socket: how addresses are told to it */
	uint8_t inp_vers;   /* INP_IPV4 | INP_IPV6: what it can receive now */
	uint8_t inp_proto;  /* raw: protocol, 0 any */
	uint16_t inp_lport, inp_fport; /* host order */
	bool inp_bound, inp_connected; /* which hashes it is in */
	uint8_t inp_prio;   /* of its packets, 0 to 7: pf, vlan */
	uint8_t inp_optlen; /* bytes of v4 options in inp_rare */
	uint32_t inp_scope; /* interface of a link-local laddr or faddr */
	struct ip_addr inp_laddr, inp_faddr; /* v4 form also on IPv6 sockets */
	uint32_t inp_ifindex; /* SO_BINDTODEVICE, 0: any */
	uint32_t inp_rtable;
	uint32_t inp_flags;        /* INP_* */
	int16_t inp_ttl, inp_hops; /* -1: default */
	uint8_t inp_tos, inp_tclass;
	uint8_t inp_minttl, inp_minhops; /* RFC 5082: fewer are dropped */
	uint32_t inp_mtu6; /* IPv6 packets are cut at, 0: as the path wants */
	struct in_member_list inp_members;
	const struct in_pcb_rare *inp_rare; /* never NULL; in_pcb_rare() sets */
	void *inp_ppcb; /* the protocol's own: tcp */
};
_Static_assert(sizeof(struct inpcb) <= 160, "an idle connection is small");

/* Did a packet with this TTL come from too far away for inp? */
static inline bool
in_pcb_ttl_low(const struct inpcb *inp, sa_family_t af, uint8_t ttl)
{
	return (ttl < (af == AF_INET ? inp->inp_minttl : inp->inp_minhops));
}

static inline enum in_mtudisc
in_pcb_mtudisc(const struct inpcb *inp, sa_family_t af)
{
	return (inp->inp_flags >>
	    (af == AF_INET ? INP_MTUDISC4 : INP_MTUDISC6) & 7);
}
/* Are its packets of the size that the path takes, and no router may cut them? */
static inline bool
in_pcb_pathmtu(const struct inpcb *inp, sa_family_t af)
{
	enum in_mtudisc how = in_pcb_mtudisc(inp, af);

	return (how >= IN_PMTU_WANT && how <= IN_PMTU_PROBE);
}
/* For both families. */
static inline void
in_pcb_setmtudisc(struct inpcb *inp, enum in_mtudisc how)
{
	inp->inp_flags &= ~(7U << INP_MTUDISC4 | 7U << INP_MTUDISC6);
	inp->inp_flags |= (uint32_t)how << INP_MTUDISC4 |
	    (uint32_t)how << INP_MTUDISC6;
}

/* The sockets of a transport protocol, or NULL: pf asks who owns a packet. */
struct in_pcb_table *in_pcb_table_of(uint8_t proto);
/* Before the first use of t.  name is kept. */
void in_pcb_table_init(struct in_pcb_table *t, const char *name);
void in_pcb_init(void);

/* A pcb for so, set as so_pcb.  0 or ENOBUFS. */
int in_pcb_alloc(struct socket *so, struct in_pcb_table *t, sa_family_t af);
void in_pcb_free(struct inpcb *inp);
/*
 * The rare values of inp, to be changed: its own from now on, freed with it.
 * NULL: no memory, and nothing has changed.
 */
struct in_pcb_rare *in_pcb_rare(struct inpcb *inp);

/*
 * Gives a local address and port (0: one is chosen, RFC 6056).  EINVAL bound
 * already, bad address or no interface for a link-local one, ENODEV no such
 * interface, EADDRNOTAVAIL not ours, EADDRINUSE, EACCES
 * port below 1024, EAFNOSUPPORT.  Nothing changed then.
 */
int in_pcb_bind(struct inpcb *inp, const struct sockaddr *sa, socklen_t len,
    struct proc *p);
/* A port only, if it has none. */
int in_pcb_bind_any(struct inpcb *inp);
/*
 * Fixes the peer; chooses local address and port where they are open.  A
 * datagram socket may have one before, and has it still after an error.
 * EISCONN (stream), EADDRNOTAVAIL (no address, or no port is left),
 * ENETUNREACH, EADDRINUSE (it is bound, and the four numbers exist).
 */
int in_pcb_connect(struct inpcb *inp, const struct sockaddr *sa, socklen_t len,
    struct proc *p);
/* No peer any more; address and port are open again where bind did not say them. */
void in_pcb_disconnect(struct inpcb *inp);
/* Gives up its port and its peer; the addresses can still be told. */
void in_pcb_release(struct inpcb *inp);
/*
 * A connection that came to listener: its four numbers, and what the listener
 * says of its packets.  0 or EADDRINUSE.
 */
int in_pcb_accept(struct inpcb *inp, const struct inpcb *listener,
    const struct in_pcb_key *k);
/* The address that packets to a will carry.  0, ENETUNREACH, EADDRNOTAVAIL. */
int in_pcb_source(const struct inpcb *inp, sa_family_t af,
    const struct ip_addr *a, uint32_t scope, struct ip_addr *src);
/*
 * Is src not ours, so that nothing can be sent with it?  Only IP_FREEBIND lets
 * a socket come to that, and SO_BINDANY to send.
 */
bool in_pcb_foreign(const struct inpcb *inp, sa_family_t af,
    const struct ip_addr *src);
/* As getsockname and getpeername want it (ENOTCONN). */
int in_pcb_sockname(struct socket *so, struct sockaddr *sa, socklen_t *len);
int in_pcb_peername(struct socket *so, struct sockaddr *sa, socklen_t *len);
/* An address for the socket's program: mapped on IPv6 sockets. */
socklen_t in_pcb_sockaddr(const struct inpcb *inp, sa_family_t af,
    const struct ip_addr *a, uint16_t port, uint32_t scope,
    struct sockaddr_storage *ss);
/* The other way: EAFNOSUPPORT when the socket cannot speak to it. */
int in_pcb_readaddr(const struct inpcb *inp, const struct sockaddr *sa,
    socklen_t len, sa_family_t *af, struct ip_addr *a, uint16_t *port,
    uint32_t *scope);

/*
 * The interface of an address that needs one (RFC 4007): scope if that is not
 * 0, or the socket's.  EINVAL: there is none, or the socket is bound to
 * another.
 */
int in_pcb_zone(const struct inpcb *inp, sa_family_t af,
    const struct ip_addr *a, uint32_t *scope);

/* A packet's numbers, seen from here: f is its source. */
struct in_pcb_key {
	sa_family_t af;
	struct ip_addr laddr, faddr;
	uint16_t lport, fport; /* host order */
	uint32_t rtable;
	uint32_t ifindex; /* received on */
};
/*
 * Inverted match, for what pf redirected to a loopback address: a socket
 * bound to any address comes before one bound to that address.
 */
enum in_pcb_order { INPCB_USUAL, INPCB_INVERTED };
/* The socket that a packet is for: connected ones first.  NULL. */
struct inpcb *in_pcb_lookup(struct in_pcb_table *t, const struct in_pcb_key *k,
    enum in_pcb_order order);
/* The same for packet m that came in: where pf diverted it, or in the order
 * that pf wants. */
struct inpcb *in_pcb_input(struct in_pcb_table *t, const struct mbuf *m,
    const struct in_pcb_key *k);
/* Only the connected one, as for errors. */
struct inpcb *in_pcb_lookup_conn(struct in_pcb_table *t,
    const struct in_pcb_key *k);
/* Is there another connection that packets of inp with these numbers could be
 * for?  k's ifindex is the scope of a link-local address, 0 none. */
bool in_pcb_conn_taken(const struct inpcb *inp, const struct in_pcb_key *k);
/* Does a packet of these numbers concern inp at all?  For groups. */
bool in_pcb_matches(const struct inpcb *inp, const struct in_pcb_key *k);
/* First of the chain in which all sockets of this local port are. */
struct inpcb *in_pcb_port_first(struct in_pcb_table *t, uint16_t lport);

/* --- ports of sockets that have none (in_pcb_port.c; RFC 6056) --- */
void in_pcb_port_init(void);
/* Has it a port that connections to elsewhere may have too? */
static inline bool
in_pcb_port_shared(const struct inpcb *inp)
{
	return (inp->inp_connected && (inp->inp_flags & INP_BOUNDPORT) == 0);
}
/* A port that no socket of these families (INP_IPV4, INP_IPV6) has.  Host
 * order, 0: there is none. */
uint16_t in_pcb_port_bind(const struct inpcb *inp, uint8_t vers);
/* A port that is free for the other three numbers of k, and nobody's by
 * bind.  Host order, 0: there is none. */
uint16_t in_pcb_port_connect(const struct inpcb *inp,
    const struct in_pcb_key *k);

/* --- options and control data of both families (in_opt.c) --- */
int in_opt_set(struct inpcb *inp, int level, int name, const void *val,
    socklen_t len, struct proc *p);
int in_opt_get(struct inpcb *inp, int level, int name, void *val,
    socklen_t *len);
#define IN_CONTROL_MAX 320
/* What the socket wants to know of a received packet.  Bytes written. */
uint32_t in_opt_control(const struct inpcb *inp, const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint8_t out[IN_CONTROL_MAX]);
/* What sendmsg() said for one packet. */
struct in_send {
	struct ip_addr src; /* zero: as bound, or chosen */
	uint32_t ifindex;
	int ttl, tos; /* -1: the socket's; 0 is said by IPv6 only */
	int segment;  /* udp: cut into datagrams of so many bytes, 0 not, -1 the socket's */
};
/* 0, or EINVAL for what is not known or not well formed. */
int in_opt_sendcontrol(const struct inpcb *inp, const void *control, size_t len,
    struct in_send *s);

/*
 * Sends payload m, its transport header in front, from inp to dst with all
 * that inp and s say.  Takes m.  0 or errno.
 */
int in_pcb_output(const struct inpcb *inp, struct mbuf *m, sa_family_t af,
    uint8_t proto, const struct ip_addr *dst, uint32_t scope,
    const struct in_send *s);

/* --- errors about what was sent (in_errq.c) --- */
#define IN_ERROR_LOCAL 1 /* origins, as programs have them */
#define IN_ERROR_ICMP  2
#define IN_ERROR_ICMP6 3
struct in_error {
	sa_family_t af;
	int error;
	uint8_t origin, type, code, ttl;
	uint32_t info;	       /* EMSGSIZE: the MTU */
	struct ip_addr from, dst; /* who says so of a packet to dst */
	uint16_t dport;
	uint32_t ifindex; /* of link-local addresses */
};
/* Does the program want to be told of errors about its packets of af? */
bool in_errq_wanted(const struct inpcb *inp, sa_family_t af);
/* One more, with len bytes of the payload that was sent. */
void in_errq_add(struct inpcb *inp, const struct in_error *ie,
    const uint8_t *data, uint32_t len);
/* The same of an ICMP error; arguments as of ctlinput, quoted of len bytes
 * with hlen of its header. */
void in_errq_icmp(struct inpcb *inp, const struct ip_input_ctx *ctx, int err,
    const uint8_t *quoted, uint32_t len, uint32_t hlen, uint32_t mtu);
/* A packet to dst is too long for the way there. */
void in_errq_toobig(struct inpcb *inp, sa_family_t af,
    const struct ip_addr *dst, uint16_t dport, uint32_t scope);
/* SO_ERRQUEUE: the oldest, a message as in <sys/file_msg.h>.  EAGAIN: none. */
int in_errq_get(struct inpcb *inp, void *val, socklen_t *len);

/* --- protocols --- */
void udp_init(void);
void tcp_init(void);
void rip_init(void);

#endif
