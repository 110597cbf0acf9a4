/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ChaCha20 as RFC 8439, section 2.3 and 2.4, has it. */

#include <sys/systm.h>
#include <sys/endian.h>
#include <crypto/chacha.h>

static uint32_t
le32dec(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return (v);
}

void
chacha_init(struct chacha *c, const uint8_t key[32], const uint8_t nonce[12],
    uint32_t counter)
{
	static const uint32_t sigma[4] = { 0x61707865, 0x3320646e, 0x79622d32,
		0x6b206574 };

	for (int i = 0; i < 4; i++)
		c->state[i] = sigma[i];
	for (int i = 0; i < 8; i++)
		c->state[4 + i] = le32dec(key + 4 * i);
	c->state[12] = counter;
	for (int i = 0; i < 3; i++)
		c->state[13 + i] = le32dec(nonce + 4 * i);
}

static inline uint32_t
rotate(uint32_t v, int n)
{
	return (v << n | v >> (32 - n));
}

static inline void
quarter(uint32_t *x, int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

void
chacha_block(struct chacha *c, uint8_t out[64])
{
	uint32_t x[16];

	memcpy(x, c->state, sizeof(x));
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++) /* columns */
			quarter(x, i, 4 + i, 8 + i, 12 + i);
		for (int i = 0; i < 4; i++) /* diagonals */
			quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4,
			    12 + (i + 3) % 4);
	}
	for (int i = 0; i < 16; i++)
		x[i] += c->state[i];
	memcpy(out, x, sizeof(x));
	c->state[12]++;
}

void
chacha_xor(struct chacha *c, uint8_t *dst, const uint8_t *src, size_t len)
{
	uint8_t block[64];
	size_t n;

	for (; len > 0; len -= n, dst += n, src += n) {
		n = MIN(len, sizeof(block));
		chacha_block(c, block);
		for (size_t i = 0; i < n; i++)
			dst[i] = src[i] ^ block[i];
	}
	explicit_bzero(block, sizeof(block));
}
