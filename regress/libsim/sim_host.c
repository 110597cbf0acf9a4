/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The simulator's host: virtual clock, seeded chance, counted memory whose
 * n-th allocation fails on request, one thread that always has the token.
 */

#include <machine/host.h>

#include <sys/mman.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_host.h"

static struct sim_state alone = { .seed = 0x9e3779b97f4a7c15ULL,
	.name = "kernel" };
struct sim_state *sim_at = &alone;
uint64_t sim_now_ns = 1000000000ULL;

bool
sim_alone(const struct sim_state *st)
{
	return (st == &alone);
}

void
sim_die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "# sim: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

/* --- memory --- */

#define LARGE_PAGE (2048 * 1024UL)

void *
host_alloc(unsigned long size, unsigned long align)
{
	void *p;

	if (sim_at->fail_in > 0 && --sim_at->fail_in == 0) {
		sim_at->failed = true;
		return (NULL);
	}
	if (size >= LARGE_PAGE && align < LARGE_PAGE)
		align = LARGE_PAGE; /* figures hold for what runs for real */
	if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align,
		size) != 0)
		return (NULL);
	if (size >= LARGE_PAGE)
		(void)madvise(p, size, MADV_HUGEPAGE);
	memset(p, 0xa5, size);
	sim_at->live++;
	return (p);
}

void
host_free(void *p, unsigned long size)
{
	(void)size;
	if (p == NULL)
		return;
	sim_at->live--;
	free(p);
}

void *
host_region(unsigned long size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return (p == MAP_FAILED ? NULL : p);
}

long sim_live(void);
void sim_fail_nth(long n);
bool sim_failed(void);
void sim_advance_us(uint64_t us);

long
sim_live(void)
{
	return (sim_at->live);
}

void
sim_fail_nth(long n)
{
	sim_at->fail_in = n;
	sim_at->failed = false;
}

bool
sim_failed(void)
{
	return (sim_at->failed);
}

/* --- time, chance, words --- */

void
sim_advance_us(uint64_t us)
{
	sim_now_ns += us * 1000;
}

unsigned long long
host_clock(void)
{
	return (sim_now_ns);
}

unsigned long long
host_walltime(void)
{
	return (1700000000ULL * 1000000000ULL + sim_now_ns);
}

/* xorshift64*: the same bytes for the same seed, on every machine. */
void
host_random(void *buf, unsigned long len)
{
	uint8_t *p = buf;

	for (; len > 0; len--) {
		sim_at->seed ^= sim_at->seed >> 12;
		sim_at->seed ^= sim_at->seed << 25;
		sim_at->seed ^= sim_at->seed >> 27;
		*p++ = (uint8_t)((sim_at->seed * 0x2545f4914f6cdd1dULL) >> 56);
	}
}

void
host_log(int level, const char *line, unsigned long len)
{
	if (level <= 2 || getenv("SIM_LOG") != NULL)
		fprintf(stderr, "# %s: %.*s\n", sim_at->name, (int)len, line);
}

void
host_abort(const char *why)
{
	fprintf(stderr, "# %s: %s\n", sim_at->name, why);
	abort();
}

void
host_exit(int status)
{
	sim_at->exited = true;
	sim_at->status = status;
}

/* --- one thread --- */

int
host_thread_create(void (*fn)(void *), void *arg, const char *name)
{
	(void)fn;
	(void)arg;
	(void)name;
	return (-EAGAIN);
}

void
host_cpu_enter(void)
{
}

void
host_cpu_leave(void)
{
}

int
host_cpu_held(void)
{
	return (1);
}

int
host_cpu_contended(void)
{
	return (0);
}
