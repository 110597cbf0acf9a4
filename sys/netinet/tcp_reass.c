/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What came out of order waits here until the hole before it is filled.
 *
 * t_reass holds runs in order, apart from each other, all behind rcv_nxt and
 * within the window.  A run's bytes are one chain of mbufs; runs that meet
 * become one.  Small segments are copied together, so that a peer cannot make
 * a window of bytes cost a window of buffers; the number of runs is limited,
 * and the furthest go first.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/pool.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <netinet/tcp_var.h>

#define SMALL 1024U /* worth copying rather than holding a buffer */

static struct pool reass_pool;

void
tcp_reass_init(void)
{
	pool_init(&reass_pool, sizeof(struct tcp_range), 0, "tcpreass");
}

/* --- runs --- */

static void
run_free(struct tcpcb *tp, struct tcp_range *r)
{
	TAILQ_REMOVE(&tp->t_reass, r, r_entry);
	tp->t_nreass--;
	m_freem(r->r_m);
	pool_put(&reass_pool, r);
}

void
tcp_reass_flush(struct tcpcb *tp)
{
	struct tcp_range *r;

	while (tp->t_nreass != 0 && (r = TAILQ_FIRST(&tp->t_reass)) != NULL)
		run_free(tp, r);
}

/*
 * Puts m behind to; the small buffers that it begins with are copied into to's
 * last one as long as there is room, whichever of both came first.  Takes m.
 */
static void
chain_add(struct mbuf *to, struct mbuf *m)
{
	uint32_t room = 0, n = 0;
	struct mbuf *last, *p;

	for (last = to; last->m_next != NULL; last = last->m_next)
		;
	if (m_writable(last))
		room = (uint32_t)MIN(m_trailingspace(last), SMALL);
	for (p = m; p != NULL && n + p->m_len <= room; p = p->m_next)
		n += p->m_len;
	(void)m_copydata(m, 0, n, last->m_data + last->m_len);
	last->m_len += n;
	to->m_pkthdr.len += n;
	m_adj(m, (int)n);
	m_cat_pkt(to, m);
	while ((p = last->m_next) != NULL && p->m_len == 0)
		last->m_next = m_free(p);
}

/* r ends in n's beginning: n's new bytes go to r, and n is no more. */
static void
run_merge(struct tcpcb *tp, struct tcp_range *r, struct tcp_range *n)
{
	struct mbuf *m = n->r_m;

	if (seq_lt(r->r_end, n->r_end)) {
		m_adj(m, (int)(r->r_end - n->r_start));
		n->r_m = NULL;
		chain_add(r->r_m, m);
		r->r_end = n->r_end;
	}
	r->r_fin = r->r_fin || n->r_fin;
	run_free(tp, n);
}

/* A run for [seq, seq+len) in its place; joined with what it touches. */
static void
run_insert(struct tcpcb *tp, struct tcp_range *r)
{
	struct tcp_range *prev, *n;

	TAILQ_FOREACH_REVERSE(prev, &tp->t_reass, tcp_ranges, r_entry)
		if (seq_leq(prev->r_start, r->r_start))
			break;
	if (prev == NULL)
		TAILQ_INSERT_HEAD(&tp->t_reass, r, r_entry);
	else
		TAILQ_INSERT_AFTER(&tp->t_reass, prev, r, r_entry);
	tp->t_nreass++;
	if (prev != NULL && seq_leq(r->r_start, prev->r_end)) {
		run_merge(tp, prev, r);
		r = prev;
	}
	while ((n = TAILQ_NEXT(r, r_entry)) != NULL &&
	    seq_leq(n->r_start, r->r_end))
		run_merge(tp, r, n);
	tp->t_reass_last = r->r_start;
}

/* --- delivery --- */

/* In order: to the program.  A FIN behind it is handled by the caller. */
static void
deliver(struct tcpcb *tp, struct mbuf *m)
{
	uint32_t len = m->m_pkthdr.len, urgent = tp->t_rcv_up - 1 - tp->t_rcv_nxt;
	struct socket *so = tcp_so(tp);

	if (__predict_false((tp->t_flags & TF_URGENT_IN) != 0) && urgent < len) {
		tp->t_flags &= ~(uint32_t)TF_URGENT_IN;
		soreceive_urgent(so, urgent);
	}
	tp->t_rcv_nxt += len;
	if (len == 0)
		m_freem(m);
	else
		soreceive_stream(so, m);
}

/* What the hole before it has kept back; some of it may have come again. */
static void
deliver_waiting(struct tcpcb *tp, bool *fin)
{
	struct tcp_range *r;
	struct mbuf *m;

	while ((r = TAILQ_FIRST(&tp->t_reass)) != NULL &&
	    seq_leq(r->r_start, tp->t_rcv_nxt)) {
		if (seq_leq(tp->t_rcv_nxt, r->r_end)) {
			m = r->r_m;
			r->r_m = NULL;
			m_adj(m, (int)(tp->t_rcv_nxt - r->r_start));
			*fin = *fin || r->r_fin;
			deliver(tp, m);
		}
		run_free(tp, r);
	}
}

static void
keep(struct tcpcb *tp, struct mbuf *m, const struct tcp_seg *sg)
{
	struct tcp_range *r;

	KASSERT(tp->t_state != TCPS_TIME_WAIT);
	tcpstat_inc(TCPC_IN_OOO);
	if (mb_tight()) { /* what is next in order is worth more */
		m_drop(m, DROP_NOBUFS);
		return;
	}
	if (tp->t_nreass >= (unsigned int)tcp_reass_limit)
		run_free(tp, TAILQ_LAST(&tp->t_reass, tcp_ranges));
	if ((r = pool_get(&reass_pool, PR_ZERO)) == NULL) {
		m_drop(m, DROP_NOBUFS);
		return;
	}
	r->r_start = sg->seq;
	r->r_end = sg->seq + sg->len;
	r->r_m = m;
	r->r_fin = (sg->flags & TH_FIN) != 0;
	run_insert(tp, r);
}

void
tcp_reass_add(struct tcpcb *tp, struct mbuf *m, const struct tcp_seg *sg,
    uint64_t now)
{
	bool fin = (sg->flags & TH_FIN) != 0, held = tp->t_nreass != 0;

	if (sg->len == 0 && !fin) {
		m_freem(m);
		return;
	}
	if (sg->seq != tp->t_rcv_nxt) {
		keep(tp, m, sg);
		tp->t_flags |= TF_ACKNOW;
		return;
	}
	deliver(tp, m);
	if (held) {
		deliver_waiting(tp, &fin);
		tp->t_flags |= TF_ACKNOW; /* RFC 5681 4.2: a hole was filled */
	}
	if (fin) {
		tcp_reass_flush(tp); /* nothing can be behind the end */
		tp->t_rcv_nxt++;
		tp->t_flags |= TF_ACKNOW | TF_FINRCVD;
		(void)tcp_state_event(tp, TCPE_FIN, now);
	}
}

unsigned int
tcp_reass_sacks(struct tcpcb *tp, struct tcp_sack *out, unsigned int max)
{
	struct tcp_range *r;
	unsigned int n = 0;

	if (tp->t_dsack.start != tp->t_dsack.end && n < max) {
		out[n++] = tp->t_dsack;
		tp->t_dsack.start = tp->t_dsack.end;
	}
	if (tp->t_nreass == 0)
		return (n);
	TAILQ_FOREACH(r, &tp->t_reass, r_entry) /* the newest first */
		if (r->r_start == tp->t_reass_last && n < max &&
		    r->r_start != r->r_end)
			out[n++] = (struct tcp_sack){ r->r_start, r->r_end };
	TAILQ_FOREACH(r, &tp->t_reass, r_entry)
		if (r->r_start != tp->t_reass_last && n < max &&
		    r->r_start != r->r_end)
			out[n++] = (struct tcp_sack){ r->r_start, r->r_end };
	return (n);
}
