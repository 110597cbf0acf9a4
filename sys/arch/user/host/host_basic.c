/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The host, first part: memory, time, chance, words, the end. */

#include <machine/host.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

static int exit_wanted, exit_code;

#define LARGE_PAGE (2048 * 1024UL)

void *
host_alloc(unsigned long size, unsigned long align)
{
	void *p;

	if (size < LARGE_PAGE)
		return (align <= 16			 ? malloc(size) :
			posix_memalign(&p, align, size) == 0 ? p :
							   NULL);
	if (posix_memalign(&p, align < LARGE_PAGE ? LARGE_PAGE : align, size) !=
	    0)
		return (NULL);
	(void)madvise(p, size, MADV_HUGEPAGE); /* if the host has them */
	return (p);
}

void
host_free(void *p, unsigned long size)
{
	(void)size;
	free(p);
}

void *
host_region(unsigned long size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return (p == MAP_FAILED ? NULL : p);
}

static unsigned long long
clock_read(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ((unsigned long long)ts.tv_sec * 1000000000ULL + (unsigned long long)ts.tv_nsec);
}

unsigned long long
host_clock(void)
{
	return (clock_read(CLOCK_MONOTONIC));
}

unsigned long long
host_walltime(void)
{
	return (clock_read(CLOCK_REALTIME));
}

void
host_random(void *buf, unsigned long len)
{
	char *p = buf;
	ssize_t n;

	while (len > 0) {
		if ((n = getrandom(p, len, 0)) == -1) {
			if (errno == EINTR)
				continue;
			host_abort("no random numbers from the host");
		}
		p += n;
		len -= (unsigned long)n;
	}
}

void
host_log(int level, const char *line, unsigned long len)
{
	char when[40];
	struct timespec ts;
	struct tm tm;

	if (level > host_loglevel)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	dprintf(STDERR_FILENO, "%s.%03ld %s: %.*s\n", when, ts.tv_nsec / 1000000, host_name, (int)len, line);
}

void
host_abort(const char *why)
{
	dprintf(STDERR_FILENO, "%s: kernel stopped: %s\n", host_name, why);
	abort();
}

void
host_exit(int status)
{
	exit_code = status;
	__atomic_store_n(&exit_wanted, 1, __ATOMIC_RELEASE);
	host_kick();
}

int
host_exiting(int *status)
{
	*status = exit_code;
	return (__atomic_load_n(&exit_wanted, __ATOMIC_ACQUIRE));
}
