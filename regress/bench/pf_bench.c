/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pf_test() by itself: packets of established states, of 1 k to 10 M states in
 * random order; states that begin and end; rules that do not match, 10 to 10 k of them:
 * whose sources are other hosts, which are sorted by a hash, or which differ in
 * ranges, networks, negations and tables, which are sifted.
 * Every packet is written anew (addresses and ports), which is part of the
 * figure: pf_packet_alone says how much.
 */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/tree.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <net/pf/pf_table.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>
#include <ktest.h>
#include <machine/kernel.h>

static struct ifnet *lo;

/* --- packets: UDP, or TCP in the middle of a connection --- */

static struct mbuf *packet;
static sa_family_t packet_af;

static void
packet_new(sa_family_t af)
{
	uint32_t len = af == AF_INET ? 28 : 48;

	m_freem(packet);
	packet = m_getroom(M_HEADROOM, 256);
	KT(packet != NULL);
	packet->m_len = packet->m_pkthdr.len = len;
	memset(mtod(packet, void *), 0, len);
	packet_af = af;
}

/* Conversation i: a host and a port. */
static void
packet_write(uint32_t i, bool back)
{
	uint32_t a = htonl(0x0a000000U + (i >> 8)), b = htonl(0xc0000202U);
	uint16_t p = htons((uint16_t)(1024 + (i & 255))), q = htons(53);
	uint8_t *t = mtod(packet, uint8_t *);
	struct ip *ip = mtod(packet, struct ip *);
	struct ip6_hdr *ip6 = mtod(packet, struct ip6_hdr *);

	if (packet_af == AF_INET) {
		ip->ip_vhl = 0x45;
		ip->ip_len = htons(28);
		ip->ip_ttl = 64;
		ip->ip_p = IPPROTO_UDP;
		ip->ip_src = back ? b : a;
		ip->ip_dst = back ? a : b;
		t += 20;
	} else {
		ip6->ip6_flow = htonl(6U << 28);
		ip6->ip6_plen = htons(8);
		ip6->ip6_nxt = IPPROTO_UDP;
		ip6->ip6_hlim = 64;
		ip6->ip6_src[0] = ip6->ip6_dst[0] = 0xfd;
		memcpy(ip6->ip6_src + 12, back ? &b : &a, 4);
		memcpy(ip6->ip6_dst + 12, back ? &a : &b, 4);
		t += 40;
	}
	memcpy(t, back ? &q : &p, 2);
	memcpy(t + 2, back ? &p : &q, 2);
	t[4] = 0;
	t[5] = 8;
	t[6] = 0;
	t[7] = 0;
}

static enum pf_verdict
judge(uint32_t i, bool back)
{
	sa_family_t af = packet_af;

	packet_write(i, back);
	return (pf_test(lo, &packet, &af, back ? PF_OUT : PF_IN, NULL));
}

/* --- rules --- */

static void
rule(struct pf_rules *to, const struct pf_ioc_rule *c)
{
	struct pf_ioc_poolent ent = { .addr = { .type = PF_ADDR_PREFIX,
					  .af = AF_INET,
					  .plen = 32,
					  .addr = { .b = { 192, 0, 2, 1 } } } };
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { &ent, &ent, NULL };
	struct pf_rule *r;

	KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, c, pools, &r), 0);
	KT_EQ(pf_rules_add(to, r), 0);
}

/* What rule i of many asks for, which no packet here is. */
typedef void (*others_fn)(struct pf_ioc_rule *c, uint32_t i);

static void
world(sa_family_t af, const struct pf_ioc_rule *last, uint32_t others, others_fn how)
{
	static const struct kernel_params params = { .hostname = "bench" };
	struct pf_rules *to = pf_rules_new(), *old;
	struct pf_ioc_rule c;
	struct pf_state *st;

	if (lo == NULL) {
		KT_EQ(kernel_boot(&params), 0);
		lo = if_unit("lo0");
		pf_options.limit[PF_LIMIT_STATES] = 0;
		pf_options.timeout[PFTM_ADAPTIVE_START] = 0;
		pf_options.timeout[PFTM_UDP_FIRST] = 1000000;
		pf_options.timeout[PFTM_UDP_SINGLE] = 1000000;
		pf_options.timeout[PFTM_UDP_MULTIPLE] = 1000000;
		pf_options_apply(&pf_options);
	}
	while ((st = pf_state_after(0)) != NULL)
		pf_state_remove(st);
	for (uint32_t i = 0; i < others; i++) {
		c = (struct pf_ioc_rule){ .action = PFA_BLOCK, .rtable = -1, .af = AF_INET };
		how(&c, i);
		rule(to, &c);
	}
	rule(to, last);
	pf_rules_finish(to, 1);
	old = pf_main.rules[PF_RS_FILTER];
	pf_main.rules[PF_RS_FILTER] = to;
	pf_rules_free(old);
	packet_new(af);
}

static const struct pf_ioc_rule pass_state = { .action = PFA_PASS,
	.keep = PF_KEEPSTATE,
	.rtable = -1 };
static const struct pf_ioc_rule pass_nat = { .action = PFA_PASS,
	.af = AF_INET,
	.keep = PF_KEEPSTATE,
	.flags = PFR_RDRTO,
	.pool[PF_RDRPOOL].nents = 1,
	.rtable = -1 };
static const struct pf_ioc_rule pass_alone = { .action = PFA_PASS,
	.rtable = -1 };

static void
fill(uint32_t states)
{
	for (uint32_t i = 0; i < states; i++)
		KT_EQ(judge(i, false), PF_PASS);
	KT_EQ(pf_nstates, states);
}

/* So many established states; those of the last run will do. */
static void
filled(sa_family_t af, uint32_t states)
{
	static uint64_t last;

	if (lo == NULL || pf_nstates != states || packet_af != af ||
	    pf_state_after(0)->id != last) {
		world(af, &pass_state, 0, NULL);
		fill(states);
		last = pf_state_after(0)->id;
	}
}

static void
established(unsigned long n, sa_family_t af, uint32_t states)
{
	uint32_t x = 1;

	filled(af, states);
	kb_start();
	for (; n > 0; n--) {
		x = x * 1664525 + 1013904223;
		(void)judge((uint32_t)((uint64_t)x * states >> 32),
		    (x & 64) != 0);
	}
	kb_stop();
	KT_EQ(pf_nstates, states);
}

/* As they come from a driver: 32 frames are looked at, then each is judged. */
#define BATCH 32
static void
batch_judge(struct mbuf *frame[BATCH], struct mbuf_list *ml, uint32_t *x,
    uint32_t states)
{
	sa_family_t af = packet_af;
	struct mbuf *was = packet;

	for (unsigned int i = 0; i < BATCH; i++) {
		*x = *x * 1664525 + 1013904223;
		packet = frame[i];
		packet->m_data += ETHER_HDR_LEN;
		packet_write((uint32_t)((uint64_t)*x * states >> 32), false);
		packet->m_data -= ETHER_HDR_LEN;
	}
	packet = was;
	pf_expect(ml);
	for (unsigned int i = 0; i < BATCH; i++) {
		m_adj(frame[i], ETHER_HDR_LEN);
		KT_EQ(pf_test(lo, &frame[i], &af, PF_IN, NULL), PF_PASS);
		frame[i]->m_data -= ETHER_HDR_LEN;
		frame[i]->m_len += ETHER_HDR_LEN;
		frame[i]->m_pkthdr.len += ETHER_HDR_LEN;
	}
}

static void
established_in_batches(unsigned long n, sa_family_t af, uint32_t states)
{
	const uint16_t type = htons(af == AF_INET ? 0x0800 : 0x86dd);
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	struct mbuf *frame[BATCH];
	uint32_t x = 1;

	filled(af, states);
	for (unsigned int i = 0; i < BATCH; i++) {
		uint32_t len = ETHER_HDR_LEN + packet->m_len;

		frame[i] = m_getroom(M_HEADROOM + 2, 256);
		KT(frame[i] != NULL);
		memset(frame[i]->m_data, 0, len);
		frame[i]->m_len = frame[i]->m_pkthdr.len = len;
		memcpy(mtod(frame[i], uint8_t *) + 12, &type, 2);
		ml_enqueue(&ml, frame[i]);
	}
	kb_start();
	for (unsigned long i = 0; i < n; i += BATCH)
		batch_judge(frame, &ml, &x, states);
	kb_stop();
	KT_EQ(pf_nstates, states);
	(void)ml_purge(&ml);
}

KBENCH(pf_packet_alone, 1)
{
	uint32_t x = 1;

	world(AF_INET, &pass_state, 0, NULL);
	kb_start();
	for (; n > 0; n--) {
		x = x * 1664525 + 1013904223;
		packet_write((uint32_t)((uint64_t)x * 100000 >> 32),
		    (x & 64) != 0);
	}
	kb_stop();
}

KBENCH(pf_established_1k_states, 1)
{
	established(n, AF_INET, 1000);
}

KBENCH(pf_established_100k_states, 1)
{
	established(n, AF_INET, 100000);
}

KBENCH(pf_established_1M_states, 1)
{
	established(n, AF_INET, 1000000);
}

KBENCH(pf_established_10M_states, 1)
{
	established(n, AF_INET, 10000000);
}

KBENCH(pf_established_10M_states_in_batches, 1)
{
	established_in_batches(n, AF_INET, 10000000);
}

KBENCH(pf_established_1M_states_in_batches, 1)
{
	established_in_batches(n, AF_INET, 1000000);
}

KBENCH(pf_established_100k_states_in_batches, 1)
{
	established_in_batches(n, AF_INET, 100000);
}

KBENCH(pf_established_100k_states_inet6, 1)
{
	established(n, AF_INET6, 100000);
}

/* Each packet makes a state, and the oldest of 100 k ends. */
static void
creating(unsigned long n, const struct pf_ioc_rule *r, sa_family_t af)
{
	world(af, r, 0, NULL);
	fill(100000);
	kb_start();
	for (uint32_t i = 100000; n > 0; n--, i++) {
		(void)judge(i, false);
		pf_state_remove(pf_state_after(0));
	}
	kb_stop();
	KT_EQ(pf_nstates, 100000);
}

KBENCH(pf_state_begins_and_ends, 1)
{
	creating(n, &pass_state, AF_INET);
}

KBENCH(pf_state_begins_and_ends_inet6, 1)
{
	creating(n, &pass_state, AF_INET6);
}

KBENCH(pf_state_begins_and_ends_rdr, 1)
{
	creating(n, &pass_nat, AF_INET);
}

/* --- bytes a state --- */

/*
 * The same state with separate nodes: what struct pf_state has but its node
 * for ids, and a node of its own for each index.  A tree by key holds a whole
 * key, its three pointers, and the state it leads to, which points back.  One
 * tree for packets of the wire and one for those of the stack have a node
 * each; shared tells what it would be if a state without translation had one
 * in both.
 */
struct id_node {
	struct rb_node tree;
	uint64_t id;
	uint32_t creatorid;
	struct pf_state *st;
};
#define KEY_NODE(words)               \
	struct key_node##words {      \
		struct rb_node tree;  \
		struct pf_state *st;  \
		uint8_t af, proto;    \
		uint16_t port[2];     \
		uint32_t addr[words]; \
	}
KEY_NODE(2);
KEY_NODE(8);

static size_t
pool_item(const char *name)
{
	struct pool_stat st;

	for (unsigned int i = 0; pool_stat(i, &st); i++)
		if (strcmp(st.name, name) == 0)
			return (st.size);
	KT(false);
	return (0);
}

static void
bytes(const char *what, const char *pool, size_t embedded_keys, size_t node,
    unsigned int nodes)
{
	size_t mine = pool_item(pool);
	size_t other = mine - embedded_keys - sizeof(struct rb_node) +
	    sizeof(struct id_node) + sizeof(void *) + nodes * (node + 8);
	char line[64];

	snprintf(line, sizeof(line), "%s, all indexes", what);
	kb_note(line, (double)mine, "bytes");
	snprintf(line, sizeof(line), "%s, separate nodes", what);
	kb_note(line, (double)other, "bytes");
	snprintf(line, sizeof(line), "%s, saved", what);
	kb_note(line, 100.0 - 100.0 * (double)mine / (double)other, "%");
}

KBENCH(pf_bytes_of_a_state, 1)
{
	const size_t k2 = offsetof(struct pf_skey, addr) + 8,
		     k8 = offsetof(struct pf_skey, addr) + 32;

	static bool told;

	world(AF_INET, &pass_state, 0, NULL);
	for (; n > 0; n--)
		(void)judge((uint32_t)n, false);
	if (told)
		return;
	told = true;
	bytes("IPv4", "pfstate4", k2, sizeof(struct key_node2), 2);
	bytes("IPv4, one shared", "pfstate4", k2, sizeof(struct key_node2), 1);
	bytes("IPv4 with nat", "pfstate4x", 2 * k2, sizeof(struct key_node2),
	    2);
	bytes("IPv6", "pfstate6", k8, sizeof(struct key_node8), 2);
	bytes("IPv6, one shared", "pfstate6", k8, sizeof(struct key_node8), 1);
	bytes("IPv6 with nat", "pfstate6x", 2 * k8, sizeof(struct key_node8),
	    2);
}

/* --- rules that do not match --- */

static void
hosts(struct pf_ioc_rule *c, uint32_t i)
{
	c->src.addr = (struct pf_ioc_addr){ .type = PF_ADDR_PREFIX, .af = AF_INET, .plen = 32,
		.addr = ip_addr_v4(htonl(0xcb000000U + i)) };
}

static void
ranges(struct pf_ioc_rule *c, uint32_t i)
{
	c->src.addr = (struct pf_ioc_addr){ .type = PF_ADDR_RANGE, .af = AF_INET,
		.addr = ip_addr_v4(htonl(0xcb000000U + i * 8)),
		.end = ip_addr_v4(htonl(0xcb000000U + i * 8 + 40)) };
}

/* Networks that hold the packet's source, and ports that it does not have. */
static void
ports(struct pf_ioc_rule *c, uint32_t i)
{
	c->proto = IPPROTO_UDP;
	c->src.addr = (struct pf_ioc_addr){ .type = PF_ADDR_PREFIX, .af = AF_INET,
		.plen = (uint8_t)(1 + i % 7) };
	c->dst.port_op = PF_OP_RRG;
	c->dst.port[0] = (uint16_t)(1000 + i * 5);
	c->dst.port[1] = (uint16_t)(1000 + i * 5 + 100);
}

/* Not to networks that hold the packet's destination. */
static void
negations(struct pf_ioc_rule *c, uint32_t i)
{
	c->dst.addr = (struct pf_ioc_addr){ .type = PF_ADDR_PREFIX, .af = AF_INET, .neg = 1,
		.plen = (uint8_t)(1 + i % 24), .addr = { .b = { 192, 0, 2, 2 } } };
	ip_addr_mask(&c->dst.addr.addr, c->dst.addr.plen);
	c->src.port_op = PF_OP_NE;
	c->src.port[0] = (uint16_t)i;
}

static void
tables(struct pf_ioc_rule *c, uint32_t i)
{
	c->src.addr = (struct pf_ioc_addr){ .type = PF_ADDR_TABLE };
	snprintf(c->src.addr.name, sizeof(c->src.addr.name), "t%u", i % 20);
	c->dst.port_op = PF_OP_LT;
	c->dst.port[0] = (uint16_t)(100 + i);
}

static void
mixed(struct pf_ioc_rule *c, uint32_t i)
{
	static void (*const draw[])(struct pf_ioc_rule *, uint32_t) = { hosts, ranges, ports, negations, tables };

	draw[i % nitems(draw)](c, i);
}

static void
rules(unsigned long n, uint32_t others, others_fn how)
{
	struct pf_tstage *ts;
	struct pf_ioc_taddr a = { .af = AF_INET, .plen = 16, .addr = { .b = { 203, 0 } } };
	char name[PF_TABLE_NAMESIZE];

	world(AF_INET, &pass_alone, others, how);
	ts = pf_tstage_new("");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		KT_EQ(pf_tstage_define(ts, name, PFRT_PERSIST, true), 0);
		KT_EQ(pf_tstage_add(ts, &a, 1), 0);
	}
	pf_tstage_commit(ts);
	kb_start();
	for (unsigned long i = 0; i < n; i++)
		KT_EQ(judge((uint32_t)i & 0xffff, false), PF_PASS);
	kb_stop();
}

KBENCH(pf_rules_10, 1)
{
	rules(n, 10, hosts);
}

KBENCH(pf_rules_100, 1)
{
	rules(n, 100, hosts);
}

KBENCH(pf_rules_1k, 1)
{
	rules(n, 1000, hosts);
}

KBENCH(pf_rules_10k, 1)
{
	rules(n, 10000, hosts);
}

KBENCH(pf_rules_100_ranges, 1)
{
	rules(n, 100, ranges);
}

KBENCH(pf_rules_10k_ranges, 1)
{
	rules(n, 10000, ranges);
}

KBENCH(pf_rules_10k_ports, 1)
{
	rules(n, 10000, ports);
}

KBENCH(pf_rules_10k_negations, 1)
{
	rules(n, 10000, negations);
}

KBENCH(pf_rules_10k_tables, 1)
{
	rules(n, 10000, tables);
}

KBENCH(pf_rules_100_mixed, 1)
{
	rules(n, 100, mixed);
}

KBENCH(pf_rules_1k_mixed, 1)
{
	rules(n, 1000, mixed);
}

KBENCH(pf_rules_10k_mixed, 1)
{
	rules(n, 10000, mixed);
}
