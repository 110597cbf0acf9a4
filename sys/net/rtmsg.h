/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The routing socket: messages between routing programs and the kernel.
 * Shared.  One message is one send or receive.
 *
 * Addresses are fields, not a string of sockaddrs: one layout for both
 * families, and nothing to walk.  Numbers are host order, addresses network
 * order.  What a message does not use is zero.
 */

#ifndef _NET_RTMSG_H_
#define _NET_RTMSG_H_

#include <sys/types.h>
#include <sys/socket.h>
#ifndef _KERNEL
#include <stdint.h>
#ifndef AF_LINK
#define AF_LINK AF_PACKET /* the host's name for it */
#endif
#endif
#include <net/ip_addr.h>

#undef PF_ROUTE
#define PF_ROUTE 60 /* for socket(PF_ROUTE, SOCK_RAW, af or 0) */
#define RTM_VERSION 1
#define RT_WEIGHT_MAX 255

enum rtm_type {
	RTM_ADD = 1, RTM_DELETE, RTM_CHANGE, RTM_GET,
	RTM_REDIRECT, RTM_MISS, RTM_RESOLVE, RTM_LOSING,
	RTM_NEWADDR, RTM_DELADDR, RTM_CHGADDRATTR,
	RTM_IFINFO, RTM_IFANNOUNCE, RTM_DESYNC, RTM_PROPOSAL,
	RTM_NTYPES
};

/* flags of a route, OpenBSD's letters in netstat's order */
#define RTF_UP	      0x1
#define RTF_GATEWAY   0x2
#define RTF_HOST      0x4
#define RTF_REJECT    0x8
#define RTF_DYNAMIC   0x10 /* by redirect */
#define RTF_MODIFIED  0x20
#define RTF_DONE      0x40 /* in a message: the kernel has done it */
#define RTF_CLONING   0x100 /* host routes are made from it (ARP, ND) */
#define RTF_MULTICAST 0x200
#define RTF_LLINFO    0x400 /* has a link address or looks for it */
#define RTF_STATIC    0x800
#define RTF_BLACKHOLE 0x1000
#define RTF_PROTO3    0x2000
#define RTF_PROTO2    0x4000
#define RTF_PROTO1    0x8000
#define RTF_CLONED    0x10000
#define RTF_CACHED    0x20000
#define RTF_MPATH     0x40000
#define RTF_LOCAL     0x200000
#define RTF_BROADCAST 0x400000
#define RTF_CONNECTED 0x800000
#define RTF_BFD	      0x1000000

/* priorities: the lowest number wins */
#define RTP_NONE      0 /* the default for its kind */
#define RTP_LOCAL     1
#define RTP_CONNECTED 4
#define RTP_STATIC    8
#define RTP_EIGRP     28
#define RTP_OSPF      32
#define RTP_RIP	      40
#define RTP_BGP	      48
#define RTP_DEFAULT   56
#define RTP_MAX	      63
#define RTP_ANY	      64 /* delete, change and get: whichever is best */

struct rt_msghdr {
	uint16_t rtm_msglen; /* whole message */
	uint8_t rtm_version;
	uint8_t rtm_type;
	uint16_t rtm_hdrlen; /* this structure */
	uint16_t rtm_pad;
	uint32_t rtm_pid; /* of who asked */
	uint32_t rtm_seq; /* his number */
	int32_t rtm_errno;
	uint32_t rtm_tableid;
};

/* RTM_ADD .. RTM_LOSING, and rows of sysctl net.route.dump[.inet|.inet6[.table]] */
struct rt_msg {
	struct rt_msghdr h;
	uint32_t rtm_flags; /* RTF_* */
	uint16_t rtm_af;
	uint8_t rtm_plen;
	uint8_t rtm_priority; /* RTP_* */
	uint16_t rtm_ifindex; /* 0: kernel finds it by the gateway */
	uint16_t rtm_gwaf; /* AF_UNSPEC none, AF_LINK: rtm_lladdr */
	struct ip_addr rtm_dst;
	struct ip_addr rtm_gateway;
	struct ip_addr rtm_ifa; /* source address */
	struct ip_addr rtm_author; /* RTM_REDIRECT: who sent it */
	uint8_t rtm_lladdr[6];
	uint16_t rtm_fmask_hi; /* unused, 0 */
	char rtm_ifname[16]; /* in answers, and instead of ifindex in requests */
	char rtm_label[32];
	uint32_t rtm_mtu; /* 0: interface's */
	uint32_t rtm_refs;
	uint64_t rtm_use; /* packets */
	uint64_t rtm_expire_us; /* wall time, 0: never */
	uint32_t rtm_fmask; /* RTM_CHANGE: which flags to take over */
	uint32_t rtm_weight; /* share among equal routes, 1..; asked 0: 1, or as it is */
};

/* RTM_NEWADDR, RTM_DELADDR, RTM_CHGADDRATTR */
struct rt_addrmsg {
	struct rt_msghdr h;
	uint32_t ifam_index, ifam_flags;
	uint16_t ifam_af, ifam_plen;
	uint32_t ifam_pad;
	char ifam_ifname[16];
	struct ip_addr ifam_addr, ifam_dst;
};

/* RTM_IFINFO: link state, flags, mtu changed.  RTM_IFANNOUNCE: came or went. */
enum { IFAN_ARRIVAL, IFAN_DEPARTURE };
struct rt_ifmsg {
	struct rt_msghdr h;
	uint32_t ifm_index, ifm_flags;
	uint32_t ifm_mtu, ifm_link_state;
	uint32_t ifm_what; /* IFAN_* of RTM_IFANNOUNCE */
	uint32_t ifm_pad;
	uint64_t ifm_baudrate;
	char ifm_ifname[16];
};

/* Rows of sysctl net.route.tables. */
struct rt_tablerow {
	uint32_t table, domain;
	uint64_t prefixes, prefixes6;
};

/* Options of the routing socket, level PF_ROUTE, each a uint32_t: a mask of
 * 1 << type (0: all); a table, or ROUTE_TABLE_ANY; the highest priority number
 * that is told (0: all). */
#define ROUTE_TABLE_ANY 0xffffffffU
#define ROUTE_MSGFILTER	  1
#define ROUTE_TABLEFILTER 2
#define ROUTE_PRIOFILTER  3

_Static_assert(sizeof(struct rt_msghdr) == 24, "wire layout");
_Static_assert(sizeof(struct rt_msg) % 8 == 0, "wire layout");

#endif
