/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms that write into packets share (pf_nat*.c, pf_afto.c). */

#ifndef _NET_PF_PF_NAT_H_
#define _NET_PF_PF_NAT_H_

#include <net/pf/pf_desc.h>

/* The sum (as it stands in a packet) when n bytes, even, at an even place,
 * change from one to the other (RFC 1624). */
uint16_t pf_sum_shift(uint16_t sum, const uint8_t *from, const uint8_t *to,
    uint32_t n);
/* The same for the checksum field at off of pd->m.  False: no memory. */
bool pf_sum_mend(struct pf_desc *pd, uint32_t off, const void *from,
    const void *to, uint32_t n, bool udp);
/* Where the transport's checksum covers the addresses: 0 for one without, or
 * when it is not in this fragment. */
uint32_t pf_sum_place(const struct pf_desc *pd);
/* pd->now into the packet, in its family.  False: no memory. */
bool pf_nat_addrs(struct pf_desc *pd);
bool pf_nat_ports(struct pf_desc *pd);
/* Is pd redirected to a loopback address, from another interface?  Sockets
 * match it in inverted order then (in_pcb_input()). */
bool pf_nat_tolocal(const struct pf_desc *pd);
/* An ICMP error with pd->st: what it quotes, then its own header, both
 * families.  PF_PASS, or PF_DROP with reason.  (pf_nat_icmp.c) */
enum pf_verdict pf_nat_error(struct pf_desc *pd);
/* The whole packet in the other family (RFC 7915).  (pf_afto.c) */
enum pf_verdict pf_afto_apply(struct pf_desc *pd);
/* The same for an ICMP error that quotes q, whose ends shall be now. */
enum pf_verdict pf_afto_error(struct pf_desc *pd, const struct pf_quote *q,
    const struct pf_ends *now);

#endif
