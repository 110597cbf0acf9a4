/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A client, a firewall and a server, each a kernel, joined by two wires:
 *
 *	client fxp0 -- lan -- fxp0  fw  fxp1 -- wan -- fxp0 server
 *	10.0.0.10	      10.0.0.1  192.0.2.1	192.0.2.2
 *	fd00:1::10	      fd00:1::1 fd00:2::1	fd00:2::2
 *
 * with addresses of both families.  pfctl runs in this process, as a function,
 * and its calls reach the firewall's kernel.
 *
 * A test that runs for both families takes af; pl_host() names the same host
 * in either.
 */

#ifndef PFLAB_H
#define PFLAB_H

#include <sys/socket.h>
#include <net/if_ioctl.h>
#include <net/rtmsg.h>
#include <netinet/in.h>
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

#include "../../lib/libbsdsys/bsdsys.h"
#include "../../sbin/pfctl/pf_ctl.h"
#include "../../sys/sys/syscall.h"
#include "../libsim/sim.h"

#include <cmocka.h>

static struct sim_machine *client, *fw, *server;
static struct sim_wire *lan, *wan;
static struct sim_machine *pl_ctl; /* whose /dev/pf pfctl opens */

enum pl_who { CLIENT, FW_LAN, FW_WAN, SERVER };
static inline const char *
pl_host(int af, enum pl_who who)
{
	static const char *const names[2][4] = {
		{ "10.0.0.10", "10.0.0.1", "192.0.2.1", "192.0.2.2" },
		{ "fd00:1::10", "fd00:1::1", "fd00:2::1", "fd00:2::2" },
	};

	return (names[af == AF_INET6][who]);
}

/* --- the world --- */

static inline int pl_socket(struct sim_machine *m, int af, int type, int proto);

static inline void
pl_route(struct sim_machine *m, int af, const char *gw)
{
	unsigned long long arg[6] = { 0 };
	int fd = pl_socket(m, PF_ROUTE, SOCK_RAW, 0);
	struct rt_msg rtm;

	memset(&rtm, 0, sizeof(rtm));
	rtm.h.rtm_msglen = sizeof(rtm);
	rtm.h.rtm_hdrlen = sizeof(rtm.h);
	rtm.h.rtm_version = RTM_VERSION;
	rtm.h.rtm_type = RTM_ADD;
	rtm.rtm_af = rtm.rtm_gwaf = (uint8_t)af;
	rtm.rtm_flags = RTF_STATIC | RTF_GATEWAY;
	assert_int_equal(inet_pton(af, gw, &rtm.rtm_gateway), 1);
	assert_true(sim_syscall(m, SYS_SENDMSG, arg, &rtm, sizeof(rtm), NULL,
			NULL, fd, NULL) >= 0);
	close(fd);
	sim_settle();
}

static inline void
pl_up(const char *name, uint64_t seed)
{
	sim_new(name, seed);
	client = sim_machine("client");
	pl_ctl = fw = sim_machine("fw");
	server = sim_machine("server");
	lan = sim_wire("lan");
	wan = sim_wire("wan");
	sim_plug(client, "fxp0", lan);
	sim_plug(fw, "fxp0", lan);
	sim_plug(fw, "fxp1", wan);
	sim_plug(server, "fxp0", wan);
	sim_address(client, "fxp0", "10.0.0.10/24");
	sim_address(client, "fxp0", "fd00:1::10/64");
	sim_address(fw, "fxp0", "10.0.0.1/24");
	sim_address(fw, "fxp0", "fd00:1::1/64");
	sim_address(fw, "fxp1", "192.0.2.1/24");
	sim_address(fw, "fxp1", "fd00:2::1/64");
	sim_address(fw, "lo0", "127.0.0.1/8");
	sim_address(server, "fxp0", "192.0.2.2/24");
	sim_address(server, "fxp0", "fd00:2::2/64");
	sim_sysctl_set(fw, "net.inet.ip.forwarding", 1);
	sim_sysctl_set(fw, "net.inet6.ip6.forwarding", 1);
	pl_route(client, AF_INET, "10.0.0.1");
	pl_route(client, AF_INET6, "fd00:1::1");
	pl_route(server, AF_INET, "192.0.2.1");
	pl_route(server, AF_INET6, "fd00:2::1");
	sim_run(5000000);
}

static inline int
pl_after(void **state)
{
	(void)state;
	sim_end(true);
	return (0);
}

/* --- pfctl --- */

static inline int
pl_dev_open(const char *path, int flags)
{
	unsigned long long arg[6] = { (flags & O_ACCMODE) == O_RDONLY ? 1 : 3 };
	int fd = -1;
	long v;

	(void)path;
	v = sim_syscall(pl_ctl, SYS_OPEN, arg, "pf", 3, NULL, NULL, -1, &fd);
	if (v >= 0)
		return (fd);
	errno = (int)-v;
	return (-1);
}

static inline int
pl_dev_call(int dev, unsigned long cmd, void *data)
{
	static _Alignas(8) char none[8];
	unsigned long long arg[6] = { cmd };
	size_t len = cmd >> 16 & 0x3fff;
	long v;

	v = sim_syscall(pl_ctl, SYS_IOCTL, arg, data == NULL ? none : data, len,
	    data == NULL ? none : data, &len, dev, NULL);
	if (v >= 0)
		return (0);
	errno = (int)-v;
	return (-1);
}

/* How pfctl's calls go: a test may put its own in between. */
static int (*pl_dev_use)(int dev, unsigned long cmd, void *data) = pl_dev_call;

/* What pfctl asks libbsdsys: the firewall's interfaces. */
const char *
bsd_machine(void)
{
	return ("fw");
}

void *
bsd_sysctl_alloc(const char *name, size_t *len)
{
	static char out[1 << 18];
	long n = sim_sysctl_raw(pl_ctl, name, out, sizeof(out));
	void *copy;

	if (n < 0 || (size_t)n > sizeof(out)) {
		errno = n < 0 ? (int)-n : ENOMEM;
		return (NULL);
	}
	*len = (size_t)n;
	copy = malloc(*len + 1);
	return (copy == NULL ? NULL : memcpy(copy, out, *len));
}

struct pl_result {
	int rc;
	char out[65536], err[8192];
};

static inline void
pl_slurp(FILE *f, char *buf, size_t size)
{
	size_t n;

	rewind(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
}

/* Runs `pfctl words' with input on its standard input.  Words are separated
 * by single blanks. */
static inline const struct pl_result *
pl_pfctl(const char *words, const char *input)
{
	static struct pl_result r;
	static char pfctl[] = "pfctl";
	FILE *f[3] = { tmpfile(), tmpfile(), tmpfile() };
	char *line = strdup(words), *rest = line, *argv[32] = { pfctl }, *w;
	int argc = 1, saved[3];

	while ((w = strsep(&rest, " ")) != NULL && argc < 31)
		if (*w != '\0')
			argv[argc++] = w;
	argv[argc] = NULL;
	fputs(input, f[0]);
	fflush(f[0]);
	lseek(fileno(f[0]), 0, SEEK_SET);
	fflush(NULL);
	for (int i = 0; i < 3; i++) {
		saved[i] = dup(i);
		dup2(fileno(f[i]), i);
	}
	clearerr(stdin);
	pf_dev = (struct pf_dev){ pl_dev_open, pl_dev_use };
	optind = 0;
	program_invocation_short_name = pfctl;
	r.rc = pfctl_main(argc, argv);
	fflush(NULL);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	sim_settle();
	fclose(f[0]);
	pl_slurp(f[1], r.out, sizeof(r.out));
	pl_slurp(f[2], r.err, sizeof(r.err));
	free(line);
	return (&r);
}

/* Loads rules into the firewall and enables it. */
static inline void
pl_load(const char *rules)
{
	const struct pl_result *r = pl_pfctl("-f -", rules);

	if (r->rc != 0)
		fail_msg("%s: %s", rules, r->err);
	(void)pl_pfctl("-e", "");
}

/* What pfctl says on standard output; it has to end well. */
static inline const char *
pl_show(const char *words)
{
	const struct pl_result *r = pl_pfctl(words, "");

	if (r->rc != 0)
		fail_msg("pfctl %s: %s", words, r->err);
	return (r->out);
}

static inline void
pl_says(const char *words, const char *text)
{
	const char *out = pl_show(words);

	if (strstr(out, text) == NULL)
		fail_msg("pfctl %s does not say `%s' but\n%s", words, text,
		    out);
}

static inline void
pl_says_not(const char *words, const char *text)
{
	const char *out = pl_show(words);

	if (strstr(out, text) != NULL)
		fail_msg("pfctl %s says `%s':\n%s", words, text, out);
}

/* --- programs --- */

static inline socklen_t
pl_addr(struct sockaddr_storage *ss, const char *host, uint16_t port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	sin->sin_port = htons(port); /* the same place in both */
	if (inet_pton(AF_INET, host, &sin->sin_addr) == 1) {
		ss->ss_family = AF_INET;
		return (sizeof(*sin));
	}
	assert_int_equal(inet_pton(AF_INET6, host, &sin6->sin6_addr), 1);
	ss->ss_family = AF_INET6;
	return (sizeof(*sin6));
}

static inline int
pl_socket(struct sim_machine *m, int af, int type, int proto)
{
	unsigned long long arg[6] = { (unsigned)af, (unsigned)type,
		(unsigned)proto };
	int fd = -1;

	assert_true(
	    sim_syscall(m, SYS_SOCKET, arg, NULL, 0, NULL, NULL, -1, &fd) >= 0);
	return (fd);
}

/* A socket of host:port; a stream one listens. */
static inline int
pl_serve(struct sim_machine *m, int type, const char *host, uint16_t port)
{
	unsigned long long arg[6] = { 16 };
	struct sockaddr_storage ss;
	socklen_t len = pl_addr(&ss, host, port);
	int fd = pl_socket(m, ss.ss_family, type, 0);

	assert_true(
	    sim_syscall(m, SYS_BIND, arg, &ss, len, NULL, NULL, fd, NULL) >= 0);
	if (type == SOCK_STREAM)
		assert_true(sim_syscall(m, SYS_LISTEN, arg, NULL, 0, NULL, NULL,
				fd, NULL) >= 0);
	return (fd);
}

static inline int
pl_connect(struct sim_machine *m, int type, const char *host, uint16_t port)
{
	unsigned long long arg[6] = { 0 };
	struct sockaddr_storage ss;
	socklen_t len = pl_addr(&ss, host, port);
	int fd = pl_socket(m, ss.ss_family, type, 0);
	long v;

	v = sim_syscall(m, SYS_CONNECT, arg, &ss, len, NULL, NULL, fd, NULL);
	assert_true(v >= 0 || v == -EINPROGRESS);
	return (fd);
}

/* The next connection of listener fd, and from whom (may be NULL); -1. */
static inline int
pl_accept(int fd, struct sockaddr_storage *from)
{
	char buf[16 + sizeof(*from)], cbuf[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = cbuf,
		.msg_controllen = sizeof(cbuf) };
	struct cmsghdr *ch;
	int got = -1;

	for (int i = 0; i < 100; i++) {
		if (recvmsg(fd, &mh, MSG_DONTWAIT) > 0 &&
		    (ch = CMSG_FIRSTHDR(&mh)) != NULL) {
			memcpy(&got, CMSG_DATA(ch), sizeof(got));
			if (from != NULL)
				memcpy(from, buf + 16, sizeof(*from));
			sim_settle();
			return (got);
		}
		mh.msg_controllen = sizeof(cbuf);
		sim_run(50000);
	}
	return (-1);
}

/* SO_ERROR of fd. */
static inline int
pl_error(struct sim_machine *m, int fd)
{
	unsigned long long arg[6] = { SOL_SOCKET, SO_ERROR, sizeof(int) };
	uint8_t out[64];
	size_t len = sizeof(out);
	int v = 0;

	assert_true(sim_syscall(m, SYS_GETSOCKOPT, arg, NULL, 0, out, &len, fd,
			NULL) >= 0);
	memcpy(&v, out, sizeof(v));
	return (v);
}

/* Sends text by a connected stream; what comes at the other end within a
 * while is it. */
static inline bool
pl_passes(int from, int to, const char *text)
{
	char buf[256];
	ssize_t n;

	if (send(from, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)strlen(text))
		return (false);
	for (int i = 0; i < 100; i++) {
		sim_run(20000);
		n = recv(to, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0)
			return ((size_t)n == strlen(text) &&
			    memcmp(buf, text, (size_t)n) == 0);
	}
	return (false);
}

/* --- datagrams --- */

/* to NULL: fd is connected.  0 or -errno. */
static inline long
pl_sendto(struct sim_machine *m, int fd, const struct sockaddr_storage *to,
    const void *data, size_t len)
{
	static _Alignas(8) uint8_t buf[70000];
	unsigned long long arg[6] = { 0 };
	size_t at = 0;
	long v;

	if (to != NULL) {
		arg[0] = to->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
						    sizeof(struct sockaddr_in6);
		at = (arg[0] + 7) & ~7U;
		memcpy(buf, to, at);
	}
	memcpy(buf + at, data, len);
	v = sim_syscall(m, SYS_SENDMSG, arg, buf, at + len, NULL, NULL, fd,
	    NULL);
	sim_settle();
	return (v < 0 ? v : 0);
}

static inline long
pl_send(struct sim_machine *m, int fd, const char *host, uint16_t port,
    const void *data, size_t len)
{
	struct sockaddr_storage ss;

	if (host != NULL)
		pl_addr(&ss, host, port);
	return (pl_sendto(m, fd, host == NULL ? NULL : &ss, data, len));
}

/* The data of the next datagram within a while, and from whom (may be NULL);
 * -1: none came. */
static inline ssize_t
pl_recv(int fd, struct sockaddr_storage *from, void *data, size_t size)
{
	static uint8_t buf[70000];
	struct {
		uint16_t type, flags;
		int32_t error;
		uint32_t addrlen, cmsglen;
	} head;
	size_t at;
	ssize_t n;

	for (int i = 0; i < 40; i++, sim_run(50000)) {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < (ssize_t)sizeof(head))
			continue;
		memcpy(&head, buf, sizeof(head));
		at = sizeof(head) + ((head.addrlen + 7) & ~7U) +
		    ((head.cmsglen + 7) & ~7U);
		if (head.type != 1 || (size_t)n - at > size)
			return (-1);
		if (from != NULL)
			memcpy(from, buf + sizeof(head), head.addrlen);
		memcpy(data, buf + at, (size_t)n - at);
		return (n - (ssize_t)at);
	}
	return (-1);
}

/* Is ss host:port?  port 0: any. */
static inline bool
pl_is(const struct sockaddr_storage *ss, const char *host, uint16_t port)
{
	struct sockaddr_storage want;
	const struct sockaddr_in *a = (const void *)ss, *b = (void *)&want;
	const struct sockaddr_in6 *a6 = (const void *)ss, *b6 = (void *)&want;

	pl_addr(&want, host, port);
	if (ss->ss_family != want.ss_family ||
	    (port != 0 && a->sin_port != b->sin_port))
		return (false);
	if (ss->ss_family == AF_INET)
		return (a->sin_addr.s_addr == b->sin_addr.s_addr);
	return (memcmp(&a6->sin6_addr, &b6->sin6_addr, 16) == 0);
}

#endif
