/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A segment for a connection (RFC 9293 3.10.7.3, 3.10.7.4, with RFC 5961 and
 * 7323).  Its ladder, from SYN_RCVD on:
 *	1. timestamps: is it older than what came before (PAWS)?
 *	2. RST: exactly at rcv_nxt it ends the connection, elsewhere in the
 *	   window it is challenged, outside it is nothing
 *	3. SYN: challenged wherever it stands, unless it is a repetition of the
 *	   first
 *	4. does any of it lie in the window?  what does not is cut off
 *	5. ACK: none, or one for what was never sent, is refused; who passes
 *	   here was the peer, and its timestamp is remembered
 *	6. what the acknowledgment means: tcp_ack()
 *	7. urgent data: in line with the rest (RFC 6093)
 *	8. bytes and FIN: tcp_reass_add()
 * A rung lets the segment pass to the next, or it is the last.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/uidinfo.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>

#define PAWS_IDLE        tcp_coarse(24ULL * 24 * 3600 * 1000000) /* RFC 7323 5.5 */
#define CHALLENGE_GAP_US 500000 /* between two, of one connection */

enum verdict {
	PASS,  /* to the next rung */
	DONE,  /* the segment has been served; m is free to go */
	DROP,  /* counted by the reason in *why */
	ENDED, /* the connection is closed, perhaps gone; m is free to go */
};
struct step {
	struct mbuf *m;
	struct tcp_seg *sg;
	uint64_t now;
	enum drop_reason why;
};

/* --- challenges --- */

/* At most tcp_ackpps a second of all connections, give or take a half. */
static bool
challenge_allowed(uint64_t now)
{
	static uint64_t second;
	static uint32_t left;

	if (now / 1000000 != second) {
		second = now / 1000000;
		left = (uint32_t)tcp_ackpps / 2 +
		    arc4random_uniform((uint32_t)tcp_ackpps);
	}
	if (left == 0)
		return (false);
	left--;
	return (true);
}

static bool
challenged_just_now(const struct tcpcb *tp, uint64_t now)
{
	return (tp->t_challenge_at != 0 &&
	    tcp_short(now) - tp->t_challenge_at < CHALLENGE_GAP_US);
}

void
tcp_challenge(struct tcpcb *tp, uint64_t now)
{
	if (challenged_just_now(tp, now) || !challenge_allowed(now))
		return;
	tp->t_challenge_at = tcp_short(now);
	tcpstat_inc(TCPC_CHALLENGE);
	tcp_send_ack(tp, now);
}

/*
 * An answer to what is not taken.  One to a segment without bytes comes
 * seldom, for two ends that disagree would answer each other for ever; but
 * nobody else's challenges use it up: it may be a keepalive that asks.
 */
static void
acknowledge_refused(struct tcpcb *tp, const struct step *s)
{
	if (tcp_seg_space(s->sg) == 0) {
		if (challenged_just_now(tp, s->now))
			return;
		tp->t_challenge_at = tcp_short(s->now);
	}
	tp->t_flags |= TF_ACKNOW;
}

/* --- rung 1 --- */

static enum verdict
rung_timestamp(struct tcpcb *tp, struct step *s)
{
	const struct tcp_opts *o = &s->sg->opt;

	if ((tp->t_flags & TF_TSTAMP) == 0 || (s->sg->flags & TH_RST) != 0)
		return (PASS);
	if (!o->has_tstamp) {
		s->why = DROP_TCP_NOTSTAMP;
		return (DROP);
	}
	if ((int32_t)(o->tsval - tp->t_ts_recent) >= 0)
		return (PASS);
	if (tcp_coarse(s->now) - tp->t_ts_recent_age > PAWS_IDLE)
		return (PASS); /* remembered when all else is right, rung 5 */
	tcpstat_inc(TCPC_PAWS);
	acknowledge_refused(tp, s);
	s->why = DROP_TCP_PAWS;
	return (DROP);
}

/* --- rung 2 --- */

static enum verdict
rung_reset(struct tcpcb *tp, struct step *s)
{
	uint32_t seq = s->sg->seq;
	int error = ECONNRESET;

	if ((s->sg->flags & TH_RST) == 0)
		return (PASS);
	tcpstat_inc(TCPC_RST_IN);
	if (tp->t_state == TCPS_TIME_WAIT) { /* RFC 1337 */
		s->why = DROP_TCP_RST;
		return (DROP);
	}
	if (seq_lt(seq, tp->t_rcv_nxt) ||
	    seq_lt(seq_max(tp->t_rcv_adv, tp->t_rcv_nxt), seq)) {
		s->why = DROP_TCP_RST;
		return (DROP);
	}
	if (seq != tp->t_rcv_nxt) {
		tcp_challenge(tp, s->now);
		s->why = DROP_TCP_RST;
		return (DROP);
	}
	if (tp->t_state == TCPS_SYN_RCVD)
		error = ECONNREFUSED;
	else if (tp->t_state == TCPS_CLOSING || tp->t_state == TCPS_LAST_ACK)
		error = 0;
	else if (tp->t_state == TCPS_CLOSE_WAIT)
		error = EPIPE;
	(void)tcp_end(tp, error, s->now);
	return (ENDED);
}

/* --- rung 3 --- */

static enum verdict
rung_syn(struct tcpcb *tp, struct step *s)
{
	const struct tcp_seg *sg = s->sg;

	if ((sg->flags & TH_SYN) == 0)
		return (PASS);
	if (tp->t_state == TCPS_SYN_RCVD && sg->seq == tp->t_irs) {
		if ((sg->flags & TH_ACK) != 0)
			return (PASS); /* both began at once */
		tcpstat_inc(TCPC_IN_DUP);
		tcp_send_syn(tp, s->now); /* ours was lost */
		return (DONE);
	}
	tcp_challenge(tp, s->now); /* RFC 5961 4.2 */
	s->why = DROP_TCP_SYN;
	return (DROP);
}

/* --- rung 4 --- */

/* Nothing of it is new: only an acknowledgment is due. */
static enum verdict
old_segment(struct tcpcb *tp, struct step *s)
{
	const struct tcp_seg *sg = s->sg;

	tcpstat_inc(TCPC_IN_DUP);
	if (tp->t_state == TCPS_TIME_WAIT && (sg->flags & TH_FIN) != 0)
		tcp_timer_set(tp, TCPT_2MSL, s->now,
		    2000000ULL * (uint64_t)tcp_msl_s);
	s->why = DROP_TCP_DUP;
	if ((tp->t_flags & TF_SACK) != 0 && sg->len > 0)
		tp->t_dsack = (struct tcp_sack){ sg->seq, sg->seq + sg->len };
	acknowledge_refused(tp, s);
	return (DROP);
}

/* Cuts off what came before. */
static void
trim_front(struct tcpcb *tp, struct step *s)
{
	struct tcp_seg *sg = s->sg;
	uint32_t n = tp->t_rcv_nxt - sg->seq;

	if (sg->urp <= n)
		sg->flags &= (uint8_t)~TH_URG;
	sg->urp = (uint16_t)(sg->urp - MIN(n, sg->urp));
	m_adj(s->m, (int)n);
	sg->seq += n;
	sg->len -= n;
	tp->t_flags |= TF_ACKNOW;
}

static enum verdict
rung_window(struct tcpcb *tp, struct step *s)
{
	struct tcp_seg *sg = s->sg;
	uint32_t space = tcp_seg_space(sg), right, over;

	right = seq_max(tp->t_rcv_adv, tp->t_rcv_nxt);
	if ((sg->flags & TH_SYN) != 0) { /* rung 3: it is the first one */
		sg->flags &= (uint8_t)~TH_SYN;
		sg->seq++;
	} else if (seq_lt(sg->seq, tp->t_rcv_nxt)) {
		if (seq_leq(sg->seq + space, tp->t_rcv_nxt))
			return (old_segment(tp, s));
		trim_front(tp, s);
	}
	if (seq_lt(right, sg->seq) ||
	    (sg->seq == right && space > 0 && right != tp->t_rcv_nxt)) {
		acknowledge_refused(tp, s);
		s->why = DROP_TCP_WINDOW;
		return (DROP);
	}
	if (seq_lt(right,
		sg->seq + sg->len)) { /* a closed window: ACK counts */
		over = sg->seq + sg->len - right;
		m_adj(s->m, -(int)over);
		sg->len -= over;
		sg->flags &= (uint8_t) ~(TH_FIN | TH_PUSH);
		tp->t_flags |= TF_ACKNOW;
	}
	return (PASS);
}

/* --- rung 5 --- */

/* The peer is there, and its clock stands here (RFC 7323 4.3). */
static void
heard(struct tcpcb *tp, const struct step *s)
{
	const struct tcp_seg *sg = s->sg;

	tp->t_heard_at = s->now;
	tp->t_kprobes = 0;
	if ((tp->t_flags & TF_TSTAMP) == 0 || !sg->opt.has_tstamp ||
	    seq_lt(tp->t_rcv_told, sg->seq))
		return;
	tp->t_ts_recent = sg->opt.tsval;
	tp->t_ts_recent_age = tcp_coarse(s->now);
}

static enum verdict
rung_ack(struct tcpcb *tp, struct step *s)
{
	const struct tcp_seg *sg = s->sg;
	struct in_pcb_key k;

	s->why = DROP_TCP_BADACK;
	if ((sg->flags & TH_ACK) == 0)
		return (DROP);
	if (tp->t_state == TCPS_SYN_RCVD &&
	    (!seq_lt(tp->t_snd_una, sg->ack) ||
		seq_lt(tp->t_snd_nxt, sg->ack))) {
		tcp_key(tp, &k);
		k.ifindex = tp->t_inp->inp_scope;
		tcp_reset_reply(&k, sg);
		return (DROP);
	}
	/* RFC 5961 5.2 */
	if (seq_lt(tp->t_snd_nxt, sg->ack) ||
	    seq_lt(sg->ack, tp->t_snd_una - MIN(tp->t_snd_wndmax, 1U << 30))) {
		tcp_challenge(tp, s->now);
		return (DROP);
	}
	heard(tp, s);
	return (PASS);
}

/* --- rung 6 --- */

static enum verdict
rung_acked(struct tcpcb *tp, struct step *s)
{
	struct tcp_seg *sg = s->sg;
	bool first = tp->t_state == TCPS_SYN_RCVD;

	if (first) {
		tp->t_snd_wl1 = sg->seq - 1; /* whatever it says is news */
		if (!tcp_state_event(tp, TCPE_SYNACKED, s->now))
			panic("tcp: ack in %s", tcp_state_name(tp->t_state));
	}
	return (tcp_ack(tp, sg, s->now) ? PASS : ENDED);
}

/* --- rungs 7 and 8 --- */

/*
 * The pointer stands behind the urgent byte, as everybody has it (RFC 6093 3.1,
 * 6), not at it.  The byte stays where it is; a later one takes the mark.
 */
static enum verdict
rung_urgent(struct tcpcb *tp, struct step *s)
{
	uint32_t up = s->sg->seq + s->sg->urp;

	if ((s->sg->flags & TH_URG) == 0 || s->sg->urp == 0 ||
	    (tcp_state_flags(tp->t_state) & TSF_RECV) == 0)
		return (PASS);
	if ((tp->t_flags & TF_URGENT_IN) != 0 && !seq_lt(tp->t_rcv_up, up))
		return (PASS);
	tp->t_rcv_up = up;
	tp->t_flags |= TF_URGENT_IN;
	return (PASS);
}

/*
 * Is an acknowledgment due now, or later?  It waits for an answer of the
 * program to travel with.  Where that did not come in time, who sends small
 * pieces by Nagle's rule stood still meanwhile: then what was pushed is
 * acknowledged at once, until some answers were given.
 */
static void
acknowledge(struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now)
{
	uint32_t waiting = tp->t_rcv_nxt - tp->t_rcv_told;

	if (waiting == 0)
		return;
	if (waiting >= 2U * tp->t_mss || (tp->t_flags & TF_QUICKACK) != 0 ||
	    (tp->t_prompt > 0 && (sg->flags & TH_PUSH) != 0))
		tp->t_flags |= TF_ACKNOW;
	else if (!tcp_timer_armed(tp, TCPT_DELACK))
		tcp_timer_set(tp, TCPT_DELACK, now,
		    (uint64_t)tcp_delack_ms * 1000);
}

/*
 * The receive buffer grows while the program keeps up with more than half of
 * it in a round trip, unless it has set the size.
 */
static void
rcvbuf_grow(struct tcpcb *tp, uint64_t now)
{
	struct socket *so = tcp_so(tp);
	uint64_t rtt = tp->t_srtt_us != 0 ? tp->t_srtt_us : 100000, want;
	uint32_t got = tp->t_rcv_nxt - tp->t_rcv_meas_seq;

	if (tcp_short(now) - tp->t_rcv_meas_start < rtt)
		return;
	tp->t_rcv_meas_seq = tp->t_rcv_nxt;
	tp->t_rcv_meas_start = tcp_short(now);
	if (so->so_rcv.sb_hiwat != tp->t_rcv_auto ||
	    got < so->so_rcv.sb_hiwat / 2 || ui_busy(so->so_ui))
		return;
	want = MIN(so->so_rcv.sb_hiwat * 2, (uint64_t)tcp_recvmax);
	if (want > so->so_rcv.sb_hiwat)
		so->so_rcv.sb_hiwat = tp->t_rcv_auto = want;
}

static void
ecn_received(struct tcpcb *tp, const struct tcp_seg *sg)
{
	if ((tp->t_flags & TF_ECN) == 0)
		return;
	if ((sg->flags & TH_CWR) != 0)
		tp->t_flags &= ~(uint32_t)TF_ECN_ECHO;
	if (!sg->ce)
		return;
	tcpstat_inc(TCPC_ECN_CE);
	tp->t_flags |= TF_ECN_ECHO | TF_ACKNOW;
}

/*
 * The window was told when there was room; then other sockets of the user took
 * his share, and all of packet memory will soon be used up.  Their programs
 * read first, and the bytes come again.
 */
static bool
no_share(const struct tcpcb *tp)
{
	const struct socket *so = tcp_so(tp);

	return (mb_tight() && sbroom(so, &so->so_rcv) == 0 &&
	    sbspace(&so->so_rcv) > 0);
}

static enum verdict
rung_text(struct tcpcb *tp, struct step *s)
{
	struct tcp_seg *sg = s->sg;

	ecn_received(tp, sg);
	if ((tcp_state_flags(tp->t_state) & TSF_RECV) == 0)
		return (DONE);
	if (sg->len > 0 && (tp->t_flags & TF_GONE) != 0) {
		(void)tcp_abort(tp, 0, s->now); /* nobody will read it */
		return (ENDED);
	}
	if (sg->len > 0 && no_share(tp)) {
		s->why = DROP_TCP_SHARE;
		return (DROP);
	}
	tcpstat_add(TCPC_IN_BYTES, sg->len);
	tcp_reass_add(tp, s->m, sg, s->now);
	s->m = NULL;
	acknowledge(tp, sg, s->now);
	rcvbuf_grow(tp, s->now);
	return (DONE);
}

/* --- the ladder --- */

static enum verdict (*const ladder[])(struct tcpcb *, struct step *) = {
	rung_timestamp,
	rung_reset,
	rung_syn,
	rung_window,
	rung_ack,
	rung_acked,
	rung_urgent,
	rung_text,
};

static bool
finish(struct tcpcb *tp, struct step *s, enum verdict v)
{
	if (v == DROP)
		m_drop(s->m, s->why);
	else
		m_freem(s->m);
	if (v == ENDED)
		return (false);
	tcp_output(tp, s->now);
	return (true);
}

bool
tcp_segment(struct tcpcb *tp, struct mbuf *m, struct tcp_seg *sg, uint64_t now)
{
	struct step s = { .m = m, .sg = sg, .now = now };
	enum verdict v = PASS;
	unsigned int i;

	for (i = 0; i < nitems(ladder) && v == PASS; i++)
		v = ladder[i](tp, &s);
	return (finish(tp, &s, v));
}

/* --- SYN_SENT --- */

/* The peer's SYN: what both agree on. */
static void
synsent_agree(struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now)
{
	uint8_t ecn = sg->flags & (TH_ECE | TH_CWR);
	bool ack = (sg->flags & TH_ACK) != 0;

	tp->t_irs = sg->seq;
	tp->t_rcv_adv += sg->seq + 1 - tp->t_rcv_nxt;
	tp->t_rcv_nxt = tp->t_rcv_told = tp->t_rcv_up = sg->seq + 1;
	tp->t_rcv_meas_seq = tp->t_rcv_nxt;
	tp->t_rcv_meas_start = tcp_short(now);
	if (tcp_ecn != 0 &&
	    (ack ? tcp_ecn == 1 && ecn == TH_ECE : ecn == (TH_ECE | TH_CWR)))
		tp->t_flags |= TF_ECN;
	tcp_agree(tp, &sg->opt, now);
	tp->t_snd_wnd = tp->t_snd_wndmax = sg->win;
	tp->t_snd_wl1 = sg->seq;
	tp->t_snd_wl2 = sg->ack;
}

bool
tcp_segment_synsent(struct tcpcb *tp, struct mbuf *m, struct tcp_seg *sg,
    uint64_t now)
{
	struct step s = { .m = m,
		.sg = sg,
		.now = now,
		.why = DROP_TCP_BADACK };
	bool ack = (sg->flags & TH_ACK) != 0;
	struct in_pcb_key k;

	tp->t_heard_at = now;
	if (ack &&
	    (seq_leq(sg->ack, tp->t_iss) || seq_lt(tp->t_snd_nxt, sg->ack))) {
		tcp_key(tp, &k);
		k.ifindex = tp->t_inp->inp_scope;
		tcp_reset_reply(&k, sg);
		return (finish(tp, &s, DROP));
	}
	if ((sg->flags & TH_RST) != 0) {
		s.why = DROP_TCP_RST;
		if (!ack)
			return (finish(tp, &s, DROP));
		tcpstat_inc(TCPC_RST_IN);
		(void)tcp_end(tp, ECONNREFUSED, now);
		return (finish(tp, &s, ENDED));
	}
	s.why = DROP_TCP_SYN;
	if ((sg->flags & TH_SYN) == 0)
		return (finish(tp, &s, DROP));
	synsent_agree(tp, sg, now);
	if (!ack) { /* both began at once */
		(void)tcp_state_event(tp, TCPE_SYN, now);
		tcp_send_syn(tp, now);
		return (finish(tp, &s, DONE));
	}
	(void)tcp_state_event(tp, TCPE_SYNACKED, now);
	if (!tcp_ack(tp, sg, now))
		return (finish(tp, &s, ENDED));
	tp->t_flags |= TF_ACKNOW;
	sg->seq++;
	sg->flags &= (uint8_t)~TH_SYN;
	return (finish(tp, &s, rung_text(tp, &s)));
}
