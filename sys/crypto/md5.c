/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * MD5, RFC 1321.  Broken as a signature; here because TCP (RFC 2385) and the
 * digests of packet filter rulesets are defined with it.
 *
 * Step i of 64 takes word order[i] of the block, a constant and a rotation;
 * the constants are the integer parts of 2^32 * |sin(i + 1)|.
 */

#include <sys/systm.h>
#include <crypto/digest.h>

/* clang-format off */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
static const uint8_t turns[4][4] = {
	{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 },
};
/* clang-format on */

/* The word that step i reads: every 1st, 5th, 3rd, 7th of the block. */
static inline unsigned int
order(unsigned int i)
{
	static const uint8_t first[4] = { 0, 1, 5, 0 },
			     every[4] = { 1, 5, 3, 7 };

	return ((first[i / 16] + every[i / 16] * (i % 16)) % 16);
}

static inline uint32_t
mix(unsigned int round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round) {
	case 0:
		return ((b & c) | (~b & d));
	case 1:
		return ((b & d) | (c & ~d));
	case 2:
		return (b ^ c ^ d);
	default:
		return (c ^ (b | ~d));
	}
}

static void
md5_block(uint32_t state[8], const uint8_t in[DIGEST_BLOCK])
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], t,
		 word;

	for (unsigned int i = 0; i < 64; i++) {
		memcpy(&word, in + 4 * order(i),
		    sizeof(word)); /* little-endian */
		t = a + mix(i / 16, b, c, d) + word + sines[i];
		a = d;
		d = c;
		c = b;
		b += t << turns[i / 16][i % 4] |
		    t >> (32 - turns[i / 16][i % 4]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

const struct digest digest_md5 = {
	.name = "md5",
	.length = MD5_LENGTH,
	.start = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 },
	.block = md5_block,
};
