/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Wires: what wire.c (ends and messages) and wire_fault.c (what is bad about
 * them) share.
 */

#ifndef WIRE_H
#define WIRE_H

#include <machine/host.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In front of each frame in a message; the frame is padded to 8 bytes. */
struct wire_hdr {
	uint32_t len;
	uint8_t flags; /* HOSTIF_CSUM, HOSTIF_CSUMOK, HOSTIF_VLAN */
	uint8_t gso;
	uint16_t gso_size;
	uint16_t csum_start, csum_offset;
	uint16_t gso_hdrlen;
	uint16_t vlan_tci;
};
_Static_assert(sizeof(struct wire_hdr) == 16, "wire layout");

#define WIRE_FRAME_MAX 65600 /* 64 KB of IP and the Ethernet header */
#define WIRE_MSG_MAX   (128 * 1024)
#define WIRE_PAD(n)    (((n) + 7UL) & ~7UL)

/* Percentages in millionths; times in ns. */
struct wire_faults {
	uint32_t loss, dup, reorder, corrupt;
	uint64_t delay_ns, jitter_ns;
	uint64_t bandwidth; /* bit/s, 0: no limit */
	uint64_t seed;
	uint64_t busy_until_ns; /* the last bit of the frame before is out */
};

/* A frame that waits for its time. */
struct wire_late {
	struct wire_late *next;
	uint64_t due_ns;
	struct wire_hdr hdr;
	uint8_t data[];
};

/* Is anything bad at all? */
bool wire_fault_any(const struct wire_faults *wf);
/* Is it about single packets, so that none may stand for many? */
bool wire_fault_packets(const struct wire_faults *wf);
/* One draw: true with a chance of ppm millionths. */
bool wire_chance(struct wire_faults *wf, uint32_t ppm);
uint64_t wire_random(struct wire_faults *wf);
/*
 * Sets ("" to read) a property by its name in wire(4); its value goes to
 * out.  0, -EINVAL bad value, -EOPNOTSUPP unknown.
 */
int wire_fault_ctl(struct wire_faults *wf, const char *key, const char *val, char *out, size_t outlen);
/* When a frame of len bytes handed over now arrives. */
uint64_t wire_due(struct wire_faults *wf, uint64_t now_ns, uint32_t len);

#endif
