/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A load is all or nothing: with any allocation failing, with a limit in the
 * way, with pfctl gone after any of its calls, with another load in between.
 * What pfctl shows afterwards is byte for byte what it showed before, and
 * packets that cross meanwhile meet the old rules, whole, or the new ones.
 */

#include "pflab.h"

static const char before[] =
    "table <kept> persist counters { 10.9.0.0/16 !10.9.1.0/24 fd09::/48 }\n"
    "set timeout tcp.first 77\n"
    "set limit states 4321\n"
    "set skip on lo0\n"
    "nat on fxp1 inet from 10.0.0.0/24 to any -> 192.0.2.1\n"
    "anchor \"old\" {\npass in proto tcp to port 22\n}\n"
    "block log all\n"
    "pass from <kept> to any tag kept\n";

static const char after[] =
    "table <kept> persist { 10.10.0.0/16 }\n"
    "table <more> { fd0a::/48 10.11.0.0/16 }\n"
    "set timeout udp.first 5\n"
    "set optimization aggressive\n"
    "set skip on fxp7\n"
    "set limit table-entries 1000\n"
    "scrub in all\n"
    "rdr pass on fxp0 inet proto tcp to port 80 -> { 192.0.2.2 192.0.2.3 } "
    "round-robin\n"
    "binat on fxp1 inet from 10.0.0.77 to any -> 192.0.2.77\n"
    "anchor \"new/deep\" on fxp1\n"
    "anchor \"new\" {\npass quick inet6 tag a\nanchor \"x\" {\nblock\n}\n}\n"
    "match out on fxp1 inet6 from fd00:1::/64 nat-to (fxp1) tagged a\n"
    "pass in on fxp9 from <more> to (fxp1:network) label \"l $nr\"\n"
    "pass out log (all, to pflog3) keep state (tcp.established 9)\n";

/* All that can be seen. */
static void
snapshot(char *buf, size_t size)
{
	static const char *const asks[] = { "-a * -s rules", "-s nat",
		"-v -s Anchors", "-s timeouts", "-s memory", "-s Tables",
		"-a new -s Tables", "-t kept -T show", "-s Interfaces" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		const struct pl_result *r = pl_pfctl(asks[i], "");

		n += (size_t)snprintf(buf + n, size - n, "--- %s: %d\n%s",
		    asks[i], r->rc, r->out);
		assert_true(n < size);
	}
}

static char was[1 << 18], is[1 << 18], new[1 << 18];

static void
unchanged(const char *what, long n)
{
	snapshot(is, sizeof(is));
	if (strcmp(was, is) != 0)
		fail_msg("%s %ld: was\n%s\nis\n%s", what, n, was, is);
}

static void
begin(const char *name)
{
	pl_up(name, 1);
	pl_load(before);
	pl_load(after); /* anchors stay when their call goes: do both once */
	snapshot(new, sizeof(new));
	pl_load(before);
	pl_load(before);
	snapshot(was, sizeof(was));
	assert_string_not_equal(was, new);
}

static void
any_allocation_fails(void **state)
{
	long live, n;
	int rc;

	(void)state;
	begin("pf-load-mem");
	sim_run(1000000);
	live = sim_machine_live(fw);
	for (n = 1;; n++) {
		sim_machine_fail(fw, n);
		rc = pl_pfctl("-f -", after)->rc;
		bool failed = sim_machine_failed(fw);
		sim_machine_fail(fw, 0);
		if (rc != 0) {
			assert_true(failed);
			unchanged("allocation", n);
		} else {
			snapshot(is, sizeof(is));
			assert_string_equal(is, new);
			if (!failed)
				break;
			pl_load(before);
			pl_load(before);
		}
		sim_run(1000000);
	}
	assert_true(n > 100);
	(void)pl_pfctl("-F all", "");
	pl_load(before);
	sim_run(1000000);
	unchanged("the end", n);
	/* pflog3 was made by the load and stays */
	assert_true(sim_machine_live(fw) <= live + 40);
	sim_end(false);
}

/* --- pfctl goes away --- */

static long calls_left;
static int dev_seen = -1;

static int
dying_call(int dev, unsigned long cmd, void *data)
{
	dev_seen = dev;
	if (calls_left == 0) {
		errno = EIO;
		return (-1);
	}
	if (--calls_left == 0) { /* as a kill would: the descriptor is closed */
		int null = open("/dev/null", O_RDWR);

		dup2(null, dev);
		close(null);
		sim_settle();
		errno = EIO;
		return (-1);
	}
	return (pl_dev_call(dev, cmd, data));
}

static void
pfctl_dies_after_any_call(void **state)
{
	long n;

	(void)state;
	begin("pf-load-kill");
	pl_dev_use = dying_call;
	for (n = 1;; n++) {
		calls_left = n;
		int rc = pl_pfctl("-f -", after)->rc;
		bool died = calls_left == 0;
		calls_left = 1L << 30;
		if (!died) {
			assert_int_equal(rc, 0);
			break;
		}
		assert_true(rc != 0);
		unchanged("call", n);
	}
	pl_dev_use = pl_dev_call;
	assert_true(n > 20);
	snapshot(is, sizeof(is));
	assert_string_equal(is, new);
	sim_end(false);
}

/* --- packets that cross meanwhile --- */

#define OLD 1001 /* the port that the old rules let through */
#define NEW 1002

static const char old_door[] =
    "table <t> persist { 10.9.0.0/16 }\nblock drop all\n"
    "pass quick inet6 proto icmp6 all no state\n"
    "anchor \"a\" {\npass quick proto udp to port 1001 no state\n}\n";
static const char new_door[] =
    "table <t> persist { 10.10.0.0/16 }\ntable <u> { fd0a::/48 }\n"
    "set timeout udp.first 5\nset skip on fxp7\n"
    "nat on fxp1 inet from 10.77.0.0/16 to any -> 192.0.2.1\n"
    "anchor \"a\" {\npass quick proto udp to port 1002 no state\n}\n"
    "anchor \"b\" {\nblock in proto tcp\n}\nblock drop all\n"
    "pass quick inet6 proto icmp6 all no state\n";

static int walker, doors[2]; /* of the client; of the server: OLD, NEW */
static bool committed;
static long probes;

/* One datagram to each door: which comes through is what rules are in force. */
static void
knock(int at)
{
	char buf[64];
	bool got[2];

	for (int i = 0; i < 2; i++)
		(void)pl_send(client, walker, pl_host(AF_INET, SERVER),
		    (uint16_t)(OLD + i), "knock", 5);
	sim_run(1000);
	for (int i = 0; i < 2; i++)
		got[i] = recv(doors[i], buf, sizeof(buf), MSG_DONTWAIT) > 0;
	probes++;
	if (got[0] != !committed || got[1] != committed)
		fail_msg("before call %d: the old door is %d, the new one %d",
		    at, got[0], got[1]);
}

static long calls_made, dies_at;

static int
knocking_call(int dev, unsigned long cmd, void *data)
{
	int rc;

	knock((int)++calls_made);
	if (calls_made == dies_at) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, dev);
		close(null);
		sim_settle();
		knock(0);
		errno = EIO;
		return (-1);
	}
	if ((rc = pl_dev_call(dev, cmd, data)) == 0 && cmd == DIOCXCOMMIT)
		committed = true;
	return (rc);
}

static int
load_and_knock(const char *rules, long dies)
{
	int rc;

	pl_dev_use = knocking_call;
	calls_made = 0;
	dies_at = dies;
	rc = pl_pfctl("-f -", rules)->rc;
	pl_dev_use = pl_dev_call;
	knock(-1);
	return (rc);
}

static void
packets_meet_the_old_rules_or_the_new(void **state)
{
	long n;
	int rc;

	(void)state;
	pl_up("pf-load-knock", 1);
	pl_load(old_door);
	pl_load(new_door);
	walker = pl_serve(client, SOCK_DGRAM, pl_host(AF_INET, CLIENT), 1000);
	doors[0] = pl_serve(server, SOCK_DGRAM, pl_host(AF_INET, SERVER), OLD);
	doors[1] = pl_serve(server, SOCK_DGRAM, pl_host(AF_INET, SERVER), NEW);
	pl_load(old_door);
	committed = false;
	for (int i = 0; i < 100; i++) /* who is where is known */
		sim_run(10000);
	knock(0);
	for (n = 1;; n++) { /* pfctl dies after each of its calls */
		rc = load_and_knock(new_door, n);
		if (calls_made < n)
			break;
		assert_true(committed || rc != 0);
		if (committed)
			pl_load(old_door);
		committed = false;
	}
	assert_int_equal(rc, 0);
	assert_true(n > 8);
	pl_load(old_door);
	committed = false;
	for (n = 1;; n++) { /* each allocation of the kernel fails */
		sim_machine_fail(fw, n);
		rc = pl_pfctl("-f -", new_door)->rc;
		bool failed = sim_machine_failed(fw);
		sim_machine_fail(fw, 0);
		committed = rc == 0;
		knock((int)n);
		if (!failed)
			break;
		if (committed)
			pl_load(old_door);
		committed = false;
	}
	assert_true(n > 50 && committed);
	/* what cannot be leaves the rules as they are, at every moment */
	rc = load_and_knock("set limit table-entries 1\n"
			    "table <t> { 1.1.1.1 2.2.2.2 }\npass\n", 0);
	assert_int_not_equal(rc, 0);
	rc = load_and_knock("pass\nblock nonsense\n", 0);
	assert_int_not_equal(rc, 0);
	close(walker);
	close(doors[0]);
	close(doors[1]);
	sim_end(false);
}

/* --- two at once --- */

static unsigned long meddle_at;

/* Before the call meddle_at somebody else replaces the filter rules. */
static int
meddling_call(int dev, unsigned long cmd, void *data)
{
	struct pf_ioc_elem e = { .type = PF_ELEM_RULES, .rs = PF_RS_FILTER };
	struct pfioc_trans tr = { .elems_ptr = (uintptr_t)&e, .nelems = 1 };

	if (cmd == meddle_at) {
		int other = pl_dev_open("/dev/pf", O_RDWR);

		meddle_at = 0;
		assert_true(other >= 0);
		assert_int_equal(pl_dev_call(other, DIOCXBEGIN, &tr), 0);
		assert_int_equal(pl_dev_call(other, DIOCXCOMMIT, &tr), 0);
		close(other);
		sim_settle();
	}
	return (pl_dev_call(dev, cmd, data));
}

static void
the_slower_of_two_loads_fails(void **state)
{
	const struct pl_result *r;

	(void)state;
	begin("pf-load-two");
	pl_dev_use = meddling_call;
	meddle_at = DIOCXCOMMIT;
	r = pl_pfctl("-f -", after);
	assert_int_equal(meddle_at, 0);
	assert_int_not_equal(r->rc, 0);
	if (strstr(r->err, "quicker") == NULL)
		fail_msg("%s", r->err);
	pl_dev_use = pl_dev_call;
	pl_says_not("-s rules", "pass"); /* what the faster one left: nothing */
	pl_says("-s nat", "nat on fxp1"); /* that was not its business */
	sim_end(false);
}

/* --- limits, and files with errors --- */

static void
refused(const char *rules, const char *why)
{
	const struct pl_result *r = pl_pfctl("-f -", rules);

	if (r->rc == 0 || strstr(r->err, why) == NULL)
		fail_msg("%s\nnot `%s' but %d %s", rules, why, r->rc, r->err);
	unchanged("refused", 0);
}

static void
what_cannot_be_changes_nothing(void **state)
{
	char path[] = "/tmp/pf_load_test.XXXXXX", rules[256];
	int fd = mkstemp(path);

	(void)state;
	begin("pf-load-bad");
	refused("set limit table-entries 3\n"
		"table <t> { 1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 }\npass\n",
	    "more table-entries than `set limit table-entries' allows");
	refused("set limit table-entries 3\n"
		"table <t> { 1.1.1.1 2.2.2.2 }\nanchor x {\n"
		"table <t> { 3.3.3.3 4.4.4.4 }\npass\n}\n",
	    "more table-entries");
	refused("set limit tables 1\ntable <t> persist\ntable <u> persist\n"
		"pass\n",
	    "more tables than `set limit tables' allows");
	refused("set limit anchors 2\nanchor x\nanchor y\nanchor z\npass\n",
	    "more anchors than `set limit anchors' allows");
	refused("pass\npass in on fxp0 route-to (fxp1 192.0.2.2)\n",
	    "stdin:2:");
	refused("pass\nblock in proto nonsense\n", "stdin:2:");
	dprintf(fd, "pass\npass nonsense\n");
	snprintf(rules, sizeof(rules),
	    "anchor x\nload anchor x from \"%s\"\npass\n", path);
	refused(rules, ":2:");
	close(fd);
	unlink(path);
	sim_end(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(any_allocation_fails, pl_after),
		cmocka_unit_test_teardown(pfctl_dies_after_any_call, pl_after),
		cmocka_unit_test_teardown(packets_meet_the_old_rules_or_the_new,
		    pl_after),
		cmocka_unit_test_teardown(the_slower_of_two_loads_fails,
		    pl_after),
		cmocka_unit_test_teardown(what_cannot_be_changes_nothing,
		    pl_after),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
