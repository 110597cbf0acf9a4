/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * From a statement to rules: every list multiplied with every other.
 *
 * The lists are walked as nested loops, from the outside: interface,
 * protocol, ICMP type, source, destination, source port, destination port,
 * os, user, group.  Each loop is a row of dims[] and calls the next;
 * emit() stands in the middle and makes one rule of what the loops point
 * at.  A combination that cannot be (families that differ) is skipped; a
 * statement of which nothing is left is an error.
 */

#include <sys/random.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pfctl.h"

/* What the kernel takes for nat when no port is given. */
#define PF_NAT_PORT_LOW  50001
#define PF_NAT_PORT_HIGH 65535

struct expand {
	struct pfconf *pc;
	struct spec *sp;
	const struct node_if *ifn;
	const struct node_num *proto;
	const struct node_icmp *icmp;
	const struct node_host *src, *dst;
	const struct node_range *sport, *dport, *uid, *gid;
	const struct node_str *os;
	unsigned int made, broken;
	bool unfit; /* a combination was left out for its pool's family */
};

static enum pf_rs
kind_ruleset(int kind)
{
	if (kind & (K_NAT | K_NATANCHOR))
		return (PF_RS_NAT);
	if (kind & (K_RDR | K_RDRANCHOR))
		return (PF_RS_RDR);
	if (kind & (K_BINAT | K_BINATANCHOR))
		return (PF_RS_BINAT);
	return (kind & (K_SCRUB | K_SCRUBANCHOR) ? PF_RS_SCRUB : PF_RS_FILTER);
}

/* --- pools ------------------------------------------------------------- */

static bool
pool_fits(const struct node_host *h, int af, const struct redir *rd)
{
	return (h->addr.af == AF_UNSPEC || af == AF_UNSPEC ||
	    h->addr.af == af ||
	    (rd->pool.flags & PF_POOL_V6NEXTHOP && h->addr.af == AF_INET6));
}

static bool
pool_type_ok(struct pfconf *pc, const struct redir *rd,
    const struct pf_ioc_poolent *e, uint32_t n)
{
	uint8_t type = rd->pool.type;

	if (type == PF_POOL_BITMASK && e->addr.type == PF_ADDR_TABLE) {
		perr(pc, "tables are not supported by pool type");
		return (false);
	}
	if (type == PF_POOL_BITMASK && e->addr.type == PF_ADDR_DYNIF) {
		perr(pc, "interface (%s) is not supported by pool type",
		    e->addr.name);
		return (false);
	}
	if (n > 1 && type != PF_POOL_ROUNDROBIN &&
	    type != PF_POOL_LEASTSTATES && type != PF_POOL_NONE) {
		perr(pc,
		    "only round-robin and least-states are valid for several addresses");
		return (false);
	}
	return (true);
}

/*
 * Can it give more than one address?  A table can, an interface too, but not
 * (em0:0): that is the first address of one interface, where (egress:0) is
 * one of each of a group.
 */
static bool
gives_many(const struct pf_ioc_addr *a)
{
	size_t n = strlen(a->name);

	if (a->type == PF_ADDR_TABLE)
		return (true);
	return (a->type == PF_ADDR_DYNIF &&
	    (!(a->iflags & PF_IF_NOALIAS) || n == 0 || a->name[n - 1] < '0' ||
		a->name[n - 1] > '9'));
}

/*
 * The ports of a pool.  N:* of rdr is as long as the range it is asked by; of
 * nat it is N alone, and the range that nat takes by itself goes unsaid.
 */
static bool
pool_ports(struct pfconf *pc, const struct pf_ioc_side *dst,
    struct pf_ioc_pool *p, bool rdr)
{
	uint32_t span = dst->port_op == PF_OP_RRG ?
	    (uint32_t)(dst->port[1] - dst->port[0]) :
	    0;

	if (!rdr && p->port[0] == PF_NAT_PORT_LOW &&
	    p->port[1] == PF_NAT_PORT_HIGH)
		p->port[0] = p->port[1] = 0;
	if (!(p->flags & PF_POOL_PORTSTAR))
		return (true);
	p->flags &= (uint8_t)~PF_POOL_PORTSTAR;
	if (!rdr || span == 0)
		return (true);
	if (p->port[0] + span > 65535) {
		perr(pc, "invalid port range: %u:* is too short for %u:%u",
		    p->port[0], dst->port[0], dst->port[1]);
		return (false);
	}
	p->port[1] = (uint16_t)(p->port[0] + span);
	return (true);
}

/* Fills pool no of r with the hosts of rd that fit af. */
static bool
pool_fill(struct pfconf *pc, struct pf_rule *r, enum pf_poolno no,
    struct redir *rd, int af)
{
	struct pf_ioc_pool *p = &r->r.pool[no];
	struct pf_ioc_poolent *e;
	const struct node_host *h;
	uint32_t n = 0, i;
	bool moves = false;

	for (h = rd->hosts; h != NULL; h = h->next)
		n += pool_fits(h, af, rd);
	if (n == 0) {
		perr(pc, "no %s address with matching address family found.",
		    no == PF_ROUTEPOOL ? "routing" : "translation");
		return (false);
	}
	*p = rd->pool;
	p->af = (uint8_t)af;
	p->nents = n;
	r->ents[no] = e = palloc(pc, n * sizeof(*e));
	for (h = rd->hosts, i = 0; h != NULL; h = h->next) {
		if (!pool_fits(h, af, rd))
			continue;
		e[i].addr = h->addr;
		if (no == PF_ROUTEPOOL)
			memcpy(e[i].ifname, h->ifname, IFNAMSIZ);
		e[i].weight = h->weight;
		moves = moves || gives_many(&h->addr);
		if (!pool_type_ok(pc, rd, &e[i++], n))
			return (false);
	}
	if (p->type == PF_POOL_NONE && (n > 1 || moves) &&
	    r->r.action != PFA_BINAT)
		p->type = PF_POOL_ROUNDROBIN;
	return (pool_ports(pc, &r->r.dst, p, no == PF_RDRPOOL));
}

/* The one family of a pool's addresses; AF_UNSPEC: none or both. */
static int
pool_family(const struct redir *rd)
{
	const struct node_host *h;
	int af = AF_UNSPEC;

	if (rd == NULL || rd->pool.flags & PF_POOL_V6NEXTHOP)
		return (AF_UNSPEC);
	for (h = rd->hosts; h != NULL; h = h->next) {
		if (h->addr.af == AF_UNSPEC)
			continue;
		if (af != AF_UNSPEC && af != h->addr.af)
			return (-1);
		af = h->addr.af;
	}
	return (af);
}

void
redir_key(struct pfconf *pc, const char *key)
{
	struct pf_ioc_pool *p = &pc->redir->pool;
	unsigned int byte;
	size_t i;

	if (key == NULL) {
		if (getrandom(p->key, sizeof(p->key), 0) != sizeof(p->key))
			perr(pc, "no randomness for a source-hash key");
	} else if (strncmp(key, "0x", 2) == 0) {
		if (strlen(key) != 2 + 2 * PF_KEY_SIZE ||
		    strspn(key + 2, "0123456789abcdefABCDEF") !=
			2 * PF_KEY_SIZE) {
			perr(pc,
			    "hex key must be 128 bits (32 hex digits) long");
			return;
		}
		for (i = 0; i < PF_KEY_SIZE; i++)
			if (sscanf(key + 2 + 2 * i, "%2x", &byte) == 1)
				p->key[i] = (uint8_t)byte;
	} else
		md5_text(key, p->key);
	pc->redir->has_key = true;
}

static bool
pools(struct expand *x, struct pf_rule *r)
{
	struct spec *sp = x->sp;
	int naf = r->r.flags & PFR_AFTO ? r->r.naf : r->r.af;
	/* route-to sends on what was translated, reply-to answers before */
	int raf = r->r.rt == PF_ROUTETO ? naf : r->r.af;

	if (sp->route != NULL &&
	    !pool_fill(x->pc, r, PF_ROUTEPOOL, sp->route, raf))
		return (false);
	if (sp->nat != NULL && !pool_fill(x->pc, r, PF_NATPOOL, sp->nat, naf))
		return (false);
	if (sp->rdr != NULL && !pool_fill(x->pc, r, PF_RDRPOOL, sp->rdr, naf))
		return (false);
	if (sp->binat != NULL &&
	    !pool_fill(x->pc, r, PF_NATPOOL, sp->binat, naf))
		return (false);
	return (true);
}

/* A rule without family takes the one of its pools. */
static bool
family_from_pools(struct expand *x, struct pf_rule *r)
{
	struct redir *rds[] = { x->sp->nat, x->sp->rdr, x->sp->binat,
		x->sp->route };
	size_t i;
	int af;

	for (i = 0; i < nitems(rds) && r->r.af == AF_UNSPEC; i++) {
		if (r->r.flags & PFR_AFTO &&
		    (rds[i] != x->sp->route || r->r.rt == PF_ROUTETO))
			continue;
		if ((af = pool_family(rds[i])) == -1) {
			perr(x->pc,
			    "address family not given and translation address "
			    "expands to multiple address families");
			return (false);
		}
		r->r.af = (uint8_t)af;
	}
	return (true);
}

/* --- divert-to --------------------------------------------------------- */

/* What a port alone stands for. */
static bool
is_localhost(const struct pf_ioc_addr *a)
{
	static const struct ip_addr v6 = { .b = { [15] = 1 } },
				    v4 = { .b = { 127, 0, 0, 1 } };

	return (memcmp(&a->addr, a->af == AF_INET ? &v4 : &v6,
		    sizeof(a->addr)) == 0);
}

const struct node_host *
divert_host(const struct node_host *h, int af)
{
	while (h != NULL && af != AF_UNSPEC && h->addr.af != af)
		h = h->next;
	return (h);
}

static void
take_divert(const struct spec *sp, struct pf_rule *r)
{
	const struct node_host *h = divert_host(sp->divert_hosts, r->r.af);

	if (h == NULL)
		return;
	r->r.divert_addr = h->addr.addr;
	if (!is_localhost(&h->addr))
		r->r.divert_af = h->addr.af;
}

/* --- one rule ---------------------------------------------------------- */

static void
take_side(struct pf_ioc_side *s, const struct node_host *h,
    const struct node_range *port)
{
	if (h != NULL)
		s->addr = h->addr;
	if (port != NULL) {
		s->port_op = port->op;
		s->port[0] = (uint16_t)port->val[0];
		s->port[1] = (uint16_t)port->val[1];
	}
}

/* False: a combination that cannot be. */
static bool
families_agree(const struct expand *x, struct pf_rule *r)
{
	uint8_t afs[] = { x->src != NULL ? x->src->addr.af : 0,
		x->dst != NULL ? x->dst->addr.af : 0 };
	size_t i;

	for (i = 0; i < nitems(afs); i++) {
		if (afs[i] == AF_UNSPEC)
			continue;
		if (r->r.af != AF_UNSPEC && r->r.af != afs[i])
			return (false);
		r->r.af = afs[i];
	}
	if (x->os != NULL && r->r.proto != 0 && r->r.proto != IPPROTO_TCP &&
	    spec_lists_tcp(x->sp))
		return (false);
	if ((r->r.proto == IPPROTO_ICMP && r->r.af == AF_INET6) ||
	    (r->r.proto == IPPROTO_ICMPV6 && r->r.af == AF_INET))
		return (false);
	return (true);
}

/*
 * Addresses of a nat, rdr or binat rule that its pool has no family for are
 * left out: em1:network may well have networks of both.
 */
static bool
pool_agrees(struct expand *x, const struct pf_rule *r)
{
	const struct redir *rd = x->sp->kind == K_RDR ? x->sp->rdr : x->sp->nat;
	int af;

	if (!(x->sp->kind & (K_NAT | K_RDR | K_BINAT)) ||
	    x->sp->r.af != AF_UNSPEC || r->r.af == AF_UNSPEC)
		return (true);
	af = pool_family(rd);
	if (af <= AF_UNSPEC || af == r->r.af)
		return (true);
	x->unfit = true;
	return (false);
}

/* A link-local address with its interface binds the rule to it. */
static bool
scopes_agree(const struct expand *x, struct pf_rule *r)
{
	const struct node_host *sides[] = { x->src, x->dst };
	size_t i;

	for (i = 0; i < nitems(sides); i++) {
		if (sides[i] == NULL || !sides[i]->scoped)
			continue;
		if (r->r.ifname[0] == '\0')
			memcpy(r->r.ifname, sides[i]->ifname, IFNAMSIZ);
		else if (!(r->r.flags & PFR_IFNOT) &&
		    strcmp(r->r.ifname, sides[i]->ifname) != 0)
			return (false);
	}
	return (true);
}

static void
take_lists(struct expand *x, struct pf_rule *r)
{
	if (x->ifn != NULL) {
		r->x.rdomain = x->ifn->rdomain != -1 ? x->ifn->rdomain :
						       r->x.rdomain;
		pcopy(x->pc, r->r.ifname, IFNAMSIZ, x->ifn->name,
		    "interface name");
		r->r.flags |= (x->ifn->not ? PFR_IFNOT : 0) |
		    (x->ifn->any ? PFR_IFANY : 0);
	}
	if (x->proto != NULL)
		r->r.proto = (uint8_t)x->proto->val;
	if (x->icmp != NULL) {
		r->r.icmptype = x->icmp->type;
		r->r.icmpcode = x->icmp->code;
		r->r.icmpcode_set = x->icmp->code_set;
	}
	take_side(&r->r.src, x->src, x->sport);
	take_side(&r->r.dst, x->dst, x->dport);
	if (x->os != NULL) {
		pcopy(x->pc, r->r.osname, sizeof(r->r.osname), x->os->str,
		    "os name");
		r->r.os = strcasecmp(x->os->str, "unknown") == 0 ?
		    PF_OS_UNKNOWN :
		    PF_OS_NAMED;
	}
	if (x->uid != NULL) {
		r->r.uid_op = x->uid->op;
		memcpy(r->r.uid, x->uid->val, sizeof(r->r.uid));
	}
	if (x->gid != NULL) {
		r->r.gid_op = x->gid->op;
		memcpy(r->r.gid, x->gid->val, sizeof(r->r.gid));
	}
}

static void
take_defaults(const struct spec *sp, struct pf_rule *r)
{
	bool tcp = r->r.proto == IPPROTO_TCP || r->r.proto == 0;

	if (!tcp)
		r->r.tcpflags = r->r.tcpmask = 0;
	if (r->r.proto != 0 && r->r.proto != IPPROTO_TCP &&
	    (r->r.keep == PF_MODULATE || r->r.keep == PF_SYNPROXY))
		r->r.keep = PF_KEEPSTATE;
	if (r->r.action == PFA_PASS && r->r.keep != PF_NOSTATE && tcp &&
	    !(r->r.flags & PFR_FRAGMENT) &&
	    (sp->marks & 1ULL << M_FLAGS) == 0 && sp->kind == K_PASS) {
		r->r.tcpflags = 0x02;
		r->r.tcpmask = 0x12;
	}
}

static void
rule_insert(struct pfconf *pc, struct pf_rule *r)
{
	TAILQ_INSERT_TAIL(&pc->cur->rules[kind_ruleset(r->kind)], r, entry);
}

/*
 * binat-to is two rules: out with nat-to, in with rdr-to, each the mirror
 * of the other.
 */
static void
split_binat(struct expand *x, struct pf_rule *r)
{
	struct pf_rule *in = palloc(x->pc, sizeof(*in));
	struct pf_ioc_poolent *e = palloc(x->pc, sizeof(*e));

	*in = *r;
	r->r.flags &= ~(uint32_t)PFR_BINATTO;
	r->r.flags |= PFR_NATTO;
	r->r.dir = PFD_OUT;
	r->r.pool[PF_NATPOOL].flags |= PF_POOL_STATIC;
	in->r.flags &= ~(uint32_t)PFR_BINATTO;
	in->r.flags |= PFR_RDRTO;
	in->r.dir = PFD_IN;
	memset(&in->r.pool[PF_NATPOOL], 0, sizeof(in->r.pool[PF_NATPOOL]));
	in->ents[PF_NATPOOL] = NULL;
	in->r.src = r->r.dst;
	in->r.dst = r->r.src;
	in->r.dst.addr = r->ents[PF_NATPOOL][0].addr;
	e->addr = r->r.src.addr;
	in->ents[PF_RDRPOOL] = e;
	in->r.pool[PF_RDRPOOL].nents = 1;
	in->r.pool[PF_RDRPOOL].af = r->r.af;
	if (gives_many(&e->addr))
		in->r.pool[PF_RDRPOOL].type = PF_POOL_ROUNDROBIN;
	if (e->addr.plen < (r->r.af == AF_INET ? 32 : 128)) {
		r->r.pool[PF_NATPOOL].type = PF_POOL_BITMASK;
		in->r.pool[PF_RDRPOOL].type = PF_POOL_BITMASK;
	}
	rule_insert(x->pc, r);
	rule_insert(x->pc, in);
}

static void
emit(struct expand *x)
{
	struct spec *sp = x->sp;
	struct pf_rule *r = palloc(x->pc, sizeof(*r));

	r->r = sp->r;
	r->x = sp->x;
	r->kind = sp->kind;
	r->marks = sp->marks;
	r->file = sp->file;
	r->line = sp->line;
	r->stateopts_given = sp->stateopts_given;
	take_lists(x, r);
	if (!families_agree(x, r) || !pool_agrees(x, r) || !scopes_agree(x, r))
		return;
	take_defaults(sp, r);
	if (!family_from_pools(x, r) || !rule_judge(x->pc, sp, r) ||
	    !pools(x, r)) {
		conf_error_at(x->pc->lex, sp->file, sp->line,
		    "skipping rule due to errors");
		x->broken++;
		return;
	}
	take_divert(sp, r);
	x->made++;
	/* A second rule of a named anchor calls what the first one holds. */
	if (sp->braces && (x->made == 1 || sp->anchor == NULL))
		r->sub = pf_ruleset_get(x->pc,
		    *x->pc->cur->path == '\0' ?
			sp->r.anchor :
			conf_printf(x->pc->lex, "%s/%s", x->pc->cur->path,
			    sp->r.anchor));
	if (r->r.flags & PFR_BINATTO)
		split_binat(x, r);
	else
		rule_insert(x->pc, r);
}

/* --- the loops --------------------------------------------------------- */

static void step(struct expand *x, unsigned int dim);

#define DIM(fn, member, list)                                \
	static void fn(struct expand *x, unsigned int next)  \
	{                                                    \
		x->member = x->sp->list;                     \
		do {                                         \
			step(x, next);                       \
			if (x->member != NULL)               \
				x->member = x->member->next; \
		} while (x->member != NULL);                 \
	}

DIM(each_if, ifn, ifs)
DIM(each_proto, proto, protos)
DIM(each_icmp, icmp, icmps)
DIM(each_src, src, src)
DIM(each_dst, dst, dst)
DIM(each_sport, sport, sports)
DIM(each_dport, dport, dports)
DIM(each_os, os, oses)
DIM(each_uid, uid, uids)
DIM(each_gid, gid, gids)

static void
step(struct expand *x, unsigned int dim)
{
	static void (*const dims[])(struct expand *, unsigned int) = { each_if,
		each_proto, each_icmp, each_src, each_dst, each_sport,
		each_dport, each_os, each_uid, each_gid };

	if (x->made + x->broken > 1000000)
		return;
	if (dim == nitems(dims))
		emit(x);
	else
		dims[dim](x, dim + 1);
}

void
spec_expand(struct pfconf *pc, struct spec *sp)
{
	struct expand x = { .pc = pc, .sp = sp };
	struct spec *before = pc->sp;

	pc->sp = sp;
	step(&x, 0);
	if (x.made == 0 && x.unfit)
		conf_error_at(pc->lex, sp->file, sp->line,
		    "no translation address with matching address family found.");
	if (x.made == 0)
		conf_error_at(pc->lex, sp->file, sp->line,
		    "rule expands to no valid combination");
	else if (x.made + x.broken > 1000000)
		conf_error_at(pc->lex, sp->file, sp->line,
		    "rule expands to more than 1000000 rules");
	pc->sp = before;
}

/* --- macros in labels and tags ----------------------------------------- */

static void
port_text(char *buf, size_t size, const struct pf_ioc_side *s)
{
	static const char *const ops[] = { [PF_OP_EQ] = "",
		[PF_OP_NE] = "!=",
		[PF_OP_LT] = "<",
		[PF_OP_LE] = "<=",
		[PF_OP_GT] = ">",
		[PF_OP_GE] = ">=" };

	*buf = '\0';
	if (s->port_op == PF_OP_IRG || s->port_op == PF_OP_XRG)
		snprintf(buf, size, "%u%s%u", s->port[0],
		    s->port_op == PF_OP_IRG ? "><" : "<>", s->port[1]);
	else if (s->port_op != PF_OP_NONE && s->port_op != PF_OP_RRG)
		snprintf(buf, size, "%s%u", ops[s->port_op], s->port[0]);
}

struct fill {
	const struct pf_rule *r;
	uint32_t nr;
};

/* The text of a macro. */
static void
macro_text(char *buf, size_t size, int which, const struct fill *f)
{
	const struct pf_ioc_rule *r = &f->r->r;
	const char *name;

	switch (which) {
	case 0:
		snprintf(buf, size, "%s",
		    r->ifname[0] == '\0' ? "any" : r->ifname);
		break;
	case 1:
		addr_text(buf, size, &r->src.addr);
		break;
	case 2:
		addr_text(buf, size, &r->dst.addr);
		break;
	case 3:
		port_text(buf, size, &r->src);
		break;
	case 4:
		port_text(buf, size, &r->dst);
		break;
	case 5:
		name = proto_name(r->proto);
		snprintf(buf, size, name != NULL ? "%s" : "%.0s%u",
		    name != NULL ? name : "", r->proto);
		break;
	default:
		snprintf(buf, size, "%u", f->nr);
	}
}

static bool
fill_text(char *text, size_t size, const struct fill *f)
{
	static const char *const names[] = { "$if", "$srcaddr", "$dstaddr",
		"$srcport", "$dstport", "$proto", "$nr" };
	char out[PF_LABEL_SIZE + 256], val[128];
	size_t i, n = 0;
	const char *p;

	for (p = text; *p != '\0';) {
		for (i = 0; i < nitems(names); i++)
			if (strncmp(p, names[i], strlen(names[i])) == 0)
				break;
		if (i == nitems(names)) {
			val[0] = *p++;
			val[1] = '\0';
		} else {
			macro_text(val, sizeof(val), (int)i, f);
			p += strlen(names[i]);
		}
		if (n + strlen(val) >= size)
			return (false);
		strcpy(out + n, val);
		n += strlen(val);
	}
	out[n] = '\0';
	strcpy(text, out);
	return (true);
}

void
rule_fill_macros(struct pfconf *pc, struct pf_rule *r, uint32_t nr)
{
	struct fill f = { r, nr };
	const char *what = NULL;
	size_t i;

	for (i = 0; i < PF_LABELS_MAX; i++)
		if (!fill_text(r->r.label[i], PF_LABEL_SIZE, &f))
			what = "label";
	if (!fill_text(r->r.tagname, PF_TAG_NAMESIZE, &f))
		what = "tag";
	if (!fill_text(r->r.match_tagname, PF_TAG_NAMESIZE, &f))
		what = "tagged";
	if (what != NULL)
		conf_error_at(pc->lex, r->file, r->line,
		    "%s too long after its macros are filled", what);
}
