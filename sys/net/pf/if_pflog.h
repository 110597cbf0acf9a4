/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pflog(4): the header in front of each logged packet, DLT_PFLOG.  Shared.
 *
 * The layout is that of FreeBSD 15: rule numbers in network order, users and
 * processes in that of the machine.  `length' does not count the padding at
 * the end: the packet begins at the next multiple of 4.
 */

#ifndef _NET_PF_IF_PFLOG_H_
#define _NET_PF_IF_PFLOG_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif

#define DLT_PFLOG 117

#define PFLOG_NAMESIZE 16
#define PFLOG_LENGTH   69          /* of what `length' counts */
#define PFLOG_NOID     0xffffffffU /* no rule, no such number, unknown uid */
#define PFLOG_NOPID    100000U     /* larger than any process id */
#define PFLOG_INET     2           /* af, as BSD numbers it */
#define PFLOG_INET6    28

struct pfloghdr {
	uint8_t length;
	uint8_t af;
	uint8_t action; /* enum pf_action */
	uint8_t reason; /* enum pf_reason */
	char ifname[PFLOG_NAMESIZE];
	char ruleset[PFLOG_NAMESIZE]; /* anchor of the rule, or empty */
	uint32_t rulenr;    /* in the main ruleset: the rule, or its anchor's */
	uint32_t subrulenr; /* in the anchor; PFLOG_NOID: the rule is in main */
	uint32_t uid, pid;  /* of the local socket, log (user) */
	uint32_t rule_uid, rule_pid; /* who loaded the rule */
	uint8_t dir;                 /* 1 in, 2 out */
	uint8_t rewritten;           /* shown as translated */
	uint8_t naf;                 /* af-to: what it becomes; else af */
	uint8_t pad;
	uint32_t ridentifier;
	uint8_t reserved;
	uint8_t pad2[3];
};
_Static_assert(sizeof(struct pfloghdr) == 72, "wire layout");

#ifdef _KERNEL
struct ifnet;

#define PFLOG_UNITS 256 /* that a rule can name */

void pflog_clone_init(void);            /* the cloner */
struct ifnet *pflog_unit(uint8_t unit); /* pflogN; NULL: there is none */
#endif

#endif
