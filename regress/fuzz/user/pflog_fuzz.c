/* LINK: sbin/pflogd */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pflogd reads two things it did not make: the log that is there, and messages
 * of the kernel.  Any bytes as either: no crash, and whatever it accepts as a
 * message makes a log that it accepts.  Any bytes as a filter for the mending
 * of families: only comparisons with a family change.
 */

#include <sys/mman.h>
#include <sys/socket.h>

#include <net/pf/if_pflog.h>
#include <libutil/pflogfilter.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sbin/pflogd/pflogd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fd = -1;

static void
file_set(const void *data, size_t size)
{
	if (fd == -1)
		fd = memfd_create("log", 0);
	if (ftruncate(fd, 0) == -1 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size ||
	    lseek(fd, (off_t)size, SEEK_SET) == -1)
		abort();
}

static void
as_file(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	uint32_t snaplen = 0;
	int ok;

	file_set(data, size);
	ok = logfile_check(fd, &snaplen, &why);
	if ((ok == -1) != (why != NULL) || (ok == 0) != (size == 0) ||
	    (ok == 1 && (snaplen < 72 || snaplen > SNAPLEN_MAX)))
		abort();
}

static void
as_message(const uint8_t *data, size_t size)
{
	static struct buffer b;
	uint8_t head[LOGFILE_HEADER];
	const char *why;
	uint32_t snaplen;

	if (b.data == NULL && buffer_init(&b, 600) == -1)
		abort();
	logfile_header(head, 128);
	file_set(head, sizeof(head));
	b.fd = fd;
	b.snaplen = 128;
	b.lost = 0;
	(void)buffer_take(&b, data, size);
	if (buffer_flush(&b) == -1 || b.lost != 0 ||
	    logfile_check(fd, &snaplen, &why) != 1)
		abort();
}

static void
as_filter(const uint8_t *data, size_t size)
{
	struct bpf_insn in[64], was[64];
	unsigned int n = (unsigned int)(size / sizeof(in[0]));

	n = n > 64 ? 64 : n;
	memcpy(in, data, n * sizeof(in[0]));
	memcpy(was, in, sizeof(in[0]) * n);
	pflog_filter_mend(in, n);
	for (unsigned int i = 0; i < n; i++)
		if (memcmp(&in[i], &was[i], sizeof(in[0])) != 0 &&
		    (was[i].k != AF_INET6 || in[i].k != PFLOG_INET6 ||
			in[i].code != was[i].code))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return (0);
	if (data[0] % 3 == 0)
		as_file(data + 1, size - 1);
	else if (data[0] % 3 == 1)
		as_message(data + 1, size - 1);
	else
		as_filter(data + 1, size - 1);
	return (0);
}
