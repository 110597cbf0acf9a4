/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * MD5 (RFC 1321) of a short text: how a word becomes a source-hash key, so
 * that two firewalls with the same word choose the same addresses.
 */

#include <string.h>

#include "pfctl.h"

/* clang-format off */
static const uint32_t sines[64] = { /* 2^32 |sin(i + 1)| */
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
	0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
	0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
	0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
	0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
	0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
/* clang-format on */

static uint32_t
rotate(uint32_t v, unsigned int n)
{
	return (v << n | v >> (32 - n));
}

/* RFC 1321 3.4: one block of 64 bytes. */
static void
block(uint32_t h[4], const uint8_t *p)
{
	static const unsigned int turns[4][4] = { { 7, 12, 17, 22 },
		{ 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
	static const unsigned int mul[4] = { 1, 5, 3, 7 },
				  add[4] = { 0, 1, 5, 0 };
	uint32_t v[4], m[16], f, t;
	unsigned int i, r, g;

	memcpy(v, h, sizeof(v));
	for (i = 0; i < 16; i++)
		m[i] = (uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 |
		    (uint32_t)p[4 * i + 2] << 16 | (uint32_t)p[4 * i + 3] << 24;
	for (i = 0; i < 64; i++) {
		r = i / 16;
		f = r == 0 ? (v[1] & v[2]) | (~v[1] & v[3]) :
		    r == 1 ? (v[1] & v[3]) | (v[2] & ~v[3]) :
		    r == 2 ? v[1] ^ v[2] ^ v[3] :
			     v[2] ^ (v[1] | ~v[3]);
		g = (mul[r] * i + add[r]) % 16;
		t = v[1] + rotate(v[0] + f + sines[i] + m[g], turns[r][i % 4]);
		v[0] = v[3];
		v[3] = v[2];
		v[2] = v[1];
		v[1] = t;
	}
	for (i = 0; i < 4; i++)
		h[i] += v[i];
}

void
md5_text(const char *s, uint8_t digest[16])
{
	uint32_t h[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	size_t len = strlen(s), left = len, i;
	uint8_t last[128] = { 0 };

	for (; left >= 64; left -= 64, s += 64)
		block(h, (const uint8_t *)s);
	memcpy(last, s, left);
	last[left] = 0x80;
	i = left < 56 ? 56 : 120;
	last[i] = (uint8_t)(len << 3);
	last[i + 1] = (uint8_t)(len >> 5);
	last[i + 2] = (uint8_t)(len >> 13);
	block(h, last);
	if (i == 120)
		block(h, last + 64);
	for (i = 0; i < 16; i++)
		digest[i] = (uint8_t)(h[i / 4] >> 8 * (i % 4));
}
