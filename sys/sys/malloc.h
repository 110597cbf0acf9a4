/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * General memory, counted by what it is for.  Objects of one size that come
 * and go with packets, states or routes belong in a pool instead.
 */

#ifndef _SYS_MALLOC_H_
#define _SYS_MALLOC_H_

#include <sys/types.h>

/* One row of name and limit per type in kern_malloc.c. */
enum malloc_type {
	M_TEMP, M_IFNET, M_IFADDR, M_RTABLE, M_SOCKET, M_FILE, M_PCB, M_BPF,
	M_SYSCALL, M_SYSCTL, M_IPFRAG, M_IPOPTS, M_PF, M_PFTABLE, M_CRYPTO, M_DEVBUF,
	M_MBUF, NMALLOC
};

#define M_NOWAIT 0 /* there is no other way: nothing waits for memory */
#define M_ZERO	 1

/* Memory aligned to 16, or NULL (always possible). */
void *malloc(size_t size, enum malloc_type type, int flags);
/* nmemb * size with the product checked. */
void *mallocarray(size_t nmemb, size_t size, enum malloc_type type, int flags);
/* Gives back what malloc() gave; size and type must be the same.  NULL is allowed. */
void free(void *p, enum malloc_type type, size_t size);

struct malloc_stat {
	char name[16];
	uint64_t inuse, bytes, high, limit, allocs, fails;
};
/* Row i of the types, false past the end. */
bool malloc_stat(unsigned int i, struct malloc_stat *st);
/* At boot: kern.malloc, kern.pools, kern.mbstat and kern.mbufbytes. */
void memstatinit(void);

#endif
