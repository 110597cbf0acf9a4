/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What is in this packet: read once by pf_desc_read(), then only looked at.
 *
 * Ports stand for what tells two conversations of the same hosts apart: TCP
 * and UDP ports; for ICMP queries the id at the side that asks and the type
 * of the request at the side that answers, so that a reply has the ports of
 * its request the other way round; 0 for all others.
 *
 * `was' is the packet as it stands in memory.  `now' is what translation has
 * made of it so far: rules look at `now', and pf_nat_apply() writes the
 * difference.
 */

#ifndef _NET_PF_PF_DESC_H_
#define _NET_PF_PF_DESC_H_

#include <sys/types.h>
#include <net/ip_addr.h>
#include <net/packet_filter.h>
#include <net/pf/pf_ioctl.h>
#include <netinet/ip.h>
#include <netinet6/ip6.h>

struct ifnet;
struct mbuf;
struct pf_kif;
struct pf_rule;
struct pf_state;

/* SCTP (RFC 9260 3): its header, and chunks that say something of a state. */
struct sctphdr {
	uint16_t sport, dport;
	uint32_t vtag, crc;
};
enum pf_sctp_chunk {
	SCTP_DATA = 0,
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_SACK = 3,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14
};

/* Both ends of a packet: [0] source, [1] destination; ports in host order. */
struct pf_ends {
	struct ip_addr addr[2];
	uint16_t port[2];
};
enum { PF_SRC, PF_DST };

/* The ends of an answer. */
static inline void
pf_ends_swap(const struct pf_ends *e, struct pf_ends *back)
{
	back->addr[PF_SRC] = e->addr[PF_DST];
	back->addr[PF_DST] = e->addr[PF_SRC];
	back->port[PF_SRC] = e->port[PF_DST];
	back->port[PF_DST] = e->port[PF_SRC];
}

/* A rule with `match' that matched: what counts the packet later. */
#define PF_MATCHED_MAX 256 /* of a packet, or the state it makes */
struct pf_match_item {
	struct pf_match_item *next;
	struct pf_rule *rule;
};

/* What rules want done to the packet and all that follow it. */
struct pf_acts {
	uint16_t tag;      /* 0: none */
	int32_t rtable;    /* -1: leave */
	uint8_t set_tos;
	uint8_t set_prio[2];
	uint8_t log;       /* PF_LOG_* */
	uint8_t logif;     /* with PF_LOG_MATCHES: pflogN for what follows */
	uint8_t flags;     /* PF_ACT_* */
};
#define PF_ACT_SETTOS  0x01
#define PF_ACT_SETPRIO 0x02

struct pf_desc {
	struct mbuf *m;
	struct ifnet *ifp;
	struct pf_kif *kif;
	struct pf_answer *answer; /* who takes what pf answers; NULL: the routing table */
	enum pf_dir dir;
	sa_family_t af;  /* as the packet is */
	sa_family_t naf; /* as it shall be: differs with af-to */
	uint8_t proto;   /* of the transport */
	uint8_t ttl, tos;
	uint8_t frag;    /* PF_FRAG_* */
	bool options;    /* IP options or options headers */
	bool alert;      /* ... and of these nothing but a router alert */
	bool icmp_error;
	uint32_t off;     /* of the transport header */
	uint32_t tot_len; /* of the IP packet */
	uint32_t p_len;   /* bytes behind the transport header */
	struct pf_ends was, now;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
		struct icmp icmp;
		struct icmp6_hdr icmp6;
		struct sctphdr sctp;
	} hdr; /* a copy, as it stands in the packet */
	struct {
		uint32_t tag;    /* of an INIT or INIT ACK */
		uint16_t chunks; /* a bit for each type below 16 */
		bool reflected;  /* has the tag of its sender */
	} sctp;

	/* --- decisions --- */
	enum pf_reason reason;
	struct pf_state *st;
	struct pf_rule *rule;    /* that decided; &pf_default_rule: none did */
	struct pf_rule *anchor_rule; /* in the main ruleset, that led there */
	struct pf_rule *nat_rule;    /* old-style translation */
	struct pf_match_item *matched;
	uint32_t nmatched; /* at most PF_MATCHED_MAX */
	struct pf_acts acts;
	bool seq_changed; /* pf_track rewrote seq or ack of hdr.tcp */
	bool mapfailed;
	uint32_t uid, gid; /* of the local socket, looked up when asked */
	int32_t pid;       /* who made it */
	uint8_t sock_looked, os_looked;
	uint32_t os; /* pf_osfp.c's number, once looked for */
};
/* frag: of a packet that was not put together */
#define PF_FRAG_FIRST 1
#define PF_FRAG_LATER 2

/*
 * Reads the packet.  PF_PASS; PF_DROP with pd->reason for what is malformed;
 * pd->m is still the caller's (maybe another mbuf, NULL if memory was short).
 * The IP header is contiguous and writable afterwards.
 */
enum pf_verdict pf_desc_read(struct pf_desc *pd, struct ifnet *ifp,
    struct mbuf *m, sa_family_t af, enum pf_dir dir);
/* The same for a fragment, up to its transport. */
enum pf_verdict pf_desc_fragment(struct pf_desc *pd, struct ifnet *ifp,
    struct mbuf *m, sa_family_t af, enum pf_dir dir);

/*
 * The packet that an ICMP error quotes, from byte off of m: ends, protocol,
 * and as much of the transport header as there is.  0, or EINVAL for one
 * that cannot be matched to anything (later fragment, too short).
 */
struct pf_quote {
	sa_family_t af;
	uint8_t proto;
	uint32_t ip_off;  /* of the quoted IP header in m */
	uint32_t off;     /* of the quoted transport header in m */
	struct pf_ends ends;
	uint32_t seq;     /* TCP; SCTP: the tag */
	uint16_t cksum;   /* of UDP, TCP when it is there */
	bool has_cksum;
};
int pf_quote_read(const struct mbuf *m, sa_family_t af, uint32_t off,
    struct pf_quote *q);
/* The ports of an ICMP message with that type and id (host order): true for a
 * query or its answer; else 0 and the type. */
bool pf_query_ports(sa_family_t af, uint8_t type, uint16_t id,
    uint16_t port[2]);
/* What an ICMP message of that type is in it. */
enum pf_role { PF_TELLS, PF_ASKS, PF_ANSWERS };
enum pf_role pf_query_role(sa_family_t af, uint8_t type);
/* Where the ICMP or ICMPv6 types are errors that quote a packet. */
bool pf_icmp_iserror(sa_family_t af, uint8_t type);

/* Looks for the local socket of the packet, once: pd->uid, pd->gid, pd->pid;
 * the first two are UINT32_MAX when there is none. */
void pf_desc_owner(struct pf_desc *pd);

/* Neighbour discovery (RFC 4861): speaks of this link, is never translated. */
static inline bool
pf_desc_isnd(const struct pf_desc *pd)
{
	return (pd->af == AF_INET6 && pd->proto == 58 &&
	    pd->hdr.icmp6.icmp6_type >= ND_ROUTER_SOLICIT &&
	    pd->hdr.icmp6.icmp6_type <= ND_REDIRECT);
}

/* Who listens to which groups (RFC 2710, RFC 3810). */
static inline bool
pf_desc_ismld(const struct pf_desc *pd)
{
	uint8_t type = pd->hdr.icmp6.icmp6_type;

	return (pd->af == AF_INET6 && pd->proto == 58 &&
	    (type == MLDV2_LISTENER_REPORT ||
		(type >= MLD_LISTENER_QUERY && type <= MLD_LISTENER_DONE)));
}

/* Is the packet a TCP segment / its flags. */
static inline uint8_t
pf_tcpflags(const struct pf_desc *pd)
{
	return (pd->proto == 6 ? pd->hdr.tcp.th_flags : 0);
}

#endif
