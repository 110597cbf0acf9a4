/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Names of protocols, services, users, ICMP types and codes, TOS values.
 *
 * Protocols, services, users and groups come from the system's databases;
 * what these lack and a BSD has is in pf_bsdnames.c.
 */

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "pfctl.h"

struct name {
	const char *name;
	int number;
};

/* The first name of a number is the one that is printed. */
/* clang-format off */
static const struct name icmp_types[] = {
	{ "echoreq", 8 }, { "echorep", 0 }, { "unreach", 3 }, { "squench", 4 },
	{ "redir", 5 }, { "althost", 6 }, { "routeradv", 9 }, { "routersol", 10 },
	{ "timex", 11 }, { "paramprob", 12 }, { "timereq", 13 }, { "timerep", 14 },
	{ "inforeq", 15 }, { "inforep", 16 }, { "maskreq", 17 }, { "maskrep", 18 },
	{ "trace", 30 }, { "dataconv", 31 }, { "mobredir", 32 },
	{ "ipv6-where", 33 }, { "ipv6-here", 34 }, { "mobregreq", 35 },
	{ "mobregrep", 36 }, { "skip", 39 }, { "photuris", 40 },
};
static const struct name icmp6_types[] = {
	{ "unreach", 1 }, { "toobig", 2 }, { "timex", 3 }, { "paramprob", 4 },
	{ "echoreq", 128 }, { "echorep", 129 }, { "groupqry", 130 },
	{ "listqry", 130 }, { "grouprep", 131 }, { "listenrep", 131 },
	{ "groupterm", 132 }, { "listendone", 132 }, { "routersol", 133 },
	{ "routeradv", 134 }, { "neighbrsol", 135 }, { "neighbradv", 136 },
	{ "redir", 137 }, { "routrrenum", 138 }, { "wrureq", 139 },
	{ "wrurep", 140 }, { "fqdnreq", 139 }, { "fqdnrep", 140 },
	{ "niqry", 139 }, { "nirep", 140 }, { "mtraceresp", 200 },
	{ "mtrace", 201 }, { "listenrepv2", 143 },
};
static const struct code {
	int type;
	const char *name;
	int code;
} icmp_codes[] = {
	{ 3, "net-unr", 0 }, { 3, "host-unr", 1 }, { 3, "proto-unr", 2 },
	{ 3, "port-unr", 3 }, { 3, "needfrag", 4 }, { 3, "srcfail", 5 },
	{ 3, "net-unk", 6 }, { 3, "host-unk", 7 }, { 3, "isolate", 8 },
	{ 3, "net-prohib", 9 }, { 3, "host-prohib", 10 }, { 3, "net-tos", 11 },
	{ 3, "host-tos", 12 }, { 3, "filter-prohib", 13 },
	{ 3, "host-preced", 14 }, { 3, "cutoff-preced", 15 },
	{ 5, "redir-net", 0 }, { 5, "redir-host", 1 },
	{ 5, "redir-tos-net", 2 }, { 5, "redir-tos-host", 3 },
	{ 9, "normal-adv", 0 }, { 9, "common-adv", 16 },
	{ 11, "transit", 0 }, { 11, "reassemb", 1 },
	{ 12, "badhead", 0 }, { 12, "optmiss", 1 }, { 12, "badlen", 2 },
	{ 40, "unknown-ind", 1 }, { 40, "auth-fail", 2 }, { 40, "decrypt-fail", 3 },
}, icmp6_codes[] = {
	{ 1, "admin-unr", 1 }, { 1, "noroute-unr", 0 }, { 1, "notnbr-unr", 2 },
	{ 1, "beyond-unr", 2 }, { 1, "addr-unr", 3 }, { 1, "port-unr", 4 },
	{ 3, "transit", 0 }, { 3, "reassemb", 1 },
	{ 4, "badhead", 0 }, { 4, "nxthdr", 1 },
	{ 137, "redironlink", 0 }, { 137, "redirrouter", 1 },
};
/* clang-format on */

static int
by_name(const struct name *t, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(t[i].name, name) == 0)
			return (t[i].number);
	return (-1);
}

static const char *
by_number(const struct name *t, size_t n, int number)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (t[i].number == number)
			return (t[i].name);
	return (NULL);
}

const char *
icmp_type_name(int proto, int type)
{
	return (proto == IPPROTO_ICMP ?
		by_number(icmp_types, nitems(icmp_types), type) :
		by_number(icmp6_types, nitems(icmp6_types), type));
}

int
icmp_type_number(int proto, const char *name)
{
	return (proto == IPPROTO_ICMP ?
		by_name(icmp_types, nitems(icmp_types), name) :
		by_name(icmp6_types, nitems(icmp6_types), name));
}

static const struct code *
codes(int proto, size_t *n)
{
	*n = proto == IPPROTO_ICMP ? nitems(icmp_codes) : nitems(icmp6_codes);
	return (proto == IPPROTO_ICMP ? icmp_codes : icmp6_codes);
}

const char *
icmp_code_name(int proto, int type, int code)
{
	size_t i, n;
	const struct code *c = codes(proto, &n);

	for (i = 0; i < n; i++)
		if (c[i].type == type && c[i].code == code)
			return (c[i].name);
	return (NULL);
}

int
icmp_code_number(int proto, int type, const char *name)
{
	size_t i, n;
	const struct code *c = codes(proto, &n);

	for (i = 0; i < n; i++)
		if (c[i].type == type && strcmp(c[i].name, name) == 0)
			return (c[i].code);
	return (-1);
}

/* A BSD means by 112 and 240 what others do not. */
static bool
only_bsd(int proto)
{
	return (proto == 112 || proto == 240);
}

int
proto_by_name(const char *name)
{
	struct protoent *p;
	int n = bsd_proto_number(name);

	if (n == IPPROTO_ICMPV6 || only_bsd(n))
		return (n);
	p = getprotobyname(name);
	return (p != NULL ? p->p_proto : n);
}

const char *
proto_name(int proto)
{
	struct protoent *p = only_bsd(proto) ? NULL : getprotobynumber(proto);

	return (p != NULL ? p->p_name : bsd_proto_name(proto));
}

/*
 * BSD systems list nearly all services for both tcp and udp; where others
 * name a port for tcp only, that name serves udp too.
 */
static const char *
service_ask(int proto, unsigned int port)
{
	struct servent *s = NULL;

	if (proto != IPPROTO_TCP && port != 21) /* 21/udp: ftp, as on a BSD */
		s = getservbyport(htons((uint16_t)port), "udp");
	if (s == NULL && (proto == IPPROTO_TCP || port < IPPORT_RESERVED))
		s = getservbyport(htons((uint16_t)port), "tcp");
	if (s == NULL && proto == IPPROTO_TCP)
		s = getservbyport(htons((uint16_t)port), "udp");
	/* `route' of some systems is a keyword, and BSD's `router' is not. */
	return (s != NULL && word_bare(s->s_name) ?
		s->s_name :
		bsd_service_name(proto, port));
}

int
service_port(const char *name)
{
	struct servent *s;

	if ((s = getservbyname(name, "tcp")) == NULL)
		s = getservbyname(name, "udp");
	if (s != NULL)
		return (ntohs((uint16_t)s->s_port));
	return (bsd_service_port(name));
}

/* A name that stands for another port, too, would be read as that one. */
const char *
service_name(int proto, unsigned int port)
{
	static struct {
		char *name;
		bool asked;
	} known[2][65536];
	int k = proto == IPPROTO_TCP ? 0 : 1;
	const char *name;
	char *copy;

	if (port > 65535)
		return (NULL);
	if (!known[k][port].asked) {
		known[k][port].asked = true;
		name = service_ask(proto, port);
		copy = name != NULL ? strdup(name) : NULL;
		if (copy != NULL && service_port(copy) == (int)port)
			known[k][port].name = copy;
		else
			free(copy);
	}
	return (known[k][port].name);
}

int64_t
user_id(const char *name, bool group)
{
	struct passwd *pw;
	struct group *gr;

	if (group && (gr = getgrnam(name)) != NULL)
		return (gr->gr_gid);
	if (!group && (pw = getpwnam(name)) != NULL)
		return (pw->pw_uid);
	return (bsd_user_id(name, group));
}
