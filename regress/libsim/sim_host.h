/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the parts of the simulator share. */

#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <machine/host.h>

#include <stdbool.h>
#include <stdint.h>

struct sim_watch;
struct sim_end;

/* What one kernel has of the host; a test without machines has one, too. */
struct sim_state {
	uint64_t seed;
	long live;    /* allocations not given back */
	long fail_in; /* this many allocations from now one fails; 0: none */
	bool failed;  /* it did */
	bool exited;
	int status;
	const char *name;
	struct host_watch *watches;
	bool kicked;          /* work was queued from outside the loop */
	bool woken;           /* host_wake() since the last host_sleep() */
	struct sim_end *ends; /* links */
};
/* The kernel that runs now. */
extern struct sim_state *sim_at;
extern uint64_t sim_now_ns;

/* Is st the one of a test without machines? */
bool sim_alone(const struct sim_state *st);
/* Reports and aborts. */
void sim_die(const char *fmt, ...)
    __attribute__((__noreturn__, __format__(__printf__, 1, 2)));
/* Runs the callbacks of sim_at whose descriptors are ready.  Any? */
bool sim_watches_run(void);
/* Hands over what has arrived at the links of sim_at.  Anything? */
bool sim_links_run(void);
/* The world goes on until sim_at is woken or the deadline has come. */
void sim_world_sleep(uint64_t deadline);
/* Time of the next frame's arrival, ~0 if none; and what is due arrives. */
uint64_t sim_wires_next(void);
void sim_wires_arrive(void);
/* The wires of a new world; the end of them. */
void sim_wires_new(const char *name, uint64_t seed);
void sim_wires_end(bool save);
void sim_wires_save(void);
/* The machine whose state st is. */
struct sim_machine;
const struct sim_machine *sim_machine_of(const struct sim_state *st);
int sim_link_carrier(struct sim_state *st, const char *ifname, bool on);

#endif
