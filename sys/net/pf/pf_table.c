/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Tables: names for sets of addresses.
 *
 *	(none) --a rule names it--> known --defined--> active
 *	  ^                           |                  |
 *	  +------- last reference ----+----- deleted ----+
 *
 * A table is kept by its rules, by tables of its name in anchors whose rules
 * fall back to it, by loads in progress, and by being active; but one that is
 * active and neither persistent nor named by anybody ends.
 *
 * A table keeps the anchor it is in: the anchor is looked at when the table ends,
 * which may be with the last state of a rule that named it.
 *
 * Read on: pf_tset.c, what a table holds.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/time.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_table.h>

static int
pf_table_cmp(const struct pf_table *a, const struct pf_table *b)
{
	int d = strcmp(a->path, b->path);

	return (d != 0 ? d : strcmp(a->name, b->name));
}
RB_HEAD(pf_tables, pf_table);
RB_GENERATE_STATIC(pf_tables, pf_table, entry, pf_table_cmp);
static struct pf_tables pf_tables;

uint32_t pf_table_entry_limit, pf_table_limit;
uint32_t pf_table_count_all, pf_table_entry_count;

void
pf_table_init(void)
{
	pf_tset_init();
	RB_INIT(&pf_tables);
}

/* --- names --- */

/* The first at or behind a name. */
static struct pf_table *
pf_table_from(const char *path, const char *name, bool exact)
{
	struct pf_table *key, *t;

	/* the key is as large as a table: not for the stack */
	if ((key = malloc(sizeof(*key), M_TEMP, 0)) == NULL) {
		RB_FOREACH(t, pf_tables, &pf_tables)
			if (strcmp(t->path, path) == 0 &&
			    (!exact || strcmp(t->name, name) == 0))
				return (t);
		return (NULL);
	}
	strlcpy(key->path, path, sizeof(key->path));
	strlcpy(key->name, name, sizeof(key->name));
	t = exact ? RB_FIND(pf_tables, &pf_tables, key) :
		    RB_NFIND(pf_tables, &pf_tables, key);
	free(key, M_TEMP, sizeof(*key));
	return (t);
}

struct pf_table *
pf_table_find(const char *path, const char *name)
{
	return (pf_table_from(path, name, true));
}

struct pf_table *
pf_table_next(struct pf_table *t, const char *path)
{
	if (t != NULL)
		t = RB_NEXT(pf_tables, &pf_tables, t);
	else if (path != NULL)
		t = pf_table_from(path, "", false);
	else
		t = RB_MIN(pf_tables, &pf_tables);
	return (t == NULL || (path != NULL && strcmp(t->path, path) != 0) ?
		NULL :
		t);
}

struct pf_table *
pf_table_make(const char *path, const char *name)
{
	struct pf_table *t = pf_table_find(path, name);

	if (t != NULL)
		return (t);
	if ((t = malloc(sizeof(*t), M_PF, M_ZERO)) == NULL)
		return (NULL);
	strlcpy(t->path, path, sizeof(t->path));
	strlcpy(t->name, name, sizeof(t->name));
	if (path[0] != '\0') {
		if ((t->root = pf_table_make("", name)) == NULL) {
			free(t, M_PF, sizeof(*t));
			return (NULL);
		}
		t->root->anchors++;
	}
	t->tzero = walltime_sec();
	RB_INSERT(pf_tables, &pf_tables, t);
	pf_table_count_all++;
	return (t);
}

void
pf_table_tidy(struct pf_table *t)
{
	struct pf_table *root = t->root;

	if ((t->flags & PFRT_ACTIVE) != 0) {
		if ((t->flags & PFRT_PERSIST) != 0 ||
		    t->rules + t->anchors + t->holds != 0)
			return;
		pf_table_swap(t, NULL);
		t->flags = 0;
	}
	if (t->rules + t->anchors + t->holds != 0)
		return;
	RB_REMOVE(pf_tables, &pf_tables, t);
	pf_table_count_all--;
	pf_anchor_look(t->path);
	free(t, M_PF, sizeof(*t));
	if (root != NULL) {
		root->anchors--;
		pf_table_tidy(root);
	}
}

struct pf_table *
pf_table_get(const char *path, const char *name)
{
	struct pf_table *t = pf_table_find(path, name);

	if (t == NULL) {
		if (pf_table_limit != 0 && pf_table_count_all >= pf_table_limit)
			return (NULL);
		if ((t = pf_table_make(path, name)) == NULL)
			return (NULL);
	}
	t->rules++;
	return (t);
}

void
pf_table_put(struct pf_table *t)
{
	if (t == NULL)
		return;
	t->rules--;
	pf_table_tidy(t);
}

const char *
pf_table_name(const struct pf_table *t)
{
	return (t->name);
}

bool
pf_table_inanchor(const char *path)
{
	return (pf_table_next(NULL, path) != NULL);
}

/* --- contents --- */

void
pf_table_swap(struct pf_table *t, struct pf_tset *set)
{
	pf_table_entry_count -= t->set != NULL ? t->set->n : 0;
	pf_table_entry_count += set != NULL ? set->n : 0;
	pf_tset_bury(t->set);
	t->set = set;
	t->at_index = UINT32_MAX;
}

void
pf_table_replace(struct pf_table *t, struct pf_tset *set)
{
	if (t->set != NULL && (t->flags & PFRT_COUNTERS) != 0)
		pf_tset_inherit(set, t->set);
	pf_table_swap(t, set);
}

void
pf_table_changed(struct pf_table *t, int by)
{
	pf_table_entry_count += (uint32_t)by;
	t->at_index = UINT32_MAX;
}

void
pf_table_clear(struct pf_table *t)
{
	memset(&t->count, 0, sizeof(t->count));
	t->match = t->nomatch = 0;
	t->tzero = walltime_sec();
}

bool
pf_taddr_ok(const struct pf_ioc_taddr *a)
{
	struct ip_addr net = a->addr;

	if ((a->af != AF_INET && a->af != AF_INET6) || a->neg > 1 ||
	    a->plen > (a->af == AF_INET ? 32 : 128))
		return (false);
	ip_addr_mask(&net, a->plen);
	return (ip_addr_eq(&net, &a->addr));
}

/* The one that speaks for t: itself, the one in the main ruleset, or none. */
static struct pf_table *
pf_table_speaks(struct pf_table *t)
{
	if ((t->flags & PFRT_ACTIVE) == 0 && t->root != NULL)
		t = t->root;
	return ((t->flags & PFRT_ACTIVE) != 0 ? t : NULL);
}

int
pf_table_count(const struct pf_table *t)
{
	if ((t->flags & PFRT_ACTIVE) == 0 && t->root != NULL)
		t = t->root;
	return ((t->flags & PFRT_ACTIVE) != 0 ? (int)t->set->n : -1);
}

/* --- packets --- */

bool
pf_table_match(struct pf_table *t, sa_family_t af, const struct ip_addr *a)
{
	const struct pf_tentry *e;
	bool hit;

	if ((t = pf_table_speaks(t)) == NULL)
		return (false);
	e = pf_tset_match(t->set, af, a);
	hit = e != NULL && !e->neg;
	if (hit)
		t->match++;
	else
		t->nomatch++;
	return (hit);
}

bool
pf_table_lists(struct pf_table *t, sa_family_t af, const struct ip_addr *a)
{
	const struct pf_tentry *e;

	if ((t = pf_table_speaks(t)) == NULL)
		return (false);
	e = pf_tset_match(t->set, af, a);
	return (e != NULL && !e->neg);
}

void
pf_table_account(struct pf_table *t, sa_family_t af, const struct ip_addr *a,
    bool neg, unsigned int out, bool pass, uint32_t bytes)
{
	unsigned int fate = pass ? 1 : 0;
	struct pf_tentry *e;
	struct pf_tcount *c;

	if ((t = pf_table_speaks(t)) == NULL)
		return;
	e = pf_tset_match(t->set, af, a);
	if (pass && (e != NULL && !e->neg) == neg)
		fate = 2; /* of a state older than the table */
	t->count.packets[out][fate]++;
	t->count.bytes[out][fate] += bytes;
	if (e == NULL || (t->flags & PFRT_COUNTERS) == 0 ||
	    (c = pf_tentry_counters(e)) == NULL)
		return;
	c->packets[out][fate]++;
	c->bytes[out][fate] += bytes;
}

bool
pf_table_entry(struct pf_table *t, sa_family_t af, unsigned int i,
    struct ip_addr *a, unsigned int *plen)
{
	const struct pf_tentry *e;

	if ((t = pf_table_speaks(t)) == NULL ||
	    i >= t->set->plain[af == AF_INET6])
		return (false);
	if (t->at_index > i || t->at.af != af) {
		t->at = (struct pf_tcursor){ .af = af };
		t->at_index = UINT32_MAX;
	}
	while (t->at_index != i) {
		do {
			e = pf_tset_next(t->set, &t->at);
		} while (e != NULL && e->neg);
		if (e == NULL || t->at.af != af) {
			t->at_index = UINT32_MAX;
			return (false);
		}
		t->at_index++; /* from UINT32_MAX to 0 at first */
	}
	*a = t->at.addr;
	*plen = t->at.plen;
	return (true);
}

uint32_t
pf_table_hosts(struct pf_table *t, sa_family_t af)
{
	if ((t = pf_table_speaks(t)) == NULL)
		return (0);
	return ((uint32_t)MIN(t->set->hosts[af == AF_INET6],
	    (uint64_t)PF_NET_HOSTS_MAX));
}

int
pf_table_add_host(struct pf_table *t, sa_family_t af, const struct ip_addr *a)
{
	int error;

	if ((t = pf_table_speaks(t)) == NULL)
		return (ESRCH);
	if (pf_table_entry_limit != 0 &&
	    pf_table_entry_count >= pf_table_entry_limit)
		return (ENOMEM);
	error = pf_tset_add(t->set, af, a, af == AF_INET ? 32 : 128, false);
	if (error == 0)
		pf_table_changed(t, 1);
	return (error);
}
