/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * altq and queue lines: parsed and echoed.  The kernel has no queueing
 * disciplines, so pf_load.c refuses to load one, naming its line.
 */

#include <stdlib.h>
#include <string.h>

#include "pf_altq.h"
#include "pfctl.h"

#define MTU 1500

static const char *const sched_names[] = { "", "cbq", "priq", "hfsc", "fairq",
	"codel" };

void
altq_new(struct pfconf *pc, bool interface)
{
	size_t i;

	pc->altq = palloc(pc, sizeof(*pc->altq));
	pc->altq->interface = interface;
	for (i = 0; i < AQ_NNUMBERS; i++)
		pc->altq->number[i] = -1;
	pc->altq->modern = "";
}

void
altq_bandwidth(struct pfconf *pc, const char *s)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = { { "", 1 }, { "b", 1 }, { "Kb", 1e3 }, { "Mb", 1e6 },
		{ "Gb", 1e9 }, { "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 } };
	struct altq *a = pc->altq;
	char *end;
	size_t i;

	if (a->has_bandwidth)
		perr(pc, "bandwidth cannot be respecified");
	a->has_bandwidth = true;
	a->bandwidth_text = s;
	a->bandwidth = strtod(s, &end);
	if (end != s && strcmp(end, "%") == 0) {
		a->percent = true;
		if (!(a->bandwidth >= 1 && a->bandwidth <= 100))
			perr(pc, "bandwidth spec out of range");
		return;
	}
	for (i = 0; i < nitems(units); i++)
		if (end != s && strcmp(end, units[i].unit) == 0)
			break;
	if (i == nitems(units))
		perr(pc, "invalid bandwidth %s", s);
	else if (!(a->bandwidth * units[i].factor >= 1 &&
		     a->bandwidth * units[i].factor <= 1e12))
		perr(pc, "bandwidth %s out of range", s);
	if (conf_errors(pc->lex) != pc->line_err)
		a->bandwidth = 1;
	else
		a->bandwidth *= units[i].factor;
}

void
altq_number(struct pfconf *pc, enum altq_number which, int64_t n)
{
	static const char *const names[] = { "priority", "qlimit", "tbrsize" };
	static const int64_t max[] = { 255, 65535, UINT32_MAX };

	if (pc->altq->number[which] != -1)
		perr(pc, "%s cannot be respecified", names[which]);
	else if (n < 0 || n > max[which])
		perr(pc, "%s out of range", names[which]);
	pc->altq->number[which] = n;
}

void
altq_sched(struct pfconf *pc, int sched)
{
	if (pc->altq->sched != AQ_NONE)
		perr(pc, "scheduler cannot be respecified");
	pc->altq->sched = sched;
}

static const char *const flag_words[] = { "borrow", "cleardscp", "codel",
	"default", "ecn", "red", "rio" };

static bool
is_flag(const char *word)
{
	size_t i;

	for (i = 0; i < nitems(flag_words); i++)
		if (strcmp(flag_words[i], word) == 0)
			return (true);
	return (false);
}

/* The values of all schedulers, in the order they are printed. */
static const char *const value_words[] = { "target", "interval", "realtime",
	"linkshare", "upperlimit", "buckets", "hogs" };

static const char *
value_named(const char *word)
{
	size_t i;

	for (i = 0; i < nitems(value_words); i++)
		if (strcmp(value_words[i], word) == 0)
			return (value_words[i]);
	return (NULL);
}

/* What the name before it is set to; a curve stands in brackets. */
static void
value_word(struct pfconf *pc, const char *word)
{
	struct altq *a = pc->altq;
	size_t i = 0;

	while (value_words[i] != a->name_of_value)
		i++;
	if (a->value[i] != NULL)
		perr(pc, "%s cannot be respecified", a->name_of_value);
	a->value[i] = conf_printf(pc->lex, "%s%s%s ", a->name_of_value,
	    *word == '(' ? "" : " ", word);
	a->name_of_value = NULL;
}

/* A flag, the name of a value, or the value of the name before it. */
void
altq_word(struct pfconf *pc, const char *word)
{
	struct node_str *n, **end = &pc->altq->flags;

	if (pc->altq->name_of_value != NULL) {
		value_word(pc, word);
		return;
	}
	if ((pc->altq->name_of_value = value_named(word)) != NULL)
		return;
	if (!is_flag(word))
		perr(pc, "unknown scheduler option \"%s\"", word);
	n = palloc(pc, sizeof(*n));
	n->str = word;
	while (*end != NULL)
		end = &(*end)->next;
	*end = n;
}

void
altq_words_end(struct pfconf *pc)
{
	if (pc->altq->name_of_value != NULL)
		perr(pc, "scheduler option \"%s\" needs a value",
		    pc->altq->name_of_value);
}

/* `codel', as it is printed, is `codelq', as it is written. */
void
altq_codel(struct pfconf *pc, const char *word)
{
	if (strcmp(word, "codel") == 0)
		altq_sched(pc, AQ_CODEL);
	else
		perr(pc, "unknown scheduler %s", word);
}

/* A word that is no option is the one queue below this one. */
static void
only_child(struct pfconf *pc, const char *word)
{
	struct altq *a = pc->altq;

	if (a->interface || a->children != NULL) {
		perr(pc, "unknown queue option %s", word);
		return;
	}
	a->children = palloc(pc, sizeof(*a->children));
	a->children->str = word;
}

void
altq_modern(struct pfconf *pc, const char *word)
{
	static const char *const words[] = { "parent", "min", "max", "burst",
		"for", "default", "flows", "quantum" };
	struct altq *a = pc->altq;
	size_t i;

	if (a->interface && strcmp(word, "codel") == 0) {
		altq_sched(pc, AQ_CODEL);
		return;
	}
	for (i = 0; i < nitems(words) && strcmp(words[i], word) != 0; i++)
		continue;
	if (i == nitems(words) && *a->modern == '\0') {
		only_child(pc, word);
		return;
	}
	a->modern = conf_printf(pc->lex, "%s%s ", a->modern, word);
}

/* --- which queue belongs to which -------------------------------------- */

static const struct aq_child *
child_named(const struct pfconf *pc, const char *name)
{
	const struct aq_child *c;

	for (c = pc->queues; c != NULL && strcmp(c->name, name) != 0;
	     c = c->next)
		continue;
	return (c);
}

static void
name_children(struct pfconf *pc, const struct altq *a)
{
	const struct node_str *n;
	struct aq_child *c;

	for (n = a->children; n != NULL; n = n->next) {
		c = palloc(pc, sizeof(*c));
		c->name = n->str;
		c->sched = a->sched;
		c->next = pc->queues;
		pc->queues = c;
	}
}

/*
 * A queue has the scheduler of its interface.  A file without altq is not
 * asked: its queues are OpenBSD's, or those of another file.
 */
static bool
take_parent(struct pfconf *pc, struct altq *a)
{
	const struct aq_child *c = child_named(pc, a->name);

	if (pc->queues == NULL || *a->modern != '\0')
		return (true);
	if (c == NULL)
		perr(pc, "queue %s has no parent", a->name);
	else if (a->sched != AQ_NONE && a->sched != c->sched)
		perr(pc,
		    "queue %s: exactly one scheduler type per interface allowed",
		    a->name);
	else
		a->sched = c->sched;
	return (c != NULL && a->sched == c->sched);
}

/* --- printing ---------------------------------------------------------- */

static const char *
rate_text(struct pfconf *pc, double rate)
{
	static const char *const unit[] = { "", "K", "M", "G" };
	int u = 0;

	for (; rate >= 1000 && u < 3; u++)
		rate /= 1000;
	if ((int)(rate * 100) % 100)
		return (conf_printf(pc->lex, "%.2f%sb", rate, unit[u]));
	return (conf_printf(pc->lex, "%d%sb", (int)rate, unit[u]));
}

/* A token bucket is sized by the rate: 1, 4, 8, 24 or 128 full frames. */
static int64_t
tbr_size(const struct altq *a)
{
	if (a->number[AQ_TBRSIZE] != -1)
		return (a->number[AQ_TBRSIZE]);
	return (MTU *
	    (a->bandwidth <= 1e6          ? 1 :
		    a->bandwidth <= 1e7   ? 4 :
		    a->bandwidth <= 2e8   ? 8 :
		    a->bandwidth <= 2.5e9 ? 24 :
					    128));
}

static bool
has_flag(const struct altq *a, const char *flag)
{
	const struct node_str *n;

	for (n = a->flags; n != NULL; n = n->next)
		if (strcmp(n->str, flag) == 0)
			return (true);
	return (false);
}

/* A queue's share of the link is its bandwidth unless something else is said. */
static bool
goes_without_saying(const struct altq *a, size_t i)
{
	size_t n = strlen("linkshare ");

	return (strncmp(a->value[i], "linkshare ", n) == 0 &&
	    a->bandwidth_text != NULL &&
	    strncmp(a->value[i] + n, a->bandwidth_text,
		strlen(a->bandwidth_text)) == 0 &&
	    a->value[i][n + strlen(a->bandwidth_text)] == ' ');
}

/* Flags, then values; of codel, whose only flag is ecn, the values first. */
static const char *
sched_text(struct pfconf *pc, const struct altq *a)
{
	static const char *const order[] = { "red", "ecn", "rio", "codel",
		"cleardscp", "borrow", "default" };
	const char *flags = "", *values = "";
	bool codel = a->sched == AQ_CODEL;
	size_t i;

	if (a->sched == AQ_NONE && a->flags == NULL)
		return ("");
	for (i = 0; i < nitems(order); i++)
		if (has_flag(a, order[i]))
			flags = conf_printf(pc->lex, "%s%s ", flags, order[i]);
	for (i = 0; i < nitems(value_words); i++)
		if (a->value[i] != NULL && !goes_without_saying(a, i))
			values = conf_printf(pc->lex, "%s%s", values,
			    a->value[i]);
	if (*flags == '\0' && *values == '\0')
		return (a->interface ?
			conf_printf(pc->lex, "%s ", sched_names[a->sched]) :
			""); /* a queue's is that of its interface */
	return (conf_printf(pc->lex, "%s( %s%s) ", sched_names[a->sched],
	    codel ? values : flags, codel ? flags : values));
}

static const char *
children_text(struct pfconf *pc, const struct altq *a)
{
	const struct node_str *n;
	const char *s = "{ ";

	for (n = a->children; n != NULL; n = n->next)
		s = conf_printf(pc->lex, "%s%s ", s, n->str);
	return (conf_printf(pc->lex, "%s}", s));
}

static const char *
queue_text(struct pfconf *pc, const struct altq *a, const struct node_if *ifn)
{
	const char *s = conf_printf(pc->lex, "queue %s ", a->name);

	if (ifn != NULL)
		s = conf_printf(pc->lex, "%son %s ", s, ifn->name);
	s = conf_printf(pc->lex, "%s%s", s, a->modern);
	if (a->sched == AQ_PRIQ || (a->percent && a->bandwidth >= 100))
		; /* none, or all of its parent's: goes without saying */
	else if (a->percent)
		s = conf_printf(pc->lex, "%sbandwidth %g%% ", s, a->bandwidth);
	else if (a->has_bandwidth)
		s = conf_printf(pc->lex, "%sbandwidth %s ", s,
		    rate_text(pc, a->bandwidth));
	if (a->number[AQ_PRIORITY] != -1 && a->number[AQ_PRIORITY] != 1)
		s = conf_printf(pc->lex, "%spriority %lld ", s,
		    (long long)a->number[AQ_PRIORITY]);
	if (a->number[AQ_QLIMIT] != -1 && a->number[AQ_QLIMIT] != 50)
		s = conf_printf(pc->lex, "%sqlimit %lld ", s,
		    (long long)a->number[AQ_QLIMIT]);
	s = conf_printf(pc->lex, "%s%s", s, sched_text(pc, a));
	return (a->children != NULL ?
		conf_printf(pc->lex, "%s%s", s, children_text(pc, a)) :
		s);
}

static const char *
altq_text(struct pfconf *pc, const struct altq *a, const struct node_if *ifn)
{
	const char *s = conf_printf(pc->lex, "altq on %s %s", ifn->name,
	    sched_text(pc, a));

	s = conf_printf(pc->lex, "%sbandwidth %s ", s,
	    rate_text(pc, a->bandwidth));
	if (a->number[AQ_QLIMIT] != -1 && a->number[AQ_QLIMIT] != 50)
		s = conf_printf(pc->lex, "%sqlimit %lld ", s,
		    (long long)a->number[AQ_QLIMIT]);
	return (conf_printf(pc->lex, "%stbrsize %lld queue %s", s,
	    (long long)tbr_size(a), children_text(pc, a)));
}

void
line_keep(struct pfconf *pc, const char *what, const char *text)
{
	struct pf_line *l = palloc(pc, sizeof(*l));

	l->what = what;
	l->text = text;
	l->file = pc->tok.file;
	l->line = pc->tok.line;
	TAILQ_INSERT_TAIL(&pc->lines, l, entry);
	if (pf_echoes(pc, LOAD_ALTQ))
		fprintf(pc->out, "%s\n", l->text);
}

static void
altq_line(struct pfconf *pc, const struct altq *a, const struct node_if *ifn)
{
	line_keep(pc, a->interface ? "altq" : "queue",
	    a->interface ? altq_text(pc, a, ifn) : queue_text(pc, a, ifn));
}

static bool
name_ok(struct pfconf *pc, const char *s)
{
	char name[PF_QNAME_SIZE];

	if (word_bare(s))
		return (pcopy(pc, name, sizeof(name), s, "queue name"));
	perr(pc, "'%s' is no queue name", s);
	return (false);
}

/* The names of a queue and its children. */
static bool
names_ok(struct pfconf *pc, const struct altq *a)
{
	const struct node_str *n;

	if (!a->interface && !name_ok(pc, a->name))
		return (false);
	for (n = a->children; n != NULL; n = n->next)
		if (!name_ok(pc, n->str))
			return (false);
	return (true);
}

void
altq_done(struct pfconf *pc)
{
	struct altq *a = pc->altq;
	struct node_if *i = a->ifs;

	if (!pf_order(pc, S_QUEUE))
		return;
	if (a->interface && a->sched == AQ_NONE)
		perr(pc, "no scheduler specified");
	else if (a->interface && (!a->has_bandwidth || a->percent))
		perr(pc,
		    "interface %s does not know its bandwidth, please specify an absolute bandwidth",
		    i->name);
	else if (a->interface && a->children == NULL)
		perr(pc, "altq on %s has no queues", i->name);
	else if (!names_ok(pc, a) || (!a->interface && !take_parent(pc, a)))
		return;
	else {
		name_children(pc, a);
		do {
			altq_line(pc, a, i);
		} while (i != NULL && (i = i->next) != NULL);
	}
}
