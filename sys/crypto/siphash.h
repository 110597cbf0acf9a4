/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * SipHash-2-4 (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012):
 * 64 bits that nobody can steer who does not know the key.  For hash tables
 * whose keys come from the network.
 */

#ifndef _CRYPTO_SIPHASH_H_
#define _CRYPTO_SIPHASH_H_

#include <sys/types.h>

/* Fill with arc4random_buf(). */
struct siphash_key {
	uint64_t k0, k1;
};

struct siphash_ctx {
	uint64_t v[4];
	uint64_t tail; /* bytes not yet mixed in, the first one lowest */
	uint64_t len;
};

/* In pieces; the result is that of the pieces put together. */
void siphash24_init(struct siphash_ctx *c, const struct siphash_key *key);
void siphash24_update(struct siphash_ctx *c, const void *p, size_t len);
uint64_t siphash24_end(struct siphash_ctx *c);

/* In one. */
uint64_t siphash24(const struct siphash_key *key, const void *p, size_t len);

/* --- inline --- */

static inline uint64_t
siphash_rotate(uint64_t v, int n)
{
	return (v << n | v >> (64 - n));
}

static inline void
siphash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = siphash_rotate(v[1], 13) ^ v[0];
	v[3] = siphash_rotate(v[3], 16) ^ v[2];
	v[0] = siphash_rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = siphash_rotate(v[3], 21) ^ v[0];
	v[1] = siphash_rotate(v[1], 17) ^ v[2];
	v[2] = siphash_rotate(v[2], 32);
}

static inline void
siphash_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	siphash_round(v);
	siphash_round(v);
	v[0] ^= word;
}

static inline void
siphash_start(uint64_t v[4], const struct siphash_key *key)
{
	v[0] = key->k0 ^ 0x736f6d6570736575ULL; /* "somepseu" */
	v[1] = key->k1 ^ 0x646f72616e646f6dULL; /* "dorandom" */
	v[2] = key->k0 ^ 0x6c7967656e657261ULL; /* "lygenera" */
	v[3] = key->k1 ^ 0x7465646279746573ULL; /* "tedbytes" */
}

static inline uint64_t
siphash_finish(uint64_t v[4], uint64_t last)
{
	siphash_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		siphash_round(v);
	return (v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/*
 * The same value as siphash24() of the n words' bytes: for keys whose size
 * the compiler knows, so that all of it becomes straight code.
 */
static inline __attribute__((__always_inline__)) uint64_t
siphash24_words(const struct siphash_key *key, const uint64_t *word,
    unsigned int n)
{
	uint64_t v[4];

	siphash_start(v, key);
	for (unsigned int i = 0; i < n; i++)
		siphash_word(v, word[i]);
	return (siphash_finish(v, (uint64_t)n << 59)); /* bytes, modulo 256 */
}

#endif
