/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Neighbours set by hand.
 *
 * A file is read and judged whole before its first line does anything, so that
 * a mistake in line 9 does not leave eight neighbours behind.
 */

#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "nbrset.h"

#define WORDS_MAX 6

int
nbr_lladdr(const char *text, uint8_t lladdr[6])
{
	const char *p = text;
	unsigned long v;
	char *end;

	for (int i = 0; i < 6; i++) {
		if (strspn(p, "0123456789abcdefABCDEF") - 1 >
		    1) /* none, or three */
			return (-1);
		v = strtoul(p, &end, 16);
		if (*end != (i < 5 ? ':' : '\0'))
			return (-1);
		lladdr[i] = (uint8_t)v;
		p = end + 1;
	}
	return (0);
}

static int
complain(const struct nbr_words *w, const char *where, const char *what,
    const char *why)
{
	fprintf(stderr, "%s: %s%s: %s\n", w->prog, where, what, why);
	return (-1);
}

static int
address_take(const struct nbr_words *w, const char *where,
    struct nbr_want *want)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	char prog[160];
	socklen_t len;

	snprintf(prog, sizeof(prog), "%s%s%.*s", w->prog,
	    *where != '\0' ? ": " : "",
	    *where != '\0' ? (int)strlen(where) - 2 : 0, where);
	if (host_resolve(prog, want->host, w->af, &ss, &len) == -1)
		return (-1);
	if (w->af == AF_INET) {
		memcpy(want->addr.b, &((struct sockaddr_in *)&ss)->sin_addr, 4);
		return (0);
	}
	memcpy(want->addr.b, &sin6->sin6_addr, 16);
	want->scope = sin6->sin6_scope_id;
	return (0);
}

int
nbr_parse(const struct nbr_words *w, char *const word[], const char *where,
    struct nbr_want *want)
{
	bool permanent = false;

	memset(want, 0, sizeof(*want));
	if (word[0] == NULL || word[1] == NULL)
		return (
		    complain(w, where, word[0] != NULL ? word[0] : "nothing",
			"a host and a link address are wanted"));
	if (snprintf(want->host, sizeof(want->host), "%s", word[0]) >=
	    (int)sizeof(want->host))
		return (complain(w, where, word[0], "name is too long"));
	if (nbr_lladdr(word[1], want->lladdr) == -1)
		return (complain(w, where, word[1], "not a link address"));
	if ((want->lladdr[0] & 1) != 0)
		return (complain(w, where, word[1],
		    "a group's address, not a station's"));
	for (size_t i = 2; word[i] != NULL; i++) {
		if (strcmp(word[i], "temp") == 0)
			want->temp = true;
		else if (strcmp(word[i], "permanent") == 0)
			permanent = true;
		else if (strcmp(word[i], w->publish) == 0)
			want->publish = true;
		else
			return (complain(w, where, word[i], "no such word"));
	}
	if (want->temp && permanent)
		return (complain(w, where, want->host,
		    "temp or permanent, not both"));
	if (want->temp && want->publish)
		return (complain(w, where, want->host,
		    "a published entry cannot be temp"));
	return (address_take(w, where, want));
}

static int
line_take(const struct nbr_words *w, const char *where, char *line,
    struct nbr_want **want, size_t *n)
{
	char *word[WORDS_MAX + 1] = { NULL }, *last, *p;
	struct nbr_want *more;
	size_t nwords = 0;

	line[strcspn(line, "#\r\n")] = '\0';
	for (p = strtok_r(line, " \t", &last); p != NULL;
	     p = strtok_r(NULL, " \t", &last)) {
		if (nwords == WORDS_MAX)
			return (complain(w, where, p, "too many words"));
		word[nwords++] = p;
	}
	if (nwords == 0)
		return (0);
	if ((more = realloc(*want, (*n + 1) * sizeof(*more))) == NULL)
		return (complain(w, where, "memory", strerror(errno)));
	*want = more;
	if (nbr_parse(w, word, where, &more[*n]) == -1)
		return (-1);
	(*n)++;
	return (0);
}

int
nbr_file(const struct nbr_words *w, const char *path, struct nbr_want **want,
    size_t *n)
{
	char *line = NULL, where[128];
	size_t room = 0;
	int no = 0, error = 0;
	FILE *f;

	*want = NULL;
	*n = 0;
	if ((f = fopen(path, "r")) == NULL)
		return (complain(w, "", path, strerror(errno)));
	while (error == 0 && getline(&line, &room, f) != -1) {
		snprintf(where, sizeof(where), "%.100s:%d: ", path, ++no);
		error = line_take(w, where, line, want, n);
	}
	if (error == 0 && ferror(f))
		error = complain(w, "", path, strerror(errno));
	free(line);
	fclose(f);
	if (error == 0)
		return (0);
	free(*want);
	*want = NULL;
	return (-1);
}
