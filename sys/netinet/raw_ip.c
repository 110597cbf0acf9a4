/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Raw sockets of both families (ip(4), RFC 3542).
 *
 * A raw socket sees each packet for this host whose protocol, addresses and
 * interface it did not exclude.  Over IPv4 a message begins with the IP
 * header, over IPv6 with the transport's.  IPPROTO_RAW sends any protocol and
 * receives nothing.  Over IPv6 ICMP6_FILTER excludes types, and IPV6_CHECKSUM
 * has the kernel compute and verify a checksum at a place of the socket's
 * choice; for ICMPv6 it always does.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>

#define RIP_SENDSPACE 65536
#define RIP_RECVSPACE 262144

static struct in_pcb_table rip_pcbs;

enum rip_counter { RIPS_DELIVERED, RIPS_FULL, RIPS_OUT, RIPS_NCOUNTERS };
static uint64_t rip_counters[RIPS_NCOUNTERS];
static const char *const rip_counter_text[RIPS_NCOUNTERS] = {
	[RIPS_DELIVERED] = "messages delivered",
	[RIPS_FULL] = "not delivered because of full socket buffers",
	[RIPS_OUT] = "messages sent",
};
static struct counter_group rip_counter_group = {
	.cg_proto = "raw",
	.cg_text = rip_counter_text,
	.cg_value = rip_counters,
	.cg_count = RIPS_NCOUNTERS,
};

/* --- in --- */

static bool
rip_wants(const struct inpcb *inp, const struct mbuf *m,
    const struct ip_input_ctx *ctx)
{
	if (inp->inp_af != ctx->af || inp->inp_proto == IPPROTO_RAW ||
	    (inp->inp_proto != 0 && inp->inp_proto != ctx->proto))
		return (false);
	if (rtable_l2(inp->inp_rtable) != rtable_l2(m->m_pkthdr.rtableid) ||
	    (inp->inp_ifindex != 0 && inp->inp_ifindex != ctx->ifp->if_index))
		return (false);
	if (!ip_addr_iszero(&inp->inp_laddr) &&
	    !ip_addr_eq(&inp->inp_laddr, &ctx->dst))
		return (false);
	if (!in_mcast_wanted(inp, ctx))
		return (false);
	return (ip_addr_iszero(&inp->inp_faddr) ||
	    ip_addr_eq(&inp->inp_faddr, &ctx->src));
}

/* ICMP_FILTER. */
static bool
rip_passes4(const struct inpcb *inp, const struct mbuf *m,
    const struct ip_input_ctx *ctx)
{
	uint8_t type;

	if (inp->inp_proto != IPPROTO_ICMP || inp->inp_rare->icmpfilter == 0)
		return (true);
	if (m_copydata(m, ctx->off, 1, &type) != 0)
		return (false);
	return (type > 31 || (inp->inp_rare->icmpfilter & 1U << type) == 0);
}

/* ICMP6_FILTER and IPV6_CHECKSUM. */
static bool
rip_passes6(const struct inpcb *inp, const struct mbuf *m,
    const struct ip_input_ctx *ctx)
{
	uint32_t len = m->m_pkthdr.len - ctx->off;
	int at = inp->inp_rare->cksumoff;
	uint8_t type;

	if (ctx->proto == IPPROTO_ICMPV6 && inp->inp_proto == IPPROTO_ICMPV6) {
		if (m_copydata(m, ctx->off, 1, &type) != 0)
			return (false);
		return (
		    (inp->inp_rare->icmp6filter[type / 32] & 1U << type % 32) == 0);
	}
	if (at < 0)
		return (true);
	if (len < (uint32_t)at + 2)
		return (false);
	return (in_cksum_fold(in_cksum_add(in_pseudo(ctx->af, &ctx->src,
					       &ctx->dst, len, ctx->proto),
		    m, ctx->off, len)) == 0);
}

static void
rip_append(struct inpcb *inp, struct mbuf *n, const struct ip_input_ctx *ctx)
{
	struct sockaddr_storage from;
	uint8_t control[IN_CONTROL_MAX];
	uint32_t controllen;
	socklen_t fromlen;

	fromlen = sockaddr_write(&from, ctx->af, &ctx->src, 0,
	    ctx->ifp->if_index);
	controllen = in_opt_control(inp, n, ctx, control);
	if (ctx->af == AF_INET6)
		m_adj(n, (int)ctx->off);
	if (soreceive_dgram(inp->inp_socket, n,
		(struct sockaddr *)(void *)&from, fromlen,
		controllen != 0 ? control : NULL, controllen))
		rip_counters[RIPS_DELIVERED]++;
	else
		rip_counters[RIPS_FULL]++;
}

bool
rip_deliver(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	struct inpcb *inp;
	struct mbuf *n;
	bool taken = false;

	TAILQ_FOREACH(inp, &rip_pcbs.all, inp_all) {
		if (!rip_wants(inp, m, ctx))
			continue;
		taken = true;
		if (ctx->af == AF_INET6 ? !rip_passes6(inp, m, ctx) :
					  !rip_passes4(inp, m, ctx))
			drop_count(DROP_RAW_FILTERED);
		else if ((n = m_dup_pkt(m, 0)) == NULL)
			drop_count(DROP_NOBUFS);
		else
			rip_append(inp, n, ctx);
	}
	return (taken);
}

void
rip_ctlinput(const struct ip_input_ctx *ctx, int err, const uint8_t *quoted,
    uint32_t len, uint32_t mtu)
{
	struct inpcb *inp;

	TAILQ_FOREACH(inp, &rip_pcbs.all, inp_all)
		if (inp->inp_af == ctx->af && inp->inp_proto == ctx->proto &&
		    in_errq_wanted(inp, ctx->af) &&
		    rtable_l2(inp->inp_rtable) ==
			rtable_l2(ctx->ifp->if_rtable) &&
		    (ip_addr_iszero(&inp->inp_laddr) ||
			ip_addr_eq(&inp->inp_laddr, &ctx->src)) &&
		    (ip_addr_iszero(&inp->inp_faddr) ||
			ip_addr_eq(&inp->inp_faddr, &ctx->dst)))
			in_errq_icmp(inp, ctx, err, quoted, len, 0, mtu);
}

/* --- out --- */

/* The socket's own header: what must hold, and what is filled in. */
static int
rip_hdrincl(struct mbuf **mp)
{
	struct ip *ip;
	uint32_t hlen;

	if ((*mp)->m_pkthdr.len < sizeof(*ip) ||
	    (*mp)->m_pkthdr.len > IP_MAXPACKET)
		return (EINVAL);
	if ((*mp = m_pullup(*mp, sizeof(*ip))) == NULL)
		return (ENOBUFS);
	ip = mtod(*mp, struct ip *);
	hlen = IP_HLEN(ip);
	if (IP_VERSION(ip) != 4 || hlen < sizeof(*ip) ||
	    hlen > (*mp)->m_pkthdr.len)
		return (EINVAL);
	return (0);
}

static int
rip_output_hdrincl(const struct inpcb *inp, struct mbuf *m)
{
	struct ip_outopts po = { .po_flags = IPOUT_RAWHDR,
		.po_rtable = inp->inp_rtable };
	int error;

	if ((error = rip_hdrincl(&m)) != 0) {
		m_freem(m);
		return (error);
	}
	if (inp->inp_ifindex != 0) {
		po.po_ifp = if_get(inp->inp_ifindex);
		po.po_flags |= IPOUT_IFONLY;
	}
	if ((inp->inp_socket->so_options & (1U << SO_BROADCAST)) != 0)
		po.po_flags |= IPOUT_BROADCAST;
	ipstat_inc(IPS_RAWOUT);
	return (ip_output(m, &po));
}

/* IPV6_CHECKSUM: at a place of the socket's choice.  The source must be known. */
static int
rip_cksum6(const struct inpcb *inp, struct mbuf *m, const struct ip_addr *dst,
    uint32_t scope, struct in_send *s)
{
	uint32_t len = m->m_pkthdr.len;
	int error, at = inp->inp_rare->cksumoff;
	uint16_t sum = 0;

	if (inp->inp_proto == IPPROTO_ICMPV6) {
		if (len < 4)
			return (EINVAL);
		m->m_pkthdr.csum_flags |= M_ICMP_CSUM_OUT;
		return (0);
	}
	if (at < 0)
		return (0);
	if (len < (uint32_t)at + 2)
		return (EINVAL);
	if (ip_addr_iszero(&s->src))
		s->src = inp->inp_laddr;
	if (ip_addr_iszero(&s->src) &&
	    (error = in_pcb_source(inp, AF_INET6, dst, scope, &s->src)) != 0)
		return (error);
	if ((error = m_copyback(m, (uint32_t)at, 2, &sum)) != 0)
		return (error);
	sum = in_cksum_fold(
	    in_cksum_add(in_pseudo(AF_INET6, &s->src, dst, len, inp->inp_proto),
		m, 0, len));
	return (m_copyback(m, (uint32_t)at, 2, &sum));
}

static int
rip_dest(const struct inpcb *inp, const struct sockaddr *sa, socklen_t len,
    struct ip_addr *dst, uint32_t *scope)
{
	sa_family_t af;
	uint16_t port;
	int error;

	if (sa == NULL) {
		*dst = inp->inp_faddr;
		*scope = inp->inp_scope;
		return (ip_addr_iszero(dst) ? EDESTADDRREQ : 0);
	}
	if ((error = sockaddr_read(sa, len, &af, dst, &port, scope)) != 0)
		return (error);
	return (af == inp->inp_af ? 0 : EAFNOSUPPORT);
}

static int
rip_send(struct socket *so, struct mbuf *m, const struct sockaddr *sa,
    socklen_t len, const void *control, size_t controllen, struct proc *p)
{
	struct inpcb *inp = so->so_pcb;
	struct ip_addr dst;
	struct in_send s;
	uint32_t scope = 0;
	int error;

	rip_counters[RIPS_OUT]++;
	if ((inp->inp_flags & INP_HDRINCL) != 0 ||
	    (inp->inp_af == AF_INET && inp->inp_proto == IPPROTO_RAW))
		return (rip_output_hdrincl(inp, m));
	if ((error = rip_dest(inp, sa, len, &dst, &scope)) == 0 &&
	    (error = in_opt_sendcontrol(inp, control, controllen, &s)) == 0) {
		if (m->m_pkthdr.len > IP_MAXPACKET - sizeof(struct ip))
			error = EMSGSIZE;
		else if (inp->inp_af == AF_INET6)
			error = rip_cksum6(inp, m, &dst, scope, &s);
	}
	if (error != 0) {
		m_freem(m);
		return (error);
	}
	error = in_pcb_output(inp, m, inp->inp_af, inp->inp_proto, &dst, scope,
	    &s);
	if (error == EMSGSIZE)
		in_errq_toobig(inp, inp->inp_af, &dst, 0, scope);
	return (error);
}

/* --- the socket's calls --- */

static int
rip_attach(struct socket *so, int proto, struct proc *p)
{
	struct in_pcb_rare *rare;
	struct inpcb *inp;
	int error;

	if (p != NULL && (error = suser(p)) != 0)
		return (error);
	if (proto < 0 || proto >= IPPROTO_MAX)
		return (EPROTONOSUPPORT);
	if ((error = soreserve(so, RIP_SENDSPACE, RIP_RECVSPACE)) != 0 ||
	    (error = in_pcb_alloc(so, &rip_pcbs, so->so_proto->pr_family)) != 0)
		return (error);
	inp = so->so_pcb;
	inp->inp_proto = (uint8_t)proto;
	if (inp->inp_af == AF_INET6) {
		inp->inp_vers = INP_IPV6;
		inp->inp_flags |= INP_V6ONLY;
	}
	if (inp->inp_af != AF_INET6 || proto != IPPROTO_ICMPV6)
		return (0);
	if ((rare = in_pcb_rare(inp)) == NULL) {
		in_pcb_free(inp);
		return (ENOBUFS);
	}
	rare->cksumoff = 2;
	return (0);
}

static void
rip_detach(struct socket *so)
{
	if (so->so_pcb != NULL)
		in_pcb_free(so->so_pcb);
}

/* An address only: raw sockets have no ports. */
static int
rip_bind(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	struct inpcb *inp = so->so_pcb;
	struct ip_addr a;
	uint32_t scope;
	int error;

	if ((error = rip_dest(inp, sa, len, &a, &scope)) != 0)
		return (error);
	if (!ip_addr_iszero(&a) && (inp->inp_flags & INP_BINDANY) == 0 &&
	    ifa_ifwithaddr(inp->inp_af, &a, inp->inp_rtable) == NULL)
		return (EADDRNOTAVAIL);
	inp->inp_laddr = a;
	inp->inp_scope = scope;
	return (0);
}

static int
rip_connect(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	struct inpcb *inp = so->so_pcb;
	struct ip_addr a;
	uint32_t scope;
	int error;

	if ((error = rip_dest(inp, sa, len, &a, &scope)) != 0)
		return (error);
	inp->inp_faddr = a;
	inp->inp_scope = scope;
	soisconnected(so);
	return (0);
}

static int
rip_disconnect(struct socket *so)
{
	struct inpcb *inp = so->so_pcb;

	if (ip_addr_iszero(&inp->inp_faddr))
		return (ENOTCONN);
	memset(&inp->inp_faddr, 0, sizeof(inp->inp_faddr));
	so->so_state &= ~(uint32_t)SS_CONNECTED;
	return (0);
}

static int
rip_shutdown(struct socket *so)
{
	so->so_state |= SS_CANTSEND;
	return (0);
}

static int
rip_setopt(struct socket *so, int level, int name, const void *val,
    socklen_t len, struct proc *p)
{
	return (in_opt_set(so->so_pcb, level, name, val, len, p));
}

static int
rip_getopt(struct socket *so, int level, int name, void *val, socklen_t *len,
    struct proc *p)
{
	return (in_opt_get(so->so_pcb, level, name, val, len));
}

#define RIP_ROW(af)                                                            \
	{                                                                      \
		.pr_name = "raw", .pr_family = af, .pr_type = SOCK_RAW,        \
		.pr_protocol = 0, .pr_flags = PR_ATOMIC | PR_ADDR,             \
		.attach = rip_attach, .ioctl = in_ioctl, .detach = rip_detach, \
		.bind = rip_bind, .connect = rip_connect,                      \
		.disconnect = rip_disconnect, .shutdown = rip_shutdown,        \
		.send = rip_send, .sockname = in_pcb_sockname,                 \
		.peername = in_pcb_peername, .setopt = rip_setopt,             \
		.getopt = rip_getopt                                           \
	}
static struct protosw rip_rows[] = { RIP_ROW(AF_INET), RIP_ROW(AF_INET6) };

void
rip_init(void)
{
	in_pcb_table_init(&rip_pcbs, "raw");
	protosw_register(&rip_rows[0]);
	protosw_register(&rip_rows[1]);
	counters_register(&rip_counter_group);
}
