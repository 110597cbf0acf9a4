/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Tables of a load: built aside, judged, then in force all at once.
 *
 * A definition holds its table from the first moment, so that at commit
 * nothing is left to be allocated.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/pf/pf_table.h>

struct pf_stable {
	TAILQ_ENTRY(pf_stable) entry;
	struct pf_table *table; /* held */
	uint32_t flags;
	bool list;
	struct pf_tset *set;
};

struct pf_tstage {
	TAILQ_HEAD(pf_stables, pf_stable) tables;
	char path[PF_ANCHOR_PATHSIZE];
};

struct pf_tstage *
pf_tstage_new(const char *path)
{
	struct pf_tstage *ts = malloc(sizeof(*ts), M_PF, M_ZERO);

	if (ts == NULL)
		return (NULL);
	TAILQ_INIT(&ts->tables);
	strlcpy(ts->path, path, sizeof(ts->path));
	return (ts);
}

int
pf_tstage_define(struct pf_tstage *ts, const char *name, uint32_t flags,
    bool list)
{
	struct pf_stable *st;

	if (name[0] == '\0' || (flags & ~(uint32_t)PFRT_USER) != 0)
		return (EINVAL);
	TAILQ_FOREACH(st, &ts->tables, entry)
		if (strcmp(st->table->name, name) == 0)
			return (EEXIST);
	if ((st = malloc(sizeof(*st), M_PF, M_ZERO)) == NULL)
		return (ENOMEM);
	st->flags = flags;
	st->list = list;
	if ((st->set = pf_tset_new()) == NULL ||
	    (st->table = pf_table_make(ts->path, name)) == NULL) {
		pf_tset_bury(st->set);
		free(st, M_PF, sizeof(*st));
		return (ENOMEM);
	}
	st->table->holds++;
	TAILQ_INSERT_TAIL(&ts->tables, st, entry);
	return (0);
}

int
pf_tstage_add(struct pf_tstage *ts, const struct pf_ioc_taddr *addrs,
    uint32_t n)
{
	struct pf_stable *st = TAILQ_LAST(&ts->tables, pf_stables);
	const struct pf_tentry *old = NULL;
	int error;

	if (st == NULL)
		return (EINVAL);
	for (uint32_t i = 0; i < n; i++) {
		if (!pf_taddr_ok(&addrs[i]))
			return (EINVAL);
		if (st->table->set != NULL)
			old = pf_tset_find(st->table->set, addrs[i].af,
			    &addrs[i].addr, addrs[i].plen);
		error = pf_tset_add_like(st->set, addrs[i].af, &addrs[i].addr,
		    addrs[i].plen, addrs[i].neg != 0, old);
		if (error != 0 && error != EEXIST)
			return (error);
	}
	return (0);
}

/* Does the definition bring contents of its own? */
static bool
pf_stable_replaces(const struct pf_stable *st)
{
	return (st->list || (st->table->flags & PFRT_ACTIVE) == 0);
}

int64_t
pf_tstage_growth(const struct pf_tstage *ts)
{
	const struct pf_stable *st;
	int64_t n = 0;

	TAILQ_FOREACH(st, &ts->tables, entry) {
		if (!pf_stable_replaces(st))
			continue;
		n += (int64_t)st->set->n;
		if (st->table->set != NULL)
			n -= (int64_t)st->table->set->n;
	}
	return (n);
}

static void
pf_stable_free(struct pf_tstage *ts, struct pf_stable *st)
{
	TAILQ_REMOVE(&ts->tables, st, entry);
	pf_tset_bury(st->set);
	st->table->holds--;
	pf_table_tidy(st->table);
	free(st, M_PF, sizeof(*st));
}

void
pf_tstage_undefine(struct pf_tstage *ts, const char *name)
{
	struct pf_stable *st;

	TAILQ_FOREACH(st, &ts->tables, entry)
		if (strcmp(st->table->name, name) == 0) {
			pf_stable_free(ts, st);
			return;
		}
}

void
pf_tstage_commit(struct pf_tstage *ts)
{
	struct pf_stable *st;

	TAILQ_FOREACH(st, &ts->tables, entry) {
		if (pf_stable_replaces(st)) {
			pf_table_replace(st->table, st->set);
			st->set = NULL;
		}
		st->table->flags = st->flags | PFRT_ACTIVE;
	}
	pf_tstage_abort(ts); /* what is left of it */
}

void
pf_tstage_abort(struct pf_tstage *ts)
{
	struct pf_stable *st;

	if (ts == NULL)
		return;
	while ((st = TAILQ_FIRST(&ts->tables)) != NULL)
		pf_stable_free(ts, st);
	free(ts, M_PF, sizeof(*ts));
}
