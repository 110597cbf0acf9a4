/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Sorting arrays: heapsort, so there is no recursion, no memory, and no worst
 * case that somebody outside could choose.
 */

#include <sys/systm.h>

/* Lets element i sink until it is not less than what stands below it. */
static void
sort_sink(uint8_t *base, size_t i, size_t n, size_t size, bool (*less)(const void *, const void *))
{
	uint8_t x[SORT_SIZE_MAX];
	size_t kid;

	memcpy(x, base + i * size, size);
	for (; (kid = 2 * i + 1) < n; i = kid) {
		if (kid + 1 < n && less(base + kid * size, base + (kid + 1) * size))
			kid++;
		if (!less(x, base + kid * size))
			break;
		memcpy(base + i * size, base + kid * size, size);
	}
	memcpy(base + i * size, x, size);
}

void
sort(void *array, size_t n, size_t size, bool (*less)(const void *, const void *))
{
	uint8_t *base = array, last[SORT_SIZE_MAX];

	KASSERT(size <= SORT_SIZE_MAX);
	for (size_t i = n / 2; i-- > 0;)
		sort_sink(base, i, n, size, less);
	while (n > 1) {
		n--;
		memcpy(last, base + n * size, size);
		memcpy(base + n * size, base, size);
		memcpy(base, last, size);
		sort_sink(base, 0, n, size, less);
	}
}
