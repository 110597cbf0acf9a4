/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * least-states: how many states each address of a pool has.
 *
 * A pool of that type has a small hash from address to number, filled by the
 * states that its rule translated.  Nothing of it is in the state: what the
 * state was translated to stands in its keys, and the rules it names say
 * whether their pools count.  An address that is not in the hash has none.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/pf/pf_pool.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>

#define LOAD_MIN 16

struct pf_load_slot {
	struct ip_addr addr;
	uint32_t n; /* 0: free */
};
struct pf_load {
	uint32_t size, used; /* slots: a power of two; those ever taken */
	struct pf_load_slot slot[];
};

static size_t
pf_load_bytes(uint32_t size)
{
	return (sizeof(struct pf_load) + size * sizeof(struct pf_load_slot));
}

/* The slot of a, or a free one for it. */
static struct pf_load_slot *
pf_load_find(struct pf_load *l, const struct ip_addr *a)
{
	uint64_t h = (a->q[0] ^ a->q[1] * 0x9e3779b97f4a7c15U) *
	    0xbf58476d1ce4e5b9U;
	struct pf_load_slot *s, *free = NULL;

	for (uint32_t i = (uint32_t)(h >> 32);; i++) {
		s = &l->slot[i & (l->size - 1)];
		if (ip_addr_eq(&s->addr, a))
			return (s);
		if (s->n == 0 && free == NULL)
			free = s;
		if (s->n == 0 && ip_addr_iszero(&s->addr))
			return (free);
	}
}

/* Room for one more; addresses without states are forgotten. */
static bool
pf_load_room(struct pf_pool *pool)
{
	struct pf_load *old = pool->load, *l;
	uint32_t size = LOAD_MIN, live = 0;

	if (old != NULL && old->used * 2 < old->size)
		return (true);
	for (uint32_t i = 0; old != NULL && i < old->size; i++)
		live += old->slot[i].n != 0;
	while (size < live * 4)
		size *= 2;
	if ((l = malloc(pf_load_bytes(size), M_PF, M_ZERO)) == NULL)
		return (false);
	l->size = size;
	l->used = live;
	for (uint32_t i = 0; old != NULL && i < old->size; i++)
		if (old->slot[i].n != 0)
			*pf_load_find(l, &old->slot[i].addr) = old->slot[i];
	pf_pool_load_free(pool);
	pool->load = l;
	return (true);
}

static void
pf_load_add(struct pf_pool *pool, const struct ip_addr *a)
{
	struct pf_load_slot *s;

	if (!pf_load_room(pool))
		return; /* it seems idler than it is */
	s = pf_load_find(pool->load, a);
	if (!ip_addr_eq(&s->addr, a)) {
		pool->load->used += ip_addr_iszero(&s->addr);
		s->addr = *a;
	}
	s->n++;
}

static void
pf_load_sub(struct pf_pool *pool, const struct ip_addr *a)
{
	struct pf_load_slot *s;

	if (pool->load == NULL)
		return;
	s = pf_load_find(pool->load, a);
	if (ip_addr_eq(&s->addr, a) && s->n != 0)
		s->n--;
}

uint32_t
pf_pool_load(const struct pf_pool *pool, const struct ip_addr *a)
{
	const struct pf_load_slot *s;

	if (pool->load == NULL)
		return (0);
	s = pf_load_find(pool->load, a);
	return (ip_addr_eq(&s->addr, a) ? s->n : 0);
}

void
pf_pool_load_free(struct pf_pool *pool)
{
	if (pool->load != NULL)
		free(pool->load, M_PF, pf_load_bytes(pool->load->size));
	pool->load = NULL;
}

/* --- states --- */

static void
pf_load_rule(struct pf_rule *r, const struct pf_ends *now, bool more)
{
	static const unsigned int
	    end[] = { [PF_NATPOOL] = PF_SRC, [PF_RDRPOOL] = PF_DST };

	for (unsigned int p = 0; r != NULL && p < nitems(end); p++) {
		if (r->pool[p].type != PF_POOL_LEASTSTATES ||
		    r->pool[p].nents == 0)
			continue;
		if (more)
			pf_load_add(&r->pool[p], &now->addr[end[p]]);
		else
			pf_load_sub(&r->pool[p], &now->addr[end[p]]);
	}
}

void
pf_pool_account(const struct pf_state *st, bool more)
{
	const struct pf_state_more *sm = pf_state_more(st);
	unsigned int began = st->dir == PF_IN ? 0 : 1;
	const struct pf_match_item *mi;
	struct pf_ends key, now;
	sa_family_t af;

	if (sm == NULL)
		return;
	pf_state_ends(st, st->dir == PF_IN ? PF_KEY_STACK : PF_KEY_WIRE, &af,
	    &key);
	now.addr[PF_SRC] = key.addr[began];
	now.addr[PF_DST] = key.addr[!began];
	if (sm->nat_rule != st->rule)
		pf_load_rule(sm->nat_rule, &now, more);
	pf_load_rule(st->rule, &now, more);
	for (mi = sm->matched; mi != NULL; mi = mi->next)
		pf_load_rule(mi->rule, &now, more);
}
