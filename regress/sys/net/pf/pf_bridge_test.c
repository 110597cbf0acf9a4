/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pf on a bridge: what crosses it is judged on both members, keeps its link
 * headers, and is judged once when it is for the machine itself; fragments,
 * answers, translation, broken headers, large packets, and short memory.
 */

#include "pfkit.h"

#include <sys/drop.h>
#include <net/if_var.h>
#include <net/pf/pf_frag.h>
#include <net/pf/pf_if.h>
#include <netinet/ip_var.h>

#include "../bridgekit.h"

#define CLIENT 10 /* behind station 0 */
#define SERVER 20 /* behind station 1 */
#define OTHER  77

#define PASS_ON(name, way)                                              \
	{ .action = PFA_PASS, .dir = (way), .keep = PF_KEEPSTATE,       \
	    .ifname = name }

/* Rules and a bridge of three members; stations 0 and 1 are known if so. */
static void
begin(const struct pf_ioc_rule *ioc, unsigned int n, bool known)
{
	struct pf_ioc_poolent *pools[PF_NPOOLS] = { pk_ents[0], pk_ents[1],
		pk_ents[2] };
	struct pf_rules *rules;
	struct pf_ioc_rule c;
	struct pf_rule *r;

	if (if_unit("bridge0") == NULL)
		bridge_make();
	rules = pf_rules_new();
	for (unsigned int i = 0; i < n; i++) {
		c = ioc[i];
		c.rtable = -1;
		KT_EQ(pf_rule_make(&pf_main, PF_RS_FILTER, &c, pools, &r), 0);
		KT_EQ(pf_rules_add(rules, r), 0);
	}
	pf_rules_finish(rules, 1);
	pf_rules_free(pf_main.rules[PF_RS_FILTER]);
	pf_main.rules[PF_RS_FILTER] = rules;
	if (known) {
		struct bridge_req req = { .lladdr = { 2, 0, 0, 0, 0, 0x10 } };

		KT_EQ(ask(SIOCBRDGSADDR, "pair10", &req), 0);
		req.lladdr[5] = 0x11;
		KT_EQ(ask(SIOCBRDGSADDR, "pair11", &req), 0);
	}
	KT(pf_running || pf_start() == 0);
	memset(drop_counts, 0, sizeof(drop_counts));
	keep_frames = true;
	counts_clear();
}

/* Before the next family. */
static void
again(void)
{
	counts_clear();
	pk_states_end();
	pf_kif_clear("");
	memset(drop_counts, 0, sizeof(drop_counts));
}

static void
end(void)
{
	again();
	KT_EQ(pf_stop(), 0);
}

static struct pk
udp(sa_family_t af, unsigned int src, unsigned int dst)
{
	return ((struct pk){ .af = af, .proto = IPPROTO_UDP, .src = src,
	    .dst = dst, .sport = 4000, .dport = 53, .len = 20 });
}

static struct pk
back(struct pk p)
{
	return ((struct pk){ .af = p.af, .proto = p.proto, .src = p.dst,
	    .dst = p.src, .sport = p.dport, .dport = p.sport, .len = 20 });
}

/* The link headers of a frame, with n tags (5, 6) in front of the type. */
static struct mbuf *
framed(struct mbuf *m, sa_family_t af, const uint8_t src[6],
    const uint8_t dst[6], unsigned int tags)
{
	uint8_t *p;

	if (m == NULL || (m = m_prepend(m, 14 + tags * 4)) == NULL)
		return (NULL);
	p = mtod(m, uint8_t *);
	memcpy(p, dst, 6);
	memcpy(p + 6, src, 6);
	for (unsigned int i = 0; i < tags; i++) {
		be16enc(p + 12 + i * 4, ETHERTYPE_VLAN);
		be16enc(p + 14 + i * 4, (uint16_t)(5 + i));
	}
	be16enc(p + 12 + tags * 4,
	    af == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	return (m);
}

static void
inject(unsigned int from, struct mbuf *m)
{
	if (m == NULL)
		return;
	(void)if_enqueue(if_unit(port(20, from)), m);
	kernel_step();
}

/* From station `from' to station `to'. */
static void
packet(unsigned int from, unsigned int to, const struct pk *p)
{
	inject(from,
	    framed(pk_make(p, NULL), p->af, station[from], station[to], 0));
}

/* The frames that station i got, taken away: how many. */
static unsigned int
took(unsigned int i)
{
	unsigned int n = came[i];

	came[i] = 0;
	ml_purge(&got[i]);
	return (n);
}

static uint64_t
seen(const char *name, sa_family_t af, enum pf_dir dir)
{
	const struct pf_kif *kif = pf_kif_of(if_unit(name));
	const uint64_t *n = kif->kif_packets[af == AF_INET6][dir == PF_OUT];

	return (n[0] + n[1]);
}

static uint64_t
filtered(void)
{
	return (drop_counts[DROP_IP_FILTER] + drop_counts[DROP_IP6_FILTER]);
}

/* --- states --- */

KTEST(pf_bridge_states_lead_back)
{
	static const struct pf_ioc_rule rules[] = { { .action = PFA_BLOCK },
		PASS_ON("pair10", PFD_IN), PASS_ON("pair11", PFD_OUT) };
	struct pk p;

	begin(rules, nitems(rules), true);
	PK_BOTH(af)
	{
		p = udp(af, SERVER, CLIENT);
		packet(1, 0, &p);
		KT_EQ(took(0), 0); /* nobody asked */
		KT_EQ(filtered(), 1);
		p = udp(af, CLIENT, SERVER);
		packet(0, 1, &p);
		KT_EQ(took(1), 1);
		p = back(p);
		packet(1, 0, &p);
		KT_EQ(took(0), 1);
		KT_EQ(seen("pair10", af, PF_IN), 1);
		KT_EQ(seen("pair11", af, PF_OUT), 1);
		KT_EQ(seen("pair11", af, PF_IN), 2);
		KT_EQ(seen("pair10", af, PF_OUT), 1);
		again();
	}
	end();
}

KTEST(pf_bridge_off_passes_all)
{
	static const struct pf_ioc_rule block[] = { { .action = PFA_BLOCK } };
	struct pk p;

	begin(block, 1, true);
	KT_EQ(pf_stop(), 0);
	PK_BOTH(af)
	{
		p = udp(af, CLIENT, SERVER);
		packet(0, 1, &p);
		KT_EQ(took(1), 1);
	}
	KT_EQ(pf_start(), 0);
	end();
}

/* A frame for a station that is not known is judged for each member. */
KTEST(pf_bridge_flood_is_judged_for_each)
{
	static const struct pf_ioc_rule rules[] = { { .action = PFA_BLOCK },
		PASS_ON("pair10", PFD_IN), PASS_ON("pair12", PFD_OUT) };
	struct pk p;

	begin(rules, nitems(rules), false);
	PK_BOTH(af)
	{
		p = udp(af, CLIENT, SERVER);
		packet(0, 1, &p);
		KT_EQ(took(1), 0);
		KT_EQ(took(2), 1);
		KT_EQ(filtered(), 1);
		KT_EQ(if_unit("bridge0")->if_counters.oqdrops, af == AF_INET ? 1 : 2);
		again();
	}
	end();
}

/* What was noted of a packet when it came in is there when it leaves. */
KTEST(pf_bridge_marks_cross)
{
	static const struct pf_ioc_rule rules[] = { { .action = PFA_BLOCK },
		{ .action = PFA_PASS, .dir = PFD_IN, .keep = PF_KEEPSTATE,
		    .ifname = "pair10", .tagname = "inside" },
		{ .action = PFA_PASS, .dir = PFD_IN, .keep = PF_KEEPSTATE,
		    .ifname = "pair12" },
		{ .action = PFA_PASS, .dir = PFD_OUT, .keep = PF_KEEPSTATE,
		    .ifname = "pair11", .match_tagname = "inside" },
		{ .action = PFA_PASS, .dir = PFD_OUT, .keep = PF_KEEPSTATE,
		    .ifname = "pair12", .rcv_ifname = "pair10" } };
	struct pk p;

	begin(rules, nitems(rules), false);
	PK_BOTH(af)
	{
		plain(SIOCBRDGFLUSH, "");
		p = udp(af, CLIENT, SERVER);
		packet(0, 3, &p);
		KT(took(1) == 1 && took(2) == 1);
		p = udp(af, OTHER, SERVER);
		packet(2, 3, &p);
		KT(took(0) == 0 && took(1) == 0);
		again();
	}
	end();
}

KTEST(pf_bridge_skip_on_a_member)
{
	static const struct pf_ioc_rule block[] = { { .action = PFA_BLOCK } };
	struct pk p;

	begin(block, 1, true);
	KT_EQ(pf_kif_setflag("pair10", PFI_SKIP, true), 0);
	PK_BOTH(af)
	{
		p = udp(af, CLIENT, SERVER);
		packet(0, 1, &p);
		KT_EQ(took(1), 0); /* out is still judged */
		KT_EQ(seen("pair10", af, PF_IN), 0);
		KT_EQ(seen("pair11", af, PF_OUT), 1);
		KT_EQ(pf_kif_setflag("pair11", PFI_SKIP, true), 0);
		packet(0, 1, &p);
		KT_EQ(took(1), 1);
		KT_EQ(pf_kif_setflag("pair11", PFI_SKIP, false), 0);
		again();
	}
	KT_EQ(pf_kif_setflag("pair10", PFI_SKIP, false), 0);
	end();
}

/* --- link headers --- */

KTEST(pf_bridge_what_is_no_ip_passes)
{
	static const struct pf_ioc_rule block[] = { { .action = PFA_BLOCK } };
	static const uint16_t types[] = { ETHERTYPE_ARP, TYPE_TEST };
	struct pk p = udp(AF_INET, CLIENT, SERVER);
	struct mbuf *m;

	begin(block, 1, true);
	for (unsigned int i = 0; i < nitems(types); i++) {
		m = framed(pk_make(&p, NULL), AF_INET, station[0], station[1],
		    0);
		be16enc(mtod(m, uint8_t *) + 12, types[i]);
		inject(0, m);
		KT_EQ(took(1), 1);
	}
	end();
}

KTEST(pf_bridge_looks_behind_tags)
{
	static const struct pf_ioc_rule rules[] = { { .action = PFA_BLOCK },
		{ .action = PFA_PASS, .keep = PF_KEEPSTATE,
		    .dst = { .port = { 53 }, .port_op = PF_OP_EQ },
		    .proto = IPPROTO_UDP } };
	uint8_t sent[80], came_in[80];
	struct mbuf *m;
	struct pk p;

	begin(rules, nitems(rules), true);
	PK_BOTH(af)
	for (unsigned int tags = 0; tags <= 2; tags++) {
		p = udp(af, CLIENT, SERVER);
		m = framed(pk_make(&p, NULL), af, station[0], station[1], tags);
		KT_EQ(m_copydata(m, 0, sizeof(sent) - 32, sent), 0);
		inject(0, m);
		KT_EQ(came[1], 1);
		m = got[1].ml_head;
		KT_EQ(m_copydata(m, 0, sizeof(came_in) - 32, came_in), 0);
		KT(memcmp(sent, came_in, sizeof(sent) - 32) == 0);
		took(1);
		p.dport = 54;
		inject(0,
		    framed(pk_make(&p, NULL), af, station[0], station[1],
			tags));
		KT_EQ(took(1), 0);
		KT_EQ(filtered(), 1);
		again();
	}
	end();
}

/* --- headers that are not sound --- */

KTEST(pf_bridge_broken_headers_end_here)
{
	static const struct {
		sa_family_t af;
		uint32_t off;
		uint8_t value;
		enum drop_reason why;
	} rows[] = {
		{ AF_INET, 0, 0x55, DROP_IP_BADVERS },
		{ AF_INET, 0, 0x44, DROP_IP_BADHLEN },
		{ AF_INET, 0, 0x4f, DROP_IP_BADHLEN },
		{ AF_INET, 2, 0x40, DROP_IP_BADSUM },
		{ AF_INET, 8, 1, DROP_IP_BADSUM },
		{ AF_INET6, 0, 0x40, DROP_IP6_BADVERS },
		{ AF_INET6, 4, 0x40, DROP_IP6_BADLEN },
	};
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS } };
	struct mbuf *m;
	struct pk p;

	begin(pass, 1, true);
	for (unsigned int i = 0; i < nitems(rows); i++) {
		p = udp(rows[i].af, CLIENT, SERVER);
		p.len = 4;
		m = framed(pk_make(&p, NULL), p.af, station[0], station[1], 0);
		*(mtod(m, uint8_t *) + 14 + rows[i].off) = rows[i].value;
		inject(0, m);
		KT_EQ(took(1), 0);
		KT_EQ(drop_counts[rows[i].why], 1);
		again();
	}
	p = udp(AF_INET, CLIENT, SERVER); /* longer than the frame, sum good */
	m = pk_make(&p, NULL);
	m_adj(m, -5);
	inject(0, framed(m, AF_INET, station[0], station[1], 0));
	KT_EQ(drop_counts[DROP_IP_BADLEN], 1);
	m = pk_make(&p, NULL);
	m_adj(m, 10 - (int)m->m_pkthdr.len);
	inject(0, framed(m, AF_INET, station[0], station[1], 0));
	KT_EQ(drop_counts[DROP_IP_SHORT], 1);
	KT_EQ(took(1), 0);
	m = pk_make(&p, NULL); /* padding of the link is no part of it */
	m->m_len += 9;
	m->m_pkthdr.len += 9;
	inject(0, framed(m, AF_INET, station[0], station[1], 0));
	KT_EQ(came[1], 1);
	KT_EQ(got[1].ml_head->m_pkthdr.len, 14 + 20 + 8 + 20);
	end();
}

/* --- fragments --- */

/* Sends a UDP packet of len bytes in fragments of up to mtu. */
static unsigned int
fragments(sa_family_t af, const uint8_t dst[6], uint32_t len, uint32_t mtu)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	struct pk p = udp(af, CLIENT, SERVER);
	struct mbuf *m = m_getroom(M_HEADROOM, 48 + len);
	unsigned int n = 0;
	uint32_t hlen;

	if (m == NULL)
		return (0);
	hlen = pk_header(&p, 8 + len, mtod(m, uint8_t *));
	p.len = (uint16_t)len;
	pk_transport(&p, mtod(m, uint8_t *) + hlen);
	for (uint32_t i = 0; i < len; i++)
		mtod(m, uint8_t *)[hlen + 8 + i] = (uint8_t)i;
	m->m_len = m->m_pkthdr.len = hlen + 8 + len;
	if ((af == AF_INET ? ip_fragment(m, &ml, mtu) :
			     ip6_fragment(m, &ml, mtu)) != 0)
		return (0);
	for (; (m = ml_dequeue(&ml)) != NULL; n++)
		inject(0, framed(m, af, station[0], dst, 0));
	return (n);
}

/* All that station i got are fragments of our packet, none above mtu, and
 * their bytes are those that were sent. */
static void
fragments_check(unsigned int i, sa_family_t af, uint32_t len, uint32_t mtu)
{
	uint32_t hlen = af == AF_INET ? 20 : 48, sum = 0, n;
	uint8_t head[14], byte;
	struct mbuf *m;

	while ((m = ml_dequeue(&got[i])) != NULL) {
		KT_EQ(m_copydata(m, 0, sizeof(head), head), 0);
		KT(memcmp(head, station[1], 6) == 0 &&
		    memcmp(head + 6, station[0], 6) == 0);
		KT_EQ(be16dec(head + 12),
		    af == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
		n = m->m_pkthdr.len - 14 - hlen;
		KT(m->m_pkthdr.len - 14 <= mtu);
		KT_EQ(m_copydata(m, m->m_pkthdr.len - 1, 1, &byte), 0);
		sum += n;
		KT_EQ(byte, (uint8_t)(sum - 8 - 1));
		m_freem(m);
	}
	KT_EQ(sum, len + 8);
	came[i] = 0;
}

/* The ports of all are those of the first: only the whole packet has them. */
static const struct pf_ioc_rule by_port[] = { { .action = PFA_BLOCK },
	{ .action = PFA_PASS, .keep = PF_KEEPSTATE, .proto = IPPROTO_UDP,
	    .dst = { .port = { 53 }, .port_op = PF_OP_EQ } } };

KTEST(pf_bridge_fragments_are_one_packet)
{
	begin(by_port, nitems(by_port), true);
	PK_BOTH(af)
	{
		KT_EQ(fragments(af, station[1], 4000, 1400), 3);
		KT_EQ(came[1], 3);
		KT_EQ(seen("pair10", af, PF_IN), 1);
		KT_EQ(seen("pair11", af, PF_OUT), 1);
		fragments_check(1, af, 4000, af == AF_INET ? 1500 : 1400);
		KT_EQ(fragments(af, station[1], 8000, 600),
		    af == AF_INET ? 14 : 15);
		fragments_check(1, af, 8000, af == AF_INET ? 1500 : 1280);
		KT_EQ(ip_frag_held(), 0);
		again();
	}
	end();
}

/*
 * Station n has got one frame: an ICMP error that names that MTU, from the
 * station and the address its packet went to.
 */
static void
told(unsigned int n, sa_family_t af, uint32_t mtu, unsigned int to)
{
	static const struct icmp_row {
		uint32_t hlen, alen, src, mtu;
		uint8_t proto, type, code;
	} row[] = { { 20, 4, 12, 24, IPPROTO_ICMP, 3, 4 },
		{ 40, 16, 8, 44, IPPROTO_ICMPV6, 2, 0 } };
	const struct icmp_row *r = &row[af == AF_INET6];
	struct mbuf *m = ml_dequeue(&got[n]);
	uint8_t b[100];
	uint32_t quote = r->hlen + 8;

	KT(m != NULL && ml_empty(&got[n]));
	came[n] = 0;
	KT(memcmp(mtod(m, uint8_t *), station[n], 6) == 0);
	KT(memcmp(mtod(m, uint8_t *) + 6, station[to], 6) == 0);
	m_adj(m, ETHER_HDR_LEN);
	KT_EQ(in_cksum_finish(&m, af), 0);
	KT_EQ(m_copydata(m, 0, sizeof(b), b), 0);
	KT(af == AF_INET6 || in_cksum_fold(in_cksum_bytes(0, b, 20)) == 0);
	KT(in_cksum_verify(m, af, r->proto, r->hlen,
	    m->m_pkthdr.len - r->hlen));
	KT(b[r->hlen] == r->type && b[r->hlen + 1] == r->code);
	KT_EQ(be32dec(b + r->mtu), mtu);
	KT(memcmp(b + r->src, b + quote + r->src + r->alen, r->alen) == 0);
	KT(memcmp(b + r->src + r->alen, b + quote + r->src, r->alen) == 0);
	m_freem(m);
}

KTEST(pf_bridge_fragments_fit_the_member)
{
	begin(by_port, nitems(by_port), true);
	KT_EQ(if_setmtu(if_unit("pair11"), 1300), 0);
	KT_EQ(fragments(AF_INET, station[1], 4000, 1500), 3);
	fragments_check(1, AF_INET, 4000, 1300);
	again();
	/* only their sender may make them smaller (RFC 8200 5) */
	KT_EQ(fragments(AF_INET6, station[1], 4000, 1500), 3);
	KT_EQ(took(1), 0);
	told(0, AF_INET6, 1300, 1);
	KT_EQ(drop_counts[DROP_BRIDGE_TOOBIG], 1);
	KT_EQ(fragments(AF_INET6, station[1], 4000, 1300), 4);
	fragments_check(1, AF_INET6, 4000, 1300);
	end();
}

/* The error is judged as it goes back: the packet's own state lets it pass. */
KTEST(pf_bridge_errors_are_judged)
{
	static const struct pf_ioc_rule both[] = { { .action = PFA_BLOCK },
		PASS_ON("pair10", PF_IN) }, nostate[] = {
		{ .action = PFA_PASS, .dir = PF_IN }, { .action = PFA_BLOCK, .dir = PF_OUT } };
	struct pk p = udp(AF_INET6, CLIENT, SERVER);

	p.len = 1400;
	begin(both, nitems(both), true);
	KT_EQ(if_setmtu(if_unit("pair11"), 1300), 0);
	packet(0, 1, &p);
	told(0, AF_INET6, 1300, 1);
	KT_EQ(took(1), 0);
	end();
	begin(nostate, nitems(nostate), true);
	packet(0, 1, &p);
	KT(took(0) == 0 && took(1) == 0);
	KT_EQ(filtered(), 1);
	end();
}

/* Nobody is told for a group, an error, or a packet from nobody; nor too often. */
KTEST(pf_bridge_errors_have_limits)
{
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS } };
	struct pk p = udp(AF_INET6, CLIENT, SERVER);
	struct mbuf *m;
	unsigned int n = 0;

	begin(pass, 1, true);
	KT_EQ(pf_stop(), 0);
	KT_EQ(if_setmtu(if_unit("pair11"), 1300), 0);
	p.len = 1400;
	inject(0, framed(pk_make(&p, NULL), AF_INET6, station[0], etherbroadcastaddr, 0));
	KT_EQ(took(0), 0);
	m = pk_make(&p, NULL); /* a source that is a group's */
	mtod(m, uint8_t *)[8] = 0xff;
	inject(0, framed(m, AF_INET6, station[0], station[1], 0));
	m = pk_make(&p, NULL); /* an error itself */
	mtod(m, uint8_t *)[6] = IPPROTO_ICMPV6;
	mtod(m, uint8_t *)[40] = 1;
	inject(0, framed(m, AF_INET6, station[0], station[1], 0));
	m = pk_make(&p, NULL); /* shorter than it says */
	mtod(m, uint8_t *)[4] = 0xff;
	inject(0, framed(m, AF_INET6, station[0], station[1], 0));
	KT_EQ(took(0), 0);
	KT_EQ(took(1), 0);
	KT_EQ(drop_counts[DROP_BRIDGE_TOOBIG], 3);
	for (int i = 0; i < 1000; i++) {
		packet(0, 1, &p);
		n += took(0);
	}
	KT(n > 0 && n < 1000);
	KT_EQ(drop_counts[DROP_BRIDGE_TOOBIG], 1003);
	KT_EQ(drop_counts[DROP_ICMP6_RATELIMIT], 1000 - n);
	again();
}

/* To members that are many, and to the machine itself, each gets all. */
KTEST(pf_bridge_fragments_for_all)
{
	begin(by_port, nitems(by_port), false);
	KT_EQ(if_setmtu(if_unit("pair11"), 1300), 0);
	PK_BOTH(af)
	{
		KT_EQ(fragments(af, station[1], 4000, 1300), 4);
		fragments_check(1, af, 4000, 1300);
		fragments_check(2, af, 4000, af == AF_INET ? 1500 : 1300);
		KT_EQ(ip_frag_held(), 0);
		again();
		KT_EQ(fragments(af, etherbroadcastaddr, 4000, 1300), 4);
		KT_EQ(took(1), 4);
		KT_EQ(took(2), af == AF_INET ? 3 : 4);
		KT_EQ(ip_frag_held(), 0); /* nor by our own stack */
		KT_EQ(seen("pair10", af, PF_IN), 1);
		again();
	}
	end();
}

/* Put together where it is judged first, which is each member it leaves by. */
KTEST(pf_bridge_fragments_on_their_way_out)
{
	begin(by_port, nitems(by_port), false);
	KT_EQ(pf_kif_setflag("pair10", PFI_SKIP, true), 0);
	PK_BOTH(af)
	{
		KT_EQ(fragments(af, station[1], 4000, 1300), 4);
		fragments_check(1, af, 4000, 1500);
		fragments_check(2, af, 4000, 1500);
		KT_EQ(seen("pair11", af, PF_OUT), 1);
		KT_EQ(seen("pair12", af, PF_OUT), 1);
		KT_EQ(ip_frag_held(), 0);
		again();
	}
	KT_EQ(pf_kif_setflag("pair10", PFI_SKIP, false), 0);
	end();
}

/* Without a filter too, IPv4 is cut for a member that takes less. */
KTEST(pf_bridge_packets_fit_the_member)
{
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS } };
	struct pk p = udp(AF_INET, CLIENT, SERVER);
	struct mbuf *m;

	begin(pass, 1, true);
	KT_EQ(if_setmtu(if_unit("pair11"), 600), 0);
	for (int filter = 1; filter >= 0; filter--) {
		p.len = 1000;
		packet(0, 1, &p);
		KT_EQ(took(1), 2);
		m = pk_make(&p, NULL);
		mtod(m, struct ip *)->ip_off = htons(IP_DF);
		mtod(m, struct ip *)->ip_sum = in_cksum_fixup(
		    mtod(m, struct ip *)->ip_sum, 0, htons(IP_DF));
		inject(0, framed(m, AF_INET, station[0], station[1], 0));
		told(0, AF_INET, 600, 1);
		p.af = AF_INET6;
		packet(0, 1, &p);
		told(0, AF_INET6, 600, 1);
		p.af = AF_INET;
		KT_EQ(took(1), 0);
		KT_EQ(drop_counts[DROP_BRIDGE_TOOBIG], 2);
		again();
		if (filter)
			KT_EQ(pf_stop(), 0);
	}
	KT_EQ(pf_start(), 0);
	end();
}

/* --- the machine itself --- */

KTEST(pf_bridge_own_frames_are_judged_once)
{
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS } };
	struct pk p;

	begin(pass, 1, true);
	PK_BOTH(af)
	{
		p = udp(af, CLIENT, OTHER);
		inject(0, framed(pk_make(&p, NULL), af, station[0],
			    if_unit("pair10")->if_lladdr, 0));
		KT_EQ(seen("pair10", af, PF_IN), 1);
		again();
		inject(0, framed(pk_make(&p, NULL), af, station[0],
			    if_unit("pair11")->if_lladdr, 0));
		KT_EQ(seen("pair10", af, PF_IN), 0);
		KT_EQ(seen("pair11", af, PF_IN), 1); /* whose address it is */
		again();
		inject(0, framed(pk_make(&p, NULL), af, station[0],
			    etherbroadcastaddr, 0));
		KT_EQ(seen("pair10", af, PF_IN), 1); /* not in the stack too */
		KT_EQ(seen("pair11", af, PF_IN), 0);
		KT_EQ(seen("pair11", af, PF_OUT), 1);
		KT_EQ(seen("pair12", af, PF_OUT), 1);
		again();
	}
	end();
}

/* --- answers --- */

/* The reset that station 0 gets: from the server, by the link it came. */
static void
reset_check(sa_family_t af)
{
	uint32_t hlen = af == AF_INET ? 20 : 40;
	struct pk_ends e;
	struct tcphdr th;
	struct mbuf *m;
	uint8_t head[14];

	KT_EQ(came[0], 1);
	m = got[0].ml_head;
	KT_EQ(m_copydata(m, 0, sizeof(head), head), 0);
	KT(memcmp(head, station[0], 6) == 0 &&
	    memcmp(head + 6, station[1], 6) == 0);
	e = pk_ends(m, af, 14);
	KT(e.src == SERVER && e.dst == CLIENT && e.sport == 80 &&
	    e.dport == 4000);
	KT_EQ(m_copydata(m, 14 + hlen, sizeof(th), &th), 0);
	KT_EQ(th.th_flags, TH_RST | TH_ACK);
	KT_EQ(ntohl(th.th_ack), 1001);
	m_adj(m, 14);
	KT((m->m_pkthdr.csum_flags & M_TCP_CSUM_OUT) != 0);
	m = if_family(af)->fam_sound(m);
	KT(m != NULL);
	if (af == AF_INET6) /* the hop limit of any packet made here */
		KT(mtod(m, uint8_t *)[7] != 0);
	got[0].ml_head = m;
	took(0);
}

KTEST(pf_bridge_return_goes_back_by_the_link)
{
	static const struct pf_ioc_rule in[] = {
		{ .action = PFA_BLOCK, .flags = PFR_RETURN },
	}, out[] = {
		PASS_ON("pair10", PFD_IN),
		{ .action = PFA_BLOCK, .flags = PFR_RETURNRST,
		    .dir = PFD_OUT },
	};
	struct pk p = { .proto = IPPROTO_TCP, .src = CLIENT, .dst = SERVER,
		.sport = 4000, .dport = 80, .seq = 1000, .flags = TH_SYN };
	struct mbuf *m;

	PK_BOTH(af)
	for (int way = 0; way < 2; way++) {
		if (way == 0)
			begin(in, nitems(in), true);
		else
			begin(out, nitems(out), true);
		p.af = af;
		m = pk_make(&p, NULL);
		m->m_pkthdr.csum_flags |= M_TCP_CSUM_OUT;
		inject(0, framed(m, af, station[0], station[1], 0));
		KT_EQ(took(1), 0);
		reset_check(af);
		KT_EQ(filtered(), 1);
		again();
	}
	end();
}

/* --- translation --- */

KTEST(pf_bridge_translation_changes_packets_not_frames)
{
	struct pf_ioc_rule rdr = { .action = PFA_RDR };
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS,
		.keep = PF_KEEPSTATE } };
	struct pk_ends e;
	struct pk p;

	begin(pass, 1, false);
	rdr.pool[PF_RDRPOOL].nents = 1;
	strlcpy(rdr.ifname, "pair10", sizeof(rdr.ifname));
	PK_BOTH(af)
	{
		rdr.af = af;
		pk_ents[PF_RDRPOOL][0] = pk_net(af, OTHER,
		    af == AF_INET ? 32 : 128);
		pk_rule(PF_RS_RDR, &rdr);
		plain(SIOCBRDGFLUSH, "");
		p = udp(af, CLIENT, SERVER);
		packet(0, 1, &p);
		for (unsigned int i = 1; i <= 2; i++) {
			KT_EQ(came[i], 1);
			e = pk_ends(got[i].ml_head, af, 14);
			KT(e.src == CLIENT && e.dst == OTHER);
			KT(memcmp(mtod(got[i].ml_head, uint8_t *), station[1],
			       6) == 0);
			took(i);
		}
		p = back(udp(af, CLIENT, OTHER));
		packet(1, 0, &p);
		KT_EQ(came[0], 1);
		e = pk_ends(got[0].ml_head, af, 14);
		KT(e.src == SERVER && e.dst == CLIENT);
		again();
	}
	end();
}

/* Translated on its way out by one member, untouched by the other. */
KTEST(pf_bridge_copies_are_each_their_own)
{
	struct pf_ioc_rule nat = { .action = PFA_NAT };
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS,
		.keep = PF_KEEPSTATE, .stateflags = PFS_IFBOUND } };
	struct pk p;

	begin(pass, 1, false);
	nat.pool[PF_NATPOOL].nents = 1;
	PK_BOTH(af)
	for (unsigned int i = 1; i <= 2; i++) {
		nat.af = af;
		strlcpy(nat.ifname, port(10, i), sizeof(nat.ifname));
		pk_ents[PF_NATPOOL][0] = pk_net(af, OTHER,
		    af == AF_INET ? 32 : 128);
		pk_rule(PF_RS_NAT, &nat);
		p = udp(af, CLIENT, SERVER);
		packet(0, 1, &p);
		KT_EQ(came[1] + came[2], 2);
		KT_EQ(pk_ends(got[i].ml_head, af, 14).src, OTHER);
		KT_EQ(pk_ends(got[3 - i].ml_head, af, 14).src, CLIENT);
		again();
	}
	end();
}

static unsigned int sent_here;

static void
count_here(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	sent_here++;
	m_freem(m);
}

/* What rdr sends to a loopback address is for this machine's stack. */
KTEST(pf_bridge_rdr_to_loopback_comes_in)
{
	static const struct ip_proto here = { .name = "test", .number = 254,
		.inet = true, .inet6 = true, .input = count_here };
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS,
		.keep = PF_KEEPSTATE } };
	struct pf_ioc_rule rdr = { .action = PFA_RDR };
	struct pk p;

	begin(pass, 1, true);
	up("lo0");
	ip_proto_register(&here);
	rdr.pool[PF_RDRPOOL].nents = 1;
	PK_BOTH(af)
	{
		rdr.af = af;
		pk_ents[PF_RDRPOOL][0] = pk_net(af, 0, af == AF_INET ? 32 : 128);
		pk_ents[PF_RDRPOOL][0].addr.addr = af == AF_INET ?
		    ip_addr_v4(htonl(0x7f000001U)) :
		    (struct ip_addr){ .b = { [15] = 1 } };
		pk_rule(PF_RS_RDR, &rdr);
		p = udp(af, CLIENT, SERVER);
		p.proto = 254;
		sent_here = 0;
		packet(0, 1, &p);
		KT_EQ(took(1), 0);
		KT_EQ(sent_here, 1);
		again();
	}
	end();
}

/* What divert-to names is for a socket here, whoever it was sent to. */
KTEST(pf_bridge_divert_to_comes_in)
{
	static const struct pf_ioc_rule divert[] = { { .action = PFA_PASS,
		.dir = PFD_IN, .keep = PF_KEEPSTATE, .proto = IPPROTO_UDP,
		.divert = PF_DIVERT_SOCKET, .divert_port = 700 } };
	struct mbuf *m;
	struct pk p;

	begin(divert, 1, true);
	PK_BOTH(af)
	{
		p = udp(af, CLIENT, SERVER);
		m = pk_make(&p, NULL);
		m->m_pkthdr.csum_flags |= M_UDP_CSUM_OUT;
		inject(0, framed(m, af, station[0], station[1], 0));
		KT_EQ(took(1), 0);
		KT_EQ(seen("pair11", af, PF_OUT), 0);
		KT_EQ(drop_counts[DROP_UDP_NOPORT], 1); /* nobody listens */
		again();
	}
	end();
}

/* A frame has one type: what changes family does not cross. */
KTEST(pf_bridge_af_to_ends_here)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.dir = PFD_IN, .flags = PFR_AFTO };
	struct pk p;

	c.pool[PF_NATPOOL].nents = c.pool[PF_RDRPOOL].nents = 1;
	PK_BOTH(af)
	{
		c.af = af;
		c.naf = af == AF_INET ? AF_INET6 : AF_INET;
		pk_ents[PF_NATPOOL][0] = pk_net(c.naf, OTHER,
		    c.naf == AF_INET ? 32 : 128);
		pk_ents[PF_RDRPOOL][0] = pk_net(c.naf, SERVER,
		    c.naf == AF_INET ? 32 : 128);
		begin(&c, 1, true);
		p = udp(af, CLIENT, SERVER);
		packet(0, 1, &p);
		KT_EQ(took(1), 0);
		KT_EQ(drop_counts[DROP_BRIDGE_AFTO], 1);
		again();
	}
	end();
}

/* --- large packets --- */

/* One that stands for segments crosses whole, its checksum still open. */
KTEST(pf_bridge_large_packets_keep_their_marks)
{
	static const struct pf_ioc_rule pass[] = { { .action = PFA_PASS,
		.keep = PF_KEEPSTATE } };
	struct pk p = { .proto = IPPROTO_TCP, .src = CLIENT, .dst = SERVER,
		.sport = 4000, .dport = 80, .seq = 1000, .flags = TH_ACK,
		.len = 1900 };
	struct mbuf *m;

	begin(pass, 1, true);
	PK_BOTH(af)
	for (int small = 0; small < 2; small++) {
		p.af = af;
		m = pk_make(&p, NULL);
		m->m_pkthdr.csum_flags |= M_TCP_CSUM_OUT | M_TCP_TSO;
		m->m_pkthdr.ph_mss = 900;
		KT_EQ(if_setmtu(if_unit("pair11"), small ? 800 : 1500), 0);
		inject(0, framed(m, af, station[0], station[1], 0));
		if (small) { /* its segments do not fit: as for any of them */
			KT_EQ(took(1), af == AF_INET ? 5 : 0);
			again();
			continue;
		}
		KT_EQ(came[1], 1);
		m = got[1].ml_head;
		KT((m->m_pkthdr.csum_flags & M_TCP_CSUM_OUT) != 0 &&
		    (m->m_pkthdr.csum_flags & M_TCP_TSO) != 0);
		KT_EQ(m->m_pkthdr.ph_mss, 900);
		again();
	}
	end();
}

/* --- anything --- */

static uint32_t
random_below(uint32_t n)
{
	static uint32_t x = 1;

	x = x * 1664525 + 1013904223;
	return ((x >> 8) % n);
}

/* A packet or piece of one with some bytes of it other than they were. */
static struct mbuf *
damaged(sa_family_t af)
{
	struct pk p = udp(af, CLIENT, SERVER);
	unsigned int tags = random_below(4);
	struct mbuf *m;

	p.proto = random_below(2) == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	p.len = (uint16_t)random_below(1800);
	m = framed(pk_make(&p, NULL), af, station[random_below(3)],
	    random_below(4) == 0 ? etherbroadcastaddr : station[random_below(3)],
	    tags);
	for (unsigned int i = random_below(4); i > 0; i--)
		mtod(m, uint8_t *)[12 + random_below(80)] ^=
		    (uint8_t)(1U << random_below(8));
	if (random_below(4) == 0)
		m_adj(m, -(int)random_below(m->m_pkthdr.len - 14));
	m->m_pkthdr.csum_flags |= M_IPV4_CSUM_OUT;
	if (random_below(3) == 0) {
		m->m_pkthdr.csum_flags |= p.proto == IPPROTO_TCP ?
		    M_TCP_CSUM_OUT | M_TCP_TSO :
		    M_UDP_CSUM_OUT | M_UDP_GSO;
		m->m_pkthdr.ph_mss = (uint16_t)(1 + random_below(1500));
	}
	return (m);
}

/* Whatever comes, it goes, or is counted, and nothing stays behind. */
KTEST(pf_bridge_frames_of_any_kind)
{
	static const struct pf_ioc_rule rules[] = {
		{ .action = PFA_PASS, .keep = PF_KEEPSTATE },
		{ .action = PFA_BLOCK, .flags = PFR_RETURN, .dir = PFD_OUT,
		    .ifname = "pair12" },
	};
	long live = 0;

	begin(rules, nitems(rules), false);
	KT_EQ(if_setmtu(if_unit("pair11"), 700), 0);
	for (int turn = 0; turn < 2; turn++) { /* the first fills pools */
		for (unsigned int i = 0; i < 5000; i++) {
			inject(random_below(3),
			    damaged(i % 2 == 0 ? AF_INET : AF_INET6));
			if (i % 64 == 0)
				counts_clear();
		}
		again();
		ip_frag_flush();
		plain(SIOCBRDGFLUSH, "");
		kernel_step();
		if (turn == 0)
			live = sim_live();
	}
	KT(sim_live() <= live + 20);
	end();
}

/* --- short memory --- */

KTEST_NTH(pf_bridge_short_of_memory)
{
	static const struct pf_ioc_rule rules[] = {
		{ .action = PFA_PASS, .keep = PF_KEEPSTATE },
		{ .action = PFA_BLOCK, .flags = PFR_RETURN,
		    .proto = IPPROTO_TCP },
	};
	struct pk p;
	long live;

	begin(rules, nitems(rules), false);
	KT_EQ(if_setmtu(if_unit("pair11"), 700), 0);
	plain(SIOCBRDGFLUSH, "");
	for (int turn = 0; turn < 2; turn++) { /* the first fills pools */
		live = sim_live();
		if (turn == 1)
			sim_fail_nth(n);
		PK_BOTH(af)
		{
			p = udp(af, CLIENT, SERVER);
			p.len = 1000;
			packet(0, 1, &p);
			fragments(af, station[1], 3000, 1300);
			fragments(af, etherbroadcastaddr, 3000, 1300);
			p = (struct pk){ .af = af, .proto = IPPROTO_TCP,
				.src = CLIENT, .dst = SERVER, .flags = TH_SYN };
			packet(0, 1, &p);
		}
		again();
		ip_frag_flush();
		plain(SIOCBRDGFLUSH, "");
		kernel_step();
	}
	KT(sim_live() <= live);
	end();
}
