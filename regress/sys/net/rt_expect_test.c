/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * rt_expect() looks at frames before anybody has judged what is in them: it
 * reads no byte that is not there, and changes nothing.  Read with a
 * sanitizer: every frame here ends where its memory does.
 */

#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/systm.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <ktest.h>
#include <machine/kernel.h>

#define MANY 5000 /* routes: with few it does not look at all */

static struct ifnet *lo;

static void
routes_make(void)
{
	static const struct kernel_params params = { .hostname = "test" };

	KT_EQ(kernel_boot(&params), 0);
	lo = if_unit("lo0");
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		struct rt_want w = { .af = i < MANY ? AF_INET : AF_INET6,
			.flags = RTF_STATIC | RTF_REJECT,
			.plen = 24,
			.ifp = lo };

		be32enc(w.dst.b, 0x20000000 + (i << 8));
		KT_EQ(rtrequest_add(&w, NULL), 0);
	}
	KT(rtable_large(0, AF_INET) && rtable_large(0, AF_INET6));
	KT(!rtable_large(1, AF_INET) && !rtable_large(0, AF_UNSPEC));
}

static void
bytes_free(char *buf, uint32_t size, void *arg)
{
	free(buf, M_TEMP, size);
}

/* Looked at with n of its kind; nothing may change. */
static void
expect_frames(const uint8_t *bytes, uint32_t len, unsigned int n)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	uint32_t size = MAX(len, 1U);
	struct mbuf *m;
	char *buf;

	for (unsigned int i = 0; i < n; i++) {
		m = m_gethdr(MT_DATA);
		buf = malloc(size, M_TEMP, 0);
		KT(m != NULL && buf != NULL);
		memcpy(buf, bytes, len);
		m_extadd(m, buf, size, bytes_free, NULL, false);
		m->m_len = m->m_pkthdr.len = len;
		ml_enqueue(&ml, m);
	}
	rt_expect(lo, &ml);
	KT_EQ(ml.ml_len, n);
	for (m = ml.ml_head; m != NULL; m = m->m_nextpkt)
		KT(m->m_len == len && memcmp(mtod(m, void *), bytes, len) == 0);
	(void)ml_purge(&ml);
}

KTEST(rt_expect_reads_no_further)
{
	uint8_t frame[64];

	routes_make();
	for (uint32_t len = 0; len <= sizeof(frame); len++)
		for (unsigned int type = 0; type < 3; type++) {
			memset(frame, 0x20, sizeof(frame));
			be16enc(frame + 12, type == 0 ? ETHERTYPE_IP : type == 1 ? ETHERTYPE_IPV6 : ETHERTYPE_ARP);
			expect_frames(frame, len, 3);
		}
	expect_frames(frame, sizeof(frame), 100); /* more than it looks at */
	expect_frames(frame, 0, 0);
}
