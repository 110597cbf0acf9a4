/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * When TCP sends and what it says: the first segments, Nagle and cork, the
 * peer's window, acknowledgments, keepalive, and buffers that grow by
 * themselves.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

/* --- the beginning --- */

BOTH(tcp_syn_says_all_and_is_repeated)
{
	static const uint32_t at_s[] = { 1, 3, 7, 15, 31, 63 };
	struct socket *so = kit_connect();
	uint32_t bytes;
	unsigned int i, s;

	for (s = 1, i = 0; s <= 126; s++) {
		kit_run(1000000);
		if (i < nitems(at_s) && s == at_s[i]) {
			KT_EQ(kit_outs(&bytes), 1);
			i++;
		} else
			kit_nothing();
		KT_EQ(kit_tp(so)->t_state, TCPS_SYN_SENT);
	}
	kit_run(2000000);
	KT_EQ(kit_tp(so)->t_state, TCPS_CLOSED);
	KT_EQ(so->so_error, ETIMEDOUT);
	soclose(so);
}

BOTH(tcp_mss_as_both_say)
{
	uint16_t dflt = kit_af == AF_INET ? TCP_MSS_INET : TCP_MSS_INET6;
	struct socket *so = kit_established(NULL, 0);

	KT_EQ(kit_tp(so)->t_mss, dflt);
	so->so_proto->abort(so);
	soclose(so);
	so = kit_established(opt_mss, sizeof(opt_mss));
	KT_EQ(kit_tp(so)->t_mss, MSS);
	so->so_proto->abort(so);
	soclose(so);
	so = kit_established(opt_all, sizeof(opt_all));
	KT_EQ(kit_tp(so)->t_mss, MSS - 12);
	KT_EQ(kit_tp(so)->t_snd_scale, 4);
	KT_EQ(kit_tp(so)->t_snd_wnd, 65535); /* a SYN's is not scaled */
}

BOTH(tcp_isn_by_clock_and_by_numbers)
{
	struct in_pcb_key k = { .af = kit_af,
		.laddr = kit_addr(true),
		.faddr = kit_addr(false),
		.lport = 1,
		.fport = 2 };
	uint32_t a = tcp_isn(&k, 1000000), b;

	KT_EQ(tcp_isn(&k, 1000400) - a, 100); /* 4 us a step */
	KT_EQ(tcp_isn(&k, 1000000), a);
	k.lport = 3;
	b = tcp_isn(&k, 1000000);
	KT(a != b);
	KT(tcp_ts_offset(&k) != a);
}

/* --- when it sends --- */

BOTH(tcp_first_window_is_ten)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t bytes;

	KT_EQ(kit_tp(so)->t_cwnd, 10 * MSS);
	kit_write(so, 60000);
	KT_EQ(kit_outs(&bytes), 10);
	KT_EQ(bytes, 10 * MSS);
	kit_ack(1 + 2 * MSS, 65535); /* slow start: two more for two */
	KT_EQ(kit_outs(&bytes), 4);
	KT_EQ(kit_tp(so)->t_cwnd, 12 * MSS);
}

BOTH(tcp_nagle_waits_for_the_ack)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	int v = 1;

	kit_write(so, 10);
	kit_one(1, 10);
	kit_write(so, 10);
	kit_nothing();
	kit_write(so, 5);
	kit_nothing();
	kit_ack(11, 65535);
	kit_one(11, 15);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v),
		  &kit_owner),
	    0);
	kit_write(so, 7);
	kit_one(26, 7);
}

BOTH(tcp_cork_holds_back)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	int v = 1;

	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_CORK, &v, sizeof(v),
		  &kit_owner),
	    0);
	kit_write(so, 10);
	kit_nothing();
	kit_write(so, MSS);
	kit_one(1, MSS);
	v = 0;
	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v),
		  &kit_owner),
	    0);
	kit_ack(1 + MSS, 65535);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_CORK, &v, sizeof(v),
		  &kit_owner),
	    0);
	kit_one(1 + MSS, 10);
}

BOTH(tcp_window_of_the_peer_is_kept)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t bytes;

	kit_ack(1, 3000);
	kit_write(so, 10000);
	(void)kit_outs(&bytes);
	KT_EQ(bytes, 2 * MSS); /* the rest is silly */
	kit_ack(1 + 2 * MSS, 3000);
	(void)kit_outs(&bytes);
	KT_EQ(bytes, 2 * MSS);
}

BOTH(tcp_closed_window_is_probed)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_out o;
	unsigned int n = 0, s;

	kit_write(so, 3000);
	kit_quiet();
	kit_ack(3001, 0);
	kit_write(so, 500);
	kit_nothing();
	for (s = 0; s < 600; s++) {
		kit_run(1000000);
		while (kit_out(&o)) {
			KT_EQ(o.seq, 3001);
			KT_EQ(o.len, 1);
			kit_ack(3001, 0);
			n++;
		}
	}
	KT(n >= 10 && n < 40); /* less and less often, never given up */
	KT_EQ(kit_tp(so)->t_state, TCPS_ESTABLISHED);
	kit_ack(3001, 10000);
	kit_one(3001, 500);
}

/* --- acknowledgments --- */

BOTH(tcp_ack_is_delayed)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));

	kit_data(1, 100);
	kit_nothing();
	kit_run(30000);
	kit_nothing();
	kit_run(20000);
	KT_EQ(kit_one(1, 0).ack, 101);
	kit_data(101, MSS);
	kit_nothing();
	kit_data(101 + MSS, MSS);
	KT_EQ(kit_one(1, 0).ack, 101 + 2 * MSS);
	kit_data(101 + 2 * MSS, 10);
	kit_write(so, 5); /* it rides along */
	KT_EQ(kit_one(1, 5).ack, 111 + 2 * MSS);
	kit_run(150000);
	kit_nothing();
	kit_run(100000);
	kit_one(1, 5); /* the peer was silent for the shortest timeout */
}

static void
pushed(uint32_t seq, uint32_t n)
{
	struct kit_seg k = { .flags = TH_ACK | TH_PUSH,
		.seq = seq,
		.ack = n,
		.len = 10,
		.win = 65535 };

	kit_in(&k);
}

/* The peer's Nagle waits for us, and our program says nothing: once is enough. */
BOTH(tcp_ack_is_prompt_where_nobody_answers)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t seq = 1, said = 1;

	pushed(seq, said);
	kit_nothing();
	kit_run(50000);
	KT_EQ(kit_one(said, 0).ack, seq += 10);
	for (int i = 0; i < 20; i++) {
		pushed(seq, said);
		KT_EQ(kit_one(said, 0).ack, seq += 10);
	}
	kit_data(seq, 10); /* more is to come behind it */
	kit_nothing();
	kit_run(50000);
	KT_EQ(kit_one(said, 0).ack, seq += 10);
	for (int i = 0; i < 15; i++) { /* questions, answered */
		pushed(seq, said);
		KT_EQ(kit_one(said, 0).ack, seq += 10);
		kit_write(so, 5);
		kit_one(said, 5);
		said += 5;
	}
	pushed(seq, said);
	kit_nothing(); /* it may travel with the answer again */
	kit_write(so, 5);
	KT_EQ(kit_one(said, 5).ack, seq + 10);
}

BOTH(tcp_holes_are_told)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	struct kit_out o;

	kit_data(101, 100);
	o = kit_one(1, 0);
	KT_EQ(o.ack, 1);
	KT_EQ(o.opt.nsacks, 1);
	KT_EQ(o.opt.sack[0].start - PEER_ISS, 101);
	KT_EQ(o.opt.sack[0].end - PEER_ISS, 201);
	kit_data(301, 100);
	o = kit_one(1, 0);
	KT_EQ(o.opt.nsacks, 2);
	KT_EQ(o.opt.sack[0].start - PEER_ISS, 301); /* the newest first */
	kit_data(151, 200);                             /* joins both */
	o = kit_one(1, 0);
	KT_EQ(o.opt.nsacks, 1);
	KT_EQ(o.opt.sack[0].end - PEER_ISS, 401);
	kit_data(1, 100);
	o = kit_one(1, 0);
	KT_EQ(o.ack, 401);
	KT_EQ(o.opt.nsacks, 0);
	kit_data(1, 100); /* twice: RFC 2883 */
	o = kit_one(1, 0);
	KT_EQ(o.opt.nsacks, 1);
	KT_EQ(o.opt.sack[0].start - PEER_ISS, 1);
	KT_EQ(kit_tp(so)->t_nreass, 0);
	kit_data(501, 50); /* one segment that covers two runs */
	kit_data(701, 50);
	kit_quiet();
	kit_data(401, 400);
	KT_EQ(kit_one(1, 0).ack, 801);
	KT_EQ(kit_tp(so)->t_nreass, 0);
}

BOTH(tcp_bytes_outside_the_window_are_cut)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	uint32_t edge = tp->t_rcv_adv - PEER_ISS;

	kit_data(edge - 50, 100);
	KT_EQ(kit_one(1, 0).ack, 1);
	KT_EQ(TAILQ_FIRST(&tp->t_reass)->r_end - PEER_ISS, edge);
	kit_data(edge + 1, 10);
	KT_EQ(kit_one(1, 0).ack, 1);
	KT_EQ(tp->t_nreass, 1);
}

/* --- keepalive --- */

BOTH(tcp_keepalive_asks_and_gives_up)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_out o;
	int v = 1;
	unsigned int n;

	so->so_options |= 1U << SO_KEEPALIVE;
	KT_EQ(so->so_proto->setopt(so, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof(v),
		  &kit_owner),
	    0);
	kit_run(7190000000ULL);
	kit_nothing();
	kit_run(20000000);
	KT(kit_out(&o));
	KT_EQ(o.seq, 0); /* one below */
	KT_EQ(o.len, 0);
	kit_nothing();
	kit_ack(1, 65535); /* it lives */
	kit_run(7190000000ULL);
	kit_nothing();
	for (n = 0; n < 2000 && kit_tp(so)->t_state != TCPS_CLOSED; n++)
		kit_run(1000000);
	KT_EQ(so->so_error, ETIMEDOUT);
	n = 0;
	while (kit_out(&o) && (o.flags & TH_RST) == 0)
		n++;
	KT_EQ(n, 9);
	KT((o.flags & TH_RST) != 0);
}

/* --- windows that shrink, RFC 9293 3.8.6 --- */

/* The right edge moves left: nothing new leaves, what is out goes on. */
BOTH(tcp_window_may_shrink)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t first, longest;

	kit_write(so, 8 * MSS);
	KT_EQ(kit_bytes_out(&first, &longest), 8 * MSS);
	kit_ack(1, 2 * MSS); /* six segments are beyond it now */
	kit_write(so, MSS);
	KT_EQ(kit_bytes_out(&first, &longest), 0);
	kit_run(1500000); /* the timeout: only what the window holds */
	KT(kit_bytes_out(&first, &longest) > 0);
	KT_EQ(first, 1);
	kit_ack(1 + 2 * MSS, 0); /* and shut */
	(void)kit_bytes_out(&first, &longest);
	kit_run(10000000);
	KT(kit_bytes_out(&first, &longest) <= 8); /* probes of a byte */
	KT(tcp_timer_armed(kit_tp(so), TCPT_PERSIST));
	kit_ack(1 + 2 * MSS, 65535);
	kit_run(100000);
	KT(kit_bytes_out(&first, &longest) >= MSS); /* from the edge, slowly */
	KT_EQ(first, 1 + 2 * MSS);
	kit_ack(1 + 8 * MSS, 65535);
	KT_EQ(kit_bytes_out(&first, &longest), MSS);
	KT_EQ(first, 1 + 8 * MSS);
	kit_ack(1 + 9 * MSS, 65535);
	KT_EQ(so->so_snd.sb_cc, 0);
	kit_end(so);
}

/* --- buffers --- */

BOTH(tcp_buffers_grow_by_themselves)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	uint64_t rcv = so->so_rcv.sb_hiwat, snd = so->so_snd.sb_hiwat;
	struct kit_seg k = { .flags = TH_ACK,
		.seq = 1,
		.ack = 1,
		.len = 1000,
		.win = 65535 };
	uint32_t n;

	tp->t_srtt_us = 50000;
	for (n = 0; n < 400; n++) { /* more than half of it in a round trip */
		kit_in(&k);
		k.seq += k.len;
		if (n % 100 == 99)
			kit_run(60000);
	}
	KT(so->so_rcv.sb_hiwat > rcv);
	KT(so->so_rcv.sb_hiwat <= (uint64_t)tcp_recvmax);
	kit_write(so, 1000);
	tp->t_cwnd = 300000;
	k.len = 0;
	k.ack = 1001;
	kit_in(&k);
	KT(so->so_snd.sb_hiwat > snd);
	KT(so->so_snd.sb_hiwat <= (uint64_t)tcp_sendmax);
	/* the program's sizes stay */
	so->so_rcv.sb_hiwat = so->so_snd.sb_hiwat = 50000;
	k.ack = 1001;
	for (n = 0; n < 400; n++) {
		k.len = 1000;
		kit_in(&k);
		k.seq += k.len;
		if (n % 40 == 39)
			kit_run(60000);
	}
	kit_write(so, 1000);
	k.len = 0;
	k.ack = 2001;
	kit_in(&k);
	KT_EQ(so->so_rcv.sb_hiwat, 50000);
	KT_EQ(so->so_snd.sb_hiwat, 50000);
	kit_end(so);
}
