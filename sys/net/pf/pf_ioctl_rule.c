/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Calls that read rules and anchors. */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_rule.h>

static struct pf_rules *
pf_rules_of(const struct pfioc_rule *io)
{
	struct pf_anchor *a;

	if (io->rs >= PF_RS_MAX ||
	    strnlen(io->anchor, sizeof(io->anchor)) == sizeof(io->anchor) ||
	    (a = pf_anchor_find(io->anchor)) == NULL)
		return (NULL);
	return (a->rules[io->rs]);
}

int
pf_getrules(struct pf_file *pf, void *data)
{
	struct pfioc_rule *io = data;
	const struct pf_rules *rs = pf_rules_of(io);

	if (rs == NULL)
		return (EINVAL);
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
	struct pf_rules *rs = pf_rules_of(io);
	struct pf_rule *r;
	uint64_t ptr[PF_NPOOLS];
	int error;

	if (rs == NULL)
		return (EINVAL);
	if (io->ticket != rs->gen || io->nr >= rs->n)
		return (EBUSY);
	if (io->clear && !pf->writable)
		return (EACCES);
	r = rs->rule[io->nr];
	for (int p = 0; p < PF_NPOOLS; p++)
		ptr[p] = io->rule.pool[p].ents_ptr;
	error = pf_pools_take(r, &io->rule, copy);
	pf_rule_show(r, &io->rule);
	for (int p = 0; p < PF_NPOOLS; p++)
		io->rule.pool[p].ents_ptr = ptr[p];
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
