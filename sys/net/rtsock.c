/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The routing socket: requests in, news out to all who listen.
 *
 * A listener whose buffer is full misses messages.  It is told so, once, by
 * RTM_DESYNC as soon as there is room, and hears nothing in between: what it
 * believes is wrong anyway until it has read the table anew.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/uidinfo.h>
#include <net/if_var.h>
#include <net/rtsock.h>

#define RCV_BYTES (64UL << 10)

struct rtpcb {
	LIST_ENTRY(rtpcb) entry;
	struct socket *so;
	sa_family_t af; /* AF_UNSPEC: both */
	bool desync;
	bool filter_table;
	uint32_t types; /* 1 << RTM_*; 0: all */
	uint32_t table;
	uint32_t priority; /* highest number that is told; 0: all */
};
static LIST_HEAD(, rtpcb) listeners = LIST_HEAD_INITIALIZER(listeners);

/* --- out --- */

static bool
deliver(struct rtpcb *pcb, const void *msg, uint32_t len)
{
	struct mbuf *m = m_getroom(0, len);

	if (m == NULL)
		return (false);
	memcpy(m->m_data, msg, len);
	m->m_len = m->m_pkthdr.len = len;
	return (soreceive_dgram(pcb->so, m, NULL, 0, NULL, 0));
}

static void
resync(struct rtpcb *pcb)
{
	struct rt_msghdr h = { .rtm_msglen = sizeof(h),
		.rtm_version = RTM_VERSION,
		.rtm_type = RTM_DESYNC,
		.rtm_hdrlen = sizeof(h) };

	if (pcb->desync && ml_empty(&pcb->so->so_rcv.sb_q))
		pcb->desync = !deliver(pcb, &h, sizeof(h));
}

static void
tell(struct rtpcb *pcb, const void *msg, uint32_t len)
{
	resync(pcb);
	if (!pcb->desync)
		pcb->desync = !deliver(pcb, msg, len);
}

static bool
wants(const struct rtpcb *pcb, const struct rt_msghdr *h, sa_family_t af,
    uint8_t priority)
{
	if (pcb->types != 0 && (pcb->types & 1U << h->rtm_type) == 0)
		return (false);
	if (pcb->af != AF_UNSPEC && af != AF_UNSPEC && pcb->af != af)
		return (false);
	if (pcb->filter_table && af != AF_UNSPEC &&
	    pcb->table != h->rtm_tableid)
		return (false);
	return (pcb->priority == 0 || priority <= pcb->priority);
}

/* af AF_UNSPEC: a message about an interface. */
static void
broadcast(const struct rt_msghdr *h, sa_family_t af, uint8_t priority)
{
	struct rtpcb *pcb;

	LIST_FOREACH(pcb, &listeners, entry)
		if (wants(pcb, h, af, priority))
			tell(pcb, h, h->rtm_msglen);
}

static void
news_route(enum rtm_type type, const struct rtentry *rt, int error, pid_t pid,
    uint32_t seq)
{
	struct rt_msg msg;

	if (LIST_EMPTY(&listeners))
		return;
	rtm_encode(&msg, type, rt);
	msg.h.rtm_errno = error;
	msg.h.rtm_pid = (uint32_t)pid;
	msg.h.rtm_seq = seq;
	msg.rtm_flags |= error == 0 ? RTF_DONE : 0;
	broadcast(&msg.h, rt->rt_af, rt->rt_priority);
}

static void
news_miss(enum rtm_type type, sa_family_t af, const struct ip_addr *dst,
    const struct ip_addr *gw, uint32_t tableid, int error)
{
	struct rt_msg msg = { .h = { .rtm_msglen = sizeof(msg),
				  .rtm_version = RTM_VERSION,
				  .rtm_type = (uint8_t)type,
				  .rtm_hdrlen = sizeof(msg.h),
				  .rtm_errno = error,
				  .rtm_tableid = tableid } };

	msg.rtm_af = af;
	msg.rtm_plen = af == AF_INET ? 32 : 128;
	msg.rtm_dst = *dst;
	if (gw != NULL) {
		msg.rtm_gwaf = af;
		msg.rtm_gateway = *gw;
	}
	broadcast(&msg.h, af, 0);
}

static const struct rtm_hooks hooks = { .route = news_route,
	.miss = news_miss };

/* --- interfaces --- */

static void
news_address(enum rtm_type type, const struct ifaddr *ifa,
    const struct ifnet *ifp)
{
	struct rt_addrmsg msg = { .h = { .rtm_msglen = sizeof(msg),
				      .rtm_version = RTM_VERSION,
				      .rtm_type = (uint8_t)type,
				      .rtm_hdrlen = sizeof(msg.h),
				      .rtm_tableid = ifp->if_rtable } };

	msg.ifam_index = ifp->if_index;
	msg.ifam_flags = ifa->ifa_flags;
	msg.ifam_af = ifa->ifa_af;
	msg.ifam_plen = ifa->ifa_plen;
	msg.ifam_addr = ifa->ifa_addr;
	msg.ifam_dst = ifa->ifa_dst;
	strlcpy(msg.ifam_ifname, ifp->if_xname, sizeof(msg.ifam_ifname));
	broadcast(&msg.h, ifa->ifa_af, 0);
}

static void
news_interface(enum rtm_type type, const struct ifnet *ifp, uint32_t what)
{
	struct rt_ifmsg msg = { .h = { .rtm_msglen = sizeof(msg),
				    .rtm_version = RTM_VERSION,
				    .rtm_type = (uint8_t)type,
				    .rtm_hdrlen = sizeof(msg.h),
				    .rtm_tableid = ifp->if_rtable } };

	msg.ifm_index = ifp->if_index;
	msg.ifm_flags = ifp->if_flags;
	msg.ifm_mtu = ifp->if_mtu;
	msg.ifm_link_state = ifp->if_link_state;
	msg.ifm_what = what;
	msg.ifm_baudrate = ifp->if_baudrate;
	strlcpy(msg.ifm_ifname, ifp->if_xname, sizeof(msg.ifm_ifname));
	broadcast(&msg.h, AF_UNSPEC, 0);
}

static void
interface_event(void *arg, enum if_event ev, struct ifnet *ifp,
    struct ifaddr *ifa, const char *group)
{
	switch (ev) {
	case IFE_ARRIVAL:
		news_interface(RTM_IFANNOUNCE, ifp, IFAN_ARRIVAL);
		break;
	case IFE_DEPARTURE:
		news_interface(RTM_IFANNOUNCE, ifp, IFAN_DEPARTURE);
		break;
	case IFE_LINK:
	case IFE_FLAGS:
	case IFE_MTU:
	case IFE_LLADDR:
		news_interface(RTM_IFINFO, ifp, 0);
		break;
	case IFE_ADDR_ADD:
		news_address(RTM_NEWADDR, ifa, ifp);
		break;
	case IFE_ADDR_DEL:
		news_address(RTM_DELADDR, ifa, ifp);
		break;
	case IFE_ADDR_CHANGE:
		news_address(RTM_CHGADDRATTR, ifa, ifp);
		break;
	case IFE_GROUP_ADD:
	case IFE_GROUP_DEL:
		break; /* there is no message for groups */
	}
}

static struct if_observer observer = { .event = interface_event };

/* --- in --- */

/* Changing routes takes privilege; a write(2) brings no caller, so its socket's maker counts. */
static int
allowed(const struct socket *so, const struct proc *p, enum rtm_type type)
{
	struct proc maker = { .p_uid = so->so_ui->ui_uid };

	return (type == RTM_GET ? 0 : suser(p != NULL ? p : &maker));
}

static int
request(struct socket *so, const struct rt_msg *msg, size_t len, struct proc *p)
{
	struct rt_request rq;
	struct rt_msg answer;
	int error;

	if ((error = rtm_decode(msg, len, &rq)) != 0 ||
	    (error = allowed(so, p, rq.type)) != 0)
		return (error);
	if ((error = rtm_commit(&rq, &answer)) != 0)
		return (error);
	answer.rtm_flags |= RTF_DONE;
	answer.h.rtm_pid = (uint32_t)(p != NULL ? p->p_pid : so->so_pid);
	answer.h.rtm_seq = msg->h.rtm_seq;
	if (rq.type == RTM_GET)
		tell(so->so_pcb, &answer, sizeof(answer));
	else
		broadcast(&answer.h, rq.want.af, answer.rtm_priority);
	return (0);
}

static int
rts_send(struct socket *so, struct mbuf *m, const struct sockaddr *sa,
    socklen_t salen, const void *control, size_t controllen, struct proc *p)
{
	size_t len = m->m_pkthdr.len;
	struct rt_msg msg;
	int error;

	if (sa != NULL)
		error = EISCONN;
	else if (controllen != 0 || len != sizeof(msg))
		error = EINVAL;
	else if ((error = m_copydata(m, 0, sizeof(msg), &msg)) == 0)
		error = request(so, &msg, len, p);
	m_freem(m);
	return (error);
}

/* --- sockets --- */

static int
rts_attach(struct socket *so, int proto, struct proc *p)
{
	struct rtpcb *pcb;

	if (proto != AF_UNSPEC && proto != AF_INET && proto != AF_INET6)
		return (EPROTONOSUPPORT);
	if ((pcb = malloc(sizeof(*pcb), M_PCB, M_ZERO)) == NULL)
		return (ENOMEM);
	pcb->so = so;
	pcb->af = (sa_family_t)proto;
	so->so_pcb = pcb;
	soreserve(so, RCV_BYTES, RCV_BYTES);
	LIST_INSERT_HEAD(&listeners, pcb, entry);
	return (0);
}

static void
rts_detach(struct socket *so)
{
	struct rtpcb *pcb = so->so_pcb;

	LIST_REMOVE(pcb, entry);
	free(pcb, M_PCB, sizeof(*pcb));
	so->so_pcb = NULL; /* soclose() frees the socket */
}

static void
rts_rcvd(struct socket *so)
{
	resync(so->so_pcb);
}

static int
rts_setopt(struct socket *so, int level, int name, const void *val,
    socklen_t len, struct proc *p)
{
	struct rtpcb *pcb = so->so_pcb;
	uint32_t v;

	if (level != PF_ROUTE)
		return (ENOPROTOOPT);
	if (len != sizeof(v))
		return (EINVAL);
	memcpy(&v, val, sizeof(v));
	switch (name) {
	case ROUTE_MSGFILTER:
		pcb->types = v;
		return (0);
	case ROUTE_TABLEFILTER:
		if (v > RT_TABLEID_MAX && v != ROUTE_TABLE_ANY)
			return (EINVAL);
		pcb->table = v;
		pcb->filter_table = v != ROUTE_TABLE_ANY;
		return (0);
	case ROUTE_PRIOFILTER:
		if (v > RTP_MAX)
			return (EINVAL);
		pcb->priority = v;
		return (0);
	}
	return (ENOPROTOOPT);
}

static int
rts_getopt(struct socket *so, int level, int name, void *val, socklen_t *len,
    struct proc *p)
{
	const struct rtpcb *pcb = so->so_pcb;
	uint32_t v;

	if (level != PF_ROUTE || name < ROUTE_MSGFILTER ||
	    name > ROUTE_PRIOFILTER)
		return (ENOPROTOOPT);
	if (*len < sizeof(v))
		return (EINVAL);
	v = name == ROUTE_MSGFILTER  ? pcb->types :
	    name == ROUTE_PRIOFILTER ? pcb->priority :
	    pcb->filter_table        ? pcb->table :
				       ROUTE_TABLE_ANY;
	memcpy(val, &v, sizeof(v));
	*len = sizeof(v);
	return (0);
}

static struct protosw route_sw = {
	.pr_name = "route",
	.pr_family = PF_ROUTE,
	.pr_type = SOCK_RAW,
	.pr_flags = PR_ATOMIC,
	.attach = rts_attach,
	.detach = rts_detach,
	.send = rts_send,
	.rcvd = rts_rcvd,
	.setopt = rts_setopt,
	.getopt = rts_getopt,
};

void
rtsockinit(void)
{
	protosw_register(&route_sw);
	rtm_hooks_register(&hooks);
	if_observe(&observer);
	rtsock_sysctlinit();
}
