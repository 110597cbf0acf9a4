/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet of a known conversation.
 *
 *	pf_track()	which side sent it; the protocol's tracker; what the
 *			other key says about its addresses
 *
 * Everything but TCP, SCTP and ICMP has two sides that are silent, heard once, or
 * heard while the other was heard: that is all a filter can know of them.
 *
 * Read on: pf_track_tcp.c, pf_track_sctp.c, pf_track_icmp.c.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/pf/pf.h>
#include <net/pf/pf_purge.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <net/pf/pf_track.h>
#include <netinet/in.h>

void
pf_state_settime(struct pf_state *st, enum pf_timeout class)
{
	st->last = (uint32_t)uptime_sec();
	if (st->timeout == class)
		return;
	st->timeout = (uint8_t) class;
	pf_wheel_remove(st);
	pf_wheel_insert(st);
}

void
pf_track_over(struct pf_desc *pd)
{
	pf_state_remove(pd->st);
	pd->st = NULL;
	pd->rule = &pf_default_rule;
	pd->anchor_rule = NULL;
}

/* --- UDP and what has no connections --- */

/* First of three classes in a row: first, single, multiple. */
static enum pf_timeout
pf_other_class(uint8_t proto)
{
	return (proto == IPPROTO_UDP ? PFTM_UDP_FIRST : PFTM_OTHER_FIRST);
}

static enum pf_verdict
pf_track_other(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst)
{
	unsigned int class = pf_other_class(pd->proto) + 1;

	if (src->state < PF_PEER_SINGLE)
		src->state = PF_PEER_SINGLE;
	if (dst->state == PF_PEER_SINGLE)
		dst->state = PF_PEER_MULTIPLE;
	if (src->state == PF_PEER_MULTIPLE && dst->state == PF_PEER_MULTIPLE)
		class ++;
	pf_state_settime(pd->st, (enum pf_timeout) class);
	return (PF_PASS);
}

/* Who began with a question asks, and the other end answers.  The key alone
 * does not say so: an id may be the number of a type. */
static enum pf_verdict
pf_track_query(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst)
{
	enum pf_role role = pf_query_role(pd->af, pd->hdr.icmp.icmp_type);

	if (role != PF_TELLS && (role == pd->st->src.seqlo) != (src == &pd->st->src)) {
		pd->reason = PFRES_BADSTATE;
		return (PF_DROP);
	}
	pf_state_settime(pd->st,
	    src == &pd->st->dst ? PFTM_ICMP_ERROR :
				  (enum pf_timeout)pd->st->timeout);
	return (PF_PASS);
}

/* --- all --- */

static bool
pf_isicmp(uint8_t proto)
{
	return (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6);
}

enum pf_verdict
pf_track(struct pf_desc *pd)
{
	struct pf_state *st = pd->st;
	const struct pf_state_more *sm = pf_state_more(st);
	bool forth = pf_state_forth(st, pd->af, pd->dir);
	struct pf_peer *src = forth ? &st->src : &st->dst;
	struct pf_peer *dst = forth ? &st->dst : &st->src;
	enum pf_verdict v;

	pd->rule = st->rule;
	pd->anchor_rule = st->anchored ? st->anchor_rule : NULL;
	if (pd->proto == IPPROTO_TCP)
		v = pf_track_tcp(pd, src, dst);
	else if (pf_isicmp(pd->proto))
		v = pf_track_query(pd, src, dst);
	else if (pd->proto == IPPROTO_SCTP)
		v = pf_track_sctp(pd, src, dst);
	else
		v = pf_track_other(pd, src, dst);
	if (v != PF_PASS)
		return (v);
	if (pd->st == NULL)
		return (PF_HELD);
	if (sm != NULL) {
		pd->acts = sm->acts;
		pf_state_otherside(st, pd->dir, &pd->naf, &pd->now);
	}
	pd->acts.tag = st->tag;
	return (PF_PASS);
}

void
pf_track_first(struct pf_desc *pd, struct pf_state *st)
{
	st->src.state = PF_PEER_SINGLE;
	if (pd->proto == IPPROTO_TCP)
		pf_track_tcp_first(pd, st);
	else if (pd->proto == IPPROTO_SCTP)
		pf_track_sctp_first(pd, st);
	else if (pf_isicmp(pd->proto)) {
		st->src.seqlo = pf_query_role(pd->af, pd->hdr.icmp.icmp_type);
		st->timeout = PFTM_ICMP_FIRST;
	} else
		st->timeout = (uint8_t)pf_other_class(pd->proto);
}
