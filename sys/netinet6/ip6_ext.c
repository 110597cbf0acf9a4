/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Extension headers (RFC 8200 4).
 *
 *	IPv6 | hop-by-hop | dest opts | routing | fragment | dest opts | transport
 *	      ^ only here               ^ type 0 refused     (ESP, AH, none: transports)
 *
 * Every router looks at hop-by-hop options, nobody but the receiver at the
 * rest.  Limits (RFC 8504 5.3): 8 headers, 1024 bytes of them, 32 options in
 * one header; 7 bytes of padding in a row.  What goes beyond is dropped.
 *
 * An option nobody knows says itself what is to be done (its two highest
 * bits): 00 skip it, 01 drop the packet, 10 drop and tell the sender, 11
 * tell him unless it was a multicast.
 *
 * Words.  The place of a header is its offset from the IPv6 header; nxtoff
 * is the place of the byte that names the header or transport, which an
 * ICMPv6 parameter problem has to point at.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>

#define EXT_MAX       8
#define EXT_BYTES_MAX 1024
#define EXT_OPTS_MAX  32
#define EXT_PAD_MAX   7

#define IP6OPT_PAD1        0x00
#define IP6OPT_PADN        0x01
#define IP6OPT_ROUTERALERT 0x05
#define IP6OPT_JUMBO       0xc2
#define IP6OPT_ACTION(t)   ((t) >> 6)

/* Why and where: type and code of the error to send, if one is to be sent. */
struct ext_fault {
	enum drop_reason why; /* DROP_NONE: nothing is wrong */
	bool tell;
	uint8_t code;
	uint32_t place;
};

static void
ext_refuse(struct mbuf *m, const struct ext_fault *f)
{
	if (!f->tell) {
		m_drop(m, f->why);
		return;
	}
	drop_count(f->why);
	icmp6_error(m, ICMP6_PARAM_PROB, f->code, f->place);
}

/* --- options --- */

static struct ext_fault
ext_option_unknown(const struct mbuf *m, uint8_t type, uint32_t place)
{
	struct ip_addr dst = ip6_dst(mtod(m, const struct ip6_hdr *));
	struct ext_fault f = { .code = ICMP6_PARAMPROB_OPTION, .place = place };

	switch (IP6OPT_ACTION(type)) {
	case 0:
		break;
	case 1:
		f.why = DROP_IP6_OPTSKIP;
		break;
	case 2:
		f.why = DROP_IP6_OPTSKIP;
		f.tell = true;
		break;
	default:
		f.why = DROP_IP6_OPTSKIP;
		f.tell = !in6_ismulticast(&dst);
		break;
	}
	return (f);
}

/* One option whose body is len bytes; hop: in a hop-by-hop header. */
static struct ext_fault
ext_option(const struct mbuf *m, uint8_t type, uint8_t len, uint32_t place,
    bool hop)
{
	struct ext_fault ok = { .why = DROP_NONE },
			 bad = { .why = DROP_IP6_BADOPT };

	if (type == IP6OPT_PADN)
		return (len + 2 <= EXT_PAD_MAX ? ok : bad);
	if (type == IP6OPT_ROUTERALERT && hop)
		return (len == 2 ? ok : bad);
	if (type == IP6OPT_JUMBO && hop)
		return ((struct ext_fault){ .why = DROP_IP6_JUMBO,
		    .tell = true,
		    .code = ICMP6_PARAMPROB_HEADER,
		    .place = place });
	return (ext_option_unknown(m, type, place));
}

/* The options in c, which stand from place on. */
static struct ext_fault
ext_options(const struct mbuf *m, struct cursor *c, uint32_t place, bool hop)
{
	struct ext_fault f = { .why = DROP_NONE };
	uint32_t at, pad = 0, n;
	size_t all = c->left;
	uint8_t type, len;

	for (n = 0; c->left > 0; n++) {
		at = place + (uint32_t)(all - c->left);
		f.why = DROP_IP6_BADOPT;
		if (n == EXT_OPTS_MAX || cur_u8(c, &type) == -1)
			return (f);
		if (type == IP6OPT_PAD1) {
			if (++pad > EXT_PAD_MAX)
				return (f);
			continue;
		}
		pad = 0;
		if (cur_u8(c, &len) == -1 || cur_skip(c, len) == -1)
			return (f);
		f = ext_option(m, type, len, at, hop);
		if (f.why != DROP_NONE)
			return (f);
	}
	f.why = DROP_NONE;
	return (f);
}

/* --- one header --- */

struct ext_hdr {
	uint8_t nxt;
	uint32_t len; /* with its first eight bytes */
};

/* The header at off.  0, or EINVAL when the packet ends inside it. */
static int
ext_read(const struct mbuf *m, uint32_t off, struct ext_hdr *h)
{
	const uint8_t *p;
	uint8_t buf[2];

	if ((p = m_peek(m, off, 2, buf)) == NULL)
		return (EINVAL);
	h->nxt = p[0];
	h->len = (p[1] + 1U) * 8;
	return (off + h->len <= m->m_pkthdr.len ? 0 : EINVAL);
}

/* The options header at off: judged. */
static struct ext_fault
ext_options_header(const struct mbuf *m, uint32_t off, const struct ext_hdr *h,
    bool hop)
{
	uint8_t buf[EXT_BYTES_MAX];
	struct cursor c;
	const void *p;

	if (h->len > sizeof(buf) || (p = m_peek(m, off, h->len, buf)) == NULL)
		return ((struct ext_fault){ .why = DROP_IP6_EXTLIMIT });
	cur_init(&c, p, h->len);
	(void)cur_skip(&c, 2);
	return (ext_options(m, &c, off + 2, hop));
}

/*
 * RFC 8200 4.4, RFC 5095: nobody obeys a type 0, and the others are unknown
 * here.  Nothing left to visit: the header may be passed over, except type 0.
 */
static struct ext_fault
ext_routing_header(const struct mbuf *m, uint32_t off)
{
	struct ext_fault f = { .why = DROP_IP6_RTHDR,
		.tell = true,
		.code = ICMP6_PARAMPROB_HEADER,
		.place = off + 2 };
	uint8_t b[4];

	if (m_copydata(m, off, sizeof(b), b) != 0)
		return ((struct ext_fault){ .why = DROP_IP6_EXTSHORT });
	if (b[2] != 0 && b[3] == 0)
		f.why = DROP_NONE;
	return (f);
}

int
ip6_hopopts(struct ifnet *ifp, struct mbuf **mp)
{
	struct mbuf *m = *mp;
	struct ext_fault f = { .why = DROP_IP6_EXTSHORT };
	struct ext_hdr h;

	ip6stat_inc(IP6S_HOPOPTS);
	if (ext_read(m, sizeof(struct ip6_hdr), &h) == 0)
		f = ext_options_header(m, sizeof(struct ip6_hdr), &h, true);
	if (f.why == DROP_NONE)
		return (0);
	*mp = NULL;
	ext_refuse(m, &f);
	return (EINVAL);
}

/* --- the chain --- */

/* Is this a header of the chain that can be passed by its length field? */
static bool
ext_ispassed(uint8_t proto)
{
	return (proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	    proto == IPPROTO_DSTOPTS);
}

int
ip6_transport(const struct mbuf *m, uint32_t *off, uint8_t *proto,
    uint32_t *nxtoff)
{
	struct ext_hdr h;
	unsigned int n;

	*off = sizeof(struct ip6_hdr);
	*nxtoff = offsetof(struct ip6_hdr, ip6_nxt);
	if (m_copydata(m, *nxtoff, 1, proto) != 0)
		return (EINVAL);
	for (n = 0; ext_ispassed(*proto); n++) {
		if (n == EXT_MAX || ext_read(m, *off, &h) != 0)
			return (EINVAL);
		*proto = h.nxt;
		*nxtoff = *off;
		*off += h.len;
	}
	return (0);
}

int
ip6_unfragmentable(const struct mbuf *m, uint32_t *len, uint32_t *nxtoff)
{
	uint32_t off = sizeof(struct ip6_hdr),
		 at = offsetof(struct ip6_hdr, ip6_nxt);
	struct ext_hdr h;
	unsigned int n;
	uint8_t proto;

	*len = off;
	*nxtoff = at;
	if (m_copydata(m, at, 1, &proto) != 0)
		return (EINVAL);
	/* up to and with the last hop-by-hop or routing header */
	for (n = 0; ext_ispassed(proto); n++) {
		if (n == EXT_MAX || ext_read(m, off, &h) != 0)
			return (EINVAL);
		at = off;
		off += h.len;
		if (proto != IPPROTO_DSTOPTS) {
			*len = off;
			*nxtoff = at;
		}
		proto = h.nxt;
	}
	return (0);
}

/* What a receiver makes of the header proto at ctx->off. */
static struct ext_fault
ext_receive(const struct mbuf *m, const struct ip_input_ctx *ctx,
    struct ext_hdr *h)
{
	if (ext_read(m, ctx->off, h) != 0)
		return ((struct ext_fault){ .why = DROP_IP6_EXTSHORT });
	switch (ctx->proto) {
	case IPPROTO_HOPOPTS:
		/* judged already, and it stands nowhere but first (RFC 8200 4.1) */
		if (ctx->off == sizeof(struct ip6_hdr))
			return ((struct ext_fault){ .why = DROP_NONE });
		return ((struct ext_fault){ .why = DROP_IP6_EXTORDER,
		    .tell = true,
		    .code = ICMP6_PARAMPROB_NEXTHEADER,
		    .place = ctx->nxtoff });
	case IPPROTO_ROUTING:
		return (ext_routing_header(m, ctx->off));
	default:
		return (ext_options_header(m, ctx->off, h, false));
	}
}

/* Passes headers up to a fragment header or the transport. */
static struct ext_fault
ext_pass(const struct mbuf *m, struct ip_input_ctx *ctx, unsigned int *n)
{
	struct ext_fault f = { .why = DROP_NONE };
	struct ext_hdr h;

	while (ext_ispassed(ctx->proto)) {
		if (++*n > EXT_MAX || ctx->off > EXT_BYTES_MAX)
			return ((struct ext_fault){ .why = DROP_IP6_EXTLIMIT });
		f = ext_receive(m, ctx, &h);
		if (f.why != DROP_NONE)
			return (f);
		ctx->proto = h.nxt;
		ctx->nxtoff = ctx->off;
		ctx->off += h.len;
	}
	return (f);
}

static void
ext_start(const struct mbuf *m, struct ip_input_ctx *ctx)
{
	const struct ip6_hdr *ip6 = mtod(m, const struct ip6_hdr *);

	ctx->proto = ip6->ip6_nxt;
	ctx->nxtoff = offsetof(struct ip6_hdr, ip6_nxt);
	ctx->off = sizeof(struct ip6_hdr);
}

struct mbuf *
ip6_headers(struct mbuf *m, struct ip_input_ctx *ctx)
{
	struct ext_fault f;
	unsigned int n = 0;

	ext_start(m, ctx);
	f = ext_pass(m, ctx, &n);
	if (f.why == DROP_NONE && ctx->proto == IPPROTO_FRAGMENT) {
		if ((m = ip6_frag_input(m, ctx, NULL)) == NULL)
			return (NULL);
		/* whole: from the start, since its headers have moved */
		ctx->frag = true;
		ext_start(m, ctx);
		n = 0;
		f = ext_pass(m, ctx, &n);
		if (f.why == DROP_NONE && ctx->proto == IPPROTO_FRAGMENT)
			f.why = DROP_IP6_EXTORDER; /* a fragment of fragments */
	}
	if (f.why == DROP_NONE && ctx->proto == IPPROTO_NONE)
		f.why = DROP_IP6_NONXT;
	if (f.why == DROP_NONE)
		return (m);
	ext_refuse(m, &f);
	return (NULL);
}
