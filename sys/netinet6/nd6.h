/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Neighbour discovery (RFC 4861, 4862, 7527).  See nd6(9). */

#ifndef _NETINET6_ND6_H_
#define _NETINET6_ND6_H_

#include <sys/types.h>
#include <sys/mbuf.h>
#include <sys/queue.h>
#include <sys/timeout.h>
#include <net/ip_addr.h>

struct ifaddr;
struct ifnet;
struct ip_input_ctx;
struct nexthop;
struct rtentry;

enum nd6_state {
	ND6_INCOMPLETE, /* asked, no answer yet; packets wait */
	ND6_REACHABLE,  /* answered not long ago */
	ND6_STALE,      /* has a link address, nobody has checked it lately */
	ND6_DELAY,      /* was used while stale: waits for a hint */
	ND6_PROBE,      /* asked by unicast */
	ND6_PERMANENT,  /* set by hand */
	ND6_NSTATES
};

enum nd6_event {
	ND6_EV_SEND, /* a packet wants to go there */
	ND6_EV_TIMEOUT,
	ND6_EV_HINT_SAME, /* his solicitation, our link address for him is right */
	ND6_EV_HINT_NEW, /* ... shows another, or the first */
	ND6_EV_SOL_SAME, /* solicited advertisement, address as known or not given */
	ND6_EV_SOL_OVER, /* ... another address, Override set */
	ND6_EV_SOL_KEEP, /* ... another address, Override clear */
	ND6_EV_UNS_SAME, /* unsolicited advertisement, likewise */
	ND6_EV_UNS_OVER,
	ND6_EV_UNS_KEEP,
	ND6_EV_CONFIRM, /* a transport has seen progress */
	ND6_NEVENTS
};

struct nd6_nbr {
	LIST_ENTRY(nd6_nbr) nn_hash;
	TAILQ_ENTRY(nd6_nbr) nn_list; /* all of its kind, oldest first */
	struct ifnet *nn_ifp;         /* the entry dies before it */
	struct ip_addr nn_addr;
	struct rtentry *nn_rt; /* its host route, NULL for link-local ones */
	struct timeout nn_timer;
	struct mbuf_list nn_held; /* packets that wait for the link address */
	uint64_t nn_since_us;     /* when it came into its state */
	enum nd6_state nn_state;
	uint8_t nn_lladdr[6];
	uint8_t nn_tries;
	bool nn_router, nn_proxy, nn_listed;
};

/* A row of sysctl net.inet6.nd6.cache, which ndp(8) prints. */
struct nd6_row {
	struct ip_addr addr;
	char ifname[16];
	uint8_t lladdr[6];
	uint8_t state; /* enum nd6_state */
	uint8_t router, proxy, tries, held, pad;
	uint32_t expire_s; /* until the timer runs, 0: none */
};
_Static_assert(sizeof(struct nd6_row) == 48, "libutil/nbrshow.h says the same");

/* --- the cache (nd6.c) --- */
struct nd6_nbr *nd6_lookup(const struct ifnet *ifp,
    const struct ip_addr *a); /* NULL */
/* The entry, made INCOMPLETE and silent when there is none.  NULL: no room. */
struct nd6_nbr *nd6_get(struct ifnet *ifp, const struct ip_addr *a);
/* Forgets it: packets are dropped, its host route goes.  */
void nd6_remove(struct nd6_nbr *nn);
/* Do we answer for an address of that solicited-node group in another's
 * stead? */
bool nd6_proxies_group(const struct ifnet *ifp, const struct ip_addr *group);
/* By hand: 0; ENOMEM.  proxy: we answer for it. */
int nd6_set(struct ifnet *ifp, const struct ip_addr *a, const uint8_t lladdr[6],
    bool proxy);
/* if_family's resolver. */
int nd6_resolve(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt, uint8_t lladdr[6]);
/* What happened to nn; lladdr for events that bring one, else NULL.  nn may be gone afterwards. */
void nd6_event(struct nd6_nbr *nn, enum nd6_event ev, const uint8_t *lladdr);
/* His link address as his own message shows it; an entry is made. */
void nd6_hint(struct ifnet *ifp, const struct ip_addr *a,
    const uint8_t lladdr[6]);
/* The Router flag of an advertisement. */
void nd6_router(struct nd6_nbr *nn, bool isrouter);
void nd6_ifdown(
    struct ifnet *ifp); /* forgets all neighbours of ifp but permanent ones */
void nd6_ifgone(struct ifnet *ifp);
void nd6_init(void);

/* --- messages (nd6_nbr.c) --- */
/*
 * Options, read in one pass: unknown ones are skipped, a bad length refuses
 * the message (RFC 4861 6.1, 7.1, 8.1).
 */
struct nd6_opts {
	bool has_slla, has_tlla, has_nonce, has_redirected;
	uint8_t slla[6], tlla[6];
	uint8_t nonce[6];
};
#define ND_OPT_SOURCE_LLADDR 1
#define ND_OPT_TARGET_LLADDR 2
#define ND_OPT_REDIRECTED    4
#define ND_OPT_NONCE         14
/* len bytes of m from off.  0 or EINVAL. */
int nd6_options(const struct mbuf *m, uint32_t off, uint32_t len,
    struct nd6_opts *o);
/* A link address that a station can have. */
bool nd6_lladdr_sane(const uint8_t a[6]);
/* Handlers: m belongs to the caller and is only read; the reason for which it
 * dies, DROP_ICMP6_DONE when it served. */
enum drop_reason nd6_ns_input(const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint32_t len);
enum drop_reason nd6_na_input(const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint32_t len);
enum drop_reason nd6_redirect_input(const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint32_t len);
enum drop_reason nd6_rs_input(const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint32_t len);
enum drop_reason nd6_ra_input(const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint32_t len);
/* dst NULL: the solicited-node group.  nonce: NULL, or a DAD probe's (source is
 * then unspecified).  hint: a waiting packet, whose source is preferred; NULL. */
void nd6_ns_output(struct ifnet *ifp, const struct ip_addr *dst,
    const struct ip_addr *target, const uint8_t *nonce,
    const struct mbuf *hint);
#define ND_NA_ROUTER    0x80000000U
#define ND_NA_SOLICITED 0x40000000U
#define ND_NA_OVERRIDE  0x20000000U
void nd6_na_output(struct ifnet *ifp, const struct ip_addr *dst,
    const struct ip_addr *target, uint32_t flags);
/* Tells the sender of m, which we forward by rt to nh, of the shorter way. */
void nd6_redirect_output(struct ifnet *ifp, const struct mbuf *m,
    const struct ip_addr *nh);

/* --- duplicate address detection (nd6_dad.c) --- */
/* The address becomes tentative and is probed.  0 or ENOMEM. */
int nd6_dad_start(struct ifaddr *ifa);
void nd6_dad_stop(struct ifaddr *ifa);
/* There is carrier: addresses that waited for it are probed. */
void nd6_dad_resume(struct ifnet *ifp);
/* Somebody probes for our tentative address. */
enum drop_reason nd6_dad_probed(struct ifaddr *ifa, const struct nd6_opts *o);
/* Somebody says he has it. */
void nd6_dad_claimed(struct ifaddr *ifa, const uint8_t *lladdr);

#endif
