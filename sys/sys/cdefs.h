/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the compiler can be told.  Shared with programs. */

#ifndef _SYS_FUGU_CDEFS_H_
#define _SYS_FUGU_CDEFS_H_

#ifdef _KERNEL
#define __dead	      __attribute__((__noreturn__))
#define __packed      __attribute__((__packed__))
#define __aligned(n)  __attribute__((__aligned__(n)))
#define __unused      __attribute__((__unused__))
#define __printf(f, a) __attribute__((__format__(__printf__, f, a)))
#define __must_check  __attribute__((__warn_unused_result__))
#define __predict_true(e)  __builtin_expect((e) != 0, 1)
#define __predict_false(e) __builtin_expect((e) != 0, 0)
#define nitems(a)     (sizeof(a) / sizeof((a)[0]))
#define containerof(p, type, member) \
	((type *)(void *)((char *)(p) - offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

#endif
