/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Segments signed with a key that two peers share (RFC 2385), as BGP uses it.
 *
 * A socket has keys for peers or prefixes of them, given by TCP_MD5SIG; the
 * longest prefix decides.  With a key every segment must be signed with it,
 * without one none may be: anything else is dropped before it is looked at.
 * A connection accepted takes the key of its peer from its listener.
 *
 * Signed is, in this order: source, destination, protocol and length; the
 * header without options, its checksum zero; the payload; the key.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/socketvar.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>
#include <crypto/digest.h>

#define KEYS_MAX 1024 /* of a socket */
#define F_PREFIX 1
#define HDR_SUM  16 /* place of the checksum in the header */

struct tcp_md5_key {
	SLIST_ENTRY(tcp_md5_key) k_next;
	sa_family_t k_af;
	struct ip_addr k_addr;
	uint8_t k_plen, k_len;
	uint8_t k_key[TCP_MD5SIG_MAXKEYLEN];
};

/* --- keys --- */

static uint8_t
addr_bits(sa_family_t af)
{
	return (af == AF_INET ? 32 : 128);
}

const struct tcp_md5_key *
tcp_md5_find(const struct tcpcb *tp, sa_family_t af, const struct ip_addr *a)
{
	const struct tcp_md5_key *k, *best = NULL;

	SLIST_FOREACH(k, &tp->t_md5keys, k_next)
		if (k->k_af == af &&
		    ip_addr_inprefix(a, &k->k_addr, k->k_plen) &&
		    (best == NULL || k->k_plen > best->k_plen))
			best = k;
	return (best);
}

static void
key_free(struct tcp_md5_key *k)
{
	explicit_bzero(k, sizeof(*k));
	free(k, M_PCB, sizeof(*k));
}

void
tcp_md5_free(struct tcpcb *tp)
{
	struct tcp_md5_key *k;

	while ((k = SLIST_FIRST(&tp->t_md5keys)) != NULL) {
		SLIST_REMOVE_HEAD(&tp->t_md5keys, k_next);
		key_free(k);
	}
	tp->t_md5 = NULL;
}

void
tcp_md5_peer(struct tcpcb *tp)
{
	tp->t_md5 = tcp_md5_find(tp, tcp_af(tp), &tp->t_inp->inp_faddr);
}

int
tcp_md5_inherit(struct tcpcb *tp, const struct tcpcb *listener)
{
	const struct tcp_md5_key *k = tcp_md5_find(listener, tcp_af(tp),
	    &tp->t_inp->inp_faddr);
	struct tcp_md5_key *mine;

	if (k == NULL)
		return (0);
	if ((mine = malloc(sizeof(*mine), M_PCB, 0)) == NULL)
		return (ENOBUFS);
	*mine = *k;
	SLIST_INSERT_HEAD(&tp->t_md5keys, mine, k_next);
	tp->t_md5 = mine;
	return (0);
}

/* --- TCP_MD5SIG, TCP_MD5SIG_EXT --- */

/* As Linux lays it out. */
struct tcp_md5sig {
	struct sockaddr_storage addr;
	uint8_t flags, prefixlen;
	uint16_t keylen;
	int ifindex;
	uint8_t key[TCP_MD5SIG_MAXKEYLEN];
};
_Static_assert(sizeof(struct tcp_md5sig) == 216, "as programs know it");

/* The peer it is about, into k.  0 or errno. */
static int
sig_read(const struct tcpcb *tp, bool ext, const struct tcp_md5sig *sig,
    struct tcp_md5_key *k)
{
	uint16_t port;
	uint32_t scope;
	int error;

	if ((error = in_pcb_readaddr(tp->t_inp,
		 (const struct sockaddr *)(const void *)&sig->addr,
		 sizeof(sig->addr), &k->k_af, &k->k_addr, &port, &scope)) != 0)
		return (error);
	if (sig->keylen > TCP_MD5SIG_MAXKEYLEN ||
	    (ext && (sig->ifindex != 0 || (sig->flags & ~F_PREFIX) != 0)))
		return (EINVAL);
	k->k_plen = addr_bits(k->k_af);
	if (ext && (sig->flags & F_PREFIX) != 0) { /* padding in the other */
		if (sig->prefixlen > k->k_plen)
			return (EINVAL);
		k->k_plen = sig->prefixlen;
		ip_addr_mask(&k->k_addr, k->k_plen);
	}
	k->k_len = (uint8_t)sig->keylen;
	memcpy(k->k_key, sig->key, k->k_len);
	return (0);
}

/* Where the key of exactly this peer stands; and how many there are. */
static struct tcp_md5_key *
key_same(const struct tcpcb *tp, const struct tcp_md5_key *like,
    unsigned int *count)
{
	struct tcp_md5_key *k, *same = NULL;

	*count = 0;
	SLIST_FOREACH(k, &tp->t_md5keys, k_next) {
		(*count)++;
		if (k->k_af == like->k_af && k->k_plen == like->k_plen &&
		    ip_addr_eq(&k->k_addr, &like->k_addr))
			same = k;
	}
	return (same);
}

int
tcp_md5_set(struct tcpcb *tp, bool ext, const void *val, socklen_t len)
{
	struct tcp_md5_key new = { 0 }, *k, *old;
	struct tcp_md5sig sig;
	unsigned int count;
	int error;

	if (len < sizeof(sig))
		return (EINVAL);
	memcpy(&sig, val, sizeof(sig));
	if ((error = sig_read(tp, ext, &sig, &new)) != 0)
		return (error);
	old = key_same(tp, &new, &count);
	if (new.k_len == 0 && old == NULL)
		return (ENOENT);
	if (new.k_len != 0) {
		if (old == NULL && count >= KEYS_MAX)
			return (ENOBUFS);
		if ((k = malloc(sizeof(*k), M_PCB, 0)) == NULL)
			return (ENOBUFS);
		*k = new;
		SLIST_INSERT_HEAD(&tp->t_md5keys, k, k_next);
	}
	if (old != NULL) {
		SLIST_REMOVE(&tp->t_md5keys, old, tcp_md5_key, k_next);
		key_free(old);
	}
	explicit_bzero(&new, sizeof(new));
	tcp_md5_peer(tp);
	return (0);
}

/* --- signatures --- */

static int
digest_piece(void *arg, const void *p, uint32_t n)
{
	digest_update(arg, p, n);
	return (0);
}

/*
 * Of the segment at off in m, len bytes, whose header without options is hdr.
 */
static void
signature(const struct tcp_md5_key *key, sa_family_t af,
    const struct ip_addr *src, const struct ip_addr *dst, const struct mbuf *m,
    uint32_t off, uint32_t len, uint8_t out[MD5_LENGTH])
{
	uint32_t alen = af == AF_INET ? 4 : 16, hlen;
	uint8_t hdr[sizeof(struct tcphdr)], pseudo[8] = { 0 };
	struct digest_ctx c;

	(void)m_copydata(m, off, sizeof(hdr), hdr);
	hlen = (hdr[12] >> 4) * 4U;
	hdr[HDR_SUM] = hdr[HDR_SUM + 1] = 0;
	digest_init(&c, &digest_md5);
	digest_update(&c, src->b, alen);
	digest_update(&c, dst->b, alen);
	if (af == AF_INET) {
		pseudo[1] = IPPROTO_TCP;
		be16enc(pseudo + 2, (uint16_t)len);
	} else {
		be32enc(pseudo, len);
		pseudo[7] = IPPROTO_TCP;
	}
	digest_update(&c, pseudo, af == AF_INET ? 4 : 8);
	digest_update(&c, hdr, sizeof(hdr));
	(void)m_apply(m, off + hlen, len - hlen, digest_piece, &c);
	digest_update(&c, key->k_key, key->k_len);
	digest_final(&c, out);
}

void
tcp_md5_sign(const struct tcp_md5_key *key, const struct in_pcb_key *k,
    const struct mbuf *m, uint8_t out[MD5_LENGTH])
{
	signature(key, k->af, &k->laddr, &k->faddr, m, 0, m->m_pkthdr.len, out);
}

bool
tcp_md5_good(const struct tcpcb *tp, const struct in_pcb_key *k,
    const struct mbuf *m, uint32_t off, const struct tcp_seg *sg)
{
	const struct tcp_md5_key *key = tp->t_md5;
	uint8_t want[MD5_LENGTH];

	if (tp->t_state == TCPS_LISTEN)
		key = tcp_md5_find(tp, k->af, &k->faddr);
	if (key == NULL || !sg->opt.has_md5)
		return (key == NULL && !sg->opt.has_md5);
	signature(key, k->af, &k->faddr, &k->laddr, m, off, sg->hlen + sg->len,
	    want);
	return (timingsafe_bcmp(want, sg->opt.md5, sizeof(want)) == 0);
}
