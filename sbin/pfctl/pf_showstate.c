/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* -s states, Sources, creatorids. */

#include <err.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define ULL(x) ((unsigned long long)(x))

/* The name that a reverse look-up gives; false: none. */
static bool
host_name(int af, const struct ip_addr *addr, char *buf, size_t size)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	memcpy(&sin.sin_addr, addr->b, 4);
	memcpy(&sin6.sin6_addr, addr->b, 16);
	if (af == AF_INET)
		return (
		    getnameinfo((struct sockaddr *)(void *)&sin, sizeof(sin),
			buf, (socklen_t)size, NULL, 0, NI_NAMEREQD) == 0);
	return (getnameinfo((struct sockaddr *)(void *)&sin6, sizeof(sin6), buf,
		    (socklen_t)size, NULL, 0, NI_NAMEREQD) == 0);
}

void
show_host(FILE *f, int opts, int af, const struct ip_addr *addr)
{
	char name[NI_MAXHOST];

	if (opts & OPT_DNS && host_name(af, addr, name, sizeof(name)))
		fputs(name, f);
	else
		print_ip(f, af, addr);
}

/* --- states ------------------------------------------------------------ */

static void
print_host(const struct ask *a, int af, const struct ip_addr *addr,
    uint16_t port)
{
	show_host(stdout, a->opts, af, addr);
	if (port != 0)
		printf(af == AF_INET ? ":%u" : "[%u]", port);
}

/* One end; the other key's view of it in parentheses when it differs. */
static void
print_end(const struct ask *a, const struct pf_ioc_key *one,
    const struct pf_ioc_key *other, int i)
{
	print_host(a, one->af, &one->addr[i], one->port[i]);
	if (one->af == other->af &&
	    ip_addr_eq(&one->addr[i], &other->addr[i]) &&
	    one->port[i] == other->port[i])
		return;
	fputs(" (", stdout);
	print_host(a, other->af, &other->addr[i], other->port[i]);
	putchar(')');
}

const char *
state_peer_name(int proto, unsigned int s, char *buf, size_t size)
{
	static const char *const tcp[] = { "CLOSED", "LISTEN", "SYN_SENT",
		"SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1",
		"CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT", "PROXY:SRC",
		"PROXY:DST" };
	static const char *const sctp[] = { "CLOSED", "COOKIE_WAIT",
		"COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT",
		"SHUTDOWN_ACK_SENT", "CLOSED" };
	static const char *const other[] = { "NO_TRAFFIC", "SINGLE",
		"MULTIPLE" };

	if (proto == IPPROTO_TCP && s < nitems(tcp))
		return (tcp[s]);
	if (proto == IPPROTO_SCTP && s < nitems(sctp))
		return (sctp[s]);
	if (proto != IPPROTO_TCP && proto != IPPROTO_ICMP &&
	    proto != IPPROTO_ICMPV6 && s < nitems(other))
		return (other[s]);
	snprintf(buf, size, "%u", s);
	return (buf);
}

/* The views of a state, as -s states shows them. */
struct view {
	const struct pf_ioc_key *nk, *sk; /* shown, and in parentheses */
	const struct pf_ioc_peer *left, *right;
	bool outward;
};

static struct view
state_view(const struct pf_ioc_state *s)
{
	bool out = s->dir == PFD_OUT;
	struct view v = { &s->key[out ? PF_KEY_WIRE : PF_KEY_STACK],
		&s->key[out ? PF_KEY_STACK : PF_KEY_WIRE],
		out ? &s->src : &s->dst, out ? &s->dst : &s->src, out };

	v.outward = out || v.nk->af != v.sk->af;
	return (v);
}

static void
print_peers(const struct pf_ioc_state *s, const struct view *v)
{
	const char *x, *y;
	char b1[8], b2[8];

	x = state_peer_name(s->proto, v->left->state, b1, sizeof(b1));
	y = state_peer_name(s->proto, v->right->state, b2, sizeof(b2));
	if (strncmp(x, "PROXY", 5) == 0)
		printf("       %s\n", x);
	else if (strncmp(y, "PROXY", 5) == 0)
		printf("       %s\n", y);
	else
		printf("       %s:%s\n", x, y);
}

static void
print_seq(const struct pf_ioc_peer *p, bool scaled)
{
	printf("[%u + %u]", p->seqlo, p->seqhi - p->seqlo);
	if (p->seqdiff != 0)
		printf("(+%u)", p->seqdiff);
	if (scaled)
		printf(" wscale %u", p->wscale & 0x0f);
}

struct flag_name {
	uint32_t flag;
	const char *name;
};
static const struct flag_name names[] = { { PFSTATE_ALLOWOPTS, "allow-opts" },
	{ PFSTATE_SLOPPY, "sloppy" }, { PFSTATE_NOSYNC, "no-sync" },
	{ PFSTATE_PFLOW, "pflow" }, { PFSTATE_ACK, "psync-ack" },
	{ PFSTATE_NODF, "no-df" } };
/* These stand behind set-tos. */
static const struct flag_name late[] = { { PFSTATE_RANDOMID, "random-id" },
	{ PFSTATE_REASSTCP, "reassemble-tcp" } };
static const struct flag_name nodes[] = { { PFSTATE_SN_LIMIT, "source-track" },
	{ PFSTATE_SN_NAT, "sticky-address" },
	{ PFSTATE_SN_ROUTE, "route sticky-address" } };

static void
print_state_flags(const struct pf_ioc_state *s)
{
	size_t i;

	for (i = 0; i < nitems(names); i++)
		if (s->stateflags & names[i].flag)
			printf(", %s", names[i].name);
	if (s->stateflags & PFSTATE_SETTOS)
		printf(", set-tos 0x%02x", s->set_tos);
	for (i = 0; i < nitems(late); i++)
		if (s->stateflags & late[i].flag)
			printf(", %s", late[i].name);
	if (s->stateflags & PFSTATE_SETPRIO)
		printf(", set-prio (0x%02x 0x%02x)", s->set_prio[0],
		    s->set_prio[1]);
	for (i = 0; i < nitems(nodes); i++)
		if (s->src_node_flags & nodes[i].flag)
			printf(", %s", nodes[i].name);
	if (s->log & PF_LOG_ALL)
		fputs(", log (all)", stdout);
	else if (s->log != 0)
		fputs(", log", stdout);
	if (s->min_ttl != 0)
		printf(", min-ttl %u", s->min_ttl);
	if (s->max_mss != 0)
		printf(", max-mss %u", s->max_mss);
}

static void
print_clock(const char *before, uint32_t s)
{
	printf("%s%02u:%02u:%02u", before, s / 3600, s / 60 % 60, s % 60);
}

static void
print_state_more(const struct pf_ioc_state *s, const struct view *v)
{
	bool scaled = s->src.wscale != 0 && s->dst.wscale != 0;

	if (s->proto == IPPROTO_TCP) {
		fputs("   ", stdout);
		print_seq(v->left, scaled);
		fputs("  ", stdout);
		print_seq(v->right, scaled);
		putchar('\n');
	}
	print_clock("   age ", s->creation);
	print_clock(", expires in ", s->expire);
	printf(", %llu:%llu pkts, %llu:%llu bytes", ULL(s->packets[0]),
	    ULL(s->packets[1]), ULL(s->bytes[0]), ULL(s->bytes[1]));
	if (s->anchor_rule != PF_NR_NONE)
		printf(", anchor %u", s->anchor_rule);
	if (s->rule != PF_NR_NONE)
		printf(", rule %u", s->rule);
	print_state_flags(s);
	putchar('\n');
}

static const char *const routes[] = { NULL, "route-to", "dup-to", "reply-to" };

static void
print_state_id(const struct ask *a, const struct pf_ioc_state *s)
{
	printf("   id: %016llx creatorid: %08x", ULL(s->id), s->creatorid);
	if (s->rt != PF_NOROUTE && s->rt < nitems(routes)) {
		printf(" %s: ", routes[s->rt]);
		show_host(stdout, a->opts, s->rt_af, &s->rt_addr);
		printf("@%s", s->rt_ifname);
	}
	if (s->rtable != -1)
		printf(" rtable: %d", s->rtable);
	putchar('\n');
	if (strcmp(s->ifname, s->orig_ifname) != 0 && s->orig_ifname[0] != '\0')
		printf("   origif: %s\n", s->orig_ifname);
}

static void
print_state(const struct ask *a, const struct pf_ioc_state *s)
{
	struct view v = state_view(s);
	const char *proto = proto_name(s->proto);

	printf("%s ", s->ifname);
	if (proto != NULL)
		printf("%s ", proto);
	else
		printf("%u ", s->proto);
	print_end(a, v.nk, v.sk, 1);
	fputs(v.outward ? " -> " : " <- ", stdout);
	print_end(a, v.nk, v.sk, 0);
	print_peers(s, &v);
	if (a->opts & OPT_VERBOSE)
		print_state_more(s, &v);
	if (a->opts & OPT_VERBOSE2)
		print_state_id(a, s);
}

static void
json_key(struct json *js, const char *key, const struct pf_ioc_key *k)
{
	int i;

	json_object(js, key);
	json_str(js, "family", k->af == AF_INET ? "inet" : "inet6");
	json_array(js, "ends");
	for (i = 0; i < 2; i++) {
		json_object(js, NULL);
		json_ip(js, "address", k->af, &k->addr[i]);
		json_num(js, "port", k->port[i]);
		json_end(js);
	}
	json_end(js);
	json_end(js);
}

static void
json_peer(struct json *js, const char *key, int proto,
    const struct pf_ioc_peer *p)
{
	char buf[8];

	json_object(js, key);
	json_str(js, "state", state_peer_name(proto, p->state, buf, 8));
	if (proto == IPPROTO_TCP) {
		json_num(js, "seq_low", p->seqlo);
		json_num(js, "seq_high", p->seqhi);
		json_num(js, "seq_diff", p->seqdiff);
		json_num(js, "max_window", p->max_win);
		json_num(js, "wscale", p->wscale & 0x0f);
	}
	json_end(js);
}

static void
json_flag_names(struct json *js, const struct flag_name *t, size_t n,
    uint32_t flags)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (flags & t[i].flag)
			json_str(js, NULL, t[i].name);
}

/* What its rule had the state do to packets. */
static void
json_state_deeds(struct json *js, const struct pf_ioc_state *s)
{
	json_array(js, "flags");
	json_flag_names(js, names, nitems(names), s->stateflags);
	json_flag_names(js, late, nitems(late), s->stateflags);
	json_flag_names(js, nodes, nitems(nodes), s->src_node_flags);
	json_end(js);
	if (s->stateflags & PFSTATE_SETTOS)
		json_num(js, "set_tos", s->set_tos);
	if (s->stateflags & PFSTATE_SETPRIO) {
		json_array(js, "set_prio");
		json_num(js, NULL, s->set_prio[0]);
		json_num(js, NULL, s->set_prio[1]);
		json_end(js);
	}
	if (s->log != 0)
		json_str(js, "log", s->log & PF_LOG_ALL ? "all" : "first");
	if (s->min_ttl != 0)
		json_num(js, "min_ttl", s->min_ttl);
	if (s->max_mss != 0)
		json_num(js, "max_mss", s->max_mss);
	if (s->rtable != -1)
		json_num(js, "rtable", (uint32_t)s->rtable);
	if (s->rt == PF_NOROUTE || s->rt >= nitems(routes))
		return;
	json_object(js, "route");
	json_str(js, "kind", routes[s->rt]);
	json_ip(js, "address", s->rt_af, &s->rt_addr);
	json_str(js, "interface", s->rt_ifname);
	json_end(js);
}

static void
json_state(const struct ask *a, const struct pf_ioc_state *s)
{
	struct json *js = a->js;
	const char *name;
	char id[20];

	json_object(js, NULL);
	snprintf(id, sizeof(id), "%016llx", ULL(s->id));
	json_str(js, "id", id);
	snprintf(id, sizeof(id), "%08x", s->creatorid);
	json_str(js, "creator", id);
	json_str(js, "interface", s->ifname);
	json_str(js, "made_on", s->orig_ifname);
	json_str(js, "direction", s->dir == PFD_OUT ? "out" : "in");
	json_num(js, "protocol", s->proto);
	if ((name = proto_name(s->proto)) != NULL)
		json_str(js, "protocol_name", name);
	json_key(js, "wire", &s->key[PF_KEY_WIRE]);
	json_key(js, "stack", &s->key[PF_KEY_STACK]);
	json_peer(js, "source", s->proto, &s->src);
	json_peer(js, "destination", s->proto, &s->dst);
	json_num(js, "age", s->creation);
	json_num(js, "expires", s->expire);
	json_num(js, "packets_forth", s->packets[0]);
	json_num(js, "packets_back", s->packets[1]);
	json_num(js, "bytes_forth", s->bytes[0]);
	json_num(js, "bytes_back", s->bytes[1]);
	if (s->rule != PF_NR_NONE)
		json_num(js, "rule", s->rule);
	if (s->anchor_rule != PF_NR_NONE)
		json_num(js, "anchor", s->anchor_rule);
	json_state_deeds(js, s);
	json_end(js);
}

int
show_states(const struct ask *a)
{
	int error;

	if (a->js == NULL)
		return (each_state(a, print_state));
	json_array(a->js, "states");
	error = each_state(a, json_state);
	json_end(a->js);
	return (error);
}

/* --- source nodes ------------------------------------------------------ */

static const char *
node_kind(const struct pf_ioc_srcnode *n)
{
	return (n->type == PFSTATE_SN_LIMIT ? "limit source-track" :
		n->type == PFSTATE_SN_NAT   ? "NAT/RDR sticky-address" :
					      "route sticky-address");
}

static const char *
node_rule(const struct pf_ioc_srcnode *n)
{
	return (n->ruletype == PFA_NAT   ? "nat" :
		n->ruletype == PFA_RDR   ? "rdr" :
		n->ruletype == PFA_BINAT ? "binat" :
					   "filter");
}

static void
print_source(const struct ask *a, const struct pf_ioc_srcnode *n)
{
	show_pending(a);
	show_host(stdout, a->opts, n->af, &n->addr);
	fputs(" -> ", stdout);
	show_host(stdout, a->opts, n->naf != 0 ? n->naf : n->af, &n->raddr);
	printf(" ( states %u, connections %u, rate %u.%u/%us )\n", n->states,
	    n->conn, n->rate_count / 1000, n->rate_count / 100 % 10,
	    n->rate_seconds);
	if (!(a->opts & OPT_VERBOSE))
		return;
	print_clock("   age ", n->creation);
	if (n->expire != 0)
		print_clock(", expires in ", n->expire);
	printf(", %llu pkts, %llu bytes", ULL(n->packets[0] + n->packets[1]),
	    ULL(n->bytes[0] + n->bytes[1]));
	if (n->rule != PF_NR_NONE)
		printf(", %s rule %u", node_rule(n), n->rule);
	printf(", %s\n", node_kind(n));
}

static void
json_source(const struct ask *a, const struct pf_ioc_srcnode *n)
{
	struct json *js = a->js;

	json_object(js, NULL);
	json_ip(js, "address", n->af, &n->addr);
	json_ip(js, "translated", n->naf != 0 ? n->naf : n->af, &n->raddr);
	json_str(js, "kind", node_kind(n));
	json_num(js, "states", n->states);
	json_num(js, "connections", n->conn);
	json_num(js, "rate_thousandths", n->rate_count);
	json_num(js, "rate_limit", n->rate_limit);
	json_num(js, "rate_seconds", n->rate_seconds);
	json_num(js, "age", n->creation);
	json_num(js, "expires", n->expire);
	json_num(js, "packets_in", n->packets[0]);
	json_num(js, "packets_out", n->packets[1]);
	json_num(js, "bytes_in", n->bytes[0]);
	json_num(js, "bytes_out", n->bytes[1]);
	if (n->rule != PF_NR_NONE) {
		json_num(js, "rule", n->rule);
		json_str(js, "ruleset", node_rule(n));
	}
	json_end(js);
}

int
show_sources(const struct ask *a)
{
	struct pf_ioc_srcnode *list;
	uint32_t i, n;

	if (get_srcnodes(a, &list, &n) == -1)
		return (-1);
	if (a->js != NULL)
		json_array(a->js, "Sources");
	for (i = 0; i < n; i++)
		(a->js != NULL ? json_source : print_source)(a, &list[i]);
	if (a->js != NULL)
		json_end(a->js);
	free(list);
	return (0);
}

/* --- creators ---------------------------------------------------------- */

int
show_creators(const struct ask *a)
{
	struct pfioc_creators c = { .n = 0 };
	char id[12];
	uint32_t i;

	if (pf_call(a->dev, DIOCGETCREATORS, &c) == -1) {
		warn("cannot get creator ids");
		return (-1);
	}
	if (a->js != NULL)
		json_array(a->js, "creatorids");
	else
		puts("Creator IDs:");
	for (i = 0; i < c.n && i < nitems(c.id); i++) {
		snprintf(id, sizeof(id), "%08x", c.id[i]);
		if (a->js != NULL)
			json_str(a->js, NULL, id);
		else
			puts(id);
	}
	if (a->js != NULL)
		json_end(a->js);
	return (0);
}
