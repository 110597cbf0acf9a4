/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Fragments become packets before rules see them.
 *
 * The work is done by the stack's own reassembly, so there is one place that
 * holds fragments, whoever they are for; those that leave apart from those that
 * come in, and by each interface for itself, since a bridge sends copies by
 * several.  What pf adds: packets that are only passing are put together as
 * well, IPv4 fragments that forbid fragmentation (DF) are refused unless
 * `no-df' says otherwise, and a packet that is still a fragment after it was
 * put together is dropped.
 *
 * `set reassemble' says whether fragments are put together; with scrub rules
 * in force they say it for each: the first that fits a fragment.
 *
 * Read on: netinet/ip_frag.c; ip6_output.c for the way out.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/drop.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/pf/pf.h>
#include <net/pf/pf_frag.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_rule.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6_var.h>

#define FRAG_EXT_MAX 16

static enum pf_verdict
pf_frag_refuse(struct mbuf **mp, sa_family_t af)
{
	m_drop(*mp, af == AF_INET ? DROP_IP_FILTER : DROP_IP6_FILTER);
	*mp = NULL;
	return (PF_DROP);
}

bool pf_frag_on;

/* Shall this fragment be put together?  *mp may become another, or NULL. */
static bool
pf_frag_wanted(struct ifnet *ifp, struct mbuf **mp, sa_family_t af,
    enum pf_dir dir)
{
	struct pf_desc pd;
	struct pf_rule *r;
	enum pf_verdict v;

	if (pf_main.rules[PF_RS_SCRUB]->n == 0)
		return (true);
	v = pf_desc_fragment(&pd, ifp, *mp, af, dir);
	*mp = pd.m;
	if (v != PF_PASS || pd.frag == 0)
		return (true); /* what is wrong with it is said there */
	if ((r = pf_rule_first(PF_RS_SCRUB, &pd)) == NULL)
		return (false);
	r->packets[dir == PF_OUT]++;
	r->bytes[dir == PF_OUT] += pd.tot_len;
	r->last_active = walltime_sec();
	if ((r->ioc->log & PF_LOG_ON) != 0)
		pf_log_packet(&pd, r, r->ioc->logif);
	return (r->action == PFA_SCRUB && (r->flags & PFR_FRAGREASS) != 0);
}

/* --- IPv4 --- */

/* The whole packet, with a sum that fits: may it be cut again? */
static void
pf_frag_nodf(struct mbuf *m)
{
	struct ip *ip = mtod(m, struct ip *);
	uint16_t old = ip->ip_off;

	ip->ip_off &= (uint16_t)~htons(IP_DF);
	ip->ip_sum = in_cksum_fixup(ip->ip_sum, old, ip->ip_off);
}

static enum pf_verdict
pf_frag_inet(struct ifnet *ifp, struct mbuf **mp, enum pf_dir dir)
{
	struct mbuf *m;
	struct ip_frag f;
	struct ip ip;

	if (m_copydata(*mp, 0, sizeof(ip), &ip) != 0 ||
	    (ip.ip_off & htons(IP_MF | IP_OFFMASK)) == 0)
		return (PF_PASS);
	if (!pf_frag_wanted(ifp, mp, AF_INET, dir))
		return (PF_PASS);
	if ((m = *mp) == NULL)
		return (PF_DROP);
	if ((ip.ip_off & htons(IP_DF)) != 0 &&
	    (pf_options.reass & PF_REASS_NODF) == 0)
		return (pf_frag_refuse(mp, AF_INET));
	f = (struct ip_frag){ .af = AF_INET,
		.src = ip_addr_v4(ip.ip_src),
		.dst = ip_addr_v4(ip.ip_dst),
		.id = ip.ip_id,
		.proto = ip.ip_p,
		.off = (ntohs(ip.ip_off) & IP_OFFMASK) * 8U,
		.len = ntohs(ip.ip_len) - IP_HLEN(&ip),
		.hdrlen = IP_HLEN(&ip),
		.more = (ip.ip_off & htons(IP_MF)) != 0,
		.tos = ip.ip_tos,
		.ifp = ifp,
		.exit = dir == PF_OUT ? ifp->if_index : 0 };
	if ((*mp = m = ip_reass(m, &f)) == NULL)
		return (PF_HELD);
	if ((pf_options.reass & PF_REASS_NODF) != 0)
		pf_frag_nodf(m);
	return (PF_PASS);
}

/* --- IPv6 --- */

/* Where the fragment header is; 0: there is none that we would look at. */
static uint32_t
pf_frag_header(const struct mbuf *m, const struct ip6_hdr *ip6)
{
	uint32_t off = sizeof(*ip6);
	uint8_t nxt = ip6->ip6_nxt, h[2];

	for (int i = 0; i < FRAG_EXT_MAX; i++) {
		if (nxt == IPPROTO_FRAGMENT)
			return (off);
		if ((nxt != IPPROTO_HOPOPTS && nxt != IPPROTO_ROUTING &&
			nxt != IPPROTO_DSTOPTS) ||
		    m_copydata(m, off, sizeof(h), h) != 0)
			return (0);
		nxt = h[0];
		off += (h[1] + 1U) * 8;
	}
	return (0);
}

static enum pf_verdict
pf_frag_inet6(struct ifnet *ifp, struct mbuf **mp, enum pf_dir dir)
{
	struct ip_input_ctx ctx = { .ifp = ifp,
		.af = AF_INET6,
		.exit = dir == PF_OUT ? ifp->if_index : 0 };
	uint32_t largest = 0;
	struct ip6_hdr ip6;
	struct mbuf *m;

	if (m_copydata(*mp, 0, sizeof(ip6), &ip6) != 0 ||
	    (ctx.off = pf_frag_header(*mp, &ip6)) == 0)
		return (PF_PASS);
	if (!pf_frag_wanted(ifp, mp, AF_INET6, dir))
		return (PF_PASS);
	if (*mp == NULL)
		return (PF_DROP);
	ctx.src = ip_addr_v6(ip6.ip6_src);
	ctx.dst = ip_addr_v6(ip6.ip6_dst);
	ctx.tos = (uint8_t)(ntohl(ip6.ip6_flow) >> 20);
	if ((*mp = m = ip6_frag_input(*mp, &ctx, &largest)) == NULL)
		return (PF_HELD);
	if (m_copydata(m, 0, sizeof(ip6), &ip6) != 0 ||
	    pf_frag_header(m, &ip6) != 0 || !ip6_came_in_set(m, largest))
		return (pf_frag_refuse(mp, AF_INET6));
	return (PF_PASS);
}

enum pf_verdict
pf_frag_input(struct ifnet *ifp, struct mbuf **mp, sa_family_t af,
    enum pf_dir dir)
{
	return (af == AF_INET ? pf_frag_inet(ifp, mp, dir) :
				pf_frag_inet6(ifp, mp, dir));
}

void
pf_frag_tune(void)
{
	pf_frag_on = (pf_options.reass & PF_REASS_ON) != 0 ||
	    pf_main.rules[PF_RS_SCRUB]->n != 0;
	if (pf_running && pf_frag_on)
		ip_frag_tune(pf_options.limit[PF_LIMIT_FRAGS],
		    pf_options.timeout[PFTM_FRAG]);
	else
		ip_frag_tune(0, 0);
}
