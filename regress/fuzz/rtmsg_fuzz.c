/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Routing messages through a routing socket, many in a row.  A step is
 *
 *	what	0-3 add, delete, change, get; 4 the bytes as they are, cut
 *		somewhere; 5 an interface goes down or up; 6 a packet's way is
 *		looked for; 7 an option of the socket
 *	n	how many of the pairs follow
 *	pairs	offset and value: bytes of a good message that become others
 *
 * After each step every route of the table must be well formed, and the
 * dump must agree with it.
 */

#include <net/rtmsg.h>
#include "fuzz4.h"

#define STEPS_MAX 64

static struct socket *so;

static void
boot(void)
{
	static struct proc owner;

	if (so != NULL)
		return;
	fuzz_boot();
	KASSERT(socreate(PF_ROUTE, SOCK_RAW, 0, &owner, &so) == 0);
}

/* What holds for every route, whoever asked for it. */
static int
route_check(struct rtentry *rt, void *arg)
{
	const uint32_t nowhere = RTF_REJECT | RTF_BLACKHOLE;
	struct ip_addr masked = rt->rt_dst;
	unsigned int *n = arg;

	KASSERT(rt->rt_refs.r_refs > 0 && rt->rt_ifp != NULL);
	KASSERT(rt->rt_plen <= (rt->rt_af == AF_INET ? 32 : 128));
	KASSERT(rt->rt_priority >= 1 && rt->rt_priority <= RTP_MAX);
	KASSERT((rt->rt_flags & nowhere) != nowhere);
	KASSERT(((rt->rt_flags & RTF_GATEWAY) != 0) ==
	    (rt->rt_gwaf == AF_INET || rt->rt_gwaf == AF_INET6));
	KASSERT(
	    rt->rt_next == NULL || rt->rt_next->rt_priority >= rt->rt_priority);
	KASSERT(rt->rt_gwroute == NULL || (rt->rt_flags & RTF_GATEWAY) != 0);
	KASSERT(rt->rt_parent == NULL ||
	    (rt->rt_flags & (RTF_CLONED | RTF_DYNAMIC)) != 0);
	ip_addr_mask(&masked, rt->rt_plen);
	KASSERT(ip_addr_eq(&masked, &rt->rt_dst));
	(*n)++;
	return (0);
}

static void
table_check(sa_family_t af, const char *dump)
{
	struct sysctl_req req = { .proc = NULL };
	unsigned int n = 0;

	KASSERT(rtable_walk(0, af, route_check, &n) == 0);
	KASSERT(kern_sysctl(dump, &req) == 0);
	KASSERT(req.oldlen == n * sizeof(struct rt_msg));
	free(req.old, M_SYSCTL, req.oldcap);
}

static void
message_send(const void *msg, size_t len)
{
	static struct proc owner;
	struct mbuf *m = m_getroom(0, len);

	if (m == NULL)
		return;
	memcpy(m->m_data, msg, len);
	m->m_len = m->m_pkthdr.len = (uint32_t)len;
	(void)so->so_proto->send(so, m, NULL, 0, NULL, 0, &owner);
}

/* A message that is in order; the pairs may change that. */
static void
step_message(enum rtm_type type, struct cursor *pairs)
{
	struct rt_msg msg = { .h = { .rtm_msglen = sizeof(msg),
				  .rtm_version = RTM_VERSION,
				  .rtm_type = (uint8_t)type,
				  .rtm_hdrlen = sizeof(msg.h) } };
	uint8_t off, v;

	msg.rtm_af = AF_INET;
	msg.rtm_plen = 24;
	msg.rtm_dst = ip_addr_v4(0xc0a80100);
	if (type == RTM_ADD || type == RTM_CHANGE) {
		msg.rtm_gwaf = AF_INET;
		memcpy(msg.rtm_gateway.b, fuzz_addrs[1], 4);
		msg.rtm_flags = RTF_STATIC;
	}
	while (cur_u8(pairs, &off) == 0 && cur_u8(pairs, &v) == 0)
		((uint8_t *)&msg)[off % sizeof(msg)] = v;
	message_send(&msg, sizeof(msg));
}

static void
step_resolve(struct cursor *c)
{
	struct ip_addr dst = { .q = { 0, 0 } };
	uint32_t v4 = 0, flow = 0;
	struct mbuf *m;
	int error;

	cur_u32(c, &v4);
	cur_u32(c, &flow);
	dst = ip_addr_v4(v4);
	if ((m = m_getroom(M_HEADROOM, 28)) == NULL)
		return;
	m->m_len = m->m_pkthdr.len = 28;
	memset(m->m_data, 0x45, 28);
	m->m_pkthdr.flowid = flow;
	(void)rt_resolve(0, AF_INET, &dst, m, &error);
	m_freem(m);
}

static void
step_option(struct cursor *c)
{
	static struct proc owner;
	uint8_t name = 0;
	uint32_t v = 0;

	cur_u8(c, &name);
	cur_u32(c, &v);
	(void)so->so_proto->setopt(so, PF_ROUTE, name % 5, &v, sizeof(v),
	    &owner);
}

static void
step(uint8_t what, struct cursor *c)
{
	static const enum rtm_type types[] = { RTM_ADD, RTM_DELETE, RTM_CHANGE,
		RTM_GET };

	switch (what % 8) {
	case 0:
	case 1:
	case 2:
	case 3:
		step_message(types[what % 8], c);
		break;
	case 4:
		message_send(c->p, c->left);
		break;
	case 5:
		(void)if_setflags(fuzz_if, what & 8 ? IFF_UP : 0);
		break;
	case 6:
		step_resolve(c);
		break;
	default:
		step_option(c);
		break;
	}
}

/* The next input begins with the same table. */
static void
routes_clear(sa_family_t af)
{
	struct rtable_cursor rc = { .af = af };
	struct rtentry *rt, *next;

	for (; (rt = rtable_next(&rc)) != NULL;)
		for (; rt != NULL; rt = next) {
			next = rt->rt_next;
			if ((rt->rt_flags &
				(RTF_LOCAL | RTF_BROADCAST | RTF_CONNECTED)) ==
			    0)
				(void)rtrequest_delete(rt);
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	uint8_t what, n;

	boot();
	cur_init(&c, data, size);
	for (int i = 0;
	     i < STEPS_MAX && cur_u8(&c, &what) == 0 && cur_u8(&c, &n) == 0;
	     i++) {
		cur_sub(&c, MIN(n * 2UL, c.left), &body);
		step(what, &body);
		table_check(AF_INET, "net.route.dump.inet");
		table_check(AF_INET6, "net.route.dump.inet6");
		fuzz_run(1);
	}
	(void)if_setflags(fuzz_if, IFF_UP);
	routes_clear(AF_INET);
	routes_clear(AF_INET6);
	ml_purge(&so->so_rcv.sb_q);
	so->so_rcv.sb_cc = 0;
	fuzz_run(1000);
	return (0);
}
