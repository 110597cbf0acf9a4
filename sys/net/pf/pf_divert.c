/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Packets that rules let in and that do not go where they were sent.
 *
 *	divert-to	a socket of this machine has the connection, with the
 *			addresses that the sender wrote
 *	divert-packet	a divert(4) socket has the packet, in both directions
 *	(no word)	answers to a socket that speaks from an address that is
 *			not this machine's come back to it
 *
 * All packets of a state are sent the way of the first.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/packet_filter.h>
#include <net/pf/pf.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <netinet/divert.h>
#include <netinet/in.h>

/* 127.0.0.1 or ::1, for a rule that names a port only. */
static struct ip_addr
pf_divert_loopback(sa_family_t af)
{
	return (af == AF_INET ? ip_addr_v4(htonl(0x7f000001U)) :
				(struct ip_addr){ .b = { [15] = 1 } });
}

static bool
pf_divert_tag(struct pf_desc *pd)
{
	const struct pf_ioc_rule *c = pd->rule->ioc;
	struct pf_divert to = { c->divert_addr, c->divert_port };
	struct m_tag *t;

	if (c->divert_af == AF_UNSPEC)
		to.addr = pf_divert_loopback(pd->naf);
	if ((t = m_tag_get(PACKET_TAG_DIVERT, sizeof(to))) == NULL)
		return (false);
	memcpy(m_tag_data(t), &to, sizeof(to));
	m_tag_prepend(pd->m, t);
	return (true);
}

enum pf_verdict
pf_divert(struct pf_desc *pd)
{
	if (pd->rule->divert == PF_DIVERT_PACKET) {
		divert_packet(pd->m, pd->naf, pd->dir, pd->rule->divert_port);
		pd->m = NULL;
		return (PF_HELD);
	}
	if (pd->dir != PF_IN)
		return (PF_PASS);
	if (pd->rule->divert == PF_DIVERT_SOCKET && !pf_divert_tag(pd)) {
		pd->reason = PFRES_MEMORY;
		return (PF_DROP);
	}
	pd->m->m_pkthdr.pf.flags |= PF_TAG_DIVERTED;
	return (PF_PASS);
}
