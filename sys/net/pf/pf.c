/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pf: what happens to a packet, in order.
 *
 *	pf_test()	not ours to judge?  fragments together (pf_frag.c)
 *	pf_desc_read()	what is in it (pf_desc.c)
 *	pf_known()	it belongs to a state: the tracker decides (pf_track.c)
 *	pf_unknown()	translation, then rules decide (pf_pool.c, pf_walk.c);
 *			a state is made (pf_state.c)
 *	pf_nat_apply()	what was decided is written into it (pf_nat.c)
 *	pf_account()	counters, log, replies; a drop ends here
 *	pf_divert()	not where it was sent, but to a socket (pf_divert.c)
 *
 * A packet that goes through this machine comes here twice, in and out, and
 * may have a state for each.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/drop.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/pf/pf.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_frag.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_purge.h>
#include <net/pf/pf_reply.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <net/pf/pf_table.h>
#include <netinet/in.h>

bool pf_running;
struct pf_status pf_status;

/* --- deciding --- */

static bool
pf_not_ours(const struct ifnet *ifp, struct mbuf *m, enum pf_dir dir)
{
	const struct pf_kif *kif = pf_kif_of(ifp);

	if (__predict_false(
		(m->m_pkthdr.pf.flags & PF_TAG_PROCESSED) != 0)) {
		m->m_pkthdr.pf.flags &= (uint8_t)~PF_TAG_PROCESSED;
		if (dir == PF_OUT)
			return (true); /* af-to: judged when it came in */
	}

	if (__predict_false(
		(m->m_pkthdr.pf.flags & PF_TAG_REINJECTED) != 0)) {
		m->m_pkthdr.pf.flags &= (uint8_t)~PF_TAG_REINJECTED;
		return (true);
	}
	return ((m->m_pkthdr.pf.flags & PF_TAG_GENERATED) != 0 ||
	    (kif != NULL && pf_kif_skipped(kif)));
}

static enum pf_verdict
pf_drop(struct pf_desc *pd, enum pf_reason why)
{
	pd->reason = why;
	return (PF_DROP);
}

/* Rules of the old kind: binat, then rdr for what comes in, nat for what goes. */
static enum pf_verdict
pf_translate(struct pf_desc *pd)
{
	enum pf_rs other = pd->dir == PF_IN ? PF_RS_RDR : PF_RS_NAT;
	struct pf_rule *r;
	int error = 0;

	if (pf_desc_isnd(pd))
		return (PF_PASS);
	if ((r = pf_rule_first(PF_RS_BINAT, pd)) == NULL &&
	    pd->reason == PFRES_MATCH)
		r = pf_rule_first(other, pd);
	if (r == NULL)
		return (pd->reason == PFRES_MATCH ? PF_PASS : PF_DROP);
	if (r->tag != 0)
		pd->acts.tag = r->tag;
	if (r->ioc->rtable >= 0)
		pd->acts.rtable = r->ioc->rtable;
	if (r->action == PFA_BINAT)
		error = pf_pool_binat(pd, r);
	else if (r->action == PFA_RDR)
		error = pf_pool_rdr(pd, r);
	else if (r->action == PFA_NAT)
		error = pf_pool_nat(pd, r);
	else {
		r->packets[pd->dir == PF_OUT]++;
		r->bytes[pd->dir == PF_OUT] += pd->tot_len;
		return (PF_PASS); /* no nat, no rdr, no binat */
	}
	if (error != 0)
		return (PF_DROP);
	pd->nat_rule = r;
	if ((r->ioc->log & PF_LOG_ON) != 0 && (r->flags & PFR_NATPASS) == 0)
		pf_log_packet(pd, r, r->ioc->logif);
	return (PF_PASS); /* one with `pass' decides, and is logged then */
}

/* IP options are for those who were asked. */
static enum pf_verdict
pf_options_may(struct pf_desc *pd, bool allowed)
{
	if (!pd->options || allowed)
		return (PF_PASS);
	if (pd->alert && (pd->proto == IPPROTO_IGMP || pf_desc_ismld(pd)))
		return (PF_PASS); /* they carry a router alert by nature */
	return (pf_drop(pd, PFRES_IPOPTIONS));
}

static enum pf_verdict
pf_unknown(struct pf_desc *pd)
{
	enum pf_verdict v;

	if ((v = pf_translate(pd)) != PF_PASS)
		return (v);
	if (pd->nat_rule != NULL && (pd->nat_rule->flags & PFR_NATPASS) != 0)
		pd->rule = pd->nat_rule;
	else if ((v = pf_rule_decide(pd)) != PF_PASS)
		return (v);
	v = pf_options_may(pd, (pd->rule->flags & PFR_ALLOWOPTS) != 0);
	if (v == PF_PASS)
		v = pf_state_create(pd);
	return (v);
}

static enum pf_verdict
pf_known(struct pf_desc *pd)
{
	enum pf_verdict v;

	v = pf_options_may(pd, (pd->st->flags & PFSTATE_ALLOWOPTS) != 0);
	return (v == PF_PASS ? pf_track(pd) : v);
}

static enum pf_verdict
pf_decide(struct pf_desc *pd)
{
	enum pf_verdict v;

	if (pd->icmp_error) {
		if ((v = pf_track_icmp_error(pd)) != PF_PASS || pd->st != NULL)
			return (v);
		return (pf_unknown(pd));
	}
	if (pd->frag != PF_FRAG_LATER)
		pf_state_find(pd);
	if (pd->st != NULL && (v = pf_known(pd)) != PF_HELD)
		return (v);
	return (pf_unknown(pd));
}

/* --- counting --- */

/* The address that the rule compared with its table: of who began, as the
 * packet shows it or as translation has it, whichever is listed. */
static void
pf_count_addr(const struct pf_raddr *a, const struct pf_desc *pd,
    unsigned int end, bool pass)
{
	const struct ip_addr *x;
	sa_family_t af = pd->af;

	if (a->type != PF_ADDR_TABLE)
		return;
	if (pd->st != NULL && !pf_state_forth(pd->st, pd->af, pd->dir))
		end = !end;
	x = &pd->was.addr[end];
	if ((pd->naf != af || !ip_addr_eq(x, &pd->now.addr[end])) &&
	    pf_table_lists(a->table, af, x) == (a->neg != 0)) {
		x = &pd->now.addr[end];
		af = pd->naf;
	}
	pf_table_account(a->table, af, x, a->neg != 0, pd->dir == PF_OUT, pass,
	    pd->tot_len);
}

static void
pf_count_rule(struct pf_rule *r, const struct pf_desc *pd, bool pass)
{
	unsigned int out = pd->dir == PF_OUT;

	r->packets[out]++;
	r->bytes[out] += pd->tot_len;
	r->last_active = walltime_sec();
	pf_count_addr(&r->src.addr, pd, PF_SRC, pass);
	pf_count_addr(&r->dst.addr, pd, PF_DST, pass);
}

static void
pf_count_kif(const struct pf_desc *pd, bool pass)
{
	unsigned int v6 = pd->af == AF_INET6, out = pd->dir == PF_OUT;

	if (pd->kif == NULL)
		return;
	pd->kif->kif_packets[v6][out][!pass]++;
	pd->kif->kif_bytes[v6][out][!pass] += pd->tot_len;
	if (pf_options.ifname[0] != '\0' &&
	    strcmp(pd->kif->kif_name, pf_options.ifname) == 0) {
		pf_status.pcounters[v6][out][!pass]++;
		pf_status.bcounters[v6][out] += pd->tot_len;
	}
}

static void
pf_count(struct pf_desc *pd, bool pass)
{
	struct pf_state_more *sm;
	struct pf_match_item *mi = pd->matched;
	struct pf_rule *nat = pd->nat_rule;

	pf_count_kif(pd, pass);
	pf_count_rule(pd->rule, pd, pass);
	if (pd->anchor_rule != NULL)
		pf_count_rule(pd->anchor_rule, pd, pass);
	if (pd->st != NULL) {
		bool back = !pf_state_forth(pd->st, pd->af, pd->dir);

		pd->st->packets[back]++;
		pd->st->bytes[back] += pd->tot_len;
		if ((sm = pf_state_more(pd->st)) != NULL) {
			nat = sm->nat_rule;
			mi = sm->matched;
		}
	}
	if (nat != NULL && nat != pd->rule)
		pf_count_rule(nat, pd, pass);
	for (; mi != NULL; mi = mi->next)
		pf_count_rule(mi->rule, pd, pass);
}

/* What cannot be read is logged though no rule was asked. */
static bool
pf_log_wanted(const struct pf_desc *pd, enum pf_verdict v, bool fresh)
{
	if (v == PF_DROP && pd->rule == &pf_default_rule && pd->kif != NULL &&
	    (pd->reason == PFRES_SHORT || pd->reason == PFRES_NORM ||
		pd->reason == PFRES_FRAG || pd->reason == PFRES_IPOPTIONS))
		return (true);
	if (fresh)
		return ((pd->rule->ioc->log & PF_LOG_ON) != 0);
	return (pd->st != NULL && pd->st->log != 0);
}

/* fresh: rules were asked. */
static void
pf_account(struct pf_desc *pd, enum pf_verdict v, bool fresh)
{
	if (v == PF_DROP && pd->reason != PFRES_MATCH)
		pf_status.counters[pd->reason]++;
	else if (fresh)
		pf_status.counters[PFRES_MATCH]++;
	if (pd->m != NULL && pf_log_wanted(pd, v, fresh))
		pf_log_packet(pd, pd->rule, pd->rule->ioc->logif);
	if (v == PF_DROP && pd->m != NULL && fresh &&
	    (pd->rule->flags & (PFR_RETURN | PFR_RETURNRST | PFR_RETURNICMP)) !=
		0 &&
	    (pd->rule->action == PFA_BLOCK || pd->reason != PFRES_MATCH))
		pf_reply_block(pd, pd->rule);
	pf_count(pd, v == PF_PASS);
	pf_matched_free(pd->matched);
	pd->matched = NULL;
}

static void
pf_finish_drop(struct pf_desc *pd)
{
	if (pd->m != NULL)
		m_drop(pd->m,
		    pd->af == AF_INET ? DROP_IP_FILTER : DROP_IP6_FILTER);
	pd->m = NULL;
}

/* Does the rule, or a socket that the state is of, want the packet? */
static bool
pf_diverted(const struct pf_desc *pd)
{
	bool forth;

	if (__predict_true(pd->rule->divert == PF_DIVERT_NONE &&
		(pd->st == NULL ||
		    (pd->st->flags & PFSTATE_TRANSPARENT) == 0)))
		return (false);
	forth = pd->st == NULL || pf_state_forth(pd->st, pd->af, pd->dir);
	if (pd->rule->divert == PF_DIVERT_NONE)
		return (!forth);
	return (forth || pd->rule->divert == PF_DIVERT_PACKET);
}

enum pf_verdict
pf_test(struct ifnet *ifp, struct mbuf **mp, sa_family_t *af, enum pf_dir dir,
    struct pf_answer *answer)
{
	struct pf_desc pd;
	enum pf_verdict v;
	bool fresh = true;

	if (pf_not_ours(ifp, *mp, dir))
		return (PF_PASS);
	if (pf_frag_on &&
	    (v = pf_frag_input(ifp, mp, *af, dir)) != PF_PASS) {
		if (v == PF_DROP)
			pf_status.counters[PFRES_FRAG]++;
		return (v);
	}
	v = pf_desc_read(&pd, ifp, *mp, *af, dir);
	pd.answer = answer;
	if (v == PF_PASS) {
		v = pf_decide(&pd);
		fresh = pd.st == NULL || pd.st->packets[0] == 0;
	}
	if (v == PF_PASS && pd.m != NULL) {
		pf_account(&pd, v, fresh);
		v = pf_nat_apply(&pd);
		if (v == PF_PASS && pf_diverted(&pd))
			v = pf_divert(&pd);
		if (v == PF_DROP)
			pf_status.counters[pd.reason]++;
	} else
		pf_account(&pd, v, fresh);
	if (v == PF_DROP)
		pf_finish_drop(&pd);
	*mp = pd.m;
	if (v == PF_PASS && pd.m == NULL)
		return (PF_DROP);
	*af = pd.naf;
	return (v);
}

/* --- on and off --- */

static const struct packet_filter pf_hooks = { .test = pf_test,
	.expect = pf_expect,
	.original_dst = pf_original_dst };

int
pf_start(void)
{
	if (pf_running)
		return (EEXIST);
	pf_running = true;
	pf_status.since = uptime_sec();
	packet_filter = &pf_hooks;
	pf_frag_tune();
	pf_purge_start();
	return (0);
}

int
pf_stop(void)
{
	if (!pf_running)
		return (ENOENT);
	pf_running = false;
	pf_status.since = uptime_sec();
	packet_filter = NULL;
	pf_frag_tune();
	return (0);
}

int
pfattach(void)
{
	int error;

	pf_options = pf_options_default;
	while (pf_options.hostid == 0)
		pf_options.hostid = arc4random();
	pf_table_init();
	pf_rule_init();
	pf_purge_init();
	pf_log_init();
	if ((error = pf_if_init()) != 0 || (error = pf_state_init()) != 0)
		return (error);
	pf_options_apply(&pf_options);
	pf_ioctl_init();
	return (0);
}
