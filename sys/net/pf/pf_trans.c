/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Transactions: rulesets, tables and options are built aside, and published
 * together.
 *
 *	DIOCXBEGIN	names the elements; each gets an empty stage
 *	DIOCADDRULE ...	fill the stages
 *	DIOCXCOMMIT	judges everything that can fail; then swaps pointers,
 *			which cannot
 *	DIOCXROLLBACK	or the end of the file: the stages go
 *
 * An element remembers what was published when its stage began.  If that is
 * another one at commit, somebody was faster: EBUSY.
 *
 * The commit runs without giving the token away, so no packet sees a part.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <net/pf/pf_frag.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_osfp.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_table.h>

#define ELEMS_MAX PF_REQUEST_MAX

struct pf_elem {
	uint8_t type, rs, flags;
	struct pf_anchor *anchor;
	uint64_t gen; /* of what it replaces */
	struct pf_rules *rules;
	struct pf_tstage *tables;
	struct pf_osfps *osfps;
};

struct pf_skipset {
	SLIST_ENTRY(pf_skipset) next;
	struct pf_kif *kif; /* held, so that setting it cannot fail */
	bool on;
};

/* Old rules by their digest, the first of equal ones in front. */
#define HEIRS 1024
SLIST_HEAD(pf_kin, pf_rule);

struct pf_trans {
	TAILQ_ENTRY(pf_trans) entry;
	uint64_t ticket;
	uint32_t nelems, last; /* last: the one asked for, most often again */
	struct pf_elem *elem;
	struct pf_options options;
	SLIST_HEAD(, pf_skipset) skips;
	struct pf_kin *kin; /* at commit, if rules keep their counters */
};

static uint64_t pf_ticket = 1; /* of transactions and of what they publish */
static uint64_t pf_options_gen;

static struct pf_trans *
pf_trans_find(struct pf_file *pf, uint64_t ticket)
{
	struct pf_trans *t;

	TAILQ_FOREACH(t, &pf->trans, entry)
		if (t->ticket == ticket)
			return (t);
	return (NULL);
}

static struct pf_elem *
pf_elem_find(struct pf_file *pf, uint64_t ticket, uint8_t type, uint8_t rs,
    const char *path)
{
	struct pf_trans *t = pf_trans_find(pf, ticket);

	if (t == NULL)
		return (NULL);
	path += path[0] == '/';
	for (uint32_t n = 0, i = t->last; n < t->nelems; n++, i++) {
		if (i >= t->nelems)
			i = 0;
		if (t->elem[i].type == type && t->elem[i].rs == rs &&
		    strcmp(t->elem[i].anchor->path, path) == 0) {
			t->last = i;
			return (&t->elem[i]);
		}
	}
	return (NULL);
}

/* --- beginning and ending --- */

static void
pf_trans_free(struct pf_trans *t)
{
	struct pf_skipset *s;

	for (uint32_t i = 0; i < t->nelems; i++) {
		pf_rules_free(t->elem[i].rules);
		pf_tstage_abort(t->elem[i].tables);
		pf_osfps_free(t->elem[i].osfps);
		if (t->elem[i].anchor != NULL)
			pf_anchor_put(t->elem[i].anchor);
	}
	while ((s = SLIST_FIRST(&t->skips)) != NULL) {
		SLIST_REMOVE_HEAD(&t->skips, next);
		pf_kif_put(s->kif, PF_KIF_OTHER);
		free(s, M_PF, sizeof(*s));
	}
	free(t->kin, M_PF, HEIRS * sizeof(*t->kin));
	free(t->elem, M_PF, t->nelems * sizeof(*t->elem));
	free(t, M_PF, sizeof(*t));
}

static uint64_t
pf_elem_gen(const struct pf_elem *e)
{
	switch (e->type) {
	case PF_ELEM_RULES:
		return (e->anchor->rules[e->rs]->load);
	case PF_ELEM_TABLES:
		return (e->anchor->tables_gen);
	case PF_ELEM_OSFPS:
		return (pf_osfps_gen());
	default:
		return (pf_options_gen);
	}
}

static int
pf_elem_begin(struct pf_trans *t, struct pf_elem *e, struct pf_ioc_elem *io)
{
	int error;

	if (io->type > PF_ELEM_OSFPS || io->rs >= PF_RS_MAX ||
	    strnlen(io->anchor, sizeof(io->anchor)) == sizeof(io->anchor))
		return (EINVAL);
	e->type = io->type;
	e->rs = io->rs;
	e->flags = io->flags;
	if ((error = pf_anchor_get(io->anchor, &e->anchor)) != 0)
		return (error);
	e->gen = pf_elem_gen(e);
	if (e->type == PF_ELEM_RULES)
		return ((e->rules = pf_rules_new()) == NULL ? ENOMEM : 0);
	if (e->type == PF_ELEM_TABLES)
		return ((e->tables = pf_tstage_new(e->anchor->path)) == NULL ?
			ENOMEM :
			0);
	if (e->type == PF_ELEM_OSFPS)
		return ((e->osfps = pf_osfps_new()) == NULL ? ENOMEM : 0);
	if ((e->flags & PF_ELEM_MERGE) == 0) {
		t->options = pf_options_default;
		t->options.hostid = pf_options.hostid;
	}
	return (0);
}

static int
pf_trans_new(struct pf_ioc_elem *io, uint32_t n, struct pf_trans **tp)
{
	struct pf_trans *t;
	int error = 0;

	if ((t = malloc(sizeof(*t), M_PF, M_ZERO)) == NULL)
		return (ENOMEM);
	t->options = pf_options;
	SLIST_INIT(&t->skips);
	t->elem = mallocarray(n, sizeof(*t->elem), M_PF, M_ZERO);
	if (t->elem == NULL) {
		free(t, M_PF, sizeof(*t));
		return (ENOMEM);
	}
	t->nelems = n;
	for (uint32_t i = 0; i < n && error == 0; i++)
		error = pf_elem_begin(t, &t->elem[i], &io[i]);
	if (error != 0) {
		pf_trans_free(t);
		return (error);
	}
	*tp = t;
	return (0);
}

int
pf_xbegin(struct pf_file *pf, void *data)
{
	struct pfioc_trans *io = data;
	struct pf_ioc_elem *elems;
	struct pf_trans *t;
	int error;

	if (io->nelems == 0 || io->nelems > ELEMS_MAX)
		return (EINVAL);
	elems = mallocarray(io->nelems, sizeof(*elems), M_TEMP, 0);
	if (elems == NULL)
		return (ENOMEM);
	error = copyin(io->elems_ptr, elems, io->nelems * sizeof(*elems));
	if (error == 0)
		error = pf_trans_new(elems, io->nelems, &t);
	free(elems, M_TEMP, io->nelems * sizeof(*elems));
	if (error != 0)
		return (error);
	t->ticket = io->ticket = ++pf_ticket;
	TAILQ_INSERT_TAIL(&pf->trans, t, entry);
	return (0);
}

int
pf_xrollback(struct pf_file *pf, void *data)
{
	struct pfioc_trans *io = data;
	struct pf_trans *t = pf_trans_find(pf, io->ticket);

	if (t == NULL)
		return (0); /* gone already */
	TAILQ_REMOVE(&pf->trans, t, entry);
	pf_trans_free(t);
	return (0);
}

void
pf_trans_close(struct pf_file *pf)
{
	struct pf_trans *t;

	while ((t = TAILQ_FIRST(&pf->trans)) != NULL) {
		TAILQ_REMOVE(&pf->trans, t, entry);
		pf_trans_free(t);
	}
}

/* --- committing --- */

/* Which limit, of those to come, would be passed: 1 + its number; 0: none. */
static uint32_t
pf_trans_limit(const struct pf_trans *t)
{
	const uint32_t *limit = t->options.limit;
	int64_t n = (int64_t)pf_table_entry_count;

	for (uint32_t i = 0; i < t->nelems; i++)
		if (t->elem[i].type == PF_ELEM_TABLES)
			n += pf_tstage_growth(t->elem[i].tables);
	if (limit[PF_LIMIT_TABLE_ENTRIES] != 0 &&
	    n > (int64_t)limit[PF_LIMIT_TABLE_ENTRIES])
		return (1 + PF_LIMIT_TABLE_ENTRIES);
	if (limit[PF_LIMIT_TABLES] != 0 &&
	    pf_table_count_all > limit[PF_LIMIT_TABLES])
		return (1 + PF_LIMIT_TABLES);
	return (pf_anchors_within(limit[PF_LIMIT_ANCHORS]) ?
		0 :
		1 + PF_LIMIT_ANCHORS);
}

/* The pflogs that the rules to come want. */
static int
pf_trans_logs(const struct pf_trans *t)
{
	struct pf_rules **rules;
	int error;

	rules = mallocarray(t->nelems, sizeof(*rules), M_TEMP, 0);
	if (rules == NULL)
		return (ENOMEM);
	for (uint32_t i = 0; i < t->nelems; i++)
		rules[i] = t->elem[i].rules;
	error = pf_log_want_all(rules, t->nelems);
	free(rules, M_TEMP, t->nelems * sizeof(*rules));
	return (error);
}

/* All that can fail; the pflogs, which can be seen, come last. */
static int
pf_trans_judge(struct pf_trans *t, struct pfioc_trans *io)
{
	int error;

	io->limit = 0;
	for (uint32_t i = 0; i < t->nelems; i++) {
		struct pf_elem *e = &t->elem[i];

		if (e->gen != pf_elem_gen(e))
			return (EBUSY);
		if (e->type == PF_ELEM_OPTIONS &&
		    (error = pf_options_judge(&t->options)) != 0)
			return (error);
	}
	if ((io->flags & PF_TRANS_KEEPCOUNTERS) != 0 &&
	    (t->kin = mallocarray(HEIRS, sizeof(*t->kin), M_PF, 0)) == NULL)
		return (ENOMEM);
	if ((io->limit = pf_trans_limit(t)) != 0)
		return (ENOMEM);
	return (pf_trans_logs(t));
}

static struct pf_kin *
pf_kin_of(struct pf_kin kin[HEIRS], const struct pf_rule *r)
{
	return (&kin[(r->digest[0] | r->digest[1] << 8) % HEIRS]);
}

static struct pf_rule *
pf_kin_take(struct pf_kin *kin, const struct pf_rule *heir)
{
	struct pf_rule *r;

	SLIST_FOREACH(r, kin, kin)
		if (pf_rule_same(r, heir)) {
			SLIST_REMOVE(kin, r, pf_rule, kin);
			return (r);
		}
	return (NULL);
}

/* Rules that stay keep what they have counted, each of one that was. */
static void
pf_rules_inherit(struct pf_rules *to, const struct pf_rules *from,
    struct pf_kin kin[HEIRS])
{
	struct pf_rule *a, *b;

	for (uint32_t i = 0; i < HEIRS; i++)
		SLIST_INIT(&kin[i]);
	for (uint32_t i = from->n; i-- > 0;)
		SLIST_INSERT_HEAD(pf_kin_of(kin, from->rule[i]), from->rule[i],
		    kin);
	for (uint32_t i = 0; i < to->n; i++) {
		a = to->rule[i];
		if ((b = pf_kin_take(pf_kin_of(kin, a), a)) == NULL)
			continue;
		a->evaluations = b->evaluations;
		memcpy(a->packets, b->packets, sizeof(a->packets));
		memcpy(a->bytes, b->bytes, sizeof(a->bytes));
		a->last_active = b->last_active;
	}
}

static void
pf_options_publish(struct pf_trans *t, const struct pf_elem *e)
{
	struct pf_skipset *s;

	pf_options_apply(&t->options);
	pf_options_gen = ++pf_ticket;
	if ((e->flags & PF_ELEM_MERGE) == 0)
		(void)pf_kif_setflag("", PFI_SKIP, false);
	SLIST_FOREACH(s, &t->skips, next)
		(void)pf_kif_setflag(s->kif->kif_name, PFI_SKIP, s->on);
}

struct pf_rules *
pf_rules_publish(struct pf_anchor *a, enum pf_rs rs, struct pf_rules *rules)
{
	struct pf_rules *old = a->rules[rs];

	pf_rules_finish(rules, ++pf_ticket);
	a->rules[rs] = rules;
	if (rs == PF_RS_SCRUB)
		pf_frag_tune();
	return (old);
}

static void
pf_elem_publish(struct pf_trans *t, struct pf_elem *e)
{
	if (e->type == PF_ELEM_OPTIONS) {
		pf_options_publish(t, e);
		return;
	}
	if (e->type == PF_ELEM_TABLES) {
		pf_tstage_commit(e->tables);
		e->tables = NULL;
		e->anchor->tables_gen = ++pf_ticket;
		return;
	}
	if (e->type == PF_ELEM_OSFPS) {
		e->osfps = pf_osfps_publish(e->osfps);
		return;
	}
	if (t->kin != NULL)
		pf_rules_inherit(e->rules, e->anchor->rules[e->rs], t->kin);
	/* the old ones go with the transaction */
	e->rules = pf_rules_publish(e->anchor, (enum pf_rs)e->rs, e->rules);
}

int
pf_xcommit(struct pf_file *pf, void *data)
{
	struct pfioc_trans *io = data;
	struct pf_trans *t = pf_trans_find(pf, io->ticket);
	int error;

	if (t == NULL)
		return (EBUSY);
	TAILQ_REMOVE(&pf->trans, t, entry);
	if ((error = pf_trans_judge(t, io)) == 0) {
		for (uint32_t i = 0; i < t->nelems; i++)
			pf_elem_publish(t, &t->elem[i]);
		pf_rules_checksum();
	}
	pf_trans_free(t);
	return (error);
}

/* --- filling --- */

struct pf_rules *
pf_trans_rules(struct pf_file *pf, uint64_t ticket, uint8_t rs,
    const char *path, struct pf_anchor **home)
{
	struct pf_elem *e = pf_elem_find(pf, ticket, PF_ELEM_RULES, rs, path);

	if (e == NULL)
		return (NULL);
	*home = e->anchor;
	return (e->rules);
}

struct pf_options *
pf_trans_options(struct pf_file *pf, uint64_t ticket)
{
	struct pf_trans *t = pf_trans_find(pf, ticket);

	if (t == NULL)
		return (NULL);
	for (uint32_t i = 0; i < t->nelems; i++)
		if (t->elem[i].type == PF_ELEM_OPTIONS)
			return (&t->options);
	return (NULL);
}

int
pf_trans_skip(struct pf_file *pf, uint64_t ticket, const char *name, bool on)
{
	struct pf_trans *t = pf_trans_find(pf, ticket);
	struct pf_skipset *s;

	if (t == NULL || pf_trans_options(pf, ticket) == NULL)
		return (EBUSY);
	if ((s = malloc(sizeof(*s), M_PF, 0)) == NULL)
		return (ENOMEM);
	s->on = on;
	if ((s->kif = pf_kif_get(name, PF_KIF_OTHER)) == NULL) {
		free(s, M_PF, sizeof(*s));
		return (ENOMEM);
	}
	SLIST_INSERT_HEAD(&t->skips, s, next);
	return (0);
}

struct pf_osfps *
pf_trans_osfps(struct pf_file *pf, uint64_t ticket)
{
	struct pf_elem *e = pf_elem_find(pf, ticket, PF_ELEM_OSFPS, 0, "");

	return (e == NULL ? NULL : e->osfps);
}

struct pf_tstage *
pf_trans_tables(struct pf_file *pf, uint64_t ticket, const char *path)
{
	struct pf_elem *e = pf_elem_find(pf, ticket, PF_ELEM_TABLES, 0, path);

	return (e == NULL ? NULL : e->tables);
}
