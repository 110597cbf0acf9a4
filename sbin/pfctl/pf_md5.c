/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * MD5 (RFC 1321) of a short text: how a word becomes a source-hash key, so
 * that two firewalls with the same word choose the same addresses.
 */

#include <math.h>
#include <string.h>

#include "pfctl.h"

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
		t = (uint32_t)(int64_t)(fabs(sin(i + 1.0)) * 4294967296.0);
		t = v[1] + rotate(v[0] + f + t + m[g], turns[r][i % 4]);
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
