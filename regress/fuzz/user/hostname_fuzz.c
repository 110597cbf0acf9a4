/* LINK: sbin/netstart */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Any bytes as a hostname.if(5).  Every line has a number and something on
 * it; its words come out once each and in order, with at most four of ours
 * between them; a word that was not quoted holds no blank.
 */

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sbin/netstart/hostname.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "not true: %s\n", what);
	abort();
}

static void
args_check(const char *line, size_t len, char *args[], int n)
{
	const char *text = line;
	int ours = 0;

	must(n >= 1 && n <= ARGS_MAX - 3, "as many as have room");
	must(args[n] == NULL, "ends in NULL");
	for (int i = 0; i < n; i++) {
		if (args[i] < line || args[i] > line + len) {
			ours++;
			continue;
		}
		must(args[i] >= text, "words stay in order");
		text = args[i] + strlen(args[i]);
		must(text <= line + len, "words lie in the line");
	}
	must(ours <= 4, "few words are added");
}

static void
line_check(char *line)
{
	char *args[ARGS_MAX - 2];
	size_t len = strlen(line);
	bool quoted = strpbrk(line, "\"'") != NULL;
	int n;

	must(len > 0 && !isblank((unsigned char)line[0]) &&
		!isspace((unsigned char)line[len - 1]),
	    "nothing around a line");
	if (line[0] == '!')
		return;
	must(strchr(line, '#') == NULL, "comments are cut");
	if ((n = hostname_args(line, args)) == -1)
		return;
	args_check(line, len, args, n);
	for (int i = 0; i < n && !quoted; i++)
		must(args[i][0] != '\0' && strpbrk(args[i], " \t") == NULL,
		    "a word is one");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader rd = { .nr = 0 };
	char *line;
	int last = 0;

	if (size == 0 ||
	    (rd.f = fmemopen((void *)(uintptr_t)data, size, "r")) == NULL)
		return (-1);
	while ((line = line_read(&rd)) != NULL) {
		must(rd.nr > last, "lines are counted");
		last = rd.nr;
		if (!rd.toolong)
			line_check(line);
	}
	fclose(rd.f);
	return (0);
}
