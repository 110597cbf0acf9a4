/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Two kernels, left and right, joined by one wire, with addresses of both
 * families, and the calls of stream programs on them.
 *
 * A test that runs for both families takes lab_af: AF_INET or AF_INET6.
 */

#ifndef TCPLAB_H
#define TCPLAB_H

#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../sys/sys/syscall.h"
#include "../libsim/sim.h"

#include <cmocka.h>

static struct sim_machine *left, *right;
static struct sim_wire *wire;
static int lab_af = AF_INET;

static inline void
lab_up(const char *name, uint64_t seed)
{
	sim_new(name, seed);
	left = sim_machine("left");
	right = sim_machine("right");
	wire = sim_wire("w");
	sim_plug(left, "fxp0", wire);
	sim_plug(right, "fxp0", wire);
	sim_address(left, "fxp0", "10.0.0.1/24");
	sim_address(right, "fxp0", "10.0.0.2/24");
	sim_address(left, "fxp0", "fd00::1/64");
	sim_address(right, "fxp0", "fd00::2/64");
	sim_run(5000000);
}

static inline int
lab_after(void **state)
{
	(void)state;
	sim_end(true);
	return (0);
}

/* --- calls --- */

static inline int
lab_sock(struct sim_machine *m)
{
	unsigned long long arg[6] = { (unsigned)lab_af, SOCK_STREAM, 0 };
	int fd = -1;

	assert_true(
	    sim_syscall(m, SYS_SOCKET, arg, NULL, 0, NULL, NULL, -1, &fd) >= 0);
	assert_true(fd >= 0);
	return (fd);
}

/* Host 1 is left, 2 right, 0 any; others nobody.  The length. */
static inline socklen_t
lab_addr(struct sockaddr_storage *ss, int host, uint16_t port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)lab_af;
	sin->sin_port = htons(port); /* the same place in both */
	if (lab_af == AF_INET) {
		if (host != 0)
			sin->sin_addr.s_addr = htonl(
			    0x0a000000U | (unsigned)host);
		return (sizeof(*sin));
	}
	if (host != 0) {
		sin6->sin6_addr.s6_addr[0] = 0xfd;
		sin6->sin6_addr.s6_addr[15] = (uint8_t)host;
	}
	return (sizeof(*sin6));
}

static inline long
lab_bind(struct sim_machine *m, int fd, int host, uint16_t port)
{
	unsigned long long arg[6] = { 0 };
	struct sockaddr_storage ss;
	socklen_t len = lab_addr(&ss, host, port);

	return (sim_syscall(m, SYS_BIND, arg, &ss, len, NULL, NULL, fd, NULL));
}

static inline long
lab_setopt(struct sim_machine *m, int fd, int level, int name, int v)
{
	unsigned long long arg[6] = { (unsigned)level, (unsigned)name };

	return (sim_syscall(m, SYS_SETSOCKOPT, arg, &v, sizeof(v), NULL, NULL,
	    fd, NULL));
}

static inline int
lab_getopt(struct sim_machine *m, int fd, int level, int name)
{
	unsigned long long arg[6] = { (unsigned)level, (unsigned)name,
		sizeof(int) };
	uint8_t out[4096];
	size_t len = sizeof(out);
	int v = -1;

	assert_true(sim_syscall(m, SYS_GETSOCKOPT, arg, NULL, 0, out, &len, fd,
			NULL) >= 0);
	memcpy(&v, out, sizeof(v));
	return (v);
}

static inline struct tcp_info
lab_info(struct sim_machine *m, int fd)
{
	struct tcp_info ti;
	unsigned long long arg[6] = { IPPROTO_TCP, TCP_INFO, 104 };
	uint8_t out[4096];
	size_t len = sizeof(out);

	memset(&ti, 0, sizeof(ti));
	assert_true(sim_syscall(m, SYS_GETSOCKOPT, arg, NULL, 0, out, &len, fd,
			NULL) >= 0);
	memcpy(&ti, out, len < sizeof(ti) ? len : sizeof(ti));
	return (ti);
}

static inline int
lab_listen(struct sim_machine *m, uint16_t port, int backlog)
{
	unsigned long long arg[6] = { (unsigned)backlog };
	int fd = lab_sock(m);

	assert_int_equal(lab_bind(m, fd, 0, port), 0);
	assert_int_equal(sim_syscall(m, SYS_LISTEN, arg, NULL, 0, NULL, NULL,
			     fd, NULL),
	    0);
	return (fd);
}

/* -EINPROGRESS, or another -errno. */
static inline long
lab_connect(struct sim_machine *m, int fd, int host, uint16_t port)
{
	unsigned long long arg[6] = { 0 };
	struct sockaddr_storage ss;
	socklen_t len = lab_addr(&ss, host, port);

	return (
	    sim_syscall(m, SYS_CONNECT, arg, &ss, len, NULL, NULL, fd, NULL));
}

/* The next connection of listener fd; -1: none waits. */
static inline int
lab_accept(int fd)
{
	char buf[4096], cbuf[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = cbuf,
		.msg_controllen = sizeof(cbuf) };
	struct cmsghdr *ch;
	int got;
	ssize_t n;

	/* a record: struct file_msg and a sockaddr_storage */
	iov.iov_len = 16 + sizeof(struct sockaddr_storage);
	n = recvmsg(fd, &mh, MSG_DONTWAIT);
	if (n <= 0 || (ch = CMSG_FIRSTHDR(&mh)) == NULL)
		return (-1);
	memcpy(&got, CMSG_DATA(ch), sizeof(got));
	sim_settle(); /* the kernel sees the room */
	return (got);
}

/* --- bytes --- */

static inline uint8_t
lab_byte(uint64_t at)
{
	return ((uint8_t)(at * 2654435761U >> 13 ^ at >> 16));
}

struct lab_flow {
	int from, to;
	uint64_t want, sent, got;
	bool eof, shut;    /* shut: end after the last byte */
	unsigned int lazy; /* reads only each so many steps */
};

static inline bool
lab_flow_write(struct lab_flow *f)
{
	uint8_t buf[16384];
	bool any = false;
	ssize_t n;

	while (f->sent < f->want) {
		size_t len = f->want - f->sent;

		if (len > sizeof(buf))
			len = sizeof(buf);
		for (size_t i = 0; i < len; i++)
			buf[i] = lab_byte(f->sent + i);
		n = send(f->from, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n <= 0)
			break;
		f->sent += (uint64_t)n;
		any = true;
	}
	if (f->sent == f->want && f->shut) {
		shutdown(f->from, SHUT_WR);
		f->shut = false;
		any = true;
	}
	return (any);
}

static inline bool
lab_flow_read(struct lab_flow *f)
{
	uint8_t buf[65536];
	bool any = false;
	ssize_t n;

	while ((n = recv(f->to, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != lab_byte(f->got + (uint64_t)i))
				fail_msg("byte %llu is wrong",
				    (unsigned long long)f->got +
					(unsigned long long)i);
		f->got += (uint64_t)n;
		any = true;
	}
	if (n == 0)
		f->eof = true;
	return (any);
}

/* Moves all flows until each has got all (and the end); false: limit_s passed. */
static inline bool
lab_flows_run(struct lab_flow *f, unsigned int nf, unsigned int limit_s)
{
	uint64_t end = sim_now() + limit_s * 1000000000ULL, step = 500;
	bool done = false, any;

	for (unsigned int turn = 0; !done && sim_now() < end; turn++) {
		done = true;
		any = false;
		for (unsigned int i = 0; i < nf; i++) {
			any |= lab_flow_write(&f[i]);
			if (f[i].lazy == 0 || turn % f[i].lazy == 0)
				any |= lab_flow_read(&f[i]);
			done = done && f[i].got == f[i].want && !f[i].shut;
		}
		step = any ? 500 : step < 20000 ? step * 2 : step;
		if (!done)
			sim_run(step);
	}
	return (done);
}

/* A connection from left to right, port; both ends. */
static inline void
lab_pair(uint16_t port, int *c, int *s)
{
	int l = lab_listen(right, port, 8);

	*c = lab_sock(left);
	assert_int_equal(lab_connect(left, *c, 2, port), -EINPROGRESS);
	for (int i = 0; i < 2000 && (*s = lab_accept(l)) == -1; i++)
		sim_run(50000);
	assert_true(*s >= 0);
	close(l);
	sim_settle();
}

#endif
