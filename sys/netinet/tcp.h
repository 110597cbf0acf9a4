/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * TCP on the wire beyond the header (which stands in <netinet/ip.h>), and
 * socket options, with Linux's numbers (RFC 9293, 7323, 2018, 2385).
 */

#ifndef _NETINET_TCP_FUGU_H_
#define _NETINET_TCP_FUGU_H_

#include <sys/types.h>
#include <netinet/ip.h>

/* kinds of options, and their whole length */
#define TCPOPT_EOL      0
#define TCPOPT_NOP      1
#define TCPOPT_MSS      2
#define TCPOLEN_MSS     4
#define TCPOPT_WSCALE   3
#define TCPOLEN_WSCALE  3
#define TCPOPT_SACKOK   4
#define TCPOLEN_SACKOK  2
#define TCPOPT_SACK     5
#define TCPOPT_TSTAMP   8
#define TCPOLEN_TSTAMP  10
#define TCPOPT_MD5      19
#define TCPOLEN_MD5     18
#define TCP_OPTIONS_MAX 40
#define TCP_WSCALE_MAX  14
#define TCP_SACKS_MAX   4
#define TCP_WINDOW_MAX  65535U /* unscaled */

#define TCP_MSS_INET  536 /* RFC 9293 3.7.1, when the peer says nothing */
#define TCP_MSS_INET6 1220
#define TCP_MSS_MIN   216 /* less is taken for this */

/* socket options of level IPPROTO_TCP */
#define TCP_NODELAY          1
#define TCP_MAXSEG           2
#define TCP_CORK             3
#define TCP_KEEPIDLE         4
#define TCP_KEEPINTVL        5
#define TCP_KEEPCNT          6
#define TCP_SYNCNT           7
#define TCP_LINGER2          8
#define TCP_DEFER_ACCEPT     9
#define TCP_WINDOW_CLAMP     10
#define TCP_INFO             11
#define TCP_QUICKACK         12
#define TCP_CONGESTION       13
#define TCP_MD5SIG           14
#define TCP_USER_TIMEOUT     18
#define TCP_ULP              31
#define TCP_MD5SIG_EXT       32
#define TCP_MD5SIG_MAXKEYLEN 80

#endif
