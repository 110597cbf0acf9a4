/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * UDP both ways: datagrams received (as in icmp_fuzz.c), and control data
 * and options given by a program to a socket.
 */

#include "fuzz4.h"

static struct socket *fuzz_so[2];

static void
fuzz_sockets(void)
{
	static struct proc owner;

	if (fuzz_so[0] != NULL)
		return;
	KASSERT(socreate(AF_INET, SOCK_DGRAM, 0, &owner, &fuzz_so[0]) == 0);
	KASSERT(socreate(AF_INET6, SOCK_DGRAM, 0, &owner, &fuzz_so[1]) == 0);
}

static void
step_option(struct socket *so, struct cursor *body)
{
	static struct proc owner;
	uint8_t level, name, out[1024];
	socklen_t len = sizeof(out);
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6,
		IPPROTO_ICMPV6, IPPROTO_UDP };

	if (cur_u8(body, &level) == -1 || cur_u8(body, &name) == -1)
		return;
	(void)so->so_proto->setopt(so, levels[level % 5], name, body->p,
	    (socklen_t)body->left, &owner);
	(void)so->so_proto->getopt(so, levels[level % 5], name, out, &len,
	    &owner);
	KASSERT(len <= sizeof(out));
	len = sizeof(out);
	(void)so->so_proto->getopt(so, SOL_SOCKET, SO_ERRQUEUE, out, &len,
	    &owner);
	KASSERT(len <= sizeof(out));
}

/* An address, then control data; 16 bytes are sent. */
static void
step_send(struct socket *so, struct cursor *body)
{
	static struct proc owner;
	struct sockaddr_storage ss;
	size_t n = MIN(body->left, 28);
	struct mbuf *m = fuzz_packet(body->p, n, 0);

	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, body->p, n);
	if (n > 1 && ss.ss_family % 4 != 0)
		ss.ss_family = so->so_proto->pr_family;
	cur_skip(body, n);
	if (m != NULL)
		(void)so->so_proto->send(so, m, (struct sockaddr *)(void *)&ss,
		    (socklen_t)n, body->p, body->left, &owner);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	uint8_t what, ends, len;

	fuzz_boot();
	fuzz_sockets();
	cur_init(&c, data, size);
	while (cur_u8(&c, &what) == 0 && cur_u8(&c, &ends) == 0 &&
	    cur_u8(&c, &len) == 0 &&
	    cur_sub(&c, MIN(len, c.left), &body) == 0) {
		if (what % 3 == 0)
			fuzz_ip(IPPROTO_UDP, ends, ends >> 3, body.p, body.left,
			    what / 3);
		else if (what % 3 == 1)
			step_option(fuzz_so[ends & 1], &body);
		else
			step_send(fuzz_so[ends & 1], &body);
		fuzz_run(1000);
	}
	fuzz_run(1000);
	return (0);
}
