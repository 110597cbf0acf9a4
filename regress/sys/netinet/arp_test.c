/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ARP: the state of an entry cell by cell, what the link may teach us. */

#include "lab4.h"

#define ME   A4(10, 0, 1, 1)
#define PEER A4(10, 0, 1, 77)

static const uint8_t peer_mac[6] = { 2, 9, 9, 9, 9, 1 };
static const uint8_t other_mac[6] = { 2, 9, 9, 9, 9, 2 };

static struct mbuf *
arp_packet(uint16_t op, const uint8_t sha[6], uint32_t spa, uint32_t tpa)
{
	struct arphdr ar = { .ar_hrd = htons(1),
		.ar_pro = htons(ETHERTYPE_IP),
		.ar_hln = 6,
		.ar_pln = 4,
		.ar_op = htons(op) };
	struct mbuf *m = m_getroom(M_HEADROOM, sizeof(ar));

	KT(m != NULL);
	memcpy(ar.ar_sha, sha, 6);
	memcpy(ar.ar_spa, &spa, 4);
	memcpy(ar.ar_tpa, &tpa, 4);
	memcpy(mtod(m, void *), &ar, sizeof(ar));
	m->m_len = m->m_pkthdr.len = sizeof(ar);
	return (m);
}

static void
arp_in(uint16_t op, const uint8_t sha[6], uint32_t spa, uint32_t tpa)
{
	arp_input(&catch_if[0], arp_packet(op, sha, spa, tpa));
	(void)if_flush_all();
}

static struct rtentry *
entry(uint32_t a)
{
	struct ip_addr addr = ip_addr_v4(a);
	struct rtentry *rt = rtable_lookup(0, AF_INET, &addr, 32, RTP_ANY);

	return (rt != NULL && rt->rt_llinfo != NULL ? rt : NULL);
}

/* How many frames of net0 have waited, by type; all are taken away. */
static unsigned int
frames(uint16_t ethertype)
{
	unsigned int n = 0;
	struct mbuf *m;

	(void)if_flush_all();
	while ((m = ml_dequeue(&caught[0])) != NULL) {
		n += mtod(m, struct ether_header *)->ether_type ==
		    htons(ethertype);
		m_freem(m);
	}
	return (n);
}

static void
send_to(uint32_t dst)
{
	struct ip_outopts po = { .po_rtable = 0 };

	(void)ip_output(pkt_udp(0, dst, 1, 2, 0), &po);
}

/* --- the life of an entry --- */

KTEST(arp_packets_wait_for_the_answer_newest_stay)
{
	unsigned int i;

	catch_up();
	for (i = 0; i < 20; i++)
		send_to(PEER);
	KT_EQ(arp_state(entry(PEER)), ARP_ASKING);
	KT_EQ(drop_counts[DROP_ARP_HOLDFULL], 4);
	KT_EQ(frames(ETHERTYPE_ARP), 1); /* one request, not twenty */
	arp_in(ARPOP_REPLY, peer_mac, PEER, ME);
	KT_EQ(arp_state(entry(PEER)), ARP_KNOWN);
	KT_EQ(frames(ETHERTYPE_IP), 16);
	send_to(PEER);
	KT_EQ(frames(ETHERTYPE_IP), 1);
	KT_EQ(entry(PEER)->rt_gwaf, AF_LINK);
	KT_EQ(memcmp(entry(PEER)->rt_gateway.b, peer_mac, 6), 0);
}

KTEST(arp_five_requests_then_silence_then_gone)
{
	unsigned int i;

	catch_up();
	send_to(PEER);
	for (i = 0; i < 5; i++) {
		KT_EQ(frames(ETHERTYPE_ARP), 1);
		KT_EQ(arp_state(entry(PEER)), ARP_ASKING);
		lab_run(1010000);
	}
	KT_EQ(frames(ETHERTYPE_ARP), 0);
	KT_EQ(arp_state(entry(PEER)), ARP_SILENT);
	KT_EQ(drop_counts[DROP_ARP_UNRESOLVED], 1);
	send_to(PEER); /* dies at once, nobody is asked */
	KT_EQ(drop_counts[DROP_ARP_UNRESOLVED], 2);
	KT_EQ(frames(ETHERTYPE_ARP), 0);
	lab_run(20100000);
	KT(entry(PEER) == NULL);
	send_to(PEER);
	KT_EQ(frames(ETHERTYPE_ARP), 1);
	/* he speaks up while he counts as silent */
	lab_run(6000000);
	KT_EQ(arp_state(entry(PEER)), ARP_SILENT);
	arp_in(ARPOP_REQUEST, peer_mac, PEER, ME);
	KT_EQ(arp_state(entry(PEER)), ARP_KNOWN);
}

KTEST(arp_sender_hears_of_a_silent_neighbour)
{
	struct mbuf *m;

	catch_up();
	catch_in(0, pkt_udp(A4(10, 0, 1, 9), A4(10, 0, 2, 77), 1, 2, 0));
	lab_run(6000000);
	while ((m = catch_out(0)) != NULL &&
	    mtod(m, struct ip *)->ip_p != IPPROTO_ICMP)
		m_freem(m);
	KT(m != NULL);
	KT_EQ(mtod(m, uint8_t *)[20], ICMP_UNREACH);
	KT_EQ(mtod(m, uint8_t *)[21], ICMP_UNREACH_HOST);
	m_freem(m);
	catch_flush();
}

KTEST(arp_used_entry_is_asked_for_again_unused_one_ends)
{
	catch_up();
	send_to(PEER);
	arp_in(ARPOP_REPLY, peer_mac, PEER, ME);
	(void)frames(0);
	lab_run(1175000000);
	(void)frames(0);
	send_to(PEER); /* in its last 30 seconds */
	KT_EQ(frames(ETHERTYPE_ARP), 1);
	arp_in(ARPOP_REPLY, peer_mac, PEER, ME);
	lab_run(100000000);
	KT(entry(PEER) != NULL);
	lab_run(1200000000);
	KT(entry(PEER) == NULL);
	catch_flush();
}

KTEST(arp_static_entry_stays)
{
	catch_up();
	KT_EQ(arp_state(entry(A4(10, 0, 1, 9))), ARP_FIXED);
	arp_in(ARPOP_REPLY, other_mac, A4(10, 0, 1, 9), ME);
	KT_EQ(entry(A4(10, 0, 1, 9))->rt_gateway.b[5], 9);
	KT_EQ(lab_counter("arp", "attempts to change a static entry"), 1);
	lab_run(2000000000);
	KT(entry(A4(10, 0, 1, 9)) != NULL);
	catch_flush();
}

KTEST(arp_scan_cannot_fill_the_table)
{
	long live;
	unsigned int i;

	catch_up();
	lab_sysctl("net.inet.ip.arpmaxunresolved", 32);
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	for (i = 0; i < 40; i++) /* our own ask as well */
		send_to(A4(10, 0, 1, 100 + i));
	live = sim_live();
	for (i = 0; i < 200; i++) {
		catch_in(1,
		    pkt_udp(A4(192, 0, 2, 7), A4(10, 0, 1, 40 + i), 1, 2, 0));
		catch_flush();
	}
	KT(drop_counts[DROP_ARP_EVICTED] > 150);
	KT(sim_live() <= live + 8);
	lab_run(60000000);
	catch_flush();
	send_to(PEER);
	KT_EQ(frames(ETHERTYPE_ARP), 1);
}

/* One station that asks for us in the name of all. */
KTEST(arp_learned_entries_have_a_limit)
{
	struct rtentry *e;
	unsigned int i, n = 0;

	catch_up();
	lab_sysctl("net.inet.ip.arpmaxentries", 32);
	for (i = 2; i < 250; i++) {
		if (i == 9 || i == 10) /* by hand */
			continue;
		arp_in(ARPOP_REQUEST, peer_mac, A4(10, 0, 1, i), ME);
		if (i == 100) /* who speaks again is the newest */
			arp_in(ARPOP_REQUEST, peer_mac, A4(10, 0, 1, 80), ME);
		if (i == 111)
			KT(entry(A4(10, 0, 1, 80)) != NULL);
	}
	for (i = 2; i < 250; i++)
		n += (e = entry(A4(10, 0, 1, i))) != NULL &&
		    arp_state(e) == ARP_KNOWN;
	KT_EQ(n, 32);
	KT(entry(A4(10, 0, 1, 249)) != NULL && entry(A4(10, 0, 1, 2)) == NULL);
	KT_EQ(drop_counts[DROP_ARP_LIMIT], 246 - 32);
	lab_run(2000000000);
	KT(entry(A4(10, 0, 1, 249)) == NULL && entry(A4(10, 0, 1, 9)) != NULL);
	catch_flush();
}

/* --- what is taken in --- */

KTEST(arp_request_for_us_is_answered_and_teaches)
{
	struct mbuf *m;
	const struct arphdr *ar;

	catch_up();
	arp_in(ARPOP_REQUEST, peer_mac, PEER, ME);
	KT((m = ml_dequeue(&caught[0])) != NULL);
	KT_EQ(memcmp(mtod(m, uint8_t *), peer_mac, 6), 0);
	ar = (const struct arphdr *)(mtod(m, uint8_t *) + ETHER_HDR_LEN);
	KT_EQ(ar->ar_op, htons(ARPOP_REPLY));
	KT_EQ(memcmp(ar->ar_sha, catch_if[0].if_lladdr, 6), 0);
	KT_EQ(be32dec(ar->ar_spa), 0x0a000101);
	KT_EQ(memcmp(ar->ar_tha, peer_mac, 6), 0);
	KT_EQ(be32dec(ar->ar_tpa), 0x0a00014d);
	m_freem(m);
	KT_EQ(arp_state(entry(PEER)), ARP_KNOWN);
}

KTEST(arp_talk_of_others_makes_no_entry)
{
	catch_up();
	arp_in(ARPOP_REQUEST, peer_mac, PEER, A4(10, 0, 1, 200));
	KT(entry(PEER) == NULL);
	KT_EQ(drop_counts[DROP_ARP_NOTFORUS], 1);
	arp_in(ARPOP_REPLY, peer_mac, PEER, A4(10, 0, 1, 200));
	KT(entry(PEER) == NULL);
	arp_in(ARPOP_REQUEST, peer_mac, A4(192, 0, 2, 1),
	    ME); /* not of this net */
	KT(entry(A4(192, 0, 2, 1)) == NULL);
	/* but changes the one we have */
	arp_in(ARPOP_REQUEST, peer_mac, PEER, ME);
	arp_in(ARPOP_REQUEST, other_mac, PEER, A4(10, 0, 1, 200));
	KT_EQ(memcmp(entry(PEER)->rt_gateway.b, other_mac, 6), 0);
	KT_EQ(lab_counter("arp", "neighbours that changed their link address"),
	    1);
	catch_flush();
}

KTEST(arp_probe_for_our_address_is_answered_without_learning)
{
	catch_up();
	arp_in(ARPOP_REQUEST, peer_mac, 0, ME);
	KT_EQ(frames(ETHERTYPE_ARP), 1);
	KT_EQ(drop_counts[DROP_ARP_BADADDR], 0);
}

KTEST(arp_conflict_is_counted_and_answered_once_in_ten_seconds)
{
	catch_up();
	arp_in(ARPOP_REPLY, other_mac, ME, ME);
	arp_in(ARPOP_REPLY, other_mac, ME, ME);
	KT_EQ(drop_counts[DROP_ARP_CONFLICT], 2);
	KT_EQ(frames(ETHERTYPE_ARP), 1);
	lab_run(11000000);
	(void)frames(0);
	arp_in(ARPOP_REQUEST, other_mac, ME, A4(10, 0, 1, 200));
	KT_EQ(frames(ETHERTYPE_ARP), 1);
	arp_in(ARPOP_REPLY, catch_if[0].if_lladdr, ME, ME); /* our own echo */
	KT_EQ(drop_counts[DROP_ARP_CONFLICT], 3);
}

KTEST(arp_published_entry_is_answered_for)
{
	struct mbuf *m;

	catch_up();
	lab_neighbour("net0", A4(10, 0, 1, 55), 55, RTF_PROTO2);
	arp_in(ARPOP_REQUEST, peer_mac, PEER, A4(10, 0, 1, 55));
	KT((m = ml_dequeue(&caught[0])) != NULL);
	KT_EQ(mtod(m, uint8_t *)[ETHER_HDR_LEN + 13], 55);
	m_freem(m);
	arp_in(ARPOP_REQUEST, peer_mac, PEER,
	    A4(10, 0, 1, 9)); /* not published */
	KT_EQ(frames(ETHERTYPE_ARP), 0);
}

KTEST(arp_address_is_announced)
{
	catch_up();
	KT_EQ(lab_addr("net0", A4(10, 0, 3, 1), 24), 0);
	KT_EQ(frames(ETHERTYPE_ARP), 1);
	if_link_state_change(&catch_if[0], LINK_STATE_DOWN);
	KT_EQ(frames(ETHERTYPE_ARP), 0);
	if_link_state_change(&catch_if[0], LINK_STATE_UP);
	KT_EQ(frames(ETHERTYPE_ARP), 2);
}

KTEST(arp_interface_without_arp_is_deaf)
{
	catch_up();
	catch_if[0].if_flags |= IFF_NOARP;
	arp_in(ARPOP_REQUEST, peer_mac, PEER, ME);
	KT_EQ(drop_counts[DROP_ARP_DISABLED], 1);
	send_to(PEER);
	KT_EQ(drop_counts[DROP_ARP_DISABLED], 2);
	catch_if[0].if_flags = (catch_if[0].if_flags & ~(uint32_t)IFF_NOARP) |
	    IFF_STATICARP;
	arp_in(ARPOP_REQUEST, peer_mac, PEER, ME);
	KT(entry(PEER) == NULL || arp_state(entry(PEER)) == ARP_IDLE);
	KT_EQ(frames(ETHERTYPE_ARP), 1); /* but it answers */
	send_to(PEER);
	KT_EQ(drop_counts[DROP_ARP_DISABLED], 3);
	send_to(A4(10, 0, 1, 9));
	KT_EQ(frames(ETHERTYPE_IP), 1);
	catch_flush();
}

/* --- malformed --- */

static const struct bad_arp {
	uint32_t at;
	uint8_t v;
	enum drop_reason why;
} bad_arps[] = {
	{ 1, 6, DROP_ARP_BADHDR },    /* hardware type */
	{ 2, 0x86, DROP_ARP_BADHDR }, /* protocol */
	{ 4, 8, DROP_ARP_BADHDR },
	{ 5, 16, DROP_ARP_BADHDR },
	{ 7, 3, DROP_ARP_BADOP },
	{ 7, 0, DROP_ARP_BADOP },
	{ 8, 3, DROP_ARP_BADADDR }, /* a group speaks */
	{ 14, 224, DROP_ARP_BADADDR },
	{ 14, 255, DROP_ARP_BADADDR },
	{ 14, 127, DROP_ARP_BADADDR },
	{ 14, 0, DROP_ARP_BADADDR },
};

KTEST(arp_header_field_by_field_and_every_cut)
{
	static const uint8_t zero_mac[6];
	struct mbuf *m;
	unsigned int i;
	uint64_t was;
	long live;

	catch_up();
	live = sim_live();
	for (i = 0; i < nitems(bad_arps); i++) {
		m = arp_packet(ARPOP_REQUEST, peer_mac, PEER, ME);
		mtod(m, uint8_t *)[bad_arps[i].at] = bad_arps[i].v;
		was = drop_counts[bad_arps[i].why];
		arp_input(&catch_if[0], m);
		KT_EQ(drop_counts[bad_arps[i].why], was + 1);
	}
	was = drop_counts[DROP_ARP_BADADDR];
	arp_in(ARPOP_REQUEST, zero_mac, PEER, ME);
	KT_EQ(drop_counts[DROP_ARP_BADADDR], was + 1);
	for (i = 0; i < sizeof(struct arphdr); i++) {
		m = arp_packet(ARPOP_REQUEST, peer_mac, PEER, ME);
		m_adj(m, (int)i - (int)sizeof(struct arphdr));
		arp_input(&catch_if[0], m);
	}
	KT_EQ(drop_counts[DROP_ARP_SHORT], sizeof(struct arphdr));
	KT_EQ(frames(ETHERTYPE_ARP), 0);
	KT(entry(PEER) == NULL);
	KT_EQ(sim_live(), live);
}
