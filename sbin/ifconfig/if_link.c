/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Words about the link: plug, unplug, and its properties. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ifconfig.h"

static void
word_plug(struct work *w, const char *arg, uint64_t unplug)
{
	struct if_linkreq req;

	memset(&req, 0, sizeof(req));
	memcpy(req.name, w->name, sizeof(req.name));
	if (arg != NULL && strlen(arg) >= sizeof(req.spec))
		fail("%s: plug: the link's name is too long", w->name);
	if (arg != NULL)
		memcpy(req.spec, arg, strlen(arg));
	if (if_call(unplug ? SIOCIFUNPLUG : SIOCIFPLUG, &req) == 0)
		return;
	fail("%s: %s: %.*s", w->name, unplug ? "unplug" : "plug",
	    (int)sizeof(req.why),
	    req.why[0] != '\0' ? req.why : strerror(errno));
}

enum property {
	P_CARRIER,
	P_LOSS,
	P_DUP,
	P_REORDER,
	P_CORRUPT,
	P_DELAY,
	P_JITTER,
	P_BANDWIDTH,
	NPROPERTIES
};

static void
word_property(struct work *w, const char *arg, uint64_t which)
{
	static const char *const names[NPROPERTIES] = { "carrier", "loss",
		"dup", "reorder", "corrupt", "delay", "jitter", "bandwidth" };
	struct if_linkctl lc;

	memset(&lc, 0, sizeof(lc));
	memcpy(lc.name, w->name, sizeof(lc.name));
	memcpy(lc.key, names[which], strlen(names[which]));
	if (arg[0] == '\0' || strlen(arg) >= sizeof(lc.value))
		fail("%s: %s: bad value: %s", w->name, names[which], arg);
	memcpy(lc.value, arg, strlen(arg));
	if (if_call(SIOCIFLINKCTL, &lc) == 0)
		return;
	fail("%s: %s: %.*s", w->name, names[which], (int)sizeof(lc.why),
	    lc.why[0] != '\0' ? lc.why : strerror(errno));
}

const struct word link_words[] = {
	{ "plug", 1, word_plug, 0 },
	{ "unplug", 0, word_plug, 1 },
	{ "carrier", 1, word_property, P_CARRIER },
	{ "loss", 1, word_property, P_LOSS },
	{ "dup", 1, word_property, P_DUP },
	{ "reorder", 1, word_property, P_REORDER },
	{ "corrupt", 1, word_property, P_CORRUPT },
	{ "delay", 1, word_property, P_DELAY },
	{ "jitter", 1, word_property, P_JITTER },
	{ "bandwidth", 1, word_property, P_BANDWIDTH },
	{ NULL, 0, NULL, 0 },
};
