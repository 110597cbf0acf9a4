/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A configuration from its first byte to the rules that are to be loaded.
 *
 *	pfconf_new -> pfconf_file (parse; then its `load anchor' files)
 *	    -> pfconf_finish (optimise, number, fill labels, print)
 *	    -> pf_load.c, or not (-n) -> pfconf_free
 *
 * Nothing here touches a kernel.  After any error nothing is printed of
 * the rules and nothing may be loaded.
 */

#include <errno.h>
#include <string.h>

#include "pfctl.h"

struct pfconf *
pfconf_new(FILE *out, FILE *err, int opts, const struct pf_ifsource *ifs)
{
	struct conf *lex = conf_new(pf_words, pf_nwords, err);
	struct pfconf *pc = conf_alloc(lex, sizeof(*pc));

	pc->lex = lex;
	pc->out = out;
	pc->err = err;
	pc->opts = opts;
	pc->ifs = ifs;
	pc->dev = -1;
	pc->load = LOAD_ALL;
	pc->optimize = OPTIMIZE_BASIC;
	pc->require_order = true;
	pc->loads_tail = &pc->loads;
	TAILQ_INIT(&pc->rulesets);
	TAILQ_INIT(&pc->tables);
	TAILQ_INIT(&pc->lines);
	return (pc);
}

void
pfconf_free(struct pfconf *pc)
{
	if (pc != NULL)
		conf_free(pc->lex);
}

struct pf_ruleset *
pf_ruleset_get(struct pfconf *pc, const char *path)
{
	struct pf_ruleset *rs;
	int i;

	TAILQ_FOREACH(rs, &pc->rulesets, entry)
		if (strcmp(rs->path, path) == 0)
			return (rs);
	rs = palloc(pc, sizeof(*rs));
	rs->path = conf_strdup(pc->lex, path);
	for (i = 0; i < PF_RS_MAX; i++)
		TAILQ_INIT(&rs->rules[i]);
	TAILQ_INIT(&rs->eths);
	TAILQ_INSERT_TAIL(&pc->rulesets, rs, entry);
	return (rs);
}

int
pfconf_parse(struct pfconf *pc, const char *anchor)
{
	pc->top = pc->cur = pf_ruleset_get(pc, anchor);
	pc->section = S_NONE;
	pc->sp = NULL;
	/* Each file of `load anchor' is read as by itself (-a). */
	pc->require_order = true;
	pc->set.block_return = pc->set.fail_return = false;
	if (pf_yyparse(pc) != 0 && conf_errors(pc->lex) == 0)
		conf_error(pc->lex, "cannot be read to its end");
	return (conf_errors(pc->lex));
}

int
pfconf_file(struct pfconf *pc, const char *path, const char *anchor)
{
	struct load_file *lf;

	if (conf_push_file(pc->lex, path) == -1) {
		conf_error_at(pc->lex, path, 0, "%s", strerror(errno));
		return (conf_errors(pc->lex));
	}
	pfconf_parse(pc, anchor);
	for (lf = pc->loads; lf != NULL; lf = lf->next) {
		if (pc->opts & OPT_VERBOSE)
			fprintf(pc->err, "\nLoading anchor %s from %s\n",
			    lf->anchor, lf->path);
		if (conf_push_file(pc->lex, lf->path) == -1)
			conf_error_at(pc->lex, lf->file, lf->line,
			    "cannot load anchor %s from %s: %s", lf->anchor,
			    lf->path, strerror(errno));
		else
			pfconf_parse(pc, lf->anchor);
	}
	return (conf_errors(pc->lex));
}

static void
number_rules(struct pfconf *pc, struct pf_ruleset *rs)
{
	struct pf_rule *r;
	uint32_t nr;
	int i;

	for (i = 0; i < PF_RS_MAX; i++) {
		nr = 0;
		TAILQ_FOREACH(r, &rs->rules[i], entry) {
			r->r.nr = nr++;
			rule_fill_macros(pc, r, r->r.nr);
		}
	}
}

static void
unused_macro(void *arg, const char *name)
{
	struct pfconf *pc = arg;

	fprintf(pc->err, "warning: macro '%s' not used\n", name);
}

int
pfconf_finish(struct pfconf *pc)
{
	struct pf_ruleset *rs;

	if (pc->opts & OPT_VERBOSE2)
		conf_macro_unused(pc->lex, unused_macro, pc);
	if (conf_errors(pc->lex) != 0)
		return (conf_errors(pc->lex));
	if (pc->optimize == OPTIMIZE_PROFILE && pc->dev == -1)
		fprintf(pc->err,
		    "warning: no device, profile has no counters to go by\n");
	TAILQ_FOREACH(rs, &pc->rulesets, entry) {
		if (pc->optimize != OPTIMIZE_NONE)
			ruleset_optimize(pc, rs);
		number_rules(pc, rs);
	}
	if (conf_errors(pc->lex) == 0 && pc->opts & OPT_VERBOSE)
		print_rules(pc);
	return (conf_errors(pc->lex));
}
