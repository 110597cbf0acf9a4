/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The older calls for names of hosts, gethostbyname(3) and its kin, on top of
 * our getaddrinfo() and getnameinfo().  They give one family at a time, and
 * put all that a struct hostent points to into one buffer: the caller's, or
 * this thread's, which the next call overwrites.
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "call.h"

#define HOSTENT_ROOM 8192

/* What has been put into a buffer so far. */
struct packer {
	char *at;
	size_t left;
};

/* size bytes of it; NULL: there are no more. */
static void *
pack(struct packer *p, size_t size, size_t align)
{
	size_t gap = -(uintptr_t)p->at & (align - 1);
	char *at = p->at + gap;

	if (p->left < gap + size)
		return (NULL);
	p->at = at + size;
	p->left -= gap + size;
	return (at);
}

static char *
pack_copy(struct packer *p, const void *from, size_t size)
{
	char *to = pack(p, size, 8);

	return (to == NULL ? NULL : memcpy(to, from, size));
}

/* A host of one name and n addresses, one after the other.  False: no room. */
static bool
hostent_make(struct hostent *he, struct packer *p, const char *name, int af, const uint8_t *addrs, int n)
{
	size_t size = af == AF_INET ? 4 : 16;

	he->h_addrtype = af;
	he->h_length = (int)size;
	if ((he->h_aliases = pack(p, sizeof(char *), sizeof(char *))) == NULL ||
	    (he->h_addr_list = pack(p, ((size_t)n + 1) * sizeof(char *), sizeof(char *))) == NULL ||
	    (he->h_name = pack_copy(p, name, strlen(name) + 1)) == NULL)
		return (false);
	he->h_aliases[0] = NULL;
	for (int i = 0; i < n; i++)
		if ((he->h_addr_list[i] = pack_copy(p, addrs + size * (size_t)i, size)) == NULL)
			return (false);
	he->h_addr_list[n] = NULL;
	return (true);
}

/* EAI_ numbers in the older counting; errno is set for its last. */
static int
herr_of(int eai)
{
	switch (eai) {
	case EAI_NONAME:
		return (HOST_NOT_FOUND);
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return (NO_DATA);
	case EAI_AGAIN:
		return (TRY_AGAIN);
	case EAI_FAMILY:
		errno = EAFNOSUPPORT;
		return (NETDB_INTERNAL);
	case EAI_MEMORY:
		errno = ENOMEM;
		return (NETDB_INTERNAL);
	case EAI_SYSTEM:
		return (NETDB_INTERNAL);
	default:
		return (NO_RECOVERY);
	}
}

/* The end of each *_r: 0 with *result; else an errno, or 0 and *result NULL. */
static int
answer(struct hostent *he, struct hostent **result, int *herrp, int herr, bool fits)
{
	*result = herr == NETDB_SUCCESS && fits ? he : NULL;
	*herrp = fits ? herr : NETDB_INTERNAL;
	if (!fits)
		return (errno = ERANGE);
	return (herr == NETDB_INTERNAL ? errno : 0);
}

int
gethostbyname2_r(const char *name, int af, struct hostent *he, char *buf, size_t size, struct hostent **result, int *herrp)
{
	struct addrinfo hints = { .ai_family = af, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME }, *list, *ai;
	struct packer p = { buf, size };
	uint8_t addrs[64 * 16];
	int n = 0, error;
	bool fits;

	native_init();
	if (!call_machine())
		return (native.gethostbyname2_r(name, af, he, buf, size, result, herrp));
	if ((error = getaddrinfo(name, NULL, &hints, &list)) != 0)
		return (answer(he, result, herrp, herr_of(error), true));
	for (ai = list; ai != NULL && n < 64; ai = ai->ai_next, n++)
		if (af == AF_INET)
			memcpy(addrs + 4 * n, &((struct sockaddr_in *)(void *)ai->ai_addr)->sin_addr, 4);
		else
			memcpy(addrs + 16 * n, &((struct sockaddr_in6 *)(void *)ai->ai_addr)->sin6_addr, 16);
	fits = hostent_make(he, &p, list->ai_canonname != NULL ? list->ai_canonname : name, af, addrs, n);
	freeaddrinfo(list);
	return (answer(he, result, herrp, NETDB_SUCCESS, fits));
}

int
gethostbyname_r(const char *name, struct hostent *he, char *buf, size_t size, struct hostent **result, int *herrp)
{
	return (gethostbyname2_r(name, AF_INET, he, buf, size, result, herrp));
}

int
gethostbyaddr_r(const void *addr, socklen_t len, int af, struct hostent *he, char *buf, size_t size, struct hostent **result, int *herrp)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct packer p = { buf, size };
	char name[1025];
	int error;

	native_init();
	if (!call_machine())
		return (native.gethostbyaddr_r(addr, len, af, he, buf, size, result, herrp));
	if ((af != AF_INET || len != 4) && (af != AF_INET6 || len != 16))
		return (answer(he, result, herrp, herr_of(EAI_FAMILY), true));
	if (af == AF_INET) {
		memcpy(&sin.sin_addr, addr, 4);
		error = getnameinfo((struct sockaddr *)&sin, sizeof(sin), name, sizeof(name), NULL, 0, NI_NAMEREQD);
	} else {
		memcpy(&sin6.sin6_addr, addr, 16);
		error = getnameinfo((struct sockaddr *)&sin6, sizeof(sin6), name, sizeof(name), NULL, 0, NI_NAMEREQD);
	}
	if (error != 0)
		return (answer(he, result, herrp, herr_of(error), true));
	return (answer(he, result, herrp, NETDB_SUCCESS, hostent_make(he, &p, name, af, addr, 1)));
}

/* --- into this thread's own buffer --- */

static _Thread_local struct {
	struct hostent he;
	char buf[HOSTENT_ROOM];
} own;

struct hostent *
gethostbyname2(const char *name, int af)
{
	struct hostent *result = NULL;

	(void)gethostbyname2_r(name, af, &own.he, own.buf, sizeof(own.buf), &result, &h_errno);
	return (result);
}

struct hostent *
gethostbyname(const char *name)
{
	return (gethostbyname2(name, AF_INET));
}

struct hostent *
gethostbyaddr(const void *addr, socklen_t len, int af)
{
	struct hostent *result = NULL;

	(void)gethostbyaddr_r(addr, len, af, &own.he, own.buf, sizeof(own.buf), &result, &h_errno);
	return (result);
}
