/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Rules that decide once.
 *
 *	loaded --decides about a packet--> expired --a while--> taken out
 *
 * An expired rule matches nothing and is shown as expired, so that somebody
 * who looks can see what became of it.  Then its ruleset is built anew without
 * it.  States that it made keep it, as they keep rules of a load that is
 * gone.
 *
 * Taking rules out is no load: a transaction that began before does not find
 * its ruleset taken by somebody else (pf_rules.load).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_once.h>
#include <net/pf/pf_rule.h>

#define ONCE_SHOWN 10 /* seconds that an expired rule is seen */

static bool pf_once_waits; /* there may be expired rules in force */

void
pf_once_used(struct pf_rule *r)
{
	r->expired = true;
	r->expired_at = (uint32_t)uptime_sec();
	r->home->rules[PF_RS_FILTER]->nexpired++;
	pf_once_waits = true;
}

static bool
pf_once_over(const struct pf_rule *r)
{
	return (r->expired &&
	    (uint32_t)uptime_sec() - r->expired_at >= ONCE_SHOWN);
}

/* All anchors, parents first.  NULL: no more. */
static struct pf_anchor *
pf_once_walk(struct pf_anchor *a)
{
	struct pf_anchor *next;

	if ((next = pf_anchor_first(a)) != NULL)
		return (next);
	for (; a != &pf_main; a = a->parent)
		if ((next = pf_anchor_next(a)) != NULL)
			return (next);
	return (NULL);
}

/* How many rules of the ruleset shall go. */
static uint32_t
pf_once_count(const struct pf_rules *rs)
{
	uint32_t n = 0;

	for (uint32_t i = 0; rs->nexpired != 0 && i < rs->n; i++)
		n += pf_once_over(rs->rule[i]);
	return (n);
}

/* False: no memory. */
static bool
pf_once_takeout(struct pf_anchor *a, uint32_t n)
{
	const struct pf_rules *was = a->rules[PF_RS_FILTER];
	uint64_t load = was->load;
	struct pf_rules *rules;

	if ((rules = pf_rules_new()) == NULL)
		return (false);
	if (pf_rules_room(rules, was->n - n) != 0) {
		pf_rules_free(rules);
		return (false);
	}
	for (uint32_t i = 0; i < was->n; i++)
		if (!pf_once_over(was->rule[i])) {
			pf_rule_ref(was->rule[i]);
			(void)pf_rules_add(rules, was->rule[i]);
		}
	a->refs++;
	rules = pf_rules_publish(a, PF_RS_FILTER, rules);
	a->rules[PF_RS_FILTER]->load = load;
	pf_rules_free(rules);
	pf_anchor_put(a); /* it may have been the last rule */
	return (true);
}

void
pf_once_purge(void)
{
	struct pf_anchor *a = &pf_main;
	bool taken = false;
	uint32_t n;

	if (!pf_once_waits)
		return;
	pf_once_waits = false;
	while (a != NULL) {
		pf_once_waits |= a->rules[PF_RS_FILTER]->nexpired != 0;
		if ((n = pf_once_count(a->rules[PF_RS_FILTER])) == 0)
			a = pf_once_walk(a);
		else if (!pf_once_takeout(a, n))
			break; /* another time */
		else {
			taken = true;
			a = &pf_main; /* anchors may have gone */
		}
	}
	if (taken)
		pf_rules_checksum();
}
