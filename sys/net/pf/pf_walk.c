/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Which rule decides: the walk through a ruleset and the anchors it calls.
 *
 * A rule is compared criterion by criterion, in the order of the skip steps.
 * Where it differs, the walk goes on at the next rule whose criterion is
 * another one: everything between would differ as well.
 *
 * In a long ruleset a classifier (pf_class.c) says besides which rules may
 * match at all; what is left is compared all the same.
 *
 * Anchors are a stack of places: where we are in a ruleset, and by which rule
 * we came.  The walk ends when the lowest frame runs out, or when a `quick'
 * rule matches.  An anchor called with `quick' ends it on the way back, when
 * something inside has matched.  It ends too where calls go deeper than the
 * stack: two calls of itself in an anchor would take a lifetime otherwise.
 *
 *	last match wins: a match is noted and the walk goes on;
 *	`match' rules act at once, so that later rules see what they did.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/pf/pf_class.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_once.h>
#include <net/pf/pf_rule.h>
#include <netinet/in.h>

#define PF_WALK_DEPTH PF_ANCHOR_DEPTH /* calls inside calls */

struct pf_frame {
	struct pf_anchor *anchor; /* whose rules these are */
	uint32_t at; /* behind the rule that led to the frame above */
	bool children; /* go on with the next sibling at the end */
	bool matched;
};

struct pf_walk {
	enum pf_rs rs;
	unsigned int depth;
	bool deep; /* calls went further than PF_WALK_DEPTH */
	const struct pf_rules *rules; /* of the frame on top */
	struct pf_class_look look;    /* there */
	struct pf_frame frame[PF_WALK_DEPTH];
};

bool
pf_rule_kif(const struct pf_rule *r, const struct pf_desc *pd)
{
	bool hit;

	if ((r->flags & PFR_IFANY) != 0)
		hit = (pd->ifp->if_flags & IFF_LOOPBACK) == 0;
	else if (r->kif == NULL)
		return (true);
	else
		hit = r->kif == pd->kif || pf_kif_match(r->kif, pd->kif);
	return (hit == ((r->flags & PFR_IFNOT) == 0));
}

static inline bool
pf_rule_addr(const struct pf_raddr *a, const struct pf_desc *pd,
    unsigned int end)
{
	if (a->type == PF_ADDR_ANY && a->neg == 0 && a->af == AF_UNSPEC)
		return (true);
	return (
	    pf_addr_match(a, pd->af, &pd->now.addr[end], pd, end == PF_SRC));
}

/* In which criterion of the skip steps r differs from pd; PF_SKIP_MAX: none. */
static enum pf_skip
pf_rule_differs(const struct pf_rule *r, const struct pf_desc *pd)
{
	if (!pf_rule_kif(r, pd))
		return (PF_SKIP_IFP);
	if (r->dir != 0 && r->dir != pd->dir)
		return (PF_SKIP_DIR);
	if (r->af != 0 && r->af != pd->af)
		return (PF_SKIP_AF);
	if (r->proto != 0 && r->proto != pd->proto)
		return (PF_SKIP_PROTO);
	if (!pf_rule_addr(&r->src.addr, pd, PF_SRC))
		return (PF_SKIP_SRC_ADDR);
	if (!pf_rule_addr(&r->dst.addr, pd, PF_DST))
		return (PF_SKIP_DST_ADDR);
	if (r->src.port_op != 0 &&
	    !pf_op_match(r->src.port_op, r->src.port[0], r->src.port[1],
		pd->now.port[PF_SRC]))
		return (PF_SKIP_SRC_PORT);
	if (r->dst.port_op != 0 &&
	    !pf_op_match(r->dst.port_op, r->dst.port[0], r->dst.port[1],
		pd->now.port[PF_DST]))
		return (PF_SKIP_DST_PORT);
	return (PF_SKIP_MAX);
}

/*
 * A binat rule read from outside: a packet in is for the address that the
 * pool gives, and comes from where the rule's destination says.
 */
static bool
pf_binat_compare(const struct pf_rule *r, struct pf_desc *pd, uint32_t *next)
{
	const struct pf_pool *p = &r->pool[PF_NATPOOL];

	*next = r->nr + 1;
	if ((r->flags & PFR_ANCHOR) == 0 && p->nents == 0)
		return (false);
	return (pf_rule_kif(r, pd) && (r->dir == 0 || r->dir == pd->dir) &&
	    (r->af == 0 || r->af == pd->af) &&
	    (r->proto == 0 || r->proto == pd->proto) &&
	    pf_rule_addr(&r->dst.addr, pd, PF_SRC) &&
	    ((r->flags & PFR_ANCHOR) != 0 ||
		pf_rule_addr(&p->ents[0], pd, PF_DST)) &&
	    (r->tests == 0 || pf_rule_tests(r, pd)));
}

/* --- the stack --- */

/* Another frame is on top, or it is about another anchor. */
static void
pf_walk_top(struct pf_walk *w)
{
	w->rules = w->frame[w->depth - 1].anchor->rules[w->rs];
	w->look.class = NULL;
}

static bool
pf_walk_push(struct pf_walk *w, struct pf_anchor *a, bool children)
{
	if (a == NULL)
		return (false);
	if (w->depth == PF_WALK_DEPTH) {
		w->deep = true;
		return (false);
	}
	w->frame[w->depth++] = (struct pf_frame){ .anchor = a, .children = children };
	pf_walk_top(w);
	return (true);
}

static void
pf_walk_enter(struct pf_walk *w, struct pf_rule *r)
{
	if (r->anchor_children)
		pf_walk_push(w, pf_anchor_first(r->anchor), true);
	else
		pf_walk_push(w, r->anchor, false);
}

/* The rule of frame d by which the walk came into the one above. */
static struct pf_rule *
pf_walk_call(const struct pf_walk *w, unsigned int d)
{
	const struct pf_frame *f = &w->frame[d];

	return (f->anchor->rules[w->rs]->rule[f->at - 1]);
}

/* The frame on top is at its end: goes on below.  True: the walk is over. */
static bool
pf_walk_leave(struct pf_walk *w)
{
	struct pf_frame *f = &w->frame[w->depth - 1];
	struct pf_anchor *sibling;

	if (f->children && (sibling = pf_anchor_next(f->anchor)) != NULL) {
		f->anchor = sibling;
		f->at = 0;
		pf_walk_top(w);
		return (false);
	}
	w->depth--;
	if (w->depth == 0)
		return (true);
	pf_walk_top(w);
	if (f->matched) {
		f[-1].matched = true;
		return ((pf_walk_call(w, w->depth - 1)->flags & PFR_QUICK) != 0);
	}
	return (false);
}

/* Compares r, where the frame on top is, with pd, and goes on behind it.  Does
 * it match? */
static bool
pf_walk_compare(struct pf_walk *w, struct pf_frame *f, struct pf_rule *r, struct pf_desc *pd)
{
	enum pf_skip s;

	r->evaluations++;
	if (w->rs == PF_RS_BINAT && pd->dir == PF_IN)
		return (pf_binat_compare(r, pd, &f->at));
	if ((s = pf_rule_differs(r, pd)) == PF_SKIP_MAX) {
		f->at++;
		return (r->tests == 0 || pf_rule_tests(r, pd));
	}
	if (w->rules->class != NULL && w->rs != PF_RS_BINAT)
		pf_class_differs(w->rules->class, pd, &w->look, r->nr, s);
	f->at = r->skip[s];
	return (false);
}

/* The next rule that matches; anchors are entered on the way.  NULL: none. */
static struct pf_rule *
pf_walk_next(struct pf_walk *w, struct pf_desc *pd)
{
	struct pf_frame *f;
	struct pf_rule *r;

	while (w->depth > 0 && !w->deep) {
		f = &w->frame[w->depth - 1];
		if (f->at >= w->rules->n) {
			if (pf_walk_leave(w))
				return (NULL);
			continue;
		}
		if (w->rules->class != NULL && w->rs != PF_RS_BINAT) {
			f->at = pf_class_next(w->rules->class, pd, &w->look, f->at);
			if (f->at >= w->rules->n)
				continue;
		}
		r = w->rules->rule[f->at];
		if (!pf_walk_compare(w, f, r, pd))
			continue;
		if ((r->flags & PFR_ANCHOR) == 0) {
			f->matched = true;
			return (r);
		}
		pf_walk_enter(w, r);
	}
	return (NULL);
}

static void
pf_walk_start(struct pf_walk *w, enum pf_rs rs)
{
	w->rs = rs;
	w->depth = 0;
	w->deep = false;
	pf_walk_push(w, &pf_main, false);
}

/* The rule of the main ruleset by which the walk came where it is. */
static struct pf_rule *
pf_walk_caller(const struct pf_walk *w)
{
	return (w->depth > 1 ? pf_walk_call(w, 0) : NULL);
}

/* --- translation: the first match counts --- */

struct pf_rule *
pf_rule_first(enum pf_rs rs, struct pf_desc *pd)
{
	struct pf_walk w;
	struct pf_rule *r;

	if (pf_main.rules[rs]->n == 0)
		return (NULL);
	pf_walk_start(&w, rs);
	r = pf_walk_next(&w, pd);
	if (w.deep)
		pd->reason = PFRES_MEMORY;
	pd->anchor_rule = r == NULL ? NULL : pf_walk_caller(&w);
	if (pd->anchor_rule != NULL) {
		pd->anchor_rule->packets[pd->dir == PF_OUT]++;
		pd->anchor_rule->bytes[pd->dir == PF_OUT] += pd->tot_len;
	}
	return (r);
}

/* --- filter rules --- */

/* What a matching rule says about the packet and its state. */
static void
pf_acts_take(struct pf_desc *pd, const struct pf_rule *r)
{
	const struct pf_ioc_rule *c = r->ioc;

	if (r->tag != 0)
		pd->acts.tag = r->tag;
	if (c->rtable >= 0)
		pd->acts.rtable = c->rtable;
	if ((r->flags & PFR_SETTOS) != 0) {
		pd->acts.set_tos = c->set_tos;
		pd->acts.flags |= PF_ACT_SETTOS;
	}
	if ((r->flags & PFR_SETPRIO) != 0) {
		memcpy(pd->acts.set_prio, c->set_prio, 2);
		pd->acts.flags |= PF_ACT_SETPRIO;
	}
}

/* nat-to, rdr-to, binat-to, af-to of a filter rule: changes pd->now. */
static int
pf_rule_translate(struct pf_desc *pd, struct pf_rule *r)
{
	int error = 0;

	if (pf_desc_isnd(pd))
		return (0);
	if ((r->flags & PFR_AFTO) != 0)
		return (pf_pool_afto(pd, r));
	if ((r->flags & PFR_BINATTO) != 0)
		return (pf_pool_binat(pd, r));
	if ((r->flags & PFR_NATTO) != 0)
		error = pf_pool_nat(pd, r);
	if (error == 0 && (r->flags & PFR_RDRTO) != 0)
		error = pf_pool_rdr(pd, r);
	return (error);
}

static struct pool pf_match_pool;

void
pf_walk_init(void)
{
	pool_init(&pf_match_pool, sizeof(struct pf_match_item), 0, "pfmatch");
}

void
pf_matched_free(struct pf_match_item *list)
{
	struct pf_match_item *next;

	for (; list != NULL; list = next) {
		next = list->next;
		pf_rule_put(list->rule);
		pool_put(&pf_match_pool, list);
	}
}

/* A `match' rule acts at once.  0, or errno with pd->reason. */
static int
pf_rule_note(struct pf_desc *pd, struct pf_rule *r, struct pf_rule *caller)
{
	struct pf_rule *elected_by = pd->anchor_rule;
	struct pf_match_item *mi;

	if (pd->nmatched == PF_MATCHED_MAX) {
		pf_status.lcounters[PF_LC_MATCHES]++;
		pd->reason = PFRES_MEMORY;
		return (ENOMEM);
	}
	if ((mi = pool_get(&pf_match_pool, PR_NOWAIT)) == NULL) {
		pd->reason = PFRES_MEMORY;
		return (ENOMEM);
	}
	mi->rule = r;
	mi->next = pd->matched;
	pf_rule_ref(r);
	pd->matched = mi;
	pd->nmatched++;
	pf_acts_take(pd, r);
	if (pf_rule_translate(pd, r) != 0) {
		pd->reason = PFRES_MAPFAILED;
		return (ENOSPC);
	}
	pd->anchor_rule = caller; /* for the log */
	if ((r->ioc->log & PF_LOG_ON) != 0)
		pf_log_packet(pd, r, r->ioc->logif);
	pd->anchor_rule = elected_by;
	if ((r->ioc->log & PF_LOG_MATCHES) != 0) {
		pd->acts.log |= PF_LOG_MATCHES;
		pd->acts.logif = r->ioc->logif;
	}
	return (0);
}

static void
pf_rule_elect(struct pf_desc *pd, struct pf_rule *r, struct pf_rule *caller)
{
	pd->rule = r;
	pd->anchor_rule = caller;
	if (r->tag != 0)
		pd->acts.tag = r->tag;
	if ((pd->acts.log & PF_LOG_MATCHES) != 0)
		pf_log_packet(pd, r, pd->acts.logif);
}

static enum pf_verdict
pf_rule_verdict(struct pf_desc *pd)
{
	struct pf_rule *r = pd->rule;

	pd->reason = PFRES_MATCH;
	if ((r->flags & PFR_ONCE) != 0)
		pf_once_used(r);
	if (r->action == PFA_BLOCK)
		return (PF_DROP);
	if (r == &pf_default_rule)
		return (PF_PASS);
	pf_acts_take(pd, r);
	if (pf_rule_translate(pd, r) != 0) {
		pd->reason = PFRES_MAPFAILED;
		return (PF_DROP);
	}
	return (PF_PASS);
}

enum pf_verdict
pf_rule_decide(struct pf_desc *pd)
{
	struct pf_walk w;
	struct pf_rule *r;

	pd->anchor_rule = NULL;
	pf_walk_start(&w, PF_RS_FILTER);
	while ((r = pf_walk_next(&w, pd)) != NULL) {
		if (r->action == PFA_MATCH) {
			if (pf_rule_note(pd, r, pf_walk_caller(&w)) != 0)
				return (PF_DROP);
		} else
			pf_rule_elect(pd, r, pf_walk_caller(&w));
		if ((r->flags & PFR_QUICK) != 0)
			break;
	}
	if (w.deep) {
		pd->reason = PFRES_MEMORY;
		return (PF_DROP);
	}
	return (pf_rule_verdict(pd));
}
