/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ChaCha20: the vectors of RFC 8439, and the random generator made of it. */

#include <sys/systm.h>
#include <crypto/chacha.h>
#include <ktest.h>

static void
hex_is(const uint8_t *got, size_t len, const char *want)
{
	char text[260] = "";

	KT(2 * len < sizeof(text));
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", got[i]);
	KT_STR(text, want);
}

/* RFC 8439, 2.3.2 */
KTEST(chacha_block_of_the_rfc)
{
	static const uint8_t nonce[12] = { 0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0,
		0 };
	uint8_t key[32], out[64];
	struct chacha c;

	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	chacha_init(&c, key, nonce, 1);
	chacha_block(&c, out);
	hex_is(out, sizeof(out),
	    "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
	    "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
	KT_EQ(c.state[12], 2);
}

/* RFC 8439, 2.4.2 */
KTEST(chacha_message_of_the_rfc)
{
	static const char text[] =
	    "Ladies and Gentlemen of the class of '99: If I could offer you "
	    "only one tip for the future, sunscreen would be it.";
	static const uint8_t nonce[12] = { 0, 0, 0, 0, 0, 0, 0, 0x4a, 0, 0, 0,
		0 };
	uint8_t key[32], out[sizeof(text) - 1];
	struct chacha c;

	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	chacha_init(&c, key, nonce, 1);
	chacha_xor(&c, out, (const uint8_t *)text, sizeof(out));
	hex_is(out, sizeof(out),
	    "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b"
	    "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"
	    "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
	    "5af90bbf74a35be6b40b8eedf2785e42874d");
	chacha_init(&c, key, nonce, 1);
	chacha_xor(&c, out, out, sizeof(out));
	KT(memcmp(out, text, sizeof(out)) == 0);
}

/* Each value of a small range comes about as often as the others. */
KTEST(random_is_uniform)
{
	unsigned int count[7] = { 0 };

	for (int i = 0; i < 70000; i++)
		count[arc4random_uniform(7)]++;
	for (int i = 0; i < 7; i++)
		KT(count[i] > 9500 && count[i] < 10500);
	KT_EQ(arc4random_uniform(0), 0);
	KT_EQ(arc4random_uniform(1), 0);
}

/* No byte is given twice, whatever the sizes asked for. */
KTEST(random_does_not_repeat)
{
	static uint64_t seen[4096];
	size_t n = 0;
	uint8_t skip[37];

	while (n < nitems(seen)) {
		arc4random_buf(&seen[n], sizeof(seen[n]));
		for (size_t i = n > 200 ? n - 200 : 0; i < n; i++)
			KT(seen[i] != seen[n]);
		n++;
		arc4random_buf(skip, arc4random_uniform(sizeof(skip)));
	}
}
