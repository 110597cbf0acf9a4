/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The time of the current step. */

#include <sys/systm.h>
#include <sys/time.h>
#include <machine/host.h>

uint64_t time_uptime_us = 1, time_wall_us, time_boot_wall_us;
static unsigned long long boot_ns;

void
time_refresh(void)
{
	unsigned long long now = host_clock();

	if (boot_ns == 0) {
		boot_ns = now - 1000; /* uptime is never 0 */
		time_boot_wall_us = host_walltime() / 1000;
	}
	time_uptime_us = (now - boot_ns) / 1000;
	time_wall_us = host_walltime() / 1000;
}

unsigned long long
time_to_host(uint64_t us)
{
	if (us > (~0ULL - boot_ns) / 1000)
		return (~0ULL);
	return (boot_ns + us * 1000);
}

void
microtime(struct timeval *tv)
{
	tv->tv_sec = (time_t)(time_wall_us / 1000000);
	tv->tv_usec = (long)(time_wall_us % 1000000);
}
