/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What pf.conf can say and this kernel cannot do.
 *
 * Such words are read and printed (-n), and refused when they are to be
 * loaded: each by its own name, once a statement, in the order of the file.
 * A row is a word and the test that tells a rule that uses it.  What another
 * statement gave a rule (set state-defaults) is refused there.
 */

#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define USES(fn, expr)                          \
	static bool fn(const struct pf_rule *r) \
	{                                       \
		return (expr);                  \
	}

static bool
pool_has(const struct pf_rule *r, uint8_t flag)
{
	return ((r->r.pool[PF_NATPOOL].flags | r->r.pool[PF_RDRPOOL].flags |
		    r->r.pool[PF_ROUTEPOOL].flags) &
	    flag);
}

USES(uses_queue, r->r.qname[0] != '\0' || r->x.set_queue[0] != NULL)
USES(uses_pipe, r->r.dnpipe[0] != 0 && r->r.dnflags == 0)
USES(uses_dnqueue, r->r.dnpipe[0] != 0 && r->r.dnflags != 0)
USES(uses_routeto, r->r.rt == PF_ROUTETO)
USES(uses_replyto, r->r.rt == PF_REPLYTO)
USES(uses_dupto, r->r.rt == PF_DUPTO)
USES(uses_synproxy, r->r.keep == PF_SYNPROXY)
USES(uses_srctrack,
    r->r.stateflags &PFS_SRCTRACK && r->r.max_src_states == 0 &&
	r->r.max_src_nodes == 0 && r->r.max_src_conn == 0 &&
	r->r.conn_rate[0] == 0)
USES(uses_srcstates, r->r.max_src_states != 0)
USES(uses_srcnodes, r->r.max_src_nodes != 0)
USES(uses_srcconn, r->r.max_src_conn != 0)
USES(uses_connrate, r->r.conn_rate[0] != 0)
USES(uses_overload, r->r.overload[0] != '\0')
USES(uses_sticky, pool_has(r, PF_POOL_STICKY))
USES(uses_eim, pool_has(r, PF_POOL_EIM))
USES(uses_mape, r->r.pool[PF_NATPOOL].mape_offset != 0)
USES(uses_nodf, (r->r.flags & PFR_NODF) != 0)
USES(uses_randomid, (r->r.flags & PFR_RANDOMID) != 0)
USES(uses_reasstcp, (r->r.flags & PFR_REASSTCP) != 0)
USES(uses_maxmss, r->r.max_mss != 0)
USES(uses_minttl, r->r.min_ttl != 0)
USES(uses_scrubtos,
    r->r.flags &PFR_SETTOS &&
	(r->r.flags & PFR_SCRUB || r->r.action == PFA_SCRUB))
USES(uses_afto_out, r->r.flags &PFR_AFTO && r->r.dir == PFD_OUT)
USES(uses_divert_out, r->r.divert == PF_DIVERT_SOCKET && r->r.dir == PFD_OUT)
USES(uses_divert_proto,
    r->r.divert == PF_DIVERT_SOCKET && r->r.proto != IPPROTO_TCP &&
	r->r.proto != IPPROTO_UDP)
USES(uses_divert_block,
    r->r.divert != PF_DIVERT_NONE && r->r.action != PFA_PASS)
USES(uses_rdomain, r->x.rdomain != -1)
USES(uses_rtlabel, r->x.rtlabel != NULL)
USES(uses_rtable,
    r->r.rtable != -1 &&
	(r->r.action == PFA_SCRUB || r->r.action == PFA_NOSCRUB))
USES(uses_sctpport,
    r->r.proto == IPPROTO_SCTP &&
	(r->r.pool[PF_NATPOOL].port[0] != 0 ||
	    r->r.pool[PF_RDRPOOL].port[0] != 0))
USES(uses_delay, r->r.set_delay != 0)
USES(uses_pktrate, r->r.pktrate[0] != 0)
USES(uses_related, (r->r.stateflags & PFS_RELATED) != 0)
USES(uses_pflow, (r->r.stateflags & PFS_PFLOW) != 0)

static const struct refusal {
	const char *word;
	bool (*uses)(const struct pf_rule *r);
	bool state; /* a state option, may be of set state-defaults */
} refusals[] = {
	{ "queue", uses_queue, false },
	{ "dnpipe", uses_pipe, false },
	{ "dnqueue", uses_dnqueue, false },
	{ "route-to", uses_routeto, false },
	{ "reply-to", uses_replyto, false },
	{ "dup-to", uses_dupto, false },
	{ "synproxy state", uses_synproxy, false },
	{ "source-track", uses_srctrack, true },
	{ "max-src-states", uses_srcstates, true },
	{ "max-src-nodes", uses_srcnodes, true },
	{ "max-src-conn", uses_srcconn, true },
	{ "max-src-conn-rate", uses_connrate, true },
	{ "overload", uses_overload, true },
	{ "sticky-address", uses_sticky, false },
	{ "endpoint-independent", uses_eim, false },
	{ "map-e-portset", uses_mape, false },
	{ "scrub no-df", uses_nodf, false },
	{ "scrub random-id", uses_randomid, false },
	{ "scrub reassemble tcp", uses_reasstcp, false },
	{ "scrub max-mss", uses_maxmss, false },
	{ "scrub min-ttl", uses_minttl, false },
	{ "scrub set-tos", uses_scrubtos, false },
	{ "af-to of packets that go out", uses_afto_out, false },
	{ "divert-to of packets that go out", uses_divert_out, false },
	{ "divert-to of other protocols than TCP and UDP", uses_divert_proto,
	    false },
	{ "divert of blocked packets", uses_divert_block, false },
	{ "on rdomain", uses_rdomain, false },
	{ "route", uses_rtlabel, false },
	{ "rtable in scrub rules", uses_rtable, false },
	{ "another port of SCTP in a translation", uses_sctpport, false },
	{ "set delay", uses_delay, false },
	{ "max-pkt-rate", uses_pktrate, false },
	{ "allow-related", uses_related, true },
	{ "pflow", uses_pflow, true },
};

/* --- what was found ---------------------------------------------------- */

struct found {
	struct place at;
	const char *what;
	size_t seq;
};
struct refused {
	struct pfconf *pc;
	struct found *list;
	size_t n, room;
};

static void
refuse(struct refused *l, const struct place *at, const char *what)
{
	struct found *more;

	if (l->n == l->room) {
		l->room = 2 * l->room + 16;
		more = palloc(l->pc, l->room * sizeof(*more));
		if (l->n > 0)
			memcpy(more, l->list, l->n * sizeof(*more));
		l->list = more;
	}
	l->list[l->n].at = *at;
	l->list[l->n].what = what;
	l->list[l->n].seq = l->n;
	l->n++;
}

static int
found_cmp(const void *x, const void *y)
{
	const struct found *a = x, *b = y;
	int n = strcmp(a->at.file, b->at.file);

	if (n != 0)
		return (n);
	if (a->at.line != b->at.line)
		return (a->at.line < b->at.line ? -1 : 1);
	if ((n = strcmp(a->what, b->what)) != 0)
		return (n);
	return (a->seq < b->seq ? -1 : 1);
}

/* In the order of the file, each word once a line. */
static void
say_all(struct refused *l)
{
	const struct found *f, *before = NULL;

	if (l->n > 0)
		qsort(l->list, l->n, sizeof(*l->list), found_cmp);
	for (f = l->list; f < l->list + l->n; before = f++) {
		if (before != NULL && before->at.line == f->at.line &&
		    strcmp(before->at.file, f->at.file) == 0 &&
		    strcmp(before->what, f->what) == 0)
			continue;
		conf_error_at(l->pc->lex, f->at.file, f->at.line,
		    "%s is not supported by this kernel", f->what);
	}
}

/* --- where to look ----------------------------------------------------- */

static void
refuse_rules(struct refused *l, const struct pf_rules *rules)
{
	const struct spec *d = l->pc->set.state_defaults;
	const struct pf_rule *r;
	struct place at;
	size_t i;

	TAILQ_FOREACH(r, rules, entry)
		for (i = 0; i < nitems(refusals); i++) {
			if (!refusals[i].uses(r))
				continue;
			at = (struct place){ r->file, r->line };
			if (refusals[i].state && !r->stateopts_given &&
			    d != NULL)
				at = (struct place){ d->file, d->line };
			refuse(l, &at, refusals[i].word);
		}
}

/*
 * A dummynet-anchor would call rules that nothing can have loaded: that it
 * calls none is no more than a remark.
 */
static void
refuse_lines(struct refused *l)
{
	struct pfconf *pc = l->pc;
	struct pf_ruleset *rs;
	struct pf_line *line;
	struct place at;
	size_t n;

	TAILQ_FOREACH(line, &pc->lines, entry) {
		at = (struct place){ line->file, line->line };
		if (strcmp(line->what, "dummynet-anchor") == 0)
			fprintf(pc->err,
			    "%s:%d: warning: this kernel has no dummynet rules that a dummynet-anchor could call\n",
			    at.file, at.line);
		else if (pc->load & LOAD_ALTQ)
			refuse(l, &at, line->what);
	}
	TAILQ_FOREACH(rs, &pc->rulesets, entry)
		for (n = 0; pc->load & LOAD_FILTER && eth_place(rs, n, &at);
		     n++)
			refuse(l, &at, "ether");
}

static void
refuse_options(struct refused *l)
{
	static const enum pf_limit limits[] = { PF_LIMIT_ETH_ANCHORS,
		PF_LIMIT_PKTDELAY };
	struct pf_options *o = &l->pc->set;
	size_t i;

	if (o->syncookies_set && o->syncookies != PF_SYNCOOKIES_NEVER)
		refuse(l, &o->at[SET_SYNCOOKIES], "set syncookies");
	for (i = 0; i < nitems(limits); i++)
		if (o->limit_set[limits[i]])
			refuse(l, &o->limit_at[limits[i]],
			    conf_printf(l->pc->lex, "set limit %s",
				pf_limit_names[limits[i]]));
}

int
load_refuse(struct pfconf *pc, const char *anchor)
{
	struct refused l = { .pc = pc };
	struct pf_ruleset *rs;
	int i;

	(void)load_judge_os(pc, anchor);
	refuse_lines(&l);
	TAILQ_FOREACH(rs, &pc->rulesets, entry)
		for (i = 0; i < PF_RS_MAX; i++)
			if (load_wants(pc, i))
				refuse_rules(&l, &rs->rules[i]);
	if (pc->load & LOAD_OPTIONS)
		refuse_options(&l);
	say_all(&l);
	return (conf_errors(pc->lex));
}
