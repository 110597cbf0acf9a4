/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The `set' statements: checked, kept for the load, echoed. */

#include <string.h>

#include "pfctl.h"

const char *const pf_timeout_names[PFTM_MAX] = {
	[PFTM_TCP_FIRST] = "tcp.first",
	[PFTM_TCP_OPENING] = "tcp.opening",
	[PFTM_TCP_ESTABLISHED] = "tcp.established",
	[PFTM_TCP_CLOSING] = "tcp.closing",
	[PFTM_TCP_FINWAIT] = "tcp.finwait",
	[PFTM_TCP_CLOSED] = "tcp.closed",
	[PFTM_TCP_TSDIFF] = "tcp.tsdiff",
	[PFTM_SCTP_FIRST] = "sctp.first",
	[PFTM_SCTP_OPENING] = "sctp.opening",
	[PFTM_SCTP_ESTABLISHED] = "sctp.established",
	[PFTM_SCTP_CLOSING] = "sctp.closing",
	[PFTM_SCTP_CLOSED] = "sctp.closed",
	[PFTM_UDP_FIRST] = "udp.first",
	[PFTM_UDP_SINGLE] = "udp.single",
	[PFTM_UDP_MULTIPLE] = "udp.multiple",
	[PFTM_ICMP_FIRST] = "icmp.first",
	[PFTM_ICMP_ERROR] = "icmp.error",
	[PFTM_OTHER_FIRST] = "other.first",
	[PFTM_OTHER_SINGLE] = "other.single",
	[PFTM_OTHER_MULTIPLE] = "other.multiple",
	[PFTM_FRAG] = "frag",
	[PFTM_INTERVAL] = "interval",
	[PFTM_ADAPTIVE_START] = "adaptive.start",
	[PFTM_ADAPTIVE_END] = "adaptive.end",
	[PFTM_SRC_NODE] = "src.track",
};

const char *const pf_limit_names[PF_LIMIT_MAX] = {
	[PF_LIMIT_STATES] = "states",
	[PF_LIMIT_SRC_NODES] = "src-nodes",
	[PF_LIMIT_FRAGS] = "frags",
	[PF_LIMIT_TABLE_ENTRIES] = "table-entries",
	[PF_LIMIT_ANCHORS] = "anchors",
	[PF_LIMIT_ETH_ANCHORS] = "eth-anchors",
	[PF_LIMIT_TABLES] = "tables",
	[PF_LIMIT_PKTDELAY] = "pktdelay-pkts",
};

static int
name_index(const char *const *names, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (i);
	return (-1);
}

int
timeout_index(const char *name)
{
	return (name_index(pf_timeout_names, PFTM_MAX, name));
}

int
limit_index(const char *name)
{
	return (name_index(pf_limit_names, PF_LIMIT_MAX, name));
}

__attribute__((format(printf, 2, 3))) static void
echo(struct pfconf *pc, const char *fmt, ...)
{
	va_list ap;

	if (!pf_echoes(pc, LOAD_OPTIONS))
		return;
	fputs("set ", pc->out);
	va_start(ap, fmt);
	vfprintf(pc->out, fmt, ap);
	va_end(ap);
	fputc('\n', pc->out);
}

void
set_here(struct pfconf *pc)
{
	if (*pc->top->path != '\0' && pc->load & LOAD_OPTIONS)
		perr(pc,
		    "options belong to the main ruleset, not to anchor %s",
		    pc->top->path);
}

static void
set_at(struct pfconf *pc, enum pf_setting s)
{
	pc->set.at[s] = here(pc);
}

void
set_timeout(struct pfconf *pc, const char *name, int64_t n)
{
	int i = timeout_index(name);

	if (!pf_order(pc, S_OPTION))
		return;
	if (i == -1) {
		perr(pc, "unknown timeout %s", name);
		return;
	}
	if (n < 0 || n > INT32_MAX) {
		perr(pc, "timeout %s out of range", name);
		return;
	}
	pc->set.timeout[i] = (uint32_t)n;
	pc->set.timeout_set[i] = true;
	pc->set.timeout_at[i] = here(pc);
	echo(pc, "timeout %s %lld", name, (long long)n);
}

void
set_limit(struct pfconf *pc, const char *name, int64_t n)
{
	int i = limit_index(name);

	if (!pf_order(pc, S_OPTION))
		return;
	if (i == -1) {
		perr(pc, "unable to set limit: unknown limit %s", name);
		return;
	}
	if (n < 0 || n > UINT32_MAX) {
		perr(pc, "limit %s out of range", name);
		return;
	}
	pc->set.limit[i] = (uint32_t)n;
	pc->set.limit_set[i] = true;
	pc->set.limit_at[i] = here(pc);
	echo(pc, "limit %s %lld", name, (long long)n);
}

/* Timeouts of tcp where an optimization differs from normal (facts: pf.conf.5). */
void
set_optimization(struct pfconf *pc, const char *s)
{
	static const struct {
		const char *name;
		uint32_t tcp[7];
	} rows[] = {
		{ "normal", { 120, 30, 86400, 900, 45, 90, 30 } },
		{ "satellite", { 180, 35, 86400, 905, 50, 95, 60 } },
		{ "high-latency", { 180, 35, 86400, 905, 50, 95, 60 } },
		{ "conservative", { 3600, 900, 432000, 3600, 600, 180, 60 } },
		{ "aggressive", { 30, 5, 18000, 60, 30, 30, 10 } },
	};
	static const enum pf_timeout which[7] = { PFTM_TCP_FIRST,
		PFTM_TCP_OPENING, PFTM_TCP_ESTABLISHED, PFTM_TCP_CLOSING,
		PFTM_TCP_FINWAIT, PFTM_TCP_CLOSED, PFTM_TCP_TSDIFF };
	size_t i, k;

	if (!pf_order(pc, S_OPTION))
		return;
	for (i = 0; i < nitems(rows) && strcmp(rows[i].name, s) != 0; i++)
		continue;
	if (i == nitems(rows)) {
		perr(pc, "unknown optimization %s", s);
		return;
	}
	for (k = 0; k < nitems(which); k++) {
		pc->set.timeout[which[k]] = rows[i].tcp[k];
		pc->set.timeout_set[which[k]] = true;
		pc->set.timeout_at[which[k]] = here(pc);
	}
	echo(pc, "optimization %s", s);
}

void
set_ruleset_optimization(struct pfconf *pc, const char *s)
{
	enum optimize o;

	if (strcmp(s, "none") == 0)
		o = OPTIMIZE_NONE;
	else if (strcmp(s, "basic") == 0)
		o = OPTIMIZE_BASIC;
	else if (strcmp(s, "profile") == 0)
		o = OPTIMIZE_PROFILE;
	else {
		perr(pc, "unknown ruleset-optimization %s", s);
		return;
	}
	if (!pc->optimize_fixed)
		pc->optimize = o;
}

void
set_loginterface(struct pfconf *pc, const char *s)
{
	char name[IFNAMSIZ];

	if (!pf_order(pc, S_OPTION))
		return;
	if (strcmp(s, "all") != 0 && !ifcopy(pc, name, s))
		return;
	pc->set.loginterface_set = true;
	set_at(pc, SET_LOGINTERFACE);
	pc->set.loginterface = strcmp(s, "none") == 0 ? NULL : s;
	echo(pc, "loginterface %s", s);
}

void
set_hostid(struct pfconf *pc, int64_t n)
{
	if (n == 0 || n < 0 || n > UINT32_MAX) {
		perr(pc, "hostid must be non-zero and fit 32 bits");
		return;
	}
	pc->set.hostid = (uint32_t)n;
	pc->set.hostid_set = true;
	set_at(pc, SET_HOSTID);
	echo(pc, "hostid 0x%08x", (unsigned int)n);
}

void
set_policy(struct pfconf *pc, bool fail, bool ret)
{
	if (!pf_order(pc, S_OPTION))
		return;
	if (fail)
		pc->set.fail_return = ret;
	else
		pc->set.block_return = ret;
	echo(pc, "%s-policy %s", fail ? "fail" : "block",
	    ret ? "return" : "drop");
}

void
set_require_order(struct pfconf *pc, bool on)
{
	pc->require_order = on;
	echo(pc, "require-order %s", on ? "yes" : "no");
}

void
set_fingerprints(struct pfconf *pc, const char *s)
{
	if (!pf_order(pc, S_OPTION))
		return;
	pc->set.fingerprints = s;
	set_at(pc, SET_FINGERPRINTS);
	echo(pc, "fingerprints %s", quoted(pc, s));
}

void
set_state_policy(struct pfconf *pc, uint32_t policy)
{
	pc->set.state_policy = policy == PFS_FLOATING ? 0 : policy;
	echo(pc, "state-policy %s",
	    policy == PFS_IFBOUND        ? "if-bound" :
		policy == PFS_GROUPBOUND ? "group-bound" :
					   "floating");
}

void
set_debug(struct pfconf *pc, const char *s)
{
	static const char *const names[] = { "none", "urgent", "misc", "loud" };
	/* OpenBSD's words, by what they show */
	static const struct {
		const char *name;
		uint32_t level;
	} syslog[] = { { "emerg", 0 }, { "alert", 0 }, { "crit", 0 },
		{ "err", 1 }, { "warning", 1 }, { "notice", 2 }, { "info", 2 },
		{ "debug", 3 } };
	int i = name_index(names, (int)nitems(names), s);
	size_t k;

	if (!pf_order(pc, S_OPTION))
		return;
	for (k = 0; i == -1 && k < nitems(syslog); k++)
		if (strcmp(syslog[k].name, s) == 0)
			i = (int)syslog[k].level;
	if (i == -1) {
		perr(pc, "unknown debug level %s", s);
		return;
	}
	pc->set.debug = (uint32_t)i;
	pc->set.debug_set = true;
	set_at(pc, SET_DEBUG);
	echo(pc, "debug %s", names[i]);
}

void
set_skip(struct pfconf *pc, struct node_if *list)
{
	struct node_str **end = &pc->set.skip;
	struct node_if *i;

	while (*end != NULL)
		end = &(*end)->next;
	for (i = list; i != NULL; i = i->next) {
		if (i->not ) {
			perr(pc, "skip on ! <interface> unsupported");
			return;
		}
		if (strcmp(i->name, "none") == 0)
			continue;
		*end = palloc(pc, sizeof(**end));
		(*end)->str = i->name;
		(*end)->at = here(pc);
		end = &(*end)->next;
	}
	pc->set.skip_set = true;
	set_at(pc, SET_SKIP);
	if (!pf_echoes(pc, LOAD_OPTIONS))
		return;
	if (list->next == NULL) {
		echo(pc,
		    list->name[0] == 'n' && strcmp(list->name, "none") == 0 ?
			"skip on %s" :
			"skip on { %s }",
		    list->name);
		return;
	}
	fputs("set skip on {", pc->out);
	for (i = list; i != NULL; i = i->next)
		fprintf(pc->out, " %s", i->name);
	fputs(" }\n", pc->out);
}

void
set_reassemble(struct pfconf *pc, bool on, bool nodf)
{
	if (!pf_order(pc, S_OPTION))
		return;
	pc->set.reass = (on ? PF_REASS_ON : 0) |
	    (on && nodf ? PF_REASS_NODF : 0);
	pc->set.reass_set = true;
	set_at(pc, SET_REASS);
	echo(pc, "reassemble %s %s", on ? "yes" : "no", nodf ? "no-df" : "");
}

void
set_state_defaults(struct pfconf *pc)
{
	if (pc->set.state_defaults_set)
		perr(pc, "cannot redefine state-defaults");
	else if (pc->sp->bad == 0)
		pc->set.state_defaults = pc->sp;
	pc->set.state_defaults_set = true;
	pc->sp = NULL;
}

void
set_syncookies(struct pfconf *pc, const char *mode, int64_t start, int64_t end)
{
	static const char *const names[] = { "never", "always", "adaptive" };
	int m = name_index(names, (int)nitems(names), mode);

	if (m == -1) {
		perr(pc, "unknown syncookies mode %s", mode);
		return;
	}
	if (start != -1 && m != PF_SYNCOOKIES_ADAPTIVE) {
		perr(pc,
		    "start and end can only be set with syncookies adaptive");
		return;
	}
	if (m == PF_SYNCOOKIES_ADAPTIVE && start == -1) {
		start = 25;
		end = 12;
	}
	if (start != -1 && (start > 100 || end < 0 || end >= start)) {
		perr(pc,
		    "invalid syncookies percentages: start must be above end, at most 100%%");
		return;
	}
	pc->set.syncookies = (enum pf_syncookies)m;
	pc->set.syncookies_start = start == -1 ? 0 : (uint32_t)start;
	pc->set.syncookies_end = end == -1 ? 0 : (uint32_t)end;
	pc->set.syncookies_set = true;
	set_at(pc, SET_SYNCOOKIES);
	if (m == PF_SYNCOOKIES_ADAPTIVE)
		echo(pc, "syncookies adaptive (start %lld%%, end %lld%%)",
		    (long long)start, (long long)end);
	else
		echo(pc, "syncookies %s", names[m]);
}
