/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The sieve: rules that no hash can sort.
 *
 * The classifier (pf_class.c) finds a rule by what it says exactly.  Rules
 * that are alike in that, and differ in ranges, networks of many sizes,
 * negations and tables, are given here.  They stand in blocks of 4096, and a
 * set of the rules of a block is 64 words with a summary that says which of
 * them are not empty.
 *
 * Where the answer can be known beforehand, a block has a scale: an address of
 * either family at either end, the ports, the protocol, the direction.  Rules
 * are spans on it; a negation is what lies on both sides.  All ends of spans
 * cut the scale into intervals, and an interval has the set of the rules that
 * any value in it may match.  What a packet may match in a block is what all
 * scales have in common.  Neighbouring intervals are joined where their sets
 * would take too much memory: that lets through more, and never less.
 *
 * Where it cannot (tables, addresses of interfaces, routes, interfaces and
 * their groups), rules that ask the same question are a group.  The first of
 * them that is compared asks; when it differs there, all of its group are out.
 * When this has happened some times, all groups are asked at once, and what is
 * left of this block and those that follow are the rules whose group said yes,
 * and those that do not ask.  So a table is asked about an address about once,
 * however many rules name it.
 *
 * As with the classifier, rules that are left are compared in full, so what
 * is decided is the same.
 *
 * Cost:	for a block, a binary search and a passage over 64 words for each
 *		scale that is there; for a packet, a question for each group;
 *		some bytes for each span, at most SCALE_WORDS words a rule and scale.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_sieve.h>

#define SCALE_WORDS 16  /* in the sets of a scale, for each rule */
#define ASK_ALL     3   /* after so many groups that differ */

/* --- what is there --- */

typedef unsigned __int128 pos_t; /* a place on a scale */

enum scale_name { SRC4, SRC6, DST4, DST6, SPORT, DPORT, PROTO, DIR, NSCALES };

/* Sets that do not change: the words that are not empty, one after the other,
 * or if they are not few, all words. */
struct row {
	uint64_t some;
	uint32_t first; /* of word */
	bool full;
};
#define FULL_FROM (PF_SIEVE_WORDS / 4) /* words that are not empty */
struct rows {
	uint32_t n, nwords;
	struct row *row; /* n 0: NULL, as word */
	uint64_t *word;
};

struct scale {
	pos_t *from;      /* where each interval begins: [0] is 0 */
	struct rows sets; /* of each */
};

struct block {
	const uint32_t *nr; /* of its rules, in order */
	uint32_t n;
	struct scale scale[NSCALES]; /* without intervals: all rules are alike */
	/* for each question its groups, then the rules in none */
	struct rows groups[PF_SIEVE_ASKS];
};

/* Who asks a question: groups of rules for which the answer is the same. */
struct asking {
	uint32_t n;
	const struct pf_rule *first[PF_SIEVE_GROUPS]; /* one of each */
	uint16_t *group; /* of each rule; n: of none */
};

struct pf_sieve {
	uint32_t n, nblocks;
	uint32_t *nr;
	struct asking asking[PF_SIEVE_ASKS];
	struct block block[];
};

/* --- sets --- */

static void
set_empty(struct pf_sieve_set *s)
{
	s->some = 0;
	memset(s->word, 0, sizeof(s->word));
}

/* The first n, as far as they are in words of some. */
static void
set_first(struct pf_sieve_set *s, uint32_t n, uint64_t some)
{
	uint32_t words = (n + 63) / 64;

	s->some = some & ~0ULL >> (64 - words);
	for (uint64_t left = s->some; left != 0; left &= left - 1)
		s->word[__builtin_ctzll(left)] = ~0ULL;
	if (n % 64 != 0)
		s->word[words - 1] = (1ULL << n % 64) - 1;
}

static void
set_add(struct pf_sieve_set *s, uint32_t i)
{
	s->word[i / 64] |= 1ULL << (i & 63);
	s->some |= 1ULL << i / 64;
}

static void
set_remove(struct pf_sieve_set *s, uint32_t i)
{
	s->word[i / 64] &= ~(1ULL << (i & 63));
	if (s->word[i / 64] == 0)
		s->some &= ~(1ULL << i / 64);
}

/* Leaves what is in the other too. */
static void
set_and(struct pf_sieve_set *s, const struct pf_sieve_set *other)
{
	s->some &= other->some;
	for (uint64_t left = s->some; left != 0; left &= left - 1)
		s->word[__builtin_ctzll(left)] &= other->word[__builtin_ctzll(left)];
}

static void
words_and(uint64_t *restrict w, const uint64_t *restrict with)
{
	for (unsigned int i = 0; i < PF_SIEVE_WORDS; i++)
		w[i] &= with[i];
}

/* Leaves what is in row i too. */
static void
set_and_row(struct pf_sieve_set *s, const struct rows *rows, uint32_t i)
{
	const struct row *row = &rows->row[i];
	const uint64_t *word = &rows->word[row->first];

	s->some &= row->some;
	if (row->full) {
		words_and(s->word, word); /* a few instructions, all of them */
		return;
	}
	for (uint64_t left = row->some; left != 0; left &= left - 1)
		s->word[__builtin_ctzll(left)] &= *word++;
}

/* Takes out what is in row i. */
static void
set_without_row(struct pf_sieve_set *s, const struct rows *rows, uint32_t i)
{
	const struct row *row = &rows->row[i];
	const uint64_t *word = &rows->word[row->first];

	for (uint64_t left = row->full ? ~0ULL : row->some; left != 0; left &= left - 1)
		s->word[__builtin_ctzll(left)] &= ~*word++;
}

static void
set_add_row(struct pf_sieve_set *s, const struct rows *rows, uint32_t i)
{
	const struct row *row = &rows->row[i];
	const uint64_t *word = &rows->word[row->first];

	s->some |= row->some;
	for (uint64_t left = row->full ? ~0ULL : row->some; left != 0; left &= left - 1)
		s->word[__builtin_ctzll(left)] |= *word++;
}

/* --- rows --- */

/* Appends a set; with rows that have no room yet, only counts. */
static void
rows_add(struct rows *rows, const struct pf_sieve_set *s)
{
	uint32_t words = 0;
	bool full;

	for (uint64_t left = s->some; left != 0; left &= left - 1)
		words++;
	full = words >= FULL_FROM;
	if (rows->row != NULL)
		rows->row[rows->n] = (struct row){ .some = s->some, .first = rows->nwords, .full = full };
	rows->n++;
	for (uint64_t left = full ? ~0ULL : s->some; left != 0; left &= left - 1, rows->nwords++)
		if (rows->row != NULL)
			rows->word[rows->nwords] = s->word[__builtin_ctzll(left)];
}

/* Room for what was counted, to be added now.  0 or ENOMEM. */
static int
rows_alloc(struct rows *rows)
{
	rows->row = mallocarray(rows->n, sizeof(*rows->row), M_PF, 0);
	rows->word = mallocarray(rows->nwords + 1, sizeof(*rows->word), M_PF, 0);
	if (rows->row != NULL && rows->word != NULL) {
		rows->n = rows->nwords = 0;
		return (0);
	}
	free(rows->row, M_PF, rows->n * sizeof(*rows->row));
	free(rows->word, M_PF, (rows->nwords + 1) * sizeof(*rows->word));
	rows->row = NULL;
	return (ENOMEM);
}

static void
rows_free(struct rows *rows)
{
	if (rows->row == NULL)
		return;
	free(rows->row, M_PF, rows->n * sizeof(*rows->row));
	free(rows->word, M_PF, (rows->nwords + 1) * sizeof(*rows->word));
}

/* --- spans of a rule on a scale --- */

struct span {
	pos_t lo, hi;
};

static pos_t
scale_end(enum scale_name name)
{
	switch (name) {
	case SRC6:
	case DST6:
		return (~(pos_t)0);
	case SRC4:
	case DST4:
		return (UINT32_MAX);
	case SPORT:
	case DPORT:
		return (UINT16_MAX);
	default:
		return (UINT8_MAX);
	}
}

static pos_t
addr_pos(sa_family_t af, const struct ip_addr *a)
{
	if (af == AF_INET)
		return (ntohl(a->v4));
	return ((pos_t)betoh64(a->q[0]) << 64 | betoh64(a->q[1]));
}

/* What lo to hi is (lo above hi: nothing), or with neg all else.  How many. */
static unsigned int
span_make(struct span s[2], pos_t lo, pos_t hi, pos_t end, bool neg)
{
	unsigned int n = 0;

	if (lo > hi) {
		s[0] = (struct span){ 0, end };
		return (neg ? 1 : 0);
	}
	if (!neg) {
		s[0] = (struct span){ lo, hi };
		return (1);
	}
	if (lo > 0)
		s[n++] = (struct span){ 0, lo - 1 };
	if (hi < end)
		s[n++] = (struct span){ hi + 1, end };
	return (n);
}

static unsigned int
addr_spans(const struct pf_rule *r, const struct pf_raddr *a, sa_family_t af, pos_t end, struct span s[2])
{
	unsigned int bits = af == AF_INET ? 32 : 128;
	struct ip_addr net = a->addr;
	pos_t lo;

	if ((r->af != 0 && r->af != af) || (a->af != AF_UNSPEC && a->af != af))
		return (0);
	if (a->type == PF_ADDR_ANY)
		return (span_make(s, 0, end, end, a->neg != 0));
	if (a->type == PF_ADDR_PREFIX && a->plen != 0 && a->plen <= bits) {
		ip_addr_mask(&net, a->plen);
		lo = addr_pos(af, &net);
		return (span_make(s, lo, lo | (((pos_t)1 << (bits - a->plen)) - 1), end, a->neg != 0));
	}
	if (a->type == PF_ADDR_RANGE)
		return (span_make(s, addr_pos(af, &a->addr), addr_pos(af, &a->end), end, a->neg != 0));
	return (span_make(s, 0, end, end, false)); /* not known here */
}

static unsigned int
port_spans(const struct pf_rside *side, pos_t end, struct span s[2])
{
	pos_t a = side->port[0], b = side->port[1];

	switch (side->port_op) {
	case PF_OP_NONE:
		return (span_make(s, 0, end, end, false));
	case PF_OP_IRG:
		return (span_make(s, a + 1, b == 0 ? 0 : b - 1, end, false));
	case PF_OP_XRG:
	case PF_OP_RRG:
		return (span_make(s, a, b, end, side->port_op == PF_OP_XRG));
	case PF_OP_EQ:
	case PF_OP_NE:
		return (span_make(s, a, a, end, side->port_op == PF_OP_NE));
	case PF_OP_GT:
	case PF_OP_LE:
		return (span_make(s, 0, a, end, side->port_op == PF_OP_GT));
	case PF_OP_GE:
	case PF_OP_LT:
		return (span_make(s, a, end, end, side->port_op == PF_OP_LT));
	}
	return (0);
}

static unsigned int
rule_spans(const struct pf_rule *r, enum scale_name name, struct span s[2])
{
	pos_t end = scale_end(name);

	switch (name) {
	case SRC4:
	case SRC6:
		return (addr_spans(r, &r->src.addr, name == SRC4 ? AF_INET : AF_INET6, end, s));
	case DST4:
	case DST6:
		return (addr_spans(r, &r->dst.addr, name == DST4 ? AF_INET : AF_INET6, end, s));
	case SPORT:
		return (port_spans(&r->src, end, s));
	case DPORT:
		return (port_spans(&r->dst, end, s));
	case PROTO:
		return (span_make(s, r->proto, r->proto == 0 ? end : r->proto, end, false));
	default:
		return (span_make(s, r->dir, r->dir == 0 ? end : r->dir, end, false));
	}
}

/* --- making a scale --- */

/* Where the span of a rule begins or is over. */
struct edge {
	pos_t at;
	uint32_t rule; /* PF_SIEVE_NONE: of no rule, the first */
	bool begins;
};

static bool
edge_less(const void *one, const void *other)
{
	const struct edge *a = one, *b = other;

	return (a->at != b->at ? a->at < b->at : a->begins < b->begins);
}

/* The edges of all rules, sorted; 1: each rule is all of the scale. */
static uint32_t
edges_list(struct edge *edge, const struct pf_rules *rs, const struct block *b, enum scale_name name)
{
	pos_t end = scale_end(name);
	struct span s[2];
	uint32_t n = 0, whole = 0;
	unsigned int k;

	edge[n++] = (struct edge){ .rule = PF_SIEVE_NONE };
	for (uint32_t i = 0; i < b->n; i++) {
		k = rule_spans(rs->rule[b->nr[i]], name, s);
		whole += k == 1 && s[0].lo == 0 && s[0].hi == end;
		while (k-- > 0) {
			edge[n++] = (struct edge){ s[k].lo, i, true };
			if (s[k].hi != end)
				edge[n++] = (struct edge){ s[k].hi + 1, i, false };
		}
	}
	if (whole == b->n)
		return (1);
	sort(edge, n, sizeof(*edge), edge_less);
	return (n);
}

/*
 * Goes along the edges and adds the set of each interval, which begins where
 * an edge is and takes in join places with edges, to rows; its beginning to from
 * (NULL: no).  Within an interval rules come, but none leaves its set.
 */
static void
edges_pass(const struct edge *edge, uint32_t n, uint32_t join, struct rows *rows, pos_t *from)
{
	struct pf_sieve_set here, set;
	uint32_t i = 0, places;
	pos_t at;

	set_empty(&here);
	set_empty(&set);
	while (i < n) {
		if (from != NULL)
			from[rows->n] = edge[i].at;
		for (places = 0; i < n && places < join; places++) {
			for (at = edge[i].at; i < n && edge[i].at == at; i++) {
				if (edge[i].rule == PF_SIEVE_NONE)
					continue;
				if (edge[i].begins)
					set_add(&here, edge[i].rule);
				else
					set_remove(&here, edge[i].rule);
				if (places > 0 && edge[i].begins)
					set_add(&set, edge[i].rule);
			}
			if (places == 0)
				set = here;
		}
		rows_add(rows, &set);
	}
}

static int
scale_make(struct scale *sc, const struct pf_rules *rs, const struct block *b, enum scale_name name,
    struct edge *edge)
{
	uint32_t n = edges_list(edge, rs, b, name), join = 1;
	struct rows count;

	if (n == 1)
		return (0);
	for (;; join *= 2) {
		count = (struct rows){ .n = 0 };
		edges_pass(edge, n, join, &count, NULL);
		if (count.nwords <= SCALE_WORDS * b->n || count.n <= 1)
			break;
	}
	sc->sets = count;
	if ((sc->from = mallocarray(count.n, sizeof(*sc->from), M_PF, 0)) == NULL || rows_alloc(&sc->sets) != 0) {
		free(sc->from, M_PF, count.n * sizeof(*sc->from));
		sc->sets.n = 0;
		return (ENOMEM);
	}
	edges_pass(edge, n, join, &sc->sets, sc->from);
	return (0);
}

static void
scale_free(struct scale *sc)
{
	if (sc->sets.n == 0)
		return;
	free(sc->from, M_PF, sc->sets.n * sizeof(*sc->from));
	rows_free(&sc->sets);
}

/* --- groups --- */

static const struct pf_raddr *
question_addr(const struct pf_rule *r, enum pf_sieve_ask q)
{
	return (q == PF_SIEVE_SRC ? &r->src.addr : &r->dst.addr);
}

/* Does the rule ask it, and is the answer not known before the packet comes? */
static bool
question_asked(const struct pf_rule *r, enum pf_sieve_ask q)
{
	if (q == PF_SIEVE_IF)
		return (r->kif != NULL || (r->flags & PFR_IFANY) != 0);
	switch (question_addr(r, q)->type) {
	case PF_ADDR_TABLE:
	case PF_ADDR_DYNIF:
	case PF_ADDR_NOROUTE:
	case PF_ADDR_URPF:
		return (true);
	}
	return (false);
}

/* Of rules that both ask it: is the answer the same for all packets? */
static bool
question_same(const struct pf_rule *a, const struct pf_rule *b, enum pf_sieve_ask q)
{
	const struct pf_raddr *x = question_addr(a, q), *y = question_addr(b, q);

	if (q == PF_SIEVE_IF)
		return (a->kif == b->kif && ((a->flags ^ b->flags) & (PFR_IFNOT | PFR_IFANY)) == 0);
	if (x->type != y->type || x->af != y->af || x->neg != y->neg)
		return (false);
	switch (x->type) {
	case PF_ADDR_TABLE:
		return (x->table == y->table);
	case PF_ADDR_DYNIF:
		return (x->dyn == y->dyn);
	}
	return (true);
}

/* Says of each rule to which group it belongs.  0 or ENOMEM. */
static int
groups_find(struct pf_sieve *s, const struct pf_rules *rs, enum pf_sieve_ask q)
{
	struct asking *ask = &s->asking[q];
	const struct pf_rule *r;
	uint32_t g;

	if ((ask->group = mallocarray(s->n, sizeof(*ask->group), M_PF, 0)) == NULL)
		return (ENOMEM);
	for (uint32_t i = 0; i < s->n; i++) {
		r = rs->rule[s->nr[i]];
		ask->group[i] = PF_SIEVE_GROUPS;
		if (!question_asked(r, q))
			continue;
		for (g = 0; g < ask->n && !question_same(r, ask->first[g], q); g++)
			;
		if (g == ask->n && g < PF_SIEVE_GROUPS)
			ask->first[ask->n++] = r;
		ask->group[i] = (uint16_t)g;
	}
	for (uint32_t i = 0; i < s->n; i++)
		ask->group[i] = (uint16_t)MIN(ask->group[i], ask->n);
	return (0);
}

/* group: of each rule of the block. */
static void
groups_pass(const struct block *b, const uint16_t *group, uint32_t n, struct rows *rows)
{
	struct pf_sieve_set set;

	for (uint32_t g = 0; g <= n; g++) {
		set_empty(&set);
		for (uint32_t i = 0; i < b->n; i++)
			if (group[i] == g)
				set_add(&set, i);
		rows_add(rows, &set);
	}
}

static int
groups_make(struct block *b, const struct pf_sieve *s, enum pf_sieve_ask q)
{
	const uint16_t *group = &s->asking[q].group[b->nr - s->nr];
	uint32_t n = s->asking[q].n;

	if (n == 0)
		return (0);
	groups_pass(b, group, n, &b->groups[q]);
	if (rows_alloc(&b->groups[q]) != 0)
		return (ENOMEM);
	groups_pass(b, group, n, &b->groups[q]);
	return (0);
}

/* --- making --- */

static int
block_make(struct block *b, const struct pf_sieve *s, const struct pf_rules *rs, struct edge *edge)
{
	int error;

	for (enum pf_sieve_ask q = 0; q < PF_SIEVE_ASKS; q++)
		if ((error = groups_make(b, s, q)) != 0)
			return (error);
	for (enum scale_name name = 0; name < NSCALES; name++)
		if ((error = scale_make(&b->scale[name], rs, b, name, edge)) != 0)
			return (error);
	return (0);
}

static void
block_free(struct block *b)
{
	for (enum scale_name name = 0; name < NSCALES; name++)
		scale_free(&b->scale[name]);
	for (enum pf_sieve_ask q = 0; q < PF_SIEVE_ASKS; q++)
		rows_free(&b->groups[q]);
}

static struct pf_sieve *
sieve_alloc(const uint32_t *nr, uint32_t n)
{
	uint32_t nblocks = (n + PF_SIEVE_BLOCK - 1) / PF_SIEVE_BLOCK;
	struct pf_sieve *s = malloc(sizeof(*s) + nblocks * sizeof(s->block[0]), M_PF, M_ZERO);

	if (s == NULL)
		return (NULL);
	s->n = n;
	s->nblocks = nblocks;
	if ((s->nr = mallocarray(n, sizeof(*nr), M_PF, 0)) == NULL) {
		free(s, M_PF, sizeof(*s) + nblocks * sizeof(s->block[0]));
		return (NULL);
	}
	memcpy(s->nr, nr, n * sizeof(*nr));
	for (uint32_t i = 0; i < nblocks; i++) {
		s->block[i].nr = &s->nr[i * PF_SIEVE_BLOCK];
		s->block[i].n = MIN(n - i * PF_SIEVE_BLOCK, (uint32_t)PF_SIEVE_BLOCK);
	}
	return (s);
}

struct pf_sieve *
pf_sieve_make(const struct pf_rules *rs, const uint32_t *nr, uint32_t n)
{
	size_t edges = 1 + 4 * (size_t)MIN(n, (uint32_t)PF_SIEVE_BLOCK); /* two spans a rule */
	struct pf_sieve *s = sieve_alloc(nr, n);
	struct edge *edge = mallocarray(edges, sizeof(*edge), M_TEMP, 0);
	bool made = s != NULL && edge != NULL;

	for (enum pf_sieve_ask q = 0; made && q < PF_SIEVE_ASKS; q++)
		made = groups_find(s, rs, q) == 0;
	for (uint32_t i = 0; made && i < s->nblocks; i++)
		made = block_make(&s->block[i], s, rs, edge) == 0;
	free(edge, M_TEMP, edges * sizeof(*edge));
	if (made)
		return (s);
	pf_sieve_free(s);
	return (NULL);
}

void
pf_sieve_free(struct pf_sieve *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->nblocks; i++)
		block_free(&s->block[i]);
	for (enum pf_sieve_ask q = 0; q < PF_SIEVE_ASKS; q++)
		free(s->asking[q].group, M_PF, s->n * sizeof(*s->asking[q].group));
	free(s->nr, M_PF, s->n * sizeof(*s->nr));
	free(s, M_PF, sizeof(*s) + s->nblocks * sizeof(s->block[0]));
}

bool
pf_sieve_helps(const struct pf_sieve *s)
{
	for (enum pf_sieve_ask q = 0; q < PF_SIEVE_ASKS; q++)
		if (s->asking[q].n != 0)
			return (true);
	for (uint32_t i = 0; i < s->nblocks; i++)
		for (enum scale_name name = 0; name < NSCALES; name++)
			if (s->block[i].scale[name].sets.n != 0)
				return (true);
	return (false);
}

/* --- asking --- */

/* Where the packet is on a scale.  False: nowhere, it has the other family. */
static bool
packet_pos(const struct pf_desc *pd, enum scale_name name, pos_t *at)
{
	unsigned int end = name == DST4 || name == DST6 || name == DPORT ? PF_DST : PF_SRC;

	switch (name) {
	case SRC4:
	case DST4:
	case SRC6:
	case DST6:
		*at = addr_pos(pd->af, &pd->now.addr[end]);
		return (pd->af == (name == SRC4 || name == DST4 ? AF_INET : AF_INET6));
	case SPORT:
	case DPORT:
		*at = pd->now.port[end];
		return (true);
	case PROTO:
		*at = pd->proto;
		return (true);
	default:
		*at = pd->dir;
		return (true);
	}
}

static uint32_t
scale_find(const struct scale *sc, pos_t at)
{
	uint32_t lo = 0, n = sc->sets.n, half;

	while (n > 1) { /* from[lo] is not above at, from[lo + n] is */
		half = n / 2;
		lo += sc->from[lo + half] <= at ? half : 0;
		n -= half;
	}
	return (lo);
}

/* Leaves rules of the block whose group said yes, and those without a group. */
static void
answers_apply(const struct pf_sieve *s, const struct block *b, enum pf_sieve_ask q, struct pf_sieve_look *look)
{
	struct pf_sieve_set may;

	set_empty(&may);
	set_add_row(&may, &b->groups[q], s->asking[q].n);
	for (uint32_t i = 0; i < nitems(look->yes[q]); i++)
		for (uint64_t left = look->yes[q][i]; left != 0; left &= left - 1)
			set_add_row(&may, &b->groups[q], i * 64 + (uint32_t)__builtin_ctzll(left));
	set_and(&look->left, &may);
}

static void
answers_ask(const struct pf_sieve *s, enum pf_sieve_ask q, const struct pf_desc *pd,
    struct pf_sieve_look *look)
{
	const struct asking *ask = &s->asking[q];

	memset(look->yes[q], 0, sizeof(look->yes[q]));
	for (uint32_t g = 0; g < ask->n; g++)
		if (q == PF_SIEVE_IF ? pf_rule_kif(ask->first[g], pd) :
				       pf_addr_match(question_addr(ask->first[g], q), pd->af,
					   &pd->now.addr[q == PF_SIEVE_DST], pd, q == PF_SIEVE_SRC))
			look->yes[q][g / 64] |= 1ULL << (g & 63);
}

static void
block_open(const struct pf_sieve *s, const struct block *b, const struct pf_desc *pd,
    struct pf_sieve_look *look)
{
	const struct rows *sets[NSCALES];
	uint32_t place[NSCALES], n = 0;
	uint64_t some = ~0ULL;
	pos_t at;

	for (enum scale_name name = 0; name < NSCALES; name++) {
		sets[n] = &b->scale[name].sets;
		if (sets[n]->n == 0 || !packet_pos(pd, name, &at))
			continue;
		place[n] = scale_find(&b->scale[name], at);
		some &= sets[n]->row[place[n]].some;
		n++;
	}
	set_first(&look->left, b->n, some);
	for (uint32_t i = 0; i < n && look->left.some != 0; i++)
		set_and_row(&look->left, sets[i], place[i]);
	for (enum pf_sieve_ask q = 0; q < PF_SIEVE_ASKS && look->left.some != 0; q++)
		if (look->differed[q] > ASK_ALL)
			answers_apply(s, b, q, look);
	look->open = true;
}

/* Takes out the rules of the block below number from. */
static void
block_pass(const struct block *b, struct pf_sieve_set *left, uint32_t from)
{
	uint32_t lo = 0, hi = b->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (b->nr[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (left->some != 0 && (uint32_t)__builtin_ctzll(left->some) < lo / 64)
		left->some &= left->some - 1;
	left->word[lo / 64] &= ~0ULL << (lo & 63);
}

uint32_t
pf_sieve_next(const struct pf_sieve *s, const struct pf_desc *pd, struct pf_sieve_look *look, uint32_t from)
{
	struct pf_sieve_set *left = &look->left;
	const struct block *b;
	uint32_t w;

	for (; look->block < s->nblocks; look->block++, look->open = false) {
		b = &s->block[look->block];
		if (b->nr[b->n - 1] < from)
			continue;
		if (!look->open)
			block_open(s, b, pd, look);
		while (left->some != 0) {
			w = (uint32_t)__builtin_ctzll(left->some);
			if (left->word[w] == 0) {
				left->some &= left->some - 1;
				continue;
			}
			look->at = w * 64 + (uint32_t)__builtin_ctzll(left->word[w]);
			if (b->nr[look->at] >= from)
				return (b->nr[look->at]);
			block_pass(b, left, from);
		}
	}
	return (PF_SIEVE_NONE);
}

void
pf_sieve_start(struct pf_sieve_look *look)
{
	look->block = 0;
	look->open = false;
	memset(look->differed, 0, sizeof(look->differed));
}

void
pf_sieve_differs(const struct pf_sieve *s, const struct pf_desc *pd, struct pf_sieve_look *look, enum pf_skip skip)
{
	const struct block *b = &s->block[look->block];
	enum pf_sieve_ask q;
	uint32_t g;

	switch (skip) {
	case PF_SKIP_IFP:
		q = PF_SIEVE_IF;
		break;
	case PF_SKIP_SRC_ADDR:
		q = PF_SIEVE_SRC;
		break;
	case PF_SKIP_DST_ADDR:
		q = PF_SIEVE_DST;
		break;
	default:
		return;
	}
	g = s->asking[q].group[look->block * PF_SIEVE_BLOCK + look->at];
	if (g == s->asking[q].n || look->differed[q] > ASK_ALL)
		return;
	if (++look->differed[q] <= ASK_ALL) {
		set_without_row(&look->left, &b->groups[q], g);
		return;
	}
	answers_ask(s, q, pd, look);
	answers_apply(s, b, q, look);
}
