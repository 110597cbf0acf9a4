/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Runs the table of kernel-side benchmarks, each in a child, and prints the
 * CPU time of one operation: the best of several runs of about 0.2 s, since
 * what disturbs a run only ever makes it longer.
 * Arguments: names, or parts of names, of those wanted.
 */

#include <sys/wait.h>
#include <ktest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUN_NS 200000000.0
#define RUNS   5

extern const struct ktest __start_ktests[], __stop_ktests[];

static double started, spent;
static bool running;

static double
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ((double)ts.tv_sec * 1e9 + (double)ts.tv_nsec);
}

void
kb_start(void)
{
	spent = 0;
	running = true;
	started = cpu_ns();
}

void
kb_stop(void)
{
	if (running)
		spent = cpu_ns() - started;
	running = false;
}

void
kb_note(const char *name, double value, const char *unit)
{
	printf("%-44s %12.1f %s\n", name, value, unit);
}

static double
once(const struct ktest *t, unsigned long n)
{
	kb_start();
	t->bench(n);
	kb_stop();
	return (spent);
}

/* ns of one operation. */
static double
measure(const struct ktest *t)
{
	unsigned long n = 1;
	double ns, best;

	while ((ns = once(t, n)) < RUN_NS / 20 && n < (1UL << 40))
		n *= 4;
	n = (unsigned long)((double)n * RUN_NS / (ns > 1 ? ns : 1));
	n = n > 0 ? n : 1;
	best = once(t, n);
	for (int i = 1; i < RUNS; i++) {
		ns = once(t, n);
		best = ns < best ? ns : best;
	}
	return (best / (double)n / (double)t->per);
}

static bool
wanted(const struct ktest *t, int argc, char *argv[])
{
	if (t->bench == NULL)
		return (false);
	for (int i = 1; i < argc; i++)
		if (strstr(t->name, argv[i]) != NULL)
			return (true);
	return (argc == 1);
}

int
main(int argc, char *argv[])
{
	int status, bad = 0;
	pid_t pid;

	for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++) {
		if (!wanted(t, argc, argv))
			continue;
		fflush(stdout);
		if ((pid = fork()) == 0) {
			kb_note(t->name, measure(t), "ns");
			fflush(stdout);
			_exit(0);
		}
		if (pid == -1 || waitpid(pid, &status, 0) == -1 ||
		    status != 0) {
			printf("%-44s failed\n", t->name);
			bad = 1;
		}
	}
	return (bad);
}
