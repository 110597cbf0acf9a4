/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Cables of running machines: attach a link, pull it, put it back, take it
 * away, and make a wire bad.  Each is one ioctl on the machine's kernel.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <net/if_ioctl.h>

#include "lab.h"

/* A socket of machine r: this process speaks to one machine at a time. */
static int
machine_socket(const struct running *r)
{
	int s;

	setenv("BSD_ROOT", r->root, 1);
	if (bsd_reopen() == -1 || (s = socket(AF_INET, SOCK_DGRAM, 0)) == -1) {
		complain("%s: %s", r->name, strerror(errno));
		return (-1);
	}
	return (s);
}

static int
bsd_only(const struct running *r)
{
	if (r->kind == MACHINE_BSD)
		return (0);
	complain("%s is a namespace of the host: use its own tools", r->name);
	return (-1);
}

int
link_ctl(const struct running *r, const char *ifname, const char *key, char *value, size_t len)
{
	struct if_linkctl lc;
	int s, error;

	memset(&lc, 0, sizeof(lc));
	snprintf(lc.name, sizeof(lc.name), "%s", ifname);
	snprintf(lc.key, sizeof(lc.key), "%s", key);
	if (strlen(value) >= sizeof(lc.value)) {
		complain("%s: value too long", value);
		return (-1);
	}
	strcpy(lc.value, value);
	if ((s = machine_socket(r)) == -1)
		return (-1);
	error = ioctl(s, SIOCIFLINKCTL, &lc);
	if (error == -1 && (errno == ENXIO || errno == ENODEV)) /* it is not about the property */
		complain("%s: %s", r->name, lc.why);
	else if (error == -1)
		complain("%s: %s: %s %s: %s", r->name, ifname, key, value, lc.why[0] != '\0' ? lc.why : strerror(errno));
	else
		snprintf(value, len, "%s", lc.value);
	close(s);
	return (error);
}

/* NAME=kind:spec: a new interface, or a new link for one.  wire:NAME is the lab's. */
static int
link_attach(const struct running *r, const char *ifname, const char *spec)
{
	struct if_linkreq lr;
	int s, error, len;

	memset(&lr, 0, sizeof(lr));
	snprintf(lr.name, sizeof(lr.name), "%s", ifname);
	if (strncmp(spec, "wire:", 5) == 0 && spec[5] != '/' && r->lab[0] != '\0')
		len = snprintf(lr.spec, sizeof(lr.spec), "wire:%s/%s/wires/%s", state_dir(), r->lab, spec + 5);
	else
		len = snprintf(lr.spec, sizeof(lr.spec), "%s", spec);
	if (len >= (int)sizeof(lr.spec)) {
		complain("%s: too long", spec);
		return (-1);
	}
	if ((s = machine_socket(r)) == -1)
		return (-1);
	if ((error = ioctl(s, SIOCIFPLUG, &lr)) == -1)
		complain("%s: %s: %s", r->name, ifname, lr.why[0] != '\0' ? lr.why : strerror(errno));
	close(s);
	return (error);
}

int
machine_plug(const char *name, const char *word)
{
	const char *eq = strchr(word, '=');
	char ifname[IFNAMSIZ], on[8] = "1";
	struct running r;

	if (running_find(name, &r) == -1 || bsd_only(&r) == -1)
		return (1);
	if (eq == NULL)
		return (link_ctl(&r, word, "carrier", on, sizeof(on)) == -1);
	if (eq == word || (size_t)(eq - word) >= sizeof(ifname)) {
		complain("%s: not INTERFACE=KIND:SPEC", word);
		return (2);
	}
	snprintf(ifname, sizeof(ifname), "%.*s", (int)(eq - word), word);
	return (link_attach(&r, ifname, eq + 1) == -1);
}

int
machine_unplug(const char *name, const char *ifname, bool remove)
{
	struct if_linkreq lr;
	char off[8] = "0";
	struct running r;
	int s, error;

	if (running_find(name, &r) == -1 || bsd_only(&r) == -1)
		return (1);
	if (!remove)
		return (link_ctl(&r, ifname, "carrier", off, sizeof(off)) == -1);
	memset(&lr, 0, sizeof(lr));
	snprintf(lr.name, sizeof(lr.name), "%s", ifname);
	if ((s = machine_socket(&r)) == -1)
		return (1);
	error = ioctl(s, SIOCIFUNPLUG, &lr);
	if (error == -1 && lr.why[0] != '\0')
		complain("%s: %s", r.name, lr.why);
	else if (error == -1)
		complain("%s: %s: %s", r.name, ifname, strerror(errno));
	close(s);
	return (error == -1);
}

int
lab_link_name(const struct running *r, int i, const char *spec, char ifname[16])
{
	static struct if_row *rows;
	static size_t n;
	size_t len = 512 * sizeof(*rows);

	if (i == 0) {
		free(rows);
		n = 0;
		setenv("BSD_ROOT", r->root, 1);
		if ((rows = malloc(len)) == NULL || bsd_reopen() == -1 ||
		    bsd_sysctl("net.link.list", rows, &len, NULL, 0) == -1) {
			complain("%s: list of interfaces: %s", r->name, strerror(errno));
			return (-1);
		}
		n = len / sizeof(*rows);
	}
	if ((size_t)i >= n)
		return (-1);
	snprintf(ifname, 16, "%s", strncmp(rows[i].link, spec, sizeof(rows[i].link) - 1) == 0 ? rows[i].name : "");
	return (0);
}
