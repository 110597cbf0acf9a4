/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A bridge looks into frames: the packet filter, and the MTU of a member.
 *
 * An IP packet that crosses the bridge is asked of the filter twice: on the
 * member it came by, then on each member that it leaves by.  The link headers
 * (addresses, tags, type) are set aside meanwhile, so that the filter and the
 * IP layers see what they always see, and put in front again of whatever is
 * there afterwards: the packet, the whole one that its fragments became, or
 * the fragments it is cut into for the next member.
 *
 *	frame --headers off--> sound? --> filter --> headers on --> frame
 *	                         |          |  \--> for this machine's stack
 *	                       counted    dropped, kept or sent elsewhere
 *
 * Of a packet in fragments the frame is that of the last one that came.
 *
 * What the filter answers for a host (a reset) goes back to the station that
 * sent the frame, by the way it came and with its addresses exchanged: no route
 * need lead there.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/ethernet.h>
#include <net/if_bridge_priv.h>
#include <net/packet_filter.h>

#define TAGS_MAX 2 /* what may stand before an IP packet that is looked at */

struct link_head {
	uint8_t bytes[ETHER_HDR_LEN + TAGS_MAX * ETHER_VLAN_LEN];
	uint32_t len;
};

uint16_t
bridge_frame_type(const struct mbuf *m, uint32_t *hdrlen)
{
	uint8_t buf[2];
	const uint8_t *type = NULL;

	for (*hdrlen = ETHER_HDR_LEN;
	     *hdrlen <= ETHER_HDR_LEN + TAGS_MAX * ETHER_VLAN_LEN;
	     *hdrlen += ETHER_VLAN_LEN) {
		type = m_peek(m, *hdrlen - 2, 2, buf);
		if (type == NULL ||
		    (be16dec(type) != ETHERTYPE_VLAN &&
			be16dec(type) != ETHERTYPE_QINQ))
			break;
	}
	return (type != NULL ? be16dec(type) : 0);
}

static const struct if_family *
type_family(uint16_t type)
{
	if (type == ETHERTYPE_IP)
		return (if_family(AF_INET));
	return (type == ETHERTYPE_IPV6 ? if_family(AF_INET6) : NULL);
}

/* Takes the link headers off a frame of IP; the family, or NULL and m is as it
 * was: it carries something else. */
static const struct if_family *
head_off(struct mbuf *m, struct link_head *h)
{
	const struct if_family *fam;

	fam = type_family(bridge_frame_type(m, &h->len));
	if (fam == NULL || h->len > sizeof(h->bytes) ||
	    m_copydata(m, 0, h->len, h->bytes) != 0)
		return (NULL);
	m_adj(m, (int)h->len);
	return (fam);
}

/* Puts them in front again.  NULL: no memory, m is gone. */
static struct mbuf *
head_on(struct mbuf *m, const struct link_head *h)
{
	if ((m = m_prepend(m, h->len)) != NULL)
		memcpy(mtod(m, void *), h->bytes, h->len);
	return (m);
}

/* The same headers back to who sent the frame. */
static struct link_head
head_back(const struct link_head *h)
{
	struct link_head back = *h;

	memcpy(back.bytes, h->bytes + 6, 6);
	memcpy(back.bytes + 6, h->bytes, 6);
	return (back);
}

/* --- the filter --- */

/* Where answers to a frame go. */
struct bridge_answer {
	struct pf_answer pa;
	struct bridge_port *back;
	const struct link_head *head;
};

static int
answer_send(struct pf_answer *pa, struct mbuf *m)
{
	struct bridge_answer *ba = (struct bridge_answer *)pa;
	struct link_head h = head_back(ba->head);

	if ((m = head_on(m, &h)) == NULL)
		return (ENOBUFS);
	bridge_frame_send(ba->back, m);
	return (0);
}

/* Asks the filter; answers of its own go back by `from'. */
static enum pf_verdict
judge(struct bridge_port *from, struct ifnet *ifp, struct mbuf **mp,
    sa_family_t *af, enum pf_dir dir, const struct link_head *h)
{
	struct bridge_answer ba = { { answer_send }, from, h };
	enum pf_verdict v;

	v = pf_judge_for(ifp, mp, af, dir, &ba.pa);
	if (v == PF_DROP && dir == PF_IN)
		from->bp_sc->sc_if.if_counters.iqdrops++;
	else if (v == PF_DROP)
		from->bp_sc->sc_if.if_counters.oqdrops++;
	return (v);
}

/* Marks a group's frame, which nobody answers. */
static void
group_mark(struct mbuf *m, const struct link_head *h)
{
	if (memcmp(h->bytes, etherbroadcastaddr, 6) == 0)
		m->m_flags |= M_BCAST;
	else if (ETHER_IS_MULTICAST(h->bytes))
		m->m_flags |= M_MCAST;
}

/* Has the filter turned a packet that came in to this machine itself? */
static bool
is_turned(const struct mbuf *m)
{
	return ((m->m_pkthdr.pf.flags &
		    (PF_TAG_DIVERTED | PF_TAG_TRANSLATE_LOCALHOST)) != 0);
}

struct mbuf *
bridge_filter_in(struct bridge_port *from, struct mbuf *m)
{
	const struct if_family *fam;
	struct link_head h;
	sa_family_t af;

	if (packet_filter == NULL || (fam = head_off(m, &h)) == NULL)
		return (m);
	if ((m = fam->fam_sound(m)) == NULL)
		return (NULL);
	group_mark(m, &h);
	af = fam->fam_af;
	if (judge(from, from->bp_ifp, &m, &af, PF_IN, &h) != PF_PASS)
		return (NULL);
	if (af != fam->fam_af) {
		bridge_lost(from->bp_sc, m, DROP_BRIDGE_AFTO);
		return (NULL);
	}
	if (!is_turned(m))
		return (head_on(m, &h));
	fam->fam_input_judged(from->bp_ifp, m);
	return (NULL);
}

struct mbuf *
bridge_filter_out(struct bridge_port *from, struct bridge_port *to,
    struct mbuf *m)
{
	const struct if_family *fam;
	struct link_head h;
	sa_family_t af;

	if (packet_filter == NULL || (fam = head_off(m, &h)) == NULL)
		return (m);
	af = fam->fam_af;
	if (judge(from, to->bp_ifp, &m, &af, PF_OUT, &h) != PF_PASS)
		return (NULL);
	if (af == fam->fam_af)
		return (head_on(m, &h));
	bridge_lost(from->bp_sc, m, DROP_BRIDGE_AFTO);
	return (NULL);
}

void
bridge_filter_done(struct mbuf *m)
{
	uint32_t hdrlen;

	if (packet_filter != NULL &&
	    type_family(bridge_frame_type(m, &hdrlen)) != NULL &&
	    hdrlen == ETHER_HDR_LEN)
		m->m_pkthdr.pf.flags |= PF_TAG_REINJECTED;
}

/* --- the MTU --- */

/* What tells a sender that its packet was too large: judged as it goes back. */
static void
error_send(struct bridge_port *from, struct mbuf *m, sa_family_t af,
    const struct link_head *sent, bool ours)
{
	struct link_head back = head_back(sent);

	if (ours)
		(void)if_input_local(from->bp_ifp, m, af);
	else if (judge(from, from->bp_ifp, &m, &af, PF_OUT, &back) == PF_PASS &&
	    (m = head_on(m, &back)) != NULL)
		bridge_frame_send(from, m);
}

struct mbuf *
bridge_toobig(struct bridge_port *from, struct bridge_port *to, struct mbuf *m,
    bool ours)
{
	uint32_t mtu = to->bp_ifp->if_mtu;
	const struct if_family *fam;
	struct link_head h;
	struct mbuf *error;

	if (__predict_true(m->m_pkthdr.len <= mtu + ETHER_HDR_LEN))
		return (m);
	if (ETHER_IS_MULTICAST(mtod(m, const struct ether_header *)->ether_dhost) ||
	    (fam = head_off(m, &h)) == NULL)
		return (m);
	if ((m = fam->fam_sound(m)) == NULL)
		return (NULL);
	error = fam->fam_toobig(&m, mtu);
	if (m != NULL)
		return (head_on(m, &h));
	to->bp_sc->sc_if.if_counters.oqdrops++;
	drop_count(DROP_BRIDGE_TOOBIG);
	if (error != NULL)
		error_send(from, error, fam->fam_af, &h, ours);
	return (NULL);
}

void
bridge_fit(struct bridge_port *to, struct mbuf *m, struct mbuf_list *ml)
{
	struct mbuf_list cut = MBUF_LIST_INITIALIZER;
	const struct if_family *fam = NULL;
	uint32_t hdrlen, mtu = to->bp_ifp->if_mtu;
	struct link_head h;
	bool within;

	(void)bridge_frame_type(m, &hdrlen);
	within = m->m_pkthdr.len <= mtu + hdrlen;
	if (!within || !SLIST_EMPTY(&m->m_pkthdr.tags))
		fam = head_off(m, &h);
	if (fam == NULL && within)
		ml_enqueue(ml, m);
	else if (fam == NULL)
		bridge_lost(to->bp_sc, m, DROP_BRIDGE_TOOBIG);
	if (fam == NULL || (m = fam->fam_sound(m)) == NULL)
		return;
	(void)fam->fam_fit(&m, mtu, &cut);
	if (m != NULL)
		bridge_lost(to->bp_sc, m, DROP_BRIDGE_TOOBIG);
	while ((m = ml_dequeue(&cut)) != NULL)
		if ((m = head_on(m, &h)) != NULL)
			ml_enqueue(ml, m);
}
