/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pf_expect() looks at frames before anybody has judged what is in them: it
 * reads no byte that is not there, and changes nothing.  Read with a
 * sanitizer: every frame here ends where its memory does.
 */

#include <sys/malloc.h>
#include <net/ethernet.h>

#include "pfkit.h"

#define MANY 9000 /* states: with few it does not look at all */

static void
states_make(void)
{
	struct pf_ioc_rule pass = { .action = PFA_PASS, .keep = PF_KEEPSTATE };

	pf_options.limit[PF_LIMIT_STATES] = 0;
	pf_options_apply(&pf_options);
	pk_rule(PF_RS_FILTER, &pass);
	PK_BOTH(af) for (unsigned int i = 0; i < MANY / 2; i++)
	{
		struct pk p = { .af = af,
			.proto = IPPROTO_UDP,
			.src = 1,
			.dst = 2,
			.sport = (uint16_t)(1024 + i),
			.dport = 53 };

		KT(pk_passes(&p, PF_IN));
	}
	KT_EQ(pf_nstates, MANY);
}

static void
bytes_free(char *buf, uint32_t size, void *arg)
{
	free(buf, M_TEMP, size);
}

/* A frame whose memory ends where it does. */
static struct mbuf *
frame_of(const uint8_t *bytes, uint32_t len)
{
	struct mbuf *m = m_gethdr(MT_DATA);
	char *buf = malloc(MAX(len, 1U), M_TEMP, 0);

	KT(m != NULL && buf != NULL);
	memcpy(buf, bytes, len);
	m_extadd(m, buf, MAX(len, 1U), bytes_free, NULL, false);
	m->m_len = m->m_pkthdr.len = len;
	return (m);
}

/* Looked at with n more of its kind; nothing may change. */
static void
expect_frames(const uint8_t *bytes, uint32_t len, unsigned int n)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	uint64_t states = pf_nstates;

	for (unsigned int i = 0; i < n; i++)
		ml_enqueue(&ml, frame_of(bytes, len));
	pf_expect(&ml);
	KT_EQ(ml.ml_len, n);
	for (const struct mbuf *m = ml.ml_head; m != NULL; m = m->m_nextpkt) {
		KT_EQ(m->m_len, len);
		KT_EQ(memcmp(m->m_data, bytes, len), 0);
	}
	KT_EQ(ml_purge(&ml), n);
	KT_EQ(pf_nstates, states);
}

/* A UDP frame of a state there is: its length. */
static uint32_t
frame_write(sa_family_t af, uint8_t out[80])
{
	struct pk p = { .af = af,
		.proto = IPPROTO_UDP,
		.src = 1,
		.dst = 2,
		.sport = 1030,
		.dport = 53,
		.len = 4 };
	struct mbuf *m = pk_make(&p, NULL);
	uint32_t len = m->m_pkthdr.len;

	memset(out, 0, ETHER_HDR_LEN);
	be16enc(out + 12, af == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	KT_EQ(m_copydata(m, 0, len, out + ETHER_HDR_LEN), 0);
	m_freem(m);
	return (ETHER_HDR_LEN + len);
}

KTEST(pf_expect_changes_nothing)
{
	uint8_t frame[80];
	uint32_t len;

	pk_boot();
	states_make();
	PK_BOTH(af)
	{
		len = frame_write(af, frame);
		for (uint32_t n = 0; n <= len; n++)
			expect_frames(frame, n, 3);
		for (unsigned int i = 12; i < 40; i++) { /* what it goes by */
			uint8_t was = frame[i];

			frame[i] ^= 0xff;
			expect_frames(frame, len, 1);
			frame[i] = was;
		}
		expect_frames(frame, len, 100); /* more than it looks at */
	}
	expect_frames(frame, 0, 0);
	pk_states_end();
}

/* The hash that stays with a packet is tried first, and believed of no other key. */
KTEST(pf_expect_hash_is_a_hint)
{
	struct pf_ioc_rule pass = { .action = PFA_PASS, .keep = PF_KEEPSTATE };

	pk_boot();
	pk_rule(PF_RS_FILTER, &pass);
	PK_BOTH(af)
	{
		struct pk p[2] = { { .af = af, .proto = IPPROTO_UDP, .src = 1, .dst = 2, .sport = 1024, .dport = 53 } };
		uint32_t hint[4] = { 0, 1 };

		p[1] = p[0];
		p[1].sport = 1025;
		for (int i = 0; i < 2; i++) {
			struct pf_ends e = { .addr = { pk_host(af, 1), pk_host(af, 2) }, .port = { p[i].sport, 53 } };

			KT(pk_passes(&p[i], PF_IN));
			hint[2 + i] = pf_state_hash(af, IPPROTO_UDP, &e, PF_IN);
		}
		KT_EQ(pf_nstates, 2);
		/* either packet, with no hash, a wrong one, its own, the other's */
		for (int i = 0; i < 8; i++) {
			struct mbuf *m = pk_make(&p[i % 2], NULL);

			m->m_pkthdr.pf.hash = hint[i / 2];
			m = pk_through(m, af, PF_IN);
			KT(m != NULL);
			m_freem(m);
		}
		KT_EQ(pf_nstates, 2);
		KT_EQ(pf_state_after(0)->packets[0], 5);
		KT_EQ(pf_state_after(pf_state_after(0)->id)->packets[0], 5);
		pk_states_end();
	}
}
