/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Internet checksums (RFC 1071, RFC 1624).
 *
 * The ones-complement sum does not care about byte order nor about the width
 * of the words: a carry out of 64 bits that comes back in at the bottom is
 * worth the same as one out of 16.  So memory is read in words of 8 bytes as
 * they stand, added with end-around carry, and folded to 16 bits only at the
 * end; the folded value is stored as it is.  The one thing that matters is
 * whether a byte stands at an even or odd place of the packet: pieces of a
 * chain with odd lengths are summed alone and swapped.
 *
 * An unfinished sum (M_*_CSUM_OUT) means that the field holds nothing of
 * value.  On input such a packet never was on a wire and counts as good; on
 * its way out in_cksum_finish() computes it for links that cannot.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet6/ip6.h>

static inline uint64_t
add64(uint64_t sum, uint64_t w)
{
	sum += w;
	return (sum + (sum < w));
}

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return (w);
}

uint64_t
in_cksum_bytes(uint64_t sum, const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint64_t last = 0;

	for (; len >= 32; p += 32, len -= 32) {
		sum = add64(sum, load64(p));
		sum = add64(sum, load64(p + 8));
		sum = add64(sum, load64(p + 16));
		sum = add64(sum, load64(p + 24));
	}
	for (; len >= 8; p += 8, len -= 8)
		sum = add64(sum, load64(p));
	if (len == 0)
		return (sum);
	memcpy(&last, p, len);
	return (add64(sum, last));
}

static uint16_t
fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffffU);
	sum = (sum >> 32) + (sum & 0xffffffffU);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return ((uint16_t)sum);
}

uint16_t
in_cksum_fold(uint64_t sum)
{
	return ((uint16_t)~fold(sum));
}

struct cksum_walk {
	uint64_t sum;
	uint32_t done; /* bytes so far: is the next one at an odd place? */
};

static int
cksum_piece(void *arg, const void *p, uint32_t n)
{
	struct cksum_walk *w = arg;
	uint64_t s;

	if (w->done % 2 == 0)
		w->sum = in_cksum_bytes(w->sum, p, n);
	else {
		s = fold(in_cksum_bytes(0, p, n));
		w->sum = add64(w->sum, __builtin_bswap16((uint16_t)s));
	}
	w->done += n;
	return (0);
}

uint64_t
in_cksum_add(uint64_t sum, const struct mbuf *m, uint32_t off, uint32_t len)
{
	struct cksum_walk w = { sum, 0 };

	if (off + len <= m->m_len)
		return (
		    in_cksum_bytes(sum, mtod(m, const uint8_t *) + off, len));
	(void)m_apply(m, off, len, cksum_piece, &w);
	return (w.sum);
}

uint64_t
in_pseudo(sa_family_t af, const struct ip_addr *src, const struct ip_addr *dst,
    uint32_t len, uint8_t proto)
{
	uint64_t sum = 0;

	/* What an IPv4 address does not use is zero and adds nothing. */
	sum = add64(sum, src->q[0]);
	sum = add64(sum, src->q[1]);
	sum = add64(sum, dst->q[0]);
	sum = add64(sum, dst->q[1]);
	sum = add64(sum, htonl(len));
	return (add64(sum, htons(proto)));
}

/*
 * The equation of RFC 1624 gives zero for both zeros of ones-complement; over
 * data that are all zero only the other one verifies, and it does over all.
 */
uint16_t
in_cksum_fixup(uint16_t cksum, uint16_t oldw, uint16_t neww)
{
	uint32_t s = (uint32_t)(uint16_t)~cksum + (uint16_t)~oldw + neww;

	s = (s >> 16) + (s & 0xffff);
	s = (s >> 16) + (s & 0xffff);
	return (s == 0xffff ? 0xffff : (uint16_t)~s);
}

/* One row per transport that has a checksum. */
static const struct cksum_proto {
	uint8_t proto;
	uint8_t field, hdrlen; /* bytes from the transport header */
	bool pseudo4, pseudo6, zero_is_none;
	uint32_t out, ok; /* flags of the packet */
} cksum_protos[] = {
	{ IPPROTO_TCP, 16, 20, true, true, false, M_TCP_CSUM_OUT,
	    M_TCP_CSUM_IN_OK },
	{ IPPROTO_UDP, 6, 8, true, true, true, M_UDP_CSUM_OUT,
	    M_UDP_CSUM_IN_OK },
	{ IPPROTO_ICMP, 2, 4, false, false, false, M_ICMP_CSUM_OUT,
	    M_ICMP_CSUM_IN_OK },
	{ IPPROTO_ICMPV6, 2, 4, false, true, false, M_ICMP_CSUM_OUT,
	    M_ICMP_CSUM_IN_OK },
};

static const struct cksum_proto *
cksum_proto_find(uint8_t proto)
{
	unsigned int i;

	for (i = 0; i < nitems(cksum_protos); i++)
		if (cksum_protos[i].proto == proto)
			return (&cksum_protos[i]);
	return (NULL);
}

/* Source and destination of the header at m_data, which is contiguous. */
static void
cksum_addrs(const struct mbuf *m, sa_family_t af, struct ip_addr *src,
    struct ip_addr *dst)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);
	const struct ip *ip = mtod(m, const struct ip *);

	if (af == AF_INET) {
		*src = ip_addr_v4(ip->ip_src);
		*dst = ip_addr_v4(ip->ip_dst);
	} else {
		*src = ip_addr_v6(ip6->ip6_src);
		*dst = ip_addr_v6(ip6->ip6_dst);
	}
}

static uint64_t
cksum_start(const struct mbuf *m, sa_family_t af, const struct cksum_proto *cp,
    uint32_t len)
{
	struct ip_addr src, dst;

	if (!(af == AF_INET ? cp->pseudo4 : cp->pseudo6))
		return (0);
	cksum_addrs(m, af, &src, &dst);
	return (in_pseudo(af, &src, &dst, len, cp->proto));
}

bool
in_cksum_verify(struct mbuf *m, sa_family_t af, uint8_t proto, uint32_t off,
    uint32_t len)
{
	const struct cksum_proto *cp = cksum_proto_find(proto);

	if (cp == NULL || (m->m_pkthdr.csum_flags & (cp->ok | cp->out)) != 0)
		return (true);
	if (in_cksum_fold(
		in_cksum_add(cksum_start(m, af, cp, len), m, off, len)) != 0)
		return (false);
	m->m_pkthdr.csum_flags |= cp->ok;
	return (true);
}

/* Where the transport of an IPv6 packet begins: 0, or EINVAL. */
static int
cksum_transport6(const struct mbuf *m, uint32_t *off, uint8_t *proto)
{
	uint8_t ext[2];
	unsigned int n;

	if (m_copydata(m, offsetof(struct ip6_hdr, ip6_nxt), 1, proto) != 0)
		return (EINVAL);
	*off = sizeof(struct ip6_hdr);
	for (n = 0; n < 16; n++) {
		if (*proto != IPPROTO_HOPOPTS && *proto != IPPROTO_ROUTING &&
		    *proto != IPPROTO_DSTOPTS)
			return (0);
		if (m_copydata(m, *off, 2, ext) != 0)
			return (EINVAL);
		*proto = ext[0];
		*off += (ext[1] + 1U) * 8;
	}
	return (EINVAL);
}

static int
cksum_transport(const struct mbuf *m, sa_family_t af, uint32_t *off,
    uint32_t *end, uint8_t *proto)
{
	const struct ip *ip = mtod(m, const struct ip *);

	if (af == AF_INET) {
		*off = IP_HLEN(ip);
		*proto = ip->ip_p;
		*end = ntohs(ip->ip_len);
	} else {
		if (cksum_transport6(m, off, proto) != 0)
			return (EINVAL);
		*end = sizeof(struct ip6_hdr) +
		    ntohs(mtod(m, const struct ip6_hdr *)->ip6_plen);
	}
	return (*end <= m->m_pkthdr.len && *off <= *end ? 0 : EINVAL);
}

static int
cksum_finish_l4(struct mbuf **mp, sa_family_t af)
{
	const struct cksum_proto *cp;
	uint32_t off, end;
	uint16_t sum;
	uint8_t proto;

	if (cksum_transport(*mp, af, &off, &end, &proto) != 0 ||
	    (cp = cksum_proto_find(proto)) == NULL || end - off < cp->hdrlen)
		return (EINVAL);
	if ((*mp = m_pullup(*mp, off + cp->hdrlen)) == NULL)
		return (ENOBUFS);
	memset(mtod(*mp, uint8_t *) + off + cp->field, 0, 2);
	sum = in_cksum_fold(in_cksum_add(cksum_start(*mp, af, cp, end - off),
	    *mp, off, end - off));
	if (sum == 0 && cp->zero_is_none)
		sum = 0xffff;
	memcpy(mtod(*mp, uint8_t *) + off + cp->field, &sum, 2);
	return (0);
}

int
in_cksum_finish(struct mbuf **mp, sa_family_t af)
{
	uint32_t flags = (*mp)->m_pkthdr.csum_flags, hlen;
	struct ip *ip;
	int error = 0;

	if ((flags & (M_L4_CSUM_OUT | M_IPV4_CSUM_OUT)) == 0)
		return (0);
	hlen = af == AF_INET ? sizeof(struct ip) : sizeof(struct ip6_hdr);
	if ((*mp)->m_pkthdr.len < hlen)
		return (EINVAL);
	if ((*mp = m_pullup(*mp, hlen)) == NULL)
		return (ENOBUFS);
	if ((flags & M_L4_CSUM_OUT) != 0 &&
	    (error = cksum_finish_l4(mp, af)) != 0)
		return (error);
	if (af == AF_INET && (flags & M_IPV4_CSUM_OUT) != 0) {
		hlen = IP_HLEN(mtod(*mp, struct ip *));
		if (hlen < sizeof(struct ip) || hlen > (*mp)->m_pkthdr.len)
			return (EINVAL);
		if ((*mp = m_pullup(*mp, hlen)) == NULL)
			return (ENOBUFS);
		ip = mtod(*mp, struct ip *);
		ip->ip_sum = 0;
		ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, hlen));
	}
	(*mp)->m_pkthdr.csum_flags &= ~(
	    uint32_t)(M_L4_CSUM_OUT | M_IPV4_CSUM_OUT);
	return (0);
}
