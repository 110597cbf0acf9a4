/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Calls about rules and anchors: given, to a transaction or straight into a
 * ruleset; read.
 *
 * A ruleset that is changed by one rule is built anew around the rules that
 * stay, so that packets see the old one or the new one here too.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_rule.h>

/* The rules a call is about.  0; EINVAL for what cannot be, ENOENT: no such
 * anchor. */
static int
pf_rules_of(const struct pfioc_rule *io, struct pf_rules **rs)
{
	struct pf_anchor *a;

	if (io->rs >= PF_RS_MAX ||
	    strnlen(io->anchor, sizeof(io->anchor)) == sizeof(io->anchor))
		return (EINVAL);
	if ((a = pf_anchor_find(io->anchor)) == NULL)
		return (ENOENT);
	*rs = a->rules[io->rs];
	return (0);
}

/* --- giving --- */

/* The pools of a rule, copied in. */
static void
pf_ents_free(struct pf_ioc_poolent *ents[PF_NPOOLS],
    const struct pf_ioc_rule *r)
{
	for (int p = 0; p < PF_NPOOLS; p++)
		free(ents[p], M_TEMP, r->pool[p].nents * sizeof(*ents[p]));
}

static int
pf_ents_copyin(const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	int error = 0;

	for (int p = 0; p < PF_NPOOLS && error == 0; p++) {
		uint32_t n = r->pool[p].nents;

		if (n == 0)
			continue;
		if (n > PF_REQUEST_MAX)
			return (EINVAL);
		ents[p] = mallocarray(n, sizeof(*ents[p]), M_TEMP, 0);
		if (ents[p] == NULL)
			return (ENOMEM);
		error = copyin(r->pool[p].ents_ptr, ents[p],
		    n * sizeof(*ents[p]));
	}
	return (error);
}

/* A rule of home, loaded by who asks now. */
static int
pf_rule_given(struct pf_anchor *home, const struct pfioc_rule *io,
    struct pf_ioc_poolent *const ents[PF_NPOOLS], struct pf_rule **rp)
{
	int error;

	error = pf_rule_make(home, (enum pf_rs)io->rs, &io->rule, ents, rp);
	if (error != 0)
		return (error);
	(*rp)->cuid = curproc()->p_uid;
	(*rp)->cpid = curproc()->p_pid;
	return (0);
}

static int
pf_addrule_staged(struct pf_file *pf, const struct pfioc_rule *io,
    struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	struct pf_anchor *home;
	struct pf_rules *rules;
	struct pf_rule *r;
	int error;

	rules = pf_trans_rules(pf, io->ticket, io->rs, io->anchor, &home);
	if (rules == NULL)
		return (EBUSY);
	if ((error = pf_rule_given(home, io, ents, &r)) != 0)
		return (error);
	if ((error = pf_rules_add(rules, r)) != 0)
		pf_rule_put(r);
	return (error);
}

/* Calls put with the pools of io's rule: everything may have changed when
 * they are here, so put looks for what it needs itself. */
static int
pf_rule_put_with(struct pf_file *pf, struct pfioc_rule *io,
    int (*put)(struct pf_file *pf, const struct pfioc_rule *io,
	struct pf_ioc_poolent *const ents[PF_NPOOLS]))
{
	struct pf_ioc_poolent *ents[PF_NPOOLS] = { NULL, NULL, NULL };
	int error;

	for (int p = 0; p < PF_NPOOLS; p++)
		if (io->rule.pool[p].nents > PF_REQUEST_MAX)
			return (EINVAL);
	error = pf_ents_copyin(&io->rule, ents);
	if (error == 0)
		error = put(pf, io, ents);
	pf_ents_free(ents, &io->rule);
	return (error);
}

int
pf_addrule(struct pf_file *pf, void *data)
{
	struct pfioc_rule *io = data;

	if (strnlen(io->anchor, sizeof(io->anchor)) == sizeof(io->anchor))
		return (EINVAL);
	return (pf_rule_put_with(pf, io, pf_addrule_staged));
}

/* Rules cross in bites, for which a call has room meanwhile. */
#define BITE 16

struct pf_bite {
	struct pfioc_rule one;
	struct pf_ioc_rule rule[BITE];
};

/* Adds up to n rules from uaddr on and counts them in done. */
static int
pf_addrules_bite(struct pf_file *pf, struct pf_bite *b, uint64_t uaddr,
    uint32_t n, uint32_t *done)
{
	int error;

	error = copyin(uaddr, b->rule, n * sizeof(b->rule[0]));
	for (uint32_t i = 0; i < n && error == 0; i++) {
		b->one.rule = b->rule[i];
		error = pf_rule_put_with(pf, &b->one, pf_addrule_staged);
		*done += error == 0;
	}
	return (error);
}

int
pf_addrules(struct pf_file *pf, void *data)
{
	struct pfioc_rules *io = data;
	struct pf_bite *b;
	uint32_t done = 0;
	int error = 0;

	if (strnlen(io->anchor, sizeof(io->anchor)) == sizeof(io->anchor) ||
	    io->n == 0 || io->n > PF_REQUEST_MAX)
		return (EINVAL);
	if ((b = malloc(sizeof(*b), M_TEMP, M_ZERO)) == NULL)
		return (ENOMEM);
	b->one.ticket = io->ticket;
	b->one.rs = io->rs;
	strlcpy(b->one.anchor, io->anchor, sizeof(b->one.anchor));
	while (done < io->n && error == 0)
		error = pf_addrules_bite(pf, b,
		    io->rules_ptr + (uint64_t)done * sizeof(b->rule[0]),
		    MIN(io->n - done, BITE), &done);
	free(b, M_TEMP, sizeof(*b));
	io->n = done;
	return (done > 0 ? 0 : error);
}

/* --- changing --- */

/* Where a new rule goes among n; EINVAL: nowhere. */
static int
pf_change_at(const struct pfioc_rule *io, uint32_t n, uint32_t *at)
{
	switch (io->change) {
	case PF_CHANGE_ADD_HEAD:
		*at = 0;
		return (0);
	case PF_CHANGE_ADD_TAIL:
		*at = n;
		return (0);
	case PF_CHANGE_ADD_BEFORE:
	case PF_CHANGE_REMOVE:
		*at = io->nr;
		break;
	case PF_CHANGE_ADD_AFTER:
		*at = io->nr + 1;
		break;
	default:
		return (EINVAL);
	}
	return (io->nr < n ? 0 : EINVAL);
}

/* What is in force, with r at its place, or without the rule there. */
static int
pf_change(struct pf_anchor *a, const struct pfioc_rule *io, struct pf_rule *r)
{
	const struct pf_rules *was = a->rules[io->rs];
	struct pf_rules *rules;
	uint32_t at, skip = r == NULL ? 1 : 0;
	int error;

	if ((error = pf_change_at(io, was->n, &at)) != 0)
		return (error);
	if ((rules = pf_rules_new()) == NULL)
		return (ENOMEM);
	if (pf_rules_room(rules, was->n + 1 - skip) != 0)
		error = ENOMEM;
	else if (r != NULL && r->ioc->log != 0)
		error = pf_log_want(r->ioc->logif);
	if (error != 0) {
		pf_rules_free(rules);
		return (error);
	}
	/* from here on nothing fails */
	for (uint32_t i = 0; i <= was->n; i++) {
		if (i == at && r != NULL)
			(void)pf_rules_add(rules, r);
		if (i == was->n || (i == at && r == NULL))
			continue;
		pf_rule_ref(was->rule[i]);
		(void)pf_rules_add(rules, was->rule[i]);
	}
	a->refs++;
	rules = pf_rules_publish(a, (enum pf_rs)io->rs, rules);
	pf_rules_checksum();
	pf_rules_free(rules);
	pf_anchor_put(a); /* it was the last rule */
	return (0);
}

static int
pf_change_put(struct pf_file *pf, const struct pfioc_rule *io,
    struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	struct pf_anchor *a = pf_anchor_find(io->anchor);
	struct pf_rule *r;
	int error;

	if (a == NULL || a->rules[io->rs]->gen != io->ticket)
		return (EBUSY);
	if ((error = pf_rule_given(a, io, ents, &r)) != 0)
		return (error);
	if ((error = pf_change(a, io, r)) != 0)
		pf_rule_put(r);
	return (error);
}

int
pf_changerule(struct pf_file *pf, void *data)
{
	struct pfioc_rule *io = data;
	struct pf_rules *rs;
	int error;

	if ((error = pf_rules_of(io, &rs)) != 0)
		return (error);
	if (io->change != PF_CHANGE_GET_TICKET) {
		if (io->ticket != rs->gen)
			return (EBUSY);
		error = io->change == PF_CHANGE_REMOVE ?
		    pf_change(pf_anchor_find(io->anchor), io, NULL) :
		    pf_rule_put_with(pf, io, pf_change_put);
		if (error != 0)
			return (error);
		if (pf_rules_of(io, &rs) != 0)
			return (0); /* it was the anchor's last */
	}
	io->nr = rs->n;
	io->ticket = rs->gen;
	return (0);
}

/* --- reading --- */

int
pf_getrules(struct pf_file *pf, void *data)
{
	struct pfioc_rule *io = data;
	struct pf_rules *rs;
	int error = pf_rules_of(io, &rs);

	if (error != 0)
		return (error);
	io->nr = rs->n;
	io->ticket = rs->gen;
	return (0);
}

/* What a pool's entries are, ready to be copied out. */
struct pf_poolcopy {
	struct pf_ioc_poolent *ents;
	uint32_t n;
	uint64_t to;
};

static int
pf_pools_take(const struct pf_rule *r, const struct pf_ioc_rule *want,
    struct pf_poolcopy copy[PF_NPOOLS])
{
	for (int p = 0; p < PF_NPOOLS; p++) {
		copy[p] = (struct pf_poolcopy){ .to = want->pool[p].ents_ptr };
		if (copy[p].to == 0 || r->pool[p].nents == 0 ||
		    want->pool[p].nents < r->pool[p].nents)
			continue;
		copy[p].n = r->pool[p].nents;
		copy[p].ents = mallocarray(copy[p].n, sizeof(*copy[p].ents),
		    M_TEMP, 0);
		if (copy[p].ents == NULL)
			return (ENOMEM);
		pf_pool_show(r, (enum pf_poolno)p, copy[p].ents);
	}
	return (0);
}

static int
pf_pools_give(struct pf_poolcopy copy[PF_NPOOLS], int error)
{
	for (int p = 0; p < PF_NPOOLS; p++) {
		if (error == 0 && copy[p].ents != NULL)
			error = copyout(copy[p].ents, copy[p].to,
			    copy[p].n * sizeof(*copy[p].ents));
		free(copy[p].ents, M_TEMP, copy[p].n * sizeof(*copy[p].ents));
	}
	return (error);
}

int
pf_getrule(struct pf_file *pf, void *data)
{
	struct pfioc_rule *io = data;
	struct pf_poolcopy copy[PF_NPOOLS] = { { 0 } };
	struct pf_rules *rs;
	struct pf_rule *r;
	uint64_t ptr[PF_NPOOLS];
	int error = pf_rules_of(io, &rs);

	if (error != 0)
		return (error);
	if (io->ticket != rs->gen || io->nr >= rs->n)
		return (EBUSY);
	if (io->clear && !pf->writable)
		return (EACCES);
	if (io->clear && securelevel_above(2))
		return (EPERM);
	r = rs->rule[io->nr];
	for (int p = 0; p < PF_NPOOLS; p++)
		ptr[p] = io->rule.pool[p].ents_ptr;
	error = pf_pools_take(r, &io->rule, copy);
	pf_rule_show(r, &io->rule);
	for (int p = 0; p < PF_NPOOLS; p++) {
		io->rule.pool[p].ents_ptr = ptr[p];
		if (!pf->trusted)
			memset(io->rule.pool[p].key, 0,
			    sizeof(io->rule.pool[p].key));
	}
	if (io->clear && error == 0) {
		r->evaluations = 0;
		memset(r->packets, 0, sizeof(r->packets));
		memset(r->bytes, 0, sizeof(r->bytes));
		r->states_tot = r->states_cur;
	}
	return (pf_pools_give(copy, error));
}

int
pf_clrrulectrs(struct pf_file *pf, void *data)
{
	struct pf_rules *rs = pf_main.rules[PF_RS_FILTER];

	for (uint32_t i = 0; i < rs->n; i++) {
		rs->rule[i]->evaluations = 0;
		memset(rs->rule[i]->packets, 0, sizeof(rs->rule[i]->packets));
		memset(rs->rule[i]->bytes, 0, sizeof(rs->rule[i]->bytes));
	}
	return (0);
}

static struct pf_anchor *
pf_ruleset_anchor(const struct pfioc_ruleset *io)
{
	if (strnlen(io->path, sizeof(io->path)) == sizeof(io->path))
		return (NULL);
	return (pf_anchor_find(io->path));
}

int
pf_getrulesets(struct pf_file *pf, void *data)
{
	struct pfioc_ruleset *io = data;
	const struct pf_anchor *a = pf_ruleset_anchor(io);

	if (a == NULL)
		return (ENOENT);
	io->nr = pf_anchor_children(a);
	return (0);
}

int
pf_getruleset(struct pf_file *pf, void *data)
{
	struct pfioc_ruleset *io = data;
	struct pf_anchor *a = pf_ruleset_anchor(io);

	if (a == NULL)
		return (ENOENT);
	if ((a = pf_anchor_child(a, io->nr)) == NULL)
		return (EBUSY);
	strlcpy(io->name, a->name, sizeof(io->name));
	return (0);
}
