/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the rooms of netinet6 give each other.  What others may call stands
 * in <netinet/ip_var.h>.  See ip6(4), nd6(9).
 */

#ifndef _NETINET6_IP6_VAR_H_
#define _NETINET6_IP6_VAR_H_

#include <sys/types.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6.h>

/* --- addresses with a meaning (in6_addr.c) --- */
extern const struct ip_addr in6addr_any, in6addr_loopback, in6addr_allnodes,
    in6addr_allrouters;

/* Scopes, RFC 4291 2.7 numbers; unicast too (RFC 6724 3.1). */
enum in6_scope {
	IN6_SCOPE_NODE = 1,
	IN6_SCOPE_LINK = 2,
	IN6_SCOPE_ADMIN = 4,
	IN6_SCOPE_SITE = 5,
	IN6_SCOPE_ORG = 8,
	IN6_SCOPE_GLOBAL = 14
};
static inline enum in6_scope
in6_scope(const struct ip_addr *a)
{
	if (in6_ismulticast(a))
		return ((enum in6_scope)(a->b[1] & 0xf));
	if (in6_islinklocal(a) || in6_isloopback(a))
		return (IN6_SCOPE_LINK);
	if (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0)
		return (IN6_SCOPE_SITE);
	return (IN6_SCOPE_GLOBAL);
}
/* Does the address mean something only together with an interface? */
static inline bool
in6_needszone(const struct ip_addr *a)
{
	return (in6_islinklocal(a) ||
	    (in6_ismulticast(a) && (a->b[1] & 0xf) <= IN6_SCOPE_LINK));
}
/* ff02::1:ffXX:XXXX of a (RFC 4291 2.7.1). */
struct ip_addr in6_solicited(const struct ip_addr *a);
/* 33:33:... of a multicast address (RFC 2464 7). */
static inline void
in6_mcast_lladdr(const struct ip_addr *a, uint8_t lladdr[6])
{
	lladdr[0] = lladdr[1] = 0x33;
	__builtin_memcpy(lladdr + 2, a->b + 12, 4);
}

static inline struct ip_addr
ip6_src(const struct ip6_hdr *ip6)
{
	return (ip_addr_v6(ip6->ip6_src));
}
static inline struct ip_addr
ip6_dst(const struct ip6_hdr *ip6)
{
	return (ip_addr_v6(ip6->ip6_dst));
}
static inline uint8_t
ip6_class(const struct ip6_hdr *ip6)
{
	return ((uint8_t)(ntohl(ip6->ip6_flow) >> 20));
}

/* --- what netinet6 keeps of an interface (ifp->if_inet6) --- */
struct in6_if {
	struct ifnet *i6_ifp;
	uint32_t i6_flags;        /* I6F_* */
	uint32_t i6_mtu;          /* of the link, 0: interface's */
	uint64_t i6_reachable_us; /* random around REACHABLE_TIME */
	uint64_t i6_retrans_us;
	unsigned int i6_nbrs;     /* in the neighbour cache */
	unsigned int i6_proxies;  /* of them: those we answer for */
	unsigned int i6_iidtries; /* interface ids that were taken (RFC 7217) */
	uint32_t i6_reachable_ms; /* the base of i6_reachable_us */
	uint8_t i6_hlim;          /* of packets made here, 0: ip6_defhlim */
	struct nd6_host *i6_host; /* what listens to routers */
	bool i6_isup;             /* what we know of IFF_UP */
};
#define I6F_DISABLED \
	1 /* its link-local address is a duplicate (RFC 4862 5.4.5) */

static inline struct in6_if *
in6_if(const struct ifnet *ifp)
{
	return (ifp->if_inet6);
}

/*
 * An address usable now: ours, on ifp, neither tentative nor a duplicate.
 * Link-local ones too.  NULL.
 */
struct ifaddr *in6_ifa_usable(struct ifnet *ifp, const struct ip_addr *a);
/* The link-local address of ifp that is usable, or NULL. */
struct ifaddr *in6_ifa_linklocal(const struct ifnet *ifp);
/* Is a on the link of ifp by one of its prefixes, or link-local? */
bool in6_onlink(struct ifnet *ifp, const struct ip_addr *a);
/* Does this host listen to the group on ifp? */
bool in6_joined(const struct ifnet *ifp, const struct ip_addr *group);
/* The address a of ifp, or one we answer for there, has come or gone: its
 * group is told of, or no more. */
void in6_solicited_look(const struct ifnet *ifp, const struct ip_addr *a);
void in6_forwarding_changed(void);
void in6_mcast_init(void);
void in6_addr_init(void);
int in6_addr_add(struct ifnet *ifp, const struct if_addrreq *req,
    struct proc *p);
int in6_addr_del(struct ifnet *ifp, const struct if_addrreq *req,
    struct proc *p);
/* Lifetimes of an address end at these points of uptime (UINT64_MAX: never). */
void in6_addr_lifetimes(struct ifaddr *ifa, uint64_t expire,
    uint64_t deprecate);
/* What a link has when nobody advertises; and a new base reachable time. */
void in6_if_defaults(struct in6_if *i6);
void in6_if_reachable(struct in6_if *i6, uint32_t base_ms);
/* The end of DAD (nd6_dad.c): the address is ours, or it is not. */
void in6_addr_unique(struct ifaddr *ifa);
void in6_addr_duplicate(struct ifaddr *ifa, const uint8_t *lladdr);

/*
 * RFC 6724 5: is a better than b as source for dst out of ifp, by router gw
 * (NULL: none)?  > 0 a, < 0 b, and *rule, if not NULL, says which of the eight
 * decided (0: none; IN6_RULE_5_5).
 */
#define IN6_RULE_5_5 55
int in6_source_compare(const struct ifaddr *a, const struct ifaddr *b,
    const struct ip_addr *dst, const struct ifnet *ifp,
    const struct ip_addr *gw, int *rule);

/* --- input --- */
void ip6_input(struct ifnet *ifp, struct mbuf *m);
struct mbuf *ip6_sound(struct mbuf *m); /* fam_sound of struct if_family */
void ip6_input_judged(struct ifnet *ifp, struct mbuf *m);
/* Addresses that cannot come in by ifp.  DROP_NONE or the reason. */
enum drop_reason ip6_martian(const struct ifnet *ifp, const struct mbuf *m,
    const struct ip6_hdr *ip6);

/* --- extension headers (ip6_ext.c) --- */
/*
 * The hop-by-hop header of a packet that we forward or receive: options are
 * obeyed.  0: go on, *mp maybe replaced; otherwise the packet is gone.
 */
int ip6_hopopts(struct ifnet *ifp, struct mbuf **mp);
/*
 * Walks the headers of a packet for this host up to its transport: ctx->off,
 * proto and nxtoff are set.  Fragments are put together on the way.  NULL:
 * the packet is gone, or waits.
 */
struct mbuf *ip6_headers(struct mbuf *m, struct ip_input_ctx *ctx);
/*
 * Where the transport of a packet begins, looking only: *off, *proto and
 * *nxtoff; stops at a fragment header too.  0, or EINVAL for a chain that
 * ends early or is too long.
 */
int ip6_transport(const struct mbuf *m, uint32_t *off, uint8_t *proto,
    uint32_t *nxtoff);
/* The length of headers that stand before a fragment header (RFC 8200 4.5),
 * and where the next header field is that has to name it.  0 or EINVAL. */
int ip6_unfragmentable(const struct mbuf *m, uint32_t *len, uint32_t *nxtoff);

/* --- a fragment (ip6_fragment.c): whole packet or NULL; largest as in struct
 * ip_frag --- */
struct mbuf *ip6_frag_input(struct mbuf *m, struct ip_input_ctx *ctx,
    uint32_t *largest);

/* --- forwarding --- */
struct rtentry;
void ip6_forward(struct ifnet *ifp, struct mbuf *m, struct rtentry *rt);

/* --- output --- */
/*
 * The last step to a link: fits the packet to the MTU and gives it to ifp
 * for next hop gw.  0 or errno; with EMSGSIZE *mp is still the caller's,
 * otherwise it is NULL afterwards.
 */
struct ip6_exit {
	struct ifnet *ifp;
	struct rtentry *rt; /* may be NULL */
	struct ip_addr gw;
	uint32_t mtu;
	bool may_fragment; /* made here (RFC 8200 4.5) */
};
int ip6_emit(struct mbuf **mp, const struct ip6_exit *ex);
/* fam_fit of struct if_family. */
int ip6_fit(struct mbuf **mp, uint32_t mtu, struct mbuf_list *ml);
/* fam_toobig: RFC 4443 3.2.  (icmp6.c) */
struct mbuf *icmp6_toobig(struct mbuf **mp, uint32_t mtu);
void ip6_exit_of(struct ip6_exit *ex, struct rtentry *rt,
    const struct ip_addr *dst);
uint32_t ip6_linkmtu(const struct ifnet *ifp);
/* Fits mtu as it is, or as segments of that size? */
bool ip6_fits(const struct mbuf *m, uint32_t mtu);
/* The length of the largest fragment that a packet came in, which it is cut to
 * again on its way out; 0: it came whole.  And to set it: false without
 * memory. */
uint32_t ip6_came_in(const struct mbuf *m);
bool ip6_came_in_set(struct mbuf *m, uint32_t largest);
/*
 * Sends a packet whose header is complete out of ifp to a neighbour or
 * group, without a route and without being looped back: neighbour discovery.
 * pf sees it.  Takes m.
 */
int ip6_send_link(struct ifnet *ifp, struct mbuf *m);
void ip6_output_init(void);
/* The loopback interface, or NULL. */
struct ifnet *ip6_loif(void);

/* --- ICMPv6 --- */
void icmp6_init(void);
void icmp6_input(struct mbuf *m, const struct ip_input_ctx *ctx);
/* ip_family's row. */
void icmp6_error_kind(struct mbuf *m, enum ip_error what, uint32_t mtu);
/*
 * An ICMPv6 message of len bytes behind an IPv6 header, zeroed, to be filled
 * and sent: NULL without memory.  The checksum is left to the output.
 */
struct mbuf *icmp6_new(const struct ip_addr *src, const struct ip_addr *dst,
    uint8_t hlim, uint32_t len);
/* May one more error or redirect go out now?  Takes from the bucket. */
bool icmp6_ratelimit(void);

/* --- statistics --- */
enum ip6_counter {
	IP6S_TOTAL,
	IP6S_DELIVERED,
	IP6S_FORWARD,
	IP6S_FASTFORWARD,
	IP6S_REDIRECTSENT,
	IP6S_LOCALOUT,
	IP6S_FRAGMENTED,
	IP6S_OFRAGMENTS,
	IP6S_FRAGMENTS,
	IP6S_REASSEMBLED,
	IP6S_ATOMIC,
	IP6S_HOPOPTS,
	IP6S_MULTICAST,
	IP6S_NOSOURCE,
	IP6S_NCOUNTERS
};
enum icmp6_counter {
	ICMP6S_IN,
	ICMP6S_ECHO_IN,
	ICMP6S_ECHOREPLY_OUT,
	ICMP6S_ERROR_IN,
	ICMP6S_ERROR_OUT,
	ICMP6S_PMTU,
	ICMP6S_NS_IN,
	ICMP6S_NS_OUT,
	ICMP6S_NA_IN,
	ICMP6S_NA_OUT,
	ICMP6S_REDIRECT_IN,
	ICMP6S_REDIRECT_OUT,
	ICMP6S_RA_IN,
	ICMP6S_RS_IN,
	ICMP6S_RS_OUT,
	ICMP6S_NCOUNTERS
};
enum nd6_counter {
	ND6S_NEW,
	ND6S_RESOLVED,
	ND6S_FAILED,
	ND6S_UNREACHABLE,
	ND6S_EVICTED,
	ND6S_REFUSED,
	ND6S_LLCHANGE,
	ND6S_DADTRIED,
	ND6S_DADUNIQUE,
	ND6S_DADDUP,
	ND6S_DADLOOPED,
	ND6S_PROXIED,
	ND6S_RA_TAKEN,
	ND6S_RTR_NEW,
	ND6S_RTR_LIMIT,
	ND6S_RTR_LOST,
	ND6S_RTR_CHANGED,
	ND6S_ROUTE_BAD,
	ND6S_DNS_BAD,
	ND6S_ROUTE_LIMIT,
	ND6S_NOROUTE,
	ND6S_PREFIX_BAD,
	ND6S_PREFIX_LIFE,
	ND6S_PREFIX_LEN,
	ND6S_PREFIX_LIMIT,
	ND6S_TWOHOURS,
	ND6S_LINK_BAD,
	ND6S_ADDR_MADE,
	ND6S_TEMP_MADE,
	ND6S_ADDR_FAILED,
	ND6S_ADDR_LIMIT,
	ND6S_NOMEM,
	ND6S_NCOUNTERS
};
extern uint64_t ip6_counters[IP6S_NCOUNTERS], icmp6_counters[ICMP6S_NCOUNTERS],
    nd6_counters[ND6S_NCOUNTERS];
static inline void
ip6stat_inc(enum ip6_counter c)
{
	ip6_counters[c]++;
}
static inline void
icmp6stat_inc(enum icmp6_counter c)
{
	icmp6_counters[c]++;
}
static inline void
nd6stat_inc(enum nd6_counter c)
{
	nd6_counters[c]++;
}

/* --- net.inet6.* --- */
extern int ip6_sendredirects, ip6_use_deprecated, ip6_dad_count,
    ip6_auto_linklocal;
extern int ip6_neighborgcthresh, icmp6_rediraccept, icmp6_errppslimit;
extern int icmp6_nd6_delay, icmp6_nd6_umaxtries, icmp6_nd6_mmaxtries,
    icmp6_mtudisc_hiwat;

#endif
