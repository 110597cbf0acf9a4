/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pfctl: the words of the command line, and the order in which they act.
 *
 *	-d, then -F, -k, -K, -T, -f (parse, load), -e, -x, -s, -z
 *
 * With -n nothing is opened and nothing is changed.
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
	const char *anchor, *device, *file, *show, *flush, *ifname, *optimize;
	const char *table, *tablecmd, *debug;
	const char *macros[64];
	int nmacros;
	char *kill[8];
	int nkill, nkillsrc;
	bool enable, disable;
};

__attribute__((noreturn)) static void
usage(void)
{
	fprintf(stderr,
	    "usage: pfctl [-AdeghjMmNnOPqRrSvz] [-a anchor] [-D macro=value] [-F modifier]\n"
	    "             [-f file] [-i interface] [-K host | network]\n"
	    "             [-k host | network | gateway | label | id | key | nat]\n"
	    "             [-o level] [-p device] [-s modifier]\n"
	    "             [-t table -T command [address ...]] [-x level]\n");
	exit(1);
}

static void
add_macro(struct args *a, char *s)
{
	if (strchr(s, '=') == NULL || a->nmacros == (int)nitems(a->macros))
		usage();
	a->macros[a->nmacros++] = s;
}

static void
add_kill(struct args *a, char *s)
{
	if (a->nkill == 2)
		usage();
	a->kill[a->nkill++] = s;
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

static void
option_load(struct args *a, int ch)
{
	a->load |= ch == 'A' ? LOAD_ALTQ :
	    ch == 'N'        ? LOAD_NAT :
	    ch == 'R'        ? LOAD_FILTER :
			       LOAD_OPTIONS;
}

static void
option_word(struct args *a, int ch, char *s)
{
	const char **to = ch == 'a' ? &a->anchor :
	    ch == 'f'               ? &a->file :
	    ch == 'i'               ? &a->ifname :
	    ch == 'o'               ? &a->optimize :
	    ch == 'p'               ? &a->device :
	    ch == 't'               ? &a->table :
	    ch == 'T'               ? &a->tablecmd :
				      &a->debug;

	*to = s;
}

static void
option(struct args *a, int ch, char *s)
{
	if (option_bit(ch) != 0)
		a->opts |= option_bit(ch);
	else if (ch == 'v')
		a->opts |= a->opts & OPT_VERBOSE ? OPT_VERBOSE2 : OPT_VERBOSE;
	else if (ch == 'd')
		a->disable = true;
	else if (ch == 'e')
		a->enable = true;
	else if (strchr("ANOR", ch) != NULL)
		option_load(a, ch);
	else if (ch == 'D')
		add_macro(a, s);
	else if (ch == 'k')
		add_kill(a, s);
	else if (ch == 'K')
		errx(1, "-K: source tracking is not supported by this kernel");
	else if (ch == 's' && (a->show = show_word(s)) == NULL)
		usage();
	else if (ch == 'F' && (a->flush = flush_word(s)) == NULL)
		usage();
	else if (strchr("afioptTx", ch) != NULL)
		option_word(a, ch, s);
	else if (ch != 's' && ch != 'F')
		usage();
}

static struct pfconf *
conf_begin(const struct args *a)
{
	struct pfconf *pc = pfconf_new(stdout, stderr, a->opts, &pf_ifs_host);
	const char *eq;
	int i;

	pc->load = a->load == 0 ?
	    LOAD_ALL :
	    a->load | (a->load & (LOAD_FILTER | LOAD_NAT) ? LOAD_TABLES : 0);
	if (a->optimize != NULL) {
		pc->optimize_fixed = true;
		if (strncmp("none", a->optimize, strlen(a->optimize)) == 0)
			pc->optimize = OPTIMIZE_NONE;
		else if (strncmp("basic", a->optimize, strlen(a->optimize)) ==
		    0)
			pc->optimize = OPTIMIZE_BASIC;
		else if (strncmp("profile", a->optimize, strlen(a->optimize)) ==
		    0)
			pc->optimize = OPTIMIZE_PROFILE;
		else
			usage();
	}
	for (i = 0; i < a->nmacros; i++) {
		eq = strchr(a->macros[i], '=');
		if (conf_macro_set(pc->lex,
			conf_printf(pc->lex, "%.*s", (int)(eq - a->macros[i]),
			    a->macros[i]),
			eq + 1, true) == -1)
			errx(1, "-D %s: not a macro name", a->macros[i]);
	}
	return (pc);
}

static int
load_file(int dev, const struct args *a)
{
	struct pfconf *pc = conf_begin(a);
	int error = 0;

	pfconf_file(pc, a->file, a->anchor);
	if (pfconf_finish(pc) != 0 ||
	    (!(a->opts & OPT_NOACTION) && load_refuse(pc) != 0)) {
		fflush(stdout);
		warnx("Syntax error in config file: pf rules not loaded");
		error = 1;
	} else if (!(a->opts & OPT_NOACTION) &&
	    load_commit(dev, pc, a->anchor) == -1)
		error = 1;
	pfconf_free(pc);
	return (error);
}

static int
open_device(const struct args *a)
{
	bool writes = a->file != NULL || a->flush != NULL || a->nkill != 0 ||
	    a->enable || a->disable || a->debug != NULL ||
	    a->opts & OPT_CLEAR || a->tablecmd != NULL;
	int dev;

	if (a->opts & OPT_NOACTION)
		return (-1);
	if ((dev = open(a->device, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC)) ==
	    -1)
		err(1, "%s", a->device);
	return (dev);
}

/* Acts in the order of the chapter head; the exit code. */
static int
run(int dev, const struct args *a, char **rest, int nrest)
{
	int error = 0, rc;

	if (a->disable && act_disable(dev, a->opts) != 0)
		error = 1;
	if (a->flush != NULL &&
	    act_flush(dev, a->flush, a->anchor, a->opts) != 0)
		error = 1;
	if (a->nkill != 0 &&
	    act_kill(dev, a->kill, a->nkill, a->ifname, a->opts) != 0)
		error = 1;
	if (a->tablecmd != NULL) {
		rc = table_command(dev, a->table, a->anchor, a->tablecmd, rest,
		    nrest, a->file, a->opts);
		return (rc != 0 ? rc : error);
	}
	if (a->file != NULL && load_file(dev, a) != 0)
		return (1);
	if (a->enable && act_enable(dev, a->opts) != 0)
		error = 1;
	if (a->debug != NULL && act_debug(dev, a->debug, a->opts) != 0)
		error = 1;
	if (a->show != NULL &&
	    show(dev, a->show, a->anchor, a->ifname, a->opts) != 0)
		error = 1;
	if (a->show == NULL && a->opts & OPT_CLEAR &&
	    ioctl(dev, DIOCCLRRULECTRS) == -1) {
		warn("cannot clear the counters of rules");
		error = 1;
	}
	return (error);
}

int
main(int argc, char **argv)
{
	struct args a = { .anchor = "", .device = "/dev/pf" };
	int ch;

	while ((ch = getopt(argc, argv,
		    "a:AdD:eF:f:ghi:jk:K:mMnNo:OPp:qrRs:St:T:vx:z")) != -1)
		option(&a, ch, optarg);
	if (a.tablecmd == NULL && optind != argc) /* words left over */
		usage();
	if ((a.table == NULL) != (a.tablecmd == NULL) || argc == 1)
		usage();
	if (strlen(a.anchor) >= PF_ANCHOR_PATHSIZE)
		errx(1, "anchor name too long");
	if (a.opts & OPT_NOACTION) {
		if (a.show != NULL || a.flush != NULL || a.nkill != 0)
			errx(1, "-n goes with -f and -T only");
		a.enable = a.disable = false;
		a.debug = NULL;
		a.opts &= ~OPT_CLEAR;
	}
	return (run(open_device(&a), &a, argv + optind, argc - optind));
}
