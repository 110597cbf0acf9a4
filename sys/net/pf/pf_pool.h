/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Pools of type least-states: what pf_pool.c and pf_state.c ask and tell. */

#ifndef _NET_PF_PF_POOL_H_
#define _NET_PF_PF_POOL_H_

#include <sys/types.h>
#include <net/ip_addr.h>

struct pf_pool;
struct pf_state;

/* States that pool has translated to a. */
uint32_t pf_pool_load(const struct pf_pool *pool, const struct ip_addr *a);
void pf_pool_load_free(struct pf_pool *pool);
/* A state was linked (more), or goes: for the pools of its rules. */
void pf_pool_account(const struct pf_state *st, bool more);

#endif
