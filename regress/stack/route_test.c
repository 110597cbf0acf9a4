/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Programs that listen to a routing socket: one that is too slow hears a
 * beginning without a gap, then once that it missed something, then what comes
 * after; a dump says what the table has at that moment, whatever changes
 * around it.
 */

#include <net/if_ioctl.h>
#include <net/rtmsg.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "dgram.h"

static struct sim_machine *m;

/* 10.X.Y.0/24 or fd00:0:0:XXYY::/64, to nowhere. */
static long
route(int fd, int af, uint8_t type, unsigned int nr)
{
	struct rt_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.h.rtm_msglen = sizeof(msg);
	msg.h.rtm_hdrlen = sizeof(msg.h);
	msg.h.rtm_version = RTM_VERSION;
	msg.h.rtm_type = type;
	msg.h.rtm_seq = nr;
	msg.rtm_af = (uint16_t)af;
	if (type != RTM_DELETE)
		msg.rtm_flags = RTF_STATIC | RTF_BLACKHOLE;
	msg.rtm_plen = af == AF_INET ? 24 : 64;
	msg.rtm_dst.b[0] = af == AF_INET ? 10 : 0xfd;
	msg.rtm_dst.b[af == AF_INET ? 1 : 6] = (uint8_t)(nr >> 8);
	msg.rtm_dst.b[af == AF_INET ? 2 : 7] = (uint8_t)nr;
	return (send_to(m, fd, NULL, 0, &msg, sizeof(msg)));
}

/* The next message that fd hears: its type, 0 none; *seq of a request. */
static uint8_t
hear(int fd, uint32_t *seq)
{
	struct rt_msg msg;
	long n = take(fd, (uint8_t *)&msg, sizeof(msg));

	sim_settle(); /* the kernel sees the room */
	if (n < (long)sizeof(msg.h))
		return (0);
	*seq = msg.h.rtm_seq;
	return (msg.h.rtm_type);
}

static void
desync_is_told_once(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	uint32_t seq, next;
	uint8_t type;
	int fd, deaf, af;

	(void)state;
	sim_new("desync", 1);
	m = sim_machine("m");
	for (int f = 0; f < 2; f++) {
		af = families[f];
		fd = sock(m, PF_ROUTE, SOCK_RAW, af);
		deaf = sock(m, PF_ROUTE, SOCK_RAW, af);
		for (uint32_t i = 1; i <= 3000; i++) {
			assert_true(route(deaf, af, RTM_ADD, i) >= 0);
			while (hear(deaf, &seq) != 0)
				;
		}
		for (next = 1; (type = hear(fd, &seq)) == RTM_ADD; next++)
			assert_int_equal(seq, next);
		assert_int_equal(type, RTM_DESYNC);
		assert_in_range(next, 50, 2999);
		assert_int_equal(hear(fd, &seq), 0);
		/* what comes from now on is heard again */
		assert_true(route(deaf, af, RTM_DELETE, 7) >= 0);
		assert_int_equal(hear(fd, &seq), RTM_DELETE);
		assert_int_equal(seq, 7);
		assert_int_equal(hear(fd, &seq), 0);
		/* and a second time it is told again */
		for (uint32_t i = 8; i <= 3000; i++)
			assert_true(route(deaf, af, RTM_DELETE, i) >= 0);
		for (next = 8; (type = hear(fd, &seq)) == RTM_DELETE; next++)
			assert_int_equal(seq, next);
		assert_int_equal(type, RTM_DESYNC);
		close(fd);
		close(deaf);
	}
	sim_end(false);
}

/* The routes of a dump, each once; how many are as there[] says. */
static void
dump_check(int af, const bool *there, unsigned int n)
{
	static struct rt_msg rows[600];
	static bool seen[512];
	long len = sim_sysctl_raw(m,
	    af == AF_INET ? "net.route.dump.inet" : "net.route.dump.inet6",
	    rows, sizeof(rows));
	unsigned int nr;

	assert_true(len >= 0 && (size_t)len <= sizeof(rows));
	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < (size_t)len / sizeof(rows[0]); i++) {
		if ((rows[i].rtm_flags & RTF_BLACKHOLE) == 0)
			continue;
		nr = (unsigned int)rows[i].rtm_dst.b[af == AF_INET ? 1 : 6]
			<< 8 |
		    rows[i].rtm_dst.b[af == AF_INET ? 2 : 7];
		assert_true(nr < n && !seen[nr]);
		seen[nr] = true;
	}
	assert_memory_equal(seen, there, n);
}

static void
dump_is_what_the_table_has(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	static bool there[512];
	uint32_t chance = 5, seq;
	unsigned int nr;
	int fd;

	(void)state;
	sim_new("dump", 1);
	m = sim_machine("m");
	for (int f = 0; f < 2; f++) {
		fd = sock(m, PF_ROUTE, SOCK_RAW, families[f]);
		memset(there, 0, sizeof(there));
		for (unsigned int i = 0; i < 2000; i++) {
			chance = chance * 1664525 + 1013904223;
			nr = (chance >> 12) % 512;
			assert_true(
			    route(fd, families[f],
				there[nr] ? RTM_DELETE : RTM_ADD, nr) >= 0);
			there[nr] = !there[nr];
			while (hear(fd, &seq) != 0)
				;
			if (i % 20 == 0)
				dump_check(families[f], there, 512);
		}
		close(fd);
	}
	sim_end(false);
}

/* What fd has heard of interface name, a word each: + and - for arrival and
 * departure, U D for up and down, L l with and without a link, A C X for an
 * address that came, changed, went. */
static const char *
events(int fd, const char *name)
{
	static char out[64];
	union {
		struct rt_msghdr h;
		struct rt_ifmsg i;
		struct rt_addrmsg a;
		struct rt_msg r;
	} u;
	size_t n = 0;

	while (take(fd, (uint8_t *)&u, sizeof(u)) >= (long)sizeof(u.h)) {
		sim_settle();
		assert_true(n < sizeof(out) - 3);
		if (u.h.rtm_type == RTM_IFANNOUNCE ||
		    u.h.rtm_type == RTM_IFINFO) {
			if (strcmp(u.i.ifm_ifname, name) != 0)
				continue;
			if (u.h.rtm_type == RTM_IFANNOUNCE) {
				out[n++] = u.i.ifm_what == IFAN_ARRIVAL ? '+' :
									  '-';
				continue;
			}
			out[n++] = (u.i.ifm_flags & IFF_UP) != 0 ? 'U' : 'D';
			out[n++] = u.i.ifm_link_state == LINK_STATE_DOWN ? 'l' :
									   'L';
		} else if ((u.h.rtm_type == RTM_NEWADDR ||
			       u.h.rtm_type == RTM_DELADDR ||
			       u.h.rtm_type == RTM_CHGADDRATTR) &&
		    strcmp(u.a.ifam_ifname, name) == 0)
			out[n++] = u.h.rtm_type == RTM_NEWADDR ? 'A' :
			    u.h.rtm_type == RTM_DELADDR        ? 'X' :
								 'C';
	}
	out[n] = '\0';
	return (out);
}

/* Steps, and what each is heard of. */
static void
interfaces_and_addresses_are_told(void **state)
{
	struct if_req vlan = { .name = "vlan7" };
	struct if_addrreq a = { .name = "fxp0", .af = AF_INET, .plen = 24 };
	struct sim_machine *other;
	struct sim_wire *w;
	int fd;

	(void)state;
	sim_new("events", 1);
	m = sim_machine("m");
	other = sim_machine("other");
	w = sim_wire("w");
	fd = sock(m, PF_ROUTE, SOCK_RAW, 0);
	assert_int_equal(sim_ioctl(m, SIOCIFCREATE, &vlan), 0);
	assert_string_equal(events(fd, "vlan7"), "+");
	assert_int_equal(sim_ioctl(m, SIOCIFDESTROY, &vlan), 0);
	assert_string_equal(events(fd, "vlan7"), "-");
	sim_plug(m, "fxp0", w);
	assert_string_equal(events(fd, "fxp0"), "+");
	sim_plug(other, "fxp0", w); /* a cable has two ends */
	assert_string_equal(events(fd, "fxp0"), "DL");
	sim_address(m, "fxp0", "10.0.0.1/24");
	assert_string_equal(events(fd, "fxp0"), "AAUL"); /* fe80:: too */
	sim_run(3000000);
	assert_string_equal(events(fd, "fxp0"), "C"); /* which is proved */
	sim_address(m, "fxp0", "2001:db8::1/64");
	assert_string_equal(events(fd, "fxp0"), "A");
	sim_run(3000000);
	assert_string_equal(events(fd, "fxp0"), "C");
	sim_carrier(m, "fxp0", false);
	sim_run(10000);
	assert_string_equal(events(fd, "fxp0"), "Ul");
	sim_carrier(m, "fxp0", true);
	sim_run(10000);
	assert_non_null(strstr(events(fd, "fxp0"), "UL"));
	assert_int_equal(inet_pton(AF_INET, "10.0.0.1", &a.addr), 1);
	assert_int_equal(sim_ioctl(m, SIOCDIFADDR_FG, &a), 0);
	assert_string_equal(events(fd, "fxp0"), "X");
	sim_up(m, "fxp0", false);
	assert_non_null(strchr(events(fd, "fxp0"), 'D'));
	close(fd);
	sim_end(false);
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
		cmocka_unit_test_teardown(desync_is_told_once, after),
		cmocka_unit_test_teardown(interfaces_and_addresses_are_told,
		    after),
		cmocka_unit_test_teardown(dump_is_what_the_table_has, after),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
