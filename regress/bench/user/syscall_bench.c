/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a system call costs a program: calls in a second beside a real
 * kernel, on all processors and with both processes on one; what a copyin
 * adds; bytes through a descriptor.  On a busy machine the time of the
 * processor that both have used says more than the time that has gone by.
 *
 *	syscall_bench [milliseconds for each]
 */

#include "../../lib/libbsdsys/machine.h"

#include <sys/ioctl.h>
#include <sched.h>

#include <netinet/in.h>

#include "../../../sys/net/bpf.h"

static uint64_t each_ms = 500;
static int udp, bpf, ends[2];
static struct bpf_insn insns[4096];

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec);
}

static void
need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "syscall_bench: %s: %s\n", what, strerror(errno));
	machine_down(NULL);
	exit(1);
}

/* Time of a processor that the program and its kernel have used. */
static uint64_t
cpu_ns(void)
{
	struct timespec us, it = { 0, 0 };
	clockid_t id;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &us);
	if (clock_getcpuclockid(mach.pid, &id) == 0)
		clock_gettime(id, &it);
	return ((uint64_t)(us.tv_sec + it.tv_sec) * 1000000000 +
	    (uint64_t)(us.tv_nsec + it.tv_nsec));
}

/* --- what is measured: n times --- */

static void
do_getsockname(unsigned int n)
{
	struct sockaddr_in sin;
	socklen_t len;

	for (; n > 0; n--) {
		len = sizeof(sin);
		need(getsockname(udp, (struct sockaddr *)&sin, &len) == 0,
		    "getsockname");
	}
}

static void
do_sysctl(unsigned int n)
{
	int v;
	size_t len;

	for (; n > 0; n--) {
		len = sizeof(v);
		need(bsd_sysctl("kern.looptest", &v, &len, NULL, 0) == 0,
		    "sysctl");
	}
}

static void
do_socket(unsigned int n)
{
	int fd;

	for (; n > 0; n--) {
		need((fd = socket(AF_INET, SOCK_DGRAM, 0)) != -1, "socket");
		close(fd);
	}
}

static void
do_ioctl(unsigned int n)
{
	struct bpf_stat st;

	for (; n > 0; n--)
		need(ioctl(bpf, BIOCGSTATS, &st) == 0, "BIOCGSTATS");
}

static void
filter_set(unsigned int n, unsigned int len)
{
	struct bpf_program prog = { .bf_len = len, .bf_insns = insns };

	for (; n > 0; n--)
		need(ioctl(bpf, BIOCSETF, &prog) == 0, "BIOCSETF");
}

static void
do_copyin_8(unsigned int n)
{
	filter_set(n, 1);
}

static void
do_copyin_32k(unsigned int n)
{
	filter_set(n, 4096);
}

static void
do_sysctl_table(unsigned int n)
{
	static char buf[65536];
	size_t len;

	for (; n > 0; n--) {
		len = sizeof(buf);
		need(bsd_sysctl("net.link.list", buf, &len, NULL, 0) == 0,
		    "net.link.list");
	}
}

/* One byte there and back through the kernel. */
static void
do_roundtrip(unsigned int n)
{
	char c = 0;

	for (; n > 0; n--) {
		need(write(ends[0], &c, 1) == 1 && read(ends[1], &c, 1) == 1,
		    "there");
		need(write(ends[1], &c, 1) == 1 && read(ends[0], &c, 1) == 1,
		    "back");
	}
}

/* 64 KB each, to a child that reads. */
static void
do_stream(unsigned int n)
{
	static char buf[65536];

	for (; n > 0; n--)
		for (size_t done = 0; done < sizeof(buf);) {
			ssize_t w = write(ends[0], buf, sizeof(buf) - done);

			need(w > 0, "write");
			done += (size_t)w;
		}
}

/* --- runs --- */

static const struct work {
	const char *name;
	void (*run)(unsigned int n);
	unsigned int bytes;
} works[] = {
	{ "getsockname", do_getsockname, 0 },
	{ "sysctl, a number", do_sysctl, 0 },
	{ "sysctl, net.link.list", do_sysctl_table, 0 },
	{ "socket and close", do_socket, 0 },
	{ "ioctl", do_ioctl, 0 },
	{ "ioctl, copyin of 8 bytes", do_copyin_8, 0 },
	{ "ioctl, copyin of 32 KB", do_copyin_32k, 0 },
	{ "stream, a byte there and back", do_roundtrip, 0 },
	{ "stream, 64 KB one way", do_stream, 65536 },
};

static void
measure(const struct work *w, const char *where)
{
	uint64_t start = now_ns(), end = start + each_ms * 1000000, t, cpu;
	unsigned long ops = 0;

	w->run(8);
	start = now_ns();
	cpu = cpu_ns();
	do {
		w->run(64);
		ops += 64;
	} while ((t = now_ns()) < end);
	cpu = cpu_ns() - cpu;
	printf("%-32s %-9s %8.2f us %8.0f /s, %6.2f us of a processor: %7.0f /s",
	    w->name, where, (double)(t - start) / 1000 / (double)ops,
	    (double)ops * 1e9 / (double)(t - start),
	    (double)cpu / 1000 / (double)ops,
	    (double)ops * 1e9 / (double)cpu);
	if (w->bytes != 0)
		printf(" %8.0f MB/s",
		    (double)ops * w->bytes * 1e3 / (double)(t - start));
	printf("\n");
	fflush(stdout);
}

static pid_t
reader_start(void)
{
	static char buf[65536];
	pid_t pid = fork();

	if (pid != 0)
		return (pid);
	while (read(ends[1], buf, sizeof(buf)) > 0)
		;
	_exit(0);
}

static void
all_measure(const char *where)
{
	pid_t reader = -1;

	need(machine_up(NULL) == 0, "bsd");
	need((udp = socket(AF_INET, SOCK_DGRAM, 0)) != -1, "socket");
	need((bpf = open("/dev/bpf", O_RDWR)) != -1, "/dev/bpf");
	loop_pair(&ends[0], &ends[1]);
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (works[i].bytes != 0)
			need((reader = reader_start()) != -1, "fork");
		measure(&works[i], where);
	}
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
	close(udp);
	close(bpf);
	close(ends[0]);
	close(ends[1]);
	machine_down(NULL);
}

int
main(int argc, char *argv[])
{
	cpu_set_t one;

	if (argc > 1)
		each_ms = strtoul(argv[1], NULL, 10);
	for (int i = 0; i < 4096; i++) /* return 1: that is how filters end */
		insns[i] = (struct bpf_insn){ .code = 0x06, .k = 1 };
	all_measure("all CPUs");
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) == 0)
		all_measure("one CPU");
	return (0);
}
