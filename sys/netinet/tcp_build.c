/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A segment becomes a packet and leaves.
 *
 * The checksum is left to the last place that can compute it, and a payload
 * larger than one segment is left whole with M_TCP_TSO, to be cut where the
 * link begins.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/socketvar.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>

/* Header and options in front of the payload.  NULL: no memory, payload gone. */
static struct mbuf *
build_header(const struct tcp_out *o)
{
	struct tcp_opts say = o->opts;
	uint8_t opts[TCP_OPTIONS_MAX];
	uint32_t optlen, hlen;
	struct tcphdr *th;
	struct mbuf *m;

	say.has_md5 = o->md5 != NULL;
	optlen = tcp_opts_write(&say, opts);
	hlen = sizeof(struct tcphdr) + optlen;
	if ((m = m_getroom(M_HEADROOM, hlen)) == NULL) {
		m_freem(o->payload);
		return (NULL);
	}
	m->m_len = m->m_pkthdr.len = hlen;
	th = mtod(m, struct tcphdr *);
	*th = (struct tcphdr){
		.th_sport = htons(o->key->lport),
		.th_dport = htons(o->key->fport),
		.th_seq = htonl(o->seq),
		.th_ack = htonl(o->ack),
		.th_off = (uint8_t)(hlen << 2),
		.th_flags = o->flags,
		.th_win = htons(MIN(o->win, TCP_WINDOW_MAX)),
		.th_urp = htons(o->urp),
	};
	memcpy(th + 1, opts, optlen);
	m->m_pkthdr.csum_flags = M_TCP_CSUM_OUT;
	if (o->payload != NULL) {
		if (o->mss != 0 && o->payload->m_pkthdr.len > o->mss) {
			m->m_pkthdr.csum_flags |= M_TCP_TSO;
			m->m_pkthdr.ph_mss = o->mss;
		}
		m_cat_pkt(m, o->payload);
	}
	if (o->md5 != NULL)
		tcp_md5_sign(o->md5, o->key, m, (uint8_t *)(th + 1) + 4);
	return (m);
}

/* What the socket says of its packets. */
static void
build_by_socket(const struct tcp_out *o, struct ip_encap *e,
    struct ip_outopts *po)
{
	const struct inpcb *inp = o->inp;
	bool v4 = e->af == AF_INET;
	int ttl = v4 ? inp->inp_ttl : inp->inp_hops;

	e->ttl = ttl > 0 ? (uint8_t)ttl : 0;
	if (!v4 && ttl == 0)
		po->po_flags |= IPOUT_NOHOPS;
	e->tos = (uint8_t)((v4 ? inp->inp_tos : inp->inp_tclass) & ~3);
	if (inp->inp_ifindex != 0) {
		po->po_ifp = if_get(inp->inp_ifindex);
		po->po_flags |= IPOUT_IFONLY;
	}
	if ((inp->inp_socket->so_options & (1U << SO_DONTROUTE)) != 0)
		po->po_flags |= IPOUT_DONTROUTE;
	if (v4 && inp->inp_optlen != 0) {
		po->po_options = inp->inp_rare->options;
		po->po_optlen = inp->inp_optlen;
	}
}

int
tcp_emit(const struct tcp_out *o)
{
	const struct ip_family *fam = ip_family(o->key->af);
	struct ip_encap e = { .af = o->key->af,
		.proto = IPPROTO_TCP,
		.src = o->key->laddr,
		.dst = o->key->faddr };
	struct ip_outopts po = { .po_rtable = o->key->rtable };
	struct mbuf *m;

	if (fam == NULL) {
		m_freem(o->payload);
		return (EAFNOSUPPORT);
	}
	if (o->scope != 0)
		po.po_ifp = if_get(o->scope);
	if (o->inp != NULL)
		build_by_socket(o, &e, &po);
	e.tos |= o->ecn;
	if (o->df && ip_mtudisc != 0 &&
	    (o->inp == NULL || in_pcb_pathmtu(o->inp, o->key->af)))
		po.po_flags |= IPOUT_DF;
	tcpstat_inc(TCPC_OUT);
	if ((m = build_header(o)) == NULL || (m = ip_encap(m, &e)) == NULL)
		return (ENOBUFS);
	if (o->inp != NULL && (o->inp->inp_flags & INP_BINDANY) != 0)
		m->m_pkthdr.pf.flags |= PF_TAG_TRANSPARENT;
	if (o->inp != NULL)
		m->m_pkthdr.pf.prio = o->inp->inp_prio;
	return (fam->output(m, &po));
}

void
tcp_reset_reply(const struct in_pcb_key *k, const struct tcp_seg *sg)
{
	struct tcp_out o = { .key = k, .flags = TH_RST, .df = true };

	if ((sg->flags & TH_RST) != 0)
		return;
	if (k->af == AF_INET6 && in6_islinklocal(&k->faddr))
		o.scope = k->ifindex;
	if ((sg->flags & TH_ACK) != 0) {
		o.seq = sg->ack;
	} else {
		o.flags |= TH_ACK;
		o.ack = sg->seq + tcp_seg_space(sg);
	}
	tcpstat_inc(TCPC_RST_OUT);
	(void)tcp_emit(&o);
}
