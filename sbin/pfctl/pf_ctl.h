/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The rooms of pfctl that talk to /dev/pf.  dev is its descriptor; opts
 * are OPT_*; functions that fail say why on standard error and return -1
 * (nothing was changed) unless they say otherwise.
 */

#ifndef _PF_CTL_H_
#define _PF_CTL_H_

#include "pfctl.h"

/* pf_cmd.c: all of pfctl but main(); the exit code. */
int pfctl_main(int argc, char **argv);

/* --- the device -------------------------------------------------------- */

/*
 * How the device is reached: open(2) and ioctl(2), or a test's own.  Both
 * return as those do, with errno.
 */
struct pf_dev {
	int (*open)(const char *path, int flags);
	int (*call)(int dev, unsigned long cmd, void *arg);
};
extern struct pf_dev pf_dev;

/* The ioctl; one name, so that every call to the kernel can be found. */
int pf_call(int dev, unsigned long cmd, void *arg);
/* Is errno what a kernel says that lacks a whole feature? */
bool pf_lacks(void);
/* Like calloc(), and without memory ends the program. */
void *xcalloc(size_t n, size_t size);

/* --- loading ----------------------------------------------------------- */

/* pf_load.c */

/*
 * Reads the fingerprints and looks for the names that `os' has in rules: an
 * unknown one is an error, with -n a warning of -vv.  Number of errors so far.
 */
int load_judge_os(struct pfconf *pc, const char *anchor);
/*
 * pf_refuse.c: the same, and reports what the kernel cannot do and what an
 * anchor (-a) cannot have, each with its file and line.  Number of errors.
 */
int load_refuse(struct pfconf *pc, const char *anchor);
/* Does this load include rulesets of kind rs? */
bool load_wants(const struct pfconf *pc, int rs);
/*
 * A rule of an anchor looks for a table in the anchor first: says so when of two
 * of one name, in these two rulesets, one is of an anchor and one is not.
 */
void table_hides(const char *name, const char *one, const char *other);
/* All of pc into the kernel, or nothing.  anchor: the target of -a. */
int load_commit(int dev, struct pfconf *pc, const char *anchor);

/* --- asking ------------------------------------------------------------ */

struct json;

/* What a -s is about. */
struct ask {
	int dev, opts;
	const char *anchor; /* "" the main ruleset */
	const char *ifname; /* -i, or NULL */
	struct json *js;    /* -j, or NULL */
	int depth;          /* of the anchor being printed */
	const char **title; /* of a part of -s all, see show_pending() */
};

/*
 * One rule with its pools, freed after fn returns.  fn returns 0 to go on,
 * -1 to stop.
 */
typedef int rule_fn(const struct ask *a, enum pf_rs rs,
    const struct pf_ioc_rule *r, struct pf_ioc_poolent *ents[PF_NPOOLS]);

/* pf_get.c */

/* Each rule of ruleset rs of a->anchor; with OPT_CLEAR its counters are zeroed. */
int each_rule(const struct ask *a, enum pf_rs rs, rule_fn *fn);
/* The names below path, one after the other; the caller frees *list. */
int get_anchors(int dev, const char *path, char (**list)[PF_ANCHOR_NAMESIZE],
    uint32_t *n);
/* False: a rule calls it, and it has nothing in it yet. */
bool anchor_exists(int dev, const char *path);
/*
 * fn for path and, when deep, every anchor below it, outer first, in the
 * order of their names.
 */
int each_anchor(int dev, const char *path, bool deep,
    int (*fn)(void *arg, const char *path), void *arg);
/* Where an anchor rule in ruleset `in' leads; "" and false: too long. */
bool anchor_resolve(char *path, size_t size, const char *in, const char *call);
/* Each state that -i lets through, in the order of ids. */
int each_state(const struct ask *a,
    void (*fn)(const struct ask *a, const struct pf_ioc_state *s));
/* Arrays as large as they are in the kernel now; the caller frees *list. */
int get_tables(const struct ask *a, uint32_t flags, struct pf_ioc_tstats **list,
    uint32_t *n);
int get_table_addrs(int dev, struct pfioc_table *io,
    struct pf_ioc_tastats **list);
int get_ifaces(const struct ask *a, struct pf_ioc_kif **list, uint32_t *n);
int get_srcnodes(const struct ask *a, struct pf_ioc_srcnode **list,
    uint32_t *n);
int get_osfps(const struct ask *a, struct pf_ioc_osfp **list, uint32_t *n);
int get_status(const struct ask *a, struct pf_status *s);

/* pf_osfp.c: fingerprints. */
struct osfps {
	struct pf_ioc_osfp *list;
	size_t n;
	const char *path; /* of their file */
	bool full;        /* it was said that there are too many */
};
/*
 * The file of `set fingerprints', or /etc/pf.os of the machine, into *to: its
 * entries are the arena's.  No such file is an error when it was named and is
 * to be loaded.  Returns the number of errors so far.
 */
int osfps_read(struct pfconf *pc, struct osfps *to);
/* The lines of f behind those of *to; errors are to->path's. */
void osfps_parse(struct pfconf *pc, struct osfps *to, FILE *f);
/* Is os one's class, class and version, or all of its name?  In any case. */
bool osfps_know(const struct osfps *l, const char *os);
/* Gives them to a transaction with PF_ELEM_OSFPS.  0, -1: said why. */
int load_osfps(int dev, const struct osfps *l, uint64_t ticket);

/* --- showing ----------------------------------------------------------- */

/* pf_show.c: -s.  -1: an ioctl failed; 1: -s Running, and it does not. */
int show(int dev, const char *word, const char *anchor, const char *ifname,
    int opts);
/* The full name that a -s prefix means, NULL: none. */
const char *show_word(const char *prefix);
/* Does -i, -a mean anything to this word of -s? */
bool show_takes_if(const char *word);

/* The words, one function each; a->js: as JSON, under the key of the word. */
int show_rules(const struct ask *a);
int show_nat(const struct ask *a);
int show_labels(const struct ask *a);
int show_anchors(const struct ask *a);
int show_states(const struct ask *a);
int show_sources(const struct ask *a);
int show_creators(const struct ask *a);
int show_info(const struct ask *a);
int show_running(const struct ask *a);
int show_timeouts(const struct ask *a);
int show_memory(const struct ask *a);
int show_tables(const struct ask *a);
int show_interfaces(const struct ask *a);
int show_osfp(const struct ask *a);
int show_queue(const struct ask *a);
int show_ethernet(const struct ask *a);

/* Prints the title of a part of -s all above its first line, once. */
void show_pending(const struct ask *a);

/* pf_showstate.c */
/* An address, or with OPT_DNS (-r) its name. */
void show_host(FILE *f, int opts, int af, const struct ip_addr *addr);
const char *state_peer_name(int proto, unsigned int s, char *buf, size_t size);

/* A date as ctime(3) writes it, without its newline; buf[26]. */
const char *date_text(uint64_t seconds, char *buf);

/* pf_json.c: a value as text, one thing after the other; f is a->js's. */
struct json *json_begin(FILE *f);
void json_finish(struct json *js); /* ends the line, frees */
/* key NULL: an element of an array. */
void json_object(struct json *js, const char *key);
void json_array(struct json *js, const char *key);
void json_end(struct json *js);
void json_str(struct json *js, const char *key, const char *s);
void json_num(struct json *js, const char *key, uint64_t n);
/* n of 2^32 as a percentage. */
void json_percent(struct json *js, const char *key, uint32_t n);
void json_bool(struct json *js, const char *key, bool on);
void json_null(struct json *js, const char *key);
void json_ip(struct json *js, const char *key, int af, const struct ip_addr *a);
/* pf_showrules.c: the criteria of skip steps, by enum pf_skip. */
extern const char *const pf_skip_names[PF_SKIP_MAX];
/* pf_jsonrule.c: the members of a rule. */
void json_rule(struct json *js, int opts, const struct pf_ioc_rule *r,
    struct pf_ioc_poolent *const ents[PF_NPOOLS]);

/* --- acting ------------------------------------------------------------ */

/* pf_act.c: -F, -e, -d, -x, -z */
int act_flush(int dev, const char *word, const char *anchor, const char *ifname,
    int opts);
const char *flush_word(const char *prefix);
int act_enable(int dev, int opts);
int act_disable(int dev, int opts);
int act_debug(int dev, const char *level, int opts);
bool debug_word(const char *level);
/* Says something on standard error unless -q. */
void say(int opts, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* pf_kill.c: -k and -K */
int act_kill(int dev, char *const hosts[], int n, const char *ifname, int opts);
int act_kill_sources(int dev, char *const hosts[], int n, int opts);
/* Reads `proto host port -> host port' as -s states prints it. */
bool kill_key(struct pfconf *pc, const char *text, struct pfioc_kill *k);

/*
 * pf_tablecmd.c: -t -T.  The exit code, -1: an ioctl failed.  dev -1: there
 * is no device, only the words are judged (-n).
 */
int table_command(int dev, const char *table, const char *anchor,
    const char *cmd, char **args, int nargs, const char *file, int opts);
/* The full name that a -T prefix means, NULL: none. */
const char *table_word(const char *prefix);

#endif
