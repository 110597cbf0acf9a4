/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The classifier against the plain walk: random rulesets of every criterion,
 * in the main ruleset and in an anchor that is called from several places,
 * with many answers that are exact or few, decide the same about random
 * packets with and without it, by the same rules in the same order, and with
 * fewer comparisons; and so they do after a group and tables that they name
 * have changed.
 */

#include <sys/malloc.h>
#include <net/pf/pf_class.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_table.h>

#include "pfkit.h"

#define RULES	300
#define MANY	(2 * PF_SIEVE_BLOCK + 100)
#define TABLES	6
#define HOSTS	8

static uint32_t
below(uint32_t n)
{
	return (arc4random_uniform(n));
}

/* --- rules --- */

/* Are exact answers rare?  Then rules are for the sieve. */
static bool vague;
static bool few_match; /* of many rules: a packet may have so many only */

/* What depends on tables, interfaces and routes. */
static void
addr_draw_question(struct pf_ioc_addr *a)
{
	static const char *const dyns[] = { "lo", "lo0", "em0" };

	switch (below(6)) {
	case 0:
		a->type = PF_ADDR_DYNIF;
		strlcpy(a->name, dyns[below(nitems(dyns))], sizeof(a->name));
		break;
	case 1:
		a->type = below(2) == 0 ? PF_ADDR_NOROUTE : PF_ADDR_URPF;
		break;
	default:
		a->type = PF_ADDR_TABLE;
		snprintf(a->name, sizeof(a->name), "t%u", below(TABLES));
	}
}

static void
side_draw(struct pf_ioc_side *s, sa_family_t *af)
{
	static const uint8_t ops[] = { PF_OP_IRG, PF_OP_XRG, PF_OP_EQ, PF_OP_NE, PF_OP_LT, PF_OP_LE,
		PF_OP_GT, PF_OP_GE, PF_OP_RRG };
	struct pf_ioc_addr *a = &s->addr;

	if (below(3) == 0) { /* any */
		a->type = PF_ADDR_ANY;
		a->neg = below(30) == 0;
	} else {
		if (*af == AF_UNSPEC)
			*af = below(2) == 0 ? AF_INET : AF_INET6;
		a->type = below(vague ? 2 : 6) == 0 ? PF_ADDR_RANGE : PF_ADDR_PREFIX;
		a->af = *af;
		if (below(vague ? 3 : 10) == 0)
			addr_draw_question(a);
		a->neg = below(8) == 0;
		a->addr = pk_host(*af, below(4) * 100 + below(HOSTS));
		a->end = pk_host(*af, below(5) * 100 + below(HOSTS));
		if (below(20) == 0)
			memset(&a->end, 0xff, *af == AF_INET ? 4 : 16);
		a->plen = *af == AF_INET ? 32 : 128;
		if (vague || below(3) == 0)
			a->plen = (uint8_t)below(a->plen + 1u);
	}
	if (below(2) == 0) {
		s->port_op = vague || below(3) == 0 ? ops[below(nitems(ops))] : PF_OP_EQ;
		s->port[0] = (uint16_t)(10 + below(HOSTS));
		s->port[1] = (uint16_t)(s->port[0] + below(5) - 1);
		if (below(20) == 0)
			s->port[below(2)] = below(2) == 0 ? 0 : 65535;
	}
}

static void
rule_draw(struct pf_ioc_rule *c, const char *anchor)
{
	static const uint8_t protos[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP,
		IPPROTO_ICMP, IPPROTO_ICMPV6 };
	sa_family_t af = AF_UNSPEC;

	memset(c, 0, sizeof(*c));
	c->rtable = -1;
	c->action = below(few_match ? 300 : 3) == 0 ? PFA_MATCH : below(2) == 0 ? PFA_PASS : PFA_BLOCK;
	c->dir = (uint8_t)below(3);
	c->proto = protos[below(nitems(protos))];
	side_draw(&c->src, &af);
	side_draw(&c->dst, &af);
	if (c->proto != IPPROTO_TCP && c->proto != IPPROTO_UDP)
		c->src.port_op = c->dst.port_op = PF_OP_NONE;
	if (c->proto == IPPROTO_ICMP || c->proto == IPPROTO_ICMPV6)
		c->icmptype = below(2) == 0 ? 0 : c->proto == IPPROTO_ICMP ? 8 + 1 : 128 + 1;
	if (below(12) == 0 && c->src.port_op == PF_OP_NONE && c->dst.port_op == PF_OP_NONE)
		c->flags |= PFR_FRAGMENT;
	c->af = below(2) == 0 ? (uint8_t)af : 0;
	if (below(3) == 0) { /* the packets' own, one of its groups, or another */
		static const char *const names[] = { "lo0", "lo", "ga", "gb", "gc", "em0", "em1", "em2", "em3" };

		strlcpy(c->ifname, names[below(nitems(names))], sizeof(c->ifname));
		c->flags |= below(4) == 0 ? PFR_IFNOT : 0;
	} else if (below(20) == 0)
		c->flags |= PFR_IFANY | (below(2) == 0 ? PFR_IFNOT : 0);
	if (below(4) == 0)
		snprintf(c->tagname, sizeof(c->tagname), "t%u", below(5));
	if (below(20) == 0)
		strlcpy(c->match_tagname, "t1", sizeof(c->match_tagname));
	if (c->action != PFA_MATCH && below(10) == 0)
		c->flags |= PFR_QUICK;
	if (anchor != NULL && below(20) == 0) {
		c->action = PFA_PASS;
		c->flags |= PFR_ANCHOR;
		c->tagname[0] = '\0';
		strlcpy(c->anchor, anchor, sizeof(c->anchor));
		return;
	}
	/* another destination, which later rules see */
	if (c->action == PFA_MATCH && c->dir == PF_IN && c->af == AF_INET && below(3) == 0) {
		c->flags |= PFR_RDRTO;
		c->pool[PF_RDRPOOL].nents = 1;
	}
}

static void
ruleset_draw(struct pf_anchor *home, uint32_t n, const char *anchor)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { pk_ents[0], pk_ents[1], pk_ents[2] };
	struct pf_rules *rules = pf_rules_new(), *old = home->rules[PF_RS_FILTER];
	struct pf_ioc_rule c;
	struct pf_rule *r;

	KT(rules != NULL);
	while (rules->n < n) {
		rule_draw(&c, anchor);
		pk_ents[PF_RDRPOOL][0] = pk_net(AF_INET, below(4) * 100 + below(HOSTS), 32);
		if (pf_rule_make(home, PF_RS_FILTER, &c, pools, &r) == 0)
			KT_EQ(pf_rules_add(rules, r), 0);
	}
	pf_rules_finish(rules, 1);
	home->rules[PF_RS_FILTER] = rules;
	pf_rules_free(old);
}

/* --- what was decided --- */

struct decision {
	enum pf_verdict verdict;
	const struct pf_rule *rule, *anchor_rule;
	uint64_t matched; /* rules, in order */
	struct pf_ends now;
	uint16_t tag;
};

static void
decide(const struct pf_desc *packet, struct decision *d)
{
	struct pf_desc pd = *packet;
	struct pf_match_item *mi;

	memset(d, 0, sizeof(*d));
	d->verdict = pf_rule_decide(&pd);
	d->rule = pd.rule;
	d->anchor_rule = pd.anchor_rule;
	d->now = pd.now;
	d->tag = pd.acts.tag;
	for (mi = pd.matched; mi != NULL; mi = mi->next)
		d->matched = d->matched * 0x9e3779b97f4a7c15ULL + (uintptr_t)mi->rule;
	pf_matched_free(pd.matched);
}

/* Of all rules, and none from now on. */
static int64_t
evaluations_take(struct pf_rules *rs)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < rs->n; i++) {
		n += rs->rule[i]->evaluations;
		rs->rule[i]->evaluations = 0;
	}
	return ((int64_t)n);
}


static struct pf_anchor *sub;

static int64_t compared[2]; /* with the classifier, without */

/* Both ways; how many comparisons the classifier saved. */
static int64_t
both_ways(const struct pf_desc *pd)
{
	int64_t few, many;
	struct pf_rules *main_rs = pf_main.rules[PF_RS_FILTER], *sub_rs = sub->rules[PF_RS_FILTER];
	struct pf_class *was[2] = { main_rs->class, sub_rs->class };
	struct decision with, without;

	decide(pd, &with);
	few = evaluations_take(main_rs) + evaluations_take(sub_rs);
	main_rs->class = sub_rs->class = NULL;
	decide(pd, &without);
	many = evaluations_take(main_rs) + evaluations_take(sub_rs);
	main_rs->class = was[0];
	sub_rs->class = was[1];
	KT(memcmp(&with, &without, sizeof(with)) == 0);
	compared[0] += few;
	compared[1] += many;
	return (many - few);
}

static struct mbuf *
packet_draw(sa_family_t af)
{
	const uint8_t icmp = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_UDP, icmp };
	struct pk p = { .af = af,
		.proto = protos[below(nitems(protos))],
		.src = below(4) * 100 + below(HOSTS),
		.dst = below(4) * 100 + below(HOSTS),
		.sport = (uint16_t)(10 + below(HOSTS)),
		.dport = (uint16_t)(10 + below(HOSTS)),
		.flags = TH_SYN };

	if (p.proto == icmp)
		p.sport = (uint16_t)((af == AF_INET ? 8 : 128) << 8);
	return (pk_make(&p, NULL));
}

/* n packets; how many comparisons were saved. */
static int64_t
packets_run(int n)
{
	int64_t saved = 0;

	for (int i = 0; i < n; i++) {
		sa_family_t af = below(2) == 0 ? AF_INET : AF_INET6;
		struct mbuf *m = packet_draw(af);
		struct pf_desc pd;

		KT_EQ(pf_desc_read(&pd, if_unit("lo0"), m, af, below(2) == 0 ? PF_IN : PF_OUT), PF_PASS);
		pd.rule = &pf_default_rule;
		if (below(8) == 0) { /* a later fragment: no ports */
			pd.frag = PF_FRAG_LATER;
			memset(pd.now.port, 0, sizeof(pd.now.port));
			pd.was = pd.now;
		}
		saved += both_ways(&pd);
		m_freem(pd.m);
	}
	return (saved);
}

/* What rules name becomes another, after they were loaded. */
static void
changes_draw(void)
{
	struct pf_tstage *ts = pf_tstage_new("");
	struct pf_ioc_taddr a;
	char name[PF_TABLE_NAMESIZE];
	sa_family_t af;

	if (if_delgroup(if_unit("lo0"), "gc") != 0)
		KT_EQ(if_addgroup(if_unit("lo0"), "gc"), 0);
	for (int t = 0; t < TABLES; t++) {
		snprintf(name, sizeof(name), "t%d", t);
		KT_EQ(pf_tstage_define(ts, name, PFRT_PERSIST, true), 0);
		for (unsigned int n = below(8); n > 0; n--) {
			af = below(2) == 0 ? AF_INET : AF_INET6;
			a = (struct pf_ioc_taddr){ .af = (uint8_t)af,
				.plen = af == AF_INET ? 32 : 128, .neg = below(4) == 0,
				.addr = pk_host(af, below(4) * 100 + below(HOSTS)) };
			KT_EQ(pf_tstage_add(ts, &a, 1), 0);
		}
	}
	pf_tstage_commit(ts);
}

KTEST(pf_class_decides_as_the_walk)
{
	int64_t saved = 0;
	uint32_t classes = 0;
	char group[IFNAMSIZ];

	pk_boot();
	KT_EQ(pf_anchor_get("sub", &sub), 0);
	for (int run = 0; run < 90; run++) {
		if (run == 30 || run == 60) { /* one more group that rules name */
			snprintf(group, sizeof(group), "g%c", run == 30 ? 'a' : 'b');
			KT_EQ(if_addgroup(if_unit("lo0"), group), 0);
		}
		vague = below(2) == 0;
		ruleset_draw(sub, below(RULES), NULL);
		ruleset_draw(&pf_main, 1 + below(RULES - 1), "sub");
		classes += pf_main.rules[PF_RS_FILTER]->class != NULL;
		saved += packets_run(100);
		changes_draw();
		saved += packets_run(50);
	}
	KT(classes > 40);
	KT(saved > 100000);
}

/* The same with rules of several blocks: nearly all that would be compared is not. */
KTEST(pf_class_sifts_many_rules)
{
	pk_boot();
	KT_EQ(pf_anchor_get("sub", &sub), 0);
	vague = few_match = true;
	for (int run = 0; run < 3; run++) {
		ruleset_draw(sub, RULES, NULL);
		ruleset_draw(&pf_main, MANY, "sub");
		changes_draw();
		packets_run(100);
	}
	KT(compared[0] < compared[1] / 4);
}

/* An interface in more groups than a packet has lists: all rules are compared. */
KTEST(pf_class_more_groups_than_lists)
{
	enum { GROUPS = PF_CLASS_LISTS + 4 };
	struct pf_rules *rules = pf_rules_new(), *old;
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { NULL };
	struct pf_ioc_rule c = { .action = PFA_MATCH, .rtable = -1 };
	struct pf_rule *r;

	pk_boot();
	KT_EQ(pf_anchor_get("sub", &sub), 0);
	for (int i = 0; i < 2 * GROUPS; i++) {
		snprintf(c.ifname, sizeof(c.ifname), "g%c", 'a' + i % GROUPS);
		KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, &c, pools, &r), 0);
		KT_EQ(pf_rules_add(rules, r), 0);
	}
	pf_rules_finish(rules, 1);
	KT(rules->class != NULL);
	old = pf_main.rules[PF_RS_FILTER];
	pf_main.rules[PF_RS_FILTER] = rules;
	pf_rules_free(old);
	for (int i = 0; i < GROUPS; i++) {
		snprintf(c.ifname, sizeof(c.ifname), "g%c", 'a' + i);
		KT_EQ(if_addgroup(if_unit("lo0"), c.ifname), 0);
		/* the classifier finds those of i + 1 groups, or gives up */
		KT_EQ(packets_run(1), i < PF_CLASS_LISTS ? 2 * (GROUPS - i - 1) : 0);
	}
}

/* Short ones, and those of which it knows nothing, have none. */
KTEST(pf_class_where_it_helps)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .rtable = -1 };
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { NULL };
	struct pf_rule *r;

	pk_boot();
	for (uint32_t n = 0; n < 2 * PF_CLASS_FROM; n++)
		for (int exact = 0; exact < 2; exact++) {
			struct pf_rules *rules = pf_rules_new();

			for (uint32_t i = 0; i < n; i++) {
				c.src.addr = pk_net(AF_INET, i, 32).addr;
				if (exact == 0)
					c.src.addr.type = PF_ADDR_ANY;
				KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, &c, pools, &r), 0);
				KT_EQ(pf_rules_add(rules, r), 0);
			}
			pf_rules_finish(rules, 1);
			KT_EQ(rules->class != NULL, exact == 1 && n >= PF_CLASS_FROM);
			pf_rules_free(rules);
		}
}

/* Without memory for it, a ruleset is as good. */
KTEST_NTH(pf_class_without_memory)
{
	struct pf_rules *rules = pf_rules_new();
	struct pf_ioc_rule c = { .action = PFA_PASS, .rtable = -1 };
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { NULL };
	struct pf_class_look look = { .class = NULL };
	struct pf_desc pd = { .af = AF_INET, .dir = PF_IN };
	struct pf_rule *r;
	long live;

	pk_boot();
	for (uint32_t i = 0; i < 200; i++) {
		c.src.addr = pk_net(AF_INET, i % 100, 32).addr;
		if (i >= 100) { /* for the sieve */
			c.src.addr.type = PF_ADDR_TABLE;
			strlcpy(c.src.addr.name, "t", sizeof(c.src.addr.name));
			c.proto = IPPROTO_UDP;
			c.dst.port_op = PF_OP_GE;
			c.dst.port[0] = (uint16_t)i;
		}
		KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, &c, pools, &r), 0);
		KT_EQ(pf_rules_add(rules, r), 0);
	}
	live = sim_live();
	sim_fail_nth(n);
	pf_rules_finish(rules, 1);
	KT_EQ(rules->class == NULL, sim_failed());
	KT(rules->class != NULL || sim_live() == live);
	pd.now.addr[PF_SRC] = pk_host(AF_INET, 42);
	KT(rules->class == NULL || pf_class_next(rules->class, &pd, &look, 0) == 42);
	KT(rules->class == NULL || pf_class_next(rules->class, &pd, &look, 43) == 200);
	pd.proto = IPPROTO_UDP;
	pd.now.port[PF_DST] = 150;
	look.class = NULL;
	KT(rules->class == NULL || pf_class_next(rules->class, &pd, &look, 43) == 100);
	pf_rules_free(rules);
}
