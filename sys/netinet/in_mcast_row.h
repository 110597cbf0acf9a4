/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * An entry of sysctl net.inet.groups: a group that is listened to on an
 * interface, followed by nsrc addresses of struct ip_addr.  Shared.
 */

#ifndef _NETINET_IN_MCAST_ROW_H_
#define _NETINET_IN_MCAST_ROW_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif
#include <net/ip_addr.h>

struct in_group_row {
	char ifname[16];
	struct ip_addr group;
	uint16_t af;
	uint8_t exclude; /* all sources but those that follow, or only those */
	uint8_t node;    /* the node itself listens, too */
	uint8_t told;    /* to routers: some groups never are */
	uint8_t version; /* of IGMP or MLD that is spoken there now */
	uint8_t pad[2];
	uint32_t sockets; /* that joined it */
	uint32_t nsrc;
};

#endif
