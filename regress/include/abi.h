/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* One row of abi_rows.h with its value on one side. */

#ifndef ABI_H
#define ABI_H

struct abi_row {
	const char *name;
	unsigned long value;
};
/* The rows as the host's C library and the programs' view of our headers have them. */
extern const struct abi_row abi_host[];
extern const unsigned int abi_nhost;

/* clang-format off */
#define ABI_V(c) { #c, (unsigned long)(c) },
#define ABI_S(t) { "sizeof(" #t ")", sizeof(t) },
#define ABI_O(t, m) { "offset of " #m " in " #t, __builtin_offsetof(t, m) },
#define ABI_M(t, m) { "size of " #m " in " #t, sizeof(((t *)0)->m) },
/* clang-format on */

#endif
