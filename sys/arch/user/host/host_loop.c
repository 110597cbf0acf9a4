/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Readiness: epoll, and the wait of the network thread.
 *
 * To fall asleep and be woken costs more than most answers take.  So the wait
 * begins with a few looks without sleep, as long as that pays: after a sleep
 * that was a long one, the next begins at once, and so it does while others
 * want the processor.
 *
 * A watch that is deleted while events for it may still be in hand is freed
 * at the end of the round.
 */

#include <machine/host.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define EVENTS	64
#define SOON_NS 50000
#define CROWD_NS 1000000 /* how often crowded() asks the host */
#define CROWD	 5	 /* switches in that time, as measured with bulk and with questions */

/* 24 bytes, which malloc() gives in its smallest chunk of 32. */
struct host_watch {
	void (*fn)(void *arg, unsigned int events); /* NULL: deleted */
	union {
		void *arg;
		struct host_watch *dead_next; /* of the deleted */
	};
	int fd;
	unsigned int events;
};
_Static_assert(sizeof(struct host_watch) <= 24, "one for each descriptor");

static int epfd = -1, kickfd = -1;
static int kicked; /* a kick is on its way */
static bool asleep; /* the loop waits, without the token */
static bool soon; /* the last event did not let us sleep for long */
static __thread int is_loop;
static int again; /* it was kicked while it did not wait */
static struct host_watch *dead;

static void
kick_seen(void *arg, unsigned int events)
{
	uint64_t n;

	(void)arg;
	(void)events;
	__atomic_store_n(&kicked, 0, __ATOMIC_SEQ_CST);
	if (read(kickfd, &n, sizeof(n)) == -1)
		return; /* nothing there: fine */
}

int
host_loop_init(void)
{
	static struct host_watch *w;

	if ((epfd = epoll_create1(EPOLL_CLOEXEC)) == -1 || (kickfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) == -1)
		return (errno);
	return (-host_watch_add(kickfd, HOST_IN, kick_seen, NULL, &w));
}

void
host_kick(void)
{
	uint64_t one = 1;

	if (is_loop || (host_cpu_held() && !asleep)) {
		again = 1;
		return;
	}
	if (kickfd == -1 || __atomic_exchange_n(&kicked, 1, __ATOMIC_SEQ_CST) != 0)
		return;
	if (write(kickfd, &one, sizeof(one)) == -1)
		return; /* full: it is readable already */
}

int
host_watch_add(int fd, unsigned int events, void (*fn)(void *, unsigned int), void *arg, struct host_watch **wp)
{
	struct host_watch *w;
	struct epoll_event ev;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (-ENOMEM);
	*w = (struct host_watch){ .fd = fd, .events = events, .fn = fn, .arg = arg };
	memset(&ev, 0, sizeof(ev));
	ev.events = events;
	ev.data.ptr = w;
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) == -1) {
		int error = errno;

		free(w);
		return (-error);
	}
	*wp = w;
	return (0);
}

void
host_watch_mod(struct host_watch *w, unsigned int events)
{
	struct epoll_event ev;

	if (w->events == events)
		return;
	memset(&ev, 0, sizeof(ev));
	w->events = ev.events = events;
	ev.data.ptr = w;
	epoll_ctl(epfd, EPOLL_CTL_MOD, w->fd, &ev);
}

void
host_watch_del(struct host_watch *w)
{
	if (w == NULL)
		return;
	epoll_ctl(epfd, EPOLL_CTL_DEL, w->fd, NULL);
	w->fn = NULL;
	w->dead_next = dead;
	dead = w;
}

static void
dead_free(void)
{
	struct host_watch *w;

	while ((w = dead) != NULL) {
		dead = w->dead_next;
		free(w);
	}
}

/*
 * Have others taken the processor from us lately?  Then more have work than
 * there are processors, and to spin would keep one of them from it: perhaps
 * the one we wait for.
 */
static bool
crowded(unsigned long long now)
{
	static unsigned long long next;
	static long before;
	static bool is;
	struct rusage ru;

	if (now < next || getrusage(RUSAGE_THREAD, &ru) == -1)
		return (is);
	is = ru.ru_nivcsw > before + CROWD;
	before = ru.ru_nivcsw;
	next = now + CROWD_NS;
	return (is);
}

static int
events_get(struct epoll_event *ev, unsigned long long deadline)
{
	unsigned long long now = host_clock();
	struct timespec ts = { 0, 0 };
	int n;

	for (int i = soon && deadline > now + SOON_NS && !crowded(now) ? host_spin(-1) : 0; i > 0; i--)
		if ((n = epoll_wait(epfd, ev, EVENTS, 0)) != 0)
			return (n);
	if (deadline > now) {
		ts.tv_sec = (time_t)((deadline - now) / 1000000000ULL);
		ts.tv_nsec = (long)((deadline - now) % 1000000000ULL);
	}
	n = epoll_pwait2(epfd, ev, EVENTS, deadline == ~0ULL ? NULL : &ts, NULL);
	soon = n > 0 && host_clock() - now < SOON_NS;
	return (n);
}

void
host_loop_wait(unsigned long long deadline)
{
	struct epoll_event ev[EVENTS];
	int n;

	is_loop = 1;
	if (again) {
		again = 0;
		deadline = 0;
	}
	/* a look without waiting is cheaper than giving the token away */
	if ((n = epoll_wait(epfd, ev, EVENTS, 0)) == 0 && deadline != 0) {
		asleep = true;
		host_cpu_leave();
		n = events_get(ev, deadline);
		host_cpu_enter();
		asleep = false;
	}
	for (int i = 0; i < n; i++) {
		struct host_watch *w = ev[i].data.ptr;

		if (w->fn != NULL)
			w->fn(w->arg, ev[i].events & (HOST_IN | HOST_PRI | HOST_OUT | HOST_HUP | EPOLLERR));
		host_cpu_yield(); /* a batch is done: a system call may want its turn */
	}
	dead_free();
	again = 0; /* what it was for is done next */
}

int
host_why(char *why, unsigned long whylen, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, whylen, fmt, ap);
	va_end(ap);
	return (-error);
}
