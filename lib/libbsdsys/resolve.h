/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Inside libbsdsys: looking names up (resolve.c, dns.c). */

#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#define FOUND_MAX 32
struct found {
	int n;
	bool known; /* the name is there, perhaps in another family */
	char text[FOUND_MAX][46];
	char canon[1025];
};

/*
 * The machine's own in place of /etc/resolv.conf or /etc/hosts.  False: path
 * is another, or the machine has none.
 */
bool machine_file(const char *path, char *buf, size_t size);
/*
 * Addresses of name by DNS (RFC 1034, 1035) from the servers in the machine's
 * resolv.conf.  af: AF_INET, AF_INET6, AF_UNSPEC.  0, or EAI_NONAME (there is
 * none), EAI_NODATA, EAI_AGAIN (nobody answered), EAI_FAIL.
 */
int dns_lookup(const char *name, int af, struct found *f);
/* The name of an address.  False: none. */
bool dns_reverse(int af, const void *addr, char *name, size_t room);

#endif
