/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Statements that are more than one rule, or none: macros, include,
 * anchors with rules in braces, load anchor, antispoof.
 */

#include <errno.h>
#include <string.h>

#include "pfctl.h"

void
macro_define(struct pfconf *pc, const char *name, const char *value)
{
	if (pc->opts & OPT_VERBOSE) {
		if (word_bare(name) && name[strspn(name, "0123456789")] != '\0')
			fputs(name, pc->out);
		else
			print_quoted(pc->out, name);
		fputs(" = ", pc->out);
		print_quoted(pc->out, value);
		fputc('\n', pc->out);
	}
	if (strpbrk(name, " \t") != NULL)
		perr(pc, "macro name cannot contain whitespace");
	else if (conf_macro_set(pc->lex, name, value, false) == -1)
		perr(pc, "cannot store variable %s: letters, digits and _ only",
		    name);
}

void
include_file(struct pfconf *pc, const char *path)
{
	if (conf_push_file(pc->lex, path) == -1)
		perr(pc, "failed to include file %s: %s", path,
		    strerror(errno));
	else
		pc->included = true;
}

void
load_anchor(struct pfconf *pc, const char *anchor, const char *path)
{
	struct load_file *lf;

	if (strlen(anchor) >= PF_ANCHOR_PATHSIZE) {
		perr(pc, "anchor name too long, max %d characters",
		    PF_ANCHOR_PATHSIZE - 1);
		return;
	}
	lf = palloc(pc, sizeof(*lf));
	lf->anchor = *pc->cur->path == '\0' || *anchor == '/' ?
	    anchor + (*anchor == '/') :
	    conf_printf(pc->lex, "%s/%s", pc->cur->path, anchor);
	lf->path = path;
	lf->file = pc->tok.file;
	lf->line = pc->tok.line;
	*pc->loads_tail = lf;
	pc->loads_tail = &lf->next;
}

/* --- anchors ----------------------------------------------------------- */

static bool
component_ok(const char *p)
{
	size_t n;

	for (;; p += n + 1) {
		n = strcspn(p, "/");
		if (n >= PF_ANCHOR_NAMESIZE)
			return (false);
		if (p[n] == '\0')
			return (true);
	}
}

void
anchor_name(struct pfconf *pc, const char *name)
{
	if (*name == '\0')
		perr(pc, "anchor name must not be empty");
	else if (*name == '_' || strstr(name, "/_") != NULL)
		perr(pc,
		    "anchor names beginning with '_' are reserved for internal use");
	else if (!component_ok(name))
		perr(pc, "anchor name component too long, max %d characters",
		    PF_ANCHOR_NAMESIZE - 1);
	else if (pcopy(pc, pc->sp->r.anchor, PF_ANCHOR_PATHSIZE, name,
		     "anchor name")) {
		pc->sp->anchor = name;
		pc->sp->r.flags |= PFR_ANCHOR;
	}
}

static int
ruleset_depth(const struct pf_ruleset *rs)
{
	int n = 0;

	for (; rs->parent != NULL; rs = rs->parent)
		n++;
	return (n);
}

/* `anchor ... {': the rule goes in now, what follows goes into its ruleset. */
void
anchor_open(struct pfconf *pc)
{
	struct pf_ruleset *rs;
	struct spec *sp = pc->sp;
	const char *name = sp->anchor;
	bool reopened;

	if (name != NULL && strchr(name, '/') != NULL)
		perr(pc,
		    "anchor names containing '/' cannot be used for inline anchors");
	if (ruleset_depth(pc->cur) >= PF_ANCHOR_DEPTH)
		perr(pc, "anchors nested deeper than %d", PF_ANCHOR_DEPTH);
	if (name == NULL) {
		name = conf_printf(pc->lex, "_%d", ++pc->cur->unnamed);
		snprintf(sp->r.anchor, sizeof(sp->r.anchor), "%s", name);
		sp->r.flags |= PFR_ANCHOR;
	}
	name = *pc->cur->path == '\0' ?
	    name :
	    conf_printf(pc->lex, "%s/%s", pc->cur->path, name);
	if (strlen(name) >= PF_ANCHOR_PATHSIZE) {
		perr(pc, "anchor path too long");
		name = conf_printf(pc->lex, "_%d", ++pc->cur->unnamed);
	}
	rs = pf_ruleset_get(pc, name);
	reopened = rs->parent != NULL || !TAILQ_EMPTY(&rs->rules[PF_RS_FILTER]);
	if (reopened)
		perr(pc, "inline anchor '%s' already exists", name);
	sp->braces = true;
	if (rs != pc->cur && !reopened)
		rs->parent = pc->cur;
	else
		rs = pf_ruleset_get(pc,
		    conf_printf(pc->lex, "_%d", ++pc->top->unnamed + 1000000));
	if (rs->parent == NULL)
		rs->parent = pc->cur;
	rs->at = (struct place){ sp->file, sp->line };
	spec_done(pc);
	pc->cur = rs;
}

void
anchor_close(struct pfconf *pc)
{
	if (pc->cur->parent != NULL)
		pc->cur = pc->cur->parent;
}

/* --- antispoof --------------------------------------------------------- */

static void
antispoof_rule(struct pfconf *pc, const struct spec *as, struct node_if *on,
    struct node_host *src)
{
	struct spec *sp = palloc(pc, sizeof(*sp));

	*sp = *as;
	sp->kind = K_BLOCK;
	sp->ifs = on;
	sp->src = src;
	sp->r.dir = PFD_IN;
	sp->r.action = PFA_BLOCK;
	sp->all = false;
	spec_expand(pc, sp);
}

static struct node_host *
antispoof_hosts(struct pfconf *pc, const struct node_if *i, bool network)
{
	struct node_host *h;

	if (i->dynamic)
		return (host_dynamic(pc,
		    network ? conf_printf(pc->lex, "%s:network", i->name) :
			      i->name,
		    -1));
	if ((h = host_ifaddrs(pc, i->name, network ? PF_IF_NETWORK : 0)) ==
	    NULL)
		perr(pc, "no IP address found for %s", i->name);
	return (h);
}

void
antispoof_done(struct pfconf *pc)
{
	struct spec *as = pc->sp;
	struct node_if *i, *on;
	struct node_host *h;

	pf_order(pc, S_FILTER);
	if (pc->set.block_return)
		as->r.flags |= PFR_RETURN;
	as->r.flags &= ~(
	    uint32_t)PFR_RETURN; /* a spoofed source gets no answer */
	for (i = as->ifs; i != NULL && as->bad == 0; i = i->next) {
		if (i->not || i->any) {
			perr(pc, "antispoof needs an interface");
			break;
		}
		on = palloc(pc, sizeof(*on));
		on->name = i->name;
		on->not = true;
		on->rdomain = -1;
		if ((h = antispoof_hosts(pc, i, true)) != NULL)
			antispoof_rule(pc, as, on, h);
		if (!if_is_loopback(pc, i->name) &&
		    (h = antispoof_hosts(pc, i, false)) != NULL)
			antispoof_rule(pc, as, NULL, h);
	}
	pc->sp = NULL;
}
