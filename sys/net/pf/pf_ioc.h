/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the files behind /dev/pf share (pf_ioctl*.c, pf_trans.c). */

#ifndef _NET_PF_PF_IOC_H_
#define _NET_PF_PF_IOC_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <net/pf/pf.h>
#include <net/pf/pf_ioctl.h>

struct pf_anchor;
struct pf_osfps;
struct pf_rule;
struct pf_rules;
struct pf_trans;

/* An open /dev/pf. */
struct pf_file {
	TAILQ_HEAD(, pf_trans) trans;
	bool writable;
	bool trusted; /* may see what lets one speak in others' conversations */
};

void pf_ioctl_init(void); /* registers /dev/pf */

/* A call: data is the kernel's copy of its argument.  0 or errno. */
typedef int pf_call(struct pf_file *pf, void *data);
pf_call pf_xbegin, pf_xcommit, pf_xrollback, pf_addrule, pf_changerule;
pf_call pf_addrules;
pf_call pf_getrules, pf_getrule, pf_getrulesets, pf_getruleset;
pf_call pf_clrrulectrs;
pf_call pf_getstates, pf_getstate, pf_clrstates, pf_killstates, pf_natlook;
pf_call pf_getcreators;
/* of tables: data is a struct pfioc_table whose names were looked at */
pf_call pf_rclrtables, pf_raddtables, pf_rdeltables, pf_rgettables;
pf_call pf_rgettstats, pf_rclrtstats, pf_rsettflags;
pf_call pf_rclraddrs, pf_raddaddrs, pf_rdeladdrs, pf_rsetaddrs;
pf_call pf_rgetaddrs, pf_rgetastats, pf_rclrastats, pf_rtstaddrs;

/* The hook of struct packet_filter. */
bool pf_original_dst(sa_family_t af, uint8_t proto, const struct ip_addr *src,
    uint16_t sport, struct ip_addr *dst, uint16_t *dport);

/* Rolls back what the file has open. */
void pf_trans_close(struct pf_file *pf);
/* Options being built by a ticket: NULL when there is no such transaction or
 * it has none; ticket 0: a copy of what acts, for pf_options_now(). */
struct pf_options *pf_trans_options(struct pf_file *pf, uint64_t ticket);
/* Notes `set skip' in a transaction.  0, EINVAL, ENOMEM. */
int pf_trans_skip(struct pf_file *pf, uint64_t ticket, const char *name,
    bool on);
/* The rules of a ticket for ruleset rs of anchor path, and that anchor; NULL. */
struct pf_rules *pf_trans_rules(struct pf_file *pf, uint64_t ticket, uint8_t rs,
    const char *path, struct pf_anchor **home);
/* Puts rules (taken) in force, with a generation of their own, and gives back
 * what was, which the caller frees. */
struct pf_rules *pf_rules_publish(struct pf_anchor *a, enum pf_rs rs,
    struct pf_rules *rules);
/* The fingerprints of a ticket, NULL. */
struct pf_osfps *pf_trans_osfps(struct pf_file *pf, uint64_t ticket);
/* The table stage of a ticket for anchor path, NULL. */
struct pf_tstage *pf_trans_tables(struct pf_file *pf, uint64_t ticket,
    const char *path);

#endif
