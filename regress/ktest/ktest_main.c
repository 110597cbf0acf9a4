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
	if (t->run == NULL)
		return (false);
	for (int i = 1; i < argc; i++)
		if (strstr(t->name, argv[i]) != NULL)
			return (true);
	return (argc == 1);
}

static bool
child_run(const struct ktest *t)
{
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		alarm(120);
		t->run();
		fflush(stdout);
		exit(0); /* leak checkers look now */
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return (false);
	if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(int argc, char *argv[])
{
	int n = 0, bad = 0;
	bool ok;

	for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++) {
		if (!wanted(t, argc, argv))
			continue;
		ok = child_run(t);
		bad += !ok;
		printf("%sok %d - %s\n", ok ? "" : "not ", ++n, t->name);
	}
	printf("1..%d\n", n);
	return (bad > 0);
}
