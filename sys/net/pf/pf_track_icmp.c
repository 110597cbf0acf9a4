/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ICMP errors belong to the conversation of the packet they quote.
 *
 * The quoted packet went the other way.  So the answer to it, had there been
 * one, would come the same way as the error, and its key is the one that the
 * state is found by.  An error that nobody asked for (it is not sent to who
 * sent the quoted packet, or quotes numbers outside of TCP's window or a tag
 * that is not of the SCTP association) is dropped; one that belongs to no state is left to the rules.
 *
 * Read on: pf_nat_icmp.c, which undoes the translation in it.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/pf/pf.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_track.h>
#include <netinet/in.h>

static enum pf_verdict
pf_error_refuse(struct pf_desc *pd)
{
	pd->reason = PFRES_BADSTATE;
	return (PF_DROP);
}

/* Does the quoted packet have a tag by which its receiver, dst, knows the
 * association; or none, as an INIT that was sent? */
static bool
pf_error_tag(uint32_t tag, const struct pf_peer *src, const struct pf_peer *dst)
{
	if (dst->seqlo == 0 && dst->seqhi == 0)
		return (true); /* not known yet */
	if (tag == 0)
		return (src->seqhi != 0);
	return (tag == dst->seqlo || tag == dst->seqhi);
}

/* Has the sender of the quoted segment sent that, or might it have? */
static bool
pf_error_inwindow(const struct pf_desc *pd, const struct pf_quote *q,
    const struct pf_state *st)
{
	bool forth = !pf_state_forth(st, pd->af, pd->dir); /* of the quoted */
	const struct pf_peer *src = forth ? &st->src : &st->dst;
	const struct pf_peer *dst = forth ? &st->dst : &st->src;
	uint32_t seq = q->seq - src->seqdiff, win = dst->max_win;

	if (q->proto == IPPROTO_SCTP)
		return (pf_error_tag(q->seq, src, dst));
	if (q->proto != IPPROTO_TCP || (st->flags & PFSTATE_SLOPPY) != 0)
		return (true);
	if ((src->wscale & dst->wscale & PF_WSCALE_KNOWN) != 0)
		win <<= dst->wscale & 0x0f;
	return ((int32_t)(src->seqhi - seq) >= 0 &&
	    (int32_t)(seq - (src->seqlo - win)) >= 0);
}

enum pf_verdict
pf_track_icmp_error(struct pf_desc *pd)
{
	struct pf_quote q;
	struct pf_ends back, now;
	struct pf_state *st;

	if (pf_quote_read(pd->m, pd->af, pd->off + 8, &q) != 0)
		return (PF_PASS);
	if (!ip_addr_eq(&pd->was.addr[PF_DST], &q.ends.addr[PF_SRC]))
		return (pf_error_refuse(pd));
	pf_ends_swap(&q.ends, &back);
	pf_status.fcounters[PF_FC_SEARCH]++;
	st = pf_state_lookup(q.af, q.proto, &back, pd->dir, pd->kif);
	if (st == NULL)
		return (PF_PASS);
	if (!pf_error_inwindow(pd, &q, st))
		return (pf_error_refuse(pd));
	pd->st = st;
	pd->rule = st->rule;
	pd->anchor_rule = st->anchored ? st->anchor_rule : NULL;
	pd->acts.tag = st->tag;
	pf_state_otherside(st, pd->dir, &pd->naf, &now);
	for (unsigned int e = 0; e < 2; e++)
		if (pd->af != pd->naf ||
		    !ip_addr_eq(&now.addr[e], &back.addr[e]))
			pd->now.addr[e] = now.addr[e];
	return (PF_PASS);
}
