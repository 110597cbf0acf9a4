/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Doing: -e -d -x -F.  What was done is said on standard error. */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

int
act_enable(int dev, int opts)
{
	if (pf_call(dev, DIOCSTART, NULL) == -1) {
		if (errno == EEXIST)
			warnx("pf already enabled");
		else
			warn("cannot enable pf");
		return (-1);
	}
	say(opts, "pf enabled");
	return (0);
}

int
act_disable(int dev, int opts)
{
	if (pf_call(dev, DIOCSTOP, NULL) == -1) {
		if (errno == ENOENT)
			warnx("pf not enabled");
		else
			warn("cannot disable pf");
		return (-1);
	}
	say(opts, "pf disabled");
	return (0);
}

/* --- debug level ------------------------------------------------------- */

/* FreeBSD's four by prefix, then OpenBSD's by what they show. */
static const struct {
	const char *name;
	uint32_t level;
} levels[] = { { "none", PF_DEBUG_NONE }, { "urgent", PF_DEBUG_URGENT },
	{ "misc", PF_DEBUG_MISC }, { "loud", PF_DEBUG_LOUD },
	{ "emerg", PF_DEBUG_NONE }, { "alert", PF_DEBUG_NONE },
	{ "crit", PF_DEBUG_NONE }, { "err", PF_DEBUG_URGENT },
	{ "warning", PF_DEBUG_URGENT }, { "notice", PF_DEBUG_MISC },
	{ "info", PF_DEBUG_MISC }, { "debug", PF_DEBUG_LOUD } };

static int
level_index(const char *prefix)
{
	size_t i;

	for (i = 0; i < nitems(levels); i++)
		if (strncmp(levels[i].name, prefix, strlen(prefix)) == 0)
			return ((int)i);
	return (-1);
}

bool
debug_word(const char *level)
{
	return (level_index(level) != -1);
}

int
act_debug(int dev, const char *level, int opts)
{
	int i = level_index(level);
	struct pfioc_value io = { .value = levels[i].level };

	if (pf_call(dev, DIOCSETDEBUG, &io) == -1) {
		warn("cannot set debug level");
		return (-1);
	}
	say(opts, "debug level set to '%s'", levels[i].name);
	return (0);
}

/* --- flush ------------------------------------------------------------- */

struct flush {
	int dev, opts;
	const char *ifname;
	unsigned int kinds; /* of rulesets, a bit each */
	uint32_t tables;    /* deleted so far */
};

/* Publishes empty rulesets of one anchor, all in one transaction. */
static int
empty_rulesets(void *arg, const char *anchor)
{
	struct flush *f = arg;
	struct pf_ioc_elem *e = xcalloc(PF_RS_MAX, sizeof(*e));
	struct pfioc_trans tr = { .elems_ptr = (uintptr_t)e };
	unsigned int i;
	int error;

	for (i = 0; i < PF_RS_MAX; i++) {
		if (!(f->kinds & 1U << i))
			continue;
		e[tr.nelems].type = PF_ELEM_RULES;
		e[tr.nelems].rs = (uint8_t)i;
		snprintf(e[tr.nelems++].anchor, sizeof(e->anchor), "%s",
		    anchor);
	}
	error = pf_call(f->dev, DIOCXBEGIN, &tr) == -1 ||
		pf_call(f->dev, DIOCXCOMMIT, &tr) == -1 ?
	    -1 :
	    0;
	if (error == -1)
		warn("cannot flush the rules of '%s'", anchor);
	free(e);
	return (error);
}

static int
empty_tables(void *arg, const char *anchor)
{
	struct flush *f = arg;
	struct pfioc_table io;

	memset(&io, 0, sizeof(io));
	snprintf(io.table.anchor, sizeof(io.table.anchor), "%s", anchor);
	if (pf_call(f->dev, DIOCRCLRTABLES, &io) == -1) {
		warn("cannot delete tables");
		return (-1);
	}
	f->tables += io.ndel;
	return (0);
}

/*
 * An anchor that empties may vanish with its last rule: names are taken
 * down first, and inner ones are emptied before outer ones.
 */
struct paths {
	char **list;
	size_t n;
};

static int
take_path(void *arg, const char *path)
{
	struct paths *p = arg;

	if ((p->list = reallocarray(p->list, p->n + 1, sizeof(*p->list))) ==
		NULL ||
	    (p->list[p->n++] = strdup(path)) == NULL)
		err(1, NULL);
	return (0);
}

static int
flush_anchors(struct flush *f, const char *anchor,
    int (*fn)(void *arg, const char *path))
{
	struct paths p = { NULL, 0 };
	int error = 0;

	if (each_anchor(f->dev, anchor, (f->opts & OPT_RECURSE) != 0, take_path,
		&p) == -1)
		error = -1;
	while (p.n > 0) {
		p.n--;
		if (error == 0)
			error = fn(f, p.list[p.n]);
		free(p.list[p.n]);
	}
	free(p.list);
	return (error);
}

static int
flush_rules(struct flush *f, const char *anchor)
{
	f->kinds = 1U << PF_RS_SCRUB | 1U << PF_RS_FILTER;
	if (flush_anchors(f, anchor, empty_rulesets) == -1)
		return (-1);
	say(f->opts, "rules cleared");
	return (0);
}

static int
flush_nat(struct flush *f, const char *anchor)
{
	f->kinds = 1U << PF_RS_NAT | 1U << PF_RS_BINAT | 1U << PF_RS_RDR;
	if (flush_anchors(f, anchor, empty_rulesets) == -1)
		return (-1);
	say(f->opts, "nat cleared");
	return (0);
}

static int
flush_tables(struct flush *f, const char *anchor)
{
	f->tables = 0;
	if (flush_anchors(f, anchor, empty_tables) == -1)
		return (-1);
	say(f->opts, "%u tables deleted.", f->tables);
	return (0);
}

static int
flush_states(struct flush *f, const char *anchor)
{
	struct pfioc_kill io;

	(void)anchor;
	memset(&io, 0, sizeof(io));
	if (f->ifname != NULL)
		snprintf(io.ifname, sizeof(io.ifname), "%s", f->ifname);
	io.match = (f->opts & OPT_KILLMATCH) != 0;
	if (pf_call(f->dev, DIOCCLRSTATES, &io) == -1) {
		warn("cannot clear states");
		return (-1);
	}
	say(f->opts, "%u states cleared", io.killed);
	return (0);
}

static int
flush_sources(struct flush *f, const char *anchor)
{
	(void)anchor;
	if (pf_call(f->dev, DIOCCLRSRCNODES, NULL) == -1) {
		if (pf_lacks() && f->opts & OPT_ALL)
			return (0);
		warn("cannot clear source nodes");
		return (-1);
	}
	say(f->opts, "source tracking entries cleared");
	return (0);
}

static int
flush_info(struct flush *f, const char *anchor)
{
	struct pfioc_iface io;

	(void)anchor;
	memset(&io, 0, sizeof(io));
	if (pf_call(f->dev, DIOCCLRSTATUS, &io) == -1) {
		warn("cannot clear statistics");
		return (-1);
	}
	say(f->opts, "pf: statistics cleared");
	return (0);
}

static int
flush_osfp(struct flush *f, const char *anchor)
{
	(void)anchor;
	if (pf_call(f->dev, DIOCOSFPFLUSH, NULL) == -1) {
		if (pf_lacks() && f->opts & OPT_ALL)
			return (0);
		warn("cannot clear fingerprints");
		return (-1);
	}
	say(f->opts, "OS fingerprints cleared");
	return (0);
}

/* Options go back to their defaults: a transaction with options and none set. */
static int
flush_reset(struct flush *f, const char *anchor)
{
	struct pf_ioc_elem e;
	struct pfioc_trans tr = { .nelems = 1, .elems_ptr = (uintptr_t)&e };

	(void)anchor;
	memset(&e, 0, sizeof(e));
	e.type = PF_ELEM_OPTIONS;
	if (pf_call(f->dev, DIOCXBEGIN, &tr) == -1 ||
	    pf_call(f->dev, DIOCXCOMMIT, &tr) == -1) {
		warn("cannot reset");
		return (-1);
	}
	say(f->opts, "pf: interface flags reset");
	return (0);
}

static int
flush_lacking(struct flush *f, const char *anchor)
{
	(void)anchor;
	if (f->opts & OPT_ALL)
		return (0);
	warnx("this kernel has neither queues nor ether rules to flush");
	return (-1);
}

static int flush_all(struct flush *f, const char *anchor);

/* In the order in which a prefix finds them; order: within -F all, 0 not. */
static const struct {
	const char *name;
	int (*run)(struct flush *f, const char *anchor);
	bool anchors; /* of an anchor, too */
	int order;
} flushes[] = {
	{ "nat", flush_nat, true, 2 },
	{ "queue", flush_lacking, false, 4 },
	{ "rules", flush_rules, true, 1 },
	{ "Sources", flush_sources, false, 6 },
	{ "states", flush_states, false, 5 },
	{ "info", flush_info, false, 7 },
	{ "Tables", flush_tables, true, 3 },
	{ "osfp", flush_osfp, false, 8 },
	{ "all", flush_all, true, 0 },
	{ "ethernet", flush_lacking, true, 0 },
	{ "Reset", flush_reset, false, 9 },
};

static int
flush_all(struct flush *f, const char *anchor)
{
	size_t i;
	int order, error = 0;

	f->opts |= OPT_ALL;
	for (order = 1; order <= 9; order++)
		for (i = 0; i < nitems(flushes); i++)
			if (flushes[i].order == order &&
			    (*anchor == '\0' || flushes[i].anchors) &&
			    flushes[i].run(f, anchor) == -1)
				error = -1;
	return (error);
}

const char *
flush_word(const char *prefix)
{
	size_t i;

	for (i = 0; i < nitems(flushes); i++)
		if (strncmp(flushes[i].name, prefix, strlen(prefix)) == 0)
			return (flushes[i].name);
	return (NULL);
}

int
act_flush(int dev, const char *word, const char *anchor, const char *ifname,
    int opts)
{
	struct flush f = { .dev = dev, .opts = opts, .ifname = ifname };
	size_t i;

	for (i = 0; strcmp(flushes[i].name, word) != 0; i++)
		continue;
	if (*anchor != '\0' && !flushes[i].anchors) {
		warnx("-F %s is not about an anchor: it goes without -a", word);
		return (-1);
	}
	return (flushes[i].run(&f, anchor));
}
