/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the options of a segment say, and the options of a socket.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

/* --- options of a segment --- */

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

/* --- options of the socket --- */

static int
option(struct socket *so, int name, int v)
{
	return (so->so_proto->setopt(so, IPPROTO_TCP, name, &v, sizeof(v),
	    &kit_owner));
}

/* No window is larger, whatever the buffer; what was told stays told. */
BOTH(tcp_window_clamp)
{
	struct socket *so = kit_sock();
	struct kit_out o;
	int n;

	KT_EQ(option(so, TCP_WINDOW_CLAMP, 5000), 0);
	KT_EQ(option(so, TCP_WINDOW_CLAMP, 0), 0); /* no connection yet */
	soclose(so);
	so = kit_established(NULL, 0);
	so->so_file = NULL;
	KT_EQ(option(so, TCP_WINDOW_CLAMP, 0), EINVAL);
	KT_EQ(option(so, TCP_WINDOW_CLAMP, 5000), 0);
	kit_data(1, 60000); /* uses up what was told before */
	so->so_rcv.sb_hiwat = 1 << 20;
	kit_data(60001, 1400);
	kit_data(61401, 1400);
	while (kit_out(&o))
		;
	kit_data(62801, 1400);
	kit_data(64201, 1400);
	for (n = 0; kit_out(&o); n++)
		KT(o.win <= 5000);
	KT(n > 0);
	kit_end(so);
}

/* FIN_WAIT_2 when the program has gone. */
BOTH(tcp_linger2)
{
	static const struct {
		int v, s;
	} rows[] = { { 5, 5 }, { -1, 0 }, { 0, 60 } };
	struct socket *so;
	unsigned int i;
	int n;

	for (i = 0; i < nitems(rows); i++) {
		so = kit_established(NULL, 0);
		n = (int)tcp_pcbs.count;
		KT_EQ(option(so, TCP_LINGER2, rows[i].v), 0);
		soclose(so);
		kit_ack(2, 65535); /* of our end */
		kit_quiet();
		if (rows[i].s != 0) {
			kit_run((uint64_t)rows[i].s * 1000000 - 1000000);
			KT_EQ(tcp_pcbs.count, n);
		}
		kit_run(1500000);
		KT_EQ(tcp_pcbs.count, n - 1);
		kit_quiet();
	}
}

/* IP_MTU_DISCOVER is of streams too: whether routers may cut what is sent. */
KTEST(tcp_df_as_the_socket_says)
{
	static const struct {
		int how;
		bool df;
	} rows[] = {
		{ IN_PMTU_WANT, true },
		{ IN_PMTU_DONT, false },
		{ IN_PMTU_DO, true },
		{ IN_PMTU_PROBE, true },
		{ IN_PMTU_INTERFACE, false },
		{ IN_PMTU_OMIT, false },
	};
	struct socket *so;
	struct mbuf *m;
	unsigned int i;

	kit_up(AF_INET);
	so = kit_established(NULL, 0);
	for (i = 0; i < nitems(rows); i++) {
		if (i != 0) /* the first is the default */
			KT_EQ(so->so_proto->setopt(so, IPPROTO_IP,
				  IP_MTU_DISCOVER, &rows[i].how, sizeof(int),
				  &kit_owner),
			    0);
		kit_write(so, 10);
		kit_ack(1 + 10 * (i + 1), 65535);
		KT((m = ml_dequeue(&kit_sent)) != NULL);
		KT_EQ((mtod(m, struct ip *)->ip_off & htons(IP_DF)) != 0,
		    rows[i].df);
		m_freem(m);
		kit_quiet();
	}
	kit_end(so);
}

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
	static const int unknown[] = { TCP_INFO, 98, 99 };
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
