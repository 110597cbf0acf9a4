/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * SHA-256, RFC 6234 (5.1 functions and constants, 6.2 the computation).
 *
 * The constants are the first 32 bits of the fractional parts of the cube
 * roots of the first 64 primes.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <crypto/digest.h>

/* clang-format off */
static const uint32_t roots[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
/* clang-format on */

static inline uint32_t
rotate(uint32_t v, int n)
{
	return (v >> n | v << (32 - n));
}

static inline uint32_t
schedule(uint32_t w[16], const uint8_t *in, unsigned int t)
{
	uint32_t *slot = &w[t % 16], before = w[(t + 1) % 16],
		 last = w[(t + 14) % 16];

	if (t < 16)
		return (*slot = be32dec(in + 4 * t));
	*slot += (rotate(before, 7) ^ rotate(before, 18) ^ before >> 3) +
	    w[(t + 9) % 16] +
	    (rotate(last, 17) ^ rotate(last, 19) ^ last >> 10);
	return (*slot);
}

static void
sha256_block(uint32_t state[8], const uint8_t in[DIGEST_BLOCK])
{
	uint32_t w[16] = { 0 }, v[8], t1, t2;

	memcpy(v, state, sizeof(v));
	for (unsigned int t = 0; t < 64; t++) {
		t1 = v[7] +
		    (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
		    ((v[4] & v[5]) ^ (~v[4] & v[6])) + roots[t] +
		    schedule(w, in, t);
		t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
		    ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		for (int i = 7; i > 0; i--)
			v[i] = v[i - 1];
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

const struct digest digest_sha256 = {
	.name = "sha256",
	.length = SHA256_LENGTH,
	.big = true,
	.start = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
	    0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
	.block = sha256_block,
};
