/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * How much the rules of the kernel have matched, for -o profile.  A rule is
 * found again by everything that was loaded of it; what the kernel counts or
 * fills in is left out of the comparison.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

struct counted {
	struct pf_ioc_rule r; /* as it was loaded */
	uint64_t hits;
};

struct pf_profile {
	struct pfconf *pc;
	struct counted *list;
	size_t n, room;
};

/* The one being filled; rule_fn has no argument of its own. */
struct filling {
	struct ask a; /* first: that is what each_rule() hands on */
	struct pf_profile *p;
};

static void
as_loaded(struct pf_ioc_rule *to, const struct pf_ioc_rule *r)
{
	int i;

	*to = *r;
	memset((char *)to + offsetof(struct pf_ioc_rule, nr), 0,
	    sizeof(*to) - offsetof(struct pf_ioc_rule, nr));
	to->src.addr.count = to->dst.addr.count = 0;
	to->flags &= ~(uint32_t)PFR_EXPIRED;
	for (i = 0; i < PF_NPOOLS; i++)
		to->pool[i].ents_ptr = 0;
}

static int
take_rule(const struct ask *a, enum pf_rs rs, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	struct pf_profile *p = ((const struct filling *)(const void *)a)->p;
	struct counted *more;

	(void)rs;
	(void)ents;
	if (p->n == p->room) {
		p->room = p->room == 0 ? 64 : 2 * p->room;
		more = palloc(p->pc, p->room * sizeof(*more));
		if (p->n != 0)
			memcpy(more, p->list, p->n * sizeof(*more));
		p->list = more;
	}
	as_loaded(&p->list[p->n].r, r);
	p->list[p->n++].hits = r->packets[0] + r->packets[1];
	return (0);
}

static int
cmp_counted(const void *x, const void *y)
{
	return (memcmp(x, y, sizeof(struct pf_ioc_rule)));
}

struct pf_profile *
profile_load(struct pfconf *pc, const char *anchor)
{
	struct pf_profile *p = palloc(pc, sizeof(*p));
	struct filling f = { { .dev = pc->dev, .anchor = anchor }, p };

	p->pc = pc;
	if (pc->dev == -1 || !anchor_exists(pc->dev, anchor))
		return (p);
	if (each_rule(&f.a, PF_RS_FILTER, take_rule) == -1)
		p->n = 0;
	if (p->n != 0)
		qsort(p->list, p->n, sizeof(*p->list), cmp_counted);
	return (p);
}

uint64_t
profile_hits(const struct pf_profile *p, const struct pf_ioc_rule *r)
{
	struct counted key, *at;

	if (p == NULL || p->n == 0)
		return (0);
	as_loaded(&key.r, r);
	at = bsearch(&key, p->list, p->n, sizeof(key), cmp_counted);
	return (at != NULL ? at->hits : 0);
}
