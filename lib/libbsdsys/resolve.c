/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Names of hosts, as the machine knows them.
 *
 * The C library would read the host's files and ask by the host's sockets,
 * behind our back.  So getaddrinfo() and getnameinfo() look names up here: in
 * etc/hosts of the machine's folder, then with the servers that its
 * etc/resolv.conf names (dns.c).  Addresses that were found go to the C
 * library as text, which makes the answer with services, flags and all; what
 * it returns is its own, for its own freeaddrinfo().
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "resolve.h"

unsigned int if_nametoindex(const char *name);

/* --- etc/hosts --- */

/* Calls each(address, names, arg) for the lines, until it says true. */
static bool
hosts_walk(bool (*each)(const char *addr, char *names, void *arg), void *arg)
{
	char path[4200], *addr, *rest, *line = NULL;
	size_t cap = 0;
	bool found = false;
	FILE *f;

	if (!machine_file("/etc/hosts", path, sizeof(path)) || (f = native.fopen(path, "re")) == NULL)
		return (false);
	while (!found && getline(&line, &cap, f) != -1) {
		line[strcspn(line, "#\r\n")] = '\0';
		rest = line;
		while ((addr = strsep(&rest, " \t")) != NULL && *addr == '\0')
			;
		if (addr != NULL && rest != NULL)
			found = each(addr, rest, arg);
	}
	free(line);
	fclose(f);
	return (found);
}

struct by_name {
	const char *name;
	int af; /* or AF_UNSPEC */
	struct found *found;
};

static void
found_add(struct found *f, const char *text, int af)
{
	uint8_t b[16];

	if (f->n < FOUND_MAX && inet_pton(af, text, b) == 1)
		snprintf(f->text[f->n++], sizeof(f->text[0]), "%s", text);
}

static bool
line_named(const char *addr, char *names, void *arg)
{
	struct by_name *w = arg;
	char *name;

	while ((name = strsep(&names, " \t")) != NULL) {
		if (*name == '\0' || strcasecmp(name, w->name) != 0)
			continue;
		if (w->af != AF_INET6)
			found_add(w->found, addr, AF_INET);
		if (w->af != AF_INET)
			found_add(w->found, addr, AF_INET6);
		w->found->known = true;
		break;
	}
	return (false); /* there may be more lines */
}

struct by_addr {
	int af;
	const void *addr;
	char *name;
	size_t room;
};

static bool
line_addressed(const char *addr, char *names, void *arg)
{
	struct by_addr *w = arg;
	uint8_t b[16];
	char *name;

	if (inet_pton(w->af, addr, b) != 1 || memcmp(b, w->addr, w->af == AF_INET ? 4 : 16) != 0)
		return (false);
	while ((name = strsep(&names, " \t")) != NULL && *name == '\0')
		;
	return (name != NULL && (size_t)snprintf(w->name, w->room, "%s", name) < w->room);
}

/* --- forward --- */

/* 0 with addresses, or an EAI_ number. */
static int
name_lookup(const char *node, int af, struct found *f)
{
	struct by_name w = { node, af, f };
	size_t len = strlen(node);

	hosts_walk(line_named, &w);
	if (!f->known && (strcasecmp(node, "localhost") == 0 || (len > 10 && strcasecmp(node + len - 10, ".localhost") == 0))) {
		f->known = true; /* RFC 6761 6.3 */
		if (af != AF_INET)
			found_add(f, "::1", AF_INET6);
		if (af != AF_INET6)
			found_add(f, "127.0.0.1", AF_INET);
	}
	if (f->n > 0)
		return (0);
	return (f->known ? EAI_NODATA : dns_lookup(node, af, f));
}

/* fe80::1%fxp0 with the machine's number of fxp0.  false: no such interface. */
static bool
scope_number(const char *node, char *buf, size_t size)
{
	const char *scope = strchr(node, '%');
	unsigned int index;

	snprintf(buf, size, "%s", node);
	if (scope == NULL || strspn(scope + 1, "0123456789") == strlen(scope + 1))
		return (true);
	if ((index = if_nametoindex(scope + 1)) == 0)
		return (false);
	snprintf(buf, size, "%.*s%%%u", (int)(scope - node), node, index);
	return (true);
}

static bool
is_numeric(const char *node)
{
	char buf[64];
	uint8_t b[16];
	struct in_addr in;

	snprintf(buf, sizeof(buf), "%.*s", (int)strcspn(node, "%"), node);
	return (inet_pton(AF_INET6, buf, b) == 1 || inet_aton(node, &in) == 1);
}

static int
found_give(const struct found *f, const char *node, const char *service, struct addrinfo hints, struct addrinfo **res)
{
	struct addrinfo *list = NULL, **tail = &list;
	bool canon = (hints.ai_flags & AI_CANONNAME) != 0;
	int error = EAI_NONAME;

	hints.ai_flags = (hints.ai_flags & ~AI_CANONNAME) | AI_NUMERICHOST;
	for (int i = 0; i < f->n; i++) {
		error = native.getaddrinfo(f->text[i], service, &hints, tail);
		if (error != 0 && error != EAI_ADDRFAMILY)
			break;
		while (*tail != NULL)
			tail = &(*tail)->ai_next;
	}
	if (list == NULL)
		return (error == 0 ? EAI_NONAME : error);
	if (error != 0 && error != EAI_ADDRFAMILY) {
		freeaddrinfo(list);
		return (error);
	}
	if (canon)
		list->ai_canonname = strdup(f->canon[0] != '\0' ? f->canon : node);
	*res = list;
	return (0);
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct addrinfo want = { .ai_flags = AI_V4MAPPED };
	struct found f = { .n = 0 };
	char text[1100];
	int af, error;

	native_init();
	if (!call_machine())
		return (native.getaddrinfo(node, service, hints, res));
	if (hints != NULL)
		want = *hints;
	want.ai_flags &= ~AI_ADDRCONFIG; /* it would look at the host's */
	if (node == NULL)
		return (native.getaddrinfo(node, service, hints != NULL ? &want : NULL, res));
	if ((want.ai_flags & AI_NUMERICHOST) != 0 || is_numeric(node))
		return (scope_number(node, text, sizeof(text)) ? native.getaddrinfo(text, service, &want, res) : EAI_NONAME);
	if (strlen(node) > 1023)
		return (EAI_NONAME);
	af = want.ai_family;
	if (af != AF_UNSPEC && af != AF_INET && af != AF_INET6)
		return (EAI_FAMILY);
	error = name_lookup(node, af, &f);
	if (error != 0 && af == AF_INET6 && (want.ai_flags & AI_V4MAPPED) != 0)
		error = name_lookup(node, AF_INET, &f);
	return (error != 0 ? error : found_give(&f, node, service, want, res));
}

/* --- back --- */

static bool
address_name(int af, const void *addr, char *name, size_t room)
{
	struct by_addr w = { af, addr, name, room };

	return (hosts_walk(line_addressed, &w) || dns_reverse(af, addr, name, room));
}

int
getnameinfo(const struct sockaddr *sa, socklen_t len, char *host, socklen_t hostlen, char *serv, socklen_t servlen, int flags)
{
	const struct sockaddr_in6 *sin6 = (const void *)sa;
	const struct sockaddr_in *sin = (const void *)sa;
	char name[1025];
	int error;

	native_init();
	if (!call_machine() || host == NULL || hostlen == 0 || (flags & NI_NUMERICHOST) != 0 ||
	    !((sa->sa_family == AF_INET && len >= sizeof(*sin)) || (sa->sa_family == AF_INET6 && len >= sizeof(*sin6))))
		return (native.getnameinfo(sa, len, host, hostlen, serv, servlen, flags));
	error = native.getnameinfo(sa, len, host, hostlen, serv, servlen, (flags & ~NI_NAMEREQD) | NI_NUMERICHOST);
	if (error != 0)
		return (error);
	if (!address_name(sa->sa_family, sa->sa_family == AF_INET ? (const void *)&sin->sin_addr : &sin6->sin6_addr, name, sizeof(name)))
		return ((flags & NI_NAMEREQD) != 0 ? EAI_NONAME : 0);
	if (strlen(name) >= hostlen)
		return (EAI_OVERFLOW);
	strcpy(host, name);
	return (0);
}

/* --- the files under their own names --- */

bool
machine_file(const char *path, char *buf, size_t size)
{
	if (path == NULL || (strcmp(path, "/etc/resolv.conf") != 0 && strcmp(path, "/etc/hosts") != 0) || !call_machine())
		return (false);
	return (call_root()[0] != '\0' && (size_t)snprintf(buf, size, "%s%s", call_root(), path) < size && access(buf, R_OK) == 0);
}

FILE *
fopen(const char *path, const char *mode)
{
	char own[4200];

	native_init();
	return (native.fopen(machine_file(path, own, sizeof(own)) ? own : path, mode));
}

FILE *fopen64(const char *path, const char *mode) __attribute__((alias("fopen")));
