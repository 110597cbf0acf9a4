/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Neighbours set by hand: words and files of them, for arp and ndp. */

#ifndef LIBUTIL_NBRSET_H
#define LIBUTIL_NBRSET_H

#include <sys/socket.h>

#include <net/ip_addr.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nbr_want {
	char host[128]; /* as it was said */
	struct ip_addr addr;
	unsigned int
	    scope; /* interface of a link-local address, 0: none said */
	uint8_t lladdr[6];
	bool temp, publish;
};

/* What else may follow host and link address, by family. */
struct nbr_words {
	const char *prog;
	int af;
	const char *publish; /* "pub", "proxy" */
};

/* "1:23:45:67:89:ab", digits left out at will.  0, or -1. */
int nbr_lladdr(const char *text, uint8_t lladdr[6]);
/*
 * Words "host lladdr [temp | permanent] [publish]", NULL at the end.  0, or -1
 * after one line as prog, with where ("file:7: ", or "") before what is wrong.
 */
int nbr_parse(const struct nbr_words *w, char *const word[], const char *where,
    struct nbr_want *want);
/*
 * All lines of a file; # begins a remark.  *want is malloc()ed, the caller
 * frees.  0, or -1 after one line that names file and line.
 */
int nbr_file(const struct nbr_words *w, const char *path,
    struct nbr_want **want, size_t *n);

#endif
