/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Making a ruleset faster without changing what it decides.
 *
 * A block is a run of rules next to each other that do the same to a packet
 * and differ in what they match only.  Whichever of them matches, the verdict
 * is the same, so a block is a set, and in a set
 *
 *	an equal rule, or one that matches part of what another does, is
 *	left out;
 *	six or more rules that differ in one address become one with a table;
 *	the order is free: rules that agree in what skip steps compare are put
 *	side by side, or with `profile' those that matched most come first.
 *
 * A rule that is somebody (a label, a log, a limit, a probability, a pool, an
 * anchor, a tag, match) ends a block and is left alone.  Only filter rules are
 * looked at.  -o none and `set ruleset-optimization none' turn it off.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define TABLE_THRESHOLD 6

/* A block as an array; rules that were left out are NULL. */
struct block {
	struct pf_rule **r;
	size_t n;
};

/* --- what a block is --------------------------------------------------- */

/* May this rule vanish, move or be merged? */
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
	    r->x.rtlabel == NULL && r->r.divert != PF_DIVERT_PACKET &&
	    r->x.set_queue[0] == NULL);
}

/* The rule without what it matches. */
static void
deed_of(struct pf_ioc_rule *d, const struct pf_ioc_rule *r)
{
	*d = *r;
	memset(&d->src, 0, sizeof(d->src));
	memset(&d->dst, 0, sizeof(d->dst));
	memset(d->ifname, 0, sizeof(d->ifname));
	d->flags &= ~(uint32_t)(PFR_IFNOT | PFR_IFANY);
	d->dir = d->af = d->proto = 0;
	d->tcpflags = d->tcpmask = 0;
	d->icmptype = d->icmpcode = d->icmpcode_set = 0;
}

static bool
does(const struct pf_rule *r, const struct pf_ioc_rule *deed)
{
	struct pf_ioc_rule d;

	if (r->r.action != deed->action || r->r.keep != deed->keep)
		return (false);
	deed_of(&d, &r->r);
	return (memcmp(&d, deed, sizeof(d)) == 0);
}

static size_t
block_length(struct pf_rule *first)
{
	struct pf_ioc_rule deed;
	struct pf_rule *r;
	size_t n = 1;

	if (!plain(first))
		return (1);
	deed_of(&deed, &first->r);
	for (r = TAILQ_NEXT(first, entry);
	     r != NULL && plain(r) && does(r, &deed); r = TAILQ_NEXT(r, entry))
		n++;
	return (n);
}

/* --- tables ------------------------------------------------------------ */

static struct pf_ioc_addr *
side_addr(struct pf_rule *r, bool dst)
{
	return (dst ? &r->r.dst.addr : &r->r.src.addr);
}

static bool
plain_addr(const struct pf_ioc_addr *a)
{
	return (a->type == PF_ADDR_PREFIX && !a->neg && a->plen != 0);
}

/* --- rules that differ in one address ---------------------------------- */

#define SRC      0
#define DST      1
#define NO_GROUP SIZE_MAX

/* What those rules share.  Sorted and compared with memcmp(). */
struct likeness {
	struct pf_ioc_side other, own; /* own: but for its address */
	char ifname[IFNAMSIZ];
	uint32_t flags;
	uint16_t tcpflags, tcpmask;
	uint8_t af, proto, dir, icmptype, icmpcode, icmpcode_set, pad[2];
	size_t place; /* in the block: not compared */
};

/* The rules of a block by what they share on one side. */
struct likes {
	struct likeness *sorted; /* groups one after the other */
	size_t n;
	size_t *group; /* of each rule: where it begins, or NO_GROUP */
	size_t *left;  /* of each group, at its beginning: rules in the block */
};

static void
likeness_of(struct likeness *l, struct pf_rule *r, int side)
{
	const struct pf_ioc_side *own = side == DST ? &r->r.dst : &r->r.src;

	memset(l, 0, sizeof(*l));
	l->other = side == DST ? r->r.src : r->r.dst;
	l->own = *own;
	memset(&l->own.addr, 0, sizeof(l->own.addr));
	memcpy(l->ifname, r->r.ifname, sizeof(l->ifname));
	l->flags = r->r.flags;
	l->tcpflags = r->r.tcpflags;
	l->tcpmask = r->r.tcpmask;
	l->af = r->r.af;
	l->proto = r->r.proto;
	l->dir = r->r.dir;
	l->icmptype = r->r.icmptype;
	l->icmpcode = r->r.icmpcode;
	l->icmpcode_set = r->r.icmpcode_set;
}

static int
cmp_likeness(const void *x, const void *y)
{
	const struct likeness *a = x, *b = y;
	int n = memcmp(a, b, offsetof(struct likeness, place));

	return (n != 0 ? n : (a->place > b->place) - (a->place < b->place));
}

static void
likes_group(struct likes *l)
{
	size_t i, first = 0;

	for (i = 0; i < l->n; i++) {
		if (memcmp(&l->sorted[first], &l->sorted[i],
			offsetof(struct likeness, place)) != 0)
			first = i;
		l->group[l->sorted[i].place] = first;
		l->left[first]++;
	}
}

static bool
likes_make(struct likes *l, const struct block *b, int side)
{
	size_t i;

	l->n = 0;
	l->sorted = malloc(b->n * sizeof(*l->sorted));
	l->group = malloc(b->n * sizeof(*l->group));
	l->left = calloc(b->n, sizeof(*l->left));
	if (l->sorted == NULL || l->group == NULL || l->left == NULL)
		return (false);
	for (i = 0; i < b->n; i++) {
		l->group[i] = NO_GROUP;
		if (b->r[i] == NULL ||
		    !plain_addr(side_addr(b->r[i], side == DST)))
			continue;
		likeness_of(&l->sorted[l->n], b->r[i], side);
		l->sorted[l->n++].place = i;
	}
	qsort(l->sorted, l->n, sizeof(*l->sorted), cmp_likeness);
	likes_group(l);
	return (true);
}

static void
likes_free(struct likes *l)
{
	free(l->sorted);
	free(l->group);
	free(l->left);
}

static size_t
likes_left(const struct likes *l, size_t i)
{
	return (l->group[i] == NO_GROUP ? 0 : l->left[l->group[i]]);
}

/* Rule i is, or will be, another one. */
static void
likes_leave(struct likes l[2], size_t i)
{
	int side;

	for (side = SRC; side <= DST; side++)
		if (l[side].group[i] != NO_GROUP)
			l[side].left[l[side].group[i]]--;
}

/* --- tables ------------------------------------------------------------ */

static void
print_table(struct pfconf *pc, const struct pf_table *t)
{
	size_t i;

	if (!pf_echoes(pc, LOAD_FILTER))
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

/* Takes the address of r into t and into the hash of t's name. */
static void
table_take(struct pfconf *pc, struct pf_table *t, struct pf_rule *r, bool dst,
    uint32_t *hash)
{
	struct node_host h;
	size_t i;

	memset(&h, 0, sizeof(h));
	h.addr = *side_addr(r, dst);
	for (i = 0; i < 16; i++) /* FNV-1a */
		*hash = (*hash ^ h.addr.addr.b[i]) * 16777619U;
	table_add_host(pc, t, &h);
}

/*
 * Rule i and those like it become one rule with a table.  They come after i:
 * one before it would have made the table.
 */
static void
make_table(struct pfconf *pc, struct pf_ruleset *rs, struct block *b, size_t i,
    struct likes l[2], int side)
{
	struct pf_table *t = palloc(pc, sizeof(*t));
	struct pf_ioc_addr *a = side_addr(b->r[i], side == DST);
	uint32_t hash = 2166136261U;
	size_t k, at, group = l[side].group[i];

	t->anchor = rs->path;
	t->list = true;
	t->flags = PFRT_CONST;
	t->at = (struct place){ b->r[i]->file, b->r[i]->line };
	for (at = group; at < l[side].n; at++) {
		k = l[side].sorted[at].place;
		if (l[side].group[k] != group)
			break;
		if (b->r[k] == NULL)
			continue;
		table_take(pc, t, b->r[k], side == DST, &hash);
		likes_leave(l, k);
		if (k != i)
			b->r[k] = NULL;
	}
	t->name = conf_printf(pc->lex, "__automatic_%08x_%d", hash,
	    pc->autotables++);
	TAILQ_INSERT_TAIL(&pc->tables, t, entry);
	memset(a, 0, sizeof(*a));
	a->type = PF_ADDR_TABLE;
	a->count = -1;
	strcpy(a->name, t->name);
	print_table(pc, t);
}

static void
combine(struct pfconf *pc, struct pf_ruleset *rs, struct block *b)
{
	struct likes l[2] = { { NULL, 0, NULL, NULL },
		{ NULL, 0, NULL, NULL } };
	bool ok = likes_make(&l[SRC], b, SRC) && likes_make(&l[DST], b, DST);
	size_t i, s, d;

	for (i = 0; ok && i < b->n; i++) {
		if (b->r[i] == NULL)
			continue;
		s = likes_left(&l[SRC], i);
		d = likes_left(&l[DST], i);
		if (s >= TABLE_THRESHOLD && s >= d)
			make_table(pc, rs, b, i, l, SRC);
		else if (d >= TABLE_THRESHOLD)
			make_table(pc, rs, b, i, l, DST);
	}
	likes_free(&l[SRC]);
	likes_free(&l[DST]);
}

/* --- order ------------------------------------------------------------- */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int
cmp_if(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	int n = strcmp(a->ifname, b->ifname);

	return (n != 0 ? n : ORDER(a->flags & PFR_IFNOT, b->flags & PFR_IFNOT));
}

static int
cmp_dir(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return (ORDER(a->dir, b->dir));
}

static int
cmp_af(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return (ORDER(a->af, b->af));
}

static int
cmp_proto(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return (ORDER(a->proto, b->proto));
}

static int
cmp_src(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return (memcmp(&a->src.addr, &b->src.addr, sizeof(a->src.addr)));
}

static int
cmp_dst(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return (memcmp(&a->dst.addr, &b->dst.addr, sizeof(a->dst.addr)));
}

static int
cmp_ports(const struct pf_ioc_side *a, const struct pf_ioc_side *b)
{
	if (a->port_op != b->port_op)
		return (ORDER(a->port_op, b->port_op));
	if (a->port[0] != b->port[0])
		return (ORDER(a->port[0], b->port[0]));
	return (ORDER(a->port[1], b->port[1]));
}

static int
cmp_sport(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return (cmp_ports(&a->src, &b->src));
}

static int
cmp_dport(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return (cmp_ports(&a->dst, &b->dst));
}

/* What skip steps compare, in their order. */
static int (*const criteria[PF_SKIP_MAX])(const struct pf_ioc_rule *a,
    const struct pf_ioc_rule *b) = { cmp_if, cmp_dir, cmp_af, cmp_proto,
	cmp_src, cmp_dst, cmp_sport, cmp_dport };

/* How a block is to be sorted. */
struct order {
	int by[PF_SKIP_MAX], n; /* criteria, the one with fewest values first */
};

/* A rule with its place and how much it matched, to sort a block by. */
struct item {
	struct pf_rule *r;
	size_t place;
	uint64_t hits;
	const struct order *o;
};

static int
cmp_skip(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int i, n;

	for (i = 0; i < a->o->n; i++)
		if ((n = criteria[a->o->by[i]](&a->r->r, &b->r->r)) != 0)
			return (n);
	return (ORDER(a->place, b->place));
}

static int
cmp_hits(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	return (a->hits != b->hits ? ORDER(b->hits, a->hits) :
				     ORDER(a->place, b->place));
}

/* How often a criterion changes from one rule to the next. */
static size_t
changes(const struct item *it, size_t n, int criterion)
{
	size_t i, c = 0;

	for (i = 1; i < n; i++)
		c += criteria[criterion](&it[i - 1].r->r, &it[i].r->r) != 0;
	return (c);
}

static size_t
all_changes(const struct item *it, size_t n)
{
	size_t c = 0;
	int k;

	for (k = 0; k < PF_SKIP_MAX; k++)
		c += changes(it, n, k);
	return (c);
}

/* Sorted by one criterion alone, it changes once less than it has values. */
static size_t
values(struct item *it, size_t n, int criterion)
{
	struct order one = { { criterion }, 1 };
	size_t i;

	for (i = 0; i < n; i++)
		it[i].o = &one;
	qsort(it, n, sizeof(*it), cmp_skip);
	return (changes(it, n, criterion));
}

/* The criteria that differ at all, the one with fewest values first. */
static void
choose_order(struct order *o, struct item *it, size_t n)
{
	size_t count[PF_SKIP_MAX];
	int k, at;

	o->n = 0;
	for (k = 0; k < PF_SKIP_MAX; k++) {
		if ((count[k] = values(it, n, k)) == 0)
			continue;
		for (at = o->n++; at > 0 && count[o->by[at - 1]] > count[k];
		     at--)
			o->by[at] = o->by[at - 1];
		o->by[at] = k;
	}
}

/* Side by side what agrees, unless the order of the file is as good. */
static void
order_by_skips(struct item *it, size_t n)
{
	struct item *sorted;
	struct order o;
	size_t i;

	if ((sorted = malloc(n * sizeof(*it))) == NULL)
		return; /* not faster, but right */
	memcpy(sorted, it, n * sizeof(*it));
	choose_order(&o, sorted, n);
	for (i = 0; i < n; i++)
		sorted[i].o = &o;
	qsort(sorted, n, sizeof(*sorted), cmp_skip);
	if (all_changes(sorted, n) < all_changes(it, n))
		memcpy(it, sorted, n * sizeof(*it));
	free(sorted);
}

/* Puts the block in a good order; NULLs go. */
static void
reorder(struct block *b, const struct pf_profile *prof)
{
	struct item *it = calloc(b->n, sizeof(*it));
	size_t i, n = 0;

	if (it == NULL)
		return;
	for (i = 0; i < b->n; i++)
		if (b->r[i] != NULL) {
			it[n].r = b->r[i];
			it[n].hits = profile_hits(prof, &b->r[i]->r);
			it[n].place = n;
			n++;
		}
	if (n > 1)
		order_by_skips(it, n);
	for (i = 0; i < n; i++)
		it[i].place = i;
	if (prof != NULL && n > 1)
		qsort(it, n, sizeof(*it), cmp_hits);
	for (i = 0; i < n; i++)
		b->r[i] = it[i].r;
	b->n = n;
	free(it);
}

/* --- all of it --------------------------------------------------------- */

/*
 * Takes the n rules from first out of the list and puts what is left of them
 * back before the rule that follows.
 */
static void
optimize_block(struct pfconf *pc, struct pf_ruleset *rs, struct pf_rule *first,
    size_t n, const struct pf_profile *prof)
{
	struct pf_rules *rules = &rs->rules[PF_RS_FILTER];
	struct block b = { palloc(pc, n * sizeof(first)), n };
	struct pf_rule *next = first;
	size_t i;

	for (i = 0; i < n; i++) {
		b.r[i] = next;
		next = TAILQ_NEXT(next, entry);
		TAILQ_REMOVE(rules, b.r[i], entry);
	}
	drop_subsets(b.r, b.n);
	combine(pc, rs, &b);
	reorder(&b, prof);
	for (i = 0; i < b.n; i++) {
		if (b.r[i] == NULL)
			continue;
		if (next != NULL)
			TAILQ_INSERT_BEFORE(next, b.r[i], entry);
		else
			TAILQ_INSERT_TAIL(rules, b.r[i], entry);
	}
}

void
ruleset_optimize(struct pfconf *pc, struct pf_ruleset *rs)
{
	struct pf_profile *prof = NULL;
	struct pf_rule *r, *after;
	size_t n, i;

	if (pc->optimize == OPTIMIZE_PROFILE)
		prof = profile_load(pc, rs->path);
	for (r = TAILQ_FIRST(&rs->rules[PF_RS_FILTER]); r != NULL; r = after) {
		n = block_length(r);
		for (after = r, i = 0; i < n; i++)
			after = TAILQ_NEXT(after, entry);
		if (n > 1)
			optimize_block(pc, rs, r, n, prof);
	}
}
