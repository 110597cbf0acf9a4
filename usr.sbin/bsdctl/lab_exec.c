/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Running a program on a machine.
 *
 * On a Fugu machine that is a matter of environment: BSD_ROOT names the
 * machine, PATH finds Fugu's tools first, and the library is preloaded so
 * that other programs use the machine's sockets.  Those that it does not
 * reach get a supervisor beside it.  On a namespace it is a matter of entering
 * it.
 */

#include <sys/prctl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"
#include "libbsdsys/bsdsys.h"
#include "super.h"

/* bin/ and lib/ stand side by side, in the build tree and when installed. */
static void
library_path(char *buf, size_t size)
{
	snprintf(buf, size, "%s/../lib/libbsdsys.so", bin_dir());
	if (access(buf, R_OK) != 0)
		buf[0] = '\0';
}

static void
environment_set(const struct running *r)
{
	char path[2 * PATH_MAX], lib[PATH_MAX + 32];
	const char *old = getenv("PATH");

	snprintf(path, sizeof(path), "%s:%s", bin_dir(), old != NULL ? old : "/usr/bin:/bin:/usr/sbin:/sbin");
	setenv("PATH", path, 1);
	setenv("BSD_ROOT", r->root, 1);
	setenv("BSD_MACHINE", r->name, 1);
	library_path(lib, sizeof(lib));
	if (lib[0] != '\0')
		setenv("LD_PRELOAD", lib, 1);
}

static void __attribute__((__noreturn__))
shell_exec(const struct running *r)
{
	char prompt[PORT_NAME_MAX + 8];
	const char *shell = getenv("SHELL");

	snprintf(prompt, sizeof(prompt), "%s$ ", r->name);
	setenv("PS1", prompt, 1);
	if (shell == NULL || *shell != '/')
		shell = "/bin/sh";
	if (strcmp(strrchr(shell, '/'), "/bash") == 0)
		execl(shell, shell, "--norc", "--noprofile", (char *)NULL);
	else
		execl(shell, shell, (char *)NULL);
	complain("%s: %s", shell, strerror(errno));
	exit(127);
}

/* What is to be known of a command that a supervisor sees. */
static void
supervised_warn(const char *command, const char *judged, enum bsd_program kind)
{
	if (kind == BSD_PROGRAM_FOREIGN)
		complain("warning: %s %s: it can make no sockets", command, judged);
	if (kind == BSD_PROGRAM_RIGHTS && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		complain("warning: %s is run without the rights that its file would give it", command);
}

static void
unreached_warn(const char *command, const char *judged, const char *machine, const char *why)
{
	complain("warning: %s %s: it uses the network of this host, not of %s%s%s", command, judged, machine,
	    why[0] != '\0' ? ": no supervisor: " : "", why);
}

/*
 * A supervisor where one is wanted or needed.  -1: there is none, and without it
 * the command shall not run.
 */
static int
reach(const struct running *r, const char *command, bool all)
{
	enum bsd_program kind = BSD_PROGRAM_USUAL;
	const char *judged = command != NULL ? bsd_program_judge(command, &kind) : NULL;
	char why[128] = "";

	if (!all && kind == BSD_PROGRAM_USUAL)
		return (0);
	if ((all || kind != BSD_PROGRAM_FOREIGN) && (bsd_supervised() || supervise(why, sizeof(why)) == 0)) {
		supervised_warn(command, judged, kind);
		if (kind == BSD_PROGRAM_ALIEN)
			unsetenv("LD_PRELOAD");
		return (0);
	}
	if (all) {
		complain("%s: no supervisor: %s", r->name, why);
		return (-1);
	}
	unreached_warn(command, judged, r->name, why);
	return (0);
}

int
program_supervise(const char *path, char *argv[])
{
	enum bsd_program kind;
	const char *judged = bsd_program_judge(path, &kind), *machine = getenv("BSD_MACHINE"), *root = getenv("BSD_ROOT");
	char why[128];

	if (root == NULL) {
		complain("supervise: BSD_ROOT names no machine");
		return (1);
	}
	if (!bsd_supervised() && supervise(why, sizeof(why)) == -1)
		unreached_warn(path, judged != NULL ? judged : "is not reached", machine != NULL ? machine : root, why);
	if (kind == BSD_PROGRAM_ALIEN)
		unsetenv("LD_PRELOAD");
	execv(path, argv);
	complain("%s: %s", path, strerror(errno));
	return (errno == ENOENT ? 127 : 126);
}

int
machine_exec(const char *name, char *argv[], bool all)
{
	struct running r;

	if (running_find(name, &r) == -1)
		return (1);
	if (r.kind == MACHINE_NETNS) {
		if (netns_enter(r.pid) == -1)
			return (1);
	} else {
		environment_set(&r);
		if (reach(&r, argv[0], all) == -1)
			return (1);
	}
	if (argv[0] == NULL)
		shell_exec(&r);
	execvp(argv[0], argv);
	complain("%s: %s", argv[0], strerror(errno));
	return (errno == ENOENT ? 127 : 126);
}
