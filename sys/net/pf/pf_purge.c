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
 * is only known when asked, so while they act (more states than `start', or
 * rules have an `adaptive.start' of their own) the whole table is walked besides, a part each second, once an interval.  So it
 * is once when somebody sets other times: a state may wait in a slot that is
 * far behind the new ones.
 *
 * A slot can hold a million states, of a flood.  So the states of a slot that
 * comes round are put on one list, and that and the walk are worked off a part
 * at a time, with packets in between.
 *
 * Read on: pf_once.c, which ends rules.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/pf/pf.h>
#include <net/pf/pf_once.h>
#include <net/pf/pf_purge.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>

#define WHEEL	512  /* slots, a second each */
#define TURN	2048 /* states looked at before packets run again */
#define TURN_US 500  /* when there are more */

static LIST_HEAD(, pf_state) pf_wheel[WHEEL], pf_due;
static uint32_t pf_wheel_at; /* second of the last slot begun */
static uint64_t pf_walk_id;  /* where the walk is */
static uint64_t pf_walk_left; /* of its part for this second */
static uint32_t pf_walk_at;   /* second of that part */
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

/* The states of a slot are due. */
static void
pf_wheel_turn(uint32_t slot)
{
	pf_due.lh_first = pf_wheel[slot].lh_first;
	if (pf_due.lh_first != NULL)
		pf_due.lh_first->wheel.le_prev = &pf_due.lh_first;
	LIST_INIT(&pf_wheel[slot]);
}

/* Ends up to n states that are due, or moves them on; how many are left of n. */
static unsigned int
pf_due_work(unsigned int n)
{
	struct pf_state *st;

	for (; n > 0 && (st = LIST_FIRST(&pf_due)) != NULL; n--) {
		if (pf_state_left(st) == 0) {
			pf_state_remove(st);
			continue;
		}
		LIST_REMOVE(st, wheel);
		pf_wheel_insert(st);
	}
	return (n);
}

static void
pf_walk_begin(uint32_t now)
{
	uint32_t interval = MAX(1U, pf_options.timeout[PFTM_INTERVAL]);
	uint32_t start = pf_options.timeout[PFTM_ADAPTIVE_START];

	if (pf_walk_at == now)
		return;
	pf_walk_at = now;
	pf_walk_left = pf_retiming || pf_rules_adaptive != 0 ||
		(start != 0 && pf_nstates > start) ?
	    pf_nstates / interval + 1 :
	    0;
}

/* Up to n states of the walk. */
static void
pf_walk_work(unsigned int n)
{
	struct pf_state *st;

	for (; n > 0 && pf_walk_left > 0; n--, pf_walk_left--) {
		if ((st = pf_state_after(pf_walk_id)) == NULL) {
			pf_walk_id = pf_walk_left = 0;
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

/* One turn.  True: there is more to be done in this second. */
static bool
pf_purge_turn(void)
{
	uint32_t now = (uint32_t)uptime_sec();
	unsigned int n = TURN;

	if (now - pf_wheel_at > WHEEL)
		pf_wheel_at = now - WHEEL; /* stopped and continued */
	while ((n = pf_due_work(n)) > 0 && pf_wheel_at != now)
		pf_wheel_turn(++pf_wheel_at % WHEEL);
	pf_walk_begin(now);
	pf_walk_work(n);
	return (!LIST_EMPTY(&pf_due) || pf_wheel_at != now || pf_walk_left > 0);
}

static void
pf_purge_tick(void *arg)
{
	if (pf_purge_turn())
		timeout_add_us(&pf_purge_timeout, TURN_US);
	else {
		pf_once_purge();
		timeout_add_sec(&pf_purge_timeout, 1);
	}
}

void
pf_purge_start(void)
{
	if (!timeout_pending(&pf_purge_timeout))
		pf_purge_tick(NULL);
}

void
pf_purge_init(void)
{
	for (unsigned int i = 0; i < WHEEL; i++)
		LIST_INIT(&pf_wheel[i]);
	LIST_INIT(&pf_due);
	pf_wheel_at = (uint32_t)uptime_sec();
	timeout_set(&pf_purge_timeout, pf_purge_tick, NULL);
}
