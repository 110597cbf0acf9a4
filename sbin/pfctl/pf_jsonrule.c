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

static void
side_member(struct json *js, const char *key, const struct pf_ioc_side *s)
{
	static const char *const ops[] = { NULL, "><", "=", "!=", "<",
		"<=", ">", ">=", "<>", ":" };
	char buf[160];

	json_object(js, key);
	addr_text(buf, sizeof(buf), &s->addr);
	json_str(js, "address", buf);
	if (s->addr.type == PF_ADDR_TABLE)
		json_str(js, "table", s->addr.name);
	if (s->addr.type == PF_ADDR_DYNIF)
		json_str(js, "interface", s->addr.name);
	if (s->addr.count >= 0)
		json_num(js, "entries", (uint32_t)s->addr.count);
	if (s->port_op != PF_OP_NONE && s->port_op < nitems(ops)) {
		json_object(js, "port");
		json_str(js, "op", ops[s->port_op]);
		json_num(js, "first", s->port[0]);
		if (s->port_op == PF_OP_IRG || s->port_op == PF_OP_XRG ||
		    s->port_op == PF_OP_RRG)
			json_num(js, "last", s->port[1]);
		json_end(js);
	}
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
		{ PFR_TAGGEDNOT, "tagged_negated" } };
	size_t i;

	for (i = 0; i < nitems(names); i++)
		if (r->flags & names[i].flag)
			json_bool(js, names[i].name, true);
	if (r->log != 0)
		json_num(js, "pflog", r->logif);
}

static void
str_member(struct json *js, const char *key, const char *s)
{
	if (*s != '\0')
		json_str(js, key, s);
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
	json_end(js);
}

static const char *
action_name(const struct pf_ioc_rule *r)
{
	static const char *const names[] = { "pass", "block", "scrub",
		"no scrub", "nat", "no nat", "binat", "no binat", "rdr",
		"no rdr", NULL, NULL, "match" };

	if (r->flags & PFR_ANCHOR)
		return ("anchor");
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
deed_members(struct json *js, const struct pf_ioc_rule *r)
{
	static const char *const keeps[] = { NULL, "keep", "modulate",
		"synproxy" };
	size_t i;

	if (r->keep != PF_NOSTATE && r->keep < nitems(keeps))
		json_str(js, "state", keeps[r->keep]);
	str_member(js, "tag", r->tagname);
	str_member(js, "anchor", r->anchor);
	str_member(js, "overload", r->overload);
	str_member(js, "queue", r->qname);
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
	json_num(js, "uid", r->cuid);
	json_num(js, "pid", (uint32_t)r->cpid);
	if (r->last_active != 0)
		json_num(js, "last_active", r->last_active);
}

void
json_rule(struct json *js, int opts, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	json_num(js, "number", r->nr);
	text_member(js, opts, r, ents);
	json_str(js, "action", action_name(r));
	match_members(js, r);
	flag_members(js, r);
	deed_members(js, r);
	pool_member(js, "nat", &r->pool[PF_NATPOOL], ents[PF_NATPOOL]);
	pool_member(js, "rdr", &r->pool[PF_RDRPOOL], ents[PF_RDRPOOL]);
	pool_member(js, "route", &r->pool[PF_ROUTEPOOL], ents[PF_ROUTEPOOL]);
	counter_members(js, r);
}
