/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Neighbours as text, for arp and ndp. */

#ifndef LIBUTIL_NBRSHOW_H
#define LIBUTIL_NBRSHOW_H

#include <stdbool.h>

/*
 * Prints the neighbours of family af, or only the one called host (NULL: all).
 * 0; 1 when that one is not there or something failed, after a message as prog.
 */
int nbr_show(const char *prog, int af, const char *host, bool numeric);

#endif
