/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* TCP over lo0 of the test's machine, in both families. */

#ifndef INET_H
#define INET_H

#include <netinet/in.h>
#include <arpa/inet.h>

#include "machine.h"

static const int families[] = { AF_INET, AF_INET6 };
#define BOTH(af) for (int i_ = 0, af; i_ < 2 && (af = families[i_], true); i_++)

/* The loopback address of a family with this port. */
static inline socklen_t
here(int af, int port, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)af;
	sin->sin_port = htons((uint16_t)port);
	if (af == AF_INET) {
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return (sizeof(*sin));
	}
	sin6->sin6_addr = in6addr_loopback;
	return (sizeof(*sin6));
}

static inline int
tcp_socket(int af, int flags)
{
	int fd = socket(af, SOCK_STREAM | flags, 0);

	assert_return_code(fd, errno);
	return (fd);
}

static inline int
port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	assert_return_code(getsockname(fd, (struct sockaddr *)&ss, &len),
	    errno);
	return (ntohs(((struct sockaddr_in *)&ss)->sin_port));
}

static inline int
tcp_listener(int af, int *port)
{
	struct sockaddr_storage ss;
	int fd = tcp_socket(af, 0);
	socklen_t len = here(af, 0, &ss);

	assert_return_code(bind(fd, (struct sockaddr *)&ss, len), errno);
	assert_return_code(listen(fd, 16), errno);
	*port = port_of(fd);
	return (fd);
}

static inline int
tcp_connect(int fd, int af, int port)
{
	struct sockaddr_storage ss;
	socklen_t len = here(af, port, &ss);

	return (connect(fd, (struct sockaddr *)&ss, len));
}

static inline void
tcp_pair(int af, int *a, int *b)
{
	int port, l = tcp_listener(af, &port);

	*a = tcp_socket(af, 0);
	assert_return_code(tcp_connect(*a, af, port), errno);
	assert_comes(l, POLLIN);
	*b = accept(l, NULL, NULL);
	assert_return_code(*b, errno);
	close(l);
}

static inline void
both_close(int a, int b)
{
	close(a);
	close(b);
}

#endif
