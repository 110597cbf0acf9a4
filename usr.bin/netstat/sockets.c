/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* netstat: the sockets of the machine, and the memory behind them. */

#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/memstat.h>
#include <netinet/in_pcb_row.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>

#include "netstat.h"

#define VERS_4 1

static int
fail(const char *what)
{
	fprintf(stderr, "netstat: %s: %s\n", what, strerror(errno));
	return (1);
}

/* "10.0.0.1.53", "*.*" as OpenBSD writes address and port. */
static void
end_text(const struct in_pcb_row *r, const struct ip_addr *a, uint16_t port,
    bool numeric, char *buf, size_t size)
{
	static const struct ip_addr any;
	bool v4 = r->af == AF_INET || r->vers == VERS_4;
	struct sockaddr_storage ss = { .ss_family = v4 ? AF_INET : AF_INET6 };
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	char host[256] = "*", portname[8] = "*";

	if (v4)
		memcpy(&((struct sockaddr_in *)&ss)->sin_addr, a->b, 4);
	else
		memcpy(&sin6->sin6_addr, a->b, 16);
	if (!v4 && IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
		sin6->sin6_scope_id = r->scope;
	if (memcmp(a, &any, sizeof(any)) != 0 && numeric)
		host_text((struct sockaddr *)&ss, host, sizeof(host));
	else if (memcmp(a, &any, sizeof(any)) != 0)
		host_name_of((struct sockaddr *)&ss, host, sizeof(host));
	if (port != 0)
		snprintf(portname, sizeof(portname), "%u", port);
	snprintf(buf, size, "%s.%s", host, portname);
}

static void
socket_show(const struct in_pcb_row *r, const struct sockets_wanted *w)
{
	static const char *const states[] = { TCP_STATE_NAMES };
	char local[272], foreign[272], proto[16];

	end_text(r, &r->laddr, r->lport, w->numeric, local, sizeof(local));
	end_text(r, &r->faddr, r->fport, w->numeric, foreign, sizeof(foreign));
	snprintf(proto, sizeof(proto), "%.8s%s", r->proto,
	    r->af == AF_INET6 ? "6" : "");
	printf("%-7s %6" PRIu64 " %6" PRIu64 "  %-22s %-22s", proto, r->rcvq,
	    r->sndq, local, foreign);
	if (w->verbose)
		printf(" %6" PRIu32 " %7" PRId32 " %6" PRIu64, r->uid, r->pid,
		    r->drops);
	if (strncmp(r->proto, "raw", sizeof(r->proto)) == 0)
		printf(" %u", r->number);
	if (strncmp(r->proto, "tcp", sizeof(r->proto)) == 0 &&
	    r->state < sizeof(states) / sizeof(states[0]))
		printf(" %s", states[r->state]);
	printf("\n");
}

/* A socket with a peer, or all. */
static bool
is_wanted(const struct in_pcb_row *r, const struct sockets_wanted *w)
{
	static const struct ip_addr any;

	if (r->af != (w->af == AF_UNSPEC ? r->af : w->af))
		return (false);
	if (w->proto != NULL &&
	    strncmp(w->proto, r->proto, sizeof(r->proto)) != 0)
		return (false);
	return (w->all || r->fport != 0 ||
	    memcmp(&r->faddr, &any, sizeof(any)) != 0);
}

int
sockets_show(const struct sockets_wanted *w)
{
	static const char *const protos[] = { "udp", "raw", "tcp" };
	struct in_pcb_row *rows;
	size_t len, i;
	int shown = 0;

	for (i = 0; w->proto != NULL && i < sizeof(protos) / sizeof(protos[0]);
	     i++)
		if (strcmp(w->proto, protos[i]) == 0)
			break;
	if (i == sizeof(protos) / sizeof(protos[0])) {
		fprintf(stderr, "netstat: %s: no such protocol\n", w->proto);
		return (1);
	}
	if ((rows = bsd_sysctl_alloc("net.inet.pcblist", &len)) == NULL)
		return (fail("sockets"));
	for (i = 0; i < len / sizeof(*rows); i++) {
		if (!is_wanted(&rows[i], w))
			continue;
		if (shown++ == 0)
			printf("%s\n%-7s %6s %6s  %-22s %-22s%s\n",
			    w->all ?
				"Active Internet connections (including servers)" :
				"Active Internet connections",
			    "Proto", "Recv-Q", "Send-Q", "Local Address",
			    "Foreign Address",
			    w->verbose ? "    UID     PID  Drops" : " (state)");
		socket_show(&rows[i], w);
	}
	free(rows);
	return (0);
}

/* --- memory --- */

int
memory_show(void)
{
	struct mbuf_stat st;
	struct pool_stat *p;
	size_t len = sizeof(st);

	if (bsd_sysctl("kern.mbstat", &st, &len, NULL, 0) == -1)
		return (fail("packet memory"));
	if ((p = bsd_sysctl_alloc("kern.pools", &len)) == NULL)
		return (fail("pools"));
	printf("%" PRIu64 " mbufs in use\n%" PRIu64 " clusters in use\n",
	    st.mbufs, st.clusters);
	printf("%" PRIu64 " bytes of packet memory in use, %" PRIu64
	       " at most, limit %" PRIu64 "\n",
	    st.bytes, st.high, st.limit);
	printf("%" PRIu64 " requests for memory denied\n\n", st.denied);
	printf("%-16s %6s %8s %8s %8s %10s %10s %6s\n", "Pool", "Size", "InUse",
	    "High", "Limit", "Gets", "Puts", "Fails");
	for (size_t i = 0; i < len / sizeof(*p); i++) {
		char limit[24] = "-";

		if (p[i].limit != 0)
			snprintf(limit, sizeof(limit), "%" PRIu64, p[i].limit);
		printf("%-16.31s %6" PRIu64 " %8" PRIu64 " %8" PRIu64
		       " %8s %10" PRIu64 " %10" PRIu64 " %6" PRIu64 "\n",
		    p[i].name, p[i].size, p[i].inuse, p[i].high, limit,
		    p[i].gets, p[i].puts, p[i].fails);
	}
	free(p);
	return (0);
}
