/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The classifier of a large ruleset.
 *
 * Most rules of a long list ask the same questions with other answers: ten
 * thousand sources, each a /32, to one port each.  Skip steps do not help
 * there, since each rule differs from the next in what it asks for.
 *
 * So rules are sorted by kind.  A kind is what its rules say exactly: so many
 * bits of the source, so many of the destination, and whether interface,
 * direction, family, protocol and ports are given.  For one kind a packet has
 * one key; all of its rules with that key stand together in a list, found by a
 * hash.  The rules that may match a packet are those of one list for each kind,
 * and they are looked at in the order of their numbers.  Only the interface of
 * a packet has several names, its own and those of its groups: a list for each.
 *
 * What a kind cannot say (a range, a table, a negation) it leaves open.  A rule
 * of a kind that few share is put with one that says less, in the end with the
 * one that says nothing, whose list every packet has.  Lists that become long
 * that way are given to the sieve (pf_sieve.c), all of their rules together.
 *
 * This only passes over rules that cannot match: those that are left are
 * compared in full by pf_walk.c, as all are without a classifier.  So a hash
 * that two keys share costs a comparison and no more, and what is decided is
 * the same.  `Evaluations' of a rule counts comparisons: rules that are passed
 * over here have none, as those that skip steps pass over.
 *
 * Cost:	a hash for each kind, whatever the number of rules, the sieve if
 *		there is one, and the rules that remain.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/if_var.h>
#include <net/pf/pf_class.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_rule.h>

#define SORTS_MAX 64 /* kinds that are counted before the best are chosen */
#define LIST_LONG 16 /* rules: with more, a list is for the sieve */

#define KIND_DIR   0x01
#define KIND_AF    0x02
#define KIND_PROTO 0x04
#define KIND_SPORT 0x08
#define KIND_DPORT 0x10
#define KIND_IF    0x20

struct pf_kind {
	uint8_t bits;    /* KIND_* */
	uint8_t plen[2]; /* of source and destination */
};

/* What rules and packets are compared by. */
struct pf_class_key {
	struct ip_addr addr[2];
	uint16_t port[2];
	uint8_t dir, af, proto;
	const struct pf_kif *kif;
};

struct pf_class_list {
	uint32_t hash;
	uint32_t first, n; /* of nr; n 0: the place is free */
};

struct pf_class {
	uint32_t nrules, kinds;
	struct pf_kind kind[PF_CLASS_KINDS]; /* the last says nothing */
	bool used[PF_CLASS_KINDS];           /* are there lists of it? */
	uint32_t mask;                       /* of list: a power of two, less one */
	struct pf_class_list *list;
	uint32_t *nr; /* numbers of rules, list after list */
	struct pf_sieve *sieve; /* of those in no list; NULL: all are */
};

/* --- kinds --- */

static uint8_t
plen_of(const struct pf_raddr *a)
{
	return (a->type == PF_ADDR_PREFIX && a->neg == 0 && a->af != AF_UNSPEC ? a->plen : 0);
}

static uint8_t
af_of(const struct pf_rule *r)
{
	return (r->af != 0 ? r->af : r->src.addr.af != 0 ? r->src.addr.af : r->dst.addr.af);
}

static struct pf_kind
kind_of(const struct pf_rule *r)
{
	struct pf_kind k = { .plen = { plen_of(&r->src.addr), plen_of(&r->dst.addr) } };

	k.bits = (uint8_t)((r->dir != 0 ? KIND_DIR : 0) | (af_of(r) != 0 ? KIND_AF : 0) |
	    (r->proto != 0 ? KIND_PROTO : 0) | (r->src.port_op == PF_OP_EQ ? KIND_SPORT : 0) |
	    (r->dst.port_op == PF_OP_EQ ? KIND_DPORT : 0) |
	    (r->kif != NULL && (r->flags & (PFR_IFNOT | PFR_IFANY)) == 0 ? KIND_IF : 0));
	return (k);
}

static bool
kind_same(const struct pf_kind *a, const struct pf_kind *b)
{
	return (a->bits == b->bits && a->plen[PF_SRC] == b->plen[PF_SRC] && a->plen[PF_DST] == b->plen[PF_DST]);
}

/* Has a rule of kind r all that k asks for? */
static bool
kind_serves(const struct pf_kind *k, const struct pf_kind *r)
{
	return ((k->bits & ~r->bits) == 0 && k->plen[PF_SRC] <= r->plen[PF_SRC] &&
	    k->plen[PF_DST] <= r->plen[PF_DST]);
}

/* The kind that a rule is put with: they stand in order, the last serves all. */
static uint32_t
kind_find(const struct pf_class *c, const struct pf_rule *r)
{
	struct pf_kind k = kind_of(r);
	uint32_t i;

	for (i = 0; i + 1 < c->kinds; i++)
		if (kind_same(&c->kind[i], &k))
			return (i);
	for (i = 0; i + 1 < c->kinds; i++)
		if (kind_serves(&c->kind[i], &k))
			return (i);
	return (i);
}

/* The most common kinds of the rules, those with most rules first. */
static void
kinds_choose(struct pf_class *c, const struct pf_rules *rs)
{
	struct pf_kind kind[SORTS_MAX], k;
	uint32_t count[SORTS_MAX], n = 0, i, best;

	for (uint32_t nr = 0; nr < rs->n; nr++) {
		k = kind_of(rs->rule[nr]);
		for (i = 0; i < n && !kind_same(&kind[i], &k); i++)
			;
		if (i == n && n < SORTS_MAX) {
			kind[n] = k;
			count[n++] = 0;
		}
		if (i < n)
			count[i]++;
	}
	while (n > 0 && c->kinds < PF_CLASS_KINDS - 1) {
		for (best = 0, i = 1; i < n; i++)
			best = count[i] > count[best] ? i : best;
		c->kind[c->kinds++] = kind[best];
		kind[best] = kind[--n];
		count[best] = count[n];
	}
	c->kind[c->kinds++] = (struct pf_kind){ .bits = 0 };
}

/* --- keys --- */

static inline uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return (h ^ h >> 29);
}

static inline uint64_t
mix_addr(uint64_t h, const struct ip_addr *a, unsigned int plen)
{
	struct ip_addr net = *a;

	if (plen == 0)
		return (h);
	ip_addr_mask(&net, plen);
	return (plen <= 64 ? mix(h, net.q[0]) : mix(mix(h, net.q[0]), net.q[1]));
}

static uint32_t
key_hash(const struct pf_kind *k, uint32_t nr, const struct pf_class_key *key)
{
	uint64_t h = nr + 1;

	h = mix(h, (uint64_t)((k->bits & KIND_DIR) != 0 ? key->dir : 0) |
		(uint64_t)((k->bits & KIND_AF) != 0 ? key->af : 0) << 8 |
		(uint64_t)((k->bits & KIND_PROTO) != 0 ? key->proto : 0) << 16 |
		(uint64_t)((k->bits & KIND_SPORT) != 0 ? key->port[PF_SRC] : 0) << 32 |
		(uint64_t)((k->bits & KIND_DPORT) != 0 ? key->port[PF_DST] : 0) << 48);
	if ((k->bits & KIND_IF) != 0)
		h = mix(h, (uintptr_t)key->kif);
	h = mix_addr(h, &key->addr[PF_SRC], k->plen[PF_SRC]);
	h = mix_addr(h, &key->addr[PF_DST], k->plen[PF_DST]);
	return ((uint32_t)(h ^ h >> 32));
}

static uint32_t
rule_hash(const struct pf_class *c, const struct pf_rule *r)
{
	struct pf_class_key key = { .addr = { r->src.addr.addr, r->dst.addr.addr },
		.port = { r->src.port[0], r->dst.port[0] },
		.dir = r->dir,
		.af = af_of(r),
		.proto = r->proto,
		.kif = r->kif };
	uint32_t k = kind_find(c, r);

	return (key_hash(&c->kind[k], k, &key));
}

/* The list of a hash, or the free place for it. */
static struct pf_class_list *
list_find(const struct pf_class *c, uint32_t hash)
{
	uint32_t i = hash & c->mask;

	while (c->list[i].n != 0 && c->list[i].hash != hash)
		i = (i + 1) & c->mask;
	return (&c->list[i]);
}

/* --- making --- */

static int
class_alloc(struct pf_class *c, uint32_t n)
{
	uint32_t places = 64;

	while (places < 2 * n)
		places *= 2;
	c->nrules = n;
	c->mask = places - 1;
	c->list = mallocarray(places, sizeof(*c->list), M_PF, M_ZERO);
	c->nr = mallocarray(n, sizeof(*c->nr), M_PF, 0);
	return (c->list == NULL || c->nr == NULL ? ENOMEM : 0);
}

static void
lists_count(struct pf_class *c, const struct pf_rules *rs, const uint32_t *nr, uint32_t n)
{
	struct pf_class_list *l;
	uint32_t hash;

	memset(c->list, 0, (c->mask + 1) * sizeof(*c->list));
	for (uint32_t i = 0; i < n; i++) {
		hash = rule_hash(c, rs->rule[nr[i]]);
		l = list_find(c, hash);
		l->hash = hash;
		l->n++;
	}
}

/* Gives each list its part of c->nr, and fills those. */
static void
lists_fill(struct pf_class *c, const struct pf_rules *rs, const uint32_t *nr, uint32_t n)
{
	struct pf_class_list *l;
	uint32_t at = 0;

	for (uint32_t i = 0; i <= c->mask; i++) {
		c->list[i].first = at;
		at += c->list[i].n;
	}
	/* first runs ahead and is put back */
	for (uint32_t i = 0; i < n; i++) {
		c->used[kind_find(c, rs->rule[nr[i]])] = true;
		l = list_find(c, rule_hash(c, rs->rule[nr[i]]));
		c->nr[l->first++] = nr[i];
	}
	for (uint32_t i = 0; i <= c->mask; i++)
		c->list[i].first -= c->list[i].n;
}

/* The rules into lists, those of long ones into the sieve.  nr has room for
 * their numbers twice.  0; ENOMEM; ENOENT:
 * they say little that differs. */
static int
class_fill(struct pf_class *c, const struct pf_rules *rs, uint32_t *nr)
{
	uint32_t *longs = nr + rs->n, nlongs = 0, n = 0;

	for (uint32_t i = 0; i < rs->n; i++)
		nr[i] = i;
	lists_count(c, rs, nr, rs->n);
	for (uint32_t i = 0; i < rs->n; i++)
		if (list_find(c, rule_hash(c, rs->rule[i]))->n > LIST_LONG)
			longs[nlongs++] = i;
		else
			nr[n++] = i;
	if (nlongs != 0) {
		lists_count(c, rs, nr, n);
		if ((c->sieve = pf_sieve_make(rs, longs, nlongs)) == NULL)
			return (ENOMEM);
	}
	lists_fill(c, rs, nr, n);
	if (nlongs > rs->n / 4 * 3 && !pf_sieve_helps(c->sieve))
		return (ENOENT);
	return (0);
}

struct pf_class *
pf_class_make(const struct pf_rules *rs)
{
	struct pf_class *c = NULL;
	uint32_t *nr;

	if (rs->n < PF_CLASS_FROM || (nr = mallocarray(rs->n, 2 * sizeof(*nr), M_TEMP, 0)) == NULL)
		return (NULL);
	if ((c = malloc(sizeof(*c), M_PF, M_ZERO)) != NULL && class_alloc(c, rs->n) == 0) {
		kinds_choose(c, rs);
		if (class_fill(c, rs, nr) == 0)
			goto out;
	}
	pf_class_free(c);
	c = NULL;
out:
	free(nr, M_TEMP, rs->n * 2 * sizeof(*nr));
	return (c);
}

void
pf_class_free(struct pf_class *c)
{
	if (c == NULL)
		return;
	free(c->list, M_PF, (c->mask + 1) * sizeof(*c->list));
	free(c->nr, M_PF, c->nrules * sizeof(*c->nr));
	pf_sieve_free(c->sieve);
	free(c, M_PF, sizeof(*c));
}

/* --- asking --- */

static void
look_add(const struct pf_class *c, uint32_t k, const struct pf_class_key *key, struct pf_class_look *look)
{
	const struct pf_class_list *l = list_find(c, key_hash(&c->kind[k], k, key));

	if (l->n == 0)
		return;
	if (look->lists < PF_CLASS_LISTS) {
		look->left[look->lists].at = l->first;
		look->left[look->lists].end = l->first + l->n;
	}
	look->lists++;
}

/* The same for each group that the packet's interface is in. */
static void
look_add_groups(const struct pf_class *c, uint32_t k, const struct pf_class_key *key, struct pf_class_look *look)
{
	struct pf_class_key other = *key;
	struct ifgroup_member *gm;

	if (key->kif == NULL || key->kif->kif_ifp == NULL)
		return;
	TAILQ_FOREACH(gm, &key->kif->kif_ifp->if_groups, ifgm_entry) {
		other.kif = gm->ifgm_group->ifg_pf;
		if (other.kif != NULL)
			look_add(c, k, &other, look);
	}
}

/* The lists of a packet, those that are there. */
static void
look_start(const struct pf_class *c, const struct pf_desc *pd, struct pf_class_look *look)
{
	struct pf_class_key key = { .addr = { pd->now.addr[PF_SRC], pd->now.addr[PF_DST] },
		.port = { pd->now.port[PF_SRC], pd->now.port[PF_DST] },
		.dir = (uint8_t)pd->dir,
		.af = (uint8_t)pd->af,
		.proto = pd->proto,
		.kif = pd->kif };

	look->class = c;
	look->now = pd->now;
	look->lists = 0;
	look->sifted = 0;
	pf_sieve_start(&look->sieve);
	for (uint32_t k = 0; k < c->kinds; k++) {
		if (!c->used[k])
			continue;
		/* addresses of the other family have no such bits */
		if (pd->af == AF_INET && (c->kind[k].plen[PF_SRC] > 32 || c->kind[k].plen[PF_DST] > 32))
			continue;
		look_add(c, k, &key, look);
		if ((c->kind[k].bits & KIND_IF) != 0)
			look_add_groups(c, k, &key, look);
	}
}

static inline bool
look_isof(const struct pf_class_look *look, const struct pf_class *c, const struct pf_desc *pd)
{
	return (look->class == c && ip_addr_eq(&look->now.addr[PF_SRC], &pd->now.addr[PF_SRC]) &&
	    ip_addr_eq(&look->now.addr[PF_DST], &pd->now.addr[PF_DST]) &&
	    look->now.port[PF_SRC] == pd->now.port[PF_SRC] && look->now.port[PF_DST] == pd->now.port[PF_DST]);
}

/* The first place from at on whose number is from or more; end: none. */
static inline uint32_t
place_from(const uint32_t *nr, uint32_t at, uint32_t end, uint32_t from)
{
	uint32_t to = end, mid;

	if (at < end && nr[at] >= from)
		return (at);
	while (at < to) {
		mid = at + (to - at) / 2;
		if (nr[mid] < from)
			at = mid + 1;
		else
			to = mid;
	}
	return (at);
}

uint32_t
pf_class_next(const struct pf_class *c, const struct pf_desc *pd, struct pf_class_look *look, uint32_t from)
{
	uint32_t next = c->nrules, at, end;

	if (!look_isof(look, c, pd))
		look_start(c, pd, look);
	if (__predict_false(look->lists > PF_CLASS_LISTS)) {
		look->sifted = PF_SIEVE_NONE;
		return (from);
	}
	for (uint32_t k = 0; k < look->lists; k++) {
		end = look->left[k].end;
		at = place_from(c->nr, look->left[k].at, end, from);
		look->left[k].at = at;
		if (at < end && c->nr[at] < next)
			next = c->nr[at];
	}
	if (c->sieve != NULL && look->sifted != PF_SIEVE_NONE) {
		look->sifted = pf_sieve_next(c->sieve, pd, &look->sieve, from);
		next = MIN(next, look->sifted);
	}
	return (next);
}

void
pf_class_differs(const struct pf_class *c, const struct pf_desc *pd, struct pf_class_look *look,
    uint32_t nr, enum pf_skip skip)
{
	if (c->sieve != NULL && look->sifted == nr)
		pf_sieve_differs(c->sieve, pd, &look->sieve, skip);
}
