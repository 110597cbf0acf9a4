/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Peers that lie, strangers who guess, and what they can make us do or hold.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

static void
stamped(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len, uint32_t tsval)
{
	uint8_t o[12] = { 1, 1, 8, 10 };
	struct kit_seg k = { .flags = flags,
		.seq = seq,
		.ack = ack,
		.len = len,
		.win = 65535,
		.opt = o,
		.optlen = 12 };

	be32enc(o + 4, tsval);
	kit_in(&k);
}

static unsigned int
answers(void)
{
	uint32_t bytes;

	return (kit_outs(&bytes));
}

/* --- answers --- */

/*
 * Two ends that disagree about numbers or clocks must not answer each other
 * for ever, at the speed of the link.
 */
BOTH(tcp_who_disagrees_gets_few_answers)
{
	struct socket *so = kit_established(opt_all, sizeof(opt_all));
	unsigned int i;

	stamped(TH_ACK, 1, 1, 10, 500);
	kit_quiet();
	for (i = 0; i < 100; i++) /* behind the window */
		stamped(TH_ACK, 100000000, 1, 0, 600);
	KT(answers() <= 1);
	kit_run(600000);
	for (i = 0; i < 100; i++) /* from the past */
		stamped(TH_ACK, 11, 1, 0, 400);
	KT_EQ(answers(), 1);
	kit_run(600000);
	for (i = 0; i < 100; i++) /* old, without bytes: a keepalive */
		stamped(TH_ACK, 10, 1, 0, 600);
	KT_EQ(answers(), 1);
	kit_end(so);
}

/* Whoever uses up the challenges does not use up the answers to keepalives. */
BOTH(tcp_challenges_do_not_silence_others)
{
	struct socket *so;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		so = kit_established(opt_mss, sizeof(opt_mss));
		kit_ack(1000, 65535);
		kit_end(so);
	}
	so = kit_established(opt_mss, sizeof(opt_mss));
	kit_ack(1000, 65535);
	KT_EQ(answers(), 0); /* no challenge is left in this second */
	kit_run(1);
	{
		struct kit_seg probe = { .flags = TH_ACK, .ack = 1, .win = 10 };

		kit_in(&probe);
	}
	KT_EQ(answers(), 1);
	kit_end(so);
}

/* RFC 5961 4.2: wherever a SYN stands, nothing of it is taken. */
BOTH(tcp_syn_brings_no_bytes)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_seg k = { .flags = TH_SYN | TH_ACK,
		.ack = 1,
		.len = 20,
		.win = 65535 };
	unsigned int i;

	for (i = 0; i < 100; i++)
		kit_in(&k);
	KT_EQ(kit_tp(so)->t_rcv_nxt, PEER_ISS + 1);
	KT_EQ(answers(), 1);
	kit_end(so);
}

/* --- guesses --- */

/*
 * A stranger's segment that reaches into the window, but whose acknowledgment
 * is nonsense, leaves the peer's clock as it is (RFC 5961 5.2 before RFC 7323).
 */
BOTH(tcp_stranger_does_not_set_the_clock)
{
	struct socket *so = kit_established(opt_all, sizeof(opt_all));
	struct tcpcb *tp = kit_tp(so);

	stamped(TH_ACK, 1, 1, 10, 500);
	kit_run(100000);
	stamped(TH_ACK, 1, 70000000, 40, 500 + (1U << 30));
	KT_EQ(tp->t_ts_recent, 500);
	stamped(TH_ACK, 11, 1, 10, 501);
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 21);
	kit_run(25ULL * 24 * 3600 * 1000000); /* now PAWS lets all pass */
	stamped(TH_ACK, 21, 70000000, 10, 501 - (1U << 30));
	KT_EQ(tp->t_ts_recent, 501);
	stamped(TH_ACK, 100000000, 1, 10, 501 - (1U << 30));
	KT_EQ(tp->t_ts_recent, 501);
	stamped(TH_ACK, 21, 1, 10, 77);
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 31);
	KT_EQ(tp->t_ts_recent, 77);
	kit_end(so);
}

/* Nor does one keep a connection alive whose peer is gone. */
BOTH(tcp_stranger_is_not_the_peer)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	unsigned int i;

	so->so_options |= 1U << SO_KEEPALIVE;
	tp->t_keepidle_s = 10;
	tp->t_keepintvl_s = 1;
	tp->t_keepcnt = 3;
	tcp_timer_set(tp, TCPT_KEEP, uptime_us(), 10000000);
	for (i = 0; i < 20 && tp->t_state == TCPS_ESTABLISHED; i++) {
		struct kit_seg k = { .flags = TH_ACK,
			.seq = 100000000,
			.ack = 1,
			.win = 1 };

		kit_in(&k);
		kit_run(1000000);
	}
	KT_EQ(tp->t_state, TCPS_CLOSED);
	KT_EQ(so->so_error, ETIMEDOUT);
	soclose(so);
}

/* RFC 5927 4: an ICMP error is believed when it quotes what is under way. */
BOTH(tcp_icmp_errors_quote_what_was_sent)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss)), *head;
	struct ip_input_ctx ctx = { .ifp = &kit_if,
		.af = kit_af,
		.proto = IPPROTO_TCP,
		.src = kit_addr(true),
		.dst = kit_addr(false) };
	struct kit_seg syn = { .flags = TH_SYN, .win = 1000 };
	struct kit_out o;
	uint8_t q[8];

	be16enc(q, kit_port);
	be16enc(q + 2, PEER_PORT);
	be32enc(q + 4, kit_iss + 1);
	KT(tcp_sent_by_us(&ctx, q, 8));
	be32enc(q + 4, kit_iss + 2); /* not yet */
	KT(!tcp_sent_by_us(&ctx, q, 8));
	be32enc(q + 4, kit_iss); /* long since there */
	KT(!tcp_sent_by_us(&ctx, q, 8));
	kit_end(so);
	head = kit_listen();
	be16enc(q, kit_port);
	KT(!tcp_sent_by_us(&ctx, q, 8)); /* it has sent nothing to anybody */
	kit_iss = 0;
	kit_in(&syn);
	KT(kit_out(&o));
	be32enc(q + 4, o.seq + kit_iss);
	KT(tcp_sent_by_us(&ctx, q, 8));
	be32enc(q + 4, o.seq + kit_iss + 1);
	KT(!tcp_sent_by_us(&ctx, q, 8));
	soclose(head);
}

/* A SYN that the socket would refuse does not end its TIME_WAIT either. */
BOTH(tcp_time_wait_is_not_ended_from_afar)
{
	int level = kit_af == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int name = kit_af == AF_INET ? IP_MINTTL : IPV6_MINHOPCOUNT, v = 255;
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_seg k = { .flags = TH_FIN | TH_ACK,
		.seq = 1,
		.ack = 2,
		.win = 65535 };

	so->so_state |= SS_CANTSEND;
	so->so_proto->shutdown(so);
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_TIME_WAIT);
	KT_EQ(so->so_proto->setopt(so, level, name, &v, sizeof(v), &kit_owner),
	    0);
	k = (struct kit_seg){ .flags = TH_SYN, .seq = 5000, .ttl = 254 };
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_TIME_WAIT);
	k.ttl = 255;
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_CLOSED);
	soclose(so);
}

/* --- numbers --- */

/* RFC 9293 3.10.7.4: a connection that follows one in TIME_WAIT has higher ones. */
BOTH(tcp_numbers_rise_over_time_wait)
{
	struct socket *so = kit_connect(), *head;
	struct kit_seg k = { .flags = TH_SYN | TH_ACK, .ack = 1, .win = 65535 };
	uint32_t last, i, bytes;
	struct kit_out o;

	kit_in(&k);
	for (i = 0; i < 1000; i++) { /* faster than the clock of RFC 6528 */
		kit_write(so, 1400);
		(void)kit_outs(&bytes);
		kit_ack(1 + (i + 1) * 1400, 65535);
	}
	last = kit_tp(so)->t_snd_nxt;
	KT(last - kit_iss > 1000000);
	so->so_state |= SS_CANTSEND;
	so->so_proto->shutdown(so);
	k = (struct kit_seg){ .flags = TH_FIN | TH_ACK,
		.seq = 1,
		.ack = last + 1 - kit_iss,
		.win = 65535 };
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_TIME_WAIT);
	head = kit_listen_on(kit_port, 1U << SO_REUSEADDR);
	kit_quiet();
	k = (struct kit_seg){ .flags = TH_SYN, .seq = 5000, .win = 65535 };
	kit_in(&k);
	KT(kit_out(&o));
	KT_EQ(o.flags & (TH_SYN | TH_ACK), TH_SYN | TH_ACK);
	KT(seq_lt(last, o.seq + kit_iss));
	soclose(head);
	soclose(so);
}

/* Marks of congestion count wherever in the number space they come. */
BOTH(tcp_ecn_after_two_gigabytes)
{
	struct socket *so;
	struct kit_seg k = { .flags = TH_SYN | TH_ACK | TH_ECE,
		.ack = 1,
		.win = 65535 };
	uint32_t n = 1, bytes;
	struct kit_out o;
	uint64_t ece;

	tcp_ecn = 1;
	so = kit_connect();
	kit_in(&k);
	KT((kit_tp(so)->t_flags & TF_ECN) != 0);
	while (n < (1U << 31) + 200000) {
		kit_tp(so)->t_cwnd = 60000;
		kit_write(so, 60000);
		n += 60000;
		kit_ack(n, 65535);
		kit_quiet();
	}
	ece = tcp_counters[TCPC_ECN_ECE];
	kit_write(so, 60000);
	KT(kit_out(&o));
	KT_EQ(o.tos & 3, 2);
	(void)kit_outs(&bytes);
	k = (struct kit_seg){ .flags = TH_ACK | TH_ECE,
		.seq = 1,
		.ack = n + 1000,
		.win = 65535 };
	kit_in(&k);
	KT_EQ(tcp_counters[TCPC_ECN_ECE], ece + 1);
	kit_ack(n + 60000, 0);
	kit_quiet();
	kit_write(so, 1000);
	kit_run(2000000);
	KT(kit_out(&o)); /* RFC 3168 6.1.6: a window probe takes no part */
	KT_EQ(o.len, 1);
	KT_EQ(o.tos & 3, 0);
	KT_EQ(o.flags & TH_CWR, 0);
	kit_end(so);
	tcp_ecn = 2;
}

/* --- clocks --- */

/* One segment of the program; the peer answers after three seconds. */
static unsigned int
slow_round(struct socket *so, uint32_t n)
{
	unsigned int sent;

	kit_write(so, 100);
	kit_run(3000000);
	sent = answers();
	kit_ack(1 + n * 100, 65535);
	kit_quiet();
	return (sent);
}

/*
 * Karn's rule (RFC 6298 3, 5.5): on a path whose round trip has become longer
 * than RTO, without timestamps, each segment is sent twice and never timed,
 * unless RTO stays long until one was timed.
 */
BOTH(tcp_rto_stays_long_until_timed)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	unsigned int i;

	for (i = 1; i <= 5; i++) {
		kit_write(so, 100);
		kit_run(1000);
		kit_ack(1 + i * 100, 65535);
	}
	kit_quiet();
	KT(tcp_rto_us(kit_tp(so)) < 1000000);
	KT(slow_round(so, 6) > 2);
	(void)slow_round(so, 7);
	(void)slow_round(so, 8);
	for (i = 9; i < 14; i++)
		KT_EQ(slow_round(so, i), 1);
	KT(kit_tp(so)->t_srtt_us > 1000000);
	kit_end(so);
}

/* RFC 6298 5.7: where the SYN had to be sent again, RTO begins with 3 seconds. */
BOTH(tcp_rto_after_a_lost_syn)
{
	struct socket *so = kit_connect();
	struct kit_seg k = { .flags = TH_SYN | TH_ACK, .ack = 1, .win = 65535 };

	kit_run(2500000);
	KT_EQ(answers(), 1);
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_ESTABLISHED);
	kit_quiet();
	KT_EQ(tcp_rto_us(kit_tp(so)), 3000000);
	kit_write(so, 100);
	kit_run(2900000);
	KT_EQ(answers(), 1);
	kit_run(200000);
	KT_EQ(answers(), 1);
	kit_end(so);
}

/* A window that stays closed counts for TCP_USER_TIMEOUT as silence does. */
BOTH(tcp_user_timeout_of_a_closed_window)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	unsigned int i;

	tp->t_user_timeout_ms = 5000;
	kit_write(so, 100);
	kit_quiet();
	kit_ack(101, 0);
	kit_write(so, 100);
	for (i = 0; i < 20 && tp->t_state == TCPS_ESTABLISHED; i++) {
		kit_run(1000000);
		kit_quiet();
		if (tp->t_state == TCPS_ESTABLISHED)
			kit_ack(101, 0); /* it lives, but does not read */
	}
	KT_EQ(tp->t_state, TCPS_CLOSED);
	KT(i >= 5 && i <= 12);
	KT_EQ(so->so_error, ETIMEDOUT);
	soclose(so);
}

/*
 * RFC 9293 3.8.6.2.1: a window that stays below half of the largest one, and
 * below a segment, is used each time after no more than a second.
 */
BOTH(tcp_small_windows_are_used_soon)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t n = 1, first, longest, got;
	unsigned int i;

	kit_ack(1, 500);
	kit_write(so, 10000);
	for (i = 0; i < 25 && n < 10001; i++) {
		kit_run(1000000);
		got = kit_bytes_out(&first, &longest);
		KT(got > 0 && longest <= 500);
		n += 500;
		kit_ack(n, 500);
	}
	KT_EQ(n, 10001);
	kit_end(so);
}

/* --- memory --- */

/* len bytes in a buffer of 2048, as drivers have them. */
static void
roomy(uint32_t seq, uint32_t len)
{
	struct ip_input_ctx ctx;
	struct kit_seg k = { .flags = TH_ACK,
		.seq = seq,
		.ack = 1,
		.len = len,
		.win = 65535 };
	struct mbuf *small = kit_make(&k), *m = m_getroom(M_HEADROOM, 1800);

	KT(m != NULL && (m->m_flags & M_EXT) != 0);
	m->m_len = m->m_pkthdr.len = small->m_pkthdr.len;
	(void)m_copydata(small, 0, m->m_len, mtod(m, void *));
	m->m_pkthdr.csum_flags = M_TCP_CSUM_IN_OK;
	m_freem(small);
	ctx = kit_ctx(&k);
	time_refresh();
	tcp_input(m, &ctx);
	kit_quiet();
}

static uint64_t
held(void)
{
	struct mbuf_stat st;

	mbstat_get(&st);
	return (st.bytes);
}

/* Bytes one at a time, the last one first: as few buffers as in order. */
BOTH(tcp_bytes_backwards_cost_little)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint64_t before = held();
	uint32_t i, n = 30000;

	for (i = n; i > 1; i--)
		roomy(i, 1);
	KT_EQ(kit_tp(so)->t_nreass, 1);
	KT(held() - before < 4ULL * n);
	roomy(1, 1);
	KT_EQ(kit_tp(so)->t_rcv_nxt - PEER_ISS, 1 + n);
	KT_EQ(kit_tp(so)->t_nreass, 0);
	kit_end(so);
	KT_EQ(held(), before);
}

/* Out of order comes last when packet memory runs out, in order first. */
BOTH(tcp_holes_yield_when_memory_is_tight)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct mbuf_list hog = { 0 };
	struct mbuf *m;

	mb_setlimit(1 << 20);
	while (!mb_tight() && (m = m_getroom(0, 2000)) != NULL)
		ml_enqueue(&hog, m);
	KT(mb_tight());
	roomy(101, 100);
	KT_EQ(kit_tp(so)->t_nreass, 0);
	roomy(1, 100);
	KT_EQ(kit_tp(so)->t_rcv_nxt - PEER_ISS, 101);
	ml_purge(&hog);
	roomy(201, 100);
	KT_EQ(kit_tp(so)->t_nreass, 1);
	roomy(101, 100);
	KT_EQ(kit_tp(so)->t_rcv_nxt - PEER_ISS, 301);
	kit_end(so);
}

/* Connections whose programs have gone are counted; too many are reset. */
BOTH(tcp_orphans_are_bounded)
{
	uint64_t reset = tcp_counters[TCPC_ORPHANS];
	struct socket *so;
	struct kit_out o;
	unsigned int i;

	tcp_maxorphans = 3;
	for (i = 0; i < 5; i++) {
		so = kit_established(opt_mss, sizeof(opt_mss));
		kit_write(so, 100);
		kit_quiet();
		soclose(so);
		KT(kit_out(&o));
		KT_EQ(o.flags & (TH_FIN | TH_RST), i < 3 ? TH_FIN : TH_RST);
	}
	KT_EQ(tcp_counters[TCPC_ORPHANS], reset + 2);
	KT_EQ(tcp_pcbs.count, 3);
	kit_run(400000000); /* they give up */
	KT_EQ(tcp_pcbs.count, 0);
	so = kit_established(opt_mss, sizeof(opt_mss));
	soclose(so);
	KT_EQ(tcp_pcbs.count, 1);
	kit_run(400000000);
	KT_EQ(tcp_pcbs.count, 0);
	tcp_maxorphans = 16384;
}

/*
 * A user whose programs do not read: his sockets' windows close together when
 * his share is used up, and what was on its way is not taken; one that reads
 * goes on.
 */
BOTH(tcp_user_holds_no_more_than_his_share)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint64_t share = ui_room(so->so_ui), n = 0, dropped;
	uint32_t adv = kit_tp(so)->t_rcv_adv;
	struct kit_out o;

	so->so_head = so; /* as one that waits to be accepted: bytes are kept */
	while (n < 100000) {
		kit_data(1 + (uint32_t)n, 1000);
		n += 1000;
	}
	kit_quiet();
	so->so_ui->ui_bytes += share; /* his other sockets */
	KT_EQ(ui_room(so->so_ui), 0);
	KT_EQ(sbroom(so, &so->so_rcv), 0);
	KT(sbspace(&so->so_rcv) > 0);
	dropped = drop_counts[DROP_TCP_SHARE];
	kit_data(1 + (uint32_t)n, 1000); /* it was told that there is room */
	n += 1000;
	KT_EQ(kit_tp(so)->t_rcv_nxt - PEER_ISS, 1 + n);
	mb_setlimit(held() + held() / 4);
	KT(mb_tight());
	kit_data(1 + (uint32_t)n, 1000);
	KT_EQ(drop_counts[DROP_TCP_SHARE], dropped + 1);
	KT_EQ(kit_tp(so)->t_rcv_nxt - PEER_ISS, 1 + n);
	KT(seq_leq(adv, kit_tp(so)->t_rcv_adv)); /* never taken back */
	kit_quiet();
	mb_setlimit(64 << 20);
	so->so_ui->ui_bytes -= share;
	kit_data(1 + (uint32_t)n, 1000);
	KT_EQ(kit_tp(so)->t_rcv_nxt - PEER_ISS, 1001 + n);
	kit_run(100000);
	KT(kit_out(&o));
	so->so_head = NULL;
	kit_end(so);
}
