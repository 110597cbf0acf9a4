/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Neighbour discovery over time: rows of one byte of what, then bytes for
 * it.  A message of ND (type, addresses, flags, target, options), a packet
 * to send to a neighbour, time that passes, an address that comes or goes.
 */

#include "fuzz6.h"

static void
nd_message(struct cursor *c)
{
	uint8_t body[256] = { 0 }, type, addrs, len;
	size_t n;

	if (cur_u8(c, &type) == -1 || cur_u8(c, &addrs) == -1 ||
	    cur_u8(c, &len) == -1)
		return;
	body[0] = (uint8_t)(ND_ROUTER_SOLICIT + type % 5);
	n = MIN(MIN(len, c->left), sizeof(body) - 4);
	(void)cur_bytes(c, body + 4, n);
	memcpy(body + 8, fuzz_addrs[type >> 5].b, 16);
	fuzz_receive(fuzz_ip6(IPPROTO_ICMPV6, addrs & 7, addrs >> 3 & 7, 255,
	    body, 4 + n, 0));
}

static void
nd_send(uint8_t which)
{
	struct ip_outopts po = { .po_ifp = fuzz_if };
	static const uint8_t body[64];
	struct mbuf *m = fuzz_ip6(253, 0, which, 64, body, sizeof(body), 0);

	if (m != NULL)
		(void)ip6_output(m, &po);
}

static void
nd_address(uint8_t which)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = fuzz_addrs[7],
		.vltime = 100,
		.pltime = 50 };

	ip6_dad_count = which & 1;
	req.addr.b[15] = which;
	if ((which & 0x80) != 0)
		(void)in6_addr_del(fuzz_if, &req, NULL);
	else
		(void)in6_addr_add(fuzz_if, &req, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c;
	uint8_t what, arg;

	fuzz_boot();
	cur_init(&c, data, size);
	while (cur_u8(&c, &what) == 0) {
		switch (what & 3) {
		case 0:
			nd_message(&c);
			break;
		case 1:
			nd_send(what >> 2);
			break;
		case 2:
			if (cur_u8(&c, &arg) == 0)
				nd_address(arg);
			break;
		default:
			fuzz_run((uint64_t)(what >> 2) * 500000);
			break;
		}
		fuzz_run(1000);
	}
	nd6_ifdown(fuzz_if);
	return (0);
}
