/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * route: shows and changes the routing tables.
 *
 * A command line becomes one message: words and modifiers fill its fields,
 * the destination and gateway follow.  The kernel judges the whole; its
 * refusal is printed with what it is about.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>
#include <libutil/rtshow.h>
#include <net/rtmsg.h>

#define SO_RTABLE 0x1021 /* Fugu's own, not the C library's */
#define RT_TABLES 256

static struct {
	bool numeric, quiet, tabled;
	unsigned int table;
	int af; /* asked for, AF_UNSPEC: by the address */
	int sock;
	uint32_t seq;
} rt;

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: route [-nq] [-T rtable] command [[modifiers] args]\n"
			"       route add | change | delete | get [-inet | -inet6] [modifiers] destination [gateway]\n"
			"       route flush | show [-inet | -inet6]\n       route monitor\n"
			"       route -T rtable exec command [args]\n");
	exit(2);
}

static void __attribute__((__noreturn__))
fail(const char *what, const char *why)
{
	fprintf(stderr, "route: %s: %s\n", what, why);
	exit(1);
}

/* --- the words of a request --- */

struct request {
	struct rt_msg m;
	const char *word[2]; /* destination, gateway */
	int nwords;
	const char *mask;
	int plen; /* -1: not said */
	bool host, net;
};

static unsigned long
number(const char *what, const char *text, unsigned long max)
{
	char *end;
	unsigned long v = text != NULL ? strtoul(text, &end, 10) : 0;

	if (text == NULL || *text == '\0' || *end != '\0' || v > max) {
		fprintf(stderr, "route: %s: %s is not a number up to %lu\n", what, text != NULL ? text : "nothing", max);
		exit(2);
	}
	return (v);
}

enum modifier { M_INET, M_INET6, M_HOST, M_NET, M_PREFIXLEN, M_NETMASK, M_PRIORITY, M_MTU, M_LABEL, M_IFP, M_FLAG };

static const struct {
	const char *word;
	enum modifier what;
	unsigned int flag;
} modifiers[] = {
	{ "-inet", M_INET, 0 },
	{ "-inet6", M_INET6, 0 },
	{ "-host", M_HOST, 0 },
	{ "-net", M_NET, 0 },
	{ "-prefixlen", M_PREFIXLEN, 0 },
	{ "-netmask", M_NETMASK, 0 },
	{ "-priority", M_PRIORITY, 0 },
	{ "-mtu", M_MTU, 0 },
	{ "-label", M_LABEL, 0 },
	{ "-ifp", M_IFP, 0 },
	{ "-reject", M_FLAG, RTF_REJECT },
	{ "-blackhole", M_FLAG, RTF_BLACKHOLE },
	{ "-static", M_FLAG, RTF_STATIC },
	{ "-mpath", M_FLAG, RTF_MPATH },
	{ "-proto1", M_FLAG, RTF_PROTO1 },
	{ "-proto2", M_FLAG, RTF_PROTO2 },
	{ "-iface", M_FLAG, RTF_CLONING },
};

static void
modifier_take(struct request *rq, enum modifier what, unsigned int flag, const char *arg)
{
	switch (what) {
	case M_INET:
		rt.af = AF_INET;
		break;
	case M_INET6:
		rt.af = AF_INET6;
		break;
	case M_HOST:
		rq->host = true;
		break;
	case M_NET:
		rq->net = true;
		break;
	case M_PREFIXLEN:
		rq->plen = (int)number("prefixlen", arg, 128);
		break;
	case M_NETMASK:
		rq->mask = arg;
		break;
	case M_PRIORITY:
		rq->m.rtm_priority = (uint8_t)number("priority", arg, RTP_MAX);
		break;
	case M_MTU:
		rq->m.rtm_mtu = (uint32_t)number("mtu", arg, 65535);
		break;
	case M_LABEL:
		snprintf(rq->m.rtm_label, sizeof(rq->m.rtm_label), "%s", arg);
		break;
	case M_IFP:
		snprintf(rq->m.rtm_ifname, sizeof(rq->m.rtm_ifname), "%s", arg);
		break;
	case M_FLAG:
		rq->m.rtm_flags |= flag;
		break;
	}
}

static bool
takes_argument(enum modifier what)
{
	return (what >= M_PREFIXLEN && what <= M_IFP);
}

static void
words_read(struct request *rq, char *argv[])
{
	size_t i;

	for (; *argv != NULL; argv++) {
		for (i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++)
			if (strcmp(modifiers[i].word, *argv) == 0)
				break;
		if (i < sizeof(modifiers) / sizeof(modifiers[0])) {
			if (takes_argument(modifiers[i].what) && argv[1] == NULL)
				usage();
			modifier_take(rq, modifiers[i].what, modifiers[i].flag, argv[1]);
			argv += takes_argument(modifiers[i].what);
		} else if (**argv == '-') {
			fprintf(stderr, "route: %s: no such modifier\n", *argv);
			exit(2);
		} else if (rq->nwords == 2) {
			usage();
		} else {
			rq->word[rq->nwords++] = *argv;
		}
	}
}

/* --- addresses --- */

static int
address_read(const char *text, struct ip_addr *a, unsigned int *scope)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (host_resolve("route", text, rt.af, &ss, &len) == -1)
		exit(1);
	memset(a, 0, sizeof(*a));
	*scope = 0;
	if (ss.ss_family == AF_INET) {
		memcpy(a->b, &((struct sockaddr_in *)&ss)->sin_addr, 4);
	} else {
		memcpy(a->b, &((struct sockaddr_in6 *)&ss)->sin6_addr, 16);
		*scope = ((struct sockaddr_in6 *)&ss)->sin6_scope_id;
	}
	return (ss.ss_family);
}

static int
mask_length(const char *text)
{
	struct in_addr in;
	uint32_t m;
	int n = 0;

	if (inet_pton(AF_INET, text, &in) != 1)
		fail(text, "not a netmask");
	for (m = ntohl(in.s_addr); (m & 0x80000000U) != 0; m <<= 1)
		n++;
	if (m != 0)
		fail(text, "a netmask with holes");
	return (n);
}

static void
destination_read(struct request *rq)
{
	char text[128];
	const char *slash = strchr(rq->word[0], '/');
	unsigned int scope;

	snprintf(text, sizeof(text), "%.*s", slash != NULL ? (int)(slash - rq->word[0]) : 127, rq->word[0]);
	if (slash != NULL)
		rq->plen = (int)number("prefix length", slash + 1, 128);
	if (rq->mask != NULL)
		rq->plen = mask_length(rq->mask);
	if (strcmp(text, "default") == 0) {
		struct ip_addr gw;

		rq->plen = 0;
		rq->m.rtm_af = (uint16_t)rt.af;
		if (rt.af == AF_UNSPEC)
			rq->m.rtm_af = (uint16_t)(rq->nwords > 1 ? address_read(rq->word[1], &gw, &scope) : AF_INET);
	} else {
		rq->m.rtm_af = (uint16_t)address_read(text, &rq->m.rtm_dst, &scope);
		if (scope != 0)
			rq->m.rtm_ifindex = (uint16_t)scope;
	}
	if (rq->plen == -1)
		rq->plen = rq->m.rtm_af == AF_INET ? 32 : 128;
	if (rq->plen > (rq->m.rtm_af == AF_INET ? 32 : 128))
		fail(rq->word[0], "prefix longer than the address");
	rq->m.rtm_plen = (uint8_t)rq->plen;
}

/* A gateway's address, or the interface (-iface, or a name of one). */
static void
gateway_read(struct request *rq)
{
	unsigned int scope, index = host_ifindex(rq->word[1]);

	if (index != 0) {
		rq->m.rtm_ifindex = (uint16_t)index;
		return;
	}
	rq->m.rtm_flags &= ~(uint32_t)RTF_CLONING;
	rq->m.rtm_gwaf = (uint16_t)address_read(rq->word[1], &rq->m.rtm_gateway, &scope);
	rq->m.rtm_flags |= RTF_GATEWAY;
	if (scope != 0)
		rq->m.rtm_ifindex = (uint16_t)scope;
}

/* --- talking to the kernel --- */

static void
socket_open(void)
{
	if ((rt.sock = socket(PF_ROUTE, SOCK_RAW, 0)) == -1)
		fail("routing socket", strerror(errno));
}

static int
message_send(struct rt_msg *m, enum rtm_type type)
{
	m->h.rtm_msglen = sizeof(*m);
	m->h.rtm_hdrlen = sizeof(m->h);
	m->h.rtm_version = RTM_VERSION;
	m->h.rtm_type = (uint8_t)type;
	m->h.rtm_seq = ++rt.seq;
	m->h.rtm_tableid = rt.table;
	return (send(rt.sock, m, sizeof(*m), 0) == sizeof(*m) ? 0 : -1);
}

static const char *
error_text(int error)
{
	switch (error) {
	case ESRCH:
		return ("not in table");
	case EEXIST:
		return ("route exists");
	case EBUSY:
		return ("entry in use");
	default:
		return (strerror(error));
	}
}

static int
route_edit(const char *verb, enum rtm_type type, char *argv[])
{
	struct request rq = { .plen = -1 };
	int error = 0;

	words_read(&rq, argv);
	if (rq.nwords == 0)
		usage();
	destination_read(&rq);
	if (rq.nwords > 1)
		gateway_read(&rq);
	else if (type == RTM_ADD && (rq.m.rtm_flags & (RTF_REJECT | RTF_BLACKHOLE)) == 0)
		usage();
	if (type == RTM_ADD)
		rq.m.rtm_flags |= RTF_STATIC;
	if (type == RTM_CHANGE)
		rq.m.rtm_fmask = RTF_REJECT | RTF_BLACKHOLE;
	if (type != RTM_ADD && rq.m.rtm_priority == 0)
		rq.m.rtm_priority = RTP_ANY;
	if (message_send(&rq.m, type) == -1)
		error = errno;
	if (error != 0 || !rt.quiet) {
		FILE *f = error != 0 ? stderr : stdout;

		fprintf(f, "%s%s %s %s", error != 0 ? "route: " : "", verb, rq.plen == 0 || rq.net ? "net" : "host", rq.word[0]);
		if (rq.nwords > 1)
			fprintf(f, ": gateway %s", rq.word[1]);
		fprintf(f, "%s%s\n", error != 0 ? ": " : "", error != 0 ? error_text(error) : "");
	}
	return (error != 0);
}

static int
route_get(char *argv[])
{
	struct request rq = { .plen = -1 };
	struct rt_msg m;
	char text[256];
	ssize_t n;

	words_read(&rq, argv);
	if (rq.nwords != 1)
		usage();
	destination_read(&rq);
	rq.m.rtm_priority = RTP_ANY;
	if (message_send(&rq.m, RTM_GET) == -1)
		fail(rq.word[0], error_text(errno));
	do {
		if ((n = recv(rt.sock, &m, sizeof(m), 0)) == -1)
			fail("routing socket", strerror(errno));
	} while (n < (ssize_t)sizeof(m) || m.h.rtm_type != RTM_GET || m.h.rtm_seq != rt.seq || m.h.rtm_pid != (uint32_t)getpid());
	if (m.h.rtm_errno != 0)
		fail(rq.word[0], error_text(m.h.rtm_errno));
	printf("   route to: %s\n", rq.word[0]);
	printf("destination: %s\n", rt_prefix_text(m.rtm_af, &m.rtm_dst, m.rtm_plen, text, sizeof(text)));
	if (m.rtm_gwaf == AF_INET || m.rtm_gwaf == AF_INET6)
		printf("    gateway: %s\n", rt_gateway_text(&m, rt.numeric, text, sizeof(text)));
	printf("  interface: %s\n", m.rtm_ifname);
	printf(" if address: %s\n", inet_ntop(m.rtm_af, m.rtm_ifa.b, text, sizeof(text)));
	printf("   priority: %u\n", m.rtm_priority);
	if (m.rtm_label[0] != '\0')
		printf("      label: %s\n", m.rtm_label);
	printf("      flags: <%s>\n     use       mtu\n%8llu  %8u\n", rt_flags_text(m.rtm_flags, text), (unsigned long long)m.rtm_use,
	    m.rtm_mtu);
	return (0);
}

/* Everything by a gateway that is not the kernel's own. */
static int
family_flush(int af)
{
	struct rt_msg *m;
	char name[64], text[64], gw[256];
	size_t len;
	int bad = 0;

	snprintf(name, sizeof(name), "net.route.dump.%s.%u", af == AF_INET ? "inet" : "inet6", rt.table);
	if ((m = bsd_sysctl_alloc(name, &len)) == NULL)
		fail("flush", strerror(errno));
	for (size_t i = 0; i < len / sizeof(*m); i++) {
		if ((m[i].rtm_flags & (RTF_GATEWAY | RTF_STATIC)) == 0 || (m[i].rtm_flags & (RTF_LOCAL | RTF_CLONED)) != 0)
			continue;
		if (message_send(&m[i], RTM_DELETE) == -1)
			bad = 1;
		if (!rt.quiet)
			printf("%-20s %-20s %s\n", rt_prefix_text(af, &m[i].rtm_dst, m[i].rtm_plen, text, sizeof(text)),
			    rt_gateway_text(&m[i], rt.numeric, gw, sizeof(gw)), bad ? strerror(errno) : "done");
	}
	free(m);
	return (bad);
}

static int
route_flush(char *argv[])
{
	struct request rq = { .plen = -1 };
	int bad = 0;

	words_read(&rq, argv);
	if (rq.nwords != 0)
		usage();
	if (rt.af != AF_INET6)
		bad |= family_flush(AF_INET);
	if (rt.af != AF_INET)
		bad |= family_flush(AF_INET6);
	return (bad);
}

static int
route_show(char *argv[])
{
	struct request rq = { .plen = -1 };

	words_read(&rq, argv);
	if (rq.nwords != 0)
		usage();
	if (rt_show(rt.af, rt.table, rt.numeric) == -1)
		fail("show", errno == ENOENT ? "no such table" : strerror(errno));
	return (0);
}

/* --- monitor --- */

static const char *const type_names[RTM_NTYPES] = {
	[RTM_ADD] = "RTM_ADD",
	[RTM_DELETE] = "RTM_DELETE",
	[RTM_CHANGE] = "RTM_CHANGE",
	[RTM_GET] = "RTM_GET",
	[RTM_REDIRECT] = "RTM_REDIRECT",
	[RTM_MISS] = "RTM_MISS",
	[RTM_RESOLVE] = "RTM_RESOLVE",
	[RTM_LOSING] = "RTM_LOSING",
	[RTM_NEWADDR] = "RTM_NEWADDR",
	[RTM_DELADDR] = "RTM_DELADDR",
	[RTM_CHGADDRATTR] = "RTM_CHGADDRATTR",
	[RTM_IFINFO] = "RTM_IFINFO",
	[RTM_IFANNOUNCE] = "RTM_IFANNOUNCE",
	[RTM_DESYNC] = "RTM_DESYNC",
	[RTM_PROPOSAL] = "RTM_PROPOSAL",
};

static void
message_show(const void *buf)
{
	const struct rt_msghdr *h = buf;
	const struct rt_addrmsg *am = buf;
	const struct rt_ifmsg *im = buf;
	const struct rt_msg *m = buf;
	char dst[64], gw[256], flags[32];

	printf("%s: len %u, pid %u, seq %u, errno %d", h->rtm_type < RTM_NTYPES && type_names[h->rtm_type] != NULL ?
	    type_names[h->rtm_type] : "?", h->rtm_msglen, h->rtm_pid, h->rtm_seq, h->rtm_errno);
	if (h->rtm_type <= RTM_LOSING)
		printf(", %s via %s dev %s prio %u flags <%s>", rt_prefix_text(m->rtm_af, &m->rtm_dst, m->rtm_plen, dst, sizeof(dst)),
		    rt_gateway_text(m, true, gw, sizeof(gw)), m->rtm_ifname, m->rtm_priority, rt_flags_text(m->rtm_flags, flags));
	else if (h->rtm_type <= RTM_CHGADDRATTR)
		printf(", %s %s", am->ifam_ifname, rt_prefix_text(am->ifam_af, &am->ifam_addr, am->ifam_plen, dst, sizeof(dst)));
	else if (h->rtm_type == RTM_IFINFO)
		printf(", %s flags 0x%x link state %u", im->ifm_ifname, im->ifm_flags, im->ifm_link_state);
	else if (h->rtm_type == RTM_IFANNOUNCE)
		printf(", %s %s", im->ifm_ifname, im->ifm_what == IFAN_ARRIVAL ? "arrived" : "departed");
	printf("\n");
	fflush(stdout);
}

static int
route_monitor(void)
{
	union {
		struct rt_msghdr h;
		char bytes[4096];
	} buf;
	ssize_t n;

	if (rt.tabled && setsockopt(rt.sock, PF_ROUTE, ROUTE_TABLEFILTER, &rt.table, sizeof(rt.table)) == -1)
		fail("table", strerror(errno));
	while ((n = recv(rt.sock, &buf, sizeof(buf), 0)) > 0)
		if (n >= (ssize_t)sizeof(buf.h))
			message_show(&buf);
	fail("routing socket", n == 0 ? "the kernel has gone" : strerror(errno));
}

/* --- exec --- */

/* The sockets of what runs then go by the table: see bsdsys(7). */
static int
route_exec(char *argv[])
{
	char text[16];
	int s;

	if (!rt.tabled || *argv == NULL)
		usage();
	if ((s = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		fail("socket", strerror(errno));
	snprintf(text, sizeof(text), "%u", rt.table);
	if (setsockopt(s, SOL_SOCKET, SO_RTABLE, &rt.table, sizeof(rt.table)) == -1)
		fail(text, errno == EINVAL ? "no such table" : strerror(errno));
	close(s);
	if (setenv("BSD_RTABLE", text, 1) == -1)
		fail("BSD_RTABLE", strerror(errno));
	execvp(*argv, argv);
	fail(*argv, strerror(errno));
}

int
main(int argc, char *argv[])
{
	const char *cmd;
	int ch;

	while ((ch = getopt(argc, argv, "+nqT:")) != -1) {
		switch (ch) {
		case 'n':
			rt.numeric = true;
			break;
		case 'q':
			rt.quiet = true;
			break;
		case 'T':
			rt.table = (unsigned int)number("table", optarg, RT_TABLES - 1);
			rt.tabled = true;
			break;
		default:
			usage();
		}
	}
	argv += optind;
	if ((cmd = *argv++) == NULL)
		usage();
	bsd_require("route");
	if (strcmp(cmd, "exec") == 0)
		return (route_exec(argv));
	socket_open();
	if (strcmp(cmd, "add") == 0)
		return (route_edit(cmd, RTM_ADD, argv));
	if (strcmp(cmd, "change") == 0)
		return (route_edit(cmd, RTM_CHANGE, argv));
	if (strcmp(cmd, "delete") == 0 || strcmp(cmd, "del") == 0)
		return (route_edit("delete", RTM_DELETE, argv));
	if (strcmp(cmd, "get") == 0)
		return (route_get(argv));
	if (strcmp(cmd, "flush") == 0)
		return (route_flush(argv));
	if (strcmp(cmd, "show") == 0)
		return (route_show(argv));
	if (strcmp(cmd, "monitor") == 0)
		return (route_monitor());
	usage();
}
