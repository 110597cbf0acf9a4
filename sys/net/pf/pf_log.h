/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pflog: what pf decided, as captures (pf_log.c, if_pflog.c).
 *
 * pflogN interfaces are cloned; bpf readers get struct pfloghdr and the
 * packet, DLT_PFLOG (117).  pflog0 is made when the first rule with `log' is
 * loaded, or by hand.
 */

#ifndef _NET_PF_PF_LOG_H_
#define _NET_PF_PF_LOG_H_

#include <sys/types.h>

struct pf_desc;
struct pf_rule;

void pf_log_init(void); /* at boot: the cloner */
/* Makes pflog unit, up, unless it is there: 0 or errno. */
int pf_log_want(uint8_t unit);
/* The same for all that n rulesets (NULL: passed over) log to, or for none. */
struct pf_rules;
int pf_log_want_all(struct pf_rules *const *rulesets, unsigned int n);
/*
 * Shows the packet of pd on pflog unit, with action, reason and the numbers of
 * r, pd->anchor_rule and its ruleset.  The packet is as the rules saw it.
 * Cheap when nobody listens.
 */
void pf_log_packet(const struct pf_desc *pd, const struct pf_rule *r,
    uint8_t unit);

#endif
