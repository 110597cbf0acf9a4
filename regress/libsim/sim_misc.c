/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Readiness and sleep in the simulator.
 *
 * Descriptors are real socket pairs; whether they are ready is asked with
 * poll() when the kernel's turn comes, and answered in the order in which
 * they were watched, so that runs do not differ.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "sim_host.h"

struct host_watch {
	struct host_watch *next;
	int fd;
	unsigned int events;
	void (*fn)(void *arg, unsigned int events);
	void *arg;
	bool dead;
};

int
host_watch_add(int fd, unsigned int events, void (*fn)(void *, unsigned int),
    void *arg, struct host_watch **wp)
{
	struct host_watch *w, **at = &sim_at->watches;

	if (fd < 0)
		return (-EBADF);
	if (sim_at->fail_in > 0 && --sim_at->fail_in == 0) {
		sim_at->failed = true;
		return (-ENOMEM);
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (-ENOMEM);
	*w = (struct host_watch){ .fd = fd,
		.events = events,
		.fn = fn,
		.arg = arg };
	while (*at != NULL)
		at = &(*at)->next;
	*at = w;
	*wp = w;
	return (0);
}

void
host_watch_mod(struct host_watch *w, unsigned int events)
{
	w->events = events;
}

void
host_watch_del(struct host_watch *w)
{
	if (w != NULL)
		w->dead = true;
}

static void
dead_free(void)
{
	struct host_watch *w, **at = &sim_at->watches;

	while ((w = *at) != NULL) {
		if (w->dead) {
			*at = w->next;
			free(w);
		} else {
			at = &w->next;
		}
	}
}

/* Masks of host.h are those of poll(). */
_Static_assert(HOST_IN == POLLIN && HOST_PRI == POLLPRI && HOST_OUT == POLLOUT && HOST_HUP == POLLHUP,
    "poll masks");

bool
sim_watches_run(void)
{
	static int depth; /* a callback may sleep, and come here again */
	bool any = false;

	depth++;
	for (struct host_watch *w = sim_at->watches; w != NULL; w = w->next) {
		struct pollfd pfd = { .fd = w->fd, .events = (short)w->events };

		if (w->dead || poll(&pfd, 1, 0) <= 0)
			continue;
		if ((pfd.revents & POLLNVAL) != 0)
			sim_die("%s watches descriptor %d, which is closed",
			    sim_at->name, w->fd);
		any = true;
		w->fn(w->arg,
		    (unsigned int)pfd.revents &
			(HOST_IN | HOST_PRI | HOST_OUT | HOST_HUP));
	}
	if (--depth == 0)
		dead_free();
	return (any);
}

/* --- sleep --- */

void *
host_self(void)
{
	return (sim_at);
}

/* The kernel of a test that is linked with one. */
unsigned long long kernel_step(void) __attribute__((weak));

/* Without a world: time goes on, and that kernel with it, on this stack. */
static void
lone_sleep(unsigned long long deadline)
{
	unsigned long long next;

	while (!sim_at->woken) {
		next = kernel_step != NULL ? kernel_step() : ~0ULL;
		if (sim_at->woken || sim_now_ns >= deadline)
			break;
		next = next < deadline ? next : deadline;
		if (next == ~0ULL)
			host_abort("sleeps for ever");
		sim_now_ns = next > sim_now_ns ? next : sim_now_ns;
	}
}

int
host_sleep(unsigned long long deadline)
{
	struct sim_state *me = sim_at;

	if (sim_alone(me))
		lone_sleep(deadline);
	else if (!me->woken)
		sim_world_sleep(deadline);
	if (!me->woken)
		return (-ETIMEDOUT);
	me->woken = false;
	return (0);
}

void
host_wake(void *self)
{
	struct sim_state *st = self;

	st->woken = true;
}

void
host_kick(void)
{
	sim_at->kicked = true;
}
