/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The local port of a socket that asks for none (RFC 6056).
 *
 * bind:	the port is the socket's alone, as anybody may send to it.  The
 *		search begins at a random place (RFC 6056 3.3.1).
 * connect:	packets are told apart by all four numbers, so connections to
 *		different places share a port, also with those in TIME_WAIT.  What a
 *		socket has by bind, or without a peer, is not shared.  The
 *		search begins at a keyed hash of the three numbers that are known plus
 *		a counter (3.3.4); the hash chooses among several counters,
 *		and each goes on by a random step (3.3.5), so that ports to one
 *		place tell nothing about those to another.
 *
 * The range is net.inet.ip.porthifirst to porthilast.  connect prefers every
 * other port from the first, bind those between: connections without number
 * leave ports for bind.  A search looks at each port once at most.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <crypto/siphash.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>

#define PORT_COUNTERS 256
#define PORT_TRIES    64 /* in the preferred half, before the other */
#define PORT_STEP     8 /* a counter goes on by 1 to this */

static struct siphash_key port_key;
static uint32_t port_counter[PORT_COUNTERS];

struct port_range {
	uint32_t first, n;
	uint32_t half; /* 0: even distances from the first come first, 1: odd */
};

static struct port_range
port_range(uint32_t half)
{
	uint32_t lo = (uint32_t)MIN(ip_porthifirst, ip_porthilast),
		 hi = (uint32_t)MAX(ip_porthifirst, ip_porthilast);

	return ((struct port_range){ lo, hi - lo + 1, half });
}

static uint16_t
port_of_half(const struct port_range *r, uint32_t half, uint32_t i)
{
	return ((uint16_t)(r->first + 2 * i + half));
}

/*
 * The i-th port, below r->n, of a search that begins at at: some of the half
 * that is preferred, as many of the other, the rest of the one, the rest of the
 * other.  So a half that is used up costs little.
 */
static uint16_t
port_at(const struct port_range *r, uint32_t at, uint32_t i)
{
	uint32_t n = (r->n + 1 - r->half) / 2, other = r->n - n;
	uint32_t first = MIN(n, PORT_TRIES), second = MIN(other, PORT_TRIES);

	if (i < first)
		return (port_of_half(r, r->half, (at + i) % n));
	if (i < first + second)
		return (port_of_half(r, !r->half, (at + i - first) % other));
	if (i < n + second)
		return (port_of_half(r, r->half, (at + i - second) % n));
	return (port_of_half(r, !r->half, (at + i - n) % other));
}

uint16_t
in_pcb_port_bind(const struct inpcb *inp, uint8_t vers)
{
	const struct port_range r = port_range(1);
	uint32_t at = arc4random_uniform(r.n), i;
	const struct inpcb *old;
	uint16_t port;

	for (i = 0; i < r.n; i++) {
		port = port_at(&r, at, i);
		for (old = in_pcb_port_first(inp->inp_table, port); old != NULL;
		     old = LIST_NEXT(old, inp_byport))
			if (old->inp_lport == port &&
			    (old->inp_vers & vers) != 0)
				break;
		if (old == NULL)
			return (port);
	}
	return (0);
}

/* Is it somebody's who does not share it?  Those who do stand last. */
static bool
port_owned(const struct inpcb *inp, const struct in_pcb_key *k)
{
	uint8_t vers = k->af == AF_INET ? INP_IPV4 : INP_IPV6;
	const struct inpcb *old;

	for (old = in_pcb_port_first(inp->inp_table, k->lport);
	     old != NULL && !in_pcb_port_shared(old);
	     old = LIST_NEXT(old, inp_byport))
		if (old != inp && old->inp_lport == k->lport &&
		    (old->inp_vers & vers) != 0 &&
		    rtable_l2(old->inp_rtable) == rtable_l2(k->rtable))
			return (true);
	return (false);
}

uint16_t
in_pcb_port_connect(const struct inpcb *inp, const struct in_pcb_key *k)
{
	const uint64_t w[] = { k->laddr.q[0], k->laddr.q[1], k->faddr.q[0],
		k->faddr.q[1], (uint64_t)k->fport << 32 | k->rtable };
	const uint64_t h = siphash24_words(&port_key, w, nitems(w));
	const struct port_range r = port_range(0);
	uint32_t *counter = &port_counter[(h >> 32) % PORT_COUNTERS], i;
	struct in_pcb_key try = *k;

	for (i = 0; i < r.n; i++) {
		try.lport = port_at(&r, (uint32_t)h % r.n + *counter % r.n, i);
		if (try.lport == k->fport && ip_addr_eq(&k->laddr, &k->faddr))
			continue; /* it would talk with itself */
		if (port_owned(inp, &try) || in_pcb_conn_taken(inp, &try))
			continue;
		*counter += i + 1 + arc4random_uniform(PORT_STEP);
		return (try.lport);
	}
	return (0);
}

void
in_pcb_port_init(void)
{
	arc4random_buf(&port_key, sizeof(port_key));
}
