/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* IPv4, ICMP, ARP and UDP on the wire (RFC 791, 792, 826, 768). */

#ifndef _NETINET_IP_FUGU_H_
#define _NETINET_IP_FUGU_H_

#include <sys/types.h>
#include <sys/cdefs.h>

struct ip {
	uint8_t ip_vhl; /* version << 4 | header length in words */
	uint8_t ip_tos;
	uint16_t ip_len;
	uint16_t ip_id;
	uint16_t ip_off; /* flags and fragment offset / 8 */
#define IP_RF	   0x8000
#define IP_DF	   0x4000
#define IP_MF	   0x2000
#define IP_OFFMASK 0x1fff
	uint8_t ip_ttl;
	uint8_t ip_p;
	uint16_t ip_sum;
	uint32_t ip_src, ip_dst; /* network order */
} __packed;
#define IP_VERSION(ip) ((ip)->ip_vhl >> 4)
#define IP_HLEN(ip)    (((ip)->ip_vhl & 0xfU) << 2)
#define IP_MAXPACKET   65535

/* options: copied into fragments, class, number (RFC 791 3.1) */
#define IPOPT_EOL    0
#define IPOPT_NOP    1
#define IPOPT_RR     7
#define IPOPT_TS     68
#define IPOPT_LSRR   131
#define IPOPT_SSRR   137
#define IPOPT_RA     148 /* router alert, RFC 2113 */
#define IPOPT_COPIED 0x80
#define IPOPT_TS_TSONLY	   0
#define IPOPT_TS_TSANDADDR 1
#define IPOPT_TS_PRESPEC   3
#define IPDEFTTL       64

struct udphdr {
	uint16_t uh_sport, uh_dport, uh_ulen, uh_sum;
} __packed;

struct tcphdr {
	uint16_t th_sport, th_dport;
	uint32_t th_seq, th_ack;
	uint8_t th_off; /* header length in words << 4 */
	uint8_t th_flags;
	uint16_t th_win, th_sum, th_urp;
} __packed;
#define TH_FIN	0x01
#define TH_SYN	0x02
#define TH_RST	0x04
#define TH_PUSH 0x08
#define TH_ACK	0x10
#define TH_URG	0x20
#define TH_ECE	0x40
#define TH_CWR	0x80

struct icmp {
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_cksum;
	union {
		struct {
			uint16_t id, seq;
		} echo;
		uint32_t gwaddr;
		struct {
			uint16_t unused, mtu;
		} frag;
		uint32_t word;
	} u;
} __packed;
#define icmp_id	     u.echo.id
#define icmp_seq     u.echo.seq
#define icmp_gwaddr  u.gwaddr
#define icmp_nextmtu u.frag.mtu
#define ICMP_ECHOREPLY	  0
#define ICMP_UNREACH	  3
#define ICMP_UNREACH_NET 0
#define ICMP_UNREACH_HOST 1
#define ICMP_UNREACH_PROTOCOL 2
#define ICMP_UNREACH_PORT 3
#define ICMP_UNREACH_NEEDFRAG 4
#define ICMP_UNREACH_SRCFAIL 5
#define ICMP_UNREACH_FILTER_PROHIB 13
#define ICMP_SOURCEQUENCH 4
#define ICMP_REDIRECT	  5
#define ICMP_REDIRECT_NET 0
#define ICMP_REDIRECT_HOST 1
#define ICMP_ECHO	  8
#define ICMP_ROUTERADVERT 9
#define ICMP_ROUTERSOLICIT 10
#define ICMP_TIMXCEED	  11
#define ICMP_TIMXCEED_INTRANS 0
#define ICMP_TIMXCEED_REASS 1
#define ICMP_PARAMPROB	  12
#define ICMP_TSTAMP	  13
#define ICMP_TSTAMPREPLY  14
#define ICMP_MASKREQ	  17
#define ICMP_MASKREPLY	  18

struct arphdr {
	uint16_t ar_hrd, ar_pro;
	uint8_t ar_hln, ar_pln;
	uint16_t ar_op;
	uint8_t ar_sha[6], ar_spa[4], ar_tha[6], ar_tpa[4];
} __packed;
#define ARPOP_REQUEST 1
#define ARPOP_REPLY   2

#endif
