/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * -k: states by address, label, id, gateway, key or translated address;
 * -K: source nodes by address.  A name stands for all its addresses, each
 * of which is a question of its own to the kernel.
 */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

static struct pfconf *
words_begin(int opts)
{
	struct pfconf *pc = pfconf_new(stdout, stderr, opts, pf_ifs_here());

	pc->tok.file = "pfctl";
	return (pc);
}

/* An address, network or name; without it the reason was said and NULL. */
static struct node_host *
lookup(struct pfconf *pc, const char *s)
{
	const char *slash = strchr(s, '/');
	int64_t plen = -1;

	if (slash != NULL) {
		if (!pf_hexnumber(slash + 1, &plen) || plen < 0 || plen > 128) {
			warnx("invalid network %s", s);
			return (NULL);
		}
		s = conf_printf(pc->lex, "%.*s", (int)(slash - s), s);
	}
	return (host_word(pc, s, (int)plen));
}

static int
count(const struct node_host *h)
{
	int n = 0;

	for (; h != NULL; h = h->next)
		n++;
	return (n);
}

/* --- by address -------------------------------------------------------- */

struct pairs {
	int dev;
	unsigned long cmd;
	const char *what;
	struct pfioc_kill *k;
	uint32_t killed, dests;
};

static int
kill_once(struct pairs *p)
{
	if (pf_call(p->dev, p->cmd, p->k) == -1) {
		warn("cannot kill %s", p->what);
		return (-1);
	}
	p->killed += p->k->killed;
	return (0);
}

/* 0.0.0.0/0 as the source goes with destinations of either family. */
static int
kill_from(struct pairs *p, const struct node_host *s,
    const struct node_host *dst)
{
	const struct node_host *d;

	p->k->src.addr = s->addr;
	p->k->af = s->addr.af;
	if (dst == NULL)
		return (kill_once(p));
	for (d = dst; d != NULL; d = d->next) {
		if (s->addr.plen != 0 && d->addr.af != s->addr.af)
			continue;
		if (d->addr.af != s->addr.af)
			memset(&p->k->src.addr, 0, sizeof(p->k->src.addr));
		p->k->dst.addr = d->addr;
		p->k->af = d->addr.af;
		p->dests++;
		if (kill_once(p) == -1)
			return (-1);
	}
	return (0);
}

/* All pairs of the addresses of one or two words; says how many died. */
static int
kill_pairs(struct pairs *p, struct pfconf *pc, char *const hosts[], int n,
    int opts)
{
	struct node_host *src = lookup(pc, hosts[0]), *dst = NULL, *s;

	if (n > 1 && src != NULL)
		dst = lookup(pc, hosts[1]);
	if (src == NULL || (n > 1 && dst == NULL))
		return (-1);
	p->k->by = PF_KILL_ADDR;
	for (s = src; s != NULL; s = s->next)
		if (kill_from(p, s, dst) == -1)
			return (-1);
	say(opts, "killed %u %s from %d sources and %u destinations", p->killed,
	    p->what, count(src), p->dests);
	return (0);
}

/* --- by key ------------------------------------------------------------ */

/* host:port, or host[port] for IPv6; without a port of any. */
static bool
key_end(struct pfconf *pc, char *s, struct pf_ioc_side *side)
{
	char *port = strchr(s, '[');
	struct node_host *h;
	int64_t n;

	if (port != NULL && port[strlen(port) - 1] == ']')
		port[strlen(port) - 1] = '\0';
	else if (port != NULL)
		return (false);
	else if ((port = strchr(s, ':')) != NULL && strchr(port + 1, ':'))
		port = NULL; /* more than one: an IPv6 address alone */
	if (port != NULL) {
		*port++ = '\0';
		if (!pf_hexnumber(port, &n) || n < 0 || n > 65535)
			return (false);
		side->port_op = PF_OP_EQ;
		side->port[0] = side->port[1] = (uint16_t)n;
	}
	if ((h = lookup(pc, s)) == NULL || h->next != NULL)
		return (false);
	side->addr = h->addr;
	return (true);
}

bool
kill_key(struct pfconf *pc, const char *text, struct pfioc_kill *k)
{
	char *words[4], *rest = conf_strdup(pc->lex, text), *w;
	struct node_num *proto;
	bool back;
	int n = 0;

	while ((w = strsep(&rest, " \t")) != NULL) {
		if (*w == '\0')
			continue;
		if (n == (int)nitems(words))
			return (false);
		words[n++] = w;
	}
	if (n != (int)nitems(words))
		return (false);
	back = strcmp(words[2], "<-") == 0;
	if ((!back && strcmp(words[2], "->") != 0) ||
	    (proto = proto_word(pc, words[0])) == NULL ||
	    !key_end(pc, words[1], back ? &k->dst : &k->src) ||
	    !key_end(pc, words[3], back ? &k->src : &k->dst) ||
	    k->src.addr.af != k->dst.addr.af)
		return (false);
	k->by = PF_KILL_KEY;
	k->proto = (uint8_t)proto->val;
	k->af = k->src.addr.af;
	return (true);
}

/* --- by a word --------------------------------------------------------- */

static bool
by_label(struct pfconf *pc, const char *s, struct pfioc_kill *k)
{
	(void)pc;
	k->by = PF_KILL_LABEL;
	if (*s == '\0' || strlen(s) >= sizeof(k->label))
		return (false);
	strcpy(k->label, s);
	return (true);
}

static bool
by_id(struct pfconf *pc, const char *s, struct pfioc_kill *k)
{
	unsigned long creator = 0;
	char *end;

	(void)pc;
	k->by = PF_KILL_ID;
	errno = 0;
	k->id = strtoull(s, &end, 16);
	if (end == s || *s == '-')
		return (false);
	if (*end == '/') {
		s = end + 1;
		creator = strtoul(s, &end, 16);
		if (end == s || *s == '-' || creator > UINT32_MAX)
			return (false);
	}
	k->creatorid = (uint32_t)creator;
	return (*end == '\0' && errno == 0);
}

/* One address or network; a name has to have only one. */
static bool
by_address(struct pfconf *pc, const char *s, struct pfioc_kill *k)
{
	struct node_host *h = lookup(pc, s);

	if (h == NULL || h->next != NULL)
		return (false);
	k->src.addr = h->addr;
	k->af = h->addr.af;
	return (true);
}

static bool
by_gateway(struct pfconf *pc, const char *s, struct pfioc_kill *k)
{
	k->by = PF_KILL_GATEWAY;
	return (by_address(pc, s, k));
}

static bool
by_nat(struct pfconf *pc, const char *s, struct pfioc_kill *k)
{
	k->by = PF_KILL_NAT;
	return (by_address(pc, s, k));
}

static const struct {
	const char *word;
	bool (*take)(struct pfconf *pc, const char *s, struct pfioc_kill *k);
	const char *is; /* what its value is */
} ways[] = { { "label", by_label, "a label" },
	{ "id", by_id, "an id: hexadecimal, or with a creator id/creator" },
	{ "gateway", by_gateway, "one address or network" },
	{ "key", kill_key, "a key: 'proto host:port -> host:port'" },
	{ "nat", by_nat, "one address or network" } };

static int
kill_word(struct pairs *p, struct pfconf *pc, char *const hosts[], size_t way,
    int n, int opts)
{
	if (n != 2) {
		warnx("-k %s needs a second -k with the value", hosts[0]);
		return (-1);
	}
	if (!ways[way].take(pc, hosts[1], p->k)) {
		warnx("-k %s: '%s' is not %s", hosts[0], hosts[1],
		    ways[way].is);
		return (-1);
	}
	if (kill_once(p) == -1)
		return (-1);
	say(opts, "killed %u states", p->killed);
	return (0);
}

int
act_kill(int dev, char *const hosts[], int n, const char *ifname, int opts)
{
	struct pfconf *pc = words_begin(opts);
	struct pfioc_kill k;
	struct pairs p = { .dev = dev,
		.cmd = DIOCKILLSTATES,
		.what = "states",
		.k = &k };
	size_t i;
	int error;

	memset(&k, 0, sizeof(k));
	k.match = (opts & OPT_KILLMATCH) != 0;
	if (ifname != NULL)
		snprintf(k.ifname, sizeof(k.ifname), "%s", ifname);
	for (i = 0; i < nitems(ways) && strcmp(ways[i].word, hosts[0]) != 0;
	     i++)
		continue;
	error = i < nitems(ways) ? kill_word(&p, pc, hosts, i, n, opts) :
				   kill_pairs(&p, pc, hosts, n, opts);
	pfconf_free(pc);
	return (error);
}

int
act_kill_sources(int dev, char *const hosts[], int n, int opts)
{
	struct pfconf *pc = words_begin(opts);
	struct pfioc_kill k;
	struct pairs p = { .dev = dev,
		.cmd = DIOCKILLSRCNODES,
		.what = "src nodes",
		.k = &k };
	int error;

	memset(&k, 0, sizeof(k));
	error = kill_pairs(&p, pc, hosts, n, opts);
	pfconf_free(pc);
	return (error);
}
