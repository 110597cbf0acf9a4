/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ICMPv6 messages of every type with a sum that is good: a byte of
 * addresses, one of hop limit, one of first mbuf, then the message. */

#include "fuzz6.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_boot();
	if (size < 4)
		return (-1);
	fuzz_receive(fuzz_ip6(IPPROTO_ICMPV6, data[0] & 7, data[0] >> 3 & 7,
	    (data[0] & 0x80) != 0 ? 255 : data[1], data + 3, size - 3,
	    data[2]));
	fuzz_run(data[1] == 0xff ? 1000000 : 1000);
	return (0);
}
