/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Checksums against the plain sum of RFC 1071; segments against the whole. */

#include "lab4.h"

/* The sum as the RFC says it, 16 bits at a time. */
static uint16_t
plain(const uint8_t *p, uint32_t len, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (len % 2 != 0)
		sum += (uint32_t)(p[len - 1] << 8);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

static uint32_t rnd_state = 7;

static uint32_t
rnd(uint32_t n)
{
	rnd_state = rnd_state * 1664525 + 1013904223;
	return ((rnd_state >> 8) % n);
}

KTEST(cksum_bytes_at_every_length_and_alignment)
{
	static uint8_t buf[4200];
	uint32_t i, len, at;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)rnd(256);
	for (at = 0; at < 9; at++)
		for (len = 0; len < 300; len++)
			KT_EQ(ntohs(in_cksum_fold(
				  in_cksum_bytes(0, buf + at, len))),
			    plain(buf + at, len, 0));
	memset(buf, 0xff, sizeof(buf)); /* carries everywhere */
	for (len = 0; len < sizeof(buf); len += 7)
		KT_EQ(ntohs(in_cksum_fold(in_cksum_bytes(0, buf, len))),
		    plain(buf, len, 0));
}

/* A packet in random pieces, odd ones among them. */
KTEST(cksum_chains_cut_anywhere)
{
	static const struct kernel_params params = { .hostname = "cksum" };
	static uint8_t buf[2000];
	struct mbuf *m, *n;
	uint32_t i, k, off, len;

	KT_EQ(kernel_boot(&params), 0);
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)rnd(256);
	for (k = 0; k < 400; k++) {
		m = m_getroom(0, sizeof(buf));
		memcpy(mtod(m, void *), buf, sizeof(buf));
		m->m_len = m->m_pkthdr.len = sizeof(buf);
		for (i = 0; i < k % 9; i++)
			if ((n = m_split(m, 1 + rnd(m->m_pkthdr.len - 1))) !=
			    NULL) {
				m_cat_pkt(m, n);
			}
		off = rnd(500);
		len = rnd(sizeof(buf) - off + 1);
		KT_EQ(ntohs(in_cksum_fold(in_cksum_add(0, m, off, len))),
		    plain(buf + off, len, 0));
		m_freem(m);
	}
}

KTEST(cksum_pseudo_headers)
{
	struct ip_addr s = ip_addr_v4(A4(192, 0, 2, 1)),
		       d = ip_addr_v4(A4(10, 1, 2, 3));
	uint8_t ph4[12] = { 192, 0, 2, 1, 10, 1, 2, 3, 0, 17, 0x12, 0x34 };
	uint8_t ph6[40] = { 0x20, 1, 0xd, 0xb8, [15] = 1, [16] = 0xfe,
		0x80, [31] = 9, [34] = 0x12, [35] = 0x34, [39] = 58 };

	KT_EQ(ntohs(in_cksum_fold(in_pseudo(AF_INET, &s, &d, 0x1234, 17))),
	    plain(ph4, sizeof(ph4), 0));
	s = ip_addr_v6(ph6);
	d = ip_addr_v6(ph6 + 16);
	KT_EQ(ntohs(in_cksum_fold(in_pseudo(AF_INET6, &s, &d, 0x1234, 58))),
	    plain(ph6, sizeof(ph6), 0));
}

/* Mended is as good as computed, over all zeroes too. */
KTEST(cksum_fixup_verifies)
{
	uint16_t w[8], sum, was;
	uint32_t k, i;

	for (k = 0; k < 20000; k++) {
		for (i = 0; i < nitems(w); i++)
			w[i] = k % 3 == 0 ? (rnd(2) != 0 ? 0xffff : 0) :
					    (uint16_t)rnd(65536);
		w[7] = 0;
		sum = in_cksum_fold(in_cksum_bytes(0, w, sizeof(w)));
		was = w[3];
		w[3] = k % 5 == 0 ? 0 : (uint16_t)rnd(65536);
		w[7] = in_cksum_fixup(sum, was, w[3]);
		KT_EQ(in_cksum_fold(in_cksum_bytes(0, w, sizeof(w))), 0);
	}
}

KTEST(cksum_finish_refuses_what_has_no_transport)
{
	static const struct kernel_params params = { .hostname = "cksum" };
	struct pkt p = { .src = A4(10, 0, 0, 1),
		.dst = A4(10, 0, 0, 2),
		.proto = IPPROTO_UDP,
		.len = 7 };
	struct mbuf *m;

	KT_EQ(kernel_boot(&params), 0);
	m = pkt_make(&p);
	m->m_pkthdr.csum_flags = M_UDP_CSUM_OUT;
	KT_EQ(in_cksum_finish(&m, AF_INET), EINVAL);
	m_adj(m, -10);
	KT_EQ(in_cksum_finish(&m, AF_INET), EINVAL);
	KT(m != NULL);
	m_freem(m);
}

/* --- segments --- */

/* Segments of a TCP packet: their payload is its payload, each has a good sum. */
static void
segment_check(sa_family_t af, uint32_t mss, uint32_t payload, uint32_t l4opt)
{
	uint32_t ihl = af == AF_INET ? 20 : 40, hdr = ihl + 20 + l4opt, at = 0,
		 i;
	struct mbuf *m = m_getroom(M_HEADROOM, hdr + payload), *s;
	struct mbuf_list ml;
	uint8_t *p;

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = hdr + payload;
	p = mtod(m, uint8_t *);
	memset(p, 0, hdr);
	p[0] = af == AF_INET ? 0x45 : 0x60;
	p[af == AF_INET ? 9 : 6] = IPPROTO_TCP;
	if (af == AF_INET)
		be16enc(p + 4, 65535); /* the id wraps */
	be32enc(p + ihl + 4, 0xfffffff0);
	p[ihl + 12] = (uint8_t)((20 + l4opt) / 4 << 4);
	p[ihl + 13] = TH_FIN | TH_PUSH | TH_ACK | TH_CWR;
	for (i = 0; i < payload; i++)
		p[hdr + i] = (uint8_t)(i * 7);
	m->m_pkthdr.csum_flags = M_TCP_TSO | M_TCP_CSUM_OUT;
	m->m_pkthdr.ph_mss = (uint16_t)mss;
	KT_EQ(ip_segment(m, af, &ml), 0);
	KT_EQ(ml.ml_len, (payload + mss - 1) / mss);
	for (; (s = ml_dequeue(&ml)) != NULL;
	     at += s->m_pkthdr.len - hdr, m_freem(s)) {
		KT_EQ(in_cksum_finish(&s, af), 0);
		s->m_pkthdr.csum_flags = 0;
		KT((s = m_pullup(s, s->m_pkthdr.len)) != NULL);
		KT(in_cksum_verify(s, af, IPPROTO_TCP, ihl,
		    s->m_pkthdr.len - ihl));
		p = mtod(s, uint8_t *);
		KT_EQ(be32dec(p + ihl + 4), (uint32_t)(0xfffffff0 + at));
		KT_EQ((p[ihl + 13] & TH_FIN) != 0, ml_empty(&ml));
		KT_EQ((p[ihl + 13] & TH_PUSH) != 0, ml_empty(&ml));
		KT_EQ((p[ihl + 13] & TH_CWR) != 0, at == 0);
		if (af == AF_INET) {
			KT_EQ(in_cksum_fold(in_cksum_bytes(0, p, 20)), 0);
			KT_EQ(be16dec(p + 2), s->m_pkthdr.len);
			KT_EQ(be16dec(p + 4), (uint16_t)(65535 + at / mss));
		} else
			KT_EQ(be16dec(p + 4), s->m_pkthdr.len - 40);
		for (i = 0; i < s->m_pkthdr.len - hdr; i++)
			KT_EQ(p[hdr + i], (uint8_t)((at + i) * 7));
	}
	KT_EQ(at, payload);
}

KTEST(segments_are_the_whole)
{
	static const struct kernel_params params = { .hostname = "segment" };

	KT_EQ(kernel_boot(&params), 0);
	segment_check(AF_INET, 1460, 14600, 0);
	segment_check(AF_INET, 1448, 60001, 12);
	segment_check(AF_INET, 1, 17, 40);
	segment_check(AF_INET, 1460, 1, 0);
	segment_check(AF_INET6, 1440, 14400, 0);
	segment_check(AF_INET6, 1428, 60001, 12);
}

KTEST(segments_of_what_makes_no_sense)
{
	static const struct kernel_params params = { .hostname = "segment" };
	struct pkt p = { .src = 1, .dst = 2, .proto = IPPROTO_TCP, .len = 100 };
	struct mbuf_list ml;
	struct mbuf *m;
	uint32_t i;

	KT_EQ(kernel_boot(&params), 0);
	for (i = 0; i < 4; i++) {
		m = pkt_make(&p);
		m->m_pkthdr.csum_flags = M_TCP_TSO;
		m->m_pkthdr.ph_mss = i == 0 ? 0 : 50; /* no size */
		mtod(m, uint8_t *)[32] = i == 1 ? 4 << 4 :
						  5 << 4; /* header of 16 */
		if (i == 2)
			mtod(m, uint8_t *)[9] = IPPROTO_UDP;
		if (i == 3)
			m_adj(m, -80); /* no payload */
		KT_EQ(ip_segment(m, AF_INET, &ml), EINVAL);
		KT(ml_empty(&ml));
	}
	KT_EQ(drop_counts[DROP_IP_CANTSEGMENT], 4);
}
