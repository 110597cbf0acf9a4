/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ARP over time: what the first byte of a step says is received (a packet
 * of 28 bytes, or as many as there are), sent for, waited for, or deleted.
 */

#include "fuzz4.h"

static void
step_send(uint8_t last)
{
	static const uint8_t udp[8] = { 0, 1, 0, 2, 0, 8 };
	struct ip_encap e = { .af = AF_INET, .proto = IPPROTO_UDP };
	struct mbuf *m = fuzz_packet(udp, sizeof(udp), 0);

	memcpy(e.dst.b, fuzz_addrs[0], 4);
	e.dst.b[3] = last;
	if (m != NULL && (m = ip_encap(m, &e)) != NULL)
		(void)ip_output(m, NULL);
}

static void
step_delete(uint8_t last)
{
	struct ip_addr a = { .q = { 0, 0 } };
	struct rtentry *rt;

	memcpy(a.b, fuzz_addrs[0], 4);
	a.b[3] = last;
	rt = rtable_lookup(0, AF_INET, &a, 32, RTP_ANY);
	if (rt != NULL && rt->rt_llinfo != NULL)
		(void)rtrequest_delete(rt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	struct mbuf *m;
	uint8_t what, arg;

	fuzz_boot();
	fuzz_sysctl("net.inet.ip.arpmaxunresolved", 16);
	cur_init(&c, data, size);
	while (cur_u8(&c, &what) == 0 && cur_u8(&c, &arg) == 0) {
		switch (what % 4) {
		case 0:
			cur_sub(&c, MIN(28, c.left), &body);
			if ((m = fuzz_packet(body.p, body.left, arg)) != NULL)
				arp_input(fuzz_if, m);
			break;
		case 1:
			step_send(arg);
			break;
		case 2:
			fuzz_run((uint64_t)arg * 300000);
			break;
		default:
			step_delete(arg);
			break;
		}
	}
	fuzz_run(size % 16 == 0 ? 1300000000 : 1000);
	return (0);
}
