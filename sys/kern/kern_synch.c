/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Sleeping.  Only threads that serve a system call sleep; the network
 * thread never does.  Who sleeps stands in a list with what it waits for;
 * a wake-up goes through that list.
 */

#include <sys/systm.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/time.h>
#include <machine/host.h>

struct sleeper {
	LIST_ENTRY(sleeper) entry;
	const void *ident;
	void *self;
	bool woken;
};
static LIST_HEAD(, sleeper) sleepers = LIST_HEAD_INITIALIZER(sleepers);

bool
token_held(void)
{
	return (host_cpu_held() != 0);
}

int
tsleep_us(const void *ident, const char *wmesg, uint64_t us)
{
	struct sleeper s = { .ident = ident, .self = host_self() };
	unsigned long long deadline = us == 0 ? ~0ULL :
						time_to_host(uptime_us() + us);
	struct proc *p = curproc();
	int error = 0;

	(void)wmesg; /* for a debugger: it is on the stack */
	assertwaitok();
	LIST_INSERT_HEAD(&sleepers, &s, entry);
	proc_switch(NULL);
	while (!s.woken && error == 0)
		error = host_sleep(deadline) == 0 ? 0 : EWOULDBLOCK;
	LIST_REMOVE(&s, entry);
	proc_switch(p); /* others ran meanwhile */
	time_refresh();
	return (s.woken ? 0 : error);
}

void
wakeup(const void *ident)
{
	struct sleeper *s;

	LIST_FOREACH(s, &sleepers, entry)
		if (s->ident == ident && !s->woken) {
			s->woken = true;
			host_wake(s->self);
		}
}

void
preempt(void)
{
	struct proc *p = curproc();

	if (p == NULL)
		return;
	proc_switch(NULL);
	host_cpu_leave();
	host_cpu_enter(); /* in turn: who waits was first */
	proc_switch(p);
	time_refresh();
}

void
assertwaitok(void)
{
	if (curproc() == NULL)
		panic("sleep outside of a system call");
}
