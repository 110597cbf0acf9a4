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
 * A node is 32 bytes, so each level of a look-up touches half a cache line
 * and the value one more.  An IPv4 /24 is four levels down, of which the
 * first three stay in the cache.
 *
 * For an address the prefixes of a node that match it are six of the 126
 * bits; they are a table of masks.  Since longer ones have higher bits, the
 * highest bit that is left is the longest match.
 *
 * Change: a block is replaced by one of the next size.  Inserting makes all
 * new blocks first and then links them, so it can fail without a trace;
 * removing shrinks in place when there is no memory for a smaller block.
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

void
lpm_sysinit(void)
{
	for (size_t i = 0; i < nitems(sizes); i++)
		pool_init(&pools[i], sizes[i], 16, "lpm");
	for (unsigned int c = 0; c < 64; c++)
		for (unsigned int l = 1; l <= STRIDE; l++) {
			unsigned int bit = (1U << l) - 2 + (c >> (STRIDE - l));

			ancestors[c][bit / 64] |= 1ULL << bit % 64;
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
	key_t128 key = key_of(a);
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
	t->nodes++;
	return (0);
}

/* Frees a chain of nodes that was never linked. */
static void
chain_free(struct lpm *t, struct lpm_node *n)
{
	while (n->block != NULL) {
		struct lpm_node below = kids_count(n) > 0 ? block_nodes(n->block)[0] : (struct lpm_node){ .block = NULL };

		t->nodes -= kids_count(n);
		block_free(t, n->block);
		*n = below;
	}
}

/* The nodes from depth down to the prefix, bottom first, not linked yet. */
static int
chain_make(struct lpm *t, key_t128 key, unsigned int depth, unsigned int plen, void *value, struct lpm_node *top)
{
	unsigned int d = (plen - 1) / STRIDE * STRIDE;
	struct lpm_node n = { .block = NULL }, up;
	int error;

	error = value_add(t, &n, prefix_bit(chunk_at(key, d), plen - d), value);
	for (; error == 0 && d > depth; n = up) {
		d -= STRIDE;
		up = (struct lpm_node){ .block = NULL };
		if ((error = kid_add(t, &up, chunk_at(key, d), &n)) != 0)
			break;
	}
	if (error != 0)
		chain_free(t, &n);
	*top = n;
	return (error);
}

int
lpm_insert(struct lpm *t, const struct ip_addr *a, unsigned int plen, void *value)
{
	struct lpm_node *n = &t->root, below;
	key_t128 key = key_of(a);
	unsigned int depth = 0, bit;
	int error;

	KASSERT(value != NULL && plen <= 128);
	if (plen == 0) {
		t->prefixes += t->dflt == NULL;
		t->dflt = value;
		return (0);
	}
	for (; plen - depth > STRIDE && kid_has(n, chunk_at(key, depth)); depth += STRIDE)
		n = kid_get(n, chunk_at(key, depth));
	if (plen - depth <= STRIDE) {
		bit = prefix_bit(chunk_at(key, depth), plen - depth);
		if (set_has(n, bit)) {
			*value_get(n, bit) = value;
			return (0);
		}
		error = value_add(t, n, bit, value);
	} else {
		if ((error = chain_make(t, key, depth + STRIDE, plen, value, &below)) != 0)
			return (error);
		if ((error = kid_add(t, n, chunk_at(key, depth), &below)) != 0)
			chain_free(t, &below);
	}
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

void *
lpm_remove(struct lpm *t, const struct ip_addr *a, unsigned int plen)
{
	struct lpm_node *path[LEVELS], *n = &t->root;
	key_t128 key = key_of(a);
	unsigned int depth = 0, level = 0, bit, nk, nv, place;
	void *value;

	if (plen == 0) {
		value = t->dflt;
		t->prefixes -= value != NULL;
		t->dflt = NULL;
		return (value);
	}
	path[0] = n;
	for (; plen - depth > STRIDE; depth += STRIDE) {
		if (!kid_has(n, chunk_at(key, depth)))
			return (NULL);
		path[++level] = n = kid_get(n, chunk_at(key, depth));
	}
	bit = prefix_bit(chunk_at(key, depth), plen - depth);
	if (!set_has(n, bit))
		return (NULL);
	value = *value_get(n, bit);
	nk = kids_count(n);
	nv = set_count(n);
	place = value_place(n, bit);
	n->set[bit / 64] &= ~(1ULL << bit % 64);
	block_shrink(t, n, -1, (int)place, nk, nv);
	for (; level > 0 && path[level]->block == NULL; level--) {
		unsigned int chunk = chunk_at(key, (level - 1) * STRIDE);

		n = path[level - 1];
		nk = kids_count(n);
		nv = set_count(n);
		place = bits_before(n->kids, chunk);
		n->kids &= ~(1ULL << chunk);
		block_shrink(t, n, (int)place, -1, nk, nv);
		t->nodes--;
	}
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

static inline key_t128
key_mask(unsigned int plen)
{
	return (plen == 0 ? 0 : ~(key_t128)0 << (128 - plen));
}

/* Is all that starts with (key, plen) at or before the mark? */
static bool
walk_past(const struct walk *w, key_t128 key, unsigned int plen)
{
	key_t128 last = key | ~key_mask(plen);

	return (last < w->after || (last == w->after && w->afterlen >= 128));
}

/*
 * The first prefix behind the mark below node n, in the order of a binary
 * tree: those with the bits of this node, then what is below.  The recursion
 * is bounded by the 22 levels; within a node it is a loop over its prefixes.
 */
static void *
node_next(const struct lpm_node *n, key_t128 base, unsigned int depth, struct walk *w)
{
	void *v;

	for (unsigned int c = 0; c < 64; c++) {
		key_t128 key = depth + STRIDE <= 128 ? base | (key_t128)c << (128 - STRIDE - depth) :
		    base | (key_t128)c >> (depth + STRIDE - 128);

		if (walk_past(w, key, MIN(depth + STRIDE, 128)))
			continue;
		/* the prefixes that begin at this chunk, shortest first */
		for (unsigned int l = 1; l <= STRIDE; l++) {
			unsigned int bit = prefix_bit(c, l);

			if ((c & ((1U << (STRIDE - l)) - 1)) != 0 || !set_has(n, bit))
				continue;
			if (key < w->after || (key == w->after && depth + l <= w->afterlen))
				continue;
			w->key = key;
			w->plen = depth + l;
			return (*value_get(n, bit));
		}
		if (kid_has(n, c) && (v = node_next(kid_get(n, c), key, depth + STRIDE, w)) != NULL)
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
