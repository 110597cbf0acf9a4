/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The host's side of router discovery and address configuration (RFC 4861 6.3,
 * 4191, 4862, 7559, 8981).  See nd6(9).  Functions that take `now' read no
 * clock: it is uptime in microseconds.
 */

#ifndef _NETINET6_ND6_HOST_H_
#define _NETINET6_ND6_HOST_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/timeout.h>
#include <net/ip_addr.h>

struct ifaddr;
struct ifnet;
struct ip_input_ctx;
struct mbuf;
struct rtentry;
struct sysctl_req;

#define ND6_FOREVER  UINT64_MAX /* a time that never comes */
#define ND6_INFINITE UINT32_MAX /* a lifetime in seconds that never ends */

/* What one interface may make us hold, whoever advertises. */
#define ND6_RTRS_MAX     16
#define ND6_WAYS_MAX     64
#define ND6_PREFIXES_MAX 16
#define ND6_ADDRS_MAX    6 /* of a prefix: one stable, the others temporary */
#define ND6_DNS_MAX      8 /* name servers, and as many search domains */

/* When a lifetime of so many seconds that begins now ends. */
static inline uint64_t
nd6_until(uint32_t seconds, uint64_t now)
{
	return (seconds == ND6_INFINITE ? ND6_FOREVER :
					  now + (uint64_t)seconds * 1000000);
}
/* Seconds left, rounded up. */
uint32_t nd6_left(uint64_t until, uint64_t now);

/* --- messages, as read (nd6_ra.c) --- */
struct nd6_ra {
	uint8_t hlim; /* 0 in this and the next: unspecified */
	bool managed, other;
	int8_t preference;
	uint16_t lifetime_s;
	uint32_t reachable_ms, retrans_ms;
	uint32_t mtu;     /* of its option, 0: none */
	bool has_default; /* a route information option for ::/0 */
	bool has_slla;
	uint8_t slla[6];
};
/* A prefix information option (RFC 4861 4.6.2). */
struct nd6_pio {
	struct ip_addr prefix; /* what is behind plen is zero */
	uint8_t plen;
	bool onlink, autoconf;
	uint32_t vltime, pltime;
};
/* A way: a route information option (RFC 4191 2.3), or a header's ::/0. */
struct nd6_rio {
	struct ip_addr prefix;
	uint8_t plen;
	int8_t preference;
	uint32_t lifetime;
};
/* A solicitation, in the name of ifp's link-local address. */
void nd6_rs_output(struct ifnet *ifp);

/* --- when to solicit (nd6_rs.c) --- */
enum nd6_rs_state {
	RS_OFF,
	RS_WAIT, /* there is no usable link-local address yet */
	RS_ASK,
	RS_DONE, /* a router has answered */
	RS_NSTATES
};
enum nd6_rs_event {
	RS_EV_START,  /* the link works, and there is an address to ask from */
	RS_EV_NOADDR, /* the link works, and there is not */
	RS_EV_READY,  /* now there is one; DAD has waited */
	RS_EV_STOP,
	RS_EV_TIMEOUT,
	RS_EV_ANSWER, /* an advertisement of a default router */
	RS_NEVENTS
};
struct nd6_rs {
	enum nd6_rs_state state;
	unsigned int sent;    /* since asking began */
	uint64_t due_us;      /* ND6_FOREVER: nothing to be done */
	uint64_t interval_us; /* between the last one and due_us */
};
/* What the event does.  chance: 32 random bits.  True: send one now. */
bool nd6_rs_step(struct nd6_rs *rs, enum nd6_rs_event ev, uint64_t now,
    uint32_t chance);

/* --- an interface that configures itself (nd6_host.c) --- */
struct nd6_prefix;
struct nd6_dns;
struct nd6_host {
	struct ifnet *ho_ifp;
	struct timeout ho_timer;
	struct nd6_rs ho_rs;
	TAILQ_HEAD(, nd6_prefix) ho_prefixes; /* oldest first */
	TAILQ_HEAD(, nd6_dns) ho_dns;
	unsigned int ho_nprefixes, ho_nrtrs, ho_nways;
	uint32_t ho_rtrbits; /* those that routers have: see nd6_rtr_bit() */
	bool ho_listens;     /* all below is meaningless while it does not */
	bool ho_managed, ho_other, ho_running;
};
/* At the birth and the end of an interface: 0 or ENOMEM. */
struct in6_if;
int nd6_host_attach(struct in6_if *i6);
void nd6_host_detach(struct in6_if *i6);
/* Of an interface that listens to routers, or NULL. */
struct nd6_host *nd6_host(const struct ifnet *ifp);
/* Time has come: does what is due on ho.  When there is more, ND6_FOREVER never. */
uint64_t nd6_host_run(struct nd6_host *ho, uint64_t now);
/* Something happened that run() has to look at, soon. */
void nd6_host_kick(struct nd6_host *ho);
/* A good advertisement's header; options follow one by one. */
void nd6_host_ra(struct nd6_host *ho, const struct ip_addr *router,
    const struct nd6_ra *ra, uint64_t now);
/* net.inet6.ip6.forwarding has changed: routers do not listen to routers. */
void nd6_host_forwarding(void);
/* An address could not be used: somebody has it. */
void nd6_host_duplicate(struct ifaddr *ifa);
void nd6_host_init(void);

/* --- routers and where they lead (nd6_rtr.c) --- */
/* What router says of one prefix; lifetime 0 takes it back. */
void nd6_way_set(struct nd6_host *ho, const struct ip_addr *router,
    const struct nd6_rio *rio, uint64_t now);
/* The bit that stands for the router as long as it is known; 0: it is not. */
uint32_t nd6_rtr_bit(const struct nd6_host *ho, const struct ip_addr *router);
/* From the neighbour cache: a router answers, or does not any more. */
void nd6_rtr_reach(const struct ifnet *ifp, const struct ip_addr *router,
    bool answers);
/* A router says that it is none. */
void nd6_rtr_demote(const struct ifnet *ifp, const struct ip_addr *router);
/* Was heard again: if it was lost, it is asked. */
void nd6_rtr_heard(const struct ifnet *ifp, const struct ip_addr *router,
    uint64_t now);
/* Ends what has expired, asks who was lost.  When next. */
uint64_t nd6_rtr_run(struct nd6_host *ho, uint64_t now);
/* Chooses anew: the link came or went. */
void nd6_rtr_link(struct ifnet *ifp);
void nd6_rtr_flush(struct nd6_host *ho);
int nd6_rtr_sysctl(struct sysctl_req *req);

/* --- prefixes on the link, and addresses from them --- */
/* Two lifetimes as points in time. */
struct nd6_life {
	uint64_t valid_us, pref_us;
};
struct nd6_made {           /* an address that was made */
	struct ifaddr *ifa; /* referenced; NULL: no address */
	uint64_t born_us, desync_us;
	bool temporary;
};
struct nd6_prefix {
	TAILQ_ENTRY(nd6_prefix) np_entry;
	struct nd6_host *np_host;
	struct ip_addr np_prefix;
	uint8_t np_plen;
	bool np_auto;
	uint32_t np_said;      /* nd6_rtr_bit() of those who advertise it */
	uint64_t np_onlink_us; /* until when it is on the link; 0: it is not */
	struct nd6_life np_life; /* of its addresses, as advertised */
	struct rtentry
	    *np_rt; /* referenced: its connected route, if it is ours */
	struct nd6_made np_made[ND6_ADDRS_MAX];
	unsigned int np_tries, np_temptries; /* duplicates met */
	uint64_t np_again_us; /* then another id is tried; 0: nothing to try */
};
/* nd6_prefix.c */
void nd6_prefix_set(struct nd6_host *ho, const struct ip_addr *router,
    const struct nd6_pio *pio, uint64_t now);
/* Does that router advertise a prefix that holds the address? */
bool nd6_prefix_saidby(const struct ifaddr *ifa, const struct ip_addr *router);
/* The router with that bit is no more. */
void nd6_prefix_unsay(struct nd6_host *ho, uint32_t bit);
/* Is a on the link by an advertised prefix? */
bool nd6_prefix_onlink(const struct ifnet *ifp, const struct ip_addr *a);
/* Ends what has expired.  When next. */
uint64_t nd6_prefix_run(struct nd6_host *ho, uint64_t now);
void nd6_prefix_flush(struct nd6_host *ho);
int nd6_prefix_sysctl(struct sysctl_req *req);

/* nd6_slaac.c */
/* RFC 4862 5.5.3 (e), the two hour rule: what an advertised pair of lifetimes
 * does to those that there are. */
void nd6_life_update(struct nd6_life *l, uint32_t vltime, uint32_t pltime,
    uint64_t now);
/* RFC 8981 3.4: those of a temporary address of a prefix with l. */
struct nd6_life nd6_life_temp(const struct nd6_life *l, uint64_t born,
    uint64_t desync);
/* Makes np's addresses what they should be now.  When they will be others. */
uint64_t nd6_slaac_run(struct nd6_prefix *np, uint64_t now);
/* An address of the interface has gone, or is somebody's by hand now. */
void nd6_slaac_forget(struct nd6_host *ho, const struct ifaddr *ifa);
/* One of them is somebody else's.  False: it is not of np. */
bool nd6_slaac_duplicate(struct nd6_prefix *np, const struct ifaddr *ifa,
    uint64_t now);
/* Deletes all of them, or the temporary ones. */
void nd6_slaac_flush(struct nd6_prefix *np, bool temporary_only);

/* --- name servers and search domains (nd6_dns.c; RFC 8106) --- */
/* The option of len bytes at off of m, told by router.  False: unsound, nothing
 * of it was taken. */
bool nd6_dns_servers(struct nd6_host *ho, const struct ip_addr *router,
    const struct mbuf *m, uint32_t off, uint32_t len, uint64_t now);
bool nd6_dns_search(struct nd6_host *ho, const struct ip_addr *router,
    const struct mbuf *m, uint32_t off, uint32_t len, uint64_t now);
void nd6_dns_flush(struct nd6_host *ho);
int nd6_dns_sysctl(struct sysctl_req *req);

/* --- interface identifiers (in6_iid.c) --- */
/* Has the machine a secret, so that stable ids are opaque on ifp (RFC 7217)? */
bool in6_soii(const struct ifnet *ifp);
/* The id, 8 bytes, of an address of ifp in prefix (its first 8 bytes): opaque
 * or EUI-64; tried: how many have been somebody else's. */
void in6_iid_stable(const struct ifnet *ifp, const struct ip_addr *prefix,
    unsigned int tried, uint8_t id[8]);
/* A random one (RFC 8981 3.3.1). */
void in6_iid_random(uint8_t id[8]);
/* May no station have it (RFC 5453)? */
bool in6_iid_reserved(const uint8_t id[8]);
void in6_iid_init(void);

/* --- net.inet6.ip6.* --- */
extern int ip6_tempvltime, ip6_temppltime; /* seconds */

#endif
