/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* pflogd: its two processes and what they share. */

#ifndef PFLOGD_H
#define PFLOGD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SNAPLEN_DEFAULT 160
#define SNAPLEN_MAX     262144
#define DELAY_DEFAULT   60
#define DELAY_MIN       5
#define DELAY_MAX       3600

struct options {
	const char *ifname, *file, *pidfile;
	const char *user; /* that the logger becomes */
	uint32_t snaplen;
	unsigned int delay; /* seconds */
	bool debug, check;
};

/* --- words (say.c) --- */

/* To syslog, or to stderr with -D and until say_daemon(). */
void say(int priority, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));
void die(const char *fmt, ...)
    __attribute__((__noreturn__, __format__(__printf__, 1, 2)));
void say_daemon(void); /* from now on to syslog */

/* --- the file (logfile.c) --- */

/*
 * Is fd a capture of pflog packets, whole to its last byte?  1 yes, and
 * *snaplen is its own; 0 it is empty; -1 no, and why points at a phrase.
 */
int logfile_check(int fd, uint32_t *snaplen, const char **why);
/* The beginning of a new one: 24 bytes. */
#define LOGFILE_HEADER 24
void logfile_header(uint8_t buf[LOGFILE_HEADER], uint32_t snaplen);

/* --- packets on their way there (buffer.c) --- */

struct buffer {
	int fd;           /* -1: no file */
	uint32_t snaplen; /* of the file: no packet is longer */
	uint8_t *data;
	size_t len, room;
	uint64_t packets, lost; /* taken; those there was no room for */
	bool stuck;             /* the last write failed */
};
/* 0, or -1 without memory. */
int buffer_init(struct buffer *b, size_t room);
/* One message of the kernel.  0, or -1 when it contradicts itself. */
int buffer_take(struct buffer *b, const uint8_t *msg, size_t len);
/* Writes all there is to the file, or nothing: then it waits, and errno says
 * why.  0 or -1. */
int buffer_flush(struct buffer *b);

/* --- parent and logger (parent.c, logger.c, priv.c) --- */

/* One byte from the logger; the answer is an int errno, with a descriptor for
 * PRIV_OPEN. */
enum priv_request { PRIV_OPEN = 'o', PRIV_ASIDE = 'a' };
/* The log file, opened for appending, made if need be.  -1 and errno. */
int priv_open(int sock);
/* The log file gets another name: file.bad.XXXXXX.  0, or -1 and errno. */
int priv_aside(int sock);
/* Answers one request for o->file.  False: the logger has ended. */
bool priv_answer(int sock, const struct options *o);
/* Gives up what a logger needs not: root, the file system, new privileges.
 * Ends the process when it cannot. */
void priv_drop(const char *user);

/* The process that reads packets from bpf and writes them.  Its exit status. */
int logger(const struct options *o, int bpf, int sock);

#endif
