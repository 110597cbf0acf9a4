/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Rules as text.  What is printed here loads again and prints the same.
 *
 * One function a part of the line, in the order of the line; print_rule()
 * is the list of them.  It serves both rules that were just parsed and
 * rules that the kernel gave back.
 */

#include <ctype.h>
#include <string.h>

#include <arpa/inet.h>

#include "pfctl.h"

void
print_ip(FILE *f, int af, const struct ip_addr *a)
{
	char buf[INET6_ADDRSTRLEN];

	if (inet_ntop(af, a->b, buf, sizeof(buf)) == NULL)
		strcpy(buf, "?");
	fputs(buf, f);
}

bool
word_bare(const char *s)
{
	size_t lo = 0, hi = pf_nwords, mid, i;
	int n;

	if (!isalnum((unsigned char)*s) && *s != ':' && *s != '_')
		return (false);
	for (i = 0; s[i] != '\0'; i++)
		if (!isgraph((unsigned char)s[i]) ||
		    strchr("(){}<>!=#,/\"'$\\", s[i]) != NULL)
			return (false);
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if ((n = strcmp(s, pf_words[mid].name)) == 0)
			return (false);
		if (n < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return (true);
}

void
print_quoted(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"')
			fputc('\\', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

const char *
quoted(struct pfconf *pc, const char *s)
{
	char *buf = palloc(pc, 2 * strlen(s) + 3), *to = buf;

	*to++ = '"';
	for (; *s != '\0'; s++) {
		if (*s == '"')
			*to++ = '\\';
		*to++ = *s;
	}
	*to = '"';
	return (buf);
}

void
print_word(FILE *f, const char *s)
{
	if (word_bare(s))
		fputs(s, f);
	else
		print_quoted(f, s);
}

static bool
is_any(const struct pf_ioc_addr *a)
{
	return (a->type == PF_ADDR_ANY ||
	    (a->type == PF_ADDR_PREFIX && a->plen == 0));
}

static void
dynif_text(char *buf, size_t size, const struct pf_ioc_addr *a)
{
	snprintf(buf, size, "(%s%s%s%s%s", a->name,
	    a->iflags & PF_IF_NETWORK ? ":network" : "",
	    a->iflags & PF_IF_BROADCAST ? ":broadcast" : "",
	    a->iflags & PF_IF_PEER ? ":peer" : "",
	    a->iflags & PF_IF_NOALIAS ? ":0" : "");
}

static void
bits_text(char *buf, size_t size, const struct pf_ioc_addr *a, int af)
{
	size_t n = strlen(buf);
	unsigned int full = af == AF_INET ? 32 : 128;

	if (a->plen < full &&
	    (a->type == PF_ADDR_PREFIX || a->type == PF_ADDR_DYNIF))
		snprintf(buf + n, size - n, "/%u", a->plen);
}

/* count: with the number of entries (-vv). */
static void
addr_text_count(char *buf, size_t size, const struct pf_ioc_addr *a, bool count)
{
	char num[16] = "", ip[INET6_ADDRSTRLEN];
	size_t n = 0;

	if (count && a->count >= 0)
		snprintf(num, sizeof(num), ":%d", a->count);
	else if (count)
		strcpy(num, ":*");
	if (a->neg)
		n = (size_t)snprintf(buf, size, "! ");
	buf += n;
	size -= n;
	switch (a->type) {
	case PF_ADDR_NOROUTE:
		snprintf(buf, size, "no-route");
		return;
	case PF_ADDR_URPF:
		snprintf(buf, size, "urpf-failed");
		return;
	case PF_ADDR_TABLE:
		snprintf(buf, size, "<%s%s>", a->name, num);
		return;
	case PF_ADDR_DYNIF:
		dynif_text(buf, size, a);
		n = strlen(buf);
		snprintf(buf + n, size - n, "%s)", num);
		bits_text(buf, size, a, a->af);
		return;
	}
	if (is_any(a)) {
		snprintf(buf, size, "any");
		return;
	}
	snprintf(buf, size, "%s", inet_ntop(a->af, a->addr.b, ip, sizeof(ip)));
	if (a->type == PF_ADDR_RANGE) {
		n = strlen(buf);
		snprintf(buf + n, size - n, " - %s",
		    inet_ntop(a->af, a->end.b, ip, sizeof(ip)));
	}
	bits_text(buf, size, a, a->af);
}

void
addr_text(char *buf, size_t size, const struct pf_ioc_addr *a)
{
	addr_text_count(buf, size, a, false);
}

void
print_addr(const struct pf_print *pp, const struct pf_ioc_addr *a)
{
	char buf[160];

	addr_text_count(buf, sizeof(buf), a,
	    (pp->opts & (OPT_VERBOSE2 | OPT_DEBUG)) != 0);
	fputs(buf, pp->f);
}

/* --- parts ------------------------------------------------------------- */

static void
print_port_value(const struct pf_print *pp, int proto, unsigned int port)
{
	const char *name = pp->opts & OPT_PORTNUM ? NULL :
						    service_name(proto, port);

	if (name != NULL)
		fputs(name, pp->f);
	else
		fprintf(pp->f, "%u", port);
}

static const char *const op_names[] = { [PF_OP_EQ] = "=",
	[PF_OP_NE] = "!=",
	[PF_OP_LT] = "<",
	[PF_OP_LE] = "<=",
	[PF_OP_GT] = ">",
	[PF_OP_GE] = ">=" };

static void
print_ports(const struct pf_print *pp, const struct pf_ioc_side *s, int proto)
{
	switch (s->port_op) {
	case PF_OP_NONE:
		return;
	case PF_OP_IRG:
	case PF_OP_XRG:
	case PF_OP_RRG:
		fprintf(pp->f, " port %u%s%u", s->port[0],
		    s->port_op == PF_OP_IRG     ? " >< " :
			s->port_op == PF_OP_XRG ? " <> " :
						  ":",
		    s->port[1]);
		return;
	}
	fprintf(pp->f, " port %s ", op_names[s->port_op]);
	if (s->port_op == PF_OP_EQ || s->port_op == PF_OP_NE)
		print_port_value(pp, proto, s->port[0]);
	else
		fprintf(pp->f, "%u", s->port[0]);
}

static void
print_id_value(const struct pf_print *pp, uint32_t id)
{
	if (id == UINT32_MAX)
		fputs("unknown", pp->f);
	else
		fprintf(pp->f, "%u", id);
}

static void
print_ids(const struct pf_print *pp, const char *word, uint8_t op,
    const uint32_t id[2])
{
	if (op == PF_OP_NONE)
		return;
	fprintf(pp->f, " %s ", word);
	if (op == PF_OP_IRG || op == PF_OP_XRG) {
		fprintf(pp->f, "%u %s %u", id[0], op == PF_OP_IRG ? "><" : "<>",
		    id[1]);
		return;
	}
	fprintf(pp->f, "%s ", op_names[op]);
	print_id_value(pp, id[0]);
}

static void
print_action(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	static const char *const names[] = { [PFA_PASS] = "pass",
		[PFA_BLOCK] = "block",
		[PFA_SCRUB] = "scrub",
		[PFA_NOSCRUB] = "no scrub",
		[PFA_NAT] = "nat",
		[PFA_NONAT] = "no nat",
		[PFA_BINAT] = "binat",
		[PFA_NOBINAT] = "no binat",
		[PFA_RDR] = "rdr",
		[PFA_NORDR] = "no rdr",
		[PFA_MATCH] = "match" };
	static const char *const anchors[] = { [PFA_NAT] = "nat-anchor",
		[PFA_RDR] = "rdr-anchor",
		[PFA_BINAT] = "binat-anchor",
		[PFA_SCRUB] = "scrub-anchor",
		[PFA_PASS] = "anchor" };

	if (r->flags & PFR_ANCHOR && r->action < nitems(anchors) &&
	    anchors[r->action] != NULL) {
		fputs(anchors[r->action], pp->f);
		if (r->anchor[0] != '_' && strstr(r->anchor, "/_") == NULL) {
			fputc(' ', pp->f);
			print_quoted(pp->f, r->anchor);
		}
		return;
	}
	if (r->action < nitems(names) && names[r->action] != NULL)
		fputs(names[r->action], pp->f);
	else
		fprintf(pp->f, "action(%u)", r->action);
	if (r->flags & PFR_NATPASS)
		fputs(" pass", pp->f);
}

static void
print_code(const struct pf_print *pp, int proto, int type, int code)
{
	const char *name = icmp_code_name(proto, type, code);

	if (name != NULL)
		fputs(name, pp->f);
	else
		fprintf(pp->f, "%d", code);
}

static void
print_block(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	if (r->action != PFA_BLOCK)
		return;
	if (r->flags & PFR_RETURN)
		fputs(" return", pp->f);
	else if (r->flags & PFR_RETURNRST) {
		fputs(" return-rst", pp->f);
		if (r->return_ttl != 0)
			fprintf(pp->f, "(ttl %u)", r->return_ttl);
	} else if (r->flags & PFR_RETURNICMP) {
		fputs(r->af == AF_INET6 ? " return-icmp6(" : " return-icmp(",
		    pp->f);
		if (r->af != AF_INET6)
			print_code(pp, IPPROTO_ICMP, 3, r->return_icmp_code);
		if (r->af == AF_UNSPEC)
			fputs(", ", pp->f);
		if (r->af != AF_INET)
			print_code(pp, IPPROTO_ICMPV6, 1, r->return_icmp6_code);
		fputc(')', pp->f);
	} else
		fputs(" drop", pp->f);
}

static void
print_log(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	const char *sep = " (";

	if (r->log == 0)
		return;
	fputs(" log", pp->f);
	if (r->log & PF_LOG_ALL) {
		fprintf(pp->f, "%sall", sep);
		sep = ", ";
	}
	if (r->log & PF_LOG_MATCHES) {
		fprintf(pp->f, "%smatches", sep);
		sep = ", ";
	}
	if (r->log & PF_LOG_USER) {
		fprintf(pp->f, "%suser", sep);
		sep = ", ";
	}
	if (r->logif != 0) {
		fprintf(pp->f, "%sto pflog%u", sep, r->logif);
		sep = ", ";
	}
	if (*sep == ',')
		fputc(')', pp->f);
}

static void
print_poolent(const struct pf_print *pp, const struct pf_ioc_poolent *e,
    bool route)
{
	if (route && e->ifname[0] != '\0') {
		if (e->addr.type == PF_ADDR_ANY) {
			fputs(e->ifname, pp->f);
			return;
		}
		fprintf(pp->f, "(%s ", e->ifname);
		print_addr(pp, &e->addr);
		fputc(')', pp->f);
	} else
		print_addr(pp, &e->addr);
	if (e->weight != 0)
		fprintf(pp->f, " weight %u", e->weight);
}

static void
print_pool_type(const struct pf_print *pp, const struct pf_ioc_pool *p)
{
	static const char *const types[] = { "", " bitmask", " random",
		" source-hash", " round-robin", " least-states" };
	size_t i;

	if (p->type < nitems(types))
		fputs(types[p->type], pp->f);
	if (p->type == PF_POOL_SRCHASH) {
		fputs(" 0x", pp->f);
		for (i = 0; i < PF_KEY_SIZE; i++)
			fprintf(pp->f, "%02x", p->key[i]);
	}
	if (p->flags & PF_POOL_STICKY)
		fputs(" sticky-address", pp->f);
	if (p->flags & PF_POOL_EIM)
		fputs(" endpoint-independent", pp->f);
	if (p->flags & PF_POOL_STATIC)
		fputs(" static-port", pp->f);
	if (p->mape_offset != 0)
		fprintf(pp->f, " map-e-portset %u/%u/%u", p->mape_offset,
		    p->mape_psidlen, p->mape_psid);
	if (p->flags & PF_POOL_V6NEXTHOP)
		fputs(" prefer-ipv6-nexthop", pp->f);
}

static void
print_pool(const struct pf_print *pp, const struct pf_ioc_pool *p,
    const struct pf_ioc_poolent *e, bool route)
{
	bool list = p->nents > 1 || (p->nents == 1 && e[0].weight != 0);
	uint32_t i;

	if (list)
		fputs("{ ", pp->f);
	for (i = 0; i < p->nents; i++) {
		if (i > 0)
			fputs(", ", pp->f);
		print_poolent(pp, &e[i], route);
	}
	if (list)
		fputs(" }", pp->f);
	if (p->port[0] != 0) {
		fprintf(pp->f, " port %u", p->port[0]);
		if (p->flags & PF_POOL_PORTSTAR)
			fputs(":*", pp->f);
		else if (p->port[1] != 0 && p->port[1] != p->port[0])
			fprintf(pp->f, ":%u", p->port[1]);
	}
	print_pool_type(pp, p);
}

static void
print_where(const struct pf_print *pp, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS], const struct pf_extra *x)
{
	static const char *const routes[] = { "", " route-to ", " dup-to ",
		" reply-to " };

	if (r->dir != PFD_BOTH)
		fputs(r->dir == PFD_IN ? " in" : " out", pp->f);
	print_log(pp, r);
	if (r->flags & PFR_QUICK)
		fputs(" quick", pp->f);
	if (r->ifname[0] != '\0')
		fprintf(pp->f, " on %s%s", r->flags & PFR_IFNOT ? "! " : "",
		    r->ifname);
	if (x != NULL && x->rdomain != -1)
		fprintf(pp->f, " on rdomain %d", x->rdomain);
	if (r->rt != PF_NOROUTE && r->rt < nitems(routes)) {
		fputs(routes[r->rt], pp->f);
		print_pool(pp, &r->pool[PF_ROUTEPOOL], ents[PF_ROUTEPOOL],
		    true);
	}
	if (r->af != AF_UNSPEC)
		fputs(r->af == AF_INET ? " inet" : " inet6", pp->f);
	if (r->proto != 0) {
		const char *name = proto_name(r->proto);

		if (name != NULL)
			fprintf(pp->f, " proto %s", name);
		else
			fprintf(pp->f, " proto %u", r->proto);
	}
}

static void
print_hosts(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	const struct pf_ioc_side *s = &r->src, *d = &r->dst;

	if (is_any(&s->addr) && is_any(&d->addr) && !s->addr.neg &&
	    !d->addr.neg && s->port_op == PF_OP_NONE &&
	    d->port_op == PF_OP_NONE && r->osname[0] == '\0') {
		fputs(" all", pp->f);
		return;
	}
	fputs(" from ", pp->f);
	print_addr(pp, &s->addr);
	print_ports(pp, s, r->proto);
	if (r->osname[0] != '\0') {
		fputs(" os ", pp->f);
		print_quoted(pp->f, r->osname);
	}
	fputs(" to ", pp->f);
	print_addr(pp, &d->addr);
	print_ports(pp, d, r->proto);
}

static void
print_flags(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	const char *p;

	if (r->tcpmask == 0) {
		if (r->action == PFA_PASS && r->keep != PF_NOSTATE &&
		    !(r->flags & (PFR_FRAGMENT | PFR_ANCHOR)) &&
		    (r->proto == 0 || r->proto == IPPROTO_TCP))
			fputs(" flags any", pp->f);
		return;
	}
	fputs(" flags ", pp->f);
	for (p = pf_flag_letters; *p != '\0'; p++)
		if (r->tcpflags & 1 << (p - pf_flag_letters))
			fputc(*p, pp->f);
	fputc('/', pp->f);
	for (p = pf_flag_letters; *p != '\0'; p++)
		if (r->tcpmask & 1 << (p - pf_flag_letters))
			fputc(*p, pp->f);
}

static void
print_icmp(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	int proto = r->af == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	const char *name;

	if (r->icmptype == 0)
		return;
	name = icmp_type_name(proto, r->icmptype - 1);
	fputs(proto == IPPROTO_ICMP ? " icmp-type " : " icmp6-type ", pp->f);
	if (name != NULL)
		fputs(name, pp->f);
	else
		fprintf(pp->f, "%d", r->icmptype - 1);
	if (r->icmpcode_set) {
		fputs(" code ", pp->f);
		print_code(pp, proto, r->icmptype - 1, r->icmpcode);
	}
}

static void
print_set(const struct pf_print *pp, const struct pf_ioc_rule *r,
    const struct pf_extra *x)
{
	const char *sep = " set (";
	bool queue = x != NULL && x->set_queue[0] != NULL;

	if (r->flags & PFR_SETPRIO) {
		if (r->set_prio[0] == r->set_prio[1])
			fprintf(pp->f, "%s prio %u", sep, r->set_prio[0]);
		else
			fprintf(pp->f, "%s prio(%u, %u)", sep, r->set_prio[0],
			    r->set_prio[1]);
		sep = ",";
	}
	if (r->flags & PFR_SETTOS && !(r->flags & PFR_SCRUB) &&
	    r->action != PFA_SCRUB) {
		fprintf(pp->f, "%s tos 0x%02x", sep, r->set_tos);
		sep = ",";
	}
	if (queue) {
		fprintf(pp->f,
		    x->set_queue[1] != NULL ? "%s queue(%s, %s)" :
					      "%s queue %s",
		    sep, x->set_queue[0], x->set_queue[1]);
		sep = ",";
	}
	if (r->set_delay != 0) {
		fprintf(pp->f, "%s delay %u", sep, r->set_delay);
		sep = ",";
	}
	if (*sep == ',')
		fputs(" )", pp->f);
}

static void
print_probability(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	char buf[32];
	size_t n;

	if (r->probability == 0)
		return;
	n = (size_t)snprintf(buf, sizeof(buf), "%f",
	    r->probability * 100.0 / (UINT32_MAX + 1.0));
	while (n > 0 && buf[n - 1] == '0')
		buf[--n] = '\0';
	if (n > 0 && buf[n - 1] == '.')
		buf[--n] = '\0';
	fprintf(pp->f, " probability %s%%", buf);
}

/* Prints `(' before the first and `, ' before each other. */
__attribute__((format(printf, 3, 4))) static void
item(const struct pf_print *pp, bool *first, const char *fmt, ...)
{
	va_list ap;

	fputs(*first ? " (" : ", ", pp->f);
	*first = false;
	va_start(ap, fmt);
	vfprintf(pp->f, fmt, ap);
	va_end(ap);
}

static void
print_state_opts(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	bool first = true;
	size_t i;

	if (r->max_states != 0)
		item(pp, &first, "max %u", r->max_states);
	if (r->stateflags & PFS_NOSYNC)
		item(pp, &first, "no-sync");
	if (r->stateflags & PFS_SRCTRACK)
		item(pp, &first, "source-track %s",
		    r->stateflags & PFS_SRCTRACK_RULE ? "rule" : "global");
	if (r->max_src_states != 0)
		item(pp, &first, "max-src-states %u", r->max_src_states);
	if (r->max_src_conn != 0)
		item(pp, &first, "max-src-conn %u", r->max_src_conn);
	if (r->conn_rate[0] != 0)
		item(pp, &first, "max-src-conn-rate %u/%u", r->conn_rate[0],
		    r->conn_rate[1]);
	if (r->max_src_nodes != 0)
		item(pp, &first, "max-src-nodes %u", r->max_src_nodes);
	if (r->overload[0] != '\0')
		item(pp, &first, "overload <%s>%s%s", r->overload,
		    r->stateflags & PFS_FLUSH ? " flush" : "",
		    r->stateflags & PFS_FLUSHGLOBAL ? " global" : "");
	if (r->stateflags & PFS_IFBOUND)
		item(pp, &first, "if-bound");
	if (r->stateflags & PFS_GROUPBOUND)
		item(pp, &first, "group-bound");
	if (r->stateflags & PFS_FLOATING)
		item(pp, &first, "floating");
	if (r->stateflags & PFS_SLOPPY)
		item(pp, &first, "sloppy");
	if (r->stateflags & PFS_PFLOW)
		item(pp, &first, "pflow");
	for (i = 0; i < PFTM_MAX; i++)
		if (r->timeout[i] != 0)
			item(pp, &first, "%s %u", pf_timeout_names[i],
			    r->timeout[i]);
	if (!first)
		fputc(')', pp->f);
}

static void
print_state(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	static const char *const keeps[] = { "", " keep state",
		" modulate state", " synproxy state" };

	if (r->flags & PFR_ANCHOR || r->action == PFA_SCRUB) {
		print_probability(pp, r);
		return;
	}
	if (r->keep == PF_NOSTATE && r->action == PFA_PASS)
		fputs(" no state", pp->f);
	else if (r->keep < nitems(keeps))
		fputs(keeps[r->keep], pp->f);
	print_probability(pp, r);
	if (r->keep != PF_NOSTATE || r->action == PFA_MATCH)
		print_state_opts(pp, r);
}

/* The words of a scrub rule and of scrub ( ... ) have orders of their own. */
static void
print_scrub(const struct pf_print *pp, const struct pf_ioc_rule *r, bool rule)
{
	if (r->flags & PFR_NODF)
		fputs(" no-df", pp->f);
	if (r->flags & PFR_RANDOMID)
		fputs(" random-id", pp->f);
	if (r->min_ttl != 0)
		fprintf(pp->f, " min-ttl %u", r->min_ttl);
	if (rule && r->max_mss != 0)
		fprintf(pp->f, " max-mss %u", r->max_mss);
	if (r->flags & PFR_SETTOS)
		fprintf(pp->f, " set-tos 0x%02x", r->set_tos);
	if (r->flags & PFR_REASSTCP)
		fputs(" reassemble tcp", pp->f);
	if (!rule && r->max_mss != 0)
		fprintf(pp->f, " max-mss %u", r->max_mss);
}

/* What a scrub rule or a scrub ( ... ) does; an anchor only calls. */
static void
print_normalization(const struct pf_print *pp, const struct pf_ioc_rule *r)
{
	if (r->flags & PFR_ANCHOR)
		return;
	if (r->action == PFA_SCRUB || r->action == PFA_NOSCRUB) {
		print_scrub(pp, r, true);
		if (r->action == PFA_SCRUB)
			fputs(r->flags & PFR_FRAGREASS ?
				" fragment reassemble" :
				" fragment no reassemble",
			    pp->f);
	} else if (r->flags & PFR_SCRUB) {
		fputs(" scrub(", pp->f);
		print_scrub(pp, r, false);
		fputc(')', pp->f);
	}
}

/* A port alone stands for a loopback address. */
static void
print_divert(FILE *f, const struct pf_ioc_rule *r)
{
	char ip[INET6_ADDRSTRLEN];

	if (r->divert == PF_DIVERT_PACKET)
		fprintf(f, " divert-packet port %u", r->divert_port);
	else if (r->divert_af != AF_UNSPEC)
		fprintf(f, " divert-to %s port %u",
		    inet_ntop(r->divert_af, r->divert_addr.b, ip, sizeof(ip)),
		    r->divert_port);
	else if (r->divert != PF_DIVERT_NONE)
		fprintf(f, " divert-to %u", r->divert_port);
}

void
print_words(FILE *f, const struct pf_ioc_rule *r)
{
	if (r->qname[0] != '\0') {
		fputs(r->pqname[0] != '\0' ? " queue(" : " queue ", f);
		print_word(f, r->qname);
	}
	if (r->qname[0] != '\0' && r->pqname[0] != '\0') {
		fputs(", ", f);
		print_word(f, r->pqname);
		fputc(')', f);
	}
	if (r->tagname[0] != '\0') {
		fputs(" tag ", f);
		print_word(f, r->tagname);
	}
	if (r->match_tagname[0] != '\0') {
		fputs(r->flags & PFR_TAGGEDNOT ? " ! tagged " : " tagged ", f);
		print_word(f, r->match_tagname);
	}
}

static void
print_marks(const struct pf_print *pp, const struct pf_ioc_rule *r,
    const struct pf_extra *x)
{
	size_t i;

	for (i = 0; i < PF_LABELS_MAX; i++)
		if (r->label[i][0] != '\0') {
			fputs(" label ", pp->f);
			print_quoted(pp->f, r->label[i]);
		}
	if (r->ridentifier != 0)
		fprintf(pp->f, " ridentifier %u", r->ridentifier);
	if (r->dnpipe[0] != 0 && r->dnpipe[1] != 0)
		fprintf(pp->f, " %s(%u, %u)", r->dnflags ? "dnqueue" : "dnpipe",
		    r->dnpipe[0], r->dnpipe[1]);
	else if (r->dnpipe[0] != 0)
		fprintf(pp->f, " %s %u", r->dnflags ? "dnqueue" : "dnpipe",
		    r->dnpipe[0]);
	print_words(pp->f, r);
	if (r->rtable != -1)
		fprintf(pp->f, " rtable %d", r->rtable);
	if (x != NULL && x->rtlabel != NULL) {
		fputs(" route ", pp->f);
		print_quoted(pp->f, x->rtlabel);
	}
	print_divert(pp->f, r);
	if (r->flags & PFR_ONCE)
		fputs(" once", pp->f);
}

static void
print_translation(const struct pf_print *pp, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	bool old = r->action == PFA_NAT || r->action == PFA_BINAT ||
	    r->action == PFA_RDR;

	if (r->flags & PFR_ANCHOR)
		return;
	if (r->flags & PFR_AFTO) {
		fprintf(pp->f, " af-to %s from ",
		    r->naf == AF_INET ? "inet" : "inet6");
		print_pool(pp, &r->pool[PF_NATPOOL], ents[PF_NATPOOL], false);
		if (r->pool[PF_RDRPOOL].nents != 0) {
			fputs(" to ", pp->f);
			print_pool(pp, &r->pool[PF_RDRPOOL], ents[PF_RDRPOOL],
			    false);
		}
		return;
	}
	if (r->pool[PF_NATPOOL].nents != 0) {
		fputs(old ? " -> " : " nat-to ", pp->f);
		print_pool(pp, &r->pool[PF_NATPOOL], ents[PF_NATPOOL], false);
	}
	if (r->pool[PF_RDRPOOL].nents != 0) {
		fputs(old ? " -> " : " rdr-to ", pp->f);
		print_pool(pp, &r->pool[PF_RDRPOOL], ents[PF_RDRPOOL], false);
	}
}

void
print_rule(const struct pf_print *pp, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS], const struct pf_extra *x)
{
	if (pp->opts & OPT_VERBOSE2)
		fprintf(pp->f, "@%u ", r->nr);
	print_action(pp, r);
	print_block(pp, r);
	print_where(pp, r, ents, x);
	print_hosts(pp, r);
	if (r->rcv_ifname[0] != '\0')
		fprintf(pp->f, " %sreceived-on %s",
		    r->flags & PFR_RCVIFNOT ? "!" : "", r->rcv_ifname);
	print_ids(pp, "user", r->uid_op, r->uid);
	print_ids(pp, "group", r->gid_op, r->gid);
	print_flags(pp, r);
	print_icmp(pp, r);
	if (r->flags & PFR_TOS)
		fprintf(pp->f, " tos 0x%02x", r->tos);
	if (r->prio != 0)
		fprintf(pp->f, " prio %d", r->prio - 1);
	if (r->pktrate[0] != 0)
		fprintf(pp->f, " max-pkt-rate %u/%u", r->pktrate[0],
		    r->pktrate[1]);
	if (r->max_pkt_size != 0)
		fprintf(pp->f, " max-pkt-size %u", r->max_pkt_size);
	print_set(pp, r, x);
	print_state(pp, r);
	if (r->flags & PFR_ALLOWOPTS)
		fputs(" allow-opts", pp->f);
	if (r->flags & PFR_FRAGMENT)
		fputs(" fragment", pp->f);
	print_normalization(pp, r);
	print_marks(pp, r, x);
	print_translation(pp, r, ents);
	if ((pp->opts & OPT_VERBOSE2) && (r->flags & PFR_EXPIRED))
		fputs(" # expired", pp->f);
}

/* --- all of a configuration -------------------------------------------- */

bool
pf_echoes(const struct pfconf *pc, int part)
{
	return ((pc->opts & OPT_VERBOSE) != 0 && (pc->load & part) != 0);
}

static void
print_ruleset(struct pfconf *pc, const struct pf_ruleset *rs, enum pf_rs which,
    int depth)
{
	struct pf_print pp = { pc->out, pc->opts };
	const struct pf_table *t;
	struct pf_rule *r;
	int indent = pc->opts & OPT_VERBOSE2 ? 0 : depth * 2;

	TAILQ_FOREACH(t, &pc->tables, entry)
		if (t->text != NULL && which == PF_RS_FILTER &&
		    strcmp(t->anchor, rs->path) == 0)
			fprintf(pc->out, "%*s%s", indent, "", t->text);
	TAILQ_FOREACH(r, &rs->rules[which], entry) {
		fprintf(pc->out, "%*s", indent, "");
		print_rule(&pp, &r->r, r->ents, &r->x);
		if (r->sub == NULL) {
			fputc('\n', pc->out);
			continue;
		}
		fputs(" {\n", pc->out);
		print_ruleset(pc, r->sub, which, depth + 1);
		fprintf(pc->out, "%*s}\n", indent, "");
	}
}

void
print_rules(struct pfconf *pc)
{
	struct pf_ruleset *rs;

	TAILQ_FOREACH(rs, &pc->rulesets, entry) {
		if (rs->parent != NULL)
			continue;
		if (pc->load & LOAD_FILTER) {
			print_ruleset(pc, rs, PF_RS_SCRUB, 0);
			eth_print(pc, rs, 0);
		}
		if (pc->load & LOAD_NAT) {
			print_ruleset(pc, rs, PF_RS_NAT, 0);
			print_ruleset(pc, rs, PF_RS_RDR, 0);
			print_ruleset(pc, rs, PF_RS_BINAT, 0);
		}
		if (pc->load & LOAD_FILTER)
			print_ruleset(pc, rs, PF_RS_FILTER, 0);
	}
}
