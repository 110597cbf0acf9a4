/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Does this segment belong into the connection?
 *
 * For each side we know what it has sent (seqlo), and what it may send by the
 * windows that the other side offered (seqhi).  After van Rooij, "Real
 * Stateful TCP Packet Filtering in IP Filter" (2000), a segment is good when
 *
 *	(1)	it does not reach beyond what its receiver allows,
 *	(2)	it is not older than one window of its receiver,
 *	(3)	it acknowledges neither what was never sent nor what is long
 *		gone;
 *	(4)	and a RST is at the edge of what was sent (RFC 5961 3), so that
 *		nobody ends a connection by guessing.
 *
 * A looser test serves sides that were not heard yet, and connections which
 * are over: no window of theirs is known for sure.  Of a connection that was
 * found on its way, without its SYNs, the scale of the windows is not known
 * either: the largest is taken.
 *
 * What a side is in is a rough form of RFC 9293's states: silent, SYN_SENT,
 * ESTABLISHED, CLOSING, FIN_WAIT_2, TIME_WAIT.  pf_tcp_moves is all of it.
 *
 * Sequence numbers in here are those of the sender.  With `modulate state'
 * the other side sees them shifted by seqdiff.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/pf/pf.h>
#include <net/pf/pf_reply.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_track.h>
#include <netinet/in.h>

#define ACK_SLACK  (0xffff + 1500)
#define WSCALE_MAX 14 /* RFC 7323 2.3 */

#define SEQ_GEQ(a, b) ((int32_t)((a) - (b)) >= 0)
#define SEQ_GT(a, b)  ((int32_t)((a) - (b)) > 0)

/* --- states of the sides --- */

enum pf_side { SELF, OTHER };
static const struct pf_tcp_move {
	uint8_t flag;
	enum pf_side who;
	uint8_t from, below; /* applies when from <= state < below */
	uint8_t to;
} pf_tcp_moves[] = {
	{ TH_SYN, SELF, PF_TCPS_CLOSED, PF_TCPS_SYN_SENT, PF_TCPS_SYN_SENT },
	{ TH_FIN, SELF, PF_TCPS_CLOSED, PF_TCPS_CLOSING, PF_TCPS_CLOSING },
	{ TH_ACK, OTHER, PF_TCPS_SYN_SENT, PF_TCPS_SYN_SENT + 1,
	    PF_TCPS_ESTABLISHED },
	{ TH_ACK, OTHER, PF_TCPS_CLOSING, PF_TCPS_CLOSING + 1,
	    PF_TCPS_FIN_WAIT_2 },
	{ TH_RST, SELF, PF_TCPS_CLOSED, PF_TCPS_TIME_WAIT, PF_TCPS_TIME_WAIT },
	{ TH_RST, OTHER, PF_TCPS_CLOSED, PF_TCPS_TIME_WAIT, PF_TCPS_TIME_WAIT },
};

static void
pf_tcp_move(struct pf_peer *src, struct pf_peer *dst, uint8_t flags)
{
	const struct pf_tcp_move *m;
	struct pf_peer *p;
	uint8_t at[2] = { src->state, dst->state };

	for (m = pf_tcp_moves; m < pf_tcp_moves + nitems(pf_tcp_moves); m++) {
		p = m->who == SELF ? src : dst;
		if ((flags & m->flag) != 0 && at[m->who] >= m->from &&
		    at[m->who] < m->below)
			p->state = m->to;
	}
}

static enum pf_timeout
pf_tcp_class(const struct pf_peer *a, const struct pf_peer *b)
{
	uint8_t lo = MIN(a->state, b->state), hi = MAX(a->state, b->state);

	if (lo >= PF_TCPS_FIN_WAIT_2)
		return (PFTM_TCP_CLOSED);
	if (lo >= PF_TCPS_CLOSING)
		return (PFTM_TCP_FINWAIT);
	if (lo < PF_TCPS_ESTABLISHED)
		return (PFTM_TCP_OPENING);
	return (
	    hi >= PF_TCPS_CLOSING ? PFTM_TCP_CLOSING : PFTM_TCP_ESTABLISHED);
}

/* --- options --- */

/* Walks the options; the value of `kind' into *val if it has len bytes. */
static bool
pf_tcp_option(const struct pf_desc *pd, uint8_t kind, uint8_t len, uint8_t *val,
    uint32_t *place)
{
	uint32_t n = (pd->hdr.tcp.th_off >> 4) * 4U - sizeof(struct tcphdr);
	uint8_t opt[40];
	uint32_t i = 0;

	if (n == 0 || n > sizeof(opt) ||
	    m_copydata(pd->m, pd->off + sizeof(struct tcphdr), n, opt) != 0)
		return (false);
	while (i < n && opt[i] != 0) {
		if (opt[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= n || opt[i + 1] < 2 || i + opt[i + 1] > n)
			return (false);
		if (opt[i] == kind && opt[i + 1] == len) {
			memcpy(val, opt + i + 2, len - 2U);
			*place = pd->off + (uint32_t)sizeof(struct tcphdr) + i;
			return (true);
		}
		i += opt[i + 1];
	}
	return (false);
}

static uint8_t
pf_tcp_wscale(const struct pf_desc *pd)
{
	uint32_t place;
	uint8_t shift;

	if (!pf_tcp_option(pd, 3, 3, &shift, &place))
		return (0);
	return ((uint8_t)(MIN(shift, WSCALE_MAX) | PF_WSCALE_KNOWN));
}

#define WS(p) ((p)->wscale & 0x0f)

/* --- one segment's numbers --- */

struct pf_seg {
	uint32_t seq, end, ack;
	uint32_t orig; /* seq before an empty segment was moved */
	uint32_t win;
	uint8_t flags;
	uint8_t sws, dws; /* shifts of src's and dst's windows */
};

/* The first segment of this side. */
static void
pf_tcp_hear(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst,
    struct pf_seg *s)
{
	if ((s->flags & TH_SYN) != 0) {
		if ((dst->wscale & PF_WSCALE_KNOWN) != 0)
			src->wscale = pf_tcp_wscale(pd);
		if ((src->wscale & PF_WSCALE_KNOWN) == 0)
			dst->wscale = src->wscale = 0; /* both, or none */
		else { /* windows of SYNs are not scaled: keep them as if */
			s->sws = WS(src);
			s->win = (s->win + (1U << s->sws) - 1) >> s->sws;
			s->dws = WS(dst);
			dst->max_win = (uint16_t)((dst->max_win +
						      (1U << s->dws) - 1) >>
			    s->dws);
		}
	}
	if (src->state < PF_TCPS_SYN_SENT)
		src->state = PF_TCPS_SYN_SENT;
	src->seqlo = s->seq;
	if (src->seqhi == 1 ||
	    SEQ_GEQ(s->end + MAX(1U, (uint32_t)dst->max_win << s->dws),
		src->seqhi))
		src->seqhi = s->end + MAX(1U, (uint32_t)dst->max_win << s->dws);
	if (s->win > src->max_win)
		src->max_win = (uint16_t)s->win;
}

/* Is it the first that this side says? */
static inline bool
pf_tcp_silent(const struct pf_peer *src)
{
	return (src->seqlo == 0 && src->state < PF_TCPS_SYN_SENT);
}

static void
pf_tcp_seg(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst,
    struct pf_seg *s)
{
	const struct tcphdr *th = &pd->hdr.tcp;

	s->flags = th->th_flags;
	s->seq = s->orig = ntohl(th->th_seq);
	s->ack = ntohl(th->th_ack) - dst->seqdiff;
	s->win = ntohs(th->th_win);
	s->end = s->seq + pd->p_len + ((s->flags & TH_SYN) != 0) +
	    ((s->flags & TH_FIN) != 0);
	s->sws = s->dws = 0;
	if ((src->wscale & dst->wscale & PF_WSCALE_KNOWN) != 0 &&
	    (s->flags & TH_SYN) == 0) {
		s->sws = WS(src);
		s->dws = WS(dst);
	}
	if (pf_tcp_silent(src))
		pf_tcp_hear(pd, src, dst, s);
	if ((s->flags & TH_ACK) == 0 || dst->state < PF_TCPS_SYN_SENT ||
	    (s->ack == 0 && (s->flags & TH_RST) != 0))
		s->ack = dst->seqlo;
	if (s->seq == s->end)
		s->seq = s->end = src->seqlo;
}

static bool
pf_tcp_inwindow(const struct pf_seg *s, const struct pf_peer *src,
    const struct pf_peer *dst)
{
	int64_t skew = (int32_t)(dst->seqlo - s->ack);

	if (!SEQ_GEQ(src->seqhi, s->end) ||
	    !SEQ_GEQ(s->seq, src->seqlo - ((uint32_t)dst->max_win << s->dws)))
		return (false);
	if (skew < -(int64_t)ACK_SLACK || skew > (int64_t)ACK_SLACK << s->sws)
		return (false);
	return ((s->flags & TH_RST) == 0 || s->orig - src->seqlo + 1 <= 2);
}

static bool
pf_tcp_nearby(const struct pf_seg *s, const struct pf_peer *src,
    const struct pf_peer *dst)
{
	return ((dst->state < PF_TCPS_SYN_SENT ||
		    dst->state >= PF_TCPS_FIN_WAIT_2 ||
		    src->state >= PF_TCPS_FIN_WAIT_2) &&
	    SEQ_GEQ(src->seqhi + ACK_SLACK, s->end) &&
	    SEQ_GEQ(s->seq, src->seqlo - ACK_SLACK));
}

/* What we know now that the segment was good. */
static void
pf_tcp_learn(const struct pf_seg *s, struct pf_peer *src, struct pf_peer *dst)
{
	uint32_t win = s->win << s->sws;

	if (s->win > src->max_win)
		src->max_win = (uint16_t)s->win;
	if (SEQ_GT(s->end, src->seqlo))
		src->seqlo = s->end;
	if (SEQ_GEQ(s->ack + win, dst->seqhi))
		dst->seqhi = s->ack + MAX(win, 1U);
}

/* --- modulation --- */

/* SACK blocks name what the other side sent, in its own numbers. */
static bool
pf_tcp_shiftsack(struct pf_desc *pd, uint32_t diff)
{
	uint8_t val[32];
	uint32_t place, n, edge;

	for (n = 1; n <= 4; n++) {
		if (!pf_tcp_option(pd, 5, (uint8_t)(2 + 8 * n), val, &place))
			continue;
		for (uint32_t i = 0; i < 2 * n; i++) {
			memcpy(&edge, val + 4 * i, 4);
			edge = htonl(ntohl(edge) - diff);
			if (!pf_patch(pd, place + 2 + 4 * i, &edge, 4,
				pd->off + offsetof(struct tcphdr, th_sum),
				false))
				return (false);
		}
	}
	return (true);
}

static bool
pf_tcp_modulate(struct pf_desc *pd, const struct pf_peer *src,
    const struct pf_peer *dst)
{
	struct tcphdr *th = &pd->hdr.tcp;
	uint32_t sum = pd->off + offsetof(struct tcphdr, th_sum);

	if ((src->seqdiff | dst->seqdiff) == 0)
		return (true);
	th->th_seq = htonl(ntohl(th->th_seq) + src->seqdiff);
	if ((th->th_flags & TH_ACK) != 0)
		th->th_ack = htonl(ntohl(th->th_ack) - dst->seqdiff);
	return (pf_patch(pd, pd->off + 4, &th->th_seq, 8, sum, false) &&
	    (dst->seqdiff == 0 || pf_tcp_shiftsack(pd, dst->seqdiff)));
}

/* --- the trackers --- */

static enum pf_verdict
pf_tcp_refuse(struct pf_desc *pd, const struct pf_peer *src,
    const struct pf_peer *dst)
{
	/* Somebody answers with a connection of long ago: end that. */
	if (src->state <= PF_TCPS_SYN_SENT && dst->state == PF_TCPS_SYN_SENT &&
	    (pd->hdr.tcp.th_flags & (TH_ACK | TH_SYN | TH_RST)) == TH_ACK)
		pf_reply_rst(pd, 0);
	pd->reason = PFRES_BADSTATE;
	return (PF_DROP);
}

/* Only flags count: for connections of which half goes another way. */
static enum pf_verdict
pf_tcp_sloppy(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst)
{
	uint8_t flags = pd->hdr.tcp.th_flags;

	if (src->state < PF_TCPS_SYN_SENT)
		src->state = PF_TCPS_SYN_SENT;
	if ((flags & TH_ACK) != 0 && src->state == PF_TCPS_SYN_SENT &&
	    (flags & TH_SYN) == 0) {
		src->state = PF_TCPS_ESTABLISHED;
		if (dst->state <= PF_TCPS_SYN_SENT)
			dst->state = PF_TCPS_ESTABLISHED;
	}
	pf_tcp_move(src, dst, flags);
	pf_state_settime(pd->st, pf_tcp_class(src, dst));
	return (PF_PASS);
}

/* A SYN into a connection that has one.  PF_HELD: go on. */
static enum pf_verdict
pf_tcp_newsyn(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst)
{
	if ((pd->hdr.tcp.th_flags & (TH_SYN | TH_ACK)) != TH_SYN)
		return (PF_HELD);
	if (src->state >= PF_TCPS_FIN_WAIT_2 &&
	    dst->state >= PF_TCPS_FIN_WAIT_2) {
		pf_track_over(pd);
		return (PF_PASS);
	}
	if (src->state >= PF_TCPS_ESTABLISHED &&
	    dst->state >= PF_TCPS_ESTABLISHED) {
		pf_reply_challenge(pd, dst->seqlo + dst->seqdiff, src->seqlo,
		    dst->max_win);
		pd->reason = PFRES_BADSTATE;
		return (PF_DROP);
	}
	return (PF_HELD);
}

/* What is known of the sides, to be known again when a first segment is
 * refused: else one wrong answer would be what the right one is held against. */
struct pf_sides {
	struct pf_peer src, dst;
};

enum pf_verdict
pf_track_tcp(struct pf_desc *pd, struct pf_peer *src, struct pf_peer *dst)
{
	struct pf_sides was;
	struct pf_seg s;
	enum pf_verdict v;
	bool first;

	if ((v = pf_tcp_newsyn(pd, src, dst)) != PF_HELD)
		return (v);
	if ((pd->st->flags & PFSTATE_SLOPPY) != 0)
		return (pf_tcp_sloppy(pd, src, dst));
	if (__predict_false(first = pf_tcp_silent(src))) {
		was = (struct pf_sides){ *src, *dst };
		if (pd->st->rule->ioc->keep == PF_MODULATE &&
		    (pd->hdr.tcp.th_flags & TH_SYN) != 0)
			src->seqdiff = arc4random() - ntohl(pd->hdr.tcp.th_seq);
	}
	pf_tcp_seg(pd, src, dst, &s);
	if (pf_tcp_inwindow(&s, src, dst)) {
		pf_tcp_learn(&s, src, dst);
		pf_tcp_move(src, dst, s.flags);
		pf_state_settime(pd->st, pf_tcp_class(src, dst));
	} else if (pf_tcp_nearby(&s, src, dst)) {
		pf_tcp_learn(&s, src, dst);
		pf_tcp_move(src, dst, s.flags & (TH_FIN | TH_RST));
	} else {
		if (first) {
			*src = was.src;
			*dst = was.dst;
		}
		return (pf_tcp_refuse(pd, src, dst));
	}
	if (!pf_tcp_modulate(pd, src, dst)) {
		pd->reason = PFRES_MEMORY;
		return (PF_DROP);
	}
	return (PF_PASS);
}

void
pf_track_tcp_first(struct pf_desc *pd, struct pf_state *st)
{
	const struct tcphdr *th = &pd->hdr.tcp;
	uint8_t flags = th->th_flags;

	st->timeout = PFTM_TCP_FIRST;
	st->src.seqlo = ntohl(th->th_seq);
	st->src.seqhi = st->src.seqlo + pd->p_len + 1;
	st->src.max_win = MAX(ntohs(th->th_win), 1);
	st->dst.seqhi = 1;
	st->dst.max_win = 1;
	st->src.state = PF_TCPS_SYN_SENT;
	st->dst.state = PF_TCPS_CLOSED;
	if ((flags & TH_SYN) != 0) {
		st->src.seqhi++;
		st->src.wscale = pf_tcp_wscale(pd);
		if (st->rule->ioc->keep == PF_MODULATE) {
			st->src.seqdiff = arc4random() - st->src.seqlo;
			pf_tcp_modulate(pd, &st->src, &st->dst);
		}
		if ((flags & TH_ACK) != 0 && st->src.wscale != 0)
			st->dst.wscale = PF_WSCALE_KNOWN | WSCALE_MAX;
	} else
		st->src.wscale = st->dst.wscale = PF_WSCALE_KNOWN | WSCALE_MAX;
	if ((flags & TH_FIN) != 0)
		st->src.seqhi++;
	st->src.seqlo = (flags & TH_SYN) != 0 ? st->src.seqlo + 1 :
						st->src.seqlo + pd->p_len;
}
