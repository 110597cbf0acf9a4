/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The bridge: where frames go, what it learns and forgets, and short memory.
 *
 * The members and their stations are those of bridgekit.h.
 */

#include "bridgekit.h"

#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>

static uint16_t type_sent = TYPE_TEST;

static int
port_flags(const char *member, uint32_t flags, uint32_t protect)
{
	struct bridge_req req = { .flags = flags, .protect = protect };

	return (ask(SIOCBRDGSIFFLGS, member, &req));
}

static int
with_addr(unsigned long cmd, const char *member, const uint8_t lladdr[6])
{
	struct bridge_req req = { .flags = 0 };

	memcpy(req.lladdr, lladdr, 6);
	return (ask(cmd, member, &req));
}

static void
frame_send(unsigned int from, const uint8_t src[6], const uint8_t dst[6],
    uint32_t len)
{
	struct ifnet *ifp = if_unit(port(20, from));
	struct mbuf *m = m_getroom(M_HEADROOM, len);
	struct ether_header *eh;

	KT(m != NULL);
	memset(m->m_data, 0x5a, len);
	m->m_len = m->m_pkthdr.len = len;
	eh = mtod(m, struct ether_header *);
	memcpy(eh->ether_dhost, dst, 6);
	memcpy(eh->ether_shost, src, 6);
	eh->ether_type = htons(type_sent);
	KT_EQ(if_enqueue(ifp, m), 0);
	kernel_step();
}

/* A frame of station from to station to; which ports saw it, as bits, and 8 us. */
static unsigned int
went(unsigned int from, const uint8_t dst[6])
{
	unsigned int bits;

	counts_clear();
	frame_send(from, station[from], dst, 100);
	bits = (came[0] != 0) | (came[1] != 0) << 1 | (came[2] != 0) << 2 |
	    (came[3] != 0) << 3;
	for (unsigned int i = 0; i < NPORTS; i++)
		KT(came[i] <= 1);
	return (bits | (ours != 0 ? 16 : 0));
}

KTEST(bridge_learns_where_stations_are)
{
	bridge_make();
	KT_EQ(went(0, station[1]), 2 | 4); /* unknown: to all others */
	KT_EQ(went(1, station[0]), 1);	   /* known */
	KT_EQ(went(0, station[1]), 2);
	KT_EQ(went(2, etherbroadcastaddr), 1 | 2 | 16);
	counts_clear();
	frame_send(0, station[1], station[0], 100); /* it moved to port 0 */
	KT_EQ(drop_counts[DROP_BRIDGE_SAMEPORT], 1);
	KT_EQ(went(2, station[1]), 1);
}

KTEST(bridge_down_or_gone_joins_nothing)
{
	bridge_make();
	if_setflags(if_unit("bridge0"), 0);
	KT_EQ(went(0, etherbroadcastaddr), 16);
	KT_EQ(went(0, station[1]), 0);
	up("bridge0");
	KT_EQ(went(0, station[1]), 2 | 4);
	KT_EQ(plain(SIOCBRDGDEL, "pair11"), 0);
	KT_EQ(went(0, station[1]), 4);
	KT((if_unit("pair11")->if_flags & IFF_PROMISC) == 0);
	KT((if_unit("pair10")->if_flags & IFF_PROMISC) != 0);
	KT_EQ(if_clone_destroy("pair12"), 0);
	KT_EQ(went(0, station[1]), 0);
	KT_EQ(if_clone_destroy("bridge0"), 0);
	KT((if_unit("pair10")->if_flags & IFF_PROMISC) == 0);
	KT(if_unit("pair10")->if_bridge == NULL);
	KT_EQ(went(0, etherbroadcastaddr), 16);
}

KTEST(bridge_the_machine_is_a_station)
{
	const uint8_t *mac10, *mac11;
	struct mbuf *m;

	bridge_make();
	mac10 = if_unit("pair10")->if_lladdr;
	mac11 = if_unit("pair11")->if_lladdr;
	KT_EQ(went(0, mac10), 16);
	KT_EQ(went(2, mac11), 16); /* another member's address: still ours */
	KT_EQ(went(1, mac11), 16);

	m = m_getroom(M_HEADROOM, 64); /* to a station learned on port 2 */
	m->m_len = m->m_pkthdr.len = 64;
	counts_clear();
	KT_EQ(ether_send(if_unit("pair10"), m, station[2], TYPE_TEST), 0);
	kernel_step();
	KT_EQ(came[0], 0);
	KT_EQ(came[2], 1);

	m = m_getroom(M_HEADROOM, 64);
	m->m_len = m->m_pkthdr.len = 64;
	counts_clear();
	KT_EQ(ether_send(if_unit("pair10"), m, etherbroadcastaddr, TYPE_TEST),
	    0);
	kernel_step();
	KT(came[0] == 1 && came[1] == 1 && came[2] == 1 && came[3] == 0);
}

KTEST(bridge_flags_of_members)
{
	bridge_make();
	KT_EQ(port_flags("pair12", IFBIF_LEARNING, 0), 0); /* no discover */
	KT_EQ(went(0, station[1]), 2);
	KT_EQ(went(0, etherbroadcastaddr), 2 | 4 | 16);
	KT_EQ(port_flags("pair10", IFBIF_DISCOVER, 0), 0); /* no learning */
	plain(SIOCBRDGFLUSH, "");
	KT_EQ(went(0, station[1]), 2);
	KT_EQ(went(1, station[0]), 1); /* by discovery, not by address */
	KT_EQ(port_flags("pair12", IFBIF_DISCOVER, 0), 0);
	KT_EQ(went(1, station[0]), 1 | 4);
	KT_EQ(port_flags("pair12", IFBIF_DISCOVER | IFBIF_BLOCKNONIP, 0), 0);
	KT_EQ(went(1, station[0]), 1);
	type_sent = ETHERTYPE_ARP;
	KT_EQ(went(1, station[0]), 1 | 4);
	type_sent = TYPE_TEST;
	KT_EQ(port_flags("pair12", IFBIF_SPAN, 0), EINVAL);
	KT_EQ(port_flags("pair12", 0, 1U << 31), EINVAL);
	KT_EQ(port_flags("pair13", 0, 0), ESRCH);
}

KTEST(bridge_protected_members_do_not_meet)
{
	const uint32_t both = IFBIF_LEARNING | IFBIF_DISCOVER;

	bridge_make();
	KT_EQ(port_flags("pair10", both, 1 | 4), 0);
	KT_EQ(port_flags("pair11", both, 2 | 4), 0);
	KT_EQ(port_flags("pair12", both, 8), 0);
	KT_EQ(went(0, station[1]), 4);
	KT_EQ(went(1, etherbroadcastaddr), 4 | 16);
	KT_EQ(went(2, station[3]), 1 | 2);
	KT_EQ(went(0, station[1]), 0); /* known, and not to be reached */
	KT_EQ(drop_counts[DROP_BRIDGE_PROTECTED], 1);
}

KTEST(bridge_span_sees_all_and_says_nothing)
{
	bridge_make();
	KT_EQ(plain(SIOCBRDGADDS, "pair13"), 0);
	KT_EQ(plain(SIOCBRDGADDS, "pair13"), EEXIST);
	KT_EQ(plain(SIOCBRDGADDS, "pair12"), EEXIST);
	KT_EQ(plain(SIOCBRDGDEL, "pair13"), ESRCH);
	went(1, station[3]); /* learned */
	KT_EQ(went(0, station[1]), 2 | 8);
	KT_EQ(went(0, if_unit("pair10")->if_lladdr), 8 | 16);
	KT_EQ(went(3, station[1]), 0);
	KT_EQ(plain(SIOCBRDGDELS, "pair13"), 0);
	KT_EQ(went(0, station[1]), 2);
}

KTEST(bridge_static_addresses_stay)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 }, none[6];

	bridge_make();
	KT_EQ(with_addr(SIOCBRDGSADDR, "pair12", station[0]), 0);
	went(0, station[3]); /* it speaks on port 0: no matter */
	KT_EQ(went(1, station[0]), 4);
	sim_advance_us(500000000ULL);
	kernel_step();
	KT_EQ(went(1, station[0]), 4);
	KT_EQ(plain(SIOCBRDGFLUSH, ""), 0);
	KT_EQ(went(1, station[0]), 4);
	KT_EQ(with_addr(SIOCBRDGSADDR, "pair10", station[0]), 0); /* replaced */
	KT_EQ(went(1, station[0]), 1);
	KT_EQ(with_addr(SIOCBRDGDADDR, "", station[0]), 0);
	KT_EQ(with_addr(SIOCBRDGDADDR, "", station[0]), ENOENT);
	KT_EQ(went(1, station[0]), 1 | 4);
	KT_EQ(with_addr(SIOCBRDGSADDR, "pair10", group), EINVAL);
	KT_EQ(with_addr(SIOCBRDGSADDR, "pair10", none), EINVAL);
	KT_EQ(with_addr(SIOCBRDGSADDR, "pair13", station[0]), ESRCH);
	KT_EQ(with_addr(SIOCBRDGSADDR, "pair12", station[0]), 0);
	{
		struct bridge_req req = { .flags = IFBAF_STATIC };

		KT_EQ(ask(SIOCBRDGFLUSH, "", &req), 0);
		req.flags = 2;
		KT_EQ(ask(SIOCBRDGFLUSH, "", &req), EINVAL);
	}
	KT_EQ(went(1, station[0]), 1 | 4);
}

static long
addrs_count(void)
{
	struct sysctl_req req = { .proc = &owner };
	long n;

	KT_EQ(kern_sysctl("net.link.bridge.addrs.bridge0", &req), 0);
	n = (long)(req.oldlen / sizeof(struct bridge_addrrow));
	free(req.old, M_SYSCTL, req.oldcap);
	return (n);
}

KTEST(bridge_table_has_limits_and_ages)
{
	struct bridge_req req = { .maxaddr = 10 };
	uint8_t src[6] = { 2, 7 };

	bridge_make();
	KT_EQ(ask(SIOCBRDGSMAX, "", &req), 0);
	for (unsigned int i = 0; i < 1000; i++) {
		be16enc(src + 4, (uint16_t)i);
		frame_send(0, src, station[1], 64);
		KT(addrs_count() <= 10);
	}
	KT_EQ(addrs_count(), 10);
	KT_EQ(went(1, src), 1 | 4); /* not learned: to all */
	sim_advance_us(200000000);
	kernel_step();
	be16enc(src + 4, 3);
	frame_send(0, src, station[1], 64); /* heard again */
	sim_advance_us(100000000);
	kernel_step();
	KT_EQ(addrs_count(), 1);
	req.timeout = 0;
	KT_EQ(ask(SIOCBRDGSTO, "", &req), 0);
	sim_advance_us(10000000000ULL);
	kernel_step();
	KT_EQ(addrs_count(), 1);
	req.timeout = 1;
	KT_EQ(ask(SIOCBRDGSTO, "", &req), 0);
	KT_EQ(addrs_count(), 0);
	went(0, station[3]);
	went(1, station[3]);
	KT_EQ(addrs_count(), 2);
	req.maxaddr = 1;
	KT_EQ(ask(SIOCBRDGSMAX, "", &req), 0);
	KT_EQ(addrs_count(), 1);
	KT_EQ(with_addr(SIOCBRDGSADDR, "pair10", station[2]), ENOSPC);
	req.maxaddr = 0;
	KT_EQ(ask(SIOCBRDGSMAX, "", &req), EINVAL);
	req.timeout = 86401;
	KT_EQ(ask(SIOCBRDGSTO, "", &req), EINVAL);
	memset(&req, 0, sizeof(req));
	KT_EQ(ask(SIOCBRDGGPARAM, "", &req), 0);
	KT_EQ(req.maxaddr, 1);
	KT_EQ(req.timeout, 1);
}

KTEST(bridge_a_port_without_carrier_forgets)
{
	bridge_make();
	went(1, station[3]);
	KT_EQ(went(0, station[1]), 2);
	if_setflags(if_unit("pair21"), 0);
	KT_EQ(addrs_count(), 1);
	KT_EQ(went(0, station[1]), 4);
}

KTEST(bridge_frames_that_may_not_pass)
{
	static const uint8_t bpdu[6] = { 0x01, 0x80, 0xc2, 0, 0, 0x00 };

	bridge_make();
	KT_EQ(went(0, bpdu), 16); /* ours alone, IEEE 802.1D */
	KT_EQ(if_setmtu(if_unit("pair11"), 600), 0);
	counts_clear();
	frame_send(0, station[0], station[1], 1000);
	KT(came[1] == 0 && came[2] == 1);
	KT_EQ(drop_counts[DROP_BRIDGE_TOOBIG], 1);
	frame_send(0, station[0], station[1], 614);
	KT(came[1] == 1 && came[2] == 2);
}

KTEST(bridge_tags_pass_in_the_frame)
{
	struct mbuf *m;
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	uint64_t before;

	bridge_make();
	before = if_unit("pair21")->if_counters.ibytes;
	m = m_getroom(M_HEADROOM, 64);
	m->m_len = m->m_pkthdr.len = 64;
	memcpy(m->m_data, station[1], 6);
	memcpy(m->m_data + 6, station[0], 6);
	be16enc((uint8_t *)m->m_data + 12, TYPE_TEST);
	m->m_flags |= M_VLANTAG;
	m->m_pkthdr.ether_vtag = 5;
	ml_enqueue(&ml, m);
	if_input(if_unit("pair10"), &ml);
	kernel_step();
	KT(came[1] == 1 && came[2] == 1);
	KT_EQ(if_unit("pair21")->if_counters.ibytes - before, 68);
}

/*
 * Two bridges joined by three links: a frame for everybody goes round and
 * round, and becomes more.  The machine stays alive, memory stays bounded, and
 * when the loop is opened there is silence.
 */
KTEST(bridge_loop_does_not_stop_the_machine)
{
	struct bridge_req req = { .name = "bridge1" };
	uint64_t most, held, steps;
	long live;

	bridge_make();
	KT_EQ(if_clone_create("bridge1"), 0);
	for (unsigned int i = 0; i < 3; i++) {
		if_unit(port(20, i))->if_input = if_unit("pair13")->if_input;
		memset(&req, 0, sizeof(req));
		strlcpy(req.name, "bridge1", sizeof(req.name));
		strlcpy(req.member, port(20, i), sizeof(req.member));
		KT_EQ(if_ioctl_dispatch(SIOCBRDGADD, &req, &owner), 0);
	}
	live = sim_live();
	up("bridge1");
	KT_EQ(plain(SIOCBRDGADD, "pair13"), 0);
	frame_send(3, station[3], etherbroadcastaddr, 100);
	most = 0;
	for (steps = 0; steps < 20; steps++) {
		KT_EQ(kernel_step(), 0); /* comes back, with more to do */
		held = (uint64_t)(sim_live() - live);
		most = MAX(most, held);
		sim_advance_us(1000);
	}
	KT(most > 100); /* it was a storm */
	KT(most < 20000);
	KT_EQ(if_setflags(if_unit("bridge1"), 0), 0);
	for (steps = 0; steps < 100 && kernel_step() == 0; steps++)
		;
	KT(steps < 100);
	counts_clear();
	sim_advance_us(1000);
	kernel_step();
	KT_EQ(ours, 0);
	plain(SIOCBRDGFLUSH, "");
	KT(sim_live() <= live + 50);
}

KTEST(bridge_judges_members)
{
	struct bridge_req req = { .name = "bridge0" };
	struct if_addrreq addr = { .name = "bridge0",
		.af = AF_INET,
		.plen = 24,
		.addr = { .b = { 10, 0, 0, 1 } } };
	struct proc guest = { .p_uid = 4711 };

	net_make();
	KT_EQ(plain(SIOCBRDGADD, "nosuch0"), ENXIO);
	KT(if_unit("bridge0") == NULL);
	KT_EQ(plain(SIOCBRDGADD, "lo0"), EINVAL);
	KT_EQ(plain(SIOCBRDGADD, "pair10"), 0);
	KT_EQ(plain(SIOCBRDGADD, "pair10"), EEXIST);
	KT_EQ(plain(SIOCBRDGADD, "bridge0"), EINVAL);
	KT_EQ(if_clone_create("bridge1"), 0);
	strlcpy(req.name, "bridge1", sizeof(req.name));
	strlcpy(req.member, "pair10", sizeof(req.member));
	KT_EQ(if_ioctl_dispatch(SIOCBRDGADD, &req, &owner), EBUSY);
	KT_EQ(if_ioctl_dispatch(SIOCBRDGADD, &req, &guest), EPERM);
	memset(req.member, 'x', sizeof(req.member));
	KT_EQ(if_ioctl_dispatch(SIOCBRDGADD, &req, &owner), EINVAL);
	strlcpy(req.name, "pair11", sizeof(req.name));
	KT_EQ(if_ioctl_dispatch(SIOCBRDGGPARAM, &req, &owner), EOPNOTSUPP);
	KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &addr, &owner), EAFNOSUPPORT);
}

KTEST_NTH(bridge_short_of_memory)
{
	struct bridge_req req = { .flags = IFBAF_STATIC };
	long live;
	int error;

	bridge_make();
	KT_EQ(if_clone_destroy("bridge0"), 0);
	went(0, station[1]);
	live = sim_live();
	sim_fail_nth(n);
	for (unsigned int i = 0; i < 3; i++) {
		error = plain(SIOCBRDGADD, port(10, i));
		KT(error == 0 || (error == ENOMEM && sim_failed()));
	}
	if (if_unit("bridge0") != NULL) {
		if_setflags(if_unit("bridge0"), IFF_UP);
		error = with_addr(SIOCBRDGSADDR, "pair10", station[2]);
		KT(error == 0 || sim_failed());
	}
	if (if_unit("bridge0") != NULL) {
		ask(SIOCBRDGFLUSH, "", &req);
		KT_EQ(if_clone_destroy("bridge0"), 0);
	}
	KT_EQ(sim_live(), live);
}
