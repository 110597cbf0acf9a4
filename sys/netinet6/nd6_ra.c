/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Router solicitations and advertisements as messages (RFC 4861 6, 4191).
 *
 * An advertisement is gone through twice.  The first time it is only judged:
 * header, source, and every option's length; one that is unsound in any part
 * is dropped whole, with a reason.  The second time its options are handed
 * over one by one to those who keep routers and prefixes; what such an option
 * says may be refused there, and is counted, while the others still hold.
 *
 *	nd6_ra_input()	  judge: ra_judge(), ra_options()
 *			  link address, header: nd6_host_ra()
 *			  ra_apply(): prefixes, routes, name servers
 *
 * This host sends solicitations; it advertises nothing.
 *
 * Read on: nd6_host.c, what an interface does with it.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include <netinet6/nd6_host.h>

#define RA_LEN       16 /* header of an advertisement */
#define RA_MANAGED   0x80
#define RA_OTHER     0x40
#define PIO_ONLINK   0x80
#define PIO_AUTOCONF 0x40

#define OPT_PREFIX 3
#define OPT_MTU    5
#define OPT_ROUTE  24
#define OPT_RDNSS  25 /* RFC 8106 */
#define OPT_DNSSL  31

/* --- solicitations --- */

enum drop_reason
nd6_rs_input(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct nd6_opts o;

	icmp6stat_inc(ICMP6S_RS_IN);
	if (len < 8)
		return (DROP_ICMP6_BADLEN);
	if (nd6_options(m, ctx->off + 8, len - 8, &o) != 0 ||
	    (o.has_slla && ip_addr_iszero(&ctx->src)))
		return (DROP_ICMP6_BADOPT);
	if (ip6_forwarding != 0 && o.has_slla && (o.slla[0] & 1) == 0 &&
	    in6_onlink(ctx->ifp, &ctx->src))
		nd6_hint(ctx->ifp, &ctx->src, o.slla);
	return (DROP_ICMP6_RA);
}

void
nd6_rs_output(struct ifnet *ifp)
{
	const struct ifaddr *ifa = in6_ifa_linklocal(ifp);
	struct mbuf *m;
	uint8_t *p;

	if (ifa == NULL) {
		drop_count(DROP_ICMP6_NOSOURCE);
		return;
	}
	if ((m = icmp6_new(&ifa->ifa_addr, &in6addr_allrouters, 255, 16)) ==
	    NULL)
		return;
	p = mtod(m, uint8_t *) + sizeof(struct ip6_hdr);
	p[0] = ND_ROUTER_SOLICIT;
	p[8] = ND_OPT_SOURCE_LLADDR;
	p[9] = 1;
	memcpy(p + 10, ifp->if_lladdr, 6);
	icmp6stat_inc(ICMP6S_RS_OUT);
	(void)ip6_send_link(ifp, m);
}

/* --- options of an advertisement --- */

/* One option: its bytes as far as anybody here reads them. */
#define OPT_BYTES 32
struct ra_opt {
	uint8_t type;
	uint32_t len; /* with type and length */
	uint8_t b[OPT_BYTES];
};

/* The option at *off, which moves behind it.  0, or EINVAL. */
static int
ra_opt_next(const struct mbuf *m, uint32_t *off, uint32_t end, struct ra_opt *o)
{
	uint8_t head[2];

	if (end - *off < sizeof(head) ||
	    m_copydata(m, *off, sizeof(head), head) != 0)
		return (EINVAL);
	o->type = head[0];
	o->len = head[1] * 8U;
	if (o->len == 0 || o->len > end - *off)
		return (EINVAL);
	if (m_copydata(m, *off, MIN(o->len, OPT_BYTES), o->b) != 0)
		return (EINVAL);
	*off += o->len;
	return (0);
}

/* A preference of two bits; the fourth value is reserved: INT8_MIN. */
static int8_t
ra_preference(uint8_t flags)
{
	static const int8_t preference[] = { 0, 1, INT8_MIN, -1 };

	return (preference[flags >> 3 & 3]);
}

/* RFC 4191 2.3: one word more for each 64 bits of prefix.  False: unsound. */
static bool
ra_route_read(const struct ra_opt *o, struct nd6_rio *rio)
{
	memset(rio, 0, sizeof(*rio));
	rio->plen = o->b[2];
	rio->preference = ra_preference(o->b[3]);
	if (o->len > 24 || rio->plen > 128 || rio->preference == INT8_MIN ||
	    rio->plen > (o->len - 8) * 8)
		return (false);
	rio->lifetime = be32dec(o->b + 4);
	memcpy(rio->prefix.b, o->b + 8, o->len - 8);
	ip_addr_mask(&rio->prefix, rio->plen);
	return (true);
}

/* RFC 4861 4.6.2.  False: unsound. */
static bool
ra_prefix_read(const struct ra_opt *o, struct nd6_pio *pio)
{
	if (o->len != 32 || o->b[2] > 128)
		return (false);
	*pio = (struct nd6_pio){ .plen = o->b[2],
		.onlink = (o->b[3] & PIO_ONLINK) != 0,
		.autoconf = (o->b[3] & PIO_AUTOCONF) != 0,
		.vltime = be32dec(o->b + 4),
		.pltime = be32dec(o->b + 8),
		.prefix = ip_addr_v6(o->b + 16) };
	ip_addr_mask(&pio->prefix, pio->plen);
	return (true);
}

/* What the header's part of the work has to know of an option beforehand. */
static int
ra_opt_note(const struct ra_opt *o, struct nd6_ra *ra)
{
	struct nd6_rio rio;

	switch (o->type) {
	case ND_OPT_SOURCE_LLADDR:
		if (o->len != 8 || !nd6_lladdr_sane(o->b + 2))
			return (EINVAL);
		ra->has_slla = true;
		memcpy(ra->slla, o->b + 2, sizeof(ra->slla));
		break;
	case OPT_MTU:
		if (o->len != 8)
			return (EINVAL);
		ra->mtu = be32dec(o->b + 4);
		break;
	case OPT_ROUTE:
		if (ra_route_read(o, &rio) && rio.plen == 0)
			ra->has_default = true;
		break;
	default:
		break;
	}
	return (0);
}

static int
ra_options(const struct mbuf *m, uint32_t off, uint32_t end, struct nd6_ra *ra)
{
	struct ra_opt o;

	while (off < end)
		if (ra_opt_next(m, &off, end, &o) != 0 ||
		    ra_opt_note(&o, ra) != 0)
			return (EINVAL);
	return (0);
}

/* --- advertisements --- */

/* RFC 4861 6.1.2; hop limit, checksum and code were seen by icmp6.c. */
static enum drop_reason
ra_judge(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len,
    struct nd6_ra *ra)
{
	uint8_t h[RA_LEN];

	memset(ra, 0, sizeof(*ra));
	if (len < RA_LEN || m_copydata(m, ctx->off, sizeof(h), h) != 0)
		return (DROP_ICMP6_BADLEN);
	if (!in6_islinklocal(&ctx->src))
		return (DROP_ICMP6_BADADDR);
	if (ifa_onif(ctx->ifp, AF_INET6, &ctx->src) != NULL)
		return (DROP_ND6_LOOPED);
	ra->hlim = h[4];
	ra->managed = (h[5] & RA_MANAGED) != 0;
	ra->other = (h[5] & RA_OTHER) != 0;
	/* RFC 4191 2.2: the reserved value is read as medium */
	if ((ra->preference = ra_preference(h[5])) == INT8_MIN)
		ra->preference = 0;
	ra->lifetime_s = be16dec(h + 6);
	ra->reachable_ms = be32dec(h + 8);
	ra->retrans_ms = be32dec(h + 12);
	if (ra_options(m, ctx->off + RA_LEN, ctx->off + len, ra) != 0)
		return (DROP_ICMP6_BADOPT);
	return (DROP_NONE);
}

static void
ra_opt_apply(struct nd6_host *ho, const struct ip_addr *router,
    const struct ra_opt *o, uint64_t now)
{
	struct nd6_pio pio;
	struct nd6_rio rio;

	if (o->type == OPT_PREFIX) {
		if (ra_prefix_read(o, &pio))
			nd6_prefix_set(ho, router, &pio, now);
		else
			nd6stat_inc(ND6S_PREFIX_BAD);
	} else if (o->type == OPT_ROUTE) {
		if (ra_route_read(o, &rio))
			nd6_way_set(ho, router, &rio, now);
		else
			nd6stat_inc(ND6S_ROUTE_BAD);
	}
}

static void
ra_apply(struct nd6_host *ho, const struct mbuf *m,
    const struct ip_input_ctx *ctx, uint32_t len, uint64_t now)
{
	uint32_t off = ctx->off + RA_LEN, end = ctx->off + len, at;
	struct ra_opt o;
	bool good;

	for (at = off; at < end && ra_opt_next(m, &off, end, &o) == 0;
	     at = off) {
		good = true;
		if (o.type == OPT_RDNSS)
			good = nd6_dns_servers(ho, &ctx->src, m, at, o.len,
			    now);
		else if (o.type == OPT_DNSSL)
			good = nd6_dns_search(ho, &ctx->src, m, at, o.len, now);
		else
			ra_opt_apply(ho, &ctx->src, &o, now);
		if (!good)
			nd6stat_inc(ND6S_DNS_BAD);
	}
}

enum drop_reason
nd6_ra_input(const struct mbuf *m, const struct ip_input_ctx *ctx, uint32_t len)
{
	struct nd6_host *ho = nd6_host(ctx->ifp);
	uint64_t now = uptime_us();
	enum drop_reason why;
	struct nd6_nbr *nn;
	struct nd6_ra ra;

	icmp6stat_inc(ICMP6S_RA_IN);
	if ((why = ra_judge(m, ctx, len, &ra)) != DROP_NONE)
		return (why);
	if (ra.has_slla)
		nd6_hint(ctx->ifp, &ctx->src, ra.slla);
	if ((nn = nd6_lookup(ctx->ifp, &ctx->src)) != NULL)
		nd6_router(nn, true);
	if (ho == NULL || !ho->ho_running)
		return (DROP_ICMP6_RA);
	nd6_host_ra(ho, &ctx->src, &ra, now);
	ra_apply(ho, m, ctx, len, now);
	nd6_host_kick(ho);
	return (DROP_ICMP6_DONE);
}
