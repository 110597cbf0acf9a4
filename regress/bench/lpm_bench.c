/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The tree of prefixes at 1 k, 100 k and 1 M: look-ups of random addresses
 * and of those inside its prefixes, and bytes a prefix.  Lengths are mixed
 * like a full BGP table's: mostly /24 and /48.
 */

#include <sys/systm.h>
#include <net/lpm.h>
#include <ktest.h>

#define PROBES 65536

static struct lpm tree;
static struct ip_addr probe[PROBES];
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
	for (unsigned int i = 0; tree.prefixes < n; i++) {
		unsigned int plen = length_draw(v6);

		memset(&a, 0, sizeof(a));
		arc4random_buf(a.b, v6 ? 16 : 4);
		if (v6) { /* 2000::/3, and registries' blocks are few */
			a.b[0] = 0x20 | (a.b[0] & 3);
			a.b[1] &= 0x1f;
		}
		KT_EQ(lpm_insert(&tree, &a, plen, &value), 0);
		probe[i % PROBES] = a;
		arc4random_buf(probe[i % PROBES].b + plen / 8 + 1, 1);
	}
	kb_note("bytes a prefix", (double)tree.bytes / (double)tree.prefixes,
	    "B");
}

static void
lookups(unsigned long n, unsigned int prefixes, bool v6)
{
	uintptr_t sum = 0;

	tree_fill(prefixes, v6);
	kb_start();
	for (unsigned long i = 0; i < n; i++)
		for (unsigned int k = 0; k < 1024; k++)
			sum += (uintptr_t)lpm_match(&tree,
			    &probe[(i * 1024 + k * 61) % PROBES],
			    v6 ? 128 : 32);
	kb_stop();
	sink = sum;
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
