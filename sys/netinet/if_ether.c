/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ARP (RFC 826, RFC 5227 for conflicts, RFC 1122 2.3.2).
 *
 * An entry hangs at the host route of a neighbour; the routing table makes
 * that route when the first packet goes there.
 *
 *	  IDLE --> ASKING --> KNOWN        FIXED: by hand, no way out
 *	             |           |
 *	             v           v
 *	           SILENT --> (route deleted)
 *
 *	IDLE   -> ASKING	arp_ask()	a packet wants to go there
 *	ASKING -> KNOWN		arp_learn()	an answer; waiting packets go
 *	ASKING -> SILENT	arp_tick()	ARP_TRIES requests, no answer
 *	SILENT -> gone		arp_tick()	net.inet.ip.arpdown seconds later
 *	KNOWN  -> gone		arp_tick()	net.inet.ip.arptimeout, and the
 *						request just before unanswered
 *
 * (1) Packets wait only in ASKING, ARP_HOLD_MAX an entry; the newest stay.
 * (2) One request a second and entry at most goes out.
 * (3) The timer is off in IDLE and FIXED.
 * (4) At most net.inet.ip.arpmaxunresolved entries are in none of KNOWN and
 *     FIXED; the oldest of them makes room for a new one.
 * (5) So does, of net.inet.ip.arpmaxentries that are KNOWN and not by hand, the
 *     one that spoke longest ago.
 *
 * What the link says is taken in only about neighbours that we know, or that
 * ask for us; a station that asks in the name of a whole network fills no more
 * than (5).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/cursor.h>
#include <sys/log.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>

#define ARP_TRIES     5
#define ARP_HOLD_MAX  16 /* packets that wait for one answer */
#define ARP_RETRY_US  1000000
#define ARP_REFRESH_S 30 /* before the end a used entry is asked for again */
#define ARP_DEFEND_US 10000000 /* RFC 5227 2.4 */

struct arp_entry {
	struct rtentry *rt; /* holds us */
	enum arp_state state;
	uint8_t lladdr[6]; /* KNOWN, FIXED */
	uint8_t tries;
	uint64_t asked_us;   /* last request */
	uint64_t refresh_us; /* KNOWN: from then on a use asks again */
	struct mbuf_list hold;
	struct timeout timer;
	struct arp_list *in; /* NULL: FIXED, by hand */
	TAILQ_ENTRY(arp_entry) next;
};

/* Entries that have a limit in common, the oldest first. */
static struct arp_list {
	TAILQ_HEAD(, arp_entry) head;
	int n, max;
	enum drop_reason why; /* an entry that makes room is counted so */
} arp_unresolved = { .head = TAILQ_HEAD_INITIALIZER(arp_unresolved.head),
	.max = 1024,
	.why = DROP_ARP_EVICTED },
  arp_learned = { .head = TAILQ_HEAD_INITIALIZER(arp_learned.head),
	  .max = 16384,
	  .why = DROP_ARP_LIMIT };

static struct pool arp_pool;
static int arp_timeout_s = 1200, arp_down_s = 20;
static uint64_t arp_logged_us, arp_defended_us;

enum arp_counter {
	ARPS_IN_REQUEST,
	ARPS_IN_REPLY,
	ARPS_OUT_REQUEST,
	ARPS_OUT_REPLY,
	ARPS_PROXY,
	ARPS_CONFLICT,
	ARPS_MOVED,
	ARPS_FIXED,
	ARPS_FAILED,
	ARPS_NCOUNTERS
};
static uint64_t arp_counters[ARPS_NCOUNTERS];
static const char *const arp_counter_text[ARPS_NCOUNTERS] = {
	[ARPS_IN_REQUEST] = "requests received",
	[ARPS_IN_REPLY] = "replies received",
	[ARPS_OUT_REQUEST] = "requests sent",
	[ARPS_OUT_REPLY] = "replies sent",
	[ARPS_PROXY] = "replies sent for published entries",
	[ARPS_CONFLICT] = "other stations seen with an address of ours",
	[ARPS_MOVED] = "neighbours that changed their link address",
	[ARPS_FIXED] = "attempts to change a static entry",
	[ARPS_FAILED] = "neighbours that did not answer",
};
static struct counter_group arp_counter_group = {
	.cg_proto = "arp",
	.cg_text = arp_counter_text,
	.cg_value = arp_counters,
	.cg_count = ARPS_NCOUNTERS,
};

enum arp_state
arp_state(const struct rtentry *rt)
{
	const struct arp_entry *e = rt->rt_llinfo;

	return (e->state);
}

/* At most one line a second about what others do. */
static bool
arp_may_log(void)
{
	if (arp_logged_us != 0 && uptime_us() - arp_logged_us < 1000000)
		return (false);
	arp_logged_us = uptime_us();
	return (true);
}

static const char *
ether_text(const uint8_t a[6], char buf[18])
{
	snprintf(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2],
	    a[3], a[4], a[5]);
	return (buf);
}

/* --- the wire --- */

/* What an ARP packet says, host world. */
struct arp_msg {
	uint16_t op;
	uint8_t sha[6], tha[6];
	struct ip_addr spa, tpa;
};

static void
arp_send(struct ifnet *ifp, const struct arp_msg *a, const uint8_t to[6])
{
	struct ether_header *eh;
	struct arphdr *ar;
	struct mbuf *m;

	if ((m = m_getroom(M_HEADROOM, sizeof(*eh) + sizeof(*ar))) == NULL)
		return;
	m->m_len = m->m_pkthdr.len = sizeof(*eh) + sizeof(*ar);
	eh = mtod(m, struct ether_header *);
	memcpy(eh->ether_dhost, to, 6);
	memcpy(eh->ether_shost, ifp->if_lladdr, 6);
	eh->ether_type = htons(ETHERTYPE_ARP);
	ar = (struct arphdr *)(void *)(eh + 1);
	ar->ar_hrd = htons(1);
	ar->ar_pro = htons(ETHERTYPE_IP);
	ar->ar_hln = 6;
	ar->ar_pln = 4;
	ar->ar_op = htons(a->op);
	memcpy(ar->ar_sha, a->sha, 6);
	memcpy(ar->ar_spa, &a->spa.v4, 4);
	memcpy(ar->ar_tha, a->tha, 6);
	memcpy(ar->ar_tpa, &a->tpa.v4, 4);
	if (ETHER_IS_MULTICAST(to))
		m->m_flags |= M_BCAST;
	arp_counters[a->op == ARPOP_REQUEST ? ARPS_OUT_REQUEST :
					      ARPS_OUT_REPLY]++;
	(void)if_enqueue(ifp, m);
}

static int
arp_read(struct cursor *c, struct arp_msg *a, enum drop_reason *why)
{
	uint16_t hrd, pro;
	uint8_t hln, pln;
	uint32_t spa, tpa;

	*why = DROP_ARP_SHORT;
	if (cur_u16(c, &hrd) == -1 || cur_u16(c, &pro) == -1 ||
	    cur_u8(c, &hln) == -1 || cur_u8(c, &pln) == -1 ||
	    cur_u16(c, &a->op) == -1 || cur_bytes(c, a->sha, 6) == -1 ||
	    cur_bytes(c, &spa, 4) == -1 || cur_bytes(c, a->tha, 6) == -1 ||
	    cur_bytes(c, &tpa, 4) == -1)
		return (EINVAL);
	a->spa = ip_addr_v4(spa);
	a->tpa = ip_addr_v4(tpa);
	*why = DROP_ARP_BADHDR;
	if (hrd != 1 || pro != ETHERTYPE_IP || hln != 6 || pln != 4)
		return (EINVAL);
	*why = DROP_ARP_BADOP;
	if (a->op != ARPOP_REQUEST && a->op != ARPOP_REPLY)
		return (EINVAL);
	return (0);
}

/* --- an entry's life --- */

static bool
arp_resolved(const struct arp_entry *e)
{
	return (e->state == ARP_KNOWN || e->state == ARP_FIXED);
}

static void
arp_leave(struct arp_entry *e)
{
	if (e->in == NULL)
		return;
	TAILQ_REMOVE(&e->in->head, e, next);
	e->in->n--;
	e->in = NULL;
}

/* (4), (5): e is the newest of those like it. */
static void
arp_join(struct arp_entry *e)
{
	struct arp_list *l = !arp_resolved(e) ? &arp_unresolved : &arp_learned;

	arp_leave(e);
	if (l == &arp_learned && (e->rt->rt_flags & RTF_CLONED) == 0)
		return;
	while (l->n >= l->max) {
		drop_count(l->why);
		(void)rtrequest_delete(TAILQ_FIRST(&l->head)->rt);
	}
	TAILQ_INSERT_TAIL(&l->head, e, next);
	l->n++;
	e->in = l;
}

static void
arp_request(struct ifnet *ifp, const struct ip_addr *target,
    const uint8_t to[6])
{
	struct arp_msg a = { .op = ARPOP_REQUEST, .tpa = *target };
	struct ifaddr *ifa = ifa_ifpforaddr(ifp, AF_INET, target);

	if (ifa == NULL)
		TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
			if (ifa->ifa_af == AF_INET)
				break;
	if (ifa == NULL)
		return; /* nobody here to answer to */
	a.spa = ifa->ifa_addr;
	memcpy(a.sha, ifp->if_lladdr, 6);
	arp_send(ifp, &a, to);
}

/* Nobody answered: the newest waiting packet of another host tells its sender. */
static void
arp_hold_fail(struct arp_entry *e)
{
	struct mbuf *m;

	while ((m = ml_dequeue(&e->hold)) != NULL) {
		drop_count(DROP_ARP_UNRESOLVED);
		if (ml_empty(&e->hold))
			icmp_error(m, ICMP_UNREACH, ICMP_UNREACH_HOST, 0);
		else
			m_freem(m);
	}
}

static void
arp_silent(struct arp_entry *e)
{
	struct mbuf_list none = MBUF_LIST_INITIALIZER;
	struct arp_entry gone = *e;

	arp_counters[ARPS_FAILED]++;
	rt_neighbour_lost(e->rt->rt_ifp, &e->rt->rt_dst);
	e->state = ARP_SILENT;
	e->hold = none;
	timeout_add_sec(&e->timer, (uint64_t)arp_down_s);
	arp_hold_fail(&gone); /* may come back to e: it is SILENT by now */
}

/* (2): one request a second. */
static void
arp_ask(struct arp_entry *e)
{
	struct ifnet *ifp = e->rt->rt_ifp;

	if (e->state != ARP_ASKING) {
		e->state = ARP_ASKING;
		e->tries = 0;
	} else if (uptime_us() - e->asked_us < ARP_RETRY_US)
		return;
	e->tries++;
	e->asked_us = uptime_us();
	timeout_add_us(&e->timer, ARP_RETRY_US);
	arp_request(ifp, &e->rt->rt_dst, etherbroadcastaddr);
}

static void
arp_tick(void *arg)
{
	struct arp_entry *e = arg;

	switch (e->state) {
	case ARP_ASKING:
		if (e->tries >= ARP_TRIES)
			arp_silent(e);
		else
			arp_ask(e);
		break;
	case ARP_KNOWN:
	case ARP_SILENT:
		(void)rtrequest_delete(e->rt); /* and e with it */
		break;
	case ARP_IDLE:
	case ARP_FIXED:
	case ARP_NSTATES:
		break;
	}
}

static void
arp_show(struct arp_entry *e)
{
	struct rtentry *rt = e->rt;

	rt_neighbour_found(rt->rt_ifp, &rt->rt_dst);
	memset(&rt->rt_gateway, 0, sizeof(rt->rt_gateway));
	memcpy(rt->rt_gateway.b, e->lladdr, 6);
	rt->rt_gwaf = AF_LINK;
}

/* Packets that waited go out. */
static void
arp_hold_send(struct arp_entry *e)
{
	struct nexthop nh = { .nh_af = AF_INET, .nh_addr = e->rt->rt_dst };
	struct mbuf_list ml = e->hold;
	struct rtentry *rt = e->rt;
	struct mbuf *m;

	ml_init(&e->hold);
	rt_ref(rt);
	while ((m = ml_dequeue(&ml)) != NULL)
		(void)rt->rt_ifp->if_output(rt->rt_ifp, m, &nh, rt);
	rt_put(rt);
}

static void
arp_known(struct arp_entry *e, const uint8_t lladdr[6])
{
	uint64_t now = uptime_us(), life = (uint64_t)arp_timeout_s * 1000000;
	uint64_t early = MIN((uint64_t)ARP_REFRESH_S * 1000000, life / 2);

	memcpy(e->lladdr, lladdr, 6);
	e->state = ARP_KNOWN;
	arp_join(e);
	e->refresh_us = now + life - early;
	e->rt->rt_expire_us = now + life;
	timeout_at_us(&e->timer, now + life);
	arp_show(e);
	arp_hold_send(e);
}

/* --- routes tell of neighbours --- */

/* The link address that a program gave the route: for ever, or for a time. */
static void
arp_byhand(struct arp_entry *e)
{
	struct rtentry *rt = e->rt;

	memcpy(e->lladdr, rt->rt_gateway.b, 6);
	e->state = rt->rt_expire_us == 0 ? ARP_FIXED : ARP_KNOWN;
	timeout_del(&e->timer);
	if (e->state == ARP_KNOWN) {
		e->refresh_us = rt->rt_expire_us;
		timeout_at_us(&e->timer, rt->rt_expire_us);
	}
}

static int
arp_attach(struct rtentry *rt)
{
	struct arp_entry *e = rt->rt_llinfo;

	if (e != NULL) { /* known, and now by hand */
		arp_leave(e);
		arp_byhand(e);
		arp_hold_send(e);
		return (0);
	}
	if ((e = pool_get(&arp_pool, PR_ZERO)) == NULL)
		return (ENOMEM);
	e->rt = rt;
	ml_init(&e->hold);
	timeout_set(&e->timer, arp_tick, e);
	rt->rt_llinfo = e;
	if (rt->rt_gwaf == AF_LINK)
		arp_byhand(e);
	else
		arp_join(e);
	return (0);
}

static void
arp_detach(struct rtentry *rt)
{
	struct arp_entry *e = rt->rt_llinfo;
	struct mbuf *m;

	if (e == NULL)
		return;
	rt->rt_llinfo = NULL;
	arp_leave(e);
	timeout_del(&e->timer);
	while ((m = ml_dequeue(&e->hold)) != NULL)
		m_drop(m, DROP_ARP_UNRESOLVED);
	pool_put(&arp_pool, e);
}

static bool
arp_lladdr(const struct rtentry *rt, uint8_t lladdr[6])
{
	const struct arp_entry *e = rt->rt_llinfo;

	if (e->state != ARP_KNOWN && e->state != ARP_FIXED)
		return (false);
	memcpy(lladdr, e->lladdr, 6);
	return (true);
}

static const struct rt_llhooks arp_hooks = { .af = AF_INET,
	.attach = arp_attach,
	.detach = arp_detach,
	.lladdr = arp_lladdr };

/* --- packets ask for neighbours --- */

/* The entry of next hop nh on ifp; made when there is none.  NULL. */
static struct arp_entry *
arp_entry_of(struct ifnet *ifp, const struct nexthop *nh, struct rtentry *rt)
{
	int error;

	if (rt != NULL && (rt->rt_flags & RTF_GATEWAY) != 0)
		rt = rt->rt_gwroute;
	if (rt == NULL || rt->rt_llinfo == NULL)
		rt = rt_resolve(ifp->if_rtable, AF_INET, &nh->nh_addr, NULL,
		    &error);
	if (rt == NULL || rt->rt_llinfo == NULL || rt->rt_ifp != ifp)
		return (NULL);
	return (rt->rt_llinfo);
}

/* (1) */
static void
arp_hold(struct arp_entry *e, struct mbuf *m)
{
	if (e->hold.ml_len >= ARP_HOLD_MAX)
		m_drop(ml_dequeue(&e->hold), DROP_ARP_HOLDFULL);
	ml_enqueue(&e->hold, m);
}

/* Groups have computed addresses (RFC 1112 6.4). */
static void
arp_group_addr(const struct mbuf *m, const struct nexthop *nh,
    uint8_t lladdr[6])
{
	if ((m->m_flags & M_BCAST) != 0) {
		memcpy(lladdr, etherbroadcastaddr, 6);
		return;
	}
	lladdr[0] = 0x01;
	lladdr[1] = 0x00;
	lladdr[2] = 0x5e;
	lladdr[3] = nh->nh_addr.b[1] & 0x7f;
	lladdr[4] = nh->nh_addr.b[2];
	lladdr[5] = nh->nh_addr.b[3];
}

/* In use near its end: ask the neighbour itself whether it is still there. */
static void
arp_refresh(struct ifnet *ifp, struct arp_entry *e)
{
	if (uptime_us() - e->asked_us < ARP_RETRY_US)
		return;
	e->asked_us = uptime_us();
	arp_request(ifp, &e->rt->rt_dst, e->lladdr);
}

static int
arp_wait(struct arp_entry *e, struct mbuf *m)
{
	if (e->state == ARP_SILENT) {
		drop_count(DROP_ARP_UNRESOLVED);
		icmp_error(m, ICMP_UNREACH, ICMP_UNREACH_HOST, 0);
		return (EHOSTDOWN);
	}
	arp_hold(e, m);
	arp_ask(e);
	return (EAGAIN);
}

int
arp_resolve(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt, uint8_t lladdr[6])
{
	struct arp_entry *e;

	if (__predict_false((m->m_flags & (M_BCAST | M_MCAST)) != 0)) {
		arp_group_addr(m, nh, lladdr);
		return (0);
	}
	if (__predict_false((e = arp_entry_of(ifp, nh, rt)) == NULL)) {
		m_drop(m, DROP_ARP_NOENTRY);
		return (EHOSTUNREACH);
	}
	if (__predict_true(arp_resolved(e))) {
		memcpy(lladdr, e->lladdr, 6);
		if (e->state == ARP_KNOWN && uptime_us() >= e->refresh_us)
			arp_refresh(ifp, e);
		return (0);
	}
	if ((ifp->if_flags & (IFF_NOARP | IFF_STATICARP)) != 0) {
		m_drop(m, DROP_ARP_DISABLED);
		return (EHOSTUNREACH);
	}
	return (arp_wait(e, m));
}

/* --- the link speaks --- */

/* Somebody else says that he has ifa's address. */
static void
arp_conflict(struct ifnet *ifp, const struct ifaddr *ifa,
    const struct arp_msg *a)
{
	char ip[46], ether[18];

	arp_counters[ARPS_CONFLICT]++;
	if (arp_may_log())
		log(LOG_ERR, "%s: duplicate IP address %s, also at %s",
		    ifp->if_xname, ip_ntop(AF_INET, &a->spa, ip),
		    ether_text(a->sha, ether));
	if (arp_defended_us != 0 &&
	    uptime_us() - arp_defended_us < ARP_DEFEND_US)
		return;
	arp_defended_us = uptime_us();
	arp_announce(ifa);
}

static void
arp_log_change(struct ifnet *ifp, const struct arp_msg *a, const char *what)
{
	char ip[46], ether[18];

	if (arp_may_log())
		log(LOG_NOTICE, "%s: arp: %s: %s at %s", ifp->if_xname, what,
		    ip_ntop(AF_INET, &a->spa, ip), ether_text(a->sha, ether));
}

static void
arp_entry_update(struct ifnet *ifp, struct arp_entry *e,
    const struct arp_msg *a)
{
	bool same = memcmp(e->lladdr, a->sha, 6) == 0;

	if (e->rt->rt_ifp != ifp) {
		arp_log_change(ifp, a,
		    "neighbour of another interface seen here");
		return;
	}
	if (e->state == ARP_FIXED) {
		if (!same) {
			arp_counters[ARPS_FIXED]++;
			arp_log_change(ifp, a, "static entry not changed");
		}
		return;
	}
	if (e->state == ARP_KNOWN && !same) {
		arp_counters[ARPS_MOVED]++;
		arp_log_change(ifp, a, "neighbour has moved");
	}
	arp_known(e, a->sha);
}

/* The sender's own claim.  forus: it asks for us, so make an entry. */
static void
arp_learn(struct ifnet *ifp, const struct arp_msg *a,
    const struct ifaddr *forus)
{
	struct rtentry *rt;
	int error;

	if ((ifp->if_flags & IFF_STATICARP) != 0)
		return;
	rt = rtable_lookup(ifp->if_rtable, AF_INET, &a->spa, 32, RTP_ANY);
	if ((rt == NULL || rt->rt_llinfo == NULL) && forus != NULL &&
	    ifa_ifpforaddr(ifp, AF_INET, &a->spa) != NULL)
		rt = rt_resolve(ifp->if_rtable, AF_INET, &a->spa, NULL, &error);
	if (rt != NULL && rt->rt_llinfo != NULL)
		arp_entry_update(ifp, rt->rt_llinfo, a);
}

/* An entry that we answer for though it is not ours (proxy). */
static const uint8_t *
arp_published(struct ifnet *ifp, const struct ip_addr *target)
{
	struct rtentry *rt = rtable_lookup(ifp->if_rtable, AF_INET, target, 32,
	    RTP_ANY);
	const struct arp_entry *e;

	if (rt == NULL || (e = rt->rt_llinfo) == NULL ||
	    (rt->rt_flags & RTF_PROTO2) == 0 || e->state != ARP_FIXED)
		return (NULL);
	return (e->lladdr);
}

static void
arp_answer(struct ifnet *ifp, const struct arp_msg *a, const uint8_t lladdr[6])
{
	struct arp_msg r = { .op = ARPOP_REPLY, .spa = a->tpa, .tpa = a->spa };

	memcpy(r.sha, lladdr, 6);
	memcpy(r.tha, a->sha, 6);
	arp_send(ifp, &r, a->sha);
}

/* Addresses that no neighbour can have.  Zero: it looks whether one is free. */
static enum drop_reason
arp_addrs_check(const struct ifnet *ifp, const struct arp_msg *a)
{
	uint32_t spa = ntohl(a->spa.v4);
	uint8_t all = a->sha[0] | a->sha[1] | a->sha[2] | a->sha[3] |
	    a->sha[4] | a->sha[5];

	if ((ifp->if_flags & IFF_NOARP) != 0)
		return (DROP_ARP_DISABLED);
	if (ETHER_IS_MULTICAST(a->sha) || all == 0 || spa >= 0xe0000000U ||
	    IN_LOOPBACK(spa) || (spa != 0 && spa >> 24 == 0))
		return (DROP_ARP_BADADDR);
	return (DROP_NONE);
}

/* A sound packet of another station. */
static enum drop_reason
arp_take(struct ifnet *ifp, const struct arp_msg *a)
{
	struct ifaddr *mine = ifa_onif(ifp, AF_INET, &a->spa),
		      *forus = ifa_onif(ifp, AF_INET, &a->tpa);
	const uint8_t *proxy;

	if (mine != NULL) {
		arp_conflict(ifp, mine, a);
		return (DROP_ARP_CONFLICT);
	}
	if (a->spa.v4 != 0)
		arp_learn(ifp, a, forus);
	if (a->op == ARPOP_REPLY)
		return (DROP_NONE);
	if (forus != NULL)
		arp_answer(ifp, a, ifp->if_lladdr);
	else if ((proxy = arp_published(ifp, &a->tpa)) != NULL &&
	    !ip_addr_eq(&a->spa, &a->tpa)) {
		arp_counters[ARPS_PROXY]++;
		arp_answer(ifp, a, proxy);
	} else
		return (DROP_ARP_NOTFORUS);
	return (DROP_NONE);
}

void
arp_input(struct ifnet *ifp, struct mbuf *m)
{
	uint8_t buf[sizeof(struct arphdr)];
	enum drop_reason why = DROP_ARP_SHORT;
	const uint8_t *p;
	struct arp_msg a;
	struct cursor c;

	if ((p = m_peek(m, 0, sizeof(buf), buf)) != NULL) {
		cur_init(&c, p, sizeof(buf));
		if (arp_read(&c, &a, &why) == 0)
			why = arp_addrs_check(ifp, &a);
	}
	if (why == DROP_NONE &&
	    memcmp(a.sha, ifp->if_lladdr, 6) != 0) { /* not our own echo */
		arp_counters[a.op == ARPOP_REQUEST ? ARPS_IN_REQUEST :
						     ARPS_IN_REPLY]++;
		why = arp_take(ifp, &a);
	}
	if (why == DROP_NONE)
		m_freem(m);
	else
		m_drop(m, why);
}

/* --- we speak of ourselves --- */

void
arp_announce(const struct ifaddr *ifa)
{
	struct ifnet *ifp = ifa->ifa_ifp;
	struct arp_msg a = { .op = ARPOP_REQUEST,
		.spa = ifa->ifa_addr,
		.tpa = ifa->ifa_addr };

	if ((ifp->if_type != IFT_ETHER && ifp->if_type != IFT_VLAN) ||
	    (ifp->if_flags & (IFF_UP | IFF_NOARP)) != IFF_UP)
		return;
	memcpy(a.sha, ifp->if_lladdr, 6);
	arp_send(ifp, &a, etherbroadcastaddr);
}

/* A new address, a new link address, a link that came up: others shall know. */
static void
arp_watch(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	if (ev == IFE_ADDR_ADD && ifa->ifa_af == AF_INET)
		arp_announce(ifa);
	if (ev != IFE_LLADDR &&
	    (ev != IFE_LINK || ifp->if_link_state != LINK_STATE_UP))
		return;
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET)
			arp_announce(ifa);
}

static struct if_observer arp_observer = { .event = arp_watch };

static const struct sysctl_row arp_sysctls[] = {
	/* clang-format off */
	{ .name = "net.inet.ip.arptimeout", .type = CTL_INT, .flags = CTLF_WR, .var = &arp_timeout_s,
	  .min = 1, .max = 86400, .text = "seconds an ARP entry is kept" },
	{ .name = "net.inet.ip.arpdown", .type = CTL_INT, .flags = CTLF_WR, .var = &arp_down_s,
	  .min = 1, .max = 3600, .text = "seconds a neighbour that did not answer is not asked again" },
	{ .name = "net.inet.ip.arpmaxunresolved", .type = CTL_INT, .flags = CTLF_WR, .var = &arp_unresolved.max,
	  .min = 16, .max = 65536, .text = "ARP entries without an answer that may exist at once" },
	{ .name = "net.inet.ip.arpmaxentries", .type = CTL_INT, .flags = CTLF_WR, .var = &arp_learned.max,
	  .min = 16, .max = 1048576, .text = "ARP entries that were learned" },
	/* clang-format on */
};
static struct sysctl_table arp_sysctl_table = { .rows = arp_sysctls,
	.nrows = nitems(arp_sysctls) };

void
arpinit(void)
{
	pool_init(&arp_pool, sizeof(struct arp_entry), 0, "arp");
	rt_llhooks_register(&arp_hooks);
	ether_input_register(ETHERTYPE_ARP, arp_input);
	if_observe(&arp_observer);
	counters_register(&arp_counter_group);
	sysctl_register(&arp_sysctl_table);
}
