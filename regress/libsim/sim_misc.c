/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The rest of the host, where a test without links and clients needs nothing. */

#include <machine/host.h>

#include <errno.h>
#include <stddef.h>

#include "sim_host.h"

void *
host_self(void)
{
	return (NULL);
}

/* The kernel of a test that is linked with one. */
unsigned long long kernel_step(void) __attribute__((weak));

/* Time goes on, and the kernel with it, on this stack. */
int
host_sleep(unsigned long long deadline)
{
	unsigned long long next;

	for (sim.woken = false; !sim.woken;
	     sim.now_ns = next > sim.now_ns ? next : sim.now_ns) {
		next = kernel_step != NULL ? kernel_step() : ~0ULL;
		if (sim.woken)
			break;
		if (sim.now_ns >= deadline)
			return (-ETIMEDOUT);
		next = next < deadline ? next : deadline;
		if (next == ~0ULL)
			host_abort("sleeps for ever");
	}
	return (0);
}

void
host_wake(void *self)
{
	(void)self;
	sim.woken = true;
}

void
host_kick(void)
{
}

const struct hostif_kind *
hostif_lookup(const char *name, unsigned long len)
{
	(void)name;
	(void)len;
	return (NULL);
}
