/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Filters for captures with BSD's number of a family in front. */

#ifndef LIBUTIL_PFLOGFILTER_H
#define LIBUTIL_PFLOGFILTER_H

#include <net/bpf.h>

/*
 * libpcap compares the family in a pflog header with the host's AF_INET6, and
 * there stands BSD's.  Puts that into prog[n], wherever the program compares
 * the family byte and nothing else.  How many places were mended.
 */
unsigned int pflog_filter_mend(struct bpf_insn *prog, unsigned int n);
/* The same for captures of loopbacks and tunnels (DLT_LOOP). */
unsigned int loop_filter_mend(struct bpf_insn *prog, unsigned int n);

#endif
