/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Options of tcpdump 4.99.
 *
 * Those about the capture are ours: interface, filter, buffer, direction.
 * The others say how packets are read, printed and written, and are handed to
 * the system's tcpdump as they are.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/bpf.h>

#include <libutil/number.h>

#include "tcpdump.h"

#define LETTERS \
	"+aAb:B:c:C:dDeE:fF:G:hHi:Ij:JKlLm:M:nNOpqQ:r:s:StT:uUvV:w:W:xXy:z:Z:#"

/* Long ones without a letter, handed on; behind those that have one. */
enum {
	L_COUNT = 256,
	L_PRINT,
	L_MICRO,
	L_NANO,
	L_PRECISION,
	L_IMMEDIATE,
	L_VERSION,
	L_FPTYPE
};

static const struct option longs[] = {
	/* clang-format off */
	{ "absolute-tcp-sequence-numbers", no_argument, NULL, 'S' },
	{ "buffer-size",	 required_argument, NULL, 'B' },
	{ "count",		 no_argument,	    NULL, L_COUNT },
	{ "direction",		 required_argument, NULL, 'Q' },
	{ "dont-verify-checksums", no_argument,	    NULL, 'K' },
	{ "fp-type",		 no_argument,	    NULL, L_FPTYPE },
	{ "help",		 no_argument,	    NULL, 'h' },
	{ "immediate-mode",	 no_argument,	    NULL, L_IMMEDIATE },
	{ "interface",		 required_argument, NULL, 'i' },
	{ "linktype",		 required_argument, NULL, 'y' },
	{ "list-data-link-types", no_argument,	    NULL, 'L' },
	{ "list-interfaces",	 no_argument,	    NULL, 'D' },
	{ "list-time-stamp-types", no_argument,	    NULL, 'J' },
	{ "micro",		 no_argument,	    NULL, L_MICRO },
	{ "monitor-mode",	 no_argument,	    NULL, 'I' },
	{ "nano",		 no_argument,	    NULL, L_NANO },
	{ "no-optimize",	 no_argument,	    NULL, 'O' },
	{ "no-promiscuous-mode", no_argument,	    NULL, 'p' },
	{ "number",		 no_argument,	    NULL, '#' },
	{ "packet-buffered",	 no_argument,	    NULL, 'U' },
	{ "print",		 no_argument,	    NULL, L_PRINT },
	{ "relinquish-privileges", required_argument, NULL, 'Z' },
	{ "snapshot-length",	 required_argument, NULL, 's' },
	{ "time-stamp-precision", required_argument, NULL, L_PRECISION },
	{ "time-stamp-type",	 required_argument, NULL, 'j' },
	{ "version",		 no_argument,	    NULL, L_VERSION },
	{ NULL,			 0,		    NULL, 0 },
	/* clang-format on */
};

void
pass(struct opts *o, char *arg)
{
	o->pass[o->npass++] = arg;
}

static uint32_t
number(const char *what, const char *text, unsigned long max)
{
	uint64_t v;

	if (!number_read(text, 10, 0, max, &v))
		fail("invalid %s %s", what, text);
	return ((uint32_t)v);
}

static void
direction_take(struct opts *o, const char *text)
{
	if (strcmp(text, "in") == 0)
		o->hide = BPF_DIRECTION_OUT;
	else if (strcmp(text, "out") == 0)
		o->hide = BPF_DIRECTION_IN;
	else if (strcmp(text, "inout") == 0)
		o->hide = 0;
	else
		fail("unknown capture direction `%s'", text);
}

/* Those about the capture.  False: it is none of them. */
static bool
ours_take(struct opts *o, int ch)
{
	switch (ch) {
	case 'B':
		o->bufsize = number("packet buffer size", optarg, 1 << 20);
		return (true);
	case 'D':
		return (o->list = true);
	case 'd':
		return (++o->dump > 0);
	case 'F':
		o->file = optarg;
		return (true);
	case 'I':
		fail("-I: monitor mode: there are no wireless interfaces");
	case 'i':
		o->ifname = optarg;
		return (true);
	case 'J':
		return (o->stamptypes = true);
	case 'j':
		if (strcmp(optarg, "host") != 0)
			fail("-j: %s: stamps are the host's", optarg);
		return (true);
	case 'L':
		return (o->linktypes = true);
	case L_IMMEDIATE:
		return (o->immediate = true);
	case 'p':
		return (o->nopromisc = true);
	case 'Q':
		direction_take(o, optarg);
		return (true);
	case 's':
		o->snaplen = number("snaplen", optarg, SNAPLEN);
		o->snaplen = o->snaplen == 0 ? SNAPLEN : o->snaplen;
		return (true);
	case 'y':
		o->linktype = optarg;
		return (true);
	default:
		return (false);
	}
}

/* As it was written: a letter, or a long one. */
static void
hand_on(struct opts *o, int ch)
{
	static char flag[128][3];

	for (size_t i = 0; ch >= L_COUNT && longs[i].name != NULL; i++) {
		char *text;

		if (longs[i].val != ch)
			continue;
		if ((text = malloc(strlen(longs[i].name) + 3)) == NULL)
			fail("no memory");
		sprintf(text, "--%s", longs[i].name);
		pass(o, text);
	}
	if (ch < L_COUNT) {
		snprintf(flag[ch & 127], sizeof(flag[0]), "-%c", ch);
		pass(o, flag[ch & 127]);
	}
	if (optarg != NULL)
		pass(o, optarg);
}

int
options_read(struct opts *o, int argc, char *argv[])
{
	int ch;

	while ((ch = getopt_long(argc, argv, LETTERS, longs, NULL)) != -1) {
		if (ch == '?')
			exit(2);
		if (ch == 'r' || ch == 'V' || ch == 'h' || ch == L_VERSION)
			o->offline = true;
		if (!ours_take(o, ch))
			hand_on(o, ch);
	}
	return (optind);
}
