/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * tap: an Ethernet device of the host whose other end is this interface.
 *
 *	tap:NAME		attach to NAME, made if it is not there
 *	tap:NAME,netns=PID	the same in the network (and user) namespace
 *				of a process
 *
 * Frames cross with virtio-net headers, so the host's TCP hands over 64 KB
 * at a time and computes no checksum.  A device is a character file: one
 * frame a call, but there is no copy to a ring and no second device.
 */

#include <machine/host.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "vnet.h"

#define BATCH	  32
#define FRAME_MAX 65600
#define PIECES	  80
#define STALE_MAX 65536 /* frames that wait in a device, and then some */

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

struct tap {
	void (*event)(void *arg, enum hostif_event what);
	void *arg;
	int fd;
	struct host_watch *watch;
	bool on, full, plugged, uso;
	char name[IFNAMSIZ];
	uint8_t *buf; /* BATCH frames */
	struct host_iov iov[BATCH];
};

static void
tap_event(void *arg, unsigned int events)
{
	struct tap *t = arg;

	if ((events & HOST_OUT) != 0 && t->full) {
		t->full = false;
		host_watch_mod(t->watch, t->on ? HOST_IN : 0);
		t->event(t->arg, HOSTIF_TXROOM);
	}
	if ((events & HOST_IN) != 0 && t->on)
		t->event(t->arg, HOSTIF_RX);
}

static bool
frame_read(struct tap *t, struct hostif_frame *f, int i)
{
	uint8_t *at = t->buf + (size_t)i * FRAME_MAX;
	struct virtio_net_hdr vh;
	struct iovec iov[2] = { { &vh, sizeof(vh) }, { at, FRAME_MAX } };
	ssize_t n;

	for (;;) {
		if ((n = readv(t->fd, iov, 2)) <= (ssize_t)sizeof(vh))
			return (false);
		memset(f, 0, sizeof(*f));
		if (vnet_read(f, &vh) == 0)
			break;
	}
	t->iov[i].base = at;
	t->iov[i].len = (unsigned long)n - sizeof(vh);
	f->iov = &t->iov[i];
	f->niov = 1;
	f->len = (unsigned int)t->iov[i].len;
	return (true);
}

static int
tap_rx(void *link, struct hostif_frame *frames, int n)
{
	struct tap *t = link;
	unsigned long long now = host_walltime();
	uint32_t bytes = 0;
	int got = 0;

	if (n > BATCH)
		n = BATCH;
	while (got < n && bytes < BATCH_BYTES &&
	    frame_read(t, &frames[got], got)) {
		bytes += frames[got].len;
		frames[got++].stamp_ns = now;
		if (!t->plugged)
			got--; /* the cable is pulled: nobody hears it */
	}
	return (got);
}

static int
tap_tx(void *link, const struct hostif_frame *frames, int n)
{
	struct tap *t = link;
	struct virtio_net_hdr vh;
	struct iovec iov[PIECES];
	int i;

	for (i = 0; i < n && t->plugged; i++) {
		const struct hostif_frame *f = &frames[i];

		if (f->niov >= PIECES)
			continue;
		vnet_write(&vh, f);
		iov[0] = (struct iovec){ &vh, sizeof(vh) };
		memcpy(iov + 1, f->iov, (size_t)f->niov * sizeof(*iov));
		if (writev(t->fd, iov, f->niov + 1) == -1 && errno == EAGAIN) {
			t->full = true;
			host_watch_mod(t->watch, (t->on ? HOST_IN : 0u) | HOST_OUT);
			return (i);
		}
	}
	return (n);
}

static void
tap_rx_enable(void *link, int on)
{
	struct tap *t = link;
	struct hostif_frame f;

	if (t->on == (on != 0))
		return;
	t->on = on != 0;
	for (int i = 0; t->on && i < STALE_MAX && frame_read(t, &f, 0); i++)
		; /* what came while nobody wanted it */
	host_watch_mod(t->watch, (t->on ? HOST_IN : 0u) | (t->full ? HOST_OUT : 0u));
}

static void
tap_info(void *link, struct hostif_info *info)
{
	struct tap *t = link;

	info->mtu = 65535 - 14;
	info->caps = HOSTIF_CAP_CSUM | HOSTIF_CAP_TSO4 | HOSTIF_CAP_TSO6 | (t->uso ? HOSTIF_CAP_USO : 0);
	info->up = t->plugged;
	info->baudrate = 10000000000ULL;
}

static void
tap_close(void *link)
{
	struct tap *t = link;

	host_watch_del(t->watch);
	host_close(t->fd);
	free(t->buf);
	free(t);
}

/* Carrier as the host sees it: it loses its link when our cable is pulled. */
static int
carrier_ctl(struct tap *t, const char *val, char *out, unsigned long outlen)
{
	int on, changed = host_carrier(&t->plugged, val, out, outlen);

	if (changed != 1)
		return (changed);
	on = t->plugged;
#ifdef TUNSETCARRIER
	ioctl(t->fd, TUNSETCARRIER, &on);
#endif
	t->event(t->arg, HOSTIF_LINK);
	return (0);
}

static int
tap_ctl(void *link, const char *name, const char *val, char *out, unsigned long outlen)
{
	if (strcmp(name, "carrier") == 0)
		return (carrier_ctl(link, val, out, outlen));
	return (strcmp(name, "promisc") == 0 || strcmp(name, "lladdr") == 0 ? 0 : -EOPNOTSUPP);
}

/* --- opening --- */

static int
device_open(const char *name)
{
	struct ifreq ifr;
	int fd, error;

	if ((fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) == -1)
		return (-errno);
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) == -1) {
		error = -errno;
		close(fd);
		return (error);
	}
	return (fd);
}

static int
ns_join(int pid, const char *ns)
{
	char path[64];
	int fd, error = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (-errno);
	if (setns(fd, 0) == -1)
		error = -errno;
	close(fd);
	return (error);
}

/* In a child that enters the namespaces and sends the descriptor back. */
static int
device_open_in(const char *name, int pid)
{
	struct host_iov iov;
	int sv[2], fd = -1, error = -EIO, status;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		return (-errno);
	if ((child = fork()) == 0) {
		error = geteuid() != 0 ? ns_join(pid, "user") : 0;
		if (error == 0)
			error = ns_join(pid, "net");
		if (error == 0 && (fd = device_open(name)) < 0) {
			error = fd;
			fd = -1;
		}
		iov = (struct host_iov){ &error, sizeof(error) };
		host_send(sv[1], &iov, 1, fd, 0);
		_exit(0);
	}
	close(sv[1]);
	iov = (struct host_iov){ &error, sizeof(error) };
	if (child == -1 || host_recv(sv[0], &iov, 1, &fd, HOST_WAIT) != sizeof(error))
		error = -EIO;
	close(sv[0]);
	if (child > 0)
		waitpid(child, &status, 0);
	return (error != 0 ? error : fd);
}

/* NAME[,netns=PID] */
static int
spec_read(const char *spec, char name[IFNAMSIZ], int *pid)
{
	const char *comma = strchr(spec, ',');
	size_t len = comma != NULL ? (size_t)(comma - spec) : strlen(spec);
	char *end;

	*pid = 0;
	if (len == 0 || len >= IFNAMSIZ)
		return (-EINVAL);
	memcpy(name, spec, len);
	name[len] = '\0';
	if (comma == NULL)
		return (0);
	if (strncmp(comma, ",netns=", 7) != 0)
		return (-EINVAL);
	*pid = (int)strtol(comma + 7, &end, 10);
	return (*pid > 0 && *end == '\0' ? 0 : -EINVAL);
}

static int
tap_why(char *why, unsigned long whylen, const char *spec, int error)
{
	switch (error) {
	case EBUSY:
		return (host_why(why, whylen, error, "tap:%s: another process has it", spec));
	case EACCES:
		return (host_why(why, whylen, error, "tap:%s: /dev/net/tun may not be opened by this user", spec));
	case EPERM:
		return (host_why(why, whylen, error, "tap:%s: no privilege: needs CAP_NET_ADMIN in that namespace", spec));
	case ENOENT:
		return (host_why(why, whylen, error, "tap:%s: no /dev/net/tun, or no such process", spec));
	case EINVAL:
		return (host_why(why, whylen, error, "tap:%s: not NAME[,netns=PID], or NAME is no tap device", spec));
	default:
		return (host_why(why, whylen, error, "tap:%s: %s", spec, strerror(error)));
	}
}

static int
tap_open(const char *spec, const char *ifname, void (*event)(void *, enum hostif_event), void *arg, void **linkp,
    char *why, unsigned long whylen)
{
	unsigned int offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	struct tap *t;
	int pid, error, hdr = sizeof(struct virtio_net_hdr);

	(void)ifname;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (-ENOMEM);
	t->event = event;
	t->arg = arg;
	t->plugged = true;
	t->fd = -1;
	if ((error = spec_read(spec, t->name, &pid)) != 0)
		goto fail;
	if ((t->fd = error = pid != 0 ? device_open_in(t->name, pid) : device_open(t->name)) < 0)
		goto fail;
	t->uso = ioctl(t->fd, TUNSETOFFLOAD, offload | TUN_F_USO4 | TUN_F_USO6) == 0;
	if ((!t->uso && ioctl(t->fd, TUNSETOFFLOAD, offload) == -1) || ioctl(t->fd, TUNSETVNETHDRSZ, &hdr) == -1) {
		error = -errno;
		goto fail;
	}
	error = -ENOMEM;
	if ((t->buf = malloc((size_t)BATCH * FRAME_MAX)) == NULL ||
	    (error = host_watch_add(t->fd, 0, tap_event, t, &t->watch)) != 0)
		goto fail;
	*linkp = t;
	return (0);
fail:
	tap_close(t);
	return (tap_why(why, whylen, spec, -error));
}

const struct hostif_kind hostif_tap = {
	.kind = "tap",
	.open = tap_open,
	.close = tap_close,
	.info = tap_info,
	.rx = tap_rx,
	.tx = tap_tx,
	.rx_enable = tap_rx_enable,
	.ctl = tap_ctl,
};
