/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Why packets die.  Every drop has a reason, counted once, in m_drop().
 * One row of drops.def is one reason: DROP(NAME, "protocol", "text"), and
 * `netstat -s' prints the text below its protocol.
 */

#ifndef _SYS_DROP_H_
#define _SYS_DROP_H_

#include <sys/types.h>

enum drop_reason {
	DROP_NONE, /* never counted */
#define DROP(name, proto, text) DROP_##name,
#include <sys/drops.def>
#undef DROP
	NDROPS
};

struct drop_row {
	const char *name, *proto, *text;
};
extern const struct drop_row drop_rows[NDROPS];
extern uint64_t drop_counts[NDROPS];

/* Registers net.stats.  At boot. */
void statinit(void);
/* Counts a drop of something that is no mbuf (any more). */
void drop_count(enum drop_reason why);

#endif
