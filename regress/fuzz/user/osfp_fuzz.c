/* LINK: sbin/pfctl */
/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Any bytes as a pf.os: no crash, and what is read has the shape that the
 * kernel asks for; each entry is known by its own name.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sbin/pfctl/pf_ctl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
shape(const struct osfps *l, const struct pf_ioc_osfp *f)
{
	char name[3 * PF_OSFP_NAMESIZE];

	if (f->class[0] == '\0' || f->nopts > PF_OSFP_OPTS_MAX ||
	    f->opts >> (PF_OSFP_OPT_BITS * f->nopts) != 0 || f->ttl == 0 ||
	    (f->flags & ~PF_OSFP_ALL) != 0 ||
	    (f->flags & PF_OSFP_WSIZE_MOD && f->wsize == 0) ||
	    (f->flags & PF_OSFP_MSS_MOD && f->mss == 0) ||
	    (f->flags & PF_OSFP_WSCALE_MOD && f->wscale == 0))
		abort();
	snprintf(name, sizeof(name), "%s%s%s%s%s", f->class,
	    f->version[0] != '\0' ? " " : "", f->version,
	    f->subtype[0] != '\0' ? " " : "", f->subtype);
	if (!osfps_know(l, name))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	struct osfps l = { .path = "fuzz" };
	struct pfconf *pc;
	size_t i;
	FILE *f;

	if ((null == NULL && (null = fopen("/dev/null", "w")) == NULL) ||
	    size == 0 || memchr(data, '\0', size) != NULL)
		return (0);
	pc = pfconf_new(null, null, OPT_NODNS, &pf_ifs_host);
	if ((f = fmemopen((void *)(uintptr_t)data, size, "r")) != NULL) {
		osfps_parse(pc, &l, f);
		fclose(f);
	}
	for (i = 0; i < l.n; i++)
		shape(&l, &l.list[i]);
	pfconf_free(pc);
	return (0);
}
