/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Counters that `netstat -s' prints: an array of uint64_t, an array of
 * sentences, registered under the name of a protocol.  Drops are not among
 * them: they have <sys/drop.h>.
 */

#ifndef _SYS_COUNTER_H_
#define _SYS_COUNTER_H_

#include <sys/types.h>
#include <sys/queue.h>

struct counter_group {
	const char *cg_proto; /* "ip", "udp", ... */
	const char *const *cg_text; /* "total packets received" */
	uint64_t *cg_value;
	unsigned int cg_count;
	TAILQ_ENTRY(counter_group) cg_entry;
};

/* Lives as long as the kernel. */
void counters_register(struct counter_group *cg);

/*
 * A row of sysctl net.stats, an array of these: counters in order of
 * registration, then drops, all rows of a protocol together.
 */
struct stat_row {
	char proto[16];
	char text[80];
	uint64_t value;
	uint32_t is_drop;
	uint32_t pad;
};

#endif
