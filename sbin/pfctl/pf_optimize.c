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

#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define TABLE_THRESHOLD 6
#define SUBSET_MAX      1024 /* rules of a block that are compared pairwise */

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
same_deed(const struct pf_rule *a, const struct pf_rule *b)
{
	struct pf_ioc_rule x, y;

	if (a->r.action != b->r.action || a->r.keep != b->r.keep)
		return (false);
	deed_of(&x, &a->r);
	deed_of(&y, &b->r);
	return (memcmp(&x, &y, sizeof(x)) == 0);
}

static size_t
block_length(struct pf_rule *first)
{
	struct pf_rule *r;
	size_t n = 1;

	if (!plain(first))
		return (1);
	for (r = TAILQ_NEXT(first, entry);
	     r != NULL && plain(r) && same_deed(first, r);
	     r = TAILQ_NEXT(r, entry))
		n++;
	return (n);
}

/* --- subsets ----------------------------------------------------------- */

/* Is every address of a one of b? */
static bool
addr_within(const struct pf_ioc_addr *a, const struct pf_ioc_addr *b)
{
	struct ip_addr m;

	if (b->type == PF_ADDR_ANY && !b->neg)
		return (true);
	if (memcmp(a, b, sizeof(*a)) == 0)
		return (true);
	if (a->type != PF_ADDR_PREFIX || b->type != PF_ADDR_PREFIX || a->neg ||
	    b->neg || a->af != b->af || a->plen < b->plen)
		return (false);
	m = a->addr;
	ip_addr_mask(&m, b->plen);
	return (ip_addr_eq(&m, &b->addr));
}

static bool
ports_within(const struct pf_ioc_side *a, const struct pf_ioc_side *b)
{
	bool ra = a->port_op == PF_OP_EQ || a->port_op == PF_OP_RRG;
	bool rb = b->port_op == PF_OP_EQ || b->port_op == PF_OP_RRG;

	if (b->port_op == PF_OP_NONE)
		return (true);
	if (!ra || !rb)
		return (a->port_op == b->port_op && a->port[0] == b->port[0] &&
		    a->port[1] == b->port[1]);
	return (a->port[0] >= b->port[0] &&
	    (a->port_op == PF_OP_EQ ? a->port[0] : a->port[1]) <=
		(b->port_op == PF_OP_EQ ? b->port[0] : b->port[1]));
}

static bool
interface_within(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	const uint32_t mask = PFR_IFNOT | PFR_IFANY;

	if (b->ifname[0] == '\0')
		return (true);
	return ((a->flags & mask) == (b->flags & mask) &&
	    strcmp(a->ifname, b->ifname) == 0);
}

/* Flags are asked of TCP only, so another protocol is within any flags. */
static bool
header_within(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	bool tcp = a->proto == 0 || a->proto == IPPROTO_TCP;

	if (tcp && b->tcpmask != 0 &&
	    (a->tcpmask != b->tcpmask || a->tcpflags != b->tcpflags))
		return (false);
	if (b->icmptype == 0)
		return (true);
	return (a->icmptype == b->icmptype &&
	    (!b->icmpcode_set ||
		(a->icmpcode_set && a->icmpcode == b->icmpcode)));
}

/* Does b match every packet that a matches? */
static bool
within(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return ((b->proto == 0 || a->proto == b->proto) &&
	    (b->af == AF_UNSPEC || a->af == b->af) &&
	    (b->dir == PFD_BOTH || a->dir == b->dir) &&
	    addr_within(&a->dst.addr, &b->dst.addr) &&
	    addr_within(&a->src.addr, &b->src.addr) &&
	    ports_within(&a->dst, &b->dst) && ports_within(&a->src, &b->src) &&
	    interface_within(a, b) && header_within(a, b));
}

/* Of two equal rules the first stays. */
static void
drop_subsets(struct block *b)
{
	size_t i, k, n = b->n < SUBSET_MAX ? b->n : SUBSET_MAX;

	for (i = b->n; i-- > 0;)
		for (k = 0; k < n && b->r[i] != NULL; k++)
			if (k != i && b->r[k] != NULL &&
			    within(&b->r[i]->r, &b->r[k]->r))
				b->r[i] = NULL;
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

/* Equal but for the address of one side, and that a plain one? */
static bool
differ_in(const struct pf_rule *a, const struct pf_rule *b, bool dst)
{
	const struct pf_ioc_rule *x = &a->r, *y = &b->r;
	const struct pf_ioc_side *xs = dst ? &x->dst : &x->src;
	const struct pf_ioc_side *ys = dst ? &y->dst : &y->src;

	return (plain_addr(&ys->addr) && x->af == y->af &&
	    x->proto == y->proto && x->dir == y->dir && x->flags == y->flags &&
	    memcmp(dst ? &x->src : &x->dst, dst ? &y->src : &y->dst,
		sizeof(*xs)) == 0 &&
	    xs->port_op == ys->port_op && xs->port[0] == ys->port[0] &&
	    xs->port[1] == ys->port[1] && strcmp(x->ifname, y->ifname) == 0 &&
	    x->tcpflags == y->tcpflags && x->tcpmask == y->tcpmask &&
	    x->icmptype == y->icmptype && x->icmpcode_set == y->icmpcode_set &&
	    x->icmpcode == y->icmpcode);
}

static size_t
count_like(const struct block *b, size_t i, bool dst)
{
	size_t k, n = 1;

	if (!plain_addr(side_addr(b->r[i], dst)))
		return (0);
	for (k = i + 1; k < b->n; k++)
		n += b->r[k] != NULL && differ_in(b->r[i], b->r[k], dst);
	return (n);
}

static void
print_table(struct pfconf *pc, const struct pf_table *t)
{
	size_t i;

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

/* Rule i and those like it become one rule with a table. */
static void
make_table(struct pfconf *pc, struct pf_ruleset *rs, struct block *b, size_t i,
    bool dst)
{
	struct pf_table *t = palloc(pc, sizeof(*t));
	struct pf_ioc_addr *a = side_addr(b->r[i], dst);
	uint32_t hash = 2166136261U;
	size_t k;

	t->anchor = rs->path;
	t->list = true;
	t->flags = PFRT_CONST;
	t->at = (struct place){ b->r[i]->file, b->r[i]->line };
	table_take(pc, t, b->r[i], dst, &hash);
	for (k = i + 1; k < b->n; k++)
		if (b->r[k] != NULL && differ_in(b->r[i], b->r[k], dst)) {
			table_take(pc, t, b->r[k], dst, &hash);
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

/* A rule that was not like its neighbours costs a look at SUBSET_MAX others. */
static void
combine(struct pfconf *pc, struct pf_ruleset *rs, struct block *b)
{
	size_t i, s, d, tries = SUBSET_MAX;

	for (i = 0; i < b->n && tries > 0; i++) {
		if (b->r[i] == NULL)
			continue;
		s = count_like(b, i, false);
		d = count_like(b, i, true);
		if (s >= TABLE_THRESHOLD && s >= d)
			make_table(pc, rs, b, i, false);
		else if (d >= TABLE_THRESHOLD)
			make_table(pc, rs, b, i, true);
		else
			tries--;
	}
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
	drop_subsets(&b);
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
