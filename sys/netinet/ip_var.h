/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the IP layer gives: output and input of both families, protocols
 * above it, and what they share.  See ip(9).
 */

#ifndef _NETINET_IP_VAR_H_
#define _NETINET_IP_VAR_H_

#include <sys/types.h>
#include <sys/mbuf.h>
#include <net/ip_addr.h>

struct ifnet;
struct inpcb;
struct rtentry;

/* --- output --- */
#define IPOUT_FORWARDING 0x01 /* header is complete; pf out runs */
#define IPOUT_RAWHDR	 0x02 /* IP_HDRINCL: keep the sender's header */
#define IPOUT_BROADCAST	 0x04 /* may go to a broadcast address */
#define IPOUT_DONTROUTE	 0x08 /* only to hosts on a link of ours */
#define IPOUT_DF	 0x10 /* v4: set DF */
#define IPOUT_MINMTU	 0x20 /* v6: fragment to 1280 */
#define IPOUT_IFONLY	 0x40 /* out by po_ifp whatever the route says */
#define IPOUT_STAY	 0x200 /* a multicast is only for listeners here */
#define IPOUT_NOLOOP	 0x100 /* no copy of a multicast for listeners here */
#define IPOUT_NOHOPS	 0x400 /* v6: a hop limit of 0 is meant */
#define IPOUT_JUDGED	 0x80 /* pf out has seen it: do not ask again */
#define IPOUT_DFFITS	 0x800 /* v4: set DF if it need not be cut here */
#define IPOUT_LINKMTU	 0x1000 /* the path's MTU does not matter */
#define IPOUT_NOCUT	 0x2000 /* EMSGSIZE if it does not fit */

struct ip_outopts {
	uint32_t po_flags; /* IPOUT_* */
	uint32_t po_rtable;
	struct ifnet *po_ifp; /* for link-local and multicast destinations, or NULL */
	const void *po_options; /* v4: options; v6: extension headers before the transport */
	uint32_t po_optlen;
	uint32_t po_mtu; /* v6: cut at this if the path allows more, 0: no */
};
/*
 * Sends a packet.  m_data at the IP header, whose length, addresses, TTL
 * and protocol are set; id, offset and checksum are filled in here.  The
 * transport's checksum is left to M_*_CSUM_OUT.  Chooses a source address
 * when the header's is zero.  Takes m.  po may be NULL.  0 or errno
 * (ENETUNREACH, EHOSTUNREACH, EMSGSIZE, ENOBUFS, EACCES broadcast or pf,
 * EADDRNOTAVAIL).
 */
int ip_output(struct mbuf *m, const struct ip_outopts *po);
int ip6_output(struct mbuf *m, const struct ip_outopts *po);

/* --- input: protocols above IP (habit 18) --- */
/* An ICMP error: what it says, and who. */
struct ip_said {
	struct ip_addr from;
	uint8_t type, code, ttl;
};
struct ip_input_ctx {
	struct ifnet *ifp; /* received on */
	sa_family_t af;
	uint8_t proto, ttl, tos;
	uint32_t off; /* of the transport header in m */
	uint32_t nxtoff; /* v6: of the byte that names the transport, for IPE_PROTOCOL */
	bool frag; /* v6: it came in fragments, or with a fragment header */
	uint32_t exit; /* as in struct ip_frag */
	const struct ip_said *said; /* of a quoted packet, for ctlinput */
	struct ip_addr src, dst;
};
/* One row serves both families where the protocol does. */
struct ip_proto {
	const char *name;
	uint8_t number;
	bool inet, inet6;
	bool raw_after; /* input checks first and calls rip_deliver() itself */
	/* Takes m.  m_data at the IP header, ctx->off at ours. */
	void (*input)(struct mbuf *m, const struct ip_input_ctx *ctx);
	/*
	 * An ICMP error about a packet we sent: err is an errno, quoted the
	 * transport header (at least 8 bytes), ctx of the quoted packet with
	 * ifp where the error came in; mtu for EMSGSIZE.
	 */
	void (*ctlinput)(const struct ip_input_ctx *ctx, int err, const uint8_t *quoted, uint32_t len, uint32_t mtu);
	/*
	 * Did one of our sockets send the quoted packet?  Asked before a path
	 * MTU or a redirect is believed.  NULL: nobody can tell, believe it.
	 */
	bool (*sent_by_us)(const struct ip_input_ctx *ctx, const uint8_t *quoted, uint32_t len);
};
void ip_proto_register(const struct ip_proto *pr);
const struct ip_proto *ip_proto_find(sa_family_t af, uint8_t number); /* NULL */
/* Raw sockets see every packet; true if one took (a copy of) it. (raw_ip.c) */
bool rip_deliver(struct mbuf *m, const struct ip_input_ctx *ctx);
/* An ICMP error, as ctlinput: for the raw sockets that asked for such. */
void rip_ctlinput(const struct ip_input_ctx *ctx, int err,
    const uint8_t *quoted, uint32_t len, uint32_t mtu);
/* To our own protocols, after reassembly and extension headers.  Takes m. */
void ip_deliver(struct mbuf *m, const struct ip_input_ctx *ctx);

/* --- errors to others, rate limited (net.inet.icmp.errppslimit, inet6 likewise) --- */
/* Answers packet m (header at m_data) and takes it.  mtu for needfrag/toobig, else 0. */
void icmp_error(struct mbuf *m, int type, int code, uint32_t mtu);
void icmp6_error(struct mbuf *m, int type, int code, uint32_t param);
/* The same by meaning, for code that serves both families. */
enum ip_error { IPE_NOROUTE, IPE_HOST, IPE_PORT, IPE_PROHIBITED, IPE_TTL, IPE_REASS, IPE_TOOBIG, IPE_PROTOCOL };
/* mtu: for IPE_TOOBIG; for IPE_PROTOCOL the place of the unknown number (v6). */
void ip_error(struct mbuf *m, sa_family_t af, enum ip_error what, uint32_t mtu);

/* --- fragments (ip_frag.c: both families; RFC 815, 5722) --- */
/*
 * A fragment of len payload bytes at m+hdrlen, offset off, more: are there
 * more.  Takes m.  Returns the whole packet (m_data at its IP header,
 * unfragmented form) or NULL.  See ip_reass(9).
 */
struct ip_frag {
	sa_family_t af;
	struct ip_addr src, dst;
	uint32_t id;
	uint8_t proto; /* v4: part of the key; v6: next header of the first */
	uint32_t off, len, hdrlen; /* hdrlen: unfragmentable part incl. frag header */
	bool more;
	uint8_t tos; /* ECN, RFC 3168 5.3 */
	struct ifnet *ifp;
	uint32_t exit; /* interface that it leaves by, apart from all others; 0: it comes in */
	uint32_t *largest; /* NULL, or gets the length of the largest fragment */
};
struct mbuf *ip_reass(struct mbuf *m, const struct ip_frag *f);
void ip_frag_init(void); /* once, at boot; both families */
void ip_frag_flush(void); /* forgets all fragments */
/* While pf runs: its limit of pieces and time to wait, instead of what sysctl
 * says, for both families; seconds 0: sysctl's again. */
void ip_frag_tune(uint32_t pieces, uint32_t seconds);
unsigned int ip_frag_held(void); /* how many wait */
/* Cuts packet m into pieces for mtu, in ml.  0 or EMSGSIZE, ENOBUFS (m gone). */
int ip_fragment(struct mbuf *m, struct mbuf_list *ml, uint32_t mtu);
int ip6_fragment(struct mbuf *m, struct mbuf_list *ml, uint32_t mtu);
/* Cuts a M_TCP_TSO or M_UDP_GSO packet into segments, in ml.  Takes m. */
int ip_segment(struct mbuf *m, sa_family_t af, struct mbuf_list *ml);

/* --- a family is a row (habit 13): what code for both asks for --- */
struct ip_family {
	const char *name; /* "inet", "inet6" */
	sa_family_t af;
	uint8_t hdrlen; /* 20, 40 */
	uint8_t icmp; /* IPPROTO_ICMP, IPPROTO_ICMPV6 */
	int (*output)(struct mbuf *m, const struct ip_outopts *po);
	/*
	 * A packet with a sound header that pf has let in, also one that af-to
	 * brought from the other family: options, then ours or forward.  Takes m.
	 */
	void (*input_judged)(struct ifnet *ifp, struct mbuf *m);
	void (*error)(struct mbuf *m, enum ip_error what, uint32_t mtu);
	struct ifaddr *(*source_select)(struct ifnet *ifp, const struct ip_addr *dst, const struct rtentry *rt);
	/* The largest packet of the family that ifp takes. */
	uint32_t (*linkmtu)(const struct ifnet *ifp);
	int *defttl; /* ip_defttl, ip6_defhlim */
	bool ttl_by_link; /* output fills in a TTL of 0: the interface's default */
};
/*
 * The MTU of the first link on the way to dst, and what is known of the whole
 * way.  scope: the interface, when dst means something only there.  0: no way.
 */
uint32_t ip_linkmtu_to(sa_family_t af, uint32_t rtable, const struct ip_addr *dst, uint32_t scope);
uint32_t ip_pathmtu_to(sa_family_t af, uint32_t rtable, const struct ip_addr *dst, uint32_t scope);
void ip_family_register(const struct ip_family *fam); /* by ipinit(), ip6init() */
/*
 * A header in front of m, ready for output(): addresses, protocol, TTL and
 * class are set.  Takes m; NULL when there is no memory (m is gone).
 */
struct ip_encap {
	sa_family_t af;
	uint8_t proto, ttl, tos; /* ttl 0: the family's default */
	struct ip_addr src, dst; /* src zero: chosen by output */
};
struct mbuf *ip_encap(struct mbuf *m, const struct ip_encap *e);
const struct ip_family *ip_family(sa_family_t af); /* NULL: not attached */

/* --- addresses --- */
/* Source for dst out of ifp (RFC 6724 for v6).  NULL when there is none. */
struct ifaddr *in_source_select(struct ifnet *ifp, const struct ip_addr *dst, const struct rtentry *rt);
struct ifaddr *in6_source_select(struct ifnet *ifp, const struct ip_addr *dst, const struct rtentry *rt);
uint16_t ip_randomid(void);

extern int ip_forwarding, ip6_forwarding, ip_defttl, ip6_defhlim;
extern int ip_directedbcast, ip_sendredirects, ip_mtudisc;

/* --- IPv4's own rooms --- */
/* From the link (fam_input): checks the header, asks pf.  Takes m. */
void ip_input(struct ifnet *ifp, struct mbuf *m);
/* fam_sound, fam_fit of struct if_family. */
struct mbuf *ip_sound(struct mbuf *m);
int ip_fit(struct mbuf **mp, uint32_t mtu, struct mbuf_list *ml);
/* fam_toobig: RFC 1191 3.  (ip_icmp.c) */
struct mbuf *icmp_toobig(struct mbuf **mp, uint32_t mtu);
/* From here on the packet is sound and pf has let it in.  Takes m. */
void ip_input_judged(struct ifnet *ifp, struct mbuf *m);
/* Sends a packet on by rt, received on ifp.  Takes m.  (ip_forward.c) */
void ip_forward(struct ifnet *ifp, struct mbuf *m, struct rtentry *rt);
/*
 * The last step to a link: fits the packet to the MTU (0: the interface's)
 * and gives it to ifp for next hop gw.  Header complete.  Takes m.  0 or
 * errno; EMSGSIZE with DF set leaves *mp to the caller.  (ip_output.c)
 */
struct ip_exit {
	struct ifnet *ifp;
	struct rtentry *rt; /* may be NULL */
	struct ip_addr gw; /* next hop */
	uint32_t mtu;
};
int ip_emit(struct mbuf **mp, const struct ip_exit *ex);
void ip_exit_of(struct ip_exit *ex, struct rtentry *rt, uint32_t dst);
/* Fits mtu as it is, or as segments of that size?  m's headers may be in pieces. */
bool ip_fits(const struct mbuf *m, uint32_t mtu);
/* Is the header's pair of addresses one that cannot come in by ifp (RFC 1812 5.3.7)? */
bool ip_martian(const struct ifnet *ifp, const struct mbuf *m, uint32_t src, uint32_t dst);
/*
 * Walks the options of a packet received on ifp and writes what routers
 * write.  0: go on; otherwise m was refused and is gone.  A source route
 * that names its next stop changes ip_dst.  (ip_options.c)
 */
int ip_dooptions(struct ifnet *ifp, struct mbuf **mp);
/* Puts options of a socket behind the header.  NULL: no memory, m gone. */
struct mbuf *ip_insertoptions(struct mbuf *m, const void *opt, uint32_t len);
/* Are these options a socket may set?  0, EINVAL, or EACCES for source routes. */
int ip_checkoptions(const void *opt, uint32_t len);
/* Which of hlen bytes of options go into every fragment: into out, padded; length. */
uint32_t ip_optcopy(const uint8_t *opt, uint32_t len, uint8_t out[40]);
/* Byte place of m's header makes no sense: tells its sender.  Takes m. */
void icmp_paramprob(struct mbuf *m, uint8_t place);
/* The packet m goes back by gw's way: tells its sender.  m is only read. */
void icmp_redirect_send(const struct mbuf *m, uint32_t gw);
void icmp_init(void);
void ip_output_init(void);

enum ip_counter {
	IPS_TOTAL, IPS_DELIVERED, IPS_FORWARD, IPS_FASTFORWARD, IPS_REDIRECTSENT,
	IPS_LOCALOUT, IPS_RAWOUT, IPS_FRAGMENTED, IPS_OFRAGMENTS, IPS_FRAGMENTS,
	IPS_REASSEMBLED, IPS_OPTIONS, IPS_LOCALBCAST, IPS_SWSEGMENTED, IPS_SWSEGMENTS,
	IPS_NCOUNTERS
};
extern uint64_t ip_counters[IPS_NCOUNTERS];
static inline void
ipstat_inc(enum ip_counter c)
{
	ip_counters[c]++;
}

extern int ip_dosourceroute;
extern int ip_porthifirst, ip_porthilast;

struct proc;
struct socket;
/* SIOC* on a socket of either family: if_ioctl_dispatch(). */
int in_ioctl(struct socket *so, unsigned long cmd, void *data, struct proc *p);
void ipinit(void); /* netinet/in_proto.c: families, protocols, sysctls */
void ip6init(void);

#endif
