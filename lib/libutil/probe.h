/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What ping and traceroute share. */

#ifndef LIBUTIL_PROBE_H
#define LIBUTIL_PROBE_H

#include <stddef.h>
#include <stdint.h>

#define SO_RTABLE 0x1021 /* Fugu's own, not the C library's */

/* A number within min..max; if it is none, a line as prog and status 2. */
double probe_number(const char *prog, const char *what, const char *text,
    double min, double max);
/* Microseconds of a clock that only goes forward. */
uint64_t probe_now_us(void);
/* The Internet checksum (RFC 1071) of len bytes, host order. */
uint16_t probe_cksum(const uint8_t *p, size_t len);
/* AF_INET6 for a program called as ping6 and the like, or AF_UNSPEC. */
int probe_family(const char *argv0);

#endif
