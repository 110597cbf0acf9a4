/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Socket numbers and addresses as clients have them: Linux's.  Kernel world
 * only; programs include their C library's header, and a test compares the
 * two layouts.
 */

#ifndef _SYS_SOCKET_H_
#define _SYS_SOCKET_H_

#include <sys/types.h>

#define AF_UNSPEC 0
#define AF_UNIX	  1
#define AF_INET	  2
#define AF_INET6  10
#define AF_PACKET 17
#define AF_LINK	  AF_PACKET
/* Fugu's own, above all of Linux's. */
#define AF_ROUTE_FUGU 60 /* the routing socket; programs say PF_ROUTE of <net/rtmsg.h> */
#define AF_LOOPTEST   61 /* a stream that comes back: shows descriptor rules */
#define AF_MAX	  64

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5

#define SOL_SOCKET 1
#define SO_DEBUG 1
#define SO_REUSEADDR 2
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_OOBINLINE 10
#define SO_PRIORITY 12
#define SO_LINGER 13
#define SO_REUSEPORT 15
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21
#define SO_BINDTODEVICE 25
#define SO_TIMESTAMP 29
#define SO_ACCEPTCONN 30
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_TIMESTAMPNS 35
#define SO_PROTOCOL 38
#define SO_DOMAIN 39
#define SO_RXQ_OVFL 40
/* Fugu's own. */
#define SO_RTABLE 0x1021
#define SO_ERRQUEUE 0x1031 /* the oldest error of IP_RECVERR, as a struct file_msg */
#define SO_SENDQ 0x1030 /* int: bytes of a stream not acknowledged yet */
#define SO_BINDANY 0x1000

#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_DONTROUTE 4
#define MSG_CTRUNC 8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define SOMAXCONN 4096

struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};
struct in_addr {
	in_addr_t s_addr; /* network order */
};
struct sockaddr_in {
	sa_family_t sin_family;
	in_port_t sin_port; /* network order */
	struct in_addr sin_addr;
	unsigned char sin_zero[8];
};
struct in6_addr {
	uint8_t s6_addr[16];
};
struct sockaddr_in6 {
	sa_family_t sin6_family;
	in_port_t sin6_port;
	uint32_t sin6_flowinfo;
	struct in6_addr sin6_addr;
	uint32_t sin6_scope_id; /* interface index */
};
struct sockaddr_storage {
	sa_family_t ss_family;
	char ss_pad[118];
	unsigned long ss_align;
};
_Static_assert(sizeof(struct sockaddr_storage) == 128, "as the C library has it");

struct linger {
	int l_onoff;
	int l_linger;
};
struct cmsghdr {
	size_t cmsg_len;
	int cmsg_level;
	int cmsg_type;
};
#define CMSG_ALIGN(n) (((n) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
#define CMSG_LEN(n)   (CMSG_ALIGN(sizeof(struct cmsghdr)) + (n))
#define CMSG_SPACE(n) (CMSG_ALIGN(sizeof(struct cmsghdr)) + CMSG_ALIGN(n))

#endif
