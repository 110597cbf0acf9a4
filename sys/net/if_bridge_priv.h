/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms of the bridge share. */

#ifndef _NET_IF_BRIDGE_PRIV_H_
#define _NET_IF_BRIDGE_PRIV_H_

#include <sys/drop.h>
#include <sys/queue.h>
#include <sys/timeout.h>
#include <crypto/siphash.h>
#include <net/if_bridge.h>
#include <net/if_var.h>

#define BRIDGE_HASH	   256
#define BRIDGE_MAXADDR	   100 /* as a bridge begins */
#define BRIDGE_MAXADDR_MAX 65536
#define BRIDGE_TIMEOUT	   240 /* seconds */
#define BRIDGE_TIMEOUT_MAX 86400

struct bridge_softc;
struct mbuf;
struct mbuf_list;

struct bridge_port {
	TAILQ_ENTRY(bridge_port) bp_entry;
	struct bridge_softc *bp_sc;
	struct ifnet *bp_ifp; /* referenced */
	uint32_t bp_flags;    /* IFBIF_* */
	uint32_t bp_protect;
	uint32_t bp_addrs; /* how many are behind it */
};
TAILQ_HEAD(bridge_ports, bridge_port);

struct bridge_addr {
	LIST_ENTRY(bridge_addr) ba_hash;
	TAILQ_ENTRY(bridge_addr) ba_entry; /* the longest unheard first */
	struct bridge_port *ba_port;
	uint64_t ba_heard_us; /* uptime */
	uint32_t ba_flags;    /* IFBAF_* */
	uint8_t ba_lladdr[6];
};

struct bridge_softc {
	struct ifnet sc_if;
	struct bridge_ports sc_ports, sc_spans;
	LIST_HEAD(, bridge_addr) sc_hash[BRIDGE_HASH];
	TAILQ_HEAD(bridge_addrs, bridge_addr) sc_addrs, sc_static;
	struct siphash_key sc_key;
	uint32_t sc_naddrs, sc_maxaddr, sc_timeout;
	struct timeout sc_age;
};

/* --- frames (if_bridge.c) --- */
/* Out by bp, whatever the filter thinks.  Takes m. */
void bridge_frame_send(struct bridge_port *bp, struct mbuf *m);
/* Takes m, counted for the bridge and for why. */
void bridge_lost(struct bridge_softc *sc, struct mbuf *m, enum drop_reason why);

/* --- what is in them (if_bridge_filter.c) --- */
/* The type behind up to two tags (host order), and how long the headers are. */
uint16_t bridge_frame_type(const struct mbuf *m, uint32_t *hdrlen);
/*
 * A frame that came by `from' is to cross the bridge: is its IP packet sound,
 * and does the filter let it in there?  The frame, maybe changed; NULL: it is
 * gone, waits, or was turned to this machine's own stack.  Without a filter,
 * and what is no IP: as it came.
 */
struct mbuf *bridge_filter_in(struct bridge_port *from, struct mbuf *m);
/* The same for the way out by `to', after it was let in by `from'. */
struct mbuf *bridge_filter_out(struct bridge_port *from, struct bridge_port *to, struct mbuf *m);
/*
 * A frame for one station that came by `from', or that the machine sends by it
 * (ours), is to leave by `to': the frame, or NULL: its packet does not fit there
 * and may not be cut, its sender was told and it is dropped as
 * DROP_BRIDGE_TOOBIG.
 */
struct mbuf *bridge_toobig(struct bridge_port *from, struct bridge_port *to, struct mbuf *m, bool ours);
/* The frame, which bridge_filter_in() has passed, also goes to this machine's
 * stack: the filter is not asked there again (for a vlan it is). */
void bridge_filter_done(struct mbuf *m);
/*
 * Makes a frame fit the MTU of `to': itself, or the fragments of its packet
 * with its link headers, at the end of ml.  Takes m; what cannot be made to fit
 * is dropped as DROP_BRIDGE_TOOBIG.
 */
void bridge_fit(struct bridge_port *to, struct mbuf *m, struct mbuf_list *ml);

/* --- addresses (if_bridge_addr.c) --- */
void bridge_addrinit(struct bridge_softc *sc);
/* Where the station is; NULL: not known. */
struct bridge_port *bridge_addr_find(struct bridge_softc *sc, const uint8_t lladdr[6]);
/* A frame from lladdr came by bp. */
void bridge_addr_learn(struct bridge_port *bp, const uint8_t lladdr[6]);
/* 0; ENOSPC, ENOMEM. */
int bridge_addr_static(struct bridge_port *bp, const uint8_t lladdr[6]);
int bridge_addr_delete(struct bridge_softc *sc, const uint8_t lladdr[6]); /* 0 or ENOENT */
/* Forgets those of bp (NULL: of all ports), the static ones too if so. */
void bridge_addr_flush(struct bridge_softc *sc, const struct bridge_port *bp, bool statics);
/* Fewer than there may be now: the longest unheard go. */
void bridge_addr_limit(struct bridge_softc *sc, uint32_t max);
void bridge_addr_timeout(struct bridge_softc *sc, uint32_t seconds);

/* --- calls (if_bridge_ctl.c) --- */
int bridge_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p);
void bridge_sysctlinit(void);
/* Is it a bridge?  NULL if not. */
struct bridge_softc *bridge_of(struct ifnet *ifp);
/* The member leaves. */
void bridge_port_remove(struct bridge_port *bp);

#endif
