/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Duplicate address detection (RFC 4862 5.4, RFC 7527).
 *
 *	add ---> TENTATIVE --- dad_count probes, a second each ---> ours
 *	           |     ^ \-- our own probe came back: once more, other nonce
 *	           |     |
 *	   somebody probes or answers ---> DUPLICATED, until it is deleted
 *
 * Each probe carries a nonce.  A probe with our nonce is our own, come back
 * by a loop in the link: it proves nothing, and the question is put again.
 * While the link is down nobody could answer, so the address stays
 * tentative until there is carrier.  Optimistic DAD is not done.
 *
 * The first probe of an address that was made because an interface came up
 * waits up to a second, so that a house full of machines that got power at
 * once does not speak at once (RFC 4862 5.4.2).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/log.h>
#include <sys/malloc.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>

#define DAD_LOOPED_MAX 8 /* then the link is a loop, and the address ours */

struct nd6_dad {
	struct timeout timer;
	struct ifaddr *ifa; /* referenced */
	unsigned int sent, looped;
	uint8_t nonce[6];
	bool probing; /* nonce is that of a probe on its way */
};

static void
nd6_dad_end(struct ifaddr *ifa)
{
	struct nd6_dad *dad = ifa->ifa_proto;

	if (dad == NULL)
		return;
	ifa->ifa_proto = NULL;
	timeout_del(&dad->timer);
	free(dad, M_IFADDR, sizeof(*dad));
	ifa_put(ifa);
}

static void
nd6_dad_probe(struct nd6_dad *dad)
{
	struct ifaddr *ifa = dad->ifa;

	arc4random_buf(dad->nonce, sizeof(dad->nonce));
	dad->probing = true;
	dad->sent++;
	timeout_add_us(&dad->timer, in6_if(ifa->ifa_ifp)->i6_retrans_us);
	nd6_ns_output(ifa->ifa_ifp, NULL, &ifa->ifa_addr, dad->nonce, NULL);
}

static bool
nd6_dad_canhear(const struct ifnet *ifp)
{
	return ((ifp->if_flags & IFF_UP) != 0 &&
	    ifp->if_link_state != LINK_STATE_DOWN);
}

static void
nd6_dad_timer(void *arg)
{
	struct nd6_dad *dad = arg;
	struct ifaddr *ifa = dad->ifa;

	if (!nd6_dad_canhear(ifa->ifa_ifp)) { /* nd6_dad_resume() goes on */
		dad->sent = 0;
		dad->probing = false;
		return;
	}
	if (dad->sent < (unsigned int)ip6_dad_count) {
		nd6_dad_probe(dad);
		return;
	}
	nd6stat_inc(ND6S_DADUNIQUE);
	ifa_ref(ifa);
	nd6_dad_end(ifa);
	in6_addr_unique(ifa);
	ifa_put(ifa);
}

int
nd6_dad_start(struct ifaddr *ifa)
{
	struct nd6_dad *dad;

	nd6_dad_end(ifa);
	if ((dad = malloc(sizeof(*dad), M_IFADDR, M_ZERO)) == NULL)
		return (ENOMEM);
	dad->ifa = ifa;
	ifa_ref(ifa);
	timeout_set(&dad->timer, nd6_dad_timer, dad);
	ifa->ifa_proto = dad;
	ifa->ifa_flags = (ifa->ifa_flags & ~(uint32_t)IFA_DUPLICATED) |
	    IFA_TENTATIVE;
	nd6stat_inc(ND6S_DADTRIED);
	/* addresses of our own making come with the interface: spread them */
	timeout_add_us(&dad->timer,
	    (ifa->ifa_flags & IFA_AUTOCONF) != 0 ? arc4random_uniform(1000000) :
						   0);
	return (0);
}

void
nd6_dad_resume(struct ifnet *ifp)
{
	struct nd6_dad *dad;
	struct ifaddr *ifa;

	if (!nd6_dad_canhear(ifp))
		return;
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 && (dad = ifa->ifa_proto) != NULL &&
		    !timeout_pending(&dad->timer))
			timeout_add_us(&dad->timer, 0);
}

void
nd6_dad_stop(struct ifaddr *ifa)
{
	nd6_dad_end(ifa);
}

static void
nd6_dad_lost(struct ifaddr *ifa, const uint8_t *lladdr)
{
	nd6stat_inc(ND6S_DADDUP);
	nd6_dad_end(ifa);
	in6_addr_duplicate(ifa, lladdr);
}

enum drop_reason
nd6_dad_probed(struct ifaddr *ifa, const struct nd6_opts *o)
{
	struct nd6_dad *dad = ifa->ifa_proto;

	if (dad == NULL)
		return (DROP_IP6_TENTATIVE);
	if (o->has_nonce && dad->probing &&
	    memcmp(o->nonce, dad->nonce, sizeof(dad->nonce)) == 0) {
		nd6stat_inc(ND6S_DADLOOPED);
		if (dad->looped++ < DAD_LOOPED_MAX)
			dad->sent = MIN(dad->sent,
					(unsigned int)ip6_dad_count) -
			    1;
		return (DROP_ND6_LOOPED);
	}
	nd6_dad_lost(ifa, NULL);
	return (DROP_ND6_DUPLICATE);
}

void
nd6_dad_claimed(struct ifaddr *ifa, const uint8_t *lladdr)
{
	char buf[46];

	if ((ifa->ifa_flags & IFA_TENTATIVE) != 0) {
		nd6_dad_lost(ifa, lladdr);
		return;
	}
	if (lladdr != NULL && memcmp(lladdr, ifa->ifa_ifp->if_lladdr, 6) != 0 &&
	    icmp6_ratelimit())
		log(LOG_WARNING,
		    "%s: %02x:%02x:%02x:%02x:%02x:%02x claims our address %s",
		    ifa->ifa_ifp->if_xname, lladdr[0], lladdr[1], lladdr[2],
		    lladdr[3], lladdr[4], lladdr[5],
		    ip_ntop(AF_INET6, &ifa->ifa_addr, buf));
}
