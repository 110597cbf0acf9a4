/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Events: who wants to know what happens to interfaces is an observer.
 *
 * Observers hear in the order in which they asked, families before the
 * routing socket before tools.  An observer may remove itself, or any other,
 * while it is told something.
 */

#include <sys/systm.h>
#include <net/if_var.h>

static TAILQ_HEAD(, if_observer) if_observers = TAILQ_HEAD_INITIALIZER(
    if_observers);
static struct if_observer *if_next_told; /* who is told next, while telling */

void
if_observe(struct if_observer *ob)
{
	ASSERT_TOKEN();
	KASSERT(ob->event != NULL);
	TAILQ_INSERT_TAIL(&if_observers, ob, entry);
}

void
if_unobserve(struct if_observer *ob)
{
	ASSERT_TOKEN();
	if (if_next_told == ob)
		if_next_told = TAILQ_NEXT(ob, entry);
	TAILQ_REMOVE(&if_observers, ob, entry);
}

void
if_tell(enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	struct if_observer *ob, *outer = if_next_told;

	/* An event may cause another one; the outer walk then goes on where it was. */
	for (ob = TAILQ_FIRST(&if_observers); ob != NULL; ob = if_next_told) {
		if_next_told = TAILQ_NEXT(ob, entry);
		ob->event(ob->arg, ev, ifp, ifa, group);
	}
	if_next_told = outer;
}
