/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Runs the table of kernel-side tests, each in a child, and speaks TAP.
 * Arguments: names, or parts of names, of the tests wanted.
 */

#include <sys/wait.h>
#include <ktest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct ktest __start_ktests[], __stop_ktests[];

static bool
wanted(const struct ktest *t, int argc, char *argv[])
{
	if (t->run == NULL && t->nth == NULL)
		return (false);
	for (int i = 1; i < argc; i++)
		if (strstr(t->name, argv[i]) != NULL)
			return (true);
	return (argc == 1);
}

#define NEVER_FAILED 42 /* exit status: the n-th allocation was not asked for */
#define NTH_MAX      20000

static void
child_main(const struct ktest *t, long n)
{
	alarm(120);
	if (t->run != NULL)
		t->run();
	else
		t->nth(n);
	fflush(stdout);
	exit(t->nth != NULL && !sim_failed() ? NEVER_FAILED :
					       0); /* leak checkers look now */
}

/* The exit status, -1 if it died. */
static int
child_run(const struct ktest *t, long n)
{
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0)
		child_main(t, n);
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return (-1);
	if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static bool
test_run(const struct ktest *t)
{
	int status = 0;
	long n;

	if (t->run != NULL)
		return (child_run(t, 0) == 0);
	for (n = 1; n < NTH_MAX && (status = child_run(t, n)) == 0;)
		n++;
	printf("# %s at allocation %ld\n",
	    status == NEVER_FAILED ? "done" : "failed", n);
	return (status == NEVER_FAILED && n > 1);
}

int
main(int argc, char *argv[])
{
	int n = 0, bad = 0;
	bool ok;

	for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++) {
		if (!wanted(t, argc, argv))
			continue;
		ok = test_run(t);
		bad += !ok;
		printf("%sok %d - %s\n", ok ? "" : "not ", ++n, t->name);
	}
	printf("1..%d\n", n);
	return (bad > 0);
}
