/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The words of the command line, and the order in which they act.
 *
 *	-d, then -F, -k, -K, -T, -f (parse, load), -e, -x, -s, -z
 *
 * With -n nothing is changed; the device is asked when there is one.  A word
 * that means nothing beside the others is refused, never passed over.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pf_ctl.h"

struct args {
	int opts, load;
	char path[PF_ANCHOR_PATHSIZE]; /* what anchor points into */
	const char *anchor, *device, *file, *show, *flush, *ifname, *optimize;
	const char *table, *tablecmd, *debug;
	const char *macros[64];
	int nmacros;
	char *kill[2], *kill_sources[2];
	int nkill, nkill_sources;
	bool enable, disable;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: pfctl [-AdeghjMmNnOPqRrSvz] [-a anchor] [-D macro=value]\n"
	    "             [-F modifier] [-f file] [-i interface] [-K host | network]\n"
	    "             [-k host | network | gateway | id | key | label | nat]\n"
	    "             [-o level] [-p device] [-s modifier]\n"
	    "             [-t table -T command [address ...]] [-x level]\n");
	return (1);
}

/* --- one option -------------------------------------------------------- */

static bool
add_macro(struct args *a, char *s)
{
	if (strchr(s, '=') == NULL || a->nmacros == (int)nitems(a->macros)) {
		warnx("-D %s: takes macro=value, %zu times", s,
		    nitems(a->macros));
		return (false);
	}
	a->macros[a->nmacros++] = s;
	return (true);
}

static bool
add_host(char *list[2], int *n, char *s, int ch)
{
	if (*n == 2) {
		warnx("-%c can be given twice", ch);
		return (false);
	}
	list[(*n)++] = s;
	return (true);
}

/* Options that are only a bit; 0: another one. */
static int
option_bit(int ch)
{
	static const struct {
		int ch, bit;
	} bits[] = { { 'g', OPT_DEBUG }, { 'j', OPT_JSON },
		{ 'M', OPT_KILLMATCH }, { 'm', OPT_MERGE },
		{ 'n', OPT_NOACTION }, { 'P', OPT_PORTNUM }, { 'q', OPT_QUIET },
		{ 'r', OPT_DNS }, { 'S', OPT_NODNS }, { 'z', OPT_CLEAR } };
	size_t i;

	for (i = 0; i < nitems(bits); i++)
		if (bits[i].ch == ch)
			return (bits[i].bit);
	return (0);
}

static int
load_bit(int ch)
{
	return (ch == 'A' ? LOAD_ALTQ :
		ch == 'N' ? LOAD_NAT :
		ch == 'R' ? LOAD_FILTER :
		ch == 'O' ? LOAD_OPTIONS :
			    0);
}

static const char *
optimize_word(const char *prefix)
{
	static const char *const words[] = { "none", "basic", "profile" };
	size_t i;

	for (i = 0; i < nitems(words); i++)
		if (strncmp(words[i], prefix, strlen(prefix)) == 0)
			return (words[i]);
	return (NULL);
}

/* An option with a word that is one of a set; what it means goes into *to. */
static bool
option_of_set(int ch, const char *s, const char **to)
{
	*to = ch == 's'   ? show_word(s) :
	    ch == 'F'     ? flush_word(s) :
	    ch == 'T'     ? table_word(s) :
	    ch == 'o'     ? optimize_word(s) :
	    debug_word(s) ? s :
			    NULL;
	if (*to == NULL)
		warnx("-%c: unknown word '%s'", ch, s);
	return (*to != NULL);
}

static bool
option_word(struct args *a, int ch, char *s)
{
	switch (ch) {
	case 'a':
		a->anchor = s;
		return (true);
	case 'f':
		a->file = s;
		return (true);
	case 'i':
		a->ifname = s;
		return (true);
	case 'p':
		a->device = s;
		return (true);
	case 't':
		a->table = s;
		return (true);
	case 'D':
		return (add_macro(a, s));
	case 'k':
		return (add_host(a->kill, &a->nkill, s, ch));
	case 'K':
		return (add_host(a->kill_sources, &a->nkill_sources, s, ch));
	case 's':
		return (option_of_set(ch, s, &a->show));
	case 'F':
		return (option_of_set(ch, s, &a->flush));
	case 'T':
		return (option_of_set(ch, s, &a->tablecmd));
	case 'o':
		return (option_of_set(ch, s, &a->optimize));
	case 'x':
		return (option_of_set(ch, s, &a->debug));
	default:
		return (false);
	}
}

static bool
option(struct args *a, int ch, char *s)
{
	if (option_bit(ch) != 0)
		a->opts |= option_bit(ch);
	else if (load_bit(ch) != 0)
		a->load |= load_bit(ch);
	else if (ch == 'v')
		a->opts |= a->opts & OPT_VERBOSE ? OPT_VERBOSE2 : OPT_VERBOSE;
	else if (ch == 'd')
		a->disable = true;
	else if (ch == 'e')
		a->enable = true;
	else
		return (option_word(a, ch, s));
	return (true);
}

/* --- words that do not go together ------------------------------------- */

/* `*' and `path/ *' (without the blank) mean an anchor and all below it. */
static bool
take_anchor(struct args *a)
{
	size_t n;

	a->anchor += *a->anchor == '/';
	if ((n = strlen(a->anchor)) >= sizeof(a->path)) {
		warnx("anchor name too long, max %zu characters",
		    sizeof(a->path) - 1);
		return (false);
	}
	memcpy(a->path, a->anchor, n + 1);
	a->anchor = a->path;
	if (n == 0 || a->path[n - 1] != '*' || (n > 1 && a->path[n - 2] != '/'))
		return (true);
	a->opts |= OPT_RECURSE;
	a->path[n > 1 ? n - 2 : 0] = '\0';
	return (true);
}

static bool
changes(const struct args *a)
{
	return (a->file != NULL || a->flush != NULL || a->nkill != 0 ||
	    a->nkill_sources != 0 || a->enable || a->disable ||
	    a->debug != NULL || a->opts & OPT_CLEAR ||
	    (a->tablecmd != NULL && strcmp(a->tablecmd, "show") != 0 &&
		strcmp(a->tablecmd, "test") != 0));
}

static bool
idle(const struct args *a)
{
	return (!changes(a) && a->show == NULL && a->tablecmd == NULL);
}

static bool
reserved(const char *anchor)
{
	return (*anchor == '_' || strstr(anchor, "/_") != NULL);
}

/* Would -n have nothing to do? */
static bool
no_action_alone(const struct args *a)
{
	return (a->opts & OPT_NOACTION &&
	    (a->show != NULL || a->flush != NULL || a->nkill != 0 ||
		a->nkill_sources != 0 || a->debug != NULL ||
		(a->file == NULL && a->tablecmd == NULL)));
}

static bool
if_unused(const struct args *a)
{
	return (a->ifname != NULL && a->nkill == 0 &&
	    (a->show == NULL || !show_takes_if(a->show)) &&
	    (a->flush == NULL || strcmp(a->flush, "states") != 0));
}

static bool
one_anchor_needed(const struct args *a)
{
	return (
	    a->opts & OPT_RECURSE && (a->file != NULL || a->tablecmd != NULL));
}

static bool
table_alone(const struct args *a)
{
	bool load = a->tablecmd != NULL && strcmp(a->tablecmd, "load") == 0;

	return (load ? a->table != NULL || a->file == NULL :
		       (a->table == NULL) != (a->tablecmd == NULL));
}

static bool
json_alone(const struct args *a)
{
	return (a->opts & OPT_JSON && a->show == NULL &&
	    (a->tablecmd == NULL || strcmp(a->tablecmd, "show") != 0));
}

static bool
if_long(const struct args *a)
{
	return (a->ifname != NULL &&
	    (strlen(a->ifname) >= IFNAMSIZ || *a->ifname == '\0'));
}

static bool
anchor_written(const struct args *a)
{
	return (reserved(a->anchor) && changes(a));
}

static bool
names_twice(const struct args *a)
{
	return (a->opts & OPT_DNS && a->opts & OPT_NODNS);
}

static bool
load_alone(const struct args *a)
{
	return (a->file == NULL &&
	    (a->load != 0 || a->optimize != NULL || a->nmacros != 0 ||
		a->opts & OPT_MERGE));
}

static bool
anchor_global(const struct args *a)
{
	return (*a->anchor != '\0' &&
	    (a->enable || a->disable || a->debug != NULL || a->nkill != 0 ||
		a->nkill_sources != 0));
}

static bool
clear_what(const struct args *a)
{
	return (a->opts & OPT_CLEAR && a->show != NULL &&
	    strcmp(a->show, "rules") != 0 && strcmp(a->show, "nat") != 0 &&
	    strcmp(a->show, "labels") != 0);
}

static bool
companion_alone(const struct args *a)
{
	return (a->opts & OPT_KILLMATCH && a->nkill == 0 &&
	    (a->flush == NULL || strcmp(a->flush, "states") != 0));
}

static const struct {
	bool (*broken)(const struct args *a);
	const char *message;
} rules[] = {
	{ idle, "nothing to do" },
	{ no_action_alone, "-n goes with -f and -T only" },
	{ if_unused,
	    "-i goes with -k, -F states and -s rules, nat, labels, states, queue, Interfaces and all" },
	{ if_long, "-i: no interface name" },
	{ one_anchor_needed, "-f and -T take one anchor, not all below it" },
	{ table_alone,
	    "-t and -T belong together; -T load goes with -f instead" },
	{ json_alone, "-j goes with -s and -T show only" },
	{ anchor_written,
	    "anchor names beginning with '_' are reserved for internal use" },
	{ names_twice, "-r and -S exclude each other" },
	{ load_alone, "-A, -N, -R, -O, -o, -D and -m go with -f only" },
	{ anchor_global, "-d, -e, -k, -K and -x do not go with -a" },
	{ clear_what, "-z goes with -s rules, nat and labels, or alone" },
	{ companion_alone, "-M goes with -k and -F states only" },
};

static bool
sensible(const struct args *a)
{
	size_t i;

	for (i = 0; i < nitems(rules); i++)
		if (rules[i].broken(a)) {
			warnx("%s", rules[i].message);
			return (false);
		}
	return (true);
}

/* --- loading ----------------------------------------------------------- */

static void
define_macros(struct pfconf *pc, const struct args *a)
{
	const char *eq;
	int i;

	for (i = 0; i < a->nmacros; i++) {
		eq = strchr(a->macros[i], '=');
		if (conf_macro_set(pc->lex,
			conf_printf(pc->lex, "%.*s", (int)(eq - a->macros[i]),
			    a->macros[i]),
			eq + 1, true) == -1)
			conf_error_at(pc->lex, "-D", i + 1,
			    "%s: not a macro name", a->macros[i]);
	}
}

static struct pfconf *
conf_begin(int dev, const struct args *a)
{
	struct pfconf *pc = pfconf_new(stdout, stderr, a->opts, pf_ifs_here());

	pc->dev = dev;
	pc->load = a->load == 0 ?
	    LOAD_ALL :
	    a->load | (a->load & (LOAD_FILTER | LOAD_NAT) ? LOAD_TABLES : 0);
	if (a->tablecmd != NULL) /* -T load */
		pc->load = LOAD_TABLES;
	if (a->optimize != NULL) {
		pc->optimize_fixed = true;
		pc->optimize = *a->optimize == 'n' ? OPTIMIZE_NONE :
		    *a->optimize == 'b'            ? OPTIMIZE_BASIC :
						     OPTIMIZE_PROFILE;
	}
	define_macros(pc, a);
	return (pc);
}

static int
load_file(int dev, const struct args *a)
{
	struct pfconf *pc = conf_begin(dev, a);
	bool act = !(a->opts & OPT_NOACTION);
	int error = 0;

	pfconf_file(pc, a->file, a->anchor);
	if (pfconf_finish(pc) != 0) {
		fflush(stdout);
		warnx("Syntax error in config file: pf rules not loaded");
		error = 1;
	} else if ((act ? load_refuse : load_judge_os)(pc, a->anchor) != 0) {
		fflush(stdout);
		warnx("pf rules not loaded");
		error = 1;
	} else if (act && load_commit(dev, pc, a->anchor) == -1)
		error = 1;
	pfconf_free(pc);
	return (error);
}

/* --- acting ------------------------------------------------------------ */

/* -1 with -n and no device: then only words are judged. */
static int
open_device(const struct args *a)
{
	bool quietly = (a->opts & OPT_NOACTION) != 0;
	int flags = changes(a) && !quietly ? O_RDWR : O_RDONLY, dev;

	dev = pf_dev.open(a->device, flags | O_CLOEXEC);
	if (dev == -1 && !quietly)
		warn("%s", a->device);
	return (dev);
}

static int
run_table(int dev, const struct args *a, char **rest, int nrest)
{
	if (strcmp(a->tablecmd, "load") == 0)
		return (load_file(dev, a));
	return (table_command(dev, a->table, a->anchor, a->tablecmd, rest,
	    nrest, a->file, a->opts));
}

static int
show_and_clear(int dev, const struct args *a)
{
	int error = 0;

	if (a->show != NULL)
		return (show(dev, a->show, a->anchor, a->ifname, a->opts));
	if (!(a->opts & OPT_CLEAR))
		return (0);
	if ((error = pf_call(dev, DIOCCLRRULECTRS, NULL)) == -1)
		warn("cannot clear the counters of rules");
	else
		say(a->opts, "pf: rule counters cleared");
	return (error);
}

/* Acts in the order of the chapter head; the exit code. */
static int
run(int dev, const struct args *a, char **rest, int nrest)
{
	bool act = !(a->opts & OPT_NOACTION);
	int error = 0;

	if (act && a->disable && act_disable(dev, a->opts) != 0)
		error = 1;
	if (a->flush != NULL &&
	    act_flush(dev, a->flush, a->anchor, a->ifname, a->opts) != 0)
		error = 1;
	if (a->nkill != 0 &&
	    act_kill(dev, a->kill, a->nkill, a->ifname, a->opts) != 0)
		error = 1;
	if (a->nkill_sources != 0 &&
	    act_kill_sources(dev, a->kill_sources, a->nkill_sources, a->opts) !=
		0)
		error = 1;
	if (a->tablecmd != NULL) {
		int rc = run_table(dev, a, rest, nrest);

		return (rc != 0 ? rc : error);
	}
	if (a->file != NULL && load_file(dev, a) != 0)
		return (1);
	if (act && a->enable && act_enable(dev, a->opts) != 0)
		error = 1;
	if (a->debug != NULL && act_debug(dev, a->debug, a->opts) != 0)
		error = 1;
	return (show_and_clear(dev, a) != 0 ? 1 : error);
}

int
pfctl_main(int argc, char **argv)
{
	struct args a = { .anchor = "", .device = "/dev/pf" };
	int ch, dev, rc;

	while ((ch = getopt(argc, argv,
		    "a:AdD:eF:f:ghi:jk:K:mMnNo:OPp:qrRs:St:T:vx:z")) != -1)
		if (!option(&a, ch, optarg))
			return (usage());
	if (argc == 1 || (a.tablecmd == NULL && optind != argc))
		return (usage()); /* nothing to do, or words left over */
	if (!take_anchor(&a) || !sensible(&a))
		return (usage());
	dev = open_device(&a);
	if (dev == -1 && !(a.opts & OPT_NOACTION))
		return (1);
	rc = run(dev, &a, argv + optind, argc - optind);
	if (dev != -1)
		close(dev);
	return (rc);
}
