/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* A capture: what is stored, cut, handed on, dropped and given back. */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/task.h>
#include <sys/time.h>
#include <net/bpf_desc.h>
#include <net/if_var.h>
#include <ktest.h>
#include <machine/kernel.h>

static struct bpf_d d;
static unsigned int pushed, pushed_len;
static struct bpf_hdr first;
static bool full;
static unsigned int packets, room = ~0U; /* pushed; messages it takes */

static int
push(struct bpf_d *bd, const void *buf, uint32_t len)
{
	struct bpf_hdr bh;

	if (full || room == 0)
		return (EAGAIN);
	room--;
	pushed++;
	pushed_len = len;
	for (uint32_t off = 0; off < len; packets++) {
		memcpy(&bh, (const uint8_t *)buf + off, sizeof(bh));
		off += BPF_ALIGN((uint32_t)sizeof(bh) + bh.bh_caplen);
		KT(off <= len);
	}
	memcpy(&first, buf, sizeof(first));
	return (0);
}

static struct bpf_if *
setup(uint32_t size)
{
	static const struct kernel_params params = { .hostname = "test" };

	KT_EQ(kernel_boot(&params), 0);
	bpf_d_init(&d, push, NULL);
	d.bd_size = size;
	KT_EQ(bpf_d_bind(&d, if_unit("lo0")->if_bpf), 0);
	return (if_unit("lo0")->if_bpf);
}

static void
packet(struct bpf_if *bif, uint32_t len, int dir)
{
	struct mbuf *m = m_getroom(0, len);

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = len;
	memset(m->m_data, 0x45, len);
	bpf_mtap(bif, m, dir);
	m_freem(m);
}

KTEST(bpf_capture_immediate_hands_on_at_once)
{
	struct bpf_if *bif = setup(BPF_MINBUF);

	d.bd_immediate = true;
	packet(bif, 100, BPF_DIRECTION_IN);
	packet(bif, 50, BPF_DIRECTION_IN);
	KT_EQ(pushed, 0);
	task_run();
	KT_EQ(pushed, 1);
	KT_EQ(pushed_len, BPF_ALIGN(24 + 104) + BPF_ALIGN(24 + 54));
	KT_EQ(first.bh_caplen, 104); /* the family stands in front */
	KT_EQ(first.bh_datalen, 104);
	KT_EQ(first.bh_direction, BPF_DIRECTION_IN);
	KT_EQ(d.bd_stat.bs_capt, 2);
	bpf_d_fini(&d);
}

KTEST(bpf_capture_waits_for_the_timeout)
{
	struct bpf_if *bif = setup(BPF_MINBUF);

	d.bd_timeout_us = 1000;
	packet(bif, 100, BPF_DIRECTION_OUT);
	kernel_step();
	KT_EQ(pushed, 0);
	sim_advance_us(1001);
	kernel_step();
	KT_EQ(pushed, 1);
	bpf_d_fini(&d);
}

KTEST(bpf_capture_drops_when_both_buffers_are_full_and_goes_on)
{
	struct bpf_if *bif = setup(BPF_MINBUF);

	full = true;
	for (int i = 0; i < 10; i++)
		packet(bif, 1000, BPF_DIRECTION_IN);
	KT_EQ(d.bd_stat.bs_recv, 10);
	KT_EQ(d.bd_stat.bs_drop, 4); /* three fit in each */
	KT_EQ(pushed, 0);
	full = false;
	bpf_d_writable(&d);
	KT_EQ(pushed, 1);
	KT_EQ(pushed_len, 3 * BPF_ALIGN(24 + 1004));
	packet(bif, 1000, BPF_DIRECTION_IN);
	KT_EQ(pushed, 2);
	KT_EQ(d.bd_stat.bs_drop, 4);
	bpf_d_fini(&d);
}

KTEST(bpf_capture_filters_cuts_and_chooses_directions)
{
	static const struct bpf_insn cut[] = { BPF_STMT(BPF_RET, 20) },
				     none[] = { BPF_STMT(BPF_RET, 0) },
				     bad[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	struct bpf_if *bif = setup(BPF_MINBUF);

	KT_EQ(bpf_d_setfilter(&d.bd_read, cut, 1), 0);
	KT_EQ(bpf_d_setfilter(&d.bd_read, bad, 1), EINVAL);
	packet(bif, 100, BPF_DIRECTION_IN);
	bpf_d_rotate(&d);
	KT_EQ(first.bh_caplen, 20);
	KT_EQ(first.bh_datalen, 104);
	d.bd_dirfilt = BPF_DIRECTION_IN;
	packet(bif, 100, BPF_DIRECTION_IN);
	KT_EQ(d.bd_stat.bs_recv, 1);
	KT_EQ(bpf_d_setfilter(&d.bd_read, none, 1), 0);
	packet(bif, 100, BPF_DIRECTION_OUT);
	KT_EQ(d.bd_stat.bs_recv, 2);
	KT_EQ(d.bd_stat.bs_capt, 1);
	bpf_d_fini(&d);
}

KTEST(bpf_capture_outlives_its_interface_and_leaks_nothing)
{
	struct bpf_if *bif;
	long live;

	bif = setup(BPF_MINBUF);
	bpf_d_fini(&d);
	KT(TAILQ_EMPTY(&bif->bif_listeners));
	live = sim_live();
	KT_EQ(if_clone_create("pair3"), 0);
	KT_EQ(bpf_d_bind(&d, if_unit("pair3")->if_bpf), 0);
	KT_EQ(bpf_d_promisc(&d), 0);
	KT((if_unit("pair3")->if_flags & IFF_PROMISC) != 0);
	packet(if_unit("pair3")->if_bpf, 60, BPF_DIRECTION_IN);
	KT_EQ(if_clone_destroy("pair3"), 0);
	KT(d.bd_bif == NULL);
	KT_EQ(pushed, 1);
	bpf_d_fini(&d);
	KT_EQ(sim_live(), live);
	sim_fail_nth(2);
	KT_EQ(bpf_d_bind(&d, if_unit("lo0")->if_bpf), ENOMEM);
	sim_fail_nth(0);
	KT_EQ(sim_live(), live);
}

/* A large buffer goes in messages that a socket takes, and goes on where it was. */
KTEST(bpf_capture_large_buffer_goes_in_pieces)
{
	struct bpf_if *bif = setup(256 * 1024);

	d.bd_timeout_us = 1000;
	for (int i = 0; i < 200; i++)
		packet(bif, 1000, BPF_DIRECTION_IN);
	room = 2;
	bpf_d_rotate(&d);
	KT_EQ(pushed, 2);
	KT(packets > 100 && packets < 200 && pushed_len <= 65536);
	packet(bif, 65000, BPF_DIRECTION_IN);
	room = ~0U;
	bpf_d_writable(&d);
	KT_EQ(packets, 200);
	sim_advance_us(1001);
	kernel_step();
	KT_EQ(packets, 201);
	KT_EQ(d.bd_stat.bs_drop, 0);
	bpf_d_fini(&d);
}

/* What is stored while hold waits is shown once hold is gone. */
KTEST(bpf_capture_time_that_came_while_hold_waited)
{
	struct bpf_if *bif = setup(BPF_MINBUF);

	d.bd_timeout_us = 1000;
	full = true;
	packet(bif, 100, BPF_DIRECTION_IN);
	bpf_d_rotate(&d);
	packet(bif, 100, BPF_DIRECTION_IN);
	sim_advance_us(1001);
	kernel_step();
	KT_EQ(pushed, 0);
	full = false;
	bpf_d_writable(&d);
	KT_EQ(packets, 2);
	bpf_d_fini(&d);
}
