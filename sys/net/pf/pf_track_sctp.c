/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Does this packet belong into the SCTP association (RFC 9260)?
 *
 * Each end chooses a tag, in its INIT or INIT ACK, and every packet to it
 * carries that tag.  So who cannot see the packets cannot speak in the
 * association.  An association may be begun anew over an old one: the new tags
 * wait until COOKIE ECHO has shown that both ends mean it.
 *
 *	seqlo	the end's tag, 0: not known (found on its way)
 *	seqhi	the tag of an INIT or INIT ACK that is not confirmed yet
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/pf/pf.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_track.h>
#include <netinet/in.h>

/* What a chunk says of its sender, and of the other end (CLOSED: nothing). */
static const struct pf_sctp_move {
	uint8_t chunk;
	uint8_t self, other;
} pf_sctp_moves[] = {
	{ SCTP_INIT, PF_SCTPS_COOKIE_WAIT, PF_SCTPS_CLOSED },
	{ SCTP_INIT_ACK, PF_SCTPS_COOKIE_WAIT, PF_SCTPS_CLOSED },
	{ SCTP_COOKIE_ECHO, PF_SCTPS_COOKIE_ECHOED, PF_SCTPS_CLOSED },
	{ SCTP_DATA, PF_SCTPS_ESTABLISHED, PF_SCTPS_CLOSED },
	{ SCTP_SACK, PF_SCTPS_ESTABLISHED, PF_SCTPS_CLOSED },
	{ SCTP_COOKIE_ACK, PF_SCTPS_ESTABLISHED, PF_SCTPS_ESTABLISHED },
	{ SCTP_SHUTDOWN, PF_SCTPS_SHUTDOWN_SENT, PF_SCTPS_CLOSED },
	{ SCTP_SHUTDOWN_ACK, PF_SCTPS_SHUTDOWN_ACK_SENT, PF_SCTPS_CLOSED },
	{ SCTP_SHUTDOWN_COMPLETE, PF_SCTPS_ENDED, PF_SCTPS_ENDED },
	{ SCTP_ABORT, PF_SCTPS_ENDED, PF_SCTPS_ENDED },
};

#define HAS(pd, c) (((pd)->sctp.chunks >> (c) & 1) != 0)

static void
pf_sctp_move(const struct pf_desc *pd, struct pf_peer *src,
    struct pf_peer *dst)
{
	const struct pf_sctp_move *m;

	for (m = pf_sctp_moves; m < pf_sctp_moves + nitems(pf_sctp_moves); m++)
		if (HAS(pd, m->chunk)) {
			src->state = MAX(src->state, m->self);
			dst->state = MAX(dst->state, m->other);
		}
	if (HAS(pd, SCTP_COOKIE_ECHO) && src->seqhi != 0 && dst->seqhi != 0) {
		src->seqlo = src->seqhi;
		dst->seqlo = dst->seqhi;
		src->seqhi = dst->seqhi = 0;
	}
	if (HAS(pd, SCTP_INIT) || HAS(pd, SCTP_INIT_ACK))
		src->seqhi = pd->sctp.tag;
}

static enum pf_timeout
pf_sctp_class(const struct pf_peer *a, const struct pf_peer *b)
{
	uint8_t lo = MIN(a->state, b->state), hi = MAX(a->state, b->state);

	if (hi == PF_SCTPS_ENDED)
		return (PFTM_SCTP_CLOSED);
	if (hi >= PF_SCTPS_SHUTDOWN_SENT)
		return (PFTM_SCTP_CLOSING);
	return (lo >= PF_SCTPS_ESTABLISHED ? PFTM_SCTP_ESTABLISHED :
					     PFTM_SCTP_OPENING);
}

/* Is the packet's tag one by which its receiver knows the association? */
static bool
pf_sctp_tag(const struct pf_desc *pd, const struct pf_peer *src,
    const struct pf_peer *dst)
{
	uint32_t tag = ntohl(pd->hdr.sctp.vtag);
	bool fresh = HAS(pd, SCTP_INIT_ACK) || HAS(pd, SCTP_COOKIE_ECHO) ||
	    MIN(src->state, dst->state) < PF_SCTPS_ESTABLISHED;

	if (HAS(pd, SCTP_INIT))
		return (true); /* it has none yet: 0, which was looked at */
	if (tag == dst->seqlo || (fresh && tag == dst->seqhi))
		return (true);
	if (pd->sctp.reflected &&
	    (tag == src->seqlo || (fresh && tag == src->seqhi)))
		return (true); /* from an end that knows nothing of it */
	return (dst->seqlo == 0 && dst->seqhi == 0);
}

enum pf_verdict
pf_track_sctp(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst)
{
	if (HAS(pd, SCTP_INIT) && src->state == PF_SCTPS_ENDED &&
	    dst->state == PF_SCTPS_ENDED) {
		pf_track_over(pd);
		return (PF_PASS);
	}
	if (!pf_sctp_tag(pd, src, dst)) {
		pd->reason = PFRES_BADSTATE;
		return (PF_DROP);
	}
	if (dst->seqlo == 0 && dst->seqhi == 0 && !HAS(pd, SCTP_INIT))
		dst->seqlo = ntohl(pd->hdr.sctp.vtag);
	pf_sctp_move(pd, src, dst);
	pf_state_settime(pd->st, pf_sctp_class(src, dst));
	return (PF_PASS);
}

void
pf_track_sctp_first(const struct pf_desc *pd, struct pf_state *st)
{
	st->src.state = PF_SCTPS_CLOSED;
	if (!HAS(pd, SCTP_INIT))
		st->dst.seqlo = ntohl(pd->hdr.sctp.vtag);
	pf_sctp_move(pd, &st->src, &st->dst);
	st->timeout = PFTM_SCTP_FIRST;
}
