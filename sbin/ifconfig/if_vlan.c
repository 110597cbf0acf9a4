/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Words of vlan and pair, and how they are shown. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ifconfig.h"

static void
word_vnetid(struct work *w, const char *arg, uint64_t flag)
{
	(void)flag;
	w->vlan.tag = (uint16_t)number("vnetid", arg, 1, 4094);
	w->vlan_tag_set = true;
}

/* Without a parent it carries nothing: what OpenBSD makes of no tag. */
static void
word_novnetid(struct work *w, const char *arg, uint64_t flag)
{
	(void)arg;
	(void)flag;
	fail("%s: -vnetid: a vlan keeps its tag; -parent takes it off the wire",
	    w->name);
}

/* No argument: without a parent. */
static void
word_parent(struct work *w, const char *arg, uint64_t flag)
{
	(void)flag;
	if (arg != NULL && strlen(arg) >= sizeof(w->vlan.parent))
		fail("parent: no interface has so long a name: %s", arg);
	memset(w->vlan.parent, 0, sizeof(w->vlan.parent));
	if (arg != NULL)
		memcpy(w->vlan.parent, arg, strlen(arg));
	w->vlan_parent_set = true;
}

static void
word_patch(struct work *w, const char *arg, uint64_t flag)
{
	struct if_req req;

	(void)flag;
	memset(&req, 0, sizeof(req));
	memcpy(req.name, w->name, sizeof(req.name));
	if (arg != NULL && strlen(arg) >= IFNAMSIZ)
		fail("patch: no interface has so long a name: %s", arg);
	if (arg != NULL)
		memcpy(req.text, arg, strlen(arg));
	if (if_call(SIOCSPAIR, &req) == 0)
		return;
	if (errno == ENXIO)
		fail("%s: patch: no such interface: %s", w->name,
		    arg != NULL ? arg : w->name);
	if (errno == EINVAL || errno == EOPNOTSUPP)
		fail("%s: patch: %s is no pair", w->name,
		    arg != NULL ? arg : w->name);
	fail("%s: patch: %s", w->name,
	    errno == EBUSY ? "the other is patched already" : strerror(errno));
}

const struct word vlan_words[] = {
	{ "vnetid", 1, word_vnetid, 0 },
	{ "vlan", 1, word_vnetid, 0 },
	{ "-vnetid", 0, word_novnetid, 0 },
	{ "parent", 1, word_parent, 0 },
	{ "vlandev", 1, word_parent, 0 },
	{ "-parent", 0, word_parent, 0 },
	{ "-vlandev", 0, word_parent, 0 },
	{ "patch", 1, word_patch, 0 },
	{ "-patch", 0, word_patch, 0 },
	{ NULL, 0, NULL, 0 },
};

void
vlan_finish(struct work *w)
{
	struct vlan_req now;

	if ((!w->vlan_tag_set && !w->vlan_parent_set) || rehearsal)
		return;
	memset(&now, 0, sizeof(now));
	memcpy(now.name, w->name, sizeof(now.name));
	if (if_call(SIOCGVLAN, &now) == -1 && errno != ENXIO)
		fail("%s: %s", w->name,
		    errno == EOPNOTSUPP ? "not a vlan" : strerror(errno));
	if (w->vlan_tag_set)
		now.tag = w->vlan.tag;
	if (w->vlan_parent_set)
		memcpy(now.parent, w->vlan.parent, sizeof(now.parent));
	if (now.tag == 0)
		fail("%s: parent: it has no vnetid yet: give both", w->name);
	if (if_call(SIOCSVLAN, &now) == 0)
		return;
	if (errno == EEXIST)
		fail("%s: vnetid %u on %s is taken", w->name, now.tag,
		    now.parent);
	if (errno == ENXIO)
		fail("%s: no such interface: %s", w->name, now.parent);
	fail("%s: vnetid %u parent %s: %s", w->name, now.tag, now.parent,
	    strerror(errno));
}

void
vlan_show(const struct if_row *row)
{
	struct vlan_req vlan;
	struct if_req pair;

	memset(&vlan, 0, sizeof(vlan));
	memset(&pair, 0, sizeof(pair));
	memcpy(vlan.name, row->name, sizeof(vlan.name));
	memcpy(pair.name, row->name, sizeof(pair.name));
	if (row->type == IFT_VLAN && if_call(SIOCGVLAN, &vlan) == 0) {
		printf("\tencap: vnetid ");
		if (vlan.tag != 0)
			printf("%u", vlan.tag);
		else
			printf("none");
		printf(" parent %s%s\n",
		    vlan.parent[0] != '\0' ? vlan.parent : "none",
		    vlan.qinq != 0 ? " 802.1ad" : "");
	}
	if (row->type == IFT_ETHER && row->link[0] == '\0' &&
	    if_call(SIOCGPAIR, &pair) == 0 && pair.text[0] != '\0')
		printf("\tpatch: %.15s\n", pair.text);
}
