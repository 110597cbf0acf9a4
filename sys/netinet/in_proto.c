/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The Internet families and what stands above IP.
 *
 * Three tables meet here.  struct if_family is what interfaces know of IPv4;
 * struct ip_family is what code for both families (UDP, raw sockets, pcbs,
 * af-to) knows of each; struct ip_proto is a protocol above IP, one row for
 * both families where it serves both.  All three are filled at boot and only
 * read afterwards.
 *
 * The sockaddr helpers are the only place where the addresses of programs
 * are taken apart and put together.
 *
 * Read on: ip_input.c, ip_output.c.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/log.h>
#include <sys/mbuf.h>
#include <sys/sysctl.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/if_ether.h>
#include <netinet/divert.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6.h>
#include <netinet6/ip6_var.h>

int ip_forwarding, ip_defttl = IPDEFTTL, ip_directedbcast, ip_sendredirects = 1;
int ip_mtudisc = 1, ip_dosourceroute;
int ip_porthifirst = 49152, ip_porthilast = 65535;

/* --- families --- */

static const struct ip_family *ip_families[2];

void
ip_family_register(const struct ip_family *fam)
{
	ip_families[fam->af == AF_INET6] = fam;
}

const struct ip_family *
ip_family(sa_family_t af)
{
	if (af != AF_INET && af != AF_INET6)
		return (NULL);
	return (ip_families[af == AF_INET6]);
}

void
ip_error(struct mbuf *m, sa_family_t af, enum ip_error what, uint32_t mtu)
{
	const struct ip_family *fam = ip_family(af);

	if (fam == NULL)
		m_freem(m);
	else
		fam->error(m, what, mtu);
}

/* --- what fits --- */

uint32_t
ip_linkmtu_to(sa_family_t af, uint32_t rtable, const struct ip_addr *dst,
    uint32_t scope)
{
	const struct ip_family *fam = ip_family(af);
	const struct ifnet *ifp = NULL;
	const struct rtentry *rt;

	if (af == AF_INET6 && in6_needszone(dst))
		ifp = if_get(scope); /* no table knows such neighbours */
	else if ((rt = rtable_match(rtable, af, dst)) != NULL)
		ifp = rt->rt_ifp;
	return (fam == NULL || ifp == NULL ? 0 : fam->linkmtu(ifp));
}

uint32_t
ip_pathmtu_to(sa_family_t af, uint32_t rtable, const struct ip_addr *dst,
    uint32_t scope)
{
	uint32_t mtu = ip_linkmtu_to(af, rtable, dst, scope);
	const struct rtentry *rt;

	if (af == AF_INET6 && in6_needszone(dst))
		return (mtu);
	rt = rtable_match(rtable, af, dst);
	return (rt != NULL && rt->rt_mtu != 0 ? MIN(mtu, rt->rt_mtu) : mtu);
}

static uint32_t
ip_linkmtu(const struct ifnet *ifp)
{
	return (ifp->if_mtu);
}

/* --- protocols above IP --- */

static const struct ip_proto *ip_protos[2][IPPROTO_MAX];

void
ip_proto_register(const struct ip_proto *pr)
{
	if (pr->inet)
		ip_protos[0][pr->number] = pr;
	if (pr->inet6)
		ip_protos[1][pr->number] = pr;
}

const struct ip_proto *
ip_proto_find(sa_family_t af, uint8_t number)
{
	return (ip_protos[af == AF_INET6][number]);
}

void
ip_deliver(struct mbuf *m, const struct ip_input_ctx *ctx)
{
	const struct ip_proto *pr = ip_protos[ctx->af == AF_INET6][ctx->proto];
	bool taken = false;

	if (ctx->af == AF_INET)
		ipstat_inc(IPS_DELIVERED);
	if (pr == NULL || !pr->raw_after)
		taken = rip_deliver(m, ctx);
	if (pr != NULL) {
		pr->input(m, ctx);
		return;
	}
	if (taken) {
		m_freem(m);
		return;
	}
	drop_count(DROP_IP_NOPROTO);
	ip_error(m, ctx->af, IPE_PROTOCOL, ctx->nxtoff);
}

/* --- addresses of programs --- */

int
sockaddr_read(const struct sockaddr *sa, socklen_t len, sa_family_t *af,
    struct ip_addr *a, uint16_t *port, uint32_t *scope)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	if (len < sizeof(sa->sa_family))
		return (EINVAL);
	*af = sa->sa_family;
	*scope = 0;
	switch (sa->sa_family) {
	case AF_INET:
		if (len < sizeof(sin))
			return (EINVAL);
		memcpy(&sin, sa, sizeof(sin));
		*a = ip_addr_v4(sin.sin_addr.s_addr);
		*port = ntohs(sin.sin_port);
		return (0);
	case AF_INET6:
		if (len < offsetof(struct sockaddr_in6, sin6_scope_id))
			return (EINVAL);
		memset(&sin6, 0, sizeof(sin6));
		memcpy(&sin6, sa, MIN(len, sizeof(sin6)));
		*a = ip_addr_v6(sin6.sin6_addr.s6_addr);
		*port = ntohs(sin6.sin6_port);
		*scope = sin6.sin6_scope_id;
		return (0);
	default:
		return (EAFNOSUPPORT);
	}
}

socklen_t
sockaddr_write(struct sockaddr_storage *ss, sa_family_t af,
    const struct ip_addr *a, uint16_t port, uint32_t scope)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	if (af == AF_INET) {
		memset(&sin, 0, sizeof(sin));
		sin.sin_family = AF_INET;
		sin.sin_port = htons(port);
		sin.sin_addr.s_addr = a->v4;
		memcpy(ss, &sin, sizeof(sin));
		return (sizeof(sin));
	}
	memset(&sin6, 0, sizeof(sin6));
	sin6.sin6_family = AF_INET6;
	sin6.sin6_port = htons(port);
	memcpy(sin6.sin6_addr.s6_addr, a->b, 16);
	if (in6_islinklocal(a) || in6_ismulticast(a))
		sin6.sin6_scope_id = scope;
	memcpy(ss, &sin6, sizeof(sin6));
	return (sizeof(sin6));
}

/* The longest run of zero words, RFC 5952 4.2: at least two, the first of equals. */
static void
ntop_run(const struct ip_addr *a, int *start, int *len)
{
	int i, n;

	*start = -1;
	*len = 1;
	for (i = 0; i < 8; i += n + 1) {
		for (n = 0; i + n < 8 && a->w[i + n] == 0; n++)
			;
		if (n > *len) {
			*start = i;
			*len = n;
		}
	}
}

const char *
ip_ntop(sa_family_t af, const struct ip_addr *a, char buf[46])
{
	int i, start, len, n = 0;

	if (af == AF_INET) {
		snprintf(buf, 46, "%u.%u.%u.%u", a->b[0], a->b[1], a->b[2],
		    a->b[3]);
		return (buf);
	}
	if (in6_isv4mapped(a)) {
		snprintf(buf, 46, "::ffff:%u.%u.%u.%u", a->b[12], a->b[13],
		    a->b[14], a->b[15]);
		return (buf);
	}
	ntop_run(a, &start, &len);
	for (i = 0; i < 8; i++) {
		if (i == start) {
			n += snprintf(buf + n, 46 - (size_t)n, "::");
			i += len - 1;
			continue;
		}
		n += snprintf(buf + n, 46 - (size_t)n, "%s%x",
		    i == 0 || i == start + len ? "" : ":", ntohs(a->w[i]));
	}
	return (buf);
}

/* --- headers --- */

static void
encap4(struct mbuf *m, const struct ip_encap *e, uint8_t ttl)
{
	struct ip *ip = mtod(m, struct ip *);

	memset(ip, 0, sizeof(*ip));
	ip->ip_vhl = 4 << 4 | sizeof(*ip) >> 2;
	ip->ip_tos = e->tos;
	ip->ip_len = htons(m->m_pkthdr.len);
	ip->ip_ttl = ttl;
	ip->ip_p = e->proto;
	ip->ip_src = e->src.v4;
	ip->ip_dst = e->dst.v4;
}

static void
encap6(struct mbuf *m, const struct ip_encap *e, uint8_t ttl)
{
	struct ip6_hdr *ip6 = mtod(m, struct ip6_hdr *);

	ip6->ip6_flow = htonl(6U << 28 | (uint32_t)e->tos << 20);
	ip6->ip6_plen = htons(m->m_pkthdr.len - sizeof(*ip6));
	ip6->ip6_nxt = e->proto;
	ip6->ip6_hlim = ttl;
	memcpy(ip6->ip6_src, e->src.b, 16);
	memcpy(ip6->ip6_dst, e->dst.b, 16);
}

struct mbuf *
ip_encap(struct mbuf *m, const struct ip_encap *e)
{
	const struct ip_family *fam = ip_family(e->af);
	uint8_t ttl;

	if (fam == NULL) {
		m_freem(m);
		return (NULL);
	}
	if ((m = m_prepend(m, fam->hdrlen)) == NULL)
		return (NULL);
	ttl = e->ttl;
	if (ttl == 0 && !fam->ttl_by_link)
		ttl = (uint8_t)*fam->defttl;
	if (e->af == AF_INET)
		encap4(m, e, ttl);
	else
		encap6(m, e, ttl);
	return (m);
}

/* --- attachment --- */

uint64_t ip_counters[IPS_NCOUNTERS];
static const char *const ip_counter_text[IPS_NCOUNTERS] = {
	[IPS_TOTAL] = "total packets received",
	[IPS_DELIVERED] = "packets for this host",
	[IPS_FORWARD] = "packets forwarded",
	[IPS_FASTFORWARD] = "large packets forwarded whole",
	[IPS_REDIRECTSENT] = "redirects sent",
	[IPS_LOCALOUT] = "packets sent from this host",
	[IPS_RAWOUT] = "packets sent with fabricated ip header",
	[IPS_FRAGMENTED] = "output datagrams fragmented",
	[IPS_OFRAGMENTS] = "fragments created",
	[IPS_FRAGMENTS] = "fragments received",
	[IPS_REASSEMBLED] = "packets reassembled ok",
	[IPS_OPTIONS] = "packets with options",
	[IPS_LOCALBCAST] = "broadcasts received",
	[IPS_SWSEGMENTED] = "large packets cut in software",
	[IPS_SWSEGMENTS] = "segments made by it",
};
static struct counter_group ip_counter_group = {
	.cg_proto = "ip",
	.cg_text = ip_counter_text,
	.cg_value = ip_counters,
	.cg_count = IPS_NCOUNTERS,
};

/* clang-format off */
#define IPCTL(n, v, lo, hi, t) \
	{ .name = "net.inet.ip." n, .type = CTL_INT, .flags = CTLF_WR, .var = &(v), .min = lo, .max = hi, .text = t }
static const struct sysctl_row ip_sysctls[] = {
	IPCTL("forwarding", ip_forwarding, 0, 2, "forward packets between interfaces"),
	IPCTL("redirect", ip_sendredirects, 0, 1, "tell senders of a shorter way"),
	IPCTL("ttl", ip_defttl, 1, 255, "time to live of packets made here"),
	IPCTL("sourceroute", ip_dosourceroute, 0, 1, "accept and forward source routed packets"),
	IPCTL("directed-broadcast", ip_directedbcast, 0, 1, "forward broadcasts to networks on other links"),
	IPCTL("mtudisc", ip_mtudisc, 0, 1, "believe routers about the path MTU"),
	IPCTL("porthifirst", ip_porthifirst, 1024, 65535, "first port given to sockets without one"),
	IPCTL("porthilast", ip_porthilast, 1024, 65535, "last port given to sockets without one"),
};
/* clang-format on */
static struct sysctl_table ip_sysctl_table = { .rows = ip_sysctls,
	.nrows = nitems(ip_sysctls) };

static void
inet_error(struct mbuf *m, enum ip_error what, uint32_t mtu)
{
	static const struct {
		uint8_t type, code;
	} row[] = {
		[IPE_NOROUTE] = { ICMP_UNREACH, ICMP_UNREACH_NET },
		[IPE_HOST] = { ICMP_UNREACH, ICMP_UNREACH_HOST },
		[IPE_PORT] = { ICMP_UNREACH, ICMP_UNREACH_PORT },
		[IPE_PROHIBITED] = { ICMP_UNREACH, ICMP_UNREACH_FILTER_PROHIB },
		[IPE_TTL] = { ICMP_TIMXCEED, ICMP_TIMXCEED_INTRANS },
		[IPE_REASS] = { ICMP_TIMXCEED, ICMP_TIMXCEED_REASS },
		[IPE_TOOBIG] = { ICMP_UNREACH, ICMP_UNREACH_NEEDFRAG },
		[IPE_PROTOCOL] = { ICMP_UNREACH, ICMP_UNREACH_PROTOCOL },
	};

	icmp_error(m, row[what].type, row[what].code,
	    what == IPE_TOOBIG ? mtu : 0);
}

static const struct ip_family inet_ip_family = {
	.name = "inet",
	.af = AF_INET,
	.hdrlen = sizeof(struct ip),
	.icmp = IPPROTO_ICMP,
	.output = ip_output,
	.input_judged = ip_input_judged,
	.error = inet_error,
	.source_select = in_source_select,
	.linkmtu = ip_linkmtu,
	.defttl = &ip_defttl,
};

static const struct if_family inet_if_family = {
	.fam_af = AF_INET,
	.fam_ethertype = ETHERTYPE_IP,
	.fam_addrlen = 4,
	.fam_maxplen = 32,
	.fam_input = ip_input,
	.fam_input_judged = ip_input_judged,
	.fam_sound = ip_sound,
	.fam_fit = ip_fit,
	.fam_toobig = icmp_toobig,
	.fam_resolve = arp_resolve,
	.fam_addr_add = in_addr_add,
	.fam_addr_del = in_addr_del,
};

int
in_ioctl(struct socket *so, unsigned long cmd, void *data, struct proc *p)
{
	return (if_ioctl_dispatch(cmd, data, p));
}

static const struct if_offload ip_offload = { .segment = ip_segment,
	.cksum = in_cksum_finish };

void
ipinit(void)
{
	ip_family_register(&inet_ip_family);
	if_family_register(&inet_if_family);
	if_offload_register(&ip_offload);
	counters_register(&ip_counter_group);
	sysctl_register(&ip_sysctl_table);
	ip_output_init();
	arpinit();
	in_addr_init();
	icmp_init();
	udp_init();
	tcp_init();
	rip_init();
	in_mcast_init();
	divert_init();
	in_pcb_init();
}
