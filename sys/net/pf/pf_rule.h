/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Rules, rulesets and anchors.
 *
 * A struct pf_rules is the array of rules of one kind in one anchor.  It is
 * built aside, gets its skip steps, and is published by one pointer in its
 * anchor; it never changes afterwards.  A rule lives as long as its array or
 * a state needs it.
 */

#ifndef _NET_PF_PF_RULE_H_
#define _NET_PF_PF_RULE_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>
#include <net/packet_filter.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_ioctl.h>

struct pf_anchor;
struct pf_class;
struct pf_dyn;
struct pf_kif;
struct pf_table;

struct pf_raddr { /* an address of a rule, ready to match */
	uint8_t type; /* enum pf_addr_type */
	uint8_t af, plen;
	uint8_t neg;
	struct ip_addr addr, end;
	union {
		struct pf_table *table;
		struct pf_dyn *dyn;
	};
};
struct pf_rside {
	struct pf_raddr addr;
	uint16_t port[2];
	uint8_t port_op;
};
/* A pool: where translation takes addresses from (pf_pool.c). */
struct pf_pool {
	struct pf_raddr *ents;
	struct pf_ioc_poolent *given; /* as they were loaded */
	uint32_t nents;
	uint8_t type, flags, af;
	uint16_t port[2];
	uint64_t key[2];
	uint32_t next_idx;           /* round-robin: whose turn it is */
	struct pf_load *load;        /* least-states: of each address; NULL */
};

struct pf_rule {
	/* --- read for every packet that gets here --- */
	struct pf_kif *kif; /* NULL: any */
	uint32_t flags;     /* PFR_* */
	uint32_t tests;     /* criteria beyond the skip steps: pf_match.c */
	uint8_t action, dir, af, proto;
	uint32_t nr;
	struct pf_rside src, dst;
	uint32_t skip[PF_SKIP_MAX]; /* index of the next rule that differs */
	uint64_t evaluations, packets[2], bytes[2];
	/* --- read when it matched --- */
	struct pf_kif *rcv_kif;
	uint16_t tag, match_tag; /* ids, 0 none */
	struct pf_anchor *anchor; /* PFR_ANCHOR: where it leads */
	bool anchor_children;     /* ... to all of its children instead */
	uint8_t divert;           /* enum pf_divert_to */
	uint16_t divert_port;
	struct pf_pool pool[PF_NPOOLS];
	struct pf_table *overload;
	uint64_t states_cur, states_tot;
	uint64_t last_active; /* wall seconds */
	uint32_t refs;        /* array, states */
	bool expired;         /* once: used (pf_once.c) */
	uint32_t expired_at;  /* uptime seconds */
	struct pf_anchor *home;
	char ruleset[16];     /* path of home, cut: outlives it (pflog) */
	struct pf_ioc_rule *ioc; /* as it was loaded */
	uint8_t digest[PF_MD5_SIZE]; /* of all that was loaded */
	SLIST_ENTRY(pf_rule) kin;    /* while counters are handed on */
	uint32_t cuid;
	int32_t cpid;
};

struct pf_rules {
	uint32_t n, room;
	uint32_t nexpired; /* rules that are used up (pf_once.c) */
	uint64_t gen;  /* which array it is: DIOCGETRULES' ticket */
	uint64_t load; /* the gen that a load or a program gave it */
	struct pf_rule **rule;
	struct pf_class *class; /* NULL: each is compared */
};

struct pf_anchor {
	RB_ENTRY(pf_anchor) entry; /* of its parent's children */
	RB_HEAD(pf_anchors, pf_anchor) children;
	struct pf_anchor *parent;
	char name[PF_ANCHOR_NAMESIZE];
	char path[PF_ANCHOR_PATHSIZE];
	struct pf_rules *rules[PF_RS_MAX]; /* never NULL */
	uint64_t tables_gen; /* of the load that made its tables */
	uint32_t refs; /* rules that call it, transactions that fill it */
};
extern struct pf_anchor pf_main;

extern struct pf_rule pf_default_rule; /* pass, no state, nr PF_NR_NONE */

void pf_rule_init(void);
void pf_rule_default(void);
void pf_walk_init(void);

/* --- anchors (pf_ruleset.c) --- */
struct pf_anchor *pf_anchor_find(const char *path); /* "": main.  NULL */
/* With one reference more; made if need be, whatever the limit is: who keeps
 * it asks pf_anchors_within().  0; EINVAL for a path that cannot be, ENOMEM. */
int pf_anchor_get(const char *path, struct pf_anchor **ap);
/* Empty ones without references vanish, parents too. */
void pf_anchor_put(struct pf_anchor *a);
/* A table in the anchor has gone: so does the anchor if it was the last thing. */
void pf_anchor_look(const char *path);
/* The n-th child in order of name; NULL. */
struct pf_anchor *pf_anchor_child(struct pf_anchor *a, uint32_t n);
uint32_t pf_anchor_children(const struct pf_anchor *a);
/* Children in order of name, one after the other; NULL. */
struct pf_anchor *pf_anchor_first(struct pf_anchor *a);
struct pf_anchor *pf_anchor_next(struct pf_anchor *a);
extern uint32_t pf_anchor_count, pf_anchor_limit;
/* Are there no more anchors than this?  0: any number. */
bool pf_anchors_within(uint32_t limit);

/* --- making rules --- */
/*
 * A rule of anchor home from what a program gave (strings terminated, checked
 * here), with the pool entries ents[0..2] of ioc->pool[].nents each.  0 and *rp
 * with one reference, or EINVAL, EOPNOTSUPP (what is not done yet), ESRCH (no
 * such routing table), ENOMEM.
 */
int pf_rule_make(struct pf_anchor *home, enum pf_rs rs,
    const struct pf_ioc_rule *ioc, struct pf_ioc_poolent *const ents[PF_NPOOLS],
    struct pf_rule **rp);
extern uint32_t pf_rules_adaptive; /* that scale the times of their states */
void pf_rule_ref(struct pf_rule *r);
void pf_rule_put(struct pf_rule *r); /* NULL and the default rule are allowed */
/* Back for programs; pool entries of pool p into ents (room n). */
void pf_rule_show(const struct pf_rule *r, struct pf_ioc_rule *ioc);
void pf_pool_show(const struct pf_rule *r, enum pf_poolno p,
    struct pf_ioc_poolent *ents);
/* Do two rules say the same?  (keepcounters) */
bool pf_rule_same(const struct pf_rule *a, const struct pf_rule *b);
/* A digest of all rules of the main ruleset, into pf_status.checksum. */
void pf_rules_checksum(void);

struct pf_rules *pf_rules_new(void);                        /* NULL */
int pf_rules_room(struct pf_rules *rs, uint32_t n); /* for n rules; ENOMEM */
int pf_rules_add(struct pf_rules *rs, struct pf_rule *r);   /* takes r; ENOMEM: not */
void pf_rules_finish(struct pf_rules *rs, uint64_t gen);    /* skip steps, classifier */
void pf_rules_free(struct pf_rules *rs);                    /* NULL allowed */

/* --- tags --- */
uint16_t pf_tag_get(const char *name); /* its number, one user more; 0: no memory */
void pf_tag_ref(uint16_t tag); /* one user more; 0 allowed */
void pf_tag_put(uint16_t tag);
const char *pf_tag_name(uint16_t tag);

/* --- asking (pf_match.c, pf_walk.c) --- */
bool pf_addr_match(const struct pf_raddr *a, sa_family_t af,
    const struct ip_addr *x, const struct pf_desc *pd, bool is_src);
/* Does r speak of the interface that pd is on? */
bool pf_rule_kif(const struct pf_rule *r, const struct pf_desc *pd);
bool pf_op_match(uint8_t op, uint32_t a, uint32_t b, uint32_t x);
/* Does r match all of pd but what skip steps compare? */
bool pf_rule_tests(const struct pf_rule *r, struct pf_desc *pd);
uint32_t pf_tests_of(const struct pf_ioc_rule *ioc, enum pf_rs rs);

/*
 * The first rule of rs (nat, binat, rdr) that matches pd->now, through
 * anchors; `no' rules included.  NULL: none, or (pd->reason) calls went too deep.
 */
struct pf_rule *pf_rule_first(enum pf_rs rs, struct pf_desc *pd);
/*
 * The filter rules: pd->rule, pd->anchor_rule, pd->matched, pd->acts.  PF_PASS when the
 * deciding rule passes; PF_DROP and pd->reason otherwise.
 */
enum pf_verdict pf_rule_decide(struct pf_desc *pd);
/* Forgets pd->matched. */
void pf_matched_free(struct pf_match_item *list);

#endif
