/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Options of a segment (RFC 9293 3.2, 7323, 2018).
 *
 * Reading: one row per kind that we know, with its length; an option of
 * another length is passed over, as is an unknown kind; one that runs past
 * the header spoils the segment.  Writing: in the order in which most
 * systems expect them, padded in front with NOPs so that numbers are aligned.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/endian.h>
#include <netinet/tcp_var.h>

static void
read_mss(struct tcp_opts *o, struct cursor *c)
{
	o->has_mss = cur_u16(c, &o->mss) == 0;
}

static void
read_wscale(struct tcp_opts *o, struct cursor *c)
{
	o->has_wscale = cur_u8(c, &o->wscale) == 0;
	if (o->wscale > TCP_WSCALE_MAX) /* RFC 7323 2.3 */
		o->wscale = TCP_WSCALE_MAX;
}

static void
read_sackok(struct tcp_opts *o, struct cursor *c)
{
	o->sackok = true;
}

static void
read_tstamp(struct tcp_opts *o, struct cursor *c)
{
	o->has_tstamp = cur_u32(c, &o->tsval) == 0 &&
	    cur_u32(c, &o->tsecr) == 0;
}

static void
read_sack(struct tcp_opts *o, struct cursor *c)
{
	struct tcp_sack s;

	while (o->nsacks < TCP_SACKS_MAX && cur_u32(c, &s.start) == 0 &&
	    cur_u32(c, &s.end) == 0)
		o->sack[o->nsacks++] = s;
}

static void
read_md5(struct tcp_opts *o, struct cursor *c)
{
	o->has_md5 = cur_bytes(c, o->md5, sizeof(o->md5)) == 0;
}

/* len: of the whole option; 0: any number of eight bytes behind the first two */
static const struct {
	uint8_t len;
	void (*read)(struct tcp_opts *o, struct cursor *c);
} kinds[] = {
	[TCPOPT_MSS] = { TCPOLEN_MSS, read_mss },
	[TCPOPT_WSCALE] = { TCPOLEN_WSCALE, read_wscale },
	[TCPOPT_SACKOK] = { TCPOLEN_SACKOK, read_sackok },
	[TCPOPT_SACK] = { 0, read_sack },
	[TCPOPT_TSTAMP] = { TCPOLEN_TSTAMP, read_tstamp },
	[TCPOPT_MD5] = { TCPOLEN_MD5, read_md5 },
};

static bool
kind_fits(uint8_t kind, uint8_t len)
{
	if (kind >= nitems(kinds) || kinds[kind].read == NULL)
		return (false);
	if (kinds[kind].len != 0)
		return (kinds[kind].len == len);
	return (len > 2 && (len - 2) % 8 == 0);
}

bool
tcp_opts_read(struct tcp_opts *o, const uint8_t *p, uint32_t len)
{
	struct cursor c, body;
	uint8_t kind, n;

	memset(o, 0, sizeof(*o));
	cur_init(&c, p, len);
	while (cur_u8(&c, &kind) == 0 && kind != TCPOPT_EOL) {
		if (kind == TCPOPT_NOP)
			continue;
		if (cur_u8(&c, &n) != 0 || n < 2 ||
		    cur_sub(&c, n - 2U, &body) != 0)
			return (false);
		if (kind_fits(kind, n))
			kinds[kind].read(o, &body);
	}
	return (true);
}

/* --- out --- */

static uint32_t
write_tstamp(const struct tcp_opts *o, uint8_t *p)
{
	/* SACKOK takes the place of the two NOPs in a SYN */
	p[0] = o->sackok ? TCPOPT_SACKOK : TCPOPT_NOP;
	p[1] = o->sackok ? TCPOLEN_SACKOK : TCPOPT_NOP;
	p[2] = TCPOPT_TSTAMP;
	p[3] = TCPOLEN_TSTAMP;
	be32enc(p + 4, o->tsval);
	be32enc(p + 8, o->tsecr);
	return (12);
}

static uint32_t
write_sacks(const struct tcp_opts *o, uint8_t *p, uint32_t room)
{
	uint32_t n, i;

	if (room < 12)
		return (0);
	n = MIN((uint32_t)o->nsacks, (room - 4) / 8);
	p[0] = p[1] = TCPOPT_NOP;
	p[2] = TCPOPT_SACK;
	p[3] = (uint8_t)(2 + n * 8);
	for (i = 0; i < n; i++) {
		be32enc(p + 4 + i * 8, o->sack[i].start);
		be32enc(p + 8 + i * 8, o->sack[i].end);
	}
	return (4 + n * 8);
}

uint32_t
tcp_opts_write(const struct tcp_opts *o, uint8_t out[TCP_OPTIONS_MAX])
{
	uint32_t at = 0;

	if (o->has_md5) { /* first: tcp_emit() finds it there */
		out[0] = out[1] = TCPOPT_NOP;
		out[2] = TCPOPT_MD5;
		out[3] = TCPOLEN_MD5;
		memcpy(out + 4, o->md5, sizeof(o->md5));
		at = 20;
	}
	if (o->has_mss) {
		out[at] = TCPOPT_MSS;
		out[at + 1] = TCPOLEN_MSS;
		be16enc(out + at + 2, o->mss);
		at += 4;
	}
	if (o->has_tstamp) {
		at += write_tstamp(o, out + at);
	} else if (o->sackok) {
		out[at] = out[at + 1] = TCPOPT_NOP;
		out[at + 2] = TCPOPT_SACKOK;
		out[at + 3] = TCPOLEN_SACKOK;
		at += 4;
	}
	if (o->has_wscale) {
		out[at] = TCPOPT_NOP;
		out[at + 1] = TCPOPT_WSCALE;
		out[at + 2] = TCPOLEN_WSCALE;
		out[at + 3] = o->wscale;
		at += 4;
	}
	if (o->nsacks > 0)
		at += write_sacks(o, out + at, TCP_OPTIONS_MAX - at);
	return (at);
}
