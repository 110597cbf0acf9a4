/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Which rule decides: every criterion with a packet that it fits and one that
 * it does not, last match and `quick', anchors in anchors, bindings of states
 * to interfaces.  Each for both families.
 */

#include "pfkit.h"

#include <sys/errno.h>
#include <net/if_ioctl.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_table.h>

#define CLIENT 10
#define SERVER 350

static sa_family_t af;

static struct pk
packet(uint8_t proto, uint8_t flags)
{
	struct pk p = { .af = af, .proto = proto, .src = CLIENT, .dst = SERVER,
		.sport = 4000, .dport = 80, .seq = 1, .flags = flags,
		.win = 100 };

	if (proto == IPPROTO_ICMP) {
		p.proto = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		p.sport = (uint16_t)((af == AF_INET ? 8 : 128) << 8 | 3);
	}
	return (p);
}

static struct pf_rule *
make(struct pf_anchor *home, const struct pf_ioc_rule *ioc)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { pk_ents[0], pk_ents[1],
		pk_ents[2] };
	struct pf_ioc_rule c = *ioc;
	struct pf_rule *r;

	c.rtable = -1;
	KT_EQ(pf_rule_make(home, PF_RS_FILTER, &c, pools, &r), 0);
	return (r);
}

/* The rules of an anchor, by its path. */
static void
load(const char *path, const struct pf_ioc_rule *ioc, unsigned int n)
{
	struct pf_rules *rules = pf_rules_new();
	struct pf_anchor *a;

	KT_EQ(pf_anchor_get(path, &a), 0);
	for (unsigned int i = 0; i < n; i++)
		KT_EQ(pf_rules_add(rules, make(a, &ioc[i])), 0);
	pf_rules_free(pf_rules_publish(a, PF_RS_FILTER, rules));
	pf_anchor_put(a);
}

/* block all, then c: does the packet pass? */
static bool
fits(const struct pf_ioc_rule *c, struct mbuf *m, enum pf_dir dir)
{
	struct pf_ioc_rule rules[2] = { { .action = PFA_BLOCK }, *c };

	load("", rules, 2);
	m = pk_through(m, af, dir);
	if (m != NULL)
		m_freem(m);
	return (m != NULL);
}

static bool
fits_plain(const struct pf_ioc_rule *c, uint8_t proto, uint8_t flags)
{
	struct pk p = packet(proto, flags);

	return (fits(c, pk_make(&p, NULL), PF_IN));
}

#define RULE(...) (&(struct pf_ioc_rule){ .action = PFA_PASS, __VA_ARGS__ })

static struct pf_ioc_addr
net(unsigned int n, unsigned int off, bool neg)
{
	struct pf_ioc_addr a = pk_net(af, n,
	    (af == AF_INET ? 32 : 128) - off).addr;

	a.neg = neg;
	return (a);
}

KTEST(pf_walk_criteria)
{
	pk_boot();
	KT_EQ(if_clone_create("pair0"), 0);
	for (unsigned int f = 0; f < 2; f++) {
		struct pf_ioc_addr range;
		struct mbuf *m;
		struct pk p;

		af = f == 0 ? AF_INET : AF_INET6;
		/* interface, group, negation, any; direction */
		KT(fits_plain(RULE(.ifname = "lo0"), IPPROTO_UDP, 0));
		KT(fits_plain(RULE(.ifname = "lo"), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.ifname = "pair0"), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.ifname = "kue0"), IPPROTO_UDP, 0));
		KT(fits_plain(RULE(.ifname = "pair0", .flags = PFR_IFNOT),
		    IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.ifname = "lo", .flags = PFR_IFNOT),
		    IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.flags = PFR_IFANY), IPPROTO_UDP, 0));
		KT(fits_plain(RULE(.flags = PFR_IFANY | PFR_IFNOT), IPPROTO_UDP,
		    0));
		KT(fits_plain(RULE(.dir = PFD_IN), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.dir = PFD_OUT), IPPROTO_UDP, 0));
		/* family, protocol */
		KT(fits_plain(RULE(.af = (uint8_t)af), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.af = af == AF_INET ? AF_INET6 : AF_INET),
		    IPPROTO_UDP, 0));
		KT(fits_plain(RULE(.proto = IPPROTO_UDP), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.proto = IPPROTO_TCP), IPPROTO_UDP, 0));
		/* addresses: host, network, range, negation */
		KT(fits_plain(RULE(.src.addr = net(CLIENT, 0, false)),
		    IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.src.addr = net(11, 0, false)), IPPROTO_UDP,
		    0));
		KT(fits_plain(RULE(.dst.addr = net(SERVER - 2, 3, false)),
		    IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.dst.addr = net(SERVER, 0, true)),
		    IPPROTO_UDP, 0));
		KT(fits_plain(RULE(.dst.addr = net(CLIENT, 0, true)),
		    IPPROTO_UDP, 0));
		range = net(5, 0, false);
		range.type = PF_ADDR_RANGE;
		range.end = pk_host(af, CLIENT);
		KT(fits_plain(RULE(.src.addr = range), IPPROTO_UDP, 0));
		range.end = pk_host(af, 9);
		KT(!fits_plain(RULE(.src.addr = range), IPPROTO_UDP, 0));
		range = (struct pf_ioc_addr){ .type = PF_ADDR_NOROUTE };
		KT(fits_plain(RULE(.src.addr = range), IPPROTO_UDP, 0));
		range.type = PF_ADDR_URPF;
		KT(fits_plain(RULE(.src.addr = range), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.dst.addr = range), IPPROTO_UDP, 0));
		/* ports */
		KT(fits_plain(RULE(.dst = { .port_op = PF_OP_EQ,
		    .port = { 80, 80 } }), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.src = { .port_op = PF_OP_EQ,
		    .port = { 80, 80 } }), IPPROTO_UDP, 0));
		KT(fits_plain(RULE(.src = { .port_op = PF_OP_RRG,
		    .port = { 3999, 4000 } }), IPPROTO_TCP, TH_SYN));
		KT(!fits_plain(RULE(.src = { .port_op = PF_OP_IRG,
		    .port = { 3999, 4000 } }), IPPROTO_TCP, TH_SYN));
		/* TCP flags */
		KT(fits_plain(RULE(.tcpflags = TH_SYN,
		    .tcpmask = TH_SYN | TH_ACK), IPPROTO_TCP, TH_SYN));
		KT(!fits_plain(RULE(.tcpflags = TH_SYN,
		    .tcpmask = TH_SYN | TH_ACK), IPPROTO_TCP, TH_SYN | TH_ACK));
		KT(fits_plain(RULE(.tcpflags = TH_SYN, .tcpmask = TH_SYN),
		    IPPROTO_TCP, TH_SYN | TH_ACK));
		/* ICMP type and code */
		p = packet(IPPROTO_ICMP, 0);
		KT(fits_plain(RULE(.icmptype = (uint8_t)((p.sport >> 8) + 1)),
		    IPPROTO_ICMP, 0));
		KT(!fits_plain(RULE(.icmptype = 4), IPPROTO_ICMP, 0));
		KT(fits_plain(RULE(.icmptype = (uint8_t)((p.sport >> 8) + 1),
		    .icmpcode_set = 1, .icmpcode = 3), IPPROTO_ICMP, 0));
		KT(!fits_plain(RULE(.icmptype = (uint8_t)((p.sport >> 8) + 1),
		    .icmpcode_set = 1, .icmpcode = 0), IPPROTO_ICMP, 0));
		KT(!fits_plain(RULE(.icmptype = 9), IPPROTO_UDP, 0));
		/* TOS; ECN is no part of it */
		for (unsigned int tos = 0x10; tos <= 0x13; tos++) {
			p = packet(IPPROTO_UDP, 0);
			m = pk_make(&p, NULL);
			if (af == AF_INET) {
				mtod(m, struct ip *)->ip_tos = (uint8_t)tos;
				mtod(m, struct ip *)->ip_sum = 0;
				mtod(m, struct ip *)->ip_sum = in_cksum_fold(
				    in_cksum_bytes(0, mtod(m, void *), 20));
			} else
				mtod(m, struct ip6_hdr *)->ip6_flow |=
				    htonl(tos << 20);
			KT(fits(RULE(.flags = PFR_TOS, .tos = 0x10), m, PF_IN));
		}
		KT(!fits_plain(RULE(.flags = PFR_TOS, .tos = 0x10), IPPROTO_UDP,
		    0));
		/* what the packet carries: tag, priority, where it came by */
		p = packet(IPPROTO_UDP, 0);
		m = pk_make(&p, NULL);
		m->m_pkthdr.pf.prio = 5;
		KT(fits(RULE(.prio = 6), m, PF_IN));
		KT(!fits_plain(RULE(.prio = 6), IPPROTO_UDP, 0));
		KT(!fits_plain(RULE(.match_tagname = "t"), IPPROTO_UDP, 0));
		KT(fits_plain(RULE(.match_tagname = "t",
		    .flags = PFR_TAGGEDNOT), IPPROTO_UDP, 0));
		m = pk_make(&p, NULL);
		m->m_pkthdr.ifidx = if_unit("pair0")->if_index;
		KT(fits(RULE(.rcv_ifname = "pair"), m, PF_OUT));
		m = pk_make(&p, NULL);
		m->m_pkthdr.ifidx = if_unit("pair0")->if_index;
		KT(!fits(RULE(.rcv_ifname = "lo0"), m, PF_OUT));
		m = pk_make(&p, NULL);
		m->m_pkthdr.ifidx = if_unit("pair0")->if_index;
		KT(fits(RULE(.rcv_ifname = "lo0", .flags = PFR_RCVIFNOT), m,
		    PF_OUT));
		KT(!fits_plain(RULE(.rcv_ifname = "lo0"), IPPROTO_UDP, 0));
		/* fragment: of whole packets none is one */
		KT(!fits_plain(RULE(.flags = PFR_FRAGMENT), IPPROTO_UDP, 0));
		/* a family of its own has each kind of ICMP */
		p = packet(IPPROTO_UDP, 0);
		p.proto = af == AF_INET ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		KT(!fits(RULE(.dir = 0), pk_make(&p, NULL), PF_IN));
	}
}

/* Of many packets about as many as the rule says. */
KTEST(pf_walk_probability)
{
	struct pf_ioc_rule c[2] = { { .action = PFA_BLOCK },
		{ .action = PFA_PASS, .probability = UINT32_MAX / 4 } };
	unsigned int n = 0;
	struct pk p;

	pk_boot();
	load("", c, 2);
	for (unsigned int i = 0; i < 4000; i++) {
		af = i % 2 ? AF_INET : AF_INET6;
		p = packet(IPPROTO_UDP, 0);
		n += pk_passes(&p, PF_IN);
	}
	KT(n > 800 && n < 1200);
}

/* --- order --- */

static bool
passes(void)
{
	struct pk p = packet(IPPROTO_UDP, 0);

	return (pk_passes(&p, PF_IN));
}

KTEST(pf_walk_last_match_and_quick)
{
	const struct pf_ioc_rule pass = { .action = PFA_PASS },
				 block = { .action = PFA_BLOCK },
				 qpass = { .action = PFA_PASS,
					 .flags = PFR_QUICK },
				 qblock = { .action = PFA_BLOCK,
					 .flags = PFR_QUICK },
				 match = { .action = PFA_MATCH },
				 elsewhere = { .action = PFA_BLOCK,
					 .flags = PFR_QUICK,
					 .proto = IPPROTO_TCP };
	const struct {
		struct pf_ioc_rule r[3];
		unsigned int n;
		bool pass;
	} rows[] = {
		{ { pass }, 0, true }, { { block }, 1, false },
		{ { block, pass }, 2, true }, { { pass, block }, 2, false },
		{ { qblock, pass }, 2, false }, { { qpass, block }, 2, true },
		{ { pass, qblock, pass }, 3, false },
		{ { block, match }, 2, false }, { { match }, 1, true },
		{ { match, block, match }, 3, false },
		{ { block, pass, elsewhere }, 3, true },
	};

	pk_boot();
	for (unsigned int i = 0; i < nitems(rows) * 2; i++) {
		af = i % 2 ? AF_INET : AF_INET6;
		load("", rows[i / 2].r, rows[i / 2].n);
		if (passes() != rows[i / 2].pass)
			kt_equal(i / 2, -1, __FILE__, __LINE__, "row");
	}
}

/* --- anchors --- */

static struct pf_ioc_rule
call(const char *name, uint32_t flags)
{
	struct pf_ioc_rule c = { .action = PFA_PASS,
		.flags = PFR_ANCHOR | flags };

	strlcpy(c.anchor, name, sizeof(c.anchor));
	return (c);
}

KTEST(pf_walk_anchors)
{
	const struct pf_ioc_rule pass = { .action = PFA_PASS },
				 block = { .action = PFA_BLOCK },
				 qpass = { .action = PFA_PASS,
					 .flags = PFR_QUICK },
				 tcp = { .action = PFA_PASS,
					 .proto = IPPROTO_TCP };
	struct pf_ioc_rule main[3], in[2];

	pk_boot();
	for (unsigned int f = 0; f < 2; f++) {
		af = f == 0 ? AF_INET : AF_INET6;
		/* last match goes on behind the anchor, and before it */
		main[0] = block;
		main[1] = call("a", 0);
		main[2] = block;
		load("a", &pass, 1);
		load("", main, 2);
		KT(passes());
		load("", main, 3);
		KT(!passes());
		/* quick inside ends all; the call counts what it led to */
		load("a", &qpass, 1);
		KT(passes());
		KT_EQ(pf_main.rules[PF_RS_FILTER]->rule[1]->packets[0], 1);
		KT_EQ(pf_main.rules[PF_RS_FILTER]->rule[2]->evaluations, 1);
		/* anchor quick: when something inside matched, not else */
		main[1] = call("a", PFR_QUICK);
		load("a", &pass, 1);
		load("", main, 3);
		KT(passes());
		load("a", &tcp, 1);
		KT(!passes());
		/* criteria of the call */
		main[1] = call("a", 0);
		main[1].proto = IPPROTO_TCP;
		load("a", &qpass, 1);
		load("", main, 2);
		KT(!passes());
		/* inside of inside: below, absolute, up */
		in[0] = call("b", 0);
		load("a", in, 1);
		load("a/b", &pass, 1);
		main[1] = call("a", 0);
		load("", main, 2);
		KT(passes());
		load("a/b", &block, 1);
		load("b", &pass, 1);
		KT(!passes());
		in[1] = call("/b", 0);
		load("a", in, 2);
		KT(passes());
		in[1] = call("../b", 0);
		load("a", in, 2);
		KT(passes());
		/* children in order of their names, one level */
		main[1] = call("c/*", 0);
		load("", main, 2);
		KT(!passes());
		load("c/1", &pass, 1);
		KT(passes());
		load("c/2", &block, 1);
		KT(!passes());
		load("c/2/x", &qpass, 1);
		KT(!passes());
		load("c/3", &pass, 1);
		KT(passes());
		load("c/1", &pass, 0);
		load("c/2", &pass, 0);
		load("c/2/x", &pass, 0);
		load("c/3", &pass, 0);
		load("b", &pass, 0);
	}
}

/* Calls in calls, as deep as paths can be, and one that calls itself. */
KTEST(pf_walk_depth)
{
	const struct pf_ioc_rule pass = { .action = PFA_PASS };
	struct pf_ioc_rule c[2] = { { .action = PFA_BLOCK } };
	char path[PF_ANCHOR_PATHSIZE] = "";

	pk_boot();
	af = AF_INET;
	c[1] = call("d", 0);
	load("", c, 2);
	for (unsigned int depth = 1; depth < PF_ANCHOR_DEPTH; depth++) {
		strlcat(path, depth == 1 ? "d" : "/d", sizeof(path));
		if (depth < PF_ANCHOR_DEPTH - 1)
			load(path, &c[1], 1);
		else
			load(path, &pass, 1);
	}
	KT(passes());
	load(path, &pass, 0);
	KT(!passes()); /* the block before the first call */
	/* round and round: nobody decides, so it is dropped */
	c[1] = call("/e", 0);
	load("e", &c[1], 1);
	load("", &c[1], 1);
	KT(!passes());
	KT_EQ(pf_status.counters[PFRES_MEMORY], 1);
	/* twice in each round would be 2^64 calls: the first that is too deep
	 * ends it */
	for (unsigned int i = 1; i < nitems(c); i++)
		c[0] = c[i];
	load("e", c, 2);
	KT(!passes());
	KT_EQ(pf_status.counters[PFRES_MEMORY], 2);
}

/* A call that goes too deep hides rules of translation: nothing leaves as it
 * was. */
KTEST(pf_walk_depth_of_translation)
{
	static const struct {
		enum pf_rs rs;
		uint8_t action;
		enum pf_dir dir;
	} rows[] = { { PF_RS_NAT, PFA_NAT, PF_OUT }, { PF_RS_RDR, PFA_RDR, PF_IN },
		{ PF_RS_BINAT, PFA_BINAT, PF_OUT } };
	struct pf_ioc_rule c = call("/", 0);
	struct pk p;

	pk_boot();
	for (unsigned int i = 0; i < nitems(rows); i++)
		PK_BOTH(family) {
			af = family;
			p = packet(IPPROTO_UDP, 0);
			KT(pk_passes(&p, rows[i].dir));
			pk_rule(rows[i].rs, &c);
			KT(!pk_passes(&p, rows[i].dir));
			pf_rules_free(pf_rules_publish(&pf_main, rows[i].rs, pf_rules_new()));
		}
	KT_EQ(pf_status.counters[PFRES_MEMORY], 2 * nitems(rows));
}

/* A packet is matched by so many `match' rules and no more; without memory left
 * behind. */
KTEST(pf_walk_match_rules_are_bounded)
{
	static struct pf_ioc_rule rules[PF_MATCHED_MAX + 2];
	struct pk p;

	pk_boot();
	for (unsigned int n = PF_MATCHED_MAX; n <= PF_MATCHED_MAX + 1; n++)
		PK_BOTH(family) {
			af = family;
			for (unsigned int i = 0; i < n; i++)
				rules[i] = (struct pf_ioc_rule){ .action = PFA_MATCH };
			rules[n] = (struct pf_ioc_rule){ .action = PFA_PASS, .keep = PF_KEEPSTATE };
			load("", rules, n + 1);
			p = packet(IPPROTO_UDP, 0);
			KT_EQ(pk_passes(&p, PF_IN), n == PF_MATCHED_MAX);
			/* those that a state keeps count its packets */
			KT_EQ(pk_passes(&p, PF_IN), n == PF_MATCHED_MAX);
			KT_EQ(pf_main.rules[PF_RS_FILTER]->rule[0]->packets[0], 2);
			while (pf_state_after(0) != NULL)
				pf_state_remove(pf_state_after(0));
		}
	KT_EQ(pf_status.counters[PFRES_MEMORY], 4);
	KT_EQ(pf_status.lcounters[PF_LC_MATCHES], 4);
}

/* A rule that lives on in a state keeps its table, and that its anchor; they go
 * with the state. */
KTEST(pf_walk_anchors_end_with_states)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE },
			   up = call("u/*", 0);
	struct pk p;

	pk_boot();
	c.src.addr = (struct pf_ioc_addr){ .type = PF_ADDR_TABLE, .neg = 1 };
	strlcpy(c.src.addr.name, "t", sizeof(c.src.addr.name));
	PK_BOTH(family) {
		af = family;
		p = packet(IPPROTO_UDP, 0);
		load("u/one", &c, 1);
		load("", &up, 1);
		KT(pk_passes(&p, PF_IN));
		KT_EQ(pf_nstates, 1);
		load("u/one", &c, 0);
		KT_EQ(pf_anchor_count, 2);
		KT_EQ(pf_table_count_all, 2); /* and the main ruleset's */
		pk_states_end();
		KT_EQ(pf_table_count_all, 0);
		KT_EQ(pf_anchor_count, 1); /* u, which is called */
		load("", &up, 0);
		KT_EQ(pf_anchor_count, 0);
	}
}

/* A state keeps the tag that a rule before the deciding one gave, by its name,
 * whatever other rulesets come. */
KTEST(pf_walk_tags_of_states)
{
	static const char *const names[] = { "old", "new", "third", "fourth" };
	struct pf_ioc_rule c[2] = { { .action = PFA_PASS },
		{ .action = PFA_PASS, .keep = PF_KEEPSTATE } };
	struct mbuf *m;
	struct pk p;

	pk_boot();
	PK_BOTH(family) {
		af = family;
		p = packet(IPPROTO_UDP, 0);
		for (unsigned int i = 0; i < nitems(names); i++) {
			strlcpy(c[0].tagname, names[i], sizeof(c[0].tagname));
			load("", c, 2);
			m = pk_through(pk_make(&p, NULL), af, PF_IN);
			KT(m != NULL);
			KT_STR(pf_tag_name(m->m_pkthdr.pf.tag), "old");
			m_freem(m);
		}
		KT_EQ(pf_nstates, 1);
		pk_states_end();
	}
	/* and no longer than the state */
	load("", c, 2);
	KT_EQ(pf_tag_get("fifth"), pf_tag_get("fifth"));
	KT(pf_tag_get("sixth") < 6);
}

/* --- where states hold --- */

static bool
at(const char *ifname, const struct pk *p, enum pf_dir dir)
{
	struct ifnet *ifp = if_unit(ifname);
	struct mbuf *m = pk_make(p, NULL);
	sa_family_t is = p->af;

	if (pf_test(ifp, &m, &is, dir, NULL) != PF_PASS)
		return (false);
	m_freem(m);
	return (true);
}

KTEST(pf_walk_bindings)
{
	static const struct {
		uint32_t flags;
		bool lo1, pair0;
	} rows[] = {
		{ 0, true, true }, { PFS_FLOATING, true, true },
		{ PFS_GROUPBOUND, true, false }, { PFS_IFBOUND, false, false },
	};
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE };
	const struct pf_ioc_rule block = { .action = PFA_BLOCK };
	struct pk p, back;

	pk_boot();
	KT_EQ(if_clone_create("lo1"), 0);
	KT_EQ(if_clone_create("pair0"), 0);
	for (unsigned int i = 0; i < nitems(rows) * 2; i++) {
		af = i % 2 ? AF_INET : AF_INET6;
		c.stateflags = rows[i / 2].flags;
		load("", &c, 1);
		p = packet(IPPROTO_UDP, 0);
		back = p;
		back.src = p.dst;
		back.dst = p.src;
		back.sport = p.dport;
		back.dport = p.sport;
		KT(at("lo0", &p, PF_IN));
		load("", &block, 1);
		KT(at("lo0", &back, PF_OUT));
		KT_EQ(at("lo1", &back, PF_OUT), rows[i / 2].lo1);
		KT_EQ(at("pair0", &back, PF_OUT), rows[i / 2].pair0);
		KT_EQ(at("lo1", &p, PF_IN), rows[i / 2].lo1);
		/* the interface goes and comes back: the state is still its */
		pk_states_end();
		load("", &c, 1);
		KT(at("lo1", &p, PF_IN));
		load("", &block, 1);
		KT_EQ(if_clone_destroy("lo1"), 0);
		KT_EQ(if_clone_create("lo1"), 0);
		KT(at("lo1", &back, PF_OUT));
		pk_states_end();
	}
}
