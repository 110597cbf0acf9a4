/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* IPv6, its extension headers, ICMPv6 and ND on the wire (RFC 8200, 4443, 4861). */

#ifndef _NETINET6_IP6_FUGU_H_
#define _NETINET6_IP6_FUGU_H_

#include <sys/types.h>
#include <sys/cdefs.h>

struct ip6_hdr {
	uint32_t ip6_flow; /* version, class, flow label */
	uint16_t ip6_plen;
	uint8_t ip6_nxt;
	uint8_t ip6_hlim;
	uint8_t ip6_src[16], ip6_dst[16];
} __packed;
#define IPV6_VERSION_MASK 0xf0
#define IPV6_MMTU	  1280

struct ip6_frag {
	uint8_t ip6f_nxt, ip6f_reserved;
	uint16_t ip6f_offlg; /* offset in 8 bytes << 3 | more */
	uint32_t ip6f_ident;
} __packed;

struct icmp6_hdr {
	uint8_t icmp6_type, icmp6_code;
	uint16_t icmp6_cksum;
	uint32_t icmp6_data;
} __packed;
#define ICMP6_DST_UNREACH	  1
#define ICMP6_DST_UNREACH_NOROUTE 0
#define ICMP6_DST_UNREACH_ADMIN	  1
#define ICMP6_DST_UNREACH_BEYONDSCOPE 2
#define ICMP6_DST_UNREACH_ADDR	  3
#define ICMP6_DST_UNREACH_NOPORT  4
#define ICMP6_PACKET_TOO_BIG	  2
#define ICMP6_TIME_EXCEEDED	  3
#define ICMP6_TIME_EXCEED_TRANSIT 0
#define ICMP6_TIME_EXCEED_REASSEMBLY 1
#define ICMP6_PARAM_PROB	  4
#define ICMP6_PARAMPROB_HEADER	  0
#define ICMP6_PARAMPROB_NEXTHEADER 1
#define ICMP6_PARAMPROB_OPTION	  2
#define ICMP6_PARAMPROB_HDRCHAIN  3 /* RFC 7112 */
#define ICMP6_INFOMSG_MASK	  0x80
#define ICMP6_ECHO_REQUEST	  128
#define ICMP6_ECHO_REPLY	  129
#define MLD_LISTENER_QUERY	  130
#define MLD_LISTENER_REPORT	  131
#define MLD_LISTENER_DONE	  132
#define ND_ROUTER_SOLICIT	  133
#define ND_ROUTER_ADVERT	  134
#define ND_NEIGHBOR_SOLICIT	  135
#define ND_NEIGHBOR_ADVERT	  136
#define ND_REDIRECT		  137
#define MLDV2_LISTENER_REPORT	  143

#endif
