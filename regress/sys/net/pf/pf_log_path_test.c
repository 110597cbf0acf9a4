/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What pf_test() logs: rules of each kind, numbers, reasons, translations. */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/bpf_if.h>
#include <net/if_var.h>
#include <net/pf/if_pflog.h>
#include <net/pf/pf.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_rule.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <ktest.h>
#include <machine/kernel.h>

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* --- what was logged, a line each --- */

static char seen[1024];

static void
see(struct bpf_listener *bl, const void *hdr, uint32_t hdrlen,
    const struct mbuf *m, int dir)
{
	const struct pfloghdr *h = hdr;
	size_t n = strlen(seen);
	uint8_t p[32], *port;

	KT_EQ(m_copydata(m, 0, sizeof(p), p), 0);
	port = p + (p[0] & 15) * 4 + 2;
	snprintf(seen + n, sizeof(seen) - n, "%d.%s.%d/%u action %u >%u:%u\n",
	    (int)ntohl(h->rulenr), h->ruleset, (int)ntohl(h->subrulenr),
	    h->reason, h->action, p[19], port[0] << 8 | port[1]);
}

static void
boot(void)
{
	static const struct kernel_params params = { .hostname = "test" };
	static struct bpf_listener bl = { .bl_capture = see };

	KT_EQ(kernel_boot(&params), 0);
	KT_EQ(pf_log_want(0), 0);
	bpf_listen(pflog_unit(0)->if_bpf, &bl);
}

/* --- rules --- */

static struct pf_ioc_poolent ents[PF_NPOOLS][1];

/* One rule more of that anchor and kind. */
static void
rule_add(struct pf_rules *to, const char *anchor, enum pf_rs rs,
    const struct pf_ioc_rule *ioc)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { ents[0], ents[1], ents[2] };
	struct pf_ioc_rule c = *ioc;
	struct pf_anchor *home;
	struct pf_rule *r;

	c.rtable = -1;
	KT_EQ(pf_anchor_get(anchor, &home), 0);
	KT_EQ(pf_rule_make(home, rs, &c, pools, &r), 0);
	KT_EQ(pf_rules_add(to, r), 0);
}

static void
rules_load(struct pf_rules *rules, const char *anchor, enum pf_rs rs)
{
	struct pf_anchor *a = pf_anchor_find(anchor);

	pf_rules_finish(rules, 1);
	pf_rules_free(a->rules[rs]);
	a->rules[rs] = rules;
}

/* --- packets: UDP 10.0.0.1:1000 > 10.0.0.2:53, with an option if asked --- */

static enum pf_verdict
send(bool option)
{
	uint32_t hlen = option ? 24 : 20;
	uint8_t p[36] = { (uint8_t)(0x40 | hlen / 4), 0, 0,
		(uint8_t)(hlen + 12), 0, 0, 0, 0, 64, IPPROTO_UDP, 0, 0, 10, 0,
		0, 1, 10, 0, 0, 2, IPOPT_NOP, IPOPT_NOP, IPOPT_NOP, IPOPT_NOP };
	static const uint8_t udp[12] = { 1000 >> 8, 1000 & 255, 0, 53, 0, 12 };
	struct mbuf *m = m_gethdr(MT_DATA);
	sa_family_t af = AF_INET;
	enum pf_verdict v;
	uint16_t sum;

	memcpy(p + hlen, udp, sizeof(udp));
	sum = in_cksum_fold(in_cksum_bytes(0, p, hlen));
	memcpy(p + 10, &sum, 2);
	KT(m != NULL && m_copyback(m, 0, hlen + 12, p) == 0);
	seen[0] = '\0';
	v = pf_test(if_unit("lo0"), &m, &af, PF_IN, NULL);
	if (v == PF_PASS)
		m_freem(m);
	return (v);
}

KTEST(pflog_path_block_and_pass)
{
	struct pf_ioc_rule c = { .action = PFA_BLOCK, .log = PF_LOG_ON };
	struct pf_rules *rules;

	boot();
	rules = pf_rules_new();
	rule_add(rules, "", PF_RS_FILTER, &c);
	rules_load(rules, "", PF_RS_FILTER);
	KT_EQ(send(false), PF_DROP);
	KT_STR(seen, "0..-1/0 action 1 >2:53\n");
	rules = pf_rules_new();
	c.log = 0;
	rule_add(rules, "", PF_RS_FILTER, &c);
	c.action = PFA_PASS;
	c.log = PF_LOG_ON;
	rule_add(rules, "", PF_RS_FILTER, &c);
	rules_load(rules, "", PF_RS_FILTER);
	KT_EQ(send(false), PF_PASS);
	KT_STR(seen, "1..-1/0 action 0 >2:53\n");
	KT_EQ(send(true), PF_DROP);
	KT_STR(seen, "1..-1/8 action 1 >2:53\n");
}

KTEST(pflog_path_not_asked_for)
{
	struct pf_ioc_rule c = { .action = PFA_BLOCK };
	struct pf_rules *rules = NULL;

	boot();
	KT_EQ(send(false), PF_PASS);
	KT_STR(seen, "");
	rules = pf_rules_new();
	rule_add(rules, "", PF_RS_FILTER, &c);
	rules_load(rules, "", PF_RS_FILTER);
	KT_EQ(send(false), PF_DROP);
	KT_STR(seen, "");
}

/* A TCP segment whose header is cut off: no rule is asked, and it is seen. */
KTEST(pflog_path_malformed)
{
	uint8_t p[32] = { 0x45, 0, 0, 32, 0, 0, 0, 0, 64, IPPROTO_TCP, 0, 0, 10,
		0, 0, 1, 10, 0, 0, 2, 0, 80, 0, 81 };
	struct mbuf *m;
	sa_family_t af = AF_INET;
	uint16_t sum;

	boot();
	sum = in_cksum_fold(in_cksum_bytes(0, p, 20));
	memcpy(p + 10, &sum, 2);
	m = m_gethdr(MT_DATA);
	KT(m != NULL && m_copyback(m, 0, sizeof(p), p) == 0);
	seen[0] = '\0';
	KT_EQ(pf_test(if_unit("lo0"), &m, &af, PF_IN, NULL), PF_DROP);
	KT_STR(seen, "-1..-1/3 action 1 >2:81\n");
	KT_EQ(pf_status.counters[PFRES_SHORT], 1);
}

KTEST(pflog_path_match_and_later_matches)
{
	struct pf_ioc_rule c = { .action = PFA_MATCH,
		.log = PF_LOG_ON | PF_LOG_MATCHES };
	struct pf_rules *rules;

	boot();
	rules = pf_rules_new();
	rule_add(rules, "", PF_RS_FILTER, &c);
	c.action = PFA_PASS;
	c.log = 0;
	rule_add(rules, "", PF_RS_FILTER, &c);
	rules_load(rules, "", PF_RS_FILTER);
	KT_EQ(send(false), PF_PASS);
	KT_STR(seen, "0..-1/0 action 12 >2:53\n1..-1/0 action 0 >2:53\n");
}

/* log (matches, to pflog3): what matches later is shown there as well. */
KTEST(pflog_path_matches_elsewhere)
{
	static struct bpf_listener other = { .bl_capture = see };
	struct pf_ioc_rule c = { .action = PFA_MATCH, .logif = 3,
		.log = PF_LOG_ON | PF_LOG_MATCHES };
	struct pf_rules *rules;

	for (int there = 0; there < 2; there++) {
		if (there == 0)
			boot(); /* listens at pflog0 */
		KT_EQ(pf_log_want(3), 0);
		rules = pf_rules_new();
		rule_add(rules, "", PF_RS_FILTER, &c);
		c.action = PFA_PASS;
		c.logif = 0;
		c.log = PF_LOG_ON;
		rule_add(rules, "", PF_RS_FILTER, &c);
		rules_load(rules, "", PF_RS_FILTER);
		KT_EQ(send(false), PF_PASS);
		KT_STR(seen, there == 0 ?
			"1..-1/0 action 0 >2:53\n" :
			"0..-1/0 action 12 >2:53\n1..-1/0 action 0 >2:53\n"
			"1..-1/0 action 0 >2:53\n");
		bpf_listen(pflog_unit(3)->if_bpf, &other);
		c = (struct pf_ioc_rule){ .action = PFA_MATCH, .logif = 3,
			.log = PF_LOG_ON | PF_LOG_MATCHES };
	}
}

KTEST(pflog_path_anchor)
{
	struct pf_ioc_rule c = { .action = PFA_PASS };
	struct pf_rules *rules, *inner;

	boot();
	rules = pf_rules_new();
	inner = pf_rules_new();
	rule_add(rules, "", PF_RS_FILTER, &c);
	c.flags = PFR_ANCHOR;
	strlcpy(c.anchor, "foo", sizeof(c.anchor));
	rule_add(rules, "", PF_RS_FILTER, &c);
	c.flags = 0;
	c.anchor[0] = '\0';
	c.log = PF_LOG_ON;
	rule_add(inner, "foo", PF_RS_FILTER, &c);
	rules_load(inner, "foo", PF_RS_FILTER);
	rules_load(rules, "", PF_RS_FILTER);
	KT_EQ(send(false), PF_PASS);
	KT_STR(seen, "1.foo.0/0 action 0 >2:53\n");
}

KTEST(pflog_path_rdr_before_and_pass_after)
{
	struct pf_ioc_rule c = { .action = PFA_RDR, .log = PF_LOG_ON };
	struct pf_rules *rdr, *rules;

	boot();
	rdr = pf_rules_new();
	rules = pf_rules_new();
	ents[PF_RDRPOOL][0].addr = (struct pf_ioc_addr){
		.type = PF_ADDR_PREFIX,
		.af = AF_INET,
		.plen = 32,
		.addr = ip_addr_v4(htonl(A(10, 0, 0, 9))),
	};
	c.af = AF_INET;
	c.proto = IPPROTO_UDP;
	c.pool[PF_RDRPOOL].nents = 1;
	c.pool[PF_RDRPOOL].port[0] = 5353;
	rule_add(rdr, "", PF_RS_RDR, &c);
	rules_load(rdr, "", PF_RS_RDR);
	c = (struct pf_ioc_rule){ .action = PFA_BLOCK, .log = PF_LOG_ON };
	rule_add(rules, "", PF_RS_FILTER, &c);
	rules_load(rules, "", PF_RS_FILTER);
	KT_EQ(send(false), PF_DROP);
	KT_STR(seen, "0..-1/0 action 8 >2:53\n0..-1/0 action 1 >9:5353\n");
}

KTEST(pflog_path_first_of_a_state_or_all)
{
	struct pf_ioc_rule c = { .action = PFA_PASS,
		.keep = PF_KEEPSTATE,
		.log = PF_LOG_ON };
	struct pf_rules *rules;

	boot();
	rules = pf_rules_new();
	c.proto = IPPROTO_TCP;
	rule_add(rules, "", PF_RS_FILTER, &c);
	c.proto = IPPROTO_UDP;
	rule_add(rules, "", PF_RS_FILTER, &c);
	rules_load(rules, "", PF_RS_FILTER);
	KT_EQ(send(false), PF_PASS);
	KT_STR(seen, "1..-1/0 action 0 >2:53\n");
	KT_EQ(send(false), PF_PASS);
	KT_STR(seen, "");
}

KTEST(pflog_path_all_of_a_state)
{
	struct pf_ioc_rule c = { .action = PFA_PASS,
		.keep = PF_KEEPSTATE,
		.log = PF_LOG_ON | PF_LOG_ALL };
	struct pf_rules *rules;

	boot();
	rules = pf_rules_new();
	rule_add(rules, "", PF_RS_FILTER, &c);
	rules_load(rules, "", PF_RS_FILTER);
	for (int i = 0; i < 3; i++) {
		KT_EQ(send(false), PF_PASS);
		KT_STR(seen, "0..-1/0 action 0 >2:53\n");
	}
}
