/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Every type of pool over every kind of address, for nat and rdr, both
 * families: which addresses come out, in which order, how evenly; ports; and
 * that nothing leaves untranslated when there is none left.
 */

#include "pfkit.h"

#include <sys/proc.h>
#include <sys/time.h>
#include <net/if_ioctl.h>
#include <net/pf/pf_table.h>

enum what { ONE, TWO, NET, RANGE, TABLE, IFADDRS, NWHATS };

/* Pool p gets its addresses: hosts 201 and on.  How many there are. */
static unsigned int
fill(struct pf_ioc_rule *c, enum pf_poolno p, sa_family_t af, enum what w)
{
	const unsigned int bits = af == AF_INET ? 32 : 128;
	struct pf_ioc_poolent *e = pk_ents[p];

	c->pool[p].nents = 1;
	c->pool[p].af = af;
	memset(e, 0, sizeof(pk_ents[p]));
	switch (w) {
	case TWO:
		c->pool[p].nents = 2;
		e[1] = pk_net(af, 202, bits);
		e[0] = pk_net(af, 201, bits);
		return (2);
	case NET:
		e[0] = pk_net(af, 200, bits - 2);
		return (4);
	case RANGE:
		e[0] = pk_net(af, 201, bits);
		e[0].addr.type = PF_ADDR_RANGE;
		e[0].addr.end = pk_host(af, 205);
		return (5);
	case TABLE:
		e[0].addr.type = PF_ADDR_TABLE;
		strlcpy(e[0].addr.name, "t", sizeof(e[0].addr.name));
		return (3);
	case IFADDRS:
		e[0].addr.type = PF_ADDR_DYNIF;
		e[0].addr.plen = 128;
		strlcpy(e[0].addr.name, "pair0", sizeof(e[0].addr.name));
		return (3);
	default:
		e[0] = pk_net(af, 201, bits);
		return (1);
	}
}

/* Hosts 201 to 203 are in table <t>, with others that are not for pools, and
 * on pair0. */
static void
table_and_interface(void)
{
	static struct proc owner = { .p_uid = 0, .p_fd = -1 };
	struct pf_tstage *ts = pf_tstage_new("");
	struct pf_ioc_taddr a;
	struct if_addrreq req;

	KT_EQ(pf_tstage_define(ts, "t", PFRT_PERSIST, true), 0);
	KT_EQ(if_clone_create("pair0"), 0);
	PK_BOTH(af)
	for (unsigned int n = 200; n < 205; n++) {
		a = (struct pf_ioc_taddr){ .af = (uint8_t)af,
			.plen = af == AF_INET ? 32 : 128,
			.neg = n == 200 || n == 204, .addr = pk_host(af, n) };
		KT_EQ(pf_tstage_add(ts, &a, 1), 0);
		if (a.neg)
			continue;
		memset(&req, 0, sizeof(req));
		strlcpy(req.name, "pair0", sizeof(req.name));
		req.af = af;
		req.addr = a.addr;
		req.plen = a.plen;
		req.vltime = req.pltime = UINT32_MAX;
		KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &req, &owner), 0);
	}
	pf_tstage_commit(ts);
}

/* A new conversation from host i: what nat or rdr made of it, -1 dropped. */
static int
begin(sa_family_t af, bool nat, unsigned int host, uint16_t port)
{
	struct pk p = { .af = af,
		.proto = IPPROTO_UDP,
		.src = host,
		.dst = 350,
		.sport = port,
		.dport = 53 };
	struct mbuf *m = pk_through(pk_make(&p, NULL), af,
	    nat ? PF_OUT : PF_IN);
	struct pk_ends e;

	if (m == NULL)
		return (-1);
	e = pk_ends(m, af, 0);
	m_freem(m);
	KT_EQ(nat ? e.dst : e.src, nat ? 350 : (int)host);
	return (nat ? e.src : e.dst);
}

static void
load(sa_family_t af, bool nat, uint8_t type, enum what w, uint8_t flags,
    unsigned int *hosts)
{
	struct pf_ioc_rule c = { .action = nat ? PFA_NAT : PFA_RDR, .af = af };
	enum pf_poolno p = nat ? PF_NATPOOL : PF_RDRPOOL;

	pk_states_end();
	*hosts = fill(&c, p, af, w);
	c.pool[p].type = type;
	c.pool[p].flags = flags;
	memset(c.pool[p].key, 7, sizeof(c.pool[p].key));
	pk_rule(nat ? PF_RS_NAT : PF_RS_RDR, &c);
	pk_rule(nat ? PF_RS_RDR : PF_RS_NAT,
	    &(struct pf_ioc_rule){ .action = nat ? PFA_NORDR : PFA_NONAT });
}

/* What 1000 conversations from 47 hosts got: by place in the pool. */
struct spread {
	unsigned int n[8], other, changes;
};
static struct spread
many(sa_family_t af, bool nat, unsigned int first)
{
	struct spread s = { .other = 0 };
	int got, last[47];

	memset(last, -1, sizeof(last));
	for (unsigned int i = 0; i < 1000; i++) {
		got = begin(af, nat, 101 + i % 47, (uint16_t)(1000 + i));
		if (got < (int)first || got >= (int)first + 8)
			s.other++;
		else
			s.n[got - (int)first]++;
		s.changes += last[i % 47] != -1 && last[i % 47] != got;
		last[i % 47] = got;
	}
	return (s);
}

/* even: all within a third; exact: the same number each; sticks: a source
 * keeps its address. */
static const struct {
	uint8_t type;
	bool even, exact, sticks;
} types[] = {
	{ PF_POOL_RANDOM, true, false, false },
	{ PF_POOL_SRCHASH, false, false, true },
	{ PF_POOL_ROUNDROBIN, true, true, false },
	{ PF_POOL_LEASTSTATES, true, true, false },
};

KTEST(pf_pool_every_type_over_every_kind_of_address)
{
	struct spread s;
	unsigned int hosts, sum;

	pk_boot();
	table_and_interface();
	PK_BOTH(af)
	for (unsigned int i = 0; i < 2 * nitems(types) * NWHATS; i++) {
		unsigned int t = i / 2 % nitems(types);
		enum what w = (enum what)(i / 2 / nitems(types));
		unsigned int first = w == NET ? 200 : 201;

		load(af, i & 1, types[t].type, w, 0, &hosts);
		s = many(af, i & 1, first);
		KT_EQ(s.other, 0);
		sum = 0;
		for (unsigned int h = 0; h < 8; h++) {
			sum += s.n[h];
			if (h >= hosts)
				KT_EQ(s.n[h], 0);
			else if (types[t].exact)
				KT(s.n[h] - 1000 / hosts <= 1);
			else if (types[t].even)
				KT(s.n[h] * hosts > 660 &&
				    s.n[h] * hosts < 1340);
		}
		KT_EQ(sum, 1000);
		if (types[t].sticks || hosts == 1)
			KT_EQ(s.changes, 0);
		else
			KT(s.changes > 100);
	}
}

/* An IPv6 network has more hosts than are counted: those by number are all
 * different and in it, and so are those of a range that leaves its /64. */
KTEST(pf_pool_networks_larger_than_numbers)
{
	static const uint8_t ordered[] = { PF_POOL_ROUNDROBIN, PF_POOL_LEASTSTATES };
	struct pf_ioc_rule c = { .action = PFA_NAT, .af = AF_INET6 };
	struct pk p = { .af = AF_INET6, .proto = IPPROTO_UDP, .src = 10,
		.dst = 350, .dport = 53 };
	struct pf_ioc_addr *range = &pk_ents[PF_NATPOOL][0].addr;
	struct ip_addr first, a;
	struct mbuf *m;

	pk_boot();
	c.pool[PF_NATPOOL].nents = 1;
	for (unsigned int i = 0; i < 2 * nitems(ordered); i++) {
		pk_states_end();
		*range = pk_net(AF_INET6, 400, 64).addr;
		if ((i & 1) != 0) {
			range->type = PF_ADDR_RANGE;
			memset(range->addr.b + 8, 0xff, 8);
			range->end = pk_host(AF_INET6, 502);
		}
		first = range->addr;
		c.pool[PF_NATPOOL].type = ordered[i / 2];
		pk_rule(PF_RS_NAT, &c);
		for (uint16_t k = 0; k < 4; k++) {
			p.sport = (uint16_t)(1000 + k);
			m = pk_through(pk_make(&p, NULL), AF_INET6, PF_OUT);
			KT(m != NULL);
			KT_EQ(m_copydata(m, 8, 16, a.b), 0);
			m_freem(m);
			if ((i & 1) == 0) {
				first.b[15] = (uint8_t)k;
				KT(ip_addr_eq(&a, &first));
			} else if (k == 0)
				KT(ip_addr_eq(&a, &first));
			else
				KT_EQ(pk_number(AF_INET6, &a), 500 + k - 1);
		}
	}
}

/* All of IPv4 is a range too. */
KTEST(pf_pool_range_of_all)
{
	struct pf_ioc_rule c = { .action = PFA_NAT, .af = AF_INET };

	pk_boot();
	c.pool[PF_NATPOOL].nents = 1;
	pk_ents[PF_NATPOOL][0].addr = (struct pf_ioc_addr){
		.type = PF_ADDR_RANGE, .af = AF_INET, .plen = 32,
		.end.v4 = UINT32_MAX };
	pk_rule(PF_RS_NAT, &c);
	KT(pk_passes(&(struct pk){ .af = AF_INET, .proto = IPPROTO_UDP,
			 .src = 10, .dst = 350, .sport = 9, .dport = 53 },
	    PF_OUT));
}

KTEST(pf_pool_bitmask_keeps_the_hosts_bits)
{
	struct pf_ioc_rule c = { .action = PFA_NAT };

	pk_boot();
	PK_BOTH(af)
	{
		pk_states_end();
		c.af = af;
		c.pool[PF_NATPOOL].nents = 1;
		c.pool[PF_NATPOOL].type = PF_POOL_BITMASK;
		pk_ents[PF_NATPOOL][0] = pk_net(af, 400,
		    af == AF_INET ? 24 : 64);
		pk_rule(PF_RS_NAT, &c);
		for (unsigned int h = 1; h < 100; h++)
			KT_EQ(begin(af, true, 100 + h, 99), 400 + (int)h);
	}
}

KTEST(pf_pool_source_hash_by_its_key)
{
	struct spread a, b;
	unsigned int hosts;
	int same = 0;

	pk_boot();
	PK_BOTH(af)
	{
		load(af, true, PF_POOL_SRCHASH, RANGE, 0, &hosts);
		a = many(af, true, 201);
		load(af, true, PF_POOL_SRCHASH, RANGE, 0, &hosts);
		b = many(af, true, 201);
		KT(memcmp(&a, &b, sizeof(a)) == 0); /* one key, one choice */
		same += a.n[0] == 1000;
	}
	KT_EQ(same, 0);
}

/* Addresses whose states end are asked again first. */
KTEST(pf_pool_least_states_follows_states)
{
	unsigned int hosts, n[8] = { 0 };
	struct pf_state *st, *next;
	int got;

	pk_boot();
	PK_BOTH(af)
	for (int nat = 0; nat < 2; nat++) {
		load(af, nat, PF_POOL_LEASTSTATES, RANGE, 0, &hosts);
		memset(n, 0, sizeof(n));
		for (unsigned int i = 0; i < 50; i++)
			KT(begin(af, nat, 101 + i, 1000) > 200);
		/* all of host 203 end: it has 10 less than the others */
		for (st = pf_state_after(0); st != NULL; st = next) {
			struct pf_ends e;
			sa_family_t f;

			next = pf_state_after(st->id);
			pf_state_ends(st, nat ? PF_KEY_WIRE : PF_KEY_STACK, &f,
			    &e);
			if (pk_number(af, &e.addr[1]) == 203)
				pf_state_remove(st);
		}
		KT_EQ(pf_nstates, 40);
		for (unsigned int i = 0; i < 10; i++)
			KT_EQ(begin(af, nat, 101 + i, 2000), 203);
		for (unsigned int i = 0; i < 5; i++) {
			got = begin(af, nat, 101 + i, 3000);
			KT(got > 200 && got < 206 && n[got - 200]++ == 0);
		}
		pk_states_end();
		got = begin(af, nat, 101, 1);
		KT(got > 200 && got < 206);
	}
}

/* Ports: the range only, each once, then nothing leaves as it was. */
KTEST(pf_pool_ports_until_there_are_none)
{
	struct pf_ioc_rule c = { .action = PFA_NAT };
	struct pk p = { .proto = IPPROTO_TCP,
		.flags = TH_SYN,
		.src = 101,
		.dst = 350,
		.dport = 80,
		.win = 100 };
	bool seen[100];
	struct pk_ends e;
	struct mbuf *m;

	pk_boot();
	PK_BOTH(af)
	for (unsigned int addrs = 1; addrs <= 2; addrs++) {
		memset(seen, 0, sizeof(seen));
		pk_states_end();
		c.af = p.af = af;
		(void)fill(&c, PF_NATPOOL, af, addrs == 1 ? ONE : TWO);
		c.pool[PF_NATPOOL].type = PF_POOL_ROUNDROBIN;
		c.pool[PF_NATPOOL].port[0] = 6000;
		c.pool[PF_NATPOOL].port[1] = 6019;
		pk_rule(PF_RS_NAT, &c);
		for (unsigned int i = 0; i < 20 * addrs; i++) {
			p.sport = (uint16_t)(1000 + i);
			m = pk_through(pk_make(&p, NULL), af, PF_OUT);
			KT(m != NULL);
			e = pk_ends(m, af, 0);
			m_freem(m);
			KT(e.sport >= 6000 && e.sport <= 6019 && e.src >= 201);
			KT(!seen[(e.src - 201) * 20 + e.sport - 6000]);
			seen[(e.src - 201) * 20 + e.sport - 6000] = true;
		}
		p.sport = 999;
		KT(!pk_passes(&p, PF_OUT));
		KT_EQ(pf_status.counters[PFRES_MAPFAILED] > 0, true);
		KT_EQ(pf_nstates, 20 * addrs);
		KT(!pk_passes(&p, PF_OUT)); /* it is known by now */
		p.dst = 351; /* another destination has all of them again */
		KT(pk_passes(&p, PF_OUT));
		p.dst = 350;
		KT(!pk_passes(&p, PF_OUT));
		pf_state_remove(pf_state_after(0)); /* one is free */
		KT(pk_passes(&p, PF_OUT));
		KT(!pk_passes(&p, PF_OUT) || pf_nstates == 20 * addrs + 1);
		p.sport = 998;
		KT(!pk_passes(&p, PF_OUT));
		sim_advance_us(1000000);
		time_refresh();
		pk_rule(PF_RS_NAT, &(struct pf_ioc_rule){ .action = PFA_NONAT });
	}
}

KTEST(pf_pool_static_port_and_collision)
{
	struct pf_ioc_rule c = { .action = PFA_NAT };
	struct pk p = { .proto = IPPROTO_UDP,
		.dst = 350,
		.sport = 500,
		.dport = 500 };

	pk_boot();
	PK_BOTH(af)
	{
		pk_states_end();
		c.af = p.af = af;
		(void)fill(&c, PF_NATPOOL, af, ONE);
		c.pool[PF_NATPOOL].flags = PF_POOL_STATIC;
		pk_rule(PF_RS_NAT, &c);
		p.src = 101;
		p.sport = 500;
		KT(pk_passes(&p, PF_OUT));
		KT(pk_passes(&p, PF_OUT)); /* its own state */
		p.src = 102;
		KT(!pk_passes(&p, PF_OUT)); /* the same four numbers */
		p.sport = 501;
		KT(pk_passes(&p, PF_OUT));
	}
}

/* rdr: a range onto a range of its length, onto a smaller one, onto one port,
 * and from a port on. */
KTEST(pf_pool_rdr_ports)
{
	static const struct {
		uint16_t to[2];
		uint8_t flags;
		uint16_t asked, got;
	} rows[] = {
		{ { 0, 0 }, 0, 105, 105 },
		{ { 8080, 0 }, 0, 105, 8080 },
		{ { 8080, 0 }, PF_POOL_PORTSTAR, 100, 8080 },
		{ { 8080, 0 }, PF_POOL_PORTSTAR, 105, 8085 },
		{ { 200, 210 }, 0, 100, 200 },
		{ { 200, 210 }, 0, 110, 210 },
		{ { 200, 204 }, 0, 104, 204 },
		{ { 200, 204 }, 0, 105, 200 },
	};
	struct pf_ioc_rule c = { .action = PFA_RDR, .proto = IPPROTO_UDP };
	struct pk p = { .proto = IPPROTO_UDP,
		.src = 101,
		.dst = 350,
		.sport = 9 };
	struct pk_ends e;
	struct mbuf *m;

	pk_boot();
	c.dst.port_op = PF_OP_RRG;
	c.dst.port[0] = 100;
	c.dst.port[1] = 110;
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(rows); i++) {
		pk_states_end();
		c.af = p.af = af;
		(void)fill(&c, PF_RDRPOOL, af, ONE);
		c.pool[PF_RDRPOOL].flags = rows[i].flags;
		memcpy(c.pool[PF_RDRPOOL].port, rows[i].to, 4);
		pk_rule(PF_RS_RDR, &c);
		p.dport = rows[i].asked;
		KT((m = pk_through(pk_make(&p, NULL), af, PF_IN)) != NULL);
		e = pk_ends(m, af, 0);
		m_freem(m);
		KT_EQ(e.dst, 201);
		KT_EQ(e.dport, rows[i].got);
	}
}

/* 40 states that count, and rules without counts again: how many began. */
static int
count_and_forget(long n)
{
	unsigned int hosts;
	int got = 0;

	load(AF_INET, true, PF_POOL_LEASTSTATES, RANGE, 0, &hosts);
	if (n != 0)
		sim_fail_nth(n);
	for (unsigned int i = 0; i < 40; i++)
		got += begin(AF_INET, true, 101 + i, 1000) > 200;
	if (n != 0 && !sim_failed())
		return (got);
	load(AF_INET, true, PF_POOL_RANDOM, RANGE, 0, &hosts);
	return (got);
}

KTEST_NTH(pf_pool_least_states_short_of_memory)
{
	long live;

	pk_boot();
	KT_EQ(count_and_forget(0), 40);
	live = sim_live();
	KT(count_and_forget(n) == 40 || sim_failed());
	if (sim_failed())
		KT_EQ(sim_live(), live);
}
