/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces on links of the host: wire, tap, packet, pcap.
 *
 * NAME=kind:spec makes an Ethernet interface NAME whose frames come from and
 * go to a link of that kind.  On the way in, at most 32 at a time, small frames
 * are copied into mbufs; large ones stay in the link's memory and are lent to
 * mbufs, for most leave soon for a program or for another link.  A loan is
 * called in when others need its place, and before the next batch where the
 * link has no memory for more than one.  On the way out they are lent to the link as pieces.  What
 * is unfinished about a frame (checksum, segmentation) travels beside it in
 * both directions; if_link_meta.c translates.
 *
 * Life: if_plug() opens the link, then attaches the interface; if_unplug()
 * detaches it and closes the link.  Pulling the cable is not unplugging: that
 * is the link's property "carrier".
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/task.h>
#include <sys/time.h>
#include <net/ethernet.h>
#include <net/if_link.h>
#include <net/if_var.h>
#include <net/packet_filter.h>
#include <machine/host.h>
#include <machine/kernel.h>

#define RX_BATCH     32
#define TX_BATCH     32
#define RX_HEADROOM  (M_HEADROOM + 2) /* the IP header is aligned then */
#define FRAME_PIECES 64               /* more are made one */
#define TX_IOVS      256              /* pieces of one batch */
#define LEND_BYTES   4096             /* smaller frames are copied */
#define LOANS        96

struct link_softc;
struct link_loan {
	struct mbuf_loan loan;
	struct link_softc *sc;
	unsigned int name; /* the link's for it */
};

struct link_softc {
	struct ifnet sc_if;
	const struct hostif_kind *sc_kind;
	void *sc_link; /* NULL: none */
	char sc_spec[256];
	struct mbuf_list sc_ready; /* finished, but the link was full */
	struct task sc_more;       /* a batch came: look again */
	struct link_loan sc_loans[LOANS];
	unsigned int sc_loan; /* the next; behind it the oldest */
	uint64_t sc_missed; /* of the link's, those that are counted */
	/* the batch being sent: too large for the stack */
	struct hostif_frame sc_frames[TX_BATCH];
	struct host_iov sc_iov[TX_IOVS];
	struct mbuf *sc_held[TX_BATCH];
};

/* --- receive --- */

static void
frame_release(struct link_softc *sc, unsigned int name)
{
	if (name != 0)
		sc->sc_kind->release(sc->sc_link, name);
}

static void
loan_over(struct mbuf_loan *l)
{
	struct link_loan *ll = (struct link_loan *)(void *)l;

	frame_release(ll->sc, ll->name);
}

/* The link wants all its memory back. */
static void
loans_end(struct link_softc *sc)
{
	for (unsigned int i = 0; i < LOANS; i++)
		m_loan_end(&sc->sc_loans[i].loan);
}

/* frame_release() follows in any case, with the last user or at once. */
static struct mbuf *
frame_lend(struct link_softc *sc, const struct hostif_frame *f)
{
	struct link_loan *ll = &sc->sc_loans[sc->sc_loan];
	struct mbuf *m;

	m_loan_end(&ll->loan);
	ll->name = f->loan;
	if (f->len > MAXMCLBYTES ||
	    (m = m_lend(&ll->loan, f->iov->base, f->len)) == NULL) {
		frame_release(sc, f->loan);
		return (NULL);
	}
	sc->sc_loan = (sc->sc_loan + 1) % LOANS;
	return (m);
}

static struct mbuf *
frame_bytes(struct link_softc *sc, const struct hostif_frame *f)
{
	struct mbuf *m;

	if (f->loan != 0 || f->len >= LEND_BYTES)
		return (frame_lend(sc, f));
	if ((m = m_getroom(RX_HEADROOM, f->len)) == NULL)
		return (NULL);
	memcpy(m->m_data, f->iov->base, f->len);
	m->m_len = m->m_pkthdr.len = f->len;
	return (m);
}

static struct mbuf *
frame_take(struct link_softc *sc, const struct hostif_frame *f)
{
	struct mbuf *m;

	if ((m = frame_bytes(sc, f)) == NULL)
		return (NULL);
	m->m_pkthdr.stamp_us = f->stamp_ns / 1000;
	if ((f->flags & HOSTIF_VLAN) != 0) {
		m->m_flags |= M_VLANTAG;
		m->m_pkthdr.ether_vtag = f->vlan_tci;
	}
	return (m);
}

static int
frames_get(struct link_softc *sc, struct hostif_frame *frames)
{
	int n;

	if (sc->sc_kind->release == NULL)
		loans_end(sc);
	if ((n = sc->sc_kind->rx(sc->sc_link, frames, RX_BATCH)) >= 0)
		return (n);
	loans_end(sc);
	return (sc->sc_kind->rx(sc->sc_link, frames, RX_BATCH));
}

/* What the host lost of ours before we saw it dies here. */
static void
missed_count(struct link_softc *sc)
{
	uint64_t missed;

	if (sc->sc_kind->missed == NULL)
		return;
	missed = sc->sc_kind->missed(sc->sc_link) - sc->sc_missed;
	sc->sc_missed += missed;
	sc->sc_if.if_counters.iqdrops += missed;
	drop_counts[DROP_IF_MISSED] += missed;
}

static void
link_rx(struct link_softc *sc)
{
	struct hostif_frame frames[RX_BATCH];
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	struct mbuf *m;
	int n;

	n = frames_get(sc, frames);
	missed_count(sc);
	for (int i = 0; i < n; i++) {
		if ((m = frame_take(sc, &frames[i])) == NULL) {
			sc->sc_if.if_counters.iqdrops++;
			drop_count(DROP_NOBUFS);
		} else if (if_meta_in(m, &frames[i]) != 0) {
			sc->sc_if.if_counters.ierrors++;
			m_drop(m, DROP_IF_BADMARKS);
		} else {
			ml_enqueue(&ml, m);
		}
	}
	if (n == RX_BATCH || (n > 0 && sc->sc_kind->release != NULL))
		task_add(&sc->sc_more); /* a lender is emptied each time */
	if_input(&sc->sc_if, &ml);
}

static void
link_rx_more(void *arg)
{
	struct link_softc *sc = arg;

	if (sc->sc_link != NULL && (sc->sc_if.if_flags & IFF_UP) != 0)
		link_rx(sc);
}

/* --- transmit --- */

/* The pieces of m behind iov[0..]; how many, 0 when more than max. */
static int
frame_pieces(const struct mbuf *m, struct host_iov *iov, int max)
{
	int n = 0;

	for (; m != NULL; m = m->m_next) {
		if (m->m_len == 0)
			continue;
		if (n == max)
			return (0);
		iov[n].base = m->m_data;
		iov[n++].len = m->m_len;
	}
	return (n);
}

/* Fills f for m; what cannot be lent in pieces is made one.  False: m is gone. */
static bool
frame_fill(struct mbuf **mp, struct hostif_frame *f, struct host_iov *iov,
    int max)
{
	struct mbuf *m = *mp, *n;

	memset(f, 0, sizeof(*f));
	f->len = m->m_pkthdr.len;
	if (if_meta_out(&m, f) != 0) {
		*mp = NULL;
		drop_count(DROP_IF_OFFLOAD);
		return (false);
	}
	f->iov = iov;
	if ((f->niov = frame_pieces(m, iov, MIN(max, FRAME_PIECES))) == 0) {
		n = m_dup_pkt(m, 0);
		m_freem(m);
		if ((m = n) == NULL) {
			*mp = NULL;
			drop_count(DROP_NOBUFS);
			return (false);
		}
		f->niov = frame_pieces(m, iov, max);
	}
	*mp = m;
	return (true);
}

/* What is queued, finished as far as the link needs it. */
static void
link_ready(struct link_softc *sc)
{
	struct ifnet *ifp = &sc->sc_if;
	struct mbuf *m;

	while (sc->sc_ready.ml_len < TX_BATCH &&
	    (m = ml_dequeue(&ifp->if_snd)) != NULL)
		if_finish_offload(ifp, m, &sc->sc_ready);
}

/* One batch to the link.  False: the link is full. */
static bool
link_tx_batch(struct link_softc *sc)
{
	struct mbuf *m;
	struct mbuf_list back = MBUF_LIST_INITIALIZER;
	int n = 0, niov = 0, sent;

	while (n < TX_BATCH && niov < TX_IOVS - FRAME_PIECES &&
	    (m = ml_dequeue(&sc->sc_ready)) != NULL) {
		if (!frame_fill(&m, &sc->sc_frames[n], sc->sc_iov + niov,
			TX_IOVS - niov)) {
			sc->sc_if.if_counters.oerrors++;
			continue;
		}
		niov += sc->sc_frames[n].niov;
		sc->sc_held[n++] = m;
	}
	sent = n > 0 ? sc->sc_kind->tx(sc->sc_link, sc->sc_frames, n) : 0;
	for (int i = 0; i < n; i++) {
		if (i < sent)
			m_freem(sc->sc_held[i]);
		else
			ml_enqueue(&back, sc->sc_held[i]);
	}
	if (ml_empty(&back))
		return (true);
	ml_enlist(&back, &sc->sc_ready);
	sc->sc_ready = back;
	return (false);
}

/* Without carrier there is nowhere to keep frames for: they are lost, as on a real one. */
static void
link_lose(struct link_softc *sc)
{
	struct mbuf *m;

	ml_enlist(&sc->sc_ready, &sc->sc_if.if_snd);
	while ((m = ml_dequeue(&sc->sc_ready)) != NULL) {
		sc->sc_if.if_counters.oerrors++;
		m_drop(m, DROP_IF_NOCARRIER);
	}
}

static void
link_start(struct ifnet *ifp)
{
	struct link_softc *sc = ifp->if_softc;

	if (sc->sc_link == NULL || ifp->if_link_state == LINK_STATE_DOWN) {
		link_lose(sc);
		return;
	}
	for (link_ready(sc); !ml_empty(&sc->sc_ready); link_ready(sc))
		if (!link_tx_batch(sc)) {
			ifp->if_flags |= IFF_OACTIVE; /* until HOSTIF_TXROOM */
			return;
		}
}

/* --- state of the link --- */

static void
link_info(struct link_softc *sc)
{
	struct ifnet *ifp = &sc->sc_if;
	struct hostif_info info;
	uint32_t caps = 0;

	memset(&info, 0, sizeof(info));
	sc->sc_kind->info(sc->sc_link, &info);
	if ((info.caps & HOSTIF_CAP_CSUM) != 0)
		caps |= IFCAP_CSUM_L4;
	if ((info.caps & HOSTIF_CAP_TSO4) != 0)
		caps |= IFCAP_TSO4;
	if ((info.caps & HOSTIF_CAP_TSO6) != 0)
		caps |= IFCAP_TSO6;
	if ((info.caps & HOSTIF_CAP_USO) != 0)
		caps |= IFCAP_USO;
	ifp->if_caps = caps | IFCAP_VLAN_MTU;
	ifp->if_baudrate = info.baudrate;
	if (info.mtu != 0)
		ifp->if_hardmtu = info.mtu;
	if_link_state_change(ifp, info.up ? LINK_STATE_UP : LINK_STATE_DOWN);
}

static void
link_event(void *arg, enum hostif_event what)
{
	struct link_softc *sc = arg;

	time_refresh();
	switch (what) {
	case HOSTIF_RX:
		link_rx(sc);
		break;
	case HOSTIF_TXROOM:
		sc->sc_if.if_flags &= ~(uint32_t)IFF_OACTIVE;
		link_start(&sc->sc_if);
		break;
	case HOSTIF_LINK:
		link_info(sc);
		break;
	}
}

/* A property the link may not know of: that is no error. */
static int
link_set(struct link_softc *sc, const char *name, const char *val)
{
	char out[32];
	int error;

	error = -sc->sc_kind->ctl(sc->sc_link, name, val, out, sizeof(out));
	return (error == EOPNOTSUPP ? 0 : error);
}

/* Receiving and promiscuity follow the flags. */
static int
link_flags(struct link_softc *sc)
{
	uint32_t flags = sc->sc_if.if_flags;

	loans_end(sc);
	sc->sc_kind->rx_enable(sc->sc_link, (flags & IFF_UP) != 0);
	if ((flags & IFF_UP) == 0)
		link_lose(sc);
	return (
	    link_set(sc, "promisc", (flags & IFF_PROMISC) != 0 ? "1" : "0"));
}

static int
link_lladdr(struct link_softc *sc, const uint8_t a[6])
{
	char text[20];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", a[0],
	    a[1], a[2], a[3], a[4], a[5]);
	return (link_set(sc, "lladdr", text));
}

static int
link_ioctl(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p)
{
	struct link_softc *sc = ifp->if_softc;

	if (sc->sc_link == NULL)
		return (0);
	if (cmd == SIOCSIFFLAGS)
		return (link_flags(sc));
	if (cmd == SIOCSIFLLADDR)
		return (link_lladdr(sc, ((const struct if_req *)data)->lladdr));
	return (ENOTTY);
}

static void
link_free(struct ifnet *ifp)
{
	free(ifp->if_softc, M_IFNET, sizeof(struct link_softc));
}

/* --- plug, unplug --- */

/* Says why not; error comes back. */
static int refuse(int error, char *why, size_t whylen, const char *fmt, ...)
    __printf(4, 5);
static int
refuse(int error, char *why, size_t whylen, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, whylen, fmt, ap);
	va_end(ap);
	return (error);
}

/* Letters, then a number; nothing a cloner or a group could be called. */
static int
link_name_judge(const char *name, char *why, size_t whylen)
{
	size_t len = strnlen(name, IFNAMSIZ), i;

	if (len == IFNAMSIZ || len < 2 || name[len - 1] < '0' ||
	    name[len - 1] > '9' || name[0] <= '9')
		return (refuse(EINVAL, why, whylen,
		    "not an interface name: letters and a number, as in fxp0"));
	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' ||
		    name[i] == '=' || name[i] == ':')
			return (refuse(EINVAL, why, whylen,
			    "a character that no interface name has"));
	if (if_clone_owns(name))
		return (refuse(EINVAL, why, whylen,
		    "%s is the name of a cloned interface", name));
	if (if_unit(name) != NULL)
		return (refuse(EEXIST, why, whylen,
		    "there is an interface %s already", name));
	return (0);
}

static int
link_kind_find(const char *spec, const struct hostif_kind **kind, char *why,
    size_t whylen)
{
	const char *colon = strchr(spec, ':');

	if (colon == NULL || colon == spec)
		return (refuse(EINVAL, why, whylen,
		    "%.80s: not kind:spec, as in wire:lan", spec));
	if ((*kind = hostif_lookup(spec, (unsigned long)(colon - spec))) ==
	    NULL)
		return (refuse(EINVAL, why, whylen,
		    "%.80s: no such kind of link; there are %s", spec,
		    hostif_kinds()));
	if (strlen(spec) >= sizeof(((struct link_softc *)NULL)->sc_spec))
		return (
		    refuse(ENAMETOOLONG, why, whylen, "the spec is too long"));
	return (0);
}

static struct link_softc *
link_make(const char *name, const struct hostif_kind *kind, const char *spec)
{
	struct link_softc *sc;

	if ((sc = malloc(sizeof(*sc), M_IFNET, M_ZERO)) == NULL)
		return (NULL);
	sc->sc_kind = kind;
	strlcpy(sc->sc_spec, spec, sizeof(sc->sc_spec));
	ml_init(&sc->sc_ready);
	task_set(&sc->sc_more, link_rx_more, sc);
	for (unsigned int i = 0; i < LOANS; i++) {
		sc->sc_loans[i].sc = sc;
		sc->sc_loans[i].loan.over = loan_over;
	}
	if_init(&sc->sc_if, name, IFT_ETHER);
	sc->sc_if.if_softc = sc;
	sc->sc_if.if_linkspec = sc->sc_spec;
	sc->sc_if.if_hardmtu = ETHER_MAX_MTU;
	sc->sc_if.if_start = link_start;
	sc->sc_if.if_ioctl = link_ioctl;
	sc->sc_if.if_free = link_free;
	return (sc);
}

static void
link_close(struct link_softc *sc)
{
	void *link = sc->sc_link;

	loans_end(sc);
	sc->sc_link = NULL;
	task_del(&sc->sc_more);
	link_lose(sc);
	if (link != NULL)
		sc->sc_kind->close(link);
}

int
if_plug(const char *name, const char *spec, char *why, size_t whylen)
{
	const struct hostif_kind *kind = NULL;
	struct hostif_info info;
	struct link_softc *sc;
	int error;

	ASSERT_TOKEN();
	why[0] = '\0';
	if ((error = link_name_judge(name, why, whylen)) != 0 ||
	    (error = link_kind_find(spec, &kind, why, whylen)) != 0)
		return (error);
	if ((sc = link_make(name, kind, spec)) == NULL)
		return (refuse(ENOMEM, why, whylen,
		    "no memory for another interface"));
	error = -kind->open(strchr(spec, ':') + 1, name, link_event, sc,
	    &sc->sc_link, why, whylen);
	if (error != 0) {
		sc->sc_link = NULL;
		if_put(&sc->sc_if);
		return (error);
	}
	memset(&info, 0, sizeof(info));
	kind->info(sc->sc_link, &info);
	memcpy(sc->sc_if.if_lladdr, info.lladdr, 6);
	if (info.mtu != 0)
		sc->sc_if.if_mtu = MIN(ETHERMTU, info.mtu);
	link_info(sc);
	if ((error = ether_ifattach(&sc->sc_if)) != 0 ||
	    (error = if_attach(&sc->sc_if)) != 0) {
		link_close(sc);
		bpf_detach(&sc->sc_if);
		if_put(&sc->sc_if);
		return (refuse(error, why, whylen,
		    "no memory for another interface"));
	}
	link_lladdr(sc, sc->sc_if.if_lladdr);
	return (0);
}

/* The softc of an interface that is on a link, or NULL with a sentence. */
static struct link_softc *
link_find(const char *name, int *error, char *why, size_t whylen)
{
	struct ifnet *ifp = if_unit(name);

	if (ifp == NULL)
		*error = refuse(ENXIO, why, whylen, "there is no interface %s",
		    name);
	else if (ifp->if_start != link_start)
		*error = refuse(ENODEV, why, whylen, "%s is on no link", name);
	else
		return (ifp->if_softc);
	return (NULL);
}

int
if_unplug(const char *name, char *why, size_t whylen)
{
	struct link_softc *sc;
	int error;

	ASSERT_TOKEN();
	why[0] = '\0';
	if ((sc = link_find(name, &error, why, whylen)) == NULL)
		return (error);
	ether_ifdetach(&sc->sc_if);
	if_ref(&sc->sc_if);
	if_detach(&sc->sc_if);
	link_close(sc);
	if_put(&sc->sc_if);
	return (0);
}

int
if_linkctl(struct if_linkctl *lc)
{
	struct link_softc *sc;
	char out[sizeof(lc->value)];
	int error;

	ASSERT_TOKEN();
	memset(lc->why, 0, sizeof(lc->why));
	if ((sc = link_find(lc->name, &error, lc->why, sizeof(lc->why))) ==
	    NULL)
		return (error);
	memset(out, 0, sizeof(out));
	error = -sc->sc_kind->ctl(sc->sc_link, lc->key, lc->value, out,
	    sizeof(out));
	if (error == EOPNOTSUPP)
		return (refuse(error, lc->why, sizeof(lc->why),
		    "a %s link has no property %s", sc->sc_kind->kind,
		    lc->key));
	if (error != 0)
		return (refuse(error, lc->why, sizeof(lc->why),
		    "%s cannot be %.40s", lc->key, lc->value));
	out[sizeof(out) - 1] = '\0';
	memcpy(lc->value, out, sizeof(out));
	return (0);
}

int
kernel_plug(const char *ifname, const char *spec, char *why,
    unsigned long whylen)
{
	return (if_plug(ifname, spec, why, whylen));
}
