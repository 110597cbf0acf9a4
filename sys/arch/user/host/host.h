/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the files of the host layer share. */

#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>

extern const char *host_name; /* of the machine, for the log */
extern int host_loglevel; /* lines above it are not written */

int host_exiting(int *status); /* was host_exit() called? */
int host_loop_init(void); /* 0 or errno */
/*
 * Waits until a descriptor is ready, the deadline has come (host_clock()
 * time, ~0 never, 0 do not wait) or somebody calls host_kick(), then runs the
 * callbacks.  Called with the token, which is given away meanwhile.  What a
 * kick was for is done by the caller next: kernel_step().
 */
void host_loop_wait(unsigned long long deadline);
/* With HOST_IN: told once when something arrives, not as long as it is there. */
#define HOST_EDGE (1U << 31)
/* Offers the token to who waits for it. */
void host_cpu_yield(void);
/* Words a user can understand, into why[whylen]; returns -error. */
int host_why(char *why, unsigned long whylen, int error, const char *fmt, ...)
    __attribute__((__format__(__printf__, 4, 5)));

/*
 * The property "carrier" of a link whose cable is *plugged: sets it to val, or
 * reads it when val is "".  1 when it has changed, 0, or -EINVAL.
 */
int host_carrier(bool *plugged, const char *val, char *out, unsigned long outlen);

/*
 * Frames of 64 KB are read until there are so many bytes: a batch that is read,
 * worked on and handed to a program stays in the processor's cache then.
 */
#define BATCH_BYTES (256U * 1024)

/* At the end of the process: no end of a wire is left behind. */
void wire_leave_all(void);

struct hostif_kind;
extern const struct hostif_kind hostif_wire, hostif_tap, hostif_packet, hostif_pcap;

#endif
