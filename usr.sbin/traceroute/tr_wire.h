/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What traceroute sends and what may come back, as bytes. */

#ifndef TR_WIRE_H
#define TR_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes behind the IP header that every probe has: a UDP or ICMP header, or
 * ident and number for other protocols. */
#define TR_HEAD 8

enum tr_kind { TR_UDP, TR_ECHO, TR_OTHER };

struct tr_way {
	bool v6;
	enum tr_kind kind;
	uint8_t proto;      /* of the probes */
	uint16_t ident;     /* source port of UDP, id of an echo */
	uint16_t port;      /* base of the destination ports */
	bool sameport;      /* all to that one; then nr below tells */
	uint16_t nr;        /* of the probe that is answered now */
	uint8_t target[16]; /* 4 bytes used for IPv4 */
};

/*
 * Writes the transport part of probe nr, len bytes of which TR_HEAD are its
 * head; for UDP only the payload behind the head is written.
 */
void tr_probe_write(const struct tr_way *w, uint16_t nr, uint8_t *buf,
    size_t len);

/* The port that UDP probe nr goes to; w->nr becomes nr. */
uint16_t tr_probe_port(struct tr_way *w, uint16_t nr);

enum tr_what {
	TR_NOTOURS, /* somebody else's, or not readable */
	TR_HOP,     /* a router: the hop limit ended there */
	TR_THERE,   /* the target itself */
	TR_ERROR,   /* an end, but not the one we wanted: see code */
};
struct tr_answer {
	enum tr_what what;
	uint16_t nr;
	int type, code; /* of the ICMP message */
	int ttl;        /* of the answer, -1 unknown (v6: not in the message) */
	unsigned int mtu; /* of "need fragment" and "too big", 0 none */
	int quoted_ttl;   /* what was left of the probe's hop limit */
};
/*
 * Reads what a raw ICMP socket gave: over IPv4 from the IP header on, over
 * IPv6 from the ICMPv6 header on.  fromtarget: the sender is the target.
 */
struct tr_answer tr_answer_read(const struct tr_way *w, const uint8_t *p,
    size_t len, bool fromtarget);

/* The mark behind a time: "!H", "!<13>", or "". */
const char *tr_mark(bool v6, const struct tr_answer *a, char buf[16]);

#endif
