/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * wire: a virtual cable, or a hub, without privilege and without a daemon.
 *
 * A wire is a folder.  Each end listens on a socket of its own there, and
 * connects to all that listen when it comes; so every two ends share one
 * connection, and each learns at once when another dies.  The folder is
 * locked while an end comes, hence no two ends connect to each other twice;
 * one that finds it locked has no carrier yet and tries again by its timer.
 * A socket that nobody answers on is what a killed end left; it is removed.
 *
 * A message holds up to 64 frames, each behind a struct wire_hdr; a frame
 * for a hub goes to all other ends.  With one other end, a full connection
 * stops us (HOSTIF_TXROOM); on a hub the slow end loses frames.  An end that
 * is off reads and forgets, so that it neither stops others nor hears later
 * what is long past.
 *
 * The end that sends applies what is bad about the wire: frames that come
 * late wait in a list ordered by time.  Chance decides about packets, hence
 * such an end offers no offloads: what is lost is a packet and not a
 * segment's worth of forty, and a flipped bit meets a finished checksum.
 * Bandwidth holds up the sender, whose interface queue is the one that fills.
 */

#include <machine/host.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "host.h"
#include "wire.h"

#define FRAMES_MAX 64
#define LATE_MAX   10000
#define SOCKBUF	   (4 << 20)
#define BACKLOG	   512
#define DEAF_MAX   64 /* messages that an end that is off forgets at a time */
#define JOIN_NS	   2000000ULL /* until a locked folder is tried again */
#define AHEAD_NS   20000000ULL /* of bits that a slow end holds: it may not run for a while */

struct peer {
	struct peer *next;
	struct wire *wire;
	int fd;
	struct host_watch *watch;
	uint64_t drops;
};

struct wire {
	struct wire *next;
	void (*event)(void *arg, enum hostif_event what);
	void *arg;
	char dir[4096], name[64];
	int listener;
	struct host_watch *listen_watch;
	struct peer *peers, *speaking; /* whose message is read */
	int npeers;
	bool on, plugged, full;
	bool joining; /* plugged, but the folder is locked */
	bool busy; /* bits of earlier frames are on their way out */
	bool open; /* events may be sent: the opener has its handle */
	struct wire_faults faults;
	struct wire_late *late, **late_last; /* where the last one ends */
	uint64_t late_due_ns; /* of the last one */
	int nlate, timer;
	struct host_watch *timer_watch;
	/* a message being read, and one being packed */
	uint8_t *in, *out;
	size_t inlen, inat, outlen;
	int outn;
	struct host_iov iov[FRAMES_MAX];
	uint64_t bad, lost;
};

static struct wire *wires; /* all of this process */

/* --- the timer: late frames, a slow end, a locked folder --- */

static void
timer_set(struct wire *w)
{
	struct itimerspec its;
	uint64_t due = ~0ULL;

	memset(&its, 0, sizeof(its));
	if (w->late != NULL)
		due = w->late->due_ns;
	if (w->busy && w->faults.busy_until_ns - AHEAD_NS / 2 < due)
		due = w->faults.busy_until_ns - AHEAD_NS / 2;
	if (w->joining && host_clock() + JOIN_NS < due)
		due = host_clock() + JOIN_NS;
	if (due != ~0ULL) {
		due += due == 0; /* 0 would disarm it */
		its.it_value.tv_sec = (time_t)(due / 1000000000ULL);
		its.it_value.tv_nsec = (long)(due % 1000000000ULL);
	}
	timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &its, NULL);
}

/* --- peers --- */

static void
watch_peers(struct wire *w)
{
	for (struct peer *p = w->peers; p != NULL; p = p->next)
		host_watch_mod(p->watch, HOST_IN | (w->full ? HOST_OUT : 0u));
}

static void
peer_remove(struct peer *p)
{
	struct wire *w = p->wire;
	struct peer **at = &w->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	w->npeers--;
	if (w->speaking == p)
		w->speaking = NULL;
	host_watch_del(p->watch);
	close(p->fd);
	free(p);
	if (w->full && w->open) {
		w->full = false;
		w->event(w->arg, HOSTIF_TXROOM);
	}
	if (w->npeers == 0 && w->plugged && w->open)
		w->event(w->arg, HOSTIF_LINK);
}

/* What comes while nobody listens. */
static void
messages_forget(struct peer *p)
{
	struct host_iov iov = { p->wire->in, WIRE_MSG_MAX };
	int passed;
	long n;

	for (int i = 0; i < DEAF_MAX; i++) {
		n = host_recv(p->fd, &iov, 1, &passed, 0);
		host_close(passed);
		if (n == -EAGAIN)
			return;
		if (n <= 0 && n != -EMSGSIZE) {
			peer_remove(p);
			return;
		}
	}
}

static void
peer_event(void *arg, unsigned int events)
{
	struct peer *p = arg;
	struct wire *w = p->wire;

	if ((events & HOST_IN) != 0 && !w->on) {
		messages_forget(p);
		return;
	}
	if ((events & HOST_IN) != 0) {
		w->speaking = p;
		do /* a message may hold more than one batch */
			w->event(w->arg, HOSTIF_RX);
		while (w->inat < w->inlen && w->on);
		return; /* the end is seen when all was read */
	}
	if ((events & HOST_HUP) != 0) {
		peer_remove(p);
		return;
	}
	if ((events & HOST_OUT) != 0 && w->full) {
		w->full = false;
		watch_peers(w);
		w->event(w->arg, HOSTIF_TXROOM);
	}
}

static int
peer_add(struct wire *w, int fd)
{
	struct peer *p;
	int size = SOCKBUF, error;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (-ENOMEM);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	p->wire = w;
	p->fd = fd;
	if ((error = host_watch_add(fd, HOST_IN, peer_event, p, &p->watch)) != 0) {
		free(p);
		return (error);
	}
	p->next = w->peers;
	w->peers = p;
	if (++w->npeers == 1 && w->open)
		w->event(w->arg, HOSTIF_LINK);
	return (0);
}

static void
listener_event(void *arg, unsigned int events)
{
	struct wire *w = arg;
	int fd;

	(void)events;
	if ((fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1 && peer_add(w, fd) != 0)
		close(fd);
}

/* --- coming to a wire, leaving it --- */

/* A socket's address below a folder that may have a long name. */
static void
socket_address(struct sockaddr_un *sun, int dirfd, const char *name)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(sun->sun_path, sizeof(sun->sun_path), "/proc/self/fd/%d/%.60s", dirfd, name);
}

static void
neighbour_connect(struct wire *w, int dirfd, const char *name)
{
	struct sockaddr_un sun;
	int fd;

	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) == -1)
		return;
	socket_address(&sun, dirfd, name);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		if (errno == ECONNREFUSED)
			unlinkat(dirfd, name, 0);
		close(fd);
	} else if (peer_add(w, fd) != 0) {
		close(fd);
	}
}

static int
neighbours_connect(struct wire *w, int dirfd)
{
	struct dirent *de;
	DIR *d;

	if ((d = fdopendir(dup(dirfd))) == NULL)
		return (-errno);
	rewinddir(d);
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] != '.' && strcmp(de->d_name, w->name) != 0)
			neighbour_connect(w, dirfd, de->d_name);
	closedir(d);
	return (0);
}

static int
listener_open(struct wire *w, int dirfd)
{
	struct sockaddr_un sun;

	if ((w->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) == -1)
		return (-errno);
	unlinkat(dirfd, w->name, 0);
	socket_address(&sun, dirfd, w->name);
	if (bind(w->listener, (struct sockaddr *)&sun, sizeof(sun)) == -1 || listen(w->listener, BACKLOG) == -1)
		return (-errno);
	return (host_watch_add(w->listener, HOST_IN, listener_event, w, &w->listen_watch));
}

/* The folder's lock is held for microseconds, but by somebody else. */
static int
folder_enter(struct wire *w, int dirfd)
{
	int error;

	w->joining = false;
	if (flock(dirfd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK)
			return (-errno);
		w->joining = true;
		timer_set(w);
		return (0);
	}
	if ((error = listener_open(w, dirfd)) == 0)
		error = neighbours_connect(w, dirfd);
	return (error);
}

static int
wire_join(struct wire *w)
{
	int dirfd, error;

	if (mkdir(w->dir, 0755) == -1 && errno != EEXIST)
		return (-errno);
	if ((dirfd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-errno);
	error = folder_enter(w, dirfd);
	close(dirfd);
	w->plugged = error == 0;
	return (error);
}

static void
wire_leave(struct wire *w)
{
	char path[sizeof(w->dir) + sizeof(w->name) + 2];

	w->plugged = w->joining = false; /* no event for each peer */
	while (w->peers != NULL)
		peer_remove(w->peers);
	host_watch_del(w->listen_watch);
	w->listen_watch = NULL;
	if (w->listener != -1) {
		close(w->listener);
		snprintf(path, sizeof(path), "%s/%s", w->dir, w->name);
		unlink(path);
	}
	w->listener = -1;
}

/* --- send --- */

/* The packed message to all.  False: the only peer is full, nothing was sent. */
static bool
message_send(struct wire *w)
{
	struct host_iov iov = { w->out, w->outlen };
	struct peer *p, *next;
	long n;

	if (w->outn == 0)
		return (true);
	for (p = w->peers; p != NULL; p = next) {
		next = p->next;
		n = host_send(p->fd, &iov, 1, -1, 0);
		if (n == -EAGAIN && w->npeers == 1) {
			w->full = true;
			watch_peers(w);
			return (false);
		}
		if (n == -EAGAIN || n == -ENOBUFS)
			p->drops += (uint64_t)w->outn;
	}
	w->outlen = 0;
	w->outn = 0;
	return (true);
}

static void
frame_pack(struct wire *w, const struct wire_hdr *h, const struct host_iov *iov, int niov)
{
	uint8_t *at = w->out + w->outlen;

	memcpy(at, h, sizeof(*h));
	at += sizeof(*h);
	for (int i = 0; i < niov; i++) {
		memcpy(at, iov[i].base, iov[i].len);
		at += iov[i].len;
	}
	w->outlen += sizeof(*h) + WIRE_PAD(h->len);
	w->outn++;
}

static bool
message_hasroom(const struct wire *w, uint32_t len)
{
	return (w->outn < FRAMES_MAX && w->outlen + sizeof(struct wire_hdr) + WIRE_PAD(len) <=
	    (w->outn == 0 ? WIRE_MSG_MAX : WIRE_MSG_MAX / 2));
}

static void
header_fill(struct wire_hdr *h, const struct hostif_frame *f)
{
	*h = (struct wire_hdr){ .len = f->len, .flags = (uint8_t)f->flags, .gso = (uint8_t)f->gso, .gso_size = f->gso_size,
		.csum_start = f->csum_start, .csum_offset = f->csum_offset, .gso_hdrlen = f->gso_hdrlen,
		.vlan_tci = f->vlan_tci };
}

/* --- late frames --- */

static void
late_send(struct wire *w)
{
	struct wire_late *l;
	uint64_t now = host_clock();

	while ((l = w->late) != NULL && l->due_ns <= now) {
		struct host_iov iov = { l->data, l->hdr.len };

		if (!message_hasroom(w, l->hdr.len) && !message_send(w))
			break;
		frame_pack(w, &l->hdr, &iov, 1);
		if ((w->late = l->next) == NULL)
			w->late_last = &w->late;
		w->nlate--;
		free(l);
	}
	if (!message_send(w)) { /* a full wire loses what is late */
		w->lost += (uint64_t)w->outn;
		w->outlen = 0;
		w->outn = 0;
	}
	timer_set(w);
}

static void
timer_event(void *arg, unsigned int events)
{
	struct wire *w = arg;
	char text[256];
	uint64_t n;

	(void)events;
	if (read(w->timer, &n, sizeof(n)) != sizeof(n))
		return;
	if (w->joining) {
		if (wire_join(w) != 0) {
			host_log(4, text, (unsigned long)snprintf(text, sizeof(text), "wire: %.200s: cannot be joined", w->dir));
			wire_leave(w);
		}
		w->event(w->arg, HOSTIF_LINK);
	}
	late_send(w);
	if (w->busy && w->faults.busy_until_ns <= host_clock() + AHEAD_NS / 2) {
		w->busy = false;
		w->event(w->arg, HOSTIF_TXROOM);
	}
}

static void
late_add(struct wire *w, const struct hostif_frame *f, uint64_t due, int64_t corrupt_bit)
{
	struct wire_late *l, **at = w->late_last;
	size_t off = 0;

	if (w->nlate >= LATE_MAX || (l = malloc(sizeof(*l) + f->len)) == NULL) {
		w->lost++;
		return;
	}
	header_fill(&l->hdr, f);
	for (int i = 0; i < f->niov; off += f->iov[i++].len)
		memcpy(l->data + off, f->iov[i].base, f->iov[i].len);
	if (corrupt_bit >= 0)
		l->data[corrupt_bit / 8] ^= (uint8_t)(1 << corrupt_bit % 8);
	l->due_ns = due;
	/* most often behind all others: nothing to walk along */
	if (w->late != NULL && w->late_due_ns > due)
		for (at = &w->late; (*at)->due_ns <= due; at = &(*at)->next)
			;
	l->next = *at;
	*at = l;
	if (l->next == NULL) {
		w->late_last = &l->next;
		w->late_due_ns = due;
	}
	w->nlate++;
}

static void
frame_spoil(struct wire *w, const struct hostif_frame *f)
{
	struct wire_faults *wf = &w->faults;
	uint64_t due = wire_due(wf, host_clock(), f->len);
	int64_t bit = -1;

	if (wire_chance(wf, wf->loss)) {
		w->lost++;
		return;
	}
	if (wire_chance(wf, wf->corrupt)) {
		if ((f->flags & HOSTIF_CSUM) != 0) { /* queued before the fault: no sum would tell */
			w->lost++;
			return;
		}
		bit = (int64_t)(wire_random(wf) % (f->len * 8ULL));
	}
	if (wire_chance(wf, wf->reorder)) /* overtaken by what is sent meanwhile */
		due += wf->delay_ns / 2 + 1000000;
	late_add(w, f, due, bit);
	if (wire_chance(wf, wf->dup))
		late_add(w, f, due, bit);
}

/* Frames in turn, as many as a slow end can have on its way out. */
static int
frames_spoil(struct wire *w, const struct hostif_frame *frames, int n)
{
	int i;

	for (i = 0; i < n && !w->busy; i++) {
		if (frames[i].len > 0 && frames[i].len <= WIRE_FRAME_MAX)
			frame_spoil(w, &frames[i]);
		w->busy = w->faults.busy_until_ns > host_clock() + AHEAD_NS;
	}
	late_send(w);
	return (i);
}

static int
wire_tx(void *link, const struct hostif_frame *frames, int n)
{
	struct wire *w = link;
	struct wire_hdr h;
	int packed = 0, i;

	if (!w->plugged || w->npeers == 0)
		return (n); /* nobody is there to hear it */
	if (w->full || w->busy)
		return (0);
	if (wire_fault_any(&w->faults))
		return (frames_spoil(w, frames, n));
	for (i = 0; i < n; i++) {
		if (frames[i].len > WIRE_FRAME_MAX)
			continue;
		if (!message_hasroom(w, frames[i].len)) {
			if (!message_send(w))
				break;
			packed = i;
		}
		header_fill(&h, &frames[i]);
		frame_pack(w, &h, frames[i].iov, frames[i].niov);
	}
	if (message_send(w))
		return (i);
	w->outlen = 0; /* the frames are the caller's still */
	w->outn = 0;
	return (packed);
}

/* --- receive --- */

/* The next message of the peer that speaks into w->in.  False: none. */
static bool
message_read(struct wire *w)
{
	struct host_iov iov = { w->in, WIRE_MSG_MAX };
	struct peer *p = w->speaking;
	int passed;
	long n;

	w->speaking = NULL; /* one message for each event */
	if (p == NULL)
		return (false);
	n = host_recv(p->fd, &iov, 1, &passed, 0);
	host_close(passed);
	w->inat = 0;
	w->inlen = n > 0 ? (size_t)n : 0;
	if (n == -EMSGSIZE)
		w->bad++;
	else if (n <= 0 && n != -EAGAIN)
		peer_remove(p);
	return (n > 0);
}

/* The next frame of the message at hand.  False: it is used up, or bad. */
static bool
frame_next(struct wire *w, struct hostif_frame *f, struct host_iov *iov)
{
	struct wire_hdr h;
	size_t left = w->inlen - w->inat;

	if (left < sizeof(h)) {
		w->bad += left != 0;
		w->inat = w->inlen = 0;
		return (false);
	}
	memcpy(&h, w->in + w->inat, sizeof(h));
	if (h.len == 0 || h.len > WIRE_FRAME_MAX || WIRE_PAD(h.len) > left - sizeof(h)) {
		w->bad++;
		w->inat = w->inlen = 0;
		return (false);
	}
	iov->base = w->in + w->inat + sizeof(h);
	iov->len = h.len;
	*f = (struct hostif_frame){ .iov = iov, .niov = 1, .len = h.len,
		.flags = h.flags & (HOSTIF_CSUM | HOSTIF_CSUMOK | HOSTIF_VLAN), .csum_start = h.csum_start,
		.csum_offset = h.csum_offset, .gso = h.gso, .gso_size = h.gso_size, .gso_hdrlen = h.gso_hdrlen,
		.vlan_tci = h.vlan_tci, .stamp_ns = 0 };
	w->inat += sizeof(h) + WIRE_PAD(h.len);
	return (true);
}

static int
wire_rx(void *link, struct hostif_frame *frames, int n)
{
	struct wire *w = link;
	unsigned long long now = host_walltime();
	int got = 0;

	if (n > FRAMES_MAX)
		n = FRAMES_MAX;
	if (w->inat == w->inlen && !message_read(w))
		return (0);
	/* one message at a time: its buffer is the frames' memory */
	while (got < n && frame_next(w, &frames[got], &w->iov[got]))
		frames[got++].stamp_ns = now;
	return (got);
}

static void
wire_rx_enable(void *link, int on)
{
	struct wire *w = link;

	w->on = on != 0;
	if (!w->on)
		w->inat = w->inlen = 0;
}

/* --- the rest of a link --- */

static void
wire_close(void *link)
{
	struct wire *w = link, **at;
	struct wire_late *l;

	for (at = &wires; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	wire_leave(w);
	while ((l = w->late) != NULL) {
		w->late = l->next;
		free(l);
	}
	host_watch_del(w->timer_watch);
	host_close(w->timer);
	free(w->in);
	free(w->out);
	free(w);
}

void
wire_leave_all(void)
{
	for (struct wire *w = wires; w != NULL; w = w->next)
		wire_leave(w);
}

static int
wire_open(const char *spec, const char *ifname, void (*event)(void *, enum hostif_event), void *arg, void **linkp,
    char *why, unsigned long whylen)
{
	const char *base = getenv("BSD_WIRES");
	struct wire *w;
	int error = -ENOMEM;

	if (spec[0] == '\0')
		return (host_why(why, whylen, EINVAL, "wire: which one? wire:NAME or wire:/path"));
	if (spec[0] != '/' && base == NULL)
		return (host_why(why, whylen, EINVAL, "wire:%s: BSD_WIRES does not say in which folder", spec));
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (-ENOMEM);
	w->event = event;
	w->arg = arg;
	w->next = wires;
	wires = w;
	w->listener = w->timer = -1;
	w->late_last = &w->late;
	w->faults.seed = host_clock() | 1;
	if (spec[0] == '/')
		snprintf(w->dir, sizeof(w->dir), "%s", spec);
	else
		snprintf(w->dir, sizeof(w->dir), "%s/%s", base, spec);
	snprintf(w->name, sizeof(w->name), "%d.%s", getpid(), ifname);
	if ((w->in = malloc(WIRE_MSG_MAX)) == NULL || (w->out = malloc(WIRE_MSG_MAX)) == NULL)
		goto fail;
	error = -EMFILE;
	if ((w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) == -1)
		goto fail;
	if ((error = host_watch_add(w->timer, HOST_IN, timer_event, w, &w->timer_watch)) != 0 || (error = wire_join(w)) != 0)
		goto fail;
	w->open = true;
	*linkp = w;
	return (0);
fail:
	host_why(why, whylen, -error, "wire:%s: %s", spec, strerror(-error));
	wire_close(w);
	return (error);
}

static void
wire_info(void *link, struct hostif_info *info)
{
	struct wire *w = link;

	info->mtu = 65535 - 14;
	info->caps = wire_fault_packets(&w->faults) ? 0 : HOSTIF_CAP_CSUM | HOSTIF_CAP_TSO4 | HOSTIF_CAP_TSO6 | HOSTIF_CAP_USO;
	info->up = w->plugged && w->npeers > 0;
	info->baudrate = w->faults.bandwidth != 0 ? w->faults.bandwidth : 10000000000ULL;
}

static int
carrier_ctl(struct wire *w, const char *val, char *out, unsigned long outlen)
{
	int error = 0;

	if (strcmp(val, "0") == 0 && w->plugged) {
		wire_leave(w);
		w->event(w->arg, HOSTIF_LINK);
	} else if (strcmp(val, "1") == 0 && !w->plugged) {
		if ((error = wire_join(w)) != 0)
			wire_leave(w);
		w->event(w->arg, HOSTIF_LINK);
	} else if (val[0] != '\0' && strcmp(val, "0") != 0 && strcmp(val, "1") != 0) {
		error = -EINVAL;
	}
	if (outlen > 0)
		snprintf(out, outlen, "%d", w->plugged);
	return (error);
}

static int
wire_ctl(void *link, const char *name, const char *val, char *out, unsigned long outlen)
{
	struct wire *w = link;
	int error;

	if (strcmp(name, "carrier") == 0)
		return (carrier_ctl(w, val, out, outlen));
	if (strcmp(name, "promisc") == 0 || strcmp(name, "lladdr") == 0)
		return (0); /* all ends hear all frames */
	if (strcmp(name, "lost") == 0 || strcmp(name, "bad") == 0) {
		if (val[0] != '\0')
			return (-EINVAL);
		snprintf(out, outlen, "%llu", (unsigned long long)(name[0] == 'l' ? w->lost : w->bad));
		return (0);
	}
	if ((error = wire_fault_ctl(&w->faults, name, val, out, outlen)) == 0 && val[0] != '\0') {
		w->faults.busy_until_ns = 0; /* a new pace begins now */
		w->event(w->arg, HOSTIF_LINK); /* what it offers, and how fast */
		if (w->busy) {
			w->busy = false;
			w->event(w->arg, HOSTIF_TXROOM);
		}
	}
	return (error);
}

const struct hostif_kind hostif_wire = {
	.kind = "wire",
	.open = wire_open,
	.close = wire_close,
	.info = wire_info,
	.rx = wire_rx,
	.tx = wire_tx,
	.rx_enable = wire_rx_enable,
	.ctl = wire_ctl,
};
