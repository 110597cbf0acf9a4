/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the trackers share (pf_track*.c). */

#ifndef _NET_PF_PF_TRACK_H_
#define _NET_PF_PF_TRACK_H_

#include <net/pf/pf_state.h>

/* A packet came now, and st ends by the times of class. */
void pf_state_settime(struct pf_state *st, enum pf_timeout class);
void pf_track_tcp_first(struct pf_desc *pd, struct pf_state *st);
void pf_track_sctp_first(const struct pf_desc *pd, struct pf_state *st);
enum pf_verdict pf_track_sctp(struct pf_desc *pd, struct pf_peer *src,
    struct pf_peer *dst);
/* The conversation of pd is over, its state goes: rules decide anew. */
void pf_track_over(struct pf_desc *pd);

#endif
