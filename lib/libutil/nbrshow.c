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

#include "host.h"
#include "nbrshow.h"

static void
address_fill(const struct rt_msg *m, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	ss->ss_family = m->rtm_af;
	if (m->rtm_af == AF_INET)
		memcpy(&((struct sockaddr_in *)ss)->sin_addr, m->rtm_dst.b, 4);
	else
		memcpy(&((struct sockaddr_in6 *)ss)->sin6_addr, m->rtm_dst.b, 16);
}

static void
expire_text(const struct rt_msg *m, char *buf, size_t size)
{
	uint64_t now = (uint64_t)time(NULL) * 1000000;

	if (m->rtm_expire_us == 0)
		snprintf(buf, size, "permanent");
	else if (m->rtm_expire_us <= now)
		snprintf(buf, size, "expired");
	else
		snprintf(buf, size, "%" PRIu64 "s", (m->rtm_expire_us - now) / 1000000);
}

static void
row_show(const struct rt_msg *m, bool numeric)
{
	static const uint8_t none[6];
	struct sockaddr_storage ss;
	char host[256], lladdr[20] = "(incomplete)", expire[32];

	address_fill(m, &ss);
	if (numeric)
		host_text((struct sockaddr *)&ss, host, sizeof(host));
	else
		host_name_of((struct sockaddr *)&ss, host, sizeof(host));
	if (memcmp(m->rtm_lladdr, none, 6) != 0)
		snprintf(lladdr, sizeof(lladdr), "%02x:%02x:%02x:%02x:%02x:%02x", m->rtm_lladdr[0], m->rtm_lladdr[1],
		    m->rtm_lladdr[2], m->rtm_lladdr[3], m->rtm_lladdr[4], m->rtm_lladdr[5]);
	expire_text(m, expire, sizeof(expire));
	printf("%-*s %-18s %6s %10s%s\n", m->rtm_af == AF_INET ? 20 : 39, host, lladdr, m->rtm_ifname, expire,
	    (m->rtm_flags & RTF_LOCAL) != 0 ? " l" : "");
}

int
nbr_show(const char *prog, int af, const char *host, bool numeric)
{
	struct sockaddr_storage want, ss;
	socklen_t wantlen;
	struct rt_msg *m;
	size_t len;
	int shown = 0;

	if (host != NULL && host_resolve(prog, host, af, &want, &wantlen) == -1)
		return (1);
	if ((m = bsd_sysctl_alloc(af == AF_INET ? "net.route.dump.inet" : "net.route.dump.inet6", &len)) == NULL) {
		fprintf(stderr, "%s: neighbours: %s\n", prog, strerror(errno));
		return (1);
	}
	for (size_t i = 0; i < len / sizeof(*m); i++) {
		if ((m[i].rtm_flags & RTF_LLINFO) == 0)
			continue;
		address_fill(&m[i], &ss);
		if (host != NULL && memcmp(&ss, &want, af == AF_INET ? 8 : 24) != 0)
			continue;
		if (shown++ == 0)
			printf("%-*s %-18s %6s %10s\n", af == AF_INET ? 20 : 39, af == AF_INET ? "Host" : "Neighbor",
			    af == AF_INET ? "Ethernet Address" : "Linklayer Address", "Netif", "Expire");
		row_show(&m[i], numeric);
	}
	free(m);
	if (host != NULL && shown == 0) {
		fprintf(stderr, "%s: %s: no entry\n", prog, host);
		return (1);
	}
	return (0);
}
