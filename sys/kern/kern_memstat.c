/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Where memory goes, for sysctl: kern.pools, kern.malloc and kern.mbstat are
 * arrays of struct pool_stat, struct malloc_stat and one struct mbuf_stat;
 * kern.mbufbytes is the limit of packet memory.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/sysctl.h>

#define MBUF_BYTES_MIN (64 * 1024LL)

static int
pools_sysctl(struct sysctl_req *req)
{
	struct pool_stat st;
	int error = 0;

	for (unsigned int i = 0; error == 0 && pool_stat(i, &st); i++)
		error = sysctl_out(req, &st, sizeof(st));
	return (error);
}

static int
malloc_sysctl(struct sysctl_req *req)
{
	struct malloc_stat st;
	int error = 0;

	for (unsigned int i = 0; error == 0 && malloc_stat(i, &st); i++)
		error = sysctl_out(req, &st, sizeof(st));
	return (error);
}

static int
mbstat_sysctl(struct sysctl_req *req)
{
	struct mbuf_stat st;

	mbstat_get(&st);
	return (sysctl_out(req, &st, sizeof(st)));
}

static int
mbufbytes_sysctl(struct sysctl_req *req)
{
	struct mbuf_stat st;
	int64_t v;
	int error;

	mbstat_get(&st);
	v = (int64_t)st.limit;
	if ((error = sysctl_out(req, &v, sizeof(v))) != 0 || req->new == NULL)
		return (error);
	if (req->newlen != sizeof(v))
		return (EINVAL);
	memcpy(&v, req->new, sizeof(v));
	if (v < MBUF_BYTES_MIN)
		return (ERANGE);
	mb_setlimit((uint64_t)v);
	return (0);
}

static const struct sysctl_row mem_rows[] = {
	{ .name = "kern.pools",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_HIDDEN,
	    .handler = pools_sysctl,
	    .text = "objects of each pool" },
	{ .name = "kern.malloc",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_HIDDEN,
	    .handler = malloc_sysctl,
	    .text = "memory of each type" },
	{ .name = "kern.mbstat",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_HIDDEN,
	    .handler = mbstat_sysctl,
	    .text = "packet memory in use" },
	{ .name = "kern.mbufbytes",
	    .type = CTL_QUAD,
	    .flags = CTLF_WR,
	    .handler = mbufbytes_sysctl,
	    .text = "limit of packet memory in bytes" },
};
static struct sysctl_table mem_table = { .rows = mem_rows,
	.nrows = nitems(mem_rows) };

void
memstatinit(void)
{
	sysctl_register(&mem_table);
}
