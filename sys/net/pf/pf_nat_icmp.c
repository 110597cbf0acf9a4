/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Undoing translation in what an ICMP error quotes.
 *
 * Its receiver compares the quoted packet with what it has sent: addresses,
 * ports or id, sequence number, and some look at the checksums too.  Every
 * change mends three sums: of the quoted IP header, of the quoted transport,
 * and of the error itself.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/pf/pf.h>
#include <net/pf/pf_nat.h>
#include <net/pf/pf_track.h>
#include <netinet/in.h>

/* n bytes at off of the quote become `to'. */
static bool
pf_quote_put(struct pf_desc *pd, uint32_t off, const void *to, uint32_t n)
{
	return (pf_patch(pd, off, to, n, pd->off + 2, false));
}

/* Something that the quoted transport's checksum covers has changed. */
static bool
pf_quote_sum(struct pf_desc *pd, struct pf_quote *q, const void *from,
    const void *to, uint32_t n)
{
	uint32_t off = q->off;

	if (!q->has_cksum || (q->proto == IPPROTO_UDP && q->cksum == 0))
		return (true);
	q->cksum = pf_sum_shift(q->cksum, from, to, n);
	if (q->proto == IPPROTO_TCP)
		off += 16;
	else
		off += q->proto == IPPROTO_UDP ? 6 : 2;
	return (pf_quote_put(pd, off, &q->cksum, sizeof(q->cksum)));
}

static bool
pf_quote_addr(struct pf_desc *pd, struct pf_quote *q, unsigned int end,
    const struct ip_addr *to)
{
	const struct ip_addr *from = &q->ends.addr[end];
	bool v4 = q->af == AF_INET;
	uint32_t n = v4 ? 4 : 16, at = q->ip_off + (v4 ? 12 : 8) + n * end;
	uint16_t sum;

	if (ip_addr_eq(from, to))
		return (true);
	if (!pf_quote_put(pd, at, to->b, n))
		return (false);
	if (v4) {
		if (m_copydata(pd->m, q->ip_off + 10, 2, &sum) != 0)
			return (false);
		sum = pf_sum_shift(sum, from->b, to->b, 4);
		if (!pf_quote_put(pd, q->ip_off + 10, &sum, 2))
			return (false);
	}
	/* ICMP of IPv4 is the one that knows nothing of addresses. */
	return (
	    q->proto == IPPROTO_ICMP || pf_quote_sum(pd, q, from->b, to->b, n));
}

static bool
pf_quote_port(struct pf_desc *pd, struct pf_quote *q, unsigned int end,
    uint16_t port)
{
	uint16_t from = htons(q->ends.port[end]), to = htons(port);
	uint32_t off = q->off + 2 * end;

	if (from == to)
		return (true);
	if (q->proto == IPPROTO_ICMP || q->proto == IPPROTO_ICMPV6)
		off = q->off + 4; /* the id */
	else if (q->proto != IPPROTO_TCP && q->proto != IPPROTO_UDP)
		return (true);
	return (pf_quote_put(pd, off, &to, 2) &&
	    pf_quote_sum(pd, q, &from, &to, 2));
}

/* The sequence number that `modulate state' made is the sender's again. */
static bool
pf_quote_seq(struct pf_desc *pd, struct pf_quote *q)
{
	const struct pf_peer *src = pf_state_forth(pd->st, pd->af, pd->dir) ?
	    &pd->st->dst :
	    &pd->st->src;
	uint32_t from = htonl(q->seq), to = htonl(q->seq - src->seqdiff);

	if (q->proto != IPPROTO_TCP || src->seqdiff == 0)
		return (true);
	return (pf_quote_put(pd, q->off + 4, &to, 4) &&
	    pf_quote_sum(pd, q, &from, &to, 4));
}

static bool
pf_quote_write(struct pf_desc *pd, struct pf_quote *q,
    const struct pf_ends *now)
{
	for (unsigned int e = 0; e < 2; e++)
		if (!pf_quote_addr(pd, q, e, &now->addr[e]) ||
		    !pf_quote_port(pd, q, e, now->port[e]))
			return (false);
	return (pf_quote_seq(pd, q));
}

enum pf_verdict
pf_nat_error(struct pf_desc *pd)
{
	struct pf_quote q;
	struct pf_ends back, now;
	sa_family_t af = pd->af;

	pd->reason = PFRES_MEMORY;
	if (pf_quote_read(pd->m, pd->af, pd->off + 8, &q) != 0)
		return (PF_DROP);
	pf_state_otherside(pd->st, pd->dir, &af, &back);
	pf_ends_swap(&back, &now);
	if (af != pd->af)
		return (pf_afto_error(pd, &q, &now));
	if (!pf_quote_write(pd, &q, &now) || !pf_nat_addrs(pd))
		return (PF_DROP);
	pd->reason = PFRES_MATCH;
	return (PF_PASS);
}
