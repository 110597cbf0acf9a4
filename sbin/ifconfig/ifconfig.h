/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms of ifconfig share. */

#ifndef IFCONFIG_H
#define IFCONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if_ioctl.h>

/* The interface being worked on, and what its words have asked for so far. */
struct work {
	char name[IFNAMSIZ];
	int af;            /* of the addresses that follow */
	bool family_given; /* inet or inet6 was written */
	/* an address to be added or deleted when all words are read */
	struct if_addrreq addr;
	bool addr_set, addr_delete, addr_alias, plen_set;
	bool pltime_set, vltime_set, eui64;
	bool autoconf; /* brings the interface up */
	/* a vlan's parent and tag, set together */
	struct vlan_req vlan;
	bool vlan_tag_set, vlan_parent_set;
	const char *second; /* argument of the word being run, or NULL */
	bool down; /* said so: an address does not bring it up */
};

/* A word: takes nargs more, the second by w->second; flag is handed on. */
struct word {
	const char *text;
	int nargs;
	void (*run)(struct work *w, const char *arg, uint64_t flag);
	uint64_t flag;
};
extern const struct word inet_words[], vlan_words[], link_words[],
    bridge_words[];

/* Prints "ifconfig: ..." and ends with status 1. */
void fail(const char *fmt, ...)
    __attribute__((__noreturn__, __format__(__printf__, 1, 2)));
/* The words are only judged: if_call() asks nothing and returns 0. */
extern bool rehearsal;
/* The ioctl, or 0 / -1 and errno. */
int if_call(unsigned long cmd, void *data);
/* The same, or the end: "NAME: what: reason". */
void if_must(struct work *w, unsigned long cmd, void *data, const char *what);
/* A whole sysctl, malloc()ed; NULL and errno. */
void *if_read(const char *name, size_t *lenp);
/* A number within min..max, or the end. */
uint64_t number(const char *what, const char *text, uint64_t min, uint64_t max);

/* Sets flags of the interface, or with FLAG_OFF clears them. */
#define FLAG_OFF (1ULL << 63)
void flags_change(struct work *w, uint64_t flags);

/* Address words (if_inet.c). */
void inet_address(struct work *w, const char *text);
void inet_finish(struct work *w);
void inet_show(const struct if_row *row, const struct if_addrreq *a);
/* vlan and pair (if_vlan.c). */
void vlan_finish(struct work *w);
void vlan_show(const struct if_row *row);
/* bridges (if_bridge.c). */
void bridge_show(const struct if_row *row);
/* Interfaces (if_show.c).  Status for exit(). */
int show(const char *name, bool all, int af);
int show_cloners(void);
/* The name of the interface with that link address. */
int show_lladdr(const char *lladdr);

#endif
