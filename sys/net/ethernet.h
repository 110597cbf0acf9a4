/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Ethernet on the wire. */

#ifndef _NET_ETHERNET_FUGU_H_
#define _NET_ETHERNET_FUGU_H_

#include <sys/types.h>
#include <sys/cdefs.h>

#define ETHER_ADDR_LEN	 6
#define ETHER_HDR_LEN	 14
#define ETHER_VLAN_LEN	 4
#define ETHERMTU	 1500
#define ETHER_MAX_MTU	 65535
#define ETHERTYPE_IP	 0x0800
#define ETHERTYPE_ARP	 0x0806
#define ETHERTYPE_VLAN	 0x8100
#define ETHERTYPE_IPV6	 0x86dd
#define ETHERTYPE_QINQ	 0x88a8
#define EVL_VLID_MASK	 0x0fff
#define EVL_PRIO_SHIFT	 13

struct ether_header {
	uint8_t ether_dhost[6];
	uint8_t ether_shost[6];
	uint16_t ether_type; /* network order */
} __packed;

#define ETHER_IS_MULTICAST(a) (((a)[0] & 1) != 0)
extern const uint8_t etherbroadcastaddr[6];

#endif
