/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Packets that pf makes itself: a reset, an acknowledgment, an ICMP error.
 *
 * They speak for the host that was asked: the source is the destination of
 * the packet as it came, before any translation, and so they need no state.
 * PF_TAG_GENERATED lets them out past all rules.  They go by the routing
 * table, but for resets and acknowledgments about a packet that a bridge has:
 * these go back by the link (struct pf_answer).
 *
 * What may have an answer at all is asked in one place, pf_reply_may(), for
 * resets; the ICMP rooms have their own ladder (RFC 1122 3.2.2, RFC 4443 2.4)
 * and rate limit.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_reply.h>
#include <net/pf/pf_rule.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>
#include <netinet/tcp.h>
#include <netinet6/ip6_var.h>

/* What output would fill in, for one that does not go there. */
static int
pf_reply_finish(struct mbuf *m, const struct pf_tcp_reply *r)
{
	struct ip *ip = mtod(m, struct ip *);

	if (r->af == AF_INET) {
		ip->ip_id = ip_randomid();
		ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, sizeof(*ip)));
	} else if (r->ttl == 0)
		mtod(m, struct ip6_hdr *)->ip6_hlim = (uint8_t)ip6_defhlim;
	return (r->to->send(r->to, m));
}

int
pf_reply_tcp(const struct pf_tcp_reply *r)
{
	const struct ip_family *fam = ip_family(r->af);
	uint32_t len = sizeof(struct tcphdr) + (r->mss != 0 ? 4 : 0);
	struct ip_outopts po = { .po_rtable = r->rtable, .po_ifp = r->ifp };
	struct ip_encap e = { .af = r->af,
		.proto = IPPROTO_TCP,
		.ttl = r->ttl,
		.src = r->src,
		.dst = r->dst };
	struct tcphdr *th;
	struct mbuf *m;

	if (fam == NULL || (m = m_getroom(M_HEADROOM, len)) == NULL)
		return (ENOBUFS);
	m->m_len = m->m_pkthdr.len = len;
	th = mtod(m, struct tcphdr *);
	memset(th, 0, len);
	th->th_sport = htons(r->sport);
	th->th_dport = htons(r->dport);
	th->th_seq = htonl(r->seq);
	th->th_ack = htonl(r->ack);
	th->th_off = (uint8_t)(len / 4 << 4);
	th->th_flags = r->flags;
	th->th_win = htons(r->win);
	if (r->mss != 0) {
		const uint8_t opt[4] = { 2, 4, (uint8_t)(r->mss >> 8),
			(uint8_t)r->mss };

		memcpy(th + 1, opt, sizeof(opt));
	}
	m->m_pkthdr.csum_flags = M_TCP_CSUM_OUT;
	m->m_pkthdr.rtableid = (uint16_t)r->rtable;
	m->m_pkthdr.pf.flags = PF_TAG_GENERATED;
	m->m_pkthdr.pf.tag = r->tag;
	if ((m = ip_encap(m, &e)) == NULL)
		return (ENOBUFS);
	return (r->to != NULL ? pf_reply_finish(m, r) : fam->output(m, &po));
}

/* Is it from one host to one host? */
static bool
pf_reply_ends(const struct pf_desc *pd)
{
	const struct ip_addr *src = &pd->was.addr[PF_SRC],
			     *dst = &pd->was.addr[PF_DST];
	const struct rtentry *rt;
	uint32_t from = ntohl(src->v4);

	if ((pd->m->m_flags & (M_BCAST | M_MCAST)) != 0)
		return (false);
	if (pd->af == AF_INET6)
		return (!in6_ismulticast(dst) && !in6_ismulticast(src) &&
		    !ip_addr_iszero(src));
	if (from >= 0xe0000000U || from >> 24 == 0 ||
	    ntohl(dst->v4) >= 0xe0000000U)
		return (false);
	rt = rtable_match(pd->m->m_pkthdr.rtableid, AF_INET, dst);
	return (rt == NULL || (rt->rt_flags & RTF_BROADCAST) == 0);
}

/* Is pd a segment that somebody sent to one host, whole and undamaged? */
static bool
pf_reply_may(const struct pf_desc *pd)
{
	struct mbuf *m = pd->m;

	if (pd->proto != IPPROTO_TCP || pd->frag != 0 || !pf_reply_ends(pd))
		return (false);
	if ((m->m_pkthdr.csum_flags &
		(M_TCP_CSUM_IN_OK | M_TCP_CSUM_OUT | M_TCP_TSO)) != 0)
		return (true);
	return (in_cksum_verify(m, pd->af, IPPROTO_TCP, pd->off,
	    pd->tot_len - pd->off));
}

/* From whom pd went to, back to who sent it. */
static struct pf_tcp_reply
pf_reply_back(const struct pf_desc *pd)
{
	return ((struct pf_tcp_reply){ .af = pd->af,
	    .src = pd->was.addr[PF_DST],
	    .dst = pd->was.addr[PF_SRC],
	    .sport = pd->was.port[PF_DST],
	    .dport = pd->was.port[PF_SRC],
	    .ifp = pd->dir == PF_IN ? pd->ifp : NULL,
	    .rtable = pd->m->m_pkthdr.rtableid,
	    .to = pd->answer });
}

void
pf_reply_rst(struct pf_desc *pd, uint8_t ttl)
{
	const struct tcphdr *th = &pd->hdr.tcp;
	struct pf_tcp_reply r;

	if ((th->th_flags & TH_RST) != 0 || !pf_reply_may(pd))
		return;
	r = pf_reply_back(pd);
	r.ttl = ttl;
	r.flags = TH_RST;
	if ((th->th_flags & TH_ACK) != 0)
		r.seq = ntohl(th->th_ack);
	else {
		r.flags |= TH_ACK;
		r.ack = ntohl(th->th_seq) + pd->p_len +
		    ((th->th_flags & TH_SYN) != 0) +
		    ((th->th_flags & TH_FIN) != 0);
	}
	(void)pf_reply_tcp(&r);
}

void
pf_reply_challenge(struct pf_desc *pd, uint32_t seq, uint32_t ack, uint16_t win)
{
	struct pf_tcp_reply r;

	if (!pf_reply_may(pd))
		return;
	r = pf_reply_back(pd);
	r.flags = TH_ACK;
	r.seq = seq;
	r.ack = ack;
	r.win = win;
	(void)pf_reply_tcp(&r);
}

static void
pf_reply_icmp(struct pf_desc *pd, const struct pf_ioc_rule *c)
{
	struct mbuf *m;

	if (pd->proto == IPPROTO_ICMP || pd->proto == IPPROTO_ICMPV6 ||
	    pd->frag == PF_FRAG_LATER || (m = m_dup_pkt(pd->m, 0)) == NULL)
		return;
	m->m_pkthdr.pf.flags |= PF_TAG_GENERATED;
	if (pd->af == AF_INET)
		icmp_error(m, c->return_icmp_type, c->return_icmp_code, 0);
	else
		icmp6_error(m, c->return_icmp6_type, c->return_icmp6_code, 0);
}

void
pf_reply_block(struct pf_desc *pd, const struct pf_rule *r)
{
	const struct pf_ioc_rule *c = r->ioc;

	if (pd->proto == IPPROTO_TCP &&
	    (r->flags & (PFR_RETURN | PFR_RETURNRST)) != 0)
		pf_reply_rst(pd, c->return_ttl);
	else if ((r->flags & (PFR_RETURN | PFR_RETURNICMP)) != 0)
		pf_reply_icmp(pd, c);
}
