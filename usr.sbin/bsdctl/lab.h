/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A lab: machines and the wires between them, as lab.conf(5) says and as
 * they run.
 *
 * The state of running labs lies in one folder per lab below state_dir():
 *
 *	LAB/wires/		sockets of the wires
 *	LAB/MACHINE/		the machine's folder: etc, dev, var/run
 *	LAB/MACHINE.IF/		the port by which a namespace is on a hub
 *	LAB/MACHINE.netns	a namespace: its holder's process number and lock
 *
 * Nothing else is kept: whether a machine runs is asked of its kernel, so a
 * killed one leaves nothing that could be believed by mistake.
 */

#ifndef LAB_H
#define LAB_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define LAB_NAME_MAX 32
#define PORT_NAME_MAX (LAB_NAME_MAX + 16) /* MACHINE.INTERFACE */

enum machine_kind { MACHINE_BSD, MACHINE_NETNS };

/* A list of lines that become a file in a machine's etc/. */
struct lines {
	char **line;
	size_t n;
};

struct lab_interface {
	char name[16];
	char wire[LAB_NAME_MAX]; /* "" when spec is given */
	char spec[256]; /* kind:spec as in lab.conf; both "": cloned, no link */
	struct lines config; /* of hostname.NAME; netns: words of ip(8) */
	int where; /* line of lab.conf */
};

/* A fault of a wire: loss 1%, delay 5 ms ... */
struct lab_fault {
	char key[24];
	char value[64];
};

struct lab_wire {
	char name[LAB_NAME_MAX];
	struct lab_fault fault[8];
	size_t nfaults;
	int ends; /* interfaces on it */
	int netns_ends;
	int where;
};

struct lab_machine {
	char name[PORT_NAME_MAX];
	enum machine_kind kind;
	struct lab_interface *interface;
	size_t ninterfaces;
	struct lines gateways, sysctls, commands;
	bool runs; /* already, when the lab comes up again */
	int where;
};

struct lab {
	char name[LAB_NAME_MAX];
	char dir[PATH_MAX]; /* of lab.conf: where machine folders may lie */
	struct lab_wire *wire;
	size_t nwires;
	struct lab_machine *machine;
	size_t nmachines;
};

/*
 * Reads and judges path.  NULL after all its problems were printed to
 * stderr as file:line: reason.  The caller gives it to lab_free().
 */
struct lab *lab_read(const char *path);
void lab_free(struct lab *lab);
struct lab_wire *lab_wire_find(struct lab *lab, const char *name);
struct lab_machine *lab_machine_find(struct lab *lab, const char *name);
/* Adds a copy of text.  False without memory. */
bool lines_add(struct lines *l, const char *text);
/*
 * Does a namespace's end of w need a port?  A TAP device joins it to the
 * only other end if that is a machine's and nothing is bad about the wire.
 */
bool lab_wire_ports(const struct lab_wire *w);

/* --- state of running labs (lab_state.c) --- */
/* The folder of all labs; made when it is not there.  NULL after a message. */
const char *state_dir(void);
/* A machine that runs, or ran. */
struct running {
	char lab[LAB_NAME_MAX];
	char name[PORT_NAME_MAX];
	char root[PATH_MAX];
	enum machine_kind kind;
	pid_t pid; /* 0: not running */
};
/* All machines of all labs (or of lab only), malloc()ed.  How many, -1 on error. */
int running_list(const char *lab, struct running **list);
/* The machine called NAME, LAB/NAME or by its folder.  -1 after a message. */
int running_find(const char *name, struct running *r);
/*
 * Does the machine still run?  By its lock: the number of a process that has
 * ended may stay until somebody asks for its status.
 */
bool running_lives(const struct running *r);
/* Removes a folder and all that is in it, without following links. */
int tree_remove(const char *path);
/* mkdir -p.  0 or -1 with errno. */
int path_make(const char *path);

/* --- what the commands do --- */
int lab_up(const char *path);
int lab_check(const char *path); /* only reads it */
int lab_down(const char *name); /* NULL: all labs of this user */
int lab_list(void);
/* all: what the command executes in turn is to be reached in any case. */
int machine_exec(const char *name, char *argv[], bool all);
/*
 * Executes path as argv on the machine of BSD_ROOT, below a supervisor.  Returns
 * on failure only: the status to exit with.
 */
int program_supervise(const char *path, char *argv[]);
int machine_plug(const char *name, const char *spec);
int machine_unplug(const char *name, const char *ifname, bool remove);
int wires_show(const char *name); /* all wires of that lab, and their ends */
int wire_set(const char *name, const char *wire, char *words[], int n);

/* --- pieces --- */
/* Where a machine's folder, or a namespace's file, lies. */
void machine_path(char buf[PATH_MAX], const struct lab *lab, const struct lab_machine *m);
/* Makes the folder of m at root, with all that is in it.  -1 after a message. */
int folder_make(const struct lab *lab, const struct lab_machine *m, const char *root);
/* Sets what lab.conf says of the wires at all their ends.  -1 after a message. */
int wires_spoil(const struct lab *lab);
/* Asks the kernel of root to end and waits until it has.  0, or -1 (errno). */
int machine_halt(const struct running *r);
/* Sets key to value on an interface's link, or reads it when value is "".
 * -1 after a message. */
int link_ctl(const struct running *r, const char *ifname, const char *key, char *value, size_t len);
/*
 * The i-th interface of r: -1 past the end, else its name in ifname if its link
 * is spec, "" if not.
 */
int lab_link_name(const struct running *r, int i, const char *spec, char ifname[16]);
/*
 * A namespace of the host, held open by a process, which holds the lock of
 * pidfile as long as it lives.  Its pid, -1 after a message.
 */
pid_t netns_start(const char *pidfile, const char *hostname);
void netns_stop(const struct running *r);
/* Writes the command of ip(8) for a line of an interface's block.  False: none. */
bool netns_line(char *cmd, size_t size, const char *ifname, const char *line);
/*
 * Enters it, with an environment for the host's programs; the caller is about
 * to exec.  -1 after a message.
 */
int netns_enter(pid_t pid);
/* The folder that holds this program and its fellows. */
const char *bin_dir(void);
void complain(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

#endif
