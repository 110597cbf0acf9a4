/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Starting a lab, and ending it.
 *
 * Up: folders, then namespaces and their ports, then all kernels side by
 * side, then the namespaces' addresses, then what is bad about the wires.
 * Whatever fails, all that was started is ended again: a lab runs whole or
 * not at all.
 *
 * A port is a machine that only bridges: on one side the TAP device in the
 * namespace, on the other a wire.  So a hub joins any number of machines and
 * namespaces, and the wire's faults work on what a namespace sends.
 */

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"

#define SPECS_MAX 512 /* as many as bsd(8) takes */

static volatile sig_atomic_t interrupted;

/* --- kernels --- */

/* The link of an interface: as written, or the wire's socket, or the
 * namespace at the wire's other end. */
static int
spec_make(struct lab *lab, struct lab_interface *ifc, char *buf, size_t size)
{
	struct lab_wire *w;
	struct lab_machine *other = NULL;
	const char *theirs = NULL;
	char path[PATH_MAX];
	struct running r;

	if (ifc->wire[0] == '\0' && ifc->spec[0] == '\0') {
		buf[0] = '\0'; /* cloned */
		return (0);
	}
	if (ifc->wire[0] == '\0')
		return (snprintf(buf, size, "%s=%s", ifc->name, ifc->spec) < (int)size ? 0 : -1);
	w = lab_wire_find(lab, ifc->wire);
	if (w->netns_ends == 0 || lab_wire_ports(w))
		return (snprintf(buf, size, "%s=wire:%s/%s/wires/%s", ifc->name, state_dir(), lab->name, w->name) < (int)size ? 0 : -1);
	for (size_t i = 0; i < lab->nmachines && theirs == NULL; i++)
		for (size_t k = 0; k < lab->machine[i].ninterfaces; k++)
			if (lab->machine[i].kind == MACHINE_NETNS && strcmp(lab->machine[i].interface[k].wire, w->name) == 0) {
				other = &lab->machine[i];
				theirs = other->interface[k].name;
			}
	snprintf(path, sizeof(path), "%s/%s", lab->name, other->name);
	if (running_find(path, &r) == -1)
		return (-1);
	return (snprintf(buf, size, "%s=tap:%s,netns=%d", ifc->name, theirs, r.pid) < (int)size ? 0 : -1);
}

/* The links of m as arguments of bsd(8), malloc()ed.  How many, -1 after a message. */
static int
specs_make(struct lab *lab, struct lab_machine *m, char *spec[SPECS_MAX])
{
	char *one;
	int n = 0;

	for (size_t i = 0; i < m->ninterfaces; i++) {
		one = NULL;
		if (n == SPECS_MAX || (one = malloc(PATH_MAX)) == NULL ||
		    spec_make(lab, &m->interface[i], one, PATH_MAX) == -1) {
			complain("%s: %s: link not made", m->name, m->interface[i].name);
			free(one);
			while (n > 0)
				free(spec[--n]);
			return (-1);
		}
		if (one[0] != '\0')
			spec[n++] = one;
		else /* cloned */
			free(one);
	}
	return (n);
}

static pid_t
kernel_start(struct lab *lab, struct lab_machine *m, const char *root)
{
	static char bsd[] = "bsd", dash_r[] = "-r", dash_h[] = "-h", dash_i[] = "-i";
	char prog[PATH_MAX + 8], rootarg[PATH_MAX], *spec[SPECS_MAX];
	char *argv[2 * SPECS_MAX + 6] = { bsd, dash_r, rootarg, dash_h, m->name };
	int nspecs, n = 5;
	pid_t pid;

	if ((nspecs = specs_make(lab, m, spec)) == -1)
		return (-1);
	snprintf(rootarg, sizeof(rootarg), "%s", root);
	for (int i = 0; i < nspecs; i++) {
		argv[n++] = dash_i;
		argv[n++] = spec[i];
	}
	argv[n] = NULL;
	snprintf(prog, sizeof(prog), "%s/bsd", bin_dir());
	fflush(NULL);
	if ((pid = fork()) == 0) {
		unsetenv("LD_PRELOAD"); /* a lab within a machine: its links are the host's */
		execv(prog, argv);
		complain("%s: %s", prog, strerror(errno));
		_exit(127);
	}
	while (nspecs > 0)
		free(spec[--nspecs]);
	return (pid);
}

#define EXIT_NETSTART 3 /* bsd(8): it runs, but netstart failed */

/* Starts all kernels at once, then waits until each is ready. */
static int
kernels_start(struct lab *lab)
{
	char root[PATH_MAX];
	pid_t *pid;
	int status, error = 0;

	if ((pid = calloc(lab->nmachines, sizeof(*pid))) == NULL)
		return (-1);
	for (size_t i = 0; i < lab->nmachines; i++) {
		machine_path(root, lab, &lab->machine[i]);
		if (lab->machine[i].kind == MACHINE_BSD && !lab->machine[i].runs && (pid[i] = kernel_start(lab, &lab->machine[i], root)) == -1)
			error = -1;
	}
	for (size_t i = 0; i < lab->nmachines; i++) {
		if (pid[i] <= 0)
			continue;
		while (waitpid(pid[i], &status, 0) == -1 && errno == EINTR)
			;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NETSTART) {
			complain("machine %s: netstart failed, the lab does not come up", lab->machine[i].name);
			error = -1;
		} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 1) /* 1: it said why */
				complain("machine %s did not start", lab->machine[i].name);
			error = -1;
		}
	}
	free(pid);
	return (error);
}

/* --- namespaces --- */

static void __attribute__((__noreturn__))
netns_configure(const struct lab_machine *m, pid_t holder)
{
	char cmd[512];
	int bad = 0;

	if (netns_enter(holder) == -1)
		_exit(1);
	bad |= system("ip link set lo up");
	for (size_t i = 0; i < m->ninterfaces; i++) {
		const struct lab_interface *ifc = &m->interface[i];

		for (size_t k = 0; k < ifc->config.n; k++) {
			if (netns_line(cmd, sizeof(cmd), ifc->name, ifc->config.line[k]))
				bad |= system(cmd);
		}
		snprintf(cmd, sizeof(cmd), "ip link set %s up", ifc->name);
		bad |= system(cmd);
	}
	for (size_t i = 0; i < m->gateways.n; i++) {
		snprintf(cmd, sizeof(cmd), "ip %s route add default via %s",
		    strchr(m->gateways.line[i], ':') != NULL ? "-6" : "-4", m->gateways.line[i]);
		bad |= system(cmd);
	}
	for (size_t i = 0; i < m->sysctls.n; i++) {
		snprintf(cmd, sizeof(cmd), "sysctl -qw %s", m->sysctls.line[i]);
		bad |= system(cmd);
	}
	for (size_t i = 0; i < m->commands.n; i++)
		bad |= system(m->commands.line[i]);
	_exit(bad != 0);
}

static int
namespaces_configure(struct lab *lab)
{
	char path[LAB_NAME_MAX + PORT_NAME_MAX + 2];
	struct running r;
	int status, error = 0;
	pid_t pid;

	for (size_t i = 0; i < lab->nmachines; i++) {
		struct lab_machine *m = &lab->machine[i];

		if (m->kind != MACHINE_NETNS)
			continue;
		snprintf(path, sizeof(path), "%s/%s", lab->name, m->name);
		if (running_find(path, &r) == -1 || (pid = fork()) == -1)
			return (-1);
		if (pid == 0)
			netns_configure(m, r.pid);
		waitpid(pid, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			complain("namespace %s was not configured", m->name);
			error = -1;
		}
	}
	return (error);
}

/* --- the whole --- */

static int
lab_folders(struct lab *lab)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/wires", state_dir(), lab->name);
	if (path_make(path) == -1) {
		complain("%s: %s", path, strerror(errno));
		return (-1);
	}
	for (size_t i = 0; i < lab->nmachines; i++) {
		machine_path(path, lab, &lab->machine[i]);
		if (lab->machine[i].kind == MACHINE_BSD && folder_make(lab, &lab->machine[i], path) == -1)
			return (-1);
	}
	return (0);
}

static int
namespaces_start(struct lab *lab)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < lab->nmachines; i++) {
		machine_path(path, lab, &lab->machine[i]);
		if (lab->machine[i].kind == MACHINE_NETNS && netns_start(path, lab->machine[i].name) == -1)
			return (-1);
	}
	return (0);
}

static struct lab_interface *
port_interface(struct lab_machine *port, size_t i, const char *name, const char *const *lines)
{
	struct lab_interface *ifc = &port->interface[i];

	snprintf(ifc->name, sizeof(ifc->name), "%s", name);
	for (; *lines != NULL; lines++)
		if (!lines_add(&ifc->config, *lines))
			return (NULL);
	return (ifc);
}

/* The machine that bridges interface theirs of namespace r to its wire. */
static int
port_add(struct lab *lab, const struct running *r, const struct lab_interface *theirs)
{
	static const char *const member[] = { "mtu 65521", "up", NULL },
			  *const bridge[] = { "add fxp0", "add em0", "up", NULL };
	struct lab_interface *wire, *tap;
	struct lab_machine *more, *port;
	char path[PATH_MAX];

	if ((more = reallocarray(lab->machine, lab->nmachines + 1, sizeof(*more))) == NULL)
		return (-1);
	lab->machine = more;
	port = &more[lab->nmachines];
	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%.*s.%s", LAB_NAME_MAX - 1, r->name, theirs->name);
	if ((port->interface = calloc(3, sizeof(*port->interface))) == NULL)
		return (-1);
	lab->nmachines++;
	port->ninterfaces = 3;
	if ((wire = port_interface(port, 0, "fxp0", member)) == NULL || (tap = port_interface(port, 1, "em0", member)) == NULL ||
	    port_interface(port, 2, "bridge0", bridge) == NULL)
		return (-1);
	if (!lines_add(&port->sysctls, "net.inet6.ip6.auto_linklocal=0"))
		return (-1);
	strcpy(wire->wire, theirs->wire);
	snprintf(tap->spec, sizeof(tap->spec), "tap:%s,netns=%d", theirs->name, r->pid);
	machine_path(path, lab, port);
	return (folder_make(lab, port, path));
}

static int
ports_make(struct lab *lab)
{
	char name[LAB_NAME_MAX + PORT_NAME_MAX + 2];
	struct running r;
	size_t n = lab->nmachines;

	for (size_t i = 0; i < n; i++) {
		if (lab->machine[i].kind != MACHINE_NETNS)
			continue;
		snprintf(name, sizeof(name), "%s/%s", lab->name, lab->machine[i].name);
		if (running_find(name, &r) == -1)
			return (-1);
		for (size_t k = 0; k < lab->machine[i].ninterfaces; k++) {
			const struct lab_interface *ifc = &lab->machine[i].interface[k];

			if (ifc->wire[0] != '\0' && lab_wire_ports(lab_wire_find(lab, ifc->wire)) && port_add(lab, &r, ifc) == -1) {
				complain("%s: %s: no port: %s", r.name, ifc->name, strerror(errno));
				return (-1);
			}
		}
	}
	return (0);
}

/* Ends the machines of one lab and removes its folder.  0, -1 if one stayed. */
static int
lab_clear(const char *name)
{
	char path[PATH_MAX];
	struct running *list;
	int n, error = 0;

	if ((n = running_list(name, &list)) == -1)
		return (-1);
	for (int i = 0; i < n; i++) /* all at once, then wait for each */
		if (list[i].pid != 0 && list[i].kind == MACHINE_BSD)
			kill(list[i].pid, SIGTERM);
	for (int i = 0; i < n; i++) {
		if (list[i].pid == 0)
			continue;
		if (list[i].kind == MACHINE_NETNS)
			netns_stop(&list[i]);
		else if (machine_halt(&list[i]) == -1) {
			complain("%s: does not end: %s", list[i].name, strerror(errno));
			error = -1;
		}
	}
	free(list);
	snprintf(path, sizeof(path), "%s/%s", state_dir(), name);
	if (error == 0 && tree_remove(path) == -1 && errno != ENOENT) {
		complain("%s: %s", path, strerror(errno));
		error = -1;
	}
	return (error);
}

/* Notes which machines run.  How many of the lab's name do, -1 after a message. */
static int
lab_look(struct lab *lab)
{
	struct running *list;
	struct lab_machine *m;
	int n = running_list(lab->name, &list), running = 0;

	for (int i = 0; i < n; i++) {
		running += list[i].pid != 0;
		if ((m = lab_machine_find(lab, list[i].name)) != NULL)
			m->runs = list[i].pid != 0;
	}
	free(list);
	return (n == -1 ? -1 : running);
}

/* Can m be started beside those that run?  A namespace's TAP devices are gone. */
static bool
machine_revivable(struct lab *lab, const struct lab_machine *m)
{
	struct lab_wire *w;

	for (size_t i = 0; i < m->ninterfaces; i++)
		if (m->interface[i].wire[0] != '\0' && (w = lab_wire_find(lab, m->interface[i].wire))->netns_ends > 0 &&
		    !lab_wire_ports(w))
			return (false);
	return (m->kind == MACHINE_BSD);
}

/* Starts the machines of a running lab that do not run, on their folders as they are. */
static int
lab_revive(struct lab *lab)
{
	char path[PATH_MAX];
	int missing = 0;

	for (size_t i = 0; i < lab->nmachines; i++) {
		if (lab->machine[i].runs)
			continue;
		missing++;
		if (!machine_revivable(lab, &lab->machine[i])) {
			complain("%s: cannot come back into a running lab; `bsdctl down %s' ends it", lab->machine[i].name, lab->name);
			return (-1);
		}
		machine_path(path, lab, &lab->machine[i]);
		if (access(path, F_OK) == -1 && folder_make(lab, &lab->machine[i], path) == -1)
			return (-1);
	}
	if (missing == 0) {
		complain("lab %s runs already; `bsdctl down %s' ends it", lab->name, lab->name);
		return (-1);
	}
	return (kernels_start(lab) == -1 ? -1 : wires_spoil(lab));
}

static void
interrupt(int sig)
{
	interrupted = sig;
}

/* A lab runs whole or not at all, also for who grows impatient. */
static void
interrupts_take(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = interrupt;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

int
lab_check(const char *path)
{
	struct lab *lab = lab_read(path);

	lab_free(lab);
	return (lab == NULL);
}

int
lab_up(const char *path)
{
	struct lab *lab;
	int error = 1, running;

	if (state_dir() == NULL || (lab = lab_read(path)) == NULL)
		return (1);
	if ((running = lab_look(lab)) != 0) {
		error = running == -1 || lab_revive(lab) == -1;
		goto out;
	}
	if (lab_clear(lab->name) == -1) /* what a killed one left */
		goto out;
	interrupts_take();
	if (lab_folders(lab) == -1 || namespaces_start(lab) == -1 || ports_make(lab) == -1 || kernels_start(lab) == -1 ||
	    namespaces_configure(lab) == -1 || wires_spoil(lab) == -1 || interrupted != 0) {
		if (interrupted != 0)
			complain("interrupted: lab %s does not come up", lab->name);
		lab_clear(lab->name);
		goto out;
	}
	error = 0;
out:
	lab_free(lab);
	return (error);
}

int
machine_halt(const struct running *r)
{
	struct timespec ms = { 0, 1000000 };

	if (kill(r->pid, SIGTERM) == -1 && errno != ESRCH)
		return (-1);
	for (int i = 0; i < 3000; i++) {
		if (!running_lives(r))
			return (0);
		nanosleep(&ms, NULL);
	}
	/* stopped, or stuck: it holds nothing that another needs */
	return (kill(r->pid, SIGKILL) == -1 && errno != ESRCH ? -1 : 0);
}

int
lab_down(const char *name)
{
	struct running *list;
	int n, error = 0;

	if ((n = running_list(name, &list)) == -1)
		return (1);
	if (n == 0 && name != NULL) {
		complain("no lab called %s", name);
		error = -1;
	}
	for (int i = 0; i < n; i++)
		if (i == 0 || strcmp(list[i].lab, list[i - 1].lab) != 0)
			error |= lab_clear(list[i].lab);
	free(list);
	return (error != 0);
}

int
lab_list(void)
{
	struct running *list;
	int n;

	if ((n = running_list(NULL, &list)) == -1)
		return (1);
	if (n > 0)
		printf("%-15s %-15s %-6s %-8s %s\n", "LAB", "MACHINE", "KIND", "PID", "FOLDER");
	for (int i = 0; i < n; i++) {
		char pid[16] = "-";

		if (list[i].pid != 0)
			snprintf(pid, sizeof(pid), "%d", list[i].pid);
		printf("%-15s %-15s %-6s %-8s %s\n", list[i].lab, list[i].name,
		    list[i].kind == MACHINE_BSD ? "bsd" : "netns", pid, list[i].kind == MACHINE_BSD ? list[i].root : "");
	}
	free(list);
	return (0);
}
