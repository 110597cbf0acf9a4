/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Tables of addresses and networks (pf_table.c), how they are loaded
 * (pf_tstage.c), and their calls (pf_table_ioctl.c).
 *
 * A table is named by the path of its anchor and its own name.  One that a
 * rule of an anchor names but that is not active there stands for the table
 * of that name in the main ruleset.  A table that is not active matches
 * nothing.  It goes away by itself when no rule refers to it and it is not
 * persistent.
 */

#ifndef _NET_PF_PF_TABLE_H_
#define _NET_PF_PF_TABLE_H_

#include <sys/types.h>
#include <sys/tree.h>
#include <net/ip_addr.h>
#include <net/pf/pf_ioctl.h>
#include <net/pf/pf_tset.h>

struct file;
struct pf_table;
struct pf_tstage;
struct proc;

void pf_table_init(void); /* at boot */

/* --- rules --- */
/* The table `name' as rules of anchor `path' see it, one reference more; made
 * (not active) if need be.  NULL: no memory or limit. */
struct pf_table *pf_table_get(const char *path, const char *name);
void pf_table_put(struct pf_table *t); /* NULL allowed */
const char *pf_table_name(const struct pf_table *t);
/* Entries now, -1 when not active. */
int pf_table_count(const struct pf_table *t);

/* --- packets --- */
/* Is a in it?  The longest entry decides; a negated one means no.  Counts
 * match and nomatch. */
bool pf_table_match(struct pf_table *t, sa_family_t af,
    const struct ip_addr *a);
/* Is a in it?  Counts nothing. */
bool pf_table_lists(struct pf_table *t, sa_family_t af,
    const struct ip_addr *a);
/* Counts a packet of a rule that names the table (neg: with !): out 0 in, 1
 * out; block or pass; a packet of a state that the rule would no longer mean
 * is `xpass'. */
void pf_table_account(struct pf_table *t, sa_family_t af,
    const struct ip_addr *a, bool neg, unsigned int out, bool pass,
    uint32_t bytes);
/*
 * Pools: entry i of family af that is not negated, in order of address; false
 * past the end.  Constant time on the average when called for i, i + 1, ...
 */
bool pf_table_entry(struct pf_table *t, sa_family_t af, unsigned int i,
    struct ip_addr *a, unsigned int *plen);
/* How many hosts they hold, at most PF_NET_HOSTS_MAX. */
uint32_t pf_table_hosts(struct pf_table *t, sa_family_t af);
/* Adds a host (overload).  0, ENOMEM, EEXIST; ESRCH when not active. */
int pf_table_add_host(struct pf_table *t, sa_family_t af,
    const struct ip_addr *a);

/* --- transactions: tables of an anchor, built aside (pf_tstage.c) --- */
/* An empty stage for anchor path; NULL: no memory. */
struct pf_tstage *pf_tstage_new(const char *path);
/* Begins a definition (DIOCRINADEFINE): flags PFRT_USER, list: replace the
 * contents (PFRF_LIST), else keep what an active table of that name has.  0,
 * EINVAL, ENOMEM, EEXIST twice. */
int pf_tstage_define(struct pf_tstage *ts, const char *name, uint32_t flags,
    bool list);
/* Forgets a definition whose entries did not come. */
void pf_tstage_undefine(struct pf_tstage *ts, const char *name);
/* Entries for the last definition.  Those that are there already are passed
 * over.  0, EINVAL, ENOMEM. */
int pf_tstage_add(struct pf_tstage *ts, const struct pf_ioc_taddr *addrs,
    uint32_t n);
/* How many entries more (or less) there are when it is committed. */
int64_t pf_tstage_growth(const struct pf_tstage *ts);
/* What the stage defines is in force; tables that it does not name stay as
 * long as they are referenced or persistent.  Cannot fail after a prepare
 * with nothing changed in between.  Frees the stage. */
void pf_tstage_commit(struct pf_tstage *ts);
void pf_tstage_abort(struct pf_tstage *ts); /* NULL allowed */

/* --- ioctls (pf_table_ioctl.c; the calls are in pf_ioc.h) --- */
/* Do the names of io end, and are they such that a table can have? */
bool pf_table_named(const struct pfioc_table *io);
/* Does the anchor hold an active or referenced table? */
bool pf_table_inanchor(const char *path);
extern uint32_t pf_table_entry_limit, pf_table_limit; /* 0: none */

/* --- for pf_tstage.c and pf_table_ioctl.c --- */
struct pf_table {
	RB_ENTRY(pf_table) entry; /* of all, by path and name */
	char path[PF_ANCHOR_PATHSIZE];
	char name[PF_TABLE_NAMESIZE];
	uint32_t flags;   /* PFRT_USER, PFRT_ACTIVE */
	uint32_t rules;   /* that name it */
	uint32_t anchors; /* tables of its name in anchors that rules name */
	uint32_t holds;   /* stages */
	struct pf_table *root; /* of its name in the main ruleset, or NULL */
	struct pf_tset *set;   /* never NULL while active */
	struct pf_tcount count;
	uint64_t match, nomatch, tzero;
	/* where pf_table_entry() was */
	struct pf_tcursor at;
	unsigned int at_index;
};
extern uint32_t pf_table_count_all, pf_table_entry_count;           /* in use */
struct pf_table *pf_table_find(const char *path, const char *name); /* NULL */
/* Without a reference, made if need be.  NULL: no memory. */
struct pf_table *pf_table_make(const char *path, const char *name);
/* All of one anchor (path NULL: of all) in order; t NULL: the first.  NULL. */
struct pf_table *pf_table_next(struct pf_table *t, const char *path);
/* Its contents from now on; the old ones are buried. */
void pf_table_swap(struct pf_table *t, struct pf_tset *set);
/* The same, and entries that stay keep what was counted. */
void pf_table_replace(struct pf_table *t, struct pf_tset *set);
/* Entries came or went. */
void pf_table_changed(struct pf_table *t, int by);
/* Ends what nobody needs: t may be gone afterwards. */
void pf_table_tidy(struct pf_table *t);
void pf_table_clear(struct pf_table *t); /* what the table counted */
bool pf_taddr_ok(const struct pf_ioc_taddr *a);

#endif
