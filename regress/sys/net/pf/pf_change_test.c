/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * One rule put into a ruleset that is in force, or taken out of it: every
 * place, with and without pools, with old tickets and numbers that are not,
 * by whom it may not, beside a transaction, short of memory.  A ruleset reads
 * as the letters that its rules have for `ridentifier'.
 */

#include "pfkit.h"

#include <sys/cursor.h>
#include <sys/errno.h>
#include <sys/syscall.h>
#include <net/pf/pf_ioctl.h>
#include <machine/host.h>

bool sim_watches_run(void);

static const struct kernel_cred root = { 0, 0, 1 };
static int fd = -1;
static struct pfioc_rule io;

static void
open_pf(unsigned long long mode)
{
	unsigned long long args[6] = { mode };

	if (fd != -1)
		host_close(fd);
	for (int i = 0; i < 8; i++)
		while (sim_watches_run() || kernel_step() == 0)
			;
	KT(kernel_syscall(&root, SYS_OPEN, args, "pf", 3, NULL, NULL, -1,
	       &fd) >= 0);
}

static int
call(unsigned long cmd, void *data)
{
	unsigned long long args[6] = { cmd };
	unsigned long len = cmd >> 16 & 0x3fff;
	long r = kernel_syscall(&root, SYS_IOCTL, args, data, len, data, &len,
	    fd, NULL);

	return (r < 0 ? (int)-r : 0);
}

static void
boot(void)
{
	fd = -1;
	pk_boot();
	open_pf(3);
}

static void
ask(const char *anchor, enum pf_rs rs)
{
	memset(&io, 0, sizeof(io));
	strlcpy(io.anchor, anchor, sizeof(io.anchor));
	io.rs = rs;
	io.change = PF_CHANGE_GET_TICKET;
	KT_EQ(call(DIOCCHANGERULE, &io), 0);
}

/* One change with the ticket that io has; a letter for the new rule. */
static int
change(enum pf_change c, uint32_t nr, char letter)
{
	static const uint8_t actions[PF_RS_MAX] = { [PF_RS_SCRUB] = PFA_SCRUB,
		[PF_RS_FILTER] = PFA_PASS,
		[PF_RS_NAT] = PFA_NAT,
		[PF_RS_BINAT] = PFA_BINAT,
		[PF_RS_RDR] = PFA_RDR };

	io.change = (uint8_t)c;
	io.nr = nr;
	memset(&io.rule, 0, sizeof(io.rule));
	io.rule.rtable = -1;
	io.rule.action = actions[io.rs];
	io.rule.ridentifier = (uint32_t)letter;
	return (call(DIOCCHANGERULE, &io));
}

static const char *
letters(const char *anchor, enum pf_rs rs)
{
	static char out[64];
	const struct pf_anchor *a = pf_anchor_find(anchor);
	uint32_t i = 0;

	if (a == NULL)
		return ("none");
	for (; i < a->rules[rs]->n; i++) {
		KT_EQ(a->rules[rs]->rule[i]->nr, i);
		out[i] = (char)a->rules[rs]->rule[i]->ioc->ridentifier;
	}
	out[i] = '\0';
	return (out);
}

KTEST(pf_change_every_place)
{
	static const struct {
		enum pf_change change;
		uint32_t nr;
		char letter;
		int error;
		const char *want;
	} rows[] = {
		{ PF_CHANGE_REMOVE, 0, 0, EINVAL, "" },
		{ PF_CHANGE_ADD_AFTER, 0, 'x', EINVAL, "" },
		{ PF_CHANGE_ADD_BEFORE, 0, 'x', EINVAL, "" },
		{ PF_CHANGE_ADD_HEAD, 0, 'b', 0, "b" },
		{ PF_CHANGE_ADD_TAIL, 9, 'd', 0, "bd" },
		{ PF_CHANGE_ADD_HEAD, 9, 'a', 0, "abd" },
		{ PF_CHANGE_ADD_AFTER, 1, 'c', 0, "abcd" },
		{ PF_CHANGE_ADD_AFTER, 3, 'z', 0, "abcdz" },
		{ PF_CHANGE_ADD_BEFORE, 4, 'y', 0, "abcdyz" },
		{ PF_CHANGE_ADD_BEFORE, 0, '0', 0, "0abcdyz" },
		{ PF_CHANGE_ADD_BEFORE, 7, 'x', EINVAL, "0abcdyz" },
		{ PF_CHANGE_ADD_AFTER, 7, 'x', EINVAL, "0abcdyz" },
		{ PF_CHANGE_REMOVE, 7, 0, EINVAL, "0abcdyz" },
		{ PF_CHANGE_REMOVE, UINT32_MAX, 0, EINVAL, "0abcdyz" },
		{ PF_CHANGE_ADD_AFTER, UINT32_MAX, 'x', EINVAL, "0abcdyz" },
		{ 0, 0, 'x', EINVAL, "0abcdyz" },
		{ PF_CHANGE_GET_TICKET + 1, 0, 'x', EINVAL, "0abcdyz" },
		{ PF_CHANGE_REMOVE, 0, 0, 0, "abcdyz" },
		{ PF_CHANGE_REMOVE, 5, 0, 0, "abcdy" },
		{ PF_CHANGE_REMOVE, 2, 0, 0, "abdy" },
	};

	boot();
	for (int rs = 0; rs < PF_RS_MAX; rs++) {
		ask("", (enum pf_rs)rs);
		for (unsigned int i = 0; i < nitems(rows); i++) {
			KT_EQ(change(rows[i].change, rows[i].nr,
				  rows[i].letter),
			    rows[i].error);
			KT_STR(letters("", (enum pf_rs)rs), rows[i].want);
			if (rows[i].error == 0)
				KT_EQ(io.nr, strlen(rows[i].want));
		}
	}
	host_close(fd);
}

KTEST(pf_change_needs_the_ticket_of_now)
{
	struct pf_ioc_elem elem = { .type = PF_ELEM_RULES, .rs = PF_RS_FILTER };
	struct pfioc_trans t = { .elems_ptr = (uint64_t)(uintptr_t)&elem,
		.nelems = 1 };
	uint64_t old;

	boot();
	ask("", PF_RS_FILTER);
	old = io.ticket;
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'a'), 0);
	KT(io.ticket != old);
	io.ticket = old;
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'b'), EBUSY);
	KT_EQ(change(PF_CHANGE_REMOVE, 0, 0), EBUSY);
	/* a transaction that began before has lost */
	KT_EQ(call(DIOCXBEGIN, &t), 0);
	ask("", PF_RS_FILTER);
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'b'), 0);
	KT_EQ(call(DIOCXCOMMIT, &t), EBUSY);
	KT_STR(letters("", PF_RS_FILTER), "ab");
	/* another ruleset's commit does not matter */
	elem.rs = PF_RS_NAT;
	KT_EQ(call(DIOCXBEGIN, &t), 0);
	KT_EQ(call(DIOCXCOMMIT, &t), 0);
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'c'), 0);
	KT_STR(letters("", PF_RS_FILTER), "abc");
	host_close(fd);
}

KTEST(pf_change_refuses)
{
	boot();
	ask("", PF_RS_FILTER);
	strlcpy(io.anchor, "no/such", sizeof(io.anchor));
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'a'), ENOENT);
	memset(io.anchor, 'x', sizeof(io.anchor));
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'a'), EINVAL);
	io.anchor[0] = '\0';
	io.rs = PF_RS_MAX;
	io.change = PF_CHANGE_GET_TICKET;
	KT_EQ(call(DIOCCHANGERULE, &io), EINVAL);
	ask("", PF_RS_FILTER);
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'a'), 0);
	io.change = PF_CHANGE_ADD_TAIL;
	io.rule.action = PFA_NAT; /* not in this ruleset */
	KT_EQ(call(DIOCCHANGERULE, &io), EINVAL);
	open_pf(1);
	io.change = PF_CHANGE_GET_TICKET;
	KT_EQ(call(DIOCCHANGERULE, &io), EACCES);
	KT_STR(letters("", PF_RS_FILTER), "a");
	host_close(fd);
}

KTEST(pf_change_keeps_what_stays)
{
	struct pf_rule *r;

	boot();
	ask("", PF_RS_FILTER);
	KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, 'a'), 0);
	r = pf_main.rules[PF_RS_FILTER]->rule[0];
	r->evaluations = 7;
	pf_rule_ref(r); /* as a state has */
	KT_EQ(change(PF_CHANGE_ADD_HEAD, 0, 'b'), 0);
	KT(pf_main.rules[PF_RS_FILTER]->rule[1] == r);
	KT_EQ(r->evaluations, 7);
	KT_EQ(r->refs, 2);
	KT_EQ(change(PF_CHANGE_REMOVE, 1, 0), 0);
	KT_EQ(r->refs, 1);
	pf_rule_put(r);
	host_close(fd);
}

KTEST(pf_change_in_anchors_and_with_pools)
{
	struct pf_ioc_poolent ents[2] = { pk_net(AF_INET, 101, 32),
		pk_net(AF_INET, 102, 32) };
	struct pf_anchor *a;

	boot();
	KT_EQ(pf_anchor_get("upnp/deep", &a), 0);
	ask("upnp/deep", PF_RS_RDR);
	io.change = PF_CHANGE_ADD_TAIL;
	io.rule.rtable = -1;
	io.rule.action = PFA_RDR;
	io.rule.af = AF_INET;
	io.rule.ridentifier = 'r';
	io.rule.pool[PF_RDRPOOL].type = PF_POOL_ROUNDROBIN;
	io.rule.pool[PF_RDRPOOL].nents = 2;
	io.rule.pool[PF_RDRPOOL].ents_ptr = (uint64_t)(uintptr_t)ents;
	KT_EQ(call(DIOCCHANGERULE, &io), 0);
	KT_STR(letters("upnp/deep", PF_RS_RDR), "r");
	KT_EQ(a->rules[PF_RS_RDR]->rule[0]->pool[PF_RDRPOOL].nents, 2);
	pf_anchor_put(a);
	/* with its last rule goes what nobody refers to */
	KT_EQ(change(PF_CHANGE_REMOVE, 0, 0), 0);
	KT_STR(letters("upnp", PF_RS_RDR), "none");
	host_close(fd);
}

KTEST_NTH(pf_change_short_of_memory)
{
	long live;
	int error;

	boot();
	ask("", PF_RS_FILTER);
	for (char c = 'a'; c < 'q'; c++)
		KT_EQ(change(PF_CHANGE_ADD_TAIL, 0, c), 0);
	live = sim_live();
	sim_fail_nth(n);
	error = change(PF_CHANGE_ADD_AFTER, 3, 'X');
	KT(error == 0 || sim_failed());
	KT_STR(letters("", PF_RS_FILTER),
	    error == 0 ? "abcdXefghijklmnop" : "abcdefghijklmnop");
	if (error != 0)
		KT_EQ(sim_live(), live);
	host_close(fd);
}

/* --- what is the same rule --- */

static struct pf_rule *
rule_of(const struct pf_ioc_rule *c, const struct pf_ioc_poolent *ent)
{
	struct pf_ioc_poolent e = *ent;
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { &e, &e, &e };
	struct pf_rule *r;

	KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, c, pools, &r), 0);
	return (r);
}

/* A rule that differs in one thing only, wherever it stands, is another one. */
KTEST(pf_rule_same_by_all_that_was_given)
{
	enum { WAYS = 12 };
	struct pf_ioc_poolent ent = pk_net(AF_INET, 101, 32), other = pk_net(AF_INET, 102, 32);
	struct pf_ioc_rule base = { .rtable = -1, .action = PFA_PASS, .af = AF_INET, .flags = PFR_RDRTO,
		.keep = PF_KEEPSTATE, .pool[PF_RDRPOOL].nents = 1 };
	struct pf_rule *r[WAYS + 1];
	struct pf_ioc_rule c;

	boot();
	for (int i = 0; i <= WAYS; i++) {
		c = base;
		c.src.port_op = i == 1 ? PF_OP_EQ : PF_OP_NONE;
		c.src.port[0] = i == 1 ? 1 : 0;
		c.dst.addr = i == 2 ? pk_net(AF_INET, 1, 32).addr : i == 3 ? pk_net(AF_INET, 2, 32).addr : c.dst.addr;
		c.dir = i == 4 ? PF_IN : 0;
		c.ridentifier = i == 5 ? 1 : i == 6 ? 256 : 0;
		c.timeout[PFTM_MAX - 1] = i == 7 ? 1 : 0;
		c.label[0][0] = i == 8 ? 'a' : '\0';
		c.label[PF_LABELS_MAX - 1][0] = i == 9 ? 'a' : '\0';
		c.tagname[0] = i == 10 ? 'a' : '\0';
		c.log = i == 11 ? PF_LOG_ON : 0;
		r[i] = rule_of(&c, i == 12 ? &other : &ent);
		for (int k = 0; k < i; k++)
			KT(!pf_rule_same(r[i], r[k]));
	}
	for (int i = 0; i <= WAYS; i++)
		pf_rule_put(r[i]);
	r[0] = rule_of(&base, &ent);
	r[1] = rule_of(&base, &ent);
	KT(pf_rule_same(r[0], r[1]));
	pf_rule_put(r[0]);
	pf_rule_put(r[1]);
}
