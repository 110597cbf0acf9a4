/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* netstat: the sockets of the machine, and the memory behind them. */

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/memstat.h>
#include <netinet/in_pcb_row.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>

#include "netstat.h"

#define VERS_4         1
#define TCP_LISTEN_ROW 1 /* in TCP_STATE_NAMES */

/* What protocols are called, here and in the kernel; with what in front. */
static const struct proto {
	const char *name, *kernel, *head, *service;
} protos[] = {
	{ "ip", "raw", "IP-Proto", NULL },
	{ "divert", "divert", "", NULL },
	{ "tcp", "tcp", "TCP-State", "tcp" },
	{ "udp", "udp", "", "udp" },
};
#define NPROTOS (sizeof(protos) / sizeof(protos[0]))

/* --- one end --- */

static void
port_text(const struct proto *p, uint16_t port, char *buf, size_t size)
{
	const struct servent *sv = NULL;

	if (port == 0) {
		snprintf(buf, size, "*");
		return;
	}
	if (!opt.numeric && p->service != NULL)
		sv = getservbyport(htons(port), p->service);
	if (sv != NULL)
		snprintf(buf, size, "%s", sv->s_name);
	else
		snprintf(buf, size, "%u", port);
}

/* "10.0.0.1.53", "*.*": address and port. */
static void
end_text(const struct proto *p, const struct in_pcb_row *r,
    const struct ip_addr *a, uint16_t port, char *buf, size_t size)
{
	static const struct ip_addr any;
	bool v4 = r->af == AF_INET || r->vers == VERS_4;
	struct sockaddr_storage ss = { .ss_family = v4 ? AF_INET : AF_INET6 };
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	char host[256] = "*", portname[40];

	if (v4)
		memcpy(&((struct sockaddr_in *)&ss)->sin_addr, a->b, 4);
	else
		memcpy(&sin6->sin6_addr, a->b, 16);
	if (!v4 && IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
		sin6->sin6_scope_id = r->scope;
	if (memcmp(a, &any, sizeof(any)) != 0 && opt.numeric)
		host_text((struct sockaddr *)&ss, host, sizeof(host));
	else if (memcmp(a, &any, sizeof(any)) != 0)
		host_name_of((struct sockaddr *)&ss, host, sizeof(host));
	port_text(p, port, portname, sizeof(portname));
	snprintf(buf, size, "%s.%s", host, portname);
}

/* --- sockets --- */

static bool
is_tcp(const struct proto *p)
{
	return (strcmp(p->name, "tcp") == 0);
}

static const char *
state_text(const struct proto *p, const struct in_pcb_row *r, char buf[16])
{
	static const char *const states[] = { TCP_STATE_NAMES };

	buf[0] = '\0';
	if (is_tcp(p) && r->state < sizeof(states) / sizeof(states[0]))
		return (states[r->state]);
	if (strcmp(p->name, "ip") == 0)
		snprintf(buf, 16, "%u", r->number);
	return (buf);
}

static void
socket_show(const struct proto *p, const struct in_pcb_row *r)
{
	char local[300], foreign[300], proto[16], state[16];

	end_text(p, r, &r->laddr, r->lport, local, sizeof(local));
	end_text(p, r, &r->faddr, r->fport, foreign, sizeof(foreign));
	snprintf(proto, sizeof(proto), "%s%s", p->name,
	    r->af == AF_INET6 ? "6" : "");
	printf("%-7s %6" PRIu64 " %6" PRIu64 "  %-22s %-22s %-*s", proto,
	    r->rcvq, r->sndq, local, foreign, opt.verbose ? 12 : 0,
	    state_text(p, r, state));
	if (opt.verbose)
		printf(" %6" PRIu32 " %7" PRId32 " %6" PRIu64, r->uid, r->pid,
		    r->drops);
	printf("\n");
}

/* A socket with a peer; those that wait for one with -a and -l. */
static bool
is_wanted(const struct proto *p, const struct in_pcb_row *r)
{
	static const struct ip_addr any;
	bool peer = r->fport != 0 || memcmp(&r->faddr, &any, sizeof(any)) != 0;

	if (r->af != (opt.af == AF_UNSPEC ? r->af : opt.af) ||
	    strncmp(p->kernel, r->proto, sizeof(r->proto)) != 0)
		return (false);
	if (opt.listening)
		return (is_tcp(p) ? r->state == TCP_LISTEN_ROW : !peer);
	return (opt.all || peer);
}

static void
head_show(const struct proto *p)
{
	printf("Active Internet connections%s\n",
	    opt.all           ? " (including servers)" :
		opt.listening ? " (only servers)" :
				"");
	printf("%-7s %-6s %-6s  %-22s %-22s %-*s%s\n", "Proto", "Recv-Q",
	    "Send-Q", "Local Address", "Foreign Address", opt.verbose ? 12 : 0,
	    p->head, opt.verbose ? "    UID     PID  Drops" : "");
}

static void
proto_show(const struct proto *p, const struct in_pcb_row *rows, size_t n)
{
	int shown = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(p, &rows[i]))
			continue;
		if (shown++ == 0)
			head_show(p);
		socket_show(p, &rows[i]);
	}
}

static bool
is_named(const struct proto *p)
{
	return (opt.proto == NULL || strcmp(opt.proto, p->name) == 0 ||
	    strcmp(opt.proto, p->kernel) == 0);
}

int
sockets_show(void)
{
	struct in_pcb_row *rows;
	size_t len, known = 0;

	for (size_t i = 0; i < NPROTOS; i++)
		known += is_named(&protos[i]);
	if (known == 0) {
		fprintf(stderr,
		    "netstat: %s: unknown or uninstrumented protocol\n",
		    opt.proto);
		return (1);
	}
	if ((rows = bsd_sysctl_alloc("net.inet.pcblist", &len)) == NULL)
		return (complain("sockets"));
	for (size_t i = 0; i < NPROTOS; i++)
		if (is_named(&protos[i]))
			proto_show(&protos[i], rows, len / sizeof(*rows));
	free(rows);
	return (0);
}

/* --- memory --- */

static void
pool_show(const struct pool_stat *p)
{
	char limit[24] = "-";

	if (p->limit != 0)
		snprintf(limit, sizeof(limit), "%" PRIu64, p->limit);
	printf("%-16.31s %6" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8s %10" PRIu64
	       " %10" PRIu64 " %6" PRIu64 "\n",
	    p->name, p->size, p->inuse, p->high, limit, p->gets, p->puts,
	    p->fails);
}

int
memory_show(void)
{
	struct mbuf_stat st;
	struct pool_stat *p;
	size_t len = sizeof(st);

	if (bsd_sysctl("kern.mbstat", &st, &len, NULL, 0) == -1)
		return (complain("packet memory"));
	if ((p = bsd_sysctl_alloc("kern.pools", &len)) == NULL)
		return (complain("pools"));
	printf("%" PRIu64 " mbufs in use\n", st.mbufs);
	for (size_t i = 0; i < len / sizeof(*p); i++)
		if (strncmp(p[i].name, "mcl", 3) == 0 && p[i].size >= 2048)
			printf("%" PRIu64 "/%" PRIu64 " mbuf %" PRIu64
			       " byte clusters in use (current/peak)\n",
			    p[i].inuse, p[i].high, p[i].size);
	printf("%" PRIu64 "/%" PRIu64 "/%" PRIu64
	       " Kbytes allocated to network (current/peak/max)\n",
	    st.bytes / 1024, st.high / 1024, st.limit / 1024);
	printf("%" PRIu64 " requests for memory denied\n", st.denied);
	if (opt.verbose)
		printf("\n%-16s %6s %8s %8s %8s %10s %10s %6s\n", "Pool",
		    "Size", "InUse", "High", "Limit", "Gets", "Puts", "Fails");
	for (size_t i = 0; opt.verbose && i < len / sizeof(*p); i++)
		pool_show(&p[i]);
	free(p);
	return (0);
}
