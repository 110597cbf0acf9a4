/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* pf for the rest of the kernel, and what all its rooms share. */

#ifndef _NET_PF_PF_H_
#define _NET_PF_PF_H_

#include <sys/types.h>
#include <net/packet_filter.h>
#include <net/pf/pf_ioctl.h>

struct pf_desc;
struct mbuf_list;

int pfattach(void); /* at boot, after ifinit().  0 or ENOMEM */
enum pf_verdict pf_test(struct ifnet *ifp, struct mbuf **mp, sa_family_t *af,
    enum pf_dir dir, struct pf_answer *answer);

/* Fetches the states of frames that are about to come in. (pf_expect.c) */
void pf_expect(struct mbuf_list *frames);

/* What `set' sets, built aside and copied whole on commit. */
struct pf_options {
	uint32_t timeout[PFTM_MAX];
	uint32_t limit[PF_LIMIT_MAX];
	uint32_t debug, hostid, reass;
	char ifname[IFNAMSIZ]; /* loginterface */
};
extern struct pf_options pf_options;
extern const struct pf_options pf_options_default;
/* May o be used?  0 or EINVAL. */
int pf_options_judge(const struct pf_options *o);
void pf_options_apply(const struct pf_options *o);

extern struct pf_status pf_status;
extern bool pf_running;
int pf_start(void); /* EEXIST */
int pf_stop(void);  /* ENOENT */

/* Writes pd->now into the packet, both families, checksums kept true.
 * PF_PASS, or PF_DROP with reason.  (pf_nat.c) */
enum pf_verdict pf_nat_apply(struct pf_desc *pd);
/* Sends pd->m, translated, where its rule or its state's socket wants it:
 * PF_PASS with the mark for the stack, PF_HELD (gone), PF_DROP with reason.
 * (pf_divert.c) */
enum pf_verdict pf_divert(struct pf_desc *pd);
/* What the pool of rule r gives for pd: changes pd->now.  0, or ENOSPC and
 * pd->mapfailed.  (pf_pool.c) */
struct pf_rule;
int pf_pool_nat(struct pf_desc *pd, struct pf_rule *r); /* source */
int pf_pool_rdr(struct pf_desc *pd, struct pf_rule *r); /* destination */
int pf_pool_binat(struct pf_desc *pd, struct pf_rule *r);
int pf_pool_afto(struct pf_desc *pd, struct pf_rule *r);
/* Rewrites n bytes at off of pd->m and mends the 16-bit sum at cksum_off
 * (0: none).  False: no memory. */
bool pf_patch(struct pf_desc *pd, uint32_t off, const void *to, uint32_t n,
    uint32_t cksum_off, bool udp);

#endif
