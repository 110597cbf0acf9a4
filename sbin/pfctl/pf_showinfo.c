/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* -s info, Running, timeouts, memory, osfp: numbers. */

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define ULL(x) ((unsigned long long)(x))

/* --- timeouts and limits ----------------------------------------------- */

/* The i-th timeout as it is shown: sctp.* stand behind tcp.*. */
static uint32_t
timeout_at(uint32_t i)
{
	static const uint8_t order[PFTM_MAX] = { PFTM_TCP_FIRST,
		PFTM_TCP_OPENING, PFTM_TCP_ESTABLISHED, PFTM_TCP_CLOSING,
		PFTM_TCP_FINWAIT, PFTM_TCP_CLOSED, PFTM_TCP_TSDIFF,
		PFTM_SCTP_FIRST, PFTM_SCTP_OPENING, PFTM_SCTP_ESTABLISHED,
		PFTM_SCTP_CLOSING, PFTM_SCTP_CLOSED, PFTM_UDP_FIRST,
		PFTM_UDP_SINGLE, PFTM_UDP_MULTIPLE, PFTM_ICMP_FIRST,
		PFTM_ICMP_ERROR, PFTM_OTHER_FIRST, PFTM_OTHER_SINGLE,
		PFTM_OTHER_MULTIPLE, PFTM_FRAG, PFTM_INTERVAL,
		PFTM_ADAPTIVE_START, PFTM_ADAPTIVE_END, PFTM_SRC_NODE };

	return (order[i]);
}

int
show_timeouts(const struct ask *a)
{
	struct pfioc_tm io = { .ticket = 0 };
	const char *name;
	uint32_t i;

	if (a->js != NULL)
		json_object(a->js, "timeouts");
	for (i = 0; i < PFTM_MAX; i++) {
		io.timeout = timeout_at(i);
		name = pf_timeout_names[io.timeout];
		if (pf_call(a->dev, DIOCGETTIMEOUT, &io) == -1) {
			warn("cannot get timeout %s", name);
			return (-1);
		}
		if (a->js != NULL)
			json_num(a->js, name, io.seconds);
		else
			printf("%-20s %10u%s\n", name, io.seconds,
			    strncmp(name, "adaptive.", 9) == 0 ? " states" :
								 "s");
	}
	if (a->js != NULL)
		json_end(a->js);
	return (0);
}

int
show_memory(const struct ask *a)
{
	struct pfioc_limit io = { .ticket = 0 };
	const char *name;

	if (a->js != NULL)
		json_object(a->js, "memory");
	for (io.index = 0; io.index < PF_LIMIT_MAX; io.index++) {
		name = pf_limit_names[io.index];
		if (pf_call(a->dev, DIOCGETLIMIT, &io) == -1) {
			if (io.index > PF_LIMIT_ANCHORS)
				continue; /* what not every kernel has */
			warn("cannot get limit %s", name);
			return (-1);
		}
		if (a->js != NULL && io.limit == 0)
			json_null(a->js, name);
		else if (a->js != NULL)
			json_num(a->js, name, io.limit);
		else if (io.limit == 0)
			printf("%-13s unlimited\n", name);
		else
			printf("%-13s hard limit %8u\n", name, io.limit);
	}
	if (a->js != NULL)
		json_end(a->js);
	return (0);
}

/* --- info -------------------------------------------------------------- */

static const char *const reasons[PFRES_MAX] = { "match", "bad-offset",
	"fragment", "short", "normalize", "memory", "bad-timestamp",
	"congestion", "ip-option", "proto-cksum", "state-mismatch",
	"state-insert", "state-limit", "src-limit", "synproxy", "map-failed",
	"translate" };
static const char *const limit_names[PF_LC_MAX] = { "max states per rule",
	"max-src-states", "max-src-nodes", "max-src-conn", "max-src-conn-rate",
	"overload table insertion", "overload flush states",
	"synfloods detected", "syncookies sent", "syncookies validated",
	"match rules per packet" };
static const char *const work_names[PF_FC_MAX] = { "searches", "inserts",
	"removals" };
static const char *const debug_names[] = { "None", "Urgent", "Misc", "Loud" };
static const char *const cookie_modes[] = { "never", "always", "adaptive" };

static void
print_count(const char *name, uint64_t n, uint64_t seconds)
{
	printf("  %-25s %14llu ", name, ULL(n));
	if (seconds > 0)
		printf("%14.1f/s\n", (double)n / (double)seconds);
	else
		printf("%14s\n", "");
}

static void
print_counts(const char *const *names, const uint64_t *n, size_t count,
    uint64_t seconds)
{
	size_t i;

	for (i = 0; i < count; i++)
		print_count(names[i], n[i], seconds);
}

static void
print_status(const struct pf_status *s)
{
	char buf[64], debug[32];

	snprintf(buf, sizeof(buf), "Status: %s for %u days %02u:%02u:%02u",
	    s->running ? "Enabled" : "Disabled",
	    (unsigned int)(s->since / 86400),
	    (unsigned int)(s->since / 3600 % 24),
	    (unsigned int)(s->since / 60 % 60), (unsigned int)(s->since % 60));
	snprintf(debug, sizeof(debug), "Debug: %s",
	    s->debug < nitems(debug_names) ? debug_names[s->debug] : "?");
	printf("%-44s%15s\n\n", buf, debug);
}

static void
print_identity(const struct pf_status *s)
{
	size_t i;

	printf("Hostid:   0x%08x\nChecksum: 0x", s->hostid);
	for (i = 0; i < PF_MD5_SIZE; i++)
		printf("%02x", s->checksum[i]);
	fputs("\n\n", stdout);
}

static void
print_pair(int indent, const char *name, uint64_t v4, uint64_t v6)
{
	printf("%*s%-*s %14llu %16llu\n", indent, "", 27 - indent, name,
	    ULL(v4), ULL(v6));
}

static void
print_loginterface(const struct pf_status *s)
{
	static const char *const ways[] = { "In", "Out" };
	char name[32];
	int way;

	printf("Interface Stats for %-16s %5s %16s\n", s->ifname, "IPv4",
	    "IPv6");
	for (way = 0; way < 2; way++) {
		snprintf(name, sizeof(name), "Bytes %s", ways[way]);
		print_pair(2, name, s->bcounters[0][way], s->bcounters[1][way]);
	}
	for (way = 0; way < 2; way++) {
		printf("  Packets %s\n", ways[way]);
		print_pair(4, "Passed", s->pcounters[0][way][0],
		    s->pcounters[1][way][0]);
		print_pair(4, "Blocked", s->pcounters[0][way][1],
		    s->pcounters[1][way][1]);
	}
	putchar('\n');
}

static void
print_syncookies(const struct ask *a, const struct pf_status *s)
{
	puts("Syncookies");
	printf("  %-25s %s\n", "mode",
	    s->syncookies_mode < nitems(cookie_modes) ?
		cookie_modes[s->syncookies_mode] :
		"?");
	printf("  %-25s %s\n", "active",
	    s->syncookies_active ? "active" : "inactive");
	if (!(a->opts & OPT_VERBOSE2))
		return;
	printf("  %-25s %14u\n", "highwater", s->syncookies_start);
	printf("  %-25s %14u\n", "lowwater", s->syncookies_end);
	printf("  %-25s %14u\n", "halfopen states", s->halfopen);
}

static void
print_info(const struct ask *a, const struct pf_status *s)
{
	bool verbose = (a->opts & OPT_VERBOSE) != 0;

	print_status(s);
	if (verbose)
		print_identity(s);
	if (s->ifname[0] != '\0')
		print_loginterface(s);
	printf("%-27s %14s %16s\n", "State Table", "Total", "Rate");
	printf("  %-25s %14llu %14s\n", "current entries", ULL(s->states), "");
	print_counts(work_names, s->fcounters, PF_FC_MAX, s->since);
	if (verbose) {
		puts("Source Tracking Table");
		printf("  %-25s %14llu %14s\n", "current entries",
		    ULL(s->src_nodes), "");
		print_counts(work_names, s->scounters, PF_FC_MAX, s->since);
	}
	puts("Counters");
	print_counts(reasons, s->counters, PFRES_MAX, s->since);
	if (!verbose)
		return;
	puts("Limit Counters");
	print_counts(limit_names, s->lcounters, PF_LC_MAX, s->since);
	print_syncookies(a, s);
	printf("Reassemble %24s %s\n", s->reass & PF_REASS_ON ? "yes" : "no",
	    s->reass & PF_REASS_NODF ? "no-df" : "");
}

static void
json_counts(struct json *js, const char *key, const char *const *names,
    const uint64_t *n, size_t count)
{
	size_t i;

	json_object(js, key);
	for (i = 0; i < count; i++)
		json_num(js, names[i], n[i]);
	json_end(js);
}

static void
json_loginterface(struct json *js, const struct pf_status *s)
{
	static const char *const keys[2][2] = { { "in", "out" },
		{ "in6", "out6" } };
	int v, way;

	json_object(js, "loginterface");
	json_str(js, "name", s->ifname);
	for (v = 0; v < 2; v++)
		for (way = 0; way < 2; way++) {
			json_object(js, keys[v][way]);
			json_num(js, "bytes", s->bcounters[v][way]);
			json_num(js, "passed", s->pcounters[v][way][0]);
			json_num(js, "blocked", s->pcounters[v][way][1]);
			json_end(js);
		}
	json_end(js);
}

static void
json_info(struct json *js, const struct pf_status *s)
{
	char buf[2 * PF_MD5_SIZE + 1];
	size_t i;

	json_object(js, "info");
	json_bool(js, "enabled", s->running != 0);
	json_num(js, "since", s->since);
	json_str(js, "debug",
	    s->debug < nitems(debug_names) ? debug_names[s->debug] : "?");
	json_num(js, "hostid", s->hostid);
	for (i = 0; i < PF_MD5_SIZE; i++)
		snprintf(buf + 2 * i, 3, "%02x", s->checksum[i]);
	json_str(js, "checksum", buf);
	if (s->ifname[0] != '\0')
		json_loginterface(js, s);
	json_num(js, "states", s->states);
	json_counts(js, "state_table", work_names, s->fcounters, PF_FC_MAX);
	json_num(js, "source_nodes", s->src_nodes);
	json_counts(js, "source_table", work_names, s->scounters, PF_FC_MAX);
	json_counts(js, "counters", reasons, s->counters, PFRES_MAX);
	json_counts(js, "limits", limit_names, s->lcounters, PF_LC_MAX);
	json_str(js, "syncookies",
	    s->syncookies_mode < nitems(cookie_modes) ?
		cookie_modes[s->syncookies_mode] :
		"?");
	json_bool(js, "syncookies_active", s->syncookies_active != 0);
	json_num(js, "syncookies_start", s->syncookies_start);
	json_num(js, "syncookies_end", s->syncookies_end);
	json_num(js, "halfopen", s->halfopen);
	json_bool(js, "reassemble", (s->reass & PF_REASS_ON) != 0);
	json_bool(js, "reassemble_no_df", (s->reass & PF_REASS_NODF) != 0);
	json_end(js);
}

int
show_info(const struct ask *a)
{
	struct pf_status s;

	if (get_status(a, &s) == -1)
		return (-1);
	if (a->js != NULL)
		json_info(a->js, &s);
	else
		print_info(a, &s);
	return (0);
}

int
show_running(const struct ask *a)
{
	struct pf_status s;

	if (get_status(a, &s) == -1)
		return (-1);
	if (a->js != NULL)
		json_bool(a->js, "Running", s.running != 0);
	else
		puts(s.running ? "Enabled" : "Disabled");
	return (s.running ? 0 : 1);
}

/* --- fingerprints ------------------------------------------------------ */

/* A class, version or subtype once, as the first of its rows. */
static void
print_osfp(const struct pf_ioc_osfp *o, const struct pf_ioc_osfp *before)
{
	bool class = before == NULL || strcmp(o->class, before->class) != 0;
	bool version = class || strcmp(o->version, before->version) != 0;

	if (class)
		printf("%s\n", o->class);
	if (version && o->version[0] != '\0')
		printf("\t%s\n", o->version);
	if (o->subtype[0] != '\0' &&
	    (version || strcmp(o->subtype, before->subtype) != 0))
		printf("\t\t%s\n", o->subtype);
}

static int
osfp_cmp(const void *x, const void *y)
{
	const struct pf_ioc_osfp *a = x, *b = y;
	int n = strcmp(a->class, b->class);

	if (n == 0)
		n = strcmp(a->version, b->version);
	return (n != 0 ? n : strcmp(a->subtype, b->subtype));
}

static void
json_osfps(struct json *js, const struct pf_ioc_osfp *list, uint32_t n)
{
	uint32_t i;

	json_array(js, "osfp");
	for (i = 0; i < n; i++) {
		json_object(js, NULL);
		json_str(js, "class", list[i].class);
		json_str(js, "version", list[i].version);
		json_str(js, "subtype", list[i].subtype);
		json_end(js);
	}
	json_end(js);
}

int
show_osfp(const struct ask *a)
{
	struct pf_ioc_osfp *list;
	uint32_t i, n;

	if (get_osfps(a, &list, &n) == -1)
		return (-1);
	qsort(list, n, sizeof(*list), osfp_cmp);
	if (a->js != NULL)
		json_osfps(a->js, list, n);
	else if (a->opts & OPT_ALL)
		printf("%u fingerprints loaded\n", n);
	else {
		puts("Class\tVersion\tSubtype(subversion)\n"
		     "-----\t-------\t-------------------");
		for (i = 0; i < n; i++)
			print_osfp(&list[i], i > 0 ? &list[i - 1] : NULL);
	}
	free(list);
	return (0);
}
