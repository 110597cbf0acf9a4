/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Numbers of command lines: what strtoull(3) takes besides, spaces and signs in
 * front, ends and overflows, is none.  Each tool has its own words for it.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "number.h"

bool
number_read(const char *text, int base, uint64_t min, uint64_t max, uint64_t *v)
{
	unsigned long long n;
	char *end;

	if (base == 16 ? !isxdigit((unsigned char)*text) :
			 !isdigit((unsigned char)*text))
		return (false);
	errno = 0;
	n = strtoull(text, &end, base);
	if (errno != 0 || *end != '\0' || n < min || n > max)
		return (false);
	*v = n;
	return (true);
}
