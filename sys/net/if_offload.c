/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Finishing in software what a link cannot do.
 *
 * The stack sends packets whose checksum is still open and TCP or UDP packets
 * that stand for many.  A link that can takes them so; for another one they
 * are cut and summed here, at the last moment and once.  The arithmetic is
 * netinet's, lent through struct if_offload.  Header offsets below: IPv4 RFC
 * 791 3.1, IPv6 RFC 8200 3 and 4.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_var.h>

#define L2_MAX       (ETHER_HDR_LEN + 2 * ETHER_VLAN_LEN)
#define EXT_MAX      8 /* extension headers in front of a transport */
#define IP4_HLEN_MIN 20
#define IP6_HLEN     40

static const struct if_offload *if_offload;

void
if_offload_register(const struct if_offload *o)
{
	if_offload = o;
}

/* --- where the transport is --- */

static int
l4_find4(const struct mbuf *m, struct if_l4 *l4)
{
	uint8_t buf[IP4_HLEN_MIN];
	const uint8_t *ip = m_peek(m, l4->l3, sizeof(buf), buf);

	if (ip == NULL || (ip[0] & 0xf) < 5 || (be16dec(ip + 6) & 0x3fff) != 0)
		return (EINVAL);
	l4->af = AF_INET;
	l4->proto = ip[9];
	l4->l4 = l4->l3 + (ip[0] & 0xfU) * 4;
	return (0);
}

/* Hop-by-hop (0), routing (43) and destination options (60) stand between. */
static int
l4_find6(const struct mbuf *m, struct if_l4 *l4)
{
	uint8_t buf[8], nxt;
	const uint8_t *p = m_peek(m, l4->l3, 8, buf);

	if (p == NULL)
		return (EINVAL);
	nxt = p[6];
	l4->af = AF_INET6;
	l4->l4 = l4->l3 + IP6_HLEN;
	for (int i = 0; nxt == 0 || nxt == 43 || nxt == 60; i++) {
		if (i == EXT_MAX || (p = m_peek(m, l4->l4, 2, buf)) == NULL)
			return (EINVAL);
		nxt = p[0];
		l4->l4 += (p[1] + 1U) * 8;
	}
	l4->proto = nxt;
	return (0);
}

int
if_l4_find(const struct mbuf *m, uint32_t l3, struct if_l4 *l4)
{
	uint8_t buf;
	const uint8_t *first = m_peek(m, l3, 1, &buf);
	int error;

	if (first == NULL)
		return (EINVAL);
	l4->l3 = l3;
	if (*first >> 4 == 4)
		error = l4_find4(m, l4);
	else
		error = *first >> 4 == 6 ? l4_find6(m, l4) : EINVAL;
	if (error == 0 && l4->l4 > m->m_pkthdr.len)
		error = EINVAL;
	return (error);
}

/* --- finishing --- */

/* What of m's wishes ifp cannot fulfil. */
static uint32_t
offload_missing(const struct ifnet *ifp, const struct mbuf *m, sa_family_t af)
{
	uint32_t want = m->m_pkthdr.csum_flags &
	    (M_IPV4_CSUM_OUT | M_L4_CSUM_OUT | M_GSO);
	uint32_t tso = af == AF_INET ? IFCAP_TSO4 : IFCAP_TSO6;

	if ((ifp->if_caps & IFCAP_CSUM_IPV4) != 0)
		want &= ~(uint32_t)M_IPV4_CSUM_OUT;
	if ((ifp->if_caps & IFCAP_CSUM_L4) != 0)
		want &= ~(uint32_t)(M_TCP_CSUM_OUT | M_UDP_CSUM_OUT);
	if ((ifp->if_caps & tso) != 0)
		want &= ~(uint32_t)M_TCP_TSO;
	if ((ifp->if_caps & IFCAP_USO) != 0)
		want &= ~(uint32_t)M_UDP_GSO;
	return (want);
}

/* Bytes in front of the IP header of a frame of ifp; -1: too many tags, or cut off. */
static int
link_hdrlen(const struct ifnet *ifp, const struct mbuf *m)
{
	uint8_t buf[2];
	const uint8_t *type;
	uint32_t off = ETHER_HDR_LEN - 2;

	if (ifp->if_type != IFT_ETHER && ifp->if_type != IFT_VLAN)
		return (0);
	for (; off + 2 <= L2_MAX; off += ETHER_VLAN_LEN) {
		if ((type = m_peek(m, off, 2, buf)) == NULL)
			return (-1);
		if (be16dec(type) != ETHERTYPE_VLAN &&
		    be16dec(type) != ETHERTYPE_QINQ)
			return ((int)off + 2);
	}
	return (-1);
}

/* Checksum of one IP packet, then its link header again.  NULL: m is gone. */
static struct mbuf *
offload_sum(struct mbuf *m, sa_family_t af, const uint8_t *l2, uint32_t l2len)
{
	if (if_offload->cksum(&m, af) != 0) {
		if (m != NULL)
			m_drop(m, DROP_IF_OFFLOAD);
		return (NULL);
	}
	if (l2len == 0 || (m = m_prepend(m, l2len)) == NULL)
		return (m);
	memcpy(m->m_data, l2, l2len);
	return (m);
}

static void
offload_cut(struct ifnet *ifp, struct mbuf *m, uint32_t l2len,
    struct mbuf_list *ml)
{
	struct mbuf_list cut = MBUF_LIST_INITIALIZER;
	uint16_t flags = m->m_flags & (M_VLANTAG | M_BCAST | M_MCAST),
		 vtag = m->m_pkthdr.ether_vtag;
	uint8_t l2[L2_MAX], buf;
	const uint8_t *first = m_peek(m, l2len, 1, &buf);
	sa_family_t af = first != NULL && *first >> 4 == 6 ? AF_INET6 : AF_INET;
	uint32_t missing = offload_missing(ifp, m, af);

	if (missing == 0) {
		ml_enqueue(ml, m);
		return;
	}
	if (first == NULL || if_offload == NULL ||
	    m_copydata(m, 0, l2len, l2) != 0) {
		m_drop(m, DROP_IF_OFFLOAD);
		return;
	}
	m_adj(m, (int)l2len);
	if ((missing & M_GSO) == 0)
		ml_enqueue(&cut, m);
	else if (if_offload->segment(m, af, &cut) != 0) {
		ifp->if_counters.oerrors++;
		return;
	}
	while ((m = ml_dequeue(&cut)) != NULL) {
		m->m_flags |= flags;
		m->m_pkthdr.ether_vtag = vtag;
		if ((m = offload_sum(m, af, l2, l2len)) == NULL)
			ifp->if_counters.oerrors++;
		else
			ml_enqueue(ml, m);
	}
}

void
if_finish_offload(struct ifnet *ifp, struct mbuf *m, struct mbuf_list *ml)
{
	int l2len;

	if (__predict_true(
		(m->m_pkthdr.csum_flags &
		    (M_IPV4_CSUM_OUT | M_L4_CSUM_OUT | M_GSO)) == 0)) {
		ml_enqueue(ml, m);
		return;
	}
	if ((l2len = link_hdrlen(ifp, m)) == -1) {
		ifp->if_counters.oerrors++;
		m_drop(m, DROP_IF_OFFLOAD);
		return;
	}
	offload_cut(ifp, m, (uint32_t)l2len, ml);
}
