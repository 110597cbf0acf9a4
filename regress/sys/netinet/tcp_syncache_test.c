/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Listeners: the SYN cache and its cookies (RFC 4987).
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

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
	KT_EQ(kit_outs(&bytes), 4);
	KT_EQ(tcp_syncache_count(), 0);
	kit_ack(1, 65535); /* too late */
	KT_EQ(kit_outs(&bytes), 1);
}

/* Connections that were tried: without a program there is no room for them. */
static int
tried(void)
{
	return ((int)tcp_counters[TCPC_LISTENFULL]);
}

/* One that cannot see our answers does not take the place of who can. */
BOTH(tcp_syncache_keeps_the_first)
{
	struct kit_seg rst = { .flags = TH_RST, .seq = 1 };
	uint32_t bytes;
	int n = tried();

	kit_iss = 0;
	kit_listen();
	syn(0, opt_all, sizeof(opt_all));
	KT_EQ(synack().ack, 1);
	syn(70000, opt_mss, sizeof(opt_mss));
	KT_EQ(synack().seq, 0);
	KT_EQ(tcp_syncache_count(), 1);
	kit_ack(1, 65535);
	KT_EQ(kit_outs(&bytes), 0); /* and no reset */
	KT_EQ(tried(), n + 1);
	/* the peer began anew: it resets, and its next SYN is a first one */
	kit_in(&rst);
	KT_EQ(tcp_syncache_count(), 0);
	syn(70000, NULL, 0);
	KT_EQ(synack().ack, 70001);
}

static struct socket *
defer_listen(int s)
{
	struct socket *so = kit_listen();

	KT_EQ(so->so_proto->setopt(so, IPPROTO_TCP, TCP_DEFER_ACCEPT, &s,
		  sizeof(s), &kit_owner),
	    0);
	return (so);
}

BOTH(tcp_defer_accept_waits_for_data)
{
	uint32_t bytes;
	int n;

	kit_iss = 0;
	(void)defer_listen(5);
	syn(0, NULL, 0);
	(void)synack();
	n = tried();
	kit_ack(1, 65535);
	KT_EQ(tried(), n);
	KT_EQ(kit_outs(&bytes), 0);
	kit_run(3000000); /* the peer has our answer: it is not sent again */
	KT_EQ(kit_outs(&bytes), 0);
	KT_EQ(tcp_syncache_count(), 1);
	kit_data(1, 10);
	KT_EQ(tried(), n + 1);
}

BOTH(tcp_defer_accept_does_not_wait_for_ever)
{
	static const int seconds[][2] = { { 1, 1 }, { 5, 7 }, { 3600, 15 } };
	uint32_t bytes;
	unsigned int i;
	int n;

	for (i = 0; i < nitems(seconds); i++) {
		struct socket *so = defer_listen(seconds[i][0]);

		kit_iss = 0;
		syn(0, NULL, 0);
		(void)synack();
		kit_ack(1, 65535);
		n = tried();
		kit_run((uint64_t)seconds[i][1] * 1000000 - 200000);
		KT_EQ(kit_outs(&bytes), 0);
		kit_run(400000);
		KT_EQ(kit_outs(&bytes), 1); /* our answer again */
		kit_ack(1, 65535);
		KT_EQ(tried(), n + 1);
		soclose(so);
		kit_run(40000000);
		KT_EQ(tcp_syncache_count(), 0);
		kit_quiet();
	}
}

BOTH(tcp_syncache_reset_and_wrong_ack)
{
	struct kit_seg k = { .flags = TH_RST, .seq = 1 };
	struct kit_out o;

	kit_iss = 0;
	kit_listen();
	syn(0, NULL, 0);
	(void)synack();
	kit_ack(2, 100); /* of what we never said */
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
	kit_ack(1, 65535); /* seq and number do not belong together */
	KT(kit_out(&o));
	KT((o.flags & TH_RST) != 0);
}
