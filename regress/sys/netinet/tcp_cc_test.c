/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Congestion windows: CUBIC and NewReno, rest (RFC 5681 4.1), the RTO that goes
 * with them, and ECN (RFC 3168).
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

/* --- windows that grow and shrink --- */

KTEST(tcp_cubic_follows_its_curve)
{
	struct inpcb inp = { 0 };
	struct tcpcb tp = { .t_inp = &inp,
		.t_mss = 1000,
		.t_srtt_us = 100000,
		.t_cc = &tcp_cc_cubic };
	uint64_t now = 1000000;
	uint32_t after, w;

	tcp_cc_start(&tp, now);
	tp.t_cwnd = 100000;
	tp.t_snd_nxt = 100000;
	tcp_cc_congested(&tp, now);
	KT_EQ(tp.t_cwnd, 70000); /* beta is 0.7 */
	after = tp.t_cwnd;
	/* K = cbrt(30 / 0.4) = 4.217 s: there it is back where it was */
	for (w = 0; w < 42 * 70; w++) {
		now += 100000 / 70;
		tcp_cc_acked(&tp, 1000, tp.t_cwnd, now);
		KT(tp.t_cwnd >= after);
		after = tp.t_cwnd;
	}
	KT(tp.t_cwnd > 97000 && tp.t_cwnd < 103000);
	tp.t_backoff = 1;
	tcp_cc_timeout(&tp, now);
	KT_EQ(tp.t_cwnd, 1000);
	/* RFC 9438 4.8: it does not hurry to where the timeout was */
	tp.t_cwnd = after = tp.t_ssthresh;
	for (w = 0; w < 10 * after / 1000; w++) {
		now += 100000 / (after / 1000);
		tcp_cc_acked(&tp, 1000, tp.t_cwnd, now);
	}
	KT(tp.t_cwnd > after + 3000 && tp.t_cwnd < after + 10000);
}

KTEST(tcp_newreno_halves_and_adds)
{
	struct inpcb inp = { 0 };
	struct tcpcb tp = { .t_inp = &inp,
		.t_mss = 1000,
		.t_cc = &tcp_cc_newreno };
	unsigned int i;

	tcp_cc_start(&tp, 1);
	tp.t_cwnd = tp.t_snd_nxt = 20000;
	tcp_cc_congested(&tp, 1);
	KT_EQ(tp.t_cwnd, 10000);
	for (i = 0; i < 10; i++)
		tcp_cc_acked(&tp, 1000, tp.t_cwnd, 2);
	KT_EQ(tp.t_cwnd, 11000); /* a segment for each window */
}

/* --- HyStart++, RFC 9406 --- */

/* A round: the window's segments, one by one, each after us. */
static void
round_pass(struct tcpcb *tp, uint64_t us, uint64_t *now)
{
	uint32_t end = tp->t_snd_una + tp->t_cwnd;

	tp->t_snd_nxt = end;
	*now += us;
	while (seq_lt(tp->t_snd_una, end)) {
		tcp_cc_rtt(tp, us);
		tp->t_snd_una += tp->t_mss;
		tp->t_snd_nxt = tp->t_snd_una + tp->t_cwnd;
		tcp_cc_acked(tp, tp->t_mss, tp->t_cwnd, *now);
	}
}

#define HYSTART_PCB(tp, inp)                                                   \
	struct inpcb inp = { 0 };                                              \
	struct tcpcb tp = { .t_inp = &inp,                                     \
		.t_mss = 1000,                                                 \
		.t_snd_una = 0xfffff000,                                       \
		.t_cc = &tcp_cc_cubic };                                       \
	uint64_t now = 1000000

KTEST(tcp_hystart_ends_where_a_queue_grows)
{
	HYSTART_PCB(tp, inp);
	uint32_t before;

	tcp_cc_start(&tp, now);
	round_pass(&tp, 40000, &now);
	before = tp.t_cwnd;
	round_pass(&tp, 44000, &now); /* less than an eighth more */
	KT_EQ(tp.t_cwnd, 2 * before);
	before = tp.t_cwnd;
	round_pass(&tp, 50000, &now); /* the first samples of it count in full */
	KT(tp.t_cwnd < 2 * before && tp.t_cwnd > before + before / 4);
	for (int i = 0; i < 4; i++) {
		before = tp.t_cwnd;
		KT(tp.t_ssthresh > tp.t_cwnd);
		round_pass(&tp, 55000, &now);
		KT(tp.t_cwnd >= before + before / 4 - 1000);
		KT(tp.t_cwnd <= before + before / 3);
	}
	round_pass(&tp, 60000, &now);
	KT(tp.t_ssthresh <= tp.t_cwnd); /* and is in avoidance now */
	KT_EQ(tp.t_flags & TF_HYSTART, 0);
	before = tp.t_cwnd;
	round_pass(&tp, 60000, &now);
	KT(tp.t_cwnd < before + before / 4);
}

KTEST(tcp_hystart_goes_on_after_noise)
{
	HYSTART_PCB(tp, inp);
	uint32_t before;

	tcp_cc_start(&tp, now);
	round_pass(&tp, 40000, &now);
	round_pass(&tp, 50000, &now);
	KT_EQ(tp.t_ccs.hs.rounds, 1);
	round_pass(&tp, 41000, &now);
	KT_EQ(tp.t_ccs.hs.rounds, 0);
	for (int i = 0; i < 6; i++) {
		before = tp.t_cwnd;
		round_pass(&tp, 41000, &now);
		KT_EQ(tp.t_cwnd, 2 * before);
	}
	KT((tp.t_flags & TF_HYSTART) != 0);
}

/* Fewer than eight of them say nothing, and less than 4 ms more are no queue. */
KTEST(tcp_hystart_needs_samples_and_milliseconds)
{
	HYSTART_PCB(tp, inp);
	uint32_t before;

	tcp_cc_start(&tp, now);
	for (uint64_t us = 100; us < 4000; us += 500) {
		before = tp.t_cwnd;
		round_pass(&tp, us, &now);
		KT_EQ(tp.t_cwnd, 2 * before);
	}
	tcp_cc_start(&tp, now);
	tp.t_cwnd = 2000;
	round_pass(&tp, 40000, &now); /* 2 segments */
	round_pass(&tp, 90000, &now); /* 4 */
	KT_EQ(tp.t_cwnd, 8000);
	KT_EQ(tp.t_ccs.hs.rounds, 0);
}

/* A loss in it is the end of it: CUBIC begins with nothing of its numbers. */
KTEST(tcp_hystart_ends_with_a_loss)
{
	HYSTART_PCB(tp, inp);
	uint32_t cwnd;

	tcp_cc_start(&tp, now);
	round_pass(&tp, 40000, &now);
	round_pass(&tp, 50000, &now);
	cwnd = tp.t_cwnd;
	tp.t_snd_nxt = tp.t_snd_una + cwnd;
	tcp_cc_congested(&tp, now);
	KT_EQ(tp.t_flags & TF_HYSTART, 0);
	KT_EQ(tp.t_ccs.wmax, cwnd);
	KT_EQ(tp.t_cwnd, cwnd / 10 * 7);
	tcp_cc_start(&tp, now);
	round_pass(&tp, 40000, &now);
	tp.t_backoff = 1;
	tcp_cc_timeout(&tp, now);
	KT_EQ(tp.t_flags & TF_HYSTART, 0);
	KT_EQ(tp.t_cwnd, 1000);
}

KTEST(tcp_rto_as_rfc6298)
{
	struct tcpcb tp = { 0 };

	KT_EQ(tcp_rto_us(&tp), 1000000);
	tcp_rtt_sample(&tp, 100000);
	KT_EQ(tp.t_srtt_us, 100000);
	KT_EQ(tp.t_rttvar_us, 50000);
	KT_EQ(tcp_rto_us(&tp), 300000);
	tcp_rtt_sample(&tp, 200000);
	KT_EQ(tp.t_srtt_us, 112500);
	KT_EQ(tp.t_rttvar_us, 62500);
	tp.t_rtoshift = 2;
	KT_EQ(tcp_rto_us(&tp), 4 * 362500);
	tp.t_rtoshift = 15;
	KT_EQ(tcp_rto_us(&tp), 64000000);
}

/* RFC 5681 4.1: after rest the first window again. */
BOTH(tcp_rest_makes_the_window_small)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	uint32_t first, longest;

	kit_write(so, MSS);
	(void)kit_bytes_out(&first, &longest);
	kit_ack(1 + MSS, 65535);
	tp->t_cwnd = 60 * MSS;
	kit_run(5000000);
	kit_write(so, 40 * MSS);
	KT_EQ(kit_bytes_out(&first, &longest), tcp_cc_initial(MSS));
	kit_end(so);
}

/* --- ECN --- */

BOTH(tcp_ecn_asked_marked_and_told)
{
	struct kit_seg k = { .flags = TH_SYN | TH_ACK | TH_ECE,
		.ack = 1,
		.win = 65535,
		.opt = opt_mss,
		.optlen = 4 };
	struct socket *so;
	struct tcpcb *tp;
	uint32_t before, bytes;

	tcp_ecn = 1;
	so = kit_connect();
	tp = kit_tp(so);
	kit_in(&k);
	kit_quiet();
	KT((tp->t_flags & TF_ECN) != 0);
	k = (struct kit_seg){ .flags = TH_ACK,
		.seq = 1,
		.ack = 1,
		.win = 65535,
		.len = 10,
		.tos = 3 };
	kit_in(&k); /* marked on its way */
	KT((kit_one(1, 0).flags & TH_ECE) != 0);
	k.seq = 11;
	k.tos = 2;
	k.flags |= TH_CWR;
	kit_in(&k); /* the peer slowed down */
	kit_run(50000);
	KT((kit_one(1, 0).flags & TH_ECE) == 0);
	kit_write(so, 10 * MSS);
	(void)kit_outs(&bytes);
	before = tp->t_cwnd;
	k = (struct kit_seg){ .flags = TH_ACK | TH_ECE,
		.seq = 21,
		.ack = 1 + MSS,
		.win = 65535 };
	kit_in(&k);
	KT(tp->t_cwnd < before);
	before = tp->t_cwnd;
	k.ack = 1 + 2 * MSS;
	kit_in(&k); /* once for each window */
	KT(tp->t_cwnd >= before);
}
