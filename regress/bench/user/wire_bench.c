/* LINK: host */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What a wire carries: frames from one end to the other, both in one thread,
 * in batches of 32 as the kernel sends them.  Time of the processor, which is
 * the host's work for the most part: the message crosses a socket.
 *
 *	wire_bench [milliseconds for each]
 */

#include <machine/host.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../../sys/arch/user/host/host.h"

#define BATCH 32

const char *host_name = "bench";
int host_loglevel = 3;

static struct end {
	void *link;
	unsigned long frames;
} from, to;
static char dir[] = "/tmp/fugu-wirebench.XXXXXX", path[64];
static unsigned long each_ms = 500;

static uint64_t
ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec);
}

static void
seen(void *arg, enum hostif_event what)
{
	struct end *e = arg;
	struct hostif_frame f[BATCH];
	int n;

	if (what == HOSTIF_RX)
		while ((n = hostif_wire.rx(e->link, f, BATCH)) > 0)
			e->frames += (unsigned long)n;
}

static void
end_open(struct end *e, const char *name)
{
	char why[200] = "";

	if (hostif_wire.open(path, name, seen, e, &e->link, why, sizeof(why)) !=
	    0) {
		fprintf(stderr, "wire_bench: %s\n", why);
		exit(1);
	}
	hostif_wire.rx_enable(e->link, 1);
}

static void
measure(unsigned int len)
{
	static unsigned char data[65600];
	struct host_iov iov = { data, len };
	struct hostif_frame f[BATCH];
	uint64_t start, cpu, end;

	for (int i = 0; i < BATCH; i++)
		f[i] = (struct hostif_frame){ .iov = &iov,
			.niov = 1,
			.len = len };
	to.frames = 0;
	start = ns(CLOCK_MONOTONIC);
	cpu = ns(CLOCK_PROCESS_CPUTIME_ID);
	end = start + each_ms * 1000000;
	while (ns(CLOCK_MONOTONIC) < end)
		for (int i = 0; i < 16; i++) {
			hostif_wire.tx(from.link, f, BATCH);
			host_loop_wait(0);
		}
	cpu = ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("wire, %5u bytes %24.2f million/s, %7.1f ns of a processor: %6.2f million/s, %6.2f Gbit/s\n",
	    len, (double)to.frames * 1e3 / (double)(ns(CLOCK_MONOTONIC) - start),
	    (double)cpu / (double)to.frames, (double)to.frames * 1e3 / (double)cpu,
	    (double)to.frames * len * 8 / (double)cpu);
}

int
main(int argc, char *argv[])
{
	static const unsigned int lens[] = { 64, 512, 1500, 65549 };

	if (argc > 1)
		each_ms = strtoul(argv[1], NULL, 10);
	if (mkdtemp(dir) == NULL || host_loop_init() != 0) {
		fprintf(stderr, "wire_bench: %s\n", strerror(errno));
		return (1);
	}
	snprintf(path, sizeof(path), "%s/w", dir);
	host_cpu_enter();
	end_open(&from, "a");
	end_open(&to, "b");
	for (int i = 0; i < 10; i++)
		host_loop_wait(0);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		measure(lens[i]);
	hostif_wire.close(from.link);
	hostif_wire.close(to.link);
	rmdir(path);
	rmdir(dir);
	return (0);
}
