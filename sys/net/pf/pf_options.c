/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What `set' sets: defaults, what may be, and where it acts. */

#include <sys/types.h>
#include <sys/systm.h>
#include <net/pf/pf.h>
#include <net/pf/pf_frag.h>
#include <net/pf/pf_purge.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <net/pf/pf_table.h>

const struct pf_options pf_options_default = {
	.timeout = {
	    [PFTM_TCP_FIRST] = 120,
	    [PFTM_TCP_OPENING] = 30,
	    [PFTM_TCP_ESTABLISHED] = 24 * 60 * 60,
	    [PFTM_TCP_CLOSING] = 15 * 60,
	    [PFTM_TCP_FINWAIT] = 45,
	    [PFTM_TCP_CLOSED] = 90,
	    [PFTM_TCP_TSDIFF] = 30,
	    [PFTM_UDP_FIRST] = 60,
	    [PFTM_UDP_SINGLE] = 30,
	    [PFTM_UDP_MULTIPLE] = 60,
	    [PFTM_ICMP_FIRST] = 20,
	    [PFTM_ICMP_ERROR] = 10,
	    [PFTM_OTHER_FIRST] = 60,
	    [PFTM_OTHER_SINGLE] = 30,
	    [PFTM_OTHER_MULTIPLE] = 60,
	    [PFTM_FRAG] = 60,
	    [PFTM_INTERVAL] = 10,
	    [PFTM_ADAPTIVE_START] = 60000,
	    [PFTM_ADAPTIVE_END] = 120000,
	    [PFTM_SCTP_FIRST] = 120,
	    [PFTM_SCTP_OPENING] = 30,
	    [PFTM_SCTP_ESTABLISHED] = 24 * 60 * 60,
	    [PFTM_SCTP_CLOSING] = 15 * 60,
	    [PFTM_SCTP_CLOSED] = 90,
	},
	.limit = {
	    [PF_LIMIT_STATES] = 100000,
	    [PF_LIMIT_SRC_NODES] = 10000,
	    [PF_LIMIT_FRAGS] = 5000,
	    [PF_LIMIT_TABLE_ENTRIES] = 200000,
	    [PF_LIMIT_ANCHORS] = 512,
	    [PF_LIMIT_ETH_ANCHORS] = 512,
	    [PF_LIMIT_TABLES] = 1000,
	    [PF_LIMIT_PKTDELAY] = 10000,
	},
	.debug = PF_DEBUG_URGENT,
	.reass = PF_REASS_ON,
};
struct pf_options pf_options;

int
pf_options_judge(const struct pf_options *o)
{
	if (o->timeout[PFTM_INTERVAL] == 0 || o->debug > PF_DEBUG_LOUD ||
	    strnlen(o->ifname, sizeof(o->ifname)) == sizeof(o->ifname))
		return (EINVAL);
	return ((o->reass & ~(uint32_t)(PF_REASS_ON | PF_REASS_NODF)) != 0 ?
		EINVAL :
		0);
}

void
pf_options_apply(const struct pf_options *o)
{
	if (o != &pf_options &&
	    memcmp(o->timeout, pf_options.timeout, sizeof(o->timeout)) != 0)
		pf_purge_retime();
	if (o != &pf_options)
		pf_options = *o;
	pf_state_limit = o->limit[PF_LIMIT_STATES];
	pf_anchor_limit = o->limit[PF_LIMIT_ANCHORS];
	pf_table_entry_limit = o->limit[PF_LIMIT_TABLE_ENTRIES];
	pf_table_limit = o->limit[PF_LIMIT_TABLES];
	pf_frag_tune();
}
