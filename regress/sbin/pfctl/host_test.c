/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What the name of an interface stands for, with and without modifiers, in
 * rules, pools, tables and antispoof; from a list of addresses of our own.
 */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pfctl.h"

static const struct {
	const char *ifname, *addr, *dst;
	uint8_t plen;
	bool loopback, pointtopoint;
} addrs[] = {
	{ "em0", "fe80::5", NULL, 64, false, false },
	{ "em0", "10.1.1.1", "10.1.1.255", 24, false, false },
	{ "em0", "10.1.1.2", "10.1.1.255", 24, false, false },
	{ "em0", "2001:db8:1::1", NULL, 64, false, false },
	{ "lo0", "::1", NULL, 128, true, false },
	{ "lo0", "127.0.0.1", NULL, 8, true, false },
	{ "ppp0", "10.0.0.1", "10.0.0.2", 32, false, true },
};

static size_t
test_addrs(struct conf *c, struct pf_ifaddr **list)
{
	struct pf_ifaddr *i;
	size_t n;

	*list = conf_alloc(c,
	    sizeof(addrs) / sizeof(addrs[0]) * sizeof(**list));
	for (n = 0; n < nitems(addrs); n++) {
		i = &(*list)[n];
		strcpy(i->ifname, addrs[n].ifname);
		i->af = strchr(addrs[n].addr, ':') ? AF_INET6 : AF_INET;
		i->plen = addrs[n].plen;
		i->loopback = addrs[n].loopback;
		i->pointtopoint = addrs[n].pointtopoint;
		inet_pton(i->af, addrs[n].addr, i->addr.b);
		if ((i->has_dst = addrs[n].dst != NULL))
			inet_pton(i->af, addrs[n].dst, i->dst.b);
	}
	return (n);
}

static bool
test_exists(const char *name)
{
	return (strcmp(name, "em9") == 0 || /* it has no address */
	    strcmp(name, "egress") == 0);
}

/* The group egress: em0 and ppp0. */
static size_t
test_members(const char *name, char (**list)[IFNAMSIZ])
{
	*list = calloc(3, sizeof(**list));
	strcpy((*list)[0], name);
	if (strcmp(name, "egress") != 0)
		return (1);
	strcpy((*list)[1], "em0");
	strcpy((*list)[2], "ppp0");
	return (3);
}

static const struct pf_ifsource source = { test_addrs, test_exists,
	test_members };

/* clang-format off */
static const struct {
	const char *in, *out;
} rows[] = {
	{ "block from em0",
	    "block drop on em0 inet6 from fe80::5 to any\n"
	    "block drop inet from 10.1.1.1 to any\n"
	    "block drop inet from 10.1.1.2 to any\n"
	    "block drop inet6 from 2001:db8:1::1 to any\n" },
	{ "block from egress:0",
	    "block drop inet from 10.1.1.1 to any\n"
	    "block drop inet6 from 2001:db8:1::1 to any\n"
	    "block drop inet from 10.0.0.1 to any\n" },
	{ "block from egress:peer",
	    "block drop inet from 10.0.0.2 to any\n" },
	{ "antispoof for egress inet",
	    "block drop in on ! egress inet from 10.1.1.0/24 to any\n"
	    "block drop in on ! egress inet from 10.1.1.0/24 to any\n"
	    "block drop in on ! egress inet from 10.0.0.1 to any\n"
	    "block drop in inet from 10.1.1.1 to any\n"
	    "block drop in inet from 10.1.1.2 to any\n"
	    "block drop in inet from 10.0.0.1 to any\n" },
	{ "block from em0:0",
	    "block drop inet from 10.1.1.1 to any\n"
	    "block drop inet6 from 2001:db8:1::1 to any\n" },
	{ "block from em0:network",
	    "block drop inet from 10.1.1.0/24 to any\n"
	    "block drop inet from 10.1.1.0/24 to any\n"
	    "block drop inet6 from 2001:db8:1::/64 to any\n" },
	{ "block from em0:network:0",
	    "block drop inet from 10.1.1.0/24 to any\n"
	    "block drop inet6 from 2001:db8:1::/64 to any\n" },
	{ "block inet to em0:broadcast",
	    "block drop inet from any to 10.1.1.255\n"
	    "block drop inet from any to 10.1.1.255\n" },
	{ "block from ppp0:peer", "block drop inet from 10.0.0.2 to any\n" },
	{ "block from (ppp0:peer)", "block drop from (ppp0:peer) to any\n" },
	{ "block from em0:peer", NULL },
	{ "block from ppp0:broadcast", NULL },
	{ "block from em9", NULL },
	{ "block from em8", NULL },
	{ "block from (em8:network)", "block drop from (em8:network) to any\n" },
	{ "block inet from em0/24",
	    "block drop inet from 10.1.1.0/24 to any\n"
	    "block drop inet from 10.1.1.0/24 to any\n" },
	{ "block inet from ! ppp0", "block drop inet from ! 10.0.0.1 to any\n" },
	{ "nat on em0 inet from any to any -> ppp0",
	    "nat on em0 inet all -> 10.0.0.1\n" },
	{ "nat on em0 inet from any to any -> em0",
	    "nat on em0 inet all -> { 10.1.1.1, 10.1.1.2 } round-robin\n" },
	{ "nat on em0 inet6 from any to any -> em0:0",
	    "nat on em0 inet6 all -> 2001:db8:1::1\n" },
	{ "nat on em0 inet6 from any to any -> em0",
	    "nat on em0 inet6 all -> 2001:db8:1::1\n" },
	{ "nat on em0 inet6 from any to any -> fe80::7%em0",
	    "nat on em0 inet6 all -> fe80::7\n" },
	{ "nat on em0 from any to any -> em0", NULL },
	{ "antispoof for ppp0",
	    "block drop in on ! ppp0 inet from 10.0.0.1 to any\n"
	    "block drop in inet from 10.0.0.1 to any\n" },
	{ "antispoof for lo0",
	    "block drop in on ! lo0 inet6 from ::1 to any\n"
	    "block drop in on ! lo0 inet from 127.0.0.0/8 to any\n" },
	{ "antispoof quick for em0 inet6 label x",
	    "block drop in quick on ! em0 inet6 from 2001:db8:1::/64 to any label \"x\"\n"
	    "block drop in quick on em0 inet6 from fe80::5 to any label \"x\"\n"
	    "block drop in quick inet6 from 2001:db8:1::1 to any label \"x\"\n" },
	{ "table <t> { ppp0 lo0:network self:0 }",
	    "table <t> { 10.0.0.1 ::1 127.0.0.0/8 10.1.1.1 2001:db8:1::1 ::1 127.0.0.1 10.0.0.1 }\n" },
	{ "block from fe80::7%em0", "block drop on em0 inet6 from fe80::7 to any\n" },
	{ "block on lo0 from fe80::7%em0", NULL },
};
/* clang-format on */

static void
interfaces_as_addresses(void **state)
{
	struct pfconf *pc;
	char *out, *err;
	size_t i, n, m;
	FILE *f, *e;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		f = open_memstream(&out, &n);
		e = open_memstream(&err, &m);
		pc = pfconf_new(f, e, OPT_VERBOSE, &source);
		pc->optimize = OPTIMIZE_NONE;
		conf_push_text(pc->lex, rows[i].in, strlen(rows[i].in), "test");
		pfconf_parse(pc, "");
		pfconf_finish(pc);
		fclose(f);
		fclose(e);
		if (rows[i].out == NULL ? *err == '\0' || *out != '\0' :
					  strcmp(out, rows[i].out) != 0)
			fail_msg("%s\n%s%s", rows[i].in, out, err);
		pfconf_free(pc);
		free(out);
		free(err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces_as_addresses),
	};

	return (cmocka_run_group_tests_name("pfctl: interfaces", tests, NULL,
	    NULL));
}
