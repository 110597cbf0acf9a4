/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * General memory.
 *
 * Every block comes from the host; here it is only counted against the
 * limit of what it is for, so that no single use can eat the kernel's
 * memory, and so that a leak has a name.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <machine/host.h>

#define MB (1024 * 1024ULL)

static struct malloc_kind {
	const char *name;
	uint64_t limit; /* bytes */
	uint64_t inuse, bytes, high, allocs, fails;
} kinds[NMALLOC] = {
	[M_TEMP] = { .name = "temp", .limit = 256 * MB },
	[M_IFNET] = { .name = "ifnet", .limit = 64 * MB },
	[M_IFADDR] = { .name = "ifaddr", .limit = 64 * MB },
	[M_RTABLE] = { .name = "rtable", .limit = 4096 * MB },
	[M_SOCKET] = { .name = "socket", .limit = 256 * MB },
	[M_FILE] = { .name = "file", .limit = 64 * MB },
	[M_PCB] = { .name = "pcb", .limit = 256 * MB },
	[M_BPF] = { .name = "bpf", .limit = 256 * MB },
	[M_SYSCALL] = { .name = "syscall", .limit = 256 * MB },
	[M_SYSCTL] = { .name = "sysctl", .limit = 1024 * MB },
	[M_IPFRAG] = { .name = "ipfrag", .limit = 64 * MB },
	[M_IPOPTS] = { .name = "ipopts", .limit = 16 * MB },
	[M_PF] = { .name = "pf", .limit = 4096 * MB },
	[M_PFTABLE] = { .name = "pftable", .limit = 4096 * MB },
	[M_CRYPTO] = { .name = "crypto", .limit = 16 * MB },
	[M_DEVBUF] = { .name = "devbuf", .limit = 256 * MB },
	[M_MBUF] = { .name = "mbuf", .limit = 4096 * MB },
};

void *
malloc(size_t size, enum malloc_type type, int flags)
{
	struct malloc_kind *k = &kinds[type];
	void *p = NULL;

	KASSERT(type < NMALLOC && size > 0);
	if (size <= k->limit && k->bytes <= k->limit - size)
		p = host_alloc(size, 16);
	if (p == NULL) {
		k->fails++;
		return (NULL);
	}
	k->allocs++;
	k->inuse++;
	k->bytes += size;
	k->high = MAX(k->high, k->bytes);
	if ((flags & M_ZERO) != 0)
		memset(p, 0, size);
	return (p);
}

void *
mallocarray(size_t nmemb, size_t size, enum malloc_type type, int flags)
{
	size_t total;

	if (__builtin_mul_overflow(nmemb, size, &total) || total == 0) {
		kinds[type].fails++;
		return (NULL);
	}
	return (malloc(total, type, flags));
}

void
free(void *p, enum malloc_type type, size_t size)
{
	struct malloc_kind *k = &kinds[type];

	if (p == NULL)
		return;
	KASSERT(type < NMALLOC && k->inuse > 0 && k->bytes >= size);
	k->inuse--;
	k->bytes -= size;
	host_free(p, size);
}

bool
malloc_stat(unsigned int i, struct malloc_stat *st)
{
	const struct malloc_kind *k = &kinds[i];

	if (i >= NMALLOC)
		return (false);
	memset(st, 0, sizeof(*st));
	strlcpy(st->name, k->name, sizeof(st->name));
	st->inuse = k->inuse;
	st->bytes = k->bytes;
	st->high = k->high;
	st->limit = k->limit;
	st->allocs = k->allocs;
	st->fails = k->fails;
	return (true);
}
