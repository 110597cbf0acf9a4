/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Host names and addresses as a machine knows them. */

#ifndef LIBUTIL_HOST_H
#define LIBUTIL_HOST_H

#include <sys/socket.h>

#include <stddef.h>

/*
 * The address that name stands for: a number, with %interface for a
 * link-local one, or a name, looked up as bsdsys(7) says for all programs.  af:
 * AF_INET, AF_INET6, or AF_UNSPEC for whichever comes first.  0, or -1 after
 * prog: name: reason was printed.
 */
int host_resolve(const char *prog, const char *name, int af, struct sockaddr_storage *ss, socklen_t *len);
/* As text, with its scope; into buf, which is returned. */
const char *host_text(const struct sockaddr *sa, char *buf, size_t size);
/*
 * The name of an address, looked up as bsdsys(7) says, or its text.  Name
 * servers that are silent are not waited for again.
 */
const char *host_name_of(const struct sockaddr *sa, char *buf, size_t size);
/* Index of an interface of the machine, 0 for none; and its name, "" for none. */
unsigned int host_ifindex(const char *ifname);
const char *host_ifname(unsigned int index, char buf[16]);

#endif
