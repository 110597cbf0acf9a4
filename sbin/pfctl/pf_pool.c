/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * State options and pools while a statement is read: the parts of
 * pf_build.c that have a list of words of their own.
 */

#include <string.h>

#include <arpa/inet.h>

#include "pfctl.h"

/* --- keep state ( ... ) ------------------------------------------------ */

void
opt_keep(struct pfconf *pc, enum pf_keep keep)
{
	struct spec *sp = pc->sp;

	if (!spec_mark(pc, M_KEEP, "keep state"))
		return;
	sp->keep_given = true;
	sp->no_state = keep == PF_NOSTATE;
	sp->r.keep = (uint8_t)keep;
}

/* A word with a number: where it goes, and its range. */
static void
state_number(struct pfconf *pc, uint32_t *to, const char *name, int64_t n)
{
	if (n < 1 || n > UINT32_MAX)
		perr(pc, "%s must be 1 - %u", name, UINT32_MAX);
	else
		*to = (uint32_t)n;
}

static void
state_srctrack(struct spec *sp, int64_t kind)
{
	sp->r.stateflags |= PFS_SRCTRACK;
	if (kind == 2)
		sp->r.stateflags |= PFS_SRCTRACK_RULE;
	if (kind == 0) /* the word alone: as the others decide */
		sp->marks &= ~(1ULL << M_SSRCTRACK);
}

static void
state_connrate(struct pfconf *pc, int64_t n, int64_t s)
{
	if (n < 1 || n > UINT32_MAX / 1000 || s < 1 || s > UINT32_MAX / 1000) {
		perr(pc, "invalid max-src-conn-rate %lld/%lld", (long long)n,
		    (long long)s);
		return;
	}
	pc->sp->r.conn_rate[0] = (uint32_t)n;
	pc->sp->r.conn_rate[1] = (uint32_t)s;
}

void
opt_state(struct pfconf *pc, enum mark m, int64_t a, int64_t b)
{
	static const char *const names[] = {
		[M_SMAX] = "max",
		[M_SSRCTRACK] = "source-track",
		[M_SSRCSTATES] = "max-src-states",
		[M_SSRCCONN] = "max-src-conn",
		[M_SSRCCONNRATE] = "max-src-conn-rate",
		[M_SSRCNODES] = "max-src-nodes",
		[M_SPOLICY] = "state policy",
		[M_SSLOPPY] = "sloppy",
		[M_SNOSYNC] = "no-sync",
		[M_SPFLOW] = "pflow",
		[M_SRELATED] = "allow-related",
	};
	struct spec *sp = pc->sp;

	sp->stateopts_given = true;
	if (!spec_mark(pc, m, names[m]))
		return;
	if (m == M_SMAX)
		state_number(pc, &sp->r.max_states, names[m], a);
	else if (m == M_SSRCSTATES)
		state_number(pc, &sp->r.max_src_states, names[m], a);
	else if (m == M_SSRCCONN)
		state_number(pc, &sp->r.max_src_conn, names[m], a);
	else if (m == M_SSRCNODES)
		state_number(pc, &sp->r.max_src_nodes, names[m], a);
	else if (m == M_SSRCTRACK)
		state_srctrack(sp, a);
	else if (m == M_SSRCCONNRATE)
		state_connrate(pc, a, b);
	else if (m == M_SPOLICY)
		sp->r.stateflags |= (uint32_t)a;
	else
		sp->r.stateflags |= m == M_SSLOPPY ? PFS_SLOPPY :
		    m == M_SNOSYNC                 ? PFS_NOSYNC :
		    m == M_SPFLOW                  ? PFS_PFLOW :
						     PFS_RELATED;
}

void
opt_overload(struct pfconf *pc, const char *table, int flush)
{
	pc->sp->stateopts_given = true;
	if (!spec_mark(pc, M_SOVERLOAD, "overload"))
		return;
	ncopy(pc, pc->sp->r.overload, PF_TABLE_NAMESIZE, table, "table name");
	if (flush)
		pc->sp->r.stateflags |= PFS_FLUSH;
	if (flush == 2)
		pc->sp->r.stateflags |= PFS_FLUSHGLOBAL;
}

void
opt_timeout(struct pfconf *pc, const char *name, int64_t n)
{
	int i = timeout_index(name);

	pc->sp->stateopts_given = true;
	if (i == -1)
		perr(pc, "unknown timeout %s", name);
	else if (i == PFTM_FRAG || i == PFTM_INTERVAL)
		perr(pc, "timeout %s may only be set globally", name);
	else if (n < 0 || n > INT32_MAX)
		perr(pc, "timeout %s out of range", name);
	else if (pc->sp->r.timeout[i] != 0)
		perr(pc, "state timeout %s cannot be redefined", name);
	else
		pc->sp->r.timeout[i] = (uint32_t)n;
}

/* --- pools ------------------------------------------------------------- */

/*
 * The link-local addresses that the name of an interface stands for are left
 * out: no answer to them would come from beyond the link.
 */
struct redir *
redir_new(struct pfconf *pc, struct node_host *hosts)
{
	struct redir *rd = pc->redir = palloc(pc, sizeof(*rd));
	struct node_host **end = &rd->hosts;

	rd->hosts = hosts;
	while (*end != NULL) {
		if ((*end)->local)
			*end = (*end)->next;
		else
			end = &(*end)->next;
	}
	return (rd);
}

void
redir_type(struct pfconf *pc, enum pf_pool_type type)
{
	struct redir *rd = pc->redir;

	if (rd->has_type)
		perr(pc, "pool type cannot be redefined");
	rd->has_type = true;
	rd->pool.type = (uint8_t)type;
}

void
redir_flag(struct pfconf *pc, uint8_t flag, const char *what)
{
	static const char *const names[] = { "sticky-address", "static-port",
		"endpoint-independent", "prefer-ipv6-nexthop" };
	size_t i;

	for (i = 0; flag >> (i + 1) != 0; i++)
		continue;
	if (pc->redir->pool.flags & flag)
		perr(pc, "%s cannot be redefined",
		    i < nitems(names) ? names[i] : what);
	pc->redir->pool.flags |= flag;
}

void
redir_port(struct pfconf *pc, struct node_range *p)
{
	struct redir *rd = pc->redir;

	if (p == NULL)
		return;
	rd->has_port = true;
	if (p->op != PF_OP_EQ && p->op != PF_OP_RRG) {
		perr(pc, "a pool takes one port or a:b");
		return;
	}
	rd->pool.port[0] = (uint16_t)p->val[0];
	rd->pool.port[1] = (uint16_t)(p->op == PF_OP_RRG ? p->val[1] : 0);
	if (p->star)
		rd->pool.flags |= PF_POOL_PORTSTAR;
	if (p->val[0] == 0)
		perr(pc, "invalid port range");
}

void
redir_mape(struct pfconf *pc, int64_t off, int64_t len, int64_t psid)
{
	struct redir *rd = pc->redir;

	if (rd->has_mape)
		perr(pc, "map-e-portset cannot be redefined");
	rd->has_mape = true;
	if (off < 1 || off > 15)
		perr(pc, "MAP-E PSID offset must be 1-15");
	else if (len < 1 || len > 15 || off + len > 16)
		perr(pc, "Invalid MAP-E PSID length");
	else if (psid < 0 || psid > 65535)
		perr(pc, "MAP-E PSID must be 0-65535");
	rd->pool.mape_offset = (uint8_t)off;
	rd->pool.mape_psidlen = (uint8_t)len;
	rd->pool.mape_psid = (uint16_t)psid;
}

void
opt_redir(struct pfconf *pc, enum mark m, struct redir *rd)
{
	struct spec *sp = pc->sp;

	if (!spec_mark(pc, m,
		m == M_NATTO     ? "nat-to" :
		    m == M_RDRTO ? "rdr-to" :
				   "binat-to"))
		return;
	if (m == M_NATTO) {
		sp->nat = rd;
		sp->r.flags |= PFR_NATTO;
	} else if (m == M_RDRTO) {
		sp->rdr = rd;
		sp->r.flags |= PFR_RDRTO;
	} else {
		sp->binat = rd;
		sp->r.flags |= PFR_BINATTO;
	}
}

void
opt_afto(struct pfconf *pc, int af, struct redir *from, struct redir *to)
{
	if (!spec_mark(pc, M_AFTO, "af-to"))
		return;
	pc->sp->r.flags |= PFR_AFTO;
	pc->sp->r.naf = (uint8_t)af;
	pc->sp->nat = from;
	pc->sp->rdr = to;
}

/*
 * `route-to X': an interface (em0.5, too), or (OpenBSD) the address of a next
 * hop, or ADDR@IF.
 */
struct node_host *
route_word(struct pfconf *pc, const char *s)
{
	const char *at = strchr(s, '@');
	struct node_host *list, *h;
	struct ip_addr a;

	if (at != NULL) {
		list = host_word(pc,
		    conf_printf(pc->lex, "%.*s", (int)(at - s), s), -1);
		for (h = list; h != NULL; h = h->next)
			ifcopy(pc, h->ifname, at + 1);
		return (list);
	}
	if (strchr(s, ':') != NULL || inet_pton(AF_INET, s, a.b) == 1)
		return (host_word(pc, s, -1));
	h = palloc(pc, sizeof(*h));
	ifcopy(pc, h->ifname, s);
	return (h);
}

void
route_new(struct pfconf *pc, struct node_host *list)
{
	pc->redir = palloc(pc, sizeof(*pc->redir));
	pc->redir->hosts = list;
	if (pc->sp->route != NULL)
		perr(pc, "a rule takes one of route-to, reply-to, dup-to");
	pc->sp->route = pc->redir;
}

/* --- nat, rdr, binat --------------------------------------------------- */

void
nat_begin(struct pfconf *pc, int kind, bool no)
{
	enum pf_action a = kind == K_NAT ? PFA_NAT :
	    kind == K_RDR                ? PFA_RDR :
					   PFA_BINAT;

	spec_new(pc, kind, no ? a + 1 : a);
}

void
nat_redir(struct pfconf *pc, struct redir *rd)
{
	if (pc->sp->kind == K_RDR)
		pc->sp->rdr = rd;
	else
		pc->sp->nat = rd;
}
