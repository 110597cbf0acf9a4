/* LINK: sys/arch/user/host */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Messages from the other end of a wire: this program connects as a peer
 * and sends what it likes.  The input is a list of messages, each behind its
 * length (2 bytes).  Frames that come out lie within the message and are
 * never empty; a connection is not lost by bad bytes, and what is bad is
 * counted.
 */

#include <machine/host.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../sys/arch/user/host/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *host_name = "fuzz";
int host_loglevel = 0;

static void *end;
static int peer = -1;
static unsigned long frames;
static char dir[] = "/tmp/wire_fuzz.XXXXXX";

#define MUST(e)                                                    \
	do {                                                       \
		if (!(e)) {                                        \
			fprintf(stderr, "not true: %s (%s)\n", #e, \
			    strerror(errno));                      \
			abort();                                   \
		}                                                  \
	} while (0)

/* --- the two ends --- */

static void
frames_take(void *arg, enum hostif_event what)
{
	struct hostif_frame f[32];
	volatile uint8_t sum = 0;
	int n;

	(void)arg;
	if (what != HOSTIF_RX)
		return;
	n = hostif_wire.rx(end, f, 32);
	MUST(n >= 0 && n <= 32);
	for (int i = 0; i < n; i++, frames++) {
		const uint8_t *p = f[i].iov->base;

		MUST(f[i].niov == 1 && f[i].len > 0 &&
		    f[i].len == f[i].iov->len);
		for (unsigned int b = 0; b < f[i].len; b++)
			sum = (uint8_t)(sum + p[b]);
	}
}

/* Has the wire not read all that was sent? */
static int
frames_wait(void)
{
	return (host_outq(peer) > 0);
}

static void
peer_connect(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct dirent *de;
	DIR *d;

	MUST((d = opendir(dir)) != NULL);
	while ((de = readdir(d)) != NULL && de->d_name[0] == '.')
		;
	MUST(de != NULL);
	MUST(snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", dir,
		 de->d_name) < (int)sizeof(sun.sun_path));
	closedir(d);
	peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	MUST(connect(peer, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	host_loop_wait(0);
}

static void
end_close(void)
{
	hostif_wire.close(end);
	rmdir(dir);
}

static void
boot(void)
{
	char why[128] = "";

	if (end != NULL)
		return;
	host_cpu_enter();
	MUST(host_loop_init() == 0);
	MUST(mkdtemp(dir) != NULL);
	MUST(hostif_wire.open(dir, "fxp0", frames_take, NULL, &end, why,
		 sizeof(why)) == 0);
	hostif_wire.rx_enable(end, 1);
	peer_connect();
	atexit(end_close);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hostif_info info = { .mtu = 0 };
	size_t len;

	boot();
	while (size >= 2) {
		len = (size_t)(data[0] << 8 | data[1]);
		data += 2;
		size -= 2;
		len = len < size ? len : size;
		if (len > 0) /* no bytes would be the end */
			MUST(send(peer, data, len, MSG_NOSIGNAL) ==
			    (ssize_t)len);
		data += len;
		size -= len;
		while (frames_wait())
			host_loop_wait(0);
	}
	hostif_wire.info(end, &info);
	MUST(info.up);
	return (0);
}
