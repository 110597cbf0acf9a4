/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ifconfig: shows and changes interfaces.
 *
 * The words behind the interface's name are read from the left.  Most act at
 * once; those that describe one thing together (an address with its netmask,
 * a vlan with its parent) are gathered and act at the end of the line, so
 * that their order does not matter.  Each room has a table of its words.
 *
 * The line is read twice: first nothing is asked of the kernel, so that a word
 * that is none, or has a bad argument, changes nothing.
 */

#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <libutil/nbrset.h>
#include <libutil/number.h>

#include "ifconfig.h"

static void __attribute__((__noreturn__)) usage(void)
{
	fprintf(stderr,
	    "usage: ifconfig [-AaC] [-M lladdr] [interface | group] [address_family] [address [dest_address]] [word [argument]] ...\n");
	exit(2);
}

void
fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("ifconfig: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

bool rehearsal;

int
if_call(unsigned long cmd, void *data)
{
	static int s = -1;

	if (rehearsal)
		return (0);
	if (s == -1 && (s = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		fail("socket: %s", strerror(errno));
	return (ioctl(s, cmd, data));
}

static void __attribute__((__noreturn__))
if_failed(const struct work *w, const char *what)
{
	if (errno == ENXIO)
		fail("%s: no such interface", w->name);
	fail("%s: %s: %s", w->name, what, strerror(errno));
}

void
if_must(struct work *w, unsigned long cmd, void *data, const char *what)
{
	if (if_call(cmd, data) == -1)
		if_failed(w, what);
}

void *
if_read(const char *name, size_t *lenp)
{
	char *buf = NULL, *more;

	for (size_t cap = 1 << 14; cap <= 64 << 20; cap *= 4) {
		if ((more = realloc(buf, cap)) == NULL)
			break;
		buf = more;
		*lenp = cap;
		if (bsd_sysctl(name, buf, lenp, NULL, 0) == 0)
			return (buf);
		if (errno != ENOMEM)
			break;
	}
	free(buf);
	return (NULL);
}

uint64_t
number(const char *what, const char *text, uint64_t min, uint64_t max)
{
	uint64_t v;

	if (!number_read(text, 0, min, max, &v))
		fail("%s: %s is not a number from %llu to %llu", what, text,
		    (unsigned long long)min, (unsigned long long)max);
	return (v);
}

/* --- words that every interface knows --- */

static void
request(const struct work *w, struct if_req *req)
{
	memset(req, 0, sizeof(*req));
	memcpy(req->name, w->name, sizeof(req->name));
}

void
flags_change(struct work *w, uint64_t flag)
{
	struct if_req req;

	request(w, &req);
	if (if_call(SIOCGIFFLAGS, &req) == -1) {
		if (errno != ENXIO)
			fail("%s: flags: %s", w->name, strerror(errno));
		req.value = 0; /* the kernel makes it if it can */
	}
	req.value = (flag & FLAG_OFF) != 0 ? req.value & ~(flag & UINT32_MAX) :
					     req.value | flag;
	if (flag == (FLAG_OFF | IFF_UP))
		w->down = true;
	if ((flag & FLAG_OFF) == 0 && (flag & IFXF_AUTOCONF6) != 0 &&
	    if_call(SIOCSIFFLAGS, &req) == -1 && errno == EOPNOTSUPP)
		fail("%s: autoconf: there are no routers on such an interface",
		    w->name);
	if_must(w, SIOCSIFFLAGS, &req, "set flags");
}

static void
word_flag(struct work *w, const char *arg, uint64_t flag)
{
	(void)arg;
	flags_change(w, flag);
}

static void
word_number(struct work *w, const char *arg, uint64_t cmd)
{
	struct if_req req;
	bool mtu = cmd == SIOCSIFMTU;

	request(w, &req);
	req.value = number(mtu ? "mtu" : "priority", arg, 0, mtu ? 65535 : 15);
	if (if_call((unsigned long)cmd, &req) == 0)
		return;
	if (errno == EINVAL && mtu)
		fail("%s: mtu: %s is not what its link can carry", w->name,
		    arg);
	if_failed(w, mtu ? "set mtu" : "set priority");
}

static void
word_text(struct work *w, const char *arg, uint64_t cmd)
{
	struct if_req req;
	size_t max = cmd == SIOCSIFDESCR ? sizeof(req.text) : IFNAMSIZ;

	request(w, &req);
	if (arg != NULL && strlen(arg) >= max)
		fail("%s: %s: longer than %zu characters", w->name, arg,
		    max - 1);
	if (arg != NULL)
		memcpy(req.text, arg, strlen(arg) + 1);
	if (if_call((unsigned long)cmd, &req) == 0)
		return;
	if (errno == ENOENT && cmd == SIOCDIFGROUP)
		fail("%s: not a member of group %s", w->name, arg);
	if (errno == EEXIST && cmd == SIOCAIFGROUP)
		fail("%s: a member of group %s already", w->name, arg);
	if (errno == EINVAL && cmd == SIOCAIFGROUP)
		fail("%s: %s: names of groups do not end in a digit", w->name,
		    arg);
	if_failed(w, arg != NULL ? arg : "clear");
}

/* An address, or "random": one that nobody has assigned, of one station. */
static void
word_lladdr(struct work *w, const char *arg, uint64_t flag)
{
	struct if_req req;

	(void)flag;
	request(w, &req);
	if (strcmp(arg, "random") == 0) {
		if (getrandom(req.lladdr, 6, 0) != 6)
			fail("lladdr: random: %s", strerror(errno));
		req.lladdr[0] = (uint8_t)((req.lladdr[0] & ~1U) | 2);
	} else if (nbr_lladdr(arg, req.lladdr) == -1) {
		fail("lladdr: %s is no link address", arg);
	}
	if (if_call(SIOCSIFLLADDR, &req) == 0)
		return;
	if (errno == EINVAL)
		fail("%s: lladdr: %s is a group's address, or none", w->name,
		    arg);
	if_failed(w, "set lladdr");
}

static void
word_plain(struct work *w, const char *arg, uint64_t cmd)
{
	struct if_req req;

	(void)arg;
	request(w, &req);
	if (if_call((unsigned long)cmd, &req) == 0)
		return;
	if (errno == EINVAL || errno == EOPNOTSUPP)
		fail("%s: %s", w->name,
		    cmd == SIOCIFCREATE ?
			"create: no interface of that kind can be made (see -C)" :
			"destroy: not made by create");
	if (errno == EPERM && strcmp(w->name, "lo0") == 0)
		fail("lo0: destroy: the first loopback stays");
	if_failed(w, cmd == SIOCIFCREATE ? "create" : "destroy");
}

static void
word_rdomain(struct work *w, const char *arg, uint64_t flag)
{
	(void)flag;
	if (arg != NULL && number("rdomain", arg, 0, 255) != 0)
		fail("%s: rdomain: this kernel has one routing domain, 0",
		    w->name);
}

/* Words of OpenBSD for what this kernel does not have. */
static const struct refused {
	const char *text, *why;
} refused[] = {
	{ "media", "links have no media to choose from" },
	{ "mediaopt", "links have no media to choose from" },
	{ "mode", "links have no media to choose from" },
	{ "instance", "links have no media to choose from" },
	{ "nwid", "there are no wireless interfaces" },
	{ "join", "there are no wireless interfaces" },
	{ "wpakey", "there are no wireless interfaces" },
	{ "nwkey", "there are no wireless interfaces" },
	{ "bssid", "there are no wireless interfaces" },
	{ "chan", "there are no wireless interfaces" },
	{ "scan", "there are no wireless interfaces" },
	{ "metric", "routes have priorities; see priority" },
	{ "rtlabel", "routes of addresses carry no label; see route(8)" },
	{ "llprio", "frames of this kernel's own carry no priority" },
	{ "txprio", "priorities of packets do not go into tags" },
	{ "rxprio", "priorities of packets are not taken from tags" },
	{ "vlanprio", "priorities of packets do not go into tags" },
	{ "monitor", "interfaces always take part" },
	{ "mpls", "there is no MPLS" },
	{ "wol", "a process cannot be woken by a packet" },
	{ "tso", "the link decides what it can do" },
	{ "lro", "the link decides what it can do" },
	{ "hwfeatures", "the link decides what it can do" },
	{ "transceiver", "links have no transceivers" },
	{ "sff", "links have no transceivers" },
	{ "tunnel", "there are no tunnels of this kind" },
	{ "tunneldomain", "there are no tunnels of this kind" },
	{ "tunnelttl", "there are no tunnels of this kind" },
	{ "keepalive", "there are no tunnels of this kind" },
	{ "wgkey", "there is no WireGuard" },
	{ "wgpeer", "there is no WireGuard" },
	{ "trunkport", "there are no trunks" },
	{ "trunkproto", "there are no trunks" },
	{ "authproto", "there is no PPP" },
	{ "pppoedev", "there is no PPP" },
};

/* The end when text, with a minus or without, is such a word. */
static void
refuse(const struct work *w, const char *text)
{
	const char *bare = text + (*text == '-');

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strcmp(refused[i].text, bare) == 0)
			fail("%s: %s: not supported: %s", w->name, text,
			    refused[i].why);
}

static const struct word main_words[] = {
	/* clang-format off */
	{ "up",		 0, word_flag,	  IFF_UP },
	{ "down",	 0, word_flag,	  FLAG_OFF | IFF_UP },
	{ "debug",	 0, word_flag,	  IFF_DEBUG },
	{ "-debug",	 0, word_flag,	  FLAG_OFF | IFF_DEBUG },
	{ "arp",	 0, word_flag,	  FLAG_OFF | IFF_NOARP },
	{ "-arp",	 0, word_flag,	  IFF_NOARP },
	{ "staticarp",	 0, word_flag,	  IFF_STATICARP },
	{ "-staticarp",	 0, word_flag,	  FLAG_OFF | IFF_STATICARP },
	{ "link0",	 0, word_flag,	  IFF_LINK0 },
	{ "-link0",	 0, word_flag,	  FLAG_OFF | IFF_LINK0 },
	{ "link1",	 0, word_flag,	  IFF_LINK1 },
	{ "-link1",	 0, word_flag,	  FLAG_OFF | IFF_LINK1 },
	{ "link2",	 0, word_flag,	  IFF_LINK2 },
	{ "-link2",	 0, word_flag,	  FLAG_OFF | IFF_LINK2 },
	{ "mtu",	 1, word_number,  SIOCSIFMTU },
	{ "priority",	 1, word_number,  SIOCSIFPRIORITY },
	{ "description", 1, word_text,	  SIOCSIFDESCR },
	{ "descr",	 1, word_text,	  SIOCSIFDESCR },
	{ "-description",0, word_text,	  SIOCSIFDESCR },
	{ "-descr",	 0, word_text,	  SIOCSIFDESCR },
	{ "group",	 1, word_text,	  SIOCAIFGROUP },
	{ "-group",	 1, word_text,	  SIOCDIFGROUP },
	{ "lladdr",	 1, word_lladdr,  0 },
	{ "create",	 0, word_plain,	  SIOCIFCREATE },
	{ "destroy",	 0, word_plain,	  SIOCIFDESTROY },
	{ "rdomain",	 1, word_rdomain, 0 },
	{ "-rdomain",	 0, word_rdomain, 0 },
	{ NULL,		 0, NULL,	  0 }
	/* clang-format on */
};

static const struct word *
word_find(const char *text)
{
	static const struct word *const tables[] = { main_words, inet_words,
		vlan_words, link_words, bridge_words };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct word *t = tables[i]; t->text != NULL; t++)
			if (strcmp(t->text, text) == 0)
				return (t);
	return (NULL);
}

static void
words_run(const char *name, int argc, char *argv[])
{
	struct work w;
	const struct word *word;

	memset(&w, 0, sizeof(w));
	if (strlen(name) >= sizeof(w.name))
		fail("%s: no interface has so long a name", name);
	memcpy(w.name, name, strlen(name) + 1);
	w.af = AF_INET;
	while (argc > 0) {
		if ((word = word_find(*argv)) == NULL) {
			refuse(&w, *argv);
			inet_address(&w, *argv);
			argc--, argv++;
			continue;
		}
		if (argc <= word->nargs)
			fail("%s: %s needs %s", w.name, word->text,
			    word->nargs == 1 ? "an argument" : "two arguments");
		w.second = word->nargs > 1 ? argv[2] : NULL;
		word->run(&w, word->nargs > 0 ? argv[1] : NULL, word->flag);
		argc -= 1 + word->nargs;
		argv += 1 + word->nargs;
	}
	vlan_finish(&w);
	inet_finish(&w);
}

static int
configure(const char *name, int argc, char *argv[])
{
	rehearsal = true;
	words_run(name, argc, argv);
	rehearsal = false;
	words_run(name, argc, argv);
	return (0);
}

/* A family alone: what is shown is narrowed to it.  AF_UNSPEC: it is none. */
static int
family_named(const char *text)
{
	return (strcmp(text, "inet") == 0 ? AF_INET :
		strcmp(text, "inet6") == 0 ? AF_INET6 :
					     AF_UNSPEC);
}

/* -a and -A: all, or those of a name or group; then perhaps a family. */
static int
all_show(int argc, char *argv[])
{
	const char *name = NULL;

	if (argc > 0 && family_named(argv[0]) == AF_UNSPEC) {
		name = *argv++;
		argc--;
	}
	if (argc > 1 || (argc == 1 && family_named(argv[0]) == AF_UNSPEC))
		usage();
	return (show(name, true, argc == 1 ? family_named(argv[0]) : AF_UNSPEC));
}

int
main(int argc, char *argv[])
{
	const char *lladdr = NULL;
	bool all = argc == 1, cloners = false;
	int ch;

	while ((ch = getopt(argc, argv, "+AaCM:")) != -1) {
		if (ch == '?')
			usage();
		all |= ch == 'A' || ch == 'a';
		cloners |= ch == 'C';
		lladdr = ch == 'M' ? optarg : lladdr;
	}
	argc -= optind;
	argv += optind;
	if ((cloners || lladdr != NULL) && argc > 0)
		usage();
	bsd_require("ifconfig");
	if (cloners)
		return (show_cloners());
	if (lladdr != NULL)
		return (show_lladdr(lladdr));
	if (all || argc == 0)
		return (all_show(argc, argv));
	if (argc == 1)
		return (show(argv[0], false, AF_UNSPEC));
	if (argc == 2 && family_named(argv[1]) != AF_UNSPEC)
		return (show(argv[0], false, family_named(argv[1])));
	return (configure(argv[0], argc - 1, argv + 1));
}
