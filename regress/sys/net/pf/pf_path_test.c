/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The way of a packet where rules, states and counters meet: tags of
 * translation rules, whom a table counts, router alerts, rules that decide
 * once, states that end in turns, and every allocation on the way failing.
 */

#include "pfkit.h"

#include <sys/drop.h>
#include <sys/errno.h>
#include <sys/task.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/pf/pf_frag.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_once.h>
#include <net/pf/pf_table.h>

#define CLIENT 10
#define SERVER 350
#define NATTED 201

/* The main filter rules: n of them. */
static void
filter(const struct pf_ioc_rule *ioc, unsigned int n)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { pk_ents[0], pk_ents[1],
		pk_ents[2] };
	struct pf_rules *rules = pf_rules_new();
	struct pf_ioc_rule c;
	struct pf_rule *r;

	for (unsigned int i = 0; i < n; i++) {
		c = ioc[i];
		c.rtable = -1;
		KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, &c, pools, &r), 0);
		KT_EQ(pf_rules_add(rules, r), 0);
	}
	pf_rules_finish(rules, 1);
	pf_rules_free(pf_main.rules[PF_RS_FILTER]);
	pf_main.rules[PF_RS_FILTER] = rules;
}

static const struct pf_rule *
rule(unsigned int nr)
{
	return (pf_main.rules[PF_RS_FILTER]->rule[nr]);
}

static struct pk
udp(sa_family_t af, unsigned int src, unsigned int dst)
{
	return ((struct pk){ .af = af, .proto = IPPROTO_UDP, .src = src,
	    .dst = dst, .sport = 4000, .dport = 53 });
}

static struct pk
back(const struct pk *p)
{
	struct pk b = *p;

	b.src = p->dst;
	b.dst = p->src;
	b.sport = p->dport;
	b.dport = p->sport;
	return (b);
}

static void
seconds(unsigned int n)
{
	for (unsigned int i = 0; i < n * 4; i++) {
		sim_advance_us(250000);
		time_refresh();
		timeout_run(uptime_us());
	}
}

static void
translate(enum pf_rs rs, sa_family_t af, const char *tag)
{
	struct pf_ioc_rule c = { .action = rs == PF_RS_NAT ? PFA_NAT : PFA_RDR,
		.af = af };
	unsigned int pool = rs == PF_RS_NAT ? PF_NATPOOL : PF_RDRPOOL;

	c.pool[pool].nents = 1;
	strlcpy(c.tagname, tag, sizeof(c.tagname));
	pk_ents[pool][0] = pk_net(af, NATTED, af == AF_INET ? 32 : 128);
	pk_rule(rs, &c);
}

/* --- tags --- */

/* `nat ... tag t' and `pass out tagged t': the tag is there for the filter. */
KTEST(pf_path_tag_of_translation)
{
	static const enum pf_rs kinds[] = { PF_RS_NAT, PF_RS_RDR };
	struct pf_ioc_rule c[2] = { { .action = PFA_BLOCK },
		{ .action = PFA_PASS, .keep = PF_KEEPSTATE,
		    .match_tagname = "users" } };
	enum pf_dir dir;
	struct pk p;

	pk_boot();
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(kinds); i++) {
		dir = kinds[i] == PF_RS_NAT ? PF_OUT : PF_IN;
		p = udp(af, CLIENT, SERVER);
		filter(c, 2);
		translate(kinds[i], af, "others");
		KT(!pk_passes(&p, dir));
		translate(kinds[i], af, "users");
		KT(pk_passes(&p, dir));
		KT_EQ(pf_state_after(0)->tag, rule(1)->match_tag);
		pk_states_end();
		pk_rule(kinds[i], &(struct pf_ioc_rule){ .tagname = "users",
				      .action = kinds[i] + 1 == PF_RS_BINAT ?
					  PFA_NONAT : PFA_NORDR });
		KT(pk_passes(&p, dir)); /* `no nat' tags too */
		pk_states_end();
		pk_rule(kinds[i], &(struct pf_ioc_rule){ .af = AF_INET6,
				      .proto = 99,
				      .action = kinds[i] + 1 == PF_RS_BINAT ?
					  PFA_NONAT : PFA_NORDR });
		KT(!pk_passes(&p, dir));
	}
}

/* --- ICMP ids --- */

/* Two hosts that ping with the same id, behind one address: each gets its own
 * answer. */
KTEST(pf_path_icmp_ids_of_nat)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE };
	struct mbuf *m;
	struct pk p, b;
	uint16_t id[2];

	pk_boot();
	filter(&c, 1);
	PK_BOTH(af) {
		uint32_t hlen = af == AF_INET ? 20 : 40;

		translate(PF_RS_NAT, af, "");
		for (unsigned int i = 0; i < 2; i++) {
			p = (struct pk){ .af = af, .src = CLIENT + i,
				.dst = SERVER, .dport = 77,
				.proto = af == AF_INET ? IPPROTO_ICMP :
							 IPPROTO_ICMPV6,
				.sport = (uint16_t)((af == AF_INET ? 8 : 128)
				    << 8) };
			m = pk_through(pk_make(&p, NULL), af, PF_OUT);
			KT(m != NULL);
			KT_EQ(pk_ends(m, af, 0).src, NATTED);
			KT_EQ(m_copydata(m, hlen + 4, 2, &id[i]), 0);
			m_freem(m);
		}
		KT_EQ(ntohs(id[0]), 77); /* the first keeps its own */
		KT(id[0] != id[1]);
		for (unsigned int i = 0; i < 2; i++) {
			b = (struct pk){ .af = af, .src = SERVER,
				.dst = NATTED, .proto = p.proto,
				.sport = (uint16_t)((af == AF_INET ? 0 : 129)
				    << 8), .dport = ntohs(id[i]) };
			m = pk_through(pk_make(&b, NULL), af, PF_IN);
			KT(m != NULL);
			KT_EQ(pk_ends(m, af, 0).dst, (int)(CLIENT + i));
			KT_EQ(m_copydata(m, hlen + 4, 2, &id[i]), 0);
			KT_EQ(ntohs(id[i]), 77);
			m_freem(m);
			/* a question the other way is no answer */
			b.sport = p.sport;
			m = pk_through(pk_make(&b, NULL), af, PF_IN);
			KT(m != NULL && pk_ends(m, af, 0).dst == NATTED);
			m_freem(m);
		}
		pk_states_end();
	}
}

/* --- tables --- */

static struct pf_table *
table(sa_family_t af, unsigned int host)
{
	struct pf_ioc_taddr a = { .af = (uint8_t)af,
		.plen = af == AF_INET ? 32 : 128, .addr = pk_host(af, host) };
	struct pf_tstage *ts = pf_tstage_new("");

	KT_EQ(pf_tstage_define(ts, "t", PFRT_PERSIST | PFRT_COUNTERS, true), 0);
	KT_EQ(pf_tstage_add(ts, &a, 1), 0);
	pf_tstage_commit(ts);
	pf_table_clear(pf_table_find("", "t"));
	return (pf_table_find("", "t"));
}

static struct pf_ioc_rule
from_table(bool neg)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE };

	c.src.addr.type = PF_ADDR_TABLE;
	c.src.addr.neg = neg;
	strlcpy(c.src.addr.name, "t", sizeof(c.src.addr.name));
	return (c);
}

/* Both directions of a state count for the address that the rule listed,
 * also when what it is on the wire is another. */
KTEST(pf_path_table_counts_who_is_listed)
{
	static const struct {
		enum pf_rs rs; /* translation before the rule; FILTER: none */
		unsigned int listed;
		bool neg;
		uint64_t pass[2], xpass[2]; /* in, out */
	} rows[] = {
		{ PF_RS_FILTER, CLIENT, false, { 0, 0 }, { 0, 0 } },
		{ PF_RS_NAT, NATTED, false, { 0, 0 }, { 0, 0 } },
		{ PF_RS_FILTER, 99, true, { 0, 0 }, { 0, 0 } },
	};
	struct pf_table *t;
	struct pf_ioc_rule c;
	struct mbuf *m;
	struct pk p, b;

	pk_boot();
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(rows); i++) {
		t = table(af, rows[i].listed);
		c = from_table(rows[i].neg);
		filter(&c, 1);
		p = udp(af, CLIENT, SERVER);
		if (rows[i].rs == PF_RS_NAT)
			translate(PF_RS_NAT, af, "");
		m = pk_through(pk_make(&p, NULL), af, PF_OUT);
		KT(m != NULL);
		b = back(&p);
		b.dst = (unsigned int)pk_ends(m, af, 0).src;
		b.dport = pk_ends(m, af, 0).sport;
		m_freem(m);
		KT(pk_passes(&b, PF_IN));
		KT(pk_passes(&b, PF_IN));
		KT_EQ(t->count.packets[1][1], 1);
		KT_EQ(t->count.packets[0][1], 2);
		KT_EQ(t->count.packets[0][2] + t->count.packets[1][2], 0);
		pf_table_swap(t, pf_tset_new()); /* no longer listed */
		KT(pk_passes(&b, PF_IN));
		KT_EQ(t->count.packets[0][2], rows[i].neg ? 0 : 1);
		pk_states_end();
		pk_rule(PF_RS_NAT, &(struct pf_ioc_rule){ .action = PFA_NONAT });
	}
}

/* Contents that are replaced hand on what was counted, unless cleared. */
KTEST(pf_path_table_counters_are_handed_on)
{
	struct pf_ioc_rule c = from_table(false);
	struct pf_tentry *e;
	struct ip_addr a;
	struct pf_table *t;
	struct pk p;

	pk_boot();
	PK_BOTH(af) {
		a = pk_host(af, CLIENT);
		p = udp(af, CLIENT, SERVER);
		t = table(af, CLIENT);
		filter(&c, 1);
		KT(pk_passes(&p, PF_IN));
		(void)table(af, CLIENT);
		KT(pk_passes(&p, PF_IN)); /* counted by the new one */
		(void)table(af, CLIENT);
		while (task_run())
			;
		e = pf_tset_match(t->set, af, &a);
		KT(e != NULL && e->count != NULL);
		KT_EQ(e->count->packets[0][1], 2);
		sim_advance_us(2000000);
		time_refresh();
		(void)table(af, CLIENT);
		pf_tentry_clear(pf_tset_match(t->set, af, &a));
		while (task_run())
			;
		e = pf_tset_match(t->set, af, &a);
		KT(e->count == NULL || e->count->packets[0][1] == 0);
		pk_states_end();
	}
}

/* Packets and bytes, wherever they are counted. */
KTEST(pf_path_counters)
{
	struct pf_ioc_rule c[3] = { { .action = PFA_MATCH },
		{ .action = PFA_PASS, .keep = PF_KEEPSTATE },
		{ .action = PFA_BLOCK, .proto = 47 } };
	const struct pf_rule *r;
	const struct pf_kif *kif;
	struct pf_state *st;
	struct mbuf *m;
	struct pk p, b;

	pk_boot();
	strlcpy(pf_options.ifname, "lo0", sizeof(pf_options.ifname));
	PK_BOTH(af) {
		unsigned int v6 = af == AF_INET6;
		uint32_t len = (v6 ? 40 : 20) + 8;

		filter(c, 3);
		translate(PF_RS_NAT, af, "");
		memset(&pf_status, 0, sizeof(pf_status));
		pf_kif_clear("lo0");
		p = udp(af, CLIENT, SERVER);
		m = pk_through(pk_make(&p, NULL), af, PF_OUT);
		KT(m != NULL);
		b = back(&p);
		b.dst = NATTED;
		b.dport = pk_ends(m, af, 0).sport;
		m_freem(m);
		KT(pk_passes(&b, PF_IN));
		KT(pk_passes(&b, PF_IN));
		p.proto = 47;
		KT(!pk_passes(&p, PF_IN));
		for (unsigned int i = 0; i < 3; i++) { /* match, pass, nat */
			r = i < 2 ? rule(i) : pf_main.rules[PF_RS_NAT]->rule[0];
			/* the match rule saw what was blocked too */
			KT_EQ(r->packets[0], i == 0 ? 3 : 2);
			KT_EQ(r->packets[1], 1);
			KT_EQ(r->bytes[0], (i == 0 ? 3 : 2) * len);
			KT_EQ(r->bytes[1], len);
		}
		KT_EQ(rule(0)->evaluations, 2);
		KT_EQ(rule(1)->states_cur, 1);
		KT_EQ(rule(1)->states_tot, 1);
		KT_EQ(rule(2)->packets[0], 1);
		KT_EQ(rule(2)->bytes[0], len);
		st = pf_state_after(0);
		KT_EQ(st->packets[0], 1);
		KT_EQ(st->packets[1], 2);
		KT_EQ(st->bytes[0], len);
		KT_EQ(st->bytes[1], 2 * len);
		kif = if_unit("lo0")->if_pf;
		KT_EQ(kif->kif_packets[v6][0][0], 2); /* in, passed */
		KT_EQ(kif->kif_packets[v6][0][1], 1);
		KT_EQ(kif->kif_packets[v6][1][0], 1);
		KT_EQ(kif->kif_bytes[v6][0][0], 2 * len);
		KT_EQ(kif->kif_packets[!v6][0][0], 0);
		KT_EQ(pf_status.pcounters[v6][0][0], 2); /* loginterface */
		KT_EQ(pf_status.pcounters[v6][0][1], 1);
		KT_EQ(pf_status.bcounters[v6][0], 3 * len);
		KT_EQ(pf_status.bcounters[v6][1], len);
		KT_EQ(pf_status.counters[PFRES_MATCH], 2);
		KT_EQ(pf_status.fcounters[PF_FC_SEARCH], 4);
		KT_EQ(pf_status.fcounters[PF_FC_INSERT], 1);
		pk_states_end();
		KT_EQ(pf_status.fcounters[PF_FC_REMOVAL], 1);
		KT_EQ(rule(1)->states_cur, 0);
		pk_rule(PF_RS_NAT, &(struct pf_ioc_rule){ .action = PFA_NONAT });
	}
}

/* --- options --- */

/* A packet with n bytes of options in front of its transport. */
static struct mbuf *
optioned(const struct pk *p, const uint8_t *opt, uint32_t n, uint8_t ext)
{
	struct mbuf *plain = pk_make(p, NULL), *m;
	uint32_t hlen = p->af == AF_INET ? 20 : 40;
	uint32_t len = plain->m_pkthdr.len;
	uint8_t b[256];
	uint16_t sum;

	KT_EQ(m_copydata(plain, 0, hlen, b), 0);
	memcpy(b + hlen, opt, n);
	KT_EQ(m_copydata(plain, hlen, len - hlen, b + hlen + n), 0);
	m_freem(plain);
	if (p->af == AF_INET) {
		b[0] = (uint8_t)(0x45 + n / 4);
		be16enc(b + 2, (uint16_t)(len + n));
		b[10] = b[11] = 0;
		sum = in_cksum_fold(in_cksum_bytes(0, b, 20 + n));
		memcpy(b + 10, &sum, 2);
	} else {
		b[40] = b[6];
		b[6] = ext;
		if (p->proto == IPPROTO_ICMPV6) { /* as MLD is */
			b[7] = 1;
			memset(b + 8, 0, 16);
			b[8] = 0xfe;
			b[9] = 0x80;
		}
		be16enc(b + 4, (uint16_t)(len - 40 + n));
	}
	KT((m = m_getroom(M_HEADROOM, 512)) != NULL);
	m->m_len = m->m_pkthdr.len = len + n;
	memcpy(mtod(m, void *), b, len + n);
	return (m);
}

/* IGMP and MLD carry a router alert; that, and nothing else, passes. */
KTEST(pf_path_router_alert)
{
	static const struct {
		sa_family_t af;
		uint8_t n, ext;
		uint8_t opt[16];
		bool group, pass; /* of group membership */
	} rows[] = {
		{ AF_INET, 4, 0, { 148, 4, 0, 0 }, true, true },
		{ AF_INET, 4, 0, { 148, 4, 0, 0 }, false, false },
		{ AF_INET, 8, 0, { 1, 148, 4, 0, 0, 0, 0, 0 }, true, true },
		{ AF_INET, 4, 0, { 1, 1, 1, 1 }, true, false },
		{ AF_INET, 12, 0, { 148, 4, 0, 0, 131, 7, 4, 10, 0, 0, 9, 0 },
		    true, false },
		{ AF_INET, 8, 0, { 7, 7, 4, 0, 0, 0, 0, 0 }, true, false },
		{ AF_INET, 4, 0, { 148, 3, 0, 0 }, true, false },
		{ AF_INET, 4, 0, { 148, 0, 0, 0 }, true, false },
		{ AF_INET6, 8, 0, { 0, 0, 5, 2, 0, 0, 1, 0 }, true, true },
		{ AF_INET6, 8, 0, { 0, 0, 1, 0, 5, 2, 0, 0 }, true, true },
		{ AF_INET6, 8, 0, { 0, 0, 5, 2, 0, 0, 1, 0 }, false, false },
		{ AF_INET6, 8, 0, { 0, 0, 1, 4, 0, 0, 0, 0 }, true, false },
		{ AF_INET6, 8, 0, { 0, 0, 5, 2, 0, 0, 0x3e, 0 }, true, false },
		{ AF_INET6, 8, 60, { 0, 0, 5, 2, 0, 0, 1, 0 }, true, false },
		{ AF_INET6, 8, 43, { 0, 0, 4, 0, 0, 0, 0, 0 }, true, false },
	};
	struct pf_ioc_rule pass = { .action = PFA_PASS };
	uint64_t before;
	struct mbuf *m;
	uint8_t opt[16];
	struct pk p;

	pk_boot();
	filter(&pass, 1);
	for (unsigned int i = 0; i < nitems(rows); i++) {
		p = udp(rows[i].af, CLIENT, SERVER);
		memcpy(opt, rows[i].opt, sizeof(opt));
		if (rows[i].group) {
			p.proto = rows[i].af == AF_INET ? IPPROTO_IGMP :
							  IPPROTO_ICMPV6;
			p.sport = rows[i].af == AF_INET ? 0x1600 : 131 << 8;
		}
		if (rows[i].af == AF_INET6)
			opt[0] = p.proto;
		before = pf_status.counters[PFRES_IPOPTIONS];
		m = pk_through(optioned(&p, opt, rows[i].n, rows[i].ext),
		    rows[i].af, PF_IN);
		if ((m != NULL) != rows[i].pass)
			kt_equal(i, -1, __FILE__, __LINE__, "row");
		KT_EQ(pf_status.counters[PFRES_IPOPTIONS] - before,
		    !rows[i].pass);
		if (m != NULL)
			m_freem(m);
		pass.flags = PFR_ALLOWOPTS; /* who asks for them gets them */
		filter(&pass, 1);
		m = pk_through(optioned(&p, opt, rows[i].n, rows[i].ext),
		    rows[i].af, PF_IN);
		KT(m != NULL);
		m_freem(m);
		pass.flags = 0;
		filter(&pass, 1);
	}
}

/* What speaks of this link has not passed a router: neighbours have hop limit
 * 255, groups 1 and an address of the link. */
KTEST(pf_path_messages_of_the_link)
{
	static const struct {
		uint8_t type, ttl, src[2];
		bool pass;
	} rows[] = {
		{ 135, 255, { 0xfd }, true }, { 135, 254, { 0xfd }, false },
		{ 136, 64, { 0xfe, 0x80 }, false }, { 134, 255, { 0xfe, 0x80 }, true },
		{ 137, 1, { 0xfe, 0x80 }, false },
		{ 130, 1, { 0xfe, 0x80 }, true }, { 131, 1, { 0 }, true },
		{ 131, 1, { 0xfd }, false }, { 132, 2, { 0xfe, 0x80 }, false },
		{ 143, 255, { 0xfe, 0x80 }, false }, { 143, 1, { 0 }, true },
		{ 128, 1, { 0xfd }, true },
	};
	struct pf_ioc_rule pass = { .action = PFA_PASS };
	struct pk p = udp(AF_INET6, CLIENT, SERVER);
	uint64_t before;
	struct mbuf *m;

	pk_boot();
	filter(&pass, 1);
	p.proto = IPPROTO_ICMPV6;
	for (unsigned int i = 0; i < nitems(rows); i++) {
		p.sport = (uint16_t)(rows[i].type << 8);
		m = pk_make(&p, NULL);
		mtod(m, struct ip6_hdr *)->ip6_hlim = rows[i].ttl;
		memset(mtod(m, uint8_t *) + 8, 0, 16);
		memcpy(mtod(m, uint8_t *) + 8, rows[i].src, 2);
		before = pf_status.counters[PFRES_NORM];
		m = pk_through(m, AF_INET6, PF_IN);
		KT_EQ(m != NULL, rows[i].pass);
		KT_EQ(pf_status.counters[PFRES_NORM] - before, !rows[i].pass);
		m_freem(m);
	}
}

/* --- fragments --- */

/* Piece i of two of a datagram of 24 bytes. */
static struct mbuf *
piece(sa_family_t af, unsigned int i)
{
	static const uint8_t body[24] = { 0x0f, 0xa0, 0, 53, 0, 24 };
	struct pk p = udp(af, CLIENT, SERVER);
	uint8_t fh[8] = { IPPROTO_UDP, 0, 0, (uint8_t)(i == 0), 1, 2, 3, 4 };
	struct mbuf *m;
	struct ip *ip;

	p.proto = af == AF_INET ? 47 : IPPROTO_FRAGMENT;
	p.len = af == AF_INET ? 16 - 8 : 16;
	if (i == 1) {
		p.len -= 8;
		fh[3] = 16;
	}
	m = pk_make(&p, NULL); /* a transport of eight bytes, and len behind it */
	if (m == NULL)
		return (NULL);
	if (af == AF_INET6)
		KT_EQ(m_copyback(m, 40, 8, fh), 0);
	KT_EQ(m_copyback(m, af == AF_INET ? 20 : 48, i == 0 ? 16 : 8,
		  body + 16 * i), 0);
	if (af == AF_INET6)
		return (m);
	ip = mtod(m, struct ip *);
	ip->ip_p = IPPROTO_UDP;
	ip->ip_id = 7;
	ip->ip_off = htons(i == 0 ? IP_MF : 2);
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 20));
	return (m);
}

/* What of the two pieces passes: pieces, or one packet. */
static unsigned int
pieces(sa_family_t af, bool *whole)
{
	unsigned int n = 0;
	struct mbuf *m;

	*whole = false;
	for (unsigned int i = 0; i < 2; i++) {
		if ((m = pk_through(piece(af, i), af, PF_IN)) == NULL)
			continue;
		n++;
		if (af == AF_INET ? mtod(m, struct ip *)->ip_off == 0 :
				    mtod(m, uint8_t *)[6] == IPPROTO_UDP)
			*whole = true;
		m_freem(m);
	}
	return (n);
}

/* The place of the transport in a packet of pk_make(). */
static struct tcphdr *
tcp_of(struct mbuf *m, sa_family_t af)
{
	return ((struct tcphdr *)(void *)(mtod(m, uint8_t *) + (af == AF_INET ? 20 : 40)));
}

/* Reserved bits and an urgent pointer without URG go, AE and a pointer with URG
 * stay, and the checksum is as true as it was. */
KTEST(pf_path_tcp_is_cleaned)
{
	static const struct pf_ioc_rule pass = { .action = PFA_PASS };
	struct pk p = { .proto = IPPROTO_TCP, .src = 1, .dst = 102, .sport = 10, .dport = 20 };
	struct mbuf *m;
	struct tcphdr *th;
	uint32_t off;

	pk_boot();
	pk_rule(PF_RS_FILTER, &pass);
	PK_BOTH(af)
		for (unsigned int i = 0; i < 64; i++) {
			uint16_t urp = i < 32 ? htons(77) : 0;
			bool urg = (i & 16) != 0;

			p.af = af;
			p.flags = TH_ACK | (urg ? TH_URG : 0);
			m = pk_make(&p, NULL);
			th = tcp_of(m, af);
			off = (uint32_t)((uint8_t *)th - mtod(m, uint8_t *));
			th->th_off |= i & 0xf;
			th->th_urp = urp;
			m->m_pkthdr.csum_flags = M_TCP_CSUM_OUT;
			KT_EQ(in_cksum_finish(&m, af), 0);
			KT(in_cksum_verify(m, af, IPPROTO_TCP, off, m->m_pkthdr.len - off));
			KT((m = pk_through(m, af, PF_IN)) != NULL);
			th = tcp_of(m, af);
			KT_EQ(th->th_off, 5 << 4 | (i & 1));
			KT_EQ(th->th_flags, p.flags);
			KT_EQ(th->th_urp, urg ? urp : 0);
			KT(in_cksum_verify(m, af, IPPROTO_TCP, off, m->m_pkthdr.len - off));
			m_freem(m);
		}
}

/* Scrub rules say for each fragment whether it is put together. */
KTEST(pf_path_scrub_rules)
{
	static const struct {
		uint8_t action; /* 0: no scrub rules */
		uint32_t flags;
		bool elsewhere, option, whole;
	} rows[] = {
		{ 0, 0, false, true, true },
		{ 0, 0, false, false, false },
		{ PFA_SCRUB, PFR_FRAGREASS, false, true, true },
		{ PFA_SCRUB, PFR_FRAGREASS, false, false, true },
		{ PFA_SCRUB, 0, false, true, false },
		{ PFA_NOSCRUB, 0, false, true, false },
		{ PFA_NOSCRUB, PFR_FRAGREASS, false, true, false },
		{ PFA_SCRUB, PFR_FRAGREASS, true, true, false },
	};
	struct pf_ioc_rule pass = { .action = PFA_PASS }, c;
	struct pf_rules *none;
	bool whole;

	pk_boot();
	KT_EQ(pf_start(), 0);
	filter(&pass, 1);
	none = pf_main.rules[PF_RS_SCRUB];
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(rows); i++) {
		c = (struct pf_ioc_rule){ .action = rows[i].action,
			.flags = rows[i].flags };
		if (rows[i].elsewhere)
			c.src.addr = pk_net(af, 77, af == AF_INET ? 32 : 128).addr;
		if (rows[i].action != 0)
			pk_rule(PF_RS_SCRUB, &c);
		else {
			pf_rules_free(pf_main.rules[PF_RS_SCRUB]);
			pf_main.rules[PF_RS_SCRUB] = none;
		}
		pf_options.reass = rows[i].option ? PF_REASS_ON : 0;
		pf_frag_tune();
		KT_EQ(pieces(af, &whole), rows[i].whole ? 1 : 2);
		KT_EQ(whole, rows[i].whole);
		if (rows[i].action != 0)
			KT_EQ(pf_main.rules[PF_RS_SCRUB]->rule[0]->packets[0],
			    rows[i].elsewhere ? 0 : 2);
	}
}

/* Each allocation between the first piece and the whole packet fails. */
KTEST_NTH(pf_path_frag_nth)
{
	struct pf_ioc_rule pass = { .action = PFA_PASS,
		.keep = PF_KEEPSTATE };
	bool whole;
	long live;

	pk_boot();
	KT_EQ(pf_start(), 0);
	filter(&pass, 1);
	live = sim_live();
	sim_fail_nth(n);
	(void)pieces(AF_INET, &whole);
	KT(whole || sim_failed());
	(void)pieces(AF_INET6, &whole);
	KT(whole || sim_failed());
	pk_states_end();
	seconds(61); /* what was left waiting */
	KT(sim_live() <= live + 8); /* pools keep a page each */
}

/* What the rest of scrub says is refused by the kernel as by pfctl. */
KTEST(pf_path_scrub_words_are_refused)
{
	static const struct pf_ioc_rule rules[] = {
		{ .action = PFA_SCRUB, .max_mss = 1400 },
		{ .action = PFA_SCRUB, .min_ttl = 5 },
		{ .action = PFA_SCRUB, .flags = PFR_NODF },
		{ .action = PFA_SCRUB, .flags = PFR_RANDOMID },
		{ .action = PFA_SCRUB, .flags = PFR_REASSTCP },
		{ .action = PFA_SCRUB, .flags = PFR_SETTOS, .set_tos = 4 },
	};
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { NULL, NULL, NULL };
	struct pf_ioc_rule c;
	struct pf_rule *r;

	pk_boot();
	for (unsigned int i = 0; i < nitems(rules); i++) {
		c = rules[i];
		c.rtable = -1;
		KT_EQ(pf_rule_make(&pf_main, PF_RS_SCRUB, &c, pools, &r),
		    EOPNOTSUPP);
		c.action = PFA_MATCH;
		if ((c.flags & PFR_SETTOS) == 0)
			KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, &c, pools,
				  &r), EOPNOTSUPP);
	}
}

/* --- once --- */

static struct pf_ioc_rule
once(uint8_t action)
{
	struct pf_ioc_rule c = { .action = action,
		.flags = PFR_ONCE | PFR_QUICK, .proto = IPPROTO_UDP,
		.keep = action == PFA_PASS ? PF_KEEPSTATE : PF_NOSTATE };

	return (c);
}

KTEST(pf_path_once)
{
	static const uint8_t actions[] = { PFA_PASS, PFA_BLOCK };
	struct pf_ioc_rule c[3], shown;
	struct pk p, q;
	uint64_t load;

	pk_boot();
	KT_EQ(pf_start(), 0);
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(actions); i++) {
		bool pass = actions[i] == PFA_PASS;

		p = udp(af, CLIENT, SERVER);
		q = udp(af, CLIENT + 1, SERVER);
		c[0] = once(actions[i]);
		c[1] = (struct pf_ioc_rule){ .action = pass ? PFA_BLOCK :
			PFA_PASS, .proto = IPPROTO_UDP };
		c[2] = once(actions[i]);
		c[2].proto = IPPROTO_TCP;
		filter(c, 3);
		load = pf_main.rules[PF_RS_FILTER]->load;
		KT_EQ(pk_passes(&p, PF_IN), pass);
		KT_EQ(pk_passes(&q, PF_IN), !pass); /* the next rule's */
		pf_rule_show(rule(0), &shown);
		KT((shown.flags & PFR_EXPIRED) != 0);
		pf_rule_show(rule(2), &shown);
		KT((shown.flags & PFR_EXPIRED) == 0);
		seconds(9);
		KT_EQ(pf_main.rules[PF_RS_FILTER]->n, 3);
		seconds(3);
		KT_EQ(pf_main.rules[PF_RS_FILTER]->n, 2);
		KT_EQ(rule(0)->proto, IPPROTO_UDP);
		KT_EQ(rule(1)->nr, 1);
		KT_EQ(rule(0)->skip[PF_SKIP_PROTO], 1);
		KT_EQ(pf_main.rules[PF_RS_FILTER]->load, load);
		KT(pf_main.rules[PF_RS_FILTER]->gen != load);
		KT_EQ(pk_passes(&p, PF_IN), true); /* its state, or rule 1 */
		KT_EQ(pf_nstates, pass ? 1 : 0);
		pk_states_end();
	}
}

/* Without memory it stays, and matches as little. */
KTEST_NTH(pf_path_once_nth)
{
	struct pf_ioc_rule c[2] = { once(PFA_PASS), { .action = PFA_BLOCK } };
	struct pk p = udp(AF_INET, CLIENT, SERVER);
	long live;

	pk_boot();
	KT_EQ(pf_start(), 0);
	filter(c, 2);
	KT(pk_passes(&p, PF_IN));
	pk_states_end();
	live = sim_live();
	sim_fail_nth(n);
	seconds(11);
	KT(!pk_passes(&p, PF_IN));
	seconds(3);
	KT_EQ(pf_main.rules[PF_RS_FILTER]->n, 1);
	KT(sim_live() <= live);
}

/* A once rule in an anchor: the anchor vanishes with its last rule. */
KTEST(pf_path_once_empties_an_anchor)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { pk_ents[0], pk_ents[1],
		pk_ents[2] };
	struct pf_ioc_rule c = { .action = PFA_PASS, .flags = PFR_ANCHOR };
	struct pf_rules *rules = pf_rules_new();
	struct pk p = udp(AF_INET6, CLIENT, SERVER);
	struct pf_anchor *a;
	struct pf_rule *r;

	pk_boot();
	KT_EQ(pf_start(), 0);
	strlcpy(c.anchor, "a/*", sizeof(c.anchor));
	filter(&c, 1);
	KT_EQ(pf_anchor_get("a/b", &a), 0);
	c = once(PFA_PASS);
	c.rtable = -1;
	KT_EQ(pf_rule_make(a, PF_RS_FILTER, &c, pools, &r), 0);
	KT_EQ(pf_rules_add(rules, r), 0);
	(void)pf_rules_publish(a, PF_RS_FILTER, rules);
	pf_anchor_put(a);
	KT(pk_passes(&p, PF_IN));
	KT_EQ(pf_nstates, 1);
	seconds(12);
	KT(pf_anchor_find("a/b") == NULL);
	KT(pf_anchor_find("a") != NULL); /* a rule calls it */
	KT_EQ(pf_nstates, 1);
	KT_EQ(pf_state_after(0)->rule->states_cur, 1);
	pk_states_end();
}

/* --- time --- */

/* A flood of one second ends, though not between two packets. */
KTEST(pf_path_states_end_in_turns)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.timeout[PFTM_UDP_FIRST] = 5 };
	uint64_t most = 0, left;
	struct pk p;

	pk_boot();
	KT_EQ(pf_start(), 0);
	filter(&c, 1);
	for (unsigned int i = 0; i < 20000; i++) {
		p = udp(i % 2 ? AF_INET : AF_INET6, CLIENT, SERVER);
		p.sport = (uint16_t)(1 + i / 2);
		KT(pk_passes(&p, PF_IN));
	}
	KT_EQ(pf_nstates, 20000);
	for (unsigned int i = 0; i < 30000; i++) {
		left = pf_nstates;
		sim_advance_us(250);
		time_refresh();
		timeout_run(uptime_us());
		most = MAX(most, left - pf_nstates);
	}
	KT_EQ(pf_nstates, 0);
	KT(most > 0 && most <= 4096);
}

/* A machine that stood still for long: what was over ends, nothing else. */
KTEST(pf_path_clock_jumps)
{
	static const unsigned int jumps[] = { 61, 511, 512, 513, 5000, 80000 };
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE };
	struct pk p, q;

	pk_boot();
	KT_EQ(pf_start(), 0);
	filter(&c, 1);
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(jumps); i++) {
		p = udp(af, CLIENT, SERVER);
		q = p;
		q.proto = 47;
		KT(pk_passes(&p, PF_IN));
		KT(pk_passes(&q, PF_IN));
		pf_options.timeout[PFTM_OTHER_FIRST] = 86400;
		sim_advance_us(jumps[i] * 1000000ULL);
		seconds(3);
		KT_EQ(pf_nstates, 1);
		KT_EQ(pf_state_proto(pf_state_after(0)), 47);
		pk_states_end();
		pf_options.timeout[PFTM_OTHER_FIRST] = 86400;
	}
}

/* adaptive.start of a rule acts on states that wait for a later second. */
KTEST(pf_path_adaptive_rule)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.timeout[PFTM_UDP_FIRST] = 400,
		.timeout[PFTM_ADAPTIVE_START] = 10,
		.timeout[PFTM_ADAPTIVE_END] = 50 };
	struct pk p;

	pk_boot();
	KT_EQ(pf_start(), 0);
	filter(&c, 1);
	for (unsigned int i = 0; i < 40; i++) {
		p = udp(i % 2 ? AF_INET : AF_INET6, CLIENT, SERVER);
		p.sport = (uint16_t)(1 + i);
		KT(pk_passes(&p, PF_IN));
	}
	seconds(95); /* 400 * (50 - 40) / 40 is 100 */
	KT_EQ(pf_nstates, 40);
	seconds(60); /* gone until 400 * (50 - n) / 40 is 150 or so */
	KT(pf_nstates >= 33 && pf_nstates <= 37);
}

/* --- to sockets --- */

static struct pf_ioc_rule
divert(uint8_t how)
{
	return ((struct pf_ioc_rule){ .action = PFA_PASS, .dir = PFD_IN,
	    .proto = IPPROTO_UDP, .keep = PF_KEEPSTATE, .divert = how,
	    .divert_port = 700 });
}

/* divert-packet takes the packet, and without a socket it ends there, each of
 * the state; divert-to marks it for the stack. */
KTEST(pf_path_divert)
{
	struct pf_ioc_rule c;
	struct mbuf *m;
	uint64_t before;
	struct pk p, b;

	pk_boot();
	PK_BOTH(af) {
		c = divert(PF_DIVERT_PACKET);
		filter(&c, 1);
		p = udp(af, CLIENT, SERVER);
		b = back(&p);
		before = drop_counts[DROP_DIVERT_NOSOCKET];
		KT(!pk_passes(&p, PF_IN));
		KT(!pk_passes(&p, PF_IN));
		KT(!pk_passes(&b, PF_OUT));
		KT_EQ(drop_counts[DROP_DIVERT_NOSOCKET], before + 3);
		KT_EQ(pf_nstates, 1);
		KT_EQ(pf_state_after(0)->packets[0], 2);
		KT_EQ(pf_state_after(0)->packets[1], 1);
		pk_states_end();
		c = divert(PF_DIVERT_SOCKET);
		filter(&c, 1);
		m = pk_through(pk_make(&p, NULL), af, PF_IN);
		KT(m != NULL && m_tag_find(m, PACKET_TAG_DIVERT) != NULL);
		KT((m->m_pkthdr.pf.flags & PF_TAG_DIVERTED) != 0);
		m_freem(m);
		pk_states_end();
	}
}

KTEST_NTH(pf_path_divert_nth)
{
	struct pf_ioc_rule c = divert(PF_DIVERT_SOCKET);
	struct pk p = udp(AF_INET6, CLIENT, SERVER);
	struct mbuf *m;
	long live;

	pk_boot();
	filter(&c, 1);
	m = pk_make(&p, NULL);
	live = sim_live();
	sim_fail_nth(n);
	m = pk_through(m, AF_INET6, PF_IN);
	KT(m != NULL || sim_failed());
	if (m == NULL)
		KT_EQ(pf_status.counters[PFRES_MEMORY], 1);
	m_freem(m);
	pk_states_end();
	KT(sim_live() <= live + 3);
}

/* --- no memory --- */

static struct pf_ioc_rule
working(sa_family_t af)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.af = af, .flags = PFR_NATTO };

	c.pool[PF_NATPOOL].nents = 1;
	pk_ents[PF_NATPOOL][0] = pk_net(af, NATTED, af == AF_INET ? 32 : 128);
	return (c);
}

/* Every allocation of a packet's way: with `match', nat-to and a state; what
 * does not pass is counted, and nothing stays behind. */
static void
way_without_memory(sa_family_t af, long n)
{
	struct pf_ioc_rule c[2] = { { .action = PFA_MATCH, .tagname = "x" } };
	struct mbuf *m;
	struct pk p;
	long live;

	pk_boot();
	c[1] = working(af);
	filter(c, 2);
	p = udp(af, CLIENT, SERVER);
	m = pk_make(&p, NULL);
	live = sim_live();
	sim_fail_nth(n);
	m = pk_through(m, af, PF_OUT);
	if (m == NULL) {
		KT(sim_failed());
		KT_EQ(pf_status.counters[PFRES_MEMORY], 1);
		KT_EQ(pf_nstates, 0);
	} else {
		KT_EQ(pk_ends(m, af, 0).src, NATTED);
		m_freem(m);
	}
	pk_states_end();
	KT(sim_live() <= live + 3); /* pools keep a page each */
}

KTEST_NTH(pf_path_nth)
{
	way_without_memory(AF_INET, n);
}

KTEST_NTH(pf_path_nth6)
{
	way_without_memory(AF_INET6, n);
}
