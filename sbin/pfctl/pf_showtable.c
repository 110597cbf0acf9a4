/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* -s Tables, Interfaces: lists with counters. */

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define ULL(x) ((unsigned long long)(x))

/* --- tables ------------------------------------------------------------ */

static const struct {
	uint32_t flag;
	char letter;
	const char *name;
} table_flags[] = { { PFRT_CONST, 'c', "const" },
	{ PFRT_PERSIST, 'p', "persist" }, { PFRT_ACTIVE, 'a', "active" },
	{ PFRT_INACTIVE, 'i', "inactive" },
	{ PFRT_REFERENCED, 'r', "referenced" },
	{ PFRT_REFDANCHOR, 'h', "referenced_by_anchor" },
	{ PFRT_COUNTERS, 'C', "counters" } };
static const char *const ways[] = { "In", "Out" };
static const char *const fates[] = { "Block", "Pass", "XPass" };

static void
print_table_more(const struct pf_ioc_tstats *t)
{
	char buf[26], name[16];
	int way, fate;

	printf("\tAddresses:   %u\n\tCleared:     %s\n", t->count,
	    date_text(t->tzero, buf));
	printf("\tReferences:  [ Anchors: %-18u Rules: %-18u ]\n", t->anchors,
	    t->rules);
	printf("\tEvaluations: [ NoMatch: %-18llu Match: %-18llu ]\n",
	    ULL(t->nomatch), ULL(t->match));
	for (way = 0; way < 2; way++)
		for (fate = 0; fate < 3; fate++) {
			snprintf(name, sizeof(name), "%s/%s:", ways[way],
			    fates[fate]);
			printf("\t%-12s [ Packets: %-18llu Bytes: %-18llu ]\n",
			    name, ULL(t->packets[way][fate]),
			    ULL(t->bytes[way][fate]));
		}
}

static void
print_table(const struct ask *a, const struct pf_ioc_tstats *t)
{
	size_t i;

	if (a->opts & OPT_VERBOSE) {
		for (i = 0; i < nitems(table_flags); i++)
			putchar(t->table.flags & table_flags[i].flag ?
				table_flags[i].letter :
				'-');
		printf("\t%s", t->table.name);
		if (t->table.anchor[0] != '\0')
			printf("\t%s", t->table.anchor);
		putchar('\n');
	} else
		puts(t->table.name);
	if (a->opts & OPT_VERBOSE2)
		print_table_more(t);
}

static void
json_table(const struct ask *a, const struct pf_ioc_tstats *t)
{
	struct json *js = a->js;
	char name[32];
	size_t i;
	int way, fate;

	json_object(js, NULL);
	json_str(js, "name", t->table.name);
	json_str(js, "anchor", t->table.anchor);
	for (i = 0; i < nitems(table_flags); i++)
		json_bool(js, table_flags[i].name,
		    (t->table.flags & table_flags[i].flag) != 0);
	json_num(js, "addresses", t->count);
	json_num(js, "cleared", t->tzero);
	json_num(js, "anchors", t->anchors);
	json_num(js, "rules", t->rules);
	json_num(js, "match", t->match);
	json_num(js, "nomatch", t->nomatch);
	for (way = 0; way < 2; way++)
		for (fate = 0; fate < 3; fate++) {
			snprintf(name, sizeof(name), "%s/%s", ways[way],
			    fates[fate]);
			json_object(js, name);
			json_num(js, "packets", t->packets[way][fate]);
			json_num(js, "bytes", t->bytes[way][fate]);
			json_end(js);
		}
	json_end(js);
}

int
show_tables(const struct ask *a)
{
	struct pf_ioc_tstats *list;
	uint32_t i, n;

	if (get_tables(a, a->opts & OPT_RECURSE ? PFRF_ALLRSETS : 0, &list,
		&n) == -1)
		return (-1);
	if (a->js != NULL)
		json_array(a->js, "Tables");
	for (i = 0; i < n; i++) {
		if (!(list[i].table.flags & PFRT_ACTIVE) &&
		    !(a->opts & OPT_DEBUG))
			continue;
		(a->js != NULL ? json_table : print_table)(a, &list[i]);
	}
	if (a->js != NULL)
		json_end(a->js);
	free(list);
	return (0);
}

/* --- interfaces -------------------------------------------------------- */

static const char *const kif_fates[] = { "Pass", "Block" };

static void
print_kif(const struct ask *a, const struct pf_ioc_kif *k)
{
	char buf[26], name[16];
	int v, way, fate;

	printf("%s%s\n", k->name,
	    a->opts & OPT_VERBOSE && k->flags & PFI_SKIP ? " (skip)" : "");
	if (!(a->opts & OPT_VERBOSE2))
		return;
	printf("\tCleared:     %s\n", date_text(k->tzero, buf));
	printf("\tReferences:  %-18u\n", k->rules);
	for (v = 0; v < 2; v++)
		for (way = 0; way < 2; way++)
			for (fate = 0; fate < 2; fate++) {
				snprintf(name, sizeof(name),
				    "%s%d/%s:", ways[way], v == 0 ? 4 : 6,
				    kif_fates[fate]);
				printf("\t%-12s [ Packets: %-18llu "
				       "Bytes: %-18llu ]\n",
				    name, ULL(k->packets[v][way][fate]),
				    ULL(k->bytes[v][way][fate]));
			}
}

static void
json_kif(const struct ask *a, const struct pf_ioc_kif *k)
{
	struct json *js = a->js;
	char name[16];
	int v, way, fate;

	json_object(js, NULL);
	json_str(js, "name", k->name);
	json_bool(js, "group", k->isgroup != 0);
	json_bool(js, "skip", (k->flags & PFI_SKIP) != 0);
	json_num(js, "cleared", k->tzero);
	json_num(js, "rules", k->rules);
	json_num(js, "states", k->states);
	for (v = 0; v < 2; v++)
		for (way = 0; way < 2; way++)
			for (fate = 0; fate < 2; fate++) {
				snprintf(name, sizeof(name), "%s%d/%s",
				    ways[way], v == 0 ? 4 : 6, kif_fates[fate]);
				json_object(js, name);
				json_num(js, "packets",
				    k->packets[v][way][fate]);
				json_num(js, "bytes", k->bytes[v][way][fate]);
				json_end(js);
			}
	json_end(js);
}

int
show_interfaces(const struct ask *a)
{
	struct pf_ioc_kif *list;
	uint32_t i, n;

	if (get_ifaces(a, &list, &n) == -1)
		return (-1);
	if (a->js != NULL)
		json_array(a->js, "Interfaces");
	for (i = 0; i < n; i++)
		(a->js != NULL ? json_kif : print_kif)(a, &list[i]);
	if (a->js != NULL)
		json_end(a->js);
	free(list);
	return (0);
}
