/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The time, as the kernel sees it: read from the host once for each step of
 * the loop and each system call, so that all work of one batch happens at
 * one moment.  Protocol code takes the time as an argument where it can.
 */

#ifndef _SYS_TIME_H_
#define _SYS_TIME_H_

#include <sys/types.h>

struct timeval {
	time_t tv_sec;
	long tv_usec;
};

extern uint64_t time_uptime_us; /* microseconds since boot, never 0 */
extern uint64_t time_wall_us; /* microseconds since 1970 UTC */
extern uint64_t time_boot_wall_us; /* time_wall_us at boot */

static inline uint64_t
uptime_us(void)
{
	return (time_uptime_us);
}

static inline uint64_t
uptime_sec(void)
{
	return (time_uptime_us / 1000000);
}

static inline uint64_t
walltime_sec(void)
{
	return (time_wall_us / 1000000);
}

/* Wall time as a struct timeval. */
void microtime(struct timeval *tv);
/* Asks the host again.  Called by the loop and at system call entry. */
void time_refresh(void);
/* host_clock() time that corresponds to uptime us. */
unsigned long long time_to_host(uint64_t us);

#endif
