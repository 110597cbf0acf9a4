/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Every consistency law: a line that breaks it is refused with its
 * message.  A law without a row here fails the test.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pfctl.h"

/* clang-format off */
static const struct row {
	const char *law, *line;
} rows[] = {
	{ "port-proto", "pass proto esp to port 1" },
	{ "rdr-port-proto", "rdr on em0 inet from any to 1.1.1.1 -> 1.1.1.2 port 3" },
	{ "nat-port-proto", "nat on em0 inet proto esp from any to any -> 1.1.1.2 port 3" },
	{ "icmp-proto", "pass inet proto udp icmp-type 8" },
	{ "icmp-version", "pass inet proto icmp icmp6-type 1" },
	{ "icmp-family", "pass proto icmp icmp-type 8" },
	{ "flags-tcp", "pass proto udp flags S/SA" },
	{ "os-tcp", "pass proto udp from any os foo" },
	{ "fragment-ports", "pass proto tcp to port 1 fragment" },
	{ "fragment-flags", "pass proto tcp flags S/SA fragment" },
	{ "fragment-icmp", "pass inet proto icmp icmp-type 8 fragment" },
	{ "return-rst-tcp", "block return-rst" },
	{ "allow-opts", "block allow-opts" },
	{ "keep-pass", "block keep state" },
	{ "sloppy-keep", "pass proto tcp modulate state (sloppy)" },
	{ "overload-conn", "pass proto tcp keep state (overload <x>)" },
	{ "src-nodes-rule", "pass keep state (source-track global, max-src-nodes 3)" },
	{ "src-conn-rule", "pass proto tcp keep state (source-track global, max-src-conn 3)" },
	{ "af-to-same", "pass in inet af-to inet from 1.1.1.1" },
	{ "af-to-family", "pass in af-to inet from 1.1.1.1" },
	{ "af-to-match", "match in inet6 af-to inet from 1.1.1.1" },
	{ "af-to-dup", "pass in dup-to em0 inet6 af-to inet from 1.1.1.1" },
	{ "af-to-direction", "pass inet6 af-to inet from 1.1.1.1" },
	{ "af-to-state", "pass in inet6 af-to inet from 1.1.1.1 no state" },
	{ "af-to-pool", "pass in inet6 af-to inet from ::1" },
	{ "af-to-alone", "pass in inet6 af-to inet from 1.1.1.1 rdr-to ::1" },
	{ "route-block", "block in route-to em0" },
	{ "route-match", "match in route-to em0" },
	{ "route-direction", "pass route-to em0" },
	{ "route-sticky", "pass in route-to { em0 em1 } sticky-address no state" },
	{ "divert-match", "match proto tcp divert-to 1" },
	{ "divert-family", "pass in inet6 proto tcp divert-to 127.0.0.1 port 1" },
	{ "nat-to-direction", "pass nat-to 1.1.1.1" },
	{ "nat-to-state", "pass out nat-to 1.1.1.1 no state" },
	{ "nat-to-block", "block out nat-to 1.1.1.1" },
	{ "binat-to-direction", "pass out from 1.1.1.1 binat-to 1.1.1.2" },
	{ "binat-to-alone", "pass from 1.1.1.1 nat-to 1.1.1.1 binat-to 1.1.1.2" },
	{ "binat-table", "pass from <t> binat-to 1.1.1.2" },
	{ "binat-to-list", "pass from 1.1.1.1 binat-to { 1.1.1.2 1.1.1.3 }" },
	{ "binat-to-dynamic", "pass inet from 1.1.1.1 binat-to (em0)" },
	{ "binat-source", "pass binat-to 1.1.1.1" },
	{ "binat-negated", "match from ! 1.1.1.1 binat-to 1.1.1.2" },
	{ "binat-masks", "binat on em0 from 1.1.1.0/24 to any -> 1.1.1.1" },
	{ "binat-one", "binat on em0 from 1.1.1.1 to any -> { 1.1.1.1 1.1.1.2 }" },
	{ "binat-ports", "binat on em0 proto tcp from 1.1.1.1 port 1 to any -> 1.1.1.2" },
	{ "static-port-nat", "rdr on em0 from any to 1.1.1.1 -> 1.1.1.2 static-port" },
	{ "static-port-range", "nat on em0 from 1.1.1.1 to any -> 1.1.1.2 port 1:2 static-port" },
	{ "endpoint-independent-nat", "rdr on em0 from any to 1.1.1.1 -> 1.1.1.2 endpoint-independent" },
	{ "map-e-nat", "rdr on em0 from any to 1.1.1.1 -> 1.1.1.2 map-e-portset 4/8/1" },
	{ "map-e-static", "nat on em0 from 1.1.1.1 to any -> 1.1.1.2 static-port map-e-portset 4/8/1" },
	{ "map-e-port", "nat on em0 from 1.1.1.1 to any -> 1.1.1.2 port 1 map-e-portset 4/8/1" },
	{ "map-e-type", "nat on em0 from 1.1.1.1 to any -> 1.1.1.2 random map-e-portset 4/8/1" },
	{ "nexthop-route", "nat on em0 inet6 from ::1 to any -> ::2 prefer-ipv6-nexthop" },
	{ "route-options", "pass in route-to em0 static-port" },
	{ "pool-special", "nat on em0 inet from any to any -> no-route" },
	{ "pool-negated", "nat on em0 inet from any to any -> ! 1.1.1.1" },
	{ "user-unknown", "pass proto tcp user > unknown" },
	{ "group-unknown", "pass proto tcp group > unknown" },
	{ "no-redirection", "no nat on em0 from 1.1.1.1 to any -> 1.1.1.2" },
	{ "needs-redirection", "nat on em0 from 1.1.1.1 to any" },
	{ "no-pass", "no nat pass on em0 from 1.1.1.1 to any" },
	{ "rdr-dport", "rdr on em0 proto tcp from any to 1.1.1.1 port > 3 -> 1.1.1.2" },
	{ "anchor-state", "anchor x keep state" },
	{ "anchor-pool", "anchor x out nat-to 1.1.1.1" },
	{ "rdr-anchor-source-port", "rdr-anchor x proto tcp from any port 3" },
	{ "rdr-anchor-port", "rdr-anchor x proto tcp to any port { 3 4 }" },
	{ "binat-anchor-hosts", "binat-anchor x from 1.1.1.1" },
	{ "binat-anchor-protos", "binat-anchor x proto { tcp udp }" },
	{ "reassemble-tcp-direction", "scrub in reassemble tcp" },
};
/* clang-format on */

/* What parsing text says; the caller frees. */
static char *
said(const char *text, int *errors)
{
	struct pfconf *pc;
	char *buf = NULL;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	pc = pfconf_new(f, f, OPT_NODNS, &pf_ifs_host);
	conf_push_text(pc->lex, text, strlen(text), "t");
	pfconf_parse(pc, "");
	*errors = pfconf_finish(pc);
	pfconf_free(pc);
	fclose(f);
	return (buf);
}

static const struct row *
row_of(const char *law)
{
	size_t i;

	for (i = 0; i < nitems(rows); i++)
		if (strcmp(rows[i].law, law) == 0)
			return (&rows[i]);
	return (NULL);
}

static void
every_law_refuses(void **state)
{
	const struct row *row;
	char *text;
	int errors;
	size_t i;

	(void)state;
	for (i = 0; i < pf_nlaws; i++) {
		if ((row = row_of(pf_laws[i].name)) == NULL)
			fail_msg("law %s has no row", pf_laws[i].name);
		text = said(row->line, &errors);
		if (errors == 0 || strstr(text, pf_laws[i].message) == NULL)
			fail_msg("%s: `%s' says: %s", row->law, row->line,
			    text);
		free(text);
	}
}

static void
nothing_is_refused_without_reason(void **state)
{
	char *text;
	int errors;

	(void)state;
	text = said(
	    "pass in proto tcp to port 22 keep state (max-src-conn 3, overload <x> flush)\n"
	    "match out inet from 10/8 nat-to 192.0.2.1\nblock return-rst proto tcp\n",
	    &errors);
	assert_int_equal(errors, 0);
	assert_string_equal(text, "");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_law_refuses),
		cmocka_unit_test(nothing_is_refused_without_reason),
	};

	return (cmocka_run_group_tests_name("pfctl: consistency", tests, NULL,
	    NULL));
}
