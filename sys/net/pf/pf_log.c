/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pf's log: a packet, and why it was logged, for whoever listens.
 *
 * Nothing is done until somebody captures on the pflog that the rule names.
 * What is shown is the packet as the rule saw it.  A translation rule saw it
 * as it came.  The others saw it translated; that is not yet written into the
 * packet when it is logged, so it is written into a copy.  With af-to the
 * packet is shown in the family that the rules compared, the one it came in.
 *
 * Numbers:	rulenr is the place in the main ruleset: of the rule, or of the
 *		anchor rule that led to it; then ruleset names the anchor and
 *		subrulenr is the place in it.
 * Action:	the rule's, but `block' when the rule would have passed the
 *		packet and it is dropped for another reason.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/log.h>
#include <sys/mbuf.h>
#include <net/bpf_if.h>
#include <net/if_var.h>
#include <net/pf/if_pflog.h>
#include <net/pf/pf.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_rule.h>

void
pf_log_init(void)
{
	pflog_clone_init();
}

int
pf_log_want(uint8_t unit)
{
	struct ifnet *ifp;
	char name[IFNAMSIZ];
	int error;

	ASSERT_TOKEN();
	if (pflog_unit(unit) != NULL)
		return (0);
	snprintf(name, sizeof(name), "pflog%u", unit);
	if ((error = if_clone_create(name)) != 0)
		return (error);
	ifp = pflog_unit(unit);
	if_setflags(ifp, ifp->if_flags | IFF_UP);
	return (0);
}

/* Which units these rules log to and that are not there, a bit each. */
static void
pf_log_missing(const struct pf_rules *rs, uint8_t units[PFLOG_UNITS / 8])
{
	for (uint32_t i = 0; rs != NULL && i < rs->n; i++) {
		const struct pf_ioc_rule *c = rs->rule[i]->ioc;

		if (c->log != 0 && pflog_unit(c->logif) == NULL)
			units[c->logif / 8] |= (uint8_t)(1 << c->logif % 8);
	}
}

int
pf_log_want_all(struct pf_rules *const *rulesets, unsigned int n)
{
	uint8_t units[PFLOG_UNITS / 8] = { 0 };
	char name[IFNAMSIZ];
	unsigned int u;
	int error = 0;

	for (unsigned int i = 0; i < n; i++)
		pf_log_missing(rulesets[i], units);
	for (u = 0; u < PFLOG_UNITS && error == 0; u++)
		if ((units[u / 8] >> u % 8 & 1) != 0)
			error = pf_log_want((uint8_t)u);
	if (error == 0)
		return (0);
	for (u--; u-- > 0;) /* all but the last, which failed */
		if ((units[u / 8] >> u % 8 & 1) != 0) {
			snprintf(name, sizeof(name), "pflog%u", u);
			(void)if_clone_destroy(name);
		}
	return (error);
}

/* --- the header --- */

static uint8_t
pf_log_af(sa_family_t af)
{
	return (af == AF_INET ? PFLOG_INET : PFLOG_INET6);
}

static bool
pf_log_translation(const struct pf_rule *r)
{
	switch (r->action) {
	case PFA_NAT:
	case PFA_NONAT:
	case PFA_BINAT:
	case PFA_NOBINAT:
	case PFA_RDR:
	case PFA_NORDR:
		return (true);
	default:
		return (false);
	}
}

static uint8_t
pf_log_action(const struct pf_desc *pd, const struct pf_rule *r)
{
	if (r->action == PFA_PASS && pd->reason != PFRES_MATCH)
		return (PFA_BLOCK);
	return (r->action);
}

static void
pf_log_numbers(struct pfloghdr *h, const struct pf_desc *pd,
    const struct pf_rule *r)
{
	h->rulenr = htonl(r->nr);
	h->subrulenr = htonl(PFLOG_NOID);
	if (r->ruleset[0] == '\0')
		return;
	h->subrulenr = htonl(r->nr);
	h->rulenr = htonl(
	    pd->anchor_rule == NULL ? PFLOG_NOID : pd->anchor_rule->nr);
	strlcpy(h->ruleset, r->ruleset, sizeof(h->ruleset));
}

static void
pf_log_header(struct pfloghdr *h, const struct pf_desc *pd,
    const struct pf_rule *r)
{
	struct pf_desc owner;

	memset(h, 0, sizeof(*h));
	h->length = PFLOG_LENGTH;
	h->af = pf_log_af(pd->af);
	h->naf = pf_log_af(pd->naf);
	h->action = pf_log_action(pd, r);
	h->reason = (uint8_t)pd->reason;
	h->dir = (uint8_t)pd->dir;
	strlcpy(h->ifname, pd->ifp->if_xname, sizeof(h->ifname));
	pf_log_numbers(h, pd, r);
	h->uid = PFLOG_NOID;
	h->pid = PFLOG_NOPID;
	if ((r->ioc->log & PF_LOG_USER) != 0) {
		owner = *pd;
		pf_desc_owner(&owner);
		h->uid = owner.uid;
		if (owner.uid != UINT32_MAX)
			h->pid = (uint32_t)owner.pid;
	}
	h->rule_uid = r->cuid;
	h->rule_pid = (uint32_t)r->cpid;
	h->ridentifier = htonl(r->ioc->ridentifier);
}

/* --- the packet --- */

/* A copy with what translation has decided so far.  NULL: as it stands. */
static struct mbuf *
pf_log_translated(const struct pf_desc *pd, const struct pf_rule *r)
{
	struct pf_desc copy;

	if (pf_log_translation(r) || pd->af != pd->naf ||
	    memcmp(&pd->was, &pd->now, sizeof(pd->was)) == 0)
		return (NULL);
	copy = *pd;
	copy.acts = (struct pf_acts){ .rtable = -1 };
	if ((copy.m = m_dup_pkt(pd->m, 0)) == NULL)
		return (NULL);
	if (pf_nat_apply(&copy) == PF_PASS)
		return (copy.m);
	m_freem(copy.m);
	return (NULL);
}

void
pf_log_packet(const struct pf_desc *pd, const struct pf_rule *r, uint8_t unit)
{
	struct ifnet *ifp = pflog_unit(unit);
	struct pfloghdr h;
	struct mbuf *m;

	if (ifp == NULL)
		return;
	ifp->if_counters.opackets++;
	ifp->if_counters.obytes += pd->tot_len;
	if (TAILQ_EMPTY(&ifp->if_bpf->bif_listeners))
		return;
	pf_log_header(&h, pd, r);
	m = pf_log_translated(pd, r);
	h.rewritten = m != NULL;
	bpf_mtap_hdr(ifp->if_bpf, &h, sizeof(h), m != NULL ? m : pd->m,
	    pd->dir == PF_IN ? BPF_DIRECTION_IN : BPF_DIRECTION_OUT);
	m_freem(m);
}
