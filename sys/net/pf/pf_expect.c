/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Frames that just came, before anybody judges them.
 *
 * With millions of states none of them is in a cache: a packet waits for its
 * bucket, then for its state, and nothing else is done meanwhile.  Frames come
 * many at a time, though.  So we go through them before they set out: first
 * every bucket is asked for, then the state in each, then the one behind it
 * where two share a bucket.  When the first frame is judged, its state is
 * nearly there, and so are the others'.
 *
 * The hash stays with the packet and is tried first.  Only hints: a packet that
 * is read wrongly here, or not at all, is slower.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/pf/pf.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_state.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>

#define EXPECT_MAX  32        /* frames at a time */
#define EXPECT_MANY (1 << 13) /* states that no cache holds */

/* The ports at p; they stand in the same place in TCP, UDP and SCTP. */
static bool
expect_ports(uint8_t proto, const uint8_t *p, struct pf_ends *e)
{
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP &&
	    proto != IPPROTO_SCTP)
		return (false);
	e->port[PF_SRC] = (uint16_t)(p[0] << 8 | p[1]);
	e->port[PF_DST] = (uint16_t)(p[2] << 8 | p[3]);
	return (true);
}

static bool
expect_inet(const struct mbuf *m, uint32_t off, uint32_t *hash)
{
	const uint8_t *at = mtod(m, const uint8_t *) + off;
	struct ip ip;
	struct pf_ends e;

	if (m->m_len < off + sizeof(ip) + 4)
		return (false);
	memcpy(&ip, at, sizeof(ip));
	memset(&e, 0, sizeof(e));
	e.addr[PF_SRC].v4 = ip.ip_src;
	e.addr[PF_DST].v4 = ip.ip_dst;
	if (ip.ip_vhl != 0x45 || (ip.ip_off & htons(0x3fff)) != 0 ||
	    !expect_ports(ip.ip_p, at + sizeof(ip), &e))
		return (false);
	*hash = pf_state_hash(AF_INET, ip.ip_p, &e, PF_IN);
	return (true);
}

static bool
expect_inet6(const struct mbuf *m, uint32_t off, uint32_t *hash)
{
	const uint8_t *at = mtod(m, const uint8_t *) + off;
	struct ip6_hdr ip6;
	struct pf_ends e;

	if (m->m_len < off + sizeof(ip6) + 4)
		return (false);
	memcpy(&ip6, at, sizeof(ip6));
	e.addr[PF_SRC] = ip_addr_v6(ip6.ip6_src);
	e.addr[PF_DST] = ip_addr_v6(ip6.ip6_dst);
	if (!expect_ports(ip6.ip6_nxt, at + sizeof(ip6), &e))
		return (false);
	*hash = pf_state_hash(AF_INET6, ip6.ip6_nxt, &e, PF_IN);
	return (true);
}

static bool
expect_frame(const struct mbuf *m, uint32_t *hash)
{
	const uint8_t *at = mtod(m, const uint8_t *);

	if (m->m_len < ETHER_HDR_LEN)
		return (false);
	switch (at[12] << 8 | at[13]) {
	case ETHERTYPE_IP:
		return (expect_inet(m, ETHER_HDR_LEN, hash));
	case ETHERTYPE_IPV6:
		return (expect_inet6(m, ETHER_HDR_LEN, hash));
	default:
		return (false);
	}
}

void
pf_expect(struct mbuf_list *frames)
{
	uint32_t hash[EXPECT_MAX];
	unsigned int n = 0;
	struct mbuf *m;

	if (pf_nstates < EXPECT_MANY)
		return;
	for (m = frames->ml_head; m != NULL && n < nitems(hash);
	     m = m->m_nextpkt)
		if (expect_frame(m, &hash[n])) {
			m->m_pkthdr.pf.hash = hash[n];
			pf_state_fetch_bucket(hash[n++]);
		}
	for (unsigned int i = 0; i < n; i++)
		pf_state_fetch(hash[i]);
	for (unsigned int i = 0; i < n; i++)
		pf_state_fetch_chain(hash[i]);
}
