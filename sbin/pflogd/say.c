/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Words of a daemon: to the terminal while there is one, to syslog later.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <syslog.h>

#include "pflogd.h"

static bool to_syslog;

void
say_daemon(void)
{
	openlog("pflogd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	to_syslog = true;
}

static void __attribute__((__format__(__printf__, 2, 0)))
vsay(int priority, const char *fmt, va_list ap)
{
	char line[512];

	vsnprintf(line, sizeof(line), fmt, ap);
	if (to_syslog)
		syslog(priority, "%s", line);
	else
		fprintf(stderr, "pflogd: %s\n", line);
}

void
say(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(priority, fmt, ap);
	va_end(ap);
}

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(LOG_ERR, fmt, ap);
	va_end(ap);
	exit(1);
}
