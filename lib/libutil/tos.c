/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Names of code points and of the older bits, as OpenBSD has them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "tos.h"

/* clang-format off */
static const struct { const char *name; int number; } names[] = {
	{ "af11", 0x28 }, { "af12", 0x30 }, { "af13", 0x38 }, { "af21", 0x48 },
	{ "af22", 0x50 }, { "af23", 0x58 }, { "af31", 0x68 }, { "af32", 0x70 },
	{ "af33", 0x78 }, { "af41", 0x88 }, { "af42", 0x90 }, { "af43", 0x98 },
	{ "critical", 0xa0 }, { "cs0", 0 }, { "cs1", 0x20 }, { "cs2", 0x40 },
	{ "cs3", 0x60 }, { "cs4", 0x80 }, { "cs5", 0xa0 }, { "cs6", 0xc0 },
	{ "cs7", 0xe0 }, { "ef", 0xb8 }, { "inetcontrol", 0xc0 },
	{ "lowdelay", 0x10 }, { "netcontrol", 0xe0 }, { "reliability", 0x04 },
	{ "throughput", 0x08 }, { "va", 0xb0 },
};
/* clang-format on */

int
tos_number(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return (names[i].number);
	return (-1);
}

int
tos_read(const char *prog, const char *text)
{
	int tos = tos_number(text);
	uint64_t v;

	if (tos != -1)
		return (tos);
	if (number_read(text, 0, 0, 255, &v))
		return ((int)v);
	fprintf(stderr,
	    "%s: tos: %s is neither a name nor a number from 0 to 255\n", prog,
	    text);
	exit(2);
}
