/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Making a ruleset smaller without changing what it decides.
 *
 * Two passes over filter rulesets (`set ruleset-optimization none' and
 * -o none turn them off):
 *	duplicates	a quick rule after an equal quick rule, and a rule
 *			directly after an equal one, never decides anything
 *	tables		six or more consecutive rules that differ in one
 *			address only become one rule with a table
 * A rule with labels, counters of its own (match, anchor, log, probability,
 * limits) or state limits keeps its identity and is left alone.
 */

#include <string.h>

#include "pfctl.h"

#define TABLE_THRESHOLD 6

/* May this rule vanish or be merged? */
static bool
plain(const struct pf_rule *r)
{
	return (r->sub == NULL &&
	    !(r->r.flags & (PFR_ANCHOR | PFR_ONCE | PFR_AFTO)) &&
	    r->r.action != PFA_MATCH && r->r.label[0][0] == '\0' &&
	    r->r.ridentifier == 0 && r->r.probability == 0 && r->r.log == 0 &&
	    r->r.max_states == 0 && !(r->r.stateflags & PFS_SRCTRACK) &&
	    r->r.pktrate[0] == 0 && r->r.tagname[0] == '\0' &&
	    r->r.pool[0].nents == 0 && r->r.pool[1].nents == 0 &&
	    r->r.pool[2].nents == 0 && r->x.rdomain == -1 &&
	    r->x.rtlabel == NULL && r->x.divert_packet == 0 &&
	    r->x.set_queue[0] == NULL);
}

static bool
rules_equal(const struct pf_rule *a, const struct pf_rule *b)
{
	return (memcmp(&a->r, &b->r, sizeof(a->r)) == 0);
}

static void
drop_duplicates(struct pf_rules *rules)
{
	struct pf_rule *r, *next;

	for (r = TAILQ_FIRST(rules); r != NULL; r = next) {
		while ((next = TAILQ_NEXT(r, entry)) != NULL && plain(r) &&
		    plain(next) && rules_equal(r, next))
			TAILQ_REMOVE(rules, next, entry);
	}
}

/* Equal but for the address of one side, and that a plain one. */
static bool
differ_in(const struct pf_rule *a, const struct pf_rule *b, bool dst)
{
	const struct pf_ioc_addr *x = dst ? &a->r.dst.addr : &a->r.src.addr;
	const struct pf_ioc_addr *y = dst ? &b->r.dst.addr : &b->r.src.addr;
	struct pf_ioc_rule t;

	if (x->type != PF_ADDR_PREFIX || y->type != PF_ADDR_PREFIX || x->neg ||
	    y->neg || x->plen == 0 || y->plen == 0)
		return (false);
	t = b->r;
	if (dst)
		t.dst.addr = *x;
	else
		t.src.addr = *x;
	return (memcmp(&t, &a->r, sizeof(t)) == 0);
}

static size_t
run_length(struct pf_rule *first, bool dst)
{
	struct pf_rule *r;
	size_t n = 1;

	if (!plain(first))
		return (0);
	for (r = TAILQ_NEXT(first, entry);
	     r != NULL && plain(r) && differ_in(first, r, dst);
	     r = TAILQ_NEXT(r, entry))
		n++;
	return (n);
}

static void
make_table(struct pfconf *pc, struct pf_ruleset *rs, struct pf_rule *first,
    size_t n, bool dst)
{
	struct pf_table *t = palloc(pc, sizeof(*t));
	struct pf_ioc_addr *a = dst ? &first->r.dst.addr : &first->r.src.addr;
	struct pf_rule *r, *next;
	uint32_t hash = 2166136261U;
	struct node_host h;
	size_t i, k;

	t->anchor = rs->path;
	t->list = true;
	for (i = 0, r = first; i < n; i++, r = next) {
		next = TAILQ_NEXT(r, entry);
		memset(&h, 0, sizeof(h));
		h.addr = dst ? r->r.dst.addr : r->r.src.addr;
		for (k = 0; k < 16; k++)
			hash = (hash ^ h.addr.addr.b[k]) * 16777619U;
		table_add_host(pc, t, &h);
		if (i > 0)
			TAILQ_REMOVE(&rs->rules[PF_RS_FILTER], r, entry);
	}
	t->name = conf_printf(pc->lex, "__automatic_%08x_%d", hash,
	    pc->autotables++);
	TAILQ_INSERT_TAIL(&pc->tables, t, entry);
	memset(a, 0, sizeof(*a));
	a->type = PF_ADDR_TABLE;
	a->count = -1;
	strcpy(a->name, t->name);
	if (!(pc->opts & OPT_VERBOSE))
		return;
	fprintf(pc->out, "table <%s> const {", t->name);
	for (i = 0; i < t->naddrs; i++) {
		fputc(' ', pc->out);
		print_ip(pc->out, t->addrs[i].af, &t->addrs[i].addr);
		if (t->addrs[i].plen != (t->addrs[i].af == AF_INET ? 32 : 128))
			fprintf(pc->out, "/%u", t->addrs[i].plen);
	}
	fputs(" }\n", pc->out);
}

static void
combine(struct pfconf *pc, struct pf_ruleset *rs)
{
	struct pf_rule *r;
	size_t s, d;

	TAILQ_FOREACH(r, &rs->rules[PF_RS_FILTER], entry) {
		s = run_length(r, false);
		d = run_length(r, true);
		if (s >= TABLE_THRESHOLD && s >= d)
			make_table(pc, rs, r, s, false);
		else if (d >= TABLE_THRESHOLD)
			make_table(pc, rs, r, d, true);
	}
}

void
ruleset_optimize(struct pfconf *pc, struct pf_ruleset *rs)
{
	drop_duplicates(&rs->rules[PF_RS_FILTER]);
	combine(pc, rs);
}
