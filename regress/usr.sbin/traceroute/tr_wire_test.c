/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Probes and answers of traceroute: every kind, both families, damaged. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tr_wire.h"

static struct tr_way
way(bool v6, enum tr_kind kind)
{
	struct tr_way w = { .v6 = v6,
		.kind = kind,
		.ident = 0xabcd,
		.port = 33434 };

	w.proto = (uint8_t)(kind == TR_UDP ? 17 :
		kind == TR_OTHER           ? 99 :
		v6                         ? 58 :
					     1);
	memset(w.target, 0x20, v6 ? 16 : 4);
	return (w);
}

/* The answer of a router that quotes probe nr: into buf; its length. */
static size_t
error_make(const struct tr_way *w, uint16_t nr, int type, int code,
    uint8_t *buf)
{
	size_t at = 0;
	uint8_t *q;

	memset(buf, 0, 200);
	if (!w->v6) {
		buf[0] = 0x45;
		buf[8] = 60;
		at = 20;
	}
	buf[at] = (uint8_t)type;
	buf[at + 1] = (uint8_t)code;
	buf[at + 6] = 0x05; /* an MTU of 1400 */
	buf[at + 7] = 0x78;
	q = buf + at + 8;
	if (w->v6) {
		q[0] = 0x60;
		q[6] = w->proto;
		q[7] = 1;
		memcpy(q + 24, w->target, 16);
		q += 40;
	} else {
		q[0] = 0x45;
		q[8] = 1;
		q[9] = w->proto;
		memcpy(q + 16, w->target, 4);
		q += 20;
	}
	tr_probe_write(w, nr, q, TR_HEAD);
	if (w->kind == TR_UDP) {
		q[0] = 0xab;
		q[1] = 0xcd;
		q[2] = (uint8_t)((33434 + nr) >> 8);
		q[3] = (uint8_t)(33434 + nr);
	}
	return ((size_t)(q + TR_HEAD - buf));
}

static const struct row {
	bool v6;
	enum tr_kind kind;
	int type, code;
	bool fromtarget;
	enum tr_what want;
	const char *mark;
} rows[] = {
	/* clang-format off */
	{ false, TR_UDP,   11, 0, false, TR_HOP, "" },
	{ false, TR_ECHO,  11, 0, false, TR_HOP, "" },
	{ false, TR_OTHER, 11, 0, false, TR_HOP, "" },
	{ false, TR_UDP,   11, 1, false, TR_NOTOURS, "" },
	{ false, TR_UDP,   3, 3, true,  TR_THERE, "" },
	{ false, TR_UDP,   3, 3, false, TR_ERROR, "!" },
	{ false, TR_ECHO,  3, 3, true,  TR_ERROR, "!" },
	{ false, TR_OTHER, 3, 2, true,  TR_THERE, "" },
	{ false, TR_UDP,   3, 2, true,  TR_ERROR, "!P" },
	{ false, TR_UDP,   3, 0, false, TR_ERROR, "!N" },
	{ false, TR_UDP,   3, 1, false, TR_ERROR, "!H" },
	{ false, TR_UDP,   3, 4, false, TR_ERROR, "!F-1400" },
	{ false, TR_UDP,   3, 13, false, TR_ERROR, "!X" },
	{ false, TR_UDP,   3, 99, false, TR_ERROR, "!<99>" },
	{ false, TR_UDP,   4, 0, false, TR_NOTOURS, "" },
	{ true,  TR_UDP,   3, 0, false, TR_HOP, "" },
	{ true,  TR_ECHO,  3, 0, false, TR_HOP, "" },
	{ true,  TR_OTHER, 3, 0, false, TR_HOP, "" },
	{ true,  TR_UDP,   1, 4, true,  TR_THERE, "" },
	{ true,  TR_UDP,   1, 0, false, TR_ERROR, "!N" },
	{ true,  TR_UDP,   1, 1, false, TR_ERROR, "!A" },
	{ true,  TR_UDP,   1, 3, false, TR_ERROR, "!H" },
	{ true,  TR_UDP,   1, 9, false, TR_ERROR, "!<9>" },
	{ true,  TR_UDP,   2, 0, false, TR_ERROR, "!F-1400" },
	{ true,  TR_OTHER, 4, 1, true,  TR_THERE, "" },
	{ true,  TR_UDP,   4, 1, true,  TR_NOTOURS, "" },
	/* clang-format on */
};

static void
test_answers_row_by_row(void **state)
{
	uint8_t buf[200];
	char mark[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct tr_way w = way(r->v6, r->kind);
		size_t len = error_make(&w, 517, r->type, r->code, buf);
		struct tr_answer a = tr_answer_read(&w, buf, len,
		    r->fromtarget);

		assert_int_equal(a.what, r->want);
		if (a.what == TR_NOTOURS)
			continue;
		assert_int_equal(a.nr, 517);
		assert_int_equal(a.quoted_ttl, 1);
		assert_string_equal(tr_mark(r->v6, &a, mark), r->mark);
	}
}

static void
test_echo_replies(void **state)
{
	uint8_t buf[64] = { 0x45, [8] = 1 };
	struct tr_way w4 = way(false, TR_ECHO), w6 = way(true, TR_ECHO);
	struct tr_answer a;
	char mark[16];

	(void)state;
	buf[24] = 0xab;
	buf[25] = 0xcd;
	buf[27] = 9;
	a = tr_answer_read(&w4, buf, 28, true);
	assert_int_equal(a.what, TR_THERE);
	assert_int_equal(a.nr, 9);
	assert_string_equal(tr_mark(false, &a, mark), "!"); /* ttl 1 */
	assert_int_equal(tr_answer_read(&w4, buf, 28, false).what, TR_NOTOURS);
	assert_int_equal(tr_answer_read(&w4, buf, 27, true).what, TR_NOTOURS);
	buf[25] = 0;
	assert_int_equal(tr_answer_read(&w4, buf, 28, true).what, TR_NOTOURS);
	memset(buf, 0, sizeof(buf));
	buf[0] = 129;
	buf[4] = 0xab;
	buf[5] = 0xcd;
	buf[7] = 3;
	assert_int_equal(tr_answer_read(&w6, buf, 8, true).what, TR_THERE);
	assert_int_equal(tr_answer_read(&w6, buf, 8, true).nr, 3);
}

/* Cut anywhere it is nobody's; with any byte of the quote's ends turned too. */
static void
test_damage(void **state)
{
	uint8_t buf[200], bad[200];

	(void)state;
	for (int v6 = 0; v6 < 2; v6++)
		for (int kind = TR_UDP; kind <= TR_OTHER; kind++) {
			struct tr_way w = way(v6 != 0, (enum tr_kind)kind);
			size_t len = error_make(&w, 5, v6 ? 3 : 11, 0, buf),
			       q = v6 ? 8 : 28;

			for (size_t i = 0; i < len; i++)
				assert_int_equal(
				    tr_answer_read(&w, buf, i, false).what,
				    TR_NOTOURS);
			for (size_t i = v6 ? 24 : 16; i < (v6 ? 40U : 20U);
			     i++) { /* its destination */
				memcpy(bad, buf, sizeof(bad));
				bad[q + i] ^= 0xff;
				assert_int_equal(
				    tr_answer_read(&w, bad, len, false).what,
				    TR_NOTOURS);
			}
			for (size_t i = 0; i < len;
			     i++) { /* reads no byte that is not there */
				memcpy(bad, buf, sizeof(bad));
				bad[i] = 0xff;
				(void)tr_answer_read(&w, bad, len, true);
			}
		}
}

/* A large IPv6 probe is quoted as its first fragment. */
static void
test_fragment_quoted(void **state)
{
	struct tr_way w = way(true, TR_UDP);
	uint8_t buf[200], f[200] = { 0 };
	size_t len = error_make(&w, 5, 3, 0, buf);

	(void)state;
	memcpy(f, buf, 48);
	f[8 + 6] = 44;
	f[48] = 17;
	memcpy(f + 56, buf + 48, 8);
	assert_int_equal(tr_answer_read(&w, f, len + 8, false).what, TR_HOP);
	assert_int_equal(tr_answer_read(&w, f, len, false).what, TR_NOTOURS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_row_by_row),
		cmocka_unit_test(test_echo_replies),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_fragment_quoted),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
