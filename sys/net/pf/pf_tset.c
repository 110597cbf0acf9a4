/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A set of networks, some of them negated: what a table holds.
 *
 * Addresses live in the nodes of a longest-prefix tree for each family; an
 * entry adds what a table knows of one.  A set is built aside and swapped in
 * whole, so the one that packets see is always complete.
 *
 * A set that is no longer wanted may be large.  It goes to the graveyard and
 * is taken apart a few entries at a time, between packets.  What its entries
 * have counted goes to the set that took its place.  The oldest grave is dug
 * first, so an heir outlives those it inherits from.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <sys/task.h>
#include <sys/time.h>
#include <net/pf/pf_tset.h>

#define BURY_AT_ONCE 2048

static struct pool pf_tset_pool, pf_tentry_pool, pf_tcount_pool;
static TAILQ_HEAD(, pf_tset) pf_graves = TAILQ_HEAD_INITIALIZER(pf_graves);
static struct task pf_digger;

static void pf_dig(void *arg);

void
pf_tset_init(void)
{
	pool_init(&pf_tset_pool, sizeof(struct pf_tset), 0, "pftset");
	pool_init(&pf_tentry_pool, sizeof(struct pf_tentry), 0, "pftentry");
	pool_init(&pf_tcount_pool, sizeof(struct pf_tcount), 0, "pftcount");
	task_set(&pf_digger, pf_dig, NULL);
}

struct pf_tset *
pf_tset_new(void)
{
	struct pf_tset *s = pool_get(&pf_tset_pool, PR_ZERO);

	if (s != NULL)
		for (int i = 0; i < 2; i++)
			lpm_init(&s->lpm[i]);
	return (s);
}

static void
pf_tentry_free(struct pf_tentry *e)
{
	if (e->count != NULL)
		pool_put(&pf_tcount_pool, e->count);
	pool_put(&pf_tentry_pool, e);
}

static struct lpm *
pf_tset_tree(const struct pf_tset *s, sa_family_t af)
{
	return ((struct lpm *)(uintptr_t)&s->lpm[af == AF_INET6]);
}

struct pf_tentry *
pf_tset_find(const struct pf_tset *s, sa_family_t af, const struct ip_addr *a,
    unsigned int plen)
{
	return (lpm_find(pf_tset_tree(s, af), a, plen));
}

struct pf_tentry *
pf_tset_match(const struct pf_tset *s, sa_family_t af, const struct ip_addr *a)
{
	return (lpm_match(pf_tset_tree(s, af), a, af == AF_INET ? 32 : 128));
}

int
pf_tset_add(struct pf_tset *s, sa_family_t af, const struct ip_addr *a,
    unsigned int plen, bool neg)
{
	return (pf_tset_add_like(s, af, a, plen, neg, NULL));
}

int
pf_tset_add_like(struct pf_tset *s, sa_family_t af, const struct ip_addr *a,
    unsigned int plen, bool neg, const struct pf_tentry *old)
{
	bool stays = old != NULL && old->neg == neg;
	struct pf_tentry *e;

	if (pf_tset_find(s, af, a, plen) != NULL)
		return (EEXIST);
	if ((e = pool_get(&pf_tentry_pool, PR_ZERO)) == NULL)
		return (ENOMEM);
	e->neg = neg;
	e->tzero = stays ? old->tzero : walltime_sec();
	if (lpm_insert(pf_tset_tree(s, af), a, plen, e) != 0) {
		pool_put(&pf_tentry_pool, e);
		return (ENOMEM);
	}
	s->n++;
	if (!neg) {
		s->plain[af == AF_INET6]++;
		s->hosts[af == AF_INET6] += pf_net_hosts(af, plen);
	}
	return (0);
}

bool
pf_tset_remove(struct pf_tset *s, sa_family_t af, const struct ip_addr *a,
    unsigned int plen)
{
	struct pf_tentry *e = lpm_remove(pf_tset_tree(s, af), a, plen);

	if (e == NULL)
		return (false);
	s->n--;
	if (!e->neg) {
		s->plain[af == AF_INET6]--;
		s->hosts[af == AF_INET6] -= pf_net_hosts(af, plen);
	}
	pf_tentry_free(e);
	return (true);
}

struct pf_tentry *
pf_tset_next(const struct pf_tset *s, struct pf_tcursor *c)
{
	struct pf_tentry *e;

	if (c->af == AF_UNSPEC)
		c->af = AF_INET;
	for (;;) {
		e = lpm_next(pf_tset_tree(s, c->af), &c->addr, &c->plen,
		    &c->started);
		if (e != NULL || c->af == AF_INET6)
			return (e);
		*c = (struct pf_tcursor){ .af = AF_INET6 };
	}
}

struct pf_tcount *
pf_tentry_counters(struct pf_tentry *e)
{
	if (e->count == NULL)
		e->count = pool_get(&pf_tcount_pool, PR_ZERO);
	return (e->count);
}

void
pf_tentry_clear(struct pf_tentry *e)
{
	if (e->count != NULL)
		memset(e->count, 0, sizeof(*e->count));
	e->tzero = walltime_sec();
}

void
pf_tset_inherit(struct pf_tset *s, struct pf_tset *from)
{
	from->heir = s;
}

/* e, at c, is about to go.  Who was cleared meanwhile begins at zero. */
static void
pf_tentry_bequeath(struct pf_tset *heir, const struct pf_tcursor *c,
    struct pf_tentry *e)
{
	struct pf_tentry *to = pf_tset_find(heir, c->af, &c->addr, c->plen);
	unsigned int i, k;

	if (to == NULL || to->neg != e->neg || to->tzero != e->tzero)
		return;
	if (to->count == NULL) {
		to->count = e->count;
		e->count = NULL;
		return;
	}
	for (i = 0; i < 2; i++)
		for (k = 0; k < 3; k++) {
			to->count->packets[i][k] += e->count->packets[i][k];
			to->count->bytes[i][k] += e->count->bytes[i][k];
		}
}

/* --- the graveyard --- */

static void
pf_dig(void *arg)
{
	struct pf_tset *s = TAILQ_FIRST(&pf_graves);
	struct pf_tentry *e;
	struct pf_tcursor c;

	if (s == NULL)
		return;
	for (unsigned int n = 0; n < BURY_AT_ONCE && s->n > 0; n++) {
		c = (struct pf_tcursor){ 0 };
		if ((e = pf_tset_next(s, &c)) == NULL)
			break;
		if (s->heir != NULL && e->count != NULL)
			pf_tentry_bequeath(s->heir, &c, e);
		(void)pf_tset_remove(s, c.af, &c.addr, c.plen);
	}
	if (s->n == 0) {
		TAILQ_REMOVE(&pf_graves, s, grave);
		lpm_destroy(&s->lpm[0]);
		lpm_destroy(&s->lpm[1]);
		pool_put(&pf_tset_pool, s);
	}
	if (!TAILQ_EMPTY(&pf_graves))
		task_add(&pf_digger);
}

void
pf_tset_bury(struct pf_tset *s)
{
	if (s == NULL)
		return;
	TAILQ_INSERT_TAIL(&pf_graves, s, grave);
	task_add(&pf_digger);
}
