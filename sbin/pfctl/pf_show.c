/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Showing: one row a word of -s.  What is shown is asked from the kernel
 * piece by piece; a ruleset that changes meanwhile is an error, not a mix.
 */

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pf_ctl.h"

struct ask {
	int dev, opts;
	const char *anchor, *ifname;
};

/* --- rules ------------------------------------------------------------- */

static void
print_counters(const struct ask *a, const struct pf_ioc_rule *r)
{
	time_t t = (time_t)r->last_active;
	char buf[32];

	if (!(a->opts & OPT_VERBOSE))
		return;
	printf(
	    "  [ Evaluations: %-8llu  Packets: %-8llu  Bytes: %-10llu  States: %-6llu]\n",
	    (unsigned long long)r->evaluations,
	    (unsigned long long)(r->packets[0] + r->packets[1]),
	    (unsigned long long)(r->bytes[0] + r->bytes[1]),
	    (unsigned long long)r->states_cur);
	printf("  [ Inserted: uid %u pid %d State Creations: %-6llu]\n",
	    r->cuid, r->cpid, (unsigned long long)r->states_tot);
	if (a->opts & OPT_VERBOSE2)
		printf("  [ Last Active Time: %.24s ]\n",
		    t == 0 || ctime_r(&t, buf) == NULL ? "N/A" : buf);
}

/* One rule with its pools; the caller frees ents. */
static int
get_rule(const struct ask *a, struct pfioc_rule *io,
    struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	struct pfioc_rule in = *io;
	bool more;
	int i;

	memset(ents, 0, PF_NPOOLS * sizeof(ents[0]));
	for (;;) {
		if (ioctl(a->dev, DIOCGETRULE, io) == -1) {
			warn("cannot get rule %u", in.nr);
			return (-1);
		}
		more = false;
		for (i = 0; i < PF_NPOOLS; i++) {
			if (io->rule.pool[i].nents <= in.rule.pool[i].nents)
				continue;
			more = true;
			in.rule.pool[i].nents = io->rule.pool[i].nents;
			free(ents[i]);
			if ((ents[i] = calloc(in.rule.pool[i].nents,
				 sizeof(*ents[i]))) == NULL)
				err(1, NULL);
			in.rule.pool[i].ents_ptr = (uintptr_t)ents[i];
		}
		if (!more)
			return (0);
		*io = in;
	}
}

typedef void rule_fn(const struct ask *a, struct pfioc_rule *io,
    struct pf_ioc_poolent *ents[PF_NPOOLS]);

static int
each_rule(const struct ask *a, enum pf_rs rs, rule_fn *fn)
{
	struct pf_ioc_poolent *ents[PF_NPOOLS];
	struct pfioc_rule *io = calloc(1, sizeof(*io)), ask;
	uint32_t nr;
	int i, error = 0;

	if (io == NULL)
		err(1, NULL);
	memset(&ask, 0, sizeof(ask));
	ask.rs = (uint8_t)rs;
	snprintf(ask.anchor, sizeof(ask.anchor), "%s", a->anchor);
	if (ioctl(a->dev, DIOCGETRULES, &ask) == -1) {
		warn("cannot get rules");
		free(io);
		return (-1);
	}
	for (nr = 0; nr < ask.nr && error == 0; nr++) {
		*io = ask;
		io->nr = nr;
		io->clear = (a->opts & OPT_CLEAR) != 0;
		if ((error = get_rule(a, io, ents)) == 0)
			fn(a, io, ents);
		for (i = 0; i < PF_NPOOLS; i++)
			free(ents[i]);
	}
	free(io);
	return (error);
}

static void
rule_line(const struct ask *a, struct pfioc_rule *io,
    struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	struct pf_print pp = { stdout, a->opts };

	print_rule(&pp, &io->rule, ents, NULL);
	putchar('\n');
	print_counters(a, &io->rule);
}

static void
rule_label(const struct ask *a, struct pfioc_rule *io,
    struct pf_ioc_poolent *ents[PF_NPOOLS])
{
	const struct pf_ioc_rule *r = &io->rule;
	int i;

	(void)a;
	(void)ents;
	if (r->label[0][0] == '\0')
		return;
	for (i = 0; i < PF_LABELS_MAX && r->label[i][0] != '\0'; i++)
		printf("%s ", r->label[i]);
	printf("%llu %llu %llu %llu %llu %llu %llu %llu\n",
	    (unsigned long long)r->evaluations,
	    (unsigned long long)(r->packets[0] + r->packets[1]),
	    (unsigned long long)(r->bytes[0] + r->bytes[1]),
	    (unsigned long long)r->packets[0], (unsigned long long)r->bytes[0],
	    (unsigned long long)r->packets[1], (unsigned long long)r->bytes[1],
	    (unsigned long long)r->states_tot);
}

static int
show_rules(const struct ask *a)
{
	return (each_rule(a, PF_RS_SCRUB, rule_line) == 0 ?
		each_rule(a, PF_RS_FILTER, rule_line) :
		-1);
}

static int
show_nat(const struct ask *a)
{
	if (each_rule(a, PF_RS_NAT, rule_line) == -1 ||
	    each_rule(a, PF_RS_RDR, rule_line) == -1)
		return (-1);
	return (each_rule(a, PF_RS_BINAT, rule_line));
}

static int
show_labels(const struct ask *a)
{
	return (each_rule(a, PF_RS_FILTER, rule_label));
}

static int
show_anchors(const struct ask *a)
{
	struct pfioc_ruleset io;
	uint32_t nr, n;

	memset(&io, 0, sizeof(io));
	snprintf(io.path, sizeof(io.path), "%s", a->anchor);
	if (ioctl(a->dev, DIOCGETRULESETS, &io) == -1) {
		warn("cannot get anchors");
		return (-1);
	}
	n = io.nr;
	for (nr = 0; nr < n; nr++) {
		io.nr = nr;
		if (ioctl(a->dev, DIOCGETRULESET, &io) == -1) {
			warn("cannot get anchor");
			return (-1);
		}
		if (io.name[0] != '_' || a->opts & OPT_VERBOSE)
			printf("  %s%s%s\n", a->anchor,
			    *a->anchor != '\0' ? "/" : "", io.name);
	}
	return (0);
}

/* --- states ------------------------------------------------------------ */

static void
print_host(int af, const struct ip_addr *addr, uint16_t port)
{
	print_ip(stdout, af, addr);
	if (port != 0)
		printf(af == AF_INET ? ":%u" : "[%u]", port);
}

static void
print_end(const struct pf_ioc_key *one, const struct pf_ioc_key *other, int i)
{
	print_host(one->af, &one->addr[i], one->port[i]);
	if (one->af == other->af &&
	    ip_addr_eq(&one->addr[i], &other->addr[i]) &&
	    one->port[i] == other->port[i])
		return;
	fputs(" (", stdout);
	print_host(other->af, &other->addr[i], other->port[i]);
	putchar(')');
}

static const char *
peer_name(int proto, unsigned int s, char *buf, size_t size)
{
	static const char *const tcp[] = { "CLOSED", "LISTEN", "SYN_SENT",
		"SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1",
		"CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT" };
	static const char *const other[] = { "NO_TRAFFIC", "SINGLE",
		"MULTIPLE" };

	if (proto == IPPROTO_TCP && s < nitems(tcp))
		return (tcp[s]);
	if (proto != IPPROTO_TCP && proto != IPPROTO_ICMP &&
	    proto != IPPROTO_ICMPV6 && s < nitems(other))
		return (other[s]);
	snprintf(buf, size, "%u", s);
	return (buf);
}

static void
print_state_line(const struct ask *a, const struct pf_ioc_state *s)
{
	bool out = s->dir == PFD_OUT;
	const struct pf_ioc_key *nk = &s->key[out ? PF_KEY_WIRE : PF_KEY_STACK];
	const struct pf_ioc_key *sk = &s->key[out ? PF_KEY_STACK : PF_KEY_WIRE];
	const struct pf_ioc_peer *x = out ? &s->src : &s->dst,
				 *y = out ? &s->dst : &s->src;
	const char *proto = proto_name(s->proto);
	char b1[8], b2[8];

	printf("%s ", s->ifname);
	if (proto != NULL)
		printf("%s ", proto);
	else
		printf("%u ", s->proto);
	print_end(nk, sk, 1);
	fputs(out || nk->af != sk->af ? " -> " : " <- ", stdout);
	print_end(nk, sk, 0);
	printf("       %s:%s\n", peer_name(s->proto, x->state, b1, sizeof(b1)),
	    peer_name(s->proto, y->state, b2, sizeof(b2)));
	if (!(a->opts & OPT_VERBOSE))
		return;
	printf(
	    "   age %02u:%02u:%02u, expires in %02u:%02u:%02u, %llu:%llu pkts, %llu:%llu bytes",
	    s->creation / 3600, s->creation / 60 % 60, s->creation % 60,
	    s->expire / 3600, s->expire / 60 % 60, s->expire % 60,
	    (unsigned long long)s->packets[0],
	    (unsigned long long)s->packets[1], (unsigned long long)s->bytes[0],
	    (unsigned long long)s->bytes[1]);
	if (s->anchor_rule != PF_NR_NONE)
		printf(", anchor %u", s->anchor_rule);
	if (s->rule != PF_NR_NONE)
		printf(", rule %u", s->rule);
	putchar('\n');
	if (a->opts & OPT_VERBOSE2)
		printf("   id: %016llx creatorid: %08x\n",
		    (unsigned long long)s->id, s->creatorid);
}

static int
show_states(const struct ask *a)
{
	struct pfioc_states io = { .n = 256 };
	struct pf_ioc_state *buf = calloc(256, sizeof(*buf));
	uint32_t i;
	int error;

	if (buf == NULL)
		err(1, NULL);
	io.buf_ptr = (uintptr_t)buf;
	while ((error = ioctl(a->dev, DIOCGETSTATES, &io)) == 0 && io.n != 0) {
		for (i = 0; i < io.n; i++)
			if (a->ifname == NULL ||
			    strcmp(a->ifname, buf[i].ifname) == 0)
				print_state_line(a, &buf[i]);
		io.after = buf[io.n - 1].id;
		io.n = 256;
	}
	if (error == -1)
		warn("cannot get states");
	free(buf);
	return (error);
}

/* --- numbers ----------------------------------------------------------- */

static int
show_timeouts(const struct ask *a)
{
	/* tcp.tsdiff and sctp.* stand behind tcp.closed */
	static const uint8_t first[] = { 0, 1, 2, 3, 4, 5, PFTM_TCP_TSDIFF,
		PFTM_SCTP_FIRST, PFTM_SCTP_OPENING, PFTM_SCTP_ESTABLISHED,
		PFTM_SCTP_CLOSING, PFTM_SCTP_CLOSED };
	struct pfioc_tm io = { .ticket = 0 };
	uint32_t i;

	for (i = 0; i < PFTM_MAX; i++) {
		io.timeout = i < nitems(first) ?
		    first[i] :
		    i - (uint32_t)nitems(first) + PFTM_UDP_FIRST;
		if (ioctl(a->dev, DIOCGETTIMEOUT, &io) == -1) {
			warn("cannot get timeout %s",
			    pf_timeout_names[io.timeout]);
			return (-1);
		}
		printf("%-20s %10u%s\n", pf_timeout_names[io.timeout],
		    io.seconds,
		    io.timeout == PFTM_ADAPTIVE_START ||
			    io.timeout == PFTM_ADAPTIVE_END ?
			" states" :
			"s");
	}
	return (0);
}

static int
show_memory(const struct ask *a)
{
	struct pfioc_limit io = { .ticket = 0 };

	for (io.index = 0; io.index <= PF_LIMIT_ETH_ANCHORS; io.index++) {
		if (ioctl(a->dev, DIOCGETLIMIT, &io) == -1) {
			warn("cannot get limit %s", pf_limit_names[io.index]);
			return (-1);
		}
		if (io.limit == 0)
			printf("%-13s unlimited\n", pf_limit_names[io.index]);
		else
			printf("%-13s hard limit %8u\n",
			    pf_limit_names[io.index], io.limit);
	}
	return (0);
}

static int
get_status(const struct ask *a, struct pf_status *s)
{
	memset(s, 0, sizeof(*s));
	if (ioctl(a->dev, DIOCGETSTATUS, s) == 0)
		return (0);
	warn("cannot get status");
	return (-1);
}

static void
print_count(const char *name, uint64_t n, uint64_t seconds)
{
	printf("  %-25s %14llu ", name, (unsigned long long)n);
	if (seconds > 0)
		printf("%14.1f/s\n", (double)n / (double)seconds);
	else
		printf("%14s\n", "");
}

static int
show_info(const struct ask *a)
{
	static const char *const reasons[PFRES_MAX] = { "match", "bad-offset",
		"fragment", "short", "normalize", "memory", "bad-timestamp",
		"congestion", "ip-option", "proto-cksum", "state-mismatch",
		"state-insert", "state-limit", "src-limit", "synproxy",
		"map-failed", "translate" };
	static const char *const fnames[PF_FC_MAX] = { "searches", "inserts",
		"removals" };
	static const char *const debug[] = { "None", "Urgent", "Misc", "Loud" };
	struct pf_status s;
	char buf[64];
	size_t i;

	if (get_status(a, &s) == -1)
		return (-1);
	snprintf(buf, sizeof(buf), "Status: %s for %u days %02u:%02u:%02u",
	    s.running ? "Enabled" : "Disabled", (unsigned int)(s.since / 86400),
	    (unsigned int)(s.since / 3600 % 24),
	    (unsigned int)(s.since / 60 % 60), (unsigned int)(s.since % 60));
	printf("%-44sDebug: %-8s\n\n", buf,
	    s.debug < nitems(debug) ? debug[s.debug] : "?");
	if (a->opts & OPT_VERBOSE) {
		printf("Hostid:   0x%08x\nChecksum: 0x", s.hostid);
		for (i = 0; i < PF_MD5_SIZE; i++)
			printf("%02x", s.checksum[i]);
		fputs("\n\n", stdout);
	}
	printf("%-27s %14s %16s\n", "State Table", "Total", "Rate");
	printf("  %-25s %14llu %14s\n", "current entries",
	    (unsigned long long)s.states, "");
	for (i = 0; i < PF_FC_MAX; i++)
		print_count(fnames[i], s.fcounters[i], s.since);
	puts("Counters");
	for (i = 0; i < PFRES_MAX; i++)
		print_count(reasons[i], s.counters[i], s.since);
	if (a->opts & OPT_VERBOSE)
		printf("Reassemble %24s %s\n",
		    s.reass & PF_REASS_ON ? "yes" : "no",
		    s.reass & PF_REASS_NODF ? "no-df" : "");
	return (0);
}

static int
show_running(const struct ask *a)
{
	struct pf_status s;

	if (get_status(a, &s) == -1)
		return (-1);
	puts(s.running ? "Enabled" : "Disabled");
	return (s.running ? 0 : -1);
}

/* --- tables, interfaces ------------------------------------------------ */

static int
show_tables(const struct ask *a)
{
	static const struct {
		uint32_t flag;
		char letter;
	} flags[] = { { PFRT_CONST, 'c' }, { PFRT_PERSIST, 'p' },
		{ PFRT_ACTIVE, 'a' }, { PFRT_INACTIVE, 'i' },
		{ PFRT_REFERENCED, 'r' }, { PFRT_REFDANCHOR, 'h' },
		{ PFRT_COUNTERS, 'C' } };
	struct pfioc_table io;
	struct pf_ioc_tstats *t = NULL;
	uint32_t room = 64, i;
	size_t k;

	memset(&io, 0, sizeof(io));
	snprintf(io.table.anchor, sizeof(io.table.anchor), "%s", a->anchor);
	for (;; room = io.n + 16) {
		free(t);
		if ((t = calloc(room, sizeof(*t))) == NULL)
			err(1, NULL);
		io.buf_ptr = (uintptr_t)t;
		io.n = room;
		if (ioctl(a->dev, DIOCRGETTSTATS, &io) == -1) {
			warn("cannot get tables");
			free(t);
			return (-1);
		}
		if (io.n <= room)
			break;
	}
	for (i = 0; i < io.n; i++) {
		for (k = 0; a->opts & OPT_VERBOSE && k < nitems(flags); k++)
			putchar(t[i].table.flags & flags[k].flag ?
				flags[k].letter :
				'-');
		printf("%s%s", a->opts & OPT_VERBOSE ? "\t" : "",
		    t[i].table.name);
		if (a->opts & OPT_VERBOSE && t[i].table.anchor[0] != '\0')
			printf("\t%s", t[i].table.anchor);
		putchar('\n');
		if (a->opts & OPT_VERBOSE2)
			printf(
			    "\tAddresses:   %u\n\tReferences:  [ Anchors: %-18u Rules: %-18u ]\n"
			    "\tEvaluations: [ NoMatch: %-18llu Match: %-18llu ]\n",
			    t[i].count, t[i].anchors, t[i].rules,
			    (unsigned long long)t[i].nomatch,
			    (unsigned long long)t[i].match);
	}
	free(t);
	return (0);
}

static int
show_interfaces(const struct ask *a)
{
	struct pfioc_ifaces io = { .n = 1024 };
	struct pf_ioc_kif *k = calloc(1024, sizeof(*k));
	uint32_t i;
	int error;

	if (k == NULL)
		err(1, NULL);
	if (a->ifname != NULL)
		snprintf(io.name, sizeof(io.name), "%s", a->ifname);
	io.buf_ptr = (uintptr_t)k;
	if ((error = ioctl(a->dev, DIOCIGETIFACES, &io)) == -1)
		warn("cannot get interfaces");
	for (i = 0; error == 0 && i < io.n && i < 1024; i++)
		printf("%s%s\n", k[i].name,
		    a->opts & OPT_VERBOSE && k[i].flags & PFI_SKIP ? " (skip)" :
								     "");
	free(k);
	return (error);
}

static int show_all(const struct ask *a);

static const struct {
	const char *name;
	int (*run)(const struct ask *a); /* NULL: the kernel has none of it */
} words[] = { { "ethernet", NULL }, { "nat", show_nat }, { "queue", NULL },
	{ "rules", show_rules }, { "Anchors", show_anchors },
	{ "Sources", NULL }, { "states", show_states }, { "info", show_info },
	{ "Interfaces", show_interfaces }, { "labels", show_labels },
	{ "timeouts", show_timeouts }, { "memory", show_memory },
	{ "Tables", show_tables }, { "osfp", NULL },
	{ "Running", show_running }, { "all", show_all },
	{ "creatorids", NULL } };

static int
show_all(const struct ask *a)
{
	static const struct {
		const char *title;
		int (*run)(const struct ask *a);
	} parts[] = { { "TRANSLATION RULES:", show_nat },
		{ "FILTER RULES:", show_rules }, { "STATES:", show_states },
		{ "INFO:", show_info }, { "TIMEOUTS:", show_timeouts },
		{ "LIMITS:", show_memory }, { "TABLES:", show_tables } };
	size_t i;

	for (i = 0; i < nitems(parts); i++) {
		printf("%s%s\n", i > 0 ? "\n" : "", parts[i].title);
		if (parts[i].run(a) == -1)
			return (-1);
	}
	return (0);
}

const char *
show_word(const char *prefix)
{
	size_t i;

	for (i = 0; i < nitems(words); i++)
		if (strncmp(words[i].name, prefix, strlen(prefix)) == 0)
			return (words[i].name);
	return (NULL);
}

int
show(int dev, const char *word, const char *anchor, const char *ifname,
    int opts)
{
	struct ask a = { dev, opts, anchor, ifname };
	size_t i;

	if (opts & OPT_JSON)
		errx(1, "-j is not supported yet");
	for (i = 0; strcmp(words[i].name, word) != 0; i++)
		continue;
	if (words[i].run == NULL)
		errx(1, "-s %s: this kernel has none", word);
	return (words[i].run(&a));
}
