/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Times left, as OpenBSD writes them. */

#include <stdio.h>

#include "duration.h"

const char *
duration_text(uint32_t s, char buf[32])
{
	if (s == UINT32_MAX)
		return ("never");
	if (s >= 86400)
		snprintf(buf, 32, "%ud%uh%um%us", s / 86400, s / 3600 % 24,
		    s / 60 % 60, s % 60);
	else if (s >= 3600)
		snprintf(buf, 32, "%uh%um%us", s / 3600, s / 60 % 60, s % 60);
	else if (s >= 60)
		snprintf(buf, 32, "%um%us", s / 60, s % 60);
	else
		snprintf(buf, 32, "%us", s);
	return (buf);
}
