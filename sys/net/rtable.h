/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The routing table: one structure for both families.  See rtable(9).
 *
 * A prefix may have several routes, ordered by priority (lowest number
 * first), then, for multipath, by insertion.  Look-ups return borrowed
 * pointers: valid until the caller sleeps or the batch ends; who keeps one
 * longer takes a reference with rt_ref() and checks RTF_UP before use.
 */

#ifndef _NET_RTABLE_H_
#define _NET_RTABLE_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/refcnt.h>
#include <net/ip_addr.h>
#include <net/rtmsg.h>

struct ifaddr;
struct ifnet;
struct mbuf;
struct mbuf_list;

#define RT_TABLEID_MAX 255

/* What forwarding reads and counts stands together, in the first 64 bytes. */
struct rtentry {
	uint32_t rt_flags; /* RTF_* */
	uint32_t rt_mtu; /* 0: interface's; set by path MTU discovery */
	struct ifnet *rt_ifp; /* referenced */
	struct rtentry *rt_gwroute; /* referenced: host route of the gateway */
	void *rt_llinfo; /* ARP or ND entry; freed by the hook below */
	uint64_t rt_use;
	struct ip_addr rt_gateway;
	sa_family_t rt_af;
	uint16_t rt_tableid;
	uint8_t rt_plen;
	uint8_t rt_priority;
	uint8_t rt_gwaf; /* AF_UNSPEC: destination is on the link */
	uint8_t rt_weight; /* share of the flows among equal routes, 1.. */
	/* --- */
	struct ip_addr rt_dst;
	struct rtentry *rt_next; /* same prefix, next priority */
	struct ifaddr *rt_ifa; /* referenced; source address, may be NULL */
	struct rtentry *rt_parent; /* referenced: made from, and gone with it */
	union { /* of hosts made from a route, and of all others: the first */
		LIST_ENTRY(rtentry) rt_sibling;
		LIST_HEAD(, rtentry) rt_children;
	};
	struct refcnt rt_refs;
	uint16_t rt_label;
	uint64_t rt_expire_us; /* uptime, 0: never */
	TAILQ_ENTRY(rtentry) rt_iflist; /* all routes of an interface */
	/* those that rt_expire_set() ends; ARP and ND show their own time in
	 * rt_expire_us and end theirs themselves */
	LIST_ENTRY(rtentry) rt_expiring;
};
_Static_assert(offsetof(struct rtentry, rt_dst) == 64, "what forwarding reads");

int rtableinit(void); /* at boot, before ifinit().  0 or ENOMEM */

/* Wanted: what a route shall be.  See rtrequest_add(). */
struct rt_want {
	sa_family_t af, gwaf;
	uint8_t plen, priority; /* 0: default of its kind */
	uint8_t weight; /* 0: 1, and a change leaves it as it is */
	uint32_t flags, tableid, mtu;
	struct ip_addr dst, gateway;
	struct ifnet *ifp; /* NULL: by the gateway */
	struct ifaddr *ifa; /* NULL: best of ifp */
	uint16_t label;
	uint64_t expire_us; /* uptime */
	const char *label_text;
};

/* Longest match whose best route is up.  Borrowed, or NULL. */
struct rtentry *rtable_match(uint32_t tableid, sa_family_t af, const struct ip_addr *dst);
/* Has a table so many prefixes that a look-up is not answered from a cache? */
bool rtable_large(uint32_t tableid, sa_family_t af);
/* Fetches into the cache what rtable_match() of each of n addresses will read,
 * if the table is large.  Changes nothing. */
#define RT_FETCH_MAX 32
void rtable_fetch(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, unsigned int n);
/* The same for Ethernet frames that come in by ifp, before they are looked at. */
void rt_expect(const struct ifnet *ifp, const struct mbuf_list *frames);
/* Exactly this prefix; priority RTP_ANY gives the best.  Borrowed, or NULL. */
struct rtentry *rtable_lookup(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, unsigned int plen, uint8_t priority);
/*
 * The way to dst: rtable_match(), a host route cloned from a RTF_CLONING one
 * (state RTF_LLINFO), one of equal routes by the flow of m, gateway resolved so
 * that rt_gwroute is up.  m: the packet, m_data at its IP header; NULL: none.  Borrowed; NULL with *error ENETUNREACH, EHOSTUNREACH
 * (reject), ENOBUFS; blackhole gives *error 0.
 */
struct rtentry *rt_resolve(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, const struct mbuf *m, int *error);
/* The next route that is up and equal to rt, by prefix and priority; NULL. */
struct rtentry *rt_mpath_next(const struct rtentry *rt);
/* The number of m's flow, m_data at the IP header: addresses, protocol and ports. */
uint32_t rt_flow(const struct mbuf *m);
/* From ARP and ND: a neighbour did not answer, or spoke.  Equal routes go by
 * others for a while. */
void rt_neighbour_lost(const struct ifnet *ifp, const struct ip_addr *a);
void rt_neighbour_found(const struct ifnet *ifp, const struct ip_addr *a);

/* Adds, and tells the routing socket.  0 and a borrowed *rtp (may be NULL
 * pointer); EEXIST same prefix and priority, and not RTF_MPATH or the same way;
 * ENETUNREACH gateway not reachable; EINVAL; ENOMEM; nothing changed then. */
int rtrequest_add(const struct rt_want *want, struct rtentry **rtp);
int rtrequest_delete(struct rtentry *rt); /* 0; cloned children go with it */
/* gateway, flags of mask, mtu, label, weight in one step.  Hosts made from rt get
 * its new mtu and label, or go when it leads elsewhere.  0; EEXIST it would be like
 * another route of its prefix and priority; EINVAL, ENETUNREACH, ENOMEM as
 * above; unchanged then. */
int rtrequest_change(struct rtentry *rt, const struct rt_want *want, uint32_t fmask);

/* A neighbour, learned or by hand, has the link address and flags of want from
 * now on.  0; EEXIST it is on another link; ENOMEM; unchanged then. */
int rtrequest_neighbour(struct rtentry *rt, const struct rt_want *want);

void rt_ref(struct rtentry *rt);
void rt_put(struct rtentry *rt); /* NULL allowed */
/*
 * While a packet goes on, neighbours may be pushed out by others; no other
 * route leaves.  What is held, for rt_put(): NULL if rt stays anyway.
 */
static inline struct rtentry *
rt_hold(struct rtentry *rt)
{
	if ((rt->rt_flags & RTF_CLONED) == 0)
		return (NULL);
	rt_ref(rt);
	return (rt);
}
static inline bool
rt_isvalid(const struct rtentry *rt)
{
	return (rt != NULL && (rt->rt_flags & RTF_UP) != 0);
}

/* Calls fn for each route of af in order of prefix until it returns non-zero. */
int rtable_walk(uint32_t tableid, sa_family_t af, int (*fn)(struct rtentry *rt, void *arg), void *arg);
/* The same in steps of a cursor that survives changes (long dumps). */
struct rtable_cursor {
	uint32_t tableid;
	sa_family_t af;
	bool started, done;
	uint8_t plen;
	struct ip_addr dst;
};
struct rtentry *rtable_next(struct rtable_cursor *c); /* first route of next prefix; NULL at the end */
/*
 * Makes a table: a domain of its own, with addresses and links, or one more
 * way to look at those of a domain.  0, EEXIST, ENOMEM, EINVAL.
 */
int rtable_add(uint32_t tableid);
int rtable_add_to(uint32_t tableid, uint32_t domain);
void rtable_drop(uint32_t tableid); /* takes it away again, if it is empty */
/* The domain of a table: where its gateways and our addresses are.  Of one that
 * does not exist, itself. */
uint32_t rtable_l2(uint32_t tableid);
bool rtable_exists(uint32_t tableid);

/* An address came or went: connected, local and broadcast routes. */
int rt_ifa_add(struct ifaddr *ifa); /* 0, ENOMEM: nothing is there then */
/* What is by a gateway that only ifa reached goes once ifa has left its list. */
void rt_ifa_del(struct ifaddr *ifa);
/* ifa has another prefix and broadcast or peer address from now on.  0, ENOMEM:
 * all is as it was. */
int rt_ifa_change(struct ifaddr *ifa, unsigned int plen, const struct ip_addr *dst);
/* Link state or flags changed: routes of ifp go up or down. */
void rt_if_track(struct ifnet *ifp);
/*
 * The interface's part of priorities (if_priority) changes: its routes whose priority
 * is the default of their kind move with it.  0; EEXIST one would be like another
 * of its prefix: nothing changed.
 */
int rt_if_priority(struct ifnet *ifp, uint32_t part);
/* ifp goes away: its routes too. */
void rt_if_remove(struct ifnet *ifp);

/* Host routes of RTF_CLONING routes: ARP and ND attach their entry. */
struct rt_llhooks {
	sa_family_t af;
	/* Again for one that has its entry, and got a link address: that
	 * cannot fail.  0 or ENOMEM. */
	int (*attach)(struct rtentry *rt);
	void (*detach)(struct rtentry *rt); /* drops held packets, frees rt_llinfo */
	/* The link address of rt's neighbour; false: not known. */
	bool (*lladdr)(const struct rtentry *rt, uint8_t lladdr[6]);
};
/* The same for any route: our own for a local one. */
bool rt_lladdr(const struct rtentry *rt, uint8_t lladdr[6]);
void rt_llhooks_register(const struct rt_llhooks *h);

/* A learned better gateway (ICMP redirect), already judged.  0 or errno: ENOBUFS
 * RT_DYNAMIC_MAX are learned. */
#define RT_DYNAMIC_MAX 4096
int rt_redirect(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, const struct ip_addr *gw, const struct ip_addr *author, struct ifnet *ifp);
/* Path MTU of dst became mtu (host route made or changed); expires in 10 min.
 * 0 or errno, as above. */
int rt_setpmtu(uint32_t tableid, sa_family_t af, const struct ip_addr *dst, uint32_t mtu);

/*
 * Messages to all routing sockets.  rtsock.c registers what sends them; the
 * table works without.
 */
struct rtm_hooks {
	void (*route)(enum rtm_type type, const struct rtentry *rt, int error, pid_t pid, uint32_t seq);
	void (*miss)(enum rtm_type type, sa_family_t af, const struct ip_addr *dst, const struct ip_addr *gw,
	    uint32_t tableid, int error);
};
void rtm_hooks_register(const struct rtm_hooks *h);
/* Text of a label by its number and back: 0 is none, and means no memory. */
const char *rt_label_text(uint16_t label);
uint16_t rt_label_number(const char *text);
/* Nodes and bytes of a table's trees. */
void rtable_stat(uint32_t tableid, sa_family_t af, uint64_t *prefixes, uint64_t *bytes);
void rtm_route(enum rtm_type type, const struct rtentry *rt, int error, pid_t pid, uint32_t seq);
void rtm_miss(enum rtm_type type, sa_family_t af, const struct ip_addr *dst, const struct ip_addr *gw, uint32_t tableid, int error);

#endif
