/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Addresses, ports, protocols and ids as written.
 *
 * A word is, in this order: `self', an interface (with :network,
 * :broadcast, :peer, :0), an address, a host name.  What it stands for is
 * looked up once, here; (IF) is kept and looked up by the kernel.
 * Each function reports what is wrong and returns NULL.
 */

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "pfctl.h"

static int
af_bits(int af)
{
	return (af == AF_INET ? 32 : 128);
}

static struct node_host *
host_new(struct pfconf *pc, enum pf_addr_type type)
{
	struct node_host *h = palloc(pc, sizeof(*h));

	h->addr.type = (uint8_t)type;
	h->addr.count = -1;
	return (h);
}

static struct node_host *
host_addr(struct pfconf *pc, int af, const struct ip_addr *a, int plen)
{
	struct node_host *h = host_new(pc, PF_ADDR_PREFIX);

	if (plen < 0 || plen > af_bits(af))
		plen = af_bits(af);
	h->addr.af = (uint8_t)af;
	h->addr.plen = (uint8_t)plen;
	h->addr.addr = *a;
	ip_addr_mask(&h->addr.addr, (unsigned int)plen);
	return (h);
}

/* --- interfaces -------------------------------------------------------- */

static void
if_load(struct pfconf *pc)
{
	if (pc->ifaddrs == NULL)
		pc->nifaddrs = pc->ifs->addrs(pc->lex, &pc->ifaddrs);
}

static bool
if_known(struct pfconf *pc, const char *name)
{
	size_t i;

	if_load(pc);
	for (i = 0; i < pc->nifaddrs; i++)
		if (strcmp(pc->ifaddrs[i].ifname, name) == 0)
			return (true);
	return (pc->ifs->exists(name));
}

bool
if_is_loopback(struct pfconf *pc, const char *ifname)
{
	size_t i;

	if_load(pc);
	for (i = 0; i < pc->nifaddrs; i++)
		if (strcmp(pc->ifaddrs[i].ifname, ifname) == 0)
			return (pc->ifaddrs[i].loopback);
	return (false);
}

static bool
linklocal(const struct pf_ifaddr *i)
{
	return (i->af == AF_INET6 && i->addr.b[0] == 0xfe &&
	    (i->addr.b[1] & 0xc0) == 0x80);
}

/* The address that i gives under iflags; false: none. */
static bool
if_pick(const struct pf_ifaddr *i, int iflags, int plen, struct ip_addr *a,
    int *bits)
{
	*a = i->addr;
	*bits = plen;
	if (iflags & PF_IF_NETWORK) {
		if (linklocal(i))
			return (false);
		*bits = i->plen;
	} else if (iflags & PF_IF_BROADCAST) {
		if (i->af != AF_INET || i->pointtopoint || !i->has_dst)
			return (false);
		*a = i->dst;
	} else if (iflags & PF_IF_PEER) {
		if (!i->pointtopoint || !i->has_dst)
			return (false);
		*a = i->dst;
	}
	return (true);
}

/* What one interface (NULL: all of them) gives, in the order of its addresses. */
static struct node_host *
if_hosts_of(struct pfconf *pc, const char *ifname, int iflags, int plen)
{
	struct node_host *list = NULL, **end = &list, *h;
	const struct pf_ifaddr *i;
	bool had4 = false, had6 = false, *had;
	const char *last = "";
	struct ip_addr a;
	size_t k;
	int bits;

	for (k = 0; k < pc->nifaddrs; k++) {
		i = &pc->ifaddrs[k];
		if (ifname != NULL && strcmp(i->ifname, ifname) != 0)
			continue;
		if (strcmp(i->ifname, last) != 0)
			had4 = had6 = false;
		last = i->ifname;
		had = i->af == AF_INET ? &had4 : &had6;
		if (iflags & PF_IF_NOALIAS && (*had || linklocal(i)))
			continue;
		if (!if_pick(i, iflags, plen, &a, &bits))
			continue;
		*had = true;
		h = host_addr(pc, i->af, &a, bits);
		if (linklocal(i)) {
			h->scoped = true;
			h->local = !i->loopback;
			strcpy(h->ifname, i->ifname);
		}
		*end = h;
		end = &h->next;
	}
	return (list);
}

/* The same for an interface or each of a group. */
static struct node_host *
if_hosts(struct pfconf *pc, const char *name, int iflags, int plen)
{
	struct node_host *list = NULL, **end = &list;
	char(*members)[IFNAMSIZ];
	size_t n, i;

	if_load(pc);
	if (name == NULL)
		return (if_hosts_of(pc, NULL, iflags, plen));
	n = pc->ifs->members(name, &members);
	for (i = 0; i < n; i++) {
		*end = if_hosts_of(pc, members[i], iflags, plen);
		while (*end != NULL)
			end = &(*end)->next;
	}
	if (n > 0)
		free(members);
	return (list);
}

#define IF_MODES (PF_IF_NETWORK | PF_IF_BROADCAST | PF_IF_PEER)

/* One of the modes at most, and the mask of a network is the interface's. */
static bool
if_mods_ok(struct pfconf *pc, const char *s, int flags, int plen)
{
	int modes = flags & IF_MODES;

	if (modes & (modes - 1))
		perr(pc, "illegal combination of interface modifiers in %s", s);
	else if (flags & (PF_IF_NETWORK | PF_IF_BROADCAST) && plen > -1)
		perr(pc, "%s: a network or broadcast takes no netmask", s);
	else
		return (true);
	return (false);
}

struct node_host *
host_ifaddrs(struct pfconf *pc, const char *ifname, int iflags)
{
	return (if_hosts(pc, ifname, iflags, -1));
}

/* Splits IF:mod:mod; -1: unknown modifier. */
static int
if_split(struct pfconf *pc, const char *s, char *name, size_t size)
{
	static const struct {
		const char *name;
		int flag;
	} mods[] = { { "network", PF_IF_NETWORK },
		{ "broadcast", PF_IF_BROADCAST }, { "peer", PF_IF_PEER },
		{ "0", PF_IF_NOALIAS } };
	size_t n = strcspn(s, ":"), i;
	int flags = 0;

	if (n >= size)
		return (-1);
	memcpy(name, s, n);
	name[n] = '\0';
	for (s += n; *s == ':'; s += n) {
		n = strcspn(++s, ":");
		for (i = 0; i < nitems(mods); i++)
			if (strlen(mods[i].name) == n &&
			    strncmp(mods[i].name, s, n) == 0)
				break;
		if (i == nitems(mods))
			return (-1);
		flags |= mods[i].flag;
	}
	return (flags);
}

/* --- words ------------------------------------------------------------- */

/* a, a.b, a.b.c or a.b.c.d; the rest is zero. */
static bool
partial_v4(const char *s, struct ip_addr *a)
{
	unsigned long v;
	char *end;
	int i;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < 4; i++) {
		if (*s < '0' || *s > '9' || (v = strtoul(s, &end, 10)) > 255)
			return (false);
		a->b[i] = (uint8_t)v;
		if (*end == '\0')
			return (true);
		if (*end != '.')
			return (false);
		s = end + 1;
	}
	return (false);
}

static struct node_host *
host_v6(struct pfconf *pc, const char *s, int plen)
{
	char buf[INET6_ADDRSTRLEN];
	struct node_host *h;
	struct ip_addr a;
	size_t n = strcspn(s, "%");

	if (n >= sizeof(buf))
		return (NULL);
	memcpy(buf, s, n);
	buf[n] = '\0';
	if (inet_pton(AF_INET6, buf, a.b) != 1)
		return (NULL);
	h = host_addr(pc, AF_INET6, &a, plen);
	if (s[n] == '%') {
		h->scoped = true;
		ifcopy(pc, h->ifname, s + n + 1);
	}
	return (h);
}

static struct node_host *
host_dns(struct pfconf *pc, const char *name, int plen)
{
	struct addrinfo hints, *res, *ai;
	struct node_host *list = NULL, **end = &list;
	struct ip_addr a;
	int error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	if (pc->opts & OPT_NODNS ||
	    (error = getaddrinfo(name, NULL, &hints, &res)) != 0)
		return (NULL);
	for (ai = res; ai != NULL; ai = ai->ai_next) {
		memset(&a, 0, sizeof(a));
		if (ai->ai_family == AF_INET)
			memcpy(a.b,
			    &((const struct sockaddr_in *)(const void *)
				    ai->ai_addr)
				 ->sin_addr,
			    4);
		else if (ai->ai_family == AF_INET6)
			memcpy(a.b,
			    &((const struct sockaddr_in6 *)(const void *)
				    ai->ai_addr)
				 ->sin6_addr,
			    16);
		else
			continue;
		*end = host_addr(pc, ai->ai_family, &a, plen);
		end = &(*end)->next;
	}
	freeaddrinfo(res);
	return (list);
}

/* Stands for every prefix length that no family has. */
#define BAD_PLEN 999

static struct node_host *
bad_plen(struct pfconf *pc, const char *s, int plen)
{
	if (plen == BAD_PLEN)
		perr(pc, "invalid netmask for %s", s);
	else
		perr(pc, "invalid netmask in %s/%d", s, plen);
	return (NULL);
}

/* The localhost of every host, without asking anybody. */
static struct node_host *
host_name(struct pfconf *pc, const char *s, int plen)
{
	struct node_host *h;

	if (strcmp(s, "localhost") == 0) {
		h = host_v6(pc, "::1", plen);
		h->next = host_addr(pc, AF_INET,
		    &(struct ip_addr){ .b = { 127, 0, 0, 1 } }, plen);
		return (h);
	}
	return (host_dns(pc, s, plen));
}

/* *said: what was wrong with it is reported already. */
static struct node_host *
host_if_word(struct pfconf *pc, const char *s, int plen, bool *said)
{
	char name[IFNAMSIZ];
	int flags = if_split(pc, s, name, sizeof(name));
	bool self;

	if (flags == -1 || *name == '\0')
		return (NULL);
	self = strcmp(name, "self") == 0;
	if (!self && !if_known(pc, name))
		return (NULL);
	*said = !if_mods_ok(pc, s, flags, plen);
	return (*said ? NULL : if_hosts(pc, self ? NULL : name, flags, plen));
}

struct node_host *
host_word(struct pfconf *pc, const char *s, int plen)
{
	struct node_host *h;
	struct ip_addr a;
	bool said = false;

	/* A whole address first: no interface is called so, and tables are long. */
	memset(&a, 0, sizeof(a));
	if (plen <= 32 && inet_pton(AF_INET, s, a.b) == 1)
		return (host_addr(pc, AF_INET, &a, plen));
	if (plen <= 128 && inet_pton(AF_INET6, s, a.b) == 1)
		return (host_addr(pc, AF_INET6, &a, plen));
	if ((h = host_if_word(pc, s, plen, &said)) != NULL)
		return (plen > 128 ? bad_plen(pc, s, plen) : h);
	if (said)
		return (NULL);
	if (partial_v4(s, &a) &&
	    (plen != -1 || inet_pton(AF_INET, s, a.b) == 1))
		return (plen > 32 ? bad_plen(pc, s, plen) :
				    host_addr(pc, AF_INET, &a, plen));
	if ((h = host_v6(pc, s, plen)) != NULL)
		return (plen > 128 ? bad_plen(pc, s, plen) : h);
	if (plen > 128)
		return (bad_plen(pc, s, plen));
	if (strpbrk(s, ":%") == NULL && (h = host_name(pc, s, plen)) != NULL)
		return (h);
	perr(pc, "no IP address found for %s", s);
	return (NULL);
}

struct node_host *
host_number(struct pfconf *pc, int64_t net, int64_t plen)
{
	struct ip_addr a = { .q = { 0, 0 } };

	if (net < 0 || net > 255 || plen < 0 || plen > 32) {
		perr(pc, "invalid network %lld/%lld", (long long)net,
		    (long long)plen);
		return (NULL);
	}
	a.b[0] = (uint8_t)net;
	return (host_addr(pc, AF_INET, &a, (int)plen));
}

struct node_host *
host_range(struct pfconf *pc, const char *a, const char *b)
{
	struct node_host *from = host_word(pc, a, -1),
			 *to = host_word(pc, b, -1);

	if (from == NULL || to == NULL)
		return (NULL);
	if (from->addr.af != to->addr.af || from->next != NULL ||
	    to->next != NULL) {
		perr(pc, "invalid address range %s - %s", a, b);
		return (NULL);
	}
	if (memcmp(from->addr.addr.b, to->addr.addr.b, 16) > 0) {
		perr(pc, "address range %s - %s ends before it begins", a, b);
		return (NULL);
	}
	from->addr.type = PF_ADDR_RANGE;
	from->addr.end = to->addr.addr;
	return (from);
}

struct node_host *
host_dynamic(struct pfconf *pc, const char *s, int64_t plen)
{
	struct node_host *h = host_new(pc, PF_ADDR_DYNIF);
	char name[IFNAMSIZ];
	int flags = if_split(pc, s, name, sizeof(name));

	if (plen < -1 || plen > 128)
		return (bad_plen(pc, s, (int)plen));
	if (flags == -1 || *name == '\0') {
		perr(pc, "illegal interface or modifier in (%s)", s);
		return (NULL);
	}
	if (!if_mods_ok(pc, s, flags, -1))
		return (NULL);
	strcpy(h->addr.name, name);
	h->addr.iflags = (uint8_t)flags;
	h->addr.plen = (uint8_t)(plen == -1 ? 128 : plen);
	return (h);
}

struct node_host *
host_table(struct pfconf *pc, const char *name)
{
	struct node_host *h = host_new(pc, PF_ADDR_TABLE);

	if (!ncopy(pc, h->addr.name, PF_TABLE_NAMESIZE, name, "table name"))
		return (NULL);
	return (h);
}

struct node_host *
host_special(struct pfconf *pc, enum pf_addr_type type)
{
	return (host_new(pc, type));
}

/* --- ports, protocols, ids --------------------------------------------- */

static struct node_range *
range_new(struct pfconf *pc, uint32_t a)
{
	struct node_range *r = palloc(pc, sizeof(*r));

	r->val[0] = r->val[1] = a;
	r->op = PF_OP_EQ;
	return (r);
}

/* A port by number (any base) or service name; -1: reported. */
static int64_t
port_value(struct pfconf *pc, const char *s)
{
	int64_t n;

	if (pf_hexnumber(s, &n)) {
		if (n < 0 || n > 65535) {
			perr(pc, "illegal port value %s", s);
			return (-1);
		}
		return (n);
	}
	if ((n = service_port(s)) == -1)
		perr(pc, "unknown port %s", s);
	return (n);
}

struct node_range *
port_word(struct pfconf *pc, const char *s)
{
	const char *colon = strchr(s, ':');
	struct node_range *r;
	int64_t a, b = -1;

	if (colon == NULL)
		return ((a = port_value(pc, s)) == -1 ?
			NULL :
			range_new(pc, (uint32_t)a));
	a = colon == s ?
	    0 :
	    port_value(pc, conf_printf(pc->lex, "%.*s", (int)(colon - s), s));
	if (strcmp(colon, ":*") == 0)
		b = 0;
	else
		b = colon[1] == '\0' ? 65535 : port_value(pc, colon + 1);
	if (a == -1 || b == -1)
		return (NULL);
	r = range_new(pc, (uint32_t)a);
	r->val[1] = (uint32_t)b;
	r->op = PF_OP_RRG;
	r->star = colon[1] == '*';
	if (!r->star && a > b) {
		perr(pc, "invalid port range: %lld:%lld", (long long)a,
		    (long long)b);
		return (NULL);
	}
	if (!r->star && a == b && colon[1] != '\0')
		r->op = PF_OP_RRG;
	return (r);
}

struct node_range *
port_matched(struct pfconf *pc, struct node_range *r)
{
	if (r == NULL || !r->star)
		return (r);
	perr(pc, "invalid port range: '*' ends only what rdr redirects to");
	return (NULL);
}

struct node_range *
range_op(struct pfconf *pc, int op, struct node_range *a, struct node_range *b)
{
	if (a == NULL || (b == NULL && (op == PF_OP_IRG || op == PF_OP_XRG)))
		return (NULL);
	if (a->op != PF_OP_EQ || (b != NULL && b->op != PF_OP_EQ)) {
		perr(pc, "':' cannot be used with another port operator");
		return (NULL);
	}
	a->op = (uint8_t)op;
	if (b != NULL)
		a->val[1] = b->val[0];
	if ((op == PF_OP_IRG && a->val[0] >= a->val[1]) ||
	    (op == PF_OP_XRG && a->val[0] > a->val[1])) {
		perr(pc, "invalid port range: %u %s %u", a->val[0],
		    op == PF_OP_IRG ? "><" : "<>", a->val[1]);
		return (NULL);
	}
	return (a);
}

struct node_num *
proto_number(struct pfconf *pc, int64_t n)
{
	struct node_num *p = palloc(pc, sizeof(*p));

	if (n < 1 || n > 255) {
		perr(pc, "proto %lld cannot be used", (long long)n);
		return (NULL);
	}
	p->val = (uint32_t)n;
	return (p);
}

struct node_num *
proto_word(struct pfconf *pc, const char *s)
{
	int64_t n;

	if (pf_hexnumber(s, &n))
		return (proto_number(pc, n));
	if ((n = proto_by_name(s)) == -1) {
		perr(pc, "unknown protocol %s", s);
		return (NULL);
	}
	return (proto_number(pc, n));
}

struct node_range *
id_word(struct pfconf *pc, const char *s, bool group)
{
	int64_t n;

	group = group || pc->idgroup;
	if (strcmp(s, "unknown") == 0)
		return (range_new(pc, UINT32_MAX));
	if (!pf_hexnumber(s, &n) && (n = user_id(s, group)) == -1) {
		perr(pc, "unknown %s %s", group ? "group" : "user", s);
		return (NULL);
	}
	if (n < 0 || n >= UINT32_MAX) {
		perr(pc, "illegal %s value %s", group ? "gid" : "uid", s);
		return (NULL);
	}
	return (range_new(pc, (uint32_t)n));
}
