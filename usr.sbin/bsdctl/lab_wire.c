/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What is bad about the wires of a lab that runs: each end has it, and is told
 * by its kernel.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

static int
fault_set(const struct lab *lab, const struct lab_wire *w, const struct lab_fault *f)
{
	char path[LAB_NAME_MAX + PORT_NAME_MAX + 2], value[128];
	struct running r;

	for (size_t i = 0; i < lab->nmachines; i++) {
		const struct lab_machine *m = &lab->machine[i];

		for (size_t k = 0; k < m->ninterfaces; k++) {
			if (m->kind != MACHINE_BSD || strcmp(m->interface[k].wire, w->name) != 0)
				continue;
			snprintf(path, sizeof(path), "%s/%s", lab->name, m->name);
			snprintf(value, sizeof(value), "%s", f->value);
			if (running_find(path, &r) == -1 || link_ctl(&r, m->interface[k].name, f->key, value, sizeof(value)) == -1)
				return (-1);
		}
	}
	return (0);
}

int
wires_spoil(const struct lab *lab)
{
	for (size_t i = 0; i < lab->nwires; i++)
		for (size_t k = 0; k < lab->wire[i].nfaults; k++)
			if (fault_set(lab, &lab->wire[i], &lab->wire[i].fault[k]) == -1)
				return (-1);
	return (0);
}

/* Every interface of lab whose link is that wire: set key, or print all. */
static int
wire_end(const struct running *r, const char *wirepath, char *words[], int n, int *ends)
{
	static const char *const keys[] = { "loss", "dup", "reorder", "corrupt", "delay", "jitter", "bandwidth" };
	char value[128], ifname[16];
	int unit;

	for (unit = 0; lab_link_name(r, unit, wirepath, ifname) != -1; unit++) {
		if (ifname[0] == '\0')
			continue;
		(*ends)++;
		for (int i = 0; i + 1 < n; i += 2) {
			snprintf(value, sizeof(value), "%s", words[i + 1]);
			if (link_ctl(r, ifname, words[i], value, sizeof(value)) == -1)
				return (-1);
		}
		if (n > 0)
			continue;
		printf("%s/%s %s:", r->lab, r->name, ifname);
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			value[0] = '\0';
			if (link_ctl(r, ifname, keys[i], value, sizeof(value)) == 0)
				printf(" %s %s", keys[i], value);
		}
		printf("\n");
	}
	return (0);
}

int
wire_set(const char *name, const char *wire, char *words[], int n)
{
	char path[PATH_MAX];
	struct running *list;
	int count, ends = 0, bad = 0;

	if (n % 2 != 0) {
		complain("%s has no value", words[n - 1]);
		return (2);
	}
	if ((count = running_list(name, &list)) == -1)
		return (1);
	snprintf(path, sizeof(path), "wire:%s/%s/wires/%s", state_dir(), name, wire);
	for (int i = 0; i < count && bad == 0; i++)
		if (list[i].pid != 0 && list[i].kind == MACHINE_BSD)
			bad = wire_end(&list[i], path, words, n, &ends);
	free(list);
	if (bad == 0 && ends == 0) {
		complain("no running machine of lab %s is on a wire called %s", name, wire);
		return (1);
	}
	return (bad != 0);
}

int
wires_show(const char *name)
{
	char path[PATH_MAX];
	struct dirent **wire;
	int n, bad = 0;

	if (state_dir() == NULL)
		return (1);
	snprintf(path, sizeof(path), "%s/%s/wires", state_dir(), name);
	if ((n = scandir(path, &wire, NULL, versionsort)) == -1) {
		complain("no lab called %s", name);
		return (1);
	}
	for (int i = 0; i < n; i++) {
		if (wire[i]->d_name[0] != '.') {
			printf("%s:\n", wire[i]->d_name);
			bad |= wire_set(name, wire[i]->d_name, NULL, 0);
		}
		free(wire[i]);
	}
	free(wire);
	return (bad);
}
