/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A TCP connection and a listener against a peer that says anything: segments
 * with numbers near those that matter, options of any bytes, alone or in
 * batches, time that passes, a program that writes, shuts, closes and begins
 * anew.  After each step the connection's numbers must make sense.  The last
 * byte of the input says which family it is.
 */

#include <sys/uidinfo.h>
#include <ktest.h>
#undef KT
#undef KT_EQ
#define KT(e)       KASSERT(e)
#define KT_EQ(a, b) KASSERT((int64_t)(a) == (int64_t)(b))
#include <sys/cursor.h>
#include "../sys/netinet/tcpkit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BATCH 16

static struct socket *conn, *heads[2]; /* listeners: IPv4, IPv6 */
static struct mbuf_list batch = MBUF_LIST_INITIALIZER;
static struct ip_input_ctx batch_ctx[BATCH];
static unsigned int batch_at;
static bool batching;

/* --- what must hold --- */

static void
runs_check(const struct tcp_ranges *runs, uint32_t from, uint32_t to)
{
	const struct tcp_range *r;
	uint32_t at = from;

	TAILQ_FOREACH(r, runs, r_entry) {
		KASSERT(seq_leq(at, r->r_start));
		KASSERT(seq_lt(r->r_start, r->r_end) || r->r_fin);
		KASSERT(seq_leq(r->r_end, to));
		if (r->r_m != NULL)
			KASSERT(r->r_m->m_pkthdr.len == r->r_end - r->r_start);
		at = r->r_end;
	}
}

static void
check(const struct socket *so)
{
	const struct tcpcb *tp = kit_tp(so);

	if ((tcp_state_flags(tp->t_state) & TSF_SYNCED) == 0)
		return;
	KASSERT(seq_leq(tp->t_snd_una, tp->t_snd_nxt));
	KASSERT(seq_leq(tp->t_snd_nxt, tcp_data_end(tp) + 1));
	KASSERT(seq_leq(tp->t_rcv_told, tp->t_rcv_nxt));
	KASSERT(tp->t_cwnd >= tp->t_mss && tp->t_mss >= 20);
	KASSERT(tcp_pipe(tp) <= tp->t_snd_nxt - tp->t_snd_una);
	runs_check(&tp->t_sacked, tp->t_snd_una, tp->t_snd_nxt);
	runs_check(&tp->t_reass, tp->t_rcv_nxt,
	    seq_max(tp->t_rcv_adv, tp->t_rcv_nxt));
	if (tp->t_state != TCPS_TIME_WAIT && tp->t_snd_una != tp->t_snd_nxt)
		KASSERT(tcp_timer_armed(tp, TCPT_REXMT) ||
		    tcp_timer_armed(tp, TCPT_PERSIST));
}

/* --- batches --- */

static void
batch_input(struct ifnet *ifp, struct mbuf *m)
{
	tcp_input(m, &batch_ctx[batch_at++]);
}

/* Now, or with others. */
static void
give(const struct kit_seg *k)
{
	if (!batching || batch.ml_len == BATCH) {
		kit_in(k);
		return;
	}
	batch_ctx[batch.ml_len] = kit_ctx(k);
	ml_enqueue(&batch, kit_make(k));
}

static void
batch_run(void)
{
	batching = false;
	batch_at = 0;
	kit_if.if_input = batch_input;
	time_refresh();
	if_input(&kit_if, &batch);
}

/* --- steps --- */

static void
conn_begin(void)
{
	const struct inpcb *inp = conn->so_pcb;
	struct sockaddr_storage ss;
	socklen_t len = kit_sockaddr(&ss, false, PEER_PORT);
	struct kit_out o;

	time_refresh();
	ml_purge(&kit_sent);
	conn->so_state |= SS_CONNECTING;
	(void)conn->so_proto->connect(conn, (struct sockaddr *)(void *)&ss, len,
	    &kit_owner);
	while (kit_out(&o))
		;
	kit_port = inp->inp_lport;
}

static void
begin(void)
{
	conn = kit_sock();
	conn_begin();
}

static void
step_segment(struct cursor *c, bool to_head)
{
	const struct tcpcb *tp = kit_tp(conn);
	struct kit_seg k = { 0 };
	uint16_t dseq = 0, dack = 0;
	uint8_t len = 0, optlen = 0;
	uint16_t port = kit_port;

	if (cur_u8(c, &k.flags) != 0 || cur_u16(c, &dseq) != 0 ||
	    cur_u16(c, &dack) != 0 || cur_u16(c, &k.win) != 0 ||
	    cur_u8(c, &len) != 0 || cur_u8(c, &optlen) != 0)
		return;
	k.optlen = MIN(optlen % 44U & ~3U, (uint32_t)c->left & ~3U);
	k.optlen = MIN(k.optlen, 40U);
	k.opt = c->p;
	(void)cur_skip(c, k.optlen);
	k.tos = dseq & 3;
	k.len = len * (1U + (dack & 15));
	k.seq = (tp->t_state >= TCPS_SYN_RCVD ? tp->t_rcv_nxt - PEER_ISS : 0) +
	    (uint32_t)(int16_t)dseq / 4;
	k.ack = tp->t_snd_nxt - kit_iss + (uint32_t)(int16_t)dack / 4;
	if (to_head)
		kit_port = MY_PORT;
	give(&k);
	kit_port = port;
}

/* What a sender of many bytes sends: nothing but the next ones. */
static void
step_run(struct cursor *c, unsigned int n)
{
	const struct tcpcb *tp = kit_tp(conn);
	struct kit_seg k = { .flags = TH_ACK,
		.seq = tp->t_rcv_nxt - PEER_ISS,
		.ack = tp->t_snd_nxt - kit_iss,
		.win = 4000 };
	uint8_t len = 0;

	while (n-- > 0 && cur_u8(c, &len) == 0) {
		k.len = len;
		give(&k);
		k.seq += k.len;
	}
}

static void
step_batch(struct cursor *c, unsigned int n)
{
	batching = true;
	step_run(c, n);
	while (n-- > 0)
		step_segment(c, (n & 3) == 3);
	batch_run();
}

static void
step_time(struct cursor *c)
{
	uint16_t ms = 0;

	(void)cur_u16(c, &ms);
	kit_run(1000ULL * ms * (ms & 1 ? 100 : 1));
}

/* Of the connection, or (the highest bit) of the listener. */
static void
step_option(struct cursor *c)
{
	uint8_t name = 0, out[128];
	socklen_t len = sizeof(out);
	struct socket *so;
	int v = 0;

	if (cur_u8(c, &name) != 0 || cur_bytes(c, &v, sizeof(v)) != 0)
		return;
	so = (name & 128) != 0 ? heads[kit_af == AF_INET6] : conn;
	name &= 127;
	(void)so->so_proto->setopt(so, IPPROTO_TCP, name, &v, sizeof(v),
	    &kit_owner);
	(void)so->so_proto->getopt(so, IPPROTO_TCP, name, out, &len,
	    &kit_owner);
	KASSERT(len <= sizeof(out));
}

static void
step_program(struct cursor *c, uint8_t what)
{
	uint16_t n = 0;

	switch (what % 5) {
	case 0:
		(void)cur_u16(c, &n);
		if ((conn->so_state & (SS_CONNECTED | SS_CANTSEND)) ==
			SS_CONNECTED &&
		    conn->so_snd.sb_cc < 200000)
			kit_write(conn, n + 1U);
		if ((what & 4) != 0 && conn->so_snd.sb_cc > 0 &&
		    (tcp_state_flags(kit_tp(conn)->t_state) & TSF_SEND) != 0)
			conn->so_proto->urgent(conn);
		break;
	case 1:
		if ((conn->so_state & (SS_CONNECTED | SS_CANTSEND)) !=
		    SS_CONNECTED)
			break;
		conn->so_state |= SS_CANTSEND;
		conn->so_proto->shutdown(conn);
		break;
	case 2:
		if ((what & 4) != 0)
			conn->so_proto->abort(conn);
		soclose(conn);
		begin();
		break;
	case 3: /* connect(2) with no family, and again with one */
		KASSERT(conn->so_proto->disconnect(conn) == 0);
		KASSERT(kit_tp(conn)->t_state == TCPS_CLOSED);
		conn->so_state = 0;
		conn_begin();
		break;
	default:
		conn->so_proto->rcvd(conn);
		break;
	}
}

static void
reset(sa_family_t af)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	if (conn == NULL) {
		kit_up(AF_INET);
		heads[0] = kit_listen();
		kit_af = AF_INET6;
		req.addr = kit_addr(true);
		KT_EQ(in6_addr_add(&kit_if, &req, NULL), 0);
		kit_run(3000000);
		heads[1] = kit_listen();
	} else {
		conn->so_proto->abort(conn);
		soclose(conn);
		kit_run(200000000);
	}
	kit_af = af;
	begin();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c;
	uint8_t op;

	reset(size > 0 && (data[size - 1] & 1) != 0 ? AF_INET6 : AF_INET);
	cur_init(&c, data, size);
	while (cur_u8(&c, &op) == 0) {
		switch (op % 8) {
		case 7:
			step_batch(&c, op / 8 % 8);
			break;
		case 0:
			step_time(&c);
			break;
		case 1:
			step_program(&c, op / 8);
			break;
		case 2:
			step_option(&c);
			break;
		case 3:
			step_segment(&c, true);
			break;
		default:
			step_segment(&c, false);
			break;
		}
		check(conn);
		ml_purge(&kit_sent);
	}
	return (0);
}
