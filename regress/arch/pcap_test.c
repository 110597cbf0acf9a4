/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pcap links by themselves: captures of every format and byte order, the
 * times of their frames, files that are none or damaged, what is recorded.
 */

#include <machine/host.h>

#include <sys/stat.h>
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../sys/arch/user/host/host.h"

#include <cmocka.h>

const char *host_name = "test";
int host_loglevel = -1;

static char dir[] = "/tmp/fugu-pcap.XXXXXX", in[64], out[64], spec[140];

/* --- files --- */

enum { US = 0xa1b2c3d4, NS = 0xa1b23c4d, NG = 0x0a0d0d0a };

static struct file {
	uint8_t b[400000];
	size_t len;
	bool swapped;
} file;

static void
put32(uint32_t v)
{
	if (file.swapped)
		v = bswap_32(v);
	memcpy(file.b + file.len, &v, sizeof(v));
	file.len += sizeof(v);
}

static void
file_begin(uint32_t magic, bool swapped, uint32_t linktype)
{
	file.len = 0;
	file.swapped = swapped;
	put32(magic);
	put32(0x00040002);
	put32(0);
	put32(0);
	put32(65535);
	put32(linktype);
}

static void
record(uint32_t sec, uint32_t frac, uint32_t caplen, uint32_t len)
{
	put32(sec);
	put32(frac);
	put32(caplen);
	put32(len);
	if (caplen <= 70000) {
		memset(file.b + file.len, (int)len & 0xff, caplen);
		file.len += caplen;
	}
}

static void
file_write(void)
{
	int fd = open(in, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, file.b, file.len), (ssize_t)file.len);
	close(fd);
}

/* --- a link --- */

static struct end {
	void *link;
	unsigned int n, lens[400];
	unsigned long long stamps[400], when[400];
} e;

static void
seen(void *arg, enum hostif_event what)
{
	struct hostif_frame f[32];
	int n;

	if (what != HOSTIF_RX)
		return;
	while ((n = hostif_pcap.rx(e.link, f, 32)) > 0)
		for (int i = 0; i < n; i++) {
			assert_true(e.n < 400);
			assert_int_equal(f[i].len, f[i].iov->len);
			for (unsigned int k = 0; k < f[i].len; k++)
				assert_int_equal(
				    ((uint8_t *)f[i].iov->base)[k],
				    f[i].len & 0xff);
			e.lens[e.n] = f[i].len;
			e.stamps[e.n] = f[i].stamp_ns;
			e.when[e.n++] = host_clock();
		}
}

static int
link_open(char why[200])
{
	memset(&e, 0, sizeof(e));
	why[0] = '\0';
	return (hostif_pcap.open(spec, "fxp0", seen, NULL, &e.link, why, 200));
}

/* Replays the file that was made; it has n frames to hear. */
static void
replays(unsigned int n, unsigned int lost, unsigned int bad)
{
	unsigned long long end = host_clock() + 20000000000ULL;
	char why[200], is[32];

	file_write();
	snprintf(spec, sizeof(spec), "%s", in);
	assert_int_equal(link_open(why), 0);
	hostif_pcap.rx_enable(e.link, 1);
	for (unsigned int quiet = 0; quiet < 5 && host_clock() < end;) {
		host_loop_wait(host_clock() + 1000000);
		quiet += e.n >= n;
	}
	assert_int_equal(e.n, n);
	assert_int_equal(hostif_pcap.ctl(e.link, "lost", "", is, sizeof(is)), 0);
	assert_int_equal(atoi(is), lost);
	assert_int_equal(hostif_pcap.ctl(e.link, "bad", "", is, sizeof(is)), 0);
	assert_int_equal(atoi(is), bad);
	hostif_pcap.close(e.link);
}

static void
every_format_is_replayed_in_its_time(void **state)
{
	static const struct {
		uint32_t magic, unit;
		bool swapped;
	} kinds[] = { { US, 1000, false }, { US, 1000, true }, { NS, 1, false },
		{ NS, 1, true } };

	for (size_t i = 0; i < 4; i++) {
		file_begin(kinds[i].magic, kinds[i].swapped, 1);
		record(1000, 500, 60, 60);
		record(1000, 20000000 / kinds[i].unit, 1514, 1514);
		record(1000, 20000000 / kinds[i].unit, 65549, 65549);
		record(999, 0, 61, 61); /* earlier than the first: at once */
		replays(4, 0, 0);
		assert_int_equal(e.lens[0], 60);
		assert_int_equal(e.lens[2], 65549);
		assert_true(e.stamps[0] == 1000000000000ULL + 500 * kinds[i].unit);
		assert_true(e.stamps[1] == 1000020000000ULL);
		assert_true(e.when[1] - e.when[0] >= 15000000);
	}
}

static void
many_and_large_ones_come_whole(void **state)
{
	file_begin(US, false, 1);
	for (int i = 0; i < 5; i++)
		record(1, 0, 65549, 65549);
	for (int i = 0; i < 300; i++)
		record(1, 0, 14, 14);
	replays(305, 0, 0);
}

static void
parts_and_damage_are_counted(void **state)
{
	file_begin(US, false, 1);
	record(1, 0, 60, 60);
	record(1, 0, 60, 1514); /* half of it */
	record(1, 0, 0, 0);
	record(1, 0, 61, 61);
	replays(2, 2, 0);
	file_begin(US, false, 1);
	record(1, 0, 60, 60);
	record(1, 0, 100, 60); /* more than there was */
	record(1, 0, 60, 60);
	replays(1, 0, 1);
	file_begin(US, false, 1);
	record(1, 0, 0x7fffffff, 0x7fffffff);
	replays(0, 0, 1);
	for (size_t cut = 1; cut < 76; cut += 5) { /* header and frame */
		file_begin(US, false, 1);
		record(1, 0, 60, 60);
		record(1, 0, 60, 60);
		file.len -= cut;
		replays(1, 0, 1);
	}
	file_begin(US, true, 1);
	replays(0, 0, 0);
}

static void
not_a_capture(void **state)
{
	static const struct {
		uint32_t magic, linktype;
		size_t len;
		const char *why;
	} rows[] = { { NG, 1, 24, "pcapng" }, { 0x7f454c46, 1, 24, "no capture" },
		{ US, 113, 24, "link type 113, not Ethernet" },
		{ US, 1, 23, "too short" }, { US, 1, 0, "too short" } };
	char why[200];

	snprintf(spec, sizeof(spec), "%s", in);
	for (size_t i = 0; i < 5; i++) {
		file_begin(rows[i].magic, false, rows[i].linktype);
		file.len = rows[i].len;
		file_write();
		assert_int_equal(link_open(why), -EINVAL);
		assert_non_null(strstr(why, rows[i].why));
	}
	unlink(in);
	assert_int_equal(link_open(why), -ENOENT);
	assert_non_null(strstr(why, in));
	assert_return_code(mkfifo(in, 0600), errno);
	assert_int_equal(link_open(why), -EINVAL); /* and does not wait */
	assert_non_null(strstr(why, "no file"));
	snprintf(spec, sizeof(spec), ",%s", in);
	assert_int_not_equal(link_open(why), 0);
	unlink(in);
	snprintf(spec, sizeof(spec), "%s", dir);
	assert_int_equal(link_open(why), -EINVAL);
	snprintf(spec, sizeof(spec), ",%s", dir);
	assert_int_equal(link_open(why), -EISDIR);
	for (int i = 0; i < 3; i++) {
		strcpy(spec, i == 0 ? "" : i == 1 ? "," : "x,");
		assert_int_equal(link_open(why), -EINVAL);
		assert_non_null(strstr(why, "IN,OUT"));
	}
	/* a capture is not overwritten by its own replay */
	file_begin(US, false, 1);
	record(1, 0, 60, 60);
	file_write();
	snprintf(spec, sizeof(spec), "%s,%s", in, in);
	assert_int_equal(link_open(why), -EINVAL);
	assert_non_null(strstr(why, "replayed"));
	replays(1, 0, 0);
}

static void
what_is_sent_is_recorded(void **state)
{
	uint8_t data[100];
	struct host_iov iov[2] = { { data, 40 }, { data + 40, 60 } };
	struct hostif_frame f = { .iov = iov, .niov = 2, .len = 100 };
	uint8_t got[400];
	char why[200], is[8];
	int fd;

	memset(data, 100, sizeof(data));
	snprintf(spec, sizeof(spec), ",%s", out);
	assert_int_equal(link_open(why), 0);
	assert_int_equal(hostif_pcap.tx(e.link, &f, 1), 1);
	assert_int_equal(hostif_pcap.ctl(e.link, "carrier", "0", is, sizeof(is)),
	    0);
	assert_int_equal(hostif_pcap.tx(e.link, &f, 1), 1); /* by nobody */
	assert_int_equal(hostif_pcap.ctl(e.link, "carrier", "1", is, sizeof(is)),
	    0);
	assert_int_equal(hostif_pcap.tx(e.link, &f, 1), 1);
	hostif_pcap.close(e.link);
	assert_return_code(fd = open(out, O_RDONLY), errno);
	assert_int_equal(read(fd, got, sizeof(got)), 24 + 2 * 116);
	close(fd);
	assert_int_equal(rename(out, in), 0); /* and can be replayed */
	snprintf(spec, sizeof(spec), "%s", in);
	assert_int_equal(link_open(why), 0);
	hostif_pcap.rx_enable(e.link, 1);
	for (unsigned long long end = host_clock() + 20000000000ULL;
	     e.n < 2 && host_clock() < end;)
		host_loop_wait(host_clock() + 1000000);
	assert_int_equal(e.n, 2);
	hostif_pcap.close(e.link);
	snprintf(spec, sizeof(spec), ",/dev/full");
	assert_int_equal(link_open(why), -ENOSPC);
}

static int
world_begin(void **state)
{
	assert_int_equal(host_loop_init(), 0);
	assert_non_null(mkdtemp(dir));
	snprintf(in, sizeof(in), "%s/in.pcap", dir);
	snprintf(out, sizeof(out), "%s/out.pcap", dir);
	host_cpu_enter();
	return (0);
}

static int
world_end(void **state)
{
	host_cpu_leave();
	unlink(in);
	unlink(out);
	return (rmdir(dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_is_replayed_in_its_time),
		cmocka_unit_test(many_and_large_ones_come_whole),
		cmocka_unit_test(parts_and_damage_are_counted),
		cmocka_unit_test(not_a_capture),
		cmocka_unit_test(what_is_sent_is_recorded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, world_begin, world_end));
}
