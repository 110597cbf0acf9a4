/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * netstat -i, -w, -g: interfaces with their addresses, what passed them in
 * each interval, and the multicast groups that are listened to on them.
 */

#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <net/if_ioctl.h>
#include <netinet/in_mcast_row.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>
#include <libutil/rtshow.h>

#include "netstat.h"

#define HEAD_LINES 20 /* of -w: a head again after so many */

struct ifs {
	struct if_row *row;
	struct if_addrreq *addr;
	uint8_t *groups; /* struct in_group_row, each with its sources */
	size_t nrows, naddrs, groupslen;
};

static int
ifs_read(struct ifs *ifs)
{
	size_t rlen, alen, glen;

	if ((ifs->row = bsd_sysctl_alloc("net.link.list", &rlen)) == NULL ||
	    (ifs->addr = bsd_sysctl_alloc("net.link.addrs", &alen)) == NULL ||
	    (ifs->groups = bsd_sysctl_alloc("net.inet.groups", &glen)) == NULL)
		return (complain("interfaces"));
	ifs->nrows = rlen / sizeof(*ifs->row);
	ifs->naddrs = alen / sizeof(*ifs->addr);
	ifs->groupslen = glen;
	return (0);
}

/* The group at *off, which moves to the next; NULL: there are no more. */
static const struct in_group_row *
group_next(const struct ifs *ifs, size_t *off, struct in_group_row *row)
{
	if (ifs->groupslen - *off < sizeof(*row))
		return (NULL);
	memcpy(row, ifs->groups + *off, sizeof(*row));
	*off += sizeof(*row);
	if ((ifs->groupslen - *off) / sizeof(struct ip_addr) < row->nsrc)
		return (NULL);
	*off += row->nsrc * sizeof(struct ip_addr);
	return (row);
}

/* Is there the interface that was asked for?  If not, a line says so. */
static bool
is_there(const struct ifs *ifs)
{
	for (size_t i = 0; opt.ifname != NULL && i < ifs->nrows; i++)
		if (strcmp(opt.ifname, ifs->row[i].name) == 0)
			return (true);
	if (opt.ifname != NULL)
		fprintf(stderr, "netstat: %s: no such interface\n", opt.ifname);
	return (opt.ifname == NULL);
}

static bool
is_wanted(const struct if_row *r)
{
	const struct if_counters *c = &r->counters;

	if (opt.ifname != NULL && strcmp(opt.ifname, r->name) != 0)
		return (false);
	return (!opt.seen || c->ipackets + c->opackets > 0);
}

/* --- -i --- */

static void
head_show(void)
{
	printf("%-7s %-5s %-*s %-*s ", "Name", "Mtu", opt.verbose ? 25 : 11,
	    "Network", opt.verbose ? 32 : 17, "Address");
	if (opt.bytes)
		printf("%10s %10s\n", "Ibytes", "Obytes");
	else if (opt.drops)
		printf("%8s %5s %8s %5s %5s\n", "Ipkts", "Idrop", "Opkts",
		    "Odrop", "Colls");
	else if (opt.errors)
		printf("%8s %5s %8s %5s %5s\n", "Ipkts", "Ierrs", "Opkts",
		    "Oerrs", "Colls");
	else
		printf("%8s %5s %8s %5s %5s\n", "Ipkts", "Ifail", "Opkts",
		    "Ofail", "Colls");
}

/* What -d, -e or neither of them counts. */
static uint64_t
failures(uint64_t errors, uint64_t drops)
{
	return (opt.drops ? drops : opt.errors ? errors : errors + drops);
}

static void
counts_show(const struct if_counters *c)
{
	char in[24], out[24];

	if (opt.bytes)
		printf("%10s %10s\n", count_text(c->ibytes, in, sizeof(in)),
		    count_text(c->obytes, out, sizeof(out)));
	else
		printf("%8" PRIu64 " %5" PRIu64 " %8" PRIu64 " %5" PRIu64
		       " %5" PRIu64 "\n",
		    c->ipackets, failures(c->ierrors, c->iqdrops), c->opackets,
		    failures(c->oerrors, c->oqdrops), c->collisions);
}

static void
row_head(const struct if_row *r, const char *network, const char *address)
{
	char name[IFNAMSIZ + 1];

	snprintf(name, sizeof(name), "%s%s", r->name,
	    (r->flags & IFF_UP) != 0 ? "" : "*");
	if (opt.verbose)
		printf("%-7s %-5u %-25s %-32s ", name, r->mtu, network,
		    address);
	else
		printf("%-7.7s %-5u %-11.11s %-17.17s ", name, r->mtu, network,
		    address);
	counts_show(&r->counters);
}

static void
address_text(int af, const struct ip_addr *a, const char *ifname, char *buf,
    size_t size)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)af };

	rt_addr_text(af, a, ifname, buf, size);
	if (opt.numeric || strchr(buf, '%') != NULL)
		return;
	if (af == AF_INET)
		memcpy(&((struct sockaddr_in *)&ss)->sin_addr, a->b, 4);
	else
		memcpy(&((struct sockaddr_in6 *)&ss)->sin6_addr, a->b, 16);
	host_name_of((struct sockaddr *)&ss, buf, size);
}

static void
address_show(const struct if_row *r, const struct if_addrreq *a)
{
	struct rt_msg net = { .rtm_af = a->af,
		.rtm_plen = (uint8_t)a->plen,
		.rtm_dst = a->addr };
	char network[80], address[256];

	memcpy(net.rtm_ifname, r->name, sizeof(net.rtm_ifname));
	ip_addr_mask(&net.rtm_dst, a->plen);
	rt_prefix_text(&net, network, sizeof(network));
	address_text(a->af, &a->addr, r->name, address, sizeof(address));
	row_head(r, network, address);
}

static void
interface_groups_show(const struct ifs *ifs, const char *ifname)
{
	const struct in_group_row *g;
	struct in_group_row row;
	char text[256];
	size_t off = 0;

	while ((g = group_next(ifs, &off, &row)) != NULL) {
		if (strcmp(g->ifname, ifname) != 0)
			continue;
		address_text(g->af, &g->group, ifname, text, sizeof(text));
		printf("%*s %s\n", opt.verbose ? 39 : 25, "", text);
	}
}

int
interfaces_show(void)
{
	struct ifs ifs;
	char lladdr[20];

	if (ifs_read(&ifs) != 0 || !is_there(&ifs))
		return (1);
	head_show();
	for (size_t i = 0; i < ifs.nrows; i++) {
		const struct if_row *r = &ifs.row[i];
		const uint8_t *l = r->lladdr;

		if (!is_wanted(r))
			continue;
		lladdr[0] = '\0';
		if (r->type == IFT_ETHER || r->type == IFT_VLAN ||
		    r->type == IFT_BRIDGE)
			snprintf(lladdr, sizeof(lladdr),
			    "%02x:%02x:%02x:%02x:%02x:%02x", l[0], l[1], l[2],
			    l[3], l[4], l[5]);
		row_head(r, "<Link>", lladdr);
		for (size_t j = 0; j < ifs.naddrs; j++)
			if (strcmp(ifs.addr[j].name, r->name) == 0)
				address_show(r, &ifs.addr[j]);
		if (opt.all)
			interface_groups_show(&ifs, r->name);
	}
	return (0);
}

/* --- -g --- */

static void
group_show(const struct in_group_row *g)
{
	char text[256], sources[16] = "all";

	if (g->nsrc > 0 || !g->exclude)
		snprintf(sources, sizeof(sources), "%s%u",
		    g->exclude ? "all-" : "", g->nsrc);
	address_text(g->af, &g->group, g->ifname, text, sizeof(text));
	printf("%-8s %7u %-8s %s\n", g->ifname, g->sockets, sources, text);
}

int
groups_show(void)
{
	const struct in_group_row *g;
	struct in_group_row row;
	struct ifs ifs;
	size_t off = 0;

	if (ifs_read(&ifs) != 0 || !is_there(&ifs))
		return (1);
	printf("Multicast group memberships\n%-8s %7s %-8s %s\n", "Iface",
	    "Sockets", "Sources", "Group");
	while ((g = group_next(&ifs, &off, &row)) != NULL)
		if ((opt.af == AF_UNSPEC || g->af == opt.af) &&
		    (opt.ifname == NULL || strcmp(g->ifname, opt.ifname) == 0))
			group_show(g);
	return (0);
}

/* --- -w --- */

struct sum {
	uint64_t in, inbad, out, outbad, colls;
};

static void
sum_add(struct sum *s, const struct if_counters *c)
{
	s->in += opt.bytes ? c->ibytes : c->ipackets;
	s->out += opt.bytes ? c->obytes : c->opackets;
	s->inbad += failures(c->ierrors, c->iqdrops);
	s->outbad += failures(c->oerrors, c->oqdrops);
	s->colls += c->collisions;
}

/* The one interface that has columns of its own: asked for, or the first. */
static const char *
interface_choose(const struct if_row *rows, size_t n)
{
	if (opt.ifname != NULL)
		return (opt.ifname);
	for (size_t i = 0; i < n; i++)
		if ((rows[i].flags & IFF_LOOPBACK) == 0)
			return (rows[i].name);
	return ("lo0");
}

/* What that one and all have counted until now.  0, or 1 after a line. */
static int
sums_read(char ifname[IFNAMSIZ], struct sum s[2])
{
	struct if_row *rows;
	bool found = false;
	size_t len;

	memset(s, 0, 2 * sizeof(*s));
	if ((rows = bsd_sysctl_alloc("net.link.list", &len)) == NULL)
		return (complain("interfaces"));
	if (ifname[0] == '\0')
		snprintf(ifname, IFNAMSIZ, "%s",
		    interface_choose(rows, len / sizeof(*rows)));
	for (size_t i = 0; i < len / sizeof(*rows); i++) {
		sum_add(&s[1], &rows[i].counters);
		if (strcmp(ifname, rows[i].name) != 0)
			continue;
		found = true;
		sum_add(&s[0], &rows[i].counters);
	}
	free(rows);
	if (!found)
		fprintf(stderr, "netstat: %s: no such interface\n", ifname);
	return (found ? 0 : 1);
}

static void
interval_head(const char *ifname)
{
	const char *bad = opt.drops ? "drops" : opt.errors ? "errs" : "fails";
	const char *what = opt.bytes ? "bytes" : "packets";
	char in[32], out[32];

	snprintf(in, sizeof(in), "%.15s in", ifname);
	snprintf(out, sizeof(out), "%.15s out", ifname);
	printf("%14s %14s %6s%14s %14s\n", in, out, "", "total in",
	    "total out");
	for (int i = 0; i < 2; i++)
		printf("%s%8s %5s %8s %5s %5s", i > 0 ? " " : "", what, bad,
		    what, bad, "colls");
	printf("\n");
}

static void
interval_line(const struct sum now[2], const struct sum before[2])
{
	char in[24], out[24];

	for (int i = 0; i < 2; i++)
		printf("%s%8s %5" PRIu64 " %8s %5" PRIu64 " %5" PRIu64,
		    i > 0 ? " " : "",
		    count_text(now[i].in - before[i].in, in, sizeof(in)),
		    now[i].inbad - before[i].inbad,
		    count_text(now[i].out - before[i].out, out, sizeof(out)),
		    now[i].outbad - before[i].outbad,
		    now[i].colls - before[i].colls);
	printf("\n");
	fflush(stdout);
}

/* The first line is what was counted since the machine came up. */
int
interval_show(void)
{
	struct sum before[2], now[2];
	char ifname[IFNAMSIZ] = "";

	memset(before, 0, sizeof(before));
	for (unsigned int n = 0; opt.count == 0 || n < opt.count; n++) {
		if (n > 0)
			sleep(opt.wait_s);
		if (sums_read(ifname, now) != 0)
			return (1);
		if (n % HEAD_LINES == 0)
			interval_head(ifname);
		interval_line(now, before);
		memcpy(before, now, sizeof(before));
	}
	return (0);
}
