/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Loopback interfaces. */

#ifndef _NET_IF_LOOP_H_
#define _NET_IF_LOOP_H_

#include <sys/types.h>

struct mbuf;

/* At boot: the cloner and lo0, up.  0 or ENOMEM. */
int loopinit(void);
/* What a capture of DLT_LOOP writes in front of packet m (network order). */
uint32_t loop_bpf_family(const struct mbuf *m);

#endif
