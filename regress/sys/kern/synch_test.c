/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Sleep and wake-up. */

#include <sys/systm.h>
#include <sys/proc.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <ktest.h>

static struct proc me = { .p_uid = 1000, .p_fd = -1 };
static int right, wrong;

static void
wake(void *ident)
{
	KT(curproc() == NULL); /* we are not in the sleeper's call */
	wakeup(ident);
}

static int
sleep_us(void *wakes, uint64_t after_us, uint64_t limit_us, uint64_t *slept_us)
{
	struct timeout to;
	uint64_t start;
	int error;

	time_refresh();
	timeout_init(uptime_us());
	proc_switch(&me);
	start = uptime_us();
	timeout_set(&to, wake, wakes);
	timeout_add_us(&to, after_us);
	error = tsleep_us(&right, "test", limit_us);
	timeout_del(&to);
	KT(curproc() == &me);
	*slept_us = uptime_us() - start;
	return (error);
}

KTEST(tsleep_wakes_or_times_out)
{
	uint64_t slept;

	KT_EQ(sleep_us(&right, 70, 100, &slept), 0);
	KT_EQ(slept, 70);
	KT_EQ(sleep_us(&right, 70, 0, &slept), 0);
	KT_EQ(slept, 70);
	KT_EQ(sleep_us(&right, 200, 100, &slept), EWOULDBLOCK);
	KT_EQ(slept, 100);
	KT_EQ(sleep_us(&wrong, 70, 100, &slept), EWOULDBLOCK);
	KT_EQ(slept, 100);
}

KTEST(time_of_a_step_stands_still)
{
	uint64_t t, wall;

	time_refresh();
	t = uptime_us();
	wall = time_wall_us;
	KT(t > 0);
	sim_advance_us(1500000);
	KT(uptime_us() == t);
	time_refresh();
	KT_EQ(uptime_us(), t + 1500000);
	KT_EQ(time_wall_us, wall + 1500000);
	KT_EQ(time_to_host(UINT64_MAX), ~0ULL);
}
