/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Trees: one find of a random key among so many, 16-byte keys. */

#include <sys/systm.h>
#include <sys/tree.h>
#include <ktest.h>
#include <machine/host.h>

#define MAX_NODES 1000000

struct item {
	RB_ENTRY(item) node;
	uint64_t key[2];
};
static int
item_cmp(const struct item *a, const struct item *b)
{
	if (a->key[0] != b->key[0])
		return (a->key[0] < b->key[0] ? -1 : 1);
	return (a->key[1] < b->key[1] ? -1 : a->key[1] > b->key[1]);
}
RB_HEAD(items, item);
RB_GENERATE_STATIC(items, item, node, item_cmp);

static struct items tree;
static struct item *item;

static uint64_t
scatter(uint64_t i)
{
	i *= 0x9e3779b97f4a7c15ULL;
	return (i ^ i >> 29);
}

static void
fill(uint64_t count)
{
	if (item != NULL)
		return;
	item = host_region(sizeof(*item) * MAX_NODES);
	for (uint64_t i = 0; i < count; i++) {
		item[i].key[0] = scatter(i);
		RB_INSERT(items, &tree, &item[i]);
	}
}

static void
find(unsigned long n, uint64_t count)
{
	struct item key = { .key = { 0, 0 } };
	uint64_t at = 1, found = 0;

	fill(count);
	kb_start();
	for (; n > 0; n--) {
		at = at * 6364136223846793005ULL + 1442695040888963407ULL;
		key.key[0] = scatter((at >> 33) % count);
		found += RB_FIND(items, &tree, &key) != NULL;
	}
	kb_stop();
	KT(found > 0);
}

static void
remove_insert(unsigned long n, uint64_t count)
{
	uint64_t at = 1;

	fill(count);
	kb_start();
	for (; n > 0; n--) {
		at = at * 6364136223846793005ULL + 1442695040888963407ULL;
		RB_REMOVE(items, &tree, &item[(at >> 33) % count]);
		RB_INSERT(items, &tree, &item[(at >> 33) % count]);
	}
}

KBENCH(tree_find_1k, 1)
{
	find(n, 1000);
}
KBENCH(tree_find_100k, 1)
{
	find(n, 100000);
}
KBENCH(tree_find_1M, 1)
{
	find(n, MAX_NODES);
}
KBENCH(tree_remove_insert_1k, 1)
{
	remove_insert(n, 1000);
}
KBENCH(tree_remove_insert_100k, 1)
{
	remove_insert(n, 100000);
}
