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
/* Rules that log to pflog unit are loaded: makes it, up, unless it is there.
 * When it cannot be made that goes to the log; the rules work without. */
void pf_log_want(uint8_t unit);
/*
 * Shows the packet of pd on pflog unit, with action, reason and the numbers of
 * r, pd->anchor_rule and its ruleset.  The packet is as the rules saw it.
 * Cheap when nobody listens.
 */
void pf_log_packet(const struct pf_desc *pd, const struct pf_rule *r,
    uint8_t unit);

#endif
