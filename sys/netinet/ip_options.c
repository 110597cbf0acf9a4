/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv4 options (RFC 791 3.1, RFC 1122 3.2.1.8, RFC 1812 5.2.4, RFC 2113).
 *
 * Options of a received packet are walked twice: first all of them are read
 * and judged, so that a packet is refused before anything was written into
 * it; then what routers owe them is written: our address into a recorded
 * route, the time into a timestamp.  Source routes are refused unless
 * net.inet.ip.sourceroute says otherwise.  Every length and pointer comes
 * through the bounded cursor.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>

#define IPOPTS_MAX 20 /* two bytes each at least, in 40 */

struct ip_opt {
	uint8_t type;
	uint8_t at, len; /* in the option area */
	uint8_t ptr;     /* as it stands: 4 is the first slot of a route */
};
struct ip_opts {
	struct ip_opt o[IPOPTS_MAX];
	unsigned int n;
	uint8_t bytes[40];
	uint32_t len;
};

/* Is the place that ptr names one that a slot of size bytes can begin at? */
static bool
slot_aligned(const struct ip_opt *o, unsigned int first, unsigned int size)
{
	return (o->ptr >= first && (o->ptr - first) % size == 0);
}

/* Length and pointer of one option.  0 or EINVAL. */
static int
opt_check(const struct ip_opts *os, struct ip_opt *o)
{
	const uint8_t *p = os->bytes + o->at;
	unsigned int flag;

	switch (o->type) {
	case IPOPT_RR:
	case IPOPT_LSRR:
	case IPOPT_SSRR:
		if (o->len < 3)
			return (EINVAL);
		o->ptr = p[2];
		return (slot_aligned(o, 4, 4) ? 0 : EINVAL);
	case IPOPT_TS:
		if (o->len < 4)
			return (EINVAL);
		o->ptr = p[2];
		flag = p[3] & 0xf;
		if (flag == IPOPT_TS_TSONLY)
			return (slot_aligned(o, 5, 4) ? 0 : EINVAL);
		if (flag != IPOPT_TS_TSANDADDR && flag != IPOPT_TS_PRESPEC)
			return (EINVAL);
		return (slot_aligned(o, 5, 8) ? 0 : EINVAL);
	case IPOPT_RA:
		return (o->len == 4 ? 0 : EINVAL);
	default:
		return (0); /* unknown ones pass untouched */
	}
}

/* Reads all options of os->bytes.  0, or EINVAL and *bad is the place. */
static int
opts_read(struct ip_opts *os, uint32_t *bad)
{
	struct cursor c;
	struct ip_opt *o;

	os->n = 0;
	cur_init(&c, os->bytes, os->len);
	for (;;) {
		*bad = os->len - (uint32_t)c.left;
		o = &os->o[os->n];
		if (cur_u8(&c, &o->type) == -1 || o->type == IPOPT_EOL)
			return (0);
		if (o->type == IPOPT_NOP)
			continue;
		o->at = (uint8_t)*bad;
		if (cur_u8(&c, &o->len) == -1 || o->len < 2 ||
		    cur_skip(&c, o->len - 2U) == -1 ||
		    os->n + 1 == nitems(os->o) || opt_check(os, o) != 0)
			return (EINVAL);
		os->n++;
	}
}

/* --- what routers write --- */

/* The address that the packet will leave by, or came in by. */
static uint32_t
opts_our_address(struct ifnet *ifp, const struct mbuf *m)
{
	struct ip_addr dst = ip_addr_v4(mtod(m, const struct ip *)->ip_dst);
	struct rtentry *rt = rtable_match(m->m_pkthdr.rtableid, AF_INET, &dst);
	struct ifaddr *ifa = NULL;

	if (rt != NULL && (rt->rt_flags & RTF_LOCAL) != 0)
		return (dst.v4);
	if (rt != NULL)
		ifa = in_source_select(rt->rt_ifp, &dst, rt);
	if (ifa == NULL)
		ifa = in_source_select(ifp, &dst, NULL);
	return (ifa == NULL ? 0 : ifa->ifa_addr.v4);
}

static void
opt_record(uint8_t *p, const struct ip_opt *o, uint32_t addr)
{
	if (addr == 0 || o->ptr + 3U > o->len)
		return; /* full: passes on as it is */
	memcpy(p + o->ptr - 1, &addr, 4);
	p[2] = (uint8_t)(o->ptr + 4);
}

/* Overflow counts those who found no room (RFC 791); at 15 it stays. */
static void
opt_ts_full(uint8_t *p)
{
	if (p[3] >> 4 < 15)
		p[3] = (uint8_t)(p[3] + 0x10);
}

static void
opt_timestamp(uint8_t *p, const struct ip_opt *o, uint32_t addr,
    uint32_t tableid)
{
	uint32_t now = htonl((uint32_t)(time_wall_us / 1000 % 86400000));
	unsigned int flag = p[3] & 0xf, need = flag == IPOPT_TS_TSONLY ? 4 : 8;
	struct ip_addr want = ip_addr_v4(0);
	uint8_t *slot = p + o->ptr - 1;

	if (o->ptr - 1U + need > o->len) {
		opt_ts_full(p);
		return;
	}
	if (flag == IPOPT_TS_PRESPEC) {
		memcpy(&want.v4, slot, 4);
		if (ifa_ifwithaddr(AF_INET, &want, tableid) == NULL)
			return;
	} else if (flag == IPOPT_TS_TSANDADDR)
		memcpy(slot, &addr, 4);
	memcpy(slot + need - 4, &now, 4);
	p[2] = (uint8_t)(o->ptr + need);
}

/*
 * A source route that is not at its end: the packet was for us as a stop, the
 * next one takes our place in the list.  Strict: it must be a neighbour.
 */
static int
opt_source_route(struct ifnet *ifp, struct mbuf *m, uint8_t *p,
    const struct ip_opt *o)
{
	struct ip *ip = mtod(m, struct ip *);
	struct ip_addr dst = ip_addr_v4(ip->ip_dst), next = ip_addr_v4(0);
	struct rtentry *rt;

	if (ip_dosourceroute == 0)
		return (EACCES);
	if (ifa_ifwithaddr(AF_INET, &dst, m->m_pkthdr.rtableid) == NULL)
		return (o->type == IPOPT_SSRR ? EINVAL : 0); /* not at a stop */
	if (o->ptr + 3U > o->len)
		return (0); /* arrived */
	if (ip_forwarding == 0)
		return (EACCES);
	memcpy(&next.v4, p + o->ptr - 1, 4);
	rt = rtable_match(m->m_pkthdr.rtableid, AF_INET, &next);
	if (rt == NULL || ntohl(next.v4) >= 0xe0000000U ||
	    (o->type == IPOPT_SSRR && (rt->rt_flags & RTF_GATEWAY) != 0))
		return (EHOSTUNREACH);
	ip->ip_dst = next.v4;
	opt_record(p, o, opts_our_address(ifp, m));
	return (0);
}

/* Writes into the packet.  0, or why a source route cannot go on. */
static int
opts_write(struct ifnet *ifp, struct mbuf *m, const struct ip_opts *os)
{
	uint8_t *area = mtod(m, uint8_t *) + sizeof(struct ip), *p;
	unsigned int i;
	int error;

	for (i = 0; i < os->n; i++) {
		p = area + os->o[i].at;
		if (os->o[i].type == IPOPT_LSRR ||
		    os->o[i].type == IPOPT_SSRR) {
			if ((error = opt_source_route(ifp, m, p, &os->o[i])) !=
			    0)
				return (error);
		} else if (os->o[i].type == IPOPT_RR)
			opt_record(p, &os->o[i], opts_our_address(ifp, m));
		else if (os->o[i].type == IPOPT_TS)
			opt_timestamp(p, &os->o[i], opts_our_address(ifp, m),
			    m->m_pkthdr.rtableid);
	}
	return (0);
}

/* A parameter problem points at its byte (RFC 792). */
static void
opts_refuse(struct mbuf **mp, uint32_t place)
{
	drop_count(DROP_IP_BADOPTS);
	icmp_paramprob(*mp, (uint8_t)(sizeof(struct ip) + place));
	*mp = NULL;
}

int
ip_dooptions(struct ifnet *ifp, struct mbuf **mp)
{
	uint32_t hlen = IP_HLEN(mtod(*mp, struct ip *)), bad;
	struct ip_opts os;
	struct ip *ip;
	int error;

	ipstat_inc(IPS_OPTIONS);
	if (hlen == sizeof(struct ip))
		return (0);
	if ((*mp = m_pullup(*mp, hlen)) == NULL)
		return (ENOBUFS);
	os.len = hlen - sizeof(struct ip);
	memcpy(os.bytes, mtod(*mp, uint8_t *) + sizeof(struct ip), os.len);
	if (opts_read(&os, &bad) != 0) {
		opts_refuse(mp, bad);
		return (EINVAL);
	}
	if ((error = opts_write(ifp, *mp, &os)) != 0) {
		drop_count(DROP_IP_SRCROUTE);
		icmp_error(*mp, ICMP_UNREACH, ICMP_UNREACH_SRCFAIL, 0);
		*mp = NULL;
		return (error);
	}
	ip = mtod(*mp, struct ip *);
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, hlen));
	return (0);
}

/* --- options of sockets --- */

int
ip_checkoptions(const void *opt, uint32_t len)
{
	struct ip_opts os;
	uint32_t bad;
	unsigned int i;

	if (len > sizeof(os.bytes) || len % 4 != 0)
		return (EINVAL);
	memcpy(os.bytes, opt, len);
	os.len = len;
	if (opts_read(&os, &bad) != 0)
		return (EINVAL);
	for (i = 0; i < os.n; i++)
		if (os.o[i].type == IPOPT_LSRR || os.o[i].type == IPOPT_SSRR)
			return (
			    EACCES); /* our own sockets send no source routes */
	return (0);
}

struct mbuf *
ip_insertoptions(struct mbuf *m, const void *opt, uint32_t len)
{
	struct ip hdr;

	if (m_copydata(m, 0, sizeof(hdr), &hdr) != 0 ||
	    IP_HLEN(&hdr) != sizeof(hdr) || len > 40) {
		m_drop(m, DROP_IP_OUTPUT);
		return (NULL);
	}
	if ((m = m_prepend(m, len)) == NULL ||
	    (m = m_pullup(m, sizeof(hdr) + len)) == NULL)
		return (NULL);
	hdr.ip_vhl = (uint8_t)(4 << 4 | (sizeof(hdr) + len) >> 2);
	memcpy(mtod(m, uint8_t *), &hdr, sizeof(hdr));
	memcpy(mtod(m, uint8_t *) + sizeof(hdr), opt, len);
	return (m);
}

uint32_t
ip_optcopy(const uint8_t *opt, uint32_t len, uint8_t out[40])
{
	uint32_t i, n = 0, l;

	for (i = 0; i < len && opt[i] != IPOPT_EOL; i += l) {
		l = 1;
		if (opt[i] != IPOPT_NOP)
			l = i + 1 < len ? opt[i + 1] : 0;
		if (l == 0 || l > len - i)
			break;
		if ((opt[i] & IPOPT_COPIED) != 0) {
			memcpy(out + n, opt + i, l);
			n += l;
		}
	}
	while (n % 4 != 0)
		out[n++] = IPOPT_EOL;
	return (n);
}
