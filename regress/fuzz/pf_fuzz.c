/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Packets of both families through a machine whose rules do everything: each
 * behind its length (2 bytes), the length of its first mbuf and its flags (1
 * byte each: IPv6, large packet, sums unfinished, a link that takes little,
 * time passes).  The destination port chooses the rule.
 */

#include "fuzz4.h"

#include <net/if_ioctl.h>
#include <net/pf/pf.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_osfp.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <netinet6/ip6_var.h>

static struct pf_ioc_poolent ents[PF_NPOOLS][2];

static struct pf_ioc_addr
addr(sa_family_t af, const char *bytes)
{
	struct pf_ioc_addr a = { .type = PF_ADDR_PREFIX, .af = (uint8_t)af,
		.plen = af == AF_INET ? 32 : 128 };

	memcpy(a.addr.b, bytes, af == AF_INET ? 4 : 16);
	return (a);
}

static void
rule(struct pf_rules *to, struct pf_ioc_rule *c, uint16_t port)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { ents[0], ents[1], ents[2] };
	struct pf_anchor *home = pf_anchor_find("");
	struct pf_rule *r;

	c->rtable = -1;
	c->keep = c->keep == 0 && c->action == PFA_PASS ? PF_KEEPSTATE :
							  c->keep;
	if (port != 0) {
		c->dst.port_op = PF_OP_EQ;
		c->dst.port[0] = c->dst.port[1] = port;
	}
	KASSERT(pf_rule_make(home, PF_RS_FILTER, c, pools, &r) == 0);
	KASSERT(pf_rules_add(to, r) == 0);
	*c = (struct pf_ioc_rule){ .action = PFA_PASS };
}

static void
rules_translate(struct pf_rules *to)
{
	static const char net6[16] = { 0x20, 1, 0xd, (char)0xb8, 0, 2 };
	struct pf_ioc_rule c = { .action = PFA_PASS, .af = AF_INET,
		.flags = PFR_NATTO, .pool[PF_NATPOOL].nents = 1 };

	ents[PF_NATPOOL][0].addr = addr(AF_INET, "\012\0\1\1");
	rule(to, &c, 3);
	c.af = AF_INET;
	c.flags = PFR_RDRTO;
	c.pool[PF_RDRPOOL].nents = 1;
	c.pool[PF_RDRPOOL].port[0] = 53;
	ents[PF_RDRPOOL][0].addr = addr(AF_INET, "\012\0\1\2");
	rule(to, &c, 4);
	c.af = AF_INET;
	c.naf = AF_INET6;
	c.dir = PFD_IN;
	c.flags = PFR_AFTO;
	c.pool[PF_NATPOOL].nents = c.pool[PF_RDRPOOL].nents = 1;
	ents[PF_NATPOOL][0].addr = ents[PF_RDRPOOL][0].addr =
	    addr(AF_INET6, net6);
	rule(to, &c, 5);
	c.af = AF_INET6;
	c.naf = AF_INET;
	c.dir = PFD_IN;
	c.flags = PFR_AFTO;
	c.pool[PF_NATPOOL].nents = 1;
	ents[PF_NATPOOL][0].addr = addr(AF_INET, "\012\0\1\1");
	rule(to, &c, 6);
	c.af = AF_INET6;
	c.flags = PFR_NATTO;
	c.pool[PF_NATPOOL].nents = 1;
	ents[PF_NATPOOL][0].addr = addr(AF_INET6, net6);
	rule(to, &c, 7);
}

/* SYNs are compared to fingerprints of each look, whoever they are from. */
static void
rules_os(struct pf_rules *to)
{
	static const uint16_t looks[] = { 0, PF_OSFP_WSIZE_ANY,
		PF_OSFP_WSIZE_MSS | PF_OSFP_MSS_ANY, PF_OSFP_WSIZE_MTU,
		PF_OSFP_WSIZE_MOD | PF_OSFP_MSS_MOD | PF_OSFP_WSCALE_MOD };
	struct pf_ioc_osfp f = { .class = "x", .ttl = 64, .wsize = 2, .mss = 4,
		.wscale = 1 };
	struct pf_ioc_rule c = { .action = PFA_MATCH, .os = PF_OS_NAMED,
		.osname = "x y" };
	unsigned int i;

	for (i = 0; i < nitems(looks) * 3; i++) {
		f.flags = looks[i % nitems(looks)] | PF_OSFP_PSIZE_ANY;
		f.nopts = (uint8_t)(i / nitems(looks));
		f.opts = f.nopts == 0 ? 0 : f.nopts == 1 ? 2 : 2 | 3 << 3;
		KASSERT(pf_osfps_addnow(&f) == 0);
	}
	rule(to, &c, 0);
}

/* Rules of the old kind, for ports 10 to 13, and scrub rules. */
static void
rules_old(void)
{
	static const struct {
		enum pf_rs rs;
		uint8_t action, pool, type, flags;
		uint16_t port;
	} old[] = {
		{ PF_RS_NAT, PFA_NAT, PF_NATPOOL, PF_POOL_ROUNDROBIN, 0, 10 },
		{ PF_RS_NAT, PFA_NONAT, PF_NATPOOL, 0, 0, 11 },
		{ PF_RS_RDR, PFA_RDR, PF_RDRPOOL, PF_POOL_LEASTSTATES, 0, 12 },
		{ PF_RS_RDR, PFA_RDR, PF_RDRPOOL, PF_POOL_SRCHASH, 1, 13 },
		{ PF_RS_BINAT, PFA_BINAT, PF_NATPOOL, PF_POOL_BITMASK, 0, 0 },
		{ PF_RS_SCRUB, PFA_SCRUB, PF_NATPOOL, 0, 0, 0 },
	};
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { ents[0], ents[1], ents[2] };
	struct pf_rules *to[PF_RS_MAX];
	struct pf_ioc_rule c;
	struct pf_rule *r;

	for (int i = 0; i < PF_RS_MAX; i++)
		to[i] = pf_rules_new();
	ents[0][0].addr = addr(AF_INET, "\012\0\1\1");
	ents[0][1].addr = addr(AF_INET, "\012\0\1\3");
	ents[1][0].addr = addr(AF_INET, "\012\0\1\2");
	ents[1][1].addr = addr(AF_INET, "\012\0\1\4");
	for (unsigned int i = 0; i < nitems(old); i++) {
		c = (struct pf_ioc_rule){ .action = old[i].action,
			.af = AF_INET, .rtable = -1, .log = PF_LOG_ON,
			.flags = old[i].flags ? PFR_NATPASS : PFR_FRAGREASS };
		c.pool[old[i].pool].type = old[i].type;
		c.pool[old[i].pool].nents = old[i].rs == PF_RS_SCRUB ? 0 :
		    old[i].rs == PF_RS_BINAT			     ? 1 :
								       2;
		if (old[i].port != 0) {
			c.dst.port_op = PF_OP_EQ;
			c.dst.port[0] = c.dst.port[1] = old[i].port;
		}
		if (old[i].rs == PF_RS_BINAT)
			c.src.addr = addr(AF_INET, "\012\0\0\7");
		KASSERT(pf_rule_make(&pf_main, old[i].rs, &c, pools, &r) == 0);
		KASSERT(pf_rules_add(to[old[i].rs], r) == 0);
	}
	for (int i = 0; i < PF_RS_MAX; i++) {
		pf_rules_finish(to[i], 1);
		if (i != PF_RS_FILTER)
			pf_main.rules[i] = to[i];
		else
			pf_rules_free(to[i]);
	}
}

static void
rules(void)
{
	struct pf_rules *to = pf_rules_new();
	struct pf_ioc_rule c = { .action = PFA_PASS,
		.log = PF_LOG_ON | PF_LOG_ALL, .flags = PFR_ALLOWOPTS };

	rule(to, &c, 0);
	c = (struct pf_ioc_rule){ .action = PFA_MATCH,
		.flags = PFR_SETTOS | PFR_SETPRIO, .set_tos = 0x10,
		.log = PF_LOG_MATCHES };
	rule(to, &c, 2);
	c.keep = PF_MODULATE;
	rule(to, &c, 2);
	c = (struct pf_ioc_rule){ .action = PFA_BLOCK, .flags = PFR_RETURN,
		.return_icmp_type = 3, .return_icmp_code = 3,
		.return_icmp6_type = 1, .return_icmp6_code = 4 };
	rule(to, &c, 1);
	rules_translate(to);
	rules_os(to);
	c.stateflags = PFS_SLOPPY;
	rule(to, &c, 8);
	c.stateflags = PFS_IFBOUND;
	c.flags = PFR_ONCE;
	rule(to, &c, 9);
	c.uid_op = PF_OP_EQ;
	rule(to, &c, 53);
	pf_rules_finish(to, 1);
	pf_main.rules[PF_RS_FILTER] = to;
	rules_old();
	KASSERT(pf_log_want(0) == 0);
	KASSERT(pf_start() == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool loaded;
	struct cursor c, body;
	struct pf_state *st;
	struct mbuf *m;
	uint16_t len;
	uint8_t first, flags;

	fuzz_boot();
	if (!loaded)
		rules();
	loaded = true;
	cur_init(&c, data, size);
	while (cur_u16(&c, &len) == 0 && cur_u8(&c, &first) == 0 &&
	    cur_u8(&c, &flags) == 0 &&
	    cur_sub(&c, MIN(len, c.left), &body) == 0 && body.left != 0) {
		if ((m = fuzz_packet(body.p, body.left, first)) == NULL)
			break;
		m->m_pkthdr.csum_flags = M_IPV4_CSUM_IN_OK;
		if ((flags & 2) != 0) {
			m->m_pkthdr.csum_flags |= M_TCP_TSO | M_TCP_CSUM_OUT;
			m->m_pkthdr.ph_mss = (uint16_t)(flags * 8);
		}
		if ((flags & 4) != 0)
			m->m_pkthdr.csum_flags |= M_UDP_CSUM_OUT;
		fuzz_if->if_mtu = (flags & 8) != 0 ? 1280 : 1500;
		if ((flags & 1) != 0)
			ip6_input(fuzz_if, m);
		else
			ip_input(fuzz_if, m);
		fuzz_run((flags & 16) != 0 ? 31000000 : 1000);
	}
	fuzz_run(size % 16 == 0 ? 61000000 : 1000);
	while ((st = pf_state_after(0)) != NULL)
		pf_state_remove(st);
	return (0);
}
