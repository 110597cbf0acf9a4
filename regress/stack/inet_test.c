/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv4 between three kernels: left - middle - right, over wires that lose,
 * double, turn round and damage.  Datagrams of all sizes arrive whole or not
 * at all, pings come back, and a second run gives the same bytes.
 */

#include <sys/socket.h>
#include <net/if_ioctl.h>
#include <net/rtmsg.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dgram.h"

static struct sim_machine *left, *middle, *right;
static struct sim_wire *lan, *wan;

/* --- calls of a program --- */

static struct sockaddr_in
addr(const char *text, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, text, &sin.sin_addr), 1);
	return (sin);
}

static void
gateway(struct sim_machine *m, const char *gw)
{
	struct rt_msg rtm;
	int fd = sock(m, PF_ROUTE, SOCK_RAW, 0);

	memset(&rtm, 0, sizeof(rtm));
	rtm.h.rtm_msglen = sizeof(rtm);
	rtm.h.rtm_hdrlen = sizeof(rtm.h);
	rtm.h.rtm_version = RTM_VERSION;
	rtm.h.rtm_type = RTM_ADD;
	rtm.rtm_af = rtm.rtm_gwaf = AF_INET;
	rtm.rtm_flags = RTF_STATIC | RTF_GATEWAY;
	assert_int_equal(inet_pton(AF_INET, gw, &rtm.rtm_gateway), 1);
	assert_true(send_to(m, fd, NULL, 0, &rtm, sizeof(rtm)) >= 0);
	close(fd);
}

/* --- the world --- */

static void
world(const char *name, uint64_t seed)
{
	sim_new(name, seed);
	left = sim_machine("left");
	middle = sim_machine("middle");
	right = sim_machine("right");
	lan = sim_wire("lan");
	wan = sim_wire("wan");
	sim_plug(left, "fxp0", lan);
	sim_plug(middle, "fxp0", lan);
	sim_plug(middle, "fxp1", wan);
	sim_plug(right, "fxp0", wan);
	sim_address(left, "fxp0", "10.0.1.2/24");
	sim_address(middle, "fxp0", "10.0.1.1/24");
	sim_address(middle, "fxp1", "10.0.2.1/24");
	sim_address(right, "fxp0", "10.0.2.2/24");
	gateway(left, "10.0.1.1");
	gateway(right, "10.0.2.1");
	sim_sysctl_set(middle, "net.inet.ip.forwarding", 1);
	sim_run(3000000);
}

static void
bad_wires(void)
{
	struct sim_wire *w[2] = { lan, wan };

	for (int i = 0; i < 2; i++) {
		sim_wire_set(w[i], "loss", "5%");
		sim_wire_set(w[i], "dup", "5%");
		sim_wire_set(w[i], "reorder", "10%");
		sim_wire_set(w[i], "corrupt", "3%");
		sim_wire_set(w[i], "delay", "2ms");
	}
}

static int
world_after(void **state)
{
	(void)state;
	sim_end(true);
	return (0);
}

/* Datagram i: its number, then bytes that follow from it. */
static size_t
datagram(uint32_t i, uint8_t *buf)
{
	size_t len = 4 + i * 37 % 4000;

	memcpy(buf, &i, 4);
	for (size_t k = 4; k < len; k++)
		buf[k] = (uint8_t)(k * 31 + i);
	return (len);
}

#define DATAGRAMS 300

/* Sends them all; how many arrived, each checked byte by byte. */
static unsigned int
udp_run(uint64_t seed, uint64_t *digest)
{
	struct sockaddr_in to = addr("10.0.2.2", 7000), any;
	static uint8_t buf[66000], want[66000];
	static bool seen[DATAGRAMS];
	unsigned int got = 0;
	uint32_t nr;
	int out, in;
	long n;

	world("udp", seed);
	out = sock(left, AF_INET, SOCK_DGRAM, 0);
	in = sock(right, AF_INET, SOCK_DGRAM, 0);
	any = addr("0.0.0.0", 7000);
	bind_to(right, in, &any, sizeof(any));
	assert_true(send_to(left, out, &to, sizeof(to), "hello", 5) >= 0);
	sim_run(1000000);
	assert_int_equal(take(in, buf, sizeof(buf)), 5);
	bad_wires();
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < DATAGRAMS; i++) {
		assert_true(send_to(left, out, &to, sizeof(to), buf,
				datagram(i, buf)) >= 0);
		sim_run(5000);
		while ((n = take(in, buf, sizeof(buf))) != -1) {
			memcpy(&nr, buf, 4);
			assert_true(nr < DATAGRAMS);
			assert_int_equal(n, datagram(nr, want));
			assert_memory_equal(buf, want, (size_t)n);
			got += !seen[nr];
			seen[nr] = true;
		}
	}
	*digest = sim_digest();
	close(out);
	close(in);
	sim_end(false);
	return (got);
}

static void
udp_through_bad_wires_whole_or_not_at_all(void **state)
{
	uint64_t first, again, other;
	unsigned int got;

	(void)state;
	got = udp_run(1, &first);
	assert_in_range(got, DATAGRAMS / 2, DATAGRAMS - 1);
	assert_int_equal(udp_run(1, &again), got);
	assert_true(first == again); /* the same bytes at the same time */
	(void)udp_run(2, &other);
	assert_true(first != other);
}

static void
pings_through_bad_wires_come_back(void **state)
{
	struct sockaddr_in to = addr("10.0.2.2", 0);
	static uint8_t buf[66000], msg[3008];
	unsigned int replies = 0;
	uint16_t sum;
	long n;
	int fd;

	(void)state;
	world("ping", 7);
	fd = sock(left, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	bad_wires();
	for (unsigned int i = 0; i < 200; i++) {
		size_t len = i % 2 != 0 ? 64 : sizeof(msg);

		memset(msg, 0x5a, len);
		memcpy(msg, "\x08\0\0\0\x12\x34\0", 7);
		msg[7] = (uint8_t)i;
		sum = sim_cksum(0, msg, len);
		msg[2] = (uint8_t)(sum >> 8);
		msg[3] = (uint8_t)sum;
		assert_true(send_to(left, fd, &to, sizeof(to), msg, len) >= 0);
		sim_run(30000);
		while ((n = take(fd, buf, sizeof(buf))) != -1) {
			assert_true(n >= 28 && buf[0] == 0x45);
			if (buf[20] != 0)
				continue; /* an error, not an answer */
			replies++;
			assert_true(n == 20 + 64 || n == 20 + 3008);
			for (long k = 28; k < n; k++)
				assert_int_equal(buf[k], 0x5a);
		}
	}
	assert_in_range(replies, 80, 240);
	close(fd);
	sim_end(false);
}

/* The middle has no memory, once at every place: it goes on afterwards. */
static void
router_without_memory(void **state)
{
	struct sockaddr_in to = addr("10.0.2.2", 7000), any;
	static uint8_t buf[66000];
	long live, n, got;
	int out, in;

	(void)state;
	world("memory", 3);
	out = sock(left, AF_INET, SOCK_DGRAM, 0);
	in = sock(right, AF_INET, SOCK_DGRAM, 0);
	any = addr("0.0.0.0", 7000);
	bind_to(right, in, &any, sizeof(any));
	for (int i = 0; i < 3; i++) {
		assert_true(
		    send_to(left, out, &to, sizeof(to), buf, 3000) >= 0);
		sim_run(1000000);
	}
	live = sim_machine_live(middle);
	for (n = 1; n < 200; n++) {
		sim_machine_fail(middle, n);
		assert_true(
		    send_to(left, out, &to, sizeof(to), buf, 3000) >= 0);
		sim_run(1500000000 / 1000);
		if (!sim_machine_failed(middle))
			break;
	}
	sim_machine_fail(middle, 0);
	assert_in_range(n, 2, 199);
	while (take(in, buf, sizeof(buf)) != -1)
		;
	assert_true(send_to(left, out, &to, sizeof(to), buf, 3000) >= 0);
	sim_run(1000000);
	for (got = 0; take(in, buf, sizeof(buf)) == 3000; got++)
		;
	assert_int_equal(got, 1);
	assert_true(sim_machine_live(middle) <= live + 2);
	close(out);
	close(in);
	sim_end(false);
}

/* ARP of the middle that says it has 10.0.2.1. */
static unsigned int
claims(void)
{
	struct sim_frame f;
	unsigned int n = 0;
	const uint8_t *p;

	for (size_t i = 0; sim_wire_frame(wan, i, &f); i++) {
		p = f.data;
		if (f.len >= 42 && p[12] == 8 && p[13] == 6 &&
		    f.from == middle &&
		    memcmp(p + 28, "\x0a\0\x02\x01", 4) == 0 &&
		    memcmp(p + 38, "\x0a\0\x02\x01", 4) == 0)
			n++;
	}
	return (n);
}

/* Two stations with one address: the one that had it says so again. */
static void
duplicate_address_is_defended(void **state)
{
	unsigned int before;

	(void)state;
	world("duplicate", 5);
	before = claims();
	sim_address(right, "fxp0", "10.0.2.1/24"); /* the middle's */
	sim_run(100000);
	assert_int_equal(claims(), before + 1);
	sim_end(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    udp_through_bad_wires_whole_or_not_at_all, world_after),
		cmocka_unit_test_teardown(pings_through_bad_wires_come_back,
		    world_after),
		cmocka_unit_test_teardown(router_without_memory, world_after),
		cmocka_unit_test_teardown(duplicate_address_is_defended,
		    world_after),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
