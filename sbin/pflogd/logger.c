/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The logger: packets from bpf to the file.
 *
 *	HUP		what there is goes to the old file; the parent opens the
 *			new one
 *	ALRM, delay	what there is goes to the file
 *	TERM, INT	the same, and that was it
 */

#include <net/bpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "pflogd.h"

#define BUFFER_ROOM (2U << 20) /* holds any message of the kernel */

static volatile sig_atomic_t got_hup, got_alrm, got_end;

static void
caught(int sig)
{
	if (sig == SIGHUP)
		got_hup = 1;
	else if (sig == SIGALRM)
		got_alrm = 1;
	else
		got_end = 1;
}

/* Signals come only while we wait; *waiting is the mask for that. */
static void
signals_set(sigset_t *waiting)
{
	static const int sigs[] = { SIGHUP, SIGALRM, SIGTERM, SIGINT };
	struct sigaction sa = { .sa_handler = caught };
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		sigaction(sigs[i], &sa, NULL);
		sigaddset(&block, sigs[i]);
	}
	sigprocmask(SIG_BLOCK, &block, NULL);
	sigemptyset(waiting);
}

/* --- the file --- */

static void
flush_say(struct buffer *b)
{
	bool was = b->stuck;
	uint64_t lost = b->lost;

	if (buffer_flush(b) == -1) {
		if (!was)
			say(LOG_ERR, "writing: %s; packets wait",
			    strerror(errno));
		return;
	}
	b->lost = 0;
	if (lost > 0)
		say(LOG_WARNING, "writing again; %llu packets were lost",
		    (unsigned long long)lost);
}

/* A fresh file gets a header.  The descriptor, or -1 and a word was said. */
static int
file_begin(int fd, uint32_t snaplen)
{
	uint8_t head[LOGFILE_HEADER];

	logfile_header(head, snaplen);
	if (write(fd, head, sizeof(head)) == (ssize_t)sizeof(head))
		return (fd);
	say(LOG_ERR, "writing: %s", strerror(errno));
	if (ftruncate(fd, 0) == -1)
		say(LOG_ERR, "emptying: %s", strerror(errno));
	close(fd);
	return (-1);
}

/* The log as it is, or an empty one in its place.  -1: a word was said. */
static int
file_get(int sock, const struct options *o, uint32_t *snaplen)
{
	const char *why;
	int fd, state;

	for (int tries = 0; tries < 2; tries++) {
		if ((fd = priv_open(sock)) == -1) {
			say(LOG_ERR, "%s: %s", o->file, strerror(errno));
			return (-1);
		}
		if ((state = logfile_check(fd, snaplen, &why)) == 1)
			return (fd);
		*snaplen = o->snaplen;
		if (state == 0)
			return (file_begin(fd, o->snaplen));
		close(fd);
		say(LOG_ERR, "%s %s", o->file, why);
		if (priv_aside(sock) == -1) {
			say(LOG_ERR, "moving it aside: %s", strerror(errno));
			return (-1);
		}
	}
	return (-1);
}

/* With the old file until there is a new one. */
static void
file_change(struct buffer *b, int sock, const struct options *o)
{
	uint32_t snaplen;
	int fd;

	flush_say(b);
	if ((fd = file_get(sock, o, &snaplen)) == -1)
		return;
	if (b->fd != -1)
		close(b->fd);
	b->fd = fd;
	b->snaplen = snaplen;
	if (b->len > 0)
		flush_say(b);
}

/* --- the loop --- */

static time_t
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec);
}

/* False: nothing more will come. */
static bool
packets_read(struct buffer *b, int bpf)
{
	static uint8_t msg[BPF_MAXBUF];
	ssize_t n;

	if ((n = read(bpf, msg, sizeof(msg))) == -1)
		return (errno == EINTR || errno == EAGAIN);
	if (n == 0) {
		say(LOG_ERR, "the machine has ended");
		return (false);
	}
	if (buffer_take(b, msg, (size_t)n) == -1) {
		say(LOG_ERR,
		    "the kernel sent a capture that contradicts itself");
		return (false);
	}
	return (true);
}

static bool
signals_handle(struct buffer *b, int sock, const struct options *o)
{
	if (got_hup != 0) {
		got_hup = 0;
		file_change(b, sock, o);
	}
	if (got_alrm != 0) {
		got_alrm = 0;
		flush_say(b);
	}
	return (got_end == 0);
}

/* What the kernel still holds for us. */
static void
packets_drain(struct buffer *b, int bpf)
{
	struct pollfd pfd = { .fd = bpf, .events = POLLIN };

	while (poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLIN) != 0 &&
	    packets_read(b, bpf))
		;
}

static int
logger_loop(struct buffer *b, const struct options *o, int bpf, int sock,
    const sigset_t *waiting)
{
	struct pollfd pfd[] = { { .fd = bpf, .events = POLLIN },
		{ .fd = sock, .events = 0 } };
	time_t due = seconds() + o->delay;
	struct timespec ts = { 0, 0 };
	int n;

	for (;;) {
		ts.tv_sec = due > seconds() ? due - seconds() : 0;
		n = ppoll(pfd, 2, &ts, waiting);
		if (!signals_handle(b, sock, o))
			return (0);
		if (n > 0 && pfd[1].revents != 0)
			return (1); /* the parent has gone */
		if (n > 0 && pfd[0].revents != 0 && !packets_read(b, bpf))
			return (1);
		if (seconds() >= due) {
			flush_say(b);
			due = seconds() + o->delay;
		}
	}
}

int
logger(const struct options *o, int bpf, int sock)
{
	struct buffer b;
	sigset_t waiting;
	int status;

	signals_set(&waiting);
	if (buffer_init(&b, BUFFER_ROOM) == -1)
		die("no memory");
	priv_drop(o->user);
	file_change(&b, sock, o);
	if (b.fd == -1)
		return (1);
	status = logger_loop(&b, o, bpf, sock, &waiting);
	packets_drain(&b, bpf);
	flush_say(&b);
	say(LOG_INFO, "%llu packets logged", (unsigned long long)(b.packets));
	return (b.len > 0 ? 1 : status);
}
