/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The classifier of a large ruleset: which rules may match a packet.
 * See pf_class.c.
 */

#ifndef _NET_PF_PF_CLASS_H_
#define _NET_PF_PF_CLASS_H_

#include <sys/types.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_sieve.h>

struct pf_class;
struct pf_rules;

#define PF_CLASS_FROM  32 /* rules that are worth one */
#define PF_CLASS_KINDS 12
#define PF_CLASS_LISTS 16 /* of one packet */

/* What it knows of one packet, as far as it has been asked. */
struct pf_class_look {
	const struct pf_class *class; /* NULL: nothing yet */
	struct pf_ends now;           /* that the packet had */
	uint32_t lists; /* more than there is room for: any rule may match */
	struct {
		uint32_t at, end;
	} left[PF_CLASS_LISTS]; /* of pf_class.nr */
	uint32_t sifted; /* the sieve's next; PF_SIEVE_NONE */
	struct pf_sieve_look sieve;
};

/* For rules that do not change any more.  NULL: it would not help, or there is
 * no memory; then each is compared. */
struct pf_class *pf_class_make(const struct pf_rules *rs);
void pf_class_free(struct pf_class *c); /* NULL allowed */
/*
 * The first rule from number from on that may match pd: none before it does.
 * The number of rules when there is none.  from does not go down while pd->now
 * stays the same and look is kept.
 */
uint32_t pf_class_next(const struct pf_class *c, const struct pf_desc *pd,
    struct pf_class_look *look, uint32_t from);
/* The rule nr that it gave last does not match: it differs in skip. */
void pf_class_differs(const struct pf_class *c, const struct pf_desc *pd,
    struct pf_class_look *look, uint32_t nr, enum pf_skip skip);

#endif
