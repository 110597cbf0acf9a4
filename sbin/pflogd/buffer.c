/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Packets between the kernel and the file.
 *
 * They are turned into records when they come and written together.  A write
 * that fails (a full disk) is taken back, so that the file always ends behind
 * a whole record; the packets stay here and are tried again, and those that
 * find no room meanwhile are counted.
 */

#include <sys/stat.h>
#include <sys/uio.h>

#include <net/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pflogd.h"

int
buffer_init(struct buffer *b, size_t room)
{
	*b = (struct buffer){ .fd = -1,
		.snaplen = SNAPLEN_MAX,
		.room = room,
		.data = malloc(room) };
	return (b->data == NULL ? -1 : 0);
}

/* Makes room by writing, unless that has just failed. */
static bool
buffer_room(struct buffer *b, size_t need)
{
	if (b->room - b->len < need && !b->stuck)
		(void)buffer_flush(b);
	return (b->room - b->len >= need);
}

static void
buffer_packet(struct buffer *b, const struct bpf_hdr *bh, const uint8_t *data)
{
	uint32_t n = bh->bh_caplen < b->snaplen ? bh->bh_caplen : b->snaplen;
	const uint32_t rec[4] = { (uint32_t)(bh->bh_stamp_ns / 1000000000),
		(uint32_t)(bh->bh_stamp_ns % 1000000000 / 1000), n,
		bh->bh_datalen };

	if (!buffer_room(b, sizeof(rec) + n)) {
		b->lost++;
		return;
	}
	memcpy(b->data + b->len, rec, sizeof(rec));
	memcpy(b->data + b->len + sizeof(rec), data, n);
	b->len += sizeof(rec) + n;
	b->packets++;
}

int
buffer_take(struct buffer *b, const uint8_t *msg, size_t len)
{
	struct bpf_hdr bh;
	size_t off = 0;

	while (len - off >= sizeof(bh)) {
		memcpy(&bh, msg + off, sizeof(bh));
		if (bh.bh_hdrlen < sizeof(bh) || bh.bh_hdrlen > len - off ||
		    bh.bh_caplen > len - off - bh.bh_hdrlen ||
		    bh.bh_caplen > bh.bh_datalen)
			return (-1);
		buffer_packet(b, &bh, msg + off + bh.bh_hdrlen);
		off += BPF_ALIGN((size_t)bh.bh_hdrlen + bh.bh_caplen);
		if (off >= len)
			return (0);
	}
	return (len == off ? 0 : -1);
}

/* All of it or nothing: 0, or -1 and errno. */
static int
write_whole(int fd, const uint8_t *p, size_t n)
{
	struct stat st;
	ssize_t done;
	size_t left;
	int error;

	if (fstat(fd, &st) == -1)
		return (-1);
	for (left = n; left > 0; left -= (size_t)done, p += done) {
		if ((done = write(fd, p, left)) == -1 && errno == EINTR)
			done = 0;
		if (done != -1)
			continue;
		error = errno;
		if (ftruncate(fd, st.st_size) == -1)
			error = errno;
		errno = error;
		return (-1);
	}
	return (0);
}

int
buffer_flush(struct buffer *b)
{
	if (b->len == 0)
		return (0);
	if (b->fd == -1) {
		errno = EBADF;
		return (-1);
	}
	if (write_whole(b->fd, b->data, b->len) == -1) {
		b->stuck = true;
		return (-1);
	}
	b->len = 0;
	b->stuck = false;
	return (0);
}
