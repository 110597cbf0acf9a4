/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ether rules: parsed, expanded and printed.  The kernel does not filter
 * by Ethernet header, so pf_load.c refuses to load one, naming its line.
 */

#include <string.h>

#include "pfctl.h"

struct pf_eth {
	TAILQ_ENTRY(pf_eth) entry;
	const char *action, *name, *bridge;
	struct spec *sp; /* direction, interfaces, l3 hosts, marks */
	struct mac *src, *dst;
	struct node_num *protos;
	struct pf_ruleset *sub;
	int line;
	const char *file;
};

void
eth_new(struct pfconf *pc, const char *action)
{
	pc->eth = palloc(pc, sizeof(*pc->eth));
	pc->eth->action = action;
	pc->eth->sp = spec_new(pc, K_ALL, PFA_PASS);
	pc->eth->file = pc->tok.file;
	pc->eth->line = pc->tok.line;
}

void
eth_anchor(struct pfconf *pc, const char *name)
{
	if (*name == '_')
		perr(pc,
		    "anchor names beginning with '_' are reserved for internal use");
	pc->eth->name = name;
}

void
eth_dir(struct pfconf *pc, int dir)
{
	pc->sp->r.dir = (uint8_t)dir;
}

void
eth_bridge(struct pfconf *pc, const char *ifname)
{
	pc->eth->bridge = ifname;
}

void
eth_proto(struct pfconf *pc, int64_t n)
{
	struct node_num **end = &pc->eth->protos;

	if (n < 1 || n > 65535) {
		perr(pc, "invalid ethertype %lld", (long long)n);
		return;
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = palloc(pc, sizeof(**end));
	(*end)->val = (uint32_t)n;
}

void
eth_side(struct pfconf *pc, bool dst, struct mac *list)
{
	if (dst)
		pc->eth->dst = list;
	else
		pc->eth->src = list;
}

static bool
mac_read(const char *s, uint8_t b[6], size_t len)
{
	unsigned int v[6];
	size_t i;
	int n = 0;

	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2], &v[3],
		&v[4], &v[5], &n) != 6 ||
	    (size_t)n != len)
		return (false);
	for (i = 0; i < 6; i++)
		b[i] = (uint8_t)v[i];
	return (true);
}

struct mac *
eth_mac(struct pfconf *pc, const char *s, int64_t plen)
{
	struct mac *m = palloc(pc, sizeof(*m));
	const char *amp = strchr(s, '&');
	size_t n = amp != NULL ? (size_t)(amp - s) : strlen(s), i;

	m->set = true;
	memset(m->mask, 0xff, sizeof(m->mask));
	if (!mac_read(s, m->addr, n) ||
	    (amp != NULL &&
		(plen != -1 || !mac_read(amp + 1, m->mask, strlen(amp + 1))))) {
		perr(pc, "invalid MAC address %s", s);
		return (NULL);
	}
	if (plen == -1)
		return (m);
	if (plen < 0 || plen > 48) {
		perr(pc, "invalid MAC mask /%lld", (long long)plen);
		return (NULL);
	}
	for (i = 0; i < 6; i++, plen -= 8)
		m->mask[i] = plen >= 8 ? 0xff :
		    plen <= 0          ? 0 :
					 (uint8_t)(0xff00 >> plen);
	return (m);
}

static void
eth_insert(struct pfconf *pc)
{
	pf_order(pc, S_ETHER);
	if (pc->eth->sp->bad == 0)
		TAILQ_INSERT_TAIL(&pc->cur->eths, pc->eth, entry);
}

void
eth_done(struct pfconf *pc)
{
	if (strcmp(pc->eth->action, "anchor") == 0 && pc->eth->name == NULL)
		perr(pc, "anchor without a name needs rules in braces");
	eth_insert(pc);
	pc->sp = NULL;
}

void
eth_open(struct pfconf *pc)
{
	struct pf_ruleset *rs;
	int depth = 0;

	for (rs = pc->cur; rs->parent != NULL; rs = rs->parent)
		depth++;
	if (depth >= PF_ANCHOR_DEPTH)
		perr(pc, "anchors nested deeper than %d", PF_ANCHOR_DEPTH);
	rs = pf_ruleset_get(pc,
	    conf_printf(pc->lex, "%s/_ether%d", pc->cur->path,
		++pc->cur->unnamed));
	rs->parent = pc->cur;
	rs->at = (struct place){ pc->eth->file, pc->eth->line };
	pc->eth->sub = rs;
	eth_insert(pc);
	pc->cur = rs;
	pc->sp = NULL;
}

void
eth_close(struct pfconf *pc)
{
	if (pc->cur->parent != NULL)
		pc->cur = pc->cur->parent;
}

/* --- printing ---------------------------------------------------------- */

static void
print_mac(FILE *f, const char *word, const struct mac *m)
{
	static const uint8_t ones[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	int bits = 0, i;

	if (m == NULL)
		return;
	fprintf(f, " %s %s%02x:%02x:%02x:%02x:%02x:%02x", word,
	    m->not ? "! " : "", m->addr[0], m->addr[1], m->addr[2], m->addr[3],
	    m->addr[4], m->addr[5]);
	if (memcmp(m->mask, ones, 6) == 0)
		return;
	while (bits < 48 && m->mask[bits / 8] & 0x80 >> bits % 8)
		bits++;
	for (i = bits; i < 48; i++)
		if (m->mask[i / 8] & 0x80 >> i % 8)
			break;
	if (i == 48)
		fprintf(f, "/%d", bits);
	else
		fprintf(f, "&%02x:%02x:%02x:%02x:%02x:%02x", m->mask[0],
		    m->mask[1], m->mask[2], m->mask[3], m->mask[4], m->mask[5]);
}

static void
print_l3(FILE *f, const struct node_host *s, const struct node_host *d)
{
	char a[160] = "any", b[160] = "any";

	if (s == NULL && d == NULL) {
		fputs(" l3 all", f);
		return;
	}
	if (s != NULL)
		addr_text(a, sizeof(a), &s->addr);
	if (d != NULL)
		addr_text(b, sizeof(b), &d->addr);
	fprintf(f, " l3 from %s to %s", a, b);
}

static void
print_marks(FILE *f, const struct pf_ioc_rule *r)
{
	size_t i;

	for (i = 0; i < PF_LABELS_MAX; i++)
		if (r->label[i][0] != '\0') {
			fputs(" label ", f);
			print_quoted(f, r->label[i]);
		}
	if (r->ridentifier != 0)
		fprintf(f, " ridentifier %u", r->ridentifier);
	print_words(f, r);
	if (r->dnpipe[1] != 0)
		fprintf(f, " %s(%u, %u)", r->dnflags ? "dnqueue" : "dnpipe",
		    r->dnpipe[0], r->dnpipe[1]);
	else if (r->dnpipe[0] != 0)
		fprintf(f, " %s %u", r->dnflags ? "dnqueue" : "dnpipe",
		    r->dnpipe[0]);
}

struct eth_line {
	struct pfconf *pc;
	const struct pf_eth *e;
	const struct node_if *ifn;
	const struct node_num *proto;
	const struct mac *src, *dst;
	int indent;
	uint32_t nr;
};

static void
print_line(struct eth_line *l, const struct node_host *s,
    const struct node_host *d)
{
	const struct pf_eth *e = l->e;
	FILE *f = l->pc->out;

	if (s != NULL && d != NULL && s->addr.af != d->addr.af &&
	    s->addr.af != 0 && d->addr.af != 0)
		return;
	fprintf(f, "%*s", l->indent, "");
	if (l->pc->opts & OPT_VERBOSE2)
		fprintf(f, "@%u ", l->nr++);
	fprintf(f, "ether %s", e->action);
	if (e->name != NULL) {
		fputc(' ', f);
		print_quoted(f, e->name);
	}
	if (e->sp->r.dir != PFD_BOTH)
		fputs(e->sp->r.dir == PFD_IN ? " in" : " out", f);
	if (e->sp->r.flags & PFR_QUICK)
		fputs(" quick", f);
	if (l->ifn != NULL)
		fprintf(f, " on %s%s", l->ifn->not ? "! " : "", l->ifn->name);
	if (e->bridge != NULL)
		fprintf(f, " bridge-to %s", e->bridge);
	if (l->proto != NULL)
		fprintf(f, " proto 0x%04x", l->proto->val);
	print_mac(f, "from", l->src);
	print_mac(f, "to", l->dst);
	print_l3(f, s, d);
	print_marks(f, &e->sp->r);
	fputs(e->sub != NULL ? " {\n" : "\n", f);
}

static void
each_l3(struct eth_line *l)
{
	const struct node_host *s = l->e->sp->src, *d;

	do {
		d = l->e->sp->dst;
		do {
			print_line(l, s, d);
		} while (d != NULL && (d = d->next) != NULL);
	} while (s != NULL && (s = s->next) != NULL);
}

static void
each_mac(struct eth_line *l)
{
	l->src = l->e->src;
	do {
		l->dst = l->e->dst;
		do {
			each_l3(l);
		} while (l->dst != NULL && (l->dst = l->dst->next) != NULL);
	} while (l->src != NULL && (l->src = l->src->next) != NULL);
}

void
eth_print(struct pfconf *pc, const struct pf_ruleset *rs, int depth)
{
	struct eth_line l = { .pc = pc,
		.indent = pc->opts & OPT_VERBOSE2 ? 0 : depth * 2 };

	TAILQ_FOREACH(l.e, &rs->eths, entry) {
		l.ifn = l.e->sp->ifs;
		do {
			l.proto = l.e->protos;
			do {
				each_mac(&l);
			} while (l.proto != NULL &&
			    (l.proto = l.proto->next) != NULL);
		} while (l.ifn != NULL && (l.ifn = l.ifn->next) != NULL);
		if (l.e->sub == NULL)
			continue;
		eth_print(pc, l.e->sub, depth + 1);
		fprintf(pc->out, "%*s}\n", l.indent, "");
	}
}

bool
eth_place(const struct pf_ruleset *rs, size_t n, struct place *at)
{
	const struct pf_eth *e = TAILQ_FIRST(&rs->eths);

	while (e != NULL && n-- > 0)
		e = TAILQ_NEXT(e, entry);
	if (e != NULL)
		*at = (struct place){ e->file, e->line };
	return (e != NULL);
}
