/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Boot: everything that is started, in one order, in one function; and one
 * step of the loop.  A new part adds its line below the parts it needs.
 */

#include <sys/drop.h>
#include <sys/malloc.h>
#include <sys/file.h>
#include <sys/log.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <sys/systm.h>
#include <sys/task.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <machine/host.h>
#include <machine/kernel.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/rtable.h>
#include <netinet/ip_var.h>
#include <net/rtsock.h>

#define MBUF_BYTES (64UL << 20)

static char hostname[64];
static struct timeval boottime;

static const struct sysctl_row kern_rows[] = {
	{ .name = "kern.hostname", .type = CTL_STRING, .flags = CTLF_RD | CTLF_WR, .var = hostname,
	    .max = sizeof(hostname), .text = "name of the machine" },
	{ .name = "kern.boottime", .type = CTL_QUAD, .flags = CTLF_RD, .var = &boottime.tv_sec,
	    .text = "when it started, in seconds since 1970" },
};
static struct sysctl_table kern_table = { .rows = kern_rows, .nrows = nitems(kern_rows) };

int
kernel_boot(const struct kernel_params *params)
{
	int error;

	time_refresh();
	timeout_init(uptime_us());
	microtime(&boottime);
	strlcpy(hostname, params->hostname != NULL ? params->hostname : "fugu", sizeof(hostname));
	proc_setowner(params->owner_uid);
	mbinit(params->mbuf_bytes != 0 ? params->mbuf_bytes : MBUF_BYTES);
	sysctlinit();
	sysctl_register(&kern_table);
	loginit();
	memstatinit();
	statinit();
	fileinit();
	soinit();
	syscallinit();
	syscall_setname(hostname);
	if ((error = rtableinit()) != 0)
		return (error);
	ip_frag_init();
	ipinit();
	ip6init();
	soioctl_register(if_ioctl_dispatch);
	rtsockinit();
	if ((error = ifinit()) != 0)
		return (error);
	return (pfattach());
}

static uint64_t step_next; /* when the loop comes back by itself, uptime in us */

int
kernel_due(void)
{
	return (timeout_next() < step_next);
}

unsigned long long
kernel_step(void)
{
	bool more;
	uint64_t next;

	ASSERT_TOKEN();
	time_refresh();
	timeout_run(uptime_us());
	more = task_run();
	more |= if_flush_all();
	if (sodue_run()) /* behind the acknowledgments */
		more |= if_flush_all();
	step_next = next = timeout_next();
	if (more || next <= uptime_us())
		return (0);
	return (next == UINT64_MAX ? ~0ULL : time_to_host(next));
}

void
kernel_shutdown(void)
{
	struct ifnet *ifp;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		if_setflags(ifp, ifp->if_flags & ~(uint32_t)IFF_UP);
	if_flush_all();
	log(LOG_NOTICE, "stopped");
}
