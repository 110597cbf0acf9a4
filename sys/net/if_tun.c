/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * tun, tap: interfaces whose other end is a program.
 *
 * What is sent on tunN or tapN is read from /dev/tunN or /dev/tapN, one
 * packet a read; what is written there comes in by the interface.  A tap
 * carries Ethernet frames; a tun carries IP packets, each with its family in
 * front (four bytes, network order).
 *
 * Life:	created by ifconfig, or by the open of the device; what an open
 *		made goes with the descriptor.  One descriptor at a time.
 * Carrier:	there is one while the device is open.
 * Back-pressure: when the program does not read, packets stay in sc_ready and
 *		if_snd, and what does not fit there is dropped by if_enqueue().
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <net/ethernet.h>
#include <net/if_tun.h>
#include <net/if_var.h>
#include <machine/host.h>

#define FAMILY_LEN   4
#define READ_BATCH   32 /* messages of one turn */
#define FRAME_PIECES 56 /* of a message; more are copied into one */

struct tun_softc {
	struct ifnet sc_if;
	struct file *sc_file;      /* NULL: nobody has it open */
	struct mbuf_list sc_ready; /* finished, for the program */
	bool sc_implicit;          /* made by open(2) */
};

static int tun_create(struct if_clone *ifc, unsigned int unit);
static int tun_destroy(struct ifnet *ifp);
static struct if_clone tun_cloner = { .ifc_name = "tun",
	.ifc_create = tun_create,
	.ifc_destroy = tun_destroy };
static struct if_clone tap_cloner = { .ifc_name = "tap",
	.ifc_create = tun_create,
	.ifc_destroy = tun_destroy };

static bool
is_tap(const struct tun_softc *sc)
{
	return (sc->sc_if.if_type == IFT_ETHER);
}

/* The family of an IP packet; AF_UNSPEC for none. */
static sa_family_t
family_of(const struct mbuf *m)
{
	uint8_t buf;
	const uint8_t *first = m_peek(m, 0, 1, &buf);

	if (first == NULL)
		return (AF_UNSPEC);
	return (*first >> 4 == 4 ? AF_INET :
		*first >> 4 == 6 ? AF_INET6 :
				   AF_UNSPEC);
}

static void
drop_out(struct tun_softc *sc, struct mbuf *m, enum drop_reason why)
{
	sc->sc_if.if_counters.oerrors++;
	m_drop(m, why);
}

/* --- to the program --- */

/* The pieces of m behind what iov holds already; -1: there are too many. */
static int
pieces_fill(const struct mbuf *m, struct host_iov *iov, int n)
{
	for (; m != NULL; m = m->m_next) {
		if (m->m_len == 0)
			continue;
		if (n == FRAME_PIECES)
			return (-1);
		iov[n++] = (struct host_iov){ m->m_data, m->m_len };
	}
	return (n);
}

/* One packet: taken or lost, or EAGAIN and it is still the caller's. */
static int
packet_push(struct tun_softc *sc, struct mbuf *m)
{
	const struct file_msg head = { .type = FMSG_DATA };
	struct host_iov iov[FRAME_PIECES];
	sa_family_t af = family_of(m);
	uint32_t family = htonl(af);
	struct mbuf *whole;
	int n = 0, error;

	if (!is_tap(sc)) {
		if (af == AF_UNSPEC) {
			drop_out(sc, m, DROP_IF_NOFAMILY);
			return (0);
		}
		iov[n++] = (struct host_iov){ &family, FAMILY_LEN };
	}
	if ((n = pieces_fill(m, iov, n)) == -1) {
		whole = m_dup_pkt(m, 0);
		m_freem(m);
		if (whole == NULL || (m = whole)->m_next != NULL) {
			drop_out(sc, whole, DROP_NOBUFS);
			return (0);
		}
		n = pieces_fill(m, iov, is_tap(sc) ? 0 : 1);
	}
	error = file_push(sc->sc_file, &head, NULL, NULL, iov, n);
	if (error == 0)
		m_freem(m);
	else if (error != EAGAIN) /* it is being closed just now */
		drop_out(sc, m, DROP_TUN_CLOSED);
	return (error == EAGAIN ? EAGAIN : 0);
}

static void
tun_lose(struct tun_softc *sc)
{
	struct mbuf *m;

	ml_enlist(&sc->sc_ready, &sc->sc_if.if_snd);
	while ((m = ml_dequeue(&sc->sc_ready)) != NULL)
		drop_out(sc, m, DROP_TUN_CLOSED);
}

static void
tun_start(struct ifnet *ifp)
{
	struct tun_softc *sc = ifp->if_softc;
	struct mbuf_list rest;
	struct mbuf *m;

	if (sc->sc_file == NULL) {
		tun_lose(sc);
		return;
	}
	for (;;) {
		if (ml_empty(&sc->sc_ready) &&
		    (m = ml_dequeue(&ifp->if_snd)) != NULL)
			if_finish_offload(ifp, m, &sc->sc_ready);
		if ((m = ml_dequeue(&sc->sc_ready)) == NULL) {
			if (ml_empty(&ifp->if_snd))
				return;
			continue;
		}
		if (packet_push(sc, m) == EAGAIN)
			break;
	}
	rest = sc->sc_ready;
	ml_init(&sc->sc_ready);
	ml_enqueue(&sc->sc_ready, m);
	ml_enlist(&sc->sc_ready, &rest);
	ifp->if_flags |= IFF_OACTIVE; /* until tun_writable() */
}

static int
tun_output(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh,
    struct rtentry *rt)
{
	if ((ifp->if_flags & IFF_UP) == 0) {
		ifp->if_counters.oqdrops++;
		m_drop(m, DROP_IF_DOWN);
		return (ENETDOWN);
	}
	return (if_enqueue(ifp, m));
}

static void
tun_writable(struct file *fp)
{
	struct tun_softc *sc = fp->f_data;

	if (sc == NULL)
		return;
	sc->sc_if.if_flags &= ~(uint32_t)IFF_OACTIVE;
	tun_start(&sc->sc_if);
}

/* --- from the program --- */

/* From if_input(): the bytes are an IP packet. */
static void
tun_input(struct ifnet *ifp, struct mbuf *m)
{
	if_input_ip(ifp, m, family_of(m));
}

/* Takes the family off; false: it is wrong, and m is gone. */
static bool
family_strip(struct tun_softc *sc, struct mbuf *m)
{
	uint32_t family;

	if (m_copydata(m, 0, FAMILY_LEN, &family) == 0) {
		m_adj(m, FAMILY_LEN);
		family = ntohl(family);
		if (family != AF_UNSPEC && family == family_of(m))
			return (true);
	}
	sc->sc_if.if_counters.ierrors++;
	m_drop(m, DROP_TUN_WRITE);
	return (false);
}

/* The next message as a packet.  False: there is none now. */
static bool
message_read(struct tun_softc *sc, struct mbuf_list *ml)
{
	struct file_msg head;
	struct host_iov iov[2] = { { &head, sizeof(head) } };
	struct mbuf *m;
	int passed = -1;
	long n;

	if ((m = m_getroom(M_HEADROOM, MAXMCLBYTES)) == NULL) {
		drop_count(DROP_NOBUFS);
		file_retry(sc->sc_file); /* the message stays until then */
		return (false);
	}
	iov[1] = (struct host_iov){ m->m_data, MAXMCLBYTES };
	n = host_recv(sc->sc_file->f_k, iov, 2, &passed, 0);
	if (passed != -1)
		host_close(passed);
	if (n == 0)
		file_want_read(sc->sc_file, false); /* the end */
	if (n == 0 || n == -EAGAIN) {
		m_freem(m);
		return (false);
	}
	if (n <= (long)sizeof(head) || head.type != FMSG_DATA ||
	    head.addrlen != 0 || head.cmsglen != 0) {
		sc->sc_if.if_counters.ierrors++;
		m_drop(m, DROP_TUN_WRITE);
		return (true);
	}
	m->m_len = m->m_pkthdr.len = (uint32_t)((unsigned long)n -
	    sizeof(head));
	if (is_tap(sc) || family_strip(sc, m))
		ml_enqueue(ml, m);
	return (true);
}

static void
tun_readable(struct file *fp)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	struct tun_softc *sc = fp->f_data;
	struct ifnet *ifp;

	if (sc == NULL)
		return;
	for (int i = 0; i < READ_BATCH && message_read(sc, &ml); i++)
		;
	ifp = &sc->sc_if;
	if_ref(ifp);
	if_input(ifp, &ml);
	if_put(ifp);
}

/* --- calls --- */

static int
info_set(struct ifnet *ifp, const struct tuninfo *ti)
{
	uint32_t oldmtu = ifp->if_mtu;
	int error;

	if ((error = if_setmtu(ifp, ti->mtu)) != 0)
		return (error);
	if ((error = if_setflags(ifp, ti->flags)) != 0) {
		if_setmtu(ifp, oldmtu);
		return (error);
	}
	ifp->if_baudrate = ti->baudrate;
	return (0);
}

static void
info_get(const struct ifnet *ifp, struct tuninfo *ti)
{
	memset(ti, 0, sizeof(*ti));
	strlcpy(ti->name, ifp->if_xname, sizeof(ti->name));
	ti->mtu = ifp->if_mtu;
	ti->flags = ifp->if_flags;
	ti->baudrate = ifp->if_baudrate;
}

static int
tun_fioctl(struct file *fp, unsigned long cmd, void *data, struct proc *p)
{
	struct tun_softc *sc = fp->f_data;
	int error;

	if (sc == NULL)
		return (ENXIO);
	switch (cmd) {
	case TUNSIFINFO:
		if ((error = suser(p)) != 0)
			return (error);
		return (info_set(&sc->sc_if, data));
	case TUNGIFINFO:
		info_get(&sc->sc_if, data);
		return (0);
	default:
		return (ENOTTY);
	}
}

/* --- the device --- */

static void
tun_close(struct file *fp)
{
	struct tun_softc *sc = fp->f_data;

	if (sc == NULL)
		return; /* the interface went first */
	fp->f_data = NULL;
	sc->sc_file = NULL;
	sc->sc_if.if_flags &= ~(uint32_t)IFF_OACTIVE;
	tun_lose(sc);
	if (sc->sc_implicit)
		tun_destroy(&sc->sc_if);
	else
		if_link_state_change(&sc->sc_if, LINK_STATE_DOWN);
}

static const struct fileops tun_ops = {
	.name = "tun",
	.ioctl = tun_fioctl,
	.readable = tun_readable,
	.writable = tun_writable,
	.close = tun_close,
};

static int
dev_open(struct file *fp, const char *cloner, int flags, struct proc *p)
{
	char name[IFNAMSIZ];
	struct tun_softc *sc;
	struct ifnet *ifp;
	bool made = false;
	int error;

	if ((error = suser(p)) != 0)
		return (error);
	snprintf(name, sizeof(name), "%s%u", cloner, fp->f_unit);
	if ((ifp = if_unit(name)) == NULL) {
		if ((error = if_clone_create(name)) != 0)
			return (error);
		ifp = if_unit(name);
		made = true;
	}
	if (ifp->if_start != tun_start)
		return (ENXIO); /* a link of the host has taken the name */
	sc = ifp->if_softc;
	if (sc->sc_file != NULL)
		return (EBUSY);
	sc->sc_file = fp;
	sc->sc_implicit = made;
	fp->f_ops = &tun_ops;
	fp->f_data = sc;
	file_want_read(fp, (flags & FWRITE) != 0);
	if_link_state_change(ifp, LINK_STATE_UP);
	return (0);
}

static int
tundev_open(struct file *fp, int flags, struct proc *p)
{
	return (dev_open(fp, "tun", flags, p));
}

static int
tapdev_open(struct file *fp, int flags, struct proc *p)
{
	return (dev_open(fp, "tap", flags, p));
}

static struct cdev tun_dev = { .name = "tun",
	.units = true,
	.open = tundev_open };
static struct cdev tap_dev = { .name = "tap",
	.units = true,
	.open = tapdev_open };

/* --- the interface's life --- */

/* What is ready for the program waits in the driver: it goes with "down" too. */
static int
tun_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	if (cmd != SIOCSIFFLAGS)
		return (ENOTTY);
	if ((ifp->if_flags & IFF_UP) == 0)
		tun_lose(ifp->if_softc);
	return (0);
}

static int
tap_setup(struct ifnet *ifp)
{
	ifp->if_hardmtu = TUN_MTU_MAX - ETHER_HDR_LEN;
	return (ether_ifattach(ifp));
}

static int
tun_setup(struct ifnet *ifp)
{
	ifp->if_hardmtu = TUN_MTU_MAX;
	ifp->if_flags = IFF_POINTOPOINT | IFF_MULTICAST;
	ifp->if_output = tun_output;
	ifp->if_input = tun_input;
	return (bpf_attach(ifp, DLT_LOOP, FAMILY_LEN));
}

static int
tun_create(struct if_clone *ifc, unsigned int unit)
{
	bool tap = ifc == &tap_cloner;
	struct tun_softc *sc;

	if ((sc = if_clone_alloc(ifc, unit, sizeof(*sc),
		 tap ? IFT_ETHER : IFT_TUN)) == NULL)
		return (ENOMEM);
	ml_init(&sc->sc_ready);
	sc->sc_if.if_link_state = LINK_STATE_DOWN;
	sc->sc_if.if_start = tun_start;
	sc->sc_if.if_ioctl = tun_ioctl;
	return (if_clone_finish(&sc->sc_if,
	    tap ? tap_setup(&sc->sc_if) : tun_setup(&sc->sc_if)));
}

/* Who has the device open reads its end. */
static int
tun_destroy(struct ifnet *ifp)
{
	struct tun_softc *sc = ifp->if_softc;
	struct file *fp = sc->sc_file;

	sc->sc_file = NULL;
	if (fp != NULL) {
		fp->f_data = NULL;
		file_revoke(fp);
	}
	tun_lose(sc);
	if (is_tap(sc))
		ether_ifdetach(ifp);
	if_detach(ifp);
	return (0);
}

void
tuninit(void)
{
	if_clone_attach(&tun_cloner);
	if_clone_attach(&tap_cloner);
	cdev_register(&tun_dev);
	cdev_register(&tap_dev);
}
