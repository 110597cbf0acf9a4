/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Asking the kernel, piece by piece.  Lists are asked for again with more
 * room until all of it fits.  A ruleset or a list of anchors that changes
 * meanwhile (EBUSY) is asked for from the start, so what is shown is what one
 * load has made, and not a mix of two.
 */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pf_ctl.h"

/* --- rules ------------------------------------------------------------- */

/* What a ruleset or an anchor had when it was asked for. */
enum taken { TAKEN, CHANGED /* meanwhile: begin again */, FAILED /* said */ };

/* So often, with a pause, before it is given up. */
#define TRIES 50

static void
wait_a_little(void)
{
	const struct timespec ts = { .tv_nsec = 10000000 };

	nanosleep(&ts, NULL);
}

/* A rule with its pools. */
struct taken_rule {
	struct pf_ioc_rule rule;
	struct pf_ioc_poolent *ents[PF_NPOOLS];
};
struct taken_rules {
	uint32_t n;
	struct taken_rule *rule;
};

static void
rules_free(struct taken_rules *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		for (int p = 0; p < PF_NPOOLS; p++)
			free(list->rule[i].ents[p]);
	free(list->rule);
	*list = (struct taken_rules){ .n = 0 };
}

/*
 * The question is repeated until the pools have room; the one that also
 * clears counters is the last, so what it answers is what was cleared.
 */
static enum taken
take_rule(const struct ask *a, struct pfioc_rule *io, struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	struct pfioc_rule in = *io;
	bool more;
	int i;

	do {
		*io = in;
		if (pf_call(a->dev, DIOCGETRULE, io) == -1) {
			if (errno == EBUSY || errno == ENOENT)
				return (CHANGED);
			warn("cannot get rule %u", in.nr);
			return (FAILED);
		}
		more = false;
		for (i = 0; i < PF_NPOOLS; i++) {
			if (io->rule.pool[i].nents <= in.rule.pool[i].nents)
				continue;
			more = true;
			in.rule.pool[i].nents = io->rule.pool[i].nents;
			free(ents[i]);
			ents[i] = xcalloc(in.rule.pool[i].nents,
			    sizeof(*ents[i]));
			in.rule.pool[i].ents_ptr = (uintptr_t)ents[i];
		}
		if (!more && a->opts & OPT_CLEAR && !in.clear)
			more = (in.clear = 1);
	} while (more);
	return (TAKEN);
}

/* All rules of one generation. */
static enum taken
take_rules(const struct ask *a, enum pf_rs rs, struct taken_rules *list)
{
	struct pfioc_rule *ask = xcalloc(1, sizeof(*ask)), *io = xcalloc(1, sizeof(*io));
	enum taken took = TAKEN;
	uint32_t nr;

	ask->rs = (uint8_t)rs;
	snprintf(ask->anchor, sizeof(ask->anchor), "%s", a->anchor);
	if (pf_call(a->dev, DIOCGETRULES, ask) == -1) {
		if (errno == ENOENT)
			warnx("anchor '%s' does not exist", a->anchor);
		else
			warn("cannot get rules");
		took = FAILED;
	}
	if (took == TAKEN)
		list->rule = xcalloc(ask->nr, sizeof(*list->rule));
	for (nr = 0; took == TAKEN && nr < ask->nr; nr++) {
		*io = *ask;
		io->nr = nr;
		took = take_rule(a, io, list->rule[nr].ents);
		list->rule[nr].rule = io->rule;
		list->n = nr + 1;
	}
	free(ask);
	free(io);
	return (took);
}

int
each_rule(const struct ask *a, enum pf_rs rs, rule_fn *fn)
{
	struct taken_rules list = { .n = 0 };
	enum taken took;
	int error = 0;

	for (int i = 0; (took = take_rules(a, rs, &list)) == CHANGED && i < TRIES; i++) {
		rules_free(&list);
		wait_a_little();
	}
	if (took == CHANGED)
		warnx("cannot get rules: they are replaced all the time");
	for (uint32_t i = 0; took == TAKEN && error == 0 && i < list.n; i++)
		error = fn(a, rs, &list.rule[i].rule, list.rule[i].ents);
	rules_free(&list);
	return (took == TAKEN ? error : -1);
}

/* --- anchors ----------------------------------------------------------- */

static enum taken
take_anchors(int dev, const char *path, char (**list)[PF_ANCHOR_NAMESIZE], uint32_t *n)
{
	struct pfioc_ruleset io;
	uint32_t nr;

	memset(&io, 0, sizeof(io));
	snprintf(io.path, sizeof(io.path), "%s", path);
	if (pf_call(dev, DIOCGETRULESETS, &io) == -1) {
		if (errno == ENOENT)
			warnx("anchor '%s' does not exist", path);
		else
			warn("cannot get anchors");
		return (FAILED);
	}
	*n = io.nr;
	*list = xcalloc(io.nr, sizeof(**list));
	for (nr = 0; nr < *n; nr++) {
		io.nr = nr;
		if (pf_call(dev, DIOCGETRULESET, &io) == -1) {
			if (errno == EBUSY || errno == ENOENT)
				return (CHANGED);
			warn("cannot get anchor %u of '%s'", nr, path);
			return (FAILED);
		}
		memcpy((*list)[nr], io.name, sizeof(io.name));
		(*list)[nr][sizeof(io.name) - 1] = '\0';
	}
	return (TAKEN);
}

int
get_anchors(int dev, const char *path, char (**list)[PF_ANCHOR_NAMESIZE],
    uint32_t *n)
{
	enum taken took;

	*list = NULL;
	for (int i = 0; (took = take_anchors(dev, path, list, n)) == CHANGED && i < TRIES; i++) {
		free(*list);
		*list = NULL;
		wait_a_little();
	}
	if (took == CHANGED)
		warnx("cannot get anchors: they are replaced all the time");
	if (took == TAKEN)
		return (0);
	free(*list);
	*list = NULL;
	return (-1);
}

bool
anchor_exists(int dev, const char *path)
{
	struct pfioc_ruleset io;

	memset(&io, 0, sizeof(io));
	snprintf(io.path, sizeof(io.path), "%s", path);
	return (pf_call(dev, DIOCGETRULESETS, &io) == 0 || errno != ENOENT);
}

static int
below(int dev, const char *path, int depth,
    int (*fn)(void *arg, const char *path), void *arg)
{
	char(*names)[PF_ANCHOR_NAMESIZE], sub[PF_ANCHOR_PATHSIZE];
	uint32_t i, n;
	int error;

	if ((error = fn(arg, path)) != 0 || depth == 0)
		return (error);
	if (get_anchors(dev, path, &names, &n) == -1)
		return (-1);
	for (i = 0; i < n && error == 0; i++) {
		if ((size_t)snprintf(sub, sizeof(sub), "%s%s%s", path,
			*path != '\0' ? "/" : "", names[i]) >= sizeof(sub)) {
			warnx("anchor path too long: %s/%s", path, names[i]);
			error = -1;
		} else
			error = below(dev, sub, depth - 1, fn, arg);
	}
	free(names);
	return (error);
}

int
each_anchor(int dev, const char *path, bool deep,
    int (*fn)(void *arg, const char *path), void *arg)
{
	return (below(dev, path, deep ? PF_ANCHOR_DEPTH : 0, fn, arg));
}

bool
anchor_resolve(char *path, size_t size, const char *in, const char *call)
{
	char *slash;

	snprintf(path, size, "%s", *call == '/' ? "" : in);
	call += *call == '/';
	while (strncmp(call, "../", 3) == 0) {
		slash = strrchr(path, '/');
		*(slash != NULL ? slash : path) = '\0';
		call += 3;
	}
	if (strlen(path) + 1 + strlen(call) >= size) {
		*path = '\0';
		return (false);
	}
	if (*path != '\0' && *call != '\0')
		strcat(path, "/");
	strcat(path, call);
	return (true);
}

/* --- states ------------------------------------------------------------ */

static bool
among(const char *name, char (*list)[IFNAMSIZ], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return (true);
	return (false);
}

int
each_state(const struct ask *a,
    void (*fn)(const struct ask *a, const struct pf_ioc_state *s))
{
	enum { ROOM = 256 };
	struct pfioc_states io = { .n = ROOM };
	struct pf_ioc_state *buf = xcalloc(ROOM, sizeof(*buf));
	char(*ifs)[IFNAMSIZ] = NULL;
	size_t nifs = 0;
	uint32_t i;
	int error;

	if (a->ifname != NULL)
		nifs = pf_ifs_members(a->ifname, &ifs);
	io.buf_ptr = (uintptr_t)buf;
	while ((error = pf_call(a->dev, DIOCGETSTATES, &io)) == 0 &&
	    io.n != 0 && io.n <= ROOM) {
		for (i = 0; i < io.n; i++)
			if (a->ifname == NULL ||
			    among(buf[i].ifname, ifs, nifs))
				fn(a, &buf[i]);
		io.after = buf[io.n - 1].id;
		io.n = ROOM;
	}
	if (error == -1)
		warn("cannot get states");
	free(ifs);
	free(buf);
	return (error);
}

/* --- lists that are asked for until they fit --------------------------- */

/* A structure whose call takes a buffer and an element count. */
struct growing {
	unsigned long cmd;
	void *io;
	uint64_t *ptr;
	uint32_t *n;
	size_t size; /* of an element */
	const char *what;
};

static int
grow(int dev, const struct growing *g, void **list)
{
	uint32_t room = 64;
	void *buf;

	for (;;) {
		buf = xcalloc(room, g->size);
		*g->ptr = (uintptr_t)buf;
		*g->n = room;
		if (pf_call(dev, g->cmd, g->io) == -1) {
			free(buf);
			if (g->what != NULL)
				warn("cannot get %s", g->what);
			return (-1);
		}
		if (*g->n <= room)
			break;
		free(buf);
		room = *g->n + *g->n / 8;
	}
	*list = buf;
	return (0);
}

int
get_tables(const struct ask *a, uint32_t flags, struct pf_ioc_tstats **list,
    uint32_t *n)
{
	struct pfioc_table io;
	struct growing g = { DIOCRGETTSTATS, &io, &io.buf_ptr, &io.n,
		sizeof(**list), "tables" };
	void *buf;

	memset(&io, 0, sizeof(io));
	io.flags = flags;
	snprintf(io.table.anchor, sizeof(io.table.anchor), "%s", a->anchor);
	if (grow(a->dev, &g, &buf) == -1)
		return (-1);
	*list = buf;
	*n = io.n;
	return (0);
}

/* io names the table; says nothing itself. */
int
get_table_addrs(int dev, struct pfioc_table *io, struct pf_ioc_tastats **list)
{
	struct growing g = { DIOCRGETASTATS, io, &io->buf_ptr, &io->n,
		sizeof(**list), NULL };
	void *buf;

	if (grow(dev, &g, &buf) == -1)
		return (-1);
	*list = buf;
	return (0);
}

int
get_ifaces(const struct ask *a, struct pf_ioc_kif **list, uint32_t *n)
{
	struct pfioc_ifaces io;
	struct growing g = { DIOCIGETIFACES, &io, &io.buf_ptr, &io.n,
		sizeof(**list), "interfaces" };
	void *buf;

	memset(&io, 0, sizeof(io));
	if (a->ifname != NULL)
		snprintf(io.name, sizeof(io.name), "%s", a->ifname);
	if (grow(a->dev, &g, &buf) == -1)
		return (-1);
	*list = buf;
	*n = io.n;
	return (0);
}

int
get_srcnodes(const struct ask *a, struct pf_ioc_srcnode **list, uint32_t *n)
{
	struct pfioc_srcnodes io;
	struct growing g = { DIOCGETSRCNODES, &io, &io.buf_ptr, &io.n,
		sizeof(**list), NULL };
	void *buf;

	memset(&io, 0, sizeof(io));
	*list = NULL;
	*n = 0;
	if (grow(a->dev, &g, &buf) == -1) {
		if (pf_lacks())
			return (0);
		warn("cannot get source nodes");
		return (-1);
	}
	*list = buf;
	*n = io.n;
	return (0);
}

int
get_osfps(const struct ask *a, struct pf_ioc_osfp **list, uint32_t *n)
{
	struct pf_ioc_osfp *more;
	uint32_t room = 0;

	*n = 0;
	*list = NULL;
	for (;;) {
		if (*n == room) {
			room = room == 0 ? 64 : 2 * room;
			more = xcalloc(room, sizeof(*more));
			if (*n != 0)
				memcpy(more, *list, *n * sizeof(*more));
			free(*list);
			*list = more;
		}
		(*list)[*n].nr = *n;
		if (pf_call(a->dev, DIOCOSFPGET, &(*list)[*n]) == -1)
			break;
		++*n;
	}
	if (errno == EBUSY || pf_lacks())
		return (0);
	warn("cannot get fingerprints");
	return (-1);
}

int
get_status(const struct ask *a, struct pf_status *s)
{
	memset(s, 0, sizeof(*s));
	if (pf_call(a->dev, DIOCGETSTATUS, s) == 0)
		return (0);
	warn("cannot get status");
	return (-1);
}
