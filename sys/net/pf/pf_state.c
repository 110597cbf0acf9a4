/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The table of states: found by key, by id, and by when they may end.
 *
 * A state and everything that points at it is one object:
 *
 *	struct pf_state | key | key (translated) | struct pf_state_more (rare)
 *
 * cut from a pool of its kind, so that a plain IPv4 state carries neither
 * the room of IPv6 addresses nor of a second key.
 *
 * Keys hang in one hash, whose function (SipHash) nobody outside can steer.
 * It doubles when there are as many keys as buckets, a few buckets at each
 * insertion, so no packet ever pays for the whole.
 *
 * Read on: pf_purge.c for the wheel, pf_track.c for what states do.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_pool.h>
#include <net/pf/pf_purge.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <netinet/in.h>
#include <crypto/siphash.h>

uint64_t pf_nstates, pf_states_gone;
uint32_t pf_state_limit = 100000;

static int
pf_id_cmp(const struct pf_state *a, const struct pf_state *b)
{
	if (a->id != b->id)
		return (a->id < b->id ? -1 : 1);
	return (a->creatorid < b->creatorid ? -1 : a->creatorid > b->creatorid);
}
RB_HEAD(pf_idtree, pf_state);
RB_GENERATE_STATIC(pf_idtree, pf_state, by_id, pf_id_cmp);
static struct pf_idtree pf_ids;
static uint64_t pf_nextid = 1;

/* --- kinds of states --- */

struct pf_kind {
	uint8_t words[2]; /* of each key's addresses */
	bool more;
	const char *name;
	struct pool pool;
};
enum { K_V4, K_V4X, K_V6, K_V6X, K_46, K_64, K_MAX };
static struct pf_kind pf_kinds[K_MAX] = {
	[K_V4] = { .words = { 2, 0 }, .more = false, .name = "pfstate4" },
	[K_V4X] = { .words = { 2, 2 }, .more = true, .name = "pfstate4x" },
	[K_V6] = { .words = { 8, 0 }, .more = false, .name = "pfstate6" },
	[K_V6X] = { .words = { 8, 8 }, .more = true, .name = "pfstate6x" },
	[K_46] = { .words = { 2, 8 }, .more = true, .name = "pfstate46" },
	[K_64] = { .words = { 8, 2 }, .more = true, .name = "pfstate64" },
};

#define SKEY_FIXED offsetof(struct pf_skey, addr)

/* Does it stand between two families? */
static inline bool
pf_state_between(const struct pf_state *st)
{
	return (st->klass == K_46 || st->klass == K_64);
}

static size_t
pf_skey_size(unsigned int words)
{
	return ((SKEY_FIXED + words * 4 + 7) & ~(size_t)7);
}

static size_t
pf_kind_size(const struct pf_kind *k)
{
	size_t n = sizeof(struct pf_state) + pf_skey_size(k->words[0]);

	if (k->words[1] != 0)
		n += pf_skey_size(k->words[1]);
	return (n + (k->more ? sizeof(struct pf_state_more) : 0));
}

static struct pf_skey *
pf_skey_of(const struct pf_state *st, unsigned int i)
{
	const struct pf_kind *k = &pf_kinds[st->klass];
	uintptr_t p = (uintptr_t)(st + 1);

	_Static_assert(sizeof(struct pf_state) + 32 <= 192,
	    "a plain IPv4 state fits three lines");

	return (
	    (struct pf_skey *)(p + (i == 0 ? 0 : pf_skey_size(k->words[0]))));
}

static inline struct pf_state *
pf_skey_state(const struct pf_skey *sk)
{
	return ((struct pf_state *)((uintptr_t)sk - sk->back * 4U));
}

/* --- the hash --- */

struct pf_hash {
	struct pf_skey **head;
	uint32_t size; /* a power of two */
};
static struct pf_hash pf_table_now, pf_table_old; /* old: being emptied */
static uint32_t pf_old_at, pf_nkeys;
static struct siphash_key pf_hash_key;
#define HASH_MIN  1024
#define HASH_STEP 8

/* A key as it is compared: as long as its family needs. */
struct pf_probe {
	uint32_t hash;
	uint8_t af, proto;
	uint16_t port[2];
	uint32_t addr[8];
};

/* All but the hash. */
static inline void
pf_probe_key(struct pf_probe *p, sa_family_t af, uint8_t proto,
    const struct pf_ends *e, enum pf_dir dir)
{
	unsigned int first = dir == PF_IN ? PF_SRC : PF_DST;
	const struct ip_addr *a = &e->addr[first], *b = &e->addr[!first];

	p->af = (uint8_t)af;
	p->proto = proto;
	p->port[0] = e->port[first];
	p->port[1] = e->port[!first];
	if (af == AF_INET) {
		p->addr[0] = a->v4;
		p->addr[1] = b->v4;
		return;
	}
	memcpy(p->addr, a, 16);
	memcpy(p->addr + 4, b, 16);
}

static inline void
pf_probe_hash(struct pf_probe *p)
{
	uint64_t w[5];

	w[0] = (uint64_t)p->port[0] << 48 | (uint64_t)p->port[1] << 32 |
	    (uint64_t)p->proto << 8 | p->af;
	if (p->af == AF_INET) {
		w[1] = (uint64_t)p->addr[0] << 32 | p->addr[1];
		p->hash = (uint32_t)siphash24_words(&pf_hash_key, w, 2);
		return;
	}
	memcpy(w + 1, p->addr, 32);
	p->hash = (uint32_t)siphash24_words(&pf_hash_key, w, 5);
}

static void
pf_probe_set(struct pf_probe *p, sa_family_t af, uint8_t proto,
    const struct pf_ends *e, enum pf_dir dir)
{
	pf_probe_key(p, af, proto, e, dir);
	pf_probe_hash(p);
}

static inline bool
pf_skey_is(const struct pf_skey *sk, const struct pf_probe *p)
{
	if (sk->hash != p->hash || sk->af != p->af || sk->proto != p->proto ||
	    sk->port[0] != p->port[0] || sk->port[1] != p->port[1])
		return (false);
	if (p->af == AF_INET)
		return (sk->addr[0] == p->addr[0] && sk->addr[1] == p->addr[1]);
	return (memcmp(sk->addr, p->addr, 32) == 0);
}

static struct pf_skey **
pf_hash_bucket(uint32_t hash)
{
	if (pf_table_old.head != NULL) {
		uint32_t i = hash & (pf_table_old.size - 1);

		if (i >= pf_old_at)
			return (&pf_table_old.head[i]);
	}
	return (&pf_table_now.head[hash & (pf_table_now.size - 1)]);
}

static void
pf_hash_move(void)
{
	struct pf_skey *sk, *next, **to;

	for (int n = 0; n < HASH_STEP && pf_table_old.head != NULL; n++) {
		sk = pf_table_old.head[pf_old_at++];
		for (; sk != NULL; sk = next) {
			next = sk->next;
			to = &pf_table_now
				  .head[sk->hash & (pf_table_now.size - 1)];
			sk->next = *to;
			*to = sk;
		}
		if (pf_old_at == pf_table_old.size) {
			free(pf_table_old.head, M_PF,
			    pf_table_old.size * sizeof(*pf_table_old.head));
			pf_table_old.head = NULL;
		}
	}
}

/* Twice as large, unless memory is short: then chains get longer. */
static void
pf_hash_grow(void)
{
	uint32_t size = pf_table_now.size * 2;
	struct pf_skey **head;

	if (size == 0 ||
	    (head = mallocarray(size, sizeof(*head), M_PF, M_ZERO)) == NULL)
		return;
	pf_table_old = pf_table_now;
	pf_old_at = 0;
	pf_table_now = (struct pf_hash){ head, size };
}

static void
pf_hash_insert(struct pf_skey *sk)
{
	struct pf_skey **b;

	if (pf_table_old.head != NULL)
		pf_hash_move();
	else if (pf_nkeys >= pf_table_now.size)
		pf_hash_grow();
	b = pf_hash_bucket(sk->hash);
	sk->next = *b;
	*b = sk;
	pf_nkeys++;
}

static void
pf_hash_remove(struct pf_skey *sk)
{
	struct pf_skey **p = pf_hash_bucket(sk->hash);

	for (; *p != sk; p = &(*p)->next)
		KASSERT(*p != NULL);
	*p = sk->next;
	pf_nkeys--;
}

/* Does a state of this binding speak for a packet at kif? */
static bool
pf_state_bound(const struct pf_state *st, const struct pf_kif *kif)
{
	if (st->bind == PF_BIND_FLOATING || kif == NULL || st->kif == kif)
		return (true);
	return (st->bind == PF_BIND_GROUP && st->kif->kif_ifp != NULL &&
	    kif->kif_ifp != NULL &&
	    strcmp(st->kif->kif_ifp->if_drvname, kif->kif_ifp->if_drvname) ==
		0);
}

static struct pf_state *
pf_probe_find(const struct pf_probe *p, uint8_t which, const struct pf_kif *kif)
{
	struct pf_skey *sk;
	struct pf_state *st;

	for (sk = *pf_hash_bucket(p->hash); sk != NULL; sk = sk->next) {
		/* its state stands before it: fetched while we compare */
		__builtin_prefetch((const char *)sk - 96);
		__builtin_prefetch((const char *)sk - 32);
		if (!pf_skey_is(sk, p) || (sk->which & which) == 0)
			continue;
		st = pf_skey_state(sk);
		if (pf_state_bound(st, kif))
			return (st);
	}
	return (NULL);
}

struct pf_state *
pf_state_lookup(sa_family_t af, uint8_t proto, const struct pf_ends *e,
    enum pf_dir dir, const struct pf_kif *kif)
{
	struct pf_probe p;

	pf_probe_set(&p, af, proto, e, dir);
	return (
	    pf_probe_find(&p, dir == PF_IN ? PF_SK_WIRE : PF_SK_STACK, kif));
}

bool
pf_state_several(sa_family_t af, uint8_t proto, const struct pf_ends *e,
    enum pf_dir dir)
{
	uint8_t which = dir == PF_IN ? PF_SK_WIRE : PF_SK_STACK;
	const struct pf_skey *sk;
	struct pf_probe p;
	unsigned int n = 0;

	pf_probe_set(&p, af, proto, e, dir);
	for (sk = *pf_hash_bucket(p.hash); sk != NULL; sk = sk->next)
		n += pf_skey_is(sk, &p) && (sk->which & which) != 0;
	return (n > 1);
}

bool
pf_state_taken(sa_family_t af, uint8_t proto, const struct pf_ends *e,
    enum pf_dir dir)
{
	struct pf_probe p;

	pf_probe_set(&p, af, proto, e, dir);
	return (pf_probe_find(&p, dir == PF_IN ? PF_SK_STACK : PF_SK_WIRE,
		    NULL) != NULL);
}

uint32_t
pf_state_hash(sa_family_t af, uint8_t proto, const struct pf_ends *e,
    enum pf_dir dir)
{
	struct pf_probe p;

	pf_probe_set(&p, af, proto, e, dir);
	return (p.hash);
}

void
pf_state_fetch_bucket(uint32_t hash)
{
	__builtin_prefetch(pf_hash_bucket(hash));
}

/* The key and the lines of the state before it that a packet writes. */
static void
pf_skey_fetch(const struct pf_skey *sk)
{
	__builtin_prefetch(sk);
	__builtin_prefetch((const char *)sk - 96);
	__builtin_prefetch((const char *)sk - 32);
}

void
pf_state_fetch(uint32_t hash)
{
	const struct pf_skey *sk = *pf_hash_bucket(hash);

	if (sk != NULL)
		pf_skey_fetch(sk);
}

void
pf_state_fetch_chain(uint32_t hash)
{
	const struct pf_skey *sk = *pf_hash_bucket(hash);

	if (sk != NULL && sk->hash != hash && sk->next != NULL)
		pf_skey_fetch(sk->next);
}

void
pf_state_find(struct pf_desc *pd)
{
	uint8_t which = pd->dir == PF_IN ? PF_SK_WIRE : PF_SK_STACK;
	struct pf_probe p;

	pf_status.fcounters[PF_FC_SEARCH]++;
	pf_probe_key(&p, pd->af, pd->proto, &pd->was, pd->dir);
	/* what pf_expect() found is most often right, and else does no harm */
	p.hash = pd->m->m_pkthdr.pf.hash;
	if (p.hash != 0 && pd->dir == PF_IN &&
	    (pd->st = pf_probe_find(&p, which, pd->kif)) != NULL)
		return;
	pf_probe_hash(&p);
	pd->st = pf_probe_find(&p, which, pd->kif);
}

/* --- making --- */

static unsigned int
pf_kind_for(const struct pf_desc *pd, bool more)
{
	if (pd->af != pd->naf)
		return (
		    (pd->af == AF_INET) == (pd->dir == PF_IN) ? K_46 : K_64);
	return ((pd->af == AF_INET ? K_V4 : K_V6) + (more ? 1 : 0));
}

static void
pf_skey_fill(struct pf_skey *sk, const struct pf_state *st,
    const struct pf_probe *p, uint8_t which)
{
	sk->hash = p->hash;
	sk->which = which;
	sk->af = p->af;
	sk->proto = p->proto;
	sk->back = (uint8_t)(((uintptr_t)sk - (uintptr_t)st) / 4);
	sk->port[0] = p->port[0];
	sk->port[1] = p->port[1];
	memcpy(sk->addr, p->addr, p->af == AF_INET ? 8 : 32);
}

static uint8_t
pf_proto_in(const struct pf_desc *pd, sa_family_t af)
{
	if (pd->proto == IPPROTO_ICMP || pd->proto == IPPROTO_ICMPV6)
		return (af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	return (pd->proto);
}

/* The keys of the packet on the wire and towards the stack. */
static void
pf_state_probes(const struct pf_desc *pd, struct pf_probe *wire,
    struct pf_probe *stack)
{
	struct pf_probe *was = pd->dir == PF_IN ? wire : stack;
	struct pf_probe *now = pd->dir == PF_IN ? stack : wire;

	pf_probe_set(was, pd->af, pd->proto, &pd->was, pd->dir);
	if (pd->af == pd->naf)
		pf_probe_set(now, pd->naf, pd->proto, &pd->now, pd->dir);
	else /* as the answers come in */
		pf_probe_set(now, pd->naf, pf_proto_in(pd, pd->naf), &pd->now,
		    PF_OUT);
}

static void
pf_state_link(struct pf_state *st)
{
	pf_hash_insert(pf_skey_of(st, 0));
	if (pf_kinds[st->klass].words[1] != 0)
		pf_hash_insert(pf_skey_of(st, 1));
	RB_INSERT(pf_idtree, &pf_ids, st);
	pf_nstates++;
	pf_wheel_insert(st);
	pf_status.fcounters[PF_FC_INSERT]++;
}

static void
pf_state_keys(struct pf_state *st, const struct pf_probe *wire,
    const struct pf_probe *stack)
{
	bool two = pf_kinds[st->klass].words[1] != 0;

	pf_skey_fill(pf_skey_of(st, 0), st, wire,
	    two ? PF_SK_WIRE : PF_SK_WIRE | PF_SK_STACK);
	if (two)
		pf_skey_fill(pf_skey_of(st, 1), st, stack,
		    pf_state_between(st) ? PF_SK_WIRE : PF_SK_STACK);
}

static void
pf_state_count(struct pf_rule *r)
{
	if (r != NULL && r != &pf_default_rule) {
		pf_rule_ref(r);
		r->states_cur++;
		r->states_tot++;
	}
}

static void
pf_state_uncount(struct pf_rule *r)
{
	if (r != NULL && r != &pf_default_rule) {
		r->states_cur--;
		pf_rule_put(r);
	}
}

static uint8_t
pf_state_binding(const struct pf_rule *r)
{
	if ((r->ioc->stateflags & PFS_IFBOUND) != 0)
		return (PF_BIND_IF);
	return ((r->ioc->stateflags & PFS_GROUPBOUND) != 0 ? PF_BIND_GROUP :
							     PF_BIND_FLOATING);
}

static uint16_t
pf_state_flags(const struct pf_desc *pd)
{
	const struct pf_ioc_rule *c = pd->rule->ioc;
	uint16_t f = 0;

	if ((c->stateflags & PFS_SLOPPY) != 0)
		f |= PFSTATE_SLOPPY;
	if ((c->stateflags & PFS_NOSYNC) != 0)
		f |= PFSTATE_NOSYNC;
	if ((c->flags & PFR_ALLOWOPTS) != 0)
		f |= PFSTATE_ALLOWOPTS;
	if ((pd->m->m_pkthdr.pf.flags & PF_TAG_TRANSPARENT) != 0)
		f |= PFSTATE_TRANSPARENT;
	return (f);
}

static bool
pf_acts_plain(const struct pf_acts *a)
{
	return (a->rtable < 0 && a->flags == 0);
}

static void
pf_state_fill(struct pf_state *st, struct pf_desc *pd, bool more)
{
	struct pf_state_more *sm;

	st->id = pf_nextid++;
	st->creatorid = pf_options.hostid;
	st->kif = pd->kif;
	pf_kif_ref(st->kif, PF_KIF_STATE);
	st->rule = pd->rule;
	st->anchor_rule = pd->anchor_rule;
	st->anchored = pd->anchor_rule != NULL;
	st->creation = st->last = (uint32_t)uptime_sec();
	st->dir = (uint8_t)pd->dir;
	st->bind = pf_state_binding(pd->rule);
	st->flags = pf_state_flags(pd);
	st->log = (pd->rule->ioc->log & PF_LOG_ALL) != 0;
	st->tag = pd->acts.tag;
	pf_tag_ref(st->tag); /* maybe of a rule that the state does not name */
	pf_state_count(st->rule);
	pf_state_count(st->anchor_rule);
	if (!more)
		return;
	st->more =
	    (uint8_t)((pf_kind_size(&pf_kinds[st->klass]) - sizeof(*sm)) / 8);
	sm = pf_state_more(st);
	sm->nat_rule = pd->nat_rule;
	pf_state_count(sm->nat_rule);
	sm->acts = pd->acts;
	sm->naf = pd->naf;
	sm->matched = pd->matched;
	pd->matched = NULL;
}

static bool
pf_state_wanted(const struct pf_desc *pd)
{
	if (pd->icmp_error || pd->frag != 0)
		return (false);
	return (pd->rule->ioc->keep != PF_NOSTATE || pd->nat_rule != NULL ||
	    pd->af != pd->naf ||
	    memcmp(&pd->was, &pd->now, sizeof(pd->was)) != 0);
}

static enum pf_verdict
pf_state_refused(struct pf_desc *pd, enum pf_reason why)
{
	pd->reason = why;
	return (PF_DROP);
}

enum pf_verdict
pf_state_create(struct pf_desc *pd)
{
	struct pf_probe wire, stack;
	struct pf_state *st;
	unsigned int kind;
	bool moved, more;

	if (!pf_state_wanted(pd))
		return (PF_PASS);
	if (pd->rule->ioc->max_states != 0 &&
	    pd->rule->states_cur >= pd->rule->ioc->max_states) {
		pf_status.lcounters[PF_LC_STATES]++;
		return (pf_state_refused(pd, PFRES_MAXSTATES));
	}
	if (pf_state_limit != 0 && pf_nstates >= pf_state_limit)
		return (pf_state_refused(pd, PFRES_MEMORY));
	moved = pd->af != pd->naf ||
	    memcmp(&pd->was, &pd->now, sizeof(pd->was)) != 0;
	more = moved || pd->nat_rule != NULL || pd->matched != NULL ||
	    !pf_acts_plain(&pd->acts);
	pf_state_probes(pd, &wire, &stack);
	if (pf_probe_find(&wire, PF_SK_WIRE, pd->kif) != NULL ||
	    pf_probe_find(&stack, pd->af != pd->naf ? PF_SK_WIRE : PF_SK_STACK,
		pd->kif) != NULL)
		return (pf_state_refused(pd, PFRES_STATEINS));
	kind = pf_kind_for(pd, more);
	if ((st = pool_get(&pf_kinds[kind].pool, PR_ZERO)) == NULL)
		return (pf_state_refused(pd, PFRES_MEMORY));
	st->klass = (uint8_t)kind;
	pf_state_keys(st, &wire, &stack);
	pf_state_fill(st, pd, more);
	pf_track_first(pd, st);
	pf_state_link(st);
	pf_pool_account(st, true);
	pd->st = st;
	return (PF_PASS);
}

void
pf_state_remove(struct pf_state *st)
{
	struct pf_state_more *sm = pf_state_more(st);

	pf_pool_account(st, false);
	pf_hash_remove(pf_skey_of(st, 0));
	if (pf_kinds[st->klass].words[1] != 0)
		pf_hash_remove(pf_skey_of(st, 1));
	RB_REMOVE(pf_idtree, &pf_ids, st);
	pf_wheel_remove(st);
	pf_nstates--;
	pf_states_gone++;
	pf_status.fcounters[PF_FC_REMOVAL]++;
	pf_tag_put(st->tag);
	pf_state_uncount(st->rule);
	pf_state_uncount(st->anchor_rule);
	if (sm != NULL) {
		pf_state_uncount(sm->nat_rule);
		pf_matched_free(sm->matched);
	}
	pf_kif_put(st->kif, PF_KIF_STATE);
	pool_put(&pf_kinds[st->klass].pool, st);
}

/* --- by id, and for programs --- */

struct pf_state *
pf_state_byid(uint64_t id, uint32_t creatorid)
{
	struct pf_state key;

	key.id = id;
	key.creatorid = creatorid != 0 ? creatorid : pf_options.hostid;
	return (RB_FIND(pf_idtree, &pf_ids, &key));
}

struct pf_state *
pf_state_after(uint64_t id)
{
	struct pf_state key;

	key.id = id + 1;
	key.creatorid = 0;
	return (RB_NFIND(pf_idtree, &pf_ids, &key));
}

void
pf_state_ends(const struct pf_state *st, unsigned int which, sa_family_t *af,
    struct pf_ends *e)
{
	const struct pf_skey *sk = pf_skey_of(st,
	    which == PF_KEY_STACK && pf_kinds[st->klass].words[1] != 0);

	memset(e, 0, sizeof(*e));
	*af = sk->af;
	e->port[0] = sk->port[0];
	e->port[1] = sk->port[1];
	if (sk->af == AF_INET) {
		e->addr[0].v4 = sk->addr[0];
		e->addr[1].v4 = sk->addr[1];
	} else
		memcpy(e->addr, sk->addr, 32);
	if (which == PF_KEY_STACK && pf_state_between(st)) {
		struct pf_ends back = *e;

		pf_ends_swap(&back, e);
	}
}

bool
pf_state_forth(const struct pf_state *st, sa_family_t af, enum pf_dir dir)
{
	if (__predict_false(pf_state_between(st)))
		return (pf_skey_of(st, 0)->af == af);
	return (dir == st->dir);
}

void
pf_state_otherside(const struct pf_state *st, enum pf_dir dir, sa_family_t *af,
    struct pf_ends *e)
{
	bool in = dir == PF_IN;
	struct pf_ends key;

	if (pf_state_between(st))
		in = pf_state_forth(st, *af, dir);
	pf_state_ends(st, in ? PF_KEY_STACK : PF_KEY_WIRE, af, &key);
	if (in)
		*e = key;
	else
		pf_ends_swap(&key, e);
}

uint8_t
pf_state_proto(const struct pf_state *st)
{
	return (pf_skey_of(st, 0)->proto);
}

static void
pf_peer_show(const struct pf_peer *p, struct pf_ioc_peer *out)
{
	*out = (struct pf_ioc_peer){ .seqlo = p->seqlo,
		.seqhi = p->seqhi,
		.seqdiff = p->seqdiff,
		.max_win = p->max_win,
		.state = p->state,
		.wscale = p->wscale };
}

static uint32_t
pf_rule_nr(const struct pf_rule *r)
{
	return (r == NULL ? PF_NR_NONE : r->nr);
}

void
pf_state_show(const struct pf_state *st, struct pf_ioc_state *out)
{
	const struct pf_state_more *sm = pf_state_more(st);
	struct pf_ends e;
	sa_family_t af;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < 2; i++) {
		pf_state_ends(st, i, &af, &e);
		memcpy(out->key[i].addr, e.addr, sizeof(e.addr));
		memcpy(out->key[i].port, e.port, sizeof(e.port));
		out->key[i].af = (uint8_t)af;
		out->key[i].proto = pf_skey_of(st,
		    i == 1 && pf_kinds[st->klass].words[1] != 0)
					->proto;
	}
	out->id = st->id;
	pf_peer_show(&st->src, &out->src);
	pf_peer_show(&st->dst, &out->dst);
	strlcpy(out->ifname,
	    st->bind == PF_BIND_FLOATING ? "all" : st->kif->kif_name,
	    sizeof(out->ifname));
	strlcpy(out->orig_ifname, st->kif->kif_name, sizeof(out->orig_ifname));
	memcpy(out->packets, st->packets, sizeof(out->packets));
	memcpy(out->bytes, st->bytes, sizeof(out->bytes));
	out->creation = (uint32_t)uptime_sec() - st->creation;
	out->expire = pf_state_left(st);
	out->rule = pf_rule_nr(st->rule);
	out->anchor_rule = pf_rule_nr(st->anchor_rule);
	out->nat_rule = pf_rule_nr(sm == NULL ? NULL : sm->nat_rule);
	out->creatorid = st->creatorid;
	out->stateflags = st->flags;
	out->rtable = sm == NULL ? -1 : sm->acts.rtable;
	if (sm != NULL) {
		out->set_tos = sm->acts.set_tos;
	}
	out->dir = st->dir;
	out->proto = pf_state_proto(st);
	out->log = st->log ? PF_LOG_ALL : 0;
}

int
pf_state_init(void)
{
	for (unsigned int i = 0; i < K_MAX; i++)
		pool_init(&pf_kinds[i].pool, pf_kind_size(&pf_kinds[i]), 64,
		    pf_kinds[i].name);
	arc4random_buf(&pf_hash_key, sizeof(pf_hash_key));
	RB_INIT(&pf_ids);
	pf_table_now.head = mallocarray(HASH_MIN, sizeof(*pf_table_now.head),
	    M_PF, M_ZERO);
	pf_table_now.size = HASH_MIN;
	return (pf_table_now.head == NULL ? ENOMEM : 0);
}
