/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The rest of the host, where a test without links and clients needs nothing. */

#include <machine/host.h>

#include <errno.h>
#include <stddef.h>

void *
host_self(void)
{
	return (NULL);
}

int
host_sleep(unsigned long long deadline)
{
	(void)deadline;
	return (-ETIMEDOUT);
}

void
host_wake(void *self)
{
	(void)self;
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
