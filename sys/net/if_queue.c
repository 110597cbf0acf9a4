/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Packets between interfaces and the stack.
 *
 * In:	a driver hands a list to if_input(), which counts, shows each to bpf
 *	and runs it to the end on the caller's stack.  What the kernel carries
 *	to itself (loopback, pairs) waits in a list instead, so that no packet
 *	can make the stack grow: if_flush_all() takes it in.
 * Out:	if_enqueue() shows the frame to bpf and queues it; a queue is started
 *	when 32 wait, and all are at the end of the batch.
 */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <net/if_bridge.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <machine/host.h>

#define IF_BATCH     32
#define IF_TURNS     64   /* rounds of one if_flush_all() */
#define IF_BUDGET    4096 /* packets to ourselves of one if_flush_all() */
#define IF_LATER_MAX 4096 /* packets that may wait for ourselves */

static TAILQ_HEAD(, ifnet) if_txq = TAILQ_HEAD_INITIALIZER(if_txq);
static struct mbuf_list if_laterq = MBUF_LIST_INITIALIZER;

/* --- in --- */

static void
input_count(struct ifnet *ifp, struct mbuf *m)
{
	ifp->if_counters.ipackets++;
	ifp->if_counters.ibytes += m->m_pkthdr.len;
	m->m_pkthdr.ifidx = ifp->if_index;
	if ((m->m_flags & M_LOOP) == 0) /* else the sender's, as it was */
		m->m_pkthdr.rtableid = (uint16_t)ifp->if_rtable;
}

/* Several frames: what they will need is fetched before the first goes. */
static void
input_expect(const struct ifnet *ifp, struct mbuf_list *ml)
{
	if (ml->ml_len < 2 || ifp->if_type != IFT_ETHER)
		return;
	rt_expect(ifp, ml);
	if (packet_filter != NULL)
		packet_filter->expect(ml);
}

/* The batch of a driver; a vlan or bridge gives its packets on in calls of its own. */
static const struct mbuf_list *batch;
void (*if_input_done)(void);

bool
if_input_more(void)
{
	return (batch != NULL && !ml_empty(batch));
}

static void
input_all(struct ifnet *ifp, struct mbuf_list *ml)
{
	struct mbuf *m;

	while ((m = ml_dequeue(ml)) != NULL) {
		input_count(ifp, m);
		if (ifp->if_bpf != NULL)
			bpf_mtap(ifp->if_bpf, m, BPF_DIRECTION_IN);
		if (__predict_true((ifp->if_flags & IFF_UP) != 0)) {
			ifp->if_input(ifp, m);
			continue;
		}
		ifp->if_counters.iqdrops++;
		m_drop(m, DROP_IF_DOWN);
	}
}

void
if_input(struct ifnet *ifp, struct mbuf_list *ml)
{
	bool first = batch == NULL;

	ASSERT_TOKEN();
	if (first)
		batch = ml;
	input_expect(ifp, ml);
	input_all(ifp, ml);
	if (!first)
		return;
	batch = NULL;
	if (if_input_done != NULL)
		if_input_done();
}

/* The family of an IP packet by its first four bits; AF_UNSPEC for none. */
static sa_family_t
packet_family(const struct mbuf *m)
{
	uint8_t buf;
	const uint8_t *first = m_peek(m, 0, 1, &buf);

	if (first == NULL)
		return (AF_UNSPEC);
	return (*first >> 4 == 4 ? AF_INET :
		*first >> 4 == 6 ? AF_INET6 :
				   AF_UNSPEC);
}

void
if_input_ip(struct ifnet *ifp, struct mbuf *m, sa_family_t af)
{
	const struct if_family *fam = if_family(af);

	if (fam == NULL) {
		ifp->if_counters.noproto++;
		m_drop(m, DROP_IF_NOFAMILY);
		return;
	}
	fam->fam_input(ifp, m);
}

void
if_csum_trust(struct mbuf *m)
{
	uint32_t out = m->m_pkthdr.csum_flags;

	if ((out & M_IPV4_CSUM_OUT) != 0)
		m->m_pkthdr.csum_flags |= M_IPV4_CSUM_IN_OK;
	if ((out & (M_TCP_CSUM_OUT | M_TCP_TSO)) != 0)
		m->m_pkthdr.csum_flags |= M_TCP_CSUM_IN_OK;
	if ((out & (M_UDP_CSUM_OUT | M_UDP_GSO)) != 0)
		m->m_pkthdr.csum_flags |= M_UDP_CSUM_IN_OK;
	if ((out & M_ICMP_CSUM_OUT) != 0)
		m->m_pkthdr.csum_flags |= M_ICMP_CSUM_IN_OK;
}

/* Queues for ifp; false when too many wait already, and m is gone. */
static bool
later_add(struct ifnet *ifp, struct mbuf *m)
{
	if (if_laterq.ml_len >= IF_LATER_MAX) {
		ifp->if_counters.iqdrops++;
		m_drop(m, DROP_IF_QFULL);
		return (false);
	}
	m->m_pkthdr.ifidx = ifp->if_index;
	if (ml_empty(&if_laterq) && curproc() != NULL)
		host_kick();
	ml_enqueue(&if_laterq, m);
	return (true);
}

void
if_input_later(struct ifnet *ifp, struct mbuf *m)
{
	m_resethdr(m);
	if_csum_trust(m);
	later_add(ifp, m);
}

/*
 * A packet that goes by if_input_ip() and not by ifp's own input is marked
 * M_PROTO1 while it waits: it has no link header.
 */
int
if_input_local(struct ifnet *ifp, struct mbuf *m, sa_family_t af)
{
	uint16_t keep = m->m_flags & (M_BCAST | M_MCAST);
	uint16_t rtableid = m->m_pkthdr.rtableid;

	KASSERT(af == packet_family(m) || af == AF_UNSPEC);
	m_resethdr(m);
	m->m_pkthdr.rtableid = rtableid;
	if_csum_trust(m);
	m->m_flags |= keep | M_LOOP | M_PROTO1;
	if (ifp->if_type == IFT_LOOP) { /* it went out there before it comes in */
		ifp->if_counters.opackets++;
		ifp->if_counters.obytes += m->m_pkthdr.len;
	}
	return (later_add(ifp, m) ? 0 : ENOBUFS);
}

static void
later_run(struct mbuf *m)
{
	struct ifnet *ifp = if_get(m->m_pkthdr.ifidx);
	struct mbuf_list one = MBUF_LIST_INITIALIZER;

	if (ifp == NULL) {
		m_drop(m, DROP_IF_GONE);
		return;
	}
	if ((m->m_flags & M_PROTO1) == 0 || ifp->if_type == IFT_LOOP) {
		m->m_flags &= (uint16_t)~M_PROTO1;
		ml_enqueue(&one, m);
		if_input(ifp, &one);
		return;
	}
	m->m_flags &= (uint16_t)~M_PROTO1;
	input_count(ifp, m);
	if_input_ip(ifp, m, packet_family(m));
}

/* --- out --- */

static void
tx_start(struct ifnet *ifp)
{
	TAILQ_REMOVE(&if_txq, ifp, if_txlist);
	ifp->if_txlisted = 0;
	ifp->if_start(ifp);
}

int
if_enqueue(struct ifnet *ifp, struct mbuf *m)
{
	ASSERT_TOKEN();
	if ((ifp->if_flags & IFF_UP) == 0 || ifp->if_detaching) {
		ifp->if_counters.oqdrops++;
		m_drop(m, DROP_IF_DOWN);
		return (ENETDOWN);
	}
	if (__predict_false(ifp->if_bridge != NULL) &&
	    (m = bridge_output(ifp, m)) == NULL)
		return (0);
	if (ifp->if_snd.ml_len >= ifp->if_snd_max) {
		ifp->if_counters.oqdrops++;
		m_drop(m, DROP_IF_QFULL);
		return (ENOBUFS);
	}
	if (ifp->if_bpf != NULL)
		bpf_mtap(ifp->if_bpf, m, BPF_DIRECTION_OUT);
	ifp->if_counters.opackets++;
	ifp->if_counters.obytes += m->m_pkthdr.len;
	ifp->if_counters.omcasts += (m->m_flags & (M_BCAST | M_MCAST)) != 0;
	ml_enqueue(&ifp->if_snd, m);
	if ((ifp->if_flags & IFF_OACTIVE) != 0)
		return (0); /* the driver waits for room and starts by itself */
	if (!ifp->if_txlisted) {
		if (TAILQ_EMPTY(&if_txq) && curproc() != NULL)
			host_kick();
		TAILQ_INSERT_TAIL(&if_txq, ifp, if_txlist);
		ifp->if_txlisted = 1;
	}
	if (ifp->if_snd.ml_len >= IF_BATCH)
		tx_start(ifp);
	return (0);
}

void
if_queue_forget(struct ifnet *ifp)
{
	struct mbuf *m;

	if (ifp->if_txlisted) {
		TAILQ_REMOVE(&if_txq, ifp, if_txlist);
		ifp->if_txlisted = 0;
	}
	while ((m = ml_dequeue(&ifp->if_snd)) != NULL) {
		ifp->if_counters.oqdrops++;
		m_drop(m, DROP_IF_DOWN);
	}
}

bool
if_flush_all(void)
{
	struct mbuf_list now;
	unsigned int n = 0;
	struct ifnet *ifp;
	struct mbuf *m;

	ASSERT_TOKEN();
	/* what goes in circles (bridges) must not keep the token */
	for (int turn = 0; turn < IF_TURNS && n < IF_BUDGET; turn++) {
		if (TAILQ_EMPTY(&if_txq) && ml_empty(&if_laterq))
			return (false);
		while ((ifp = TAILQ_FIRST(&if_txq)) != NULL)
			tx_start(ifp);
		now = if_laterq;
		n += now.ml_len;
		ml_init(&if_laterq);
		while ((m = ml_dequeue(&now)) != NULL)
			later_run(m);
	}
	return (!TAILQ_EMPTY(&if_txq) || !ml_empty(&if_laterq));
}
