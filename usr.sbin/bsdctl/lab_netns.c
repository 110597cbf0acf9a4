/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Machines that are network namespaces of the host.
 *
 * A namespace lives as long as a process is in it: the holder, which does
 * nothing else.  Root makes a network namespace; anybody else makes a user
 * namespace around it in which he is root.  The holder's process number in
 * LAB/NAME.netns is how others find it; the number is believed only while
 * the holder has the file's lock.
 */

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"

static int
file_write(const char *path, const char *text)
{
	int fd, error = -1;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) == -1)
		return (-1);
	if (write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		error = 0;
	close(fd);
	return (error);
}

/* Root of a user namespace of our own, standing for who we are outside. */
static int
become_root(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) == -1)
		return (-1);
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (file_write("/proc/self/uid_map", map) == -1 || file_write("/proc/self/setgroups", "deny") == -1)
		return (-1);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return (file_write("/proc/self/gid_map", map));
}

/* The holder: says on fd how it went, then waits for its end with lock held. */
static void __attribute__((__noreturn__))
holder_run(int fd, int lock, const char *hostname)
{
	int error = 0;

	setsid();
	if (geteuid() != 0 && become_root() == -1)
		error = errno;
	if (error == 0 && unshare(CLONE_NEWNET | CLONE_NEWUTS) == -1)
		error = errno;
	if (error == 0)
		error = sethostname(hostname, strlen(hostname)) == -1 ? errno : 0;
	prctl(PR_SET_NAME, "netns-holder");
	if (write(fd, &error, sizeof(error)) != sizeof(error) || error != 0)
		_exit(1);
	for (int i = 0; i < 1024; i++)
		if (i != lock)
			close(i);
	for (;;)
		pause();
}

/* The file that says whose namespace it is, empty and locked.  -1 after a message. */
static int
pidfile_lock(const char *pidfile)
{
	int fd;

	if ((fd = open(pidfile, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return (fd);
	complain("%s: %s", pidfile, strerror(errno));
	if (fd != -1)
		close(fd);
	return (-1);
}

/* Starts the holder and hears how it went.  Its pid, -1 with errno. */
static pid_t
holder_start(int lock, const char *hostname)
{
	int fds[2], error = EIO;
	char text[32];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		return (-1);
	if (pid == 0)
		holder_run(fds[1], lock, hostname);
	close(fds[1]);
	if (read(fds[0], &error, sizeof(error)) != sizeof(error))
		error = EIO;
	close(fds[0]);
	snprintf(text, sizeof(text), "%d\n", pid);
	if (error == 0 && write(lock, text, strlen(text)) != (ssize_t)strlen(text))
		error = ENOSPC;
	if (error == 0)
		return (pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = error;
	return (-1);
}

pid_t
netns_start(const char *pidfile, const char *hostname)
{
	pid_t pid;
	int lock;

	if ((lock = pidfile_lock(pidfile)) == -1)
		return (-1);
	if ((pid = holder_start(lock, hostname)) == -1)
		complain("%s: no network namespace: %s", hostname, strerror(errno));
	close(lock); /* the holder has it too */
	return (pid);
}

void
netns_stop(const struct running *r)
{
	struct timespec ms = { 0, 1000000 };

	kill(r->pid, SIGKILL);
	for (int i = 0; i < 1000 && running_lives(r); i++)
		nanosleep(&ms, NULL);
	unlink(r->root);
}

/* Enters one of pid's namespaces; it is no error to be there already. */
static int
ns_join(pid_t pid, const char *ns, int type)
{
	char path[64];
	int fd, error;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (-1);
	error = setns(fd, type);
	close(fd);
	return (error);
}

/*
 * A program in a namespace is the host's: PATH without Fugu's tools, no
 * machine, no library in front.
 */
static void
environment_clean(void)
{
	char path[2 * PATH_MAX] = "", *old, *save = NULL;

	unsetenv("BSD_ROOT");
	unsetenv("LD_PRELOAD");
	if (getenv("PATH") == NULL || (old = strdup(getenv("PATH"))) == NULL)
		return;
	for (char *dir = strtok_r(old, ":", &save); dir != NULL; dir = strtok_r(NULL, ":", &save))
		if (strcmp(dir, bin_dir()) != 0 && strlen(path) + strlen(dir) + 2 < sizeof(path)) {
			strcat(path, path[0] != '\0' ? ":" : "");
			strcat(path, dir);
		}
	strcat(path, strlen(path) + 32 < sizeof(path) ? ":/usr/sbin:/sbin" : "");
	setenv("PATH", path, 1);
	free(old);
}

int
netns_enter(pid_t pid)
{
	if ((geteuid() != 0 && ns_join(pid, "user", CLONE_NEWUSER) == -1) ||
	    ns_join(pid, "net", CLONE_NEWNET) == -1 || ns_join(pid, "uts", CLONE_NEWUTS) == -1) {
		complain("cannot enter the namespace of process %d: %s", pid, strerror(errno));
		return (-1);
	}
	environment_clean();
	return (0);
}

/*
 * inet ADDRESS[/LENGTH] [MASK], inet6 ADDRESS[/LENGTH] [LENGTH], each with
 * alias and prefixlen where hostname.if(5) has them; mtu BYTES.
 */
bool
netns_line(char *cmd, size_t size, const char *ifname, const char *line)
{
	char buf[256], *word[6], *save = NULL, *mask = NULL;
	int n = 0, i = 1;

	if (snprintf(buf, sizeof(buf), "%s", line) >= (int)sizeof(buf))
		return (false);
	for (char *w = strtok_r(buf, " \t", &save); w != NULL; w = strtok_r(NULL, " \t", &save)) {
		if (n == 6)
			return (false);
		word[n++] = w;
	}
	if (n == 2 && strcmp(word[0], "mtu") == 0)
		return (snprintf(cmd, size, "ip link set %s mtu %s", ifname, word[1]) < (int)size);
	if (n < 2 || (strcmp(word[0], "inet") != 0 && strcmp(word[0], "inet6") != 0))
		return (false);
	i += n > 2 && strcmp(word[i], "alias") == 0;
	if (n - i == 3 && strcmp(word[i + 1], "prefixlen") == 0)
		mask = word[i + 2];
	else if (n - i == 2 && strcmp(word[i + 1], "prefixlen") != 0)
		mask = word[i + 1];
	else if (n - i != 1)
		return (false);
	return (snprintf(cmd, size, "ip addr add %s%s%s dev %s%s", word[i], mask != NULL ? "/" : "",
	    mask != NULL ? mask : "", ifname, strcmp(word[0], "inet6") == 0 ? " nodad" : "") < (int)size);
}
