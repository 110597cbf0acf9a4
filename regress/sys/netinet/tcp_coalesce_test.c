/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Segments of one batch: which become one, and that nothing else changes by
 * it.  A batch comes through if_input(), as a driver's does.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

#define BATCH 32

static struct kit_seg batch[BATCH];
static unsigned int nbatch, at;
static struct socket keeper; /* what arrives stays with the socket */

/* In the place of a link's input. */
static void
batch_input(struct ifnet *ifp, struct mbuf *m)
{
	struct ip_input_ctx ctx = kit_ctx(&batch[at++]);

	tcp_input(m, &ctx);
}

static void
batch_run(void)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	struct mbuf *m;
	unsigned int i;

	kit_if.if_input = batch_input;
	for (i = at = 0; i < nbatch; i++) {
		m = kit_make(&batch[i]);
		ml_enqueue(&ml, m);
	}
	time_refresh();
	if_input(&kit_if, &ml);
	nbatch = 0;
}

/* The same, each by itself. */
static void
singly_run(void)
{
	unsigned int i;

	for (i = 0; i < nbatch; i++)
		kit_in(&batch[i]);
	nbatch = 0;
}

static struct kit_seg *
add(uint32_t seq, uint32_t len)
{
	struct kit_seg *k = &batch[nbatch++];

	*k = (struct kit_seg){ .flags = TH_ACK,
		.seq = seq,
		.ack = 1,
		.len = len,
		.win = 65535 };
	return (k);
}

static struct socket *
open_one(const uint8_t *opt, uint32_t optlen)
{
	struct socket *so = kit_established(opt, optlen);

	so->so_head = &keeper;
	so->so_state |= SS_READY;
	return (so);
}

static void
close_one(struct socket *so)
{
	so->so_head = NULL;
	kit_end(so);
}

/* so has the peer's first len bytes, each as it was sent. */
static void
holds(const struct socket *so, uint32_t len)
{
	const struct mbuf *m;
	uint32_t i, n = 0;
	uint8_t b;

	KT_EQ(so->so_rcv.sb_cc, len);
	for (m = so->so_rcv.sb_q.ml_head; m != NULL; m = m->m_nextpkt)
		for (i = 0; i < m->m_pkthdr.len; i++, n++) {
			KT_EQ(m_copydata(m, i, 1, &b), 0);
			KT_EQ(b, (uint8_t)(n + 1));
		}
	KT_EQ(n, len);
}

static uint64_t
joined(void)
{
	static uint64_t before;
	uint64_t n = tcp_counters[TCPC_COALESCED] - before;

	before = tcp_counters[TCPC_COALESCED];
	return (n);
}

static unsigned int
segments_out(void)
{
	struct kit_out o;
	unsigned int n = 0;

	while (kit_out(&o))
		n++;
	return (n);
}

BOTH(tcp_a_batch_is_one_segment)
{
	struct socket *so = open_one(NULL, 0);
	unsigned int i;

	(void)joined();
	for (i = 0; i < 10; i++)
		(void)add(1 + i * 1000, 1000);
	batch_run();
	KT_EQ(joined(), 9);
	holds(so, 10000);
	KT_EQ(segments_out(), 1); /* one acknowledgment for all */
	KT_EQ(kit_tp(so)->t_rcv_nxt, PEER_ISS + 10001);
	for (i = 0; i < 10; i++)
		(void)add(10001 + i * 1000, 1000);
	singly_run();
	KT_EQ(joined(), 0);
	holds(so, 20000);
	KT(segments_out() > 1);
	close_one(so);
}

/* What differs between the second segment and the first. */
static void differ_nothing(struct kit_seg *k) { (void)k; }
static void differ_push(struct kit_seg *k) { k->flags |= TH_PUSH; }
static void differ_fin(struct kit_seg *k) { k->flags |= TH_FIN; }
static void differ_urg(struct kit_seg *k) { k->flags |= TH_URG; k->urp = 3; }
static void differ_ece(struct kit_seg *k) { k->flags |= TH_ECE; }
static void differ_gap(struct kit_seg *k) { k->seq += 10; }
static void differ_again(struct kit_seg *k) { k->seq = 1; }
static void differ_overlap(struct kit_seg *k) { k->seq -= 10; }
static void differ_ack(struct kit_seg *k) { k->ack = 51; }
static void differ_window(struct kit_seg *k) { k->win--; }
static void differ_empty(struct kit_seg *k) { k->len = 0; }
static void differ_ttl(struct kit_seg *k) { k->ttl = 63; }
static void differ_ce(struct kit_seg *k) { k->tos = 3; }
static void
differ_sack(struct kit_seg *k)
{
	static const uint8_t o[12] = { 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2 };

	k->opt = o;
	k->optlen = sizeof(o);
}

static const struct {
	void (*differ)(struct kit_seg *k);
	unsigned int joined;
	uint32_t held; /* bytes of two segments of 100 that arrive in order */
} rows[] = {
	{ differ_nothing, 1, 200 },
	{ differ_push, 1, 200 },
	{ differ_fin, 0, 200 },
	{ differ_urg, 0, 200 },
	{ differ_ece, 0, 200 },
	{ differ_gap, 0, 100 },
	{ differ_again, 0, 100 },
	{ differ_overlap, 0, 190 },
	{ differ_ack, 0, 200 },
	{ differ_window, 0, 200 },
	{ differ_empty, 0, 100 },
	{ differ_ttl, 0, 200 },
	{ differ_ce, 0, 200 },
	{ differ_sack, 0, 200 },
};

BOTH(tcp_what_keeps_segments_apart)
{
	struct socket *so;
	unsigned int i;

	for (i = 0; i < nitems(rows); i++) {
		so = open_one(NULL, 0);
		kit_write(so, 50);
		kit_quiet();
		(void)joined();
		(void)add(1, 100);
		rows[i].differ(add(101, 100));
		(void)add(9000, 1); /* so that neither is the last */
		batch_run();
		KT_EQ(joined(), rows[i].joined);
		holds(so, rows[i].held);
		KT_EQ(kit_tp(so)->t_snd_una - kit_iss,
		    rows[i].differ == differ_ack ? 51 : 1);
		close_one(so);
	}
}

BOTH(tcp_stamps_may_go_on_but_not_back)
{
	static const uint8_t syn[] = { 1, 1, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0 };
	static const uint8_t stamps[4][12] = {
		{ 1, 1, 8, 10, 0, 0, 0, 101, 0, 0, 0, 0 },
		{ 1, 1, 8, 10, 0, 0, 0, 102, 0, 0, 0, 0 },
		{ 1, 1, 8, 10, 0, 0, 0, 101, 0, 0, 0, 0 },
		{ 1, 1, 8, 10, 0, 0, 0, 101, 0, 0, 0, 9 },
	};
	struct socket *so = open_one(syn, sizeof(syn));
	unsigned int i;

	KT((kit_tp(so)->t_flags & TF_TSTAMP) != 0);
	(void)joined();
	for (i = 0; i < 4; i++) {
		struct kit_seg *k = add(1 + i * 100, 100);

		k->opt = stamps[i];
		k->optlen = 12;
	}
	batch_run(); /* two are one; the third is older, the fourth echoes another */
	KT_EQ(joined(), 1);
	holds(so, 400);
	close_one(so);
}

BOTH(tcp_a_run_begins_only_in_order)
{
	struct socket *so = open_one(NULL, 0);
	struct kit_seg *k;
	unsigned int i;

	(void)joined();
	for (i = 1; i < 5; i++)
		(void)add(1 + i * 100, 100); /* the first is missing */
	batch_run();
	KT_EQ(joined(), 0);
	KT_EQ(segments_out(), 4); /* each is a duplicate acknowledgment */
	(void)add(1, 100);
	(void)add(501, 100);
	batch_run();
	holds(so, 600);
	k = add(601, 100); /* a reset behind bytes ends it after them */
	k = add(701, 0);
	k->flags = TH_RST | TH_ACK;
	batch_run();
	KT_EQ(kit_tp(so)->t_state, TCPS_CLOSED);
	KT_EQ(so->so_rcv.sb_cc, 700);
	so->so_head = NULL;
	soclose(so);
}

BOTH(tcp_runs_of_many_connections_at_once)
{
	struct socket *so[12];
	uint16_t ports[12];
	uint32_t iss[12];
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	unsigned int i, n;

	for (i = 0; i < 12; i++) {
		so[i] = open_one(NULL, 0);
		ports[i] = kit_port;
		iss[i] = kit_iss;
	}
	(void)joined();
	kit_if.if_input = batch_input;
	for (n = 0; n < 24; n++) {
		kit_port = ports[n % 12];
		kit_iss = iss[n % 12];
		(void)add(1 + n / 12 * 100, 100);
		ml_enqueue(&ml, kit_make(&batch[n]));
	}
	at = 0;
	if_input(&kit_if, &ml);
	nbatch = 0;
	KT_EQ(joined(), 8); /* of the others none waited */
	for (i = 0; i < 12; i++) {
		holds(so[i], 200);
		close_one(so[i]);
	}
}

/* Random batches, and the same one by one, come to the same. */
BOTH(tcp_batches_change_nothing)
{
	struct socket *so = open_one(NULL, 0);
	uint32_t edge = 1, len, back;
	unsigned int round, i;

	(void)joined();
	for (round = 0; round < 300 && edge < 60000; round++) {
		for (i = 0; i < BATCH; i++) {
			len = 1 + arc4random_uniform(30);
			back = arc4random_uniform(8) == 0 ?
			    arc4random_uniform(MIN(edge, 60U)) :
			    0;
			(void)add(edge - back, len);
			if (len > back)
				edge += len - back;
		}
		batch_run();
		KT_EQ(kit_tp(so)->t_rcv_nxt, PEER_ISS + edge);
	}
	KT(joined() > 1000);
	holds(so, edge - 1);
	close_one(so);
}
