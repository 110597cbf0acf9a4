/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Kernel-side tests and benchmarks: kernel files, joined with the kernel.
 *
 *	KTEST(mbuf_pullup_joins) { KT_EQ(m_length(m), 10); }
 *
 * Each test runs in a process of its own, so globals are fresh and a panic
 * is one failed test.  KBENCH bodies run n operations; the runner chooses n.
 */

#ifndef KTEST_H
#define KTEST_H

#include <sys/types.h>

struct ktest {
	const char *name;
	void (*run)(void);
	void (*bench)(unsigned long n);
	unsigned long per; /* operations of bench(1) */
};

/* False: prints the place and ends the test's process. */
void kt_check(bool ok, const char *file, int line, const char *what);
void kt_equal(int64_t got, int64_t want, const char *file, int line, const char *what);
void kt_string(const char *got, const char *want, const char *file, int line);
/* From the host: live allocations; the n-th from now fails (0: none does);
 * the clock moves on. */
long sim_live(void);
void sim_fail_nth(long n);
/* Has the failure asked for happened? */
bool sim_failed(void);
void sim_advance_us(uint64_t us);
/* A line of a benchmark's report beside its time. */
void kb_note(const char *name, double value, const char *unit);

#define KT(e)	     kt_check((e), __FILE__, __LINE__, #e)
#define KT_EQ(a, b)  kt_equal((int64_t)(a), (int64_t)(b), __FILE__, __LINE__, #a " == " #b)
#define KT_STR(a, b) kt_string((a), (b), __FILE__, __LINE__)
#define KTEST(n)                                                                                  \
	static void kt_##n(void);                                                                  \
	static const struct ktest kt_row_##n __attribute__((used, section("ktests"), aligned(8))) = \
	    { #n, kt_##n, NULL, 0 };                                                                \
	static void kt_##n(void)
#define KBENCH(n, ops)                                                                            \
	static void kb_##n(unsigned long);                                                         \
	static const struct ktest kb_row_##n __attribute__((used, section("ktests"), aligned(8))) = \
	    { #n, NULL, kb_##n, ops };                                                              \
	static void kb_##n(unsigned long n)

#endif
