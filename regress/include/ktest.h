/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Kernel-side tests and benchmarks: kernel files, joined with the kernel.
 *
 *	KTEST(mbuf_pullup_joins) { KT_EQ(m_length(m), 10); }
 *
 * Each test runs in a process of its own, so globals are fresh and a panic
 * is one failed test.  A KTEST_NTH(name) body calls sim_fail_nth(n) where it
 * wants memory to become short; it is run with n = 1, 2, ... until a run ends
 * without the n-th allocation having been asked for.  KBENCH(name, ops) bodies run n times ops operations;
 * the runner chooses n.  Shared: the runners are host code.
 */

#ifndef KTEST_H
#define KTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ktest {
	const char *name;
	void (*run)(void);
	void (*bench)(unsigned long n);
	unsigned long per; /* operations of bench(1) */
	void (*nth)(long n);
};

/* False: prints the place and ends the test's process. */
void kt_check(bool ok, const char *file, int line, const char *what);
void kt_equal(int64_t got, int64_t want, const char *file, int line,
    const char *what);
void kt_string(const char *got, const char *want, const char *file, int line);
/* From the host: live allocations; the n-th from now fails (0: none does);
 * the clock moves on. */
long sim_live(void);
void sim_fail_nth(long n);
/* Has the failure asked for happened? */
bool sim_failed(void);
void sim_advance_us(uint64_t us);
/* What libpcap's machine gives for a validated program and a whole packet. */
unsigned int sim_pcap_filter(const void *insns, const void *packet,
    unsigned int len);
/* Benchmarks: time counts from the last kb_start() to kb_stop(), or else for
 * the whole body. */
void kb_start(void);
void kb_stop(void);
/* A line of a benchmark's report beside its time. */
void kb_note(const char *name, double value, const char *unit);

#define KT(e) kt_check((e), __FILE__, __LINE__, #e)
#define KT_EQ(a, b) \
	kt_equal((int64_t)(a), (int64_t)(b), __FILE__, __LINE__, #a " == " #b)
#define KT_STR(a, b) kt_string((a), (b), __FILE__, __LINE__)
/* clang-format off */
#define KTEST(id)							\
	static void kt_##id(void);					\
	KTEST_ROW(kt_row_##id, #id, kt_##id, NULL, 0, NULL);		\
	static void kt_##id(void)
#define KTEST_NTH(id)							\
	static void kt_##id(long n);					\
	KTEST_ROW(kt_row_##id, #id, NULL, NULL, 0, kt_##id);		\
	static void kt_##id(long n)
#define KBENCH(id, ops)							\
	static void kb_##id(unsigned long n);				\
	KTEST_ROW(kb_row_##id, #id, NULL, kb_##id, ops, NULL);		\
	static void kb_##id(unsigned long n)
#define KTEST_ROW(row, ...)						\
	static const struct ktest row					\
	    __attribute__((used, section("ktests"), aligned(8))) = { __VA_ARGS__ }
/* clang-format on */

#endif
