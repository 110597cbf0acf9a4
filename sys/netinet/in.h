/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Protocol numbers, options and address tests of both families. */

#ifndef _NETINET_IN_H_FUGU_
#define _NETINET_IN_H_FUGU_

#include <sys/types.h>
#include <sys/endian.h>
#include <sys/socket.h>
#include <net/ip_addr.h>

struct mbuf;

#define IPPROTO_IP	 0
#define IPPROTO_HOPOPTS	 0
#define IPPROTO_ICMP	 1
#define IPPROTO_IGMP	 2
#define IPPROTO_IPV4	 4
#define IPPROTO_TCP	 6
#define IPPROTO_UDP	 17
#define IPPROTO_IPV6	 41
#define IPPROTO_ROUTING	 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_ESP	 50
#define IPPROTO_AH	 51
#define IPPROTO_ICMPV6	 58
#define IPPROTO_NONE	 59
#define IPPROTO_DSTOPTS	 60
#define IPPROTO_CARP	 112
#define IPPROTO_SCTP	 132
#define IPPROTO_PFSYNC	 240
#define IPPROTO_RAW	 255
#define IPPROTO_MAX	 256
#define IPPROTO_DIVERT	 258 /* of sockets only */

/* socket options, Linux's numbers */
#define IP_TOS		1
#define IP_TTL		2
#define IP_HDRINCL	3
#define IP_OPTIONS	4
#define IP_RECVOPTS	6
#define IP_PKTINFO	8
#define IP_MTU_DISCOVER 10
#define IP_RECVERR	11
#define IP_RECVTTL	12
#define IP_RECVTOS	13
#define IP_MTU		14
#define SO_ORIGINAL_DST 80 /* by IPPROTO_IP and IPPROTO_IPV6 */
#define IP_TRANSPARENT	19
#define IP_RECVORIGDSTADDR 20 /* the same number for the data */
#define IP_FREEBIND	15
#define IP_MINTTL	21
#define IP_BIND_ADDRESS_NO_PORT 24
#define IP_MULTICAST_IF 32
#define IP_MULTICAST_TTL 33
#define IP_MULTICAST_LOOP 34
#define IP_ADD_MEMBERSHIP 35
#define IP_DROP_MEMBERSHIP 36
#define IP_UNBLOCK_SOURCE 37
#define IP_BLOCK_SOURCE 38
#define IP_ADD_SOURCE_MEMBERSHIP 39
#define IP_DROP_SOURCE_MEMBERSHIP 40
#define IP_MSFILTER	41
#define MCAST_JOIN_GROUP 42 /* these by both levels */
#define MCAST_BLOCK_SOURCE 43
#define MCAST_UNBLOCK_SOURCE 44
#define MCAST_LEAVE_GROUP 45
#define MCAST_JOIN_SOURCE_GROUP 46
#define MCAST_LEAVE_SOURCE_GROUP 47
#define MCAST_MSFILTER	48
#define IP_MULTICAST_ALL 49
#define IP_UNICAST_IF	50
#define IPV6_2292PKTINFO 2 /* the same number for the data */
#define IPV6_2292HOPLIMIT 8
#define IPV6_UNICAST_HOPS 16
#define IPV6_MULTICAST_IF 17
#define IPV6_MULTICAST_HOPS 18
#define IPV6_MULTICAST_LOOP 19
#define IPV6_JOIN_GROUP 20
#define IPV6_LEAVE_GROUP 21
#define IPV6_MULTICAST_ALL 29
#define IPV6_MTU_DISCOVER 23
#define IPV6_MTU	24
#define IPV6_RECVERR	25
#define IPV6_V6ONLY	26
#define IPV6_RECVPKTINFO 49
#define IPV6_PKTINFO	50
#define IPV6_RECVHOPLIMIT 51
#define IPV6_HOPLIMIT	52
#define IPV6_RECVTCLASS 66
#define IPV6_TCLASS	67
#define IPV6_CHECKSUM	7
#define IPV6_DONTFRAG	62
#define IPV6_MINHOPCOUNT 73
#define IPV6_RECVORIGDSTADDR 74
#define IPV6_TRANSPARENT 75
#define IPV6_FREEBIND	78
#define IPV6_UNICAST_IF 76
#define ICMP6_FILTER	1
#define ICMP_FILTER	1 /* of level IPPROTO_RAW */
#define UDP_SEGMENT	103
#define UDP_GRO		104

/* host-order 32-bit tests of IPv4 addresses */
#define IN_MULTICAST(h)	   (((uint32_t)(h) & 0xf0000000U) == 0xe0000000U)
#define IN_EXPERIMENTAL(h) (((uint32_t)(h) & 0xf0000000U) == 0xf0000000U)
#define IN_LOOPBACK(h)	   (((uint32_t)(h) & 0xff000000U) == 0x7f000000U)
#define INADDR_BROADCAST_H 0xffffffffU

static inline bool
in6_islinklocal(const struct ip_addr *a)
{
	return (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}
static inline bool
in6_ismulticast(const struct ip_addr *a)
{
	return (a->b[0] == 0xff);
}
/* A group, of either family. */
static inline bool
ip_isgroup(sa_family_t af, const struct ip_addr *a)
{
	return (af == AF_INET ? IN_MULTICAST(ntohl(a->v4)) :
				in6_ismulticast(a));
}
static inline bool
in6_isloopback(const struct ip_addr *a)
{
	return (a->q[0] == 0 && a->q[1] == htobe64(1));
}
static inline bool
in6_isv4mapped(const struct ip_addr *a)
{
	return (a->q[0] == 0 && a->l[2] == htonl(0xffff));
}

/* sockaddr <-> struct ip_addr + port (host order) + scope (interface index).
 * EINVAL for a bad length, EAFNOSUPPORT for another family.  (in_proto.c) */
int sockaddr_read(const struct sockaddr *sa, socklen_t len, sa_family_t *af, struct ip_addr *a, uint16_t *port, uint32_t *scope);
socklen_t sockaddr_write(struct sockaddr_storage *ss, sa_family_t af, const struct ip_addr *a, uint16_t port, uint32_t scope);

/* Text for logs: into buf[46], returned. */
const char *ip_ntop(sa_family_t af, const struct ip_addr *a, char buf[46]);

/*
 * Ones-complement sums (RFC 1071).  in_cksum_add() sums len bytes of m from
 * off onto sum, in network order, unfolded; in_cksum_fold() gives the field
 * value.  in_pseudo() is the pseudo header of either family.
 */
uint64_t in_cksum_add(uint64_t sum, const struct mbuf *m, uint32_t off, uint32_t len);
uint64_t in_cksum_bytes(uint64_t sum, const void *p, uint32_t len);
uint16_t in_cksum_fold(uint64_t sum);
uint64_t in_pseudo(sa_family_t af, const struct ip_addr *src, const struct ip_addr *dst, uint32_t len, uint8_t proto);
/* RFC 1624: the field cksum after old became new (16-bit words, network order).
 * Never 0, which UDP over IPv4 takes for "none": whose field was 0 asks first. */
uint16_t in_cksum_fixup(uint16_t cksum, uint16_t oldw, uint16_t neww);
/* Verifies the transport checksum unless m says it is good: true if good.
 * off: start of the transport header, len: its length with payload. */
bool in_cksum_verify(struct mbuf *m, sa_family_t af, uint8_t proto, uint32_t off, uint32_t len);
/* Computes what M_L4_CSUM_OUT / M_IPV4_CSUM_OUT left open; clears the flags.
 * m_data at the IP header.  0; EINVAL for a malformed packet, *mp is still the
 * caller's; ENOBUFS, *mp is gone and NULL. */
int in_cksum_finish(struct mbuf **mp, sa_family_t af);

#endif
