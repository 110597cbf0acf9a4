/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What is bad about a wire: loss, time, order, bits. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define PPM 1000000U

bool
wire_fault_any(const struct wire_faults *wf)
{
	return ((wf->loss | wf->dup | wf->reorder | wf->corrupt) != 0 ||
	    (wf->delay_ns | wf->jitter_ns | wf->bandwidth) != 0);
}

bool
wire_fault_packets(const struct wire_faults *wf)
{
	return ((wf->loss | wf->dup | wf->reorder | wf->corrupt) != 0 ||
	    (wf->jitter_ns | wf->bandwidth) != 0);
}

uint64_t
wire_random(struct wire_faults *wf)
{
	wf->seed ^= wf->seed >> 12;
	wf->seed ^= wf->seed << 25;
	wf->seed ^= wf->seed >> 27;
	return (wf->seed * 0x2545f4914f6cdd1dULL);
}

bool
wire_chance(struct wire_faults *wf, uint32_t ppm)
{
	return (ppm > 0 && (uint32_t)((wire_random(wf) >> 32) * PPM >> 32) < ppm);
}

uint64_t
wire_due(struct wire_faults *wf, uint64_t now_ns, uint32_t len)
{
	uint64_t due = now_ns;

	if (wf->bandwidth != 0) {
		if (wf->busy_until_ns < now_ns)
			wf->busy_until_ns = now_ns;
		wf->busy_until_ns += len * 8ULL * 1000000000ULL / wf->bandwidth;
		due = wf->busy_until_ns;
	}
	due += wf->delay_ns;
	if (wf->jitter_ns != 0)
		due += wire_random(wf) % wf->jitter_ns;
	return (due);
}

/* --- values --- */

struct unit {
	const char *name;
	double factor;
};
static const struct unit percent_units[] = { { "%", 10000 }, { "", 10000 }, { NULL, 0 } };
static const struct unit time_units[] = { { "ms", 1e6 }, { "", 1e6 }, { "us", 1e3 }, { "s", 1e9 }, { "ns", 1 }, { NULL, 0 } };
static const struct unit rate_units[] = { { "", 1 }, { "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 } };
static const struct unit plain_units[] = { { "", 1 }, { NULL, 0 } };

static const struct property {
	const char *key;
	size_t offset;
	bool wide; /* uint64_t, else uint32_t */
	const struct unit *units;
	double max; /* in base units */
} properties[] = {
	{ "loss", offsetof(struct wire_faults, loss), false, percent_units, PPM },
	{ "dup", offsetof(struct wire_faults, dup), false, percent_units, PPM },
	{ "reorder", offsetof(struct wire_faults, reorder), false, percent_units, PPM },
	{ "corrupt", offsetof(struct wire_faults, corrupt), false, percent_units, PPM },
	{ "delay", offsetof(struct wire_faults, delay_ns), true, time_units, 60e9 },
	{ "jitter", offsetof(struct wire_faults, jitter_ns), true, time_units, 60e9 },
	{ "bandwidth", offsetof(struct wire_faults, bandwidth), true, rate_units, 1e12 },
	{ "seed", offsetof(struct wire_faults, seed), true, plain_units, 1.8e19 },
};

static int
value_parse(const struct property *p, const char *text, double *v)
{
	char *end;

	*v = strtod(text, &end);
	if (end == text || !(*v >= 0))
		return (-EINVAL);
	for (const struct unit *u = p->units; u->name != NULL; u++)
		if (strcmp(u->name, end) == 0) {
			*v *= u->factor;
			return (*v <= p->max ? 0 : -EINVAL);
		}
	return (-EINVAL);
}

int
wire_fault_ctl(struct wire_faults *wf, const char *key, const char *val, char *out, size_t outlen)
{
	const struct property *p = NULL;
	char *at;
	double v;
	uint64_t now;
	uint32_t narrow;

	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (strcmp(properties[i].key, key) == 0)
			p = &properties[i];
	if (p == NULL)
		return (-EOPNOTSUPP);
	at = (char *)wf + p->offset;
	if (val[0] != '\0') {
		if (value_parse(p, val, &v) != 0)
			return (-EINVAL);
		now = (uint64_t)v;
		if (p->units == plain_units && now == 0)
			now = 1; /* a generator that is not stuck */
		narrow = (uint32_t)now;
		memcpy(at, p->wide ? (void *)&now : (void *)&narrow, p->wide ? sizeof(now) : sizeof(narrow));
	}
	if (p->wide)
		memcpy(&now, at, sizeof(now));
	else {
		memcpy(&narrow, at, sizeof(narrow));
		now = narrow;
	}
	if (outlen > 0)
		snprintf(out, outlen, "%.10g%s", (double)now / p->units[0].factor, p->units[0].name);
	return (0);
}
