/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * An interface that configures itself: it was told `inet6 autoconf'.
 *
 *	nd6_ra.c	an advertisement, judged
 *	   |
 *	nd6_host.c	its header: hop limit, times, MTU; who listens, and when
 *	   |\-- nd6_rs.c	when to ask
 *	   |\-- nd6_rtr.c	routers, default and other routes
 *	   \--- nd6_prefix.c	what is on the link
 *		   \-- nd6_slaac.c	addresses
 *
 * Life: it listens while the interface has the flag and this machine does not
 * forward (a router does not listen to routers, RFC 4861 6.2.2); when that
 * ends, all routes, prefixes and addresses that were learned go.
 * It runs while the interface is up and has a link: then it asks, and
 * advertisements count.  A link that goes and comes again may be another one,
 * so that routers are asked anew; what is known holds till they speak or its
 * time is over.
 *
 * All that has to happen later happens in nd6_host_run(), which is given the
 * time and says when it wants to be called again.
 *
 * What a header may set: a hop limit of 32 or more (a smaller one would cut
 * us off, CVE-2015-2922), a reachable time up to an hour (RFC 4861 6.2.1), a
 * retransmission time from 100 ms to 10 s, an MTU from 1280 to the
 * interface's.  Other values are ignored and counted.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6_host.h>
#include <netinet6/nd6_row.h>

#define HLIM_MIN         32
#define REACHABLE_MAX_ms 3600000
#define RETRANS_MIN_ms   100
#define RETRANS_MAX_ms   10000

struct nd6_host *
nd6_host(const struct ifnet *ifp)
{
	struct in6_if *i6 = in6_if(ifp);

	return (i6 != NULL && i6->i6_host->ho_listens ? i6->i6_host : NULL);
}

/* --- time --- */

static void
host_rs(struct nd6_host *ho, enum nd6_rs_event ev, uint64_t now)
{
	if (nd6_rs_step(&ho->ho_rs, ev, now, arc4random()))
		nd6_rs_output(ho->ho_ifp);
}

uint64_t
nd6_host_run(struct nd6_host *ho, uint64_t now)
{
	uint64_t next, due;

	host_rs(ho, RS_EV_TIMEOUT, now);
	next = nd6_rtr_run(ho, now);
	due = nd6_prefix_run(ho, now);
	next = MIN(next, due);
	return (MIN(next, ho->ho_rs.due_us));
}

static void
host_timer(void *arg)
{
	struct nd6_host *ho = arg;
	uint64_t next = nd6_host_run(ho, uptime_us());

	/* what happened meanwhile may have asked for an earlier time */
	if (next != ND6_FOREVER &&
	    (!timeout_pending(&ho->ho_timer) || ho->ho_timer.to_when_us > next))
		timeout_at_us(&ho->ho_timer, next);
}

void
nd6_host_kick(struct nd6_host *ho)
{
	timeout_add_us(&ho->ho_timer, 0);
}

/* --- what a header says of the link --- */

/* Within the bounds?  Zero says nothing. */
static bool
link_takes(uint32_t v, uint32_t min, uint32_t max)
{
	if (v == 0)
		return (false);
	if (v >= min && v <= max)
		return (true);
	nd6stat_inc(ND6S_LINK_BAD);
	return (false);
}

static void
link_set(struct in6_if *i6, const struct nd6_ra *ra)
{
	if (link_takes(ra->hlim, HLIM_MIN, 255))
		i6->i6_hlim = ra->hlim;
	if (link_takes(ra->retrans_ms, RETRANS_MIN_ms, RETRANS_MAX_ms))
		i6->i6_retrans_us = ra->retrans_ms * 1000ULL;
	if (link_takes(ra->reachable_ms, 1, REACHABLE_MAX_ms) &&
	    ra->reachable_ms != i6->i6_reachable_ms)
		in6_if_reachable(i6, ra->reachable_ms);
	if (link_takes(ra->mtu, IPV6_MMTU, i6->i6_ifp->if_mtu))
		i6->i6_mtu = ra->mtu;
}

void
nd6_host_ra(struct nd6_host *ho, const struct ip_addr *router,
    const struct nd6_ra *ra, uint64_t now)
{
	struct nd6_rio rio = { .preference = ra->preference,
		.lifetime = ra->lifetime_s };

	nd6stat_inc(ND6S_RA_TAKEN);
	ho->ho_managed = ra->managed;
	ho->ho_other = ra->other;
	link_set(in6_if(ho->ho_ifp), ra);
	if (!ra->has_default) /* its option says more (RFC 4191 3.1) */
		nd6_way_set(ho, router, &rio, now);
	nd6_rtr_heard(ho->ho_ifp, router, now);
	if (ra->lifetime_s != 0)
		host_rs(ho, RS_EV_ANSWER, now);
}

/* --- life --- */

static bool
host_wanted(const struct ifnet *ifp)
{
	return ((ifp->if_flags & IFXF_AUTOCONF6) != 0 && ip6_forwarding == 0 &&
	    ifp->if_detaching == 0);
}

static bool
host_canrun(const struct ifnet *ifp)
{
	return ((ifp->if_flags & IFF_UP) != 0 &&
	    ifp->if_link_state != LINK_STATE_DOWN &&
	    (in6_if(ifp)->i6_flags & I6F_DISABLED) == 0);
}

static void
host_start(struct nd6_host *ho, uint64_t now)
{
	ho->ho_running = true;
	host_rs(ho,
	    in6_ifa_linklocal(ho->ho_ifp) != NULL ? RS_EV_START : RS_EV_NOADDR,
	    now);
	nd6_rtr_link(ho->ho_ifp);
	nd6_host_kick(ho);
}

static void
host_stop(struct nd6_host *ho, uint64_t now)
{
	ho->ho_running = false;
	host_rs(ho, RS_EV_STOP, now);
	nd6_rtr_link(ho->ho_ifp);
}

int
nd6_host_attach(struct in6_if *i6)
{
	struct nd6_host *ho;

	if ((ho = malloc(sizeof(*ho), M_IFADDR, M_ZERO)) == NULL)
		return (ENOMEM);
	ho->ho_ifp = i6->i6_ifp;
	ho->ho_rs.due_us = ND6_FOREVER;
	TAILQ_INIT(&ho->ho_prefixes);
	TAILQ_INIT(&ho->ho_dns);
	timeout_set(&ho->ho_timer, host_timer, ho);
	i6->i6_host = ho;
	return (0);
}

static void
host_end(struct in6_if *i6)
{
	struct nd6_host *ho = i6->i6_host;

	host_stop(ho, uptime_us());
	nd6_rtr_flush(ho);
	nd6_prefix_flush(ho);
	nd6_dns_flush(ho);
	timeout_del(&ho->ho_timer);
	ho->ho_listens = ho->ho_managed = ho->ho_other = false;
	in6_if_defaults(i6);
}

void
nd6_host_detach(struct in6_if *i6)
{
	if (i6->i6_host->ho_listens)
		host_end(i6);
	free(i6->i6_host, M_IFADDR, sizeof(*i6->i6_host));
}

/* Makes ifp what its flags and its link say. */
static void
host_follow(struct ifnet *ifp)
{
	struct in6_if *i6 = in6_if(ifp);
	struct nd6_prefix *np;
	struct nd6_host *ho;
	bool run;

	if (i6 == NULL)
		return;
	ho = i6->i6_host;
	if (ho->ho_listens && !host_wanted(ifp))
		host_end(i6);
	ho->ho_listens = host_wanted(ifp);
	if (!ho->ho_listens)
		return;
	run = host_canrun(ifp);
	if (run && !ho->ho_running)
		host_start(ho, uptime_us());
	else if (!run && ho->ho_running)
		host_stop(ho, uptime_us());
	if ((ifp->if_flags & IFXF_AUTOCONF6TEMP) == 0)
		TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
			nd6_slaac_flush(np, true);
	nd6_host_kick(ho);
}

void
nd6_host_forwarding(void)
{
	struct ifnet *ifp;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		host_follow(ifp);
}

/* --- addresses of the interface --- */

void
nd6_host_duplicate(struct ifaddr *ifa)
{
	struct nd6_host *ho = nd6_host(ifa->ifa_ifp);
	struct nd6_prefix *np;

	if (ho == NULL)
		return;
	TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
		if (nd6_slaac_duplicate(np, ifa, uptime_us()))
			nd6_host_kick(ho);
}

static void
host_address(struct nd6_host *ho, enum if_event ev, struct ifaddr *ifa)
{
	bool autoconf = (ifa->ifa_flags & IFA_AUTOCONF) != 0;

	if (ev == IFE_ADDR_DEL || !autoconf)
		nd6_slaac_forget(ho, ifa);
	if (ev == IFE_ADDR_DEL && !autoconf)
		nd6_host_kick(ho); /* its connected route may be ours now */
	if (ev != IFE_ADDR_DEL && in6_islinklocal(&ifa->ifa_addr) &&
	    in6_ifa_linklocal(ho->ho_ifp) != NULL) {
		host_rs(ho, RS_EV_READY, uptime_us());
		nd6_host_kick(ho);
	}
}

static void
host_event(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	struct nd6_host *ho = nd6_host(ifp);

	switch (ev) {
	case IFE_FLAGS:
	case IFE_LINK:
		host_follow(ifp);
		nd6_rtr_link(ifp); /* its part of priorities may be another */
		break;
	case IFE_ADDR_ADD:
	case IFE_ADDR_CHANGE:
	case IFE_ADDR_DEL:
		if (ho != NULL && ifa->ifa_af == AF_INET6)
			host_address(ho, ev, ifa);
		break;
	default:
		break;
	}
}

static struct if_observer host_observer = { .event = host_event };

/* --- for ndp(8) --- */

static int
link_show(const struct nd6_host *ho, struct sysctl_req *req)
{
	const struct in6_if *i6 = in6_if(ho->ho_ifp);
	struct nd6_link_row row;

	memset(&row, 0, sizeof(row));
	strlcpy(row.ifname, ho->ho_ifp->if_xname, sizeof(row.ifname));
	row.mtu = i6->i6_mtu;
	row.reachable_ms = i6->i6_reachable_ms;
	row.retrans_ms = (uint32_t)(i6->i6_retrans_us / 1000);
	row.routers = ho->ho_nrtrs;
	row.prefixes = ho->ho_nprefixes;
	row.asked = ho->ho_rs.sent;
	row.hlim = i6->i6_hlim;
	row.asking = (uint8_t)ho->ho_rs.state;
	row.managed = ho->ho_managed;
	row.other = ho->ho_other;
	return (sysctl_out(req, &row, sizeof(row)));
}

static int
nd6_link_sysctl(struct sysctl_req *req)
{
	const struct ifnet *ifp;
	int error = 0;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		if (error == 0 && nd6_host(ifp) != NULL)
			error = link_show(nd6_host(ifp), req);
	return (error);
}

/* clang-format off */
#define ROWS(n, h, t) \
	{ .name = "net.inet6.nd6." n, .type = CTL_OPAQUE, .flags = CTLF_RD | CTLF_HIDDEN, .handler = h, .text = t }
static const struct sysctl_row nd6_host_sysctls[] = {
	ROWS("routers", nd6_rtr_sysctl, "ways that routers offer, as struct nd6_way_row"),
	ROWS("prefixes", nd6_prefix_sysctl, "prefixes advertised, as struct nd6_prefix_row"),
	ROWS("resolvers", nd6_dns_sysctl, "name servers and domains that routers told of, as struct nd6_dns_row"),
	ROWS("links", nd6_link_sysctl, "interfaces that listen to routers, as struct nd6_link_row"),
};
/* clang-format on */
static struct sysctl_table nd6_host_table = { .rows = nd6_host_sysctls,
	.nrows = nitems(nd6_host_sysctls) };

void
nd6_host_init(void)
{
	sysctl_register(&nd6_host_table);
	if_observe(&host_observer);
}
