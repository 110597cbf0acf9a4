/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces on links: plugged, unplugged, without carrier, short of memory;
 * and frames that are not finished, from one link to another.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <net/ethernet.h>
#include <net/if_link.h>
#include <net/if_var.h>
#include <ktest.h>
#include <machine/host.h>
#include <machine/kernel.h>

/* The host's wires in memory: see regress/libsim/sim.h. */
struct sim_wire;
struct sim_wire *sim_wire(const char *name);
void sim_wire_set(struct sim_wire *w, const char *key, const char *value);
bool sim_links_run(void);
void sim_wires_arrive(void);

static const struct kernel_params params = { .hostname = "test" };
static struct sim_wire *lan;
static char why[160];

static int
plug(const char *name, const char *spec)
{
	return (if_plug(name, spec, why, sizeof(why)));
}

static int
unplug(const char *name)
{
	return (if_unplug(name, why, sizeof(why)));
}

/* All that is under way arrives and is worked on. */
static void
settle(void)
{
	for (int i = 0; i < 8; i++) {
		kernel_step();
		sim_advance_us(10);
		sim_wires_arrive();
		sim_links_run();
	}
}

static void
boot(const char *offload)
{
	KT_EQ(kernel_boot(&params), 0);
	lan = sim_wire("lan");
	sim_wire_set(lan, "offload", offload);
	KT_EQ(plug("fxp0", "sim:lan"), 0);
	KT_EQ(plug("fxp1", "sim:lan"), 0);
	KT_EQ(if_setflags(if_unit("fxp0"), IFF_UP), 0);
	KT_EQ(if_setflags(if_unit("fxp1"), IFF_UP), 0);
	for (int i = 0; i < 40; i++) { /* what comes of that is told */
		sim_advance_us(100000);
		settle();
	}
	memset(&if_unit("fxp0")->if_counters, 0, sizeof(struct if_counters));
	memset(&if_unit("fxp1")->if_counters, 0, sizeof(struct if_counters));
}

/* --- plug, unplug --- */

KTEST(link_names_and_specs_are_judged)
{
	boot("0");
	KT_EQ(plug("fxp0", "sim:lan"), EEXIST);
	KT_STR(why, "there is an interface fxp0 already");
	KT_EQ(plug("vlan3", "sim:lan"), EINVAL);
	KT_STR(why, "vlan3 is the name of a cloned interface");
	KT_EQ(plug("fxp", "sim:lan"), EINVAL);
	KT_EQ(plug("0", "sim:lan"), EINVAL);
	KT_EQ(plug("f/p0", "sim:lan"), EINVAL);
	KT_EQ(plug("abcdefghijklmnop0", "sim:lan"), EINVAL);
	KT_EQ(plug("em0", "lan"), EINVAL);
	KT_EQ(plug("em0", ":lan"), EINVAL);
	KT_EQ(plug("em0", "carrot:lan"), EINVAL);
	KT_STR(why, "carrot:lan: no such kind of link; there are sim");
	KT_EQ(plug("em0", "sim:nosuch"), ENOENT);
	KT_STR(why, "sim:nosuch: no such wire");
	KT(if_unit("em0") == NULL);
	KT_EQ(unplug("em0"), ENXIO);
	KT_EQ(unplug("lo0"), ENODEV);
	KT_STR(why, "lo0 is on no link");
}

KTEST(link_comes_and_goes_with_all_it_held)
{
	struct vlan_req v = { .name = "vlan5", .parent = "fxp0", .tag = 5 };
	struct ifnet *ifp;
	struct proc p = { .p_uid = 0 };
	long live;
	uint32_t index;

	boot("0");
	KT(unplug("fxp0") == 0 && plug("fxp0", "sim:lan") == 0);
	settle();
	live = sim_live();
	index = if_unit("fxp0")->if_index;
	KT_EQ(if_setflags(if_unit("fxp0"), IFF_UP), 0);
	KT_EQ(if_ioctl_dispatch(SIOCSVLAN, &v, &p), 0);
	KT_EQ(if_setflags(if_unit("vlan5"), IFF_UP), 0);
	settle();
	KT_EQ(if_unit("vlan5")->if_link_state, LINK_STATE_UP);
	KT_EQ(unplug("fxp0"), 0);
	KT(if_unit("fxp0") == NULL && if_get(index) == NULL);
	KT_EQ(if_unit("vlan5")->if_link_state, LINK_STATE_DOWN);
	KT_EQ(if_clone_destroy("vlan5"), 0);
	settle();
	KT_EQ(if_unit("fxp1")->if_link_state, LINK_STATE_DOWN);
	KT_EQ(plug("fxp0", "sim:lan"), 0);
	settle();
	ifp = if_unit("fxp0");
	KT(ifp->if_index != index); /* a number is not used again */
	KT_EQ(if_unit("fxp1")->if_link_state, LINK_STATE_UP);
	KT_EQ(sim_live(), live);
}

static unsigned int heard;
static struct mbuf *last;

/* In place of an interface's own input; the node's own reports do not count. */
static void
hear(struct ifnet *ifp, struct mbuf *m)
{
	if (be16dec(mtod(m, const uint8_t *) + 12) == ETHERTYPE_IPV6) {
		m_freem(m);
		return;
	}
	heard++;
	m_freem(last);
	last = m;
}

static int
send(const char *name, struct mbuf *m, uint16_t type)
{
	KT(m != NULL);
	return (ether_send(if_unit(name), m, etherbroadcastaddr, type));
}

static struct mbuf *
bytes(uint32_t len)
{
	struct mbuf *m = m_getroom(M_HEADROOM, len);

	KT(m != NULL);
	memset(m->m_data, 0x5a, len);
	m->m_len = m->m_pkthdr.len = len;
	return (m);
}

static int
link_set(const char *name, const char *key, char value[64])
{
	struct if_linkctl lc = { .value = "" };
	int error;

	strlcpy(lc.name, name, sizeof(lc.name));
	strlcpy(lc.key, key, sizeof(lc.key));
	strlcpy(lc.value, value, sizeof(lc.value));
	error = if_linkctl(&lc);
	strlcpy(why, lc.why, sizeof(why));
	strlcpy(value, lc.value, 64);
	return (error);
}

/* Nobody takes the frames out of the link's queue: what is too many is counted. */
KTEST(link_that_has_no_room_loses_and_counts)
{
	struct if_counters *c;

	boot("0");
	c = &if_unit("fxp1")->if_counters;
	if_unit("fxp1")->if_input = hear;
	for (int i = 0; i < 12000; i++) {
		KT_EQ(send("fxp0", bytes(100), 0x88b5), 0);
		kernel_step();
		sim_advance_us(10);
		sim_wires_arrive();
	}
	KT_EQ(c->iqdrops, 0); /* nobody has looked */
	for (int i = 0; i < 50; i++)
		settle();
	KT(heard > 0);
	KT(heard < 12000);
	KT_EQ(c->iqdrops + (uint64_t)heard, 12000);
	KT_EQ(drop_counts[DROP_IF_MISSED], c->iqdrops);
	KT_EQ(send("fxp0", bytes(100), 0x88b5), 0);
	settle(); /* once */
	KT_EQ(drop_counts[DROP_IF_MISSED], c->iqdrops);
	KT_EQ(c->iqdrops + (uint64_t)heard, 12001);
}

KTEST(link_without_carrier_loses_and_counts)
{
	char value[64] = "0";

	boot("0");
	if_unit("fxp1")->if_input = hear;
	KT_EQ(send("fxp0", bytes(100), 0x88b5), 0);
	settle();
	KT_EQ(heard, 1);
	KT_EQ(link_set("fxp1", "carrier", value), 0);
	settle();
	KT_EQ(if_unit("fxp0")->if_link_state, LINK_STATE_DOWN);
	KT_EQ(if_unit("fxp1")->if_link_state, LINK_STATE_DOWN);
	KT_EQ(send("fxp0", bytes(100), 0x88b5), 0);
	settle();
	KT_EQ(drop_counts[DROP_IF_NOCARRIER], 1);
	KT_EQ(if_unit("fxp0")->if_counters.oerrors, 1);
	strlcpy(value, "1", sizeof(value));
	KT_EQ(link_set("fxp1", "carrier", value), 0);
	settle();
	KT_EQ(send("fxp0", bytes(100), 0x88b5), 0);
	settle();
	KT_EQ(heard, 2);
	m_freem(last);
}

KTEST(link_properties_are_named_when_refused)
{
	char value[64] = "many", empty[64] = "", one[64] = "1%";

	boot("0");
	KT_EQ(link_set("fxp0", "loss", value), EINVAL);
	KT_STR(why, "loss cannot be many");
	KT_EQ(link_set("fxp0", "colour", one), EOPNOTSUPP);
	KT_STR(why, "a sim link has no property colour");
	KT_EQ(link_set("em7", "loss", one), ENXIO);
	KT_EQ(link_set("fxp0", "loss", one), 0);
	KT_EQ(link_set("fxp0", "loss", empty), 0);
	KT_STR(empty, "1%");
}

KTEST_NTH(link_short_of_memory)
{
	long live;
	int error;

	boot("0");
	KT_EQ(plug("em0", "sim:lan"), 0);
	KT_EQ(unplug("em0"), 0);
	settle();
	live = sim_live();
	sim_fail_nth(n);
	error = plug("em0", "sim:lan");
	KT(error == 0 || (error == ENOMEM && sim_failed() && why[0] != '\0'));
	KT((error == 0) == (if_unit("em0") != NULL));
	if (error == 0)
		KT_EQ(unplug("em0"), 0);
	settle();
	KT_EQ(sim_live(), live);
}

/* --- frames that are not finished --- */

#define L4       20
#define TCP_HLEN 20

/* TCP over IPv4 from 10.0.0.1 to 10.0.0.2 with payload bytes; its sum is open. */
static struct mbuf *
segment(uint32_t payload, uint16_t mss)
{
	struct mbuf *m = bytes(L4 + TCP_HLEN + payload);
	uint8_t *p = mtod(m, uint8_t *);

	memset(p, 0, L4 + TCP_HLEN);
	p[0] = 0x45;
	be16enc(p + 2, (uint16_t)m->m_len);
	p[8] = 64;
	p[9] = 6;
	be32enc(p + 12, 0x0a000001);
	be32enc(p + 16, 0x0a000002);
	be16enc(p + L4, 1000);
	be16enc(p + L4 + 2, 80);
	be32enc(p + L4 + 4, 0xfffffff0); /* the sequence number wraps */
	p[L4 + 12] = 5 << 4;
	p[L4 + 13] = 0x11; /* FIN, ACK */
	m->m_pkthdr.csum_flags = M_TCP_CSUM_OUT;
	if (mss != 0) {
		m->m_pkthdr.csum_flags |= M_TCP_TSO;
		m->m_pkthdr.ph_mss = mss;
	}
	return (m);
}

/* Sum over the transport of a frame and its pseudo header: 0xffff is right. */
static uint16_t
frame_sum(const struct mbuf *m)
{
	uint8_t p[2048];
	uint32_t len = m->m_pkthdr.len - ETHER_HDR_LEN - L4, sum = 6 + len;

	KT(m->m_pkthdr.len <= sizeof(p));
	KT_EQ(m_copydata(m, 0, m->m_pkthdr.len, p), 0);
	for (uint32_t i = 12; i < 20; i += 2)
		sum += be16dec(p + ETHER_HDR_LEN + i);
	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[ETHER_HDR_LEN + L4 + i] << 8 :
				    p[ETHER_HDR_LEN + L4 + i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)sum);
}

KTEST(link_that_can_carries_frames_as_they_are)
{
	boot("1");
	if_unit("fxp1")->if_input = hear;
	KT_EQ(send("fxp0", segment(30000, 1000), ETHERTYPE_IP), 0);
	settle();
	KT_EQ(heard, 1);
	KT_EQ(last->m_pkthdr.len, ETHER_HDR_LEN + L4 + TCP_HLEN + 30000);
	KT_EQ(last->m_pkthdr.csum_flags,
	    M_TCP_CSUM_OUT | M_TCP_CSUM_IN_OK | M_TCP_TSO);
	KT_EQ(last->m_pkthdr.ph_mss, 1000);
	KT_EQ(send("fxp0", segment(100, 0), ETHERTYPE_IP), 0);
	settle();
	KT_EQ(last->m_pkthdr.csum_flags, M_TCP_CSUM_OUT | M_TCP_CSUM_IN_OK);
	m_freem(last);
}

KTEST(link_carries_a_tag_beside_the_frame)
{
	struct mbuf *m = NULL;

	boot("0");
	if_unit("fxp1")->if_input = hear;
	m = bytes(60);
	m->m_flags |= M_VLANTAG;
	m->m_pkthdr.ether_vtag = 0xa005;
	KT_EQ(send("fxp0", m, ETHERTYPE_IP), 0);
	settle();
	KT_EQ(heard, 1);
	KT((last->m_flags & M_VLANTAG) != 0);
	KT_EQ(last->m_pkthdr.ether_vtag, 0xa005);
	KT_EQ(last->m_pkthdr.len, 74);
	m_freem(last);
}

static uint32_t pieces_bytes;

static void
piece_hear(struct ifnet *ifp, struct mbuf *m)
{
	uint8_t p[ETHER_HDR_LEN + L4 + TCP_HLEN];
	const uint8_t *th = p + ETHER_HDR_LEN + L4;

	KT_EQ(m_copydata(m, 0, sizeof(p), p), 0);
	KT_EQ(m->m_pkthdr.csum_flags, 0);
	KT_EQ(frame_sum(m), 0xffff);
	KT_EQ(be32dec(th + 4), 0xfffffff0U + pieces_bytes);
	pieces_bytes += m->m_pkthdr.len - (uint32_t)sizeof(p);
	KT_EQ(th[13], pieces_bytes == 3500 ? 0x11 : 0x10); /* FIN at the end */
	heard++;
	m_freem(m);
}

KTEST(link_that_cannot_gets_finished_pieces)
{
	boot("0");
	if_unit("fxp1")->if_input = piece_hear;
	KT_EQ(send("fxp0", segment(3500, 1000), ETHERTYPE_IP), 0);
	settle();
	KT_EQ(heard, 4);
	KT_EQ(pieces_bytes, 3500);
}

/* A frame with marks from a link; flags of the packet, or -errno. */
static int64_t
marked(struct mbuf *m, struct hostif_frame f)
{
	int error = if_meta_in(m, &f);

	return (error != 0 ? -error : (int64_t)m->m_pkthdr.csum_flags);
}

static struct mbuf *
frame_of(struct mbuf *m, uint16_t type)
{
	uint8_t *p;

	KT((m = m_prepend(m, ETHER_HDR_LEN)) != NULL);
	p = mtod(m, uint8_t *);
	memset(p, 2, 12);
	be16enc(p + 12, type);
	m->m_pkthdr.csum_flags = 0;
	return (m);
}

#define MARK(...) ((struct hostif_frame){ .flags = HOSTIF_CSUM, __VA_ARGS__ })

KTEST(link_marks_that_do_not_fit_are_refused)
{
	struct mbuf *m;

	KT_EQ(kernel_boot(&params), 0);
	m = frame_of(segment(100, 0), ETHERTYPE_IP);
	KT_EQ(marked(m, MARK(.csum_start = 34, .csum_offset = 16)),
	    M_TCP_CSUM_OUT | M_TCP_CSUM_IN_OK);
	KT_EQ(marked(m,
		  MARK(.csum_start = 34, .csum_offset = 16,
		      .gso = HOSTIF_GSO_TCP4, .gso_size = 50)),
	    M_TCP_CSUM_OUT | M_TCP_CSUM_IN_OK | M_TCP_TSO);
	KT_EQ(marked(m, MARK(.csum_start = 152, .csum_offset = 1)), -EINVAL);
	KT_EQ(marked(m, MARK(.csum_start = 0xffff, .csum_offset = 0xffff)),
	    -EINVAL);
	/* many without an open sum, of nothing, of too little, of another kind */
	KT_EQ(marked(m,
		  (struct hostif_frame){ .gso = HOSTIF_GSO_TCP4,
		      .gso_size = 50 }),
	    -EINVAL);
	KT_EQ(marked(m,
		  MARK(.csum_start = 34, .csum_offset = 16,
		      .gso = HOSTIF_GSO_TCP4)),
	    -EINVAL);
	KT_EQ(marked(m,
		  MARK(.csum_start = 34, .csum_offset = 16,
		      .gso = HOSTIF_GSO_TCP4, .gso_size = 7)),
	    -EINVAL);
	KT_EQ(marked(m,
		  MARK(.csum_start = 34, .csum_offset = 16,
		      .gso = HOSTIF_GSO_UDP, .gso_size = 50)),
	    -EINVAL);
	KT_EQ(marked(m,
		  MARK(.csum_start = 34, .csum_offset = 16, .gso = 9,
		      .gso_size = 50)),
	    -EINVAL);
	KT_EQ(marked(m, (struct hostif_frame){ .flags = HOSTIF_CSUMOK }),
	    M_TCP_CSUM_IN_OK | M_UDP_CSUM_IN_OK | M_ICMP_CSUM_IN_OK);
	m_freem(m);
}

KTEST(link_sum_of_something_inside_is_finished_at_once)
{
	struct mbuf *m;
	uint8_t *p;

	KT_EQ(kernel_boot(&params), 0);
	m = frame_of(bytes(64), 0x88b5);
	p = mtod(m, uint8_t *);
	memset(p + 14, 0, 64);
	be16enc(p + 14, 0x1234);
	KT_EQ(marked(m, MARK(.csum_start = 14, .csum_offset = 6)), 0);
	KT_EQ(be16dec(p + 20), 0xffff - 0x1234);
	be16enc(p + 14, 0xffff); /* would be 0: none at all, says UDP */
	be16enc(p + 20, 0);
	KT_EQ(marked(m, MARK(.csum_start = 14, .csum_offset = 6)), 0);
	KT_EQ(be16dec(p + 20), 0xffff);
	m_freem(m);
}

/* --- what sysctl shows --- */

static size_t
rows_read(const char *name, void *rows, size_t size, size_t max)
{
	struct sysctl_req req = { .proc = NULL };
	size_t n;

	KT_EQ(kern_sysctl(name, &req), 0);
	KT_EQ(req.oldlen % size, 0);
	n = req.oldlen / size;
	KT(n <= max);
	if (n > 0)
		memcpy(rows, req.old, req.oldlen);
	free(req.old, M_SYSCTL, req.oldcap);
	return (n);
}

KTEST(link_sysctl_rows)
{
	struct sysctl_req req = { .proc = NULL };
	struct if_grouprow groups[16];
	struct if_addrreq addrs[8];
	struct if_row rows[8];
	char cloners[16][IFNAMSIZ];
	size_t n, known = 0;

	boot("1");
	KT_EQ(send("fxp0", bytes(100), 0x88b5), 0);
	settle();
	KT_EQ(rows_read("net.link.list", rows, sizeof(rows[0]), 8), 3);
	KT_EQ(rows_read("net.link.list.fxp0", rows, sizeof(rows[0]), 8), 1);
	KT_STR(rows[0].name, "fxp0");
	KT_STR(rows[0].link, "sim:lan");
	KT_EQ(rows[0].index, if_unit("fxp0")->if_index);
	KT_EQ(rows[0].type, IFT_ETHER);
	KT_EQ(rows[0].mtu, 1500);
	KT_EQ(rows[0].link_state, LINK_STATE_UP);
	KT_EQ(rows[0].baudrate, 1000000000);
	KT((rows[0].flags & (IFF_UP | IFF_BROADCAST)) ==
	    (IFF_UP | IFF_BROADCAST));
	KT_EQ(rows[0].counters.opackets, 1);
	KT_EQ(rows[0].counters.obytes, 114);
	KT_EQ(rows[0].ngroups, 2);
	KT_STR(rows[0].groups[0], "fxp");
	KT_STR(rows[0].groups[1], "all");
	KT_EQ(kern_sysctl("net.link.list.em7", &req), ENXIO);
	free(req.old, M_SYSCTL, req.oldcap);
	KT_EQ(rows_read("net.link.groups.fxp", groups, sizeof(groups[0]), 16),
	    2);
	KT_STR(groups[0].group, "fxp");
	KT_EQ(rows_read("net.link.groups.nosuch", groups, sizeof(groups[0]),
		  16),
	    0);
	n = rows_read("net.link.cloners", cloners, IFNAMSIZ, 16);
	for (size_t i = 0; i < n; i++)
		known += strcmp(cloners[i], "lo") == 0 ||
		    strcmp(cloners[i], "vlan") == 0 ||
		    strcmp(cloners[i], "pair") == 0;
	KT_EQ(known, 3);
	n = rows_read("net.link.addrs.fxp0", addrs, sizeof(addrs[0]), 8);
	KT_EQ(n, 1); /* the one that IPv6 gives a link that is up */
	KT_STR(addrs[0].name, "fxp0");
	KT_EQ(addrs[0].af, AF_INET6);
	KT_EQ(addrs[0].plen, 64);
	KT_EQ(addrs[0].flags & IFA_ALIAS, 0);
	KT_EQ(addrs[0].vltime, UINT32_MAX);
}
