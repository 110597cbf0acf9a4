/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * SipHash-2-4: the example of the paper's appendix A, and vectors of its
 * reference implementation (key 00 01 .. 0f, input 00 01 .. of each length).
 */

#include <sys/systm.h>
#include <crypto/siphash.h>
#include <ktest.h>

static const struct siphash_key key = { 0x0706050403020100ULL,
	0x0f0e0d0c0b0a0908ULL };

static const struct {
	size_t len;
	uint64_t want;
} vectors[] = {
	{ 0, 0x726fdb47dd0e0e31ULL },
	{ 1, 0x74f839c593dc67fdULL },
	{ 2, 0x0d6c8009d9a94f5aULL },
	{ 3, 0x85676696d7fb7e2dULL },
	{ 7, 0xab0200f58b01d137ULL },
	{ 8, 0x93f5f5799a932462ULL },
	{ 15, 0xa129ca6149be45e5ULL }, /* the paper's example */
	{ 63, 0x958a324ceb064572ULL },
};

KTEST(siphash_vectors)
{
	uint8_t in[64];

	for (unsigned int i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	for (size_t i = 0; i < nitems(vectors); i++)
		KT_EQ(siphash24(&key, in, vectors[i].len), vectors[i].want);
}

KTEST(siphash_pieces_and_words_agree)
{
	struct siphash_ctx c;
	uint64_t words[5];
	uint8_t in[41];

	arc4random_buf(in, sizeof(in));
	for (size_t len = 0; len <= sizeof(in); len++)
		for (size_t a = 0; a <= len; a++)
			for (size_t b = a; b <= len; b += 3) {
				siphash24_init(&c, &key);
				siphash24_update(&c, in, a);
				siphash24_update(&c, in + a, b - a);
				siphash24_update(&c, in + b, len - b);
				KT_EQ(siphash24_end(&c),
				    siphash24(&key, in, len));
			}
	memcpy(words, in, sizeof(words));
	for (unsigned int n = 0; n <= nitems(words); n++)
		KT_EQ(siphash24_words(&key, words, n),
		    siphash24(&key, words, n * 8));
}
