/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A packet becomes a segment and finds its connection (RFC 9293 3.10.7).
 *
 *	1. is it whole and sound?			segment_read()
 *	2. is it one with those before it?		tcp_coalesce()
 *	3. which socket?  a connection; a listener	in_pcb_input()
 *	4. a SYN for a connection in TIME_WAIT may begin a new one
 *	5. by the state of the socket			conn_input(), listen_input()
 * What is for nobody is answered with a reset, except resets, and except
 * what came to or from a group address.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/socketvar.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>

#define ECN_MASK 3
#define ECN_CE   3

/* --- rung 1 --- */

static bool
is_group(const struct mbuf *m, const struct ip_input_ctx *ctx)
{
	if ((m->m_flags & (M_BCAST | M_MCAST)) != 0)
		return (true);
	if (ctx->af == AF_INET6)
		return (
		    in6_ismulticast(&ctx->dst) || in6_ismulticast(&ctx->src));
	return (ntohl(ctx->dst.v4) >= 0xe0000000U ||
	    ntohl(ctx->src.v4) >= 0xe0000000U);
}

/* The header at ctx->off, in host order; what is wrong with the segment. */
static enum drop_reason
segment_read(struct mbuf *m, const struct ip_input_ctx *ctx, struct tcp_seg *sg,
    struct in_pcb_key *k)
{
	uint32_t left = m->m_pkthdr.len - ctx->off;
	uint8_t buf[sizeof(struct tcphdr) + TCP_OPTIONS_MAX];
	struct tcphdr th;

	if (left < sizeof(th) || m_copydata(m, ctx->off, sizeof(th), &th) != 0)
		return (DROP_TCP_SHORT);
	sg->hlen = (uint8_t)((th.th_off >> 4) << 2);
	if (sg->hlen < sizeof(th) || sg->hlen > left)
		return (DROP_TCP_BADOFF);
	if (is_group(m, ctx))
		return (DROP_TCP_GROUP);
	if (th.th_sport == 0 || th.th_dport == 0)
		return (DROP_TCP_BADPORT);
	if (!in_cksum_verify(m, ctx->af, IPPROTO_TCP, ctx->off, left))
		return (DROP_TCP_BADSUM);
	if (m_copydata(m, ctx->off, sg->hlen, buf) != 0 ||
	    !tcp_opts_read(&sg->opt, buf + sizeof(th), sg->hlen - sizeof(th)))
		return (DROP_TCP_BADOPT);
	sg->seq = ntohl(th.th_seq);
	sg->ack = ntohl(th.th_ack);
	sg->win = ntohs(th.th_win);
	sg->urp = ntohs(th.th_urp);
	sg->flags = th.th_flags;
	sg->len = left - sg->hlen;
	sg->ce = (ctx->tos & ECN_MASK) == ECN_CE;
	sg->anew = false;
	k->lport = ntohs(th.th_dport);
	k->fport = ntohs(th.th_sport);
	return (DROP_NONE);
}

/* --- rung 4 --- */

/* RFC 9293 3.10.7.4, RFC 6191: is this SYN newer than what is over? */
static bool
begins_anew(const struct tcpcb *tp, const struct tcp_seg *sg)
{
	if (tp->t_state != TCPS_TIME_WAIT ||
	    (sg->flags & (TH_SYN | TH_ACK | TH_RST)) != TH_SYN)
		return (false);
	if ((tp->t_flags & TF_TSTAMP) != 0 && sg->opt.has_tstamp &&
	    sg->opt.tsval != tp->t_ts_recent)
		return ((int32_t)(sg->opt.tsval - tp->t_ts_recent) > 0);
	return (seq_lt(tp->t_rcv_nxt, sg->seq));
}

/* Does the socket refuse it by its distance, or its signature? */
static enum drop_reason
refused(const struct inpcb *inp, const struct mbuf *m,
    const struct ip_input_ctx *ctx, const struct in_pcb_key *k,
    const struct tcp_seg *sg)
{
	const struct tcpcb *tp = inp->inp_ppcb;

	if (in_pcb_ttl_low(inp, ctx->af, ctx->ttl))
		return (DROP_TCP_MINTTL);
	if ((sg->opt.has_md5 || !SLIST_EMPTY(&tp->t_md5keys)) &&
	    !tcp_md5_good(tp, k, m, ctx->off, sg))
		return (DROP_TCP_MD5);
	return (DROP_NONE);
}

static struct inpcb *
find(const struct mbuf *m, const struct ip_input_ctx *ctx,
    const struct in_pcb_key *k, struct tcp_seg *sg, uint64_t now)
{
	struct inpcb *inp = in_pcb_input(&tcp_pcbs, m, k);
	struct tcpcb *tp;

	if (inp == NULL || !begins_anew(tp = inp->inp_ppcb, sg) ||
	    refused(inp, m, ctx, k, sg) != DROP_NONE)
		return (inp);
	sg->anew = true;
	sg->above = tp->t_snd_nxt;
	(void)tcp_end(tp, 0, now);
	return (in_pcb_input(&tcp_pcbs, m, k));
}

/* --- rung 5 --- */

static void
nobody(struct mbuf *m, const struct in_pcb_key *k, const struct tcp_seg *sg)
{
	tcp_reset_reply(k, sg);
	m_drop(m, DROP_TCP_NOPORT);
}

static void
listen_input(struct inpcb *inp, struct mbuf *m, const struct in_pcb_key *k,
    const struct ip_input_ctx *ctx, struct tcp_seg *sg, uint64_t now)
{
	bool reset = false;
	struct tcpcb *tp;

	if ((sg->flags & TH_RST) != 0) {
		tcp_syncache_rst(k, sg);
		m_freem(m);
	} else if ((sg->flags & (TH_SYN | TH_ACK)) == TH_SYN) {
		tcp_syncache_syn(inp, k, ctx, sg, now);
		m_freem(m); /* bytes of a SYN come again */
	} else if ((sg->flags & (TH_SYN | TH_ACK)) == TH_ACK) {
		tp = tcp_syncache_ack(inp, k, sg, &reset, now);
		if (tp != NULL)
			(void)tcp_segment(tp, m, sg, now);
		else if (reset)
			nobody(m, k, sg);
		else
			m_drop(m, DROP_TCP_LISTENFULL);
	} else if ((sg->flags & TH_ACK) != 0)
		nobody(m, k, sg);
	else
		m_drop(m, DROP_TCP_NOACK);
}

static void
conn_input(struct tcpcb *tp, struct mbuf *m, struct tcp_seg *sg, uint64_t now)
{
	if (tp->t_state == TCPS_SYN_SENT)
		(void)tcp_segment_synsent(tp, m, sg, now);
	else
		(void)tcp_segment(tp, m, sg, now);
}

void
tcp_input_segment(struct mbuf *m, const struct ip_input_ctx *ctx,
    struct tcp_seg *sg, struct in_pcb_key *k)
{
	uint64_t now = uptime_us();
	enum drop_reason why;
	struct inpcb *inp;
	struct tcpcb *tp;

	inp = find(m, ctx, k, sg, now);
	if (inp != NULL)
		k->rtable = inp->inp_rtable; /* answers go by the socket's */
	tp = inp != NULL ? inp->inp_ppcb : NULL;
	if (tp == NULL || tp->t_state == TCPS_CLOSED ||
	    (tp->t_state == TCPS_LISTEN &&
		(inp->inp_socket->so_state & SS_LISTEN) == 0)) {
		nobody(m, k, sg);
		return;
	}
	if ((why = refused(inp, m, ctx, k, sg)) != DROP_NONE) {
		m_drop(m, why);
		return;
	}
	m_adj(m, (int)(ctx->off + sg->hlen));
	if (tp->t_state == TCPS_LISTEN)
		listen_input(inp, m, k, ctx, sg, now);
	else
		conn_input(tp, m, sg, now);
}

void
tcp_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	struct in_pcb_key k = { .af = ctx->af,
		.laddr = ctx->dst,
		.faddr = ctx->src,
		.rtable = m->m_pkthdr.rtableid,
		.ifindex = ctx->ifp->if_index };
	enum drop_reason why;
	struct tcp_seg sg;

	tcpstat_inc(TCPC_IN);
	if ((why = segment_read(m, ctx, &sg, &k)) != DROP_NONE)
		m_drop(m, why);
	else if (!tcp_coalesce(m, ctx, &sg, &k))
		tcp_input_segment(m, ctx, &sg, &k);
}
