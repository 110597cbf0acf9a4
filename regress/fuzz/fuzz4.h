/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* A router with IPv4 links, for fuzzers: pair0 10.0.1.1/24, lo0, a default
 * route by 10.0.1.2, sockets that listen. */

#ifndef FUZZ4_H
#define FUZZ4_H

#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include "fuzz.h"

static const uint8_t fuzz_addrs[8][4] = {
	{ 10, 0, 1, 1 }, /* ours */
	{ 10, 0, 1, 2 }, /* the gateway */
	{ 10, 0, 1, 9 },
	{ 10, 0, 1, 255 },
	{ 255, 255, 255, 255 },
	{ 192, 0, 2, 7 }, /* behind the gateway */
	{ 224, 0, 0, 1 },
	{ 0, 0, 0, 0 },
};

static inline void
fuzz_sysctl(const char *name, int32_t v)
{
	static struct proc owner;
	struct sysctl_req req = { .proc = &owner,
		.new = &v,
		.newlen = sizeof(v) };

	KASSERT(kern_sysctl(name, &req) == 0);
	free(req.old, M_SYSCTL, req.oldcap);
}

static inline void
fuzz_listen(int type, int proto, uint16_t port)
{
	static struct proc owner;
	static const uint8_t all[4] = { 1, 0, 0, 0 };
	struct sockaddr_storage ss;
	struct ip_addr any = { .q = { 0, 0 } };
	struct socket *so;
	socklen_t len = sockaddr_write(&ss, AF_INET, &any, port, 0);
	static const int opts[] = { IP_PKTINFO, IP_RECVTTL, IP_RECVTOS };
	unsigned int i;

	KASSERT(socreate(AF_INET, type, proto, &owner, &so) == 0);
	if (port != 0)
		KASSERT(so->so_proto->bind(so, (struct sockaddr *)(void *)&ss,
			    len, &owner) == 0);
	for (i = 0; i < nitems(opts); i++)
		KASSERT(so->so_proto->setopt(so, IPPROTO_IP, opts[i], all, 4,
			    &owner) == 0);
}

static inline void
fuzz_boot(void)
{
	struct if_addrreq addr = { .af = AF_INET, .plen = 24 };
	struct rt_want w = { .af = AF_INET,
		.gwaf = AF_INET,
		.flags = RTF_STATIC };

	if (fuzz_if != NULL)
		return;
	fuzz_pair();
	memcpy(addr.addr.b, fuzz_addrs[0], 4);
	KASSERT(in_addr_add(fuzz_if, &addr, NULL) == 0);
	memcpy(w.gateway.b, fuzz_addrs[1], 4);
	KASSERT(rtrequest_add(&w, NULL) == 0);
	ip_forwarding = 1;
	fuzz_sysctl("net.inet.icmp.errppslimit", -1);
	fuzz_sysctl("net.inet.icmp.rediraccept", 1);
	fuzz_sysctl("net.inet.icmp.maskrepl", 1);
	fuzz_sysctl("net.inet.icmp.bmcastecho", 1);
	fuzz_sysctl("net.inet.ip.sourceroute", 1);
	fuzz_sysctl("net.inet.ip.directed-broadcast", 1);
	fuzz_listen(SOCK_DGRAM, 0, 7000);
	fuzz_listen(SOCK_RAW, IPPROTO_ICMP, 0);
}

/* An IPv4 packet with body; addresses by number, sums taken as good. */
static inline void
fuzz_ip(uint8_t proto, unsigned int src, unsigned int dst, const uint8_t *body,
    size_t len, unsigned int first)
{
	uint8_t buf[2048] = { 0x45, [8] = 64 };
	struct mbuf *m;

	len = MIN(len, sizeof(buf) - 20);
	be16enc(buf + 2, (uint16_t)(20 + len));
	buf[9] = proto;
	memcpy(buf + 12, fuzz_addrs[src % 8], 4);
	memcpy(buf + 16, fuzz_addrs[dst % 8], 4);
	memcpy(buf + 20, body, len);
	if ((m = fuzz_packet(buf, 20 + len, first)) == NULL)
		return;
	m->m_pkthdr.csum_flags = M_IPV4_CSUM_IN_OK | M_ICMP_CSUM_IN_OK |
	    M_UDP_CSUM_IN_OK;
	ip_input(fuzz_if, m);
}

#endif
