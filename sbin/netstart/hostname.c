/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Lines of hostname.if(5): read, cut into words, and put into the order that
 * ifconfig(8) has them in.  Almost every line is what stands behind `ifconfig
 * IF'; only addresses are written with positions instead of words:
 *
 *	inet  [alias] address [netmask [broadcast | NONE]] words ...
 *	inet6 [alias] address [prefixlen] words ...
 */

#include <ctype.h>
#include <string.h>

#include "hostname.h"

#define WORDS_MAX (ARGS_MAX - 8) /* address_args() adds some */

char *
line_read(struct reader *rd)
{
	char *start;
	size_t len;
	int ch;

	while (fgets(rd->buf, sizeof(rd->buf), rd->f) != NULL) {
		rd->nr++;
		len = strlen(rd->buf);
		rd->toolong = len == sizeof(rd->buf) - 1 &&
		    rd->buf[len - 1] != '\n';
		if (rd->toolong) {
			while ((ch = fgetc(rd->f)) != EOF && ch != '\n')
				;
			return (rd->buf);
		}
		start = rd->buf + strspn(rd->buf, " \t");
		if (*start != '!')
			start[strcspn(start, "#\n")] = '\0';
		len = strlen(start);
		while (len > 0 && isspace((unsigned char)start[len - 1]))
			start[--len] = '\0';
		if (len > 0)
			return (start);
	}
	return (NULL);
}

/* Cuts line into words at blanks; quotes keep them together.  -1: too many. */
static int
words_cut(char *line, char *words[WORDS_MAX + 1])
{
	int n = 0;
	char quote;

	for (char *p = line; *(p += strspn(p, " \t")) != '\0';) {
		if (n == WORDS_MAX)
			return (-1);
		quote = *p == '"' || *p == '\'' ? *p++ : '\0';
		words[n++] = p;
		p += quote != '\0' ? strcspn(p, (char[2]){ quote, '\0' }) :
				     strcspn(p, " \t");
		if (*p != '\0')
			*p++ = '\0';
	}
	words[n] = NULL;
	return (n);
}

static char w_alias[] = "alias", w_netmask[] = "netmask",
	    w_prefixlen[] = "prefixlen", w_broadcast[] = "broadcast";

/* The words behind an address have positions: mask, then broadcast or NONE. */
static int
address_args(char *words[], char *args[])
{
	bool v6 = strcmp(words[0], "inet6") == 0, alias;
	int a = 0, i = 1;

	args[a++] = words[0];
	if ((alias = words[i] != NULL && strcmp(words[i], w_alias) == 0))
		i++;
	if (words[i] != NULL)
		args[a++] = words[i++];
	if (alias)
		args[a++] = w_alias;
	if (words[i] != NULL && isdigit((unsigned char)words[i][0])) {
		args[a++] = v6 ? w_prefixlen : w_netmask;
		args[a++] = words[i++];
	}
	if (!v6 && words[i] != NULL && strcmp(words[i], "NONE") == 0) {
		i++;
	} else if (!v6 && words[i] != NULL &&
	    isdigit((unsigned char)words[i][0])) {
		args[a++] = w_broadcast;
		args[a++] = words[i++];
	}
	while (words[i] != NULL)
		args[a++] = words[i++];
	args[a] = NULL;
	return (a);
}

int
hostname_args(char *line, char *args[ARGS_MAX - 2])
{
	char *words[WORDS_MAX + 1];
	int n;

	if ((n = words_cut(line, words)) == -1)
		return (-1);
	if (strcmp(words[0], "inet") == 0 || strcmp(words[0], "inet6") == 0)
		return (address_args(words, args));
	memcpy(args, words, ((size_t)n + 1) * sizeof(*words));
	return (n);
}
