/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Longest-prefix match.
 *
 * A tree of nodes, six bits of the address a level.  A node holds the
 * prefixes that end inside its six bits, of length 1 to 6, as 126 bits of a
 * map: those of length l in the bits from 2^l - 2 on, in order.  64 more bits
 * say which values of the six go on in a node below.  What the bits stand
 * for lies in one block: the nodes below, packed, and behind them the
 * values, packed.  The place of one is the number of bits set before it.
 *
 * A prefix that is alone below a node is no chain of nodes but a leaf, which
 * stands in the place of a node and has its bits, length and value in the
 * same 32 bytes.  It becomes a node when a second prefix comes to its place,
 * and is made a leaf again when that goes.
 *
 * A node is 32 bytes, so each level of a look-up touches half a cache line
 * and the value one more; a leaf is its own value.  An IPv4 /24 is four
 * levels down, of which the first three stay in the cache; an IPv6 /48 is
 * found where its bits stop being shared.
 *
 * For an address the prefixes of a node that match it are six of the 126
 * bits; they are a table of masks.  Since longer ones have higher bits, the
 * highest bit that is left is the longest match.
 *
 * Change: a block is replaced by one of the next size.  Inserting makes all
 * new blocks first and then links them, so it can fail without a trace;
 * removing shrinks in place when there is no memory for a smaller block.
 *
 * (1) No block is empty, but the root's.
 * (2) Below every node but the root are two prefixes or more.
 */

#include <sys/endian.h>
#include <sys/pool.h>
#include <sys/systm.h>
#include <net/lpm.h>

#define STRIDE 6
#define LEVELS 22 /* 128 bits and a rest */

typedef unsigned __int128 key_t128;

struct lpm_block {
	uint64_t class; /* which pool */
};

#if defined(__x86_64__)
#define FAST __attribute__((target("popcnt")))
#else
#define FAST
#endif

/* --- blocks in a few sizes --- */

static const uint16_t sizes[] = { 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768,
	896, 1024, 1280, 1536, 1792, 2048, 2560, 3072 };
static struct pool pools[nitems(sizes)];
static uint64_t ancestors[64][2]; /* prefixes of a node that match a chunk */
static uint64_t beginners[64][2]; /* those whose first chunk it is */

void
lpm_sysinit(void)
{
	for (size_t i = 0; i < nitems(sizes); i++)
		pool_init(&pools[i], sizes[i], 16, "lpm");
	for (unsigned int c = 0; c < 64; c++)
		for (unsigned int l = 1; l <= STRIDE; l++) {
			unsigned int bit = (1U << l) - 2 + (c >> (STRIDE - l));

			ancestors[c][bit / 64] |= 1ULL << bit % 64;
			if ((c & ((1U << (STRIDE - l)) - 1)) == 0)
				beginners[c][bit / 64] |= 1ULL << bit % 64;
		}
}

static unsigned int
class_of(size_t bytes)
{
	unsigned int i = 0;

	while (sizes[i] < bytes)
		i++;
	return (i);
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
set_count(const struct lpm_node *n)
{
	return ((unsigned int)__builtin_popcountll(n->set[0]) + (unsigned int)__builtin_popcountll(n->set[1]));
}

/* Place of a prefix bit among the values. */
FAST static inline unsigned int
value_place(const struct lpm_node *n, unsigned int bit)
{
	if (bit < 64)
		return (bits_before(n->set[0], bit));
	return ((unsigned int)__builtin_popcountll(n->set[0]) + bits_before(n->set[1], bit - 64));
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

static inline struct lpm_node *
block_nodes(struct lpm_block *b)
{
	return ((struct lpm_node *)(void *)(b + 1));
}

static inline void **
block_values(struct lpm_block *b, unsigned int nkids)
{
	return ((void **)(void *)(block_nodes(b) + nkids));
}

FAST static inline struct lpm_node *
kid_get(const struct lpm_node *n, unsigned int chunk)
{
	return (block_nodes(n->block) + bits_before(n->kids, chunk));
}

static inline void **
value_get(const struct lpm_node *n, unsigned int bit)
{
	return (block_values(n->block, kids_count(n)) + value_place(n, bit));
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

/* --- leaves: set[] is the key, kids the length, block the value and a mark --- */

static inline bool
is_leaf(const struct lpm_node *n)
{
	return (((uintptr_t)n->block & 1) != 0);
}

static inline struct lpm_node
leaf_make(key_t128 key, unsigned int plen, void *value)
{
	key &= key_mask(plen);
	return ((struct lpm_node){ .set = { (uint64_t)(key >> 64), (uint64_t)key },
		.kids = plen,
		.block = (struct lpm_block *)(void *)((char *)value + 1) });
}

static inline key_t128
leaf_key(const struct lpm_node *n)
{
	return ((key_t128)n->set[0] << 64 | n->set[1]);
}

static inline unsigned int
leaf_plen(const struct lpm_node *n)
{
	return ((unsigned int)n->kids);
}

static inline void *
leaf_value(const struct lpm_node *n)
{
	return ((char *)n->block - 1);
}

static inline bool
leaf_is(const struct lpm_node *n, key_t128 key, unsigned int plen)
{
	return (leaf_plen(n) == plen && leaf_key(n) == (key & key_mask(plen)));
}

/* Does the leaf's prefix hold key, and is it at most maxlen long? */
static inline bool
leaf_holds(const struct lpm_node *n, key_t128 key, unsigned int maxlen)
{
	return (leaf_plen(n) <= maxlen && ((leaf_key(n) ^ key) & key_mask(leaf_plen(n))) == 0);
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

FAST void *
lpm_match(const struct lpm *t, const struct ip_addr *a, unsigned int maxlen)
{
	const struct lpm_node *n = &t->root, *best = NULL;
	const key_t128 whole = key_of(a);
	key_t128 key = whole;
	uint64_t b0 = 0, b1 = 0;

	for (unsigned int depth = 0; depth < maxlen; depth += STRIDE) {
		unsigned int chunk = (unsigned int)(key >> (128 - STRIDE));
		uint64_t m[2] = { n->set[0] & ancestors[chunk][0], n->set[1] & ancestors[chunk][1] };

		if (__predict_false(maxlen - depth < STRIDE))
			set_limit(m, maxlen - depth);
		if ((m[0] | m[1]) != 0) {
			best = n;
			b0 = m[0];
			b1 = m[1];
		}
		if (!kid_has(n, chunk))
			break;
		n = kid_get(n, chunk);
		if (is_leaf(n)) {
			if (leaf_holds(n, whole, maxlen))
				return (leaf_value(n));
			break;
		}
		key <<= STRIDE;
	}
	if (best == NULL)
		return (t->dflt);
	return (*value_get(best, b1 != 0 ? 127 - (unsigned int)__builtin_clzll(b1) : 63 - (unsigned int)__builtin_clzll(b0)));
}

void *
lpm_find(const struct lpm *t, const struct ip_addr *a, unsigned int plen)
{
	const struct lpm_node *n = &t->root;
	key_t128 key = key_of(a);
	unsigned int depth, bit;

	if (plen == 0)
		return (t->dflt);
	for (depth = 0; plen - depth > STRIDE; depth += STRIDE) {
		if (!kid_has(n, chunk_at(key, depth)))
			return (NULL);
		n = kid_get(n, chunk_at(key, depth));
		if (is_leaf(n))
			return (leaf_is(n, key, plen) ? leaf_value(n) : NULL);
	}
	bit = prefix_bit(chunk_at(key, depth), plen - depth);
	return (set_has(n, bit) ? *value_get(n, bit) : NULL);
}

/* --- change --- */

static struct lpm_block *
block_alloc(struct lpm *t, unsigned int nkids, unsigned int nvalues)
{
	unsigned int class = class_of(sizeof(struct lpm_block) + nkids * sizeof(struct lpm_node) + nvalues * sizeof(void *));
	struct lpm_block *b;

	if ((b = pool_get(&pools[class], PR_NOWAIT)) == NULL)
		return (NULL);
	b->class = class;
	t->bytes += sizes[class];
	return (b);
}

static void
block_free(struct lpm *t, struct lpm_block *b)
{
	if (b == NULL)
		return;
	t->bytes -= sizes[b->class];
	pool_put(&pools[b->class], b);
}

/*
 * A copy of n's block with room for a node at kid (or -1) and a value at
 * value (or -1), which are left for the caller to fill.  NULL: no memory.
 */
static struct lpm_block *
block_grow(struct lpm *t, const struct lpm_node *n, int kid, int value)
{
	unsigned int nk = kids_count(n), nv = set_count(n), i, to;
	struct lpm_block *b;
	void **from, **dst;

	if ((b = block_alloc(t, nk + (kid >= 0), nv + (value >= 0))) == NULL)
		return (NULL);
	if (n->block == NULL)
		return (b);
	for (i = to = 0; i < nk; i++) {
		to += (int)i == kid;
		block_nodes(b)[to++] = block_nodes(n->block)[i];
	}
	from = block_values(n->block, nk);
	dst = block_values(b, nk + (kid >= 0));
	for (i = to = 0; i < nv; i++) {
		to += (int)i == value;
		dst[to++] = from[i];
	}
	return (b);
}

/* n gets the value for bit.  0 or ENOMEM. */
static int
value_add(struct lpm *t, struct lpm_node *n, unsigned int bit, void *value)
{
	unsigned int place = value_place(n, bit);
	struct lpm_block *b;

	if ((b = block_grow(t, n, -1, (int)place)) == NULL)
		return (ENOMEM);
	block_free(t, n->block);
	n->block = b;
	n->set[bit / 64] |= 1ULL << bit % 64;
	block_values(b, kids_count(n))[place] = value;
	return (0);
}

/* n gets the node below for chunk.  0 or ENOMEM. */
static int
kid_add(struct lpm *t, struct lpm_node *n, unsigned int chunk, const struct lpm_node *kid)
{
	unsigned int place = bits_before(n->kids, chunk);
	struct lpm_block *b;

	if ((b = block_grow(t, n, (int)place, -1)) == NULL)
		return (ENOMEM);
	block_free(t, n->block);
	n->block = b;
	n->kids |= 1ULL << chunk;
	block_nodes(b)[place] = *kid;
	t->nodes += !is_leaf(kid);
	return (0);
}

/* Frees a chain of nodes that was never linked. */
static void
chain_free(struct lpm *t, struct lpm_node *n)
{
	struct lpm_node below;

	for (; n->block != NULL && !is_leaf(n); *n = below) {
		below = (struct lpm_node){ .block = NULL };
		if (kids_count(n) == 1)
			below = block_nodes(n->block)[0];
		t->nodes -= below.block != NULL && !is_leaf(&below);
		block_free(t, n->block);
	}
}

/* n, at depth, gets a prefix that goes no further with another: value or leaf. */
static int
prefix_add(struct lpm *t, struct lpm_node *n, unsigned int depth, key_t128 key, unsigned int plen, void *value)
{
	struct lpm_node leaf;

	if (plen - depth <= STRIDE)
		return (value_add(t, n, prefix_bit(chunk_at(key, depth), plen - depth), value));
	leaf = leaf_make(key, plen, value);
	return (kid_add(t, n, chunk_at(key, depth), &leaf));
}

/* Do both prefixes go on below a node at depth, by the same chunk? */
static bool
go_together(key_t128 a, unsigned int alen, key_t128 b, unsigned int blen, unsigned int depth)
{
	return (alen - depth > STRIDE && blen - depth > STRIDE && chunk_at(a, depth) == chunk_at(b, depth));
}

/*
 * In place of a leaf at depth: a node that holds it and another prefix, below
 * a chain of nodes for what they share.  0 or ENOMEM, *leaf is unchanged.
 */
static int
leaf_split(struct lpm *t, struct lpm_node *leaf, unsigned int depth, key_t128 key, unsigned int plen, void *value)
{
	key_t128 old = leaf_key(leaf);
	struct lpm_node n = { .block = NULL }, up;
	unsigned int d = depth;
	int error;

	while (go_together(old, leaf_plen(leaf), key, plen, d))
		d += STRIDE;
	if ((error = prefix_add(t, &n, d, old, leaf_plen(leaf), leaf_value(leaf))) == 0)
		error = prefix_add(t, &n, d, key, plen, value);
	for (; error == 0 && d > depth; n = up) {
		d -= STRIDE;
		up = (struct lpm_node){ .block = NULL };
		if ((error = kid_add(t, &up, chunk_at(key, d), &n)) != 0)
			break;
	}
	if (error != 0) {
		chain_free(t, &n);
		return (error);
	}
	*leaf = n;
	t->nodes++;
	return (0);
}

/* At the leaf where the prefix's way ends: the same prefix, or another one. */
static int
leaf_insert(struct lpm *t, struct lpm_node *leaf, unsigned int depth, key_t128 key, unsigned int plen, void *value)
{
	int error;

	if (leaf_is(leaf, key, plen)) {
		*leaf = leaf_make(key, plen, value);
		return (0);
	}
	error = leaf_split(t, leaf, depth, key, plen, value);
	t->prefixes += error == 0;
	return (error);
}

int
lpm_insert(struct lpm *t, const struct ip_addr *a, unsigned int plen, void *value)
{
	struct lpm_node *n = &t->root;
	key_t128 key = key_of(a);
	unsigned int depth = 0, bit;
	int error;

	KASSERT(value != NULL && ((uintptr_t)value & 1) == 0 && plen <= 128);
	if (plen == 0) {
		t->prefixes += t->dflt == NULL;
		t->dflt = value;
		return (0);
	}
	for (; plen - depth > STRIDE && kid_has(n, chunk_at(key, depth)); depth += STRIDE) {
		n = kid_get(n, chunk_at(key, depth));
		if (is_leaf(n))
			return (leaf_insert(t, n, depth + STRIDE, key, plen, value));
	}
	if (plen - depth <= STRIDE) {
		bit = prefix_bit(chunk_at(key, depth), plen - depth);
		if (set_has(n, bit)) {
			*value_get(n, bit) = value;
			return (0);
		}
	}
	error = prefix_add(t, n, depth, key, plen, value);
	t->prefixes += error == 0;
	return (error);
}

/* Closes the gap of a node or value in n's block, in a smaller one if there
 * is memory.  The bit is cleared already; nk and nv are the counts before. */
static void
block_shrink(struct lpm *t, struct lpm_node *n, int kid, int value, unsigned int nk, unsigned int nv)
{
	struct lpm_block *old = n->block, *b;
	unsigned int k2 = nk - (kid >= 0), v2 = nv - (value >= 0), i, to;
	void **from, **dst;

	if (k2 + v2 == 0) {
		block_free(t, old);
		n->block = NULL;
		return;
	}
	b = old;
	if (class_of(sizeof(*b) + k2 * sizeof(struct lpm_node) + v2 * sizeof(void *)) < old->class &&
	    (b = block_alloc(t, k2, v2)) == NULL)
		b = old;
	/* nodes first: values only move towards the front, behind them */
	from = block_values(old, nk);
	for (i = to = 0; i < nk; i++)
		if ((int)i != kid)
			block_nodes(b)[to++] = block_nodes(old)[i];
	dst = block_values(b, k2);
	for (i = to = 0; i < nv; i++)
		if ((int)i != value)
			dst[to++] = from[i];
	if (b != old)
		block_free(t, old);
	n->block = b;
}

/* Takes the node or leaf of chunk, whose block is gone, out of n. */
static void
kid_remove(struct lpm *t, struct lpm_node *n, unsigned int chunk)
{
	unsigned int nk = kids_count(n), nv = set_count(n), place = bits_before(n->kids, chunk);

	n->kids &= ~(1ULL << chunk);
	block_shrink(t, n, (int)place, -1, nk, nv);
}

static void
value_remove(struct lpm *t, struct lpm_node *n, unsigned int bit)
{
	unsigned int nk = kids_count(n), nv = set_count(n), place = value_place(n, bit);

	n->set[bit / 64] &= ~(1ULL << bit % 64);
	block_shrink(t, n, -1, (int)place, nk, nv);
}

/* The only value of a node at depth on the way of key, as a leaf. */
static struct lpm_node
value_leaf(const struct lpm_node *n, unsigned int depth, key_t128 key)
{
	unsigned int bit, len;
	key_t128 chunk;

	if (n->set[0] != 0)
		bit = (unsigned int)__builtin_ctzll(n->set[0]);
	else
		bit = 64 + (unsigned int)__builtin_ctzll(n->set[1]);
	len = 31 - (unsigned int)__builtin_clz(bit + 2);
	chunk = bit + 2 - (1U << len); /* of len bits, behind the first depth of key */
	return (leaf_make((key & key_mask(depth)) | chunk << (128 - depth - len), depth + len,
	    block_values(n->block, 0)[0]));
}

/* A node with one prefix left becomes a leaf.  False: it has more. */
static bool
node_fold(struct lpm *t, struct lpm_node *n, unsigned int depth, key_t128 key)
{
	unsigned int nk = kids_count(n), nv = set_count(n);
	struct lpm_node leaf;

	if (nk + nv != 1 || (nk == 1 && !is_leaf(block_nodes(n->block))))
		return (false);
	leaf = nk == 1 ? block_nodes(n->block)[0] : value_leaf(n, depth, key);
	block_free(t, n->block);
	*n = leaf;
	t->nodes--;
	return (true);
}

void *
lpm_remove(struct lpm *t, const struct ip_addr *a, unsigned int plen)
{
	struct lpm_node *path[LEVELS], *n = &t->root, *kid;
	key_t128 key = key_of(a);
	unsigned int depth = 0, level = 0, bit;
	void *value;

	if (plen == 0) {
		value = t->dflt;
		t->prefixes -= value != NULL;
		t->dflt = NULL;
		return (value);
	}
	for (path[0] = n; plen - depth > STRIDE; depth += STRIDE) {
		if (!kid_has(n, chunk_at(key, depth)))
			return (NULL);
		kid = kid_get(n, chunk_at(key, depth));
		if (is_leaf(kid))
			break;
		path[++level] = n = kid;
	}
	if (plen - depth > STRIDE) {
		if (!leaf_is(kid, key, plen))
			return (NULL);
		value = leaf_value(kid);
		kid_remove(t, n, chunk_at(key, depth));
	} else {
		bit = prefix_bit(chunk_at(key, depth), plen - depth);
		if (!set_has(n, bit))
			return (NULL);
		value = *value_get(n, bit);
		value_remove(t, n, bit);
	}
	while (level > 0 && node_fold(t, path[level], level * STRIDE, key))
		level--;
	t->prefixes--;
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

/* Of the prefixes of n that begin at chunk c, shortest first, the first behind the mark. */
static void *
values_next(const struct lpm_node *n, key_t128 key, unsigned int c, unsigned int depth, struct walk *w)
{
	for (unsigned int l = 1; l <= STRIDE; l++) {
		unsigned int bit = prefix_bit(c, l);

		if ((beginners[c][bit / 64] >> bit % 64 & 1) != 0 && set_has(n, bit) && walk_behind(w, key, depth + l))
			return (walk_found(w, key, depth + l, *value_get(n, bit)));
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
	const struct lpm_node *kid;
	key_t128 key;
	void *v;

	for (; c < 64; c++) {
		key = depth + STRIDE <= 128 ? base | (key_t128)c << (128 - STRIDE - depth) :
		    base | (key_t128)c >> (depth + STRIDE - 128);
		if (((n->set[0] & beginners[c][0]) | (n->set[1] & beginners[c][1])) != 0 &&
		    (v = values_next(n, key, c, depth, w)) != NULL)
			return (v);
		if (!kid_has(n, c))
			continue;
		kid = kid_get(n, c);
		if (!is_leaf(kid))
			v = node_next(kid, key, depth + STRIDE, w);
		else
			v = walk_behind(w, leaf_key(kid), leaf_plen(kid)) ?
			    walk_found(w, leaf_key(kid), leaf_plen(kid), leaf_value(kid)) : NULL;
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
	if ((v = node_next(&t->root, 0, 0, &w)) == NULL)
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
	KASSERT(t->prefixes == 0 && t->root.block == NULL);
}
