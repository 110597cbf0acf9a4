/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Path MTU discovery (RFC 1191) for IPv4.
 *
 * A host route carries the path MTU of a destination; it expires and the
 * larger size is tried again.  What a message says is believed when, in this
 * order:
 *	1. net.inet.ip.mtudisc is on (the caller has seen that the quoted
 *	   packet came from a socket of ours)
 *	2. the size is smaller than the packet it complains about
 *	3. it is smaller than what we use now: a message never makes it larger
 * and never below 296 bytes, the smallest link of RFC 1191's table, so that a
 * forged message cannot make us send dust.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#define PMTU_MIN 296

uint32_t
icmp_pmtu_plateau(uint32_t iplen)
{
	static const uint16_t size[] = { 65535, 32000, 17914, 8166, 4352, 2002,
		1492, 1006, 508, PMTU_MIN };
	unsigned int i;

	for (i = 0; i < nitems(size); i++)
		if (size[i] < iplen)
			return (size[i]);
	return (PMTU_MIN);
}

uint32_t
icmp_pmtu_learn(const struct icmp_quote *q, uint32_t nextmtu, uint32_t tableid)
{
	struct rtentry *rt;
	uint32_t now;

	if (ip_mtudisc == 0)
		return (0);
	if (nextmtu == 0)
		nextmtu = icmp_pmtu_plateau(q->iplen);
	if (nextmtu >= q->iplen)
		return (0);
	nextmtu = MAX(nextmtu, PMTU_MIN);
	rt = rtable_match(tableid, AF_INET, &q->ctx.dst);
	if (rt == NULL || (rt->rt_flags & (RTF_LOCAL | RTF_BROADCAST)) != 0)
		return (0);
	now = rt->rt_mtu != 0 ? rt->rt_mtu : rt->rt_ifp->if_mtu;
	if (nextmtu >= now)
		return (0);
	return (rt_setpmtu(tableid, AF_INET, &q->ctx.dst, nextmtu) == 0 ?
		nextmtu :
		0);
}
