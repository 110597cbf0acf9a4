/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Hashes: of a v4 and a v6 flow's key, and digests of a packet. */

#include <sys/systm.h>
#include <crypto/digest.h>
#include <crypto/siphash.h>
#include <ktest.h>

static const struct siphash_key key = { 1, 2 };

KBENCH(siphash_16_bytes_inline, 1)
{
	uint64_t w[2] = { 3, 4 };

	for (; n > 0; n--)
		w[0] = siphash24_words(&key, w, 2);
	KT(w[0] != 1);
}

KBENCH(siphash_40_bytes_inline, 1)
{
	uint64_t w[5] = { 3, 4, 5, 6, 7 };

	for (; n > 0; n--)
		w[0] = siphash24_words(&key, w, 5);
	KT(w[0] != 1);
}

KBENCH(siphash_40_bytes, 1)
{
	uint64_t w[5] = { 3, 4, 5, 6, 7 };

	for (; n > 0; n--)
		w[0] = siphash24(&key, w, sizeof(w));
	KT(w[0] != 1);
}

static void
digest_1k(const struct digest *d, unsigned long n)
{
	uint8_t in[1024] = { 0 };

	for (; n > 0; n--)
		digest_once(d, in, sizeof(in), in);
}

KBENCH(md5_1024_bytes, 1)
{
	digest_1k(&digest_md5, n);
}
KBENCH(sha1_1024_bytes, 1)
{
	digest_1k(&digest_sha1, n);
}
KBENCH(sha256_1024_bytes, 1)
{
	digest_1k(&digest_sha256, n);
}

/* What CARP does for each announcement. */
KBENCH(hmac_sha1_36_bytes, 1)
{
	struct hmac_ctx keyed, h;
	uint8_t msg[36] = { 0 };

	hmac_init(&keyed, &digest_sha1, "password", 8);
	kb_start();
	for (; n > 0; n--) {
		h = keyed;
		hmac_update(&h, msg, sizeof(msg));
		hmac_final(&h, msg);
	}
}
