/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Pairs of Ethernets inside one kernel. */

#ifndef _NET_IF_PAIR_H_
#define _NET_IF_PAIR_H_

void pairinit(void); /* at boot: the cloner */

#endif
