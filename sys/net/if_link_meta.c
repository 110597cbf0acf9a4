/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Frames that are not finished.
 *
 * A link says of a frame: the checksum from csum_start on still has to be
 * summed into the place csum_offset behind it, where the pseudo header's sum
 * already stands; and the frame stands for segments of gso_size.  The kernel
 * says M_TCP_CSUM_OUT or M_UDP_CSUM_OUT (the field means nothing) and
 * M_TCP_TSO or M_UDP_GSO.  On the way in the place of the checksum tells the
 * protocol; a checksum that is neither TCP's nor UDP's is finished at once.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_link.h>
#include <net/if_var.h>
#include <machine/host.h>

#define TCP_SUM 16 /* place of the field in its header */
#define UDP_SUM 6

/* Segments of less (TCP: 48 bytes with 40 of options) only multiply work. */
#define GSO_SIZE_MIN 8

#define PROTO_TCP 6
#define PROTO_UDP 17

static uint64_t
sum_bytes(uint64_t sum, const uint8_t *p, uint32_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += be16dec(p);
	if (len > 0)
		sum += (uint64_t)*p << 8;
	return (sum);
}

static uint16_t
sum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)sum);
}

/* Where the IP header of a frame starts, behind at most two tags.  0 or EINVAL. */
static int
link_l3(const struct mbuf *m, uint32_t *l3)
{
	uint8_t buf[2];
	const uint8_t *type;

	for (*l3 = ETHER_HDR_LEN; *l3 <= ETHER_HDR_LEN + 2 * ETHER_VLAN_LEN;
	     *l3 += ETHER_VLAN_LEN) {
		if ((type = m_peek(m, *l3 - 2, 2, buf)) == NULL)
			return (EINVAL);
		if (be16dec(type) == ETHERTYPE_IP ||
		    be16dec(type) == ETHERTYPE_IPV6)
			return (0);
		if (be16dec(type) != ETHERTYPE_VLAN &&
		    be16dec(type) != ETHERTYPE_QINQ)
			return (EINVAL);
	}
	return (EINVAL);
}

/* --- in --- */

/*
 * One contiguous mbuf, as link_rx made it: sums it here and now.  A sum of 0
 * is written as 0xffff, which is the same, but for UDP, where 0 says that
 * there is none (RFC 768).
 */
static void
finish_now(struct mbuf *m, const struct hostif_frame *f)
{
	uint8_t *p = mtod(m, uint8_t *);
	uint16_t sum = (uint16_t)~sum_fold(
	    sum_bytes(0, p + f->csum_start, m->m_len - f->csum_start));

	be16enc(p + f->csum_start + f->csum_offset, sum != 0 ? sum : 0xffff);
}

/* Is the open sum the one of the frame's own transport, not of something inside it? */
static bool
sum_isouter(const struct mbuf *m, const struct hostif_frame *f, uint8_t proto)
{
	struct if_l4 l4;

	return (link_l3(m, &l4.l3) == 0 && if_l4_find(m, l4.l3, &l4) == 0 &&
	    l4.proto == proto && l4.l4 == f->csum_start);
}

static uint32_t
sum_flags(const struct mbuf *m, const struct hostif_frame *f)
{
	if (f->csum_offset == TCP_SUM && sum_isouter(m, f, PROTO_TCP))
		return (M_TCP_CSUM_OUT | M_TCP_CSUM_IN_OK);
	if (f->csum_offset == UDP_SUM && sum_isouter(m, f, PROTO_UDP))
		return (M_UDP_CSUM_OUT | M_UDP_CSUM_IN_OK);
	return (0);
}

/* The flag of a frame that stands for many; 0 when its marks contradict each other. */
static uint32_t
gso_flags(const struct hostif_frame *f, uint32_t sum)
{
	if (f->gso_size < GSO_SIZE_MIN)
		return (0);
	if (f->gso == HOSTIF_GSO_TCP4 || f->gso == HOSTIF_GSO_TCP6)
		return ((sum & M_TCP_CSUM_OUT) != 0 ? M_TCP_TSO : 0);
	return (f->gso == HOSTIF_GSO_UDP && (sum & M_UDP_CSUM_OUT) != 0 ?
		M_UDP_GSO :
		0);
}

int
if_meta_in(struct mbuf *m, const struct hostif_frame *f)
{
	uint32_t flags = 0, gso;

	if ((f->flags & HOSTIF_CSUMOK) != 0)
		flags |= M_TCP_CSUM_IN_OK | M_UDP_CSUM_IN_OK |
		    M_ICMP_CSUM_IN_OK;
	if ((f->flags & HOSTIF_CSUM) != 0) {
		if ((uint32_t)f->csum_start + f->csum_offset + 2 > m->m_len)
			return (EINVAL);
		flags |= sum_flags(m, f);
		if ((flags & M_L4_CSUM_OUT) == 0 && f->gso == HOSTIF_GSO_NONE)
			finish_now(m, f);
	}
	if (f->gso != HOSTIF_GSO_NONE) {
		if ((gso = gso_flags(f, flags)) == 0)
			return (EINVAL);
		flags |= gso;
		m->m_pkthdr.ph_mss = f->gso_size;
	}
	m->m_pkthdr.csum_flags = flags;
	return (0);
}

/* --- out --- */

static uint16_t
pseudo_sum(const struct mbuf *m, const struct if_l4 *w)
{
	uint8_t buf[32];
	bool v6 = w->af == AF_INET6;
	uint32_t len = m->m_pkthdr.len - w->l4, alen = v6 ? 32 : 8;
	const uint8_t *p = m_peek(m, w->l3 + (v6 ? 8 : 12), alen, buf);

	return (sum_fold(sum_bytes((uint64_t)len + w->proto, p, alen)));
}

/* What f says of a frame that stands for many. */
static int
gso_out(const struct mbuf *m, const struct if_l4 *w, struct hostif_frame *f)
{
	uint8_t doff = 0x20; /* UDP's header is two words */

	f->gso_size = m->m_pkthdr.ph_mss;
	f->gso = HOSTIF_GSO_UDP;
	if ((m->m_pkthdr.csum_flags & M_TCP_TSO) != 0) {
		if (m_copydata(m, w->l4 + 12, 1, &doff) != 0)
			return (EINVAL);
		f->gso = w->af == AF_INET6 ? HOSTIF_GSO_TCP6 : HOSTIF_GSO_TCP4;
	}
	f->gso_hdrlen = (uint16_t)(w->l4 + (doff >> 4) * 4U);
	return (f->gso_hdrlen < m->m_pkthdr.len ? 0 : EINVAL);
}

static int
sum_out(struct mbuf **mp, struct hostif_frame *f)
{
	struct mbuf *m = *mp;
	uint32_t flags = m->m_pkthdr.csum_flags;
	struct if_l4 w;
	uint8_t sum[2];
	uint16_t place = (flags & (M_TCP_CSUM_OUT | M_TCP_TSO)) != 0 ? TCP_SUM :
								       UDP_SUM;

	if (link_l3(m, &w.l3) != 0 || if_l4_find(m, w.l3, &w) != 0 ||
	    w.proto != (place == TCP_SUM ? PROTO_TCP : PROTO_UDP) ||
	    w.l4 + place + 2 > m->m_pkthdr.len)
		return (EINVAL);
	if ((m = *mp = m_makewritable(m, w.l4 + place + 2)) == NULL)
		return (ENOBUFS);
	be16enc(sum, pseudo_sum(m, &w));
	memcpy(m->m_data + w.l4 + place, sum, 2);
	f->flags |= HOSTIF_CSUM;
	f->csum_start = (uint16_t)w.l4;
	f->csum_offset = place;
	return ((flags & M_GSO) != 0 ? gso_out(m, &w, f) : 0);
}

int
if_meta_out(struct mbuf **mp, struct hostif_frame *f)
{
	struct mbuf *m = *mp;
	int error;

	if ((m->m_flags & M_VLANTAG) != 0) {
		f->flags |= HOSTIF_VLAN;
		f->vlan_tci = m->m_pkthdr.ether_vtag;
	}
	if ((m->m_pkthdr.csum_flags &
		(M_TCP_CSUM_OUT | M_UDP_CSUM_OUT | M_GSO)) == 0)
		return (0);
	if ((error = sum_out(mp, f)) != 0) {
		m_freem(*mp);
		*mp = NULL;
	}
	return (error);
}
