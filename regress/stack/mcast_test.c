/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Members of groups on a hub that loses, doubles and turns round, told of to a
 * router that is made of frames: it queries, remembers who reported, asks once
 * more before it gives a group up (RFC 3376 6, RFC 3810 7), misses what it
 * hears as often as the hub does, and passes on a stream while somebody is
 * known to listen.  It may never think that nobody does while one of two
 * members stays, and has to notice when both are gone.
 */

#include <net/if_ioctl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "dgram.h"

#define SECOND     1000000ULL
#define TICK       20000ULL
#define EVERY      (20 * SECOND) /* general queries */
#define ROBUST     4
#define ANSWER     (2 * SECOND) /* to a general query */
#define LAST       SECOND       /* to one for a group */
#define LISTENERS  (ROBUST * EVERY + ANSWER)
#define LOSS       10
#define PORT       5000
#define JOIN_GROUP 42 /* MCAST_JOIN_GROUP */

static struct sim_wire *hub;
static int af;
static uint32_t chance_state;

/* --- the router --- */

static struct {
	size_t seen;           /* frames looked at */
	uint64_t general_us;   /* next query for all groups */
	uint64_t until_us;     /* the group has listeners; 0: none */
	uint64_t specific_us;  /* next query for the group */
	unsigned int specific; /* how many are still to be asked */
	unsigned int reports, leaves;
} router;

static uint32_t
chance(uint32_t below)
{
	chance_state = chance_state * 1664525 + 1013904223;
	return ((chance_state >> 8) % below);
}

static uint64_t
now_us(void)
{
	return (sim_now() / 1000);
}

static void
group(uint8_t g[16])
{
	memset(g, 0, 16);
	if (af == AF_INET)
		memcpy(g, "\xef\x01\x02\x03", 4);
	else
		memcpy(g, "\xff\x15\0\0\0\0\0\0\0\0\0\0\0\0\x01\x23", 16);
}

static struct sim_ends
ends_from_router(const uint8_t dst[16], uint8_t ttl)
{
	struct sim_ends e = { .smac = { 2, 0, 0, 0, 0, 9 }, .ttl = ttl };

	memcpy(e.dst, dst, 16);
	if (af == AF_INET) {
		memcpy(e.src, "\x0a\0\0\x09", 4);
		memcpy(e.dmac, "\x01\0\x5e", 3);
		e.dmac[3] = dst[1] & 0x7f;
		memcpy(e.dmac + 4, dst + 2, 2);
	} else {
		memcpy(e.src, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
		memcpy(e.dmac, "\x33\x33", 2);
		memcpy(e.dmac + 2, dst + 12, 4);
	}
	return (e);
}

/* An IPv4 frame of len bytes gets a router alert; its new length. */
static size_t
alerted(uint8_t *frame, size_t len)
{
	uint8_t *ip = frame + 14;
	uint16_t sum;

	memmove(ip + 24, ip + 20, len - 34);
	memcpy(ip + 20, "\x94\x04\0\0", 4);
	ip[0] = 0x46;
	ip[3] += 4;
	ip[10] = ip[11] = 0;
	sum = sim_cksum(0, ip, 24);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	return (len + 4);
}

/* A query of the newest version, for all groups (zero) or one. */
static void
query(const uint8_t about[16], uint64_t answer_us)
{
	static const uint8_t zero[16], all4[16] = { 224, 0, 0, 1 },
				       all6[16] = { 0xff, 2, [15] = 1 };
	bool general = memcmp(about, zero, 16) == 0, v4 = af == AF_INET;
	struct sim_ends e = ends_from_router(!general ? about :
		v4                                    ? all4 :
							all6,
	    1);
	uint8_t p[8 + 28] = { 58, 0, 5, 2, 0, 0, 1, 0 }, frame[128];
	uint8_t *q = v4 ? p : p + 8, *tail = q + (v4 ? 8 : 24);
	uint16_t ms = (uint16_t)(answer_us / 1000), sum;
	uint32_t add = 0;

	if (chance(100) < LOSS)
		return;
	if (v4)
		memset(p, 0, sizeof(p));
	q[0] = v4 ? 0x11 : 130;
	if (v4)
		q[1] = (uint8_t)(ms / 100);
	else {
		q[4] = (uint8_t)(ms >> 8);
		q[5] = (uint8_t)ms;
	}
	memcpy(q + (v4 ? 4 : 8), about, v4 ? 4 : 16);
	tail[0] = ROBUST;
	tail[1] = EVERY / SECOND;
	if (!v4) {
		add = 58 + 28;
		for (int i = 0; i < 16; i += 2)
			add += ((uint32_t)e.src[i] << 8 | e.src[i + 1]) +
			    ((uint32_t)e.dst[i] << 8 | e.dst[i + 1]);
	}
	sum = sim_cksum(add, q, v4 ? 12 : 28);
	q[2] = (uint8_t)(sum >> 8);
	q[3] = (uint8_t)sum;
	if (v4)
		sim_inject(hub, frame,
		    alerted(frame, sim_ip4(frame, &e, 2, p, 12)));
	else
		sim_inject(hub, frame, sim_ip6(frame, &e, 0, p, sizeof(p)));
}

/* A report of one record, as our hosts send it: is it about the group? */
static void
router_hears(const struct sim_frame *f)
{
	const uint8_t *p = f->data + (af == AF_INET ? 14 + 24 : 14 + 48);
	size_t need = af == AF_INET ? 14 + 24 + 16 : 14 + 48 + 28;
	uint8_t g[16];

	group(g);
	if (f->len < need || f->from == NULL || chance(100) < LOSS ||
	    f->data[12] != (af == AF_INET ? 8 : 0x86) ||
	    (af == AF_INET ? f->data[23] != 2 : f->data[20] != 0) ||
	    p[0] != (af == AF_INET ? 0x22 : 143) ||
	    memcmp(p + 12, g, af == AF_INET ? 4 : 16) != 0)
		return;
	if (p[8] == 2 || p[8] == 4) { /* everybody: is, or from now on */
		router.reports++;
		router.until_us = now_us() + LISTENERS;
		router.specific = 0;
	} else if (p[8] == 3 && router.until_us != 0) { /* nobody any more */
		router.leaves++;
		router.specific = ROBUST;
		router.specific_us = now_us();
		if (router.until_us > now_us() + (ROBUST + 1) * LAST)
			router.until_us = now_us() + (ROBUST + 1) * LAST;
	}
}

static void
router_run(void)
{
	static const uint8_t all[16];
	struct sim_frame f;
	uint8_t g[16];

	group(g);
	for (; sim_wire_frame(hub, router.seen, &f); router.seen++)
		router_hears(&f);
	if (router.until_us <= now_us())
		router.until_us = 0;
	if (router.general_us <= now_us()) {
		router.general_us = now_us() + EVERY;
		query(all, ANSWER);
	}
	if (router.specific != 0 && router.specific_us <= now_us()) {
		router.specific--;
		router.specific_us = now_us() + LAST;
		query(g, LAST);
	}
}

static void
run(uint64_t us)
{
	for (uint64_t end = now_us() + us; now_us() < end;) {
		sim_run(TICK);
		router_run();
	}
}

/* --- members --- */

static socklen_t
address(struct sockaddr_storage *ss, const uint8_t *a)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)af;
	sin->sin_port = htons(PORT); /* the same place in both */
	if (af == AF_INET) {
		memcpy(&sin->sin_addr, a, 4);
		return (sizeof(*sin));
	}
	memcpy(&sin6->sin6_addr, a, 16);
	return (sizeof(*sin6));
}

static int
member(struct sim_machine *m)
{
	static const uint8_t any[16];
	struct {
		uint32_t ifindex, pad;
		struct sockaddr_storage group;
	} req = { 0 };
	unsigned long long arg[6] = { af == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		JOIN_GROUP };
	struct sockaddr_storage ss;
	struct if_row row;
	int fd = sock(m, af, SOCK_DGRAM, 0);
	uint8_t g[16];

	bind_to(m, fd, &ss, address(&ss, any));
	assert_int_equal(sim_ifrow(m, "fxp0", &row), 0);
	req.ifindex = row.index;
	group(g);
	(void)address(&req.group, g);
	assert_int_equal(sim_syscall(m, SYS_SETSOCKOPT, arg, &req, sizeof(req),
			     NULL, NULL, fd, NULL),
	    0);
	return (fd);
}

/* The router passes a datagram on, if it knows of somebody. */
static void
stream(uint8_t number)
{
	uint8_t p[12] = { PORT >> 8, PORT & 0xff, PORT >> 8, PORT & 0xff, 0,
		sizeof(p), [8] = number },
		frame[128], g[16];
	struct sim_ends e;
	uint32_t add = 17 + sizeof(p);
	uint16_t sum;
	size_t alen = af == AF_INET ? 4 : 16;

	if (router.until_us == 0)
		return;
	group(g);
	e = ends_from_router(g, 5);
	if (af == AF_INET6)
		memcpy(e.src, "\xfd\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
	for (size_t i = 0; i < alen; i += 2)
		add += ((uint32_t)e.src[i] << 8 | e.src[i + 1]) +
		    ((uint32_t)e.dst[i] << 8 | e.dst[i + 1]);
	sum = sim_cksum(add, p, sizeof(p));
	p[6] = (uint8_t)(sum >> 8);
	p[7] = (uint8_t)sum;
	sim_inject(hub, frame,
	    af == AF_INET ? sim_ip4(frame, &e, 17, p, sizeof(p)) :
			    sim_ip6(frame, &e, 17, p, sizeof(p)));
}

static unsigned int
heard(int fd)
{
	uint8_t buf[64];
	unsigned int n = 0;

	while (take(fd, buf, sizeof(buf)) == 4)
		n++;
	return (n);
}

/* Two minutes of it: what each member heard of 120 datagrams. */
static void
watch(int a, int b, unsigned int *na, unsigned int *nb)
{
	*na = *nb = 0;
	for (unsigned int i = 0; i < 120; i++) {
		stream((uint8_t)i);
		run(SECOND);
		*na += heard(a);
		if (b != -1)
			*nb += heard(b);
		assert_int_not_equal(router.until_us, 0);
	}
}

static uint64_t
story(uint64_t seed)
{
	static const char *const name[] = { "a", "b", "c" };
	struct sim_machine *m[3];
	unsigned int na, nb, reports;
	uint64_t digest, waited;
	int a, b;

	sim_new(af == AF_INET ? "mcast4" : "mcast6", seed);
	hub = sim_wire("hub");
	memset(&router, 0, sizeof(router));
	chance_state = (uint32_t)seed;
	for (int i = 0; i < 3; i++) {
		char text[32];

		m[i] = sim_machine(name[i]);
		sim_plug(m[i], "fxp0", hub);
		snprintf(text, sizeof(text),
		    af == AF_INET ? "10.0.0.%d/24" : "fd01::%d/64", i + 1);
		sim_address(m[i], "fxp0", text);
	}
	sim_wire_set(hub, "loss", "10%");
	sim_wire_set(hub, "dup", "5%");
	sim_wire_set(hub, "reorder", "10%");
	sim_wire_set(hub, "jitter", "100ms");
	run(2 * EVERY); /* the hosts have met the querier */
	assert_int_equal(router.until_us, 0);

	a = member(m[0]);
	run(4 * SECOND);
	assert_int_not_equal(router.until_us, 0);
	b = member(m[1]);
	watch(a, b, &na, &nb);
	/* what is injected is not lost, and nobody heard it twice */
	assert_int_equal(na, 120);
	assert_int_equal(nb, 120);
	reports = router.reports;

	close(a); /* one of two: the other one answers */
	watch(b, -1, &nb, &na);
	assert_int_equal(nb, 120);
	assert_true(router.reports > reports && router.leaves != 0);

	close(b); /* the last */
	for (waited = 0; router.until_us != 0; waited += SECOND) {
		assert_true(waited < LISTENERS);
		run(SECOND);
	}
	assert_true(waited <= 12 * SECOND);
	reports = router.reports;
	run(2 * LISTENERS);
	assert_int_equal(router.reports, reports); /* and it stays so */
	digest = sim_digest();
	sim_end(false);
	return (digest);
}

static void
members_are_known_over_a_bad_hub(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (int i = 0; i < 2; i++)
		for (uint64_t seed = 1; seed < 6; seed++) {
			af = families[i];
			(void)story(seed);
		}
}

static void
same_seed_same_bytes(void **state)
{
	(void)state;
	af = AF_INET6;
	assert_int_equal(story(11), story(11));
}

static int
after(void **state)
{
	(void)state;
	sim_end(true);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(members_are_known_over_a_bad_hub,
		    after),
		cmocka_unit_test_teardown(same_seed_same_bytes, after),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
