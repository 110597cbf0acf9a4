/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The log file: a capture file, as tcpdump reads it.
 *
 *	header	magic a1b2c3d4, version 2.4, two zeroes, snaplen, 117
 *	record	seconds, microseconds, bytes that follow, bytes there were
 *
 * All numbers are 32 bits in the byte order of the machine that writes, the
 * version two times 16.  A file of the other byte order, of another kind, or
 * one that ends inside a record is not written to.
 */

#include <net/pf/if_pflog.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pflogd.h"

#define MAGIC 0xa1b2c3d4

static int
bad(const char **why, const char *what)
{
	*why = what;
	return (-1);
}

void
logfile_header(uint8_t buf[LOGFILE_HEADER], uint32_t snaplen)
{
	const uint32_t head[] = { MAGIC, 2 | 4 << 16, 0, 0, snaplen,
		DLT_PFLOG };
	const uint16_t version[] = { 2, 4 };

	_Static_assert(sizeof(head) == LOGFILE_HEADER, "file layout");
	memcpy(buf, head, sizeof(head));
	memcpy(buf + 4, version, sizeof(version));
}

static int
header_check(const uint32_t *head, uint32_t *snaplen, const char **why)
{
	uint8_t want[LOGFILE_HEADER];

	logfile_header(want, head[4]);
	if (head[0] == __builtin_bswap32(MAGIC))
		return (bad(why, "is of the other byte order"));
	if (head[0] != MAGIC)
		return (bad(why, "is no capture file"));
	if (memcmp(head, want, 8) != 0)
		return (bad(why, "has another version"));
	if (head[5] != DLT_PFLOG)
		return (bad(why, "holds packets of another kind"));
	if (head[4] < sizeof(struct pfloghdr) || head[4] > SNAPLEN_MAX)
		return (bad(why, "has an impossible snaplen"));
	*snaplen = head[4];
	return (0);
}

static int
records_check(FILE *f, uint32_t snaplen, const char **why)
{
	uint8_t data[4096];
	uint32_t rec[4], left, n;

	while ((n = (uint32_t)fread(rec, 1, sizeof(rec), f)) == sizeof(rec)) {
		if (rec[1] >= 1000000 || rec[2] > snaplen || rec[2] > rec[3])
			return (bad(why, "has an impossible record"));
		for (left = rec[2]; left > 0; left -= n) {
			n = left < sizeof(data) ? left : sizeof(data);
			if (fread(data, 1, n, f) != n)
				return (bad(why, "ends inside a packet"));
		}
	}
	return (n == 0 ? 1 : bad(why, "ends inside a record"));
}

int
logfile_check(int fd, uint32_t *snaplen, const char **why)
{
	uint32_t head[6];
	FILE *f;
	size_t n;
	int copy, ok;

	if (lseek(fd, 0, SEEK_SET) == -1 || (copy = dup(fd)) == -1 ||
	    (f = fdopen(copy, "r")) == NULL)
		return (bad(why, "cannot be read"));
	n = fread(head, 1, sizeof(head), f);
	if (ferror(f))
		ok = bad(why, "cannot be read");
	else if (n == 0)
		ok = 0;
	else if (n != sizeof(head))
		ok = bad(why, "ends inside its header");
	else if ((ok = header_check(head, snaplen, why)) == 0)
		ok = records_check(f, *snaplen, why);
	fclose(f);
	return (ok);
}
