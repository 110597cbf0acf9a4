/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* A row of sysctl net.inet.pcblist: one Internet socket.  Shared. */

#ifndef _NETINET_IN_PCB_ROW_H_
#define _NETINET_IN_PCB_ROW_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif
#include <net/ip_addr.h>

/* state of "tcp", in this order from 0. */
#define TCP_STATE_NAMES                                                        \
	"CLOSED", "LISTEN", "SYN_SENT", "SYN_RCVD", "ESTABLISHED",             \
	    "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK", "FIN_WAIT_2",   \
	    "TIME_WAIT"

struct in_pcb_row {
	char proto[8]; /* "udp", "raw", "tcp", "divert" */
	uint16_t af;   /* of the socket */
	uint8_t
	    vers; /* 1: IPv4, 2: IPv6, 3: both; v4 addresses stand in v4 form */
	uint8_t number;        /* raw: IP protocol, 0 any */
	uint16_t lport, fport; /* host order, 0: none */
	struct ip_addr laddr, faddr;
	uint32_t scope; /* interface of link-local addresses */
	uint32_t rtable;
	uint32_t uid, gid;
	int32_t pid;
	uint32_t state;      /* tcp: its state */
	uint64_t rcvq, sndq; /* bytes that wait */
	uint64_t drops;      /* messages that found no room */
	char ifname[16];     /* bound to, or "" */
};

#endif
