/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Formatting as in C, strings, numbers from text. */

#include <sys/systm.h>
#include <ktest.h>

#define IS(want, ...)                                                         \
	do {                                                                  \
		KT_EQ(snprintf(buf, sizeof(buf), __VA_ARGS__), strlen(want)); \
		KT_STR(buf, want);                                            \
	} while (0)

KTEST(snprintf_table)
{
	char *volatile nothing = NULL;
	char buf[100];

	IS("plain", "plain");
	IS("a%b", "a%%b");
	IS("-5 5 007", "%d %i %03d", -5, 5, 7);
	IS("   -5|-5   |-0005", "%5d|%-5d|%05d", -5, -5, -5);
	IS("ff FF 17 4294967295", "%x %X %o %u", 255, 255, 15, -1);
	IS("-9223372036854775808", "%lld", (long long)INT64_MIN);
	IS("18446744073709551615", "%llu", ~0ULL);
	IS("-1 255 65535 -1", "%hhd %hhu %hu %hd", 255, 255, 65535, 65535);
	IS("123 ffffffffffffffff", "%zu %lx", (size_t)123, ~0UL);
	IS("abc|  abc|abc  |ab", "%s|%5s|%-5s|%.2s", "abc", "abc", "abc",
	    "abc");
	IS("(null) x", "%s %c", nothing, 'x');
	IS("  007|007", "%5.3d|%.3d", 7, 7);
	IS("   42|42   ", "%*d|%-*d", 5, 42, 5, 42);
	IS("ab|    ab", "%.*s|%*.2s", 2, "abcd", 6, "abcd");
	IS("0x1234", "%p", (void *)0x1234);
	IS("00ff", "%04x", 255);
}

KTEST(snprintf_cuts_and_says_how_long)
{
	char buf[8] = "zzzzzzz";

	KT_EQ(snprintf(buf, 4, "%s", "abcdef"), 6);
	KT_STR(buf, "abc");
	KT_EQ(buf[4], 'z');
	KT_EQ(snprintf(buf, 0, "%d", 12345), 5);
	KT_EQ(buf[0], 'a');
	KT_EQ(snprintf(buf, 1, "%d", 12345), 5);
	KT_EQ(buf[0], '\0');
}

KTEST(strings)
{
	char buf[8];

	KT_EQ(strlcpy(buf, "abcdefghij", sizeof(buf)), 10);
	KT_STR(buf, "abcdefg");
	KT_EQ(strlcpy(buf, "ab", sizeof(buf)), 2);
	KT_EQ(strlcat(buf, "cdefgh", sizeof(buf)), 8);
	KT_STR(buf, "abcdefg");
	KT_EQ(strlcat(buf, "x", 3), 4); /* no end within the size */
	KT(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 &&
	    strcmp("a", "a") == 0);
	KT(strcmp("a", "\xff") < 0);
	KT(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0 &&
	    strncmp("a", "a", 9) == 0);
	KT_STR(strchr("a.b", '.'), ".b");
	KT_STR(strchr("a.b", '\0'), "");
	KT(strchr("a.b", 'x') == NULL);
	KT(strnlen("abc", 2) == 2 && strnlen("abc", 9) == 3);
	KT(timingsafe_bcmp("abc", "abc", 3) == 0 &&
	    timingsafe_bcmp("abc", "abd", 3) != 0);
}

KTEST(strtonum_bounds)
{
	int64_t v = 0;

	KT(strtonum("42", 0, 100, &v) == 0 && v == 42);
	KT(strtonum("-7", -10, 10, &v) == 0 && v == -7);
	KT(strtonum("9223372036854775807", 0, INT64_MAX, &v) == 0 &&
	    v == INT64_MAX);
	KT(strtonum("-9223372036854775808", INT64_MIN, 0, &v) == 0 &&
	    v == INT64_MIN);
	KT_EQ(strtonum("9223372036854775808", 0, INT64_MAX, &v), ERANGE);
	KT_EQ(strtonum("99999999999999999999", 0, INT64_MAX, &v), ERANGE);
	KT_EQ(strtonum("101", 0, 100, &v), ERANGE);
	KT_EQ(strtonum("-1", 0, 100, &v), ERANGE);
	KT_EQ(strtonum("", 0, 100, &v), EINVAL);
	KT_EQ(strtonum("-", 0, 100, &v), EINVAL);
	KT_EQ(strtonum("4x", 0, 100, &v), EINVAL);
	KT_EQ(strtonum(" 4", 0, 100, &v), EINVAL);
}
