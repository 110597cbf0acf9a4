/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Where the packet filter hangs itself into the stack.
 */

#include <net/packet_filter.h>
#include <stddef.h>

const struct packet_filter *packet_filter = NULL;
