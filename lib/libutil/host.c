/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Host names as a machine knows them: numbers, its own etc/hosts, and its own
 * name servers, as libbsdsys asks them for every program.
 */

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <libbsdsys/bsdsys.h>
#include <net/if_ioctl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

int
host_resolve(const char *prog, const char *name, int af, struct sockaddr_storage *ss, socklen_t *len)
{
	const struct addrinfo hints = { .ai_family = af, .ai_socktype = SOCK_RAW };
	struct addrinfo *ai;
	struct in_addr part;
	int error;

	switch (number_read(name, af, ss, len)) {
	case 1:
		return (0);
	case -1:
		fprintf(stderr, "%s: %s: no such interface\n", prog, name);
		return (-1);
	}
	/* 10.1 is half an address, and no name */
	error = inet_aton(name, &part) == 1 ? EAI_NONAME : getaddrinfo(name, NULL, &hints, &ai);
	if (error != 0) {
		fprintf(stderr, "%s: %s: %s\n", prog, name,
		    error == EAI_AGAIN ? "no name server answers" : "no address known by that name");
		return (-1);
	}
	memcpy(ss, ai->ai_addr, ai->ai_addrlen);
	*len = ai->ai_addrlen;
	freeaddrinfo(ai);
	return (0);
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

/* Seconds after which a name server that knew nothing is not asked again. */
#define PATIENCE 2

const char *
host_name_of(const struct sockaddr *sa, char *buf, size_t size)
{
	static bool silent;
	socklen_t len = sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	time_t start = time(NULL);

	if (!silent && getnameinfo(sa, len, buf, (socklen_t)size, NULL, 0, NI_NAMEREQD) == 0)
		return (buf);
	silent = silent || time(NULL) - start > PATIENCE;
	return (host_text(sa, buf, size));
}
