/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The port of a socket that asks for none (RFC 6056): what connections share,
 * what they do not, and that a full range ends the search.  Each case runs in
 * both families, most of them over TCP and UDP.
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

#include <netinet/in_pcb.h>

#define FIRST 50000
#define MANY  4096

static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

static void
variable_set(const char *name, int32_t v)
{
	struct sysctl_req req = { .proc = &kit_owner,
		.new = &v,
		.newlen = sizeof(v) };

	KT_EQ(kern_sysctl(name, &req), 0);
	free(req.old, M_SYSCTL, req.oldcap);
}

static void
range_set(int n)
{
	variable_set("net.inet.ip.porthifirst", FIRST);
	variable_set("net.inet.ip.porthilast", FIRST + n - 1);
}

static struct socket *
open_one(int type)
{
	struct socket *so = NULL;

	KT_EQ(socreate(kit_af, type, 0, &kit_owner, &so), 0);
	return (so);
}

static void
close_one(struct socket *so)
{
	if (so->so_type == SOCK_STREAM && kit_tp(so)->t_state != TCPS_CLOSED)
		so->so_proto->abort(so);
	soclose(so);
	kit_quiet();
}

static void
close_all(struct socket **so, int n)
{
	while (n > 0)
		close_one(so[--n]);
}

static uint16_t
port_of(const struct socket *so)
{
	const struct inpcb *inp = so->so_pcb;

	return (inp->inp_lport);
}

/* A host beside ours, by its number. */
static socklen_t
host(uint8_t n, uint16_t port, struct sockaddr_storage *ss)
{
	struct ip_addr a = kit_addr(false);

	a.b[kit_af == AF_INET ? 3 : 15] = n;
	return (sockaddr_write(ss, kit_af, &a, port, 0));
}

/* 0, or the errno of what went wrong. */
static int
go(struct socket *so, uint8_t n, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = host(n, port, &ss);
	int error;

	time_refresh();
	error = so->so_proto->connect(so, (struct sockaddr *)(void *)&ss, len,
	    &kit_owner);
	kit_quiet();
	return (error == EINPROGRESS ? 0 : error);
}

static int
take(struct socket *so, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = kit_sockaddr(&ss, true, port);

	return (so->so_proto->bind(so, (struct sockaddr *)(void *)&ss, len,
	    &kit_owner));
}

/* n sockets with a peer on the same host and port: all have other ports. */
static void
fill(struct socket **so, int n, int type, uint8_t to)
{
	static bool seen[MANY];
	int i;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < n; i++) {
		so[i] = open_one(type);
		KT_EQ(go(so[i], to, 7), 0);
		KT(port_of(so[i]) >= FIRST && port_of(so[i]) < FIRST + MANY);
		KT(!seen[port_of(so[i]) - FIRST]);
		seen[port_of(so[i]) - FIRST] = true;
	}
}

/* --- sharing --- */

BOTH(port_is_shared_by_connections_to_different_places)
{
	struct socket *a[5], *b[5], *more;
	unsigned int i;

	range_set(5);
	for (i = 0; i < nitems(types); i++) {
		fill(a, 5, types[i], 20);
		more = open_one(types[i]);
		KT_EQ(go(more, 20, 7), EADDRNOTAVAIL);
		KT_EQ(port_of(more), 0);
		KT_EQ(go(more, 20, 8), 0); /* another port is another place */
		close_one(more);
		fill(b, 5, types[i], 21);
		close_one(a[3]);
		a[3] = open_one(types[i]);
		KT_EQ(go(a[3], 20, 7), 0); /* the one that became free */
		close_all(a, 5);
		close_all(b, 5);
	}
}

BOTH(port_in_time_wait_is_free_for_another_place)
{
	struct kit_seg k = { .flags = TH_ACK, .seq = 1, .ack = 2, .win = 99 };
	struct socket *so, *again;

	range_set(1);
	so = kit_established(NULL, 0);
	so->so_state |= SS_CANTSEND;
	so->so_proto->shutdown(so);
	kit_in(&k);
	k.flags |= TH_FIN;
	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_TIME_WAIT);
	again = open_one(SOCK_STREAM);
	KT_EQ(go(again, 2, PEER_PORT), EADDRNOTAVAIL);
	KT_EQ(go(again, 3, PEER_PORT), 0);
	KT_EQ(port_of(again), FIRST);
	close_one(again);
	kit_run(120000000); /* it is over */
	again = open_one(SOCK_STREAM);
	KT_EQ(go(again, 2, PEER_PORT), 0);
	close_one(again);
	soclose(so);
}

BOTH(port_of_bind_is_shared_with_nobody)
{
	struct socket *named, *any, *so, *late;
	unsigned int i;

	range_set(3);
	for (i = 0; i < nitems(types); i++) {
		named = open_one(types[i]);
		KT_EQ(take(named, FIRST), 0);
		any = open_one(types[i]);
		KT_EQ(take(any, 0), 0);
		KT_EQ(go(any, 20, 7), 0); /* also with a peer */
		so = open_one(types[i]);
		KT_EQ(go(so, 21, 7), 0);
		KT(port_of(so) != FIRST && port_of(so) != port_of(any));
		late = open_one(types[i]);
		KT_EQ(go(late, 21, 7), EADDRNOTAVAIL);
		KT_EQ(take(late, 0), EADDRNOTAVAIL); /* all are somebody's */
		KT_EQ(go(late, 22, 7), 0);
		KT_EQ(port_of(late), port_of(so));
		close_one(named);
		close_one(any);
		close_one(so);
		close_one(late);
	}
}

/* A datagram's sender has no peer: its port is its own. */
BOTH(port_of_a_sender_is_shared_with_nobody)
{
	struct socket *sender = open_one(SOCK_DGRAM), *so = open_one(SOCK_DGRAM);
	struct sockaddr_storage ss;
	socklen_t len = host(20, 7, &ss);
	struct mbuf *m = m_gethdr(MT_DATA);

	KT(m != NULL);
	range_set(1);
	KT_EQ(sender->so_proto->send(sender, m, (struct sockaddr *)(void *)&ss,
		  len, NULL, 0, &kit_owner),
	    0);
	KT_EQ(port_of(sender), FIRST);
	KT_EQ(go(so, 21, 7), EADDRNOTAVAIL);
	KT_EQ(go(sender, 20, 7), 0);
	KT_EQ(port_of(sender), FIRST);
	KT_EQ(go(so, 20, 7), EADDRNOTAVAIL);
	KT_EQ(go(so, 21, 7), 0);
	close_one(sender);
	close_one(so);
}

/* An IPv6 socket that takes both families has the port in both. */
BOTH(port_of_both_families_is_shared_in_neither)
{
	struct sockaddr_storage ss;
	struct ip_addr any = { .l = { 0 } };
	struct socket *dual = NULL, *so = open_one(SOCK_STREAM);
	socklen_t len = sockaddr_write(&ss, AF_INET6, &any, FIRST, 0);
	int on = 1;

	range_set(1);
	KT_EQ(socreate(AF_INET6, SOCK_STREAM, 0, &kit_owner, &dual), 0);
	KT_EQ(dual->so_proto->bind(dual, (struct sockaddr *)(void *)&ss, len,
		  &kit_owner),
	    0);
	KT_EQ(go(so, 20, 7), EADDRNOTAVAIL);
	close_one(dual);
	KT_EQ(socreate(AF_INET6, SOCK_STREAM, 0, &kit_owner, &dual), 0);
	KT_EQ(dual->so_proto->setopt(dual, IPPROTO_IPV6, IPV6_V6ONLY, &on,
		  sizeof(on), &kit_owner),
	    0);
	KT_EQ(dual->so_proto->bind(dual, (struct sockaddr *)(void *)&ss, len,
		  &kit_owner),
	    0);
	KT_EQ(go(so, 20, 7), kit_af == AF_INET ? 0 : EADDRNOTAVAIL);
	close_one(dual);
	close_one(so);
}

/* Packets of net0 could be for either. */
BOTH(port_is_taken_by_one_interface_and_by_any)
{
	struct socket *so, *dev;
	int i;

	range_set(1);
	for (i = 0; i < 2; i++) {
		so = open_one(SOCK_STREAM);
		dev = open_one(SOCK_STREAM);
		KT_EQ(dev->so_proto->setopt(dev, SOL_SOCKET, SO_BINDTODEVICE,
			  "net0", 5, &kit_owner),
		    0);
		KT_EQ(go(i == 0 ? so : dev, 20, 7), 0);
		KT_EQ(go(i == 0 ? dev : so, 20, 7), EADDRNOTAVAIL);
		close_one(so);
		close_one(dev);
	}
}

BOTH(port_that_talks_with_itself_is_not_chosen)
{
	struct socket *so;
	unsigned int i;

	range_set(1);
	for (i = 0; i < nitems(types); i++) {
		so = open_one(types[i]);
		KT_EQ(go(so, 1, FIRST), EADDRNOTAVAIL);
		KT_EQ(go(so, 20, FIRST), 0);
		close_one(so);
	}
}

/* --- how it is chosen --- */

BOTH(port_of_connect_leaves_some_for_bind)
{
	struct socket *conn[3][5], *bound[5];
	unsigned int t;
	int i, n;

	range_set(10);
	for (t = 0; t < nitems(types); t++) {
		for (n = 0; n < 3; n++)
			fill(conn[n], 5, types[t], (uint8_t)(20 + n));
		for (i = 0; i < 5; i++) {
			bound[i] = open_one(types[t]);
			KT_EQ(take(bound[i], 0), 0);
			KT_EQ((port_of(bound[i]) - FIRST) % 2, 1);
		}
		for (n = 0; n < 3; n++)
			close_all(conn[n], 5);
		close_all(bound, 5);
	}
}

/* One place's ports come in no row, and tell nothing of another's. */
BOTH(port_is_hard_to_guess)
{
	struct socket *a[100], *b[100];
	int i, rows = 0, pairs = 0;

	range_set(MANY);
	fill(a, 100, SOCK_STREAM, 20);
	fill(b, 100, SOCK_STREAM, 21);
	for (i = 1; i < 100; i++) {
		rows += port_of(a[i]) == port_of(a[i - 1]) + 2;
		pairs += port_of(a[i]) - port_of(b[i]) ==
		    port_of(a[i - 1]) - port_of(b[i - 1]);
	}
	KT(rows < 50 && pairs < 50);
	close_all(a, 100);
	close_all(b, 100);
}

BOTH(port_range_can_be_used_up)
{
	static struct socket *so[MANY];
	struct socket *more;
	unsigned int i;

	range_set(MANY);
	for (i = 0; i < nitems(types); i++) {
		fill(so, MANY, types[i], 20);
		more = open_one(types[i]);
		KT_EQ(go(more, 20, 7), EADDRNOTAVAIL);
		KT_EQ(go(more, 21, 7), 0);
		close_one(more);
		close_all(so, MANY);
	}
}

/* --- and given back --- */

BOTH(port_of_connect_goes_with_the_peer)
{
	struct socket *so = open_one(SOCK_DGRAM), *other = open_one(SOCK_DGRAM);
	const struct inpcb *inp = so->so_pcb;
	uint16_t first;

	range_set(2);
	KT_EQ(go(so, 20, 7), 0);
	first = port_of(so);
	KT_EQ(go(so, 21, 7), 0); /* another peer: the port stays */
	KT_EQ(port_of(so), first);
	KT_EQ(go(other, 20, 7), 0);
	KT_EQ(go(so, 20, 7), 0); /* or not, where it is taken */
	KT(port_of(so) != port_of(other));
	KT_EQ(so->so_proto->disconnect(so), 0);
	KT(port_of(so) == 0 && ip_addr_iszero(&inp->inp_laddr));
	KT_EQ(take(so, 0), 0);
	first = port_of(so);
	KT_EQ(go(so, 20, 7), 0);
	KT_EQ(so->so_proto->disconnect(so), 0);
	KT_EQ(port_of(so), first); /* bind's stays */
	close_one(so);
	close_one(other);
}

BOTH(port_of_a_refused_connect_is_open_again)
{
	struct socket *so = kit_connect();
	struct kit_seg rst = { .flags = TH_RST | TH_ACK, .ack = 1 };

	kit_in(&rst);
	KT_EQ(so->so_error, ECONNREFUSED);
	KT_EQ(port_of(so), 0);
	KT_EQ(take(so, 4000), 0);
	close_one(so);
}

/* What fails leaves a datagram socket with the peer that it has. */
BOTH(port_and_peer_outlive_a_failed_connect)
{
	struct socket *so = open_one(SOCK_DGRAM);
	const struct inpcb *inp = so->so_pcb;
	struct sockaddr_storage ss;
	struct ip_addr far = { .b = { 0x3f, 0xfe } };
	uint16_t port;
	socklen_t len;

	KT_EQ(go(so, 20, 7), 0);
	port = port_of(so);
	if (kit_af == AF_INET)
		far = ip_addr_v4(htonl(0xc6336401U));
	len = sockaddr_write(&ss, kit_af, &far, 7, 0);
	KT_EQ(so->so_proto->connect(so, (struct sockaddr *)(void *)&ss, len,
		  &kit_owner),
	    ENETUNREACH);
	KT(inp->inp_connected && inp->inp_fport == 7 && port_of(so) == port);
	close_one(so);
}

/* --- without memory --- */

/* A port costs no memory; what a socket could not get is all given back. */
static void
short_of_memory(sa_family_t af, long n)
{
	struct socket *so;
	unsigned int i, round;
	long live = 0;

	kit_up(af);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < nitems(types); i++) {
			if (socreate(kit_af, types[i], 0, &kit_owner, &so) != 0) {
				KT(sim_failed());
				continue;
			}
			KT_EQ(go(so, 20, 7), 0);
			KT(port_of(so) != 0);
			close_one(so);
		}
		if (round == 0) { /* tables, pools and routes are there */
			live = sim_live();
			sim_fail_nth(n);
		}
	}
	KT_EQ(sim_live(), live);
}

KTEST_NTH(port_short_of_memory_inet) { short_of_memory(AF_INET, n); }
KTEST_NTH(port_short_of_memory_inet6) { short_of_memory(AF_INET6, n); }
