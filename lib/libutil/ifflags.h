/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Flags of interfaces as text, for ifconfig and route. */

#ifndef LIBUTIL_IFFLAGS_H
#define LIBUTIL_IFFLAGS_H

#include <stddef.h>
#include <stdint.h>

/* "UP,BROADCAST,RUNNING" of IFF_* and IFXF_*; into buf, which is returned. */
const char *if_flags_names(uint32_t flags, char *buf, size_t size);

#endif
