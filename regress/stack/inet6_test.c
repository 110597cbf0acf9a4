/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv6 between kernels: a duplicate address on a hub, the same run twice
 * over a wire that loses, reorders and corrupts, and a router that asks for
 * its neighbour until it is answered.
 */

#include <sys/socket.h>
#include <net/if_ioctl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../libsim/sim.h"

#include <cmocka.h>

#define ECHO_REQUEST 128
#define ECHO_REPLY   129
#define SOLICIT      135
#define ADVERT       136

/* The visitor: a station made of frames. */
static const uint8_t visitor_mac[6] = { 2, 0, 0, 0, 0, 9 };
#define VISITOR "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\x09"
#define OURS    "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\x01"

/* What is asked of a frame; zero: anything. */
struct want {
	uint8_t type; /* ICMPv6 */
	const struct sim_machine *from;
	const uint8_t *target; /* of solicitation and advertisement */
	uint8_t hlim;
};

static bool
fits(const struct sim_frame *f, void *arg)
{
	const struct want *w = arg;
	const uint8_t *ip = f->data + 14;

	if (f->len < 14 + 48 || f->data[12] != 0x86 || ip[6] != 58)
		return (false);
	if (w->from != NULL && f->from != w->from)
		return (false);
	if (w->hlim != 0 && ip[7] != w->hlim)
		return (false);
	if (w->target != NULL &&
	    (f->len < 14 + 64 || memcmp(ip + 48, w->target, 16) != 0))
		return (false);
	return (ip[40] == w->type);
}

static size_t
count(struct sim_wire *w, struct want *want)
{
	struct sim_frame f;
	size_t n, found = 0;

	for (n = 0; sim_wire_frame(w, n, &f); n++)
		found += fits(&f, want);
	return (found);
}

/* The visitor's frame to the station that has mac. */
static struct sim_ends
ends_to(const uint8_t mac[6], const char *dst)
{
	struct sim_ends e = { .ttl = 64 };

	memcpy(e.smac, visitor_mac, 6);
	memcpy(e.dmac, mac, 6);
	memcpy(e.src, VISITOR, 16);
	memcpy(e.dst, dst, 16);
	return (e);
}

static void
mac_of(struct sim_machine *m, const char *ifname, uint8_t mac[6])
{
	struct if_row row;

	assert_int_equal(sim_ifrow(m, ifname, &row), 0);
	memcpy(mac, row.lladdr, 6);
}

/* The visitor says who he is, as an answer to m. */
static void
introduce(struct sim_wire *w, const uint8_t mac[6])
{
	struct sim_ends e = ends_to(mac, OURS);
	uint8_t body[32] = { ADVERT, 0, 0, 0, 0x60 }, frame[128],
		pseudo[40] = { 0 };
	uint16_t sum;
	uint32_t acc = 0;

	e.ttl = 255;
	memcpy(body + 8, VISITOR, 16);
	body[24] = 2;
	body[25] = 1;
	memcpy(body + 26, visitor_mac, 6);
	memcpy(pseudo, VISITOR, 16);
	memcpy(pseudo + 16, OURS, 16);
	pseudo[35] = sizeof(body);
	pseudo[39] = 58;
	for (int i = 0; i < 40; i += 2)
		acc += (uint32_t)pseudo[i] << 8 | pseudo[i + 1];
	for (int i = 0; i < 32; i += 2)
		acc += (uint32_t)body[i] << 8 | body[i + 1];
	while (acc >> 16 != 0)
		acc = (acc >> 16) + (acc & 0xffff);
	sum = (uint16_t)~acc;
	body[2] = (uint8_t)(sum >> 8);
	body[3] = (uint8_t)sum;
	sim_inject(w, frame, sim_ip6(frame, &e, 58, body, sizeof(body)));
	sim_run(1000);
}

static void
duplicate_address_on_a_hub(void **state)
{
	static const uint8_t ours[] = OURS;
	struct sim_machine *a, *b;
	struct sim_ends e;
	struct sim_wire *w;
	struct want from_a = { .type = ADVERT, .target = ours },
		    from_b = from_a, reply = { .type = ECHO_REPLY };
	uint8_t frame[256], mac[6];

	sim_new("dad", 1);
	a = sim_machine("a");
	b = sim_machine("b");
	w = sim_wire("hub");
	sim_plug(a, "fxp0", w);
	sim_plug(b, "fxp0", w);
	sim_address(a, "fxp0", "2001:db8:1::1/64");
	sim_run(3000000);
	sim_address(b, "fxp0", "2001:db8:1::1/64");
	sim_run(3000000);
	from_a.from = a;
	from_b.from = b;
	assert_true(count(w, &from_a) >= 1); /* a defends what it has */
	assert_int_equal(count(w, &from_b), 0);
	/* the loser does not answer, the owner asks who the visitor is */
	mac_of(b, "fxp0", mac);
	e = ends_to(mac, OURS);
	sim_inject(w, frame, sim_echo6(frame, &e, 1, 1, 56));
	sim_run(100000);
	assert_int_equal(count(w, &reply), 0);
	mac_of(a, "fxp0", mac);
	e = ends_to(mac, OURS);
	sim_inject(w, frame, sim_echo6(frame, &e, 1, 2, 56));
	sim_run(1000);
	introduce(w, mac);
	sim_run(100000);
	reply.from = a;
	assert_int_equal(count(w, &reply), 1);
	sim_end(false);
}

/* A hundred pings over a bad wire; how many were answered, and the digest. */
static size_t
bad_wire(uint64_t seed, uint64_t *digest)
{
	struct sim_machine *a, *b;
	struct sim_ends e;
	struct sim_wire *w;
	struct want reply = { .type = ECHO_REPLY };
	uint8_t frame[1600], mac[6];
	size_t n;

	sim_new("bad-wire", seed);
	a = sim_machine("a");
	b = sim_machine("b");
	w = sim_wire("w");
	sim_plug(a, "fxp0", w);
	sim_plug(b, "fxp0", w);
	sim_address(a, "fxp0", "2001:db8:1::1/64");
	sim_run(3000000);
	mac_of(a, "fxp0", mac);
	introduce(w, mac);
	sim_wire_set(w, "loss", "20%");
	sim_wire_set(w, "reorder", "10%");
	sim_wire_set(w, "corrupt", "5%");
	e = ends_to(mac, OURS);
	for (int i = 0; i < 100; i++) {
		sim_inject(w, frame,
		    sim_echo6(frame, &e, 1, (uint16_t)i, (size_t)i * 10));
		sim_run(2000);
		if (i % 5 == 0)
			introduce(w, mac);
	}
	sim_run(1000000);
	n = count(w, &reply);
	*digest = sim_digest();
	sim_end(false);
	return (n);
}

static void
same_seed_same_bytes_over_a_bad_wire(void **state)
{
	uint64_t one, two;
	size_t n = bad_wire(7, &one);

	assert_int_equal(n,
	    100); /* what is injected is not lost, answers are */
	assert_int_equal(bad_wire(7, &two), n);
	assert_int_equal(one, two);
}

static void
router_forwards_and_asks_until_answered(void **state)
{
	static const uint8_t far[] =
	    "\x20\x01\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\x02";
	struct sim_machine *r, *b;
	struct sim_ends e;
	struct sim_wire *lan, *wan;
	struct want question = { .type = SOLICIT, .target = far },
		    passed = { .type = ECHO_REQUEST, .hlim = 63 },
		    arrived = { .type = ADVERT, .target = far };
	uint8_t frame[256], mac[6];

	sim_new("forward", 3);
	r = sim_machine("r");
	b = sim_machine("b");
	lan = sim_wire("lan");
	wan = sim_wire("wan");
	sim_plug(r, "fxp0", lan);
	sim_plug(b, "fxp1", lan); /* so that the lan has carrier */
	sim_plug(r, "fxp1", wan);
	sim_plug(b, "fxp0", wan);
	sim_address(r, "fxp0", "2001:db8:1::1/64");
	sim_address(r, "fxp1", "2001:db8:2::1/64");
	sim_address(b, "fxp0", "2001:db8:2::2/64");
	sim_sysctl_set(r, "net.inet6.ip6.forwarding", 1);
	sim_run(3000000);
	question.from = passed.from = r;
	arrived.from = b;
	mac_of(r, "fxp0", mac);
	e = ends_to(mac, (const char *)far);
	sim_wire_set(wan, "loss", "100%");
	sim_inject(lan, frame, sim_echo6(frame, &e, 1, 1, 56));
	sim_run(500000);
	assert_true(count(wan, &question) >= 1);
	assert_int_equal(count(wan, &passed), 0);
	sim_wire_set(wan, "loss", "0%");
	sim_run(1500000); /* it is asked again, and the packet goes on */
	assert_true(count(wan, &question) >= 2);
	assert_true(count(wan, &arrived) >= 1);
	assert_int_equal(count(wan, &passed), 1);
	sim_end(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duplicate_address_on_a_hub),
		cmocka_unit_test(same_seed_same_bytes_over_a_bad_wire),
		cmocka_unit_test(router_forwards_and_asks_until_answered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
