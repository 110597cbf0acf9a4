/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Errors that a datagram or raw socket asked to be told of, by IP_RECVERR and
 * IPV6_RECVERR: of what ICMP says about its packets, and of packets that are
 * too long to be sent whole.
 *
 * Each waits as the message that recvmsg(2) with MSG_ERRQUEUE is to give: a
 * struct file_msg, where the packet was sent to, control data with Linux's
 * struct sock_extended_err and who said so, and the first bytes of its
 * payload.  The program fetches one by getsockopt(2) with SO_ERRQUEUE.  The
 * socket's error (SO_ERROR, and the next call's) is that of the first which
 * waits, and a message in its pair makes the descriptor readable.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/file_msg.h>
#include <sys/mbuf.h>
#include <sys/socketvar.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>

#define ERRQ_MAX 16 /* that wait; later ones are counted as drops */

/* As Linux lays it out: the offender follows. */
struct sock_extended_err {
	uint32_t error;
	uint8_t origin, type, code, pad;
	uint32_t info, data;
};

struct entry {
	struct file_msg head;
	struct sockaddr_storage addr; /* head.addrlen bytes of it, padded */
	struct cmsghdr ch;
	struct sock_extended_err ee;
	struct sockaddr_storage from; /* family 0: it was us */
	int ttl; /* of the packet that said it, if that was asked for */
};

bool
in_errq_wanted(const struct inpcb *inp, sa_family_t af)
{
	return ((inp->inp_flags &
		    (af == AF_INET ? INP_RECVERR4 : INP_RECVERR6)) != 0);
}

static uint32_t
from_len(const struct inpcb *inp)
{
	return (inp->inp_af == AF_INET ? sizeof(struct sockaddr_in) :
					 sizeof(struct sockaddr_in6));
}

/* What kind of control data tells the hops, 0: none was asked for. */
static int
hops_type(const struct inpcb *inp)
{
	if ((inp->inp_flags & INP_RECVTTL) != 0)
		return (inp->inp_af == AF_INET ? IP_TTL : IPV6_HOPLIMIT);
	return ((inp->inp_flags & INP_OLDHOPS) != 0 ? IPV6_2292HOPLIMIT : 0);
}

/* Its parts one behind the other, each padded to 8, into p.  Bytes. */
static uint32_t
entry_write(const struct inpcb *inp, const struct entry *e, uint8_t *p)
{
	struct cmsghdr hops = { .cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = e->ch.cmsg_level,
		.cmsg_type = hops_type(inp) };
	uint32_t n = 0, at;

	memcpy(p, &e->head, sizeof(e->head));
	n += sizeof(e->head);
	memcpy(p + n, &e->addr, e->head.addrlen);
	n += (e->head.addrlen + 7) & ~7U;
	memcpy(p + n, &e->ch, sizeof(e->ch));
	memcpy(p + n + CMSG_LEN(0), &e->ee, sizeof(e->ee));
	memcpy(p + n + CMSG_LEN(sizeof(e->ee)), &e->from, from_len(inp));
	if (hops.cmsg_type != 0) {
		at = n + e->head.cmsglen - (uint32_t)CMSG_SPACE(sizeof(int));
		memcpy(p + at, &hops, sizeof(hops));
		memcpy(p + at + CMSG_LEN(0), &e->ttl, sizeof(e->ttl));
	}
	return (n + e->head.cmsglen);
}

static void
entry_make(const struct inpcb *inp, const struct in_error *ie, struct entry *e)
{
	bool v4 = inp->inp_af == AF_INET;
	uint32_t len = (uint32_t)sizeof(e->ee) + from_len(inp);

	memset(e, 0, sizeof(*e));
	e->head.type = FMSG_DATA;
	e->head.addrlen = in_pcb_sockaddr(inp, ie->af, &ie->dst, ie->dport,
	    ie->ifindex, &e->addr);
	e->head.cmsglen = (uint32_t)(CMSG_SPACE(len) +
	    (hops_type(inp) != 0 ? CMSG_SPACE(sizeof(int)) : 0));
	e->ttl = ie->ttl;
	e->ch = (struct cmsghdr){ .cmsg_len = CMSG_LEN(len),
		.cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6,
		.cmsg_type = v4 ? IP_RECVERR : IPV6_RECVERR };
	e->ee = (struct sock_extended_err){ .error = (uint32_t)ie->error,
		.origin = ie->origin,
		.type = ie->type,
		.code = ie->code,
		.info = ie->info };
	if (ie->origin != IN_ERROR_LOCAL)
		(void)in_pcb_sockaddr(inp, ie->af, &ie->from, 0, ie->ifindex,
		    &e->from);
}

void
in_errq_add(struct inpcb *inp, const struct in_error *ie, const uint8_t *data,
    uint32_t len)
{
	struct in_pcb_rare *r = in_pcb_rare(inp); /* RECVERR made it */
	struct entry e;
	struct mbuf *m;
	uint32_t n;

	if (r == NULL || r->errors.ml_len >= ERRQ_MAX ||
	    (m = m_getroom(0, sizeof(e) + len)) == NULL) {
		inp->inp_socket->so_drops++;
		return;
	}
	entry_make(inp, ie, &e);
	memset(m->m_data, 0, sizeof(e));
	n = entry_write(inp, &e, (uint8_t *)m->m_data);
	if (len != 0)
		memcpy(m->m_data + n, data, len);
	m->m_len = m->m_pkthdr.len = n + len;
	ml_enqueue(&r->errors, m);
	soseterror(inp->inp_socket, ie->error);
}

void
in_errq_icmp(struct inpcb *inp, const struct ip_input_ctx *ctx, int err,
    const uint8_t *quoted, uint32_t len, uint32_t hlen, uint32_t mtu)
{
	struct in_error ie = { .af = ctx->af,
		.error = err,
		.origin = ctx->af == AF_INET ? IN_ERROR_ICMP : IN_ERROR_ICMP6,
		.type = ctx->said->type,
		.code = ctx->said->code,
		.ttl = ctx->said->ttl,
		.info = mtu,
		.from = ctx->said->from,
		.dst = ctx->dst,
		.ifindex = ctx->ifp->if_index };

	if (ctx->proto == IPPROTO_UDP && hlen != 0)
		ie.dport = be16dec(quoted + 2);
	in_errq_add(inp, &ie, quoted + MIN(hlen, len), len - MIN(hlen, len));
}

void
in_errq_toobig(struct inpcb *inp, sa_family_t af, const struct ip_addr *dst,
    uint16_t dport, uint32_t scope)
{
	struct in_error ie = { .af = af,
		.error = EMSGSIZE,
		.origin = IN_ERROR_LOCAL,
		.info = ip_pathmtu_to(af, inp->inp_rtable, dst, scope),
		.dst = *dst,
		.dport = dport,
		.ifindex = scope };

	if (!in_errq_wanted(inp, af))
		return;
	in_errq_add(inp, &ie, NULL, 0);
	inp->inp_socket->so_error = 0; /* the call says it */
}

/* SO_ERROR is the next one's. */
static void
error_next(struct inpcb *inp, const struct in_pcb_rare *r)
{
	const struct mbuf *m = r->errors.ml_head;
	struct sock_extended_err ee;
	struct file_msg head;

	inp->inp_socket->so_error = 0;
	if (m == NULL)
		return;
	memcpy(&head, m->m_data, sizeof(head));
	memcpy(&ee,
	    m->m_data + sizeof(head) + ((head.addrlen + 7) & ~7U) +
		CMSG_LEN(0),
	    sizeof(ee));
	inp->inp_socket->so_error = (int16_t)ee.error;
}

int
in_errq_get(struct inpcb *inp, void *val, socklen_t *len)
{
	struct in_pcb_rare *r;
	struct mbuf *m;

	if (inp->inp_rare->errors.ml_head == NULL)
		return (EAGAIN);
	r = in_pcb_rare(inp);
	m = ml_dequeue(&r->errors);
	*len = MIN(*len, m->m_len);
	memcpy(val, m->m_data, *len);
	m_freem(m);
	error_next(inp, r);
	return (0);
}
