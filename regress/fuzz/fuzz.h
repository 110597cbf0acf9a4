/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What fuzzers of frames share: one link, time, packets. */

#ifndef FUZZ_H
#define FUZZ_H

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <ktest.h>
#include <machine/kernel.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ifnet *fuzz_if; /* pair0 */

/* A kernel with pair0 and pair1, joined and up. */
static inline void
fuzz_pair(void)
{
	static const struct kernel_params params = { .hostname = "fuzz" };
	static struct proc owner;
	struct if_req req = { .name = "pair0", .text = "pair1" };

	KASSERT(kernel_boot(&params) == 0);
	KASSERT(if_clone_create("pair0") == 0);
	KASSERT(if_clone_create("pair1") == 0);
	KASSERT(if_ioctl_dispatch(SIOCSPAIR, &req, &owner) == 0);
	fuzz_if = if_unit("pair0");
	KASSERT(if_setflags(if_unit("pair1"), IFF_UP) == 0);
	KASSERT(if_setflags(fuzz_if, IFF_UP) == 0);
}

/* The loop, a little; now and then a long time, so that timers run. */
static inline void
fuzz_run(uint64_t us)
{
	unsigned int i;

	sim_advance_us(us);
	for (i = 0; i < 64 && kernel_step() == 0; i++)
		;
}

/* len bytes as a packet whose first mbuf holds first bytes (0: all). */
static inline struct mbuf *
fuzz_packet(const uint8_t *p, size_t len, unsigned int first)
{
	struct mbuf *m = m_getroom(M_HEADROOM, len), *n;

	if (m == NULL)
		return (NULL);
	memcpy(mtod(m, void *), p, len);
	m->m_len = m->m_pkthdr.len = (uint32_t)len;
	m->m_pkthdr.ifidx = fuzz_if->if_index;
	if (first != 0 && first < len && (n = m_split(m, first)) != NULL)
		m_cat_pkt(m, n);
	return (m);
}

#endif
