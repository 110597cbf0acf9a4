/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Paths: their MTU, black holes (RFC 2923), and the errors of routers (RFC 5927).
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

#include <net/rtable.h>

/* --- what routers say --- */

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
	(void)kit_outs(&bytes);
	be16enc(quoted, kit_port);
	be16enc(quoted + 2, PEER_PORT);
	be32enc(quoted + 4, kit_iss - 5); /* not under way: forged */
	KT_EQ(rt_setpmtu(0, kit_af, &dst, 1300), 0);
	tcp_ctlinput(&ctx, EMSGSIZE, quoted, 8, 1300);
	KT_EQ(tp->t_mss, MSS);
	be32enc(quoted + 4, kit_iss + 1);
	tcp_ctlinput(&ctx, EMSGSIZE, quoted, 8, 1300);
	KT_EQ(tp->t_mss, kit_af == AF_INET ? 1260 : 1240);
	KT(kit_outs(&bytes) >= 5); /* all again, without a timeout */
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

/* --- what they do not say --- */

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
		if (kit_bytes_out(&first, &longest) == 0)
			longest = MSS;
	}
	KT(tcp_counters[TCPC_BLACKHOLE] > holes);
	KT_EQ(kit_tp(so)->t_mss, small);
	kit_ack(1 + 10 * MSS, 65535); /* those arrive */
	kit_write(so, 5 * MSS);
	KT_EQ(kit_bytes_out(&first, &longest), 5 * MSS);
	KT_EQ(longest, small);
	kit_run(1000000);
	kit_ack(1 + 15 * MSS, 65535);
	kit_run(700000000); /* another path, perhaps: the large ones again */
	kit_write(so, MSS);
	kit_ack(1 + 16 * MSS, 65535);
	KT_EQ(kit_tp(so)->t_mss, MSS);
	kit_end(so);
}
