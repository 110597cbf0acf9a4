/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Random numbers: ChaCha20 keyed by the host.
 *
 * Each refill makes a pool of key stream whose first bytes become the next
 * key, so what was given out cannot be computed from what is in memory
 * later.  The host is asked again after every megabyte.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <crypto/chacha.h>
#include <machine/host.h>

#define POOL_BYTES   1024
#define KEY_BYTES    44 /* key and nonce */
#define RESEED_BYTES (1 << 20)

static struct {
	uint8_t pool[POOL_BYTES];
	size_t left; /* unused bytes, at the end of pool */
	size_t until_reseed;
	uint8_t key[KEY_BYTES];
} rnd;

static void
pool_refill(void)
{
	struct chacha c;
	uint8_t seed[KEY_BYTES];

	if (rnd.until_reseed < POOL_BYTES) {
		host_random(seed, sizeof(seed));
		for (size_t i = 0; i < KEY_BYTES; i++)
			rnd.key[i] ^= seed[i];
		rnd.until_reseed = RESEED_BYTES;
	}
	chacha_init(&c, rnd.key, rnd.key + 32, 0);
	for (size_t i = 0; i < POOL_BYTES; i += 64)
		chacha_block(&c, rnd.pool + i);
	memcpy(rnd.key, rnd.pool, KEY_BYTES);
	memset(rnd.pool, 0, KEY_BYTES);
	rnd.left = POOL_BYTES - KEY_BYTES;
	rnd.until_reseed -= POOL_BYTES;
	explicit_bzero(&c, sizeof(c));
}

void
arc4random_buf(void *buf, size_t len)
{
	uint8_t *dst = buf, *src;
	size_t n;

	while (len > 0) {
		if (rnd.left == 0)
			pool_refill();
		n = MIN(len, rnd.left);
		src = rnd.pool + POOL_BYTES - rnd.left;
		memcpy(dst, src, n);
		memset(src, 0, n);
		rnd.left -= n;
		dst += n;
		len -= n;
	}
}

uint32_t
arc4random(void)
{
	uint32_t v;

	arc4random_buf(&v, sizeof(v));
	return (v);
}

/* The product's high half; draws that would favour a value are repeated. */
uint32_t
arc4random_uniform(uint32_t bound)
{
	uint64_t product;
	uint32_t least;

	if (bound < 2)
		return (0);
	least = -bound % bound;
	do
		product = (uint64_t)arc4random() * bound;
	while ((uint32_t)product < least);
	return ((uint32_t)(product >> 32));
}
