/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The device, and what every room that talks to it needs. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "pf_ctl.h"

static int
dev_open(const char *path, int flags)
{
	return (open(path, flags));
}

static int
dev_call(int dev, unsigned long cmd, void *arg)
{
	return (ioctl(dev, cmd, arg));
}

struct pf_dev pf_dev = { dev_open, dev_call };

int
pf_call(int dev, unsigned long cmd, void *arg)
{
	return (pf_dev.call(dev, cmd, arg));
}

bool
pf_lacks(void)
{
	return (errno == ENOTTY || errno == EOPNOTSUPP);
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	if (p == NULL)
		err(1, NULL);
	return (p);
}

void
say(int opts, const char *fmt, ...)
{
	va_list ap;

	if (opts & OPT_QUIET)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

const char *
date_text(uint64_t seconds, char *buf)
{
	time_t t = (time_t)seconds;

	if (ctime_r(&t, buf) == NULL)
		return ("?");
	buf[24] = '\0';
	return (buf);
}
