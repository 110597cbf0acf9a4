/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Machines that are network namespaces of the host.
 *
 * A namespace lives as long as a process is in it: the holder, which does
 * nothing else.  Root makes a network namespace; anybody else makes a user
 * namespace around it in which he is root.  The holder's process number in
 * LAB/NAME.netns is how others find it.
 */

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

/* The holder: says on fd how it went, then waits for its end. */
static void __attribute__((__noreturn__))
holder_run(int fd, const char *hostname)
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
		close(i);
	for (;;)
		pause();
}

pid_t
netns_start(const char *pidfile, const char *hostname)
{
	char text[32];
	int fds[2], error = EIO;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		complain("%s: %s", hostname, strerror(errno));
		return (-1);
	}
	if (pid == 0)
		holder_run(fds[1], hostname);
	close(fds[1]);
	if (read(fds[0], &error, sizeof(error)) != sizeof(error))
		error = EIO;
	close(fds[0]);
	snprintf(text, sizeof(text), "%d\n", pid);
	if (error == 0 && file_write(pidfile, text) == -1)
		error = errno;
	if (error == 0)
		return (pid);
	complain("%s: no network namespace: %s", hostname, strerror(error));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return (-1);
}

void
netns_stop(pid_t pid, const char *pidfile)
{
	struct timespec ms = { 0, 1000000 };

	kill(pid, SIGKILL);
	for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++) {
		waitpid(pid, NULL, WNOHANG);
		nanosleep(&ms, NULL);
	}
	unlink(pidfile);
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

int
netns_enter(pid_t pid)
{
	if ((geteuid() != 0 && ns_join(pid, "user", CLONE_NEWUSER) == -1) ||
	    ns_join(pid, "net", CLONE_NEWNET) == -1 || ns_join(pid, "uts", CLONE_NEWUTS) == -1) {
		complain("cannot enter the namespace of process %d: %s", pid, strerror(errno));
		return (-1);
	}
	return (0);
}
