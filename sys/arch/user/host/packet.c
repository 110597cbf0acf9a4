/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * packet: an interface that the host has already, by a packet socket.
 *
 *	packet:NAME
 *
 * Frames arrive in a ring that we share with the host (TPACKET_V2: a frame
 * is ours as soon as it is there; the block ring of V3 makes TCP wait for
 * its timer) and leave by sendmmsg, past the host's queueing.  In front of
 * each stands a virtio-net header: a neighbour on the same host sends 64 KB
 * at a time with checksums that nobody has computed.
 *
 * The host takes VLAN tags out of frames.  An 802.1Q tag is handed on beside
 * the frame, any other is put back into it.
 *
 * A slot of the ring has room for a frame of 1500 bytes: there are many, so
 * that who floods us can go on while others have the processor, and they are
 * few pages.  Of a larger frame the ring has the beginning; the host keeps the
 * whole of it in the socket's queue (PACKET_COPY_THRESH), in the order of the
 * slots, and we read it into a buffer of ours.  What that queue has no room for
 * is lost, and counted: a sender on another processor is faster than we are.
 *
 * Life: a slot of the ring is the kernel's until the next rx; then it is given
 * back to the host.  A buffer with a large frame is lent until the kernel
 * releases it.  The interface may go and come back under the same name: news
 * from rtnetlink make us look, and bind again.
 */

#include <machine/host.h>

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "vnet.h"

#define BATCH       32
#define PIECES      80
#define SLOT_SIZE   2048
#define BLOCK_SIZE  (256 * 1024)
#define BLOCK_SLOTS (BLOCK_SIZE / SLOT_SIZE)
#define BLOCKS      32
#define SLOTS       (BLOCKS * BLOCK_SLOTS)
#define RING_SIZE   ((size_t)BLOCKS * BLOCK_SIZE)
#define SENDBUF     (4 << 20)
#define LARGEBUF    (64 << 20)  /* large frames that wait; the host takes twice that */
#define LARGE_SIZE  (66 * 1024) /* 64 KB of IP and what stands in front */
#define LARGE_FRONT 64          /* for a tag that is put back */
#define LARGES      128         /* lent, and of one batch */

_Static_assert(HOST_EDGE == (unsigned int)EPOLLET, "epoll's numbers");

struct packet {
	void (*event)(void *arg, enum hostif_event what);
	void *arg;
	char name[IFNAMSIZ];
	int fd, nlfd;
	struct host_watch *watch, *nlwatch;
	uint8_t *ring;
	unsigned int head; /* next slot to look at */
	unsigned int batch; /* slots before it that the last rx looked at */
	uint8_t *large; /* buffers */
	unsigned int nfree, free[LARGES]; /* those that are not lent: the last is next */
	bool on, full, plugged, promisc;
	/* the interface as last seen */
	int ifindex; /* bound to; 0: it is gone */
	bool running;
	unsigned int mtu;
	uint8_t lladdr[6], ours[6];
	uint64_t baudrate;
	uint64_t missed; /* the host had no room for them */
	uint64_t refused; /* the host did not want them */
	struct host_iov rxiov[BATCH];
	/* a batch on its way out */
	struct mmsghdr msg[BATCH];
	struct virtio_net_hdr vh[BATCH];
	struct iovec iov[BATCH][PIECES];
};

/* --- the interface of the host --- */

static void
speed_look(struct packet *p, struct ifreq *ifr)
{
	struct ethtool_cmd ec;

	memset(&ec, 0, sizeof(ec));
	ec.cmd = ETHTOOL_GSET;
	ifr->ifr_data = (char *)&ec;
	p->baudrate = 0;
	if (ioctl(p->fd, SIOCETHTOOL, ifr) == 0 &&
	    ethtool_cmd_speed(&ec) != (uint32_t)-1)
		p->baudrate = ethtool_cmd_speed(&ec) * 1000000ULL;
}

/* What the host's interface is to hear as well: PACKET_MR_PROMISC, _ALLMULTI. */
static int
hear(const struct packet *p, int ifindex, unsigned short what, bool on)
{
	struct packet_mreq mr = { .mr_ifindex = ifindex, .mr_type = what };

	return (setsockopt(p->fd, SOL_PACKET,
		    on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &mr,
		    sizeof(mr)) == -1 ?
		-errno :
		0);
}

/* All multicasts are heard: the kernel knows its groups, the card does not. */
static int
socket_bind(struct packet *p, int ifindex)
{
	struct sockaddr_ll sll;

	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(ETH_P_ALL);
	sll.sll_ifindex = ifindex;
	if (bind(p->fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		return (-errno);
	return (hear(p, ifindex, PACKET_MR_ALLMULTI, true));
}

static int
promisc_set(struct packet *p, bool on)
{
	int error;

	if (on == p->promisc || p->ifindex == 0)
		return (0);
	if ((error = hear(p, p->ifindex, PACKET_MR_PROMISC, on)) != 0)
		return (error);
	p->promisc = on;
	return (0);
}

/* A socket forgets what it was bound to when that goes: bind it again. */
static void
interface_rebind(struct packet *p, int ifindex)
{
	bool promisc = p->promisc;

	if (ifindex == p->ifindex)
		return;
	p->promisc = false;
	p->ifindex = ifindex;
	if (ifindex == 0)
		return;
	if (socket_bind(p, ifindex) != 0)
		p->ifindex = 0;
	else
		promisc_set(p, promisc);
}

/* What the host says of the interface now. */
static void
interface_look(struct packet *p)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, p->name, sizeof(ifr.ifr_name));
	p->running = false;
	if (ioctl(p->fd, SIOCGIFINDEX, &ifr) == -1) {
		interface_rebind(p, 0);
		return;
	}
	interface_rebind(p, ifr.ifr_ifindex);
	if (ioctl(p->fd, SIOCGIFFLAGS, &ifr) == 0)
		p->running = (ifr.ifr_flags & (IFF_UP | IFF_RUNNING)) ==
		    (IFF_UP | IFF_RUNNING);
	if (ioctl(p->fd, SIOCGIFMTU, &ifr) == 0)
		p->mtu = (unsigned int)ifr.ifr_mtu;
	if (ioctl(p->fd, SIOCGIFHWADDR, &ifr) == 0)
		memcpy(p->lladdr, ifr.ifr_hwaddr.sa_data, sizeof(p->lladdr));
	speed_look(p, &ifr);
}

static void
news_event(void *arg, unsigned int events)
{
	struct packet *p = arg;
	int was_index = p->ifindex;
	bool was_running = p->running;
	unsigned int was_mtu = p->mtu;
	char buf[8192];

	(void)events;
	while (recv(p->nlfd, buf, sizeof(buf), MSG_DONTWAIT) > 0 ||
	    errno == ENOBUFS)
		; /* what changed does not matter: we look */
	interface_look(p);
	if (p->ifindex != was_index || p->running != was_running ||
	    p->mtu != was_mtu)
		p->event(p->arg, HOSTIF_LINK);
}

/* --- receive --- */

static struct tpacket2_hdr *
slot(const struct packet *p, unsigned int i)
{
	return ((struct tpacket2_hdr *)(void *)(p->ring +
	    (size_t)(i / BLOCK_SLOTS) * BLOCK_SIZE +
	    (size_t)(i % BLOCK_SLOTS) * SLOT_SIZE));
}

static void
slots_return(struct packet *p)
{
	for (; p->batch > 0; p->batch--)
		__atomic_store_n(
		    &slot(p, (p->head + SLOTS - p->batch) % SLOTS)->tp_status,
		    TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

/* A loan is the number of its buffer, and one. */
static void
packet_release(void *link, unsigned int loan)
{
	struct packet *p = link;

	p->free[p->nfree++] = loan - 1;
}

/*
 * The frame of a slot that has only the beginning of it, into buffer i.  Its
 * length; 0: it is not there.
 */
static uint32_t
large_read(struct packet *p, unsigned int i, struct virtio_net_hdr *vh,
    uint8_t **at)
{
	struct iovec iov[2];
	ssize_t n;

	*at = p->large + (size_t)i * LARGE_SIZE + LARGE_FRONT;
	iov[0] = (struct iovec){ vh, sizeof(*vh) };
	iov[1] = (struct iovec){ *at, LARGE_SIZE - LARGE_FRONT };
	n = readv(p->fd, iov, 2);
	return (n > (ssize_t)sizeof(*vh) ? (uint32_t)n - (uint32_t)sizeof(*vh) :
					   0);
}

/* Nobody wants the frame: what of it is in the queue goes too. */
static bool
frame_skip(const struct packet *p, const struct tpacket2_hdr *th)
{
	struct virtio_net_hdr vh;

	if ((th->tp_status & TP_STATUS_COPY) != 0)
		(void)recv(p->fd, &vh, sizeof(vh), MSG_DONTWAIT);
	return (false);
}

/* Puts a tag that the host took out back behind the addresses. */
static uint8_t *
tag_restore(uint8_t *frame, struct hostif_frame *f, uint16_t tpid, uint16_t tci)
{
	uint16_t tag[2] = { htons(tpid), htons(tci) };

	memmove(frame - 4, frame, 12);
	memcpy(frame + 8, tag, sizeof(tag));
	f->len += 4;
	if ((f->flags & HOSTIF_CSUM) != 0)
		f->csum_start += 4;
	if (f->gso_hdrlen != 0)
		f->gso_hdrlen += 4;
	return (frame - 4);
}

/* The frame in a slot, or false if it is of no use.  A large one has a loan. */
static bool
frame_read(struct packet *p, const struct tpacket2_hdr *th,
    struct hostif_frame *f, struct host_iov *iov)
{
	uint8_t *at = (uint8_t *)(uintptr_t)th + th->tp_mac;
	struct virtio_net_hdr vh;
	uint32_t status = th->tp_status, len = th->tp_snaplen;
	uint16_t tpid = ETH_P_8021Q;

	if (!p->plugged || !p->on)
		return (frame_skip(p, th));
	memset(f, 0, sizeof(*f));
	if ((status & TP_STATUS_COPY) != 0) {
		f->loan = p->free[--p->nfree] + 1;
		len = large_read(p, f->loan - 1, &vh, &at);
	} else
		memcpy(&vh, at - sizeof(vh), sizeof(vh));
	if (len < th->tp_len || th->tp_len < ETH_HLEN ||
	    vnet_read(f, &vh) != 0) {
		if (f->loan != 0)
			packet_release(p, f->loan);
		p->missed++;
		return (false);
	}
	f->len = th->tp_len;
	f->stamp_ns = th->tp_sec * 1000000000ULL + th->tp_nsec;
	if ((status & TP_STATUS_VLAN_TPID_VALID) != 0)
		tpid = th->tp_vlan_tpid;
	if ((status & TP_STATUS_VLAN_VALID) != 0 && tpid == ETH_P_8021Q) {
		f->flags |= HOSTIF_VLAN;
		f->vlan_tci = th->tp_vlan_tci;
	} else if ((status & TP_STATUS_VLAN_VALID) != 0) {
		at = tag_restore(at, f, tpid, th->tp_vlan_tci);
	}
	iov->base = at;
	iov->len = f->len;
	f->iov = iov;
	f->niov = 1;
	return (true);
}

/* The host tells of frames it had no slot for since it was asked last. */
static void
missed_read(struct packet *p)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) == 0)
		p->missed += st.tp_drops;
}

static unsigned long long
packet_missed(void *link)
{
	const struct packet *p = link;

	return (p->missed);
}

static int
packet_rx(void *link, struct hostif_frame *frames, int n)
{
	struct packet *p = link;
	struct tpacket2_hdr *th;
	uint32_t status, bytes = 0;
	int got = 0;

	if (n > BATCH)
		n = BATCH;
	slots_return(p);
	while (got < n && bytes < BATCH_BYTES) {
		if (p->batch == SLOTS / 2) {
			if (got > 0)
				break;
			slots_return(p); /* of no use, all of them */
		}
		th = slot(p, p->head);
		status = __atomic_load_n(&th->tp_status, __ATOMIC_ACQUIRE);
		if ((status & TP_STATUS_USER) == 0)
			break;
		if ((status & TP_STATUS_COPY) != 0 && p->on && p->nfree == 0)
			return (got > 0 ? got : -1);
		if ((status & TP_STATUS_LOSING) != 0)
			missed_read(p);
		if (frame_read(p, th, &frames[got], &p->rxiov[got]))
			bytes += frames[got++].len;
		p->head = (p->head + 1) % SLOTS;
		p->batch++;
	}
	return (got);
}

/*
 * The host calls the ring readable as long as its last slot is not its own
 * again, so only arrivals are listened to, and the ring is emptied each time.
 */
static void
events_want(struct packet *p)
{
	host_watch_mod(p->watch,
	    (p->on ? HOST_IN | HOST_EDGE : 0u) | (p->full ? HOST_OUT : 0u));
}

static void
packet_event(void *arg, unsigned int events)
{
	struct packet *p = arg;
	int error;
	socklen_t len = sizeof(error);

	if ((events & ~(unsigned int)(HOST_IN | HOST_OUT)) != 0 || !p->on)
		getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error,
		    &len); /* it went down: told by the news */
	if ((events & HOST_OUT) != 0 && p->full) {
		p->full = false;
		events_want(p);
		p->event(p->arg, HOSTIF_TXROOM);
	}
	if ((events & HOST_IN) != 0 && p->on)
		p->event(p->arg, HOSTIF_RX);
}

static void
packet_rx_enable(void *link, int on)
{
	struct packet *p = link;
	struct hostif_frame f[BATCH];

	if (p->on == (on != 0))
		return;
	p->on = false;
	do /* what came while nobody wanted it */
		packet_rx(p, f, BATCH);
	while (p->batch > 0);
	p->on = on != 0;
	events_want(p);
}

/* --- send --- */

static int
batch_fill(struct packet *p, const struct hostif_frame *frames, int n)
{
	int i;

	for (i = 0; i < n && i < BATCH; i++) {
		const struct hostif_frame *f = &frames[i];
		int niov = f->niov < PIECES ? f->niov : PIECES - 1;

		vnet_write(&p->vh[i], f);
		p->iov[i][0] = (struct iovec){ &p->vh[i], sizeof(p->vh[i]) };
		memcpy(&p->iov[i][1], f->iov,
		    (size_t)niov * sizeof(struct iovec));
		memset(&p->msg[i], 0, sizeof(p->msg[i]));
		p->msg[i].msg_hdr.msg_iov = p->iov[i];
		p->msg[i].msg_hdr.msg_iovlen = (size_t)niov + 1;
	}
	return (i);
}

static int
packet_tx(void *link, const struct hostif_frame *frames, int n)
{
	struct packet *p = link;
	int done = 0, batch, sent;

	if (!p->plugged || p->ifindex == 0)
		return (n);
	while (done < n) {
		batch = batch_fill(p, frames + done, n - done);
		sent = sendmmsg(p->fd, p->msg, (unsigned int)batch,
		    MSG_DONTWAIT);
		if (sent > 0) {
			done += sent;
		} else if (errno == EAGAIN) {
			p->full = true;
			events_want(p);
			break;
		} else if (errno !=
		    EINTR) { /* the host does not want this one */
			p->refused++;
			done++;
		}
	}
	return (done);
}

/* --- the rest of a link --- */

static void
packet_info(void *link, struct hostif_info *info)
{
	struct packet *p = link;

	memcpy(info->lladdr, p->lladdr, sizeof(info->lladdr));
	info->mtu = p->mtu;
	info->caps = HOSTIF_CAP_CSUM | HOSTIF_CAP_TSO4 | HOSTIF_CAP_TSO6;
	info->up = p->plugged && p->running;
	info->baudrate = p->baudrate;
}

/* An address that is not the host's own is heard in promiscuous mode only. */
static int
lladdr_ctl(struct packet *p, const char *val)
{
	unsigned int b[6];
	char end;

	if (sscanf(val, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3],
		&b[4], &b[5], &end) != 6)
		return (-EINVAL);
	for (int i = 0; i < 6; i++)
		p->ours[i] = (uint8_t)b[i];
	return (memcmp(p->ours, p->lladdr, sizeof(p->ours)) == 0 ?
		0 :
		promisc_set(p, true));
}

static int
packet_ctl(void *link, const char *name, const char *val, char *out,
    unsigned long outlen)
{
	struct packet *p = link;
	bool on = strcmp(val, "1") == 0;
	int changed;

	if (outlen > 0)
		out[0] = '\0';
	if (strcmp(name, "lladdr") == 0 && val[0] != '\0')
		return (lladdr_ctl(p, val));
	if (strcmp(name, "lost") == 0 && val[0] == '\0') {
		snprintf(out, outlen, "%llu",
		    (unsigned long long)(p->missed + p->refused));
		return (0);
	}
	if (strcmp(name, "carrier") == 0) {
		if ((changed = host_carrier(&p->plugged, val, out, outlen)) != 1)
			return (changed);
		p->event(p->arg, HOSTIF_LINK);
		return (0);
	}
	if (strcmp(name, "promisc") != 0)
		return (-EOPNOTSUPP);
	if (val[0] != '\0' && !on && strcmp(val, "0") != 0)
		return (-EINVAL);
	snprintf(out, outlen, "%d", p->promisc);
	return (val[0] != '\0' ? promisc_set(p, on) : 0);
}

static void
packet_close(void *link)
{
	struct packet *p = link;

	host_watch_del(p->watch);
	host_watch_del(p->nlwatch);
	if (p->ring != NULL)
		munmap(p->ring, RING_SIZE);
	if (p->large != NULL)
		munmap(p->large, (size_t)LARGES * LARGE_SIZE);
	host_close(p->fd);
	host_close(p->nlfd);
	free(p);
}

/* --- opening --- */

static int
option_set(int fd, int option, int value)
{
	return (
	    setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) == -1 ?
		-errno :
		0);
}

/* As large as it may be; by force, where that is ours. */
static void
buffer_set(int fd, int option, int force, int size)
{
	setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size));
}

/* fd -1: buffers that cost nothing before they are used.  0 or -errno. */
static int
memory_map(uint8_t **atp, size_t size, int fd)
{
	int flags = fd != -1 ? MAP_SHARED :
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		return (-errno);
	*atp = at;
	return (0);
}

static int
ring_open(struct packet *p)
{
	struct tpacket_req req = { .tp_block_size = BLOCK_SIZE,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = SLOT_SIZE,
		.tp_frame_nr = SLOTS };
	int error;

	if ((p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		 0)) == -1)
		return (-errno);
	if ((error = option_set(p->fd, PACKET_VERSION, TPACKET_V2)) != 0 ||
	    (error = option_set(p->fd, PACKET_VNET_HDR, 1)) != 0 ||
	    (error = option_set(p->fd, PACKET_IGNORE_OUTGOING, 1)) != 0 ||
	    (error = option_set(p->fd, PACKET_QDISC_BYPASS, 1)) != 0 ||
	    (error = option_set(p->fd, PACKET_COPY_THRESH, 1)) != 0)
		return (error);
	buffer_set(p->fd, SO_SNDBUF, SO_SNDBUFFORCE, SENDBUF);
	buffer_set(p->fd, SO_RCVBUF, SO_RCVBUFFORCE, LARGEBUF);
	if (setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) ==
	    -1)
		return (-errno);
	for (; p->nfree < LARGES; p->nfree++)
		p->free[p->nfree] = LARGES - 1 - p->nfree;
	if ((error = memory_map(&p->ring, RING_SIZE, p->fd)) != 0)
		return (error);
	return (memory_map(&p->large, (size_t)LARGES * LARGE_SIZE, -1));
}

static int
news_open(struct packet *p)
{
	struct sockaddr_nl snl;

	memset(&snl, 0, sizeof(snl));
	snl.nl_family = AF_NETLINK;
	snl.nl_groups = RTMGRP_LINK;
	if ((p->nlfd = socket(AF_NETLINK,
		 SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)) ==
		-1 ||
	    bind(p->nlfd, (struct sockaddr *)&snl, sizeof(snl)) == -1)
		return (-errno);
	return (host_watch_add(p->nlfd, HOST_IN, news_event, p, &p->nlwatch));
}

/* Is it an Ethernet interface?  Anything else has no frames that we know. */
static int
interface_check(struct packet *p)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, p->name, sizeof(ifr.ifr_name));
	if (ioctl(p->fd, SIOCGIFHWADDR, &ifr) == -1)
		return (-errno);
	return (ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER ? 0 : -EAFNOSUPPORT);
}

static int
packet_start(struct packet *p)
{
	int error;

	if ((error = ring_open(p)) != 0 || (error = interface_check(p)) != 0 ||
	    (error = news_open(p)) != 0)
		return (error);
	interface_look(p);
	if (p->ifindex == 0)
		return (-ENODEV);
	return (host_watch_add(p->fd, 0, packet_event, p, &p->watch));
}

static int
packet_why(char *why, unsigned long whylen, const char *spec, int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return (host_why(why, whylen, error,
		    "packet:%s: no privilege: needs CAP_NET_RAW", spec));
	case ENODEV:
	case ENXIO:
		return (host_why(why, whylen, error,
		    "packet:%s: the host has no such interface", spec));
	case EAFNOSUPPORT:
		return (host_why(why, whylen, error,
		    "packet:%s: is no Ethernet interface", spec));
	default:
		return (host_why(why, whylen, error, "packet:%s: %s", spec,
		    strerror(error)));
	}
}

static int
packet_open(const char *spec, const char *ifname,
    void (*event)(void *, enum hostif_event), void *arg, void **linkp,
    char *why, unsigned long whylen)
{
	struct packet *p;
	int error;

	(void)ifname;
	if (spec[0] == '\0' || strlen(spec) >= IFNAMSIZ)
		return (host_why(why, whylen, EINVAL,
		    "packet:%s: not the name of a host's interface", spec));
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (-ENOMEM);
	p->event = event;
	p->arg = arg;
	p->plugged = true;
	p->fd = p->nlfd = -1;
	snprintf(p->name, sizeof(p->name), "%s", spec);
	if ((error = packet_start(p)) != 0) {
		packet_close(p);
		return (packet_why(why, whylen, spec, -error));
	}
	*linkp = p;
	return (0);
}

const struct hostif_kind hostif_packet = {
	.kind = "packet",
	.open = packet_open,
	.close = packet_close,
	.info = packet_info,
	.rx = packet_rx,
	.release = packet_release,
	.missed = packet_missed,
	.tx = packet_tx,
	.rx_enable = packet_rx_enable,
	.ctl = packet_ctl,
};
