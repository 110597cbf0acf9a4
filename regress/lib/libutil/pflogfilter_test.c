/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Filters for pflog captures: what libpcap compiles is mended and then chooses
 * packets of both families; numbers that look like a family are left alone.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <net/pf/if_pflog.h>
#include <cmocka.h>
#include <libutil/pflogfilter.h>
#include <pcap/pcap.h>

static struct bpf_program prog;

static unsigned int
compile(const char *expr)
{
	pcap_t *p = pcap_open_dead(DLT_PFLOG, 200);

	assert_non_null(p);
	assert_int_equal(pcap_compile(p, &prog, expr, 1, PCAP_NETMASK_UNKNOWN),
	    0);
	pcap_close(p);
	return (pflog_filter_mend(prog.bf_insns, prog.bf_len));
}

/* A logged packet of that family and protocol, from port 80. */
static int
run(uint8_t af, uint8_t proto)
{
	struct pcap_pkthdr h;
	uint8_t p[sizeof(struct pfloghdr) + 60];
	uint8_t *ip = p + sizeof(struct pfloghdr);

	memset(p, 0, sizeof(p));
	p[0] = PFLOG_LENGTH;
	p[1] = af;
	ip[0] = af == PFLOG_INET ? 0x45 : 0x60;
	ip[af == PFLOG_INET ? 9 : 6] = proto;
	ip[af == PFLOG_INET ? 21 : 41] = 80;
	memset(&h, 0, sizeof(h));
	h.caplen = h.len = sizeof(p);
	return (pcap_offline_filter(&prog, &h, p));
}

/* A loopback's family is a word; one packet of IPv6 by its filter. */
static void
test_loopback(void **state)
{
	uint8_t p[4 + 60] = { [3] = 24, [4] = 0x60, [10] = 58 };
	struct pcap_pkthdr h = { .caplen = sizeof(p), .len = sizeof(p) };
	pcap_t *pc = pcap_open_dead(DLT_LOOP, 200);

	(void)state;
	assert_int_equal(pcap_compile(pc, &prog, "icmp6", 1,
			     PCAP_NETMASK_UNKNOWN),
	    0);
	pcap_close(pc);
	assert_int_equal(pcap_offline_filter(&prog, &h, p), 0);
	assert_true(loop_filter_mend(prog.bf_insns, prog.bf_len) > 0);
	assert_true(pcap_offline_filter(&prog, &h, p) > 0);
	p[3] = 2; /* IPv4 by its family: whatever follows, it is not chosen */
	assert_int_equal(pcap_offline_filter(&prog, &h, p), 0);
	pcap_freecode(&prog);
}

static void
test_families(void **state)
{
	(void)state;
	assert_int_equal(compile("ip6"), 1);
	assert_int_equal(run(PFLOG_INET6, 6), 200);
	assert_int_equal(run(PFLOG_INET, 6), 0);
	pcap_freecode(&prog);
	assert_int_equal(compile("ip"), 0);
	assert_int_equal(run(PFLOG_INET, 6), 200);
	assert_int_equal(run(PFLOG_INET6, 6), 0);
	pcap_freecode(&prog);
	assert_int_equal(compile(""), 0);
	assert_int_equal(run(PFLOG_INET6, 6), 200);
	pcap_freecode(&prog);
}

static void
test_both(void **state)
{
	(void)state;
	assert_true(compile("tcp port 80") > 0);
	assert_int_equal(run(PFLOG_INET, 6), 200);
	assert_int_equal(run(PFLOG_INET6, 6), 200);
	assert_int_equal(run(PFLOG_INET6, 17), 0);
	pcap_freecode(&prog);
	assert_true(compile("not ip6 and tcp") > 0);
	assert_int_equal(run(PFLOG_INET, 6), 200);
	assert_int_equal(run(PFLOG_INET6, 6), 0);
	pcap_freecode(&prog);
}

static void
test_other_tens(void **state)
{
	(void)state;
	assert_int_equal(compile("ip proto 10"), 0);
	assert_int_equal(run(PFLOG_INET, 10), 200);
	assert_int_equal(run(PFLOG_INET, 28), 0);
	pcap_freecode(&prog);
	assert_int_equal(compile("ip6 proto 10"), 1);
	assert_int_equal(run(PFLOG_INET6, 10), 200);
	pcap_freecode(&prog);
}

/* Programs that no compiler makes: nothing outside of them is touched. */
static void
test_wild(void **state)
{
	struct bpf_insn in[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 255, 255),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 0xffffffffU) };

	(void)state;
	assert_int_equal(pflog_filter_mend(in, 4), 1);
	assert_int_equal(in[1].k, PFLOG_INET6);
	assert_int_equal(in[2].k, AF_INET6); /* no way leads there */
	assert_int_equal(pflog_filter_mend(in, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_families),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_both), cmocka_unit_test(test_other_tens),
		cmocka_unit_test(test_wild) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
