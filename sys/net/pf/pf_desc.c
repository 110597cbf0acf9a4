/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Reading a packet, once, before anything is decided.
 *
 *	pf_desc_read()	the family's header, then the headers behind it,
 *			then the transport's
 *
 * What cannot be valid ends here, each with its reason: a header that is cut
 * off (short), a chain of headers without end, a fragment that says it is
 * whole, routing type 0 (RFC 5095), TCP flags that exclude each other.
 *
 * Read on: pf.c, which calls this for each packet; pf_quote.c for the packets
 * inside ICMP errors.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_rule.h>
#include <netinet/in.h>

#define EXT_MAX 16 /* extension headers of one packet */

static enum pf_verdict
pf_desc_bad(struct pf_desc *pd, enum pf_reason why)
{
	pd->reason = why;
	return (PF_DROP);
}

/* --- IP headers --- */

/* An option of either family: its kind for a router alert (RFC 2113, RFC
 * 2711), and kinds that only fill. */
static const struct pf_optkinds {
	uint8_t alert, len, fill, filln, end;
} pf_opts4 = { IPOPT_RA, 4, IPOPT_NOP, IPOPT_NOP, IPOPT_EOL },
  pf_opts6 = { 5, 4, 0, 1, 0xff };

/* Are the n bytes of options at off a router alert, and nothing else? */
static bool
pf_desc_alert(const struct mbuf *m, uint32_t off, uint32_t n,
    const struct pf_optkinds *k)
{
	bool alert = false;
	uint8_t h[2];

	for (uint32_t at = 0; at < n; at += h[1]) {
		if (m_copydata(m, off + at, 1, &h[0]) != 0)
			return (false);
		h[1] = 1;
		if (h[0] == k->end)
			break;
		if (h[0] == k->fill)
			continue;
		if (m_copydata(m, off + at + 1, 1, &h[1]) != 0)
			return (false);
		if (k == &pf_opts6)
			h[1] = (uint8_t)MIN(h[1] + 2U, 255U);
		if (h[0] == k->alert && h[1] == k->len)
			alert = true;
		else if (h[0] != k->filln || h[1] < 2)
			return (false);
	}
	return (alert);
}

static enum pf_verdict
pf_desc_inet(struct pf_desc *pd)
{
	const struct ip *ip = mtod(pd->m, const struct ip *);
	uint16_t field = ntohs(ip->ip_off);

	pd->off = IP_HLEN(ip);
	pd->tot_len = ntohs(ip->ip_len);
	if (pd->off < sizeof(*ip) || pd->tot_len < pd->off)
		return (pf_desc_bad(pd, PFRES_SHORT));
	if ((pd->m->m_pkthdr.csum_flags & M_GSO) != 0 ||
	    pd->tot_len > pd->m->m_pkthdr.len)
		pd->tot_len = pd->m->m_pkthdr.len;
	pd->was.addr[PF_SRC] = ip_addr_v4(ip->ip_src);
	pd->was.addr[PF_DST] = ip_addr_v4(ip->ip_dst);
	pd->proto = ip->ip_p;
	pd->ttl = ip->ip_ttl;
	pd->tos = ip->ip_tos;
	pd->options = pd->off > sizeof(*ip);
	pd->alert = pd->options &&
	    pf_desc_alert(pd->m, sizeof(*ip), pd->off - sizeof(*ip), &pf_opts4);
	if ((field & IP_OFFMASK) != 0)
		pd->frag = PF_FRAG_LATER;
	else if ((field & IP_MF) != 0)
		pd->frag = PF_FRAG_FIRST;
	return (pd->proto == IPPROTO_ICMPV6 ? pf_desc_bad(pd, PFRES_NORM) :
					      PF_PASS);
}

static enum pf_verdict
pf_desc_fraghdr(struct pf_desc *pd)
{
	struct ip6_frag fh;

	if (pd->frag != 0)
		return (pf_desc_bad(pd, PFRES_FRAG));
	if (m_copydata(pd->m, pd->off, sizeof(fh), &fh) != 0)
		return (pf_desc_bad(pd, PFRES_SHORT));
	if ((ntohs(fh.ip6f_offlg) & 0xfff8) != 0)
		pd->frag = PF_FRAG_LATER;
	else if ((ntohs(fh.ip6f_offlg) & 1) != 0)
		pd->frag = PF_FRAG_FIRST;
	pd->proto = fh.ip6f_nxt;
	pd->off += sizeof(fh);
	return (PF_PASS);
}

/* An extension header that says its own length; PF_HELD: it is none. */
static enum pf_verdict
pf_desc_ext(struct pf_desc *pd)
{
	uint8_t h[4];

	if (pd->proto != IPPROTO_HOPOPTS && pd->proto != IPPROTO_ROUTING &&
	    pd->proto != IPPROTO_DSTOPTS && pd->proto != IPPROTO_AH)
		return (PF_HELD);
	if (m_copydata(pd->m, pd->off, sizeof(h), h) != 0)
		return (pf_desc_bad(pd, PFRES_SHORT));
	if (pd->proto == IPPROTO_ROUTING && h[2] == 0)
		return (pf_desc_bad(pd, PFRES_IPOPTIONS));
	if (pd->proto != IPPROTO_AH) {
		pd->alert = !pd->options && pd->proto == IPPROTO_HOPOPTS &&
		    pf_desc_alert(pd->m, pd->off + 2, (h[1] + 1U) * 8 - 2,
			&pf_opts6);
		pd->options = true;
	}
	pd->off += pd->proto == IPPROTO_AH ? (h[1] + 2U) * 4 : (h[1] + 1U) * 8;
	pd->proto = h[0];
	return (PF_PASS);
}

static enum pf_verdict
pf_desc_inet6(struct pf_desc *pd)
{
	const struct ip6_hdr *ip6 = mtod(pd->m, const struct ip6_hdr *);
	enum pf_verdict v = PF_PASS;
	unsigned int i;

	pd->off = sizeof(*ip6);
	pd->tot_len = (uint32_t)sizeof(*ip6) + ntohs(ip6->ip6_plen);
	if ((pd->m->m_pkthdr.csum_flags & M_GSO) != 0 ||
	    pd->tot_len > pd->m->m_pkthdr.len)
		pd->tot_len = pd->m->m_pkthdr.len;
	pd->was.addr[PF_SRC] = ip_addr_v6(ip6->ip6_src);
	pd->was.addr[PF_DST] = ip_addr_v6(ip6->ip6_dst);
	pd->proto = ip6->ip6_nxt;
	pd->ttl = ip6->ip6_hlim;
	pd->tos = (uint8_t)(ntohl(ip6->ip6_flow) >> 20);
	for (i = 0; i < EXT_MAX && v == PF_PASS; i++) {
		if (pd->frag == PF_FRAG_LATER)
			return (PF_PASS);
		v = pd->proto == IPPROTO_FRAGMENT ? pf_desc_fraghdr(pd) :
						    pf_desc_ext(pd);
	}
	if (i == EXT_MAX)
		return (pf_desc_bad(pd, PFRES_IPOPTIONS));
	if (v == PF_HELD && pd->proto == IPPROTO_ICMP)
		return (pf_desc_bad(pd, PFRES_NORM));
	return (v == PF_HELD ? PF_PASS : v);
}

/* --- transports --- */

/* Flags that no segment has together (RFC 9293 3.5, and 3.10.7). */
static bool
pf_desc_tcpsane(uint8_t f)
{
	if ((f & TH_SYN) != 0 && (f & (TH_RST | TH_FIN)) != 0)
		return (false);
	if ((f & (TH_SYN | TH_RST | TH_ACK)) == 0)
		return (false);
	return ((f & TH_ACK) != 0 || (f & (TH_FIN | TH_PUSH | TH_URG)) == 0);
}

static enum pf_verdict
pf_desc_tcp(struct pf_desc *pd)
{
	const struct tcphdr *th = &pd->hdr.tcp;
	uint32_t hlen = (th->th_off >> 4) * 4U;

	pd->was.port[PF_SRC] = ntohs(th->th_sport);
	pd->was.port[PF_DST] = ntohs(th->th_dport);
	if (hlen < sizeof(*th) || pd->off + hlen > pd->tot_len)
		return (pf_desc_bad(pd, PFRES_SHORT));
	pd->p_len = pd->tot_len - pd->off - hlen;
	return (pf_desc_tcpsane(th->th_flags) ? PF_PASS :
						pf_desc_bad(pd, PFRES_NORM));
}

static enum pf_verdict
pf_desc_udp(struct pf_desc *pd)
{
	const struct udphdr *uh = &pd->hdr.udp;

	pd->was.port[PF_SRC] = ntohs(uh->uh_sport);
	pd->was.port[PF_DST] = ntohs(uh->uh_dport);
	pd->p_len = pd->tot_len - pd->off - (uint32_t)sizeof(*uh);
	if (pd->was.port[PF_DST] == 0 ||
	    (pd->frag == 0 && (pd->m->m_pkthdr.csum_flags & M_GSO) == 0 &&
		(ntohs(uh->uh_ulen) < sizeof(*uh) ||
		    ntohs(uh->uh_ulen) > pd->tot_len - pd->off)))
		return (pf_desc_bad(pd, PFRES_SHORT));
	return (PF_PASS);
}

/* A chunk at off, which has len bytes with its head. */
static enum pf_verdict
pf_desc_chunk(struct pf_desc *pd, uint32_t off, const uint8_t h[4],
    uint32_t len)
{
	uint8_t tag[4];

	if (h[0] < 16)
		pd->sctp.chunks |= (uint16_t)(1 << h[0]);
	if (h[0] == SCTP_ABORT || h[0] == SCTP_SHUTDOWN_COMPLETE)
		pd->sctp.reflected = (h[1] & 1) != 0;
	if (h[0] != SCTP_INIT && h[0] != SCTP_INIT_ACK)
		return (PF_PASS);
	if (len < 20 || m_copydata(pd->m, off + 4, 4, tag) != 0)
		return (pf_desc_bad(pd, PFRES_SHORT));
	pd->sctp.tag = be32dec(tag);
	return (pd->sctp.tag != 0 ? PF_PASS : pf_desc_bad(pd, PFRES_NORM));
}

/* RFC 9260 3: chunks stand one behind the other; what opens or ends an
 * association stands alone, and only an INIT has the tag 0. */
static enum pf_verdict
pf_desc_sctp(struct pf_desc *pd)
{
	const uint16_t alone = 1 << SCTP_INIT | 1 << SCTP_INIT_ACK |
	    1 << SCTP_SHUTDOWN_COMPLETE;
	uint32_t off = pd->off + sizeof(struct sctphdr), len, n = 0;
	enum pf_verdict v;
	uint8_t h[4];

	pd->was.port[PF_SRC] = ntohs(pd->hdr.sctp.sport);
	pd->was.port[PF_DST] = ntohs(pd->hdr.sctp.dport);
	memset(&pd->sctp, 0, sizeof(pd->sctp));
	for (; off < pd->tot_len; off += (len + 3) & ~3U, n++) {
		if (m_copydata(pd->m, off, sizeof(h), h) != 0 ||
		    (len = be16dec(h + 2)) < sizeof(h) ||
		    (len > pd->tot_len - off && pd->frag == 0))
			return (pf_desc_bad(pd, PFRES_SHORT));
		if ((v = pf_desc_chunk(pd, off, h, len)) != PF_PASS)
			return (v);
	}
	if (n == 0)
		return (pf_desc_bad(pd, PFRES_SHORT));
	if (pd->was.port[PF_SRC] == 0 || pd->was.port[PF_DST] == 0 ||
	    ((pd->sctp.chunks & alone) != 0 && n > 1) ||
	    (pd->hdr.sctp.vtag == 0) !=
		((pd->sctp.chunks & 1 << SCTP_INIT) != 0))
		return (pf_desc_bad(pd, PFRES_NORM));
	return (PF_PASS);
}

/* Queries have ports: the id with who asks, the type asked with who answers. */
struct pf_query {
	uint8_t ask, answer;
};
static const struct pf_query pf_queries4[] = {
	{ ICMP_ECHO, ICMP_ECHOREPLY },
	{ ICMP_TSTAMP, ICMP_TSTAMPREPLY },
	{ 15, 16 }, /* information */
	{ ICMP_MASKREQ, ICMP_MASKREPLY },
};
static const struct pf_query pf_queries6[] = {
	{ ICMP6_ECHO_REQUEST, ICMP6_ECHO_REPLY },
};

/* The query that the type asks or answers.  NULL: none. */
static const struct pf_query *
pf_query_of(sa_family_t af, uint8_t type)
{
	const struct pf_query *q = af == AF_INET ? pf_queries4 : pf_queries6;
	unsigned int n = af == AF_INET ? nitems(pf_queries4) :
					 nitems(pf_queries6);

	for (; n-- > 0; q++)
		if (type == q->ask || type == q->answer)
			return (q);
	return (NULL);
}

bool
pf_query_ports(sa_family_t af, uint8_t type, uint16_t id, uint16_t port[2])
{
	const struct pf_query *q = pf_query_of(af, type);

	port[PF_SRC] = 0;
	port[PF_DST] = type;
	if (q == NULL)
		return (false);
	port[type == q->answer] = id;
	port[type == q->ask] = q->ask;
	return (true);
}

enum pf_role
pf_query_role(sa_family_t af, uint8_t type)
{
	const struct pf_query *q = pf_query_of(af, type);

	return (q == NULL ? PF_TELLS : type == q->ask ? PF_ASKS : PF_ANSWERS);
}

/* Messages about neighbours and groups have not passed a router: what they may
 * look like (RFC 4861 6.1, 7.1; RFC 2710 3, RFC 3590 4, RFC 3810 5). */
static bool
pf_desc_onlink(const struct pf_desc *pd, uint8_t type)
{
	const struct ip_addr *src = &pd->was.addr[PF_SRC];

	if (type >= ND_ROUTER_SOLICIT && type <= ND_REDIRECT)
		return (pd->ttl == 255);
	if (pf_desc_ismld(pd))
		return (pd->ttl == 1 &&
		    (in6_islinklocal(src) || ip_addr_iszero(src)));
	return (true);
}

static enum pf_verdict
pf_desc_icmp(struct pf_desc *pd)
{
	bool v4 = pd->af == AF_INET;
	uint8_t type = pd->hdr.icmp.icmp_type;

	pd->p_len = pd->tot_len - pd->off - 8;
	pd->icmp_error = pf_icmp_iserror(pd->af, type);
	(void)pf_query_ports(pd->af, type, ntohs(pd->hdr.icmp.icmp_id),
	    pd->was.port);
	return (v4 || pf_desc_onlink(pd, type) ? PF_PASS :
						  pf_desc_bad(pd, PFRES_NORM));
}

static const struct pf_transport {
	uint8_t proto, len;
	enum pf_verdict (*read)(struct pf_desc *pd);
} pf_transports[] = {
	{ IPPROTO_TCP, sizeof(struct tcphdr), pf_desc_tcp },
	{ IPPROTO_UDP, sizeof(struct udphdr), pf_desc_udp },
	{ IPPROTO_ICMP, 8, pf_desc_icmp },
	{ IPPROTO_ICMPV6, 8, pf_desc_icmp },
	{ IPPROTO_SCTP, sizeof(struct sctphdr), pf_desc_sctp },
};

static enum pf_verdict
pf_desc_transport(struct pf_desc *pd)
{
	const struct pf_transport *t;

	pd->p_len = pd->tot_len > pd->off ? pd->tot_len - pd->off : 0;
	if (pd->frag == PF_FRAG_LATER) {
		memset(&pd->hdr, 0, sizeof(pd->hdr)); /* there is none */
		return (PF_PASS);
	}
	for (t = pf_transports; t < pf_transports + nitems(pf_transports); t++)
		if (t->proto == pd->proto) {
			if (pd->off + t->len > pd->tot_len ||
			    m_copydata(pd->m, pd->off, t->len, &pd->hdr) != 0)
				return (pf_desc_bad(pd, PFRES_SHORT));
			return (t->read(pd));
		}
	return (PF_PASS);
}

static enum pf_verdict
pf_desc_ip(struct pf_desc *pd, struct ifnet *ifp, struct mbuf *m,
    sa_family_t af, enum pf_dir dir)
{
	uint32_t need = af == AF_INET ? sizeof(struct ip) :
					sizeof(struct ip6_hdr);

	memset(pd, 0, offsetof(struct pf_desc, hdr));
	memset(&pd->reason, 0, sizeof(*pd) - offsetof(struct pf_desc, reason));
	pd->m = m;
	pd->ifp = ifp;
	pd->kif = pf_kif_of(ifp);
	pd->dir = dir;
	pd->af = pd->naf = af;
	pd->rule = &pf_default_rule;
	pd->acts.rtable = -1;
	if (m->m_pkthdr.len < need)
		return (pf_desc_bad(pd, PFRES_SHORT));
	if (pd->kif == NULL ||
	    ((m->m_len < need || !m_writable(m)) &&
		(pd->m = m = m_makewritable(m, MIN(m->m_pkthdr.len, 128))) ==
		    NULL))
		return (pf_desc_bad(pd, PFRES_MEMORY));
	return (af == AF_INET ? pf_desc_inet(pd) : pf_desc_inet6(pd));
}

enum pf_verdict
pf_desc_read(struct pf_desc *pd, struct ifnet *ifp, struct mbuf *m,
    sa_family_t af, enum pf_dir dir)
{
	enum pf_verdict v = pf_desc_ip(pd, ifp, m, af, dir);

	if (v == PF_PASS)
		v = pf_desc_transport(pd);
	pd->now = pd->was;
	return (v);
}

enum pf_verdict
pf_desc_fragment(struct pf_desc *pd, struct ifnet *ifp, struct mbuf *m,
    sa_family_t af, enum pf_dir dir)
{
	enum pf_verdict v = pf_desc_ip(pd, ifp, m, af, dir);

	pd->now = pd->was;
	return (v);
}
