/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Conversations through a firewall: what rules, translation, tables and loads
 * do to programs on both sides of it.
 */

#include "pflab.h"

static int af;

/* One datagram and its answer; who the server saw. */
static bool
echoed(int c, int s, const char *host, uint16_t port,
    struct sockaddr_storage *seen)
{
	char buf[64];

	(void)pl_send(client, c, host, port, "ask", 3);
	if (pl_recv(s, seen, buf, sizeof(buf)) != 3)
		return (false);
	(void)pl_sendto(server, s, seen, "answer", 6);
	return (pl_recv(c, NULL, buf, sizeof(buf)) == 6);
}

/* --- passing and blocking --- */

static void
nothing_passes_a_closed_door(void **state)
{
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	pl_up("pf-closed", 1);
	pl_load("block drop all\npass quick inet6 proto icmp6 icmp6-type "
		"{ neighbrsol neighbradv }\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	assert_false(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	pl_says("-vs rules", "Packets: ");
	pl_load("pass all\n");
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	close(c);
	close(s);
	sim_end(false);
}

static void
answers_need_a_state(void **state)
{
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	pl_up("pf-answers", 1);
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	pl_load("block drop all\npass quick inet6 proto icmp6 all\n"
		"pass in on fxp0 proto udp to port 7 no state\n"
		"pass out on fxp1 proto udp to port 7 no state\n");
	assert_false(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	assert_true(pl_is(&seen, pl_host(af, CLIENT), 1000)); /* it came */
	pl_load("block drop all\npass quick inet6 proto icmp6 all\n"
		"pass in on fxp0 proto udp to port 7\n"
		"pass out on fxp1 proto udp to port 7\n");
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	pl_says("-s states", "MULTIPLE:SINGLE");
	close(c);
	close(s);
	sim_end(false);
}

/* Who owns no socket here is neither above nor below any number. */
static void
a_stranger_has_no_number(void **state)
{
	static const struct {
		const char *who;
		bool meant;
	} rows[] = { { "user >= 0", false }, { "user < 4294967294", false },
		{ "group 5 <> 7", false }, { "group > 0", false },
		{ "user != 0", true }, { "group unknown", true } };
	struct sockaddr_storage seen;
	char text[128];
	int s, c;
	size_t i;

	(void)state;
	pl_up("pf-stranger", 1);
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
		    "pass no state\nblock in proto udp to port 7 %s\n",
		    rows[i].who);
		pl_load(text);
		assert_int_equal(echoed(c, s, pl_host(af, SERVER), 7, &seen),
		    !rows[i].meant);
	}
	close(c);
	close(s);
	sim_end(false);
}

/* block return: TCP is refused by a reset, UDP by an ICMP error. */
static void
block_return_refuses(void **state)
{
	int c;

	(void)state;
	pl_up("pf-return", 1);
	pl_load("block return all\npass quick inet6 proto icmp6 all\n");
	c = pl_connect(client, SOCK_STREAM, pl_host(af, SERVER), 80);
	sim_run(500000);
	assert_int_equal(pl_error(client, c), ECONNREFUSED);
	close(c);
	c = pl_connect(client, SOCK_DGRAM, pl_host(af, SERVER), 80);
	(void)pl_send(client, c, NULL, 0, "x", 1);
	sim_run(500000);
	assert_int_equal(pl_error(client, c), ECONNREFUSED);
	close(c);
	sim_end(false);
}

/* --- translation --- */

static const char *
self(void)
{
	return (pl_host(af, FW_WAN));
}

static void
load2(const char *v4, const char *v6)
{
	pl_load(af == AF_INET ? v4 : v6);
}

static void
nat_hides_the_client(void **state)
{
	struct sockaddr_storage seen;
	int s, c, l, a;

	(void)state;
	pl_up("pf-nat", 1);
	load2("match out on fxp1 inet nat-to 192.0.2.1\npass\n",
	    "match out on fxp1 inet6 from fd00:1::/64 nat-to fd00:2::1\npass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	assert_true(pl_is(&seen, self(), 0));
	assert_false(pl_is(&seen, self(), 1000)); /* a port of nat's range */
	l = pl_serve(server, SOCK_STREAM, pl_host(af, SERVER), 80);
	close(c);
	c = pl_connect(client, SOCK_STREAM, pl_host(af, SERVER), 80);
	a = pl_accept(l, &seen);
	assert_true(a >= 0);
	assert_true(pl_is(&seen, self(), 0));
	assert_true(pl_passes(c, a, "there"));
	assert_true(pl_passes(a, c, "and back"));
	close(c);
	close(a);
	close(l);
	close(s);
	sim_end(false);
}

static void
rdr_turns_to_another(void **state)
{
	struct sockaddr_storage seen;
	int l, c, a;

	(void)state;
	pl_up("pf-rdr", 1);
	load2("rdr pass on fxp0 inet proto tcp to 10.0.0.1 port 8080 -> "
	      "192.0.2.2 port 80\npass\n",
	    "rdr pass on fxp0 inet6 proto tcp to fd00:1::1 port 8080 -> "
	    "fd00:2::2 port 80\npass\n");
	l = pl_serve(server, SOCK_STREAM, pl_host(af, SERVER), 80);
	c = pl_connect(client, SOCK_STREAM, pl_host(af, FW_LAN), 8080);
	a = pl_accept(l, &seen);
	assert_true(a >= 0);
	assert_true(pl_is(&seen, pl_host(af, CLIENT), 0));
	assert_true(pl_passes(c, a, "there"));
	assert_true(pl_passes(a, c, "and back"));
	close(c);
	close(a);
	close(l);
	sim_end(false);
}

static void
binat_is_one_to_one(void **state)
{
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	pl_up("pf-binat", 1);
	sim_address(fw, "fxp1",
	    af == AF_INET ? "192.0.2.9/32" : "fd00:2::9/128");
	sim_run(3000000);
	load2("binat on fxp1 inet from 10.0.0.10 to any -> 192.0.2.9\npass\n",
	    "binat on fxp1 inet6 from fd00:1::10 to any -> fd00:2::9\npass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	assert_true(
	    pl_is(&seen, af == AF_INET ? "192.0.2.9" : "fd00:2::9", 1000));
	/* and from outside */
	(void)pl_send(server, s, af == AF_INET ? "192.0.2.9" : "fd00:2::9",
	    1000, "hello", 5);
	char buf[8];
	assert_int_equal(pl_recv(c, &seen, buf, sizeof(buf)), 5);
	close(c);
	close(s);
	sim_end(false);
}

/* A host of the LAN asks for the firewall's outer address, and is turned back
 * into the LAN: the answer has to come by the firewall again. */
static void
hairpin(void **state)
{
	struct sockaddr_storage seen;
	int l, c, a;

	(void)state;
	pl_up("pf-hairpin", 1);
	sim_address(client, "fxp0",
	    af == AF_INET ? "10.0.0.20/32" : "fd00:1::20/128");
	sim_run(3000000);
	load2("rdr on fxp0 inet proto tcp to 192.0.2.1 port 8080 -> 10.0.0.20 "
	      "port 80\nnat on fxp0 inet proto tcp from 10.0.0.0/24 to 10.0.0.20 "
	      "-> 10.0.0.1\nblock drop all\npass proto tcp to port 80\n",
	    "block drop all\npass quick inet6 proto icmp6 all\n"
	    "pass in on fxp0 inet6 proto tcp to fd00:2::1 port 8080 rdr-to "
	    "fd00:1::20 port 80\npass out on fxp0 inet6 proto tcp to fd00:1::20 "
	    "port 80 nat-to fd00:1::1\n");
	l = pl_serve(client, SOCK_STREAM,
	    af == AF_INET ? "10.0.0.20" : "fd00:1::20", 80);
	c = pl_connect(client, SOCK_STREAM, pl_host(af, FW_WAN), 8080);
	a = pl_accept(l, &seen);
	assert_true(a >= 0);
	assert_true(pl_is(&seen, pl_host(af, FW_LAN), 0));
	assert_true(pl_passes(c, a, "there"));
	assert_true(pl_passes(a, c, "and back"));
	close(c);
	close(a);
	close(l);
	sim_end(false);
}

/* A client of one family speaks to a server of the other. */
static void
af_to_changes_the_family(void **state)
{
	struct sockaddr_storage seen;
	int s, c, l, a;

	(void)state;
	pl_up("pf-afto", 1);
	load2(
	    "pass in quick on fxp0 inet to 10.0.0.1 af-to inet6 from fd00:2::1 to "
	    "fd00:2::2\npass\n",
	    "pass in quick on fxp0 inet6 to 64:ff9b::/96 af-to inet from 192.0.2.1\n"
	    "pass\n");
	const char *to = af == AF_INET ? "10.0.0.1" : "64:ff9b::192.0.2.2";
	int other = af == AF_INET ? AF_INET6 : AF_INET;
	s = pl_serve(server, SOCK_DGRAM, pl_host(other, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	assert_true(echoed(c, s, to, 7, &seen));
	assert_true(pl_is(&seen, pl_host(other, FW_WAN), 0));
	l = pl_serve(server, SOCK_STREAM, pl_host(other, SERVER), 80);
	close(c);
	c = pl_connect(client, SOCK_STREAM, to, 80);
	a = pl_accept(l, &seen);
	assert_true(a >= 0);
	assert_true(pl_passes(c, a, "there"));
	assert_true(pl_passes(a, c, "and back"));
	close(c);
	/* an error of the other family: nobody listens there */
	c = pl_connect(client, SOCK_DGRAM, to, 9);
	(void)pl_send(client, c, NULL, 0, "x", 1);
	sim_run(500000);
	assert_int_equal(pl_error(client, c), ECONNREFUSED);
	close(c);
	close(a);
	close(l);
	close(s);
	sim_end(false);
}

/* Fragments of one family become fragments of the other. */
static void
large_datagrams_change_the_family(void **state)
{
	static uint8_t big[5000], got[5000];
	struct sockaddr_storage seen;
	const char *to = af == AF_INET ? "10.0.0.1" : "64:ff9b::192.0.2.2";
	int other = af == AF_INET ? AF_INET6 : AF_INET, s, c;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 11);
	pl_up("pf-afto-large", 1);
	load2(
	    "pass in quick on fxp0 inet to 10.0.0.1 af-to inet6 from fd00:2::1 to "
	    "fd00:2::2\npass\n",
	    "pass in quick on fxp0 inet6 to 64:ff9b::/96 af-to inet from 192.0.2.1\n"
	    "pass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(other, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	(void)pl_send(client, c, to, 7, big, sizeof(big));
	assert_int_equal(pl_recv(s, &seen, got, sizeof(got)), sizeof(big));
	assert_memory_equal(big, got, sizeof(big));
	memset(got, 0, sizeof(got));
	(void)pl_sendto(server, s, &seen, big, sizeof(big));
	assert_int_equal(pl_recv(c, NULL, got, sizeof(got)), sizeof(big));
	assert_memory_equal(big, got, sizeof(big));
	close(c);
	close(s);
	sim_end(false);
}

/* Two clients' ports that are the same outside: nat finds another. */
static void
nat_ports_do_not_collide(void **state)
{
	struct sockaddr_storage seen[2];
	int s, c[2];

	(void)state;
	pl_up("pf-ports", 1);
	sim_address(client, "fxp0",
	    af == AF_INET ? "10.0.0.11/32" : "fd00:1::11/128");
	sim_run(3000000);
	load2("match out on fxp1 inet nat-to 192.0.2.1 port 2000:2001\npass\n",
	    "match out on fxp1 inet6 from fd00:1::/64 nat-to fd00:2::1 port "
	    "2000:2001\npass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c[0] = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	c[1] = pl_serve(client, SOCK_DGRAM,
	    af == AF_INET ? "10.0.0.11" : "fd00:1::11", 1000);
	assert_true(echoed(c[0], s, pl_host(af, SERVER), 7, &seen[0]));
	assert_true(echoed(c[1], s, pl_host(af, SERVER), 7, &seen[1]));
	assert_true(memcmp(&seen[0], &seen[1], sizeof(seen[0])) != 0);
	/* there is no third: it is dropped, not sent as it is */
	close(c[1]);
	c[1] = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1001);
	assert_false(echoed(c[1], s, pl_host(af, SERVER), 7, &seen[1]));
	pl_says_not("-s info", "map-failed                             0 ");
	close(c[0]);
	close(c[1]);
	close(s);
	sim_end(false);
}

/* --- errors and fragments --- */

/* An error about a translated packet reaches the program that sent it. */
static void
errors_find_their_way_back(void **state)
{
	int c;

	(void)state;
	pl_up("pf-error", 1);
	load2("match out on fxp1 inet nat-to 192.0.2.1\n"
	      "block drop in on fxp1\npass out\npass in on fxp0\n",
	    "match out on fxp1 inet6 from fd00:1::/64 nat-to fd00:2::1\n"
	    "block drop in on fxp1\npass out\npass in on fxp0\n"
	    "pass quick inet6 proto icmp6 icmp6-type "
	    "{ neighbrsol neighbradv }\n");
	c = pl_connect(client, SOCK_DGRAM, pl_host(af, SERVER), 9);
	(void)pl_send(client, c, NULL, 0, "x", 1);
	sim_run(500000);
	assert_int_equal(pl_error(client, c), ECONNREFUSED);
	close(c);
	sim_end(false);
}

static void
fragments_are_judged_whole(void **state)
{
	static uint8_t big[6000], got[6000];
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	pl_up("pf-frag", 1);
	load2("match out on fxp1 inet nat-to 192.0.2.1\nblock drop all\n"
	      "pass proto udp to port 7\n",
	    "match out on fxp1 inet6 proto udp nat-to fd00:2::1\n"
	    "block drop all\npass proto udp to port 7\n"
	    "pass quick inet6 proto icmp6 all\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	(void)pl_send(client, c, pl_host(af, SERVER), 7, big, sizeof(big));
	assert_int_equal(pl_recv(s, &seen, got, sizeof(got)), sizeof(big));
	assert_memory_equal(big, got, sizeof(big));
	assert_true(pl_is(&seen, self(), 0));
	/* to a port that is closed not a piece passes */
	close(s);
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 8);
	size_t before = sim_wire_count(wan);
	(void)pl_send(client, c, pl_host(af, SERVER), 8, big, sizeof(big));
	sim_run(1000000);
	assert_int_equal(sim_wire_count(wan), before);
	close(c);
	close(s);
	sim_end(false);
}

/* --- loads while traffic flows --- */

static void
a_connection_survives_loads(void **state)
{
	int l, c, a;

	(void)state;
	pl_up("pf-loads", 1);
	pl_load("pass\n");
	l = pl_serve(server, SOCK_STREAM, pl_host(af, SERVER), 80);
	c = pl_connect(client, SOCK_STREAM, pl_host(af, SERVER), 80);
	a = pl_accept(l, NULL);
	assert_true(a >= 0);
	for (int i = 0; i < 10; i++) {
		pl_load(i % 2 ? "pass\n" :
				"block drop all\npass quick inet6 "
				"proto icmp6 all\n");
		assert_true(pl_passes(c, a, "still"));
		assert_true(pl_passes(a, c, "here"));
	}
	pl_load("block drop all\npass quick inet6 proto icmp6 all\n");
	(void)pl_pfctl("-F states", "");
	assert_false(pl_passes(c, a, "gone"));
	close(c);
	close(a);
	close(l);
	sim_end(false);
}

static void
anchors_and_tables_change_alone(void **state)
{
	struct sockaddr_storage seen;
	char line[128];
	int s, c;

	(void)state;
	pl_up("pf-anchor", 1);
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	pl_load("table <good> persist\nblock drop all\n"
		"pass quick inet6 proto icmp6 all\nanchor \"a/*\"\n"
		"pass from <good> to any\n");
	assert_false(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	assert_int_equal(pl_pfctl("-a a/b -f -", "pass\n")->rc, 0);
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	assert_int_equal(pl_pfctl("-a a/b -F rules", "")->rc, 0);
	(void)pl_pfctl("-F states", "");
	assert_false(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	snprintf(line, sizeof(line), "-t good -T add %s", pl_host(af, CLIENT));
	assert_int_equal(pl_pfctl(line, "")->rc, 0);
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	(void)pl_pfctl("-F states", "");
	snprintf(line, sizeof(line), "-t good -T add !%s",
	    af == AF_INET ? "10.0.0.0/24" : "fd00:1::/64");
	assert_int_equal(pl_pfctl(line, "")->rc, 0);
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen)); /* longest */
	(void)pl_pfctl("-F states", "");
	snprintf(line, sizeof(line), "-t good -T delete %s",
	    pl_host(af, CLIENT));
	assert_int_equal(pl_pfctl(line, "")->rc, 0);
	assert_false(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	close(c);
	close(s);
	sim_end(false);
}

/* (fxp1) follows the interface's addresses without a reload. */
static void
dynamic_addresses_follow(void **state)
{
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	pl_up("pf-dyn", 1);
	load2("match out on fxp1 inet from 10.0.0.0/24 nat-to (fxp2)\npass\n",
	    "match out on fxp1 inet6 from fd00:1::/64 nat-to (fxp2)\npass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	assert_false(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	sim_plug(fw, "fxp2", sim_wire("third"));
	sim_address(fw, "fxp2",
	    af == AF_INET ? "192.0.2.77/32" : "fd00:2::77/128");
	sim_run(3000000);
	(void)pl_send(client, c, pl_host(af, SERVER), 7, "x", 1);
	char buf[8];
	assert_int_equal(pl_recv(s, &seen, buf, sizeof(buf)), 1);
	assert_true(
	    pl_is(&seen, af == AF_INET ? "192.0.2.77" : "fd00:2::77", 0));
	close(c);
	close(s);
	sim_end(false);
}

/* --- time --- */

static void
states_end_when_idle(void **state)
{
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	pl_up("pf-idle", 1);
	pl_load("set timeout { udp.multiple 20 udp.single 20 udp.first 20 }\n"
		"pass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	for (int i = 0; i < 6; i++) { /* busy: it stays */
		sim_run(15000000);
		assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	}
	pl_says("-s states", af == AF_INET ? ":7 " : "[7] ");
	sim_run(30000000);
	pl_says_not("-s states", af == AF_INET ? ":7 " : "[7] ");
	close(c);
	close(s);
	sim_end(false);
}

/* A rule with once: for one conversation, shown as expired, then gone. */
static void
once_is_enough(void **state)
{
	struct sockaddr_storage seen;
	int s, c, d;

	(void)state;
	pl_up("pf-once", 1);
	pl_load("block drop all\npass quick inet6 proto icmp6 all no state\n"
		"pass out on fxp1 proto udp\n"
		"pass in quick on fxp0 proto udp to port 7 once\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	d = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1001);
	pl_says_not("-vv -s rules", "# expired");
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	assert_false(echoed(d, s, pl_host(af, SERVER), 7, &seen));
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	pl_says("-vv -s rules", " keep state once # expired");
	sim_run(12000000);
	pl_says_not("-s rules", "once");
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen)); /* its state */
	assert_false(echoed(d, s, pl_host(af, SERVER), 7, &seen));
	close(c);
	close(d);
	close(s);
	sim_end(false);
}

/* A load that shortens the times acts on the states that there are. */
static void
shorter_times_end_states(void **state)
{
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	pl_up("pf-shorter", 1);
	pl_load("set timeout { udp.multiple 400 udp.single 400 udp.first 400 "
		"}\npass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	sim_run(30000000);
	pl_load("set timeout { udp.multiple 60 udp.single 60 udp.first 60 "
		"interval 10 }\npass\n");
	sim_run(20000000); /* 50 s idle */
	pl_says("-s states", af == AF_INET ? ":7 " : "[7] ");
	sim_run(22000000); /* 72: an interval more than it has */
	pl_says_not("-s states", af == AF_INET ? ":7 " : "[7] ");
	close(c);
	close(s);
	sim_end(false);
}

/* The packets that -s labels counts for a label; -1: there is none. */
static long
labelled(const char *label)
{
	const char *at = strstr(pl_show("-s labels"), label);

	if (at == NULL)
		return (-1);
	at = strchr(at + strlen(label) + 1, ' '); /* evaluations */
	return (at == NULL ? -1 : strtol(at, NULL, 10));
}

/* Rules that stay keep what they counted, wherever they stand; each once. */
static void
counters_are_kept_when_asked(void **state)
{
	struct sockaddr_storage seen;
	int s, c;

	(void)state;
	pl_up("pf-keepcounters", 1);
	pl_load(
	    "pass on fxp0 proto udp label one\npass on fxp1 proto udp label two\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	for (int i = 0; i < 5; i++)
		assert_true(echoed(c, s, pl_host(af, SERVER), 7, &seen));
	assert_int_equal(labelled("one"), 10);
	pl_load(
	    "set keepcounters\npass on fxp9 label new\n"
	    "pass on fxp1 proto udp label two\npass on fxp0 proto udp label one\n"
	    "pass on fxp8 label one\n");
	assert_int_equal(labelled("one"), 10);
	assert_int_equal(labelled("two"), 10);
	assert_int_equal(labelled("new"), 0);
	pl_load(
	    "pass on fxp1 proto udp label two\npass on fxp0 proto udp label one\n");
	assert_int_equal(labelled("one"), 0);
	close(c);
	close(s);
	sim_end(false);
}

static void
adaptive_timeouts_shrink(void **state)
{
	int s, c;

	(void)state;
	pl_up("pf-adaptive", 1);
	pl_load("set timeout { udp.first 60 adaptive.start 10 adaptive.end 30 "
		"}\nset limit states 100\npass\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	for (uint16_t p = 1; p <= 14; p++) /* two states each */
		(void)pl_send(client, c, pl_host(af, SERVER), p, "x", 1);
	sim_run(100000);
	pl_says_not("-s info", "current entries                        0");
	/* idle for 40 of 60 s: gone as long as 60 * (30 - n) / 20 <= 40 */
	sim_run(40000000);
	const char *out = strstr(pl_show("-s info"), "current entries");
	long n = out == NULL ? 0 : strtol(out + 15, NULL, 10);
	assert_true(n >= 10 && n <= 17);
	close(c);
	close(s);
	sim_end(false);
}

static void
limits_are_kept(void **state)
{
	int s, c;

	(void)state;
	pl_up("pf-limit", 1);
	pl_load("set limit states 7\nblock drop all\n"
		"pass quick inet6 proto icmp6 all no state\n"
		"pass proto udp all\n");
	s = pl_serve(server, SOCK_DGRAM, pl_host(af, SERVER), 7);
	c = pl_serve(client, SOCK_DGRAM, pl_host(af, CLIENT), 1000);
	for (uint16_t p = 1; p <= 20; p++)
		(void)pl_send(client, c, pl_host(af, SERVER), p, "x", 1);
	sim_run(100000);
	pl_says("-s info", "current entries                        7");
	pl_says_not("-s info", "memory                                 0 ");
	pl_load("pass quick inet6 proto icmp6 all no state\n"
		"pass proto udp all keep state (max 2)\n");
	(void)pl_pfctl("-F states", "");
	for (uint16_t p = 1; p <= 20; p++)
		(void)pl_send(client, c, pl_host(af, SERVER), p, "x", 1);
	sim_run(100000);
	pl_says("-s info", "current entries                        2");
	close(c);
	close(s);
	sim_end(false);
}

/* --- bad wires --- */

static void
streams_cross_bad_wires(void **state)
{
	static const char *const kinds[] = { "pass\n", "pass modulate state\n",
		"match out on fxp1 inet nat-to 192.0.2.1\n"
		"match out on fxp1 inet6 from fd00:1::/64 nat-to fd00:2::1\n"
		"pass\n" };
	static uint8_t buf[65536];

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		uint64_t sent = 0, got = 0, want = 400000;
		int l, c, a;

		pl_up("pf-bad", 7 + k);
		pl_load(kinds[k]);
		for (int i = 0; i < 2; i++) {
			sim_wire_set(i ? lan : wan, "loss", "5%");
			sim_wire_set(i ? lan : wan, "reorder", "5%");
			sim_wire_set(i ? lan : wan, "dup", "2%");
			sim_wire_set(i ? lan : wan, "delay", "3ms");
		}
		l = pl_serve(server, SOCK_STREAM, pl_host(af, SERVER), 80);
		c = pl_connect(client, SOCK_STREAM, pl_host(af, SERVER), 80);
		a = pl_accept(l, NULL);
		assert_true(a >= 0);
		for (int i = 0; i < 400000 && got < want; i++) {
			size_t n = want - sent < 4096 ? want - sent : 4096;
			for (size_t b = 0; b < n; b++)
				buf[b] = (uint8_t)((sent + b) * 31 >> 3);
			ssize_t w = n == 0 ?
			    0 :
			    send(c, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += w > 0 ? (uint64_t)w : 0;
			while (
			    (w = recv(a, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
				for (ssize_t b = 0; b < w; b++, got++)
					assert_int_equal(buf[b],
					    (uint8_t)(got * 31 >> 3));
			sim_run(2000);
		}
		assert_int_equal(got, want);
		close(c);
		close(a);
		close(l);
		sim_end(false);
	}
}

/* --- the same for both families --- */

static int
inet(void **state)
{
	(void)state;
	af = AF_INET;
	return (0);
}

static int
inet6(void **state)
{
	(void)state;
	af = AF_INET6;
	return (0);
}

#define BOTH(f)                                         \
	{ #f " (inet)", f, inet, pl_after, NULL },      \
	{                                               \
#f " (inet6)", f, inet6, pl_after, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(nothing_passes_a_closed_door),
		BOTH(answers_need_a_state),
		BOTH(a_stranger_has_no_number),
		BOTH(block_return_refuses),
		BOTH(nat_hides_the_client),
		BOTH(rdr_turns_to_another),
		BOTH(binat_is_one_to_one),
		BOTH(hairpin),
		BOTH(af_to_changes_the_family),
		BOTH(large_datagrams_change_the_family),
		BOTH(nat_ports_do_not_collide),
		BOTH(errors_find_their_way_back),
		BOTH(fragments_are_judged_whole),
		BOTH(a_connection_survives_loads),
		BOTH(anchors_and_tables_change_alone),
		BOTH(dynamic_addresses_follow),
		BOTH(states_end_when_idle),
		BOTH(once_is_enough),
		BOTH(shorter_times_end_states),
		BOTH(counters_are_kept_when_asked),
		BOTH(adaptive_timeouts_shrink),
		BOTH(limits_are_kept),
		BOTH(streams_cross_bad_wires),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
