/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv4 packets as they are, header sum taken as good: each behind its length
 * (2 bytes), the length of its first mbuf and its flags (1 byte each: link
 * broadcast, large packet, sums unfinished, small next link).
 */

#include "fuzz4.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	struct mbuf *m;
	uint16_t len;
	uint8_t first, flags;

	fuzz_boot();
	cur_init(&c, data, size);
	while (cur_u16(&c, &len) == 0 && cur_u8(&c, &first) == 0 &&
	    cur_u8(&c, &flags) == 0 &&
	    cur_sub(&c, MIN(len, c.left), &body) == 0 && body.left != 0) {
		if ((m = fuzz_packet(body.p, body.left, first)) == NULL)
			break;
		m->m_pkthdr.csum_flags = M_IPV4_CSUM_IN_OK;
		m->m_flags |= (flags & 1) != 0 ? M_BCAST : 0;
		if ((flags & 2) != 0) {
			m->m_pkthdr.csum_flags |= M_TCP_TSO | M_TCP_CSUM_OUT;
			m->m_pkthdr.ph_mss = (uint16_t)(flags * 8);
		}
		if ((flags & 4) != 0)
			m->m_pkthdr.csum_flags |= M_UDP_CSUM_OUT;
		fuzz_if->if_mtu = (flags & 8) != 0 ? 100 : 1500;
		ip_input(fuzz_if, m);
		fuzz_run(1000);
	}
	fuzz_run(size % 16 == 0 ? 61000000 : 1000);
	return (0);
}
