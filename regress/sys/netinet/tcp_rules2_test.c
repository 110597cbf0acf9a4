/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * More of TCP's rules, in both families: who is heard (RFC 5082, 6191, 5961),
 * paths that swallow large segments (RFC 2923), windows that shrink (RFC 9293
 * 3.8.6), what is taken back (RFC 2018 8, 2883, 3522), rest (RFC 5681 4.1), and
 * buffers that grow by themselves.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

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

#define MSS 1400

static const uint8_t opt_mss[] = { 2, 4, 0x05, 0x78 };
static const uint8_t opt_sack[] = { 2, 4, 0x05, 0x78, 1, 1, 4, 2 };

static void
ack(uint32_t n, uint16_t win)
{
	struct kit_seg k = { .flags = TH_ACK, .seq = 1, .ack = n, .win = win };

	kit_in(&k);
}

static void
sack(uint32_t n, uint32_t from, uint32_t to)
{
	uint8_t o[12] = { 1, 1, 5, 10 };
	struct kit_seg k = { .flags = TH_ACK,
		.seq = 1,
		.ack = n,
		.win = 65535,
		.opt = o,
		.optlen = sizeof(o) };

	be32enc(o + 4, kit_iss + from);
	be32enc(o + 8, kit_iss + to);
	kit_in(&k);
}

static uint32_t
bytes_out(uint32_t *first, uint32_t *longest)
{
	struct kit_out o;
	uint32_t n = 0;

	*first = *longest = 0;
	while (kit_out(&o)) {
		if (n == 0 && o.len > 0)
			*first = o.seq;
		n += o.len;
		*longest = MAX(*longest, o.mss != 0 ? o.mss : o.len);
	}
	return (n);
}

static void
end(struct socket *so)
{
	so->so_proto->abort(so);
	soclose(so);
	kit_quiet();
}

/* --- who is heard --- */

BOTH(tcp_far_away_peers_are_not_heard)
{
	int level = kit_af == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int name = kit_af == AF_INET ? IP_MINTTL : IPV6_MINHOPCOUNT, v = 255;
	struct socket *so = kit_established(NULL, 0);
	uint64_t dropped = drop_counts[DROP_TCP_MINTTL];
	struct kit_seg k = { .flags = TH_ACK,
		.seq = 1,
		.ack = 1,
		.len = 10,
		.win = 100,
		.ttl = 254 };

	KT_EQ(so->so_proto->setopt(so, level, name, &v, sizeof(v), &kit_owner),
	    0);
	kit_in(&k);
	k.flags = TH_RST | TH_ACK; /* nor may they end it */
	k.len = 0;
	kit_in(&k);
	KT_EQ(drop_counts[DROP_TCP_MINTTL], dropped + 2);
	KT_EQ(kit_tp(so)->t_rcv_nxt, PEER_ISS + 1);
	k.ttl = 255;
	k.flags = TH_ACK;
	k.len = 10;
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_rcv_nxt, PEER_ISS + 11);
	end(so);
}

/* A connection of ours in TIME_WAIT; then a SYN for a listener on its port. */
static bool
begins_anew(const uint8_t *opt, uint32_t optlen, uint32_t seq)
{
	struct socket *so = kit_connect(), *head;
	struct kit_seg k = { .flags = TH_SYN | TH_ACK,
		.ack = 1,
		.win = 65535,
		.opt = optlen > 0 ? (const uint8_t[]){ 1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 0, 0 } :
				    NULL,
		.optlen = optlen };
	struct sockaddr_storage ss;
	uint64_t added;
	socklen_t len;
	bool anew;

	kit_in(&k);
	so->so_state |= SS_CANTSEND;
	so->so_proto->shutdown(so);
	k.seq = 1;
	k.flags = TH_FIN | TH_ACK;
	k.ack = 2;
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_TIME_WAIT);
	head = kit_sock();
	head->so_options |= 1U << SO_REUSEADDR;
	len = kit_sockaddr(&ss, true, kit_port);
	KT_EQ(head->so_proto->bind(head, (struct sockaddr *)(void *)&ss, len,
		  &kit_owner),
	    0);
	KT_EQ(head->so_proto->listen(head), 0);
	head->so_state |= SS_LISTEN;
	head->so_qlimit = 8;
	kit_quiet();
	added = tcp_counters[TCPC_SC_ADDED];
	k.flags = TH_SYN;
	k.seq = seq;
	k.ack = 0;
	k.opt = opt;
	kit_in(&k);
	anew = tcp_counters[TCPC_SC_ADDED] == added + 1;
	KT_EQ(anew, kit_tp(so)->t_state == TCPS_CLOSED);
	soclose(head);
	soclose(so);
	kit_quiet();
	kit_run(200000000);
	return (anew);
}

/* RFC 6191: newer by its timestamp, or without one by its number. */
BOTH(tcp_time_wait_may_begin_anew)
{
	static const uint8_t newer[] = { 1, 1, 8, 10, 0, 0, 1, 1, 0, 0, 0, 0 },
			     older[] = { 1, 1, 8, 10, 0, 0, 0, 255, 0, 0, 0, 0 };

	KT(begins_anew(NULL, 0, 5000));
	KT(!begins_anew(NULL, 0, 0U - 5000));
	KT(begins_anew(newer, 12, 0U - 5000)); /* the number does not matter */
	KT(!begins_anew(older, 12, 5000));
}

/* RFC 5961 5: acknowledgments from long ago, or of what was never sent. */
BOTH(tcp_acks_out_of_range_are_challenged)
{
	struct socket *so = kit_established(NULL, 0);
	uint64_t n = tcp_counters[TCPC_CHALLENGE];
	struct kit_out o;

	ack(2, 65535); /* nothing was sent */
	KT_EQ(tcp_counters[TCPC_CHALLENGE], n + 1);
	KT(kit_out(&o));
	KT_EQ(o.ack, 1);
	ack(0U - 70000, 65535); /* at once: not again */
	KT_EQ(tcp_counters[TCPC_CHALLENGE], n + 1);
	kit_run(600000);
	ack(0U - 70000, 65535);
	KT_EQ(tcp_counters[TCPC_CHALLENGE], n + 2);
	KT_EQ(kit_tp(so)->t_snd_una - kit_iss, 1);
	end(so);
}

/* --- paths --- */

/* Full segments vanish, small ones arrive: smaller and smaller ones are tried. */
BOTH(tcp_black_hole_is_found)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint64_t holes = tcp_counters[TCPC_BLACKHOLE];
	uint32_t small = kit_af == AF_INET ? TCP_MSS_INET : TCP_MSS_INET6;
	uint32_t first, longest = MSS, n;

	kit_run(20000000); /* none arrived for ten seconds */
	kit_write(so, 10 * MSS);
	for (n = 0; n < 400 && longest > small; n++) {
		kit_run(1000000);
		if (bytes_out(&first, &longest) == 0)
			longest = MSS;
	}
	KT(tcp_counters[TCPC_BLACKHOLE] > holes);
	KT_EQ(kit_tp(so)->t_mss, small);
	ack(1 + 10 * MSS, 65535); /* those arrive */
	kit_write(so, 5 * MSS);
	KT_EQ(bytes_out(&first, &longest), 5 * MSS);
	KT_EQ(longest, small);
	kit_run(1000000);
	ack(1 + 15 * MSS, 65535);
	kit_run(700000000); /* another path, perhaps: the large ones again */
	kit_write(so, MSS);
	ack(1 + 16 * MSS, 65535);
	KT_EQ(kit_tp(so)->t_mss, MSS);
	end(so);
}

/* --- windows --- */

/* The right edge moves left: nothing new leaves, what is out goes on. */
BOTH(tcp_window_may_shrink)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	uint32_t first, longest;

	kit_write(so, 8 * MSS);
	KT_EQ(bytes_out(&first, &longest), 8 * MSS);
	ack(1, 2 * MSS); /* six segments are beyond it now */
	kit_write(so, MSS);
	KT_EQ(bytes_out(&first, &longest), 0);
	kit_run(1500000); /* the timeout: only what the window holds */
	KT(bytes_out(&first, &longest) > 0);
	KT_EQ(first, 1);
	ack(1 + 2 * MSS, 0); /* and shut */
	(void)bytes_out(&first, &longest);
	kit_run(10000000);
	KT(bytes_out(&first, &longest) <= 8); /* probes of a byte */
	KT(tcp_timer_armed(kit_tp(so), TCPT_PERSIST));
	ack(1 + 2 * MSS, 65535);
	kit_run(100000);
	KT(bytes_out(&first, &longest) >= MSS); /* from the edge, slowly */
	KT_EQ(first, 1 + 2 * MSS);
	ack(1 + 8 * MSS, 65535);
	KT_EQ(bytes_out(&first, &longest), MSS);
	KT_EQ(first, 1 + 8 * MSS);
	ack(1 + 9 * MSS, 65535);
	KT_EQ(so->so_snd.sb_cc, 0);
	end(so);
}

/* RFC 2018 8: a peer may throw away what it said it had. */
BOTH(tcp_what_was_sacked_may_be_lost)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	uint32_t first, longest, n;

	kit_write(so, 4 * MSS);
	(void)bytes_out(&first, &longest);
	sack(1, 1 + MSS, 1 + 4 * MSS);
	kit_run(100000);
	(void)bytes_out(&first, &longest);
	ack(1 + MSS, 65535); /* the hole is filled, and what was behind it gone */
	KT_EQ(kit_tp(so)->t_snd_una - kit_iss, 1 + MSS);
	for (n = 0; n < 100; n++) {
		kit_run(100000);
		if (bytes_out(&first, &longest) > 0)
			break;
	}
	KT_EQ(first, 1 + MSS);
	KT_EQ(kit_tp(so)->t_nsacked, 0);
	end(so);
}

/* RFC 2883: it came twice, so it was late and not lost; patience grows. */
BOTH(tcp_needless_repetition_is_undone)
{
	struct socket *so = kit_established(opt_sack, sizeof(opt_sack));
	struct tcpcb *tp = kit_tp(so);
	uint32_t first, longest, cwnd;

	kit_write(so, 8 * MSS);
	(void)bytes_out(&first, &longest);
	cwnd = tp->t_cwnd;
	sack(1, 1 + MSS, 1 + 2 * MSS);
	sack(1, 1 + MSS, 1 + 3 * MSS);
	sack(1, 1 + MSS, 1 + 5 * MSS);
	KT_EQ(bytes_out(&first, &longest), MSS);
	KT_EQ(first, 1);
	KT(tp->t_cwnd < cwnd);
	sack(1 + 8 * MSS, 1, 1 + MSS); /* D-SACK: the first came twice */
	KT(tp->t_cwnd >= cwnd);
	KT(tp->t_reorder > TCP_REORDER_MIN);
	KT((tp->t_flags & (TF_RECOVERY | TF_LOSS)) == 0);
	end(so);
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
	(void)bytes_out(&first, &longest);
	cwnd = tp->t_cwnd;
	rto = (uint32_t)tcp_rto_us(tp);
	ts = tcp_ts_now(tp->t_ts_offset, uptime_us());
	kit_run(rto + 20000);
	KT(bytes_out(&first, &longest) > 0);
	KT_EQ(first, 1);
	KT_EQ(tp->t_cwnd, tp->t_mss);
	if (!early)
		ts = tcp_ts_now(tp->t_ts_offset, uptime_us());
	ack_stamped(1 + tp->t_mss, ts);
	KT_EQ(tcp_counters[TCPC_TIMEOUTNEEDLESS], needless + early);
	if (early) { /* as if nothing had been */
		KT(tp->t_cwnd >= cwnd);
		KT_EQ(bytes_out(&first, &longest), 0);
	} else {
		KT(tp->t_cwnd < cwnd);
		KT(bytes_out(&first, &longest) > 0);
		KT_EQ(first, 1 + tp->t_mss);
	}
	end(so);
}

BOTH(tcp_timeout_that_came_too_early)
{
	times_out(true);
	times_out(false);
}

/* RFC 5681 4.1: after rest the first window again. */
BOTH(tcp_rest_makes_the_window_small)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct tcpcb *tp = kit_tp(so);
	uint32_t first, longest;

	kit_write(so, MSS);
	(void)bytes_out(&first, &longest);
	ack(1 + MSS, 65535);
	tp->t_cwnd = 60 * MSS;
	kit_run(5000000);
	kit_write(so, 40 * MSS);
	KT_EQ(bytes_out(&first, &longest), tcp_cc_initial(MSS));
	end(so);
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
	end(so);
}
