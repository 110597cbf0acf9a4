/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Timeouts against a naive model, and the rules about handlers. */

#include <sys/systm.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <ktest.h>

#define N 300

static struct timeout tos[N];
static uint64_t when[N], order[N]; /* the model; 0: not pending */
static uint64_t seq, last_when, last_order;
static unsigned int ran;

static void
fired(void *arg)
{
	size_t i = (size_t)((struct timeout *)arg - tos);

	KT(when[i] != 0 && when[i] <= uptime_us());
	KT(when[i] > last_when ||
	    (when[i] == last_when && order[i] > last_order));
	last_when = when[i];
	last_order = order[i];
	when[i] = 0;
	ran++;
}

static uint64_t
model_next(void)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < N; i++)
		if (when[i] != 0)
			next = MIN(next, when[i]);
	return (next);
}

KTEST(timeout_random_against_model)
{
	time_refresh();
	timeout_init(uptime_us());
	for (size_t i = 0; i < N; i++)
		timeout_set(&tos[i], fired, &tos[i]);
	for (int step = 0; step < 20000; step++) {
		size_t i = arc4random_uniform(N);
		uint32_t what = arc4random_uniform(10);

		if (what < 6) {
			uint64_t us = arc4random_uniform(500);

			KT_EQ(timeout_add_us(&tos[i], us), when[i] == 0);
			when[i] = uptime_us() + us;
			order[i] = ++seq;
		} else if (what < 8) {
			KT_EQ(timeout_del(&tos[i]), when[i] != 0);
			when[i] = 0;
		} else {
			sim_advance_us(arc4random_uniform(40));
			time_refresh();
			last_when = last_order = 0;
			timeout_run(uptime_us());
			KT(model_next() > uptime_us());
		}
		KT_EQ(timeout_next(), model_next());
	}
	KT(ran > 1000);
}

static struct timeout self;
static int self_runs;

static void
again(void *arg)
{
	self_runs++;
	timeout_add_us(&self, 0);
}

KTEST(timeout_that_sets_itself_runs_once_a_step)
{
	time_refresh();
	timeout_set(&self, again, NULL);
	timeout_add_us(&self, 0);
	timeout_run(uptime_us());
	KT_EQ(self_runs, 1);
	timeout_run(uptime_us());
	KT_EQ(self_runs, 2);
}

KTEST(timeout_far_away_does_not_wrap)
{
	time_refresh();
	timeout_set(&self, again, NULL);
	timeout_add_sec(&self, UINT64_MAX / 2);
	KT(timeout_next() > UINT64_MAX / 2);
	timeout_add_ms(&self, UINT64_MAX - 1);
	KT(timeout_next() > UINT64_MAX / 2 && timeout_next() != UINT64_MAX);
	KT_EQ(timeout_del(&self), 1);
	KT_EQ(timeout_del(&self), 0);
	KT_EQ(timeout_next(), UINT64_MAX);
}
