/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* altq and queue lines while they are read; see pf_altq.c. */

#ifndef _PF_ALTQ_H_
#define _PF_ALTQ_H_

#include <stdbool.h>
#include <stdint.h>

struct pfconf;

enum altq_sched { AQ_NONE, AQ_CBQ, AQ_PRIQ, AQ_HFSC, AQ_FAIRQ, AQ_CODEL };
enum altq_number { AQ_PRIORITY, AQ_QLIMIT, AQ_TBRSIZE, AQ_NNUMBERS };
#define AQ_NVALUES 7 /* kinds of scheduler options with a value */

void altq_new(struct pfconf *pc, bool interface);
void altq_bandwidth(struct pfconf *pc, const char *s);
void altq_number(struct pfconf *pc, enum altq_number which, int64_t n);
void altq_sched(struct pfconf *pc, int sched);
void altq_codel(struct pfconf *pc, const char *word);
/* One word between the brackets of a scheduler; and their end. */
void altq_word(struct pfconf *pc, const char *word);
void altq_words_end(struct pfconf *pc);
void altq_modern(struct pfconf *pc, const char *word);
void altq_done(struct pfconf *pc);

/* A queue that an altq line or another queue has named. */
struct aq_child {
	struct aq_child *next;
	const char *name;
	int sched; /* of its interface */
};

struct altq {
	bool interface; /* altq on IF; else: queue NAME */
	const char *name;
	struct node_if *ifs;
	struct node_str *children;
	int sched;
	bool has_bandwidth, percent;
	const char *bandwidth_text; /* as written */
	double bandwidth;            /* bits/s, or percent */
	int64_t number[AQ_NNUMBERS]; /* -1: not given */
	struct node_str *flags;
	const char *name_of_value;     /* whose value comes next, or NULL */
	const char *value[AQ_NVALUES]; /* scheduler options as text */
	const char *modern;            /* words of the OpenBSD 7 queue */
};

#endif
