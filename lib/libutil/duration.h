/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Times left as text, for arp and ndp. */

#ifndef LIBUTIL_DURATION_H
#define LIBUTIL_DURATION_H

#include <stdint.h>

/* "1d2h3m4s" without the zeros in front; UINT32_MAX is "never".  The text may
 * be in buf, or a constant. */
const char *duration_text(uint32_t seconds, char buf[32]);

#endif
