/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Reference counts. */

#ifndef _SYS_REFCNT_H_
#define _SYS_REFCNT_H_

#include <sys/systm.h>

struct refcnt {
	uint32_t r_refs;
};

/* One reference, the caller's. */
static inline void
refcnt_init(struct refcnt *r)
{
	r->r_refs = 1;
}

static inline void
refcnt_take(struct refcnt *r)
{
	KASSERT(r->r_refs != 0 && r->r_refs != UINT32_MAX);
	r->r_refs++;
}

/* True when that was the last: the caller frees. */
static inline bool
refcnt_rele(struct refcnt *r)
{
	KASSERT(r->r_refs != 0);
	return (--r->r_refs == 0);
}

static inline bool
refcnt_shared(const struct refcnt *r)
{
	return (r->r_refs > 1);
}

#endif
