/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Protocol control blocks of both families.
 *
 * Two hashes of one size: by all four numbers for connected sockets, by the
 * local port for all that have one.  They grow with the number of sockets;
 * when there is no memory to grow they only get slower.  Addresses are kept
 * in their family's form, an IPv4 address mapped into IPv6 as IPv4, so that
 * one comparison serves all; inp_vers says what a socket can receive.
 *
 * Who gets a packet, in_pcb_lookup():
 *	1. the connected socket with these four numbers
 *	2. a socket bound to this port and address
 *	3. a socket bound to this port and any address; one of the packet's own
 *	   family before an IPv6 socket that takes both
 * With INPCB_INVERTED rungs 2 and 3 change places.  For a packet that pf
 * diverted, rungs 2 and 3 ask for the port and address that its rule names
 * (in_pcb_input()); the connection keeps the packet's own.  A socket bound to the
 * receiving interface stands before one that is not, within its rung.  Of
 * equals that share by SO_REUSEPORT each gets its part of the peers.
 *
 * Which port a socket gets that has none: in_pcb_port.c.
 *
 * Who may share a port that bind names, in_pcb_conflict(): sockets that cannot get the same
 * packet; those that all said SO_REUSEPORT, of one user; an address and the
 * wildcard, or a stream that has its peer, if the newcomer said SO_REUSEADDR
 * and the user is the same.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <sys/proc.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <sys/uidinfo.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/in_pcb_row.h>
#include <netinet6/ip6_var.h>

#define INPCB_HASH_MIN 64

static struct pool in_pcb_pool, in_rare_pool;
static TAILQ_HEAD(, in_pcb_table) in_pcb_tables = TAILQ_HEAD_INITIALIZER(
    in_pcb_tables);

/* --- the hashes --- */

static struct in_pcb_list *
conn_head(const struct in_pcb_table *t, const struct ip_addr *l,
    const struct ip_addr *f, uint16_t lport, uint16_t fport)
{
	uint64_t h = t->seed ^ ((uint64_t)lport << 16 | fport);

	h = (h ^ l->q[0]) * 0x9e3779b97f4a7c15U;
	h = (h ^ l->q[1] ^ (h >> 29)) * 0xbf58476d1ce4e5b9U;
	h = (h ^ f->q[0] ^ (h >> 32)) * 0x94d049bb133111ebU;
	h = (h ^ f->q[1] ^ (h >> 29)) * 0x9e3779b97f4a7c15U;
	return (&t->by_conn[(h >> 32) & (t->size - 1)]);
}

static struct in_pcb_list *
port_head(const struct in_pcb_table *t, uint16_t lport)
{
	return (&t->by_port[((lport ^ t->seed) * 0x9e3779b1U >> 8) &
	    (t->size - 1)]);
}

/* Where a socket stands among those of its port: the least first. */
static int
port_place(const struct inpcb *inp)
{
	return (!inp->inp_connected ? 0 : in_pcb_port_shared(inp) ? 2 : 1);
}

/*
 * Those with a peer stand behind the others, for in_pcb_lookup(), and those
 * whose port is not theirs alone behind all, for in_pcb_port_connect(): there
 * may be many, and neither need see them.
 */
static void
in_pcb_hash_port(struct in_pcb_list *head, struct inpcb *inp)
{
	struct inpcb *at = LIST_FIRST(head), *next;
	int place = port_place(inp);

	if (at == NULL || port_place(at) >= place) {
		LIST_INSERT_HEAD(head, inp, inp_byport);
		return;
	}
	while ((next = LIST_NEXT(at, inp_byport)) != NULL &&
	    port_place(next) < place)
		at = next;
	LIST_INSERT_AFTER(at, inp, inp_byport);
}

static void
in_pcb_hash(struct inpcb *inp)
{
	struct in_pcb_table *t = inp->inp_table;

	if (inp->inp_bound)
		in_pcb_hash_port(port_head(t, inp->inp_lport), inp);
	if (inp->inp_connected)
		LIST_INSERT_HEAD(conn_head(t, &inp->inp_laddr, &inp->inp_faddr,
				     inp->inp_lport, inp->inp_fport),
		    inp, inp_byconn);
}

static void
in_pcb_unhash(struct inpcb *inp)
{
	if (inp->inp_bound)
		LIST_REMOVE(inp, inp_byport);
	if (inp->inp_connected)
		LIST_REMOVE(inp, inp_byconn);
}

/* Hashes of size heads instead.  ENOBUFS and nothing has changed. */
static int
in_pcb_resize(struct in_pcb_table *t, uint32_t size)
{
	struct in_pcb_list *port, *conn;
	struct inpcb *inp;

	port = mallocarray(size, sizeof(*port), M_PCB, M_ZERO);
	conn = mallocarray(size, sizeof(*conn), M_PCB, M_ZERO);
	if (port == NULL || conn == NULL) {
		free(port, M_PCB, size * sizeof(*port));
		free(conn, M_PCB, size * sizeof(*conn));
		return (ENOBUFS);
	}
	TAILQ_FOREACH(inp, &t->all, inp_all)
		in_pcb_unhash(inp);
	free(t->by_port, M_PCB, t->size * sizeof(*port));
	free(t->by_conn, M_PCB, t->size * sizeof(*conn));
	t->by_port = port;
	t->by_conn = conn;
	t->size = size;
	TAILQ_FOREACH(inp, &t->all, inp_all)
		in_pcb_hash(inp);
	return (0);
}

/* --- life --- */

struct in_pcb_table *
in_pcb_table_of(uint8_t proto)
{
	const char *name = proto == IPPROTO_UDP ? "udp" :
	    proto == IPPROTO_TCP		? "tcp" :
						  NULL;
	struct in_pcb_table *t;

	if (name == NULL)
		return (NULL);
	TAILQ_FOREACH(t, &in_pcb_tables, entry)
		if (strcmp(t->name, name) == 0)
			return (t);
	return (NULL);
}

void
in_pcb_table_init(struct in_pcb_table *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	t->name = name;
	t->seed = arc4random();
	TAILQ_INIT(&t->all);
	TAILQ_INSERT_TAIL(&in_pcb_tables, t, entry);
}

static const struct in_pcb_rare in_pcb_usual = {
	.mttl = 1, /* RFC 1112 6.1 */
	.mhops = 1,
	.cksumoff = -1,
	.linger2_s = 60,
};

int
in_pcb_alloc(struct socket *so, struct in_pcb_table *t, sa_family_t af)
{
	struct inpcb *inp;

	if (t->size == 0 && in_pcb_resize(t, INPCB_HASH_MIN) != 0)
		return (ENOBUFS);
	if ((inp = pool_get(&in_pcb_pool, PR_ZERO)) == NULL)
		return (ENOBUFS);
	inp->inp_table = t;
	inp->inp_socket = so;
	inp->inp_af = af;
	inp->inp_vers = af == AF_INET ? INP_IPV4 : INP_IPV4 | INP_IPV6;
	inp->inp_rtable = so->so_rtable;
	inp->inp_ttl = inp->inp_hops = -1;
	inp->inp_rare = &in_pcb_usual;
	LIST_INIT(&inp->inp_members);
	TAILQ_INSERT_TAIL(&t->all, inp, inp_all);
	if (++t->count > t->size)
		(void)in_pcb_resize(t, t->size * 2);
	so->so_pcb = inp;
	return (0);
}

void
in_pcb_free(struct inpcb *inp)
{
	in_mcast_detach(inp);
	in_pcb_unhash(inp);
	TAILQ_REMOVE(&inp->inp_table->all, inp, inp_all);
	inp->inp_table->count--;
	inp->inp_socket->so_pcb = NULL;
	if (inp->inp_rare != &in_pcb_usual) {
		ml_purge(&in_pcb_rare(inp)->errors);
		pool_put(&in_rare_pool, in_pcb_rare(inp));
	}
	pool_put(&in_pcb_pool, inp);
}

struct in_pcb_rare *
in_pcb_rare(struct inpcb *inp)
{
	struct in_pcb_rare *r;

	if (inp->inp_rare != &in_pcb_usual)
		return ((struct in_pcb_rare *)(uintptr_t)inp->inp_rare);
	if ((r = pool_get(&in_rare_pool, PR_NOWAIT)) == NULL)
		return (NULL);
	*r = in_pcb_usual;
	inp->inp_rare = r;
	return (r);
}

/* --- addresses to and from programs --- */

static uint8_t
vers_of(sa_family_t af)
{
	return (af == AF_INET ? INP_IPV4 : INP_IPV6);
}

static struct ip_addr
map_v4(const struct ip_addr *a)
{
	struct ip_addr r = { .q = { 0, 0 } };

	r.l[2] = htonl(0xffff);
	r.l[3] = a->v4;
	return (r);
}

socklen_t
in_pcb_sockaddr(const struct inpcb *inp, sa_family_t af,
    const struct ip_addr *a, uint16_t port, uint32_t scope,
    struct sockaddr_storage *ss)
{
	struct ip_addr mapped;

	if (inp->inp_af != AF_INET6 || af != AF_INET)
		return (sockaddr_write(ss, inp->inp_af, a, port, scope));
	mapped = map_v4(a);
	return (sockaddr_write(ss, AF_INET6, &mapped, port, 0));
}

int
in_pcb_readaddr(const struct inpcb *inp, const struct sockaddr *sa,
    socklen_t len, sa_family_t *af, struct ip_addr *a, uint16_t *port,
    uint32_t *scope)
{
	int error;

	if ((error = sockaddr_read(sa, len, af, a, port, scope)) != 0)
		return (error);
	if (*af != inp->inp_af)
		return (EAFNOSUPPORT);
	if (*af == AF_INET6 && in6_isv4mapped(a)) {
		if ((inp->inp_flags & INP_V6ONLY) != 0)
			return (ENETUNREACH);
		*af = AF_INET;
		*a = ip_addr_v4(a->l[3]);
	}
	return (0);
}

int
in_pcb_zone(const struct inpcb *inp, sa_family_t af, const struct ip_addr *a,
    uint32_t *scope)
{
	if (af != AF_INET6 || !in6_needszone(a))
		return (0);
	if (*scope == 0)
		*scope = inp->inp_ifindex != 0 ? inp->inp_ifindex :
		    inp->inp_scope != 0        ? inp->inp_scope :
		    in6_ismulticast(a)         ? inp->inp_rare->mifindex6 :
						 0;
	else if (inp->inp_ifindex != 0 && inp->inp_ifindex != *scope)
		return (EINVAL);
	return (*scope == 0 ? EINVAL : 0);
}

/* The family of the addresses that the pcb holds. */
static sa_family_t
in_pcb_addraf(const struct inpcb *inp)
{
	return (inp->inp_vers == INP_IPV4 ? AF_INET : AF_INET6);
}

static void
in_pcb_name(const struct inpcb *inp, const struct ip_addr *a, uint16_t port,
    struct sockaddr *sa, socklen_t *len)
{
	struct sockaddr_storage ss;
	socklen_t n;

	memset(&ss, 0, sizeof(ss));
	n = in_pcb_sockaddr(inp, in_pcb_addraf(inp), a, port, inp->inp_scope,
	    &ss);
	memcpy(sa, &ss, MIN(*len, n));
	*len = n;
}

int
in_pcb_sockname(struct socket *so, struct sockaddr *sa, socklen_t *len)
{
	const struct inpcb *inp = so->so_pcb;

	if (inp == NULL)
		return (EINVAL);
	in_pcb_name(inp, &inp->inp_laddr, inp->inp_lport, sa, len);
	return (0);
}

int
in_pcb_peername(struct socket *so, struct sockaddr *sa, socklen_t *len)
{
	const struct inpcb *inp = so->so_pcb;

	if (inp == NULL || ip_addr_iszero(&inp->inp_faddr) ||
	    (inp->inp_connected && inp->inp_fport == 0)) /* as on Linux */
		return (ENOTCONN);
	in_pcb_name(inp, &inp->inp_faddr, inp->inp_fport, sa, len);
	return (0);
}

/* --- look-up --- */

static bool
key_usable(const struct inpcb *inp, const struct in_pcb_key *k)
{
	return ((inp->inp_vers & vers_of(k->af)) != 0 &&
	    rtable_l2(inp->inp_rtable) == rtable_l2(k->rtable) &&
	    (inp->inp_ifindex == 0 || inp->inp_ifindex == k->ifindex) &&
	    (inp->inp_scope == 0 || k->ifindex == 0 ||
		inp->inp_scope == k->ifindex));
}

bool
in_pcb_matches(const struct inpcb *inp, const struct in_pcb_key *k)
{
	if (inp->inp_lport != k->lport || !key_usable(inp, k))
		return (false);
	if (!ip_addr_iszero(&inp->inp_laddr) &&
	    !ip_addr_eq(&inp->inp_laddr, &k->laddr))
		return (false);
	return (ip_addr_iszero(&inp->inp_faddr) ||
	    (ip_addr_eq(&inp->inp_faddr, &k->faddr) &&
		inp->inp_fport == k->fport));
}

static bool
conn_eq(const struct inpcb *inp, const struct in_pcb_key *k)
{
	return (inp->inp_lport == k->lport && inp->inp_fport == k->fport &&
	    ip_addr_eq(&inp->inp_laddr, &k->laddr) &&
	    ip_addr_eq(&inp->inp_faddr, &k->faddr));
}

struct inpcb *
in_pcb_lookup_conn(struct in_pcb_table *t, const struct in_pcb_key *k)
{
	struct inpcb *inp;

	if (t->size == 0)
		return (NULL);
	LIST_FOREACH(inp,
	    conn_head(t, &k->laddr, &k->faddr, k->lport, k->fport), inp_byconn)
		if (conn_eq(inp, k) && key_usable(inp, k))
			return (inp);
	return (NULL);
}

/* Can both see the packets of one interface?  0: of any. */
static bool
if_overlap(uint32_t a, uint32_t b)
{
	return (a == 0 || b == 0 || a == b);
}

bool
in_pcb_conn_taken(const struct inpcb *inp, const struct in_pcb_key *k)
{
	struct in_pcb_table *t = inp->inp_table;
	const struct inpcb *old;

	LIST_FOREACH(old,
	    conn_head(t, &k->laddr, &k->faddr, k->lport, k->fport), inp_byconn)
		if (old != inp && conn_eq(old, k) &&
		    (old->inp_vers & vers_of(k->af)) != 0 &&
		    rtable_l2(old->inp_rtable) == rtable_l2(k->rtable) &&
		    if_overlap(old->inp_ifindex, inp->inp_ifindex) &&
		    if_overlap(old->inp_scope, k->ifindex))
			return (true);
	return (false);
}

struct inpcb *
in_pcb_port_first(struct in_pcb_table *t, uint16_t lport)
{
	return (t->size == 0 ? NULL : LIST_FIRST(port_head(t, lport)));
}

static bool
reuse(const struct inpcb *inp, int opt)
{
	return ((inp->inp_socket->so_options & (1U << opt)) != 0);
}

/* Rungs 2 and 3: the higher the better. */
static int
in_pcb_rank(const struct inpcb *inp, const struct in_pcb_key *k,
    enum in_pcb_order order)
{
	bool any = ip_addr_iszero(&inp->inp_laddr);

	return (((any == (order == INPCB_INVERTED)) ? 4 : 0) |
	    (inp->inp_ifindex != 0 ? 2 : 0) |
	    (inp->inp_vers == vers_of(k->af) ? 1 : 0));
}

/* Is it the n-th of n equals that gets this peer?  One in n, always the same. */
static bool
in_pcb_spread(const struct in_pcb_table *t, const struct in_pcb_key *k,
    uint32_t n)
{
	uint64_t h = (t->seed + k->fport) * 0x9e3779b97f4a7c15U;

	h = (h ^ k->faddr.q[0] ^ (h >> 29)) * 0xbf58476d1ce4e5b9U;
	h = (h ^ k->faddr.q[1] ^ (h >> 32) ^ n) * 0x94d049bb133111ebU;
	return ((h >> 32) % n == 0);
}

struct inpcb *
in_pcb_lookup(struct in_pcb_table *t, const struct in_pcb_key *k,
    enum in_pcb_order order)
{
	struct inpcb *inp, *best;
	int rank, best_rank = -1;
	uint32_t equals = 0;

	if ((best = in_pcb_lookup_conn(t, k)) != NULL)
		return (best);
	for (inp = in_pcb_port_first(t, k->lport);
	     inp != NULL && !inp->inp_connected;
	     inp = LIST_NEXT(inp, inp_byport)) {
		if ((inp->inp_flags & INP_HIDDEN) != 0 ||
		    !in_pcb_matches(inp, k))
			continue;
		if ((rank = in_pcb_rank(inp, k, order)) > best_rank) {
			best = inp;
			best_rank = rank;
			equals = 1;
		} else if (rank == best_rank && reuse(inp, SO_REUSEPORT) &&
		    in_pcb_spread(t, k, ++equals))
			best = inp;
	}
	return (best);
}

/*
 * What pf sent to a loopback address from elsewhere is first for those who
 * serve the network, that is, who are bound to any address.
 */
struct inpcb *
in_pcb_input(struct in_pcb_table *t, const struct mbuf *m,
    const struct in_pcb_key *k)
{
	struct in_pcb_key listener = *k;
	struct pf_divert to;
	struct inpcb *inp;
	struct m_tag *tag;

	if (__predict_true((m->m_pkthdr.pf.flags & (PF_TAG_DIVERTED |
				PF_TAG_TRANSLATE_LOCALHOST)) == 0))
		return (in_pcb_lookup(t, k, INPCB_USUAL));
	if ((m->m_pkthdr.pf.flags & PF_TAG_DIVERTED) == 0 ||
	    (tag = m_tag_find(m, PACKET_TAG_DIVERT)) == NULL)
		return (in_pcb_lookup(t, k,
		    (m->m_pkthdr.pf.flags & PF_TAG_TRANSLATE_LOCALHOST) != 0 ?
			INPCB_INVERTED :
			INPCB_USUAL));
	if ((inp = in_pcb_lookup_conn(t, k)) != NULL)
		return (inp);
	memcpy(&to, m_tag_data(tag), sizeof(to));
	listener.laddr = to.addr;
	listener.lport = to.port;
	return (in_pcb_lookup(t, &listener, INPCB_USUAL));
}

/* --- bind --- */

/* May inp, with this local address, stand beside old on one port? */
static bool
in_pcb_conflict(const struct inpcb *inp, const struct ip_addr *laddr,
    uint8_t vers, const struct inpcb *old)
{
	bool same = ip_addr_eq(laddr, &old->inp_laddr);

	if (old == inp || (vers & old->inp_vers) == 0 ||
	    rtable_l2(inp->inp_rtable) != rtable_l2(old->inp_rtable))
		return (false);
	if (inp->inp_ifindex != old->inp_ifindex && inp->inp_ifindex != 0 &&
	    old->inp_ifindex != 0)
		return (false);
	if (!same && !ip_addr_iszero(laddr) && !ip_addr_iszero(&old->inp_laddr))
		return (false);
	if (inp->inp_socket->so_ui != old->inp_socket->so_ui)
		return (true);
	if (old->inp_connected && reuse(inp, SO_REUSEADDR) &&
	    old->inp_socket->so_type == SOCK_STREAM)
		return (false); /* a server begins again */
	if (reuse(inp, SO_REUSEPORT) && reuse(old, SO_REUSEPORT))
		return (false);
	return (same || !reuse(inp, SO_REUSEADDR));
}

static bool
in_pcb_port_free(const struct inpcb *inp, const struct ip_addr *laddr,
    uint8_t vers, uint16_t port)
{
	const struct inpcb *old;

	for (old = in_pcb_port_first(inp->inp_table, port); old != NULL;
	     old = LIST_NEXT(old, inp_byport))
		if (old->inp_lport == port &&
		    in_pcb_conflict(inp, laddr, vers, old))
			return (false);
	return (true);
}

/* May a socket be bound to this address? */
static int
in_pcb_addr_judge(const struct inpcb *inp, sa_family_t af,
    const struct ip_addr *a)
{
	struct rtentry *rt;

	if (ip_addr_iszero(a) ||
	    (inp->inp_flags & (INP_BINDANY | INP_FREEBIND)) != 0)
		return (0);
	if (af == AF_INET ? IN_MULTICAST(ntohl(a->v4)) || a->v4 == 0xffffffffU :
			    in6_ismulticast(a))
		return (0);
	if (ifa_ifwithaddr(af, a, inp->inp_rtable) != NULL)
		return (0);
	rt = rtable_match(inp->inp_rtable, af, a);
	return (rt != NULL && (rt->rt_flags & RTF_BROADCAST) != 0 ?
		0 :
		EADDRNOTAVAIL);
}

static uint8_t
in_pcb_vers(const struct inpcb *inp, sa_family_t af, const struct ip_addr *a)
{
	if (af == AF_INET)
		return (INP_IPV4);
	if (ip_addr_iszero(a) && (inp->inp_flags & INP_V6ONLY) == 0)
		return (INP_IPV4 | INP_IPV6);
	return (INP_IPV6);
}

static int
in_pcb_bind_to(struct inpcb *inp, const struct ip_addr *a, uint8_t vers,
    uint16_t port)
{
	if (port == 0) {
		if ((port = in_pcb_port_bind(inp, vers)) == 0)
			return (EADDRNOTAVAIL);
	} else if (!in_pcb_port_free(inp, a, vers, port))
		return (EADDRINUSE);
	in_pcb_unhash(inp);
	inp->inp_laddr = *a;
	inp->inp_lport = port;
	inp->inp_vers = vers;
	inp->inp_bound = true;
	in_pcb_hash(inp);
	return (0);
}

int
in_pcb_bind(struct inpcb *inp, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	struct ip_addr a;
	sa_family_t af;
	uint16_t port;
	uint32_t scope;
	int error;

	if (inp->inp_bound)
		return (EINVAL);
	if ((error = in_pcb_readaddr(inp, sa, len, &af, &a, &port, &scope)) !=
	    0)
		return (error == ENETUNREACH ? EINVAL : error); /* mapped */
	if ((error = in_pcb_zone(inp, af, &a, &scope)) != 0)
		return (error);
	if (scope != 0 && if_get(scope) == NULL)
		return (ENODEV);
	if ((error = in_pcb_addr_judge(inp, af, &a)) != 0)
		return (error);
	if (port != 0 && port < 1024 && p != NULL && suser(p) != 0)
		return (EACCES);
	if (!ip_addr_iszero(&a))
		inp->inp_flags |= INP_BOUNDADDR;
	if (port == 0 && (inp->inp_flags & INP_BINDNOPORT) != 0) {
		inp->inp_laddr = a; /* connect or the first packet does the rest */
		inp->inp_vers = in_pcb_vers(inp, af, &a);
		inp->inp_scope = scope;
		return (0);
	}
	if ((error = in_pcb_bind_to(inp, &a, in_pcb_vers(inp, af, &a), port)) ==
	    0) {
		inp->inp_flags |= INP_BOUNDPORT;
		inp->inp_scope = scope;
	}
	return (error);
}

int
in_pcb_bind_any(struct inpcb *inp)
{
	if (inp->inp_bound)
		return (0);
	return (in_pcb_bind_to(inp, &inp->inp_laddr, inp->inp_vers, 0));
}

/* --- connect --- */

int
in_pcb_source(const struct inpcb *inp, sa_family_t af, const struct ip_addr *a,
    uint32_t scope, struct ip_addr *src)
{
	const struct ip_family *fam = ip_family(af);
	struct ifnet *ifp = NULL;
	struct rtentry *rt;
	struct ifaddr *ifa;

	if (fam == NULL)
		return (EAFNOSUPPORT);
	if (scope == 0 && af == AF_INET && IN_MULTICAST(ntohl(a->v4)))
		scope = inp->inp_rare->mifindex;
	else if (scope == 0 && af == AF_INET6 && in6_ismulticast(a))
		scope = inp->inp_rare->mifindex6;
	else if (scope == 0)
		scope = af == AF_INET ? inp->inp_rare->uifindex :
					inp->inp_rare->uifindex6;
	rt = rtable_match(inp->inp_rtable, af, a);
	if (inp->inp_ifindex != 0 || scope != 0) {
		ifp = if_get(inp->inp_ifindex != 0 ? inp->inp_ifindex : scope);
		if (ifp == NULL)
			return (ENETUNREACH);
		if (rt != NULL && rt->rt_ifp != ifp)
			rt = NULL;
	} else if (rt == NULL)
		return (ENETUNREACH);
	else
		ifp = rt->rt_ifp;
	if ((ifa = fam->source_select(ifp, a, rt)) == NULL)
		return (EADDRNOTAVAIL);
	*src = ifa->ifa_addr;
	return (0);
}

bool
in_pcb_foreign(const struct inpcb *inp, sa_family_t af,
    const struct ip_addr *src)
{
	return ((inp->inp_flags & (INP_FREEBIND | INP_BINDANY)) ==
		INP_FREEBIND &&
	    !ip_addr_iszero(src) &&
	    ifa_ifwithaddr(af, src, inp->inp_rtable) == NULL);
}

static int
in_pcb_connect_to(struct inpcb *inp, struct in_pcb_key *k, uint32_t scope)
{
	if (!inp->inp_bound ||
	    (in_pcb_conn_taken(inp, k) &&
		(inp->inp_flags & INP_BOUNDPORT) == 0)) {
		if ((k->lport = in_pcb_port_connect(inp, k)) == 0)
			return (EADDRNOTAVAIL);
	} else if (in_pcb_conn_taken(inp, k))
		return (EADDRINUSE);
	in_pcb_unhash(inp);
	inp->inp_laddr = k->laddr;
	inp->inp_faddr = k->faddr;
	inp->inp_lport = k->lport;
	inp->inp_fport = k->fport;
	inp->inp_vers = vers_of(k->af);
	if (scope != 0)
		inp->inp_scope = scope;
	inp->inp_bound = inp->inp_connected = true;
	in_pcb_hash(inp);
	return (0);
}

int
in_pcb_connect(struct inpcb *inp, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	struct in_pcb_key k = { .lport = inp->inp_lport,
		.rtable = inp->inp_rtable };
	struct ip_addr src;
	uint32_t scope;
	int error;

	if (inp->inp_connected && inp->inp_socket->so_type == SOCK_STREAM)
		return (EISCONN);
	if ((error = in_pcb_readaddr(inp, sa, len, &k.af, &k.faddr, &k.fport,
		 &scope)) != 0)
		return (error);
	if ((inp->inp_vers & vers_of(k.af)) == 0)
		return (EAFNOSUPPORT);
	if (ip_addr_iszero(&k.faddr)) /* any: this host */
		k.faddr = k.af == AF_INET ?
		    ip_addr_v4(htonl(0x7f000001)) :
		    (struct ip_addr){ .q = { 0, htobe64(1) } };
	if ((error = in_pcb_zone(inp, k.af, &k.faddr, &scope)) != 0)
		return (error);
	k.ifindex = scope != 0 ? scope : inp->inp_scope;
	k.laddr = inp->inp_laddr;
	error = in_pcb_source(inp, k.af, &k.faddr, scope, &src);
	if (error != 0 &&
	    (error != EADDRNOTAVAIL || ip_addr_iszero(&k.laddr)))
		return (error);
	if (ip_addr_iszero(&k.laddr))
		k.laddr = src;
	if (in_pcb_foreign(inp, k.af, &k.laddr))
		return (EINVAL);
	return (in_pcb_connect_to(inp, &k, scope));
}

void
in_pcb_disconnect(struct inpcb *inp)
{
	static const struct ip_addr any;

	in_pcb_unhash(inp);
	inp->inp_faddr = any;
	inp->inp_fport = 0;
	inp->inp_connected = false;
	if ((inp->inp_flags & INP_BOUNDPORT) == 0) {
		inp->inp_bound = false;
		inp->inp_lport = 0;
	}
	if ((inp->inp_flags & INP_BOUNDADDR) == 0) {
		inp->inp_laddr = any;
		inp->inp_scope = 0;
		inp->inp_vers = in_pcb_vers(inp, inp->inp_af, &any);
	}
	in_pcb_hash(inp);
}

void
in_pcb_release(struct inpcb *inp)
{
	in_pcb_unhash(inp);
	inp->inp_bound = inp->inp_connected = false;
}

int
in_pcb_accept(struct inpcb *inp, const struct inpcb *listener,
    const struct in_pcb_key *k)
{
	if (in_pcb_lookup_conn(inp->inp_table, k) != NULL)
		return (EADDRINUSE);
	in_pcb_unhash(inp);
	inp->inp_laddr = k->laddr;
	inp->inp_faddr = k->faddr;
	inp->inp_lport = k->lport;
	inp->inp_fport = k->fport;
	inp->inp_vers = vers_of(k->af);
	inp->inp_rtable = k->rtable;
	inp->inp_ifindex = listener->inp_ifindex;
	inp->inp_flags = listener->inp_flags & ~(uint32_t)INP_BOUNDPORT;
	inp->inp_ttl = listener->inp_ttl;
	inp->inp_hops = listener->inp_hops;
	inp->inp_tos = listener->inp_tos;
	inp->inp_tclass = listener->inp_tclass;
	inp->inp_minttl = listener->inp_minttl;
	inp->inp_minhops = listener->inp_minhops;
	inp->inp_prio = listener->inp_prio;
	if (k->af == AF_INET6 &&
	    (in6_islinklocal(&k->faddr) || in6_islinklocal(&k->laddr)))
		inp->inp_scope = k->ifindex;
	inp->inp_bound = inp->inp_connected = true;
	in_pcb_hash(inp);
	return (0);
}

/* --- sysctl net.inet.pcblist --- */

static int
in_pcb_row_out(struct sysctl_req *req, const struct inpcb *inp)
{
	const struct socket *so = inp->inp_socket;
	struct ifnet *ifp = inp->inp_ifindex != 0 ? if_get(inp->inp_ifindex) :
						    NULL;
	struct in_pcb_row row;

	memset(&row, 0, sizeof(row));
	strlcpy(row.proto, inp->inp_table->name, sizeof(row.proto));
	row.af = inp->inp_af;
	row.vers = inp->inp_vers;
	row.number = inp->inp_proto;
	row.lport = inp->inp_lport;
	row.fport = inp->inp_fport;
	row.laddr = inp->inp_laddr;
	row.faddr = inp->inp_faddr;
	row.scope = inp->inp_scope;
	row.rtable = inp->inp_rtable;
	row.uid = so->so_ui->ui_uid;
	row.gid = so->so_gid;
	row.pid = so->so_pid;
	row.rcvq = so->so_rcv.sb_cc;
	row.sndq = so->so_snd.sb_cc;
	row.drops = so->so_type == SOCK_STREAM ? 0 : so->so_drops;
	if (inp->inp_table->state != NULL)
		row.state = inp->inp_table->state(inp);
	if (ifp != NULL)
		strlcpy(row.ifname, ifp->if_xname, sizeof(row.ifname));
	return (sysctl_out(req, &row, sizeof(row)));
}

static int
in_pcb_sysctl(struct sysctl_req *req)
{
	struct in_pcb_table *t;
	struct inpcb *inp;
	int error;

	if (req->new != NULL)
		return (EPERM);
	TAILQ_FOREACH(t, &in_pcb_tables, entry)
		TAILQ_FOREACH(inp, &t->all, inp_all)
			if ((error = in_pcb_row_out(req, inp)) != 0)
				return (error);
	return (0);
}

static const struct sysctl_row in_pcb_sysctls[] = {
	{ .name = "net.inet.pcblist",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_HIDDEN,
	    .handler = in_pcb_sysctl,
	    .text = "all Internet sockets, an array of struct in_pcb_row" },
};
static struct sysctl_table in_pcb_sysctl_table = { .rows = in_pcb_sysctls,
	.nrows = nitems(in_pcb_sysctls) };

void
in_pcb_init(void)
{
	pool_init(&in_pcb_pool, sizeof(struct inpcb), 0, "inpcb");
	in_pcb_port_init();
	pool_init(&in_rare_pool, sizeof(struct in_pcb_rare), 0, "inpcbrare");
	sysctl_register(&in_pcb_sysctl_table);
}
