/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * TCP between two kernels: bytes arrive, all of them, in order, over wires
 * that lose, double, turn round and damage; both ends end as they should.
 */

#include "tcplab.h"

static void
both_families(void (*fn)(void))
{
	lab_af = AF_INET;
	fn();
	lab_af = AF_INET6;
	fn();
}

/* --- a first connection --- */

static void
hello(void)
{
	char buf[64];
	int c, s;

	lab_up("tcp-hello", 1);
	lab_pair(80, &c, &s);
	sim_run(100000);
	assert_int_equal(lab_info(left, c).tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(lab_info(right, s).tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(write(c, "hello", 5), 5);
	sim_run(1000);
	assert_int_equal(recv(s, buf, sizeof(buf), MSG_DONTWAIT), 5);
	assert_int_equal(write(s, "world!", 6), 6);
	sim_run(1000);
	assert_int_equal(recv(c, buf, sizeof(buf), MSG_DONTWAIT), 6);
	shutdown(c, SHUT_WR);
	sim_run(100000);
	assert_int_equal(recv(s, buf, sizeof(buf), MSG_DONTWAIT), 0);
	assert_int_equal(lab_info(left, c).tcpi_state, TCP_FIN_WAIT2);
	assert_int_equal(lab_info(right, s).tcpi_state, TCP_CLOSE_WAIT);
	assert_int_equal(write(s, "later", 5), 5); /* half closed */
	sim_run(1000);
	assert_int_equal(recv(c, buf, sizeof(buf), MSG_DONTWAIT), 5);
	close(s);
	sim_run(100000);
	assert_int_equal(recv(c, buf, sizeof(buf), MSG_DONTWAIT), 0);
	close(c);
	sim_run(61000000);
	sim_end(false);
}

static void
connect_talk_close(void **state)
{
	(void)state;
	both_families(hello);
}

/* --- bulk --- */

static void
transfer(const char *name, uint64_t bytes, unsigned int limit_s,
    const char *const *faults)
{
	struct lab_flow f[2] = { { .want = bytes, .shut = true },
		{ .want = bytes / 8 } };
	uint64_t from;

	lab_up(name, 42);
	lab_pair(5001, &f[0].from, &f[0].to);
	f[1].from = f[0].to;
	f[1].to = f[0].from;
	for (; faults != NULL && faults[0] != NULL; faults += 2)
		sim_wire_set(wire, faults[0], faults[1]);
	from = sim_now();
	assert_true(lab_flows_run(f, 2, limit_s));
	if (getenv("TCP_SHOW") != NULL)
		printf("# %s/%d: %.3f s, %u sent again\n", name, lab_af,
		    (double)(sim_now() - from) / 1e9,
		    lab_info(left, f[0].from).tcpi_total_retrans);
	close(f[0].from);
	close(f[0].to);
	sim_end(false);
}

#define MB (1024ULL * 1024)

static void
clean(void)
{
	static const char *const faults[] = { "delay", "5ms", NULL };

	transfer("tcp-clean", 10 * MB, 60, faults);
}

static void
bulk_over_a_clean_wire(void **state)
{
	(void)state;
	both_families(clean);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(connect_talk_close, lab_after),
		cmocka_unit_test_teardown(bulk_over_a_clean_wire, lab_after),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
