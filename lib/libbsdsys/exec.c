/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Executing programs.
 *
 * The environment takes the library and the machine along into what a program
 * executes.  What the library does not reach there (program.c) is executed by
 * bsdctl(8), below a supervisor:
 *
 *	execve("/bin/static", { "static", "-x" })
 *	execve("bsdctl", { "bsdctl", "supervise", "/bin/static", "static", "-x" })
 *
 * The child of vfork() may do this: it takes memory from its stack only.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <alloca.h>
#include <dlfcn.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bsdsys.h"
#include "call.h"

#define ARGS_MAX 4096 /* that the stack may hold */
#define WORDS	 3     /* that stand before them */

static bool plain;

void
bsd_exec_plain(void)
{
	plain = true;
}

bool
bsd_supervised(void)
{
	const char *root = getenv("BSD_ROOT"), *seen = getenv("BSD_SUPERVISED");

	return (root != NULL && seen != NULL && strcmp(root, seen) == 0 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2);
}

/* The file that this copy of the library is in: its own, or the program's. */
static bool
own_file(char *buf, size_t size)
{
	bool (*here)(void) = bsd_supervised;
	const char *name;
	ssize_t len;
	void *addr;
	Dl_info info;

	memcpy(&addr, &here, sizeof(addr));
	if (dladdr(addr, &info) != 0 && info.dli_fname != NULL && (name = strrchr(info.dli_fname, '/')) != NULL && strcmp(name, "/libbsdsys.so") == 0)
		return ((size_t)snprintf(buf, size, "%s", info.dli_fname) < size);
	if ((len = readlink("/proc/self/exe", buf, size - 1)) <= 0)
		return (false);
	buf[len] = '\0';
	return (true);
}

/* bsdctl lies beside the folder of that file. */
static bool
supervisor_path(char *buf, size_t size)
{
	static const char rest[] = "/../bin/bsdctl";
	char *end;

	if (!own_file(buf, size) || (end = strrchr(buf, '/')) == NULL || (size_t)(end - buf) + sizeof(rest) > size)
		return (false);
	memcpy(end, rest, sizeof(rest));
	return (access(buf, X_OK) == 0);
}

static bool
machine_named(char *const envp[])
{
	for (size_t i = 0; envp != NULL && envp[i] != NULL; i++)
		if (strncmp(envp[i], "BSD_ROOT=", 9) == 0)
			return (envp[i][9] != '\0');
	return (false);
}

static size_t
count(char *const argv[])
{
	size_t n = 0;

	while (argv != NULL && argv[n] != NULL)
		n++;
	return (n);
}

/* Is path to be executed by bsdctl, whose path is then in by? */
static bool
wants(const char *path, char *const argv[], char *const envp[], char *by, size_t size)
{
	enum bsd_program kind;
	size_t n = count(argv);

	if (plain || call_passive() || n == 0 || !machine_named(envp) || bsd_program_judge(path, &kind) == NULL)
		return (false);
	return ((kind == BSD_PROGRAM_ALIEN || (kind == BSD_PROGRAM_DIRECT && !bsd_supervised())) && supervisor_path(by, size));
}

/* The words for bsdctl; all has room for them, the arguments and the end. */
static char *const *
words(char *all[], char *by, char *path, char *const argv[])
{
	static char supervise[] = "supervise";
	size_t n = count(argv);

	if (all == NULL)
		return (NULL); /* execve(2) takes that for a fault */
	all[0] = by;
	all[1] = supervise;
	all[2] = path;
	memcpy(all + WORDS, argv, (n + 1) * sizeof(*all));
	return (all);
}

/* Many of them; execve(2) frees this. */
static char **
words_many(size_t n)
{
	void *p = mmap(NULL, (n + WORDS + 1) * sizeof(char *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return (p == MAP_FAILED ? NULL : p);
}
#define WORDS_FOR(argv) (count(argv) > ARGS_MAX ? words_many(count(argv)) : alloca((count(argv) + WORDS + 1) * sizeof(char *)))

int
execve(const char *path, char *const argv[], char *const envp[])
{
	char by[PATH_MAX];

	native_init();
	if (wants(path, argv, envp, by, sizeof(by)))
		native.execve(by, words(WORDS_FOR(argv), by, (char *)(uintptr_t)path, argv), envp);
	return (native.execve(path, argv, envp));
}

int
execvpe(const char *name, char *const argv[], char *const envp[])
{
	char by[PATH_MAX], path[PATH_MAX];

	native_init();
	if (bsd_program_path(name, path, sizeof(path)) && wants(path, argv, envp, by, sizeof(by)))
		native.execve(by, words(WORDS_FOR(argv), by, path, argv), envp);
	return (native.execvpe(name, argv, envp));
}

int
execv(const char *path, char *const argv[])
{
	return (execve(path, argv, environ));
}

int
execvp(const char *name, char *const argv[])
{
	return (execvpe(name, argv, environ));
}

int
posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *acts, const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	char by[PATH_MAX];

	native_init();
	if (wants(path, argv, envp, by, sizeof(by)))
		return (native.posix_spawn(pid, by, acts, attr, words(WORDS_FOR(argv), by, (char *)(uintptr_t)path, argv), envp));
	return (native.posix_spawn(pid, path, acts, attr, argv, envp));
}

int
posix_spawnp(pid_t *pid, const char *name, const posix_spawn_file_actions_t *acts, const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	char by[PATH_MAX], path[PATH_MAX];

	native_init();
	if (bsd_program_path(name, path, sizeof(path)) && wants(path, argv, envp, by, sizeof(by)))
		return (native.posix_spawn(pid, by, acts, attr, words(WORDS_FOR(argv), by, path, argv), envp));
	return (native.posix_spawnp(pid, name, acts, attr, argv, envp));
}

/* --- arguments one by one --- */

static size_t
list_count(va_list ap)
{
	size_t n = 1;

	while (va_arg(ap, char *) != NULL)
		n++;
	return (n);
}

/* first and the rest of ap up to the end, which is NULL too; then ap is behind it. */
#define LIST(argv, first)                                            \
	do {                                                         \
		va_list count_ap;                                    \
		size_t list_n;                                       \
                                                                     \
		va_start(count_ap, first);                           \
		list_n = list_count(count_ap);                       \
		va_end(count_ap);                                    \
		(argv) = alloca((list_n + 1) * sizeof(char *));      \
		(argv)[0] = (char *)(uintptr_t)(first);              \
		for (size_t list_i = 1; list_i <= list_n; list_i++)  \
			(argv)[list_i] = va_arg(ap, char *);         \
	} while (0)

int
execl(const char *path, const char *first, ...)
{
	char **argv;
	va_list ap;

	va_start(ap, first);
	LIST(argv, first);
	va_end(ap);
	return (execve(path, argv, environ));
}

int
execlp(const char *name, const char *first, ...)
{
	char **argv;
	va_list ap;

	va_start(ap, first);
	LIST(argv, first);
	va_end(ap);
	return (execvpe(name, argv, environ));
}

int
execle(const char *path, const char *first, ...)
{
	char **argv, *const *envp;
	va_list ap;

	va_start(ap, first);
	LIST(argv, first);
	envp = va_arg(ap, char *const *);
	va_end(ap);
	return (execve(path, argv, envp));
}
