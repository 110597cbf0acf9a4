/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pfctl against a kernel of arrays (pf_model.h): what it asks, in which
 * transaction, and what it says and prints.  Each run is a child with its
 * own standard output and error.
 */

#include <sys/wait.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pf_model.h"

struct result {
	int rc;
	char out[1 << 18], err[1 << 16];
};

static void
slurp(FILE *f, char *buf, size_t size)
{
	size_t n;

	rewind(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
}

/* The words of line, where `~' stands for a blank; how many. */
static int
split(char *line, char *words[64])
{
	int n = 1;
	char *w;

	words[0] = (char[]){ "pfctl" };
	while ((w = strsep(&line, " ")) != NULL && n < 63) {
		words[n++] = w;
		while ((w = strchr(w, '~')) != NULL)
			*w = ' ';
	}
	words[n] = NULL;
	return (n);
}

__attribute__((noreturn)) static void
child(const char *line, const char *input, FILE *out, FILE *err)
{
	static char program[] = "pfctl";
	FILE *in = tmpfile();
	char *words[64];
	int n;

	fputs(input, in);
	fflush(in);
	lseek(fileno(in), 0, SEEK_SET);
	dup2(fileno(in), 0);
	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	n = split(strdup(line), words);
	words[0] = program_invocation_short_name = program;
	optind = 0;
	exit(pfctl_main(n, words));
}

/* Runs `pfctl line' with input on its standard input. */
static const struct result *
pfctl(const char *line, const char *input)
{
	static struct result r;
	FILE *out = tmpfile(), *err = tmpfile();
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) == 0)
		child(line, input, out, err);
	waitpid(pid, &r.rc, 0);
	r.rc = WIFEXITED(r.rc) ? WEXITSTATUS(r.rc) : -1;
	slurp(out, r.out, sizeof(r.out));
	slurp(err, r.err, sizeof(r.err));
	return (&r);
}

/* The run, its exit code, and exactly what it printed and said. */
static void
expect(const char *line, const char *input, int rc, const char *out,
    const char *err)
{
	const struct result *r = pfctl(line, input);

	if (r->rc != rc || (out != NULL && strcmp(r->out, out) != 0) ||
	    (err != NULL && strcmp(r->err, err) != 0))
		fail_msg("pfctl %s: exit %d\n%s---\n%s---", line, r->rc, r->out,
		    r->err);
}

static void
expect_error(const char *line, const char *input, const char *part)
{
	const struct result *r = pfctl(line, input);

	if (r->rc != 1 || strstr(r->err, part) == NULL)
		fail_msg("pfctl %s: exit %d: %s", line, r->rc, r->err);
}

static void
expect_part(const char *line, const char *part)
{
	const struct result *r = pfctl(line, "");

	if (r->rc != 0 || strstr(r->out, part) == NULL)
		fail_msg("pfctl %s: exit %d\n%s---\n%s", line, r->rc, r->out,
		    r->err);
}

/* --- loading ----------------------------------------------------------- */

static const char big[] =
    "set limit states 500\nset timeout tcp.first 7\n"
    "set skip on lo0\nset debug loud\nset hostid 9\n"
    "set loginterface em0\nset reassemble yes no-df\n"
    "table <t> persist { 10.0.0.0/8 !10.1.0.1 }\n"
    "nat on em0 inet from 10.0.0.0/8 to any -> { 192.0.2.1, 192.0.2.2 }\n"
    "rdr on em0 inet proto tcp to any port 80 -> 10.0.0.1 port 8080\n"
    "anchor \"in\" on em1 {\n\tpass quick from <t>\n\tanchor {\n\t\tblock\n\t}\n}\n"
    "anchor \"later/*\"\npass in label \"x\"\n";

static void
a_file_goes_in_as_one(void **state)
{
	(void)state;
	expect("-f -", big, 0, "", "");
	assert_int_equal(model->commits, 1);
	assert_int_equal(model->rollbacks, 0);
	assert_int_equal(model->now.set.limit[PF_LIMIT_STATES], 500);
	assert_int_equal(model->now.set.timeout[PFTM_TCP_FIRST], 7);
	assert_int_equal(model->now.set.timeout[PFTM_ADAPTIVE_START], 300);
	assert_int_equal(model->now.set.timeout[PFTM_ADAPTIVE_END], 600);
	assert_int_equal(model->now.set.hostid, 9);
	assert_int_equal(model->now.set.debug, PF_DEBUG_LOUD);
	assert_int_equal(model->now.set.reass, PF_REASS_ON | PF_REASS_NODF);
	assert_string_equal(model->now.set.skip[0], "lo0");
	assert_string_equal(model->now.set.loginterface, "em0");
	expect("-sn", "", 0,
	    "nat on em0 inet from 10.0.0.0/8 to any -> { 192.0.2.1, 192.0.2.2 } round-robin\n"
	    "rdr on em0 inet proto tcp from any to any port = http -> 10.0.0.1 port 8080\n",
	    "");
	expect("-sr", "", 0,
	    "anchor \"in\" on em1 all\nanchor \"later/*\" all\n"
	    "pass in all flags S/SA keep state label \"x\"\n",
	    "");
	expect("-a in -sr", "", 0,
	    "pass quick from <t> to any flags S/SA keep state\n"
	    "anchor all {\n  block drop all\n}\n",
	    "");
	expect("-a * -sr", "", 0,
	    "anchor \"in\" on em1 all {\n"
	    "  pass quick from <t> to any flags S/SA keep state\n"
	    "  anchor all {\n    block drop all\n  }\n}\n"
	    "anchor \"later/*\" all {\n}\n"
	    "pass in all flags S/SA keep state label \"x\"\n",
	    "");
	expect("-t t -T show", "", 0, "   10.0.0.0/8\n  !10.1.0.1\n", "");
}

/* Whatever call fails: rolled back (or never begun), nothing changed. */
static void
every_failing_call_changes_nothing(void **state)
{
	static char before[32768];
	const struct result *r;
	int n, calls;

	(void)state;
	expect("-f -", "pass out label \"old\"\n", 0, "", "");
	strcpy(before, pfctl("-sa", "")->out);
	model->calls = 0;
	expect("-nf -", big, 0, "", "");
	assert_int_equal(model->calls, 0);
	for (n = 1; n < 100; n++) {
		model->fail_at = n;
		model->fail_errno = ENOMEM;
		calls = model->commits;
		r = pfctl("-f -", big);
		if (model->fail_at > 0)
			break; /* there was no n-th call */
		assert_int_equal(r->rc, 1);
		assert_non_null(strstr(r->err, "Cannot allocate memory"));
		assert_int_equal(model->commits, calls);
		assert_int_equal(model->ticket,
		    model->last == DIOCXCOMMIT ? model->ticket : 0);
		assert_string_equal(pfctl("-sa", "")->out, before);
	}
	assert_true(n > 15 && n < 100);
	model->fail_at = 0;
	assert_string_not_equal(pfctl("-sa", "")->out, before);
}

static void
a_load_that_lost_the_race_says_so(void **state)
{
	(void)state;
	expect("-f -", "pass\n", 0, "", "");
	model->fail_at = model->calls; /* the last call of that load */
	model->fail_errno = EBUSY;
	expect("-f -", "block\n", 1, "",
	    "pfctl: another load was quicker, nothing was changed\n");
}

/* Rules that are replaced while they are read are read from the start, all of
 * them once; anchors too.  What never stands still is given up. */
static void
reading_begins_again_when_a_load_comes_between(void **state)
{
	static const char rules[] = "pass all no state\nblock drop in all\nmatch all\n";
	static const unsigned long cmds[] = { DIOCGETRULE, DIOCGETRULESET };
	static const char *const said[] = { "pfctl: cannot get rules: they are replaced all the time\n",
		"pfctl: cannot get anchors: they are replaced all the time\n" };

	(void)state;
	expect("-f -", rules, 0, "", "");
	expect("-a a -f -", "pass\n", 0, "", "");
	expect("-a b -f -", "pass\n", 0, "", "");
	for (int i = 0; i < 2; i++) {
		const char *args = i == 0 ? "-sr" : "-sA", *out = i == 0 ? rules : "  a\n  b\n";

		model->fail_cmd = cmds[i];
		for (int gone = 0; gone < 2; gone++)
			for (int at = 1; at <= 3 - i; at++) {
				model->fail_at = at;
				model->fail_errno = gone ? ENOENT : EBUSY;
				expect(args, "", 0, out, "");
				assert_int_equal(model->fail_at, 0);
			}
		model->fail_at = 2;
		model->fail_errno = EBUSY;
		model->fails = 1000;
		expect(args, "", 1, "", said[i]);
		model->fail_at = model->fails = 0;
	}
}

static void
kernel_errors_name_the_line(void **state)
{
	(void)state;
	expect_error("-f -", "set limit tables 4\n",
	    "stdin:1: cannot set limit tables: Invalid argument");
	model->fail_at = 2;
	model->fail_errno = EINVAL;
	expect_error("-f -", "\n\npass\n", "stdin:3: cannot add rule");
	model->fail_at = 3; /* two are taken at a time */
	expect_error("-o none -f -", "pass\npass in\n\npass out\n",
	    "stdin:4: cannot add rule");
	model->fail_at = 2;
	expect_error("-q -f -", "\ntable <t> { 1.1.1.1 }\n",
	    "stdin:2: cannot define table t");
}

static void
anchors_and_parts(void **state)
{
	(void)state;
	expect("-f -", "set limit states 7\nnat on em0 inet -> 1.1.1.1\npass\n",
	    0, "", "");
	expect("-N -f -", "nat on em1 inet -> 1.1.1.1\nblock\n", 0, "", "");
	expect("-sr", "", 0, "pass all flags S/SA keep state\n", "");
	expect("-sn", "", 0, "nat on em1 inet all -> 1.1.1.1\n", "");
	expect("-R -f -", "nat on em2 inet -> 1.1.1.1\nblock\n", 0, "", "");
	expect("-sr", "", 0, "block drop all\n", "");
	expect("-sn", "", 0, "nat on em1 inet all -> 1.1.1.1\n", "");
	expect("-O -f -", "set limit states 8\npass\n", 0, "", "");
	expect("-sr", "", 0, "block drop all\n", "");
	assert_int_equal(model->now.set.limit[PF_LIMIT_STATES], 8);
	expect("-T load -f -", "table <x> persist { 1.1.1.1 }\npass\n", 0, "",
	    "");
	expect("-sr", "", 0, "block drop all\n", "");
	expect("-sT", "", 0, "x\n", "");
	expect("-a foo/bar -f -", "table <y> persist\npass from <y>\n", 0, "",
	    "");
	expect("-sA", "", 0, "  foo\n", "");
	expect("-vsA", "", 0, "  foo\n  foo/bar\n", "");
	expect("-a foo -sA", "", 0, "  foo/bar\n", "");
	expect("-a foo/bar -sr", "", 0,
	    "pass from <y> to any flags S/SA keep state\n", "");
	expect("-a foo/bar -sT", "", 0, "y\n", "");
	expect("-a * -sT", "", 0, "x\ny\n", "");
	expect_error("-a foo -f -", "set limit states 3\npass\n",
	    "stdin:1: options belong to the main ruleset");
	expect_error("-a nowhere -sr", "", "anchor 'nowhere' does not exist");
	expect("-a foo/* -F rules", "", 0, "", "rules cleared\n");
	expect("-vsA", "", 0, "", "");
}

/* --- refusals ---------------------------------------------------------- */

static void
what_the_kernel_lacks_is_named(void **state)
{
	static const struct {
		const char *line, *word;
	} rows[] = {
		{ "altq on em0 priq bandwidth 1Mb queue q\nqueue q", "altq" },
		{ "pass queue q", "queue" },
		{ "ether pass", "ether" },
		{ "pass dnpipe 1", "dnpipe" },
		{ "pass dnqueue 1", "dnqueue" },
		{ "pass in route-to em1", "route-to" },
		{ "pass in reply-to em1", "reply-to" },
		{ "pass in dup-to em1", "dup-to" },
		{ "pass in proto tcp synproxy state", "synproxy state" },
		{ "pass keep state (source-track)", "source-track" },
		{ "pass keep state (max-src-states 3)", "max-src-states" },
		{ "pass keep state (max-src-nodes 3)", "max-src-nodes" },
		{ "pass proto tcp keep state (max-src-conn 3, overload <x>)",
		    "max-src-conn" },
		{ "pass proto tcp keep state (max-src-conn-rate 3/4)",
		    "max-src-conn-rate" },
		{ "set state-defaults pflow\npass\nblock", "pflow" },
		{ "pass out on em0 inet nat-to { 1.1.1.1 1.1.1.2 } sticky-address",
		    "sticky-address" },
		{ "nat on em0 inet -> 1.1.1.1 endpoint-independent",
		    "endpoint-independent" },
		{ "nat on em0 inet -> 1.1.1.1 map-e-portset 4/8/7",
		    "map-e-portset" },
		{ "scrub in no-df", "scrub no-df" },
		{ "scrub in random-id", "scrub random-id" },
		{ "scrub reassemble tcp", "scrub reassemble tcp" },
		{ "scrub in min-ttl 3", "scrub min-ttl" },
		{ "scrub in set-tos 3", "scrub set-tos" },
		{ "match in scrub (max-mss 1400)", "scrub max-mss" },
		{ "pass out proto tcp divert-to 127.0.0.1 port 3",
		    "divert-to of packets that go out" },
		{ "pass in proto 103 divert-to 127.0.0.1 port 3",
		    "divert-to of other protocols" },
		{ "block in proto tcp divert-packet port 3",
		    "divert of blocked packets" },
		{ "scrub in rtable 1", "rtable in scrub rules" },
		{ "rdr on em0 inet proto sctp to port 3 -> 192.0.2.1 port 4",
		    "another port of SCTP" },
		{ "pass in set delay 3", "set delay" },
		{ "pass max-pkt-rate 3/4", "max-pkt-rate" },
		{ "pass keep state (allow-related)", "allow-related" },
		{ "pass keep state (pflow)", "pflow" },
		{ "pass on rdomain 1", "on rdomain" },
		{ "pass route \"x\"", "route" },
		{ "set syncookies always", "set syncookies" },
		{ "set limit eth-anchors 3", "set limit eth-anchors" },
	};
	char text[256], want[256];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		snprintf(text, sizeof(text), "\n%s\n", rows[i].line);
		snprintf(want, sizeof(want), "stdin:2: %s", rows[i].word);
		expect_error("-f -", text, want);
		expect_error("-f -", text, "is not supported by this kernel");
		expect("-nf -", text, 0, "", NULL);
	}
	assert_int_equal(model->calls, 0);
}

/* In the order of the file, each word once a line, and nothing else. */
static void
refusals_follow_the_file(void **state)
{
	(void)state;
	expect("-f -",
	    "set state-defaults pflow, max-src-states 3\n"
	    "scrub in no-df max-mss 1400\n"
	    "ether pass\n"
	    "ether block\n"
	    "pass in route-to em1 proto { tcp udp }\n"
	    "anchor {\n"
	    "pass in dup-to em1 keep state (max 3)\n"
	    "}\n"
	    "pass out dnpipe 3\n",
	    1, "",
	    "stdin:3: Rules must be in order: options, ethernet, normalization, queueing, translation, filtering\n"
	    "stdin:4: Rules must be in order: options, ethernet, normalization, queueing, translation, filtering\n"
	    "pfctl: Syntax error in config file: pf rules not loaded\n");
	expect("-f -",
	    "set state-defaults pflow, max-src-states 3\n"
	    "ether pass\n"
	    "ether block\n"
	    "scrub in no-df max-mss 1400\n"
	    "pass in route-to em1 proto { tcp udp }\n"
	    "anchor {\n"
	    "pass in dup-to em1 keep state (max 3)\n"
	    "}\n"
	    "pass out dnpipe 3\n",
	    1, "",
	    "stdin:1: max-src-states is not supported by this kernel\n"
	    "stdin:1: pflow is not supported by this kernel\n"
	    "stdin:2: ether is not supported by this kernel\n"
	    "stdin:3: ether is not supported by this kernel\n"
	    "stdin:4: scrub max-mss is not supported by this kernel\n"
	    "stdin:4: scrub no-df is not supported by this kernel\n"
	    "stdin:5: route-to is not supported by this kernel\n"
	    "stdin:7: dup-to is not supported by this kernel\n"
	    "stdin:9: dnpipe is not supported by this kernel\n"
	    "pfctl: pf rules not loaded\n");
}

/* A Mac's call points load; the one that can call nothing is remarked. */
static void
call_points_of_a_mac(void **state)
{
	(void)state;
	expect("-f -",
	    "scrub-anchor \"com.example/*\"\nnat-anchor \"com.example/*\"\n"
	    "rdr-anchor \"com.example/*\"\ndummynet-anchor \"com.example/*\"\n"
	    "anchor \"com.example/*\"\n",
	    0, "",
	    "stdin:4: warning: this kernel has no dummynet rules that a dummynet-anchor could call\n");
	expect("-sr", "", 0,
	    "scrub-anchor \"com.example/*\" all\nanchor \"com.example/*\" all\n",
	    "");
	expect("-sn", "", 0,
	    "nat-anchor \"com.example/*\" all\nrdr-anchor \"com.example/*\" all\n",
	    "");
}

/* What a fresh OpenBSD 7 has, and what a FreeBSD gateway may have. */
static void
files_of_other_systems(void **state)
{
	(void)state;
	expect("-f -",
	    "set skip on lo\n\nblock return\t# block stateless traffic\n"
	    "pass\t\t# establish keep-state\n\n"
	    "# By default, do not permit remote connections to X11\n"
	    "block return in on ! lo0 proto tcp to port 6000:6010\n\n"
	    "# Port build user does not need network\n"
	    "block return out log proto {tcp udp} user _pbuild\n",
	    0, "", "");
	expect_part("-sr",
	    "block return out log proto udp all user = 55\n");
	expect("-f -",
	    "ext_if=\"vtnet0\"\nint_if=\"vtnet1\"\n"
	    "table <bruteforce> persist\n"
	    "table <rfc6890> { 0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 }\n"
	    "set block-policy return\nset loginterface $ext_if\n"
	    "set skip on lo0\nset timeout { tcp.established 3600 }\n"
	    "scrub in all fragment reassemble\n"
	    "nat on $ext_if from ($int_if:network) to any -> ($ext_if)\n"
	    "nat-anchor \"ftp-proxy/*\"\nrdr-anchor \"ftp-proxy/*\"\n"
	    "rdr pass on $int_if proto tcp from any to any port 21 -> 127.0.0.1 port 8021\n"
	    "antispoof quick for ($ext_if)\n"
	    "block in quick on egress from <rfc6890>\nblock all\n"
	    "anchor \"ftp-proxy/*\"\nanchor \"blacklistd/*\" in on $ext_if\n"
	    "pass out quick keep state\n"
	    "pass in on $ext_if proto tcp to port { 22, www, https } flags S/SA modulate state\n"
	    "pass in inet proto icmp icmp-type { echoreq, unreach }\n"
	    "pass in inet6 proto ipv6-icmp icmp6-type { echoreq, toobig, routeradv, neighbrsol, neighbradv }\n",
	    0, "", "");
	expect_error("-f -",
	    "int_if=\"vtnet1\"\nnat on em0 from $int_if:network to any -> (em0)\n",
	    "stdin:2: no IP address found for vtnet1:network");
}

/* --- fingerprints ------------------------------------------------------ */

static const char osfile[] = "/tmp/pfctl-kernel-test.os";

static void
put_osfile(const char *text)
{
	FILE *f = fopen(osfile, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* They come with a load, are known by name, and go with the next load. */
static void
fingerprints_come_with_the_rules(void **state)
{
	static const char rules[] =
	    "set fingerprints \"/tmp/pfctl-kernel-test.os\"\n"
	    "block in proto tcp from any os { \"Alpha\" \"alpha 3\" unknown }\n";
	char line[] = "-a x -f -";

	(void)state;
	put_osfile("S10:64:1:60:M*,S,T,N,W7:Alpha:2-3:b:Alpha 2 and 3\n"
		   "1024:64:0:44:M1460:@Beta:::B\n");
	expect("-f -", rules, 0, "", "");
	assert_int_equal(model->now.nosfp, 3);
	expect("-sr", "", 0,
	    "block drop in proto tcp from any os \"Alpha\" to any\n"
	    "block drop in proto tcp from any os \"alpha 3\" to any\n"
	    "block drop in proto tcp from any os \"unknown\" to any\n",
	    "");
	expect("-so", "", 0,
	    "Class\tVersion\tSubtype(subversion)\n-----\t-------\t-------------------\n"
	    "Alpha\n\t2\n\t\tb\n\t3\n\t\tb\nBeta\n",
	    "");
	expect_part("-j -so", "\"version\": \"3\"");
	expect_part("-sa", "3 fingerprints loaded\n");
	expect(line, "pass in proto tcp from any os \"Beta\"", 0, "", "");
	expect_error(line, "pass in proto tcp from any os \"Gamma\"",
	    "stdin:1: os \"Gamma\": no fingerprint of the kernel has that name");
	expect_error("-f -",
	    "set fingerprints \"/tmp/pfctl-kernel-test.os\"\n"
	    "pass proto tcp from any os \"Alpha 4\"",
	    "stdin:2: os \"Alpha 4\": no fingerprint of /tmp/pfctl-kernel-test.os has that name");
	expect("-vvnf -", "pass proto tcp from any os \"Beta 4\"", 0, NULL,
	    "warning: unknown 'Beta 4' OS fingerprint\n");
	put_osfile("S10:64:1:60:M*,S,T,N,W7:Alpha:2:b\n\nx:64:1:60:.:A:::\n");
	expect_error("-f -", rules, "kernel-test.os:1: only 8 fields of 9");
	expect_error("-f -", rules, "kernel-test.os:3: invalid window 'x'");
	expect_error("-nf -", rules, "kernel-test.os:3: invalid window 'x'");
	unlink(osfile);
	expect_error("-f -", rules,
	    "stdin:1: cannot open fingerprints \"/tmp/pfctl-kernel-test.os\"");
	expect("-nf -", rules, 0, "", NULL);
	assert_int_equal(model->now.nosfp, 3);
	expect("-m -f -", "pass", 0, "", "");
	assert_int_equal(model->now.nosfp, 3);
	expect("-F osfp", "", 0, "", "OS fingerprints cleared\n");
	assert_int_equal(model->now.nosfp, 0);
}

/* --- showing ----------------------------------------------------------- */

static void
put_counters(void)
{
	struct pf_ioc_rule *r =
	    &m_set(&model->now, "", PF_RS_FILTER, true)->rules->r;

	r->evaluations = 12;
	r->packets[0] = 40;
	r->bytes[0] = 5000;
	r->bytes[1] = 120;
	r->states_cur = 1;
	r->states_tot = 3;
	r->cpid = 811;
	r->last_active = 1767607200;
	r->skip[0] = 4;
	r->skip[1] = PF_NR_NONE;
	for (int i = 2; i < PF_SKIP_MAX; i++)
		r->skip[i] = 1;
}

static void
rules_with_counters(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	expect("-f -", "pass in on em0 proto tcp to port 80 label \"web\"\n", 0,
	    "", "");
	put_counters();
	expect("-vsr", "", 0,
	    "pass in on em0 proto tcp from any to any port = http flags S/SA keep state label \"web\"\n"
	    "  [ Evaluations: 12        Packets: 40        Bytes: 5120        States: 1     ]\n"
	    "  [ Source Nodes: 0      Limit: 0      NAT/RDR: 0      Route: 0      ]\n"
	    "  [ Inserted: uid 0 pid 811 State Creations: 3     ]\n",
	    "");
	expect_part("-vvsr", "@0 pass in on em0");
	expect_part("-vvsr",
	    "  [ Last Active Time: Mon Jan  5 10:00:00 2026 ]\n");
	expect_part("-gsr", "  [ Skip steps: i=4 d=end ]\n");
	expect("-s labels", "", 0, "web 12 40 5120 40 5000 0 120 3\n", "");
	expect("-i em1 -sr", "", 0, "", "");
	expect_part("-i em0 -sr", "pass in on em0");
	expect_part("-z -vsr", "Evaluations: 12 ");
	expect_part("-vsr", "Evaluations: 0 ");
}

/* Rules in braces without a name are of the ruleset they stand in. */
static void
labels_of_anchors(void **state)
{
	(void)state;
	expect("-f -",
	    "pass label a\nanchor {\npass label \"b$nr\"\nanchor on em0 label c {\n"
	    "block label d\n}\n}\nanchor x {\npass label e\n}\n",
	    0, "", "");
	expect("-s labels", "", 0,
	    "a 0 0 0 0 0 0 0 0\nb0 0 0 0 0 0 0 0 0\nc 0 0 0 0 0 0 0 0\n"
	    "d 0 0 0 0 0 0 0 0\n",
	    "");
	expect("-a x -s labels", "", 0, "e 0 0 0 0 0 0 0 0\n", "");
	expect_part("-a * -s labels", "e 0 0 0 0 0 0 0 0\n");
}

static void
put_states(void)
{
	struct pf_ioc_state *s = model->states;
	struct pf_ioc_key *k = s->key;

	model->nstates = 2;
	s->id = 1;
	s->dir = PFD_OUT;
	s->proto = IPPROTO_TCP;
	strcpy(s->ifname, "all");
	strcpy(s->orig_ifname, "em0");
	k[0].af = k[1].af = AF_INET;
	inet_pton(AF_INET, "198.51.100.7", k[0].addr[0].b);
	inet_pton(AF_INET, "192.0.2.1", k[0].addr[1].b);
	k[1].addr[0] = k[0].addr[0];
	inet_pton(AF_INET, "10.0.0.5", k[1].addr[1].b);
	k[0].port[0] = k[1].port[0] = 80;
	k[0].port[1] = 50001;
	k[1].port[1] = 4000;
	s->src.state = s->dst.state = 4;
	s->src.seqlo = 100;
	s->src.seqhi = 350;
	s->src.seqdiff = 5;
	s->src.wscale = s->dst.wscale = PF_WSCALE_KNOWN | 7;
	s->packets[0] = 10;
	s->packets[1] = 9;
	s->bytes[0] = 1000;
	s->bytes[1] = 900;
	s->creation = 5;
	s->expire = 86399;
	s->rule = 3;
	s->anchor_rule = PF_NR_NONE;
	s->rtable = -1;
	s->creatorid = 0xabcd;
	s->stateflags = PFSTATE_SLOPPY | PFSTATE_NOSYNC;
	s[1] = s[0];
	s[1].id = 2;
	s[1].dir = PFD_IN;
	s[1].proto = IPPROTO_UDP;
	strcpy(s[1].ifname, "em1");
	s[1].key[0] = s[1].key[1];
	s[1].src.state = 1;
	s[1].dst.state = 2;
}

static void
states_as_they_are_shown(void **state)
{
	(void)state;
	put_states();
	expect("-ss", "", 0,
	    "all tcp 192.0.2.1:50001 (10.0.0.5:4000) -> 198.51.100.7:80       ESTABLISHED:ESTABLISHED\n"
	    "em1 udp 10.0.0.5:4000 <- 198.51.100.7:80       MULTIPLE:SINGLE\n",
	    "");
	expect("-i em1 -ss", "", 0,
	    "em1 udp 10.0.0.5:4000 <- 198.51.100.7:80       MULTIPLE:SINGLE\n",
	    "");
	expect_part("-vss",
	    "\n   [100 + 250](+5) wscale 7  [0 + 0] wscale 7\n"
	    "   age 00:00:05, expires in 23:59:59, 10:9 pkts, 1000:900 bytes, rule 3, sloppy, no-sync\n");
	expect_part("-vvss",
	    "   id: 0000000000000001 creatorid: 0000abcd\n   origif: em0\n");
}

static void
info_and_numbers(void **state)
{
	(void)state;
	model->running = true;
	model->status.since = 62;
	model->status.fcounters[0] = 124;
	model->status.counters[PFRES_TRANSLATE] = 31;
	expect_part("-si",
	    "Status: Enabled for 0 days 00:01:02             Debug: None\n\n"
	    "State Table                          Total             Rate\n"
	    "  current entries                        0               \n"
	    "  searches                             124            2.0/s\n");
	expect_part("-si",
	    "  translate                             31            0.5/s\n");
	expect_part("-vsi", "\nSource Tracking Table\n  current entries");
	expect_part("-vsi", "\nLimit Counters\n  max states per rule");
	expect_part("-vsi",
	    "\nSyncookies\n  mode                      never\n");
	expect("-s Running", "", 0, "Enabled\n", "");
	expect("-d", "", 0, "", "pf disabled\n");
	expect("-d", "", 1, "", "pfctl: pf not enabled\n");
	expect("-s Running", "", 1, "Disabled\n", "");
	expect("-e", "", 0, "", "pf enabled\n");
	expect("-e", "", 1, "", "pfctl: pf already enabled\n");
	expect("-x m", "", 0, "", "debug level set to 'misc'\n");
	expect("-qx loud", "", 0, "", "");
	assert_int_equal(model->now.set.debug, PF_DEBUG_LOUD);
	expect("-f -",
	    "set timeout { tcp.first 5, adaptive.end 60 }\nset limit frags 0\nset limit states 100\n",
	    0, "", "");
	expect_part("-st", "tcp.first                     5s\n");
	expect_part("-st", "adaptive.end                 60 states\n");
	expect_part("-sm", "states        hard limit      100\n");
	expect_part("-sm", "frags         unlimited\n");
	expect("-s creatorids", "", 0, "Creator IDs:\n00c0ffee\n", "");
	expect("-sq", "", 0, "", "pfctl: this kernel has no queues\n");
}

static void
interfaces_and_sources(void **state)
{
	struct pf_ioc_srcnode *n = model->nodes;

	(void)state;
	model->nkifs = 1;
	strcpy(model->kifs[0].name, "lo0");
	model->kifs[0].flags = PFI_SKIP;
	model->kifs[0].packets[1][0][0] = 12;
	expect("-sI", "", 0, "lo0\n", "");
	expect("-vsI", "", 0, "lo0 (skip)\n", "");
	expect_part("-vvsI",
	    "\tIn6/Pass:    [ Packets: 12                 Bytes: 0                  ]\n");
	model->nnodes = 1;
	n->af = AF_INET;
	n->addr.b[0] = 10;
	n->states = 2;
	n->conn = 1;
	n->rate_seconds = 5;
	n->type = PFSTATE_SN_LIMIT;
	n->rule = 3;
	expect("-sS", "", 0,
	    "10.0.0.0 -> 0.0.0.0 ( states 2, connections 1, rate 0.0/5s )\n",
	    "");
	expect_part("-vsS", ", filter rule 3, limit source-track\n");
	expect_part("-sa", "\nSOURCE TRACKING NODES:\n10.0.0.0 -> 0.0.0.0 (");
	model->nnodes = 0;
	assert_null(strstr(pfctl("-sa", "")->out, "SOURCE TRACKING"));
}

static void
profile_asks_what_matched(void **state)
{
	static const char rules[] = "pass in quick on em0\n"
				    "pass in quick on em1\nblock\n";

	(void)state;
	expect("-f -", rules, 0, "", "");
	expect("-o basic -f -", rules, 0, "", "");
	m_set(&model->now, "", PF_RS_FILTER, false)->rules->next->r.packets[0] =
	    9;
	expect("-o profile -nvf -", rules, 0,
	    "pass in quick on em1 all flags S/SA keep state\n"
	    "pass in quick on em0 all flags S/SA keep state\n"
	    "block drop all\n",
	    "");
	expect("-o profile -f -", rules, 0, "", "");
	expect("-sr", "", 0,
	    "pass in quick on em1 all flags S/SA keep state\n"
	    "pass in quick on em0 all flags S/SA keep state\n"
	    "block drop all\n",
	    "");
}

/* --- tables ------------------------------------------------------------ */

static void
table_commands(void **state)
{
	(void)state;
	expect("-n -t t -T add 10.0.0.1", "", 0, "",
	    "1 table created (dummy).\n");
	expect("-t t -T add 10.0.0.1 !10.0.0.2 2001:db8::/32", "", 0, "",
	    "1 table created.\n3/3 addresses added.\n");
	expect("-v -t t -T add 10.0.0.1 10.0.0.3", "", 0, "A  10.0.0.3\n",
	    "1/2 addresses added.\n");
	expect("-t t -T show", "", 0,
	    "   10.0.0.1\n  !10.0.0.2\n   2001:db8::/32\n   10.0.0.3\n", "");
	expect("-t t -T test 10.0.0.1", "", 0, "", "1/1 addresses match.\n");
	expect("-v -t t -T test 10.0.0.1 9.9.9.9", "", 2, "M  10.0.0.1\n",
	    "1/2 addresses match.\n");
	expect("-vv -t t -T test 9.9.9.9", "", 2, "   9.9.9.9\tnomatch\n",
	    "0/1 addresses match.\n");
	expect("-n -t t -T delete 10.0.0.1", "", 0, "",
	    "1/1 addresses deleted (dummy).\n");
	expect("-t t -T delete 10.0.0.1 9.9.9.9", "", 0, "",
	    "1/2 addresses deleted.\n");
	expect("-t t -T replace -f -", "10.0.0.2 # two\n10.0.0.7;seven\n", 0,
	    "", "1 addresses added.\n2 addresses deleted.\n");
	expect("-t t -T replace 10.0.0.2 10.0.0.7", "", 0, "", "no changes.\n");
	model->now.tables[0].e[0].packets[0][1] = 4;
	expect("-t t -T reset", "", 0, "", "1/2 stats cleared.\n");
	expect("-t t -T reset", "", 0, "", "0/2 stats cleared.\n");
	expect("-t t -T zero", "", 0, "", "1 table/stats cleared.\n");
	model->now.tables[0].e[1].tzero = (uint64_t)time(NULL);
	expect("-t t -T expire 100", "", 0, "", "1/2 addresses expired.\n");
	expect("-t t -T flush", "", 0, "", "1 addresses deleted.\n");
	expect("-t t -T kill", "", 0, "", "1 table deleted.\n");
	expect("-t t -T show", "", 255, "", "pfctl: Table does not exist.\n");
	expect("-t t -T kill", "", 255, "", "pfctl: Table does not exist.\n");
	expect_error("-t t -T add 10.0.0.1/8", "", "bits behind its prefix");
	expect_error("-t t -T test 10.0.0.0/8", "", "only single addresses");
	expect_error("-t t -T show 10.0.0.1", "", "takes no addresses");
	expect_error("-t t -T expire x", "", "one number of seconds");
}

static void
tables_as_they_are_shown(void **state)
{
	(void)state;
	expect("-f -", "table <c> const { 10.0.0.1 }\ntable <p> persist\n", 0,
	    "", "");
	expect("-sT", "", 0, "c\np\n", "");
	expect("-vsT", "", 0, "c-a----\tc\n-pa----\tp\n", "");
	expect_part("-vvsT", "\tAddresses:   1\n\tCleared:     ");
	expect_part("-vvsT",
	    "\tEvaluations: [ NoMatch: 0                  Match: 7                  ]\n"
	    "\tIn/Block:    [ Packets: 0                  Bytes: 0                  ]\n");
	expect("-t c -T add 10.0.0.9", "", 255, "",
	    "pfctl: table c: Operation not permitted\n");
}

/* --- killing, flushing ------------------------------------------------- */

static void
states_are_killed_by_what_was_said(void **state)
{
	const struct pfioc_kill *k = model->killed;

	(void)state;
	expect("-k 10.0.0.0/8", "", 0, "",
	    "killed 1 states from 1 sources and 0 destinations\n");
	assert_int_equal(k[0].by, PF_KILL_ADDR);
	assert_int_equal(k[0].src.addr.plen, 8);
	expect("-k 0.0.0.0/0 -k 2001:db8::1 -i em0 -M", "", 0, "",
	    "killed 1 states from 1 sources and 1 destinations\n");
	assert_int_equal(k[1].af, AF_INET6);
	assert_int_equal(k[1].src.addr.type, PF_ADDR_ANY);
	assert_string_equal(k[1].ifname, "em0");
	assert_int_equal(k[1].match, 1);
	expect("-k label -k web", "", 0, "", "killed 1 states\n");
	assert_string_equal(k[2].label, "web");
	expect("-k id -k 4823e84500000018/2", "", 0, "", "killed 1 states\n");
	assert_int_equal(k[3].id, 0x4823e84500000018);
	assert_int_equal(k[3].creatorid, 2);
	expect("-k gateway -k 10.0.0.0/24", "", 0, "", "killed 1 states\n");
	assert_int_equal(k[4].by, PF_KILL_GATEWAY);
	expect("-k key -k tcp~10.0.0.1:80~<-~10.0.0.2:4000", "", 0, "",
	    "killed 1 states\n");
	assert_int_equal(k[5].by, PF_KILL_KEY);
	assert_int_equal(k[5].proto, IPPROTO_TCP);
	assert_int_equal(k[5].dst.port[0], 80);
	assert_int_equal(k[5].src.addr.addr.b[3], 2);
	expect("-k key -k udp~2001:db8::1[53]~->~2001:db8::2[9]", "", 0, "",
	    "killed 1 states\n");
	assert_int_equal(k[6].src.port[0], 53);
	assert_int_equal(k[6].af, AF_INET6);
	expect_error("-k key -k tcp~10.0.0.1:80~10.0.0.2:4000", "", "is not a key");
	expect_error("-k key -k tcp~10.0.0.1:80~->~2001:db8::1[4]", "",
	    "is not a key");
	expect_error("-k id -k xyz", "", "is not an id");
	expect_error("-k label", "", "needs a second -k");
	expect_error("-k 10.0.0.0/99", "", "invalid n");
	model->nkilled = 0;
	expect("-K 10.0.0.0/8 -K 192.0.2.1", "", 0, "",
	    "killed 1 src nodes from 1 sources and 1 destinations\n");
	assert_int_equal(model->last, DIOCKILLSRCNODES);
}

static void
flushing(void **state)
{
	(void)state;
	expect("-f -", big, 0, "", "");
	expect("-F nat", "", 0, "", "nat cleared\n");
	expect("-sn", "", 0, "", "");
	expect("-F rules", "", 0, "", "rules cleared\n");
	expect("-sr", "", 0, "", "");
	expect("-a in -sr", "", 0, NULL, "");
	expect("-F all", "", 0, "",
	    "rules cleared\nnat cleared\n1 tables deleted.\n"
	    "1 states cleared\nsource tracking entries cleared\n"
	    "pf: statistics cleared\nOS fingerprints cleared\npf: interface flags reset\n");
	assert_int_equal(model->now.set.limit[PF_LIMIT_STATES], 0);
	expect("-F states -i em0", "", 0, "", "1 states cleared\n");
	assert_string_equal(model->killed[1].ifname, "em0");
	expect_error("-F all -i em0", "", "-i goes with");
	expect_error("-F queue", "", "neither queues nor ether rules");
	expect_error("-a in -F states", "", "is not about an anchor");
	expect("-a * -F all", "", 0, "", NULL);
	expect("-vsA", "", 0, "", "");
}

/* --- what is shown loads again ------------------------------------------ */

#define ROWS_MAX 1024

static struct {
	char *text;
	bool left; /* out: the kernel would not take it */
	int first, last;
} rows[ROWS_MAX];
static int nrows;

/* The left column of printed.txt, with newlines for \n. */
static void
rows_read(void)
{
	const char *top = getenv("TOP");
	char path[1024], *line = NULL, *p, *to;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/regress/sbin/pfctl/printed.txt",
	    top != NULL ? top : ".");
	assert_non_null(f = fopen(path, "re"));
	for (nrows = 0; getline(&line, &size, f) > 0; nrows++) {
		assert_true(nrows < ROWS_MAX);
		assert_non_null(strchr(line, '\t'));
		*strchr(line, '\t') = '\0';
		/* -s does not show the policy that floating departs from */
		rows[nrows].left = strstr(line, "state-policy") != NULL;
		to = rows[nrows].text = strdup(line);
		for (p = line; *p != '\0'; p++)
			if (p[0] == '\\' && p[1] == 'n') {
				*to++ = '\n';
				p++;
			} else
				*to++ = *p;
		*to = '\0';
	}
	free(line);
	fclose(f);
}

/* All rows but those left out, as one file. */
static char *
rows_file(void)
{
	char *text, *p;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i, line = 2;

	fputs("set require-order no\n", f);
	for (i = 0; i < nrows; i++) {
		if (rows[i].left)
			continue;
		fprintf(f, "%s\n", rows[i].text);
		rows[i].first = line++;
		for (p = rows[i].text; *p != '\0'; p++)
			line += *p == '\n';
		rows[i].last = line - 1;
	}
	fclose(f);
	return (text);
}

/* Leaves out what stdin:N: speaks of; how many rows. */
static int
rows_leave(const char *err)
{
	const char *p;
	int i, line, n = 0;

	for (p = err; (p = strstr(p, "stdin:")) != NULL; p++) {
		line = atoi(p + 6);
		for (i = 0; i < nrows; i++)
			if (!rows[i].left && line >= rows[i].first &&
			    line <= rows[i].last) {
				rows[i].left = true;
				n++;
			}
	}
	return (n);
}

static char *
shown(const char *how)
{
	char line[64], *text;

	snprintf(line, sizeof(line), "%s-sn", how);
	text = strdup(pfctl(line, "")->out);
	snprintf(line, sizeof(line), "%s-sr", how);
	text = realloc(text, strlen(text) + (1 << 18));
	strcat(text, pfctl(line, "")->out);
	return (text);
}

/* Fails with the first line that differs. */
static void
same(const char *a, const char *b)
{
	size_t i, line = 0;

	for (i = 0; a[i] == b[i] && a[i] != '\0'; i++)
		if (a[i] == '\n')
			line = i + 1;
	if (a[i] != b[i])
		fail_msg("%.*s\nis now\n%.*s", (int)strcspn(a + line, "\n"),
		    a + line, (int)strcspn(b + line, "\n"), b + line);
}

/*
 * Every kind of rule that there is a row for and that the kernel takes,
 * loaded at once: what -s nat and -s rules print is read as it was
 * printed, and loaded it shows the same, as text and as JSON.
 */
static void
what_is_shown_loads_again(void **state)
{
	const struct result *r;
	char *text, *before, *json, *after;
	int i, loaded = 0;

	(void)state;
	rows_read();
	for (;;) {
		text = rows_file();
		r = pfctl("-o none -f -", text);
		free(text);
		if (r->rc == 0)
			break;
		if (rows_leave(r->err) == 0)
			fail_msg("%s", r->err);
	}
	for (i = 0; i < nrows; i++)
		loaded += !rows[i].left;
	print_message("%d of %d rows\n", loaded, nrows);
	assert_true(loaded > 300);
	before = shown("");
	json = shown("-j ");
	assert_true(strlen(before) > 20000 && strlen(json) > 20000);
	text = malloc(strlen(before) + 64);
	sprintf(text, "set require-order no\n%s", before);
	r = pfctl("-o none -nvf -", text);
	if (r->rc != 0)
		fail_msg("%s", r->err);
	/* rules are echoed as kinds: -s rules has them in this order, too */
	expect("-o none -f -", text, 0, "", "");
	after = shown("");
	same(before, after);
	free(after);
	after = shown("-j ");
	same(json, after);
	free(after);
	free(before);
	free(json);
	free(text);
}

/* A table of an anchor hides that of the main ruleset: said, not forbidden. */
static void
tables_that_hide(void **state)
{
	static const char warning[] =
	    "pfctl: warning: table <t> of anchor x hides the one of the main ruleset\n";
	char both[256];

	(void)state;
	expect("-f -",
	    "table <t> { 10.0.0.1 }\nanchor x {\ntable <t> persist\n"
	    "table <u> persist\npass from <t>\n}\n",
	    0, "", NULL);
	assert_non_null(strstr(pfctl("-f -",
				   "table <t> persist\nanchor x {\n"
				   "table <t> persist\n}\n")
				   ->err,
	    warning));
	expect("-t u -T add 10.0.0.1", "", 0, "",
	    "1 table created.\npfctl: warning: table <u> of anchor x hides the one of the main ruleset\n"
	    "1/1 addresses added.\n");
	expect("-t v -T add 10.0.0.1", "", 0, "",
	    "1 table created.\n1/1 addresses added.\n");
	expect("-a x -F all", "", 0, "", NULL);
	expect("-F all", "", 0, "", NULL);
	expect("-t t -T add 10.0.0.1", "", 0, "",
	    "1 table created.\n1/1 addresses added.\n");
	snprintf(both, sizeof(both),
	    "1 table created.\n%s1/1 addresses added.\n", warning);
	expect("-a x -t t -T add 10.0.0.1", "", 0, "", both);
	expect("-a x -q -t t -T add 10.0.0.2", "", 0, "", "");
}

/* What -T show lists can be given back. */
static void
a_table_shown_can_be_read(void **state)
{
	char *list;

	(void)state;
	expect("-f -",
	    "table <t> persist { 10.0.0.0/8 !10.1.0.1 ::1 !fe80::/10 }\n", 0,
	    "", "");
	list = strdup(pfctl("-t t -T show", "")->out);
	expect("-t t -T replace -f -", list, 0, "", "no changes.\n");
	expect("-t t -T flush", "", 0, "", "4 addresses deleted.\n");
	expect("-t t -T replace -f -", list, 0, "", "4 addresses added.\n");
	expect("-t t -T show", "", 0, list, "");
	free(list);
}

/* --- JSON -------------------------------------------------------------- */

static void
json_is_json(void **state)
{
	static const char *const words[] = { "ethernet", "nat", "queue",
		"rules", "Anchors", "Sources", "states", "info", "Interfaces",
		"labels", "timeouts", "memory", "Tables", "osfp", "Running",
		"all", "creatorids" };
	char line[64], key[32];
	const struct result *r;
	FILE *p;
	size_t i;

	(void)state;
	expect("-f -", big, 0, "", "");
	put_states();
	model->running = true;
	model->nkifs = model->nnodes = 1;
	/* one Python for all: each is a document, and they end in a zero byte */
	p = popen("python3 -c 'import json, sys; [json.loads(d) for d in sys.stdin.read().split(chr(0))[:-1]]'",
	    "w");
	for (i = 0; i < nitems(words); i++) {
		snprintf(line, sizeof(line), "-j -s %s", words[i]);
		snprintf(key, sizeof(key), "\"%s\": ",
		    strcmp(words[i], "all") == 0 ? "rules" : words[i]);
		r = pfctl(line, "");
		assert_int_equal(r->rc, 0);
		assert_non_null(strstr(r->out, key));
		fwrite(r->out, strlen(r->out) + 1, 1, p);
	}
	assert_int_equal(pclose(p), 0);
	expect_part("-j -t t -T show", "\"negated\": true");
	expect_part("-j -sr",
	    "\"text\": \"pass in all flags S/SA keep state label \\\"x\\\"\"");
}

/* The members that -j prints are those that the manual page names. */
static char *
page_of_members(void)
{
	const char *top = getenv("TOP");
	static char page[65536];
	char path[1024], *from, *end;
	FILE *f;

	snprintf(path, sizeof(path), "%s/sbin/pfctl/pfctl.8",
	    top != NULL ? top : ".");
	if ((f = fopen(path, "re")) == NULL)
		fail_msg("no %s", path);
	page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
	fclose(f);
	from = strstr(page, "\n.Sh JSON\n");
	assert_non_null(from);
	end = strstr(from + 1, "\n.Sh ");
	assert_non_null(end);
	*end = '\0';
	return (from);
}

static bool
is_named(const char *page, const char *key)
{
	size_t n = strlen(key);
	const char *p;

	for (p = strstr(page, key); p != NULL; p = strstr(p + 1, key))
		if (p[-1] == ' ' && strchr(" \n", p[n]) != NULL)
			return (true);
	return (false);
}

/* Names with other letters are those that -s prints without -j. */
static void
members_are_named(const char *line, const char *page, size_t max_indent)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzIRAST_0123456789";
	char *text = strdup(pfctl(line, "")->out), *rest = text, *row, *end;
	int seen = 0;

	while ((row = strsep(&rest, "\n")) != NULL) {
		if (strspn(row, " ") > max_indent)
			continue;
		row += strspn(row, " ");
		if (*row++ != '"' || (end = strstr(row, "\": ")) == NULL ||
		    strspn(row, letters) != (size_t)(end - row))
			continue;
		*end = '\0';
		seen++;
		if (!is_named(page, row))
			fail_msg("pfctl %s prints %s", line, row);
	}
	assert_true(seen > 0);
	free(text);
}

static void
json_members_are_in_the_page(void **state)
{
	static const char *const words[] = { "nat", "rules", "Anchors",
		"Sources", "states", "Interfaces", "labels", "Tables",
		"Running", "creatorids" };
	char *page = page_of_members(), line[64];
	size_t i;

	(void)state;
	expect("-f -", big, 0, "", "");
	expect("-f -",
	    "set require-order no\ntable <t> persist { 10.0.0.0/8 !10.1.0.1 }\n"
	    "nat pass log on em0 inet from ! (em1) to any -> { 192.0.2.1, 192.0.2.2 } port 5:9 round-robin\n"
	    "nat on em0 inet from any to any -> 192.0.2.0/24 source-hash x static-port\n"
	    "scrub in on ! em0 all fragment reassemble\n"
	    "block return-icmp log (all, user, to pflog3) quick inet proto udp from <t> port > 5 to any\n"
	    "block return-rst(ttl 3) inet proto tcp received-on em1 user { unknown 5 >< 9 } group 3 flags S/SA tos 4 prio 3\n"
	    "pass in on em0 inet proto tcp ! tagged x tag y set (prio 3, tos 7) rtable 0 label a label b ridentifier 3 "
	    "keep state (max 3, no-sync, sloppy, tcp.first 3) allow-opts probability 10%\n"
	    "pass in inet proto icmp icmp-type 3 code 4 max-pkt-size 5 no state\n"
	    "pass in fragment\n"
	    "pass in inet6 from any to 64:ff9b::/96 af-to inet from 192.0.2.1\n"
	    "pass in inet proto tcp to port 80 divert-to 10.0.0.1 port 5\n"
	    "pass in inet proto tcp rdr-to { 10.0.0.1 weight 2, 10.0.0.2 } port 80 least-states\n"
	    "anchor {\npass once\n}\n",
	    0, "", NULL);
	put_states();
	model->running = true;
	model->nkifs = model->nnodes = 1;
	for (i = 0; i < nitems(words); i++) {
		snprintf(line, sizeof(line), "-j -g -s %s", words[i]);
		members_are_named(line, page, 100);
	}
	members_are_named("-j -s info", page, 4);
	members_are_named("-j -s all", page, 2);
	members_are_named("-j -t t -T show", page, 100);
	assert_false(is_named(page, "no_such_member"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, model_begin, model_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_goes_in_as_one),
		TEST(every_failing_call_changes_nothing),
		TEST(a_load_that_lost_the_race_says_so),
		TEST(reading_begins_again_when_a_load_comes_between),
		TEST(kernel_errors_name_the_line),
		TEST(anchors_and_parts),
		TEST(what_the_kernel_lacks_is_named),
		TEST(refusals_follow_the_file),
		TEST(call_points_of_a_mac),
		TEST(files_of_other_systems),
		TEST(rules_with_counters),
		TEST(labels_of_anchors),
		TEST(states_as_they_are_shown),
		TEST(info_and_numbers),
		TEST(interfaces_and_sources),
		TEST(profile_asks_what_matched),
		TEST(table_commands),
		TEST(tables_as_they_are_shown),
		TEST(states_are_killed_by_what_was_said),
		TEST(flushing),
		TEST(fingerprints_come_with_the_rules),
		TEST(what_is_shown_loads_again),
		TEST(a_table_shown_can_be_read),
		TEST(tables_that_hide),
		TEST(json_is_json),
		TEST(json_members_are_in_the_page),
	};

	return (cmocka_run_group_tests_name("pfctl: the kernel's side", tests,
	    NULL, NULL));
}
