/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ICMP messages: each behind source and destination by number (1 byte), its
 * length and that of its first mbuf; sums are taken as good. */

#include "fuzz4.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	uint8_t ends, len, first;

	fuzz_boot();
	cur_init(&c, data, size);
	while (cur_u8(&c, &ends) == 0 && cur_u8(&c, &len) == 0 &&
	    cur_u8(&c, &first) == 0 &&
	    cur_sub(&c, MIN(len, c.left), &body) == 0) {
		ip_forwarding = ends >> 7;
		fuzz_ip(IPPROTO_ICMP, ends, ends >> 3, body.p, body.left,
		    first);
		fuzz_run(1000);
	}
	fuzz_run(size % 16 == 0 ? 700000000 : 1000);
	return (0);
}
