/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * SHA-1, RFC 3174.  Broken as a signature; CARP authenticates with HMAC-SHA1.
 *
 * The 80 words of the schedule are made as they are needed, in a ring of 16.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <crypto/digest.h>

static inline uint32_t
rotate(uint32_t v, int n)
{
	return (v << n | v >> (32 - n));
}

/* RFC 3174, 5: f(t; B, C, D) + K(t). */
static inline uint32_t
mix(unsigned int t, uint32_t b, uint32_t c, uint32_t d)
{
	switch (t / 20) {
	case 0:
		return (((b & c) | (~b & d)) + 0x5a827999);
	case 1:
		return ((b ^ c ^ d) + 0x6ed9eba1);
	case 2:
		return (((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc);
	default:
		return ((b ^ c ^ d) + 0xca62c1d6);
	}
}

static inline uint32_t
schedule(uint32_t w[16], const uint8_t *in, unsigned int t)
{
	uint32_t *slot = &w[t % 16];

	if (t < 16)
		*slot = be32dec(in + 4 * t);
	else
		*slot = rotate(w[(t + 13) % 16] ^ w[(t + 8) % 16] ^
			w[(t + 2) % 16] ^ *slot,
		    1);
	return (*slot);
}

static void
sha1_block(uint32_t state[8], const uint8_t in[DIGEST_BLOCK])
{
	uint32_t w[16], v[5], sum;

	memcpy(v, state, sizeof(v));
	for (unsigned int t = 0; t < 80; t++) {
		sum = rotate(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] +
		    schedule(w, in, t);
		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = sum;
	}
	for (int i = 0; i < 5; i++)
		state[i] += v[i];
}

const struct digest digest_sha1 = {
	.name = "sha1",
	.length = SHA1_LENGTH,
	.big = true,
	.start = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 },
	.block = sha1_block,
};
