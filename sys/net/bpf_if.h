/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Between the interfaces that are captured and the descriptors that capture. */

#ifndef _NET_BPF_IF_H_
#define _NET_BPF_IF_H_

#include <sys/types.h>
#include <sys/queue.h>

struct ifnet;
struct mbuf;

/* One who listens to an interface. */
struct bpf_listener {
	TAILQ_ENTRY(bpf_listener) bl_entry;
	/* A packet went by: hdr[hdrlen] stands in front of m.  Keeps nothing. */
	void (*bl_capture)(struct bpf_listener *bl, const void *hdr,
	    uint32_t hdrlen, const struct mbuf *m, int dir);
	/* The interface goes; the listener is off its list already. */
	void (*bl_gone)(struct bpf_listener *bl);
};

struct bpf_if {
	struct ifnet *bif_ifp;
	uint32_t bif_dlt, bif_hdrlen;
	TAILQ_HEAD(, bpf_listener) bif_listeners;
};

void bpf_listen(struct bpf_if *bif, struct bpf_listener *bl);
void bpf_unlisten(struct bpf_if *bif, struct bpf_listener *bl);

#endif
