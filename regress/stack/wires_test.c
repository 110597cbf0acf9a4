/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Kernels in one process: they boot, share nothing and see their wires; what
 * they do is the same in every run; a boot without memory ends cleanly.
 */

#include <sys/socket.h>
#include <sys/wait.h>
#include <net/if_ioctl.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../libsim/sim.h"

#include <cmocka.h>

/* A failed test leaves its world behind: end it, and keep its captures. */
static int
world_after(void **state)
{
	sim_end(true);
	return (0);
}

static struct if_row
row_of(struct sim_machine *m, const char *ifname)
{
	struct if_row row;

	assert_int_equal(sim_ifrow(m, ifname, &row), 0);
	return (row);
}

static void
kernels_share_nothing(void **state)
{
	struct sim_machine *a, *b;
	struct sim_wire *w;
	struct if_row row;

	sim_new("private", 1);
	a = sim_machine("a");
	b = sim_machine("b");
	w = sim_wire("w");
	sim_plug(a, "fxp0", w);
	assert_int_equal(sim_ifrow(a, "fxp0", &row), 0);
	assert_int_not_equal(sim_ifrow(b, "fxp0", &row), 0);
	sim_end(false);
}

static void
carrier_needs_another_end(void **state)
{
	struct sim_machine *a, *b;
	struct sim_wire *w;

	sim_new("carrier", 1);
	a = sim_machine("a");
	b = sim_machine("b");
	w = sim_wire("w");
	sim_plug(a, "fxp0", w);
	sim_up(a, "fxp0", true);
	assert_true(row_of(a, "fxp0").link_state != LINK_STATE_UP);
	sim_plug(b, "fxp0", w);
	assert_true(row_of(a, "fxp0").link_state == LINK_STATE_UP);
	sim_carrier(b, "fxp0", false);
	assert_true(row_of(a, "fxp0").link_state != LINK_STATE_UP);
	assert_true(row_of(b, "fxp0").link_state != LINK_STATE_UP);
	sim_carrier(b, "fxp0", true);
	assert_true(row_of(a, "fxp0").link_state == LINK_STATE_UP);
	sim_end(false);
}

static void
frames_reach_all_other_ends(void **state)
{
	struct sim_ends e = { .dmac = { 255, 255, 255, 255, 255, 255 },
		.smac = { 2, 0, 0, 0, 0, 9 },
		.src = { 10, 0, 0, 9 },
		.dst = { 10, 0, 0, 1 },
		.ttl = 64 };
	struct sim_machine *m[5];
	struct sim_wire *w;
	uint8_t frame[200];
	char name[8];

	sim_new("hub", 1);
	w = sim_wire("w");
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		m[i] = sim_machine(name);
		sim_plug(m[i], "fxp0", w);
		sim_up(m[i], "fxp0", true);
	}
	sim_up(m[4], "fxp0", false);
	sim_inject(w, frame, sim_echo4(frame, &e, 1, 1, 56));
	sim_run(10);
	for (int i = 0; i < 4; i++)
		assert_true(row_of(m[i], "fxp0").counters.ipackets >= 1);
	assert_int_equal(row_of(m[4], "fxp0").counters.ipackets, 0);
	sim_end(false);
}

/* One world with all faults; its digest. */
static uint64_t
world_run(uint64_t seed)
{
	struct sim_ends e = { .dmac = { 255, 255, 255, 255, 255, 255 },
		.smac = { 2, 0, 0, 0, 0, 9 },
		.src = { 10, 0, 0, 9 },
		.dst = { 10, 0, 0, 1 },
		.ttl = 64 };
	struct sim_machine *m[3];
	struct sim_wire *w[2];
	uint8_t frame[1600];
	uint64_t sum;

	sim_new("digest", seed);
	m[0] = sim_machine("a");
	m[1] = sim_machine("b");
	m[2] = sim_machine("c");
	w[0] = sim_wire("w0");
	w[1] = sim_wire("w1");
	sim_wire_set(w[0], "loss", "10%");
	sim_wire_set(w[0], "dup", "10%");
	sim_wire_set(w[0], "reorder", "20%");
	sim_wire_set(w[0], "corrupt", "5%");
	sim_wire_set(w[1], "delay", "3ms");
	sim_wire_set(w[1], "jitter", "2ms");
	sim_wire_set(w[1], "bandwidth", "1M");
	sim_plug(m[0], "fxp0", w[0]);
	sim_plug(m[1], "fxp0", w[0]);
	sim_plug(m[1], "fxp1", w[1]);
	sim_plug(m[2], "fxp0", w[1]);
	sim_address(m[0], "fxp0", "10.0.0.1/24");
	sim_address(m[1], "fxp0", "10.0.0.2/24");
	sim_address(m[1], "fxp1", "10.0.1.2/24");
	sim_address(m[2], "fxp0", "10.0.1.1/24");
	for (int i = 0; i < 50; i++) {
		sim_inject(w[i % 2], frame, sim_arp(frame, &e, 1));
		sim_inject(w[0], frame,
		    sim_echo4(frame, &e, 7, (uint16_t)i, (size_t)i * 10));
		sim_run(1700);
	}
	sim_run(5000000);
	sum = sim_digest();
	sim_end(false);
	return (sum);
}

static void
same_seed_same_bytes(void **state)
{
	uint64_t one = world_run(42);

	assert_int_equal(world_run(42), one);
	assert_int_equal(world_run(42), one);
}

static void
another_seed_other_bytes(void **state)
{
	assert_int_not_equal(world_run(42), world_run(43));
}

static void
boot_without_memory_is_an_error(void **state)
{
	struct sim_machine *m;
	int error, failed = 0;

	for (long n = 1; n < 100000; n++) {
		sim_new("nomem", 1);
		m = sim_machine_failing("a", n, &error);
		if (m != NULL && !sim_machine_failed(m)) {
			sim_end(false); /* n was more than it needs */
			break;
		}
		failed += m == NULL;
		if (m == NULL)
			assert_int_not_equal(error, 0);
		sim_end(false);
	}
	print_message("# %d failed boots\n", failed);
	assert_true(failed > 0);
}

static bool
is_arp_for(const struct sim_frame *f, void *arg)
{
	return (f->from != NULL && f->len >= 42 && f->data[12] == 8 &&
	    f->data[13] == 6 && f->data[21] == 1 &&
	    memcmp(f->data + 38, arg, 4) == 0);
}

static bool
is_echo_to(const struct sim_frame *f, void *arg)
{
	return (f->from != NULL && f->len >= 42 && f->data[12] == 8 &&
	    f->data[13] == 0 && memcmp(f->data + 30, arg, 4) == 0);
}

/* Two hosts that are the test's own hand, and a kernel between them. */
static void
kernel_forwards_between_wires(void **state)
{
	struct sim_ends x = { .smac = { 2, 0, 0, 0, 0, 9 },
		.src = { 10, 0, 0, 9 },
		.dst = { 10, 0, 1, 7 },
		.ttl = 64 };
	struct sim_ends y = { .smac = { 2, 0, 0, 0, 0, 7 },
		.src = { 10, 0, 1, 7 },
		.dst = { 10, 0, 1, 2 } };
	struct sim_machine *m;
	struct sim_wire *w0, *w1;
	struct sim_frame f;
	struct if_row row;
	uint8_t sent[200], frame[200];
	size_t n = 0, len;

	sim_new("forward", 1);
	w0 = sim_wire("w0");
	w1 = sim_wire("w1");
	m = sim_machine("m");
	sim_sysctl_set(m, "net.inet.ip.forwarding", 1);
	sim_plug(m, "fxp0", w0);
	sim_plug(m, "fxp1", w1);
	sim_plug(sim_machine("x"), "fxp0", w0);
	sim_plug(sim_machine("y"), "fxp0", w1);
	sim_address(m, "fxp0", "10.0.0.2/24");
	sim_address(m, "fxp1", "10.0.1.2/24");
	row = row_of(m, "fxp0");
	memcpy(x.dmac, row.lladdr, 6);
	row = row_of(m, "fxp1");
	memcpy(y.dmac, row.lladdr, 6);
	len = sim_echo4(sent, &x, 7, 1, 56);
	sim_inject(w0, sent, len);
	assert_true(sim_expect(w1, &n, &f, is_arp_for, y.src, 1000000));
	sim_inject(w1, frame, sim_arp(frame, &y, 2));
	assert_true(sim_expect(w1, &n, &f, is_echo_to, x.dst, 1000000));
	assert_memory_equal(f.data, y.smac, 6);
	assert_memory_equal(f.data + 6, y.dmac, 6);
	assert_int_equal(f.len, len);
	assert_int_equal(f.data[22], 63); /* one hop less */
	assert_int_equal(sim_cksum(0, f.data + 14, 20), 0);
	assert_memory_equal(f.data + 26, sent + 26, len - 26);
	sim_end(false);
}

/* What a failed test leaves behind, libpcap reads. */
static void
capture_is_a_capture(void **state)
{
	struct sim_ends e = { .ttl = 1 };
	char dir[] = "/tmp/fugu-sim.XXXXXX", path[64], why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const u_char *bytes;
	uint8_t frame[300];
	struct sim_wire *w;
	pcap_t *p;
	size_t len;

	assert_non_null(mkdtemp(dir));
	setenv("SIM_PCAP", dir, 1);
	sim_new("capture", 1);
	w = sim_wire("w");
	len = sim_udp4(frame, &e, 1, 2, "hello", 5);
	sim_inject(w, frame, len);
	sim_run(1234567);
	sim_inject(w, frame, len);
	sim_end(true);
	unsetenv("SIM_PCAP");
	snprintf(path, sizeof(path), "%s/capture.w.pcap", dir);
	p = pcap_open_offline_with_tstamp_precision(path,
	    PCAP_TSTAMP_PRECISION_NANO, why);
	assert_non_null(p);
	assert_int_equal(pcap_datalink(p), DLT_EN10MB);
	assert_int_equal(pcap_next_ex(p, &h, &bytes), 1);
	assert_int_equal(h->caplen, len);
	assert_memory_equal(bytes, frame, len);
	assert_int_equal(pcap_next_ex(p, &h, &bytes), 1);
	assert_int_equal(h->ts.tv_sec, 2);
	assert_int_equal(h->ts.tv_usec, 234567000);
	assert_int_equal(pcap_next_ex(p, &h, &bytes), PCAP_ERROR_BREAK);
	pcap_close(p);
	unlink(path);
	rmdir(dir);
}

/* A test that dies in the middle, or is the last and fails, leaves one too. */
static void
death_leaves_a_capture(void **state)
{
	char dir[] = "/tmp/fugu-sim.XXXXXX", path[64], why[PCAP_ERRBUF_SIZE];
	struct sim_ends e = { .ttl = 1 };
	struct pcap_pkthdr *h;
	const u_char *bytes;
	uint8_t frame[300];
	pid_t pid;
	pcap_t *p;
	int status;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/death.w.pcap", dir);
	for (int how = 0; how < 2; how++) {
		if ((pid = fork()) == 0) {
			setenv("SIM_PCAP", dir, 1);
			sim_new("death", 1);
			sim_inject(sim_wire("w"), frame,
			    sim_udp4(frame, &e, 1, 2, "hello", 5));
			if (how == 0)
				abort();
			exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(how == 0 ? WTERMSIG(status) :
					    WEXITSTATUS(status),
		    how == 0 ? SIGABRT : 1);
		p = pcap_open_offline(path, why);
		assert_non_null(p);
		assert_int_equal(pcap_next_ex(p, &h, &bytes), 1);
		pcap_close(p);
		unlink(path);
	}
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_share_nothing),
		cmocka_unit_test(carrier_needs_another_end),
		cmocka_unit_test(frames_reach_all_other_ends),
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(another_seed_other_bytes),
		cmocka_unit_test(boot_without_memory_is_an_error),
		cmocka_unit_test(kernel_forwards_between_wires),
		cmocka_unit_test(capture_is_a_capture),
		cmocka_unit_test(death_leaves_a_capture),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, world_after));
}
