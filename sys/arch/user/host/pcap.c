/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pcap: a link whose frames come from a file and go to a file.
 *
 *	pcap:IN		what IN holds is received, as far apart as it was
 *	pcap:IN,OUT	and what is sent is written to OUT
 *	pcap:,OUT	nothing is received
 *
 * IN is a capture of Ethernet in the classic format, of either byte order,
 * in micro- or nanoseconds.  The first frame comes when the interface goes
 * up, each later one as long after it as its time says; its stamp is the
 * file's.  OUT is a nanosecond capture with the host's wall time, made new.
 * A damaged record ends the replay: nothing behind it can be found.
 */

#include <machine/host.h>

#include <sys/stat.h>
#include <sys/timerfd.h>
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

#define MAGIC_US   0xa1b2c3d4U
#define MAGIC_NS   0xa1b23c4dU
#define MAGIC_NG   0x0a0d0d0aU
#define ETHERNET   1
#define FRAME_MAX  65600
#define ARENA_SIZE (4 * FRAME_MAX)
#define BATCH      64
#define NS         1000000000ULL

struct file_hdr {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, sigfigs, snaplen, linktype;
};

struct record_hdr {
	uint32_t sec, frac, caplen, len;
};

struct pcap_link {
	void (*event)(void *arg, enum hostif_event what);
	void *arg;
	FILE *in, *out;
	bool swapped, nanos, on, plugged;
	bool have; /* next is read, its frame is not */
	struct record_hdr next;
	uint64_t next_ns, first_ns; /* in the file's time */
	uint64_t start_ns; /* host_clock() of the first frame; 0: not yet */
	uint64_t bad, lost;
	int timer;
	struct host_watch *watch;
	uint8_t *arena; /* frames lent by rx */
	struct host_iov iov[BATCH];
};

/* --- receive --- */

static uint32_t
word(const struct pcap_link *p, uint32_t v)
{
	return (p->swapped ? bswap_32(v) : v);
}

static void
replay_end(struct pcap_link *p, const char *why)
{
	if (why != NULL) {
		p->bad++;
		host_log(4, why, strlen(why));
	}
	fclose(p->in);
	p->in = NULL;
	p->have = false;
}

/* The header of the next record.  False: there is none. */
static bool
record_next(struct pcap_link *p)
{
	struct record_hdr rh;
	size_t n;

	if (p->have || p->in == NULL)
		return (p->have);
	if ((n = fread(&rh, 1, sizeof(rh), p->in)) != sizeof(rh)) {
		replay_end(p,
		    n == 0 && !ferror(p->in) ?
			NULL :
			"pcap: the last record is cut off");
		return (false);
	}
	p->next = (struct record_hdr){ word(p, rh.sec), word(p, rh.frac),
		word(p, rh.caplen), word(p, rh.len) };
	if (p->next.caplen > FRAME_MAX || p->next.caplen > p->next.len) {
		replay_end(p,
		    "pcap: a record with an impossible length ends the replay");
		return (false);
	}
	p->next_ns = p->next.sec * NS +
	    p->next.frac * (p->nanos ? 1ULL : 1000ULL);
	p->have = true;
	return (true);
}

/* host_clock() time at which the next record is to be received. */
static uint64_t
record_due(struct pcap_link *p)
{
	if (p->start_ns == 0) {
		p->start_ns = host_clock();
		p->first_ns = p->next_ns;
	}
	return (p->next_ns <= p->first_ns ?
		p->start_ns :
		p->start_ns + (p->next_ns - p->first_ns));
}

static void
timer_set(struct pcap_link *p)
{
	struct itimerspec its;
	uint64_t due;

	memset(&its, 0, sizeof(its));
	if (p->on && record_next(p)) {
		due = record_due(p);
		its.it_value.tv_sec = (time_t)(due / NS);
		its.it_value.tv_nsec = (long)(due % NS);
	}
	timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &its, NULL);
}

static int
pcap_rx(void *link, struct hostif_frame *frames, int n)
{
	struct pcap_link *p = link;
	uint64_t now = host_clock();
	size_t used = 0;
	int got = 0;

	while (got < n && got < BATCH && record_next(p) &&
	    record_due(p) <= now && used + p->next.caplen <= ARENA_SIZE) {
		if (fread(p->arena + used, 1, p->next.caplen, p->in) !=
		    p->next.caplen) {
			replay_end(p, "pcap: the last record is cut off");
			break;
		}
		p->have = false;
		if (!p->plugged || p->next.caplen == 0 ||
		    p->next.caplen <
			p->next.len) { /* nobody hears it, or half of it */
			p->lost++;
			continue;
		}
		p->iov[got] = (struct host_iov){ p->arena + used,
			p->next.caplen };
		frames[got] = (struct hostif_frame){ .iov = &p->iov[got],
			.niov = 1,
			.len = p->next.caplen,
			.stamp_ns = p->next_ns };
		used += p->next.caplen;
		got++;
	}
	timer_set(p);
	return (got);
}

static void
timer_event(void *arg, unsigned int events)
{
	struct pcap_link *p = arg;
	uint64_t n;

	(void)events;
	if (read(p->timer, &n, sizeof(n)) == sizeof(n) && p->on)
		p->event(p->arg, HOSTIF_RX);
}

static void
pcap_rx_enable(void *link, int on)
{
	struct pcap_link *p = link;

	p->on = on != 0;
	timer_set(p);
}

/* --- send --- */

static bool
frame_write(struct pcap_link *p, const struct hostif_frame *f, uint64_t now)
{
	struct record_hdr rh = { (uint32_t)(now / NS), (uint32_t)(now % NS),
		f->len, f->len };

	if (fwrite(&rh, sizeof(rh), 1, p->out) != 1)
		return (false);
	for (int i = 0; i < f->niov; i++)
		if (fwrite(f->iov[i].base, 1, f->iov[i].len, p->out) !=
		    f->iov[i].len)
			return (false);
	return (true);
}

static int
pcap_tx(void *link, const struct hostif_frame *frames, int n)
{
	static const char full[] =
	    "pcap: cannot write the capture, it ends here";
	struct pcap_link *p = link;
	uint64_t now = host_walltime();
	bool ok = true;

	if (p->out == NULL || !p->plugged)
		return (n);
	for (int i = 0; i < n && ok; i++)
		ok = frame_write(p, &frames[i], now);
	if (!ok || fflush(p->out) != 0) {
		host_log(3, full, sizeof(full) - 1);
		fclose(p->out);
		p->out = NULL;
	}
	return (n);
}

/* --- the rest of a link --- */

static void
pcap_info(void *link, struct hostif_info *info)
{
	struct pcap_link *p = link;

	info->mtu = 65535 - 14;
	info->caps = 0; /* a file wants finished frames */
	info->up = p->plugged;
	info->baudrate = 0;
}

static int
pcap_ctl(void *link, const char *name, const char *val, char *out,
    unsigned long outlen)
{
	struct pcap_link *p = link;
	int changed;

	if (outlen > 0)
		out[0] = '\0';
	if (strcmp(name, "promisc") == 0 || strcmp(name, "lladdr") == 0)
		return (0); /* all frames of the file are received */
	if ((strcmp(name, "bad") == 0 || strcmp(name, "lost") == 0) &&
	    val[0] == '\0') {
		snprintf(out, outlen, "%llu",
		    (unsigned long long)(name[0] == 'b' ? p->bad : p->lost));
		return (0);
	}
	if (strcmp(name, "carrier") != 0)
		return (-EOPNOTSUPP);
	if ((changed = host_carrier(&p->plugged, val, out, outlen)) != 1)
		return (changed);
	p->event(p->arg, HOSTIF_LINK);
	return (0);
}

static void
pcap_close(void *link)
{
	struct pcap_link *p = link;

	host_watch_del(p->watch);
	host_close(p->timer);
	if (p->in != NULL)
		fclose(p->in);
	if (p->out != NULL)
		fclose(p->out);
	free(p->arena);
	free(p);
}

/* --- opening --- */

static int
file_why(int fd, const char *path, int error, char *why, unsigned long whylen)
{
	host_close(fd);
	return (host_why(why, whylen, error, "pcap: %s: %s", path,
	    strerror(error)));
}

static int
in_open(struct pcap_link *p, const char *path, char *why, unsigned long whylen)
{
	struct file_hdr fh;
	struct stat st;
	uint32_t magic;
	int fd;

	/* a pipe would hold up the kernel until somebody writes */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1)
		return (file_why(fd, path, errno, why, whylen));
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return (host_why(why, whylen, EINVAL, "pcap: %s: is no file",
		    path));
	}
	if ((p->in = fdopen(fd, "r")) == NULL)
		return (file_why(fd, path, errno, why, whylen));
	if (fread(&fh, sizeof(fh), 1, p->in) != 1)
		return (host_why(why, whylen, EINVAL,
		    "pcap: %s: too short for a capture", path));
	p->swapped = fh.magic == bswap_32(MAGIC_US) ||
	    fh.magic == bswap_32(MAGIC_NS);
	magic = word(p, fh.magic);
	p->nanos = magic == MAGIC_NS;
	if (magic == MAGIC_NG)
		return (host_why(why, whylen, EINVAL,
		    "pcap: %s: is pcapng; only classic captures are read",
		    path));
	if (magic != MAGIC_US && magic != MAGIC_NS)
		return (host_why(why, whylen, EINVAL, "pcap: %s: is no capture",
		    path));
	if ((word(p, fh.linktype) & 0xffff) != ETHERNET)
		return (host_why(why, whylen, EINVAL,
		    "pcap: %s: link type %u, not Ethernet", path,
		    word(p, fh.linktype) & 0xffff));
	return (0);
}

static int
out_open(struct pcap_link *p, const char *path, char *why, unsigned long whylen)
{
	struct file_hdr fh = { MAGIC_NS, 2, 4, 0, 0, FRAME_MAX, ETHERNET };
	struct stat st, in = { .st_ino = 0 };
	int fd;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC,
		 0666)) == -1 ||
	    fstat(fd, &st) == -1 ||
	    (p->in != NULL && fstat(fileno(p->in), &in) == -1))
		return (file_why(fd, path, errno, why, whylen));
	if ((!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) ||
	    (in.st_ino == st.st_ino && in.st_dev == st.st_dev)) {
		close(fd);
		return (host_why(why, whylen, EINVAL, "pcap: %s: %s", path,
		    in.st_ino == st.st_ino ? "is what is replayed" :
					     "is no file"));
	}
	if ((S_ISREG(st.st_mode) && ftruncate(fd, 0) == -1) ||
	    (p->out = fdopen(fd, "w")) == NULL)
		return (file_why(fd, path, errno, why, whylen));
	if (fwrite(&fh, sizeof(fh), 1, p->out) != 1 || fflush(p->out) != 0)
		return (host_why(why, whylen, errno, "pcap: %s: %s", path,
		    strerror(errno)));
	return (0);
}

static int
files_open(struct pcap_link *p, const char *spec, char *why,
    unsigned long whylen)
{
	const char *comma = strchr(spec, ',');
	size_t len = comma != NULL ? (size_t)(comma - spec) : strlen(spec);
	char path[4096];
	int error;

	if (spec[0] == '\0' || len >= sizeof(path) ||
	    (comma != NULL && comma[1] == '\0'))
		return (host_why(why, whylen, EINVAL,
		    "pcap:%.200s: not IN, IN,OUT or ,OUT", spec));
	memcpy(path, spec, len);
	path[len] = '\0';
	if (len > 0 && (error = in_open(p, path, why, whylen)) != 0)
		return (error);
	return (comma != NULL ? out_open(p, comma + 1, why, whylen) : 0);
}

static int
pcap_open(const char *spec, const char *ifname,
    void (*event)(void *, enum hostif_event), void *arg, void **linkp,
    char *why, unsigned long whylen)
{
	struct pcap_link *p;
	int error;

	(void)ifname;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (-ENOMEM);
	p->event = event;
	p->arg = arg;
	p->plugged = true;
	if ((p->timer = timerfd_create(CLOCK_MONOTONIC,
		 TFD_NONBLOCK | TFD_CLOEXEC)) == -1)
		error = host_why(why, whylen, errno, "pcap: %s",
		    strerror(errno));
	else if ((p->arena = malloc(ARENA_SIZE)) == NULL)
		error = host_why(why, whylen, ENOMEM, "pcap: %s",
		    strerror(ENOMEM));
	else if ((error = files_open(p, spec, why, whylen)) == 0)
		error = host_watch_add(p->timer, HOST_IN, timer_event, p,
		    &p->watch);
	if (error != 0) {
		pcap_close(p);
		return (error);
	}
	*linkp = p;
	return (0);
}

const struct hostif_kind hostif_pcap = {
	.kind = "pcap",
	.open = pcap_open,
	.close = pcap_close,
	.info = pcap_info,
	.rx = pcap_rx,
	.tx = pcap_tx,
	.rx_enable = pcap_rx_enable,
	.ctl = pcap_ctl,
};
