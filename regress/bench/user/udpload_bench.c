/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Load for forwarding, and what bounds it: a sender of datagrams, many a
 * system call, and a forwarder that has no stack, from one interface of the
 * host to the other as a packet(4) link does it.  For regress/bench/forward.sh
 * and pf.sh; without arguments it measures nothing.
 *
 *	udpload_bench send ADDRESS PORT FRAME-BYTES FLOWS SECONDS
 *	udpload_bench sink PORT
 *	udpload_bench pass INTERFACE INTERFACE
 */

#include <sys/mman.h>
#include <sys/socket.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH	  32
#define FLOWS_MAX 1024
#define HEADERS	  42 /* Ethernet, IPv4, UDP */

static void
need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "udpload_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* --- sender: a socket is a flow --- */

static int
flow_open(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	need(fd != -1, "socket");
	need(inet_pton(AF_INET, address, &to.sin_addr) == 1, address);
	need(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
	return (fd);
}

static int
load_send(char *argv[])
{
	static char data[65536];
	static int fd[FLOWS_MAX];
	static struct mmsghdr msg[BATCH];
	struct iovec iov = { data, (size_t)(atoi(argv[2]) - HEADERS) };
	unsigned int flows = (unsigned int)atoi(argv[3]);
	double end = now_s() + atof(argv[4]);

	need(atoi(argv[2]) > HEADERS && flows > 0 && flows <= FLOWS_MAX, "size or flows");
	for (unsigned int i = 0; i < flows; i++)
		fd[i] = flow_open(argv[0], argv[1]);
	for (int i = 0; i < BATCH; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	for (unsigned int i = 0; (i & 63) != 0 || now_s() < end; i++)
		(void)sendmmsg(fd[i % flows], msg, BATCH, 0); /* refused: there is no listener */
	return (0);
}

/* A receiver that costs next to nothing: there is no room, so all are dropped. */
static _Noreturn void
load_sink(char *argv[])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(argv[0])) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), little = 1;

	need(fd != -1, "socket");
	need(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)) == 0, "SO_RCVBUF");
	need(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "bind");
	for (;;)
		pause();
}

/* --- a forwarder without a stack --- */

#define SLOT   2048
#define BLOCK  (256 * 1024)
#define INB    (BLOCK / SLOT)
#define BLOCKS 32
#define LARGE  (66 * 1024) /* a frame that no slot holds */
#define SLOTS  (BLOCKS * INB)

struct side {
	int fd;
	uint8_t *ring;
	unsigned int head;
};

static void
set(int fd, int option, int value)
{
	need(setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) == 0, "option of a packet socket");
}

static void
side_open(struct side *s, const char *name)
{
	struct tpacket_req req = { BLOCK, BLOCKS, SLOT, SLOTS };
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name) };
	int size = 4 << 20, wait = 16 << 20;

	need(sll.sll_ifindex != 0, name);
	need((s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0)) != -1, "packet socket");
	set(s->fd, PACKET_VERSION, TPACKET_V2);
	set(s->fd, PACKET_VNET_HDR, 1);
	set(s->fd, PACKET_IGNORE_OUTGOING, 1);
	set(s->fd, PACKET_QDISC_BYPASS, 1);
	set(s->fd, PACKET_COPY_THRESH, 1);
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &wait, sizeof(wait));
	(void)setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	need(setsockopt(s->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) == 0, "ring");
	s->ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	need(s->ring != MAP_FAILED, "ring");
	need(bind(s->fd, (struct sockaddr *)&sll, sizeof(sll)) == 0, "bind");
	s->head = 0;
}

/* The frame of a slot, with the host's header in front; a large one waits in the queue. */
static struct iovec
frame_of(const struct side *s, struct tpacket2_hdr *th, unsigned int i)
{
	static uint8_t large[BATCH][LARGE];
	ssize_t n;

	if ((th->tp_status & TP_STATUS_COPY) == 0)
		return ((struct iovec){ (uint8_t *)th + th->tp_mac - sizeof(struct virtio_net_hdr),
			th->tp_snaplen + sizeof(struct virtio_net_hdr) });
	n = read(s->fd, large[i], LARGE);
	return ((struct iovec){ large[i], n > 0 ? (size_t)n : 0 });
}

/* A batch from one side to the other, where it was received; how many. */
static int
side_pass(struct side *from, const struct side *to)
{
	static struct mmsghdr msg[BATCH];
	struct tpacket2_hdr *th[BATCH];
	struct iovec iov[BATCH];
	int n = 0, sent = 0, r;

	for (; n < BATCH; n++, from->head = (from->head + 1) % SLOTS) {
		th[n] = (void *)(from->ring + (size_t)(from->head / INB) * BLOCK + (size_t)(from->head % INB) * SLOT);
		if ((__atomic_load_n(&th[n]->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0)
			break;
		iov[n] = frame_of(from, th[n], (unsigned int)n);
		msg[n].msg_hdr.msg_iov = &iov[n];
		msg[n].msg_hdr.msg_iovlen = 1;
	}
	while (sent < n) {
		r = sendmmsg(to->fd, msg + sent, (unsigned int)(n - sent), MSG_DONTWAIT);
		sent += r > 0 ? r : 1;
	}
	for (int i = 0; i < n; i++)
		__atomic_store_n(&th[i]->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	return (n);
}

static _Noreturn void
load_pass(char *argv[])
{
	struct side a, b;
	struct pollfd pfd[2];

	side_open(&a, argv[0]);
	side_open(&b, argv[1]);
	for (;;) {
		while (side_pass(&a, &b) + side_pass(&b, &a) > 0)
			;
		pfd[0] = (struct pollfd){ .fd = a.fd, .events = POLLIN };
		pfd[1] = (struct pollfd){ .fd = b.fd, .events = POLLIN };
		(void)poll(pfd, 2, -1);
	}
}

int
main(int argc, char *argv[])
{
	if (argc == 1)
		return (0);
	if (argc == 7 && strcmp(argv[1], "send") == 0)
		return (load_send(argv + 2));
	if (argc == 3 && strcmp(argv[1], "sink") == 0)
		load_sink(argv + 2);
	if (argc == 4 && strcmp(argv[1], "pass") == 0)
		load_pass(argv + 2);
	fprintf(stderr, "usage: udpload_bench send address port bytes flows seconds | sink port | pass interface interface\n");
	return (2);
}
