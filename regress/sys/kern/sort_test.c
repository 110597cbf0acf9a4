/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* sort(): what it gives is in order and has each element that was there. */

#include <sys/systm.h>
#include <ktest.h>

#define MOST 300

struct thing {
	uint32_t key, nr;
	uint8_t more[5];
};

static bool
thing_less(const void *a, const void *b)
{
	return (((const struct thing *)a)->key < ((const struct thing *)b)->key);
}

KTEST(sort_orders_and_keeps_all)
{
	struct thing t[MOST];
	bool seen[MOST];

	for (uint32_t n = 0; n < MOST; n++) {
		for (uint32_t i = 0; i < n; i++)
			t[i] = (struct thing){ .key = arc4random_uniform(n), .nr = i,
				.more = { [4] = (uint8_t)i } };
		sort(t, n, sizeof(t[0]), thing_less);
		memset(seen, 0, sizeof(seen));
		for (uint32_t i = 0; i < n; i++) {
			KT(i == 0 || t[i - 1].key <= t[i].key);
			KT(!seen[t[i].nr] && t[i].more[4] == (uint8_t)t[i].nr);
			seen[t[i].nr] = true;
		}
	}
}
