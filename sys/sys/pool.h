/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Pools: objects of one size, with a limit and statistics.
 *
 * Built with POOL_DEBUG every object is a host allocation of its own, so
 * that a sanitizer sees each one; otherwise they are cut from pages, and
 * empty pages go back to the host when more than a few are idle.  Objects that
 * are too large for pages are allocations of the host's always, of which some
 * megabytes are kept for the next user.
 */

#ifndef _SYS_POOL_H_
#define _SYS_POOL_H_

#include <sys/memstat.h>
#include <sys/types.h>
#include <sys/queue.h>

struct pool_free;
struct pool_page;
TAILQ_HEAD(pool_pages, pool_page);

struct pool {
	const char *pr_name;
	size_t pr_size, pr_align;
	unsigned int pr_perpage;
	uint64_t pr_limit; /* 0: none */
	uint64_t pr_inuse, pr_high, pr_gets, pr_puts, pr_fails;
	uint64_t pr_npages, pr_nempty;
	struct pool_pages pr_partial, pr_empty, pr_full;
	struct pool_free *pr_spare; /* large objects that are kept */
	uint64_t pr_nspare;
	LIST_ENTRY(pool) pr_list;
};

#define PR_NOWAIT 0
#define PR_ZERO	  1

/* name is kept, not copied.  size and align (power of two, 0: 8) in bytes. */
void pool_init(struct pool *pp, size_t size, size_t align, const char *name);
/* All objects must be back. */
void pool_destroy(struct pool *pp);
/* An object, or NULL when the limit is reached or the host has no memory. */
void *pool_get(struct pool *pp, int flags);
void pool_put(struct pool *pp, void *obj);
/* At most n objects at a time; 0 for no limit.  EBUSY if more are in use. */
int pool_sethardlimit(struct pool *pp, uint64_t n);
/* Gives idle pages and large objects back to the host. */
void pool_reclaim(struct pool *pp);

/* Row i of all pools, in order of creation; false past the end. */
bool pool_stat(unsigned int i, struct pool_stat *st);

#endif
