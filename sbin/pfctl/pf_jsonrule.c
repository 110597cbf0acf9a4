/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A rule as members of a JSON object: its line as pf.conf would have it
 * (`text'), and what it matches and does piece by piece.  A member that a
 * rule does not set is not there.
 */

#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

static void
text_member(struct json *js, int opts, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	char *buf = NULL;
	size_t size = 0;
	struct pf_print pp = { open_memstream(&buf, &size),
		opts & OPT_PORTNUM };

	if (pp.f == NULL)
		return;
	print_rule(&pp, r, ents, NULL);
	fclose(pp.f);
	json_str(js, "text", buf);
	free(buf);
}

static const char *const ops[] = { NULL, "><", "=", "!=", "<", "<=", ">",
	">=", "<>", ":" };

/* A comparison with one number or, where there are two, with a range. */
static void
op_member(struct json *js, const char *key, uint8_t op, uint32_t a, uint32_t b)
{
	if (op == PF_OP_NONE || op >= nitems(ops))
		return;
	json_object(js, key);
	json_str(js, "op", ops[op]);
	if (a == UINT32_MAX)
		json_null(js, "first"); /* unknown */
	else
		json_num(js, "first", a);
	if (op == PF_OP_IRG || op == PF_OP_XRG || op == PF_OP_RRG)
		json_num(js, "last", b);
	json_end(js);
}

static void
num_member(struct json *js, const char *key, uint32_t n)
{
	if (n != 0)
		json_num(js, key, n);
}

static void
side_member(struct json *js, const char *key, const struct pf_ioc_side *s)
{
	char buf[160];

	json_object(js, key);
	addr_text(buf, sizeof(buf), &s->addr);
	json_str(js, "address", buf);
	if (s->addr.type == PF_ADDR_TABLE)
		json_str(js, "table", s->addr.name);
	if (s->addr.type == PF_ADDR_DYNIF)
		json_str(js, "interface", s->addr.name);
	if ((s->addr.type == PF_ADDR_TABLE || s->addr.type == PF_ADDR_DYNIF) &&
	    s->addr.count >= 0)
		json_num(js, "entries", (uint32_t)s->addr.count);
	op_member(js, "port", s->port_op, s->port[0], s->port[1]);
	json_end(js);
}

static void
flag_members(struct json *js, const struct pf_ioc_rule *r)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = { { PFR_QUICK, "quick" }, { PFR_ALLOWOPTS, "allow_opts" },
		{ PFR_FRAGMENT, "fragment" }, { PFR_ONCE, "once" },
		{ PFR_EXPIRED, "expired" }, { PFR_NATPASS, "pass" },
		{ PFR_IFNOT, "interface_negated" },
		{ PFR_RCVIFNOT, "received_on_negated" },
		{ PFR_TAGGEDNOT, "tagged_negated" } },
	  logs[] = { { PF_LOG_ALL, "all" }, { PF_LOG_MATCHES, "matches" },
		  { PF_LOG_USER, "user" } };
	size_t i;

	for (i = 0; i < nitems(names); i++)
		if (r->flags & names[i].flag)
			json_bool(js, names[i].name, true);
	if (r->log == 0)
		return;
	json_array(js, "log");
	for (i = 0; i < nitems(logs); i++)
		if (r->log & logs[i].flag)
			json_str(js, NULL, logs[i].name);
	json_end(js);
	json_num(js, "pflog", r->logif);
}

static void
str_member(struct json *js, const char *key, const char *s)
{
	if (*s != '\0')
		json_str(js, key, s);
}

/* What only some pools have beside the addresses, in their order. */
static void
ent_members(struct json *js, const struct pf_ioc_pool *p,
    const struct pf_ioc_poolent *e)
{
	bool ifs = false, weights = false;
	char key[2 * PF_KEY_SIZE + 3] = "0x";
	uint32_t i;

	for (i = 0; i < p->nents; i++) {
		ifs = ifs || e[i].ifname[0] != '\0';
		weights = weights || e[i].weight != 0;
	}
	if (ifs) {
		json_array(js, "interfaces");
		for (i = 0; i < p->nents; i++)
			json_str(js, NULL, e[i].ifname);
		json_end(js);
	}
	if (weights) {
		json_array(js, "weights");
		for (i = 0; i < p->nents; i++)
			json_num(js, NULL, e[i].weight);
		json_end(js);
	}
	if (p->type != PF_POOL_SRCHASH)
		return;
	for (i = 0; i < PF_KEY_SIZE; i++)
		snprintf(key + 2 + 2 * i, 3, "%02x", p->key[i]);
	json_str(js, "key", key);
}

static void
pool_member(struct json *js, const char *key, const struct pf_ioc_pool *p,
    const struct pf_ioc_poolent *e)
{
	static const char *const types[] = { "single", "bitmask", "random",
		"source-hash", "round-robin", "least-states" };
	char buf[160];
	uint32_t i;

	if (p->nents == 0)
		return;
	json_object(js, key);
	json_array(js, "addresses");
	for (i = 0; i < p->nents; i++) {
		addr_text(buf, sizeof(buf), &e[i].addr);
		json_str(js, NULL, buf);
	}
	json_end(js);
	ent_members(js, p, e);
	if (p->type < nitems(types))
		json_str(js, "type", types[p->type]);
	if (p->port[0] != 0) {
		json_num(js, "first_port", p->port[0]);
		json_num(js, "last_port",
		    p->port[1] != 0 ? p->port[1] : p->port[0]);
	}
	if (p->flags & PF_POOL_STATIC)
		json_bool(js, "static_port", true);
	if (p->flags & PF_POOL_STICKY)
		json_bool(js, "sticky_address", true);
	if (p->flags & PF_POOL_EIM)
		json_bool(js, "endpoint_independent", true);
	if (p->flags & PF_POOL_V6NEXTHOP)
		json_bool(js, "prefer_ipv6_nexthop", true);
	if (p->mape_offset != 0) {
		json_object(js, "map_e_portset");
		json_num(js, "offset", p->mape_offset);
		json_num(js, "psid_length", p->mape_psidlen);
		json_num(js, "psid", p->mape_psid);
		json_end(js);
	}
	json_end(js);
}

static const char *
action_name(const struct pf_ioc_rule *r)
{
	static const char *const names[] = { "pass", "block", "scrub",
		"no scrub", "nat", "no nat", "binat", "no binat", "rdr",
		"no rdr", NULL, NULL, "match" };

	if (r->flags & PFR_ANCHOR)
		return (r->action == PFA_NAT   ? "nat-anchor" :
			r->action == PFA_RDR   ? "rdr-anchor" :
			r->action == PFA_BINAT ? "binat-anchor" :
			r->action == PFA_SCRUB ? "scrub-anchor" :
						 "anchor");
	return (r->action < nitems(names) && names[r->action] != NULL ?
		names[r->action] :
		"unknown");
}

static void
match_members(struct json *js, const struct pf_ioc_rule *r)
{
	const char *name;

	if (r->dir != PFD_BOTH)
		json_str(js, "direction", r->dir == PFD_IN ? "in" : "out");
	str_member(js, "interface", r->ifname);
	str_member(js, "received_on", r->rcv_ifname);
	if (r->af != AF_UNSPEC)
		json_str(js, "family", r->af == AF_INET ? "inet" : "inet6");
	if (r->proto != 0) {
		json_num(js, "protocol", r->proto);
		if ((name = proto_name(r->proto)) != NULL)
			json_str(js, "protocol_name", name);
	}
	side_member(js, "from", &r->src);
	side_member(js, "to", &r->dst);
	if (r->icmptype != 0)
		json_num(js, "icmp_type", r->icmptype - 1U);
	if (r->icmpcode_set)
		json_num(js, "icmp_code", r->icmpcode);
	str_member(js, "os", r->osname);
	str_member(js, "tagged", r->match_tagname);
}

static void
tcpflags_text(char *buf, uint16_t flags)
{
	const char *p;

	for (p = pf_flag_letters; *p != '\0'; p++)
		if (flags & 1 << (p - pf_flag_letters))
			*buf++ = *p;
	*buf = '\0';
}

/* What a packet is asked for beyond its addresses. */
static void
test_members(struct json *js, const struct pf_ioc_rule *r)
{
	char buf[16];

	op_member(js, "user", r->uid_op, r->uid[0], r->uid[1]);
	op_member(js, "group", r->gid_op, r->gid[0], r->gid[1]);
	if (r->tcpmask != 0) {
		json_object(js, "flags");
		tcpflags_text(buf, r->tcpflags);
		json_str(js, "set", buf);
		tcpflags_text(buf, r->tcpmask);
		json_str(js, "of", buf);
		json_end(js);
	}
	if (r->flags & PFR_TOS)
		json_num(js, "tos", r->tos);
	if (r->prio != 0)
		json_num(js, "prio", r->prio - 1U);
	if (r->pktrate[0] != 0) {
		json_object(js, "max_packet_rate");
		json_num(js, "packets", r->pktrate[0]);
		json_num(js, "seconds", r->pktrate[1]);
		json_end(js);
	}
	num_member(js, "max_packet_size", r->max_pkt_size);
	if (r->probability != 0)
		json_percent(js, "probability_percent", r->probability);
}

/* How a block rule answers; what ICMP would say is there when it may. */
static void
block_members(struct json *js, const struct pf_ioc_rule *r)
{
	if (r->action != PFA_BLOCK)
		return;
	json_str(js, "block",
	    r->flags & PFR_RETURN         ? "return" :
		r->flags & PFR_RETURNRST  ? "return-rst" :
		r->flags & PFR_RETURNICMP ? "return-icmp" :
					    "drop");
	num_member(js, "return_ttl", r->return_ttl);
	if (!(r->flags & (PFR_RETURN | PFR_RETURNICMP)))
		return;
	if (r->af != AF_INET6)
		json_num(js, "return_icmp_code", r->return_icmp_code);
	if (r->af != AF_INET)
		json_num(js, "return_icmp6_code", r->return_icmp6_code);
}

static void
set_members(struct json *js, const struct pf_ioc_rule *r)
{
	static const char *const diverts[] = { NULL, "socket", "packet" };

	if (r->flags & PFR_SETPRIO) {
		json_array(js, "set_prio");
		json_num(js, NULL, r->set_prio[0]);
		json_num(js, NULL, r->set_prio[1]);
		json_end(js);
	}
	if (r->flags & PFR_SETTOS)
		json_num(js, "set_tos", r->set_tos);
	num_member(js, "set_delay", r->set_delay);
	if (r->dnpipe[0] != 0) {
		json_array(js, r->dnflags ? "dnqueue" : "dnpipe");
		json_num(js, NULL, r->dnpipe[0]);
		if (r->dnpipe[1] != 0)
			json_num(js, NULL, r->dnpipe[1]);
		json_end(js);
	}
	if (r->flags & PFR_AFTO)
		json_str(js, "to_family", r->naf == AF_INET ? "inet" : "inet6");
	if (r->divert == PF_DIVERT_NONE || r->divert >= nitems(diverts))
		return;
	json_object(js, "divert");
	json_str(js, "to", diverts[r->divert]);
	if (r->divert_af != AF_UNSPEC)
		json_ip(js, "address", r->divert_af, &r->divert_addr);
	json_num(js, "port", r->divert_port);
	json_end(js);
}

static void
scrub_member(struct json *js, const struct pf_ioc_rule *r)
{
	bool rule = r->action == PFA_SCRUB && !(r->flags & PFR_ANCHOR);

	if (!rule && !(r->flags & PFR_SCRUB))
		return;
	json_object(js, "scrub");
	json_bool(js, "no_df", (r->flags & PFR_NODF) != 0);
	json_bool(js, "random_id", (r->flags & PFR_RANDOMID) != 0);
	json_bool(js, "reassemble_tcp", (r->flags & PFR_REASSTCP) != 0);
	num_member(js, "min_ttl", r->min_ttl);
	num_member(js, "max_mss", r->max_mss);
	if (rule)
		json_bool(js, "fragment_reassemble",
		    (r->flags & PFR_FRAGREASS) != 0);
	json_end(js);
}

/* What stands in the parentheses of `keep state ( ... )'. */
static void
state_member(struct json *js, const struct pf_ioc_rule *r)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = { { PFS_NOSYNC, "no_sync" }, { PFS_IFBOUND, "if_bound" },
		{ PFS_GROUPBOUND, "group_bound" }, { PFS_FLOATING, "floating" },
		{ PFS_SLOPPY, "sloppy" }, { PFS_PFLOW, "pflow" },
		{ PFS_RELATED, "allow_related" }, { PFS_FLUSH, "flush" },
		{ PFS_FLUSHGLOBAL, "flush_global" } };
	size_t i;

	if (r->keep == PF_NOSTATE)
		return;
	json_object(js, "state_options");
	num_member(js, "max", r->max_states);
	if (r->stateflags & PFS_SRCTRACK)
		json_str(js, "source_track",
		    r->stateflags & PFS_SRCTRACK_RULE ? "rule" : "global");
	num_member(js, "max_src_states", r->max_src_states);
	num_member(js, "max_src_nodes", r->max_src_nodes);
	num_member(js, "max_src_conn", r->max_src_conn);
	num_member(js, "max_src_conn_rate", r->conn_rate[0]);
	num_member(js, "max_src_conn_seconds", r->conn_rate[1]);
	str_member(js, "overload", r->overload);
	for (i = 0; i < nitems(names); i++)
		if (r->stateflags & names[i].flag)
			json_bool(js, names[i].name, true);
	json_object(js, "timeouts");
	for (i = 0; i < PFTM_MAX; i++)
		num_member(js, pf_timeout_names[i], r->timeout[i]);
	json_end(js);
	json_end(js);
}

static void
deed_members(struct json *js, const struct pf_ioc_rule *r)
{
	static const char *const keeps[] = { NULL, "keep", "modulate",
		"synproxy" };
	size_t i;

	if (r->keep != PF_NOSTATE && r->keep < nitems(keeps))
		json_str(js, "state", keeps[r->keep]);
	str_member(js, "tag", r->tagname);
	str_member(js, "anchor", r->anchor);
	str_member(js, "queue", r->qname);
	str_member(js, "priority_queue", r->pqname);
	if (r->rtable != -1)
		json_num(js, "rtable", (uint32_t)r->rtable);
	if (r->ridentifier != 0)
		json_num(js, "ridentifier", r->ridentifier);
	json_array(js, "labels");
	for (i = 0; i < PF_LABELS_MAX; i++)
		if (r->label[i][0] != '\0')
			json_str(js, NULL, r->label[i]);
	json_end(js);
}

static void
counter_members(struct json *js, const struct pf_ioc_rule *r)
{
	json_num(js, "evaluations", r->evaluations);
	json_num(js, "packets_in", r->packets[0]);
	json_num(js, "packets_out", r->packets[1]);
	json_num(js, "bytes_in", r->bytes[0]);
	json_num(js, "bytes_out", r->bytes[1]);
	json_num(js, "states", r->states_cur);
	json_num(js, "states_created", r->states_tot);
	json_num(js, "source_nodes", r->src_nodes);
	json_num(js, "source_nodes_limit", r->src_nodes_by[0]);
	json_num(js, "source_nodes_nat", r->src_nodes_by[1]);
	json_num(js, "source_nodes_route", r->src_nodes_by[2]);
	json_num(js, "uid", r->cuid);
	json_num(js, "pid", (uint32_t)r->cpid);
	if (r->last_active != 0)
		json_num(js, "last_active", r->last_active);
}

/* -g: the next rule to look at when a test fails; null: there is none. */
static void
skip_member(struct json *js, const struct pf_ioc_rule *r)
{
	size_t i;

	json_object(js, "skip_steps");
	for (i = 0; i < PF_SKIP_MAX; i++)
		if (r->skip[i] == PF_NR_NONE)
			json_null(js, pf_skip_names[i]);
		else
			json_num(js, pf_skip_names[i], r->skip[i]);
	json_end(js);
}

void
json_rule(struct json *js, int opts, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	json_num(js, "number", r->nr);
	text_member(js, opts, r, ents);
	json_str(js, "action", action_name(r));
	block_members(js, r);
	match_members(js, r);
	test_members(js, r);
	flag_members(js, r);
	deed_members(js, r);
	set_members(js, r);
	scrub_member(js, r);
	state_member(js, r);
	pool_member(js, "nat", &r->pool[PF_NATPOOL], ents[PF_NATPOOL]);
	pool_member(js, "rdr", &r->pool[PF_RDRPOOL], ents[PF_RDRPOOL]);
	pool_member(js, "route", &r->pool[PF_ROUTEPOOL], ents[PF_ROUTEPOOL]);
	counter_members(js, r);
	if (opts & OPT_DEBUG)
		skip_member(js, r);
}
