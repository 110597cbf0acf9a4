/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Neighbours are host routes with a link address (RTF_LLINFO). */

#include <netinet/in.h>
#include <sys/socket.h>

#include <libbsdsys/bsdsys.h>
#include <net/rtmsg.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "duration.h"
#include "host.h"
#include "nbrshow.h"

static void
address_fill(const struct rt_msg *m, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = m->rtm_af;
	if (m->rtm_af == AF_INET) {
		memcpy(&((struct sockaddr_in *)ss)->sin_addr, m->rtm_dst.b, 4);
	} else {
		memcpy(&sin6->sin6_addr, m->rtm_dst.b, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
			sin6->sin6_scope_id = m->rtm_ifindex;
	}
}

static void
expire_text(const struct rt_msg *m, char buf[32])
{
	uint64_t now = (uint64_t)time(NULL) * 1000000;

	if (m->rtm_expire_us == 0)
		snprintf(buf, 32, "permanent");
	else if (m->rtm_expire_us <= now)
		snprintf(buf, 32, "expired");
	else
		duration_text((uint32_t)((m->rtm_expire_us - now) / 1000000), buf);
}

static void
lladdr_text(const uint8_t a[6], char buf[20])
{
	static const uint8_t none[6];

	if (memcmp(a, none, 6) == 0)
		snprintf(buf, 20, "(incomplete)");
	else
		snprintf(buf, 20, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void
name_text(const struct sockaddr_storage *ss, bool numeric, char *buf, size_t size)
{
	if (numeric)
		host_text((const struct sockaddr *)ss, buf, size);
	else
		host_name_of((const struct sockaddr *)ss, buf, size);
}

static void
row_show(const struct rt_msg *m, bool numeric)
{
	struct sockaddr_storage ss;
	char host[256], lladdr[20], expire[32], flags[4], *f = flags;

	address_fill(m, &ss);
	name_text(&ss, numeric, host, sizeof(host));
	lladdr_text(m->rtm_lladdr, lladdr);
	expire_text(m, expire);
	if ((m->rtm_flags & RTF_LOCAL) != 0)
		*f++ = 'l';
	if ((m->rtm_flags & RTF_PROTO2) != 0)
		*f++ = 'P';
	*f = '\0';
	printf("%-36s %-17s %7s %-9s %s%s\n", host, lladdr, m->rtm_ifname, expire, m->rtm_af == AF_INET6 ? "  " : "", flags);
}

/* A row of the cache; state and flags are letters, as ndp(8) says. */
static void
cache_row_show(const struct nbr_row *r, const struct sockaddr_storage *ss, bool numeric)
{
	char host[256], lladdr[20], expire[32] = "permanent";

	name_text(ss, numeric, host, sizeof(host));
	lladdr_text(r->lladdr, lladdr);
	if (r->expire_s != 0)
		duration_text(r->expire_s, expire);
	printf("%-36s %-17s %7s %-9s %c %s%s\n", host, r->state == NBR_INCOMPLETE ? "(incomplete)" : lladdr, r->ifname, expire,
	    r->state < NBR_DELETE ? "NRSDPM"[r->state] : '?', r->router != 0 ? "R" : "", r->proxy != 0 ? "p" : "");
}

struct show {
	int af, shown;
	bool numeric, one;
	struct sockaddr_storage want;
};

static void
head_show(struct show *s)
{
	if (s->shown++ != 0)
		return;
	if (s->af == AF_INET)
		printf("%-36s %-17s %7s %-9s %s\n", "Host", "Ethernet Address", "Netif", "Expire", "Flags");
	else
		printf("%-36s %-17s %7s %-9s S Flags\n", "Neighbor", "Linklayer Address", "Netif", "Expire");
}

/* The one that was asked for?  A link-local one without interface is any such. */
static bool
wanted(const struct show *s, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *a = (const void *)&s->want, *b = (const void *)ss;

	if (!s->one)
		return (true);
	if (s->af == AF_INET)
		return (memcmp(&s->want, ss, 8) == 0);
	return (memcmp(&a->sin6_addr, &b->sin6_addr, 16) == 0 &&
	    (a->sin6_scope_id == 0 || a->sin6_scope_id == b->sin6_scope_id));
}

/* Host routes with a link address; of IPv6 only our own, the cache has the rest. */
static int
routes_show(struct show *s)
{
	struct sockaddr_storage ss;
	struct rt_msg *m;
	size_t len;

	if ((m = bsd_sysctl_alloc(s->af == AF_INET ? "net.route.dump.inet" : "net.route.dump.inet6", &len)) == NULL)
		return (-1);
	for (size_t i = 0; i < len / sizeof(*m); i++) {
		if ((m[i].rtm_flags & RTF_LLINFO) == 0 || (s->af == AF_INET6 && (m[i].rtm_flags & RTF_LOCAL) == 0))
			continue;
		address_fill(&m[i], &ss);
		if (!wanted(s, &ss))
			continue;
		head_show(s);
		row_show(&m[i], s->numeric);
	}
	free(m);
	return (0);
}

static int
cache_show(struct show *s)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	struct nbr_row *row;
	size_t len;

	if ((row = bsd_sysctl_alloc("net.inet6.nd6.cache", &len)) == NULL)
		return (-1);
	for (size_t i = 0; i < len / sizeof(*row); i++) {
		memset(&ss, 0, sizeof(ss));
		ss.ss_family = AF_INET6;
		memcpy(&sin6->sin6_addr, row[i].addr.b, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
			sin6->sin6_scope_id = host_ifindex(row[i].ifname);
		if (!wanted(s, &ss))
			continue;
		head_show(s);
		cache_row_show(&row[i], &ss, s->numeric);
	}
	free(row);
	return (0);
}

int
nbr_show(const char *prog, int af, const char *host, bool numeric)
{
	struct show s = { .af = af, .numeric = numeric, .one = host != NULL };
	socklen_t len;

	if (host != NULL && host_resolve(prog, host, af, &s.want, &len) == -1)
		return (1);
	if (routes_show(&s) == -1 || (af == AF_INET6 && cache_show(&s) == -1)) {
		fprintf(stderr, "%s: neighbours: %s\n", prog, strerror(errno));
		return (1);
	}
	if (host != NULL && s.shown == 0) {
		fprintf(stderr, "%s: %s: no entry\n", prog, host);
		return (1);
	}
	return (0);
}
