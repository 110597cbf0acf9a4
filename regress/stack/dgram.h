/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Calls of datagram programs on machines of a simulation. */

#ifndef DGRAM_H
#define DGRAM_H

#include <sys/socket.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../sys/sys/syscall.h"
#include "../libsim/sim.h"

#include <cmocka.h>

static inline int
sock(struct sim_machine *m, int family, int type, int proto)
{
	unsigned long long arg[6] = { (unsigned)family, (unsigned)type,
		(unsigned)proto };
	int fd = -1;

	assert_true(
	    sim_syscall(m, SYS_SOCKET, arg, NULL, 0, NULL, NULL, -1, &fd) >= 0);
	assert_true(fd >= 0);
	return (fd);
}

static inline long
send_to(struct sim_machine *m, int fd, const void *to, size_t tolen,
    const void *data, size_t len)
{
	static uint8_t buf[66000];
	unsigned long long arg[6] = { tolen, 0, 0 };

	if (tolen != 0)
		memcpy(buf, to, tolen);
	memcpy(buf + tolen, data, len);
	return (sim_syscall(m, SYS_SENDMSG, arg, buf, tolen + len, NULL, NULL,
	    fd, NULL));
}

static inline void
bind_to(struct sim_machine *m, int fd, const void *sa, size_t len)
{
	unsigned long long arg[6] = { 0 };

	assert_int_equal(sim_syscall(m, SYS_BIND, arg, sa, len, NULL, NULL, fd,
			     NULL),
	    0);
}

/* The next message's payload; -1 when there is none. */
static inline long
take(int fd, uint8_t *data, size_t size)
{
	struct {
		uint16_t type, flags;
		int32_t error;
		uint32_t addrlen, cmsglen;
	} head;
	static uint8_t buf[70000];
	size_t at;
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < (ssize_t)sizeof(head))
		return (-1);
	memcpy(&head, buf, sizeof(head));
	at = sizeof(head) + ((head.addrlen + 7) & ~7U) +
	    ((head.cmsglen + 7) & ~7U);
	assert_true((size_t)n >= at && (size_t)n - at <= size);
	memcpy(data, buf + at, (size_t)n - at);
	return (n - (ssize_t)at);
}

#endif
