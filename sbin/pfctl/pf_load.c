/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A configuration into the kernel: one transaction, all of it or nothing.
 *
 *	pf_refuse.c: what the kernel cannot do, with its line, before anything
 *	DIOCXBEGIN, naming every ruleset, table set and the options
 *	tables, rules and options, all with the ticket
 *	DIOCXCOMMIT
 *
 * An error at any step rolls back; so does the kernel when this process
 * dies.
 */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

/* --- fingerprints ------------------------------------------------------ */

/* Those that the rules will meet: to be loaded, or in the kernel already. */
static int
osfps_come(struct pfconf *pc, const char *anchor, struct osfps *l)
{
	struct ask a = { .dev = pc->dev, .opts = pc->opts, .anchor = anchor };
	uint32_t n = 0;

	memset(l, 0, sizeof(*l));
	if (*anchor == '\0' && pc->load & LOAD_OPTIONS &&
	    (!(pc->opts & OPT_MERGE) || pc->set.fingerprints != NULL)) {
		if (osfps_read(pc, l) == 0)
			pc->osfps = l;
		return (conf_errors(pc->lex));
	}
	l->path = "the kernel";
	if (pc->dev != -1 && get_osfps(&a, &l->list, &n) == -1)
		return (-1);
	l->n = n;
	return (0);
}

static void
os_unknown(struct pfconf *pc, const struct osfps *l, const struct pf_rule *r)
{
	if (!(pc->opts & OPT_NOACTION))
		conf_error_at(pc->lex, r->file, r->line,
		    "os \"%s\": no fingerprint of %s has that name",
		    r->r.osname, l->path);
	else if (pc->opts & OPT_VERBOSE2)
		fprintf(pc->err, "warning: unknown '%s' OS fingerprint\n",
		    r->r.osname);
}

/* How many rules ask for a name; of those that l lacks it is said. */
static size_t
os_rules(struct pfconf *pc, const struct osfps *l)
{
	const struct pf_ruleset *rs;
	const struct pf_rule *r;
	size_t n = 0;
	int i;

	TAILQ_FOREACH(rs, &pc->rulesets, entry)
		for (i = 0; i < PF_RS_MAX; i++) {
			if (!load_wants(pc, i))
				continue;
			TAILQ_FOREACH(r, &rs->rules[i], entry) {
				n += r->r.os == PF_OS_NAMED;
				if (l != NULL && r->r.os == PF_OS_NAMED &&
				    !osfps_know(l, r->r.osname))
					os_unknown(pc, l, r);
			}
		}
	return (n);
}

int
load_judge_os(struct pfconf *pc, const char *anchor)
{
	struct osfps *l = palloc(pc, sizeof(*l));

	if (pc->opts & OPT_NOACTION && pc->set.fingerprints == NULL &&
	    os_rules(pc, NULL) == 0)
		return (0);
	if (osfps_come(pc, anchor, l) != 0)
		return (1);
	os_rules(pc, l);
	if (pc->osfps == NULL)
		free(l->list); /* the kernel's */
	return (conf_errors(pc->lex));
}

bool
load_wants(const struct pfconf *pc, int rs)
{
	if (rs == PF_RS_NAT || rs == PF_RS_BINAT || rs == PF_RS_RDR)
		return ((pc->load & LOAD_NAT) != 0);
	return ((pc->load & LOAD_FILTER) != 0);
}

/* --- the transaction --------------------------------------------------- */

static size_t
elements(struct pfconf *pc, bool options, struct pf_ioc_elem **list)
{
	struct pf_ruleset *rs;
	struct pf_ioc_elem *e;
	size_t n = 2;
	int i;

	TAILQ_FOREACH(rs, &pc->rulesets, entry)
		n += PF_RS_MAX + 1;
	*list = e = palloc(pc, n * sizeof(*e));
	TAILQ_FOREACH(rs, &pc->rulesets, entry) {
		for (i = 0; i < PF_RS_MAX; i++) {
			if (!load_wants(pc, i))
				continue;
			e->type = PF_ELEM_RULES;
			e->rs = (uint8_t)i;
			strcpy(e++->anchor, rs->path);
		}
		if (pc->load & LOAD_TABLES) {
			e->type = PF_ELEM_TABLES;
			strcpy(e++->anchor, rs->path);
		}
	}
	if (options) {
		e->type = PF_ELEM_OPTIONS;
		e++->flags = pc->opts & OPT_MERGE ? PF_ELEM_MERGE : 0;
	}
	if (pc->osfps != NULL)
		e++->type = PF_ELEM_OSFPS;
	return ((size_t)(e - *list));
}

static int
load_tables(int dev, struct pfconf *pc, uint64_t ticket)
{
	struct pfioc_table io;
	struct pf_table *t;

	TAILQ_FOREACH(t, &pc->tables, entry) {
		memset(&io, 0, sizeof(io));
		io.ticket = ticket;
		snprintf(io.table.anchor, sizeof(io.table.anchor), "%s",
		    t->anchor);
		snprintf(io.table.name, sizeof(io.table.name), "%s", t->name);
		io.table.flags = t->flags;
		io.flags = t->list ? PFRF_LIST : 0;
		io.buf_ptr = (uintptr_t)t->addrs;
		io.n = (uint32_t)t->naddrs;
		if (pf_call(dev, DIOCRINADEFINE, &io) == -1) {
			warn("%s:%d: cannot define table %s",
			    t->at.file != NULL ? t->at.file : "pfctl",
			    t->at.line, t->name);
			return (-1);
		}
	}
	return (0);
}

/* Rules go to the kernel so many at a time. */
#define BATCH 128

struct batch {
	struct pfioc_rules io;
	struct pf_ioc_rule rule[BATCH];
	const struct pf_rule *from[BATCH];
	uint32_t n;
};

static int
rule_failed(const struct pf_rule *r)
{
	if (errno == ESRCH)
		warnx("%s:%d: cannot add rule: no routing table %d", r->file,
		    r->line, (int)r->r.rtable);
	else
		warn("%s:%d: cannot add rule", r->file, r->line);
	return (-1);
}

/* The kernel may take fewer: then the next one says why. */
static int
batch_send(int dev, struct batch *b)
{
	uint32_t done;

	for (done = 0; done < b->n; done += b->io.n) {
		b->io.n = b->n - done;
		b->io.rules_ptr = (uintptr_t)&b->rule[done];
		if (pf_call(dev, DIOCADDRULES, &b->io) == -1)
			return (rule_failed(b->from[done]));
	}
	b->n = 0;
	return (0);
}

static int
batch_add(int dev, struct batch *b, const struct pf_rule *r)
{
	struct pf_ioc_rule *to = &b->rule[b->n];
	int i;

	*to = r->r;
	for (i = 0; i < PF_NPOOLS; i++)
		to->pool[i].ents_ptr = (uintptr_t)r->ents[i];
	b->from[b->n++] = r;
	return (b->n == BATCH ? batch_send(dev, b) : 0);
}

static int
load_ruleset(int dev, struct batch *b, const struct pf_rules *rules)
{
	const struct pf_rule *r;

	TAILQ_FOREACH(r, rules, entry)
		if (batch_add(dev, b, r) == -1)
			return (-1);
	return (batch_send(dev, b));
}

static int
load_rules(int dev, struct pfconf *pc, uint64_t ticket)
{
	struct batch *b = palloc(pc, sizeof(*b));
	struct pf_ruleset *rs;
	int i;

	b->io.ticket = ticket;
	TAILQ_FOREACH(rs, &pc->rulesets, entry) {
		snprintf(b->io.anchor, sizeof(b->io.anchor), "%s", rs->path);
		for (i = 0; i < PF_RS_MAX; i++) {
			b->io.rs = (uint8_t)i;
			if (load_wants(pc, i) &&
			    load_ruleset(dev, b, &rs->rules[i]) == -1)
				return (-1);
		}
	}
	return (0);
}

/* An option that the kernel does not take: where it was set, and why. */
static int
option_failed(const struct place *at, const char *what, const char *name)
{
	if (at->file != NULL)
		warn("%s:%d: cannot set %s%s", at->file, at->line, what, name);
	else
		warn("cannot set %s%s", what, name);
	return (-1);
}

static int
load_value(int dev, unsigned long cmd, uint64_t ticket, uint32_t value,
    const struct place *at, const char *what)
{
	struct pfioc_value io = { .ticket = ticket, .value = value };

	if (pf_call(dev, cmd, &io) == -1)
		return (option_failed(at, what, ""));
	return (0);
}

static int
load_numbers(int dev, const struct pf_options *o, uint64_t ticket)
{
	struct pfioc_tm tm = { .ticket = ticket };
	struct pfioc_limit li = { .ticket = ticket };

	for (tm.timeout = 0; tm.timeout < PFTM_MAX; tm.timeout++) {
		tm.seconds = o->timeout[tm.timeout];
		if (o->timeout_set[tm.timeout] &&
		    pf_call(dev, DIOCSETTIMEOUT, &tm) == -1)
			return (option_failed(&o->timeout_at[tm.timeout],
			    "timeout ", pf_timeout_names[tm.timeout]));
	}
	for (li.index = 0; li.index < PF_LIMIT_MAX; li.index++) {
		li.limit = o->limit[li.index];
		if (o->limit_set[li.index] &&
		    pf_call(dev, DIOCSETLIMIT, &li) == -1)
			return (option_failed(&o->limit_at[li.index], "limit ",
			    pf_limit_names[li.index]));
	}
	return (0);
}

/* The adaptive timeouts follow `set limit states' when not set themselves. */
static void
imply_adaptive(struct pf_options *o)
{
	if (!o->limit_set[PF_LIMIT_STATES] ||
	    o->timeout_set[PFTM_ADAPTIVE_START] ||
	    o->timeout_set[PFTM_ADAPTIVE_END])
		return;
	o->timeout[PFTM_ADAPTIVE_START] = o->limit[PF_LIMIT_STATES] / 10 * 6;
	o->timeout[PFTM_ADAPTIVE_END] = o->limit[PF_LIMIT_STATES] / 10 * 12;
	o->timeout_set[PFTM_ADAPTIVE_START] =
	    o->timeout_set[PFTM_ADAPTIVE_END] = true;
}

static int
load_interfaces(int dev, const struct pf_options *o, uint64_t ticket)
{
	struct pfioc_iface ifc;
	const struct node_str *s;

	memset(&ifc, 0, sizeof(ifc));
	ifc.ticket = ticket;
	snprintf(ifc.name, sizeof(ifc.name), "%s",
	    o->loginterface != NULL ? o->loginterface : "");
	if (o->loginterface_set && pf_call(dev, DIOCSETSTATUSIF, &ifc) == -1)
		return (option_failed(&o->at[SET_LOGINTERFACE], "loginterface ",
		    ifc.name));
	ifc.flags = PFI_SKIP;
	for (s = o->skip; s != NULL; s = s->next) {
		snprintf(ifc.name, sizeof(ifc.name), "%s", s->str);
		if (pf_call(dev, DIOCSETIFFLAG, &ifc) == -1)
			return (option_failed(&s->at, "skip on ", s->str));
	}
	return (0);
}

static int
load_options(int dev, struct pfconf *pc, uint64_t ticket)
{
	struct pf_options *o = &pc->set;

	imply_adaptive(o);
	if (load_numbers(dev, o, ticket) == -1)
		return (-1);
	if (o->debug_set &&
	    load_value(dev, DIOCSETDEBUG, ticket, o->debug, &o->at[SET_DEBUG],
		"debug") == -1)
		return (-1);
	if (o->hostid_set &&
	    load_value(dev, DIOCSETHOSTID, ticket, o->hostid,
		&o->at[SET_HOSTID], "hostid") == -1)
		return (-1);
	if (o->reass_set &&
	    load_value(dev, DIOCSETREASS, ticket, o->reass, &o->at[SET_REASS],
		"reassemble") == -1)
		return (-1);
	return (load_interfaces(dev, o, ticket));
}

static void
commit_failed(const struct pfioc_trans *tr)
{
	if (errno == EBUSY)
		warnx("another load was quicker, nothing was changed");
	else if (tr->limit != 0 && tr->limit <= PF_LIMIT_MAX)
		warnx("more %s than `set limit %s' allows, nothing was changed",
		    pf_limit_names[tr->limit - 1],
		    pf_limit_names[tr->limit - 1]);
	else
		warn("cannot commit, nothing was changed");
}

/* --- tables of one name ------------------------------------------------ */

void
table_hides(const char *name, const char *one, const char *other)
{
	if ((*one == '\0') != (*other == '\0'))
		warnx("warning: table <%s> of anchor %s hides the one of the main ruleset",
		    name, *one != '\0' ? one : other);
}

static bool
replaced(const struct pfconf *pc, const char *anchor)
{
	const struct pf_ruleset *rs;

	TAILQ_FOREACH(rs, &pc->rulesets, entry)
		if (strcmp(rs->path, anchor) == 0)
			return (true);
	return (false);
}

/* have: the tables from before, of which those of other rulesets stay. */
static void
say_hidden(const struct pfconf *pc, const struct pf_ioc_tstats *have,
    uint32_t n)
{
	const struct pf_table *t, *other;
	uint32_t i;

	TAILQ_FOREACH(t, &pc->tables, entry) {
		for (other = TAILQ_NEXT(t, entry); other != NULL;
		     other = TAILQ_NEXT(other, entry))
			if (strcmp(t->name, other->name) == 0)
				table_hides(t->name, t->anchor, other->anchor);
		for (i = 0; i < n; i++)
			if (have[i].table.flags & PFRT_ACTIVE &&
			    strcmp(t->name, have[i].table.name) == 0 &&
			    !replaced(pc, have[i].table.anchor))
				table_hides(t->name, t->anchor,
				    have[i].table.anchor);
	}
}

/* --- all of it --------------------------------------------------------- */

static int
transact(int dev, struct pfconf *pc, const char *anchor)
{
	struct pfioc_trans tr = {
		.flags = pc->set.keepcounters ? PF_TRANS_KEEPCOUNTERS : 0
	};
	bool options = *anchor == '\0' && pc->load & LOAD_OPTIONS;
	struct pf_ioc_elem *list;

	if ((tr.nelems = (uint32_t)elements(pc, options, &list)) == 0)
		return (0); /* -A, and there are no queues */
	tr.elems_ptr = (uintptr_t)list;
	if (pf_call(dev, DIOCXBEGIN, &tr) == -1) {
		warn("cannot begin a transaction");
		return (-1);
	}
	if ((pc->load & LOAD_TABLES && load_tables(dev, pc, tr.ticket) == -1) ||
	    (pc->osfps != NULL &&
		load_osfps(dev, pc->osfps, tr.ticket) == -1) ||
	    load_rules(dev, pc, tr.ticket) == -1 ||
	    (options && load_options(dev, pc, tr.ticket) == -1)) {
		if (pf_call(dev, DIOCXROLLBACK, &tr) == -1)
			warn("cannot roll back");
		warnx("nothing was changed");
		return (-1);
	}
	if (pf_call(dev, DIOCXCOMMIT, &tr) == -1) {
		commit_failed(&tr);
		return (-1);
	}
	return (0);
}

int
load_commit(int dev, struct pfconf *pc, const char *anchor)
{
	struct ask a = { .dev = dev, .opts = pc->opts, .anchor = "" };
	struct pf_ioc_tstats *have = NULL;
	uint32_t n = 0;
	int error;

	if (!TAILQ_EMPTY(&pc->tables) && !(pc->opts & OPT_QUIET) &&
	    get_tables(&a, PFRF_ALLRSETS, &have, &n) == -1)
		return (-1);
	if ((error = transact(dev, pc, anchor)) == 0)
		say_hidden(pc, have, n);
	free(have);
	return (error);
}
