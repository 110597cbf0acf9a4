/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Rules given to a transaction, one and many: more than cross at a time, one
 * among them that cannot be, counts and pointers that lie, tickets of others,
 * short of memory.  A rule's `ridentifier' is its place in what was given.
 */

#include "pfkit.h"

#include <sys/cursor.h>
#include <sys/errno.h>
#include <sys/syscall.h>
#include <net/pf/pf_ioctl.h>
#include <machine/host.h>

bool sim_watches_run(void);

#define MANY 50

static const struct kernel_cred root = { 0, 0, 1 };
static int fd = -1;
static struct pf_ioc_rule rules[MANY];
static struct pf_ioc_elem elem;
static struct pfioc_trans trans;
static struct pfioc_rules io;

static int
call(unsigned long cmd, void *data)
{
	unsigned long long args[6] = { cmd };
	unsigned long len = cmd >> 16 & 0x3fff;
	long r = kernel_syscall(&root, SYS_IOCTL, args, data, len, data, &len,
	    fd, NULL);

	return (r < 0 ? (int)-r : 0);
}

static void
open_pf(unsigned long long mode)
{
	unsigned long long args[6] = { mode };

	if (fd != -1)
		host_close(fd);
	for (int i = 0; i < 8; i++)
		while (sim_watches_run() || kernel_step() == 0)
			;
	KT(kernel_syscall(&root, SYS_OPEN, args, "pf", 3, NULL, NULL, -1,
	       &fd) >= 0);
}

static void
boot(void)
{
	fd = -1;
	pk_boot();
	open_pf(3);
	memset(rules, 0, sizeof(rules));
	for (uint32_t i = 0; i < MANY; i++) {
		rules[i].rtable = -1;
		rules[i].action = PFA_BLOCK;
		rules[i].ridentifier = i + 1;
	}
	elem = (struct pf_ioc_elem){ .type = PF_ELEM_RULES,
		.rs = PF_RS_FILTER };
	trans = (struct pfioc_trans){ .nelems = 1 };
	trans.elems_ptr = (uint64_t)(uintptr_t)&elem;
}

static void
begin(void)
{
	KT_EQ(call(DIOCXBEGIN, &trans), 0);
}

/* n of the rules, from the first on: 0 and how many were added in io.n. */
static int
add(uint32_t first, uint32_t n)
{
	memset(&io, 0, sizeof(io));
	io.ticket = trans.ticket;
	io.rs = PF_RS_FILTER;
	io.n = n;
	io.rules_ptr = (uint64_t)(uintptr_t)&rules[first];
	return (call(DIOCADDRULES, &io));
}

/* What is in force are the rules 1 to n. */
static void
in_force(uint32_t n)
{
	const struct pf_rules *r = pf_main.rules[PF_RS_FILTER];

	KT_EQ(r->n, n);
	for (uint32_t i = 0; i < n; i++)
		KT_EQ(r->rule[i]->ioc->ridentifier, i + 1);
}

KTEST(pf_addrules_many_and_one)
{
	static struct pfioc_rule one;

	boot();
	begin();
	KT_EQ(add(0, MANY - 1), 0);
	KT_EQ(io.n, MANY - 1);
	one.ticket = trans.ticket;
	one.rs = PF_RS_FILTER;
	one.rule = rules[MANY - 1];
	KT_EQ(call(DIOCADDRULE, &one), 0);
	in_force(0);
	KT_EQ(call(DIOCXCOMMIT, &trans), 0);
	in_force(MANY);
	KT_STR(pf_main.rules[PF_RS_FILTER]->rule[20]->ruleset, "");
	host_close(fd);
}

KTEST(pf_addrules_stops_at_the_one_that_cannot_be)
{
	static const uint32_t bad[] = { 0, 1, 15, 16, 17, 40, MANY - 1 };

	boot();
	for (unsigned int i = 0; i < nitems(bad); i++) {
		begin();
		rules[bad[i]].action = PFA_NAT; /* not in this ruleset */
		KT_EQ(add(0, MANY), bad[i] == 0 ? EINVAL : 0);
		KT_EQ(bad[i] == 0 ? 0 : io.n, bad[i]);
		KT_EQ(add(bad[i], MANY - bad[i]), EINVAL);
		rules[bad[i]].action = PFA_BLOCK;
		KT_EQ(add(bad[i], MANY - bad[i]), 0);
		KT_EQ(call(DIOCXCOMMIT, &trans), 0);
		in_force(MANY);
	}
	host_close(fd);
}

KTEST(pf_addrules_refuses)
{
	struct pf_ioc_poolent ent = pk_net(AF_INET, 101, 32);

	boot();
	KT_EQ(add(0, 1), EBUSY);
	begin();
	KT_EQ(add(0, 0), EINVAL);
	KT_EQ(add(0, PF_REQUEST_MAX + 1), EINVAL);
	trans.ticket++;
	KT_EQ(add(0, 1), EBUSY);
	trans.ticket--;
	io.rules_ptr = 0;
	io.ticket = trans.ticket;
	io.n = 1;
	KT_EQ(call(DIOCADDRULES, &io), EFAULT);
	memset(io.anchor, 'x', sizeof(io.anchor));
	KT_EQ(call(DIOCADDRULES, &io), EINVAL);
	add(0, 1);
	io.rs = PF_RS_MAX;
	KT(call(DIOCADDRULES, &io) != 0);
	rules[0].pool[PF_NATPOOL].nents = PF_REQUEST_MAX + 1;
	rules[0].pool[PF_NATPOOL].ents_ptr = (uint64_t)(uintptr_t)&ent;
	KT_EQ(add(0, 1), EINVAL);
	KT_EQ(call(DIOCXROLLBACK, &trans), 0);
	open_pf(1); /* for reading */
	KT_EQ(add(0, 1), EACCES);
	in_force(0);
	host_close(fd);
}

KTEST_NTH(pf_addrules_short_of_memory)
{
	uint32_t done;
	long live;
	int error;

	boot();
	begin();
	KT_EQ(add(0, 3), 0);
	live = sim_live();
	sim_fail_nth(n);
	error = add(3, 20);
	done = error == 0 ? io.n : 0;
	KT(done == 20 || sim_failed());
	KT(error == 0 || error == ENOMEM);
	if (done == 0)
		KT_EQ(sim_live(), live);
	in_force(0);
	host_close(fd);
}
