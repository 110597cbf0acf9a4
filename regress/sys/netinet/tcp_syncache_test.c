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
