/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Timeouts.
 *
 * All that are pending stand in one pairing heap whose nodes are members of
 * struct timeout: adding is a comparison and three stores, the next one is
 * the root, taking it out costs O(log n) spread over all operations.  No
 * memory is needed, so setting one cannot fail, and time is exact to the
 * microsecond.  Equal times run in the order in which they were set.
 */

#include <sys/systm.h>
#include <sys/time.h>
#include <sys/timeout.h>

static struct {
	struct timeout *root;
	uint64_t seq;
} heap;

void
timeout_init(uint64_t now_us)
{
	(void)now_us;
	heap.root = NULL;
	heap.seq = 0;
}

void
timeout_set(struct timeout *to, void (*fn)(void *), void *arg)
{
	memset(to, 0, sizeof(*to));
	to->to_func = fn;
	to->to_arg = arg;
}

static bool
is_before(const struct timeout *a, const struct timeout *b)
{
	if (a->to_when_us != b->to_when_us)
		return (a->to_when_us < b->to_when_us);
	return (a->to_seq < b->to_seq);
}

/* Joins two heaps; the later root becomes a child of the earlier one. */
static struct timeout *
heap_meld(struct timeout *a, struct timeout *b)
{
	struct timeout *late;

	if (a == NULL || b == NULL)
		return (a == NULL ? b : a);
	late = is_before(b, a) ? a : b;
	if (late == a)
		a = b;
	late->to_prev = a;
	late->to_next = a->to_child;
	if (late->to_next != NULL)
		late->to_next->to_prev = late;
	a->to_child = late;
	a->to_next = a->to_prev = NULL;
	return (a);
}

/* Melds a list of siblings: in pairs from the left, the pairs from the right. */
static struct timeout *
heap_pair(struct timeout *first)
{
	struct timeout *pairs = NULL, *a, *b, *root = NULL;

	while ((a = first) != NULL) {
		b = a->to_next;
		first = b != NULL ? b->to_next : NULL;
		a->to_next = a->to_prev = NULL;
		if (b != NULL)
			b->to_next = b->to_prev = NULL;
		a = heap_meld(a, b);
		a->to_next = pairs; /* a stack of them */
		pairs = a;
	}
	while ((a = pairs) != NULL) {
		pairs = a->to_next;
		a->to_next = NULL;
		root = heap_meld(root, a);
	}
	return (root);
}

static void
heap_remove(struct timeout *to)
{
	struct timeout *sub = heap_pair(to->to_child);

	if (to == heap.root) {
		heap.root = sub;
	} else {
		if (to->to_prev->to_child == to)
			to->to_prev->to_child = to->to_next;
		else
			to->to_prev->to_next = to->to_next;
		if (to->to_next != NULL)
			to->to_next->to_prev = to->to_prev;
		heap.root = heap_meld(heap.root, sub);
	}
	to->to_child = to->to_next = to->to_prev = NULL;
}

int
timeout_at_us(struct timeout *to, uint64_t when_us)
{
	bool fresh = !to->to_pending;

	ASSERT_TOKEN();
	KASSERT(to->to_func != NULL);
	if (!fresh)
		heap_remove(to);
	to->to_when_us = when_us;
	to->to_seq = heap.seq++;
	to->to_pending = true;
	heap.root = heap_meld(heap.root, to);
	return (fresh);
}

int
timeout_add_us(struct timeout *to, uint64_t us)
{
	uint64_t now = uptime_us();

	return (timeout_at_us(to,
	    us > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + us));
}

int
timeout_add_ms(struct timeout *to, uint64_t ms)
{
	return (timeout_add_us(to,
	    ms > UINT64_MAX / 1000 ? UINT64_MAX : ms * 1000));
}

int
timeout_add_sec(struct timeout *to, uint64_t sec)
{
	return (timeout_add_us(to,
	    sec > UINT64_MAX / 1000000 ? UINT64_MAX : sec * 1000000));
}

int
timeout_del(struct timeout *to)
{
	if (!to->to_pending)
		return (0);
	heap_remove(to);
	to->to_pending = false;
	return (1);
}

void
timeout_run(uint64_t now_us)
{
	struct timeout *to;
	uint64_t last = heap.seq; /* what handlers set for now waits its turn */

	while ((to = heap.root) != NULL && to->to_when_us <= now_us &&
	    to->to_seq < last) {
		heap_remove(to);
		to->to_pending = false;
		to->to_func(to->to_arg);
	}
}

uint64_t
timeout_next(void)
{
	return (heap.root != NULL ? heap.root->to_when_us : UINT64_MAX);
}
