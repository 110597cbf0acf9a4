/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the labs of both families (lab4.h, lab6.h) have in common: three hosts
 * in one kernel, each in a routing table of its own, joined by two pairs.
 */

#ifndef LAB_H
#define LAB_H

#include <sys/systm.h>
#include <sys/proc.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <ktest.h>
#include <machine/kernel.h>

static inline struct ifnet *
lab_if(const char *name)
{
	struct ifnet *ifp = if_unit(name);

	KT(ifp != NULL);
	return (ifp);
}

/* The loop, for so much virtual time. */
static inline void
lab_run(uint64_t us)
{
	uint64_t done;

	for (done = 0; done < us; done += 10000) {
		sim_advance_us(10000);
		while (kernel_step() == 0)
			;
	}
}

static inline void
lab_pair(const char *a, const char *b, uint32_t ta, uint32_t tb)
{
	static struct proc owner;
	struct if_req req;

	KT_EQ(if_clone_create(a), 0);
	KT_EQ(if_clone_create(b), 0);
	lab_if(a)->if_rtable = ta;
	lab_if(b)->if_rtable = tb;
	memset(&req, 0, sizeof(req));
	strlcpy(req.name, a, sizeof(req.name));
	strlcpy(req.text, b, sizeof(req.text));
	KT_EQ(if_ioctl_dispatch(SIOCSPAIR, &req, &owner), 0);
	KT_EQ(if_setflags(lab_if(a), lab_if(a)->if_flags | IFF_UP), 0);
	KT_EQ(if_setflags(lab_if(b), lab_if(b)->if_flags | IFF_UP), 0);
}

/* pair0 of table 0 meets pair1 of table 1, pair2 there meets pair3 of table 2. */
static inline void
lab_boot(void)
{
	static const struct kernel_params params = { .hostname = "lab" };

	KT_EQ(kernel_boot(&params), 0);
	KT_EQ(rtable_add(1), 0);
	KT_EQ(rtable_add(2), 0);
	lab_pair("pair0", "pair1", 0, 1);
	lab_pair("pair2", "pair3", 1, 2);
}

#endif
