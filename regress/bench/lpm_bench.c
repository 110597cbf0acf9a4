/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The tree of prefixes at 1 k, 100 k and 1 M: look-ups of one address in each
 * of its prefixes, in random order, one at a time and (many) in batches of 32
 * as frames come in and rt_expect() looks for them, and bytes a prefix.
 * Lengths are mixed like a full BGP table's: mostly /24 and /48.
 */

#include <sys/systm.h>
#include <net/lpm.h>
#include <ktest.h>

#define MOST  1000000
#define BATCH 32

static struct lpm tree;
static struct ip_addr probe[MOST]; /* one in each prefix, in random order */
static int value;
static volatile uintptr_t sink;

static unsigned int
length_draw(bool v6)
{
	static const uint8_t v4[16] = { 24, 24, 24, 24, 24, 24, 24, 24, 24, 23,
		22, 22, 21, 20, 19, 16 };
	static const uint8_t six[16] = { 48, 48, 48, 48, 48, 48, 48, 44, 44, 40,
		40, 36, 32, 32, 29, 56 };

	return (v6 ? six[arc4random_uniform(16)] : v4[arc4random_uniform(16)]);
}

static void
tree_fill(unsigned int n, bool v6)
{
	struct ip_addr a;

	if (tree.prefixes > 0)
		return;
	lpm_sysinit();
	lpm_init(&tree);
	while (tree.prefixes < n) {
		unsigned int plen = length_draw(v6);

		memset(&a, 0, sizeof(a));
		arc4random_buf(a.b, v6 ? 16 : 4);
		if (v6) { /* 2000::/3, and registries' blocks are few */
			a.b[0] = 0x20 | (a.b[0] & 3);
			a.b[1] &= 0x1f;
		}
		KT_EQ(lpm_insert(&tree, &a, plen, &value), 0);
		probe[tree.prefixes - 1] = a; /* its last bits are any */
	}
	kb_note("bytes a prefix", (double)tree.bytes / (double)tree.prefixes,
	    "B");
}

static void
lookups(unsigned long n, unsigned int prefixes, bool v6)
{
	uintptr_t sum = 0;
	unsigned int at = 0;

	tree_fill(prefixes, v6);
	kb_start();
	for (unsigned long i = 0; i < n * 1024; i++) {
		sum += (uintptr_t)lpm_match(&tree, &probe[at], v6 ? 128 : 32);
		at = at + 1 < prefixes ? at + 1 : 0;
	}
	kb_stop();
	sink = sum;
}

/* The same, as many at once as come in a batch. */
static void
lookups_many(unsigned long n, unsigned int prefixes, bool v6)
{
	void *v[BATCH];
	uintptr_t sum = 0;
	unsigned int at = 0;

	tree_fill(prefixes, v6);
	kb_start();
	for (unsigned long i = 0; i < n * 1024; i += BATCH) {
		lpm_match_many(&tree, &probe[at], BATCH, v6 ? 128 : 32, v);
		for (unsigned int k = 0; k < BATCH; k++)
			sum += (uintptr_t)v[k];
		at = at + 2 * BATCH < prefixes ? at + BATCH : 0;
	}
	kb_stop();
	sink = sum;
}

KBENCH(lpm_v4_1m_many, 1024)
{
	lookups_many(n, 1000000, false);
}

KBENCH(lpm_v6_1m_many, 1024)
{
	lookups_many(n, 1000000, true);
}

KBENCH(lpm_v4_100k_many, 1024)
{
	lookups_many(n, 100000, false);
}

KBENCH(lpm_v4_1k, 1024)
{
	lookups(n, 1000, false);
}

KBENCH(lpm_v4_100k, 1024)
{
	lookups(n, 100000, false);
}

KBENCH(lpm_v4_1m, 1024)
{
	lookups(n, 1000000, false);
}

KBENCH(lpm_v6_1k, 1024)
{
	lookups(n, 1000, true);
}

KBENCH(lpm_v6_100k, 1024)
{
	lookups(n, 100000, true);
}

KBENCH(lpm_v6_1m, 1024)
{
	lookups(n, 1000000, true);
}
