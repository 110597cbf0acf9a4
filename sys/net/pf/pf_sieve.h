/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The sieve: which of many rules that ask for ranges, tables and what is not
 * there may match a packet.  See pf_sieve.c.
 */

#ifndef _NET_PF_PF_SIEVE_H_
#define _NET_PF_PF_SIEVE_H_

#include <sys/types.h>
#include <net/pf/pf_desc.h>

struct pf_rules;
struct pf_sieve;

#define PF_SIEVE_WORDS 64
#define PF_SIEVE_BLOCK (PF_SIEVE_WORDS * 64) /* rules in a block */
#define PF_SIEVE_NONE  UINT32_MAX
#define PF_SIEVE_GROUPS 256 /* of rules that ask the same question */

/* Questions whose answers are not known before the packet comes. */
enum pf_sieve_ask { PF_SIEVE_IF, PF_SIEVE_SRC, PF_SIEVE_DST, PF_SIEVE_ASKS };

/* A set of the rules of a block: those in words that some names. */
struct pf_sieve_set {
	uint64_t some; /* a bit for each word; one that is named may be 0 all the same */
	uint64_t word[PF_SIEVE_WORDS];
};

/* How far a packet has come. */
struct pf_sieve_look {
	uint32_t block;
	bool open;  /* left is that of the block */
	uint32_t at; /* place in the block of the rule that was given last */
	uint8_t differed[PF_SIEVE_ASKS];  /* groups, until all are asked */
	uint64_t yes[PF_SIEVE_ASKS][PF_SIEVE_GROUPS / 64]; /* then: their answers */
	struct pf_sieve_set left;
};

/* For the rules of rs with these n numbers, in order.  NULL: no memory. */
struct pf_sieve *pf_sieve_make(const struct pf_rules *rs, const uint32_t *nr, uint32_t n);
void pf_sieve_free(struct pf_sieve *s); /* NULL allowed */
/* Is there any packet for which it leaves a rule out? */
bool pf_sieve_helps(const struct pf_sieve *s);
/* For a packet that is new, or whose pd->now has changed. */
void pf_sieve_start(struct pf_sieve_look *look);
/*
 * The first of its rules from number from on that may match pd, or
 * PF_SIEVE_NONE.  from does not go down.
 */
uint32_t pf_sieve_next(const struct pf_sieve *s, const struct pf_desc *pd,
    struct pf_sieve_look *look, uint32_t from);
/* The rule it gave last does not match: it differs in skip.  So do others. */
void pf_sieve_differs(const struct pf_sieve *s, const struct pf_desc *pd,
    struct pf_sieve_look *look, enum pf_skip skip);

#endif
