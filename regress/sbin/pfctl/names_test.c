/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Names of protocols, services, users and groups on a system that has none of
 * them, and on one that has them otherwise than a BSD.  The calls into its
 * databases end here.
 */

#include <sys/types.h>
#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pfctl.h"
#include "pf_text.h"

static bool other; /* the system has names of its own */

struct protoent *
getprotobyname(const char *name)
{
	static char own[] = "tcp";
	static struct protoent p = { own, NULL, 6 };

	return (other && strcmp(name, own) == 0 ? &p : NULL);
}

struct protoent *
getprotobynumber(int number)
{
	static char own[] = "xyz", vrrp[] = "vrrp";
	static struct protoent p;

	p.p_proto = number;
	p.p_name = number == 112 ? vrrp : own;
	return (other && (number == 17 || number == 112) ? &p : NULL);
}

struct servent *
getservbyname(const char *name, const char *proto)
{
	static char own[] = "web";
	static struct servent s;

	s.s_name = own;
	s.s_port = htons(81);
	return (other && strcmp(name, own) == 0 && strcmp(proto, "tcp") == 0 ?
		&s :
		NULL);
}

struct servent *
getservbyport(int port, const char *proto)
{
	static char own[] = "web";
	static struct servent s;

	s.s_name = own;
	s.s_port = port;
	return (other && port == htons(81) && strcmp(proto, "tcp") == 0 ? &s :
									   NULL);
}

struct passwd *
getpwnam(const char *name)
{
	static struct passwd p = { .pw_uid = 2 };

	return (other && strcmp(name, "bin") == 0 ? &p : NULL);
}

struct group *
getgrnam(const char *name)
{
	static struct group g = { .gr_gid = 1000 };

	return (other && strcmp(name, "wheel") == 0 ? &g : NULL);
}

static void
prints(const char *text, const char *want)
{
	char *out = printed(text), *again = printed(out);

	assert_string_equal(out, want);
	assert_string_equal(again, want);
	free(out);
	free(again);
}

static void
a_system_without_names(void **state)
{
	char *out;

	(void)state;
	other = false;
	prints("pass proto { tcp udp icmp6 carp vrrp cbt 166 }\n",
	    "pass proto tcp all flags S/SA keep state\n"
	    "pass proto udp all keep state\n"
	    "pass proto ipv6-icmp all keep state\n"
	    "pass proto carp all keep state\n"
	    "pass proto carp all keep state\n"
	    "pass proto cbt all keep state\n"
	    "pass proto 166 all keep state\n");
	prints("block proto udp to port { 53 www 512 28 whois }\n",
	    "block drop proto udp from any to any port = domain\n"
	    "block drop proto udp from any to any port = http\n"
	    "block drop proto udp from any to any port = biff\n"
	    "block drop proto udp from any to any port = 28\n"
	    "block drop proto udp from any to any port = nicname\n");
	prints("block proto tcp to port { exec 8080 } user bin group wheel\n",
	    "block drop proto tcp from any to any port = exec user = 3 group = 0\n"
	    "block drop proto tcp from any to any port = http-alt user = 3 group = 0\n");
	out = printed("block proto nosuch\n");
	assert_non_null(strstr(out, "t:1: unknown protocol nosuch\n"));
	free(out);
}

static void
the_system_comes_first(void **state)
{
	(void)state;
	other = true;
	prints("block proto tcp to port web user bin group wheel\n",
	    "block drop proto tcp from any to any port = web user = 2 group = 1000\n");
	prints("block proto { 6 112 }\n",
	    "block drop proto tcp all\nblock drop proto carp all\n");
	assert_string_equal(proto_name(17), "xyz");
	assert_string_equal(service_name(IPPROTO_UDP, 81), "web");
	assert_string_equal(service_name(IPPROTO_TCP, 515), "printer");
}

/* What is printed for a number stands for that number. */
static void
names_are_read_again(void **state)
{
	const char *name;
	char text[64], *out, *again;
	unsigned int i;

	(void)state;
	other = false;
	for (i = 1; i < 256; i++) {
		snprintf(text, sizeof(text), "block proto %u\n", i);
		out = printed(text);
		again = printed(out);
		assert_memory_equal(out, "block drop proto ", 17);
		assert_string_equal(again, out);
		free(out);
		free(again);
	}
	other = true; /* the port that was asked for before is of its own */
	for (i = 0; i < 65536; i++) {
		if ((name = service_name(IPPROTO_TCP, i)) == NULL)
			continue;
		assert_true(word_bare(name));
		assert_int_equal(service_port(name), i);
	}
	assert_string_equal(bsd_service_name(IPPROTO_TCP, 3), "compressnet");
	assert_null(service_name(IPPROTO_TCP, 3)); /* that would be 2 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_system_without_names),
		cmocka_unit_test(the_system_comes_first),
		cmocka_unit_test(names_are_read_again),
	};

	return (cmocka_run_group_tests_name("pfctl: names", tests, NULL, NULL));
}
