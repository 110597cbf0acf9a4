/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Probes and answers as bytes.
 *
 * A probe carries its number where an ICMP error is sure to quote it: in the
 * first eight bytes behind the IP header.  UDP: base port plus number.  Echo:
 * the sequence.  Other protocols: ident and number as they are.  An answer is
 * ours when the quoted packet went to our target with our protocol and ident.
 */

#include <stdio.h>
#include <string.h>

#include <libutil/probe.h>

#include "tr_wire.h"

enum { V4_ECHOREPLY = 0, V4_UNREACH = 3, V4_ECHO = 8, V4_EXCEEDED = 11 };
enum {
	V6_UNREACH = 1,
	V6_TOOBIG = 2,
	V6_EXCEEDED = 3,
	V6_ECHO = 128,
	V6_ECHOREPLY = 129
};

static uint16_t
get16(const uint8_t *p)
{
	return ((uint16_t)(p[0] << 8 | p[1]));
}

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
tr_probe_write(const struct tr_way *w, uint16_t nr, uint8_t *buf, size_t len)
{
	size_t i;

	memset(buf, 0, TR_HEAD);
	for (i = TR_HEAD; i < len; i++)
		buf[i] = (uint8_t)i;
	if (w->kind == TR_UDP)
		return;
	if (w->kind == TR_OTHER) {
		put16(buf, w->ident);
		put16(buf + 2, nr);
		return;
	}
	buf[0] = w->v6 ? V6_ECHO : V4_ECHO;
	put16(buf + 4, w->ident);
	put16(buf + 6, nr);
	if (!w->v6) /* ICMPv6's is the kernel's to make */
		put16(buf + 2, probe_cksum(buf, len));
}

uint16_t
tr_probe_port(struct tr_way *w, uint16_t nr)
{
	w->nr = nr;
	return (w->sameport ? w->port : (uint16_t)(w->port + nr));
}

/* The number of the probe whose first bytes these are.  False: not ours. */
static bool
probe_read(const struct tr_way *w, const uint8_t *head, uint16_t *nr)
{
	switch (w->kind) {
	case TR_UDP:
		*nr = (uint16_t)(get16(head + 2) - w->port);
		if (w->sameport && *nr != 0)
			return (false);
		if (w->sameport)
			*nr = w->nr;
		return (get16(head) == w->ident);
	case TR_ECHO:
		*nr = get16(head + 6);
		return (head[0] == (w->v6 ? V6_ECHO : V4_ECHO) &&
		    get16(head + 4) == w->ident);
	case TR_OTHER:
		*nr = get16(head + 2);
		return (get16(head) == w->ident);
	}
	return (false);
}

/* The packet that an error quotes. */
static bool
quote_read4(const struct tr_way *w, const uint8_t *p, size_t len,
    struct tr_answer *a)
{
	size_t hlen;

	if (len < 20 || p[0] >> 4 != 4 || (hlen = (p[0] & 0xfU) * 4) < 20 ||
	    len < hlen + TR_HEAD)
		return (false);
	if (p[9] != w->proto || memcmp(p + 16, w->target, 4) != 0)
		return (false);
	a->quoted_ttl = p[8];
	return (probe_read(w, p + hlen, &a->nr));
}

static bool
quote_read6(const struct tr_way *w, const uint8_t *p, size_t len,
    struct tr_answer *a)
{
	size_t off = 40;
	uint8_t next;

	if (len < off + TR_HEAD || p[0] >> 4 != 6 ||
	    memcmp(p + 24, w->target, 16) != 0)
		return (false);
	next = p[6];
	if (next == 44) { /* a large probe was cut: its first fragment */
		next = p[off];
		off += 8;
	}
	if (next != w->proto || len < off + TR_HEAD)
		return (false);
	a->quoted_ttl = p[7];
	return (probe_read(w, p + off, &a->nr));
}

/* Is unreachable with this code how our probes end at the target? */
static bool
end_wanted(const struct tr_way *w, int code)
{
	if (w->kind == TR_UDP)
		return (code == (w->v6 ? 4 : 3));
	return (!w->v6 && w->kind == TR_OTHER && code == 2);
}

static enum tr_what
unreach_what(const struct tr_way *w, const struct tr_answer *a, bool fromtarget)
{
	return (fromtarget && end_wanted(w, a->code) ? TR_THERE : TR_ERROR);
}

static struct tr_answer
answer_read4(const struct tr_way *w, const uint8_t *p, size_t len,
    bool fromtarget)
{
	struct tr_answer a = { .what = TR_NOTOURS, .ttl = -1 };
	size_t hlen;

	if (len < 20 || (hlen = (p[0] & 0xfU) * 4) < 20 || len < hlen + 8)
		return (a);
	a.ttl = p[8];
	p += hlen;
	len -= hlen;
	a.type = p[0];
	a.code = p[1];
	if (a.type == V4_ECHOREPLY && w->kind == TR_ECHO &&
	    get16(p + 4) == w->ident && fromtarget) {
		a.nr = get16(p + 6);
		a.what = TR_THERE;
	} else if (a.type == V4_EXCEEDED && a.code == 0 &&
	    quote_read4(w, p + 8, len - 8, &a))
		a.what = TR_HOP;
	else if (a.type == V4_UNREACH && quote_read4(w, p + 8, len - 8, &a)) {
		a.mtu = a.code == 4 ? get16(p + 6) : 0;
		a.what = unreach_what(w, &a, fromtarget);
	}
	return (a);
}

static struct tr_answer
answer_read6(const struct tr_way *w, const uint8_t *p, size_t len,
    bool fromtarget)
{
	struct tr_answer a = { .what = TR_NOTOURS, .ttl = -1 };

	if (len < 8)
		return (a);
	a.type = p[0];
	a.code = p[1];
	if (a.type == V6_ECHOREPLY && w->kind == TR_ECHO &&
	    get16(p + 4) == w->ident && fromtarget) {
		a.nr = get16(p + 6);
		a.what = TR_THERE;
	} else if (a.type == V6_EXCEEDED && a.code == 0 &&
	    quote_read6(w, p + 8, len - 8, &a))
		a.what = TR_HOP;
	else if (a.type == V6_TOOBIG && quote_read6(w, p + 8, len - 8, &a)) {
		a.mtu = (unsigned int)get16(p + 4) << 16 | get16(p + 6);
		a.what = TR_ERROR;
	} else if (a.type == V6_UNREACH && quote_read6(w, p + 8, len - 8, &a))
		a.what = unreach_what(w, &a, fromtarget);
	else if (a.type == 4 && a.code == 1 && w->kind == TR_OTHER &&
	    fromtarget && quote_read6(w, p + 8, len - 8, &a))
		a.what =
		    TR_THERE; /* next header unknown: nobody has the protocol */
	return (a);
}

struct tr_answer
tr_answer_read(const struct tr_way *w, const uint8_t *p, size_t len,
    bool fromtarget)
{
	return (w->v6 ? answer_read6(w, p, len, fromtarget) :
			answer_read4(w, p, len, fromtarget));
}

const char *
tr_mark(bool v6, const struct tr_answer *a, char buf[16])
{
	static const char *const v4_marks[] = { "!N", "!H", "!P", "!", "!F",
		"!S", "!U", "!W", "!I", "!A", "!Z", "!Q", "!T", "!X", "!V",
		"!C" };
	static const char *const v6_marks[] = { "!N", "!A", "!S", "!H", "!" };
	int n = v6 ? 5 : 16;

	buf[0] = '\0';
	if (a->what == TR_THERE && a->ttl != -1 && a->ttl <= 1)
		snprintf(buf, 16,
		    "!"); /* its answers carry what was left of ours */
	if (a->what != TR_ERROR)
		return (buf);
	if (v6 && a->type == V6_TOOBIG)
		snprintf(buf, 16, "!F-%u", a->mtu);
	else if (!v6 && a->code == 4 && a->mtu != 0)
		snprintf(buf, 16, "!F-%u", a->mtu);
	else if (a->code < n)
		snprintf(buf, 16, "%s",
		    v6 ? v6_marks[a->code] : v4_marks[a->code]);
	else
		snprintf(buf, 16, "!<%d>", a->code);
	return (buf);
}
