/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A bench for TCP: one host with a link that keeps what is sent, and a peer
 * that is the test itself.  kit_af is the family; the peer's numbers begin at
 * PEER_ISS, and seq and ack of segments are counted from the SYNs, which are 0.
 */

#ifndef TCPKIT_H
#define TCPKIT_H

#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/drop.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>
#include <netinet6/ip6_var.h>
#include <ktest.h>
#include <machine/kernel.h>

#define PEER_ISS  5000000U
#define PEER_PORT 4444
#define MY_PORT   80

static sa_family_t kit_af;
static struct ifnet kit_if;
static struct mbuf_list kit_sent;
static struct proc kit_owner;

static int
kit_output(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt)
{
	ml_enqueue(&kit_sent, m);
	return (0);
}

static int
kit_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	return (0);
}

static void
kit_start(struct ifnet *ifp)
{
}

static void
kit_free(struct ifnet *ifp)
{
}

static inline void
kit_run(uint64_t us)
{
	uint64_t step = us > 20000000 ? 1000000 : MIN(us, 10000), done;

	for (done = 0; done < us; done += step) {
		sim_advance_us(step);
		while (kernel_step() == 0)
			;
	}
}

static inline struct ip_addr
kit_addr(bool mine)
{
	struct ip_addr a = { .b = { 0x20, 0x01, 0x0d, 0xb8 } };

	if (kit_af == AF_INET)
		return (ip_addr_v4(htonl(0x0a000001U + !mine)));
	a.b[15] = (uint8_t)(1 + !mine);
	return (a);
}

static inline void
kit_up(sa_family_t af)
{
	static const struct kernel_params params = { .hostname = "kit" };
	struct if_addrreq req = { .af = af,
		.plen = af == AF_INET ? 24 : 64,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	kit_af = af;
	KT_EQ(kernel_boot(&params), 0);
	if_init(&kit_if, "net0", IFT_ETHER);
	kit_if.if_mtu = kit_if.if_hardmtu = 1500;
	kit_if.if_flags = IFF_MULTICAST;
	kit_if.if_output = kit_output;
	kit_if.if_ioctl = kit_ioctl;
	kit_if.if_free = kit_free;
	kit_if.if_start = kit_start;
	KT_EQ(if_attach(&kit_if), 0);
	KT_EQ(if_setflags(&kit_if, kit_if.if_flags | IFF_UP), 0);
	if_link_state_change(&kit_if, LINK_STATE_UP);
	req.addr = kit_addr(true);
	if (af == AF_INET)
		KT_EQ(in_addr_add(&kit_if, &req, NULL), 0);
	else
		KT_EQ(in6_addr_add(&kit_if, &req, NULL), 0);
	kit_run(3000000);
	ml_purge(&kit_sent);
}

/* --- the peer --- */

struct kit_seg {
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t win;
	uint32_t len;       /* of payload */
	const uint8_t *opt; /* a multiple of four */
	uint32_t optlen;
	uint16_t urp;
	uint8_t tos, ttl; /* ttl 0: 64 */
};
static uint32_t kit_iss;  /* ours, known from our first SYN */
static uint16_t kit_port; /* ours */

static inline struct ip_input_ctx
kit_ctx(const struct kit_seg *k)
{
	return ((struct ip_input_ctx){ .ifp = &kit_if,
	    .af = kit_af,
	    .proto = IPPROTO_TCP,
	    .ttl = k->ttl != 0 ? k->ttl : 64,
	    .tos = k->tos,
	    .src = kit_addr(false),
	    .dst = kit_addr(true) });
}

/* The segment as a packet that begins with its header. */
static inline struct mbuf *
kit_make(const struct kit_seg *k)
{
	struct mbuf *m = m_getroom(M_HEADROOM, 60 + k->len);
	uint8_t *p;
	uint32_t i;

	KT(m != NULL);
	p = mtod(m, uint8_t *);
	m->m_len = m->m_pkthdr.len = 20 + k->optlen + k->len;
	be16enc(p, PEER_PORT);
	be16enc(p + 2, kit_port);
	be32enc(p + 4, PEER_ISS + k->seq);
	be32enc(p + 8, kit_iss + k->ack);
	p[12] = (uint8_t)((20 + k->optlen) << 2);
	p[13] = k->flags;
	be16enc(p + 14, k->win);
	be16enc(p + 16, 0);
	be16enc(p + 18, k->urp);
	if (k->optlen > 0)
		memcpy(p + 20, k->opt, k->optlen);
	for (i = 0; i < k->len; i++)
		p[20 + k->optlen + i] = (uint8_t)(k->seq + i);
	m->m_pkthdr.csum_flags = M_TCP_CSUM_IN_OK;
	return (m);
}

static inline void
kit_in(const struct kit_seg *k)
{
	struct ip_input_ctx ctx = kit_ctx(k);

	time_refresh();
	tcp_input(kit_make(k), &ctx);
}

/* The next segment that we sent; false: none. */
struct kit_out {
	uint8_t flags;
	uint32_t seq, ack, len; /* counted from the SYNs */
	uint16_t win, mss, urp;
	uint8_t tos;
	struct tcp_opts opt;
};
static inline bool
kit_out(struct kit_out *o)
{
	uint32_t off = kit_af == AF_INET ? 20 : 40, hlen;
	struct mbuf *m = ml_dequeue(&kit_sent);
	uint8_t b[60];

	memset(o, 0, sizeof(*o));
	if (m == NULL)
		return (false);
	KT_EQ(m_copydata(m, 0, 2, b), 0);
	o->tos = kit_af == AF_INET ? b[1] : (uint8_t)(b[0] << 4 | b[1] >> 4);
	KT_EQ(m_copydata(m, off, 20, b), 0);
	hlen = (b[12] >> 4) * 4U;
	KT_EQ(m_copydata(m, off, hlen, b), 0);
	KT(tcp_opts_read(&o->opt, b + 20, hlen - 20));
	o->flags = b[13];
	if ((o->flags & (TH_SYN | TH_ACK)) == TH_SYN)
		kit_iss = be32dec(b + 4);
	o->seq = be32dec(b + 4) - kit_iss;
	o->ack = be32dec(b + 8) - PEER_ISS;
	o->win = be16dec(b + 14);
	o->urp = be16dec(b + 18);
	o->len = m->m_pkthdr.len - off - hlen;
	o->mss = m->m_pkthdr.ph_mss;
	m_freem(m);
	return (true);
}

static inline void
kit_quiet(void)
{
	ml_purge(&kit_sent);
}

/* --- sockets --- */

static inline struct socket *
kit_sock(void)
{
	struct socket *so = NULL;

	KT_EQ(socreate(kit_af, SOCK_STREAM, 0, &kit_owner, &so), 0);
	return (so);
}

static inline struct tcpcb *
kit_tp(const struct socket *so)
{
	const struct inpcb *inp = so->so_pcb;

	return (inp->inp_ppcb);
}

static inline socklen_t
kit_sockaddr(struct sockaddr_storage *ss, bool mine, uint16_t port)
{
	struct ip_addr a = kit_addr(mine);

	return (sockaddr_write(ss, kit_af, &a, port, 0));
}

/* A socket that has begun to connect; its SYN is taken. */
static inline struct socket *
kit_connect(void)
{
	struct socket *so = kit_sock();
	struct inpcb *inp = so->so_pcb;
	struct sockaddr_storage ss;
	socklen_t len = kit_sockaddr(&ss, false, PEER_PORT);
	struct kit_out o;

	ml_purge(&kit_sent);
	time_refresh();
	so->so_state |= SS_CONNECTING;
	KT_EQ(so->so_proto->connect(so, (struct sockaddr *)(void *)&ss, len,
		  &kit_owner),
	    EINPROGRESS);
	KT(kit_out(&o));
	KT_EQ(o.flags & ~(TH_ECE | TH_CWR), TH_SYN);
	kit_port = inp->inp_lport;
	return (so);
}

static inline struct socket *
kit_listen_on(uint16_t port, uint32_t options)
{
	struct socket *so = kit_sock();
	struct sockaddr_storage ss;
	socklen_t len = kit_sockaddr(&ss, true, port);

	so->so_options |= options;
	KT_EQ(so->so_proto->bind(so, (struct sockaddr *)(void *)&ss, len,
		  &kit_owner),
	    0);
	KT_EQ(so->so_proto->listen(so), 0);
	so_queue_begin(so, 8);
	return (so);
}

static inline struct socket *
kit_listen(void)
{
	kit_port = MY_PORT;
	return (kit_listen_on(MY_PORT, 0));
}

/* Bytes of the program, as the socket layer would bring them. */
static inline void
kit_write(struct socket *so, uint32_t len)
{
	struct mbuf *m = m_getroom(0, len);

	KT(m != NULL);
	memset(mtod(m, void *), 'x', len);
	m->m_len = m->m_pkthdr.len = len;
	ml_enqueue(&so->so_snd.sb_q, m);
	so->so_snd.sb_cc += len;
	so->so_ui->ui_bytes += len;
	time_refresh();
	so->so_proto->send(so, NULL, NULL, 0, NULL, 0, NULL);
}

/* Connected; the peer's window is 65535, no options but what opt says. */
static inline struct socket *
kit_established(const uint8_t *opt, uint32_t optlen)
{
	struct socket *so = kit_connect();
	struct kit_seg k = { .flags = TH_SYN | TH_ACK,
		.ack = 1,
		.win = 65535,
		.opt = opt,
		.optlen = optlen };

	kit_in(&k);
	KT_EQ(kit_tp(so)->t_state, TCPS_ESTABLISHED);
	kit_quiet();
	return (so);
}

/* --- cases in both families --- */

/* BOTH(name) { ... }: the tests name_inet and name_inet6. */
#define BOTH(id)                  \
	static void id(void);     \
	KTEST(id##_inet)          \
	{                         \
		kit_up(AF_INET);  \
		id();             \
	}                         \
	KTEST(id##_inet6)         \
	{                         \
		kit_up(AF_INET6); \
		id();             \
	}                         \
	static void id(void)

/* --- a conversation --- */

#define MSS 1400 /* of a peer that says one of these: */
static const uint8_t opt_mss[] = { 2, 4, 0x05, 0x78 };
static const uint8_t opt_sack[] = { 2, 4, 0x05, 0x78, 1, 1, 4, 2 };
/* clang-format off */
static const uint8_t opt_all[] = { 2, 4, 0x05, 0x78, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 4 };
/* clang-format on */

static inline void
kit_ack(uint32_t n, uint16_t win)
{
	struct kit_seg k = { .flags = TH_ACK, .seq = 1, .ack = n, .win = win };

	kit_in(&k);
}

static inline void
kit_data(uint32_t seq, uint32_t len)
{
	struct kit_seg k = { .flags = TH_ACK,
		.seq = seq,
		.ack = 1,
		.len = len,
		.win = 65535 };

	kit_in(&k);
}

/* An acknowledgment with up to two blocks. */
static inline void
kit_sack(uint32_t n, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	uint8_t o[20] = { 1, 1, 5, 18 };
	struct kit_seg k = { .flags = TH_ACK,
		.seq = 1,
		.ack = n,
		.win = 65535,
		.opt = o,
		.optlen = c != d ? 20 : 12 };

	o[3] = (uint8_t)(k.optlen - 2);
	be32enc(o + 4, kit_iss + a);
	be32enc(o + 8, kit_iss + b);
	be32enc(o + 12, kit_iss + c);
	be32enc(o + 16, kit_iss + d);
	kit_in(&k);
}

/* How many segments wait; bytes of them. */
static inline unsigned int
kit_outs(uint32_t *bytes)
{
	struct kit_out o;
	unsigned int n = 0;

	*bytes = 0;
	while (kit_out(&o)) {
		n += o.mss != 0 ? (o.len + o.mss - 1) / o.mss : 1;
		*bytes += o.len;
	}
	return (n);
}

/* Exactly one segment leaves, with this in it. */
static inline struct kit_out
kit_one(uint32_t seq, uint32_t len)
{
	struct kit_out o, more;

	KT(kit_out(&o));
	KT_EQ(o.seq, seq);
	KT_EQ(o.len, len);
	KT(!kit_out(&more));
	return (o);
}

static inline void
kit_nothing(void)
{
	struct kit_out o;

	KT(!kit_out(&o));
}

/* All that waits: its bytes, where they begin, the longest segment. */
static inline uint32_t
kit_bytes_out(uint32_t *first, uint32_t *longest)
{
	struct kit_out o;
	uint32_t n = 0;

	*first = *longest = 0;
	while (kit_out(&o)) {
		if (n == 0 && o.len > 0)
			*first = o.seq;
		n += o.len;
		*longest = MAX(*longest, o.mss != 0 ? o.mss : o.len);
	}
	return (n);
}

/* Ends the connection with a reset. */
static inline void
kit_end(struct socket *so)
{
	so->so_proto->abort(so);
	soclose(so);
	kit_quiet();
}

#endif
