/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What is sent again, and when: NewReno and SACK (RFC 6582, 6675), timeouts (RFC
 * 6298), what is taken back (RFC 2018 8, 2883); the scoreboard against a model.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

/* --- loss --- */

BOTH(tcp_three_duplicates_newreno)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t bytes;
	unsigned int i;

	kit_write(so, 10 * MSS);
	(void)kit_outs(&bytes);
	for (i = 0; i < 2; i++) {
		kit_ack(1, 65535);
		kit_nothing();
	}
	kit_ack(1, 65535);
	kit_one(1, MSS); /* the third: again */
	KT(kit_tp(so)->t_cwnd < 10 * MSS);
	for (i = 0; i < 6; i++)
		kit_ack(1, 65535);
	kit_nothing();
	kit_ack(1 + 4 * MSS, 65535); /* partial: the next hole */
	kit_one(1 + 4 * MSS, MSS);
	kit_ack(1 + 10 * MSS, 65535);
	KT_EQ(kit_tp(so)->t_flags & TF_RECOVERY, 0);
	KT(kit_tp(so)->t_cwnd >= 2 * MSS && kit_tp(so)->t_cwnd <= 8 * MSS);
}

BOTH(tcp_sack_fills_holes_only)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	struct kit_out o;
	uint32_t bytes;

	kit_write(so, 10 * MSS);
	(void)kit_outs(&bytes);
	/* 1 and 3 are lost */
	kit_sack(1, 1 + MSS, 1 + 2 * MSS, 0, 0);
	kit_nothing();
	kit_sack(1, 1 + 3 * MSS, 1 + 4 * MSS, 1 + MSS, 1 + 2 * MSS);
	kit_nothing();
	kit_sack(1, 1 + 3 * MSS, 1 + 6 * MSS, 1 + MSS, 1 + 2 * MSS);
	KT(kit_out(&o)); /* the first is lost, and the third as well */
	KT_EQ(o.seq, 1);
	kit_sack(1, 1 + 3 * MSS, 1 + 9 * MSS, 1 + MSS, 1 + 2 * MSS);
	kit_one(1 + 2 * MSS, MSS);
	kit_ack(1 + 10 * MSS, 65535);
	kit_nothing();
	KT_EQ(kit_tp(so)->t_nsacked, 0);
	KT_EQ(kit_tp(so)->t_nrexmt, 2);
}

/* RFC 6675 5 (4.3): more is under way than the halved window, and yet it goes. */
BOTH(tcp_first_lost_goes_at_once)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	uint32_t bytes;

	kit_tp(so)->t_cc = &tcp_cc_newreno;
	kit_write(so, 10 * MSS);
	(void)kit_outs(&bytes);
	for (uint32_t i = 2; i < 4; i++) {
		kit_sack(1, 1 + MSS, 1 + i * MSS, 0, 0);
		kit_nothing();
	}
	kit_sack(1, 1 + MSS, 1 + 4 * MSS, 0, 0);
	kit_one(1, MSS);
	KT_EQ(kit_tp(so)->t_cwnd, 5 * MSS);
	kit_sack(1, 1 + MSS, 1 + 5 * MSS, 0, 0);
	kit_nothing(); /* once */
	kit_ack(1 + 10 * MSS, 65535);
	KT_EQ(kit_tp(so)->t_nrexmt, 1);
}

BOTH(tcp_sack_nonsense_is_passed_over)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	uint32_t bytes;

	kit_write(so, 4 * MSS);
	(void)kit_outs(&bytes);
	kit_sack(1, 1 + 4 * MSS, 1 + 9 * MSS, 0, 0); /* never sent */
	kit_sack(1, 1 + 2 * MSS, 1 + MSS, 0, 0);     /* backwards */
	kit_sack(1, 100, 100, 0, 0);
	KT_EQ(kit_tp(so)->t_nsacked, 0);
	KT_EQ(kit_tp(so)->t_sacked_bytes, 0);
}

BOTH(tcp_timeout_backs_off_and_ends)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	uint64_t at, last = 0;
	unsigned int n = 0;
	uint32_t bytes;

	kit_write(so, 5 * MSS);
	(void)kit_outs(&bytes);
	KT_EQ(bytes, 5 * MSS);
	for (at = 0; at < 2000000 && tp->t_state == TCPS_ESTABLISHED;
	     at += 10) {
		kit_run(10000);
		if (kit_outs(&bytes) == 0)
			continue;
		KT(bytes <= MSS);
		KT_EQ(tp->t_cwnd, tp->t_mss);
		if (n >= 2 && at - last < 63000)
			KT(at - last >= 190); /* doubling is seen below */
		last = at;
		n++;
	}
	KT_EQ(n, 15);
	KT_EQ(so->so_error, ETIMEDOUT);
	KT(at > 100000); /* RFC 9293 3.8.3: R2 */
}

BOTH(tcp_tail_is_probed)
{
	struct socket *so = kit_connect();
	struct kit_seg k = { .flags = TH_SYN | TH_ACK,
		.ack = 1,
		.win = 65535,
		.opt = opt_sack,
		.optlen = sizeof(opt_sack) };
	uint32_t bytes;

	kit_run(20000); /* a round trip of 20 ms */
	kit_in(&k);
	kit_quiet();
	kit_write(so, 3 * MSS);
	(void)kit_outs(&bytes);
	kit_run(30000);
	kit_nothing();
	kit_run(30000);
	kit_one(1 + 2 * MSS, MSS); /* the last again, long before the timeout */
	kit_sack(1, 1 + 2 * MSS, 1 + 3 * MSS, 0, 0);
	kit_nothing();
	kit_run(400000);
	KT(kit_outs(&bytes) >= 1);
}

/* RFC 8985 7.4.2: was the tail lost, or late?  t_tail_end is reached first. */
static void
tail_twice(bool lost)
{
	struct socket *so = kit_connect();
	struct tcpcb *tp = kit_tp(so);
	struct kit_seg k = { .flags = TH_SYN | TH_ACK,
		.ack = 1,
		.win = 65535,
		.opt = opt_sack,
		.optlen = sizeof(opt_sack) };
	uint32_t bytes, cwnd;

	kit_run(20000);
	kit_in(&k);
	kit_quiet();
	kit_write(so, 3 * MSS);
	(void)kit_outs(&bytes);
	kit_run(60000);
	kit_one(1 + 2 * MSS, MSS);
	kit_ack(1 + 3 * MSS, 65535);
	KT((tp->t_flags & TF_TAILAGAIN) != 0); /* not known yet */
	cwnd = tp->t_cwnd;
	if (!lost) {
		kit_sack(1 + 3 * MSS, 1 + 2 * MSS, 1 + 3 * MSS, 0, 0);
		KT((tp->t_flags & TF_TAILAGAIN) == 0);
	}
	kit_write(so, MSS);
	(void)kit_outs(&bytes);
	kit_ack(1 + 4 * MSS, 65535);
	KT((tp->t_flags & TF_TAILAGAIN) == 0);
	KT(lost ? tp->t_cwnd < cwnd : tp->t_cwnd >= cwnd);
	kit_end(so);
}

BOTH(tcp_tail_lost_or_late)
{
	tail_twice(true);
	tail_twice(false);
}

/* --- what is taken back --- */

/* RFC 2018 8: a peer may throw away what it said it had. */
BOTH(tcp_what_was_sacked_may_be_lost)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	uint32_t first, longest, n;

	kit_write(so, 4 * MSS);
	(void)kit_bytes_out(&first, &longest);
	kit_sack(1, 1 + MSS, 1 + 4 * MSS, 0, 0);
	kit_run(100000);
	(void)kit_bytes_out(&first, &longest);
	kit_ack(1 + MSS, 65535); /* the hole is filled, and what was behind it gone */
	KT_EQ(kit_tp(so)->t_snd_una - kit_iss, 1 + MSS);
	for (n = 0; n < 100; n++) {
		kit_run(100000);
		if (kit_bytes_out(&first, &longest) > 0)
			break;
	}
	KT_EQ(first, 1 + MSS);
	KT_EQ(kit_tp(so)->t_nsacked, 0);
	kit_end(so);
}

/* RFC 2883: it came twice, so it was late and not lost; patience grows. */
BOTH(tcp_needless_repetition_is_undone)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	struct tcpcb *tp = kit_tp(so);
	uint32_t first, longest, cwnd;

	kit_write(so, 8 * MSS);
	(void)kit_bytes_out(&first, &longest);
	cwnd = tp->t_cwnd;
	kit_sack(1, 1 + MSS, 1 + 2 * MSS, 0, 0);
	kit_sack(1, 1 + MSS, 1 + 3 * MSS, 0, 0);
	kit_sack(1, 1 + MSS, 1 + 5 * MSS, 0, 0);
	KT_EQ(kit_bytes_out(&first, &longest), MSS);
	KT_EQ(first, 1);
	KT(tp->t_cwnd < cwnd);
	kit_sack(1 + 8 * MSS, 1, 1 + MSS, 0, 0); /* D-SACK: the first came twice */
	KT(tp->t_cwnd >= cwnd);
	KT(tp->t_reorder > TCP_REORDER_MIN);
	KT((tp->t_flags & (TF_RECOVERY | TF_LOSS)) == 0);
	kit_end(so);
}

/* An acknowledgment of n bytes that echoes our timestamp of `when'. */
static void
ack_stamped(uint32_t n, uint32_t when)
{
	static uint32_t val = 300;
	uint8_t o[12] = { 1, 1, 8, 10 };
	struct kit_seg k = { .flags = TH_ACK,
		.seq = 1,
		.ack = n,
		.win = 65535,
		.opt = o,
		.optlen = sizeof(o) };

	be32enc(o + 4, ++val);
	be32enc(o + 8, when);
	kit_in(&k);
}

/*
 * Eight segments, then nothing until the timeout; then the first of them is
 * acknowledged: by what was sent before it, or by what was sent again.
 */
static void
times_out(bool early)
{
	static const uint8_t syn[] = { 2, 4, 0x05, 0x78, 8, 10, 0, 0, 0, 1, 0, 0,
		0, 0, 1, 1 };
	struct socket *so = kit_established(syn, sizeof(syn));
	struct tcpcb *tp = kit_tp(so);
	uint64_t needless = tcp_counters[TCPC_TIMEOUTNEEDLESS];
	uint32_t cwnd, ts, first, longest, rto;

	kit_write(so, 8 * MSS);
	(void)kit_bytes_out(&first, &longest);
	cwnd = tp->t_cwnd;
	rto = (uint32_t)tcp_rto_us(tp);
	ts = tcp_ts_now(tp->t_ts_offset, uptime_us());
	kit_run(rto + 20000);
	KT(kit_bytes_out(&first, &longest) > 0);
	KT_EQ(first, 1);
	KT_EQ(tp->t_cwnd, tp->t_mss);
	if (!early)
		ts = tcp_ts_now(tp->t_ts_offset, uptime_us());
	ack_stamped(1 + tp->t_mss, ts);
	KT_EQ(tcp_counters[TCPC_TIMEOUTNEEDLESS], needless + early);
	if (early) { /* as if nothing had been */
		KT(tp->t_cwnd >= cwnd);
		KT_EQ(kit_bytes_out(&first, &longest), 0);
	} else {
		KT(tp->t_cwnd < cwnd);
		KT(kit_bytes_out(&first, &longest) > 0);
		KT_EQ(first, 1 + tp->t_mss);
	}
	kit_end(so);
}

BOTH(tcp_timeout_that_came_too_early)
{
	times_out(true);
	times_out(false);
}

/* RFC 9406: each acknowledgment tells a round trip by its timestamp. */
BOTH(tcp_hystart_sees_timestamps)
{
	static const uint8_t syn[] = { 2, 4, 0x05, 0x78, 8, 10, 0, 0, 0, 1, 0, 0,
		0, 0, 1, 1 };
	struct socket *so = kit_established(syn, sizeof(syn));
	struct tcpcb *tp = kit_tp(so);
	const struct tcp_hystart *h = &tp->t_ccs.hs;
	uint32_t first, longest, ts, n = 1;

	for (uint64_t us = 40000; us <= 60000; us += 20000) {
		kit_write(so, 10U * tp->t_mss);
		(void)kit_bytes_out(&first, &longest);
		ts = tcp_ts_now(tp->t_ts_offset, uptime_us());
		kit_run(us);
		for (int i = 0; i < 9; i++)
			ack_stamped(n += tp->t_mss, ts);
		KT_EQ(h->samples, 8);
		KT(h->now_us >= us - 1000 && h->now_us <= us + 1000);
		KT_EQ(h->rounds, us > 40000); /* a queue */
		ack_stamped(n += tp->t_mss, ts); /* the last of the round */
		KT_EQ(h->samples, 0);
	}
	kit_end(so);
}

/* --- the scoreboard against a model of single bytes --- */

#define SPAN 400

static void
scoreboard_compare(const struct tcpcb *tp, const uint8_t *has)
{
	uint32_t i, bytes = 0, runs = 0, first = SPAN;
	struct tcp_sack hole;

	for (i = 0; i < SPAN; i++) {
		bytes += has[i];
		runs += has[i] && (i == 0 || !has[i - 1]);
		if (!has[i] && first == SPAN && i >= tp->t_snd_una)
			first = i;
	}
	KT_EQ(tp->t_sacked_bytes, bytes);
	KT_EQ(tp->t_nsacked, runs);
	KT(tcp_sack_hole(tp, tp->t_snd_una, SPAN, &hole) == (first < SPAN));
	if (first < SPAN)
		KT_EQ(hole.start, first);
}

KTEST(tcp_scoreboard_against_a_model)
{
	struct inpcb inp = { 0 };
	struct tcpcb tp = { .t_inp = &inp,
		.t_mss = 10,
		.t_flags = TF_SACK,
		.t_reorder = 3,
		.t_snd_nxt = SPAN };
	struct tcp_seg sg = { .opt.nsacks = 1 };
	uint8_t has[SPAN];
	uint32_t round, i, a, b;

	kit_up(AF_INET);
	TAILQ_INIT(&tp.t_sacked);
	for (round = 0; round < 200; round++) {
		memset(has, 0, sizeof(has));
		tp.t_snd_una = 0;
		while (tp.t_snd_una < SPAN) {
			a = arc4random_uniform(SPAN);
			b = a + 1 + arc4random_uniform(MIN(SPAN - a, 30));
			sg.opt.sack[0] = (struct tcp_sack){ a, b };
			(void)tcp_sack_update(&tp, &sg);
			for (i = MAX(a, tp.t_snd_una); i < b; i++)
				has[i] = 1;
			scoreboard_compare(&tp, has);
			if (arc4random_uniform(4) != 0)
				continue;
			tp.t_snd_una += arc4random_uniform(20);
			tp.t_snd_una = MIN(tp.t_snd_una, SPAN);
			tcp_sack_acked(&tp);
			memset(has, 0, tp.t_snd_una);
			scoreboard_compare(&tp, has);
		}
		tcp_sack_flush(&tp);
	}
}
