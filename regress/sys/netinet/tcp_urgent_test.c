/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Urgent data, as RFC 6093 says.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

/* The program's last byte is urgent. */
static void
write_urgent(struct socket *so, uint32_t len)
{
	struct mbuf *m = m_getroom(0, len);

	memset(mtod(m, void *), 'u', len);
	m->m_len = m->m_pkthdr.len = len;
	ml_enqueue(&so->so_snd.sb_q, m);
	so->so_snd.sb_cc += len;
	so->so_ui->ui_bytes += len;
	time_refresh();
	so->so_proto->urgent(so);
	so->so_proto->send(so, NULL, NULL, 0, NULL, 0, NULL);
}

BOTH(tcp_urgent_byte_is_pointed_at)
{
	struct socket *so = kit_established(opt_mss, sizeof(opt_mss));
	struct kit_out o;

	write_urgent(so, 3); /* behind the last byte, not at it */
	o = kit_one(1, 3);
	KT((o.flags & TH_URG) != 0);
	KT_EQ(o.urp, 3);
	kit_write(so, 10); /* Nagle holds what is not urgent */
	kit_nothing();
	write_urgent(so, 1);
	o = kit_one(4, 11);
	KT((o.flags & TH_URG) != 0);
	KT_EQ(o.urp, 11);
	kit_ack(15, 65535);
	kit_write(so, 5); /* all of it was acknowledged */
	o = kit_one(15, 5);
	KT((o.flags & TH_URG) == 0);
	KT_EQ(o.urp, 0);
	kit_ack(20, 65535);
	write_urgent(so, 2000); /* each segment says how far it is */
	KT(kit_out(&o));
	KT_EQ(o.len, MSS);
	KT_EQ(o.urp, 2000);
	KT(kit_out(&o));
	KT_EQ(o.len, 2000 - MSS);
	KT_EQ(o.urp, 2000 - MSS);
	kit_nothing();
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
	kit_data(1, 10);
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
	kit_data(22, 10);
	KT_EQ(so->so_rcv.sb_cc, 41);
	KT(so->so_urgent);
	KT_EQ(so->so_urgat, 34);
	so->so_urgent = false;
	k.seq = 42, k.len = 5, k.urp = 9; /* said before it is there */
	kit_in(&k);
	KT(!so->so_urgent);
	kit_data(47, 5);
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
