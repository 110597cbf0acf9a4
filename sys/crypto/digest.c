/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the digests have in common: gathering blocks, the padding (a 1 bit,
 * zeros, the length in bits), writing the result; and HMAC.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <crypto/digest.h>

void
digest_init(struct digest_ctx *c, const struct digest *d)
{
	c->d = d;
	c->len = 0;
	memcpy(c->state, d->start, sizeof(c->state));
}

void
digest_update(struct digest_ctx *c, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = c->len % DIGEST_BLOCK, n;

	c->len += len;
	for (; len > 0; p += n, len -= n) {
		if (have == 0 && len >= DIGEST_BLOCK) {
			c->d->block(c->state, p);
			n = DIGEST_BLOCK;
			continue;
		}
		n = MIN(len, DIGEST_BLOCK - have);
		memcpy(c->part + have, p, n);
		if ((have += n) == DIGEST_BLOCK) {
			c->d->block(c->state, c->part);
			have = 0;
		}
	}
}

void
digest_final(struct digest_ctx *c, uint8_t *out)
{
	static const uint8_t pad[DIGEST_BLOCK] = { 0x80 };
	const struct digest *d = c->d;
	uint64_t bits = c->len * 8;
	uint8_t end[8];
	size_t have = c->len % DIGEST_BLOCK;

	bits = d->big ? htobe64(bits) : htole64(bits);
	memcpy(end, &bits, sizeof(end));
	digest_update(c, pad, have < 56 ? 56 - have : 120 - have);
	digest_update(c, end, sizeof(end));
	KASSERT(c->len % DIGEST_BLOCK == 0);
	for (unsigned int i = 0; i < d->length / 4; i++) {
		uint32_t word = d->big ? htonl(c->state[i]) :
					 htole32(c->state[i]);

		memcpy(out + 4 * i, &word, sizeof(word));
	}
	explicit_bzero(c, sizeof(*c));
}

void
digest_once(const struct digest *d, const void *p, size_t len, uint8_t *out)
{
	struct digest_ctx c;

	digest_init(&c, d);
	digest_update(&c, p, len);
	digest_final(&c, out);
}

/* --- HMAC --- */

void
hmac_init(struct hmac_ctx *h, const struct digest *d, const void *key,
    size_t keylen)
{
	uint8_t block[DIGEST_BLOCK] = { 0 };

	if (keylen > DIGEST_BLOCK)
		digest_once(d, key, keylen, block);
	else if (keylen > 0)
		memcpy(block, key, keylen);
	for (size_t i = 0; i < DIGEST_BLOCK; i++)
		block[i] ^= 0x36;
	digest_init(&h->inner, d);
	digest_update(&h->inner, block, sizeof(block));
	for (size_t i = 0; i < DIGEST_BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	digest_init(&h->outer, d);
	digest_update(&h->outer, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
}

void
hmac_update(struct hmac_ctx *h, const void *p, size_t len)
{
	digest_update(&h->inner, p, len);
}

void
hmac_final(struct hmac_ctx *h, uint8_t *out)
{
	const unsigned int length = h->outer.d->length;

	digest_final(&h->inner, out);
	digest_update(&h->outer, out, length);
	digest_final(&h->outer, out);
}
