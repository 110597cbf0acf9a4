/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * UDP over IPv4 and IPv6 (RFC 768, RFC 1122 4.1, RFC 8200 8.1, RFC 8085).
 *
 * In:	udp_input() judges lengths and checksum (which IPv6 must have), then
 *	finds who listens: one socket for an address of ours, all that match
 *	for a broadcast or multicast.  Nobody: an ICMP port unreachable.
 * Out:	udp_send() puts the header in front and leaves the checksum to the
 *	last place that can compute it.
 *
 * A packet that stands for many (M_UDP_GSO) leaves by UDP_SEGMENT, and comes
 * from links and from here; only who set UDP_GRO gets it as one message.
 *
 * An ICMP error goes to the connected socket with the four numbers it
 * quotes, as the error of its next call; or to any that asked for such
 * (in_errq.c).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/mbuf.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6.h>

#define SEGMENTS_MAX 128U /* of one message, as on Linux */

static struct in_pcb_table udp_pcbs;
static int udp_sendspace = 65536, udp_recvspace = 262144;

enum udp_counter {
	UDPS_IN,
	UDPS_NOSUM,
	UDPS_GROUP,
	UDPS_DELIVERED,
	UDPS_FULL,
	UDPS_ERRORS,
	UDPS_OUT,
	UDPS_NCOUNTERS
};
static uint64_t udp_counters[UDPS_NCOUNTERS];
static const char *const udp_counter_text[UDPS_NCOUNTERS] = {
	[UDPS_IN] = "datagrams received",
	[UDPS_NOSUM] = "with no checksum",
	[UDPS_GROUP] = "broadcast and multicast datagrams received",
	[UDPS_DELIVERED] = "delivered",
	[UDPS_FULL] = "not delivered because of full socket buffers",
	[UDPS_ERRORS] = "errors handed to sockets",
	[UDPS_OUT] = "datagrams output",
};
static struct counter_group udp_counter_group = {
	.cg_proto = "udp",
	.cg_text = udp_counter_text,
	.cg_value = udp_counters,
	.cg_count = UDPS_NCOUNTERS,
};

/* --- in --- */

/* The header at ctx->off, in host order; what is wrong with the datagram. */
static enum drop_reason
udp_check(struct mbuf *m, const struct ip_input_ctx *ctx, struct udphdr *uh)
{
	uint32_t left = m->m_pkthdr.len - ctx->off, ulen;

	if (left < sizeof(*uh) || m_copydata(m, ctx->off, sizeof(*uh), uh) != 0)
		return (DROP_UDP_SHORT);
	ulen = ntohs(uh->uh_ulen);
	if (ulen < sizeof(*uh) || ulen > left)
		return (DROP_UDP_BADLEN);
	if (uh->uh_dport == 0)
		return (DROP_UDP_BADPORT);
	if (ulen < left)
		m_adj(m, (int)ulen - (int)left);
	if (uh->uh_sum == 0 && (m->m_pkthdr.csum_flags & M_UDP_CSUM_OUT) == 0) {
		udp_counters[UDPS_NOSUM]++;
		return (ctx->af == AF_INET6 ? DROP_UDP_NOSUM6 : DROP_NONE);
	}
	if (!in_cksum_verify(m, ctx->af, IPPROTO_UDP, ctx->off, ulen))
		return (DROP_UDP_BADSUM);
	return (DROP_NONE);
}

/* To one socket.  Takes m. */
static void
udp_deliver(struct inpcb *inp, struct mbuf *m, const struct ip_input_ctx *ctx,
    uint16_t sport)
{
	struct sockaddr_storage from;
	uint8_t control[IN_CONTROL_MAX];
	uint32_t controllen;
	socklen_t fromlen;

	if (in_pcb_ttl_low(inp, ctx->af, ctx->ttl)) {
		m_drop(m, DROP_UDP_MINTTL);
		return;
	}
	fromlen = in_pcb_sockaddr(inp, ctx->af, &ctx->src, sport,
	    ctx->ifp->if_index, &from);
	controllen = in_opt_control(inp, m, ctx, control);
	m_adj(m, (int)(ctx->off + sizeof(struct udphdr)));
	if (soreceive_dgram(inp->inp_socket, m,
		(struct sockaddr *)(void *)&from, fromlen,
		controllen != 0 ? control : NULL, controllen))
		udp_counters[UDPS_DELIVERED]++;
	else
		udp_counters[UDPS_FULL]++;
}

/* To all who match: a copy each, the packet itself for the last. */
static void
udp_input_group(struct mbuf *m, const struct ip_input_ctx *ctx,
    const struct in_pcb_key *k)
{
	struct inpcb *inp, *last = NULL;
	struct mbuf *n;

	udp_counters[UDPS_GROUP]++;
	for (inp = in_pcb_port_first(&udp_pcbs, k->lport); inp != NULL;
	     inp = LIST_NEXT(inp, inp_byport)) {
		if (!in_pcb_matches(inp, k) || !in_mcast_wanted(inp, ctx))
			continue;
		if (last != NULL && (n = m_dup_pkt(m, 0)) != NULL)
			udp_deliver(last, n, ctx, k->fport);
		last = inp;
	}
	if (last == NULL)
		m_drop(m, DROP_UDP_NOPORTBCAST);
	else
		udp_deliver(last, m, ctx, k->fport);
}

static bool
udp_is_group(const struct mbuf *m, const struct ip_input_ctx *ctx)
{
	if ((m->m_pkthdr.pf.flags & PF_TAG_DIVERTED) != 0)
		return (false);
	if ((m->m_flags & (M_BCAST | M_MCAST)) != 0)
		return (true);
	if (ctx->af == AF_INET6)
		return (in6_ismulticast(&ctx->dst));
	return (ntohl(ctx->dst.v4) >= 0xe0000000U);
}

static struct in_pcb_key
udp_key(const struct mbuf *m, const struct ip_input_ctx *ctx,
    const struct udphdr *uh)
{
	return ((struct in_pcb_key){ .af = ctx->af,
	    .laddr = ctx->dst,
	    .faddr = ctx->src,
	    .lport = ntohs(uh->uh_dport),
	    .fport = ntohs(uh->uh_sport),
	    .rtable = m->m_pkthdr.rtableid,
	    .ifindex = ctx->ifp->if_index });
}

static void udp_input(struct mbuf *m, const struct ip_input_ctx *ctx);

/* Is it for one who takes a packet that stands for many (UDP_GRO)? */
static bool
udp_takes_many(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	const struct inpcb *inp;
	struct in_pcb_key k;
	struct udphdr uh;

	if (udp_is_group(m, ctx) ||
	    m_copydata(m, ctx->off, sizeof(uh), &uh) != 0)
		return (false);
	k = udp_key(m, ctx, &uh);
	inp = in_pcb_input(&udp_pcbs, m, &k);
	return (inp != NULL && (inp->inp_flags & INP_UDPGRO) != 0);
}

/* Each that it stands for by itself. */
static void
udp_input_cut(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	struct mbuf_list ml;

	if (ip_segment(m, ctx->af, &ml) != 0)
		return;
	while ((m = ml_dequeue(&ml)) != NULL)
		udp_input(m, ctx);
}

static void
udp_input(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	enum drop_reason why;
	struct in_pcb_key k;
	struct udphdr uh;
	struct inpcb *inp;

	if (__predict_false((m->m_pkthdr.csum_flags & M_UDP_GSO) != 0) &&
	    !udp_takes_many(m, ctx)) {
		udp_input_cut(m, ctx);
		return;
	}
	udp_counters[UDPS_IN]++;
	if ((why = udp_check(m, ctx, &uh)) != DROP_NONE) {
		m_drop(m, why);
		return;
	}
	k = udp_key(m, ctx, &uh);
	if (udp_is_group(m, ctx)) {
		udp_input_group(m, ctx, &k);
		return;
	}
	if ((inp = in_pcb_input(&udp_pcbs, m, &k)) == NULL) {
		drop_count(DROP_UDP_NOPORT);
		ip_error(m, ctx->af, IPE_PORT, 0);
		return;
	}
	udp_deliver(inp, m, ctx, k.fport);
}

/* The numbers of a quoted datagram, seen from its sender. */
static struct in_pcb_key
udp_quoted_key(const struct ip_input_ctx *ctx, const uint8_t *quoted)
{
	return ((struct in_pcb_key){ .af = ctx->af,
	    .laddr = ctx->src,
	    .faddr = ctx->dst,
	    .lport = be16dec(quoted),
	    .fport = be16dec(quoted + 2),
	    .rtable = ctx->ifp->if_rtable,
	    .ifindex = ctx->ifp->if_index });
}

static void
udp_ctlinput(const struct ip_input_ctx *ctx, int err, const uint8_t *quoted,
    uint32_t len, uint32_t mtu)
{
	struct in_pcb_key k;
	struct inpcb *inp;

	if (len < 8)
		return;
	k = udp_quoted_key(ctx, quoted);
	if ((inp = in_pcb_lookup(&udp_pcbs, &k, INPCB_USUAL)) == NULL)
		return;
	if (in_errq_wanted(inp, ctx->af)) {
		udp_counters[UDPS_ERRORS]++;
		in_errq_icmp(inp, ctx, err, quoted, len,
		    sizeof(struct udphdr), mtu);
		return;
	}
	if (!inp->inp_connected)
		return;
	if (err == EMSGSIZE && !in_pcb_pathmtu(inp, ctx->af) &&
	    (inp->inp_flags & INP_DONTFRAG) == 0)
		return; /* the next one will be cut */
	udp_counters[UDPS_ERRORS]++;
	soseterror(inp->inp_socket, err);
}

static bool
udp_sent_by_us(const struct ip_input_ctx *ctx, const uint8_t *quoted,
    uint32_t len)
{
	struct in_pcb_key k;

	if (len < 8)
		return (false);
	k = udp_quoted_key(ctx, quoted);
	return (in_pcb_lookup(&udp_pcbs, &k, INPCB_USUAL) != NULL);
}

static const struct ip_proto udp_proto = {
	.name = "udp",
	.number = IPPROTO_UDP,
	.inet = true,
	.inet6 = true,
	.input = udp_input,
	.ctlinput = udp_ctlinput,
	.sent_by_us = udp_sent_by_us,
};

/* --- out --- */

struct udp_dest {
	sa_family_t af;
	struct ip_addr addr;
	uint16_t port;
	uint32_t scope;
};

static int
udp_dest_find(const struct inpcb *inp, const struct sockaddr *sa, socklen_t len,
    struct udp_dest *d)
{
	int error;

	if (sa == NULL) {
		if (!inp->inp_connected)
			return (EDESTADDRREQ);
		*d = (struct udp_dest){ inp->inp_vers == INP_IPV4 ? AF_INET :
								    AF_INET6,
			inp->inp_faddr, inp->inp_fport, inp->inp_scope };
		return (0);
	}
	if ((error = in_pcb_readaddr(inp, sa, len, &d->af, &d->addr, &d->port,
		 &d->scope)) != 0)
		return (error);
	if (d->port == 0)
		return (EINVAL);
	if (in_pcb_zone(inp, d->af, &d->addr, &d->scope) != 0)
		return (EADDRNOTAVAIL); /* Linux's, where connect has EINVAL */
	if (d->scope == 0)
		d->scope = inp->inp_scope;
	return (
	    (inp->inp_vers & (d->af == AF_INET ? INP_IPV4 : INP_IPV6)) != 0 ?
		0 :
		EAFNOSUPPORT);
}

/* The header in front of the payload.  NULL: no memory, m gone. */
static struct mbuf *
udp_header(struct mbuf *m, const struct inpcb *inp, uint16_t dport)
{
	struct udphdr *uh;

	if ((m = m_prepend(m, sizeof(*uh))) == NULL)
		return (NULL);
	uh = mtod(m, struct udphdr *);
	uh->uh_sport = htons(inp->inp_lport);
	uh->uh_dport = htons(dport);
	uh->uh_ulen = htons(m->m_pkthdr.len);
	uh->uh_sum = 0;
	m->m_pkthdr.csum_flags |= M_UDP_CSUM_OUT;
	return (m);
}

/* IPv6's length does not count its own header. */
static uint32_t
udp_payload_max(sa_family_t af)
{
	return (IP_MAXPACKET - sizeof(struct udphdr) -
	    (af == AF_INET ? sizeof(struct ip) : 0));
}

/*
 * UDP_SEGMENT: m is many datagrams, each as long as the socket or the message
 * says but the last.  They stay one packet as far as they can.  0 or EINVAL.
 */
static int
udp_segment(const struct inpcb *inp, struct mbuf *m, const struct udp_dest *d,
    const struct in_send *s)
{
	uint32_t size = s->segment >= 0 ? (uint32_t)s->segment :
					  inp->inp_rare->segment;
	uint32_t mtu, headers = sizeof(struct udphdr) +
	    (d->af == AF_INET ? sizeof(struct ip) : sizeof(struct ip6_hdr));

	if (size == 0 || m->m_pkthdr.len <= size)
		return (0);
	mtu = ip_pathmtu_to(d->af, inp->inp_rtable, &d->addr, d->scope);
	if (m->m_pkthdr.len > size * SEGMENTS_MAX ||
	    (mtu != 0 && size + headers > mtu))
		return (EINVAL);
	m->m_pkthdr.csum_flags |= M_UDP_GSO;
	m->m_pkthdr.ph_mss = (uint16_t)size;
	return (0);
}

static int
udp_send(struct socket *so, struct mbuf *m, const struct sockaddr *sa,
    socklen_t len, const void *control, size_t controllen, struct proc *p)
{
	struct inpcb *inp = so->so_pcb;
	struct in_send s;
	struct udp_dest d;
	int error;

	if ((error = udp_dest_find(inp, sa, len, &d)) == 0 &&
	    m->m_pkthdr.len > udp_payload_max(d.af))
		error = EMSGSIZE;
	else if (error == 0 &&
	    (error = in_opt_sendcontrol(inp, control, controllen, &s)) == 0 &&
	    (error = udp_segment(inp, m, &d, &s)) == 0)
		error = in_pcb_bind_any(inp);
	if (error != 0) {
		m_freem(m);
		return (error);
	}
	if ((m = udp_header(m, inp, d.port)) == NULL)
		return (ENOBUFS);
	udp_counters[UDPS_OUT]++;
	error = in_pcb_output(inp, m, d.af, IPPROTO_UDP, &d.addr, d.scope, &s);
	if (error == EMSGSIZE)
		in_errq_toobig(inp, d.af, &d.addr, d.port, d.scope);
	return (error);
}

/* --- the socket's calls --- */

static int
udp_attach_af(struct socket *so, sa_family_t af)
{
	int error;

	if ((error = soreserve(so, (uint64_t)udp_sendspace,
		 (uint64_t)udp_recvspace)) != 0)
		return (error);
	return (in_pcb_alloc(so, &udp_pcbs, af));
}

static int
udp_attach(struct socket *so, int proto, struct proc *p)
{
	return (udp_attach_af(so, so->so_proto->pr_family));
}

static void
udp_detach(struct socket *so)
{
	if (so->so_pcb != NULL)
		in_pcb_free(so->so_pcb);
}

static int
udp_bind(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	return (in_pcb_bind(so->so_pcb, sa, len, p));
}

static int
udp_connect(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	int error;

	if ((error = in_pcb_connect(so->so_pcb, sa, len, p)) == 0)
		soisconnected(so);
	return (error);
}

static int
udp_disconnect(struct socket *so)
{
	struct inpcb *inp = so->so_pcb;

	if (!inp->inp_connected)
		return (ENOTCONN);
	in_pcb_disconnect(inp);
	so->so_state &= ~(uint32_t)SS_CONNECTED;
	return (0);
}

static int
udp_shutdown(struct socket *so)
{
	so->so_state |= SS_CANTSEND;
	return (0);
}

/* Level IPPROTO_UDP. */
static int
udp_own_setopt(struct inpcb *inp, int name, const void *val, socklen_t len)
{
	struct in_pcb_rare *r;
	int v;

	if (name != UDP_SEGMENT && name != UDP_GRO)
		return (ENOPROTOOPT);
	if (len < sizeof(v))
		return (EINVAL);
	memcpy(&v, val, sizeof(v));
	if (name == UDP_GRO) {
		inp->inp_flags &= ~(uint32_t)INP_UDPGRO;
		inp->inp_flags |= v != 0 ? INP_UDPGRO : 0;
		return (0);
	}
	if (v < 0 || v > (int)UINT16_MAX)
		return (EINVAL);
	if ((r = in_pcb_rare(inp)) == NULL)
		return (ENOBUFS);
	r->segment = (uint16_t)v;
	return (0);
}

static int
udp_own_getopt(const struct inpcb *inp, int name, void *val, socklen_t *len)
{
	int v;

	if (name != UDP_SEGMENT && name != UDP_GRO)
		return (ENOPROTOOPT);
	v = name == UDP_GRO ? (inp->inp_flags & INP_UDPGRO) != 0 :
			      inp->inp_rare->segment;
	*len = MIN(*len, (socklen_t)sizeof(v));
	memcpy(val, &v, *len);
	return (0);
}

static int
udp_setopt(struct socket *so, int level, int name, const void *val,
    socklen_t len, struct proc *p)
{
	if (level == IPPROTO_UDP)
		return (udp_own_setopt(so->so_pcb, name, val, len));
	return (in_opt_set(so->so_pcb, level, name, val, len, p));
}

static int
udp_getopt(struct socket *so, int level, int name, void *val, socklen_t *len,
    struct proc *p)
{
	if (level == IPPROTO_UDP)
		return (udp_own_getopt(so->so_pcb, name, val, len));
	return (in_opt_get(so->so_pcb, level, name, val, len));
}

#define UDP_ROW(af)                                                            \
	{                                                                      \
		.pr_name = "udp", .pr_family = af, .pr_type = SOCK_DGRAM,      \
		.pr_protocol = IPPROTO_UDP, .pr_flags = PR_ATOMIC | PR_ADDR,   \
		.attach = udp_attach, .ioctl = in_ioctl, .detach = udp_detach, \
		.bind = udp_bind, .connect = udp_connect,                      \
		.disconnect = udp_disconnect, .shutdown = udp_shutdown,        \
		.send = udp_send, .sockname = in_pcb_sockname,                 \
		.peername = in_pcb_peername, .setopt = udp_setopt,             \
		.getopt = udp_getopt                                           \
	}
static struct protosw udp_rows[] = { UDP_ROW(AF_INET), UDP_ROW(AF_INET6) };

/* clang-format off */
static const struct sysctl_row udp_sysctls[] = {
	{ .name = "net.inet.udp.sendspace", .type = CTL_INT, .flags = CTLF_WR, .var = &udp_sendspace,
	  .min = 4096, .max = 8 << 20, .text = "bytes a new socket may have on its way out" },
	{ .name = "net.inet.udp.recvspace", .type = CTL_INT, .flags = CTLF_WR, .var = &udp_recvspace,
	  .min = 4096, .max = 8 << 20, .text = "bytes a new socket may have waiting" },
};
/* clang-format on */
static struct sysctl_table udp_sysctl_table = { .rows = udp_sysctls,
	.nrows = nitems(udp_sysctls) };

void
udp_init(void)
{
	in_pcb_table_init(&udp_pcbs, "udp");
	ip_proto_register(&udp_proto);
	protosw_register(&udp_rows[0]);
	protosw_register(&udp_rows[1]);
	counters_register(&udp_counter_group);
	sysctl_register(&udp_sysctl_table);
}
