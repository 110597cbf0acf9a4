/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * TCP's rules one by one: when it sends, what it says, how long it waits.
 * Each case runs in both families.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

#include <net/rtable.h>

#define BOTH(id)                  \
	static void id(void);     \
	KTEST(id##_inet)          \
	{                         \
		kit_up(AF_INET);  \
		id();             \
	}                         \
	KTEST(id##_inet6)         \
	{                         \
		kit_up(AF_INET6); \
		id();             \
	}                         \
	static void id(void)

/* clang-format off */
static const uint8_t opt_all[] = { 2, 4, 0x05, 0x78, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 4 };
static const uint8_t opt_sack[] = { 2, 4, 0x05, 0x78, 1, 1, 4, 2 };
static const uint8_t opt_mss[] = { 2, 4, 0x05, 0x78 };
/* clang-format on */
#define MSS 0x578 /* 1400 */

static void
ack(uint32_t n, uint16_t win)
{
	struct kit_seg k = { .flags = TH_ACK, .seq = 1, .ack = n, .win = win };

	kit_in(&k);
}

static void
data(uint32_t seq, uint32_t len)
{
	struct kit_seg k = { .flags = TH_ACK,
		.seq = seq,
		.ack = 1,
		.len = len,
		.win = 65535 };

	kit_in(&k);
}

/* An acknowledgment with up to two blocks. */
static void
sack(uint32_t n, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	uint8_t o[20] = { 1, 1, 5, 18 };
	struct kit_seg k = { .flags = TH_ACK,
		.seq = 1,
		.ack = n,
		.win = 65535,
		.opt = o,
		.optlen = c != d ? 20 : 12 };

	o[3] = (uint8_t)(k.optlen - 2);
	be32enc(o + 4, kit_iss + a);
	be32enc(o + 8, kit_iss + b);
	be32enc(o + 12, kit_iss + c);
	be32enc(o + 16, kit_iss + d);
	kit_in(&k);
}

/* How many segments wait; bytes of them. */
static unsigned int
outs(uint32_t *bytes)
{
	struct kit_out o;
	unsigned int n = 0;

	*bytes = 0;
	while (kit_out(&o)) {
		n += o.mss != 0 ? (o.len + o.mss - 1) / o.mss : 1;
		*bytes += o.len;
	}
	return (n);
}

/* Exactly one segment leaves, with this in it. */
static struct kit_out
one(uint32_t seq, uint32_t len)
{
	struct kit_out o, more;

	KT(kit_out(&o));
	KT_EQ(o.seq, seq);
	KT_EQ(o.len, len);
	KT(!kit_out(&more));
	return (o);
}

static void
nothing(void)
{
	struct kit_out o;

	KT(!kit_out(&o));
}

/* --- options --- */

KTEST(tcp_options_read_and_write)
{
	uint8_t buf[TCP_OPTIONS_MAX];
	struct tcp_opts o, back;
	uint32_t n, i;

	KT(tcp_opts_read(&o, opt_all, sizeof(opt_all)));
	KT(o.has_mss && o.mss == MSS && o.sackok && o.has_wscale);
	KT(o.wscale == 4 && o.has_tstamp && o.tsval == 100 && o.tsecr == 0);
	n = tcp_opts_write(&o, buf);
	KT_EQ(n % 4, 0);
	KT(tcp_opts_read(&back, buf, n));
	KT_EQ(memcmp(&o, &back, sizeof(o)), 0);
	/* cut anywhere: refused, or what came before */
	for (i = 0; i < sizeof(opt_all); i++) {
		bool ok = tcp_opts_read(&o, opt_all, i);

		KT(ok == (i == 0 || i == 4 || i == 6 || i == 16 || i == 17));
	}
}

KTEST(tcp_options_odd_ones)
{
	static const struct {
		uint8_t b[8];
		uint32_t len;
		bool ok, mss, wscale;
	} rows[] = {
		{ { 1, 1, 1, 1 }, 4, true, false, false },
		{ { 0, 2, 4, 5 }, 4, true, false, false }, /* behind the end */
		{ { 2, 3, 5, 1 }, 4, true, false, false }, /* wrong length */
		{ { 2, 0, 5, 1 }, 4, false, false, false },
		{ { 2, 1, 5, 1 }, 4, false, false, false },
		{ { 99, 4, 5, 1, 3, 3, 7, 1 }, 8, true, false, true },
		{ { 99, 9, 5, 1, 3, 3, 7, 1 }, 8, false, false, false },
		{ { 3, 3, 99, 1 }, 4, true, false, true }, /* at most 14 */
		{ { 5, 2, 1, 1 }, 4, true, false, false },
	};
	struct tcp_opts o;
	unsigned int i;

	for (i = 0; i < nitems(rows); i++) {
		KT(tcp_opts_read(&o, rows[i].b, rows[i].len) == rows[i].ok);
		KT(o.has_mss == rows[i].mss);
		KT(o.has_wscale == rows[i].wscale);
		KT(o.wscale <= TCP_WSCALE_MAX);
	}
}

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
			KT_EQ(outs(&bytes), 1);
			i++;
		} else
			nothing();
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
	KT_EQ(outs(&bytes), 10);
	KT_EQ(bytes, 10 * MSS);
	ack(1 + 2 * MSS, 65535); /* slow start: two more for two */
	KT_EQ(outs(&bytes), 4);
	KT_EQ(kit_tp(so)->t_cwnd, 12 * MSS);
}

BOTH(tcp_nagle_waits_for_the_ack)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	int v = 1;

	kit_write(so, 10);
	one(1, 10);
	kit_write(so, 10);
	nothing();
	kit_write(so, 5);
	nothing();
	ack(11, 65535);
	one(11, 15);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v),
		  &kit_owner),
	    0);
	kit_write(so, 7);
	one(26, 7);
}

BOTH(tcp_cork_holds_back)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	int v = 1;

	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_CORK, &v, sizeof(v),
		  &kit_owner),
	    0);
	kit_write(so, 10);
	nothing();
	kit_write(so, MSS);
	one(1, MSS);
	v = 0;
	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v),
		  &kit_owner),
	    0);
	ack(1 + MSS, 65535);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_CORK, &v, sizeof(v),
		  &kit_owner),
	    0);
	one(1 + MSS, 10);
}

BOTH(tcp_window_of_the_peer_is_kept)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t bytes;

	ack(1, 3000);
	kit_write(so, 10000);
	(void)outs(&bytes);
	KT_EQ(bytes, 2 * MSS); /* the rest is silly */
	ack(1 + 2 * MSS, 3000);
	(void)outs(&bytes);
	KT_EQ(bytes, 2 * MSS);
}

BOTH(tcp_closed_window_is_probed)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_out o;
	unsigned int n = 0, s;

	kit_write(so, 3000);
	kit_quiet();
	ack(3001, 0);
	kit_write(so, 500);
	nothing();
	for (s = 0; s < 600; s++) {
		kit_run(1000000);
		while (kit_out(&o)) {
			KT_EQ(o.seq, 3001);
			KT_EQ(o.len, 1);
			ack(3001, 0);
			n++;
		}
	}
	KT(n >= 10 && n < 40); /* less and less often, never given up */
	KT_EQ(kit_tp(so)->t_state, TCPS_ESTABLISHED);
	ack(3001, 10000);
	one(3001, 500);
}

/* --- acknowledgments --- */

BOTH(tcp_ack_is_delayed)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));

	data(1, 100);
	nothing();
	kit_run(30000);
	nothing();
	kit_run(20000);
	KT_EQ(one(1, 0).ack, 101);
	data(101, MSS);
	nothing();
	data(101 + MSS, MSS);
	KT_EQ(one(1, 0).ack, 101 + 2 * MSS);
	data(101 + 2 * MSS, 10);
	kit_write(so, 5); /* it rides along */
	KT_EQ(one(1, 5).ack, 111 + 2 * MSS);
	kit_run(150000);
	nothing();
	kit_run(100000);
	one(1, 5); /* the peer was silent for the shortest timeout */
}

BOTH(tcp_holes_are_told)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	struct kit_out o;

	data(101, 100);
	o = one(1, 0);
	KT_EQ(o.ack, 1);
	KT_EQ(o.opt.nsacks, 1);
	KT_EQ(o.opt.sack[0].start - PEER_ISS, 101);
	KT_EQ(o.opt.sack[0].end - PEER_ISS, 201);
	data(301, 100);
	o = one(1, 0);
	KT_EQ(o.opt.nsacks, 2);
	KT_EQ(o.opt.sack[0].start - PEER_ISS, 301); /* the newest first */
	data(151, 200);                             /* joins both */
	o = one(1, 0);
	KT_EQ(o.opt.nsacks, 1);
	KT_EQ(o.opt.sack[0].end - PEER_ISS, 401);
	data(1, 100);
	o = one(1, 0);
	KT_EQ(o.ack, 401);
	KT_EQ(o.opt.nsacks, 0);
	data(1, 100); /* twice: RFC 2883 */
	o = one(1, 0);
	KT_EQ(o.opt.nsacks, 1);
	KT_EQ(o.opt.sack[0].start - PEER_ISS, 1);
	KT_EQ(kit_tp(so)->t_nreass, 0);
	data(501, 50); /* one segment that covers two runs */
	data(701, 50);
	kit_quiet();
	data(401, 400);
	KT_EQ(one(1, 0).ack, 801);
	KT_EQ(kit_tp(so)->t_nreass, 0);
}

BOTH(tcp_bytes_outside_the_window_are_cut)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	uint32_t edge = tp->t_rcv_adv - PEER_ISS;

	data(edge - 50, 100);
	KT_EQ(one(1, 0).ack, 1);
	KT_EQ(TAILQ_FIRST(&tp->t_reass)->r_end - PEER_ISS, edge);
	data(edge + 1, 10);
	KT_EQ(one(1, 0).ack, 1);
	KT_EQ(tp->t_nreass, 1);
}

/* --- loss --- */

BOTH(tcp_three_duplicates_newreno)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t bytes;
	unsigned int i;

	kit_write(so, 10 * MSS);
	(void)outs(&bytes);
	for (i = 0; i < 2; i++) {
		ack(1, 65535);
		nothing();
	}
	ack(1, 65535);
	one(1, MSS); /* the third: again */
	KT(kit_tp(so)->t_cwnd < 10 * MSS);
	for (i = 0; i < 6; i++)
		ack(1, 65535);
	nothing();
	ack(1 + 4 * MSS, 65535); /* partial: the next hole */
	one(1 + 4 * MSS, MSS);
	ack(1 + 10 * MSS, 65535);
	KT_EQ(kit_tp(so)->t_flags & TF_RECOVERY, 0);
	KT(kit_tp(so)->t_cwnd >= 2 * MSS && kit_tp(so)->t_cwnd <= 8 * MSS);
}

BOTH(tcp_sack_fills_holes_only)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	struct kit_out o;
	uint32_t bytes;

	kit_write(so, 10 * MSS);
	(void)outs(&bytes);
	/* 1 and 3 are lost */
	sack(1, 1 + MSS, 1 + 2 * MSS, 0, 0);
	nothing();
	sack(1, 1 + 3 * MSS, 1 + 4 * MSS, 1 + MSS, 1 + 2 * MSS);
	nothing();
	sack(1, 1 + 3 * MSS, 1 + 6 * MSS, 1 + MSS, 1 + 2 * MSS);
	KT(kit_out(&o)); /* the first is lost, and the third as well */
	KT_EQ(o.seq, 1);
	sack(1, 1 + 3 * MSS, 1 + 9 * MSS, 1 + MSS, 1 + 2 * MSS);
	one(1 + 2 * MSS, MSS);
	ack(1 + 10 * MSS, 65535);
	nothing();
	KT_EQ(kit_tp(so)->t_nsacked, 0);
	KT_EQ(kit_tp(so)->t_nrexmt, 2);
}

BOTH(tcp_sack_nonsense_is_passed_over)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	uint32_t bytes;

	kit_write(so, 4 * MSS);
	(void)outs(&bytes);
	sack(1, 1 + 4 * MSS, 1 + 9 * MSS, 0, 0); /* never sent */
	sack(1, 1 + 2 * MSS, 1 + MSS, 0, 0);     /* backwards */
	sack(1, 100, 100, 0, 0);
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
	(void)outs(&bytes);
	KT_EQ(bytes, 5 * MSS);
	for (at = 0; at < 2000000 && tp->t_state == TCPS_ESTABLISHED;
	     at += 10) {
		kit_run(10000);
		if (outs(&bytes) == 0)
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
	(void)outs(&bytes);
	kit_run(30000);
	nothing();
	kit_run(30000);
	one(1 + 2 * MSS, MSS); /* the last again, long before the timeout */
	sack(1, 1 + 2 * MSS, 1 + 3 * MSS, 0, 0);
	nothing();
	kit_run(400000);
	KT(outs(&bytes) >= 1);
}

/* --- timestamps --- */

static void
stamped(uint32_t seq, uint32_t len, uint32_t tsval, uint32_t tsecr)
{
	uint8_t o[12] = { 1, 1, 8, 10 };
	struct kit_seg k = { .flags = TH_ACK,
		.seq = seq,
		.ack = 1,
		.len = len,
		.win = 65535,
		.opt = o,
		.optlen = 12 };

	be32enc(o + 4, tsval);
	be32enc(o + 8, tsecr);
	kit_in(&k);
}

BOTH(tcp_paws)
{
	struct socket *so = kit_established(opt_all, sizeof(opt_all));
	struct tcpcb *tp = kit_tp(so);
	struct kit_out o;

	stamped(1, 10, 200, 0);
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 11);
	KT_EQ(tp->t_ts_recent, 200);
	stamped(11, 10, 150, 0); /* older */
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 11);
	KT(kit_out(&o));
	KT(o.opt.has_tstamp);
	KT_EQ(o.opt.tsecr, 200);
	data(11, 10); /* without one, though agreed */
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 11);
	stamped(11, 10, 200, 0);
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 21);
	kit_run(25ULL * 24 * 3600 * 1000000); /* too long ago to compare */
	stamped(21, 10, 100, 0);
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 31);
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
	nothing();
	kit_run(20000000);
	KT(kit_out(&o));
	KT_EQ(o.seq, 0); /* one below */
	KT_EQ(o.len, 0);
	nothing();
	ack(1, 65535); /* it lives */
	kit_run(7190000000ULL);
	nothing();
	for (n = 0; n < 2000 && kit_tp(so)->t_state != TCPS_CLOSED; n++)
		kit_run(1000000);
	KT_EQ(so->so_error, ETIMEDOUT);
	n = 0;
	while (kit_out(&o) && (o.flags & TH_RST) == 0)
		n++;
	KT_EQ(n, 9);
	KT((o.flags & TH_RST) != 0);
}

/* --- challenges --- */

BOTH(tcp_challenges_are_few)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_seg k = { .flags = TH_SYN, .seq = 50, .win = 1000 };
	uint32_t bytes;
	unsigned int i;

	for (i = 0; i < 1000; i++)
		kit_in(&k);
	KT_EQ(outs(&bytes), 1);
	kit_run(600000);
	kit_in(&k);
	KT_EQ(outs(&bytes), 1);
	KT_EQ(kit_tp(so)->t_state, TCPS_ESTABLISHED);
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
	KT((one(1, 0).flags & TH_ECE) != 0);
	k.seq = 11;
	k.tos = 2;
	k.flags |= TH_CWR;
	kit_in(&k); /* the peer slowed down */
	kit_run(50000);
	KT((one(1, 0).flags & TH_ECE) == 0);
	kit_write(so, 10 * MSS);
	(void)outs(&bytes);
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

/* --- listeners --- */

static void
syn(uint32_t seq, const uint8_t *opt, uint32_t optlen)
{
	struct kit_seg k = { .flags = TH_SYN,
		.seq = seq,
		.win = 65535,
		.opt = opt,
		.optlen = optlen };

	kit_in(&k);
}

/* Our SYN-ACK; kit_iss follows from it. */
static struct kit_out
synack(void)
{
	struct kit_out o;

	KT(kit_out(&o));
	KT_EQ(o.flags & (TH_SYN | TH_ACK | TH_RST), TH_SYN | TH_ACK);
	kit_iss += o.seq;
	return (o);
}

BOTH(tcp_syncache_repeats_and_forgets)
{
	unsigned int i;
	uint32_t bytes;

	kit_iss = 0;
	kit_listen();
	syn(0, opt_all, sizeof(opt_all));
	(void)synack();
	KT_EQ(tcp_syncache_count(), 1);
	syn(0, opt_all, sizeof(opt_all)); /* again: the same answer */
	KT_EQ(synack().seq, 0);
	KT_EQ(tcp_syncache_count(), 1);
	for (i = 0; i < 40; i++)
		kit_run(1000000);
	KT_EQ(outs(&bytes), 4);
	KT_EQ(tcp_syncache_count(), 0);
	ack(1, 65535); /* too late */
	KT_EQ(outs(&bytes), 1);
}

BOTH(tcp_syncache_reset_and_wrong_ack)
{
	struct kit_seg k = { .flags = TH_RST, .seq = 1 };
	struct kit_out o;

	kit_iss = 0;
	kit_listen();
	syn(0, NULL, 0);
	(void)synack();
	ack(2, 100); /* of what we never said */
	KT(kit_out(&o));
	KT((o.flags & TH_RST) != 0);
	KT_EQ(tcp_syncache_count(), 1);
	k.seq = 2;
	kit_in(&k); /* not exactly */
	KT_EQ(tcp_syncache_count(), 1);
	k.seq = 1;
	kit_in(&k);
	KT_EQ(tcp_syncache_count(), 0);
}

BOTH(tcp_cookies_bring_it_all_back)
{
	struct kit_out o;
	uint32_t low, i;

	tcp_syncookies = 2;
	kit_listen();
	for (i = 0; i < 40; i++) {
		kit_iss = 0;
		syn(i, opt_all, sizeof(opt_all));
		o = synack();
		KT_EQ(tcp_syncache_count(), 0); /* nothing is kept */
		low = o.opt.tsval & 63;
		KT_EQ(low, 4 | 16); /* window scale 4, SACK */
		KT_EQ(kit_iss & 7, 4);
		kit_run(1000000);
	}
	ack(1, 65535); /* seq and number do not belong together */
	KT(kit_out(&o));
	KT((o.flags & TH_RST) != 0);
}

/* --- paths --- */

BOTH(tcp_path_becomes_smaller)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct ip_input_ctx ctx = { .ifp = &kit_if,
		.af = kit_af,
		.proto = IPPROTO_TCP,
		.src = kit_addr(true),
		.dst = kit_addr(false) };
	struct tcpcb *tp = kit_tp(so);
	struct ip_addr dst = kit_addr(false);
	uint8_t quoted[8];
	uint32_t bytes;

	kit_write(so, 5 * MSS);
	(void)outs(&bytes);
	be16enc(quoted, kit_port);
	be16enc(quoted + 2, PEER_PORT);
	be32enc(quoted + 4, kit_iss - 5); /* not under way: forged */
	KT_EQ(rt_setpmtu(0, kit_af, &dst, 1300), 0);
	tcp_ctlinput(&ctx, EMSGSIZE, quoted, 8, 1300);
	KT_EQ(tp->t_mss, MSS);
	be32enc(quoted + 4, kit_iss + 1);
	tcp_ctlinput(&ctx, EMSGSIZE, quoted, 8, 1300);
	KT_EQ(tp->t_mss, kit_af == AF_INET ? 1260 : 1240);
	KT(outs(&bytes) >= 5); /* all again, without a timeout */
	KT_EQ(tp->t_backoff, 0);
}

/* Segments that grow again do not outgrow what may be under way. */
BOTH(tcp_larger_segments_may_leave)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);

	tp->t_mss_probe = 500;
	KT(tcp_mss_update(tp));
	tp->t_cwnd = tp->t_mss; /* as after a timeout */
	tp->t_mss_probe = 0;
	KT(!tcp_mss_update(tp));
	KT_EQ(tp->t_mss, MSS);
	KT_EQ(tp->t_cwnd, MSS);
}

BOTH(tcp_errors_of_routers)
{
	struct socket *so = kit_connect();
	struct ip_input_ctx ctx = { .ifp = &kit_if,
		.af = kit_af,
		.proto = IPPROTO_TCP,
		.src = kit_addr(true),
		.dst = kit_addr(false) };
	uint8_t quoted[8];

	be16enc(quoted, kit_port);
	be16enc(quoted + 2, PEER_PORT);
	be32enc(quoted + 4, kit_iss);
	tcp_ctlinput(&ctx, ECONNREFUSED, quoted, 8, 0);
	KT_EQ(kit_tp(so)->t_state, TCPS_CLOSED);
	KT_EQ(so->so_error, ECONNREFUSED);
	soclose(so);
	so = kit_established(NULL, 0);
	be16enc(quoted, kit_port);
	be32enc(quoted + 4, kit_iss + 1);
	tcp_ctlinput(&ctx, EHOSTUNREACH, quoted, 8, 0);
	KT_EQ(kit_tp(so)->t_state, TCPS_ESTABLISHED); /* RFC 5927 */
	KT_EQ(kit_tp(so)->t_softerror, EHOSTUNREACH);
}

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
	tp.t_backoff = 2;
	KT_EQ(tcp_rto_us(&tp), 4 * 362500);
	tp.t_backoff = 200;
	KT_EQ(tcp_rto_us(&tp), 64000000);
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

/* --- urgent data, RFC 6093 --- */

/* The program's last byte is urgent. */
static void
write_urgent(struct socket *so, uint32_t len)
{
	struct mbuf *m = m_getroom(0, len);

	memset(mtod(m, void *), 'u', len);
	m->m_len = m->m_pkthdr.len = len;
	ml_enqueue(&so->so_snd.sb_q, m);
	so->so_snd.sb_cc += len;
	so->so_snd.sb_ui->ui_bytes += len;
	time_refresh();
	so->so_proto->urgent(so);
	so->so_proto->send(so, NULL, NULL, 0, NULL, 0, NULL);
}

BOTH(tcp_urgent_byte_is_pointed_at)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_out o;

	write_urgent(so, 3); /* behind the last byte, not at it */
	o = one(1, 3);
	KT((o.flags & TH_URG) != 0);
	KT_EQ(o.urp, 3);
	kit_write(so, 10); /* Nagle holds what is not urgent */
	nothing();
	write_urgent(so, 1);
	o = one(4, 11);
	KT((o.flags & TH_URG) != 0);
	KT_EQ(o.urp, 11);
	ack(15, 65535);
	kit_write(so, 5); /* all of it was acknowledged */
	o = one(15, 5);
	KT((o.flags & TH_URG) == 0);
	KT_EQ(o.urp, 0);
	ack(20, 65535);
	write_urgent(so, 2000); /* each segment says how far it is */
	KT(kit_out(&o));
	KT_EQ(o.len, MSS);
	KT_EQ(o.urp, 2000);
	KT(kit_out(&o));
	KT_EQ(o.len, 2000 - MSS);
	KT_EQ(o.urp, 2000 - MSS);
	nothing();
	kit_run(1200000); /* and so it does the second time */
	KT(kit_out(&o));
	KT((o.flags & TH_URG) != 0);
	KT_EQ(o.seq + o.urp, 2020);
	soclose(so);
}

/* seq, len, urgent pointer -> where the mark lies among what waits */
BOTH(tcp_urgent_byte_keeps_its_place)
{
	static struct socket keeper;
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_seg k = { .flags = TH_ACK | TH_URG, .ack = 1, .win = 65535 };

	so->so_head = &keeper;
	so->so_state |= SS_READY;
	data(1, 10);
	KT(!so->so_urgent);
	k.seq = 11, k.len = 5, k.urp = 5;
	kit_in(&k);
	KT(so->so_urgent);
	KT_EQ(so->so_urgat, 14);
	k.urp = 3; /* the same again, and one that points back: nothing new */
	kit_in(&k);
	KT_EQ(so->so_urgat, 14);
	k.seq = 12, k.len = 10, k.urp = 10; /* half of it is old */
	kit_in(&k);
	KT_EQ(so->so_rcv.sb_cc, 21);
	KT_EQ(so->so_urgat, 20);
	so->so_urgent = false;
	k.seq = 32, k.len = 10, k.urp = 4; /* early: it is known, but not there */
	kit_in(&k);
	KT(!so->so_urgent);
	data(22, 10);
	KT_EQ(so->so_rcv.sb_cc, 41);
	KT(so->so_urgent);
	KT_EQ(so->so_urgat, 34);
	so->so_urgent = false;
	k.seq = 42, k.len = 5, k.urp = 9; /* said before it is there */
	kit_in(&k);
	KT(!so->so_urgent);
	data(47, 5);
	KT(so->so_urgent);
	KT_EQ(so->so_urgat, 49);
	k.seq = 52, k.len = 3, k.urp = 0; /* points nowhere */
	so->so_urgent = false;
	kit_in(&k);
	KT(!so->so_urgent);
	KT_EQ(so->so_rcv.sb_cc, 54); /* and never is a byte taken out */
	so->so_head = NULL;
	so->so_proto->abort(so);
	soclose(so);
}

/* --- options of the socket --- */

BOTH(tcp_socket_options_row_by_row)
{
	static const struct {
		int name, good, bad;
	} rows[] = {
		{ TCP_NODELAY, 1, 0 },
		{ TCP_CORK, 1, 0 },
		{ TCP_QUICKACK, 1, 0 },
		{ TCP_KEEPIDLE, 100, 40000 },
		{ TCP_KEEPINTVL, 10, 0 },
		{ TCP_KEEPCNT, 5, 128 },
		{ TCP_SYNCNT, 3, 16 },
		{ TCP_USER_TIMEOUT, 30000, -1 },
	};
	static const int unknown[] = { TCP_LINGER2, TCP_DEFER_ACCEPT,
		TCP_WINDOW_CLAMP, 99 };
	struct socket *so = kit_sock();
	const struct protosw *pr = so->so_proto;
	unsigned int i;
	socklen_t len;
	int v;

	for (i = 0; i < nitems(rows); i++) {
		v = rows[i].good;
		KT_EQ(pr->setopt(so, IPPROTO_TCP, rows[i].name, &v, sizeof(v),
			  &kit_owner),
		    0);
		v = -77;
		len = sizeof(v);
		KT_EQ(pr->getopt(so, IPPROTO_TCP, rows[i].name, &v, &len,
			  &kit_owner),
		    0);
		KT_EQ(v, rows[i].good);
		KT_EQ(pr->setopt(so, IPPROTO_TCP, rows[i].name, &v, 3,
			  &kit_owner),
		    EINVAL);
		v = rows[i].bad;
		if (i >= 3)
			KT_EQ(pr->setopt(so, IPPROTO_TCP, rows[i].name, &v,
				  sizeof(v), &kit_owner),
			    EINVAL);
	}
	v = 1;
	for (i = 0; i < nitems(unknown); i++)
		KT_EQ(pr->setopt(so, IPPROTO_TCP, unknown[i], &v, sizeof(v),
			  &kit_owner),
		    ENOPROTOOPT);
	KT_EQ(pr->setopt(so, IPPROTO_TCP, TCP_CONGESTION, "reno", 4,
		  &kit_owner),
	    0);
	KT(kit_tp(so)->t_cc == &tcp_cc_newreno);
	KT_EQ(pr->setopt(so, IPPROTO_TCP, TCP_CONGESTION, "vegas", 5,
		  &kit_owner),
	    ENOENT);
	soclose(so);
}
