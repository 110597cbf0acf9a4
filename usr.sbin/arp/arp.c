/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * arp: shows, sets and deletes ARP entries: IPv4 addresses with their link
 * addresses.
 *
 * An entry is a host route with a link address.  Setting and deleting one is
 * a message to the routing socket; the kernel finds the link by the address.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <net/bpf.h>
#include <net/if_ioctl.h>
#include <net/rtmsg.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>
#include <libutil/nbrset.h>
#include <libutil/nbrshow.h>

#define TEMP_S 1200 /* life of an entry that is temp */

static const struct nbr_words words = { .prog = "arp",
	.af = AF_INET,
	.publish = "pub" };
static bool force, numeric;

static void __attribute__((__noreturn__)) usage(void)
{
	fprintf(stderr,
	    "usage: arp [-n] hostname\n       arp [-n] -a\n       arp -d hostname\n       arp -a -d\n"
	    "       arp [-F] -s hostname ether_addr [temp | permanent] [pub]\n       arp [-F] -f filename\n"
	    "       arp -W ether_addr [interface]\n       -V rdomain: 0, the only one\n");
	exit(2);
}

static const char *
error_text(int error)
{
	switch (error) {
	case ESRCH:
		return ("no entry");
	case EEXIST:
		return ("entry exists (-F replaces it)");
	case ENETUNREACH:
		return ("not on a link of this machine");
	case EINVAL:
		return ("an address of this machine itself");
	default:
		return (strerror(error));
	}
}

static int
message_send(struct rt_msg *m, enum rtm_type type)
{
	int fd = socket(PF_ROUTE, SOCK_RAW, AF_INET), error = 0;

	if (fd == -1)
		return (errno);
	m->h.rtm_msglen = sizeof(*m);
	m->h.rtm_hdrlen = sizeof(m->h);
	m->h.rtm_version = RTM_VERSION;
	m->h.rtm_type = (uint8_t)type;
	m->rtm_af = AF_INET;
	m->rtm_plen = 32;
	m->rtm_gwaf = AF_LINK;
	if (send(fd, m, sizeof(*m), 0) != sizeof(*m))
		error = errno;
	close(fd);
	return (error);
}

/* --- delete --- */

static int
entry_delete(const char *host)
{
	struct rt_msg m = { .rtm_priority = RTP_ANY };
	struct sockaddr_storage ss;
	socklen_t len;
	int error;

	if (host_resolve("arp", host, AF_INET, &ss, &len) == -1)
		return (1);
	memcpy(m.rtm_dst.b, &((struct sockaddr_in *)&ss)->sin_addr, 4);
	if ((error = message_send(&m, RTM_DELETE)) == 0) {
		printf("%s deleted\n", host);
		return (0);
	}
	fprintf(stderr, "arp: delete %s: %s\n", host, error_text(error));
	return (1);
}

/* All but those of the machine itself. */
static int
all_delete(void)
{
	struct rt_msg *row, m;
	int bad = 0, error;
	size_t len;

	if ((row = bsd_sysctl_alloc("net.route.dump.inet", &len)) == NULL) {
		fprintf(stderr, "arp: neighbours: %s\n", strerror(errno));
		return (1);
	}
	for (size_t i = 0; i < len / sizeof(*row); i++) {
		if ((row[i].rtm_flags & RTF_LLINFO) == 0 ||
		    (row[i].rtm_flags & RTF_LOCAL) != 0)
			continue;
		memset(&m, 0, sizeof(m));
		m.rtm_priority = row[i].rtm_priority;
		m.rtm_dst = row[i].rtm_dst;
		error = message_send(&m, RTM_DELETE);
		if (error == 0 || error == ESRCH) /* or it went by itself */
			continue;
		fprintf(stderr, "arp: delete: %s\n", error_text(error));
		bad = 1;
	}
	free(row);
	return (bad);
}

/* --- set --- */

static int
entry_set(const struct nbr_want *w)
{
	struct rt_msg m = { .rtm_flags = RTF_HOST | RTF_STATIC | RTF_LLINFO };
	struct rt_msg old = { .rtm_priority = RTP_CONNECTED,
		.rtm_dst = w->addr };
	int error;

	m.rtm_dst = w->addr;
	memcpy(m.rtm_lladdr, w->lladdr, 6);
	if (w->publish)
		m.rtm_flags |= RTF_PROTO2;
	if (w->temp)
		m.rtm_expire_us = ((uint64_t)time(NULL) + TEMP_S) * 1000000;
	if ((error = message_send(&m, RTM_ADD)) == EEXIST && force &&
	    (error = message_send(&old, RTM_DELETE)) == 0)
		error = message_send(&m, RTM_ADD);
	if (error == 0)
		return (0);
	fprintf(stderr, "arp: set %s: %s\n", w->host, error_text(error));
	return (1);
}

static int
file_set(const char *path)
{
	struct nbr_want *want;
	size_t n;
	int bad = 0;

	if (nbr_file(&words, path, &want, &n) == -1)
		return (1);
	for (size_t i = 0; i < n; i++)
		bad |= entry_set(&want[i]);
	free(want);
	return (bad);
}

/* --- wake on LAN --- */

/* The first interface with stations on it that is up. */
static const char *
interface_first(void)
{
	static char name[IFNAMSIZ];
	size_t len;
	struct if_row *rows = bsd_sysctl_alloc("net.link.list", &len);

	for (size_t i = 0; rows != NULL && i < len / sizeof(*rows); i++)
		if (name[0] == '\0' && rows[i].type == IFT_ETHER &&
		    (rows[i].flags & IFF_UP) != 0)
			memcpy(name, rows[i].name, sizeof(name));
	free(rows);
	return (name[0] != '\0' ? name : NULL);
}

/* A broadcast with six bytes of ones and sixteen times the address. */
static int
station_wake(const char *text, const char *ifname)
{
	uint8_t frame[14 + 17 * 6], lladdr[6];
	struct bpf_ifreq req;
	int fd;

	if (nbr_lladdr(text, lladdr) == -1) {
		fprintf(stderr, "arp: %s: not a link address\n", text);
		return (1);
	}
	if (ifname == NULL && (ifname = interface_first()) == NULL) {
		fprintf(stderr, "arp: -W: no Ethernet interface is up\n");
		return (1);
	}
	memset(&req, 0, sizeof(req));
	snprintf(req.bi_name, sizeof(req.bi_name), "%s", ifname);
	if ((fd = open("/dev/bpf", O_RDWR)) == -1 ||
	    ioctl(fd, BIOCSETIF, &req) == -1) {
		fprintf(stderr, "arp: %s: %s\n", ifname,
		    errno == ENXIO ? "no such interface" : strerror(errno));
		return (1);
	}
	memset(frame, 0xff, sizeof(frame));
	memset(frame + 6, 0, 6); /* the interface's own goes in */
	frame[12] = 0x08;
	frame[13] = 0x42;
	for (int i = 1; i <= 16; i++)
		memcpy(frame + 14 + i * 6, lladdr, 6);
	if (write(fd, frame, sizeof(frame)) != (ssize_t)sizeof(frame)) {
		fprintf(stderr, "arp: %s: %s\n", ifname, strerror(errno));
		return (1);
	}
	close(fd);
	return (0);
}

int
main(int argc, char *argv[])
{
	bool all = false, del = false, set = false, wake = false;
	const char *file = NULL;
	struct nbr_want want;
	int ch;

	while ((ch = getopt(argc, argv, "adFf:nsV:W")) != -1) {
		switch (ch) {
		case 'a':
			all = true;
			break;
		case 'd':
			del = true;
			break;
		case 'F':
			force = true;
			break;
		case 'f':
			file = optarg;
			break;
		case 'n':
			numeric = true;
			break;
		case 's':
			set = true;
			break;
		case 'V':
			if (strcmp(optarg, "0") == 0)
				break;
			fprintf(stderr, "arp: -V %s: the only routing domain is 0\n", optarg);
			return (1);
		case 'W':
			wake = true;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if ((all || del) + set + (file != NULL) > 1 ||
	    (force && !set && file == NULL))
		usage();
	if (wake && (all || del || set || file != NULL || argc < 1 || argc > 2))
		usage();
	if (wake) {
		bsd_require("arp");
		return (station_wake(argv[0], argv[1]));
	}
	if (set ? argc < 2 : argc != (all || file != NULL ? 0 : 1))
		usage();
	bsd_require("arp");
	if (set)
		return (nbr_parse(&words, argv, "", &want) == -1 ?
			1 :
			entry_set(&want));
	if (file != NULL)
		return (file_set(file));
	if (del)
		return (all ? all_delete() : entry_delete(argv[0]));
	return (nbr_show("arp", AF_INET, all ? NULL : argv[0], numeric));
}
