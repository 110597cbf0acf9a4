/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * When membership is told, for both families (RFC 3376 5, RFC 3810 6).
 *
 * A change is told twice or as the querier says, each time as the whole filter that stands:
 * `to include' or `to exclude' with its sources.  To a router that says what
 * the difference would, and nothing has to be remembered of what was before;
 * a leave is `to include' nobody.
 *
 * A query is answered after a time drawn below its maximum: one for all groups
 * puts the answer of each at a moment of its own.  Queries that come meanwhile
 * make the answer earlier and larger, never two.
 *
 * A querier of an older version is spoken to in its version until it has been
 * silent for a while (RFC 3376 7.2.1, RFC 3810 8.2.1): until then a report of
 * another host makes ours unnecessary, and only who reported last tells that
 * it leaves.  How often a change is told, and how long that while is, a querier
 * of the newest version says (RFC 3376 4.1.6, 4.1.7).
 *
 * One timeout serves all: it runs when the earliest group is due, and looks at
 * those that have something due.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/in_mcast.h>

#define ROBUST    2          /* unless the querier says otherwise */
#define EVERY_US  125000000U /* the same */
#define ANSWER_US 10000000U
#define CHANGE_US 1000000U /* a change is told again within this */
#define QUERIERS  64

/* A querier of an interface and family that is older, or has times of its own. */
static struct in_querier {
	uint32_t ifindex;
	sa_family_t af;
	uint64_t until_us[2]; /* IGMP may have met versions 1 and 2 */
	uint8_t robust;       /* 0: not told */
	uint64_t every_us;    /* between its queries; 0: not told */
} in_queriers[QUERIERS];

static unsigned int in_nqueriers; /* slots in use: seldom any */

static TAILQ_HEAD(, in_group) in_due = TAILQ_HEAD_INITIALIZER(in_due);
static struct timeout in_report_timeout;

static const struct in_report_family *
in_report_of(sa_family_t af)
{
	return (af == AF_INET ? &igmp_family : &mld6_family);
}

/* --- versions --- */

/* The slot of ifindex and af; a new one, of the oldest, if make. */
static struct in_querier *
in_querier_of(uint32_t ifindex, sa_family_t af, bool make)
{
	struct in_querier *q, *worst = &in_queriers[0];

	if (!make && in_nqueriers == 0)
		return (NULL);
	for (q = in_queriers; q < in_queriers + QUERIERS; q++) {
		if (q->ifindex == ifindex && q->af == af)
			return (q);
		if (MAX(q->until_us[0], q->until_us[1]) <
		    MAX(worst->until_us[0], worst->until_us[1]))
			worst = q;
	}
	if (!make)
		return (NULL);
	in_nqueriers += worst->af == 0;
	*worst = (struct in_querier){ .ifindex = ifindex, .af = af };
	return (worst);
}

static uint8_t
in_version(uint32_t ifindex, sa_family_t af, uint64_t now)
{
	const struct in_querier *q = in_querier_of(ifindex, af, false);
	uint8_t v = in_report_of(af)->newest;

	for (unsigned int i = 0; q != NULL && i < 2; i++)
		if (q->until_us[i] > now)
			v = MIN(v, i + 1U);
	return (v);
}

uint8_t
in_report_version(uint32_t ifindex, sa_family_t af)
{
	return (in_version(ifindex, af, uptime_us()));
}

/* Times that a change is told there. */
static uint8_t
in_robust(uint32_t ifindex, sa_family_t af)
{
	const struct in_querier *q = in_querier_of(ifindex, af, false);

	return (q != NULL && q->robust != 0 ? q->robust : ROBUST);
}

static void
in_querier_met(uint32_t ifindex, sa_family_t af, const struct in_query *m,
    uint64_t now)
{
	bool news = m->old != 0 || (m->robust != 0 && m->robust != ROBUST) ||
	    (m->every_us != 0 && m->every_us != EVERY_US);
	struct in_querier *q = in_querier_of(ifindex, af, news);

	if (q == NULL)
		return;
	if (m->old != 0) {
		q->until_us[m->old - 1] = now + ANSWER_US +
		    in_robust(ifindex, af) *
			(q->every_us != 0 ? q->every_us : EVERY_US);
		return;
	}
	q->robust = m->robust;
	q->every_us = m->every_us;
}

/* --- saying it --- */

static void
in_say_filter(struct in_group *ig, bool change, uint64_t now)
{
	struct ifnet *ifp = if_get(ig->ig_ifindex);
	uint8_t v = in_version(ig->ig_ifindex, ig->ig_af, now);
	struct in_filter f;
	enum in_record kind;

	in_mcast_filter(ig, &f);
	kind = f.exclude ? IN_IS_EX : IN_IS_IN;
	if (change)
		kind += IN_TO_IN - IN_IS_IN;
	if (ifp == NULL || !in_mcast_up(ifp))
		return; /* told when it comes up */
	if (v != in_report_of(ig->ig_af)->newest) {
		if (in_group_live(ig))
			ig->ig_reporter = true;
		else if (!ig->ig_reporter)
			return;
	}
	in_report_of(ig->ig_af)->send(ifp, v, ig, kind, f.src, f.n);
}

/* The answer to a query for some sources: those of them that are wanted. */
static void
in_say_sources(struct in_group *ig, uint64_t now)
{
	struct ifnet *ifp = if_get(ig->ig_ifindex);
	struct in_filter f;
	uint32_t n = 0;
	bool listed;

	in_mcast_filter(ig, &f);
	for (uint32_t i = 0; i < ig->ig_nasked; i++) {
		listed = false;
		for (uint32_t k = 0; k < f.n; k++)
			listed |= ip_addr_eq(&f.src[k], &ig->ig_asked[i]);
		if (listed != f.exclude)
			ig->ig_asked[n++] = ig->ig_asked[i];
	}
	if (n != 0 && ifp != NULL && in_mcast_up(ifp))
		in_report_of(ig->ig_af)->send(ifp,
		    in_version(ig->ig_ifindex, ig->ig_af, now), ig, IN_IS_IN,
		    ig->ig_asked, n);
}

/* --- time --- */

/* Something of ig is to be done then. */
static void
in_report_at(struct in_group *ig, uint64_t when)
{
	if (!ig->ig_is_due)
		TAILQ_INSERT_TAIL(&in_due, ig, ig_due);
	ig->ig_is_due = true;
	if (!timeout_pending(&in_report_timeout) ||
	    when < in_report_timeout.to_when_us)
		(void)timeout_at_us(&in_report_timeout, when);
}

void
in_report_forget(struct in_group *ig)
{
	if (ig->ig_is_due)
		TAILQ_REMOVE(&in_due, ig, ig_due);
	ig->ig_is_due = false;
	free(ig->ig_asked, M_PCB, IN_MCAST_SOURCES * sizeof(*ig->ig_asked));
	ig->ig_asked = NULL;
}

static void
in_group_run(struct in_group *ig, uint64_t now)
{
	if (ig->ig_change_us != 0 && ig->ig_change_us <= now) {
		ig->ig_change_us = 0;
		in_say_filter(ig, true, now);
		if (--ig->ig_changes != 0)
			ig->ig_change_us = now + 1 +
			    arc4random_uniform(CHANGE_US);
	}
	if (ig->ig_answer_us != 0 && ig->ig_answer_us <= now) {
		ig->ig_answer_us = 0;
		if (ig->ig_nasked != 0)
			in_say_sources(ig, now);
		else
			in_say_filter(ig, false, now);
		ig->ig_nasked = 0;
	}
}

/* When ig is due next; UINT64_MAX: not at all. */
static uint64_t
in_group_when(const struct in_group *ig)
{
	uint64_t when = UINT64_MAX;

	if (ig->ig_change_us != 0)
		when = ig->ig_change_us;
	if (ig->ig_answer_us != 0)
		when = MIN(when, ig->ig_answer_us);
	return (when);
}

static void
in_report_run(void *arg)
{
	uint64_t now = uptime_us(), first = UINT64_MAX;
	struct in_group *ig, *next;

	TAILQ_FOREACH_SAFE(ig, &in_due, ig_due, next) {
		in_group_run(ig, now);
		if (ig->ig_change_us == 0 && !in_group_live(ig))
			in_group_free(ig);
		else if (in_group_when(ig) == UINT64_MAX)
			in_report_forget(ig);
		else
			first = MIN(first, in_group_when(ig));
	}
	if (first != UINT64_MAX)
		(void)timeout_at_us(&in_report_timeout, first);
}

/* --- what happens --- */

bool
in_report_told(const struct in_group *ig)
{
	const struct ifnet *ifp = if_get(ig->ig_ifindex);

	return (!in_report_of(ig->ig_af)->silent(&ig->ig_addr) && ifp != NULL &&
	    (ifp->if_flags & IFF_LOOPBACK) == 0);
}

void
in_report_change(struct in_group *ig)
{
	bool quiet = !in_report_told(ig);

	if (quiet && !in_group_live(ig))
		in_group_free(ig);
	if (quiet)
		return;
	ig->ig_changes = in_robust(ig->ig_ifindex, ig->ig_af);
	ig->ig_change_us = uptime_us();
	in_report_at(ig, ig->ig_change_us);
}

/* Remembers whom q asks for; without room, or memory, all are told of. */
static uint32_t
in_asked_add(struct in_group *ig, const struct in_query *q, uint32_t had)
{
	if (q->n == 0 || q->n + had > IN_MCAST_SOURCES)
		return (0);
	if (ig->ig_asked == NULL)
		ig->ig_asked = mallocarray(IN_MCAST_SOURCES,
		    sizeof(*ig->ig_asked), M_PCB, 0);
	if (ig->ig_asked == NULL)
		return (0);
	memcpy(&ig->ig_asked[had], q->src, q->n * sizeof(q->src[0]));
	return (had + q->n);
}

static void
in_group_asked(struct in_group *ig, const struct in_query *q, uint64_t now)
{
	uint64_t when = now + 1 +
	    arc4random_uniform((uint32_t)MIN(q->max_us, UINT32_MAX));
	bool all = false; /* was asked for already */

	if (ig->ig_answer_us != 0) { /* one answer for all who asked */
		when = MIN(when, ig->ig_answer_us);
		all = ig->ig_nasked == 0;
	} else
		ig->ig_nasked = 0;
	ig->ig_nasked = all ? 0 : in_asked_add(ig, q, ig->ig_nasked);
	ig->ig_answer_us = when;
	in_report_at(ig, when);
}

void
in_report_query(const struct ifnet *ifp, sa_family_t af,
    const struct in_query *q)
{
	uint64_t now = uptime_us();
	struct in_group *ig;

	in_querier_met(ifp->if_index, af, q, now);
	for (ig = in_group_first(ifp->if_index, af); ig != NULL;
	     ig = in_group_next(ig, af))
		if (in_group_live(ig) &&
		    !in_report_of(af)->silent(&ig->ig_addr) &&
		    (ip_addr_iszero(&q->group) ||
			ip_addr_eq(&q->group, &ig->ig_addr)))
			in_group_asked(ig, q, now);
}

void
in_report_heard(const struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a)
{
	uint64_t now = uptime_us();
	struct in_group *ig;

	if (in_version(ifp->if_index, af, now) == in_report_of(af)->newest)
		return;
	for (ig = in_group_first(ifp->if_index, af); ig != NULL;
	     ig = in_group_next(ig, af))
		if (ip_addr_eq(&ig->ig_addr, a)) {
			ig->ig_answer_us = 0;
			ig->ig_reporter = false;
			if (in_group_live(ig))
				ig->ig_change_us = 0;
		}
}

void
in_report_gone(uint32_t ifindex)
{
	for (unsigned int i = 0; i < QUERIERS; i++)
		if (in_queriers[i].af != 0 &&
		    in_queriers[i].ifindex == ifindex) {
			in_queriers[i] = (struct in_querier){ 0 };
			in_nqueriers--;
		}
}

void
in_report_init(void)
{
	timeout_set(&in_report_timeout, in_report_run, NULL);
}
