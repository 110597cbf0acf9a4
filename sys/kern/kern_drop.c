/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Drops and counters, and sysctl net.stats, which shows both: all rows of a
 * protocol together, protocols in order of registration.
 */

#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/drop.h>
#include <sys/sysctl.h>

const struct drop_row drop_rows[NDROPS] = {
	[DROP_NONE] = { "NONE", "none", "no reason" },
#define DROP(name, proto, text) [DROP_##name] = { #name, proto, text },
#include <sys/drops.def>
#undef DROP
};
uint64_t drop_counts[NDROPS];

static TAILQ_HEAD(, counter_group) groups = TAILQ_HEAD_INITIALIZER(groups);

void
drop_count(enum drop_reason why)
{
	KASSERT(why > DROP_NONE && why < NDROPS);
	drop_counts[why]++;
}

void
counters_register(struct counter_group *cg)
{
	TAILQ_INSERT_TAIL(&groups, cg, cg_entry);
}

static int
row_out(struct sysctl_req *req, const char *proto, const char *text,
    uint64_t value, bool drop)
{
	struct stat_row row;

	memset(&row, 0, sizeof(row));
	strlcpy(row.proto, proto, sizeof(row.proto));
	strlcpy(row.text, text, sizeof(row.text));
	row.value = value;
	row.is_drop = drop;
	return (sysctl_out(req, &row, sizeof(row)));
}

/* Has proto been shown, by a group before cg or a drop before why? */
static bool
shown_before(const char *proto, const struct counter_group *cg, int why)
{
	const struct counter_group *g;

	for (g = TAILQ_FIRST(&groups); g != cg; g = TAILQ_NEXT(g, cg_entry))
		if (strcmp(g->cg_proto, proto) == 0)
			return (true);
	for (int i = DROP_NONE + 1; cg == NULL && i < why; i++)
		if (strcmp(drop_rows[i].proto, proto) == 0)
			return (true);
	return (false);
}

static int
proto_out(struct sysctl_req *req, const char *proto)
{
	const struct counter_group *cg;
	int error = 0;

	TAILQ_FOREACH(cg, &groups, cg_entry)
		for (unsigned int i = 0; i < cg->cg_count && error == 0 &&
		     strcmp(cg->cg_proto, proto) == 0;
		     i++)
			error = row_out(req, proto, cg->cg_text[i],
			    cg->cg_value[i], false);
	for (int i = DROP_NONE + 1; i < NDROPS && error == 0; i++)
		if (strcmp(drop_rows[i].proto, proto) == 0)
			error = row_out(req, proto, drop_rows[i].text,
			    drop_counts[i], true);
	return (error);
}

static int
stats_sysctl(struct sysctl_req *req)
{
	const struct counter_group *cg;
	int error = 0;

	if (req->rest[0] != '\0')
		return (proto_out(req, req->rest));
	TAILQ_FOREACH(cg, &groups, cg_entry)
		if (error == 0 && !shown_before(cg->cg_proto, cg, 0))
			error = proto_out(req, cg->cg_proto);
	for (int i = DROP_NONE + 1; i < NDROPS && error == 0; i++)
		if (!shown_before(drop_rows[i].proto, NULL, i))
			error = proto_out(req, drop_rows[i].proto);
	return (error);
}

static const struct sysctl_row stat_rows[] = {
	{ .name = "net.stats",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = stats_sysctl,
	    .text = "counters and drops of all protocols" },
};
static struct sysctl_table stat_table = { .rows = stat_rows,
	.nrows = nitems(stat_rows) };

void
statinit(void)
{
	sysctl_register(&stat_table);
}
