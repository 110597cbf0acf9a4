/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms of route share. */

#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include <net/rtmsg.h>

/* Options in front of the command. */
struct options {
	bool numeric, quiet, verbose;
	bool dry; /* -d, -t: say what would be done */
	bool tabled;
	unsigned int table;
};
extern struct options opt;

/* A command line, read: the message, and what is said about it. */
struct request {
	struct rt_msg m;
	const char *word[3]; /* destination, gateway, netmask; as written */
	int nwords;
	int af; /* -inet, -inet6; else AF_UNSPEC */
	const char *mask, *ifa;
	int plen; /* -1: not said */
	bool host, net, link, iface, nostatic;
	bool gateway_only;     /* the next word is for -gateway (show) */
	bool prefixed, ishost; /* prefix length with the destination; result */
	struct ip_addr gateway;
	int gatewayaf; /* -gateway of show */
};

/*
 * Reads the modifiers and words of a command up to NULL; at most nwords
 * words.  The end, with status 1 or 2 after a line, when one is wrong.
 */
void words_read(struct request *rq, char *argv[], int nwords);
/* The words read become fields of the message.  The end when one is wrong. */
void destination_read(struct request *rq);
void gateway_read(struct request *rq);

/* The answer to get, and messages as route monitor shows them. */
void get_show(const char *asked, const struct rt_msg *m);
void message_show(const void *buf);

void usage(void) __attribute__((__noreturn__));
/* "route: what: why", status 1. */
void fail(const char *what, const char *why) __attribute__((__noreturn__));
/* A number up to max, or the end with status 2. */
unsigned long number(const char *what, const char *text, unsigned long max);

#endif
