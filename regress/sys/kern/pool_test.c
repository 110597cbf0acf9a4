/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Pools and general memory: contents, limits, statistics, no memory. */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <ktest.h>

#define N 3000

static struct pool pool;
static uint8_t *obj[N];

static void
fill(uint8_t *p, size_t size, size_t i)
{
	memset(p, (int)(i * 37 + 1), size);
}

static bool
filled(const uint8_t *p, size_t size, size_t i)
{
	for (size_t b = 0; b < size; b++)
		if (p[b] != (uint8_t)(i * 37 + 1))
			return (false);
	return (true);
}

/* Random gets and puts: aligned, no two overlap, none is lost. */
static void
churn(size_t size, size_t align, int steps)
{
	uint64_t inuse = 0;
	long live = sim_live();

	memset(obj, 0, sizeof(obj));
	pool_init(&pool, size, align, "test");
	KT(pool.pr_size >= size);
	for (int step = 0; step < steps; step++) {
		size_t i = arc4random_uniform(N);

		if (obj[i] == NULL) {
			KT((obj[i] = pool_get(&pool, PR_NOWAIT)) != NULL);
			KT_EQ((uintptr_t)obj[i] % (align == 0 ? 8 : align), 0);
			fill(obj[i], size, i);
			inuse++;
		} else {
			KT(filled(obj[i], size, i));
			pool_put(&pool, obj[i]);
			obj[i] = NULL;
			inuse--;
		}
		KT_EQ(pool.pr_inuse, inuse);
	}
	for (size_t i = 0; i < N; i++)
		if (obj[i] != NULL) {
			KT(filled(obj[i], size, i));
			pool_put(&pool, obj[i]);
		}
	KT_EQ(pool.pr_gets, pool.pr_puts);
	pool_destroy(&pool);
	KT_EQ(sim_live(), live);
}

KTEST(pool_random_small)
{
	churn(1, 0, 40000);
}
KTEST(pool_random_cache_line)
{
	churn(200, 64, 40000);
}
KTEST(pool_random_large)
{
	churn(9000, 0, 8000);
}

/* What is too large for pages comes back from the pool, a few megabytes of it. */
KTEST(pool_large_objects_are_kept)
{
	long live = sim_live();
	void *first;

	pool_init(&pool, 65536, 0, "large");
	for (size_t i = 0; i < 200; i++)
		KT((obj[i] = pool_get(&pool, PR_NOWAIT)) != NULL);
	for (size_t i = 0; i < 200; i++)
		pool_put(&pool, obj[i]);
	KT_EQ(pool.pr_inuse, 0);
#ifndef POOL_DEBUG
	KT(sim_live() - live >= 64 && sim_live() - live <= 128);
	first = obj[127];
	KT(pool_get(&pool, PR_ZERO) == first);
	pool_put(&pool, first);
#else
	first = NULL; /* a sanitizer sees each end */
	KT(first == NULL);
#endif
	pool_reclaim(&pool);
	KT_EQ(sim_live(), live);
	pool_destroy(&pool);
}

KTEST(pool_limit)
{
	struct pool_stat st;
	void *a, *b, *c;

	pool_init(&pool, 100, 0, "limited");
	KT_EQ(pool_sethardlimit(&pool, 2), 0);
	KT((a = pool_get(&pool, PR_ZERO)) != NULL);
	for (int i = 0; i < 100; i++)
		KT_EQ(((char *)a)[i], 0);
	KT((b = pool_get(&pool, PR_NOWAIT)) != NULL);
	KT(pool_get(&pool, PR_NOWAIT) == NULL);
	KT_EQ(pool_sethardlimit(&pool, 1), EBUSY);
	KT_EQ(pool_sethardlimit(&pool, 0), 0);
	KT((c = pool_get(&pool, PR_NOWAIT)) != NULL);
	for (unsigned int i = 0; pool_stat(i, &st); i++)
		if (strcmp(st.name, "limited") == 0)
			break;
	KT_STR(st.name, "limited");
	KT(st.inuse == 3 && st.high == 3 && st.gets == 3 && st.puts == 0 &&
	    st.fails == 1 && st.size == 104);
	pool_put(&pool, a);
	pool_put(&pool, b);
	pool_put(&pool, c);
	pool_destroy(&pool);
	KT(!pool_stat(0, &st));
}

KTEST(pool_without_memory)
{
	void *p;

	pool_init(&pool, 100, 0, "poor");
	sim_fail_nth(1);
	KT(pool_get(&pool, PR_NOWAIT) == NULL);
	KT(sim_failed() && pool.pr_fails == 1 && pool.pr_inuse == 0);
	KT((p = pool_get(&pool, PR_NOWAIT)) != NULL);
	pool_put(&pool, p);
	pool_destroy(&pool);
}

KTEST(malloc_counts_limits_and_overflow)
{
	struct malloc_stat st;
	long live = sim_live();
	char *p;

	KT((p = malloc(1000, M_TEMP, M_ZERO)) != NULL);
	KT_EQ((uintptr_t)p % 16, 0);
	for (int i = 0; i < 1000; i++)
		KT_EQ(p[i], 0);
	KT(malloc_stat(M_TEMP, &st));
	KT_STR(st.name, "temp");
	KT(st.inuse == 1 && st.bytes == 1000 && st.high == 1000 &&
	    st.allocs == 1);
	KT(malloc(st.limit - 999, M_TEMP, M_NOWAIT) == NULL);
	KT(mallocarray(SIZE_MAX / 2, 3, M_TEMP, M_NOWAIT) == NULL);
	KT(mallocarray(0, 3, M_TEMP, M_NOWAIT) == NULL);
	sim_fail_nth(1);
	KT(malloc(1, M_TEMP, M_NOWAIT) == NULL);
	free(p, M_TEMP, 1000);
	free(NULL, M_TEMP, 5);
	malloc_stat(M_TEMP, &st);
	KT(st.inuse == 0 && st.bytes == 0 && st.high == 1000 && st.fails == 4);
	KT(!malloc_stat(NMALLOC, &st));
	KT_EQ(sim_live(), live);
}

/* Some that come back are kept, each is handed out once, and all can go. */
#define LARGE	   100
#define LARGE_SIZE 65536
KTEST(pool_large_objects)
{
	long live = sim_live();

	pool_init(&pool, LARGE_SIZE, 0, "large");
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < LARGE; i++) {
			obj[i] = pool_get(&pool, i % 2 == 0 ? PR_ZERO : 0);
			KT(obj[i] != NULL);
			KT(i % 2 != 0 || (obj[i][0] == 0 && obj[i][LARGE_SIZE - 1] == 0));
			fill(obj[i], LARGE_SIZE, i);
		}
		KT_EQ(pool.pr_inuse, LARGE);
		for (size_t i = 0; i < LARGE; i++) {
			KT(filled(obj[i], LARGE_SIZE, i));
			pool_put(&pool, obj[i]);
		}
		KT(sim_live() - live <= 128); /* 8 MB */
	}
	pool_reclaim(&pool);
	KT_EQ(sim_live(), live);
	pool_destroy(&pool);
}
