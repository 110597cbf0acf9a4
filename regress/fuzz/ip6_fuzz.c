/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* IPv6 packets as they are: each behind its length (2 bytes) and the length
 * of its first mbuf (1 byte). */

#include "fuzz6.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	uint16_t len;
	uint8_t first;

	fuzz_boot();
	cur_init(&c, data, size);
	while (cur_u16(&c, &len) == 0 && cur_u8(&c, &first) == 0 &&
	    cur_sub(&c, MIN(len, c.left), &body) == 0 && body.left != 0) {
		fuzz_receive(fuzz_packet(body.p, body.left, first));
		fuzz_run(1000);
	}
	fuzz_run(size % 16 == 0 ? 61000000 : 1000);
	return (0);
}
