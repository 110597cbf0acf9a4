/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the logger may ask of its parent, and what it gives up before it reads
 * the first byte of a packet.
 *
 * There are two requests and neither carries a name: whoever took over the
 * logger could append to the log, cut it, or have it moved aside, and no more.
 */

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "pflogd.h"

union fd_control {
	struct cmsghdr hdr;
	char room[CMSG_SPACE(sizeof(int))];
};

/* --- asking --- */

/* Sends what; the parent's errno, and *fd what came with it or -1. */
static int
ask(int sock, char what, int *fd)
{
	union fd_control control;
	int error = EPIPE;
	struct iovec iov = { &error, sizeof(error) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	if (send(sock, &what, 1, MSG_NOSIGNAL) != 1)
		return (errno);
	while (
	    (n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC)) == -1 && errno == EINTR)
		;
	if (n != sizeof(error))
		return (EPIPE);
	if ((c = CMSG_FIRSTHDR(&msg)) != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return (error);
}

int
priv_open(int sock)
{
	int error, fd;

	if ((error = ask(sock, PRIV_OPEN, &fd)) == 0 && fd == -1)
		error = EPIPE;
	errno = error;
	return (error == 0 ? fd : -1);
}

int
priv_aside(int sock)
{
	int error, fd;

	error = ask(sock, PRIV_ASIDE, &fd);
	if (fd != -1)
		close(fd);
	errno = error;
	return (error == 0 ? 0 : -1);
}

/* --- answering --- */

static int
file_aside(const char *file)
{
	char name[PATH_MAX];
	int fd;

	if (snprintf(name, sizeof(name), "%s.bad.XXXXXX", file) >=
	    (int)sizeof(name))
		return (ENAMETOOLONG);
	if ((fd = mkstemp(name)) == -1)
		return (errno);
	close(fd);
	if (rename(file, name) == -1)
		return (errno);
	say(LOG_WARNING, "%s is now %s", file, name);
	return (0);
}

static void
answer(int sock, int error, int fd)
{
	union fd_control control = { .hdr = { .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS,
					 .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { &error, sizeof(error) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd != -1) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	}
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) == -1)
		say(LOG_ERR, "answer to the logger: %s", strerror(errno));
}

bool
priv_answer(int sock, const struct options *o)
{
	ssize_t n;
	char what;
	int fd;

	if ((n = recv(sock, &what, 1, 0)) == -1 && errno == EINTR)
		return (true);
	if (n != 1)
		return (false);
	switch (what) {
	case PRIV_OPEN:
		fd = open(o->file,
		    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
		answer(sock, fd == -1 ? errno : 0, fd);
		if (fd != -1)
			close(fd);
		return (true);
	case PRIV_ASIDE:
		answer(sock, file_aside(o->file), -1);
		return (true);
	default:
		answer(sock, EPERM, -1);
		return (true);
	}
}

/* --- giving up --- */

/* Into a folder that is empty and has no name any more. */
static void
root_leave(void)
{
	char dir[] = "/tmp/pflogd.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) == -1 || rmdir(dir) == -1 ||
	    chroot(".") == -1)
		die("an empty root: %s", strerror(errno));
}

void
priv_drop(const char *user)
{
	const struct passwd *pw;

	if (geteuid() == 0) {
		if ((pw = getpwnam(user)) == NULL || pw->pw_uid == 0)
			die("no user %s to become", user);
		tzset(); /* for syslog, while its file can be found */
		root_leave();
		if (setgroups(1, &pw->pw_gid) == -1 ||
		    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
		    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
			die("becoming %s: %s", user, strerror(errno));
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		die("no new privileges: %s", strerror(errno));
}
