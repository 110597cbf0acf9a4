/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ndp: shows, sets and deletes neighbours: IPv6 addresses with their link
 * addresses.  And shows what was learned from routers (ndp_show.c).
 *
 * The kernel's cache, link-local addresses among it, is the variable
 * net.inet6.nd6.cache: read, it gives all rows; written, a row is set, or
 * deleted.  The machine's own addresses stand in the routing table.
 */

#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/rtmsg.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>
#include <libutil/nbrset.h>
#include <libutil/nbrshow.h>
#include <libutil/number.h>

#include "ndp.h"

static const struct nbr_words words = { .prog = "ndp",
	.af = AF_INET6,
	.publish = "proxy" };
static bool numeric;

static void __attribute__((__noreturn__)) usage(void)
{
	fprintf(stderr,
	    "usage: ndp [-n] hostname\n       ndp [-n] -a [-A wait]\n       ndp -c\n       ndp -d hostname\n"
	    "       ndp -s hostname ether_addr [permanent] [proxy]\n       ndp -f filename\n"
	    "       ndp -i interface\n       ndp -p\n       ndp -r\n");
	exit(2);
}

static int
complain(const char *verb, const char *host, int error)
{
	const char *why = error == ESRCH ? "no entry" :
	    error == ENXIO  ? "on which interface? (address%interface)" :
	    error == EINVAL ? "not an address of a neighbor" :
			      strerror(error);

	fprintf(stderr, "ndp: %s %s: %s\n", verb, host, why);
	return (1);
}

static struct nbr_row *
cache_read(size_t *n)
{
	size_t len;
	struct nbr_row *row = bsd_sysctl_alloc("net.inet6.nd6.cache", &len);

	*n = row != NULL ? len / sizeof(*row) : 0;
	return (row);
}

static int
row_write(const struct nbr_row *row)
{
	return (bsd_sysctl("net.inet6.nd6.cache", NULL, NULL, row,
		    sizeof(*row)) == -1 ?
		errno :
		0);
}

/* --- delete --- */

static int
entry_delete(const char *host)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	struct nbr_row *row;
	int error = ESRCH;
	char name[16];
	socklen_t len;
	size_t n;

	if (host_resolve("ndp", host, AF_INET6, &ss, &len) == -1)
		return (1);
	host_ifname(sin6->sin6_scope_id, name);
	if ((row = cache_read(&n)) == NULL)
		return (complain("delete", host, errno));
	for (size_t i = 0; i < n; i++) {
		if (memcmp(row[i].addr.b, &sin6->sin6_addr, 16) != 0 ||
		    (name[0] != '\0' && strcmp(name, row[i].ifname) != 0))
			continue;
		row[i].state = NBR_DELETE;
		error = row_write(&row[i]);
		break;
	}
	free(row);
	if (error != 0)
		return (complain("delete", host, error));
	printf("%s deleted\n", host);
	return (0);
}

static int
all_delete(void)
{
	struct nbr_row *row;
	int bad = 0, error;
	size_t n;

	if ((row = cache_read(&n)) == NULL)
		return (complain("delete", "all", errno));
	for (size_t i = 0; i < n; i++) {
		row[i].state = NBR_DELETE;
		if ((error = row_write(&row[i])) != 0 && error != ESRCH)
			bad = complain("delete", "all", error);
	}
	free(row);
	return (bad);
}

/* --- set --- */

/* The interface of a route that the address would take, or none. */
static void
link_find(const struct ip_addr *a, char ifname[16])
{
	struct rt_msg m = { .h = { .rtm_msglen = sizeof(m),
				.rtm_hdrlen = sizeof(m.h),
				.rtm_version = RTM_VERSION,
				.rtm_type = RTM_GET,
				.rtm_seq = 1 },
		.rtm_af = AF_INET6,
		.rtm_plen = 128,
		.rtm_priority = RTP_ANY,
		.rtm_dst = *a };
	int fd = socket(PF_ROUTE, SOCK_RAW, AF_INET6);
	ssize_t n;

	ifname[0] = '\0';
	if (fd == -1)
		return;
	n = send(fd, &m, sizeof(m), 0);
	while (n > 0) {
		n = recv(fd, &m, sizeof(m), 0);
		if (n != sizeof(m) || m.h.rtm_type != RTM_GET ||
		    m.h.rtm_pid != (uint32_t)getpid())
			continue;
		if ((m.rtm_flags & (RTF_CLONING | RTF_LLINFO)) != 0 &&
		    (m.rtm_flags & RTF_LOCAL) == 0)
			snprintf(ifname, 16, "%.15s", m.rtm_ifname);
		break;
	}
	close(fd);
}

static int
entry_set(const struct nbr_want *w)
{
	struct nbr_row row = { .addr = w->addr,
		.state = NBR_PERMANENT,
		.proxy = w->publish };
	int error;

	if (w->temp) {
		fprintf(stderr,
		    "ndp: set %s: temp: a neighbor set by hand stays until it is deleted\n",
		    w->host);
		return (1);
	}
	if (w->scope != 0)
		host_ifname(w->scope, row.ifname);
	else
		link_find(&w->addr, row.ifname);
	memcpy(row.lladdr, w->lladdr, 6);
	if (row.ifname[0] == '\0' &&
	    (w->addr.b[0] != 0xfe || (w->addr.b[1] & 0xc0) != 0x80)) {
		fprintf(stderr, "ndp: set %s: not on a link of this machine\n",
		    w->host);
		return (1);
	}
	if ((error = row_write(&row)) != 0)
		return (complain("set", w->host, error));
	return (0);
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

int
main(int argc, char *argv[])
{
	const char *file = NULL, *ifname = NULL;
	struct nbr_want want;
	uint64_t wait_s = 0;
	int ch, what = 0, n = 0, bad;

	while ((ch = getopt(argc, argv, "A:acdf:i:nprsV:")) != -1) {
		switch (ch) {
		case 'n':
			numeric = true;
			break;
		case 'A':
			if (!number_read(optarg, 10, 1, 86400, &wait_s))
				usage();
			break;
		case 'V':
			if (strcmp(optarg, "0") == 0)
				break;
			fprintf(stderr, "ndp: -V %s: the only routing domain is 0\n", optarg);
			return (1);
		case 'f':
			file = optarg;
			what = ch;
			n++;
			break;
		case 'i':
			ifname = optarg;
			what = ch;
			n++;
			break;
		case 'a':
		case 'c':
		case 'd':
		case 'p':
		case 'r':
		case 's':
			what = ch;
			n++;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (wait_s != 0 && n == 0 && argc == 0) {
		what = 'a';
		n++;
	}
	if (n > 1 || (wait_s != 0 && what != 'a') ||
	    (what == 's' ? argc < 2 :
			   argc != (what == 0 || what == 'd' ? 1 : 0)))
		usage();
	bsd_require("ndp");
	switch (what) {
	case 'c':
		return (all_delete());
	case 'd':
		return (entry_delete(argv[0]));
	case 'f':
		return (file_set(file));
	case 'i':
		return (link_show(ifname));
	case 'p':
		return (prefixes_show());
	case 'r':
		return (routers_show());
	case 's':
		return (nbr_parse(&words, argv, "", &want) == -1 ?
			1 :
			entry_set(&want));
	}
	while ((bad = nbr_show("ndp", AF_INET6, argc == 0 ? NULL : argv[0],
		    numeric)) == 0 &&
	    wait_s != 0) {
		printf("\n");
		fflush(stdout);
		sleep((unsigned int)wait_s);
	}
	return (bad);
}
