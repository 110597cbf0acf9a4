/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Doing: -e -d -x -F -k.  What was done is said on standard error. */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

__attribute__((format(printf, 2, 3))) static void
say(int opts, const char *fmt, ...)
{
	va_list ap;

	if (opts & OPT_QUIET)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
act_enable(int dev, int opts)
{
	if (ioctl(dev, DIOCSTART) == -1) {
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
	if (ioctl(dev, DIOCSTOP) == -1) {
		if (errno == ENOENT)
			warnx("pf not enabled");
		else
			warn("cannot disable pf");
		return (-1);
	}
	say(opts, "pf disabled");
	return (0);
}

int
act_debug(int dev, const char *level, int opts)
{
	static const char *const names[] = { "none", "urgent", "misc", "loud" };
	struct pfioc_value io = { .ticket = 0 };

	while (io.value < nitems(names) &&
	    strncmp(names[io.value], level, strlen(level)) != 0)
		io.value++;
	if (io.value == nitems(names)) {
		warnx("unknown debug level %s", level);
		return (-1);
	}
	if (ioctl(dev, DIOCSETDEBUG, &io) == -1) {
		warn("cannot set debug level");
		return (-1);
	}
	say(opts, "debug level set to '%s'", names[io.value]);
	return (0);
}

/* --- flush ------------------------------------------------------------- */

static const char *const flush_words[] = { "nat", "queue", "rules", "Sources",
	"states", "info", "Tables", "osfp", "all", "ethernet", "Reset" };

const char *
flush_word(const char *prefix)
{
	size_t i;

	for (i = 0; i < nitems(flush_words); i++)
		if (strncmp(flush_words[i], prefix, strlen(prefix)) == 0)
			return (flush_words[i]);
	return (NULL);
}

/* Publishes empty rulesets (a bit a kind) of anchor. */
static int
empty_rulesets(int dev, const char *anchor, unsigned int kinds)
{
	struct pf_ioc_elem *e;
	struct pfioc_trans tr = { .ticket = 0 };
	unsigned int i;
	int error;

	if ((e = calloc(PF_RS_MAX, sizeof(*e))) == NULL)
		err(1, NULL);
	for (i = 0; i < PF_RS_MAX; i++) {
		if (!(kinds & 1U << i))
			continue;
		e[tr.nelems].type = PF_ELEM_RULES;
		e[tr.nelems].rs = (uint8_t)i;
		snprintf(e[tr.nelems++].anchor, sizeof(e->anchor), "%s",
		    anchor);
	}
	tr.elems_ptr = (uintptr_t)e;
	error = ioctl(dev, DIOCXBEGIN, &tr) == -1 ||
		ioctl(dev, DIOCXCOMMIT, &tr) == -1 ?
	    -1 :
	    0;
	if (error == -1)
		warn("cannot flush rules");
	free(e);
	return (error);
}

static int
flush_tables(int dev, const char *anchor, int opts)
{
	struct pfioc_table io;

	memset(&io, 0, sizeof(io));
	snprintf(io.table.anchor, sizeof(io.table.anchor), "%s", anchor);
	if (ioctl(dev, DIOCRCLRTABLES, &io) == -1) {
		warn("cannot delete tables");
		return (-1);
	}
	say(opts, "%u tables deleted.", io.ndel);
	return (0);
}

static int
flush_states(int dev, int opts)
{
	struct pfioc_kill io;

	memset(&io, 0, sizeof(io));
	if (ioctl(dev, DIOCCLRSTATES, &io) == -1) {
		warn("cannot clear states");
		return (-1);
	}
	say(opts, "%u states cleared", io.killed);
	return (0);
}

static int
flush_info(int dev, int opts)
{
	struct pfioc_iface io;

	memset(&io, 0, sizeof(io));
	if (ioctl(dev, DIOCCLRSTATUS, &io) == -1) {
		warn("cannot clear statistics");
		return (-1);
	}
	say(opts, "pf: statistics cleared");
	return (0);
}

/* Options go back to their defaults: a transaction with options and none set. */
static int
flush_reset(int dev, int opts)
{
	struct pf_ioc_elem e;
	struct pfioc_trans tr = { .nelems = 1, .elems_ptr = (uintptr_t)&e };

	memset(&e, 0, sizeof(e));
	e.type = PF_ELEM_OPTIONS;
	if (ioctl(dev, DIOCXBEGIN, &tr) == -1 ||
	    ioctl(dev, DIOCXCOMMIT, &tr) == -1) {
		warn("cannot reset");
		return (-1);
	}
	say(opts, "pf: interface flags reset");
	return (0);
}

int
act_flush(int dev, const char *word, const char *anchor, int opts)
{
	bool all = strcmp(word, "all") == 0, top = *anchor == '\0';
	int error = 0;

	if (strcmp(word, "queue") == 0 || strcmp(word, "Sources") == 0 ||
	    strcmp(word, "ethernet") == 0 || strcmp(word, "osfp") == 0) {
		warnx("-F %s is not supported by this kernel", word);
		return (-1);
	}
	if (all || strcmp(word, "rules") == 0) {
		error |= empty_rulesets(dev, anchor,
		    1U << PF_RS_SCRUB | 1U << PF_RS_FILTER);
		say(opts, "rules cleared");
	}
	if (all || strcmp(word, "nat") == 0) {
		error |= empty_rulesets(dev, anchor,
		    1U << PF_RS_NAT | 1U << PF_RS_BINAT | 1U << PF_RS_RDR);
		say(opts, "nat cleared");
	}
	if (all || strcmp(word, "Tables") == 0)
		error |= flush_tables(dev, anchor, opts);
	if ((all && top) || strcmp(word, "states") == 0)
		error |= flush_states(dev, opts);
	if ((all && top) || strcmp(word, "info") == 0)
		error |= flush_info(dev, opts);
	if ((all && top) || strcmp(word, "Reset") == 0)
		error |= flush_reset(dev, opts);
	return (error);
}

/* --- kill -------------------------------------------------------------- */

static int
kill_one(int dev, struct pfioc_kill *k, uint32_t *killed)
{
	if (ioctl(dev, DIOCKILLSTATES, k) == -1) {
		warn("cannot kill states");
		return (-1);
	}
	*killed += k->killed;
	return (0);
}

static struct node_host *
lookup(struct pfconf *pc, const char *s)
{
	const char *slash = strchr(s, '/');
	struct node_host *h;
	int64_t plen = -1;

	if (slash != NULL) {
		if (!pf_hexnumber(slash + 1, &plen) || plen < 0 || plen > 128)
			errx(1, "invalid network %s", s);
		s = conf_printf(pc->lex, "%.*s", (int)(slash - s), s);
	}
	pc->tok.file = "pfctl";
	if ((h = host_word(pc, s, (int)plen)) == NULL)
		exit(1);
	return (h);
}

static int
kill_hosts(int dev, struct pfconf *pc, char *const hosts[], int n,
    struct pfioc_kill *k, int opts)
{
	struct node_host *s, *d, *src = lookup(pc, hosts[0]),
				 *dst = n > 1 ? lookup(pc, hosts[1]) : NULL;
	uint32_t killed = 0, nsrc = 0, ndst = 0;

	for (s = src; s != NULL; s = s->next, nsrc++) {
		k->by = PF_KILL_ADDR;
		k->src.addr = s->addr;
		k->af = s->addr.af;
		d = dst;
		do {
			if (d != NULL && s->addr.plen != 0 &&
			    d->addr.af != s->addr.af)
				continue;
			if (d != NULL) {
				k->dst.addr = d->addr;
				k->af = d->addr.af;
				ndst++;
			}
			if (kill_one(dev, k, &killed) == -1)
				return (-1);
		} while (d != NULL && (d = d->next) != NULL);
	}
	say(opts, "killed %u states from %u sources and %u destinations",
	    killed, nsrc, ndst);
	return (0);
}

/* label X, id X[/creator], gateway H, nat H; 1: none of these words. */
static int
kill_word(int dev, struct pfconf *pc, char *const hosts[], struct pfioc_kill *k,
    int opts)
{
	uint32_t killed = 0;
	char *end;

	if (strcmp(hosts[0], "label") == 0) {
		k->by = PF_KILL_LABEL;
		if (strlen(hosts[1]) >= sizeof(k->label))
			errx(1, "label too long");
		strcpy(k->label, hosts[1]);
	} else if (strcmp(hosts[0], "id") == 0) {
		k->by = PF_KILL_ID;
		k->id = strtoull(hosts[1], &end, 16);
		if (*end == '/')
			k->creatorid = (uint32_t)strtoul(end + 1, &end, 16);
		if (*end != '\0')
			errx(1, "%s is not a state id", hosts[1]);
	} else if (strcmp(hosts[0], "gateway") == 0 ||
	    strcmp(hosts[0], "nat") == 0) {
		k->by = hosts[0][0] == 'g' ? PF_KILL_GATEWAY : PF_KILL_NAT;
		k->src.addr = lookup(pc, hosts[1])->addr;
		k->af = k->src.addr.af;
	} else if (strcmp(hosts[0], "key") == 0)
		errx(1, "-k key is not supported");
	else
		return (1);
	if (kill_one(dev, k, &killed) == -1)
		return (-1);
	say(opts, "killed %u states", killed);
	return (0);
}

int
act_kill(int dev, char *const hosts[], int n, const char *ifname, int opts)
{
	struct pfconf *pc = pfconf_new(stdout, stderr, opts, &pf_ifs_host);
	struct pfioc_kill k;
	int error = 1;

	memset(&k, 0, sizeof(k));
	k.match = (opts & OPT_KILLMATCH) != 0;
	if (ifname != NULL)
		snprintf(k.ifname, sizeof(k.ifname), "%s", ifname);
	if (n == 2)
		error = kill_word(dev, pc, hosts, &k, opts);
	if (error == 1)
		error = kill_hosts(dev, pc, hosts, n, &k, opts);
	pfconf_free(pc);
	return (error);
}
