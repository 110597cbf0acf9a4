/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Words of bridges, and how they are shown. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/if_bridge.h>

#include <libutil/nbrset.h>

#include "ifconfig.h"

static void
request(const struct work *w, struct bridge_req *req, const char *member)
{
	memset(req, 0, sizeof(*req));
	memcpy(req->name, w->name, sizeof(req->name));
	if (member == NULL)
		return;
	if (strlen(member) >= sizeof(req->member))
		fail("%s: no interface has so long a name: %s", w->name,
		    member);
	memcpy(req->member, member, strlen(member));
}

/* The call, or the end: what it was about and why not. */
static void
must(const struct work *w, unsigned long cmd, struct bridge_req *req,
    const char *what)
{
	const char *about = req->member[0] != '\0' ? req->member : w->name;

	if (if_call(cmd, req) == 0)
		return;
	switch (errno) {
	case ENXIO:
		fail("%s: %s: no such interface: %s", w->name, what, about);
	case ESRCH:
		fail("%s: %s: %s is no member of it", w->name, what, about);
	case EEXIST:
		fail("%s: %s: %s is a member already", w->name, what, about);
	case EBUSY:
		fail("%s: %s: %s is a member of another bridge", w->name, what,
		    about);
	case EINVAL:
		if (cmd == SIOCBRDGADD || cmd == SIOCBRDGADDS)
			fail("%s: %s: %s is no Ethernet", w->name, what, about);
		break;
	case ENOENT:
		fail("%s: %s: no such address", w->name, what);
	case ENOSPC:
		fail("%s: %s: there are maxaddr addresses already", w->name,
		    what);
	case EOPNOTSUPP:
		fail("%s: %s: not a bridge", w->name, what);
	default:
		break;
	}
	fail("%s: %s: %s", w->name, what, strerror(errno));
}

enum member_word { W_ADD, W_DEL, W_ADDSPAN, W_DELSPAN };

static void
word_member(struct work *w, const char *arg, uint64_t which)
{
	static const struct {
		unsigned long cmd;
		const char *what;
	} calls[] = { { SIOCBRDGADD, "add" }, { SIOCBRDGDEL, "del" },
		{ SIOCBRDGADDS, "addspan" }, { SIOCBRDGDELS, "delspan" } };
	struct bridge_req req;

	request(w, &req, arg);
	must(w, calls[which].cmd, &req, calls[which].what);
}

#define CLEAR (1ULL << 63)

static void
word_memberflag(struct work *w, const char *arg, uint64_t flag)
{
	const char *what = (flag & IFBIF_LEARNING) != 0 ? "learn" :
	    (flag & IFBIF_DISCOVER) != 0                ? "discover" :
							  "blocknonip";
	struct bridge_req req;

	request(w, &req, arg);
	must(w, SIOCBRDGGIFFLGS, &req, what);
	if ((flag & CLEAR) != 0)
		req.flags &= ~(uint32_t)flag;
	else
		req.flags |= (uint32_t)flag;
	req.flags &= IFBIF_CHANGEABLE;
	must(w, SIOCBRDGSIFFLGS, &req, what);
}

/* Domains as "1,2,31". */
static uint32_t
domains_read(const char *text)
{
	char buf[128], *rest = buf, *one;
	uint32_t mask = 0;

	if (strlen(text) >= sizeof(buf))
		fail("protected: %s: too long", text);
	memcpy(buf, text, strlen(text) + 1);
	while ((one = strsep(&rest, ",")) != NULL)
		mask |= 1U << (number("protected", one, 1, BRIDGE_DOMAINS) - 1);
	return (mask);
}

static void
word_protected(struct work *w, const char *arg, uint64_t flag)
{
	struct bridge_req req;

	(void)flag;
	request(w, &req, arg);
	must(w, SIOCBRDGGIFFLGS, &req, "protected");
	req.flags &= IFBIF_CHANGEABLE;
	req.protect = w->second != NULL ? domains_read(w->second) : 0;
	must(w, SIOCBRDGSIFFLGS, &req, "protected");
}

static void
lladdr_read(struct bridge_req *req, const char *text)
{
	if (nbr_lladdr(text, req->lladdr) == -1)
		fail("%s is no link address", text);
}

static void
word_static(struct work *w, const char *arg, uint64_t flag)
{
	struct bridge_req req;

	(void)flag;
	request(w, &req, arg);
	lladdr_read(&req, w->second);
	must(w, SIOCBRDGSADDR, &req, "static");
}

static void
word_deladdr(struct work *w, const char *arg, uint64_t flag)
{
	struct bridge_req req;

	(void)flag;
	request(w, &req, NULL);
	lladdr_read(&req, arg);
	must(w, SIOCBRDGDADDR, &req, "deladdr");
}

static void
word_flush(struct work *w, const char *arg, uint64_t flags)
{
	struct bridge_req req;

	(void)arg;
	request(w, &req, NULL);
	req.flags = (uint32_t)flags;
	must(w, SIOCBRDGFLUSH, &req, flags != 0 ? "flushall" : "flush");
}

static void
word_maxaddr(struct work *w, const char *arg, uint64_t flag)
{
	struct bridge_req req;

	(void)flag;
	request(w, &req, NULL);
	req.maxaddr = (uint32_t)number("maxaddr", arg, 1, 65536);
	must(w, SIOCBRDGSMAX, &req, "maxaddr");
}

static void
word_timeout(struct work *w, const char *arg, uint64_t flag)
{
	struct bridge_req req;

	(void)flag;
	request(w, &req, NULL);
	req.timeout = (uint32_t)number("timeout", arg, 0, 86400);
	must(w, SIOCBRDGSTO, &req, "timeout");
}

static void
word_refused(struct work *w, const char *arg, uint64_t which)
{
	static const char *const why[] = {
		"stp: bridges of this kernel have no spanning tree",
		"rules of bridges are not supported by this kernel"
	};

	(void)arg;
	fail("%s: %s", w->name, why[which]);
}

/* --- shown --- */

static void
show_members(const struct if_row *row)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} names[] = { { IFBIF_LEARNING, "LEARNING" },
		{ IFBIF_DISCOVER, "DISCOVER" },
		{ IFBIF_BLOCKNONIP, "BLOCKNONIP" }, { IFBIF_SPAN, "SPAN" } };
	struct bridge_portrow *ports;
	char name[64];
	size_t len;

	snprintf(name, sizeof(name), "net.link.bridge.members.%s", row->name);
	if ((ports = if_read(name, &len)) == NULL)
		return; /* it has just gone */
	for (size_t i = 0; i < len / sizeof(*ports); i++) {
		const char *comma = "";

		printf("\t%.15s flags=%x<", ports[i].member, ports[i].flags);
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if ((ports[i].flags & names[j].flag) != 0) {
				printf("%s%s", comma, names[j].text);
				comma = ",";
			}
		printf(">\n\t\tport %u addresses %u", ports[i].index,
		    ports[i].addrs);
		comma = " protected ";
		for (unsigned int n = 0; n < BRIDGE_DOMAINS; n++)
			if ((ports[i].protect & 1U << n) != 0) {
				printf("%s%u", comma, n + 1);
				comma = ",";
			}
		putchar('\n');
	}
	free(ports);
}

static void
show_addresses(const char *bridge, const char *indent)
{
	struct bridge_addrrow *rows;
	char name[64];
	size_t len;

	snprintf(name, sizeof(name), "net.link.bridge.addrs.%s", bridge);
	if ((rows = if_read(name, &len)) == NULL)
		fail("%s: %s", bridge,
		    errno == EINVAL    ? "not a bridge" :
			errno == ENXIO ? "no such interface" :
					 strerror(errno));
	for (size_t i = 0; i < len / sizeof(*rows); i++) {
		const uint8_t *l = rows[i].lladdr;

		printf("%s%02x:%02x:%02x:%02x:%02x:%02x %.15s %" PRIu32
		       " flags=%x<%s>\n",
		    indent, l[0], l[1], l[2], l[3], l[4], l[5], rows[i].member,
		    rows[i].age, rows[i].flags,
		    (rows[i].flags & IFBAF_STATIC) != 0 ? "STATIC" : "");
	}
	free(rows);
}

static void
word_addr(struct work *w, const char *arg, uint64_t flag)
{
	(void)arg;
	(void)flag;
	if (!rehearsal)
		show_addresses(w->name, "\t");
}

void
bridge_show(const struct if_row *row)
{
	struct bridge_req req;

	memset(&req, 0, sizeof(req));
	memcpy(req.name, row->name, sizeof(req.name));
	if (row->type != IFT_BRIDGE || if_call(SIOCBRDGGPARAM, &req) == -1)
		return;
	show_members(row);
	printf("\tAddresses (max cache: %u, timeout: %u):\n", req.maxaddr,
	    req.timeout);
	show_addresses(row->name, "\t\t");
}

const struct word bridge_words[] = {
	/* clang-format off */
	{ "add",	 1, word_member, W_ADD },
	{ "del",	 1, word_member, W_DEL },
	{ "addspan",	 1, word_member, W_ADDSPAN },
	{ "delspan",	 1, word_member, W_DELSPAN },
	{ "learn",	 1, word_memberflag, IFBIF_LEARNING },
	{ "-learn",	 1, word_memberflag, CLEAR | IFBIF_LEARNING },
	{ "discover",	 1, word_memberflag, IFBIF_DISCOVER },
	{ "-discover",	 1, word_memberflag, CLEAR | IFBIF_DISCOVER },
	{ "blocknonip",	 1, word_memberflag, IFBIF_BLOCKNONIP },
	{ "-blocknonip", 1, word_memberflag, CLEAR | IFBIF_BLOCKNONIP },
	{ "protected",	 2, word_protected, 0 },
	{ "-protected",	 1, word_protected, 0 },
	{ "static",	 2, word_static, 0 },
	{ "deladdr",	 1, word_deladdr, 0 },
	{ "flush",	 0, word_flush, 0 },
	{ "flushall",	 0, word_flush, IFBAF_STATIC },
	{ "maxaddr",	 1, word_maxaddr, 0 },
	{ "timeout",	 1, word_timeout, 0 },
	{ "addr",	 0, word_addr, 0 },
	{ "stp",	 1, word_refused, 0 },
	{ "-stp",	 1, word_refused, 0 },
	{ "rule",	 0, word_refused, 1 },
	{ "rulefile",	 0, word_refused, 1 },
	{ "rules",	 0, word_refused, 1 },
	{ "flushrule",	 0, word_refused, 1 },
	{ NULL, 0, NULL, 0 },
	/* clang-format on */
};
