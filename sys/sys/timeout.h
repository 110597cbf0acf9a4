/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Timeouts: a function that runs once, later, in the loop.
 * Microseconds on the uptime clock; adding, moving and deleting cost O(1)
 * or O(log n) and never fail.  A handler may set its own timeout again and
 * may free the structure.
 */

#ifndef _SYS_TIMEOUT_H_
#define _SYS_TIMEOUT_H_

#include <sys/types.h>

struct timeout {
	/* a pairing heap: first child, next sibling, previous sibling or parent */
	struct timeout *to_child, *to_next, *to_prev;
	void (*to_func)(void *);
	void *to_arg;
	uint64_t to_when_us; /* uptime */
	uint64_t to_seq : 63; /* order of setting, among equals */
	bool to_pending : 1;
};

void timeout_set(struct timeout *to, void (*fn)(void *), void *arg);
/* Runs us from now; replaces an earlier setting.  1 if it was not pending. */
int timeout_add_us(struct timeout *to, uint64_t us);
int timeout_add_ms(struct timeout *to, uint64_t ms);
int timeout_add_sec(struct timeout *to, uint64_t sec);
/* Runs at uptime when_us, at once if that is past. */
int timeout_at_us(struct timeout *to, uint64_t when_us);
/* 1 if it was pending.  Afterwards it does not run. */
int timeout_del(struct timeout *to);
static inline bool
timeout_pending(const struct timeout *to)
{
	return (to->to_pending);
}

/* Runs all that is due at now_us, in order of time, then of setting. */
void timeout_run(uint64_t now_us);
/* When the next is due, UINT64_MAX if none is pending. */
uint64_t timeout_next(void);
void timeout_init(uint64_t now_us);

#endif
