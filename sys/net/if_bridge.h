/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* bridge: what programs say and read of it.  Shared. */

#ifndef _NET_IF_BRIDGE_H_
#define _NET_IF_BRIDGE_H_

#include <net/if_ioctl.h>

/* of a member; those marked may be changed */
#define IFBIF_LEARNING	 0x0001 /* changeable: sources are remembered */
#define IFBIF_DISCOVER	 0x0002 /* changeable: gets frames for unknown stations */
#define IFBIF_BLOCKNONIP 0x0004 /* changeable: only IPv4, IPv6, ARP */
#define IFBIF_SPAN	 0x0100 /* gets a copy of all, gives nothing */
#define IFBIF_CHANGEABLE (IFBIF_LEARNING | IFBIF_DISCOVER | IFBIF_BLOCKNONIP)
/* of an address */
#define IFBAF_STATIC 0x0001

#define BRIDGE_DOMAINS 31 /* protected domains, 1..31: bit n - 1 */

/* All calls about a bridge have this form; what is not named is ignored. */
struct bridge_req {
	char name[IFNAMSIZ];
	char member[IFNAMSIZ];
	uint32_t flags; /* IFBIF_* or IFBAF_* */
	uint32_t protect; /* a bit for each domain */
	uint8_t lladdr[8];
	uint32_t maxaddr; /* addresses kept; 0 with set: unchanged */
	uint32_t timeout; /* seconds, 0: they do not age */
};

/* Rows of sysctl net.link.bridge.members.NAME and net.link.bridge.addrs.NAME. */
struct bridge_portrow {
	char member[IFNAMSIZ];
	uint32_t index, flags, protect, addrs;
};
struct bridge_addrrow {
	char member[IFNAMSIZ];
	uint8_t lladdr[8];
	uint32_t flags;
	uint32_t age; /* seconds since it was last heard */
};

/* ENXIO no such interface; EEXIST, EBUSY it is (another bridge's) member;
 * EINVAL no Ethernet; ESRCH no member of this one; ENOENT no such address;
 * ENOSPC the table is full. */
#define SIOCBRDGADD    _IOW('i', 40, struct bridge_req) /* member */
#define SIOCBRDGDEL    _IOW('i', 41, struct bridge_req)
#define SIOCBRDGADDS   _IOW('i', 42, struct bridge_req) /* span */
#define SIOCBRDGDELS   _IOW('i', 43, struct bridge_req)
#define SIOCBRDGGIFFLGS _IOWR('i', 44, struct bridge_req) /* member: flags, protect */
#define SIOCBRDGSIFFLGS _IOW('i', 45, struct bridge_req)
#define SIOCBRDGSADDR  _IOW('i', 46, struct bridge_req) /* static lladdr at member */
#define SIOCBRDGDADDR  _IOW('i', 47, struct bridge_req) /* lladdr */
#define SIOCBRDGFLUSH  _IOW('i', 48, struct bridge_req) /* flags IFBAF_STATIC: those too */
#define SIOCBRDGGPARAM _IOWR('i', 49, struct bridge_req) /* maxaddr, timeout */
#define SIOCBRDGSMAX   _IOW('i', 50, struct bridge_req)
#define SIOCBRDGSTO    _IOW('i', 51, struct bridge_req)

#ifdef _KERNEL
struct ifnet;
struct mbuf;
void bridgeinit(void); /* at boot */
/* A frame that came in by a member (if_bridge is set).  What is left for this
 * machine's own stack on ifp, or NULL: the bridge has it. */
struct mbuf *bridge_input(struct ifnet *ifp, struct mbuf *m);
/* A frame that a member is to send.  What it sends itself, or NULL. */
struct mbuf *bridge_output(struct ifnet *ifp, struct mbuf *m);
#endif

#endif
