/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Threads and the token.
 *
 * The token is a ticket lock: who asks draws a number and is served in that
 * order, so no thread starves, however often the network thread comes back.
 * Who has to wait spins for a moment and then sleeps on a futex of its own
 * slot, so a hand-over wakes exactly one thread.
 */

#include <machine/host.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define SLOTS 64 /* futexes that waiters share by ticket number */

static struct {
	unsigned int next; /* number to be drawn */
	unsigned int serving __attribute__((aligned(64)));
	unsigned int slot[SLOTS]; /* counts hand-overs to tickets of this slot */
	unsigned int asleep[SLOTS];
} token;
static __thread int held;

/* A thread that can sleep: host_self(). */
struct host_thread {
	unsigned int woken; /* futex: a wake-up has come */
};
static __thread struct host_thread *self;

static long
futex(unsigned int *addr, int op, unsigned int val, const struct timespec *ts)
{
	return (syscall(SYS_futex, addr, op | FUTEX_PRIVATE_FLAG, val, ts, NULL, FUTEX_BITSET_MATCH_ANY));
}

/* --- the token --- */

static inline void
cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield");
#endif
}

static inline bool
my_turn(unsigned int ticket)
{
	return (__atomic_load_n(&token.serving, __ATOMIC_ACQUIRE) == ticket);
}

void
host_cpu_enter(void)
{
	unsigned int ticket = __atomic_fetch_add(&token.next, 1, __ATOMIC_ACQ_REL), s = ticket % SLOTS, seen;
	int spins = host_spin(-1);

	for (int i = 0; i < spins && !my_turn(ticket); i++)
		cpu_relax();
	while (!my_turn(ticket)) {
		__atomic_fetch_add(&token.asleep[s], 1, __ATOMIC_SEQ_CST);
		seen = __atomic_load_n(&token.slot[s], __ATOMIC_SEQ_CST);
		if (!my_turn(ticket))
			futex(&token.slot[s], FUTEX_WAIT, seen, NULL);
		__atomic_fetch_sub(&token.asleep[s], 1, __ATOMIC_SEQ_CST);
	}
	held = 1;
}

void
host_cpu_leave(void)
{
	unsigned int next, s;

	held = 0;
	next = __atomic_add_fetch(&token.serving, 1, __ATOMIC_SEQ_CST);
	s = next % SLOTS;
	__atomic_fetch_add(&token.slot[s], 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&token.asleep[s], __ATOMIC_SEQ_CST) > 0)
		futex(&token.slot[s], FUTEX_WAKE, INT_MAX, NULL);
}

int
host_cpu_held(void)
{
	return (held);
}

int
host_cpu_contended(void)
{
	return (__atomic_load_n(&token.next, __ATOMIC_ACQUIRE) != token.serving + 1);
}

void
host_cpu_yield(void)
{
	if (!host_cpu_contended())
		return;
	host_cpu_leave();
	host_cpu_enter();
}

/* --- threads --- */

struct start {
	void (*fn)(void *);
	void *arg;
};

static void *
thread_main(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	s.fn(s.arg);
	free(self);
	return (NULL);
}

int
host_thread_create(void (*fn)(void *), void *arg, const char *name)
{
	pthread_attr_t attr;
	pthread_t t;
	struct start *s;
	int error;

	if ((s = malloc(sizeof(*s))) == NULL)
		return (-ENOMEM);
	*s = (struct start){ fn, arg };
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	if ((error = pthread_create(&t, &attr, thread_main, s)) != 0)
		free(s);
	else
		pthread_setname_np(t, name);
	pthread_attr_destroy(&attr);
	return (-error);
}

void *
host_self(void)
{
	if (self == NULL && (self = calloc(1, sizeof(*self))) == NULL)
		host_abort("no memory for a thread");
	return (self);
}

int
host_sleep(unsigned long long deadline)
{
	struct host_thread *me = host_self();
	struct timespec ts = { (time_t)(deadline / 1000000000ULL), (long)(deadline % 1000000000ULL) };
	int error = 0;

	host_cpu_leave();
	while (__atomic_exchange_n(&me->woken, 0, __ATOMIC_ACQ_REL) == 0 && error == 0)
		if (futex(&me->woken, FUTEX_WAIT_BITSET, 0, deadline == ~0ULL ? NULL : &ts) == -1 && errno == ETIMEDOUT)
			error = -ETIMEDOUT;
	host_cpu_enter();
	return (error);
}

void
host_wake(void *who)
{
	struct host_thread *t = who;

	__atomic_store_n(&t->woken, 1, __ATOMIC_RELEASE);
	futex(&t->woken, FUTEX_WAKE, 1, NULL);
}
