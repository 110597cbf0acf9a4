/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Longest-prefix match.
 *
 * A tree of nodes, six bits of the address a level.  A node holds the
 * prefixes that end inside its six bits, of length 1 to 6, as 126 bits of a
 * map: those of length l in the bits from 2^l - 2 on, in order.  64 more bits
 * say which values of the six go on below.  Behind the bits stand the slots:
 * what is below, packed, then the values, packed.  The place of one is the
 * number of bits set before it.
 *
 * A prefix that is alone below a node is no chain of nodes but a leaf, which
 * has its bits, length and value.  It is told from a node by the lowest bit of
 * the pointer to it.  It becomes a node when a second prefix comes to its
 * place, and is made a leaf again when that goes.
 *
 * A look-up waits for memory, not for the processor: what counts is how many
 * lines it must fetch one after the other that are in no cache.  A node has
 * its values in itself, so where it has few of them and nothing below, as most
 * have that an IPv4 /24 ends in, it is one line, the last and only one that is
 * cold.  A large set has a directory besides, which saves three levels: for
 * each value of the first 18 bits, what hangs there, and the longest prefix of
 * up to 18 bits.
 *
 * lpm_match_many() looks for many addresses at once, each one step at a time
 * and then the next, so that their lines are fetched side by side.
 *
 * For an address the prefixes of a node that match it are six of the 126
 * bits; they are a table of masks.  Since longer ones have higher bits, the
 * highest bit that is left is the longest match.
 *
 * Change: a node that is full is replaced by a larger one.  Inserting makes
 * all that is new first and then links it, so it can fail without a trace;
 * removing leaves a node as large as it is, or with a single prefix, when
 * there is no memory for a smaller one or a leaf.
 *
 * (1) No node is empty.
 * (2) Below every node are two prefixes or more, unless memory was short.
 * (3) A directory's entry leads to the node or leaf of all longer prefixes that
 *     begin with its 18 bits, and has the value of the longest of the others
 *     that holds them.
 */

#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <sys/systm.h>
#include <net/lpm.h>

#define STRIDE 6
#define LEVELS 23 /* 128 bits and a rest, and what is below the last */

#define WAYS 16 /* of lpm_match_many() */

#define DIR_BITS  18 /* three levels */
#define DIR_SIZE  (1UL << DIR_BITS)
#define DIR_FROM  65536 /* prefixes that a directory is made for */
#define DIR_UNTIL 16384 /* and those that it goes with */

typedef unsigned __int128 key_t128;

struct lpm_node {
	uint64_t set[2]; /* which prefixes of length 1..6 are here */
	uint64_t kids;   /* which of the 64 chunks go on */
	uint64_t class;  /* of size */
	void *slot[];    /* what is below, then the values */
};

struct lpm_dir {
	void *at, *best;
};

struct lpm_leaf {
	key_t128 key;
	void *value;
	uint64_t plen;
};

#if defined(__x86_64__)
#define FAST __attribute__((target("popcnt")))
#else
#define FAST
#endif

/* --- memory --- */

static const struct {
	uint16_t bytes, slots;
} sizes[] = {
#define SIZE(n) { (n), ((n) - sizeof(struct lpm_node)) / sizeof(void *) }
	SIZE(64), SIZE(96), SIZE(128), SIZE(192), SIZE(256), SIZE(320), SIZE(448), SIZE(576), SIZE(768), SIZE(1024),
	SIZE(1280), SIZE(1568),
};
static struct pool pools[nitems(sizes)], leaf_pool;
static uint64_t ancestors[64][2]; /* prefixes of a node that match a chunk */
static uint64_t beginners[64][2]; /* those whose first chunk it is */

void
lpm_sysinit(void)
{
	for (size_t i = 0; i < nitems(sizes); i++)
		pool_init(&pools[i], sizes[i].bytes, sizes[i].bytes % 64 == 0 ? 64 : 32, "lpm");
	pool_init(&leaf_pool, sizeof(struct lpm_leaf), 32, "lpmleaf");
	for (unsigned int c = 0; c < 64; c++)
		for (unsigned int l = 1; l <= STRIDE; l++) {
			unsigned int bit = (1U << l) - 2 + (c >> (STRIDE - l));

			ancestors[c][bit / 64] |= 1ULL << bit % 64;
			if ((c & ((1U << (STRIDE - l)) - 1)) == 0)
				beginners[c][bit / 64] |= 1ULL << bit % 64;
		}
}

/* Room for so many slots. */
static unsigned int
class_of(unsigned int slots)
{
	unsigned int i = 0;

	while (sizes[i].slots < slots)
		i++;
	return (i);
}

/* Without anything in it.  NULL: no memory. */
static struct lpm_node *
node_alloc(struct lpm *t, unsigned int slots)
{
	unsigned int class = class_of(slots);
	struct lpm_node *n;

	if ((n = pool_get(&pools[class], PR_NOWAIT)) == NULL)
		return (NULL);
	*n = (struct lpm_node){ .class = class };
	t->bytes += sizes[class].bytes;
	t->nodes++;
	return (n);
}

static void
node_free(struct lpm *t, struct lpm_node *n)
{
	t->bytes -= sizes[n->class].bytes;
	t->nodes--;
	pool_put(&pools[n->class], n);
}

/* --- bits --- */

FAST static inline unsigned int
bits_before(uint64_t map, unsigned int bit)
{
	return ((unsigned int)__builtin_popcountll(map & ((1ULL << bit) - 1)));
}

FAST static inline unsigned int
kids_count(const struct lpm_node *n)
{
	return ((unsigned int)__builtin_popcountll(n->kids));
}

FAST static inline unsigned int
slots_used(const struct lpm_node *n)
{
	return (kids_count(n) + (unsigned int)__builtin_popcountll(n->set[0]) +
	    (unsigned int)__builtin_popcountll(n->set[1]));
}

/* Slot of a prefix bit. */
FAST static inline unsigned int
value_place(const struct lpm_node *n, unsigned int bit)
{
	if (bit < 64)
		return (kids_count(n) + bits_before(n->set[0], bit));
	return (kids_count(n) + (unsigned int)__builtin_popcountll(n->set[0]) + bits_before(n->set[1], bit - 64));
}

static inline bool
set_has(const struct lpm_node *n, unsigned int bit)
{
	return ((n->set[bit / 64] >> bit % 64 & 1) != 0);
}

static inline bool
kid_has(const struct lpm_node *n, unsigned int chunk)
{
	return ((n->kids >> chunk & 1) != 0);
}

/* Slot of what is below. */
FAST static inline unsigned int
kid_place(const struct lpm_node *n, unsigned int chunk)
{
	return (bits_before(n->kids, chunk));
}

static inline key_t128
key_of(const struct ip_addr *a)
{
	return ((key_t128)be64dec(a->b) << 64 | be64dec(a->b + 8));
}

static inline unsigned int
chunk_at(key_t128 key, unsigned int depth)
{
	return ((unsigned int)((key << depth) >> (128 - STRIDE)));
}

/* Bit of the prefix of len (1..6) bits that chunk starts with. */
static inline unsigned int
prefix_bit(unsigned int chunk, unsigned int len)
{
	return ((1U << len) - 2 + (chunk >> (STRIDE - len)));
}

static inline key_t128
key_mask(unsigned int plen)
{
	return (plen == 0 ? 0 : ~(key_t128)0 << (128 - plen));
}

/* --- leaves: a slot that leads to one has an odd address --- */

static inline bool
is_leaf(const void *at)
{
	return (((uintptr_t)at & 1) != 0);
}

static inline struct lpm_leaf *
leaf_of(void *at)
{
	return ((struct lpm_leaf *)(void *)((char *)at - 1));
}

static inline void *
leaf_at(struct lpm_leaf *l)
{
	return ((char *)l + 1);
}

static struct lpm_leaf *
leaf_alloc(struct lpm *t)
{
	struct lpm_leaf *l = pool_get(&leaf_pool, PR_NOWAIT);

	t->bytes += l != NULL ? sizeof(*l) : 0;
	return (l);
}

static void
leaf_free(struct lpm *t, struct lpm_leaf *l)
{
	if (l == NULL)
		return;
	t->bytes -= sizeof(*l);
	pool_put(&leaf_pool, l);
}

static inline void
leaf_set(struct lpm_leaf *l, key_t128 key, unsigned int plen, void *value)
{
	*l = (struct lpm_leaf){ .key = key & key_mask(plen), .plen = plen, .value = value };
}

static inline bool
leaf_is(const struct lpm_leaf *l, key_t128 key, unsigned int plen)
{
	return (l->plen == plen && l->key == (key & key_mask(plen)));
}

/* Does the leaf's prefix hold key, and is it at most maxlen long? */
static inline bool
leaf_holds(const struct lpm_leaf *l, key_t128 key, unsigned int maxlen)
{
	return (l->plen <= maxlen && ((l->key ^ key) & key_mask((unsigned int)l->plen)) == 0);
}

/* --- look-ups --- */

/* All prefixes of a node that are at most len bits long. */
static inline void
set_limit(uint64_t m[2], unsigned int len)
{
	unsigned int end = len >= STRIDE ? 126 : (2U << len) - 2;

	m[0] &= end >= 64 ? ~0ULL : (1ULL << end) - 1;
	m[1] &= end > 64 ? (1ULL << (end - 64)) - 1 : 0;
}

/* One address on its way. */
struct way {
	key_t128 key; /* of which what is behind has been shifted out */
	void *at;     /* node or leaf to look into next; NULL: the end */
	void *best;   /* where the longest match is so far; NULL: none yet */
	uint64_t match[2]; /* if that is a node: those of its prefixes that match */
	unsigned int depth, maxlen;
};

/* Looks into the node or leaf that w, for a, is at, and goes on to the next. */
FAST static inline void
way_step(struct way *w, const struct ip_addr *a)
{
	const struct lpm_node *n = w->at;
	unsigned int chunk;
	uint64_t m[2];

	if (__predict_false(is_leaf(w->at))) {
		if (leaf_holds(leaf_of(w->at), key_of(a), w->maxlen))
			w->best = w->at;
		w->at = NULL;
		return;
	}
	chunk = (unsigned int)(w->key >> (128 - STRIDE));
	m[0] = n->set[0] & ancestors[chunk][0];
	m[1] = n->set[1] & ancestors[chunk][1];
	if (__predict_false(w->maxlen - w->depth < STRIDE))
		set_limit(m, w->maxlen - w->depth);
	if ((m[0] | m[1]) != 0) {
		w->best = w->at;
		w->match[0] = m[0];
		w->match[1] = m[1];
	}
	w->key <<= STRIDE;
	w->depth += STRIDE;
	w->at = kid_has(n, chunk) && w->depth < w->maxlen ? n->slot[kid_place(n, chunk)] : NULL;
}

/*
 * The value of the longest match.  Which of both words of the map it is in is
 * as good as chance, so that nothing is asked that a processor would guess.
 */
FAST static inline void *
way_value(const struct way *w)
{
	const struct lpm_node *n = w->best;
	uint64_t high, low;

	if (__predict_false(is_leaf(w->best)))
		return (leaf_of(w->best)->value);
	high = -(uint64_t)(w->match[1] != 0);
	low = (w->match[1] & high) | (w->match[0] & ~high);
	low = (1ULL << (63 - (unsigned int)__builtin_clzll(low))) - 1;
	return (n->slot[kids_count(n) + (unsigned int)__builtin_popcountll(n->set[0] & (low | high)) +
	    (unsigned int)__builtin_popcountll(n->set[1] & low & high)]);
}

static inline void
way_from_root(struct way *w, const struct lpm *t, const struct ip_addr *a, unsigned int maxlen)
{
	w->key = key_of(a);
	w->at = maxlen > 0 ? t->root : NULL;
	w->best = NULL;
	w->depth = 0;
	w->maxlen = maxlen;
}

static inline struct lpm_dir *
dir_entry(const struct lpm *t, key_t128 key)
{
	return (&t->dir[(size_t)(key >> (128 - DIR_BITS))]);
}

static inline void
way_from_dir(struct way *w, const struct lpm *t, const struct ip_addr *a, unsigned int maxlen)
{
	key_t128 key = key_of(a);

	w->key = key << DIR_BITS;
	w->at = dir_entry(t, key)->at;
	w->best = NULL;
	w->depth = DIR_BITS;
	w->maxlen = maxlen;
}

/* What is found where the way led to no match: v, a directory's, or the last resort. */
static inline void *
value_or(const struct lpm *t, void *v)
{
	return (v != NULL ? v : t->dflt);
}

/* Both lines of a node that is larger than one; few have a third. */
static inline void
way_fetch(const struct way *w)
{
	__builtin_prefetch(w->at);
	__builtin_prefetch((const char *)w->at + 64);
}

FAST void *
lpm_match(const struct lpm *t, const struct ip_addr *a, unsigned int maxlen)
{
	struct way w;

	if (t->dir != NULL && maxlen >= DIR_BITS) {
		way_from_dir(&w, t, a, maxlen);
		way_fetch(&w);
		while (w.at != NULL)
			way_step(&w, a);
		return (w.best != NULL ? way_value(&w) : value_or(t, dir_entry(t, key_of(a))->best));
	}
	for (way_from_root(&w, t, a, maxlen); w.at != NULL;)
		way_step(&w, a);
	return (w.best != NULL ? way_value(&w) : t->dflt);
}

/* Each way one step, until all have come to their end. */
FAST static void
ways_go(struct way *w, const struct ip_addr *a, unsigned int n)
{
	unsigned int going;

	do {
		going = 0;
		for (unsigned int i = 0; i < n; i++) {
			if (w[i].at == NULL)
				continue;
			way_step(&w[i], &a[i]);
			if (w[i].at != NULL) {
				way_fetch(&w[i]);
				going++;
			}
		}
	} while (going > 0);
}

/* WAYS addresses or fewer: as many lines as a processor fetches at a time. */
FAST static void
match_some(const struct lpm *t, const struct ip_addr *a, unsigned int n, unsigned int maxlen, void **value)
{
	struct way w[WAYS];
	bool dir = t->dir != NULL && maxlen >= DIR_BITS;

	for (unsigned int i = 0; dir && i < n; i++)
		__builtin_prefetch(dir_entry(t, key_of(&a[i])));
	for (unsigned int i = 0; i < n; i++) {
		if (dir)
			way_from_dir(&w[i], t, &a[i], maxlen);
		else
			way_from_root(&w[i], t, &a[i], maxlen);
		way_fetch(&w[i]);
	}
	ways_go(w, a, n);
	for (unsigned int i = 0; i < n; i++)
		value[i] = w[i].best != NULL ? way_value(&w[i]) :
					       value_or(t, dir ? dir_entry(t, key_of(&a[i]))->best : NULL);
}

void
lpm_match_many(const struct lpm *t, const struct ip_addr *a, unsigned int n, unsigned int maxlen, void **value)
{
	for (; n > WAYS; n -= WAYS, a += WAYS, value += WAYS)
		match_some(t, a, WAYS, maxlen, value);
	match_some(t, a, n, maxlen, value);
}

void *
lpm_find(const struct lpm *t, const struct ip_addr *a, unsigned int plen)
{
	key_t128 key = key_of(a);
	struct lpm_node *n;
	void *at = t->root;
	unsigned int bit;

	if (plen == 0)
		return (t->dflt);
	for (unsigned int depth = 0; at != NULL; depth += STRIDE) {
		if (is_leaf(at))
			return (leaf_is(leaf_of(at), key, plen) ? leaf_of(at)->value : NULL);
		n = at;
		if (plen - depth <= STRIDE) {
			bit = prefix_bit(chunk_at(key, depth), plen - depth);
			return (set_has(n, bit) ? n->slot[value_place(n, bit)] : NULL);
		}
		at = kid_has(n, chunk_at(key, depth)) ? n->slot[kid_place(n, chunk_at(key, depth))] : NULL;
	}
	return (NULL);
}

/* --- the directory --- */

/* What leads on from DIR_BITS on the way of key; NULL: nothing. */
static void *
dir_at(const struct lpm *t, key_t128 key)
{
	struct lpm_node *n;
	void *at = t->root;
	unsigned int chunk;

	for (unsigned int depth = 0; depth < DIR_BITS && at != NULL && !is_leaf(at); depth += STRIDE) {
		n = at;
		chunk = chunk_at(key, depth);
		at = kid_has(n, chunk) ? n->slot[kid_place(n, chunk)] : NULL;
	}
	if (at != NULL && is_leaf(at) && (leaf_of(at)->plen <= DIR_BITS || (leaf_of(at)->key ^ key) >> (128 - DIR_BITS) != 0))
		return (NULL);
	return (at);
}

static void
dir_fill(struct lpm *t, key_t128 key)
{
	struct ip_addr a = { .q = { 0, 0 } };
	struct way w;

	be64enc(a.b, (uint64_t)(key >> 64));
	for (way_from_root(&w, t, &a, DIR_BITS); w.at != NULL;)
		way_step(&w, &a);
	*dir_entry(t, key) = (struct lpm_dir){ .at = dir_at(t, key), .best = w.best != NULL ? way_value(&w) : NULL };
}

/* The prefix has come or gone, or its place has changed, or its value. */
static void
dir_refresh(struct lpm *t, key_t128 key, unsigned int plen)
{
	size_t n = plen < DIR_BITS ? DIR_SIZE >> plen : 1;

	if (t->dir == NULL)
		return;
	key &= key_mask(MIN(plen, (unsigned int)DIR_BITS));
	for (size_t i = 0; i < n; i++)
		dir_fill(t, key + ((key_t128)i << (128 - DIR_BITS)));
}

/* Makes it when the set has grown; without memory, when it has grown on. */
static void
dir_make(struct lpm *t)
{
	if (t->dir != NULL || t->prefixes < DIR_FROM || (t->prefixes & (t->prefixes - 1)) != 0)
		return;
	if ((t->dir = mallocarray(DIR_SIZE, sizeof(*t->dir), M_RTABLE, 0)) == NULL)
		return;
	t->bytes += DIR_SIZE * sizeof(*t->dir);
	dir_refresh(t, 0, 0);
}

static void
dir_drop(struct lpm *t)
{
	if (t->dir == NULL || t->prefixes >= DIR_UNTIL)
		return;
	free(t->dir, M_RTABLE, DIR_SIZE * sizeof(*t->dir));
	t->dir = NULL;
	t->bytes -= DIR_SIZE * sizeof(*t->dir);
}

/* --- change --- */

/* A copy of n, not linked yet, with room for so many slots.  NULL: no memory. */
static struct lpm_node *
node_copy(struct lpm *t, const struct lpm_node *n, unsigned int slots)
{
	struct lpm_node *to = node_alloc(t, slots);
	uint64_t class;

	if (to == NULL)
		return (NULL);
	class = to->class;
	memcpy(to, n, sizeof(*n) + slots_used(n) * sizeof(void *));
	to->class = class;
	return (to);
}

/* n, or a larger copy, has a free slot.  NULL: no memory. */
static struct lpm_node *
node_room(struct lpm *t, struct lpm_node *n)
{
	unsigned int used = slots_used(n);

	return (used < sizes[n->class].slots ? n : node_copy(t, n, used + 1));
}

/* Links the copy in the place of what it was made from. */
static void
node_swap(struct lpm *t, void **at, struct lpm_node *to)
{
	struct lpm_node *n = *at;

	if (n == to)
		return;
	*at = to;
	node_free(t, n);
}

static void
slot_open(struct lpm_node *n, unsigned int place, void *what)
{
	memmove(&n->slot[place + 1], &n->slot[place], (slots_used(n) - place) * sizeof(void *));
	n->slot[place] = what;
}

static void
slot_close(struct lpm_node *n, unsigned int place)
{
	memmove(&n->slot[place], &n->slot[place + 1], (slots_used(n) - place - 1) * sizeof(void *));
}

static void
value_put(struct lpm_node *n, unsigned int bit, void *value)
{
	slot_open(n, value_place(n, bit), value);
	n->set[bit / 64] |= 1ULL << bit % 64;
}

static void
kid_put(struct lpm_node *n, unsigned int chunk, void *kid)
{
	slot_open(n, kid_place(n, chunk), kid);
	n->kids |= 1ULL << chunk;
}

/*
 * n, at depth, which has room, gets a prefix that goes no further with
 * another: as a value, or as a leaf, which is l then.
 */
static void
prefix_put(struct lpm_node *n, unsigned int depth, key_t128 key, unsigned int plen, void *value, struct lpm_leaf *l)
{
	if (plen - depth <= STRIDE) {
		value_put(n, prefix_bit(chunk_at(key, depth), plen - depth), value);
		return;
	}
	leaf_set(l, key, plen, value);
	kid_put(n, chunk_at(key, depth), leaf_at(l));
}

/* The node that *at leads to gets a prefix.  0 or ENOMEM. */
static int
prefix_add(struct lpm *t, void **at, unsigned int depth, key_t128 key, unsigned int plen, void *value)
{
	struct lpm_leaf *l = NULL;
	struct lpm_node *n;

	if (plen - depth > STRIDE && (l = leaf_alloc(t)) == NULL)
		return (ENOMEM);
	if ((n = node_room(t, *at)) == NULL) {
		leaf_free(t, l);
		return (ENOMEM);
	}
	prefix_put(n, depth, key, plen, value, l);
	node_swap(t, at, n);
	return (0);
}

/* Do both prefixes go on below a node at depth, by the same chunk? */
static bool
go_together(key_t128 a, unsigned int alen, key_t128 b, unsigned int blen, unsigned int depth)
{
	return (alen - depth > STRIDE && blen - depth > STRIDE && chunk_at(a, depth) == chunk_at(b, depth));
}

/* From depth down to n: a chain of nodes for what key's prefixes share.  NULL: no memory. */
static void *
chain_make(struct lpm *t, struct lpm_node *n, key_t128 key, unsigned int depth, unsigned int to)
{
	struct lpm_node *up;
	void *top = n;

	while (to > depth) {
		if ((up = node_alloc(t, 1)) == NULL)
			goto fail;
		to -= STRIDE;
		kid_put(up, chunk_at(key, to), top);
		top = up;
	}
	return (top);
fail:
	while (top != n) {
		up = top;
		top = up->slot[0];
		node_free(t, up);
	}
	return (NULL);
}

/*
 * In place of a leaf at depth: a node that holds it and another prefix, below
 * a chain of nodes for what they share.  0 or ENOMEM, and the leaf is still there.
 */
static int
leaf_split(struct lpm *t, void **at, unsigned int depth, key_t128 key, unsigned int plen, void *value)
{
	struct lpm_leaf *l = leaf_of(*at), old = *l, *more = NULL;
	unsigned int d = depth, oldlen = (unsigned int)old.plen;
	struct lpm_node *n;
	void *top;

	while (go_together(old.key, oldlen, key, plen, d))
		d += STRIDE;
	if ((n = node_alloc(t, 2)) == NULL)
		return (ENOMEM);
	/* the old leaf serves one of them, if only one needs a leaf */
	if (plen - d > STRIDE && oldlen - d > STRIDE && (more = leaf_alloc(t)) == NULL)
		goto fail;
	if ((top = chain_make(t, n, key, depth, d)) == NULL)
		goto fail;
	prefix_put(n, d, old.key, oldlen, old.value, l);
	prefix_put(n, d, key, plen, value, more != NULL ? more : l);
	if (plen - d <= STRIDE && oldlen - d <= STRIDE)
		leaf_free(t, l);
	*at = top;
	dir_refresh(t, old.key, 128);
	return (0);
fail:
	leaf_free(t, more);
	node_free(t, n);
	return (ENOMEM);
}

/* In the place where the way of a prefix ends, which is not there yet. */
static int
prefix_insert(struct lpm *t, void **at, unsigned int depth, key_t128 key, unsigned int plen, void *value)
{
	struct lpm_leaf *l;

	if (*at != NULL && !is_leaf(*at))
		return (prefix_add(t, at, depth, key, plen, value));
	if (*at != NULL)
		return (leaf_split(t, at, depth, key, plen, value));
	if ((l = leaf_alloc(t)) == NULL)
		return (ENOMEM);
	leaf_set(l, key, plen, value);
	*at = leaf_at(l);
	return (0);
}

/* What stands at the end of a prefix's way: is it this prefix?  Then its value's place. */
static void **
prefix_place(void *at, unsigned int depth, key_t128 key, unsigned int plen)
{
	struct lpm_node *n = at;
	unsigned int bit;

	if (at == NULL)
		return (NULL);
	if (is_leaf(at))
		return (leaf_is(leaf_of(at), key, plen) ? &leaf_of(at)->value : NULL);
	if (plen - depth > STRIDE)
		return (NULL);
	bit = prefix_bit(chunk_at(key, depth), plen - depth);
	return (set_has(n, bit) ? &n->slot[value_place(n, bit)] : NULL);
}

int
lpm_insert(struct lpm *t, const struct ip_addr *a, unsigned int plen, void *value)
{
	key_t128 key = key_of(a);
	unsigned int depth = 0;
	void **at = &t->root, **old;
	struct lpm_node *n;
	int error;

	KASSERT(value != NULL && ((uintptr_t)value & 1) == 0 && plen <= 128);
	if (plen == 0) {
		t->prefixes += t->dflt == NULL;
		t->dflt = value;
		return (0);
	}
	for (; (n = *at) != NULL && !is_leaf(n) && plen - depth > STRIDE && kid_has(n, chunk_at(key, depth)); depth += STRIDE)
		at = &n->slot[kid_place(n, chunk_at(key, depth))];
	if ((old = prefix_place(*at, depth, key, plen)) != NULL) {
		*old = value;
		dir_refresh(t, key, plen);
		return (0);
	}
	if ((error = prefix_insert(t, at, depth, key, plen, value)) != 0)
		return (error);
	t->prefixes++;
	dir_refresh(t, key, plen);
	dir_make(t);
	return (0);
}

static void
kid_remove(struct lpm_node *n, unsigned int chunk)
{
	slot_close(n, kid_place(n, chunk));
	n->kids &= ~(1ULL << chunk);
}

static void
value_remove(struct lpm_node *n, unsigned int bit)
{
	slot_close(n, value_place(n, bit));
	n->set[bit / 64] &= ~(1ULL << bit % 64);
}

/* A smaller node in place of one that has become empty enough, if there is memory. */
static void
node_shrink(struct lpm *t, void **at)
{
	struct lpm_node *n = *at, *to;
	unsigned int used = slots_used(n);

	if (class_of(used) < n->class && (to = node_copy(t, n, used)) != NULL)
		node_swap(t, at, to);
}

/* The only value of a node at depth on the way of key, as a leaf. */
static void
value_leaf(const struct lpm_node *n, unsigned int depth, key_t128 key, struct lpm_leaf *l)
{
	unsigned int bit, len;
	key_t128 chunk;

	if (n->set[0] != 0)
		bit = (unsigned int)__builtin_ctzll(n->set[0]);
	else
		bit = 64 + (unsigned int)__builtin_ctzll(n->set[1]);
	len = 31 - (unsigned int)__builtin_clz(bit + 2);
	chunk = bit + 2 - (1U << len); /* of len bits, behind the first depth of key */
	leaf_set(l, (key & key_mask(depth)) | chunk << (128 - depth - len), depth + len, n->slot[0]);
}

/*
 * The node that *at leads to has one prefix left: that becomes a leaf, *spare
 * if it needs one.  False: it has more, or there is no memory.
 */
static bool
node_fold(struct lpm *t, void **at, unsigned int depth, key_t128 key, struct lpm_leaf **spare)
{
	struct lpm_node *n = *at;
	struct lpm_leaf *l;

	if (slots_used(n) != 1 || (n->kids != 0 && !is_leaf(n->slot[0])))
		return (false);
	if (n->kids != 0) {
		*at = n->slot[0];
	} else {
		if ((l = *spare) == NULL && (l = leaf_alloc(t)) == NULL)
			return (false);
		*spare = NULL;
		value_leaf(n, depth, key, l);
		*at = leaf_at(l);
	}
	node_free(t, n);
	dir_refresh(t, leaf_of(*at)->key, 128);
	return (true);
}

/*
 * Something went from the last node of a path of slots: it is made smaller, or
 * a leaf, or goes too, and so those above.
 */
static void
path_mend(struct lpm *t, void **path[LEVELS], unsigned int level, key_t128 key, struct lpm_leaf *spare)
{
	struct lpm_node *n;

	while (slots_used(n = *path[level]) == 0) {
		/* it had one prefix, since memory was short */
		node_free(t, n);
		*path[level] = NULL;
		if (level-- == 0)
			goto done;
		kid_remove(*path[level], chunk_at(key, level * STRIDE));
	}
	node_shrink(t, path[level]);
	while (node_fold(t, path[level], level * STRIDE, key, &spare) && level > 0)
		level--;
done:
	leaf_free(t, spare);
}

/* Takes the prefix at the end of a path of slots out, whose value is known to be there. */
static void
prefix_remove(struct lpm *t, void **path[LEVELS], unsigned int level, key_t128 key, unsigned int plen)
{
	unsigned int depth = level * STRIDE;
	struct lpm_leaf *spare = NULL;
	void *at = *path[level];

	if (!is_leaf(at)) {
		value_remove(at, prefix_bit(chunk_at(key, depth), plen - depth));
	} else if (level == 0) {
		leaf_free(t, leaf_of(at));
		t->root = NULL;
		return;
	} else {
		spare = leaf_of(at); /* what is left may need it */
		kid_remove(*path[--level], chunk_at(key, depth - STRIDE));
	}
	path_mend(t, path, level, key, spare);
}

void *
lpm_remove(struct lpm *t, const struct ip_addr *a, unsigned int plen)
{
	void **path[LEVELS], **place, *value;
	key_t128 key = key_of(a);
	unsigned int depth = 0, level = 0;
	struct lpm_node *n;

	if (plen == 0) {
		value = t->dflt;
		t->prefixes -= value != NULL;
		t->dflt = NULL;
		return (value);
	}
	path[0] = &t->root;
	for (; (n = *path[level]) != NULL && !is_leaf(n) && plen - depth > STRIDE; depth += STRIDE) {
		if (!kid_has(n, chunk_at(key, depth)))
			return (NULL);
		path[++level] = &n->slot[kid_place(n, chunk_at(key, depth))];
	}
	if ((place = prefix_place(*path[level], depth, key, plen)) == NULL)
		return (NULL);
	value = *place;
	prefix_remove(t, path, level, key, plen);
	t->prefixes--;
	dir_refresh(t, key, plen);
	dir_drop(t);
	return (value);
}

/* --- order --- */

struct walk {
	key_t128 after; /* prefixes up to (after, afterlen) are passed over */
	unsigned int afterlen;
	key_t128 key; /* of the one found */
	unsigned int plen;
};

/* Is the prefix behind the mark? */
static inline bool
walk_behind(const struct walk *w, key_t128 key, unsigned int plen)
{
	return (key > w->after || (key == w->after && plen > w->afterlen));
}

static void *
walk_found(struct walk *w, key_t128 key, unsigned int plen, void *value)
{
	w->key = key;
	w->plen = plen;
	return (value);
}

static void *
leaf_next(const struct lpm_leaf *l, struct walk *w)
{
	if (!walk_behind(w, l->key, (unsigned int)l->plen))
		return (NULL);
	return (walk_found(w, l->key, (unsigned int)l->plen, l->value));
}

/* Of the prefixes of n that begin at chunk c, shortest first, the first behind the mark. */
static void *
values_next(const struct lpm_node *n, key_t128 key, unsigned int c, unsigned int depth, struct walk *w)
{
	for (unsigned int l = 1; l <= STRIDE; l++) {
		unsigned int bit = prefix_bit(c, l);

		if ((beginners[c][bit / 64] >> bit % 64 & 1) != 0 && set_has(n, bit) && walk_behind(w, key, depth + l))
			return (walk_found(w, key, depth + l, n->slot[value_place(n, bit)]));
	}
	return (NULL);
}

/*
 * The first prefix behind the mark below node n, in the order of a binary
 * tree: those with the bits of this node, then what is below.  The recursion
 * is bounded by the 22 levels.
 */
static void *
node_next(const struct lpm_node *n, key_t128 base, unsigned int depth, struct walk *w)
{
	unsigned int c = (w->after & key_mask(depth)) == base ? chunk_at(w->after, depth) : 0;
	key_t128 key;
	void *kid, *v;

	for (; c < 64; c++) {
		key = depth + STRIDE <= 128 ? base | (key_t128)c << (128 - STRIDE - depth) :
		    base | (key_t128)c >> (depth + STRIDE - 128);
		if (((n->set[0] & beginners[c][0]) | (n->set[1] & beginners[c][1])) != 0 &&
		    (v = values_next(n, key, c, depth, w)) != NULL)
			return (v);
		if (!kid_has(n, c))
			continue;
		kid = n->slot[kid_place(n, c)];
		v = is_leaf(kid) ? leaf_next(leaf_of(kid), w) : node_next(kid, key, depth + STRIDE, w);
		if (v != NULL)
			return (v);
	}
	return (NULL);
}

void *
lpm_next(const struct lpm *t, struct ip_addr *a, unsigned int *plen, bool *started)
{
	struct walk w = { .after = 0, .afterlen = 0 };
	void *v;

	if (!*started) {
		*started = true;
		memset(a, 0, sizeof(*a));
		*plen = 0;
		if (t->dflt != NULL)
			return (t->dflt);
	} else {
		w.after = key_of(a);
		w.afterlen = *plen;
	}
	if (t->root == NULL)
		return (NULL);
	v = is_leaf(t->root) ? leaf_next(leaf_of(t->root), &w) : node_next(t->root, 0, 0, &w);
	if (v == NULL)
		return (NULL);
	be64enc(a->b, (uint64_t)(w.key >> 64));
	be64enc(a->b + 8, (uint64_t)w.key);
	*plen = w.plen;
	return (v);
}

void
lpm_init(struct lpm *t)
{
	memset(t, 0, sizeof(*t));
}

void
lpm_destroy(struct lpm *t)
{
	KASSERT(t->prefixes == 0 && t->root == NULL && t->dir == NULL);
}
