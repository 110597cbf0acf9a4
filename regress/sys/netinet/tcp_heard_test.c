/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Which segments are heard: by timestamp (RFC 7323), distance (RFC 5082), in
 * TIME_WAIT (RFC 6191), and what is challenged (RFC 5961).
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

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
	kit_data(11, 10); /* without one, though agreed */
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 11);
	stamped(11, 10, 200, 0);
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 21);
	kit_run(25ULL * 24 * 3600 * 1000000); /* too long ago to compare */
	stamped(21, 10, 100, 0);
	KT_EQ(tp->t_rcv_nxt - PEER_ISS, 31);
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
	KT_EQ(kit_outs(&bytes), 1);
	kit_run(600000);
	kit_in(&k);
	KT_EQ(kit_outs(&bytes), 1);
	KT_EQ(kit_tp(so)->t_state, TCPS_ESTABLISHED);
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
	kit_end(so);
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
	uint64_t added;
	bool anew;

	kit_in(&k);
	so->so_state |= SS_CANTSEND;
	so->so_proto->shutdown(so);
	k.seq = 1;
	k.flags = TH_FIN | TH_ACK;
	k.ack = 2;
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_TIME_WAIT);
	head = kit_listen_on(kit_port, 1U << SO_REUSEADDR);
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

	kit_ack(2, 65535); /* nothing was sent */
	KT_EQ(tcp_counters[TCPC_CHALLENGE], n + 1);
	KT(kit_out(&o));
	KT_EQ(o.ack, 1);
	kit_ack(0U - 70000, 65535); /* at once: not again */
	KT_EQ(tcp_counters[TCPC_CHALLENGE], n + 1);
	kit_run(600000);
	kit_ack(0U - 70000, 65535);
	KT_EQ(tcp_counters[TCPC_CHALLENGE], n + 2);
	KT_EQ(kit_tp(so)->t_snd_una - kit_iss, 1);
	kit_end(so);
}
