/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * -s rules, nat, labels, Anchors.
 *
 * A rule that calls an anchor without a name, or any anchor when the show is
 * recursive (-a '*'), is followed by the rules of that anchor in braces.
 */

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define ULL(x) ((unsigned long long)(x))

/* --- one rule ---------------------------------------------------------- */

const char *const pf_skip_names[PF_SKIP_MAX] = { "i", "d", "f", "p", "sa", "da",
	"sp", "dp" };

static void
print_skips(const struct pf_ioc_rule *r)
{
	int i;

	fputs("  [ Skip steps: ", stdout);
	for (i = 0; i < PF_SKIP_MAX; i++) {
		if (r->skip[i] == r->nr + 1)
			continue;
		if (r->skip[i] == PF_NR_NONE)
			printf("%s=end ", pf_skip_names[i]);
		else
			printf("%s=%u ", pf_skip_names[i], r->skip[i]);
	}
	puts("]");
	printf("  [ queue: qname=%s qid=0 pqname=%s pqid=0 ]\n", r->qname,
	    r->pqname);
}

static void
print_counters(const struct ask *a, const struct pf_ioc_rule *r)
{
	char buf[26];

	if (a->opts & OPT_DEBUG)
		print_skips(r);
	if (!(a->opts & OPT_VERBOSE))
		return;
	printf("  [ Evaluations: %-8llu  Packets: %-8llu  Bytes: %-10llu  "
	       "States: %-6llu]\n",
	    ULL(r->evaluations), ULL(r->packets[0] + r->packets[1]),
	    ULL(r->bytes[0] + r->bytes[1]), ULL(r->states_cur));
	printf("  [ Source Nodes: %-6llu Limit: %-6llu NAT/RDR: %-6llu "
	       "Route: %-6llu ]\n",
	    ULL(r->src_nodes), ULL(r->src_nodes_by[0]), ULL(r->src_nodes_by[1]),
	    ULL(r->src_nodes_by[2]));
	if (!(a->opts & OPT_DEBUG))
		printf("  [ Inserted: uid %u pid %d State Creations: %-6llu]\n",
		    r->cuid, r->cpid, ULL(r->states_tot));
	if (a->opts & OPT_VERBOSE2)
		printf("  [ Last Active Time: %s ]\n",
		    r->last_active == 0 ? "N/A" :
					  date_text(r->last_active, buf));
}

/* Does -i let it through?  A rule for every interface is not one of em0's. */
static bool
wanted(const struct ask *a, const struct pf_ioc_rule *r)
{
	return (a->ifname == NULL || strcmp(a->ifname, r->ifname) == 0);
}

/* The last component of an anchor's name begins with `_': it has none. */
static bool
unnamed(const char *call)
{
	const char *slash = strrchr(call, '/');

	return ((slash != NULL ? slash[1] : *call) == '_');
}

static rule_fn show_rule;

/* A level of rules; fn_arg of each_anchor() for `name/ *'. */
struct level {
	const struct ask *a;
	enum pf_rs rs;
};

static int
show_level(void *arg, const char *path)
{
	const struct level *l = arg;
	struct ask a = *l->a;

	a.anchor = path;
	return (each_rule(&a, l->rs, show_rule));
}

/* The rules behind an anchor rule, of one anchor or of all its children. */
static int
show_inside(const struct ask *a, enum pf_rs rs, const char *call)
{
	char path[PF_ANCHOR_PATHSIZE], sub[PF_ANCHOR_PATHSIZE];
	char(*names)[PF_ANCHOR_NAMESIZE];
	struct ask in = *a;
	struct level l = { &in, rs };
	uint32_t i, n;
	size_t len;
	int error = 0;

	if (++in.depth > PF_ANCHOR_DEPTH ||
	    !anchor_resolve(path, sizeof(path), a->anchor, call))
		return (0);
	len = strlen(path);
	if (len == 0 || path[len - 1] != '*')
		return (anchor_exists(a->dev, path) ? show_level(&l, path) : 0);
	path[len - (len > 1 ? 2 : 1)] = '\0';
	if (!anchor_exists(a->dev, path))
		return (0);
	if (get_anchors(a->dev, path, &names, &n) == -1)
		return (-1);
	for (i = 0; i < n && error == 0; i++)
		if (anchor_resolve(sub, sizeof(sub), path, names[i]))
			error = show_level(&l, sub);
	free(names);
	return (error);
}

static int
json_one(const struct ask *a, enum pf_rs rs, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *ents[PF_NPOOLS], bool nested)
{
	int error = 0;

	json_object(a->js, NULL);
	json_rule(a->js, a->opts, r, ents);
	if (nested) {
		json_array(a->js, "rules");
		error = show_inside(a, rs, r->anchor);
		json_end(a->js);
	}
	json_end(a->js);
	return (error);
}

static int
show_rule(const struct ask *a, enum pf_rs rs, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	struct pf_print pp = { stdout, a->opts };
	int indent = a->opts & OPT_VERBOSE ? 0 : a->depth * 2, error;
	bool nested = r->flags & PFR_ANCHOR &&
	    (a->opts & OPT_RECURSE || unnamed(r->anchor));

	if (!wanted(a, r) && !nested)
		return (0);
	if (a->js != NULL)
		return (json_one(a, rs, r, ents, nested));
	printf("%*s", indent, "");
	print_rule(&pp, r, ents, NULL);
	puts(nested ? " {" : "");
	print_counters(a, r);
	if (!nested)
		return (0);
	error = show_inside(a, rs, r->anchor);
	printf("%*s}\n", indent, "");
	return (error);
}

/* --- rulesets ---------------------------------------------------------- */

static int
show_kinds(const struct ask *a, const char *word, const uint8_t *kinds,
    size_t n)
{
	size_t i;
	int error = 0;

	if (a->js != NULL)
		json_array(a->js, word);
	for (i = 0; i < n && error == 0; i++)
		error = each_rule(a, kinds[i], show_rule);
	if (a->js != NULL)
		json_end(a->js);
	return (error);
}

int
show_rules(const struct ask *a)
{
	static const uint8_t kinds[] = { PF_RS_SCRUB, PF_RS_FILTER };

	return (show_kinds(a, "rules", kinds, nitems(kinds)));
}

int
show_nat(const struct ask *a)
{
	static const uint8_t kinds[] = { PF_RS_NAT, PF_RS_RDR, PF_RS_BINAT };

	return (show_kinds(a, "nat", kinds, nitems(kinds)));
}

/* --- labels ------------------------------------------------------------ */

static void
json_label(const struct ask *a, const struct pf_ioc_rule *r)
{
	int i;

	json_object(a->js, NULL);
	json_array(a->js, "labels");
	for (i = 0; i < PF_LABELS_MAX && r->label[i][0] != '\0'; i++)
		json_str(a->js, NULL, r->label[i]);
	json_end(a->js);
	json_str(a->js, "anchor", a->anchor);
	json_num(a->js, "rule", r->nr);
	json_num(a->js, "evaluations", r->evaluations);
	json_num(a->js, "packets", r->packets[0] + r->packets[1]);
	json_num(a->js, "bytes", r->bytes[0] + r->bytes[1]);
	json_num(a->js, "packets_in", r->packets[0]);
	json_num(a->js, "bytes_in", r->bytes[0]);
	json_num(a->js, "packets_out", r->packets[1]);
	json_num(a->js, "bytes_out", r->bytes[1]);
	json_num(a->js, "states_created", r->states_tot);
	json_end(a->js);
}

static void
print_label(const struct ask *a, const struct pf_ioc_rule *r)
{
	int i;

	show_pending(a);
	for (i = 0; i < PF_LABELS_MAX && r->label[i][0] != '\0'; i++)
		printf("%s ", r->label[i]);
	printf("%llu %llu %llu %llu %llu %llu %llu %llu\n", ULL(r->evaluations),
	    ULL(r->packets[0] + r->packets[1]), ULL(r->bytes[0] + r->bytes[1]),
	    ULL(r->packets[0]), ULL(r->bytes[0]), ULL(r->packets[1]),
	    ULL(r->bytes[1]), ULL(r->states_tot));
}

/* An anchor without a name is a part of its ruleset. */
static int
show_label(const struct ask *a, enum pf_rs rs, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	char path[PF_ANCHOR_PATHSIZE];
	struct ask in = *a;

	(void)ents;
	if (r->label[0][0] != '\0' && wanted(a, r))
		(a->js != NULL ? json_label : print_label)(a, r);
	if (!(r->flags & PFR_ANCHOR) || a->opts & OPT_RECURSE ||
	    !unnamed(r->anchor) || ++in.depth > PF_ANCHOR_DEPTH ||
	    !anchor_resolve(path, sizeof(path), a->anchor, r->anchor))
		return (0);
	in.anchor = path;
	return (each_rule(&in, rs, show_label));
}

static int
labels_of(void *arg, const char *path)
{
	struct ask a = *(const struct ask *)arg;

	a.anchor = path;
	return (each_rule(&a, PF_RS_FILTER, show_label));
}

int
show_labels(const struct ask *a)
{
	struct ask copy = *a;
	int error;

	if (a->js != NULL)
		json_array(a->js, "labels");
	error = each_anchor(a->dev, a->anchor, (a->opts & OPT_RECURSE) != 0,
	    labels_of, &copy);
	if (a->js != NULL)
		json_end(a->js);
	return (error);
}

/* --- anchors ----------------------------------------------------------- */

/* Paths under a->anchor; without -v or -a '*' only those directly under it. */
static int
anchor_line(void *arg, const char *path)
{
	const struct ask *a = arg;

	if (strcmp(path, a->anchor) == 0)
		return (0);
	if (a->js != NULL)
		json_str(a->js, NULL, path);
	else
		printf("  %s\n", path);
	return (0);
}

static int
anchors_here(const struct ask *a)
{
	char(*names)[PF_ANCHOR_NAMESIZE], path[PF_ANCHOR_PATHSIZE];
	struct ask copy = *a;
	uint32_t i, n;

	if (get_anchors(a->dev, a->anchor, &names, &n) == -1)
		return (-1);
	for (i = 0; i < n; i++)
		if (names[i][0] != '_' &&
		    anchor_resolve(path, sizeof(path), a->anchor, names[i]))
			anchor_line(&copy, path);
	free(names);
	return (0);
}

int
show_anchors(const struct ask *a)
{
	struct ask copy = *a;
	int error;

	if (a->js != NULL)
		json_array(a->js, "Anchors");
	if (a->opts & (OPT_VERBOSE | OPT_RECURSE))
		error = each_anchor(a->dev, a->anchor, true, anchor_line,
		    &copy);
	else
		error = anchors_here(a);
	if (a->js != NULL)
		json_end(a->js);
	return (error);
}
