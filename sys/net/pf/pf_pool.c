/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Choosing an address and a port for translation.
 *
 * A pool is a list of entries: addresses, networks, ranges, tables, (if).
 * Seen from here all are one row of addresses, numbered through: entry by
 * entry, host by host.  How a number is picked is the pool's type; large
 * networks count as 2^24 hosts, their first ones, of which the number chooses
 * one; random and source-hash choose among all of them.
 *
 * A port of nat is taken where the four numbers do not meet a state that is
 * there: from a random place upwards to the end of the range, then below.
 * What least-states counts is in pf_pool_load.c.
 * When an address has no port left, the next one is tried; when none has, the
 * packet is dropped, never let out as it was.
 *
 * To find that there is none takes a look at every port of every address, so
 * whoever has used them up could keep us busy by asking again.  It is noted
 * for a second, or until a state ends.  Not noted is what says nothing of other
 * packets: that one port was taken which may not be changed, or that some
 * addresses of many were full.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <crypto/siphash.h>
#include <net/pf/pf.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_pool.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <net/pf/pf_table.h>
#include <netinet/in.h>

#define POOL_NETMAX PF_NET_HOSTS_MAX /* hosts of one entry that are told apart */
#define POOL_TRIES  16         /* addresses tried before a pool is full */
#define POOL_LOOK   256        /* addresses whose states are compared */

/* --- addresses by number --- */

/* The halves of an IPv6 address as numbers. */
static uint64_t
pf_high64(const struct ip_addr *a)
{
	return ((uint64_t)ntohl(a->l[0]) << 32 | ntohl(a->l[1]));
}

static uint64_t
pf_low64(const struct ip_addr *a)
{
	return ((uint64_t)ntohl(a->l[2]) << 32 | ntohl(a->l[3]));
}

/* Host i of net/plen; with r more than 24 bits are filled from that. */
static struct ip_addr
pf_net_host(sa_family_t af, const struct ip_addr *net, unsigned int plen,
    uint32_t i, const struct ip_addr *r)
{
	struct ip_addr a = *net;
	unsigned int n = af == AF_INET ? 4 : 16;
	unsigned int bits = n * 8 - plen;

	if (bits > 24 && r != NULL)
		for (unsigned int b = plen; b < n * 8; b++)
			a.b[b / 8] |= r->b[b / 8] & (0x80 >> (b % 8));
	else
		for (unsigned int b = 0; b < bits && b < 24; b++)
			if ((i >> b & 1) != 0)
				a.b[n - 1 - b / 8] |= (uint8_t)(1 << (b % 8));
	return (a);
}

static uint32_t
pf_range_hosts(sa_family_t af, const struct pf_raddr *e)
{
	uint64_t lo, hi, blocks;

	if (af == AF_INET)
		return ((uint32_t)MIN((uint64_t)ntohl(e->end.v4) - ntohl(e->addr.v4) + 1,
		    (uint64_t)POOL_NETMAX));
	lo = pf_low64(&e->addr);
	hi = pf_low64(&e->end);
	blocks = pf_high64(&e->end) - pf_high64(&e->addr);
	if (blocks > 1 || (blocks == 1 && hi >= lo) || hi - lo >= POOL_NETMAX)
		return (POOL_NETMAX);
	return ((uint32_t)(hi - lo) + 1);
}

static struct ip_addr
pf_range_host(sa_family_t af, const struct pf_raddr *e, uint32_t i)
{
	struct ip_addr a = e->addr;

	if (af == AF_INET)
		a.v4 = htonl(ntohl(a.v4) + i);
	else {
		a.q[1] = htobe64(pf_low64(&a) + i);
		if (pf_low64(&a) < i) /* into the next /64 */
			a.q[0] = htobe64(pf_high64(&a) + 1);
	}
	return (a);
}

/* A pick: number i of all, and (spread) bits for what is too large to count. */
struct pf_pick {
	sa_family_t af;
	bool spread;
	uint32_t i;
	struct ip_addr bits;
};

/* Networks of a table or an interface, by index. */
static bool
pf_entry_net(const struct pf_raddr *e, sa_family_t af, unsigned int k,
    struct ip_addr *net, unsigned int *plen)
{
	if (e->type == PF_ADDR_TABLE)
		return (pf_table_entry(e->table, af, k, net, plen));
	return (pf_dyn_entry(e->dyn, af, k, net, plen));
}

static uint32_t
pf_entry_hosts(const struct pf_raddr *e, sa_family_t af)
{
	struct ip_addr net;
	unsigned int plen, k;
	uint64_t n = 0;

	if (e->type == PF_ADDR_TABLE)
		return (pf_table_hosts(e->table, af));
	if (e->type == PF_ADDR_DYNIF) {
		for (k = 0; n < POOL_NETMAX && pf_entry_net(e, af, k, &net, &plen);
		     k++)
			n += pf_net_hosts(af, plen);
		return ((uint32_t)MIN(n, POOL_NETMAX));
	}
	if (e->af != af)
		return (0);
	return (e->type == PF_ADDR_RANGE ? pf_range_hosts(af, e) :
					   pf_net_hosts(af, e->plen));
}

static bool
pf_entry_host(const struct pf_raddr *e, const struct pf_pick *p, uint32_t i,
    struct ip_addr *a)
{
	const struct ip_addr *bits = p->spread ? &p->bits : NULL;
	struct ip_addr net;
	unsigned int plen, k;
	uint32_t n;

	if (e->type == PF_ADDR_RANGE)
		*a = pf_range_host(p->af, e, i);
	else if (e->type == PF_ADDR_PREFIX)
		*a = pf_net_host(p->af, &e->addr, e->plen, i, bits);
	else
		for (k = 0;; k++, i -= n) {
			if (!pf_entry_net(e, p->af, k, &net, &plen))
				return (false);
			if (i < (n = pf_net_hosts(p->af, plen))) {
				*a = pf_net_host(p->af, &net, plen, i, bits);
				break;
			}
		}
	return (true);
}

static uint32_t
pf_pool_hosts(const struct pf_pool *pool, sa_family_t af)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < pool->nents; k++)
		n += pf_entry_hosts(&pool->ents[k], af);
	return ((uint32_t)MIN(n, UINT32_MAX));
}

static bool
pf_pool_host(const struct pf_pool *pool, const struct pf_pick *p,
    struct ip_addr *a)
{
	uint32_t i = p->i, n;

	for (uint32_t k = 0; k < pool->nents; k++, i -= n)
		if (i < (n = pf_entry_hosts(&pool->ents[k], p->af)))
			return (pf_entry_host(&pool->ents[k], p, i, a));
	return (false);
}

/* bitmask: the network's bits, and the packet's own behind them. */
static bool
pf_pool_bitmask(const struct pf_pool *pool, sa_family_t af,
    const struct ip_addr *old, struct ip_addr *a)
{
	const struct pf_raddr *e = pool->ents;
	struct ip_addr net, host = *old, mask;
	unsigned int plen;

	if (pool->nents == 0)
		return (false);
	net = e->addr;
	plen = e->plen;
	if (e->type == PF_ADDR_PREFIX ? e->af != af :
					e->type != PF_ADDR_DYNIF ||
		    !pf_dyn_entry(e->dyn, af, 0, &net, &plen))
		return (false);
	mask = host;
	ip_addr_mask(&mask, plen);
	ip_addr_mask(&net, plen);
	for (int i = 0; i < 16; i++)
		a->b[i] = net.b[i] | (uint8_t)(host.b[i] ^ mask.b[i]);
	return (true);
}

/*
 * The address with the fewest states; of equals the one whose turn it is.  Of
 * a large pool a part is looked at, another one each time.
 */
static uint32_t
pf_pool_least(struct pf_pool *pool, sa_family_t af, uint32_t n)
{
	uint32_t best = pool->next_idx % n, least = UINT32_MAX, load;
	struct pf_pick p = { .af = af };
	struct ip_addr a;

	for (uint32_t i = 0; i < MIN(n, POOL_LOOK) && least != 0; i++) {
		p.i = (pool->next_idx + i) % n;
		memset(&a, 0, sizeof(a));
		if (!pf_pool_host(pool, &p, &a) ||
		    (load = pf_pool_load(pool, &a)) >= least)
			continue;
		least = load;
		best = p.i;
	}
	pool->next_idx = best + 1;
	return (best);
}

/*
 * The address for the k-th try.  old: what it replaces; by: whose hash
 * chooses.  False: there is none.
 */
static bool
pf_pool_pick(struct pf_pool *pool, sa_family_t af, const struct ip_addr *old,
    const struct ip_addr *by, unsigned int k, struct ip_addr *a)
{
	struct siphash_key key = { pool->key[0], pool->key[1] };
	struct pf_pick p = { .af = af };
	uint32_t n;
	uint64_t h;

	if (pool->type == PF_POOL_BITMASK)
		return (k == 0 && pf_pool_bitmask(pool, af, old, a));
	if ((n = pf_pool_hosts(pool, af)) == 0 || k >= n)
		return (false);
	switch (pool->type) {
	case PF_POOL_RANDOM:
		p.i = arc4random_uniform(n);
		p.spread = true;
		arc4random_buf(&p.bits, sizeof(p.bits));
		break;
	case PF_POOL_SRCHASH:
		h = siphash24(&key, by, sizeof(*by));
		p.i = (uint32_t)((h + k) % n);
		p.spread = true;
		p.bits.q[0] = h;
		p.bits.q[1] = siphash24(&key, &h, sizeof(h));
		break;
	case PF_POOL_LEASTSTATES:
		p.i = (pf_pool_least(pool, af, n) + k) % n;
		break;
	case PF_POOL_ROUNDROBIN:
		p.i = pool->next_idx % n;
		pool->next_idx = (p.i + 1) % n;
		break;
	default:
		p.i = k;
	}
	return (pf_pool_host(pool, &p, a));
}

/* --- ports of nat --- */

static bool
pf_port_free(struct pf_desc *pd, const struct ip_addr *src, unsigned int end,
    uint16_t port)
{
	struct pf_ends e = pd->now;
	uint8_t proto = pd->proto;

	if (pd->af != pd->naf && proto == IPPROTO_ICMPV6)
		proto = IPPROTO_ICMP;
	else if (pd->af != pd->naf && proto == IPPROTO_ICMP)
		proto = IPPROTO_ICMPV6;
	e.addr[PF_SRC] = *src;
	e.port[end] = port;
	return (!pf_state_taken(pd->naf, proto, &e,
	    pd->af != pd->naf ? PF_OUT : pd->dir));
}

static bool
pf_pool_icmp(const struct pf_desc *pd)
{
	return (pd->proto == IPPROTO_ICMP || pd->proto == IPPROTO_ICMPV6);
}

/* May the port become another? */
static bool
pf_port_chosen(const struct pf_desc *pd, const struct pf_pool *pool)
{
	return ((pool->flags & PF_POOL_STATIC) == 0 &&
	    (pf_pool_icmp(pd) || pd->proto == IPPROTO_TCP ||
		pd->proto == IPPROTO_UDP));
}

/* A free port for src; 0: none.  static-port and what has no ports keep it. */
static bool
pf_port_pick(struct pf_desc *pd, const struct pf_pool *pool,
    const struct ip_addr *src, uint16_t *port)
{
	uint16_t lo = pool->port[0] != 0 ? pool->port[0] : 50001;
	uint16_t hi = pool->port[1] != 0 ? pool->port[1] :
	    pool->port[0] != 0		 ? pool->port[0] :
					   65535;
	uint32_t n, at;
	bool icmp = pf_pool_icmp(pd);

	*port = pd->now.port[PF_SRC];
	if (!pf_port_chosen(pd, pool))
		return (pf_port_free(pd, src, PF_SRC, *port));
	if (icmp) {
		if (pf_port_free(pd, src, PF_SRC, *port))
			return (true);
		lo = 1;
		hi = 65535;
	}
	if (hi < lo)
		hi = lo;
	n = (uint32_t)hi - lo + 1;
	at = arc4random_uniform(n);
	for (uint32_t i = 0; i < n; i++) {
		*port = (uint16_t)(lo + (at + i) % n);
		if (pf_port_free(pd, src, PF_SRC, *port))
			return (true);
	}
	return (false);
}

/* --- pools that are used up, towards one destination --- */

static struct pf_full {
	const struct pf_pool *pool;
	uint64_t gone; /* states that had ended then */
	uint32_t hash, second;
} pf_fulls[64];

static struct pf_full *
pf_full_of(const struct pf_desc *pd, struct pf_full *now,
    const struct pf_pool *pool)
{
	struct pf_ends e = pd->now;

	if (pool->type != PF_POOL_BITMASK && pool->type != PF_POOL_SRCHASH)
		memset(&e.addr[PF_SRC], 0, sizeof(e.addr[PF_SRC]));
	e.port[PF_SRC] = 0;
	*now = (struct pf_full){ .pool = pool,
		.gone = pf_states_gone,
		.hash = pf_state_hash(pd->naf, pd->proto, &e, PF_OUT),
		.second = (uint32_t)uptime_sec() };
	return (&pf_fulls[now->hash % nitems(pf_fulls)]);
}

static bool
pf_full_known(const struct pf_full *f, const struct pf_full *now)
{
	return (f->pool == now->pool && f->hash == now->hash &&
	    f->second == now->second && f->gone == now->gone);
}

/* --- the four kinds --- */

static int
pf_pool_full(struct pf_desc *pd)
{
	pd->mapfailed = true;
	pd->reason = PFRES_MAPFAILED;
	return (ENOSPC);
}

int
pf_pool_nat(struct pf_desc *pd, struct pf_rule *r)
{
	struct pf_pool *pool = &r->pool[PF_NATPOOL];
	struct pf_full now, *full = pf_full_of(pd, &now, pool);
	struct ip_addr a;
	uint16_t port;

	if (__predict_false(pf_full_known(full, &now)))
		return (pf_pool_full(pd));
	for (unsigned int k = 0; k < POOL_TRIES; k++) {
		memset(&a, 0, sizeof(a));
		if (!pf_pool_pick(pool, pd->naf, &pd->now.addr[PF_SRC],
			&pd->now.addr[PF_SRC], k, &a))
			break;
		if (!pf_port_pick(pd, pool, &a, &port))
			continue;
		pd->now.addr[PF_SRC] = a;
		pd->now.port[PF_SRC] = port;
		return (0);
	}
	if (pf_port_chosen(pd, pool) &&
	    pf_pool_hosts(pool, pd->naf) <= POOL_TRIES)
		*full = now;
	return (pf_pool_full(pd));
}

/* Ports of rdr shift with the range they were asked by, or all become one. */
static uint16_t
pf_rdr_port(const struct pf_desc *pd, const struct pf_rule *r,
    const struct pf_pool *pool)
{
	uint16_t old = pd->now.port[PF_DST], off;
	uint32_t n;

	if (pool->port[0] == 0 ||
	    (pd->proto != IPPROTO_TCP && pd->proto != IPPROTO_UDP))
		return (old);
	if ((pool->flags & PF_POOL_PORTSTAR) == 0 &&
	    (pool->port[1] == 0 || pool->port[1] == pool->port[0]))
		return (pool->port[0]);
	off = r->dst.port_op == PF_OP_RRG ? (uint16_t)(old - r->dst.port[0]) : 0;
	if ((pool->flags & PF_POOL_PORTSTAR) != 0)
		return ((uint16_t)(pool->port[0] + off));
	n = (uint32_t)pool->port[1] - pool->port[0] + 1;
	return ((uint16_t)(pool->port[0] + off % n));
}

/* Another state has these numbers towards the new host: another source port. */
static bool
pf_rdr_clash(struct pf_desc *pd)
{
	struct pf_pool any = { .port = { 50001, 65535 } };
	uint16_t port;

	if (!pf_state_taken(pd->naf, pd->proto, &pd->now, pd->dir))
		return (true);
	if (pd->proto != IPPROTO_TCP && pd->proto != IPPROTO_UDP)
		return (true);
	if (!pf_port_pick(pd, &any, &pd->now.addr[PF_SRC], &port))
		return (false);
	pd->now.port[PF_SRC] = port;
	return (true);
}

int
pf_pool_rdr(struct pf_desc *pd, struct pf_rule *r)
{
	struct pf_pool *pool = &r->pool[PF_RDRPOOL];
	struct ip_addr a;

	memset(&a, 0, sizeof(a));
	if (!pf_pool_pick(pool, pd->naf, &pd->now.addr[PF_DST],
		&pd->now.addr[PF_SRC], 0, &a))
		return (pf_pool_full(pd));
	pd->now.port[PF_DST] = pf_rdr_port(pd, r, pool);
	pd->now.addr[PF_DST] = a;
	return (pf_rdr_clash(pd) ? 0 : pf_pool_full(pd));
}

/* One to one: out, the source becomes the pool's; in, its address the source's. */
int
pf_pool_binat(struct pf_desc *pd, struct pf_rule *r)
{
	struct pf_pool *pool = &r->pool[PF_NATPOOL];
	struct pf_pool inner = { .ents = &r->src.addr, .nents = 1,
		.type = PF_POOL_BITMASK };
	unsigned int end = pd->dir == PF_OUT ? PF_SRC : PF_DST;
	struct ip_addr a;

	memset(&a, 0, sizeof(a));
	if (pd->dir == PF_OUT ?
		!pf_pool_bitmask(pool, pd->af, &pd->now.addr[end], &a) :
		!pf_pool_bitmask(&inner, pd->af, &pd->now.addr[end], &a))
		return (pf_pool_full(pd));
	pd->now.addr[end] = a;
	return (0);
}

/* Where the bytes of an IPv4 address stand behind a prefix of an IPv6 address;
 * byte 8 is none of them (RFC 6052 2.2). */
static unsigned int
pf_embed_place(unsigned int plen, unsigned int i)
{
	unsigned int at = plen / 8 + i;

	return (plen < 96 && at >= 8 ? at + 1 : at);
}

/* The lengths that RFC 6052 knows; others are read as the usual one. */
static unsigned int
pf_embed_plen(unsigned int plen)
{
	bool known = plen >= 32 && plen <= 64 && plen % 8 == 0;

	return (known ? plen : 96);
}

/* An address of one host, which is not every machine's own: whoever may name an
 * IPv4 address this way is not to name our loopback or all of a network. */
static bool
pf_afto_one(const struct ip_addr *four)
{
	uint32_t top = ntohl(four->v4) >> 24;

	return (top != 0 && top != 127 && top < 224);
}

/* The IPv4 destination in an IPv6 one, behind the prefix that r compares. */
static struct ip_addr
pf_afto_extract(const struct pf_rule *r, const struct ip_addr *six)
{
	const struct pf_raddr *dst = &r->dst.addr;
	unsigned int plen = pf_embed_plen(
	    dst->type == PF_ADDR_PREFIX && dst->neg == 0 ? dst->plen : 96);
	struct ip_addr a = { .q = { 0, 0 } };

	for (unsigned int i = 0; i < 4; i++)
		a.b[i] = six->b[pf_embed_place(plen, i)];
	return (a);
}

static struct ip_addr
pf_afto_embed(const struct pf_raddr *net, const struct ip_addr *four)
{
	unsigned int plen = pf_embed_plen(net->plen);
	struct ip_addr a = net->addr;

	for (unsigned int i = 0; i < 4; i++)
		a.b[pf_embed_place(plen, i)] = four->b[i];
	return (a);
}

/* The destination in the other family: of the pool behind `to', or made of the
 * one that the packet has. */
static bool
pf_afto_dst(struct pf_desc *pd, struct pf_rule *r, struct ip_addr *a)
{
	struct pf_pool *to = &r->pool[PF_RDRPOOL];
	const struct ip_addr *was = &pd->now.addr[PF_DST];

	if (to->nents == 0) {
		if (pd->naf != AF_INET)
			return (false);
		*a = pf_afto_extract(r, was);
		return (pf_afto_one(a));
	}
	if (pd->naf == AF_INET6 && to->ents[0].type == PF_ADDR_PREFIX &&
	    to->ents[0].plen <= 96) {
		*a = pf_afto_embed(&to->ents[0], was);
		return (true);
	}
	return (pf_pool_pick(to, pd->naf, was, &pd->now.addr[PF_SRC], 0, a));
}

int
pf_pool_afto(struct pf_desc *pd, struct pf_rule *r)
{
	struct ip_addr a;

	if (pd->dir != PF_IN)
		return (pf_pool_full(pd)); /* it overrides routes: too late */
	pd->naf = r->ioc->naf;
	memset(&a, 0, sizeof(a));
	if (!pf_afto_dst(pd, r, &a))
		return (pf_pool_full(pd));
	pd->now.addr[PF_DST] = a;
	if (pf_pool_icmp(pd))
		pd->now.port[PF_DST] =
		    pd->naf == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	return (pf_pool_nat(pd, r));
}
