/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Anchors, the arrays of rules in them, and tags.
 *
 * Skip steps.  For each rule and each of eight criteria: the next rule at
 * which this criterion is another one.  They are filled from the end, so one
 * pass is enough.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <crypto/digest.h>
#include <net/pf/pf_class.h>
#include <net/pf/pf.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_table.h>

#define RULES_A_TURN 256 /* freed before packets run again */

static int
pf_anchor_cmp(const struct pf_anchor *a, const struct pf_anchor *b)
{
	return (strcmp(a->name, b->name));
}
RB_GENERATE_STATIC(pf_anchors, pf_anchor, entry, pf_anchor_cmp);

struct pf_anchor pf_main;
uint32_t pf_anchor_count, pf_anchor_limit = 512;
static struct pf_rules pf_norules; /* what an empty ruleset points at */

/* --- anchors --- */

static void
pf_anchor_blank(struct pf_anchor *a)
{
	RB_INIT(&a->children);
	for (int i = 0; i < PF_RS_MAX; i++)
		a->rules[i] = &pf_norules;
}

/* The next component of *path, or 0: the end; EINVAL for what cannot be. */
static int
pf_anchor_component(const char **path, char name[PF_ANCHOR_NAMESIZE])
{
	const char *p = *path;
	size_t n = 0;

	while (p[n] != '\0' && p[n] != '/')
		n++;
	if (n == 0 || n >= PF_ANCHOR_NAMESIZE)
		return (EINVAL);
	memcpy(name, p, n);
	name[n] = '\0';
	*path = p + n + (p[n] == '/');
	return (strcmp(name, "..") == 0 || strcmp(name, ".") == 0 ? EINVAL : 0);
}

static struct pf_anchor *
pf_anchor_kid(struct pf_anchor *a, const char *name)
{
	struct pf_anchor key;

	strlcpy(key.name, name, sizeof(key.name));
	return (RB_FIND(pf_anchors, &a->children, &key));
}

struct pf_anchor *
pf_anchor_find(const char *path)
{
	char name[PF_ANCHOR_NAMESIZE];
	struct pf_anchor *a = &pf_main;

	path += *path == '/';
	while (a != NULL && *path != '\0') {
		if (pf_anchor_component(&path, name) != 0)
			return (NULL);
		a = pf_anchor_kid(a, name);
	}
	return (a);
}

static struct pf_anchor *
pf_anchor_new(struct pf_anchor *parent, const char *name)
{
	struct pf_anchor *a;

	if ((a = malloc(sizeof(*a), M_PF, M_ZERO)) == NULL)
		return (NULL);
	pf_anchor_blank(a);
	a->parent = parent;
	strlcpy(a->name, name, sizeof(a->name));
	if (parent != &pf_main) {
		strlcpy(a->path, parent->path, sizeof(a->path));
		strlcat(a->path, "/", sizeof(a->path));
	}
	strlcat(a->path, name, sizeof(a->path));
	RB_INSERT(pf_anchors, &parent->children, a);
	pf_anchor_count++;
	return (a);
}

bool
pf_anchors_within(uint32_t limit)
{
	return (limit == 0 || pf_anchor_count <= limit);
}

static bool
pf_anchor_idle(const struct pf_anchor *a)
{
	for (int i = 0; i < PF_RS_MAX; i++)
		if (a->rules[i]->n != 0)
			return (false);
	return (a != &pf_main && a->refs == 0 && RB_EMPTY(&a->children) &&
	    !pf_table_inanchor(a->path));
}

static void
pf_anchor_tidy(struct pf_anchor *a)
{
	struct pf_anchor *parent;

	for (; pf_anchor_idle(a); a = parent) {
		parent = a->parent;
		RB_REMOVE(pf_anchors, &parent->children, a);
		for (int i = 0; i < PF_RS_MAX; i++)
			pf_rules_free(a->rules[i]);
		free(a, M_PF, sizeof(*a));
		pf_anchor_count--;
	}
}

int
pf_anchor_get(const char *path, struct pf_anchor **ap)
{
	char name[PF_ANCHOR_NAMESIZE];
	struct pf_anchor *a = &pf_main, *kid;
	unsigned int depth = 0;

	if (strnlen(path, PF_ANCHOR_PATHSIZE) == PF_ANCHOR_PATHSIZE)
		return (EINVAL);
	path += *path == '/';
	while (*path != '\0') {
		if (pf_anchor_component(&path, name) != 0 ||
		    ++depth >= PF_ANCHOR_DEPTH) {
			pf_anchor_tidy(a);
			return (EINVAL);
		}
		if ((kid = pf_anchor_kid(a, name)) == NULL &&
		    (kid = pf_anchor_new(a, name)) == NULL) {
			pf_anchor_tidy(a);
			return (ENOMEM);
		}
		a = kid;
	}
	a->refs++;
	*ap = a;
	return (0);
}

void
pf_anchor_put(struct pf_anchor *a)
{
	a->refs--;
	pf_anchor_tidy(a);
}

void
pf_anchor_look(const char *path)
{
	struct pf_anchor *a = pf_anchor_find(path);

	if (a != NULL)
		pf_anchor_tidy(a);
}

struct pf_anchor *
pf_anchor_child(struct pf_anchor *a, uint32_t n)
{
	struct pf_anchor *kid;

	RB_FOREACH(kid, pf_anchors, &a->children)
		if (n-- == 0)
			return (kid);
	return (NULL);
}

uint32_t
pf_anchor_children(const struct pf_anchor *a)
{
	struct pf_anchor *kid;
	uint32_t n = 0;

	RB_FOREACH(kid, pf_anchors, &a->children)
		n++;
	return (n);
}

/* For the walk over children of an anchor. */
struct pf_anchor *
pf_anchor_first(struct pf_anchor *a)
{
	return (RB_MIN(pf_anchors, &a->children));
}

struct pf_anchor *
pf_anchor_next(struct pf_anchor *a)
{
	return (RB_NEXT(pf_anchors, &a->parent->children, a));
}

/* --- arrays of rules --- */

struct pf_rules *
pf_rules_new(void)
{
	return (malloc(sizeof(struct pf_rules), M_PF, M_ZERO));
}

int
pf_rules_room(struct pf_rules *rs, uint32_t n)
{
	uint32_t room = MAX(n, rs->room == 0 ? 16 : rs->room * 2);
	struct pf_rule **rule;

	if (n <= rs->room)
		return (0);
	if ((rule = mallocarray(room, sizeof(*rule), M_PF, 0)) == NULL)
		return (ENOMEM);
	if (rs->n != 0)
		memcpy(rule, rs->rule, rs->n * sizeof(*rule));
	free(rs->rule, M_PF, rs->room * sizeof(*rule));
	rs->rule = rule;
	rs->room = room;
	return (0);
}

int
pf_rules_add(struct pf_rules *rs, struct pf_rule *r)
{
	if (pf_rules_room(rs, rs->n + 1) != 0)
		return (ENOMEM);
	r->nr = rs->n;
	rs->rule[rs->n++] = r;
	rs->nexpired += r->expired;
	return (0);
}

void
pf_rules_free(struct pf_rules *rs)
{
	if (rs == NULL || rs == &pf_norules)
		return;
	for (uint32_t i = 0; i < rs->n; i++) {
		pf_rule_put(rs->rule[i]);
		if (i % RULES_A_TURN == RULES_A_TURN - 1)
			preempt(); /* nobody finds these rules any more */
	}
	pf_class_free(rs->class);
	free(rs->rule, M_PF, rs->room * sizeof(*rs->rule));
	free(rs, M_PF, sizeof(*rs));
}

static bool
pf_raddr_same(const struct pf_raddr *a, const struct pf_raddr *b)
{
	return (a->type == b->type && a->af == b->af && a->plen == b->plen &&
	    a->neg == b->neg && ip_addr_eq(&a->addr, &b->addr) &&
	    ip_addr_eq(&a->end, &b->end) && a->table == b->table);
}

static bool
pf_port_same(const struct pf_rside *a, const struct pf_rside *b)
{
	return (a->port_op == b->port_op && a->port[0] == b->port[0] &&
	    a->port[1] == b->port[1]);
}

/* Which criteria of two neighbours are the same: a bit each. */
static uint32_t
pf_skip_same(const struct pf_rule *a, const struct pf_rule *b)
{
	const uint32_t ifbits = PFR_IFNOT | PFR_IFANY;

	return ((uint32_t)(a->kif == b->kif &&
		    ((a->flags ^ b->flags) & ifbits) == 0) << PF_SKIP_IFP |
	    (uint32_t)(a->dir == b->dir) << PF_SKIP_DIR |
	    (uint32_t)(a->af == b->af) << PF_SKIP_AF |
	    (uint32_t)(a->proto == b->proto) << PF_SKIP_PROTO |
	    (uint32_t)pf_raddr_same(&a->src.addr, &b->src.addr)
		<< PF_SKIP_SRC_ADDR |
	    (uint32_t)pf_raddr_same(&a->dst.addr, &b->dst.addr)
		<< PF_SKIP_DST_ADDR |
	    (uint32_t)pf_port_same(&a->src, &b->src) << PF_SKIP_SRC_PORT |
	    (uint32_t)pf_port_same(&a->dst, &b->dst) << PF_SKIP_DST_PORT);
}

void
pf_rules_finish(struct pf_rules *rs, uint64_t gen)
{
	uint32_t same;

	rs->gen = rs->load = gen;
	for (uint32_t i = rs->n; i-- > 0;) {
		same = i + 1 == rs->n ?
		    0 :
		    pf_skip_same(rs->rule[i], rs->rule[i + 1]);
		for (int s = 0; s < PF_SKIP_MAX; s++)
			rs->rule[i]->skip[s] = (same >> s & 1) != 0 ?
			    rs->rule[i + 1]->skip[s] :
			    i + 1;
	}
	rs->class = pf_class_make(rs);
}

void
pf_rules_checksum(void)
{
	struct digest_ctx ctx;

	digest_init(&ctx, &digest_md5);
	for (int i = 0; i < PF_RS_MAX; i++)
		for (uint32_t n = 0; n < pf_main.rules[i]->n; n++)
			digest_update(&ctx, pf_main.rules[i]->rule[n]->digest,
			    sizeof(pf_main.rules[i]->rule[n]->digest));
	digest_final(&ctx, pf_status.checksum);
}

/* --- tags --- */

struct pf_tag {
	char name[PF_TAG_NAMESIZE];
	uint32_t refs;
};
static struct pf_tag *pf_tags;
static uint32_t pf_ntags;

static int
pf_tags_grow(void)
{
	uint32_t n = pf_ntags == 0 ? 16 : pf_ntags * 2;
	struct pf_tag *t;

	if (n > UINT16_MAX ||
	    (t = mallocarray(n, sizeof(*t), M_PF, M_ZERO)) == NULL)
		return (ENOMEM);
	if (pf_ntags != 0)
		memcpy(t, pf_tags, pf_ntags * sizeof(*t));
	free(pf_tags, M_PF, pf_ntags * sizeof(*t));
	pf_tags = t;
	pf_ntags = n;
	return (0);
}

uint16_t
pf_tag_get(const char *name)
{
	uint32_t i, hole = 0;

	for (i = 1; i < pf_ntags; i++) {
		if (pf_tags[i].refs == 0)
			hole = hole == 0 ? i : hole;
		else if (strcmp(pf_tags[i].name, name) == 0) {
			pf_tags[i].refs++;
			return ((uint16_t)i);
		}
	}
	if (hole == 0) {
		hole = pf_ntags == 0 ? 1 : pf_ntags;
		if (pf_tags_grow() != 0)
			return (0);
	}
	strlcpy(pf_tags[hole].name, name, sizeof(pf_tags[hole].name));
	pf_tags[hole].refs = 1;
	return ((uint16_t)hole);
}

void
pf_tag_ref(uint16_t tag)
{
	if (tag != 0)
		pf_tags[tag].refs++;
}

void
pf_tag_put(uint16_t tag)
{
	if (tag != 0)
		pf_tags[tag].refs--;
}

const char *
pf_tag_name(uint16_t tag)
{
	return (tag == 0 || tag >= pf_ntags ? "" : pf_tags[tag].name);
}

void
pf_rule_init(void)
{
	pf_anchor_blank(&pf_main);
	pf_main.refs = 1;
	pf_rule_default();
	pf_walk_init();
}
