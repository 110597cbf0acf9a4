/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Divert sockets of both families (divert(4)).
 *
 * pf takes a packet out of its way and gives it, from the IP header on, to
 * the socket bound to the port that the rule names.  The address that comes
 * with it tells the program, and this code when the packet comes back, where
 * it was: an address of the interface it came in by, or none when it was on
 * its way out.  What is written to the socket goes on from there, once past
 * pf; its checksums are computed anew, since programs change packets.
 *
 * A packet on its way through can be large and its checksums unfinished;
 * programs get it as it would be on a wire.  One that pf put together is whole,
 * though; that it can be cut again, which a router may not do to other IPv6
 * packets, is in the address too.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <net/if_var.h>
#include <netinet/divert.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6_var.h>

#define DIVERT_SENDSPACE 65536
#define DIVERT_RECVSPACE 262144

static struct in_pcb_table divert_pcbs;

enum divert_counter {
	DIVS_DELIVERED,
	DIVS_FULL,
	DIVS_IN,
	DIVS_OUT,
	DIVS_NCOUNTERS
};
static uint64_t divert_counters[DIVS_NCOUNTERS];
static const char *const divert_counter_text[DIVS_NCOUNTERS] = {
	[DIVS_DELIVERED] = "packets given to programs",
	[DIVS_FULL] = "not given because of full socket buffers",
	[DIVS_IN] = "packets back on their way in",
	[DIVS_OUT] = "packets back on their way out",
};
static struct counter_group divert_counter_group = {
	.cg_proto = "divert",
	.cg_text = divert_counter_text,
	.cg_value = divert_counters,
	.cg_count = DIVS_NCOUNTERS,
};

/* --- to a program --- */

static struct inpcb *
divert_find(sa_family_t af, uint16_t port)
{
	struct inpcb *inp;

	for (inp = in_pcb_port_first(&divert_pcbs, port); inp != NULL;
	     inp = LIST_NEXT(inp, inp_byport))
		if (inp->inp_lport == port && inp->inp_af == af)
			return (inp);
	return (NULL);
}

/* Where the packet was: an address of ifp, or zero. */
static socklen_t
divert_place(struct sockaddr_storage *ss, const struct ifnet *ifp,
    sa_family_t af, uint16_t port)
{
	struct ip_addr a = { .q = { 0, 0 } };
	const struct ifaddr *ifa;

	memset(ss, 0, sizeof(*ss));
	if (ifp == NULL)
		return (sockaddr_write(ss, af, &a, port, 0));
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry) {
		if (ifa->ifa_af != af)
			continue;
		a = ifa->ifa_addr;
		break;
	}
	return (sockaddr_write(ss, af, &a, port, ifp->if_index));
}

static void
divert_deliver(struct inpcb *inp, struct mbuf *m, sa_family_t af,
    const struct ifnet *ifp)
{
	struct sockaddr_storage from;
	socklen_t len;

	if (in_cksum_finish(&m, af) != 0) {
		if (m != NULL)
			m_drop(m, DROP_DIVERT_MALFORMED);
		return; /* or memory was short, which is counted */
	}
	len = divert_place(&from, ifp, af, inp->inp_lport);
	if (af == AF_INET6)
		((struct sockaddr_in6 *)(void *)&from)->sin6_flowinfo = htonl(
		    ip6_came_in(m));
	divert_counters[soreceive_dgram(inp->inp_socket, m,
			    (struct sockaddr *)(void *)&from, len, NULL, 0) ?
		DIVS_DELIVERED :
		DIVS_FULL]++;
}

void
divert_packet(struct mbuf *m, sa_family_t af, enum pf_dir dir, uint16_t port)
{
	struct inpcb *inp = divert_find(af, port);
	const struct ifnet *ifp = NULL;
	struct mbuf_list ml;

	if (inp == NULL) {
		m_drop(m, DROP_DIVERT_NOSOCKET);
		return;
	}
	if (dir == PF_IN)
		ifp = if_get(m->m_pkthdr.ifidx);
	if ((m->m_pkthdr.csum_flags & (M_TCP_TSO | M_UDP_GSO)) == 0) {
		divert_deliver(inp, m, af, ifp);
		return;
	}
	ml_init(&ml);
	if (ip_segment(m, af, &ml) != 0)
		drop_count(DROP_NOBUFS);
	while ((m = ml_dequeue(&ml)) != NULL)
		divert_deliver(inp, m, af, ifp);
}

/* --- from a program --- */

/* A sound header: 0, or EINVAL; ENOBUFS with *mp NULL. */
static int
divert_judge(struct mbuf **mp, sa_family_t af)
{
	uint32_t hlen = ip_family(af)->hdrlen, len;

	if ((*mp)->m_pkthdr.len < hlen)
		return (EINVAL);
	if ((*mp = m_pullup(*mp, hlen)) == NULL)
		return (ENOBUFS);
	if (*mtod(*mp, uint8_t *) >> 4 != (af == AF_INET ? 4 : 6))
		return (EINVAL);
	if (af == AF_INET) {
		hlen = IP_HLEN(mtod(*mp, struct ip *));
		len = ntohs(mtod(*mp, struct ip *)->ip_len);
	} else
		len = hlen + ntohs(mtod(*mp, struct ip6_hdr *)->ip6_plen);
	return (hlen < ip_family(af)->hdrlen || len < hlen ||
		    len != (*mp)->m_pkthdr.len ?
		EINVAL :
		0);
}

/* All sums that can be computed: none of a transport unknown or in pieces. */
static int
divert_sums(struct mbuf **mp, sa_family_t af)
{
	uint32_t head = af == AF_INET ? M_IPV4_CSUM_OUT : 0;
	bool piece = af == AF_INET &&
	    (ntohs(mtod(*mp, struct ip *)->ip_off) & ~IP_DF) != 0;
	int error = EINVAL;

	(*mp)->m_pkthdr.csum_flags = head | M_L4_CSUM_OUT;
	if (!piece)
		error = in_cksum_finish(mp, af);
	if (error != EINVAL)
		return (error);
	(*mp)->m_pkthdr.csum_flags = head;
	return (in_cksum_finish(mp, af));
}

/* On its way in again, by the interface that has this address. */
static int
divert_inward(struct mbuf *m, sa_family_t af, const struct ip_addr *a,
    uint32_t scope, uint32_t rtable)
{
	struct ifnet *ifp = NULL;
	struct ifaddr *ifa;

	if (scope != 0)
		ifp = if_get(scope);
	else if ((ifa = ifa_ifwithaddr(af, a, rtable)) != NULL)
		ifp = ifa->ifa_ifp;
	if (ifp == NULL) {
		m_freem(m);
		return (EADDRNOTAVAIL);
	}
	divert_counters[DIVS_IN]++;
	m->m_pkthdr.ifidx = ifp->if_index;
	if (af == AF_INET)
		ip_input(ifp, m);
	else
		ip6_input(ifp, m);
	return (0);
}

/* As it was cut when it came: false for want of memory. */
static bool
divert_cut(struct mbuf *m, const struct sockaddr *sa)
{
	const struct sockaddr_in6 *sin6 = (const void *)sa;

	return (sa->sa_family != AF_INET6 || sin6->sin6_flowinfo == 0 ||
	    ip6_came_in_set(m, ntohl(sin6->sin6_flowinfo)));
}

static int
divert_send(struct socket *so, struct mbuf *m, const struct sockaddr *sa,
    socklen_t len, const void *control, size_t controllen, struct proc *p)
{
	const struct inpcb *inp = so->so_pcb;
	struct ip_outopts po = { .po_flags = IPOUT_RAWHDR,
		.po_rtable = inp->inp_rtable };
	struct ip_addr a;
	uint32_t scope;
	uint16_t port;
	sa_family_t af;
	int error = EDESTADDRREQ;

	if (sa != NULL)
		error = sockaddr_read(sa, len, &af, &a, &port, &scope);
	if (error == 0 && af != inp->inp_af)
		error = EAFNOSUPPORT;
	if (error == 0 && (error = divert_judge(&m, af)) == 0)
		error = divert_sums(&m, af);
	if (error == 0 && !divert_cut(m, sa))
		error = ENOBUFS;
	if (error != 0) {
		m_freem(m);
		return (error);
	}
	m->m_pkthdr.pf.flags |= PF_TAG_REINJECTED;
	if (!ip_addr_iszero(&a) || scope != 0)
		return (divert_inward(m, af, &a, scope, inp->inp_rtable));
	divert_counters[DIVS_OUT]++;
	return (ip_family(af)->output(m, &po));
}

/* --- the socket's calls --- */

static int
divert_attach(struct socket *so, int proto, struct proc *p)
{
	struct inpcb *inp;
	int error;

	if (p != NULL && (error = suser(p)) != 0)
		return (error);
	if ((error = soreserve(so, DIVERT_SENDSPACE, DIVERT_RECVSPACE)) != 0 ||
	    (error = in_pcb_alloc(so, &divert_pcbs, so->so_proto->pr_family)) !=
		0)
		return (error);
	inp = so->so_pcb;
	if (inp->inp_af == AF_INET6) {
		inp->inp_vers = INP_IPV6;
		inp->inp_flags |= INP_V6ONLY;
	}
	return (0);
}

static void
divert_detach(struct socket *so)
{
	if (so->so_pcb != NULL)
		in_pcb_free(so->so_pcb);
}

static int
divert_bind(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	return (in_pcb_bind(so->so_pcb, sa, len, p));
}

static int
divert_shutdown(struct socket *so)
{
	so->so_state |= SS_CANTSEND;
	return (0);
}

static int
divert_setopt(struct socket *so, int level, int name, const void *val,
    socklen_t len, struct proc *p)
{
	return (ENOPROTOOPT);
}

static int
divert_getopt(struct socket *so, int level, int name, void *val, socklen_t *len,
    struct proc *p)
{
	return (ENOPROTOOPT);
}

#define DIVERT_ROW(af)                                                     \
	{                                                                  \
		.pr_name = "divert", .pr_family = af, .pr_type = SOCK_RAW, \
		.pr_protocol = IPPROTO_DIVERT,                             \
		.pr_flags = PR_ATOMIC | PR_ADDR, .attach = divert_attach,  \
		.ioctl = in_ioctl, .detach = divert_detach,                \
		.bind = divert_bind, .shutdown = divert_shutdown,          \
		.send = divert_send, .sockname = in_pcb_sockname,          \
		.peername = in_pcb_peername, .setopt = divert_setopt,      \
		.getopt = divert_getopt                                    \
	}
static struct protosw divert_rows[] = { DIVERT_ROW(AF_INET),
	DIVERT_ROW(AF_INET6) };

void
divert_init(void)
{
	in_pcb_table_init(&divert_pcbs, "divert");
	protosw_register(&divert_rows[0]);
	protosw_register(&divert_rows[1]);
	counters_register(&divert_counter_group);
}
