/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * netstart: configures a machine from the files in its etc/.
 *
 * These steps in this order, each a list of commands of the tools beside
 * this one:
 *
 *	pf.conf		is it there?  pfctl -e -f - with rules for the start
 *	soii.key	the secret of interface identifiers (soii.c)
 *	sysctl.conf	sysctl -q -f
 *	hostname.IF	ifconfig IF ...	real interfaces first, lo0 before
 *			them, what stands on others (vlan, carp ...) last
 *	mygate		route add default ...
 *	pf.conf		pfctl -f, in place of those rules
 *
 * A line that fails is reported with its file and number, and the rest is
 * still done: a router with one bad alias should come up with the others.
 * The exit status then is 1.  -n prints the commands instead.
 */

#include <sys/stat.h>
#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libbsdsys/bsdsys.h>
#include <net/if_ioctl.h>

#include "hostname.h"

#define IFS_MAX 512

static struct {
	const char *root;
	char bindir[PATH_MAX];
	bool dry;
	bool failed;
} ns;

struct hostname_file {
	char ifname[16];
	int rank; /* order of work */
};

/* Interfaces by when they can be configured; names without a row are real. */
static const struct {
	const char *driver;
	int rank;
} ranks[] = {
	{ "lo", 0 },
	{ "pair", 2 },
	{ "tun", 2 },
	{ "tap", 2 },
	{ "bridge", 4 },
	{ "vlan", 3 },
	{ "carp", 5 },
	{ "pflog", 5 },
	{ "pfsync", 6 },
};

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: netstart [-n] [interface ...]\n");
	exit(2);
}

static void __attribute__((__format__(__printf__, 3, 4)))
complain(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "netstart: %s/etc/%s", ns.root, file);
	if (line > 0)
		fprintf(stderr, ":%d", line);
	fprintf(stderr, ": ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	ns.failed = true;
}

/* Runs a tool of ours; its own words go to stderr.  Its exit status. */
static int tool_feed(char *argv[], const char *input);

static int
tool_run(char *argv[])
{
	return (tool_feed(argv, NULL));
}

/* The child: input, if there is any, is its standard input, in a pipe that
 * holds it all; what it prints then is of no interest. */
static void
tool_exec(const char *path, char *argv[], const char *input)
{
	int p[2], null;
	size_t n = input != NULL ? strlen(input) : 0;

	if (input != NULL && (pipe(p) == -1 || write(p[1], input, n) != (ssize_t)n || dup2(p[0], 0) == -1 ||
	    (null = open("/dev/null", O_WRONLY)) == -1 || dup2(null, 1) == -1))
		_exit(127);
	if (input != NULL)
		close(p[1]);
	execv(path, argv);
	fprintf(stderr, "netstart: %s: %s\n", path, strerror(errno));
	_exit(127);
}

static void
args_print(char *argv[])
{
	for (int i = 0; argv[i] != NULL; i++)
		printf("%s%s", argv[i], argv[i + 1] != NULL ? " " : "\n");
}

static int
tool_feed(char *argv[], const char *input)
{
	char path[PATH_MAX + 32];
	pid_t pid;
	int status;

	if (ns.dry) {
		args_print(argv);
		return (0);
	}
	snprintf(path, sizeof(path), "%s/%s", ns.bindir, argv[0]);
	fflush(stdout);
	if ((pid = fork()) == -1)
		return (127);
	if (pid == 0)
		tool_exec(path, argv, input);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (127);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

/* The words of a tool behind its name; each line is where it comes from. */
static void
tool_quote(FILE *f, const char *file, int line, const char *about)
{
	char text[1024], *why;
	bool said = false;

	while (fgets(text, sizeof(text), f) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		why = strstr(text, ": ");
		complain(file, line, "%s%s", about, why != NULL ? why + 2 : text);
		said = true;
	}
	if (!said)
		complain(file, line, "%snot done", about);
}

/*
 * Runs a tool for a line of a file.  When it fails, what it says is told
 * with file and line; what it prints is of no interest.
 */
static void
tool_line(char *argv[], const char *file, int line, const char *about)
{
	char path[PATH_MAX + 32];
	int null, status = 0;
	FILE *f = NULL;
	pid_t pid;

	if (ns.dry) {
		args_print(argv);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", ns.bindir, argv[0]);
	fflush(stdout);
	if ((f = tmpfile()) == NULL || (pid = fork()) == -1) {
		complain(file, line, "%s%s", about, strerror(errno));
		return;
	}
	if (pid == 0) {
		if ((null = open("/dev/null", O_WRONLY)) == -1 || dup2(null, 1) == -1 || dup2(fileno(f), 2) == -1)
			_exit(127);
		execv(path, argv);
		fprintf(stderr, "netstart: %s: %s\n", path, strerror(errno));
		_exit(127);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	rewind(f);
	if (status != 0)
		tool_quote(f, file, line, about);
	fclose(f);
}

/* Opens ROOT/etc/name.  NULL without a word when it is not there. */
static FILE *
etc_open(const char *name, char path[PATH_MAX])
{
	FILE *f;

	snprintf(path, PATH_MAX, "%s/etc/%s", ns.root, name);
	if ((f = fopen(path, "r")) == NULL && errno != ENOENT)
		complain(name, 0, "%s", strerror(errno));
	return (f);
}

/* "!command": through the shell, with $if for the interface. */
static void
shell_run(const char *file, int line, const char *ifname, const char *cmd)
{
	char text[4096 + PATH_MAX];

	if (ns.dry) {
		printf("!%s\n", cmd);
		return;
	}
	setenv("if", ifname, 1);
	snprintf(text, sizeof(text), "PATH=%s:$PATH; %s", ns.bindir, cmd);
	if (system(text) != 0)
		complain(file, line, "command failed: %s", cmd);
}

static void
line_run(const char *file, int nr, char *ifname, char *line)
{
	static char tool[] = "ifconfig";
	char *args[ARGS_MAX] = { tool, ifname };

	if (*line == '!') {
		shell_run(file, nr, ifname, line + 1);
		return;
	}
	if (hostname_args(line, args + 2) == -1) {
		complain(file, nr, "too many words");
		return;
	}
	tool_line(args, file, nr, "");
}

static void
interface_start(char *ifname)
{
	static char tool[] = "ifconfig", up[] = "up";
	char file[64], path[PATH_MAX], *line;
	struct reader rd = { .nr = 0 };

	snprintf(file, sizeof(file), "hostname.%s", ifname);
	if ((rd.f = etc_open(file, path)) == NULL)
		return;
	while ((line = line_read(&rd)) != NULL) {
		if (rd.toolong)
			complain(file, rd.nr, "line too long");
		else
			line_run(file, rd.nr, ifname, line);
	}
	fclose(rd.f);
	tool_line((char *[]){ tool, ifname, up, NULL }, file, 0, "not up: ");
}

static int
rank_of(const char *ifname)
{
	size_t len = strcspn(ifname, "0123456789");

	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++)
		if (strlen(ranks[i].driver) == len && strncmp(ranks[i].driver, ifname, len) == 0)
			return (ranks[i].rank);
	return (1);
}

static int
file_cmp(const void *va, const void *vb)
{
	const struct hostname_file *a = va, *b = vb;

	if (a->rank != b->rank)
		return (a->rank < b->rank ? -1 : 1);
	return (strverscmp(a->ifname, b->ifname));
}

/* All hostname.* in order of work.  How many. */
static int
files_list(struct hostname_file *files, int max)
{
	char path[PATH_MAX];
	struct dirent *de;
	DIR *d;
	int n = 0;

	snprintf(path, sizeof(path), "%s/etc", ns.root);
	if ((d = opendir(path)) == NULL)
		return (0);
	while ((de = readdir(d)) != NULL) {
		if (strncmp(de->d_name, "hostname.", 9) != 0)
			continue;
		if (n == max) {
			complain("", 0, "more than %d hostname files", max);
			break;
		}
		if (strlen(de->d_name + 9) >= sizeof(files[n].ifname) || !isdigit((unsigned char)de->d_name[strlen(de->d_name) - 1])) {
			complain(de->d_name, 0, "not the name of an interface");
			continue;
		}
		strcpy(files[n].ifname, de->d_name + 9);
		files[n].rank = rank_of(files[n].ifname);
		n++;
	}
	closedir(d);
	qsort(files, (size_t)n, sizeof(*files), file_cmp);
	return (n);
}

static void
interfaces_start(int argc, char *argv[])
{
	static struct hostname_file files[IFS_MAX];
	int n = argc > 0 ? 0 : files_list(files, IFS_MAX);

	for (int i = 0; i < argc; i++)
		interface_start(argv[i]);
	for (int i = 0; i < n; i++)
		interface_start(files[i].ifname);
}

static bool
has_carrier(const struct if_row *rows, size_t n, const char *ifname)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(rows[i].name, ifname, sizeof(rows[i].name)) == 0)
			return (rows[i].link_state != LINK_STATE_DOWN);
	return (false);
}

/* Is an address not proved yet?  Without dead: only where there is carrier. */
static bool
addresses_tentative(bool dead)
{
	size_t alen = 0, rlen = 0;
	struct if_addrreq *a = bsd_sysctl_alloc("net.link.addrs", &alen);
	struct if_row *rows = bsd_sysctl_alloc("net.link.list", &rlen);
	bool tentative = false;

	for (size_t i = 0; a != NULL && rows != NULL && i < alen / sizeof(*a); i++)
		tentative |= (a[i].flags & IFA_TENTATIVE) != 0 &&
		    (dead || has_carrier(rows, rlen / sizeof(*rows), a[i].name));
	free(a);
	free(rows);
	return (tentative);
}

/*
 * IPv6 addresses are of no use until it is known that no neighbour has them:
 * waits for that, so that a machine that is started can be worked with.  A
 * link without carrier gets a moment, in which its other end may come.
 */
static void
addresses_wait(void)
{
	struct timespec ms20 = { 0, 20000000 };

	if (ns.dry || bsd_machine() == NULL)
		return;
	for (int i = 0; i < 125 && addresses_tentative(i < 15); i++)
		nanosleep(&ms20, NULL);
}

/* mygate(5): a gateway a line; with a colon it is an IPv6 one. */
static void
gateways_start(void)
{
	static char tool[] = "route", numeric[] = "-n", add[] = "add", v4[] = "-inet", v6[] = "-inet6", dflt[] = "default";
	char path[PATH_MAX], about[LINE_MAX], *line;
	struct reader rd = { .nr = 0 };

	if ((rd.f = etc_open("mygate", path)) == NULL)
		return;
	while ((line = line_read(&rd)) != NULL) {
		char *args[] = { tool, numeric, add, strchr(line, ':') != NULL ? v6 : v4, dflt, line, NULL };

		snprintf(about, sizeof(about), "no default route by %.256s: ", line);
		if (rd.toolong)
			complain("mygate", rd.nr, "line too long");
		else
			tool_line(args, "mygate", rd.nr, about);
	}
	fclose(rd.f);
}

/* A machine that cannot keep its secret starts all the same. */
static void
secret_start(void)
{
	uint8_t key[SOII_KEYLEN];
	char path[PATH_MAX];
	int error;

	if (ns.dry) {
		printf("# net.inet6.ip6.soiikey from etc/soii.key\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/etc/soii.key", ns.root);
	if ((error = soii_key(path, key)) != 0)
		fprintf(stderr,
		    "netstart: %s: %s: IPv6 addresses will be others next time\n",
		    path, error == EINVAL ? "not 32 hexadecimal digits" : strerror(error));
	if (bsd_sysctl("net.inet6.ip6.soiikey", NULL, NULL, key, sizeof(key)) == -1)
		complain("soii.key", 0, "not set: %s", strerror(errno));
	memset(key, 0, sizeof(key));
}

static void
sysctls_start(void)
{
	static char tool[] = "sysctl", quiet[] = "-q", file[] = "-f";
	char path[PATH_MAX];
	FILE *f;

	if ((f = etc_open("sysctl.conf", path)) == NULL)
		return;
	fclose(f);
	if (tool_run((char *[]){ tool, quiet, file, path, NULL }) != 0)
		complain("sysctl.conf", 0, "not all was set");
}

/*
 * Until pf.conf is loaded, and for good if it cannot be, nothing crosses the
 * machine and nobody reaches it.  It may look for its neighbours and routers,
 * and ask for the names that pf.conf may hold.
 */
static const char guard_rules[] =
    "set skip on lo\n"
    "block all\n"
    "pass inet6 proto icmp6 icmp6-type { routersol routeradv neighbrsol neighbradv } no state\n"
    "pass out proto { tcp udp } from self to any port domain\n";

static void
guard_start(void)
{
	static char tool[] = "pfctl", show[] = "-s", running[] = "Running", args[] = "-qef", in[] = "-";
	char path[PATH_MAX];
	FILE *f;

	if ((f = etc_open("pf.conf", path)) == NULL)
		return;
	fclose(f);
	if (!ns.dry && tool_feed((char *[]){ tool, show, running, NULL }, "") == 0)
		return; /* it has rules: this is not the first time */
	if (tool_feed((char *[]){ tool, args, in, NULL }, guard_rules) != 0)
		complain("pf.conf", 0, "nothing guards the start");
}

static void
filter_start(void)
{
	static char tool[] = "pfctl", args[] = "-qf"; /* it is enabled */
	char path[PATH_MAX];
	FILE *f;

	if ((f = etc_open("pf.conf", path)) == NULL)
		return;
	fclose(f);
	if (tool_run((char *[]){ tool, args, path, NULL }) != 0)
		complain("pf.conf", 0, "not loaded: the rules stay as they are");
}

int
main(int argc, char *argv[])
{
	ssize_t len;
	int ch;

	while ((ch = getopt(argc, argv, "n")) != -1) {
		if (ch != 'n')
			usage();
		ns.dry = true;
	}
	if ((ns.root = getenv("BSD_ROOT")) == NULL || *ns.root == '\0') {
		fprintf(stderr, "netstart: no machine: BSD_ROOT is not set\n");
		return (1);
	}
	len = readlink("/proc/self/exe", ns.bindir, sizeof(ns.bindir) - 1);
	if (len <= 0) {
		fprintf(stderr, "netstart: /proc/self/exe: %s\n", strerror(errno));
		return (1);
	}
	*strrchr(ns.bindir, '/') = '\0';
	if (optind == argc) {
		guard_start();
		secret_start();
		sysctls_start();
	}
	interfaces_start(argc - optind, argv + optind);
	if (optind == argc) {
		gateways_start();
		filter_start();
		addresses_wait();
	}
	return (ns.failed);
}
