/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Sockets of both families: connect() that has to find a port, with a range
 * of 16,384 that is free, half used, used but for 64 and used up by
 * connections to the same place; and the connection that a packet is for
 * among 100,000, which share the range.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet6/ip6_var.h>
#include <ktest.h>
#include <machine/kernel.h>

#define RANGE 16384
#define CONNS 100000
#define PORT  7

static struct ifnet net;
static struct proc owner;

static int
bench_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	return (0);
}

static void
bench_nothing(struct ifnet *ifp)
{
}

/* A host of the network that is ours; 1 is this one. */
static struct ip_addr
host(sa_family_t af, uint32_t n)
{
	struct ip_addr a = { .b = { 0x20, 0x01, 0x0d, 0xb8 } };

	if (af == AF_INET)
		return (ip_addr_v4(htonl(0x0a000000U | n)));
	be32enc(a.b + 12, n);
	return (a);
}

static void
bench_world(void)
{
	static const struct kernel_params params = { .hostname = "bench" };
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	static bool up;
	unsigned int i;

	if (up)
		return;
	up = true;
	KT_EQ(kernel_boot(&params), 0);
	ip6_dad_count = 0;
	if_init(&net, "net0", IFT_ETHER);
	net.if_start = bench_nothing;
	net.if_ioctl = bench_ioctl;
	net.if_free = bench_nothing;
	KT_EQ(ether_ifattach(&net), 0);
	KT_EQ(if_attach(&net), 0);
	KT_EQ(if_setflags(&net, net.if_flags | IFF_UP), 0);
	if_link_state_change(&net, LINK_STATE_UP);
	for (i = 0; i < nitems(families); i++) {
		struct if_addrreq req = { .af = families[i],
			.plen = families[i] == AF_INET ? 8 : 64,
			.vltime = UINT32_MAX,
			.pltime = UINT32_MAX,
			.addr = host(families[i], 1) };

		KT_EQ(families[i] == AF_INET ? in_addr_add(&net, &req, NULL) :
					       in6_addr_add(&net, &req, NULL),
		    0);
	}
	ip_porthifirst = 65536 - RANGE;
	ip_porthilast = 65535;
}

static struct socket *
sock(sa_family_t af)
{
	struct socket *so = NULL;

	KT_EQ(socreate(af, SOCK_DGRAM, 0, &owner, &so), 0);
	return (so);
}

static int
go(struct socket *so, sa_family_t af, uint32_t n)
{
	struct sockaddr_storage ss;
	struct ip_addr a = host(af, n);
	socklen_t len = sockaddr_write(&ss, af, &a, PORT, 0);

	return (so->so_proto->connect(so, (struct sockaddr *)(void *)&ss, len,
	    &owner));
}

/* n times: a socket gets a peer, and with it a port, and gives both back. */
static void
find_port(sa_family_t af, uint32_t used, unsigned long n)
{
	static struct socket *so;
	int want = used == RANGE ? EADDRNOTAVAIL : 0;

	bench_world();
	if (so == NULL) {
		for (; used > 0; used--)
			KT_EQ(go(sock(af), af, 2), 0);
		so = sock(af);
	}
	while (n-- > 0) {
		KT_EQ(go(so, af, 2), want);
		if (want == 0)
			KT_EQ(so->so_proto->disconnect(so), 0);
	}
}

KBENCH(pcb_connect_ports_free, 1) { find_port(AF_INET, 0, n); }
KBENCH(pcb_connect_ports_half_used, 1) { find_port(AF_INET, RANGE / 2, n); }
KBENCH(pcb_connect_ports_64_left, 1) { find_port(AF_INET, RANGE - 64, n); }
KBENCH(pcb_connect_ports_used_up, 1) { find_port(AF_INET, RANGE, n); }
KBENCH(pcb6_connect_ports_free, 1) { find_port(AF_INET6, 0, n); }
KBENCH(pcb6_connect_ports_64_left, 1) { find_port(AF_INET6, RANGE - 64, n); }

/* The connection of each of n packets. */
static void
find_conn(sa_family_t af, unsigned long n)
{
	static struct in_pcb_key *keys;
	static struct in_pcb_table *table;
	struct socket *so;
	unsigned int i;

	bench_world();
	if (keys == NULL) {
		keys = mallocarray(CONNS, sizeof(*keys), M_PCB, M_ZERO);
		KT(keys != NULL);
		table = in_pcb_table_of(IPPROTO_UDP);
		for (i = 0; i < CONNS; i++) {
			const struct inpcb *inp;

			so = sock(af);
			KT_EQ(go(so, af, 2 + i), 0);
			inp = so->so_pcb;
			keys[i] = (struct in_pcb_key){ .af = af,
				.laddr = inp->inp_laddr,
				.faddr = inp->inp_faddr,
				.lport = inp->inp_lport,
				.fport = inp->inp_fport,
				.ifindex = net.if_index };
		}
	}
	for (i = 0; n-- > 0; i = (i + 7919) % CONNS)
		KT(in_pcb_lookup(table, &keys[i], INPCB_USUAL) != NULL);
}

KBENCH(pcb_lookup_100k, 1) { find_conn(AF_INET, n); }
KBENCH(pcb6_lookup_100k, 1) { find_conn(AF_INET6, n); }
