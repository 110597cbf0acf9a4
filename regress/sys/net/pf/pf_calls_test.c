/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The calls of /dev/pf: number and right of each, and what each answers to an
 * argument that cannot be.
 */

#include "pfkit.h"

#include <sys/cursor.h>
#include <sys/errno.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/syscall.h>
#include <net/pf/pf_ioctl.h>
#include <net/pf/pf_table.h>
#include <machine/host.h>

bool sim_watches_run(void);

static const struct kernel_cred root = { 0, 0, 1 };
static const struct kernel_cred *caller = &root;
static int fd;

static void
open_pf(unsigned long long mode)
{
	unsigned long long args[6] = { mode };

	KT(kernel_syscall(caller, SYS_OPEN, args, "pf", 3, NULL, NULL, -1,
	       &fd) >= 0);
}

static int
call(unsigned long cmd, void *data)
{
	unsigned long long args[6] = { cmd };
	static uint8_t none[8];
	unsigned long len = cmd >> 16 & 0x3fff;
	long r;

	if (data == NULL)
		data = none;
	r = kernel_syscall(caller, SYS_IOCTL, args, data, len, data, &len, fd,
	    NULL);
	return (r < 0 ? (int)-r : 0);
}

static void
boot(void)
{
	pk_boot();
	open_pf(3);
}

/* --- numbers and rights --- */

enum { R, W, DUMMY, STATS };
static const struct {
	unsigned long cmd;
	unsigned int nr;
	int right;
} calls[] = {
	{ DIOCSTART, 1, W }, { DIOCSTOP, 2, W }, { DIOCADDRULE, 4, W },
	{ DIOCGETRULES, 6, R }, { DIOCGETRULE, 7, R }, { DIOCCLRSTATES, 18, W },
	{ DIOCGETSTATE, 19, R }, { DIOCSETSTATUSIF, 20, W },
	{ DIOCGETSTATUS, 21, R }, { DIOCCLRSTATUS, 22, W },
	{ DIOCNATLOOK, 23, R }, { DIOCSETDEBUG, 24, W },
	{ DIOCGETSTATES, 25, R }, { DIOCCHANGERULE, 26, W },
	{ DIOCSETTIMEOUT, 29, W }, { DIOCGETTIMEOUT, 30, R },
	{ DIOCCLRRULECTRS, 38, W }, { DIOCGETLIMIT, 39, R },
	{ DIOCSETLIMIT, 40, W }, { DIOCKILLSTATES, 41, W },
	{ DIOCGETRULESETS, 58, R }, { DIOCGETRULESET, 59, R },
	{ DIOCRCLRTABLES, 60, DUMMY }, { DIOCRADDTABLES, 61, DUMMY },
	{ DIOCRDELTABLES, 62, DUMMY }, { DIOCRGETTABLES, 63, STATS },
	{ DIOCRGETTSTATS, 64, STATS }, { DIOCRCLRTSTATS, 65, DUMMY },
	{ DIOCRCLRADDRS, 66, DUMMY }, { DIOCRADDADDRS, 67, DUMMY },
	{ DIOCRDELADDRS, 68, DUMMY }, { DIOCRSETADDRS, 69, DUMMY },
	{ DIOCRGETADDRS, 70, STATS }, { DIOCRGETASTATS, 71, STATS },
	{ DIOCRCLRASTATS, 72, DUMMY }, { DIOCRTSTADDRS, 73, STATS },
	{ DIOCRSETTFLAGS, 74, DUMMY }, { DIOCRINADEFINE, 77, W },
	{ DIOCOSFPFLUSH, 78, W }, { DIOCOSFPADD, 79, W },
	{ DIOCOSFPGET, 80, R }, { DIOCXBEGIN, 81, W }, { DIOCXCOMMIT, 82, W },
	{ DIOCXROLLBACK, 83, W }, { DIOCGETSRCNODES, 84, R },
	{ DIOCCLRSRCNODES, 85, W }, { DIOCSETHOSTID, 86, W },
	{ DIOCIGETIFACES, 87, R }, { DIOCSETIFFLAG, 89, W },
	{ DIOCCLRIFFLAG, 90, W }, { DIOCKILLSRCNODES, 91, W },
	{ DIOCGETSYNCOOKIES, 94, R }, { DIOCSETSYNCOOKIES, 95, W },
	{ DIOCSETREASS, 102, W }, { DIOCGETCREATORS, 103, R },
	{ DIOCADDRULES, 104, W },
};

/* Who opened for reading changes nothing, and is told so before anything. */
KTEST(pf_calls_numbers_and_rights)
{
	static uint8_t arg[4096];
	struct pfioc_table *t = (struct pfioc_table *)(void *)arg;
	bool known;

	boot();
	open_pf(1);
	for (unsigned int i = 0; i < nitems(calls); i++) {
		KT_EQ(calls[i].cmd & 0xff, calls[i].nr);
		KT_EQ(calls[i].cmd >> 8 & 0xff, 'D');
		memset(arg, 0, sizeof(arg));
		KT_EQ(call(calls[i].cmd, arg) == EACCES,
		    calls[i].right == W || calls[i].right == DUMMY);
		if (calls[i].right != DUMMY && calls[i].right != STATS)
			continue;
		memset(arg, 0, sizeof(arg));
		t->flags = calls[i].right == DUMMY ? PFRF_DUMMY : PFRF_CLSTATS;
		KT_EQ(call(calls[i].cmd, arg) == EACCES,
		    calls[i].right == STATS);
	}
	for (unsigned int nr = 0; nr < 256; nr++) {
		known = false;
		for (unsigned int i = 0; i < nitems(calls); i++)
			known |= calls[i].nr == nr;
		if (!known)
			KT_EQ(call(_IOWR('D', nr, struct pfioc_tm), arg), ENOTTY);
	}
	/* a known number with another size is another call */
	KT_EQ(call(_IOWR('D', 29, struct pfioc_rule), arg), ENOTTY);
	KT_EQ(call(_IO('D', 29), NULL), ENOTTY);
}

/*
 * Lists of somebody who may only look are bounded; those of others are not,
 * and what was lent comes back, however the call ends.
 */
KTEST(pf_calls_lend_little_to_readers)
{
	enum { FITS = (16U << 20) / (sizeof(struct pf_ioc_taddr) + 200) };
	static const struct kernel_cred user = { 1001, 1001, 7 };
	static const unsigned long cmds[] = { DIOCRSETADDRS, DIOCRADDADDRS, DIOCRDELADDRS,
		DIOCRTSTADDRS, DIOCRCLRASTATS };
	struct pf_ioc_taddr *list = mallocarray(16 * FITS, sizeof(*list), M_TEMP, M_ZERO);
	struct pfioc_table io = { .buf_ptr = (uintptr_t)list, .flags = PFRF_DUMMY };
	struct pf_ioc_table t = { .name = "t", .flags = PFRT_PERSIST };

	boot();
	pf_table_entry_limit = 0;
	for (uint32_t i = 0; i < 16 * FITS; i++)
		list[i] = (struct pf_ioc_taddr){ .af = AF_INET, .plen = 32,
			.addr = ip_addr_v4(htonl(0x0a000000U + i)) };
	io.table = t;
	io.flags = 0;
	io.buf_ptr = (uintptr_t)&t;
	io.n = 1;
	KT_EQ(call(DIOCRADDTABLES, &io), 0);
	io.buf_ptr = (uintptr_t)list;
	io.flags = PFRF_DUMMY;
	for (int reader = 0; reader < 2; reader++) {
		caller = reader ? &user : &root;
		open_pf(1);
		for (unsigned int i = 0; i < 3 * nitems(cmds); i++) {
			io.n = FITS;
			KT_EQ(call(cmds[i / 3], &io), 0);
			io.n = 16 * FITS;
			KT_EQ(call(cmds[i / 3], &io), reader ? ENOMEM : 0);
		}
		io.n = UINT32_MAX; /* room for what there is */
		io.buf_ptr = (uintptr_t)list;
		KT_EQ(call(DIOCRGETADDRS, &io), 0);
	}
	caller = &root;
	free(list, M_TEMP, 16 * FITS * sizeof(*list));
}

static int
securelevel(int32_t to)
{
	struct sysctl_req req = { .rest = "", .new = &to,
		.newlen = sizeof(to) };
	int error = kern_sysctl("kern.securelevel", &req);

	free(req.old, M_SYSCTL, req.oldcap);
	return (error);
}

/* kern.securelevel only rises, and at 3 nothing of pf is changed any more. */
KTEST(pf_calls_securelevel)
{
	static const struct pf_ioc_rule pass = { .action = PFA_PASS };
	static struct pfioc_rule get;
	static uint8_t arg[4096];

	boot();
	pk_rule(PF_RS_FILTER, &pass);
	get.rs = PF_RS_FILTER;
	KT_EQ(call(DIOCGETRULES, &get), 0);
	get.nr = 0;
	KT_EQ(securelevel(4), ERANGE);
	KT_EQ(securelevel(-1), ERANGE);
	KT_EQ(securelevel(2), 0);
	KT_EQ(call(DIOCSTART, NULL), 0);
	KT_EQ(securelevel(1), EPERM);
	KT_EQ(securelevel(3), 0);
	for (unsigned int i = 0; i < nitems(calls); i++) {
		memset(arg, 0, sizeof(arg));
		KT_EQ(call(calls[i].cmd, arg) == EPERM,
		    calls[i].right == W || calls[i].right == DUMMY);
	}
	KT_EQ(call(DIOCGETRULE, &get), 0);
	get.clear = 1; /* its counters */
	KT_EQ(call(DIOCGETRULE, &get), EPERM);
	KT_EQ(securelevel(0), EPERM);
	KT(pf_running);
}

/* --- on and off, what `set' sets --- */

KTEST(pf_calls_start_stop)
{
	boot();
	KT_EQ(call(DIOCSTOP, NULL), ENOENT);
	KT_EQ(call(DIOCSTART, NULL), 0);
	KT_EQ(call(DIOCSTART, NULL), EEXIST);
	KT_EQ(call(DIOCSTOP, NULL), 0);
	KT_EQ(call(DIOCSTOP, NULL), ENOENT);
}

KTEST(pf_calls_numbers_that_are_set)
{
	static const struct {
		unsigned long cmd;
		uint32_t first, second; /* of pfioc_tm, pfioc_limit; value */
		int error;
	} rows[] = {
		{ DIOCSETTIMEOUT, PFTM_MAX, 1, EINVAL },
		{ DIOCSETTIMEOUT, UINT32_MAX, 1, EINVAL },
		{ DIOCSETTIMEOUT, PFTM_INTERVAL, 0, EINVAL },
		{ DIOCSETTIMEOUT, PFTM_TCP_FIRST, 0, 0 },
		{ DIOCGETTIMEOUT, PFTM_MAX, 0, EINVAL },
		{ DIOCSETLIMIT, PF_LIMIT_MAX, 1, EINVAL },
		{ DIOCGETLIMIT, PF_LIMIT_MAX, 1, EINVAL },
		{ DIOCSETLIMIT, PF_LIMIT_ETH_ANCHORS, 1, EOPNOTSUPP },
		{ DIOCSETLIMIT, PF_LIMIT_PKTDELAY, 0, EOPNOTSUPP },
		{ DIOCSETDEBUG, PF_DEBUG_LOUD + 1, 0, EINVAL },
		{ DIOCSETHOSTID, 0, 0, EINVAL },
		{ DIOCSETREASS, 4, 0, EINVAL },
		{ DIOCSETSYNCOOKIES, PF_SYNCOOKIES_ADAPTIVE + 1, 0, EINVAL },
		{ DIOCSETSYNCOOKIES, PF_SYNCOOKIES_ALWAYS, 0, EOPNOTSUPP },
		{ DIOCSETSYNCOOKIES, PF_SYNCOOKIES_NEVER, 0, 0 },
	};
	static const unsigned long ticketed[] = { DIOCSETTIMEOUT, DIOCSETLIMIT,
		DIOCSETDEBUG, DIOCSETHOSTID, DIOCSETREASS, DIOCSETSTATUSIF };
	union {
		struct pfioc_syncookies s;
		struct pfioc_iface room; /* the largest of all */
	} arg;
	struct pfioc_tm tm;

	boot();
	for (unsigned int i = 0; i < nitems(rows); i++) {
		memset(&arg, 0, sizeof(arg));
		arg.s.mode = rows[i].first;
		arg.s.start = rows[i].second;
		KT_EQ(call(rows[i].cmd, &arg), rows[i].error);
	}
	for (unsigned int i = 0; i < nitems(ticketed); i++) {
		memset(&arg, 0, sizeof(arg));
		arg.s.ticket = 999;
		arg.s.mode = 1;
		KT_EQ(call(ticketed[i], &arg), EBUSY);
	}
	/* the old one comes back, and the new one acts */
	tm = (struct pfioc_tm){ 0, PFTM_UDP_SINGLE, 77 };
	KT_EQ(call(DIOCSETTIMEOUT, &tm), 0);
	KT_EQ(tm.seconds, 30);
	KT_EQ(call(DIOCGETTIMEOUT, &tm), 0);
	KT_EQ(tm.seconds, 77);
	tm = (struct pfioc_tm){ 0, PF_LIMIT_STATES, 0 };
	KT_EQ(call(DIOCSETLIMIT, &tm), 0);
	KT_EQ(tm.seconds, 100000);
	KT_EQ(pf_state_limit, 0); /* no limit */
}

KTEST(pf_calls_interfaces)
{
	static const unsigned long named[] = { DIOCSETSTATUSIF, DIOCCLRSTATUS,
		DIOCSETIFFLAG, DIOCCLRIFFLAG };
	struct pfioc_iface io;
	struct pfioc_ifaces rows = { .n = 0 };

	boot();
	for (unsigned int i = 0; i < nitems(named); i++) {
		memset(&io, 0, sizeof(io));
		memset(io.name, 'x', sizeof(io.name)); /* does not end */
		KT_EQ(call(named[i], &io), EINVAL);
	}
	io = (struct pfioc_iface){ .name = "lo0", .flags = PFI_SKIP | 1 };
	KT_EQ(call(DIOCSETIFFLAG, &io), EINVAL);
	io.flags = PFI_SKIP;
	io.ticket = 999;
	KT_EQ(call(DIOCSETIFFLAG, &io), EBUSY);
	io.ticket = 0;
	KT_EQ(call(DIOCSETIFFLAG, &io), 0);
	KT_EQ(call(DIOCIGETIFACES, &rows), 0);
	KT(rows.n >= 1); /* how many there are, without room */
	memset(rows.name, 'x', sizeof(rows.name));
	KT_EQ(call(DIOCIGETIFACES, &rows), EINVAL);
}

/* --- transactions and rules --- */

static uint64_t
begin(uint8_t type, uint8_t rs, const char *anchor)
{
	struct pf_ioc_elem e = { .type = type, .rs = rs };
	struct pfioc_trans io = { .elems_ptr = (uint64_t)(uintptr_t)&e,
		.nelems = 1 };

	strlcpy(e.anchor, anchor, sizeof(e.anchor));
	KT_EQ(call(DIOCXBEGIN, &io), 0);
	return (io.ticket);
}

/* All rulesets of as many anchors as a large configuration has. */
KTEST(pf_calls_transaction_of_many_anchors)
{
	enum { ANCHORS = 2000, N = ANCHORS * (PF_RS_MAX + 1) };
	static struct pf_ioc_elem e[N];
	struct pfioc_trans io = { .elems_ptr = (uint64_t)(uintptr_t)e,
		.nelems = N };

	boot();
	for (unsigned int i = 0; i < N; i++) {
		e[i].type = i % (PF_RS_MAX + 1) == PF_RS_MAX ? PF_ELEM_TABLES : PF_ELEM_RULES;
		e[i].rs = (uint8_t)(e[i].type == PF_ELEM_RULES ? i % (PF_RS_MAX + 1) : 0);
		snprintf(e[i].anchor, sizeof(e[i].anchor), "a%u", i / (PF_RS_MAX + 1));
	}
	KT_EQ(call(DIOCXBEGIN, &io), 0);
	KT_EQ(pf_anchor_count, ANCHORS);
	KT_EQ(call(DIOCXROLLBACK, &io), 0);
	KT_EQ(pf_anchor_count, 0);
}

KTEST(pf_calls_transactions)
{
	static struct pf_ioc_elem e;
	struct pfioc_trans io = { .elems_ptr = (uint64_t)(uintptr_t)&e };
	uint64_t first, second;
	static const struct {
		uint8_t type, rs;
		const char *anchor;
	} bad[] = { { PF_ELEM_OSFPS + 1, 0, "" },
		{ PF_ELEM_RULES, PF_RS_MAX, "" }, { PF_ELEM_RULES, 0, "a//b" },
		{ PF_ELEM_RULES, 0, "../a" }, { PF_ELEM_RULES, 0, "a/" } };

	boot();
	KT_EQ(call(DIOCXBEGIN, &io), EINVAL); /* no elements */
	io.nelems = PF_REQUEST_MAX + 1;
	KT_EQ(call(DIOCXBEGIN, &io), EINVAL);
	io.nelems = 1;
	for (unsigned int i = 0; i < nitems(bad); i++) {
		if (i == nitems(bad) - 1)
			break; /* a slash at the end is none too many */
		e = (struct pf_ioc_elem){ .type = bad[i].type,
			.rs = bad[i].rs };
		strlcpy(e.anchor, bad[i].anchor, sizeof(e.anchor));
		KT_EQ(call(DIOCXBEGIN, &io), EINVAL);
	}
	memset(e.anchor, 'x', sizeof(e.anchor));
	e.type = e.rs = 0;
	KT_EQ(call(DIOCXBEGIN, &io), EINVAL);
	KT_EQ(pf_anchor_count, 0); /* nothing is left of them */
	io.ticket = 999;
	KT_EQ(call(DIOCXCOMMIT, &io), EBUSY);
	KT_EQ(call(DIOCXROLLBACK, &io), 0);
	/* of two with the same element the first to commit has it */
	first = begin(PF_ELEM_RULES, PF_RS_FILTER, "a");
	second = begin(PF_ELEM_RULES, PF_RS_FILTER, "a");
	io.ticket = second;
	KT_EQ(call(DIOCXCOMMIT, &io), 0);
	io.ticket = first;
	KT_EQ(call(DIOCXCOMMIT, &io), EBUSY);
	KT_EQ(call(DIOCXCOMMIT, &io), EBUSY); /* it is gone */
	KT_EQ(pf_anchor_count, 0);
}

static struct pf_ioc_poolent pe[2];

/* Adds a rule to a ruleset of its own transaction. */
static int
add(enum pf_rs rs, const struct pf_ioc_rule *c, uint32_t nents)
{
	static struct pfioc_rule io;
	struct pfioc_trans end = { 0 };
	int error;

	memset(&io, 0, sizeof(io));
	io.ticket = end.ticket = begin(PF_ELEM_RULES, (uint8_t)rs, "");
	io.rs = (uint8_t)rs;
	io.rule = *c;
	if (c->rtable == 0)
		io.rule.rtable = -1;
	for (int i = 0; i < PF_NPOOLS; i++) {
		io.rule.pool[i].ents_ptr = (uint64_t)(uintptr_t)pe;
		if (i == PF_NATPOOL)
			io.rule.pool[i].nents = nents;
	}
	error = call(DIOCADDRULE, &io);
	KT_EQ(call(DIOCXROLLBACK, &end), 0);
	return (error);
}

#define BAD(rs, ...)                                                      \
	do {                                                              \
		struct pf_ioc_rule bad_c = { __VA_ARGS__ };               \
		if (add(rs, &bad_c, 0) != EINVAL)                         \
			kt_string("EINVAL", "", __FILE__, __LINE__);      \
	} while (0)
#define LATER(...)                                                        \
	do {                                                              \
		struct pf_ioc_rule later_c = { __VA_ARGS__ };             \
		if (add(PF_RS_FILTER, &later_c, 0) != EOPNOTSUPP)         \
			kt_string("EOPNOTSUPP", "", __FILE__, __LINE__);  \
	} while (0)

/* A number that a rule cannot have is refused, whichever member it is in. */
KTEST(pf_calls_rules_that_cannot_be)
{
	const enum pf_rs f = PF_RS_FILTER;

	boot();
	BAD(f, .action = 99);
	BAD(f, .action = PFA_NAT);
	BAD(PF_RS_NAT, .action = PFA_RDR);
	BAD(PF_RS_SCRUB, .action = PFA_PASS);
	BAD(f, .dir = 3);
	BAD(f, .af = 77);
	BAD(f, .flags = 0x08000000);
	BAD(f, .stateflags = 0x800);
	BAD(f, .log = 0x10);
	BAD(f, .keep = PF_SYNPROXY + 1);
	BAD(f, .rt = PF_REPLYTO + 1);
	BAD(f, .prio = 9);
	BAD(f, .set_prio[0] = 8);
	BAD(f, .set_prio[1] = 8);
	BAD(f, .src.port_op = PF_OP_RRG + 1);
	BAD(f, .dst.port_op = PF_OP_RRG + 1);
	BAD(f, .uid_op = PF_OP_RRG + 1);
	BAD(f, .gid_op = PF_OP_RRG + 1);
	BAD(f, .src.addr.type = PF_ADDR_DYNIF + 1);
	BAD(f, .src.addr.type = PF_ADDR_PREFIX);
	BAD(f, .src.addr = { .type = PF_ADDR_PREFIX, .af = AF_INET,
	    .plen = 33 });
	BAD(f, .dst.addr = { .type = PF_ADDR_PREFIX, .af = AF_INET6,
	    .plen = 129 });
	BAD(f, .dst.addr = { .type = PF_ADDR_RANGE, .af = AF_INET,
	    .addr.b = { 10, 0, 0, 2 }, .end.b = { 10, 0, 0, 1 } });
	BAD(f, .src.addr.type = PF_ADDR_TABLE);
	BAD(f, .src.addr.type = PF_ADDR_DYNIF);
	BAD(f, .naf = AF_INET);
	BAD(f, .flags = PFR_AFTO, .naf = AF_INET);
	BAD(f, .flags = PFR_AFTO, .af = AF_INET, .naf = AF_INET);
	BAD(f, .flags = PFR_AFTO, .af = AF_INET, .naf = 77);
	BAD(f, .pool[0].type = PF_POOL_LEASTSTATES + 1);
	BAD(f, .pool[1].flags = 0x20);
	BAD(f, .pool[0].port = { 80, 79 });
	BAD(f, .os = PF_OS_NAMED);
	BAD(f, .os = 5);
	BAD(f, .divert_port = 7);
	BAD(f, .divert = PF_DIVERT_SOCKET, .divert_port = 7, .dir = PFD_OUT);
	BAD(f, .divert = PF_DIVERT_PACKET);
	BAD(f, .flags = PFR_ANCHOR, .anchor = "../x");
	BAD(f, .flags = PFR_ANCHOR, .anchor = "a//b");
}

KTEST(pf_calls_rules_of_a_later_day)
{
	boot();
	LATER(.rt = PF_ROUTETO);
	LATER(.keep = PF_SYNPROXY);
	LATER(.dnpipe[0] = 1);
	LATER(.qname = "q");
	LATER(.set_delay = 1);
	LATER(.pktrate[0] = 1);
	LATER(.max_pkt_size = 1);
	LATER(.stateflags = PFS_SRCTRACK);
	LATER(.stateflags = PFS_PFLOW);
	LATER(.stateflags = PFS_RELATED);
	LATER(.max_src_nodes = 1);
	LATER(.max_src_states = 1);
	LATER(.max_src_conn = 1);
	LATER(.conn_rate[0] = 1);
	LATER(.overload = "t");
	LATER(.pool[0].flags = PF_POOL_STICKY);
	LATER(.pool[0].flags = PF_POOL_EIM);
}

/* Strings that do not end, lists that are too long, who is not there. */
KTEST(pf_calls_rules_around)
{
	static const size_t strings[][2] = {
		{ offsetof(struct pf_ioc_rule, ifname), IFNAMSIZ },
		{ offsetof(struct pf_ioc_rule, rcv_ifname), IFNAMSIZ },
		{ offsetof(struct pf_ioc_rule, label[4]), PF_LABEL_SIZE },
		{ offsetof(struct pf_ioc_rule, tagname), PF_TAG_NAMESIZE },
		{ offsetof(struct pf_ioc_rule, match_tagname), PF_TAG_NAMESIZE },
		{ offsetof(struct pf_ioc_rule, overload), PF_TABLE_NAMESIZE },
		{ offsetof(struct pf_ioc_rule, qname), PF_QNAME_SIZE },
		{ offsetof(struct pf_ioc_rule, pqname), PF_QNAME_SIZE },
		{ offsetof(struct pf_ioc_rule, anchor), PF_ANCHOR_PATHSIZE },
		{ offsetof(struct pf_ioc_rule, src.addr.name),
		    PF_TABLE_NAMESIZE },
		{ offsetof(struct pf_ioc_rule, dst.addr.name),
		    PF_TABLE_NAMESIZE },
	};
	static struct pfioc_rule io;
	struct pf_ioc_rule c;

	boot();
	for (unsigned int i = 0; i < nitems(strings); i++) {
		memset(&c, 0, sizeof(c));
		memset((char *)&c + strings[i][0], 'x', strings[i][1]);
		KT_EQ(add(PF_RS_FILTER, &c, 0), EINVAL);
	}
	memset(&c, 0, sizeof(c));
	KT_EQ(add(PF_RS_FILTER, &c, PF_REQUEST_MAX + 1), EINVAL);
	pe[0].addr.type = PF_ADDR_NOROUTE; /* in a pool */
	KT_EQ(add(PF_RS_FILTER, &c, 1), EINVAL);
	pe[0].addr.type = PF_ADDR_ANY;
	KT_EQ(add(PF_RS_FILTER, &c, 1), 0);
	c.rtable = 77;
	KT_EQ(add(PF_RS_FILTER, &c, 0), ESRCH);
	io.ticket = 999;
	io.rs = PF_RS_FILTER;
	KT_EQ(call(DIOCADDRULE, &io), EBUSY);
	io.rs = PF_RS_MAX;
	KT_EQ(call(DIOCGETRULES, &io), EINVAL);
	io.rs = PF_RS_FILTER;
	strlcpy(io.anchor, "none", sizeof(io.anchor));
	KT_EQ(call(DIOCGETRULES, &io), ENOENT);
	KT_EQ(call(DIOCGETRULE, &io), ENOENT);
	memset(io.anchor, 'x', sizeof(io.anchor));
	KT_EQ(call(DIOCGETRULES, &io), EINVAL);
	KT_EQ(call(DIOCADDRULE, &io), EINVAL);
}

KTEST(pf_calls_reading_rules)
{
	struct pf_ioc_rule pass = { .action = PFA_PASS };
	struct pfioc_ruleset rs = { .nr = 0 };
	static struct pfioc_rule io;

	boot();
	pk_rule(PF_RS_FILTER, &pass);
	io.rs = PF_RS_FILTER;
	KT_EQ(call(DIOCGETRULES, &io), 0);
	KT_EQ(io.nr, 1);
	io.nr = 1; /* behind the last */
	KT_EQ(call(DIOCGETRULE, &io), EBUSY);
	io.nr = 0;
	io.ticket++;
	KT_EQ(call(DIOCGETRULE, &io), EBUSY);
	io.ticket--;
	KT_EQ(call(DIOCGETRULE, &io), 0);
	io.clear = 1;
	open_pf(1);
	KT_EQ(call(DIOCGETRULE, &io), EACCES);
	strlcpy(rs.path, "none", sizeof(rs.path));
	KT_EQ(call(DIOCGETRULESETS, &rs), ENOENT);
	KT_EQ(call(DIOCGETRULESET, &rs), ENOENT);
	rs.path[0] = '\0';
	KT_EQ(call(DIOCGETRULESETS, &rs), 0);
	KT_EQ(rs.nr, 0);
	KT_EQ(call(DIOCGETRULESET, &rs), EBUSY);
	memset(rs.path, 'x', sizeof(rs.path));
	KT_EQ(call(DIOCGETRULESET, &rs), ENOENT);
}

/* --- states --- */

KTEST(pf_calls_states)
{
	struct pfioc_states all = { .n = 0 };
	struct pfioc_state one = { .state.id = 5 };
	struct pfioc_kill k = { .by = PF_KILL_NAT + 1 };
	static const struct pf_ioc_side bad[] = {
		{ .port_op = PF_OP_RRG + 1 },
		{ .addr.type = PF_ADDR_TABLE },
		{ .addr = { .type = PF_ADDR_PREFIX, .af = 77 } },
		{ .addr = { .type = PF_ADDR_PREFIX, .af = AF_INET,
		    .plen = 33 } },
	};

	boot();
	KT_EQ(call(DIOCGETSTATES, &all), EINVAL); /* no room at all */
	KT_EQ(call(DIOCGETSTATE, &one), ENOENT);
	KT_EQ(call(DIOCKILLSTATES, &k), EINVAL);
	for (unsigned int i = 0; i < nitems(bad) * 2; i++) {
		k = (struct pfioc_kill){ .by = PF_KILL_ADDR };
		*(i % 2 ? &k.src : &k.dst) = bad[i / 2];
		KT_EQ(call(DIOCKILLSTATES, &k), EINVAL);
	}
	k = (struct pfioc_kill){ .by = PF_KILL_LABEL };
	memset(k.label, 'x', sizeof(k.label));
	KT_EQ(call(DIOCKILLSTATES, &k), EINVAL);
	k = (struct pfioc_kill){ .by = PF_KILL_ALL };
	memset(k.ifname, 'x', sizeof(k.ifname));
	KT_EQ(call(DIOCKILLSTATES, &k), EINVAL);
	KT_EQ(call(DIOCCLRSTATES, &k), EINVAL);
	k = (struct pfioc_kill){ .by = PF_KILL_ID, .id = 5 };
	KT_EQ(call(DIOCKILLSTATES, &k), 0);
	KT_EQ(k.killed, 0);
}

/* --- killing --- */

/* Three conversations: of 10 in by lo0, label "web"; of 11 out by lo0, as 201;
 * of 12 in by lo0 and on, out by lo0: two states. */
static void
conversations(sa_family_t af)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.label = { "other", "web" } };
	struct pk p = { .af = af, .proto = IPPROTO_UDP, .src = 10, .dst = 350,
		.sport = 1000, .dport = 53 };
	struct pf_ioc_rule nat = { .action = PFA_NAT, .af = af,
		.src.addr = pk_net(af, 11, af == AF_INET ? 32 : 128).addr };

	pk_states_end();
	pk_rule(PF_RS_FILTER, &c);
	KT(pk_passes(&p, PF_IN));
	memset(c.label, 0, sizeof(c.label));
	pk_rule(PF_RS_FILTER, &c);
	pk_ents[PF_NATPOOL][0] = pk_net(af, 201, af == AF_INET ? 32 : 128);
	nat.pool[PF_NATPOOL].nents = 1;
	pk_rule(PF_RS_NAT, &nat);
	p.src = 11;
	p.proto = IPPROTO_TCP;
	p.flags = TH_SYN;
	KT(pk_passes(&p, PF_OUT));
	p.src = 12;
	p.dport = 80;
	KT(pk_passes(&p, PF_IN));
	KT(pk_passes(&p, PF_OUT));
	KT_EQ(pf_nstates, 4);
}

static uint32_t
killed(sa_family_t af, struct pfioc_kill k)
{
	conversations(af);
	KT_EQ(call(DIOCKILLSTATES, &k), 0);
	KT_EQ(pf_nstates, 4 - k.killed);
	return (k.killed);
}

KTEST(pf_calls_killing)
{
#define SIDE(n, off, op, p) { .addr = pk_net(af, n, bits - (off)).addr, \
	.port_op = op, .port = { p, p } }
#define KILL(...) killed(af, (struct pfioc_kill){ __VA_ARGS__ })
	boot();
	KT_EQ(if_clone_create("lo1"), 0);
	PK_BOTH(af) {
		const unsigned int bits = af == AF_INET ? 32 : 128;
		uint64_t id;

		KT_EQ(KILL(.by = PF_KILL_ALL), 4);
		KT_EQ(KILL(.by = PF_KILL_ALL, .ifname = "lo0"), 4);
		KT_EQ(KILL(.by = PF_KILL_ALL, .ifname = "lo1"), 0);
		KT_EQ(KILL(.by = PF_KILL_ADDR), 4);
		KT_EQ(KILL(.by = PF_KILL_ADDR, .proto = IPPROTO_UDP), 1);
		KT_EQ(KILL(.by = PF_KILL_ADDR, .af = (uint8_t)af), 4);
		KT_EQ(KILL(.by = PF_KILL_ADDR,
			  .af = af == AF_INET ? AF_INET6 : AF_INET), 0);
		KT_EQ(KILL(.by = PF_KILL_ADDR, .src = SIDE(10, 0, 0, 0)), 1);
		KT_EQ(KILL(.by = PF_KILL_ADDR, .src = SIDE(8, 3, 0, 0)), 4);
		KT_EQ(KILL(.by = PF_KILL_ADDR, .src = SIDE(8, 3, 0, 0),
			  .dst = SIDE(350, 0, PF_OP_EQ, 80)), 2);
		KT_EQ(KILL(.by = PF_KILL_ADDR, .src = SIDE(201, 0, 0, 0)), 0);
		KT_EQ(KILL(.by = PF_KILL_NAT, .src = SIDE(201, 0, 0, 0)), 1);
		KT_EQ(KILL(.by = PF_KILL_NAT, .src = SIDE(11, 0, 0, 0)), 0);
		KT_EQ(KILL(.by = PF_KILL_LABEL, .label = "web"), 1);
		KT_EQ(KILL(.by = PF_KILL_LABEL, .label = "we"), 0);
		KT_EQ(KILL(.by = PF_KILL_KEY, .proto = IPPROTO_UDP,
			  .src = SIDE(10, 0, PF_OP_EQ, 1000),
			  .dst = SIDE(350, 0, PF_OP_EQ, 53)), 1);
		KT_EQ(KILL(.by = PF_KILL_KEY, .proto = IPPROTO_UDP,
			  .src = SIDE(10, 0, PF_OP_EQ, 1001),
			  .dst = SIDE(350, 0, PF_OP_EQ, 53)), 0);
		KT_EQ(KILL(.by = PF_KILL_GATEWAY), 0);
		/* the state on the other side of the machine with it */
		conversations(af);
		id = pf_state_after(pf_state_after(pf_state_after(0)->id)->id)->id;
		KT_EQ(call(DIOCKILLSTATES, &(struct pfioc_kill){
			  .by = PF_KILL_ID, .id = id, .creatorid = 5 }), 0);
		KT_EQ(pf_nstates, 4);
		KT_EQ(call(DIOCKILLSTATES, &(struct pfioc_kill){
			  .by = PF_KILL_ID, .id = id, .match = 1 }), 0);
		KT_EQ(pf_nstates, 2);
	}
	pk_states_end();
}

static bool
passes_at(const char *ifname, sa_family_t af)
{
	struct pk p = { .af = af, .proto = IPPROTO_UDP, .src = 10, .dst = 20,
		.sport = 1000, .dport = 53 };
	struct mbuf *m = pk_make(&p, NULL);
	enum pf_verdict v = pf_test(if_unit(ifname), &m, &af, PF_IN, NULL);

	if (v == PF_PASS)
		m_freem(m);
	return (v == PF_PASS);
}

/* Who may not change anything does not learn how to speak for others. */
KTEST(pf_calls_secrets)
{
	static const struct kernel_cred other = { 1000, 1000, 2 };
	unsigned long long args[6] = { 1 };
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE };
	struct pf_ioc_state row;
	struct pfioc_states all;
	static struct pfioc_rule io;
	struct pk p = { .af = AF_INET, .proto = IPPROTO_TCP, .src = 10,
		.dst = 20, .sport = 1000, .dport = 80, .seq = 5555,
		.flags = TH_SYN, .win = 10 };

	boot();
	c.pool[PF_NATPOOL].type = PF_POOL_SRCHASH;
	memset(c.pool[PF_NATPOOL].key, 7, sizeof(c.pool[PF_NATPOOL].key));
	pk_rule(PF_RS_FILTER, &c);
	KT(pk_passes(&p, PF_IN));
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			KT(kernel_syscall(&other, SYS_OPEN, args, "pf", 3, NULL,
			       NULL, -1, &fd) >= 0);
		else
			open_pf(1); /* root, for reading only */
		all = (struct pfioc_states){ .n = 1,
			.buf_ptr = (uint64_t)(uintptr_t)&row };
		KT_EQ(call(DIOCGETSTATES, &all), 0);
		KT_EQ(all.n, 1);
		KT_EQ(row.src.seqlo, i == 0 ? 5556 : 0);
		KT_EQ(row.src.seqhi != 0, i == 0);
		memset(&io, 0, sizeof(io));
		io.rs = PF_RS_FILTER;
		KT_EQ(call(DIOCGETRULES, &io), 0);
		io.nr = 0;
		KT_EQ(call(DIOCGETRULE, &io), 0);
		KT_EQ(io.rule.pool[PF_NATPOOL].key[3], i == 0 ? 7 : 0);
	}
	pk_states_end();
}

KTEST(pf_calls_natlook)
{
	struct pf_ioc_rule pass = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.stateflags = PFS_IFBOUND };
	struct pfioc_natlook good, io;

	boot();
	pk_rule(PF_RS_FILTER, &pass);
	KT_EQ(if_clone_create("lo1"), 0);
	PK_BOTH(af) {
		good = (struct pfioc_natlook){ .af = (uint8_t)af,
			.proto = IPPROTO_UDP, .dir = PF_OUT,
			.saddr = pk_host(af, 10), .daddr = pk_host(af, 20),
			.sport = 1000, .dport = 53 };
		io = good;
		KT_EQ(call(DIOCNATLOOK, &io), ENOENT);
		KT(passes_at("lo0", af));
		KT_EQ(call(DIOCNATLOOK, &io), 0);
		KT(ip_addr_eq(&io.rdaddr, &good.daddr));
		KT_EQ(io.rdport, 53);
		KT(passes_at("lo1", af));
		io = good;
		KT_EQ(call(DIOCNATLOOK, &io), E2BIG);
		io.sport = 0;
		KT_EQ(call(DIOCNATLOOK, &io), EINVAL);
		io = good;
		io.dport = 0;
		KT_EQ(call(DIOCNATLOOK, &io), EINVAL);
		io = good;
		memset(&io.daddr, 0, sizeof(io.daddr));
		KT_EQ(call(DIOCNATLOOK, &io), EINVAL);
		io = good;
		io.dir = 0;
		KT_EQ(call(DIOCNATLOOK, &io), EINVAL);
		io = good;
		io.af = 77;
		KT_EQ(call(DIOCNATLOOK, &io), EINVAL);
		pk_states_end();
	}
}

/* --- tables --- */

static int
tables(unsigned long cmd, const char *name, void *list, uint32_t n,
    uint32_t flags)
{
	static struct pfioc_table io;

	memset(&io, 0, sizeof(io));
	strlcpy(io.table.name, name, sizeof(io.table.name));
	io.buf_ptr = (uint64_t)(uintptr_t)list;
	io.n = n;
	io.flags = flags;
	return (call(cmd, &io));
}

KTEST(pf_calls_tables)
{
	static const unsigned long of_entries[] = { DIOCRADDADDRS,
		DIOCRDELADDRS, DIOCRSETADDRS, DIOCRTSTADDRS, DIOCRCLRASTATS };
	static struct pf_ioc_table t, bad;
	struct pf_ioc_taddr a[3], host;
	static struct pfioc_table io;

	boot();
	t = (struct pf_ioc_table){ .name = "t", .flags = PFRT_PERSIST };
	host = (struct pf_ioc_taddr){ .af = AF_INET, .plen = 32,
		.addr.b = { 10, 0, 0, 1 } };
	for (unsigned int i = 0; i < nitems(of_entries); i++)
		KT_EQ(tables(of_entries[i], "t", &host, 1, 0), ESRCH);
	KT_EQ(tables(DIOCRCLRADDRS, "t", NULL, 0, 0), ESRCH);
	KT_EQ(tables(DIOCRGETADDRS, "t", NULL, 0, 0), ESRCH);
	KT_EQ(tables(DIOCRGETASTATS, "t", NULL, 0, 0), ESRCH);
	KT_EQ(tables(DIOCRADDTABLES, "", &t, 1, 0), 0);
	KT_EQ(tables(DIOCRADDTABLES, "", &t, 70000, 0), EINVAL);
	bad = (struct pf_ioc_table){ .name = "u", .flags = PFRT_ACTIVE };
	KT_EQ(tables(DIOCRADDTABLES, "", &bad, 1, 0), EINVAL);
	bad = (struct pf_ioc_table){ .flags = PFRT_PERSIST }; /* no name */
	KT_EQ(tables(DIOCRADDTABLES, "", &bad, 1, 0), EINVAL);
	memset(bad.name, 'x', sizeof(bad.name));
	KT_EQ(tables(DIOCRADDTABLES, "", &bad, 1, 0), EINVAL);
	for (unsigned int i = 0; i < nitems(of_entries); i++) {
		a[0] = (struct pf_ioc_taddr){ .af = 77, .plen = 32 };
		KT_EQ(tables(of_entries[i], "t", a, 1, 0), EINVAL);
		a[0] = (struct pf_ioc_taddr){ .af = AF_INET6, .plen = 129 };
		KT_EQ(tables(of_entries[i], "t", a, 1, 0), EINVAL);
		a[0] = (struct pf_ioc_taddr){ .af = AF_INET, .plen = 24,
			.addr.b = { 10, 0, 0, 1 } }; /* behind its prefix */
		KT_EQ(tables(of_entries[i], "t", a, 1, 0), EINVAL);
		a[0] = host;
		a[0].neg = 2;
		KT_EQ(tables(of_entries[i], "t", a, 1, 0), EINVAL);
		KT_EQ(tables(of_entries[i], "t", a, (16U << 20) + 1, 0), EINVAL);
	}
	a[0] = (struct pf_ioc_taddr){ .af = AF_INET, .plen = 8,
		.addr.b = { 10 } };
	KT_EQ(tables(DIOCRTSTADDRS, "t", a, 1, 0), EINVAL); /* no host */
	/* a limit: all or nothing */
	pf_table_entry_limit = 2;
	for (unsigned int i = 0; i < 3; i++) {
		a[i] = host;
		a[i].addr.b[3] = (uint8_t)i;
	}
	KT_EQ(tables(DIOCRADDADDRS, "t", a, 3, 0), ENOMEM);
	KT_EQ(pf_table_entry_count, 0);
	KT_EQ(tables(DIOCRSETADDRS, "t", a, 3, 0), ENOMEM);
	KT_EQ(pf_table_entry_count, 0);
	KT_EQ(tables(DIOCRADDADDRS, "t", a, 2, 0), 0);
	KT_EQ(pf_table_entry_count, 2);
	pf_table_entry_limit = 0;
	/* const */
	memset(&io, 0, sizeof(io));
	io.buf_ptr = (uint64_t)(uintptr_t)&t;
	io.n = 1;
	io.setflags = PFRT_ACTIVE;
	KT_EQ(call(DIOCRSETTFLAGS, &io), EINVAL);
	io.setflags = io.clrflags = PFRT_CONST;
	KT_EQ(call(DIOCRSETTFLAGS, &io), EINVAL);
	io.clrflags = 0;
	KT_EQ(call(DIOCRSETTFLAGS, &io), 0);
	KT_EQ(tables(DIOCRADDADDRS, "t", &host, 1, 0), EPERM);
	KT_EQ(tables(DIOCRDELADDRS, "t", &host, 1, 0), EPERM);
	KT_EQ(tables(DIOCRSETADDRS, "t", &host, 1, 0), EPERM);
	KT_EQ(tables(DIOCRCLRADDRS, "t", NULL, 0, 0), EPERM);
	KT_EQ(tables(DIOCRTSTADDRS, "t", &host, 1, 0), 0);
}

KTEST(pf_calls_tables_of_a_load)
{
	static struct pfioc_table io;
	struct pf_ioc_taddr a = { .af = AF_INET, .plen = 33 };
	struct pfioc_trans end = { 0 };

	boot();
	strlcpy(io.table.name, "t", sizeof(io.table.name));
	io.ticket = 999;
	KT_EQ(call(DIOCRINADEFINE, &io), EBUSY);
	io.ticket = begin(PF_ELEM_RULES, PF_RS_FILTER, "");
	KT_EQ(call(DIOCRINADEFINE, &io), EBUSY); /* it has no tables */
	io.ticket = begin(PF_ELEM_TABLES, 0, "");
	KT_EQ(call(DIOCRINADEFINE, &io), 0);
	KT_EQ(call(DIOCRINADEFINE, &io), EEXIST);
	strlcpy(io.table.name, "u", sizeof(io.table.name));
	io.table.flags = PFRT_ACTIVE;
	KT_EQ(call(DIOCRINADEFINE, &io), EINVAL);
	io.table.flags = 0;
	io.buf_ptr = (uint64_t)(uintptr_t)&a;
	io.n = 1;
	KT_EQ(call(DIOCRINADEFINE, &io), EINVAL);
	KT_EQ(call(DIOCRINADEFINE, &io), EINVAL); /* and not EEXIST */
	io.n = (16U << 20) + 1;
	KT_EQ(call(DIOCRINADEFINE, &io), EINVAL);
	end.ticket = io.ticket;
	KT_EQ(call(DIOCXCOMMIT, &end), 0);
	KT_EQ(pf_table_count_all, 0); /* neither: nobody needs <t> */
	io.n = 0;
	io.table.name[0] = '\0';
	KT_EQ(call(DIOCRINADEFINE, &io), EBUSY);
	memset(io.table.name, 'x', sizeof(io.table.name));
	KT_EQ(call(DIOCRINADEFINE, &io), EINVAL);
}
