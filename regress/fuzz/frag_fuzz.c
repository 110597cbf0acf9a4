/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Reassembly: rows of four bytes (flags and id, source, offset, length).
 * What comes out whole has to have the length it says, and bytes that one of
 * its pieces had at that place.
 */

#include <netinet/ip.h>
#include "fuzz6.h"

static struct mbuf *
frag_row(const uint8_t r[4])
{
	bool v6 = (r[0] & 1) != 0;
	uint32_t hl = v6 ? 48 : 20, len = r[3], off = (uint32_t)r[2] * 8, i;
	struct ip_frag f = { .af = v6 ? AF_INET6 : AF_INET,
		.id = r[0] >> 4,
		.proto = 253,
		.off = off,
		.len = len,
		.hdrlen = hl,
		.more = (r[0] & 2) != 0,
		.tos = r[1] >> 6 };
	struct mbuf *m = m_getroom(M_HEADROOM, hl + len);
	uint8_t *p;

	if (m == NULL)
		return (NULL);
	m->m_len = m->m_pkthdr.len = hl + len;
	p = mtod(m, uint8_t *);
	memset(p, 0, hl);
	p[0] = v6 ? 0x60 : 0x45;
	p[6] = v6 ? IPPROTO_FRAGMENT : 0;
	p[hl - 8] = v6 ? 253 : 0;
	for (i = 0; i < len; i++)
		p[hl + i] = (uint8_t)(off + i);
	f.src.b[0] = 1;
	f.src.b[15] = v6 ? r[1] & 15 : 0;
	f.dst.b[0] = 2;
	return (ip_reass(m, &f));
}

static void
frag_whole(struct mbuf *m)
{
	uint8_t h[40], b;
	uint32_t hl, i;

	KASSERT(m->m_pkthdr.len == m_length(m));
	KASSERT(m_copydata(m, 0, 20, h) == 0);
	hl = h[0] == 0x60 ? 40 : 20;
	KASSERT(be16dec(h + (hl == 40 ? 4 : 2)) + (hl == 40 ? 40U : 0U) ==
	    m->m_pkthdr.len);
	for (i = hl; i < m->m_pkthdr.len; i++) {
		KASSERT(m_copydata(m, i, 1, &b) == 0);
		KASSERT(b == (uint8_t)(i - hl));
	}
	m_freem(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mbuf *m;

	fuzz_boot();
	for (; size >= 4; data += 4, size -= 4) {
		if ((data[0] & 0xc) == 0xc)
			fuzz_run((uint64_t)data[1] * 500000);
		if ((m = frag_row(data)) != NULL)
			frag_whole(m);
	}
	ip_frag_flush();
	KASSERT(ip_frag_held() == 0);
	fuzz_run(1000);
	return (0);
}
