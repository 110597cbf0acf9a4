/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Numbers, times and sums of ping and traceroute. */

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe.h"

double
probe_number(const char *prog, const char *what, const char *text, double min,
    double max)
{
	char *end;
	double v = strtod(text, &end);

	if (*text != '\0' && *end == '\0' && v >= min && v <= max)
		return (v);
	fprintf(stderr, "%s: %s: %s is not between %g and %g\n", prog, what,
	    text, min, max);
	exit(2);
}

uint64_t
probe_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
}

uint16_t
probe_cksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (; len > 1; p += 2, len -= 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	if (len > 0)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

int
probe_family(const char *argv0)
{
	size_t len = argv0 != NULL ? strlen(argv0) : 0;

	return (len > 0 && argv0[len - 1] == '6' ? AF_INET6 : AF_UNSPEC);
}
