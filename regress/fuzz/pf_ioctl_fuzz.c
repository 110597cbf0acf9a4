/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Calls of /dev/pf, many in a row, by two programs at once.  A step is
 *
 *	which	the call
 *	who	low bit: which of the two; the next: closes it first
 *	n	how many changes follow
 *	changes	a place (2 bytes) in the argument, or in the list it points
 *		at, and what stands there instead
 *
 * Each call begins as one that makes sense; pointers and numbers of elements
 * stay inside of our memory.  In the end everything is flushed, and nothing
 * of rules, anchors and tables may be left.
 */

#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/syscall.h>
#include <net/pf/pf_ioctl.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_table.h>
#include <ktest.h>
#include <machine/host.h>
#include <machine/kernel.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool sim_watches_run(void);

#define LIST_BYTES (1U << 20)

static const unsigned long calls[] = { DIOCXBEGIN, DIOCADDRULE, DIOCRINADEFINE,
	DIOCXCOMMIT, DIOCXROLLBACK, DIOCSTART, DIOCSTOP, DIOCGETRULES,
	DIOCGETRULE, DIOCCLRSTATES, DIOCGETSTATE, DIOCSETSTATUSIF,
	DIOCGETSTATUS, DIOCCLRSTATUS, DIOCNATLOOK, DIOCSETDEBUG, DIOCGETSTATES,
	DIOCSETTIMEOUT, DIOCGETTIMEOUT, DIOCCLRRULECTRS, DIOCGETLIMIT,
	DIOCSETLIMIT, DIOCKILLSTATES, DIOCGETRULESETS, DIOCGETRULESET,
	DIOCRCLRTABLES, DIOCRADDTABLES, DIOCRDELTABLES, DIOCRGETTABLES,
	DIOCRGETTSTATS, DIOCRCLRTSTATS, DIOCRCLRADDRS, DIOCRADDADDRS,
	DIOCRDELADDRS, DIOCRSETADDRS, DIOCRGETADDRS, DIOCRGETASTATS,
	DIOCRCLRASTATS, DIOCRTSTADDRS, DIOCRSETTFLAGS, DIOCOSFPFLUSH,
	DIOCOSFPADD, DIOCOSFPGET, DIOCGETSRCNODES, DIOCCHANGERULE,
	DIOCCLRSRCNODES, DIOCSETHOSTID, DIOCIGETIFACES, DIOCSETIFFLAG,
	DIOCCLRIFFLAG, DIOCKILLSRCNODES, DIOCGETSYNCOOKIES, DIOCSETSYNCOOKIES,
	DIOCSETREASS, DIOCGETCREATORS, DIOCADDRULES, 0x4d };

static const struct kernel_cred root = { 0, 0, 1 };
static int fds[2] = { -1, -1 };
static uint64_t ticket[2], ruleset_ticket;
static uint8_t list[LIST_BYTES];
static union {
	uint8_t b[4096];
	struct pfioc_trans trans;
	struct pfioc_rule rule;
	struct pfioc_rules rules;
	struct pfioc_table table;
	struct pfioc_ruleset ruleset;
	struct pfioc_states states;
	struct pfioc_ifaces ifaces;
	struct pfioc_srcnodes srcnodes;
	struct pfioc_tm tm;
	struct pfioc_limit limit;
	struct pfioc_iface iface;
	struct pfioc_value value;
} arg;

/* --- arguments that make sense --- */

static void
make_trans(void)
{
	static const char *const paths[] = { "", "", "", "a", "a/b", "" };
	static const uint8_t types[] = { PF_ELEM_RULES, PF_ELEM_TABLES,
		PF_ELEM_OPTIONS, PF_ELEM_RULES, PF_ELEM_TABLES, PF_ELEM_RULES };
	struct pf_ioc_elem *e = (struct pf_ioc_elem *)(void *)list;

	arg.trans.nelems = nitems(paths);
	for (unsigned int i = 0; i < nitems(paths); i++) {
		e[i] = (struct pf_ioc_elem){ .type = types[i],
			.rs = i == 5 ? PF_RS_NAT : PF_RS_FILTER };
		strlcpy(e[i].anchor, paths[i], sizeof(e[i].anchor));
	}
}

static void
make_list(unsigned long cmd)
{
	struct pf_ioc_taddr *a = (struct pf_ioc_taddr *)(void *)list;
	struct pf_ioc_table *t = (struct pf_ioc_table *)(void *)list;
	unsigned int nr = cmd & 0xff;

	arg.table.n = 4;
	strlcpy(arg.table.table.name, "t", sizeof(arg.table.table.name));
	if (nr >= 61 && nr <= 65 && nr != 63 && nr != 64) {
		for (unsigned int i = 0; i < 4; i++) {
			t[i] = (struct pf_ioc_table){ .flags = PFRT_PERSIST };
			t[i].name[0] = (char)('t' + i);
		}
		return;
	}
	for (unsigned int i = 0; i < 4; i++) {
		a[i] = (struct pf_ioc_taddr){ .af = i < 2 ? AF_INET : AF_INET6,
			.plen = i < 2 ? 32 : 128,
			.neg = i == 1 };
		a[i].addr.b[0] = (uint8_t)(10 + i);
	}
}

static void
make_rules(void)
{
	struct pf_ioc_rule *r = (struct pf_ioc_rule *)(void *)list;

	arg.rules.rs = PF_RS_FILTER;
	arg.rules.n = 5;
	for (uint32_t i = 0; i < arg.rules.n; i++) {
		r[i].rtable = -1;
		r[i].keep = PF_KEEPSTATE;
	}
}

static void
make(unsigned long cmd, unsigned int who)
{
	memset(&arg, 0, sizeof(arg));
	memset(list, 0, 16384);
	*(uint64_t *)(void *)arg.b = ticket[who];
	if (cmd == DIOCXBEGIN)
		make_trans();
	else if (cmd == DIOCADDRULE || cmd == DIOCCHANGERULE) {
		arg.rule.rs = PF_RS_FILTER;
		arg.rule.rule.rtable = -1;
		arg.rule.rule.keep = PF_KEEPSTATE;
		if (cmd == DIOCCHANGERULE) {
			arg.rule.ticket = ruleset_ticket;
			arg.rule.change = PF_CHANGE_ADD_TAIL;
		}
	} else if (cmd == DIOCADDRULES)
		make_rules();
	else if (cmd == DIOCGETRULE)
		arg.rule.ticket = ruleset_ticket;
	else if (cmd == DIOCGETSTATES)
		arg.states.n = 100;
	else if ((cmd >> 16 & 0x3fff) == sizeof(arg.table))
		make_list(cmd);
	else if (cmd == DIOCSETTIMEOUT || cmd == DIOCSETLIMIT)
		arg.tm.seconds = 30;
}

/* Nothing points outside of the list, or counts further. */
static void
tame_rule(struct pf_ioc_rule *r)
{
	for (int i = 0; i < PF_NPOOLS; i++) {
		r->pool[i].ents_ptr = (uint64_t)(uintptr_t)list;
		r->pool[i].nents %= 8;
	}
}

static void
tame_rules(void)
{
	arg.rules.rules_ptr = (uint64_t)(uintptr_t)list;
	arg.rules.n %= 64;
	for (uint32_t i = 0; i < arg.rules.n; i++)
		tame_rule(&((struct pf_ioc_rule *)(void *)list)[i]);
}

static void
tame(unsigned long cmd)
{
	uint64_t p = (uint64_t)(uintptr_t)list;

	if (cmd == DIOCXBEGIN) {
		arg.trans.elems_ptr = p;
		arg.trans.nelems %= 64;
	} else if (cmd == DIOCADDRULE || cmd == DIOCGETRULE ||
	    cmd == DIOCCHANGERULE) {
		tame_rule(&arg.rule.rule);
	} else if (cmd == DIOCADDRULES)
		tame_rules();
	else if (cmd == DIOCGETSTATES)
		arg.states.buf_ptr = p;
	else if (cmd == DIOCIGETIFACES)
		arg.ifaces.buf_ptr = p;
	else if (cmd == DIOCGETSRCNODES)
		arg.srcnodes.buf_ptr = p;
	else if ((cmd >> 16 & 0x3fff) == sizeof(arg.table)) {
		arg.table.buf_ptr = p;
		arg.table.n %= 512;
	}
}

/* --- steps --- */

static void
settle(void)
{
	for (int i = 0; i < 8; i++) {
		while (sim_watches_run())
			;
		while (kernel_step() == 0)
			;
	}
}

static void
reopen(unsigned int who)
{
	static const unsigned long long rw[6] = { 3 };

	if (fds[who] != -1)
		host_close(fds[who]);
	settle();
	ticket[who] = 0;
	KASSERT(kernel_syscall(&root, SYS_OPEN, rw, "pf", 3, NULL, NULL, -1,
		    &fds[who]) >= 0);
}

static long
call(unsigned int who, unsigned long cmd)
{
	unsigned long long a[6] = { cmd };
	unsigned long len = cmd >> 16 & 0x3fff;

	return (kernel_syscall(&root, SYS_IOCTL, a, arg.b, len, arg.b, &len,
	    fds[who], NULL));
}

static bool
step(struct cursor *c)
{
	uint8_t which, who, n, v;
	uint16_t place;
	unsigned long cmd;

	if (cur_u8(c, &which) == -1 || cur_u8(c, &who) == -1 ||
	    cur_u8(c, &n) == -1)
		return (false);
	cmd = calls[which % nitems(calls)];
	if ((who & 2) != 0)
		reopen(who & 1);
	make(cmd, who & 1);
	for (; n > 0 && cur_u16(c, &place) == 0 && cur_u8(c, &v) == 0; n--)
		if (place < sizeof(arg))
			arg.b[place] = v;
		else
			list[place - sizeof(arg)] = v;
	tame(cmd);
	if (call(who & 1, cmd) == 0) {
		if (cmd == DIOCXBEGIN)
			ticket[who & 1] = arg.trans.ticket;
		if (cmd == DIOCGETRULES || cmd == DIOCCHANGERULE)
			ruleset_ticket = arg.rule.ticket;
	}
	return (true);
}

/* --- the end --- */

/* All rulesets below a empty: calls of anchors may be anywhere. */
static void
empty(struct pf_anchor *a)
{
	struct pf_anchor *kid, *next;

	for (int i = 0; i < PF_RS_MAX; i++) {
		struct pf_rules *rules = a->rules[i];
		struct pf_rules *none = pf_rules_new();

		KASSERT(none != NULL);
		if (rules->n == 0 && rules->room == 0) {
			pf_rules_free(none);
			continue;
		}
		a->rules[i] = none;
		a->refs++;
		pf_rules_free(rules);
		a->refs--;
	}
	a->refs++;
	for (kid = pf_anchor_first(a); kid != NULL; kid = next) {
		kid->refs++;
		empty(kid);
		next = pf_anchor_next(kid);
		if (next != NULL)
			next->refs++;
		pf_anchor_put(kid);
		if (next != NULL)
			next->refs--;
	}
	a->refs--;
}

static void
flush(void)
{
	reopen(0);
	reopen(1);
	make(DIOCSTOP, 0);
	(void)call(0, DIOCSTOP);
	make(DIOCCLRSTATES, 0);
	KASSERT(call(0, DIOCCLRSTATES) == 0);
	memset(&arg, 0, sizeof(arg));
	arg.table.flags = PFRF_ALLRSETS;
	KASSERT(call(0, DIOCRCLRTABLES) == 0);
	empty(&pf_main);
	KASSERT(pf_anchor_count == 0);
	KASSERT(pf_table_count_all == 0 && pf_table_entry_count == 0);
	settle();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kernel_params params = { .hostname = "fuzz" };
	static bool booted;
	struct cursor c;

	if (!booted)
		KASSERT(kernel_boot(&params) == 0);
	booted = true;
	reopen(0);
	reopen(1);
	cur_init(&c, data, size);
	for (int i = 0; i < 64 && step(&c); i++)
		;
	flush();
	return (0);
}
