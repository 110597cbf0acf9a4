/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Ethernet: frames in, frames out.
 *
 * In:	the destination is judged (ours, group, broadcast, another's), then the
 *	type finds who takes the packet: an IP family, a registered protocol,
 *	or with a tag, the vlan interface that has it.
 * Out:	the family's resolver gives the link address of the next hop, or keeps
 *	the packet until it knows; groups and broadcast are mapped here.
 * Tags come in the frame or beside it (M_VLANTAG); both are treated alike.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_bridge.h>
#include <net/if_var.h>
#include <net/if_vlan.h>

#define NPROTOS 16

const uint8_t etherbroadcastaddr[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static struct ether_proto {
	uint16_t type;
	void (*input)(struct ifnet *ifp, struct mbuf *m);
} ether_protos[NPROTOS];
static unsigned int ether_nprotos;

void
ether_input_register(uint16_t ethertype,
    void (*fn)(struct ifnet *ifp, struct mbuf *m))
{
	KASSERT(ether_nprotos < NPROTOS);
	ether_protos[ether_nprotos++] = (struct ether_proto){ ethertype, fn };
}

/* --- in --- */

/* Who takes packets of this type; NULL for nobody. */
static void (*ether_taker(uint16_t type))(struct ifnet *, struct mbuf *)
{
	const struct if_family *fam = NULL;

	if (type == ETHERTYPE_IP)
		fam = if_family(AF_INET);
	else if (type == ETHERTYPE_IPV6)
		fam = if_family(AF_INET6);
	if (fam != NULL)
		return (fam->fam_input);
	for (unsigned int i = 0; i < ether_nprotos; i++)
		if (ether_protos[i].type == type)
			return (ether_protos[i].input);
	return (NULL);
}

/* Is the frame for us?  Marks group frames on the way. */
static bool
ether_forus(struct ifnet *ifp, struct mbuf *m, const struct ether_header *eh)
{
	if (memcmp(eh->ether_dhost, ifp->if_lladdr, 6) == 0)
		return (true);
	if (!ETHER_IS_MULTICAST(eh->ether_dhost))
		return (false);
	ifp->if_counters.imcasts++;
	if (memcmp(eh->ether_dhost, etherbroadcastaddr, 6) == 0)
		m->m_flags |= M_BCAST;
	else
		m->m_flags |= M_MCAST;
	return (true);
}

static void
ether_drop(struct ifnet *ifp, struct mbuf *m, uint64_t *counter,
    enum drop_reason why)
{
	(*counter)++;
	m_drop(m, why);
}

static void
ether_input(struct ifnet *ifp, struct mbuf *m)
{
	void (*taker)(struct ifnet *, struct mbuf *);
	struct ether_header *eh;

	if (m->m_pkthdr.len < ETHER_HDR_LEN) {
		ether_drop(ifp, m, &ifp->if_counters.ierrors, DROP_ETHER_SHORT);
		return;
	}
	if (m->m_len < ETHER_HDR_LEN &&
	    (m = m_pullup(m, ETHER_HDR_LEN)) == NULL)
		return;
	eh = mtod(m, struct ether_header *);
	if (ETHER_IS_MULTICAST(eh->ether_shost)) {
		ether_drop(ifp, m, &ifp->if_counters.ierrors,
		    DROP_ETHER_BADSRC);
		return;
	}
	if (__predict_false(ifp->if_bridge != NULL)) {
		if ((m = bridge_input(ifp, m)) == NULL)
			return;
		eh = mtod(m, struct ether_header *);
	}
	if ((m->m_flags & M_VLANTAG) != 0 ||
	    eh->ether_type == htons(ETHERTYPE_VLAN) ||
	    eh->ether_type == htons(ETHERTYPE_QINQ)) {
		if ((m = vlan_input(ifp, m)) == NULL)
			return;
		eh = mtod(m, struct ether_header *);
	}
	if (!ether_forus(ifp, m, eh)) {
		m_drop(m, DROP_ETHER_NOTMINE);
		return;
	}
	if ((taker = ether_taker(ntohs(eh->ether_type))) == NULL) {
		ether_drop(ifp, m, &ifp->if_counters.noproto,
		    DROP_ETHER_NOPROTO);
		return;
	}
	m_adj(m, ETHER_HDR_LEN);
	taker(ifp, m);
}

/* --- out --- */

int
ether_send(struct ifnet *ifp, struct mbuf *m, const uint8_t dst[6],
    uint16_t ethertype)
{
	struct ether_header *eh;

	if ((m = m_prepend(m, ETHER_HDR_LEN)) == NULL) {
		ifp->if_counters.oerrors++;
		return (ENOBUFS);
	}
	eh = mtod(m, struct ether_header *);
	memcpy(eh->ether_dhost, dst, 6);
	memcpy(eh->ether_shost, ifp->if_lladdr, 6);
	eh->ether_type = htons(ethertype);
	return (if_enqueue(ifp, m));
}

void
ether_multicast(sa_family_t af, const struct ip_addr *group, uint8_t lladdr[6])
{
	if (af == AF_INET6) {
		lladdr[0] = lladdr[1] = 0x33;
		memcpy(lladdr + 2, group->b + 12, 4);
		return;
	}
	lladdr[0] = 0x01;
	lladdr[1] = 0x00;
	lladdr[2] = 0x5e;
	lladdr[3] = group->b[1] & 0x7f;
	lladdr[4] = group->b[2];
	lladdr[5] = group->b[3];
}

static bool
nexthop_isgroup(const struct nexthop *nh)
{
	if (nh->nh_af == AF_INET6)
		return (nh->nh_addr.b[0] == 0xff);
	return ((nh->nh_addr.b[0] & 0xf0) == 0xe0);
}

/* The link address for nh: as fam_resolve. */
static int
ether_resolve(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt, uint8_t lladdr[6])
{
	const struct if_family *fam;

	if (nexthop_isgroup(nh)) {
		m->m_flags |= M_MCAST;
		ether_multicast(nh->nh_af, &nh->nh_addr, lladdr);
		return (0);
	}
	if ((m->m_flags & M_BCAST) != 0) {
		memcpy(lladdr, etherbroadcastaddr, 6);
		return (0);
	}
	if ((fam = if_family(nh->nh_af)) == NULL || fam->fam_resolve == NULL) {
		m_drop(m, DROP_IF_NOFAMILY);
		return (EAFNOSUPPORT);
	}
	return (fam->fam_resolve(ifp, m, nh, rt, lladdr));
}

static int
ether_output(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt)
{
	uint8_t lladdr[6], buf;
	const uint8_t *first;
	uint16_t type;
	int error;

	if ((ifp->if_flags & IFF_UP) == 0) {
		ifp->if_counters.oqdrops++;
		m_drop(m, DROP_IF_DOWN);
		return (ENETDOWN);
	}
	if ((first = m_peek(m, 0, 1, &buf)) == NULL) {
		m_drop(m, DROP_IF_NOFAMILY);
		return (EINVAL);
	}
	type = *first >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP;
	if ((error = ether_resolve(ifp, m, nh, rt, lladdr)) != 0)
		return (error == EAGAIN ? 0 : error);
	return (ether_send(ifp, m, lladdr, type));
}

/* --- coming and going --- */

/* A link address of our own: locally administered, and no group. */
static void
ether_lladdr_make(uint8_t lladdr[6])
{
	arc4random_buf(lladdr, 6);
	lladdr[0] = (lladdr[0] & 0xfcU) | 0x02U;
}

int
ether_ifattach(struct ifnet *ifp)
{
	static const uint8_t none[6];

	ifp->if_flags |= IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST;
	ifp->if_output = ether_output;
	ifp->if_input = ether_input;
	if (memcmp(ifp->if_lladdr, none, 6) == 0)
		ether_lladdr_make(ifp->if_lladdr);
	return (bpf_attach(ifp, 1 /* DLT_EN10MB */, ETHER_HDR_LEN));
}

void
ether_ifdetach(struct ifnet *ifp)
{
	vlan_parent_gone(ifp);
}
