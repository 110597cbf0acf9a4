/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Segments of one batch that follow each other become one.
 *
 * A driver brings frames in batches.  Where neither it nor the sender makes
 * large segments, a run of small ones arrives; each would climb the ladder of
 * tcp_segment.c, push a few bytes to the program and ask for an
 * acknowledgment.  Here the first of a run waits for those behind it, for the
 * rest of the batch and never longer.
 *
 * This is TCP's own door: pf, forwarding, checksums, TTL security and the
 * counters have seen every packet by itself.
 *
 * Two segments are one when nothing that TCP looks at differs but the bytes:
 *	1. both say ACK, perhaps PSH, and nothing else, and carry bytes
 *	2. the second begins where the first ends, and both fit in one
 *	3. the same connection, interface, TTL, TOS (ECN with it), the same
 *	   acknowledgment and window
 *	4. the same options, timestamps that do not go back, no SACK, no MD5
 *	5. pf says the same of both
 * A run begins only with the next byte that an open connection without holes
 * waits for: what is out of order is told to the peer segment by segment.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>

#define RUNS    8      /* connections of a batch that have one */
#define RUN_MAX 65535U /* bytes */

struct run {
	struct mbuf *m; /* the first packet, the bytes of the others behind */
	struct ip_input_ctx ctx;
	struct tcp_seg sg;
	struct in_pcb_key key;
	uint32_t tsval; /* of the last */
};
static struct run runs[RUNS];
static unsigned int nruns;

static bool
key_same(const struct in_pcb_key *a, const struct in_pcb_key *b)
{
	return (a->lport == b->lport && a->fport == b->fport &&
	    a->af == b->af && a->rtable == b->rtable &&
	    a->ifindex == b->ifindex && ip_addr_eq(&a->faddr, &b->faddr) &&
	    ip_addr_eq(&a->laddr, &b->laddr));
}

static bool
is_plain(const struct tcp_seg *sg)
{
	return ((sg->flags & ~TH_PUSH) == TH_ACK && sg->len > 0 &&
	    sg->opt.nsacks == 0 && !sg->opt.has_md5);
}

static bool
pf_same(const struct mbuf *a, const struct mbuf *b)
{
	const struct pkthdr_pf *p = &a->m_pkthdr.pf, *q = &b->m_pkthdr.pf;

	return (p->flags == q->flags && SLIST_EMPTY(&b->m_pkthdr.tags) &&
	    a->m_pkthdr.rtableid == b->m_pkthdr.rtableid);
}

static bool
continues(const struct run *r, const struct mbuf *m,
    const struct ip_input_ctx *ctx, const struct tcp_seg *sg)
{
	const struct tcp_seg *s = &r->sg;

	return (is_plain(sg) && sg->seq == s->seq + s->len &&
	    s->len + sg->len <= RUN_MAX && sg->ack == s->ack &&
	    sg->win == s->win && ctx->ttl == r->ctx.ttl &&
	    ctx->tos == r->ctx.tos && ctx->ifp == r->ctx.ifp &&
	    sg->opt.has_tstamp == s->opt.has_tstamp &&
	    sg->opt.tsecr == s->opt.tsecr &&
	    (int32_t)(sg->opt.tsval - r->tsval) >= 0 && pf_same(r->m, m));
}

static bool
may_begin(const struct in_pcb_key *k, const struct tcp_seg *sg)
{
	const struct inpcb *inp;
	const struct tcpcb *tp;

	if (!is_plain(sg) || (inp = in_pcb_lookup_conn(&tcp_pcbs, k)) == NULL)
		return (false);
	tp = inp->inp_ppcb;
	return (tp->t_state != TCPS_CLOSED &&
	    (tcp_state_flags(tp->t_state) & TSF_RECV) != 0 &&
	    sg->seq == tp->t_rcv_nxt && tp->t_nreass == 0 &&
	    SLIST_EMPTY(&tp->t_md5keys));
}

static void
run_end(struct run *r)
{
	struct run done = *r;

	*r = runs[--nruns];
	tcp_input_segment(done.m, &done.ctx, &done.sg, &done.key);
}

bool
tcp_coalesce(struct mbuf *m, const struct ip_input_ctx *ctx,
    const struct tcp_seg *sg, const struct in_pcb_key *k)
{
	struct run *r;

	for (r = runs; r < runs + nruns && !key_same(&r->key, k); r++)
		;
	if (r < runs + nruns && continues(r, m, ctx, sg)) {
		tcpstat_inc(TCPC_COALESCED);
		m_adj(m, (int)(ctx->off + sg->hlen));
		m_cat_pkt(r->m, m);
		r->sg.len += sg->len;
		r->sg.flags |= sg->flags;
		r->tsval = sg->opt.tsval;
		return (true);
	}
	if (r < runs + nruns)
		run_end(r); /* before what comes behind it */
	if (!if_input_more() || nruns == RUNS || !may_begin(k, sg))
		return (false);
	runs[nruns++] = (struct run){ m, *ctx, *sg, *k, sg->opt.tsval };
	return (true);
}

void
tcp_coalesce_end(void)
{
	while (nruns > 0)
		run_end(&runs[0]);
}
