/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Groups: socket options with arguments of any kind, IGMP and MLD messages
 * with a sum that is good, sockets that close, time.  A byte says what comes,
 * one how long it is.
 */

#include "fuzz4.h"

#include <sys/cursor.h>
#include <netinet/in_mcast.h>
#include <netinet/in_pcb.h>
#include <netinet6/ip6.h>
#include <netinet6/mld6.h>

static struct socket *fuzz_so[4];

static void
fuzz_option(uint8_t what, const struct cursor *arg)
{
	static struct proc owner;
	struct socket **so = &fuzz_so[what >> 6];
	int af = (what & 0x40) != 0 ? AF_INET6 : AF_INET, name;

	if (*so == NULL && socreate(af, SOCK_DGRAM, 0, &owner, so) != 0)
		return;
	if (arg->left == 0) {
		soclose(*so);
		*so = NULL;
		return;
	}
	name = (what & 0x20) != 0 ? IPV6_JOIN_GROUP + (what & 1) :
				    IP_MULTICAST_IF + (what & 0x1f) % 18;
	(void)(*so)->so_proto->setopt(*so,
	    (what & 0x10) != 0 || (what & 0x20) != 0 ? IPPROTO_IPV6 :
						       IPPROTO_IP,
	    name, arg->p, (socklen_t)arg->left, &owner);
}

/* The message behind an IPv4 header with a router alert. */
static void
fuzz_igmp(const struct cursor *body)
{
	uint8_t buf[24 + 256] = { 0x46, [20] = 0x94, 4, 0, 0 };
	size_t len = MIN(body->left, sizeof(buf) - 24);
	struct ip_input_ctx ctx = { .ifp = fuzz_if,
		.af = AF_INET,
		.ttl = 1,
		.proto = IPPROTO_IGMP,
		.off = 24,
		.dst = ip_addr_v4(htonl(0xe0000001U)) };
	struct mbuf *m;
	uint16_t sum;

	memcpy(buf + 24, body->p, len);
	if (len >= 8) {
		memset(buf + 26, 0, 2);
		if (body->p[1] & 1)
			memcpy(&ctx.dst.v4, body->p + 4, 4);
		sum = in_cksum_fold(in_cksum_bytes(0, buf + 24, (uint32_t)len));
		memcpy(buf + 26, &sum, 2);
	}
	if ((m = fuzz_packet(buf, 24 + len, 0)) == NULL)
		return;
	ip_proto_find(AF_INET, IPPROTO_IGMP)->input(m, &ctx);
}

/* The message behind an IPv6 header and a router alert. */
static void
fuzz_mld(const struct cursor *body)
{
	uint8_t buf[48 + 256] = {
		0x60, [6] = 0, [7] = 1, [40] = IPPROTO_ICMPV6, [42] = 5, 2, 0,
		0, 1, 0
	};
	struct ip_input_ctx ctx = { .ifp = fuzz_if,
		.af = AF_INET6,
		.ttl = 1,
		.proto = IPPROTO_ICMPV6,
		.off = 48,
		.src = { .b = { 0xfe, 0x80, [15] = 9 } } };
	size_t len = MIN(body->left, sizeof(buf) - 48);
	struct mbuf *m;

	memcpy(buf + 48, body->p, len);
	if ((m = fuzz_packet(buf, 48 + len, 0)) == NULL)
		return;
	(void)mld6_input(m, &ctx, (uint32_t)len);
	m_freem(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	uint8_t what, kind, len;
	static uint32_t own; /* groups of the node's own addresses */

	fuzz_boot();
	if (own == 0) {
		fuzz_run(30000000);
		own = in_ngroups;
	}
	cur_init(&c, data, size);
	while (cur_u8(&c, &kind) == 0 && cur_u8(&c, &what) == 0 &&
	    cur_u8(&c, &len) == 0 &&
	    cur_sub(&c, MIN(len, c.left), &body) == 0) {
		if (kind % 4 == 0)
			fuzz_option(what, &body);
		else if (kind % 4 == 1)
			fuzz_igmp(&body);
		else if (kind % 4 == 2)
			fuzz_mld(&body);
		else
			fuzz_run(what * 10000U);
	}
	for (unsigned int i = 0; i < nitems(fuzz_so); i++)
		if (fuzz_so[i] != NULL)
			soclose(fuzz_so[i]);
	memset(fuzz_so, 0, sizeof(fuzz_so));
	/* a leave is told up to seven times, as a querier may ask for */
	for (unsigned int i = 0; i < 8; i++)
		fuzz_run(1100000);
	KASSERT(in_ngroups == own); /* all were left, and told */
	return (0);
}
