/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A rule is made from what a program gave, and shown to programs again.
 *
 * The given form is kept as it is, so that what is shown is what was loaded;
 * beside it stands what matching needs, ready to compare.  Making looks at
 * everything first: strings that end, numbers in their ranges, nothing that
 * this kernel does not do.  Names that are not there yet (interfaces, tables,
 * anchors) are no errors: they match once they come.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_pool.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_table.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <crypto/digest.h>

struct pf_rule pf_default_rule = { .nr = PF_NR_NONE,
	.action = PFA_PASS,
	.refs = 1 };
uint32_t pf_rules_adaptive;
static struct pf_ioc_rule pf_default_ioc = { .rtable = -1 };

/* --- judging --- */

static bool
pf_str_ends(const char *s, size_t size)
{
	return (strnlen(s, size) < size);
}
#define ENDS(a) pf_str_ends((a), sizeof(a))

static bool
pf_ioc_strings(const struct pf_ioc_rule *c)
{
	for (int i = 0; i < PF_LABELS_MAX; i++)
		if (!ENDS(c->label[i]))
			return (false);
	return (ENDS(c->ifname) && ENDS(c->rcv_ifname) && ENDS(c->tagname) &&
	    ENDS(c->match_tagname) && ENDS(c->overload) && ENDS(c->qname) &&
	    ENDS(c->pqname) && ENDS(c->osname) && ENDS(c->anchor) &&
	    ENDS(c->src.addr.name) && ENDS(c->dst.addr.name));
}

#define PFR_ALL 0x07ffffffU /* with PFR_EXPIRED, which is said, not asked */
#define PFS_ALL 0x07ffU

/* Numbers within what they can mean. */
static bool
pf_ioc_ranges(enum pf_rs rs, const struct pf_ioc_rule *c)
{
	bool afto = (c->flags & PFR_AFTO) != 0;

	if ((c->flags & ~PFR_ALL) != 0 || (c->stateflags & ~PFS_ALL) != 0 ||
	    c->dir > PFD_OUT || c->log > 0x0f || c->keep > PF_SYNPROXY ||
	    c->rt > PF_REPLYTO || c->prio > 8 || c->set_prio[0] > 7 ||
	    c->set_prio[1] > 7 || c->src.port_op > PF_OP_RRG ||
	    c->dst.port_op > PF_OP_RRG || c->uid_op > PF_OP_RRG ||
	    c->gid_op > PF_OP_RRG)
		return (false);
	if (c->af != AF_UNSPEC && c->af != AF_INET && c->af != AF_INET6)
		return (false);
	if (rs != PF_RS_FILTER && c->action == PFA_PASS &&
	    (c->flags & PFR_ANCHOR) == 0)
		return (false); /* calls of anchors look so */
	if (afto &&
	    (rs != PF_RS_FILTER || c->af == AF_UNSPEC || c->naf == c->af))
		return (false);
	return (afto ? c->naf == AF_INET || c->naf == AF_INET6 : c->naf == 0);
}

/* Words that pfctl refuses too; a program of another make gets the errno. */
static bool
pf_ioc_supported(const struct pf_ioc_rule *c)
{
	return (c->rt == PF_NOROUTE && c->keep != PF_SYNPROXY &&
	    c->dnpipe[0] == 0 && c->dnpipe[1] == 0 &&
	    c->qname[0] == '\0' && c->pqname[0] == '\0' && c->set_delay == 0 &&
	    c->pktrate[0] == 0 && c->max_pkt_size == 0 &&
	    (c->stateflags &
		(PFS_SRCTRACK | PFS_SRCTRACK_RULE | PFS_PFLOW | PFS_FLUSH |
		    PFS_FLUSHGLOBAL | PFS_RELATED)) == 0 &&
	    c->max_src_nodes == 0 && c->max_src_states == 0 &&
	    c->max_src_conn == 0 && c->conn_rate[0] == 0 &&
	    c->overload[0] == '\0' && c->max_mss == 0 && c->min_ttl == 0 &&
	    (c->flags & (PFR_REASSTCP | PFR_NODF | PFR_RANDOMID)) == 0 &&
	    (c->proto != IPPROTO_SCTP || /* its sum needs all of a packet */
		(c->pool[0].port[0] | c->pool[1].port[0]) == 0) &&
	    (c->action != PFA_SCRUB || (c->flags & PFR_SETTOS) == 0) &&
	    ((c->pool[0].flags | c->pool[1].flags) &
		(PF_POOL_STICKY | PF_POOL_EIM)) == 0);
}

static bool
pf_divert_ok(enum pf_rs rs, const struct pf_ioc_rule *c)
{
	if (c->divert == PF_DIVERT_NONE)
		return (c->divert_port == 0 && c->divert_af == AF_UNSPEC);
	if (rs != PF_RS_FILTER || c->action != PFA_PASS || c->naf != 0 ||
	    c->divert_port == 0)
		return (false);
	if (c->divert == PF_DIVERT_PACKET)
		return (c->divert_af == AF_UNSPEC);
	return (c->divert == PF_DIVERT_SOCKET && c->dir != PFD_OUT &&
	    (c->proto == IPPROTO_TCP || c->proto == IPPROTO_UDP) &&
	    (c->divert_af == AF_UNSPEC || c->divert_af == AF_INET ||
		c->divert_af == AF_INET6) &&
	    (c->af == AF_UNSPEC || c->divert_af == AF_UNSPEC ||
		c->divert_af == c->af));
}

static bool
pf_os_ok(const struct pf_ioc_rule *c)
{
	if (c->os == PF_OS_NAMED)
		return (c->osname[0] != '\0');
	return (c->os == PF_OS_UNKNOWN ||
	    (c->os == PF_OS_ANY && c->osname[0] == '\0'));
}

static bool
pf_addr_ok(const struct pf_ioc_addr *a)
{
	unsigned int max = a->af == AF_INET ? 32 : 128;

	if (a->type > PF_ADDR_DYNIF || !ENDS(a->name))
		return (false);
	if (a->af != AF_UNSPEC && a->af != AF_INET && a->af != AF_INET6)
		return (false);
	if (a->type == PF_ADDR_RANGE)
		return (a->af != AF_UNSPEC && a->plen <= max &&
		    memcmp(a->addr.b, a->end.b, max / 8) <= 0);
	if (a->type == PF_ADDR_PREFIX)
		return (a->af != AF_UNSPEC && a->plen <= max);
	if (a->type == PF_ADDR_TABLE || a->type == PF_ADDR_DYNIF)
		return (a->name[0] != '\0' && a->plen <= 128);
	return (true);
}

static bool
pf_pool_ok(const struct pf_ioc_pool *p, struct pf_ioc_poolent *ents)
{
	if (p->type > PF_POOL_LEASTSTATES ||
	    (p->flags & ~(PF_POOL_STICKY | PF_POOL_STATIC | PF_POOL_EIM |
			 PF_POOL_V6NEXTHOP | PF_POOL_PORTSTAR)) != 0 ||
	    (p->port[1] != 0 && p->port[1] < p->port[0]))
		return (false);
	for (uint32_t i = 0; i < p->nents; i++)
		if (!pf_addr_ok(&ents[i].addr) ||
		    ents[i].addr.type == PF_ADDR_NOROUTE ||
		    ents[i].addr.type == PF_ADDR_URPF)
			return (false);
	return (true);
}

static bool
pf_action_ok(enum pf_rs rs, uint8_t action)
{
	switch (action) {
	case PFA_PASS:
	case PFA_BLOCK:
	case PFA_MATCH:
		return (rs == PF_RS_FILTER || action == PFA_PASS);
	case PFA_SCRUB:
	case PFA_NOSCRUB:
		return (rs == PF_RS_SCRUB);
	case PFA_NAT:
	case PFA_NONAT:
		return (rs == PF_RS_NAT);
	case PFA_BINAT:
	case PFA_NOBINAT:
		return (rs == PF_RS_BINAT);
	case PFA_RDR:
	case PFA_NORDR:
		return (rs == PF_RS_RDR);
	}
	return (false);
}

static int
pf_ioc_judge(enum pf_rs rs, const struct pf_ioc_rule *c,
    struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	if (!pf_ioc_strings(c) || !pf_action_ok(rs, c->action) ||
	    !pf_ioc_ranges(rs, c) || !pf_addr_ok(&c->src.addr) ||
	    !pf_addr_ok(&c->dst.addr) || !pf_divert_ok(rs, c) || !pf_os_ok(c))
		return (EINVAL);
	for (int p = 0; p < PF_NPOOLS; p++)
		if (!pf_pool_ok(&c->pool[p], ents[p]))
			return (EINVAL);
	if (!pf_ioc_supported(c))
		return (EOPNOTSUPP);
	return (c->rtable >= 0 && !rtable_exists((uint32_t)c->rtable) ? ESRCH :
									0);
}

/* --- making --- */

static int
pf_raddr_make(struct pf_raddr *a, const struct pf_anchor *home,
    const struct pf_ioc_addr *c, sa_family_t af)
{
	*a = (struct pf_raddr){ .type = c->type,
		.af = c->af,
		.plen = c->plen,
		.neg = c->neg,
		.addr = c->addr,
		.end = c->end };
	if (c->type == PF_ADDR_PREFIX)
		ip_addr_mask(&a->addr, c->plen);
	if (c->type == PF_ADDR_TABLE) {
		a->af = AF_UNSPEC;
		a->table = pf_table_get(home->path, c->name);
		return (a->table == NULL ? ENOMEM : 0);
	}
	if (c->type == PF_ADDR_DYNIF) {
		a->dyn = pf_dyn_get(c->name, c->af != 0 ? c->af : af, c->plen,
		    c->iflags);
		return (a->dyn == NULL ? ENOMEM : 0);
	}
	return (0);
}

static void
pf_raddr_free(struct pf_raddr *a)
{
	if (a->type == PF_ADDR_TABLE)
		pf_table_put(a->table);
	else if (a->type == PF_ADDR_DYNIF)
		pf_dyn_put(a->dyn);
}

static int
pf_rside_make(struct pf_rside *s, const struct pf_anchor *home,
    const struct pf_ioc_side *c, sa_family_t af)
{
	s->port[0] = c->port[0];
	s->port[1] = c->port[1];
	s->port_op = c->port_op;
	return (pf_raddr_make(&s->addr, home, &c->addr, af));
}

static int
pf_pool_make(struct pf_pool *p, const struct pf_anchor *home,
    const struct pf_ioc_pool *c, const struct pf_ioc_poolent *ents,
    sa_family_t af)
{
	p->type = c->type;
	p->flags = c->flags;
	p->af = c->af;
	p->port[0] = c->port[0];
	p->port[1] = c->port[1];
	memcpy(p->key, c->key, sizeof(p->key));
	if (c->type == PF_POOL_SRCHASH && (p->key[0] | p->key[1]) == 0)
		arc4random_buf(p->key, sizeof(p->key));
	if (c->nents == 0)
		return (0);
	p->ents = mallocarray(c->nents, sizeof(*p->ents), M_PF, M_ZERO);
	if (p->ents == NULL)
		return (ENOMEM);
	p->nents = c->nents;
	if ((p->given = mallocarray(c->nents, sizeof(*p->given), M_PF, 0)) ==
	    NULL)
		return (ENOMEM);
	memcpy(p->given, ents, c->nents * sizeof(*p->given));
	for (uint32_t i = 0; i < c->nents; i++)
		if (pf_raddr_make(&p->ents[i], home, &ents[i].addr, af) != 0)
			return (ENOMEM);
	return (0);
}

static void
pf_pool_free(struct pf_pool *p)
{
	for (uint32_t i = 0; i < p->nents; i++)
		pf_raddr_free(&p->ents[i]);
	pf_pool_load_free(p);
	free(p->ents, M_PF, p->nents * sizeof(*p->ents));
	free(p->given, M_PF, p->nents * sizeof(*p->given));
}

/* Where an anchor rule leads: "x", "/x", "../x", each also with "/" and a star. */
static int
pf_rule_target(struct pf_rule *r, const struct pf_anchor *home,
    const char *name)
{
	char path[PF_ANCHOR_PATHSIZE];
	size_t n = strlen(name);

	if (n >= 1 && name[n - 1] == '*') {
		r->anchor_children = true;
		n -= n >= 2 && name[n - 2] == '/' ? 2 : 1;
	}
	for (; strncmp(name, "../", 3) == 0 && n >= 3; name += 3, n -= 3)
		if ((home = home->parent) == NULL)
			return (EINVAL);
	path[0] = '\0';
	if (*name != '/' && home != &pf_main)
		strlcpy(path, home->path, sizeof(path));
	if (path[0] != '\0' && n != 0)
		strlcat(path, "/", sizeof(path));
	if (strlen(path) + n >= sizeof(path))
		return (EINVAL);
	strlcpy(path + strlen(path), name, n + 1);
	return (pf_anchor_get(path, &r->anchor));
}

static int
pf_rule_fill(struct pf_rule *r, struct pf_anchor *home, enum pf_rs rs,
    const struct pf_ioc_rule *c, struct pf_ioc_poolent *const ents[PF_NPOOLS])
{
	int error;

	r->flags = c->flags;
	r->action = c->action;
	r->dir = c->dir;
	r->af = c->af;
	r->proto = c->proto;
	r->tests = pf_tests_of(c, rs);
	r->divert = c->divert;
	r->divert_port = c->divert_port;
	if (c->divert_af != AF_UNSPEC)
		r->af = c->divert_af;
	if (c->ifname[0] != '\0' &&
	    (r->kif = pf_kif_get(c->ifname, PF_KIF_RULE)) == NULL)
		return (ENOMEM);
	if (c->rcv_ifname[0] != '\0' &&
	    (r->rcv_kif = pf_kif_get(c->rcv_ifname, PF_KIF_RULE)) == NULL)
		return (ENOMEM);
	if (c->tagname[0] != '\0' && (r->tag = pf_tag_get(c->tagname)) == 0)
		return (ENOMEM);
	if (c->match_tagname[0] != '\0' &&
	    (r->match_tag = pf_tag_get(c->match_tagname)) == 0)
		return (ENOMEM);
	if ((error = pf_rside_make(&r->src, home, &c->src, c->af)) != 0 ||
	    (error = pf_rside_make(&r->dst, home, &c->dst, c->af)) != 0)
		return (error);
	for (int p = 0; p < PF_NPOOLS; p++)
		if ((error = pf_pool_make(&r->pool[p], home, &c->pool[p],
			 ents[p], c->naf != 0 ? c->naf : c->af)) != 0)
			return (error);
	return ((c->flags & PFR_ANCHOR) != 0 ?
		pf_rule_target(r, home, c->anchor) :
		0);
}

static void
pf_rule_free(struct pf_rule *r)
{
	pf_kif_put(r->kif, PF_KIF_RULE);
	pf_kif_put(r->rcv_kif, PF_KIF_RULE);
	pf_tag_put(r->tag);
	pf_tag_put(r->match_tag);
	pf_raddr_free(&r->src.addr);
	pf_raddr_free(&r->dst.addr);
	for (int p = 0; p < PF_NPOOLS; p++)
		pf_pool_free(&r->pool[p]);
	if (r->anchor != NULL)
		pf_anchor_put(r->anchor);
	pf_rules_adaptive -= r->ioc->timeout[PFTM_ADAPTIVE_START] != 0;
	free(r->ioc, M_PF, sizeof(*r->ioc));
	free(r, M_PF, sizeof(*r));
}

/*
 * Bytes of which most are zero: the pieces that are not, each behind its
 * number, and an end.  Ten times fewer than all, and they say as much.
 */
static void
digest_sparse(struct digest_ctx *ctx, const void *bytes, size_t len)
{
	struct {
		uint64_t nr, piece[2];
	} part = { .nr = 0 };
	const uint8_t *p = bytes;

	for (size_t at = 0; at < len; at += sizeof(part.piece)) {
		part.nr++;
		part.piece[0] = part.piece[1] = 0;
		memcpy(part.piece, p + at, MIN(sizeof(part.piece), len - at));
		if ((part.piece[0] | part.piece[1]) != 0)
			digest_update(ctx, &part, sizeof(part));
	}
	part.nr = 0;
	digest_update(ctx, &part.nr, sizeof(part.nr));
}

/* Of what was given, without the addresses it had in the program. */
static void
pf_rule_digest(struct pf_rule *r)
{
	struct digest_ctx ctx;
	const struct pf_ioc_rule *c = r->ioc;

	digest_init(&ctx, &digest_md5);
	digest_sparse(&ctx, &c->src, sizeof(c->src));
	digest_sparse(&ctx, &c->dst, sizeof(c->dst));
	for (int p = 0; p < PF_NPOOLS; p++) {
		digest_sparse(&ctx, &c->pool[p].nents,
		    sizeof(c->pool[p]) - offsetof(struct pf_ioc_pool, nents));
		digest_sparse(&ctx, r->pool[p].given,
		    r->pool[p].nents * sizeof(*r->pool[p].given));
	}
	digest_sparse(&ctx, &c->flags,
	    offsetof(struct pf_ioc_rule, nr) -
		offsetof(struct pf_ioc_rule, flags));
	digest_final(&ctx, r->digest);
}

int
pf_rule_make(struct pf_anchor *home, enum pf_rs rs,
    const struct pf_ioc_rule *ioc, struct pf_ioc_poolent *const ents[PF_NPOOLS],
    struct pf_rule **rp)
{
	struct pf_rule *r;
	int error;

	if ((error = pf_ioc_judge(rs, ioc, ents)) != 0)
		return (error);
	if ((r = malloc(sizeof(*r), M_PF, M_ZERO)) == NULL)
		return (ENOMEM);
	r->refs = 1;
	r->home = home;
	strlcpy(r->ruleset, home->path, sizeof(r->ruleset));
	if ((r->ioc = malloc(sizeof(*r->ioc), M_PF, 0)) == NULL) {
		free(r, M_PF, sizeof(*r));
		return (ENOMEM);
	}
	*r->ioc = *ioc;
	pf_rules_adaptive += ioc->timeout[PFTM_ADAPTIVE_START] != 0;
	if ((error = pf_rule_fill(r, home, rs, ioc, ents)) != 0) {
		pf_rule_free(r);
		return (error);
	}
	pf_rule_digest(r);
	*rp = r;
	return (0);
}

/* What rules that nobody wrote look like. */
void
pf_rule_default(void)
{
	pf_default_rule.ioc = &pf_default_ioc;
}

void
pf_rule_ref(struct pf_rule *r)
{
	r->refs++;
}

void
pf_rule_put(struct pf_rule *r)
{
	if (r != NULL && r != &pf_default_rule && --r->refs == 0)
		pf_rule_free(r);
}

/* --- showing --- */

static void
pf_raddr_show(const struct pf_raddr *a, struct pf_ioc_addr *out)
{
	out->count = -1;
	if (a->type == PF_ADDR_TABLE)
		out->count = pf_table_count(a->table);
	else if (a->type == PF_ADDR_DYNIF)
		out->count = (int32_t)pf_dyn_count(a->dyn);
}

void
pf_rule_show(const struct pf_rule *r, struct pf_ioc_rule *ioc)
{
	*ioc = *r->ioc;
	pf_raddr_show(&r->src.addr, &ioc->src.addr);
	pf_raddr_show(&r->dst.addr, &ioc->dst.addr);
	for (int p = 0; p < PF_NPOOLS; p++) {
		ioc->pool[p].ents_ptr = 0;
		ioc->pool[p].nents = r->pool[p].nents;
	}
	ioc->nr = r->nr;
	ioc->cuid = r->cuid;
	ioc->cpid = r->cpid;
	memcpy(ioc->skip, r->skip, sizeof(ioc->skip));
	ioc->evaluations = r->evaluations;
	memcpy(ioc->packets, r->packets, sizeof(ioc->packets));
	memcpy(ioc->bytes, r->bytes, sizeof(ioc->bytes));
	ioc->states_cur = r->states_cur;
	ioc->states_tot = r->states_tot;
	ioc->src_nodes = 0;
	ioc->last_active = r->last_active;
	if (r->expired)
		ioc->flags |= PFR_EXPIRED;
}

void
pf_pool_show(const struct pf_rule *r, enum pf_poolno p,
    struct pf_ioc_poolent *ents)
{
	for (uint32_t i = 0; i < r->pool[p].nents; i++) {
		ents[i] = r->pool[p].given[i];
		pf_raddr_show(&r->pool[p].ents[i], &ents[i].addr);
	}
}

bool
pf_rule_same(const struct pf_rule *a, const struct pf_rule *b)
{
	return (memcmp(a->digest, b->digest, sizeof(a->digest)) == 0);
}
