/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the parts of the simulator share. */

#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <stdbool.h>
#include <stdint.h>

struct sim_state {
	uint64_t now_ns;
	uint64_t seed;
	long live; /* allocations not given back */
	long fail_in; /* this many allocations from now one fails; 0: none */
	bool failed; /* it did */
	bool woken; /* host_wake() was called during host_sleep() */
	bool exited;
	int status;
};
extern struct sim_state sim;

#endif
