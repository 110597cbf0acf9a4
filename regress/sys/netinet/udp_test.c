/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Sockets of both families: who may bind where, who gets a packet, UDP's
 * rules, control data, errors; raw sockets.
 */

#include <sys/uidinfo.h>
#include "lab4.h"

#include <netinet6/ip6_var.h>

#include <sys/file.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <net/packet_filter.h>
#include <netinet/in_pcb_row.h>

#define PEER A4(10, 0, 1, 9)
#define ME   A4(10, 0, 1, 1)
#define ME1  A4(10, 0, 2, 1)

static struct proc owner;

/* --- sockets of a test: messages stay in so_rcv --- */

static struct file nobody = { .f_k = -1 };

static struct socket *
sock(int af, int type, int proto)
{
	struct socket *so = NULL;
	struct mbuf *first;

	KT_EQ(socreate(af, type, proto, &owner, &so), 0);
	so->so_file = &nobody;
	KT((first = m_gethdr(MT_DATA)) != NULL);
	ml_enqueue(&so->so_rcv.sb_q,
	    first); /* something waits: the rest does too */
	return (so);
}

static void
sock_end(struct socket *so)
{
	so->so_file = NULL;
	soclose(so);
}

/* The next message: its payload's length, -1 if there is none. */
struct got {
	struct sockaddr_storage from;
	uint8_t control[256], data[2048];
	size_t controllen;
	int len;
};

static struct got
take(struct socket *so)
{
	static struct got g;
	struct mbuf *first = ml_dequeue(&so->so_rcv.sb_q),
		    *m = ml_dequeue(&so->so_rcv.sb_q);
	struct mbuf_list rest = MBUF_LIST_INITIALIZER;
	struct file_msg fm;
	uint32_t at = sizeof(fm);

	ml_enlist(&rest, &so->so_rcv.sb_q);
	ml_enqueue(&so->so_rcv.sb_q, first);
	ml_enlist(&so->so_rcv.sb_q, &rest);
	memset(&g, 0, sizeof(g));
	g.len = -1;
	if (m == NULL)
		return (g);
	KT_EQ(m_copydata(m, 0, sizeof(fm), &fm), 0);
	KT_EQ(m_copydata(m, at, fm.addrlen, &g.from), 0);
	at += (fm.addrlen + 7) & ~7U;
	KT_EQ(m_copydata(m, at, fm.cmsglen, g.control), 0);
	g.controllen = fm.cmsglen;
	at += (fm.cmsglen + 7) & ~7U;
	g.len = (int)(m->m_pkthdr.len - at);
	KT_EQ(m_copydata(m, at, (uint32_t)g.len, g.data), 0);
	so->so_rcv.sb_cc -= m->m_pkthdr.len;
	ui_uncharge(so->so_ui, m->m_pkthdr.len);
	m_freem(m);
	return (g);
}

static unsigned int
waiting(const struct socket *so)
{
	return (so->so_rcv.sb_q.ml_len - 1);
}

static struct ip_addr
v6(uint16_t last)
{
	struct ip_addr a = { .b = { 0xfd } };

	be16enc(a.b + 14, last);
	return (a);
}

static struct ip_addr
mapped(uint32_t a4)
{
	struct ip_addr a = { .l = { 0, 0, 0, a4 } };

	a.l[2] = htonl(0xffff);
	return (a);
}

static int
bind_to(struct socket *so, sa_family_t af, struct ip_addr a, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_write(&ss, af, &a, port, 0);

	return (so->so_proto->bind(so, (struct sockaddr *)(void *)&ss, len,
	    &owner));
}

static int
connect_to(struct socket *so, sa_family_t af, struct ip_addr a, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_write(&ss, af, &a, port, 0);
	int error;

	so->so_file = NULL; /* nobody watches */
	error = so->so_proto->connect(so, (struct sockaddr *)(void *)&ss, len,
	    &owner);
	so->so_file = &nobody;
	return (error);
}

static int
send_bytes(struct socket *so, const void *p, uint32_t n, sa_family_t af,
    struct ip_addr a, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_write(&ss, af, &a, port, 0);
	struct mbuf *m = m_getroom(M_HEADROOM, n + 1);

	KT(m != NULL);
	memcpy(mtod(m, void *), p, n);
	m->m_len = m->m_pkthdr.len = n;
	return (so->so_proto->send(so, m,
	    af == AF_UNSPEC ? NULL : (struct sockaddr *)(void *)&ss, len, NULL,
	    0, &owner));
}

static int
setopt(struct socket *so, int level, int name, int v)
{
	return (so->so_proto->setopt(so, level, name, &v, sizeof(v), &owner));
}

static const struct ip_addr any;

static struct ip_addr
v4(uint32_t a)
{
	return (ip_addr_v4(a));
}

/* --- bind --- */

enum { REUSEADDR = 1, REUSEPORT = 2, V6ONLY = 4, DEV0 = 8, DEV1 = 16 };

static const struct bind_row {
	const char *what;
	int af1, opt1;
	uint32_t a1;
	unsigned int uid1;
	int af2, opt2;
	uint32_t a2;
	unsigned int uid2;
	int want;
} bind_rows[] = {
	/* clang-format off */
	{ "any, any",			AF_INET, 0, 0, 0,	AF_INET, 0, 0, 0,	EADDRINUSE },
	{ "one address twice",		AF_INET, 0, ME, 0,	AF_INET, 0, ME, 0,	EADDRINUSE },
	{ "two addresses",		AF_INET, 0, ME, 0,	AF_INET, 0, ME1, 0,	0 },
	{ "any, then one",		AF_INET, 0, 0, 0,	AF_INET, 0, ME, 0,	EADDRINUSE },
	{ "any, then one, reuseaddr",	AF_INET, 0, 0, 0,	AF_INET, REUSEADDR, ME, 0, 0 },
	{ "one, then any, reuseaddr",	AF_INET, 0, ME, 0,	AF_INET, REUSEADDR, 0, 0, 0 },
	{ "same, reuseaddr",		AF_INET, REUSEADDR, ME, 0, AF_INET, REUSEADDR, ME, 0, EADDRINUSE },
	{ "same, both reuseport",	AF_INET, REUSEPORT, ME, 0, AF_INET, REUSEPORT, ME, 0, 0 },
	{ "same, one reuseport",	AF_INET, 0, ME, 0,	AF_INET, REUSEPORT, ME, 0, EADDRINUSE },
	{ "another's port",		AF_INET, REUSEPORT, ME, 5, AF_INET, REUSEPORT, ME, 6, EADDRINUSE },
	{ "another's any",		AF_INET, 0, 0, 5,	AF_INET, REUSEADDR, ME, 6, EADDRINUSE },
	{ "v4 any, v6 any",		AF_INET, 0, 0, 0,	AF_INET6, 0, 0, 0,	EADDRINUSE },
	{ "v4 any, v6 only",		AF_INET, 0, 0, 0,	AF_INET6, V6ONLY, 0, 0,	0 },
	{ "v6 any, v4 any",		AF_INET6, 0, 0, 0,	AF_INET, 0, 0, 0,	EADDRINUSE },
	{ "v6 only, v4 any",		AF_INET6, V6ONLY, 0, 0,	AF_INET, 0, 0, 0,	0 },
	{ "v6 any, v6 any",		AF_INET6, 0, 0, 0,	AF_INET6, V6ONLY, 0, 0,	EADDRINUSE },
	{ "v6 mapped, v4 same",		AF_INET6, 0, ME, 0,	AF_INET, 0, ME, 0,	EADDRINUSE },
	{ "v6 mapped, v4 other",	AF_INET6, 0, ME, 0,	AF_INET, 0, ME1, 0,	0 },
	{ "two interfaces",		AF_INET, DEV0, 0, 0,	AF_INET, DEV1, 0, 0,	0 },
	{ "one interface",		AF_INET, DEV0, 0, 0,	AF_INET, DEV0, 0, 0,	EADDRINUSE },
	{ "interface and any",		AF_INET, DEV0, 0, 0,	AF_INET, 0, 0, 0,	EADDRINUSE },
	/* clang-format on */
};

static struct socket *
bind_one(int af, int opt, uint32_t a, unsigned int uid, int want)
{
	struct socket *so = sock(af, SOCK_DGRAM, 0);
	struct ip_addr addr = af == AF_INET ? v4(a) : a != 0 ? mapped(a) : any;

	ui_put(so->so_ui);
	so->so_ui = ui_get(uid);
	KT(so->so_ui != NULL);
	so->so_options |= (opt & REUSEADDR) != 0 ? 1U << SO_REUSEADDR : 0;
	so->so_options |= (opt & REUSEPORT) != 0 ? 1U << SO_REUSEPORT : 0;
	if ((opt & V6ONLY) != 0)
		KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	if ((opt & (DEV0 | DEV1)) != 0)
		KT_EQ(so->so_proto->setopt(so, SOL_SOCKET, SO_BINDTODEVICE,
			  (opt & DEV0) != 0 ? "net0" : "net1", 5, &owner),
		    0);
	KT_EQ(bind_to(so, (sa_family_t)af, addr, 5353), want);
	return (so);
}

KTEST(pcb_bind_row_by_row)
{
	struct socket *a, *b;
	unsigned int i;

	catch_up();
	for (i = 0; i < nitems(bind_rows); i++) {
		const struct bind_row *r = &bind_rows[i];

		a = bind_one(r->af1, r->opt1, r->a1, r->uid1, 0);
		b = bind_one(r->af2, r->opt2, r->a2, r->uid2, r->want);
		sock_end(a);
		sock_end(b);
	}
}

KTEST(pcb_bind_errors)
{
	static struct proc stranger = { .p_uid = 4711 };
	struct socket *so, *so6;
	struct sockaddr_storage ss;
	struct ip_addr a = v4(ME);
	socklen_t len;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	so6 = sock(AF_INET6, SOCK_DGRAM, 0);
	KT_EQ(bind_to(so, AF_INET, v4(A4(10, 9, 9, 9)), 99), EADDRNOTAVAIL);
	KT_EQ(bind_to(so, AF_INET6, v6(1), 99), EAFNOSUPPORT);
	KT_EQ(bind_to(so6, AF_INET, v4(ME), 99), EAFNOSUPPORT);
	len = sockaddr_write(&ss, AF_INET, &a, 99, 0);
	KT_EQ(so->so_proto->bind(so, (struct sockaddr *)(void *)&ss, len - 1,
		  &owner),
	    EINVAL);
	KT_EQ(so->so_proto->bind(so, (struct sockaddr *)(void *)&ss, 1, &owner),
	    EINVAL);
	KT_EQ(so->so_proto->bind(so, (struct sockaddr *)(void *)&ss, len,
		  &stranger),
	    EACCES);
	ss.ss_family = AF_UNIX;
	KT_EQ(so->so_proto->bind(so, (struct sockaddr *)(void *)&ss, len,
		  &owner),
	    EAFNOSUPPORT);
	KT_EQ(bind_to(so, AF_INET, v4(ME), 99), 0);
	KT_EQ(bind_to(so, AF_INET, v4(ME), 100), EINVAL);
	KT_EQ(setopt(so6, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	KT_EQ(bind_to(so6, AF_INET6, mapped(ME), 101), EINVAL);
	KT_EQ(setopt(so6, SOL_SOCKET, SO_BINDANY, 1), 0);
	KT_EQ(bind_to(so6, AF_INET6, v6(77), 101), 0);
	sock_end(so);
	sock_end(so6);
}

KTEST(pcb_ephemeral_ports_all_different_and_end)
{
	static bool seen[65536];
	struct socket *so[64];
	struct sockaddr_in sin;
	socklen_t len;
	unsigned int i, steps = 0;
	uint16_t port, last = 0;

	catch_up();
	lab_sysctl("net.inet.ip.porthifirst", 50000);
	lab_sysctl("net.inet.ip.porthilast", 50062);
	for (i = 0; i < 64; i++) {
		so[i] = sock(AF_INET, SOCK_DGRAM, 0);
		KT_EQ(bind_to(so[i], AF_INET, any, 0),
		    i < 63 ? 0 : EADDRNOTAVAIL);
		len = sizeof(sin);
		KT_EQ(so[i]->so_proto->sockname(so[i], (struct sockaddr *)&sin,
			  &len),
		    0);
		port = ntohs(sin.sin_port);
		if (i == 63)
			break;
		KT(port >= 50000 && port <= 50062 && !seen[port]);
		seen[port] = true;
		steps += port == last + 1;
		last = port;
	}
	KT(steps < 40); /* no row */
	for (i = 0; i < 64; i++)
		sock_end(so[i]);
}

/* --- who gets it --- */

KTEST(pcb_lookup_connected_then_address_then_any)
{
	struct socket *wild, *addr, *conn, *both;
	struct got g;

	catch_up();
	both = sock(AF_INET6, SOCK_DGRAM, 0);
	KT_EQ(bind_to(both, AF_INET6, any, 7000), 0);
	catch_in(0, pkt_udp(PEER, ME, 9, 7000, 5));
	g = take(both);
	KT_EQ(g.len, 5);
	KT_EQ(g.from.ss_family, AF_INET6); /* mapped for him */
	KT_EQ(((uint8_t *)&g.from)[8 + 11], 0xff);
	KT_EQ(memcmp((uint8_t *)&g.from + 8 + 12, &(uint32_t){ PEER }, 4), 0);
	wild = sock(AF_INET, SOCK_DGRAM, 0);
	wild->so_options |= 1U << SO_REUSEPORT;
	both->so_options |= 1U << SO_REUSEPORT;
	KT_EQ(bind_to(wild, AF_INET, any, 7000), 0);
	catch_in(0, pkt_udp(PEER, ME, 9, 7000, 5));
	KT_EQ(waiting(wild), 1); /* of the packet's own family first */
	addr = sock(AF_INET, SOCK_DGRAM, 0);
	addr->so_options |= 1U << SO_REUSEADDR;
	KT_EQ(bind_to(addr, AF_INET, v4(ME), 7000), 0);
	catch_in(0, pkt_udp(PEER, ME, 9, 7000, 5));
	KT_EQ(waiting(addr), 1);
	catch_in(0, pkt_udp(PEER, ME1, 9, 7000, 5));
	KT_EQ(waiting(wild), 2);
	conn = sock(AF_INET, SOCK_DGRAM, 0);
	conn->so_options |= 1U << SO_REUSEPORT | 1U << SO_REUSEADDR;
	addr->so_options |= 1U << SO_REUSEPORT;
	KT_EQ(bind_to(conn, AF_INET, v4(ME), 7000), 0);
	KT_EQ(connect_to(conn, AF_INET, v4(PEER), 9), 0);
	catch_in(0, pkt_udp(PEER, ME, 9, 7000, 5));
	KT_EQ(waiting(conn), 1);
	catch_in(0, pkt_udp(PEER, ME, 10, 7000, 5)); /* not his peer */
	KT_EQ(waiting(conn), 1);
	KT_EQ(waiting(addr), 2);
	sock_end(both);
	sock_end(wild);
	sock_end(addr);
	sock_end(conn);
}

KTEST(pcb_lookup_inverted_for_what_pf_turned_to_loopback)
{
	struct socket *wild, *lo;
	struct mbuf *m;

	catch_up();
	wild = sock(AF_INET, SOCK_DGRAM, 0);
	lo = sock(AF_INET, SOCK_DGRAM, 0);
	lo->so_options |= 1U << SO_REUSEADDR;
	KT_EQ(bind_to(wild, AF_INET, any, 7000), 0);
	KT_EQ(bind_to(lo, AF_INET, v4(A4(127, 0, 0, 1)), 7000), 0);
	m = pkt_udp(A4(127, 0, 0, 1), A4(127, 0, 0, 1), 9, 7000, 5);
	m->m_flags |= M_LOOP;
	catch_in(0, m);
	KT_EQ(waiting(lo), 1);
	m = pkt_udp(PEER, A4(127, 0, 0, 1), 9, 7000, 5);
	m->m_flags |= M_LOOP; /* past the martian check, as after pf */
	m->m_pkthdr.pf.flags |= PF_TAG_TRANSLATE_LOCALHOST;
	catch_in(0, m);
	KT_EQ(waiting(wild), 1);
	KT_EQ(waiting(lo), 1);
	sock_end(wild);
	/* nobody bound to any: the loopback one after all */
	m = pkt_udp(PEER, A4(127, 0, 0, 1), 9, 7000, 5);
	m->m_flags |= M_LOOP;
	m->m_pkthdr.pf.flags |= PF_TAG_TRANSLATE_LOCALHOST;
	catch_in(0, m);
	KT_EQ(waiting(lo), 2);
	sock_end(lo);
}

/* What a packet to 192.0.2.9 port 53 is after pf diverted it. */
static struct mbuf *
diverted(uint16_t sport, uint32_t to, uint16_t port)
{
	struct mbuf *m = pkt_udp(PEER, A4(192, 0, 2, 9), sport, 53, 5);
	struct pf_divert d = { v4(to), port };
	struct m_tag *t = m_tag_get(PACKET_TAG_DIVERT, sizeof(d));

	KT(t != NULL);
	memcpy(m_tag_data(t), &d, sizeof(d));
	m_tag_prepend(m, t);
	m->m_pkthdr.pf.flags |= PF_TAG_DIVERTED;
	return (m);
}

KTEST(pcb_lookup_diverted_by_what_the_rule_names)
{
	struct socket *proxy, *other, *conn;
	struct sockaddr_storage orig;
	struct ip_addr a;
	uint16_t port = 0;
	uint32_t scope;
	sa_family_t af;
	struct got g;

	catch_up();
	proxy = sock(AF_INET, SOCK_DGRAM, 0);
	other = sock(AF_INET, SOCK_DGRAM, 0);
	conn = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(bind_to(proxy, AF_INET, v4(A4(127, 0, 0, 1)), 9000), 0);
	KT_EQ(bind_to(other, AF_INET, any, 53), 0); /* the packet's own port */
	KT_EQ(setopt(conn, SOL_SOCKET, SO_BINDANY, 1), 0);
	KT_EQ(setopt(proxy, IPPROTO_IP, IP_RECVORIGDSTADDR, 1), 0);
	other->so_options |= 1U << SO_REUSEADDR;
	conn->so_options |= 1U << SO_REUSEADDR;
	KT_EQ(bind_to(conn, AF_INET, v4(A4(192, 0, 2, 9)), 53), 0);
	KT_EQ(connect_to(conn, AF_INET, v4(PEER), 9), 0);
	catch_in(0, diverted(10, A4(127, 0, 0, 1), 9000));
	KT_EQ(waiting(proxy), 1);
	catch_in(0, diverted(9, A4(127, 0, 0, 1), 9000));
	KT_EQ(waiting(conn), 1); /* who has the four numbers comes first */
	KT_EQ(waiting(proxy), 1);
	catch_in(0, diverted(10, A4(127, 0, 0, 1), 9001));
	KT_EQ(waiting(proxy) + waiting(other) + waiting(conn), 2);
	g = take(proxy);
	KT(g.len == 5 && g.controllen >= CMSG_LEN(16));
	memset(&orig, 0, sizeof(orig));
	memcpy(&orig, g.control + CMSG_LEN(0), 16);
	KT_EQ(sockaddr_read((struct sockaddr *)(void *)&orig, 16, &af, &a,
		  &port, &scope),
	    0);
	KT(ip_addr_eq(&a, &(struct ip_addr){ .b = { 192, 0, 2, 9 } }));
	KT_EQ(port, 53);
	sock_end(proxy);
	sock_end(other);
	sock_end(conn);
}

KTEST(pcb_many_sockets_hash_grows)
{
	static struct socket *so[600];
	unsigned int i;

	catch_up();
	for (i = 0; i < nitems(so); i++) {
		so[i] = sock(AF_INET, SOCK_DGRAM, 0);
		KT_EQ(bind_to(so[i], AF_INET, any, (uint16_t)(10000 + i)), 0);
		if (i % 2 == 0)
			KT_EQ(connect_to(so[i], AF_INET, v4(PEER), 9), 0);
	}
	for (i = 0; i < nitems(so); i++) {
		catch_in(0, pkt_udp(PEER, ME, 9, (uint16_t)(10000 + i), 1));
		KT_EQ(waiting(so[i]), 1);
		catch_in(0, pkt_udp(PEER, ME1, 9, (uint16_t)(10000 + i), 1));
		catch_flush();
	}
	KT_EQ(waiting(so[0]), 1);
	KT_EQ(waiting(so[1]), 2);
	/* a connected socket's address is the one of the way to its peer */
	catch_in(1, pkt_udp(A4(10, 0, 2, 9), ME1, 9, 10001, 1));
	KT_EQ(waiting(so[1]), 3);
	for (i = 0; i < nitems(so); i++)
		sock_end(so[i]);
}

KTEST(pcb_list_by_sysctl)
{
	struct socket *so;
	struct sysctl_req req = { .proc = &owner };
	const struct in_pcb_row *row;

	catch_up();
	so = sock(AF_INET6, SOCK_DGRAM, 0);
	KT_EQ(bind_to(so, AF_INET6, mapped(ME), 7000), 0);
	KT_EQ(kern_sysctl("net.inet.pcblist", &req), 0);
	KT_EQ(req.oldlen, sizeof(*row));
	row = req.old;
	KT_STR(row->proto, "udp");
	KT_EQ(row->vers, INP_IPV4);
	KT_EQ(row->lport, 7000);
	KT_EQ(row->laddr.v4, ME);
	free(req.old, M_SYSCTL, req.oldcap);
	sock_end(so);
}

/* --- UDP's rules --- */

static const struct udp_row {
	const char *what;
	uint32_t at; /* of the UDP header */
	uint16_t v;
	bool v4sum; /* mend the sum */
	enum drop_reason why;
} udp_rows[] = {
	{ "length 7", 4, 7, true, DROP_UDP_BADLEN },
	{ "length 0", 4, 0, true, DROP_UDP_BADLEN },
	{ "length one more", 4, 29, true, DROP_UDP_BADLEN },
	{ "wrong sum", 6, 0x1234, false, DROP_UDP_BADSUM },
	{ "port 0", 2, 0, true, DROP_UDP_BADPORT },
	{ "damaged data", 20, 0xffff, false, DROP_UDP_BADSUM },
};

KTEST(udp_header_field_by_field)
{
	struct socket *so;
	struct mbuf *m;
	unsigned int i;
	uint8_t *p;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(bind_to(so, AF_INET, any, 7000), 0);
	for (i = 0; i < nitems(udp_rows); i++) {
		const struct udp_row *r = &udp_rows[i];
		uint64_t was = drop_counts[r->why];

		m = pkt_udp(PEER, ME, 9, 7000, 20);
		p = mtod(m, uint8_t *) + 20;
		be16enc(p + r->at, r->v);
		catch_in(0, m);
		if (drop_counts[r->why] != was + 1)
			KT_STR(r->what, "was dropped for its reason");
	}
	for (i = 20; i < 28; i++) { /* cut inside the header */
		m = pkt_udp(PEER, ME, 9, 7000, 0);
		mtod(m, struct ip *)->ip_len = htons(i);
		mtod(m, struct ip *)->ip_sum = 0;
		mtod(m, struct ip *)->ip_sum = in_cksum_fold(
		    in_cksum_bytes(0, mtod(m, void *), 20));
		m_adj(m, (int)i - 28);
		catch_in(0, m);
	}
	KT_EQ(drop_counts[DROP_UDP_SHORT], 8);
	KT_EQ(waiting(so), 0);
	/* without a sum is good over IPv4; a shorter length cuts */
	m = pkt_udp(PEER, ME, 9, 7000, 20);
	be16enc(mtod(m, uint8_t *) + 26, 0);
	be16enc(mtod(m, uint8_t *) + 24, 18);
	catch_in(0, m);
	KT_EQ(take(so).len, 10);
	sock_end(so);
}

/* IPv6 by hand: the sum is a must. */
static void
udp6_in(uint16_t sum_xor, bool none)
{
	struct ip_addr src = v6(9), dst = v6(1);
	struct ip_input_ctx ctx = { .ifp = &catch_if[0],
		.af = AF_INET6,
		.proto = IPPROTO_UDP,
		.ttl = 64,
		.off = 40,
		.src = src,
		.dst = dst };
	struct ip_encap e = { .af = AF_INET6,
		.proto = IPPROTO_UDP,
		.src = src,
		.dst = dst };
	struct mbuf *m = m_getroom(M_HEADROOM, 12);
	uint16_t sum;

	m->m_len = m->m_pkthdr.len = 12;
	memset(mtod(m, void *), 0, 12);
	be16enc(mtod(m, uint8_t *), 9);
	be16enc(mtod(m, uint8_t *) + 2, 7000);
	be16enc(mtod(m, uint8_t *) + 4, 12);
	KT((m = ip_encap(m, &e)) != NULL);
	sum = in_cksum_fold(
		  in_cksum_add(in_pseudo(AF_INET6, &src, &dst, 12, IPPROTO_UDP),
		      m, 40, 12)) ^
	    sum_xor;
	memcpy(mtod(m, uint8_t *) + 46, &sum, 2);
	if (none)
		memset(mtod(m, uint8_t *) + 46, 0, 2);
	ip_proto_find(AF_INET6, IPPROTO_UDP)->input(m, &ctx);
	(void)if_flush_all();
}

KTEST(udp6_must_have_a_sum)
{
	struct socket *so;

	catch_up();
	so = sock(AF_INET6, SOCK_DGRAM, 0);
	KT_EQ(bind_to(so, AF_INET6, any, 7000), 0);
	udp6_in(0, false);
	KT_EQ(take(so).len, 4);
	udp6_in(1, false);
	KT_EQ(drop_counts[DROP_UDP_BADSUM], 1);
	udp6_in(0, true);
	KT_EQ(drop_counts[DROP_UDP_NOSUM6], 1);
	KT_EQ(waiting(so), 0);
	sock_end(so);
}

KTEST(udp_nobody_there)
{
	struct mbuf *m;

	catch_up();
	catch_in(0, pkt_udp(PEER, ME, 9, 7000, 20));
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[20], ICMP_UNREACH);
	KT_EQ(mtod(m, uint8_t *)[21], ICMP_UNREACH_PORT);
	KT_EQ(m->m_pkthdr.len, 20 + 8 + 48);
	KT_EQ(mtod(m, struct ip *)->ip_src, ME);
	m_freem(m);
	m = pkt_udp(PEER, A4(10, 0, 1, 255), 9, 7000, 20);
	m->m_flags |= M_BCAST;
	catch_in(0, m);
	KT(catch_out(0) == NULL);
	KT_EQ(drop_counts[DROP_UDP_NOPORTBCAST], 1);
}

/* RFC 1122 3.2.2, 4.2.3.10: a broadcast in a frame to us alone is still one. */
KTEST(broadcasts_in_frames_to_us)
{
	static const uint32_t dst[] = { A4(10, 0, 1, 255), 0xffffffff };
	uint8_t th[20] = { 0, 9, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02 };
	struct pkt p = { .src = PEER,
		.proto = IPPROTO_TCP,
		.len = sizeof(th),
		.body = th };
	struct socket *a, *head;
	struct mbuf *m;
	uint64_t group;
	unsigned int i;

	catch_up();
	a = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(bind_to(a, AF_INET, any, 7000), 0);
	head = sock(AF_INET, SOCK_STREAM, 0);
	KT_EQ(bind_to(head, AF_INET, any, 80), 0);
	KT_EQ(head->so_proto->listen(head), 0);
	so_queue_begin(head, 8);
	group = drop_counts[DROP_TCP_GROUP];
	for (i = 0; i < nitems(dst); i++) {
		catch_in(0, pkt_udp(PEER, dst[i], 9, 7001, 20));
		KT(catch_out(0) == NULL); /* no unreachable */
		catch_in(0, pkt_udp(PEER, dst[i], 9, 7000, 20));
		KT_EQ(waiting(a), i + 1);
		p.dst = dst[i];
		m = pkt_make(&p);
		m->m_pkthdr.csum_flags |= M_TCP_CSUM_IN_OK;
		catch_in(0, m);
		KT(catch_out(0) == NULL);
		KT_EQ(drop_counts[DROP_TCP_GROUP], group + i + 1);
	}
	sock_end(head);
	sock_end(a);
}

KTEST(udp_broadcast_reaches_all_who_listen)
{
	struct socket *a, *b, *other;
	struct mbuf *m;

	catch_up();
	a = sock(AF_INET, SOCK_DGRAM, 0);
	b = sock(AF_INET, SOCK_DGRAM, 0);
	other = sock(AF_INET, SOCK_DGRAM, 0);
	a->so_options |= 1U << SO_REUSEPORT;
	b->so_options |= 1U << SO_REUSEPORT;
	KT_EQ(bind_to(a, AF_INET, any, 7000), 0);
	KT_EQ(bind_to(b, AF_INET, v4(A4(10, 0, 1, 255)), 7000), 0);
	KT_EQ(bind_to(other, AF_INET, any, 7001), 0);
	m = pkt_udp(PEER, A4(10, 0, 1, 255), 9, 7000, 20);
	m->m_flags |= M_BCAST;
	catch_in(0, m);
	KT_EQ(waiting(a), 1);
	KT_EQ(waiting(b), 1);
	KT_EQ(waiting(other), 0);
	KT_EQ(send_bytes(a, "x", 1, AF_INET, v4(A4(10, 0, 1, 255)), 7000),
	    EACCES);
	a->so_options |= 1U << SO_BROADCAST;
	KT_EQ(send_bytes(a, "x", 1, AF_INET, v4(A4(10, 0, 1, 255)), 7000), 0);
	lab_run(10000);
	KT_EQ(waiting(b), 2); /* our own copy */
	catch_flush();
	sock_end(a);
	sock_end(b);
	sock_end(other);
}

#define GROUP A4(224, 0, 0, 99) /* heard without membership */

KTEST(udp_multicast_leaves_as_the_socket_says)
{
	struct socket *so, *ear;
	const struct ip *ip;
	struct mbuf *m;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	ear = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(bind_to(ear, AF_INET, any, 7000), 0);
	KT_EQ(setopt(so, IPPROTO_IP, IP_MULTICAST_IF, (int)A4(10, 9, 9, 9)),
	    EADDRNOTAVAIL);
	KT_EQ(setopt(so, IPPROTO_IP, IP_MULTICAST_IF, (int)A4(10, 0, 2, 1)), 0);
	KT_EQ(send_bytes(so, "x", 1, AF_INET, v4(GROUP), 7000), 0);
	lab_run(10000);
	KT_EQ(waiting(ear), 1);
	KT(catch_out(0) == NULL);
	KT((m = catch_out(1)) != NULL);
	ip = mtod(m, const struct ip *);
	KT_EQ(ip->ip_ttl, 1); /* not the default of unicast */
	KT_EQ(ip->ip_src, A4(10, 0, 2, 1));
	m_freem(m);
	KT_EQ(setopt(so, IPPROTO_IP, IP_MULTICAST_TTL, 9), 0);
	KT_EQ(setopt(so, IPPROTO_IP, IP_MULTICAST_LOOP, 0), 0);
	KT_EQ(send_bytes(so, "x", 1, AF_INET, v4(GROUP), 7000), 0);
	lab_run(10000);
	KT_EQ(waiting(ear), 1);
	KT((m = catch_out(1)) != NULL);
	KT_EQ(mtod(m, const struct ip *)->ip_ttl, 9);
	m_freem(m);
	KT_EQ(setopt(so, IPPROTO_IP, IP_MULTICAST_TTL, 0), 0); /* stays here */
	KT_EQ(setopt(so, IPPROTO_IP, IP_MULTICAST_LOOP, 1), 0);
	KT_EQ(send_bytes(so, "x", 1, AF_INET, v4(GROUP), 7000), 0);
	lab_run(10000);
	KT_EQ(waiting(ear), 2);
	KT(catch_out(1) == NULL);
	catch_flush();
	sock_end(so);
	sock_end(ear);
}

KTEST(udp_multicast6_leaves_as_the_socket_says)
{
	struct ip_addr group = { .b = { 0xff, 2, [15] = 1 } };
	struct socket *so, *ear;
	struct mbuf *m;
	int i;

	catch_up();
	lab_run(5000000); /* the link-local addresses are proved */
	catch_flush();
	so = sock(AF_INET6, SOCK_DGRAM, 0);
	ear = sock(AF_INET6, SOCK_DGRAM, 0);
	KT_EQ(bind_to(ear, AF_INET6, any, 7000), 0);
	KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_MULTICAST_IF, 9999), ENODEV);
	KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_MULTICAST_IF,
		  (int)catch_if[1].if_index),
	    0);
	for (i = 1; i >= 0; i--) { /* hops and copies: 1, then 0 */
		KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, i), 0);
		KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, i), 0);
		KT_EQ(send_bytes(so, "x", 1, AF_INET6, group, 7000), 0);
		lab_run(10000);
		KT_EQ(waiting(ear), 1);
		KT(catch_out(0) == NULL);
		m = catch_out(1);
		KT_EQ(m != NULL, i);
		if (m != NULL)
			KT_EQ(mtod(m, const uint8_t *)[7], 1);
		m_freem(m);
	}
	sock_end(so);
	sock_end(ear);
}

KTEST(udp_send_errors)
{
	static uint8_t big[65508];
	struct socket *so, *so6;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	so6 = sock(AF_INET6, SOCK_DGRAM, 0);
	KT_EQ(send_bytes(so, "x", 1, AF_UNSPEC, any, 0), EDESTADDRREQ);
	KT_EQ(send_bytes(so, "x", 1, AF_INET, v4(PEER), 0), EINVAL);
	KT_EQ(send_bytes(so, "x", 1, AF_INET6, v6(2), 9), EAFNOSUPPORT);
	KT_EQ(send_bytes(so, big, 65508, AF_INET, v4(PEER), 9), EMSGSIZE);
	KT_EQ(send_bytes(so, big, 65507, AF_INET, v4(PEER), 9), 0);
	KT_EQ(ip_counters[IPS_FRAGMENTED], 1);
	KT_EQ(setopt(so, IPPROTO_IP, IP_MTU_DISCOVER, 2), 0);
	KT_EQ(send_bytes(so, big, 1473, AF_INET, v4(PEER), 9), EMSGSIZE);
	KT_EQ(send_bytes(so, big, 1472, AF_INET, v4(PEER), 9), 0);
	KT_EQ(send_bytes(so6, "x", 1, AF_INET6, mapped(PEER), 9), 0);
	KT_EQ(connect_to(so, AF_INET, v4(PEER), 9), 0);
	KT_EQ(send_bytes(so, "x", 1, AF_UNSPEC, any, 0), 0);
	KT_EQ(so->so_proto->disconnect(so), 0);
	KT_EQ(so->so_proto->disconnect(so), ENOTCONN);
	catch_flush();
	sock_end(so);
	sock_end(so6);
}

/* UDP_SEGMENT: one packet for the link, which becomes datagrams. */
KTEST(udp_segments_leave_by_the_link)
{
	static const int want[] = { 1000, 1000, 500 };
	static uint8_t big[2500];
	struct mbuf_list ml;
	struct socket *so;
	struct mbuf *m;
	unsigned int i;
	struct ip *ip;

	catch_up();
	for (i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	so = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(setopt(so, IPPROTO_UDP, UDP_SEGMENT, 1473), 0);
	KT_EQ(send_bytes(so, big, sizeof(big), AF_INET, v4(PEER), 9), EINVAL);
	KT_EQ(setopt(so, IPPROTO_UDP, UDP_SEGMENT, 1000), 0);
	KT_EQ(send_bytes(so, big, sizeof(big), AF_INET, v4(PEER), 9), 0);
	(void)if_flush_all();
	KT((m = catch_out(0)) != NULL);
	KT(catch_out(0) == NULL);
	KT_EQ(m->m_pkthdr.csum_flags & M_UDP_GSO, M_UDP_GSO);
	KT_EQ(ip_segment(m, AF_INET, &ml), 0); /* as the link does */
	for (i = 0; i < nitems(want); i++) {
		KT((m = ml_dequeue(&ml)) != NULL);
		KT((m = m_pullup(m, m->m_pkthdr.len)) != NULL);
		KT_EQ(in_cksum_finish(&m, AF_INET), 0);
		ip = mtod(m, struct ip *);
		KT_EQ(m->m_pkthdr.len, 28 + want[i]);
		KT_EQ(ntohs(ip->ip_len), 28 + want[i]);
		KT_EQ(be16dec((uint8_t *)ip + 24), 8 + want[i]);
		KT_EQ(memcmp((uint8_t *)ip + 28, big + i * 1000,
			  (size_t)want[i]),
		    0);
		KT(in_cksum_verify(m, AF_INET, IPPROTO_UDP, 20,
		    8 + (uint32_t)want[i]));
		m_freem(m);
	}
	KT(ml_dequeue(&ml) == NULL);
	sock_end(so);
}

/* A packet of a link that stands for three: three messages, or one (UDP_GRO). */
KTEST(udp_segments_come_from_the_link)
{
	static const int want[] = { 100, 100, 50 };
	struct socket *so;
	struct mbuf *m;
	unsigned int i;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(bind_to(so, AF_INET, any, 7000), 0);
	for (i = 0; i < 2; i++) {
		KT_EQ(setopt(so, IPPROTO_UDP, UDP_GRO, (int)i), 0);
		m = pkt_udp(PEER, ME, 9, 7000, 250);
		m->m_pkthdr.csum_flags |= M_UDP_GSO | M_UDP_CSUM_OUT;
		m->m_pkthdr.ph_mss = 100;
		catch_in(0, m);
		if (i == 1)
			KT_EQ(take(so).len, 250);
		else
			for (unsigned int n = 0; n < nitems(want); n++)
				KT_EQ(take(so).len, want[n]);
		KT_EQ(take(so).len, -1);
	}
	/* nobody there: one error is enough, and nothing is lost by it */
	KT_EQ(setopt(so, IPPROTO_UDP, UDP_GRO, 0), 0);
	m = pkt_udp(PEER, ME, 9, 7001, 250);
	m->m_pkthdr.csum_flags |= M_UDP_GSO | M_UDP_CSUM_OUT;
	m->m_pkthdr.ph_mss = 100;
	catch_in(0, m);
	KT_EQ(take(so).len, -1);
	sock_end(so);
}

/* --- errors from the net --- */

static void
unreachable(uint16_t sport, uint16_t dport, uint8_t code)
{
	uint8_t body[36] = { ICMP_UNREACH, code };
	struct pkt p = { .src = PEER,
		.dst = ME,
		.proto = IPPROTO_ICMP,
		.len = sizeof(body),
		.body = body };
	struct mbuf *inner = pkt_udp(ME, PEER, sport, dport, 4);
	uint16_t sum;

	KT_EQ(m_copydata(inner, 0, 28, body + 8), 0);
	m_freem(inner);
	sum = in_cksum_fold(in_cksum_bytes(0, body, sizeof(body)));
	memcpy(body + 2, &sum, 2);
	catch_in(0, pkt_make(&p));
}

KTEST(udp_errors_reach_the_connected_socket_only)
{
	struct socket *conn, *loose;

	catch_up();
	conn = sock(AF_INET, SOCK_DGRAM, 0);
	loose = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(bind_to(conn, AF_INET, v4(ME), 7000), 0);
	KT_EQ(connect_to(conn, AF_INET, v4(PEER), 9), 0);
	KT_EQ(bind_to(loose, AF_INET, v4(ME), 7001), 0);
	conn->so_file = loose->so_file = NULL;
	unreachable(7000, 10, ICMP_UNREACH_PORT); /* to another port */
	KT_EQ(conn->so_error, 0);
	unreachable(7000, 9, ICMP_UNREACH_PORT);
	KT_EQ(conn->so_error, ECONNREFUSED);
	unreachable(7000, 9, ICMP_UNREACH_HOST);
	KT_EQ(conn->so_error, EHOSTUNREACH);
	unreachable(7001, 9, ICMP_UNREACH_PORT);
	KT_EQ(loose->so_error, 0);
	sock_end(conn);
	sock_end(loose);
}

/* A port unreachable, or another code, about a datagram of ours to .9. */
static void
unreachable6(uint16_t sport, uint16_t dport, uint8_t code)
{
	uint8_t body[8 + 40 + 8] = { 1, code, [8] = 0x60, [8 + 5] = 8,
		[8 + 6] = IPPROTO_UDP, [8 + 7] = 64 };
	struct ip_input_ctx ctx = { .ifp = &catch_if[0],
		.af = AF_INET6,
		.proto = IPPROTO_ICMPV6,
		.ttl = 64,
		.off = 40,
		.src = v6(9),
		.dst = v6(1) };
	struct ip_encap e = { .af = AF_INET6,
		.proto = IPPROTO_ICMPV6,
		.src = v6(9),
		.dst = v6(1) };
	struct mbuf *m = m_getroom(M_HEADROOM, sizeof(body));
	uint16_t sum;

	memcpy(body + 8 + 8, &ctx.dst, 16);
	memcpy(body + 8 + 24, &ctx.src, 16);
	be16enc(body + 48, sport);
	be16enc(body + 50, dport);
	be16enc(body + 52, 8);
	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = sizeof(body);
	memcpy(mtod(m, void *), body, sizeof(body));
	KT((m = ip_encap(m, &e)) != NULL);
	sum = in_cksum_fold(in_cksum_add(in_pseudo(AF_INET6, &ctx.src,
					     &ctx.dst, sizeof(body),
					     IPPROTO_ICMPV6),
	    m, 40, sizeof(body)));
	memcpy(mtod(m, uint8_t *) + 42, &sum, 2);
	ip_proto_find(AF_INET6, IPPROTO_ICMPV6)->input(m, &ctx);
}

KTEST(udp6_errors_reach_the_connected_socket_only)
{
	struct socket *conn, *loose;

	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = v6(1),
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	catch_up();
	KT_EQ(in6_addr_add(&catch_if[0], &req, NULL), 0);
	lab_run(3000000); /* it is proved */
	conn = sock(AF_INET6, SOCK_DGRAM, 0);
	loose = sock(AF_INET6, SOCK_DGRAM, 0);
	KT_EQ(bind_to(conn, AF_INET6, v6(1), 7000), 0);
	KT_EQ(connect_to(conn, AF_INET6, v6(9), 9), 0);
	KT_EQ(bind_to(loose, AF_INET6, v6(1), 7001), 0);
	conn->so_file = loose->so_file = NULL;
	unreachable6(7000, 10, 4); /* to another port */
	KT_EQ(conn->so_error, 0);
	unreachable6(7000, 9, 4);
	KT_EQ(conn->so_error, ECONNREFUSED);
	unreachable6(7000, 9, 3);
	KT_EQ(conn->so_error, EHOSTUNREACH);
	unreachable6(7000, 9, 1); /* prohibited */
	KT_EQ(conn->so_error, EACCES);
	unreachable6(7001, 9, 4);
	KT_EQ(loose->so_error, 0);
	sock_end(conn);
	sock_end(loose);
}

/* The error that the oldest message of a socket's queue tells; 0: there is none. */
static int
told(struct socket *so, struct sockaddr_in *to, uint8_t *code)
{
	struct file_msg head;
	uint8_t buf[512];
	socklen_t len = sizeof(buf);
	uint32_t error;

	if (so->so_proto->getopt(so, SOL_SOCKET, SO_ERRQUEUE, buf, &len,
		&owner) != 0)
		return (0);
	memcpy(&head, buf, sizeof(head));
	memcpy(to, buf + sizeof(head), sizeof(*to));
	memcpy(&error, buf + 32 + CMSG_LEN(0), sizeof(error));
	*code = buf[32 + CMSG_LEN(0) + 6];
	return ((int)error);
}

KTEST(errors_reach_who_asked_for_them)
{
	struct socket *loose, *raw, *other;
	struct sockaddr_in to;
	uint8_t code;

	catch_up();
	loose = sock(AF_INET, SOCK_DGRAM, 0);
	raw = sock(AF_INET, SOCK_RAW, IPPROTO_UDP);
	other = sock(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	KT_EQ(setopt(loose, IPPROTO_IP, IP_RECVERR, 1), 0);
	KT_EQ(setopt(raw, IPPROTO_IP, IP_RECVERR, 1), 0);
	KT_EQ(setopt(other, IPPROTO_IP, IP_RECVERR, 1), 0);
	KT_EQ(bind_to(loose, AF_INET, v4(ME), 7001), 0);
	loose->so_file = raw->so_file = other->so_file = NULL;
	unreachable(7001, 9, ICMP_UNREACH_HOST);
	unreachable(7001, 10, ICMP_UNREACH_PORT);
	KT_EQ(told(loose, &to, &code), EHOSTUNREACH);
	KT_EQ(ntohs(to.sin_port), 9);
	KT_EQ(to.sin_addr.s_addr, PEER);
	KT_EQ(code, ICMP_UNREACH_HOST);
	KT_EQ(loose->so_error, ECONNREFUSED); /* of the next one */
	KT_EQ(told(loose, &to, &code), ECONNREFUSED);
	KT_EQ(ntohs(to.sin_port), 10);
	KT_EQ(loose->so_error, 0);
	KT_EQ(told(loose, &to, &code), 0);
	KT_EQ(told(raw, &to, &code), EHOSTUNREACH);
	KT_EQ(told(raw, &to, &code), ECONNREFUSED);
	KT_EQ(told(raw, &to, &code), 0);
	KT_EQ(told(other, &to, &code), 0); /* no packets of its protocol */
	KT_EQ(setopt(loose, IPPROTO_IP, IP_RECVERR, 0), 0);
	unreachable(7001, 9, ICMP_UNREACH_PORT);
	KT_EQ(told(loose, &to, &code), 0);
	KT_EQ(setopt(loose, IPPROTO_IP, IP_RECVERR, 1), 0);
	unreachable(7001, 9, ICMP_UNREACH_PORT); /* freed with the socket */
	sock_end(loose);
	sock_end(raw);
	sock_end(other);
}

/* DF on what is sent, by IP_MTU_DISCOVER, whole and in pieces. */
KTEST(df_as_the_socket_says)
{
	static const struct {
		int how;
		bool whole, long_ok;
	} rows[] = {
		{ IN_PMTU_DONT, false, true },
		{ IN_PMTU_WANT, true, true },
		{ IN_PMTU_DO, true, false },
		{ IN_PMTU_PROBE, true, false },
		{ IN_PMTU_INTERFACE, false, false },
		{ IN_PMTU_OMIT, false, true },
	};
	static uint8_t big[2000];
	struct socket *so;
	struct mbuf *m;
	unsigned int i, n;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(send_bytes(so, big, 10, AF_INET, v4(PEER), 9), 0);
	catch_flush();
	for (i = 0; i < nitems(rows); i++) {
		KT_EQ(setopt(so, IPPROTO_IP, IP_MTU_DISCOVER, rows[i].how), 0);
		KT_EQ(send_bytes(so, big, 10, AF_INET, v4(PEER), 9), 0);
		(void)if_flush_all();
		KT((m = catch_out(0)) != NULL);
		KT_EQ((mtod(m, struct ip *)->ip_off & htons(IP_DF)) != 0,
		    rows[i].whole);
		m_freem(m);
		KT_EQ(send_bytes(so, big, sizeof(big), AF_INET, v4(PEER), 9),
		    rows[i].long_ok ? 0 : EMSGSIZE);
		(void)if_flush_all();
		for (n = 0; (m = catch_out(0)) != NULL; n++) {
			KT_EQ(mtod(m, struct ip *)->ip_off & htons(IP_DF), 0);
			KT_EQ(in_cksum_fold(in_cksum_bytes(0, mtod(m, void *),
				  20)),
			    0);
			m_freem(m);
		}
		KT_EQ(n, rows[i].long_ok ? 2 : 0);
	}
	sock_end(so);
}

/* --- control data and options --- */

static const struct cmsghdr *
control_find(const struct got *g, int level, int type, const uint8_t **data)
{
	const uint8_t *p = g->control;
	const struct cmsghdr *ch;

	for (; p + sizeof(*ch) <= g->control + g->controllen;
	     p += CMSG_ALIGN(ch->cmsg_len)) {
		ch = (const struct cmsghdr *)(const void *)p;
		KT(ch->cmsg_len >= CMSG_LEN(0));
		if (ch->cmsg_level == level && ch->cmsg_type == type) {
			*data = p + CMSG_LEN(0);
			return (ch);
		}
	}
	return (NULL);
}

KTEST(udp_control_data)
{
	const struct cmsghdr *ch;
	const uint8_t *d;
	struct socket *so;
	struct mbuf *m;
	struct got g;
	int v;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(bind_to(so, AF_INET, any, 7000), 0);
	KT_EQ(setopt(so, IPPROTO_IP, IP_PKTINFO, 1), 0);
	KT_EQ(setopt(so, IPPROTO_IP, IP_RECVTTL, 1), 0);
	KT_EQ(setopt(so, IPPROTO_IP, IP_RECVTOS, 1), 0);
	KT_EQ(setopt(so, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
	m = pkt_udp(PEER, ME, 9, 7000, 20);
	mtod(m, struct ip *)->ip_tos = 0x28;
	mtod(m, struct ip *)->ip_sum = 0;
	mtod(m, struct ip *)->ip_sum = in_cksum_fold(
	    in_cksum_bytes(0, mtod(m, void *), 20));
	catch_in(0, m);
	g = take(so);
	KT((ch = control_find(&g, IPPROTO_IP, IP_PKTINFO, &d)) != NULL);
	KT_EQ(ch->cmsg_len, CMSG_LEN(12));
	memcpy(&v, d, 4);
	KT_EQ(v, catch_if[0].if_index);
	KT_EQ(memcmp(d + 8, &(uint32_t){ ME }, 4), 0);
	KT(control_find(&g, IPPROTO_IP, IP_TTL, &d) != NULL);
	memcpy(&v, d, 4);
	KT_EQ(v, 64);
	KT((ch = control_find(&g, IPPROTO_IP, IP_TOS, &d)) != NULL);
	KT_EQ(ch->cmsg_len, CMSG_LEN(1));
	KT_EQ(*d, 0x28);
	KT(control_find(&g, SOL_SOCKET, SO_TIMESTAMP, &d) != NULL);
	sock_end(so);
}

static int
send_control(struct socket *so, int level, int type, const void *data,
    size_t len)
{
	uint8_t buf[64];
	struct cmsghdr ch = { .cmsg_len = CMSG_LEN(len),
		.cmsg_level = level,
		.cmsg_type = type };
	struct sockaddr_storage ss;
	struct ip_addr to = v4(PEER);
	socklen_t salen = sockaddr_write(&ss, AF_INET, &to, 9, 0);
	struct mbuf *m = m_getroom(M_HEADROOM, 4);

	memset(buf, 0, sizeof(buf));
	memcpy(buf, &ch, sizeof(ch));
	memcpy(buf + CMSG_LEN(0), data, len);
	m->m_len = m->m_pkthdr.len = 4;
	return (so->so_proto->send(so, m, (struct sockaddr *)(void *)&ss, salen,
	    buf, CMSG_SPACE(len), &owner));
}

KTEST(udp_send_with_control_data)
{
	struct socket *so;
	struct mbuf *m;
	uint32_t pi[3] = { 0, ME1, 0 };
	int v = 7;

	catch_up();
	so = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(send_control(so, IPPROTO_IP, IP_TTL, &v, 4), 0);
	KT((m = catch_out(0)) == NULL); /* still queued */
	(void)if_flush_all();
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, struct ip *)->ip_ttl, 7);
	m_freem(m);
	KT_EQ(setopt(so, SOL_SOCKET, SO_PRIORITY, 5), 0);
	KT_EQ(send_control(so, IPPROTO_IP, IP_PKTINFO, pi, 12), 0);
	(void)if_flush_all();
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, struct ip *)->ip_src, ME1);
	KT_EQ(m->m_pkthdr.pf.prio, 5);
	m_freem(m);
	pi[1] = A4(10, 9, 9, 9);
	KT_EQ(send_control(so, IPPROTO_IP, IP_PKTINFO, pi, 12), EADDRNOTAVAIL);
	pi[0] = 9999;
	KT_EQ(send_control(so, IPPROTO_IP, IP_PKTINFO, pi, 12), ENXIO);
	KT_EQ(send_control(so, IPPROTO_IP, IP_PKTINFO, pi, 8), EINVAL);
	KT_EQ(send_control(so, IPPROTO_IP, 99, &v, 4), EINVAL);
	v = 256;
	KT_EQ(send_control(so, IPPROTO_IP, IP_TTL, &v, 4), EINVAL);
	sock_end(so);
}

static const struct opt_row {
	int level, name, bad, good; /* bad INT32_MIN: any int is good */
} opt_rows[] = {
	{ IPPROTO_IP, IP_TTL, 256, 9 },
	{ IPPROTO_IP, IP_TTL, 0, 255 },
	{ IPPROTO_IP, IP_TOS, INT32_MIN, 0x10 },
	{ IPPROTO_IP, IP_MINTTL, -1, 254 },
	{ IPPROTO_IP, IP_RECVTTL, INT32_MIN, 1 },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, INT32_MIN, 1 },
	{ IPPROTO_IPV6, IPV6_MINHOPCOUNT, 256, 255 },
	{ SOL_SOCKET, SO_PRIORITY, 8, 6 },
	{ SOL_SOCKET, SO_TIMESTAMPNS, INT32_MIN, 1 },
	{ IPPROTO_IP, IP_MULTICAST_TTL, 256, 0 },
	{ IPPROTO_IP, IP_MULTICAST_TTL, -2, 255 },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, INT32_MIN, 0 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 256, 0 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, -2, 255 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 2, 0 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 256, 0 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, -2, 3 },
	{ IPPROTO_IPV6, IPV6_TCLASS, 300, 4 },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, INT32_MIN, 1 },
	{ SOL_SOCKET, SO_TIMESTAMP, INT32_MIN, 1 },
};

KTEST(in_options_set_and_read_back)
{
	struct socket *so;
	socklen_t len;
	unsigned int i;
	int v;

	catch_up();
	so = sock(AF_INET6, SOCK_DGRAM, 0);
	for (i = 0; i < nitems(opt_rows); i++) {
		const struct opt_row *r = &opt_rows[i];

		if (r->bad != INT32_MIN)
			KT_EQ(setopt(so, r->level, r->name, r->bad), EINVAL);
		KT_EQ(setopt(so, r->level, r->name, r->good), 0);
		len = sizeof(v);
		KT_EQ(so->so_proto->getopt(so, r->level, r->name, &v, &len,
			  &owner),
		    0);
		KT_EQ(len, 4);
		KT_EQ(v, r->good);
	}
	KT_EQ(setopt(so, IPPROTO_IP, 999, 1), ENOPROTOOPT);
	KT_EQ(setopt(so, IPPROTO_IP, IP_HDRINCL, 1), ENOPROTOOPT);
	KT_EQ(setopt(so, IPPROTO_IP, IP_OPTIONS + 1, 1), ENOPROTOOPT);
	KT_EQ(so->so_proto->setopt(so, SOL_SOCKET, SO_BINDTODEVICE, "nosuch0",
		  8, &owner),
	    ENODEV);
	sock_end(so);
	so = sock(AF_INET, SOCK_DGRAM, 0);
	KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT);
	KT_EQ(setopt(so, IPPROTO_IP, IP_MINTTL, 255), 0);
	KT_EQ(bind_to(so, AF_INET, any, 7000), 0);
	catch_in(0, pkt_udp(PEER, ME, 9, 7000, 20));
	KT_EQ(waiting(so), 0);
	KT_EQ(drop_counts[DROP_UDP_MINTTL], 1);
	sock_end(so);
}

/* --- raw --- */

KTEST(raw_sees_header_and_all_of_its_protocol)
{
	struct socket *icmp, *all, *none, *far;
	struct got g;

	catch_up();
	icmp = sock(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	all = sock(AF_INET, SOCK_RAW, 0);
	none = sock(AF_INET, SOCK_RAW, IPPROTO_RAW);
	far = sock(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	KT_EQ(connect_to(far, AF_INET, v4(A4(192, 0, 2, 7)), 0), 0);
	catch_in(0, pkt_echo(PEER, ME, 10));
	g = take(icmp);
	KT_EQ(g.len, 38);
	KT_EQ(g.data[0], 0x45);
	KT_EQ(g.data[20], ICMP_ECHO); /* as it came, though it was answered */
	KT_EQ(take(all).len, 38);
	KT_EQ(take(none).len, -1);
	KT_EQ(take(far).len, -1);
	catch_flush();
	/* a protocol nobody has, but a raw socket: no error goes back */
	catch_in(0,
	    pkt_make(&(
		struct pkt){ .src = PEER, .dst = ME, .proto = 99, .len = 3 }));
	KT_EQ(take(all).len, 23);
	KT(catch_out(0) == NULL);
	sock_end(all);
	catch_in(0,
	    pkt_make(&(
		struct pkt){ .src = PEER, .dst = ME, .proto = 99, .len = 3 }));
	KT_EQ(drop_counts[DROP_IP_NOPROTO], 1);
	KT_EQ(caught[0].ml_len, 1);
	catch_flush();
	sock_end(icmp);
	sock_end(none);
	sock_end(far);
}

KTEST(raw_header_included)
{
	struct socket *so;
	struct mbuf *m;
	uint8_t h[24] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 9, 253, 0, 0, 0, 0, 0, 0,
		10, 0, 1, 9, 1, 2, 3, 4 };

	catch_up();
	so = sock(AF_INET, SOCK_RAW, IPPROTO_RAW);
	KT_EQ(send_bytes(so, h, sizeof(h), AF_INET, v4(PEER), 0), 0);
	(void)if_flush_all();
	KT((m = catch_out(0)) != NULL);
	KT_EQ(m->m_pkthdr.len, 24);
	KT_EQ(mtod(m, struct ip *)->ip_ttl, 9);
	KT_EQ(mtod(m, struct ip *)->ip_src, ME); /* filled in */
	KT(mtod(m, struct ip *)->ip_id != 0);
	KT_EQ(ntohs(mtod(m, struct ip *)->ip_len), 24);
	KT_EQ(in_cksum_fold(in_cksum_bytes(0, mtod(m, void *), 20)), 0);
	m_freem(m);
	h[0] = 0x46;
	KT_EQ(send_bytes(so, h, 22, AF_INET, v4(PEER), 0), EINVAL);
	h[0] = 0x65;
	KT_EQ(send_bytes(so, h, 24, AF_INET, v4(PEER), 0), EINVAL);
	h[0] = 0x44;
	KT_EQ(send_bytes(so, h, 24, AF_INET, v4(PEER), 0), EINVAL);
	KT_EQ(send_bytes(so, h, 19, AF_INET, v4(PEER), 0), EINVAL);
	sock_end(so);
}

KTEST(raw_icmp6_filter_and_checksum_place)
{
	uint32_t filter[8];
	struct socket *so;
	int v = 3;

	catch_up();
	so = sock(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	memset(filter, 0xff, sizeof(filter));
	KT_EQ(so->so_proto->setopt(so, IPPROTO_ICMPV6, ICMP6_FILTER, filter, 31,
		  &owner),
	    EINVAL);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_ICMPV6, ICMP6_FILTER, filter, 32,
		  &owner),
	    0);
	KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_CHECKSUM, 4), EINVAL);
	sock_end(so);
	so = sock(AF_INET6, SOCK_RAW, 89);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_IPV6, IPV6_CHECKSUM, &v, 4,
		  &owner),
	    EINVAL); /* odd */
	KT_EQ(setopt(so, IPPROTO_IPV6, IPV6_CHECKSUM, 12), 0);
	KT_EQ(so->so_proto->setopt(so, IPPROTO_ICMPV6, ICMP6_FILTER, filter, 32,
		  &owner),
	    EINVAL);
	sock_end(so);
}

KTEST(raw_is_for_the_owner)
{
	static struct proc stranger = { .p_uid = 4711 };
	struct socket *so;

	catch_up();
	KT_EQ(socreate(AF_INET, SOCK_RAW, IPPROTO_ICMP, &stranger, &so), EPERM);
	KT_EQ(socreate(AF_INET, SOCK_DGRAM, 0, &stranger, &so), 0);
	soclose(so);
}

/* --- addresses --- */

static const struct addr_row {
	const char *name;
	uint32_t a;
	unsigned int plen;
	int want;
} addr_rows[] = {
	{ "net0", A4(10, 7, 0, 1), 24, 0 },
	{ "net0", A4(10, 7, 1, 1), 33, EINVAL },
	{ "net0", A4(10, 7, 1, 1), 0, EINVAL },
	{ "net0", A4(10, 7, 1, 0), 24, EINVAL },
	{ "net0", A4(10, 7, 1, 255), 24, EINVAL },
	{ "net0", A4(10, 7, 1, 0), 31, 0 },
	{ "net0", A4(10, 7, 2, 0), 32, 0 },
	{ "net0", A4(0, 1, 2, 3), 24, EINVAL },
	{ "net0", A4(224, 0, 0, 1), 24, EINVAL },
	{ "net0", A4(255, 255, 255, 255), 32, EINVAL },
	{ "net0", A4(127, 0, 0, 2), 8, EINVAL },
	{ "lo0", A4(127, 0, 0, 2), 8, 0 },
	{ "net1", A4(10, 0, 1, 1), 24, EEXIST },
};

KTEST(in_addr_row_by_row)
{
	unsigned int i;

	catch_up();
	for (i = 0; i < nitems(addr_rows); i++)
		KT_EQ(lab_addr(addr_rows[i].name, addr_rows[i].a,
			  addr_rows[i].plen),
		    addr_rows[i].want);
}

KTEST(in_addr_routes_come_and_go)
{
	struct ip_addr me = v4(A4(10, 7, 0, 1)), bc = v4(A4(10, 7, 0, 255)),
		       in = v4(A4(10, 7, 1, 5));
	struct if_addrreq req = { .af = AF_INET, .plen = 24, .addr = me };
	struct ifaddr *ifa;

	catch_up();
	KT_EQ(in_addr_add(&catch_if[0], &req, NULL), 0);
	KT((ifa = ifa_onif(&catch_if[0], AF_INET, &me)) != NULL);
	KT((ifa->ifa_flags & IFA_ALIAS) != 0);
	KT((rtable_match(0, AF_INET, &me)->rt_flags & RTF_LOCAL) != 0);
	KT((rtable_match(0, AF_INET, &bc)->rt_flags & RTF_BROADCAST) != 0);
	KT_EQ(rtable_match(0, AF_INET, &in)->rt_plen, 0);
	req.plen = 16; /* the same address, larger network */
	KT_EQ(in_addr_add(&catch_if[0], &req, NULL), 0);
	KT_EQ(rtable_match(0, AF_INET, &in)->rt_plen, 16);
	KT_EQ(rtable_match(0, AF_INET, &bc)->rt_plen, 16);
	KT(ifa_onif(&catch_if[0], AF_INET, &me) == ifa);
	KT_EQ(in_addr_del(&catch_if[0], &req, NULL), 0);
	KT_EQ(rtable_match(0, AF_INET, &me)->rt_plen, 0);
	KT_EQ(in_addr_del(&catch_if[0], &req, NULL), EADDRNOTAVAIL);
	/* without an address: the first; the next is no alias any more */
	KT_EQ(in_addr_add(&catch_if[0], &req, NULL), 0);
	memset(&req.addr, 0, sizeof(req.addr));
	KT_EQ(in_addr_del(&catch_if[0], &req, NULL), 0);
	KT_EQ(ifa_onif(&catch_if[0], AF_INET, &me)->ifa_flags & IFA_ALIAS, 0);
}

KTEST_NTH(in_addr_with_little_memory)
{
	struct ip_addr me = v4(A4(10, 7, 0, 1)), in = v4(A4(10, 7, 0, 5));
	struct if_addrreq req = { .af = AF_INET, .plen = 24, .addr = me };
	int error;

	catch_up();
	sim_fail_nth(n);
	error = in_addr_add(&catch_if[0], &req, NULL);
	if (!sim_failed())
		return;
	KT(error == 0 || error == ENOMEM);
	KT_EQ(ifa_onif(&catch_if[0], AF_INET, &me) != NULL, error == 0);
	KT_EQ(rtable_match(0, AF_INET, &in)->rt_plen, error == 0 ? 24 : 0);
	KT_EQ(in_addr_add(&catch_if[0], &req, NULL), 0);
	KT_EQ(in_addr_del(&catch_if[0], &req, NULL), 0);
	catch_flush();
}

KTEST(in_text_of_addresses)
{
	static const struct {
		uint8_t b[16];
		const char *text;
	} rows[] = {
		{ { 0 }, "::" },
		{ { [15] = 1 }, "::1" },
		{ { 0x20, 1, 0xd, 0xb8 }, "2001:db8::" },
		{ { 0x20, 1, 0xd, 0xb8, [9] = 1, [15] = 1 },
		    "2001:db8::1:0:0:1" },
		{ { 0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7 },
		    "1:0:2:3:4:5:6:7" },
		{ { 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 7 },
		    "1:0:0:3::7" },
		{ { [10] = 0xff, 0xff, 10, 0, 0, 1 }, "::ffff:10.0.0.1" },
		{ { 0xff, 2, [15] = 1 }, "ff02::1" },
	};
	struct ip_addr a = v4(A4(192, 0, 2, 255));
	char buf[46];
	unsigned int i;

	KT_STR(ip_ntop(AF_INET, &a, buf), "192.0.2.255");
	for (i = 0; i < nitems(rows); i++) {
		a = ip_addr_v6(rows[i].b);
		KT_STR(ip_ntop(AF_INET6, &a, buf), rows[i].text);
	}
}

KTEST(in_ids_do_not_repeat)
{
	static uint8_t seen[8192];
	unsigned int i, rows = 0;
	uint16_t id, last = 0;

	for (i = 0; i < 65535; i++) {
		id = ip_randomid();
		KT((seen[id / 8] & 1 << id % 8) == 0 && id != 0);
		seen[id / 8] |= (uint8_t)(1 << id % 8);
		rows += (uint16_t)(last + 1) == id;
		last = id;
	}
	KT(rows < 100);
}
