/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Segmentation in software, for links that cannot (M_TCP_TSO, M_UDP_GSO).
 *
 * A large packet stands for segments of ph_mss bytes of payload.  Each gets a
 * copy of all headers and shares its part of the payload.  What changes from
 * one to the next: lengths; the IPv4 identification counts up; TCP's sequence
 * number moves on, FIN and PSH stay with the last, CWR with the first (RFC
 * 3168 6.1.2); checksums are left unfinished for in_cksum_finish(), which the
 * caller runs where the link needs it.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6.h>

#define SEG_HDR_MAX 256

struct seg_plan {
	uint8_t head[SEG_HDR_MAX];
	uint32_t l4, hdrlen; /* where the transport begins and ends */
	uint32_t mss, payload;
	sa_family_t af;
	bool tcp;
};

/* Where the transport of an IPv6 packet begins; 0 when it is not there. */
static uint32_t
seg_l4_inet6(const struct mbuf *m, uint8_t proto)
{
	uint32_t off = sizeof(struct ip6_hdr);
	uint8_t nxt, ext[2];

	if (m_copydata(m, offsetof(struct ip6_hdr, ip6_nxt), 1, &nxt) != 0)
		return (0);
	while (nxt != proto) {
		if ((nxt != IPPROTO_HOPOPTS && nxt != IPPROTO_ROUTING &&
			nxt != IPPROTO_DSTOPTS) ||
		    off > SEG_HDR_MAX || m_copydata(m, off, 2, ext) != 0)
			return (0);
		nxt = ext[0];
		off += (ext[1] + 1U) * 8;
	}
	return (off);
}

static uint32_t
seg_l4_inet(const struct mbuf *m, uint8_t proto)
{
	struct ip ip;

	if (m_copydata(m, 0, sizeof(ip), &ip) != 0 || ip.ip_p != proto ||
	    (uint32_t)IP_HLEN(&ip) < sizeof(ip))
		return (0);
	return (IP_HLEN(&ip));
}

/* Reads the headers.  0 or EINVAL. */
static int
seg_plan_make(const struct mbuf *m, sa_family_t af, struct seg_plan *sp)
{
	uint8_t proto, off;
	uint32_t l4len = sizeof(struct udphdr);

	sp->af = af;
	sp->tcp = (m->m_pkthdr.csum_flags & M_TCP_TSO) != 0;
	proto = sp->tcp ? IPPROTO_TCP : IPPROTO_UDP;
	sp->l4 = af == AF_INET ? seg_l4_inet(m, proto) : seg_l4_inet6(m, proto);
	if (sp->l4 == 0)
		return (EINVAL);
	if (sp->tcp) {
		if (m_copydata(m, sp->l4 + offsetof(struct tcphdr, th_off), 1,
			&off) != 0)
			return (EINVAL);
		l4len = (off >> 4) * 4U;
		if (l4len < sizeof(struct tcphdr))
			return (EINVAL);
	}
	sp->hdrlen = sp->l4 + l4len;
	sp->mss = m->m_pkthdr.ph_mss;
	if (sp->mss == 0 || sp->hdrlen > sizeof(sp->head) ||
	    sp->hdrlen >= m->m_pkthdr.len)
		return (EINVAL);
	sp->payload = m->m_pkthdr.len - sp->hdrlen;
	return (m_copydata(m, 0, sp->hdrlen, sp->head));
}

static void
seg_head_ip(const struct seg_plan *sp, uint8_t *h, uint32_t len, uint32_t nr)
{
	struct ip6_hdr *ip6 = (struct ip6_hdr *)(void *)h;
	struct ip *ip = (struct ip *)(void *)h;

	if (sp->af == AF_INET6) {
		ip6->ip6_plen = htons(sp->hdrlen - sizeof(*ip6) + len);
		return;
	}
	ip->ip_len = htons(sp->hdrlen + len);
	ip->ip_id = htons(ntohs(ip->ip_id) + nr);
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, IP_HLEN(ip)));
}

static void
seg_head_l4(const struct seg_plan *sp, uint8_t *h, uint32_t off, uint32_t len)
{
	struct tcphdr *th = (struct tcphdr *)(void *)(h + sp->l4);
	struct udphdr *uh = (struct udphdr *)(void *)(h + sp->l4);

	if (!sp->tcp) {
		uh->uh_ulen = htons(sizeof(*uh) + len);
		return;
	}
	th->th_seq = htonl(ntohl(th->th_seq) + off);
	if (off + len < sp->payload)
		th->th_flags &= (uint8_t) ~(TH_FIN | TH_PUSH);
	if (off != 0)
		th->th_flags &= (uint8_t)~TH_CWR;
}

/* The segment with payload [off, off+len).  NULL: no memory. */
static struct mbuf *
seg_make(const struct mbuf *m, const struct seg_plan *sp, uint32_t off,
    uint32_t len)
{
	uint32_t l4sum = sp->tcp ? M_TCP_CSUM_OUT : M_UDP_CSUM_OUT;
	struct mbuf *s, *body;

	if ((s = m_getroom(M_HEADROOM, sp->hdrlen)) == NULL)
		return (NULL);
	if (m_dup_pkthdr(s, m) != 0 ||
	    (body = m_copym(m, sp->hdrlen + off, len)) == NULL) {
		m_freem(s);
		return (NULL);
	}
	memcpy(mtod(s, void *), sp->head, sp->hdrlen);
	seg_head_ip(sp, mtod(s, uint8_t *), len, off / sp->mss);
	seg_head_l4(sp, mtod(s, uint8_t *), off, len);
	s->m_len = sp->hdrlen;
	s->m_next = body;
	s->m_pkthdr.len = sp->hdrlen + len;
	s->m_pkthdr.csum_flags = l4sum;
	s->m_pkthdr.ph_mss = 0;
	s->m_flags |= m->m_flags & (M_BCAST | M_MCAST | M_LOOP | M_VLANTAG);
	return (s);
}

int
ip_segment(struct mbuf *m, sa_family_t af, struct mbuf_list *ml)
{
	struct seg_plan sp;
	struct mbuf *s;
	uint32_t off, len;

	ml_init(ml);
	if (seg_plan_make(m, af, &sp) != 0) {
		m_drop(m, DROP_IP_CANTSEGMENT);
		return (EINVAL);
	}
	ipstat_inc(IPS_SWSEGMENTED);
	for (off = 0; off < sp.payload; off += len) {
		len = MIN(sp.mss, sp.payload - off);
		if ((s = seg_make(m, &sp, off, len)) == NULL) {
			ml_purge(ml);
			m_drop(m, DROP_NOBUFS);
			return (ENOBUFS);
		}
		ml_enqueue(ml, s);
		ipstat_inc(IPS_SWSEGMENTS);
	}
	m_freem(m);
	return (0);
}
