/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The rules of a block that are within others of it.
 *
 * Which rule is within which is asked of few pairs only.  A rule has a shape:
 * what it asks about at all, and the lengths of its networks.  A rule that
 * covers another looks, within its own shape, as the other does with
 * everything cut off that this shape does not ask.  So all rules are put into
 * one hash by what they are in their own shape; and each rule is looked up
 * once for every shape that there is, cut to it.
 */

#include <stdlib.h>
#include <string.h>

#include "pfctl.h"

#define SHAPES_MAX 256  /* rules of other shapes cover nothing */
#define CHAIN_MAX  1024 /* ranges of ports at one address are not hashed */
#define NOWHERE    UINT32_MAX

enum addr_kind { ADDR_ALL, ADDR_NET, ADDR_SAME };
enum port_kind { PORT_ALL, PORT_ONE, PORT_SOME };

/* Compared with memcmp(): bytes only. */
struct side_shape {
	uint8_t addr, af, plen, port;
};
struct shape {
	uint8_t ifname, af, proto, dir;
	struct side_shape src, dst;
};

struct index {
	struct shape shape[SHAPES_MAX];
	size_t nshapes;
	uint32_t *head, *next; /* places in the block, or NOWHERE */
	uint64_t mask;
};

/* --- is one within the other? ------------------------------------------ */

/* Is every address of a one of b? */
static bool
addr_within(const struct pf_ioc_addr *a, const struct pf_ioc_addr *b)
{
	struct ip_addr m;

	if (b->type == PF_ADDR_ANY && !b->neg)
		return (true);
	if (memcmp(a, b, sizeof(*a)) == 0)
		return (true);
	if (a->type != PF_ADDR_PREFIX || b->type != PF_ADDR_PREFIX || a->neg ||
	    b->neg || a->af != b->af || a->plen < b->plen)
		return (false);
	m = a->addr;
	ip_addr_mask(&m, b->plen);
	return (ip_addr_eq(&m, &b->addr));
}

static bool
ports_within(const struct pf_ioc_side *a, const struct pf_ioc_side *b)
{
	bool ra = a->port_op == PF_OP_EQ || a->port_op == PF_OP_RRG;
	bool rb = b->port_op == PF_OP_EQ || b->port_op == PF_OP_RRG;

	if (b->port_op == PF_OP_NONE)
		return (true);
	if (!ra || !rb)
		return (a->port_op == b->port_op && a->port[0] == b->port[0] &&
		    a->port[1] == b->port[1]);
	return (a->port[0] >= b->port[0] &&
	    (a->port_op == PF_OP_EQ ? a->port[0] : a->port[1]) <=
		(b->port_op == PF_OP_EQ ? b->port[0] : b->port[1]));
}

static bool
interface_within(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	const uint32_t mask = PFR_IFNOT | PFR_IFANY;

	if (b->ifname[0] == '\0')
		return (true);
	return ((a->flags & mask) == (b->flags & mask) &&
	    strcmp(a->ifname, b->ifname) == 0);
}

/* Flags are asked of TCP only, so another protocol is within any flags. */
static bool
header_within(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	bool tcp = a->proto == 0 || a->proto == IPPROTO_TCP;

	if (tcp && b->tcpmask != 0 &&
	    (a->tcpmask != b->tcpmask || a->tcpflags != b->tcpflags))
		return (false);
	if (b->icmptype == 0)
		return (true);
	return (a->icmptype == b->icmptype &&
	    (!b->icmpcode_set ||
		(a->icmpcode_set && a->icmpcode == b->icmpcode)));
}

/* Does b match every packet that a matches? */
static bool
within(const struct pf_ioc_rule *a, const struct pf_ioc_rule *b)
{
	return ((b->proto == 0 || a->proto == b->proto) &&
	    (b->af == AF_UNSPEC || a->af == b->af) &&
	    (b->dir == PFD_BOTH || a->dir == b->dir) &&
	    addr_within(&a->dst.addr, &b->dst.addr) &&
	    addr_within(&a->src.addr, &b->src.addr) &&
	    ports_within(&a->dst, &b->dst) && ports_within(&a->src, &b->src) &&
	    interface_within(a, b) && header_within(a, b));
}

/* --- shapes ------------------------------------------------------------ */

static bool
one_port(const struct pf_ioc_side *s)
{
	return (s->port_op == PF_OP_EQ ||
	    (s->port_op == PF_OP_RRG && s->port[0] == s->port[1]));
}

static struct side_shape
side_shape(const struct pf_ioc_side *s)
{
	struct side_shape x = { ADDR_SAME, 0, 0, PORT_SOME };

	if (s->addr.type == PF_ADDR_ANY && !s->addr.neg)
		x.addr = ADDR_ALL;
	else if (s->addr.type == PF_ADDR_PREFIX && !s->addr.neg)
		x = (struct side_shape){ ADDR_NET, s->addr.af, s->addr.plen,
			PORT_SOME };
	if (s->port_op == PF_OP_NONE)
		x.port = PORT_ALL;
	else if (one_port(s))
		x.port = PORT_ONE;
	return (x);
}

static struct shape
shape_of(const struct pf_ioc_rule *r)
{
	return ((struct shape){ r->ifname[0] != '\0', r->af != AF_UNSPEC,
	    r->proto != 0, r->dir != PFD_BOTH, side_shape(&r->src),
	    side_shape(&r->dst) });
}

static uint64_t
mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n-- > 0) /* FNV-1a */
		h = (h ^ *b++) * 1099511628211U;
	return (h);
}

/* A side cut to a shape; false: nothing of that shape covers it. */
static bool
side_hash(const struct pf_ioc_side *s, const struct side_shape *x, uint64_t *h)
{
	struct ip_addr net = s->addr.addr;

	if (x->addr == ADDR_NET) {
		if (s->addr.type != PF_ADDR_PREFIX || s->addr.neg ||
		    s->addr.af != x->af || s->addr.plen < x->plen)
			return (false);
		ip_addr_mask(&net, x->plen);
		*h = mix(*h, &net, sizeof(net));
	} else if (x->addr == ADDR_SAME)
		*h = mix(*h, &s->addr, sizeof(s->addr));
	if (x->port == PORT_ONE)
		*h = mix(*h, &s->port[0], sizeof(s->port[0]));
	return (x->port == PORT_ONE ?
		one_port(s) :
		x->port == PORT_ALL || s->port_op != PF_OP_NONE);
}

static bool
rule_hash(const struct pf_ioc_rule *r, const struct shape *x, uint64_t *h)
{
	*h = mix(14695981039346656037U, x, sizeof(*x));
	if (x->ifname)
		*h = mix(*h, r->ifname, strlen(r->ifname));
	if (x->af)
		*h = mix(*h, &r->af, sizeof(r->af));
	if (x->proto)
		*h = mix(*h, &r->proto, sizeof(r->proto));
	if (x->dir)
		*h = mix(*h, &r->dir, sizeof(r->dir));
	if (!side_hash(&r->src, &x->src, h) || !side_hash(&r->dst, &x->dst, h))
		return (false);
	*h ^= *h >> 32;
	return (true);
}

/* The place of a shape in the index, SHAPES_MAX: there is none left. */
static size_t
shape_find(struct index *x, const struct shape *s)
{
	size_t i;

	for (i = 0; i < x->nshapes; i++)
		if (memcmp(&x->shape[i], s, sizeof(*s)) == 0)
			return (i);
	if (i < SHAPES_MAX)
		x->shape[x->nshapes++] = *s;
	return (i);
}

/* --- the index --------------------------------------------------------- */

/* From the last to the first, so that of equal ones the first is found. */
static bool
index_build(struct index *x, struct pf_rule *const r[], size_t n)
{
	struct shape s;
	uint64_t h;
	size_t i, size;

	for (size = 16; size < 2 * n;)
		size *= 2;
	x->mask = size - 1;
	x->head = malloc(size * sizeof(*x->head));
	x->next = malloc(n * sizeof(*x->next));
	if (x->head == NULL || x->next == NULL)
		return (false);
	memset(x->head, 0xff, size * sizeof(*x->head));
	for (i = n; i-- > 0;) {
		s = shape_of(&r[i]->r);
		if (shape_find(x, &s) == SHAPES_MAX ||
		    !rule_hash(&r[i]->r, &s, &h))
			continue;
		x->next[i] = x->head[h & x->mask];
		x->head[h & x->mask] = (uint32_t)i;
	}
	return (true);
}

static bool
covered(const struct index *x, struct pf_rule *const r[], size_t i)
{
	uint32_t k;
	uint64_t h;
	size_t s;
	int steps;

	for (s = 0; s < x->nshapes; s++) {
		if (!rule_hash(&r[i]->r, &x->shape[s], &h))
			continue;
		k = x->head[h & x->mask];
		for (steps = 0; k != NOWHERE && steps < CHAIN_MAX; steps++) {
			if (k != i && r[k] != NULL &&
			    within(&r[i]->r, &r[k]->r))
				return (true);
			k = x->next[k];
		}
	}
	return (false);
}

void
drop_subsets(struct pf_rule *r[], size_t n)
{
	struct index *x = calloc(1, sizeof(*x));
	size_t i;

	if (x != NULL && n < NOWHERE && index_build(x, r, n))
		for (i = n; i-- > 0;)
			if (covered(x, r, i))
				r[i] = NULL;
	if (x != NULL) {
		free(x->head);
		free(x->next);
	}
	free(x);
}
