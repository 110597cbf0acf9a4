/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Numbers of command lines: what is one, and what only looks like one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <libutil/number.h>

static const struct {
	const char *text;
	int base;
	uint64_t min, max, want;
	bool ok;
} rows[] = {
	{ "0", 10, 0, 9, 0, true },
	{ "9", 10, 0, 9, 9, true },
	{ "10", 10, 0, 9, 0, false },
	{ "1", 10, 2, 9, 0, false },
	{ "007", 10, 0, 9, 7, true },
	{ "", 10, 0, 9, 0, false },
	{ " 1", 10, 0, 9, 0, false },
	{ "+1", 10, 0, 9, 0, false },
	{ "-1", 10, 0, UINT64_MAX, 0, false },
	{ "1 ", 10, 0, 9, 0, false },
	{ "1x", 10, 0, 9, 0, false },
	{ "0x1", 10, 0, 9, 0, false },
	{ "0x1f", 0, 0, 99, 31, true },
	{ "010", 0, 0, 99, 8, true },
	{ "08", 0, 0, 99, 0, false },
	{ "0x", 0, 0, 99, 0, false },
	{ "ff", 16, 0, 255, 255, true },
	{ "100", 16, 0, 255, 0, false },
	{ "g", 16, 0, 255, 0, false },
	{ "18446744073709551615", 10, 0, UINT64_MAX, UINT64_MAX, true },
	{ "18446744073709551616", 10, 0, UINT64_MAX, 0, false },
	{ "99999999999999999999999", 10, 0, UINT64_MAX, 0, false },
};

static void
numbers(void **state)
{
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = 4711;
		if (number_read(rows[i].text, rows[i].base, rows[i].min,
			rows[i].max, &v) != rows[i].ok ||
		    v != (rows[i].ok ? rows[i].want : 4711))
			fail_msg("row %zu: \"%s\"", i, rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(numbers) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
