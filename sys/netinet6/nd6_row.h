/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What was learned from routers, as ndp(8) reads it: rows of
 * net.inet6.nd6.routers, .prefixes, .resolvers and .links.  Shared.  Times are seconds
 * left, UINT32_MAX for ever.
 */

#ifndef _NETINET6_ND6_ROW_H_
#define _NETINET6_ND6_ROW_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif
#include <net/ip_addr.h>

/* A way that a router offers: a default route, or a route to a prefix. */
struct nd6_way_row {
	struct ip_addr router, prefix;
	char ifname[16];
	uint32_t expire_s;
	uint8_t plen;
	int8_t preference; /* RFC 4191: -1, 0, 1 */
	uint8_t chosen;    /* it has the route */
	uint8_t lost;      /* the router does not answer */
};

struct nd6_prefix_row {
	struct ip_addr prefix;
	char ifname[16];
	uint32_t onlink_s; /* 0: not on the link */
	uint32_t valid_s, preferred_s;
	uint8_t plen;
	uint8_t autoconf; /* addresses are made from it */
	uint8_t addresses;
	uint8_t pad;
};

#define ND6_DOMAIN_MAX 256 /* with its NUL */

/* A name server, or with server zero a domain to search in. */
struct nd6_dns_row {
	struct ip_addr router, server;
	char ifname[16]; /* where router is, and a link-local server */
	char domain[ND6_DOMAIN_MAX];
	uint32_t expire_s;
	uint32_t pad;
};

/* What an interface with autoconf has been told, 0: nothing. */
struct nd6_link_row {
	char ifname[16];
	uint32_t mtu, reachable_ms, retrans_ms;
	uint32_t routers, prefixes;
	uint32_t asked; /* solicitations since the last answer */
	uint8_t hlim;
	uint8_t
	    asking; /* 0: no; 1: waits for a link-local address; 2: asks; 3: was answered */
	uint8_t managed, other; /* M and O of the last advertisement */
};

#endif
