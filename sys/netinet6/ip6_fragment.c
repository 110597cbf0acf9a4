/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Fragments of IPv6, both ways (RFC 8200 4.5).
 *
 * In: a fragment header is judged and the piece goes to ip_reass(), which
 * serves both families.  The first fragment must hold the whole chain of
 * headers (RFC 7112), so that whoever filters by it was not deceived.
 * Out: only who made a packet may cut it; routers say how large it may be.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/mbuf.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>

static int
frag_read(const struct mbuf *m, struct ip_input_ctx *ctx, struct ip_frag *f)
{
	uint8_t buf[sizeof(struct ip6_frag)], reserved;
	uint16_t field;
	struct cursor c;
	const void *p;

	if ((p = m_peek(m, ctx->off, sizeof(buf), buf)) == NULL)
		return (EINVAL);
	cur_init(&c, p, sizeof(buf));
	if (cur_u8(&c, &f->proto) == -1 || cur_u8(&c, &reserved) == -1 ||
	    cur_u16(&c, &field) == -1 || cur_u32(&c, &f->id) == -1)
		return (EINVAL);
	f->off = field & 0xfff8;
	f->more = (field & 1) != 0;
	f->hdrlen = ctx->off + sizeof(buf);
	f->len = m->m_pkthdr.len - f->hdrlen;
	return (0);
}

/* Do the headers behind the fragment header end inside the first fragment? */
static bool
frag_chain_whole(const struct mbuf *m, const struct ip_frag *f)
{
	static const uint8_t least[IPPROTO_MAX] = {
		[IPPROTO_TCP] = 20,
		[IPPROTO_UDP] = 8,
		[IPPROTO_ICMPV6] = 4,
		[IPPROTO_IPV6] = 40,
		[IPPROTO_IPV4] = 20,
		[IPPROTO_ESP] = 8,
		[IPPROTO_SCTP] = 12,
	};
	uint32_t off = f->hdrlen, n;
	uint8_t proto = f->proto, b[2];

	for (n = 0; n < 8 &&
	     (proto == IPPROTO_DSTOPTS || proto == IPPROTO_ROUTING ||
		 proto == IPPROTO_HOPOPTS);
	     n++) {
		if (m_copydata(m, off, sizeof(b), b) != 0)
			return (false);
		proto = b[0];
		off += (b[1] + 1U) * 8;
	}
	return (off + least[proto] <= m->m_pkthdr.len);
}

static void
frag_refuse(struct mbuf *m, enum drop_reason why, uint8_t code, uint32_t place)
{
	drop_count(why);
	icmp6_error(m, ICMP6_PARAM_PROB, code, place);
}

struct mbuf *
ip6_frag_input(struct mbuf *m, struct ip_input_ctx *ctx, uint32_t *largest)
{
	struct ip_frag f = {
		.af = AF_INET6,
		.src = ctx->src,
		.dst = ctx->dst,
		.tos = ctx->tos,
		.ifp = ctx->ifp,
		.exit = ctx->exit,
		.largest = largest,
	};

	ip6stat_inc(IP6S_FRAGMENTS);
	if (frag_read(m, ctx, &f) != 0) {
		m_drop(m, DROP_IP6_EXTSHORT);
		return (NULL);
	}
	if (f.more && f.len % 8 != 0) {
		frag_refuse(m, DROP_FRAG_BADLEN, ICMP6_PARAMPROB_HEADER,
		    offsetof(struct ip6_hdr, ip6_plen));
		return (NULL);
	}
	if (f.hdrlen - sizeof(struct ip6_hdr) - sizeof(struct ip6_frag) +
		f.off + f.len >
	    65535) {
		frag_refuse(m, DROP_FRAG_TOOBIG, ICMP6_PARAMPROB_HEADER,
		    ctx->off + offsetof(struct ip6_frag, ip6f_offlg));
		return (NULL);
	}
	if (f.off == 0 && !frag_chain_whole(m, &f)) {
		frag_refuse(m, DROP_IP6_HDRCHAIN, ICMP6_PARAMPROB_HDRCHAIN, 0);
		return (NULL);
	}
	if (f.off == 0 && !f.more)
		ip6stat_inc(IP6S_ATOMIC);
	if ((m = ip_reass(m, &f)) != NULL)
		ip6stat_inc(IP6S_REASSEMBLED);
	return (m);
}

/* --- cutting --- */

struct frag_cut {
	uint32_t keep;   /* unfragmentable part */
	uint32_t nxtoff; /* in it: who names the fragment header */
	uint32_t id;
	uint8_t nxt; /* what stands behind the fragment header */
};

/* The headers of a piece that carries m's bytes from off on. */
static struct mbuf *
frag_head(const struct mbuf *m, const struct frag_cut *cut, uint32_t off,
    uint32_t len, bool more)
{
	uint32_t hdrlen = cut->keep + sizeof(struct ip6_frag);
	struct ip6_frag fh;
	struct ip6_hdr *ip6;
	struct mbuf *n;

	if ((n = m_getroom(M_HEADROOM, hdrlen)) == NULL)
		return (NULL);
	n->m_len = n->m_pkthdr.len = hdrlen;
	if (m_copydata(m, 0, cut->keep, mtod(n, void *)) != 0 ||
	    m_dup_pkthdr(n, m) != 0) {
		m_freem(n);
		return (NULL);
	}
	n->m_pkthdr.len = hdrlen;
	n->m_pkthdr.csum_flags = 0;
	fh = (struct ip6_frag){
		.ip6f_nxt = cut->nxt,
		.ip6f_offlg = htons((off - cut->keep) | (more ? 1U : 0U)),
		.ip6f_ident = cut->id,
	};
	memcpy(mtod(n, uint8_t *) + cut->keep, &fh, sizeof(fh));
	mtod(n, uint8_t *)[cut->nxtoff] = IPPROTO_FRAGMENT;
	ip6 = mtod(n, struct ip6_hdr *);
	ip6->ip6_plen = htons(hdrlen + len - sizeof(*ip6));
	return (n);
}

static struct mbuf *
frag_piece(const struct mbuf *m, const struct frag_cut *cut, uint32_t off,
    uint32_t len)
{
	struct mbuf *n, *body;
	bool more = off + len < m->m_pkthdr.len;

	if ((n = frag_head(m, cut, off, len, more)) == NULL)
		return (NULL);
	if ((body = m_copym(m, off, len)) == NULL) {
		m_freem(n);
		return (NULL);
	}
	n->m_next = body;
	n->m_pkthdr.len += len;
	return (n);
}

int
ip6_fragment(struct mbuf *m, struct mbuf_list *ml, uint32_t mtu)
{
	struct mbuf_list out = MBUF_LIST_INITIALIZER;
	struct frag_cut cut;
	struct mbuf *n;
	uint32_t off, room, len;
	int error;

	if ((error = in_cksum_finish(&m, AF_INET6)) != 0) {
		m_drop(m, DROP_IP6_CANTFRAG);
		return (error);
	}
	if (ip6_unfragmentable(m, &cut.keep, &cut.nxtoff) != 0 ||
	    mtu < cut.keep + sizeof(struct ip6_frag) + 8 ||
	    m_copydata(m, cut.nxtoff, 1, &cut.nxt) != 0) {
		m_drop(m, DROP_IP6_CANTFRAG);
		return (EMSGSIZE);
	}
	cut.id = arc4random();
	room = (mtu - cut.keep - (uint32_t)sizeof(struct ip6_frag)) & ~7U;
	for (off = cut.keep; off < m->m_pkthdr.len; off += len) {
		len = MIN(room, m->m_pkthdr.len - off);
		if ((n = frag_piece(m, &cut, off, len)) == NULL) {
			ml_purge(&out);
			m_drop(m, DROP_NOBUFS);
			return (ENOBUFS);
		}
		ml_enqueue(&out, n);
	}
	ip6stat_inc(IP6S_FRAGMENTED);
	ip6_counters[IP6S_OFRAGMENTS] += out.ml_len;
	ml_enlist(ml, &out);
	m_freem(m);
	return (0);
}
