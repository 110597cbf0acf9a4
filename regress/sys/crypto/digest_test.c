/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Digests and HMAC: the vectors of their RFCs, and pieces against wholes. */

#include <sys/systm.h>
#include <crypto/digest.h>
#include <ktest.h>

static void
hex_is(const uint8_t *got, size_t len, const char *want)
{
	char text[2 * DIGEST_MAX + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", got[i]);
	KT_STR(text, want);
}

struct vector {
	const struct digest *d;
	const char *text;
	unsigned int times;
	const char *want;
};

/* clang-format off */
#define ABC56 "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define D80 "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const struct vector vectors[] = {
	/* RFC 1321, A.5 */
	{ &digest_md5, "", 1, "d41d8cd98f00b204e9800998ecf8427e" },
	{ &digest_md5, "a", 1, "0cc175b9c0f1b6a831c399e269772661" },
	{ &digest_md5, "abc", 1, "900150983cd24fb0d6963f7d28e17f72" },
	{ &digest_md5, "message digest", 1, "f96b697d7cb7938d525a2f31aaf161d0" },
	{ &digest_md5, "abcdefghijklmnopqrstuvwxyz", 1, "c3fcd3d76192e4007dfb496cca67e13b" },
	{ &digest_md5, ALNUM, 1, "d174ab98d277d9f5a5611c2c9f419d9f" },
	{ &digest_md5, D80, 1, "57edf4a22be3c955ac49da2e2107b67a" },
	/* RFC 3174, 7.3 */
	{ &digest_sha1, "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ &digest_sha1, ABC56, 1, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ &digest_sha1, "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
	{ &digest_sha1, "0123456701234567012345670123456701234567012345670123456701234567", 10,
	    "dea356a2cddd90c7a7ecedc5ebb563934f460452" },
	/* RFC 6234, 8.5 */
	{ &digest_sha256, "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ &digest_sha256, ABC56, 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ &digest_sha256, "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ &digest_sha256, "0123456701234567012345670123456701234567012345670123456701234567", 10,
	    "594847328451bdfa85056225462cc1d867d877fb388df0ce35f25ab5562bfbb5" },
	{ &digest_sha256, "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
};
/* clang-format on */

KTEST(digest_vectors_of_the_rfcs)
{
	struct digest_ctx c;
	uint8_t out[DIGEST_MAX];

	for (size_t i = 0; i < nitems(vectors); i++) {
		digest_init(&c, vectors[i].d);
		for (unsigned int n = 0; n < vectors[i].times; n++)
			digest_update(&c, vectors[i].text,
			    strlen(vectors[i].text));
		digest_final(&c, out);
		hex_is(out, vectors[i].d->length, vectors[i].want);
	}
}

/* Every cut of messages around the block size gives what the whole gives. */
KTEST(digest_in_pieces)
{
	static const struct digest *const all[] = { &digest_md5, &digest_sha1,
		&digest_sha256 };
	uint8_t in[200], whole[DIGEST_MAX], out[DIGEST_MAX];
	struct digest_ctx c;

	arc4random_buf(in, sizeof(in));
	for (size_t d = 0; d < nitems(all); d++)
		for (size_t len = 50; len < sizeof(in); len += 7) {
			digest_once(all[d], in, len, whole);
			for (size_t cut = 0; cut <= len; cut++) {
				digest_init(&c, all[d]);
				digest_update(&c, in, cut);
				digest_update(&c, in + cut, len - cut);
				digest_final(&c, out);
				KT(memcmp(out, whole, all[d]->length) == 0);
			}
		}
}

/* --- HMAC: RFC 2202 and RFC 4231; a number for a key means that many bytes
 * of that value --- */
struct hvector {
	const struct digest *d;
	const char *key;
	unsigned int keybyte, keylen;
	const char *data;
	unsigned int databyte, datalen;
	const char *want;
};

/* clang-format off */
#define LARGER "Test Using Larger Than Block-Size Key - Hash Key First"
#define LARGER2 "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"
#define LARGER3 "This is a test using a larger than block-size key and a larger than block-size data. " \
    "The key needs to be hashed before being used by the HMAC algorithm."
static const struct hvector hvectors[] = {
	{ &digest_md5, NULL, 0x0b, 16, "Hi There", 0, 0, "9294727a3638bb1c13f48ef8158bfc9d" },
	{ &digest_md5, "Jefe", 0, 0, "what do ya want for nothing?", 0, 0, "750c783e6ab0b503eaa86e310a5db738" },
	{ &digest_md5, NULL, 0xaa, 16, NULL, 0xdd, 50, "56be34521d144c88dbb8c733f0e8b3f6" },
	{ &digest_md5, NULL, 0xaa, 80, LARGER, 0, 0, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd" },
	{ &digest_md5, NULL, 0xaa, 80, LARGER2, 0, 0, "6f630fad67cda0ee1fb1f562db3aa53e" },
	{ &digest_sha1, NULL, 0x0b, 20, "Hi There", 0, 0, "b617318655057264e28bc0b6fb378c8ef146be00" },
	{ &digest_sha1, "Jefe", 0, 0, "what do ya want for nothing?", 0, 0,
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ &digest_sha1, NULL, 0xaa, 20, NULL, 0xdd, 50, "125d7342b9ac11cd91a39af48aa17b4f63f175d3" },
	{ &digest_sha1, NULL, 0xaa, 80, LARGER, 0, 0, "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
	{ &digest_sha1, NULL, 0xaa, 80, LARGER2, 0, 0, "e8e99d0f45237d786d6bbaa7965c7808bbff1a91" },
	{ &digest_sha256, NULL, 0x0b, 20, "Hi There", 0, 0,
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ &digest_sha256, "Jefe", 0, 0, "what do ya want for nothing?", 0, 0,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ &digest_sha256, NULL, 0xaa, 20, NULL, 0xdd, 50,
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ &digest_sha256, NULL, 0xaa, 131, LARGER, 0, 0,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ &digest_sha256, NULL, 0xaa, 131, LARGER3, 0, 0,
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
};
/* clang-format on */

static const void *
bytes(const char *text, unsigned int byte, unsigned int *len, uint8_t *buf)
{
	if (text != NULL) {
		*len = (unsigned int)strlen(text);
		return (text);
	}
	memset(buf, (int)byte, *len);
	return (buf);
}

KTEST(hmac_vectors_of_the_rfcs)
{
	uint8_t key[131], data[131], out[DIGEST_MAX];
	struct hmac_ctx keyed, h;

	for (size_t i = 0; i < nitems(hvectors); i++) {
		const struct hvector *v = &hvectors[i];
		unsigned int klen = v->keylen, dlen = v->datalen;
		const void *k = bytes(v->key, v->keybyte, &klen, key);
		const void *d = bytes(v->data, v->databyte, &dlen, data);

		hmac_init(&keyed, v->d, k, klen);
		for (int again = 0; again < 2; again++) {
			h = keyed; /* one key, many messages */
			hmac_update(&h, d, dlen / 3);
			hmac_update(&h, (const char *)d + dlen / 3,
			    dlen - dlen / 3);
			hmac_final(&h, out);
			hex_is(out, v->d->length, v->want);
		}
	}
}
