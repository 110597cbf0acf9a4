/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Options of Internet sockets, and the control data that go with messages.
 *
 * Most options are a bit or a small number of the pcb: a row says where it is
 * and what it may be.  The few others have a hook.  An IPv6 socket takes the
 * options of level IP too, for its mapped conversations.  What is not in the
 * table is refused with ENOPROTOOPT; nothing is accepted and forgotten.
 *
 * Control data have Linux's types, since programs bring Linux's headers.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
#include <netinet6/ip6.h>

enum opt_kind { OPT_FLAG, OPT_U8, OPT_I16, OPT_HOOK };
struct opt_row {
	int level, name;
	enum opt_kind kind;
	uint32_t flag; /* OPT_FLAG */
	size_t at;     /* OPT_U8, OPT_I16: offset in struct inpcb */
	int min, max;
	int (*set)(struct inpcb *inp, const void *val, socklen_t len,
	    struct proc *p);
	int (*get)(const struct inpcb *inp, void *val, socklen_t *len);
};

static int
opt_int(const void *val, socklen_t len, int *v)
{
	if (len >= sizeof(*v)) {
		memcpy(v, val, sizeof(*v));
		return (0);
	}
	if (len != 1)
		return (EINVAL);
	*v = *(const uint8_t *)val;
	return (0);
}

static int
opt_put(void *val, socklen_t *len, const void *p, socklen_t n)
{
	memcpy(val, p, MIN(*len, n));
	*len = MIN(*len, n);
	return (0);
}

static int
opt_put_int(void *val, socklen_t *len, int v)
{
	return (opt_put(val, len, &v, sizeof(v)));
}

static void
opt_flag_set(struct inpcb *inp, uint32_t flag, int on)
{
	if (on)
		inp->inp_flags |= flag;
	else
		inp->inp_flags &= ~flag;
}

/* --- hooks --- */

static int
set_ipoptions(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	struct in_pcb_rare *r;
	int error;

	if ((error = ip_checkoptions(val, len)) != 0)
		return (error);
	if (len > 0) {
		if ((r = in_pcb_rare(inp)) == NULL)
			return (ENOBUFS);
		memcpy(r->options, val, len);
	}
	inp->inp_optlen = (uint8_t)len;
	return (0);
}

static int
get_ipoptions(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put(val, len, inp->inp_rare->options, inp->inp_optlen));
}

static int
mtudisc(struct inpcb *inp, unsigned int shift, const void *val, socklen_t len)
{
	int v;

	if (opt_int(val, len, &v) != 0 || v < 0 || v >= IN_PMTU_MAX)
		return (EINVAL);
	inp->inp_flags &= ~(7U << shift);
	inp->inp_flags |= (uint32_t)v << shift;
	return (0);
}

static int
set_mtudisc(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	return (mtudisc(inp, INP_MTUDISC4, val, len));
}

static int
set_mtudisc6(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	return (mtudisc(inp, INP_MTUDISC6, val, len));
}

static int
get_mtudisc(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (int)in_pcb_mtudisc(inp, AF_INET)));
}

static int
get_mtudisc6(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (int)in_pcb_mtudisc(inp, AF_INET6)));
}

/* Streams are told of errors by the calls that fail. */
static int
recverr(struct inpcb *inp, uint32_t flag, const void *val, socklen_t len)
{
	int v;

	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	if (opt_int(val, len, &v) != 0)
		return (EINVAL);
	if (in_pcb_rare(inp) == NULL)
		return (ENOBUFS);
	opt_flag_set(inp, flag, v);
	return (0);
}

static int
set_recverr(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	return (recverr(inp, INP_RECVERR4, val, len));
}

static int
set_recverr6(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	return (recverr(inp, INP_RECVERR6, val, len));
}

static int
get_recverr(const struct inpcb *inp, void *val, socklen_t *len)
{
	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	return (opt_put_int(val, len, in_errq_wanted(inp, AF_INET)));
}

static int
get_recverr6(const struct inpcb *inp, void *val, socklen_t *len)
{
	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	return (opt_put_int(val, len, in_errq_wanted(inp, AF_INET6)));
}

static int
get_mtu(const struct inpcb *inp, void *val, socklen_t *len)
{
	sa_family_t af = inp->inp_vers == INP_IPV4 ? AF_INET : AF_INET6;
	uint32_t mtu;

	if (ip_addr_iszero(&inp->inp_faddr))
		return (ENOTCONN);
	mtu = ip_pathmtu_to(af, inp->inp_rtable, &inp->inp_faddr,
	    inp->inp_scope);
	return (mtu == 0 ? ENETUNREACH : opt_put_int(val, len, (int)mtu));
}

static int
set_v6only(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0 || inp->inp_bound ||
	    inp->inp_af != AF_INET6)
		return (EINVAL);
	opt_flag_set(inp, INP_V6ONLY, v);
	inp->inp_vers = v ? INP_IPV6 : INP_IPV4 | INP_IPV6;
	return (0);
}

static int
get_v6only(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (inp->inp_flags & INP_V6ONLY) != 0));
}

static int
set_bindany(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0)
		return (EINVAL);
	if (p != NULL && suser(p) != 0)
		return (EPERM);
	opt_flag_set(inp, INP_BINDANY, v);
	return (0);
}

static int
get_bindany(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (inp->inp_flags & INP_BINDANY) != 0));
}

static int
set_device(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	char name[IFNAMSIZ];
	struct ifnet *ifp;

	if (len > sizeof(name))
		return (EINVAL);
	memset(name, 0, sizeof(name));
	memcpy(name, val, MIN(len, sizeof(name) - 1));
	if (name[0] == '\0') {
		inp->inp_ifindex = 0;
		return (0);
	}
	if ((ifp = if_unit(name)) == NULL)
		return (ENODEV);
	inp->inp_ifindex = ifp->if_index;
	return (0);
}

static int
get_device(const struct inpcb *inp, void *val, socklen_t *len)
{
	struct ifnet *ifp = if_get(inp->inp_ifindex);

	return (ifp == NULL ? opt_put(val, len, "", 0) :
			      opt_put(val, len, ifp->if_xname, IFNAMSIZ));
}

static int
set_rtable(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0 || inp->inp_bound || v < 0 ||
	    !rtable_exists((uint32_t)v))
		return (EINVAL);
	if (p != NULL && suser(p) != 0)
		return (EPERM);
	inp->inp_rtable = inp->inp_socket->so_rtable = (uint8_t)v;
	return (0);
}

static int
get_rtable(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (int)inp->inp_rtable));
}

/* Linux's bound for those without privilege; more is for routing protocols. */
static int
set_priority(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0)
		return (EINVAL);
	if ((v < 0 || v > 6) && p != NULL && suser(p) != 0)
		return (EPERM);
	if (v < 0 || v > 7)
		return (EINVAL);
	inp->inp_prio = (uint8_t)v;
	return (0);
}

static int
get_priority(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, inp->inp_prio));
}

/* Where packets are cut if the path takes longer ones; 0: nowhere. */
static int
set_mtu6(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0 || (v != 0 && v < IPV6_MMTU))
		return (EINVAL);
	inp->inp_mtu6 = (uint32_t)v;
	return (0);
}

static int
set_icmp6filter(struct inpcb *inp, const void *val, socklen_t len,
    struct proc *p)
{
	struct in_pcb_rare *r;

	if (inp->inp_proto != IPPROTO_ICMPV6 || len != sizeof(r->icmp6filter))
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	memcpy(r->icmp6filter, val, len);
	return (0);
}

static int
get_icmp6filter(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put(val, len, inp->inp_rare->icmp6filter,
	    sizeof(inp->inp_rare->icmp6filter)));
}

static int
set_icmpfilter(struct inpcb *inp, const void *val, socklen_t len,
    struct proc *p)
{
	struct in_pcb_rare *r;
	int v;

	if (inp->inp_proto != IPPROTO_ICMP || inp->inp_af != AF_INET)
		return (EOPNOTSUPP);
	if (len < sizeof(v) || opt_int(val, len, &v) != 0)
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	r->icmpfilter = (uint32_t)v;
	return (0);
}

static int
get_icmpfilter(const struct inpcb *inp, void *val, socklen_t *len)
{
	if (inp->inp_proto != IPPROTO_ICMP || inp->inp_af != AF_INET)
		return (EOPNOTSUPP);
	return (opt_put_int(val, len, (int)inp->inp_rare->icmpfilter));
}

static bool
is_raw(const struct inpcb *inp)
{
	return (inp->inp_socket->so_type == SOCK_RAW);
}

/* RFC 3542 3.1: an even place, or -1 for none; ICMPv6 has its own. */
static int
set_cksumoff(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	struct in_pcb_rare *r;
	int v;

	if (opt_int(val, len, &v) != 0 || !is_raw(inp) ||
	    inp->inp_af != AF_INET6 || v < -1 || v > IP_MAXPACKET ||
	    (v != -1 && v % 2 != 0))
		return (EINVAL);
	if (inp->inp_proto == IPPROTO_ICMPV6 && v != 2)
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	r->cksumoff = v;
	return (0);
}

static int
get_cksumoff(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, inp->inp_rare->cksumoff));
}

static int
set_hdrincl(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0 || !is_raw(inp) ||
	    inp->inp_af != AF_INET)
		return (EINVAL);
	opt_flag_set(inp, INP_HDRINCL, v);
	return (0);
}

static int
get_hdrincl(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (inp->inp_flags & INP_HDRINCL) != 0));
}

/*
 * SO_ORIGINAL_DST: where the peer of a connection that pf redirected here
 * wrote to.  Linux gives IPv4's by IPPROTO_IP and IPv6's by IPPROTO_IPV6.
 */
static int
get_origdst(const struct inpcb *inp, sa_family_t af, void *val, socklen_t *len)
{
	struct ip_addr dst = inp->inp_laddr;
	uint16_t port = inp->inp_lport;
	struct sockaddr_storage ss;
	socklen_t n;

	if (inp->inp_socket->so_proto->pr_protocol != IPPROTO_TCP)
		return (ENOPROTOOPT);
	if (!inp->inp_connected || packet_filter == NULL ||
	    (inp->inp_vers == INP_IPV4) != (af == AF_INET) ||
	    !packet_filter->original_dst(af, IPPROTO_TCP, &inp->inp_faddr,
		inp->inp_fport, &dst, &port))
		return (ENOENT);
	memset(&ss, 0, sizeof(ss));
	n = sockaddr_write(&ss, af, &dst, port, inp->inp_scope);
	if (*len < n)
		return (EINVAL);
	memcpy(val, &ss, n);
	*len = n;
	return (0);
}

static int
get_origdst4(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (get_origdst(inp, AF_INET, val, len));
}

static int
get_origdst6(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (get_origdst(inp, AF_INET6, val, len));
}

/* --- packets to groups --- */

static int
set_mttl(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	struct in_pcb_rare *r;
	int v;

	if (inp->inp_socket->so_type == SOCK_STREAM ||
	    opt_int(val, len, &v) != 0 || v < -1 || v > 255)
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	r->mttl = v == -1 ? 1 : (uint8_t)v;
	return (0);
}

static int
get_mttl(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, inp->inp_rare->mttl));
}

static int
set_mhops(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	struct in_pcb_rare *r;
	int v;

	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	if (len < sizeof(v) || opt_int(val, len, &v) != 0 || v < -1 || v > 255)
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	r->mhops = v == -1 ? 1 : (uint8_t)v;
	return (0);
}

static int
get_mhops(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, inp->inp_rare->mhops));
}

static int
set_mloop(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0)
		return (EINVAL);
	opt_flag_set(inp, INP_NOMLOOP4, v == 0);
	return (0);
}

static int
get_mloop(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (inp->inp_flags & INP_NOMLOOP4) == 0));
}

static int
set_mloop6(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (len < sizeof(v) || opt_int(val, len, &v) != 0 || v < 0 || v > 1)
		return (EINVAL);
	opt_flag_set(inp, INP_NOMLOOP6, v == 0);
	return (0);
}

static int
get_mloop6(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (inp->inp_flags & INP_NOMLOOP6) == 0));
}

struct ip_mreqn {
	uint32_t group, addr;
	int ifindex;
};

/* An address, or struct ip_mreq or ip_mreqn whose group says nothing here. */
static int
set_mif(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	struct ip_mreqn mr = { 0 };
	struct in_pcb_rare *r;
	struct ip_addr a;
	struct ifaddr *ifa;
	struct ifnet *ifp;

	if (inp->inp_socket->so_type == SOCK_STREAM || len < sizeof(mr.addr))
		return (EINVAL);
	if (len < offsetof(struct ip_mreqn, ifindex))
		memcpy(&mr.addr, val, sizeof(mr.addr));
	else
		memcpy(&mr, val, MIN(len, sizeof(mr)));
	if (len < sizeof(mr))
		mr.ifindex = 0;
	a = ip_addr_v4(mr.addr);
	if (mr.ifindex == 0 && mr.addr == 0) {
		if ((r = in_pcb_rare(inp)) == NULL)
			return (ENOBUFS);
		r->mifindex = 0;
		r->maddr = a;
		return (0);
	}
	if (mr.ifindex != 0)
		ifp = if_get((uint32_t)mr.ifindex);
	else {
		ifa = ifa_ifwithaddr(AF_INET, &a, inp->inp_rtable);
		ifp = ifa != NULL ? ifa->ifa_ifp : NULL;
	}
	if (ifp == NULL)
		return (EADDRNOTAVAIL);
	if (inp->inp_ifindex != 0 && inp->inp_ifindex != ifp->if_index)
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	r->mifindex = ifp->if_index;
	r->maddr = a;
	return (0);
}

static int
get_mif(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put(val, len, &inp->inp_rare->maddr.v4, 4));
}

static int
set_mif6(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	struct in_pcb_rare *r;
	int v;

	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	if (len < sizeof(v) || opt_int(val, len, &v) != 0)
		return (EINVAL);
	if (v != 0 && inp->inp_ifindex != 0 && inp->inp_ifindex != (uint32_t)v)
		return (EINVAL);
	if (v != 0 && if_get((uint32_t)v) == NULL)
		return (ENODEV);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	r->mifindex6 = (uint32_t)v;
	return (0);
}

static int
get_mif6(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (int)inp->inp_rare->mifindex6));
}

/* Of packets to hosts.  Programs give the index in network order. */
static int
unicast_if(struct inpcb *inp, bool v4, const void *val, socklen_t len)
{
	struct in_pcb_rare *r;
	uint32_t index;
	int v;

	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	if (len < sizeof(v) || opt_int(val, len, &v) != 0)
		return (EINVAL);
	index = ntohl((uint32_t)v);
	if (index != 0 && if_get(index) == NULL)
		return (EADDRNOTAVAIL);
	if (index != 0 && inp->inp_ifindex != 0 && inp->inp_ifindex != index)
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	*(v4 ? &r->uifindex : &r->uifindex6) = index;
	return (0);
}

static int
set_uif(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	return (unicast_if(inp, true, val, len));
}

static int
set_uif6(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	return (unicast_if(inp, false, val, len));
}

static int
get_uif(const struct inpcb *inp, void *val, socklen_t *len)
{
	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	return (opt_put_int(val, len, (int)htonl(inp->inp_rare->uifindex)));
}

static int
get_uif6(const struct inpcb *inp, void *val, socklen_t *len)
{
	if (inp->inp_socket->so_type == SOCK_STREAM)
		return (ENOPROTOOPT);
	return (opt_put_int(val, len, (int)htonl(inp->inp_rare->uifindex6)));
}

static int
set_mall(struct inpcb *inp, const void *val, socklen_t len, struct proc *p)
{
	int v;

	if (opt_int(val, len, &v) != 0 || v < 0 || v > 1)
		return (EINVAL);
	opt_flag_set(inp, INP_NOMCASTALL, !v);
	return (0);
}

static int
get_mall(const struct inpcb *inp, void *val, socklen_t *len)
{
	return (opt_put_int(val, len, (inp->inp_flags & INP_NOMCASTALL) == 0));
}

/* --- the table --- */

#define PCB(member) offsetof(struct inpcb, member)
static const struct opt_row opt_rows[] = {
	/* clang-format off */
	{ IPPROTO_IP, IP_TOS,		OPT_U8,	  0, PCB(inp_tos), INT32_MIN, INT32_MAX, NULL, NULL },
	{ IPPROTO_IP, IP_TTL,		OPT_I16,  0, PCB(inp_ttl), -1, 255, NULL, NULL },
	{ IPPROTO_IP, IP_MINTTL,	OPT_U8,	  0, PCB(inp_minttl), 0, 255, NULL, NULL },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, OPT_FLAG, INP_BINDNOPORT, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IP, IP_PKTINFO,	OPT_FLAG, INP_RECVPKTINFO4, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IP, IP_RECVTTL,	OPT_FLAG, INP_RECVTTL, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IP, IP_RECVTOS,	OPT_FLAG, INP_RECVTOS, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IP, IP_HDRINCL,	OPT_HOOK, 0, 0, 0, 0, set_hdrincl, get_hdrincl },
	{ IPPROTO_IP, IP_OPTIONS,	OPT_HOOK, 0, 0, 0, 0, set_ipoptions, get_ipoptions },
	{ IPPROTO_IP, IP_MTU_DISCOVER,	OPT_HOOK, 0, 0, 0, 0, set_mtudisc, get_mtudisc },
	{ IPPROTO_IP, IP_MTU,		OPT_HOOK, 0, 0, 0, 0, NULL, get_mtu },
	{ IPPROTO_IP, IP_UNICAST_IF,	OPT_HOOK, 0, 0, 0, 0, set_uif, get_uif },
	{ IPPROTO_IPV6, IPV6_UNICAST_IF, OPT_HOOK, 0, 0, 0, 0, set_uif6, get_uif6 },
	{ IPPROTO_IP, IP_RECVERR,	OPT_HOOK, 0, 0, 0, 0, set_recverr, get_recverr },
	{ IPPROTO_IP, IP_FREEBIND,	OPT_FLAG, INP_FREEBIND, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IP, IP_RECVORIGDSTADDR, OPT_FLAG, INP_RECVORIGDST, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IP, SO_ORIGINAL_DST,	OPT_HOOK, 0, 0, 0, 0, NULL, get_origdst4 },
	{ IPPROTO_IP, IP_TRANSPARENT,	OPT_HOOK, 0, 0, 0, 0, set_bindany, get_bindany },
	{ IPPROTO_IP, IP_MULTICAST_IF,	OPT_HOOK, 0, 0, 0, 0, set_mif, get_mif },
	{ IPPROTO_IP, IP_MULTICAST_TTL,	OPT_HOOK, 0, 0, 0, 0, set_mttl, get_mttl },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, OPT_HOOK, 0, 0, 0, 0, set_mloop, get_mloop },
	{ IPPROTO_IP, IP_MULTICAST_ALL,	OPT_HOOK, 0, 0, 0, 0, set_mall, get_mall },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL, OPT_HOOK, 0, 0, 0, 0, set_mall, get_mall },
	{ IPPROTO_IPV6, IPV6_MULTICAST_IF, OPT_HOOK, 0, 0, 0, 0, set_mif6, get_mif6 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, OPT_HOOK, 0, 0, 0, 0, set_mhops, get_mhops },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, OPT_HOOK, 0, 0, 0, 0, set_mloop6, get_mloop6 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, OPT_I16, 0, PCB(inp_hops), -1, 255, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_TCLASS,	OPT_U8,	  0, PCB(inp_tclass), -1, 255, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, OPT_FLAG, INP_RECVPKTINFO, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, OPT_FLAG, INP_RECVTTL, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, OPT_FLAG, INP_RECVTOS, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_DONTFRAG,	OPT_FLAG, INP_DONTFRAG, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, OPT_FLAG, INP_RECVORIGDST, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IPV6, SO_ORIGINAL_DST, OPT_HOOK, 0, 0, 0, 0, NULL, get_origdst6 },
	{ IPPROTO_IPV6, IPV6_TRANSPARENT, OPT_HOOK, 0, 0, 0, 0, set_bindany, get_bindany },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, OPT_HOOK, 0, 0, 0, 0, set_mtudisc6, get_mtudisc6 },
	{ IPPROTO_IPV6, IPV6_RECVERR,	OPT_HOOK, 0, 0, 0, 0, set_recverr6, get_recverr6 },
	{ IPPROTO_IPV6, IPV6_FREEBIND,	OPT_FLAG, INP_FREEBIND, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_MTU,	OPT_HOOK, 0, 0, 0, 0, set_mtu6, get_mtu },
	{ IPPROTO_IPV6, IPV6_MINHOPCOUNT, OPT_U8, 0, PCB(inp_minhops), 0, 255, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_V6ONLY,	OPT_HOOK, 0, 0, 0, 0, set_v6only, get_v6only },
	{ IPPROTO_IPV6, IPV6_CHECKSUM,	OPT_HOOK, 0, 0, 0, 0, set_cksumoff, get_cksumoff },
	{ IPPROTO_RAW,  IPV6_CHECKSUM,	OPT_HOOK, 0, 0, 0, 0, set_cksumoff, get_cksumoff },
	{ IPPROTO_RAW, ICMP_FILTER,	OPT_HOOK, 0, 0, 0, 0, set_icmpfilter, get_icmpfilter },
	{ IPPROTO_IPV6, IPV6_2292PKTINFO, OPT_FLAG, INP_OLDPKTINFO, 0, 0, 0, NULL, NULL },
	{ IPPROTO_IPV6, IPV6_2292HOPLIMIT, OPT_FLAG, INP_OLDHOPS, 0, 0, 0, NULL, NULL },
	{ IPPROTO_ICMPV6, ICMP6_FILTER,	OPT_HOOK, 0, 0, 0, 0, set_icmp6filter, get_icmp6filter },
	{ SOL_SOCKET, SO_BINDTODEVICE,	OPT_HOOK, 0, 0, 0, 0, set_device, get_device },
	{ SOL_SOCKET, SO_RTABLE,	OPT_HOOK, 0, 0, 0, 0, set_rtable, get_rtable },
	{ SOL_SOCKET, SO_BINDANY,	OPT_HOOK, 0, 0, 0, 0, set_bindany, get_bindany },
	{ SOL_SOCKET, SO_TIMESTAMP,	OPT_FLAG, INP_TIMESTAMP, 0, 0, 0, NULL, NULL },
	{ SOL_SOCKET, SO_TIMESTAMPNS,	OPT_FLAG, INP_TIMESTAMPNS, 0, 0, 0, NULL, NULL },
	{ SOL_SOCKET, SO_RXQ_OVFL,	OPT_FLAG, INP_RXQOVFL, 0, 0, 0, NULL, NULL },
	{ SOL_SOCKET, SO_PRIORITY,	OPT_HOOK, 0, 0, 0, 0, set_priority, get_priority },
	/* clang-format on */
};

static const struct opt_row *
opt_find(const struct inpcb *inp, int level, int name)
{
	unsigned int i;

	if (level == IPPROTO_IPV6 && inp->inp_af != AF_INET6)
		return (NULL);
	if (!is_raw(inp) && (level == IPPROTO_RAW || level == IPPROTO_ICMPV6 ||
	    (level == IPPROTO_IP && name == IP_HDRINCL) ||
	    (level == IPPROTO_IPV6 && name == IPV6_CHECKSUM)))
		return (NULL);
	if (inp->inp_af != AF_INET6 && (level == IPPROTO_ICMPV6 ||
	    (level == IPPROTO_RAW && name == IPV6_CHECKSUM)))
		return (NULL);
	for (i = 0; i < nitems(opt_rows); i++)
		if (opt_rows[i].level == level && opt_rows[i].name == name)
			return (&opt_rows[i]);
	return (NULL);
}

int
in_opt_set(struct inpcb *inp, int level, int name, const void *val,
    socklen_t len, struct proc *p)
{
	const struct opt_row *row = opt_find(inp, level, name);
	int v;

	if (in_mcast_isopt(level, name) &&
	    (level == IPPROTO_IP || inp->inp_af == AF_INET6))
		return (in_mcast_setopt(inp, level, name, val, len));
	if (row == NULL || (row->kind == OPT_HOOK && row->set == NULL))
		return (ENOPROTOOPT);
	if (level == IPPROTO_IPV6 && len < sizeof(v))
		return (EINVAL); /* a byte will do for level IP only */
	if (row->kind == OPT_HOOK)
		return (row->set(inp, val, len, p));
	if (opt_int(val, len, &v) != 0)
		return (EINVAL);
	if (row->kind == OPT_FLAG) {
		opt_flag_set(inp, row->flag, v);
		return (0);
	}
	if (v < row->min || v > row->max)
		return (EINVAL);
	if (v == 0 && row->at == PCB(inp_ttl))
		return (EINVAL); /* RFC 1122 3.2.1.7; IPv6 sends a 0 */
	if (v == -1 && name == IPV6_TCLASS && level == IPPROTO_IPV6)
		v = 0; /* RFC 3542 6.5: the default */
	if (row->kind == OPT_U8)
		*((uint8_t *)inp + row->at) = (uint8_t)v;
	else
		*(int16_t *)(void *)((uint8_t *)inp + row->at) = (int16_t)v;
	return (0);
}

int
in_opt_get(struct inpcb *inp, int level, int name, void *val, socklen_t *len)
{
	const struct opt_row *row = opt_find(inp, level, name);
	int v = 0;

	if (in_mcast_isopt(level, name) &&
	    (level == IPPROTO_IP || inp->inp_af == AF_INET6))
		return (in_mcast_getopt(inp, level, name, val, len));
	if (level == SOL_SOCKET && name == SO_ERRQUEUE)
		return (in_errq_get(inp, val, len));
	if (row == NULL)
		return (ENOPROTOOPT);
	switch (row->kind) {
	case OPT_HOOK:
		return (row->get(inp, val, len));
	case OPT_FLAG:
		v = (inp->inp_flags & row->flag) != 0;
		break;
	case OPT_U8:
		v = *((uint8_t *)inp + row->at);
		break;
	case OPT_I16:
		v = *(int16_t *)(void *)((uint8_t *)inp + row->at);
		if (v == -1)
			v = *ip_family(
			    row->level == IPPROTO_IP ? AF_INET : AF_INET6)
				 ->defttl;
		break;
	}
	return (opt_put_int(val, len, v));
}

/* --- control data --- */

struct in_pktinfo {
	int ifindex;
	uint32_t spec_dst, addr;
};
struct in6_pktinfo {
	uint8_t addr[16];
	uint32_t ifindex;
};

static uint32_t
cmsg_put(uint8_t *out, uint32_t at, int level, int type, const void *data,
    uint32_t len)
{
	struct cmsghdr ch = { .cmsg_len = CMSG_LEN(len),
		.cmsg_level = level,
		.cmsg_type = type };

	KASSERT(at + CMSG_SPACE(len) <= IN_CONTROL_MAX);
	memset(out + at, 0, CMSG_SPACE(len));
	memcpy(out + at, &ch, sizeof(ch));
	memcpy(out + at + CMSG_LEN(0), data, len);
	return (at + (uint32_t)CMSG_SPACE(len));
}

static uint32_t
control_pktinfo(const struct inpcb *inp, const struct ip_input_ctx *ctx,
    uint8_t *out, uint32_t at)
{
	struct in_pktinfo pi = { (int)ctx->ifp->if_index, ctx->dst.v4,
		ctx->dst.v4 };
	struct in6_pktinfo pi6 = { .ifindex = ctx->ifp->if_index };

	if (ctx->af == AF_INET && (inp->inp_flags & INP_RECVPKTINFO4) != 0)
		at = cmsg_put(out, at, IPPROTO_IP, IP_PKTINFO, &pi, sizeof(pi));
	if ((inp->inp_flags & (INP_RECVPKTINFO | INP_OLDPKTINFO)) == 0)
		return (at);
	memcpy(pi6.addr, ctx->dst.b, 16);
	if (ctx->af == AF_INET) {
		memset(pi6.addr, 0, 10);
		memset(pi6.addr + 10, 0xff, 2);
		memcpy(pi6.addr + 12, &ctx->dst.v4, 4);
	}
	if ((inp->inp_flags & INP_RECVPKTINFO) != 0)
		at = cmsg_put(out, at, IPPROTO_IPV6, IPV6_PKTINFO, &pi6,
		    sizeof(pi6));
	if ((inp->inp_flags & INP_OLDPKTINFO) != 0)
		at = cmsg_put(out, at, IPPROTO_IPV6, IPV6_2292PKTINFO, &pi6,
		    sizeof(pi6));
	return (at);
}

/* Address and port that the sender wrote to, for what pf diverted here. */
static uint32_t
control_origdst(const struct mbuf *m, const struct ip_input_ctx *ctx,
    uint8_t *out, uint32_t at)
{
	bool v4 = ctx->af == AF_INET;
	struct sockaddr_storage ss;
	uint16_t port = 0;
	socklen_t len;

	if (ctx->proto == IPPROTO_UDP)
		(void)m_copydata(m, ctx->off + 2, sizeof(port), &port);
	memset(&ss, 0, sizeof(ss));
	len = sockaddr_write(&ss, ctx->af, &ctx->dst, ntohs(port),
	    ctx->ifp->if_index);
	return (cmsg_put(out, at, v4 ? IPPROTO_IP : IPPROTO_IPV6,
	    v4 ? IP_RECVORIGDSTADDR : IPV6_RECVORIGDSTADDR, &ss, len));
}

uint32_t
in_opt_control(const struct inpcb *inp, const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint8_t out[IN_CONTROL_MAX])
{
	bool v4 = ctx->af == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6, v;
	uint32_t at = 0;
	uint64_t us = m->m_pkthdr.stamp_us != 0 ? m->m_pkthdr.stamp_us :
						  time_wall_us;
	struct timeval tv = { .tv_sec = (time_t)(us / 1000000),
		.tv_usec = (long)(us % 1000000) };
	int64_t ts[2] = { tv.tv_sec, tv.tv_usec * 1000 }; /* a timespec */

	if ((inp->inp_flags &
		(INP_OLDHOPS | INP_OLDPKTINFO | INP_UDPGRO | INP_RXQOVFL | INP_TIMESTAMP | INP_TIMESTAMPNS | INP_RECVPKTINFO | INP_RECVPKTINFO4 |
		    INP_RECVTTL | INP_RECVTOS | INP_RECVORIGDST)) == 0)
		return (0);
	if ((inp->inp_flags & INP_TIMESTAMP) != 0)
		at = cmsg_put(out, at, SOL_SOCKET, SO_TIMESTAMP, &tv,
		    sizeof(tv));
	if ((inp->inp_flags & INP_TIMESTAMPNS) != 0)
		at = cmsg_put(out, at, SOL_SOCKET, SO_TIMESTAMPNS, ts,
		    sizeof(ts));
	if ((inp->inp_flags & INP_RXQOVFL) != 0) {
		v = (int)inp->inp_socket->so_drops;
		at = cmsg_put(out, at, SOL_SOCKET, SO_RXQ_OVFL, &v, sizeof(v));
	}
	if ((inp->inp_flags & INP_UDPGRO) != 0 &&
	    (m->m_pkthdr.csum_flags & M_UDP_GSO) != 0) {
		v = m->m_pkthdr.ph_mss;
		at = cmsg_put(out, at, IPPROTO_UDP, UDP_GRO, &v, sizeof(v));
	}
	at = control_pktinfo(inp, ctx, out, at);
	if ((inp->inp_flags & INP_RECVTTL) != 0) {
		v = ctx->ttl;
		at = cmsg_put(out, at, level, v4 ? IP_TTL : IPV6_HOPLIMIT, &v,
		    sizeof(v));
	}
	if (!v4 && (inp->inp_flags & INP_OLDHOPS) != 0) {
		v = ctx->ttl;
		at = cmsg_put(out, at, level, IPV6_2292HOPLIMIT, &v, sizeof(v));
	}
	if ((inp->inp_flags & INP_RECVTOS) != 0) {
		v = ctx->tos;
		at = cmsg_put(out, at, level, v4 ? IP_TOS : IPV6_TCLASS, &v,
		    v4 ? 1 : sizeof(v));
	}
	if ((inp->inp_flags & INP_RECVORIGDST) != 0)
		at = control_origdst(m, ctx, out, at);
	return (at);
}

/* One piece of control data into s.  0 or EINVAL. */
static int
sendcontrol_one(const struct cmsghdr *ch, const uint8_t *data, size_t len,
    struct in_send *s)
{
	struct in6_pktinfo pi6;
	struct in_pktinfo pi;
	uint16_t seg;
	int v = 0;

	if (ch->cmsg_level == IPPROTO_IP && ch->cmsg_type == IP_PKTINFO &&
	    len == sizeof(pi)) {
		memcpy(&pi, data, sizeof(pi));
		s->ifindex = (uint32_t)pi.ifindex;
		s->src = ip_addr_v4(pi.spec_dst);
		return (0);
	}
	if (ch->cmsg_level == IPPROTO_IPV6 && ch->cmsg_type == IPV6_PKTINFO &&
	    len == sizeof(pi6)) {
		memcpy(&pi6, data, sizeof(pi6));
		s->ifindex = pi6.ifindex;
		s->src = ip_addr_v6(pi6.addr);
		if (in6_isv4mapped(&s->src))
			s->src = ip_addr_v4(s->src.l[3]);
		return (0);
	}
	if (ch->cmsg_level == IPPROTO_UDP && ch->cmsg_type == UDP_SEGMENT) {
		if (len != sizeof(seg))
			return (EINVAL);
		memcpy(&seg, data, sizeof(seg));
		s->segment = seg;
		return (0);
	}
	if (opt_int(data, (socklen_t)len, &v) != 0 || v < -1 || v > 255)
		return (EINVAL);
	if ((ch->cmsg_level == IPPROTO_IP && ch->cmsg_type == IP_TTL) ||
	    (ch->cmsg_level == IPPROTO_IPV6 && ch->cmsg_type == IPV6_HOPLIMIT))
		s->ttl = v;
	else if ((ch->cmsg_level == IPPROTO_IP && ch->cmsg_type == IP_TOS) ||
	    (ch->cmsg_level == IPPROTO_IPV6 && ch->cmsg_type == IPV6_TCLASS))
		s->tos = v;
	else
		return (EINVAL);
	return (0);
}

/* May the packet carry this source? */
static int
sendcontrol_judge(const struct inpcb *inp, const struct in_send *s)
{
	if (s->ifindex != 0 && if_get(s->ifindex) == NULL)
		return (ENXIO);
	if (ip_addr_iszero(&s->src) || (inp->inp_flags & INP_BINDANY) != 0)
		return (0);
	if (ifa_ifwithaddr(AF_INET, &s->src, inp->inp_rtable) == NULL &&
	    ifa_ifwithaddr(AF_INET6, &s->src, inp->inp_rtable) == NULL)
		return (EADDRNOTAVAIL);
	return (0);
}

int
in_opt_sendcontrol(const struct inpcb *inp, const void *control, size_t len,
    struct in_send *s)
{
	const uint8_t *p = control;
	struct cmsghdr ch;
	int error;

	*s = (struct in_send){ .ttl = -1, .tos = -1, .segment = -1 };
	while (control != NULL && len >= sizeof(ch)) {
		memcpy(&ch, p, sizeof(ch));
		if (ch.cmsg_len < CMSG_LEN(0) || ch.cmsg_len > len)
			return (EINVAL);
		if ((error = sendcontrol_one(&ch, p + CMSG_LEN(0),
			 ch.cmsg_len - CMSG_LEN(0), s)) != 0)
			return (error);
		if (CMSG_ALIGN(ch.cmsg_len) >= len)
			break;
		p += CMSG_ALIGN(ch.cmsg_len);
		len -= CMSG_ALIGN(ch.cmsg_len);
	}
	return (sendcontrol_judge(inp, s));
}

/* --- out --- */

/* -1: what the host says.  IPv4 knows no 0. */
static int
send_ttl(const struct inpcb *inp, sa_family_t af, const struct in_send *s)
{
	if (af == AF_INET)
		return (s->ttl > 0 ? s->ttl : inp->inp_ttl);
	return (s->ttl >= 0 ? s->ttl : inp->inp_hops);
}

/*
 * Where packets leave, as the socket says: those to hosts, and those to groups,
 * which without hops stay here.
 */
static void
send_exit(const struct inpcb *inp, const struct in_send *s, uint32_t *index,
    struct ip_encap *e, struct ip_outopts *po)
{
	bool v4 = e->af == AF_INET;
	const struct in_pcb_rare *r = inp->inp_rare;
	int ttl = s->ttl >= 0 ? s->ttl : v4 ? r->mttl : r->mhops;

	if (!ip_isgroup(e->af, &e->dst)) {
		if (*index == 0 && (*index = v4 ? r->uifindex : r->uifindex6) != 0)
			po->po_flags |= IPOUT_IFONLY;
		return;
	}
	e->ttl = (uint8_t)ttl;
	if (v4 && e->src.v4 == 0)
		e->src = r->maddr;
	if (*index == 0)
		*index = v4 ? r->mifindex : r->mifindex6;
	if ((inp->inp_flags & (v4 ? INP_NOMLOOP4 : INP_NOMLOOP6)) != 0)
		po->po_flags |= IPOUT_NOLOOP;
	if (ttl == 0)
		po->po_flags |= IPOUT_STAY;
}

static const uint32_t mtudisc_flags[8] = {
	[IN_PMTU_WANT] = IPOUT_DFFITS,
	[IN_PMTU_DO] = IPOUT_DF,
	[IN_PMTU_PROBE] = IPOUT_DF | IPOUT_LINKMTU,
	[IN_PMTU_INTERFACE] = IPOUT_NOCUT | IPOUT_LINKMTU,
	[IN_PMTU_OMIT] = IPOUT_LINKMTU,
};

int
in_pcb_output(const struct inpcb *inp, struct mbuf *m, sa_family_t af,
    uint8_t proto, const struct ip_addr *dst, uint32_t scope,
    const struct in_send *s)
{
	int ttl = send_ttl(inp, af, s);
	struct ip_encap e = { .af = af,
		.proto = proto,
		.ttl = ttl > 0 ? (uint8_t)ttl : 0,
		.dst = *dst };
	struct ip_outopts po = { .po_rtable = inp->inp_rtable,
		.po_mtu = inp->inp_mtu6 };
	uint32_t index = inp->inp_ifindex != 0 ? inp->inp_ifindex :
	    s->ifindex != 0                    ? s->ifindex :
						 scope;

	if (ip_family(af) == NULL) {
		m_freem(m);
		return (EAFNOSUPPORT);
	}
	e.tos = s->tos >= 0 ? (uint8_t)s->tos :
	    af == AF_INET   ? inp->inp_tos :
			      inp->inp_tclass;
	e.src = ip_addr_iszero(&s->src) ? inp->inp_laddr : s->src;
	if (af == AF_INET &&
	    (IN_MULTICAST(ntohl(e.src.v4)) || e.src.v4 == 0xffffffffU))
		e.src = ip_addr_v4(0); /* bound to a group: not a source */
	if (in_pcb_foreign(inp, af, &e.src)) {
		m_freem(m);
		return (EINVAL);
	}
	send_exit(inp, s, &index, &e, &po);
	po.po_ifp = index != 0 ? if_get(index) : NULL;
	if (inp->inp_ifindex != 0 || s->ifindex != 0)
		po.po_flags |= IPOUT_IFONLY;
	if (af == AF_INET6 && ttl == 0)
		po.po_flags |= IPOUT_NOHOPS;
	po.po_flags |= mtudisc_flags[in_pcb_mtudisc(inp, af)];
	if (af == AF_INET6 && (inp->inp_flags & INP_DONTFRAG) != 0)
		po.po_flags |= IPOUT_DF;
	if ((inp->inp_socket->so_options & (1U << SO_BROADCAST)) != 0)
		po.po_flags |= IPOUT_BROADCAST;
	if ((inp->inp_socket->so_options & (1U << SO_DONTROUTE)) != 0)
		po.po_flags |= IPOUT_DONTROUTE;
	if (af == AF_INET && inp->inp_optlen != 0) {
		po.po_options = inp->inp_rare->options;
		po.po_optlen = inp->inp_optlen;
	}
	if ((m = ip_encap(m, &e)) == NULL)
		return (ENOBUFS);
	if ((inp->inp_flags & INP_BINDANY) != 0)
		m->m_pkthdr.pf.flags |= PF_TAG_TRANSPARENT;
	m->m_pkthdr.pf.prio = inp->inp_prio;
	return (ip_family(af)->output(m, &po));
}
