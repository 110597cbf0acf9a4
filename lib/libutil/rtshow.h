/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Routing tables as text, for route and netstat -r. */

#ifndef LIBUTIL_RTSHOW_H
#define LIBUTIL_RTSHOW_H

#include <net/rtmsg.h>

#include <stdbool.h>
#include <stddef.h>

/* Which routes of a table; zero is all of table 0. */
struct rt_wanted {
	int af; /* AF_UNSPEC: both */
	unsigned int table;
	bool numeric, verbose;
	bool samefamily; /* only with a gateway of the destination's family */
	int gwaf;        /* AF_INET, AF_INET6: by this gateway only */
	struct ip_addr gateway;
	uint8_t priority;   /* 0: any */
	const char *label;  /* NULL or "": any */
	const char *ifname; /* NULL or "": any */
};

/* Prints the routes that are wanted.  0, or -1 with errno. */
int rt_show(const struct rt_wanted *w);
/* The table that route exec handed on (BSD_RTABLE), 0 without. */
unsigned int rt_table_inherited(void);
/* All routes of one family of a table, malloc()ed: *n rows.  NULL and errno. */
struct rt_msg *rt_read(int af, unsigned int table, size_t *n);
bool rt_is_wanted(const struct rt_wanted *w, const struct rt_msg *m);

/*
 * "10.0.0/24" (bytes of the host are left out), "default", "2001:db8::1",
 * "fe80::1%fxp0"; into buf, which is returned.
 */
const char *rt_prefix_text(const struct rt_msg *m, char *buf, size_t size);
/* One address; ifname is the scope of a link-local one. */
const char *rt_addr_text(int af, const struct ip_addr *a, const char *ifname,
    char *buf, size_t size);
/* "255.255.255.0", "ffff:ffff::", "default". */
const char *rt_mask_text(int af, unsigned int plen, char *buf, size_t size);
/* "UGHS"; into buf, which is returned. */
const char *rt_flags_text(unsigned int flags, char buf[32]);
/* "UP,GATEWAY,STATIC"; buf of at least 256. */
const char *rt_flags_names(unsigned int flags, char *buf, size_t size);
/* Gateway, link address, our own address on the link, or link#N. */
const char *rt_gateway_text(const struct rt_msg *m, bool numeric, char *buf,
    size_t size);
/* "static"; "" for a priority without a name. */
const char *rt_priority_name(unsigned int priority);

#endif
