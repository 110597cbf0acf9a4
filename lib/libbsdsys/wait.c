/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Waiting as a call of the host's kernel does: after a signal the call goes on
 * if the handler was set with SA_RESTART, and ends with EINTR otherwise.
 *
 * poll(2), which the library has to wait with, always ends; and then the
 * handler has run, and nobody can say which it was.  So signals are held back
 * while it waits, and a signalfd(2) ends it; what is pending then says
 * how the call goes on, and the handlers run.
 */

#include <sys/signalfd.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "call.h"

/* Do all pending signals of this set let the call go on? */
static bool
signals_restart(const sigset_t *set)
{
	struct sigaction sa;
	sigset_t pending;

	if (sigpending(&pending) == -1)
		return (false);
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		if (sigismember(&pending, sig) != 1 || sigismember(set, sig) != 1 || sigaction(sig, NULL, &sa) == -1)
			continue;
		if (sa.sa_handler != SIG_DFL && sa.sa_handler != SIG_IGN && (sa.sa_flags & SA_RESTART) == 0)
			return (false);
	}
	return (true);
}

/* All signals that are not in old. */
static void
signals_other(sigset_t *set, const sigset_t *old)
{
	sigfillset(set);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sigismember(old, sig) == 1)
			sigdelset(set, sig);
}

int
wait_writable(int fd)
{
	struct pollfd pfd[2] = { { .fd = fd, .events = POLLOUT }, { .events = POLLIN } };
	sigset_t all, old, set;
	bool go_on = true;
	int n = 0, error = 0;

	sigfillset(&all);
	while (n == 0 && go_on) {
		pthread_sigmask(SIG_SETMASK, &all, &old);
		signals_other(&set, &old);
		if ((pfd[1].fd = signalfd(-1, &set, SFD_CLOEXEC)) == -1) { /* no number: any signal ends it */
			pthread_sigmask(SIG_SETMASK, &old, NULL);
			return (poll(pfd, 1, -1) == -1 ? -1 : 0);
		}
		if ((n = poll(pfd, 2, -1)) == -1 && errno == EINTR)
			n = 0; /* one of those that cannot be held back */
		error = n == -1 ? errno : EINTR;
		if (n > 0 && pfd[0].revents == 0)
			n = 0;
		go_on = signals_restart(&set);
		native.close(pfd[1].fd);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (n > 0)
		return (0);
	errno = error;
	return (-1);
}
