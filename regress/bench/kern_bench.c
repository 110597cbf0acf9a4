/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Kernel services: pools, mbufs, timeouts. */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <ktest.h>
#include <machine/host.h>

static struct pool pool;

KBENCH(pool_get_put, 1)
{
	if (pool.pr_size == 0)
		pool_init(&pool, 320, 0, "bench");
	kb_start();
	for (; n > 0; n--)
		pool_put(&pool, pool_get(&pool, PR_NOWAIT));
}

#define BATCH 4096
static void *batch[BATCH];

KBENCH(pool_get_put_4096_out, BATCH)
{
	if (pool.pr_size == 0)
		pool_init(&pool, 320, 0, "bench");
	kb_start();
	for (; n > 0; n--) {
		for (int i = 0; i < BATCH; i++)
			batch[i] = pool_get(&pool, PR_NOWAIT);
		for (int i = 0; i < BATCH; i++)
			pool_put(&pool, batch[(i * 1021) % BATCH]);
	}
}

static void
mbufs_once(void)
{
	struct mbuf_stat st;

	mbstat_get(&st);
	if (st.limit == 0)
		mbinit(64UL << 20);
}

KBENCH(mbuf_gethdr_free, 1)
{
	mbufs_once();
	kb_start();
	for (; n > 0; n--)
		m_freem(m_gethdr(MT_DATA));
}

KBENCH(mbuf_cluster_get_free, 1)
{
	mbufs_once();
	kb_start();
	for (; n > 0; n--)
		m_freem(m_getroom(M_HEADROOM, 1514));
}

/* --- timeouts, with so many pending --- */

#define MAXTO 1000000
static struct timeout *tos;
static unsigned int nset;

static void
nothing(void *arg)
{
}

static void
timeouts_fill(unsigned int count)
{
	if (nset == count)
		return;
	time_refresh();
	timeout_init(uptime_us());
	tos = host_region(sizeof(*tos) * MAXTO);
	for (unsigned int i = 0; i < count; i++) {
		timeout_set(&tos[i], nothing, NULL);
		timeout_add_us(&tos[i], 1 + arc4random_uniform(60000000));
	}
	nset = count;
}

/* One is moved, as a packet does with its state's. */
static void
timeouts_move(unsigned long n, unsigned int count)
{
	uint32_t at = 1;

	timeouts_fill(count);
	kb_start();
	for (; n > 0; n--) {
		at = at * 1664525 + 1013904223;
		timeout_add_us(&tos[at % count], 30000000 + (at >> 8));
	}
}

/* Time passes; those that run are set again. */
static void
again(void *arg)
{
	timeout_add_us(arg, 60000000);
}

static void
timeouts_run(unsigned long n, unsigned int count)
{
	if (nset != count) {
		timeouts_fill(count);
		for (unsigned int i = 0; i < count; i++) {
			timeout_set(&tos[i], again, &tos[i]);
			timeout_add_us(&tos[i],
			    1 + (uint64_t)i * 60000000 / count);
		}
	}
	kb_start();
	for (; n > 0; n--) {
		time_uptime_us = timeout_next();
		timeout_run(time_uptime_us);
	}
}

KBENCH(timeout_move_1k, 1)
{
	timeouts_move(n, 1000);
}
KBENCH(timeout_move_100k, 1)
{
	timeouts_move(n, 100000);
}
KBENCH(timeout_move_1M, 1)
{
	timeouts_move(n, 1000000);
}
KBENCH(timeout_run_and_set_1k, 1)
{
	timeouts_run(n, 1000);
}
KBENCH(timeout_run_and_set_100k, 1)
{
	timeouts_run(n, 100000);
}
KBENCH(timeout_run_and_set_1M, 1)
{
	timeouts_run(n, 1000000);
}
