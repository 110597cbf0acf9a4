/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ifconfig: shows and changes interfaces.
 *
 * The words behind the interface's name are read from the left.  Most act at
 * once; those that describe one thing together (an address with its netmask,
 * a vlan with its parent) are gathered and act at the end of the line, so
 * that their order does not matter.  Each room has a table of its words.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>

#include "ifconfig.h"

static void __attribute__((__noreturn__)) usage(void)
{
	fprintf(stderr,
	    "usage: ifconfig [-AaC] [interface | group] [address_family] [address [dest_address]] [word [argument]] ...\n");
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

int
if_call(unsigned long cmd, void *data)
{
	static int s = -1;

	if (s == -1 && (s = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		fail("socket: %s", strerror(errno));
	return (ioctl(s, cmd, data));
}

void
if_must(struct work *w, unsigned long cmd, void *data, const char *what)
{
	if (if_call(cmd, data) == 0)
		return;
	if (errno == ENXIO)
		fail("%s: no such interface", w->name);
	fail("%s: %s: %s", w->name, what, strerror(errno));
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
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' ||
	    v < min || v > max)
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
	if_must(w, (unsigned long)cmd, &req, mtu ? "set mtu" : "set priority");
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
	if_must(w, (unsigned long)cmd, &req, arg != NULL ? arg : "clear");
}

static void
word_lladdr(struct work *w, const char *arg, uint64_t flag)
{
	struct if_req req;
	unsigned int b[6];
	char rest;

	(void)flag;
	request(w, &req);
	if (sscanf(arg, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3],
		&b[4], &b[5], &rest) != 6)
		fail("lladdr: %s is no link address", arg);
	for (int i = 0; i < 6; i++)
		req.lladdr[i] = (uint8_t)b[i];
	if_must(w, SIOCSIFLLADDR, &req, "set lladdr");
}

static void
word_plain(struct work *w, const char *arg, uint64_t cmd)
{
	struct if_req req;

	(void)arg;
	request(w, &req);
	if_must(w, (unsigned long)cmd, &req,
	    cmd == SIOCIFCREATE ? "create" : "destroy");
}

static void
word_refused(struct work *w, const char *arg, uint64_t flag)
{
	static const char *const why[] = {
		"rdomain: this kernel has one routing domain",
		"media: links have no media to choose from",
		"wireless words: there are no wireless interfaces"
	};

	(void)arg;
	fail("%s: %s", w->name, why[flag]);
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
	{ "rdomain",	 1, word_refused, 0 },
	{ "media",	 1, word_refused, 1 },
	{ "nwid",	 1, word_refused, 2 },
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

static int
configure(const char *name, int argc, char *argv[])
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
	return (0);
}

int
main(int argc, char *argv[])
{
	bool all = argc == 1;
	int ch;

	while ((ch = getopt(argc, argv, "+AaC")) != -1) {
		if (ch == 'C')
			return (show_cloners());
		if (ch == '?')
			usage();
		all = true;
	}
	argc -= optind;
	argv += optind;
	if (all || argc == 1)
		return (show(argc > 0 ? argv[0] : NULL, all));
	return (configure(argv[0], argc - 1, argv + 1));
}
