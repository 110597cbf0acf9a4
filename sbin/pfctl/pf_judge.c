/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Is a rule consistent?
 *
 * One row a law: whom it binds, what breaks it, what is said.  All laws
 * are asked, so that one run shows all that is wrong with a rule.
 */

#include <string.h>

#include "pfctl.h"

#define LAW(fn, expr)                                                   \
	static bool fn(const struct spec *sp, const struct pf_rule *pr) \
	{                                                               \
		const struct pf_ioc_rule *r = &pr->r;                   \
                                                                        \
		(void)sp;                                               \
		(void)r;                                                \
		return (expr);                                          \
	}

static bool
marked(const struct spec *sp, enum mark m)
{
	return ((sp->marks & 1ULL << m) != 0);
}

static bool
ported(const struct pf_ioc_rule *r)
{
	return (r->proto == IPPROTO_TCP || r->proto == IPPROTO_UDP ||
	    r->proto == IPPROTO_SCTP);
}

static bool
has_ports(const struct pf_ioc_rule *r)
{
	return (r->src.port_op != PF_OP_NONE || r->dst.port_op != PF_OP_NONE);
}

bool
spec_lists_tcp(const struct spec *sp)
{
	const struct node_num *p;

	if (sp->protos == NULL)
		return (true);
	for (p = sp->protos; p != NULL; p = p->next)
		if (p->val == IPPROTO_TCP)
			return (true);
	return (false);
}

static bool
unknown_id(const uint32_t id[2], uint8_t op)
{
	return (op != PF_OP_NONE && op != PF_OP_EQ && op != PF_OP_NE &&
	    (id[0] == UINT32_MAX || id[1] == UINT32_MAX));
}

static bool
pool_holds(const struct redir *rd, enum pf_addr_type type)
{
	const struct node_host *h;

	for (h = rd != NULL ? rd->hosts : NULL; h != NULL; h = h->next)
		if (h->addr.type == type)
			return (true);
	return (false);
}

static bool
pool_neg(const struct redir *rd)
{
	const struct node_host *h;

	for (h = rd != NULL ? rd->hosts : NULL; h != NULL; h = h->next)
		if (h->addr.neg)
			return (true);
	return (false);
}

static bool
any_pool_holds(const struct spec *sp, enum pf_addr_type type)
{
	return (pool_holds(sp->nat, type) || pool_holds(sp->rdr, type) ||
	    pool_holds(sp->binat, type) || pool_holds(sp->route, type));
}

static bool
pool_flag(const struct spec *sp, uint8_t flag)
{
	return ((sp->nat != NULL && sp->nat->pool.flags & flag) ||
	    (sp->rdr != NULL && sp->rdr->pool.flags & flag) ||
	    (sp->binat != NULL && sp->binat->pool.flags & flag));
}

static bool
natting(const struct spec *sp)
{
	return (sp->kind == K_NAT || marked(sp, M_NATTO));
}

static bool
single(const struct redir *rd)
{
	return (rd != NULL && rd->hosts != NULL && rd->hosts->next == NULL);
}

static bool
binat_masks_differ(const struct spec *sp, const struct pf_ioc_rule *r)
{
	const struct redir *rd = sp->kind == K_BINAT ? sp->nat : sp->binat;
	const struct node_host *h;

	if (rd == NULL || r->src.addr.type != PF_ADDR_PREFIX)
		return (false);
	for (h = rd->hosts; h != NULL; h = h->next)
		if (h->addr.type == PF_ADDR_PREFIX && h->addr.af == r->af &&
		    h->addr.plen == r->src.addr.plen)
			return (false);
	return (!pool_holds(rd, PF_ADDR_DYNIF));
}

static bool
dynif_not_0(const struct redir *rd)
{
	const struct node_host *h;

	for (h = rd != NULL ? rd->hosts : NULL; h != NULL; h = h->next)
		if (h->addr.type == PF_ADDR_DYNIF &&
		    !(h->addr.iflags & PF_IF_NOALIAS))
			return (true);
	return (false);
}

static bool
pool_family_wrong(const struct redir *rd, int af)
{
	const struct node_host *h;

	for (h = rd != NULL ? rd->hosts : NULL; h != NULL; h = h->next)
		if (h->addr.af != AF_UNSPEC && h->addr.af != af)
			return (true);
	return (false);
}

#define STATEOPTS                                                      \
	(1ULL << M_SMAX | 1ULL << M_SSRCTRACK | 1ULL << M_SSRCSTATES | \
	    1ULL << M_SSRCCONN | 1ULL << M_SSRCCONNRATE |              \
	    1ULL << M_SSRCNODES | 1ULL << M_SOVERLOAD)
#define TRANSLATES (r->flags & (PFR_NATTO | PFR_RDRTO))

LAW(port_proto, !ported(r) && has_ports(r))
LAW(rdr_port_proto, !ported(r) && sp->rdr != NULL && sp->rdr->has_port)
LAW(nat_port_proto,
    !ported(r) && r->proto != 0 && sp->nat != NULL && sp->nat->has_port)
LAW(icmp_proto,
    r->icmptype != 0 && r->proto != IPPROTO_ICMP && r->proto != IPPROTO_ICMPV6)
LAW(icmp_version,
    pr->r.icmptype != 0 && sp->icmps != NULL &&
	(r->proto == IPPROTO_ICMP || r->proto == IPPROTO_ICMPV6) &&
	sp->icmps->proto != r->proto)
LAW(icmp_family, r->icmptype != 0 && r->af == AF_UNSPEC)
LAW(flags_tcp, marked(sp, M_FLAGS) && !spec_lists_tcp(sp))
LAW(os_tcp, sp->oses != NULL && !spec_lists_tcp(sp))
LAW(frag_ports, marked(sp, M_FRAGMENT) && has_ports(r))
LAW(frag_flags,
    marked(sp, M_FRAGMENT) && marked(sp, M_FLAGS) && r->tcpmask != 0)
LAW(frag_icmp, marked(sp, M_FRAGMENT) && r->icmptype != 0)
LAW(rst_tcp, r->flags &PFR_RETURNRST && r->proto != IPPROTO_TCP)
LAW(opts_pass, marked(sp, M_ALLOWOPTS))
LAW(keep_pass, sp->keep_given && r->keep != PF_NOSTATE)
LAW(sloppy_keep,
    r->stateflags &PFS_SLOPPY &&
	(r->keep == PF_MODULATE || r->keep == PF_SYNPROXY))
LAW(overload_conn,
    marked(sp, M_SOVERLOAD) && r->max_src_conn == 0 && r->conn_rate[0] == 0)
LAW(nodes_rule,
    marked(sp, M_SSRCNODES) && marked(sp, M_SSRCTRACK) &&
	!(r->stateflags & PFS_SRCTRACK_RULE))
LAW(conn_rule,
    (marked(sp, M_SSRCCONN) || marked(sp, M_SSRCCONNRATE)) &&
	marked(sp, M_SSRCTRACK) && !(r->stateflags & PFS_SRCTRACK_RULE))
LAW(afto_same, r->flags &PFR_AFTO && r->af == r->naf)
LAW(afto_none, r->flags &PFR_AFTO && r->af == AF_UNSPEC)
LAW(afto_match, r->flags &PFR_AFTO)
LAW(afto_dup, r->flags &PFR_AFTO && r->rt == PF_DUPTO)
LAW(afto_pool,
    r->flags &PFR_AFTO &&
	(pool_family_wrong(sp->nat, r->naf) ||
	    pool_family_wrong(sp->rdr, r->naf)))
LAW(afto_nat,
    r->flags &PFR_AFTO && r->flags & (PFR_NATTO | PFR_RDRTO | PFR_BINATTO))
LAW(route_any, r->rt != PF_NOROUTE)
LAW(route_dir, r->rt != PF_NOROUTE && r->dir == PFD_BOTH)
LAW(divert_match, marked(sp, M_DIVERT))
LAW(divert_family,
    sp->divert_hosts != NULL && divert_host(sp->divert_hosts, r->af) == NULL)
LAW(to_dir, TRANSLATES && r->dir == PFD_BOTH)
LAW(to_state, TRANSLATES && r->keep == PF_NOSTATE)
LAW(afto_dir, r->flags &PFR_AFTO && r->dir == PFD_BOTH)
LAW(afto_state, r->flags &PFR_AFTO && r->keep == PF_NOSTATE)
LAW(route_sticky,
    sp->route != NULL && sp->route->pool.flags & PF_POOL_STICKY &&
	r->keep == PF_NOSTATE)
LAW(to_block, r->flags &(PFR_NATTO | PFR_RDRTO | PFR_BINATTO | PFR_AFTO))
LAW(binat_dir, r->flags &PFR_BINATTO && r->dir != PFD_BOTH)
LAW(binat_with, r->flags &PFR_BINATTO &&TRANSLATES)
LAW(binat_table,
    (r->flags & PFR_BINATTO || sp->kind == K_BINAT) &&
	(pool_holds(sp->binat, PF_ADDR_TABLE) ||
	    r->src.addr.type == PF_ADDR_TABLE ||
	    (sp->kind == K_BINAT && pool_holds(sp->nat, PF_ADDR_TABLE))))
LAW(binat_list,
    r->flags &PFR_BINATTO &&
	(!single(sp->binat) || (sp->src != NULL && sp->src->next != NULL)))
LAW(binat_dyn,
    r->flags &PFR_BINATTO &&
	(dynif_not_0(sp->binat) ||
	    (r->src.addr.type == PF_ADDR_DYNIF &&
		!(r->src.addr.iflags & PF_IF_NOALIAS))))
LAW(binat_src,
    (r->flags & PFR_BINATTO || r->action == PFA_BINAT) &&
	r->src.addr.type == PF_ADDR_ANY)
LAW(binat_neg,
    (r->flags & PFR_BINATTO || r->action == PFA_BINAT) && r->src.addr.neg)
LAW(binat_mask, binat_masks_differ(sp, r))
LAW(binat_one,
    r->action == PFA_BINAT && sp->nat != NULL && sp->kind == K_BINAT &&
	!single(sp->nat) && pool_family_wrong(sp->nat, r->af) == false)
LAW(binat_ports, has_ports(r))
LAW(static_nat, pool_flag(sp, PF_POOL_STATIC) && !natting(sp))
LAW(static_port,
    sp->nat != NULL && sp->nat->pool.flags & PF_POOL_STATIC &&
	sp->nat->has_port)
LAW(eim_nat, pool_flag(sp, PF_POOL_EIM) && !natting(sp))
LAW(mape_nat,
    ((sp->rdr != NULL && sp->rdr->has_mape) ||
	(sp->nat != NULL && sp->nat->has_mape && !natting(sp))))
LAW(mape_static,
    sp->nat != NULL && sp->nat->has_mape &&
	sp->nat->pool.flags & PF_POOL_STATIC)
LAW(mape_port, sp->nat != NULL && sp->nat->has_mape && sp->nat->has_port)
LAW(mape_type, sp->nat != NULL && sp->nat->has_mape && sp->nat->has_type)
LAW(v6nh_route, pool_flag(sp, PF_POOL_V6NEXTHOP))
LAW(route_flags,
    sp->route != NULL &&
	(sp->route->pool.flags & (PF_POOL_STATIC | PF_POOL_EIM) ||
	    sp->route->has_mape))
LAW(pool_noroute,
    any_pool_holds(sp, PF_ADDR_NOROUTE) || any_pool_holds(sp, PF_ADDR_URPF))
LAW(pool_negated,
    pool_neg(sp->nat) || pool_neg(sp->rdr) || pool_neg(sp->binat) ||
	pool_neg(sp->route))
LAW(uid_unknown, unknown_id(r->uid, r->uid_op))
LAW(gid_unknown, unknown_id(r->gid, r->gid_op))
LAW(no_redirection,
    (sp->r.action == PFA_NONAT || sp->r.action == PFA_NORDR ||
	sp->r.action == PFA_NOBINAT) &&
	(sp->nat != NULL || sp->rdr != NULL))
LAW(needs_redirection,
    (r->action == PFA_NAT || r->action == PFA_RDR || r->action == PFA_BINAT) &&
	sp->nat == NULL && sp->rdr == NULL)
LAW(no_pass,
    (r->action == PFA_NONAT || r->action == PFA_NORDR ||
	r->action == PFA_NOBINAT) &&
	r->flags & PFR_NATPASS)
LAW(rdr_dport,
    r->dst.port_op != PF_OP_NONE && r->dst.port_op != PF_OP_EQ &&
	r->dst.port_op != PF_OP_RRG)
LAW(anchor_state, sp->keep_given || (sp->marks & STATEOPTS) != 0)
LAW(anchor_redir,
    sp->nat != NULL || sp->rdr != NULL || sp->binat != NULL ||
	sp->route != NULL)
LAW(rdra_sport, r->src.port_op != PF_OP_NONE)
LAW(rdra_dport,
    (sp->dports != NULL && sp->dports->next != NULL) ||
	(r->dst.port_op != PF_OP_NONE && r->dst.port_op != PF_OP_EQ &&
	    r->dst.port_op != PF_OP_RRG))
LAW(binata_hosts, sp->src != NULL || sp->dst != NULL || has_ports(r))
LAW(binata_protos, sp->protos != NULL && sp->protos->next != NULL)
LAW(reass_dir, r->flags &PFR_REASSTCP && r->dir != PFD_BOTH)

#define K_TRANS (K_NAT | K_RDR | K_BINAT)

/* clang-format off */
const struct law pf_laws[] = {
	{ "port-proto", K_ALL & ~K_NAT, port_proto, "port only applies to tcp/udp/sctp" },
	{ "rdr-port-proto", K_RDR | K_FILTER, rdr_port_proto, "rdr port only applies to tcp/udp/sctp" },
	{ "nat-port-proto", K_NAT, nat_port_proto, "nat port only applies to tcp/udp/sctp" },
	{ "icmp-proto", K_ALL, icmp_proto, "icmp-type/code only applies to icmp" },
	{ "icmp-version", K_ALL, icmp_version, "icmp-type does not match the protocol version" },
	{ "icmp-family", K_ALL, icmp_family, "must indicate address family with icmp-type/code" },
	{ "flags-tcp", K_FILTER, flags_tcp, "flags only apply to tcp" },
	{ "os-tcp", K_ALL, os_tcp, "os only applies to tcp" },
	{ "fragment-ports", K_FILTER, frag_ports, "port cannot be combined with fragment" },
	{ "fragment-flags", K_FILTER, frag_flags, "flags cannot be combined with fragment" },
	{ "fragment-icmp", K_FILTER, frag_icmp, "icmp-type cannot be combined with fragment" },
	{ "return-rst-tcp", K_BLOCK, rst_tcp, "return-rst can only be applied to TCP rules" },
	{ "allow-opts", K_BLOCK, opts_pass, "allow-opts can only be specified for pass or match rules" },
	{ "keep-pass", K_BLOCK | K_MATCH, keep_pass, "keep state on block or match rules doesn't make sense" },
	{ "sloppy-keep", K_FILTER, sloppy_keep, "sloppy state matching cannot be used with synproxy state or modulate state" },
	{ "overload-conn", K_FILTER, overload_conn, "'overload' requires 'max-src-conn' or 'max-src-conn-rate'" },
	{ "src-nodes-rule", K_FILTER, nodes_rule, "'max-src-nodes' is incompatible with 'source-track global'" },
	{ "src-conn-rule", K_FILTER, conn_rule, "'max-src-conn' and 'max-src-conn-rate' are incompatible with 'source-track global'" },
	{ "af-to-same", K_FILTER, afto_same, "af-to: address family did not change" },
	{ "af-to-family", K_FILTER, afto_none, "af-to: no address family specified" },
	{ "af-to-match", K_MATCH | K_BLOCK, afto_match, "af-to is not supported on match or block rules" },
	{ "af-to-dup", K_FILTER, afto_dup, "dup-to is not supported with af-to" },
	{ "af-to-direction", K_FILTER, afto_dir, "af-to requires a direction" },
	{ "af-to-state", K_PASS, afto_state, "af-to requires keep state" },
	{ "af-to-pool", K_FILTER, afto_pool, "af-to: addresses must be of the target family" },
	{ "af-to-alone", K_FILTER, afto_nat, "af-to cannot be combined with nat-to, rdr-to or binat-to" },
	{ "route-block", K_BLOCK, route_any, "route-to, reply-to and dup-to are not supported on block rules" },
	{ "route-match", K_MATCH, route_any, "route-to, reply-to and dup-to are not supported on match rules" },
	{ "route-direction", K_PASS, route_dir, "direction must be explicit with rules that specify routing" },
	{ "route-sticky", K_PASS, route_sticky, "'sticky-address' requires 'keep state'" },
	{ "divert-match", K_MATCH, divert_match, "divert is not supported on match rules" },
	{ "divert-family", K_FILTER, divert_family, "divert-to: the address is of another family than the rule" },
	{ "nat-to-direction", K_PASS | K_MATCH, to_dir, "nat-to and rdr-to require a direction" },
	{ "nat-to-state", K_PASS, to_state, "nat-to and rdr-to require keep state" },
	{ "nat-to-block", K_BLOCK, to_block, "translation is not supported on block rules" },
	{ "binat-to-direction", K_FILTER, binat_dir, "binat-to cannot be used with a direction" },
	{ "binat-to-alone", K_FILTER, binat_with, "binat-to cannot be combined with nat-to or rdr-to" },
	{ "binat-table", K_FILTER | K_BINAT, binat_table, "binat does not take tables" },
	{ "binat-to-list", K_FILTER, binat_list, "binat-to takes one source and one redirection address" },
	{ "binat-to-dynamic", K_FILTER, binat_dyn, "binat-to takes (interface) only with :0" },
	{ "binat-source", K_FILTER, binat_src, "binat-to requires a specified source and redirect address" },
	{ "binat-negated", K_FILTER | K_BINAT, binat_neg, "binat: the source cannot be negated" },
	{ "binat-masks", K_FILTER | K_BINAT, binat_mask, "binat: netmasks of source and redirection must be the same" },
	{ "binat-one", K_BINAT, binat_one, "binat rule must redirect to a single address" },
	{ "binat-ports", K_BINAT, binat_ports, "binat rules take no ports" },
	{ "static-port-nat", K_ALL, static_nat, "the 'static-port' option is only valid with nat rules" },
	{ "static-port-range", K_ALL, static_port, "the 'static-port' option can't be used when specifying a port range" },
	{ "endpoint-independent-nat", K_ALL, eim_nat, "the 'endpoint-independent' option is only valid with nat rules" },
	{ "map-e-nat", K_ALL, mape_nat, "the 'map-e-portset' option is only valid with nat rules" },
	{ "map-e-static", K_ALL, mape_static, "the 'map-e-portset' option can't be used 'static-port'" },
	{ "map-e-port", K_ALL, mape_port, "the 'map-e-portset' option can't be used when specifying a port range" },
	{ "map-e-type", K_ALL, mape_type, "the 'map-e-portset' option can't be used with a pool type" },
	{ "nexthop-route", K_ALL, v6nh_route, "the 'prefer-ipv6-nexthop' option is only valid for route-to, reply-to and dup-to" },
	{ "route-options", K_ALL, route_flags, "a route pool takes no port options" },
	{ "pool-special", K_ALL, pool_noroute, "no-route and urpf-failed cannot be used in a pool" },
	{ "pool-negated", K_ALL, pool_negated, "a pool cannot hold a negated address" },
	{ "user-unknown", K_FILTER, uid_unknown, "user unknown requires operator = or !=" },
	{ "group-unknown", K_FILTER, gid_unknown, "group unknown requires operator = or !=" },
	{ "no-redirection", K_TRANS, no_redirection, "translation rule with 'no' does not need '->'" },
	{ "needs-redirection", K_TRANS, needs_redirection, "translation rule requires '-> address'" },
	{ "no-pass", K_TRANS, no_pass, "\"pass\" not valid with \"no\"" },
	{ "rdr-dport", K_RDR, rdr_dport, "invalid rdr destination port: only = or a range" },
	{ "anchor-state", K_ANCHOR, anchor_state, "anchor rules take no state options" },
	{ "anchor-pool", K_ANCHOR, anchor_redir, "anchor rules take no translation or routing" },
	{ "rdr-anchor-source-port", K_RDRANCHOR, rdra_sport, "source port parameter not supported in rdr-anchor" },
	{ "rdr-anchor-port", K_RDRANCHOR, rdra_dport, "rdr-anchor takes one destination port or a range" },
	{ "binat-anchor-hosts", K_BINATANCHOR, binata_hosts, "binat-anchor takes no from and to" },
	{ "binat-anchor-protos", K_BINATANCHOR, binata_protos, "proto list not supported in binat-anchor" },
	{ "reassemble-tcp-direction", K_SCRUB, reass_dir, "reassemble tcp rules can not specify direction" },
};
/* clang-format on */
const size_t pf_nlaws = nitems(pf_laws);

bool
rule_judge(struct pfconf *pc, const struct spec *sp, const struct pf_rule *r)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < pf_nlaws; i++) {
		if (!(pf_laws[i].kinds & sp->kind) || !pf_laws[i].broken(sp, r))
			continue;
		conf_error_at(pc->lex, sp->file, sp->line, "%s",
		    pf_laws[i].message);
		ok = false;
	}
	return (ok);
}
