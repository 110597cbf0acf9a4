/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ChaCha20 (RFC 8439), block function and stream. */

#ifndef _CRYPTO_CHACHA_H_
#define _CRYPTO_CHACHA_H_

#include <sys/types.h>

struct chacha {
	uint32_t state[16]; /* constants, key, counter, nonce */
};

/* key: 32 bytes, nonce: 12 bytes, counter: first block. */
void chacha_init(struct chacha *c, const uint8_t key[32],
    const uint8_t nonce[12], uint32_t counter);
/* The next 64 bytes of key stream. */
void chacha_block(struct chacha *c, uint8_t out[64]);
/* dst = src xor key stream; whole messages, or multiples of 64 bytes but the last. */
void chacha_xor(struct chacha *c, uint8_t *dst, const uint8_t *src, size_t len);

#endif
