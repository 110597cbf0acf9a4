/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * SipHash-2-4 over bytes.
 *
 * The message is a row of little-endian 64-bit words; the last one holds
 * what is left of it, and the length modulo 256 in its highest byte.
 */

#include <sys/systm.h>
#include <crypto/siphash.h>

static inline uint64_t
le64dec(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (v);
}

/* Up to seven bytes, the first one lowest. */
static inline uint64_t
tail_read(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return (v);
}

uint64_t
siphash24(const struct siphash_key *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t v[4], top = (uint64_t)len << 56;

	siphash_start(v, key);
	for (; len >= 8; p += 8, len -= 8)
		siphash_word(v, le64dec(p));
	return (siphash_finish(v, top | tail_read(p, len)));
}

void
siphash24_init(struct siphash_ctx *c, const struct siphash_key *key)
{
	siphash_start(c->v, key);
	c->tail = 0;
	c->len = 0;
}

void
siphash24_update(struct siphash_ctx *c, const void *data, size_t len)
{
	const uint8_t *p = data;
	unsigned int have;

	for (; len > 0; p++, len--) {
		have = (unsigned int)(c->len & 7);
		if (have == 0)
			for (; len >= 8; p += 8, len -= 8, c->len += 8)
				siphash_word(c->v, le64dec(p));
		if (len == 0)
			break;
		c->tail |= (uint64_t)*p << (8 * have);
		c->len++;
		if (have == 7) {
			siphash_word(c->v, c->tail);
			c->tail = 0;
		}
	}
}

uint64_t
siphash24_end(struct siphash_ctx *c)
{
	uint64_t hash = siphash_finish(c->v, c->len << 56 | c->tail);

	explicit_bzero(c, sizeof(*c));
	return (hash);
}
