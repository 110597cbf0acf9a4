/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Rules with `once' (pf_once.c). */

#ifndef _NET_PF_PF_ONCE_H_
#define _NET_PF_PF_ONCE_H_

struct pf_rule;

/* r, a filter rule that is in force, has decided about a packet: it matches
 * no more, and leaves its ruleset after a while. */
void pf_once_used(struct pf_rule *r);
/* Takes out those whose while is over; called once a second. */
void pf_once_purge(void);

#endif
