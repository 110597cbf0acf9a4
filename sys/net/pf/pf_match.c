/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Does this address, port, flag set ... match: one question each.
 *
 * What most rules ask (interface, direction, family, protocol, both sides)
 * is compared in pf_walk.c, where skip steps save most of it.  The rest is a
 * table: a row says when a rule asks at all, and how the answer is found.
 * A rule keeps a bit for each row it needs, so a plain rule pays nothing.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/mbuf.h>
#include <sys/socketvar.h>
#include <net/if_var.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_nat.h>
#include <net/pf/pf_osfp.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_table.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>

bool
pf_op_match(uint8_t op, uint32_t a, uint32_t b, uint32_t x)
{
	switch (op) {
	case PF_OP_NONE:
		return (true);
	case PF_OP_IRG:
		return (x > a && x < b);
	case PF_OP_XRG:
		return (x < a || x > b);
	case PF_OP_RRG:
		return (x >= a && x <= b);
	case PF_OP_EQ:
		return (x == a);
	case PF_OP_NE:
		return (x != a);
	case PF_OP_LT:
		return (x < a);
	case PF_OP_LE:
		return (x <= a);
	case PF_OP_GT:
		return (x > a);
	case PF_OP_GE:
		return (x >= a);
	}
	return (false);
}

static bool
pf_addr_inrange(const struct pf_raddr *a, sa_family_t af,
    const struct ip_addr *x)
{
	size_t n = af == AF_INET ? 4 : 16;

	return (memcmp(x->b, a->addr.b, n) >= 0 &&
	    memcmp(x->b, a->end.b, n) <= 0);
}

/* Is there no way back to x, or (urpf) another than the one it came by? */
static bool
pf_addr_noroute(sa_family_t af, const struct ip_addr *x,
    const struct pf_desc *pd, bool urpf)
{
	struct rtentry *rt;

	/* one that has a meaning on its link only is always there */
	if (af == AF_INET6 && in6_islinklocal(x))
		return (false);
	if ((rt = rtable_match(pd->m->m_pkthdr.rtableid, af, x)) == NULL)
		return (true);
	while (urpf && rt != NULL && rt->rt_ifp != pd->ifp)
		rt = rt_mpath_next(rt); /* any of equal ways is good */
	return (rt == NULL);
}

bool
pf_addr_match(const struct pf_raddr *a, sa_family_t af,
    const struct ip_addr *x, const struct pf_desc *pd, bool is_src)
{
	bool hit = false;

	if (a->af != AF_UNSPEC && a->af != af)
		return (false);
	switch (a->type) {
	case PF_ADDR_ANY:
		hit = true;
		break;
	case PF_ADDR_PREFIX:
		hit = ip_addr_inprefix(x, &a->addr, a->plen);
		break;
	case PF_ADDR_RANGE:
		hit = pf_addr_inrange(a, af, x);
		break;
	case PF_ADDR_NOROUTE:
		hit = pf_addr_noroute(af, x, pd, false);
		break;
	case PF_ADDR_URPF:
		hit = is_src && pf_addr_noroute(af, x, pd, true);
		break;
	case PF_ADDR_TABLE:
		hit = pf_table_match(a->table, af, x);
		break;
	case PF_ADDR_DYNIF:
		hit = pf_dyn_match(a->dyn, af, x);
		break;
	}
	return (hit != (a->neg != 0));
}

/* --- the rarer criteria --- */

static bool
t_tcpflags(const struct pf_rule *r, struct pf_desc *pd)
{
	return (pd->proto != IPPROTO_TCP ||
	    (pd->hdr.tcp.th_flags & r->ioc->tcpmask) == r->ioc->tcpflags);
}

static bool
t_icmp(const struct pf_rule *r, struct pf_desc *pd)
{
	if (pd->proto != IPPROTO_ICMP && pd->proto != IPPROTO_ICMPV6)
		return (false);
	return (pd->hdr.icmp.icmp_type + 1 == r->ioc->icmptype &&
	    (r->ioc->icmpcode_set == 0 ||
		pd->hdr.icmp.icmp_code == r->ioc->icmpcode));
}

static bool
t_tos(const struct pf_rule *r, struct pf_desc *pd)
{
	return ((pd->tos & 0xfc) == (r->ioc->tos & 0xfc));
}

static bool
t_fragment(const struct pf_rule *r, struct pf_desc *pd)
{
	return (pd->frag != 0);
}

/* A rule that looks into the transport says nothing of what lacks it. */
static bool
t_whole(const struct pf_rule *r, struct pf_desc *pd)
{
	return (pd->frag == 0);
}

static bool
t_probability(const struct pf_rule *r, struct pf_desc *pd)
{
	return (arc4random() <= r->ioc->probability);
}

static bool
t_tagged(const struct pf_rule *r, struct pf_desc *pd)
{
	uint16_t tag = pd->acts.tag != 0 ? pd->acts.tag :
					   pd->m->m_pkthdr.pf.tag;

	return ((tag == r->match_tag) == ((r->flags & PFR_TAGGEDNOT) == 0));
}

static bool
t_received(const struct pf_rule *r, struct pf_desc *pd)
{
	struct ifnet *rcv = if_get(pd->m->m_pkthdr.ifidx);
	bool hit;

	if (rcv == NULL || pf_kif_of(rcv) == NULL)
		return (false);
	if ((r->flags & PFR_RCVANY) != 0)
		hit = (rcv->if_flags & IFF_LOOPBACK) == 0;
	else
		hit = pf_kif_match(r->rcv_kif, pf_kif_of(rcv));
	return (hit == ((r->flags & PFR_RCVIFNOT) == 0));
}

static bool
t_prio(const struct pf_rule *r, struct pf_desc *pd)
{
	return (pd->m->m_pkthdr.pf.prio + 1 == r->ioc->prio);
}

/* The local socket that sent the packet or will get it. */
static const struct inpcb *
pf_desc_pcb(const struct pf_desc *pd)
{
	unsigned int us = pd->dir == PF_OUT ? PF_SRC : PF_DST;
	struct in_pcb_key k = { .af = pd->af,
		.laddr = pd->now.addr[us],
		.faddr = pd->now.addr[!us],
		.lport = pd->now.port[us],
		.fport = pd->now.port[!us],
		.rtable = pd->m->m_pkthdr.rtableid,
		.ifindex = pd->ifp->if_index };
	struct in_pcb_table *t = in_pcb_table_of(pd->proto);

	return (t == NULL ? NULL :
			    in_pcb_lookup(t, &k,
				pf_nat_tolocal(pd) ? INPCB_INVERTED :
						     INPCB_USUAL));
}

void
pf_desc_owner(struct pf_desc *pd)
{
	const struct inpcb *inp;

	if (pd->sock_looked != 0)
		return;
	pd->sock_looked = 1;
	pd->uid = pd->gid = UINT32_MAX;
	if ((inp = pf_desc_pcb(pd)) != NULL && inp->inp_socket != NULL &&
	    inp->inp_socket->so_file != NULL) {
		pd->uid = inp->inp_socket->so_file->f_uid;
		pd->gid = inp->inp_socket->so_file->f_gid;
		pd->pid = inp->inp_socket->so_pid;
	}
}

/* Without a socket there is no owner: neither above nor below any number. */
static bool
pf_owner_match(uint8_t op, const uint32_t id[2], uint32_t owner)
{
	if (owner == UINT32_MAX && op != PF_OP_EQ && op != PF_OP_NE)
		return (false);
	return (pf_op_match(op, id[0], id[1], owner));
}

static bool
t_user(const struct pf_rule *r, struct pf_desc *pd)
{
	pf_desc_owner(pd);
	return (pf_owner_match(r->ioc->uid_op, r->ioc->uid, pd->uid));
}

static bool
t_group(const struct pf_rule *r, struct pf_desc *pd)
{
	pf_desc_owner(pd);
	return (pf_owner_match(r->ioc->gid_op, r->ioc->gid, pd->gid));
}

static bool
t_once(const struct pf_rule *r, struct pf_desc *pd)
{
	return (!r->expired);
}

static bool
t_os(const struct pf_rule *r, struct pf_desc *pd)
{
	return (pf_osfp_match(pd, r->ioc->os, r->ioc->osname));
}

enum {
	T_TCPFLAGS, T_ICMP, T_TOS, T_FRAGMENT, T_WHOLE, T_TAGGED, T_RECEIVED,
	T_PRIO, T_USER, T_GROUP, T_ONCE, T_OS, T_PROBABILITY, T_MAX
};
/* In order of cost; chance is asked last, so that it falls only for those
 * that match otherwise. */
static bool (*const pf_tests[T_MAX])(const struct pf_rule *, struct pf_desc *) = {
	[T_TCPFLAGS] = t_tcpflags,
	[T_ICMP] = t_icmp,
	[T_TOS] = t_tos,
	[T_FRAGMENT] = t_fragment,
	[T_WHOLE] = t_whole,
	[T_TAGGED] = t_tagged,
	[T_RECEIVED] = t_received,
	[T_PRIO] = t_prio,
	[T_USER] = t_user,
	[T_GROUP] = t_group,
	[T_ONCE] = t_once,
	[T_OS] = t_os,
	[T_PROBABILITY] = t_probability,
};

uint32_t
pf_tests_of(const struct pf_ioc_rule *ioc, enum pf_rs rs)
{
	const struct {
		unsigned int test;
		bool wanted;
	} want[] = {
		{ T_TCPFLAGS, ioc->tcpmask != 0 },
		{ T_ICMP, ioc->icmptype != 0 },
		{ T_TOS, (ioc->flags & PFR_TOS) != 0 },
		{ T_FRAGMENT, (ioc->flags & PFR_FRAGMENT) != 0 },
		{ T_WHOLE, ioc->tcpmask != 0 || ioc->icmptype != 0 ||
			ioc->os != 0 || ioc->src.port_op != 0 ||
			ioc->dst.port_op != 0 },
		{ T_TAGGED, ioc->match_tagname[0] != '\0' },
		{ T_RECEIVED, ioc->rcv_ifname[0] != '\0' ||
			(ioc->flags & PFR_RCVANY) != 0 },
		{ T_PRIO, ioc->prio != 0 },
		{ T_USER, ioc->uid_op != 0 },
		{ T_GROUP, ioc->gid_op != 0 },
		{ T_ONCE, (ioc->flags & PFR_ONCE) != 0 },
		{ T_OS, ioc->os != PF_OS_ANY },
		{ T_PROBABILITY, ioc->probability != 0 },
	};
	uint32_t tests = 0;

	for (unsigned int i = 0; i < nitems(want); i++)
		if (want[i].wanted)
			tests |= 1U << want[i].test;
	return (tests);
}

bool
pf_rule_tests(const struct pf_rule *r, struct pf_desc *pd)
{
	for (uint32_t left = r->tests; left != 0; left &= left - 1)
		if (!pf_tests[__builtin_ctz(left)](r, pd))
			return (false);
	return (true);
}
