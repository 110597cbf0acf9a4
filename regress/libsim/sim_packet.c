/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Frames written by hand, for tests that speak to a kernel from outside. */

#include <arpa/inet.h>
#include <string.h>

#include "sim.h"

enum { ETHER = 14, IP4 = 20, IP6 = 40, ARP = 28, ECHO = 8, UDP = 8 };

static void
put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint16_t
sim_cksum(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	if (len > 0)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

static uint8_t *
ether_put(uint8_t *buf, const struct sim_ends *e, unsigned int type)
{
	memcpy(buf, e->dmac, 6);
	memcpy(buf + 6, e->smac, 6);
	put16(buf + 12, type);
	return (buf + ETHER);
}

size_t
sim_arp(uint8_t *buf, const struct sim_ends *e, unsigned int op)
{
	static const uint8_t head[6] = { 0, 1, 8, 0, 6, 4 };
	uint8_t *p = ether_put(buf, e, 0x0806);

	memcpy(p, head, sizeof(head));
	put16(p + 6, op);
	memcpy(p + 8, e->smac, 6);
	memcpy(p + 14, e->src, 4);
	memset(p + 18, 0, 6);
	if (op == 2)
		memcpy(p + 18, e->dmac, 6);
	memcpy(p + 24, e->dst, 4);
	return (ETHER + ARP);
}

size_t
sim_ip4(uint8_t *buf, const struct sim_ends *e, uint8_t proto,
    const void *payload, size_t len)
{
	uint8_t *p = ether_put(buf, e, 0x0800);

	memset(p, 0, IP4);
	p[0] = 0x45;
	put16(p + 2, (unsigned int)(IP4 + len));
	p[8] = e->ttl;
	p[9] = proto;
	memcpy(p + 12, e->src, 4);
	memcpy(p + 16, e->dst, 4);
	put16(p + 10, sim_cksum(0, p, IP4));
	memmove(p + IP4, payload, len);
	return (ETHER + IP4 + len);
}

size_t
sim_ip6(uint8_t *buf, const struct sim_ends *e, uint8_t next,
    const void *payload, size_t len)
{
	uint8_t *p = ether_put(buf, e, 0x86dd);

	memset(p, 0, IP6);
	p[0] = 0x60;
	put16(p + 4, (unsigned int)len);
	p[6] = next;
	p[7] = e->ttl;
	memcpy(p + 8, e->src, 16);
	memcpy(p + 24, e->dst, 16);
	memmove(p + IP6, payload, len);
	return (ETHER + IP6 + len);
}

/* The sum of a pseudo header (RFC 768, RFC 8200 8.1), not folded. */
static uint32_t
pseudo_sum(const struct sim_ends *e, size_t alen, uint8_t proto, size_t len)
{
	uint32_t sum = proto + (uint32_t)len;

	for (size_t i = 0; i < alen; i += 2)
		sum += ((uint32_t)e->src[i] << 8 | e->src[i + 1]) +
		    ((uint32_t)e->dst[i] << 8 | e->dst[i + 1]);
	return (sum);
}

/* An echo request with len bytes that count up, at p. */
static void
echo_put(uint8_t *p, uint8_t type, uint16_t id, uint16_t seq, size_t len)
{
	memset(p, 0, ECHO);
	p[0] = type;
	put16(p + 4, id);
	put16(p + 6, seq);
	for (size_t i = 0; i < len; i++)
		p[ECHO + i] = (uint8_t)i;
}

size_t
sim_echo4(uint8_t *buf, const struct sim_ends *e, uint16_t id, uint16_t seq,
    size_t len)
{
	uint8_t *p = buf + ETHER + IP4;

	echo_put(p, 8, id, seq, len);
	put16(p + 2, sim_cksum(0, p, ECHO + len));
	return (sim_ip4(buf, e, 1, p, ECHO + len));
}

size_t
sim_echo6(uint8_t *buf, const struct sim_ends *e, uint16_t id, uint16_t seq,
    size_t len)
{
	uint8_t *p = buf + ETHER + IP6;

	echo_put(p, 128, id, seq, len);
	put16(p + 2,
	    sim_cksum(pseudo_sum(e, 16, 58, ECHO + len), p, ECHO + len));
	return (sim_ip6(buf, e, 58, p, ECHO + len));
}

size_t
sim_udp4(uint8_t *buf, const struct sim_ends *e, uint16_t sport, uint16_t dport,
    const void *data, size_t len)
{
	uint8_t *p = buf + ETHER + IP4;
	uint16_t sum;

	memmove(p + UDP, data, len);
	put16(p, sport);
	put16(p + 2, dport);
	put16(p + 4, (unsigned int)(UDP + len));
	put16(p + 6, 0);
	sum = sim_cksum(pseudo_sum(e, 4, 17, UDP + len), p, UDP + len);
	put16(p + 6, sum != 0 ? sum : 0xffff);
	return (sim_ip4(buf, e, 17, p, UDP + len));
}
