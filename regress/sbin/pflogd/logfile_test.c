/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pflogd's file and buffer: what is taken for a log, every cut of one, every
 * message that contradicts itself, and disks that are full.
 */

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/bpf.h>
#include <net/pf/if_pflog.h>
#include <cmocka.h>
#include <pcap/pcap.h>

#include "pflogd.h"

#define SNAP 100

/* --- messages of the kernel --- */

static uint8_t msg[8192];
static size_t msg_len;

static void
msg_packet(uint64_t ns, uint32_t caplen, uint32_t datalen)
{
	struct bpf_hdr bh = { .bh_stamp_ns = ns,
		.bh_caplen = caplen,
		.bh_datalen = datalen,
		.bh_hdrlen = sizeof(bh) };
	size_t size = BPF_ALIGN(sizeof(bh) + caplen);

	assert_true(msg_len + size <= sizeof(msg));
	memset(msg + msg_len, (int)caplen, size);
	memcpy(msg + msg_len, &bh, sizeof(bh));
	msg_len += size;
}

static struct buffer
log_begin(size_t room)
{
	uint8_t head[LOGFILE_HEADER];
	struct buffer b;

	assert_int_equal(buffer_init(&b, room), 0);
	b.fd = memfd_create("log", 0);
	b.snaplen = SNAP;
	logfile_header(head, SNAP);
	assert_int_equal(write(b.fd, head, sizeof(head)), sizeof(head));
	msg_len = 0;
	return (b);
}

static void
log_end(struct buffer *b)
{
	free(b->data);
	close(b->fd);
}

static int
check(int fd)
{
	const char *why = NULL;
	uint32_t snaplen = 0;
	int ok = logfile_check(fd, &snaplen, &why);

	if (ok == 1)
		assert_int_equal(snaplen, SNAP);
	assert_int_equal(why != NULL, ok == -1);
	return (ok);
}

/* --- the tests --- */

static void
test_libpcap_reads_it(void **state)
{
	struct buffer b = log_begin(4096);
	char err[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr h;
	const uint8_t *data;
	pcap_t *p;

	(void)state;
	msg_packet(1234567890987654321, 72, 72);
	msg_packet(1234567890000000999, 100, 1500);
	msg_packet(1, 101, 1500); /* longer than the file allows */
	assert_int_equal(buffer_take(&b, msg, msg_len), 0);
	assert_int_equal(buffer_flush(&b), 0);
	assert_int_equal(check(b.fd), 1);
	lseek(b.fd, 0, SEEK_SET);
	p = pcap_fopen_offline(fdopen(dup(b.fd), "r"), err);
	assert_non_null(p);
	assert_int_equal(pcap_datalink(p), DLT_PFLOG);
	data = pcap_next(p, &h);
	assert_int_equal(h.ts.tv_sec, 1234567890);
	assert_int_equal(h.ts.tv_usec, 987654);
	assert_true(h.caplen == 72 && h.len == 72 && data[71] == 72);
	data = pcap_next(p, &h);
	assert_true(h.caplen == 100 && h.len == 1500 && data[99] == 100);
	data = pcap_next(p, &h);
	assert_true(h.caplen == SNAP && h.len == 1500 && data[99] == 101);
	assert_null(pcap_next(p, &h));
	pcap_close(p);
	log_end(&b);
}

/* A log cut anywhere is refused, but between two records. */
static void
test_every_cut(void **state)
{
	struct buffer b = log_begin(4096);
	off_t end;

	(void)state;
	msg_packet(1, 72, 72);
	msg_packet(1, 90, 90);
	assert_int_equal(buffer_take(&b, msg, msg_len), 0);
	assert_int_equal(buffer_flush(&b), 0);
	end = lseek(b.fd, 0, SEEK_END);
	assert_int_equal(end, 24 + 16 + 72 + 16 + 90);
	for (; end >= 0; end--) {
		assert_int_equal(ftruncate(b.fd, end), 0);
		assert_int_equal(check(b.fd),
		    end == 0                                  ? 0 :
			end == 218 || end == 112 || end == 24 ? 1 :
								-1);
	}
	log_end(&b);
}

/* Every byte of the header matters, but zone and accuracy. */
static void
test_every_byte(void **state)
{
	struct buffer b = log_begin(4096);
	uint8_t byte, other;

	(void)state;
	for (off_t at = 0; at < LOGFILE_HEADER; at++) {
		assert_int_equal(pread(b.fd, &byte, 1, at), 1);
		other = byte ^ 0x80;
		assert_int_equal(pwrite(b.fd, &other, 1, at), 1);
		if (at < 8 || at >= 20)
			assert_int_equal(check(b.fd), -1);
		assert_int_equal(pwrite(b.fd, &byte, 1, at), 1);
	}
	assert_int_equal(check(b.fd), 1);
	log_end(&b);
}

static void
test_impossible_records(void **state)
{
	static const uint32_t records[][4] = { { 1, 1000000, 72, 72 },
		{ 1, 0, SNAP + 1, 1500 }, { 1, 0, 72, 71 },
		{ 1, 0, 0xffffffff, 0xffffffff } };
	static const uint8_t data[SNAP + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct buffer b = log_begin(4096);

		assert_int_equal(write(b.fd, records[i], 16), 16);
		assert_int_equal(write(b.fd, data, sizeof(data)), sizeof(data));
		assert_int_equal(check(b.fd), -1);
		log_end(&b);
	}
}

static void
test_messages_that_contradict_themselves(void **state)
{
	struct buffer b = log_begin(65536);
	struct bpf_hdr bh;

	(void)state;
	msg_packet(1, 72, 72);
	for (size_t n = 1; n < msg_len; n++)
		if (n < sizeof(bh) + 72)
			assert_int_equal(buffer_take(&b, msg, n), -1);
	assert_int_equal(buffer_take(&b, msg, 0), 0);
	memcpy(&bh, msg, sizeof(bh));
	bh.bh_hdrlen = sizeof(bh) - 1;
	memcpy(msg, &bh, sizeof(bh));
	assert_int_equal(buffer_take(&b, msg, msg_len), -1);
	bh.bh_hdrlen = sizeof(bh);
	bh.bh_caplen = 0xfffffff0;
	bh.bh_datalen = 0xffffffff;
	memcpy(msg, &bh, sizeof(bh));
	assert_int_equal(buffer_take(&b, msg, msg_len), -1);
	assert_int_equal(b.packets, 0);
	log_end(&b);
}

/* The file may not grow: nothing half is in it, all comes when it may. */
static void
test_full_disk(void **state)
{
	struct buffer b = log_begin(1000);
	struct rlimit all, few = { 24 + 500, 24 + 500 };
	struct stat st;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &all);
	few.rlim_max = all.rlim_max;
	for (int i = 0; i < 9; i++)
		msg_packet(1, 84, 84);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	assert_int_equal(buffer_take(&b, msg, msg_len), 0);
	assert_int_equal(b.packets, 9);
	assert_int_equal(buffer_flush(&b), -1);
	assert_int_equal(errno, EFBIG);
	assert_true(b.stuck);
	assert_int_equal(check(b.fd), 1);
	fstat(b.fd, &st);
	assert_int_equal(st.st_size, 24);
	assert_int_equal(buffer_take(&b, msg, msg_len), 0);
	assert_true(b.packets == 10 && b.lost == 8);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(buffer_flush(&b), 0);
	assert_false(b.stuck);
	fstat(b.fd, &st);
	assert_int_equal(st.st_size, 24 + 10 * 100);
	assert_int_equal(check(b.fd), 1);
	log_end(&b);
}

static void
test_flush_when_full(void **state)
{
	struct buffer b = log_begin(250);

	(void)state;
	for (int i = 0; i < 50; i++)
		msg_packet(1, 84, 84);
	assert_int_equal(buffer_take(&b, msg, msg_len), 0);
	assert_int_equal(buffer_flush(&b), 0);
	assert_true(b.packets == 50 && b.lost == 0);
	assert_int_equal(lseek(b.fd, 0, SEEK_END), 24 + 50 * 100);
	log_end(&b);
}

/* --- the parent --- */

static void
test_requests(void **state)
{
	char dir[] = "/tmp/fugu-pflogd.XXXXXX", file[64], other[64];
	struct options o = { .file = file };
	int socks[2], fd;
	char junk = 'x';
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/log", dir);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, socks), 0);
	if ((pid = fork()) == 0) {
		close(socks[0]);
		while (priv_answer(socks[1], &o))
			;
		_exit(0);
	}
	close(socks[1]);
	assert_int_equal(priv_aside(socks[0]), -1);
	assert_int_equal(errno, ENOENT);
	assert_true((fd = priv_open(socks[0])) >= 0);
	assert_int_equal(write(fd, "one", 3), 3);
	close(fd);
	assert_true((fd = priv_open(socks[0])) >= 0);
	assert_int_equal(write(fd, "two", 3), 3);
	assert_int_equal(lseek(fd, 0, SEEK_END), 6);
	close(fd);
	assert_int_equal(priv_aside(socks[0]), 0);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(send(socks[0], &junk, 1, 0), 1);
	assert_int_equal(recv(socks[0], &fd, sizeof(fd), 0), sizeof(fd));
	assert_int_equal(fd, EPERM);
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(symlink(other, file), 0);
	assert_int_equal(priv_open(socks[0]), -1);
	assert_int_equal(errno, ELOOP);
	close(socks[0]);
	snprintf(other, sizeof(other), "rm -r %s", dir);
	assert_int_equal(system(other), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libpcap_reads_it),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_impossible_records),
		cmocka_unit_test(test_messages_that_contradict_themselves),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_flush_when_full),
		cmocka_unit_test(test_requests),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
