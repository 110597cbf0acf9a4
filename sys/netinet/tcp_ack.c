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
 * When the peer has more than three segments that were sent after a byte was
 * sent for the second time, and still not that byte, that one was lost as
 * well: the marks go back to snd_una.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <netinet/tcp_var.h>

#define DUP_THRESH       3
#define TS_SAMPLE_MAX_MS 600000U

/* --- round trips --- */

static void
sample(struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now)
{
	uint32_t ms;

	if ((tp->t_flags & TF_RTT) != 0) {
		if (seq_lt(tp->t_rtt_seq, sg->ack)) {
			tp->t_flags &= ~(uint32_t)TF_RTT;
			tcp_rtt_sample(tp, now - tp->t_rtt_start);
		}
		return;
	}
	if ((tp->t_flags & TF_TSTAMP) == 0 || !sg->opt.has_tstamp ||
	    sg->opt.tsecr == 0)
		return;
	ms = tcp_ts_now(tp->t_ts_offset, now) - sg->opt.tsecr;
	if (ms < TS_SAMPLE_MAX_MS)
		tcp_rtt_sample(tp, (uint64_t)ms * 1000);
}

/* --- the send buffer --- */

/* It follows the congestion window, unless the program has set its size. */
static void
sndbuf_grow(struct tcpcb *tp, struct socket *so)
{
	uint64_t want = 2 * (uint64_t)tp->t_cwnd;

	if (so->so_snd.sb_hiwat != tp->t_snd_auto ||
	    want <= so->so_snd.sb_hiwat)
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
	sbdrop(&so->so_snd, MIN(bytes, so->so_snd.sb_cc));
	tp->t_snd_una += n;
	if (tp->t_at_m != NULL && seq_lt(tp->t_at_seq, tp->t_snd_una))
		tp->t_at_m = NULL;
	sndbuf_grow(tp, so);
	if ((tp->t_flags & TF_GONE) == 0 && sbspace(&so->so_snd) > 0 &&
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
	tcp_cc_congested(tp, now);
	tp->t_flags |= TF_RECOVERY;
	tp->t_flags &= ~(uint32_t)TF_RTT;
	tp->t_recover = tp->t_rxt_mark = tp->t_snd_nxt;
	tp->t_rxt_nxt = tp->t_snd_una;
}

/* Was what we sent again lost again? */
static void
lost_again(struct tcpcb *tp)
{
	const struct tcp_range *last = TAILQ_LAST(&tp->t_sacked, tcp_ranges);

	if (last == NULL || !seq_lt(tp->t_snd_una, tp->t_rxt_nxt) ||
	    !seq_lt(tp->t_rxt_mark + DUP_THRESH * tp->t_mss, last->r_end))
		return;
	tp->t_rxt_nxt = tp->t_snd_una;
	tp->t_rxt_mark = tp->t_snd_nxt;
}

static void
judge_sack(struct tcpcb *tp, uint64_t now)
{
	uint32_t to = tcp_sack_lost_to(tp);
	bool bad = (tp->t_flags & (TF_RECOVERY | TF_LOSS)) != 0;

	if (!bad && tp->t_dupacks >= DUP_THRESH && to == tp->t_snd_una)
		to = seq_min(tp->t_snd_una + tp->t_mss, tp->t_snd_nxt);
	if (seq_lt(tp->t_lost_to, to))
		tp->t_lost_to = to;
	if (bad)
		lost_again(tp);
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
	} else if (tp->t_dupacks >= DUP_THRESH) {
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
	if ((tp->t_flags & TF_ECN) == 0 || (sg->flags & TH_ECE) == 0 ||
	    seq_lt(sg->ack, tp->t_ecn_recover))
		return;
	tcpstat_inc(TCPC_ECN_ECE);
	if ((tp->t_flags & (TF_RECOVERY | TF_LOSS)) == 0)
		tcp_cc_congested(tp, now);
	tp->t_ecn_recover = tp->t_snd_nxt;
	tp->t_flags |= TF_ECN_CWR;
}

/* --- all of it --- */

static void
advance(struct tcpcb *tp, const struct tcp_seg *sg, uint32_t acked,
    uint64_t now)
{
	uint32_t flight = tp->t_snd_nxt - tp->t_snd_una;
	bool first = tp->t_snd_una == tp->t_iss;

	sample(tp, sg, now);
	tp->t_backoff = 0;
	tp->t_softerror = 0;
	release(tp, acked);
	tcp_sack_acked(tp);
	tp->t_lost_to = seq_max(tp->t_lost_to, tp->t_snd_una);
	tp->t_rxt_nxt = seq_max(tp->t_rxt_nxt, tp->t_snd_una);
	if ((tp->t_flags & (TF_RECOVERY | TF_LOSS)) == 0) {
		tp->t_dupacks = 0;
		tp->t_reno_out = 0;
	}
	if (!first)
		tcp_cc_acked(tp, acked, flight, now);
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
	if (is_duplicate(tp, sg, sacked))
		count_duplicate(tp);
	if (seq_lt(tp->t_snd_una, sg->ack)) {
		acked = sg->ack - tp->t_snd_una;
		advance(tp, sg, acked, now);
	}
	tcp_window_update(tp, sg);
	ecn_echoed(tp, sg, now);
	judge(tp, acked, now);
	if (fin)
		(void)tcp_state_event(tp, TCPE_FINACKED, now);
	if (tp->t_state != TCPS_CLOSED)
		return (true);
	(void)tcp_end(tp, 0, now);
	return (false);
}
