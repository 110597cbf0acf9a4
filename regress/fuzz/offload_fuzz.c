/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Frames whose checksum is open, or that stand for many, with the marks that
 * came beside them from the link:
 *
 *	flags	HOSTIF_*; bit 7: the marks are made to fit the frame
 *	gso, gso_size (2), csum_start (2), csum_offset (2), first
 *	rest	the frame
 *
 * What is accepted is finished in software: the pieces carry all of the
 * payload, none is larger than it may be, and every checksum is right.  It
 * is then described to another link, and routed.
 */

#include <net/if_link.h>
#include <machine/host.h>
#include "fuzz4.h"

/* The sum of the transport of a finished frame with its pseudo header. */
static uint16_t
transport_sum(const uint8_t *p, const struct if_l4 *w, uint32_t end)
{
	uint32_t from = w->l3 + (w->af == AF_INET6 ? 8 : 12), sum;

	sum = w->proto + (end - w->l4);
	for (uint32_t i = from; i < w->l3 + (w->af == AF_INET6 ? 40 : 20); i++)
		sum += (i - from) % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	for (uint32_t i = w->l4; i < end; i++)
		sum += (i - w->l4) % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)sum);
}

/* Payload bytes of a finished piece, whose sums are right. */
static uint32_t
piece_check(struct mbuf *m, uint32_t l3, uint32_t mss)
{
	static uint8_t p[70000];
	struct if_l4 w;
	uint32_t len = m->m_pkthdr.len, hdr = 8;

	KASSERT((m->m_pkthdr.csum_flags & (M_L4_CSUM_OUT | M_GSO)) == 0);
	KASSERT(m_length(m) == len && len <= sizeof(p));
	KASSERT(m_copydata(m, 0, len, p) == 0);
	KASSERT(if_l4_find(m, l3, &w) == 0);
	KASSERT(transport_sum(p, &w, len) == 0xffff);
	if (w.proto == IPPROTO_TCP)
		hdr = (p[w.l4 + 12] >> 4) * 4U;
	KASSERT(w.l4 + hdr <= len || mss == 0);
	KASSERT(mss == 0 || len - w.l4 - hdr <= mss);
	return (len - w.l4 - hdr);
}

/* Where the IP header is; 0: not a frame that the model judges. */
static uint32_t
frame_l3(const uint8_t *p, size_t len)
{
	uint32_t off = 12;

	while (off + 2 <= len &&
	    (be16dec(p + off) == 0x8100 || be16dec(p + off) == 0x88a8))
		off += 4;
	return (off + 2 < len ? off + 2 : 0);
}

/* Does the IP header say that the packet is all of the frame? */
static bool
frame_whole(const uint8_t *p, size_t len, uint32_t l3)
{
	if (p[l3] >> 4 == 4)
		return (len >= l3 + 20 && l3 + be16dec(p + l3 + 2) == len);
	return (len >= l3 + 40 && l3 + 40 + be16dec(p + l3 + 4) == len);
}

static void
finish_check(const struct mbuf *frame, const uint8_t *p, uint32_t l3)
{
	struct mbuf *m = m_dup_pkt(frame, M_HEADROOM), *piece;
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	uint32_t mss = 0, all = 0, want, caps = fuzz_if->if_caps;
	struct if_l4 w;
	bool open;

	if (m == NULL)
		return;
	open = (m->m_pkthdr.csum_flags & (M_L4_CSUM_OUT | M_GSO)) != 0;
	if ((m->m_pkthdr.csum_flags & M_GSO) != 0)
		mss = m->m_pkthdr.ph_mss;
	fuzz_if->if_caps = 0;
	if_finish_offload(fuzz_if, m, &ml);
	fuzz_if->if_caps = caps;
	if (!open || ml_empty(&ml) || l3 == 0 ||
	    !frame_whole(p, frame->m_pkthdr.len, l3)) {
		ml_purge(&ml);
		return;
	}
	KASSERT(if_l4_find(frame, l3, &w) == 0);
	want = frame->m_pkthdr.len - w.l4 -
	    (w.proto == IPPROTO_TCP ? (p[w.l4 + 12] >> 4) * 4U : 8U);
	while ((piece = ml_dequeue(&ml)) != NULL) {
		all += piece_check(piece, l3, mss);
		m_freem(piece);
	}
	KASSERT(all == want);
}

/* What another link is told must lie within the frame. */
static void
meta_check(const struct mbuf *frame)
{
	struct mbuf *m = m_dup_pkt(frame, M_HEADROOM);
	struct hostif_frame f = { .flags = 0 };

	if (m == NULL || if_meta_out(&m, &f) != 0)
		return;
	if ((f.flags & HOSTIF_CSUM) != 0)
		KASSERT(f.csum_start + f.csum_offset + 2U <= m->m_pkthdr.len);
	if (f.gso != HOSTIF_GSO_NONE)
		KASSERT(f.gso_size > 0 && f.gso_hdrlen < m->m_pkthdr.len);
	m_freem(m);
}

/* Marks as a Linux peer would set them, from the frame itself. */
static void
marks_fit(struct hostif_frame *f, const uint8_t *p, size_t len)
{
	uint32_t l3 = frame_l3(p, len);
	bool v6, tcp;

	if (l3 == 0 || len < l3 + 40)
		return;
	v6 = p[l3] >> 4 == 6;
	tcp = p[l3 + (v6 ? 6 : 9)] == IPPROTO_TCP;
	f->flags |= HOSTIF_CSUM;
	f->csum_start = (uint16_t)(l3 + (v6 ? 40 : (p[l3] & 15) * 4));
	f->csum_offset = tcp ? 16 : 6;
	if (f->gso == HOSTIF_GSO_NONE)
		return;
	f->gso = HOSTIF_GSO_UDP;
	if (tcp)
		f->gso = v6 ? HOSTIF_GSO_TCP6 : HOSTIF_GSO_TCP4;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hostif_frame f = { .niov = 1 };
	struct mbuf_list one = MBUF_LIST_INITIALIZER;
	uint8_t flags = 0, gso = 0, first = 0;
	struct cursor c;
	struct mbuf *m;

	fuzz_boot();
	cur_init(&c, data, size);
	cur_u8(&c, &flags);
	cur_u8(&c, &gso);
	cur_u16(&c, &f.gso_size);
	cur_u16(&c, &f.csum_start);
	cur_u16(&c, &f.csum_offset);
	cur_u8(&c, &first);
	f.flags = flags & (HOSTIF_CSUM | HOSTIF_CSUMOK);
	f.gso = gso % 5;
	f.len = (uint32_t)c.left;
	if ((flags & 128) != 0)
		marks_fit(&f, c.p, c.left);
	if (c.left == 0 || (m = fuzz_packet(c.p, c.left, 0)) == NULL)
		return (-1);
	if (if_meta_in(m, &f) != 0) {
		m_freem(m);
		return (0);
	}
	meta_check(m);
	finish_check(m, c.p, frame_l3(c.p, c.left));
	ml_enqueue(&one, m);
	if_input(fuzz_if, &one);
	fuzz_run(100);
	return (0);
}
