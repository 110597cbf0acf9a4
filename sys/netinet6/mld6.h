/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* MLD messages, from icmp6_input(): DROP_ICMP6_DONE, or why m is dropped. */

#ifndef _NETINET6_MLD6_H_
#define _NETINET6_MLD6_H_

#include <sys/drop.h>

struct ip_input_ctx;
struct mbuf;

enum drop_reason mld6_input(const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint32_t len);

#endif
