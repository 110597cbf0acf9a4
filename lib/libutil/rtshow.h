/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Routing tables as text, for route show and netstat -r. */

#ifndef LIBUTIL_RTSHOW_H
#define LIBUTIL_RTSHOW_H

#include <net/rtmsg.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Prints the routes of family af (AF_UNSPEC: both) of a table.  0, or -1 with
 * errno.
 */
int rt_show(int af, unsigned int table, bool numeric);
/* "10.0.0.0/8", "default", "2001:db8::1"; into buf, which is returned. */
const char *rt_prefix_text(int af, const struct ip_addr *a, unsigned int plen, char *buf, size_t size);
/* "UGHS"; into buf, which is returned. */
const char *rt_flags_text(unsigned int flags, char buf[32]);
/* Gateway, link address or link#N. */
const char *rt_gateway_text(const struct rt_msg *m, bool numeric, char *buf, size_t size);

#endif
