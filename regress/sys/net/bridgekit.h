/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A bridge and its stations.  Members are pair10, pair11 ...; the other ends
 * pair20, pair21 ... stand for stations: what comes out there is counted for
 * each, and kept if asked for.
 */

#ifndef BRIDGEKIT_H
#define BRIDGEKIT_H

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <net/ethernet.h>
#include <net/if_bridge.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <ktest.h>
#include <machine/kernel.h>

#define TYPE_TEST 0x88b5 /* for local experiments, IEEE 802 */
#define NPORTS	  4

static struct proc owner;
static unsigned int came[NPORTS], ours;
static bool keep_frames; /* in got */
static struct mbuf_list got[NPORTS];

static const uint8_t station[NPORTS][6] = { { 2, 0, 0, 0, 0, 0x10 },
	{ 2, 0, 0, 0, 0, 0x11 }, { 2, 0, 0, 0, 0, 0x12 },
	{ 2, 0, 0, 0, 0, 0x13 } };

static inline int
ask(unsigned long cmd, const char *member, struct bridge_req *req)
{
	strlcpy(req->name, "bridge0", sizeof(req->name));
	strlcpy(req->member, member, sizeof(req->member));
	return (if_ioctl_dispatch(cmd, req, &owner));
}

static inline int
plain(unsigned long cmd, const char *member)
{
	struct bridge_req req;

	memset(&req, 0, sizeof(req));
	return (ask(cmd, member, &req));
}

static inline const char *
port(unsigned int base, unsigned int i)
{
	static char name[8][IFNAMSIZ];
	static unsigned int n;

	n = (n + 1) % 8;
	snprintf(name[n], sizeof(name[n]), "pair%u", base + i);
	return (name[n]);
}

/* Every frame that a station gets comes here: they listen to all. */
static inline void
station_input(struct ifnet *ifp, struct mbuf *m)
{
	int64_t unit = 0;

	KT_EQ(strtonum(ifp->if_xname + 4, 20, 23, &unit), 0);
	came[unit - 20]++;
	if (keep_frames)
		ml_enqueue(&got[unit - 20], m);
	else
		m_freem(m);
}

static inline void
take(struct ifnet *ifp, struct mbuf *m)
{
	ours++;
	m_freem(m);
}

static inline void
up(const char *name)
{
	struct ifnet *ifp = if_unit(name);

	KT_EQ(if_setflags(ifp, ifp->if_flags | IFF_UP), 0);
}

static inline void
net_make(void)
{
	static const struct kernel_params params = { .hostname = "test" };

	KT_EQ(kernel_boot(&params), 0);
	ether_input_register(TYPE_TEST, take);
	for (unsigned int i = 0; i < NPORTS; i++) {
		struct if_req req = { .name = "" };

		KT_EQ(if_clone_create(port(10, i)), 0);
		KT_EQ(if_clone_create(port(20, i)), 0);
		strlcpy(req.name, port(10, i), sizeof(req.name));
		strlcpy(req.text, port(20, i), sizeof(req.text));
		KT_EQ(if_ioctl_dispatch(SIOCSPAIR, &req, &owner), 0);
		if_unit(port(20, i))->if_input = station_input;
	}
}

static inline void
counts_clear(void)
{
	memset(came, 0, sizeof(came));
	ours = 0;
	for (unsigned int i = 0; i < NPORTS; i++)
		ml_purge(&got[i]);
}

/* Three members and everything up; what fresh interfaces say is over. */
static inline void
bridge_make(void)
{
	net_make();
	for (unsigned int i = 0; i < 3; i++)
		KT_EQ(plain(SIOCBRDGADD, port(10, i)), 0);
	for (unsigned int i = 0; i < NPORTS; i++) {
		up(port(10, i));
		up(port(20, i));
	}
	up("bridge0");
	for (int i = 0; i < 20; i++) {
		sim_advance_us(500000);
		kernel_step();
	}
	plain(SIOCBRDGFLUSH, "");
	counts_clear();
	memset(drop_counts, 0, sizeof(drop_counts));
}

#endif
