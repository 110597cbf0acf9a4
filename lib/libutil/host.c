/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Host names as a machine knows them: its own etc/hosts, and numbers.
 *
 * The host's resolver is not asked: a machine's names are its own, and its
 * routes may not lead where the host's name servers are.
 */

#include <arpa/inet.h>
#include <netinet/in.h>

#include <libbsdsys/bsdsys.h>
#include <net/if_ioctl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* --- interfaces --- */

static struct if_row *
if_rows(size_t *n)
{
	size_t len = 0;
	struct if_row *rows = bsd_sysctl_alloc("net.link.list", &len);

	*n = len / sizeof(*rows);
	return (rows);
}

unsigned int
host_ifindex(const char *ifname)
{
	unsigned int index = 0;
	struct if_row *rows;
	size_t n;

	if ((rows = if_rows(&n)) == NULL)
		return (0);
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, ifname) == 0)
			index = rows[i].index;
	free(rows);
	return (index);
}

const char *
host_ifname(unsigned int index, char buf[16])
{
	struct if_row *rows;
	size_t n;

	buf[0] = '\0';
	if ((rows = if_rows(&n)) == NULL)
		return (buf);
	for (size_t i = 0; i < n; i++)
		if (rows[i].index == index)
			snprintf(buf, 16, "%s", rows[i].name);
	free(rows);
	return (buf);
}

/* --- numbers --- */

/* 1: it is one; 0: it is none of that family; -1: its interface is not there. */
static int
number_read(const char *text, int af, struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	const char *pct = strchr(text, '%');
	char num[64];

	memset(ss, 0, sizeof(*ss));
	if (af != AF_INET6 && inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		*len = sizeof(*sin);
		return (1);
	}
	snprintf(num, sizeof(num), "%.*s", pct != NULL ? (int)(pct - text) : 63, text);
	if (af == AF_INET || inet_pton(AF_INET6, num, &sin6->sin6_addr) != 1)
		return (0);
	sin6->sin6_family = AF_INET6;
	*len = sizeof(*sin6);
	if (pct != NULL && (sin6->sin6_scope_id = host_ifindex(pct + 1)) == 0)
		return (-1);
	return (1);
}

/* --- names --- */

/* Calls fn for each pair of etc/hosts until it returns true. */
static bool
hosts_walk(bool (*fn)(void *arg, const char *addr, const char *name, bool first), void *arg)
{
	const char *root = getenv("BSD_ROOT");
	char path[4200], line[1024], *addr, *name, *save;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/etc/hosts", root != NULL ? root : "");
	if ((f = fopen(path, "re")) == NULL)
		return (false);
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		if ((addr = strtok_r(line, " \t", &save)) == NULL)
			continue;
		for (bool first = true; !found && (name = strtok_r(NULL, " \t", &save)) != NULL; first = false)
			found = fn(arg, addr, name, first);
	}
	fclose(f);
	return (found);
}

struct want {
	const char *name;
	int af;
	struct sockaddr_storage *ss;
	socklen_t *len;
	char *out;
	size_t size;
};

static bool
name_matches(void *arg, const char *addr, const char *name, bool first)
{
	struct want *w = arg;

	(void)first;
	return (strcasecmp(name, w->name) == 0 && number_read(addr, w->af, w->ss, w->len) == 1);
}

int
host_resolve(const char *prog, const char *name, int af, struct sockaddr_storage *ss, socklen_t *len)
{
	struct want w = { .name = name, .af = af, .ss = ss, .len = len };

	switch (number_read(name, af, ss, len)) {
	case 1:
		return (0);
	case -1:
		fprintf(stderr, "%s: %s: no such interface\n", prog, name);
		return (-1);
	}
	if (hosts_walk(name_matches, &w))
		return (0);
	fprintf(stderr, "%s: %s: no address known by that name\n", prog, name);
	return (-1);
}

const char *
host_text(const struct sockaddr *sa, char *buf, size_t size)
{
	const struct sockaddr_in6 *sin6 = (const void *)sa;
	char ifname[16];
	size_t n;

	buf[0] = '\0';
	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, buf, (socklen_t)size);
	if (sa->sa_family != AF_INET6)
		return (buf);
	inet_ntop(AF_INET6, &sin6->sin6_addr, buf, (socklen_t)size);
	n = strlen(buf);
	if (sin6->sin6_scope_id != 0 && host_ifname(sin6->sin6_scope_id, ifname)[0] != '\0')
		snprintf(buf + n, size - n, "%%%s", ifname);
	return (buf);
}

static bool
addr_matches(void *arg, const char *addr, const char *name, bool first)
{
	struct want *w = arg;

	if (!first || strcmp(addr, w->name) != 0)
		return (false);
	snprintf(w->out, w->size, "%s", name);
	return (true);
}

const char *
host_name_of(const struct sockaddr *sa, char *buf, size_t size)
{
	char text[80];
	struct want w = { .name = text, .out = buf, .size = size };

	host_text(sa, text, sizeof(text));
	if (!hosts_walk(addr_matches, &w))
		snprintf(buf, size, "%s", text);
	return (buf);
}
