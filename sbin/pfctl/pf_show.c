/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * -s: one row a word; -s all is the rows that have a title.  The functions
 * of the words stand in pf_showrules.c, pf_showstate.c, pf_showtable.c and
 * pf_showinfo.c.  Each prints lines, or with -j one value under its word.
 */

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

static int show_all(const struct ask *a);

#define NEEDS_TOP 0x01 /* is about the whole filter, not an anchor */
#define TAKES_IF  0x02 /* -i restricts it */
#define IF_ANY    0x04 /* its title is printed only above something */

/* In the order in which a prefix finds them. */
static const struct word {
	const char *name;
	int (*run)(const struct ask *a);
	int flags;
} words[] = {
	{ "ethernet", show_ethernet, 0 },
	{ "nat", show_nat, TAKES_IF },
	{ "queue", show_queue, NEEDS_TOP | TAKES_IF },
	{ "rules", show_rules, TAKES_IF },
	{ "Anchors", show_anchors, 0 },
	{ "Sources", show_sources, NEEDS_TOP },
	{ "states", show_states, NEEDS_TOP | TAKES_IF },
	{ "info", show_info, NEEDS_TOP },
	{ "Interfaces", show_interfaces, NEEDS_TOP | TAKES_IF },
	{ "labels", show_labels, TAKES_IF },
	{ "timeouts", show_timeouts, NEEDS_TOP },
	{ "memory", show_memory, NEEDS_TOP },
	{ "Tables", show_tables, 0 },
	{ "osfp", show_osfp, NEEDS_TOP },
	{ "Running", show_running, NEEDS_TOP },
	{ "all", show_all, TAKES_IF },
	{ "creatorids", show_creators, NEEDS_TOP },
};

static const struct word *
find_word(const char *prefix)
{
	size_t i;

	for (i = 0; i < nitems(words); i++)
		if (strncmp(words[i].name, prefix, strlen(prefix)) == 0)
			return (&words[i]);
	return (NULL);
}

const char *
show_word(const char *prefix)
{
	const struct word *w = find_word(prefix);

	return (w != NULL ? w->name : NULL);
}

bool
show_takes_if(const char *word)
{
	return ((find_word(word)->flags & TAKES_IF) != 0);
}

/* --- what this kernel has none of -------------------------------------- */

static int
none(const struct ask *a, const char *word, const char *what)
{
	if (a->js != NULL) {
		json_array(a->js, word);
		json_end(a->js);
	} else if (!(a->opts & OPT_QUIET))
		warnx("this kernel has no %s", what);
	return (0);
}

int
show_queue(const struct ask *a)
{
	return (none(a, "queue", "queues"));
}

int
show_ethernet(const struct ask *a)
{
	return (none(a, "ethernet", "ether rules"));
}

/* --- all --------------------------------------------------------------- */

/* The title that waits for a first line. */
void
show_pending(const struct ask *a)
{
	if (a->title == NULL || *a->title == NULL)
		return;
	printf("\n%s\n", *a->title);
	*a->title = NULL;
}

static int
show_all(const struct ask *a)
{
	static const struct {
		const char *title;
		int (*run)(const struct ask *a);
		int flags;
	} parts[] = {
		{ "TRANSLATION RULES:", show_nat, 0 },
		{ "FILTER RULES:", show_rules, 0 },
		{ "STATES:", show_states, NEEDS_TOP },
		{ "SOURCE TRACKING NODES:", show_sources, NEEDS_TOP | IF_ANY },
		{ "INFO:", show_info, NEEDS_TOP },
		{ "LABEL COUNTERS:", show_labels, IF_ANY },
		{ "TIMEOUTS:", show_timeouts, NEEDS_TOP },
		{ "LIMITS:", show_memory, NEEDS_TOP },
		{ "TABLES:", show_tables, 0 },
		{ "OS FINGERPRINTS:", show_osfp, NEEDS_TOP },
	};
	struct ask part = *a;
	const char *title;
	size_t i;
	int error = 0;

	part.opts |= OPT_ALL;
	part.title = &title;
	for (i = 0; i < nitems(parts) && error == 0; i++) {
		if (parts[i].flags & NEEDS_TOP && *a->anchor != '\0')
			continue;
		title = a->js == NULL ? parts[i].title : NULL;
		if (title != NULL && !(parts[i].flags & IF_ANY)) {
			printf("%s%s\n", i > 0 ? "\n" : "", title);
			title = NULL;
		}
		error = parts[i].run(&part);
	}
	return (error);
}

int
show(int dev, const char *word, const char *anchor, const char *ifname,
    int opts)
{
	struct ask a = { .dev = dev,
		.opts = opts,
		.anchor = anchor,
		.ifname = ifname };
	const struct word *w = find_word(word);
	int error;

	if (w->flags & NEEDS_TOP && *anchor != '\0') {
		warnx("-s %s is not about an anchor: it goes without -a", word);
		return (-1);
	}
	if (!(opts & OPT_JSON))
		return (w->run(&a));
	a.js = json_begin(stdout);
	json_object(a.js, NULL);
	error = w->run(&a);
	json_finish(a.js);
	return (error);
}
