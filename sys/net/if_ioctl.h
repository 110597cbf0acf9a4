/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces as programs see them.  Shared: ifconfig and others include it
 * instead of the C library's <net/if.h>.  Flags have OpenBSD's values since
 * they are printed.
 */

#ifndef _NET_IF_IOCTL_H_
#define _NET_IF_IOCTL_H_

#if !defined(_KERNEL) && defined(_NET_IF_H)
#error "include <net/if_ioctl.h> instead of <net/if.h>"
#endif

#include <sys/types.h>
#include <sys/socket.h>
#ifdef _KERNEL
#include <sys/ioccom.h>
#else
#include <sys/ioctl.h>
#include <stdint.h>
#endif
#include <net/ip_addr.h>

#ifndef IFNAMSIZ
#define IFNAMSIZ 16
#endif
#define IFDESCRSIZE 64

/* if_flags */
#define IFF_UP		0x1
#define IFF_BROADCAST	0x2
#define IFF_DEBUG	0x4
#define IFF_LOOPBACK	0x8
#define IFF_POINTOPOINT 0x10
#define IFF_STATICARP	0x20
#define IFF_RUNNING	0x40
#define IFF_NOARP	0x80
#define IFF_PROMISC	0x100
#define IFF_ALLMULTI	0x200
#define IFF_OACTIVE	0x400
#define IFF_SIMPLEX	0x800
#define IFF_LINK0	0x1000
#define IFF_LINK1	0x2000
#define IFF_LINK2	0x4000
#define IFF_MULTICAST	0x8000
/* OpenBSD keeps these in a second word and prints both as one, 16 bits apart. */
#define IFXF_AUTOCONF6TEMP  0x40000 /* temporary addresses too (RFC 8981) */
#define IFXF_AUTOCONF6	    0x200000 /* addresses and routes from advertisements */
#define IFXF_INET6_NOSOII   0x400000 /* no opaque interface ids (RFC 7217) */
/* Those a program may set. */
#define IFF_CHANGEABLE \
	(IFF_UP | IFF_DEBUG | IFF_NOARP | IFF_STATICARP | IFF_ALLMULTI | IFF_LINK0 | IFF_LINK1 | IFF_LINK2 | \
	    IFXF_AUTOCONF6TEMP | IFXF_AUTOCONF6 | IFXF_INET6_NOSOII)

enum if_link_state { LINK_STATE_UNKNOWN, LINK_STATE_INVALID, LINK_STATE_DOWN, LINK_STATE_UP };
enum if_type { IFT_OTHER, IFT_ETHER, IFT_LOOP, IFT_VLAN, IFT_PFLOG, IFT_PFSYNC, IFT_CARP, IFT_TUN, IFT_BRIDGE };

/* Flags of an address. */
#define IFA_TENTATIVE  0x01 /* DAD not finished */
#define IFA_DUPLICATED 0x02
#define IFA_DETACHED   0x04
#define IFA_DEPRECATED 0x08
#define IFA_ANYCAST    0x10
#define IFA_AUTOCONF   0x20
#define IFA_TEMPORARY  0x40
#define IFA_ALIAS      0x80 /* not the first of its family */
#define IFA_NOPREFIX   0x100 /* does not show that its prefix is on the link */

/* One address of an interface: added, deleted and listed in this form. */
struct if_addrreq {
	char name[IFNAMSIZ];
	uint16_t af;
	uint16_t plen;
	uint32_t flags; /* IFA_* */
	struct ip_addr addr;
	struct ip_addr dst; /* broadcast (IFF_BROADCAST) or peer address; zero: none, or default broadcast */
	uint32_t vltime, pltime; /* v6 seconds left; UINT32_MAX: for ever */
};

/* A number, a string or some bytes of an interface. */
struct if_req {
	char name[IFNAMSIZ];
	union {
		uint64_t value; /* flags, mtu, priority, rdomain, metric, media ... */
		char text[IFDESCRSIZE]; /* description, group name, parent, link spec */
		uint8_t lladdr[8];
	};
};

/* A text longer than fits: an argument of plug, a reason in the answer. */
struct if_linkreq {
	char name[IFNAMSIZ];
	char spec[256]; /* kind:spec */
	char why[160]; /* out: what went wrong, a sentence */
};
/* A property of the link: loss, delay, carrier ... (struct hostif_kind ctl) */
struct if_linkctl {
	char name[IFNAMSIZ];
	char key[24];
	char value[104]; /* in: new value, "" to read; out: value */
	char why[160];
};

struct if_counters {
	uint64_t ipackets, ibytes, ierrors, iqdrops, imcasts, noproto;
	uint64_t opackets, obytes, oerrors, oqdrops, omcasts, collisions;
};

/* A row of sysctl net.link.list[.NAME]: all about an interface but its addresses. */
struct if_row {
	char name[IFNAMSIZ];
	uint32_t index, type;
	uint32_t flags, mtu;
	uint32_t link_state, priority;
	uint32_t rdomain, caps;
	uint64_t baudrate;
	uint8_t lladdr[8];
	char description[IFDESCRSIZE];
	char link[192]; /* kind:spec, or "" */
	uint64_t lastchange_us; /* wall time of the last link change */
	struct if_counters counters;
	uint32_t ngroups, pad;
	char groups[16][IFNAMSIZ]; /* the first 16 */
};
/* sysctl net.link.addrs[.NAME]: array of struct if_addrreq.
 * sysctl net.link.cloners: array of char[IFNAMSIZ].
 * sysctl net.link.groups: array of struct if_grouprow. */
struct if_grouprow {
	char group[IFNAMSIZ];
	char member[IFNAMSIZ];
};

struct vlan_req {
	char name[IFNAMSIZ];
	char parent[IFNAMSIZ]; /* "" for none */
	uint16_t tag; /* 1..4094 */
	uint16_t qinq; /* 0: 802.1Q, 1: 802.1ad */
	uint32_t txprio;
};

#define SIOCIFCREATE   _IOW('i', 1, struct if_req) /* name */
#define SIOCIFDESTROY  _IOW('i', 2, struct if_req)
#define SIOCSIFFLAGS   _IOW('i', 3, struct if_req) /* value: IFF_CHANGEABLE ones */
#define SIOCGIFFLAGS   _IOWR('i', 4, struct if_req)
#define SIOCSIFMTU     _IOW('i', 5, struct if_req)
#define SIOCSIFDESCR   _IOW('i', 6, struct if_req)
#define SIOCSIFLLADDR  _IOW('i', 7, struct if_req)
#define SIOCSIFPRIORITY _IOW('i', 8, struct if_req)
#define SIOCAIFGROUP   _IOW('i', 9, struct if_req) /* text: group */
#define SIOCDIFGROUP   _IOW('i', 10, struct if_req)
#define SIOCAIFADDR_FG _IOW('i', 11, struct if_addrreq) /* add or change an alias */
#define SIOCDIFADDR_FG _IOW('i', 12, struct if_addrreq)
#define SIOCIFPLUG     _IOWR('i', 13, struct if_linkreq) /* attach a link; creates NAME if new */
#define SIOCIFUNPLUG   _IOWR('i', 14, struct if_linkreq) /* take it away for good */
#define SIOCIFLINKCTL  _IOWR('i', 15, struct if_linkctl)
#define SIOCSVLAN      _IOW('i', 16, struct vlan_req)
#define SIOCGVLAN      _IOWR('i', 17, struct vlan_req)
#define SIOCSPAIR      _IOW('i', 18, struct if_req) /* text: the other pair, "" for none */
#define SIOCGPAIR      _IOWR('i', 19, struct if_req)
/* 30-59: carp, pfsync, pflog, bridge, tun.  Errors: ENXIO no such interface,
 * EEXIST, EINVAL, EPERM, ENOMEM, EADDRNOTAVAIL, EBUSY. */

#endif
