/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Cutting an IPv4 packet into fragments (RFC 791 3.2, RFC 1122 3.3.5).
 *
 * Every fragment gets a header of its own in a small mbuf and shares the
 * payload with the packet it was cut from.  The first carries all options,
 * the others those that ask to be copied.  A packet that is a fragment itself
 * is cut the same way: offsets add up and the last piece keeps its MF bit.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>

struct frag_head {
	uint8_t bytes[60];
	uint32_t len;
};

/* The header for a piece that is not the first: options that are copied. */
static void
frag_head_later(const struct mbuf *m, struct frag_head *h)
{
	const struct ip *ip = mtod(m, const struct ip *);
	uint32_t hlen = IP_HLEN(ip);

	memcpy(h->bytes, ip, sizeof(*ip));
	h->len = sizeof(*ip) +
	    ip_optcopy((const uint8_t *)(ip + 1), hlen - sizeof(*ip),
		h->bytes + sizeof(*ip));
	h->bytes[0] = (uint8_t)(4 << 4 | h->len >> 2);
}

/* One fragment: payload [off, off+len) of m behind header h.  NULL: no memory. */
static struct mbuf *
frag_make(struct mbuf *m, const struct frag_head *h, uint32_t off, uint32_t len,
    uint16_t field)
{
	struct mbuf *f, *body;
	struct ip *ip;

	if ((f = m_getroom(M_HEADROOM, h->len)) == NULL)
		return (NULL);
	if (m_dup_pkthdr(f, m) != 0 || (body = m_copym(m, off, len)) == NULL) {
		m_freem(f);
		return (NULL);
	}
	ip = mtod(f, struct ip *);
	memcpy(ip, h->bytes, h->len);
	f->m_len = h->len;
	f->m_next = body;
	f->m_pkthdr.len = h->len + len;
	f->m_pkthdr.csum_flags = 0;
	f->m_flags |= m->m_flags & (M_BCAST | M_MCAST | M_LOOP);
	ip->ip_len = htons(f->m_pkthdr.len);
	ip->ip_off = htons(field);
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, h->len));
	return (f);
}

static int
frag_all(struct mbuf *m, struct mbuf_list *ml, uint32_t mtu)
{
	uint32_t hlen = IP_HLEN(mtod(m, struct ip *)), len, off, room;
	uint16_t field = ntohs(mtod(m, struct ip *)->ip_off), off8;
	struct frag_head h;
	struct mbuf *f;

	memcpy(h.bytes, mtod(m, void *), hlen);
	h.len = hlen;
	for (off = hlen; off < m->m_pkthdr.len; off += len) {
		room = (mtu - h.len) & ~7U;
		len = MIN(room, m->m_pkthdr.len - off);
		off8 = (uint16_t)((field & IP_OFFMASK) + (off - hlen) / 8);
		if (off8 > IP_OFFMASK)
			return (EMSGSIZE);
		if (off + len < m->m_pkthdr.len || (field & IP_MF) != 0)
			off8 |= IP_MF;
		if ((f = frag_make(m, &h, off, len, off8)) == NULL)
			return (ENOBUFS);
		ml_enqueue(ml, f);
		ipstat_inc(IPS_OFRAGMENTS);
		frag_head_later(m, &h);
	}
	return (0);
}

int
ip_fragment(struct mbuf *m, struct mbuf_list *ml, uint32_t mtu)
{
	uint32_t hlen;
	int error;

	ml_init(ml);
	m->m_pkthdr.csum_flags &= ~(uint32_t)M_IPV4_CSUM_OUT;
	if ((error = in_cksum_finish(&m, AF_INET)) != 0) {
		if (m != NULL)
			m_drop(m, DROP_IP_CANTFRAG);
		return (error == ENOBUFS ? ENOBUFS : EMSGSIZE);
	}
	hlen = IP_HLEN(mtod(m, struct ip *));
	if (mtu < hlen + 8)
		error = EMSGSIZE;
	else if ((m = m_pullup(m, hlen)) == NULL)
		return (ENOBUFS);
	else
		error = frag_all(m, ml, mtu);
	if (error == 0)
		m_freem(m);
	else {
		ml_purge(ml);
		m_drop(m, error == ENOBUFS ? DROP_NOBUFS : DROP_IP_CANTFRAG);
	}
	return (error);
}
