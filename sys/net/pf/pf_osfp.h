/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Who sent this SYN: fingerprints of TCP stacks (pf_osfp.c). */

#ifndef _NET_PF_PF_OSFP_H_
#define _NET_PF_PF_OSFP_H_

#include <sys/types.h>
#include <net/pf/pf_ioctl.h>

struct pf_desc;
struct pf_osfps;

/* An empty list for pf_osfps_add(); NULL: no memory. */
struct pf_osfps *pf_osfps_new(void);
/* One more, behind the others.  0, EINVAL for what no SYN can be compared to,
 * E2BIG when there are PF_OSFP_MAX, ENOMEM. */
int pf_osfps_add(struct pf_osfps *l, const struct pf_ioc_osfp *io);
void pf_osfps_free(struct pf_osfps *l); /* NULL allowed */

/* l acts from now on; what acted is the caller's. */
struct pf_osfps *pf_osfps_publish(struct pf_osfps *l);
/* A load that began at another generation has lost (EBUSY). */
uint64_t pf_osfps_gen(void);
/* One more of those that act; as pf_osfps_add(). */
int pf_osfps_addnow(const struct pf_ioc_osfp *io);
void pf_osfps_flush(void);
/* The io->nr-th of those that act, into *io; false: there are not so many. */
bool pf_osfps_get(struct pf_ioc_osfp *io);

/*
 * Does `os' of a rule match?  os: PF_OS_NAMED with name as in the rule ("Class",
 * "Class Version", "Class Version Subtype", in any case), or PF_OS_UNKNOWN for a
 * SYN that is like none.  Never for what is no SYN.  The packet is read once.
 */
bool pf_osfp_match(struct pf_desc *pd, uint32_t os, const char *name);

#endif
