/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * bsdctl: starts labs, lists them, works on their machines, ends them.
 *
 * The command line is a table of words; what they do stands in lab_*.c.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "libbsdsys/bsdsys.h"

static void usage(void) __attribute__((__noreturn__));

static int
cmd_up(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[0], "-n") == 0)
		return (lab_check(argv[1]));
	if (argc == 1 && argv[0][0] != '-')
		return (lab_up(argv[0]));
	usage();
}

static int
cmd_down(int argc, char *argv[])
{
	return (lab_down(argc > 0 ? argv[0] : NULL));
}

static int
cmd_list(int argc, char *argv[])
{
	(void)argc;
	(void)argv;
	return (lab_list());
}

static int
cmd_exec(int argc, char *argv[])
{
	bool all = strcmp(argv[0], "-s") == 0;

	if (argc < 1 + all || (argv[0][0] == '-' && !all))
		usage();
	return (machine_exec(argv[all], argv + 1 + all, all));
}

static int
cmd_supervise(int argc, char *argv[])
{
	(void)argc;
	return (program_supervise(argv[0], argv + 1));
}

static int
cmd_plug(int argc, char *argv[])
{
	(void)argc;
	return (machine_plug(argv[0], argv[1]));
}

static int
cmd_unplug(int argc, char *argv[])
{
	(void)argc;
	return (machine_unplug(argv[0], argv[1], false));
}

static int
cmd_remove(int argc, char *argv[])
{
	(void)argc;
	return (machine_unplug(argv[0], argv[1], true));
}

static int
cmd_wire(int argc, char *argv[])
{
	if (argc == 1)
		return (wires_show(argv[0]));
	return (wire_set(argv[0], argv[1], argv + 2, argc - 2));
}

static const struct command {
	const char *word, *args;
	int min, max; /* arguments */
	int (*run)(int argc, char *argv[]);
} commands[] = {
	{ "up", "[-n] lab.conf", 1, 2, cmd_up },
	{ "list", "", 0, 0, cmd_list },
	{ "exec", "[-s] machine [command [argument ...]]", 1, 1 << 20, cmd_exec },
	{ "supervise", "program name [argument ...]", 2, 1 << 20, cmd_supervise },
	{ "plug", "machine interface[=kind:spec]", 2, 2, cmd_plug },
	{ "unplug", "machine interface", 2, 2, cmd_unplug },
	{ "remove", "machine interface", 2, 2, cmd_remove },
	{ "wire", "lab [wire [key value ...]]", 1, 64, cmd_wire },
	{ "down", "[lab]", 0, 1, cmd_down },
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
usage(void)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(stderr, "%s bsdctl %s%s%s\n", i == 0 ? "usage:" : "      ", commands[i].word,
		    commands[i].args[0] != '\0' ? " " : "", commands[i].args);
	exit(2);
}

int
main(int argc, char *argv[])
{
	bsd_exec_plain();
	if (argc < 2)
		usage();
	bsd_tool("bsdctl");
	for (size_t i = 0; i < NCOMMANDS; i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->word, argv[1]) != 0)
			continue;
		if (argc - 2 < c->min || argc - 2 > c->max)
			usage();
		return (c->run(argc - 2, argv + 2));
	}
	complain("%s: no such command", argv[1]);
	usage();
}
