/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* When states end (pf_purge.c). */

#ifndef _NET_PF_PF_PURGE_H_
#define _NET_PF_PF_PURGE_H_

struct pf_state;

/* Into the wheel by when st may end; out of it.  Cannot fail. */
void pf_wheel_insert(struct pf_state *st);
void pf_wheel_remove(struct pf_state *st);
/* Times have changed: every state is looked at within an interval. */
void pf_purge_retime(void);
void pf_purge_init(void);
/* With pf on: one slot a second, from then on. */
void pf_purge_start(void);

#endif
