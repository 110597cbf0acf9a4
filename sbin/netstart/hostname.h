/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Lines of hostname.if(5) and mygate(5), and the machine's secret. */

#ifndef NETSTART_HOSTNAME_H
#define NETSTART_HOSTNAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LINE_MAX_BYTES 4096 /* of a line, with its NUL */
#define ARGS_MAX       72   /* of a command, with the NULL behind them */

struct reader {
	FILE *f;
	int nr;       /* of the line at hand, from 1 */
	bool toolong; /* the line at hand was passed over */
	char buf[LINE_MAX_BYTES];
};

/*
 * The next line with something on it, without comment and white space around
 * it; in a line that begins with `!' a `#' is text.  Its memory is the
 * reader's.  NULL at the end.
 */
char *line_read(struct reader *rd);
/*
 * A line that is no command as arguments of ifconfig behind the interface's
 * name, and a NULL: pieces of line, or words of ours.  How many, at least one,
 * -1 when there are more than fit.
 */
int hostname_args(char *line, char *args[ARGS_MAX - 2]);

#define SOII_KEYLEN 16
/*
 * The secret of interface identifiers from the file path, which is made if it
 * is not there.  0; an errno when the file is unsound (EINVAL) or could not be
 * read or made: key then is a new one, kept nowhere.
 */
int soii_key(const char *path, uint8_t key[SOII_KEYLEN]);

#endif
