/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What an acknowledgment means: a round trip, room to send, loss.
 *
 * Two kinds of bad time, both until snd_una reaches t_recover:
 *	TF_RECOVERY	fast recovery: some was lost, much arrives (RFC 6675;
 *			RFC 6582 without SACK)
 *	TF_LOSS		after a timeout: all under way was taken for lost
 * In both, tcp_output() first sends again what lies between t_rxt_nxt and
 * t_lost_to, and new bytes after that, as long as the pipe is below cwnd.
 *
 * When the peer has something that was sent after the first hole was filled
 * for the second time, and more than a round trip ago, and the hole is still
 * there, that was lost as well (as in RFC 8985): the marks go back to snd_una.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/uidinfo.h>
#include <netinet/tcp_var.h>

#define TS_SAMPLE_MAX_MS 600000U
#define MSS_KEEP         tcp_coarse(600000000ULL)

/* --- round trips --- */

/* Milliseconds since that was sent which sg answers, by its timestamp. */
static uint32_t
answer_ms(const struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now)
{
	if ((tp->t_flags & TF_TSTAMP) == 0 || !sg->opt.has_tstamp ||
	    sg->opt.tsecr == 0)
		return (TS_SAMPLE_MAX_MS);
	return (tcp_ts_now(tp->t_ts_offset, now) - sg->opt.tsecr);
}

/* False: it tells of none. */
static bool
sample(struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now)
{
	uint32_t ms = answer_ms(tp, sg, now);

	if (ms < TS_SAMPLE_MAX_MS)
		tcp_cc_rtt(tp, (uint64_t)ms * 1000); /* it wants many */
	if ((tp->t_flags & TF_RTT) != 0) {
		if (!seq_lt(tp->t_rtt_seq, sg->ack))
			return (false);
		tp->t_flags &= ~(uint32_t)TF_RTT;
		tcp_rtt_sample(tp, tcp_short(now) - tp->t_rtt_start);
		return (true);
	}
	/* after a timeout it may speak of the first try, whose answer was lost */
	if (ms >= TS_SAMPLE_MAX_MS ||
	    (tp->t_backoff != 0 && ms > (now - tp->t_sent_at) / 1000 + 1))
		return (false);
	tcp_rtt_sample(tp, (uint64_t)ms * 1000);
	return (true);
}

/* --- the send buffer --- */

/* It follows the congestion window, unless the program has set its size. */
static void
sndbuf_grow(struct tcpcb *tp, struct socket *so)
{
	uint64_t want = 2 * (uint64_t)tp->t_cwnd;

	if (so->so_snd.sb_hiwat != tp->t_snd_auto ||
	    want <= so->so_snd.sb_hiwat || ui_busy(so->so_ui))
		return;
	want = MIN(want, (uint64_t)tcp_sendmax);
	if (want > so->so_snd.sb_hiwat)
		so->so_snd.sb_hiwat = tp->t_snd_auto = want;
}

/* n bytes of sequence space have arrived; what of them the program wrote. */
static void
release(struct tcpcb *tp, uint32_t n)
{
	struct socket *so = tcp_so(tp);
	uint64_t bytes = n;

	if (tp->t_snd_una == tp->t_iss)
		bytes--; /* our SYN */
	sbdrop(so, MIN(bytes, so->so_snd.sb_cc));
	tp->t_snd_una += n;
	if (tp->t_at_m != NULL && seq_lt(tp->t_at_seq, tp->t_snd_una))
		tp->t_at_m = NULL;
	sndbuf_grow(tp, so);
	if ((tp->t_flags & TF_GONE) == 0 && sbroom(so, &so->so_snd) > 0 &&
	    (so->so_state & SS_CONNECTED) != 0)
		sosndroom(so);
}

/* --- loss --- */

static void
recovery_end(struct tcpcb *tp)
{
	tp->t_flags &= ~(uint32_t)(TF_RECOVERY | TF_LOSS);
	tp->t_dupacks = 0;
	tp->t_reno_out = 0;
	tp->t_lost_to = tp->t_rxt_nxt = tp->t_snd_una;
}

static void
recovery_begin(struct tcpcb *tp, uint64_t now)
{
	tcpstat_inc(TCPC_RECOVERIES);
	tp->t_undo_cwnd = tp->t_cwnd;
	tp->t_undo_ssthresh = tp->t_ssthresh;
	tp->t_undo_left = 0;
	tcp_cc_congested(tp, now);
	tp->t_flags |= TF_RECOVERY;
	tp->t_flags &= ~(uint32_t)TF_RTT;
	tp->t_recover = tp->t_rxt_mark = tp->t_snd_nxt;
	tp->t_rxt_nxt = tp->t_snd_una;
}

/* Was what we sent again lost again? */
static void
lost_again(struct tcpcb *tp, uint64_t now)
{
	const struct tcp_range *last = TAILQ_LAST(&tp->t_sacked, tcp_ranges);
	uint64_t patience = tp->t_srtt_us + tp->t_srtt_us / 4;

	if (last == NULL || !seq_lt(tp->t_snd_una, tp->t_rxt_nxt) ||
	    !seq_lt(tp->t_rxt_mark, last->r_end) ||
	    tcp_short(now) - tp->t_rxt_at < MAX(patience, 1000ULL))
		return;
	tp->t_rxt_nxt = tp->t_snd_una;
	tp->t_rxt_mark = tp->t_snd_nxt;
}

/*
 * The peer got twice what we sent twice: it was late, not lost.  Be more
 * patient; when all that was sent again was needless, so was slowing down.
 */
static void
needless(struct tcpcb *tp)
{
	tcpstat_inc(TCPC_NEEDLESS);
	tp->t_reorder = (uint8_t)MIN(tp->t_reorder + tp->t_reorder / 2,
	    TCP_REORDER_MAX);
	if (tp->t_undo_left == 0 || --tp->t_undo_left > 0 ||
	    (tp->t_flags & TF_LOSS) != 0)
		return;
	tp->t_cwnd = MAX(tp->t_cwnd, tp->t_undo_cwnd);
	tp->t_ssthresh = MAX(tp->t_ssthresh, tp->t_undo_ssthresh);
	if ((tp->t_flags & TF_RECOVERY) != 0)
		recovery_end(tp);
}

static void
judge_sack(struct tcpcb *tp, uint64_t now)
{
	uint32_t to = tcp_sack_lost_to(tp);
	bool bad = (tp->t_flags & (TF_RECOVERY | TF_LOSS)) != 0;

	if (!bad && tp->t_dupacks >= tp->t_reorder && to == tp->t_snd_una)
		to = seq_min(tp->t_snd_una + tp->t_mss, tp->t_snd_nxt);
	if (seq_lt(tp->t_lost_to, to))
		tp->t_lost_to = to;
	if (bad)
		lost_again(tp, now);
	else if (seq_lt(tp->t_snd_una, to))
		recovery_begin(tp, now);
}

/* RFC 6582: a partial acknowledgment points at the next hole. */
static void
judge_reno(struct tcpcb *tp, uint32_t acked, uint64_t now)
{
	uint32_t hole = seq_min(tp->t_snd_una + tp->t_mss, tp->t_snd_nxt);

	if ((tp->t_flags & TF_LOSS) != 0)
		return;
	if ((tp->t_flags & TF_RECOVERY) != 0) {
		if (acked == 0)
			return;
		tp->t_reno_out -= MIN(tp->t_reno_out,
		    acked - MIN(acked, tp->t_mss));
		tp->t_rxt_nxt = tp->t_snd_una;
		tp->t_lost_to = hole;
	} else if (tp->t_dupacks >= tp->t_reorder) {
		recovery_begin(tp, now);
		tp->t_lost_to = hole;
	}
}

static void
judge(struct tcpcb *tp, uint32_t acked, uint64_t now)
{
	if ((tp->t_flags & (TF_RECOVERY | TF_LOSS)) != 0 &&
	    seq_leq(tp->t_recover, tp->t_snd_una))
		recovery_end(tp);
	if ((tp->t_flags & TF_SACK) != 0)
		judge_sack(tp, now);
	else
		judge_reno(tp, acked, now);
}

/* --- duplicates --- */

/* RFC 5681 2, or news of SACK. */
static bool
is_duplicate(const struct tcpcb *tp, const struct tcp_seg *sg, uint32_t sacked)
{
	if (sg->ack != tp->t_snd_una || tp->t_snd_una == tp->t_snd_nxt ||
	    tcp_seg_space(sg) != 0)
		return (false);
	if ((tp->t_flags & TF_SACK) != 0)
		return (sacked > 0);
	return (sg->win << tp->t_snd_scale == tp->t_snd_wnd);
}

static void
count_duplicate(struct tcpcb *tp)
{
	uint32_t flight = tp->t_snd_nxt - tp->t_snd_una;

	if (tp->t_dupacks < UINT8_MAX)
		tp->t_dupacks++;
	if ((tp->t_flags & TF_LOSS) != 0)
		return; /* all was counted out already */
	tp->t_reno_out = MIN(tp->t_reno_out + tp->t_mss,
	    flight - MIN(flight, tp->t_mss));
}

/* --- windows and congestion --- */

void
tcp_window_update(struct tcpcb *tp, const struct tcp_seg *sg)
{
	uint32_t win = sg->win;

	if ((sg->flags & TH_SYN) == 0)
		win <<= tp->t_snd_scale;
	if (!seq_lt(tp->t_snd_wl1, sg->seq) &&
	    !(tp->t_snd_wl1 == sg->seq && seq_leq(tp->t_snd_wl2, sg->ack)))
		return;
	if (win > 0 && tp->t_snd_wnd == 0) {
		tcp_timer_clear(tp, TCPT_PERSIST);
		tp->t_probes = 0;
	}
	tp->t_snd_wnd = win;
	tp->t_snd_wl1 = sg->seq;
	tp->t_snd_wl2 = sg->ack;
	tp->t_snd_wndmax = MAX(tp->t_snd_wndmax, win);
}

/* RFC 3168 6.1.2: as for a loss, once for each window. */
static void
ecn_echoed(struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now)
{
	if ((tp->t_flags & TF_ECN) == 0 ||
	    (sg->flags & (TH_ECE | TH_SYN)) != TH_ECE ||
	    seq_lt(sg->ack, tp->t_ecn_recover))
		return;
	tcpstat_inc(TCPC_ECN_ECE);
	if ((tp->t_flags & (TF_RECOVERY | TF_LOSS)) == 0)
		tcp_cc_congested(tp, now);
	tp->t_ecn_recover = tp->t_snd_nxt;
	tp->t_flags |= TF_ECN_CWR;
}

/*
 * RFC 8985 7.4.2: the tail was sent again and is acknowledged.  One copy has
 * arrived; whether the other did is told by a duplicate, or by silence until
 * more is acknowledged: then a loss was repaired that nothing else has shown.
 */
static void
tail_judge(struct tcpcb *tp, const struct tcp_seg *sg, uint32_t acked,
    uint64_t now)
{
	bool twice = tcp_sack_twice(sg), more = sg->ack != tp->t_tail_end;

	if ((tp->t_flags & TF_TAILAGAIN) == 0 ||
	    seq_lt(sg->ack, tp->t_tail_end))
		return;
	if (!twice && !more &&
	    (acked > 0 || sg->opt.nsacks > 0 || tcp_seg_space(sg) != 0))
		return;
	tp->t_flags &= ~(uint32_t)TF_TAILAGAIN;
	if (!twice && more && (tp->t_flags & (TF_RECOVERY | TF_LOSS)) == 0)
		tcp_cc_congested(tp, now);
}

/*
 * The first news after a timeout: by its timestamp it answers what was sent
 * before, so nothing was lost and the timeout came too early (RFC 3522).  What
 * it did is taken back.  No round trip is learned from it (RFC 4015 3 would):
 * where many acknowledgments are lost it would be that of the peer's timeout.
 */
static void
timeout_judge(struct tcpcb *tp, const struct tcp_seg *sg)
{
	if ((tp->t_flags & TF_TIMEDOUT) == 0)
		return;
	tp->t_flags &= ~(uint32_t)TF_TIMEDOUT;
	if ((tp->t_flags & TF_TSTAMP) == 0 || !sg->opt.has_tstamp ||
	    (int32_t)(sg->opt.tsecr - tp->t_timeout_ts) >= 0)
		return;
	tcpstat_inc(TCPC_TIMEOUTNEEDLESS);
	tp->t_cwnd = MAX(tp->t_cwnd, tp->t_undo_cwnd);
	tp->t_ssthresh = MAX(tp->t_ssthresh, tp->t_undo_ssthresh);
	recovery_end(tp);
}

/* --- all of it --- */

/* The path may be another one by now, or a small MTU forgotten (RFC 8201 4). */
static void
mss_again(struct tcpcb *tp, uint64_t now)
{
	tp->t_mss_at = tcp_coarse(now);
	if (tp->t_mss_probe != 0)
		tp->t_flags &= ~(uint32_t)TF_NODF;
	tp->t_mss_probe = 0;
	tcp_mss_update(tp);
}

static void
advance(struct tcpcb *tp, const struct tcp_seg *sg, uint32_t acked,
    uint64_t now)
{
	uint32_t flight = tp->t_snd_nxt - tp->t_snd_una;
	bool first = tp->t_snd_una == tp->t_iss;

	/* Karn's rule (RFC 6298 3, 5): who answers in longer than RTO would
	 * never be timed if what was sent next had the old one again */
	if (sample(tp, sg, now) || first)
		tp->t_rtoshift = 0;
	tp->t_backoff = 0;
	tp->t_softerror = 0;
	tp->t_flags &= ~(uint32_t)(TF_TAIL | TF_TAILED);
	if (seq_leq(tp->t_snd_up, sg->ack))
		tp->t_flags &= ~(uint32_t)TF_URGENT;
	release(tp, acked);
	tcp_sack_acked(tp);
	tp->t_lost_to = seq_max(tp->t_lost_to, tp->t_snd_una);
	tp->t_rxt_nxt = seq_max(tp->t_rxt_nxt, tp->t_snd_una);
	tp->t_ecn_recover = seq_max(tp->t_ecn_recover, tp->t_snd_una);
	if ((tp->t_flags & (TF_RECOVERY | TF_LOSS)) == 0) {
		tp->t_dupacks = 0;
		tp->t_reno_out = 0;
	}
	if (!first)
		tcp_cc_acked(tp, acked, flight, now);
	if (acked >= tp->t_mss)
		tp->t_full_at = tcp_coarse(now);
	if (tcp_coarse(now) - tp->t_mss_at > MSS_KEEP)
		mss_again(tp, now);
	timeout_judge(tp, sg);
	tcp_timer_clear(tp, TCPT_REXMT); /* the guard sets it anew */
}

bool
tcp_ack(struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now)
{
	uint32_t end = tcp_data_end(tp), acked = 0, sacked = 0;
	bool fin = (tcp_state_flags(tp->t_state) & TSF_FINQ) != 0 &&
	    sg->ack == end + 1;

	if (seq_lt(sg->ack, tp->t_snd_una))
		return (true);
	if ((tp->t_flags & TF_SACK) != 0)
		sacked = tcp_sack_update(tp, sg);
	if (sg->opt.nsacks > 0 && tcp_sack_twice(sg))
		needless(tp);
	if (is_duplicate(tp, sg, sacked))
		count_duplicate(tp);
	if (seq_lt(tp->t_snd_una, sg->ack)) {
		acked = sg->ack - tp->t_snd_una;
		advance(tp, sg, acked, now);
	}
	tcp_window_update(tp, sg);
	ecn_echoed(tp, sg, now);
	tail_judge(tp, sg, acked, now);
	judge(tp, acked, now);
	if (fin)
		(void)tcp_state_event(tp, TCPE_FINACKED, now);
	if (tp->t_state != TCPS_CLOSED)
		return (true);
	(void)tcp_end(tp, 0, now);
	return (false);
}
