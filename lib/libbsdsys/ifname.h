/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Inside libbsdsys: interfaces as Linux programs see them. */

#ifndef IFNAME_H
#define IFNAME_H

#include <stdbool.h>
#include <stdint.h>

/* Flags of an interface in Linux's numbers. */
unsigned int ifname_flags(uint32_t ours);
/* Is cmd one of Linux's about interfaces?  Then *result is 0, or -1 with
 * errno, and arg is filled. */
bool ifreq_ioctl(unsigned long cmd, void *arg, int *result);

#endif
