/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Trees against an array of what should be in them, and their invariants. */

#include <sys/systm.h>
#include <sys/tree.h>
#include <ktest.h>

#define N 600

struct item {
	int key;
	bool in; /* the model */
	RB_ENTRY(item) node;
};
static int
item_cmp(const struct item *a, const struct item *b)
{
	return (a->key < b->key ? -1 : a->key > b->key);
}
RB_HEAD(items, item);
RB_GENERATE_STATIC(items, item, node, item_cmp);
_Static_assert(sizeof(RB_ENTRY(item)) == 3 * sizeof(void *), "three pointers");

static struct items tree = RB_INITIALIZER(&tree);
static struct item item[N];

/* The rank of n, found from below; every rule on the way. */
static int
rank(const struct rb_node *n, const struct rb_node *parent, int *height)
{
	int r[2], h[2], diff;
	int mine;

	*height = 0;
	if (n == NULL)
		return (-1);
	KT(rb_parent(n) == parent);
	for (int i = 0; i < 2; i++)
		r[i] = rank(n->rb_child[i], n, &h[i]);
	*height = 1 + MAX(h[0], h[1]);
	/* the rank by the left child must be the rank by the right child */
	mine = r[0] + (rb_parity(n->rb_child[0]) == rb_parity(n) ? 2 : 1);
	diff = r[1] + (rb_parity(n->rb_child[1]) == rb_parity(n) ? 2 : 1);
	KT_EQ(mine, diff);
	if (r[0] == -1 && r[1] == -1)
		KT_EQ(mine, 0);
	KT_EQ(mine & 1, rb_parity(n));
	return (mine);
}

static int
tree_check(void)
{
	int height;

	rank(tree.rbh_root, NULL, &height);
	return (height);
}

static void
order_check(void)
{
	struct item *it = RB_MIN(items, &tree), *back = RB_MAX(items, &tree);

	for (int i = 0; i < N; i++) {
		if (!item[i].in)
			continue;
		KT(it == &item[i]);
		it = RB_NEXT(items, &tree, it);
	}
	KT(it == NULL);
	for (int i = N - 1; i >= 0; i--) {
		if (!item[i].in)
			continue;
		KT(back == &item[i]);
		back = RB_PREV(items, &tree, back);
	}
	KT(back == NULL);
}

static void
find_check(int i)
{
	struct item key = { .key = item[i].key }, *next = NULL;

	KT(RB_FIND(items, &tree, &key) == (item[i].in ? &item[i] : NULL));
	for (int j = i; j < N && next == NULL; j++)
		if (item[j].in)
			next = &item[j];
	KT(RB_NFIND(items, &tree, &key) == next);
	key.key++; /* keys are even: this one is never there */
	KT(RB_FIND(items, &tree, &key) == NULL);
}

KTEST(tree_random_against_model)
{
	for (int i = 0; i < N; i++)
		item[i].key = 2 * i - N;
	for (int step = 0; step < 30000; step++) {
		int i = (int)arc4random_uniform(N);
		struct item twin = { .key = item[i].key };
		/* grow, then hover, then shrink */
		bool add = arc4random_uniform(10) < (step < 10000        ? 7U :
							    step < 20000 ? 5U :
									   3U);

		if (add && item[i].in) {
			KT(RB_INSERT(items, &tree, &twin) == &item[i]);
		} else if (add) {
			KT(RB_INSERT(items, &tree, &item[i]) == NULL);
			item[i].in = true;
		} else if (item[i].in) {
			KT(RB_REMOVE(items, &tree, &item[i]) == &item[i]);
			item[i].in = false;
		}
		find_check(i);
		if (step % 16 == 0)
			tree_check();
		if (step % 256 == 0)
			order_check();
	}
	tree_check();
	order_check();
}

/* Every order of insertion and of removal of up to six elements. */
static void
permute(int *perm, int n, int k, void (*fn)(const int *, int))
{
	int t;

	if (k == n) {
		fn(perm, n);
		return;
	}
	for (int i = k; i < n; i++) {
		t = perm[k], perm[k] = perm[i], perm[i] = t;
		permute(perm, n, k + 1, fn);
		t = perm[k], perm[k] = perm[i], perm[i] = t;
	}
}

static const int *inserted;

static void
removed(const int *perm, int n)
{
	for (int i = 0; i < n; i++) {
		KT(RB_INSERT(items, &tree, &item[inserted[i]]) == NULL);
		tree_check();
	}
	for (int i = 0; i < n; i++) {
		RB_REMOVE(items, &tree, &item[perm[i]]);
		tree_check();
	}
	KT(RB_EMPTY(&tree));
}

static void
insert_then_remove_all_ways(const int *perm, int n)
{
	int other[6] = { 0 };

	inserted = perm;
	for (int i = 0; i < n; i++)
		other[i] = i;
	permute(other, n, 0, removed);
}

KTEST(tree_all_orders_of_few)
{
	int perm[6] = { 0, 1, 2, 3, 4, 5 };

	for (int i = 0; i < 6; i++)
		item[i].key = i;
	for (int n = 1; n <= 5; n++)
		permute(perm, n, 0, insert_then_remove_all_ways);
}

KTEST(tree_height_is_that_of_avl_while_growing)
{
	for (int i = 0; i < N; i++) {
		item[i].key = i;
		RB_INSERT(items, &tree, &item[i]);
	}
	KT(tree_check() <= 13); /* 1.44 log2 600 = 13.3 */
}

KTEST(tree_foreach_safe_may_remove)
{
	struct item *it, *next;
	int seen = 0;

	for (int i = 0; i < N; i++) {
		item[i].key = i;
		RB_INSERT(items, &tree, &item[i]);
	}
	RB_FOREACH_SAFE(it, items, &tree, next) {
		KT_EQ(it->key, seen++);
		RB_REMOVE(items, &tree, it);
		memset(&it->node, 0xdd, sizeof(it->node));
	}
	KT_EQ(seen, N);
	KT(RB_ROOT(items, &tree) == NULL && RB_MIN(items, &tree) == NULL);
	RB_FOREACH_REVERSE(it, items, &tree)
	seen++;
	KT_EQ(seen, N);
}
