/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Names of the type of service, for pfctl, ping and traceroute. */

#ifndef LIBUTIL_TOS_H
#define LIBUTIL_TOS_H

/* "ef", "lowdelay": the whole byte (RFC 2474, RFC 791).  -1: no such name. */
int tos_number(const char *name);
/* The same or a number 0..255, also 0x10; ends prog with status 2 if neither. */
int tos_read(const char *prog, const char *text);

#endif
