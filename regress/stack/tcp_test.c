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

	lab_up(name, 7);
	lab_pair(5001, &f[0].from, &f[0].to);
	f[1].from = f[0].to;
	f[1].to = f[0].from;
	/* 30 % each way: fifteen tries in a row do fail now and then */
	assert_int_equal(lab_setopt(left, f[0].from, IPPROTO_TCP,
			     TCP_USER_TIMEOUT, 7200000),
	    0);
	assert_int_equal(lab_setopt(right, f[0].to, IPPROTO_TCP,
			     TCP_USER_TIMEOUT, 7200000),
	    0);
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

/* --- over bad wires --- */

static const char *const clean_wire[] = { "delay", "5ms", NULL };
static const char *const loss_1[] = { "delay", "5ms", "loss", "1%", NULL };
static const char *const loss_5[] = { "delay", "5ms", "loss", "5%", NULL };
static const char *const loss_10[] = { "delay", "2ms", "loss", "10%", NULL };
static const char *const loss_30[] = { "delay", "2ms", "loss", "30%", NULL };
static const char *const turned[] = { "delay", "5ms", "reorder", "20%", NULL };
static const char *const doubled[] = { "delay", "5ms", "dup", "20%", NULL };
static const char *const damaged[] = { "delay", "5ms", "corrupt", "5%", NULL };
static const char *const shaky[] = { "delay", "5ms", "jitter", "20ms", NULL };
static const char *const all_at_once[] = { "delay", "3ms", "loss", "3%", "dup",
	"3%", "reorder", "5%", "corrupt", "2%", "jitter", "3ms", NULL };
static const char *const narrow[] = { "delay", "20ms", "bandwidth", "10M",
	NULL };

static const struct {
	const char *name, *const *faults;
	unsigned int limit_s; /* of virtual time */
} bulks[] = {
	{ "tcp-clean", clean_wire, 60 },
	{ "tcp-loss-1", loss_1, 120 },
	{ "tcp-loss-5", loss_5, 600 },
	{ "tcp-loss-10", loss_10, 3600 },
	{ "tcp-loss-30", loss_30, 36000 },
	{ "tcp-reorder", turned, 120 },
	{ "tcp-dup", doubled, 60 },
	{ "tcp-corrupt", damaged, 600 },
	{ "tcp-jitter", shaky, 600 },
	{ "tcp-all", all_at_once, 1200 },
	{ "tcp-narrow", narrow, 60 },
};

static void
bulk(void **state)
{
	size_t i = (size_t)(uintptr_t)*state;

	lab_af = AF_INET;
	transfer(bulks[i].name, 10 * MB, bulks[i].limit_s, bulks[i].faults);
	lab_af = AF_INET6;
	transfer(bulks[i].name, 10 * MB, bulks[i].limit_s, bulks[i].faults);
}

int
main(void)
{
	struct CMUnitTest tests[1 + sizeof(bulks) / sizeof(bulks[0])] = {
		cmocka_unit_test_teardown(connect_talk_close, lab_after),
	};

	if (getenv("TCP_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TCP_ONLY"));
	for (size_t i = 0; i < sizeof(bulks) / sizeof(bulks[0]); i++)
		tests[1 + i] = (struct CMUnitTest){ .name = bulks[i].name,
			.test_func = bulk,
			.teardown_func = lab_after,
			.initial_state = (void *)(uintptr_t)i };
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
