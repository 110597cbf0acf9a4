/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * When a state ends.
 *
 * States hang in a wheel of slots, a second each.  A packet only notes its
 * time in the state.  When a slot comes round, each state in it either has
 * really been idle for its time, and goes, or moves to the slot of the time
 * that it has now.  So a busy state costs one look per turn of the wheel, and
 * nobody walks the whole table.
 *
 * Adaptive timeouts shrink all times as states become many.  What is scaled
 * is only known when asked, so while they act (more states than `start') the
 * whole table is walked besides, a part each second, once an interval.  So it
 * is once when somebody sets other times: a state may wait in a slot that is
 * far behind the new ones.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/pf/pf.h>
#include <net/pf/pf_purge.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>

#define WHEEL 512 /* slots, a second each */

static LIST_HEAD(, pf_state) pf_wheel[WHEEL];
static uint32_t pf_wheel_at; /* second of the last slot done */
static uint64_t pf_walk_id;  /* where the walk is */
static bool pf_retiming;     /* a walk of all states is due */
static struct timeout pf_purge_timeout;

/* A time of the rule, or the global one. */
static uint32_t
pf_timeout_of(const struct pf_rule *r, unsigned int which)
{
	uint32_t t = r->ioc->timeout[which];

	return (t != 0 ? t : pf_options.timeout[which]);
}

uint32_t
pf_state_left(const struct pf_state *st)
{
	const struct pf_rule *r = st->rule;
	uint64_t t = pf_timeout_of(r, st->timeout), start, end, n;
	uint64_t idle = uptime_sec() - st->last;

	start = r->ioc->timeout[PFTM_ADAPTIVE_START];
	end = r->ioc->timeout[PFTM_ADAPTIVE_END];
	n = r->states_cur;
	if (start == 0) {
		start = pf_options.timeout[PFTM_ADAPTIVE_START];
		end = pf_options.timeout[PFTM_ADAPTIVE_END];
		n = pf_nstates;
	}
	if (end != 0 && n > start && start < end)
		t = n >= end ? 0 : t * (end - n) / (end - start);
	return (idle >= t ? 0 : (uint32_t)(t - idle));
}

void
pf_wheel_insert(struct pf_state *st)
{
	uint32_t left = pf_state_left(st);

	left = MAX(1U, MIN(left, WHEEL - 1U));
	LIST_INSERT_HEAD(
	    &pf_wheel[((uint32_t)uptime_sec() + left) % WHEEL], st, wheel);
}

void
pf_wheel_remove(struct pf_state *st)
{
	LIST_REMOVE(st, wheel);
}

static void
pf_wheel_turn(uint32_t slot)
{
	struct pf_state *st, *next;

	for (st = LIST_FIRST(&pf_wheel[slot]); st != NULL; st = next) {
		next = LIST_NEXT(st, wheel);
		if (pf_state_left(st) == 0) {
			pf_state_remove(st);
			continue;
		}
		LIST_REMOVE(st, wheel);
		pf_wheel_insert(st);
	}
}

static void
pf_purge_walk(void)
{
	uint32_t interval = MAX(1U, pf_options.timeout[PFTM_INTERVAL]);
	uint64_t n = pf_nstates / interval + 1;
	struct pf_state *st;

	while (n-- > 0) {
		if ((st = pf_state_after(pf_walk_id)) == NULL) {
			pf_walk_id = 0;
			pf_retiming = false;
			return;
		}
		pf_walk_id = st->id;
		if (pf_state_left(st) == 0) {
			pf_state_remove(st);
		} else if (pf_retiming) {
			pf_wheel_remove(st);
			pf_wheel_insert(st);
		}
	}
}

void
pf_purge_retime(void)
{
	pf_retiming = true;
	pf_walk_id = 0;
}

void
pf_purge_run(void)
{
	uint32_t now = (uint32_t)uptime_sec();
	uint32_t start = pf_options.timeout[PFTM_ADAPTIVE_START];

	if (now - pf_wheel_at > WHEEL)
		pf_wheel_at = now - WHEEL; /* stopped and continued */
	while (pf_wheel_at != now)
		pf_wheel_turn(++pf_wheel_at % WHEEL);
	if (pf_retiming || (start != 0 && pf_nstates > start))
		pf_purge_walk();
}

static void
pf_purge_tick(void *arg)
{
	pf_purge_run();
	timeout_add_sec(&pf_purge_timeout, 1);
}

void
pf_purge_start(void)
{
	if (timeout_pending(&pf_purge_timeout))
		return;
	pf_purge_run();
	timeout_add_sec(&pf_purge_timeout, 1);
}

void
pf_purge_init(void)
{
	for (unsigned int i = 0; i < WHEEL; i++)
		LIST_INIT(&pf_wheel[i]);
	pf_wheel_at = (uint32_t)uptime_sec();
	timeout_set(&pf_purge_timeout, pf_purge_tick, NULL);
}
