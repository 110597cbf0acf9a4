/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* netstat -w: what passed an interface in each interval. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/if_ioctl.h>
#include <libbsdsys/bsdsys.h>

#include "netstat.h"

#define HEAD_LINES 20 /* a head again after so many */

struct sum {
	uint64_t in, inbad, out, outbad;
};

/* What one interface, or all, have counted until now.  0, or -1 after a line. */
static int
sum_read(const char *only, bool bytes, struct sum *s)
{
	struct if_row *rows;
	size_t len;
	bool found = only == NULL;

	memset(s, 0, sizeof(*s));
	if ((rows = bsd_sysctl_alloc("net.link.list", &len)) == NULL) {
		fprintf(stderr, "netstat: interfaces: %s\n", strerror(errno));
		return (-1);
	}
	for (size_t i = 0; i < len / sizeof(*rows); i++) {
		const struct if_counters *c = &rows[i].counters;

		if (only != NULL && strcmp(only, rows[i].name) != 0)
			continue;
		found = true;
		s->in += bytes ? c->ibytes : c->ipackets;
		s->out += bytes ? c->obytes : c->opackets;
		s->inbad += c->ierrors + c->iqdrops;
		s->outbad += c->oerrors + c->oqdrops;
	}
	free(rows);
	if (!found)
		fprintf(stderr, "netstat: %s: no such interface\n", only);
	return (found ? 0 : -1);
}

int
interval_show(const char *only, unsigned int wait_s, unsigned int count,
    bool bytes)
{
	struct sum before, now;

	if (sum_read(only, bytes, &before) == -1)
		return (1);
	for (unsigned int n = 0; count == 0 || n < count; n++) {
		if (n % HEAD_LINES == 0)
			printf("%s\n%14s %8s %14s %8s\n",
			    only != NULL ? only : "all interfaces",
			    bytes ? "in bytes" : "in packets", "failed",
			    bytes ? "out bytes" : "out packets", "failed");
		fflush(stdout);
		sleep(wait_s);
		if (sum_read(only, bytes, &now) == -1)
			return (1);
		printf("%14" PRIu64 " %8" PRIu64 " %14" PRIu64 " %8" PRIu64
		       "\n",
		    now.in - before.in, now.inbad - before.inbad,
		    now.out - before.out, now.outbad - before.outbad);
		before = now;
	}
	fflush(stdout);
	return (0);
}
