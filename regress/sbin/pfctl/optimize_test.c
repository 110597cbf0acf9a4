/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The optimiser: what it does to known rulesets, and that it never changes a
 * verdict.  The latter over random rulesets from a small alphabet, where
 * every packet of the alphabet is judged by the rules before and after.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pfctl.h"

static struct pfconf *
conf(const char *text, enum optimize o, FILE *out, int opts)
{
	struct pfconf *pc = pfconf_new(out, stderr, opts, &pf_ifs_host);

	pc->optimize = o;
	conf_push_text(pc->lex, text, strlen(text), "test");
	pfconf_parse(pc, "");
	assert_int_equal(pfconf_finish(pc), 0);
	return (pc);
}

/* --- a small judge ----------------------------------------------------- */

struct packet {
	const char *ifname;
	uint8_t dir, proto, af, tcpflags;
	struct ip_addr src, dst;
	uint16_t dport;
};

static bool
in_prefix(const struct ip_addr *a, const struct ip_addr *net, unsigned int plen)
{
	struct ip_addr m = *a;

	ip_addr_mask(&m, plen);
	return (ip_addr_eq(&m, net));
}

static bool
in_table(const struct pfconf *pc, const char *name, const struct ip_addr *a)
{
	const struct pf_table *t;
	size_t i;

	TAILQ_FOREACH(t, &pc->tables, entry) {
		if (strcmp(t->name, name) != 0)
			continue;
		for (i = 0; i < t->naddrs; i++)
			if (in_prefix(a, &t->addrs[i].addr, t->addrs[i].plen))
				return (true);
	}
	return (false);
}

static bool
addr_matches(const struct pfconf *pc, const struct pf_ioc_addr *x,
    const struct ip_addr *a)
{
	bool hit = x->type == PF_ADDR_ANY ||
	    (x->type == PF_ADDR_TABLE ? in_table(pc, x->name, a) :
					in_prefix(a, &x->addr, x->plen));

	return (hit != (x->neg != 0));
}

static bool
port_matches(const struct pf_ioc_side *s, uint16_t port)
{
	switch (s->port_op) {
	case PF_OP_EQ:
		return (port == s->port[0]);
	case PF_OP_RRG:
		return (port >= s->port[0] && port <= s->port[1]);
	case PF_OP_GT:
		return (port > s->port[0]);
	default:
		return (true);
	}
}

static bool
rule_matches(const struct pfconf *pc, const struct pf_ioc_rule *r,
    const struct packet *p)
{
	if (r->ifname[0] != '\0' &&
	    (strcmp(r->ifname, p->ifname) == 0) ==
		((r->flags & PFR_IFNOT) != 0))
		return (false);
	if (p->proto == 6 && (p->tcpflags & r->tcpmask) != r->tcpflags)
		return (false);
	if (r->tos != 0 && p->dport != 3) /* tos stands for what is not moved */
		return (false);
	return ((r->dir == PFD_BOTH || r->dir == p->dir) &&
	    (r->proto == 0 || r->proto == p->proto) &&
	    (r->af == 0 || r->af == p->af) &&
	    addr_matches(pc, &r->src.addr, &p->src) &&
	    addr_matches(pc, &r->dst.addr, &p->dst) &&
	    port_matches(&r->dst, p->dport));
}

/* Action, and what of the rule a packet feels. */
static int
verdict(const struct pfconf *pc, const struct packet *p)
{
	const struct pf_rule *r;
	int v = 0;

	TAILQ_FOREACH(r, &pc->top->rules[PF_RS_FILTER], entry) {
		if (!rule_matches(pc, &r->r, p))
			continue;
		v = r->r.action << 8 | r->r.keep << 4 |
		    (r->r.flags & PFR_RETURN ? 1 : 0);
		if (r->r.flags & PFR_QUICK)
			break;
	}
	return (v);
}

/* --- random rulesets --------------------------------------------------- */

static const char *const ifs[] = { "", "on em0 ", "on em1 ", "on ! em0 " };
static const char *const hosts[] = { "any", "10.0.0.0/30", "10.0.0.0/31",
	"10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "! 10.0.0.1",
	"10.0.0.4", "10.0.0.5" };
static const char *const ports[] = { "", " port 1", " port 1:3", " port 2",
	" port > 1" };

static const char *const afs[] = { "", "inet ", "inet6 " };
static const char *const flags[] = { "", "", " flags any", " flags S/S",
	" flags A/SA" };

static unsigned int
pick(unsigned int n)
{
	return ((unsigned int)random() % n);
}

static void
random_rule(FILE *f)
{
	bool tcp = pick(2) != 0;
	const char *src = hosts[pick(nitems(hosts))],
		   *dst = hosts[pick(nitems(hosts))];
	bool any = *src == 'a' && *dst == 'a';

	fprintf(f, "%s %s%s%s%s%sfrom %s to %s%s%s%s%s\n",
	    pick(3) != 0 ? "pass" : "block",
	    pick(3) == 0     ? "in " :
		pick(3) == 0 ? "out " :
			       "",
	    pick(2) != 0 ? "quick " : "", ifs[pick(nitems(ifs))],
	    any ? afs[pick(nitems(afs))] : "inet ", tcp ? "proto tcp " : "",
	    src, dst, tcp ? ports[pick(nitems(ports))] : "",
	    pick(12) == 0 ? " label x" : "", pick(9) == 0 ? " tos 8" : "",
	    tcp ? flags[pick(nitems(flags))] : "");
}

/* Of long blocks that differ in hosts, and a little in one thing more. */
static void
narrow_rule(FILE *f, unsigned int what)
{
	char host[16] = "any";

	if (what != 0)
		snprintf(host, sizeof(host), "10.0.0.%u", pick(16));
	fprintf(f, "pass %s%s%sproto tcp from %s to %s%s%s\n",
	    what == 1 && pick(2) ? "in " : "",
	    what == 2 ? ifs[pick(nitems(ifs))] : "",
	    what == 0 ? afs[pick(nitems(afs))] : "inet ",
	    what < 5 ? host : "any", what < 5 ? "any" : host,
	    what == 3 || what == 5 ? ports[pick(nitems(ports))] : "",
	    what == 4 ? flags[pick(nitems(flags))] : "");
}

/* Rules of few kinds, so that blocks grow long. */
static char *
random_rules(unsigned int n)
{
	unsigned int what;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	what = pick(12);
	while (n-- > 0)
		if (what < 6)
			narrow_rule(f, what);
		else
			random_rule(f);
	fclose(f);
	return (text);
}

static void
check_packets(const char *text, const struct pfconf *a, const struct pfconf *b)
{
	static const char *const names[] = { "em0", "em1" };
	struct packet p;
	unsigned int i;

	for (i = 0; i < 2 * 2 * 2 * 2 * 2 * 6 * 6 * 4; i++) {
		unsigned int k = i;

		memset(&p, 0, sizeof(p));
		p.ifname = names[k % 2];
		p.dir = k / 2 % 2 != 0 ? PFD_IN : PFD_OUT;
		p.proto = k / 4 % 2 != 0 ? 6 : 17;
		p.tcpflags = k / 8 % 2 != 0 ? 0x02 : 0x10;
		p.af = k / 16 % 2 != 0 ? AF_INET : AF_INET6;
		k /= 32;
		p.src.b[0] = p.dst.b[0] = p.af == AF_INET ? 10 : 0xfd;
		p.src.b[3] = (uint8_t)(k % 6);
		p.dst.b[3] = (uint8_t)(k / 6 % 6);
		p.dport = (uint16_t)(k / 36);
		if (verdict(a, &p) != verdict(b, &p))
			fail_msg("packet %u, %#x is %#x after:\n%s", i,
			    verdict(a, &p), verdict(b, &p), text);
	}
}

static size_t
count_rules(const struct pfconf *pc)
{
	const struct pf_rule *r;
	size_t n = 0;

	TAILQ_FOREACH(r, &pc->top->rules[PF_RS_FILTER], entry)
		n++;
	return (n);
}

static void
no_verdict_changes(void **state)
{
	size_t before = 0, after = 0;
	struct pfconf *a, *b;
	char *text;
	int i;

	(void)state;
	srandom(7);
	for (i = 0; i < 1000; i++) {
		text = random_rules(2 + pick(40));
		a = conf(text, OPTIMIZE_NONE, stdout, 0);
		b = conf(text, OPTIMIZE_BASIC, stdout, 0);
		before += count_rules(a);
		after += count_rules(b);
		check_packets(text, a, b);
		pfconf_free(a);
		pfconf_free(b);
		free(text);
	}
	assert_true(after < before);
}

/* --- known rulesets ---------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *in, *out;
} rows[] = {
	/* equal, and part of another */
	{ "block quick from 10.0.0.1\nblock quick from 10.0.0.1\n",
	    "block drop quick inet from 10.0.0.1 to any\n" },
	{ "pass from 10.0.0.1\npass from 10.0.0.0/8\n",
	    "pass inet from 10.0.0.0/8 to any flags S/SA keep state\n" },
	{ "pass in proto tcp to port 80\npass in proto tcp to port 1:100\npass in proto udp to port 80\n",
	    "pass in proto tcp from any to any port 1:100 flags S/SA keep state\n"
	    "pass in proto udp from any to any port = http keep state\n" },
	{ "pass on em0 inet\npass\n", "pass all flags S/SA keep state\n" },
	/* not across a rule that decides otherwise, nor when somebody */
	{ "pass from 10.0.0.1\nblock from 10.0.0.0/9\npass from 10.0.0.1\n",
	    "pass inet from 10.0.0.1 to any flags S/SA keep state\n"
	    "block drop inet from 10.0.0.0/9 to any\n"
	    "pass inet from 10.0.0.1 to any flags S/SA keep state\n" },
	{ "pass label a\npass label a\n",
	    "pass all flags S/SA keep state label \"a\"\npass all flags S/SA keep state label \"a\"\n" },
	{ "pass probability 10%\npass probability 10%\n",
	    "pass all flags S/SA keep state probability 10%\npass all flags S/SA keep state probability 10%\n" },
	{ "pass keep state (max 3)\npass keep state (max 3)\n",
	    "pass all flags S/SA keep state (max 3)\npass all flags S/SA keep state (max 3)\n" },
	{ "match tag a\nmatch tag a\n", "match all tag a\nmatch all tag a\n" },
	/* a negated address is no part of another, nor is the other of it */
	{ "pass from ! 10.0.0.1\npass from 10.0.0.0/8\n",
	    "pass inet from ! 10.0.0.1 to any flags S/SA keep state\n"
	    "pass inet from 10.0.0.0/8 to any flags S/SA keep state\n" },
	/* tables, also when the rules do not stand together */
	{ "block in from { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 }\n", NULL },
	{ "block in from { 1.1.1.1 1.1.1.2 1.1.1.3 }\nblock out from 2.2.2.2\nblock in from { 1.1.1.4 1.1.1.5 1.1.1.6/31 }\n",
	    "table <__automatic_*_0> const { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6/31 }\n"
	    "block drop in inet from <__automatic_*_0> to any\n"
	    "block drop out inet from 2.2.2.2 to any\n" },
	/* other source ports */
	{ "pass in proto tcp from port 1 to any\npass in proto tcp from port 2 to any\n",
	    "pass in proto tcp from any port = tcpmux to any flags S/SA keep state\n"
	    "pass in proto tcp from any port = compressnet to any flags S/SA keep state\n" },
	/* not into one table */
	{ "block in from { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 }\nblock in from { 2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 2001:db8::5 2001:db8::6 }\n",
	    "table <__automatic_*_0> const { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 }\n"
	    "table <__automatic_*_1> const { 2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 2001:db8::5 2001:db8::6 }\n"
	    "block drop in inet from <__automatic_*_0> to any\n"
	    "block drop in inet6 from <__automatic_*_1> to any\n" },
	{ "block in proto tcp from { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 }\nblock in proto udp from { 2.2.2.1 2.2.2.2 2.2.2.3 2.2.2.4 2.2.2.5 2.2.2.6 }\n",
	    "table <__automatic_*_0> const { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 }\n"
	    "table <__automatic_*_1> const { 2.2.2.1 2.2.2.2 2.2.2.3 2.2.2.4 2.2.2.5 2.2.2.6 }\n"
	    "block drop in inet proto tcp from <__automatic_*_0> to any\n"
	    "block drop in inet proto udp from <__automatic_*_1> to any\n" },
	{ "block in proto tcp to { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 } port 1:2\nblock in proto tcp to { 2.2.2.1 2.2.2.2 2.2.2.3 2.2.2.4 2.2.2.5 2.2.2.6 } port 1:3\n",
	    "table <__automatic_*_0> const { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 }\n"
	    "table <__automatic_*_1> const { 2.2.2.1 2.2.2.2 2.2.2.3 2.2.2.4 2.2.2.5 2.2.2.6 }\n"
	    "block drop in inet proto tcp from any to <__automatic_*_0> port 1:2\n"
	    "block drop in inet proto tcp from any to <__automatic_*_1> port 1:3\n" },
	{ "block in proto icmp from { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 } icmp-type echoreq\nblock in proto icmp from { 2.2.2.1 2.2.2.2 2.2.2.3 2.2.2.4 2.2.2.5 2.2.2.6 } icmp-type redir\n",
	    "table <__automatic_*_0> const { 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 }\n"
	    "table <__automatic_*_1> const { 2.2.2.1 2.2.2.2 2.2.2.3 2.2.2.4 2.2.2.5 2.2.2.6 }\n"
	    "block drop in inet proto icmp from <__automatic_*_0> to any icmp-type echoreq\n"
	    "block drop in inet proto icmp from <__automatic_*_1> to any icmp-type redir\n" },
	{ "block in from { !1.1.1.1 !1.1.1.2 !1.1.1.3 !1.1.1.4 !1.1.1.5 !1.1.1.6 }\n",
	    "block drop in inet from ! 1.1.1.1 to any\n"
	    "block drop in inet from ! 1.1.1.2 to any\n"
	    "block drop in inet from ! 1.1.1.3 to any\n"
	    "block drop in inet from ! 1.1.1.4 to any\n"
	    "block drop in inet from ! 1.1.1.5 to any\n"
	    "block drop in inet from ! 1.1.1.6 to any\n" },
	/* side by side for skip steps */
	{ "pass in on em0 proto tcp to port 60001\n"
	  "pass in on em1 proto tcp to port 60001\n"
	  "pass in on em0 proto tcp to port 60002\n"
	  "pass in on em1 proto tcp to port 60002\n"
	  "pass in on em0 proto tcp to port 60003\n"
	  "pass in on em1 proto tcp to port 60003\n",
	    "pass in on em0 proto tcp from any to any port = 60001 flags S/SA keep state\n"
	    "pass in on em0 proto tcp from any to any port = 60002 flags S/SA keep state\n"
	    "pass in on em0 proto tcp from any to any port = 60003 flags S/SA keep state\n"
	    "pass in on em1 proto tcp from any to any port = 60001 flags S/SA keep state\n"
	    "pass in on em1 proto tcp from any to any port = 60002 flags S/SA keep state\n"
	    "pass in on em1 proto tcp from any to any port = 60003 flags S/SA keep state\n" },
};
/* clang-format on */

/* `*' in want stands for eight digits. */
static bool
same(const char *want, const char *got)
{
	for (; *want != '\0'; want++, got++) {
		if (*want != '*' && *want != *got)
			return (false);
		if (*want == '*' && strnlen(got, 8) < 8)
			return (false);
		got += *want == '*' ? 7 : 0;
	}
	return (*got == '\0');
}

static void
known_rulesets(void **state)
{
	struct pfconf *pc;
	char *out;
	size_t i, size;
	FILE *f;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		f = open_memstream(&out, &size);
		pc = conf(rows[i].in, OPTIMIZE_BASIC, f, OPT_VERBOSE);
		fclose(f);
		if (rows[i].out == NULL)
			assert_int_equal(count_rules(pc), 5);
		else if (!same(rows[i].out, out))
			fail_msg("%s\nbecame\n%s", rows[i].in, out);
		pfconf_free(pc);
		free(out);
	}
}

/*
 * However far apart: 4000 rules that have nothing in common, all of them twice
 * and once more with longer networks.
 */
static void
far_ones_are_found(void **state)
{
	static const char *const forms[] = {
		"pass in on em0 inet proto tcp from 10.%d.%d.0/24 to 11.%d.%d.0/24 port %d\n",
		"pass in on em0 inet proto tcp from 10.%d.%d.0/24 to 11.%d.%d.0/24 port %d\n",
		"pass in on em0 inet proto tcp from 10.%d.%d.7 to 11.%d.%d.64/26 port %d\n",
	};
	size_t size, i, left = 0;
	struct pfconf *pc;
	struct pf_rule *r;
	char *text;
	FILE *f = open_memstream(&text, &size);
	int n;

	(void)state;
	for (i = 0; i < 3; i++)
		for (n = 0; n < 4000; n++)
			fprintf(f, forms[i], n / 250, n % 250, n % 250, n / 250,
			    n + 1);
	fclose(f);
	pc = conf(text, OPTIMIZE_BASIC, stdout, 0);
	TAILQ_FOREACH(r, &TAILQ_FIRST(&pc->rulesets)->rules[PF_RS_FILTER],
	    entry) {
		assert_int_equal(r->r.src.addr.plen, 24);
		left++;
	}
	assert_int_equal(left, 4000);
	pfconf_free(pc);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_rulesets),
		cmocka_unit_test(no_verdict_changes),
		cmocka_unit_test(far_ones_are_found),
	};

	return (
	    cmocka_run_group_tests_name("pfctl: optimiser", tests, NULL, NULL));
}
