/* LINK: usr.sbin/bsdctl sys/arch/user/host */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Any bytes as a lab.conf(5).  A file that is taken gives a lab in which all
 * names are names, every interface is on a wire or a link, and the wires take
 * the faults they shall have; one that is refused has said why.
 */

#include <sys/mman.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <usr.sbin/bsdctl/lab.h>

#include "../../../sys/arch/user/host/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *host_name = "fuzz"; /* the host layer's */
int host_loglevel = 0;

static FILE *said;
static char *said_text;
static size_t said_len;

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	printf("not true: %s\n", what);
	abort();
}

static void
name_check(const char *name)
{
	must(isalnum((unsigned char)name[0]), "a name begins with a letter");
	for (; *name != '\0'; name++)
		must(isalnum((unsigned char)*name) || strchr("-_", *name),
		    "a name has letters, digits, - and _");
}

static void
machine_check(struct lab *lab, const struct lab_machine *m)
{
	name_check(m->name);
	must(lab_machine_find(lab, m->name) == m, "a machine is there once");
	must(m->kind == MACHINE_NETNS || m->commands.n == 0,
	    "only a namespace runs commands");
	for (size_t i = 0; i < m->ninterfaces; i++) {
		const struct lab_interface *ifc = &m->interface[i];

		name_check(ifc->name);
		must(ifc->wire[0] == '\0' || ifc->spec[0] == '\0',
		    "an interface is on a wire or a link");
		must(m->kind == MACHINE_BSD || ifc->wire[0] != '\0',
		    "a namespace's is on a wire");
		must(ifc->wire[0] == '\0' ||
			lab_wire_find(lab, ifc->wire) != NULL,
		    "the wire is there");
	}
}

static void
wire_check(const struct lab_wire *w)
{
	struct wire_faults wf = { .seed = 1 };
	char out[64];

	name_check(w->name);
	for (size_t i = 0; i < w->nfaults; i++)
		must(wire_fault_ctl(&wf, w->fault[i].key, w->fault[i].value,
			 out, sizeof(out)) == 0,
		    "a wire takes its faults");
}

static void
whole_check(struct lab *lab)
{
	must(lab->nmachines > 0, "a lab has a machine");
	for (size_t i = 0; i < lab->nwires; i++)
		wire_check(&lab->wire[i]);
	for (size_t i = 0; i < lab->nmachines; i++)
		machine_check(lab, &lab->machine[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lab *lab;
	char path[40];
	int fd;

	if (said == NULL) {
		if ((said = open_memstream(&said_text, &said_len)) == NULL)
			return (-1);
		stderr = said;
	}
	if ((fd = memfd_create("lab.conf", MFD_CLOEXEC)) == -1 ||
	    write(fd, data, size) != (ssize_t)size)
		return (-1);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	rewind(said);
	fflush(said);
	lab = lab_read(path);
	fflush(said);
	must((lab == NULL) == (said_len > 0), "who refuses says why");
	if (lab != NULL)
		whole_check(lab);
	lab_free(lab);
	close(fd);
	return (0);
}
