/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The tree of prefixes against a list of them. */

#include <sys/systm.h>
#include <net/lpm.h>
#include <ktest.h>

#define N 400

static struct {
	struct ip_addr a;
	unsigned int plen;
	bool in;
	int value;
} model[N];
static struct lpm tree;

static void
random_prefix(size_t i, unsigned int bits)
{
	arc4random_buf(model[i].a.b, 16);
	/* few distinct bits, so that prefixes nest and share nodes */
	for (int b = 0; b < 16; b++)
		model[i].a.b[b] &= 0x91;
	if (bits == 32)
		memset(model[i].a.b + 4, 0, 12);
	model[i].plen = arc4random_uniform(bits + 1);
	ip_addr_mask(&model[i].a, model[i].plen);
}

static const void *
model_match(const struct ip_addr *a, unsigned int maxlen)
{
	const void *best = NULL;
	unsigned int len = 0;

	for (size_t i = 0; i < N; i++)
		if (model[i].in && model[i].plen <= maxlen && (best == NULL || model[i].plen > len) &&
		    ip_addr_inprefix(a, &model[i].a, model[i].plen)) {
			best = &model[i];
			len = model[i].plen;
		}
	return (best);
}

static bool
model_has(size_t i)
{
	for (size_t k = 0; k < N; k++)
		if (k != i && model[k].in && model[k].plen == model[i].plen && ip_addr_eq(&model[k].a, &model[i].a))
			return (true);
	return (false);
}

static void
walk_check(void)
{
	struct ip_addr a, last = { .q = { 0, 0 } };
	unsigned int plen, lastlen = 0, n = 0;
	bool started = false;
	void *v;

	while ((v = lpm_next(&tree, &a, &plen, &started)) != NULL) {
		int c = memcmp(a.b, last.b, 16);

		KT(n == 0 || c > 0 || (c == 0 && plen > lastlen));
		KT(v == lpm_find(&tree, &a, plen));
		last = a;
		lastlen = plen;
		n++;
	}
	KT_EQ(n, tree.prefixes);
}

static void
random_run(unsigned int bits, int steps)
{
	struct ip_addr probe;

	memset(model, 0, sizeof(model));
	lpm_init(&tree);
	for (int s = 0; s < steps; s++) {
		size_t i = arc4random_uniform(N);

		if (model[i].in) {
			KT(lpm_remove(&tree, &model[i].a, model[i].plen) == &model[i]);
			model[i].in = false;
		} else {
			random_prefix(i, bits);
			if (model_has(i))
				continue;
			KT_EQ(lpm_insert(&tree, &model[i].a, model[i].plen, &model[i]), 0);
			model[i].in = true;
		}
		probe = model[arc4random_uniform(N)].a;
		probe.b[arc4random_uniform(bits / 8)] ^= (uint8_t)(1 << arc4random_uniform(8));
		KT(lpm_match(&tree, &probe, bits) == model_match(&probe, bits));
		i = arc4random_uniform(bits + 1);
		KT(lpm_match(&tree, &probe, (unsigned int)i) == model_match(&probe, (unsigned int)i));
		if (s % 512 == 0)
			walk_check();
	}
	for (size_t i = 0; i < N; i++)
		if (model[i].in)
			KT(lpm_remove(&tree, &model[i].a, model[i].plen) == &model[i]);
	lpm_destroy(&tree);
	KT_EQ(tree.bytes, 0);
	KT_EQ(tree.nodes, 0);
}

KTEST(lpm_random_v4)
{
	lpm_sysinit();
	random_run(32, 20000);
}

KTEST(lpm_random_v6)
{
	lpm_sysinit();
	random_run(128, 20000);
}

KTEST(lpm_without_memory)
{
	struct ip_addr a;
	uint64_t bytes;
	long live;
	int error;

	lpm_sysinit();
	lpm_init(&tree);
	for (int s = 0; s < 3000; s++) {
		arc4random_buf(a.b, 16);
		bytes = tree.bytes;
		live = sim_live();
		sim_fail_nth(1 + (long)arc4random_uniform(24));
		error = lpm_insert(&tree, &a, arc4random_uniform(129), &tree);
		sim_fail_nth(0);
		if (error != 0) {
			KT_EQ(tree.bytes, bytes);
			KT_EQ(sim_live(), live);
		}
		sim_fail_nth(1);
		if (s % 3 == 0) {
			bool started = false;
			unsigned int plen;

			if (lpm_next(&tree, &a, &plen, &started) != NULL)
				KT(lpm_remove(&tree, &a, plen) == &tree);
		}
		sim_fail_nth(0);
	}
	walk_check();
}

/* Prefixes that share many bits: leaves are split, chains are made, or not. */
KTEST(lpm_without_memory_in_clusters)
{
	uint64_t bytes, nodes, prefixes;
	unsigned int failed = 0;
	int error;

	lpm_sysinit();
	lpm_init(&tree);
	for (int s = 0; s < 20000; s++) {
		size_t i = arc4random_uniform(N);

		if (model[i].in) {
			sim_fail_nth(1);
			KT(lpm_remove(&tree, &model[i].a, model[i].plen) == &model[i]);
			sim_fail_nth(0);
			model[i].in = false;
			continue;
		}
		random_prefix(i, 128);
		memset(model[i].a.b, 0x20, 6 + arc4random_uniform(6));
		ip_addr_mask(&model[i].a, model[i].plen);
		if (model_has(i))
			continue;
		bytes = tree.bytes;
		nodes = tree.nodes;
		prefixes = tree.prefixes;
		sim_fail_nth(1 + (long)arc4random_uniform(8));
		error = lpm_insert(&tree, &model[i].a, model[i].plen, &model[i]);
		sim_fail_nth(0);
		model[i].in = error == 0;
		failed += error != 0;
		KT(error == 0 || (tree.bytes == bytes && tree.nodes == nodes && tree.prefixes == prefixes));
		KT(lpm_match(&tree, &model[i].a, 128) == model_match(&model[i].a, 128));
		if (s % 1024 == 0)
			walk_check();
	}
	KT(failed > 1000);
	for (size_t i = 0; i < N; i++)
		if (model[i].in)
			KT(lpm_remove(&tree, &model[i].a, model[i].plen) == &model[i]);
	lpm_destroy(&tree);
	KT_EQ(tree.bytes, 0);
	KT_EQ(tree.nodes, 0);
}
