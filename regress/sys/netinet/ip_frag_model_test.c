/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv4 reassembly against the algorithm of RFC 815 section 3, written down as
 * it stands there: a list of holes, here an array.  Fragments overlap at
 * random and lie about their content and about the end; what comes out must
 * be the model's bytes, at the very fragment at which the model is complete.
 *
 * The RFC leaves open who wins and what a second end means.  Here the first
 * byte at a place stays, and a fragment that contradicts what is known about
 * the end kills the datagram.
 */

#include <sys/systm.h>
#include <sys/drop.h>
#include <sys/mbuf.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <ktest.h>
#include <machine/kernel.h>

#define DGRAM_MAX  1600
#define NEVER_ENDS 100000U
#define HLEN       20
#define ROUNDS     4000

struct hole {
	uint32_t first, last; /* both belong to it */
};
static struct hole holes[DGRAM_MAX];
static unsigned int nholes;
static uint32_t model_end; /* 0: not known */
static uint32_t model_top; /* behind the last byte that came */
static uint8_t model[DGRAM_MAX];
static bool model_dead;

static uint64_t state;

static uint32_t
draw(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return ((uint32_t)(state >> 33) % n);
}

static void
model_reset(void)
{
	holes[0] = (struct hole){ 0, NEVER_ENDS };
	nholes = 1;
	model_end = model_top = 0;
	model_dead = false;
}

static bool
model_contradicts(uint32_t off, uint32_t len, bool more)
{
	if (model_end != 0)
		return (more ? off + len > model_end : off + len != model_end);
	return (!more && off + len < model_top);
}

/* Steps 2 to 6 of the RFC for the hole at i; it is off the list already. */
static void
model_fill(struct hole h, uint32_t first, uint32_t last, bool more,
    const uint8_t *bytes)
{
	for (uint32_t i = MAX(h.first, first); i <= MIN(h.last, last); i++)
		model[i] = bytes[i - first];
	if (first > h.first)
		holes[nholes++] = (struct hole){ h.first, first - 1 };
	if (last < h.last && more)
		holes[nholes++] = (struct hole){ last + 1, h.last };
}

static void
model_add(uint32_t off, uint32_t len, bool more, const uint8_t *bytes)
{
	uint32_t last = off + len - 1;
	struct hole old[DGRAM_MAX];
	unsigned int n = nholes;

	if (model_dead || (model_dead = model_contradicts(off, len, more)))
		return;
	memcpy(old, holes, n * sizeof(old[0]));
	nholes = 0;
	for (unsigned int i = 0; i < n; i++) {
		if (off > old[i].last || last < old[i].first) {
			if (more || old[i].last != NEVER_ENDS)
				holes[nholes++] = old[i];
			else if (last >= old[i].first) /* ends in it */
				holes[nholes++] = old[i];
			continue;
		}
		model_fill(old[i], off, last, more, bytes);
	}
	if (!more)
		model_end = off + len;
	model_top = MAX(model_top, off + len);
}

/* --- the kernel --- */

static struct mbuf *
fragment_put(uint32_t id, uint32_t off, uint32_t len, bool more,
    const uint8_t *bytes)
{
	struct ip_frag f = { .af = AF_INET,
		.id = id,
		.proto = 253,
		.off = off,
		.len = len,
		.hdrlen = HLEN,
		.more = more };
	struct mbuf *m = m_getroom(M_HEADROOM, HLEN + len), *n;
	uint8_t *p;

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = HLEN + len;
	p = mtod(m, uint8_t *);
	memset(p, 0, HLEN);
	p[0] = 0x45;
	memcpy(p + HLEN, bytes, len);
	f.src.b[0] = 1;
	if (len > 8 && draw(4) == 0 &&
	    (n = m_split(m, HLEN + draw(len))) != NULL)
		m_cat_pkt(m, n);
	return (ip_reass(m, &f));
}

static void
whole_check(struct mbuf *m)
{
	static uint8_t got[HLEN + DGRAM_MAX];

	KT_EQ(m->m_pkthdr.len, HLEN + model_end);
	KT_EQ(m_length(m), m->m_pkthdr.len);
	KT_EQ(m_copydata(m, 0, m->m_pkthdr.len, got), 0);
	KT_EQ(in_cksum_fold(in_cksum_bytes(0, got, HLEN)), 0);
	for (uint32_t i = 0; i < model_end; i++)
		if (got[HLEN + i] != model[i])
			KT_EQ(got[HLEN + i], model[i]);
	m_freem(m);
}

/* One datagram of len bytes until it is whole, or given up.  Was it whole? */
static bool
round_run(uint32_t id, uint32_t len, uint32_t largest, bool lies)
{
	static uint8_t bytes[DGRAM_MAX];
	struct mbuf *m;

	model_reset();
	for (int tries = 0; tries < 600; tries++) {
		uint32_t off = draw((len + 7) / 8) * 8,
			 n = (1 + draw(largest)) * 8;
		bool more;

		n = MIN(n, len - off);
		more = off + n < len || (lies && draw(50) == 0);

		if (more && n % 8 != 0)
			continue;
		if (lies && draw(100) == 0)
			more = false; /* another end */
		if (off == 0 && !more)
			continue; /* whole in itself: RFC 6946 */
		for (uint32_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)draw(256);
		model_add(off, n, more, bytes);
		m = fragment_put(id, off, n, more, bytes);
		KT((m != NULL) == (!model_dead && nholes == 0));
		if (m == NULL)
			continue;
		whole_check(m);
		return (true);
	}
	return (false);
}

KTEST(frag_overlaps_at_random_are_as_rfc815_says)
{
	static const struct kernel_params params = { .hostname = "frag" };
	unsigned int wholes = 0;
	uint32_t len, largest;

	KT_EQ(kernel_boot(&params), 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		state = i * 0x9e3779b97f4a7c15ULL + 1;
		len = 9 + draw(DGRAM_MAX - 9);
		largest = 1 + draw(i % 2 == 0 ? 8 : 100);
		wholes += round_run(i, len, largest, i % 4 == 3);
		if (i % 16 == 0)
			ip_frag_flush();
	}
	KT(wholes > ROUNDS / 2);
	ip_frag_flush();
	KT_EQ(ip_frag_held(), 0);
}
