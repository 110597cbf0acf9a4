/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ARP, and the addresses of IPv4 interfaces. */

#ifndef _NETINET_IF_ETHER_H_
#define _NETINET_IF_ETHER_H_

#include <sys/types.h>
#include <net/if_var.h>

/*
 * An entry hangs at a host route (rt_llinfo).  Programs see it in the route:
 * rt_gwaf AF_LINK and the link address in rt_gateway.b[0..5] once it is known,
 * rt_expire_us.  They make one by adding a host route with such a gateway:
 * RTF_STATIC never expires, RTF_PROTO2 publishes it (we answer for it).
 */
enum arp_state {
	ARP_IDLE,   /* nobody has asked yet */
	ARP_ASKING, /* requests go out, packets wait */
	ARP_KNOWN,  /* until it expires */
	ARP_SILENT, /* nobody answered: packets die at once, for a while */
	ARP_FIXED,  /* by hand */
	ARP_NSTATES
};
enum arp_state arp_state(
    const struct rtentry *rt); /* of a route with rt_llinfo */

void arpinit(void);
/* fam_resolve of IPv4. */
int arp_resolve(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt, uint8_t lladdr[6]);
/* From the link, m_data behind the Ethernet header.  Takes m. */
void arp_input(struct ifnet *ifp, struct mbuf *m);
/* Says to all on the link who has ifa's address. */
void arp_announce(const struct ifaddr *ifa);

/*
 * fam_addr_add and fam_addr_del of IPv4 (in_addr.c).  EINVAL an address that
 * no host can have or a bad prefix length, EADDRNOTAVAIL nothing to delete,
 * EEXIST the address is on another interface of the table, ENOMEM.
 */
void in_addr_init(void);
int in_addr_add(struct ifnet *ifp, const struct if_addrreq *req,
    struct proc *p);
int in_addr_del(struct ifnet *ifp, const struct if_addrreq *req,
    struct proc *p);

#endif
