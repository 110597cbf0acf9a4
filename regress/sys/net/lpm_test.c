/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The tree of prefixes against a list of them. */

#include <sys/endian.h>
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

/* Another value for a prefix that is there, and its own again. */
static void
value_change(size_t i)
{
	static int other;

	KT_EQ(lpm_insert(&tree, &model[i].a, model[i].plen, &other), 0);
	KT(lpm_find(&tree, &model[i].a, model[i].plen) == &other);
	KT(lpm_match(&tree, &model[i].a, model[i].plen) == &other);
	KT(model_match(&model[i].a, 128) != &model[i] || lpm_match(&tree, &model[i].a, 128) == &other);
	KT_EQ(lpm_insert(&tree, &model[i].a, model[i].plen, &model[i]), 0);
}

/* Many at once find what each finds alone. */
static void
many_check(unsigned int bits)
{
	struct ip_addr probe[40];
	void *v[40];
	unsigned int n = arc4random_uniform(41);

	for (unsigned int i = 0; i < n; i++) {
		probe[i] = model[arc4random_uniform(N)].a;
		probe[i].b[arc4random_uniform(bits / 8)] ^= (uint8_t)(1 << arc4random_uniform(8));
	}
	lpm_match_many(&tree, probe, n, bits, v);
	for (unsigned int i = 0; i < n; i++)
		KT(v[i] == lpm_match(&tree, &probe[i], bits));
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
		if (s % 16 == 0)
			many_check(bits);
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

/*
 * A set that is large enough for a directory: the small one of the model, in
 * an eighth of the addresses, is changed beside many prefixes that stay.
 */
static void
crowd(bool in)
{
	struct ip_addr a;
	static int other;

	for (unsigned int i = 0; i < 70000; i++) {
		memset(&a, 0, sizeof(a));
		be32enc(a.b, 0x6e000000 | i << 8);
		if (in)
			KT_EQ(lpm_insert(&tree, &a, 24, &other), 0);
		else
			KT(lpm_remove(&tree, &a, 24) == &other);
	}
}

static void
directory_run(unsigned int bits, int steps, long fail)
{
	struct ip_addr probe;

	memset(model, 0, sizeof(model));
	lpm_init(&tree);
	sim_fail_nth(0);
	crowd(true);
	KT(tree.dir != NULL);
	for (int s = 0; s < steps; s++) {
		size_t i = arc4random_uniform(N);

		sim_fail_nth(fail > 0 ? 1 + (long)arc4random_uniform((uint32_t)fail) : 0);
		if (model[i].in) {
			KT(lpm_remove(&tree, &model[i].a, model[i].plen) == &model[i]);
			model[i].in = false;
		} else {
			random_prefix(i, bits);
			/* one of few ways through the first 18 bits */
			if (arc4random_uniform(2) == 0)
				memset(model[i].a.b, 0x10, 2);
			ip_addr_mask(&model[i].a, model[i].plen);
			if (!model_has(i))
				model[i].in = lpm_insert(&tree, &model[i].a, model[i].plen, &model[i]) == 0;
		}
		sim_fail_nth(0);
		if (model[i].in)
			value_change(i);
		for (int k = 0; k < 4; k++) {
			probe = model[arc4random_uniform(N)].a;
			probe.b[arc4random_uniform(bits / 8)] ^= (uint8_t)(1 << arc4random_uniform(8));
			if (probe.b[0] < 0x6e || probe.b[0] > 0x6f)
				KT(lpm_match(&tree, &probe, bits) == model_match(&probe, bits));
		}
		if (s % 16 == 0)
			many_check(bits);
	}
	crowd(false);
	KT(tree.dir == NULL);
	for (size_t i = 0; i < N; i++)
		if (model[i].in)
			KT(lpm_remove(&tree, &model[i].a, model[i].plen) == &model[i]);
	lpm_destroy(&tree);
	KT_EQ(tree.bytes, 0);
	KT_EQ(tree.nodes, 0);
}

KTEST(lpm_directory_v4)
{
	lpm_sysinit();
	directory_run(32, 10000, 0);
}

KTEST(lpm_directory_v6)
{
	lpm_sysinit();
	directory_run(128, 10000, 0);
}

KTEST(lpm_directory_without_memory)
{
	lpm_sysinit();
	directory_run(128, 10000, 4);
}

/* No memory for the directory: the set is as good without, and gets it later. */
KTEST(lpm_directory_later)
{
	struct ip_addr a;

	lpm_sysinit();
	lpm_init(&tree);
	for (unsigned int i = 0; i < 131072; i++) {
		memset(&a, 0, sizeof(a));
		be32enc(a.b, i << 8);
		/* its node has room: the directory alone asks for memory */
		sim_fail_nth(i == 65535 ? 1 : 0);
		KT_EQ(lpm_insert(&tree, &a, 24, &tree), 0);
		KT_EQ(sim_failed(), i == 65535);
		KT_EQ(tree.dir != NULL, i == 131071);
		KT(lpm_match(&tree, &a, 32) == &tree);
	}
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
		sim_fail_nth(1 + (long)arc4random_uniform(4));
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
