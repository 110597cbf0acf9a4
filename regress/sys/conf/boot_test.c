/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Boot, a few steps, every sysctl read, the end; while memory runs short too. */

#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <ktest.h>
#include <machine/kernel.h>

static const struct kernel_params params = { .hostname = "fw1",
	.owner_uid = 1000 };
static struct proc reader = { .p_uid = 0, .p_fd = -1 };

static int
name_read(const char *name, struct sysctl_req *req)
{
	*req = (struct sysctl_req){ .proc = &reader };
	return (kern_sysctl(name, req));
}

static void
answer_free(struct sysctl_req *req)
{
	free(req->old, M_SYSCTL, req->oldcap);
}

/* Reads all that `sysctl -a' would; how many names there are. */
static size_t
all_read(bool short_of_memory)
{
	struct sysctl_req names, req;
	const struct sysctl_name *n;
	size_t count;
	int error;

	if ((error = name_read("sysctl.names", &names)) != 0) {
		KT(short_of_memory && error == ENOMEM);
		answer_free(&names);
		return (0);
	}
	n = names.old;
	count = names.oldlen / sizeof(*n);
	for (size_t i = 0; i < count; i++) {
		if ((n[i].flags & CTLF_HIDDEN) != 0)
			continue;
		error = name_read(n[i].name, &req);
		KT(error == 0 || (short_of_memory && error == ENOMEM));
		answer_free(&req);
	}
	answer_free(&names);
	return (count);
}

static void
steps(void)
{
	for (int i = 0; i < 5; i++) {
		sim_advance_us(1000000);
		kernel_step();
	}
}

KTEST(boot_steps_and_stops)
{
	struct sysctl_req req;
	struct mbuf_stat mb;
	long live;

	KT_EQ(kernel_boot(&params), 0);
	steps();
	KT_EQ(name_read("kern.hostname", &req), 0);
	KT_STR((const char *)req.old, "fw1");
	answer_free(&req);
	live = sim_live();
	KT(all_read(false) > 3);
	KT_EQ(sim_live(), live);
	kernel_shutdown();
	steps();
	mbstat_get(&mb);
	KT_EQ(mb.bytes, 0);
}

static bool
log_says_something(void)
{
	struct sysctl_req req;
	bool yes;

	KT_EQ(name_read("kern.msgbuf", &req), 0);
	yes = req.oldlen > 1;
	answer_free(&req);
	return (yes);
}

/* What is missing is an error, or the kernel says what it does without. */
KTEST_NTH(boot_short_of_memory)
{
	int error;

	sim_fail_nth(n);
	error = kernel_boot(&params);
	KT(error == 0 || error == ENOMEM || error == ENOBUFS);
	KT(error != 0 || !sim_failed() || log_says_something());
	if (error == 0)
		steps();
}

KTEST_NTH(sysctl_all_short_of_memory)
{
	long live;

	KT_EQ(kernel_boot(&params), 0);
	live = sim_live();
	sim_fail_nth(n);
	all_read(true);
	KT_EQ(sim_live(), live);
}
