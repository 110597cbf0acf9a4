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

/*
 * Step t.  The eight working words do not move: in step t the one that the
 * RFC calls a stands at place -t modulo 8, and the others follow it.
 */
static inline __attribute__((__always_inline__)) void
step(uint32_t v[8], unsigned int t, uint32_t word)
{
	uint32_t a = v[-t % 8], b = v[(1 - t) % 8], c = v[(2 - t) % 8];
	uint32_t e = v[(4 - t) % 8], f = v[(5 - t) % 8], g = v[(6 - t) % 8],
		 *h = &v[(7 - t) % 8];

	word += *h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
	    ((e & f) ^ (~e & g));
	v[(3 - t) % 8] += word;
	*h = word + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
	    ((a & b) ^ (a & c) ^ (b & c));
}

static void
sha256_block(uint32_t state[8], const uint8_t in[DIGEST_BLOCK])
{
	uint32_t w[16] = { 0 }, v[8];

	memcpy(v, state, sizeof(v));
	for (unsigned int t = 0; t < 64; t += 8) {
		step(v, 0, roots[t] + schedule(w, in, t));
		step(v, 1, roots[t + 1] + schedule(w, in, t + 1));
		step(v, 2, roots[t + 2] + schedule(w, in, t + 2));
		step(v, 3, roots[t + 3] + schedule(w, in, t + 3));
		step(v, 4, roots[t + 4] + schedule(w, in, t + 4));
		step(v, 5, roots[t + 5] + schedule(w, in, t + 5));
		step(v, 6, roots[t + 6] + schedule(w, in, t + 6));
		step(v, 7, roots[t + 7] + schedule(w, in, t + 7));
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
