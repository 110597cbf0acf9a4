/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Numbers of command lines. */

#ifndef LIBUTIL_NUMBER_H
#define LIBUTIL_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads a number without a sign, which must be the whole text: base 10, 16, or 0
 * for the bases of C by their prefixes.  False: it is none, or not within min to
 * max; *v is as it was.
 */
bool number_read(const char *text, int base, uint64_t min, uint64_t max,
    uint64_t *v);

#endif
