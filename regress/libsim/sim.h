/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The simulator: several kernels in one process, joined by wires in memory,
 * on one virtual clock.
 *
 *	sim_new("ping", 1);
 *	a = sim_machine("a"); b = sim_machine("b");
 *	w = sim_wire("w");
 *	sim_plug(a, "fxp0", w); sim_plug(b, "fxp0", w);
 *	sim_run(1000000);
 *	sim_end(failed);
 *
 * Nothing here takes time or chance from outside: with the same seed and the
 * same calls, every frame leaves at the same nanosecond with the same bytes.
 * One simulation at a time.  A call that cannot do its work (no memory, no
 * bsd.so, a name twice) says why on stderr and aborts: a test has no use for
 * half a world.
 */

#ifndef SIM_H
#define SIM_H

#include <machine/kernel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_machine;
struct sim_wire;

/* --- the world --- */
/* An empty world; the clock stands at one second.  One that was left by a
 * failed test is ended as such. */
void sim_new(const char *name, uint64_t seed);
/*
 * Ends it.  If the test failed, or SIM_PCAP is set, what each wire carried is
 * left as NAME.WIRE.pcap in the folder SIM_PCAP, or O/log, or here.  Without
 * a world it does nothing.  A process that exits, aborts or is ended by a
 * sanitizer while there is one leaves the same.
 */
void sim_end(bool failed);
/* Nanoseconds since the world began, plus one second. */
uint64_t sim_now(void);
/* Works until nothing is left to do at this instant. */
void sim_settle(void);
/* Works for so many microseconds. */
void sim_run(uint64_t us);
/* Works until fn(arg), looked at after each instant; false: limit_us passed. */
bool sim_run_until(bool (*fn)(void *arg), void *arg, uint64_t limit_us);

/* --- machines --- */
/* A private copy of the kernel, booted. */
struct sim_machine *sim_machine(const char *name);
/*
 * The same, with the n-th allocation of its boot failing; n 0: none.  NULL
 * when the boot said it failed (*error), otherwise the machine.
 */
struct sim_machine *sim_machine_failing(const char *name, long n, int *error);
/* Plugs an interface of m into w.  0 or errno with a sentence in why (may be NULL). */
int sim_plug_why(struct sim_machine *m, const char *ifname, struct sim_wire *w,
    char *why, size_t whylen);
void sim_plug(struct sim_machine *m, const char *ifname, struct sim_wire *w);
/* Pulls the cable (false) or puts it back. */
void sim_carrier(struct sim_machine *m, const char *ifname, bool on);
/*
 * A system call of uid 0 on m: as kernel_syscall(), with a payload in/inlen,
 * room out/outlen for the answer, a descriptor fd or -1, and a new one in
 * *newfd (may be NULL: closed).  The value or -errno; the world has settled.
 */
long sim_syscall(struct sim_machine *m, int no, const unsigned long long arg[6],
    const void *in, size_t inlen, void *out, size_t *outlen, int fd,
    int *newfd);
/* Allocations that m has not given back. */
long sim_machine_live(const struct sim_machine *m);
/* The n-th allocation of m from now fails; 0: none.  Then: has it? */
void sim_machine_fail(struct sim_machine *m, long n);
bool sim_machine_failed(const struct sim_machine *m);

/* --- wires --- */
/* A hub with any number of ends; with two ends a cable. */
struct sim_wire *sim_wire(const char *name);
/*
 * Sets a property: loss dup reorder corrupt delay jitter bandwidth seed, as
 * in wire(4), or "offload" "1": takes unfinished frames.  From now on.
 */
void sim_wire_set(struct sim_wire *w, const char *key, const char *value);
/* A frame from nowhere, to all ends, now. */
void sim_inject(struct sim_wire *w, const void *frame, size_t len);

/* A frame that was sent on a wire, whether or not it arrived. */
struct sim_frame {
	uint64_t when_ns;
	const uint8_t *data;
	size_t len;
	const struct sim_machine *from; /* NULL: injected */
};
/* The n-th frame of w, from 0.  False: there were fewer. */
bool sim_wire_frame(const struct sim_wire *w, size_t n, struct sim_frame *f);
size_t sim_wire_count(const struct sim_wire *w);
/*
 * Works until a frame at or behind *n fits; *n is then behind it.  False
 * when limit_us passed.  f's data are good until the next frame is sent.
 */
bool sim_expect(struct sim_wire *w, size_t *n, struct sim_frame *f,
    bool (*fits)(const struct sim_frame *f, void *arg), void *arg,
    uint64_t limit_us);
/* A sum over time and bytes of all that all wires carried. */
uint64_t sim_digest(void);

/* --- what every test does --- */
/* An ioctl of <net/if_ioctl.h>; data is its structure.  0 or errno. */
int sim_ioctl(struct sim_machine *m, unsigned long cmd, void *data);
/*
 * Gives ifname an address ("10.0.0.1/24", "fd00::1/64"), creating a loop-back
 * or other cloned interface if need be, and sets it up.
 */
void sim_address(struct sim_machine *m, const char *ifname, const char *addr);
/* Sets it up or down. */
void sim_up(struct sim_machine *m, const char *ifname, bool up);
/* A variable of sysctl(9), an integer, read and set. */
long long sim_sysctl(struct sim_machine *m, const char *name);
void sim_sysctl_set(struct sim_machine *m, const char *name, int value);
/* Any variable, into old: its length or -errno. */
long sim_sysctl_raw(struct sim_machine *m, const char *name, void *old,
    size_t room);
/* All about an interface: a struct if_row.  0 or errno. */
struct if_row;
int sim_ifrow(struct sim_machine *m, const char *ifname, struct if_row *row);

/* --- packets by hand --- */
/* All of them write a whole frame to buf and return its length. */
struct sim_ends {
	uint8_t smac[6], dmac[6];
	uint8_t src[16], dst[16]; /* 4 bytes used for IPv4 */
	uint8_t ttl;
};
size_t sim_arp(uint8_t *buf, const struct sim_ends *e, unsigned int op);
/* IPv4 or IPv6 with protocol proto around payload. */
size_t sim_ip4(uint8_t *buf, const struct sim_ends *e, uint8_t proto,
    const void *payload, size_t len);
size_t sim_ip6(uint8_t *buf, const struct sim_ends *e, uint8_t next,
    const void *payload, size_t len);
size_t sim_echo4(uint8_t *buf, const struct sim_ends *e, uint16_t id,
    uint16_t seq, size_t len);
size_t sim_echo6(uint8_t *buf, const struct sim_ends *e, uint16_t id,
    uint16_t seq, size_t len);
size_t sim_udp4(uint8_t *buf, const struct sim_ends *e, uint16_t sport,
    uint16_t dport, const void *data, size_t len);
/* The Internet checksum (RFC 1071) of len bytes, added to sum. */
uint16_t sim_cksum(uint32_t sum, const void *data, size_t len);

#endif
