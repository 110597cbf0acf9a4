/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What sysctl kern.mbstat and kern.pools say.  Shared. */

#ifndef _SYS_MEMSTAT_H_
#define _SYS_MEMSTAT_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif

struct mbuf_stat {
	uint64_t mbufs, clusters, bytes, limit, high, denied;
};

struct pool_stat {
	char name[32];
	uint64_t size, inuse, high, limit, gets, puts, fails, pages;
};

#endif
