/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Digests: MD5 (RFC 1321), SHA-1 (RFC 3174), SHA-256 (RFC 6234), and HMAC
 * (RFC 2104) over any of them.  See crypto(9).
 *
 * All three take 64-byte blocks, 32-bit words and a closing length; they
 * differ in a row of struct digest.
 */

#ifndef _CRYPTO_DIGEST_H_
#define _CRYPTO_DIGEST_H_

#include <sys/types.h>

#define DIGEST_BLOCK  64
#define DIGEST_MAX    32 /* bytes of the longest result */
#define MD5_LENGTH    16
#define SHA1_LENGTH   20
#define SHA256_LENGTH 32

struct digest {
	const char *name;    /* "md5", "sha1", "sha256" */
	unsigned int length; /* bytes of the result */
	bool big;            /* words in network order */
	uint32_t start[8];
	void (*block)(uint32_t state[8], const uint8_t in[DIGEST_BLOCK]);
};
extern const struct digest digest_md5, digest_sha1, digest_sha256;

struct digest_ctx {
	const struct digest *d;
	uint64_t len; /* bytes so far */
	uint32_t state[8];
	uint8_t part[DIGEST_BLOCK]; /* len % 64 bytes of an unfinished block */
};

/* Nothing here fails or allocates. */
void digest_init(struct digest_ctx *c, const struct digest *d);
void digest_update(struct digest_ctx *c, const void *p, size_t len);
/* Writes d->length bytes; the context is wiped. */
void digest_final(struct digest_ctx *c, uint8_t *out);
/* All of it in one. */
void digest_once(const struct digest *d, const void *p, size_t len,
    uint8_t *out);

/*
 * HMAC.  The key is taken in once; a context may then be copied for each
 * message, which saves half of the work on short ones.
 */
struct hmac_ctx {
	struct digest_ctx inner, outer;
};
void hmac_init(struct hmac_ctx *h, const struct digest *d, const void *key,
    size_t keylen);
void hmac_update(struct hmac_ctx *h, const void *p, size_t len);
/* Writes d->length bytes; the context is wiped.  Compare with timingsafe_bcmp(). */
void hmac_final(struct hmac_ctx *h, uint8_t *out);

#endif
